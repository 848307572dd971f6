//! Alternative receipts: the next number of a range makes them legal. They are reserved and sealed in one transaction.

use ferrotill_core::seal::{PrintedNumber, Seal};
use ferrotill_core::till::Command;

use super::super::queue::QueuedOrder;
use super::{Effect, Tills, document_id};
use crate::order::OrderKind;
use ferrotill_store::{Batch, StoreError, StoredDocument};

impl Tills {
    /// Seals an alternative receipt with its number, and queues its slip if the order asks for one.
    pub(super) fn issue_alternative(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        document: &StoredDocument,
        entry: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let (print, wanted) = match &entry.form.kind {
            OrderKind::Sale { print, number, .. } => (*print, number.as_ref()),
            _ => (false, None),
        };
        let wanted = wanted.map(|(series, number)| (series.as_str(), *number));
        let (series, number, number_length) =
            match self.devices[index].current_till().next_alternative(wanted) {
                Ok(Seal::Range {
                    series,
                    number,
                    number_length,
                }) => (series.to_owned(), number, number_length),
                // The same function gave a number when the document was reserved in this batch, so that no error is expected.
                other => {
                    return Err(StoreError::Number {
                        found: format!("{other:?}"),
                    });
                }
            };
        let seal = Seal::Range {
            series: &series,
            number,
            number_length,
        };
        let settle = Command::Settle(document_id(entry.form.id), seal);
        if let Err(refusal) = self.decide(batch, index, &settle)? {
            return Err(StoreError::Number {
                found: refusal.to_string(),
            });
        }
        effects.push(Effect::WakeSender);
        let numbered = PrintedNumber {
            series: &series,
            number,
            number_length,
        }
        .to_string();
        let title = self.settings.profile.facts().alternative_receipt_title;
        let paper = print.then_some((title, numbered.as_str(), "the slip is not printed yet"));
        self.print_after_seal(batch, index, document, entry, paper, effects)
    }
}

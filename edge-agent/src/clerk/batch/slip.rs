//! The paper of a document that is legal without it: a slip on the printer, if there is one.

use ferrotill_core::document::Body;
use uuid::Uuid;

use super::super::device_state::{Answer, QueuedOrder, Slip};
use super::{Effect, Tills};
use crate::seal::printer::job::slip_of;
use ferrotill_store::{Batch, StoreError, StoredDocument};

impl Tills {
    /// Queues the slip of a sealed receipt and lets its callers wait for it. Without paper they are answered at once.
    ///
    /// `paper` is the slip's title, the number printed on it, and what is noted while the slip is not printed yet.
    pub(super) fn print_after_seal(
        &self,
        batch: &mut Batch<'_>,
        index: usize,
        document: &StoredDocument,
        entry: QueuedOrder,
        paper: Option<(&str, &str, &str)>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let id = entry.form.id;
        let reserved = document.reserved();
        let receipt = reserved.and_then(|reserved| match reserved.body {
            Body::Receipt(receipt) => Some(receipt),
            _ => None,
        });
        let (Some((title, numbered, not_yet)), Some(receipt)) = (paper, receipt) else {
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        };
        let reserved_seq = document.row.reserved_seq;
        if self.devices[index].baseline.is_none() {
            batch.note_print_error(reserved_seq, Some(UNREACHABLE))?;
            effects.push(Effect::Respond(entry.callers, registered(id)));
            return Ok(());
        }
        let currency = self.setting.profile.facts().currency;
        // The document says that its paper is missing until the slip is printed, also if the power fails before.
        batch.note_print_error(reserved_seq, Some(not_yet))?;
        let slip = Slip {
            id,
            reserved_seq,
            job: slip_of(title, numbered, &receipt, currency),
            callers: entry.callers,
        };
        effects.push(Effect::Slip(index, Box::new(slip)));
        Ok(())
    }
}

/// What is noted on a document whose paper could not be printed.
const UNREACHABLE: &str = "the printer cannot be reached; print a duplicate once it can";

const fn registered(id: Uuid) -> Answer {
    Answer::Registered {
        id,
        replayed: false,
    }
}

//! Documents that a fiscal number makes legal. The till uses the next number that the authority has reserved for it.
//!
//! Such a document is reserved and sealed in one transaction, without waiting for a printer or for the authority.
//! The till uses reserved numbers also while the authority is online, for two reasons: the format of a number in the authority's
//! own answer is not published, and a number that the till already has cannot be lost with an answer.

use ferrotill_core::numbers::Span;
use ferrotill_core::profile::SealPlan;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::Command;
use uuid::Uuid;

use super::super::queue::QueuedOrder;
use super::{Effect, Tills, document_id};
use crate::order::{OrderForm, OrderKind};
use crate::status::Stock;
use ferrotill_store::{Batch, StoreError, StoredDocument};

impl Tills {
    /// True if a document is sealed by the fiscal printer: the country's law demands one, and it is no alternative receipt.
    pub(super) fn needs_printer(&self, alternative: bool) -> bool {
        !alternative && self.settings.profile.facts().seal_plan == SealPlan::Printer
    }

    /// Checks that there is a fiscal number for the document, if it needs one.
    pub(super) fn check_fiscal_number(
        &self,
        index: usize,
        form: &OrderForm,
        alternative: bool,
    ) -> Result<(), Refusal> {
        if alternative || self.needs_printer(alternative) {
            return Ok(());
        }
        fiscal_number_seal(self, index, form).map(drop)
    }

    /// Seals a document with the next reserved fiscal number. If the device has a printer, a slip is printed afterwards.
    pub(super) fn issue_with_fiscal_number(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        document: &StoredDocument,
        entry: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let number_error = |refusal: Refusal| StoreError::Number {
            found: refusal.to_string(),
        };
        // The same function gave a number when the document was reserved in this batch, so that no error is expected.
        let seal = fiscal_number_seal(self, index, &entry.form).map_err(number_error)?;
        let settle = Command::Settle(document_id(entry.form.id), seal);
        self.decide(batch, index, &settle)?.map_err(number_error)?;
        effects.push(Effect::WakeSender);
        let numbered = match seal {
            Seal::FiscalNumber { number, .. } if self.devices[index].printer.has_printer() => {
                Some(format!("# {number}"))
            }
            _ => None,
        };
        let paper = numbered.as_deref();
        let paper = paper.map(|numbered| ("", numbered, "the receipt is not printed yet"));
        self.print_after_seal(batch, index, document, entry, paper, effects)
    }

    /// The authority has reserved fiscal numbers. The till takes as many spans of them, from the first, as it has room for.
    pub(super) fn take_numbers(
        &mut self,
        batch: &mut Batch<'_>,
        device: Uuid,
        spans: &[Span],
    ) -> Result<(), StoreError> {
        let Some(index) = self.index_of(device) else {
            return Ok(());
        };
        let fits = |count: &usize| {
            let numbers = self.devices[index].current_till().fiscal_numbers();
            numbers.check(&spans[..*count]).is_ok()
        };
        let Some(count) = (1..=spans.len()).rev().find(fits) else {
            tracing::warn!(%device, "the fiscal numbers from the authority are not taken: they overlap earlier numbers of this till, or the till has no room for them");
            return Ok(());
        };
        let taken = self.decide(batch, index, &Command::TakeNumbers(&spans[..count]))?;
        if let Err(refusal) = taken {
            tracing::warn!(%device, "the fiscal numbers from the authority are not taken: {refusal}");
        }
        Ok(())
    }

    /// Writes to the live status how many fiscal numbers each device has left.
    pub(super) fn publish_number_stock(&self) {
        if self.settings.profile.facts().seal_plan != SealPlan::FiscalNumber {
            return;
        }
        for device_state in &self.devices {
            let numbers = device_state.till.fiscal_numbers();
            let stock = Stock {
                left: numbers.left(),
                highest: numbers.highest(),
                last_document: device_state.till.last_number(),
            };
            self.settings
                .live_status
                .set_stock(device_state.device, stock);
        }
    }
}

/// The seal of a document with the next fiscal number. An X-report needs no number.
fn fiscal_number_seal(
    tills: &Tills,
    index: usize,
    form: &OrderForm,
) -> Result<Seal<'static>, Refusal> {
    if matches!(form.kind, OrderKind::Report { z: false }) {
        return Ok(Seal::Journal);
    }
    let number = tills.devices[index]
        .current_till()
        .fiscal_numbers()
        .next()?;
    Ok(Seal::FiscalNumber {
        number,
        reserved: true,
    })
}

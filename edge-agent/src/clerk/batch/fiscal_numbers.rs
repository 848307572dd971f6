//! Documents that a fiscal number makes legal: the next one of those that the office has reserved for the till.
//!
//! They are sealed in the transaction of their reservation, so that no printer and no office is waited for. The till takes a
//! reserved number online too: what the office's own answer would carry is not published, and a number that is there already
//! cannot be lost with an answer.

use ferrotill_core::numbers::Span;
use ferrotill_core::profile::SealPlan;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::Command;
use uuid::Uuid;

use super::super::device_state::QueuedOrder;
use super::{Effect, Tills, document_id};
use crate::order::{OrderForm, OrderKind};
use crate::status::Stock;
use ferrotill_store::{Batch, StoreError, StoredDocument};

impl Tills {
    /// The document takes part on the fiscal printer.
    pub(super) fn on_printer(&self, alternative: bool) -> bool {
        !alternative && self.setting.profile.facts().seal_plan == SealPlan::Printer
    }

    /// There is a fiscal number for the document, where it needs one.
    pub(super) fn number_for(
        &self,
        index: usize,
        form: &OrderForm,
        alternative: bool,
    ) -> Result<(), Refusal> {
        if alternative || self.on_printer(alternative) {
            return Ok(());
        }
        numbered_seal(self, index, form).map(drop)
    }

    /// Seals a document with the next reserved number; its paper comes after, where there is a printer for it.
    pub(super) fn issue_numbered(
        &mut self,
        batch: &mut Batch<'_>,
        index: usize,
        document: &StoredDocument,
        entry: QueuedOrder,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        let number = |refusal: Refusal| StoreError::Number {
            found: refusal.to_string(),
        };
        // The reservation was admitted with this very question, in this batch.
        let seal = numbered_seal(self, index, &entry.form).map_err(number)?;
        let settle = Command::Settle(document_id(entry.form.id), seal);
        self.decide(batch, index, &settle)?.map_err(number)?;
        effects.push(Effect::WakeSender);
        let numbered = match seal {
            Seal::FiscalNumber { number, .. } if self.devices[index].printer.is_there() => {
                Some(format!("# {number}"))
            }
            _ => None,
        };
        let paper = numbered.as_deref();
        let paper = paper.map(|numbered| ("", numbered, "the receipt is not printed yet"));
        self.print_after_seal(batch, index, document, entry, paper, effects)
    }

    /// The office has reserved numbers: as many spans of them are taken as the till has room for.
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
            let numbers = self.devices[index].current().fiscal_numbers();
            numbers.check(&spans[..*count]).is_ok()
        };
        let Some(count) = (1..=spans.len()).rev().find(fits) else {
            tracing::warn!(%device, "the tax office's fiscal numbers overlap those that the till has had; they are not taken");
            return Ok(());
        };
        let taken = self.decide(batch, index, &Command::TakeNumbers(&spans[..count]))?;
        if let Err(refusal) = taken {
            tracing::warn!(%device, "the tax office's fiscal numbers are not taken: {refusal}");
        }
        Ok(())
    }

    /// Tells the board how many numbers are left.
    pub(super) fn publish_number_stock(&self) {
        if self.setting.profile.facts().seal_plan != SealPlan::FiscalNumber {
            return;
        }
        for device_state in &self.devices {
            let numbers = device_state.till.fiscal_numbers();
            let stock = Stock {
                left: numbers.left(),
                highest: numbers.highest(),
                last_document: device_state.till.last_number(),
            };
            self.setting
                .live_status
                .set_stock(device_state.device, stock);
        }
    }
}

fn numbered_seal(tills: &Tills, index: usize, form: &OrderForm) -> Result<Seal<'static>, Refusal> {
    if matches!(form.kind, OrderKind::Report { z: false }) {
        return Ok(Seal::Journal);
    }
    let number = tills.devices[index].current().fiscal_numbers().next()?;
    Ok(Seal::FiscalNumber {
        number,
        reserved: true,
    })
}

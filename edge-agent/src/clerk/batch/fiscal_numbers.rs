//! The fiscal numbers that the authority has reserved: the clerk takes them into the till, and publishes how many are left.

use ferrotill_core::numbers::Span;
use ferrotill_core::profile::SealPlan;
use ferrotill_core::till::Command;
use uuid::Uuid;

use super::Tills;
use crate::status::Stock;
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// True if a document is sealed by the fiscal printer or the fiscal module of the device: the country's law demands one, and it is no
    /// alternative receipt.
    pub(super) fn needs_printer(&self, alternative: bool) -> bool {
        let plan = self.settings.profile.facts().seal_plan;
        !alternative && plan.is_by_counting_device()
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
        let numbers = self.devices[index].current_till().fiscal_numbers();
        let fitting = (1..=spans.len())
            .rev()
            .filter_map(|count| spans.get(..count))
            .find(|spans| numbers.check(spans).is_ok());
        let Some(fitting) = fitting else {
            tracing::warn!(%device, "the fiscal numbers from the authority are not taken: they overlap earlier numbers of this till, or the till has no room for them");
            return Ok(());
        };
        let taken = self.decide(batch, index, &Command::TakeNumbers(fitting))?;
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
        for device_state in self.devices.iter().filter(|known| !known.removed) {
            let numbers = device_state.till.fiscal_numbers();
            let stock = Stock {
                left: numbers.left(),
                pool: device_state.till.fiscal_number_pool(),
                highest: numbers.highest(),
                last_document: device_state.till.last_number(),
            };
            self.settings
                .live_status
                .set_stock(device_state.device, stock);
        }
    }
}

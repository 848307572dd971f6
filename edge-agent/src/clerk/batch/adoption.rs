//! What the clerk writes and asks at a start: the configuration of each device, and the outcome of outstanding documents.

use ferrotill_core::till::{Command, Known, Till};
use ferrotill_device::Fault;

use super::super::device_state::{Activity, SealingDocument};
use super::super::devices::DevicePlace;
use super::{Effect, Tills};
use crate::order::fingerprint::RequestFingerprint;
use crate::seal::printer::Task;
use ferrotill_store::{Batch, StoreError};

impl Tills {
    /// Writes the configuration of each device to the journal if it has changed.
    pub(in crate::clerk) fn adopt_configuration(
        &mut self,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        for index in self.devices.places() {
            self.adopt_of_device(batch, index)?;
        }
        Ok(())
    }

    /// Writes a device's configuration to the journal if it has changed, or if another device has used numbers of its ranges.
    pub(in crate::clerk) fn adopt_of_device(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
    ) -> Result<(), StoreError> {
        // A device that is not configured any more has no configuration.
        let Some((configuration, _)) = self.devices[index].wanted.as_deref() else {
            return Ok(());
        };
        let till = self.devices[index].current_till();
        let changed = till.configuration() != configuration;
        if !changed && !numbers_were_used_elsewhere(batch, till)? {
            return Ok(());
        }
        let configuration = configuration.clone();
        // The numbers of a range belong to the data folder: another device may have used some of them.
        let range_next = configuration
            .ranges
            .iter()
            .map(|range| batch.next_of_range(range))
            .collect::<Result<Vec<_>, _>>()?;
        let known = Known {
            range_next: Some(&range_next),
            ..Known::default()
        };
        let adopt = Command::Adopt(&configuration);
        let adopted = self.decide_knowing(batch, index, &adopt, &known)?;
        adopted
            .map(drop)
            .map_err(|refusal| StoreError::Configuration {
                device: self.devices[index].device,
                refusal,
            })
    }

    /// Asks printers what became of documents that they got before the start, or before the store could not be written.
    pub(in crate::clerk) fn resume_outstanding(
        &mut self,
        batch: &Batch<'_>,
        effects: &mut Vec<Effect>,
    ) -> Result<(), StoreError> {
        for index in self.devices.places() {
            self.restore_signing(batch, index)?;
            self.resume_signing(index, effects);
            let device_state = &mut self.devices[index];
            if device_state.is_signing() {
                continue;
            }
            let Some(outstanding) = device_state.current_till().outstanding() else {
                // A declaration was written, although its commit returned an error (`Clerk::on_write_error`).
                device_state.forget_document_without_printer();
                continue;
            };
            if !matches!(device_state.activity, Activity::Idle) {
                continue;
            }
            let cancel_decided = outstanding.cancel_decided;
            let Some(row) = batch.request(device_state.device, outstanding.id)? else {
                continue;
            };
            let stored_document = batch.document(row)?;
            let document = self
                .recovery_job_of(batch, index, &stored_document, cancel_decided)?
                .filter(|_| self.devices[index].printer.has_printer());
            self.devices[index].activity = Activity::Unsettled(Box::new(SealingDocument {
                id: stored_document.row.id,
                fingerprint: RequestFingerprint::of_row(&stored_document.row),
                form: None,
                callers: Vec::new(),
                attempts: 0,
                asked_in_vain: false,
                nobody_to_ask: document.is_none().then_some(Fault::NobodyToAsk),
                declaration: None,
            }));
            let Some(document) = document else {
                self.publish_nobody_to_ask(index);
                continue;
            };
            tracing::info!(event = "repair", id = %document.id, "asking the printer what became of an outstanding document");
            let task = Box::new(Task::Recover(document));
            effects.push(Effect::Print(index, task));
        }
        Ok(())
    }

    /// Lets the printers' threads connect. A printer with an outstanding document has got its recovery task before.
    pub(in crate::clerk) fn begin_printers(&mut self) {
        for device_state in &self.devices {
            device_state.printer.ask(Task::Begin);
        }
    }
}

/// Whether another device has used numbers of the till's ranges while the till was out of the configuration.
fn numbers_were_used_elsewhere(batch: &Batch<'_>, till: &Till) -> Result<bool, StoreError> {
    for range_use in till.range_uses() {
        let last = batch.last_of_range(&range_use.range)?;
        if last.is_some_and(|last| last >= range_use.next) {
            return Ok(true);
        }
    }
    Ok(false)
}

//! Devices that the books know and the configuration does not have any more.
//!
//! Such a device takes no orders. If it has a document whose outcome is not known, the clerk keeps its till, so that a person can
//! settle the document. An open shift and unsent documents are told.

use ferrotill_core::till::Till;
use ferrotill_store::{Batch, Store, StoreError};
use uuid::Uuid;

use super::super::device_state::DeviceState;
use super::super::devices::DevicePlace;
use super::{ClerkSettings, Tills};
use crate::seal::printer::PrinterTask;
use crate::status::problems::{HealthProblem, ProblemKind};

/// The state of every device that the books know and the configuration does not have.
pub(super) fn devices(
    store: &Store,
    settings: &ClerkSettings,
    configured: &[DeviceState],
) -> Result<Vec<DeviceState>, StoreError> {
    let mut left_behind = Vec::new();
    for device in store.devices()? {
        if configured.iter().any(|known| known.device == device) {
            continue;
        }
        let till = store.load_till(device)?;
        let unsent = store.waiting_of(device)?;
        publish(settings, device, &till, unsent);
        left_behind.push(DeviceState {
            removed: true,
            removed_unsent: unsent,
            ..DeviceState::new(device, till, PrinterTask::none())
        });
    }
    Ok(left_behind)
}

/// Notes what the device has left to do, or that it has nothing left to do.
fn publish(settings: &ClerkSettings, device: Uuid, till: &Till, unsent: u32) {
    let mut left = Vec::new();
    if till.outstanding().is_some() {
        left.push("a document whose outcome is not known".to_owned());
    }
    if till.shift().is_some() {
        left.push("an open shift".to_owned());
    }
    if unsent > 0 {
        left.push(format!(
            "{unsent} documents that the tax authority has not acknowledged"
        ));
    }
    let live_status = &settings.live_status;
    if left.is_empty() {
        live_status
            .problems()
            .clear(ProblemKind::DEVICE_LEFT_BEHIND, Some(device));
        live_status.device_settled(device);
        return;
    }
    let problem = HealthProblem {
        kind: ProblemKind::DEVICE_LEFT_BEHIND,
        device: Some(device),
        since_ms: settings.guard.now().utc_ms,
        says: format!(
            "the device {device} is not in the configuration and has {}",
            left.join(", ")
        ),
        fix: "put the device back into the configuration until its day is closed and its documents are sent; settle a document whose \
              printer is gone by `ferrotill settle`"
            .to_owned(),
    };
    let problems = live_status.problems();
    // Each acknowledged document changes the text. Only the first one is logged.
    match problems.is_noted(problem.kind, problem.device) {
        true => problems.note(problem),
        false => problems.raise(problem),
    }
}

impl Tills {
    /// Stores a snapshot of each device that the configuration does not have, so that no later start reads its rows again.
    pub(in crate::clerk) fn snapshot_left_behind(
        &self,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        for device_state in self.devices.iter().filter(|known| known.removed) {
            batch.snapshot(device_state.device, device_state.current_till())?;
        }
        Ok(())
    }

    /// The devices that the configuration does not have, and whose documents these entries of the authority tell. An entry that was
    /// acknowledged before is left out.
    pub(super) fn left_behind_by(
        &self,
        batch: &Batch<'_>,
        sealed_seqs: &[i64],
    ) -> Result<Vec<DevicePlace>, StoreError> {
        let mut places = Vec::new();
        if self.devices.iter().all(|known| !known.removed) {
            return Ok(places);
        }
        for sealed_seq in sealed_seqs {
            let device = batch.device_of_waiting(*sealed_seq)?;
            let is_it = |known: &DeviceState| known.removed && Some(known.device) == device;
            places.extend(self.devices.place_of(is_it));
        }
        Ok(places)
    }

    /// Counts one acknowledged document for each of these places. The commit tells it.
    pub(super) fn acknowledged_left_behind(&mut self, places: Vec<DevicePlace>) {
        for index in places {
            let device_state = &mut self.devices[index];
            device_state.removed_unsent = device_state.removed_unsent.saturating_sub(1);
            device_state.removed_changed = true;
        }
    }

    /// Counts the unsent documents of a device again, after a document of it was settled. The commit tells it.
    pub(super) fn settled_left_behind(
        &mut self,
        batch: &Batch<'_>,
        index: DevicePlace,
    ) -> Result<(), StoreError> {
        let device_state = &mut self.devices[index];
        if device_state.removed {
            device_state.removed_unsent = batch.waiting_of(device_state.device)?;
            device_state.removed_changed = true;
        }
        Ok(())
    }

    /// Counts the unsent documents of devices again, after a batch that was not written.
    pub(super) fn reload_left_behind(&mut self, store: &Store) -> Result<(), StoreError> {
        for device_state in self.devices.iter_mut().filter(|known| known.removed) {
            device_state.removed_unsent = store.waiting_of(device_state.device)?;
            device_state.removed_changed = true;
        }
        Ok(())
    }

    /// Tells anew what devices have left to do, if the batch that was just committed has changed it.
    pub(super) fn publish_left_behind(&mut self) {
        for known in self.devices.iter_mut() {
            if std::mem::take(&mut known.removed_changed) {
                publish(
                    &self.settings,
                    known.device,
                    &known.till,
                    known.removed_unsent,
                );
            }
        }
    }
}

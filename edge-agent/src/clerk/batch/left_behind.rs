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
use crate::status::problems::{HealthProblem, Severity};

/// The kind of the problem that a device without a place in the configuration has something left to do.
const LEFT_BEHIND: &str = "device_left_behind";

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
        publish(settings, device, &till, store.waiting_of(device)?);
        left_behind.push(DeviceState {
            removed: true,
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
            "{unsent} documents that the tax office has not acknowledged"
        ));
    }
    let live_status = &settings.live_status;
    if left.is_empty() {
        live_status.problems().clear(LEFT_BEHIND, Some(device));
        live_status.device_settled(device);
        return;
    }
    live_status.problems().raise(HealthProblem {
        id: LEFT_BEHIND,
        device: Some(device),
        severity: Severity::Degraded,
        since_ms: settings.guard.now().utc_ms,
        says: format!(
            "the device {device} is not in the configuration and has {}",
            left.join(", ")
        ),
        fix: "put the device back into the configuration until its day is closed and its documents are sent; settle a document whose \
              printer is gone by `ferrotill settle`"
            .to_owned(),
    });
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

    /// Tells anew what a device has left to do, after a document of it was settled.
    pub(super) fn publish_left_behind(
        &self,
        batch: &Batch<'_>,
        index: DevicePlace,
    ) -> Result<(), StoreError> {
        let device_state = &self.devices[index];
        if device_state.removed {
            let device = device_state.device;
            let unsent = batch.waiting_of(device)?;
            publish(&self.settings, device, device_state.current_till(), unsent);
        }
        Ok(())
    }
}

//! Devices that the books know and the configuration does not have any more.
//!
//! Such a device takes no orders. If it has a document whose outcome is not known, the clerk keeps its till, so that a person can
//! settle the document. An open shift and unsent documents are told.

use ferrotill_core::till::Till;
use ferrotill_store::{Batch, Store, StoreError};
use uuid::Uuid;

use super::super::device_state::DeviceState;
use super::{ClerkSettings, Tills};
use crate::seal::printer::PrinterTask;

/// The state of every device that the configuration does not have, and that has something left to do.
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
        if let Some(says) = says(device, &till, unsent) {
            tracing::error!(%device, "{says}; {FIX}");
            settings.live_status.device_left_behind(device, &says, FIX);
        }
        left_behind.push(DeviceState {
            removed: true,
            ..DeviceState::new(device, till, PrinterTask::none())
        });
    }
    Ok(left_behind)
}

/// What to do about a device that is not in the configuration.
const FIX: &str = "put the device back into the configuration until its day is closed and its documents are sent; a document whose \
    printer is gone is settled by `ferrotill settle`";

/// What the device has left to do; `None` if there is nothing.
fn says(device: Uuid, till: &Till, unsent: u32) -> Option<String> {
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
    (!left.is_empty()).then(|| {
        format!(
            "the device {device} is not in the configuration and has {}",
            left.join(", ")
        )
    })
}

impl Tills {
    /// Stores a snapshot of each device that the configuration does not have, so that no later start reads its rows again.
    pub(in crate::clerk) fn snapshot_left_behind(
        &self,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        for device_state in self.devices.iter().filter(|known| known.removed) {
            batch.snapshot(device_state.device, &device_state.till)?;
        }
        Ok(())
    }

    /// Tells anew what a device has left to do, after a document of it was settled.
    pub(super) fn publish_left_behind(
        &self,
        batch: &Batch<'_>,
        index: usize,
    ) -> Result<(), StoreError> {
        let device_state = &self.devices[index];
        if device_state.removed {
            let device = device_state.device;
            let unsent = batch.waiting_of(device)?;
            let live_status = &self.settings.live_status;
            match says(device, device_state.current_till(), unsent) {
                Some(says) => live_status.device_left_behind(device, &says, FIX),
                None => live_status.device_settled(device),
            }
        }
        Ok(())
    }
}

//! The identity of each device towards the authority: written at the start, where it has changed.

use ferrotill_store::{Batch, DeviceIdentity, StoreError};

use super::super::devices::DevicePlace;
use super::{Encoded, Tills};

impl Tills {
    /// Writes the identity of each device to the journal if it has changed.
    pub(in crate::clerk) fn identify_devices(
        &mut self,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        for index in self.devices.places() {
            self.identify_device(batch, index)?;
        }
        Ok(())
    }

    /// Writes the identity of a device to the journal if it has changed.
    pub(super) fn identify_device(
        &mut self,
        batch: &mut Batch<'_>,
        index: DevicePlace,
    ) -> Result<(), StoreError> {
        let known = batch.device_identity(self.devices[index].device)?;
        if let Some(wanted) = self.identity_to_write(index, known.as_ref()) {
            let event = wanted.event(self.settings.guard.now());
            let encoded =
                Encoded::of(&event, &mut self.event_buffer).ok_or(StoreError::TooLarge)?;
            self.append(batch, index, encoded)?;
        }
        Ok(())
    }

    /// The identity of a device that the journal does not say yet.
    ///
    /// A device that the configuration does not have keeps the identity that it has. If it has none, which happens only in a folder of an
    /// older program, its number is its own id, and its owner is that of the other devices.
    fn identity_to_write(
        &self,
        index: DevicePlace,
        known: Option<&DeviceIdentity>,
    ) -> Option<DeviceIdentity> {
        match self.devices[index].wanted.as_deref() {
            Some((_, wanted)) => (known != Some(wanted)).then(|| wanted.clone()),
            None if known.is_some() => None,
            None => {
                let first = self.devices.iter().find_map(|it| it.wanted.as_deref());
                first.map(|(_, first)| DeviceIdentity {
                    fiscal_number: self.devices[index].device.to_string(),
                    ..first.clone()
                })
            }
        }
    }
}

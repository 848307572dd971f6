//! The identity of each device towards the authority, as the journal says it.
//!
//! The identity of a device changes only with an event of that device. It does not depend on the other devices, and a device that
//! the configuration no longer has keeps its last identity.

use std::collections::BTreeSet;

use ferrotill_core::event::{DeviceIdentified, Event};
use ferrotill_core::time::Moment;
use rusqlite::Connection;
use uuid::Uuid;

use super::journal::{Batch, Store};
use super::query::Reader;
use super::rows::{self, DeviceIdentity, IDENTITY_COLUMNS};
use super::{Context, StoreError};

impl Store {
    /// The devices whose identity the journal knows, in the order of their ids.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn device_identities(&self) -> Result<Vec<(Uuid, DeviceIdentity)>, StoreError> {
        identities(self.connection()).context(self.path(), PLACE)
    }

    /// The devices of the last configuration that [`Store::remember_configured`] has stored, in the order of their ids. Empty in a
    /// new folder, and in one of an older program.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn configured_devices(&self) -> Result<Vec<Uuid>, StoreError> {
        let read = || {
            self.connection()
                .prepare("SELECT device FROM configured_device ORDER BY device")?
                .query_map([], |row| row.get(0).map(Uuid::from_bytes))?
                .collect::<Result<Vec<_>, _>>()
        };
        read().context(self.path(), CONFIGURED)
    }

    /// Stores the devices of the configuration, if they are not the stored ones.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn remember_configured(&mut self, devices: &BTreeSet<Uuid>) -> Result<(), StoreError> {
        if self.configured_devices()?.iter().eq(devices) {
            return Ok(());
        }
        let write = || {
            let transaction = self.connection().unchecked_transaction()?;
            transaction.execute("DELETE FROM configured_device", [])?;
            for device in devices {
                let insert = "INSERT INTO configured_device (device) VALUES (?1)";
                transaction.execute(insert, [device.as_bytes()])?;
            }
            transaction.commit()
        };
        write().context(self.path(), CONFIGURED)
    }
}

impl Reader {
    /// The identity of a device; `None` if the journal does not know the device.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn device_identity(&self, device: Uuid) -> Result<Option<DeviceIdentity>, StoreError> {
        self.with(PLACE, |connection| rows::identity(connection, device))
    }
}

impl Batch<'_> {
    /// The identity of a device, as this batch leaves it; `None` if the journal does not know the device.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn device_identity(&self, device: Uuid) -> Result<Option<DeviceIdentity>, StoreError> {
        rows::identity(self.connection(), device).context(self.path(), PLACE)
    }
}

impl DeviceIdentity {
    /// The event with which the journal says that the device has this identity from a moment on.
    #[must_use]
    pub fn event(&self, at: Moment) -> Event<'_> {
        Event::DeviceIdentified(DeviceIdentified {
            at,
            fiscal_number: &self.fiscal_number,
            owner: &self.owner,
            owner_number: &self.owner_number,
            address: &self.address,
        })
    }
}

const PLACE: &str = "identity of a device";
const CONFIGURED: &str = "devices of the configuration";

pub(super) fn identities(
    connection: &Connection,
) -> Result<Vec<(Uuid, DeviceIdentity)>, rusqlite::Error> {
    connection
        .prepare(&format!(
            "SELECT {IDENTITY_COLUMNS}, device FROM device_identity ORDER BY device"
        ))?
        .query_map([], |row| {
            Ok((Uuid::from_bytes(row.get(4)?), rows::identity_of_row(row)?))
        })?
        .collect()
}

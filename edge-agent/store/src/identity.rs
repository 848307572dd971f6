//! The identity of each device towards the authority, as the journal says it.
//!
//! The identity of a device changes only with an event of that device. It does not depend on the other devices, and a device that
//! the configuration no longer has keeps its last identity.

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

fn identities(connection: &Connection) -> Result<Vec<(Uuid, DeviceIdentity)>, rusqlite::Error> {
    connection
        .prepare(&format!(
            "SELECT {IDENTITY_COLUMNS}, device FROM device_identity ORDER BY device"
        ))?
        .query_map([], |row| {
            Ok((Uuid::from_bytes(row.get(4)?), rows::identity_of_row(row)?))
        })?
        .collect()
}

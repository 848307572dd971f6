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

    /// The devices that have documents, in the order of their ids. The work grows with the number of devices only.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn devices_with_documents(&self) -> Result<Vec<Uuid>, StoreError> {
        devices_with_documents(self.connection()).context(self.path(), PLACE)
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

    /// Writes the identity of a device to the journal if it has changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn identify(
        &mut self,
        device: Uuid,
        at: Moment,
        wanted: &DeviceIdentity,
    ) -> Result<(), StoreError> {
        if self.device_identity(device)?.as_ref() == Some(wanted) {
            return Ok(());
        }
        let event = Event::DeviceIdentified(DeviceIdentified {
            at,
            fiscal_number: &wanted.fiscal_number,
            owner: &wanted.owner,
            owner_number: &wanted.owner_number,
            address: &wanted.address,
        });
        let mut buffer = vec![0; EVENT_BYTES_MAX];
        let payload = event
            .encode(&mut buffer)
            .map_err(|_| StoreError::TooLarge)?;
        self.append(device, at.utc_ms, &event, payload).map(drop)
    }

    /// Gives every device with documents that has no identity yet its own id as its number, with the owner of `like`. Only a
    /// folder of an older program has such devices: the configuration no longer has them.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn identify_departed(
        &mut self,
        at: Moment,
        like: &DeviceIdentity,
    ) -> Result<(), StoreError> {
        let devices = devices_with_documents(self.connection()).context(self.path(), PLACE)?;
        for device in devices {
            if self.device_identity(device)?.is_none() {
                let identity = DeviceIdentity {
                    fiscal_number: device.to_string(),
                    ..like.clone()
                };
                self.identify(device, at, &identity)?;
            }
        }
        Ok(())
    }
}

const PLACE: &str = "identity of a device";
const CONFIGURED: &str = "devices of the configuration";
/// The largest encoded identity: four texts of 200 letters.
const EVENT_BYTES_MAX: usize = 4 * 1024;

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

/// Steps from one device to the next in two indexes that begin with the device: one of sealed documents, one of documents on a
/// printer. An alternative receipt is sealed in the transaction that reserves it, so no document is in neither.
fn devices_with_documents(connection: &Connection) -> Result<Vec<Uuid>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT min(device) FROM ( \
           SELECT min(device) AS device FROM document WHERE device > ?1 AND number IS NOT NULL \
           UNION ALL SELECT min(device) FROM document WHERE device > ?1 AND kind <> 'alternative_receipt')",
    )?;
    let mut devices = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    while let Some(next) = statement.query_row([&last], |row| row.get::<_, Option<[u8; 16]>>(0))? {
        devices.push(Uuid::from_bytes(next));
        last = next.to_vec();
    }
    Ok(devices)
}

//! The devices that the books know, whatever the configuration says.

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::journal::{Batch, Store};
use super::{Context, StoreError};

impl Store {
    /// Every device that has a document, in the order of the ids.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn devices(&self) -> Result<Vec<Uuid>, StoreError> {
        devices(self.connection()).context(self.path(), "devices")
    }

    /// The number of documents of a device that the authority has not acknowledged yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn waiting_of(&self, device: Uuid) -> Result<u32, StoreError> {
        waiting_of(self.connection(), device).context(self.path(), "outbox")
    }
}

impl Batch<'_> {
    /// [`Store::waiting_of`], including the rows that this batch has written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn waiting_of(&self, device: Uuid) -> Result<u32, StoreError> {
        waiting_of(self.connection(), device).context(self.path(), "outbox")
    }

    /// The device of the document that waits for the authority in the entry of a journal row; `None` if no such entry waits.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn device_of_waiting(&self, sealed_seq: i64) -> Result<Option<Uuid>, StoreError> {
        let read = || {
            self.connection()
                .prepare_cached(
                    "SELECT document.device FROM outbox JOIN document USING (reserved_seq) \
                     WHERE outbox.sealed_seq = ?1 AND outbox.recipient = 'authority' AND outbox.state = 'waiting'",
                )?
                .query_row([sealed_seq], |row| row.get(0).map(Uuid::from_bytes))
                .optional()
        };
        read().context(self.path(), "outbox")
    }
}

fn waiting_of(connection: &Connection, device: Uuid) -> Result<u32, rusqlite::Error> {
    connection.query_row(WAITING, [device.as_bytes()], |row| row.get(0))
}

const WAITING: &str = "SELECT count(*) FROM outbox JOIN document USING (reserved_seq) \
     WHERE outbox.state = 'waiting' AND outbox.recipient = 'authority' AND document.device = ?1";

/// The first device after a given one, by an index: its documents are not read one by one.
const NEXT_SEALED: &str =
    "SELECT min(device) FROM document WHERE number IS NOT NULL AND device > ?1";
const NEXT_PRINTED: &str =
    "SELECT min(device) FROM document WHERE kind <> 'alternative_receipt' AND device > ?1";

pub(super) fn devices(connection: &Connection) -> Result<Vec<Uuid>, rusqlite::Error> {
    let mut found = Vec::new();
    let mut last: Vec<u8> = Vec::new();
    loop {
        let mut next: Option<Vec<u8>> = None;
        for query in [NEXT_SEALED, NEXT_PRINTED] {
            let candidate: Option<Vec<u8>> = connection
                .prepare_cached(query)?
                .query_row([&last], |row| row.get(0))?;
            next = match (next, candidate) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            };
        }
        let Some(device) = next else {
            return Ok(found);
        };
        found.extend(Uuid::from_slice(&device));
        last = device;
    }
}

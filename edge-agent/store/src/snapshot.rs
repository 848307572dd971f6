//! The snapshots of the tills: a start replays only the journal rows after a till's snapshot.
//!
//! A snapshot is believed only with its MAC, which covers the till and the journal row of the snapshot. A snapshot that somebody
//! has changed, or that belongs to another journal, is not believed: the till is made again from the journal's first row.

use std::path::Path;

use ferrotill_core::till::Till;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::chain::{ChainKey, Mac};
use super::journal::{Batch, Store};
use super::replay::replay;
use super::{Context, StoreError};

/// A stored snapshot, and whether its MAC is right.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) seq: i64,
    pub(super) version: u16,
    pub(super) till: Vec<u8>,
    /// True if this till has written the snapshot for this journal.
    pub(super) genuine: bool,
}

impl Store {
    /// The till of a device: its snapshot, and every event after it. A snapshot that is not believed is logged and noted
    /// ([`Store::snapshots_not_believed`]).
    ///
    /// # Errors
    ///
    /// [`StoreError::ChainBroken`] if a row after the snapshot does not fit the chain.
    pub fn load_till(&self, device: Uuid) -> Result<Till, StoreError> {
        let (till, believed) = till_of(self.connection(), self.path(), self.key(), device)?;
        if !believed {
            self.note_not_believed(device);
        }
        Ok(till)
    }

    fn note_not_believed(&self, device: Uuid) {
        tracing::error!(
            %device,
            "the snapshot of the till was changed by somebody else: the till is made again from the journal; \
             run `ferrotill verify` and find out who can write the data folder"
        );
        self.not_believed().borrow_mut().insert(device);
    }

    /// The devices whose snapshot was not believed since the store was opened.
    #[must_use]
    pub fn snapshots_not_believed(&self) -> Vec<Uuid> {
        self.not_believed().borrow().iter().copied().collect()
    }
}

/// The till of a device as its journal says it, and whether its snapshot was believed. Without a snapshot there was none to distrust.
pub(super) fn till_of(
    connection: &Connection,
    path: &Path,
    key: &ChainKey,
    device: Uuid,
) -> Result<(Till, bool), StoreError> {
    let snapshot = read(connection, key, device).context(path, "snapshot")?;
    let mut believed = true;
    let (mut till, after) = match snapshot {
        Some(snapshot) if snapshot.version == Till::SNAPSHOT_VERSION => match snapshot.believed() {
            Some(till) => (till, snapshot.seq),
            None => {
                believed = false;
                (Till::default(), 0)
            }
        },
        _ => (Till::default(), 0),
    };
    replay(connection, path, key, after, |row_device, _, event| {
        if row_device == device.as_bytes() {
            till.apply(event);
        }
    })?;
    Ok((till, believed))
}

impl Snapshot {
    /// The till of the snapshot; `None` if the snapshot is not believed.
    fn believed(&self) -> Option<Till> {
        self.genuine
            .then(|| postcard::from_bytes(&self.till).ok())
            .flatten()
    }
}

impl Batch<'_> {
    /// Stores the till as it is after the last appended row.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn snapshot(&mut self, device: Uuid, till: &Till) -> Result<(), StoreError> {
        let till = postcard::to_stdvec(till).map_err(|_| StoreError::Snapshot)?;
        let (seq, row_mac) = self.head();
        let mac = mac(
            self.key(),
            device,
            (seq, &row_mac),
            Till::SNAPSHOT_VERSION,
            &till,
        );
        self.connection()
            .execute(
                "INSERT OR REPLACE INTO snapshot (device, seq, version, till, mac) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![device.as_bytes(), seq, Till::SNAPSHOT_VERSION, till, mac],
            )
            .map(drop)
            .context(self.path(), "snapshot")
    }
}

/// The columns of a snapshot with the MAC of its journal row.
const QUERY: &str = "SELECT snapshot.device, snapshot.seq, snapshot.version, snapshot.till, snapshot.mac, journal.mac \
     FROM snapshot LEFT JOIN journal ON journal.seq = snapshot.seq";

fn read(
    connection: &Connection,
    key: &ChainKey,
    device: Uuid,
) -> Result<Option<Snapshot>, rusqlite::Error> {
    connection
        .query_row(
            &format!("{QUERY} WHERE snapshot.device = ?1"),
            [device.as_bytes()],
            |row| of_row(row, key).map(|(_, snapshot)| snapshot),
        )
        .optional()
}

/// All snapshots with their devices.
pub(super) fn read_all(
    connection: &Connection,
    key: &ChainKey,
) -> Result<Vec<(Uuid, Snapshot)>, rusqlite::Error> {
    connection
        .prepare(QUERY)?
        .query_map([], |row| of_row(row, key))?
        .collect()
}

fn of_row(row: &rusqlite::Row<'_>, key: &ChainKey) -> Result<(Uuid, Snapshot), rusqlite::Error> {
    let device = Uuid::from_bytes(row.get(0)?);
    let (seq, version) = (row.get(1)?, row.get(2)?);
    let till: Vec<u8> = row.get(3)?;
    let (found, row_mac): (Vec<u8>, Option<Mac>) = (row.get(4)?, row.get(5)?);
    let genuine =
        row_mac.is_some_and(|row_mac| found == mac(key, device, (seq, &row_mac), version, &till));
    let snapshot = Snapshot {
        seq,
        version,
        till,
        genuine,
    };
    Ok((device, snapshot))
}

/// The MAC of a snapshot; `row` is the number and the MAC of its journal row.
fn mac(key: &ChainKey, device: Uuid, row: (i64, &Mac), version: u16, till: &[u8]) -> Mac {
    let mut text = b"ferrotill snapshot, version 1\n".to_vec();
    text.extend_from_slice(device.as_bytes());
    text.extend_from_slice(&row.0.to_be_bytes());
    text.extend_from_slice(row.1);
    text.extend_from_slice(&version.to_be_bytes());
    text.extend_from_slice(till);
    key.proof(&text)
}

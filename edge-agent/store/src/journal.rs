//! The one writer: batches of events, committed together, with their projections.

mod batch;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ferrotill_core::till::Till;
use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::anchor::{self, Anchor};
use super::chain::{ChainKey, GENESIS, Mac};
use super::maintenance::{AnchorWriter, Maintenance, PAGES_MAX};
use super::replay::replay;
use super::{BUSY_TIMEOUT, Context, StoreError, folder, query};

pub use batch::{Appended, Batch};

/// A log that is longer at a start is cut off: twice of what the thread beside the writer leaves.
const WAL_BYTES_MAX_AT_START: u64 = 8 * 1_024 * 1_024;

/// The end of the chain.
#[derive(Clone, Copy, Debug)]
struct Head {
    seq: i64,
    mac: Mac,
}

/// The writer of the books.
#[derive(Debug)]
pub struct Store {
    /// Stands before the connection: its thread has ended when the connection closes.
    maintenance: Option<Maintenance>,
    connection: Connection,
    path: PathBuf,
    key: ChainKey,
    head: Head,
    /// Letters that wait in the outbox.
    waiting: u32,
    /// The row of the last anchor.
    anchored: i64,
    /// An anchor is wanted before [`anchor::ROWS_MAX`] rows have come.
    anchor_soon: bool,
    anchor_writer: AnchorWriter,
}

impl Store {
    /// Opens the store in a data folder, or makes it on the first start.
    ///
    /// # Errors
    ///
    /// [`StoreError::FileMissing`] where the database or the key was removed; nothing is created then.
    /// Other [`StoreError`]s where a file cannot be used.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(super::FILE_NAME);
        let (connection, key) = folder::open(folder)?;
        let anchor_writer = AnchorWriter::new(folder, &key);
        let mut store = Self {
            maintenance: None,
            anchor_writer,
            connection,
            path,
            key,
            head: Head {
                seq: 0,
                mac: GENESIS,
            },
            waiting: 0,
            anchored: 0,
            anchor_soon: false,
        };
        store.reload_head()?;
        store.compare_anchor();
        // After the first commit, which syncs the log with everything that a killed writer has left in it.
        store.anchor_soon = store.head.seq > store.anchored;
        if let Err(error) = store.shorten_log() {
            // What is in the log is as durable as what is in the database.
            tracing::warn!("the log of the books stays long: {error}; check the disk");
        }
        Ok(store)
    }

    /// A long log that a killed writer has left is read from its beginning at every start, until it is cut off.
    fn shorten_log(&self) -> Result<(), rusqlite::Error> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let is_long = std::fs::metadata(log).is_ok_and(|log| log.len() > WAL_BYTES_MAX_AT_START);
        if !is_long {
            return Ok(());
        }
        // Who reads meanwhile is not waited for: the next start comes.
        self.connection.busy_timeout(Duration::ZERO)?;
        let outcome = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        outcome
    }

    /// From now on checkpoints and anchors are made beside the writer, on a thread of their own, so that no sale waits for one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the thread cannot be made, or the database does not take its setting.
    pub fn start_maintenance(&mut self) -> Result<(), StoreError> {
        let maintenance = Maintenance::start(&self.path, self.anchor_writer.clone())
            .map_err(|source| StoreError::Thread { source })?;
        self.connection
            .pragma_update(None, "wal_autocheckpoint", PAGES_MAX)
            .context(&self.path, "settings")?;
        self.maintenance = Some(maintenance);
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Holds the books against the anchor. One that they do not have is set aside as evidence, so that the next one does not
    /// overwrite it; whether the till may go on with such books is for people to say, and `verify` tells them.
    fn compare_anchor(&mut self) {
        let anchors = match anchor::found(self.folder(), &self.key) {
            Ok(anchors) => anchors,
            Err(error) => return tracing::warn!("the journal's anchor cannot be read: {error}"),
        };
        let in_force = self.folder().join(anchor::FILE_NAME);
        let Some((path, anchor)) = anchors.into_iter().find(|(path, _)| *path == in_force) else {
            return;
        };
        let mac = |seq: i64| {
            self.connection
                .query_row("SELECT mac FROM journal WHERE seq = ?1", [seq], |row| {
                    row.get::<_, Mac>(0)
                })
                .ok()
        };
        match anchor {
            Some(anchor) if mac(anchor.seq) == Some(anchor.mac) => self.anchored = anchor.seq,
            _ => {
                let aside = anchor::set_aside(self.folder());
                tracing::error!(
                    anchor = %path.display(),
                    ?aside,
                    "the books are not those that the anchor was written for: an older copy was put back, their end was cut, \
                     or they are another till's; stop selling and run `ferrotill verify`"
                );
            }
        }
    }

    /// An anchor is due: this is the first commit after a start, a shift has its first document, a report was sealed,
    /// or enough rows have come.
    #[must_use]
    pub fn anchor_is_due(&self) -> bool {
        self.head.seq - self.anchored >= anchor::ROWS_MAX || self.anchor_soon
    }

    /// Writes the anchor if the books have grown. Trouble with it is told and stops nothing: the books are as durable without.
    pub fn anchor(&mut self) {
        self.anchored_by(|store, anchor| store.anchor_writer.write(anchor));
    }

    /// The same beside the writer, where there is a thread for it: the next sale is not held up.
    pub fn anchor_in_background(&mut self) {
        self.anchored_by(|store, anchor| match &store.maintenance {
            Some(maintenance) => maintenance.anchor(anchor),
            None => store.anchor_writer.write(anchor),
        });
    }

    fn anchored_by(&mut self, write: impl FnOnce(&Self, Anchor) -> bool) {
        self.anchor_soon = false;
        if self.head.seq <= self.anchored {
            return;
        }
        let anchor = Anchor {
            seq: self.head.seq,
            mac: self.head.mac,
        };
        if write(self, anchor) {
            self.anchored = anchor.seq;
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection, for questions of this module's own.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads the head again, and counts what waits: after an error at commit nothing held in memory is believed.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn reload_head(&mut self) -> Result<(), StoreError> {
        let last = self
            .connection
            .query_row(
                "SELECT seq, mac FROM journal ORDER BY seq DESC LIMIT 1",
                [],
                |row| {
                    Ok(Head {
                        seq: row.get(0)?,
                        mac: row.get(1)?,
                    })
                },
            )
            .optional()
            .context(&self.path, "head of the journal")?;
        self.waiting = query::count_waiting(&self.connection).context(&self.path, "outbox")?;
        self.head = last.unwrap_or(Head {
            seq: 0,
            mac: GENESIS,
        });
        Ok(())
    }

    /// Begins a batch. What is not committed has not happened.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn batch(&mut self) -> Result<Batch<'_>, StoreError> {
        self.connection
            .execute_batch("BEGIN IMMEDIATE")
            .context(&self.path, "begin")?;
        Ok(Batch::begun(self))
    }

    /// The till of a device: its snapshot, and every event after it.
    ///
    /// # Errors
    ///
    /// [`StoreError::ChainBroken`] where a replayed row does not fit.
    pub fn load_till(&self, device: Uuid) -> Result<Till, StoreError> {
        let snapshot: Option<(i64, u16, Vec<u8>)> = self
            .connection
            .query_row(
                "SELECT seq, version, till FROM snapshot WHERE device = ?1",
                [device.as_bytes()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()
            .context(&self.path, "snapshot")?;
        let (mut till, after) = match snapshot {
            Some((seq, Till::SNAPSHOT_VERSION, bytes)) => (
                postcard::from_bytes(&bytes).map_err(|_| StoreError::Snapshot)?,
                seq,
            ),
            _ => (Till::default(), 0),
        };
        replay(
            &self.connection,
            &self.path,
            &self.key,
            after,
            |row_device, _, event| {
                if row_device == device.as_bytes() {
                    till.apply(event);
                }
            },
        )?;
        Ok(till)
    }
}

//! The one writer of the store: its start, its anchors, and the tills that it loads.

mod batch;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::anchor::{self, Anchor};
use super::card_operation::{self, CardOperation};
use super::chain::{ChainKey, GENESIS, Mac};
use super::channel::DeliveryChannel;
use super::delivery;
use super::figures::{KeptCount, StoreFigures};
use super::founding::{self, Admission, Founding};
use super::frozen::Freeze;
use super::maintenance::{AnchorWriter, Maintenance, PAGES_MAX};
use super::rows::DeviceIdentity;
use super::{BUSY_TIMEOUT, Context, StoreError, folder, query};

pub use batch::{Appended, Batch};

/// At a start, a write-ahead log longer than this is truncated: twice the size at which the maintenance thread makes a checkpoint.
const WAL_BYTES_MAX_AT_START: u64 = 8 * 1_024 * 1_024;

/// The last row of the chain and its MAC.
#[derive(Clone, Copy, Debug)]
struct Head {
    seq: i64,
    mac: Mac,
}

/// The writer of the store.
#[derive(Debug)]
pub struct Store {
    /// The field is declared before the connection, so that the maintenance thread has ended when the connection is closed.
    maintenance: Option<Maintenance>,
    connection: Connection,
    path: PathBuf,
    key: ChainKey,
    head: Head,
    figures: StoreFigures,
    /// The count of unsent documents in the row of the clock.
    kept_count: Option<KeptCount>,
    /// True if the time of the oldest unsent document in the figures is known; otherwise it must be read.
    oldest_is_known: bool,
    /// What makes the requests of sealed documents. Without it, documents wait without a request until [`Batch::freeze_waiting`].
    freeze: Option<Arc<dyn Freeze>>,
    /// Where receipts are published.
    published_at: Vec<DeliveryChannel>,
    /// The identities that were read for requests.
    identities: BTreeMap<Uuid, DeviceIdentity>,
    /// Whether there may be uploaded receipts; `None` before this was asked. Most folders have none, and their sales look for no id there.
    has_uploads: Cell<Option<bool>>,
    /// The journal row of the last anchor.
    anchored: i64,
    /// True if an anchor is due before [`anchor::ROWS_MAX`] rows were written.
    anchor_soon: bool,
    anchor_writer: AnchorWriter,
    /// What the folder is to be founded for with the next batch; `None` if it is founded.
    unfounded: Option<Founding>,
    /// The devices whose snapshot was not believed.
    not_believed: RefCell<BTreeSet<Uuid>>,
}

impl Store {
    /// The operations of bank terminals that are open, in the order in which the terminals were asked.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn open_card_operations(&self) -> Result<Vec<CardOperation>, StoreError> {
        card_operation::open(&self.connection).context(&self.path, "operations of bank terminals")
    }

    /// Opens the store in a data folder. The first start creates it.
    ///
    /// # Errors
    ///
    /// [`StoreError::FileMissing`] if the database or the key was removed, [`StoreError::FoundedOtherwise`] if the folder is for
    /// another country, currency or mode, [`StoreError::Unconfirmed`] if an operator must confirm what it is for; then nothing is
    /// changed. Other [`StoreError`]s if a file cannot be used.
    pub fn open(folder: &Path, founding: &Founding) -> Result<Self, StoreError> {
        let path = folder.join(super::FILE_NAME);
        let (connection, key, admission) = folder::open(folder, founding)?;
        let unfounded = match admission {
            Admission::Founded => None,
            Admission::ToBeFounded { confirmed } => Some(Founding {
                confirmed,
                ..founding.clone()
            }),
        };
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
            figures: StoreFigures::default(),
            kept_count: None,
            oldest_is_known: false,
            freeze: None,
            published_at: Vec::new(),
            identities: BTreeMap::new(),
            has_uploads: Cell::new(None),
            anchored: 0,
            anchor_soon: false,
            unfounded,
            not_believed: RefCell::default(),
        };
        store.reload_head()?;
        store.compare_anchor();
        // The anchor is written after the first commit, which syncs the log together with all rows that a killed writer has
        // left in it.
        store.anchor_soon = store.head.seq > store.anchored;
        if let Err(error) = store.shorten_log() {
            // No data is lost: the log is as durable as the database.
            tracing::warn!("the write-ahead log could not be truncated: {error}; check the disk");
        }
        Ok(store)
    }

    /// True if a receipt waits to be sent over a channel.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn has_waiting_deliveries(&self, channel: DeliveryChannel) -> Result<bool, StoreError> {
        delivery::has_waiting(&self.connection, channel).context(&self.path, "deliveries")
    }

    /// Truncates a long log that a killed writer has left, because every start reads the whole log.
    fn shorten_log(&self) -> Result<(), rusqlite::Error> {
        let mut log = self.path.clone().into_os_string();
        log.push("-wal");
        let is_long = std::fs::metadata(log).is_ok_and(|log| log.len() > WAL_BYTES_MAX_AT_START);
        if !is_long {
            return Ok(());
        }
        // This attempt does not wait for readers: the next start tries again.
        self.connection.busy_timeout(Duration::ZERO)?;
        let outcome = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(BUSY_TIMEOUT)?;
        outcome
    }

    /// Starts the thread that makes checkpoints and anchors, so that no sale waits for one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the thread cannot be created, or the database does not accept a setting.
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

    /// Compares the journal with the anchor. An anchor whose row the journal does not have is set aside as evidence, so that
    /// the next anchor does not overwrite it. The till goes on selling. The log and `verify` report the anchor, and the owner
    /// decides what to do.
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
                    "the journal does not have the row that the anchor names: an older copy was put back, its end was cut, \
                     or it is another till's; stop selling and run `ferrotill verify`"
                );
            }
        }
    }

    /// True if an anchor is due: this is the first commit after a start, a shift has its first document, a report was sealed,
    /// or many rows were written.
    #[must_use]
    pub fn anchor_is_due(&self) -> bool {
        self.head.seq.saturating_sub(self.anchored) >= anchor::ROWS_MAX || self.anchor_soon
    }

    /// Writes the anchor if the journal has grown. An error is only logged, because the journal is durable without an anchor
    /// too.
    pub fn anchor(&mut self) {
        self.anchor_with(|store, anchor| store.anchor_writer.write(anchor));
    }

    /// How much the log has grown since the last requested checkpoint, in estimated pages.
    #[cfg(test)]
    pub(crate) fn log_growth(&self) -> u32 {
        self.maintenance.as_ref().map_or(0, Maintenance::pages)
    }

    /// [`Self::anchor`] on the maintenance thread, if there is one, so that the next sale does not wait.
    pub fn anchor_in_background(&mut self) {
        self.anchor_with(|store, anchor| match &store.maintenance {
            Some(maintenance) => maintenance.anchor(anchor),
            None => store.anchor_writer.write(anchor),
        });
    }

    fn anchor_with(&mut self, write: impl FnOnce(&Self, Anchor) -> bool) {
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

    /// The figures after the last commit.
    #[must_use]
    pub fn figures(&self) -> StoreFigures {
        self.figures
    }

    /// The number of anchors that were set aside because the journal did not have their row at a start. `verify` reports them.
    #[must_use]
    pub fn anchors_set_aside(&self) -> usize {
        anchor::count_aside(self.folder())
    }

    /// The path of the database file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets the next batch write into a folder that is not founded, as an older program did.
    #[cfg(test)]
    pub(super) fn write_unfounded(&mut self) {
        self.unfounded = None;
    }

    pub(super) const fn key(&self) -> &ChainKey {
        &self.key
    }

    /// The devices whose snapshot was not believed, for the file that reads snapshots.
    pub(super) const fn not_believed(&self) -> &RefCell<BTreeSet<Uuid>> {
        &self.not_believed
    }

    /// The connection, for the other files of the store.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Reads the head and the figures again: after an error at COMMIT the values in memory may be wrong.
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
        self.kept_count = KeptCount::read(&self.connection).context(&self.path, "clock")?;
        let unsent = match self.kept_count {
            Some(kept) => query::count_laid_aside(&self.connection).map(|aside| kept.count(aside)),
            None => query::count_unsent(&self.connection),
        };
        self.figures = StoreFigures {
            unsent: unsent.context(&self.path, "outbox")?,
            z_reports: query::count_z_reports(&self.connection)
                .context(&self.path, "reconciliations")?,
        };
        self.oldest_is_known = self.kept_count.is_none();
        if founding::is_founded(&self.connection).context(&self.path, "founded")? {
            self.unfounded = None;
        }
        self.head = last.unwrap_or(Head {
            seq: 0,
            mac: GENESIS,
        });
        Ok(())
    }

    /// From now on this value makes the requests in which recipients are told of documents that are sealed.
    pub fn freeze_with(&mut self, freeze: Arc<dyn Freeze>) {
        self.freeze = Some(freeze);
    }

    /// Has every receipt that is sealed or uploaded from now on published at these places.
    pub fn publish_at(&mut self, places: Vec<DeliveryChannel>) {
        self.published_at = places;
    }

    /// Begins a batch. A batch that is dropped without [`Batch::commit`] changes nothing.
    ///
    /// The first batch of a folder that is not founded yet begins with the row that founds it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn batch(&mut self) -> Result<Batch<'_>, StoreError> {
        self.connection
            .execute_batch("BEGIN IMMEDIATE")
            .context(&self.path, "begin")?;
        let unfounded = self.unfounded.clone();
        let mut batch = Batch::begun(self);
        if let Some(founding) = unfounded {
            batch.found(&founding)?;
        }
        Ok(batch)
    }
}

//! The readers of the store, which work beside the writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ferrotill_core::document::DocumentKind;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::chain::ChainKey;
use super::reconcile::{self, ReconciliationCount, ZReconciliation};
use super::replay::replay;
use super::rows::{COLUMNS, StoredDocument, document, document_row, request};
use super::{Context, FILE_NAME, StoreError, anchor, folder};

/// One page of a list of documents.
#[derive(Debug)]
pub struct Page {
    /// The documents, newest first.
    pub documents: Vec<StoredDocument>,
    /// The number of documents on all pages.
    pub total: u32,
}

/// The documents that the authority has not acknowledged yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnsentCount {
    /// The number of documents that the authority has not acknowledged yet.
    pub documents: u32,
    /// The number of these documents whose last delivery the authority refused.
    pub refused: u32,
    /// When the oldest of these documents was reserved, in milliseconds since the epoch.
    pub oldest_ms: Option<i64>,
    /// The gross amount of the sales among these documents, in minor units.
    pub sold: i64,
    /// The newest time at which the authority acknowledged a document, in milliseconds since the epoch.
    pub last_acknowledged_ms: Option<i64>,
}

/// Reads while the writer works: a small pool of connections.
#[derive(Clone, Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Reader {
    /// Makes a reader of the store in a data folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE_NAME),
            idle: Arc::default(),
        }
    }

    /// The newest document of a request id, on one device or on all devices.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn find(
        &self,
        device: Option<Uuid>,
        id: Uuid,
    ) -> Result<Option<StoredDocument>, StoreError> {
        self.with("document", |connection| {
            match request(connection, device, id)? {
                Some(row) => document(connection, row).map(Some),
                None => Ok(None),
            }
        })
    }

    /// A page of the sealed documents of some kinds, newest first.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn page(
        &self,
        device: Uuid,
        kinds: &[DocumentKind],
        start: u32,
        count: u32,
    ) -> Result<Page, StoreError> {
        let list = kinds
            .iter()
            .map(|kind| format!("'{}'", kind.name()))
            .collect::<Vec<_>>()
            .join(", ");
        self.with("page of documents", |connection| {
            let total = connection
                .prepare_cached(&format!(
                    "SELECT count(*) FROM document WHERE device = ?1 AND kind IN ({list}) AND number IS NOT NULL"
                ))?
                .query_row([device.as_bytes()], |row| row.get(0))?;
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM document WHERE device = ?1 AND kind IN ({list}) AND number IS NOT NULL \
                 ORDER BY number DESC LIMIT ?2 OFFSET ?3"
            ))?;
            let rows = statement
                .query_map(params![device.as_bytes(), count, start], document_row)?
                .collect::<Result<Vec<_>, _>>()?;
            let documents =
                rows.into_iter().map(|row| document(connection, row)).collect::<Result<Vec<_>, _>>()?;
            Ok(Page { documents, total })
        })
    }

    /// The request id of the Z-report of a shift.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn z_report(&self, device: Uuid, z_number: u32) -> Result<Option<Uuid>, StoreError> {
        self.with("Z-report", |connection| {
            connection
                .prepare_cached(
                    "SELECT id FROM document WHERE device = ?1 AND kind = 'z_report' AND z_number = ?2 AND number IS NOT NULL",
                )?
                .query_row(params![device.as_bytes(), z_number], |row| row.get::<_, [u8; 16]>(0))
                .optional()
                .map(|id| id.map(Uuid::from_bytes))
        })
    }

    /// The number of a device's last document; 0 if the device has no document yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn last_number(&self, device: Uuid) -> Result<u32, StoreError> {
        self.with("last number", |connection| {
            connection
                .prepare_cached("SELECT coalesce(max(number), 0) FROM document WHERE device = ?1 AND number IS NOT NULL")?
                .query_row([device.as_bytes()], |row| row.get(0))
        })
    }

    /// The reconciliation of a Z-report, if the shift is closed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn reconciliation(
        &self,
        device: Uuid,
        z_number: u32,
    ) -> Result<Option<ZReconciliation>, StoreError> {
        self.with("reconciliation", |connection| {
            reconcile::of_report(connection, device, z_number)
        })
    }

    /// The number of Z-reports whose sides differ or are not complete yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn reconciliation_count(&self) -> Result<ReconciliationCount, StoreError> {
        self.with("reconciliations", |connection| {
            connection
                .prepare_cached(
                    "SELECT (SELECT count(*) FROM reconciliation WHERE agrees = 0), \
                            (SELECT count(*) FROM reconciliation WHERE acknowledged_at IS NULL)",
                )?
                .query_row([], |row| {
                    Ok(ReconciliationCount {
                        differing: row.get(0)?,
                        unacknowledged: row.get(1)?,
                    })
                })
        })
    }

    /// The number of anchors that were set aside because the journal did not have their row at a start. `verify` reports them.
    #[must_use]
    pub fn anchors_set_aside(&self) -> usize {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        anchor::count_aside(folder)
    }

    /// Checks the chain from its first row to its last. Returns the number of rows.
    ///
    /// # Errors
    ///
    /// [`StoreError::ChainBroken`] with the first row that does not fit.
    pub fn verify(&self, key: &ChainKey) -> Result<i64, StoreError> {
        let connection = self.connection()?;
        let mut rows = 0;
        replay(&connection, &self.path, key, 0, |_, _, _| rows += 1)?;
        Ok(rows)
    }

    pub(super) fn with<T>(
        &self,
        context: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let connection = self.connection()?;
        let outcome = read(&connection).context(&self.path, context);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        outcome
    }

    fn connection(&self) -> Result<Connection, StoreError> {
        if let Some(connection) = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
        {
            return Ok(connection);
        }
        let connection = folder::open_for_reading(&self.path)?;
        let settings = || {
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)
        };
        settings().context(&self.path, "open for reading")?;
        Ok(connection)
    }
}

/// The largest number of idle connections that are kept.
const IDLE_MAX: usize = 4;
/// The cache of a connection, in KiB. It is small because the operating system caches the file and the writer has its own
/// cache.
const CACHE_KIB: i64 = 256;

/// The number of entries that wait in the outbox for the authority.
pub(super) fn count_waiting(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.query_row(
        "SELECT count(*) FROM outbox WHERE state = 'waiting' AND recipient = 'authority'",
        [],
        |row| row.get(0),
    )
}

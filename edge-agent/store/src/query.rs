//! The readers of the store, which work beside the writer.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::Event;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::chain::ChainKey;
use super::counted::{Counted, PreparedRows, UploadedRows};
use super::reconcile::{self, ReconciliationCount, ZReconciliation};
use super::replay::replay;
use super::rows::{COLUMNS, DeviceIdentity, StoredDocument, document, document_row, request};
use super::{Context, FILE_NAME, StoreError, folder, frozen, migrate};

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
    /// The number of documents that are not sent to the authority, because an operator has laid them aside. They do not count among
    /// `documents`.
    pub laid_aside: u32,
}

/// A shift that has begun and has no Z-report yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenShift {
    /// When its first document was made, in milliseconds since the epoch.
    pub first_ms: i64,
    /// The number of its documents, without X-reports.
    pub documents: u32,
}

/// Reads while the writer works: a small pool of connections.
#[derive(Clone, Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    pub(super) counted: Counted,
    pub(super) prepared_rows: PreparedRows,
    pub(super) uploaded: UploadedRows,
}

impl Reader {
    /// Makes a reader of the store in a data folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE_NAME),
            idle: Arc::default(),
            counted: Counted::default(),
            prepared_rows: PreparedRows::default(),
            uploaded: UploadedRows::default(),
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

    /// Gives the sealed Z-reports of a device to `take`, oldest first, one after the other, until `take` breaks off. Only one is in memory
    /// at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn each_z_report(
        &self,
        device: Uuid,
        mut take: impl FnMut(StoredDocument) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.with("Z-reports", |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM document WHERE device = ?1 AND kind = 'z_report' AND number IS NOT NULL ORDER BY number"
            ))?;
            let mut rows = statement.query([device.as_bytes()])?;
            while let Some(row) = rows.next()? {
                if take(document(connection, document_row(row)?)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Gives the documents whose outcome is not known yet and whose time lies within two times, as [`Reader::each_within`] does.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn each_without_outcome(
        &self,
        device: Option<Uuid>,
        (first_ms, last_ms): (i64, i64),
        mut take: impl FnMut(StoredDocument),
    ) -> Result<(), StoreError> {
        self.with("documents without an outcome", |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM document WHERE state = 'reserved' AND at BETWEEN ?1 AND ?2 \
                 AND (?3 IS NULL OR device = ?3) ORDER BY reserved_seq"
            ))?;
            let device = device.as_ref().map(Uuid::as_bytes);
            let mut rows = statement.query(params![first_ms, last_ms, device])?;
            while let Some(row) = rows.next()? {
                take(document(connection, document_row(row)?)?);
            }
            Ok(())
        })
    }

    /// Gives the sealed documents of some kinds whose time lies within two times, both in milliseconds since the epoch and both
    /// included, to `take`, in the order of their reservation, until `take` breaks off. `device` is the only device; `None` stands for
    /// all of them. Only one document is in memory at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn each_within(
        &self,
        device: Option<Uuid>,
        kinds: &[DocumentKind],
        (first_ms, last_ms): (i64, i64),
        mut take: impl FnMut(StoredDocument) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.with("documents of a time", |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {COLUMNS} FROM document WHERE number IS NOT NULL AND at BETWEEN ?1 AND ?2 \
                 AND (?3 IS NULL OR device = ?3) AND kind IN ({}) ORDER BY reserved_seq",
                quoted(kinds)
            ))?;
            let device = device.as_ref().map(Uuid::as_bytes);
            let mut rows = statement.query(params![first_ms, last_ms, device])?;
            while let Some(row) = rows.next()? {
                if take(document(connection, document_row(row)?)?).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    /// The request id of the Z-report of a shift.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn z_report(&self, device: Uuid, z_number: u32) -> Result<Option<Uuid>, StoreError> {
        self.with("Z-report", |connection| {
            z_report(connection, device, z_number)
        })
    }

    /// The time of the first receipt of a device's open shift, in milliseconds since the epoch; `None` if the shift has no receipt
    /// or no shift is open.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn first_receipt_of_shift(&self, device: Uuid) -> Result<Option<i64>, StoreError> {
        self.with("first receipt of the shift", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT at FROM document WHERE device = ?1 AND kind = ?2 \
                 AND number > coalesce((SELECT max(number) FROM document \
                   WHERE device = ?1 AND kind = 'z_report' AND number IS NOT NULL), 0) \
                 AND reserved_seq > coalesce((SELECT max(seq) FROM journal WHERE device = ?1 AND kind = 8), 0) \
                 ORDER BY number LIMIT 1",
            )?;
            let mut first: Option<i64> = None;
            for kind in RECEIPTS {
                let at = statement
                    .query_row(params![device.as_bytes(), kind.name()], |row| row.get(0))
                    .optional()?;
                first = first.into_iter().chain(at).min();
            }
            Ok(first)
        })
    }

    /// The open shift of a device; `None` if it has none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn open_shift(&self, device: Uuid) -> Result<Option<OpenShift>, StoreError> {
        self.with("open shift", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT min(at), count(*) FROM document WHERE device = ?1 AND kind = ?2 \
                 AND number > coalesce((SELECT max(number) FROM document \
                   WHERE device = ?1 AND kind = 'z_report' AND number IS NOT NULL), 0) \
                 AND reserved_seq > coalesce((SELECT max(seq) FROM journal WHERE device = ?1 AND kind = 8), 0)",
            )?;
            let mut shift: Option<OpenShift> = None;
            let of_shifts = DocumentKind::ALL.into_iter().filter(|kind| {
                use DocumentKind::{AmountsReceipt, NonfiscalReceipt, XReport, ZReport};
                !matches!(kind, XReport | ZReport | NonfiscalReceipt | AmountsReceipt)
            });
            for kind in of_shifts {
                let (first, count): (Option<i64>, u32) = statement
                    .query_row(params![device.as_bytes(), kind.name()], |row| {
                        Ok((row.get(0)?, row.get(1)?))
                    })?;
                let Some(first) = first else { continue };
                let before = shift.unwrap_or(OpenShift {
                    first_ms: first,
                    documents: 0,
                });
                shift = Some(OpenShift {
                    first_ms: before.first_ms.min(first),
                    documents: before.documents.saturating_add(count),
                });
            }
            Ok(shift)
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
        self.with("reconciliations", count_z_reports)
    }

    /// Checks the chain from its first row to its last. Returns the number of rows.
    ///
    /// # Errors
    ///
    /// [`StoreError::ChainBroken`] with the first row that does not fit.
    pub fn verify(&self, key: &ChainKey) -> Result<i64, StoreError> {
        let connection = self.connection()?;
        let mut rows = 0_i64;
        replay(&connection, &self.path, key, 0, |_, _, _| {
            rows = rows.saturating_add(1);
        })?;
        Ok(rows)
    }

    /// Gives `take` the events of a device that are needed for the protocol of its signed receipts, in their order: adopted units, seals,
    /// and signed receipts without a document, each with the moment of its row in milliseconds since the epoch. One event is in memory at a
    /// time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], [`StoreError::Unreadable`].
    pub fn each_signed(
        &self,
        device: Uuid,
        mut take: impl FnMut(i64, &Event<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut unreadable = None;
        self.with("signed receipts", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, at, kind, version, payload FROM journal \
                 WHERE device = ?1 AND kind IN (4, 15, 17) ORDER BY seq",
            )?;
            let mut rows = statement.query([device.as_bytes()])?;
            while let Some(row) = rows.next()? {
                let payload = row.get_ref(4)?.as_blob()?;
                match Event::decode(row.get(2)?, row.get(3)?, payload) {
                    Ok(event) => {
                        if take(row.get(1)?, &event).is_break() {
                            break;
                        }
                    }
                    Err(source) => {
                        unreadable = Some((row.get(0)?, source));
                        break;
                    }
                }
            }
            Ok(())
        })?;
        match unreadable {
            Some((seq, source)) => Err(StoreError::Unreadable { seq, source }),
            None => Ok(()),
        }
    }

    /// The identity of a device towards the authority, as the journal has it last.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn identity(&self, device: Uuid) -> Result<DeviceIdentity, StoreError> {
        self.with("identity of a device", |connection| {
            frozen::identity_of(connection, device)
        })
    }

    pub(super) fn with<T>(
        &self,
        context: &'static str,
        read: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StoreError> {
        let connection = self.connection()?;
        let outcome = read(&connection)
            .context(&self.path, context)
            .map_err(|error| migrate::older_instead(&connection, &self.path, error));
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
            crate::plan_without_values(&connection)?;
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "cache_size", -CACHE_KIB)
        };
        settings().context(&self.path, "open for reading")?;
        migrate::refuse_newer(&connection, &self.path)?;
        Ok(connection)
    }
}

/// The names of kinds of documents as a list of SQL.
fn quoted(kinds: &[DocumentKind]) -> String {
    let names: Vec<String> = kinds
        .iter()
        .map(|kind| format!("'{}'", kind.name()))
        .collect();
    names.join(", ")
}

/// The request id of the Z-report of a shift.
pub(super) fn z_report(
    connection: &Connection,
    device: Uuid,
    z_number: u32,
) -> Result<Option<Uuid>, rusqlite::Error> {
    connection
        .prepare_cached(
            // The reconciliation of a Z-report is found by its number, however many there are.
            "SELECT id FROM reconciliation AS made JOIN document ON reserved_seq = report_seq \
             WHERE made.device = ?1 AND made.z_number = ?2",
        )?
        .query_row(params![device.as_bytes(), z_number], |row| {
            row.get::<_, [u8; 16]>(0)
        })
        .optional()
        .map(|id| id.map(Uuid::from_bytes))
}

/// The kinds of documents that are receipts.
const RECEIPTS: [DocumentKind; 3] = [
    DocumentKind::Sale,
    DocumentKind::Refund,
    DocumentKind::AlternativeSale,
];
/// The largest number of idle connections that are kept.
const IDLE_MAX: usize = 4;
/// The cache of a connection, in KiB. It is small because the operating system caches the file and the writer has its own
/// cache.
const CACHE_KIB: i64 = 256;

/// The documents that the authority has not acknowledged yet, counted in the tables.
pub(super) fn count_unsent(connection: &Connection) -> Result<UnsentCount, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT count(*), count(outbox.refusal), min(document.at), \
             coalesce(sum(document.amount) FILTER (WHERE outbox.duty IN ('sale', 'alternative_receipt')), 0), \
             (SELECT acknowledged_at FROM outbox WHERE state = 'acknowledged' AND recipient = 'authority' ORDER BY sealed_seq DESC LIMIT 1), \
             (SELECT count(*) FROM outbox WHERE state = 'laid_aside' AND recipient = 'authority') \
             FROM outbox JOIN document ON document.reserved_seq = outbox.reserved_seq \
             WHERE outbox.state = 'waiting' AND outbox.recipient = 'authority'",
        )?
        .query_row([], |row| {
            Ok(UnsentCount {
                documents: row.get(0)?,
                refused: row.get(1)?,
                oldest_ms: row.get(2)?,
                sold: row.get(3)?,
                last_acknowledged_ms: row.get(4)?,
                laid_aside: row.get(5)?,
            })
        })
}

/// The number of documents that the authority does not get, because an operator has laid them aside: there are few.
pub(super) fn count_laid_aside(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.query_row(
        "SELECT count(*) FROM outbox WHERE state = 'laid_aside' AND recipient = 'authority'",
        [],
        |row| row.get(0),
    )
}

/// The number of Z-reports whose sides differ or are not complete yet.
pub(super) fn count_z_reports(
    connection: &Connection,
) -> Result<ReconciliationCount, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT (SELECT count(*) FROM reconciliation WHERE agrees = 0), \
                    (SELECT count(*) FROM reconciliation AS this WHERE agrees = 0 AND NOT EXISTS \
                      (SELECT 1 FROM reconciliation AS later WHERE later.device = this.device AND later.z_number > this.z_number)), \
                    (SELECT count(*) FROM reconciliation WHERE acknowledged_at IS NULL)",
        )?
        .query_row([], |row| {
            Ok(ReconciliationCount {
                differing: row.get(0)?,
                newest_differing: row.get(1)?,
                unacknowledged: row.get(2)?,
            })
        })
}

//! Reading the books.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ferrotill_core::event::{Event, Reserved, Sealed, Voided};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::chain::{ChainKey, GENESIS, Link, Mac};
use super::reconcile::{self, Account};
use super::{Context, FILE_NAME, StoreError, anchor, folder};

/// What became of a request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// Its document is between reservation and seal.
    Reserved,
    /// Its document is legal.
    Sealed,
    /// Its document did not come about; the id is free again.
    Voided,
}

/// A document's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRow {
    /// Its reservation in the journal.
    pub reserved_seq: i64,
    /// Its end in the journal.
    pub settled_seq: Option<i64>,
    /// Its device.
    pub device: Uuid,
    /// Its id.
    pub id: Uuid,
    /// Its id over all tills.
    pub unique_id: Uuid,
    /// Digest of its command.
    pub fingerprint: [u8; 32],
    /// Its kind.
    pub kind: String,
    /// What became of it.
    pub state: RequestState,
    /// When it was reserved.
    pub at: i64,
    /// The Z-report of its shift.
    pub z_number: u32,
    /// Its number.
    pub number: Option<u32>,
    /// Trouble with its paper.
    pub print_error: Option<String>,
}

/// A document with its journal rows.
#[derive(Clone, Debug)]
pub struct StoredDocument {
    /// Its row.
    pub row: DocumentRow,
    /// How it reconciles, where it is a Z-report.
    pub account: Option<Account>,
    reserved: (u16, u16, Vec<u8>),
    settled: Option<(u16, u16, Vec<u8>)>,
}

impl StoredDocument {
    /// How it was reserved.
    #[must_use]
    pub fn reserved(&self) -> Option<Reserved<'_>> {
        match Event::decode(self.reserved.0, self.reserved.1, &self.reserved.2) {
            Ok(Event::Reserved(reserved)) => Some(reserved),
            _ => None,
        }
    }

    /// How it was sealed.
    #[must_use]
    pub fn sealed(&self) -> Option<Sealed<'_>> {
        let (kind, version, payload) = self.settled.as_ref()?;
        match Event::decode(*kind, *version, payload) {
            Ok(Event::Sealed(sealed)) => Some(sealed),
            _ => None,
        }
    }

    /// Why it did not come about.
    #[must_use]
    pub fn voided(&self) -> Option<Voided<'_>> {
        let (kind, version, payload) = self.settled.as_ref()?;
        match Event::decode(*kind, *version, payload) {
            Ok(Event::Voided(voided)) => Some(voided),
            _ => None,
        }
    }
}

/// A page of documents.
#[derive(Debug)]
pub struct Page {
    /// The documents, newest first.
    pub documents: Vec<StoredDocument>,
    /// How many there are in all.
    pub total: u32,
}

/// What has not been acknowledged yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnsentCount {
    /// Documents.
    pub documents: u32,
    /// Of these, refused the last time that they were sent.
    pub refused: u32,
    /// When the oldest of them was made, in milliseconds since the epoch.
    pub oldest_ms: Option<i64>,
    /// What was sold in them, gross, in minor units.
    pub sold: i64,
    /// When the office took the newest document that it has taken, in milliseconds since the epoch.
    pub last_acknowledged_ms: Option<i64>,
}

/// Readers beside the writer: a small pool of connections.
#[derive(Clone, Debug)]
pub struct Reader {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Reader {
    /// Readers of the books in a data folder.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE_NAME),
            idle: Arc::default(),
        }
    }

    /// The newest document of a request id, on a device or on any.
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
        kinds: &[&str],
        start: u32,
        count: u32,
    ) -> Result<Page, StoreError> {
        // Kinds are names of ours, never text from outside.
        let list = kinds
            .iter()
            .map(|kind| format!("'{kind}'"))
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

    /// Fiscal sales and refunds, alternative receipts, and their sums in a shift, read from the documents themselves.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn shift_sums(
        &self,
        device: Uuid,
        z_number: u32,
    ) -> Result<Vec<(String, u32, i64)>, StoreError> {
        self.with("sums of a shift", |connection| {
            connection
                .prepare_cached(
                    "SELECT kind, count(*), sum(amount) FROM document WHERE device = ?1 AND z_number = ?2 AND state = 'sealed' GROUP BY kind",
                )?
                .query_map(params![device.as_bytes(), z_number], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
                .collect()
        })
    }

    /// The Z-report of a shift.
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

    /// The last number that went out of a range of alternative receipts.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn last_of_range(
        &self,
        device: Uuid,
        series: &str,
        numbers: RangeInclusive<u32>,
    ) -> Result<Option<u32>, StoreError> {
        self.with("ranges", |connection| {
            connection
                .prepare_cached(
                    "SELECT max(number) FROM alternative_number WHERE device = ?1 AND series = ?2 AND number BETWEEN ?3 AND ?4",
                )?
                .query_row(
                    params![device.as_bytes(), series, numbers.start(), numbers.end()],
                    |row| row.get(0),
                )
        })
    }

    /// Number of the last document.
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

    /// Anchors of the journal that the books did not have at a start: evidence that `verify` tells of.
    #[must_use]
    pub fn anchors_set_aside(&self) -> usize {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        anchor::count_aside(folder)
    }

    /// Checks the chain from its first row to its last and returns how many rows there are.
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

/// Idle connections that are kept.
const IDLE_MAX: usize = 4;
/// Pages that a reader keeps; the system keeps the file's, and the writer has a cache of its own.
const CACHE_KIB: i64 = 256;

/// The columns of a [`DocumentRow`].
pub(super) const COLUMNS: &str = "reserved_seq, settled_seq, device, id, unique_id, fingerprint, kind, state, at, z_number, number, print_error";

pub(super) fn document_row(row: &Row<'_>) -> Result<DocumentRow, rusqlite::Error> {
    let state: String = row.get(7)?;
    Ok(DocumentRow {
        reserved_seq: row.get(0)?,
        settled_seq: row.get(1)?,
        device: Uuid::from_bytes(row.get(2)?),
        id: Uuid::from_bytes(row.get(3)?),
        unique_id: Uuid::from_bytes(row.get(4)?),
        fingerprint: row.get(5)?,
        kind: row.get(6)?,
        state: match state.as_str() {
            "sealed" => RequestState::Sealed,
            "voided" => RequestState::Voided,
            _ => RequestState::Reserved,
        },
        at: row.get(8)?,
        z_number: row.get(9)?,
        number: row.get(10)?,
        print_error: row.get(11)?,
    })
}

/// The newest document of a request id.
pub(super) fn request(
    connection: &Connection,
    device: Option<Uuid>,
    id: Uuid,
) -> Result<Option<DocumentRow>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM document WHERE reserved_seq = \
             (SELECT reserved_seq FROM request WHERE id = ?1) AND (?2 IS NULL OR device = ?2)"
        ))?
        .query_row(
            params![id.as_bytes(), device.as_ref().map(Uuid::as_bytes)],
            document_row,
        )
        .optional()
}

/// A document with its journal rows.
pub(super) fn document(
    connection: &Connection,
    row: DocumentRow,
) -> Result<StoredDocument, rusqlite::Error> {
    let mut statement =
        connection.prepare_cached("SELECT kind, version, payload FROM journal WHERE seq = ?1")?;
    let mut journal_row =
        |seq: i64| statement.query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
    let reserved = journal_row(row.reserved_seq)?;
    let settled = row.settled_seq.map(journal_row).transpose()?;
    let account = match row.kind.as_str() {
        "z_report" if row.state == RequestState::Sealed => {
            reconcile::account(connection, row.device, row.z_number)?
        }
        _ => None,
    };
    Ok(StoredDocument {
        row,
        account,
        reserved,
        settled,
    })
}

pub(super) fn returned(
    connection: &Connection,
    original_seq: i64,
) -> Result<Vec<(u16, i64, i64)>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT line, quantity, amount FROM returned WHERE original_seq = ?1")?
        .query_map([original_seq], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect()
}

/// What the tax office is told of a kind of document.
pub(super) fn duty(kind: &str) -> Option<&'static str> {
    match kind {
        "sale" => Some("sale"),
        "refund" => Some("refund"),
        "cash_in" => Some("deposit"),
        "cash_out" => Some("withdraw"),
        "alternative_receipt" => Some("alternative_receipt"),
        "z_report" => Some("z_report"),
        _ => None,
    }
}

/// Walks the journal after a row, checks the chain, and hands every event on.
pub(super) fn replay(
    connection: &Connection,
    path: &Path,
    key: &ChainKey,
    after: i64,
    mut take: impl FnMut(&[u8], i64, &Event<'_>),
) -> Result<(), StoreError> {
    let mut previous: Mac = if after == 0 {
        GENESIS
    } else {
        connection
            .query_row("SELECT mac FROM journal WHERE seq = ?1", [after], |row| {
                row.get(0)
            })
            .optional()
            .context(path, "journal")?
            .ok_or(StoreError::ChainBroken { seq: after })?
    };
    let mut statement = connection
        .prepare_cached("SELECT seq, device, at, kind, version, payload, mac FROM journal WHERE seq > ?1 ORDER BY seq")
        .context(path, "journal")?;
    let mut rows = statement.query([after]).context(path, "journal")?;
    let mut expected = after;
    while let Some(row) = rows.next().context(path, "journal")? {
        expected += 1;
        let seq: i64 = row.get(0).context(path, "journal")?;
        let broken = StoreError::ChainBroken { seq: expected };
        let device = row
            .get_ref(1)
            .context(path, "journal")?
            .as_blob()
            .unwrap_or_default();
        let payload = row
            .get_ref(5)
            .context(path, "journal")?
            .as_blob()
            .unwrap_or_default();
        let link = Link {
            seq,
            device,
            at: row.get(2).context(path, "journal")?,
            kind: row.get(3).context(path, "journal")?,
            version: row.get(4).context(path, "journal")?,
            payload,
        };
        let mac: Mac = row.get(6).context(path, "journal")?;
        if seq != expected || key.mac(&previous, &link) != mac {
            return Err(broken);
        }
        previous = mac;
        let event = Event::decode(link.kind, link.version, payload)
            .map_err(|source| StoreError::Unreadable { seq, source })?;
        take(device, seq, &event);
    }
    Ok(())
}

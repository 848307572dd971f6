//! The sealed documents in the order of their seals, for a recipient that numbers them itself.

use ferrotill_core::event::Event;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{SEALED, StoredDocument, document, request};
use super::{Reader, StoreError};
use uuid::Uuid;

/// A sealed document at its place in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The journal row that sealed the document.
    pub sealed_seq: i64,
    /// The amount of the document in minor units: the gross of a receipt, the cash that was moved, the sales of a report.
    pub amount: i64,
    /// Whether the authority has acknowledged the document; `None` if no authority is told of it.
    pub is_acknowledged: Option<bool>,
    /// The document with its journal rows.
    pub document: StoredDocument,
}

impl Reader {
    /// The sealed documents after a journal row, in the order of their seals, `count` at most. Only the journal rows after that one are
    /// read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], or [`StoreError::NoDocument`] if a seal belongs to no document.
    pub fn sealed_after(&self, after: i64, count: u32) -> Result<Vec<SealedRow>, StoreError> {
        let mut without = None;
        let rows = self.with("sealed documents", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, version, payload FROM journal WHERE seq > ?1 AND kind = 4 ORDER BY seq LIMIT ?2",
            )?;
            let mut rows = statement.query(params![after, count])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let seq: i64 = row.get(0)?;
                let payload = row.get_ref(2)?.as_blob()?;
                let id = match Event::decode(SEALED, row.get(1)?, payload) {
                    Ok(Event::Sealed(sealed)) => Some(Uuid::from_bytes(sealed.id.0)),
                    _ => None,
                };
                let document = match id {
                    Some(id) => sealed_row(connection, seq, id)?,
                    None => None,
                };
                match document {
                    Some(document) => found.push(document),
                    None => {
                        without = Some(seq);
                        break;
                    }
                }
            }
            Ok(found)
        })?;
        match without {
            Some(seq) if rows.is_empty() => Err(StoreError::NoDocument { seq }),
            _ => Ok(rows),
        }
    }

    /// The number of documents that were sealed up to a journal row, this one included. The whole table is read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn sealed_count(&self, through: i64) -> Result<u64, StoreError> {
        self.with("number of sealed documents", |connection| {
            connection
                .prepare_cached("SELECT count(*) FROM document WHERE state = 'sealed' AND settled_seq <= ?1")?
                .query_row([through], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        })
    }

    /// The number of documents that were sealed after a journal row, and the sum of the sales among them in minor units.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn sealed_since(&self, after: i64) -> Result<(u64, i64), StoreError> {
        self.with("documents that wait for the hub", |connection| {
            // A document is sealed after it is reserved, and few are outstanding: the first of them bounds the rows that are read.
            connection
                .prepare_cached(
                    "SELECT count(*), coalesce(sum(amount) FILTER (WHERE kind IN ('sale', 'alternative_receipt', 'amounts_receipt')), 0) \
                     FROM document WHERE state = 'sealed' AND settled_seq > ?1",
                )?
                .query_row([after], |row| Ok((row.get(0)?, row.get(1)?)))
        })
    }

    /// The journal row of the n-th sealed document, counted from 1 after a journal row; the row itself for 0. `None` if the journal has
    /// fewer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn sealed_place(&self, after: i64, number: u64) -> Result<Option<i64>, StoreError> {
        let Some(before) = number.checked_sub(1) else {
            return Ok(Some(after));
        };
        self.with("place of a sealed document", |connection| {
            connection
                .prepare_cached(
                    "SELECT settled_seq FROM document WHERE state = 'sealed' AND settled_seq > ?1 ORDER BY settled_seq LIMIT 1 OFFSET ?2",
                )?
                .query_row(
                    params![after, i64::try_from(before).unwrap_or(i64::MAX)],
                    |row| row.get(0),
                )
                .optional()
        })
    }

    /// How often the folder was restored from a backup, and the journal row of the last time; zeros for a folder that was never
    /// restored.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn restored(&self) -> Result<(u32, i64), StoreError> {
        self.with("epoch", |connection| {
            let epoch: u32 =
                connection.query_row("SELECT coalesce(max(epoch), 0) FROM founded", [], |row| {
                    row.get(0)
                })?;
            if epoch == 0 {
                return Ok((0, 0));
            }
            let row = connection.query_row(
                "SELECT coalesce(max(seq), 0) FROM journal WHERE kind = ?1",
                [RESTORED],
                |row| row.get(0),
            )?;
            Ok((epoch, row))
        })
    }
}

fn sealed_row(
    connection: &Connection,
    sealed_seq: i64,
    id: Uuid,
) -> Result<Option<SealedRow>, rusqlite::Error> {
    let Some(row) = request(connection, None, id)? else {
        return Ok(None);
    };
    if row.settled_seq != Some(sealed_seq) {
        return Ok(None);
    }
    let amount = connection
        .prepare_cached("SELECT amount FROM document WHERE reserved_seq = ?1")?
        .query_row([row.reserved_seq], |row| row.get(0))?;
    let is_acknowledged = connection
        .prepare_cached(
            "SELECT state = 'acknowledged' FROM outbox WHERE sealed_seq = ?1 AND recipient = 'authority'",
        )?
        .query_row([sealed_seq], |row| row.get(0))
        .optional()?;
    Ok(Some(SealedRow {
        sealed_seq,
        amount,
        is_acknowledged,
        document: document(connection, row)?,
    }))
}

/// The number of the event [`Event::Restored`] in the journal.
const RESTORED: u16 = 12;

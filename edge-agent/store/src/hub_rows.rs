//! The journal rows that are sent to a hub, in their order: sealed documents, and restores from a backup.
//!
//! They follow from the journal alone. Nothing is written for the hub when a document is sealed.

use ferrotill_core::event::Event;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::rows::{SEALED, StoredDocument, document, request};
use super::{Reader, StoreError};

/// A journal row that is sent to a hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubRow {
    /// A document was sealed.
    Sealed(Box<SealedRow>),
    /// The folder was restored from a backup.
    Restored(RestoredRow),
}

/// A sealed document at its place in the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRow {
    /// The journal row that sealed the document.
    pub seq: i64,
    /// The amount of the document in minor units: the gross of a receipt, the cash that was moved, the sales of a report.
    pub amount: i64,
    /// The document with its journal rows.
    pub document: StoredDocument,
}

/// A restore, and what a person has accepted after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoredRow {
    /// The journal row of the restore.
    pub seq: i64,
    /// How often the folder was restored, this time included.
    pub epoch: u32,
    /// The encoded events: the restore, and the losses that were accepted; each with its kind and its version.
    pub events: Vec<(u16, u16, Vec<u8>)>,
    /// When the folder was restored, in milliseconds since the epoch, and the minutes that local time was ahead of UTC.
    pub at: (i64, i16),
}

impl HubRow {
    /// The number of the journal row.
    #[must_use]
    pub fn seq(&self) -> i64 {
        match self {
            Self::Sealed(row) => row.seq,
            Self::Restored(row) => row.seq,
        }
    }
}

impl Reader {
    /// The rows after a journal row, `count` at most. Only the journal after that row is read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], or [`StoreError::NoDocument`] if a seal belongs to no document.
    pub fn hub_rows(&self, after: i64, count: u32) -> Result<Vec<HubRow>, StoreError> {
        let mut without = None;
        let rows = self.with("rows for the hub", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, kind, version, payload FROM journal WHERE seq > ?1 AND kind IN (4, 12) ORDER BY seq LIMIT ?2",
            )?;
            let mut rows = statement.query(params![after, count])?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let seq: i64 = row.get(0)?;
                let payload = row.get_ref(3)?.as_blob()?;
                let told = match Event::decode(row.get(1)?, row.get(2)?, payload) {
                    Ok(Event::Sealed(sealed)) => {
                        sealed_row(connection, seq, Uuid::from_bytes(sealed.id.0))?
                    }
                    Ok(Event::Restored(restored)) => Some(HubRow::Restored(RestoredRow {
                        seq,
                        epoch: restored.epoch,
                        events: restore_events(connection, seq)?,
                        at: (restored.at.utc_ms, restored.at.offset_minutes),
                    })),
                    _ => None,
                };
                let Some(told) = told else {
                    without = Some(seq);
                    break;
                };
                found.push(told);
            }
            Ok(found)
        })?;
        match without {
            Some(seq) if rows.is_empty() => Err(StoreError::NoDocument { seq }),
            _ => Ok(rows),
        }
    }

    /// The number of the journal row that is `steps` rows for the hub behind a journal row, which need not be one itself; the row itself
    /// for 0. `None` if the journal has fewer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn hub_row_behind(&self, row: i64, steps: u64) -> Result<Option<i64>, StoreError> {
        self.hub_row_at(
            "SELECT seq FROM journal WHERE seq > ?1 AND kind IN (4, 12) ORDER BY seq LIMIT 1 OFFSET ?2",
            row,
            steps,
        )
    }

    /// The number of the journal row that is `steps` rows for the hub in front of `row`; `row` itself for 0, and 0 in front of the first of
    /// them. `None` if the journal has fewer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn hub_row_before(&self, row: i64, steps: u64) -> Result<Option<i64>, StoreError> {
        let found = self.hub_row_at(
            "SELECT seq FROM journal WHERE seq < ?1 AND kind IN (4, 12) ORDER BY seq DESC LIMIT 1 OFFSET ?2",
            row,
            steps,
        )?;
        if found.is_some() || steps == 0 {
            return Ok(found);
        }
        let count = self.hub_rows_between(0, row)?;
        Ok((count.checked_add(1) == Some(steps)).then_some(0))
    }

    fn hub_row_at(
        &self,
        sql: &'static str,
        row: i64,
        steps: u64,
    ) -> Result<Option<i64>, StoreError> {
        let Some(skipped) = steps.checked_sub(1) else {
            return Ok(Some(row));
        };
        self.with("row for the hub", |connection| {
            connection
                .prepare_cached(sql)?
                .query_row(
                    params![row, i64::try_from(skipped).unwrap_or(i64::MAX)],
                    |row| row.get(0),
                )
                .optional()
        })
    }

    /// The number of the rows for the hub between two journal rows, both not included.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn hub_rows_between(&self, after: i64, before: i64) -> Result<u64, StoreError> {
        self.with("rows for the hub", |connection| {
            connection
                .prepare_cached(
                    "SELECT count(*) FROM journal WHERE seq > ?1 AND seq < ?2 AND kind IN (4, 12)",
                )?
                .query_row([after, before], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
        })
    }

    /// The number of the rows for the hub after a journal row, `most` at most.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn hub_backlog(&self, after: i64, most: u32) -> Result<u64, StoreError> {
        self.with("rows for the hub", |connection| {
            connection
                .prepare_cached(
                    "SELECT count(*) FROM (SELECT 1 FROM journal WHERE seq > ?1 AND kind IN (4, 12) LIMIT ?2)",
                )?
                .query_row(params![after, most], |row| row.get::<_, i64>(0))
                .map(i64::unsigned_abs)
        })
    }

    /// The journal rows of the restores of the folder, oldest first. Only a folder that was restored is searched.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn restores(&self) -> Result<Vec<i64>, StoreError> {
        self.with("epoch", |connection| {
            let epoch: u32 =
                connection.query_row("SELECT coalesce(max(epoch), 0) FROM founded", [], |row| {
                    row.get(0)
                })?;
            if epoch == 0 {
                return Ok(Vec::new());
            }
            connection
                .prepare("SELECT seq FROM journal WHERE kind = 12 ORDER BY seq")?
                .query_map([], |row| row.get(0))?
                .collect()
        })
    }

    /// When a device has made its last sale, in milliseconds since the epoch; `None` if it has made none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn last_sale(&self, device: Uuid) -> Result<Option<i64>, StoreError> {
        self.with("last sale", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT at FROM document WHERE device = ?1 AND kind = ?2 AND number IS NOT NULL ORDER BY number DESC LIMIT 1",
            )?;
            let mut last: Option<i64> = None;
            for kind in ["sale", "alternative_receipt", "amounts_receipt"] {
                let at = statement
                    .query_row(params![device.as_bytes(), kind], |row| row.get(0))
                    .optional()?;
                last = last.max(at);
            }
            Ok(last)
        })
    }
}

fn sealed_row(
    connection: &Connection,
    seq: i64,
    id: Uuid,
) -> Result<Option<HubRow>, rusqlite::Error> {
    let row = request(connection, None, id)?.filter(|row| row.settled_seq == Some(seq));
    let Some(row) = row else { return Ok(None) };
    let amount = connection
        .prepare_cached("SELECT amount FROM document WHERE reserved_seq = ?1")?
        .query_row([row.reserved_seq], |row| row.get(0))?;
    let document = document(connection, row)?;
    Ok(Some(HubRow::Sealed(Box::new(SealedRow {
        seq,
        amount,
        document,
    }))))
}

/// The restore, and the accepted losses right behind it.
fn restore_events(
    connection: &Connection,
    seq: i64,
) -> Result<Vec<(u16, u16, Vec<u8>)>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, version, payload FROM journal WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = statement.query(params![seq, RESTORE_EVENTS_MAX])?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        let kind: u16 = row.get(0)?;
        if !events.is_empty() && kind != LOSS_ACCEPTED {
            break;
        }
        events.push((kind, row.get(1)?, row.get(2)?));
    }
    Ok(events)
}

/// The number of the event [`Event::LossAccepted`] in the journal.
const LOSS_ACCEPTED: u16 = 31;
/// So many events of a restore are told.
const RESTORE_EVENTS_MAX: u32 = 8;
const _: () = assert!(SEALED == 4);

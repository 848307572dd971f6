//! Signed receipts as a compatible API lists them: by their number, with or without a document.
//!
//! The numbers of a register are 1, 2, 3 and so on, so the number of a receipt is the place of its `ReceiptPrepared` row.

use std::ops::ControlFlow;
use std::sync::PoisonError;

use ferrotill_core::event::Event;
use ferrotill_core::profile::signed::Kind;
use ferrotill_core::seal::Seal;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::StoreError;
use super::counted::PreparedRows;
use super::marks::ListPlace;
use super::query::Reader;
use super::rows::{StoredDocument, document, request};

/// A signed receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedReceipt {
    /// When it was prepared, in milliseconds since the epoch.
    pub at_ms: i64,
    /// Its kind.
    pub kind: Kind,
    /// The receipt in its compact form.
    pub compact: String,
    /// Its document, if it has one.
    pub document: Option<StoredDocument>,
    /// The journal row that has the compact form.
    pub signed_seq: i64,
}

/// Which receipts of a register are wanted.
#[derive(Clone, Copy, Debug)]
pub struct SignedPage<'p> {
    /// The kinds; empty for all.
    pub kinds: &'p [Kind],
    /// True for the newest first.
    pub descending: bool,
    /// How many are left out before the first.
    pub offset: u64,
    /// The largest number of receipts.
    pub limit: u64,
}

/// A row that says that a receipt was prepared.
struct PreparedRow {
    seq: i64,
    at_ms: i64,
    kind: Kind,
    document: Option<Uuid>,
}

impl Reader {
    /// Gives the receipts of a page to `take`, one after the other, until `take` breaks off. Returns the number of receipts on all pages.
    ///
    /// With kinds, every receipt of the register is looked at.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn each_signed_on_page(
        &self,
        device: Uuid,
        page: SignedPage<'_>,
        mut take: impl FnMut(SignedReceipt) -> ControlFlow<()>,
    ) -> Result<u64, StoreError> {
        self.with(PLACE, |connection| {
            let (total, rows) = page_rows(connection, &self.prepared_rows, device, page)?;
            for row in rows {
                if let Some(receipt) = signed(connection, device, &row)?
                    && take(receipt).is_break()
                {
                    break;
                }
            }
            Ok(total)
        })
    }

    /// Gives every row of the journal to `take`, in order, until `take` breaks off: its number, its device, the moment of the row in
    /// milliseconds since the epoch, and its event. One event is in memory at a time.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`], [`StoreError::Unreadable`].
    pub fn each_row(
        &self,
        mut take: impl FnMut((i64, Uuid, i64), &Event<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut unreadable = None;
        self.with("rows of the journal", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT seq, device, at, kind, version, payload FROM journal ORDER BY seq",
            )?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let payload = row.get_ref(5)?.as_blob()?;
                match Event::decode(row.get(3)?, row.get(4)?, payload) {
                    Ok(event) => {
                        let place = (row.get(0)?, Uuid::from_bytes(row.get(1)?), row.get(2)?);
                        if take(place, &event).is_break() {
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

    /// The receipt of a register with a number; `None` if it is not sealed or does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn signed_receipt(
        &self,
        device: Uuid,
        number: u64,
    ) -> Result<Option<SignedReceipt>, StoreError> {
        self.with(PLACE, |connection| {
            let Some(index) = number.checked_sub(1) else {
                return Ok(None);
            };
            let last = last_sealed(connection, device)?;
            let lists = (connection, &self.prepared_rows);
            let (_, place) = sealed_place(lists, (device, last), (false, index))?;
            let row = connection
                .prepare_cached(&rows_in_order("ASC"))?
                .query_row(
                    params![device.as_bytes(), place.above, place.to, 1, place.skip],
                    prepared,
                )
                .optional()?
                .flatten();
            match row {
                Some(row) => signed(connection, device, &row),
                None => Ok(None),
            }
        })
    }

    /// The receipt of a document; `None` if the document is not sealed by a signature or does not exist.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn signed_document(
        &self,
        device: Uuid,
        id: Uuid,
    ) -> Result<Option<SignedReceipt>, StoreError> {
        let found = self.find(Some(device), id)?;
        Ok(found.and_then(of_document))
    }
}

const PLACE: &str = "signed receipts";

/// The rows of a page, without a receipt that is not sealed yet, and the number of rows on all pages.
fn page_rows(
    connection: &Connection,
    prepared_rows: &PreparedRows,
    device: Uuid,
    page: SignedPage<'_>,
) -> Result<(u64, Vec<PreparedRow>), rusqlite::Error> {
    let order = if page.descending { "DESC" } else { "ASC" };
    let mut statement = connection.prepare_cached(&rows_in_order(order))?;
    let last = last_sealed(connection, device)?;
    if page.kinds.is_empty() {
        let (total, place) = sealed_place(
            (connection, prepared_rows),
            (device, last),
            (page.descending, page.offset),
        )?;
        let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
        let values = params![device.as_bytes(), place.above, place.to, limit, place.skip];
        let rows = statement
            .query_map(values, prepared)?
            .collect::<Result<Vec<_>, _>>()?;
        return Ok((total.into(), rows.into_iter().flatten().collect()));
    }
    let mut all = statement.query(params![device.as_bytes(), 0, last, i64::MAX, 0])?;
    let (mut total, mut rows) = (0_u64, Vec::new());
    let end = page.offset.saturating_add(page.limit);
    while let Some(row) = all.next()? {
        let Some(found) = prepared(row)?.filter(|found| page.kinds.contains(&found.kind)) else {
            continue;
        };
        if (page.offset..end).contains(&total) {
            rows.push(found);
        }
        total = total.saturating_add(1);
    }
    Ok((total, rows))
}

fn rows_in_order(order: &str) -> String {
    format!(
        "SELECT seq, at, kind, version, payload FROM journal \
         WHERE kind = 16 AND device = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq {order} LIMIT ?4 OFFSET ?5"
    )
}

/// How many prepared receipts a device has up to the last sealed one, and the place of one of them.
fn sealed_place(
    (connection, prepared_rows): (&Connection, &PreparedRows),
    (device, last): (Uuid, i64),
    (descending, index): (bool, u64),
) -> Result<(u32, ListPlace), rusqlite::Error> {
    let mut prepared_rows = prepared_rows.lock().unwrap_or_else(PoisonError::into_inner);
    let marks = prepared_rows.entry(device).or_default();
    let mut next = connection.prepare_cached(
        "SELECT count(*), max(seq) FROM (SELECT seq FROM journal \
         WHERE kind = 16 AND device = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq LIMIT ?4)",
    )?;
    marks.go_on(|mark, count| {
        let values = params![device.as_bytes(), mark, last, count];
        next.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))
    })?;
    Ok((marks.total(), marks.place(descending, index, last)))
}

/// The row of the last prepared receipt that is sealed.
fn last_sealed(connection: &Connection, device: Uuid) -> Result<i64, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, at, kind, version, payload FROM journal WHERE kind = 16 AND device = ?1 ORDER BY seq DESC LIMIT 2",
    )?;
    let mut rows = statement.query([device.as_bytes()])?;
    while let Some(row) = rows.next()? {
        if let Some(found) = prepared(row)?
            && signed(connection, device, &found)?.is_some()
        {
            return Ok(found.seq);
        }
    }
    Ok(0)
}

fn prepared(row: &rusqlite::Row<'_>) -> Result<Option<PreparedRow>, rusqlite::Error> {
    let payload = row.get_ref(4)?.as_blob()?;
    let Ok(Event::ReceiptPrepared(receipt)) = Event::decode(row.get(2)?, row.get(3)?, payload)
    else {
        return Ok(None);
    };
    Ok(Some(PreparedRow {
        seq: row.get(0)?,
        at_ms: row.get(1)?,
        kind: receipt.kind,
        document: receipt.document.map(|id| Uuid::from_bytes(id.0)),
    }))
}

/// The sealed receipt of a prepared one.
fn signed(
    connection: &Connection,
    device: Uuid,
    row: &PreparedRow,
) -> Result<Option<SignedReceipt>, rusqlite::Error> {
    if let Some(id) = row.document {
        return match request(connection, Some(device), id)? {
            Some(found) => Ok(of_document(document(connection, found)?)),
            None => Ok(None),
        };
    }
    // It is the next row of its kind, because no other receipt is prepared before it is signed.
    let found = connection
        .prepare_cached(
            "SELECT kind, version, payload, seq FROM journal WHERE device = ?1 AND kind IN (16, 17) AND seq > ?2 ORDER BY seq LIMIT 1",
        )?
        .query_row(params![device.as_bytes(), row.seq], |found| {
            let payload = found.get_ref(2)?.as_blob()?;
            Ok(match Event::decode(found.get(0)?, found.get(1)?, payload) {
                Ok(Event::ReceiptSigned(receipt)) => {
                    Some((receipt.kind, receipt.compact.to_owned(), found.get(3)?))
                }
                _ => None,
            })
        })
        .optional()?
        .flatten();
    Ok(found.map(|(kind, compact, signed_seq)| SignedReceipt {
        at_ms: row.at_ms,
        kind,
        compact,
        document: None,
        signed_seq,
    }))
}

fn of_document(document: StoredDocument) -> Option<SignedReceipt> {
    let Seal::Signature { kind, compact } = document.sealed()?.seal else {
        return None;
    };
    Some(SignedReceipt {
        at_ms: document.row.at,
        kind,
        compact: compact.to_owned(),
        signed_seq: document.row.settled_seq?,
        document: Some(document),
    })
}

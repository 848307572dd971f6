//! A printer's counters as the journal contains them. After a start they show what the printer did by itself while the agent
//! was stopped.

use ferrotill_core::Amount;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::Event;
use ferrotill_core::seal::{ModuleSeal, Seal, StoredBaseline};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::journal::{Batch, Store};
use super::rows::{self, COLUMNS, RequestState, StoredDocument};
use super::{Context, Reader, StoreError};

impl Store {
    /// The last counters of a device's printer in the journal: the counters before the last document, or the counters after a
    /// Z-report that the printer made by itself. `None` if the device has no document yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn printer_counters<R>(
        &self,
        device: Uuid,
        read: impl FnOnce(&StoredBaseline<'_>) -> R,
    ) -> Result<Option<R>, StoreError> {
        counters(self.connection(), device, read).context(self.path(), PLACE)
    }
}

impl Batch<'_> {
    /// [`Store::printer_counters`], including the rows that this batch has written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn printer_counters<R>(
        &self,
        device: Uuid,
        read: impl FnOnce(&StoredBaseline<'_>) -> R,
    ) -> Result<Option<R>, StoreError> {
        counters(self.connection(), device, read).context(self.path(), PLACE)
    }
}

/// What a printer's counter of fiscal receipts shows if only this till has used the printer since the last document of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedReceipts {
    /// The number of the next fiscal receipt; 0 if the printer does not report it.
    pub next: u32,
    /// Whether the last document was a Z-report. A counter of the day is 1 after it; a counter since fiscalisation is still `next`.
    pub closed: bool,
}

impl Batch<'_> {
    /// What the counter of fiscal receipts of a device's printer must show after the last document in the journal. `None` if the device
    /// has no document on a printer yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn expected_receipts(&self, device: Uuid) -> Result<Option<ExpectedReceipts>, StoreError> {
        let document =
            last_document_on_printer(self.connection(), device).context(self.path(), PLACE)?;
        let Some(document) = document else {
            return Ok(None);
        };
        let Some(before) = document.reserved().and_then(|reserved| reserved.baseline) else {
            return Ok(None);
        };
        let after = document
            .row
            .settled_seq
            .unwrap_or(document.row.reserved_seq);
        if let Some(next) = closed_by_printer_after(self.connection(), device, after, |now| {
            now.next_fiscal_receipt
        })
        .context(self.path(), PLACE)?
        {
            return Ok(Some(ExpectedReceipts {
                next,
                closed: false,
            }));
        }
        let is_receipt = [DocumentKind::Sale, DocumentKind::Refund].contains(&document.row.kind);
        let own = document.sealed().and_then(|sealed| match sealed.seal {
            Seal::Printer { fiscal_receipt, .. } => fiscal_receipt,
            _ => None,
        });
        let next = match (before.next_fiscal_receipt, own) {
            (0, _) => 0,
            (_, Some(own)) if is_receipt => own.saturating_add(1).max(before.next_fiscal_receipt),
            // A receipt without its number may have used one, also a cancelled one.
            (next, _) if is_receipt => next.saturating_add(1),
            (next, _) => next,
        };
        Ok(Some(ExpectedReceipts {
            next,
            closed: document.row.kind == DocumentKind::ZReport
                && document.row.state == RequestState::Sealed,
        }))
    }
}

impl Reader {
    /// The document of a device that was given to its printer and whose outcome is not in the journal yet; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn document_at_printer(&self, device: Uuid) -> Result<Option<StoredDocument>, StoreError> {
        self.with(PLACE, |connection| {
            let last = last_document_on_printer(connection, device)?;
            Ok(last.filter(|document| document.row.state == RequestState::Reserved))
        })
    }

    /// The cash in the drawer by the last known counters of a device's printer; `None` if the device has no document yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn printer_cash(&self, device: Uuid) -> Result<Option<Amount>, StoreError> {
        self.with(PLACE, |connection| {
            counters(connection, device, |before| before.cash)
        })
    }
}

const PLACE: &str = "counters of the printer";

fn counters<R>(
    connection: &Connection,
    device: Uuid,
    read: impl FnOnce(&StoredBaseline<'_>) -> R,
) -> Result<Option<R>, rusqlite::Error> {
    let document = last_document_on_printer(connection, device)?;
    let after = document.as_ref().map_or(0, |document| {
        let row = &document.row;
        row.settled_seq.unwrap_or(row.reserved_seq)
    });
    let mut read = Some(read);
    let mut once = |counters: &StoredBaseline<'_>| read.take().map(|read| read(counters));
    if let Some(closed) = closed_by_printer_after(connection, device, after, &mut once)? {
        return Ok(closed);
    }
    Ok(document
        .as_ref()
        .and_then(after_document)
        .as_ref()
        .and_then(once))
}

/// The counters of the last Z-report that a device's printer has made by itself after a journal row.
fn closed_by_printer_after<R>(
    connection: &Connection,
    device: Uuid,
    after: i64,
    read: impl FnOnce(&StoredBaseline<'_>) -> R,
) -> Result<Option<R>, rusqlite::Error> {
    let noted: Option<(u16, u16, Vec<u8>)> = connection
        .prepare_cached(&closed_by_printer())?
        .query_row(params![device.as_bytes(), after], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    Ok(noted.and_then(
        |(kind, version, payload)| match Event::decode(kind, version, &payload) {
            Ok(Event::ClosedByPrinter(closed)) => Some(read(&closed.now)),
            _ => None,
        },
    ))
}

/// The last document of a device that has a printer's counters. A document that the journal has sealed has none.
pub(super) fn last_document_on_printer(
    connection: &Connection,
    device: Uuid,
) -> Result<Option<StoredDocument>, rusqlite::Error> {
    let mut before = i64::MAX;
    loop {
        let row = connection
            .prepare_cached(&last_on_printer())?
            .query_row(params![device.as_bytes(), before], rows::document_row)
            .optional()?;
        let Some(row) = row else { return Ok(None) };
        before = row.reserved_seq;
        let document = rows::document(connection, row)?;
        let by_books = document
            .sealed()
            .is_some_and(|sealed| sealed.seal == Seal::Journal);
        if !by_books {
            return Ok(Some(document));
        }
    }
}

/// The counters from before a document. After a Z-report, they are the counters of a new day.
fn after_document(document: &StoredDocument) -> Option<StoredBaseline<'_>> {
    let before = document.reserved()?.baseline?;
    if document.row.kind != DocumentKind::ZReport || document.row.state != RequestState::Sealed {
        return Some(before);
    }
    let z_number = match document.sealed()?.seal {
        Seal::Printer {
            counters: Some(counters),
            ..
        } => counters.z_number,
        Seal::Module(ModuleSeal {
            counters: Some(counters),
            ..
        }) => counters.z_number,
        _ => before.z_number.saturating_add(1),
    };
    Some(StoredBaseline {
        z_number,
        next_fiscal_receipt: 0,
        cash: Amount::ZERO,
        cash_in: Amount::ZERO,
        cash_out: Amount::ZERO,
        ..before
    })
}

/// The query for the last document of a device, before a journal row, that is neither an alternative nor a non-fiscal receipt. An index makes it fast, even after a
/// year of alternative receipts.
pub(super) fn last_on_printer() -> String {
    format!(
        "SELECT {COLUMNS} FROM document WHERE device = ?1 AND kind <> 'alternative_receipt' AND kind <> 'nonfiscal_receipt' AND reserved_seq < ?2 ORDER BY reserved_seq DESC LIMIT 1"
    )
}

/// The query for the last [`Event::ClosedByPrinter`] of a device after a row. An index of only such rows makes it fast.
pub(super) fn closed_by_printer() -> String {
    format!(
        "SELECT kind, version, payload FROM journal WHERE device = ?1 AND kind = {CLOSED_BY_PRINTER} AND seq > ?2 \
         ORDER BY seq DESC LIMIT 1"
    )
}

/// The number of the event [`Event::ClosedByPrinter`] in the journal.
const CLOSED_BY_PRINTER: u16 = 8;

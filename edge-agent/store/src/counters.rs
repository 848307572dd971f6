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

impl Reader {
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
    let noted: Option<(u16, u16, Vec<u8>)> = connection
        .prepare_cached(&closed_by_printer())?
        .query_row(params![device.as_bytes(), after], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    if let Some((kind, version, payload)) = noted
        && let Ok(Event::ClosedByPrinter(closed)) = Event::decode(kind, version, &payload)
    {
        return Ok(Some(read(&closed.now)));
    }
    Ok(document
        .as_ref()
        .and_then(after_document)
        .as_ref()
        .map(read))
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

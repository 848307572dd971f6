//! What the books know of a printer's counters: enough to notice, after a start, what it did on its own meanwhile.

use ferrotill_core::Amount;
use ferrotill_core::event::Event;
use ferrotill_core::seal::{Baseline, Seal};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::journal::{Batch, Store};
use super::query::{self, COLUMNS, Reader, RequestState, StoredDocument};
use super::{Context, StoreError};

impl Store {
    /// The counters of a device's printer as the journal has them last: from before its last document on the printer,
    /// or from when its own Z-report was noticed. `None` before the first one.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn printer_counters<R>(
        &self,
        device: Uuid,
        read: impl FnOnce(&Baseline<'_>) -> R,
    ) -> Result<Option<R>, StoreError> {
        counters(self.connection(), device, read).context(self.path(), PLACE)
    }
}

/// A printer and its fiscal memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrinterName {
    /// Its serial number.
    pub serial: String,
    /// The number of its fiscal memory.
    pub fiscal_memory: String,
}

impl Store {
    /// The printer of a device's last Z-report, if that took exactly one of its document numbers.
    /// From then on as many new documents as Z-reports mean that nothing else was printed.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn z_takes_a_number_on(&self, device: Uuid) -> Result<Option<PrinterName>, StoreError> {
        z_takes_a_number_on(self.connection(), device).context(self.path(), "the last Z-report")
    }

    /// A person has answered for a document of a device since its last Z-report, or for that report itself.
    /// Then the sums of the open shift are somebody's word as well as the printer's.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn rests_on_a_word(&self, device: Uuid) -> Result<bool, StoreError> {
        rests_on_a_word(self.connection(), device).context(self.path(), "the last declaration")
    }
}

impl Reader {
    /// The same as [`Store::rests_on_a_word`], beside the writer.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn rests_on_a_word(&self, device: Uuid) -> Result<bool, StoreError> {
        self.with("the last declaration", |connection| {
            rests_on_a_word(connection, device)
        })
    }
}

impl Batch<'_> {
    /// The counters of a device's printer with what this batch has written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn printer_counters<R>(
        &self,
        device: Uuid,
        read: impl FnOnce(&Baseline<'_>) -> R,
    ) -> Result<Option<R>, StoreError> {
        counters(self.connection(), device, read).context(self.path(), PLACE)
    }

    /// The printer of a device's last Z-report, with what this batch has written.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn z_takes_a_number_on(&self, device: Uuid) -> Result<Option<PrinterName>, StoreError> {
        z_takes_a_number_on(self.connection(), device).context(self.path(), "the last Z-report")
    }
}

fn z_takes_a_number_on(
    connection: &Connection,
    device: Uuid,
) -> Result<Option<PrinterName>, rusqlite::Error> {
    let row = connection
        .prepare_cached(&last_z_report())?
        .query_row([device.as_bytes()], query::document_row)
        .optional()?;
    let Some(row) = row else { return Ok(None) };
    let document = query::document(connection, row)?;
    Ok(counted_on(&document))
}

fn rests_on_a_word(connection: &Connection, device: Uuid) -> Result<bool, rusqlite::Error> {
    let word: Option<i64> = connection
        .prepare_cached(&last_declared())?
        .query_row([device.as_bytes()], |row| row.get(0))
        .optional()?;
    let Some(word) = word else { return Ok(false) };
    let report = connection
        .prepare_cached(&last_z_report())?
        .query_row([device.as_bytes()], query::document_row)
        .optional()?;
    // The word on a report stands right before its seal.
    let sealed = report.and_then(|report| report.settled_seq);
    Ok(sealed.is_none_or(|sealed| word >= sealed - 1))
}

/// The printer, if the number of the Z-report is the one after the number before it.
fn counted_on(report: &StoredDocument) -> Option<PrinterName> {
    let before = report.reserved()?.baseline?;
    let Seal::Printer {
        document,
        counters: Some(counters),
        ..
    } = report.sealed()?.seal
    else {
        return None;
    };
    let is_next = |before: u32, after: u32| before.checked_add(1) == Some(after);
    let counted =
        is_next(before.last_document, document) && is_next(before.z_number, counters.z_number);
    counted.then(|| PrinterName {
        serial: before.serial.to_owned(),
        fiscal_memory: before.fiscal_memory.to_owned(),
    })
}

const PLACE: &str = "counters of the printer";

fn counters<R>(
    connection: &Connection,
    device: Uuid,
    read: impl FnOnce(&Baseline<'_>) -> R,
) -> Result<Option<R>, rusqlite::Error> {
    let row = connection
        .prepare_cached(&last_on_printer())?
        .query_row([device.as_bytes()], query::document_row)
        .optional()?;
    let after = row
        .as_ref()
        .map_or(0, |row| row.settled_seq.unwrap_or(row.reserved_seq));
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
    let Some(row) = row else { return Ok(None) };
    let document = query::document(connection, row)?;
    Ok(after_document(&document).as_ref().map(read))
}

/// The counters from before a document; after a Z-report those of a new day, as far as they are known.
fn after_document(document: &StoredDocument) -> Option<Baseline<'_>> {
    let before = document.reserved()?.baseline?;
    if document.row.kind != "z_report" || document.row.state != RequestState::Sealed {
        return Some(before);
    }
    let told = match document.sealed()?.seal {
        Seal::Printer {
            counters: Some(counters),
            ..
        } => counters.z_number,
        _ => before.z_number.saturating_add(1),
    };
    Some(Baseline {
        z_number: told,
        next_fiscal_receipt: 0,
        cash: Amount::ZERO,
        cash_in: Amount::ZERO,
        cash_out: Amount::ZERO,
        ..before
    })
}

/// A device's last document on its printer. A till that has sold on alternative receipts for a year finds it through its index.
pub(super) fn last_on_printer() -> String {
    format!(
        "SELECT {COLUMNS} FROM document WHERE device = ?1 AND kind <> 'alternative_receipt' ORDER BY reserved_seq DESC LIMIT 1"
    )
}

/// A device's last Z-report, through an index.
pub(super) fn last_z_report() -> String {
    format!(
        "SELECT {COLUMNS} FROM document WHERE device = ?1 AND kind = 'z_report' AND number IS NOT NULL ORDER BY number DESC LIMIT 1"
    )
}

/// The last day after a row that a device's printer closed on its own; through an index too, which holds nothing else.
pub(super) fn closed_by_printer() -> String {
    format!(
        "SELECT kind, version, payload FROM journal WHERE device = ?1 AND kind = {CLOSED_BY_PRINTER} AND seq > ?2 \
         ORDER BY seq DESC LIMIT 1"
    )
}

/// A device's last document that a person answered for; through an index of its own, too.
pub(super) fn last_declared() -> String {
    format!(
        "SELECT seq FROM journal WHERE device = ?1 AND kind = {DECLARED} ORDER BY seq DESC LIMIT 1"
    )
}

/// The journal's number of [`Event::Declared`].
const DECLARED: u16 = 9;
/// The journal's number of [`Event::ClosedByPrinter`].
const CLOSED_BY_PRINTER: u16 = 8;

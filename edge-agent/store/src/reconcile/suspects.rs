//! Finds the documents that may explain a difference of a figure.

use ferrotill_core::event::{Event, Reserved, Sealed};
use ferrotill_core::seal::Seal;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::printers::PrinterOfReport;
use super::sums::Sums;
use super::{ReconciliationFigure, for_each_document};

/// The largest number of documents that are named for a difference, because a list of the whole shift would not help.
const SUSPECTS_MAX: usize = 20;

/// The documents that may explain a difference. If the part of single documents equals the difference, these documents are
/// named. Otherwise, if the printer counted a fiscal receipt that the journal does not have, the documents before and after it
/// are named. Otherwise all documents that contribute to the figure are named.
pub(super) fn suspects(
    connection: &Connection,
    device: Uuid,
    first: u32,
    last: u32,
    figure: &ReconciliationFigure,
) -> Result<Vec<(u32, Uuid)>, rusqlite::Error> {
    // The authority's side is complete later and must not change the documents that were named when the report was sealed.
    let at_printer = figure
        .printer
        .and_then(|printer| printer.checked_add(figure.other_printers));
    let sides: &[Option<i64>] = if figure.agrees_at_the_till() {
        &[figure.authority]
    } else {
        &[figure.report, at_printer]
    };
    let gaps: Vec<i64> = sides
        .iter()
        .flatten()
        .filter_map(|side| side.checked_sub(figure.documents)?.checked_abs())
        .filter(|gap| *gap > 0)
        .collect();
    // Only the counters of the Z-report's printer differ: what other printers have printed does not explain it.
    let only_the_printer_differs = figure
        .report
        .is_none_or(|report| report == figure.documents)
        && !figure.is_equal_at_the_printer();
    let printer = PrinterOfReport::find(connection, device, last)?;
    let is_elsewhere = |reserved: &Reserved<'_>| {
        only_the_printer_differs
            && printer
                .as_ref()
                .is_some_and(|printer| printer.is_not_of(reserved))
    };
    let (mut exact, mut part) = (Vec::new(), Vec::new());
    for_each_document(
        connection,
        device,
        first,
        last,
        &mut |number, id, reserved, _| {
            if is_elsewhere(reserved) {
                return;
            }
            let mut own = Sums::default();
            own.count(&reserved.body);
            let own = own
                .0
                .iter()
                .find(|(subject, _)| subject.to_string() == figure.subject);
            if let Some((_, amount)) = own {
                part.push((number, id));
                if gaps.contains(&amount.saturating_abs()) && !figure.is_count() {
                    exact.push((number, id));
                }
            }
        },
    )?;
    if exact.is_empty() {
        exact = around_foreign_receipts(connection, (device, first, last), printer.as_ref())?;
    }
    if exact.is_empty() {
        exact = part;
    }
    exact.truncate(SUSPECTS_MAX);
    Ok(exact)
}

/// The documents before and after a gap in the numbers of fiscal receipts of the Z-report's printer.
fn around_foreign_receipts(
    connection: &Connection,
    (device, first, last): (Uuid, u32, u32),
    printer: Option<&PrinterOfReport>,
) -> Result<Vec<(u32, Uuid)>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT document.number, document.id, journal.kind, journal.version, journal.payload, \
                begun.kind, begun.version, begun.payload \
         FROM document JOIN journal ON journal.seq = document.settled_seq \
         JOIN journal AS begun ON begun.seq = document.reserved_seq \
         WHERE document.device = ?1 AND document.number BETWEEN ?2 AND ?3 ORDER BY document.number",
    )?;
    let mut rows = statement.query(params![device.as_bytes(), first, last])?;
    let (mut found, mut before) = (Vec::new(), None::<(u32, Uuid, u32)>);
    while let Some(row) = rows.next()? {
        let payload = row.get_ref(4)?.as_blob().unwrap_or_default();
        let Ok(Event::Sealed(Sealed {
            seal:
                Seal::Printer {
                    fiscal_receipt: Some(receipt),
                    ..
                },
            ..
        })) = Event::decode(row.get(2)?, row.get(3)?, payload)
        else {
            continue;
        };
        let reservation = row.get_ref(7)?.as_blob().unwrap_or_default();
        let reserved = Event::decode(row.get(5)?, row.get(6)?, reservation);
        if let (Some(printer), Ok(Event::Reserved(reserved))) = (printer, reserved)
            && printer.is_not_of(&reserved)
        {
            continue;
        }
        let (number, id) = (row.get(0)?, Uuid::from_bytes(row.get(1)?));
        if let Some((earlier, earlier_id, earlier_receipt)) = before
            && earlier_receipt.checked_add(1) != Some(receipt)
        {
            found.push((earlier, earlier_id));
            found.push((number, id));
        }
        before = Some((number, id, receipt));
    }
    found.dedup();
    Ok(found)
}

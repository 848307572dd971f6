//! 77h, 7Ch and 7Dh of group B: searches, reads and prints documents of the electronic journal.

use std::collections::VecDeque;

use super::ascii;
use super::journal::{next_line, whole};
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::journal::{Chosen, PrintedDocument, PrintedKind};
use crate::emulator::isl::memory::FiscalReceipt;
use crate::emulator::isl::printer::{Answered, Printer};
use crate::emulator::isl::service_commands::parse_digits;
use crate::wire::codepage;
use crate::wire::fields::parse_count;

/// 77h `R,<flags>DT1,DT2`: reads the first line; of the flags only `A` is known, which is all documents.
pub(in crate::emulator::isl) fn read(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let (from, to) = ascii(data)?.strip_prefix("R,A")?.split_once(',')?;
    let chosen = Chosen {
        from: parse_digits(&whole(from, "000000")?)?,
        to: parse_digits(&whole(to, "235959")?)?,
        ..Chosen::ALL
    };
    printer.journal.choose_these(chosen);
    Some(Ok(next_line(printer)))
}

/// 77h `N`: reads the next line.
pub(in crate::emulator::isl) fn read_next(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    (data == b"N").then(|| Ok(next_line(printer)))
}

/// 7Ch: `D,Type,DT1,DT2` and `Z,Type,First,Last` search documents, `I` describes the journal.
pub(in crate::emulator::isl) fn search(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields: Vec<&str> = ascii(data)?.split(',').collect();
    match fields.as_slice() {
        ["I"] => Some(Ok(about(printer).into_bytes())),
        ["D", kind, from, to] => {
            let from = parse_digits(&whole(from, "000000")?)?;
            let to = parse_digits(&whole(to, "235959")?)?;
            let kind = parse_count(kind).filter(|kind| *kind <= 8)?;
            Some(Ok(span(printer, |document| {
                is_of(document.kind, kind) && (from..=to).contains(&document.at)
            })))
        }
        ["Z", kind, first, last] => {
            let (first, last) = (parse_count(first)?, parse_count(last)?);
            let kind = parse_count(kind).filter(|kind| *kind <= 8)?;
            Some(Ok(span(printer, |document| {
                is_of(document.kind, kind) && (first..=last).contains(&document.z_number)
            })))
        }
        _ => None,
    }
}

/// Whether a document belongs to a kind of the search; invoices are not told apart from receipts.
const fn is_of(kind: PrintedKind, number: u32) -> bool {
    match number {
        0 => true,
        1 => matches!(
            kind,
            PrintedKind::Sale | PrintedKind::Refund | PrintedKind::ZReport
        ),
        2 => matches!(kind, PrintedKind::ZReport),
        3 => matches!(kind, PrintedKind::Cash),
        4 => matches!(kind, PrintedKind::XReport),
        5 => matches!(
            kind,
            PrintedKind::Slip | PrintedKind::Other | PrintedKind::Cancelled
        ),
        7 => matches!(kind, PrintedKind::Refund),
        _ => false,
    }
}

fn span(printer: &Printer, fits: impl Fn(&PrintedDocument) -> bool) -> Vec<u8> {
    let mut numbers = printer
        .journal
        .all()
        .filter(|document| fits(document))
        .map(|document| document.number);
    let Some(first) = numbers.next() else {
        return b"F".to_vec();
    };
    let last = numbers.last().unwrap_or(first);
    format!("P,{first},{last}").into_bytes()
}

/// `P,valid,current,device,number,activated,card,first Z,last Z,first document,last document,size,used` in MB.
fn about(printer: &Printer) -> String {
    let documents = || printer.journal.all();
    let (first_z, first) = documents()
        .next()
        .map_or((0, 0), |one| (one.z_number, one.number));
    let (last_z, last) = documents()
        .last()
        .map_or((0, 0), |one| (one.z_number, one.number));
    let serial = &printer.memory().serial;
    format!(
        "P,1,1,{serial},1,01.01.2026 00:00:00,AC536E00,{first_z},{last_z},{first},{last},4000,1"
    )
}

/// 7Dh: `0,Doc,Type[,To]` chooses a document, `1` and `4` read its next line of text, `5` its next row of figures, `3,Doc,Type` prints it.
/// The emulated journal has no binary data, so that `2` finds none.
pub(in crate::emulator::isl) fn document(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields: Vec<&str> = ascii(data)?.split(',').collect();
    match fields.as_slice() {
        ["0", number, kind] | ["0", number, kind, _] => {
            let number = parse_count(number)?;
            parse_count(kind).filter(|kind| *kind <= 8)?;
            let described = printer.journal.choose(number).map(|document| {
                let at = Moment::of(document.at).stamp();
                let kind = number_of(document.kind);
                format!("P,{number},{at},{kind},{}", document.z_number)
            });
            let receipts = printer.receipts.iter();
            let receipt = receipts.rev().find(|receipt| receipt.document == number);
            printer.data_lines = receipt.map_or_else(VecDeque::new, rows_of);
            Some(Ok(described.unwrap_or_else(|| "F".to_owned()).into_bytes()))
        }
        ["1"] => Some(Ok(text_line(printer, b"P,"))),
        ["2"] => Some(Ok(b"F".to_vec())),
        ["4"] => Some(Ok(text_line(printer, b"P,1,"))),
        ["5"] => {
            let row = printer.data_lines.pop_front();
            Some(Ok(codepage::encode(row.as_deref().unwrap_or("F"))))
        }
        ["3", number, kind] => {
            let number = parse_count(number)?;
            parse_count(kind).filter(|kind| *kind <= 8)?;
            if let Err(cause) = printer.closed().and_then(|()| printer.printing()) {
                return Some(Err((cause, None)));
            }
            let copy = printer.journal.document(number);
            let Some(lines) = copy.map(|document| document.lines.clone()) else {
                return Some(Ok(b"F".to_vec()));
            };
            printer.tape.push(&lines);
            Some(Ok(b"P".to_vec()))
        }
        _ => None,
    }
}

/// The next line of text behind `head`, or `F`. This command has no mark between documents, and only one document is chosen.
fn text_line(printer: &mut Printer, head: &[u8]) -> Vec<u8> {
    match next_line(printer).strip_prefix(b"P,") {
        Some(text) => [head, text].concat(),
        None => b"F".to_vec(),
    }
}

/// The rows of a fiscal receipt: 3 opening, 4 sale, 5 discount or surcharge, 6 total, 7 refund. What was voided has no rows, because
/// no figure of a row may be negative but that of a discount. Neither unique sale numbers nor the numbers of invoices are kept.
fn rows_of(receipt: &FiscalReceipt) -> VecDeque<String> {
    let kind = match (receipt.refund, receipt.invoice) {
        (false, false) => 1,
        (false, true) => 7,
        (true, false) => 8,
        (true, true) => 9,
    };
    let mut rows = VecDeque::from([format!("P,3,{kind},{},,2", receipt.document)]);
    for sale in receipt.sales.iter().filter(|sale| !sale.voided) {
        rows.push_back(format!(
            "P,4,{},{},{},{},{}",
            sale.price,
            sale.quantity,
            sale.amount.saturating_sub(sale.change),
            sale.group.saturating_add(1),
            sale.name
        ));
        rows.extend(change_row(sale.change));
    }
    rows.extend(
        receipt
            .subtotal_changes
            .iter()
            .copied()
            .filter_map(change_row),
    );
    rows.push_back(format!("P,6,{}", receipt.total));
    if let (Some(original), Some(reason)) = (&receipt.original, receipt.refund_reason()) {
        rows.push_back(format!("P,7,{},{reason},", original.document));
    }
    rows
}

fn change_row(change: i64) -> Option<String> {
    (change != 0).then(|| format!("P,5,{change},"))
}

/// The number of a kind of document in the answer of 7Dh; cash in and out are not told apart.
const fn number_of(kind: PrintedKind) -> u32 {
    match kind {
        PrintedKind::Sale => 1,
        PrintedKind::ZReport => 2,
        PrintedKind::Cash => 3,
        PrintedKind::XReport => 5,
        PrintedKind::Slip | PrintedKind::Other | PrintedKind::Cancelled => 6,
        PrintedKind::Refund => 8,
    }
}

//! The electronic journal of ZFP (7Ch `J…`, `j1`): sent line by line, or printed; and the two lines about the device (1Dh).
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1910211454, chapters 2.8, 2.9 and 4. The manual says
//! "acknowledgement and more" of the messages; that each has one line and the last one `@` is what edabg/fpgate reads.

use std::ops::RangeInclusive;

use super::{DONE, ascii};
use crate::emulator::isl::calendar::{DAY, parse_stamp};
use crate::emulator::isl::journal::{Chosen, PrintedDocument, PrintedKind};
use crate::emulator::isl::printer::{Answered, Printer};
use crate::wire::codepage;
use crate::wire::fields::parse_count;
use crate::wire::zfp;
use crate::wire::zfp_payments::PAYMENTS;
use crate::wire::zfp_receipt::DEPARTMENTS;

/// `J0` and `J8`: sends the chosen documents. A brief journal is the same here.
pub(in crate::emulator::isl) fn read(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = ascii(data)?;
    let rest = text
        .strip_prefix("J0;")
        .or_else(|| text.strip_prefix("J8;"))?;
    let chosen = chosen(rest)?;
    if let Err(cause) = printer.closed() {
        return Some(Err((cause, None)));
    }
    let mut messages: Vec<Vec<u8>> = lines(printer, &chosen, |_| true)
        .into_iter()
        .flatten()
        .map(|line| codepage::encode(&line))
        .collect();
    messages.push(b"@".to_vec());
    printer.further = messages;
    DONE
}

/// `J1` and `j1;X;Receipts;Reports`: prints the chosen documents.
pub(in crate::emulator::isl) fn print(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = ascii(data)?;
    let (rest, kinds) = match text.strip_prefix("j1;X;") {
        Some(rest) => {
            let (receipts, rest) = rest.split_once(';')?;
            let (reports, rest) = rest.split_once(';')?;
            (rest, Some((flags(receipts)?, flags(reports)?)))
        }
        None => (text.strip_prefix("J1;")?, None),
    };
    let chosen = chosen(rest)?;
    if let Err(cause) = printer.closed().and_then(|()| printer.printing()) {
        return Some(Err((cause, None)));
    }
    let is_of = |kind| kinds.is_none_or(|flags| has_kind(flags, kind));
    for copy in lines(printer, &chosen, is_of) {
        printer.tape.push(&copy);
    }
    DONE
}

/// The documents of a choice, as they were printed.
fn lines(
    printer: &Printer,
    (chosen, z): &Choice,
    is_of: impl Fn(PrintedKind) -> bool,
) -> Vec<Vec<String>> {
    let has = |document: &&PrintedDocument| {
        chosen.has(document) && z.contains(&document.z_number) && is_of(document.kind)
    };
    let documents = printer.journal.all().filter(has);
    documents.map(|document| document.lines.clone()).collect()
}

/// A choice of documents, and the Z-reports that close their days.
type Choice = (Chosen, RangeInclusive<u32>);

const EVERY_Z: RangeInclusive<u32> = 0..=u32::MAX;

/// `*`, `N;First;Last`, `Z;First;Last` or `D;First;Last`.
fn chosen(text: &str) -> Option<Choice> {
    if text == "*" {
        return Some((Chosen::ALL, EVERY_Z));
    }
    let fields: Vec<&str> = text.split(';').collect();
    let [by, first, last] = fields.as_slice() else {
        return None;
    };
    let documents = match *by {
        "Z" => return Some((Chosen::ALL, parse_count(first)?..=parse_count(last)?)),
        "N" => Chosen {
            first: parse_count(first)?,
            last: parse_count(last)?,
            ..Chosen::ALL
        },
        "D" => Chosen {
            from: day(first)?,
            to: day(last)?.saturating_add(DAY).saturating_sub(1),
            ..Chosen::ALL
        },
        _ => return None,
    };
    Some((documents, EVERY_Z))
}

/// The beginning of a day, `DDMMYY`.
fn day(text: &str) -> Option<i64> {
    let pair = |from: usize| text.get(from..from.saturating_add(2));
    let (day, month, year) = (pair(0)?, pair(2)?, pair(4)?);
    parse_stamp(&format!("{day}-{month}-{year} 00:00")).filter(|_| text.len() == 6)
}

fn flags(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [flags] => Some(*flags),
        _ => None,
    }
}

/// Whether the flags of receipts and reports name this kind. The journal keeps neither invoices, nor the direction of cash, nor
/// duplicates apart.
fn has_kind((receipts, reports): (u8, u8), kind: PrintedKind) -> bool {
    match kind {
        PrintedKind::Sale | PrintedKind::Cancelled => receipts & 0b11 != 0,
        PrintedKind::Refund => receipts & 0b1100 != 0,
        PrintedKind::Cash => receipts & 0b11_0000 != 0,
        PrintedKind::ZReport => reports & 0b10 != 0,
        PrintedKind::XReport => reports & 0b100 != 0,
        PrintedKind::Other => reports & 0b1_1001 != 0,
        PrintedKind::Slip => false,
    }
}

impl Printer {
    /// The answer to 1Dh `I`: characters of a line, articles, departments, operators, tax groups, header lines, payment types, logos,
    /// a reserved field, sales of a receipt, customers.
    pub(in crate::emulator::isl) fn information(&self) -> Vec<u8> {
        let text = self.text_length();
        let payments = if self.is_old() { 5 } else { PAYMENTS };
        let sales = self.protocol.limits.sales;
        line(&format!(
            "I{text:02};99999;{DEPARTMENTS:02};20;8;07;{payments:02};10;00;{sales:03};1000"
        ))
    }

    /// The answer to 1Dh `M`: country, code page, kind, licence and its date, interfaces, the current one, battery and its use, sleep
    /// mode, card journal, its form, its data base, exchange with a server, then widths and numbers.
    pub(in crate::emulator::isl) fn model_line(&self) -> Vec<u8> {
        let text = self.text_length();
        let free = text.saturating_sub(2);
        line(&format!(
            "MBG;1251;2;014;01-03-2019;RS232,USB;USB;;E;0;1;FAT;0;1;{text:02};{free:02};36;34;20;20;1;99999;7;7;1"
        ))
    }

    /// The number of characters of a line: a text has two less, because `#` is printed around it.
    fn text_length(&self) -> usize {
        self.protocol
            .limits
            .widths
            .receipt
            .printed
            .saturating_add(2)
    }
}

fn line(text: &str) -> Vec<u8> {
    let mut line = codepage::encode(text);
    line.push(zfp::ETX);
    line
}

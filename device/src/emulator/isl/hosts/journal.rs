//! 77h of group A: reads and prints documents of the electronic journal, as text and as data.

use super::ascii;
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::journal::{Chosen, Read};
use crate::emulator::isl::memory::{BookedSale, CountedSum, FiscalReceipt, Tallies};
use crate::emulator::isl::printer::{Answered, Printer};
use crate::emulator::isl::service_commands::parse_digits;
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count};

/// `R,[#Flg,]D1[,D2]`, `R,[#Flg,]*Z[,D1[,D2]]` and `R,Flg,DT1,DT2`: reads the first line.
pub(in crate::emulator::isl) fn read(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let chosen = chosen(printer, ascii(data)?.strip_prefix("R,")?)?;
    printer.journal.choose_these(chosen);
    Some(Ok(next_line(printer)))
}

/// Reads the next line of the chosen documents: `P,` and the line, `*,` between two documents, `F` at the end.
pub(super) fn next_line(printer: &mut Printer) -> Vec<u8> {
    match printer.journal.read() {
        Read::Line(text) => codepage::encode(&format!("P,{text}")),
        Read::DocumentEnd => b"*,".to_vec(),
        Read::End => b"F".to_vec(),
    }
}

/// `P` with the same selections: prints copies and returns how many.
pub(in crate::emulator::isl) fn print(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let rest = ascii(data)?.strip_prefix('P')?;
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    let rest = rest.strip_prefix(['>', '<']).unwrap_or(rest);
    let chosen = chosen(printer, rest)?;
    if let Err(cause) = printer.closed().and_then(|()| printer.printing()) {
        return Some(Err((cause, None)));
    }
    let copies: Vec<Vec<String>> = printer
        .journal
        .all()
        .filter(|document| chosen.has(document))
        .map(|document| document.lines.clone())
        .collect();
    for lines in &copies {
        printer.tape.push(lines);
    }
    Some(Ok(copies.len().to_string().into_bytes()))
}

/// `I`: size of the journal in bytes, first and last Z-report, first and last document.
pub(in crate::emulator::isl) fn about(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    if !matches!(data, b"I" | b"IX") {
        return None;
    }
    let documents = || printer.journal.all();
    let used: usize = documents()
        .flat_map(|document| document.lines.iter())
        .map(|line| line.len().saturating_add(2))
        .sum();
    let (first_z, first) = documents()
        .next()
        .map_or((0, 0), |one| (one.z_number, one.number));
    let (last_z, last) = documents()
        .last()
        .map_or((0, 0), |one| (one.z_number, one.number));
    let size = 16_u64.saturating_mul(1_048_576);
    Some(Ok(format!(
        "P,{size},{used},{first_z},{last_z},{first},{last}"
    )
    .into_bytes()))
}

/// The documents of a selection.
fn chosen(printer: &Printer, text: &str) -> Option<Chosen> {
    let (flag, rest) = match text.strip_prefix('#') {
        Some(marked) => {
            let (flag, rest) = marked.split_once(',')?;
            (one(flag)?, rest)
        }
        None => ('A', text),
    };
    let fields: Vec<&str> = rest.split(',').collect();
    match fields.as_slice() {
        [letter, from, to] if one(letter).is_some_and(|letter| letter.is_ascii_alphabetic()) => {
            Some(Chosen {
                flag: one(letter)?,
                from: parse_digits(&whole(from, "000000")?)?,
                to: parse_digits(&whole(to, "235959")?)?,
                ..Chosen::ALL
            })
        }
        [closure, documents @ ..] if closure.starts_with('*') => {
            let z_number = parse_count(closure.get(1..)?)?;
            let (from, to) = match documents {
                [] => (1, u32::MAX),
                [first] => (parse_count(first)?, parse_count(first)?),
                [first, last] => (parse_count(first)?, parse_count(last)?),
                _ => return None,
            };
            // The documents of a Z-report are counted from 1.
            let before = printer
                .journal
                .all()
                .filter(|document| document.z_number == z_number)
                .map(|document| document.number)
                .next()
                .map_or(0, |first| first.saturating_sub(1));
            Some(Chosen {
                flag,
                z_number: Some(z_number),
                first: before.saturating_add(from),
                last: before.saturating_add(to),
                ..Chosen::ALL
            })
        }
        [first] => Some(Chosen {
            flag,
            first: parse_count(first)?,
            last: parse_count(first)?,
            ..Chosen::ALL
        }),
        [first, last] => Some(Chosen {
            flag,
            first: parse_count(first)?,
            last: parse_count(last)?,
            ..Chosen::ALL
        }),
        _ => None,
    }
}

fn one(text: &str) -> Option<char> {
    let mut letters = text.chars();
    let first = letters.next()?;
    letters.next().is_none().then_some(first)
}

/// `DDMMYY[hhmmss]` with the missing time filled up.
pub(super) fn whole(text: &str, time: &str) -> Option<String> {
    match text.len() {
        6 => Some(format!("{text}{time}")),
        12 => Some(text.to_owned()),
        _ => None,
    }
}

/// `W,First[,Last]`: the first line of the documents as data.
pub(in crate::emulator::isl) fn structured(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = ascii(data)?.strip_prefix("W,")?;
    let (first, last) = text.split_once(',').unwrap_or((text, text));
    let (first, last) = (parse_count(first)?, parse_count(last)?);
    let receipts: Vec<FiscalReceipt> = printer
        .receipts()
        .iter()
        .filter(|receipt| (first..=last).contains(&receipt.document))
        .cloned()
        .collect();
    let lines = receipts
        .iter()
        .flat_map(|receipt| lines_of(printer, receipt))
        .collect();
    printer.data_lines = lines;
    structured_next(printer, b"w")
}

/// `w`: the next line of the documents as data.
pub(in crate::emulator::isl) fn structured_next(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != b"w" {
        return None;
    }
    let line = printer.data_lines.pop_front();
    Some(Ok(codepage::encode(line.as_deref().unwrap_or("F"))))
}

/// The lines `U`, `V`, `R`, `M`, `T`, `P`, `S`, `D` and the mark `*` of one receipt.
///
/// The unique sale number, the original of a refund and the time of opening are not kept: those fields are empty, and the
/// receipt begins when it ends.
fn lines_of(printer: &Printer, receipt: &FiscalReceipt) -> Vec<String> {
    let kind = match (receipt.refund, receipt.invoice) {
        (false, false) => 0,
        (false, true) => 1,
        (true, false) => 2,
        (true, true) => 3,
    };
    let seller = printer.family().seller;
    let rates = printer.memory().rates;
    let at = Moment::of(receipt.at).long_stamp();
    let mut lines = vec![
        format!(
            "U,,{},{},{kind},{:07}",
            seller.operator, seller.till, receipt.document
        ),
        format!(
            "V,1,2,{}",
            rates.map(|rate| decimal(rate.unwrap_or(0), 2)).join(",")
        ),
    ];
    lines.extend(receipt.sales.iter().map(|sale| sold(sale, &rates)));
    let mut subtotal = receipt
        .sales
        .iter()
        .fold(0, |sum, sale| i64::saturating_add(sum, sale.amount));
    for change in &receipt.subtotal_changes {
        subtotal = subtotal.saturating_add(*change);
        lines.push(format!(
            "M,{},,{}",
            decimal(*change, 2),
            decimal(subtotal, 2)
        ));
    }
    lines.push(totals(receipt));
    lines.push(payments(receipt));
    if receipt.refund {
        lines.push("S,,,,,,0".to_owned());
    }
    lines.push(format!("D,{at},{at}"));
    lines.push("*,".to_owned());
    lines
}

fn sold(sale: &BookedSale, rates: &[Option<i64>; 8]) -> String {
    let rate = rates.get(usize::from(sale.group)).copied().flatten();
    format!(
        "R,{},{},{},{},{},{},{}",
        sale.group.saturating_add(1),
        decimal(rate.unwrap_or(0), 2),
        decimal(sale.price, 2),
        decimal(sale.quantity, 3),
        decimal(sale.change, 2),
        decimal(sale.amount, 2),
        sale.name
    )
}

fn totals(receipt: &FiscalReceipt) -> String {
    let mut tallies = Tallies::default();
    tallies.add_lines(&receipt.sales, &receipt.subtotal_changes);
    let part = |tally: CountedSum| format!("{},{}", tally.count, decimal(tally.sum, 2));
    format!(
        "T,{},{},{},{},{},{}",
        part(tallies.discounts),
        part(tallies.surcharges),
        part(tallies.voids),
        receipt.sales.iter().filter(|sale| sale.price > 0).count(),
        decimal(receipt.total, 2),
        receipt.groups.map(|sum| decimal(sum, 2)).join(",")
    )
}

/// The payments in the order of the manual: cash, cheque, card, credit, and eleven more.
fn payments(receipt: &FiscalReceipt) -> String {
    let letters = "PCDNIJKLmnopqrs";
    let paid: Vec<String> = letters
        .chars()
        .map(|letter| {
            let sum = receipt
                .payments
                .iter()
                .filter(|(paid, _)| *paid == letter)
                .fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount));
            decimal(sum, 2)
        })
        .collect();
    format!("P,{}", paid.join(","))
}

//! Commands of Datecs group A that our driver does not send: the report of the day for the tax authority, and departments.
//!
//! Manual: Datecs FP-650/700/800/2000, FMP-10, SK1-21F, v1.00BG.

use super::ascii;
use super::departments::Sold;
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::memory::CountedSum;
use crate::emulator::isl::printer::{Answered, Printer};
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count};

/// The largest number of a department.
const DEPARTMENT_MAX: u32 = 1_200;
/// When the printer was registered; it keeps no date of its own for that.
const REGISTERED_AT: &str = "01-01-2026 00:00:00";

/// 25h: `1` counters, `2` sales, `3` corrections, `4` cash, `5` payments of the day; `6,Closure` the time of a Z-report, `7` that of the
/// registration, `8,F` and `8,N` the sales by article, of which there are none.
pub(in crate::emulator::isl) fn office_data(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let answer = match data {
        b"1" => counters(printer),
        b"2" => sales(printer),
        b"3" => corrections(printer),
        b"4" => cash(printer),
        b"5" => sums(printer.day_payments().payments),
        b"7" => REGISTERED_AT.to_owned(),
        b"8,F" | b"8,N" => return Some(Ok(b"F".to_vec())),
        [b'6', b',', number @ ..] => {
            let number = parse_count(ascii(number)?)?;
            let mut closures = printer.memory().closures.iter();
            match closures.find(|closure| closure.number == number) {
                Some(closure) => Moment::of(closure.at).long_stamp(),
                None => return Some(Ok(b"E".to_vec())),
            }
        }
        _ => return None,
    };
    Some(Ok(format!("P,{answer}").into_bytes()))
}

/// `DT,Closure,FiscRec,LastFiscal,LastDoc,Journal`; this printer has one journal.
fn counters(printer: &Printer) -> String {
    let memory = printer.memory();
    let last = printer.receipts().last().map_or(0, |last| last.document);
    format!(
        "{},{},{},{last},{},1",
        Moment::of(printer.now()).long_stamp(),
        memory.z_number().saturating_add(1),
        memory.day.fiscal_receipts,
        memory.last_document
    )
}

/// `S1,…,S8,Total,GTotal`.
fn sales(printer: &Printer) -> String {
    let memory = printer.memory();
    let groups = memory.day.sales;
    let total = groups
        .iter()
        .fold(0, |all, one| i64::saturating_add(all, *one));
    format!(
        "{},{},{}",
        sums(groups),
        decimal(total, 2),
        decimal(memory.grand_total, 2)
    )
}

/// Numbers and sums of discounts, surcharges, voids and cancelled receipts.
fn corrections(printer: &Printer) -> String {
    let day = printer.memory().day.tallies;
    tallies(&[day.discounts, day.surcharges, day.voids, day.cancelled])
}

/// Numbers and sums of what was put in and taken out, and the cash in the drawer.
fn cash(printer: &Printer) -> String {
    let day = &printer.memory().day;
    let moved = tallies(&[day.tallies.paid_in, day.tallies.taken_out]);
    format!("{moved},{}", decimal(day.cash, 2))
}

fn tallies(tallies: &[CountedSum]) -> String {
    let fields: Vec<String> = tallies
        .iter()
        .map(|tally| format!("{},{}", tally.count, decimal(tally.sum, 2)))
        .collect();
    fields.join(",")
}

fn sums(sums: [i64; 8]) -> String {
    sums.map(|sum| decimal(sum, 2)).join(",")
}

/// 58h `Dept`: the tax group of a department, and what it has sold on the current or last receipt and in the day. 0 are the sales
/// without a department; departments 1 to 8 belong to the groups А to З, and the others are not programmed.
pub(in crate::emulator::isl) fn department(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let number = parse_count(ascii(data)?)?;
    if number > DEPARTMENT_MAX {
        return None;
    }
    let (department, group, name) = match number {
        0 => (None, String::new(), String::new()),
        1..=8 => {
            let letter = u32::from('А').saturating_add(number.saturating_sub(1));
            let group = char::from_u32(letter).map_or_else(String::new, String::from);
            (Some(number), group, format!("DEPARTAMENT {number}"))
        }
        _ => return Some(Ok(b"F".to_vec())),
    };
    let of_day = printer.receipts_of_day().filter(|receipt| !receipt.refund);
    let of_day = Sold::in_receipts(of_day, department);
    let of_receipt = match &printer.memory().open {
        Some(open) => Sold::in_sales(open.sales.iter(), department),
        None => Sold::in_receipts(printer.receipts().last(), department),
    };
    Some(Ok(codepage::encode(&format!(
        "P{group},{},{},{},{},{name}",
        of_receipt.sales,
        decimal(of_receipt.amount, 2),
        of_day.sales,
        decimal(of_day.amount, 2)
    ))))
}

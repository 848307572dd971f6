//! Questions and reports of ZFP (Tremol) that our driver does not send.
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1910211454, chapters 2.4, 2.5, 2.7, 2.8, 2.10 and 4.

use super::{DONE, ascii};
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::journal::PrintedKind;
use crate::emulator::isl::memory::{FiscalReceipt, WorkingDay};
use crate::emulator::isl::printer::{Answered, Printer};
use crate::emulator::tape::{centred, spread, sum};
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count};
use crate::wire::zfp_payments::PAYMENTS;
use crate::wire::zfp_receipt::DEPARTMENTS;

/// 61h: the taxpayer's number, its kind, the number and the time of the registration.
pub(in crate::emulator::isl) fn registration(printer: &mut Printer, _: &[u8]) -> Option<Answered> {
    let tax_id = &printer.memory().tax_id;
    let told = format!("{tax_id};0;123456;01-03-2019 10:00");
    Some(Ok(told.into_bytes()))
}

/// 63h: amounts have two decimals.
pub(in crate::emulator::isl) fn decimals(_: &mut Printer, _: &[u8]) -> Option<Answered> {
    Some(Ok(b"2".to_vec()))
}

/// 65h: number of the till, switches.
pub(in crate::emulator::isl) fn parameters(_: &mut Printer, _: &[u8]) -> Option<Answered> {
    Some(Ok(b"0001;0;1;0;1;0;0;0;0;0".to_vec()))
}

/// 66h: the customer's display, the state of the mechanism, the service jumper.
pub(in crate::emulator::isl) fn mechanism(_: &mut Printer, _: &[u8]) -> Option<Answered> {
    Some(Ok(b"N;0000; ".to_vec()))
}

/// 6Eh `1`: customers, discounts, surcharges and corrections of the day, each with its sum.
pub(in crate::emulator::isl) fn general_registers(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != b"1" {
        return None;
    }
    Some(Ok(
        format!("1;{}", general_figures(printer, true)).into_bytes()
    ))
}

fn general_figures(printer: &Printer, is_usual: bool) -> String {
    let nothing = WorkingDay::default();
    let day = if is_usual {
        &printer.memory.day
    } else {
        &nothing
    };
    let tallies = day.tallies;
    let counted = [tallies.discounts, tallies.surcharges, tallies.voids];
    let mut told = day.fiscal_receipts.to_string();
    for tally in counted {
        told.push_str(&format!(";{};{}", tally.count, decimal(tally.sum, 2)));
    }
    told
}

/// 6Eh `5`: the number of the last Z-report, the records of the fiscal memory, the journal, and a time.
pub(in crate::emulator::isl) fn counters(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    if data != b"5" {
        return None;
    }
    let last = printer.last_numbers();
    let told = format!("5;{0};{0};{1};{2}", last.z_number, last.journal, last.at);
    Some(Ok(told.into_bytes()))
}

/// 74h: the number of free records of the fiscal memory.
pub(in crate::emulator::isl) fn free_records(printer: &mut Printer, _: &[u8]) -> Option<Answered> {
    let left = printer.memory().closures_left();
    Some(Ok(format!("{left:04}").into_bytes()))
}

/// 4Ah `Number;Name;Password`: sets the name and the password of an operator.
pub(in crate::emulator::isl) fn operator_set(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(';').collect();
    let [number, name, password] = fields.as_slice() else {
        return None;
    };
    let operator = operator_of(printer, number)?;
    let settings = &mut printer.memory.settings;
    settings.insert(format!("OperName {operator}"), name.trim_end().to_owned());
    settings.insert(format!("OperPasw {operator}"), password.trim().to_owned());
    DONE
}

/// 6Ah: the name and the password of an operator.
pub(in crate::emulator::isl) fn operator(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let operator = operator_of(printer, ascii(data)?)?;
    let name = printer.operator_name(operator);
    let password = printer.password_of(operator);
    Some(Ok(codepage::encode(&format!(
        "{operator};{name:<20};{password:<6}"
    ))))
}

fn operator_of(printer: &Printer, number: &str) -> Option<u32> {
    let known = 1..=printer.protocol.seller.operator_max;
    parse_count(number).filter(|operator| known.contains(operator))
}

/// 50h `First;Last`: sets the numbers of invoices.
pub(in crate::emulator::isl) fn invoices_set(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let (first, last) = ascii(data)?.split_once(';')?;
    let (first, last) = (parse_count(first)?, parse_count(last)?);
    let range = format!("{first:010};{last:010}");
    printer.memory.settings.insert(INVOICES.to_owned(), range);
    DONE
}

/// 70h: the numbers of invoices.
pub(in crate::emulator::isl) fn invoices(printer: &mut Printer, _: &[u8]) -> Option<Answered> {
    let set = printer.memory.settings.get(INVOICES);
    let range = set.map_or(INVOICES_OF_NEW, String::as_str);
    Some(Ok(range.as_bytes().to_vec()))
}

const INVOICES: &str = "Invoices";
/// The numbers of invoices of a new device, which can make invoices at once.
const INVOICES_OF_NEW: &str = "0000000001;0000001000";

/// 4Eh `R;R;R`: the last receipt that the tax office has, and the first one that it lacks: none.
pub(in crate::emulator::isl) fn sent_receipts(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != b"R;R;R" {
        return None;
    }
    if let Err(cause) = printer.closed() {
        return Some(Err((cause, None)));
    }
    let none = (0, NEVER.to_owned());
    let last = printer.receipts.last();
    let (number, at) = last.map_or(none, |last| (last.document, minute(last.at)));
    Some(Ok(format!("{number};{at};0;{NEVER};").into_bytes()))
}

/// The time of what never was, as 4Eh has it.
const NEVER: &str = "00-00-0000 00:00";

/// `DD-MM-YYYY HH:MM`.
fn minute(at: i64) -> String {
    let stamp = Moment::of(at).long_stamp();
    stamp.get(..16).unwrap_or("").to_owned()
}

/// 6Fh `Option;Operator`: what 6Eh reports, by operator. All receipts belong to the usual operator.
pub(in crate::emulator::isl) fn operators_report(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let (option, number) = ascii(data)?.split_once(';')?;
    let operator = operator_of(printer, number)?;
    let is_usual = operator == printer.protocol.seller.operator;
    let option = option.chars().next().filter(|_| option.len() == 1)?;
    let figures = match option {
        '1' => general_figures(printer, is_usual),
        '2' | '3' | '4' | '6' => payment_figures(printer, option, is_usual),
        // The number and the time of the operators' last report, which this printer does not make.
        '5' => format!("0;{NEVER}"),
        _ => return None,
    };
    Some(Ok(format!("{option};{operator};{figures}").into_bytes()))
}

fn payment_figures(printer: &Printer, option: char, is_usual: bool) -> String {
    let register = printer.register(option);
    // An older machine has five types, and an empty field after them where something follows.
    let (types, empty) = if printer.is_old() {
        (5, ";")
    } else {
        (PAYMENTS, "")
    };
    let all = register.sums.iter().take(types);
    let sums: Vec<String> = all
        .map(|sum| decimal(if is_usual { *sum } else { 0 }, 2))
        .collect();
    let mut figures = sums.join(";");
    if let Some((count, _)) = register.operations {
        let count = if is_usual { count } else { 0 };
        figures.push_str(&format!("{empty};{count}"));
    } else if option == '6' {
        figures.push_str(empty);
    }
    figures
}

/// The number of a department, and what the receipts since its last report have of it.
struct Department {
    turnover: i64,
    quantity: i64,
    refunded: i64,
    refunded_quantity: i64,
}

impl Department {
    fn of(printer: &Printer, number: u8) -> Self {
        let since = last_report(printer).1;
        let mut sums = Self {
            turnover: 0,
            quantity: 0,
            refunded: 0,
            refunded_quantity: 0,
        };
        let fresh = |receipt: &&FiscalReceipt| receipt.document > since;
        for receipt in printer.receipts.iter().filter(fresh) {
            let (amount, quantity) = if receipt.refund {
                (&mut sums.refunded, &mut sums.refunded_quantity)
            } else {
                (&mut sums.turnover, &mut sums.quantity)
            };
            let lines = receipt.sales.iter();
            for line in lines.filter(|line| line.department == Some(u32::from(number))) {
                *amount = amount.saturating_add(line.amount);
                let sign = line.price.signum();
                *quantity = quantity.saturating_add(line.quantity.saturating_mul(sign));
            }
        }
        sums
    }
}

/// The number, the document and the time of the last report of the departments that cleared them.
fn last_report(printer: &Printer) -> (u32, u32, String) {
    let kept = printer.memory.settings.get(DEPARTMENTS_REPORT);
    let mut fields = kept.map_or("", String::as_str).splitn(3, ';');
    let mut number = || parse_count(fields.next()?);
    let (report, document) = (number(), number());
    let at = fields.next().unwrap_or(NEVER).to_owned();
    (report.unwrap_or(0), document.unwrap_or(0), at)
}

const DEPARTMENTS_REPORT: &str = "DepartmentsReport";

/// 67h `Number` and `Number;"`: the name, the tax group and the figures of a department.
pub(in crate::emulator::isl) fn department(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = ascii(data)?;
    let number = text.strip_suffix(";\"").unwrap_or(text);
    let number = u8::try_from(parse_count(number)?).ok()?;
    if !(1..=DEPARTMENTS).contains(&number) {
        return None;
    }
    let sums = Department::of(printer, number);
    let (report, _, at) = last_report(printer);
    let name = format!("Department {number:02}");
    let group = "АБВГДЕЖЗ"
        .chars()
        .nth(usize::from(number).saturating_sub(1));
    let group = group.unwrap_or('*');
    let (turnover, quantity) = (decimal(sums.turnover, 2), decimal(sums.quantity, 3));
    let told = if number_alone(text) {
        format!("{number:02};{name:<20};{group};{turnover};{quantity};{report};{at}")
    } else {
        let (refunded, of) = (
            decimal(sums.refunded, 2),
            decimal(sums.refunded_quantity, 3),
        );
        format!(
            "{number:02};\";{name:<34};{group};0.00;1;{turnover};{quantity};{refunded};{of};{report};{at}"
        )
    };
    Some(Ok(codepage::encode(&told)))
}

fn number_alone(text: &str) -> bool {
    !text.contains(';')
}

/// 76h `X`, `Z`: prints the report of the departments; `Z` clears their figures.
pub(in crate::emulator::isl) fn departments_report(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let clears = match data {
        b"X" => false,
        b"Z" => true,
        _ => return None,
    };
    if let Err(cause) = printer.closed().and_then(|()| printer.printing()) {
        return Some(Err((cause, None)));
    }
    let mut lines = vec![centred("RAPORT DEPARTAMENTE")];
    for number in 1..=DEPARTMENTS {
        let sums = Department::of(printer, number);
        if sums.turnover != 0 || sums.refunded != 0 {
            lines.push(sum(&format!("DEPARTAMENT {number:02}"), sums.turnover));
            lines.push(sum("STORNO", sums.refunded));
        }
    }
    let document = printer.memory.next_document();
    lines.push(spread(&format!("{document:07}"), &printer.stamp()));
    printer.issue(document, PrintedKind::Other, &lines);
    printer.memory.may_duplicate = false;
    if clears {
        let report = last_report(printer).0.saturating_add(1);
        let at = minute(printer.now());
        let kept = format!("{report};{document};{at}");
        let settings = &mut printer.memory.settings;
        settings.insert(DEPARTMENTS_REPORT.to_owned(), kept);
    }
    DONE
}

/// 72h `b;Number`: the code of any fiscal receipt.
pub(in crate::emulator::isl) fn code(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let number = parse_count(ascii(data)?.strip_prefix("b;")?)?;
    let mut receipts = printer.receipts.iter();
    let found = receipts.find(|receipt| receipt.document == number);
    let code = found.map(|found| printer.code_of(number, found.at, found.total));
    Some(code.map_or(Err((Cause::NotPermitted, None)), |code| Ok(code.emit())))
}

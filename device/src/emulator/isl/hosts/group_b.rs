//! Commands of Datecs group B that our driver does not send: figures of the day and of the last Z-report, diagnostics, departments,
//! articles with barcodes.
//!
//! Manual: Datecs DP-05/25/35/150, WP-50, v2.04BG.

use super::ascii;
use super::departments::Sold;
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::memory::{CountedSum, FiscalReceipt};
use crate::emulator::isl::printer::{Answered, Printer};
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count, parse_decimal, signed};
use crate::wire::isl_service::Service;

/// The number of characters of a sum in the answers.
const SUM_WIDTH: usize = 12;
/// The number under which 58h reports the sales without a department.
const NO_DEPARTMENT: u32 = 10;
/// The largest number of digits of an article's number.
const ARTICLE_DIGITS: usize = 15;
/// The largest number of characters of an article's name.
const ARTICLE_NAME: usize = 22;

fn sum(value: i64) -> String {
    signed(value, SUM_WIDTH)
}

/// 40h `1`: the refunds of the last Z-report by tax group.
pub(in crate::emulator::isl) fn last_refunds(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != b"1" {
        return None;
    }
    let mut last = printer.last_z();
    let closure = printer.memory().closures.last();
    last.groups = closure.map_or([0; 8], |closure| closure.day.refunds);
    let row = printer.protocol.last_z.as_ref()?;
    row.answer.write(printer.firmware(), &last).map(Ok)
}

/// 41h `2`, `3`, `4` and `7`: counters and sums of the day. Every payment is made in the main currency.
pub(in crate::emulator::isl) fn day_counters(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let day = &printer.memory().day;
    let tallies = day.tallies;
    let pair = |tally: CountedSum| format!("{},{:04}", sum(tally.sum), tally.count);
    let total = |payments: [i64; 8]| {
        payments
            .iter()
            .fold(0, |all, one| i64::saturating_add(all, *one))
    };
    let kinds = |payments: [i64; 8]| {
        let sums: Vec<String> = payments.iter().take(6).map(|one| sum(*one)).collect();
        sums.join(",")
    };
    let nothing = sum(0);
    let answer = match data {
        b"2" => format!(
            "{:04},{},{},{},{},{}",
            tallies.sales.count,
            sum(tallies.sales.sum),
            pair(tallies.surcharges),
            pair(tallies.discounts),
            pair(tallies.voids),
            pair(tallies.cancelled)
        ),
        b"3" => format!(
            "{nothing},{},{},{},{nothing},0000,{nothing},0000",
            sum(total(day.payments)),
            pair(tallies.paid_in),
            pair(tallies.taken_out)
        ),
        b"4" => kinds(day.payments),
        b"7" => format!(
            "{},{nothing},{}",
            kinds(day.refund_payments),
            sum(total(day.refund_payments))
        ),
        _ => return None,
    };
    Some(Ok(answer.into_bytes()))
}

/// 47h with an option: `0`, `1` and `5` print, `6` reports the tax terminal, `7` the modem, `8` the flash memory.
pub(in crate::emulator::isl) fn diagnostics(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let answer = match data {
        b"0" | b"1" | b"5" => {
            let title = Service::Report("INFORMATII DIAGNOSTIC");
            return Some(match printer.service(title) {
                Ok(_) => Ok(b"P".to_vec()),
                Err(refused) => Err((refused.cause, Some(b"F".to_vec()))),
            });
        }
        b"6" => terminal(printer),
        b"7" => "P,1,284010000000001,1,EMULATOR,100".to_owned(),
        b"8" => "P,EF4017,8388608,2048,4096".to_owned(),
        _ => return None,
    };
    Some(Ok(answer.into_bytes()))
}

/// The tax terminal: the tax office has confirmed every receipt and every Z-report at once.
fn terminal(printer: &Printer) -> String {
    let stamp = |at: Option<i64>| {
        at.map_or_else(
            || "01-01-00 00:00:00".to_owned(),
            |at| Moment::of(at).stamp(),
        )
    };
    let last = printer.receipts().last();
    let closed = printer.memory().closures.last();
    let sold_at = last.map(|receipt| receipt.at);
    format!(
        "P,1,0,{},{},0,0,0,0,{},0,0,0,0,{},0",
        stamp(sold_at),
        last.map_or(0, |receipt| receipt.document),
        printer.memory().z_number(),
        stamp(sold_at.max(closed.map(|closure| closure.at)))
    )
}

/// 58h `Dept[,StornoType]`: what a department has sold on the current or last receipt and in the day, or what was returned of it.
pub(in crate::emulator::isl) fn department(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = ascii(data)?;
    let (number, reason) = match text.split_once(',') {
        None => (text, None),
        // The reasons are numbered in another order than in 2Eh.
        Some((number, "1")) => (number, Some(1)),
        Some((number, "2")) => (number, Some(0)),
        Some((number, "3")) => (number, Some(2)),
        Some(_) => return None,
    };
    let number = parse_count(number)?;
    if !(1..=NO_DEPARTMENT).contains(&number) {
        return Some(Ok(b"F".to_vec()));
    }
    let department = (number < NO_DEPARTMENT).then_some(number);
    let counts = |receipt: &&FiscalReceipt| receipt.refund_reason() == reason;
    let of_day = Sold::in_receipts(printer.receipts_of_day().filter(counts), department);
    let of_receipt = match &printer.memory().open {
        Some(open) => {
            let named = open.original.as_ref().map(|original| original.reason);
            let fits = named == reason;
            Sold::in_sales(open.sales.iter().filter(|_| fits), department)
        }
        None => Sold::in_receipts(printer.receipts().last().filter(counts), department),
    };
    // Departments 1 to 8 belong to the groups А to З; the ninth was never programmed.
    let group = match number {
        1..=8 => char::from_u32(u32::from('А').saturating_add(number.saturating_sub(1))),
        9 => Some('А'),
        _ => None,
    };
    let name = match department {
        Some(number) => format!("DEPARTAMENT {number}"),
        None => String::new(),
    };
    let group = group.map_or_else(String::new, String::from);
    Some(Ok(codepage::encode(&format!(
        "P{group},{},{},{},{},{name}",
        decimal(of_receipt.quantity, 3),
        decimal(of_receipt.amount, 2),
        decimal(of_day.quantity, 3),
        decimal(of_day.amount, 2)
    ))))
}

/// FFh: stores and reports articles with barcodes; nothing is sold by their numbers.
pub(in crate::emulator::isl) fn articles(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let answer = match data {
        [operation @ (0x84 | 0x86 | 0x89), b'0', b';', fields @ ..] => {
            let text = codepage::decode(fields);
            match text.strip_suffix(';') {
                None => Err(WrongField::Format),
                Some(text) if *operation == 0x86 => program(printer, text),
                Some(number) => read(printer, number, *operation == 0x89),
            }
        }
        [0x84 | 0x86 | 0x89, ..] => Err(WrongField::Constant),
        _ => Err(WrongField::Command),
    };
    let answer = answer.unwrap_or_else(|wrong| wrong.code().to_owned());
    Some(Ok(codepage::encode(&answer)))
}

/// What is wrong with the data of FFh.
#[derive(Clone, Copy, Debug)]
enum WrongField {
    /// The command is not known.
    Command,
    /// The constant after the command is wrong.
    Constant,
    /// The number of the article is wrong, or there is no such article.
    Number,
    /// The fields do not have the form of the command.
    Format,
    /// The value of a field is wrong.
    Value,
}

impl WrongField {
    /// The answer.
    const fn code(self) -> &'static str {
        match self {
            Self::Command => "E0001",
            Self::Constant => "E0002",
            Self::Number => "E0003",
            Self::Format => "E0004",
            Self::Value => "E0005",
        }
    }
}

fn number_of(text: &str) -> Result<u64, WrongField> {
    if text.len() > ARTICLE_DIGITS {
        return Err(WrongField::Number);
    }
    text.parse().map_err(|_| WrongField::Number)
}

fn key(number: u64) -> String {
    format!("ARTICLE {number:015}")
}

/// `PLU;Name;TaxGr;BAR;SPrice;TPrice;Dep;Group;0`.
fn program(printer: &mut Printer, text: &str) -> Result<String, WrongField> {
    let fields: Vec<&str> = text.split(';').collect();
    let [
        number,
        name,
        group,
        barcode,
        price,
        kind,
        department,
        stock,
        "0",
    ] = fields.as_slice()
    else {
        return Err(WrongField::Format);
    };
    let number = match number_of(number)? {
        0 => return Err(WrongField::Number),
        number => number,
    };
    let is_digit = |text: &str, first: u8, last: u8| matches!(text.as_bytes(), [digit] if (first..=last).contains(digit));
    let are_right = [
        (1..=ARTICLE_NAME).contains(&name.chars().count()),
        is_digit(group, b'1', b'8'),
        barcode.len() <= 13 && barcode.bytes().all(|byte| byte.is_ascii_digit()),
        parse_decimal(price, 2).is_some_and(|price| (0..=999_999_999).contains(&price)),
        is_digit(kind, b'0', b'2'),
        parse_count(department).is_some(),
        is_digit(stock, b'1', b'9'),
    ];
    if are_right.contains(&false) {
        return Err(WrongField::Value);
    }
    let kept = format!("{name};{group};{barcode};{price};{kind};{department};{stock}");
    printer.memory.settings.insert(key(number), kept);
    Ok("D".to_owned())
}

/// The article with this number, or the first one from this number on.
fn read(printer: &Printer, number: &str, or_next: bool) -> Result<String, WrongField> {
    let from = key(number_of(number)?);
    let mut kept = printer.memory().settings.range(from.clone()..);
    match kept.next() {
        Some((key, fields)) if *key == from || (or_next && key.starts_with("ARTICLE ")) => {
            let number = key.trim_start_matches("ARTICLE ").trim_start_matches('0');
            Ok(format!("0;{number};{fields};0;"))
        }
        _ => Err(WrongField::Number),
    }
}

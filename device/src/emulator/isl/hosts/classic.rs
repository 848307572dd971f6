//! Forms of Datecs classic printers, and of Eltrade where its manual has the same.

use super::{DONE, ascii};
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::memory::CountedSum;
use crate::emulator::isl::printer::{Answered, Printer, written};
use crate::emulator::isl::report_commands::parse_date;
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count, signed};
use crate::wire::isl_receipt::{Sale, TAB};
use crate::wire::isl_service::{Service, ServiceAnswer};

/// The largest number of bytes of a unit.
const UNIT_MAX: usize = 8;
/// The largest number of bytes on a line of the customer's display.
const DISPLAY_MAX: usize = 20;
/// The largest number of bytes of the name of a payment or an operator.
const NAME_MAX: usize = 24;

/// 30h without data, and with `*`: the unique sale number of the last fiscal receipt, short, or whole behind the number of its
/// document. The printer does not keep the numbers that hosts send; it counts on from 1, as if no host had sent one.
pub(in crate::emulator::isl) fn last_sale_number(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let number = printer.next_fiscal().saturating_sub(1);
    let document = printer.receipts().last().map_or(0, |last| last.document);
    let serial = &printer.memory().serial;
    match data {
        b"" => Some(Ok(format!("{number:07}").into_bytes())),
        b"*" => Some(Ok(
            format!("{document},{serial}-0001-{number:07}").into_bytes()
        )),
        _ => None,
    }
}

/// 31h with a unit that is not ASCII: the unit is printed beside the quantity and changes no sum.
pub(in crate::emulator::isl) fn sale_with_unit(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let tab = data.iter().position(|byte| *byte == TAB)?;
    let (text, figures) = data.split_at_checked(tab)?;
    let mark = figures.iter().position(|byte| *byte == b'#')?;
    let (before, from_mark) = figures.split_at_checked(mark)?;
    let end = from_mark
        .iter()
        .position(|byte| matches!(byte, b',' | b';'))
        .unwrap_or(from_mark.len());
    let (unit, after) = from_mark.split_at_checked(end)?;
    if unit.is_ascii() || unit.len().saturating_sub(1) > UNIT_MAX {
        return None;
    }
    let sale = Sale::parse(&[text, before, after].concat())?;
    Some(written(printer.sale(&sale), |_| Vec::new()))
}

/// 39h of group A with the seventh field, the accountable person.
pub(in crate::emulator::isl) fn buyer_with_accountant(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let fields = lines(data);
    let number = fields.first()?.trim_start_matches(['#', '*', '^']);
    if number.is_empty() || fields.len() != 7 {
        return None;
    }
    Some(written(printer.service(Service::Buyer(fields)), |_| {
        Vec::new()
    }))
}

/// 39h of group B: the second field is the kind of the tax number, and the answer is `P` or `F`.
pub(in crate::emulator::isl) fn buyer_with_kind(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let fields = lines(data);
    let known = matches!(fields.get(1)?.as_str(), "0" | "1" | "2" | "3");
    if fields.first()?.is_empty() || !known || fields.len() > 7 {
        return None;
    }
    Some(match printer.service(Service::Buyer(fields)) {
        Ok(_) => Ok(b"P".to_vec()),
        Err(refused) => Err((refused.cause, Some(b"F".to_vec()))),
    })
}

fn lines(data: &[u8]) -> Vec<String> {
    let text = codepage::decode(data);
    text.split('\t').map(str::to_owned).collect()
}

/// 5Eh and 4Fh with a month `MMYY` or a year `YY` instead of two dates.
pub(in crate::emulator::isl) fn month_or_year(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let text = ascii(data)?.trim_start_matches(['#', '*']);
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (first, last) = match text.len() {
        4 => (format!("01{text}"), last_day(text)?),
        2 => (format!("0101{text}"), format!("3112{text}")),
        _ => return None,
    };
    Some(written(printer.memory_by_date(&first, &last), |()| {
        Vec::new()
    }))
}

/// The last day of the month `MMYY`, as `DDMMYY`.
fn last_day(month: &str) -> Option<String> {
    (28..=31)
        .rev()
        .map(|day| format!("{day}{month}"))
        .find(|date| parse_date(date).is_some())
}

/// 47h without data: prints a report about the device.
pub(in crate::emulator::isl) fn diagnostics(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if !data.is_empty() {
        return None;
    }
    Some(written(
        printer.service(Service::Report("INFORMATII DIAGNOSTIC")),
        ServiceAnswer::emit,
    ))
}

/// 21h and 3Fh: the customer's display is not emulated.
pub(in crate::emulator::isl) fn display(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    data.is_empty().then_some(DONE)?
}

/// 23h and 2Fh: a line of the customer's display.
pub(in crate::emulator::isl) fn display_text(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    (data.len() <= DISPLAY_MAX).then_some(DONE)?
}

/// 64h: both lines of the customer's display.
pub(in crate::emulator::isl) fn display_long_text(
    _: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    (data.len() <= DISPLAY_MAX.saturating_mul(2)).then_some(DONE)?
}

/// 50h: a tone, or notes, of which the first unknown character ends the melody.
pub(in crate::emulator::isl) fn sound(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    data.is_ascii().then_some(DONE)?
}

/// 4Ah `P`: what the mechanics have done since the printer was made: millimetres of paper, documents, cuts, starts, modem starts.
pub(in crate::emulator::isl) fn mechanics(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    if data != b"P" {
        return None;
    }
    let documents = printer.memory().last_document;
    Some(Ok(format!("0,{documents},0,1,0").into_bytes()))
}

/// 4Ah `L`: the lines that wait for printing; this printer prints at once.
pub(in crate::emulator::isl) fn lines_waiting(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    (data == b"L").then(|| Ok(b"0".to_vec()))
}

/// 4Ah `R`: the documents that were sent to the tax office; this printer has no modem and has sent none.
pub(in crate::emulator::isl) fn documents_sent(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != b"R" {
        return None;
    }
    let last = printer.memory().last_document;
    let nothing = "(0,01-01-2000 00:00:00,0)";
    Some(Ok(format!("{last},{nothing},{nothing}").into_bytes()))
}

/// The payment types of group A that only the long answer of 6Eh reports.
const MORE_PAYMENTS: [char; 7] = ['m', 'n', 'o', 'p', 'q', 'r', 's'];

/// 6Eh `*`: the day's payments with all eleven types that can be programmed.
pub(in crate::emulator::isl) fn all_payments(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != b"*" {
        return None;
    }
    let row = &printer.protocol.day_payments;
    let mut answer = row
        .answer
        .write(printer.firmware(), &printer.day_payments())?;
    for letter in MORE_PAYMENTS {
        let paid = printer
            .receipts_of_day()
            .filter(|receipt| !receipt.refund)
            .flat_map(|receipt| receipt.payments.iter())
            .filter(|(paid, _)| *paid == letter)
            .fold(0_i64, |sum, (_, amount)| sum.saturating_add(*amount));
        answer.extend_from_slice(format!(",{}", signed(paid, 12)).as_bytes());
    }
    Some(Ok(answer))
}

/// 40h of group A: `*` in front adds the time of the Z-report to its date, `1` asks for its taxes instead of its sales.
pub(in crate::emulator::isl) fn last_closure(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let (with_time, taxes) = match data {
        b"*" | b"*0" => (true, false),
        b"1" => (false, true),
        b"*1" => (true, true),
        _ => return None,
    };
    let mut last = printer.last_z();
    if taxes {
        last.groups = printer.taxes(last.groups);
    }
    let closure = printer.memory().closures.last();
    if let Some(closure) = closure.filter(|_| with_time) {
        let stamp = Moment::of(closure.at).stamp();
        last.date = stamp.chars().filter(char::is_ascii_digit).collect();
    }
    let row = printer.protocol.last_z.as_ref()?;
    row.answer.write(printer.firmware(), &last).map(Ok)
}

/// 5Dh: the discounts and surcharges of the day.
pub(in crate::emulator::isl) fn discounts(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    if !data.is_empty() {
        return None;
    }
    let tallies = printer.memory().day.tallies;
    let field = |tally: CountedSum| format!("{},{}", tally.count, decimal(tally.sum, 2));
    let fields = [field(tallies.discounts), field(tallies.surcharges)];
    Some(Ok(fields.join(",").into_bytes()))
}

/// 55h: reads or sets the name of a payment type.
pub(in crate::emulator::isl) fn payment_name(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let (letter, rest) = data.split_first()?;
    let payments = printer.protocol.payments;
    payments.meaning_of(char::from(*letter))?;
    // `i` to `l` are other letters for `I` to `L`.
    let letter = if (b'i'..=b'l').contains(letter) {
        letter.to_ascii_uppercase()
    } else {
        *letter
    };
    let key = format!("55 {}", char::from(letter));
    let name = match rest {
        [] => {
            let name = printer.memory().settings.get(&key);
            return Some(Ok(codepage::encode(name.map_or("", String::as_str))));
        }
        [b',', name @ ..] => name,
        _ => return None,
    };
    if name.len() > NAME_MAX || printer.memory().day.fiscal_receipts > 0 {
        return Some(Ok(b"F".to_vec()));
    }
    printer.memory.settings.insert(key, codepage::decode(name));
    Some(Ok(b"P".to_vec()))
}

/// 66h: sets the name of an operator; the name is stored and not printed.
pub(in crate::emulator::isl) fn operator_name(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let text = codepage::decode(data);
    let mut fields = text.splitn(3, ',');
    let operator = parse_count(fields.next()?)?;
    let _password = fields.next()?;
    let name = fields.next()?;
    if !(1..=printer.protocol.seller.operator_max).contains(&operator) {
        return Some(Err((Cause::Syntax, None)));
    }
    let key = format!("OperName {operator}");
    printer.memory.settings.insert(key, name.to_owned());
    DONE
}

//! Questions of Datecs X that only other drivers ask.

use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::memory::{CountedSum, OpenKind, Tallies};
use crate::emulator::isl::printer::{Answered, Printer};
use crate::wire::cause::Cause;
use crate::wire::fields::{decimal, parse_count};
use crate::wire::isl_counters::LastZ;
use crate::wire::isl_x::{emit, parse};

/// The one parameter of a question.
fn only(data: &[u8]) -> Option<String> {
    match parse(data)?.as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// The number and the sum of a tally, as two fields.
fn pair(tally: CountedSum) -> [String; 2] {
    [tally.count.to_string(), decimal(tally.sum, 2)]
}

fn pairs(tallies: &[CountedSum]) -> Vec<u8> {
    let fields: Vec<String> = tallies.iter().flat_map(|tally| pair(*tally)).collect();
    emit(&fields)
}

/// 4Ah `0`: the current receipt, and number, sum and time of the last fiscal receipt.
pub(in crate::emulator::isl) fn receipt_status(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != emit(&["0"]) {
        return None;
    }
    let memory = printer.memory();
    let kind = match memory.open.as_ref().map(|open| open.kind) {
        None => "0",
        Some(OpenKind::Sale) => "1",
        Some(OpenKind::Refund) => "3",
        Some(OpenKind::Slip) => "5",
    };
    let number = memory
        .last_document
        .saturating_add(u32::from(memory.open.is_some()));
    let last = printer.receipts().last();
    let at = last.map_or_else(String::new, |last| Moment::of(last.at).stamp());
    let answer = [
        "0",
        kind,
        &number.to_string(),
        &decimal(last.map_or(0, |last| last.total), 2),
        &last.map_or(0, |last| last.document).to_string(),
        &at,
    ];
    Some(Ok(emit(&answer)))
}

/// 4Ah `1`: the text of the QR code of the last fiscal receipt: fiscal memory, number, date, time, sum.
pub(in crate::emulator::isl) fn code_of_last_receipt(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != emit(&["1"]) {
        return None;
    }
    let Some(last) = printer.receipts().last() else {
        return Some(Ok(emit(&[""])));
    };
    let at = Moment::of(last.at).long_stamp();
    let (date, time) = at.split_once(' ').unwrap_or((&at, ""));
    let date: Vec<&str> = date.rsplit('-').collect();
    let code = format!(
        "{}*{:07}*{}*{time}*{}",
        printer.memory().fiscal_memory,
        last.document,
        date.join("-"),
        decimal(last.total, 2)
    );
    Some(Ok(emit(&[code])))
}

/// 40h `1` to `3`: the tax of the last Z-report, its refunds, and the tax of its refunds.
pub(in crate::emulator::isl) fn last_z(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let kind = only(data)?;
    let day = printer
        .memory()
        .closures
        .last()
        .map(|last| last.day.clone());
    let day = day.unwrap_or_default();
    let groups = match kind.as_str() {
        "1" => printer.taxes(day.sales),
        "2" => day.refunds,
        "3" => printer.taxes(day.refunds),
        _ => return None,
    };
    let last = printer.last_z();
    let row = printer.protocol.last_z.as_ref()?;
    Some(printer.written_by(row, Ok(LastZ { groups, ..last })))
}

/// 6Eh `2` to `5`: sales; surcharges and discounts; voids and cancelled receipts; cash in and out, also in a second currency.
pub(in crate::emulator::isl) fn day(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let tallies = printer.memory().day.tallies;
    let none = CountedSum::default();
    Some(Ok(match only(data)?.as_str() {
        "2" => pairs(&[tallies.sales]),
        "3" => pairs(&[tallies.surcharges, tallies.discounts]),
        "4" => pairs(&[tallies.voids, tallies.cancelled]),
        "5" => pairs(&[tallies.paid_in, tallies.taken_out, none, none]),
        _ => return None,
    }))
}

/// 70h: all receipts of the day belong to the family's usual operator.
pub(in crate::emulator::isl) fn operator(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let seller = printer.protocol.seller;
    let number = parse_count(&only(data)?).filter(|one| (1..=seller.operator_max).contains(one))?;
    let tallies = if number == seller.operator {
        printer.memory().day.tallies
    } else {
        Tallies::default()
    };
    Some(Ok(pairs(&[
        tallies.sales,
        tallies.discounts,
        tallies.surcharges,
        tallies.voids,
    ])))
}

/// 57h: a group of articles; no sale is booked to one.
pub(in crate::emulator::isl) fn article_group(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    parse_count(&only(data)?).filter(|group| (1..=99).contains(group))?;
    Some(Ok(emit(&["0", "0.00", ""])))
}

/// 58h: a department; departments 1 to 8 have the tax groups 1 to 8, and no sale is booked to a department.
pub(in crate::emulator::isl) fn department(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let number = parse_count(&only(data)?).filter(|number| (1..=99).contains(number))?;
    if number > 8 {
        return Some(Err((Cause::NotPermitted, None)));
    }
    let name = printer.memory().settings.get(&format!("DeptName {number}"));
    let name = name.cloned().unwrap_or_default();
    let number = number.to_string();
    Some(Ok(emit(&[
        number.as_str(),
        "0.00",
        "0",
        "0.00",
        "0",
        "0.00",
        &name,
    ])))
}

/// 7Bh `2`, `4` and `5`: batteries and modem, a check of the journal, the charge of the battery.
pub(in crate::emulator::isl) fn device(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    Some(Ok(match only(data)?.as_str() {
        "2" => emit(&["7400", "3000", "0", "0"]),
        "4" => Vec::new(),
        "5" => emit(&["7400", "100"]),
        _ => return None,
    }))
}

/// FFh: variables that our driver does not read.
pub(in crate::emulator::isl) fn variable(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    let [name, index, value] = fields.as_slice() else {
        return None;
    };
    if !value.is_empty() {
        return None;
    }
    let memory = printer.memory();
    let answer = match name.as_str() {
        "PrintColumns" => "42".to_owned(),
        "CurrNameLocal" => memory.currency.clone(),
        "TAXnumber" => memory.tax_id.clone(),
        // The rates of the emulated printer were never changed.
        "nVatChanges" => "1".to_owned(),
        "nIDnumberChanges" | "nFMnumberChanges" | "nTAXnumberChanges" => "1".to_owned(),
        "ActiveVatGroups" => memory.rates.iter().flatten().count().to_string(),
        "nReset" | "HideSingleItemInfoOnSells" | "Payment_forbidden" | "PYxx_Server" => {
            "0".to_owned()
        }
        "valVat" => {
            let place = if index.is_empty() {
                0
            } else {
                parse_count(index)?
            };
            let rate = memory.rates.get(usize::try_from(place).ok()?)?;
            decimal(rate.unwrap_or(10_000), 2)
        }
        _ => return None,
    };
    Some(Ok(emit(&[answer])))
}

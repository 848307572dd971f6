//! Forms of Datecs MX printers of Romania and Moldova that our driver does not send.

use super::DONE;
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::memory::CountedSum;
use crate::emulator::isl::printer::{Answered, Printer, written};
use crate::wire::cause::Cause;
use crate::wire::fields::{decimal, parse_count};
use crate::wire::isl_service::{Service, ServiceAnswer};
use crate::wire::isl_x::{emit, parse};

/// The number of lines of the header.
const HEADER_LINES: u32 = 10;

/// 2Bh: the lines of the header are written, read, and counted. A Bulgarian machine has its refunds here.
pub(in crate::emulator::isl) fn header(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let key = |line: &str| {
        let line = parse_count(line).filter(|line| (1..=HEADER_LINES).contains(line))?;
        Some(format!("Header {}", line.saturating_sub(1)))
    };
    match fields.as_slice() {
        ["W", line, text] => {
            let text = (*text).to_owned();
            printer.memory.settings.insert(key(line)?, text);
            DONE
        }
        ["R", line, _] | ["W", line] => {
            let text = printer.memory.settings.get(&key(line)?).cloned();
            Some(Ok(emit(&[text.unwrap_or_default()])))
        }
        ["W"] => DONE,
        ["I"] => Some(Ok(emit(&["0", "16", "10"]))),
        _ => None,
    }
}

/// 45h `E`, `D` and `G`: reports that do not close the day, and have no figures in the answer.
pub(in crate::emulator::isl) fn other_report(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let title = match parse(data)?.first()?.as_str() {
        "E" => "RAPORT ECR",
        "D" => "RAPORT DEPARTAMENTE",
        "G" => "RAPORT GRUPE",
        _ => return None,
    };
    let printed = printer.service(Service::Report(title));
    Some(written(printed, ServiceAnswer::emit_x))
}

/// 40h `1`: the tax of the last Z-report.
pub(in crate::emulator::isl) fn last_taxes(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    if data != emit(&["1"]) {
        return None;
    }
    let last = printer.last_z();
    let groups = printer.taxes(last.groups);
    let row = printer.protocol.last_z.as_ref()?;
    Some(printer.written_by(row, Ok(crate::wire::isl_counters::LastZ { groups, ..last })))
}

/// 41h `2` and `3`: simplified invoices, of which the emulated printer makes none.
pub(in crate::emulator::isl) fn simplified_invoices(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != emit(&["2"]) && data != emit(&["3"]) {
        return None;
    }
    let [row, _] = &printer.protocol.day_sales;
    Some(printer.written_by(row, Ok([0; 8])))
}

/// 6Eh `1` to `5`: refunds, of which the machine has none; sales; surcharges and discounts, also special ones; corrections and
/// annulled receipts; cash in and out, also in a second currency.
pub(in crate::emulator::isl) fn day(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let tallies = printer.memory().day.tallies;
    let none = CountedSum::default();
    let fields = parse(data)?;
    let [kind] = fields.as_slice() else {
        return None;
    };
    let pairs: Vec<CountedSum> = match kind.as_str() {
        "1" => return Some(Ok(emit(&["0.00"; 10]))),
        "2" => vec![tallies.sales],
        "3" => vec![tallies.surcharges, tallies.discounts, none, none],
        "4" => vec![tallies.voids, tallies.cancelled],
        "5" => vec![tallies.paid_in, tallies.taken_out, none, none],
        _ => return None,
    };
    let fields: Vec<String> = pairs
        .iter()
        .flat_map(|pair| [pair.count.to_string(), decimal(pair.sum, 2)])
        .collect();
    Some(Ok(emit(&fields)))
}

/// 7Bh `1`: serial number, fiscal number, two lines of the header, the taxpayer's number.
pub(in crate::emulator::isl) fn identity(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    if data != emit(&["1"]) {
        return None;
    }
    let memory = printer.memory();
    let header = |line: &str| memory.settings.get(line).cloned().unwrap_or_default();
    Some(Ok(emit(&[
        memory.serial.clone(),
        memory.fiscal_memory.clone(),
        header("Header 0"),
        header("Header 1"),
        memory.tax_id.clone(),
    ])))
}

/// 7Bh `3`: number and time of the last sales receipt of the day, number and time of the last Z-report.
pub(in crate::emulator::isl) fn last_receipt(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != emit(&["3"]) {
        return None;
    }
    let at = |seconds: Option<i64>| {
        seconds.map_or_else(String::new, |seconds| Moment::of(seconds).long_stamp())
    };
    let memory = printer.memory();
    Some(Ok(emit(&[
        memory.day.fiscal_receipts.to_string(),
        at(printer.receipts().last().map(|last| last.at)),
        memory.z_number().to_string(),
        at(memory.closures.last().map(|last| last.at)),
    ])))
}

/// 95h with a number: sets the mode.
pub(in crate::emulator::isl) fn set_mode(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    let [mode] = fields.as_slice() else {
        return None;
    };
    let mode = parse_count(mode).filter(|mode| matches!(mode, 0 | 2 | 3))?;
    if printer.memory().open.is_some() {
        return Some(Err((Cause::NotPermitted, None)));
    }
    printer.mode = mode;
    Some(Ok(emit(&[mode.to_string()])))
}

/// FFh: every variable that our driver does not read for its counters.
pub(in crate::emulator::isl) fn variable(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let fields = parse(data)?;
    let [name, index, value] = fields.as_slice() else {
        return None;
    };
    if matches!(name.as_str(), "nBon" | "nFBonDailyCount") && value.is_empty() {
        return None;
    }
    if !value.is_empty() {
        let may_be_set = matches!(
            name.as_str(),
            "OperName" | "PayNamePgmbl" | "Footer" | "EcrSafeOpening"
        );
        if !may_be_set {
            return Some(Err((Cause::NotPermitted, None)));
        }
        let key = format!("{name} {}", if index.is_empty() { "0" } else { index });
        printer.memory.settings.insert(key, value.clone());
        return DONE;
    }
    let memory = printer.memory();
    let answer = match name.as_str() {
        "nFBon" => memory.day.fiscal_receipts.saturating_add(1).to_string(),
        "nRBonDailyCount" | "nReset" | "Payment_forbidden" => "0".to_owned(),
        "nZreport" => memory.z_number().saturating_add(1).to_string(),
        "nVatChanges"
        | "nIDnumberChanges"
        | "nFMnumberChanges"
        | "nTAXnumberChanges"
        | "Fiscalized"
        | "UserIsVatRegistered"
        | "EJNumber" => "1".to_owned(),
        "DFR_needed" => u32::from(memory.day.opened_at.is_some()).to_string(),
        "CurrNameLocal" => memory.currency.clone(),
        "TAXnumber" => memory.tax_id.clone(),
        "FMnumber" => memory.fiscal_memory.clone(),
        "IDnumber" => memory.serial.clone(),
        "PrintColumns" => "42".to_owned(),
        "EcrMode" => printer.mode.to_string(),
        "EcrSafeOpening" => {
            let set = memory.settings.get("EcrSafeOpening 0");
            set.cloned().unwrap_or_else(|| "0".to_owned())
        }
        "OperName" | "PayNamePgmbl" | "Footer" => {
            let key = format!("{name} {}", if index.is_empty() { "0" } else { index });
            memory.settings.get(&key).cloned().unwrap_or_default()
        }
        // `UNP` and `nLastFiscalDoc` are Bulgarian.
        _ => return Some(Err((Cause::Syntax, None))),
    };
    Some(Ok(emit(&[answer])))
}

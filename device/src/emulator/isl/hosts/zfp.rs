//! Forms of ZFP (Tremol) that our driver does not send, and texts, which one command prints on receipts and slips.

use super::{DONE, ascii};
use crate::emulator::isl::memory::OpenKind;
use crate::emulator::isl::printer::{Answered, Printer, written};
use crate::wire::cause::Cause;
use crate::wire::fields::{decimal, parse_decimal};
use crate::wire::isl_payment::PaymentRequest;
use crate::wire::isl_receipt::{SaleModifier, Subtotal};

/// 37h: a line of text on the receipt or slip that is open.
pub(in crate::emulator::isl) fn text(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    if data.is_empty() {
        return None;
    }
    let open = printer.memory().open.as_ref();
    let printed = if open.is_some_and(|open| open.kind == OpenKind::Slip) {
        printer.slip_text(data)
    } else {
        printer.receipt_text(data)
    };
    Some(written(printed, |()| Vec::new()))
}

/// 33h `Print;Display[:Change][,Percent]`: the subtotal, with a discount or surcharge.
pub(in crate::emulator::isl) fn subtotal(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let (flags, change) = match ascii(data)?.split_once([':', ',']) {
        Some((flags, change)) => (flags, Some(parse_decimal(change, 2)?)),
        None => (ascii(data)?, None),
    };
    let (print, display) = flags.split_once(';')?;
    let is_flag = |flag: &str| matches!(flag, "0" | "1");
    if !is_flag(print) || !is_flag(display) {
        return None;
    }
    let is_percent = data.contains(&b',');
    let asked = Subtotal {
        print: print == "1",
        display: display == "1",
        modifier: change.map(|change| {
            if is_percent {
                SaleModifier::Percent(change)
            } else {
                SaleModifier::Absolute(change)
            }
        }),
    };
    let told = printer.subtotal(&asked);
    Some(written(told, |sums| decimal(sums.total, 2).into_bytes()))
}

/// 36h: pays what is left in cash and closes the receipt.
pub(in crate::emulator::isl) fn pay_and_close(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if !data.is_empty() {
        return None;
    }
    let payment = PaymentRequest {
        text: Vec::new(),
        mode: Some('P'),
        amount: None,
    };
    let closed = printer
        .payment(&payment)
        .map_err(|refused| refused.cause)
        .and_then(|_| printer.receipt_close().map_err(|refused| refused.cause));
    Some(match closed {
        Ok(_) => Ok(Vec::new()),
        Err(cause) => Err((cause, None)),
    })
}

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
    let day = &printer.memory().day;
    let mut told = format!("1;{}", day.fiscal_receipts);
    for tally in [
        day.tallies.discounts,
        day.tallies.surcharges,
        day.tallies.voids,
    ] {
        told.push_str(&format!(";{};{}", tally.count, decimal(tally.sum, 2)));
    }
    Some(Ok(told.into_bytes()))
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

/// 24h to 28h, 2Bh: the customer's display, and a line of paper.
pub(in crate::emulator::isl) fn nothing(_: &mut Printer, _: &[u8]) -> Option<Answered> {
    DONE
}

/// 22h: prints the diagnostics.
pub(in crate::emulator::isl) fn diagnostics(printer: &mut Printer, _: &[u8]) -> Option<Answered> {
    let printed: Result<(), Cause> = printer.closed().and_then(|()| printer.printing());
    Some(match printed {
        Ok(()) => Ok(Vec::new()),
        Err(cause) => Err((cause, None)),
    })
}

//! Receipts of ZFP (Tremol): all forms of their openings and sales, discounts, and texts, which one command prints on receipts and
//! slips.
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1910211454, chapter 2.6.

use super::{DONE, ascii};
use crate::emulator::isl::memory::{OpenKind, ReceiptForm};
use crate::emulator::isl::printer::{Answered, Printer, written};
use crate::wire::cause::Cause;
use crate::wire::fields::{decimal, parse_decimal};
use crate::wire::isl_payment::PaymentRequest;
use crate::wire::isl_receipt::{SaleModifier, Subtotal};
use crate::wire::zfp_receipt::{ZfpPrinting, parse_line, parse_opening};

/// 30h: opens a sale, an invoice, a refund or a credit note.
pub(in crate::emulator::isl) fn open(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let opening = parse_opening(data)?;
    let opened = match &opening.refund {
        Some(refund) => printer.refund_open(refund),
        None => printer.receipt_open(&opening.open),
    };
    let opened = written(opened, |_| Vec::new());
    if opened.is_ok()
        && let Some(open) = &mut printer.memory.open
    {
        let electronic = opening.printing == ZfpPrinting::Electronic;
        open.form = ReceiptForm {
            detailed: opening.detailed,
            vat: opening.vat,
            postponed: electronic || opening.printing == ZfpPrinting::Postponed,
            electronic,
        };
    }
    Some(opened)
}

/// 31h and 34h: a sale, or with a negative price the correction of one.
///
/// The manual does not say which sign the discount of a correction has. Here a correction is the sale's line with a negative price
/// and nothing else changed, as its percentage must be.
pub(in crate::emulator::isl) fn sale(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let (mut sale, department) = parse_line(data)?;
    if let Some(SaleModifier::Absolute(minor)) = sale.modifier
        && sale.price < 0
    {
        sale.modifier = Some(SaleModifier::Absolute(minor.saturating_neg()));
    }
    let sold = written(printer.sale(&sale), |_| Vec::new());
    if sold.is_ok()
        && let Some(open) = &mut printer.memory.open
        && let Some(last) = open.sales.last_mut()
    {
        last.department = department.map(u32::from);
    }
    Some(sold)
}

/// 3Eh `Type;Display[:Change][,Percent]`: a discount or surcharge of the subtotal (1) or of the last sale (0). What the device does
/// by itself (2) is said nowhere.
pub(in crate::emulator::isl) fn discount(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let (of, rest) = data.split_first()?;
    let asked = parse_subtotal(&[b"0", rest].concat())?;
    let modifier = asked.modifier?;
    match of {
        b'0' => Some(match printer.change_last_sale(modifier) {
            Ok(()) => Ok(Vec::new()),
            Err(cause) => Err((cause, None)),
        }),
        b'1' => Some(written(printer.subtotal(&asked), |_| Vec::new())),
        _ => None,
    }
}

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
    let told = printer.subtotal(&parse_subtotal(data)?);
    Some(written(told, |sums| decimal(sums.total, 2).into_bytes()))
}

fn parse_subtotal(data: &[u8]) -> Option<Subtotal> {
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
    Some(Subtotal {
        print: print == "1",
        display: display == "1",
        modifier: change.map(|change| {
            if is_percent {
                SaleModifier::Percent(change)
            } else {
                SaleModifier::Absolute(change)
            }
        }),
    })
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

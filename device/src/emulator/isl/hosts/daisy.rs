//! Commands of Daisy printers that our driver does not send, and answers with figures that the plain structs of the codecs do not have.
//!
//! Manual: Daisy Tech, V1.8.1, 2023.

use super::ascii;
use super::daisy_service::{Department, FIRST_EDITION};
use super::departments::sold_by;
use crate::emulator::isl::calendar::Moment;
use crate::emulator::isl::journal::PrintedKind;
use crate::emulator::isl::memory::FiscalReceipt;
use crate::emulator::isl::printer::{Answered, Printer};
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count};
use crate::wire::isl_daisy::{emit_closed, parse_figures};
use crate::wire::isl_receipt::Sale;

/// The answer to a command that was not carried out.
const FAILED: &[u8] = b"F";

/// 82h: corrects every sale, pays 0.00 in cash and closes the receipt, which takes a number of a fiscal receipt.
pub(in crate::emulator::isl) fn cancel(printer: &mut Printer, _: &[u8]) -> Option<Answered> {
    let items = printer.memory().open.as_ref().map(|open| open.items());
    if let Err(refused) = printer.receipt_cancel() {
        return Some(Err((refused.cause, None)));
    }
    let day = &mut printer.memory.day;
    day.fiscal_receipts = day.fiscal_receipts.saturating_add(1);
    // Each correction is a sale of the receipt too, and the sum is 0.
    let last = &mut printer.memory.last;
    last.items = items.unwrap_or(0).saturating_mul(2);
    last.amount = 0;
    last.tender = 0;
    Some(Ok(emit_closed(&printer.counters_of_closed())))
}

/// 8Ah: a sale by department, `[Sign]Dept@Price[*Qty][,Perc][$Net]`.
pub(in crate::emulator::isl) fn sale_of_department(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let (head, figures) = ascii(data)?.split_once('@')?;
    let (is_void, number) = match head.strip_prefix('-') {
        Some(number) => (true, number),
        None => (false, head.strip_prefix('+').unwrap_or(head)),
    };
    let number = parse_count(number)?;
    let (price, quantity, modifier) = parse_figures(figures.as_bytes())?;
    let Some(department) = Department::of(printer, number).filter(Department::sells) else {
        return Some(Err((Cause::NotPermitted, None)));
    };
    let sale = Sale {
        text: codepage::encode(&department.name),
        second: Vec::new(),
        group: department.group,
        price: if is_void { price.checked_neg()? } else { price },
        quantity,
        modifier,
    };
    Some(sold_by(printer, number, &sale))
}

/// 46h with a text: `Amount,Text`.
pub(in crate::emulator::isl) fn cash_with_text(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let comma = data.iter().position(|byte| *byte == b',')?;
    let row = &printer.protocol.cash;
    let amount = (row.ask.parse)(data.get(..comma)?)?;
    let moved = printer.cash(amount);
    Some(printer.written_by(row, moved))
}

/// 41h: the day by tax group, of sales and of refunds; `T` with tax, `N` or nothing without it.
pub(in crate::emulator::isl) fn day_totals(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let day = &printer.memory().day;
    let sums = sums_of(printer, [day.sales, day.refunds], data)?;
    Some(Ok(sums.into_bytes()))
}

/// 40h: the last Z-report by tax group, as 41h.
pub(in crate::emulator::isl) fn last_z(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let last = printer.memory().closures.last();
    let groups = last.map_or([[0; 8]; 2], |last| [last.day.sales, last.day.refunds]);
    let number = last.map_or(0, |last| last.number);
    let date = last.map_or_else(|| "000000".to_owned(), |last| Moment::of(last.at).date());
    let sums = sums_of(printer, groups, data)?;
    Some(Ok(format!("{number:04},{sums},{date}").into_bytes()))
}

fn sums_of(printer: &Printer, groups: [[i64; 8]; 2], data: &[u8]) -> Option<String> {
    let with_tax = match data {
        b"T" => true,
        b"" | b"N" => false,
        _ => return None,
    };
    let sums: Vec<String> = groups
        .iter()
        .flat_map(|groups| {
            let taxes = printer.taxes(*groups);
            groups
                .iter()
                .zip(taxes)
                .map(move |(gross, tax)| {
                    decimal(
                        if with_tax {
                            *gross
                        } else {
                            gross.saturating_sub(tax)
                        },
                        2,
                    )
                })
                .collect::<Vec<_>>()
        })
        .collect();
    Some(sums.join(","))
}

/// 6Eh: cash and payments 1 to 4, the number of the last Z-report, of the next document and of the next invoice. With `A` all payments,
/// of which the emulated printer has no more.
pub(in crate::emulator::isl) fn day_payments(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if !matches!(data, b"" | b"A") {
        return None;
    }
    let memory = printer.memory();
    let sums = memory.day.payments.iter().take(5);
    let sums: Vec<String> = sums.map(|sum| format!("{sum:010}")).collect();
    let next = memory.last_document.saturating_add(1);
    let answer = format!(
        "{},{:04},{next:06},0000000001",
        sums.join(","),
        memory.z_number()
    );
    Some(Ok(answer.into_bytes()))
}

/// 4Ch `T`: open, sales, sum, the last payment, what is left to pay.
pub(in crate::emulator::isl) fn last_payment(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    if data != b"T" {
        return None;
    }
    let state = printer.transaction(true);
    let tender = state.tender.unwrap_or(0);
    let payments = match &printer.memory().open {
        Some(open) => Some(&open.payments),
        None => printer.receipts().last().map(|last| &last.payments),
    };
    let last = payments.and_then(|payments| payments.last());
    let last = last.map_or(0, |(_, amount)| *amount);
    let answer = format!(
        "{},{:04},{:010},{:010},{:010}",
        u8::from(state.open),
        state.items,
        state.amount,
        if tender == 0 { 0 } else { last },
        state.amount.saturating_sub(tender).max(0)
    );
    Some(Ok(answer.into_bytes()))
}

/// 74h: the contents of the QR code of the last document, or of the document after the number that is asked for. The first edition of
/// the manual knows the last document only.
pub(in crate::emulator::isl) fn issued_document(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let last = printer.memory().last_document;
    let number = match ascii(data)? {
        "" => last,
        _ if printer.firmware() == FIRST_EDITION => last,
        asked => parse_count(asked)?.checked_add(1)?,
    };
    Some(Ok(
        code_of(printer, number).unwrap_or_else(|| FAILED.to_vec())
    ))
}

fn code_of(printer: &Printer, number: u32) -> Option<Vec<u8>> {
    let before = number.checked_sub(1)?;
    let document = printer
        .documents_after(before)
        .find(|document| document.number == number)?;
    let receipt = printer
        .receipts()
        .iter()
        .rev()
        .find(|receipt| receipt.document == number);
    let (fiscal, kind) = match document.kind {
        PrintedKind::Sale | PrintedKind::Cancelled => (true, 0),
        // The kinds are numbered in another order than the reasons of 2Eh.
        PrintedKind::Refund => match receipt.and_then(FiscalReceipt::refund_reason) {
            Some(0) => (true, 2),
            Some(2) => (true, 3),
            _ => (true, 1),
        },
        PrintedKind::ZReport => return Some(b"PF,XXXXX".to_vec()),
        PrintedKind::XReport => (false, 13),
        PrintedKind::Cash => (false, 11),
        PrintedKind::Slip | PrintedKind::Other => (false, 14),
    };
    let letter = if fiscal { 'F' } else { 'S' };
    let sum = receipt.map_or(0, |receipt: &FiscalReceipt| receipt.total);
    Some(
        format!(
            "P{letter},{kind},{}*{number:06}*{}*{}",
            printer.memory().fiscal_memory,
            Moment::of(document.at).code_stamp(),
            decimal(sum, 2)
        )
        .into_bytes(),
    )
}

/// 80h: the 26 constants of a printer with 32 columns. V1.0 numbers the payments from 1, so that cash is not among them.
pub(in crate::emulator::isl) fn constants(printer: &mut Printer, _: &[u8]) -> Option<Answered> {
    let payments: &[u8] = if printer.firmware() == FIRST_EDITION {
        b"4"
    } else {
        b"5"
    };
    let constants: [&[u8]; 26] = [
        b"384", b"144", payments, b"8", b"", b"", b"\xC0", b"8", b"32", b"28", b"22", b"8", b"8",
        b"0", b"13", b"50", b"30000", b"1", b"1", b"0", b"20", b"12", b"0", b"0", b"0", b"0",
    ];
    Some(Ok(constants.join(&b',')))
}

/// 75h: every receipt was sent to the tax office.
pub(in crate::emulator::isl) fn not_sent(_: &mut Printer, _: &[u8]) -> Option<Answered> {
    Some(Ok(b"---".to_vec()))
}

/// 76h: the firmware knows no online shop.
pub(in crate::emulator::isl) fn firmware(_: &mut Printer, _: &[u8]) -> Option<Answered> {
    Some(Ok(b"00,4.01,4.01".to_vec()))
}

/// AEh: the text of an error number.
pub(in crate::emulator::isl) fn error_text(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    let number = parse_count(ascii(data)?).filter(|number| (1..=127).contains(number))?;
    Some(Ok(format!("{number},ERROR {number}").into_bytes()))
}

/// 37h: opens a receipt that is not printed; without the firmware of an online shop it is printed.
pub(in crate::emulator::isl) fn open_without_paper(
    printer: &mut Printer,
    data: &[u8],
) -> Option<Answered> {
    let row = &printer.protocol.open;
    let open = (row.ask.parse)(data)?;
    let opened = printer.receipt_open(&open);
    Some(printer.written_by(row, opened))
}

/// 2Eh: a line of the customer's display, which the emulated printer does not have.
pub(in crate::emulator::isl) fn display_line(_: &mut Printer, data: &[u8]) -> Option<Answered> {
    let comma = data.iter().position(|byte| *byte == b',')?;
    let line = parse_count(ascii(data.get(..comma)?)?)?;
    Some(if (1..=2).contains(&line) {
        Ok(Vec::new())
    } else {
        Err((Cause::NotPermitted, None))
    })
}

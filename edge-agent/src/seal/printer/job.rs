//! Jobs: translates a reserved document into a job for the printer, and the printer's answer into a seal.

use ferrotill_core::document::{Body, ReportKind};
use ferrotill_core::event::Reserved;
use ferrotill_core::printer_time::PrinterTime;
use ferrotill_core::receipt::{Line, Modifier, Receipt, ReceiptKind};
use ferrotill_core::scale::Decimal;
use ferrotill_core::seal::{PrinterCounters, Seal, StoredBaseline};
use ferrotill_core::time::Moment;
use ferrotill_core::{Amount, Currency, Quantity, Rounding};
use ferrotill_device::printer::{
    Baseline, Job, LineJob, PaymentJob, PrinterReport, ReceiptJob, RefundOf, Registered,
};

use crate::order::OrderForm;
use crate::time::clock::printer_time;
use ferrotill_store::StoredDocument;

/// The printer's job for a document; `original` is the sale that a refund gives back, and how far the clock of its printer is ahead of
/// the till's time, in milliseconds.
///
/// `None` for an alternative or a non-fiscal receipt, or for a refund whose original was not sealed by a printer.
#[must_use]
pub fn job_of(
    reserved: &Reserved<'_>,
    original: Option<(&StoredDocument, i64)>,
    currency: Currency,
) -> Option<Job> {
    match &reserved.body {
        Body::Receipt(receipt) => {
            let refund_of = match receipt.kind {
                ReceiptKind::Sale => None,
                ReceiptKind::Refund { .. } => Some(refund_of(original?, reserved.annex)?),
                ReceiptKind::AlternativeSale => return None,
            };
            Some(Job::Receipt(receipt_job(receipt, refund_of, currency)))
        }
        Body::Cash(amount) => Some(Job::Cash(*amount)),
        Body::Report(ReportKind::X) => Some(Job::XReport),
        Body::Report(ReportKind::Z) => Some(Job::ZReport),
        Body::Nonfiscal(_) | Body::Amounts(_) => None,
    }
}

/// Where the printer finds the original sale of a refund. The printer expects the time as `DDMMYYhhmmss`.
///
/// The time is the printer's own time of the sale, if it was read. Otherwise it is the time at which the sale was begun, as the
/// printer's clock showed it. The time at which the sale was sealed is never used: a sale whose outcome was unknown is sealed when
/// it is found, hours later.
fn refund_of(
    (original, printer_ahead_ms): (&StoredDocument, i64),
    annex: &[u8],
) -> Option<RefundOf> {
    let (sealed, reserved) = (original.sealed()?, original.reserved()?);
    let Seal::Printer {
        document,
        printed_at,
        ..
    } = sealed.seal
    else {
        return None;
    };
    let [year, month, day, hour, minute, second] = match printed_at {
        Some(printed_at) => printed_at.into(),
        None => by_printer(reserved.at, printer_ahead_ms)?.into(),
    };
    Some(RefundOf {
        document,
        at: format!("{day:02}{month:02}{year:02}{hour:02}{minute:02}{second:02}"),
        fiscal_memory: reserved.baseline?.fiscal_memory.to_owned(),
        withdraw: OrderForm::withdraws_cash(annex),
        // The printer's thread knows the width of the paper.
        slip: Vec::new(),
    })
}

/// A moment as it was shown by the clock of a printer that is ahead of the till's time by this many milliseconds.
fn by_printer(at: Moment, ahead_ms: i64) -> Option<PrinterTime> {
    printer_time(Moment {
        utc_ms: at.utc_ms.saturating_add(ahead_ms),
        ..at
    })
}

fn receipt_job(
    receipt: &Receipt<'_>,
    refund_of: Option<RefundOf>,
    currency: Currency,
) -> ReceiptJob {
    let (payments, change) = printable_payments(receipt);
    let mut header = text_lines(receipt.header);
    let mut lines: Vec<LineJob> = Vec::new();
    for line in receipt.lines.iter() {
        if line.price.is_zero() {
            // Printers refuse a price of zero, so the line is printed as text below the one before it.
            let before = lines.last_mut().map_or(&mut header, |job| &mut job.notes);
            before.extend(free_line(&line, currency));
        } else {
            lines.push(line_job(&line, receipt, currency));
        }
    }
    ReceiptJob {
        refund_of,
        header,
        lines,
        footer: text_lines(receipt.footer),
        total: receipt.total,
        payments,
        change,
    }
}

/// The payments in a form that the printer accepts, and the change.
///
/// The printer accepts no payment once the total is paid. So all cash payments with one printer letter become one payment, and cash
/// is left out if the other payments already cover the total.
fn printable_payments(receipt: &Receipt<'_>) -> (Vec<PaymentJob>, Amount) {
    let mut jobs: Vec<PaymentJob> = Vec::new();
    let mut covered = 0_i64;
    for payment in receipt.payments.iter().filter(|payment| !payment.cash) {
        covered = covered.saturating_add(payment.amount.minor());
        jobs.push(PaymentJob {
            letter: char::from(payment.printer_letter),
            cash: false,
            amount: payment.amount,
        });
    }
    if covered >= receipt.total.minor() {
        return (jobs, Amount::ZERO);
    }
    for payment in receipt.payments.iter().filter(|payment| payment.cash) {
        let letter = char::from(payment.printer_letter);
        match jobs.iter_mut().find(|job| job.cash && job.letter == letter) {
            Some(job) => job.amount = job.amount.checked_add(payment.amount).unwrap_or(job.amount),
            None => jobs.push(PaymentJob {
                letter,
                cash: true,
                amount: payment.amount,
            }),
        }
    }
    (jobs, receipt.change)
}

/// One line of a receipt. All its modifiers become one absolute amount, so that the printer's line equals the receipt's final
/// amount. The modifiers are also printed as text.
fn line_job(line: &Line<'_>, receipt: &Receipt<'_>, currency: Currency) -> LineJob {
    let product = Rounding::COMMERCIAL
        .multiply_divide(
            line.price.minor(),
            line.quantity.thousandths(),
            Quantity::ONE.thousandths(),
        )
        .unwrap_or(line.before_modification.minor());
    let difference = |from: Amount, to: Amount| to.checked_sub(from).unwrap_or(Amount::ZERO);
    let mut notes = Vec::new();
    if let Some(modifier) = line.modifier {
        let amount = difference(line.before_modification, line.amount);
        notes.push(format!(
            "{} = {}",
            modifier_text(modifier, currency),
            amount.display(currency)
        ));
    }
    let share = difference(line.amount, line.final_amount);
    if !share.is_zero() && !receipt.modifiers.is_empty() {
        let given: Vec<_> = receipt
            .modifiers
            .iter()
            .map(|modifier| modifier_text(modifier.modifier, currency))
            .collect();
        notes.push(format!(
            "({}) = {}",
            given.join(" "),
            share.display(currency)
        ));
    }
    notes.extend(text_lines(line.comment));
    LineJob {
        name: line.name.to_owned(),
        group: line.group.code.place(),
        price: line.price,
        quantity: line.quantity,
        adjustment: difference(Amount::from_minor(product), line.final_amount),
        notes,
    }
}

/// The text of a line of price zero: its name, its quantity and its amount, and its comment.
fn free_line(line: &Line<'_>, currency: Currency) -> Vec<String> {
    let zero = Amount::ZERO.display(currency);
    let mut texts = vec![
        line.name.to_owned(),
        format!("{} x {zero} = {zero}", line.quantity.display()),
    ];
    texts.extend(text_lines(line.comment));
    texts
}

fn modifier_text(modifier: Modifier, currency: Currency) -> String {
    match modifier {
        Modifier::Percent(hundredths) => format!("{}%", Decimal::new(i64::from(hundredths), 2)),
        Modifier::Amount(amount) => amount.display(currency).to_string(),
    }
}

fn text_lines(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

/// The seal that the journal stores for a document which the printer has registered.
#[must_use]
pub fn seal_of(registered: &Registered) -> Seal<'static> {
    Seal::Printer {
        document: registered.document,
        fiscal_receipt: registered.fiscal_receipt,
        counters: registered.report.as_ref().and_then(counters),
        printed_at: registered.printed_at,
    }
}

fn counters(report: &PrinterReport) -> Option<PrinterCounters> {
    Some(PrinterCounters {
        z_number: report.z_number?,
        sales: report.groups,
        refunds: report.refunds,
        cash: report.cash,
        cash_in: report.cash_in,
        cash_out: report.cash_out,
        receipts: report.fiscal_receipts,
    })
}

/// The printer's baseline in the form that the journal stores.
#[must_use]
pub fn stored_baseline(baseline: &Baseline) -> StoredBaseline<'_> {
    StoredBaseline {
        family: &baseline.family,
        serial: &baseline.serial,
        fiscal_memory: &baseline.fiscal_memory,
        last_document: baseline.last_document,
        next_fiscal_receipt: baseline.next_fiscal_receipt,
        z_number: baseline
            .z_number
            .unwrap_or(StoredBaseline::Z_NUMBER_UNKNOWN),
        cash: baseline.cash,
        cash_in: baseline.cash_in,
        cash_out: baseline.cash_out,
    }
}

/// A stored baseline in the form that the printer's driver expects.
#[must_use]
pub fn baseline_of(stored: &StoredBaseline<'_>) -> Baseline {
    Baseline {
        family: stored.family.to_owned(),
        serial: stored.serial.to_owned(),
        fiscal_memory: stored.fiscal_memory.to_owned(),
        last_document: stored.last_document,
        next_fiscal_receipt: stored.next_fiscal_receipt,
        z_number: Some(stored.z_number).filter(|z| *z != StoredBaseline::Z_NUMBER_UNKNOWN),
        cash: stored.cash,
        cash_in: stored.cash_in,
        cash_out: stored.cash_out,
    }
}

//! From a reserved document to what the fiscal printer is asked to do.

use ferrotill_core::document::{Body, ReportKind};
use ferrotill_core::event::Reserved;
use ferrotill_core::receipt::{Line, Modifier, Receipt, ReceiptKind};
use ferrotill_core::scale::Decimal;
use ferrotill_core::seal::{PrinterCounters, Seal, StoredBaseline};
use ferrotill_core::{Amount, Currency, Quantity, Rounding};
use ferrotill_device::printer::{
    Baseline, Job, LineJob, PaymentJob, PrinterReport, ReceiptJob, RefundOf, Registered,
};

use crate::time::clock::local;
use ferrotill_store::StoredDocument;

/// The job of a document; `original` is the sale that a refund takes back.
///
/// `None` for a document that no printer takes part in, or whose original is not in the books.
#[must_use]
pub fn job_of(
    reserved: &Reserved<'_>,
    original: Option<&StoredDocument>,
    currency: Currency,
) -> Option<Job> {
    match &reserved.body {
        Body::Receipt(receipt) => {
            let refund_of = match receipt.kind {
                ReceiptKind::Sale => None,
                ReceiptKind::Refund { .. } => Some(refund_of(original?)?),
                ReceiptKind::AlternativeSale => return None,
            };
            Some(Job::Receipt(receipt_job(receipt, refund_of, currency)))
        }
        Body::Cash(amount) => Some(Job::Cash(*amount)),
        Body::Report(ReportKind::X) => Some(Job::XReport),
        Body::Report(ReportKind::Z) => Some(Job::ZReport),
    }
}

/// Where the printer finds the sale that is taken back.
fn refund_of(original: &StoredDocument) -> Option<RefundOf> {
    let sealed = original.sealed()?;
    let Seal::Printer { document, .. } = sealed.seal else {
        return None;
    };
    let at = local(sealed.at);
    Some(RefundOf {
        document,
        at: format!(
            "{:02}{:02}{:02}{:02}{:02}{:02}",
            at.day(),
            at.month(),
            at.year().rem_euclid(100),
            at.hour(),
            at.minute(),
            at.second()
        ),
        fiscal_memory: original.reserved()?.baseline?.fiscal_memory.to_owned(),
    })
}

fn receipt_job(
    receipt: &Receipt<'_>,
    refund_of: Option<RefundOf>,
    currency: Currency,
) -> ReceiptJob {
    let (payments, change) = printable_payments(receipt);
    ReceiptJob {
        refund_of,
        header: text_lines(receipt.header),
        lines: receipt
            .lines
            .iter()
            .map(|line| line_job(&line, receipt, currency))
            .collect(),
        footer: text_lines(receipt.footer),
        total: receipt.total,
        payments,
        change,
    }
}

/// The payments as a printer takes them: it has no ear for a payment after the last, so that cash of one letter is one payment,
/// and cash that is given back whole is none.
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

/// One line: its modifiers go to the printer as one absolute amount, so that its line is our final amount; the words go as text.
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
            words(modifier, currency),
            amount.display(currency)
        ));
    }
    let share = difference(line.amount, line.final_amount);
    if !share.is_zero() && !receipt.modifiers.is_empty() {
        let given: Vec<_> = receipt
            .modifiers
            .iter()
            .map(|modifier| words(modifier.modifier, currency))
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

fn words(modifier: Modifier, currency: Currency) -> String {
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

/// The slip of a receipt that no fiscal printer prints, under its title where it has one.
#[must_use]
pub fn slip_of(title: &str, number: &str, receipt: &Receipt<'_>, currency: Currency) -> Job {
    let money = |amount: Amount| amount.display(currency);
    let mut lines = text_lines(title);
    lines.push(number.to_owned());
    lines.extend(text_lines(receipt.header));
    for line in receipt.lines.iter() {
        lines.push(line.name.to_owned());
        lines.push(format!(
            "{} x {} = {} {}",
            line.quantity.display(),
            money(line.price),
            money(line.final_amount),
            line.group.code
        ));
        lines.extend(text_lines(line.comment));
    }
    lines.push(format!("TOTAL {} {currency}", money(receipt.total)));
    for payment in receipt.payments.iter() {
        lines.push(format!("{} {}", payment.name, money(payment.amount)));
    }
    if receipt.change.is_positive() {
        lines.push(format!("REST {}", money(receipt.change)));
    }
    lines.extend(text_lines(receipt.footer));
    Job::Text(lines)
}

/// The printer's word on a document as the seal that the journal keeps.
#[must_use]
pub fn seal_of(registered: &Registered) -> Seal<'static> {
    Seal::Printer {
        document: registered.document,
        fiscal_receipt: registered.fiscal_receipt,
        counters: registered.report.as_ref().and_then(counters),
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

/// The printer's baseline as the journal keeps it.
#[must_use]
pub fn stored(baseline: &Baseline) -> StoredBaseline<'_> {
    StoredBaseline {
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

/// A stored baseline as the printer's driver takes it.
#[must_use]
pub fn baseline_of(stored: &StoredBaseline<'_>) -> Baseline {
    Baseline {
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

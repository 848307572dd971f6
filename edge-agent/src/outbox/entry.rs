//! From a stored document to what the tax office is told, in the office's own terms.

use ferrotill_core::document::Body;
use ferrotill_core::event::{ReportFigures, Reserved, Sealed};
use ferrotill_core::receipt::{Receipt as SoldReceipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use ferrotill_core::shift::{Tally, Turnover};
use ferrotill_core::{Amount, Currency};
use uuid::Uuid;

use crate::authority::{
    CashDirection, CashOperation, Heading, Identity, Means, ReportedDocument, ReportedForm,
    ReportedItem, ReportedPayment, ReportedReceipt, TaxTotal, Total, ZReport,
};
use crate::config::ReportingParty;
use crate::time::clock::iso_utc;
use ferrotill_store::OutboxEntry;

/// Who stands at the till; the callers' interfaces do not say.
const CASHIER: &str = "Cashier 1";
/// The unit of what is sold; the callers' interfaces do not say.
const UNIT: &str = "pcs";

/// The document that a letter tells of; `None` if it cannot be read in the journal.
#[must_use]
pub fn letter_document(
    letter: &OutboxEntry,
    party: &ReportingParty,
    currency: Currency,
) -> Option<ReportedDocument> {
    let (reserved, sealed) = (letter.document.reserved()?, letter.document.sealed()?);
    let heading = heading(letter, &reserved, party, currency);
    Some(match &reserved.body {
        Body::Receipt(receipt) => ReportedDocument::Receipt(receipt_document(
            heading,
            receipt,
            &sealed,
            letter.original_number,
        )),
        Body::Cash(amount) => ReportedDocument::Cash(CashOperation {
            heading,
            direction: if amount.is_negative() {
                CashDirection::Withdraw
            } else {
                CashDirection::Deposit
            },
            receipt_number: sealed.current_number,
            amount: Amount::from_minor(amount.minor().saturating_abs()),
        }),
        Body::Report(_) => {
            ReportedDocument::ZReport(z_report(heading, sealed.report.as_ref()?, &sealed))
        }
    })
}

fn heading(
    letter: &OutboxEntry,
    reserved: &Reserved<'_>,
    party: &ReportingParty,
    currency: Currency,
) -> Heading {
    Heading {
        key: letter.document.row.unique_id,
        message_number: u64::from(letter.message_number),
        // The number is what a later return refers to.
        fiscal_number: match letter.document.sealed().map(|sealed| sealed.seal) {
            Some(Seal::FiscalNumber { number, .. }) => Some(number),
            _ => letter
                .document
                .row
                .number
                .map(u64::from)
                .filter(|_| matches!(reserved.body, Body::Receipt(_))),
        },
        currency: currency.code().to_owned(),
        z_number: reserved.z_number,
        cashier: CASHIER.to_owned(),
        at: iso_utc(reserved.at.utc_ms),
        identity: identity(party, letter.device),
    }
}

/// Who a device is at the tax office.
#[must_use]
pub fn identity(party: &ReportingParty, device: Uuid) -> Identity {
    let owner = &party.owner;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Identity {
        // A registration number is one device's; several devices are told apart by their own ids.
        device_token: owner
            .registration_number
            .clone()
            .filter(|_| party.devices.len() == 1)
            .unwrap_or_else(|| device.to_string()),
        tin: text(&owner.idnx),
        shop_name: text(&owner.organization_name),
        shop_address: text(&owner.address),
    }
}

fn receipt_document(
    heading: Heading,
    receipt: &SoldReceipt<'_>,
    sealed: &Sealed<'_>,
    original_number: Option<u64>,
) -> ReportedReceipt {
    let form = match (receipt.kind, &sealed.seal) {
        (_, Seal::Range { series, number, .. }) => ReportedForm::Alternative {
            series: (*series).to_owned(),
            number: *number,
        },
        (ReceiptKind::Refund { .. }, _) => ReportedForm::Refund {
            parent: original_number,
        },
        _ => ReportedForm::Sale,
    };
    let mut totals = Turnover::default();
    let items = receipt
        .lines
        .iter()
        .filter(|line| !line.voided)
        .map(|line| {
            let taxes = line.taxes().map(|tax| {
                // A receipt that was sealed has at most as many groups as a shift, so that nothing falls out here.
                let _ = totals
                    .groups
                    .add(tax.group, line.final_amount, tax.final_tax);
                TaxTotal {
                    code: char::from(tax.group.code.letter()),
                    rate: tax.group.rate.ten_thousandths(),
                    amount: tax.final_tax,
                }
            });
            ReportedItem {
                name: line.name.to_owned(),
                unit: UNIT.to_owned(),
                quantity: line.quantity,
                price: line.price,
                amount: line.final_amount,
                taxes: taxes.collect(),
                tax_base: line.tax_base(),
            }
        })
        .collect();
    // The form has no line for cash rounding, and its total is what is paid: the cash is told as what it settles.
    let mut rounding = receipt.rounded_by().minor();
    let payments = receipt
        .payments
        .iter()
        .map(|payment| {
            let kept = payment
                .amount
                .minor()
                .saturating_sub(payment.change.minor());
            // No payment is told as less than nothing: what is left goes to the next one in cash.
            let rounded = if payment.cash { rounding.min(kept) } else { 0 };
            rounding = rounding.saturating_sub(rounded);
            ReportedPayment {
                means: means(payment.cash),
                paid: Amount::from_minor(payment.amount.minor().saturating_sub(rounded)),
                change: payment.change,
            }
        })
        .collect();
    ReportedReceipt {
        heading,
        form,
        receipt_number: sealed.current_number,
        total: receipt.total,
        items,
        payments,
        tax_totals: taxes(&totals),
    }
}

fn z_report(heading: Heading, figures: &ReportFigures, sealed: &Sealed<'_>) -> ZReport {
    let shift = &figures.shift;
    let total = |tally: Tally| {
        (tally.count > 0).then_some(Total {
            count: tally.count,
            amount: tally.amount,
        })
    };
    ZReport {
        heading,
        first_number: 1,
        // The report itself is the last document of its shift; the ones that it counts end before it.
        last_number: sealed.current_number.saturating_sub(1).max(1),
        sale: total(shift.sales.receipts),
        deposit: total(shift.cash_in),
        refund: total(shift.refunds.receipts),
        withdraw: total(shift.cash_out),
        sale_payments: payments(&shift.sales),
        refund_payments: payments(&shift.refunds),
        sale_tax: taxes(&shift.sales),
        refund_tax: taxes(&shift.refunds),
    }
}

fn payments(turnover: &Turnover) -> Vec<(Means, Amount)> {
    // The form knows two means; what came to nothing did not occur.
    [Means::Cash, Means::Card]
        .into_iter()
        .filter_map(|form| {
            let of_form = turnover
                .payments
                .entries()
                .filter(|total| means(total.cash) == form);
            let sum = of_form.fold(0_i64, |sum, total| sum.saturating_add(total.amount.minor()));
            let rounded = match form {
                Means::Cash => turnover.rounding.minor(),
                Means::Card => 0,
            };
            let sum = sum.saturating_sub(rounded);
            (sum != 0).then_some((form, Amount::from_minor(sum)))
        })
        .collect()
}

fn taxes(turnover: &Turnover) -> Vec<TaxTotal> {
    turnover
        .groups
        .entries()
        .map(|total| TaxTotal {
            code: char::from(total.group.code.letter()),
            rate: total.group.rate.ten_thousandths(),
            amount: total.tax,
        })
        .collect()
}

const fn means(cash: bool) -> Means {
    if cash { Means::Cash } else { Means::Card }
}

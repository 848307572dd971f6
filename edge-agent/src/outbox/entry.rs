//! From an outbox entry to the document that is reported to the authority.

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

/// The cashier in every report. The callers' interfaces do not name one.
const CASHIER: &str = "Cashier 1";
/// The unit of every line in a report. The callers' interfaces do not name one.
const UNIT: &str = "pcs";

/// The document of an outbox entry, as it is reported. `None` if its journal rows cannot be read.
#[must_use]
pub fn reported_document(
    entry: &OutboxEntry,
    party: &ReportingParty,
    currency: Currency,
) -> Option<ReportedDocument> {
    let (reserved, sealed) = (entry.document.reserved()?, entry.document.sealed()?);
    let heading = heading(entry, &reserved, party, currency);
    Some(match &reserved.body {
        Body::Receipt(receipt) => ReportedDocument::Receipt(receipt_document(
            heading,
            receipt,
            &sealed,
            entry.original_number,
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
    entry: &OutboxEntry,
    reserved: &Reserved<'_>,
    party: &ReportingParty,
    currency: Currency,
) -> Heading {
    Heading {
        key: entry.document.row.unique_id,
        message_number: u64::from(entry.message_number),
        // A later return refers to its original by this number.
        fiscal_number: match entry.document.sealed().map(|sealed| sealed.seal) {
            Some(Seal::FiscalNumber { number, .. }) => Some(number),
            _ => entry
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
        identity: identity(party, entry.device),
    }
}

/// The owner's and the device's data, as the authority knows them.
#[must_use]
pub fn identity(party: &ReportingParty, device: Uuid) -> Identity {
    let owner = &party.owner;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Identity {
        // A registration number belongs to one device. If the owner has several devices, each one is identified by its own id.
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
    let (items, totals) = reported_items(receipt);
    ReportedReceipt {
        heading,
        form,
        receipt_number: sealed.current_number,
        total: receipt.total,
        items,
        payments: reported_payments(receipt),
        tax_totals: taxes(&totals),
    }
}

/// The lines that were not voided, and the sums of their tax groups.
fn reported_items(receipt: &SoldReceipt<'_>) -> (Vec<ReportedItem>, Turnover) {
    let mut totals = Turnover::default();
    let items = receipt
        .lines
        .iter()
        .filter(|line| !line.voided)
        .map(|line| {
            let taxes = line.taxes().map(|tax| {
                // `add` fails only when there are more groups than a shift can hold. A sealed receipt never has so many.
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
    (items, totals)
}

/// The payments, without the cash rounding.
///
/// The form has no field for cash rounding, and its payments must sum to the receipt's total.
/// So the rounding is subtracted from the cash payments.
fn reported_payments(receipt: &SoldReceipt<'_>) -> Vec<ReportedPayment> {
    let mut rounding = receipt.rounded_by().minor();
    receipt
        .payments
        .iter()
        .map(|payment| {
            let kept = payment
                .amount
                .minor()
                .saturating_sub(payment.change.minor());
            // No payment becomes negative: the rest of the rounding is subtracted from the next cash payment.
            let rounded = if payment.cash { rounding.min(kept) } else { 0 };
            rounding = rounding.saturating_sub(rounded);
            ReportedPayment {
                means: means(payment.cash),
                paid: Amount::from_minor(payment.amount.minor().saturating_sub(rounded)),
                change: payment.change,
            }
        })
        .collect()
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
        // The Z-report is itself the last document of its shift. The documents that it counts end before it.
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
    // The form knows two means of payment. A means whose sum is zero is left out.
    [Means::Cash, Means::Card]
        .into_iter()
        .filter_map(|kind| {
            let of_kind = turnover
                .payments
                .entries()
                .filter(|total| means(total.cash) == kind);
            let sum = of_kind.fold(0_i64, |sum, total| sum.saturating_add(total.amount.minor()));
            let rounded = match kind {
                Means::Cash => turnover.rounding.minor(),
                Means::Card => 0,
            };
            let sum = sum.saturating_sub(rounded);
            (sum != 0).then_some((kind, Amount::from_minor(sum)))
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

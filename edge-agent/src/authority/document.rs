//! A document as it is reported to the authority, made from its events.

use ferrotill_core::document::Body;
use ferrotill_core::duty::DutyKind;
use ferrotill_core::event::ReportFigures;
use ferrotill_core::receipt::{Receipt as SoldReceipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use ferrotill_core::shift::{Tally, Turnover};
use ferrotill_core::{Amount, Currency, Quantity};
use ferrotill_store::{DeviceIdentity, SealedDocument};
use serde::Serialize;
use uuid::Uuid;

use crate::config::Location;
use crate::order::user_of;
use crate::time::clock::iso_utc;

/// A document as it is reported to the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportedDocument {
    /// A sale, a refund or an alternative receipt.
    Receipt(ReportedReceipt),
    /// Cash put into the drawer or taken from it.
    Cash(CashOperation),
    /// A Z-report, the end of a shift.
    ZReport(ZReport),
}

impl ReportedDocument {
    /// The kind of the document.
    #[must_use]
    pub const fn kind(&self) -> DutyKind {
        match self {
            Self::Receipt(receipt) => match receipt.form {
                ReportedForm::Sale => DutyKind::Sale,
                ReportedForm::Refund { .. } => DutyKind::Refund,
                ReportedForm::Alternative { .. } => DutyKind::AlternativeReceipt,
            },
            Self::Cash(operation) => match operation.direction {
                CashDirection::Deposit => DutyKind::Deposit,
                CashDirection::Withdraw => DutyKind::Withdraw,
            },
            Self::ZReport(_) => DutyKind::ZReport,
        }
    }
}

/// The fields that every document has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    /// The document's id, which is the `Idempotency-Key` of its requests.
    pub key: Uuid,
    /// The number of the message. It increases for each device.
    pub message_number: u64,
    /// The number of the document, unique for its device. A refund refers to its original by it. The number is left out of the
    /// request if it is `None`.
    pub fiscal_number: Option<u64>,
    /// The currency's three letters by ISO 4217.
    pub currency: String,
    /// The number of the shift, which is also the number of its Z-report.
    pub z_number: u32,
    /// The name of the cashier.
    pub cashier: String,
    /// The time of the document in ISO 8601, UTC, with milliseconds: `2026-03-02T15:35:21.076Z`.
    pub at: String,
    /// The owner and the device.
    pub identity: Identity,
    /// Where the device stands, if the authority is told.
    pub location: Option<Location>,
}

/// What the configuration says of a device, and callers' interfaces do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceForm {
    /// The unit of the quantities.
    pub unit: String,
    /// Where the device stands, if the authority is told.
    pub location: Option<Location>,
}

/// A device that is not configured any more.
impl Default for DeviceForm {
    fn default() -> Self {
        Self {
            unit: "pcs".to_owned(),
            location: None,
        }
    }
}

/// The owner and the device of a document, as the authority knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The device's token at the authority. Each device has its own, because document numbers are unique for each device.
    #[serde(rename = "fn")]
    pub device_token: String,
    /// The owner's tax number.
    pub tin: String,
    /// The shop's name.
    pub shop_name: String,
    /// The shop's address.
    pub shop_address: String,
}

/// A sale, a refund or an alternative receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedReceipt {
    /// The fields that every document has.
    pub heading: Heading,
    /// Whether the receipt is a sale, a refund or an alternative receipt.
    pub form: ReportedForm,
    /// The number within the shift.
    pub receipt_number: u32,
    /// The sum of the items. It equals the sum of the payments without their change.
    pub total: Amount,
    /// The lines.
    pub items: Vec<ReportedItem>,
    /// The payments.
    pub payments: Vec<ReportedPayment>,
    /// The cash rounding that was subtracted from the payments; zero if there was none.
    pub rounding: Amount,
    /// The tax of each tax group.
    pub tax_totals: Vec<TaxTotal>,
}

/// The three forms of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportedForm {
    /// A sale.
    Sale,
    /// Goods came back from the buyer.
    Refund {
        /// The original's number for the device ([`Heading::fiscal_number`]), if it has one.
        parent: Option<u64>,
    },
    /// A sale with a number from a preloaded range.
    Alternative {
        /// The range's series.
        series: String,
        /// The number in the series.
        number: u32,
    },
}

/// One line of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedItem {
    /// The name of the item.
    pub name: String,
    /// The unit of the quantity, such as pieces.
    pub unit: String,
    /// The quantity, in thousandths of the unit.
    pub quantity: Quantity,
    /// The price of one unit.
    pub price: Amount,
    /// The amount of the line, after discounts and surcharges.
    pub amount: Amount,
    /// Every tax on the line, at least one.
    pub taxes: Vec<ItemTax>,
}

/// One tax on one line of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ItemTax {
    /// The group, the rate and the amount of the tax.
    pub tax: TaxTotal,
    /// The amount on which the tax is charged, without the tax itself ([`Line::tax_base`](ferrotill_core::receipt::Line::tax_base)).
    pub base: Amount,
}

/// One payment of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportedPayment {
    /// Cash or card.
    pub means: Means,
    /// The amount that was handed over.
    pub paid: Amount,
    /// The amount that was handed back.
    pub change: Amount,
}

/// A means of payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Notes and coins.
    Cash,
    /// Everything else.
    Card,
}

/// The tax of one group, of a line or of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaxTotal {
    /// The tax group's letter.
    pub code: char,
    /// The tax rate in ten-thousandths of a percent.
    pub rate: u32,
    /// The amount of the tax.
    pub amount: Amount,
}

/// Cash put into the drawer or taken from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CashOperation {
    /// The fields that every document has.
    pub heading: Heading,
    /// Into the drawer or out of it.
    pub direction: CashDirection,
    /// The number within the shift.
    pub receipt_number: u32,
    /// The amount. It is never negative.
    pub amount: Amount,
}

/// Into the drawer or out of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CashDirection {
    /// Into the drawer.
    Deposit,
    /// Out of the drawer.
    Withdraw,
}

/// A Z-report. If no document of a kind was made in the shift, its total is absent and not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZReport {
    /// The fields that every document has.
    pub heading: Heading,
    /// The number of the shift's first document.
    pub first_number: u32,
    /// The number of the shift's last document.
    pub last_number: u32,
    /// Sales.
    pub sale: Option<Total>,
    /// Cash put in.
    pub deposit: Option<Total>,
    /// Refunds.
    pub refund: Option<Total>,
    /// Cash taken out.
    pub withdraw: Option<Total>,
    /// The payments of sales, without their change. Their sum equals `sale`.
    pub sale_payments: Vec<(Means, Amount)>,
    /// The payments of refunds. Their sum equals `refund`.
    pub refund_payments: Vec<(Means, Amount)>,
    /// The tax in sales.
    pub sale_tax: Vec<TaxTotal>,
    /// The tax in refunds.
    pub refund_tax: Vec<TaxTotal>,
}

/// A number of documents, and their sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// The number of documents.
    pub count: u32,
    /// The sum of their amounts.
    pub amount: Amount,
}

/// A document as it is reported. `None` if it is a report without figures or a non-fiscal receipt.
#[must_use]
pub fn reported_document(
    document: &SealedDocument<'_>,
    currency: Currency,
    device: &DeviceForm,
) -> Option<ReportedDocument> {
    let SealedDocument {
        reserved, sealed, ..
    } = document;
    let heading = heading(document, currency, device);
    // X-reports and non-fiscal receipts are not sent. With them the numbers at the authority would have gaps.
    let receipt_number = sealed.current_number.saturating_sub(document.untold).max(1);
    Some(match &reserved.body {
        Body::Receipt(receipt) => ReportedDocument::Receipt(ReportedReceipt {
            receipt_number,
            ..receipt_document(heading, receipt, document, &device.unit)
        }),
        Body::Cash(amount) => ReportedDocument::Cash(CashOperation {
            heading,
            direction: if amount.is_negative() {
                CashDirection::Withdraw
            } else {
                CashDirection::Deposit
            },
            receipt_number,
            amount: Amount::from_minor(amount.minor().saturating_abs()),
        }),
        // Such a text is not sent to an authority.
        Body::Nonfiscal(_) | Body::Amounts(_) => return None,
        Body::Report(_) => {
            ReportedDocument::ZReport(z_report(heading, sealed.report.as_ref()?, receipt_number))
        }
    })
}

fn heading(document: &SealedDocument<'_>, currency: Currency, device: &DeviceForm) -> Heading {
    let SealedDocument {
        reserved,
        sealed,
        told_at,
        ..
    } = document;
    Heading {
        key: Uuid::from_bytes(reserved.unique.0),
        message_number: u64::from(sealed.number),
        // Only a country that works with reserved numbers has them.
        fiscal_number: match sealed.seal {
            Seal::FiscalNumber { number, .. } => Some(number),
            _ => None,
        },
        currency: currency.code().to_owned(),
        z_number: reserved.z_number,
        cashier: seller(document),
        at: iso_utc(told_at.utc_ms),
        identity: Identity::from(&document.identity),
        location: device.location.clone(),
    }
}

/// Who has made the document: the person who has declared it, or else the user of the client that has ordered it.
fn seller(document: &SealedDocument<'_>) -> String {
    let user = || user_of(document.reserved.annex);
    let name = document.declared_by.clone().or_else(user);
    name.unwrap_or_else(|| CASHIER.to_owned())
}

impl From<&DeviceIdentity> for Identity {
    fn from(identity: &DeviceIdentity) -> Self {
        Self {
            device_token: identity.fiscal_number.clone(),
            tin: identity.owner_number.clone(),
            shop_name: identity.owner.clone(),
            shop_address: identity.address.clone(),
        }
    }
}

fn receipt_document(
    heading: Heading,
    receipt: &SoldReceipt<'_>,
    document: &SealedDocument<'_>,
    unit: &str,
) -> ReportedReceipt {
    let sealed = &document.sealed;
    let form = match (receipt.kind, &sealed.seal) {
        (_, Seal::Range { series, number, .. }) => ReportedForm::Alternative {
            series: (*series).to_owned(),
            number: *number,
        },
        (ReceiptKind::Refund { .. }, _) => ReportedForm::Refund {
            parent: document.original_number,
        },
        _ => ReportedForm::Sale,
    };
    let (items, totals) = reported_items(receipt, unit);
    ReportedReceipt {
        heading,
        form,
        receipt_number: sealed.current_number,
        total: receipt.total,
        items,
        payments: reported_payments(receipt),
        rounding: receipt.rounded_by(),
        tax_totals: taxes(&totals),
    }
}

/// The lines that were not voided, and the sums of their tax groups.
fn reported_items(receipt: &SoldReceipt<'_>, unit: &str) -> (Vec<ReportedItem>, Turnover) {
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
                ItemTax {
                    tax: TaxTotal {
                        code: char::from(tax.group.code.letter()),
                        rate: tax.group.rate.ten_thousandths(),
                        amount: tax.final_tax,
                    },
                    base: line.tax_base(&tax, receipt.prices),
                }
            });
            ReportedItem {
                name: line.name.to_owned(),
                unit: unit.to_owned(),
                quantity: line.quantity,
                price: line.price,
                amount: line.final_amount,
                taxes: taxes.collect(),
            }
        })
        .collect();
    (items, totals)
}

/// The payments, without the cash rounding.
///
/// The payments of the form must sum to the receipt's total, so the rounding is subtracted from the cash payments, also where
/// `rounding_field` names a field for it.
fn reported_payments(receipt: &SoldReceipt<'_>) -> Vec<ReportedPayment> {
    let mut rounding = receipt.rounded_by().minor();
    receipt
        .payments
        .iter()
        .filter(|payment| payment.amount.is_positive())
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

/// `number` is the number that the report itself would have among the documents of its shift.
fn z_report(heading: Heading, figures: &ReportFigures, number: u32) -> ZReport {
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
        // The documents that the report counts end before it.
        last_number: number.saturating_sub(1).max(1),
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

/// The cashier of a document whose journal names no seller: it is of a program that did not know the users of its clients, or a Z-report
/// that the printer made by itself.
const CASHIER: &str = "Cashier 1";

//! The JSON bodies of the Online-ECR form.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::authority::{
    CashOperation, EncodeError, Heading, Identity, ItemTax, Means, ReportedForm, ReportedItem,
    ReportedPayment, ReportedReceipt, TaxTotal, Total, ZReport,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptBody<'a> {
    #[serde(rename = "msgID")]
    message_number: u64,
    currency: &'a str,
    total_amount: i64,
    z_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    fiscal_num: Option<u64>,
    receipt_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_fiscal_num: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
    cashier: &'a str,
    date_time: &'a str,
    items: Vec<ItemBody<'a>>,
    payments: Vec<PaymentBody>,
    tax_totals: Vec<TaxTotalBody>,
    identity: &'a Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationBody>,
    /// The cash rounding under the name that the configuration gives, at most one member.
    #[serde(flatten)]
    rounding: BTreeMap<&'a str, i64>,
}

#[derive(Serialize)]
struct LocationBody {
    latitude: Box<RawValue>,
    longitude: Box<RawValue>,
    radius: u32,
}

#[derive(Serialize)]
struct ItemBody<'a> {
    name: &'a str,
    unit: &'a str,
    qty: i64,
    price: i64,
    amount: i64,
    taxes: Vec<TaxBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaxBody {
    tax_code: char,
    tax_rate: u32,
    tax_base: i64,
    tax_amount: i64,
}

#[derive(Serialize)]
struct PaymentBody {
    #[serde(rename = "type")]
    means: &'static str,
    amount: i64,
    change: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TaxTotalBody {
    tax_code: char,
    tax_rate: u32,
    tax_amount: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CashBody<'a> {
    receipt_number: u32,
    z_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    fiscal_num: Option<u64>,
    #[serde(rename = "msgID")]
    message_number: u64,
    cashier: &'a str,
    currency: &'a str,
    total_amount: i64,
    date_time: &'a str,
    identity: &'a Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationBody>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ZBody<'a> {
    z_number: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    fiscal_num: Option<u64>,
    first_number: u32,
    last_number: u32,
    cashier: &'a str,
    date_time: &'a str,
    currency: &'a str,
    msg_id: u64,
    totals: TotalsBody,
    payments: Sides<KeptBody>,
    tax_totals: Sides<TaxTotalBody>,
    identity: &'a Identity,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<LocationBody>,
}

#[derive(Serialize)]
struct TotalsBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    sale: Option<TotalBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deposit: Option<TotalBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<TotalBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdraw: Option<TotalBody>,
}

#[derive(Serialize)]
struct TotalBody {
    count: u32,
    amount: i64,
}

/// The values of sales and of refunds. They are never subtracted from each other.
#[derive(Serialize)]
struct Sides<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sale: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    refund: Vec<T>,
}

#[derive(Serialize)]
struct KeptBody {
    #[serde(rename = "type")]
    means: &'static str,
    amount: i64,
}

/// `rounding_field` is the name of the field for the cash rounding; without a name it is not told.
pub(super) fn receipt_body(
    receipt: &ReportedReceipt,
    rounding_field: Option<&str>,
) -> Result<String, EncodeError> {
    let rounding = rounding_field
        .filter(|_| !receipt.rounding.is_zero())
        .map(|field| (field, receipt.rounding.minor()));
    let heading = &receipt.heading;
    let (parent_fiscal_num, series, number) = match &receipt.form {
        ReportedForm::Sale => (None, None, None),
        ReportedForm::Refund { parent } => (*parent, None, None),
        ReportedForm::Alternative { series, number } => {
            (None, Some(series.as_str()), Some(*number))
        }
    };
    to_json(&ReceiptBody {
        message_number: heading.message_number,
        currency: &heading.currency,
        total_amount: receipt.total.minor(),
        z_number: heading.z_number,
        fiscal_num: heading.fiscal_number,
        receipt_number: receipt.receipt_number,
        parent_fiscal_num,
        series,
        number,
        cashier: &heading.cashier,
        date_time: &heading.at,
        items: receipt.items.iter().map(item).collect::<Result<_, _>>()?,
        payments: receipt
            .payments
            .iter()
            .map(payment)
            .collect::<Result<_, _>>()?,
        tax_totals: tax_totals(&receipt.tax_totals)?,
        identity: &heading.identity,
        location: location(heading)?,
        rounding: rounding.into_iter().collect(),
    })
}

pub(super) fn cash_body(operation: &CashOperation) -> Result<String, EncodeError> {
    let heading = &operation.heading;
    to_json(&CashBody {
        receipt_number: operation.receipt_number,
        z_number: heading.z_number,
        fiscal_num: heading.fiscal_number,
        message_number: heading.message_number,
        cashier: &heading.cashier,
        currency: &heading.currency,
        total_amount: operation.amount.minor(),
        date_time: &heading.at,
        identity: &heading.identity,
        location: location(heading)?,
    })
}

pub(super) fn z_body(report: &ZReport) -> Result<String, EncodeError> {
    let heading = &report.heading;
    let total = |total: Option<Total>| {
        total.map(|total| TotalBody {
            count: total.count,
            amount: total.amount.minor(),
        })
    };
    let kept = |payments: &[(Means, ferrotill_core::Amount)]| {
        payments
            .iter()
            .map(|(means, amount)| KeptBody {
                means: means_name(*means),
                amount: amount.minor(),
            })
            .collect()
    };
    to_json(&ZBody {
        z_number: heading.z_number,
        fiscal_num: heading.fiscal_number,
        first_number: report.first_number,
        last_number: report.last_number,
        cashier: &heading.cashier,
        date_time: &heading.at,
        currency: &heading.currency,
        msg_id: heading.message_number,
        totals: TotalsBody {
            sale: total(report.sale),
            deposit: total(report.deposit),
            refund: total(report.refund),
            withdraw: total(report.withdraw),
        },
        payments: Sides {
            sale: kept(&report.sale_payments),
            refund: kept(&report.refund_payments),
        },
        tax_totals: Sides {
            sale: tax_totals(&report.sale_tax)?,
            refund: tax_totals(&report.refund_tax)?,
        },
        identity: &heading.identity,
        location: location(heading)?,
    })
}

fn item(item: &ReportedItem) -> Result<ItemBody<'_>, EncodeError> {
    Ok(ItemBody {
        name: &item.name,
        unit: &item.unit,
        qty: item.quantity.thousandths(),
        price: item.price.minor(),
        amount: item.amount.minor(),
        taxes: item
            .taxes
            .iter()
            .map(|ItemTax { tax, base }| {
                Ok(TaxBody {
                    tax_code: tax.code,
                    tax_rate: hundredths(tax.rate)?,
                    tax_base: base.minor(),
                    tax_amount: tax.amount.minor(),
                })
            })
            .collect::<Result<_, _>>()?,
    })
}

fn location(heading: &Heading) -> Result<Option<LocationBody>, EncodeError> {
    let body = heading.location.as_ref().map(|location| {
        Ok(LocationBody {
            latitude: number(&location.latitude)?,
            longitude: number(&location.longitude)?,
            radius: location.radius,
        })
    });
    body.transpose()
}

/// Decimal text as a number, with all its digits.
fn number(text: &str) -> Result<Box<RawValue>, EncodeError> {
    RawValue::from_string(text.to_owned()).map_err(|_| EncodeError::Json)
}

fn payment(payment: &ReportedPayment) -> Result<PaymentBody, EncodeError> {
    let kept = payment
        .paid
        .checked_sub(payment.change)
        .filter(|kept| !kept.is_negative())
        .ok_or(EncodeError::Change {
            paid: payment.paid.minor(),
            change: payment.change.minor(),
        })?;
    Ok(PaymentBody {
        means: means_name(payment.means),
        amount: kept.minor(),
        change: payment.change.minor(),
    })
}

fn tax_totals(totals: &[TaxTotal]) -> Result<Vec<TaxTotalBody>, EncodeError> {
    totals
        .iter()
        .map(|total| {
            Ok(TaxTotalBody {
                tax_code: total.code,
                tax_rate: hundredths(total.rate)?,
                tax_amount: total.amount.minor(),
            })
        })
        .collect()
}

/// A rate in hundredths of a percent (20 % is 2000), as the form has it, from one in ten-thousandths of a percent.
fn hundredths(rate: u32) -> Result<u32, EncodeError> {
    if rate.is_multiple_of(100) {
        Ok(rate / 100)
    } else {
        Err(EncodeError::Rate(rate))
    }
}

const fn means_name(means: Means) -> &'static str {
    match means {
        Means::Cash => "CASH",
        Means::Card => "CARD",
    }
}

fn to_json(body: &impl Serialize) -> Result<String, EncodeError> {
    serde_json::to_string(body).map_err(|_| EncodeError::Json)
}

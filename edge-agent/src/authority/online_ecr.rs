//! The Online-ECR form: one JSON document per sale, refund, cash operation, alternative receipt and Z-report.
//!
//! Money is in whole minor units, quantities in thousandths, rates in hundredths of a percent, times in UTC.
//! The number of the message is called `msgID` everywhere but in the Z-report, where it is `msgId`.
//!
//! Three things the published form leaves open are read as follows, and would be changed here:
//!
//! - The total must equal the sum of what was paid, and a payment also tells its change. So a payment's `amount` is what was
//!   *kept* (handed over minus change), and `change` stands beside it for information.
//! - A refund is a SALE document with `parentFiscalNum`; documents tell their device-wide number as `fiscalNum`, as cash
//!   registers that work offline do, so that there is something to refer to.
//! - The fields of an answer are not published. An answer is a refusal if it shows any sign of failure, an acknowledgement if it
//!   shows a sign of success and none of failure, and else it is not the office's. `[upstream.online_ecr] success_field` names
//!   the one field that counts, where it is known.

use serde::Serialize;
use serde_json::Value;

use super::{
    Authority, CashOperation, Document, EncodeError, Identity, Item, Kind, Means, Parcel, Payment,
    Receipt, ReceiptForm, TaxTotal, Total, Verdict, ZReport,
};
use crate::config::OnlineEcr as Form;
use crate::hmac::signature_of;
use crate::sync::reachability::Failure;

/// The Online-ECR protocol, with what its description leaves open as it was configured.
#[derive(Clone, Debug, Default)]
pub struct OnlineEcr {
    form: Form,
}

impl OnlineEcr {
    /// The protocol as one office speaks it.
    #[must_use]
    pub const fn new(form: Form) -> Self {
        Self { form }
    }

    /// The path that a message of this name is posted to, below the url.
    #[must_use]
    pub fn path_of<'p>(&'p self, name: &'p str) -> &'p str {
        let path = self.form.paths.iter().find(|(known, _)| *known == name);
        path.map_or(name, |(_, path)| path)
    }
}

impl Authority for OnlineEcr {
    fn encode(&self, document: &Document) -> Result<Parcel, EncodeError> {
        let kind = document.kind();
        let (key, body) = match document {
            Document::Receipt(receipt) => (receipt.heading.key, receipt_body(receipt)?),
            Document::Cash(operation) => (operation.heading.key, cash_body(operation)?),
            Document::ZReport(report) => (report.heading.key, z_body(report)?),
        };
        Ok(Parcel { kind, key, body })
    }

    fn decode(&self, status: u16, body: &[u8]) -> Verdict {
        // "Not now" says nothing about the document, whoever says it.
        if matches!(status, 408 | 425 | 429 | 500..=599) {
            return Verdict::Failed(Failure::Unable);
        }
        let Ok(Value::Object(answer)) = serde_json::from_slice::<Value>(body) else {
            return Verdict::Failed(Failure::Stranger);
        };
        let answer = Answer(&answer);
        let sign = answer.sign(self.form.success_field.as_deref());
        match (status, sign) {
            (200..=299, Sign::Success) => Verdict::Acknowledged,
            // An object that says neither yes nor no is not the office's word: nothing is ticked off on silence.
            (200..=299, Sign::None) => Verdict::Failed(Failure::Stranger),
            (200..=299, Sign::Failure) | (400..=499, _) => Verdict::Refused {
                message: answer.message(status),
            },
            _ => Verdict::Failed(Failure::Stranger),
        }
    }

    fn path(&self, kind: Kind) -> &str {
        self.path_of(kind.name())
    }

    fn headers(&self, body: &str) -> Vec<(String, String)> {
        let mut headers = self.form.headers.clone();
        if let Some(signature) = &self.form.signature {
            let proof = signature_of(signature.secret.as_bytes(), &[body.as_bytes()]);
            headers.push((signature.header.clone(), proof));
        }
        headers
    }
}

/// What an answer says of itself. The office answers HTTP 200 also when it refuses (spec/online-ecr.md, C.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Success,
    Failure,
    None,
}

/// An answer's JSON object, whose fields are looked for whatever their case.
pub(super) struct Answer<'a>(pub(super) &'a serde_json::Map<String, Value>);

impl<'a> Answer<'a> {
    pub(super) fn field(&self, name: &str) -> Option<&'a Value> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(super) fn sign(&self, success_field: Option<&str>) -> Sign {
        let status = self.field("status").and_then(Value::as_str);
        let is_of =
            |text: &str, words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        let status_is = |words: &[&str]| status.is_some_and(|status| is_of(status, words));
        if let Some(name) = success_field {
            return match self.field(name) {
                Some(Value::Bool(true)) => Sign::Success,
                Some(Value::String(text)) if is_of(text, SUCCESS_WORDS) => Sign::Success,
                Some(Value::Number(code)) if code.as_i64() == Some(0) => Sign::Success,
                Some(_) => Sign::Failure,
                None => Sign::None,
            };
        }
        let errors = ["error", "errors"];
        let mut errors = errors.iter().filter_map(|name| self.field(name));
        if status_is(FAILURE_WORDS) || self.says(false) || errors.any(says_something) {
            return Sign::Failure;
        }
        if status_is(SUCCESS_WORDS) || self.says(true) {
            return Sign::Success;
        }
        // Servers of this family number their refusals; nought and HTTP's own successes are not among them.
        let number = |name: &&str| self.field(name).and_then(Value::as_i64);
        match ["code", "status"].iter().find_map(number) {
            Some(code) if code == 0 || (200..300).contains(&code) => return Sign::Success,
            Some(_) => return Sign::Failure,
            None => {}
        }
        // A sign in a form that nobody has described is no yes: neither is what stands beside it.
        let unclear = |name: &&str| self.field(name).is_some_and(|sign| !sign.is_null());
        if SIGN_FIELDS.iter().chain(SUCCESS_FIELDS).any(unclear) {
            return Sign::None;
        }
        // The published description of a success: object, shop, device and tax information (C.6).
        let tells = |name: &&str| self.field(name).is_some_and(Value::is_object);
        if SUCCESS_OBJECTS.iter().any(tells) {
            Sign::Success
        } else {
            Sign::None
        }
    }

    /// One of the usual fields of a yes or no says this.
    fn says(&self, yes: bool) -> bool {
        SUCCESS_FIELDS
            .iter()
            .any(|name| self.field(name) == Some(&Value::Bool(yes)))
    }

    pub(super) fn message(&self, status: u16) -> String {
        let spoken = ["message", "error", "errors"]
            .iter()
            .filter_map(|name| self.field(name))
            .find(|value| says_something(value));
        let text = match spoken {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => format!("refused without a reason (HTTP {status})"),
        };
        text.chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(MESSAGE_LENGTH_MAX)
            .collect()
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

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

/// Sales and refunds, side by side and never netted.
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

fn receipt_body(receipt: &Receipt) -> Result<String, EncodeError> {
    let heading = &receipt.heading;
    let (parent_fiscal_num, series, number) = match &receipt.form {
        ReceiptForm::Sale => (None, None, None),
        ReceiptForm::Refund { parent } => (*parent, None, None),
        ReceiptForm::Alternative { series, number } => (None, Some(series.as_str()), Some(*number)),
    };
    written(&ReceiptBody {
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
    })
}

fn cash_body(operation: &CashOperation) -> Result<String, EncodeError> {
    let heading = &operation.heading;
    written(&CashBody {
        receipt_number: operation.receipt_number,
        z_number: heading.z_number,
        fiscal_num: heading.fiscal_number,
        message_number: heading.message_number,
        cashier: &heading.cashier,
        currency: &heading.currency,
        total_amount: operation.amount.minor(),
        date_time: &heading.at,
        identity: &heading.identity,
    })
}

fn z_body(report: &ZReport) -> Result<String, EncodeError> {
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
    written(&ZBody {
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
    })
}

fn item(item: &Item) -> Result<ItemBody<'_>, EncodeError> {
    Ok(ItemBody {
        name: &item.name,
        unit: &item.unit,
        qty: item.quantity.thousandths(),
        price: item.price.minor(),
        amount: item.amount.minor(),
        taxes: item
            .taxes
            .iter()
            .map(|tax| {
                Ok(TaxBody {
                    tax_code: tax.code,
                    tax_rate: hundredths(tax.rate)?,
                    tax_base: item.tax_base.minor(),
                    tax_amount: tax.amount.minor(),
                })
            })
            .collect::<Result<_, _>>()?,
    })
}

fn payment(payment: &Payment) -> Result<PaymentBody, EncodeError> {
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

/// The form's rate (hundredths of a percent, 20 % = 2000) from ours (ten-thousandths).
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

fn written(body: &impl Serialize) -> Result<String, EncodeError> {
    serde_json::to_string(body).map_err(|_| EncodeError::Json)
}

const FAILURE_WORDS: &[&str] = &[
    "error", "fail", "failed", "failure", "refused", "rejected", "invalid",
];
const SUCCESS_WORDS: &[&str] = &["success", "ok", "accepted", "done"];
const SUCCESS_FIELDS: &[&str] = &["success", "ok", "accepted", "acknowledged"];
const SIGN_FIELDS: &[&str] = &["status", "result", "code"];
const SUCCESS_OBJECTS: &[&str] = &["object", "shop", "device", "taxes", "data"];
const MESSAGE_LENGTH_MAX: usize = 500;

/// The address of a path below the authority's url.
#[must_use]
pub fn url_of(url: &str, path: &str) -> String {
    format!("{}/{path}", url.trim_end_matches('/'))
}

#[cfg(test)]
#[path = "online_ecr_tests.rs"]
pub(crate) mod tests;

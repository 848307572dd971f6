//! The scenario files of the official sample code: what a cash box does, receipt by receipt.

use std::fmt;

use ferrotill_core::Amount;
use ferrotill_core::profile::at::rksv::{AesKey, BucketSums};
use ferrotill_core::scale::{ScaleError, parse_double};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A scenario that was read.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The cash box id.
    pub cash_box: String,
    /// The AES key of the cash box.
    pub aes_key: AesKey,
    /// The number of the company with its kind, such as `U:ATU12345678`. A closed system needs it.
    pub company: String,
    /// The number of signature units, from 1 to [`UNITS_MAX`].
    pub units: u8,
    /// The receipts in their order.
    pub receipts: Vec<ScenarioReceipt>,
}

/// One receipt of a scenario.
#[derive(Clone, Debug)]
pub struct ScenarioReceipt {
    /// The receipt id.
    pub id: String,
    /// The local time, `2016-03-11T03:57:08`.
    pub at: String,
    /// What the scenario calls the receipt.
    pub kind: ScenarioKind,
    /// Whether the unit fails.
    pub damaged: bool,
    /// The unit, from 0.
    pub unit: u8,
    /// The five amounts.
    pub sums: BucketSums,
}

/// The kinds of receipts that scenarios know. Monatsbeleg, Jahresbeleg, Schlussbeleg and Sammelbeleg are Nullbelege there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum ScenarioKind {
    /// Startbeleg.
    #[serde(rename = "START_BELEG")]
    Start,
    /// A sale.
    #[serde(rename = "STANDARD_BELEG")]
    Standard,
    /// A void.
    #[serde(rename = "STORNO_BELEG")]
    Storno,
    /// A training.
    #[serde(rename = "TRAINING_BELEG")]
    Training,
    /// Any receipt over zero.
    #[serde(rename = "NULL_BELEG")]
    Null,
}

/// The largest number of signature units of a scenario.
pub const UNITS_MAX: u8 = 64;

/// Why a scenario cannot be read. The message begins with the path of the fault.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioFault {
    /// The text is not the JSON of a scenario.
    #[error("the scenario cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that is not allowed.
    #[error("{path}: {why}")]
    Value {
        /// The path of the value.
        path: String,
        /// What is wrong.
        why: String,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScenarioText<'a> {
    cash_box_id: String,
    #[serde(rename = "base64AesKey")]
    aes_key: String,
    #[serde(rename = "companyID")]
    company: String,
    #[serde(rename = "numberOfSignatureDevices")]
    units: u8,
    #[serde(rename = "cashBoxInstructionList", borrow)]
    receipts: Vec<ReceiptText<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptText<'a> {
    receipt_identifier: String,
    date_to_use: String,
    type_of_receipt: ScenarioKind,
    signature_device_damaged: bool,
    used_signature_device: u8,
    #[serde(borrow)]
    simplified_receipt: AmountTexts<'a>,
}

/// Amounts as they are written, so that none becomes a floating-point number.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AmountTexts<'a> {
    #[serde(borrow)]
    tax_set_normal: &'a RawValue,
    #[serde(borrow)]
    tax_set_ermaessigt1: &'a RawValue,
    #[serde(borrow)]
    tax_set_ermaessigt2: &'a RawValue,
    #[serde(borrow)]
    tax_set_null: &'a RawValue,
    #[serde(borrow)]
    tax_set_besonders: &'a RawValue,
}

impl Scenario {
    /// Reads a scenario. An amount is read as it was meant when it was computed in floating point: 24.299999999999997 is 24.30.
    ///
    /// # Errors
    ///
    /// [`ScenarioFault`], with the path of the fault.
    pub fn read(text: &str) -> Result<Self, ScenarioFault> {
        let read: ScenarioText<'_> = serde_json::from_str(text)?;
        let aes_key = AesKey::from_base64(&read.aes_key)
            .map_err(|fault| wrong("base64AesKey".to_owned(), fault))?;
        if !(1..=UNITS_MAX).contains(&read.units) {
            let why = format!("is {}; 1 to {UNITS_MAX} are allowed", read.units);
            return Err(wrong("numberOfSignatureDevices".to_owned(), why));
        }
        if read.receipts.is_empty() {
            let why = "is empty; a scenario has at least its Startbeleg";
            return Err(wrong("cashBoxInstructionList".to_owned(), why));
        }
        let receipts = read.receipts.iter().enumerate();
        let receipts = receipts.map(|(at, receipt)| {
            receipt_of(receipt, read.units)
                .map_err(|(name, why)| wrong(format!("cashBoxInstructionList[{at}].{name}"), why))
        });
        Ok(Self {
            receipts: receipts.collect::<Result<_, _>>()?,
            cash_box: read.cash_box_id,
            aes_key,
            company: read.company,
            units: read.units,
        })
    }
}

fn receipt_of(
    text: &ReceiptText<'_>,
    units: u8,
) -> Result<ScenarioReceipt, (&'static str, String)> {
    let unit = text.used_signature_device;
    if unit >= units {
        let why = format!("is {unit}, and the scenario has {units} units, counted from 0");
        return Err(("usedSignatureDevice", why));
    }
    let amounts = &text.simplified_receipt;
    let amount = |name, text: &RawValue| {
        parse_double(text.get(), 2)
            .map(Amount::from_minor)
            .map_err(|error: ScaleError| (name, format!("{}: {error}", text.get())))
    };
    Ok(ScenarioReceipt {
        id: text.receipt_identifier.clone(),
        at: text.date_to_use.clone(),
        kind: text.type_of_receipt,
        damaged: text.signature_device_damaged,
        unit,
        sums: BucketSums {
            normal: amount("simplifiedReceipt.taxSetNormal", amounts.tax_set_normal)?,
            ermaessigt1: amount(
                "simplifiedReceipt.taxSetErmaessigt1",
                amounts.tax_set_ermaessigt1,
            )?,
            ermaessigt2: amount(
                "simplifiedReceipt.taxSetErmaessigt2",
                amounts.tax_set_ermaessigt2,
            )?,
            null: amount("simplifiedReceipt.taxSetNull", amounts.tax_set_null)?,
            besonders: amount(
                "simplifiedReceipt.taxSetBesonders",
                amounts.tax_set_besonders,
            )?,
        },
    })
}

fn wrong(path: String, why: impl fmt::Display) -> ScenarioFault {
    ScenarioFault::Value {
        path,
        why: why.to_string(),
    }
}

//! Receipts and other resources in the form of the API.

use std::borrow::Cow;

use ferrotill_core::profile::signed::{
    Code, CounterField, Form, Kind, PAYLOAD_BYTES_MAX, Signature, UNIT_FAILED,
};
use ferrotill_store::SignedReceipt;
use uuid::Uuid;

use super::resource::{envelope, receipt_id};
use super::units::unit_of_receipt;
use crate::api::json::JsonValue;
use crate::api::service::Service;

/// The type of a receipt, as the API names it.
pub(super) const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Standard | Kind::Null => "NORMAL",
        Kind::Storno => "CANCELLATION",
        Kind::Training => "TRAINING",
        Kind::Start => "INITIALIZATION",
        Kind::Monats => "MONTHLY_CLOSE",
        Kind::Jahres => "YEARLY_CLOSE",
        Kind::Schluss => "DECOMMISSION",
        Kind::Sammel => "SIGNATURE_CREATION_UNIT_FAULT_CLEARANCE",
    }
}

/// The kinds of a type.
pub(super) fn kinds_of(name: &str) -> Vec<Kind> {
    let all = [
        Kind::Standard,
        Kind::Null,
        Kind::Storno,
        Kind::Training,
        Kind::Start,
        Kind::Monats,
        Kind::Jahres,
        Kind::Schluss,
        Kind::Sammel,
    ];
    all.into_iter()
        .filter(|kind| type_of(*kind) == name)
        .collect()
}

/// What the journal has of a receipt, for its answer.
pub(super) struct ReceiptParts {
    pub(super) register: Uuid,
    pub(super) receipt: SignedReceipt,
    /// The metadata, if they were replaced after the receipt.
    pub(super) note: Option<String>,
    /// What the tax office has said of the receipt, oldest first.
    pub(super) validations: Vec<JsonValue>,
}

/// A receipt in the form of the API; `None` if it is not one of this till.
pub(super) fn receipt(service: &Service, parts: &ReceiptParts) -> Option<JsonValue> {
    let ReceiptParts {
        register,
        receipt,
        note,
        validations,
    } = parts;
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let code = Code::parse_compact(&receipt.compact, &mut room).ok()?;
    let payload = &code.payload;
    let signed = code.signature != Signature::Failed;
    let (schema, kept) = kept(receipt);
    let metadata = match note {
        Some(note) => JsonValue::parse(note.as_bytes()).ok()?,
        None => kept,
    };
    let kind = match (receipt.kind, payload.counter) {
        // The seal of the document says what it is.
        (Kind::Standard, CounterField::Training) => Kind::Training,
        (kind, _) => kind,
    };
    let mut members = envelope(service, receipt_id(*register, receipt), "RECEIPT");
    let hints = match signed {
        true => Vec::new(),
        false => vec![JsonValue::from(UNIT_FAILED)],
    };
    members.extend([
        ("receipt_type".into(), type_of(kind).into()),
        ("receipt_number".into(), payload.receipt.as_str().into()),
        (
            "time_signature".into(),
            receipt.at_ms.div_euclid(1_000).into(),
        ),
        (
            "cash_register_serial_number".into(),
            payload.cash_box.as_str().into(),
        ),
        ("cash_register_id".into(), (*register).into()),
        (
            "signature_creation_unit_id".into(),
            unit_of_receipt(service, payload.unit.serial()).into(),
        ),
        (
            "qr_code_data".into(),
            code.display(Form::Qr).to_string().into(),
        ),
        ("signed".into(), signed.into()),
        ("schema".into(), with_raw(schema, &code)),
        ("hints".into(), JsonValue::Array(hints)),
        (
            "fon_validations".into(),
            JsonValue::Array(validations.clone()),
        ),
        ("metadata".into(), metadata),
    ]);
    Some(JsonValue::Object(members))
}

/// The schema and the metadata that the caller of a receipt has sent.
fn kept(receipt: &SignedReceipt) -> (JsonValue, JsonValue) {
    let empty = || JsonValue::Object(Vec::new());
    let document = receipt.document.as_ref();
    let annex = document.and_then(|document| {
        let annex = JsonValue::parse(document.reserved()?.annex).ok()?;
        annex.at(0)?.get(ECHO).cloned()
    });
    let part = |name: &str| annex.as_ref().and_then(|it| it.get(name)).cloned();
    (
        part("schema").unwrap_or_else(empty),
        part("metadata").unwrap_or_else(empty),
    )
}

/// The name under which the journal keeps schema and metadata of a receipt.
pub(super) const ECHO: &str = "sign_at";

/// The schema with `raw`: the amounts that are signed.
fn with_raw(schema: JsonValue, code: &Code<'_>) -> JsonValue {
    let sums = &code.payload.sums;
    let amounts = [
        ("gross_amount_standard", sums.normal),
        ("gross_amount_reduced_1", sums.ermaessigt1),
        ("gross_amount_reduced_2", sums.ermaessigt2),
        ("gross_amount_special", sums.besonders),
        ("gross_amount_zero", sums.null),
    ];
    let amounts = amounts.map(|(name, amount)| {
        let cents = amount.minor();
        let sign = if cents < 0 { "-" } else { "" };
        let cents = cents.unsigned_abs();
        let text = format!(
            "{sign}{}.{:02}",
            cents.wrapping_div(100),
            cents.wrapping_rem(100)
        );
        (Cow::from(name), JsonValue::Text(text))
    });
    let mut members = match schema {
        JsonValue::Object(members) => members,
        _ => Vec::new(),
    };
    members.retain(|(name, _)| name != "raw");
    members.push((
        "raw".into(),
        JsonValue::Object(amounts.into_iter().collect()),
    ));
    JsonValue::Object(members)
}

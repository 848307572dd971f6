//! Payments with wallets, pinpads and QR codes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Bytes;
use axum::http::HeaderValue;
use axum::response::Response;
use serde_json::Value;
use uuid::Uuid;

use super::envelope::{Wrapping, failure, success_if};
use super::faults::{ApiError, FaultKind, Faults};
use super::request::Members;
use super::{Call, Shop, error};
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::listener::WhenWritten;
use crate::object;
use crate::order::provider::{ProviderNewsOutcome, ProviderWord};
use crate::seal::fiscal_module::provider::{Provider, ProviderAction, ProviderCall, ProviderTold};
use crate::seal::fiscal_module::{ModuleCall, Operation};

/// The most calls of providers at a time: some wait for the buyer.
const CALLS_MAX: usize = 32;
/// The longest texts, in characters.
const TEXT_MAX: usize = 300;
/// The calls of providers that are in progress.
static CALLS: AtomicUsize = AtomicUsize::new(0);

/// A call that is in progress.
struct Busy;

impl Busy {
    fn begin() -> Option<Self> {
        if CALLS.fetch_add(1, Ordering::AcqRel) < CALLS_MAX {
            return Some(Self);
        }
        CALLS.fetch_sub(1, Ordering::AcqRel);
        None
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        CALLS.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Reads a body on a thread for long work, as the JSON of the API and as that of modules.
pub(super) async fn read_body(
    shop: &Shop,
    body: &Bytes,
    faults: &mut Faults,
) -> Option<(JsonValue, Value)> {
    let body = body.clone();
    let read = shop.service.work(Lane::Sales, move |_, thread| {
        let body = JsonValue::of_body(&body, thread).ok()?;
        let value = serde_json::from_str(&body.to_string()).ok()?;
        Some((body, value))
    });
    let read = read.await;
    if read.is_none() {
        faults.push("body", FaultKind::MalformedJson, Vec::new());
    }
    read
}

/// `payment/…`: asks a provider.
pub(super) async fn ask(shop: &Shop, call: &Call, asked: ProviderCall, body: &Bytes) -> Response {
    let Some(providers) = shop.service.providers.clone() else {
        return failure(&error(
            102,
            "FISCAL_MODULE_NOT_INITIALIZED",
            "UnknownDevice",
        ));
    };
    let mut faults = Faults::default();
    let mut asks = ModuleCall::new(Operation::Provider(asked));
    if asked.posts {
        if let Some((read, value)) = read_body(shop, body, &mut faults).await {
            check(asked, &mut Members::of(&read, "", &mut faults));
            asks = asks.body(value);
        }
    } else {
        for name in needed_of_query(asked) {
            match call.parameter(name) {
                Some(value) => asks = asks.with(name, value),
                None => faults.push(name, FaultKind::Missing, Vec::new()),
            }
        }
    }
    if !faults.is_empty() {
        return failure(&faults.error(call.language));
    }
    let Some(busy) = Busy::begin() else {
        return failure(&error(
            101,
            "too many payments are in progress",
            "DeviceUnsettled",
        ));
    };
    let (device, asking) = (call.device.id, Arc::clone(&providers));
    // A caller that goes away ends no payment.
    let told = tokio::task::spawn_blocking(move || {
        let _busy = busy;
        asking.carry_out(device, asked, &asks)
    });
    match told.await {
        Ok(told) => respond(asked, told, move |reference| providers.written(reference)),
        Err(_) => failure(&error(2, "Read timed out", "OutcomeUnknown")),
    }
}

fn respond(
    asked: ProviderCall,
    told: ProviderTold,
    written: impl Fn(Uuid) + Send + 'static,
) -> Response {
    match told {
        ProviderTold::Done {
            data,
            replayed,
            reference,
        } => {
            let is_success = Operation::Provider(asked).is_success(&data);
            let Ok(data) = JsonValue::parse(data.to_string().as_bytes()) else {
                return failure(&error(103, "INTERNAL_ERROR", "AnswerUnreadable"));
            };
            let mut response = success_if(is_success, data, Wrapping::Plain);
            if replayed {
                let headers = response.headers_mut();
                headers.insert("Idempotent-Replayed", HeaderValue::from_static("true"));
            }
            if let Some(reference) = reference {
                let written = WhenWritten::new(move || written(reference));
                response.extensions_mut().insert(written);
            }
            response
        }
        ProviderTold::Refused(error) => failure(&ApiError::from(error)),
        ProviderTold::Unknown(reason) => failure(&error(
            2,
            &format!("Read timed out; {reason}"),
            "OutcomeUnknown",
        )),
    }
}

/// The parameters that a call without a body needs.
const fn needed_of_query(asked: ProviderCall) -> &'static [&'static str] {
    match asked.action {
        ProviderAction::Status => &["invoice_id"],
        ProviderAction::RefundStatus => &["refund_id"],
        _ => &[],
    }
}

/// Checks a body before it is sent: each provider needs other members.
fn check(asked: ProviderCall, fields: &mut Members<'_, '_>) {
    use ProviderAction::{Cancel, Confirm, Pay, Refund, Status};
    let provider = asked.provider;
    match asked.action {
        Pay if provider == Provider::UzQr => {
            soms(fields);
            text(fields, "external_id", 20);
        }
        Pay => {
            amount(fields);
            if provider.is_wallet() {
                text(fields, "qr_code", TEXT_MAX);
            }
            if provider == Provider::Scan2Pay {
                text(fields, "order_id", TEXT_MAX);
            }
            let is_return = match fields.get("is_return") {
                None => false,
                Some(JsonValue::Bool(is_return)) => *is_return,
                Some(JsonValue::Text(word)) => word == "true",
                Some(_) => {
                    fields.fault("is_return", FaultKind::WrongType, &["true".to_owned()]);
                    false
                }
            };
            if provider.is_pinpad() && is_return {
                text(fields, "request_id", TEXT_MAX);
            }
        }
        Confirm if provider == Provider::UzQr => {
            text(fields, "pay_id", TEXT_MAX);
            text(fields, "fiscal_receipt_url", TEXT_MAX);
        }
        Confirm => {
            let name = if provider == Provider::Anor {
                "transaction_id"
            } else {
                "payment_id"
            };
            text(fields, name, TEXT_MAX);
            text(fields, "qr_code", TEXT_MAX);
        }
        Status => text(fields, "order_id", TEXT_MAX),
        Cancel => text(fields, "invoice_id", TEXT_MAX),
        Refund => {
            text(fields, "pay_id", TEXT_MAX);
            soms(fields);
        }
        _ => {}
    }
}

/// A text or number that must be there and is not empty.
fn text(fields: &mut Members<'_, '_>, name: &str, limit: usize) {
    match fields.needed_text_or_number(name) {
        Some("") => fields.fault(name, FaultKind::Missing, &[]),
        Some(text) if text.chars().count() > limit => {
            fields.fault(name, FaultKind::TooLong, &[limit.to_string()]);
        }
        _ => {}
    }
}

/// A whole number above zero.
fn amount(fields: &mut Members<'_, '_>) {
    if fields.needed_whole("amount") == Some(0) {
        fields.fault("amount", FaultKind::Negative, &[]);
    }
}

/// A text with soms, such as `100.01`.
fn soms(fields: &mut Members<'_, '_>) {
    let Some(text) = fields.needed_text("amount", TEXT_MAX) else {
        return;
    };
    let tiyin = ferrotill_core::scale::parse(text, 2).unwrap_or(0);
    if tiyin <= 0 {
        fields.fault("amount", FaultKind::WrongType, &["\"100.01\"".to_owned()]);
    }
}

/// `POST payment/settle`: a person says what became of a payment that the till cannot find out about.
pub(super) async fn settle(shop: &Shop, call: &Call, body: &Bytes) -> Response {
    let Some(providers) = shop.service.providers.clone() else {
        return failure(&error(
            102,
            "FISCAL_MODULE_NOT_INITIALIZED",
            "UnknownDevice",
        ));
    };
    let mut faults = Faults::default();
    let mut settlement = None;
    if let Some((read, _)) = read_body(shop, body, &mut faults).await {
        let mut fields = Members::of(&read, "", &mut faults);
        let payment = fields.needed_text("payment", TEXT_MAX);
        let reference = payment.and_then(|text| Uuid::try_parse(text).ok());
        if payment.is_some() && reference.is_none() {
            fields.fault("payment", FaultKind::WrongType, &["UUID".to_owned()]);
        }
        let by = fields
            .needed_text("by", 100)
            .unwrap_or("")
            .trim()
            .to_owned();
        if by.is_empty() {
            fields.fault("by", FaultKind::Missing, &[]);
        }
        let number = fields.text("number", 100).unwrap_or("").to_owned();
        let reason = fields.text("reason", TEXT_MAX).unwrap_or("").to_owned();
        let word = match fields.needed_text("outcome", TEXT_MAX) {
            Some("paid") => Some(ProviderWord::Done {
                number,
                answer: object! { "by" => by.as_str() }.to_string(),
            }),
            Some("not_paid") => Some(ProviderWord::NotDone(format!("{by}: {reason}"))),
            Some("looked_after") => Some(ProviderWord::LaidAside {
                reason,
                by: by.clone(),
            }),
            Some(_) => {
                let allowed = ["paid, not_paid, looked_after".to_owned()];
                fields.fault("outcome", FaultKind::UnknownValue, &allowed);
                None
            }
            None => None,
        };
        settlement = reference
            .zip(word)
            .map(|(reference, word)| (reference, word, by));
    }
    let Some((reference, word, by)) = settlement.filter(|_| faults.is_empty()) else {
        return failure(&faults.error(call.language));
    };
    tracing::warn!(%reference, %by, "a person says what became of a payment: {word:?}");
    let stored = tokio::task::spawn_blocking(move || providers.settle(reference, word)).await;
    match stored.unwrap_or(ProviderNewsOutcome::Unknown) {
        ProviderNewsOutcome::Stored => success_if(true, JsonValue::Null, Wrapping::Plain),
        ProviderNewsOutcome::DoesNotFit => {
            let text = "Transaction not found: no open payment has this id, or its receipt is made or being made; looked_after ends a payment whatever became of it";
            failure(&error(105, text, "OriginalUnknown"))
        }
        ProviderNewsOutcome::Unknown => {
            let text = "SAVE_ORDER_ERROR: the journal cannot be written; send it again";
            failure(&error(303, text, "BooksUnwritable"))
        }
    }
}

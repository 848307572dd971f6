//! What is only asked of the module and of its device. Nothing is asked while a document of the device is outstanding, because the answer
//! would be that of a moment before.

use axum::body::Bytes;
use axum::response::Response;

use super::envelope::{Wrapping, failure, success};
use super::faults::{ApiError, FaultKind, Faults};
use super::request::Members;
use super::{Call, Shop, error};
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::seal::fiscal_module::{CallFault, ModuleCall, Operation};
use crate::time::clock::local;

/// The kinds of parts of a printed text.
const BANNERS: [&str; 4] = ["text", "barcode", "qr_code", "qr_code_frame"];
/// The most parts of a printed text, and the longest one in characters.
const BANNERS_MAX: usize = 300;
const BANNER_MAX: usize = 1_000;

/// Asks the module, and answers with what it tells.
pub(super) async fn ask(shop: &Shop, call: &Call, operation: Operation) -> Response {
    let mut asks = ModuleCall::new(operation);
    for name in ["number", "print"] {
        if let Some(value) = call.parameter(name) {
            asks = asks.with(name, value);
        }
    }
    let wrapping = match operation {
        Operation::ShiftInfo => Wrapping::InResult,
        _ => Wrapping::Plain,
    };
    match asked(shop, call, asks).await {
        Ok(data) => success(data, wrapping),
        Err(error) => failure(&error),
    }
}

/// What the module tells, when no document is outstanding.
///
/// # Errors
///
/// The module's error; or an error with the code 2, if a document is still outstanding when the caller must have an answer.
pub(super) async fn asked(
    shop: &Shop,
    call: &Call,
    asks: ModuleCall,
) -> Result<JsonValue, ApiError> {
    let service = &shop.service;
    let deadline = service.deadline(call.device.answer_timeout);
    let told = service.ask_module(call.device.id, asks, deadline).await;
    match told {
        Some(Ok(data)) => JsonValue::parse(data.to_string().as_bytes())
            .map_err(|reason| error(103, &reason, "AnswerUnreadable")),
        Some(Err(CallFault::Refused(refused))) => Err(refused.into()),
        Some(Err(CallFault::NotSent(reason))) => {
            let text = format!("Printer not working; {reason}");
            Err(error(101, &text, "PortUnavailable"))
        }
        Some(Err(CallFault::Lost(reason))) => {
            let text = format!("Read timed out; {reason}");
            Err(error(2, &text, "OutcomeUnknown"))
        }
        None => {
            let text = "Read timed out; a document of the device is not settled yet";
            Err(error(2, text, "DeviceUnsettled"))
        }
    }
}

/// The time of the till, as modules want it.
pub(super) fn till_time(shop: &Shop) -> String {
    let now = local(shop.service.clock.now());
    now.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `POST print/banner`: prints a text that is no receipt.
pub(super) async fn banner(shop: &Shop, call: &Call, body: &Bytes) -> Response {
    let mut faults = Faults::default();
    let body = body.clone();
    let read = shop.service.work(Lane::Sales, move |_, thread| {
        JsonValue::of_body(&body, thread)
    });
    let Ok(body) = read.await else {
        faults.push("body", FaultKind::MalformedJson, Vec::new());
        return failure(&faults.error(call.language));
    };
    let mut fields = Members::of(&body, "", &mut faults);
    let parts = fields.list("banners", BANNERS_MAX);
    for (place, part) in parts.iter().enumerate() {
        let mut part = Members::of(part, &format!("banners[{place}]"), &mut faults);
        part.text("data", BANNER_MAX);
        let kind = part.text("type", BANNER_MAX);
        if kind.is_none_or(|kind| !BANNERS.contains(&kind)) {
            part.fault("type", FaultKind::UnknownValue, &[BANNERS.join(", ")]);
        }
    }
    if !faults.is_empty() {
        return failure(&faults.error(call.language));
    }
    let Ok(request) = serde_json::from_str(&body.to_string()) else {
        return failure(&error(103, "INTERNAL_ERROR", "AnswerUnreadable"));
    };
    let prints = ModuleCall::new(Operation::Banner).body(request);
    match asked(shop, call, prints).await {
        Ok(data) => success(data, Wrapping::Plain),
        Err(error) => failure(&error),
    }
}

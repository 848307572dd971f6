//! `api/v1/…`: the billing of FiscalBox. Its answers are no envelopes; its errors are.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;

use super::envelope::failure;
use super::faults::{ApiError, FaultKind, Faults};
use super::payments::read_body;
use super::request::Members;
use super::{Call, Shop, error};
use crate::api::json::JsonValue;
use crate::api::response::json_response;
use crate::authority::billing::{Billing, BillingAnswer, BillingFault};

/// The code of an error of the billing.
const BILLING_ERROR: i64 = 105;
/// The longest texts, in characters.
const TEXT_MAX: usize = 300;
/// What a count is asked with.
const OF_COUNT: [&str; 3] = ["start_date", "end_date", "inn"];

/// `POST api/v1/login`: passes user and password on. The till's own token is not given away.
pub(super) async fn login(shop: &Shop, call: &Call, body: &Bytes) -> Response {
    let mut faults = Faults::default();
    let mut given = None;
    if let Some((read, _)) = read_body(shop, body, &mut faults).await {
        let mut fields = Members::of(&read, "", &mut faults);
        let user = fields.needed_text("username", TEXT_MAX).map(str::to_owned);
        let password = fields.needed_text("password", TEXT_MAX).map(str::to_owned);
        given = user.zip(password);
    }
    let Some((user, password)) = given.filter(|_| faults.is_empty()) else {
        return failure(&faults.error(call.language));
    };
    ask(shop, move |billing| billing.login(&user, &password)).await
}

/// `GET api/v1/orders/count`: asks with the till's own token.
pub(super) async fn count(shop: &Shop, call: &Call) -> Response {
    let mut faults = Faults::default();
    let mut query = Vec::new();
    for name in OF_COUNT {
        match call.parameter(name).filter(|value| !value.is_empty()) {
            None => faults.push(name, FaultKind::Missing, Vec::new()),
            Some(value) => {
                let form = "%Y-%m-%dT%H:%M:%S";
                let is_time = || jiff::civil::DateTime::strptime(form, &value).is_ok();
                if name != "inn" && !is_time() {
                    faults.push(
                        name,
                        FaultKind::WrongType,
                        vec!["2026-11-29T10:00:00".to_owned()],
                    );
                }
                query.push((name, value));
            }
        }
    }
    if !faults.is_empty() {
        return failure(&faults.error(call.language));
    }
    ask(shop, move |billing| billing.count(&query)).await
}

async fn ask(
    shop: &Shop,
    ask: impl FnOnce(&Billing) -> Result<BillingAnswer, BillingFault> + Send + 'static,
) -> Response {
    let Some(billing) = shop.billing.clone() else {
        let text = "BILLING_ERROR: the till has no billing; configure [fiscalbox.billing]";
        return failure(&error(BILLING_ERROR, text, "UnknownOperation"));
    };
    let Ok(only) = Arc::clone(&shop.billing_calls).try_acquire_owned() else {
        let text = "BILLING_ERROR: the billing is being asked; try again in some seconds";
        return failure(&error(BILLING_ERROR, text, "DeviceUnsettled"));
    };
    let told = tokio::task::spawn_blocking(move || {
        let _only = only;
        ask(&billing)
    });
    match told.await {
        Ok(Ok(answer)) => passed_on(&answer),
        Ok(Err(fault)) => failure(&of_fault(&fault)),
        Err(_) => failure(&error(2, "Read timed out", "OutcomeUnknown")),
    }
}

fn passed_on(answer: &BillingAnswer) -> Response {
    let Ok(body) = JsonValue::parse(answer.body.to_string().as_bytes()) else {
        return failure(&error(103, "INTERNAL_ERROR", "AnswerUnreadable"));
    };
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    json_response(status, &body)
}

fn of_fault(fault: &BillingFault) -> ApiError {
    let name = match fault {
        BillingFault::Unreachable { .. } => "PortUnavailable",
        BillingFault::WrongCredentials(_) | BillingFault::Refused { .. } => "CallerNotAllowed",
        BillingFault::Unreadable(_) => "AnswerUnreadable",
        BillingFault::TokenFile { .. } => "JournalUnwritable",
    };
    error(BILLING_ERROR, &format!("BILLING_ERROR: {fault}"), name)
}

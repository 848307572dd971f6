//! Creating operations: reads the body, gives the order to the clerk, and answers with the outcome.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use ferrotill_core::profile::Profile;
use uuid::Uuid;

use super::answer::{self, Form};
use super::context::{RequestContext, point_of_sale};
use super::documents;
use super::problem::{failure, faulty, refused, success, unprocessable, unreadable};
use super::replay;
use super::request::{self, GivenId, Parsed};
use super::route::{Creation, Operation, SaleRoute, route};
use crate::api::auth::SignatureInfo;
use crate::api::json::{FaultList, JsonValue, without_byte_order_mark};
use crate::api::problem::Problem;
use crate::api::replay::ReplayOutcome;
use crate::api::response::{with_fiscal_state, with_retry_after};
use crate::api::service::{NoAnswer, Service};
use crate::clerk::{Answer, FiscalState, Message};
use crate::config::{Config, Device};
use ferrotill_store::StoreError;

/// Carries out a creating operation.
pub(super) async fn create(
    service: &Arc<Service>,
    (device, signature): (&Device, SignatureInfo),
    creation: Creation,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let mut faults = FaultList::default();
    let context = RequestContext {
        device,
        mode: service.config.till.mode,
        profile: service.profile,
        point_of_sale: point_of_sale(device, headers, &mut faults),
        own_id: signature.request_id(),
    };
    let body = match (creation, without_byte_order_mark(body).is_empty()) {
        (Creation::Report(Some(_)), true) => None,
        _ => match JsonValue::of_body(body) {
            Ok(body) => Some(body),
            Err(fault) => return with_fiscal_state(faulty(&fault.into()), FiscalState::Unknown),
        },
    };
    let mut parsed = read(creation, body.as_ref(), context);
    faults.append(std::mem::take(&mut parsed.faults));
    if !faults.is_empty() {
        let state = state_of(service, parsed.given_id).await;
        return with_fiscal_state(faulty(&faults), state);
    }
    let id = parsed.form.id;
    let answer = match service.replays.begin(signature) {
        Ok(request) => {
            let answer = submit(service, device, parsed).await;
            request.end(match &answer {
                // If the order was registered, its document answers a repeated request. If it was unavailable, the clerk did
                // nothing with it.
                Answer::Registered { .. } | Answer::Unavailable { .. } => ReplayOutcome::Forget,
                _ => ReplayOutcome::Remember,
            });
            answer
        }
        Err(_) => match replay::first_outcome(service, device, signature, id).await {
            Some(answer) => answer,
            None => return with_fiscal_state(replay::refused(), FiscalState::NotRegistered),
        },
    };
    respond(service, device, creation, answer).await
}

/// Reads the body of a creating operation.
fn read(creation: Creation, body: Option<&JsonValue>, context: RequestContext<'_>) -> Parsed {
    let empty = JsonValue::Object(Vec::new());
    let some = body.unwrap_or(&empty);
    match creation {
        Creation::Sale(route) => request::sale(some, route, context),
        Creation::Refund { .. } => request::refund(some, context),
        Creation::Cash => request::cash(some, context),
        Creation::Report(z) => request::report(some, z, context),
    }
}

/// The faults of a body that is posted to a path, checked for the first device. The order is not carried out.
///
/// Returns `None` if the path makes no document, or if the body is not JSON.
#[must_use]
pub fn faults_of(
    config: &Config,
    profile: &'static dyn Profile,
    path: &str,
    body: &[u8],
) -> Option<FaultList> {
    let Some(Operation::Create(creation)) = route(&Method::POST, path) else {
        return None;
    };
    let context = RequestContext {
        device: config.devices.first()?,
        mode: config.till.mode,
        profile,
        point_of_sale: Uuid::nil(),
        own_id: Uuid::nil(),
    };
    let body = JsonValue::of_body(body).ok()?;
    Some(read(creation, Some(&body), context).faults)
}

/// The fiscal state of the id of a request with faults. An id that could not be read may be the id of an existing document.
async fn state_of(service: &Arc<Service>, id: GivenId) -> FiscalState {
    match id {
        GivenId::Read(id) => service.state_of(id).await,
        GivenId::None => FiscalState::NotRegistered,
        GivenId::Unreadable => FiscalState::Unknown,
    }
}

/// Gives the order to the clerk and waits for its answer until the caller's timeout.
async fn submit(service: &Arc<Service>, device: &Device, parsed: Parsed) -> Answer {
    let deadline = service.deadline(device.answer_timeout);
    let message = |reply| Message::Order {
        device: device.id,
        form: Box::new(parsed.form),
        deadline,
        reply,
    };
    match service.ask(message, deadline).await {
        Ok(answer) => answer,
        Err(NoAnswer::Stopping) => Answer::Unknown {
            message: "the agent is stopping".to_owned(),
        },
        Err(NoAnswer::TooLate) => {
            let trouble = service.live_status.printer(device.id).trouble;
            let trouble = trouble.map_or_else(String::new, |trouble| format!(" ({trouble})"));
            Answer::Unknown {
                message: format!(
                    "the printer has not answered yet{trouble}; the agent keeps asking it, and a request with the same id waits for the \
                     same outcome"
                ),
            }
        }
    }
}

/// Converts the clerk's answer to an answer of the FiscalCloud API.
async fn respond(
    service: &Arc<Service>,
    device: &Device,
    creation: Creation,
    answer: Answer,
) -> Response {
    match answer {
        Answer::Registered { id, replayed } => {
            let mut response = match document(service, device, creation, id).await {
                Ok(Some(data)) => success(data),
                Ok(None) => unprocessable(&Problem::new(
                    "RequestIdClash",
                    "id: belongs to a document of another kind; use a new id for a new request",
                )),
                Err(error) => unreadable(error),
            };
            if replayed {
                response
                    .headers_mut()
                    .insert("Idempotent-Replayed", HeaderValue::from_static("true"));
            }
            with_fiscal_state(response, FiscalState::Registered)
        }
        Answer::Refused {
            refusal,
            faults,
            state,
        } => with_fiscal_state(refused(&refusal, &faults, creation.number_path()), state),
        Answer::NotRegistered { error, message } => {
            let problem = Problem::new(error, format!("printer: {message}"));
            with_fiscal_state(unprocessable(&problem), FiscalState::NotRegistered)
        }
        Answer::Unknown { message } => {
            let problem = Problem::new("OutcomeUnknown", format!("outcome: {message}"));
            with_fiscal_state(
                with_retry_after(unprocessable(&problem)),
                FiscalState::Unknown,
            )
        }
        Answer::Unavailable { message } => {
            let problem = Problem::new("Busy", format!("agent: {message}"));
            let response = failure(StatusCode::SERVICE_UNAVAILABLE, &problem);
            with_fiscal_state(with_retry_after(response), FiscalState::Unknown)
        }
    }
}

/// The document in the form in which the operation answers; `None` if the operation does not make documents of this kind.
async fn document(
    service: &Arc<Service>,
    device: &Device,
    creation: Creation,
    id: Uuid,
) -> Result<Option<JsonValue>, StoreError> {
    let Some((stored, z_report)) = documents::find(service, device, id).await? else {
        return Ok(None);
    };
    let context = documents::answer_context(service, device, z_report);
    Ok(match creation {
        Creation::Sale(SaleRoute::Sale) => answer::sale(&stored, context),
        Creation::Refund { as_receipt: true } => answer::document(&stored, Form::Receipt, context),
        _ => answer::document(&stored, Form::Own, context),
    })
}

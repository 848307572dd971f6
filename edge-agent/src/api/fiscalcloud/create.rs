//! Creating operations: reads the body, gives the order to the clerk, and answers with the outcome.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
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
use crate::api::json::{FaultList, JsonValue, RequestFault, without_byte_order_mark};
use crate::api::lanes::{Lane, WorkThread};
use crate::api::problem::Problem;
use crate::api::replay::ReplayOutcome;
use crate::api::response::{with_fiscal_state, with_retry_after};
use crate::api::service::{NoAnswer, Service};
use crate::clerk::{Answer, FiscalState, Message};
use crate::config::{Config, Device};

/// Carries out a creating operation.
pub(super) async fn create(
    service: &Arc<Service>,
    (device, signature): (&Device, SignatureInfo),
    creation: Creation,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let deadline = service.deadline(device.answer_timeout);
    let mut faults = FaultList::default();
    let request = UnreadRequest {
        device: device.clone(),
        point_of_sale: point_of_sale(device, headers, &mut faults),
        own_id: signature.request_id(),
        creation,
        body: body.clone(),
    };
    let reading = service.work(Lane::Sales, move |service, thread| {
        request.read(service, thread)
    });
    let mut parsed = match service.within(deadline, reading).await {
        Some(Ok(parsed)) => parsed,
        Some(Err(fault)) => return with_fiscal_state(faulty(&fault.into()), FiscalState::Unknown),
        None => return with_fiscal_state(overloaded(), FiscalState::Unknown),
    };
    faults.append(std::mem::take(&mut parsed.faults));
    if !faults.is_empty() {
        let state = state_of(service, parsed.given_id).await;
        return with_fiscal_state(faulty(&faults), state);
    }
    let id = parsed.form.id;
    let answer = match service.replays.begin(signature) {
        Ok(request) => {
            let answer = submit(service, device, parsed, deadline).await;
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
    respond(service, device, creation, answer, deadline).await
}

/// A request whose body was not read yet.
struct UnreadRequest {
    device: Device,
    point_of_sale: Uuid,
    own_id: Uuid,
    creation: Creation,
    body: Bytes,
}

impl UnreadRequest {
    /// Reads the body. A body that is no JSON has one fault.
    fn read(&self, service: &Service, thread: &WorkThread) -> Result<Parsed, RequestFault> {
        let is_empty = without_byte_order_mark(&self.body).is_empty();
        let body = match self.creation {
            Creation::Report(Some(_)) if is_empty => None,
            _ => Some(JsonValue::of_body(&self.body, thread)?),
        };
        let context = RequestContext {
            device: &self.device,
            mode: service.config.till.mode,
            profile: service.profile,
            point_of_sale: self.point_of_sale,
            own_id: self.own_id,
        };
        Ok(read(self.creation, body.as_ref(), context))
    }
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
    let body = JsonValue::of_body(body, &WorkThread::without_connections()).ok()?;
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
async fn submit(
    service: &Arc<Service>,
    device: &Device,
    parsed: Parsed,
    deadline: Instant,
) -> Answer {
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
    deadline: Instant,
) -> Response {
    match answer {
        Answer::Registered { id, replayed } => {
            let device = device.clone();
            let document = service.work(Lane::Sales, move |service, _| {
                document_answer(service, &device, creation, id)
            });
            let document = service.within(deadline, document).await;
            let mut response = document.unwrap_or_else(not_read_in_time);
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

/// The answer with the document in the form of the operation. Reads the store, so it is done on a thread for long work.
fn document_answer(service: &Service, device: &Device, creation: Creation, id: Uuid) -> Response {
    let (stored, context) = match documents::find(service, device, id) {
        Ok(Some(found)) => found,
        Ok(None) => return another_kind(),
        Err(error) => return unreadable(error),
    };
    let data = match creation {
        Creation::Sale(SaleRoute::Sale) => answer::sale(&stored, context),
        Creation::Refund { as_receipt: true } => answer::document(&stored, Form::Receipt, context),
        _ => answer::document(&stored, Form::Own, context),
    };
    data.map_or_else(another_kind, success)
}

fn another_kind() -> Response {
    unprocessable(&Problem::new(
        "RequestIdClash",
        "id: belongs to a document of another kind; use a new id for a new request",
    ))
}

/// The answer if the document is registered, and reading it takes longer than the caller waits.
fn not_read_in_time() -> Response {
    let message = "document: is registered, and could not be read in time; send the request with the same id again to get it";
    with_retry_after(unprocessable(&Problem::new("DocumentNotRead", message)))
}

/// The answer if the body could not be read in the time that the caller waits, because other calls have all places.
fn overloaded() -> Response {
    let message = "agent: has too many calls; send the request with the same id again";
    let problem = Problem::new("Overloaded", message);
    with_retry_after(failure(StatusCode::SERVICE_UNAVAILABLE, &problem))
}

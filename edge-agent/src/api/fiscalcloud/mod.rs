//! The FiscalCloud-compatible API under `/api/v1`, signed with HMAC (docs/api/fiscalcloud.md).
//!
//! Names are read in any case and written in camelCase. Every answer has the envelope
//! `{success, message, fullExceptionMessage, errorType, data}`, and every creating operation the header `X-Fiscal-State`.

mod answer;
mod auth;
mod context;
mod create;
mod described;
mod devices;
mod documents;
mod drawer;
mod duplicate;
mod paths;
mod periodic;
mod preview;
mod print_form;
mod problem;
mod request;
mod route;
mod rules;
mod shift;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::map_response_with_state;
use axum::response::Response;
use uuid::Uuid;

use super::auth::{AuthorizedClient, BODY_NOT_ALLOWED, Unauthorized, devices_of};
use super::dialect::{Dialect, Rejection};
use super::lanes::Lane;
use super::nearest::nearest;
use super::problem::Problem;
use super::response::{with_allowed_methods, with_operation};
use super::service::Service;
use crate::clerk::FiscalState;
use crate::config::Device;
use crate::paper::printed_seller;
pub use create::faults_of;
pub use preview::{OrderPreview, preview};
pub use print_form::form_rows;
use problem::{failure, for_the_cashier, unprocessable};
use request::id_in;
use route::{NoOperation, Operation, route};

/// The FiscalCloud API.
pub const FISCALCLOUD: Dialect = Dialect {
    name: NAME,
    prefix: PREFIX,
    router,
    table: described::TABLE,
    is_served: described::is_served,
    authenticates: true,
    creates_registers: false,
    reject,
    other_id_header: None,
};

/// The routes of the FiscalCloud API.
fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/api/v1/{*operation}", axum::routing::any(handle))
        .layer(map_response_with_state(
            printed_seller(&service.settings.owner)
                .words(service.profile.facts().language)
                .language,
            for_the_cashier,
        ))
        .with_state(service)
}

/// The answer to a request that is refused before its route is known.
fn reject(rejection: &Rejection) -> Response {
    let response = failure(rejection.status, &rejection.problem);
    if rejection.may_create {
        with_operation(response, None, FiscalState::Unknown)
    } else {
        response
    }
}

const NAME: &str = "fiscalcloud";
/// The path below which all operations are.
const PREFIX: &str = "/api/v1";
/// The largest body in bytes. The listener has a limit of its own; this limit applies in tests without a listener.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The largest body of a refused call whose id is read, in bytes.
const REFUSED_BYTES_MAX: usize = 16 * 1024;
/// How long a refused call waits for the reading of its id.
const REFUSED_WAIT_MAX: Duration = Duration::from_secs(1);

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let operation = route(&parts.method, parts.uri.path());
    let creates = match operation {
        Ok(operation) => matches!(operation, Operation::Create(_)),
        Err(NoOperation::WrongMethod { creates, .. }) => creates,
        Err(NoOperation::NotAUuid) => false,
        // The path may be that of a creating operation with a mistake in it.
        Err(NoOperation::UnknownPath) => parts.method == Method::POST,
    };
    // Nothing is known of the document of a call that was not accepted: it may have been made by an earlier call.
    let refused = |response, id| {
        if creates {
            with_operation(response, id, FiscalState::Unknown)
        } else {
            response
        }
    };
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let problem = Problem::new("BodyTooLarge", "body: is too large; split the request");
        return refused(failure(StatusCode::PAYLOAD_TOO_LARGE, &problem), None);
    };
    let needed = operation.ok().and_then(Operation::permission);
    let client = match service.admit((Some(NAME), needed), &parts, &body) {
        Ok(client) => client,
        Err(error) => {
            let id = id_of_refused(&service, creates, &body).await;
            let response = match operation {
                // The method is wrong, and not that the call has a body.
                Err(reason @ NoOperation::WrongMethod { .. }) if error.code == BODY_NOT_ALLOWED => {
                    no_operation(reason, &parts)
                }
                _ => auth::reject(service.settings.mode, error),
            };
            return refused(response, id);
        }
    };
    let operation = match operation {
        Ok(operation) => operation,
        Err(reason) => return refused(no_operation(reason, &parts), None),
    };
    match serve(&service, client, operation, &parts, &body).await {
        Ok(response) => response,
        Err(error) => {
            let id = id_of_refused(&service, creates, &body).await;
            refused(auth::reject(service.settings.mode, error), id)
        }
    }
}

/// The answer to a call that is no operation.
fn no_operation(reason: NoOperation, parts: &Parts) -> Response {
    let (method, path) = (&parts.method, parts.uri.path());
    match reason {
        NoOperation::UnknownPath => {
            let operations = described::TABLE.operations.iter();
            let served = operations.filter(|operation| described::is_served(operation));
            let advice = match nearest(path, served.map(|operation| operation.path)) {
                Some(similar) => format!("{similar} is similar"),
                None => "/docs lists the operations".to_owned(),
            };
            let message = format!("{method} {path}: is not an operation of this agent; {advice}");
            let problem = Problem::new("UnknownOperation", message);
            failure(StatusCode::NOT_FOUND, &problem)
        }
        NoOperation::NotAUuid => {
            let message = "id: is not a UUID; write it as 497f6eca-6276-4993-bfeb-53cbbbba6f08";
            unprocessable(&Problem::new("NotAUuid", message))
        }
        NoOperation::WrongMethod { allowed, .. } => {
            let message = format!("{method} {path}: has the wrong method; use {allowed}");
            let problem = Problem::new("MethodNotAllowed", message);
            let response = failure(StatusCode::METHOD_NOT_ALLOWED, &problem);
            with_allowed_methods(response, allowed)
        }
    }
}

/// The id in the body of a creating call that was refused, if it can be read soon. Anybody can send such a call.
async fn id_of_refused(service: &Arc<Service>, creates: bool, body: &Bytes) -> Option<Uuid> {
    if !creates || body.len() > REFUSED_BYTES_MAX {
        return None;
    }
    let body = body.clone();
    let reading = service.work(Lane::Unsigned, move |_, thread| id_in(&body, thread));
    let deadline = service.deadline(REFUSED_WAIT_MAX);
    service.within(deadline, reading).await.flatten()
}

/// An operation of a client whose signature is right.
async fn serve(
    service: &Arc<Service>,
    client: AuthorizedClient<'_>,
    operation: Operation,
    parts: &Parts,
    body: &Bytes,
) -> Result<Response, Unauthorized> {
    let device = || {
        let missing = || {
            let devices = devices_of(&service.settings);
            let message = format!(
                "Api-DeviceId: is missing; this operation needs the id of a device; this agent has {devices}"
            );
            Unauthorized::new("UnknownDevice", message)
        };
        client.device.ok_or_else(missing)
    };
    Ok(match operation {
        Operation::Devices => devices::list(service, parts.uri.query().unwrap_or_default()),
        Operation::Device(id) => read(service, devices::one(service, id)).await,
        Operation::Create(creation) => {
            let device = device()?;
            // A document needs a trustworthy time, and this caller's signature is valid. The times of callers that only read
            // are not used.
            service.guard.caller_says(client.key, client.at_ms);
            let caller = (device, client.signature(), client.user);
            create::create(service, caller, creation, &parts.headers, body).await
        }
        Operation::List { kinds, full } => {
            let query = parts.uri.query().unwrap_or_default();
            read(
                service,
                documents::list(service, device()?, kinds, full, query),
            )
            .await
        }
        Operation::Get { kinds, id } => {
            read(service, documents::get(service, device()?, kinds, id)).await
        }
        Operation::AssureNo24h => {
            read(service, shift::assure(service, device()?, &parts.headers)).await
        }
        // The vendor's document declares no header for it, so a till with one device needs none.
        Operation::OpenDrawer => match client.device.or_else(|| only_device(service)) {
            Some(device) => drawer::open(service, device, client.signature()).await,
            None => unprocessable(&Problem::new(
                "UnknownDevice",
                "Api-DeviceId: is missing, and this till has more than one device; name the device whose drawer opens",
            )),
        },
        Operation::Period { print_only } => {
            periodic::make(service, (device()?, client.signature()), print_only, body).await
        }
        Operation::Duplicate { kinds, id } => {
            duplicate::make(service, (device()?, client.signature()), (kinds, id), body).await
        }
    })
}

/// The device of a till that has only one.
fn only_device(service: &Service) -> Option<&Device> {
    match service.settings.devices.as_slice() {
        [device] => Some(device),
        _ => None,
    }
}

/// The answer of a call that only reads. The call waits no longer than one that makes a document, because it has a connection for
/// this time, and sales need connections too.
async fn read(service: &Service, answer: impl Future<Output = Response>) -> Response {
    let deadline = service.deadline(service.settings.answer_timeout);
    let answer = service.within(deadline, answer).await;
    answer.unwrap_or_else(create::overloaded)
}

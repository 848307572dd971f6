//! The FiscalCloud-compatible API under `/api/v1`, signed with HMAC (docs/api/fiscalcloud.md).
//!
//! Names are read in any case and written in camelCase. Every answer has the envelope
//! `{success, message, fullExceptionMessage, errorType, data}`, and every creating operation the header `X-Fiscal-State`.

mod answer;
mod auth;
mod context;
mod create;
mod devices;
mod documents;
mod drawer;
mod paths;
mod problem;
mod request;
mod route;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use uuid::Uuid;

use super::auth::{AuthorizedClient, Call, Unauthorized, check};
use super::dialect::{Dialect, Rejection};
use super::lanes::Lane;
use super::problem::Problem;
use super::response::with_operation;
use super::service::Service;
use crate::clerk::FiscalState;
pub use create::faults_of;
use problem::failure;
use request::id_in;
use route::{Operation, route};

/// The FiscalCloud API.
pub const FISCALCLOUD: Dialect = Dialect {
    name: NAME,
    prefix: "/api/v1",
    router,
    reject,
};

/// The routes of the FiscalCloud API.
fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/api/v1/{*operation}", axum::routing::any(handle))
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
/// The largest body in bytes. The listener has a limit of its own; this limit applies in tests without a listener.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// The largest body of a refused call whose id is read, in bytes.
const REFUSED_BYTES_MAX: usize = 16 * 1024;
/// How long a refused call waits for the reading of its id.
const REFUSED_WAIT_MAX: Duration = Duration::from_secs(1);

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let operation = route(&parts.method, parts.uri.path());
    let creates = matches!(operation, Some(Operation::Create(_)));
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
    let call = Call::of(&parts, &body);
    let client = match check(&service.settings, Some(NAME), &service.guard, &call) {
        Ok(client) => client,
        Err(error) => {
            let id = id_of_refused(&service, creates, &body).await;
            return refused(auth::reject(service.settings.mode, error), id);
        }
    };
    let Some(operation) = operation else {
        let message = format!(
            "{} {}: is not an operation of this agent",
            parts.method,
            parts.uri.path()
        );
        let problem = Problem::new("UnknownOperation", message);
        return failure(StatusCode::NOT_FOUND, &problem);
    };
    match serve(&service, client, operation, &parts, &body).await {
        Ok(response) => response,
        Err(error) => {
            let id = id_of_refused(&service, creates, &body).await;
            refused(auth::reject(service.settings.mode, error), id)
        }
    }
}

/// The id in the body of a creating call that was refused, if it can be read soon. Anybody can send such a call.
async fn id_of_refused(service: &Arc<Service>, creates: bool, body: &Bytes) -> Option<Uuid> {
    if !creates || body.len() > REFUSED_BYTES_MAX {
        return None;
    }
    let body = body.clone();
    let reading = service.work(Lane::Strangers, move |_, thread| id_in(&body, thread));
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
        let message = "the header Api-DeviceId is missing; this operation needs it";
        let missing = || Unauthorized::new("UnknownDevice", message);
        client.device.ok_or_else(missing)
    };
    let signature = client.signature;
    Ok(match operation {
        Operation::Devices => devices::list(service),
        Operation::Device(id) => read(service, devices::one(service, id)).await,
        Operation::Create(creation) => {
            let device = device()?;
            // A document needs a trustworthy time, and this caller's signature is valid. The times of callers that only read
            // are not used.
            service.guard.caller_says(client.key, signature.at_ms);
            create::create(service, (device, signature), creation, &parts.headers, body).await
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
        Operation::OpenDrawer => drawer::open(service, device()?, signature).await,
    })
}

/// The answer of a call that only reads. The call waits no longer than one that makes a document, because it has a connection for
/// this time, and sales need connections too.
async fn read(service: &Service, answer: impl Future<Output = Response>) -> Response {
    let deadline = service.deadline(service.settings.answer_timeout);
    let answer = service.within(deadline, answer).await;
    answer.unwrap_or_else(create::overloaded)
}

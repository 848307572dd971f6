//! The FiscalCloud-compatible API under `/api/v1`, signed with HMAC (docs/api/fiscalcloud.md).
//!
//! Names are read in any case and written in camelCase. Every answer has the envelope
//! `{success, message, fullExceptionMessage, errorType, data}`, and every creating operation the header `X-Fiscal-State`.

mod answer;
pub(super) mod auth;
mod context;
mod create;
mod devices;
mod documents;
mod drawer;
mod paths;
mod problem;
mod replay;
mod request;
mod route;
mod rules;

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::auth::{AuthorizedClient, Call, Unauthorized, check};
use super::problem::Problem;
use super::response::with_fiscal_state;
use super::service::Service;
use crate::clerk::FiscalState;
pub use create::faults_of;
use problem::failure;
use route::{Operation, route};

/// The routes of the FiscalCloud API.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/api/v1/{*operation}", axum::routing::any(handle))
        .with_state(service)
}

/// The largest body in bytes. The listener has a limit of its own; this limit applies in tests without a listener.
const BODY_BYTES_MAX: usize = 1024 * 1024;

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let operation = route(&parts.method, parts.uri.path());
    let refused = |response| match operation {
        // The body was not read, so the id in it is not known and may be the id of an existing document.
        Some(Operation::Create(_)) => with_fiscal_state(response, FiscalState::Unknown),
        _ => response,
    };
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let problem = Problem::new("BodyTooLarge", "body: is too large; split the request");
        return refused(failure(StatusCode::PAYLOAD_TOO_LARGE, &problem));
    };
    let mode = service.config.till.mode;
    let client = match check(&service.config, &service.guard, &Call::of(&parts, &body)) {
        Ok(client) => client,
        Err(unauthorized) => return refused(auth::reject(mode, unauthorized)),
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
        Err(unauthorized) => refused(auth::reject(mode, unauthorized)),
    }
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
    let deadline = service.deadline(service.config.till.answer_timeout);
    let answer = service.within(deadline, answer).await;
    answer.unwrap_or_else(create::overloaded)
}

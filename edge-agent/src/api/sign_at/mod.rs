//! The SIGN AT-compatible API under `/sign-at/api/v1`, with tokens (docs/api/sign-at.md).
//!
//! Names are written in snake_case. Every success has status 200, every resource `_id`, `_type`, `_env` and `_version`, and every error
//! `status_code`, `error`, `code` and `message`. Members that the till does not know are taken and left out.

mod answer;
mod described;
mod export;
mod login;
mod metadata;
mod metadata_routes;
mod problem;
mod receipts;
mod registers;
mod request;
mod resource;
mod route;
mod schema;
mod tax_office;
mod units;

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;

use super::admission::TokenCaller;
use super::dialect::{Dialect, Rejection};
use super::json::JsonValue;
use super::lanes::Lane;
use super::response::{json_response, with_allowed_methods, with_operation};
use super::service::Service;
use crate::clerk::FiscalState;
use problem::Failure;
use route::{NoOperation, Operation, route};

/// The SIGN AT API.
pub const SIGN_AT: Dialect = Dialect {
    name: NAME,
    prefix: PREFIX,
    router,
    table: described::TABLE,
    is_served: described::is_served,
    authenticates: true,
    creates_registers: true,
    reject,
    // The vendor's texts name X-Request-Id, and clients read this one.
    other_id_header: Some("request-id"),
};

const NAME: &str = "sign_at";
/// The path below which all operations are.
const PREFIX: &str = "/sign-at/api/v1";
/// The version of the API, in every resource.
const VERSION: &str = "1.2.6";
/// The largest body in bytes. The listener has a limit of its own; this limit applies in tests without a listener.
const BODY_BYTES_MAX: usize = 1024 * 1024;

/// The routes of the API.
fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/sign-at/api/v1/{*operation}", axum::routing::any(handle))
        .with_state(service)
}

/// The answer to a request that is refused before its route is known.
fn reject(rejection: &Rejection) -> Response {
    let response = Failure::of_rejection(rejection.status, &rejection.problem).response();
    // The id of a receipt is in its path.
    match (rejection.may_create, route(&Method::PUT, &rejection.path)) {
        (true, Ok(Operation::SignReceipt { receipt, .. })) => {
            with_operation(response, Some(receipt), FiscalState::Unknown)
        }
        (true, _) => with_operation(response, None, FiscalState::Unknown),
        (false, _) => response,
    }
}

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    answered(&service, &parts, body).await
}

async fn answered(service: &Arc<Service>, parts: &Parts, body: axum::body::Body) -> Response {
    let operation = route(&parts.method, parts.uri.path());
    let signed = match &operation {
        Ok(Operation::SignReceipt { receipt, .. }) => Some(Some(*receipt)),
        Ok(Operation::SignUnnamed) => Some(None),
        _ => None,
    };
    // Nothing is known of the receipt of a call that was not accepted: it may have been made by an earlier call.
    let with_state = |response: Response| match signed {
        Some(id) if !response.headers().contains_key("X-Fiscal-State") => {
            with_operation(response, id, FiscalState::Unknown)
        }
        _ => response,
    };
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        let message = "body is too large; split the request";
        let failure = Failure::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "E_PAYLOAD_TOO_LARGE",
            message,
        );
        return with_state(failure.response());
    };
    let operation = match operation {
        Ok(operation) => operation,
        Err(reason) => return no_operation(reason, parts),
    };
    if operation == Operation::LogIn {
        return login::log_in(service, parts, &body).await;
    }
    let caller = match service.admit_token((NAME, operation.permission()), parts) {
        Ok(caller) => caller,
        Err(error) => return with_state(Failure::of_unauthorized(&error).response()),
    };
    let served = serve(service, caller, operation, parts, &body).await;
    with_state(served.unwrap_or_else(|failure| failure.response()))
}

fn no_operation(reason: NoOperation, parts: &Parts) -> Response {
    let (method, path) = (&parts.method, parts.uri.path());
    match reason {
        NoOperation::UnknownPath => Failure::not_found(&format!(
            "{method} {path} is not an operation; /docs lists the operations"
        ))
        .response(),
        NoOperation::WrongMethod(allowed) => {
            let message = format!("{method} {path} has the wrong method; use {allowed}");
            let failure = Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "E_METHOD_NOT_ALLOWED",
                message,
            );
            with_allowed_methods(failure.response(), allowed)
        }
    }
}

/// An operation of a caller whose token is valid.
async fn serve(
    service: &Arc<Service>,
    caller: TokenCaller<'_>,
    operation: Operation,
    parts: &Parts,
    body: &Bytes,
) -> Result<Response, Failure> {
    let query = parts.uri.query().unwrap_or_default();
    Ok(match operation {
        Operation::LogIn => login::log_in(service, parts, body).await,
        Operation::SignReceipt { register, receipt } => {
            let user = caller.client.user.clone();
            return receipts::sign(service, (register, receipt), user, body).await;
        }
        Operation::SignUnnamed => {
            return Err(Failure::invalid(
                "params.receipt_id: is not a UUID; generate one at random",
            ));
        }
        Operation::Receipt { register, receipt } => {
            ok(&receipts::get(service, register, &receipt).await?)
        }
        Operation::Receipts(register) => receipts::list(service, register, query).await?,
        Operation::Validate { register, receipt } => {
            ok(&receipts::validate(service, register, &receipt).await?)
        }
        Operation::Export(register) => export::export(service, register, query).await?,
        Operation::PutUnit(id) => ok(&units::put(service, id, &read(service, body).await?).await?),
        Operation::Unit(id) => ok(&units::get(service, id)?),
        Operation::PatchUnit(id) => {
            ok(&units::patch(service, id, &read(service, body).await?).await?)
        }
        Operation::Units => ok(&units::list(service, query)?),
        Operation::PutRegister(id) => {
            ok(&registers::put(service, id, &read(service, body).await?).await?)
        }
        Operation::Register(id) => ok(&registers::get(service, id).await?),
        Operation::PatchRegister(id) => {
            ok(&registers::patch(service, id, &read(service, body).await?).await?)
        }
        Operation::Registers => ok(&registers::list(service, query).await?),
        Operation::Metadata(of) => ok(&metadata_routes::get(service, &of).await?),
        Operation::PatchMetadata(of) => {
            ok(&metadata_routes::patch(service, &of, &read(service, body).await?).await?)
        }
        Operation::TaxOfficeUser => ok(&tax_office::get_user(service).await?),
        Operation::PutTaxOfficeUser => {
            ok(&tax_office::put_user(service, &read(service, body).await?).await?)
        }
        Operation::Settings => ok(&tax_office::settings(service)),
        Operation::PatchSettings => {
            ok(&tax_office::patch_settings(service, &read(service, body).await?).await?)
        }
    })
}

/// The body as JSON. An empty body is an empty object.
async fn read(service: &Arc<Service>, body: &Bytes) -> Result<JsonValue, Failure> {
    if body.is_empty() {
        return Ok(JsonValue::Object(Vec::new()));
    }
    let body = body.clone();
    let reading = service.work(Lane::Sales, move |_, thread| {
        JsonValue::of_body(&body, thread)
    });
    let deadline = service.deadline(service.settings.answer_timeout);
    match service.within(deadline, reading).await {
        Some(Ok(value)) => Ok(value),
        Some(Err(fault)) => Err(Failure::of_faults(&fault.into())),
        None => Err(Failure::busy("the till has too many calls")),
    }
}

fn ok(body: &JsonValue) -> Response {
    json_response(StatusCode::OK, body)
}

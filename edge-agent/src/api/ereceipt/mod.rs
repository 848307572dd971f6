//! The eReceipt-compatible API under `/ereceipt/api/v1`, with tokens (docs/api/ereceipt.md), and the public pages of receipts under `/r`.
//!
//! Receipts that a caller uploads are no sales of this till: they are shown to buyers and stand in none of its numbers. Members that the
//! till does not know are kept and given back.

mod answer;
mod bounds;
mod cards;
mod configuration;
mod described;
mod ekabs;
mod hospitality;
mod images;
mod limits;
mod links;
mod login;
mod multipart;
mod problem;
mod public;
mod published;
mod receipts;
mod request;
mod resource;
mod route;
mod sections;
mod show;

use std::sync::Arc;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use uuid::Uuid;

use super::dialect::{Dialect, Rejection};
use super::json::{FaultList, JsonValue};
use super::lanes::Lane;
use super::response::{json_response, with_allowed_methods, with_operation};
use super::service::Service;
use crate::clerk::FiscalState;
use problem::Failure;
use route::{Found, NoOperation, Operation, find};

pub use ekabs::of_document as ekabs_of_document;
pub(super) use public::local_router;
pub use public::public_router;
pub use published::PublishedReceipts;

/// The eReceipt API.
pub const ERECEIPT: Dialect = Dialect {
    name: NAME,
    prefix: PREFIX,
    router,
    table: described::TABLE,
    is_served: described::is_served,
    authenticates: true,
    creates_registers: false,
    reject,
    // The vendor's texts name X-Request-Id, and clients read this one.
    other_id_header: Some("request-id"),
};

const NAME: &str = "ereceipt";
/// The path below which all operations are.
pub const PREFIX: &str = "/ereceipt/api/v1";
/// The version of the resources.
const VERSION: &str = "1.0.0";
/// The largest image in bytes.
const IMAGE_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The largest body in bytes: an image and what stands around it.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// The largest body in bytes of an operation that takes no image.
const JSON_BYTES_MAX: usize = 256 * 1024;

/// True if the body of a request may be larger than other bodies, because it may have an image.
#[must_use]
pub fn may_have_image(path: &str) -> bool {
    path.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.starts_with("/media") || rest.starts_with("/configuration/logo"))
}

/// The routes of the API.
fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/ereceipt/api/v1/{*operation}", axum::routing::any(handle))
        .with_state(service)
}

/// The answer to a request that is refused before its route is known.
fn reject(rejection: &Rejection) -> Response {
    let operation = rejection.path.strip_prefix(PREFIX).unwrap_or_default();
    let is_large = rejection.status == StatusCode::PAYLOAD_TOO_LARGE;
    let failure = match operation.starts_with("/configuration/logo") && is_large {
        true => Operation::AddLogo.too_large(),
        false => Failure::of_rejection(rejection.status, &rejection.problem),
    };
    let upload = rejection
        .may_create
        .then(|| Upload::of(&Method::PUT, &rejection.path));
    Upload::with_state(upload.flatten(), failure.response())
}

/// A call that uploads a receipt, and the id in its path; `None` if it is no id.
#[derive(Clone, Copy, Debug)]
struct Upload(Option<Uuid>);

impl Upload {
    /// The upload that a method and a path are.
    fn of(method: &Method, path: &str) -> Option<Self> {
        let found = find(method, path).ok()?;
        (found.operation == Operation::PutReceipt).then(|| Self(found.receipt().ok()))
    }

    /// The answer to a call. Nothing is known of the receipt of an upload that was not looked at: an earlier call may have made it.
    fn with_state(upload: Option<Self>, response: Response) -> Response {
        match upload {
            Some(Self(id)) if !response.headers().contains_key("X-Fiscal-State") => {
                with_operation(response, id, FiscalState::Unknown)
            }
            _ => response,
        }
    }
}

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let upload = Upload::of(&parts.method, parts.uri.path());
    let response = answered(&service, &parts, body)
        .await
        .unwrap_or_else(|failure| failure.response());
    Upload::with_state(upload, response)
}

async fn answered(
    service: &Arc<Service>,
    parts: &Parts,
    body: axum::body::Body,
) -> Result<Response, Failure> {
    let found = match find(&parts.method, parts.uri.path()) {
        Ok(found) => found,
        Err(reason) => return Ok(no_operation(reason, parts)),
    };
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return Err(found.operation.too_large());
    };
    if !found.operation.takes_image() && body.len() > JSON_BYTES_MAX {
        return Err(found.operation.too_large());
    }
    if found.operation == Operation::LogIn {
        return login::log_in(service, parts, &body).await;
    }
    if let Some(permission) = found.operation.access() {
        service
            .admit_token((NAME, permission), parts)
            .map_err(|error| Failure::of_unauthorized(&error))?;
    }
    serve(service, &found, parts, &body).await
}

fn no_operation(reason: NoOperation, parts: &Parts) -> Response {
    let (method, path) = (&parts.method, parts.uri.path());
    match reason {
        NoOperation::UnknownPath => Failure::new(
            StatusCode::NOT_FOUND,
            "E_ROUTE_NOT_FOUND",
            format!("{method} {path} is not an operation; /docs lists the operations"),
        )
        .response(),
        NoOperation::WrongMethod(allowed) => {
            let failure = Failure::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "E_METHOD_NOT_ALLOWED",
                format!("{method} {path} has the wrong method; use {allowed}"),
            );
            with_allowed_methods(failure.response(), allowed)
        }
    }
}

/// An operation of a caller that may call it.
async fn serve(
    service: &Arc<Service>,
    found: &Found,
    parts: &Parts,
    body: &Bytes,
) -> Result<Response, Failure> {
    let query = parts.uri.query().unwrap_or_default();
    let value = match found.operation {
        Operation::LogIn => return login::log_in(service, parts, body).await,
        Operation::Receipts => receipts::list(service, parts, query).await?,
        Operation::Receipt => receipts::get(service, parts, found.receipt()?).await?,
        Operation::PutReceipt => {
            return Ok(receipts::put(service, parts, found.receipt()?, body.clone()).await);
        }
        Operation::Pdf => return receipts::pdf(service, found.receipt()?).await,
        Operation::ReceiptLogo => return receipts::logo(service, found.receipt()?).await,
        Operation::Configuration => configuration::current(service).await?,
        Operation::Revisions => configuration::revisions(service, query).await?,
        Operation::Revision => configuration::of_revision(service, found.revision()?).await?,
        Operation::RevisionLogo => {
            return configuration::logo_of_revision(service, found.revision()?).await;
        }
        Operation::AddLogo => configuration::add_logo(service, parts, body.clone()).await?,
        Operation::SetSections => {
            let body = read(service, body).await?;
            configuration::set_sections(service, &body).await?
        }
        Operation::Dictionary => configuration::default_dictionary(service),
        Operation::SetLabels => {
            let body = read(service, body).await?;
            configuration::set_labels(service, &body).await?
        }
        Operation::SetLanguage => {
            let body = read(service, body).await?;
            configuration::set_language(service, &body).await?
        }
        Operation::UploadMedia => images::upload(service, parts, body.clone()).await?,
        Operation::Sections => sections::list(service).await?,
        Operation::Section => sections::get(service, found.section()?).await?,
        Operation::PutSection => {
            let body = read(service, body).await?;
            sections::put(service, found.section()?, &body).await?
        }
        Operation::StaticLink => {
            let body = read(service, body).await?;
            receipts::static_link(service, parts, &body).await?
        }
        Operation::PublicReceipt => hospitality::public_receipt(service, parts, found).await?,
        Operation::Hospitality => hospitality::get(service, parts, found).await?,
        Operation::PutHospitality => {
            let body = read(service, body).await?;
            hospitality::put(service, parts, found, &body).await?
        }
    };
    Ok(json_response(StatusCode::OK, &value))
}

/// The body as JSON.
async fn read(service: &Arc<Service>, body: &Bytes) -> Result<JsonValue, Failure> {
    let body = body.clone();
    let reading = service.work(Lane::Lists, move |_, thread| {
        JsonValue::of_body(&body, thread)
    });
    let deadline = service.deadline(service.settings.answer_timeout);
    match service.within(deadline, reading).await {
        Some(Ok(value)) => {
            let mut faults = FaultList::default();
            bounds::check_lists(&value, &mut faults);
            bounds::check_texts(&value, &mut faults);
            match faults.is_empty() {
                true => Ok(value),
                false => Err(Failure::of_faults(&faults)),
            }
        }
        Some(Err(fault)) => Err(Failure::of_faults(&fault.into())),
        None => Err(Failure::busy("the till has too many calls")),
    }
}

#[cfg(test)]
mod tests;

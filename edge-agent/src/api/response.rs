//! Parts of answers that all routes share.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use uuid::Uuid;

use super::json::JsonValue;
use super::lanes::LanePlace;
use super::long_answer::LongAnswer;
use crate::clerk::FiscalState;

/// A JSON answer.
#[must_use]
pub fn json_response(status: StatusCode, body: &JsonValue) -> Response {
    json(status, Body::from(body.to_string()))
}

/// A JSON answer with status 200 whose body is text already, and which may be long. It keeps its place in a lane until the caller
/// has taken it.
pub(crate) fn long_json_response(text: String, place: LanePlace) -> Response {
    json(StatusCode::OK, Body::new(LongAnswer::new(text, place)))
}

fn json(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// Adds the header `X-Fiscal-State` with the state of the request id, and the header `X-Operation-Id` with the id itself.
///
/// The id is `None` only if the agent does not know it: the request was not read, or its id could not be read.
pub(crate) fn with_operation(response: Response, id: Option<Uuid>, state: FiscalState) -> Response {
    let mut response = with_fiscal_state(response, state);
    // The text of a UUID is always a valid header value.
    if let Some(id) = id.and_then(|id| HeaderValue::from_str(&id.to_string()).ok()) {
        response.headers_mut().insert("X-Operation-Id", id);
    }
    response
}

/// Adds the header `X-Fiscal-State` with the state of a request id that the path of the request names. An answer of a creating
/// operation needs [`with_operation`].
pub(crate) fn with_fiscal_state(mut response: Response, state: FiscalState) -> Response {
    response
        .headers_mut()
        .insert("X-Fiscal-State", HeaderValue::from_static(state.name()));
    response
}

/// Adds the header that names the methods of a path, for an answer with status 405.
pub(crate) fn with_allowed_methods(mut response: Response, allowed: &'static str) -> Response {
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Adds the header that tells the caller when to send the request again.
pub(crate) fn with_retry_after(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::RETRY_AFTER,
        HeaderValue::from(RETRY_AFTER.as_secs()),
    );
    response
}

/// Adds the header that tells the caller when to send the request again: the time in whole seconds, rounded up.
pub(crate) fn with_retry_after_time(mut response: Response, wait: Duration) -> Response {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// The pause after which a caller may send the request again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

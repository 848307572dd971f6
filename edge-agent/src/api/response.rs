//! Parts of answers that all routes share.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::json::JsonValue;
use crate::clerk::FiscalState;

/// A JSON answer.
#[must_use]
pub fn json_response(status: StatusCode, body: &JsonValue) -> Response {
    json_text_response(status, body.to_string())
}

/// A JSON answer whose body is text already.
#[must_use]
pub fn json_text_response(status: StatusCode, body: String) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    response
}

/// Adds the header `X-Fiscal-State`, which contains the state of the request id.
pub(crate) fn with_fiscal_state(mut response: Response, state: FiscalState) -> Response {
    response
        .headers_mut()
        .insert("X-Fiscal-State", HeaderValue::from_static(state.name()));
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

/// The pause after which a caller may send the request again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

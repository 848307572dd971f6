//! The envelope of every answer: status 200, and `data`, `error` and `is_success` in the body.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::faults::ApiError;
use crate::api::json::JsonValue;
use crate::api::response::json_response;
use crate::object;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// The envelope alone.
    Plain,
    /// The envelope inside the member `result`.
    InResult,
}

/// A successful answer.
pub(super) fn success(data: JsonValue, wrapping: Wrapping) -> Response {
    success_if(true, data, wrapping)
}

/// An answer without an error. That of a declined payment is no success.
pub(super) fn success_if(is_success: bool, data: JsonValue, wrapping: Wrapping) -> Response {
    let envelope = object! {
        "data" => data,
        "error" => JsonValue::Null,
        "is_success" => is_success,
    };
    let body = match wrapping {
        Wrapping::Plain => envelope,
        Wrapping::InResult => object! { "result" => envelope },
    };
    answer(StatusCode::OK, &body)
}

/// An answer with an error. Its status is 200 too.
pub(super) fn failure(error: &ApiError) -> Response {
    failure_with(StatusCode::OK, error)
}

/// An answer with an error and a status.
pub(super) fn failure_with(status: StatusCode, error: &ApiError) -> Response {
    let body = object! {
        "data" => JsonValue::Null,
        "error" => object! {
            "code" => error.code,
            "message" => error.message.as_str(),
            "data" => error.data.as_deref(),
        },
        "is_success" => false,
    };
    answer(status, &body)
}

fn answer(status: StatusCode, body: &JsonValue) -> Response {
    let mut response = json_response(status, body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=UTF-8"),
    );
    response
}

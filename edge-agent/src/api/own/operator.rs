//! What the requests of an operator share: the operator's name, and the answer to a request that is not signed rightly.

use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::Declared;

use crate::api::auth::{Unauthorized, redact_in_live_mode};
use crate::api::json::{Fields, JsonValue};
use crate::api::response::json_response;
use crate::config::Mode;
use crate::object;

/// The answer to a request whose signature is not accepted.
pub(super) fn refused(mode: Mode, unauthorized: Unauthorized) -> Response {
    let Unauthorized {
        code,
        message,
        signed_text,
    } = redact_in_live_mode(mode, unauthorized);
    let body = object! { "error" => code, "message" => message, "signed" => signed_text };
    json_response(StatusCode::UNAUTHORIZED, &body)
}

/// The operator's name in the field `by`; `needed` says whose name is missing.
pub(super) fn name_of(fields: &mut Fields<'_, '_>, needed: &str) -> String {
    let given = fields.text("by");
    let missing = given.is_none() && fields.member("by").is_none();
    let by = given.unwrap_or_default().trim().to_owned();
    if missing {
        fields.fault("by", "Missing", needed);
    } else if by.is_empty() && matches!(fields.member("by"), Some(JsonValue::Text(_))) {
        fields.fault("by", "Empty", needed);
    }
    if by.len() > Declared::BY_BYTES_MAX {
        let sentence = format!(
            "has {} bytes; {} are allowed",
            by.len(),
            Declared::BY_BYTES_MAX
        );
        fields.fault("by", "TextTooLong", sentence);
    }
    if by.chars().any(char::is_control) {
        let sentence = "holds a control character; write the name on one line";
        fields.fault("by", "UnknownValue", sentence);
    }
    by
}

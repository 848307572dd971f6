//! What the requests of an operator share: their signature, the operator's name, and the answer to a request that is not signed
//! rightly.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::Declared;

use crate::api::auth::{AuthorizedClient, Unauthorized, redact_in_live_mode};
use crate::api::json::{Fields, JsonValue};
use crate::api::problem::Problem;
use crate::api::service::Service;
use crate::config::{Mode, Permission};
use crate::object;

/// The client that has signed a request and has the permission for it, and the body; the error is the answer to a request that is not accepted. `needed` says what
/// a body of at most `bytes_max` bytes is large enough for.
pub(super) async fn signed<'s>(
    service: &'s Service,
    request: Request,
    permission: Permission,
    (bytes_max, needed): (usize, &str),
) -> Result<(AuthorizedClient<'s>, Bytes), Response> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, bytes_max).await else {
        let message = format!("body: is too large for {needed}");
        let problem = Problem::new("BodyTooLarge", message);
        return Err(problem.response(StatusCode::PAYLOAD_TOO_LARGE));
    };
    match service.admit((None, Some(permission)), &parts, &body) {
        Ok(client) => Ok((client, body)),
        Err(unauthorized) => Err(refused(service.settings.mode, unauthorized)),
    }
}

/// The answer to a request that was carried out before and would have another effect now.
pub(super) fn sent_before() -> Response {
    let message = "Api-Signature: was used before; sign the request again with the current time";
    Problem::new("SignatureReplayed", message).response(StatusCode::CONFLICT)
}

/// The answer to a request whose signature is not accepted.
pub(super) fn refused(mode: Mode, unauthorized: Unauthorized) -> Response {
    let refusal = redact_in_live_mode(mode, unauthorized);
    let body = object! {
        "error" => refusal.code,
        "message" => &*refusal.message,
        "signed" => refusal.signed_text.clone(),
    };
    refusal.response(&body)
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

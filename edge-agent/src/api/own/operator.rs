//! What the requests of an operator share: their signature, the operator's name, what happens when the same bytes arrive again, and the
//! answers to a request that is not accepted.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::Declared;
use uuid::Uuid;

use super::operations::{PathId, not_a_uuid, uuid_of};
use crate::api::auth::{AuthorizedClient, Unauthorized, redact_in_live_mode};
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::problem::Problem;
use crate::api::replay::ReplayOutcome;
use crate::api::service::{NoAnswer, Service};
use crate::config::{Mode, Permission};
use crate::object;

/// What a kind of request must have, and what happens when the same bytes arrive again.
pub(super) struct Rules {
    /// What the client must be allowed to do.
    pub(super) permission: Permission,
    /// The largest body in bytes.
    pub(super) bytes_max: usize,
    /// What such a body is large enough for.
    pub(super) needed: &'static str,
    /// What happens when the same bytes arrive again.
    pub(super) repetition: Repetition,
}

/// What happens when the bytes of a request arrive again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repetition {
    /// They are refused, because they would have another effect later.
    Refused,
    /// They get the answer of the first request if it was carried out, and are refused if it was not: what prevented it may have gone.
    Answered,
}

/// Why a request cannot be read.
pub(super) enum Unread {
    /// The id in its path is no UUID.
    NotAUuid,
    /// Its body has faults.
    Faults(FaultList),
}

impl From<FaultList> for Unread {
    fn from(faults: FaultList) -> Self {
        Self::Faults(faults)
    }
}

/// The id in the path of a request that names one document or device.
pub(super) fn id_of(given: PathId) -> Result<Uuid, Unread> {
    uuid_of(given).ok_or(Unread::NotAUuid)
}

/// The answer to a request of an operator: it is read, and carried out unless it is a repetition that is refused.
pub(super) async fn answer<T>(
    service: &Service,
    request: Request,
    rules: &Rules,
    read: impl FnOnce(&AuthorizedClient<'_>, &[u8]) -> Result<T, Unread>,
    carry_out: impl AsyncFnOnce(T) -> Response,
) -> Response {
    let (client, body) = match signed(service, request, rules).await {
        Ok(accepted) => accepted,
        Err(response) => return response,
    };
    let wanted = match read(&client, &body) {
        Ok(wanted) => wanted,
        Err(Unread::NotAUuid) => return not_a_uuid(),
        Err(Unread::Faults(faults)) => {
            return Problem::from(&faults).response(StatusCode::BAD_REQUEST);
        }
    };
    let Ok(in_progress) = service.replays.begin(client.signature()) else {
        return sent_before();
    };
    let response = carry_out(wanted).await;
    let forget = rules.repetition == Repetition::Answered && response.status().is_success();
    in_progress.end(if forget {
        ReplayOutcome::Forget
    } else {
        ReplayOutcome::Remember
    });
    response
}

/// The client that has signed a request and has the permission for it, and the body; the error is the answer to a request that is not
/// accepted.
async fn signed<'s>(
    service: &'s Service,
    request: Request,
    rules: &Rules,
) -> Result<(AuthorizedClient<'s>, Bytes), Response> {
    let Rules {
        permission,
        bytes_max,
        needed,
        ..
    } = *rules;
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

/// What is said if the clerk has not answered; `again` says what the caller does before the request is sent once more.
pub(super) fn no_answer(no_answer: NoAnswer, again: &str) -> (StatusCode, &'static str, String) {
    let (code, message) = match no_answer {
        NoAnswer::Stopping => (
            "Stopping",
            "agent: is stopping; send the request again once it runs".to_owned(),
        ),
        NoAnswer::TooLate => ("Busy", format!("agent: did not answer in time; {again}")),
    };
    (StatusCode::SERVICE_UNAVAILABLE, code, message)
}

/// The answer to a request that was sent before and is not carried out again.
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

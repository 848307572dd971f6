//! `POST /clock`: an operator corrects the time of the till.
//!
//! The request is signed like a sale. The journal keeps the operator's name and the time before.
//! Only a time that some clock shows can be set, so that a slip of the finger cannot spoil the journal.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;

use super::operator::{Repetition, Rules, answer, name_of, no_answer};
use crate::api::auth::AuthorizedClient;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::problem::Problem;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::clerk::{ClockOutcome, Message};
use crate::config::Permission;
use crate::object;
use crate::time::clock::iso_utc;

/// The largest correction in bytes.
const BODY_BYTES_MAX: usize = 4 * 1_024;

const RULES: Rules = Rules {
    permission: Permission::Settings,
    bytes_max: BODY_BYTES_MAX,
    needed: "a time and a name",
    // The same request again would set the time back to the moment at which it was signed.
    repetition: Repetition::Refused,
};

pub(super) async fn set(State(service): State<Arc<Service>>, request: Request) -> Response {
    let read = |_: &AuthorizedClient<'_>, body: &[u8]| Ok(read(body)?);
    let carry_out = async |wanted| write(&service, wanted).await;
    answer(&service, request, &RULES, read, carry_out).await
}

/// A correction as the operator has asked for it.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    at_ms: i64,
    by: String,
}

/// Reads a correction and reports all its faults at once.
fn read(body: &[u8]) -> Result<Wanted, FaultList> {
    let body = JsonValue::of_short_body(body)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let at_ms = at(&mut fields);
    let by = name_of(
        &mut fields,
        "is needed: the name of the person who sets the time",
    );
    fields.finish();
    match at_ms {
        Some(at_ms) if faults.is_empty() => Ok(Wanted { at_ms, by }),
        _ => Err(faults),
    }
}

fn at(fields: &mut Fields<'_, '_>) -> Option<i64> {
    let Some(text) = fields.text("at") else {
        if fields.member("at").is_none() {
            let sentence = "is needed: the time with its zone, such as 2026-03-02T15:35:21Z";
            fields.fault("at", "Missing", sentence);
        }
        return None;
    };
    let at = text.trim().parse::<Timestamp>();
    if at.is_err() {
        let sentence = "is not a time; write it with its zone, such as 2026-03-02T17:35:21+02:00";
        fields.fault("at", "UnknownValue", sentence);
    }
    at.ok().map(Timestamp::as_millisecond)
}

async fn write(service: &Arc<Service>, wanted: Wanted) -> Response {
    let Wanted { at_ms, by } = wanted;
    let message = |reply| Message::SetClock { at_ms, by, reply };
    let deadline = service.deadline(service.settings.answer_timeout);
    let (status, code, message) = match service.ask(message, deadline).await {
        Ok(ClockOutcome::Set) => {
            let now = iso_utc(service.guard.now().utc_ms);
            return json_response(StatusCode::OK, &object! { "now" => now });
        }
        Ok(ClockOutcome::NotShown) => (
            StatusCode::UNPROCESSABLE_ENTITY,
            "NoClockAgrees",
            format!(
                "at: is {}, and no clock shows it within ten minutes; set the machine's clock first",
                iso_utc(at_ms)
            ),
        ),
        Ok(ClockOutcome::Refused(device, refusal)) => (
            StatusCode::CONFLICT,
            refusal.name(),
            format!("device {device}: {refusal}; {}", refusal.hint()),
        ),
        Ok(ClockOutcome::Unknown(error)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "BooksUnwritable",
            format!("store: {error}; send the request again once the store can be written"),
        ),
        Err(none) => no_answer(
            none,
            "read the time in /healthz before you send the request again",
        ),
    };
    Problem::new(code, message).response(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_correction_is_read_with_all_its_faults_at_once() {
        for (body, faults) in [
            ("{}", &["at Missing", "by Missing"][..]),
            (
                r#"{"at":"2026-03-02T15:35:21","by":"M"}"#,
                &["at UnknownValue"],
            ),
            (
                r#"{"at":"yesterday","by":" "}"#,
                &["at UnknownValue", "by Empty"],
            ),
            (
                r#"{"at":1,"by":"M","why":"x"}"#,
                &["at WrongType", "why UnknownField"],
            ),
        ] {
            let found: Vec<String> = match read(body.as_bytes()) {
                Ok(wanted) => panic!("{body}: {wanted:?}"),
                Err(found) => found
                    .iter()
                    .map(|fault| format!("{} {}", fault.path, fault.code))
                    .collect(),
            };
            assert_eq!(found, faults, "{body}");
        }
        for text in ["2026-03-02T15:35:21Z", "2026-03-02T17:35:21+02:00"] {
            let body = format!(r#"{{"at":"{text}","by":" Maria "}}"#);
            let wanted = read(body.as_bytes()).unwrap();
            assert_eq!(
                wanted,
                Wanted {
                    at_ms: 1_772_465_721_000,
                    by: "Maria".to_owned()
                }
            );
        }
    }
}

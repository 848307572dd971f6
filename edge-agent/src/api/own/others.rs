//! `POST /devices/{id}/go-on`: a person says that a device goes on, although its printer has fiscal receipts that the till has not made
//! (decision 0063).
//!
//! The request is signed like a sale. The journal keeps the person's name.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use super::operations;
use super::operator::{Repetition, Rules, answer, id_of, name_of, no_answer};
use crate::api::auth::AuthorizedClient;
use crate::api::json::{FaultList, Fields, JsonValue, SHORT_BODY_BYTES_MAX};
use crate::api::problem::Problem;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::clerk::{Message, ResourceOutcome};
use crate::config::Permission;
use crate::object;

const RULES: Rules = Rules {
    permission: Permission::Settle,
    bytes_max: SHORT_BODY_BYTES_MAX,
    needed: "a name",
    // The same bytes sent later would accept receipts that the person has not seen.
    repetition: Repetition::Refused,
};

pub(super) async fn go_on(
    State(service): State<Arc<Service>>,
    id: operations::PathId,
    request: Request,
) -> Response {
    let read = |_: &AuthorizedClient<'_>, body: &[u8]| Ok((id_of(id)?, read(body)?));
    let carry_out =
        async |(device, by): (Uuid, String)| match decide(&service, device, by.clone()).await {
            Ok(()) => json_response(
                StatusCode::OK,
                &object! { "device_id" => device, "goes_on" => true, "by" => by },
            ),
            Err((status, problem)) => problem.response(status),
        };
    answer(&service, request, &RULES, read, carry_out).await
}

/// Has the journal keep that a person lets a device go on.
///
/// # Errors
///
/// What is answered instead.
pub async fn decide(
    service: &Arc<Service>,
    device: Uuid,
    by: String,
) -> Result<(), (StatusCode, Problem)> {
    let message = |reply| Message::GoOn { device, by, reply };
    let deadline = service.deadline(service.settings.answer_timeout);
    let (status, code, message) = match service.ask(message, deadline).await {
        Ok(ResourceOutcome::Done) => return Ok(()),
        Ok(ResourceOutcome::Failed(why)) => (
            StatusCode::CONFLICT,
            "NoReceiptsOfOthers",
            format!("id: {why}"),
        ),
        Ok(ResourceOutcome::NotKnown(why)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "BooksUnwritable",
            format!("store: {why}; read /healthz before you send the request again"),
        ),
        Ok(_) => (
            StatusCode::NOT_FOUND,
            "UnknownId",
            "id: belongs to no device of this till".to_owned(),
        ),
        Err(none) => no_answer(none, "read /healthz before you send the request again"),
    };
    Err((status, Problem::new(code, message)))
}

/// Reads the person's name and reports all faults at once.
fn read(body: &[u8]) -> Result<String, FaultList> {
    let body = JsonValue::of_short_body(body)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let by = name_of(
        &mut fields,
        "is needed: the name of the person who decides it",
    );
    fields.finish();
    if faults.is_empty() {
        Ok(by)
    } else {
        Err(faults)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_with_all_faults_at_once() {
        for (body, faults) in [
            ("{}", &["by Missing"][..]),
            (r#"{"by":" ","x":1}"#, &["by Empty", "x UnknownField"]),
        ] {
            let found: Vec<String> = match read(body.as_bytes()) {
                Ok(by) => panic!("{body}: {by:?}"),
                Err(found) => found
                    .iter()
                    .map(|fault| format!("{} {}", fault.path, fault.code))
                    .collect(),
            };
            assert_eq!(found, faults, "{body}");
        }
        assert_eq!(read(br#"{"by":" Maria "}"#).unwrap(), "Maria");
    }
}

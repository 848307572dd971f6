//! `POST /operations/{id}/aside`: an operator lays a document aside that a recipient refuses for ever, or the money of a card that no bank
//! terminal gives back.
//!
//! The request is signed like a sale. The journal keeps the operator's name and reason. The document stays legal, and keeps its numbers
//! and its place in the Z-report; it is only not sent any more. A repetition of the same request gets the same answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::duty::Recipient;
use ferrotill_core::event::LaidAside;
use uuid::Uuid;

use super::operations;
use super::operator::{Repetition, Rules, answer, id_of, name_of, no_answer};
use crate::api::auth::AuthorizedClient;
use crate::api::json::{FaultList, Fields, JsonValue, SHORT_BODY_BYTES_MAX};
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::service::Service;
use crate::clerk::{AsideOutcome, Message};
use crate::config::Permission;
use crate::order::AsideRequest;
use ferrotill_store::DeliveryState;

const RULES: Rules = Rules {
    permission: Permission::Settle,
    bytes_max: SHORT_BODY_BYTES_MAX,
    needed: "a reason and a name",
    // A request that was recorded on the network and was refused once must not lay a document aside later.
    repetition: Repetition::Answered,
};

pub(super) async fn lay_aside(
    State(service): State<Arc<Service>>,
    id: operations::PathId,
    request: Request,
) -> Response {
    let read = |_: &AuthorizedClient<'_>, body: &[u8]| Ok(read(id_of(id)?, body)?);
    let carry_out = async |request| write(&service, request).await;
    answer(&service, request, &RULES, read, carry_out).await
}

/// Reads a request and reports all its faults at once.
fn read(id: Uuid, body: &[u8]) -> Result<AsideRequest, FaultList> {
    let body = JsonValue::of_short_body(body)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let recipient = fields.text("recipient");
    let reason = reason(&mut fields);
    let by = name_of(
        &mut fields,
        "is needed: the name of the person who lays it aside",
    );
    fields.finish();
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(AsideRequest {
        id,
        recipient: recipient.unwrap_or_else(|| Recipient::AUTHORITY.name().to_owned()),
        reason,
        by,
    })
}

fn reason(fields: &mut Fields<'_, '_>) -> String {
    let given = fields.text("reason").unwrap_or_default().trim().to_owned();
    let limit = LaidAside::REASON_BYTES_MAX;
    if fields.member("reason").is_none() || given.is_empty() {
        let sentence =
            "is needed: why the recipient is not to get the document, or what became of the money";
        fields.fault("reason", "Missing", sentence);
    } else if given.len() > limit {
        let sentence = format!("has {} bytes; {limit} are allowed", given.len());
        fields.fault("reason", "TextTooLong", sentence);
    } else if given.chars().any(char::is_control) {
        let sentence = "holds a control character; write the reason on one line";
        fields.fault("reason", "UnknownValue", sentence);
    }
    given
}

async fn write(service: &Arc<Service>, request: AsideRequest) -> Response {
    let id = request.id;
    let message = |reply| Message::LayAside {
        request: Box::new(request.clone()),
        reply,
    };
    let deadline = service.deadline(service.settings.answer_timeout);
    let (status, code, message) = match service.ask(message, deadline).await {
        Ok(AsideOutcome::Booked) => return operations::outcome(service, id, Lane::Sales).await,
        Ok(AsideOutcome::NotWaiting) if request.recipient == AsideRequest::BANK_TERMINAL => {
            return no_money_waits(service, &request).await;
        }
        Ok(AsideOutcome::NotWaiting) => return not_waiting(service, &request).await,
        Ok(AsideOutcome::NotRefused) if request.recipient == AsideRequest::BANK_TERMINAL => (
            StatusCode::CONFLICT,
            "NotRefused",
            "id: no bank terminal has refused to give the money back; the till settles it as soon as the terminal answers".to_owned(),
        ),
        Ok(AsideOutcome::NotRefused) => (
            StatusCode::CONFLICT,
            "NotRefused",
            "id: the recipient has not refused this document, and gets it as soon as it can be reached".to_owned(),
        ),
        Ok(AsideOutcome::Refused(refusal)) => (
            StatusCode::BAD_REQUEST,
            refusal.name(),
            format!("body: {refusal}; {}", refusal.hint()),
        ),
        Ok(AsideOutcome::Unknown(error)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "BooksUnwritable",
            format!("store: {error}; send the request again once the store can be written"),
        ),
        Err(none) => no_answer(none, "send the request again, which is always safe"),
    };
    Problem::new(code, message).response(status)
}

/// The answer about a document that does not wait: this request may have laid it aside before.
async fn not_waiting(service: &Arc<Service>, request: &AsideRequest) -> Response {
    let id = request.id;
    let found = service
        .read(Lane::Sales, move |reader| {
            let Some(stored) = reader.find(None, id)? else {
                return Ok(None);
            };
            reader.deliveries(stored.row.reserved_seq).map(Some)
        })
        .await;
    let deliveries = match found {
        Ok(Some(deliveries)) => deliveries,
        Ok(None) => {
            let message = "id: belongs to no document of this agent";
            return Problem::new("UnknownId", message).response(StatusCode::NOT_FOUND);
        }
        Err(error) => return Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE),
    };
    let delivery = deliveries
        .iter()
        .find(|delivery| delivery.recipient == request.recipient);
    let (code, message) = match delivery {
        Some(DeliveryState {
            laid_aside: Some(note),
            ..
        }) if note.by == request.by && note.reason == request.reason => {
            return operations::outcome(service, id, Lane::Sales).await;
        }
        Some(DeliveryState {
            laid_aside: Some(note),
            ..
        }) => (
            "LaidAsideBefore",
            format!("id: {} has laid the document aside before", note.by),
        ),
        Some(_) => (
            "AlreadyAcknowledged",
            "id: the recipient has the document".to_owned(),
        ),
        None => (
            "NotSent",
            "id: this document is not sent to such a recipient".to_owned(),
        ),
    };
    Problem::new(code, message).response(StatusCode::CONFLICT)
}

/// The answer about a request of which no money waits for a terminal: this request may have laid it aside before.
async fn no_money_waits(service: &Arc<Service>, request: &AsideRequest) -> Response {
    let id = request.id;
    let found = service
        .read(Lane::Sales, move |reader| reader.card_operations(id))
        .await;
    let cards = match found {
        Ok(cards) if cards.is_empty() => {
            let message = "id: no bank terminal was asked for money for this id";
            return Problem::new("UnknownId", message).response(StatusCode::NOT_FOUND);
        }
        Ok(cards) => cards,
        Err(error) => return Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE),
    };
    let note = cards.iter().rev().find_map(|card| card.laid_aside.as_ref());
    let (code, message) = match note {
        Some(note) if note.by == request.by && note.reason == request.reason => {
            return operations::outcome(service, id, Lane::Sales).await;
        }
        Some(note) => (
            "LaidAsideBefore",
            format!("id: {} has laid the money aside before", note.by),
        ),
        None => (
            "NotSent",
            "id: no money of this request waits to be given back".to_owned(),
        ),
    };
    Problem::new(code, message).response(StatusCode::CONFLICT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_with_all_its_faults_at_once() {
        for (body, faults) in [
            ("{}", &["reason Missing", "by Missing"][..]),
            (
                r#"{"reason":" ","by":" "}"#,
                &["reason Missing", "by Empty"],
            ),
            (
                r#"{"reason":"a\nb","by":"M","x":1}"#,
                &["reason UnknownValue", "x UnknownField"],
            ),
        ] {
            let found: Vec<String> = match read(Uuid::nil(), body.as_bytes()) {
                Ok(request) => panic!("{body}: {request:?}"),
                Err(found) => found
                    .iter()
                    .map(|fault| format!("{} {}", fault.path, fault.code))
                    .collect(),
            };
            assert_eq!(found, faults, "{body}");
        }
        let read = read(Uuid::nil(), br#"{"reason":" unknown goods ","by":"Maria"}"#).unwrap();
        assert_eq!(
            (&*read.recipient, &*read.reason),
            ("authority", "unknown goods")
        );
    }
}

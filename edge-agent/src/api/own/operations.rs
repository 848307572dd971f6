//! `/operations/{id}`: the outcome of a request, and whether an operator has to declare it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::PaperSays;
use uuid::Uuid;

use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::response::{json_response, with_fiscal_state};
use crate::api::service::Service;
use crate::clerk::FiscalState;
use crate::object;
use crate::time::clock::iso_utc;
use ferrotill_store::{
    DeliveryState, OperatorDeclaration, RequestState, StoreError, StoredDocument, ZReconciliation,
};

pub(super) async fn show(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Response {
    match Uuid::try_parse(&id) {
        Ok(id) => {
            let deadline = service.deadline(STRANGERS_WAIT);
            let outcome = outcome(&service, id, Lane::Strangers);
            let outcome = service.within(deadline, outcome).await;
            outcome.unwrap_or_else(|| never_reserved(id, None))
        }
        Err(_) => not_a_uuid(),
    }
}

/// How long a caller without a signature waits at most. The caller has a connection for this time, and sales need connections too.
const STRANGERS_WAIT: Duration = Duration::from_secs(5);

pub(super) fn not_a_uuid() -> Response {
    let message = "id: is not a UUID; write it as 497f6eca-6276-4993-bfeb-53cbbbba6f08";
    Problem::new("NotAUuid", message).response(StatusCode::BAD_REQUEST)
}

/// The outcome of the request with this id, for a caller of a lane.
pub(super) async fn outcome(service: &Arc<Service>, id: Uuid, lane: Lane) -> Response {
    // The place is taken first, so that strangers do not fill the clerk's inbox with questions either.
    let place = service.lanes.enter(lane).await;
    // The queue is asked before the store: an order that is reserved in between is found in the store.
    let waits = service.waits(id).await;
    let reader = service.reader.clone();
    let found = place.work(move |_| {
        let Some(stored) = reader.find(None, id)? else {
            return Ok(None);
        };
        let delivery = reader.delivery_state(stored.row.reserved_seq)?;
        let declared = reader.declaration_of(&stored.row)?;
        Ok::<_, StoreError>(Some((stored, delivery, declared)))
    });
    match found.await {
        Ok(Some((stored, delivery, declared)))
            if waits == Some(false) || stored.row.state != RequestState::Voided =>
        {
            let state = fiscal_state(&stored);
            let what_to_do = match state {
                FiscalState::Unknown => service.live_status.needs_a_person(id),
                _ => None,
            };
            let trouble = match state {
                FiscalState::Unknown => service.live_status.printer(stored.row.device).trouble,
                _ => None,
            };
            let (delivery, declared) = (delivery.as_ref(), declared.as_ref());
            let body = known(&stored, delivery, declared, (state, trouble, what_to_do));
            with_fiscal_state(json_response(StatusCode::OK, &body), state)
        }
        Ok(_) => never_reserved(id, waits),
        Err(error) => {
            let response = Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE);
            with_fiscal_state(response, FiscalState::Unknown)
        }
    }
}

/// The answer for an id without a document. The order with this id may still wait in the queue.
fn never_reserved(id: Uuid, waits: Option<bool>) -> Response {
    let (name, state, status) = match waits {
        Some(true) => ("waiting", FiscalState::Unknown, StatusCode::OK),
        Some(false) => (
            "unknown_id",
            FiscalState::NotRegistered,
            StatusCode::NOT_FOUND,
        ),
        None => (
            "unknown",
            FiscalState::Unknown,
            StatusCode::SERVICE_UNAVAILABLE,
        ),
    };
    let body = object! {
        "id" => id,
        "state" => name,
        "fiscal_state" => state.name(),
        "reason" => JsonValue::Null,
        "needs_a_person" => false,
        "what_to_do" => JsonValue::Null,
        "declaration" => JsonValue::Null,
        "document" => JsonValue::Null,
        "office" => JsonValue::Null,
        "reconciliation" => JsonValue::Null,
        "timeline" => JsonValue::Array(Vec::new()),
    };
    with_fiscal_state(json_response(status, &body), state)
}

pub(super) fn fiscal_state(stored: &StoredDocument) -> FiscalState {
    match stored.row.state {
        RequestState::Sealed => FiscalState::Registered,
        RequestState::Voided => FiscalState::NotRegistered,
        RequestState::Reserved => FiscalState::Unknown,
    }
}

fn known(
    stored: &StoredDocument,
    delivery: Option<&DeliveryState>,
    declared: Option<&OperatorDeclaration>,
    (state, trouble, what_to_do): (FiscalState, Option<String>, Option<String>),
) -> JsonValue {
    let row = &stored.row;
    let mut timeline = vec![object! { "at" => iso_utc(row.at), "event" => "reserved" }];
    // While the outcome is unknown, the reason is the printer's present trouble.
    let mut reason = JsonValue::from(trouble);
    let mut document = JsonValue::Null;
    if let Some(declared) = declared {
        timeline.push(object! { "at" => iso_utc(declared.at_ms), "event" => "declared" });
    }
    if let Some(sealed) = stored.sealed() {
        timeline.push(object! { "at" => iso_utc(sealed.at.utc_ms), "event" => "sealed" });
        document = object! {
            "id" => row.id,
            "unique_id" => row.unique_id,
            "device_id" => row.device,
            "kind" => row.kind.name(),
            "number" => sealed.number,
            "current_number" => sealed.current_number,
            "print_error" => row.print_error.clone(),
        };
    }
    if let Some(voided) = stored.voided() {
        timeline.push(object! { "at" => iso_utc(voided.at.utc_ms), "event" => "voided" });
        reason = voided.reason.into();
    }
    if let Some(at_ms) = delivery.and_then(|delivery| delivery.acknowledged_ms) {
        timeline.push(object! { "at" => iso_utc(at_ms), "event" => "acknowledged" });
    }
    object! {
        "id" => row.id,
        "state" => match row.state {
            RequestState::Sealed => "registered",
            RequestState::Voided => "not_registered",
            RequestState::Reserved => "in_progress",
        },
        "fiscal_state" => state.name(),
        "reason" => reason,
        "needs_a_person" => what_to_do.is_some(),
        "what_to_do" => what_to_do,
        "declaration" => declared.map(declaration),
        "document" => document,
        "office" => delivery.map(authority),
        "reconciliation" => stored.reconciliation.as_ref().map(reconciliation),
        "timeline" => JsonValue::Array(timeline),
    }
}

/// The state of the delivery to the authority as JSON.
fn authority(delivery: &DeliveryState) -> JsonValue {
    object! {
        "state" => match (delivery.acknowledged_ms, &delivery.refusal) {
            (Some(_), _) => "acknowledged",
            (None, Some(_)) => "refused",
            (None, None) => "waiting",
        },
        "answers" => delivery.attempts,
        "refusal" => delivery.refusal.clone(),
        "environment" => delivery.environment.clone(),
    }
}

/// An operator's declaration about a document that the printer could not prove, as JSON.
fn declaration(declared: &OperatorDeclaration) -> JsonValue {
    let (registered, document) = match declared.paper {
        PaperSays::Registered { document } => (true, document.map(u32::from)),
        PaperSays::NotRegistered => (false, None),
    };
    object! {
        "at" => iso_utc(declared.at_ms),
        "by" => declared.by.clone(),
        "registered" => registered,
        "document" => document,
        "because" => declared.why.clone(),
    }
}

/// The figures of a Z-report from each side that has them. Money is in minor units.
fn reconciliation(account: &ZReconciliation) -> JsonValue {
    let figures = account.figures.iter().map(|figure| {
        let documents = figure
            .suspects
            .iter()
            .map(|(number, id)| object! { "number" => *number, "id" => *id });
        object! {
            "subject" => figure.subject.clone(),
            "agrees" => figure.agrees(),
            "documents" => figure.documents,
            "report" => figure.report,
            "printer" => figure.printer,
            "office" => figure.authority,
            "in_question" => JsonValue::Array(documents.collect()),
        }
    });
    object! {
        "agrees" => account.agrees(),
        "z_number" => account.z_number,
        "unacknowledged" => account.unacknowledged,
        "acknowledged_at" => account.acknowledged_at.map(iso_utc),
        "figures" => JsonValue::Array(figures.collect()),
    }
}

//! `/operations/{id}`: what became of a request id, and whether a person has to say it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::PaperSays;
use uuid::Uuid;

use crate::api::json::JsonValue;
use crate::api::problem::Problem;
use crate::api::response::{json_response, with_fiscal_state};
use crate::api::service::Service;
use crate::clerk::FiscalState;
use crate::object;
use crate::time::clock::iso_utc;
use ferrotill_store::{
    DeliveryState, OperatorDeclaration, RequestState, StoredDocument, ZReconciliation,
};

pub(super) async fn show(State(service): State<Arc<Service>>, Path(id): Path<String>) -> Response {
    match Uuid::try_parse(&id) {
        Ok(id) => told(&service, id).await,
        Err(_) => not_a_uuid(),
    }
}

pub(super) fn not_a_uuid() -> Response {
    let message = "id: is not a UUID; write it as 497f6eca-6276-4993-bfeb-53cbbbba6f08";
    Problem::new("NotAUuid", message).response(StatusCode::BAD_REQUEST)
}

/// What became of an id.
pub(super) async fn told(service: &Arc<Service>, id: Uuid) -> Response {
    // First who waits, then the books: what is reserved in between is found there.
    let waits = service.waits(id).await;
    let found = service.read(move |reader| {
        let Some(stored) = reader.find(None, id)? else {
            return Ok(None);
        };
        let telling = reader.delivery_state(stored.row.reserved_seq)?;
        let word = reader.declaration_of(&stored.row)?;
        Ok(Some((stored, telling, word)))
    });
    match found.await {
        Ok(Some((stored, telling, word)))
            if waits == Some(false) || stored.row.state != RequestState::Voided =>
        {
            let state = fiscal_state(&stored);
            let needed = match state {
                FiscalState::Unknown => service.live_status.needs_a_person(id),
                _ => None,
            };
            let body = known(&stored, telling.as_ref(), word.as_ref(), (state, needed));
            with_fiscal_state(json_response(StatusCode::OK, &body), state)
        }
        Ok(_) => never_reserved(id, waits),
        Err(error) => {
            let response = Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE);
            with_fiscal_state(response, FiscalState::Unknown)
        }
    }
}

/// An id without a document: it may still wait for its turn.
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
    telling: Option<&DeliveryState>,
    word: Option<&OperatorDeclaration>,
    (state, needed): (FiscalState, Option<String>),
) -> JsonValue {
    let row = &stored.row;
    let mut timeline = vec![object! { "at" => iso_utc(row.at), "event" => "reserved" }];
    let mut reason = JsonValue::Null;
    let mut document = JsonValue::Null;
    if let Some(word) = word {
        timeline.push(object! { "at" => iso_utc(word.at_ms), "event" => "declared" });
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
    let mut office = JsonValue::Null;
    if let Some(telling) = telling {
        if let Some(at_ms) = telling.acknowledged_ms {
            timeline.push(object! { "at" => iso_utc(at_ms), "event" => "acknowledged" });
        }
        office = object! {
            "state" => match (telling.acknowledged_ms, &telling.refusal) {
                (Some(_), _) => "acknowledged",
                (None, Some(_)) => "refused",
                (None, None) => "waiting",
            },
            "answers" => telling.attempts,
            "refusal" => telling.refusal.clone(),
        };
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
        "needs_a_person" => needed.is_some(),
        "what_to_do" => needed,
        "declaration" => word.map(declaration),
        "document" => document,
        "office" => office,
        "reconciliation" => stored.reconciliation.as_ref().map(reconciliation),
        "timeline" => JsonValue::Array(timeline),
    }
}

/// What a person has said of a document that its printer could not prove.
fn declaration(word: &OperatorDeclaration) -> JsonValue {
    let (registered, document) = match word.paper {
        PaperSays::Registered { document } => (true, document.map(u32::from)),
        PaperSays::NotRegistered => (false, None),
    };
    object! {
        "at" => iso_utc(word.at_ms),
        "by" => word.by.clone(),
        "registered" => registered,
        "document" => document,
        "because" => word.why.clone(),
    }
}

/// A Z-report's figures from every side that knows them; money in minor units.
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

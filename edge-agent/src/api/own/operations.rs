//! `/operations/{id}`: the outcome of a request, and whether an operator has to declare it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::Amount;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::event::{PaperSays, TerminalOperation};
use uuid::Uuid;

use crate::api::deliveries::receipt_delivery;
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::response::{json_response, with_fiscal_state};
use crate::api::service::{NoAnswer, Service};
use crate::clerk::{FiscalState, WaitingOrder};
use crate::object;
use crate::time::clock::iso_utc;
use ferrotill_store::{
    AsideDocument, AsideNote, CardOperation, CardOperationState, DeliveryState,
    OperatorDeclaration, ReceiptDelivery, RequestState, StoreError, StoredDocument,
    ZReconciliation,
};

pub(super) async fn show(State(service): State<Arc<Service>>, id: PathId) -> Response {
    match uuid_of(id) {
        Some(id) => {
            let deadline = service.deadline(UNSIGNED_WAIT);
            let outcome = outcome(&service, id, Lane::Unsigned);
            let outcome = service.within(deadline, outcome).await;
            outcome.unwrap_or_else(|| without_document(&service, id, Err(NoAnswer::TooLate), &[]))
        }
        None => not_a_uuid(),
    }
}

/// The id in the path of a request, as the router gives it.
pub(super) type PathId = Result<Path<String>, PathRejection>;

/// The id in the path; `None` if it is no UUID.
pub(super) fn uuid_of(given: PathId) -> Option<Uuid> {
    Uuid::try_parse(&given.ok()?).ok()
}

/// How long a caller without a signature waits at most. The caller has a connection for this time, and sales need connections too.
const UNSIGNED_WAIT: Duration = Duration::from_secs(5);

pub(super) fn not_a_uuid() -> Response {
    let message = "id: is not a UUID; write it as 497f6eca-6276-4993-bfeb-53cbbbba6f08";
    Problem::new("NotAUuid", message).response(StatusCode::BAD_REQUEST)
}

/// The outcome of the request with this id, for a caller of a lane.
pub(super) async fn outcome(service: &Arc<Service>, id: Uuid, lane: Lane) -> Response {
    // The place is taken first, so that unsigned callers do not fill the clerk's inbox with questions either.
    let place = service.lanes.enter(lane).await;
    // The queue is asked before the store: an order that is reserved in between is found in the store.
    let waiting = service.waiting_order(id).await;
    let reader = service.reader.clone();
    let found = place.work(move |_| {
        let cards = reader.card_operations(id)?;
        let Some(stored) = reader.find(None, id)? else {
            return Ok((None, cards));
        };
        let deliveries = reader.deliveries(stored.row.reserved_seq)?;
        let mut to_buyer = reader.receipt_deliveries(stored.row.reserved_seq)?;
        to_buyer.extend(reader.publications(id)?);
        let declared = reader.declaration_of(&stored.row)?;
        Ok::<_, StoreError>((Some((stored, (deliveries, to_buyer), declared)), cards))
    });
    match found.await {
        Ok((Some((stored, deliveries, declared)), cards))
            if waiting == Ok(None) || stored.row.state != RequestState::Voided =>
        {
            let state = fiscal_state(&stored);
            let told = (deliveries.0.as_slice(), declared.as_ref());
            let body = known(service, &stored, told, (&cards, &deliveries.1));
            with_fiscal_state(json_response(StatusCode::OK, &body), state)
        }
        Ok((_, cards)) => without_document(service, id, waiting, &cards),
        Err(error) => {
            let response = Problem::from(error).response(StatusCode::SERVICE_UNAVAILABLE);
            with_fiscal_state(response, FiscalState::Unknown)
        }
    }
}

/// The answer for an id whose document is not in the store. The order with this id may still wait in the queue.
fn without_document(
    service: &Service,
    id: Uuid,
    waiting: Result<Option<WaitingOrder>, NoAnswer>,
    cards: &[CardOperation],
) -> Response {
    let (name, state, status) = match waiting {
        Ok(Some(_)) => ("waiting", FiscalState::Unknown, StatusCode::OK),
        Ok(None) if !cards.is_empty() => {
            ("not_registered", FiscalState::NotRegistered, StatusCode::OK)
        }
        Ok(None) => (
            "unknown_id",
            FiscalState::NotRegistered,
            StatusCode::NOT_FOUND,
        ),
        Err(_) => (
            "unknown",
            FiscalState::Unknown,
            StatusCode::SERVICE_UNAVAILABLE,
        ),
    };
    let document = match waiting {
        Ok(Some(WaitingOrder::Queued(order))) => Some(Shown {
            device: order.device,
            kind: order.kind,
            amount: order.amount,
            stored: None,
        }),
        _ => None,
    };
    // The printer's present trouble is the reason for which an order waits.
    let printer = document
        .as_ref()
        .map(|document| service.live_status.printer(document.device));
    let body = object! {
        "id" => id,
        "state" => name,
        "fiscal_state" => state.name(),
        "reason" => printer.and_then(|printer| printer.trouble),
        "needs_a_person" => false,
        "what_to_do" => JsonValue::Null,
        "declaration" => JsonValue::Null,
        "document" => document.map(|document| document.json(id, service)),
        "bank_terminal" => card_operations(cards, service),
        "deliveries" => JsonValue::Array(Vec::new()),
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
    service: &Service,
    stored: &StoredDocument,
    (deliveries, declared): (&[DeliveryState], Option<&OperatorDeclaration>),
    (cards, to_buyer): (&[CardOperation], &[ReceiptDelivery]),
) -> JsonValue {
    let row = &stored.row;
    let state = fiscal_state(stored);
    let is_unknown = state == FiscalState::Unknown;
    let what_to_do = is_unknown.then(|| service.live_status.needs_a_person(row.id));
    let what_to_do = what_to_do.flatten();
    // While the outcome is unknown, the reason is the printer's present trouble.
    let trouble = is_unknown.then(|| service.live_status.printer(row.device).trouble);
    let mut reason = JsonValue::from(trouble.flatten());
    if let Some(voided) = stored.voided() {
        reason = voided.reason.into();
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
        "document" => Shown::of(stored).map(|document| document.json(row.id, service)),
        "bank_terminal" => card_operations(cards, service),
        "deliveries" => JsonValue::Array(
            deliveries.iter().map(delivery).chain(to_buyer.iter().map(receipt_delivery)).collect(),
        ),
        "reconciliation" => stored.reconciliation.as_ref().map(reconciliation),
        "timeline" => timeline(stored, deliveries, declared),
    }
}

/// A document as this route shows it.
struct Shown<'s> {
    device: Uuid,
    kind: DocumentKind,
    /// `None` if the document has no amount, or if it is not known yet.
    amount: Option<Amount>,
    /// `None` while the order waits in the queue.
    stored: Option<&'s StoredDocument>,
}

impl<'s> Shown<'s> {
    /// The document that is reserved or sealed; `None` if it was voided.
    fn of(stored: &'s StoredDocument) -> Option<Self> {
        let row = &stored.row;
        if row.state == RequestState::Voided {
            return None;
        }
        let amount = match stored.reserved()?.body {
            Body::Receipt(receipt) => Some(receipt.total),
            Body::Cash(amount) => Some(amount),
            Body::Nonfiscal(_) => None,
            Body::Amounts(receipt) => receipt.total(),
            // A report has its sums when it is sealed.
            Body::Report(_) => {
                let figures = stored.sealed().and_then(|sealed| sealed.report);
                figures.map(|figures| figures.shift.sales.receipts.amount)
            }
        };
        Some(Self {
            device: row.device,
            kind: row.kind,
            amount,
            stored: Some(stored),
        })
    }

    fn json(&self, id: Uuid, service: &Service) -> JsonValue {
        let currency = service.profile.facts().currency;
        let row = self.stored.map(|stored| &stored.row);
        let sealed = self.stored.and_then(StoredDocument::sealed);
        object! {
            "id" => id,
            "unique_id" => row.map(|row| row.unique_id),
            "device_id" => self.device,
            "kind" => self.kind.name(),
            "amount" => self.amount.map(|amount| amount.display(currency)),
            "number" => sealed.as_ref().map(|sealed| sealed.number),
            "current_number" => sealed.as_ref().map(|sealed| sealed.current_number),
            "print_error" => row.and_then(|row| row.print_error.clone()),
        }
    }
}

/// What bank terminals were asked for the request, in the order of time, and what became of it.
fn card_operations(cards: &[CardOperation], service: &Service) -> JsonValue {
    let currency = service.profile.facts().currency;
    let operations = cards.iter().map(|card| {
        let voids = match card.operation {
            TerminalOperation::Void(of) => Some(Uuid::from_bytes(of.0)),
            TerminalOperation::Charge | TerminalOperation::Refund => None,
        };
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        object! {
            "reference" => card.reference,
            "terminal" => card.terminal,
            "kind" => card.operation.name(),
            "amount" => card.amount.display(currency),
            "voids" => voids,
            "state" => match card.state {
                CardOperationState::Asked => "unknown",
                state => state.name(),
            },
            "settled" => !card.is_open,
            "rrn" => given(&card.number),
            "operation_number" => given(&card.operation_number),
            "reason" => given(&card.reason),
            "asked_at" => iso_utc(card.asked_ms),
            "answered_at" => card.answered_ms.map(iso_utc),
            "laid_aside" => card.laid_aside.as_ref().map(laid_aside),
        }
    });
    JsonValue::Array(operations.collect())
}

/// What happened to a document, in the order of time.
fn timeline(
    stored: &StoredDocument,
    deliveries: &[DeliveryState],
    declared: Option<&OperatorDeclaration>,
) -> JsonValue {
    let step = |at_ms, event: &str| object! { "at" => iso_utc(at_ms), "event" => event };
    let mut timeline = vec![step(stored.row.at, "reserved")];
    if let Some(declared) = declared {
        timeline.push(step(declared.at_ms, "declared"));
    }
    if let Some(sealed) = stored.sealed() {
        timeline.push(step(sealed.at.utc_ms, "sealed"));
    }
    if let Some(voided) = stored.voided() {
        timeline.push(step(voided.at.utc_ms, "voided"));
    }
    let acknowledged = deliveries.iter().filter_map(|delivery| {
        Some((
            delivery.acknowledged_ms?,
            "acknowledged",
            &delivery.recipient,
        ))
    });
    let laid_aside = deliveries.iter().filter_map(|delivery| {
        let note = delivery.laid_aside.as_ref()?;
        Some((note.at_ms?, "laid_aside", &delivery.recipient))
    });
    let mut told: Vec<_> = acknowledged.chain(laid_aside).collect();
    told.sort_unstable();
    timeline.extend(told.into_iter().map(|(at_ms, event, recipient)| {
        object! {
            "at" => iso_utc(at_ms),
            "event" => event,
            "recipient" => recipient.clone(),
        }
    }));
    JsonValue::Array(timeline)
}

/// The delivery to one recipient as JSON.
fn delivery(delivery: &DeliveryState) -> JsonValue {
    object! {
        "recipient" => delivery.recipient.clone(),
        "state" => match (delivery.acknowledged_ms, &delivery.laid_aside, &delivery.refusal) {
            (Some(_), ..) => "acknowledged",
            (None, Some(_), _) => "laid_aside",
            (None, None, Some(_)) => "refused",
            (None, None, None) => "waiting",
        },
        "answers" => delivery.attempts,
        "refusal" => delivery.refusal.clone(),
        "again_at" => delivery.again_at_ms.map(iso_utc),
        "acknowledged_at" => delivery.acknowledged_ms.map(iso_utc),
        "environment" => delivery.environment.clone(),
        "laid_aside" => delivery.laid_aside.as_ref().map(laid_aside),
    }
}

/// Who has laid a document aside, when and why.
fn laid_aside(note: &AsideNote) -> JsonValue {
    object! {
        "at" => note.at_ms.map(iso_utc),
        "by" => note.by.clone(),
        "reason" => note.reason.clone(),
    }
}

/// A document of a shift that is not sent, because an operator has laid it aside.
fn aside_document(document: &AsideDocument) -> JsonValue {
    object! {
        "number" => document.number,
        "id" => document.id,
        "kind" => document.duty.clone(),
        "laid_aside" => laid_aside(&document.note),
        "acknowledged_at" => document.acknowledged_ms.map(iso_utc),
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
            "other_printers" => figure.other_printers,
            "in_question" => JsonValue::Array(documents.collect()),
        }
    });
    object! {
        "agrees" => account.agrees(),
        "z_number" => account.z_number,
        "unacknowledged" => account.unacknowledged,
        "acknowledged_at" => account.acknowledged_at.map(iso_utc),
        "laid_aside" => JsonValue::Array(account.laid_aside.iter().map(aside_document).collect()),
        "figures" => JsonValue::Array(figures.collect()),
    }
}

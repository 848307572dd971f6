//! Makes sales and refunds.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::response::Response;
use ferrotill_core::document::DocumentKind;
use ferrotill_core::seal::Seal;
use ferrotill_store::{StoreError, StoredDocument};
use uuid::Uuid;

use super::envelope::{Wrapping, failure, success};
use super::faults::{ApiError, FaultKind, Faults};
use super::marking::check_codes;
use super::outcome::error_of;
use super::repeats::Repeats;
use super::request::{OriginalLink, ReadContext, ReadOrder, read};
use super::{Call, Shop, error};
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::api::outcome::{Outcome, Told};
use crate::api::problem::Problem;
use crate::api::response::with_operation;
use crate::api::service::Service;
use crate::clerk::FiscalState;
use crate::listener::WhenWritten;
use crate::object;
use crate::order::{ModuleRequest, OrderForm, OrderKind, ReceiptMode, Said, TerminalUse};

/// The most sales among which the original of a refund is looked for.
const ORIGINALS_MAX: u32 = 20_000;

/// `POST order/create` and `POST order/refuse`.
pub(super) async fn make(shop: &Shop, call: &Call, refund: bool, body: &Bytes) -> Response {
    let service = &shop.service;
    let deadline = service.deadline(call.device.answer_timeout);
    let mut faults = Faults::default();
    let Some(order) = read_body(service, call, (refund, body), &mut faults).await else {
        let response = failure(&faults.error(call.language));
        return with_operation(response, None, FiscalState::Unknown);
    };
    // A refused order without an id gets one for its answer only.
    let shown_id = order.id.unwrap_or_else(Uuid::new_v4);
    let original = match &order.original {
        Some(link) if faults.is_empty() => match original(service, call, link.clone()).await {
            Ok(Some(original)) => original,
            Ok(None) => {
                faults.push("qr_code", FaultKind::OriginalUnknown, Vec::new());
                Uuid::nil()
            }
            Err(error) => {
                let response = failure(&unreadable(error));
                return with_operation(response, Some(shown_id), FiscalState::Unknown);
            }
        },
        _ => Uuid::nil(),
    };
    if let Some(classes) = &shop.classes {
        classes.check(&order.request, &mut faults);
    }
    if !refund && let Err(error) = check_codes(service, call, &order.request, &mut faults).await {
        let response = failure(&unreadable(error));
        return with_operation(response, Some(shown_id), FiscalState::Unknown);
    }
    if !faults.is_empty() {
        return faulty(service, call, shown_id, &faults).await;
    }
    let key = Repeats::key(call.device.id, refund, &order.kept);
    let is_known = order.id.is_some();
    let id = order.id.unwrap_or_else(|| shop.repeats.id_of(key));
    let payment = match refund {
        true => Ok(None),
        false => {
            let request = serde_json::from_str(&order.request).unwrap_or_default();
            service.name_payment(call.device.id, id, request).await
        }
    };
    let payment = match payment {
        Ok(payment) => payment,
        Err(error) => {
            let response = failure(&ApiError::from(error));
            return with_operation(response, Some(id), service.state_of(id).await);
        }
    };
    let mut form = form(call, id, order, refund.then_some(original));
    form.said.provider_payment = payment;
    let outcome = service.submit(call.device.id, form, deadline).await;
    let response = respond(service, call, &outcome, deadline).await;
    match response {
        Ok(response) if is_known => outcome.with_headers(response),
        Ok(response) => {
            let repeats = Arc::clone(&shop.repeats);
            outcome
                .when_written(WhenWritten::new(move || repeats.answered(key)))
                .with_headers(response)
        }
        Err(error) => outcome.with_headers(failure(&error)),
    }
}

/// Reads the body on a thread for long work; `None` if it is no JSON.
async fn read_body(
    service: &Arc<Service>,
    call: &Call,
    (refund, body): (bool, &Bytes),
    faults: &mut Faults,
) -> Option<ReadOrder> {
    let (device, body) = (call.device.clone(), body.clone());
    let (order, found) = service
        .work(Lane::Sales, move |service, thread| {
            let mut faults = Faults::default();
            let context = ReadContext {
                device: &device,
                facts: service.profile.facts(),
                now: service.guard.now(),
                refund,
            };
            let order = match JsonValue::of_body(&body, thread) {
                Ok(body) => Some(read(&body, context, &mut faults)),
                Err(_) => {
                    faults.push("body", FaultKind::MalformedJson, Vec::new());
                    None
                }
            };
            (order, faults)
        })
        .await;
    *faults = found;
    order
}

/// The answer to a faulty request. Its id may belong to an earlier one.
async fn faulty(service: &Arc<Service>, call: &Call, id: Uuid, faults: &Faults) -> Response {
    let error = faults.error(call.language);
    let response = failure(&error);
    let state = service.state_of(id).await;
    let problem = Problem::new("BadRequest", error.data.unwrap_or_default());
    Outcome::new(id, Told::NotAsked { problem, state }).with_headers(response)
}

/// The order of the books.
fn form(call: &Call, id: Uuid, order: ReadOrder, original: Option<Uuid>) -> OrderForm {
    let ReadOrder {
        draft,
        cashier,
        kept,
        request,
        ..
    } = order;
    let points = call.device.points_of_sale.first();
    OrderForm {
        id,
        point_of_sale: points.map_or_else(Uuid::nil, |point| point.id),
        kind: match original {
            None => OrderKind::Sale {
                draft,
                mode: ReceiptMode::FiscalOnly,
                number: None,
                print: false,
            },
            Some(original) => OrderKind::Refund { original, draft },
        },
        said: Said {
            more: vec![("order".to_owned(), kept.clone())],
            module_request: Some(ModuleRequest::AsGiven(request)),
            ..Said::default()
        },
        echo: kept,
        found: object! { "user" => cashier }.to_string(),
        on_paper: false,
        terminals: TerminalUse::default(),
        contact: None,
    }
}

/// The request id of the sale whose receipt has a link. The newest sales are looked through.
async fn original(
    service: &Arc<Service>,
    call: &Call,
    link: OriginalLink,
) -> Result<Option<Uuid>, StoreError> {
    let device = call.device.id;
    let found = service.read(Lane::Sales, move |reader| {
        let mut found = None;
        let kinds = [DocumentKind::Sale];
        reader.each_on_page(device, &kinds, (0, ORIGINALS_MAX), |document, _| {
            if is_linked(&document, &link) {
                found = Some(document.row.id);
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        })?;
        Ok(found)
    });
    found.await
}

fn is_linked(document: &StoredDocument, link: &OriginalLink) -> bool {
    let seal = document.sealed().map(|sealed| sealed.seal);
    matches!(seal, Some(Seal::Module(module))
        if module.receipt == link.receipt && module.terminal == link.terminal && module.sign == link.sign)
}

/// The answer to an outcome.
async fn respond(
    service: &Arc<Service>,
    call: &Call,
    outcome: &Outcome,
    deadline: Instant,
) -> Result<Response, ApiError> {
    if !matches!(outcome.told, Told::Document { .. }) {
        return Err(error_of(&outcome.told, call.language));
    }
    let (device, id) = (call.device.id, outcome.id);
    let reading = service.read(Lane::Sales, move |reader| reader.find(Some(device), id));
    let document = match service.within(deadline, reading).await {
        Some(Ok(Some(document))) => document,
        Some(Err(error)) => return Err(unreadable(error)),
        _ => return Err(error_of(&outcome.told, call.language)),
    };
    let data = document.sealed().and_then(|sealed| match sealed.seal {
        Seal::Module(module) if module.receipt > 0 => Some(object! {
            "terminal_id" => module.terminal,
            "receipt_count" => module.receipt,
            "date_time" => module.at,
            "fiscal_sign" => module.sign,
            "applet_version" => module.applet,
            "qr_url" => module.link,
            "cash_box_number" => JsonValue::Null,
        }),
        _ => None,
    });
    let data = data.ok_or_else(|| {
        let text = "uuid: belongs to a document of another kind; use a new one for a new order";
        error(super::INVALID_ARGUMENT, text, "RequestIdClash")
    })?;
    Ok(success(data, Wrapping::Plain))
}

/// The error if the journal cannot be read.
pub(super) fn unreadable(store: StoreError) -> ApiError {
    let problem = Problem::from(store);
    error(303, &problem.message, &problem.code)
}

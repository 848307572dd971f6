//! Makes the paper of a document again, on the printer or in the answer.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use ferrotill_core::document::DocumentKind;
use uuid::Uuid;

use super::create::overloaded;
use super::documents::without_document;
use super::print_form::{PaperWish, PrintForm};
use super::problem::{faulty, success, unprocessable, unreadable};
use super::request::{self, DuplicateRequest};
use super::route::Kinds;
use crate::api::auth::SignatureInfo;
use crate::api::json::{JsonValue, without_byte_order_mark};
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::config::Device;
use crate::object;
use ferrotill_store::{RequestState, StoreError};

/// `POST alternativereceipts/{id}/duplicate`, and the same for receipts, reports and cash operations.
///
/// A duplicate is no document: it has no number and stands in no list, and each call prints once more.
pub(super) async fn make(
    service: &Arc<Service>,
    (device, signature): (&Device, SignatureInfo),
    (kinds, id): (Kinds, Uuid),
    body: &Bytes,
) -> Response {
    let deadline = service.deadline(device.answer_timeout);
    let of_receipt = kinds
        .iter()
        .any(|kind| matches!(kind, DocumentKind::Sale | DocumentKind::AlternativeSale));
    let reading = read(service, body.clone(), of_receipt);
    let (paper, send_to) = match service.within(deadline, reading).await {
        Some(request) if request.faults.is_empty() => (request.paper, request.send_to),
        Some(request) => return faulty(&request.faults),
        None => return overloaded(),
    };
    let own = device.clone();
    let found = service.work(Lane::Sales, move |service, _| {
        form_of(service, &own, (kinds, id), paper)
    });
    let form = match service.within(deadline, found).await {
        Some(Ok(Some(form))) => form,
        Some(Ok(None)) => return without_document(service, id).await,
        Some(Err(error)) => return unreadable(error),
        None => return overloaded(),
    };
    if paper == PaperWish::OnPrinter
        && let Err(problem) = service.print_duplicate(device, id, signature).await
    {
        return unprocessable(&problem);
    }
    // A signature is used once in a call, also if the copy is printed and sent.
    let unused = (paper != PaperWish::OnPrinter).then_some(signature);
    if let Some(contact) = send_to
        && let Err(problem) = service.send_copy(id, contact, unused).await
    {
        return unprocessable(&problem);
    }
    let [media_type, content] = PrintForm::members(form.as_ref());
    success(object! {
        "printFormMediaType" => media_type,
        "printFormContent" => content,
    })
}

/// The wanted form of the copy of a sealed document, if a form is wanted; `None` if there is no such document.
fn form_of(
    service: &Service,
    device: &Device,
    (kinds, id): (Kinds, Uuid),
    paper: PaperWish,
) -> Result<Option<Option<PrintForm>>, StoreError> {
    let stored = service.reader.find(Some(device.id), id)?;
    let stored = stored.filter(|stored| {
        kinds.contains(&stored.row.kind) && stored.row.state == RequestState::Sealed
    });
    Ok(stored.map(|stored| PrintForm::of(&stored, (paper, true), service, device)))
}

/// Reads a body, which may be empty.
async fn read(service: &Arc<Service>, body: Bytes, of_receipt: bool) -> DuplicateRequest {
    let reading = service.work(Lane::Sales, move |_, thread| {
        if without_byte_order_mark(&body).is_empty() {
            return DuplicateRequest::default();
        }
        match JsonValue::of_body(&body, thread) {
            // A generated client writes a body that was left out as null.
            Ok(JsonValue::Null) => DuplicateRequest::default(),
            Ok(body) => request::duplicate(&body, of_receipt),
            Err(fault) => DuplicateRequest {
                faults: fault.into(),
                ..DuplicateRequest::default()
            },
        }
    });
    reading.await
}

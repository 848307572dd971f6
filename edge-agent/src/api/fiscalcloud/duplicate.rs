//! Prints the slip of a document again.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use uuid::Uuid;

use super::create::overloaded;
use super::problem::{faulty, not_found, success, unprocessable, unreadable};
use super::request::duplicate_faults;
use super::route::Kinds;
use crate::api::auth::SignatureInfo;
use crate::api::json::{FaultList, JsonValue, without_byte_order_mark};
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::config::Device;
use crate::object;
use ferrotill_store::RequestState;

/// `POST alternativereceipts/{id}/duplicate`, and the same for receipts.
///
/// A duplicate is no document: it has no number and stands in no list, and each call prints once more.
pub(super) async fn print(
    service: &Arc<Service>,
    (device, signature): (&Device, SignatureInfo),
    (kinds, id): (Kinds, Uuid),
    body: &Bytes,
) -> Response {
    let deadline = service.deadline(device.answer_timeout);
    let reading = faults_of(service, body.clone());
    match service.within(deadline, reading).await {
        Some(faults) if faults.is_empty() => {}
        Some(faults) => return faulty(&faults),
        None => return overloaded(),
    }
    let own = device.id;
    let found = service.read(Lane::Sales, move |reader| reader.find(Some(own), id));
    match service.within(deadline, found).await {
        Some(Ok(Some(stored)))
            if kinds.contains(&stored.row.kind) && stored.row.state == RequestState::Sealed => {}
        Some(Ok(_)) => return not_found(id),
        Some(Err(error)) => return unreadable(error),
        None => return overloaded(),
    }
    match service.print_duplicate(device, id, signature).await {
        Ok(()) => success(object! {
            "printFormMediaType" => JsonValue::Null,
            "printFormContent" => JsonValue::Null,
        }),
        Err(problem) => unprocessable(&problem),
    }
}

/// The faults of a body, which may be empty.
async fn faults_of(service: &Arc<Service>, body: Bytes) -> FaultList {
    let reading = service.work(Lane::Sales, move |_, thread| {
        if without_byte_order_mark(&body).is_empty() {
            return FaultList::default();
        }
        match JsonValue::of_body(&body, thread) {
            Ok(body) => duplicate_faults(&body),
            Err(fault) => fault.into(),
        }
    });
    reading.await
}

//! Prints the slip of a document again.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use uuid::Uuid;

use super::problem::{faulty, not_found, success, unprocessable, unreadable};
use super::request::duplicate_faults;
use super::route::Kinds;
use crate::api::auth::SignatureInfo;
use crate::api::json::{JsonValue, without_byte_order_mark};
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
    let body = body.clone();
    let reading = service.work(Lane::Sales, move |_, thread| {
        if without_byte_order_mark(&body).is_empty() {
            return Ok(());
        }
        let body = JsonValue::of_body(&body, thread).map_err(|fault| faulty(&fault.into()))?;
        let faults = duplicate_faults(&body);
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faulty(&faults))
        }
    });
    if let Err(response) = reading.await {
        return response;
    }
    let own = device.id;
    let found = service.read(Lane::Sales, move |reader| reader.find(Some(own), id));
    match found.await {
        Ok(Some(stored))
            if kinds.contains(&stored.row.kind) && stored.row.state == RequestState::Sealed => {}
        Ok(_) => return not_found(id),
        Err(error) => return unreadable(error),
    }
    match service.print_duplicate(device, id, signature).await {
        Ok(()) => success(object! {
            "printFormMediaType" => JsonValue::Null,
            "printFormContent" => JsonValue::Null,
        }),
        Err(problem) => unprocessable(&problem),
    }
}

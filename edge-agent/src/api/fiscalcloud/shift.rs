//! Tells whether the open shift of a device is shorter than 24 hours.

use std::sync::Arc;

use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::context::point_of_sale;
use super::problem::{done, failure, faulty, unreadable};
use crate::api::json::FaultList;
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::service::Service;
use crate::config::Device;

/// The longest shift, counted from its first receipt: 24 hours, in milliseconds (the vendor's rule for this operation).
const SHIFT_MS_MAX: i64 = 24 * 3_600_000;

/// `GET devices/assureno24h`.
///
/// The answer is always 200: its `success` is the answer to the question. The day is not closed.
pub(super) async fn assure(
    service: &Arc<Service>,
    device: &Device,
    headers: &HeaderMap,
) -> Response {
    let mut faults = FaultList::default();
    point_of_sale(device, headers, &mut faults);
    if !faults.is_empty() {
        return faulty(&faults);
    }
    let id = device.id;
    let read = service.read(Lane::Lists, move |reader| reader.first_receipt_of_shift(id));
    let first = match read.await {
        Ok(first) => first,
        Err(error) => return unreadable(error),
    };
    let now = service.guard.now().utc_ms;
    match first.map(|first| now.saturating_sub(first)) {
        Some(open_ms) if open_ms >= SHIFT_MS_MAX => {
            let hours = open_ms.div_euclid(3_600_000);
            let message = format!(
                "shift: has had receipts for {hours} hours, and 24 are allowed; close the day first"
            );
            failure(StatusCode::OK, &Problem::new("ShiftTooLong", message))
        }
        Some(_) | None => done(),
    }
}

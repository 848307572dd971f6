//! What became of the receipts that are sent to buyers or published, as the APIs show it.

use ferrotill_store::ReceiptDelivery;

use super::json::JsonValue;
use crate::object;
use crate::time::clock::iso_utc;

/// A delivery of a receipt to its buyer, or its publication.
pub(super) fn receipt_delivery(delivery: &ReceiptDelivery) -> JsonValue {
    let is_waiting = delivery.state == "waiting";
    object! {
        "recipient" => delivery.recipient.clone(),
        "to" => delivery.shown.clone(),
        "copy" => delivery.is_copy,
        "state" => delivery.state.clone(),
        "attempts" => delivery.attempts,
        "last_error" => delivery.last_error.clone(),
        "again_at" => is_waiting.then(|| iso_utc(delivery.again_at_ms)),
        "ended_at" => delivery.ended_at_ms.map(iso_utc),
        "link" => delivery.link.clone(),
    }
}

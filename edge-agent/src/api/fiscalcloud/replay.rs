//! Answers a request whose signature was used before.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use uuid::Uuid;

use super::problem::unprocessable;
use crate::api::auth::SignatureInfo;
use crate::api::problem::Problem;
use crate::api::service::Service;
use crate::clerk::{Answer, FiscalState};
use crate::config::Device;

/// The outcome of the first request with this signature; `None` if that request made no document. No order is started.
pub(super) async fn first_outcome(
    service: &Arc<Service>,
    device: &Device,
    signature: SignatureInfo,
    id: Uuid,
) -> Option<Answer> {
    let deadline = service.deadline(device.answer_timeout);
    while service.replays.is_in_progress(signature) || service.waits(id).await == Some(true) {
        if service.clock.monotonic() >= deadline {
            break;
        }
        tokio::time::sleep(REPEAT_PAUSE).await;
    }
    match service.state_of(id).await {
        FiscalState::Registered => Some(Answer::Registered { id, replayed: true }),
        FiscalState::Unknown => Some(Answer::Unknown {
            message: "the outcome of the first request with this signature is not known yet; repeat the request with the same id"
                .to_owned(),
        }),
        FiscalState::NotRegistered => None,
    }
}

/// An answer with status 422: the first request with this signature made no document, and the repeated one is not carried out.
pub(super) fn refused() -> Response {
    unprocessable(&Problem::new(
        "SignatureReplayed",
        "Api-Signature: was used before, by a request that has ended; to try again, sign the request with the current time",
    ))
}

/// The pause between two checks whether the first request has ended.
const REPEAT_PAUSE: Duration = Duration::from_millis(10);

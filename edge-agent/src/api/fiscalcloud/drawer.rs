//! Opens the cash drawer.

use std::sync::Arc;

use axum::response::Response;

use super::problem::{success, unprocessable};
use crate::api::auth::SignatureInfo;
use crate::api::json::JsonValue;
use crate::api::problem::Problem;
use crate::api::replay::ReplayOutcome;
use crate::api::service::{NoAnswer, Service};
use crate::clerk::Message;
use crate::config::Device;

/// `POST misc/opencashdrawer`.
pub(super) async fn open(
    service: &Arc<Service>,
    device: &Device,
    signature: SignatureInfo,
) -> Response {
    match service.replays.begin(signature) {
        Ok(request) => request.end(ReplayOutcome::Remember),
        Err(_) => {
            let message = "Api-Signature: was used before, by a request that has ended; to try again, sign the request with the current time";
            return unprocessable(&Problem::new("SignatureReplayed", message));
        }
    }
    let message = |reply| Message::Drawer {
        device: device.id,
        reply,
    };
    let deadline = service.deadline(device.answer_timeout);
    let outcome = match service.ask(message, deadline).await {
        Ok(outcome) => outcome,
        Err(NoAnswer::Stopping) => Err("the agent is stopping".to_owned()),
        Err(NoAnswer::TooLate) => Err("the printer has not answered in time".to_owned()),
    };
    match outcome {
        Ok(()) => success(JsonValue::Null),
        Err(error) => unprocessable(&Problem::new(
            "DrawerNotOpened",
            format!("printer: {error}"),
        )),
    }
}

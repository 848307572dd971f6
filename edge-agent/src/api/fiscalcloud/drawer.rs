//! Opens the cash drawer.

use std::sync::Arc;

use axum::response::Response;

use super::problem::{success, unprocessable};
use super::replay;
use crate::api::auth::SignatureInfo;
use crate::api::json::JsonValue;
use crate::api::problem::Problem;
use crate::api::replay::ReplayOutcome;
use crate::api::service::{NoAnswer, Service};
use crate::clerk::{DrawerOutcome, Message};
use crate::config::Device;

/// `POST misc/opencashdrawer`.
pub(super) async fn open(
    service: &Arc<Service>,
    device: &Device,
    signature: SignatureInfo,
) -> Response {
    match service.replays.begin(signature) {
        Ok(request) => request.end(ReplayOutcome::Remember),
        Err(_) => return replay::refused(),
    }
    let deadline = service.deadline(device.answer_timeout);
    let message = |reply| Message::Drawer {
        device: device.id,
        deadline,
        reply,
    };
    let outcome = match service.ask(message, deadline).await {
        Ok(outcome) => outcome,
        Err(NoAnswer::Stopping) => DrawerOutcome::Unknown("the agent is stopping".to_owned()),
        Err(NoAnswer::TooLate) => {
            DrawerOutcome::Unknown("the printer has not answered in time".to_owned())
        }
    };
    let (error, reason) = match outcome {
        DrawerOutcome::Opened => return success(JsonValue::Null),
        DrawerOutcome::NotOpened(reason) => ("DrawerNotOpened", reason),
        DrawerOutcome::Unknown(reason) => ("OutcomeUnknown", reason),
    };
    unprocessable(&Problem::new(error, format!("printer: {reason}")))
}

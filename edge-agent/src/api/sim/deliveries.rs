//! `/sim/mail` and `/sim/sms`: what a TEST till without a mail server or a gateway would have sent to buyers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use ferrotill_store::DeliveryChannel;

use crate::api::json::JsonValue;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::object;

/// The routes of `/sim/mail` and `/sim/sms`.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/sim/mail", get(mail))
        .route("/sim/sms", get(sms))
        .with_state(service)
}

/// The mails, the newest last.
async fn mail(State(service): State<Arc<Service>>) -> Response {
    let mails = service.deliveries.simulated(DeliveryChannel::Mail);
    let mails = mails.into_iter().flatten().map(|mail| {
        object! {
            "to" => mail.to,
            "subject" => mail.subject,
            "text" => mail.text,
            "html" => mail.html,
            "pdf_bytes" => u64::try_from(mail.pdf_bytes).unwrap_or(u64::MAX),
        }
    });
    json_response(StatusCode::OK, &JsonValue::Array(mails.collect()))
}

/// The short messages, the newest last.
async fn sms(State(service): State<Arc<Service>>) -> Response {
    let messages = service.deliveries.simulated(DeliveryChannel::Sms);
    let messages = messages
        .into_iter()
        .flatten()
        .map(|message| object! { "to" => message.to, "text" => message.text });
    json_response(StatusCode::OK, &JsonValue::Array(messages.collect()))
}

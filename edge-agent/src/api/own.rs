//! Health: is it alive, is it ready, and how are the printer and the office.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::json::Out;
use super::{App, answer};
use crate::object;
use crate::store::UnsentCount;

/// The routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/healthz", get(health))
        .route("/metrics", get(metrics))
        .with_state(app)
}

/// Ready to take a sale: the books can be read. The office and the printer may be away.
async fn ready(State(app): State<Arc<App>>) -> Response {
    match unsent(&app).await {
        Ok(_) => (StatusCode::OK, "ready\n").into_response(),
        Err(words) => (StatusCode::SERVICE_UNAVAILABLE, format!("{words}\n")).into_response(),
    }
}

async fn health(State(app): State<Arc<App>>) -> Response {
    let (status, unsent) = match unsent(&app).await {
        Ok(unsent) => (
            StatusCode::OK,
            object! { "documents" => unsent.documents, "refused" => unsent.refused },
        ),
        Err(words) => (
            StatusCode::SERVICE_UNAVAILABLE,
            object! { "error" => words },
        ),
    };
    let printers = app.config.devices.iter().map(|device| {
        let printer = app.board.printer(device.id);
        object! {
            "device_id" => device.id,
            "name" => device.name.clone(),
            "connected" => printer.connected,
            "model" => printer.model,
            "serial_number" => printer.serial,
            "fiscal_memory" => printer.fiscal_memory,
            "firmware" => printer.firmware,
            "port" => printer.port,
            "trouble" => printer.trouble,
            "objections" => Out::Array(printer.objections.into_iter().map(Out::from).collect()),
        }
    });
    let office = app.board.office();
    let body = object! {
        "status" => if status == StatusCode::OK { "ok" } else { "trouble" },
        "mode" => app.config.till.mode.to_string(),
        "office" => object! { "state" => office.state, "reason" => office.reason },
        "unsent" => unsent,
        "printers" => Out::Array(printers.collect()),
    };
    answer(status, &body)
}

/// A few figures in the Prometheus text format.
async fn metrics(State(app): State<Arc<App>>) -> Response {
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, labels: &str, value: u32| {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "# HELP {name} {help}\n# TYPE {name} gauge\n{name}{labels} {value}\n"
        );
    };
    if let Ok(unsent) = unsent(&app).await {
        gauge(
            "ferrotill_unsent_documents",
            "Documents that the tax office has not acknowledged.",
            "",
            unsent.documents,
        );
        gauge(
            "ferrotill_refused_documents",
            "Unsent documents that the tax office has refused.",
            "",
            unsent.refused,
        );
    }
    let offline = u32::from(app.board.sells_alternative());
    gauge(
        "ferrotill_offline",
        "1 while sales get alternative receipts.",
        "",
        offline,
    );
    for device in &app.config.devices {
        let connected = u32::from(app.board.printer(device.id).connected);
        let labels = format!("{{device=\"{}\"}}", device.id);
        gauge(
            "ferrotill_printer_connected",
            "1 while the printer answers.",
            &labels,
            connected,
        );
    }
    let mut response = text.into_response();
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; version=0.0.4"),
    );
    response
}

async fn unsent(app: &Arc<App>) -> Result<UnsentCount, String> {
    app.read(|reader| reader.unsent())
        .await
        .map_err(|error| error.to_string())
}

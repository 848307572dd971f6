//! Our own routes: health, metrics, the outcome of a request id, an operator's declaration,
//! an operator's correction of the time, what a person orders of a register of signed receipts, and how much the log says.

mod aside;
mod clock;
pub mod described;
pub mod health;
mod log;
mod metrics;
mod operations;
mod operator;
pub mod others;
mod registers;
pub mod settlement;
pub mod watch;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use super::service::Service;

/// The routes of the agent's own API.
pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "ok\n" }))
        .route("/readyz", get(health::ready))
        .route("/healthz", get(health::health))
        .route("/metrics", get(metrics::metrics))
        .route("/operations/{id}", get(operations::show))
        .route("/operations/{id}/settlement", post(settlement::settle))
        .route("/operations/{id}/aside", post(aside::lay_aside))
        .route("/devices/{id}/go-on", post(others::go_on))
        .route("/registers/{id}", post(registers::order))
        .route("/clock", post(clock::set))
        .route("/log", get(log::show).post(log::set))
        .with_state(service)
}

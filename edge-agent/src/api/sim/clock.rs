//! `/sim/clock`: moves the till's clock.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::put;

use super::{done, read, refuse};
use crate::time::clock::Clock;

/// The routes of `/sim/clock`.
pub fn router(clock: Arc<Clock>) -> Router {
    Router::new()
        .route("/sim/clock", put(set_clock))
        .with_state(clock)
}

async fn set_clock(State(clock): State<Arc<Clock>>, body: Bytes) -> Response {
    read(&body, |fields| {
        if fields.member("offset_s").is_none() {
            fields.fault("offset_s", "Missing", "is needed");
        }
        fields.decimal("offset_s", 0)
    })
    .map_or_else(
        |faults| refuse(&faults),
        |offset| {
            clock.set_offset(offset.unwrap_or(0));
            done()
        },
    )
}

//! `/sim/signature_unit`: switches the signature units off and on.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::Response;
use axum::routing::put;

use super::{done, read, refuse};
use crate::seal::signature::units::Units;

/// The routes of `/sim/signature_unit`. A till without signature units has nothing to switch.
pub fn router(units: Option<Arc<Units>>) -> Router {
    Router::new()
        .route("/sim/signature_unit", put(set))
        .with_state(units)
}

async fn set(State(units): State<Option<Arc<Units>>>, body: Bytes) -> Response {
    read(&body, |fields| {
        if fields.member("state").is_none() {
            fields.fault("state", "Missing", "is needed");
        }
        fields.named("state", &[("ok", false), ("down", true)])
    })
    .map_or_else(
        |faults| refuse(&faults),
        |down| {
            if let (Some(units), Some(down)) = (&units, down) {
                units.set_down(down);
            }
            done()
        },
    )
}

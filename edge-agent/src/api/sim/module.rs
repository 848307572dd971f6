//! `/sim/module`: what the fiscal module in software has, its connection to the operator of fiscal data, and troubles on demand.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::{done, read, refuse};
use crate::api::json::JsonValue;
use crate::api::response::json_response;
use crate::object;
use crate::seal::fiscal_module::ModuleError;
use crate::seal::fiscal_module::software::{ModuleTroubleKind, SoftwareModule};

/// The module, if the till has one in software.
type Switched = Option<Arc<SoftwareModule>>;

/// The routes of `/sim/module`. A till without a module in software has nothing to switch.
pub fn router(module: Switched) -> Router {
    Router::new()
        .route("/sim/module", get(show).put(set))
        .route("/sim/module/faults", post(add).delete(clear))
        .with_state(module)
}

async fn show(State(module): State<Switched>) -> Response {
    let shown = module.and_then(|module| {
        let shown = module.shown().to_string();
        JsonValue::parse(shown.as_bytes()).ok()
    });
    let nothing = || {
        object! {
            "terminal_id" => "",
            "shift_open" => false,
            "unsent" => 0,
            "z_number" => 0,
            "drawer_pulses" => 0,
            "receipts" => JsonValue::Array(Vec::new()),
        }
    };
    json_response(StatusCode::OK, &shown.unwrap_or_else(nothing))
}

async fn set(State(module): State<Switched>, body: Bytes) -> Response {
    read(&body, |fields| {
        if fields.member("state").is_none() {
            fields.fault("state", "Missing", "is needed");
        }
        fields.choice("state", &[("up", true), ("down", false)])
    })
    .map_or_else(
        |faults| refuse(&faults),
        |online| {
            if let (Some(module), Some(online)) = (module, online) {
                module.set_online(online);
            }
            done()
        },
    )
}

const KINDS: &[(&str, ModuleTroubleKind)] = &[
    ("drop_request", ModuleTroubleKind::DropRequest),
    ("drop_answer", ModuleTroubleKind::DropAnswer),
    ("error_after_commit", ModuleTroubleKind::ErrorAfterCommit),
    ("error", ModuleTroubleKind::Error),
    ("delay", ModuleTroubleKind::Delay),
    ("power_cut", ModuleTroubleKind::PowerCut),
];

async fn add(State(module): State<Switched>, body: Bytes) -> Response {
    let order = read(&body, |fields| {
        if fields.member("kind").is_none() {
            fields.fault("kind", "Missing", "is needed");
        }
        let kind = fields.named("kind", KINDS);
        let operation = fields.text("operation");
        let times = fields.integer("times").unwrap_or(1);
        let code = fields.integer("code").unwrap_or(103);
        let text = fields.text("text");
        let ms = fields.integer("ms").unwrap_or(0);
        (kind, operation, times, (code, text, ms))
    });
    match order {
        Ok((Some(kind), operation, times, (code, text, ms))) => {
            let text = text.unwrap_or_else(|| "INTERNAL_ERROR".to_owned());
            let error = ModuleError::new(i64::from(code), text);
            let times = u32::try_from(times).unwrap_or(1);
            let ms = u64::try_from(ms).unwrap_or(0);
            if let Some(module) = module {
                module.trouble(kind, operation, times, (error, ms));
            }
            done()
        }
        Ok(_) => done(),
        Err(faults) => refuse(&faults),
    }
}

async fn clear(State(module): State<Switched>) -> Response {
    if let Some(module) = module {
        module.without_trouble();
    }
    done()
}

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
use crate::seal::fiscal_module::software_switches::ModuleSetting;
use crate::seal::fiscal_module::statuses::Generation;

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
    let setting = read(&body, |fields| {
        let setting = ModuleSetting {
            online: fields.choice("state", &[("up", true), ("down", false)]),
            generation: fields.choice(
                "firmware",
                &[
                    ("applet-3", Generation::Decimal),
                    ("applet-4", Generation::Text),
                ],
            ),
            clock_ahead_s: fields.integer("clock_ahead_s").map(i64::from),
            wraps_as_documented: fields
                .choice("wrapping", &[("documented", true), ("seen", false)]),
            unsent: fields
                .integer("unsent")
                .and_then(|unsent| usize::try_from(unsent).ok()),
            unsent_hours: fields.integer("unsent_hours").map(i64::from),
            forgets_last: fields.boolean("forgets_last").unwrap_or(false),
        };
        if setting == ModuleSetting::default() {
            fields.fault("state", "Missing", "is needed, or another member");
        }
        setting
    });
    match setting {
        Ok(setting) => {
            if let Some(module) = module {
                module.set(setting);
            }
            done()
        }
        Err(faults) => refuse(&faults),
    }
}

const KINDS: &[(&str, ModuleTroubleKind)] = &[
    ("drop_request", ModuleTroubleKind::DropRequest),
    ("drop_answer", ModuleTroubleKind::DropAnswer),
    ("error_after_commit", ModuleTroubleKind::ErrorAfterCommit),
    ("error", ModuleTroubleKind::Error),
    ("delay", ModuleTroubleKind::Delay),
    ("power_cut", ModuleTroubleKind::PowerCut),
    ("power_cut_after", ModuleTroubleKind::PowerCutAfter),
    ("forget_last", ModuleTroubleKind::ForgetLast),
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

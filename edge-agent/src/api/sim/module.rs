//! `/sim/module`: what the fiscal module in software has, its connection to the operator of fiscal data, and troubles on demand.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};

use super::{at_least, done, read, refuse};
use crate::api::json::{JsonValue, shortened};
use crate::api::response::json_response;
use crate::object;
use crate::seal::fiscal_module::provider::Provider;
use crate::seal::fiscal_module::software::{ModuleTroubleKind, SoftwareModule};
use crate::seal::fiscal_module::software_switches::ModuleSetting;
use crate::seal::fiscal_module::statuses::Generation;
use crate::seal::fiscal_module::{ModuleError, Operation};

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
            online: fields.named("state", &[("up", true), ("down", false)]),
            generation: fields.named(
                "firmware",
                &[
                    ("applet-3", Generation::Decimal),
                    ("applet-4", Generation::Text),
                ],
            ),
            clock_ahead_s: fields.integer("clock_ahead_s").map(i64::from),
            wraps_as_documented: fields.named("wrapping", &[("documented", true), ("seen", false)]),
            unsent: at_least(fields, "unsent", 0).and_then(|unsent| usize::try_from(unsent).ok()),
            unsent_hours: at_least(fields, "unsent_hours", 0).map(i64::from),
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

/// True if a trouble can strike operations with a name.
fn is_operation(name: &str) -> bool {
    Operation::ALL
        .iter()
        .any(|operation| operation.name() == name)
        || Provider::of_name(name).is_some()
}

/// The names of the operations without those of payment providers, each once.
fn operations() -> String {
    let mut names: Vec<&str> = Operation::ALL.iter().map(|it| it.name()).collect();
    names.dedup();
    names.push("or the name of a payment provider");
    names.join(", ")
}

async fn add(State(module): State<Switched>, body: Bytes) -> Response {
    let order = read(&body, |fields| {
        if fields.member("kind").is_none() {
            fields.fault("kind", "Missing", "is needed");
        }
        let kind = fields.named("kind", KINDS);
        let operation = fields.text("operation");
        if let Some(name) = operation.as_deref().filter(|name| !is_operation(name)) {
            let sentence = format!("is {:?}; allowed are {}", shortened(name), operations());
            fields.fault("operation", "UnknownValue", sentence);
        }
        let times = at_least(fields, "times", 1).unwrap_or(1);
        let code = fields.integer("code").unwrap_or(103);
        let text = fields.text("text");
        let ms = at_least(fields, "ms", 0).unwrap_or(0);
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

#[cfg(test)]
mod tests {
    use super::router;
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn a_switch_takes_names_that_there_are_and_no_positions_of_names() {
        for (path, body, status) in [
            ("/sim/module", r#"{"state":"down"}"#, StatusCode::OK),
            ("/sim/module", r#"{"state":1}"#, StatusCode::BAD_REQUEST),
            ("/sim/module", r#"{"firmware":0}"#, StatusCode::BAD_REQUEST),
            ("/sim/module", r#"{"unsent":-1}"#, StatusCode::BAD_REQUEST),
            (
                "/sim/module/faults",
                r#"{"kind":"error","operation":"xumo","times":2}"#,
                StatusCode::OK,
            ),
            (
                "/sim/module/faults",
                r#"{"kind":"error","operation":"bogus"}"#,
                StatusCode::BAD_REQUEST,
            ),
            (
                "/sim/module/faults",
                r#"{"kind":"error","times":-1}"#,
                StatusCode::BAD_REQUEST,
            ),
            (
                "/sim/module/faults",
                r#"{"kind":"delay","ms":-1}"#,
                StatusCode::BAD_REQUEST,
            ),
        ] {
            let call = match path {
                "/sim/module" => Request::put(path),
                _ => Request::post(path),
            };
            let call = call.body(Body::from(body)).unwrap();
            let answer = router(None).oneshot(call).await.unwrap();
            assert_eq!(answer.status(), status, "{path} {body}");
        }
    }
}

//! `/sim/providers`: the simulated payment providers behind the module in software.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, put};

use super::{at_least, done, read, refuse};
use crate::api::json::JsonValue;
use crate::api::problem::Problem;
use crate::api::response::json_response;
use crate::object;
use crate::seal::fiscal_module::provider::Provider;
use crate::seal::fiscal_module::software::SoftwareModule;
use crate::seal::fiscal_module::software_providers::ProviderSwitch;

/// The module, if the till has one in software.
type Switched = Option<Arc<SoftwareModule>>;

/// The routes of `/sim/providers`. A till without a module in software has nothing to switch.
pub fn router(module: Switched) -> Router {
    Router::new()
        .route("/sim/providers", get(show))
        .route("/sim/providers/{name}", put(set))
        .with_state(module)
}

async fn show(State(module): State<Switched>) -> Response {
    let shown = module.and_then(|module| {
        let shown = module.shown_providers().to_string();
        JsonValue::parse(shown.as_bytes()).ok()
    });
    json_response(StatusCode::OK, &shown.unwrap_or_else(|| object! {}))
}

async fn set(State(module): State<Switched>, Path(name): Path<String>, body: Bytes) -> Response {
    let Some(provider) = Provider::of_name(&name) else {
        let text = format!("name: {name:?} is no provider");
        return Problem::new("NotFound", text).response(StatusCode::NOT_FOUND);
    };
    let switch = read(&body, |fields| {
        if fields.member("state").is_none() {
            fields.fault("state", "Missing", "is needed");
        }
        let switch = fields.named("state", &ProviderSwitch::ALL);
        (switch, at_least(fields, "ms", 0).unwrap_or(0))
    });
    match switch {
        Ok((Some(switch), ms)) => {
            if let Some(module) = module {
                module.switch_provider(provider, switch, u64::try_from(ms).unwrap_or(0));
            }
            done()
        }
        Ok(_) => done(),
        Err(faults) => refuse(&faults),
    }
}

//! `GET /log` and `POST /log`: how much the log says, for each part of the program.
//!
//! The change is signed like a sale, and is made once. It lasts until the program ends.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use tracing::level_filters::LevelFilter;

use super::operator::{Repetition, Rules, answer};
use crate::api::auth::AuthorizedClient;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::problem::Problem;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::config::Permission;
use crate::log_levels::{self, LEVELS, PARTS};

/// The largest change in bytes.
const BODY_BYTES_MAX: usize = 4 * 1_024;

pub(super) async fn show() -> Response {
    let Some(levels) = log_levels::levels() else {
        return not_ours();
    };
    let members = levels.into_iter();
    let members = members.map(|(part, level)| (part.into(), level.into()));
    json_response(StatusCode::OK, &JsonValue::Object(members.collect()))
}

const RULES: Rules = Rules {
    permission: Permission::Settings,
    bytes_max: BODY_BYTES_MAX,
    needed: "a few levels",
    // The same request again would set the levels back to those of the moment at which it was signed.
    repetition: Repetition::Refused,
};

pub(super) async fn set(State(service): State<Arc<Service>>, request: Request) -> Response {
    let read = |client: &AuthorizedClient<'_>, body: &[u8]| {
        let levels = read(body)?;
        Ok(Change {
            client: client.key.to_owned(),
            levels,
        })
    };
    let carry_out = async |Change { client, levels }| {
        let level_of = |name| {
            levels
                .iter()
                .find(|(part, _)| *part == name)
                .map(|(_, level)| *level)
        };
        if log_levels::set(&client, |part| level_of(part.name)) {
            show().await
        } else {
            not_ours()
        }
    };
    answer(&service, request, &RULES, read, carry_out).await
}

/// The levels that a client wants, each with the name of its part.
struct Change {
    client: String,
    levels: Vec<(&'static str, LevelFilter)>,
}

/// Reads a change and reports all its faults at once.
fn read(body: &[u8]) -> Result<Vec<(&'static str, LevelFilter)>, FaultList> {
    let body = JsonValue::of_short_body(body)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let mut wanted = Vec::new();
    for part in PARTS {
        let Some(given) = fields.text(part.name) else {
            continue;
        };
        match LEVELS.iter().find(|(name, _)| *name == given) {
            Some((_, level)) => wanted.push((part.name, *level)),
            None => {
                let names: Vec<&str> = LEVELS.iter().map(|(name, _)| *name).collect();
                let sentence = format!("is no level; write one of {}", names.join(", "));
                fields.fault(part.name, "UnknownValue", sentence);
            }
        }
    }
    fields.finish();
    if faults.is_empty() {
        Ok(wanted)
    } else {
        Err(faults)
    }
}

fn not_ours() -> Response {
    let message =
        "log: belongs to the program that runs this till as a part of itself; set its levels there";
    Problem::new("LogNotOurs", message).response(StatusCode::CONFLICT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_read_with_all_its_faults_at_once() {
        let wanted = read(br#"{"printer":"debug","office":"off"}"#).unwrap();
        assert_eq!(
            wanted,
            [
                ("printer", LevelFilter::DEBUG),
                ("office", LevelFilter::OFF)
            ]
        );
        let faults = read(br#"{"printer":"loud","pirnter":"debug","store":1}"#).unwrap_err();
        let mut found: Vec<String> = faults
            .iter()
            .map(|fault| format!("{} {}", fault.path, fault.code))
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "pirnter UnknownField",
                "printer UnknownValue",
                "store WrongType"
            ]
        );
    }
}

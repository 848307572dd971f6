//! The authority simulator: it checks documents by the authority's rules, and can be switched to fail in many ways.
//!
//! `POST /{kind}` accepts documents in the Online-ECR form. `/sim/authority` shows and changes the condition of the simulator,
//! and
//! `/sim/authority/received` lists the accepted documents.
//! In the condition `down` every request outside `/sim` ends with a TCP reset and without an answer.
//! [`serve`] does that, because a handler of a router cannot.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, MutexGuard};

use crate::locked::Locked;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::time::clock::{iso_utc, system_ms};
use ferrotill_core::duty::DutyKind;

mod ranges;
mod rules;
mod server;
mod setting;
#[cfg(test)]
pub(crate) mod tests;
mod trickle;

pub use server::{serve, serve_router};
use setting::Setting;

/// The authority simulator. Clones share the same state.
#[derive(Clone, Debug)]
pub struct TaxOfficeSimulator {
    state: Arc<Locked<SimulatorState>>,
}

/// How strictly documents are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// By the rules of the Online-ECR form: fields, sums, numbers, order. A document that breaks a rule is refused.
    Rules,
    /// Every JSON object of a known kind is accepted.
    AnyObject,
}

/// The condition of the simulated authority, set with `/sim/authority`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorityCondition {
    /// Checks documents and answers.
    Up,
    /// Resets every connection.
    Down,
    /// Accepts documents, and answers after a delay.
    Slow,
    /// Refuses every document.
    Refuse,
    /// Accepts nothing, and answers HTTP 500.
    Error,
    /// Accepts documents, and sends the answer one byte at a time.
    #[serde(rename = "drip")]
    Trickle,
    /// Accepts nothing, and answers HTTP 200 with a login page, like the captive portal of a hotel.
    #[serde(rename = "lie")]
    CaptivePortal,
    /// Accepts nothing, and answers HTTP 200 with an empty JSON object.
    #[serde(rename = "hollow")]
    EmptyObject,
}

impl fmt::Display for AuthorityCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Slow => "slow",
            Self::Refuse => "refuse",
            Self::Error => "error",
            Self::Trickle => "drip",
            Self::CaptivePortal => "lie",
            Self::EmptyObject => "hollow",
        })
    }
}

/// An accepted document.
#[derive(Clone, Debug, Serialize)]
pub struct Received {
    /// The document's `Idempotency-Key`.
    pub key: String,
    /// The document's kind, from the path.
    pub kind: &'static str,
    /// When the document arrived: ISO 8601, UTC, with milliseconds.
    pub at: String,
    /// The document exactly as it arrived.
    pub body: Box<RawValue>,
}

/// The documents and settings that the simulator keeps in memory.
#[derive(Debug)]
struct SimulatorState {
    strictness: Strictness,
    condition: AuthorityCondition,
    wait: Duration,
    duplicates: u64,
    received: Vec<Received>,
    /// The body that arrived under each key. The same body under the same key is a second delivery; another body is an error.
    by_key: HashMap<String, Value>,
    accepted: rules::AcceptedDocuments,
    ranges: ranges::Ranges,
    /// The error text for [`AuthorityCondition::Refuse`].
    refusal: String,
    /// The only key that [`AuthorityCondition::Refuse`] refuses; without it, every document is refused.
    refused_key: Option<String>,
}

impl TaxOfficeSimulator {
    /// A simulator in the condition `up`, without documents.
    #[must_use]
    pub fn new(strictness: Strictness) -> Self {
        Self {
            state: Arc::new(Locked::new(SimulatorState {
                strictness,
                condition: AuthorityCondition::Up,
                wait: Duration::ZERO,
                duplicates: 0,
                received: Vec::new(),
                by_key: HashMap::new(),
                accepted: rules::AcceptedDocuments::default(),
                ranges: ranges::Ranges::default(),
                refusal: REFUSAL.to_owned(),
                refused_key: None,
            })),
        }
    }

    /// Sets the condition. `wait` is the delay of [`AuthorityCondition::Slow`], or the pause between two bytes of [`AuthorityCondition::Trickle`].
    pub fn set(&self, condition: AuthorityCondition, wait: Duration) {
        let mut state = self.state();
        state.condition = condition;
        state.wait = wait;
    }

    fn switch(&self, setting: Setting) {
        self.set(setting.state, Duration::from_millis(setting.ms));
        let mut state = self.state();
        state.refused_key = setting.key;
        state.refusal = setting.message.unwrap_or_else(|| REFUSAL.to_owned());
        match setting.strict {
            Some(true) => state.strictness = Strictness::Rules,
            Some(false) => state.strictness = Strictness::AnyObject,
            None => {}
        }
    }

    /// Handles one message under its key, as if the condition were `up`. Returns the answer.
    ///
    /// # Errors
    ///
    /// The error text of the refusal.
    pub fn hear(&self, kind: &str, key: &str, body: &[u8]) -> Result<Value, String> {
        self.state().answer(kind, key, body)
    }

    /// The accepted documents, in the order of their arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.state().received.clone()
    }

    /// How many deliveries repeated an accepted document.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.state().duplicates
    }

    /// A panic in another request leaves the state as it was before that request's document.
    fn state(&self) -> MutexGuard<'_, SimulatorState> {
        self.state.lock()
    }

    fn is_down(&self) -> bool {
        self.state().condition == AuthorityCondition::Down
    }
}

impl SimulatorState {
    /// The answer to a message under a key.
    fn answer(&mut self, kind: &str, key: &str, body: &[u8]) -> Result<Value, String> {
        if kind == "fiscal_ranges" {
            return self.ranges.grant(key, body);
        }
        let kind =
            DutyKind::from_name(kind).ok_or_else(|| format!("there is no document kind {kind}"))?;
        self.accept(kind, key, body)?;
        Ok(serde_json::json!({"status": "success", "key": key}))
    }

    /// The answer to a message while documents, or only the one under [`Self::refused_key`], are refused.
    fn answer_unless_refused(
        &mut self,
        kind: &str,
        key: &str,
        body: &[u8],
    ) -> Result<Value, String> {
        match &self.refused_key {
            Some(refused) if refused != key => self.answer(kind, key, body),
            _ => Err(self.refusal.clone()),
        }
    }

    /// Checks one complete document and stores it. `Err` is the error text of the refusal.
    fn accept(&mut self, kind: DutyKind, key: &str, text: &[u8]) -> Result<(), String> {
        let body: Value = serde_json::from_slice(text)
            .map_err(|error| format!("the body is not valid JSON: {error}"))?;
        if !body.is_object() {
            return Err("the body is not a JSON object".to_owned());
        }
        if let Some(first) = self.by_key.get(key) {
            if *first != body {
                return Err(format!(
                    "another document has come under the key {key} before"
                ));
            }
            self.duplicates = self.duplicates.saturating_add(1);
            return Ok(());
        }
        let device = body
            .pointer("/identity/fn")
            .and_then(|device| device.as_str());
        let number = body.get("fiscalNum").and_then(|number| number.as_u64());
        let number = device.map(str::to_owned).zip(number);
        if self.strictness == Strictness::Rules {
            if let Some((device, number)) = &number
                && !self.ranges.admits(device, *number)
            {
                return Err(format!(
                    "fiscal number {number} is not reserved for the device"
                ));
            }
            self.accepted.accept(kind, text)?;
        }
        if let Some((device, number)) = number {
            self.ranges.used(&device, number);
        }
        let raw = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        self.by_key.insert(key.to_owned(), body);
        self.received.push(Received {
            key: key.to_owned(),
            kind: kind.name(),
            at: iso_utc(system_ms()),
            body: raw,
        });
        Ok(())
    }
}

/// The routes for documents and for `/sim/authority`, as the command `authority` serves them. [`serve`] must serve them, so that `down` is a reset.
pub fn router(simulator: TaxOfficeSimulator) -> Router {
    Router::new()
        .route("/{kind}", post(deliver))
        .fallback(no_such_path)
        .with_state(simulator.clone())
        .layer(middleware::from_fn_with_state(
            simulator.clone(),
            reset_if_down,
        ))
        .merge(sim_router(simulator))
}

/// The routes below `/sim/authority` without the routes for documents, for the agent's own listener in the demo.
pub fn sim_router(simulator: TaxOfficeSimulator) -> Router {
    Router::new()
        .route("/sim/authority", get(condition).put(set_condition))
        .route("/sim/authority/received", get(received))
        .with_state(simulator)
}

/// Marks an answer that must not be sent. [`serve`] resets the connection instead.
#[derive(Clone, Copy, Debug)]
struct ResetConnection;

pub(in crate::simulator) fn reset() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(ResetConnection);
    response
}

async fn reset_if_down(
    State(simulator): State<TaxOfficeSimulator>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_switch = path == "/sim" || path.starts_with("/sim/");
    if !is_switch && simulator.is_down() {
        return reset();
    }
    next.run(request).await
}

async fn deliver(
    State(simulator): State<TaxOfficeSimulator>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (condition, wait, outcome) = {
        let mut state = simulator.state();
        let outcome = match state.condition {
            AuthorityCondition::Up | AuthorityCondition::Slow | AuthorityCondition::Trickle => {
                key_of(&headers).and_then(|key| state.answer(&kind, key, &body))
            }
            AuthorityCondition::Refuse => {
                key_of(&headers).and_then(|key| state.answer_unless_refused(&kind, key, &body))
            }
            _ => Err(state.refusal.clone()),
        };
        (state.condition, state.wait, outcome)
    };
    if condition == AuthorityCondition::Slow {
        tokio::time::sleep(wait).await;
    }
    // The condition may have changed to `down` while the body arrived or while the answer was delayed.
    if condition == AuthorityCondition::Down || simulator.is_down() {
        return reset();
    }
    let response = match (condition, outcome) {
        (AuthorityCondition::Error, _) => {
            (StatusCode::INTERNAL_SERVER_ERROR, "internal error").into_response()
        }
        (AuthorityCondition::CaptivePortal, _) => Html(PORTAL).into_response(),
        (AuthorityCondition::EmptyObject, _) => json(StatusCode::OK, &serde_json::json!({})),
        (_, Ok(answer)) => json(StatusCode::OK, &answer),
        (_, Err(message)) => refusal(&message),
    };
    if condition == AuthorityCondition::Trickle {
        trickle::byte_by_byte(response, wait).await
    } else {
        response
    }
}

/// The page of a captive portal.
const PORTAL: &str = "<!doctype html><title>Welcome</title><p>Log in to use this network.";
/// The error text of a refusal, unless `/sim/authority` has set another one.
const REFUSAL: &str = "refused by the simulator";

fn key_of(headers: &HeaderMap) -> Result<&str, String> {
    headers
        .get("Idempotency-Key")
        .and_then(|value| value.to_str().ok())
        .filter(|key| !key.is_empty() && key.len() <= KEY_LENGTH_MAX)
        .ok_or_else(|| "the header Idempotency-Key is missing".to_owned())
}

async fn condition(State(simulator): State<TaxOfficeSimulator>) -> Response {
    let state = simulator.state();
    let body = serde_json::json!({
        "state": state.condition,
        "received": state.received.len(),
        "duplicates": state.duplicates,
    });
    json(StatusCode::OK, &body)
}

async fn set_condition(State(simulator): State<TaxOfficeSimulator>, body: Bytes) -> Response {
    match Setting::read(&body) {
        Ok(setting) => {
            simulator.switch(setting);
            condition(State(simulator)).await
        }
        Err(message) => json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &serde_json::json!({ "message": message }),
        ),
    }
}

/// The query of `GET /sim/authority/received`.
#[derive(Deserialize)]
struct Filter {
    kind: Option<String>,
}

async fn received(
    State(simulator): State<TaxOfficeSimulator>,
    Query(filter): Query<Filter>,
) -> Response {
    let state = simulator.state();
    let documents: Vec<&Received> = state
        .received
        .iter()
        .filter(|document| {
            filter
                .kind
                .as_deref()
                .is_none_or(|kind| kind == document.kind)
        })
        .collect();
    json(StatusCode::OK, &documents)
}

async fn no_such_path() -> Response {
    json(
        StatusCode::NOT_FOUND,
        &serde_json::json!({"status": "error", "message": "there is no such path; send documents to /sale, /refund and so on"}),
    )
}

/// A refusal as the real authority sends it: HTTP 200 with an error in JSON.
fn refusal(message: &str) -> Response {
    json(
        StatusCode::OK,
        &serde_json::json!({"status": "error", "message": message}),
    )
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    match serde_json::to_vec(body) {
        Ok(text) => (status, [(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

const KEY_LENGTH_MAX: usize = 200;

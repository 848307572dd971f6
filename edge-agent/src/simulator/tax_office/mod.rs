//! The stand-in for the tax office's server: it keeps the office's rules, and a switch makes it as bad as a real one.
//!
//! `POST /{kind}` takes documents in the Online-ECR form; `/sim/authority` is the switch and the book of what came.
//! While the state is `down`, every request outside `/sim` ends in a TCP reset without an answer; [`serve`] does that, because
//! a handler alone cannot.

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

use crate::authority::RequestKind;
use crate::time::clock::{iso_utc, system_ms};

mod ranges;
mod rules;
mod server;
#[cfg(test)]
pub(crate) mod tests;
mod trickle;

pub use server::serve;

/// The stand-in; a clone is the same office.
#[derive(Clone, Debug)]
pub struct TaxOfficeSimulator {
    office: Arc<Locked<Office>>,
}

/// How closely documents are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// By the rules of the Online-ECR form: fields, sums, numbers, order. What breaks one is refused.
    Rules,
    /// Every JSON object of a known kind is taken.
    AnyObject,
}

/// The state the switch sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthorityCondition {
    /// Answers.
    Up,
    /// Resets every connection.
    Down,
    /// Takes the document, and answers after a while.
    Slow,
    /// Takes nothing, and says so.
    Refuse,
    /// Answers HTTP 500.
    Error,
    /// Takes the document, and sends the answer a few bytes at a time.
    #[serde(rename = "drip")]
    Trickle,
    /// Takes nothing, and answers HTTP 200 with a page for people, as the captive portal of a hotel does.
    #[serde(rename = "lie")]
    CaptivePortal,
    /// Takes nothing, and answers HTTP 200 with an object that says neither yes nor no.
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
    /// Its `Idempotency-Key`.
    pub key: String,
    /// Its kind, from the path.
    pub kind: &'static str,
    /// When it came: ISO 8601, UTC, milliseconds.
    pub at: String,
    /// What came, as it came.
    pub body: Box<RawValue>,
}

/// What the office knows.
#[derive(Debug)]
struct Office {
    strictness: Strictness,
    condition: AuthorityCondition,
    wait: Duration,
    duplicates: u64,
    received: Vec<Received>,
    /// What came under a key, to tell a second delivery from another document.
    by_key: HashMap<String, Value>,
    books: rules::Books,
    ranges: ranges::Ranges,
    /// The words of [`AuthorityCondition::Refuse`].
    refusal: String,
}

impl TaxOfficeSimulator {
    /// An office that is up and knows nothing.
    #[must_use]
    pub fn new(strictness: Strictness) -> Self {
        Self {
            office: Arc::new(Locked::new(Office {
                strictness,
                condition: AuthorityCondition::Up,
                wait: Duration::ZERO,
                duplicates: 0,
                received: Vec::new(),
                by_key: HashMap::new(),
                books: rules::Books::default(),
                ranges: ranges::Ranges::default(),
                refusal: REFUSAL.to_owned(),
            })),
        }
    }

    /// Sets the switch; `wait` is for [`AuthorityCondition::Slow`], and between two drops for [`AuthorityCondition::Trickle`].
    pub fn set(&self, condition: AuthorityCondition, wait: Duration) {
        let mut office = self.office();
        office.condition = condition;
        office.wait = wait;
    }

    fn switch(&self, setting: Setting) {
        self.set(setting.state, Duration::from_millis(setting.ms));
        let mut office = self.office();
        office.refusal = setting.message.unwrap_or_else(|| REFUSAL.to_owned());
        match setting.strict {
            Some(true) => office.strictness = Strictness::Rules,
            Some(false) => office.strictness = Strictness::AnyObject,
            None => {}
        }
    }

    /// One message under its key, as it comes over the wire, to an office that is up.
    ///
    /// # Errors
    ///
    /// The refusal's words.
    pub fn hear(&self, kind: &str, key: &str, body: &[u8]) -> Result<Value, String> {
        self.office().answer(kind, key, body)
    }

    /// The accepted documents, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.office().received.clone()
    }

    /// How often a document came again.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.office().duplicates
    }

    /// A panic in another request leaves the office's books as they were before its document.
    fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock()
    }

    fn is_down(&self) -> bool {
        self.office().condition == AuthorityCondition::Down
    }
}

impl Office {
    /// What the office says to a message under a key.
    fn answer(&mut self, kind: &str, key: &str, body: &[u8]) -> Result<Value, String> {
        if kind == "fiscal_ranges" {
            return self.ranges.grant(key, body);
        }
        let kind = RequestKind::from_name(kind)
            .ok_or_else(|| format!("there is no document kind {kind}"))?;
        self.take(kind, key, body)?;
        Ok(serde_json::json!({"status": "success", "key": key}))
    }

    /// Looks at one document that came whole; `Err` is the refusal's message.
    fn take(&mut self, kind: RequestKind, key: &str, text: &[u8]) -> Result<(), String> {
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
            self.duplicates += 1;
            return Ok(());
        }
        let device = body["identity"]["fn"].as_str().map(str::to_owned);
        let number = device.zip(body["fiscalNum"].as_u64());
        if self.strictness == Strictness::Rules {
            if let Some((device, number)) = &number
                && !self.ranges.admits(device, *number)
            {
                return Err(format!(
                    "fiscal number {number} is not reserved for the device"
                ));
            }
            self.books.enter(kind, text)?;
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

/// The office with its switch: everything the verb `authority` serves. Serve it with [`serve`], so that `down` is a reset.
pub fn router(office: TaxOfficeSimulator) -> Router {
    Router::new()
        .route("/{kind}", post(deliver))
        .fallback(no_such_path)
        .with_state(office.clone())
        .layer(middleware::from_fn_with_state(office.clone(), hang_up))
        .merge(sim_router(office))
}

/// The switch alone, `/sim/authority`, for the agent's own listener in the demo.
pub fn sim_router(office: TaxOfficeSimulator) -> Router {
    Router::new()
        .route("/sim/authority", get(condition).put(set_condition))
        .route("/sim/authority/received", get(received))
        .with_state(office)
}

/// Marks an answer that must not be sent: [`serve`] resets the connection instead.
#[derive(Clone, Copy, Debug)]
struct HangUp;

fn hung_up() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(HangUp);
    response
}

async fn hang_up(
    State(office): State<TaxOfficeSimulator>,
    request: Request,
    next: Next,
) -> Response {
    let path = request.uri().path();
    let is_switch = path == "/sim" || path.starts_with("/sim/");
    if !is_switch && office.is_down() {
        return hung_up();
    }
    next.run(request).await
}

async fn deliver(
    State(office): State<TaxOfficeSimulator>,
    Path(kind): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (condition, wait, outcome) = {
        let mut office = office.office();
        let outcome = match office.condition {
            AuthorityCondition::Up | AuthorityCondition::Slow | AuthorityCondition::Trickle => {
                key_of(&headers).and_then(|key| office.answer(&kind, key, &body))
            }
            _ => Err(office.refusal.clone()),
        };
        (office.condition, office.wait, outcome)
    };
    if condition == AuthorityCondition::Slow {
        tokio::time::sleep(wait).await;
    }
    // The switch may have been thrown while the body came or the answer waited.
    if condition == AuthorityCondition::Down || office.is_down() {
        return hung_up();
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
        trickle::drop_by_drop(response, wait).await
    } else {
        response
    }
}

/// What a portal says to whoever wants something else.
const PORTAL: &str = "<!doctype html><title>Welcome</title><p>Log in to use this network.";
/// The words of a refusal unless the switch gives others.
const REFUSAL: &str = "refused by the simulator";

fn key_of(headers: &HeaderMap) -> Result<&str, String> {
    headers
        .get("Idempotency-Key")
        .and_then(|value| value.to_str().ok())
        .filter(|key| !key.is_empty() && key.len() <= KEY_LENGTH_MAX)
        .ok_or_else(|| "the header Idempotency-Key is missing".to_owned())
}

async fn condition(State(office): State<TaxOfficeSimulator>) -> Response {
    let office = office.office();
    let body = serde_json::json!({
        "state": office.condition,
        "received": office.received.len(),
        "duplicates": office.duplicates,
    });
    json(StatusCode::OK, &body)
}

/// The body of `PUT /sim/authority`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Setting {
    state: AuthorityCondition,
    #[serde(default)]
    ms: u64,
    /// The words of `refuse`.
    message: Option<String>,
    /// Holds documents to the rules of the form from here on, or takes every object.
    strict: Option<bool>,
}

async fn set_condition(State(office): State<TaxOfficeSimulator>, body: Bytes) -> Response {
    match serde_json::from_slice::<Setting>(&body) {
        Ok(setting) => {
            office.switch(setting);
            condition(State(office)).await
        }
        Err(error) => json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &serde_json::json!({
                "message": format!(
                    "the switch was not understood: {error}; send {{\"state\":\"up|down|slow|refuse|error|drip|lie|hollow\",\"ms\":0}}"
                )
            }),
        ),
    }
}

/// The query of `GET /sim/authority/received`.
#[derive(Deserialize)]
struct Filter {
    kind: Option<String>,
}

async fn received(
    State(office): State<TaxOfficeSimulator>,
    Query(filter): Query<Filter>,
) -> Response {
    let office = office.office();
    let documents: Vec<&Received> = office
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
        &serde_json::json!({"status": "error", "message": "no such path; post to /sale and the like"}),
    )
}

/// The office says no the way it does: HTTP 200 and a parseable error.
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

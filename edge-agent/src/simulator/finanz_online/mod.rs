//! The simulated FinanzOnline: sessions and the web service for cash registers, as strict as the real one.
//!
//! A request that is not of the form of the schema is a fault with status 500. `/sim/finanzonline` shows what is registered, and switches
//! the service off, makes it slow, has it show a page about maintenance, lose its answers, or give a return code.
//!
//! The first login of a participant says what its PIN is; another PIN is wrong, and five wrong ones lock the user.

mod books;
mod form;
mod requests;
mod soap;
mod switch;

use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};

use super::tax_office::reset;
use crate::locked::Locked;
use crate::time::clock::Clock;
use books::Books;
use switch::{FinanzOnlineCondition, FinanzOnlineSetting};

/// The simulated service. Clones share the same state.
#[derive(Clone, Debug)]
pub struct FinanzOnlineSimulator {
    state: Arc<Locked<ServiceState>>,
    clock: Arc<Clock>,
}

/// What the service keeps in memory.
#[derive(Debug, Default)]
struct ServiceState {
    condition: FinanzOnlineCondition,
    wait: Duration,
    /// How many requests come before the condition begins.
    after: u32,
    /// For how many more requests the condition lasts; `None` for ever.
    left: Option<u32>,
    /// The code of each answer about a cash register, in the condition [`FinanzOnlineCondition::Code`].
    code: String,
    users: BTreeMap<(String, String), ServiceAccount>,
    /// Sessions, each with its user.
    sessions: BTreeMap<String, (String, String)>,
    sessions_begun: u64,
    /// What each participant has registered, for real and for tests.
    books: BTreeMap<(String, bool), Books>,
    /// What was asked for and answered, in its order.
    calls: Vec<String>,
}

/// A user of the service.
#[derive(Debug)]
struct ServiceAccount {
    pin: String,
    wrong_pins: u32,
}

/// After this many wrong PINs a user is locked.
const WRONG_PINS_MAX: u32 = 5;
/// The newest calls are shown.
const CALLS_MAX: usize = 10_000;

impl FinanzOnlineSimulator {
    /// A service that works and knows nothing.
    #[must_use]
    pub fn new(clock: Arc<Clock>) -> Self {
        Self {
            state: Arc::new(Locked::new(ServiceState::default())),
            clock,
        }
    }

    fn state(&self) -> MutexGuard<'_, ServiceState> {
        self.state.lock()
    }

    /// Changes the condition as `PUT /sim/finanzonline` does.
    ///
    /// # Errors
    ///
    /// What is wrong with the body.
    pub fn switch(&self, body: &str) -> Result<(), String> {
        let setting = FinanzOnlineSetting::read(body.as_bytes())?;
        self.state().switch(setting);
        Ok(())
    }

    /// What is registered, as `GET /sim/finanzonline` shows it.
    #[must_use]
    pub fn shown(&self) -> Value {
        let state = self.state();
        let mut units = Vec::new();
        let mut registers = Vec::new();
        for books in state.books.values() {
            for (serial, known) in books.units() {
                units.push(json!({"serial": serial, "state": known.name()}));
            }
            for (id, known, checked) in books.cash_boxes() {
                registers.push(json!({"id": id, "state": known.name(), "checked": checked}));
            }
        }
        json!({
            "state": state.condition.name(),
            "units": units,
            "registers": registers,
            "calls": state.calls,
        })
    }

    /// Answers a request as if the service were up.
    fn answer(&self, path: &str, action: &str, body: &[u8]) -> (StatusCode, String) {
        let now_ms = self.clock.now().utc_ms;
        self.state().answer((path, action), body, now_ms)
    }
}

impl ServiceState {
    fn switch(&mut self, setting: FinanzOnlineSetting) {
        if setting.state == FinanzOnlineCondition::ExpireSession {
            // It happens once: sessions that begin later are not touched.
            self.sessions.clear();
            self.condition = FinanzOnlineCondition::Up;
            return;
        }
        self.condition = setting.state;
        self.wait = Duration::from_millis(setting.ms);
        self.after = setting.after;
        self.left = setting.times;
        self.code = setting.code;
    }

    /// The condition for the next request.
    fn next_condition(&mut self) -> (FinanzOnlineCondition, Duration) {
        if self.after > 0 {
            self.after = self.after.saturating_sub(1);
            return (FinanzOnlineCondition::Up, Duration::ZERO);
        }
        let now = (self.condition, self.wait);
        if let Some(left) = &mut self.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.condition = FinanzOnlineCondition::Up;
                self.left = None;
            }
        }
        now
    }

    fn note(&mut self, call: String) {
        if self.calls.len() < CALLS_MAX {
            self.calls.push(call);
        }
    }
}

/// The routes of the service and its switches. [`serve_router`](super::tax_office::serve_router) must serve them, so that `down` is a reset.
pub fn router(simulator: FinanzOnlineSimulator) -> Router {
    let services = Router::new()
        .route("/fonws/ws/{service}", post(handle))
        .with_state(simulator.clone());
    services.merge(sim_router(simulator))
}

/// The path of the services below the address of the server.
pub const SERVICES: &str = "/fonws/ws";

/// The switches alone, for the agent's own listener in the demo.
pub fn sim_router(simulator: FinanzOnlineSimulator) -> Router {
    Router::new()
        .route("/sim/finanzonline", get(show).put(set))
        .with_state(simulator)
}

async fn show(State(simulator): State<FinanzOnlineSimulator>) -> Response {
    answer_json(StatusCode::OK, &simulator.shown())
}

async fn set(State(simulator): State<FinanzOnlineSimulator>, body: Bytes) -> Response {
    match FinanzOnlineSetting::read(&body) {
        Ok(setting) => {
            simulator.state().switch(setting);
            show(State(simulator)).await
        }
        Err(message) => answer_json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({ "message": message }),
        ),
    }
}

fn answer_json(status: StatusCode, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body.to_string()).into_response()
}

async fn handle(
    State(simulator): State<FinanzOnlineSimulator>,
    Path(service): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (condition, wait) = simulator.state().next_condition();
    match condition {
        FinanzOnlineCondition::Down => return reset(),
        FinanzOnlineCondition::Html => return Html(MAINTENANCE).into_response(),
        _ => {}
    }
    let header_text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value
            .unwrap_or_default()
            .trim()
            .trim_matches('"')
            .to_owned()
    };
    let action = header_text("SOAPAction");
    let kind = header_text("Content-Type");
    let (status, answer) = match condition {
        FinanzOnlineCondition::Code if action == "rkdb" => {
            let code = simulator.state().code.clone();
            (StatusCode::OK, soap::only_code(&code))
        }
        _ if !kind.starts_with("text/xml") => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the content must be text/xml".to_owned(),
        ),
        _ => simulator.answer(&service, &action, &body),
    };
    if condition == FinanzOnlineCondition::Slow {
        tokio::time::sleep(wait).await;
    }
    if condition == FinanzOnlineCondition::LoseAnswer {
        return reset();
    }
    let kind = [(header::CONTENT_TYPE, "text/xml; charset=utf-8")];
    (status, kind, answer).into_response()
}

/// What the service shows during maintenance.
const MAINTENANCE: &str = "<!DOCTYPE html><html><head><title>FinanzOnline</title></head><body><h1>Wartungsarbeiten</h1></body></html>";

#[cfg(test)]
mod tests;

//! A simulated signature service (docs/protocols/signature-service.md): strict, and it fails on command.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_rksv::{SoftwareUnit, UnitFault};
use serde_json::{Value, json};

use super::tax_office::reset;
use crate::locked::Locked;

/// The name of the only key.
pub const KEY: &str = "kasse-1";
/// The provider of the certificate: the fictitious one of the official test suites.
const PROVIDER: u16 = 100;
/// The path of the service below the address of the server.
pub const SERVICE: &str = "/signature-service";

/// The simulated service. Clones share the same state.
#[derive(Clone, Debug)]
pub struct SignatureServiceSimulator {
    state: Arc<Locked<ServiceState>>,
    unit: Arc<SoftwareUnit>,
    other: Arc<SoftwareUnit>,
}

#[derive(Debug, Default)]
struct ServiceState {
    condition: Condition,
    wait: Duration,
    code: u16,
    left: Option<u64>,
    token: Option<String>,
    signatures: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Condition {
    #[default]
    Up,
    Down,
    Slow,
    Status,
    NoJson,
    WrongSignature,
    OtherKey,
}

const CONDITIONS: [(&str, Condition); 7] = [
    ("up", Condition::Up),
    ("down", Condition::Down),
    ("slow", Condition::Slow),
    ("status", Condition::Status),
    ("no_json", Condition::NoJson),
    ("wrong_signature", Condition::WrongSignature),
    ("other_key", Condition::OtherKey),
];

impl SignatureServiceSimulator {
    /// A service with a new key.
    ///
    /// # Errors
    ///
    /// [`UnitFault::Library`] if the system has no random numbers.
    pub fn new() -> Result<Self, UnitFault> {
        let unit = || SoftwareUnit::with_certificate(PROVIDER, &SoftwareUnit::new_key()?);
        Ok(Self {
            state: Arc::default(),
            unit: Arc::new(unit()?),
            other: Arc::new(unit()?),
        })
    }

    fn shown(&self) -> Value {
        let state = self.state.lock();
        let found = CONDITIONS
            .iter()
            .find(|(_, known)| *known == state.condition);
        json!({
            "state": found.map_or("up", |(name, _)| name),
            "key": KEY,
            "certificate": STANDARD.encode(self.unit.key().to_der()),
            "signatures": state.signatures,
        })
    }

    /// Changes the condition.
    fn switch(&self, body: &[u8]) -> Result<(), String> {
        let Ok(Value::Object(fields)) = serde_json::from_slice(body) else {
            return Err("body: is no JSON object; send {\"state\":\"down\"}".to_owned());
        };
        let mut faults: Vec<String> = fields
            .keys()
            .filter(|name| !FIELDS.contains(&name.as_str()))
            .map(|name| {
                format!(
                    "{name}: is no field here; the fields are {}",
                    FIELDS.join(", ")
                )
            })
            .collect();
        let given = fields.get("state").and_then(Value::as_str).unwrap_or("");
        let found = CONDITIONS.iter().find(|(name, _)| *name == given);
        if found.is_none() {
            let names = CONDITIONS.map(|(name, _)| name).join(", ");
            faults.push(format!("state: must be one of {names}"));
        }
        let mut number = |name: &str| {
            let given = fields.get(name)?;
            let read = given.as_u64();
            if read.is_none() {
                faults.push(format!("{name}: must be a whole number from 0"));
            }
            read
        };
        let (ms, code, times) = (number("ms"), number("code"), number("times"));
        let Some((_, condition)) = found.filter(|_| faults.is_empty()) else {
            return Err(faults.join("\n"));
        };
        let mut state = self.state.lock();
        state.condition = *condition;
        state.wait = Duration::from_millis(ms.unwrap_or(SLOW_MS));
        state.code = code
            .and_then(|code| u16::try_from(code).ok())
            .unwrap_or(503);
        state.left = times;
        if let Some(token) = fields.get("token") {
            state.token = token.as_str().map(str::to_owned);
        }
        Ok(())
    }

    /// The condition for the next call.
    fn next(&self) -> (Condition, Duration, u16) {
        let mut state = self.state.lock();
        let now = (state.condition, state.wait, state.code);
        if let Some(left) = &mut state.left {
            *left = left.saturating_sub(1);
            if *left == 0 {
                state.condition = Condition::Up;
                state.left = None;
            }
        }
        now
    }

    /// The answer to a call that is let in.
    fn answer(&self, operation: &str, body: &[u8], condition: Condition) -> (StatusCode, Value) {
        let faulty = |says: &str| (StatusCode::BAD_REQUEST, json!({ "error": says }));
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return faulty("the body is no JSON object");
        };
        let members: &[&str] = match operation {
            "sign" => &["algorithm", "data", "key"],
            "public" => &["key"],
            _ => {
                return (
                    StatusCode::NOT_FOUND,
                    json!({ "error": "no such operation" }),
                );
            }
        };
        let text = |name: &str| body.get(name).and_then(Value::as_str);
        if body.len() != members.len() || !members.iter().all(|name| text(name).is_some()) {
            return faulty("the body has other members");
        }
        if text("key") != Some(KEY) {
            return (StatusCode::NOT_FOUND, json!({ "error": "no such key" }));
        }
        let unit = match condition {
            Condition::OtherKey => &self.other,
            _ => &self.unit,
        };
        if operation == "public" {
            let certificate = STANDARD.encode(unit.key().to_der());
            return (StatusCode::OK, json!({ "certificate": certificate }));
        }
        if text("algorithm") != Some("ES256") {
            return faulty("algorithm must be ES256");
        }
        let data = text("data").and_then(|data| STANDARD.decode(data).ok());
        let Some(data) = data.filter(|data| data.contains(&b'.')) else {
            return faulty("data is not the Base64 of a signing input");
        };
        let Ok(mut signature) = unit.sign_text(&data) else {
            return (
                StatusCode::INTERNAL_SERVER_ERROR,
                json!({ "error": "no signature" }),
            );
        };
        if condition == Condition::WrongSignature {
            signature.reverse();
        }
        let mut state = self.state.lock();
        state.signatures = state.signatures.saturating_add(1);
        (
            StatusCode::OK,
            json!({ "signature": STANDARD.encode(signature) }),
        )
    }
}

const FIELDS: [&str; 5] = ["state", "ms", "code", "times", "token"];
/// The delay of `slow` if none is given, in milliseconds.
const SLOW_MS: u64 = 5_000;

/// The routes of the service and its switches.
pub fn router(simulator: SignatureServiceSimulator) -> Router {
    Router::new()
        .route("/signature-service/{operation}", post(handle))
        .route("/sim/signature_service", get(show).put(set))
        .with_state(simulator)
}

async fn show(State(simulator): State<SignatureServiceSimulator>) -> Response {
    answer_json(StatusCode::OK, &simulator.shown())
}

async fn set(State(simulator): State<SignatureServiceSimulator>, body: Bytes) -> Response {
    match simulator.switch(&body) {
        Ok(()) => show(State(simulator)).await,
        Err(message) => answer_json(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({ "message": message }),
        ),
    }
}

async fn handle(
    State(simulator): State<SignatureServiceSimulator>,
    Path(operation): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (condition, wait, code) = simulator.next();
    match condition {
        Condition::Down => return reset(),
        Condition::Status => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
            return answer_json(status, &json!({ "error": "as it was switched" }));
        }
        Condition::NoJson => return "<html>".into_response(),
        Condition::Slow => tokio::time::sleep(wait).await,
        _ => {}
    }
    let header_text = |name: header::HeaderName| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let token = simulator.state.lock().token.clone();
    let given = header_text(header::AUTHORIZATION);
    if token.is_some_and(|token| given != format!("Bearer {token}")) {
        return answer_json(
            StatusCode::UNAUTHORIZED,
            &json!({ "error": "wrong secret" }),
        );
    }
    if header_text(header::CONTENT_TYPE) != "application/json" {
        let says = json!({ "error": "the content must be application/json" });
        return answer_json(StatusCode::BAD_REQUEST, &says);
    }
    let (status, answer) = simulator.answer(&operation, &body, condition);
    answer_json(status, &answer)
}

fn answer_json(status: StatusCode, body: &Value) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    (status, kind, body.to_string()).into_response()
}

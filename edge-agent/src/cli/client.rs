//! A client of the agent's API that signs its requests as any other client does; `demo` and `settle` use it.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::api::json::JsonValue;
use crate::config::Secret;
use crate::hmac::signature_of;
use crate::time::clock::Clock;

/// A client of one agent.
#[derive(Debug)]
pub(super) struct Client {
    agent: ureq::Agent,
    url: String,
    key: String,
    secret: Secret,
    device: Option<Uuid>,
    clock: Arc<Clock>,
}

/// An answer of the agent.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) state: String,
    pub(super) body: JsonValue,
}

/// The longest wait for an answer of the agent, the faults of a printer included.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

impl Client {
    pub(super) fn new(
        url: String,
        key: &str,
        secret: Secret,
        device: Option<Uuid>,
        clock: Arc<Clock>,
    ) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(ANSWER_TIMEOUT))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        Self {
            agent,
            url,
            key: key.to_owned(),
            secret,
            device,
            clock,
        }
    }

    pub(super) fn post(&self, operation: &str, body: &str) -> anyhow::Result<Reply> {
        self.call("POST", operation, Some(body))
    }

    pub(super) fn get(&self, operation: &str) -> anyhow::Result<Reply> {
        self.call("GET", operation, None)
    }

    /// GET of a route of the agent's own API, which needs no signature.
    pub(super) fn open(&self, path: &str) -> anyhow::Result<JsonValue> {
        let mut response = self.agent.get(format!("{}{path}", self.url)).call()?;
        parse(&response.body_mut().read_to_vec()?)
    }

    /// POST to a route of the agent's own API, which needs a signature. If there is no complete answer, the error is a [`ureq::Error`].
    pub(super) fn post_own(&self, path: &str, body: &str) -> anyhow::Result<Reply> {
        self.signed("POST", path, Some(body))
    }

    fn call(&self, method: &str, operation: &str, body: Option<&str>) -> anyhow::Result<Reply> {
        self.signed(method, &format!("/api/v1/{operation}"), body)
    }

    fn signed(&self, method: &str, path: &str, body: Option<&str>) -> anyhow::Result<Reply> {
        let timestamp = self.clock.now().utc_ms.to_string();
        let device = self.device.map(|device| device.to_string());
        let signed = [
            device.as_deref().unwrap_or_default(),
            &timestamp,
            method,
            path,
            body.unwrap_or_default(),
        ]
        .map(str::as_bytes);
        let signature = signature_of(self.secret.as_bytes(), &signed);
        let url = format!("{}{path}", self.url);
        let mut headers = vec![
            ("Api-Key", &self.key),
            ("Api-Timestamp", &timestamp),
            ("Api-Signature", &signature),
        ];
        headers.extend(device.as_ref().map(|device| ("Api-DeviceId", device)));
        let mut response = match body {
            Some(body) => {
                let request = self
                    .agent
                    .post(url)
                    .header("Content-Type", "application/json");
                headers
                    .iter()
                    .fold(request, |request, (name, value)| {
                        request.header(*name, *value)
                    })
                    .send(body)?
            }
            None => {
                let request = self.agent.get(url);
                headers
                    .iter()
                    .fold(request, |request, (name, value)| {
                        request.header(*name, *value)
                    })
                    .call()?
            }
        };
        let state = response
            .headers()
            .get("X-Fiscal-State")
            .and_then(|state| state.to_str().ok())
            .unwrap_or_default();
        Ok(Reply {
            status: response.status().as_u16(),
            state: state.to_owned(),
            body: parse(&response.body_mut().read_to_vec()?)?,
        })
    }
}

fn parse(body: &[u8]) -> anyhow::Result<JsonValue> {
    JsonValue::parse(body).map_err(anyhow::Error::msg)
}

impl JsonValue {
    /// A value by its path of names: `data.fiscalReceipt.totalAmount`.
    pub(super) fn path(&self, path: &str) -> Option<&Self> {
        path.split('.')
            .try_fold(self, |node, name| match name.parse::<usize>() {
                Ok(index) => node.at(index),
                Err(_) => node.get(name),
            })
    }

    /// The text of a string or a number; empty for any other value.
    pub(super) fn scalar(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            _ => "",
        }
    }
}

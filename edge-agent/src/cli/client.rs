//! A client of the agent's API that signs its requests as any other client does; `demo`, `x`, `z`, `settle`, `clock` and `api` use it.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use ureq::Body;
use ureq::http::{Request, Response};
use uuid::Uuid;

use super::{CliFailure, Exit};

use crate::api::json::JsonValue;
use crate::config::{Config, Permission, Secret};
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

/// The longest wait for an answer that the agent has ready.
const QUICK_TIMEOUT: Duration = Duration::from_secs(4);

fn agent_of(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .new_agent()
}

impl Client {
    /// Calls an operation of an API that has no signatures, and returns the JSON of its answer.
    pub(super) fn unsigned(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> anyhow::Result<JsonValue> {
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        let request = request.body(body.unwrap_or_default().to_owned())?;
        let mut response = self.agent.run(request)?;
        parse(&response.body_mut().read_to_vec()?)
    }

    pub(super) fn new(
        url: String,
        key: &str,
        secret: Secret,
        device: Option<Uuid>,
        clock: Arc<Clock>,
    ) -> Self {
        Self {
            agent: agent_of(ANSWER_TIMEOUT),
            url,
            key: key.to_owned(),
            secret,
            device,
            clock,
        }
    }

    /// A client that signs as the first one of a configuration that may do this, for requests without a device.
    pub(super) fn of_config(
        config: &Config,
        needed: Permission,
        url: String,
        clock: Arc<Clock>,
    ) -> Result<Self, CliFailure> {
        let mut clients = config.api.clients.iter();
        let caller = clients.find(|client| client.permissions.contains(&needed));
        let caller = caller.cloned().ok_or_else(|| {
            let text = anyhow!(
                "no client of the configuration has the permission {needed:?}; write this line into one of [[api.clients]], and start the \
                 agent again: permissions = [{had}, {needed:?}]",
                needed = needed.name(),
                had = permissions_of_first(config),
            );
            CliFailure::new(Exit::Permission, text).named("PermissionMissing")
        })?;
        Ok(Self::new(url, &caller.key, caller.secret, None, clock))
    }

    /// The same client for questions that are answered at once: it waits four seconds.
    pub(super) fn hurried(self) -> Self {
        Self {
            agent: agent_of(QUICK_TIMEOUT),
            ..self
        }
    }

    /// The same client for operations on a device.
    pub(super) fn on(self, device: Option<Uuid>) -> Self {
        Self { device, ..self }
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

    /// GET from a route that answers with a line of text, with its status.
    pub(super) fn line(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let mut response = self.agent.get(format!("{}{path}", self.url)).call()?;
        let text = response.body_mut().read_to_string()?;
        Ok((response.status().as_u16(), text.trim().to_owned()))
    }

    /// GET from a route of the agent's own API that needs no signature, with its status.
    pub(super) fn look(&self, path: &str) -> anyhow::Result<Reply> {
        reply_of(self.agent.get(format!("{}{path}", self.url)).call()?)
    }

    /// POST to a route of the agent's own API, which needs a signature. If there is no complete answer, the error is a [`ureq::Error`].
    pub(super) fn post_own(&self, path: &str, body: &str) -> anyhow::Result<Reply> {
        self.signed("POST", path, Some(body))
    }

    fn call(&self, method: &str, operation: &str, body: Option<&str>) -> anyhow::Result<Reply> {
        let reply = self.signed(method, &format!("/api/v1/{operation}"), body)?;
        Ok(Reply {
            body: reply.body.with_additional_data(),
            ..reply
        })
    }

    fn signed(&self, method: &str, path: &str, body: Option<&str>) -> anyhow::Result<Reply> {
        let signed = self.sign(method, path, body.unwrap_or_default().as_bytes());
        reply_of(self.send(&signed, body.map(str::as_bytes))?)
    }

    /// Signs a call of this moment. `path` begins with a slash and has the query, if there is one.
    pub(super) fn sign(&self, method: &str, path: &str, body: &[u8]) -> SignedCall {
        let timestamp = self.clock.now().utc_ms.to_string();
        let device = self.device.map(|device| device.to_string());
        let head = [
            device.as_deref().unwrap_or_default(),
            &timestamp,
            method,
            path,
        ]
        .concat();
        let signature = signature_of(self.secret.as_bytes(), &[head.as_bytes(), body]);
        let mut headers = vec![("Api-Key", self.key.clone())];
        headers.extend(device.map(|device| ("Api-DeviceId", device)));
        headers.push(("Api-Timestamp", timestamp));
        headers.push(("Api-Signature", signature));
        SignedCall {
            method: method.to_owned(),
            url: format!("{}{path}", self.url),
            headers,
        }
    }

    /// Sends a signed call with the body that was signed.
    pub(super) fn send(
        &self,
        call: &SignedCall,
        body: Option<&[u8]>,
    ) -> anyhow::Result<Response<Body>> {
        let request = Request::builder()
            .method(call.method.as_str())
            .uri(&call.url);
        let request = call.headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, value)
        });
        Ok(match body {
            Some(body) => {
                let request = request.header("Content-Type", "application/json");
                self.agent.run(request.body(body)?)?
            }
            None => self.agent.run(request.body(())?)?,
        })
    }
}

/// A call with the headers of its signature.
#[derive(Debug)]
pub(super) struct SignedCall {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(&'static str, String)>,
}

fn parse(body: &[u8]) -> anyhow::Result<JsonValue> {
    JsonValue::parse(body).map_err(anyhow::Error::msg)
}

impl JsonValue {
    /// The same value, with the JSON that the text of each `additionalData` holds in place of the text.
    fn with_additional_data(self) -> Self {
        let text = |value: Self| match value {
            Self::Text(text) => Self::parse(text.as_bytes()).unwrap_or(Self::Text(text)),
            other => other,
        };
        match self {
            Self::Object(members) => {
                let members = members.into_iter().map(|(name, value)| {
                    let value = match &*name {
                        "additionalData" => text(value),
                        _ => value.with_additional_data(),
                    };
                    (name, value)
                });
                Self::Object(members.collect())
            }
            Self::Array(items) => {
                Self::Array(items.into_iter().map(Self::with_additional_data).collect())
            }
            other => other,
        }
    }
}

/// Status, state and body of an answer.
fn reply_of(mut response: Response<Body>) -> anyhow::Result<Reply> {
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

/// The URL of the agent, as its own machine reaches it.
pub(super) fn url_of(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

/// The exit code of an answer that refuses what an operator has asked for.
pub(super) fn exit_of(status: u16, error: &str) -> Exit {
    match (status, error) {
        (400, _) => Exit::Usage,
        (403, "PermissionMissing") => Exit::Permission,
        (401 | 403, _) => Exit::Configuration,
        (404 | 409, _) => Exit::Refused,
        // What was asked for may still happen.
        (422 | 429, _) | (503, "BooksUnwritable" | "Stopping" | "Busy") => Exit::Unknown,
        _ => Exit::Failed,
    }
}

/// The error when no agent answered, or when its answer did not arrive complete.
/// `again` says whether the request may be sent again.
pub(super) fn no_answer(url: &str, error: anyhow::Error, again: &str) -> CliFailure {
    let (code, name, text) = match error.downcast_ref() {
        Some(ureq::Error::Io(source)) if source.kind() == ErrorKind::ConnectionRefused => (
            Exit::NotRunning,
            "AgentNotRunning",
            format!("no agent answers at {url}; start it, or give its address with --listen"),
        ),
        Some(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound) => (
            Exit::NotRunning,
            "AgentNotRunning",
            format!("no agent can be reached at {url}; give its address with --listen"),
        ),
        Some(_) => (
            Exit::Unknown,
            "OutcomeUnknown",
            format!("the answer of the agent at {url} did not arrive; {again}"),
        ),
        None => (
            Exit::Failed,
            "NotAnAgent",
            format!(
                "the program that answers at {url} is no agent; give the agent's address with --listen"
            ),
        ),
    };
    CliFailure::new(code, error.context(text)).named(name)
}

/// The permissions of the first client, as the configuration has them.
fn permissions_of_first(config: &Config) -> String {
    let first = config.api.clients.first();
    let permissions = first.map_or(&[][..], |client| &client.permissions);
    let names: Vec<String> = permissions
        .iter()
        .map(|permission| format!("{:?}", permission.name()))
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_listen_address_becomes_loopback() {
        for (listen, url) in [
            ("127.0.0.1:50700", "http://127.0.0.1:50700"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
            ("192.0.2.7:80", "http://192.0.2.7:80"),
        ] {
            assert_eq!(url_of(listen.parse().unwrap()), url);
        }
    }

    #[test]
    fn each_answer_has_its_exit_code() {
        for (status, error, code) in [
            (400, "Missing", Exit::Usage),
            (401, "UnknownApiKey", Exit::Configuration),
            (403, "HostNotAllowed", Exit::Configuration),
            (403, "PermissionMissing", Exit::Permission),
            (404, "UnknownId", Exit::Refused),
            (409, "AlreadySettled", Exit::Refused),
            (422, "PrinterCanStillSay", Exit::Unknown),
            (422, "OutcomeUnknown", Exit::Unknown),
            (503, "BooksUnwritable", Exit::Unknown),
            (503, "BooksUnreadable", Exit::Failed),
            (500, "", Exit::Failed),
        ] {
            assert_eq!(exit_of(status, error), code, "{status} {error}");
        }
    }
}

//! A fiscal module behind the HTTP API of its device. Each call is sent once, over a connection of its own.

use std::fmt;
use std::io;
use std::time::Duration;

use serde_json::Value;

use super::{CallFault, FiscalModule, ModuleCall, ModuleError, Operation};

/// A FiscalBox device in the network of the shop.
#[derive(Debug)]
pub struct HttpModule {
    url: String,
    line: Box<dyn DeviceLine>,
    timeout: Duration,
}

/// One request to a device.
#[derive(Clone, Copy, Debug)]
pub struct DeviceRequest<'r> {
    /// The path below the address of the device.
    pub path: &'r str,
    /// The parameters of the query, by name.
    pub query: &'r [(String, String)],
    /// The body, which is JSON; `None` for a GET request.
    pub body: Option<&'r str>,
    /// How long the answer is waited for.
    pub timeout: Duration,
}

/// What carries requests to a device and its answers back.
pub trait DeviceLine: Send + Sync + fmt::Debug {
    /// Sends a request once, and returns the body of its answer.
    ///
    /// # Errors
    ///
    /// Whether the request was sent.
    fn exchange(&self, request: &DeviceRequest<'_>) -> Result<Vec<u8>, CallFault>;
}

/// The network.
#[derive(Debug)]
struct NetworkLine {
    url: String,
    agent: ureq::Agent,
}

/// How long an answer of a payment provider is waited for.
const PROVIDER_TIMEOUT: Duration = Duration::from_secs(150);

/// The longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 4 * 1_024 * 1_024;

impl HttpModule {
    /// The device at an address such as `http://192.168.0.10:8080`. `timeout` limits each call.
    #[must_use]
    pub fn new(url: &str, timeout: Duration) -> Self {
        Self::over(url, timeout, Self::network(url))
    }

    /// The network to the device at an address.
    #[must_use]
    pub fn network(url: &str) -> Box<dyn DeviceLine> {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .proxy(None)
            .build()
            .new_agent();
        let url = url.trim_end_matches('/').to_owned();
        Box::new(NetworkLine { url, agent })
    }

    /// The device behind a line of a simulation.
    #[must_use]
    pub fn behind(line: Box<dyn DeviceLine>) -> Self {
        Self::over("http://device", PROVIDER_TIMEOUT, line)
    }

    /// The device at an address, behind a line that carries the requests there.
    #[must_use]
    pub fn over(url: &str, timeout: Duration, line: Box<dyn DeviceLine>) -> Self {
        let url = url.trim_end_matches('/').to_owned();
        Self { url, line, timeout }
    }

    fn send(&self, call: &ModuleCall) -> Result<Vec<u8>, CallFault> {
        let body = call.operation.has_body().then(|| call.body.to_string());
        self.line.exchange(&DeviceRequest {
            path: &format!("/{}/", call.operation.path()),
            query: &call.query,
            body: body.as_deref(),
            timeout: match call.operation {
                // A buyer takes a while, and a status is answered when the buyer has paid.
                Operation::Provider(_) => PROVIDER_TIMEOUT,
                _ => self.timeout,
            },
        })
    }
}

impl NetworkLine {
    fn send(&self, request: &DeviceRequest<'_>) -> Result<Vec<u8>, ureq::Error> {
        let url = format!("{}{}", self.url, request.path);
        let query = || request.query.iter().map(|(name, value)| (name, value));
        let timeout = Some(request.timeout);
        let response = match request.body {
            Some(body) => self
                .agent
                .post(&url)
                .config()
                .timeout_global(timeout)
                .build()
                .query_pairs(query())
                .header("Content-Type", "application/json; charset=UTF-8")
                .send(body.as_bytes()),
            None => self
                .agent
                .get(&url)
                .config()
                .timeout_global(timeout)
                .build()
                .query_pairs(query())
                .call(),
        };
        let mut response = response?;
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        body.read_to_vec()
    }
}

impl DeviceLine for NetworkLine {
    fn exchange(&self, request: &DeviceRequest<'_>) -> Result<Vec<u8>, CallFault> {
        self.send(request).map_err(|error| match error {
            error if was_not_sent(&error) => CallFault::NotSent(error.to_string()),
            error => CallFault::Lost(error.to_string()),
        })
    }
}

impl FiscalModule for HttpModule {
    fn call(&self, call: &ModuleCall) -> Result<Value, CallFault> {
        let body = self.send(call)?;
        match call.operation {
            // The answer about marking codes is no envelope of the API.
            Operation::Marking => {
                serde_json::from_slice(&body).map_err(|error| CallFault::Lost(error.to_string()))
            }
            _ => read_answer(&body),
        }
    }

    fn address(&self) -> String {
        self.url.clone()
    }

    fn family(&self) -> &'static str {
        "fiscalbox"
    }
}

/// True if no byte of the call has reached the device.
fn was_not_sent(error: &ureq::Error) -> bool {
    match error {
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::BadUri(_) => true,
        ureq::Error::Timeout(timeout) => {
            matches!(timeout, ureq::Timeout::Connect | ureq::Timeout::Resolve)
        }
        ureq::Error::Io(error) => error.kind() == io::ErrorKind::ConnectionRefused,
        _ => false,
    }
}

/// Reads an answer in any of its forms: the plain envelope, the envelope inside `result`, and the envelope whose error has the code 0.
///
/// An answer that is no envelope proves nothing: the call counts as lost.
fn read_answer(body: &[u8]) -> Result<Value, CallFault> {
    let unreadable =
        || CallFault::Lost("the device answered something that is no envelope".to_owned());
    let mut answer: Value = serde_json::from_slice(body).map_err(|_| unreadable())?;
    if let Some(inner) = answer.get_mut("result").filter(|inner| inner.is_object()) {
        answer = inner.take();
    }
    let error = answer.get("error").filter(|error| error.is_object());
    if let Some(error) = error {
        let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
        if code != 0 {
            let text = |name: &str| error.get(name).and_then(Value::as_str).map(str::to_owned);
            return Err(CallFault::Refused(ModuleError {
                code,
                message: text("message").unwrap_or_default(),
                data: text("data"),
            }));
        }
    } else if answer.get("is_success").and_then(Value::as_bool).is_none() {
        return Err(unreadable());
    }
    Ok(answer.get_mut("data").map(Value::take).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::{CallFault, ModuleError, read_answer};
    use serde_json::json;

    #[test]
    fn every_form_of_an_envelope_is_read() {
        let read = |text: &str| read_answer(text.as_bytes());
        let data = json!({ "number": 1 });
        for text in [
            r#"{"data":{"number":1},"error":null,"is_success":true}"#,
            r#"{"result":{"data":{"number":1},"error":null,"is_success":true}}"#,
            r#"{"data":{"number":1},"error":{"code":0,"message":"","data":null},"is_success":true}"#,
            // The status of a declined payment.
            r#"{"data":{"number":1},"error":null,"is_success":false}"#,
        ] {
            assert_eq!(read(text), Ok(data.clone()), "{text}");
        }
        let refused = r#"{"data":null,"error":{"code":36909,"message":"ERROR_ZREPORT_IS_NOT_OPEN","data":"x"},"is_success":false}"#;
        let error = ModuleError {
            data: Some("x".to_owned()),
            ..ModuleError::new(36_909, "ERROR_ZREPORT_IS_NOT_OPEN")
        };
        assert_eq!(read(refused), Err(CallFault::Refused(error)));
        for text in ["", "null", "<html>", "{}", "[]"] {
            assert!(matches!(read(text), Err(CallFault::Lost(_))), "{text}");
        }
    }
}

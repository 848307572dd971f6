//! A shop for tests: a client that signs as the API requires and checks every number of every answer.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]

pub mod agent_thread;
pub mod books;
pub mod browser;
pub mod folder;
pub mod forms;
pub mod hub;
pub mod inside;
pub mod machine;
pub mod module_till;
pub mod openapi;
pub mod outside;
pub mod readback;
pub mod schema;
pub mod stand_in;
pub mod till;

use std::path::Path;
use std::time::Duration;

use ferrotill::api::json::JsonValue;
use ferrotill::hmac::signature_of;
use ferrotill::time::clock::system_ms;
use ferrotill_testkit::config::{ConfigText, Device};
pub use ferrotill_testkit::config::{KEY, SECRET};

pub const DEVICE: &str = "0875b8a5-0668-41a3-a3fa-8eeccf66d289";
pub const POINT_OF_SALE: &str = "feca3a50-34a7-4dc9-84ac-d4bffc76a922";

/// The configuration of a shop with one till.
pub fn config(data: &Path, printer: &str, authority: &str) -> ConfigText {
    let device = Device::new(DEVICE, "Till 1", printer)
        .with_drawer()
        .tax_group("A", "20.00")
        .tax_group("B", "8.00")
        .range("ABC", 1, 500, 8)
        .point_of_sale(POINT_OF_SALE, "1");
    ConfigText::new("MD", data)
        .owner("Test SRL", "1003600000001")
        .device(device)
        .upstream(authority)
        .set("upstream", "timeout_ms", 2_000)
        .set("upstream", "offline_after_failures", 3)
        .set("upstream", "offline_after_ms", 1_000)
        .set("upstream", "dwell_s", 1)
}

/// The configuration of a shop with one till, as the text of a file.
pub fn configuration(data: &str, printer: &str, authority: &str) -> String {
    config(Path::new(data), printer, authority).to_string()
}

/// A client that signs its requests for one device.
#[derive(Clone)]
pub struct Client {
    agent: ureq::Agent,
    pub url: String,
    /// The id of the device for which the client signs.
    pub device: &'static str,
    pub key: &'static str,
    pub secret: &'static str,
}

/// An answer of the agent.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// The value of the header `X-Fiscal-State`.
    pub state: Option<String>,
    /// True if the answer has the header `Idempotent-Replayed: true`.
    pub replayed: bool,
    /// The value of the header `Retry-After`, in seconds.
    pub retry_after: Option<u64>,
    /// The value of the header `X-Operation-Id`.
    pub operation: Option<String>,
    pub text: String,
    pub body: JsonValue,
}

/// The headers of a call, which a test may change.
pub type Headers = Vec<(&'static str, String)>;

impl Client {
    pub fn new(url: String) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(40)))
            .http_status_as_error(false)
            .proxy(None)
            .build()
            .new_agent();
        Self {
            agent,
            url,
            device: DEVICE,
            key: KEY,
            secret: SECRET,
        }
    }

    /// A client over TLS that trusts only this certificate, in PEM.
    pub fn trusting(url: String, certificate: &str) -> Self {
        let root = ureq::tls::Certificate::from_pem(certificate.as_bytes()).unwrap();
        let tls = ureq::tls::TlsConfig::builder()
            .root_certs(vec![root].into())
            .build();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_secs(40)))
            .http_status_as_error(false)
            .tls_config(tls)
            .proxy(None)
            .build()
            .new_agent();
        Self {
            agent,
            ..Self::new(url)
        }
    }

    /// The same client for another device.
    pub fn on(&self, device: &'static str) -> Self {
        Self {
            device,
            ..self.clone()
        }
    }

    /// The same client with another key and secret.
    pub fn signing_as(&self, key: &'static str, secret: &'static str) -> Self {
        Self {
            key,
            secret,
            ..self.clone()
        }
    }

    pub fn post(&self, operation: &str, body: &str) -> Reply {
        self.call("POST", operation, body, |_| ()).unwrap()
    }

    pub fn get(&self, operation: &str) -> Reply {
        self.call("GET", operation, "", |_| ()).unwrap()
    }

    /// Calls a route that needs no signature.
    pub fn open(&self, path: &str) -> Reply {
        self.try_open(path).unwrap()
    }

    /// Calls a route that needs no signature, of an agent that may not be running.
    pub fn try_open(&self, path: &str) -> Result<Reply, ureq::Error> {
        self.send("GET", path, "", &Vec::new())
    }

    /// Reads a route of a simulator. The answer is not checked.
    pub fn look(&self, path: &str) -> JsonValue {
        let url = format!("{}{path}", self.url);
        // A connection that the other side has closed meanwhile is opened anew.
        let response = self.agent.get(&url).call();
        let mut response = response.or_else(|_| self.agent.get(&url).call()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        JsonValue::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{path}: {text}: {error}"))
    }

    /// Sends a call whose headers are changed after they were signed.
    pub fn call(
        &self,
        method: &str,
        operation: &str,
        body: &str,
        change: impl FnOnce(&mut Headers),
    ) -> Result<Reply, ureq::Error> {
        self.signed(method, &format!("/api/v1/{operation}"), body, change)
    }

    /// Sends an operator's declaration about a document.
    pub fn declare(&self, id: &str, body: &str) -> Reply {
        let path = format!("/operations/{id}/settlement");
        self.signed("POST", &path, body, |_| ()).unwrap()
    }

    /// Sends a signed call to any path. The headers are changed after they were signed.
    pub fn signed(
        &self,
        method: &str,
        path: &str,
        body: &str,
        change: impl FnOnce(&mut Headers),
    ) -> Result<Reply, ureq::Error> {
        let mut headers = self.signature(method, path, body);
        change(&mut headers);
        self.send(method, path, body, &headers)
    }

    /// The headers that sign a call now.
    pub fn signature(&self, method: &str, path: &str, body: &str) -> Headers {
        let timestamp = system_ms().to_string();
        let signed = [self.device, &timestamp, method, path, body].map(str::as_bytes);
        vec![
            ("Api-Key", self.key.to_owned()),
            ("Api-DeviceId", self.device.to_owned()),
            (
                "Api-Signature",
                signature_of(self.secret.as_bytes(), &signed),
            ),
            ("Api-Timestamp", timestamp),
        ]
    }

    /// Sends a call with these headers and no signature.
    pub fn unsigned(&self, method: &str, path: &str, body: &str, headers: &Headers) -> Reply {
        self.send(method, path, body, headers).unwrap()
    }

    /// [`Self::unsigned`], of an agent that may not be running.
    pub fn try_unsigned(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &Headers,
    ) -> Result<Reply, ureq::Error> {
        self.send(method, path, body, headers)
    }

    fn send(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &Headers,
    ) -> Result<Reply, ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = if body.is_empty() {
            self.agent.run(request.body(())?)?
        } else {
            self.agent.run(request.body(body.to_owned())?)?
        };
        let header = |name| {
            let value = response.headers().get(name);
            value.map(|value| value.to_str().unwrap().to_owned())
        };
        assert!(header("X-Request-Id").is_some(), "{path}: no X-Request-Id");
        let (state, replayed) = (header("X-Fiscal-State"), header("Idempotent-Replayed"));
        let retry_after = header("Retry-After").and_then(|seconds| seconds.parse().ok());
        let operation = header("X-Operation-Id");
        let status = response.status().as_u16();
        let names = response.headers().keys();
        let names: Vec<String> = names.map(|name| name.as_str().to_owned()).collect();
        let text = response.body_mut().read_to_string()?;
        let body =
            JsonValue::parse(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        exact("", &body, &text);
        if path.starts_with("/api/v1/") {
            let differences = schema::differences(method, path, status, &body);
            assert!(
                differences.is_empty(),
                "{method} {path}, {status}: {differences:#?} in {text}"
            );
        }
        if path.starts_with("/api/v1/") && matches!(status, 401 | 422) {
            cashier_can_read(&body);
        }
        let answer = openapi::Answer {
            method,
            path,
            status,
            body: &body,
            headers: names,
        };
        let differences = openapi::differences(&answer);
        assert!(
            differences.is_empty(),
            "{method} {path}, {status}, /openapi.json: {differences:#?} in {text}"
        );
        let body = with_additional_data(body);
        Ok(Reply {
            status,
            state,
            replayed: replayed.as_deref() == Some("true"),
            retry_after,
            operation,
            text,
            body,
        })
    }
}

/// The full message of a refusal begins with a line for the cashier, and the message follows it.
fn cashier_can_read(body: &JsonValue) {
    let text = |name| match value(body, name) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{name} is {other} in {body}"),
    };
    let (message, full) = (text("message"), text("fullExceptionMessage"));
    let (line, rest) = full.split_once('\n').unwrap_or((&full, ""));
    assert!(
        (10..=60).contains(&line.chars().count()) && rest.starts_with(&message),
        "{body}"
    );
}

impl Reply {
    /// The text of a value by its path of names and indexes: `data.items.0.amount`.
    pub fn at(&self, path: &str) -> String {
        match find(&self.body, path) {
            Some(JsonValue::Text(text) | JsonValue::Number(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => panic!("no {path} in {}", self.text),
        }
    }

    pub fn list(&self, path: &str) -> usize {
        match find(&self.body, path) {
            Some(JsonValue::Array(items)) => items.len(),
            other => panic!("{path}: {other:?} in {}", self.text),
        }
    }

    /// Status, state and error of the answer, for comparison with a table.
    pub fn verdict(&self) -> (u16, &str, String) {
        let state = self.state.as_deref().unwrap_or("");
        (self.status, state, self.at("errorType"))
    }

    /// The path of the fault in each line of the message.
    pub fn paths(&self) -> Vec<String> {
        let message = self.at("message");
        message
            .lines()
            .map(|line| line.split_once(": ").expect("path: sentence").0.to_owned())
            .collect()
    }

    /// The receipt of an answer, which must be a registered sale.
    pub fn receipt(&self, member: &str) -> String {
        assert_eq!(
            (self.status, self.state.as_deref()),
            (200, Some("registered")),
            "{}",
            self.text
        );
        self.at(&format!("data.fiscalReceipt.{member}"))
    }
}

/// The value at a path, which must exist.
pub fn value<'n>(node: &'n JsonValue, path: &str) -> &'n JsonValue {
    find(node, path).unwrap_or_else(|| panic!("no {path} in {}", node))
}

/// The number at a path, which must be a count.
pub fn count(node: &JsonValue, path: &str) -> u64 {
    match value(node, path) {
        JsonValue::Number(number) => number.parse().unwrap(),
        other => panic!("{path} is {other:?}"),
    }
}

fn find<'n>(node: &'n JsonValue, path: &str) -> Option<&'n JsonValue> {
    path.split('.')
        .try_fold(node, |node, name| match name.parse() {
            Ok(index) => node.at(index),
            Err(_) => node.get(name),
        })
}

/// The same answer, with each `additionalData` as the object that its text holds.
fn with_additional_data(node: JsonValue) -> JsonValue {
    match node {
        JsonValue::Array(items) => {
            JsonValue::Array(items.into_iter().map(with_additional_data).collect())
        }
        JsonValue::Object(members) => JsonValue::Object(
            members
                .into_iter()
                .map(|(name, value)| match value {
                    JsonValue::Text(text) if name == "additionalData" => {
                        let value = JsonValue::parse(text.as_bytes()).unwrap();
                        exact("", &value, &text);
                        (name, value)
                    }
                    value => (name, with_additional_data(value)),
                })
                .collect(),
        ),
        other => other,
    }
}

/// Checks that no number is in exponent form, and that each has the decimals of its kind: two for money and percentages, three for
/// quantities, none for counts.
fn exact(name: &str, node: &JsonValue, text: &str) {
    match node {
        JsonValue::Number(number) => {
            let digits = number.strip_prefix('-').unwrap_or(number);
            let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
            let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
            assert!(
                plain(whole) && plain(decimals),
                "{name} is {number} in {text}"
            );
            assert_eq!(
                decimals.len(),
                decimals_of(name),
                "{name} is {number} in {text}"
            );
        }
        JsonValue::Array(items) => items.iter().for_each(|item| exact(name, item, text)),
        JsonValue::Object(members) => members
            .iter()
            .for_each(|(name, value)| exact(name, value, text)),
        _ => {}
    }
}

fn decimals_of(name: &str) -> usize {
    let lower = name.to_lowercase();
    let money = [
        "amount", "total", "price", "change", "balance", "value", "rate", "paid", "cash",
    ];
    match lower.as_str() {
        "quantity" => 3,
        "totalcount" => 0,
        // The sums of a reconciliation are named by their tax groups.
        _ if matches!(name.as_bytes(), [b'A'..=b'H']) => 2,
        other if money.iter().any(|word| other.contains(word)) => 2,
        _ => 0,
    }
}

//! The simulated FinanzOnline and the simulated signature service, in a process of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill::api::json::JsonValue;

use super::outside::Process;
use super::value;

/// The simulated services.
pub struct StandIn(Process);

impl StandIn {
    pub fn start() -> Self {
        Self(Process::start(&[
            "authority",
            "--country",
            "AT",
            "--listen",
            "127.0.0.1:0",
        ]))
    }

    pub fn url(&self) -> String {
        let JsonValue::Text(url) = value(&self.0.ready, "url") else {
            panic!("{}", self.0.ready);
        };
        url.clone()
    }

    /// Changes the condition of FinanzOnline.
    pub fn switch(&self, body: &str) {
        self.put("finanzonline", body);
    }

    /// Changes the condition of the signature service.
    pub fn switch_signatures(&self, body: &str) {
        self.put("signature_service", body);
    }

    fn put(&self, name: &str, body: &str) {
        let url = format!("{}/sim/{name}", self.url());
        let reply = ureq::put(url).send(body).unwrap();
        assert_eq!(reply.status(), 200, "{body}");
    }

    /// The certificate of the signature service.
    pub fn certificate(&self) -> Vec<u8> {
        let shown = self.0.client.look("/sim/signature_service");
        let JsonValue::Text(text) = value(&shown, "certificate") else {
            panic!("{shown}");
        };
        STANDARD.decode(text).unwrap()
    }

    /// What FinanzOnline has registered, as JSON.
    pub fn shown(&self) -> JsonValue {
        self.0.client.look("/sim/finanzonline")
    }

    /// The calls and their return codes, in their order.
    pub fn calls(&self) -> Vec<String> {
        let shown = self.shown();
        let JsonValue::Array(calls) = value(&shown, "calls") else {
            panic!("{shown}");
        };
        let calls = calls.iter().map(|call| match call {
            JsonValue::Text(call) => call.clone(),
            other => panic!("{other}"),
        });
        calls.collect()
    }

    /// The calls that have changed something, in their order.
    pub fn changes(&self) -> Vec<String> {
        let mut calls = self.calls();
        calls.retain(|call| !call.starts_with("log") && !call.starts_with("status"));
        calls
    }
}

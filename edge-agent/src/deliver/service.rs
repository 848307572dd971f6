//! An eReceipt service, as fiskaly offers one: receipts are created there as EKaBS documents under the ids that they have here.

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::CarrierFault;
use super::published::{Publisher, ReceiptSource};
use crate::authority::http::kept_agent;
use crate::config::ReceiptServiceConfig;
use crate::error_chain::chain_of;
use crate::locked::Locked;

/// The service.
pub(super) struct ReceiptService {
    config: ReceiptServiceConfig,
    agent: ureq::Agent,
    /// The access token of the last login.
    token: Locked<Option<String>>,
}

impl ReceiptService {
    pub(super) fn new(config: ReceiptServiceConfig) -> Self {
        Self {
            agent: kept_agent(TIMEOUT, &config.trust),
            config,
            token: Locked::default(),
        }
    }

    /// The token of the last login, or of a new one.
    fn token(&self) -> Result<String, CarrierFault> {
        let known = self.token.lock().clone();
        if let Some(token) = known {
            return Ok(token);
        }
        let key = serde_json::json!({
            "api_key": self.config.key,
            "api_secret": self.config.secret.as_text(),
        });
        let request = self
            .agent
            .post(format!("{}/auth", self.config.url))
            .header("Content-Type", "application/json");
        let (status, body) = answer(request.send(key.to_string()))?;
        let token = body.get("access_token").and_then(Value::as_str);
        let token = token.filter(|token| token.bytes().all(|byte| byte.is_ascii_graphic()));
        let Some(token) = token.filter(|_| (200..=299).contains(&status)) else {
            return Err(CarrierFault::Away(format!(
                "the service has answered to the login with the status {status}{}",
                reason(&body)
            )));
        };
        *self.token.lock() = Some(token.to_owned());
        Ok(token.to_owned())
    }

    fn put(&self, receipt: Uuid, body: &str) -> Result<(u16, Value), CarrierFault> {
        let token = self.token()?;
        let send = || {
            let url = format!("{}/receipt/{receipt}", self.config.url);
            let request = self.agent.put(url);
            request
                .header("Content-Type", "application/json")
                .header("Authorization", format!("Bearer {token}"))
                .send(body)
        };
        // The kept connection may have ended unnoticed.
        answer(send().or_else(|_| send()))
    }
}

impl Publisher for ReceiptService {
    fn publish(
        &self,
        source: &dyn ReceiptSource,
        receipt: Uuid,
    ) -> Result<Option<String>, CarrierFault> {
        let body = source.ekabs(receipt)?;
        let (mut status, mut said) = self.put(receipt, &body)?;
        if status == 401 {
            // The token has ended, or the service does not know it any more.
            *self.token.lock() = None;
            (status, said) = self.put(receipt, &body)?;
        }
        judge(status, &said)
    }
}

/// What an answer means for the receipt; the address of its page if it is created.
fn judge(status: u16, said: &Value) -> Result<Option<String>, CarrierFault> {
    let says = format!(
        "the service has answered with the status {status}{}",
        reason(said)
    );
    match status {
        200..=299 => Ok(link(said)),
        // The service does not accept the till, or is at another address: that is no fault of the receipt.
        300..=399 | 401 | 403 | 404 | 405 | 407 => Err(CarrierFault::Away(says)),
        408 | 425 | 429 => Err(CarrierFault::Later(says)),
        400..=499 => Err(CarrierFault::Never(says)),
        _ => Err(CarrierFault::Away(says)),
    }
}

/// `public_link.href`, if it is an address.
fn link(said: &Value) -> Option<String> {
    let link = said.get("public_link")?.get("href")?.as_str()?;
    let is_address = link.starts_with("https://") || link.starts_with("http://");
    let is_text = link.len() <= LINK_BYTES_MAX && link.bytes().all(|byte| byte.is_ascii_graphic());
    (is_address && is_text).then(|| link.to_owned())
}

/// Status and JSON of an answer. An answer that is no JSON is null.
fn answer(
    sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<(u16, Value), CarrierFault> {
    let away = |error: &ureq::Error| CarrierFault::Away(chain_of(error));
    let mut response = sent.map_err(|error| away(&error))?;
    let status = response.status().as_u16();
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    // The whole answer is read: a receipt whose answer has broken off is asked for again, and is made only once.
    let body = body.read_to_vec().map_err(|error| away(&error))?;
    Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
}

/// Code and message of a refusal.
fn reason(said: &Value) -> String {
    let text = |name: &str| said.get(name).and_then(Value::as_str).unwrap_or_default();
    match (text("code"), text("message")) {
        ("", "") => String::new(),
        (code, message) => format!(
            " ({code}: {})",
            message.chars().take(200).collect::<String>()
        ),
    }
}

/// The longest wait for one answer.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The largest answer that is read: the receipt with its labels.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// The longest address of a page.
const LINK_BYTES_MAX: usize = 500;

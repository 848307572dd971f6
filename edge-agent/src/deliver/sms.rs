//! Short messages over an HTTP gateway: `POST` with `{"to": "…", "text": "…"}`.

use std::time::Duration;

use super::letter::Letter;
use super::{Carrier, CarrierFault};
use crate::authority::http::agent;
use crate::config::{SmsConfig, Trust};
use crate::error_chain::chain_of;

/// A gateway that takes short messages from the till.
pub(super) struct SmsGateway(SmsConfig);

impl SmsGateway {
    pub(super) const fn new(config: SmsConfig) -> Self {
        Self(config)
    }
}

impl Carrier for SmsGateway {
    fn send(&self, letter: &Letter) -> Result<(), CarrierFault> {
        let config = &self.0;
        let agent = agent(TIMEOUT, &Trust::BuiltIn);
        let mut request = agent
            .post(&config.url)
            .header("Content-Type", "application/json");
        if let Some(secret) = &config.secret {
            let secret = String::from_utf8_lossy(secret.as_bytes()).into_owned();
            request = request.header(&config.header, secret);
        }
        let body = serde_json::json!({ "to": letter.address, "text": letter.short }).to_string();
        match request.send(body) {
            Ok(response) => judge(response.status().as_u16()),
            // The path of the address may have a secret of the shop, and is not shown.
            Err(error) => Err(CarrierFault::Away(chain_of(&error))),
        }
    }
}

/// What the status of the gateway's answer means for the message.
fn judge(status: u16) -> Result<(), CarrierFault> {
    let says = format!("the gateway has answered with the status {status}");
    match status {
        200..=299 => Ok(()),
        // The gateway does not accept the till, or is at another address: that is no fault of the message.
        300..=399 | 401 | 403 | 404 | 405 | 407 => Err(CarrierFault::Away(says)),
        408 | 409 | 425 | 429 => Err(CarrierFault::Later(says)),
        400..=499 => Err(CarrierFault::Never(says)),
        _ => Err(CarrierFault::Away(says)),
    }
}

/// The longest wait for the answer of the gateway.
const TIMEOUT: Duration = Duration::from_secs(30);

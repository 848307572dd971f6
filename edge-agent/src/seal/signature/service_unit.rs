//! A signature service in the network, asked in one form of JSON (docs/protocols/signature-service.md).
//!
//! A signature counts only if it fits the certificate of the unit.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_core::profile::signed::{Fault, Payload, SignatureUnit};
use ferrotill_rksv::{SigningUnit, UnitFault, UnitKey};
use serde_json::{Value, json};

use super::public_side::{PublicSide, UnitTrouble};
use crate::authority::http::{agent, post_plain};
use crate::config::{HttpUnitConfig, Secret, SignatureUnitConfig};
use crate::explanation::Explanation;

/// A signature service.
#[derive(Debug)]
pub struct ServiceUnit {
    id: String,
    public: PublicSide,
    url: String,
    agent: ureq::Agent,
    secret: Option<Secret>,
}

/// The operation that signs, below the address of the service.
const SIGN: &str = "sign";
/// The operation that shows the certificate or public key of a key.
const PUBLIC: &str = "public";

impl ServiceUnit {
    /// The service of a configuration. Nothing is sent.
    pub(super) fn new(
        unit: &SignatureUnitConfig,
        service: &HttpUnitConfig,
    ) -> Result<Self, Box<Explanation>> {
        Ok(Self {
            id: unit.id.clone(),
            public: PublicSide::read(unit, &service.public)?,
            url: service.url.clone(),
            agent: agent(service.timeout, &service.trust),
            secret: unit.pin.clone(),
        })
    }

    pub(super) const fn key(&self) -> &UnitKey {
        &self.public.key
    }

    /// Asks for the certificate, and compares it with that of the configuration.
    pub(super) fn check(&self) -> Result<(), UnitTrouble> {
        let answer = self.ask(PUBLIC, json!({ "key": self.id }));
        let wrong = |why: String, fix: &str| {
            UnitTrouble::Wrong(Box::new(Explanation::new(
                "the signature service does not fit the configuration",
                self.url.clone(),
                why,
                fix,
            )))
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(ServiceFault::Status(status @ (401 | 403))) => {
                return Err(wrong(
                    format!("it refuses the secret of the till (status {status})"),
                    "correct token_file of the [[signature_unit]]",
                ));
            }
            Err(ServiceFault::Status(404)) => {
                return Err(wrong(
                    format!("it has no key {:?} (status 404)", self.id),
                    "correct id and url of the [[signature_unit]]",
                ));
            }
            Err(fault) => return Err(UnitTrouble::NotNow(fault.to_string())),
        };
        let name = match self.public.key.certificate() {
            Some(_) => "certificate",
            None => "public_key",
        };
        let shown = answer.get(name).and_then(Value::as_str);
        let shown = shown.and_then(|text| STANDARD.decode(text).ok());
        match shown {
            None => Err(UnitTrouble::NotNow(format!("its answer has no {name}"))),
            Some(der) if der == self.public.key.to_der() => Ok(()),
            Some(_) => Err(wrong(
                format!("its {name} of the key {:?} is another one", self.id),
                "correct certificate_file or id of the [[signature_unit]]",
            )),
        }
    }

    /// Calls an operation, and reads the answer.
    fn ask(&self, operation: &str, body: Value) -> Result<Value, ServiceFault> {
        let url = format!("{}/{operation}", self.url);
        let mut headers = vec![("Accept".to_owned(), "application/json".to_owned())];
        if let Some(secret) = &self.secret {
            let value = format!("Bearer {}", secret.as_text());
            headers.push(("Authorization".to_owned(), value));
        }
        let body = body.to_string();
        let posted = post_plain(
            &self.agent,
            &url,
            &headers,
            ("application/json", body.as_bytes()),
        );
        match posted.answer {
            Ok((200, body)) => serde_json::from_slice(&body).map_err(|_| ServiceFault::NotJson),
            Ok((status, _)) => Err(ServiceFault::Status(status)),
            Err(failure) => Err(ServiceFault::NoAnswer(failure.to_string())),
        }
    }

    fn signed(&self, text: &[u8]) -> Result<[u8; 64], ServiceFault> {
        let data = STANDARD.encode(text);
        let body = json!({ "key": self.id, "algorithm": "ES256", "data": data });
        let answer = self.ask(SIGN, body)?;
        let signature = answer.get("signature").and_then(Value::as_str);
        let signature = signature.and_then(|text| STANDARD.decode(text).ok());
        let signature: [u8; 64] = signature
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or(ServiceFault::NoSignature)?;
        match self.public.key.public_key().has_signed(text, &signature) {
            true => Ok(signature),
            false => Err(ServiceFault::Foreign),
        }
    }
}

/// Why the service has not signed.
#[derive(Debug, thiserror::Error)]
enum ServiceFault {
    #[error("{0}")]
    NoAnswer(String),
    #[error("it answers with the status {0}")]
    Status(u16),
    #[error("its answer is no JSON")]
    NotJson,
    #[error("its answer has no signature of 64 bytes")]
    NoSignature,
    #[error("its signature does not fit the certificate of the unit")]
    Foreign,
}

impl SigningUnit for ServiceUnit {
    fn identity(&self) -> Result<SignatureUnit<'_>, Fault> {
        self.public.identity()
    }

    fn sign(&self, payload: &Payload<'_>) -> Result<[u8; 64], UnitFault> {
        let mut text = String::new();
        payload
            .write_signing_input(&mut text)
            .map_err(|_| UnitFault::Library)?;
        self.signed(text.as_bytes()).map_err(|fault| {
            tracing::warn!("the signature service {} has not signed: {fault}", self.url);
            UnitFault::Down
        })
    }
}

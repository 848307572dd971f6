//! The way to the hub: HTTPS with the till's certificate, and no other authority trusted than the hub's own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ferrotill_hub_protocol::{Answer, CONTENT_TYPE, Message as _};
use rustls::pki_types::CertificateDer;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig, TlsProvider};

use super::identity::{HubIdentity, pem};
use crate::authority::failure::DeliveryFailure;
use crate::authority::http::post_plain;
use crate::authority::tls::TlsFault;

/// Carries one message to the hub and returns its answer.
pub trait HubTransport {
    /// One attempt. The path is one of [`ferrotill_hub_protocol::path`].
    ///
    /// # Errors
    ///
    /// [`HubFailure`] if no answer came. Whether the hub has stored anything is not known then.
    fn post(&mut self, path: &'static str, body: &[u8]) -> Result<Answer, HubFailure>;
}

/// Why an attempt brought no answer of the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HubFailure {
    /// No answer, or none over an encrypted connection that is trusted.
    Delivery(DeliveryFailure),
    /// The answer with this status is not the hub's.
    NotTheHub(u16),
    /// The hub cannot take it now, and says after how long to send again.
    Busy(Duration),
    /// The till's own store cannot be read.
    Store(String),
}

impl HubFailure {
    /// One thing that a person can do. The till tries again by itself in any case.
    #[must_use]
    pub const fn fix(&self) -> &'static str {
        match self {
            Self::Delivery(DeliveryFailure::NoSuchHost) => {
                "correct the name in [hub] url, or the machine's name server"
            }
            Self::Delivery(DeliveryFailure::Refused) => {
                "check that the hub runs, and the port in [hub] url"
            }
            Self::Delivery(DeliveryFailure::Tls(TlsFault::UnknownAuthority)) => {
                "check that [hub] url is your own hub; if it has a new certificate authority, enrol the till again with `ferrotill hub enrol CODE`"
            }
            Self::Delivery(DeliveryFailure::Tls(TlsFault::WrongName)) => {
                "correct [hub] url: its name is not the name of this server"
            }
            Self::Delivery(DeliveryFailure::Tls(TlsFault::Expired | TlsFault::NotYetValid)) => {
                "check this machine's clock; if the clock is right, the hub needs a new certificate"
            }
            Self::Delivery(DeliveryFailure::Tls(_)) => {
                "if the hub runs, it may not accept the till's certificate: see `ferrotill hub status`, and enrol the till again with `ferrotill hub enrol CODE`"
            }
            Self::NotTheHub(_) | Self::Delivery(DeliveryFailure::NotHttp) => {
                "correct [hub] url: the server there is not the hub's listener for tills"
            }
            Self::Busy(_) | Self::Delivery(_) => {
                "check the network and the hub; the till sells meanwhile and tries again by itself"
            }
            Self::Store(_) => "run `ferrotill verify`",
        }
    }
}

impl fmt::Display for HubFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivery(failure) => failure.fmt(f),
            Self::NotTheHub(status) => {
                write!(f, "the answer is not the hub's (HTTP status {status})")
            }
            Self::Busy(pause) => write!(
                f,
                "the hub has too much to do, and asks for a pause of {} s",
                pause.as_secs()
            ),
            Self::Store(why) => write!(f, "the till's own store cannot be read: {why}"),
        }
    }
}

/// A connection to the hub over the network. It is kept from one message to the next.
#[derive(Debug)]
pub struct HubConnection {
    agent: ureq::Agent,
    url: String,
}

impl HubConnection {
    /// The connection to a hub. `identity` is the till's certificate; the enrolment has none yet.
    #[must_use]
    pub fn to(
        url: &str,
        authority: &CertificateDer<'static>,
        identity: Option<&HubIdentity>,
        timeout: Duration,
    ) -> Self {
        let roots = [Certificate::from_der(authority).to_owned()].into_iter();
        let own = identity.and_then(|identity| {
            let certificate = Certificate::from_der(&identity.certificate).to_owned();
            // The identity was read, so its key is one.
            let key = PrivateKey::from_pem(pem("PRIVATE KEY", identity.key()).as_bytes()).ok()?;
            Some(ClientCert::new_with_certs(&[certificate], key))
        });
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(Arc::new(roots.collect())))
            .client_cert(own)
            .build();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(1)
            .max_response_header_size(HEADER_BYTES_MAX)
            .input_buffer_size(BUFFER_BYTES)
            .output_buffer_size(BUFFER_BYTES)
            .proxy(None)
            .https_only(true)
            .tls_config(tls)
            .build()
            .new_agent();
        Self {
            agent,
            url: url.to_owned(),
        }
    }
}

impl HubTransport for HubConnection {
    fn post(&mut self, path: &'static str, body: &[u8]) -> Result<Answer, HubFailure> {
        let url = format!("{}{path}", self.url);
        let headers = [("Accept".to_owned(), CONTENT_TYPE.to_owned())];
        let mut posted = post_plain(&self.agent, &url, &headers, (CONTENT_TYPE, body));
        if posted.answer == Err(DeliveryFailure::Broken) {
            // A kept connection may have ended unnoticed.
            posted = post_plain(&self.agent, &url, &headers, (CONTENT_TYPE, body));
        }
        let (status, bytes) = posted.answer.map_err(HubFailure::Delivery)?;
        match Answer::from_bytes(&bytes) {
            Ok(Answer::TooBusy { retry_after_s } | Answer::Unavailable { retry_after_s }) => {
                Err(HubFailure::Busy(
                    posted
                        .retry_after
                        .unwrap_or_default()
                        .max(Duration::from_secs(retry_after_s.into())),
                ))
            }
            Ok(answer) => Ok(answer),
            // A proxy in front of the hub answers without a message of the hub.
            Err(_) if matches!(status, 429 | 502..=504) => Err(HubFailure::Busy(
                posted.retry_after.unwrap_or(Duration::from_secs(1)),
            )),
            Err(_) => Err(HubFailure::NotTheHub(status)),
        }
    }
}

const HEADER_BYTES_MAX: usize = 16 * 1024;
/// What a message is written and an answer is read through.
const BUFFER_BYTES: usize = 2 * HEADER_BYTES_MAX;

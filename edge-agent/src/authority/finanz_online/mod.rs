//! FinanzOnline: the web services of the tax authority for cash registers. Requests and answers are only data here; [`call`] sends one.
//!
//! - [`session`]: login and logout;
//! - [`rkdb`]: the one operation for cash registers: registering, checking a receipt, outages, and asking for a state;
//! - [`answer`]: what an answer holds, and what a return code means for each kind of request.
//!
//! The web services have no system for tests: a request says itself whether it is a test. Requests have one entry each, because only then
//! the answer holds the result.

pub mod answer;
pub mod rkdb;
pub mod session;

use std::time::Duration;

use super::failure::DeliveryFailure;
use super::http::{post_plain, quick_agent};

/// The longest wait for one answer.
pub const TIMEOUT: Duration = Duration::from_secs(20);

/// Why a call brought no answer that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFailure {
    /// There was no answer.
    #[error("{0}")]
    NoAnswer(DeliveryFailure),
    /// The answer is not one of the service: a page about maintenance, or a gateway's.
    #[error("the answer (HTTP status {status}) is not the service's: {why}")]
    Foreign {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        why: String,
    },
    /// The service says that the request has a wrong form. The cause is this program.
    #[error("the service does not accept the form of the request: {0}")]
    Form(String),
}

/// The services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Begins a session.
    Login,
    /// Ends a session.
    Logout,
    /// A request about a cash register.
    Rkdb,
}

impl Action {
    /// The value of the header `SOAPAction`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Logout => "logout",
            Self::Rkdb => "rkdb",
        }
    }

    /// The path of the service below the address of the web services.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Login | Self::Logout => "session",
            Self::Rkdb => "rkdb",
        }
    }
}

/// Sends a request to a service below `url`. Returns the body of the answer, with its `Date` in milliseconds since the epoch.
///
/// Blocks for [`TIMEOUT`] at most.
///
/// # Errors
///
/// [`CallFailure`].
pub fn call(
    url: &str,
    action: Action,
    request: &str,
) -> Result<(String, Option<i64>), CallFailure> {
    let agent = quick_agent(TIMEOUT);
    let headers = [("SOAPAction".to_owned(), action.name().to_owned())];
    let url = format!("{}/{}", url.trim_end_matches('/'), action.path());
    let posted = post_plain(&agent, &url, &headers, (CONTENT_TYPE, request.as_bytes()));
    let (status, body) = posted.answer.map_err(CallFailure::NoAnswer)?;
    let body = String::from_utf8(body).map_err(|_| CallFailure::Foreign {
        status,
        why: "it is not text".to_owned(),
    })?;
    match status {
        200 => Ok((body, posted.date_ms)),
        500 => match answer::fault_of(&body) {
            Some(fault) => Err(CallFailure::Form(fault)),
            None => Err(CallFailure::NoAnswer(DeliveryFailure::Unable(status))),
        },
        501..=599 | 408 | 425 | 429 => Err(CallFailure::NoAnswer(DeliveryFailure::Unable(status))),
        _ => Err(CallFailure::Foreign {
            status,
            why: "another status was expected".to_owned(),
        }),
    }
}

const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// The namespace of the envelope (SOAP 1.1).
pub const ENVELOPE: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of login and logout.
pub const SESSION: &str = "https://finanzonline.bmf.gv.at/fon/ws/session";
/// The namespace of requests about cash registers.
pub const RKDB: &str = "https://finanzonline.bmf.gv.at/rkdb";

/// A request under construction: elements in one namespace, without attributes but one.
#[derive(Debug, Default)]
struct Xml(String);

impl Xml {
    /// An element with a text.
    fn text(&mut self, name: &str, text: &str) -> &mut Self {
        self.open(name);
        for letter in text.chars() {
            match letter {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                letter => self.0.push(letter),
            }
        }
        self.close(name)
    }

    fn open(&mut self, name: &str) -> &mut Self {
        self.0.push('<');
        self.0.push_str(name);
        self.0.push('>');
        self
    }

    fn close(&mut self, name: &str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(name);
        self.0.push('>');
        self
    }

    /// The whole message: the root element with what was written so far, in an envelope.
    fn in_envelope(&self, root: &str, namespace: &str) -> String {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"{ENVELOPE}\"><soap:Body>\
             <{root} xmlns=\"{namespace}\">{}</{root}></soap:Body></soap:Envelope>",
            self.0
        )
    }
}

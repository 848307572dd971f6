//! The results of one attempt to deliver a document.

use std::fmt;

use super::tls::TlsFault;
use crate::explanation::Explanation;

/// The result of one attempt to deliver a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The authority accepted the document.
    Acknowledged,
    /// The authority refused the document in an answer that can be parsed. The refusal shows that the authority can be reached.
    Refused,
    /// The attempt brought no answer of the authority.
    Failed(DeliveryFailure),
}

/// Why an attempt brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// The host name does not resolve.
    NoSuchHost,
    /// The connection was refused.
    Refused,
    /// There was no connection for another reason: no route, no network.
    Unreachable,
    /// The connection broke before the answer was whole.
    Broken,
    /// The answer was not complete in time.
    TimedOut,
    /// The server answered that it cannot handle requests now: with this status, 5xx, 408, 425 or 429.
    Unable(u16),
    /// The answer with this status is not the authority's: for example a login page or a redirect.
    NotTheAuthority(u16),
    /// The answer is not HTTP, or has no end.
    NotHttp,
    /// The server's certificate is not trusted, or no encrypted connection was possible.
    Tls(TlsFault),
}

impl DeliveryFailure {
    /// The failure as a message to people about the server at this address.
    #[must_use]
    pub fn explained(self, url: &str) -> Explanation {
        let what = "the tax authority cannot be reached";
        Explanation::new(what, url, self.to_string(), self.fix())
    }

    /// One thing that a person can do. The till tries again by itself in any case.
    const fn fix(self) -> &'static str {
        match self {
            Self::NoSuchHost => "correct the name in [upstream] url, or the machine's name server",
            Self::Refused => "check that the server runs, and the port in [upstream] url",
            Self::Unreachable | Self::Broken | Self::TimedOut => {
                "check this machine's network; the till tries again by itself"
            }
            Self::Unable(_) => "wait: the till tries again by itself",
            Self::NotTheAuthority(_) | Self::NotHttp => {
                "correct [upstream] url: the server there is not the tax authority's"
            }
            Self::Tls(fault) => fault.advice(),
        }
    }
}

impl fmt::Display for DeliveryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls(fault) => return fault.fmt(f),
            Self::NoSuchHost => "the host name does not resolve",
            Self::Refused => "the connection was refused",
            Self::Unreachable => "no connection",
            Self::Broken => "the connection broke",
            Self::TimedOut => "no answer in time",
            Self::Unable(status) => {
                return write!(f, "the server is unable to answer (HTTP status {status})");
            }
            Self::NotTheAuthority(status) => {
                return write!(
                    f,
                    "the answer is not the tax authority's (HTTP status {status})"
                );
            }
            Self::NotHttp => "the answer is not the tax authority's (it is not HTTP)",
        })
    }
}

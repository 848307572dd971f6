//! What one attempt to deliver a request came to.

use std::fmt;

use super::tls::TlsFault;

/// What became of one attempt to deliver a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The office took the document.
    Acknowledged,
    /// The office did not take it, in an answer that parses: it lives.
    Refused,
    /// No such answer came.
    Failed(DeliveryFailure),
}

/// Why an attempt brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryFailure {
    /// No connection: refused, no route, no such host.
    Unreachable,
    /// The connection broke before the answer was whole.
    Broken,
    /// No whole answer in time.
    TimedOut,
    /// The server says that it cannot now: 5xx, 408, 425, 429.
    Unable,
    /// Something answered that is not the office: a login page, a redirect, a body without end.
    NotTheAuthority,
    /// A server that the till does not believe to be the office, or cannot speak with in secret.
    Tls(TlsFault),
}

impl fmt::Display for DeliveryFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls(fault) => return fault.fmt(f),
            Self::Unreachable => "no connection",
            Self::Broken => "the connection broke",
            Self::TimedOut => "no answer in time",
            Self::Unable => "the server is unable to answer",
            Self::NotTheAuthority => "the answer is not the tax office's",
        })
    }
}

//! The results of one attempt to deliver a document.

use std::fmt;

use super::tls::TlsFault;

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
    /// There was no connection: it was refused, or there is no route or no such host.
    Unreachable,
    /// The connection broke before the answer was whole.
    Broken,
    /// The answer was not complete in time.
    TimedOut,
    /// The server answered that it cannot handle requests now: status 5xx, 408, 425 or 429.
    Unable,
    /// The answer is not the authority's: for example a login page, a redirect, or a body without end.
    NotTheAuthority,
    /// The server's certificate is not trusted, or no encrypted connection was possible.
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

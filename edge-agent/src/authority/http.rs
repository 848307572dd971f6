//! Sends one HTTP request, plain or over TLS, with limits on time and size. Redirects are not followed.
//!
//! Each attempt opens a new connection, except while a backlog is sent ([`kept_agent`]).
//! Proxies from environment variables are not used, because they were not configured for the till.

use std::io;
use std::time::Duration;

use super::online_ecr::url_of;
use super::tls::{TlsFault, tls_config};
use super::{Authority, EncodedRequest, Verdict};
use crate::authority::failure::DeliveryFailure;
use crate::config::Trust;
use uuid::Uuid;

/// The result of one attempt to deliver a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What the answer means for the document.
    pub verdict: Verdict,
    /// The pause that the server demands with `Retry-After`, if any.
    pub retry_after: Option<Duration>,
    /// The `Date` of the answer, in milliseconds since the epoch.
    pub date_ms: Option<i64>,
}

/// An HTTP agent for an authority. `timeout` limits the whole attempt, from the resolution of the name to the last byte.
#[must_use]
pub fn agent(timeout: Duration, trust: &Trust) -> ureq::Agent {
    with_idle_connections(timeout, trust, 0)
}

/// The same agent, but one connection is kept for the next attempt.
/// A kept connection may have ended unnoticed, so its failure does not show that the authority cannot be reached.
/// The caller must then send the request again over a new connection.
#[must_use]
pub fn kept_agent(timeout: Duration, trust: &Trust) -> ureq::Agent {
    with_idle_connections(timeout, trust, 1)
}

fn with_idle_connections(timeout: Duration, trust: &Trust, idle_connections: usize) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(idle_connections)
        .max_response_header_size(HEADER_BYTES_MAX)
        .input_buffer_size(BUFFER_BYTES)
        .output_buffer_size(OUTPUT_BUFFER_BYTES)
        .proxy(None)
        .tls_config(tls_config(trust))
        .build()
        .new_agent()
}

/// Sends the request to its path below `url` and decodes the answer. Blocks at most for the agent's timeout.
#[must_use]
pub fn send(
    agent: &ureq::Agent,
    authority: &dyn Authority,
    url: &str,
    encoded: &EncodedRequest,
) -> Delivery {
    let url = url_of(url, authority.path(encoded.kind));
    let headers = authority.headers(&encoded.body);
    let posted = post(
        agent,
        &url,
        &headers,
        encoded.key,
        (&encoded.content_type, &encoded.body),
    );
    Delivery {
        verdict: match posted.answer {
            Ok((status, body)) => authority.decode(status, &body),
            Err(failure) => Verdict::Failed(failure),
        },
        retry_after: posted.retry_after,
        date_ms: posted.date_ms,
    }
}

/// The result of one POST.
#[derive(Debug)]
pub struct Posted {
    /// Status and body of the answer, or why there is none.
    pub answer: Result<(u16, Vec<u8>), DeliveryFailure>,
    /// The pause that the server demands with `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The `Date` of the answer, in milliseconds since the epoch.
    pub date_ms: Option<i64>,
}

/// An agent for single calls to a server whose certificate must be one that browsers trust.
#[must_use]
pub fn quick_agent(timeout: Duration) -> ureq::Agent {
    agent(timeout, &Trust::BuiltIn)
}

/// Sends a body, given with its media type, as POST with its `Idempotency-Key`.
#[must_use]
pub fn post(
    agent: &ureq::Agent,
    url: &str,
    headers: &[(String, String)],
    key: Uuid,
    body: (&str, &[u8]),
) -> Posted {
    let own = [
        ("Accept".to_owned(), "application/json".to_owned()),
        ("Idempotency-Key".to_owned(), key.to_string()),
    ];
    post_plain(agent, url, &[&own, headers].concat(), body)
}

/// Sends a body, given with its media type, as POST with these headers only.
#[must_use]
pub fn post_plain(
    agent: &ureq::Agent,
    url: &str,
    headers: &[(String, String)],
    (content_type, body): (&str, &[u8]),
) -> Posted {
    let mut request = agent.post(url).header("Content-Type", content_type);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut response = match request.send(body) {
        Ok(response) => response,
        Err(error) => {
            return Posted {
                answer: Err(failure_of(&error)),
                retry_after: None,
                date_ms: None,
            };
        }
    };
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get("Retry-After")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse().ok())
        .map(Duration::from_secs);
    let date_ms = date_of(response.headers());
    let body = response.body_mut().with_config().limit(BODY_BYTES_MAX);
    let answer = body
        .read_to_vec()
        .map(|body| (status, body))
        .map_err(|error| failure_of(&error));
    Posted {
        date_ms: date_ms.filter(|_| answer.is_ok()),
        answer,
        retry_after,
    }
}

/// Asks a server for its time with a HEAD request; any HTTP answer will do. Returns the `Date` of the answer in milliseconds since
/// the epoch, or `None` if there is no answer or no `Date`.
#[must_use]
pub fn ask_date(agent: &ureq::Agent, url: &str) -> Option<i64> {
    let answer = agent.head(url).call().ok()?;
    date_of(answer.headers())
}

fn date_of(headers: &ureq::http::HeaderMap) -> Option<i64> {
    let text = headers.get("Date")?.to_str().ok()?;
    let date = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(date.timestamp().as_millisecond())
}

fn failure_of(error: &ureq::Error) -> DeliveryFailure {
    if let Some(fault) = TlsFault::of(error) {
        return DeliveryFailure::Tls(fault);
    }
    match error {
        ureq::Error::Timeout(_) => DeliveryFailure::TimedOut,
        ureq::Error::HostNotFound => DeliveryFailure::NoSuchHost,
        ureq::Error::ConnectionFailed | ureq::Error::BadUri(_) | ureq::Error::InvalidProxyUrl => {
            DeliveryFailure::Unreachable
        }
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused => DeliveryFailure::Refused,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => DeliveryFailure::Unreachable,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => DeliveryFailure::TimedOut,
            _ if is_of_name(error) => DeliveryFailure::NoSuchHost,
            _ => DeliveryFailure::Broken,
        },
        // The other errors mean that an answer came which is not an authority's: it is not HTTP, or has no end.
        _ => DeliveryFailure::NotHttp,
    }
}

/// Whether a name could not be resolved. The standard library has no kind of error for that, only this text.
fn is_of_name(error: &io::Error) -> bool {
    error
        .to_string()
        .starts_with("failed to lookup address information")
}

/// An authority's answer has a few lines. A longer one, such as a login page, is not read.
const BODY_BYTES_MAX: u64 = 64 * 1024;
const HEADER_BYTES_MAX: usize = 16 * 1024;
/// What a request is written through. A document has a few KiB; the client's own default of 128 KiB would be filled with zeros for each
/// connection.
const OUTPUT_BUFFER_BYTES: usize = 8 * 1024;
/// What an answer is read through. Headers that are too long must fit too, so that they are recognised as too long.
const BUFFER_BYTES: usize = 2 * HEADER_BYTES_MAX;

#[cfg(test)]
mod tests;

//! The thin send: one HTTP request, bounded in time and size, and no redirects.
//!
//! Every attempt opens a connection of its own. A kept one may have died unseen, and its breaking would count as a failure
//! of the office; and no proxy of the environment is used, because nobody configured it for the till.

use std::io;
use std::time::Duration;

use super::online_ecr::url_of;
use super::{Authority, Parcel, Verdict};
use crate::sync::reachability::Failure;
use uuid::Uuid;

/// What one attempt brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// What became of the document.
    pub verdict: Verdict,
    /// How long the server asked to be left alone, if it did.
    pub retry_after: Option<Duration>,
}

/// An HTTP agent for an authority: `timeout` bounds the whole attempt, from the name's resolution to the last byte.
#[must_use]
pub fn agent(timeout: Duration) -> ureq::Agent {
    ureq::Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .max_response_header_size(HEADER_BYTES_MAX)
        .proxy(None)
        .build()
        .new_agent()
}

/// Posts the parcel below `url` and reads what it means. Blocks for as long as the agent's timeout at most.
#[must_use]
pub fn send(
    agent: &ureq::Agent,
    authority: &dyn Authority,
    url: &str,
    parcel: &Parcel,
) -> Delivery {
    let url = url_of(url, authority.path(parcel.kind));
    let headers = authority.headers(&parcel.body);
    let (answer, retry_after) = post(agent, &url, &headers, parcel.key, &parcel.body);
    match answer {
        Ok((status, body)) => Delivery {
            verdict: authority.decode(status, &body),
            retry_after,
        },
        Err(failure) => Delivery {
            verdict: Verdict::Failed(failure),
            retry_after,
        },
    }
}

/// Status and body of an answer, or why there is none; and how long the server asked to be left alone.
pub(super) type Posted = (Result<(u16, Vec<u8>), Failure>, Option<Duration>);

/// Posts a JSON body with its key.
pub(super) fn post(
    agent: &ureq::Agent,
    url: &str,
    headers: &[(String, String)],
    key: Uuid,
    body: &str,
) -> Posted {
    let mut request = agent
        .post(url)
        .header("Content-Type", "application/json")
        .header("Accept", "application/json")
        .header("Idempotency-Key", key.to_string());
    for (name, value) in headers {
        request = request.header(name, value);
    }
    let mut response = match request.send(body) {
        Ok(response) => response,
        Err(error) => return (Err(failure_of(&error)), None),
    };
    let status = response.status().as_u16();
    let retry_after = response
        .headers()
        .get("Retry-After")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse().ok())
        .map(Duration::from_secs);
    let body = response.body_mut().with_config().limit(BODY_BYTES_MAX);
    let answer = body
        .read_to_vec()
        .map(|body| (status, body))
        .map_err(|error| failure_of(&error));
    (answer, retry_after)
}

fn failure_of(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::TimedOut,
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::BadUri(_)
        | ureq::Error::InvalidProxyUrl => Failure::Unreachable,
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
            | io::ErrorKind::AddrNotAvailable => Failure::Unreachable,
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Failure::TimedOut,
            _ => Failure::Broken,
        },
        // What is left is an answer that came and is no answer of a tax office: not HTTP, or without end.
        _ => Failure::Stranger,
    }
}

/// An answer of the office is a few lines; a page of a login portal is not worth reading.
const BODY_BYTES_MAX: u64 = 64 * 1024;
const HEADER_BYTES_MAX: usize = 16 * 1024;

#[cfg(test)]
#[path = "send_tests.rs"]
mod tests;

//! The limits of a connection, the reading of a body within them, and the answers when a limit is exceeded.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::sync::{Semaphore, SemaphorePermit, TryAcquireError};
use tokio::time::timeout;

/// What a caller may use of the listener: connections, time and bytes.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// The largest number of open connections.
    pub connections: usize,
    /// The longest time from the start of waiting for a request to the end of its head. An idle connection is closed after this time too.
    pub head_timeout: Duration,
    /// The longest time from the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// The largest body in bytes.
    pub body_bytes: usize,
    /// Whether the body of a path may be larger, because it may have an image.
    pub is_large: fn(&str) -> bool,
    /// The largest body of such a path in bytes.
    pub large_body_bytes: usize,
    /// The answer to a request that is refused before the router gets it, in the form of its API; `None` for the usual form.
    pub refusal: fn(&UnreadRequest<'_>) -> Option<Response<Body>>,
    /// Another header in which the answers of a path have the id of their request.
    pub other_id_header: fn(&str) -> Option<&'static str>,
    /// The largest head in bytes. A limit below 8 KiB counts as 8 KiB, because hyper allows no less.
    pub head_bytes: usize,
    /// The longest time in which a caller takes no byte of its answer. Then the connection is closed.
    pub write_timeout: Duration,
    /// How long running requests may take to end after the shutdown has begun.
    pub shutdown: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            body_bytes: 256 * 1024,
            is_large: |_| false,
            large_body_bytes: 256 * 1024,
            refusal: |_| None,
            other_id_header: |_| None,
            head_bytes: 16 * 1024,
            write_timeout: Duration::from_secs(30),
            shutdown: Duration::from_secs(20),
        }
    }
}

/// A request that is refused before the router gets it.
#[derive(Clone, Copy, Debug)]
pub struct UnreadRequest<'r> {
    /// The path of the request.
    pub path: &'r str,
    /// The status of the answer.
    pub status: StatusCode,
    /// The error type.
    pub error_type: &'static str,
    /// The sentence for people.
    pub message: &'r str,
}

/// The most large bodies that are read at the same time, so that callers cannot use up the memory.
const LARGE_BODIES_MAX: usize = 2;

static LARGE_BODIES: Semaphore = Semaphore::const_new(LARGE_BODIES_MAX);

impl ConnectionLimits {
    /// The limits of a request. A request whose body may be large takes a place until its answer is made.
    ///
    /// # Errors
    ///
    /// All places are taken.
    pub(super) fn of_request(
        mut self,
        path: &str,
        body: &Incoming,
    ) -> Result<(Self, Option<SemaphorePermit<'static>>), TryAcquireError> {
        let most = body.size_hint().upper();
        let is_small = most
            .is_some_and(|most| usize::try_from(most).is_ok_and(|most| most <= self.body_bytes));
        if is_small || !(self.is_large)(path) {
            return Ok((self, None));
        }
        let place = LARGE_BODIES.try_acquire()?;
        self.body_bytes = self.large_body_bytes;
        Ok((self, Some(place)))
    }
}

/// Why a request was refused before the router got it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// The body has more bytes than the limit.
    TooLarge,
    /// The body did not arrive in time.
    TooSlow,
    /// The connection ended within the body.
    Broken,
    /// The body was not read, because requests are running in all connections.
    NoSlot,
}

impl Unread {
    const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::NoSlot => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The error type, and the sentence for people.
    fn reason(self, limits: ConnectionLimits) -> (&'static str, String) {
        match self {
            Self::TooLarge => (
                "BodyTooLarge",
                format!(
                    "body: is larger than {} bytes; send fewer lines in one receipt",
                    limits.body_bytes
                ),
            ),
            Self::TooSlow => (
                "BodyTimeout",
                format!(
                    "body: did not arrive within {} ms; send the request again",
                    limits.body_timeout.as_millis()
                ),
            ),
            Self::Broken => (
                "BodyIncomplete",
                "body: ended early; send the request again".to_owned(),
            ),
            Self::NoSlot => (
                "Overloaded",
                format!(
                    "agent: has a request running in each of its {} connections; send the request again with the same id",
                    limits.connections
                ),
            ),
        }
    }

    /// The JSON of the answer, in the same form as other refusals.
    pub(super) fn text(self, limits: ConnectionLimits) -> String {
        let (error_type, message) = self.reason(limits);
        format!(
            "{{\"success\":false,\"message\":\"{message}\",\"fullExceptionMessage\":\"{message}\",\"errorType\":\"{error_type}\"}}"
        )
    }

    /// The answer to a request for a path.
    pub(super) fn answer(self, path: &str, limits: ConnectionLimits) -> Response<Body> {
        let (error_type, message) = self.reason(limits);
        let own = (limits.refusal)(&UnreadRequest {
            path,
            status: self.status(),
            error_type,
            message: &message,
        });
        let mut response = own.unwrap_or_else(|| {
            let mut response = Response::new(Body::from(self.text(limits)));
            *response.status_mut() = self.status();
            let json = HeaderValue::from_static("application/json");
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, json);
            headers.insert(X_FISCAL_STATE, HeaderValue::from_static("unknown"));
            response
        });
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        if self == Self::NoSlot {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// Reads a whole body within the limits.
pub(super) async fn read_body(
    headers: &HeaderMap,
    mut body: Incoming,
    limits: ConnectionLimits,
) -> Result<Bytes, Unread> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if announced > limits.body_bytes {
        // A caller that sent `Expect` waits for the answer before it sends the body, so there is nothing to read.
        if !headers.contains_key(header::EXPECT) {
            drain(body).await;
        }
        return Err(Unread::TooLarge);
    }
    let whole = timeout(limits.body_timeout, async {
        let mut bytes = BytesMut::with_capacity(announced);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Unread::Broken)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len().saturating_add(data.len()) > limits.body_bytes {
                return Err(Unread::TooLarge);
            }
            bytes.extend_from_slice(&data);
        }
        Ok(bytes.freeze())
    });
    match whole.await {
        Ok(Err(Unread::TooLarge)) => {
            drain(body).await;
            Err(Unread::TooLarge)
        }
        Ok(read) => read,
        Err(_) => Err(Unread::TooSlow),
    }
}

/// Reads the rest of a refused body for a moment and drops it. A caller that is still writing when the connection closes would lose the answer.
async fn drain(mut body: Incoming) {
    let drained = timeout(DRAIN_TIMEOUT, async {
        let mut bytes = 0_usize;
        while let Some(Ok(frame)) = body.frame().await {
            bytes = bytes.saturating_add(frame.data_ref().map_or(0, Bytes::len));
            if bytes > DRAIN_BYTES_MAX {
                return;
            }
        }
    });
    // The answer is sent next, whether the body has ended or not.
    let _ = drained.await;
}

/// How long, and how many bytes, are still read after a body was refused.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
const DRAIN_BYTES_MAX: usize = 8 * 1024 * 1024;
const X_FISCAL_STATE: &str = "x-fiscal-state";

//! The accept loop: HTTP with a limit on everything a stranger can hold on to.
//!
//! Heads, bodies and pauses between requests are bounded in time and size, and so is the number of connections.
//! When all slots are taken, the connection that has waited longest for the rest of a request gives its place to
//! the newcomer, so that thousands of half-open connections cost a sale nothing; only when every place is at work
//! does a newcomer hear 503.
//!
//! A call that is refused here was not looked at. Its request id may have been sold before, so every such answer
//! says `X-Fiscal-State: unknown`.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use axum::middleware::Next;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tower::ServiceExt;
use uuid::Uuid;

mod connections;

use connections::{ConnectionSlots, SlotGuard};

/// What a connection may hold on to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections at a time.
    pub connections: usize,
    /// From the start of waiting for a request to the end of its head; also how long an idle connection is kept.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Bytes of a head; hyper allows no less than 8 KiB.
    pub head_bytes: usize,
    /// How long requests at work may take to end after the shutdown has begun.
    pub shutdown: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            connections: 256,
            head_timeout: Duration::from_secs(5),
            body_timeout: Duration::from_secs(10),
            body_bytes: 256 * 1024,
            head_bytes: 16 * 1024,
            shutdown: Duration::from_secs(20),
        }
    }
}

/// Serves the router until `shutdown` comes, then lets requests at work end within the bound.
///
/// Handlers get whole bodies, `X-Request-Id` as the extension [`RequestId`], and the peer as [`ConnectInfo`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(ConnectionSlots::new(limits.connections));
    let turned_away = Arc::new(AtomicUsize::new(0));
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // A timer that is to end before all others wakes the runtime, and every request has one for its head. While this one
            // ends sooner none of them is the first, which saves each request a system call and a turn.
            _ = beat.tick(), if !tasks.is_empty() => {}
            // Finished tasks are taken out as they end, so that the set does not grow for as long as the program runs.
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match slots.take() {
                    Some(place) => {
                        let stopping = stopping.clone();
                        tasks.spawn(connection(stream, peer, place, router.clone(), limits, stopping));
                    }
                    None if turned_away.load(Ordering::Relaxed) < TURNED_AWAY_MAX => {
                        let count = Counted::new(&turned_away);
                        tasks.spawn(async move {
                            turn_away(stream, limits).await;
                            drop(count);
                        });
                    }
                    // Too many even to be told so.
                    None => drop(stream),
                },
                // Too many open files, or a peer gone already: neither is a reason to stop.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted; trying again");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    // Nobody listening means that no connection is left to tell.
    let _ = stop.send(true);
    let ended = timeout(limits.shutdown, async {
        while tasks.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        tracing::warn!(
            open = tasks.len(),
            "requests at work were cut off at shutdown"
        );
    }
}

/// The name of one request, in its answer's `X-Request-Id`: the caller's own if it is a short token, else a new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// From the request's headers, or new.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let own = headers.get(X_REQUEST_ID).filter(|value| {
            let token = value.as_bytes();
            !token.is_empty()
                && token.len() <= REQUEST_ID_MAX
                && token
                    .iter()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        });
        match own {
            Some(value) => Self(value.clone()),
            None => Self::made(),
        }
    }

    /// Drawn once for this process, and then counted: the system's randomness is not asked with every request.
    fn made() -> Self {
        static PROCESS: LazyLock<Uuid> = LazyLock::new(Uuid::new_v4);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (high, low) = PROCESS.as_u64_pair();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let text = Uuid::from_u64_pair(high, low.wrapping_add(count)).to_string();
        // The text of a UUID is a header value; an answer without a name would still be an answer.
        Self(HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("unnamed")))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A layer that names every request and its answer, for routers that are not served by [`serve`], such as those of tests:
/// `router.layer(axum::middleware::from_fn(listener::name_request))`.
pub async fn name_request(mut request: Request<Body>, next: Next) -> Response<Body> {
    let id = match request.extensions().get::<RequestId>() {
        Some(id) => id.clone(),
        None => RequestId::of(request.headers()),
    };
    request.extensions_mut().insert(id.clone());
    named(next.run(request).await, &id)
}

fn named(mut response: Response<Body>, id: &RequestId) -> Response<Body> {
    response.headers_mut().insert(X_REQUEST_ID, id.0.clone());
    response
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    place: SlotGuard,
    router: Router,
    limits: ConnectionLimits,
    mut stopping: watch::Receiver<bool>,
) {
    // Answers are small and waited for; batching them with the next one only adds delay.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "no TCP_NODELAY");
    }
    let place = Arc::new(place);
    let at_work = Arc::clone(&place);
    let service = service_fn(move |request| {
        answer(request, peer, Arc::clone(&at_work), router.clone(), limits)
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes.max(HYPER_BUFFER_MIN))
        .max_headers(HEADERS_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let patience = tokio::select! {
        ended = connection.as_mut() => return told(ended, peer),
        () = place.given_away() => LEAVE_BOUND,
        // The sender outlives every connection, so an error means a shutdown as well.
        _ = stopping.wait_for(|stopping| *stopping) => limits.shutdown,
    };
    // An answer that is being written is still finished; an idle connection ends at once.
    connection.as_mut().graceful_shutdown();
    if let Ok(ended) = timeout(patience, connection).await {
        told(ended, peer);
    }
}

fn told(ended: hyper::Result<()>, peer: SocketAddr) {
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// Reads one request whole, then gives it to the router; from then on the connection keeps its place until the answer.
async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    place: Arc<SlotGuard>,
    router: Router,
    limits: ConnectionLimits,
) -> Result<Response<Body>, Evicted> {
    let id = RequestId::of(request.headers());
    place.wait_from_now();
    let (mut parts, body) = request.into_parts();
    let body = match read_body(&parts.headers, body, limits).await {
        Ok(body) => body,
        Err(unread) => return Ok(named(unread.answer(limits), &id)),
    };
    if !place.start_work() {
        return Err(Evicted);
    }
    parts.extensions.insert(id.clone());
    parts.extensions.insert(ConnectInfo(peer));
    let request = Request::from_parts(parts, Body::from(body));
    let answered: Result<Response<Body>, Infallible> = router.oneshot(request).await;
    place.end_work();
    match answered {
        Ok(response) => Ok(named(response, &id)),
        Err(never) => match never {},
    }
}

/// Why a body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unread {
    TooLarge,
    TooSlow,
    Broken,
    /// Not a body's fault: every place is at work.
    NoPlace,
}

impl Unread {
    const fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
            Self::NoPlace => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The answer, in the envelope that tills know, for a call that was not looked at.
    fn text(self, limits: ConnectionLimits) -> String {
        let (error_type, message) = match self {
            Self::TooLarge => (
                "BodyTooLarge",
                format!(
                    "The body is larger than {} bytes; send fewer lines in one receipt.",
                    limits.body_bytes
                ),
            ),
            Self::TooSlow => (
                "BodyTimeout",
                format!(
                    "The body did not arrive within {} ms; send the request again.",
                    limits.body_timeout.as_millis()
                ),
            ),
            Self::Broken => (
                "BodyIncomplete",
                "The body ended early; send the request again.".to_owned(),
            ),
            Self::NoPlace => (
                "Overloaded",
                format!(
                    "All {} connections are at work; send the request again with the same id.",
                    limits.connections
                ),
            ),
        };
        format!(
            "{{\"success\":false,\"message\":\"{message}\",\"fullExceptionMessage\":null,\"errorType\":\"{error_type}\",\"data\":null}}"
        )
    }

    fn answer(self, limits: ConnectionLimits) -> Response<Body> {
        let mut response = Response::new(Body::from(self.text(limits)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        headers.insert(X_FISCAL_STATE, HeaderValue::from_static("unknown"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

async fn read_body(
    headers: &HeaderMap,
    mut body: Incoming,
    limits: ConnectionLimits,
) -> Result<Bytes, Unread> {
    let told = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if told > limits.body_bytes {
        // Who asked first is waiting for the answer before it sends the body.
        if !headers.contains_key(header::EXPECT) {
            drain(body).await;
        }
        return Err(Unread::TooLarge);
    }
    let whole = timeout(limits.body_timeout, async {
        let mut bytes = BytesMut::with_capacity(told);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Unread::Broken)?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if bytes.len() + data.len() > limits.body_bytes {
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

/// Reads on for a moment and throws away: a caller that is still writing when the connection closes loses the answer.
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
    // Either way the answer goes out next.
    let _ = drained.await;
}

/// Answers 503 by hand: there is no place for a proper connection.
async fn turn_away(mut stream: TcpStream, limits: ConnectionLimits) {
    let body = Unread::NoPlace.text(limits);
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Retry-After: 1\r\nX-Fiscal-State: unknown\r\nX-Request-Id: {}\r\nConnection: close\r\n\r\n{body}",
        body.len(),
        RequestId::made(),
    );
    let said = timeout(TURN_AWAY_TIMEOUT, async {
        let mut heard = [0_u8; 4096];
        // A caller that is still writing when the connection closes loses the answer: read first, answer, read out.
        let _ = stream.read(&mut heard).await?;
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        while stream.read(&mut heard).await? > 0 {}
        Ok::<(), std::io::Error>(())
    });
    // Whether it was heard or not, the caller is gone after this.
    let _ = said.await;
}

/// Counts one while it lives.
#[derive(Debug)]
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counter))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Ends a connection whose place was given away while its request was read.
#[derive(Debug, Error)]
#[error("the connection gave its place to another")]
struct Evicted;

const X_REQUEST_ID: &str = "x-request-id";
const X_FISCAL_STATE: &str = "x-fiscal-state";
const REQUEST_ID_MAX: usize = 64;
const HEADERS_MAX: usize = 64;
const HYPER_BUFFER_MIN: usize = 8 * 1024;
/// How long a connection that gives way may still write an answer it has begun.
const LEAVE_BOUND: Duration = Duration::from_millis(200);
const TURNED_AWAY_MAX: usize = 64;
const TURN_AWAY_TIMEOUT: Duration = Duration::from_secs(1);
const DRAIN_TIMEOUT: Duration = Duration::from_secs(1);
const DRAIN_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Sooner than [`ConnectionLimits::head_timeout`].
const BEAT: Duration = Duration::from_secs(2);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
#[cfg(test)]
mod tests;

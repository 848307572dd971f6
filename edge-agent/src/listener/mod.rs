//! The accept loop: HTTP with limits on heads, bodies, connections and time.
//!
//! There is one slot for each open connection, and the number of slots is limited.
//! If a new connection finds no free slot, it gets the slot of the connection that has waited longest for the rest of a request.
//! So thousands of half-open connections do not delay a sale.
//! Only if a request is running in every slot, the new connection gets the answer 503.
//!
//! A request that is refused here was not read. Its request id may belong to an earlier sale, so every such answer of an API that sells
//! contains `X-Fiscal-State: unknown`.

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
use axum::http::{HeaderMap, HeaderValue, Request, Response};
use axum::middleware::Next;
use hyper::body::Incoming;
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

pub mod certificate;
mod connections;
mod limits;
pub mod made_certificate;
mod stalled;
mod tls;
mod written;

use crate::limited_log::LimitedLog;
use connections::{ConnectionSlots, SlotGuard};
use limits::{Unread, read_body};
use tls::CallerStream;
use written::{EndedAnswers, WatchedStream};

pub use certificate::{CertificateFault, ServerCertificate};
pub use limits::{ConnectionLimits, UnreadRequest};
pub use tls::CertificateInUse;
pub use written::WhenWritten;

/// Serves the router until `shutdown` completes. Requests that are running then may still end within [`ConnectionLimits::shutdown`].
///
/// Handlers get whole bodies, `X-Request-Id` as the extension [`RequestId`], and the caller's address as [`ConnectInfo`].
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    shutdown: impl Future<Output = ()>,
) {
    serve_secured(listener, router, limits, None, shutdown).await;
}

/// [`serve`] with TLS to callers if there is a certificate.
pub async fn serve_secured(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    certificate: Option<CertificateInUse>,
    shutdown: impl Future<Output = ()>,
) {
    let slots = Arc::new(ConnectionSlots::new(limits.connections));
    let rejecting = Arc::new(AtomicUsize::new(0));
    let (stop, stopping) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let mut timer_tick = tokio::time::interval(TIMER_TICK);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            // Starting a timer that ends before all others costs a system call and a wake-up of the runtime. Every request starts one for its
            // head. With the default limits this timer ends sooner than the timers of the requests, so starting those does not
            // have that cost.
            _ = timer_tick.tick(), if !tasks.is_empty() => {}
            // Finished tasks are removed as they end. Otherwise the set would grow as long as the program runs.
            Some(_) = tasks.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match slots.take() {
                    Some(slot) => {
                        let (router, stopping) = (router.clone(), stopping.clone());
                        let (certificate, slot) = (certificate.clone(), Arc::new(slot));
                        tasks.spawn(async move {
                            let begin = tls::begin(stream, peer, certificate.as_ref(), limits);
                            if let Some(stream) = unless_evicted(&slot, begin).await {
                                connection(stream, peer, slot, router, limits, stopping).await;
                            }
                        });
                    }
                    None if rejecting.load(Ordering::Relaxed) < REJECTING_MAX => {
                        let count = CountGuard::new(&rejecting);
                        tasks.spawn(async move {
                            reject(stream, limits).await;
                            drop(count);
                        });
                    }
                    // Too many connections are being rejected already: this one is closed without an answer.
                    None => drop(stream),
                },
                // The reason may be too many open files, or a caller that has disconnected already. The loop goes on.
                Err(error) => {
                    NOT_ACCEPTED.warn("NotAccepted", || {
                        format!("a connection could not be accepted ({error}); trying again")
                    });
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
    drop(listener);
    // Sending fails only if no connection is open any more.
    let _ = stop.send(true);
    let ended = timeout(limits.shutdown, async {
        while tasks.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        tracing::warn!(
            open = tasks.len(),
            "running requests were cut off at shutdown"
        );
    }
}

/// The id of one request, in the header `X-Request-Id` of its answer. If the caller's `X-Request-Id` is a short token, that is used, otherwise a new id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The id from the request's headers, or a new one.
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
            None => Self::generate(),
        }
    }

    /// A new id: a random number that is drawn once per process, plus a counter. So not every request needs random numbers from the system.
    fn generate() -> Self {
        static PROCESS: LazyLock<Uuid> = LazyLock::new(Uuid::new_v4);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (high, low) = PROCESS.as_u64_pair();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let text = Uuid::from_u64_pair(high, low.wrapping_add(count)).to_string();
        // The text of a UUID is always a valid header value, so the other value is never used.
        Self(HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("unnamed")))
    }

    /// The id as text.
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

/// A layer that gives every request and its answer an id, for routers that are not served by [`serve`], such as those of tests:
/// `router.layer(axum::middleware::from_fn(listener::name_request))`.
pub async fn name_request(mut request: Request<Body>, next: Next) -> Response<Body> {
    let id = match request.extensions().get::<RequestId>() {
        Some(id) => id.clone(),
        None => RequestId::of(request.headers()),
    };
    request.extensions_mut().insert(id.clone());
    named(next.run(request).await, &id, None)
}

fn named(
    mut response: Response<Body>,
    id: &RequestId,
    other_header: Option<&'static str>,
) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.0.clone());
    if let Some(name) = other_header {
        headers.insert(name, id.0.clone());
    }
    response
}

/// What begins a connection, unless another one gets its slot meanwhile.
async fn unless_evicted(
    slot: &SlotGuard,
    begin: impl Future<Output = Option<CallerStream>>,
) -> Option<CallerStream> {
    tokio::select! {
        begun = begin => begun,
        () = slot.evicted() => None,
    }
}

async fn connection(
    stream: CallerStream,
    peer: SocketAddr,
    slot: Arc<SlotGuard>,
    router: Router,
    limits: ConnectionLimits,
    mut stopping: watch::Receiver<bool>,
) {
    let slot_of_request = Arc::clone(&slot);
    let answers = EndedAnswers::default();
    let stream = WatchedStream::new(TokioIo::new(stream), answers.clone());
    let service = service_fn(move |request| {
        let answered = answer(
            request,
            peer,
            Arc::clone(&slot_of_request),
            router.clone(),
            limits,
        );
        let answers = answers.clone();
        async move { answered.await.map(|response| answers.watch(response)) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        // The vendor's example in 1C looks for `Content-Type` by its exact name.
        .title_case_headers(true)
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(limits.head_bytes.max(HYPER_BUFFER_MIN))
        .max_headers(HEADERS_MAX);
    let mut connection = pin!(builder.serve_connection(stream, service));
    let grace = tokio::select! {
        ended = connection.as_mut() => return log_end(ended, peer),
        () = slot.evicted() => EVICTED_GRACE,
        // An error means that the sender is gone, which is a shutdown too.
        _ = stopping.wait_for(|stopping| *stopping) => limits.shutdown,
    };
    // An answer that is being written is still completed. An idle connection ends at once.
    connection.as_mut().graceful_shutdown();
    if let Ok(ended) = timeout(grace, connection).await {
        log_end(ended, peer);
    }
}

fn log_end(ended: hyper::Result<()>, peer: SocketAddr) {
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// Reads one whole request and gives it to the router. From then until the answer the connection cannot lose its slot.
async fn answer(
    request: Request<Incoming>,
    peer: SocketAddr,
    slot: Arc<SlotGuard>,
    router: Router,
    limits: ConnectionLimits,
) -> Result<Response<Body>, Evicted> {
    let id = RequestId::of(request.headers());
    slot.wait_from_now();
    let (mut parts, body) = request.into_parts();
    let other_header = (limits.other_id_header)(parts.uri.path());
    let named = |response| named(response, &id, other_header);
    let Ok((limits, _place)) = limits.of_request(parts.uri.path(), &body) else {
        return Ok(named(Unread::NoSlot.answer(parts.uri.path(), limits)));
    };
    let body = match read_body(&parts.headers, body, limits).await {
        Ok(body) => body,
        Err(unread) => return Ok(named(unread.answer(parts.uri.path(), limits))),
    };
    if !slot.start_work() {
        return Err(Evicted);
    }
    parts.extensions.insert(id.clone());
    parts.extensions.insert(ConnectInfo(peer));
    let request = Request::from_parts(parts, Body::from(body));
    let answered: Result<Response<Body>, Infallible> = router.oneshot(request).await;
    slot.end_work();
    match answered {
        Ok(response) => Ok(named(response)),
        Err(never) => match never {},
    }
}

/// Answers 503 without hyper, because there is no slot for a normal connection.
async fn reject(mut stream: TcpStream, limits: ConnectionLimits) {
    let body = Unread::NoSlot.text(limits);
    let answer = format!(
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Retry-After: 1\r\nX-Fiscal-State: unknown\r\nX-Request-Id: {}\r\nConnection: close\r\n\r\n{body}",
        body.len(),
        RequestId::generate(),
    );
    let sent = timeout(REJECT_TIMEOUT, async {
        let mut received = [0_u8; 4096];
        // A caller that is still writing when the connection closes would lose the answer. So the request is read before the answer and after it.
        let _ = stream.read(&mut received).await?;
        stream.write_all(answer.as_bytes()).await?;
        stream.shutdown().await?;
        while stream.read(&mut received).await? > 0 {}
        Ok::<(), std::io::Error>(())
    });
    // The connection is closed after this, whether the caller got the answer or not.
    let _ = sent.await;
}

/// The lines about connections that could not be accepted. Unsigned callers can use up all file descriptors.
static NOT_ACCEPTED: LimitedLog = LimitedLog::new();

/// Adds one to a counter, and subtracts it when dropped.
#[derive(Debug)]
struct CountGuard(Arc<AtomicUsize>);

impl CountGuard {
    fn new(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counter))
    }
}

impl Drop for CountGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Ends a connection that lost its slot while its request was being read.
#[derive(Debug, Error)]
#[error("the connection lost its slot to another one")]
struct Evicted;

const X_REQUEST_ID: &str = "x-request-id";
/// The most bytes of a caller's `X-Request-Id`.
const REQUEST_ID_MAX: usize = 64;
const HEADERS_MAX: usize = 64;
/// The smallest buffer that hyper accepts; hyper panics with a smaller one.
const HYPER_BUFFER_MIN: usize = 8 * 1024;
/// How long a connection that lost its slot may still write an answer that it has begun.
const EVICTED_GRACE: Duration = Duration::from_millis(200);
/// Connections that are answered 503 at the same time.
const REJECTING_MAX: usize = 64;
const REJECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The period of the timer. It is shorter than the default [`ConnectionLimits::head_timeout`].
const TIMER_TICK: Duration = Duration::from_secs(2);
/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

#[cfg(test)]
mod tests;

//! Accepts connections, with limits on their number and on the time of a request's head.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

use crate::authority::fingerprint;

/// Who has called: each request has this among its extensions.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// The SHA-256 of the client's certificate; `None` without one.
    pub certificate: Option<[u8; 32]>,
    /// The client's address.
    pub address: SocketAddr,
}

/// A listener and what it serves.
pub struct Listener {
    /// The bound socket.
    pub socket: TcpListener,
    /// The TLS configuration at present; `None` for HTTP without TLS.
    pub tls: Option<watch::Receiver<Arc<ServerConfig>>>,
    /// What is served.
    pub router: Router,
    /// How many connections may be open.
    pub connections: usize,
}

impl Listener {
    /// Serves until `stop` is true, and then until the requests in work have their answers, but not longer than ten seconds.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let slots = Arc::new(Semaphore::new(self.connections));
        let mut open = JoinSet::new();
        loop {
            // Without a free slot nothing is accepted: the system keeps some connections waiting and refuses the others.
            let slot = tokio::select! {
                slot = Arc::clone(&slots).acquire_owned() => slot,
                () = stopped(&mut stop) => break,
            };
            let Ok(slot) = slot else { break };
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = stopped(&mut stop) => break,
            };
            match accepted {
                Ok((stream, address)) => {
                    let tls = self.tls.as_ref().map(|tls| Arc::clone(&tls.borrow()));
                    let router = self.router.clone();
                    open.spawn(connection(stream, address, tls, router, stop.clone(), slot));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
            while open.try_join_next().is_some() {}
        }
        drop(self.socket);
        let ended = timeout(STOP_TIMEOUT, async {
            while open.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            tracing::warn!(
                connections = open.len(),
                "connections were closed in the middle of a request"
            );
        }
    }
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone, which also means stop.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    stop: watch::Receiver<bool>,
    slot: OwnedSemaphorePermit,
) {
    let _slot = slot;
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%address, %error, "no TCP_NODELAY");
    }
    let served = match tls {
        None => {
            let caller = Caller {
                certificate: None,
                address,
            };
            serve_http(stream, caller, router, stop).await
        }
        Some(config) => {
            let handshake = TlsAcceptor::from(config).accept(stream);
            match timeout(HEAD_TIMEOUT, handshake).await {
                Ok(Ok(stream)) => {
                    let (_, session) = stream.get_ref();
                    let certificates = session.peer_certificates().unwrap_or_default();
                    let caller = Caller {
                        certificate: certificates.first().map(|der| fingerprint(der)),
                        address,
                    };
                    serve_http(stream, caller, router, stop).await
                }
                Ok(Err(error)) => {
                    tracing::info!(%address, %error, "a TLS handshake has failed");
                    Ok(())
                }
                Err(_) => {
                    tracing::debug!(%address, "a TLS handshake has taken too long");
                    Ok(())
                }
            }
        }
    };
    if let Err(error) = served {
        tracing::debug!(%address, %error, "a connection has ended");
    }
}

async fn serve_http<S>(
    stream: S,
    caller: Caller,
    router: Router,
    mut stop: watch::Receiver<bool>,
) -> Result<(), hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let mut request: Request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(caller);
        let router = router.clone();
        async move {
            let response = router.oneshot(request).await;
            match response {
                Ok(response) => Ok::<_, Infallible>(response),
                Err(never) => match never {},
            }
        }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_headers(32)
        .max_buf_size(BUFFER_BYTES_MAX);
    let connection = http.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended,
        () = stopped(&mut stop) => {}
    }
    connection.as_mut().graceful_shutdown();
    connection.await
}

/// Binds an address.
///
/// # Errors
/// If the address cannot be used.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// How long a connection may wait for the head of a request, the first or the next one.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const BUFFER_BYTES_MAX: usize = 16 * 1024;

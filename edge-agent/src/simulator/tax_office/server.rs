//! The accept loop of the authority simulator: an HTTP server that can also reset connections, like a server that is down.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt;

use super::{ResetConnection, TaxOfficeSimulator, router};

/// Serves the simulator on the listener until `shutdown` completes. Then all open connections are closed too.
pub async fn serve(
    listener: TcpListener,
    simulator: TaxOfficeSimulator,
    shutdown: impl Future<Output = ()>,
) {
    serve_router(listener, router(simulator), shutdown).await;
}

/// Serves the routes of simulators on the listener until `shutdown` completes. Then all open connections are closed too.
pub async fn serve_router(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    // When the sender is dropped at the end, every connection ends.
    let (_open, closed) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    tokio::spawn(connection(stream, peer, router.clone(), closed.clone()));
                }
                // The reason may be too many open files, or a caller that has disconnected already. The loop goes on.
                Err(error) => {
                    tracing::warn!(%error, "the authority simulator could not accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    mut closed: watch::Receiver<()>,
) {
    let service = service_fn(move |request| Box::pin(answer(router.clone(), request)));
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    let mut connection = builder.serve_connection(TokioIo::new(stream), service);
    let served = tokio::select! {
        served = poll_fn(|context| connection.poll_without_shutdown(context)) => served,
        _ = closed.changed() => return,
    };
    let stream = connection.into_parts().io.into_inner();
    if let Err(error) = served {
        // A server that is down causes a reset and not an orderly end of the connection.
        if let Err(error) = stream.set_zero_linger() {
            tracing::warn!(%peer, %error, "the authority simulator could not reset a connection");
        }
        tracing::debug!(%peer, %error, "the authority simulator reset a connection");
    }
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, Down> {
    let answered: Result<Response<Body>, Infallible> = router.oneshot(request).await;
    match answered {
        Ok(response) if response.extensions().get::<ResetConnection>().is_some() => Err(Down),
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

/// Ends the connection without any answer.
#[derive(Debug, Error)]
#[error("the simulated authority is down")]
struct Down;

const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

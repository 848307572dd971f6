//! The stand-in's accept loop: an ordinary HTTP server that can also hang up as a dead one does.

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

use super::{HangUp, TaxOfficeSimulator, router};

/// Serves the office on the listener until `shutdown` comes; open connections end with it.
pub async fn serve(
    listener: TcpListener,
    office: TaxOfficeSimulator,
    shutdown: impl Future<Output = ()>,
) {
    let router = router(office);
    // Dropping the sender at the end tells every connection.
    let (_open, closed) = watch::channel(());
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    tokio::spawn(connection(stream, peer, router.clone(), closed.clone()));
                }
                // Too many open files, or a peer gone already: neither is a reason to stop.
                Err(error) => {
                    tracing::warn!(%error, "the stand-in could not accept a connection");
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
        // A reset instead of an orderly end is what a dead server looks like: a caller must not take silence for an answer.
        if let Err(error) = stream.set_zero_linger() {
            tracing::warn!(%peer, %error, "the stand-in could not reset a connection");
        }
        tracing::debug!(%peer, %error, "the stand-in hung up");
    }
}

async fn answer(router: Router, request: Request<Incoming>) -> Result<Response<Body>, HungUp> {
    let answered: Result<Response<Body>, Infallible> = router.oneshot(request).await;
    match answered {
        Ok(response) if response.extensions().get::<HangUp>().is_some() => Err(HungUp),
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}

/// Ends the connection without a byte of an answer.
#[derive(Debug, Error)]
#[error("the office is down")]
struct HungUp;

const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

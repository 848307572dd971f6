//! TLS to callers, on the same port as HTTP: the first byte of a connection says which of the two a caller uses.
//!
//! Where TLS is configured, HTTP without TLS is for this machine only (decision 0039).

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::RequestId;
use super::certificate::ServerCertificate;
use super::limits::ConnectionLimits;
use super::stalled::ImpatientStream;
use crate::locked::Locked;

/// The certificate that new connections get. It can be replaced while the listener runs.
#[derive(Clone, Debug)]
pub struct CertificateInUse(Arc<Locked<Arc<ServerConfig>>>);

impl CertificateInUse {
    /// Begins with a certificate.
    #[must_use]
    pub fn new(certificate: &ServerCertificate) -> Self {
        Self(Arc::new(Locked::new(Arc::clone(&certificate.config))))
    }

    /// Shows another certificate to the connections that begin from now on.
    pub fn replace(&self, certificate: &ServerCertificate) {
        *self.0.lock() = Arc::clone(&certificate.config);
    }

    fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.lock())
    }
}

/// The connection to a caller, with TLS or without.
#[derive(Debug)]
pub(super) enum CallerStream {
    Plain(ImpatientStream),
    Tls(Box<TlsStream<ImpatientStream>>),
}

/// Begins a connection. `None` if there is nothing to serve on it: it has ended, its handshake has failed or has taken too long, or
/// the caller uses HTTP from another machine although TLS is configured.
pub(super) async fn begin(
    mut stream: TcpStream,
    peer: SocketAddr,
    certificate: Option<&CertificateInUse>,
    limits: ConnectionLimits,
) -> Option<CallerStream> {
    // Answers are small, and the caller waits for them. Waiting for more data before sending an answer would only add delay.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "no TCP_NODELAY");
    }
    let impatient = |stream| ImpatientStream::new(stream, limits.write_timeout);
    let Some(certificate) = certificate else {
        return Some(CallerStream::Plain(impatient(stream)));
    };
    let begun = timeout(limits.head_timeout, async {
        let mut first = [0];
        stream.peek(&mut first).await?;
        if first == [TLS_HANDSHAKE] {
            let acceptor = TlsAcceptor::from(certificate.config());
            let secured = acceptor.accept(impatient(stream)).await?;
            return Ok(Some(CallerStream::Tls(Box::new(secured))));
        }
        if is_this_machine(&stream, peer) {
            return Ok(Some(CallerStream::Plain(impatient(stream))));
        }
        refuse_plain(&mut stream).await?;
        Ok::<_, io::Error>(None)
    });
    match begun.await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => {
            tracing::debug!(%peer, %error, "a connection could not begin");
            None
        }
        Err(_) => {
            tracing::debug!(%peer, "a caller did not end the handshake in time");
            None
        }
    }
}

/// True if the caller runs on this machine: only then its address is a loopback address or the address that it calls.
fn is_this_machine(stream: &TcpStream, peer: SocketAddr) -> bool {
    let own = stream.local_addr().is_ok_and(|own| own.ip() == peer.ip());
    own || peer.ip().to_canonical().is_loopback()
}

/// Answers HTTP without TLS. The request was not read, so nothing is known of its id.
async fn refuse_plain(stream: &mut TcpStream) -> io::Result<()> {
    let body = "{\"success\":false,\"message\":\"connection: is not encrypted, and this till takes calls of other machines over TLS \
         only; write https:// into the address of the till\",\"fullExceptionMessage\":\"\",\"errorType\":\"TlsNeeded\"}";
    let answer = format!(
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         X-Fiscal-State: unknown\r\nX-Request-Id: {}\r\nConnection: close\r\n\r\n{body}",
        body.len(),
        RequestId::generate(),
    );
    let mut received = [0_u8; 4096];
    let _ = stream.read(&mut received).await?;
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    // A caller that is still writing when the connection closes would lose the answer.
    let rest = async {
        while stream
            .read(&mut received)
            .await
            .is_ok_and(|count| count > 0)
        {}
    };
    let _ = timeout(REFUSED_PAUSE, rest).await;
    Ok(())
}

impl AsyncRead for CallerStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for CallerStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, parts),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

/// The first byte of a TLS connection: a record of the handshake (RFC 8446, 5.1). No HTTP method begins with it.
const TLS_HANDSHAKE: u8 = 22;
/// How long a caller that is refused may go on writing.
const REFUSED_PAUSE: Duration = Duration::from_millis(500);

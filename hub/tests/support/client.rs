//! A small HTTP client, with TLS and a client certificate or without.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use ferrotill_hub_protocol::{Answer, CONTENT_TYPE, Message as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// An open connection.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

/// An answer over HTTP.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// The message in the body.
    pub(crate) fn answer(&self) -> Answer {
        let answer = Answer::from_bytes(&self.body);
        let answer = answer.unwrap_or_else(|fault| panic!("{fault}: {self:?}"));
        assert_eq!(answer.status(), self.status);
        answer
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }
}

/// The TLS configuration of a client that trusts one authority, with its certificate and key if it has one.
pub(crate) fn tls(
    authority: &CertificateDer<'_>,
    own: Option<(Vec<u8>, Vec<u8>)>,
) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(authority.clone().into_owned()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    Arc::new(match own {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => config
            .with_client_auth_cert(
                vec![CertificateDer::from(certificate)],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)),
            )
            .unwrap(),
    })
}

impl Connection {
    pub(crate) async fn open(
        address: SocketAddr,
        tls: Option<Arc<ClientConfig>>,
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match tls {
            None => Box::new(stream),
            Some(tls) => {
                let name = ServerName::try_from("localhost").unwrap();
                Box::new(TlsConnector::from(tls).connect(name, stream).await?)
            }
        };
        Ok(Self {
            stream,
            received: Vec::new(),
        })
    }

    /// Posts a message to a path.
    pub(crate) async fn post(&mut self, path: &str, body: &[u8]) -> io::Result<Reply> {
        let head = format!("Content-Type: {CONTENT_TYPE}\r\n");
        self.send("POST", path, &head, body).await?;
        self.reply().await
    }

    /// Announces a body of so many bytes, and sends none of them: a server that refuses it closes the connection, and what a client has
    /// still to write would take the answer away.
    pub(crate) async fn announce(&mut self, path: &str, bytes: usize) -> io::Result<Reply> {
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\nContent-Type: {CONTENT_TYPE}\r\n\r\n"
        );
        self.stream.write_all(head.as_bytes()).await?;
        self.stream.flush().await?;
        self.reply().await
    }

    pub(crate) async fn get(&mut self, path: &str, head: &str) -> io::Result<Reply> {
        self.send("GET", path, head, &[]).await?;
        self.reply().await
    }

    /// Sends a request without waiting for its answer.
    pub(crate) async fn send(
        &mut self,
        method: &str,
        path: &str,
        head: &str,
        body: &[u8],
    ) -> io::Result<()> {
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{head}\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        self.stream.write_all(&bytes).await?;
        self.stream.flush().await
    }

    /// Reads the answer to the last request.
    pub(crate) async fn reply(&mut self) -> io::Result<Reply> {
        let end = loop {
            let found = self
                .received
                .windows(4)
                .position(|four| four == b"\r\n\r\n");
            if let Some(end) = found {
                break end + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.received.drain(..end).collect()).unwrap();
        let mut reply = Reply {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head,
            body: Vec::new(),
        };
        if reply.header("transfer-encoding").is_some() {
            reply.body = self.chunks().await?;
            return Ok(reply);
        }
        let length: usize = reply
            .header("content-length")
            .map_or(0, |length| length.parse().unwrap());
        while self.received.len() < length {
            self.more().await?;
        }
        reply.body = self.received.drain(..length).collect();
        Ok(reply)
    }

    async fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let end = loop {
                let found = self.received.windows(2).position(|two| two == b"\r\n");
                if let Some(end) = found {
                    break end;
                }
                self.more().await?;
            };
            let size = String::from_utf8(self.received.drain(..end + 2).collect()).unwrap();
            let size = usize::from_str_radix(size.trim(), 16).unwrap();
            while self.received.len() < size + 2 {
                self.more().await?;
            }
            body.extend(self.received.drain(..size));
            self.received.drain(..2);
            if size == 0 {
                return Ok(body);
            }
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        let mut buffer = [0; 8192];
        match self.stream.read(&mut buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                self.received.extend_from_slice(&buffer[..read]);
                Ok(())
            }
        }
    }
}

//! The tax authority over TLS: documents go only to a server whose certificate is valid, and only its answers count.

mod shop;

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use ferrotill::authority::failure::DeliveryFailure;
use ferrotill::authority::http::{agent, kept_agent, send};
use ferrotill::authority::online_ecr::{JSON, OnlineEcr};
use ferrotill::authority::tls::TlsFault;
use ferrotill::authority::{EncodedRequest, Verdict};
use ferrotill::config::{Config, Trust};
use ferrotill::simulator::tax_office::AuthorityCondition;
use ferrotill_core::duty::DutyKind;
use ferrotill_testkit::config::{ConfigText, text};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use shop::outside::{Process, until};
use shop::till::{SALE, Till};
use uuid::Uuid;

const TIMEOUT: Duration = Duration::from_millis(1_500);
const ACKNOWLEDGED: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"status\":\"success\"}";
/// A body that only the tax authority may read.
const CONFIDENTIAL: &str = r#"{"confidential":true}"#;

// Certificates.

/// A certificate authority of the test.
struct CertificateAuthority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
}

impl CertificateAuthority {
    fn new() -> Self {
        Self::named("Office root")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    fn trust(&self) -> Trust {
        Trust::Only(vec![self.certificate.clone()])
    }

    /// A server's certificate for a name, valid from one year to another.
    fn gives(&self, name: &str, from: i32, to: i32) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = server(name, from, to)
            .signed_by(&key, &self.issuer)
            .unwrap();
        shown(certificate.der().clone(), &key)
    }

    fn right(&self) -> Arc<ServerConfig> {
        self.gives("127.0.0.1", 2000, 2100)
    }

    fn expired(&self) -> Arc<ServerConfig> {
        self.gives("127.0.0.1", 2000, 2001)
    }
}

fn server(name: &str, from: i32, to: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from, 1, 1);
    params.not_after = date_time_ymd(to, 1, 1);
    params
}

fn signed_by_itself() -> Arc<ServerConfig> {
    let key = KeyPair::generate().unwrap();
    let certificate = server("127.0.0.1", 2000, 2100).self_signed(&key).unwrap();
    shown(certificate.der().clone(), &key)
}

fn shown(certificate: CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
    Arc::new(config)
}

// Servers.

type Stream = StreamOwned<ServerConnection, TcpStream>;

/// The behaviour of a server on a connection.
#[derive(Clone)]
enum Behaviour {
    /// The server uses TLS, sends these bytes as the answer to any request, and closes the connection as TLS requires.
    Answers(Arc<ServerConfig>, &'static [u8]),
    /// The server sends these bytes over TLS and cuts the connection without a close message.
    Cut(Arc<ServerConfig>, &'static [u8]),
    /// The server sends an answer over TLS with one changed byte in its last record.
    Tampered(Arc<ServerConfig>),
    /// The server sends these bytes without TLS.
    Plain(&'static [u8]),
    /// The server sends no answer.
    Silent,
}

/// A server, and all bytes that it could decrypt.
struct Server {
    url: String,
    received: Arc<Mutex<Vec<u8>>>,
}

impl Server {
    fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(Vec::new()));
        thread::spawn({
            let received = Arc::clone(&received);
            move || {
                for stream in listener.incoming() {
                    // Some tests expect that the handshake fails, or that the till disconnects.
                    let _ = treat(stream.unwrap(), &behaviour, &received);
                }
            }
        });
        Self { url, received }
    }

    fn deliver(&self, trust: &Trust) -> Verdict {
        deliver(&self.url, trust)
    }

    fn received(&self) -> String {
        String::from_utf8_lossy(&self.received.lock().unwrap()).into_owned()
    }
}

fn deliver(url: &str, trust: &Trust) -> Verdict {
    let parcel = EncodedRequest {
        kind: DutyKind::Sale,
        key: Uuid::from_u128(1),
        content_type: JSON.to_owned(),
        body: CONFIDENTIAL.into(),
    };
    send(&agent(TIMEOUT, trust), &OnlineEcr::default(), url, &parcel).verdict
}

fn treat(mut line: TcpStream, behaviour: &Behaviour, received: &Mutex<Vec<u8>>) -> io::Result<()> {
    let listen = |from: &mut dyn Read| -> io::Result<()> {
        let mut buffer = [0; 8192];
        while !String::from_utf8_lossy(&received.lock().unwrap()).contains(CONFIDENTIAL) {
            match from.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => received.lock().unwrap().extend(&buffer[..count]),
            }
        }
        Ok(())
    };
    match behaviour {
        Behaviour::Answers(config, answer) => {
            let mut stream = Stream::new(ServerConnection::new(Arc::clone(config)).unwrap(), line);
            listen(&mut stream)?;
            stream.write_all(answer)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
        Behaviour::Cut(config, answer) => {
            let mut stream = Stream::new(ServerConnection::new(Arc::clone(config)).unwrap(), line);
            listen(&mut stream)?;
            stream.write_all(answer)?;
            stream.flush()
        }
        Behaviour::Tampered(config) => {
            let mut stream = Stream::new(ServerConnection::new(Arc::clone(config)).unwrap(), line);
            listen(&mut stream)?;
            stream.conn.writer().write_all(ACKNOWLEDGED)?;
            let mut records = Vec::new();
            while stream.conn.wants_write() {
                stream.conn.write_tls(&mut records)?;
            }
            *records.last_mut().unwrap() ^= 1;
            stream.sock.write_all(&records)
        }
        Behaviour::Plain(answer) => {
            let _count = line.read(&mut [0; 8192])?;
            line.write_all(answer)
        }
        Behaviour::Silent => {
            // The server reads until the till disconnects.
            while line.read(&mut [0; 8192])? > 0 {}
            Ok(())
        }
    }
}

#[test]
fn the_right_server_gets_the_document() {
    let authority = CertificateAuthority::new();
    let server = Server::start(Behaviour::Answers(authority.right(), ACKNOWLEDGED));
    assert_eq!(server.deliver(&authority.trust()), Verdict::Acknowledged);
    assert!(server.received().contains(CONFIDENTIAL));
}

#[test]
fn a_server_with_a_wrong_certificate_gets_nothing_and_the_reason_is_named() {
    let authority = CertificateAuthority::new();
    let trust = authority.trust();
    let ack = ACKNOWLEDGED;
    let cases = [
        (authority.expired(), TlsFault::Expired, "has expired"),
        (
            authority.gives("127.0.0.1", 2099, 2100),
            TlsFault::NotYetValid,
            "is not valid yet",
        ),
        (
            authority.gives("127.0.0.2", 2000, 2100),
            TlsFault::WrongName,
            "for another name",
        ),
        (
            authority.gives("office.example", 2000, 2100),
            TlsFault::WrongName,
            "for another name",
        ),
        (
            CertificateAuthority::named("Another root").right(),
            TlsFault::UnknownAuthority,
            "unknown authority",
        ),
        // The certificate is issued by a different certificate authority with the same name.
        (
            CertificateAuthority::new().right(),
            TlsFault::UnknownAuthority,
            "unknown authority",
        ),
        (
            signed_by_itself(),
            TlsFault::UnknownAuthority,
            "unknown authority",
        ),
    ];
    for (shown, fault, expected) in cases {
        let server = Server::start(Behaviour::Answers(shown, ack));
        assert_eq!(
            server.deliver(&trust),
            Verdict::Failed(DeliveryFailure::Tls(fault))
        );
        assert!(
            DeliveryFailure::Tls(fault).to_string().contains(expected),
            "{fault}"
        );
        assert_eq!(server.received(), "", "{fault}");
    }
}

#[test]
fn a_private_certificate_authority_is_not_trusted_by_default() {
    let authority = CertificateAuthority::new();
    let server = Server::start(Behaviour::Answers(authority.right(), ACKNOWLEDGED));
    assert_eq!(
        server.deliver(&Trust::BuiltIn),
        Verdict::Failed(DeliveryFailure::Tls(TlsFault::UnknownAuthority))
    );
    assert_eq!(server.received(), "");
}

#[test]
fn no_fault_of_the_connection_is_an_acknowledgement() {
    let authority = CertificateAuthority::new();
    let right = || authority.right();
    let open_ended: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"status\":\"success\"}";
    let cases = [
        (
            Behaviour::Plain(ACKNOWLEDGED),
            DeliveryFailure::Tls(TlsFault::NoTls),
        ),
        (
            Behaviour::Plain(b"SSH-2.0-OpenSSH_9.2\r\n"),
            DeliveryFailure::Tls(TlsFault::NoTls),
        ),
        // The server and the till have no common protocol version, which causes a fatal alert.
        (
            Behaviour::Plain(b"\x15\x03\x03\0\x02\x02\x46"),
            DeliveryFailure::Tls(TlsFault::NoAgreement),
        ),
        (Behaviour::Plain(b""), DeliveryFailure::Broken),
        (Behaviour::Silent, DeliveryFailure::TimedOut),
        (Behaviour::Cut(right(), b""), DeliveryFailure::Broken),
        (
            Behaviour::Cut(
                right(),
                b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"stat",
            ),
            DeliveryFailure::Broken,
        ),
        // Without a length, the end of the connection ends the answer. Half a JSON object is not accepted as an answer.
        (
            Behaviour::Cut(right(), open_ended.strip_suffix(b"}").unwrap()),
            DeliveryFailure::NotTheAuthority(200),
        ),
        (
            Behaviour::Tampered(right()),
            DeliveryFailure::Tls(TlsFault::NoAgreement),
        ),
        (
            Behaviour::Answers(
                right(),
                b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
            ),
            DeliveryFailure::NotTheAuthority(302),
        ),
    ];
    for (number, (behaviour, failure)) in cases.into_iter().enumerate() {
        let server = Server::start(behaviour);
        assert_eq!(
            server.deliver(&authority.trust()),
            Verdict::Failed(failure),
            "case {number}"
        );
    }
    // The control shows that the complete answer is accepted, with and without a close message, because nothing can be missing
    // from a complete object.
    for behaviour in [
        Behaviour::Answers(right(), open_ended),
        Behaviour::Cut(right(), open_ended),
    ] {
        let server = Server::start(behaviour);
        assert_eq!(server.deliver(&authority.trust()), Verdict::Acknowledged);
    }
}

#[test]
fn a_kept_connection_is_as_strict_as_a_new_one() {
    let authority = CertificateAuthority::new();
    let server = Server::start(Behaviour::Answers(authority.expired(), ACKNOWLEDGED));
    let agent = kept_agent(TIMEOUT, &authority.trust());
    let parcel = EncodedRequest {
        kind: DutyKind::Sale,
        key: Uuid::from_u128(1),
        content_type: JSON.to_owned(),
        body: CONFIDENTIAL.into(),
    };
    for _ in 0..2 {
        let delivery = send(&agent, &OnlineEcr::default(), &server.url, &parcel);
        assert_eq!(
            delivery.verdict,
            Verdict::Failed(DeliveryFailure::Tls(TlsFault::Expired))
        );
    }
    assert_eq!(server.received(), "");
}

// Tests with the whole till.

/// A TLS proxy in front of a server without TLS; it forwards one request after the other.
struct TlsProxy {
    url: String,
    shown: Arc<Mutex<Arc<ServerConfig>>>,
    inside: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
}

impl TlsProxy {
    fn open(shown: Arc<ServerConfig>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let proxy = Self {
            url: format!("https://{}", listener.local_addr().unwrap()),
            shown: Arc::new(Mutex::new(shown)),
            inside: Arc::default(),
            asked: Arc::default(),
        };
        let (shown, inside) = (Arc::clone(&proxy.shown), Arc::clone(&proxy.inside));
        let asked = Arc::clone(&proxy.asked);
        thread::spawn(move || {
            for line in listener.incoming() {
                asked.fetch_add(1, Ordering::Release);
                let shown = Arc::clone(&shown);
                let config = Arc::clone(&shown.lock().unwrap());
                let inside = inside.lock().unwrap().clone();
                thread::spawn(move || {
                    let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                    let mut stream = Stream::new(connection, line.unwrap());
                    while let Ok(request) = message(&mut stream) {
                        // A kept connection keeps the certificate with which it was opened.
                        if !Arc::ptr_eq(&config, &shown.lock().unwrap()) {
                            break;
                        }
                        let mut office = TcpStream::connect(&inside).unwrap();
                        office.write_all(&request).unwrap();
                        let answer = message(&mut office).unwrap();
                        if stream.write_all(&answer).is_err() {
                            break;
                        }
                    }
                });
            }
        });
        proxy
    }

    /// The number of connections so far.
    fn asked(&self) -> usize {
        self.asked.load(Ordering::Acquire)
    }

    fn show(&self, certificate: Arc<ServerConfig>) {
        *self.shown.lock().unwrap() = certificate;
    }

    /// The configuration with this proxy as the address of the authority. Only the certificate authorities in the file are
    /// trusted.
    fn in_front(&self, config: ConfigText, ca_file: &str) -> ConfigText {
        let url = config.value("upstream", "url").unwrap().trim_matches('"');
        *self.inside.lock().unwrap() = url.trim_start_matches("http://").to_owned();
        config
            .upstream(&self.url)
            .set("upstream", "ca_file", text(ca_file))
    }
}

/// The bytes of one request or answer with a `Content-Length`.
fn message(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        from.read_exact(&mut byte)?;
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes.clone()).unwrap().to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
    let begun = bytes.len();
    bytes.resize(begun + length, 0);
    from.read_exact(&mut bytes[begun..])?;
    Ok(bytes)
}

/// An expired certificate prevents no sale, and the health report names it. After the certificate was replaced, every document
/// is sent once.
#[test]
fn a_till_keeps_selling_while_the_certificate_is_wrong_and_sends_everything_later() {
    let authority = CertificateAuthority::new();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("office.pem");
    fs::write(&ca_file, &authority.pem).unwrap();
    let proxy = TlsProxy::open(authority.right());
    let mut till = Till::new(|config| {
        // The handshake is slow in a build without optimisation.
        proxy
            .in_front(config, ca_file.to_str().unwrap())
            .set("upstream", "timeout_ms", 5_000)
    });
    till.start();
    assert!(till.sells());
    till.until("the authority has it", |till| till.unsent() == 0);
    assert_eq!(till.authority.received().len(), 1);

    for (wrong, expected) in [
        (authority.expired(), "certificate has expired"),
        (
            CertificateAuthority::new().right(),
            "certificate is of an unknown authority",
        ),
    ] {
        let known = till.authority.received().len();
        proxy.show(wrong);
        till.sells_until(false);
        let reason = till.health().at("office.reason");
        assert!(reason.contains(expected), "{reason}");
        assert_eq!(till.authority.received().len(), known, "{expected}");
        proxy.show(authority.right());
        till.sells_until(true);
        till.until("the authority has every document", |till| {
            till.unsent() == 0
        });
    }
    assert_eq!(till.authority.received().len(), till.numbers().len());
    assert_eq!(till.authority.duplicates(), 0);

    // A server error is reported with another reason than a wrong certificate.
    till.authority
        .set(AuthorityCondition::Error, Duration::ZERO);
    till.sells_until(false);
    let reason = till.health().at("office.reason");
    assert!(reason.contains("unable"), "{reason}");
}

/// The thread that requests fiscal numbers checks the certificate too.
#[test]
fn fiscal_numbers_are_not_taken_from_a_server_with_a_wrong_certificate() {
    let authority = CertificateAuthority::new();
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("office.pem");
    fs::write(&ca_file, &authority.pem).unwrap();
    let simulator = Process::authority();
    let proxy = TlsProxy::open(authority.expired());
    let config = shop::config(&folder.path().join("books"), "none", &simulator.client.url)
        .set("till", "country", text("UA"))
        .change_device(0, |device| {
            let device = device.without_ranges().without_tax_groups();
            device.tax_group("A", "20.00").tax_group("F", "5.00")
        });
    let config = proxy.in_front(config, ca_file.to_str().unwrap());
    let file = folder.path().join("ferrotill.toml");
    fs::write(&file, config.to_string()).unwrap();
    let agent = Process::agent(&file);
    let sold = || {
        thread::sleep(Duration::from_millis(2));
        agent.client.post("operations/sale", SALE)
    };
    until("the server was asked and not trusted", || {
        proxy.asked() >= 2
    });
    assert_eq!(sold().verdict().2, "FiscalNumbersUsedUp");
    proxy.show(authority.right());
    until("the numbers come", || sold().status == 200);
}

// The configuration.

#[test]
fn a_faulty_file_of_certificate_authorities_is_reported_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("office.pem");
    let name = file.to_str().unwrap().to_owned();
    let authority = CertificateAuthority::new();
    let read = |contents: &str, url: &str| {
        fs::write(&file, contents).unwrap();
        let config = shop::config(Path::new("books"), "datecs+tcp://127.0.0.1:1", url)
            .set("upstream", "environment", text("TEST"))
            .set("upstream", "ca_file", text(&name));
        Config::parse(&config.to_string(), "t.toml")
            .map(|config| config.upstream.unwrap().trust)
            .map_err(|error| error.to_string())
    };
    let office = "https://office.example/api";
    assert_eq!(read(&authority.pem, office), Ok(authority.trust()));
    let two = format!(
        "The office's:\n{}{}",
        authority.pem,
        CertificateAuthority::new().pem
    );
    assert!(matches!(read(&two, office), Ok(Trust::Only(both)) if both.len() == 2));
    let broken = authority.pem.replacen("MII", "MIJ", 1);
    for (contents, url, expected) in [
        (
            authority.pem.as_str(),
            "http://office.example",
            "is written beside a url that is not encrypted",
        ),
        ("", office, "holds no certificate"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            office,
            "holds something that is not a certificate",
        ),
        (
            "-----BEGIN CERTIFICATE-----\n",
            office,
            "holds something that is not a certificate",
        ),
        (
            broken.as_str(),
            office,
            "holds something that is not a certificate",
        ),
        (
            &" ".repeat(1024 * 1024 + 1),
            office,
            "is larger than 1048576 bytes",
        ),
    ] {
        let error = read(contents, url).unwrap_err();
        assert!(
            error.contains("upstream.ca_file: ") && error.contains(expected),
            "{error}"
        );
    }
    fs::remove_file(&file).unwrap();
    let config = shop::config(Path::new("books"), "datecs+tcp://127.0.0.1:1", office).set(
        "upstream",
        "ca_file",
        text(&name),
    );
    let error = Config::parse(&config.to_string(), "t.toml")
        .unwrap_err()
        .to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

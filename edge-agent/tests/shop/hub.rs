//! A hub over mutual TLS, as strict as [`HubBooks`], with everything that can go wrong with its answers.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use ferrotill_hub_protocol::{
    Answer, CONTENT_TYPE, CodeRefusal, EnrolRequest, Enrolled, Message as _, OneTimeCode,
    RenewRequest, path,
};
use ferrotill_testkit::hub::{HubBooks, TillBooks};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, PublicKeyData as _, date_time_ymd,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use uuid::Uuid;

/// A hub in this process. It serves until the process ends.
#[derive(Clone)]
pub struct Hub {
    pub url: String,
    authority: Arc<Authority>,
    state: Arc<Mutex<HubState>>,
}

/// What a hub has, and how it behaves.
#[derive(Default)]
pub struct HubState {
    pub books: HubBooks,
    /// The codes by their secrets: the till, and whether the code was used.
    codes: BTreeMap<[u8; 16], (Uuid, bool)>,
    /// The public key of each certificate.
    certificates: BTreeMap<Vec<u8>, Vec<u8>>,
    /// So many answers to batches are lost after the batch is stored.
    pub lost_answers: u32,
    /// So many batches are answered that the hub has too much to do.
    pub busy: u32,
    /// The connection is cut before anything is read.
    pub is_down: bool,
    /// Each answer takes so long.
    pub pause: Duration,
    /// The year in which new certificates end.
    pub ends: Option<i32>,
    /// When new certificates end, as the hub says it, in milliseconds since the epoch.
    pub ends_ms: Option<i64>,
    /// When new certificates are to be renewed, in milliseconds since the epoch.
    pub renew_from_ms: Option<i64>,
    /// The paths of all requests.
    pub requests: Vec<String>,
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "Hub of tests");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            issuer: Issuer::new(params, key),
        }
    }
}

impl Hub {
    pub fn start() -> Self {
        let authority = Arc::new(Authority::new());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let hub = Self {
            url: format!("https://{}", listener.local_addr().unwrap()),
            authority,
            state: Arc::default(),
        };
        let config = hub.tls();
        let serving = hub.clone();
        thread::spawn(move || {
            for tcp in listener.incoming() {
                let (hub, config) = (serving.clone(), Arc::clone(&config));
                // A connection that fails is the till's to open again.
                thread::spawn(move || drop(hub.serve(tcp.unwrap(), config)));
            }
        });
        hub
    }

    pub fn state(&self) -> MutexGuard<'_, HubState> {
        self.state.lock().unwrap()
    }

    /// Makes a code for a till.
    pub fn code(&self, till: Uuid) -> OneTimeCode {
        let secret = Uuid::new_v4().into_bytes();
        self.state().codes.insert(secret, (till, false));
        OneTimeCode::new(&self.authority.certificate, till, secret)
    }

    /// What the hub has of a till.
    pub fn books(&self, till: Uuid) -> TillBooks {
        let state = self.state();
        state.books.tills.get(&till).cloned().unwrap_or_default()
    }

    fn tls(&self) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let own = params.signed_by(&key, &self.authority.issuer).unwrap();
        let chain = vec![own.der().clone(), self.authority.certificate.clone()];
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .allow_unauthenticated()
                .build()
                .unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }

    fn serve(&self, tcp: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
        let connection = ServerConnection::new(config).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(connection, tcp));
        loop {
            let mut line = String::new();
            stream.read_line(&mut line)?;
            let Some(asked) = line.split(' ').nth(1).map(str::to_owned) else {
                return Ok(());
            };
            let mut length = 0;
            loop {
                let mut header = String::new();
                stream.read_line(&mut header)?;
                let header = header.trim().to_ascii_lowercase();
                if header.is_empty() {
                    break;
                }
                if let Some(value) = header.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if let Some(value) = header.strip_prefix("content-type:") {
                    assert_eq!(value.trim(), CONTENT_TYPE);
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body)?;
            let certificates = stream.get_ref().conn.peer_certificates();
            let certificate = certificates
                .and_then(|all| all.first())
                .map(|one| one.to_vec());
            let Some(answer) = self.answer(&asked, certificate.as_deref(), &body) else {
                return Ok(());
            };
            let bytes = answer.to_bytes().unwrap();
            let head = format!(
                "HTTP/1.1 {} Answer\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {}\r\n\r\n",
                answer.status(),
                bytes.len()
            );
            stream.get_mut().write_all(head.as_bytes())?;
            stream.get_mut().write_all(&bytes)?;
            stream.get_mut().flush()?;
        }
    }

    /// The answer to a request; `None` if the connection is cut.
    fn answer(&self, asked: &str, certificate: Option<&[u8]>, body: &[u8]) -> Option<Answer> {
        let mut state = self.state();
        state.requests.push(asked.to_owned());
        if state.is_down {
            return None;
        }
        let pause = state.pause;
        let key = certificate.and_then(|der| state.certificates.get(der).cloned());
        let answer = match asked {
            path::ENROL => self.enrol(&mut state, &EnrolRequest::from_bytes(body).unwrap()),
            path::RENEW => {
                let request = RenewRequest::from_bytes(body).unwrap();
                let owner = key.and_then(|key| {
                    let tills = state.books.tills.iter();
                    let mut owners = tills.filter(|(_, books)| books.keys.last() == Some(&key));
                    owners.next().map(|(till, _)| *till)
                });
                match owner {
                    Some(till) if till == request.till => {
                        self.give(&mut state, till, &request.certificate_request.0)
                    }
                    _ => Answer::Revoked,
                }
            }
            path::BATCHES if state.busy > 0 => {
                state.busy -= 1;
                Answer::TooBusy { retry_after_s: 1 }
            }
            _ => state.books.answer(asked, key.as_deref(), body),
        };
        let is_lost = asked == path::BATCHES && state.lost_answers > 0;
        if is_lost {
            state.lost_answers -= 1;
        }
        drop(state);
        thread::sleep(pause);
        (!is_lost).then_some(answer)
    }

    fn enrol(&self, state: &mut HubState, request: &EnrolRequest) -> Answer {
        match state.codes.get_mut(&request.secret) {
            Some((_, true)) => Answer::CodeRefused(CodeRefusal::Used),
            Some((till, used)) if *till == request.till => {
                *used = true;
                self.give(state, request.till, &request.certificate_request.0)
            }
            _ => Answer::CodeRefused(CodeRefusal::Unknown { tries_left: 4 }),
        }
    }

    /// A certificate for a request. Older ones of the till are revoked.
    fn give(&self, state: &mut HubState, till: Uuid, request: &[u8]) -> Answer {
        let request = CertificateSigningRequestParams::from_der(&request.into()).unwrap();
        let key = request.public_key.der_bytes().to_vec();
        let mut params = CertificateParams::default();
        params
            .distinguished_name
            .push(DnType::CommonName, till.to_string());
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(state.ends.unwrap_or(2100), 1, 1);
        let certificate = params
            .signed_by(&request.public_key, &self.authority.issuer)
            .unwrap();
        let der = certificate.der().to_vec();
        state.certificates.insert(der.clone(), key.clone());
        state.books.enrol(till, &key);
        Answer::Enrolled(Enrolled {
            till,
            shop: "Shop 7".to_owned(),
            certificate: der.into(),
            authority: self.authority.certificate.to_vec().into(),
            ends_ms: state.ends_ms.unwrap_or(4_102_444_800_000),
            renew_from_ms: state.renew_from_ms.unwrap_or(4_000_000_000_000),
        })
    }
}

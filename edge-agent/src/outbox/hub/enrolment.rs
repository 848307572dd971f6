//! Enrolment: the till gets its certificate with a one-time code.
//!
//! The code names the hub's certificate authority. Nothing of the code is sent before the server has shown a certificate that this
//! authority has issued. The key is made on the till; only the certificate request leaves it.

use std::io;
use std::net::{TcpStream, ToSocketAddrs as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ferrotill_hub_protocol::{
    Answer, CodeRefusal, EnrolRequest, Enrolled, Message as _, OneTimeCode, path,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore,
    SignatureScheme,
};
use uuid::Uuid;

use super::connection::{HubConnection, HubFailure, HubTransport as _};
use super::identity::{HubIdentity, NewKey, pem};
use super::place::HubPlace;
use super::refusal::{HubRefusal, refusal_in};
use crate::config::HubConfig;
use crate::locked::Locked;
use crate::secret_file::write_secret;

/// Why the till was not enrolled.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The hub cannot be reached, or its server is not trusted.
    #[error("the hub at {url} cannot be reached: {why}; {fix}")]
    Unreachable {
        /// The address.
        url: String,
        /// Why it cannot be reached.
        why: String,
        /// One thing to do.
        fix: &'static str,
    },
    /// The server has no certificate of the authority that the code names.
    #[error(
        "the server at {url} is not the hub of this code: none of its certificates has the fingerprint {fingerprint}; correct the address, or ask the head office for a code of this hub. Nothing of the code was sent"
    )]
    OtherHub {
        /// The address.
        url: String,
        /// The fingerprint that the code names.
        fingerprint: String,
    },
    /// The hub does not accept the code.
    #[error("the hub does not accept the code: {0}")]
    Code(CodeRefusal),
    /// The hub refuses the enrolment.
    #[error("{0}")]
    Refused(String),
    /// The code is for another till than the folder is at the hub.
    #[error(
        "the code is for the till {code}, and this till is {own} at the hub and has sent {sent} documents under it; ask the head office for a code for {own} (`ferrotill-hub enrol --till {own}`)"
    )]
    OtherTill {
        /// The till of the code.
        code: Uuid,
        /// The till of the folder.
        own: Uuid,
        /// The number of documents that the hub has acknowledged.
        sent: u64,
    },
    /// A file cannot be read or written.
    #[error("{} cannot be used ({source}); check its permissions", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The key cannot be made.
    #[error("a key cannot be made ({0}); check the system's random numbers")]
    Key(String),
}

/// Enrols the till of a data folder: writes its identity and the certificate of the hub's authority.
///
/// # Errors
///
/// [`EnrolError`]; then no file was changed, except that the certificate of the authority may have been written.
pub fn enrol(
    code: &OneTimeCode,
    config: &HubConfig,
    folder: &Path,
) -> Result<Enrolled, EnrolError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| EnrolError::File { path, source }
    };
    let known = HubPlace::read(folder).map_err(file(folder))?;
    if let Some(known) = known.filter(|known| known.till != code.till() && known.sequence > 0) {
        return Err(EnrolError::OtherTill {
            code: code.till(),
            own: known.till,
            sent: known.sequence,
        });
    }
    let authority = authority_of(code, &config.url)?;
    let key = NewKey::make().map_err(|error| EnrolError::Key(error.to_string()))?;
    let request = EnrolRequest {
        till: code.till(),
        secret: *code.secret(),
        certificate_request: key.request.clone().into(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    };
    let body = request
        .to_bytes()
        .map_err(|fault| EnrolError::Refused(fault.to_string()))?;
    let mut connection = HubConnection::to(&config.url, &authority, None, TIMEOUT);
    let answer = connection
        .post(path::ENROL, &body)
        .map_err(|failure| unreachable(&config.url, &failure))?;
    let enrolled = match answer {
        Answer::Enrolled(enrolled) => enrolled,
        Answer::CodeRefused(refusal) => return Err(EnrolError::Code(refusal)),
        answer => {
            return Err(match refusal_in(answer) {
                Ok(HubRefusal::Invalid(fault)) => {
                    EnrolError::Refused(format!("the hub refuses the enrolment: {fault}"))
                }
                Ok(refusal) => EnrolError::Refused(refusal.to_string()),
                Err(failure) => unreachable(&config.url, &failure),
            });
        }
    };
    if enrolled.till != code.till() || !code.is_authority(&enrolled.authority.0) {
        let why = "the hub has answered with the certificate of another till or of another authority; nothing was written";
        return Err(EnrolError::Refused(why.to_owned()));
    }
    let text = pem("CERTIFICATE", &enrolled.authority.0);
    write_secret(&config.ca_file, text.as_bytes()).map_err(file(&config.ca_file))?;
    HubIdentity::write(folder, &enrolled, &key).map_err(file(&HubIdentity::file(folder)))?;
    Ok(enrolled)
}

fn unreachable(url: &str, failure: &HubFailure) -> EnrolError {
    EnrolError::Unreachable {
        url: url.to_owned(),
        why: failure.to_string(),
        fix: failure.fix(),
    }
}

/// The certificate of the authority that the code names, as the server has shown it: the server's own certificate is issued by it.
/// Nothing is sent but the handshake.
fn authority_of(code: &OneTimeCode, url: &str) -> Result<CertificateDer<'static>, EnrolError> {
    let away = |why: String, fix| EnrolError::Unreachable {
        url: url.to_owned(),
        why,
        fix,
    };
    let (host, port) = HubConfig::host_and_port(url);
    let addresses = (host.as_str(), port).to_socket_addrs().map_err(|_| {
        let fix = "correct the name in the address, or the machine's name server";
        away("the host name does not resolve".to_owned(), fix)
    })?;
    let mut tcp = Err(io::Error::other("the host name has no address"));
    for address in addresses {
        tcp = TcpStream::connect_timeout(&address, TIMEOUT);
        if tcp.is_ok() {
            break;
        }
    }
    let network = "check the network, the address, and that the hub runs";
    let mut tcp = tcp.map_err(|error| away(error.to_string(), network))?;
    let limits = tcp
        .set_read_timeout(Some(TIMEOUT))
        .and_then(|()| tcp.set_write_timeout(Some(TIMEOUT)));
    limits.map_err(|error| away(error.to_string(), network))?;
    let provider = Arc::new(ring::default_provider());
    let verifier = Arc::new(NamedAuthority {
        code: code.clone(),
        provider: Arc::clone(&provider),
        found: Locked::default(),
    });
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| away(error.to_string(), network))?;
    let verifying: Arc<dyn ServerCertVerifier> = Arc::clone(&verifier) as _;
    let config = config
        .dangerous()
        .with_custom_certificate_verifier(verifying)
        .with_no_client_auth();
    let name = ServerName::try_from(host).map_err(|error| away(error.to_string(), network))?;
    let shaken = ClientConnection::new(Arc::new(config), name)
        .map_err(io::Error::other)
        .and_then(|mut connection| {
            while connection.is_handshaking() {
                connection.complete_io(&mut tcp)?;
            }
            Ok(())
        });
    let found = verifier.found.lock().take();
    match (shaken, found) {
        (Ok(()), Some(Found::Authority(authority))) => Ok(authority),
        (_, Some(Found::None)) => Err(EnrolError::OtherHub {
            url: url.to_owned(),
            fingerprint: code.authority_fingerprint(),
        }),
        (Err(error), _) => Err(away(
            error.to_string(),
            "correct the address: it must be the hub's listener for tills, under a name of its certificate",
        )),
        (Ok(()), None) => Err(away(
            "the server has shown no certificate".to_owned(),
            network,
        )),
    }
}

/// What the certificates of the server say.
#[derive(Debug)]
enum Found {
    /// The authority of the code has issued the server's certificate.
    Authority(CertificateDer<'static>),
    /// None of the certificates is that of the code's authority.
    None,
}

/// Accepts a server whose certificate is issued by the authority that a code names.
#[derive(Debug)]
struct NamedAuthority {
    code: OneTimeCode,
    provider: Arc<CryptoProvider>,
    found: Locked<Option<Found>>,
}

impl ServerCertVerifier for NamedAuthority {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let named = intermediates
            .iter()
            .find(|certificate| self.code.is_authority(certificate));
        let Some(authority) = named else {
            *self.found.lock() = Some(Found::None);
            return Err(CertificateError::UnknownIssuer.into());
        };
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let provider = Arc::clone(&self.provider);
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .map_err(|error| rustls::Error::General(error.to_string()))?;
        let verified = verifier.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        )?;
        *self.found.lock() = Some(Found::Authority(authority.clone().into_owned()));
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The longest wait for the hub.
const TIMEOUT: Duration = Duration::from_secs(20);

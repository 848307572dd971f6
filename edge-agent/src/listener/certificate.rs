//! The certificate that the till shows to callers over TLS: read from its files, checked, and when it is valid.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate with its key, ready for connections.
#[derive(Clone, Debug)]
pub struct ServerCertificate {
    /// What connections need of it.
    pub(super) config: Arc<ServerConfig>,
    /// When the certificate begins and ends to be valid, in milliseconds since the epoch.
    pub valid_ms: (i64, i64),
}

/// Why a certificate and its key cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}; {fix}", path.display())]
pub struct CertificateFault {
    /// The file with the fault.
    pub path: PathBuf,
    /// True if it is the file of the key.
    pub is_key: bool,
    /// What is wrong with it.
    pub why: String,
    /// What a person can do about it.
    pub fix: &'static str,
}

impl ServerCertificate {
    /// Reads a certificate with the certificates that lead to its root, and its key, both in PEM.
    ///
    /// # Errors
    ///
    /// [`CertificateFault`] names the file, what is wrong with it, and what to do.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, CertificateFault> {
        let fault = |is_key, why: String, fix| CertificateFault {
            path: if is_key { key } else { certificate }.to_owned(),
            is_key,
            why,
            fix,
        };
        let text = read_file(certificate).map_err(|why| fault(false, why, READABLE))?;
        let chain: Result<Vec<CertificateDer<'static>>, _> =
            CertificateDer::pem_slice_iter(&text).collect();
        let chain = chain.unwrap_or_default();
        let Some(valid_ms) = chain.first().and_then(|first| validity(first)) else {
            return Err(fault(
                false,
                "holds no certificate".to_owned(),
                CERTIFICATE_REMEDY,
            ));
        };
        let text = read_file(key).map_err(|why| fault(true, why, READABLE))?;
        let secret = PrivateKeyDer::from_pem_slice(&text)
            .map_err(|_| fault(true, "holds no private key".to_owned(), KEY_REMEDY))?;
        let with_versions = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions();
        let config = with_versions.and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(chain, secret)
        });
        let mut config = config.map_err(|error| match error {
            rustls::Error::InconsistentKeys(_) => {
                let why = format!(
                    "is not the key of the certificate in {}",
                    certificate.display()
                );
                fault(true, why, PAIR_REMEDY)
            }
            error => fault(true, format!("cannot be used: {error}"), KEY_REMEDY),
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            config: Arc::new(config),
            valid_ms,
        })
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes))
        .map_err(|error| format!("cannot be read: {error}"))?;
    Ok(bytes)
}

/// The times between which an X.509 certificate is valid, in milliseconds since the epoch (RFC 5280, 4.1.2.5).
fn validity(der: &[u8]) -> Option<(i64, i64)> {
    let (SEQUENCE, certificate, _) = element(der)? else {
        return None;
    };
    let (SEQUENCE, to_be_signed, _) = element(certificate)? else {
        return None;
    };
    let (mut tag, _, mut rest) = element(to_be_signed)?;
    if tag == VERSION {
        (tag, _, rest) = element(rest)?;
    }
    // Serial number, algorithm and issuer stand before the times.
    if tag != INTEGER {
        return None;
    }
    for _ in 0..2 {
        (_, _, rest) = element(rest)?;
    }
    let (SEQUENCE, times, _) = element(rest)? else {
        return None;
    };
    let (from_tag, from, rest) = element(times)?;
    let (until_tag, until, _) = element(rest)?;
    Some((time_ms(from_tag, from)?, time_ms(until_tag, until)?))
}

/// The tag and the content of the first element of DER, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (short, rest) = rest.split_first()?;
    let (length, rest) = match short {
        0..=0x7f => (usize::from(*short), rest),
        0x81..=0x83 => {
            let (long, rest) = rest.split_at_checked(usize::from(short & 3))?;
            let length = long
                .iter()
                .fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

/// A UTCTime or a GeneralizedTime in the form that RFC 5280 allows: with seconds, in UTC.
fn time_ms(tag: u8, text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    let text = match (tag, text.get(..2)?.parse::<u8>().ok()?) {
        (UTC_TIME, 0..=49) => format!("20{text}"),
        (UTC_TIME, _) => format!("19{text}"),
        (GENERALIZED_TIME, _) => text.to_owned(),
        _ => return None,
    };
    let day = jiff::civil::DateTime::strptime("%Y%m%d%H%M%SZ", text).ok()?;
    let zoned = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(Timestamp::from(zoned).as_millisecond())
}

const INTEGER: u8 = 0x02;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
/// The largest file of a certificate or a key, in bytes.
const FILE_BYTES_MAX: u64 = 256 * 1024;
const READABLE: &str = "write the path of a file that the user of ferrotill may read";
const CERTIFICATE_REMEDY: &str = "write the certificate of the till in PEM, between -----BEGIN CERTIFICATE----- and -----END CERTIFICATE-----, before those of its issuers";
const KEY_REMEDY: &str = "write the private key of the certificate in PEM, without a password (PKCS #8, PKCS #1 or SEC 1)";
const PAIR_REMEDY: &str = "name the certificate and the key that were made together";

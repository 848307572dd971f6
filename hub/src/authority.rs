//! The hub's certificate authority: makes the certificates of tills and of the hub's listener.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PublicKeyData as _, SerialNumber,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{
    CertificateDer, CertificateSigningRequestDer, PrivateKeyDer, PrivatePkcs8KeyDer,
};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clock::{DAY_MS, HOUR_MS};
use crate::secret_file;

/// How long a till's certificate is valid. A till renews it after two thirds of this time.
pub const TILL_VALID_MS: i64 = 90 * DAY_MS;
/// How long the certificate of the hub's listener is valid. The hub makes a new one each day.
pub const LISTENER_VALID_MS: i64 = 30 * DAY_MS;
const AUTHORITY_VALID_MS: i64 = 20 * 365 * DAY_MS;

/// The certificate of the authority and its key.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
}

/// Why the authority cannot be used, or makes no certificate.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The certificate or the key of the authority is not valid.
    #[error("the files of the authority in {} are not valid", path.display())]
    Invalid {
        /// The folder.
        path: PathBuf,
    },
    /// The certificate request is not valid.
    #[error("the certificate request is not valid: {0}")]
    Request(&'static str),
    /// A certificate could not be made.
    #[error("a certificate could not be made")]
    Make(#[from] rcgen::Error),
}

/// A certificate of a till that was just made.
#[derive(Debug)]
pub struct TillCertificate {
    /// The certificate.
    pub der: Vec<u8>,
    /// Its public key: 65 bytes, an uncompressed point of P-256.
    pub public_key: Vec<u8>,
    /// When it ends.
    pub ends_ms: i64,
}

impl Authority {
    /// Makes a new authority in a folder that has none.
    ///
    /// # Errors
    /// If there is one already, or the files cannot be written.
    pub fn create(folder: &Path, now_ms: i64) -> Result<Self, AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = named("Ferrotill hub");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let _ = valid(&mut params, now_ms, AUTHORITY_VALID_MS);
        let certificate = params.self_signed(&key)?;
        let write = |name: &str, text: &str| {
            let path = folder.join(name);
            secret_file::write_new(&path, text)
                .map_err(|error| AuthorityError::File { path, error })
        };
        std::fs::create_dir_all(folder).map_err(|error| AuthorityError::File {
            path: folder.to_owned(),
            error,
        })?;
        write(KEY_FILE, &key.serialize_pem())?;
        write(CERTIFICATE_FILE, &certificate.pem())?;
        Self::read(folder)
    }

    /// Reads the authority of a folder.
    ///
    /// # Errors
    /// If the files cannot be read or are not valid.
    pub fn read(folder: &Path) -> Result<Self, AuthorityError> {
        let file = |name: &str| {
            let path = folder.join(name);
            secret_file::read(&path).map_err(|error| AuthorityError::File { path, error })
        };
        let invalid = || AuthorityError::Invalid {
            path: folder.to_owned(),
        };
        let certificate = file(CERTIFICATE_FILE)?;
        let key = KeyPair::from_pem(&file(KEY_FILE)?).map_err(|_| invalid())?;
        let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|_| invalid())?;
        let issuer = Issuer::from_ca_cert_der(&der, key).map_err(|_| invalid())?;
        Ok(Self {
            issuer,
            certificate: der,
        })
    }

    /// The certificate of the authority.
    #[must_use]
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Makes the certificate of a till for the key of its request. Names in the request are ignored.
    ///
    /// # Errors
    /// If the request is not valid, or is not for a P-256 key.
    pub fn sign_till(
        &self,
        till: Uuid,
        request: &[u8],
        now_ms: i64,
    ) -> Result<TillCertificate, AuthorityError> {
        let request =
            CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(request))
                .map_err(|_| {
                    AuthorityError::Request("it cannot be read, or is not signed by its key")
                })?;
        let public_key = request.public_key.der_bytes().to_vec();
        let is_p256 = request.public_key.algorithm() == &PKCS_ECDSA_P256_SHA256
            && public_key.len() == 65
            && public_key.first() == Some(&4);
        if !is_p256 {
            return Err(AuthorityError::Request("its key must be of P-256"));
        }
        let mut params = named(&till.to_string());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        let ends_ms = valid(&mut params, now_ms, TILL_VALID_MS);
        let certificate = params.signed_by(&request.public_key, &self.issuer)?;
        Ok(TillCertificate {
            der: certificate.der().to_vec(),
            public_key,
            ends_ms,
        })
    }

    /// Makes a certificate for the hub's listener, with a new key: the chain and the key.
    ///
    /// # Errors
    /// If a name is not valid.
    pub fn listener_certificate(
        &self,
        names: &[String],
        now_ms: i64,
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), AuthorityError> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let mut params = CertificateParams::new(names.to_vec())?;
        let first = names.first().map_or("hub", String::as_str);
        params.distinguished_name.push(DnType::CommonName, first);
        params.serial_number = Some(serial());
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let _ = valid(&mut params, now_ms, LISTENER_VALID_MS);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let chain = vec![certificate.der().clone(), self.certificate.clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((chain, PrivateKeyDer::Pkcs8(key)))
    }

    /// The trust in this authority alone.
    #[must_use]
    pub fn roots(&self) -> Arc<rustls::RootCertStore> {
        let mut roots = rustls::RootCertStore::empty();
        // The certificate was read before; the store would only refuse what is no certificate.
        let _ = roots.add(self.certificate.clone());
        Arc::new(roots)
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Authority")
    }
}

/// The SHA-256 of a certificate: by this the hub knows it again.
#[must_use]
pub fn fingerprint(certificate: &[u8]) -> [u8; 32] {
    Sha256::digest(certificate).into()
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Ferrotill hub");
    params.serial_number = Some(serial());
    params
}

fn serial() -> SerialNumber {
    SerialNumber::from_slice(Uuid::new_v4().as_bytes())
}

/// Valid from an hour before now, because the clocks of tills differ. Returns the end.
fn valid(params: &mut CertificateParams, now_ms: i64, for_ms: i64) -> i64 {
    let at = |ms: i64| OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000));
    let ends_ms = now_ms.saturating_add(for_ms);
    params.not_before = at(now_ms.saturating_sub(HOUR_MS)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    params.not_after = at(ends_ms).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    ends_ms
}

const CERTIFICATE_FILE: &str = "authority.pem";
const KEY_FILE: &str = "authority.key";

//! Who the till is at the hub: its id, its certificate and its key, in one file that only the till can read.
//!
//! The key is made on the till and never leaves it. It is in no backup, so a restored till enrols again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_hub_protocol::{Enrolled, SigningKey};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::secret_file::write_secret;

/// Who the till is at the hub.
pub struct HubIdentity {
    /// The till's id at the hub.
    pub till: Uuid,
    /// The name of the shop at the hub.
    pub shop: String,
    /// When the certificate ends, in milliseconds since the epoch.
    pub ends_ms: i64,
    /// From when on the certificate is renewed, in milliseconds since the epoch.
    pub renew_from_ms: i64,
    /// The certificate (DER).
    pub certificate: CertificateDer<'static>,
    /// The key in PKCS#8 (DER).
    key: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for HubIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HubIdentity")
            .field("till", &self.till)
            .finish_non_exhaustive()
    }
}

/// Why the identity cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum IdentityFault {
    /// The till is not enrolled.
    #[error("the till is not enrolled at the hub; enrol it with `ferrotill hub enrol CODE`")]
    Missing,
    /// The file cannot be read.
    #[error("{} cannot be read ({source}); check its permissions", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: io::Error,
    },
    /// The file is damaged.
    #[error("{} has no certificate with its key; enrol the till again with `ferrotill hub enrol CODE`", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// A key that was just made, and the request for its certificate.
pub struct NewKey {
    pair: KeyPair,
    /// The certificate request (PKCS#10, DER).
    pub request: Vec<u8>,
}

impl NewKey {
    /// Makes a key.
    ///
    /// # Errors
    ///
    /// The system has no random numbers.
    pub fn make() -> Result<Self, rcgen::Error> {
        let pair = KeyPair::generate()?;
        let request = CertificateParams::default().serialize_request(&pair)?;
        let request = request.der().to_vec();
        Ok(Self { pair, request })
    }

    /// The key in PKCS#8 (DER).
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        self.pair.serialized_der()
    }
}

impl HubIdentity {
    /// The file of the identity in a data folder.
    #[must_use]
    pub fn file(folder: &Path) -> PathBuf {
        folder.join("hub.identity.pem")
    }

    /// Reads the identity of a data folder.
    ///
    /// # Errors
    ///
    /// [`IdentityFault`].
    pub fn read(folder: &Path) -> Result<Self, IdentityFault> {
        let path = Self::file(folder);
        let text = match fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(IdentityFault::Missing);
            }
            Err(source) => return Err(IdentityFault::Unreadable { path, source }),
        };
        Self::of_text(&text).ok_or(IdentityFault::Damaged { path })
    }

    fn of_text(text: &[u8]) -> Option<Self> {
        let header = std::str::from_utf8(text).ok()?.split("-----").next()?;
        let value = |name: &str| {
            let mut lines = header.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let key = PrivatePkcs8KeyDer::from_pem_slice(text).ok()?;
        let key = Zeroizing::new(key.secret_pkcs8_der().to_vec());
        SigningKey::from_pkcs8(&key).ok()?;
        Some(Self {
            till: value("till")?.parse().ok()?,
            shop: value("shop")?.to_owned(),
            ends_ms: value("ends_ms")?.parse().ok()?,
            renew_from_ms: value("renew_from_ms")?.parse().ok()?,
            certificate: CertificateDer::from_pem_slice(text).ok()?.into_owned(),
            key,
        })
    }

    /// Writes the identity that the hub has given for a key.
    ///
    /// # Errors
    ///
    /// The operating system's error, or that the certificate is for another key.
    pub fn write(folder: &Path, enrolled: &Enrolled, key: &NewKey) -> io::Result<()> {
        let public = key.pair.public_key_raw();
        if !enrolled
            .certificate
            .0
            .windows(public.len())
            .any(|part| part == public)
        {
            return Err(io::Error::other("the hub's certificate is for another key"));
        }
        // The line must not look like the beginning of a certificate.
        let shop: String = enrolled
            .shop
            .replace("-----", "")
            .chars()
            .filter(|letter| !letter.is_control())
            .collect();
        let text = Zeroizing::new(format!(
            "Made by ferrotill at the enrolment at the hub.\ntill: {}\nshop: {shop}\nends_ms: {}\nrenew_from_ms: {}\n{}{}",
            enrolled.till,
            enrolled.ends_ms,
            enrolled.renew_from_ms,
            *pem("CERTIFICATE", &enrolled.certificate.0),
            *pem("PRIVATE KEY", key.pair.serialized_der()),
        ));
        write_secret(&Self::file(folder), text.as_bytes())
    }

    /// The key in PKCS#8 (DER).
    #[must_use]
    pub fn key(&self) -> &[u8] {
        &self.key
    }

    /// The key for signatures of batches.
    ///
    /// # Errors
    ///
    /// The key is no key of P-256.
    pub fn signing_key(&self) -> Result<SigningKey, ferrotill_hub_protocol::SignatureError> {
        SigningKey::from_pkcs8(&self.key)
    }
}

impl Clone for HubIdentity {
    fn clone(&self) -> Self {
        Self {
            till: self.till,
            shop: self.shop.clone(),
            ends_ms: self.ends_ms,
            renew_from_ms: self.renew_from_ms,
            certificate: self.certificate.clone(),
            key: self.key.clone(),
        }
    }
}

/// Bytes in PEM (RFC 7468).
pub(super) fn pem(label: &str, der: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(format!("-----BEGIN {label}-----\n"));
    for (place, letter) in encoded.chars().enumerate() {
        if place > 0 && place.checked_rem(64) == Some(0) {
            text.push('\n');
        }
        text.push(letter);
    }
    text.push_str("\n-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn an_identity_is_private_and_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            HubIdentity::read(folder.path()),
            Err(IdentityFault::Missing)
        ));
        let key = NewKey::make().unwrap();
        let own = CertificateParams::default().self_signed(&key.pair).unwrap();
        let enrolled = Enrolled {
            till: Uuid::from_u128(7),
            shop: "Shop -----BEGIN\n7".to_owned(),
            certificate: own.der().to_vec().into(),
            authority: own.der().to_vec().into(),
            ends_ms: 9,
            renew_from_ms: 8,
        };
        HubIdentity::write(folder.path(), &enrolled, &key).unwrap();
        let read = HubIdentity::read(folder.path()).unwrap();
        assert_eq!(read.till, enrolled.till);
        assert_eq!(read.shop, "Shop BEGIN7");
        assert_eq!((read.ends_ms, read.renew_from_ms), (9, 8));
        assert_eq!(read.certificate, *own.der());
        assert_eq!(read.key(), key.pair.serialized_der());
        let mode = fs::metadata(HubIdentity::file(folder.path()))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let other = NewKey::make().unwrap();
        assert!(HubIdentity::write(folder.path(), &enrolled, &other).is_err());
        fs::write(HubIdentity::file(folder.path()), "till: x").unwrap();
        assert!(matches!(
            HubIdentity::read(folder.path()),
            Err(IdentityFault::Damaged { .. })
        ));
    }
}

//! The file of a signature unit in software: its private key, encrypted under a secret of the operator, and its certificate.
//!
//! ```text
//! ferrotill signature unit 1
//! salt <Base64 of 16 bytes>
//! nonce <Base64 of 12 bytes>
//! certificate <Base64 of DER, or ->
//! key <Base64 of the private key in PKCS #8, encrypted with AES-256-GCM>
//! ```
//!
//! The key of the encryption is PBKDF2-HMAC-SHA256 of the secret and the salt. The encryption also protects the name of the unit and the
//! certificate: a file of another unit, or with another certificate, is not decrypted.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_core::profile::at::rksv::AesKey;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::pbkdf2::{PBKDF2_HMAC_SHA256, derive};
use ring::rand::{SecureRandom as _, SystemRandom};
use zeroize::Zeroizing;

use crate::unit::{SoftwareUnit, UnitFault};

/// The private key of a unit in software, and its certificate.
#[derive(Debug)]
pub struct UnitKeyFile {
    pkcs8: Zeroizing<Vec<u8>>,
    certificate: Option<Vec<u8>>,
}

/// Why the file of a unit cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileFault {
    /// The file has another form.
    #[error("the file is not the key file of a signature unit of this program")]
    Form,
    /// The secret is another one, or the file was changed or belongs to another unit.
    #[error(
        "the key cannot be decrypted: the secret is another one, or the file was changed or belongs to a unit of another id"
    )]
    Secret,
    /// The unit cannot be made from the key.
    #[error(transparent)]
    Unit(#[from] UnitFault),
}

const FIRST_LINE: &str = "ferrotill signature unit 1";
const ROUNDS: NonZeroU32 = match NonZeroU32::new(100_000) {
    Some(rounds) => rounds,
    None => NonZeroU32::MIN,
};

impl UnitKeyFile {
    /// A new key. For a provider (any but 0, the closed system) it gets a certificate that it has signed itself, for tests.
    ///
    /// # Errors
    ///
    /// [`UnitFault`].
    pub fn new(provider: u16) -> Result<Self, UnitFault> {
        let pkcs8 = SoftwareUnit::new_key()?;
        let certificate = match provider {
            0 => None,
            provider => {
                let unit = SoftwareUnit::with_certificate(provider, &pkcs8)?;
                unit.key().certificate().map(<[u8]>::to_vec)
            }
        };
        Ok(Self { pkcs8, certificate })
    }

    /// The unit: `id` is its key id in a closed system (provider 0), such as `U:ATU12345678-K1`. A unit of a provider has the serial of its
    /// certificate.
    ///
    /// # Errors
    ///
    /// [`UnitFault`].
    pub fn unit(&self, provider: u16, id: &str) -> Result<SoftwareUnit, UnitFault> {
        match (provider, &self.certificate) {
            (0, None) => SoftwareUnit::with_key(id, &self.pkcs8),
            (0, Some(_)) | (_, None) => Err(UnitFault::Certificate),
            (_, Some(certificate)) => {
                SoftwareUnit::with_issued_certificate(provider, &self.pkcs8, certificate)
            }
        }
    }

    /// The text of the file, with the key encrypted under `secret`.
    ///
    /// # Errors
    ///
    /// [`UnitFault::Library`].
    pub fn to_text(&self, id: &str, secret: &[u8]) -> Result<String, UnitFault> {
        let random = SystemRandom::new();
        let (mut salt, mut nonce) = ([0; 16], [0; 12]);
        random.fill(&mut salt).map_err(|_| UnitFault::Library)?;
        random.fill(&mut nonce).map_err(|_| UnitFault::Library)?;
        let certificate = match &self.certificate {
            Some(der) => STANDARD.encode(der),
            None => "-".to_owned(),
        };
        let mut sealed = self.pkcs8.to_vec();
        cipher(secret, &salt)
            .and_then(|key| {
                let aad = Aad::from(protected(id, &certificate));
                key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
                    .ok()
            })
            .ok_or(UnitFault::Library)?;
        let [salt, nonce, sealed] =
            [&salt[..], &nonce[..], &sealed[..]].map(|bytes| STANDARD.encode(bytes));
        Ok(format!(
            "{FIRST_LINE}\nsalt {salt}\nnonce {nonce}\ncertificate {certificate}\nkey {sealed}\n"
        ))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// [`KeyFileFault::Form`], [`KeyFileFault::Secret`].
    pub fn read(text: &str, id: &str, secret: &[u8]) -> Result<Self, KeyFileFault> {
        let mut lines = text.lines();
        if lines.next() != Some(FIRST_LINE) {
            return Err(KeyFileFault::Form);
        }
        let mut next = |name: &str| {
            let (written, value) = lines.next()?.split_once(' ')?;
            (written == name).then_some(value)
        };
        let bytes = |text: &str| STANDARD.decode(text).ok();
        let parts = (|| {
            let salt = next("salt").and_then(bytes)?;
            let nonce: [u8; 12] = next("nonce").and_then(bytes)?.try_into().ok()?;
            let certificate = next("certificate")?;
            let der = match certificate {
                "-" => None,
                text => Some(bytes(text)?),
            };
            Some((salt, nonce, certificate, der, next("key").and_then(bytes)?))
        })();
        let (salt, nonce, certificate, der, sealed) = parts.ok_or(KeyFileFault::Form)?;
        let mut sealed = Zeroizing::new(sealed);
        let key = cipher(secret, &salt).ok_or(KeyFileFault::Form)?;
        let aad = Aad::from(protected(id, certificate));
        let opened = key
            .open_in_place(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| KeyFileFault::Secret)?;
        Ok(Self {
            pkcs8: Zeroizing::new(opened.to_vec()),
            certificate: der,
        })
    }
}

/// A new key of a turnover counter: 32 random bytes.
///
/// # Errors
///
/// [`UnitFault::Library`] if the system has no random numbers.
pub fn new_counter_key() -> Result<AesKey, UnitFault> {
    let mut bytes = Zeroizing::new([0; 32]);
    SystemRandom::new()
        .fill(&mut bytes[..])
        .map_err(|_| UnitFault::Library)?;
    Ok(AesKey::new(*bytes))
}

/// What the encryption protects beside the key.
fn protected(id: &str, certificate: &str) -> String {
    format!("{FIRST_LINE}\n{id}\n{certificate}")
}

fn cipher(secret: &[u8], salt: &[u8]) -> Option<LessSafeKey> {
    let mut key = Zeroizing::new([0; 32]);
    derive(PBKDF2_HMAC_SHA256, ROUNDS, salt, secret, &mut key[..]);
    let key = UnboundKey::new(&AES_256_GCM, &key[..]).ok()?;
    Some(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::{KeyFileFault, UnitKeyFile};
    use crate::unit::SigningUnit as _;

    #[test]
    fn a_key_is_read_back_only_with_its_secret_and_its_id() {
        let new = UnitKeyFile::new(9).unwrap();
        let text = new.to_text("unit-1", b"secret").unwrap();
        let read = UnitKeyFile::read(&text, "unit-1", b"secret").unwrap();
        let (before, after) = (
            new.unit(9, "unit-1").unwrap(),
            read.unit(9, "unit-1").unwrap(),
        );
        assert_eq!(before.key(), after.key());
        assert_eq!(before.identity(), after.identity());
        assert!(read.unit(0, "U:ATU12345678-K1").is_err());
        for (text, id, secret) in [
            (text.clone(), "unit-1", "another"),
            (text.clone(), "unit-2", "secret"),
            (
                text.replace("certificate M", "certificate N"),
                "unit-1",
                "secret",
            ),
        ] {
            let error = UnitKeyFile::read(&text, id, secret.as_bytes()).unwrap_err();
            assert_eq!(error, KeyFileFault::Secret);
        }
        for text in [
            "",
            "ferrotill signature unit 1",
            "ferrotill signature unit 2\nsalt A",
        ] {
            let error = UnitKeyFile::read(text, "unit-1", b"secret").unwrap_err();
            assert_eq!(error, KeyFileFault::Form);
        }
    }

    #[test]
    fn the_key_of_a_closed_system_has_no_certificate() {
        let new = UnitKeyFile::new(0).unwrap();
        let text = new.to_text("U:ATU12345678-K1", b"secret").unwrap();
        assert!(text.contains("\ncertificate -\n"));
        let read = UnitKeyFile::read(&text, "U:ATU12345678-K1", b"secret").unwrap();
        let unit = read.unit(0, "U:ATU12345678-K1").unwrap();
        assert_eq!(unit.identity().unwrap().serial(), "U:ATU12345678-K1");
        assert!(read.unit(9, "unit-1").is_err());
    }
}

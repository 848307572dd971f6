//! Signatures by a till's enrolment key: ECDSA on P-256 with SHA-256, 64 bytes (r and s).

use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};

/// The length of a signature.
pub(crate) const SIGNATURE_BYTES: usize = 64;

/// A till's enrolment key. The key of a client certificate that `rcgen` has made with `PKCS_ECDSA_P256_SHA256` is such a key.
pub struct SigningKey {
    pair: EcdsaKeyPair,
    random: SystemRandom,
}

/// Why a key or a signature is not usable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The key is no P-256 key in PKCS#8 form.
    #[error("the key is no P-256 key in PKCS#8 form")]
    Key,
    /// The system gave no random numbers.
    #[error("the system gave no random numbers for a signature")]
    Random,
    /// The signature is not by the till's enrolment key.
    #[error("the signature is not by the till's enrolment key")]
    Signature,
}

impl SigningKey {
    /// The key in a PKCS#8 document (DER).
    ///
    /// # Errors
    /// If it is no P-256 key.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, SignatureError> {
        let random = SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der, &random)
            .map_err(|_| SignatureError::Key)?;
        Ok(Self { pair, random })
    }

    /// The public key: 65 bytes, an uncompressed point.
    #[must_use]
    pub fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignatureError> {
        let signature = self
            .pair
            .sign(&self.random, message)
            .map_err(|_| SignatureError::Random)?;
        signature
            .as_ref()
            .try_into()
            .map_err(|_| SignatureError::Random)
    }
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SigningKey")
    }
}

/// The public key of a private key in a PKCS#8 document (DER).
///
/// # Errors
/// If it is no P-256 key.
pub fn public_key_of_pkcs8(der: &[u8]) -> Result<Vec<u8>, SignatureError> {
    Ok(SigningKey::from_pkcs8(der)?.public_key().to_vec())
}

pub(crate) fn verify(
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key)
        .verify(message, signature)
        .map_err(|_| SignatureError::Signature)
}

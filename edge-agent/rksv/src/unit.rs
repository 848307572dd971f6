//! Signature units: who signs a payload.

use std::sync::atomic::{AtomicBool, Ordering};

use ferrotill_core::profile::at::rksv::{
    Code, Fault, Kind, Payload, Register, Signature, SignatureUnit,
};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use zeroize::Zeroizing;

use crate::certificate::{P256PublicKey, self_signed};
use crate::material::{KeyKind, UnitKey};

/// A signature unit ("Sicherheitseinrichtung"). A unit that is asked twice for one payload signs the same bytes twice.
pub trait SigningUnit {
    /// The name of the unit in the code: provider and serial (elements 0 and 10).
    ///
    /// # Errors
    ///
    /// [`Fault::SerialMalformed`] if the serial cannot stand in a code.
    fn identity(&self) -> Result<SignatureUnit<'_>, Fault>;

    /// Signs a payload: r and s of ECDSA P-256 with SHA-256, 32 bytes each.
    ///
    /// # Errors
    ///
    /// [`UnitFault`] if there is no signature.
    fn sign(&self, payload: &Payload<'_>) -> Result<[u8; 64], UnitFault>;
}

/// Why a unit has not signed, or cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitFault {
    /// The unit does not work.
    #[error("the signature unit does not work")]
    Down,
    /// The random numbers of the system, or the signature itself, failed.
    #[error("the signature library has failed")]
    Library,
    /// The key is not a private key of P-256 in PKCS #8.
    #[error("the private key is not a key of the curve P-256 in PKCS #8")]
    Key,
    /// The certificate is not that of the key, or cannot be read.
    #[error("the certificate cannot be read, or is not that of the private key")]
    Certificate,
    /// The serial of the unit cannot stand in a code.
    #[error("{0}")]
    Serial(Fault),
}

/// Makes the code of a prepared payload: with the unit's signature, or with "Sicherheitseinrichtung ausgefallen" if the unit fails
/// or the register does not want it asked (during an outage it is asked for the Sammelbeleg only).
///
/// # Errors
///
/// The faults of [`Register::seal`]; [`Fault::SignatureNeeded`] is the one of a unit that fails.
pub fn seal_with<'a>(
    unit: &dyn SigningUnit,
    register: &Register,
    kind: Kind,
    payload: &Payload<'a>,
) -> Result<Code<'a>, Fault> {
    let signature = match register.asks_unit(kind) {
        true => unit
            .sign(payload)
            .map_or(Signature::Failed, Signature::Made),
        false => Signature::Failed,
    };
    register.seal(kind, payload, signature)
}

/// A unit in software: a private key in the memory of this process.
#[derive(Debug)]
pub struct SoftwareUnit {
    provider: u16,
    serial: String,
    pair: EcdsaKeyPair,
    random: SystemRandom,
    key: UnitKey,
}

impl SoftwareUnit {
    /// A new private key, in PKCS #8.
    ///
    /// # Errors
    ///
    /// [`UnitFault::Library`] if the system has no random numbers.
    pub fn new_key() -> Result<Zeroizing<Vec<u8>>, UnitFault> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .map(|key| Zeroizing::new(key.as_ref().to_vec()))
            .map_err(|_| UnitFault::Library)
    }

    /// The unit of a closed system (§ 20): a key and no certificate. `serial` is the id of the key, such as `U:ATU12345678-K1`.
    ///
    /// # Errors
    ///
    /// [`UnitFault::Key`], [`UnitFault::Serial`].
    pub fn with_key(serial: &str, pkcs8: &[u8]) -> Result<Self, UnitFault> {
        SignatureUnit::new(0, serial).map_err(UnitFault::Serial)?;
        let (pair, random, public) = pair_of(pkcs8)?;
        Ok(Self {
            provider: 0,
            serial: serial.to_owned(),
            pair,
            random,
            key: UnitKey::of_key(public),
        })
    }

    /// The unit of a provider, with a certificate that its own key signs and with a random serial. It is for tests: a till in use
    /// needs the certificate of a trust service provider.
    ///
    /// # Errors
    ///
    /// [`UnitFault::Key`], [`UnitFault::Serial`], [`UnitFault::Library`].
    pub fn with_certificate(provider: u16, pkcs8: &[u8]) -> Result<Self, UnitFault> {
        let (pair, random, public) = pair_of(pkcs8)?;
        let mut bytes = [0; 8];
        random.fill(&mut bytes).map_err(|_| UnitFault::Library)?;
        // A serial number is positive (RFC 5280, 4.1.2.2).
        let number = (u64::from_be_bytes(bytes) >> 1).max(1);
        let certificate = self_signed(number, &public, |text| made(&pair, &random, text))?;
        let serial = format!("{number:x}");
        SignatureUnit::new(provider, &serial).map_err(UnitFault::Serial)?;
        Ok(Self {
            provider,
            key: UnitKey::of_certificate(certificate).map_err(|_| UnitFault::Key)?,
            serial,
            pair,
            random,
        })
    }

    /// The unit of a provider with its certificate (X.509, DER). The serial is that of the certificate, in lower-case hexadecimal without
    /// leading zeros.
    ///
    /// # Errors
    ///
    /// [`UnitFault::Key`], [`UnitFault::Serial`], [`UnitFault::Certificate`].
    pub fn with_issued_certificate(
        provider: u16,
        pkcs8: &[u8],
        certificate: &[u8],
    ) -> Result<Self, UnitFault> {
        let (pair, random, public) = pair_of(pkcs8)?;
        let key =
            UnitKey::of_certificate(certificate.to_vec()).map_err(|_| UnitFault::Certificate)?;
        let serial = key.certificate_serial().ok_or(UnitFault::Certificate)?;
        if key.public_key() != &public {
            return Err(UnitFault::Certificate);
        }
        let serial = serial.to_owned();
        SignatureUnit::new(provider, &serial).map_err(UnitFault::Serial)?;
        Ok(Self {
            provider,
            serial,
            pair,
            random,
            key,
        })
    }

    /// The certificate or public key, as it is handed to a checker.
    #[must_use]
    pub const fn key(&self) -> &UnitKey {
        &self.key
    }

    /// Signs any text, as a signature service does.
    ///
    /// # Errors
    ///
    /// [`UnitFault::Library`].
    pub fn sign_text(&self, text: &[u8]) -> Result<[u8; 64], UnitFault> {
        made(&self.pair, &self.random, text)
    }

    /// Whether the unit has a certificate or only a key.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.key.kind()
    }
}

impl SigningUnit for SoftwareUnit {
    fn identity(&self) -> Result<SignatureUnit<'_>, Fault> {
        SignatureUnit::new(self.provider, &self.serial)
    }

    fn sign(&self, payload: &Payload<'_>) -> Result<[u8; 64], UnitFault> {
        let mut text = String::new();
        payload
            .write_signing_input(&mut text)
            .map_err(|_| UnitFault::Library)?;
        made(&self.pair, &self.random, text.as_bytes())
    }
}

fn pair_of(pkcs8: &[u8]) -> Result<(EcdsaKeyPair, SystemRandom, P256PublicKey), UnitFault> {
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
        .map_err(|_| UnitFault::Key)?;
    let public = P256PublicKey::of_point(pair.public_key().as_ref()).map_err(|_| UnitFault::Key)?;
    Ok((pair, random, public))
}

fn made(pair: &EcdsaKeyPair, random: &SystemRandom, text: &[u8]) -> Result<[u8; 64], UnitFault> {
    let signature = pair.sign(random, text).map_err(|_| UnitFault::Library)?;
    signature
        .as_ref()
        .try_into()
        .map_err(|_| UnitFault::Library)
}

/// A unit that can be switched off, so that outages can be tested.
#[derive(Debug)]
pub struct SwitchedUnit<U> {
    unit: U,
    down: AtomicBool,
}

impl<U> SwitchedUnit<U> {
    /// A unit that works.
    pub const fn new(unit: U) -> Self {
        Self {
            unit,
            down: AtomicBool::new(false),
        }
    }

    /// Switches the unit off or on.
    pub fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::Relaxed);
    }

    /// Whether the unit is switched off.
    #[must_use]
    pub fn is_down(&self) -> bool {
        self.down.load(Ordering::Relaxed)
    }

    /// The unit behind the switch.
    pub const fn unit(&self) -> &U {
        &self.unit
    }
}

impl<U: SigningUnit> SigningUnit for SwitchedUnit<U> {
    fn identity(&self) -> Result<SignatureUnit<'_>, Fault> {
        self.unit.identity()
    }

    fn sign(&self, payload: &Payload<'_>) -> Result<[u8; 64], UnitFault> {
        match self.down.load(Ordering::Relaxed) {
            true => Err(UnitFault::Down),
            false => self.unit.sign(payload),
        }
    }
}

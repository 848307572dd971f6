//! What the till knows of a unit whose private key it does not have: its certificate or public key, and why it cannot be used.

use ferrotill_core::profile::signed::{Fault, SignatureUnit};
use ferrotill_rksv::UnitKey;

use crate::config::SignatureUnitConfig;
use crate::explanation::Explanation;

/// Why a unit cannot be used.
#[derive(Debug)]
pub enum UnitTrouble {
    /// It may work later; why it does not.
    NotNow(String),
    /// The configuration is wrong.
    Wrong(Box<Explanation>),
}

/// The public side of a unit whose certificate or public key stands in a file.
#[derive(Debug)]
pub(super) struct PublicSide {
    provider: u16,
    serial: String,
    pub(super) key: UnitKey,
}

impl PublicSide {
    /// Reads the certificate, or in a closed system the public key, of a unit.
    pub(super) fn read(unit: &SignatureUnitConfig, der: &[u8]) -> Result<Self, Box<Explanation>> {
        let key = match unit.provider {
            0 => UnitKey::of_spki(der),
            _ => UnitKey::of_certificate(der.to_vec()),
        };
        let wrong = |why: String| {
            Box::new(Explanation::new(
                "the signature unit cannot be used",
                unit.id.clone(),
                why,
                "correct id, suite and certificate_file of the [[signature_unit]]",
            ))
        };
        let key = key.map_err(|why| wrong(why.to_string()))?;
        let serial = key.certificate_serial().unwrap_or(&unit.id).to_owned();
        SignatureUnit::new(unit.provider, &serial).map_err(|fault| wrong(fault.to_string()))?;
        Ok(Self {
            provider: unit.provider,
            serial,
            key,
        })
    }

    pub(super) fn identity(&self) -> Result<SignatureUnit<'_>, Fault> {
        SignatureUnit::new(self.provider, &self.serial)
    }
}

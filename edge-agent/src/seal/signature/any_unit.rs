//! A signature unit of any kind, and how one is opened.

use std::path::Path;

use ferrotill_core::profile::signed::{Fault, Payload, SignatureUnit};
use ferrotill_rksv::{SigningUnit, SoftwareUnit, UnitFault, UnitKey};

use super::folder;
use super::public_side::UnitTrouble;
use super::service_unit::ServiceUnit;
#[cfg(feature = "pkcs11")]
use super::token_unit::TokenUnit;
use crate::authority::finanz_online::rkdb::UnitForm;
use crate::config::{Mode, SignatureUnitConfig, SignatureUnitKind};
use crate::explanation::Explanation;

/// A signature unit.
#[derive(Debug)]
pub enum AnyUnit {
    /// A private key in the memory of this process.
    Software(Box<SoftwareUnit>),
    /// A signature service in the network.
    Service(Box<ServiceUnit>),
    /// A card or module behind a PKCS#11 library.
    #[cfg(feature = "pkcs11")]
    Token(Box<TokenUnit>),
}

impl From<SoftwareUnit> for AnyUnit {
    fn from(unit: SoftwareUnit) -> Self {
        Self::Software(Box::new(unit))
    }
}

impl AnyUnit {
    /// Opens the unit of a configuration. A unit that does not answer now is opened, and is one that has failed.
    ///
    /// # Errors
    ///
    /// The configuration is wrong: the file of a key, the secret, the certificate.
    pub fn open(
        unit: &SignatureUnitConfig,
        mode: Mode,
        data_folder: &Path,
    ) -> Result<(Self, Option<String>), Box<Explanation>> {
        let opened = match &unit.kind {
            SignatureUnitKind::Software => {
                return Ok((folder::open_unit(unit, mode)?.into(), None));
            }
            SignatureUnitKind::Http(service) => {
                Self::Service(Box::new(ServiceUnit::new(unit, service)?))
            }
            #[cfg(feature = "pkcs11")]
            SignatureUnitKind::Pkcs11(token) => {
                Self::Token(Box::new(TokenUnit::new(unit, token, data_folder)?))
            }
            #[cfg(not(feature = "pkcs11"))]
            SignatureUnitKind::Pkcs11(token) => {
                // The configuration says so, too, so that no start comes here.
                return Err(Box::new(Explanation::new(
                    "the signature unit cannot be opened",
                    data_folder.join(&token.token).display().to_string(),
                    "this program was built without PKCS#11",
                    "use a program that was built with `--features pkcs11`",
                )));
            }
        };
        match opened.check() {
            Ok(()) => Ok((opened, None)),
            Err(UnitTrouble::NotNow(why)) => Ok((opened, Some(why))),
            Err(UnitTrouble::Wrong(explained)) => Err(explained),
        }
    }

    /// Whether the unit would sign now, without a signature. It blocks for the longest wait of the unit.
    ///
    /// # Errors
    ///
    /// [`UnitTrouble`].
    pub fn check(&self) -> Result<(), UnitTrouble> {
        match self {
            Self::Software(_) => Ok(()),
            Self::Service(unit) => unit.check(),
            #[cfg(feature = "pkcs11")]
            Self::Token(unit) => unit.check(),
        }
    }

    /// Whether a unit that has failed must be checked before it is asked again.
    #[must_use]
    pub const fn needs_check(&self) -> bool {
        !matches!(self, Self::Software(_))
    }

    /// The certificate or public key.
    #[must_use]
    pub fn key(&self) -> &UnitKey {
        match self {
            Self::Software(unit) => unit.key(),
            Self::Service(unit) => unit.key(),
            #[cfg(feature = "pkcs11")]
            Self::Token(unit) => unit.key(),
        }
    }

    /// What the tax authority is told that the unit is made of.
    #[must_use]
    pub const fn form(&self) -> UnitForm {
        match self {
            Self::Software(_) => UnitForm::OwnModule,
            Self::Service(_) => UnitForm::Service,
            #[cfg(feature = "pkcs11")]
            Self::Token(unit) => unit.form(),
        }
    }
}

impl SigningUnit for AnyUnit {
    fn identity(&self) -> Result<SignatureUnit<'_>, Fault> {
        match self {
            Self::Software(unit) => unit.identity(),
            Self::Service(unit) => unit.identity(),
            #[cfg(feature = "pkcs11")]
            Self::Token(unit) => unit.identity(),
        }
    }

    fn sign(&self, payload: &Payload<'_>) -> Result<[u8; 64], UnitFault> {
        match self {
            Self::Software(unit) => unit.sign(payload),
            Self::Service(unit) => unit.sign(payload),
            #[cfg(feature = "pkcs11")]
            Self::Token(unit) => unit.sign(payload),
        }
    }
}

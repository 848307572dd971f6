//! A card or module behind a PKCS#11 library.
//!
//! A session is kept open and is opened again after a failure, so that a card may be taken out and put back. A wrong PIN is tried once: a
//! digest of it is kept in the data folder, because a card locks itself after a few wrong ones.

use std::fs;
use std::path::{Path, PathBuf};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use ferrotill_core::profile::signed::{Fault, Payload, SignatureUnit};
use ferrotill_rksv::{SigningUnit, UnitFault, UnitKey};
use sha2::{Digest as _, Sha256};

use super::public_side::{PublicSide, UnitTrouble};
use crate::authority::finanz_online::rkdb::UnitForm;
use crate::config::{Pkcs11UnitConfig, Secret, SignatureUnitConfig};
use crate::explanation::Explanation;
use crate::locked::Locked;
use crate::secret_file::write_secret;

/// A card or module.
pub struct TokenUnit {
    public: PublicSide,
    config: Pkcs11UnitConfig,
    pin: Option<Secret>,
    library: Pkcs11,
    open: Locked<Option<OpenToken>>,
    /// The file with the digest of a PIN that the token has refused.
    refused: PathBuf,
}

impl std::fmt::Debug for TokenUnit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenUnit")
            .field("token", &self.config.token)
            .finish_non_exhaustive()
    }
}

/// A session with the private key.
struct OpenToken {
    session: Session,
    key: ObjectHandle,
}

impl TokenUnit {
    /// Loads the library of a configuration. The token may be absent.
    pub(super) fn new(
        unit: &SignatureUnitConfig,
        config: &Pkcs11UnitConfig,
        data_folder: &Path,
    ) -> Result<Self, Box<Explanation>> {
        let unusable = |why: String| {
            Box::new(Explanation::new(
                "the PKCS#11 library cannot be used",
                config.library.display().to_string(),
                why,
                "correct library of the [[signature_unit]]",
            ))
        };
        if let Err(error) = fs::metadata(&config.library) {
            return Err(unusable(error.to_string()));
        }
        let library = Pkcs11::new(&config.library).map_err(|error| unusable(error.to_string()))?;
        match library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)) {
            // Another unit has the same library.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(error) => return Err(unusable(error.to_string())),
        }
        let name = digest(&[&config.token]);
        let name = name.get(..16).unwrap_or(&name);
        Ok(Self {
            public: PublicSide::read(unit, &config.public)?,
            config: config.clone(),
            pin: unit.pin.clone(),
            library,
            open: Locked::new(None),
            refused: data_folder.join(format!("signature-unit-{name}.refused")),
        })
    }

    pub(super) const fn key(&self) -> &UnitKey {
        &self.public.key
    }

    pub(super) const fn form(&self) -> UnitForm {
        match self.config.is_card {
            true => UnitForm::Card,
            false => UnitForm::OwnModule,
        }
    }

    /// Signs a text that is no receipt, and checks the signature.
    pub(super) fn check(&self) -> Result<(), UnitTrouble> {
        let text = b"Ferrotill checks the signature unit.";
        let signature = self.signed(text)?;
        match self.public.key.public_key().has_signed(text, &signature) {
            true => Ok(()),
            false => Err(self.wrong(
                format!(
                    "its key {:?} is not that of the certificate",
                    self.config.key
                ),
                "correct certificate_file or key_label of the [[signature_unit]]",
            )),
        }
    }

    fn signed(&self, text: &[u8]) -> Result<[u8; 64], UnitTrouble> {
        let mut open = self.open.lock();
        let token = match open.take() {
            Some(token) => token,
            None => self.opened()?,
        };
        let made = token
            .session
            .sign(&Mechanism::Ecdsa, token.key, &Sha256::digest(text));
        let signature = made.map_err(|error| UnitTrouble::NotNow(error.to_string()))?;
        // The session is kept, because it works.
        *open = Some(token);
        signature
            .try_into()
            .map_err(|_| UnitTrouble::NotNow("its signature does not have 64 bytes".to_owned()))
    }

    /// Opens a session, and finds the key.
    fn opened(&self) -> Result<OpenToken, UnitTrouble> {
        let not_now = |error: Error| UnitTrouble::NotNow(error.to_string());
        let slots = self.library.get_slots_with_token().map_err(not_now)?;
        let slot = slots.into_iter().find(|slot| self.is_wanted(*slot));
        let slot = slot.ok_or_else(|| {
            UnitTrouble::NotNow(format!("no token has the label {:?}", self.config.token))
        })?;
        let session = self.library.open_ro_session(slot).map_err(not_now)?;
        self.log_in(&session)?;
        let wanted = [
            Attribute::Class(ObjectClass::PRIVATE_KEY),
            Attribute::KeyType(KeyType::EC),
            Attribute::Label(self.config.key.as_bytes().to_vec()),
        ];
        let found = session.find_objects(&wanted).map_err(not_now)?;
        match found.as_slice() {
            [key] => Ok(OpenToken { session, key: *key }),
            [] => Err(self.wrong(
                format!(
                    "it has no private key of an elliptic curve with the label {:?}",
                    self.config.key
                ),
                "correct key_label of the [[signature_unit]]",
            )),
            _ => Err(self.wrong(
                format!(
                    "it has several private keys with the label {:?}",
                    self.config.key
                ),
                "give the key a label of its own, and correct key_label of the [[signature_unit]]",
            )),
        }
    }

    fn is_wanted(&self, slot: Slot) -> bool {
        let info = self.library.get_token_info(slot);
        info.is_ok_and(|info| info.label().trim_end() == self.config.token)
    }

    /// Logs in, unless the token has refused this PIN before.
    fn log_in(&self, session: &Session) -> Result<(), UnitTrouble> {
        let pin = self.pin.as_ref().map_or("", Secret::as_text);
        let digest = digest(&[&self.config.token, pin]);
        let refused = |why: &str| {
            self.wrong(
                why.to_owned(),
                "correct the file of pin_file; a card locks itself after a few wrong PINs",
            )
        };
        if fs::read_to_string(&self.refused).is_ok_and(|known| known.trim_end() == digest) {
            return Err(refused(
                "it has refused this PIN before, and the till does not try it again",
            ));
        }
        match session.login(UserType::User, Some(&AuthPin::new(pin.into()))) {
            Ok(()) | Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => Ok(()),
            Err(Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
                _,
            )) => {
                if let Err(error) = write_secret(&self.refused, format!("{digest}\n").as_bytes()) {
                    tracing::error!("that the PIN is refused cannot be remembered: {error}");
                }
                Err(refused("it refuses the PIN"))
            }
            Err(Error::Pkcs11(RvError::PinLocked, _)) => Err(refused("its PIN is locked")),
            Err(error) => Err(UnitTrouble::NotNow(error.to_string())),
        }
    }

    fn wrong(&self, why: String, fix: &str) -> UnitTrouble {
        UnitTrouble::Wrong(Box::new(Explanation::new(
            "the token does not fit the configuration",
            self.config.token.clone(),
            why,
            fix,
        )))
    }
}

fn digest(texts: &[&str]) -> String {
    let mut digest = Sha256::new();
    for text in texts {
        digest.update(text.as_bytes());
        digest.update([0]);
    }
    let digest: [u8; 32] = digest.finalize().into();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl SigningUnit for TokenUnit {
    fn identity(&self) -> Result<SignatureUnit<'_>, Fault> {
        self.public.identity()
    }

    fn sign(&self, payload: &Payload<'_>) -> Result<[u8; 64], UnitFault> {
        let mut text = String::new();
        payload
            .write_signing_input(&mut text)
            .map_err(|_| UnitFault::Library)?;
        let signed = self.signed(text.as_bytes());
        let why = match signed {
            Ok(signature)
                if self
                    .public
                    .key
                    .public_key()
                    .has_signed(text.as_bytes(), &signature) =>
            {
                return Ok(signature);
            }
            Ok(_) => "its signature does not fit the certificate of the unit".to_owned(),
            Err(UnitTrouble::NotNow(why)) => why,
            Err(UnitTrouble::Wrong(explained)) => explained.to_string(),
        };
        tracing::warn!("the token {} has not signed: {why}", self.config.token);
        Err(UnitFault::Down)
    }
}

//! The chain: the MAC of each journal row covers the row and the MAC before it, so that a removed, reordered or edited row is found.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::StoreError;
use super::owner::give_to_owner;

/// The MAC of a row: HMAC-SHA256.
pub type Mac = [u8; 32];

/// The name of the key file in the data folder.
pub(super) const KEY_FILE_NAME: &str = "journal.key";

/// The MAC before the first row.
pub(super) const GENESIS: Mac = [0; 32];

/// The secret key of the chain. It stays on the machine, and is overwritten in memory when the store is closed.
#[derive(Clone)]
pub struct ChainKey(Hmac<Sha256>);

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey(…)")
    }
}

/// The fields of a row that the MAC covers.
pub(super) struct Link<'a> {
    pub(super) seq: i64,
    pub(super) device: &'a [u8],
    pub(super) at: i64,
    pub(super) kind: u16,
    pub(super) version: u16,
    pub(super) payload: &'a [u8],
}

impl ChainKey {
    /// Reads the key from its file.
    ///
    /// # Errors
    ///
    /// [`StoreError::Key`] if the file cannot be read or is no key.
    pub fn load(path: &Path) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Key {
            path: path.to_owned(),
            source,
        };
        let bytes = Zeroizing::new(fs::read(path).map_err(failed)?);
        <[u8; 32]>::try_from(bytes.as_slice())
            .map(|key| Self::of(&Zeroizing::new(key)))
            .map_err(|_| {
                failed(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "the key must have 32 bytes",
                ))
            })
    }

    /// Makes a key and its file (0600), which is durable when this returns. Only the first start makes a key
    /// ([`folder`](super::folder)): the rows that exist already would not fit a second key.
    ///
    /// # Errors
    ///
    /// [`StoreError::Key`] if the file cannot be created.
    pub(super) fn create(path: &Path) -> Result<Self, StoreError> {
        Self::create_file(path).map_err(|source| StoreError::Key {
            path: path.to_owned(),
            source,
        })
    }

    fn create_file(path: &Path) -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key).map_err(io::Error::other)?;
        // The key is written under another name and then renamed, so that a power cut does not leave half a key.
        let new = path.with_extension("new");
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        if let Some(folder) = path.parent() {
            give_to_owner(&file, folder)?;
        }
        file.write_all(&*key)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        if let Some(folder) = path.parent() {
            fs::File::open(folder)?.sync_all()?;
        }
        Ok(Self::of(&key))
    }

    /// The key as HMAC uses it: hashed into the state in which each MAC begins.
    fn of(key: &[u8; 32]) -> Self {
        match Hmac::new_from_slice(key) {
            Ok(hmac) => Self(hmac),
            Err(_) => unreachable!("HMAC takes keys of any length"),
        }
    }

    fn hmac(&self) -> Hmac<Sha256> {
        self.0.clone()
    }

    /// A MAC over a text that is not a journal row. No such text equals a row, because a row begins with a MAC and a number.
    pub(super) fn proof(&self, text: &[u8]) -> Mac {
        let mut hmac = self.hmac();
        hmac.update(text);
        hmac.finalize().into_bytes().into()
    }

    /// The MAC of a row; `previous` is the MAC of the row before it.
    pub(super) fn mac(&self, previous: &Mac, link: &Link<'_>) -> Mac {
        let mut hmac = self.hmac();
        hmac.update(previous);
        hmac.update(&link.seq.to_be_bytes());
        hmac.update(link.device);
        hmac.update(&link.at.to_be_bytes());
        hmac.update(&link.kind.to_be_bytes());
        hmac.update(&link.version.to_be_bytes());
        hmac.update(link.payload);
        hmac.finalize().into_bytes().into()
    }
}

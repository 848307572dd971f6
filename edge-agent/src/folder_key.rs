//! Signing keys of a data folder that are made when they are first needed, such as the key of the tokens.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::locked::Locked;
use crate::secret_file::write_secret;

/// A random key in a file of its own, with mode 0600. It is read once.
#[derive(Debug)]
pub struct FolderKey {
    path: PathBuf,
    known: Locked<Option<Zeroizing<String>>>,
}

impl FolderKey {
    /// The key in the file `name` of a data folder. Nothing is read or made yet.
    #[must_use]
    pub fn new(folder: &Path, name: &str) -> Self {
        Self {
            path: folder.join(name),
            known: Locked::default(),
        }
    }

    /// The key, if there is one: what it has signed can only be checked with it.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is damaged.
    pub fn find(&self) -> io::Result<Option<Zeroizing<String>>> {
        let mut known = self.known.lock();
        if known.is_none() {
            *known = self.read()?;
        }
        Ok(known.clone())
    }

    /// The key. It is made if there is none.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or is damaged.
    pub fn find_or_make(&self) -> io::Result<Zeroizing<String>> {
        let mut known = self.known.lock();
        let key = match known.take() {
            Some(key) => key,
            None => match self.read()? {
                Some(key) => key,
                None => self.make()?,
            },
        };
        *known = Some(key.clone());
        Ok(key)
    }

    fn read(&self) -> io::Result<Option<Zeroizing<String>>> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => Zeroizing::new(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let key = text.trim_end();
        if key.len() < LETTERS {
            let path = self.path.display();
            let says = format!("the file {path} is damaged; remove it");
            return Err(io::Error::other(says));
        }
        Ok(Some(Zeroizing::new(key.to_owned())))
    }

    fn make(&self) -> io::Result<Zeroizing<String>> {
        let mut random = Zeroizing::new([0_u8; 32]);
        getrandom::fill(&mut *random).map_err(io::Error::other)?;
        let text = Zeroizing::new(URL_SAFE_NO_PAD.encode(*random));
        write_secret(&self.path, text.as_bytes())?;
        Ok(text)
    }
}

/// How many letters a key has at least: 256 bits in Base64.
const LETTERS: usize = 43;

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let first = FolderKey::new(folder.path(), "some.key");
        assert!(first.find().unwrap().is_none());
        let key = first.find_or_make().unwrap();
        assert_eq!(first.find().unwrap(), Some(key.clone()));
        let file = folder.path().join("some.key");
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let again = FolderKey::new(folder.path(), "some.key");
        assert_eq!(again.find_or_make().unwrap(), key);
        let other = FolderKey::new(folder.path(), "other.key");
        assert_ne!(other.find_or_make().unwrap(), key);
    }

    #[test]
    fn a_damaged_file_is_named_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("some.key");
        for damaged in ["", "\n", "abc"] {
            std::fs::write(&file, damaged).unwrap();
            let key = FolderKey::new(folder.path(), "some.key");
            for error in [key.find().unwrap_err(), key.find_or_make().unwrap_err()] {
                assert!(error.to_string().contains("some.key is damaged"), "{error}");
            }
            assert_eq!(std::fs::read_to_string(&file).unwrap(), damaged);
        }
    }
}

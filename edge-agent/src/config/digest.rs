//! A digest of the configuration in force, by which a command sees whether a running till has the configuration of the file.

use std::fmt::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::key::{ShownValue, ValueKind};
use super::reader::KeyInForce;

/// The SHA-256 of every key with its value. Secrets are not in it, not even those that an address has, because anybody may read the
/// digest and try values until it fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConfigDigest([u8; 32]);

impl ConfigDigest {
    pub(super) fn of(keys: &[KeyInForce]) -> Self {
        let mut hashed = HashedText(Sha256::new());
        for key in keys
            .iter()
            .filter(|key| !NOT_COMPARED.contains(&key.path.as_str()))
        {
            let value = match (&key.value, key.row.kind) {
                // The same file may be named from another working folder.
                (ShownValue::Text(path), ValueKind::Path(_)) => absolute(path),
                (value, _) => value.masked(),
            };
            // Hashing a text cannot fail.
            let _ = writeln!(hashed, "{} = {value}", key.path);
        }
        Self(hashed.0.finalize().into())
    }
}

/// The address at which a command has reached the till is the right one, also where a flag or the service has set it.
const NOT_COMPARED: [&str; 1] = ["api.listen"];

fn absolute(path: &str) -> ShownValue {
    let whole = std::path::absolute(path).unwrap_or_else(|_| Path::new(path).to_owned());
    ShownValue::Text(whole.display().to_string())
}

struct HashedText(Sha256);

impl fmt::Write for HashedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.update(text.as_bytes());
        Ok(())
    }
}

impl fmt::Display for ConfigDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

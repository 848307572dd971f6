//! How far the hub has acknowledged the till's rows: a file beside the journal (decision 0062).
//!
//! The file is written after acknowledgements, not with each of them. What it lacks after a crash, the hub's next answer says.

use std::fs;
use std::io;
use std::path::Path;

use ferrotill_hub_protocol::Hash;
use ferrotill_store::HUB_PLACE_FILE;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::secret_file::write_secret;

/// How far the hub has acknowledged the rows of a till.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HubPlace {
    /// The till's id at the hub.
    pub till: Uuid,
    /// The last sequence that the hub has acknowledged; 0 if there is none.
    pub sequence: u64,
    /// The journal row of this sequence, or a later one before the next row for the hub.
    pub row: i64,
    /// The hash of the batch that ended with this sequence; [`Hash::ZERO`] if there is none.
    pub hash: Hash,
    /// When the hub acknowledged it, in milliseconds since the epoch.
    pub acknowledged_ms: Option<i64>,
    /// Where the newest restore that the hub was told of stands: its journal row and its sequence.
    pub restored: Option<(i64, u64)>,
    /// The epoch of another machine that has taken over this till.
    pub taken_over: Option<u32>,
}

impl HubPlace {
    /// The place of a till of which the hub has nothing.
    #[must_use]
    pub const fn start(till: Uuid) -> Self {
        Self {
            till,
            sequence: 0,
            row: 0,
            hash: Hash::ZERO,
            acknowledged_ms: None,
            restored: None,
            taken_over: None,
        }
    }

    /// Reads the place from a data folder; `None` if the till has sent nothing to a hub, or if the file is damaged.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub fn read(folder: &Path) -> io::Result<Option<Self>> {
        match fs::read(folder.join(HUB_PLACE_FILE)) {
            Ok(bytes) => Ok(Self::of_bytes(&bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes the place into a data folder, durable.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        let text = postcard::to_stdvec(self).map_err(io::Error::other)?;
        let digest: [u8; 32] = Sha256::digest(&text).into();
        let bytes = [FORM, &digest[..], &text].concat();
        write_secret(&folder.join(HUB_PLACE_FILE), &bytes)
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(FORM)?;
        let (digest, text) = rest.split_first_chunk::<32>()?;
        let found: [u8; 32] = Sha256::digest(text).into();
        (found == *digest)
            .then(|| postcard::from_bytes(text).ok())
            .flatten()
    }
}

/// What the file begins with.
const FORM: &[u8] = b"ferrotill hub place 1\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_was_written_and_a_damaged_one_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(HubPlace::read(folder.path()).unwrap(), None);
        let place = HubPlace {
            sequence: 7,
            row: 40,
            hash: Hash([3; 32]),
            acknowledged_ms: Some(1_764_322_112_345),
            restored: Some((9, 4)),
            taken_over: Some(3),
            ..HubPlace::start(Uuid::from_u128(5))
        };
        place.write(folder.path()).unwrap();
        assert_eq!(HubPlace::read(folder.path()).unwrap(), Some(place));
        let file = folder.path().join(HUB_PLACE_FILE);
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, &bytes).unwrap();
        assert_eq!(HubPlace::read(folder.path()).unwrap(), None);
    }
}

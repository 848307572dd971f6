//! The file with the signed calls that have ended: a call in it is not carried out a second time, also after a restart.
//!
//! The file is no part of the journal and is not synced to the disk: the kernel has a record as soon as it is appended, so it
//! survives the end of the process, and a power cut may lose the last ones. A record that is lost or damaged only means that the
//! call is not recognised.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// One call in the file: its time in milliseconds since the epoch (8 bytes, little-endian), and the digest of its signature.
pub type EndedCall = [u8; 40];

/// The file with the signed calls that have ended.
#[derive(Debug)]
pub struct EndedCalls {
    path: PathBuf,
    file: File,
    records: usize,
}

impl EndedCalls {
    /// Opens the file of a data folder, or creates it. Returns the calls in it, the newest [`ENDED_CALLS_MAX`] at most.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub fn open(folder: &Path) -> std::io::Result<(Self, Vec<EndedCall>)> {
        let path = folder.join(FILE_NAME);
        let mut bytes = Vec::new();
        match File::open(&path) {
            Ok(mut file) => {
                file.read_to_end(&mut bytes)?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        // If the process ended while a record was written, the file ends with a part of a record. That part is left out.
        let (records, rest) = bytes.as_chunks::<CALL_BYTES>();
        let first = records.len().saturating_sub(ENDED_CALLS_MAX);
        let records = records.get(first..).unwrap_or_default().to_vec();
        let mut calls = Self {
            file: append_to(&path)?,
            path,
            records: records.len(),
        };
        if first > 0 || !rest.is_empty() {
            calls.rewrite(&records)?;
        }
        Ok((calls, records))
    }

    /// Adds a call. When the file has become long, only the newest calls stay in it.
    ///
    /// # Errors
    ///
    /// The operating system's error.
    pub fn append(&mut self, call: &EndedCall) -> std::io::Result<()> {
        self.file.write_all(call)?;
        self.records = self.records.saturating_add(1);
        if self.records > ENDED_CALLS_MAX.saturating_mul(2) {
            let folder = self.path.parent().unwrap_or(Path::new(".")).to_owned();
            *self = Self::open(&folder)?.0;
        }
        Ok(())
    }

    fn rewrite(&mut self, records: &[EndedCall]) -> std::io::Result<()> {
        let new = self.path.with_extension("new");
        // A rest of an interrupted rewriting is replaced.
        let _ = std::fs::remove_file(&new);
        let mut file = append_to(&new)?;
        file.write_all(records.as_flattened())?;
        std::fs::rename(&new, &self.path)?;
        self.file = file;
        self.records = records.len();
        Ok(())
    }
}

fn append_to(path: &Path) -> std::io::Result<File> {
    OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
}

/// The length of a record in bytes.
const CALL_BYTES: usize = size_of::<EndedCall>();
/// The number of calls that are kept; the file has at most twice as many.
pub const ENDED_CALLS_MAX: usize = 8_192;
/// The name of the file in the data folder.
const FILE_NAME: &str = "calls.ended";

#[cfg(test)]
mod tests {
    use super::{CALL_BYTES, ENDED_CALLS_MAX, EndedCalls, FILE_NAME};

    fn call(number: usize) -> [u8; CALL_BYTES] {
        let mut call = [7; CALL_BYTES];
        call[..8].copy_from_slice(&number.to_le_bytes());
        call
    }

    #[test]
    fn calls_are_read_again_and_half_a_record_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let (mut calls, found) = EndedCalls::open(folder.path()).unwrap();
        assert!(found.is_empty());
        calls.append(&call(1)).unwrap();
        calls.append(&call(2)).unwrap();
        let path = folder.path().join(FILE_NAME);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&call(3)[..CALL_BYTES - 1]);
        std::fs::write(&path, bytes).unwrap();
        let (mut calls, found) = EndedCalls::open(folder.path()).unwrap();
        assert_eq!(found, [call(1), call(2)]);
        calls.append(&call(4)).unwrap();
        let (_, found) = EndedCalls::open(folder.path()).unwrap();
        assert_eq!(found, [call(1), call(2), call(4)]);
    }

    #[test]
    fn the_file_has_a_limit_and_the_newest_calls_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (mut calls, _) = EndedCalls::open(folder.path()).unwrap();
        let total = 3 * ENDED_CALLS_MAX + 5;
        for number in 0..total {
            calls.append(&call(number)).unwrap();
        }
        let size = std::fs::metadata(folder.path().join(FILE_NAME))
            .unwrap()
            .len();
        assert!(
            size <= u64::try_from(2 * ENDED_CALLS_MAX * CALL_BYTES).unwrap(),
            "{size}"
        );
        let (_, found) = EndedCalls::open(folder.path()).unwrap();
        assert_eq!(found.len(), ENDED_CALLS_MAX);
        assert_eq!(found.last(), Some(&call(total - 1)));
    }
}

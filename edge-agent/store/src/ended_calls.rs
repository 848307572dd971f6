//! The file with the signed calls that have ended: a call in it is not carried out a second time, also after a restart.
//!
//! The file is no part of the journal and is not synced to the disk: the kernel has a record as soon as it is appended, so it
//! survives the end of the process, and a power cut may lose the last ones. A record that is lost or damaged only means that the
//! call is not recognised. When calls are removed because the file is long, a record says up to which time.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::owner::give_to_owner;

/// One call in the file: its time in milliseconds since the epoch (8 bytes, little-endian), and the digest of its signature.
pub type EndedCall = [u8; 40];

/// The file with the signed calls that have ended.
#[derive(Debug)]
pub struct EndedCalls {
    path: PathBuf,
    /// `None` if the file could not be opened, or holds a part of a record that could not be removed.
    file: Option<File>,
    records: usize,
    /// The time of the newest call that was removed from the file or could not be added to it, in milliseconds since the epoch.
    forgotten_ms: Option<i64>,
}

/// What the file of a data folder says at a start.
#[derive(Debug)]
pub struct EndedCallsFound {
    /// The calls in the file, the newest [`ENDED_CALLS_MAX`] at most.
    pub calls: Vec<EndedCall>,
    /// The time of the newest call that has ended and is not in `calls`, in milliseconds since the epoch. `None` if there is no such
    /// call; [`i64::MAX`] if the file could not be read, because any call may then have ended.
    pub forgotten_ms: Option<i64>,
    /// Why calls cannot be written to the file, or why it could not be read.
    pub trouble: Option<std::io::Error>,
}

impl EndedCalls {
    /// Opens the file of a data folder, or creates it. A file that cannot be read or written does not stop the till:
    /// [`EndedCallsFound`] says so.
    #[must_use]
    pub fn open(folder: &Path) -> (Self, EndedCallsFound) {
        let mut calls = Self {
            path: folder.join(FILE_NAME),
            file: None,
            records: 0,
            forgotten_ms: None,
        };
        let found = match read(&calls.path) {
            Ok(content) => {
                let (found, outcome) = calls.take_up(content);
                EndedCallsFound {
                    calls: found,
                    forgotten_ms: calls.forgotten_ms,
                    trouble: outcome.err(),
                }
            }
            Err(error) => EndedCallsFound {
                calls: Vec::new(),
                forgotten_ms: Some(i64::MAX),
                trouble: Some(error),
            },
        };
        (calls, found)
    }

    /// Opens the file for writing. The file is made again if it is too long, ends with a part of a record, or does not say what was
    /// forgotten.
    fn take_up(&mut self, content: Content) -> (Vec<EndedCall>, std::io::Result<()>) {
        let Content {
            mut calls,
            forgotten_ms,
            is_whole,
        } = content;
        let surplus = calls.len().saturating_sub(ENDED_CALLS_MAX);
        let removed = calls.drain(..surplus).map(|call| time_of(&call)).max();
        self.forgotten_ms = self.forgotten_ms.max(forgotten_ms).max(removed);
        let outcome = if surplus > 0 || !is_whole || self.forgotten_ms != forgotten_ms {
            self.rewrite(&calls)
        } else {
            append_to(&self.path).map(|file| {
                self.records = calls.len();
                self.file = Some(file);
            })
        };
        (calls, outcome)
    }

    /// Adds a call. When the file has become long, only the newest calls stay in it.
    ///
    /// # Errors
    ///
    /// The operating system's error. Then the call is not in the file; the next call that can be written writes its time, too.
    pub fn append(&mut self, call: &EndedCall) -> std::io::Result<()> {
        let outcome = self.try_append(call);
        if outcome.is_err() {
            // The file may end with a part of the call now. It is removed before the next call is added.
            self.file = None;
            self.forgotten_ms = self.forgotten_ms.max(Some(time_of(call)));
        }
        outcome
    }

    fn try_append(&mut self, call: &EndedCall) -> std::io::Result<()> {
        if self.file.is_none() || self.records > ENDED_CALLS_MAX.saturating_mul(2) {
            self.take_up(read(&self.path)?).1?;
        }
        if let Some(file) = &mut self.file {
            file.write_all(call)?;
        }
        self.records = self.records.saturating_add(1);
        Ok(())
    }

    fn rewrite(&mut self, calls: &[EndedCall]) -> std::io::Result<()> {
        let new = self.path.with_extension("new");
        // A rest of an interrupted rewriting is replaced.
        let _ = std::fs::remove_file(&new);
        let mut file = append_to(&new)?;
        if let Some(forgotten_ms) = self.forgotten_ms {
            file.write_all(&mark_of(forgotten_ms))?;
        }
        file.write_all(calls.as_flattened())?;
        std::fs::rename(&new, &self.path)?;
        self.file = Some(file);
        self.records = calls.len();
        Ok(())
    }
}

/// The content of the file.
struct Content {
    calls: Vec<EndedCall>,
    forgotten_ms: Option<i64>,
    /// False if the file ends with a part of a record, because the process ended or the disk was full while it was written. That part
    /// is left out.
    is_whole: bool,
}

fn read(path: &Path) -> std::io::Result<Content> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(mut file) => {
            file.read_to_end(&mut bytes)?;
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let (records, rest) = bytes.as_chunks::<CALL_BYTES>();
    let is_mark = |record: &&EndedCall| **record == mark_of(time_of(record));
    Ok(Content {
        forgotten_ms: records.iter().filter(is_mark).map(time_of).max(),
        calls: records
            .iter()
            .filter(|record| !is_mark(record))
            .copied()
            .collect(),
        is_whole: rest.is_empty(),
    })
}

/// The record that says up to which time calls were removed from the file: such a time, and a digest of zeros, which no signature has.
fn mark_of(forgotten_ms: i64) -> EndedCall {
    let mut mark = [0; CALL_BYTES];
    for (byte, of_time) in mark.iter_mut().zip(forgotten_ms.to_le_bytes()) {
        *byte = of_time;
    }
    mark
}

fn time_of(call: &EndedCall) -> i64 {
    call.first_chunk()
        .map_or(0, |time| i64::from_le_bytes(*time))
}

fn append_to(path: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)?;
    give_to_owner(&file, path.parent().unwrap_or(Path::new(".")))?;
    Ok(file)
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
        let (mut calls, found) = EndedCalls::open(folder.path());
        assert!(found.calls.is_empty() && found.forgotten_ms.is_none() && found.trouble.is_none());
        calls.append(&call(1)).unwrap();
        calls.append(&call(2)).unwrap();
        let path = folder.path().join(FILE_NAME);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes.extend_from_slice(&call(3)[..CALL_BYTES - 1]);
        std::fs::write(&path, bytes).unwrap();
        let (mut calls, found) = EndedCalls::open(folder.path());
        assert_eq!(found.calls, [call(1), call(2)]);
        calls.append(&call(4)).unwrap();
        let (_, found) = EndedCalls::open(folder.path());
        assert_eq!(found.calls, [call(1), call(2), call(4)]);
    }

    #[test]
    fn the_file_has_a_limit_and_the_newest_calls_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (mut calls, _) = EndedCalls::open(folder.path());
        let total = 3 * ENDED_CALLS_MAX + 5;
        for number in 0..total {
            calls.append(&call(number)).unwrap();
        }
        let size = std::fs::metadata(folder.path().join(FILE_NAME))
            .unwrap()
            .len();
        assert!(
            size <= u64::try_from((2 * ENDED_CALLS_MAX + 2) * CALL_BYTES).unwrap(),
            "{size}"
        );
        let (_, found) = EndedCalls::open(folder.path());
        assert_eq!(found.calls.len(), ENDED_CALLS_MAX);
        assert_eq!(found.calls.last(), Some(&call(total - 1)));
    }

    #[test]
    fn the_file_says_up_to_which_time_calls_were_removed() {
        let folder = tempfile::tempdir().unwrap();
        let (mut calls, _) = EndedCalls::open(folder.path());
        for number in 0..=ENDED_CALLS_MAX {
            calls.append(&call(number)).unwrap();
        }
        drop(calls);
        for _ in 0..2 {
            let (_, found) = EndedCalls::open(folder.path());
            assert_eq!(found.calls.len(), ENDED_CALLS_MAX);
            assert_eq!(found.calls.first(), Some(&call(1)));
            assert_eq!(found.forgotten_ms, Some(0));
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_forgets_every_call() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join(FILE_NAME)).unwrap();
        let (mut calls, found) = EndedCalls::open(folder.path());
        assert!(found.trouble.is_some());
        assert_eq!(found.forgotten_ms, Some(i64::MAX));
        calls.append(&call(1)).unwrap_err();
        std::fs::remove_dir(folder.path().join(FILE_NAME)).unwrap();
        calls.append(&call(2)).unwrap();
        let (_, found) = EndedCalls::open(folder.path());
        assert_eq!(found.calls, [call(2)]);
    }

    /// `/dev/full` takes no byte, as a full disk.
    #[test]
    fn a_full_disk_loses_only_the_calls_that_ended_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let mut calls = EndedCalls {
            file: Some(super::append_to(&path).unwrap()),
            path: path.clone(),
            records: 0,
            forgotten_ms: None,
        };
        calls.append(&call(1)).unwrap_err();
        std::fs::remove_file(&path).unwrap();
        calls.append(&call(2)).unwrap();
        let (_, found) = EndedCalls::open(folder.path());
        assert_eq!((found.calls, found.forgotten_ms), (vec![call(2)], Some(1)));
    }
}

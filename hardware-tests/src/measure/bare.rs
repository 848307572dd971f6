//! The baseline for durable work: `pwrite` into a preallocated file, then `fdatasync`, and nothing else.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// A preallocated file for bare writes.
pub(super) struct BareFile {
    file: File,
    at: u64,
    bytes: Vec<u8>,
}

/// The size of the file in bytes. Writing starts again at the beginning, so that the file never grows.
const SIZE: u64 = 64 * 1024 * 1024;
/// The bytes of the smallest baseline: the size of one journal row.
pub(super) const ANCHOR: usize = 1_024;

impl BareFile {
    pub(super) fn new(folder: &Path) -> io::Result<Self> {
        let path = folder.join("bare");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)?;
        let zeros = vec![0; 1024 * 1024];
        for place in 0..SIZE / 1024 / 1024 {
            file.write_all_at(&zeros, place * 1024 * 1024)?;
        }
        file.sync_all()?;
        Ok(Self {
            file,
            at: 0,
            bytes: vec![0x5a; 1024 * 1024],
        })
    }

    /// Writes this number of bytes durably, and returns how long the write took.
    pub(super) fn write(&mut self, bytes: usize) -> io::Result<Duration> {
        let begun = Instant::now();
        let bytes = self.bytes.get(..bytes).unwrap_or(&self.bytes);
        self.file.write_all_at(bytes, self.at)?;
        self.file.sync_data()?;
        let took = begun.elapsed();
        self.at += u64::try_from(bytes.len()).unwrap_or(0);
        if self.at + 1024 * 1024 > SIZE {
            self.at = 0;
        }
        Ok(took)
    }
}

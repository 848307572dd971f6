//! The files that keep the emulated printer's memory over restarts.
//!
//! `FILE` contains [`Memory`] and is replaced as a whole; `FILE.receipts` has one fiscal receipt per line, `FILE.journal` one
//! document, and both only grow. A line is written to its file first and is valid once `FILE` counts it, so that a stop between
//! the two writes leaves the earlier state.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};

use super::journal::{DOCUMENTS_MAX, PrintedDocument};
use super::memory::{FiscalReceipt, Memory};

/// The files of an emulated printer.
#[derive(Debug)]
pub(super) struct Store {
    path: PathBuf,
    receipts: File,
    journal: File,
}

/// A store and its content.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) store: Store,
    pub(super) memory: Memory,
    pub(super) receipts: Vec<FiscalReceipt>,
    pub(super) documents: Vec<PrintedDocument>,
}

impl Store {
    /// Opens the files, or makes them for a printer in the state `new`; returns their content.
    pub(super) fn open(path: &Path, new: Memory) -> io::Result<Kept> {
        let memory: Memory = match File::open(path) {
            Ok(file) => serde_json::from_reader(BufReader::new(file))
                .map_err(|error| invalid(path, &error.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => new,
            Err(error) => return Err(error),
        };
        let beside = with_suffix(path, ".receipts");
        let receipts = growing(&beside)?;
        let (kept, length) = read_receipts(&beside, &receipts, memory.receipts)?;
        receipts.set_len(length)?;
        let journal = growing(&with_suffix(path, ".journal"))?;
        let (documents, length) = read_documents(&journal, memory.last_document)?;
        journal.set_len(length)?;
        let store = Self {
            path: path.to_owned(),
            receipts,
            journal,
        };
        store.save(&memory, true)?;
        Ok(Kept {
            store,
            memory,
            receipts: kept,
            documents,
        })
    }

    /// Appends a receipt; it is valid after the next durable [`save`](Self::save).
    pub(super) fn append(&mut self, receipt: &FiscalReceipt) -> io::Result<()> {
        let mut line = serde_json::to_vec(receipt)?;
        line.push(b'\n');
        self.receipts.write_all(&line)?;
        self.receipts.sync_data()
    }

    /// Appends a document of the journal; it is valid after the next durable [`save`](Self::save).
    pub(super) fn append_document(&mut self, document: &PrintedDocument) -> io::Result<()> {
        let mut line = serde_json::to_vec(document)?;
        line.push(b'\n');
        self.journal.write_all(&line)
    }

    /// Replaces the memory. A change that is not `durable` survives the end of this process, but perhaps not of the machine.
    pub(super) fn save(&self, memory: &Memory, durable: bool) -> io::Result<()> {
        let new = with_suffix(&self.path, ".new");
        let mut file = File::create(&new)?;
        file.write_all(&serde_json::to_vec(memory)?)?;
        if durable {
            file.sync_all()?;
        }
        std::fs::rename(&new, &self.path)?;
        if durable && let Some(folder) = self.path.parent() {
            let folder = if folder.as_os_str().is_empty() {
                Path::new(".")
            } else {
                folder
            };
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// The first `count` receipts, and the number of bytes that they take in the file.
fn read_receipts(path: &Path, file: &File, count: usize) -> io::Result<(Vec<FiscalReceipt>, u64)> {
    let mut kept = Vec::new();
    let mut length: u64 = 0;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while kept.len() < count {
        line.clear();
        let bytes = reader.read_until(b'\n', &mut line)?;
        if bytes == 0 {
            return Err(invalid(path, "holds fewer receipts than the memory says"));
        }
        kept.push(
            serde_json::from_slice(&line).map_err(|error| invalid(path, &error.to_string()))?,
        );
        length = length.saturating_add(u64::try_from(bytes).unwrap_or(0));
    }
    Ok((kept, length))
}

/// The newest documents up to the one of this number, and the number of bytes that all of them take in the file.
fn read_documents(file: &File, last: u32) -> io::Result<(Vec<PrintedDocument>, u64)> {
    let mut kept = VecDeque::new();
    let mut length: u64 = 0;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line)? > 0 {
        // A line that was cut off by a stop is ignored with everything after it.
        let Ok(document) = serde_json::from_slice::<PrintedDocument>(&line) else {
            break;
        };
        if document.number > last || line.last() != Some(&b'\n') {
            break;
        }
        length = length.saturating_add(u64::try_from(line.len()).unwrap_or(0));
        if kept.len() >= DOCUMENTS_MAX {
            kept.pop_front();
        }
        kept.push_back(document);
        line.clear();
    }
    Ok((kept.into(), length))
}

fn growing(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .read(true)
        .append(true)
        .open(path)
}

fn invalid(path: &Path, what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("{}: {what}", path.display()),
    )
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

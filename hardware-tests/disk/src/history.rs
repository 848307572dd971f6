//! The operations of a disk in order, and what may be left of its files after a power cut.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::SECTOR;
use crate::random::SeededRandom;

/// The content of a disk: the bytes of each file by the file's name.
pub type Image = BTreeMap<String, Vec<u8>>;

/// One operation on a disk.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    Write {
        file: Arc<str>,
        offset: usize,
        bytes: Arc<[u8]>,
    },
    Truncate {
        file: Arc<str>,
        length: usize,
    },
    Sync {
        file: Arc<str>,
    },
    /// A sync of the folder: new file names and deletions become durable.
    SyncFolder,
    /// A sync that failed: the writes that it should have made durable are lost at the next power cut.
    LostSync {
        file: Arc<str>,
    },
    Delete {
        file: Arc<str>,
        durable: bool,
    },
}

/// All operations since a disk was mounted, and the content of the disk before the first of them.
#[derive(Clone, Debug)]
pub struct History {
    pub(crate) before: Image,
    pub(crate) operations: Vec<Operation>,
}

/// A change of a file that is not durable yet.
#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, bytes: Arc<[u8]> },
    Truncate { length: usize },
}

/// The state of one file between two syncs.
#[derive(Clone, Debug, Default)]
struct UnsyncedFile {
    /// The durable bytes of the file; none if not even its name is durable.
    durable: Option<Vec<u8>>,
    pending: Vec<Change>,
    /// True if the file was deleted and the deletion is not durable.
    deleted: bool,
}

/// How much of the pending changes survives a power cut.
#[derive(Clone, Copy)]
enum Survival {
    Nothing,
    Everything,
    /// The oldest changes survive, and the next one survives in part. The number counts the changes that survive completely.
    Prefix(usize),
    /// Each sector of each change survives or is lost by itself.
    EachSector,
}

impl History {
    /// How many operations there are; the power can be cut after each of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.operations.len()
    }

    /// Whether no operation was done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations.is_empty()
    }

    /// The files that may be left if the power is cut right after the first `count` operations; other random numbers give another
    /// image.
    #[must_use]
    pub fn cut(&self, count: usize, random: &mut SeededRandom) -> Image {
        self.settle(count).cut(random)
    }

    /// The disk after the first `count` operations; its power can be cut many times.
    #[must_use]
    pub fn settle(&self, count: usize) -> Medium {
        let mut medium = Medium::new(&self.before);
        for operation in self.operations.iter().take(count) {
            medium.take(operation);
        }
        medium
    }

    /// Calls `look` once before the first operation and once after each operation, with the number of operations and the disk.
    pub fn for_each_moment(&self, mut look: impl FnMut(usize, &Medium)) {
        let mut medium = Medium::new(&self.before);
        look(0, &medium);
        for (index, operation) in self.operations.iter().enumerate() {
            medium.take(operation);
            look(index + 1, &medium);
        }
    }
}

/// A disk at one moment: which bytes are durable, and which changes are pending.
#[derive(Clone, Debug)]
pub struct Medium {
    files: BTreeMap<Arc<str>, UnsyncedFile>,
}

impl Medium {
    fn new(before: &Image) -> Self {
        let files = before.iter().map(|(name, bytes)| {
            let settled = UnsyncedFile {
                durable: Some(bytes.clone()),
                ..UnsyncedFile::default()
            };
            (Arc::from(name.as_str()), settled)
        });
        Self {
            files: files.collect(),
        }
    }

    fn take(&mut self, operation: &Operation) {
        match operation {
            Operation::Write {
                file,
                offset,
                bytes,
            } => self.pend(
                file,
                Change::Write {
                    offset: *offset,
                    bytes: Arc::clone(bytes),
                },
            ),
            Operation::Truncate { file, length } => {
                self.pend(file, Change::Truncate { length: *length });
            }
            Operation::Sync { file } => {
                let file_state = self.files.entry(Arc::clone(file)).or_default();
                let mut bytes = file_state.durable.take().unwrap_or_default();
                for change in file_state.pending.drain(..) {
                    change.apply(&mut bytes);
                }
                file_state.durable = Some(bytes);
            }
            Operation::SyncFolder => {
                self.files.retain(|_, file_state| !file_state.deleted);
                for file_state in self.files.values_mut() {
                    file_state.durable.get_or_insert_default();
                }
            }
            Operation::LostSync { file } => {
                if let Some(file_state) = self.files.get_mut(file) {
                    file_state.pending.clear();
                }
            }
            Operation::Delete { file, durable } => {
                if let Some(file_state) = self.files.get_mut(file) {
                    file_state.deleted = true;
                }
                if *durable {
                    self.take(&Operation::SyncFolder);
                }
            }
        }
    }

    fn pend(&mut self, file: &Arc<str>, change: Change) {
        let file_state = self.files.entry(Arc::clone(file)).or_default();
        if file_state.deleted {
            // A new file of the same name never contains bytes of the deleted one.
            *file_state = UnsyncedFile::default();
        }
        file_state.pending.push(change);
    }

    /// The files that may be left if the power is cut now.
    #[must_use]
    pub fn cut(&self, random: &mut SeededRandom) -> Image {
        let mut image = Image::new();
        for (name, file_state) in &self.files {
            if file_state.deleted && random.coin() {
                continue;
            }
            // After a power cut a file whose name is not durable may be missing, with everything that was written to it.
            let name_lost = file_state.durable.is_none() && random.below(4) == 0;
            if name_lost {
                continue;
            }
            let survival = match random.below(4) {
                0 => Survival::Nothing,
                1 => Survival::Everything,
                2 => Survival::Prefix(random.below(file_state.pending.len() + 1)),
                _ => Survival::EachSector,
            };
            let mut bytes = file_state.durable.clone().unwrap_or_default();
            for (index, change) in file_state.pending.iter().enumerate() {
                match survival {
                    Survival::Nothing => {}
                    Survival::Everything => change.apply(&mut bytes),
                    Survival::Prefix(whole) if index < whole => change.apply(&mut bytes),
                    Survival::Prefix(whole) if index == whole => change.tear(&mut bytes, random),
                    Survival::Prefix(_) => {}
                    Survival::EachSector => change.tear(&mut bytes, random),
                }
            }
            image.insert(name.to_string(), bytes);
        }
        image
    }
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write {
                offset,
                bytes: written,
            } => put(bytes, *offset, written),
            Self::Truncate { length } => bytes.resize(*length, 0),
        }
    }

    /// Applies some sectors of a write completely, some in part and some not at all; a truncation is applied or not.
    fn tear(&self, bytes: &mut Vec<u8>, random: &mut SeededRandom) {
        match self {
            Self::Truncate { .. } => {
                if random.coin() {
                    self.apply(bytes);
                }
            }
            Self::Write {
                offset,
                bytes: written,
            } => {
                let mut at = 0;
                while at < written.len() {
                    let end = written
                        .len()
                        .min((offset + at) / SECTOR * SECTOR + SECTOR - offset);
                    let kept = match random.below(16) {
                        0 => at + random.below(end - at),
                        chance if chance % 2 == 1 => end,
                        _ => at,
                    };
                    put(bytes, offset + at, &written[at..kept]);
                    at = end;
                }
            }
        }
    }
}

/// Writes bytes into a file at an offset; a shorter file is filled with zeros up to the offset.
pub(crate) fn put(file: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = offset + bytes.len();
    if file.len() < end {
        file.resize(end, 0);
    }
    file[offset..end].copy_from_slice(bytes);
}

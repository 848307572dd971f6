//! The disk in use: files as programs see them, locks, troubles, and the history of it all.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::history::{History, Image, Operation, put};
use crate::shared_memory::SharedMemory;
use crate::vfs;

/// What a trouble befalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A write.
    Write,
    /// A write that finds no room.
    Full,
    /// A sync.
    Sync,
    /// A read.
    Read,
    /// A truncation.
    Truncate,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Write,
        Self::Full,
        Self::Sync,
        Self::Read,
        Self::Truncate,
    ];
}

/// A disk that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What fails.
    pub kind: Kind,
    /// How many of the kind go well before.
    pub after: usize,
    /// Every further one fails too.
    pub for_ever: bool,
}

/// A disk, mounted on a folder.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
    platter: Arc<Mutex<Platter>>,
}

#[derive(Debug, Default)]
pub(crate) struct Platter {
    files: BTreeMap<Arc<str>, Vec<u8>>,
    pub(crate) shared: HashMap<Arc<str>, SharedMemory>,
    pub(crate) locks: HashMap<Arc<str>, HashMap<u64, i32>>,
    before: Image,
    operations: Vec<Operation>,
    /// Journals that were made and never synced: their first sync is one of the folder too, as SQLite's own VFS has it.
    fresh: HashSet<Arc<str>>,
    trouble: Option<Trouble>,
    seen: HashMap<Kind, usize>,
    next_handle: u64,
    written: u64,
    /// Nothing works any more.
    dead: bool,
    /// It says that it has synced, and has not.
    lies: bool,
}

impl std::hash::Hash for Kind {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::mem::discriminant(self).hash(state);
    }
}

/// What an operation on the disk came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    Io,
    Full,
}

type Mounted = Mutex<HashMap<PathBuf, Arc<Mutex<Platter>>>>;

fn mounted() -> &'static Mounted {
    static MOUNTED: OnceLock<Mounted> = OnceLock::new();
    MOUNTED.get_or_init(Mutex::default)
}

/// The disk that a path lies on.
pub(crate) fn disk_of(path: &Path) -> Option<Arc<Mutex<Platter>>> {
    let folder = path.parent()?;
    lock(mounted()).get(folder).cloned()
}

/// A test that panicked has not damaged the disk.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Disk {
    /// Mounts an empty disk on a folder: SQLite's files in it live here until the disk is dropped.
    #[must_use]
    pub fn mount(folder: &Path) -> Self {
        vfs::register();
        let platter = Arc::new(Mutex::new(Platter::default()));
        lock(mounted()).insert(folder.to_owned(), Arc::clone(&platter));
        Self {
            folder: folder.to_owned(),
            platter,
        }
    }

    /// Puts an image on the disk, as after a power cut: history begins anew, and nothing is open any more.
    pub fn put(&self, image: &Image) {
        let mut platter = lock(&self.platter);
        let files = image
            .iter()
            .map(|(name, bytes)| (Arc::from(name.as_str()), bytes.clone()));
        *platter = Platter {
            files: files.collect(),
            before: image.clone(),
            next_handle: platter.next_handle,
            ..Platter::default()
        };
    }

    /// What programs see now.
    #[must_use]
    pub fn image(&self) -> Image {
        let platter = lock(&self.platter);
        let files = platter.files.iter();
        files
            .map(|(name, bytes)| (name.to_string(), bytes.clone()))
            .collect()
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> usize {
        lock(&self.platter).operations.len()
    }

    /// All that was done since the disk was mounted or an image was put on it.
    #[must_use]
    pub fn history(&self) -> History {
        let platter = lock(&self.platter);
        History {
            before: platter.before.clone(),
            operations: platter.operations.clone(),
        }
    }

    /// From now on the disk fails; none ends it.
    pub fn fail(&self, trouble: Option<Trouble>) {
        let mut platter = lock(&self.platter);
        platter.seen.clear();
        platter.trouble = trouble;
    }

    /// How many operations of a kind there were since the last call of [`Disk::fail`].
    #[must_use]
    pub fn seen(&self, kind: Kind) -> usize {
        lock(&self.platter).seen.get(&kind).copied().unwrap_or(0)
    }

    /// Bytes that were written since the disk was mounted or an image was put on it.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        lock(&self.platter).written
    }

    /// From now on the disk says that it has synced and does nothing, as cheap ones do: the control that a suite must fail on.
    pub fn lie(&self) {
        lock(&self.platter).lies = true;
    }

    /// The power goes: every further operation fails until an image is put on the disk.
    pub fn power_off(&self) {
        lock(&self.platter).dead = true;
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mut mounted = lock(mounted());
        // The table and this handle: nobody else has cloned it.
        if Arc::strong_count(&self.platter) <= 2 {
            mounted.remove(&self.folder);
        }
    }
}

impl Platter {
    pub(crate) fn new_handle(&mut self) -> u64 {
        self.next_handle += 1;
        self.next_handle
    }

    pub(crate) fn exists(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    pub(crate) fn length(&self, name: &str) -> usize {
        self.files.get(name).map_or(0, Vec::len)
    }

    pub(crate) fn create(&mut self, name: &Arc<str>, journal: bool) {
        self.files.entry(Arc::clone(name)).or_default();
        if journal {
            self.fresh.insert(Arc::clone(name));
        }
    }

    /// Reads as much as there is; the rest of the room is filled with zeros. False where something was missing.
    pub(crate) fn read(
        &mut self,
        name: &str,
        offset: usize,
        room: &mut [u8],
    ) -> Result<bool, Failed> {
        self.befall(Kind::Read)?;
        let file = self.files.get(name).map_or(&[][..], Vec::as_slice);
        let from = file.get(offset..).unwrap_or_default();
        let count = from.len().min(room.len());
        room[..count].copy_from_slice(&from[..count]);
        room[count..].fill(0);
        Ok(count == room.len())
    }

    pub(crate) fn write(
        &mut self,
        name: &Arc<str>,
        offset: usize,
        bytes: &[u8],
    ) -> Result<(), Failed> {
        self.befall(Kind::Write)?;
        self.befall(Kind::Full)?;
        put(
            self.files.entry(Arc::clone(name)).or_default(),
            offset,
            bytes,
        );
        self.written += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.operations.push(Operation::Write {
            file: Arc::clone(name),
            offset,
            bytes: Arc::from(bytes),
        });
        Ok(())
    }

    pub(crate) fn truncate(&mut self, name: &Arc<str>, length: usize) -> Result<(), Failed> {
        self.befall(Kind::Truncate)?;
        self.files
            .entry(Arc::clone(name))
            .or_default()
            .resize(length, 0);
        self.operations.push(Operation::Truncate {
            file: Arc::clone(name),
            length,
        });
        Ok(())
    }

    pub(crate) fn sync(&mut self, name: &Arc<str>) -> Result<(), Failed> {
        let file = Arc::clone(name);
        match self.befall(Kind::Sync) {
            Ok(()) if self.lies => Ok(()),
            Ok(()) => {
                if self.fresh.remove(name) {
                    self.operations.push(Operation::SyncFolder);
                }
                self.operations.push(Operation::Sync { file });
                Ok(())
            }
            Err(failed) => {
                self.operations.push(Operation::LostSync { file });
                Err(failed)
            }
        }
    }

    pub(crate) fn delete(&mut self, name: &str, durable: bool) -> bool {
        let Some((file, _)) = self.files.remove_entry(name) else {
            return false;
        };
        self.shared.remove(&file);
        self.fresh.remove(&file);
        self.operations.push(Operation::Delete { file, durable });
        true
    }

    /// Counts an operation, and says whether it fails.
    fn befall(&mut self, kind: Kind) -> Result<(), Failed> {
        if self.dead {
            return Err(Failed::Io);
        }
        let seen = self.seen.entry(kind).or_default();
        let before = *seen;
        *seen += 1;
        let fails = self.trouble.is_some_and(|trouble| {
            trouble.kind == kind
                && (before == trouble.after || (trouble.for_ever && before > trouble.after))
        });
        match (fails, kind) {
            (false, _) => Ok(()),
            (true, Kind::Full) => Err(Failed::Full),
            (true, _) => Err(Failed::Io),
        }
    }
}

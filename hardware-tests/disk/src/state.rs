//! The state of a simulated disk: files as programs see them, locks, faults, and the history of operations.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::fault::{DiskCall, DiskFault, Failed, Syncs};
use crate::history::{Image, Operation, put};
use crate::shared_memory::SharedMemory;

#[derive(Debug, Default)]
pub(crate) struct DiskState {
    pub(crate) files: BTreeMap<Arc<str>, Vec<u8>>,
    pub(crate) shared: HashMap<Arc<str>, SharedMemory>,
    pub(crate) locks: HashMap<Arc<str>, HashMap<u64, i32>>,
    pub(crate) before: Image,
    pub(crate) operations: Vec<Operation>,
    /// The names of journals that were created and never synced.
    /// The first sync of such a journal also syncs the folder, as in SQLite's own VFS.
    pub(crate) fresh: HashSet<Arc<str>>,
    pub(crate) fault: Option<DiskFault>,
    pub(crate) calls: HashMap<DiskCall, usize>,
    pub(crate) next_handle: u64,
    pub(crate) written: u64,
    /// True while the power is off: every operation fails.
    pub(crate) dead: bool,
    pub(crate) syncs: Syncs,
}

type Mounted = Mutex<HashMap<PathBuf, Arc<Mutex<DiskState>>>>;

/// The disks that are mounted, by their folders.
pub(crate) fn mounted() -> &'static Mounted {
    static MOUNTED: OnceLock<Mounted> = OnceLock::new();
    MOUNTED.get_or_init(Mutex::default)
}

/// The mounted disk to which a path belongs.
pub(crate) fn disk_of(path: &Path) -> Option<Arc<Mutex<DiskState>>> {
    let folder = path.parent()?;
    lock(mounted()).get(folder).cloned()
}

/// Locks a mutex, also after a test has panicked: a panic does not damage the disk.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl DiskState {
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

    /// Reads the bytes that the file has and fills the rest of `room` with zeros. False if bytes were missing.
    pub(crate) fn read(
        &mut self,
        name: &str,
        offset: usize,
        room: &mut [u8],
    ) -> Result<bool, Failed> {
        self.count(DiskCall::Read)?;
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
        self.count(DiskCall::Write)?;
        self.count(DiskCall::Full)?;
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
        self.count(DiskCall::Truncate)?;
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
        match self.count(DiskCall::Sync) {
            Ok(()) if self.syncs == Syncs::Ignored => Ok(()),
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

    /// Counts an operation of a kind. An error if the fault makes this operation fail.
    fn count(&mut self, kind: DiskCall) -> Result<(), Failed> {
        if self.dead {
            return Err(Failed::Io);
        }
        let calls = self.calls.entry(kind).or_default();
        let before = *calls;
        *calls += 1;
        let fails = self.fault.is_some_and(|fault| {
            fault.kind == kind
                && (before == fault.after || (fault.for_ever && before > fault.after))
        });
        match (fails, kind) {
            (false, _) => Ok(()),
            (true, DiskCall::Full) => Err(Failed::Full),
            (true, _) => Err(Failed::Io),
        }
    }
}

//! The handle by which a test uses the simulated disk: it mounts the disk on a folder, reads its history and sets its faults.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::fault::{DiskCall, DiskFault, Syncs};
use crate::history::{History, Image};
use crate::state::{DiskState, lock, mounted};
use crate::vfs;

/// A simulated disk that is mounted on a folder.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
    state: Arc<Mutex<DiskState>>,
}

impl Disk {
    /// Mounts an empty disk on a folder: SQLite's files in this folder are kept on the disk until the disk is dropped.
    #[must_use]
    pub fn mount(folder: &Path) -> Self {
        vfs::register();
        let state = Arc::new(Mutex::new(DiskState::default()));
        lock(mounted()).insert(folder.to_owned(), Arc::clone(&state));
        Self {
            folder: folder.to_owned(),
            state,
        }
    }

    /// Puts an image on the disk, as after a power cut: the history begins again, and no file is open any more.
    pub fn put(&self, image: &Image) {
        let mut state = lock(&self.state);
        let files = image
            .iter()
            .map(|(name, bytes)| (Arc::from(name.as_str()), bytes.clone()));
        *state = DiskState {
            files: files.collect(),
            before: image.clone(),
            next_handle: state.next_handle,
            ..DiskState::default()
        };
    }

    /// The content of the disk as programs read it now, with the bytes that are not synced yet.
    #[must_use]
    pub fn image(&self) -> Image {
        let state = lock(&self.state);
        let files = state.files.iter();
        files
            .map(|(name, bytes)| (name.to_string(), bytes.clone()))
            .collect()
    }

    /// How many operations the disk has carried out so far.
    #[must_use]
    pub fn operations(&self) -> usize {
        lock(&self.state).operations.len()
    }

    /// All operations since the disk was mounted or an image was put on it.
    #[must_use]
    pub fn history(&self) -> History {
        let state = lock(&self.state);
        History {
            before: state.before.clone(),
            operations: state.operations.clone(),
        }
    }

    /// Sets the fault of the disk from now on; `None` ends the fault.
    pub fn fail(&self, fault: Option<DiskFault>) {
        let mut state = lock(&self.state);
        state.calls.clear();
        state.fault = fault;
    }

    /// How many operations of one kind the disk was asked for since the last call of [`Disk::fail`].
    #[must_use]
    pub fn calls(&self, kind: DiskCall) -> usize {
        lock(&self.state).calls.get(&kind).copied().unwrap_or(0)
    }

    /// How many bytes were written since the disk was mounted or an image was put on it.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        lock(&self.state).written
    }

    /// Sets what a sync does from now on, until an image is put on the disk.
    pub fn set_syncs(&self, syncs: Syncs) {
        lock(&self.state).syncs = syncs;
    }

    /// Switches the power off: every further operation fails until an image is put on the disk.
    pub fn power_off(&self) {
        lock(&self.state).dead = true;
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let mut mounted = lock(mounted());
        // The state has two owners if this is the last handle: the table of mounted disks, and this handle.
        if Arc::strong_count(&self.state) <= 2 {
            mounted.remove(&self.folder);
        }
    }
}

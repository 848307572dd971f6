//! A disk that tests hold: mounted on a folder, with its history and its faults.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use crate::fault::{Kind, Syncs, Trouble};
use crate::history::{History, Image};
use crate::state::{Platter, lock, mounted};
use crate::vfs;

/// A disk, mounted on a folder.
#[derive(Clone, Debug)]
pub struct Disk {
    folder: PathBuf,
    platter: Arc<Mutex<Platter>>,
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

    /// What a sync does from now on, until an image is put on the disk.
    pub fn set_syncs(&self, syncs: Syncs) {
        lock(&self.platter).syncs = syncs;
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

//! What this VFS stores about an open file, in the memory that SQLite provides for the file.

use std::sync::{Arc, Mutex};

use rusqlite::ffi;

use crate::state::DiskState;

/// An open file, in the memory that SQLite provides for it.
#[repr(C)]
pub(super) struct OpenFile {
    pub(super) base: ffi::sqlite3_file,
    pub(super) inner: *mut Inner,
}

/// What this VFS stores about an open file.
pub(super) struct Inner {
    pub(super) state: Arc<Mutex<DiskState>>,
    pub(super) name: Arc<str>,
    pub(super) handle: u64,
    pub(super) delete_on_close: bool,
    pub(super) mapped: bool,
}

/// The open file behind SQLite's pointer.
///
/// # Safety
///
/// `file` was filled by `open` and not yet closed, and SQLite uses a file from one thread at a time.
pub(super) unsafe fn inner<'f>(file: *mut ffi::sqlite3_file) -> &'f mut Inner {
    // SAFETY: by this function's contract.
    unsafe { &mut *(*file.cast::<OpenFile>()).inner }
}

/// A number from SQLite as a size or an offset; negative numbers give 0.
pub(super) fn size(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or(0)
}

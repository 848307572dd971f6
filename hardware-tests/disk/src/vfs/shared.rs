//! The methods of a file's shared memory.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use rusqlite::ffi;

use super::open_file::{Inner, inner, size};
use crate::state::{DiskState, lock};

pub(super) unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    region_size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    inner.mapped = true;
    let mut state = lock(&inner.state);
    let shared = state.shared.entry(Arc::clone(&inner.name)).or_default();
    shared.enter(inner.handle);
    let address = shared.region(size(region), size(region_size), extend != 0);
    // SAFETY: `out` is a place for the address; the block behind it stays where it is until the last handle has left.
    unsafe { *out = address.map_or(std::ptr::null_mut(), <*mut u8>::cast) };
    ffi::SQLITE_OK
}

pub(super) unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let mut state = lock(&inner.state);
    let shared = state.shared.entry(Arc::clone(&inner.name)).or_default();
    if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        shared.unlock(inner.handle, size(first), size(count));
        return ffi::SQLITE_OK;
    }
    let exclusive = flags & ffi::SQLITE_SHM_EXCLUSIVE != 0;
    if shared.lock(inner.handle, size(first), size(count), exclusive) {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_BUSY
    }
}

pub(super) unsafe extern "C" fn shm_barrier(_file: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

pub(super) unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let mut state = lock(&inner.state);
    leave_shared_memory(&mut state, inner, delete != 0);
    inner.mapped = false;
    ffi::SQLITE_OK
}

/// Removes a file handle from the shared memory; the last handle also removes the shared memory.
pub(super) fn leave_shared_memory(state: &mut DiskState, inner: &Inner, _delete: bool) {
    if !inner.mapped {
        return;
    }
    let last = state
        .shared
        .get_mut(&inner.name)
        .is_some_and(|shared| shared.leave(inner.handle));
    if last {
        state.shared.remove(&inner.name);
    }
}

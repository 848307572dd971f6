//! The methods of an open file.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use rusqlite::ffi;

use super::open_file::{OpenFile, inner, size};
use super::shared::{leave_shared_memory, shm_barrier, shm_lock, shm_map, shm_unmap};
use crate::fault::Failed;
use crate::state::lock;

/// The table of functions that SQLite calls for an open file.
pub(super) static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock_file),
    xUnlock: Some(unlock_file),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

fn code(outcome: Result<(), Failed>, io: c_int) -> c_int {
    match outcome {
        Ok(()) => ffi::SQLITE_OK,
        Err(Failed::Io) => io,
        Err(Failed::Full) => ffi::SQLITE_FULL,
    }
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once, and does not touch it afterwards.
    let inner = unsafe { Box::from_raw((*file.cast::<OpenFile>()).inner) };
    let mut state = lock(&inner.state);
    if let Some(locks) = state.locks.get_mut(&inner.name) {
        locks.remove(&inner.handle);
    }
    leave_shared_memory(&mut state, &inner, false);
    if inner.delete_on_close {
        state.delete(&inner.name, false);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    room: *mut c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: the file is open, and SQLite lends `count` bytes of room.
    let (inner, room) = unsafe {
        let room = std::slice::from_raw_parts_mut(room.cast::<u8>(), size(count));
        (inner(file), room)
    };
    match lock(&inner.state).read(&inner.name, size(offset), room) {
        Ok(true) => ffi::SQLITE_OK,
        Ok(false) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(_) => ffi::SQLITE_IOERR_READ,
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    offset: i64,
) -> c_int {
    // SAFETY: the file is open, and SQLite gives `count` bytes.
    let (inner, bytes) = unsafe {
        let bytes = std::slice::from_raw_parts(bytes.cast::<u8>(), size(count));
        (inner(file), bytes)
    };
    let outcome = lock(&inner.state).write(&inner.name, size(offset), bytes);
    code(outcome, ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let outcome = lock(&inner.state).truncate(&inner.name, size(length));
    code(outcome, ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let outcome = lock(&inner.state).sync(&inner.name);
    code(outcome, ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: the file is open, and `out` is a place for the answer.
    unsafe {
        let inner = inner(file);
        let length = lock(&inner.state).length(&inner.name);
        *out = i64::try_from(length).unwrap_or(i64::MAX);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock_file(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let mut state = lock(&inner.state);
    let locks = state.locks.entry(Arc::clone(&inner.name)).or_default();
    let own = locks.get(&inner.handle).copied().unwrap_or(0);
    if own >= wanted {
        return ffi::SQLITE_OK;
    }
    let others = locks
        .iter()
        .filter(|(handle, _)| **handle != inner.handle)
        .map(|(_, level)| *level)
        .max()
        .unwrap_or(ffi::SQLITE_LOCK_NONE);
    let (granted, level) = match wanted {
        ffi::SQLITE_LOCK_SHARED => (others < ffi::SQLITE_LOCK_PENDING, wanted),
        ffi::SQLITE_LOCK_RESERVED => (others < ffi::SQLITE_LOCK_RESERVED, wanted),
        // An exclusive lock waits until the readers are done, and meanwhile no new reader is admitted.
        _ if others >= ffi::SQLITE_LOCK_RESERVED => (false, own),
        _ if others >= ffi::SQLITE_LOCK_SHARED => (false, ffi::SQLITE_LOCK_PENDING),
        _ => (true, wanted),
    };
    if granted || level > own {
        locks.insert(inner.handle, level);
    }
    if granted {
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_BUSY
    }
}

unsafe extern "C" fn unlock_file(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let mut state = lock(&inner.state);
    let locks = state.locks.entry(Arc::clone(&inner.name)).or_default();
    if level == ffi::SQLITE_LOCK_NONE {
        locks.remove(&inner.handle);
    } else {
        locks.insert(inner.handle, level);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the file is open, and `out` is a place for the answer.
    unsafe {
        let inner = inner(file);
        let state = lock(&inner.state);
        let reserved = state.locks.get(&inner.name).is_some_and(|locks| {
            locks
                .values()
                .any(|level| *level >= ffi::SQLITE_LOCK_RESERVED)
        });
        *out = c_int::from(reserved);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn file_control(
    _file: *mut ffi::sqlite3_file,
    _operation: c_int,
    _argument: *mut c_void,
) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    // The sector size in bytes that SQLite's own VFS reports.
    4096
}

unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

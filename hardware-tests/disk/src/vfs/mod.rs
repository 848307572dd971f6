//! The C interface: SQLite's VFS and file methods, each of which calls [`DiskState`].
//!
//! Files that are on no mounted disk are handled by the VFS that was the default before.

mod file;
mod open_file;
mod shared;

use std::ffi::{CStr, c_char, c_int};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use rusqlite::ffi;

use crate::state::{DiskState, disk_of, lock};
use file::METHODS;
use open_file::{Inner, OpenFile};

/// The VFS that was the default before ours.
struct Before(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite's own VFS is made to be called from any thread, and it is never freed.
unsafe impl Send for Before {}
// SAFETY: SQLite's own VFS is made to be called from any thread, and it is never freed.
unsafe impl Sync for Before {}

static BEFORE: OnceLock<Before> = OnceLock::new();

/// Makes the VFS of this crate the default VFS, once in the process.
pub(crate) fn register() {
    BEFORE.get_or_init(|| {
        // SAFETY: SQLite initialises itself here, and a null name asks for the default VFS, which lives for ever.
        let before = unsafe {
            ffi::sqlite3_initialize();
            ffi::sqlite3_vfs_find(std::ptr::null())
        };
        assert!(!before.is_null(), "SQLite has no VFS");
        // SAFETY: `before` points to the default VFS.
        let old = unsafe { &*before };
        let own_size = c_int::try_from(size_of::<OpenFile>()).unwrap_or(c_int::MAX);
        let vfs = ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: old.szOsFile.max(own_size),
            mxPathname: old.mxPathname,
            pNext: std::ptr::null_mut(),
            zName: c"ferrotill-disk".as_ptr(),
            pAppData: std::ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            xDlOpen: old.xDlOpen,
            xDlError: old.xDlError,
            xDlSym: old.xDlSym,
            xDlClose: old.xDlClose,
            xRandomness: old.xRandomness,
            xSleep: old.xSleep,
            xCurrentTime: old.xCurrentTime,
            xGetLastError: old.xGetLastError,
            xCurrentTimeInt64: old.xCurrentTimeInt64,
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        };
        // SAFETY: the VFS is leaked, so that it lives as long as the process; its functions keep SQLite's contract below.
        let code = unsafe { ffi::sqlite3_vfs_register(Box::leak(Box::new(vfs)), 1) };
        assert_eq!(code, ffi::SQLITE_OK, "the VFS could not be registered");
        Before(before)
    });
}

fn before() -> *mut ffi::sqlite3_vfs {
    BEFORE.get().map_or(std::ptr::null_mut(), |before| before.0)
}

/// The disk and the name of the file on it, if a path belongs to a mounted disk.
///
/// # Safety
///
/// `path` is null or a C string that lives for the call.
unsafe fn mounted(path: *const c_char) -> Option<(Arc<Mutex<DiskState>>, Arc<str>)> {
    if path.is_null() {
        return None;
    }
    // SAFETY: not null, and a C string by this function's contract.
    let path = unsafe { CStr::from_ptr(path) }.to_str().ok()?;
    let path = Path::new(path);
    let disk = disk_of(path)?;
    let name = path.file_name()?.to_str()?;
    Some((disk, Arc::from(name)))
}

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a C string, or null for a temporary file.
    let Some((state, name)) = (unsafe { mounted(path) }) else {
        let old = before();
        // SAFETY: the file is on no mounted disk, so the old VFS gets the call with its own pointer, as if SQLite had called it;
        // `szOsFile` leaves it the room that it needs.
        return unsafe {
            match (*old).xOpen {
                Some(open) => open(old, path, file, flags, out_flags),
                None => ffi::SQLITE_CANTOPEN,
            }
        };
    };
    let handle = {
        let mut state = lock(&state);
        if !state.exists(&name) {
            if flags & ffi::SQLITE_OPEN_CREATE == 0 {
                // SAFETY: SQLite leaves room for an `OpenFile`, and null methods mean that there is nothing to close.
                unsafe { (*file).pMethods = std::ptr::null() };
                return ffi::SQLITE_CANTOPEN;
            }
            let journals = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;
            state.create(&name, flags & journals != 0);
        }
        state.new_handle()
    };
    let inner = Box::new(Inner {
        state,
        name,
        handle,
        delete_on_close: flags & ffi::SQLITE_OPEN_DELETEONCLOSE != 0,
        mapped: false,
    });
    // SAFETY: SQLite gives `szOsFile` bytes, aligned for any type, which are enough for an `OpenFile`;
    // `out_flags` is null or points to a number.
    unsafe {
        file.cast::<OpenFile>().write(OpenFile {
            base: ffi::sqlite3_file {
                pMethods: &raw const METHODS,
            },
            inner: Box::into_raw(inner),
        });
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    sync_folder: c_int,
) -> c_int {
    // SAFETY: SQLite gives a C string.
    match unsafe { mounted(path) } {
        Some((state, name)) => {
            if lock(&state).delete(&name, sync_folder != 0) {
                ffi::SQLITE_OK
            } else {
                ffi::SQLITE_IOERR_DELETE_NOENT
            }
        }
        None => {
            let old = before();
            // SAFETY: as in `open`.
            unsafe {
                match (*old).xDelete {
                    Some(delete) => delete(old, path, sync_folder),
                    None => ffi::SQLITE_IOERR_DELETE,
                }
            }
        }
    }
}

unsafe extern "C" fn access(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a C string.
    match unsafe { mounted(path) } {
        Some((state, name)) => {
            let state = lock(&state);
            // An empty journal counts as no journal, as in SQLite's own VFS.
            let there = state.exists(&name)
                && (flags != ffi::SQLITE_ACCESS_EXISTS || state.length(&name) > 0);
            // SAFETY: SQLite gives a place for the answer.
            unsafe { *out = c_int::from(there) };
            ffi::SQLITE_OK
        }
        None => {
            let old = before();
            // SAFETY: as in `open`.
            unsafe {
                match (*old).xAccess {
                    Some(access) => access(old, path, flags, out),
                    None => ffi::SQLITE_IOERR_ACCESS,
                }
            }
        }
    }
}

unsafe extern "C" fn full_pathname(
    _vfs: *mut ffi::sqlite3_vfs,
    path: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a C string.
    if unsafe { mounted(path) }.is_none() {
        let old = before();
        // SAFETY: as in `open`.
        return unsafe {
            match (*old).xFullPathname {
                Some(full) => full(old, path, size, out),
                None => ffi::SQLITE_CANTOPEN,
            }
        };
    }
    // SAFETY: `mounted` has read it as a C string.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    if usize::try_from(size).is_ok_and(|size| bytes.len() > size) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has `size` bytes, which was compared right above; the two do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}

//! The C side: SQLite's VFS and file methods, each a thin step into [`Platter`].
//!
//! Files that lie on no mounted disk are left to the VFS that was the default before.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use rusqlite::ffi;

use crate::platter::{Failed, Platter, disk_of, lock};

/// An open file, at the place that SQLite keeps for it.
#[repr(C)]
struct OpenFile {
    base: ffi::sqlite3_file,
    inner: *mut Inner,
}

struct Inner {
    platter: Arc<Mutex<Platter>>,
    name: Arc<str>,
    handle: u64,
    delete_on_close: bool,
    mapped: bool,
}

/// The VFS that was the default before ours.
struct Before(*mut ffi::sqlite3_vfs);

// SAFETY: SQLite's own VFS is made to be called from any thread, and it is never freed.
unsafe impl Send for Before {}
// SAFETY: as above.
unsafe impl Sync for Before {}

static BEFORE: OnceLock<Before> = OnceLock::new();

/// Makes ours the default VFS, once for the process.
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

/// The disk and the file's name on it, where a path lies on a mounted one.
///
/// # Safety
///
/// `path` is null or a C string that lives for the call.
unsafe fn mounted(path: *const c_char) -> Option<(Arc<Mutex<Platter>>, Arc<str>)> {
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

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
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

unsafe extern "C" fn open(
    _vfs: *mut ffi::sqlite3_vfs,
    path: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives a C string, or null for a temporary file.
    let Some((platter, name)) = (unsafe { mounted(path) }) else {
        let old = before();
        // SAFETY: the file is none of ours, so the old VFS gets the call with its own pointer, as if it had been called itself;
        // `szOsFile` leaves it the room that it needs.
        return unsafe {
            match (*old).xOpen {
                Some(open) => open(old, path, file, flags, out_flags),
                None => ffi::SQLITE_CANTOPEN,
            }
        };
    };
    let handle = {
        let mut platter = lock(&platter);
        if !platter.exists(&name) {
            if flags & ffi::SQLITE_OPEN_CREATE == 0 {
                // SAFETY: SQLite leaves room for an `OpenFile`, and null methods mean that there is nothing to close.
                unsafe { (*file).pMethods = std::ptr::null() };
                return ffi::SQLITE_CANTOPEN;
            }
            let journals = ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL;
            platter.create(&name, flags & journals != 0);
        }
        platter.new_handle()
    };
    let inner = Box::new(Inner {
        platter,
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
        Some((platter, name)) => {
            if lock(&platter).delete(&name, sync_folder != 0) {
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
        Some((platter, name)) => {
            let platter = lock(&platter);
            // An empty journal is no journal, as in SQLite's own VFS.
            let there = platter.exists(&name)
                && (flags != ffi::SQLITE_ACCESS_EXISTS || platter.length(&name) > 0);
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

/// The open file behind SQLite's pointer.
///
/// # Safety
///
/// `file` was filled by [`open`] and not yet closed, and SQLite uses a file from one thread at a time.
unsafe fn inner<'f>(file: *mut ffi::sqlite3_file) -> &'f mut Inner {
    // SAFETY: by this function's contract.
    unsafe { &mut *(*file.cast::<OpenFile>()).inner }
}

/// A number of SQLite's as a size or place; below zero there is none.
fn size(number: impl TryInto<usize>) -> usize {
    number.try_into().unwrap_or(0)
}

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
    let mut platter = lock(&inner.platter);
    if let Some(locks) = platter.locks.get_mut(&inner.name) {
        locks.remove(&inner.handle);
    }
    leave_shared_memory(&mut platter, &inner, false);
    if inner.delete_on_close {
        platter.delete(&inner.name, false);
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
    match lock(&inner.platter).read(&inner.name, size(offset), room) {
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
    let outcome = lock(&inner.platter).write(&inner.name, size(offset), bytes);
    code(outcome, ffi::SQLITE_IOERR_WRITE)
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, length: i64) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let outcome = lock(&inner.platter).truncate(&inner.name, size(length));
    code(outcome, ffi::SQLITE_IOERR_TRUNCATE)
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let outcome = lock(&inner.platter).sync(&inner.name);
    code(outcome, ffi::SQLITE_IOERR_FSYNC)
}

unsafe extern "C" fn file_size(file: *mut ffi::sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: the file is open, and `out` is a place for the answer.
    unsafe {
        let inner = inner(file);
        let length = lock(&inner.platter).length(&inner.name);
        *out = i64::try_from(length).unwrap_or(i64::MAX);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock_file(file: *mut ffi::sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let mut platter = lock(&inner.platter);
    let locks = platter.locks.entry(Arc::clone(&inner.name)).or_default();
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
        // Readers are waited for, and no new ones are let in meanwhile.
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
    let mut platter = lock(&inner.platter);
    let locks = platter.locks.entry(Arc::clone(&inner.name)).or_default();
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
        let platter = lock(&inner.platter);
        let reserved = platter.locks.get(&inner.name).is_some_and(|locks| {
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
    // As SQLite's own VFS says.
    4096
}

unsafe extern "C" fn device_characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    region: c_int,
    region_size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    inner.mapped = true;
    let mut platter = lock(&inner.platter);
    let shared = platter.shared.entry(Arc::clone(&inner.name)).or_default();
    shared.enter(inner.handle);
    let address = shared.region(size(region), size(region_size), extend != 0);
    // SAFETY: `out` is a place for the address; the block behind it stays where it is until the last handle has left.
    unsafe { *out = address.map_or(std::ptr::null_mut(), <*mut u8>::cast) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    first: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let mut platter = lock(&inner.platter);
    let shared = platter.shared.entry(Arc::clone(&inner.name)).or_default();
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

unsafe extern "C" fn shm_barrier(_file: *mut ffi::sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    // SAFETY: the file is open.
    let inner = unsafe { inner(file) };
    let mut platter = lock(&inner.platter);
    leave_shared_memory(&mut platter, inner, delete != 0);
    inner.mapped = false;
    ffi::SQLITE_OK
}

/// A handle leaves the shared memory; the last one takes it away.
fn leave_shared_memory(platter: &mut Platter, inner: &Inner, _delete: bool) {
    if !inner.mapped {
        return;
    }
    let last = platter
        .shared
        .get_mut(&inner.name)
        .is_some_and(|shared| shared.leave(inner.handle));
    if last {
        platter.shared.remove(&inner.name);
    }
}

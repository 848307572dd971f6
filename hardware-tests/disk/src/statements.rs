//! Counts the SQL statements of this process, by their text.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::{Mutex, OnceLock};

use rusqlite::ffi;

use crate::state::lock;

/// How often each statement was carried out, by its text.
pub type StatementCounts = BTreeMap<String, u64>;

fn counted() -> &'static Mutex<StatementCounts> {
    static COUNTED: OnceLock<Mutex<StatementCounts>> = OnceLock::new();
    COUNTED.get_or_init(Mutex::default)
}

/// Counts the statements of every connection that is opened from now on, in any folder. A second call changes nothing.
///
/// # Panics
///
/// SQLite could not register the count.
pub fn count_statements() {
    static REGISTERED: OnceLock<()> = OnceLock::new();
    REGISTERED.get_or_init(|| {
        // SAFETY: SQLite calls `trace` with each new connection, and `trace` lives as long as the process.
        let code = unsafe {
            ffi::sqlite3_initialize();
            ffi::sqlite3_auto_extension(Some(trace))
        };
        assert_eq!(code, ffi::SQLITE_OK, "the count could not be registered");
    });
}

/// The statements that were carried out since [`count_statements`] was called.
#[must_use]
pub fn statements() -> StatementCounts {
    lock(counted()).clone()
}

/// # Safety
///
/// SQLite passes an open connection.
unsafe extern "C" fn trace(
    connection: *mut ffi::sqlite3,
    _: *mut *mut c_char,
    _: *const ffi::sqlite3_api_routines,
) -> c_int {
    let events = c_uint::try_from(ffi::SQLITE_TRACE_STMT).unwrap_or(0);
    // SAFETY: the connection is open, and `count` needs no context.
    unsafe { ffi::sqlite3_trace_v2(connection, events, Some(count), std::ptr::null_mut()) }
}

/// # Safety
///
/// SQLite passes the text of the statement that begins, as a C string that lives for the call.
unsafe extern "C" fn count(_: c_uint, _: *mut c_void, _: *mut c_void, text: *mut c_void) -> c_int {
    if !text.is_null() {
        // SAFETY: see above.
        let text = unsafe { CStr::from_ptr(text.cast::<c_char>()) }.to_string_lossy();
        // SQLite names the statements of a trigger as comments; they are part of the statement that sets the trigger off.
        if !text.starts_with("--") {
            *lock(counted()).entry(text.into_owned()).or_insert(0) += 1;
        }
    }
    0
}

//! A simulated disk for tests: at a power cut it drops or tears what was not synced, as real media do.
//!
//! ```text
//! Disk::mount(folder)       from now on every file of SQLite in that folder is on this disk, in memory
//! disk.history()            each write, truncation, deletion and sync, in order
//! history.cut(n, random)    an image of what may be left after a power cut after the n-th of them
//! disk.put(image)           the disk after the power is back
//! disk.fail(fault)          the n-th write, sync, read or truncation fails, once or for ever
//! ```
//!
//! [`count_statements`] counts the SQL statements of the process, on any disk.
//!
//! The disk guarantees only this:
//!
//! - A synced file has all its bytes, and with its first sync its name. Names and deletions are durable with a sync of the folder:
//!   that is the first sync of a new journal, and a deletion that asks for it.
//! - Anything not synced may be there, be missing, or be there in part, each sector of 512 bytes by itself and in any order;
//!   one sector of a cut may be half new and half old.
//! - Bytes that no write touched are never damaged (SQLite's `POWERSAFE_OVERWRITE`, as its own VFS assumes it).
//! - After a failed sync, what it should have made durable may be lost, although it can still be read (as on Linux).

mod disk;
mod fault;
mod history;
mod random;
mod shared_memory;
mod state;
mod statements;
mod vfs;

pub use disk::Disk;
pub use fault::{DiskCall, DiskFault, Syncs};
pub use history::{History, Image};
pub use random::SeededRandom;
pub use statements::{StatementCounts, count_statements, statements};

/// Bytes of a sector. A disk writes each sector completely or not at all.
pub const SECTOR: usize = 512;

//! A disk for tests: it keeps what was not synced apart, and at a power cut drops or tears it as real media do.
//!
//! ```text
//! Disk::mount(folder)      every file of SQLite in that folder lives here from now on, in memory
//! disk.history()           each write, truncation, deletion and sync, in order
//! history.cut(n, random)    an image of what may be left if the power goes after the n-th of them
//! disk.put(image)          the disk after the power has come back
//! disk.fail(DiskFault)       the n-th write, sync, read or truncation fails, once or for ever
//! ```
//!
//! What the medium promises, and no more:
//!
//! - A synced file has all its bytes, and with its first sync its name. Names and deletions are durable with a sync of the folder:
//!   that is the first sync of a new journal, and a deletion that asks for it.
//! - Anything not synced may be there, be missing, or be there in part, each sector of 512 bytes by itself and in any order;
//!   one sector of a cut may be half new and half old.
//! - Bytes that no write touched are never damaged (SQLite's `POWERSAFE_OVERWRITE`, as its own VFS assumes it).
//! - After a sync that failed, what it should have made durable may be forgotten, although it can still be read (as Linux does).

mod disk;
mod fault;
mod history;
mod random;
mod shared_memory;
mod state;
mod vfs;

pub use disk::Disk;
pub use fault::{DiskCall, Syncs, DiskFault};
pub use history::{History, Image};
pub use random::SeededRandom;

/// The part of a write that a disk does or does not do.
pub const SECTOR: usize = 512;

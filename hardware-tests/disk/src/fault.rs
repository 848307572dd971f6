//! Faults of a disk.

/// The disk operations that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskCall {
    /// A write fails.
    Write,
    /// A write fails because the disk is full.
    Full,
    /// A sync fails.
    Sync,
    /// A read fails.
    Read,
    /// A truncation fails.
    Truncate,
}

impl DiskCall {
    /// Every kind of operation that can fail.
    pub const ALL: [Self; 5] = [
        Self::Write,
        Self::Full,
        Self::Sync,
        Self::Read,
        Self::Truncate,
    ];
}

/// A fault of the simulated disk: which operation fails, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFault {
    /// The kind of operation that fails.
    pub kind: DiskCall,
    /// How many operations of this kind succeed before the first failure.
    pub after: usize,
    /// True if every operation of this kind after the first failure fails too.
    pub for_ever: bool,
}

/// What a sync of the simulated disk does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syncs {
    /// A sync makes durable what was written before it.
    #[default]
    Kept,
    /// A sync does nothing and reports success, as on some cheap disks. Such a disk is the control, on which a suite must find a
    /// violation.
    Ignored,
}

/// Why an operation of the disk failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    Io,
    Full,
}

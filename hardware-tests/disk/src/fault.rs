//! Faults of a disk.

/// The operations that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DiskCall {
    /// A write.
    Write,
    /// A write to a full disk.
    Full,
    /// A sync.
    Sync,
    /// A read.
    Read,
    /// A truncation.
    Truncate,
}

impl DiskCall {
    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Write,
        Self::Full,
        Self::Sync,
        Self::Read,
        Self::Truncate,
    ];
}

/// A disk that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFault {
    /// The operation that fails.
    pub kind: DiskCall,
    /// How many of these operations succeed before.
    pub after: usize,
    /// Every further one fails too.
    pub for_ever: bool,
}

/// What a sync does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syncs {
    /// What was written is durable after it.
    #[default]
    Kept,
    /// Nothing, although it reports success, as with some cheap disks: the control, on which a suite must find a violation.
    Ignored,
}

/// Why an operation failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    Io,
    Full,
}

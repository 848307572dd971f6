//! A data folder that was restored from a backup, and the documents that the backup did not have.

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// The data folder was restored from a backup. A copy and its original have different epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// The moment of the event.
    pub at: Moment,
    /// How often the folder was restored, this time included; counted from 1.
    pub epoch: u32,
}

/// A person has accepted that a restored data folder lacks documents that a device has made.
///
/// From this event on the device sells again. Its numbers go on above those of the lost documents, and no number of the ranges that
/// it had is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LossAccepted<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The person's name; never empty.
    pub by: &'a str,
    /// The highest number that a lost document can have; the next document has a higher one.
    pub number: u32,
    /// The highest number that a lost Z-report can have; the next Z-report has a higher one.
    pub z_number: u32,
    /// The number of the last document of the printer that the backup has; 0 if no printer was compared.
    pub printer_known: u32,
    /// The number of the printer's last document; 0 if no printer was compared.
    pub printer_has: u32,
}

impl LossAccepted<'_> {
    /// The largest length of the name in bytes.
    pub const BY_BYTES_MAX: usize = 100;
}

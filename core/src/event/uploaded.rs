//! Receipts that callers have uploaded to be shown to buyers. They are no sales of this till: no event of this file changes a till, a shift
//! or a number. The journal has a digest of each; the texts stand beside it.

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// A caller has uploaded a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptUploaded {
    /// The moment of the event.
    pub at: Moment,
    /// The id that the caller gave.
    pub id: [u8; 16],
    /// The revision of the configuration with which the receipt is shown; 0 if there was none.
    pub revision: u32,
    /// The SHA-256 of the receipt as it is stored.
    pub digest: [u8; 32],
}

/// What a part of the look of uploaded receipts is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum LookKind {
    /// The configuration: language, labels, logo and the sections in use.
    Configuration,
    /// A custom section.
    Section,
    /// An image.
    Media,
}

impl LookKind {
    /// The name of the kind, as the store writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Section => "section",
            Self::Media => "media",
        }
    }
}

/// A part of the look of uploaded receipts has a new revision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookChanged {
    /// The moment of the event.
    pub at: Moment,
    /// What the part is.
    pub kind: LookKind,
    /// The id of the part; zero of the configuration.
    pub id: [u8; 16],
    /// The revision, counted from 1.
    pub revision: u32,
    /// The SHA-256 of the part as it is stored.
    pub digest: [u8; 32],
}

/// A buyer has written the particulars of a business meal beside an uploaded receipt. They name persons, so that the journal has only a
/// salted digest of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HospitalityChanged {
    /// The moment of the event.
    pub at: Moment,
    /// The id of the uploaded receipt.
    pub receipt: [u8; 16],
    /// When the particulars were made final, in seconds since the epoch, as the buyer says; `None` if they may still be changed.
    pub finalized_s: Option<i64>,
    /// The SHA-256 of the salt and of the particulars.
    pub digest: [u8; 32],
}

//! What a data folder is for, and who its devices are.

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// Whether a data folder holds the documents of a shop or documents made for a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mode {
    /// The documents are made for a test. They have no legal meaning.
    Test,
    /// The documents are legal.
    Live,
}

impl Mode {
    /// The name of the mode.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Test => "TEST",
            Self::Live => "LIVE",
        }
    }
}

impl core::fmt::Display for Mode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

/// What a data folder is for. It never changes: the folder keeps its country, its currency and its mode for all its life.
///
/// It is the first row of a new folder. In a folder of an older build, it follows the rows that the older build wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Founded<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The ISO 3166 code of the country whose law applies.
    pub country: &'a str,
    /// The ISO 4217 code of the currency of every amount in the folder.
    pub currency: &'a str,
    /// Whether the documents are legal.
    pub mode: Mode,
    /// True if an operator confirmed the three values for a folder of an older build; false if they were taken from the
    /// configuration.
    pub confirmed: bool,
}

/// The identity of a device towards the authority, from this event on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceIdentified<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The number under which the authority knows the device: its registration number, or its own id as text.
    pub fiscal_number: &'a str,
    /// The name of the owner; may be empty.
    pub owner: &'a str,
    /// The tax number of the owner; may be empty.
    pub owner_number: &'a str,
    /// The address of the shop; may be empty.
    pub address: &'a str,
}

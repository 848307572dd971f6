//! Events of the registration of signature units, cash boxes and their receipts at the tax authority.
//!
//! A step is due from its `RegistrationWanted` row, or from the row that brings it about: an adopted unit, a start receipt, the receipt of
//! a year, a closing receipt. Each answer of the authority is a `RegistrationAnswered` row.

use serde::{Deserialize, Serialize};

use crate::time::Moment;

/// Something that the authority is told, or is asked to check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum RegistrationStep {
    /// A signature unit is registered. The subject is the serial of its certificate, or the id of its key.
    Unit,
    /// A cash box is registered. The subject is its id.
    CashBox,
    /// A receipt is checked. The subject is the id of the cash box, `_`, and the id of the receipt.
    Receipt,
    /// A signature unit has failed for more than 48 hours. The subject is its serial, `_`, and the beginning in milliseconds since the
    /// epoch.
    UnitFails,
    /// A signature unit whose failure was reported works again. The subject is that of the failure.
    UnitWorks,
    /// A cash box is taken out of use for ever. The subject is its id.
    CashBoxEnds,
    /// A signature unit is taken out of use for ever. The subject is its serial.
    UnitEnds,
    /// A caller has reported that a cash box does not work. The subject is its id, `_`, and the beginning in milliseconds since the epoch.
    CashBoxFails,
    /// A cash box whose failure was reported works again. The subject is that of the failure.
    CashBoxWorks,
}

impl RegistrationStep {
    /// All steps.
    pub const ALL: [Self; 9] = [
        Self::Unit,
        Self::CashBox,
        Self::Receipt,
        Self::UnitFails,
        Self::UnitWorks,
        Self::CashBoxEnds,
        Self::UnitEnds,
        Self::CashBoxFails,
        Self::CashBoxWorks,
    ];

    /// The name of the step in the store and in lists.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unit => "unit",
            Self::CashBox => "cash_box",
            Self::Receipt => "receipt",
            Self::UnitFails => "unit_fails",
            Self::UnitWorks => "unit_works",
            Self::CashBoxEnds => "cash_box_ends",
            Self::UnitEnds => "unit_ends",
            Self::CashBoxFails => "cash_box_fails",
            Self::CashBoxWorks => "cash_box_works",
        }
    }

    /// The step with this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.name() == name)
    }
}

/// A step is to be taken that no other row brings about, or is to be taken again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationWanted<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The step.
    pub step: RegistrationStep,
    /// What the step is about.
    pub subject: &'a str,
    /// The journal row with the receipt that is to be checked; 0 if the step is about no receipt, or if the store knows the row.
    pub row: i64,
}

/// The authority has answered about a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistrationAnswered<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// The step.
    pub step: RegistrationStep,
    /// What the step is about.
    pub subject: &'a str,
    /// True if the step is done, false if the authority refuses it.
    pub done: bool,
    /// The authority's code.
    pub code: &'a str,
    /// The authority's text; may be empty.
    pub message: &'a str,
}

impl RegistrationAnswered<'_> {
    /// The largest length of the authority's text, in bytes.
    pub const MESSAGE_BYTES_MAX: usize = 400;
}

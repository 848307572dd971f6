//! The till's own numbers: its documents and its Z-reports are each numbered in one sequence without a gap.

use super::Till;
use crate::refusal::Refusal;

/// The numbers that the next document gets if it opens a shift.
#[derive(Clone, Copy, Debug)]
pub(super) struct NextNumbers {
    /// The number of the document.
    pub(super) number: u32,
    /// The number of the Z-report that will close the shift.
    pub(super) z_number: u32,
}

impl Till {
    /// The number of the till's last document; 0 before the first document.
    #[must_use]
    pub const fn last_number(&self) -> u32 {
        self.last_number
    }

    /// The number of the till's last Z-report; 0 before the first Z-report.
    #[must_use]
    pub const fn last_z(&self) -> u32 {
        self.last_z
    }

    pub(super) fn next_numbers(&self) -> Result<NextNumbers, Refusal> {
        let after = |last: u32| last.checked_add(1).ok_or(Refusal::CounterExhausted);
        Ok(NextNumbers {
            number: after(self.last_number)?,
            z_number: after(self.last_z)?,
        })
    }
}

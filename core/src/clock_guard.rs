//! Which readings of a clock are believed, and what they charge to the offline budgets.
//!
//! Everything is a pure function of the stored [`ClockState`] and one [`ClockReading`]; the caller stores the state that comes back.
//!
//! - **Time never goes back**: the moment of a reading is never before the moment of the reading before it.
//! - **A clock that was set back extends no budget**: what is spent stays spent, and progress is counted from the clock's new time,
//!   not from the latest moment.
//! - **A jump forward is believed only if a reference clock confirms it** (the printer's clock, or a server's `Date`). Until then
//!   documents keep the latest moment and the whole jump is charged, so that no jump opens the budget of a new month.

use serde::{Deserialize, Serialize};

use crate::budget::Spent;
use crate::time::Moment;

/// The times that the machine's clock and the reference clock show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The machine's own clock; it may show any time.
    pub clock: Moment,
    /// The time of a clock that does not move when the machine's clock is set, if such a clock could be read.
    pub reference: Option<Moment>,
}

/// What is wrong with the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrouble {
    /// The clock shows a time before the latest moment. Documents keep the latest moment until the clock has caught up.
    Behind {
        /// The milliseconds by which the clock is behind.
        by_ms: i64,
    },
    /// The clock jumped forward and no reference clock confirms the jump. Documents keep the latest moment until one does.
    JumpedAhead {
        /// The milliseconds by which the clock jumped.
        by_ms: i64,
    },
}

/// The state of the clock guard, which must survive a power cut: the latest moment, and what is spent of the offline budgets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockState {
    latest: Option<Moment>,
    /// The time that the machine's clock showed at the last reading, in milliseconds since 1970-01-01 UTC.
    clock_ms: i64,
    spent: Spent,
}

impl ClockState {
    /// The latest moment that a reading gave.
    #[must_use]
    pub const fn latest(&self) -> Option<Moment> {
        self.latest
    }

    /// The time that is spent of the offline budgets.
    #[must_use]
    pub const fn spent(&self) -> &Spent {
        &self.spent
    }

    /// Takes over the moment of a stored document: no later moment may be before it.
    #[must_use]
    pub fn not_before(self, at: Moment) -> Self {
        match self.latest {
            Some(latest) => Self {
                latest: Some(latest.later(at)),
                ..self
            },
            None => Self {
                latest: Some(at),
                clock_ms: at.utc_ms,
                spent: self.spent.in_month_of(at),
            },
        }
    }

    /// Takes over a corrected time, which may be before the latest moment. Later moments are counted from it.
    ///
    /// What is spent of the offline budgets stays spent, and counts for the month of the corrected time.
    #[must_use]
    pub fn corrected(self, at: Moment) -> Self {
        Self {
            latest: Some(at),
            clock_ms: at.utc_ms,
            spent: self.spent.in_month_of(at),
        }
    }

    /// Charges up to `by_ms` of offline time that may have passed while the clock was unsure, for example during a power cut.
    /// Time that is charged already counts towards `by_ms`.
    #[must_use]
    pub fn charge_unsure(self, by_ms: i64) -> Self {
        Self {
            spent: self.spent.charge_unsure(by_ms),
            ..self
        }
    }

    /// Charges `by_ms` of offline time that may have passed between the last stored clock and a power cut, beside what was charged
    /// already. A power cut after another one loses such a time each.
    #[must_use]
    pub fn charge_further(self, by_ms: i64) -> Self {
        Self {
            spent: self.spent.charge_further(by_ms),
            ..self
        }
    }

    /// Gives back up to `by_ms` of the offline time that was charged while the clock was unsure.
    /// The next reading charges it again from the real clock.
    #[must_use]
    pub fn refund_unsure(self, by_ms: i64) -> Self {
        Self {
            spent: self.spent.refund_unsure(by_ms),
            ..self
        }
    }

    /// Gives back all offline time that was charged while the clock was unsure, because a reference clock shows the time now.
    #[must_use]
    pub fn refund_all_unsure(self) -> Self {
        self.refund_unsure(i64::MAX)
    }
}

/// The result of a reading of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockStep {
    /// The state of the clock guard, which the caller stores.
    pub state: ClockState,
    /// The moment that documents get now; it is never before an earlier one.
    pub at: Moment,
    /// The fault of the machine's clock, if it has one.
    pub trouble: Option<ClockTrouble>,
}

/// The limits by which the machine's clock is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockGuard {
    /// The progress between two readings that is believed without a reference clock, in milliseconds.
    pub jump_ms_max: i64,
}

impl ClockGuard {
    /// Takes a reading of the clock; `offline` says whether the authority cannot be reached from now on.
    ///
    /// The time since the last reading counts as offline if the authority could not be reached at the last reading.
    #[must_use]
    pub fn read(self, state: ClockState, reading: ClockReading, offline: bool) -> ClockStep {
        let clock_ms = reading.clock.utc_ms;
        let Some(latest) = state.latest else {
            let at = reading.reference.unwrap_or(reading.clock);
            let state = ClockState {
                latest: Some(at),
                clock_ms,
                spent: Spent::starting(at, offline),
            };
            return ClockStep {
                state,
                at,
                trouble: None,
            };
        };
        let (at, trouble) = self.believe(latest, reading);
        let progress_ms = at.utc_ms.saturating_sub(latest.utc_ms);
        let clock_progress_ms = clock_ms.saturating_sub(state.clock_ms).max(0);
        let counted_ms = match reading.reference {
            // A jump of the machine's clock that the reference clock denies is not charged.
            Some(_) => clock_progress_ms.min(self.jump_ms_max),
            None => clock_progress_ms,
        };
        let state = ClockState {
            latest: Some(at),
            clock_ms,
            spent: state.spent.charge(progress_ms.max(counted_ms), at, offline),
        };
        ClockStep { state, at, trouble }
    }

    fn believe(self, latest: Moment, reading: ClockReading) -> (Moment, Option<ClockTrouble>) {
        let ClockReading { clock, reference } = reading;
        let by_ms = clock.utc_ms.saturating_sub(latest.utc_ms);
        let trouble = if by_ms < 0 {
            let by_ms = by_ms.saturating_neg();
            Some(ClockTrouble::Behind { by_ms })
        } else if by_ms > self.jump_ms_max && reference.is_none() {
            Some(ClockTrouble::JumpedAhead { by_ms })
        } else {
            None
        };
        let at = match (reference, trouble) {
            (Some(reference), _) => latest.later(reference),
            (None, Some(_)) => latest,
            (None, None) => latest.later(clock),
        };
        (at, trouble)
    }
}

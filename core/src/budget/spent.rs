//! The time without the authority: how much of it was charged to the offline budgets.

use serde::{Deserialize, Serialize};

use crate::time::{Day, Moment};

/// Time without the authority that was charged so far. This record must survive a power cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    offline: bool,
    stretch_ms: i64,
    /// The month that `month_ms` belongs to, as [`month_of`] counts months.
    month: i64,
    month_ms: i64,
    /// The part of `stretch_ms` that was charged while the clock was unsure.
    unsure_ms: i64,
    /// The part of `month_ms` that was charged while the clock was unsure.
    unsure_month_ms: i64,
}

impl Spent {
    /// The state at the start, with no time charged; `offline` says whether the authority cannot be reached from `at` on.
    pub(crate) fn starting(at: Moment, offline: bool) -> Self {
        Self {
            offline,
            month: month_of(at),
            ..Self::default()
        }
    }

    /// The same charged time, counted for the month of `at`.
    pub(crate) fn in_month_of(self, at: Moment) -> Self {
        Self {
            month: month_of(at),
            ..self
        }
    }

    /// Whether the authority could not be reached at the last reading of the clock.
    #[must_use]
    pub const fn is_offline(&self) -> bool {
        self.offline
    }

    /// The time without the authority since the authority was last reached, in milliseconds.
    #[must_use]
    pub const fn stretch_ms(&self) -> i64 {
        self.stretch_ms
    }

    /// The time without the authority in this calendar month, in milliseconds.
    #[must_use]
    pub const fn month_ms(&self) -> i64 {
        self.month_ms
    }

    /// Charges the time since the last reading of the clock if the authority could not be reached at that reading.
    ///
    /// `at` is the moment of the new reading; `offline` says whether the authority cannot be reached from then on.
    pub(crate) fn charge(self, passed_ms: i64, at: Moment, offline: bool) -> Self {
        let spent_ms = if self.offline { passed_ms } else { 0 };
        let month = month_of(at).max(self.month);
        let another_month = month > self.month;
        let (month_before_ms, month_spent_ms) = if another_month {
            (0, spent_ms.min(since_month_began_ms(at)))
        } else {
            (self.month_ms, spent_ms)
        };
        Self {
            offline,
            stretch_ms: if offline {
                self.stretch_ms.saturating_add(spent_ms)
            } else {
                0
            },
            month,
            month_ms: month_before_ms.saturating_add(month_spent_ms),
            unsure_ms: if offline { self.unsure_ms } else { 0 },
            unsure_month_ms: if offline && !another_month {
                self.unsure_month_ms
            } else {
                0
            },
        }
    }

    /// Charges up to `by_ms` of offline time that may have passed while the clock was unsure; time that was charged already
    /// counts towards `by_ms`.
    pub(crate) fn charge_unsure(self, by_ms: i64) -> Self {
        let more_ms = if self.offline {
            by_ms.saturating_sub(self.unsure_ms).max(0)
        } else {
            0
        };
        Self {
            stretch_ms: self.stretch_ms.saturating_add(more_ms),
            month_ms: self.month_ms.saturating_add(more_ms),
            unsure_ms: self.unsure_ms.saturating_add(more_ms),
            unsure_month_ms: self.unsure_month_ms.saturating_add(more_ms),
            ..self
        }
    }

    /// Charges `by_ms` of offline time that may have passed while no clock was read, beside what was charged already.
    pub(crate) fn charge_further(self, by_ms: i64) -> Self {
        self.charge_unsure(self.unsure_ms.saturating_add(by_ms))
    }

    /// Gives back up to `by_ms` of the offline time that was charged while the clock was unsure.
    pub(crate) fn refund_unsure(self, by_ms: i64) -> Self {
        let stretch_ms = self.unsure_ms.min(by_ms);
        let month_ms = self.unsure_month_ms.min(by_ms);
        Self {
            stretch_ms: self.stretch_ms.saturating_sub(stretch_ms).max(0),
            month_ms: self.month_ms.saturating_sub(month_ms).max(0),
            unsure_ms: self.unsure_ms.saturating_sub(stretch_ms),
            unsure_month_ms: self.unsure_month_ms.saturating_sub(month_ms),
            ..self
        }
    }
}

/// Months since the year 0, in local time.
fn month_of(at: Moment) -> i64 {
    let (year, month) = at.local_day().year_and_month();
    year.saturating_mul(12).saturating_add(month)
}

/// Milliseconds since the local month of `at` began.
fn since_month_began_ms(at: Moment) -> i64 {
    let (year, month) = at.local_day().year_and_month();
    let first = match (u16::try_from(year), u8::try_from(month)) {
        (Ok(year), Ok(month)) => Day::of_date(year, month, 1),
        // Outside of the years 0 to 65535 the whole time is counted in the new month.
        _ => return i64::MAX,
    };
    let local_ms = at
        .utc_ms
        .saturating_add(i64::from(at.offset_minutes).saturating_mul(60_000));
    local_ms.saturating_sub(first.since_epoch().saturating_mul(86_400_000))
}

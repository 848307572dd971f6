//! Figures of the measurement: times in nanoseconds, ratios in hundredths, and the table of results.

use std::fmt;
use std::time::Duration;

/// The times of one action that was repeated many times, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Times(Vec<u64>);

impl Times {
    pub(super) fn push(&mut self, took: Duration) {
        self.0
            .push(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    pub(super) fn sum(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The time in nanoseconds that this number of a thousand repetitions does not exceed.
    pub(super) fn of_thousand(&self, thousandths: usize) -> u64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        let place = (sorted.len() * thousandths / 1_000).min(last);
        sorted.get(place).copied().unwrap_or(0)
    }

    pub(super) fn p50(&self) -> u64 {
        self.of_thousand(500)
    }

    pub(super) fn p99(&self) -> u64 {
        self.of_thousand(990)
    }

    pub(super) fn p999(&self) -> u64 {
        self.of_thousand(999)
    }
}

/// A ratio in hundredths: 150 is 1.50.
pub(super) fn ratio(measured: u64, baseline: u64) -> u64 {
    measured.saturating_mul(100) / baseline.max(1)
}

/// The median of some values.
pub(super) fn median(mut values: Vec<u64>) -> u64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// A number of hundredths, written with a decimal point.
pub(super) struct Hundredths(pub(super) u64);

impl fmt::Display for Hundredths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

/// A number with a comma between thousands.
pub(super) struct Thousands(pub(super) u64);

impl fmt::Display for Thousands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            small @ 0..1_000 => write!(f, "{small}"),
            large => write!(f, "{},{:03}", Self(large / 1_000), large % 1_000),
        }
    }
}

/// A number of nanoseconds, written in the unit that fits.
pub(super) struct Nanoseconds(pub(super) u64);

impl fmt::Display for Nanoseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..10_000 => write!(f, "{} ns", self.0),
            10_000..10_000_000 => write!(f, "{} µs", self.0 / 1_000),
            _ => write!(f, "{} ms", Hundredths(self.0 / 10_000)),
        }
    }
}

/// Whether a row of the table meets its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rating {
    /// The target is met.
    Met,
    /// The target is missed.
    Missed,
    /// A time, measured while other programs used the machine: the figure says nothing about the target.
    Inconclusive,
    /// This machine lacks something that the row needs.
    NotMeasured,
    /// The row has no target and is for information.
    NoTarget,
}

/// A row of the result table.
#[derive(Clone, Debug)]
pub struct Row {
    what: String,
    baseline: String,
    target: String,
    measured: String,
    rating: Rating,
    is_timed: bool,
}

impl Row {
    fn new(
        what: impl Into<String>,
        target: impl Into<String>,
        is_met: bool,
        baseline: impl Into<String>,
        measured: impl Into<String>,
    ) -> Self {
        Self {
            what: what.into(),
            baseline: baseline.into(),
            target: target.into(),
            measured: measured.into(),
            rating: if is_met { Rating::Met } else { Rating::Missed },
            is_timed: false,
        }
    }

    /// A row whose figure has an upper limit.
    pub(super) fn at_most(
        what: impl Into<String>,
        target: impl Into<String>,
        (value, limit): (u64, u64),
        baseline: impl Into<String>,
        measured: impl Into<String>,
    ) -> Self {
        Self::new(what, target, value <= limit, baseline, measured)
    }

    /// A row whose figure has a lower limit.
    pub(super) fn at_least(
        what: impl Into<String>,
        target: impl Into<String>,
        (value, limit): (u64, u64),
        baseline: impl Into<String>,
        measured: impl Into<String>,
    ) -> Self {
        Self::new(what, target, value >= limit, baseline, measured)
    }

    /// A row without a target.
    pub(super) fn without_target(
        what: impl Into<String>,
        baseline: impl Into<String>,
        measured: impl Into<String>,
    ) -> Self {
        let row = Self::new(what, "–", true, baseline, measured);
        Self {
            rating: Rating::NoTarget,
            ..row
        }
    }

    /// A row that could not be measured on this machine, and why.
    pub(super) fn not_measured(
        what: impl Into<String>,
        target: impl Into<String>,
        why: &str,
    ) -> Self {
        let row = Self::new(what, target, false, "–", format!("not measured: {why}"));
        Self {
            rating: Rating::NotMeasured,
            ..row
        }
    }

    /// The same row, whose figure is a time: it depends on what else the machine does.
    pub(super) fn timed(self) -> Self {
        Self {
            is_timed: true,
            ..self
        }
    }

    /// The same row after other programs have used the machine: a time says nothing then, and a count says as much as before.
    pub(super) fn beside_others(self, noise: &str) -> Self {
        if !self.is_timed || matches!(self.rating, Rating::NoTarget | Rating::NotMeasured) {
            return self;
        }
        Self {
            measured: format!("{} ({noise})", self.measured),
            rating: Rating::Inconclusive,
            ..self
        }
    }

    /// Whether the row meets its target.
    #[must_use]
    pub const fn rating(&self) -> Rating {
        self.rating
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rating = match self.rating {
            Rating::Met => "met",
            Rating::Missed => "**missed**",
            Rating::Inconclusive => "inconclusive",
            Rating::NotMeasured => "not measured",
            Rating::NoTarget => "–",
        };
        write!(
            f,
            "| {} | {} | {} | {} | {rating} |",
            self.what, self.baseline, self.target, self.measured
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_times() {
        let mut times = Times::default();
        for nanoseconds in (0..1_000).rev() {
            times.push(Duration::from_nanos(nanoseconds));
        }
        assert_eq!((times.p50(), times.p99(), times.p999()), (500, 990, 999));
    }

    #[test]
    fn a_row_beyond_its_limit_has_missed_its_target() {
        let row = |value| Row::at_most("a sale", "at most 1.50", (value, 150), "b", "m");
        assert_eq!(row(150).rating(), Rating::Met);
        assert_eq!(row(151).rating(), Rating::Missed);
        let rate = Row::at_least("sales", "at least 3", (299, 300), "b", "m");
        assert_eq!(rate.rating(), Rating::Missed);
    }

    #[test]
    fn a_time_beside_other_programs_is_inconclusive_and_a_count_is_not() {
        let row = |value| Row::at_most("a sale", "at most 1.50", (value, 150), "b", "m");
        for value in [150, 151] {
            let time = row(value).timed().beside_others("others used 40 %");
            assert_eq!(time.rating(), Rating::Inconclusive);
            assert!(time.to_string().contains("m (others used 40 %)"), "{time}");
            let count = row(value).beside_others("others used 40 %");
            assert_eq!(count.rating(), row(value).rating());
        }
        let information = Row::without_target("a sale", "b", "m").timed();
        assert_eq!(
            information.beside_others("others").rating(),
            Rating::NoTarget
        );
    }
}

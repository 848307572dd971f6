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
    /// The row has no target and is for information.
    NoTarget,
}

/// A row of the result table.
#[derive(Clone, Debug)]
pub struct Row {
    what: &'static str,
    baseline: String,
    target: &'static str,
    measured: String,
    rating: Rating,
}

impl Row {
    /// A row whose figure has an upper limit.
    pub(super) fn at_most(
        what: &'static str,
        target: &'static str,
        (value, limit): (u64, u64),
        baseline: String,
        measured: String,
    ) -> Self {
        let rating = if value <= limit {
            Rating::Met
        } else {
            Rating::Missed
        };
        Self {
            what,
            baseline,
            target,
            measured,
            rating,
        }
    }

    /// A row whose figure has a lower limit.
    pub(super) fn at_least(
        what: &'static str,
        target: &'static str,
        (value, limit): (u64, u64),
        baseline: String,
        measured: String,
    ) -> Self {
        let row = Self::at_most(what, target, (limit, value), baseline, measured);
        Self { ..row }
    }

    /// A row without a target.
    pub(super) fn without_target(what: &'static str, baseline: String, measured: String) -> Self {
        Self {
            what,
            baseline,
            target: "–",
            measured,
            rating: Rating::NoTarget,
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
        let row = |value| {
            Row::at_most(
                "a sale",
                "at most 1.50",
                (value, 150),
                "b".to_owned(),
                "m".to_owned(),
            )
        };
        assert_eq!(row(150).rating(), Rating::Met);
        assert_eq!(row(151).rating(), Rating::Missed);
        let rate = Row::at_least(
            "sales",
            "at least 3",
            (299, 300),
            String::new(),
            String::new(),
        );
        assert_eq!(rate.rating(), Rating::Missed);
    }
}

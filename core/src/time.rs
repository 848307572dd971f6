//! Moments and days. The caller gives the time; the core never reads a clock.

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z, and the local offset in force then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The milliseconds since 1970-01-01T00:00:00Z.
    pub utc_ms: i64,
    /// The minutes that local time is ahead of UTC.
    pub offset_minutes: i16,
}

impl Moment {
    /// The later of two moments, with its own offset.
    #[must_use]
    pub const fn later(self, other: Self) -> Self {
        if other.utc_ms > self.utc_ms {
            other
        } else {
            self
        }
    }

    /// A millisecond later.
    #[must_use]
    pub const fn next(self) -> Self {
        Self {
            utc_ms: self.utc_ms.saturating_add(1),
            ..self
        }
    }

    /// The calendar year in local time, by the proleptic Gregorian calendar.
    #[must_use]
    pub fn local_year(self) -> i64 {
        self.local_day().year()
    }

    /// The calendar day in local time.
    #[must_use]
    pub fn local_day(self) -> Day {
        let offset_ms = i64::from(self.offset_minutes).saturating_mul(60_000);
        Day(self.utc_ms.saturating_add(offset_ms).div_euclid(86_400_000))
    }
}

/// A calendar day: days since 1970-01-01, in the proleptic Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(i64);

impl Day {
    /// The day before every other day, for what applies on every day.
    pub const FIRST: Self = Self(i64::MIN);
    /// The day after every other day.
    pub const LAST: Self = Self(i64::MAX);

    /// The day of a date. A day beyond the end of its month counts on into the next month.
    ///
    /// Days are counted from 0000-03-01, so that a leap day ends its year (H. Hinnant, "chrono-compatible date algorithms").
    #[must_use]
    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the operands are small: nothing here leaves 64 bits"
    )]
    pub const fn of_date(year: u16, month: u8, day: u8) -> Self {
        // A const conversion without `as` goes through the bytes.
        let year = i64::from_le_bytes([
            year.to_le_bytes()[0],
            year.to_le_bytes()[1],
            0,
            0,
            0,
            0,
            0,
            0,
        ]);
        let month = i64::from_le_bytes([month, 0, 0, 0, 0, 0, 0, 0]);
        let day = i64::from_le_bytes([day, 0, 0, 0, 0, 0, 0, 0]);
        let from_march = if month > 2 { month - 3 } else { month + 9 };
        let year = if month > 2 { year } else { year - 1 };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * from_march + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// The days since 1970-01-01.
    #[must_use]
    pub const fn since_epoch(self) -> i64 {
        self.0
    }

    /// The calendar year of the day.
    #[must_use]
    pub const fn year(self) -> i64 {
        self.year_and_month().0
    }

    /// The calendar year and the month (1 to 12) of the day.
    #[must_use]
    pub const fn year_and_month(self) -> (i64, i64) {
        let shifted = self.0.saturating_add(719_468);
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = day_of_era
            .saturating_sub(day_of_era.div_euclid(1_460))
            .saturating_add(day_of_era.div_euclid(36_524))
            .saturating_sub(day_of_era.div_euclid(146_096))
            .div_euclid(365);
        let day_of_year = day_of_era.saturating_sub(
            year_of_era
                .saturating_mul(365)
                .saturating_add(year_of_era.div_euclid(4))
                .saturating_sub(year_of_era.div_euclid(100)),
        );
        let from_march = day_of_year
            .saturating_mul(5)
            .saturating_add(2)
            .div_euclid(153);
        let year = year_of_era.saturating_add(era.saturating_mul(400));
        // Counted from March, the tenth month after it is January of the next year.
        if from_march >= 10 {
            (year.saturating_add(1), from_march.saturating_sub(9))
        } else {
            (year, from_march.saturating_add(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Day, Moment};

    #[test]
    fn the_year_changes_at_local_midnight() {
        let year = |utc_ms, offset_minutes| {
            Moment {
                utc_ms,
                offset_minutes,
            }
            .local_year()
        };
        assert_eq!(year(0, 0), 1970);
        assert_eq!(year(-1, 0), 1969);
        // 2026-12-31T22:30:00Z is already 2027 in Chisinau.
        assert_eq!(year(1_798_756_200_000, 0), 2026);
        assert_eq!(year(1_798_756_200_000, 120), 2027);
        assert_eq!(year(951_782_400_000, 0), 2000); // 2000-02-29
    }

    #[test]
    fn a_date_becomes_a_day_and_its_year_and_month_come_back() {
        assert_eq!(Day::of_date(1970, 1, 1).since_epoch(), 0);
        assert_eq!(Day::of_date(2026, 7, 1).since_epoch(), 20_635);
        for year in [1900, 1999, 2000, 2024, 2026, 2100] {
            for month in 1..=12 {
                for day in [1, 28] {
                    let date = Day::of_date(year, month, day);
                    assert_eq!(
                        date.year_and_month(),
                        (i64::from(year), i64::from(month)),
                        "{year}-{month}-{day}"
                    );
                }
            }
        }
        assert_eq!(
            Day::of_date(2024, 3, 1).since_epoch() - Day::of_date(2024, 2, 28).since_epoch(),
            2
        );
    }
}

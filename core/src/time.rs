//! Time is given, never read.

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00Z, and the local offset in force then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since the epoch, UTC.
    pub utc_ms: i64,
    /// Minutes that local time is ahead of UTC.
    pub offset_minutes: i16,
}

impl Moment {
    /// The later of two moments; the offset goes with the moment that was taken.
    #[must_use]
    pub const fn later(self, other: Self) -> Self {
        if other.utc_ms > self.utc_ms {
            other
        } else {
            self
        }
    }

    /// The local calendar year, by the proleptic Gregorian calendar.
    #[must_use]
    pub fn local_year(self) -> i64 {
        let local_ms = self
            .utc_ms
            .saturating_add(i64::from(self.offset_minutes).saturating_mul(60_000));
        let days = local_ms.div_euclid(86_400_000);
        // Days are counted from 0000-03-01, so that a leap day ends its year (H. Hinnant, "chrono-compatible date algorithms").
        let shifted = days.saturating_add(719_468);
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
        let year = year_of_era.saturating_add(era.saturating_mul(400));
        // Day 306 from March is the first of January.
        if day_of_year >= 306 {
            year.saturating_add(1)
        } else {
            year
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;

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
}

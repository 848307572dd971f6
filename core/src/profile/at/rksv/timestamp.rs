//! Local time as it is written in the code: `2016-03-11T03:57:08` (Anlage Z 4, "Beleg-Datum-Uhrzeit").

use core::fmt;

use serde::{Deserialize, Serialize};

use super::fault::Fault;
use crate::time::Moment;

/// A local date and time to the second, without a time zone. Summer time applies, so an hour is repeated in autumn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Timestamp {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl Timestamp {
    /// The earliest time that the official checker accepts (`docs/countries/at.md`).
    pub const EARLIEST: Self = Self {
        year: 2015,
        month: 9,
        day: 1,
        hour: 0,
        minute: 0,
        second: 0,
    };

    /// The local time of a moment, without the fraction of the second.
    ///
    /// # Errors
    ///
    /// [`Fault::TimeInvalid`] if the offset is not that of Central European Time (60 minutes, in summer 120), if the time is before
    /// [`Self::EARLIEST`], or after the year 9999.
    pub fn of(moment: Moment) -> Result<Self, Fault> {
        if !matches!(moment.offset_minutes, 60 | 120) {
            return Err(Fault::TimeInvalid);
        }
        let offset_ms = i64::from(moment.offset_minutes).saturating_mul(60_000);
        let local_ms = moment.utc_ms.saturating_add(offset_ms);
        let second_of_day = local_ms.rem_euclid(86_400_000).div_euclid(1_000);
        Self::from_day(local_ms.div_euclid(86_400_000), second_of_day)
            .filter(|time| *time >= Self::EARLIEST)
            .ok_or(Fault::TimeInvalid)
    }

    /// The year of the local time.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month of the local time, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month of the local time, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// Reads the text that `Display` writes; `None` for anything else and for a day that does not exist.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
        let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
        let parsed = Self {
            year,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day).ok()?,
            hour: u8::try_from(hour).ok()?,
            minute: u8::try_from(minute).ok()?,
            second: u8::try_from(second).ok()?,
        };
        let exists = (1..=12).contains(&month)
            && (1..=parsed.days_of_month()).contains(&parsed.day)
            && hour <= 23
            && minute <= 59
            && second <= 59;
        (exists && parsed >= Self::EARLIEST).then_some(parsed)
    }

    /// The local time that is this number of days since 1970-01-01 and seconds later, in the proleptic Gregorian calendar (H.
    /// Hinnant, "chrono-compatible date algorithms").
    fn from_day(day: i64, second_of_day: i64) -> Option<Self> {
        // Days are counted from 0000-03-01, so that a leap day is the last day of its year.
        let shifted = day.checked_add(719_468)?;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era = day_of_era
            .checked_sub(day_of_era.div_euclid(1_460))?
            .checked_add(day_of_era.div_euclid(36_524))?
            .checked_sub(day_of_era.div_euclid(146_096))?
            .div_euclid(365);
        let day_of_year = day_of_era.checked_sub(
            year_of_era
                .checked_mul(365)?
                .checked_add(year_of_era.div_euclid(4))?
                .checked_sub(year_of_era.div_euclid(100))?,
        )?;
        // Five months in a row, from March on, have 153 days.
        let month_from_march = day_of_year.checked_mul(5)?.checked_add(2)?.div_euclid(153);
        let first_day = month_from_march
            .checked_mul(153)?
            .checked_add(2)?
            .div_euclid(5);
        let after_new_year = month_from_march >= 10;
        let month = if after_new_year {
            month_from_march.checked_sub(9)?
        } else {
            month_from_march.checked_add(3)?
        };
        let year = era
            .checked_mul(400)?
            .checked_add(year_of_era)?
            .checked_add(i64::from(after_new_year))?;
        Some(Self {
            year: u16::try_from(year).ok().filter(|year| *year <= 9999)?,
            month: u8::try_from(month).ok()?,
            day: u8::try_from(day_of_year.checked_sub(first_day)?.checked_add(1)?).ok()?,
            hour: u8::try_from(second_of_day.div_euclid(3_600)).ok()?,
            minute: u8::try_from(second_of_day.div_euclid(60).rem_euclid(60)).ok()?,
            second: u8::try_from(second_of_day.rem_euclid(60)).ok()?,
        })
    }

    fn days_of_month(self) -> u8 {
        let divides = |by: u16| self.year.checked_rem(by) == Some(0);
        match self.month {
            2 if divides(4) && (!divides(100) || divides(400)) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )
    }
}

/// Reads three numbers that have exactly these numbers of digits.
fn numbers(text: &str, separator: char, lengths: [usize; 3]) -> Option<[u16; 3]> {
    let mut parts = text.split(separator);
    let mut found = [0; 3];
    for (number, length) in found.iter_mut().zip(lengths) {
        let part = parts.next()?;
        if part.len() != length || !part.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use core::fmt::Write as _;

    use super::{Fault, Timestamp};
    use crate::time::Moment;

    fn local(utc_ms: i64, offset_minutes: i16) -> Result<heapless::String<19>, Fault> {
        let time = Timestamp::of(Moment {
            utc_ms,
            offset_minutes,
        })?;
        let mut out = heapless::String::new();
        write!(out, "{time}").unwrap();
        assert_eq!(Timestamp::parse(&out), Some(time));
        Ok(out)
    }

    #[test]
    fn moments_become_local_time() {
        // The moments are 2016-03-11T02:57:08.999Z, 2024-02-28T23:30:00Z, 2026-06-30T22:00:00Z and 9999-12-31T22:59:59Z.
        assert_eq!(local(1_457_665_028_999, 60).unwrap(), "2016-03-11T03:57:08");
        assert_eq!(local(1_709_163_000_000, 60).unwrap(), "2024-02-29T00:30:00");
        assert_eq!(
            local(1_782_856_800_000, 120).unwrap(),
            "2026-07-01T00:00:00"
        );
        assert_eq!(
            local(253_402_297_199_000, 60).unwrap(),
            "9999-12-31T23:59:59"
        );
    }

    #[test]
    fn a_text_or_moment_that_is_not_local_time_is_refused() {
        // The moments are 2016-03-11 in UTC and in Chisinau's summer time, the last millisecond of August 2015, and the year
        // 10000.
        for (utc_ms, offset_minutes) in [
            (1_457_665_028_000, 0),
            (1_457_665_028_000, 180),
            (1_441_058_399_999, 120),
            (253_402_297_200_000, 60),
            (i64::MAX, 60),
            (i64::MIN, 60),
        ] {
            assert_eq!(local(utc_ms, offset_minutes), Err(Fault::TimeInvalid));
        }
        for text in [
            "2016-03-11T03:57:08Z",
            "2016-03-11T03:57:08+01:00",
            "2016-03-11T03:57:08.000",
            "2016-03-11 03:57:08",
            "2016-03-11T03:57",
            "2016-3-11T03:57:08",
            "2016-02-30T03:57:08",
            "2017-02-29T03:57:08",
            "2016-13-01T03:57:08",
            "2016-00-01T03:57:08",
            "2016-03-00T03:57:08",
            "2016-03-11T24:00:00",
            "2016-03-11T23:60:00",
            "2016-03-11T23:59:60",
            "2015-08-31T23:59:59",
            "2016-03-11-1T03:57:08",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}

//! Converts seconds since 1970 into the printer's dates, and back.

use std::sync::Arc;

/// The source of the emulated printer's clock, in seconds since 1970.
pub type ClockSource = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Date and time of a moment. The printer has no time zones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Moment {
    /// The date and time of these seconds since 1970 (days to civil date by eras of 400 years).
    pub(super) fn of(seconds: i64) -> Self {
        let days = seconds.div_euclid(DAY);
        let rest = seconds.rem_euclid(DAY);
        let shifted = days.saturating_add(719_468);
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let leap = |every: i64| day_of_era.div_euclid(every);
        let year_of_era = day_of_era
            .saturating_sub(leap(1_460))
            .saturating_add(leap(36_524))
            .saturating_sub(leap(146_096))
            .div_euclid(365);
        let day_of_year = day_of_era.saturating_sub(
            year_of_era
                .saturating_mul(365)
                .saturating_add(year_of_era.div_euclid(4))
                .saturating_sub(year_of_era.div_euclid(100)),
        );
        let shifted_month = day_of_year
            .saturating_mul(5)
            .saturating_add(2)
            .div_euclid(153);
        let day = day_of_year
            .saturating_sub(
                shifted_month
                    .saturating_mul(153)
                    .saturating_add(2)
                    .div_euclid(5),
            )
            .saturating_add(1);
        let month = if shifted_month < 10 {
            shifted_month.saturating_add(3)
        } else {
            shifted_month.saturating_sub(9)
        };
        let year = era
            .saturating_mul(400)
            .saturating_add(year_of_era)
            .saturating_add(i64::from(month <= 2));
        Self {
            year,
            month,
            day,
            hour: rest.div_euclid(3_600),
            minute: rest.div_euclid(60).rem_euclid(60),
            second: rest.rem_euclid(60),
        }
    }

    fn seconds(self) -> i64 {
        let year = self.year.saturating_sub(i64::from(self.month <= 2));
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let shifted_month = self.month.saturating_add(9).rem_euclid(12);
        let day_of_year = shifted_month
            .saturating_mul(153)
            .saturating_add(2)
            .div_euclid(5)
            .saturating_add(self.day)
            .saturating_sub(1);
        let day_of_era = year_of_era
            .saturating_mul(365)
            .saturating_add(year_of_era.div_euclid(4))
            .saturating_sub(year_of_era.div_euclid(100))
            .saturating_add(day_of_year);
        era.saturating_mul(146_097)
            .saturating_add(day_of_era)
            .saturating_sub(719_468)
            .saturating_mul(DAY)
            .saturating_add(self.hour.saturating_mul(3_600))
            .saturating_add(self.minute.saturating_mul(60))
            .saturating_add(self.second)
    }

    /// The date and time as `DD-MM-YY HH:MM:SS`, the form of the answer of 3Eh.
    pub(super) fn stamp(self) -> String {
        let year = self.year.rem_euclid(100);
        format!(
            "{:02}-{:02}-{year:02} {:02}:{:02}:{:02}",
            self.day, self.month, self.hour, self.minute, self.second
        )
    }

    /// The date and time as `YYYY-MM-DD*HH:MM:SS`, the form of a QR code.
    pub(super) fn code_stamp(self) -> String {
        format!(
            "{:04}-{:02}-{:02}*{:02}:{:02}:{:02}",
            self.year, self.month, self.day, self.hour, self.minute, self.second
        )
    }

    /// The date and time as `DD-MM-YYYY HH:MM:SS`.
    pub(super) fn long_stamp(self) -> String {
        format!(
            "{:02}-{:02}-{:04} {:02}:{:02}:{:02}",
            self.day, self.month, self.year, self.hour, self.minute, self.second
        )
    }

    /// The date as `DDMMYY`, the form of the answer of 40h.
    pub(super) fn date(self) -> String {
        format!(
            "{:02}{:02}{:02}",
            self.day,
            self.month,
            self.year.rem_euclid(100)
        )
    }
}

/// Reads `DD-MM-YY HH:MM[:SS]`, the form of the data of 3Dh.
pub(super) fn parse_stamp(text: &str) -> Option<i64> {
    let (date, time) = text.split_once(' ')?;
    let number = |field: Option<&str>| -> Option<i64> {
        field.filter(|field| field.len() == 2)?.parse().ok()
    };
    let mut date = date.split('-');
    let mut time = time.split(':');
    let moment = Moment {
        day: number(date.next()).filter(|day| (1..=31).contains(day))?,
        month: number(date.next()).filter(|month| (1..=12).contains(month))?,
        year: number(date.next())?.saturating_add(2_000),
        hour: number(time.next()).filter(|hour| *hour < 24)?,
        minute: number(time.next()).filter(|minute| *minute < 60)?,
        second: match time.next() {
            Some(field) => number(Some(field)).filter(|second| *second < 60)?,
            None => 0,
        },
    };
    // A day that does not exist would be converted back to another day.
    let seconds = moment.seconds();
    (Moment::of(seconds) == moment).then_some(seconds)
}

/// The number of seconds of a day.
pub(super) const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_convert_in_both_directions() {
        for (seconds, stamp) in [
            (0, "01-01-70 00:00:00"),
            (951_782_400, "29-02-00 00:00:00"),
            (1_795_221_330, "21-11-26 00:35:30"),
        ] {
            assert_eq!(Moment::of(seconds).stamp(), stamp);
        }
        assert_eq!(parse_stamp("21-11-26 00:35:30"), Some(1_795_221_330));
        assert_eq!(parse_stamp("31-02-26 00:35"), None);
        assert_eq!(parse_stamp("21.11.26 00:35"), None);
    }
}

//! Date and time by the clock of a fiscal printer.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Day;

/// Date and time as the clock of a fiscal printer shows them, to the second. The clock has no time zone, and it may be wrong, so this
/// is no [`Moment`](crate::time::Moment): it only says what is on the printer's paper and in its memory.
///
/// The years are 2000 to 2099, and the date exists in the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "[u8; 6]", into = "[u8; 6]")]
pub struct PrinterTime([u8; 6]);

/// The numbers are no date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPrinterTime;

impl fmt::Display for NoPrinterTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the numbers are no date and time of a printer")
    }
}

impl core::error::Error for NoPrinterTime {}

impl TryFrom<[u8; 6]> for PrinterTime {
    type Error = NoPrinterTime;

    /// Year of the century, month, day, hour, minute, second.
    fn try_from(fields: [u8; 6]) -> Result<Self, NoPrinterTime> {
        let [year, month, day, hour, minute, second] = fields;
        let full_year = u16::from(year).saturating_add(2000);
        let is_in_range = year < 100
            && (1..=12).contains(&month)
            && (1..=31).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60;
        // A day beyond the end of its month would be one of the next month.
        let is_date = is_in_range
            && Day::of_date(full_year, month, day).year_and_month()
                == (i64::from(full_year), i64::from(month));
        if is_date {
            Ok(Self(fields))
        } else {
            Err(NoPrinterTime)
        }
    }
}

impl From<PrinterTime> for [u8; 6] {
    /// Year of the century, month, day, hour, minute, second.
    fn from(time: PrinterTime) -> Self {
        time.0
    }
}

impl PrinterTime {
    /// Reads `DD-MM-YY HH:MM:SS` or `DD-MM-YYYY HH:MM:SS`, with any signs between the numbers. What follows the seconds is ignored:
    /// some printers add whether it is summer time.
    ///
    /// `None` if the text is no date and time.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        fn two(digits: &str) -> Option<u8> {
            if digits.len() == 2 {
                digits.parse().ok()
            } else {
                None
            }
        }
        let mut numbers = text.trim().split(|sign: char| !sign.is_ascii_digit());
        let mut next = || numbers.next();
        let (day, month) = (two(next()?)?, two(next()?)?);
        let year = next()?;
        let year = match year.len() {
            4 => two(year.strip_prefix("20")?)?,
            _ => two(year)?,
        };
        let (hour, minute, second) = (two(next()?)?, two(next()?)?, two(next()?)?);
        Self::try_from([year, month, day, hour, minute, second]).ok()
    }
}

/// `DD-MM-YY HH:MM:SS`.
impl fmt::Display for PrinterTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [year, month, day, hour, minute, second] = self.0;
        write!(
            f,
            "{day:02}-{month:02}-{year:02} {hour:02}:{minute:02}:{second:02}"
        )
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use core::fmt::Write as _;

    use super::PrinterTime;

    #[test]
    fn every_form_of_a_printer_is_read() {
        let time = PrinterTime::try_from([26, 11, 28, 4, 37, 31]).unwrap();
        for text in [
            "28-11-26 04:37:31",
            "28-11-2026 04:37:31",
            "28.11.26 04:37:31",
            "28-11-26 04:37:31 DST",
            " 28-11-26 04:37:31\t",
        ] {
            assert_eq!(PrinterTime::read(text), Some(time), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_and_time_is_not_read() {
        for text in [
            "",
            "28-11-26",
            "28-11-26 04:37",
            "29-02-26 04:37:31",
            "31-11-26 04:37:31",
            "28-13-26 04:37:31",
            "00-11-26 04:37:31",
            "28-11-26 24:00:00",
            "28-11-26 04:60:31",
            "28-11-1926 04:37:31",
            "8-11-26 04:37:31",
            "28-11-26  04:37:31",
        ] {
            assert_eq!(PrinterTime::read(text), None, "{text}");
        }
        assert!(PrinterTime::try_from([100, 1, 1, 0, 0, 0]).is_err());
        assert!(
            PrinterTime::read("29-02-28 00:00:00").is_some(),
            "a leap year"
        );
    }

    #[test]
    fn later_times_are_greater() {
        let [early, late] = ["31-12-26 23:59:59", "01-01-27 00:00:00"];
        assert!(PrinterTime::read(early) < PrinterTime::read(late));
        let mut written = heapless::String::<17>::new();
        write!(written, "{}", PrinterTime::read(early).unwrap()).unwrap();
        assert_eq!(written, early);
    }
}

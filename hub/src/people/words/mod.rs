//! The words of the pages in each language, and times, lengths of time and money as people read them.
//!
//! The lists are files in the syntax of Fluent, of which the build makes constants.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock::{DAY_MS, HOUR_MS, MINUTE_MS};

include!(concat!(env!("OUT_DIR"), "/people_words.rs"));

include!("../../../../edge-agent/render/page_words.rs");

impl Words {
    /// A time in UTC, such as `2026-05-31 14:05 UTC`.
    pub(super) fn time(&self, at_ms: i64) -> String {
        match Timestamp::from_millisecond(at_ms) {
            Ok(at) => {
                let at = TimeZone::UTC.to_datetime(at);
                format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
            }
            Err(_) => self.impossible_time.to_owned(),
        }
    }

    /// How long something is since then, such as `3 h`.
    pub(super) fn since(&self, then_ms: i64, now_ms: i64) -> String {
        let length = now_ms.saturating_sub(then_ms).max(0);
        let (number, unit) = match length {
            0..MINUTE_MS => return self.less_than_a_minute.to_owned(),
            MINUTE_MS..HOUR_MS => (length / MINUTE_MS, self.minutes),
            HOUR_MS..DAY_MS => (length / HOUR_MS, self.hours),
            _ => (length / DAY_MS, self.days),
        };
        filled(unit, &[("number", &number.to_string())])
    }

    /// How long ago something was, such as `3 h ago`.
    pub(super) fn time_ago(&self, then_ms: i64, now_ms: i64) -> String {
        filled(self.ago, &[("time", &self.since(then_ms, now_ms))])
    }
}

/// An amount of the smallest unit, such as `12.50 EUR`. Every currency of a till has hundredths.
pub(super) fn money(amount: i64, currency: &str) -> String {
    let sign = if amount < 0 { "−" } else { "" };
    let amount = amount.unsigned_abs();
    format!("{sign}{}.{:02} {currency}", amount / 100, amount % 100)
}

/// A day in days since 1970.
pub(super) fn day_number(day: jiff::civil::Date) -> i32 {
    (day - jiff::civil::date(1970, 1, 1)).get_days()
}

/// The day of a time in UTC.
pub(super) fn day_of(at_ms: i64) -> jiff::civil::Date {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or_default();
    TimeZone::UTC.to_datetime(at).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_amounts_are_written_for_people() {
        let english = Words::english();
        assert_eq!(english.time(1_780_236_000_000), "2026-05-31 14:00 UTC");
        assert_eq!(english.since(0, 59_999), "less than a minute");
        assert_eq!(english.since(0, 3 * HOUR_MS + 5), "3 h");
        assert_eq!(english.time_ago(0, 49 * HOUR_MS), "2 d ago");
        let romanian = Words::known("ro-MD").unwrap();
        assert_eq!(romanian.time_ago(0, 5 * MINUTE_MS), "acum 5 min");
        assert_eq!(money(-1_205, "EUR"), "−12.05 EUR");
        assert_eq!(money(i64::MIN, "MDL"), "−92233720368547758.08 MDL");
        assert_eq!(day_number(day_of(86_400_000)), 1);
    }
    #[test]
    fn every_language_is_offered_and_is_there() {
        assert_eq!(LANGUAGES.len(), WORD_LISTS.len());
        for (code, _) in LANGUAGES {
            assert!(Words::known(code).is_some(), "{code}");
        }
    }
}

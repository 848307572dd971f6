//! Times, lengths of time and money as people read them.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::clock::{DAY_MS, HOUR_MS, MINUTE_MS};

/// A time in UTC, such as `2026-05-31 14:05 UTC`.
pub(super) fn time(at_ms: i64) -> String {
    match Timestamp::from_millisecond(at_ms) {
        Ok(at) => {
            let at = TimeZone::UTC.to_datetime(at);
            format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
        }
        Err(_) => "an impossible time".to_owned(),
    }
}

/// How long something is since then, such as `3 h`.
pub(super) fn since(then_ms: i64, now_ms: i64) -> String {
    let length = now_ms.saturating_sub(then_ms).max(0);
    let (number, unit) = match length {
        0..MINUTE_MS => return "less than a minute".to_owned(),
        MINUTE_MS..HOUR_MS => (length / MINUTE_MS, "min"),
        HOUR_MS..DAY_MS => (length / HOUR_MS, "h"),
        _ => (length / DAY_MS, "days"),
    };
    format!("{number} {unit}")
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
        assert_eq!(time(1_780_236_000_000), "2026-05-31 14:00 UTC");
        assert_eq!(since(0, 59_999), "less than a minute");
        assert_eq!(since(0, 3 * HOUR_MS + 5), "3 h");
        assert_eq!(since(0, 49 * HOUR_MS), "2 days");
        assert_eq!(money(-1_205, "EUR"), "−12.05 EUR");
        assert_eq!(money(i64::MIN, "MDL"), "−92233720368547758.08 MDL");
        assert_eq!(day_number(day_of(86_400_000)), 1);
    }
}

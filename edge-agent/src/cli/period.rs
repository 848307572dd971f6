//! The days or times that a command is about: `--from` and `--to`, or `--month`, in the till's time zone, both included.

use anyhow::anyhow;
use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::{CliFailure, Exit};

/// The arguments of every command that is about a time.
#[derive(Debug, Args)]
pub(super) struct PeriodArguments {
    /// The first day, such as `2026-11-01`, or the first moment, such as `2026-11-01T08:00:00+02:00`.
    #[arg(long, value_name = "TIME")]
    pub(super) from: Option<String>,
    /// The last day, the whole of it, or the last moment.
    #[arg(long, value_name = "TIME")]
    pub(super) to: Option<String>,
    /// A whole month, such as `2026-11`.
    #[arg(long, value_name = "MONTH", conflicts_with_all = ["from", "to"])]
    pub(super) month: Option<String>,
}

impl PeriodArguments {
    /// The first and the last day or moment as a person writes them; a month has its first and its last day.
    pub(super) fn named(&self) -> (Option<String>, Option<String>) {
        let days = self.month.as_ref().and_then(|month| days_of_month(month));
        match days {
            Some((first, last)) => (Some(first.to_string()), Some(last.to_string())),
            None => (self.from.clone(), self.to.clone()),
        }
    }

    /// The first and the last millisecond since the epoch.
    pub(super) fn limits(&self, zone: &TimeZone) -> Result<(i64, i64), CliFailure> {
        if let Some(month) = &self.month {
            return whole_month(month, zone);
        }
        let first = match &self.from {
            Some(text) => moment(text, "--from", zone)?.0,
            None => i64::MIN,
        };
        let last = match &self.to {
            Some(text) => moment(text, "--to", zone)?.1,
            None => i64::MAX,
        };
        if first > last {
            let text = anyhow!("--from is later than --to; give the earlier time first");
            return Err(CliFailure::new(Exit::Usage, text));
        }
        Ok((first, last))
    }
}

/// The first and the last day of a month.
fn days_of_month(text: &str) -> Option<(Date, Date)> {
    let first = format!("{text}-01").parse::<Date>().ok();
    let first = first.filter(|_| text.len() == 7)?;
    Some((first, first.last_of_month()))
}

/// The first and the last millisecond of a month.
fn whole_month(text: &str, zone: &TimeZone) -> Result<(i64, i64), CliFailure> {
    let limits = days_of_month(text).and_then(|(first, last)| {
        let (begin, _) = day_limits(first, zone)?;
        let (_, end) = day_limits(last, zone)?;
        Some((begin, end))
    });
    limits.ok_or_else(|| {
        let text = anyhow!("--month {text:?} is no month; write it such as 2026-11");
        CliFailure::new(Exit::Usage, text)
    })
}

/// The first and the last millisecond of a day.
fn day_limits(day: Date, zone: &TimeZone) -> Option<(i64, i64)> {
    let begin = |day: Date| {
        let begin = day.to_zoned(zone.clone()).ok()?;
        Some(begin.timestamp().as_millisecond())
    };
    Some((begin(day)?, begin(day.tomorrow().ok()?)?.checked_sub(1)?))
}

/// The first and the last millisecond of a day or a moment.
fn moment(text: &str, flag: &str, zone: &TimeZone) -> Result<(i64, i64), CliFailure> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok((at.as_millisecond(), at.as_millisecond()));
    }
    let day = text.parse::<Date>().ok().filter(|_| text.len() == 10);
    let limits = day.and_then(|day| day_limits(day, zone));
    limits.ok_or_else(|| {
        let text = anyhow!(
            "{flag} {text:?} is no day and no moment; write it such as 2026-11-30 or 2026-11-30T18:00:00+02:00"
        );
        CliFailure::new(Exit::Usage, text)
    })
}

#[cfg(test)]
mod tests {
    use super::PeriodArguments;
    use jiff::tz::TimeZone;

    fn limits(from: &str, to: &str) -> Option<(i64, i64)> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let period = PeriodArguments {
            from: given(from),
            to: given(to),
            month: None,
        };
        period
            .limits(&TimeZone::get("Europe/Chisinau").unwrap())
            .ok()
    }

    #[test]
    fn a_day_is_the_whole_day_of_the_till() {
        let noon = "2026-11-29T12:00:00+02:00";
        let noon_ms = 1_795_946_400_000;
        assert_eq!(limits(noon, noon), Some((noon_ms, noon_ms)));
        let (first, last) = limits("2026-11-29", "2026-11-29").unwrap();
        assert_eq!(noon_ms - first, 12 * 3_600_000);
        assert_eq!(last - noon_ms, 12 * 3_600_000 - 1);
        // The day on which summer time ends has 25 hours.
        let (first, last) = limits("2026-10-25", "2026-10-25").unwrap();
        assert_eq!(last - first, 25 * 3_600_000 - 1);
        assert_eq!(limits("", ""), Some((i64::MIN, i64::MAX)));
    }

    #[test]
    fn a_month_is_all_its_days() {
        let of_month = |month: &str| {
            let period = PeriodArguments {
                from: None,
                to: None,
                month: Some(month.to_owned()),
            };
            period
                .limits(&TimeZone::get("Europe/Chisinau").unwrap())
                .ok()
        };
        assert_eq!(of_month("2028-02"), limits("2028-02-01", "2028-02-29"));
        assert_eq!(of_month("2026-10"), limits("2026-10-01", "2026-10-31"));
        for wrong in ["2026-13", "2026", "2026-1", "11-2026", "2026-11-01"] {
            assert_eq!(of_month(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (from, to) in [
            ("2026-13-01", ""),
            ("yesterday", ""),
            ("2026-11-29T12:00", ""),
            ("2026-11-30", "2026-11-29"),
        ] {
            assert_eq!(limits(from, to), None, "{from} {to}");
        }
    }
}

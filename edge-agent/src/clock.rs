//! The agent's clock: the only place that reads the time of the day.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ferrotill_core::time::Moment;
use jiff::{Timestamp, tz::TimeZone};

/// The time of the day, with the zone that receipts are written in.
#[derive(Debug)]
pub struct Clock {
    zone: TimeZone,
    /// The simulator's switch: seconds that the till's clock is wrong by.
    offset_s: AtomicI64,
}

impl Clock {
    /// A clock in a zone of the IANA database (`Europe/Chisinau`), or in the system's own.
    ///
    /// # Errors
    ///
    /// The zone is not in the system's database.
    pub fn new(zone: Option<&str>) -> Result<Self, jiff::Error> {
        let zone = zone.map_or_else(|| Ok(TimeZone::system()), TimeZone::get)?;
        Ok(Self {
            zone,
            offset_s: AtomicI64::new(0),
        })
    }

    /// Now, by the till's clock.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.moment(
            self.system_ms()
                .saturating_add(self.offset_s.load(Ordering::Relaxed).saturating_mul(1_000)),
        )
    }

    /// A moment in the clock's zone.
    #[must_use]
    pub fn moment(&self, utc_ms: i64) -> Moment {
        let seconds =
            Timestamp::from_millisecond(utc_ms).map_or(0, |at| self.zone.to_offset(at).seconds());
        Moment {
            utc_ms,
            offset_minutes: i16::try_from(seconds / 60).unwrap_or(0),
        }
    }

    /// Milliseconds since the epoch by the system, without the simulator's offset.
    #[must_use]
    pub fn system_ms(&self) -> i64 {
        system_ms()
    }

    /// A clock that only goes forward, for deadlines.
    #[must_use]
    pub fn monotonic(&self) -> Instant {
        Instant::now()
    }

    /// Makes the clock wrong, for the simulator.
    pub fn set_offset(&self, seconds: i64) {
        self.offset_s.store(seconds, Ordering::Relaxed);
    }
}

/// Milliseconds since the epoch by the system.
#[must_use]
pub fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// The parts of a moment's local time: year, month, day, hour, minute, second.
#[must_use]
pub fn local(moment: Moment) -> jiff::civil::DateTime {
    let offset = jiff::tz::Offset::from_seconds(i32::from(moment.offset_minutes) * 60)
        .unwrap_or(jiff::tz::Offset::UTC);
    Timestamp::from_millisecond(moment.utc_ms).map_or(jiff::civil::DateTime::default(), |at| {
        offset.to_datetime(at)
    })
}

/// ISO 8601 in UTC with milliseconds: `2026-03-02T15:35:21.076Z`.
#[must_use]
pub fn iso_utc(utc_ms: i64) -> String {
    let at = Timestamp::from_millisecond(utc_ms).unwrap_or_default();
    jiff::fmt::strtime::format("%Y-%m-%dT%H:%M:%S.%3fZ", at).unwrap_or_default()
}

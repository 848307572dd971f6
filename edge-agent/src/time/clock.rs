//! The machine's clocks. Only this file reads them; [`guard`](crate::time::guard) decides which readings are believed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ferrotill_core::printer_time::PrinterTime;
use ferrotill_core::time::Moment;
use jiff::Timestamp;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use nix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;
use uuid::Uuid;

/// The machine's clocks, and the time zone of the receipts.
#[derive(Debug)]
pub struct Clock {
    zone: TimeZone,
    /// Seconds by which the simulator has moved the time of everything: the till, its printer, the authority simulator.
    offset_s: AtomicI64,
    /// How often the simulator has changed `offset_s`.
    moved: AtomicU64,
    /// Milliseconds by which only the machine's clock is wrong, for tests.
    wrong_ms: AtomicI64,
    /// The milliseconds by which deadlines and pauses were shortened, so that tests need not wait.
    skipped_ms: AtomicU64,
    /// Notified when `skipped_ms` changes, which ends a running pause.
    skips: Notify,
    boot: Uuid,
    source: Source,
}

/// The source of the time.
#[derive(Clone, Debug)]
enum Source {
    /// The time comes from the machine's clocks.
    Machine,
    /// A simulation or a test: time passes only with [`Clock::pass`].
    Manual(Arc<ManualTime>),
}

/// Time that a simulation or a test moves.
#[derive(Debug)]
struct ManualTime {
    begun: Instant,
    begun_utc_ms: i64,
    passed_ms: AtomicU64,
    /// How much of `passed_ms` was before the simulated start of the machine.
    booted_ms: u64,
}

impl ManualTime {
    fn passed_ms(&self) -> u64 {
        self.passed_ms.load(Ordering::Acquire)
    }
}

impl Clock {
    /// A clock in a zone of the IANA database (`Europe/Chisinau`), or in the system's own.
    ///
    /// # Errors
    ///
    /// The zone is not in the system's database.
    pub fn new(zone: Option<&str>) -> Result<Self, jiff::Error> {
        let zone = match zone {
            Some(name) => zone_of(name)?,
            None => system_zone(),
        };
        Ok(Self {
            zone,
            offset_s: AtomicI64::new(0),
            moved: AtomicU64::new(0),
            wrong_ms: AtomicI64::new(0),
            skipped_ms: AtomicU64::new(0),
            skips: Notify::new(),
            boot: boot_id(),
            source: Source::Machine,
        })
    }

    /// A clock for simulations. All its times stand still until [`pass`](Self::pass) moves them.
    ///
    /// # Errors
    ///
    /// The zone is not in the system's database.
    pub fn by_hand(zone: &str, utc_ms: i64) -> Result<Self, jiff::Error> {
        Ok(Self {
            source: Source::Manual(Arc::new(ManualTime {
                begun: Instant::now(),
                begun_utc_ms: utc_ms,
                passed_ms: AtomicU64::new(0),
                booted_ms: 0,
            })),
            ..Self::new(Some(zone))?
        })
    }

    /// Lets time pass on a clock from [`by_hand`](Self::by_hand). Does nothing on the machine's clock.
    pub fn pass(&self, milliseconds: u64) {
        if let Source::Manual(manual) = &self.source {
            manual.passed_ms.fetch_add(milliseconds, Ordering::AcqRel);
        }
    }

    /// Blocks the thread for a while. A clock from [`by_hand`](Self::by_hand) lets the time pass instead.
    pub fn wait(&self, pause: Duration) {
        match &self.source {
            Source::Machine => std::thread::sleep(pause),
            Source::Manual(_) => self.pass(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
        }
    }

    /// The same clock after a new start of the machine, as after a power cut. For tests.
    #[must_use]
    pub fn after_a_reboot(&self) -> Self {
        Self {
            zone: self.zone.clone(),
            offset_s: AtomicI64::new(self.offset_s.load(Ordering::Relaxed)),
            moved: AtomicU64::new(0),
            wrong_ms: AtomicI64::new(self.wrong_ms.load(Ordering::Relaxed)),
            skipped_ms: AtomicU64::new(0),
            skips: Notify::new(),
            boot: Uuid::new_v4(),
            source: match &self.source {
                Source::Machine => Source::Machine,
                Source::Manual(manual) => Source::Manual(Arc::new(ManualTime {
                    passed_ms: AtomicU64::new(manual.passed_ms()),
                    booted_ms: manual.passed_ms(),
                    ..**manual
                })),
            },
        }
    }

    /// The time of the machine's clock, which may be wrong.
    #[must_use]
    pub fn now(&self) -> Moment {
        let simulated_ms = self.offset_s.load(Ordering::Relaxed).saturating_mul(1_000);
        self.moment(
            self.system_ms()
                .saturating_add(simulated_ms)
                .saturating_add(self.wrong_ms.load(Ordering::Relaxed)),
        )
    }

    /// An id that is the same until the machine is started again.
    #[must_use]
    pub const fn boot(&self) -> Uuid {
        self.boot
    }

    /// Milliseconds since the machine was started, including the time asleep. Nobody can set this clock.
    #[must_use]
    pub fn since_boot_ms(&self) -> i64 {
        if let Source::Manual(manual) = &self.source {
            return i64::try_from(manual.passed_ms().saturating_sub(manual.booted_ms))
                .unwrap_or(i64::MAX);
        }
        // The kernel's seconds have 32 bits on some machines and 64 on others. A duration can hold both.
        clock_gettime(ClockId::CLOCK_BOOTTIME)
            .ok()
            .and_then(|time| i64::try_from(Duration::from(time).as_millis()).ok())
            .unwrap_or(0)
    }

    /// Local time in seconds, as on a clock without a time zone such as a printer's.
    #[must_use]
    pub fn local_s(&self) -> i64 {
        let now = self.now();
        let ahead_s = i64::from(now.offset_minutes).saturating_mul(60);
        now.utc_ms.div_euclid(1_000).saturating_add(ahead_s)
    }

    /// Milliseconds since the epoch of a local time in the clock's zone, such as a printer's.
    #[must_use]
    pub fn local_ms(&self, local: jiff::civil::DateTime) -> Option<i64> {
        let zoned = local.to_zoned(self.zone.clone()).ok()?;
        Some(zoned.timestamp().as_millisecond())
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

    /// A time for people, in the clock's zone: `02.03.2026 17:35:21`.
    #[must_use]
    pub fn shown(&self, utc_ms: i64) -> String {
        shown(self.moment(utc_ms))
    }

    /// Milliseconds since the epoch by the system, without the simulator's offset.
    #[must_use]
    pub fn system_ms(&self) -> i64 {
        match &self.source {
            Source::Machine => system_ms(),
            Source::Manual(manual) => manual
                .begun_utc_ms
                .saturating_add_unsigned(manual.passed_ms()),
        }
    }

    /// The reading of a clock that only goes forward, for deadlines.
    #[must_use]
    pub fn monotonic(&self) -> Instant {
        let now = match &self.source {
            Source::Machine => Instant::now(),
            Source::Manual(manual) => later(manual.begun, manual.passed_ms()),
        };
        later(now, self.skipped_ms.load(Ordering::Acquire))
    }

    /// Shortens deadlines and pauses by this many milliseconds, so that tests need not wait. The time of day does not change.
    pub fn skip(&self, milliseconds: u64) {
        self.skipped_ms.fetch_add(milliseconds, Ordering::AcqRel);
        self.skips.notify_one();
    }

    /// Waits for the whole pause, unless [`skip`](Self::skip) ends it sooner.
    pub async fn pause(&self, pause: Duration) {
        // The caller reads the clock again, so it need not know whether the pause ended or was skipped.
        let _ = tokio::time::timeout(pause, self.skips.notified()).await;
    }

    /// Moves the time of the till and of the simulators. The emulated printer's clock moves too.
    pub fn set_offset(&self, seconds: i64) {
        self.offset_s.store(seconds, Ordering::Relaxed);
        self.moved.fetch_add(1, Ordering::Release);
    }

    /// Whether the simulator has moved the time, so that it differs from the real time.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.offset_s.load(Ordering::Relaxed) != 0
    }

    /// How often the simulator has moved the clock.
    #[must_use]
    pub fn moves(&self) -> u64 {
        self.moved.load(Ordering::Acquire)
    }

    /// Makes the machine's clock wrong and leaves all other clocks right, for tests.
    pub fn set_wrong(&self, milliseconds: i64) {
        self.wrong_ms.store(milliseconds, Ordering::Relaxed);
    }
}

/// The kernel's id of this start of the machine. Without one, every start of the agent counts as a start of the machine.
fn boot_id() -> Uuid {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .ok()
        .and_then(|text| Uuid::try_parse(text.trim()).ok())
        .unwrap_or_else(Uuid::new_v4)
}

/// A zone of the IANA database by its name (`Europe/Chisinau`).
///
/// The zone's file is read at its usual path first.
/// The library's own search needs an index of all names, and building that index takes longer than the rest of a start.
/// That search is used only if the file is at another path, or if the name is written with other upper and lower case letters.
/// A zone that the machine does not have comes from the database in this program, so a machine without the package tzdata keeps the
/// time of its country.
///
/// # Errors
///
/// The zone is neither in the machine's database nor in the program's.
pub fn zone_of(name: &str) -> Result<TimeZone, jiff::Error> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
    if name.bytes().all(plain)
        && !name.starts_with('/')
        && let Ok(bytes) = std::fs::read(Path::new(ZONES).join(name))
        && let Ok(zone) = TimeZone::tzif(name, &bytes)
    {
        return Ok(zone);
    }
    TimeZone::get(name).or_else(|_| TimeZoneDatabase::bundled().get(name))
}

/// The machine's own zone.
fn system_zone() -> TimeZone {
    if std::env::var_os("TZ").is_none()
        && let Ok(link) = std::fs::read_link("/etc/localtime")
        && let Ok(name) = link.strip_prefix(ZONES)
        && let Some(Ok(zone)) = name.to_str().map(zone_of)
    {
        return zone;
    }
    TimeZone::system()
}

/// The usual folder of the time zone database.
const ZONES: &str = "/usr/share/zoneinfo";

/// Milliseconds since the epoch by the system.
#[must_use]
pub fn system_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since
        .ok()
        .and_then(|since| i64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}

/// An instant some milliseconds later. An instant that the system cannot express is left as it is.
fn later(instant: Instant, milliseconds: u64) -> Instant {
    instant
        .checked_add(Duration::from_millis(milliseconds))
        .unwrap_or(instant)
}

/// The local time of a moment: year, month, day, hour, minute, second.
#[must_use]
pub fn local(moment: Moment) -> jiff::civil::DateTime {
    let offset =
        jiff::tz::Offset::from_seconds(i32::from(moment.offset_minutes).saturating_mul(60))
            .unwrap_or(jiff::tz::Offset::UTC);
    Timestamp::from_millisecond(moment.utc_ms).map_or(jiff::civil::DateTime::default(), |at| {
        offset.to_datetime(at)
    })
}

/// A moment as a clock without a time zone shows it, such as a printer's; `None` outside the years 2000 to 2099.
#[must_use]
pub fn printer_time(moment: Moment) -> Option<PrinterTime> {
    let at = local(moment);
    let small = |number: i8| u8::try_from(number).ok();
    let year = u8::try_from(at.year().checked_sub(2000)?).ok()?;
    let fields = [
        year,
        small(at.month())?,
        small(at.day())?,
        small(at.hour())?,
        small(at.minute())?,
        small(at.second())?,
    ];
    PrinterTime::try_from(fields).ok()
}

/// How many seconds a printer's clock, which shows `shown`, is ahead of the local time of a moment.
#[must_use]
pub fn seconds_apart(moment: Moment, shown: PrinterTime) -> Option<i64> {
    let [year, month, day, hour, minute, second] = <[u8; 6]>::from(shown).map(i8::try_from);
    let year = i16::from(year.ok()?).saturating_add(2000);
    let shown = jiff::civil::DateTime::new(
        year,
        month.ok()?,
        day.ok()?,
        hour.ok()?,
        minute.ok()?,
        second.ok()?,
        0,
    );
    Some(shown.ok()?.duration_since(local(moment)).as_secs())
}

/// A moment for people, as papers have it: `02.03.2026 17:35:21`, in the zone of the moment.
#[must_use]
pub fn shown(moment: Moment) -> String {
    let (date, time) = date_and_time(moment);
    format!("{date} {time}")
}

/// The local date and time of a moment as papers have them: `02.03.2026` and `17:35:21`.
#[must_use]
pub fn date_and_time(moment: Moment) -> (String, String) {
    let at = local(moment);
    (
        format!("{:02}.{:02}.{}", at.day(), at.month(), at.year()),
        format!("{:02}:{:02}:{:02}", at.hour(), at.minute(), at.second()),
    )
}

/// ISO 8601 in UTC with milliseconds: `2026-03-02T15:35:21.076Z`.
#[must_use]
pub fn iso_utc(utc_ms: i64) -> String {
    let at = Timestamp::from_millisecond(utc_ms).unwrap_or_default();
    jiff::fmt::strtime::format("%Y-%m-%dT%H:%M:%S.%3fZ", at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use ferrotill_core::profile;
    use jiff::tz::TimeZoneDatabase;

    #[test]
    fn the_program_has_the_zone_of_every_country_itself() {
        for profile in profile::ALL {
            let zone = profile.facts().time_zone;
            assert!(TimeZoneDatabase::bundled().get(zone).is_ok(), "{zone}");
        }
    }
}

//! The daily audit: the till checks its whole store as `verify` does, and asks what the last answers of printers and authority have
//! shown.
//!
//! It is made at a quiet time, on a thread of its own that ends with it, and with connections of its own to the database.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ferrotill_core::document::DocumentKind;
use ferrotill_core::time::Moment;
use ferrotill_store::verify::{VerifyRange, Wanted, verify};
use jiff::ToSpan as _;
use jiff::civil::{DateTime, Time};
use uuid::Uuid;

use crate::api::service::Service;
use crate::config::Config;
use crate::locked::Locked;
use crate::status::LiveStatus;
use crate::status::audit::{AuditOutcome, AuditRecord};
use crate::status::problems::ProblemKind;
use crate::time::clock::{iso_utc, local};

/// The time of the day at which the till audits itself; `None` if it never does.
type AuditTime = Arc<Locked<Option<Time>>>;

/// What the agent has of the daily audit.
#[derive(Debug)]
pub(super) struct AuditSchedule {
    /// A reload may change it.
    time: AuditTime,
    audit: Locked<Option<DailyAudit>>,
}

impl AuditSchedule {
    /// Takes what the last audit of the data folder has found into health.
    pub(super) fn open(config: &Config, live_status: &LiveStatus) -> Self {
        let at = config.audit.at;
        if at.is_some()
            && let Some(record) = AuditRecord::read(&config.till.data_dir)
        {
            live_status.audited(record);
        }
        let time = Arc::new(Locked::new(at));
        let audit = DailyAudit {
            at: Arc::clone(&time),
            next_look: None,
            works: Arc::default(),
        };
        Self {
            time,
            audit: Locked::new(Some(audit)),
        }
    }

    /// What looks whether an audit is due; it is given once.
    pub(super) fn take(&self) -> Option<DailyAudit> {
        self.audit.lock().take()
    }

    /// Changes the time of the day.
    pub(super) fn set(&self, at: Option<Time>) {
        *self.time.lock() = at;
    }
}

/// Decides when the till audits itself.
#[derive(Debug)]
pub(super) struct DailyAudit {
    at: AuditTime,
    /// The next time at which it is asked whether an audit is due.
    next_look: Option<Instant>,
    /// An audit is made now.
    works: Arc<AtomicBool>,
}

/// The pause between two looks, and before the first one: printers and authority have answered then.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// The till counts as quiet if it has made no document for so long.
const QUIET_MS: i64 = 5 * 60_000;
/// A till that is never quiet audits itself so long after the time of the day.
const LATE_HOURS: i32 = 6;
/// A document that waits for so long although the authority answers is a finding.
const WAITS_MS: i64 = 24 * 3_600_000;
/// The number of faults of the store that are named; all are counted.
const NAMED_MAX: usize = 3;

/// The problems in health that compare a printer or the authority with the journal: they stand for the last answers.
const OF_LAST_ANSWERS: [ProblemKind; 6] = [
    ProblemKind::PRINTER_COUNTERS_BACK,
    ProblemKind::PRINTER_AHEAD,
    ProblemKind::RECEIPTS_OF_OTHERS,
    ProblemKind::Z_REPORT_DIFFERS,
    ProblemKind::DOCUMENTS_REFUSED,
    ProblemKind::DOCUMENT_UNTOLD,
];

impl DailyAudit {
    /// Begins an audit if one is due. Asks neither the store nor the disk.
    pub(super) fn look(&mut self, service: &Arc<Service>) {
        let Some(at) = *self.at.lock() else {
            return;
        };
        let now = service.clock.monotonic();
        let is_time = self.next_look.is_some_and(|next| now >= next);
        if self.next_look.is_none() || is_time {
            self.next_look = now.checked_add(LOOK_EVERY);
        }
        if !is_time || self.works.load(Ordering::Acquire) {
            return;
        }
        let (now, record) = (service.guard.now(), service.live_status.audit());
        let last = record.map(|record| local(service.clock.moment(record.at_ms)));
        let Some(due) = due(at, last, local(now)) else {
            return;
        };
        self.works.store(true, Ordering::Release);
        let (service, works) = (Arc::clone(service), Arc::clone(&self.works));
        let begun = std::thread::Builder::new()
            .name("audit".to_owned())
            .spawn(move || {
                turn(&service, due, now);
                works.store(false, Ordering::Release);
            });
        if let Err(error) = begun {
            self.works.store(false, Ordering::Release);
            tracing::warn!("the till cannot audit itself now: {error}; it tries again in a minute");
        }
    }
}

/// Why a turn is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// The till has no record: it is new, and its first audit is made after the next time of the day.
    Record,
    /// An audit, if the till is quiet.
    WhenQuiet,
    /// An audit, whatever the till does.
    Late,
}

/// Whether an audit is due at a local time, after the last one.
fn due(at: Time, last: Option<DateTime>, now: DateTime) -> Option<Due> {
    let Some(last) = last else {
        return Some(Due::Record);
    };
    let today = now.date().to_datetime(at);
    let planned = match now < today {
        true => today.checked_sub(1.day()).ok()?,
        false => today,
    };
    // A record of a time that is still to come was written while the clock was wrong.
    let is_of_the_future = now.checked_add(1.day()).is_ok_and(|later| last > later);
    if last >= planned && !is_of_the_future {
        return None;
    }
    let late = planned.checked_add(LATE_HOURS.hours()).ok()?;
    Some(if now >= late && now.date() == planned.date() {
        Due::Late
    } else {
        Due::WhenQuiet
    })
}

/// Makes the audit, unless the till sells.
fn turn(service: &Service, due: Due, now: Moment) {
    match due {
        Due::Record => match AuditRecord::read(&service.settings.data_dir) {
            // A reload has switched the audit on.
            Some(record) => service.live_status.audited(record),
            None => keep(
                service,
                AuditRecord {
                    at_ms: now.utc_ms,
                    outcome: AuditOutcome::NotYet,
                },
            ),
        },
        Due::WhenQuiet if sells(service, now) => {}
        Due::WhenQuiet | Due::Late => {
            audit(service);
        }
    }
}

/// Whether the till has made a document in the last minutes.
fn sells(service: &Service, now: Moment) -> bool {
    service.settings.devices.iter().any(|device| {
        let newest = service.reader.page(device.id, &DocumentKind::ALL, 0, 1);
        // A store that cannot be read is what the audit finds.
        let newest = newest
            .ok()
            .and_then(|page| page.documents.into_iter().next());
        newest.is_some_and(|document| now.utc_ms.saturating_sub(document.row.at) < QUIET_MS)
    })
}

/// Makes the audit now, and keeps and logs its result.
pub fn audit(service: &Service) -> AuditRecord {
    let begun = service.clock.monotonic();
    let devices = service.settings.devices.iter().map(|device| device.id);
    let devices: Vec<Uuid> = devices.collect();
    let mut seen = of_store(service, &devices);
    seen.found.extend(last_answers(service));
    seen.found.extend(waiting(service));
    let outcome = match seen.found.is_empty() {
        true => AuditOutcome::Good,
        false => AuditOutcome::Failed(seen.found.join("; ")),
    };
    let passed = service.clock.monotonic().saturating_duration_since(begun);
    let (rows, documents, seconds) = (seen.rows, seen.documents, passed.as_secs());
    let connected = |device: &&Uuid| service.live_status.printer(**device).connected;
    let printers = devices.iter().filter(connected).count();
    let unsent = service.live_status.store().figures.unsent.documents;
    match &outcome {
        AuditOutcome::Failed(says) => {
            tracing::error!(
                event = "audit",
                problem = ProblemKind::AUDIT_FAILED.id(),
                rows,
                documents,
                printers,
                unsent,
                seconds,
                "the till has audited itself and found: {says}"
            );
        }
        AuditOutcome::Good | AuditOutcome::NotYet => {
            tracing::info!(
                event = "audit",
                rows,
                documents,
                printers,
                unsent,
                seconds,
                "the till has audited itself, and everything is in order"
            );
        }
    }
    let record = AuditRecord {
        at_ms: service.guard.now().utc_ms,
        outcome,
    };
    keep(service, record.clone());
    record
}

/// What an audit has seen of the store.
#[derive(Default)]
struct SeenStore {
    rows: i64,
    documents: u32,
    found: Vec<String>,
}

/// Checks the store as `verify` does.
fn of_store(service: &Service, devices: &[Uuid]) -> SeenStore {
    let verified = verify(&Wanted {
        folder: &service.settings.data_dir,
        profile: service.profile,
        mode: service.settings.mode,
        devices,
        range: VerifyRange::ALL,
    });
    let verified = match verified {
        Ok(verified) => verified,
        Err(error) => {
            return SeenStore {
                found: vec![format!("the store cannot be read: {error}")],
                ..SeenStore::default()
            };
        }
    };
    let named = verified.flaws.iter().take(NAMED_MAX);
    let mut found: Vec<String> = named
        .map(|flaw| format!("{}: {flaw}", flaw.place()))
        .collect();
    let not_named = verified.flaws.len().saturating_sub(found.len());
    let more = verified
        .more_flaws
        .saturating_add(u64::try_from(not_named).unwrap_or(u64::MAX));
    if more > 0 {
        found.push(format!("{more} more faults of the store"));
    }
    SeenStore {
        rows: verified.rows,
        documents: verified.documents,
        found,
    }
}

/// What the counters of the printers and the answers of the authority have shown.
fn last_answers(service: &Service) -> impl Iterator<Item = String> {
    let problems = service.live_status.problems().list().into_iter();
    let devices = service.settings.devices.clone();
    problems
        .filter(|problem| OF_LAST_ANSWERS.contains(&problem.kind))
        .map(move |problem| {
            let device = devices.iter().find(|it| Some(it.id) == problem.device);
            match device {
                Some(device) => format!("{}: {}", device.name, problem.says),
                None => problem.says,
            }
        })
}

/// The documents that wait although the authority answers.
fn waiting(service: &Service) -> Option<String> {
    let unsent = service.live_status.store().figures.unsent;
    let oldest_ms = unsent.oldest_ms?;
    let waits_ms = service.guard.now().utc_ms.saturating_sub(oldest_ms);
    let answers = service.live_status.office().state == ONLINE;
    (unsent.documents > 0 && answers && waits_ms >= WAITS_MS).then(|| {
        format!(
            "{} documents wait for the authority since {}, although it answers",
            unsent.documents,
            iso_utc(oldest_ms)
        )
    })
}

/// The name of the state of an authority that answers.
const ONLINE: &str = "online";

fn keep(service: &Service, record: AuditRecord) {
    if let Err(error) = record.write(&service.settings.data_dir) {
        tracing::warn!(
            "the result of the audit cannot be written into the data folder: {error}; after a restart the till audits itself again"
        );
    }
    service.live_status.audited(record);
}

#[cfg(test)]
mod tests {
    use jiff::civil::{DateTime, time};

    use super::{Due, due};

    fn at(text: &str) -> DateTime {
        text.parse().unwrap()
    }

    #[test]
    fn an_audit_is_due_once_after_each_time_of_the_day() {
        let four = time(4, 0, 0, 0);
        for (last, now, expected) in [
            ("2026-11-29T04:00:30", "2026-11-30T03:59:59", None),
            (
                "2026-11-29T04:00:30",
                "2026-11-30T04:00:00",
                Some(Due::WhenQuiet),
            ),
            (
                "2026-11-29T04:00:30",
                "2026-11-30T09:59:59",
                Some(Due::WhenQuiet),
            ),
            (
                "2026-11-29T04:00:30",
                "2026-11-30T10:00:00",
                Some(Due::Late),
            ),
            ("2026-11-30T04:00:00", "2026-11-30T04:00:01", None),
            ("2026-11-30T04:00:00", "2026-12-01T03:00:00", None),
            // The till was off at night: it waits until it is quiet, also in the hours before the next time.
            (
                "2026-11-28T04:00:00",
                "2026-11-30T02:00:00",
                Some(Due::WhenQuiet),
            ),
            // A record of a wrong clock.
            (
                "2030-01-01T04:00:00",
                "2026-11-30T03:00:00",
                Some(Due::WhenQuiet),
            ),
        ] {
            assert_eq!(due(four, Some(at(last)), at(now)), expected, "{last} {now}");
        }
        assert_eq!(
            due(four, None, at("2026-11-30T03:00:00")),
            Some(Due::Record)
        );
    }
}

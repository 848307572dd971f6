//! Looks every five seconds at what a till with signed receipts must do on a day: a certificate that ends, a protocol that was not copied, the
//! receipt of a year that is not checked, an outage that must be reported.
//!
//! A look reads the store, so it is made on a thread of the lanes and not on the one that serves connections.

use std::sync::Arc;
use std::time::Duration;

use ferrotill_core::event::{Event, RegistrationStep};
use ferrotill_core::profile::signed::{Code, Kind, PAYLOAD_BYTES_MAX};
use ferrotill_core::time::Moment;
use ferrotill_rksv::certificate_ends;
use ferrotill_store::{Reader, RegistrationState, StoreError};
use tokio::time::MissedTickBehavior;

use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::seal::signature::Signatures;
use crate::status::problems::{HealthProblem, ProblemKind};
use crate::time::clock::{Clock, iso_utc, local};

/// The pause between two looks.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const DAY_MS: i64 = 24 * 3_600_000;
/// How long before the end of a certificate it becomes a problem of health.
const CERTIFICATE_NOTICE_MS: i64 = 90 * DAY_MS;
/// The longest quarter of a year (§ 7 Abs. 3 RKSV).
const QUARTER_MS: i64 = 92 * DAY_MS;
/// An outage of this length must be reported.
const OUTAGE_MS: i64 = 48 * 3_600_000;
/// An outage must be reported within a week.
const REPORT_WITHIN_MS: i64 = 7 * DAY_MS;
/// The month and the day until which the receipt of a year must be checked (§ 8 Abs. 3 RKSV): 15 February.
const CHECK_UNTIL: (i8, i8) = (2, 15);

/// The kinds of problems that a look notes and clears.
const NOTICES: [ProblemKind; 4] = [
    ProblemKind::UNIT_CERTIFICATE_ENDS,
    ProblemKind::PROTOCOL_NOT_COPIED,
    ProblemKind::YEARLY_RECEIPT_UNCHECKED,
    ProblemKind::OUTAGE_TO_REPORT,
];

/// Looks until the future is dropped. Without signed receipts there is nothing to look for.
pub(super) async fn look_for_notices(service: Arc<Service>, signatures: Option<Arc<Signatures>>) {
    let Some(signatures) = signatures else {
        return std::future::pending().await;
    };
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let (now, clock) = (service.guard.now(), Arc::clone(&service.clock));
        let signatures = Arc::clone(&signatures);
        let read = service.read(Lane::Lists, move |reader| {
            notices(reader, &signatures, &clock, now)
        });
        // A store that cannot be read is a problem of its own, and the next look is soon.
        if let Ok(found) = read.await {
            note(&service, found);
        }
    }
}

/// Notes what was found, and clears what is over.
fn note(service: &Service, found: Vec<HealthProblem>) {
    let problems = service.live_status.problems();
    for known in problems.list() {
        let is_found = |it: &HealthProblem| it.kind == known.kind && it.device == known.device;
        if NOTICES.contains(&known.kind) && !found.iter().any(is_found) {
            problems.clear(known.kind, known.device);
        }
    }
    for problem in found {
        problems.raise(problem);
    }
}

/// What a person must do now.
fn notices(
    reader: &Reader,
    signatures: &Signatures,
    clock: &Clock,
    now: Moment,
) -> Result<Vec<HealthProblem>, StoreError> {
    let mut found = certificates(reader, signatures, now)?;
    found.extend(copies(reader, now)?);
    found.extend(yearly_receipts(reader, clock, now)?);
    found.extend(outages(reader, now)?);
    Ok(found)
}

fn certificates(
    reader: &Reader,
    signatures: &Signatures,
    now: Moment,
) -> Result<Vec<HealthProblem>, StoreError> {
    let mut soonest: Option<(i64, String)> = None;
    for registration in reader.registrations()? {
        if registration.step != RegistrationStep::Unit {
            continue;
        }
        let ends = reader.with_event(registration.subject_seq, |event| match event {
            Event::UnitAdopted(unit) if unit.certificate => {
                // A unit that the till does not have any more may end.
                signatures
                    .units()
                    .public(unit.provider, unit.serial)
                    .and_then(|_| certificate_ends(unit.public))
            }
            _ => None,
        })?;
        if let Some(ends_s) = ends.flatten()
            && soonest.as_ref().is_none_or(|(known, _)| ends_s < *known)
        {
            soonest = Some((ends_s, registration.subject));
        }
    }
    let Some((ends_s, serial)) = soonest else {
        return Ok(Vec::new());
    };
    let ends_ms = ends_s.saturating_mul(1_000);
    let left_ms = ends_ms.saturating_sub(now.utc_ms);
    let what = match left_ms {
        ..=0 => "has ended",
        1..=CERTIFICATE_NOTICE_MS => "ends",
        _ => return Ok(Vec::new()),
    };
    Ok(vec![HealthProblem {
        kind: ProblemKind::UNIT_CERTIFICATE_ENDS,
        device: None,
        since_ms: now.utc_ms,
        says: format!(
            "the certificate of the signature unit {serial} {what} at {}",
            iso_utc(ends_ms)
        ),
        fix: "get a new unit or certificate from the trust service provider, write it as another [[signature_unit]], and register it before this one ends".to_owned(),
    }])
}

fn copies(reader: &Reader, now: Moment) -> Result<Vec<HealthProblem>, StoreError> {
    let registers = reader.protocol_backups()?.into_iter();
    let late = registers.filter_map(|register| {
        let last_ms = register.made_ms.unwrap_or(register.begun_ms);
        if now.utc_ms.saturating_sub(last_ms) < QUARTER_MS {
            return None;
        }
        let says = match register.made_ms {
            Some(made_ms) => format!(
                "the protocol of signed receipts was copied to another medium last at {}",
                iso_utc(made_ms)
            ),
            None => format!(
                "the protocol of signed receipts was never copied to another medium; it begins at {}",
                iso_utc(register.begun_ms)
            ),
        };
        Some(HealthProblem {
            kind: ProblemKind::PROTOCOL_NOT_COPIED,
            device: Some(register.device),
            since_ms: now.utc_ms,
            says,
            fix: "copy it now with `ferrotill rksv backup --out DIR`, with a folder on another medium, and keep the medium for seven years".to_owned(),
        })
    });
    Ok(late.collect())
}

fn yearly_receipts(
    reader: &Reader,
    clock: &Clock,
    now: Moment,
) -> Result<Vec<HealthProblem>, StoreError> {
    let mut found: Vec<HealthProblem> = Vec::new();
    for registration in reader.open_registrations()? {
        let is_of_device = |it: &HealthProblem| it.device == Some(registration.device);
        if registration.step != RegistrationStep::Receipt || found.iter().any(is_of_device) {
            continue;
        }
        let receipt = reader.with_event(registration.subject_seq, |event| match event {
            Event::ReceiptSigned(receipt) if receipt.kind == Kind::Jahres => {
                let mut room = [0; PAYLOAD_BYTES_MAX];
                let code = Code::parse_compact(receipt.compact, &mut room).ok()?;
                Some(code.payload.receipt.as_str().to_owned())
            }
            _ => None,
        })?;
        let Some(receipt) = receipt.flatten() else {
            continue;
        };
        // A receipt that was made late, in January or February, belongs to the year before.
        let made = local(clock.moment(registration.due_ms)).date();
        let year = match made.month() {
            ..=2 => made.year(),
            _ => made.year().saturating_add(1),
        };
        let until = jiff::civil::date(year, CHECK_UNTIL.0, CHECK_UNTIL.1);
        let state = match local(now).date() > until {
            true => format!("should have been checked by the tax authority until {until}"),
            false => format!("must be checked by the tax authority until {until}"),
        };
        found.push(HealthProblem {
            kind: ProblemKind::YEARLY_RECEIPT_UNCHECKED,
            device: Some(registration.device),
            since_ms: now.utc_ms,
            says: format!("the receipt {receipt} of the year, made on {made}, {state}"),
            fix: format!(
                "print and keep it; have its code checked by the app of the tax authority, and note that with `ferrotill rksv checked {receipt} --by NAME`; or write [finanzonline], and the till has it checked"
            ),
        });
    }
    Ok(found)
}

fn outages(reader: &Reader, now: Moment) -> Result<Vec<HealthProblem>, StoreError> {
    for outage in reader.unit_outages()? {
        let end_ms = outage.ended_ms.unwrap_or(now.utc_ms);
        let is_long = end_ms.saturating_sub(outage.began_ms) >= OUTAGE_MS;
        let is_over = outage
            .ended_ms
            .is_some_and(|ended_ms| now.utc_ms.saturating_sub(ended_ms) > REPORT_WITHIN_MS);
        if !is_long || is_over {
            continue;
        }
        let subject = format!("{}_{}", outage.serial, outage.began_ms);
        let told = reader.registration(RegistrationStep::UnitFails, &subject)?;
        if told.is_some_and(|told| told.state == RegistrationState::Done) {
            continue;
        }
        let until_ms = outage.began_ms.saturating_add(OUTAGE_MS + REPORT_WITHIN_MS);
        let end = match outage.ended_ms {
            Some(ended_ms) => format!(" until {}", iso_utc(ended_ms)),
            None => String::new(),
        };
        return Ok(vec![HealthProblem {
            kind: ProblemKind::OUTAGE_TO_REPORT,
            device: None,
            since_ms: now.utc_ms,
            says: format!(
                "the signature unit {} has signed no receipt since {}{end}: the law wants an outage of 48 hours reported",
                outage.serial,
                iso_utc(outage.began_ms)
            ),
            fix: format!(
                "report the outage, and later its end, in the portal of the tax authority before {}; with [finanzonline] the till does both",
                iso_utc(until_ms)
            ),
        }]);
    }
    Ok(Vec::new())
}

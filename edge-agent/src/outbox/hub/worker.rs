//! The work of the hub's thread: documents, reports, renewal of the certificate, and what health says about them.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use ferrotill_hub_protocol::{Answer, Currency, HealthReport, Message as _, RenewRequest, path};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::HubParts;
use super::connection::{HubConnection, HubFailure, HubTransport as _};
use super::identity::{HubIdentity, NewKey};
use super::refusal::{HubRefusal, refusal_in};
use super::report::report_of;
use super::sender::{HubSender, HubSenderParts, HubTurn};
use crate::outbox::backoff::Backoff;
use crate::status::problems::{HealthProblem, ProblemKind};

/// The work of the hub's thread.
pub(super) struct HubWorker {
    parts: HubParts,
    currency: Option<Currency>,
    backoff: Backoff,
    link: Option<Link>,
    /// When the files of the identity are looked at again.
    look_at: Instant,
    /// Attempts without an answer in a row, and when the first of them was.
    failures: (u32, Option<Instant>),
    send_at: Instant,
    report: ReportState,
    renew_at: Instant,
}

/// What is open while the till is enrolled.
struct Link {
    identity: HubIdentity,
    /// When the file of the identity was written.
    written: Option<SystemTime>,
    authority: CertificateDer<'static>,
    connection: HubConnection,
    sender: HubSender,
}

struct ReportState {
    due: Instant,
    /// The last report, as far as a change of it is told at once.
    told: Option<Vec<(ProblemKind, Option<uuid::Uuid>)>>,
    told_at: Option<Instant>,
}

impl HubWorker {
    pub(super) fn new(parts: HubParts) -> Self {
        let now = parts.clock.monotonic();
        Self {
            currency: Currency::new(parts.profile.facts().currency.code()),
            backoff: Backoff::new(parts.seed).up_to(LONGEST_MS),
            parts,
            link: None,
            look_at: now,
            failures: (0, None),
            send_at: now,
            report: ReportState {
                due: now,
                told: None,
                told_at: None,
            },
            renew_at: now,
        }
    }

    /// Does what is due. Returns how long to wait.
    pub(super) fn turn(&mut self) -> Duration {
        let now = self.now();
        if now >= self.look_at {
            self.look_at = later(now, LOOK_EVERY);
            self.look();
        }
        if self.link.is_none() {
            return LOOK_EVERY;
        }
        let mut pause = TURN_EVERY;
        if now >= self.send_at {
            pause = self.send().unwrap_or(pause);
        }
        // While the hub does not answer, a report has no way either.
        if self.now() >= self.send_at {
            self.report();
            self.renew();
        }
        let now = self.now();
        if let Some(link) = &mut self.link {
            link.sender.save_sometimes(now);
        }
        pause
    }

    /// The time that pauses are measured with.
    fn now(&self) -> Instant {
        self.parts.clock.monotonic()
    }

    /// Writes what the hub has acknowledged.
    pub(super) fn end(&mut self) {
        if let Some(link) = &mut self.link {
            link.sender.save();
        }
    }

    /// Opens what the files of the enrolment say, and opens it again when they have changed.
    fn look(&mut self) {
        let file = HubIdentity::file(&self.parts.folder);
        let written = fs::metadata(&file).and_then(|file| file.modified()).ok();
        if self
            .link
            .as_ref()
            .is_some_and(|link| link.written == written)
        {
            self.look_at_certificate();
            return;
        }
        if let Some(mut link) = self.link.take() {
            link.sender.save();
        }
        match self.open(written) {
            Ok(link) => {
                let problems = self.parts.live_status.problems();
                problems.clear(ProblemKind::HUB_NOT_ENROLLED, None);
                problems.clear(ProblemKind::HUB_REFUSED, None);
                self.send_at = self.now();
                self.link = Some(link);
                self.look_at_certificate();
            }
            Err(says) => {
                let fix = "ask the head office for a code, and enrol the till with `ferrotill hub enrol CODE`";
                self.raise(ProblemKind::HUB_NOT_ENROLLED, says, fix.to_owned());
            }
        }
    }

    fn open(&self, written: Option<SystemTime>) -> Result<Link, String> {
        let identity = HubIdentity::read(&self.parts.folder).map_err(|error| {
            let says = error.to_string();
            says.split(';').next().unwrap_or_default().to_owned()
        })?;
        let file = &self.parts.config.ca_file;
        let text = fs::read(file).map_err(|error| {
            let file = file.display();
            format!("the certificate of the hub's authority, {file}, cannot be read: {error}")
        })?;
        let authority = CertificateDer::from_pem_slice(&text)
            .map_err(|_| format!("{} holds no certificate", file.display()))?
            .into_owned();
        let connection =
            HubConnection::to(&self.parts.config.url, &authority, Some(&identity), TIMEOUT);
        let currency = self.currency.ok_or("the currency has no code")?;
        let sender = HubSender::new(HubSenderParts {
            reader: self.parts.reader.clone(),
            folder: self.parts.folder.clone(),
            till: identity.till,
            key: identity.signing_key().map_err(|error| error.to_string())?,
            currency,
            profile: self.parts.profile,
        })
        .map_err(|failure| failure.to_string())?;
        Ok(Link {
            identity,
            written,
            authority,
            connection,
            sender,
        })
    }

    fn look_at_certificate(&self) {
        let Some(link) = &self.link else { return };
        let left_ms = link
            .identity
            .ends_ms
            .saturating_sub(self.parts.guard.now().utc_ms);
        if left_ms > CERTIFICATE_WARNING_MS {
            let problems = self.parts.live_status.problems();
            problems.clear(ProblemKind::HUB_CERTIFICATE_ENDS, None);
            return;
        }
        let says = if left_ms > 0 {
            let days = left_ms.checked_div(DAY_MS).unwrap_or_default();
            format!(
                "the till's certificate at the hub ends in {days} days, and the hub has not renewed it"
            )
        } else {
            "the till's certificate at the hub has ended".to_owned()
        };
        let fix = "check that the hub runs; if the certificate has ended, enrol the till again with `ferrotill hub enrol CODE`";
        self.raise(ProblemKind::HUB_CERTIFICATE_ENDS, says, fix.to_owned());
    }

    /// Sends what waits. Returns how long to wait if it is not the usual time.
    fn send(&mut self) -> Option<Duration> {
        let now_ms = self.parts.guard.now().utc_ms;
        let link = self.link.as_mut()?;
        match link.sender.turn(&mut link.connection, now_ms) {
            HubTurn::Idle => None,
            HubTurn::Sent(count) => {
                tracing::debug!(
                    event = "hub_sent",
                    rows = count,
                    "the hub has stored documents"
                );
                self.answered();
                self.taken();
                Some(Duration::ZERO)
            }
            HubTurn::Again => {
                self.answered();
                Some(Duration::ZERO)
            }
            HubTurn::Failed(failure) => Some(self.failed(&failure)),
            HubTurn::Refused(refusal) => {
                self.answered();
                self.refused(&refusal);
                self.send_at = later(self.now(), REFUSED_PAUSE);
                None
            }
        }
    }

    /// The hub has answered.
    fn answered(&mut self) {
        if std::mem::take(&mut self.failures).0 > 0 {
            let problems = self.parts.live_status.problems();
            problems.clear(ProblemKind::HUB_AWAY, None);
        }
        self.send_at = self.now();
    }

    fn taken(&self) {
        let problems = self.parts.live_status.problems();
        problems.clear(ProblemKind::HUB_REFUSED, None);
    }

    /// No answer. Returns the pause before the next attempt.
    fn failed(&mut self, failure: &HubFailure) -> Duration {
        let now = self.now();
        let (count, since) = self.failures;
        let (count, since) = (count.saturating_add(1), since.unwrap_or(now));
        self.failures = (count, Some(since));
        let retry_after = match failure {
            HubFailure::Busy(pause) => Some(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX)),
            _ => None,
        };
        let pause = Duration::from_millis(self.backoff.wait_ms(count, retry_after));
        self.send_at = later(now, pause);
        tracing::debug!(event = "hub_failed", "no answer of the hub: {failure}");
        if now.saturating_duration_since(since) >= AWAY_AFTER {
            let says = format!(
                "the hub at {} cannot be reached: {failure}",
                self.parts.config.url
            );
            self.raise(ProblemKind::HUB_AWAY, says, failure.fix().to_owned());
        }
        pause.min(TURN_EVERY)
    }

    fn refused(&mut self, refusal: &HubRefusal) {
        if let HubRefusal::TakenOver { epoch } = refusal {
            let now_ms = self.parts.guard.now().utc_ms;
            self.parts.live_status.taken_over(now_ms, *epoch);
            if let Some(link) = &mut self.link {
                link.sender.taken_over(*epoch);
            }
            return;
        }
        let (says, fix) = (refusal.to_string(), refusal.fix().to_owned());
        self.raise(ProblemKind::HUB_REFUSED, says, fix);
    }

    /// Tells the hub about the till: each minute, and soon after its problems have changed.
    fn report(&mut self) {
        let now = self.now();
        let (Some(currency), Some(link)) = (self.currency, &mut self.link) else {
            return;
        };
        let listed = self.parts.live_status.problems().list();
        let problems: Vec<_> = listed.iter().map(|one| (one.kind, one.device)).collect();
        let is_news = self.report.told.as_ref() != Some(&problems)
            && self
                .report
                .told_at
                .is_none_or(|at| now.saturating_duration_since(at) >= NEWS_PAUSE);
        if now < self.report.due && !is_news {
            return;
        }
        self.report.due = later(now, REPORT_EVERY);
        self.report.told_at = Some(now);
        let report: HealthReport = report_of(&self.parts, &link.sender, currency);
        let body = match report.to_bytes() {
            Ok(body) => body,
            Err(fault) => {
                tracing::warn!("the report for the hub cannot be made: {fault}");
                return;
            }
        };
        match link.connection.post(path::HEALTH, &body) {
            Ok(Answer::Taken) => {
                self.report.told = Some(problems);
                self.answered();
            }
            Ok(answer) => match refusal_in(answer) {
                Ok(refusal) => {
                    self.answered();
                    self.refused(&refusal);
                }
                Err(failure) => drop(self.failed(&failure)),
            },
            Err(failure) => drop(self.failed(&failure)),
        }
    }

    /// Gets the next certificate before the present one ends.
    fn renew(&mut self) {
        let (now_ms, now) = (self.parts.guard.now().utc_ms, self.now());
        let Some(link) = &mut self.link else { return };
        if now_ms < link.identity.renew_from_ms || now < self.renew_at {
            return;
        }
        self.renew_at = later(now, RENEW_EVERY);
        if let Err(why) = renew(&self.parts, link) {
            tracing::warn!(
                event = "hub_renewal_failed",
                "the till's certificate at the hub could not be renewed: {why}"
            );
            return;
        }
        tracing::info!(
            event = "hub_renewed",
            "the till's certificate at the hub was renewed"
        );
        // The next look opens the new files.
        self.look_at = now;
    }

    fn raise(&self, kind: ProblemKind, says: String, fix: String) {
        self.parts.live_status.problems().raise(HealthProblem {
            kind,
            device: None,
            since_ms: self.parts.guard.now().utc_ms,
            says,
            fix,
        });
    }
}

fn renew(parts: &HubParts, link: &mut Link) -> Result<(), String> {
    let key = NewKey::make().map_err(|error| error.to_string())?;
    let request = RenewRequest {
        till: link.identity.till,
        certificate_request: key.request.clone().into(),
    };
    let body = request.to_bytes().map_err(|fault| fault.to_string())?;
    let answer = link.connection.post(path::RENEW, &body);
    match answer.map_err(|failure| failure.to_string())? {
        Answer::Enrolled(enrolled)
            if enrolled.till == link.identity.till && enrolled.authority.0 == *link.authority =>
        {
            HubIdentity::write(&parts.folder, &enrolled, &key).map_err(|error| error.to_string())
        }
        Answer::Enrolled(_) => Err("the hub has given the certificate of another till".to_owned()),
        answer => Err(match refusal_in(answer) {
            Ok(refusal) => refusal.to_string(),
            Err(failure) => failure.to_string(),
        }),
    }
}

/// A later moment; the clock of the machine has no end that a till reaches.
fn later(now: Instant, pause: Duration) -> Instant {
    now.checked_add(pause).unwrap_or(now)
}

/// How often the thread looks for documents.
const TURN_EVERY: Duration = Duration::from_secs(1);
/// How often the files of the enrolment are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The longest pause between two attempts.
const LONGEST_MS: u64 = 60_000;
/// The pause after the hub has refused the till's documents.
const REFUSED_PAUSE: Duration = Duration::from_secs(5 * 60);
/// After so long without an answer the hub counts as away.
const AWAY_AFTER: Duration = Duration::from_secs(60);
/// How often the till tells the hub about itself.
const REPORT_EVERY: Duration = Duration::from_secs(60);
/// The shortest time between two reports.
const NEWS_PAUSE: Duration = Duration::from_secs(5);
/// How often the hub is asked for the next certificate.
const RENEW_EVERY: Duration = Duration::from_secs(60 * 60);
/// The longest wait for one answer of the hub.
const TIMEOUT: Duration = Duration::from_secs(30);
const DAY_MS: i64 = 86_400_000;
/// How long before its end a certificate that was not renewed is a problem.
const CERTIFICATE_WARNING_MS: i64 = 10 * DAY_MS;

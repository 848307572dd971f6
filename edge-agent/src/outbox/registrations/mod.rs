//! Registers signature units and cash boxes with the authority, has receipts checked, and reports outages, one step after another.
//!
//! What is to be done stands in the store (`registration`), because the events of the journal bring it about. So everything waits while
//! the authority cannot be reached, and no sale waits for it. A step is asked for before it is done: before a unit or a cash box is
//! registered, the worker asks for its state. So an answer that was lost, or a crash between the answer and the journal, never leads to a
//! second registration. A user that was refused is not tried again before its PIN is another one.

mod asked_checks;
mod callers;
mod step;
mod user;

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use ferrotill_core::event::RegistrationStep;
use ferrotill_store::{Reader, Registration, RegistrationState, StoreError, UnitOutage};

use crate::authority::finanz_online::answer::Answered;
use crate::authority::finanz_online::session::{LoginAnswer, login, login_answer, logout};
use crate::authority::finanz_online::{Action, CallFailure, call};
use crate::clerk::{ClerkHandle, Message, RegistrationNews};
use crate::config::{FinanzOnlineConfig, FinanzOnlineUser};
use crate::outbox::backoff::Backoff;
use crate::seal::signature::Signatures;
use crate::status::LiveStatus;
use crate::status::problems::{HealthProblem, ProblemKind};
use crate::time::clock::Clock;
use crate::time::guarded_clock::GuardedClock;

use asked_checks::AskedChecks;
pub use callers::{LoginFault, Registrations};
use step::{Performed, StepContext};
use user::KnownUser;
pub use user::keep_user;

/// What the worker needs from the rest of the agent.
#[derive(Debug)]
pub struct RegistrationParts {
    /// The web services.
    pub config: FinanzOnlineConfig,
    /// True if requests are tests.
    pub test: bool,
    /// Makes the waits of this till differ from those of other tills.
    pub seed: u64,
    /// Reads the store.
    pub reader: Reader,
    /// Sends messages to the clerk.
    pub clerk_handle: ClerkHandle,
    /// The live status.
    pub live_status: Arc<LiveStatus>,
    /// The units and cash boxes.
    pub signatures: Arc<Signatures>,
    /// The machine's clocks.
    pub clock: Arc<Clock>,
    /// The guarded clock.
    pub guard: Arc<GuardedClock>,
}

/// An outage of this length must be reported.
const OUTAGE_REPORTED_MS: i64 = 48 * 3_600_000;
/// A step that waits for this long is a problem.
const WAITS_TOO_LONG_MS: i64 = 24 * 3_600_000;
/// Without news, the worker looks at outages and at what waits this often.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How long a shutdown waits for the thread.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(500);

/// The thread of the worker. Dropping this value stops the thread.
#[derive(Debug)]
pub struct RegistrationThread {
    stop: Arc<AtomicBool>,
    signatures: Arc<Signatures>,
    ended: Receiver<()>,
}

impl RegistrationThread {
    /// Starts the thread, with the user that callers and the configuration give.
    ///
    /// # Errors
    ///
    /// The system cannot create a thread.
    pub fn start(parts: RegistrationParts, registrations: &Registrations) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let signatures = Arc::clone(&parts.signatures);
        let user = Arc::clone(registrations.known_user());
        let asked_checks = Arc::clone(registrations.asked_checks());
        let worker = RegistrationWorker {
            backoff: Backoff::new(parts.seed),
            failures: 0,
            session: None,
            answered: BTreeMap::new(),
            packet: 0,
            user,
            asked_checks,
            stop: Arc::clone(&stop),
            parts,
        };
        let (running, ended) = channel();
        std::thread::Builder::new()
            .name("registrations".to_owned())
            .spawn(move || {
                let _running = running;
                worker.run();
            })?;
        Ok(Self {
            stop,
            signatures,
            ended,
        })
    }
}

impl Drop for RegistrationThread {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        self.signatures.registrations_changed();
        // An authority that does not answer delays the shutdown no longer than this.
        let _ = self.ended.recv_timeout(SHUTDOWN_GRACE);
    }
}

/// The worker.
struct RegistrationWorker {
    parts: RegistrationParts,
    user: Arc<KnownUser>,
    asked_checks: Arc<AskedChecks>,
    backoff: Backoff,
    /// Failures in a row.
    failures: u32,
    /// The session, and its user.
    session: Option<(String, FinanzOnlineUser)>,
    /// Steps that were answered in this run, with the row that had made them due. The clerk may not have stored the answer yet.
    answered: BTreeMap<(RegistrationStep, String), i64>,
    /// The number of the last request.
    packet: u32,
    stop: Arc<AtomicBool>,
}

/// What a turn has come to.
enum Turn {
    /// There is more to do at once.
    Again,
    /// There is nothing to do before news, or before the pause is over.
    Rest(Duration),
    /// The authority did not answer: news do not end the pause.
    Pause(Duration),
}

impl RegistrationWorker {
    fn run(mut self) {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
        else {
            tracing::error!("registrations could not be started; they wait until the next start");
            return;
        };
        let mut news = self.parts.signatures.registrations();
        while !self.stop.load(Ordering::Acquire) {
            news.mark_unchanged();
            let (pause, by_news) = match self.turn() {
                Turn::Again => continue,
                Turn::Rest(pause) => (pause, true),
                Turn::Pause(pause) => (pause, false),
            };
            let clock = Arc::clone(&self.parts.clock);
            let stop = Arc::clone(&self.stop);
            runtime.block_on(async {
                let mut over = std::pin::pin!(clock.pause(pause));
                loop {
                    tokio::select! {
                        changed = news.changed() => {
                            if by_news || changed.is_err() || stop.load(Ordering::Acquire) {
                                return;
                            }
                        }
                        () = &mut over => return,
                    }
                }
            });
        }
        self.end_session();
    }

    /// Takes the next step.
    fn turn(&mut self) -> Turn {
        let open = match self
            .notice_outages()
            .and_then(|()| self.parts.reader.open_registrations())
        {
            Ok(open) => open,
            Err(error) => {
                tracing::error!("the registrations cannot be read: {error}");
                return Turn::Rest(LOOK_EVERY);
            }
        };
        self.show(&open);
        let Some(user) = self.user.usable() else {
            return Turn::Rest(LOOK_EVERY);
        };
        let next = match self.next(&open) {
            Ok(next) => next,
            Err(error) => {
                tracing::error!("the registrations cannot be read: {error}");
                return Turn::Rest(LOOK_EVERY);
            }
        };
        let Some(next) = next else {
            self.end_session();
            return Turn::Rest(LOOK_EVERY);
        };
        match self.take(&user, next) {
            Ok(()) => {
                self.failures = 0;
                Turn::Again
            }
            Err(pause) => Turn::Pause(pause),
        }
    }

    /// Takes a step in a session. `Err` is how long to wait before the next attempt.
    fn take(&mut self, user: &FinanzOnlineUser, next: &Registration) -> Result<(), Duration> {
        let session = match &self.session {
            Some((session, of)) if of == user => session.clone(),
            _ => self.begin_session(user)?,
        };
        self.packet = self.next_packet();
        let context = StepContext {
            parts: &self.parts,
            user,
            session: &session,
            packet: std::cell::Cell::new(self.packet),
        };
        let performed = step::perform(&context, next);
        self.packet = context.packet.get();
        match performed {
            Performed::Answered { done, answered } => {
                self.answered(next, done, answered);
                Ok(())
            }
            Performed::NewSession => {
                // The session is begun again at once, but not for ever.
                self.session = None;
                self.failures = self.failures.saturating_add(1);
                match self.failures {
                    1 => Ok(()),
                    _ => Err(self.pause("the session has ended")),
                }
            }
            Performed::Later(why) => Err(self.failed(&why)),
        }
    }

    fn answered(&mut self, step: &Registration, done: bool, answered: Answered) {
        let Registration {
            step,
            subject,
            due_seq,
            ..
        } = step;
        let name = step.name();
        if done {
            tracing::info!(event = "registration", step = name, subject, "is done");
        } else {
            let Answered { code, message } = &answered;
            tracing::warn!(
                event = "registration",
                step = name,
                subject,
                code,
                "is refused: {message}"
            );
        }
        self.answered.insert((*step, subject.clone()), *due_seq);
        self.parts
            .clerk_handle
            .send(Message::Registration(RegistrationNews::Answered {
                step: *step,
                subject: subject.clone(),
                due_seq: *due_seq,
                done,
                code: answered.code,
                message: answered.message,
            }));
    }

    fn begin_session(&mut self, user: &FinanzOnlineUser) -> Result<String, Duration> {
        self.session = None;
        let request = login(user, &self.parts.config.manufacturer_id);
        let answer = call(&self.parts.config.url, Action::Login, &request);
        let answer = answer.and_then(|(body, date_ms)| {
            if let Some(date_ms) = date_ms {
                self.parts.guard.authority_says(date_ms);
            }
            login_answer(&body).map_err(|why| CallFailure::Foreign { status: 200, why })
        });
        match answer {
            Ok(LoginAnswer::Session(session)) => {
                self.session = Some((session.clone(), user.clone()));
                Ok(session)
            }
            Ok(LoginAnswer::Later(answered)) => Err(self.failed(&words(&answered))),
            Ok(LoginAnswer::Refused(answered)) => {
                self.user.refused(user, &answered);
                self.show_refused_user();
                Err(LOOK_EVERY)
            }
            Err(failure) => Err(self.failed(&failure.to_string())),
        }
    }

    fn end_session(&mut self) {
        if let Some((session, user)) = self.session.take() {
            // A session that is not ended ends by itself.
            let request = logout(&user, &session);
            if let Err(failure) = call(&self.parts.config.url, Action::Logout, &request) {
                tracing::debug!("the session could not be ended: {failure}");
            }
        }
    }

    /// Notes that the authority did not answer, and returns how long to wait.
    fn failed(&mut self, why: &str) -> Duration {
        self.session = None;
        self.failures = self.failures.saturating_add(1);
        self.pause(why)
    }

    fn pause(&self, why: &str) -> Duration {
        tracing::debug!("registrations wait: {why}");
        Duration::from_millis(self.backoff.wait_ms(self.failures, None).max(1))
    }

    /// The numbers of requests rise: seconds since 2020, or one more than the last number.
    fn next_packet(&self) -> u32 {
        let seconds = self.parts.guard.now().utc_ms.div_euclid(1_000);
        let since = seconds.saturating_sub(EPOCH_S).clamp(1, PACKET_MAX);
        u32::try_from(since)
            .unwrap_or(1)
            .max(self.packet.saturating_add(1))
    }

    /// Makes the reports of outages due: of 48 hours, also if the outage is over, and of their end.
    fn notice_outages(&self) -> Result<(), StoreError> {
        let now = self.parts.guard.now().utc_ms;
        for outage in self.parts.reader.unit_outages()? {
            let UnitOutage {
                serial,
                began_ms,
                ended_ms,
            } = &outage;
            let lasted = ended_ms.unwrap_or(now).saturating_sub(*began_ms);
            if lasted < OUTAGE_REPORTED_MS {
                continue;
            }
            let subject = format!("{serial}_{began_ms}");
            let steps = [
                (RegistrationStep::UnitFails, true),
                (RegistrationStep::UnitWorks, ended_ms.is_some()),
            ];
            for (step, due) in steps {
                if due && self.parts.reader.registration(step, &subject)?.is_none() {
                    self.want(step, &subject);
                }
            }
        }
        Ok(())
    }

    fn want(&self, step: RegistrationStep, subject: &str) {
        self.parts
            .clerk_handle
            .send(Message::Registration(RegistrationNews::Wanted {
                step,
                subject: subject.to_owned(),
                row: 0,
            }));
    }

    /// The first step that can be taken: nothing that it needs is missing, and it was not answered in this run.
    fn next<'r>(&self, open: &'r [Registration]) -> Result<Option<&'r Registration>, StoreError> {
        for registration in open {
            let key = (registration.step, registration.subject.clone());
            let is_answered = self.answered.get(&key) == Some(&registration.due_seq);
            if !is_answered && self.is_ready(registration, open)? {
                return Ok(Some(registration));
            }
        }
        Ok(None)
    }

    /// Whether everything is done that a step needs.
    fn is_ready(
        &self,
        registration: &Registration,
        open: &[Registration],
    ) -> Result<bool, StoreError> {
        use RegistrationStep::{
            CashBox, CashBoxEnds, CashBoxFails, CashBoxWorks, Receipt, Unit, UnitEnds, UnitFails,
            UnitWorks,
        };
        let subject = registration.subject.as_str();
        let before_mark = subject
            .rsplit_once('_')
            .map_or(subject, |(before, _)| before);
        let is_done = |step, subject: &str| {
            let found = self.parts.reader.registration(step, subject)?;
            Ok(found.is_some_and(|found| found.state == RegistrationState::Done))
        };
        match registration.step {
            Unit => Ok(true),
            CashBox => self.parts.reader.has_registered_unit(),
            Receipt => is_done(CashBox, before_mark),
            UnitFails => is_done(Unit, before_mark),
            UnitWorks => is_done(UnitFails, subject),
            // Its receipts are checked first, because the authority knows it no more afterwards.
            CashBoxEnds => Ok(!self.asked_checks.has_receipt_of(subject)
                && receipts_checked(subject, open)
                && is_done(CashBox, subject)?),
            // A cash box is in operation from the check of its start receipt on.
            CashBoxFails => {
                Ok(receipts_checked(before_mark, open) && is_done(CashBox, before_mark)?)
            }
            CashBoxWorks => is_done(CashBoxFails, subject),
            // Everything that needs the unit in operation comes first.
            UnitEnds if !self.asked_checks.is_empty() => Ok(false),
            UnitEnds => {
                for step in open {
                    let waits = step.state == RegistrationState::Waiting
                        && step.step != UnitEnds
                        && step.due_seq < registration.due_seq;
                    if waits && self.is_ready(step, open)? {
                        return Ok(false);
                    }
                }
                is_done(Unit, subject)
            }
        }
    }

    /// Shows in the live status what is refused, and what waits for too long.
    fn show(&self, open: &[Registration]) {
        let problems = self.parts.live_status.problems();
        let now = self.parts.guard.now().utc_ms;
        let refused = open
            .iter()
            .find(|step| step.state == RegistrationState::Refused);
        match refused {
            None => problems.clear(ProblemKind::REGISTRATION_REFUSED, None),
            Some(refused) => {
                let answer = refused.answer.as_ref();
                let (code, message) = answer.map_or(("", ""), |answer| {
                    (answer.code.as_str(), answer.message.as_str())
                });
                problems.raise(HealthProblem {
                    kind: ProblemKind::REGISTRATION_REFUSED,
                    device: None,
                    since_ms: now,
                    says: format!(
                        "the tax authority refuses {} {}: code {code} {message}",
                        what(refused.step),
                        refused.subject
                    ),
                    fix: "correct the cause in the portal of the tax authority; the till tries again at its next start".to_owned(),
                });
            }
        }
        let waits = open
            .iter()
            .find(|step| step.state == RegistrationState::Waiting);
        let late = waits.filter(|step| {
            now.saturating_sub(step.due_ms) >= WAITS_TOO_LONG_MS || self.user.usable().is_none()
        });
        match late {
            None => problems.clear(ProblemKind::REGISTRATION_WAITS, None),
            Some(step) => problems.raise(HealthProblem {
                kind: ProblemKind::REGISTRATION_WAITS,
                device: None,
                since_ms: now,
                says: format!(
                    "{} {} is not done at the tax authority yet",
                    what(step.step),
                    step.subject
                ),
                fix: "check network and user of [finanzonline]; a start receipt must be checked within a week, the receipt of a year until 15 February".to_owned(),
            }),
        }
        self.show_refused_user();
    }

    fn show_refused_user(&self) {
        let problems = self.parts.live_status.problems();
        match self.user.refusal() {
            None => problems.clear(ProblemKind::REGISTRATION_USER_REFUSED, None),
            Some(answered) => problems.raise(HealthProblem {
                kind: ProblemKind::REGISTRATION_USER_REFUSED,
                device: None,
                since_ms: self.parts.guard.now().utc_ms,
                says: format!(
                    "the tax authority refuses the user of [finanzonline]: {}",
                    words(&answered)
                ),
                fix: "correct participant_id, user_id and the PIN; the same PIN is not sent again, because the authority locks a user after several wrong ones".to_owned(),
            }),
        }
    }
}

/// Whether no receipt of a cash box waits for its check.
fn receipts_checked(cash_box: &str, open: &[Registration]) -> bool {
    let of_this = |step: &&Registration| {
        let of = step.subject.rsplit_once('_').map(|(of, _)| of);
        step.step == RegistrationStep::Receipt && of == Some(cash_box)
    };
    open.iter()
        .filter(of_this)
        .all(|step| step.state == RegistrationState::Refused)
}

/// 2020-01-01, in seconds since the epoch.
const EPOCH_S: i64 = 1_577_836_800;
/// The largest number of a request.
const PACKET_MAX: i64 = 999_999_000;

/// What a step is, in the words of a message.
const fn what(step: RegistrationStep) -> &'static str {
    match step {
        RegistrationStep::Unit => "the registration of the signature unit",
        RegistrationStep::CashBox => "the registration of the cash box",
        RegistrationStep::Receipt => "the check of the receipt",
        RegistrationStep::UnitFails => "the report of the outage",
        RegistrationStep::UnitWorks => "the report of the end of the outage",
        RegistrationStep::CashBoxEnds => "the end of the cash box",
        RegistrationStep::UnitEnds => "the end of the signature unit",
        RegistrationStep::CashBoxFails => "the report of the outage of the cash box",
        RegistrationStep::CashBoxWorks => "the report that the cash box works again",
    }
}

fn words(answered: &Answered) -> String {
    match answered.message.as_str() {
        "" => format!("code {}", answered.code),
        message => format!("code {}, {message}", answered.code),
    }
}

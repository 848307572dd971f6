//! Whether the tax office can be reached, judged by forward progress alone.
//!
//! The signal is an answer that parses, even a refusal; there is no ping.
//! The state decides which kind of receipt is sold, so it changes rarely: it takes several failures, or some time without an answer
//! since the first one, to go offline, and a dwell time and two answers to come back.
//! Flapping makes the dwell longer, but only so far that fiscal receipts return within [`RETURN_MS_MAX`] after the
//! office answers again.
//!
//! Pure: the time is given, in milliseconds of any clock. Only its steps forward count, so a clock that goes back is harmless.

use std::fmt;

use super::backoff::Backoff;
use crate::authority::failure::{DeliveryFailure, Progress};

/// Where the till stands with the tax office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The last attempt was answered, or none was made yet.
    Online,
    /// Attempts fail, but not for long enough to sell differently.
    Suspect,
    /// The office is gone: alternative receipts are sold and it is tried on a schedule.
    Offline,
    /// The office has answered once after the dwell; one more answer ends the outage.
    Recovering,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Online => "online",
            Self::Suspect => "suspect",
            Self::Offline => "offline",
            Self::Recovering => "recovering",
        })
    }
}

/// A change of state, for the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Why.
    pub reason: Reason,
}

/// Why the state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An attempt failed.
    Failed(DeliveryFailure),
    /// No answer since an attempt failed.
    Silent(DeliveryFailure),
    /// The office answered.
    Answered,
    /// The dwell time is over and the office has answered meanwhile.
    Dwelt,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Silent(failure) => write!(f, "{failure}, and no answer since"),
            Self::Answered => f.write_str("the office answered"),
            Self::Dwelt => f.write_str("the office answered throughout the dwell time"),
        }
    }
}

/// When the office counts as gone, and for how long at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// So many failures in a row make the office offline…
    pub failures: u32,
    /// …or so many milliseconds since the first of them without an answer.
    pub failing_ms: u64,
    /// Milliseconds that offline lasts at least; flapping doubles it, up to [`DWELL_MS_MAX`].
    pub dwell_ms: u64,
}

/// The state machine.
///
/// The worker calls [`Reachability::attempt_at`] to know when to try, [`Reachability::started`] when it does, and
/// [`Reachability::observe`] with what came of it; [`Reachability::tick`] lets time alone do its part.
#[derive(Clone, Debug)]
pub struct Reachability {
    thresholds: Thresholds,
    backoff: Backoff,
    state: State,
    /// The caller's clock at the last call, and the steps forward it has made since the first.
    clock: Option<u64>,
    elapsed: u64,
    /// Failures in a row, and when the first of them was seen.
    failures: u32,
    failing_since: u64,
    /// The last failure.
    failure: DeliveryFailure,
    /// Refusals in a row: the office lives, but knocking without a pause helps nobody.
    refusals: u32,
    /// Answers in a row since the state became offline.
    answers: u32,
    /// Whether a document was left unsent after the last attempt.
    pending: bool,
    offline_since: u64,
    /// When the till last came back, and how often it has fallen again soon after.
    online_since: Option<u64>,
    flaps: u32,
    next_attempt: u64,
}

impl Reachability {
    /// Online until documents prove otherwise; `seed` spreads the retries of different tills.
    #[must_use]
    pub const fn new(thresholds: Thresholds, seed: u64) -> Self {
        Self {
            thresholds,
            backoff: Backoff::new(seed),
            state: State::Online,
            clock: None,
            elapsed: 0,
            failures: 0,
            failing_since: 0,
            failure: DeliveryFailure::Unreachable,
            refusals: 0,
            answers: 0,
            pending: false,
            offline_since: 0,
            online_since: None,
            flaps: 0,
            next_attempt: 0,
        }
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Whether sales get alternative receipts, where the device has them.
    #[must_use]
    pub const fn sells_alternative(&self) -> bool {
        matches!(self.state, State::Offline | State::Recovering)
    }

    /// A document has come into the outbox: while the office is not offline it is tried at once.
    pub fn document_added(&mut self, now_ms: u64) {
        let now = self.advance(now_ms);
        self.pending = true;
        // An office that has answered since it went offline is tried at once too, to end the outage.
        if self.state != State::Offline || self.answers > 0 {
            self.next_attempt = now;
        }
    }

    /// When the next attempt is due, on the caller's clock; never before `now_ms`, and soon enough that the office
    /// is tried every ten seconds while it is offline. Without an unsent document there is nothing to try.
    #[must_use]
    pub fn attempt_at(&mut self, now_ms: u64) -> u64 {
        let now = self.advance(now_ms);
        now_ms.saturating_add(self.next_attempt.saturating_sub(now))
    }

    /// When [`Reachability::tick`] has something to do, if ever: the end of a suspicion, or of the dwell time.
    #[must_use]
    pub fn tick_at(&mut self, now_ms: u64) -> Option<u64> {
        let now = self.advance(now_ms);
        let due = match self.state {
            State::Suspect => self
                .failing_since
                .saturating_add(self.thresholds.failing_ms),
            State::Offline if self.answers > 0 => {
                self.offline_since.saturating_add(self.dwell_ms())
            }
            _ => return None,
        };
        Some(now_ms.saturating_add(due.saturating_sub(now)))
    }

    /// An attempt begins now. While the office is offline, the pause until the next one counts from here.
    pub fn started(&mut self, now_ms: u64) {
        let now = self.advance(now_ms);
        if self.state == State::Offline {
            self.next_attempt = now.saturating_add(OFFLINE_STEP_MS);
        }
    }

    /// What came of an attempt, and whether a document is still unsent after it.
    pub fn observe(&mut self, now_ms: u64, progress: Progress, pending: bool) -> Option<Switch> {
        let now = self.advance(now_ms);
        self.pending = pending;
        match progress {
            Progress::Failed(failure) => self.failed(now, failure),
            Progress::Acknowledged => {
                self.refusals = 0;
                self.answered(now)
            }
            Progress::Refused => {
                self.refusals = self.refusals.saturating_add(1);
                self.answered(now)
            }
        }
    }

    /// The server has asked to be left alone for a while; honoured up to the bound of [`Backoff`].
    pub fn retry_after(&mut self, now_ms: u64, wait_ms: u64) {
        let now = self.advance(now_ms);
        let until = now.saturating_add(wait_ms.min(super::backoff::LONGEST_MS));
        self.next_attempt = self.next_attempt.max(until);
    }

    /// Lets time do its part: a suspicion that lasts too long, or the end of a dwell during which the office has answered.
    pub fn tick(&mut self, now_ms: u64) -> Option<Switch> {
        let now = self.advance(now_ms);
        if self.state == State::Suspect && self.failing_for_long(now) {
            return self.fall(now, Reason::Silent(self.failure));
        }
        if self.state != State::Offline || self.answers == 0 || !self.dwell_elapsed(now) {
            return None;
        }
        self.go_online(now, Reason::Dwelt)
    }

    fn failed(&mut self, now: u64, failure: DeliveryFailure) -> Option<Switch> {
        self.refusals = 0;
        self.answers = 0;
        if self.failures == 0 {
            self.failing_since = now;
        }
        self.failures = self.failures.saturating_add(1);
        self.failure = failure;
        let reason = Reason::Failed(failure);
        match self.state {
            State::Offline => {
                self.next_attempt = self.next_attempt.max(now);
                None
            }
            State::Recovering => self.fall(now, reason),
            State::Online | State::Suspect => {
                if self.failures >= self.thresholds.failures || self.failing_for_long(now) {
                    return self.fall(now, reason);
                }
                let wait = self
                    .backoff
                    .up_to(SUSPECT_STEP_MS_MAX)
                    .wait_ms(self.failures, None);
                self.next_attempt = now.saturating_add(wait);
                self.switch(State::Suspect, reason)
            }
        }
    }

    fn answered(&mut self, now: u64) -> Option<Switch> {
        self.failures = 0;
        self.answers = self.answers.saturating_add(1);
        self.next_attempt = now.saturating_add(
            self.backoff
                .up_to(OFFLINE_STEP_MS)
                .wait_ms(self.refusals, None),
        );
        match self.state {
            State::Online | State::Suspect => self.switch(State::Online, Reason::Answered),
            State::Offline if !self.dwell_elapsed(now) => None,
            State::Offline | State::Recovering => self.go_online(now, Reason::Answered),
        }
    }

    /// Two answers end an outage; one does if there is nothing left to try the office with.
    fn go_online(&mut self, now: u64, reason: Reason) -> Option<Switch> {
        if self.answers < ANSWERS_TO_RETURN && self.pending {
            return self.switch(State::Recovering, reason);
        }
        self.online_since = Some(now);
        self.switch(State::Online, reason)
    }

    fn fall(&mut self, now: u64, reason: Reason) -> Option<Switch> {
        let soon = self.state == State::Recovering
            || self
                .online_since
                .is_some_and(|since| now.saturating_sub(since) < FLAP_WINDOW_MS);
        self.flaps = if soon {
            self.flaps.saturating_add(1)
        } else {
            0
        };
        self.offline_since = now;
        self.answers = 0;
        self.next_attempt = now.saturating_add(self.thresholds.dwell_ms.min(FIRST_STEP_MS_MAX));
        self.switch(State::Offline, reason)
    }

    fn switch(&mut self, to: State, reason: Reason) -> Option<Switch> {
        let from = std::mem::replace(&mut self.state, to);
        (from != to).then_some(Switch { from, to, reason })
    }

    /// It takes more than one failure, unless there has been no answer since for long enough.
    const fn failing_for_long(&self, now: u64) -> bool {
        now.saturating_sub(self.failing_since) >= self.thresholds.failing_ms
    }

    fn dwell_elapsed(&self, now: u64) -> bool {
        now.saturating_sub(self.offline_since) >= self.dwell_ms()
    }

    fn dwell_ms(&self) -> u64 {
        let factor = 1_u64.checked_shl(self.flaps).unwrap_or(u64::MAX);
        self.thresholds
            .dwell_ms
            .saturating_mul(factor)
            .min(DWELL_MS_MAX)
    }

    /// Our own time: the steps forward that the caller's clock has made.
    fn advance(&mut self, now_ms: u64) -> u64 {
        let step = self.clock.map_or(0, |clock| now_ms.saturating_sub(clock));
        self.clock = Some(now_ms);
        self.elapsed = self.elapsed.saturating_add(step);
        self.elapsed
    }
}

/// Fiscal receipts return within this time after the office answers again, whatever happened before.
pub const RETURN_MS_MAX: u64 = 60_000;
/// The longest dwell, however often the line has flapped: with the last failing attempt (up to ten seconds) before it and
/// one step after it, it stays below [`RETURN_MS_MAX`].
pub const DWELL_MS_MAX: u64 = 40_000;

const ANSWERS_TO_RETURN: u32 = 2;
/// An outage this soon after the last one is flapping.
const FLAP_WINDOW_MS: u64 = 600_000;
/// The first attempt after going offline waits for the dwell, but no longer than this.
const FIRST_STEP_MS_MAX: u64 = 10_000;
const OFFLINE_STEP_MS: u64 = 5_000;
/// While suspect, retries stay close together, so that the question is settled soon.
const SUSPECT_STEP_MS_MAX: u64 = 1_000;

#[cfg(test)]
mod tests;

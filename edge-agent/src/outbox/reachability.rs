//! Whether the authority can be reached. Only the results of delivery attempts decide that; there is no ping.
//!
//! An answer that can be parsed shows that the authority works, even if the answer is a refusal.
//! The state decides which kind of receipt is sold, so it must change rarely.
//! The state becomes offline after several failures in a row, or after some time without an answer since the first failure.
//! The state becomes online again after two answers, and not before the dwell time is over: the shortest time that offline lasts.
//! If the state changes often, the dwell time grows.
//! The dwell time is limited, so that fiscal receipts return within [`RETURN_MS_MAX`] after the authority answers again.
//!
//! Pure: the time is an argument, in milliseconds of any clock. Only its steps forward count; a clock that goes back does no harm.

use std::fmt;

use super::backoff::Backoff;
use crate::authority::failure::{DeliveryFailure, Progress};

/// The state of the authority: whether the till can reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The last attempt was answered, or none was made yet.
    Online,
    /// Attempts fail, but not for long enough to sell alternative receipts.
    Suspect,
    /// The authority cannot be reached. The authority counts as unreachable: sales get alternative receipts, and delivery attempts follow a schedule.
    Offline,
    /// The authority has answered once after the dwell time. One more answer ends the outage.
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
    /// The state before the change.
    pub from: State,
    /// The state after the change.
    pub to: State,
    /// The reason of the change.
    pub reason: Reason,
}

/// Why the state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// An attempt failed.
    Failed(DeliveryFailure),
    /// An attempt failed, and after it no answer came for too long.
    NoAnswerSince(DeliveryFailure),
    /// The authority answered.
    Answered,
    /// The dwell time is over, and the authority answered during it.
    DwellOver,
}

impl Reason {
    /// The failure behind the change, if there was one.
    #[must_use]
    pub const fn failure(self) -> Option<DeliveryFailure> {
        match self {
            Self::Failed(failure) | Self::NoAnswerSince(failure) => Some(failure),
            Self::Answered | Self::DwellOver => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::NoAnswerSince(failure) => write!(f, "{failure}, and no answer since"),
            Self::Answered => f.write_str("the tax authority answered"),
            Self::DwellOver => f.write_str("the tax authority answered during the dwell time"),
        }
    }
}

/// When the authority counts as offline, and for how long at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// This many failures in a row make the state offline.
    pub failures: u32,
    /// This many milliseconds without an answer since the first failure also make the state offline.
    pub failing_ms: u64,
    /// The dwell time: milliseconds that offline lasts at least. Each new outage soon after the last one doubles it, up to [`DWELL_MS_MAX`].
    pub dwell_ms: u64,
}

/// The state machine.
///
/// The worker calls [`Reachability::attempt_at`] to know when to try, [`Reachability::started`] when it tries, and
/// [`Reachability::observe`] with the result. [`Reachability::tick`] makes the changes that depend on time alone.
#[derive(Clone, Debug)]
pub struct Reachability {
    thresholds: Thresholds,
    backoff: Backoff,
    state: State,
    /// The last reading of the caller's clock, in milliseconds.
    clock: Option<u64>,
    /// The sum of the clock's steps forward since the first call, in milliseconds. All other times here are of this kind.
    elapsed: u64,
    /// The number of failed attempts in a row.
    failures: u32,
    /// The time at which the first of the failures in a row was observed.
    failing_since: u64,
    /// The last failure.
    failure: DeliveryFailure,
    /// Answers in a row since the state became offline.
    answers: u32,
    /// Whether a document was left unsent after the last attempt.
    pending: bool,
    offline_since: u64,
    /// The time at which the last outage ended.
    online_since: Option<u64>,
    /// The number of outages in a row that began soon after the previous outage.
    flaps: u32,
    next_attempt: u64,
}

impl Reachability {
    /// Online until an attempt fails. `seed` makes the waits of this till differ from those of others ([`Backoff`]).
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

    /// Whether sales get alternative receipts, if the device has numbers for them.
    #[must_use]
    pub const fn sells_alternative(&self) -> bool {
        matches!(self.state, State::Offline | State::Recovering)
    }

    /// A document was added to the outbox. An attempt is due at once, unless the authority is offline.
    pub fn document_added(&mut self, now_ms: u64) {
        let now = self.advance(now_ms);
        self.pending = true;
        // If the authority has answered during the outage, an attempt is due at once too: another answer can end the outage.
        if self.state != State::Offline || self.answers > 0 {
            self.next_attempt = now;
        }
    }

    /// When the next attempt is due, on the caller's clock. The result is never before `now_ms`, and at most ten seconds after it.
    /// The caller makes an attempt only if there is an unsent document.
    #[must_use]
    pub fn attempt_at(&mut self, now_ms: u64) -> u64 {
        let now = self.advance(now_ms);
        now_ms.saturating_add(self.next_attempt.saturating_sub(now))
    }

    /// When [`Reachability::tick`] will change the state, if ever: at the end of the suspect time, or of the dwell time.
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

    /// An attempt begins now. While the authority is offline, the pause until the next attempt is counted from here.
    pub fn started(&mut self, now_ms: u64) {
        let now = self.advance(now_ms);
        if self.state == State::Offline {
            self.next_attempt = now.saturating_add(OFFLINE_STEP_MS);
        }
    }

    /// The result of an attempt. `pending` tells whether a document is still unsent after it.
    pub fn observe(&mut self, now_ms: u64, progress: Progress, pending: bool) -> Option<Switch> {
        let now = self.advance(now_ms);
        self.pending = pending;
        match progress {
            Progress::Failed(failure) => self.failed(now, failure),
            // A refusal proves that the recipient works. The refused document waits, and no other document waits for it.
            Progress::Acknowledged | Progress::Refused => self.answered(now),
        }
    }

    /// The server has demanded a pause with `Retry-After`, in milliseconds. The demand is followed up to [`LONGEST_MS`](super::backoff::LONGEST_MS).
    pub fn retry_after(&mut self, now_ms: u64, wait_ms: u64) {
        let now = self.advance(now_ms);
        let until = now.saturating_add(wait_ms.min(super::backoff::LONGEST_MS));
        self.next_attempt = self.next_attempt.max(until);
    }

    /// Makes the changes that depend on time alone: suspect for too long, or the end of a dwell time during which the authority answered.
    pub fn tick(&mut self, now_ms: u64) -> Option<Switch> {
        let now = self.advance(now_ms);
        if self.state == State::Suspect && self.failing_for_long(now) {
            return self.go_offline(now, Reason::NoAnswerSince(self.failure));
        }
        if self.state != State::Offline || self.answers == 0 || !self.dwell_elapsed(now) {
            return None;
        }
        self.go_online(now, Reason::DwellOver)
    }

    fn failed(&mut self, now: u64, failure: DeliveryFailure) -> Option<Switch> {
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
            State::Recovering => self.go_offline(now, reason),
            State::Online | State::Suspect => {
                if self.failures >= self.thresholds.failures || self.failing_for_long(now) {
                    return self.go_offline(now, reason);
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
        self.next_attempt = now;
        match self.state {
            State::Online | State::Suspect => self.switch(State::Online, Reason::Answered),
            State::Offline if !self.dwell_elapsed(now) => None,
            State::Offline | State::Recovering => self.go_online(now, Reason::Answered),
        }
    }

    /// Two answers end an outage. One answer is enough if no unsent document is left for another attempt.
    fn go_online(&mut self, now: u64, reason: Reason) -> Option<Switch> {
        if self.answers < ANSWERS_TO_RETURN && self.pending {
            return self.switch(State::Recovering, reason);
        }
        self.online_since = Some(now);
        self.switch(State::Online, reason)
    }

    fn go_offline(&mut self, now: u64, reason: Reason) -> Option<Switch> {
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

    /// Whether the time since the first failure is long enough to go offline, however few attempts have failed.
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

    /// The machine's own time in milliseconds: the sum of the steps forward of the caller's clock.
    fn advance(&mut self, now_ms: u64) -> u64 {
        let step = self.clock.map_or(0, |clock| now_ms.saturating_sub(clock));
        self.clock = Some(now_ms);
        self.elapsed = self.elapsed.saturating_add(step);
        self.elapsed
    }
}

/// Fiscal receipts return within this many milliseconds after the authority answers again, whatever happened before.
pub const RETURN_MS_MAX: u64 = 60_000;
/// The longest dwell time in milliseconds, however often the line has failed.
/// Together with the last failed attempt before it (up to ten seconds) and one step after it, the sum stays below [`RETURN_MS_MAX`].
pub const DWELL_MS_MAX: u64 = 40_000;

/// The number of answers that end an outage while documents are unsent.
const ANSWERS_TO_RETURN: u32 = 2;
/// If an outage begins within this many milliseconds after the last one, the dwell time doubles.
const FLAP_WINDOW_MS: u64 = 600_000;
/// The first attempt after going offline waits for the dwell time, but no longer than this many milliseconds.
const FIRST_STEP_MS_MAX: u64 = 10_000;
/// Milliseconds between two attempts while offline.
const OFFLINE_STEP_MS: u64 = 5_000;
/// The longest pause in milliseconds between two attempts while suspect, so that the state is decided soon.
const SUSPECT_STEP_MS_MAX: u64 = 1_000;

#[cfg(test)]
mod tests;

//! Whether the tax office can be reached, judged by forward progress alone.
//!
//! The signal is an answer that parses, even a refusal; there is no ping.
//! The state decides which kind of receipt is sold, so it changes rarely: it takes several failures over some time to go
//! offline, and a dwell time and two answers to come back.
//! Flapping makes the dwell longer, but only so far that fiscal receipts return within [`RETURN_MS_MAX`] after the
//! office answers again.
//!
//! Pure: the time is given, in milliseconds of any clock. Only its steps forward count, so a clock that goes back is harmless.

use std::fmt;

use super::backoff::Backoff;

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

/// What became of one attempt to deliver a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// The office took the document.
    Acknowledged,
    /// The office did not take it, in an answer that parses: it lives.
    Refused,
    /// No such answer came.
    Failed(Failure),
}

/// Why an attempt brought no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No connection: refused, no route, no such host.
    Unreachable,
    /// The connection broke before the answer was whole.
    Broken,
    /// No whole answer in time.
    TimedOut,
    /// The server says that it cannot now: 5xx, 408, 425, 429.
    Unable,
    /// Something answered that is not the office: a login page, a redirect, a body without end.
    Stranger,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreachable => "no connection",
            Self::Broken => "the connection broke",
            Self::TimedOut => "no answer in time",
            Self::Unable => "the server is unable to answer",
            Self::Stranger => "the answer is not the tax office's",
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
    Failed(Failure),
    /// The office answered.
    Answered,
    /// The dwell time is over and the office has answered meanwhile.
    Dwelt,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Answered => f.write_str("the office answered"),
            Self::Dwelt => f.write_str("the office answered throughout the dwell time"),
        }
    }
}

/// When the office counts as gone, and for how long at least.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Failures in a row that it takes to go offline…
    pub failures: u32,
    /// …and milliseconds from the first of them to the last, at least.
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

    /// When [`Reachability::tick`] has something to do, if ever: the end of the dwell time.
    #[must_use]
    pub fn tick_at(&mut self, now_ms: u64) -> Option<u64> {
        let now = self.advance(now_ms);
        let waits = self.state == State::Offline && self.answers > 0;
        waits.then(|| {
            let dwelt = self.offline_since.saturating_add(self.dwell_ms());
            now_ms.saturating_add(dwelt.saturating_sub(now))
        })
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

    /// Lets time do its part: the end of a dwell during which the office has answered.
    pub fn tick(&mut self, now_ms: u64) -> Option<Switch> {
        let now = self.advance(now_ms);
        if self.state != State::Offline || self.answers == 0 || !self.dwelt(now) {
            return None;
        }
        self.come_back(now, Reason::Dwelt)
    }

    fn failed(&mut self, now: u64, failure: Failure) -> Option<Switch> {
        self.refusals = 0;
        self.answers = 0;
        if self.failures == 0 {
            self.failing_since = now;
        }
        self.failures = self.failures.saturating_add(1);
        let reason = Reason::Failed(failure);
        match self.state {
            State::Offline => {
                self.next_attempt = self.next_attempt.max(now);
                None
            }
            State::Recovering => self.fall(now, reason),
            State::Online | State::Suspect => {
                let long_enough =
                    now.saturating_sub(self.failing_since) >= self.thresholds.failing_ms;
                if self.failures >= self.thresholds.failures && long_enough {
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
            State::Offline if !self.dwelt(now) => None,
            State::Offline | State::Recovering => self.come_back(now, Reason::Answered),
        }
    }

    /// Two answers end an outage; one does if there is nothing left to try the office with.
    fn come_back(&mut self, now: u64, reason: Reason) -> Option<Switch> {
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

    fn dwelt(&self, now: u64) -> bool {
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
mod tests {
    use super::Progress::{Acknowledged, Refused};
    use super::{
        DWELL_MS_MAX, Failure, Progress, RETURN_MS_MAX, Reachability, Reason, State, Switch,
        Thresholds,
    };

    const FAILED: Progress = Progress::Failed(Failure::Broken);
    const THRESHOLDS: Thresholds = Thresholds {
        failures: 3,
        failing_ms: 3_000,
        dwell_ms: 10_000,
    };

    fn machine() -> Reachability {
        Reachability::new(THRESHOLDS, 7)
    }

    /// Plays `(time, progress, pending, state after)` and names the step that differs.
    fn play(machine: &mut Reachability, steps: &[(u64, Progress, bool, State)]) {
        for (index, (now, progress, pending, state)) in steps.iter().enumerate() {
            machine.started(*now);
            machine.observe(*now, *progress, *pending);
            assert_eq!(machine.state(), *state, "step {index} at {now}");
        }
    }

    #[test]
    fn it_takes_failures_and_time_to_go_offline() {
        play(
            &mut machine(),
            &[
                (0, FAILED, true, State::Suspect),
                (100, FAILED, true, State::Suspect),
                (200, FAILED, true, State::Suspect),
                (2_999, FAILED, true, State::Suspect),
                (3_000, FAILED, true, State::Offline),
            ],
        );
        play(
            &mut machine(),
            &[
                (0, FAILED, true, State::Suspect),
                (9_000, FAILED, true, State::Suspect),
                (9_100, FAILED, true, State::Offline),
            ],
        );
    }

    #[test]
    fn one_answer_ends_a_suspicion_even_a_refusal() {
        for answer in [Acknowledged, Refused] {
            play(
                &mut machine(),
                &[
                    (0, FAILED, true, State::Suspect),
                    (2_000, FAILED, true, State::Suspect),
                    (2_500, answer, true, State::Online),
                    (2_600, FAILED, true, State::Suspect),
                    (5_599, FAILED, true, State::Suspect),
                    (5_600, FAILED, true, State::Offline),
                ],
            );
        }
    }

    /// A machine that went offline at three seconds.
    fn offline() -> Reachability {
        let mut machine = machine();
        play(
            &mut machine,
            &[
                (0, FAILED, true, State::Suspect),
                (1_000, FAILED, true, State::Suspect),
                (3_000, FAILED, true, State::Offline),
            ],
        );
        assert!(machine.sells_alternative());
        machine
    }

    #[test]
    fn two_answers_after_the_dwell_bring_fiscal_receipts_back() {
        let mut machine = offline();
        assert_eq!(machine.attempt_at(3_000), 13_000);
        play(
            &mut machine,
            &[(13_000, Acknowledged, true, State::Recovering)],
        );
        assert!(machine.sells_alternative());
        assert_eq!(machine.attempt_at(13_000), 13_000);
        let switch = machine.observe(13_010, Acknowledged, true);
        assert_eq!(
            switch,
            Some(Switch {
                from: State::Recovering,
                to: State::Online,
                reason: Reason::Answered
            })
        );
        assert!(!machine.sells_alternative());
    }

    #[test]
    fn the_only_document_is_trial_enough() {
        play(
            &mut offline(),
            &[(13_000, Acknowledged, false, State::Online)],
        );
    }

    #[test]
    fn answers_within_the_dwell_count_when_it_ends() {
        let mut machine = offline();
        play(
            &mut machine,
            &[(8_000, Acknowledged, false, State::Offline)],
        );
        assert_eq!(machine.tick_at(8_000), Some(13_000));
        assert_eq!(machine.tick(12_999), None);
        let switch = machine.tick(13_000);
        assert_eq!(switch.map(|switch| switch.to), Some(State::Online));
        assert_eq!(switch.map(|switch| switch.reason), Some(Reason::Dwelt));
        assert_eq!(machine.tick_at(13_000), None);
    }

    #[test]
    fn while_offline_a_new_document_waits_for_the_schedule() {
        let mut machine = offline();
        machine.document_added(4_000);
        assert_eq!(machine.attempt_at(4_000), 13_000);
        play(&mut machine, &[(13_000, FAILED, true, State::Offline)]);
        assert_eq!(machine.attempt_at(13_000), 18_000);
        // An attempt that hangs does not push the schedule out.
        machine.started(18_000);
        machine.observe(22_000, FAILED, true);
        assert_eq!(machine.attempt_at(22_000), 23_000);
    }

    #[test]
    fn while_not_offline_a_new_document_is_tried_at_once() {
        let mut machine = machine();
        play(&mut machine, &[(0, FAILED, true, State::Suspect)]);
        assert!(machine.attempt_at(10) > 10);
        machine.document_added(20);
        assert_eq!(machine.attempt_at(20), 20);
    }

    #[test]
    fn a_refusing_office_is_not_hammered() {
        let mut machine = machine();
        for _ in 0..20 {
            machine.observe(0, Refused, true);
        }
        assert_eq!(machine.state(), State::Online);
        assert!((2_500..=5_000).contains(&machine.attempt_at(0)));
    }

    #[test]
    fn flapping_makes_the_dwell_longer_up_to_a_bound() {
        let mut machine = offline();
        let mut now = 3_000;
        for dwell in [10_000, 20_000, 40_000, DWELL_MS_MAX, DWELL_MS_MAX] {
            play(
                &mut machine,
                &[
                    (now + dwell - 1, Acknowledged, true, State::Offline),
                    (now + dwell, FAILED, true, State::Offline),
                    (now + dwell, Acknowledged, true, State::Recovering),
                    (now + dwell, FAILED, true, State::Offline),
                ],
            );
            now += dwell;
        }
    }

    #[test]
    fn an_outage_long_after_the_last_starts_with_a_plain_dwell() {
        let mut machine = offline();
        play(
            &mut machine,
            &[
                (13_000, Acknowledged, false, State::Online),
                (900_000, FAILED, true, State::Suspect),
                (902_000, FAILED, true, State::Suspect),
                (904_000, FAILED, true, State::Offline),
                (914_000, Acknowledged, false, State::Online),
            ],
        );
    }

    #[test]
    fn a_clock_that_goes_back_changes_nothing_and_stops_nothing() {
        let mut machine = Reachability::new(THRESHOLDS, 7);
        let start = 1_000_000_000;
        play(
            &mut machine,
            &[
                (start, FAILED, true, State::Suspect),
                (start + 1_000, FAILED, true, State::Suspect),
                (5, FAILED, true, State::Suspect),
                (2_005, FAILED, true, State::Offline),
                (0, FAILED, true, State::Offline),
            ],
        );
        assert!(machine.attempt_at(0) <= 10_000);
        play(
            &mut machine,
            &[(10_000, Acknowledged, false, State::Online)],
        );
    }

    #[test]
    fn retry_after_is_honoured_up_to_the_bound() {
        let mut machine = machine();
        machine.observe(0, Progress::Failed(Failure::Unable), true);
        machine.retry_after(0, 4_000);
        assert_eq!(machine.attempt_at(0), 4_000);
        machine.retry_after(0, 86_400_000);
        assert_eq!(machine.attempt_at(0), 10_000);
    }

    /// A small generator, so that every run is told by its seed.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }
    }

    /// Any history of attempts, documents, hanging requests and clock steps; then the office answers everything,
    /// and the till must be back within the promised time: with a backlog, with one document, and with none.
    #[test]
    fn from_any_history_fiscal_receipts_return_in_time() {
        for seed in 0..3_000_u64 {
            let mut dice = Dice(seed);
            let thresholds = Thresholds {
                failures: u32::try_from(dice.roll(5) + 1).unwrap(),
                failing_ms: dice.roll(6_000),
                dwell_ms: dice.roll(31_000),
            };
            let mut machine = Reachability::new(thresholds, seed);
            let mut now = dice.roll(1_000_000);
            let mut unsent = 0_u64;
            for _ in 0..dice.roll(200) {
                match dice.roll(10) {
                    0 => now = now.saturating_sub(dice.roll(100_000)),
                    1 | 2 => {
                        unsent += 1;
                        machine.document_added(now);
                    }
                    3 => now += dice.roll(30_000),
                    _ if unsent > 0 => {
                        let due = machine.attempt_at(now);
                        assert!(
                            due - now <= 10_000,
                            "seed {seed}: next attempt in {}",
                            due - now
                        );
                        now = due;
                        machine.started(now);
                        let progress = [FAILED, FAILED, Acknowledged, Refused]
                            [usize::try_from(dice.roll(4)).unwrap()];
                        now += if progress == FAILED {
                            dice.roll(10_000)
                        } else {
                            dice.roll(100)
                        };
                        unsent -= u64::from(progress == Acknowledged);
                        machine.observe(now, progress, unsent > 0);
                    }
                    _ => now += dice.roll(1_000),
                }
                machine.tick(now);
            }
            // A sale every second, each a document of its own, or none beyond what is unsent.
            let sales = dice.roll(2) == 0;
            if sales || !machine.sells_alternative() {
                unsent += 1;
                machine.document_added(now);
            }
            let answering_since = now;
            while machine.sells_alternative() {
                assert!(
                    now - answering_since <= RETURN_MS_MAX,
                    "seed {seed}: {machine:?}"
                );
                if unsent > 0 && machine.attempt_at(now) <= now {
                    machine.started(now);
                    unsent -= 1;
                    machine.observe(now, Acknowledged, unsent > 0);
                }
                machine.tick(now);
                now += 100;
                if sales && now % 1_000 < 100 {
                    unsent += 1;
                    machine.document_added(now);
                }
            }
        }
    }
}

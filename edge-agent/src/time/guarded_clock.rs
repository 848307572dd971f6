//! The guarded clock that the agent shares: it reads the machine's clocks for the [`guard`](super::guard), and logs what changes.

use std::sync::{Arc, MutexGuard};

use crate::locked::Locked;

use ferrotill_core::budget::{Budget, Left, Unsent};
use ferrotill_core::clock_guard::ClockTrouble;
use ferrotill_core::time::Moment;
use ferrotill_store::StoredClock;

use super::clock::Clock;
use super::guard::{CallerTimeOutcome, Clocks, FOLLOW_MS, PRINTER_CLOCK, TimeGuard};

/// The agent's guarded clock.
#[derive(Debug)]
pub struct GuardedClock {
    clock: Arc<Clock>,
    inner: Locked<Inner>,
}

#[derive(Debug)]
struct Inner {
    time_guard: TimeGuard,
    /// The simulator's moves that were taken into account.
    moves: u64,
    /// What was last said about the machine's clock, so that it is said once.
    warned: bool,
    /// It was said that a caller is not believed.
    caller_warned: bool,
}

impl GuardedClock {
    /// Takes up the watch with what the books remember, and with the last moment of every till in them.
    #[must_use]
    pub fn new(
        clock: Arc<Clock>,
        remembered: Option<StoredClock>,
        latest: impl IntoIterator<Item = Moment>,
    ) -> Self {
        let mut time_guard = TimeGuard::new(remembered, clock.boot(), clocks(&clock));
        for at in latest {
            time_guard.not_before(at);
        }
        let moves = clock.moves();
        Self {
            clock,
            inner: Locked::new(Inner {
                time_guard,
                moves,
                warned: false,
                caller_warned: false,
            }),
        }
    }

    /// The time now, which is in no document yet; no later moment is before it.
    pub fn now(&self) -> Moment {
        let (mut inner, clocks) = self.read();
        self.warn(&mut inner, clocks);
        inner.time_guard.step(clocks, |ms| self.clock.moment(ms))
    }

    /// The time of a document that is sold now.
    pub fn selling(&self) -> Moment {
        let (mut inner, clocks) = self.read();
        inner
            .time_guard
            .step_selling(clocks, |ms| self.clock.moment(ms))
    }

    /// A printer says its local time, `DD-MM-YY HH:MM:SS`.
    pub fn printer_says(&self, text: &str) {
        // Some printers say behind it whether it is summer time.
        let digits = text.trim().get(..PRINTER_CLOCK.len()).unwrap_or_default();
        let local = jiff::civil::DateTime::strptime("%d-%m-%y %H:%M:%S", digits);
        if let Some(witness_ms) = local.ok().and_then(|local| self.clock.local_ms(local)) {
            self.hear("the printer's clock", witness_ms);
        } else {
            tracing::warn!("the printer's clock says {text:?}, which is not a time");
        }
    }

    /// The office's answer carried this time.
    pub fn office_says(&self, witness_ms: i64) {
        self.hear("the tax office's answer", witness_ms);
    }

    /// A caller orders a document and signed the call with this time. Its signature holds; without that it must not be heard
    /// ([`TimeGuard::observe_caller_time`]).
    pub fn caller_says(&self, who: &str, caller_ms: i64) {
        let (mut inner, clocks) = self.read();
        if self.clock.is_simulated() {
            // The till's world is not the caller's.
            return;
        }
        let said = crate::time::clock::iso_utc(caller_ms);
        match inner.time_guard.observe_caller_time(clocks, caller_ms) {
            CallerTimeOutcome::NothingNew => {}
            CallerTimeOutcome::Believed => {
                let ours = crate::time::clock::iso_utc(inner.time_guard.look(clocks).0);
                tracing::warn!(
                    "time goes forward to {ours}: the caller {who:?} says {said}, and no witness has spoken since the machine was started"
                );
            }
            CallerTimeOutcome::NotBelieved if inner.caller_warned => {}
            CallerTimeOutcome::NotBelieved => {
                inner.caller_warned = true;
                let ours = crate::time::clock::iso_utc(inner.time_guard.look(clocks).0);
                tracing::warn!(
                    "the caller {who:?} says {said}, which is not believed; time stays {ours}. Set the caller's clock, or connect the printer"
                );
            }
        }
    }

    fn hear(&self, who: &str, witness_ms: i64) {
        let (mut inner, clocks) = self.read();
        let before_ms = inner.time_guard.look(clocks).0;
        let believed = inner.time_guard.hear(clocks, witness_ms);
        let after_ms = inner.time_guard.look(clocks).0;
        let said = crate::time::clock::iso_utc(witness_ms);
        let ours = crate::time::clock::iso_utc(after_ms);
        if !believed {
            tracing::warn!("{who} says {said}, which nothing else bears out; time stays {ours}");
        } else if after_ms.saturating_sub(before_ms) > FOLLOW_MS {
            tracing::warn!("time goes forward to {ours}: {who} says {said}");
        }
    }

    /// The office cannot be reached from now on.
    pub fn authority_gone(&self) {
        let (mut inner, clocks) = self.read();
        inner
            .time_guard
            .set_offline(clocks, |ms| self.clock.moment(ms), true);
    }

    /// The office has acknowledged a document: the stretch without it is over.
    pub fn authority_answered(&self) {
        let (mut inner, clocks) = self.read();
        inner
            .time_guard
            .set_offline(clocks, |ms| self.clock.moment(ms), false);
    }

    /// What is left of a budget now.
    #[must_use]
    pub fn left(&self, budget: &Budget, unsent: Unsent) -> Left {
        // A copy looks: what is read by callers is not written down.
        let (inner, clocks) = self.read();
        let mut copy = inner.time_guard;
        copy.step(clocks, |ms| self.clock.moment(ms));
        budget.left(copy.marks().spent(), copy.marks().latest(), unsent)
    }

    /// The office could not be reached the last time that it mattered.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.read().0.time_guard.marks().spent().is_offline()
    }

    /// What is wrong with the machine's clock.
    #[must_use]
    pub fn trouble(&self) -> Option<ClockTrouble> {
        let (inner, clocks) = self.read();
        inner.time_guard.look(clocks).1
    }

    /// A witness has spoken since the machine's start.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.read().0.time_guard.is_sure()
    }

    /// Whether a signed caller's time is near enough ([`TimeGuard::accepts`]); `Err` is our own.
    ///
    /// # Errors
    ///
    /// Our own time.
    pub fn check(&self, given_ms: i64, window_ms: i64) -> Result<(), i64> {
        let (inner, clocks) = self.read();
        // A simulated clock must not lock out callers whose own clock is right.
        let real = Clocks {
            system_ms: self.clock.system_ms(),
            ..clocks
        };
        let time_guard = inner.time_guard;
        if time_guard.accepts(clocks, given_ms, window_ms)
            || time_guard.accepts(real, given_ms, window_ms)
        {
            return Ok(());
        }
        Err(time_guard.look(clocks).0)
    }

    /// What is to be stored with the next commit. The time until now is charged first, and what was heard meanwhile is not stored
    /// without its moment.
    #[must_use]
    pub fn remembered(&self) -> StoredClock {
        let (mut inner, clocks) = self.read();
        inner.time_guard.step(clocks, |ms| self.clock.moment(ms));
        inner.time_guard.remembered()
    }

    fn read(&self) -> (MutexGuard<'_, Inner>, Clocks) {
        let mut inner = self.inner.lock();
        let clocks = clocks(&self.clock);
        let moves = self.clock.moves();
        if moves != inner.moves {
            // The simulator moves the printer's clock too: it is its own witness.
            inner.moves = moves;
            inner.time_guard.hear(clocks, clocks.system_ms);
        }
        (inner, clocks)
    }

    fn warn(&self, inner: &mut Inner, clocks: Clocks) {
        let (at_ms, trouble) = inner.time_guard.look(clocks);
        if trouble.is_some() != inner.warned {
            inner.warned = trouble.is_some();
            let at = crate::time::clock::iso_utc(at_ms);
            match trouble {
                Some(ClockTrouble::Behind { by_ms }) => tracing::warn!(
                    "the machine's clock is {} s behind and is not believed; documents get {at}. Set it, or let it be set by the network",
                    by_ms / 1_000
                ),
                Some(ClockTrouble::JumpedAhead { by_ms }) => tracing::warn!(
                    "the machine's clock is {} s ahead and nobody bears it out; documents get {at}. Set it, or connect the printer",
                    by_ms / 1_000
                ),
                None => tracing::info!("the machine's clock is right again"),
            }
        }
    }
}

fn clocks(clock: &Clock) -> Clocks {
    Clocks {
        system_ms: clock.now().utc_ms,
        since_boot_ms: clock.since_boot_ms(),
    }
}

//! The guarded clock that all parts of the agent share. It reads the machine's clocks for the [`guard`](super::guard), and logs changes.

use std::sync::{Arc, MutexGuard};

use crate::locked::Locked;

use ferrotill_core::budget::{Budget, Left, Unsent};
use ferrotill_core::clock_guard::ClockTrouble;
use ferrotill_core::time::Moment;
use ferrotill_store::StoredClock;

use super::clock::{Clock, iso_utc};
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
    /// How many of the simulator's moves of the clock have been handled ([`Clock::moves`]).
    moves: u64,
    /// True if the log contains the current trouble of the machine's clock. Each trouble is logged once.
    warned: bool,
    /// True if the log contains that a caller's time was not believed, which is logged once.
    caller_warned: bool,
}

impl GuardedClock {
    /// A guarded clock that goes on from the stored clock, and from the last moment of every till in the journal.
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

    /// The time now, for everything but a sale ([`selling`](Self::selling)). No later call returns an earlier time.
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

    /// A printer has given its local time, `DD-MM-YY HH:MM:SS`.
    pub fn printer_says(&self, text: &str) {
        // Some printers add whether it is summer time. That is cut off.
        let digits = text.trim().get(..PRINTER_CLOCK.len()).unwrap_or_default();
        let local = jiff::civil::DateTime::strptime("%d-%m-%y %H:%M:%S", digits);
        if let Some(source_ms) = local.ok().and_then(|local| self.clock.local_ms(local)) {
            self.observe("the printer's clock", source_ms);
        } else {
            tracing::warn!("the printer's clock returned {text:?}, which is not a time");
        }
    }

    /// An answer of the authority contained this `Date`, in milliseconds since the epoch.
    pub fn authority_says(&self, source_ms: i64) {
        self.observe("the tax office's answer", source_ms);
    }

    /// A caller has signed an order for a document with this time, in milliseconds since the epoch ([`TimeGuard::observe_caller_time`]).
    /// Only for calls whose signature is valid.
    pub fn caller_says(&self, who: &str, caller_ms: i64) {
        let (mut inner, clocks) = self.read();
        if self.clock.is_simulated() {
            // The simulator has moved the till's time, so a caller's real time cannot be compared with it.
            return;
        }
        let given = iso_utc(caller_ms);
        match inner.time_guard.observe_caller_time(clocks, caller_ms) {
            CallerTimeOutcome::NothingNew => {}
            CallerTimeOutcome::Believed => {
                let ours = iso_utc(inner.time_guard.look(clocks).0);
                tracing::warn!(
                    "time goes forward to {ours}: the caller {who:?} gave {given}, and neither printer nor tax office has given a time since the machine was started"
                );
            }
            CallerTimeOutcome::NotBelieved if inner.caller_warned => {}
            CallerTimeOutcome::NotBelieved => {
                inner.caller_warned = true;
                let ours = iso_utc(inner.time_guard.look(clocks).0);
                tracing::warn!(
                    "the caller {who:?} gave the time {given}, which is not believed; time stays {ours}. Set the caller's clock, or connect the printer"
                );
            }
        }
    }

    fn observe(&self, source: &str, source_ms: i64) {
        let (mut inner, clocks) = self.read();
        let before_ms = inner.time_guard.look(clocks).0;
        let believed = inner.time_guard.observe_trusted_time(clocks, source_ms);
        let after_ms = inner.time_guard.look(clocks).0;
        let given = iso_utc(source_ms);
        let ours = iso_utc(after_ms);
        if !believed {
            tracing::warn!(
                "{source} gave the time {given}, which is not believed, because no other clock confirms it; time stays {ours}"
            );
        } else if after_ms.saturating_sub(before_ms) > FOLLOW_MS {
            tracing::warn!("time goes forward to {ours}: {source} gave {given}");
        }
    }

    /// The authority cannot be reached from now on.
    pub fn authority_gone(&self) {
        let (mut inner, clocks) = self.read();
        inner
            .time_guard
            .set_offline(clocks, |ms| self.clock.moment(ms), true);
    }

    /// The authority has acknowledged a document: the time without it has ended.
    pub fn authority_answered(&self) {
        let (mut inner, clocks) = self.read();
        inner
            .time_guard
            .set_offline(clocks, |ms| self.clock.moment(ms), false);
    }

    /// How much of a budget is left now.
    #[must_use]
    pub fn left(&self, budget: &Budget, unsent: Unsent) -> Left {
        // The step is made on a copy, so that reading the budget changes nothing that is stored.
        let (inner, clocks) = self.read();
        let mut copy = inner.time_guard;
        copy.step(clocks, |ms| self.clock.moment(ms));
        budget.left(copy.marks().spent(), copy.marks().latest(), unsent)
    }

    /// Whether the authority is offline, as far as the budgets know.
    #[must_use]
    pub fn is_offline(&self) -> bool {
        self.read().0.time_guard.marks().spent().is_offline()
    }

    /// What is wrong with the machine's clock, if anything.
    #[must_use]
    pub fn trouble(&self) -> Option<ClockTrouble> {
        let (inner, clocks) = self.read();
        inner.time_guard.look(clocks).1
    }

    /// Whether a trusted source (the printer or the authority) has given the time since the machine's start.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.read().0.time_guard.is_sure()
    }

    /// Checks that a signed caller's time is near enough ([`TimeGuard::accepts`]).
    ///
    /// # Errors
    ///
    /// The caller's time is too far away. The value is the agent's own time in milliseconds since the epoch.
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

    /// The state of the guarded clock that is stored with the next commit. The time until now is charged to the budgets first,
    /// so that a new time of a trusted source is stored together with a moment that agrees with it.
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
            // The simulator has moved the printer's clock too, so the moved time counts as given by a trusted source.
            inner.moves = moves;
            inner
                .time_guard
                .observe_trusted_time(clocks, clocks.system_ms);
        }
        (inner, clocks)
    }

    fn warn(&self, inner: &mut Inner, clocks: Clocks) {
        let (at_ms, trouble) = inner.time_guard.look(clocks);
        if trouble.is_some() != inner.warned {
            inner.warned = trouble.is_some();
            let at = iso_utc(at_ms);
            match trouble {
                Some(ClockTrouble::Behind { by_ms }) => tracing::warn!(
                    "the machine's clock is {} s behind and is not believed; documents get {at}. Set it, or let it be set by the network",
                    by_ms / 1_000
                ),
                Some(ClockTrouble::JumpedAhead { by_ms }) => tracing::warn!(
                    "the machine's clock is {} s ahead and no other clock confirms it; documents get {at}. Set it, or connect the printer",
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

//! The guarded clock that all parts of the agent share. It reads the machine's clocks for the [`guard`](super::guard), and logs changes.

use std::sync::{Arc, MutexGuard};

use crate::explanation::Explanation;
use crate::locked::Locked;

use ferrotill_core::budget::{Budget, Left, Unsent};
use ferrotill_core::clock_guard::ClockTrouble;
use ferrotill_core::time::Moment;
use ferrotill_store::{StoredClock, StoredPrinterClock};

use super::clock::{Clock, iso_utc};
use super::guard::witness::{PRINTER_AHEAD_MS_MAX, Witness, agree};
use super::guard::{ClockEffect, Clocks, PRINTER_CLOCK, TimeGuard};

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
    /// The witnesses whose time was not believed, which is logged once for each until it is believed again.
    doubted: Vec<&'static str>,
    /// The printer that was connected last, and the time at the machine's start by its clock.
    printer: Option<(String, i64)>,
    /// What is known of the printers' clocks, the one that was connected last at the end.
    printers: Vec<StoredPrinterClock>,
}

/// What can be wrong with the till's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockProblemKind {
    /// No two clocks agree on the time.
    Unconfirmed,
    /// The time of documents is ahead.
    Ahead,
}

/// What is wrong with the till's time, for the health of the agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClockProblem {
    /// The kind of the problem.
    pub kind: ClockProblemKind,
    /// What is wrong.
    pub says: String,
    /// What a person can do about it.
    pub fix: String,
}

/// The state of the guarded clock before an operator's correction.
#[derive(Debug)]
pub struct ClockBefore(TimeGuard);

/// How many printers' clocks are kept. The one that was not connected for the longest time is forgotten first.
const PRINTERS_MAX: usize = 16;

impl GuardedClock {
    /// A guarded clock that goes on from the stored clock, and from the last moment of every till in the journal.
    #[must_use]
    pub fn new(
        clock: Arc<Clock>,
        remembered: Option<StoredClock>,
        latest: impl IntoIterator<Item = Moment>,
    ) -> Self {
        let printers = remembered
            .as_ref()
            .map(|kept| kept.printers.clone())
            .unwrap_or_default();
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
                doubted: Vec::new(),
                printer: None,
                printers,
            }),
        }
    }

    /// The time now, for everything but a sale ([`selling`](Self::selling)).
    /// Once the time is confirmed, no later call returns an earlier time.
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

    /// The printer with this serial number has given its local time, `DD-MM-YY HH:MM:SS`.
    pub fn printer_says(&self, serial: &str, text: &str) {
        // Some printers add whether it is summer time. That is cut off.
        let digits = text.trim().get(..PRINTER_CLOCK.len()).unwrap_or_default();
        let local = jiff::civil::DateTime::strptime("%d-%m-%y %H:%M:%S", digits);
        let Some(given_ms) = local.ok().and_then(|local| self.clock.local_ms(local)) else {
            tracing::warn!("the printer's clock returned {text:?}, which is not a time");
            return;
        };
        let (mut inner, clocks) = self.read();
        let mut kept = inner.printers.iter();
        let ahead_ms = kept
            .find(|printer| printer.serial == serial)
            .map(|printer| printer.ahead_ms);
        let at_start_ms = given_ms.saturating_sub(clocks.since_boot_ms);
        inner.printer = Some((serial.to_owned(), at_start_ms));
        let zone_known = ahead_ms.is_some();
        let corrected_ms = given_ms.saturating_sub(ahead_ms.unwrap_or(0));
        let witness = Witness::Printer { zone_known };
        self.hear(&mut inner, clocks, witness, corrected_ms);
    }

    /// An answer of the authority's server contained this `Date`, in milliseconds since the epoch.
    pub fn authority_says(&self, given_ms: i64) {
        // The simulator has moved the till's time, so the real time cannot be compared with it.
        if !self.clock.is_simulated() {
            let (mut inner, clocks) = self.read();
            self.hear(&mut inner, clocks, Witness::Office, given_ms);
        }
    }

    /// A caller has signed an order for a document with this time, in milliseconds since the epoch ([`TimeGuard::hear`]).
    /// Only for calls whose signature is valid.
    pub fn caller_says(&self, who: &str, given_ms: i64) {
        if !self.clock.is_simulated() {
            let (mut inner, clocks) = self.read();
            tracing::debug!("the caller {who:?} gave the time {}", iso_utc(given_ms));
            self.hear(&mut inner, clocks, Witness::Caller, given_ms);
        }
    }

    /// Gives the guard the time of a witness, and logs what has changed.
    fn hear(&self, inner: &mut Inner, clocks: Clocks, witness: Witness, given_ms: i64) {
        let was_sure = inner.time_guard.is_sure();
        let effect = inner.time_guard.hear(clocks, witness, given_ms);
        let who = match witness {
            Witness::Printer { .. } => "the printer's clock",
            Witness::Office => "the tax authority's answer",
            Witness::Caller => "a caller",
        };
        let given = iso_utc(given_ms);
        let ours = iso_utc(inner.time_guard.look(clocks).0);
        let doubted = inner.doubted.contains(&who);
        inner.doubted.retain(|doubted| *doubted != who);
        match effect {
            ClockEffect::None => {}
            ClockEffect::Moved => tracing::warn!("the time is {ours} now: {who} gave {given}"),
            ClockEffect::NotBelieved => {
                inner.doubted.push(who);
                if !doubted {
                    tracing::warn!(
                        "{who} gave the time {given}, which is not used, because no other clock confirms it; the time stays {ours}"
                    );
                }
            }
        }
        if inner.time_guard.is_sure() {
            if !was_sure {
                tracing::info!("two clocks agree on the time: it is {ours}");
            }
            Self::learn_printer(inner, clocks);
        }
    }

    /// Keeps how far the clock of the connected printer is ahead of the confirmed time: it has no time zone, and after the next
    /// start it may be the only clock that went on without power.
    fn learn_printer(inner: &mut Inner, clocks: Clocks) {
        let Some((serial, at_start_ms)) = inner.printer.clone() else {
            return;
        };
        let ahead_ms = {
            let shown_ms = at_start_ms.saturating_add(clocks.since_boot_ms);
            let at_ms = inner.time_guard.look(clocks).0;
            shown_ms.saturating_sub(at_ms.saturating_sub(inner.time_guard.ahead_ms(clocks)))
        };
        inner.printers.retain(|printer| printer.serial != serial);
        if ahead_ms.saturating_abs() <= PRINTER_AHEAD_MS_MAX {
            if inner.printers.len() >= PRINTERS_MAX {
                inner.printers.remove(0);
            }
            inner.printers.push(StoredPrinterClock { serial, ahead_ms });
        }
    }

    /// A document with this moment was written, in milliseconds since the epoch. No later document gets an earlier moment.
    pub fn written(&self, at_ms: i64) {
        self.inner.lock().time_guard.written(at_ms);
    }

    /// Whether some clock shows this time within ten minutes: the machine's, the printer's, the office's or a caller's.
    #[must_use]
    pub fn is_shown(&self, at_ms: i64) -> bool {
        let (inner, clocks) = self.read();
        inner.time_guard.is_shown(clocks, at_ms)
    }

    /// Sets the time as an operator has declared it, which may be before the last document.
    /// Returns the state before, for [`undo`](Self::undo).
    pub fn set(&self, at_ms: i64) -> ClockBefore {
        let (mut inner, clocks) = self.read();
        let before = ClockBefore(inner.time_guard);
        inner.time_guard.set(clocks, self.clock.moment(at_ms));
        before
    }

    /// Takes a correction back, because it could not be written.
    pub fn undo(&self, before: &ClockBefore) {
        self.inner.lock().time_guard = before.0;
    }

    /// What is wrong with the till's time, and what a person can do about it.
    #[must_use]
    pub fn problem(&self) -> Option<ClockProblem> {
        let (inner, clocks) = self.read();
        let (at_ms, _) = inner.time_guard.look(clocks);
        let ahead_ms = inner.time_guard.ahead_ms(clocks);
        if !inner.time_guard.is_sure() {
            let times = inner.time_guard.times(clocks);
            let shown =
                |name: &str, ms: Option<i64>| ms.map(|ms| format!("{name} {}", iso_utc(ms)));
            let clocks: Vec<String> = [
                shown("the machine", times.machine),
                shown("the printer", times.printer),
                shown("the tax authority", times.office),
                shown("a caller", times.caller),
            ]
            .into_iter()
            .flatten()
            .collect();
            let explained = Explanation::new(
                "the time is not confirmed",
                "this till",
                format!(
                    "no two clocks agree on the time, and documents get {} ({})",
                    iso_utc(at_ms),
                    clocks.join(", ")
                ),
                "set the machine's clock, or connect the till to the printer or the network; \
                or confirm the time: `ferrotill clock set --at TIME --by NAME`",
            );
            return Some(ClockProblem {
                kind: ClockProblemKind::Unconfirmed,
                says: explained.says(),
                fix: explained.fix,
            });
        }
        if agree(at_ms, at_ms.saturating_sub(ahead_ms)) {
            return None;
        }
        let explained = Explanation::new(
            "the time of documents is ahead",
            "this till",
            format!(
                "the last document has a time that is {} s ahead, it is {}, and documents get {}",
                ahead_ms / 1_000,
                iso_utc(at_ms.saturating_sub(ahead_ms)),
                iso_utc(at_ms)
            ),
            "close the day, then set the time: `ferrotill clock set --at TIME --by NAME`",
        );
        Some(ClockProblem {
            kind: ClockProblemKind::Ahead,
            says: explained.says(),
            fix: explained.fix,
        })
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

    /// Whether two clocks have agreed on the time since the machine's start.
    #[must_use]
    pub fn is_sure(&self) -> bool {
        self.read().0.time_guard.is_sure()
    }

    /// Whether two clocks have ever agreed on the time.
    #[must_use]
    pub fn is_established(&self) -> bool {
        self.inner.lock().time_guard.is_established()
    }

    /// The confirmed time; `None` while no two clocks agree on the time.
    #[must_use]
    pub fn confirmed(&self) -> Option<Moment> {
        let (inner, clocks) = self.read();
        let at_ms = inner.time_guard.look(clocks).0;
        let ahead_ms = inner.time_guard.ahead_ms(clocks);
        inner
            .time_guard
            .is_sure()
            .then(|| self.clock.moment(at_ms.saturating_sub(ahead_ms)))
    }

    /// How far the clock of the printer with this serial number was ahead of the confirmed time when it was compared last, in
    /// milliseconds; `None` if it was not.
    #[must_use]
    pub fn printer_ahead_ms(&self, serial: &str) -> Option<i64> {
        let (inner, _) = self.read();
        let mut known = inner.printers.iter();
        known
            .find(|printer| printer.serial == serial)
            .map(|printer| printer.ahead_ms)
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

    /// Whether the clock must be stored at this start ([`TimeGuard::must_be_stored`]).
    #[must_use]
    pub fn must_be_stored(&self) -> bool {
        self.inner.lock().time_guard.must_be_stored()
    }

    /// The state of the guarded clock that is stored with the next commit. The time until now is charged to the budgets first,
    /// so that a new time of another clock is stored together with a moment that agrees with it.
    #[must_use]
    pub fn remembered(&self) -> StoredClock {
        let (mut inner, clocks) = self.read();
        inner.time_guard.step(clocks, |ms| self.clock.moment(ms));
        StoredClock {
            printers: inner.printers.clone(),
            ..inner.time_guard.remembered()
        }
    }

    fn read(&self) -> (MutexGuard<'_, Inner>, Clocks) {
        let mut inner = self.inner.lock();
        let clocks = clocks(&self.clock);
        let moves = self.clock.moves();
        if moves != inner.moves {
            // The simulator has moved the printer's clock too.
            inner.moves = moves;
            inner.printer = None;
            inner.time_guard.trust_machine(clocks);
        }
        (inner, clocks)
    }

    fn warn(&self, inner: &mut Inner, clocks: Clocks) {
        let (at_ms, trouble) = inner.time_guard.look(clocks);
        if trouble.is_some() != inner.warned {
            inner.warned = trouble.is_some();
            let at = iso_utc(at_ms);
            match trouble {
                Some(trouble) => {
                    let why = match trouble {
                        ClockTrouble::Behind { by_ms } => {
                            format!("it is {} s behind", by_ms / 1_000)
                        }
                        ClockTrouble::JumpedAhead { by_ms } => {
                            format!(
                                "it is {} s ahead and no other clock confirms it",
                                by_ms / 1_000
                            )
                        }
                    };
                    let explained = Explanation::new(
                        "the machine's clock is not believed",
                        "this machine",
                        format!("{why}, and documents get {at}"),
                        "set it, or let it be set by the network",
                    );
                    tracing::warn!("{explained}");
                }
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

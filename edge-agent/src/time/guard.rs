//! The guarded clock: what the agent believes the time to be, and what it has spent of the budgets of selling without the tax office.
//!
//! A machine without a battery clock starts anywhere, and a clock can be set by anybody. So:
//!
//! - While the machine runs, time goes on by the kernel's count since its start, which nobody sets. The machine's clock is followed
//!   where it agrees within minutes; a jump of it is a warning and nothing else, and time never stands still for one.
//! - After a start of the machine nobody knows how long the power was off. Time goes on from the highest moment seen until a witness
//!   speaks: the printer's clock, or the `Date` of an answer of the tax office. Only a witness makes time leap forward,
//! - or, until one speaks, a caller whose signature holds, and that by a week at most ([`TimeGuard::observe_caller_time`]).
//! - Time never goes back. Where the witnesses say that it has run ahead, it runs slower until they agree.
//! - What is spent of a budget is counted by [`ferrotill_core::budget`] from these moments and is stored with every commit:
//!   neither a rollback nor a start of the agent or the machine gives any of it back.
//!
//! [`TimeGuard`] is pure; [`GuardedClock`](super::guarded_clock::GuardedClock) reads the clocks for it.

use ferrotill_core::clock_guard::{ClockGuard, ClockReading, ClockState, ClockTrouble};
use ferrotill_core::time::Moment;
use ferrotill_store::StoredClock;
use uuid::Uuid;

/// What the machine's clocks say at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The time of the day, which may be anything.
    pub system_ms: i64,
    /// Time since the machine was started.
    pub since_boot_ms: i64,
}

/// What became of a caller's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerTimeOutcome {
    /// It says nothing that the till does not know, or that it has better witnesses for.
    NothingNew,
    /// Time went forward.
    Believed,
    /// It is too far ahead, or stands alone against the machine's clock: nothing changed.
    NotBelieved,
}

/// What the agent believes. Pure: the clocks' readings are given.
#[derive(Clone, Copy, Debug)]
pub struct TimeGuard {
    marks: ClockState,
    boot: Uuid,
    /// A moment that is believed, and when it was, since the machine's start.
    anchor_ms: i64,
    anchored_ms: i64,
    /// How far the anchor is ahead of what the witnesses say.
    lead_ms: i64,
    /// A witness has spoken since the machine's start.
    sure: bool,
    /// The machine was started since the first moment was seen.
    started_anew: bool,
    /// How far callers have moved time forward since the machine's start.
    told_ms: i64,
    /// The last reading, since the machine's start.
    read_ms: i64,
}

/// Progress between two moments that core's guard believes by itself; here it is the bound of what a clock may be ahead by after
/// a start of the machine without a witness.
const LEAP_MS: i64 = 2 * HOUR_MS;
/// The machine's clock is followed while it is no further away than this from the count since the start.
pub(super) const FOLLOW_MS: i64 = 5 * 60_000;
/// A printer's clock has no zone, and somebody may have set it by another one, or without summer time.
const ZONE_MS: i64 = 14 * HOUR_MS;
/// After a start of the machine a clock that is ahead of the witness by less than this is a witness in the wrong zone.
const AHEAD_MS: i64 = 4 * HOUR_MS;
/// Callers move time forward by this at most, all of them together, from one start of the machine to the next: more than a weekend and
/// the holidays around it, and less than the mistake of somebody who sets a clock to another month or year, which the books would keep.
const CALLER_MS: i64 = 7 * 24 * HOUR_MS;
/// Time that has run ahead loses one part in so many.
const SLOWER: i64 = 8;
/// A printer's clock as it says it.
pub(super) const PRINTER_CLOCK: &str = "DD-MM-YY HH:MM:SS";
/// No till that sells with this program has seen an earlier time: 2026-01-01.
const PLAUSIBLE_MS: i64 = 1_767_225_600_000;
const HOUR_MS: i64 = 3_600_000;
const GUARD: ClockGuard = ClockGuard {
    jump_ms_max: LEAP_MS,
};

impl TimeGuard {
    /// Takes up the watch.
    #[must_use]
    pub fn new(remembered: Option<StoredClock>, boot: Uuid, clocks: Clocks) -> Self {
        let start = Self {
            marks: ClockState::default(),
            boot,
            anchor_ms: clocks.system_ms,
            anchored_ms: clocks.since_boot_ms,
            lead_ms: 0,
            sure: false,
            started_anew: false,
            told_ms: 0,
            read_ms: clocks.since_boot_ms,
        };
        let Some((kept, latest)) =
            remembered.and_then(|kept| kept.marks.latest().map(|latest| (kept, latest)))
        else {
            return start;
        };
        let same = kept.boot == boot && kept.since_boot_ms <= clocks.since_boot_ms;
        Self {
            marks: kept.marks,
            anchor_ms: latest.utc_ms,
            anchored_ms: if same {
                kept.since_boot_ms
            } else {
                clocks.since_boot_ms
            },
            lead_ms: if same { kept.lead_ms } else { 0 },
            sure: same && kept.sure,
            started_anew: !same || kept.started_anew,
            told_ms: if same { kept.told_ms } else { 0 },
            ..start
        }
    }

    /// What is to be stored with the next commit.
    #[must_use]
    pub fn remembered(&self) -> StoredClock {
        StoredClock {
            marks: self.marks,
            boot: self.boot,
            since_boot_ms: self.read_ms,
            sure: self.sure,
            started_anew: self.started_anew,
            lead_ms: self.lead_left_ms(self.read_ms),
            told_ms: self.told_ms,
        }
    }

    /// A moment that is in the books already: time goes on from there.
    pub fn not_before(&mut self, at: Moment) {
        if self
            .marks
            .latest()
            .is_none_or(|latest| latest.utc_ms < at.utc_ms)
        {
            self.marks = self.marks.not_before(at);
            if self.anchor_ms < at.utc_ms {
                (self.anchor_ms, self.anchored_ms) = (at.utc_ms, self.read_ms);
            }
        }
    }

    /// The time now, and what is wrong with the machine's clock. Changes nothing.
    #[must_use]
    pub fn look(&self, clocks: Clocks) -> (i64, Option<ClockTrouble>) {
        let expected_ms = self.expected_ms(clocks.since_boot_ms);
        let off_ms = clocks.system_ms.saturating_sub(expected_ms);
        let followed = if self.sure || self.told_ms > 0 {
            -FOLLOW_MS..=FOLLOW_MS
        } else {
            -FOLLOW_MS..=LEAP_MS
        };
        let (at_ms, trouble) = if followed.contains(&off_ms) {
            (clocks.system_ms, None)
        } else if off_ms < 0 {
            let by_ms = off_ms.saturating_neg();
            (expected_ms, Some(ClockTrouble::Behind { by_ms }))
        } else {
            (
                expected_ms,
                Some(ClockTrouble::JumpedAhead { by_ms: off_ms }),
            )
        };
        let latest_ms = self.marks.latest().map_or(i64::MIN, |latest| latest.utc_ms);
        (at_ms.max(latest_ms), trouble)
    }

    /// The time now: from here on no moment is before it, and what passed without the office is charged.
    pub fn step(&mut self, clocks: Clocks, moment: impl Fn(i64) -> Moment) -> Moment {
        self.set_offline(clocks, moment, self.marks.spent().is_offline())
    }

    /// The time of a document that is sold. Where the machine was started anew, its clock is ahead and no witness has spoken,
    /// so much may have passed with the power off: it is charged, though nobody believes it yet.
    pub fn step_selling(&mut self, clocks: Clocks, moment: impl Fn(i64) -> Moment) -> Moment {
        let at = self.step(clocks, moment);
        if let (false, (_, Some(ClockTrouble::JumpedAhead { by_ms }))) =
            (self.sure, self.look(clocks))
        {
            self.marks = self.marks.charge_unsure(by_ms);
        }
        at
    }

    /// From now on the office can or cannot be reached.
    pub fn set_offline(
        &mut self,
        clocks: Clocks,
        moment: impl Fn(i64) -> Moment,
        offline: bool,
    ) -> Moment {
        let at = moment(self.look(clocks).0);
        let reading = ClockReading {
            clock: at,
            reference: Some(at),
        };
        let step = GUARD.read(self.marks, reading, offline);
        self.marks = step.state;
        self.read_ms = clocks.since_boot_ms;
        step.at
    }

    /// A witness says what time it is. Returns false where nobody else bears it out.
    pub fn hear(&mut self, clocks: Clocks, witness_ms: i64) -> bool {
        let at_ms = self.look(clocks).0;
        let Some(truth_ms) = self.truth_of(clocks, witness_ms, at_ms) else {
            return false;
        };
        if !self.sure {
            self.sure = true;
            self.marks = self.marks.refund_all_unsure();
        }
        self.anchored_ms = clocks.since_boot_ms;
        self.anchor_ms = truth_ms.max(at_ms);
        let lead_ms = at_ms.saturating_sub(truth_ms);
        self.lead_ms = if lead_ms > FOLLOW_MS { lead_ms } else { 0 };
        true
    }

    /// What follows from a witness, the machine's clock and our own count; nothing where the witness stands alone against both.
    fn truth_of(&self, clocks: Clocks, witness_ms: i64, at_ms: i64) -> Option<i64> {
        let system_ms = clocks.system_ms;
        let latest_ms = self.marks.latest().map_or(i64::MIN, |latest| latest.utc_ms);
        if witness_ms < PLAUSIBLE_MS && latest_ms >= PLAUSIBLE_MS {
            // Its battery is empty: it knows less than we do.
            return None;
        }
        let ahead_ms = system_ms.saturating_sub(witness_ms);
        if !self.sure {
            let agreed = if self.started_anew {
                -FOLLOW_MS..=AHEAD_MS
            } else {
                -ZONE_MS..=ZONE_MS
            };
            return Some(if agreed.contains(&ahead_ms) {
                system_ms
            } else {
                witness_ms
            });
        }
        let differs = |one: i64, other: i64, by_ms: i64| one.abs_diff(other) > by_ms.unsigned_abs();
        if !differs(system_ms, at_ms, FOLLOW_MS) {
            // The machine's clock and our count agree, whatever the witness says.
            return (!differs(witness_ms, at_ms, ZONE_MS)).then_some(at_ms);
        }
        // The machine's clock was set, and the witness bears it out.
        (!differs(system_ms, witness_ms, AHEAD_MS)).then_some(system_ms)
    }

    /// A caller whose signature holds says what time it is.
    ///
    /// It is a weak witness: its clock may be wrong, or the very clock of this machine. It is heard only where the till would otherwise
    /// sell in a time that is long past: after a start of the machine, until a witness speaks. It makes time go forward and never
    /// back, which costs budget and gives none; no more than a week in all; and where the machine's clock has gone on too, no
    /// further than that says. A call that was recorded says when it was signed, which has passed.
    ///
    /// It makes nobody sure: the printer and the office still speak, and where they say that time ran ahead, it slows.
    pub fn observe_caller_time(&mut self, clocks: Clocks, caller_ms: i64) -> CallerTimeOutcome {
        let at_ms = self.look(clocks).0;
        let ahead_ms = caller_ms.saturating_sub(at_ms);
        if self.sure || !self.started_anew || ahead_ms <= FOLLOW_MS {
            return CallerTimeOutcome::NothingNew;
        }
        let expected_ms = self.expected_ms(clocks.since_boot_ms);
        let off_ms = clocks.system_ms.saturating_sub(expected_ms);
        let borne_out_ms = if off_ms > FOLLOW_MS {
            // Two clocks have gone on: what both say has passed.
            caller_ms.min(clocks.system_ms)
        } else if self.told_ms > 0 && off_ms >= -FOLLOW_MS {
            // The machine's clock agrees with what an earlier caller said.
            at_ms
        } else {
            // The machine's clock has stopped, or stands where it stood when the power went.
            caller_ms
        };
        let by_ms = borne_out_ms.saturating_sub(at_ms);
        if by_ms <= 0 || ahead_ms > CALLER_MS.saturating_sub(self.told_ms) {
            return CallerTimeOutcome::NotBelieved;
        }
        (self.anchor_ms, self.anchored_ms) = (borne_out_ms, clocks.since_boot_ms);
        self.told_ms = self.told_ms.saturating_add(by_ms);
        self.marks = self.marks.refund_unsure(by_ms);
        CallerTimeOutcome::Believed
    }

    /// Whether a signed caller's time is near enough to ours, to what the witnesses say, or to the machine's clock.
    ///
    /// A till that lost its time in a power cut knows only that it is later than it was: until a witness speaks, a caller's time
    /// may be anything after that. No other caller's word narrows it.
    #[must_use]
    pub fn accepts(&self, clocks: Clocks, given_ms: i64, window_ms: i64) -> bool {
        let at_ms = self.look(clocks).0;
        let near = |now: i64| now.abs_diff(given_ms) <= window_ms.unsigned_abs();
        let lost = !self.sure && (self.started_anew || at_ms < PLAUSIBLE_MS);
        let witnessed_ms = at_ms.saturating_sub(self.lead_left_ms(clocks.since_boot_ms));
        near(at_ms)
            || near(witnessed_ms)
            || near(clocks.system_ms)
            || (lost && given_ms > at_ms.saturating_sub(self.told_ms))
    }

    /// The last moment, and what is spent.
    #[must_use]
    pub const fn marks(&self) -> &ClockState {
        &self.marks
    }

    /// A witness has spoken since the machine's start.
    #[must_use]
    pub const fn is_sure(&self) -> bool {
        self.sure
    }

    fn expected_ms(&self, since_boot_ms: i64) -> i64 {
        let passed_ms = since_boot_ms.saturating_sub(self.anchored_ms).max(0);
        let slowed_ms = self.lead_ms.min(passed_ms / SLOWER);
        self.anchor_ms
            .saturating_add(passed_ms)
            .saturating_sub(slowed_ms)
    }

    fn lead_left_ms(&self, since_boot_ms: i64) -> i64 {
        let passed_ms = since_boot_ms.saturating_sub(self.anchored_ms).max(0);
        self.lead_ms.saturating_sub(passed_ms / SLOWER).max(0)
    }
}

#[cfg(test)]
mod tests;

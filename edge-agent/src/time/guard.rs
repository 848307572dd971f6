//! The guarded clock: what time the agent believes it is, and how much of the offline budgets is spent.
//!
//! A machine without a battery clock may start with any time, and anybody can set a machine's clock. So these rules hold:
//!
//! - While the machine runs, the agent's time follows the kernel's count since the machine's start, which nobody can set.
//!   Small differences of the machine's clock, up to five minutes, are followed.
//!   A larger jump of the machine's clock only causes a warning, and the agent's time goes on.
//! - After a start of the machine it is unknown how long the power was off.
//!   Time goes on from the latest moment that was seen, until a trusted source gives the time:
//!   the printer's clock, or the `Date` of an authority's answer. A trusted source can move time far forward.
//! - Until a trusted source has given the time, a caller whose signature is valid can move time forward too, by a week at most
//!   ([`TimeGuard::observe_caller_time`]).
//! - Time never goes back. If the trusted sources show that the agent's time is ahead, the agent's time runs slower until both
//!   agree.
//! - [`ferrotill_core::budget`] counts what is spent of a budget from these moments, and every commit stores it.
//!   So neither a rollback nor a new start of the agent or of the machine gives back spent budget.
//!
//! [`TimeGuard`] is pure; [`GuardedClock`](super::guarded_clock::GuardedClock) reads the clocks for it.

use ferrotill_core::clock_guard::{ClockGuard, ClockReading, ClockState, ClockTrouble};
use ferrotill_core::time::Moment;
use ferrotill_store::StoredClock;
use uuid::Uuid;

/// The readings of the machine's clocks at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The machine's time of day in milliseconds since the epoch. It may be wrong.
    pub system_ms: i64,
    /// Milliseconds since the machine was started.
    pub since_boot_ms: i64,
}

/// Whether a caller's time was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallerTimeOutcome {
    /// The caller's time is not ahead of the till's time, or the till's time is better confirmed.
    NothingNew,
    /// The caller's time was used: the till's time went forward.
    Believed,
    /// The caller's time is too far ahead, or the machine's clock contradicts it. Nothing changed.
    NotBelieved,
}

/// What the agent believes about the time. Pure: the readings of the clocks are arguments.
#[derive(Clone, Copy, Debug)]
pub struct TimeGuard {
    marks: ClockState,
    boot: Uuid,
    /// A moment that is believed, in milliseconds since the epoch. Later moments are counted from it.
    anchor_ms: i64,
    /// The reading of the kernel's count at the anchor, in milliseconds since the machine's start.
    anchored_ms: i64,
    /// How far the anchor is ahead of the time of the trusted sources, in milliseconds.
    lead_ms: i64,
    /// True if a trusted source has given the time since the machine's start.
    confirmed: bool,
    /// True if the machine was started at least once since the till saw its first moment.
    started_anew: bool,
    /// How far callers have moved time forward since the machine's start, in milliseconds.
    moved_by_callers_ms: i64,
    /// The last reading of the kernel's count, in milliseconds since the machine's start.
    read_ms: i64,
}

/// Until a trusted source has given the time, the machine's clock is believed if it is ahead by at most this many milliseconds.
/// The guard in core uses the same limit between two moments.
const LEAP_MS: i64 = 2 * HOUR_MS;
/// The machine's clock is followed while it differs from the expected time by at most this many milliseconds.
pub(super) const FOLLOW_MS: i64 = 5 * 60_000;
/// A printer's clock has no time zone. It may have been set in another zone or without summer time, so it may be wrong by this many milliseconds.
const ZONE_MS: i64 = 14 * HOUR_MS;
/// If the machine's clock is ahead of the trusted source by at most this many milliseconds, the source is believed to be in another time zone.
const AHEAD_MS: i64 = 4 * HOUR_MS;
/// From one start of the machine to the next, all callers together move time forward by at most this many milliseconds.
/// A week is longer than a weekend with holidays.
/// A caller's clock that is set to a wrong month or year exceeds a week, and must not bring that time into the journal.
const CALLER_MS: i64 = 7 * 24 * HOUR_MS;
/// The till's time runs slower while it is ahead: it loses one millisecond in this many milliseconds.
const SLOWER: i64 = 8;
/// The format of a printer's clock.
pub(super) const PRINTER_CLOCK: &str = "DD-MM-YY HH:MM:SS";
/// 2026-01-01, in milliseconds since the epoch. No till with this program has sold anything before.
const PLAUSIBLE_MS: i64 = 1_767_225_600_000;
const HOUR_MS: i64 = 3_600_000;
const GUARD: ClockGuard = ClockGuard {
    jump_ms_max: LEAP_MS,
};

impl TimeGuard {
    /// A guard that goes on from what was stored. Without a stored clock it begins with the machine's clock.
    #[must_use]
    pub fn new(remembered: Option<StoredClock>, boot: Uuid, clocks: Clocks) -> Self {
        let start = Self {
            marks: ClockState::default(),
            boot,
            anchor_ms: clocks.system_ms,
            anchored_ms: clocks.since_boot_ms,
            lead_ms: 0,
            confirmed: false,
            started_anew: false,
            moved_by_callers_ms: 0,
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
            confirmed: same && kept.sure,
            started_anew: !same || kept.started_anew,
            moved_by_callers_ms: if same { kept.told_ms } else { 0 },
            ..start
        }
    }

    /// The state of the guarded clock that is stored with the next commit.
    #[must_use]
    pub fn remembered(&self) -> StoredClock {
        StoredClock {
            marks: self.marks,
            boot: self.boot,
            since_boot_ms: self.read_ms,
            sure: self.confirmed,
            started_anew: self.started_anew,
            lead_ms: self.lead_left_ms(self.read_ms),
            told_ms: self.moved_by_callers_ms,
        }
    }

    /// The journal contains this moment. If the agent's time was before it, the time goes on from this moment.
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

    /// The time now in milliseconds since the epoch, and what is wrong with the machine's clock. Changes nothing.
    #[must_use]
    pub fn look(&self, clocks: Clocks) -> (i64, Option<ClockTrouble>) {
        let expected_ms = self.expected_ms(clocks.since_boot_ms);
        let off_ms = clocks.system_ms.saturating_sub(expected_ms);
        let followed = if self.confirmed || self.moved_by_callers_ms > 0 {
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

    /// The time now. No later call returns an earlier time. The time since the last step is charged to the budgets if the
    /// authority is offline.
    pub fn step(&mut self, clocks: Clocks, moment: impl Fn(i64) -> Moment) -> Moment {
        self.set_offline(clocks, moment, self.marks.spent().is_offline())
    }

    /// The time of a document that is sold.
    /// If no trusted source has given the time since the machine's start, and the machine's clock is ahead, this difference may
    /// have passed while the power was off. The difference is charged to the budgets, although the till's time does not follow
    /// the machine's clock.
    pub fn step_selling(&mut self, clocks: Clocks, moment: impl Fn(i64) -> Moment) -> Moment {
        let at = self.step(clocks, moment);
        if let (false, (_, Some(ClockTrouble::JumpedAhead { by_ms }))) =
            (self.confirmed, self.look(clocks))
        {
            self.marks = self.marks.charge_unsure(by_ms);
        }
        at
    }

    /// From now on the authority is offline, or not. Returns the time now, like [`step`](Self::step).
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

    /// A trusted source has given its time in milliseconds since the epoch. Returns false if the source's time is not believed.
    pub fn observe_trusted_time(&mut self, clocks: Clocks, source_ms: i64) -> bool {
        let at_ms = self.look(clocks).0;
        let Some(true_ms) = self.true_time(clocks, source_ms, at_ms) else {
            return false;
        };
        if !self.confirmed {
            self.confirmed = true;
            self.marks = self.marks.refund_all_unsure();
        }
        self.anchored_ms = clocks.since_boot_ms;
        self.anchor_ms = true_ms.max(at_ms);
        let lead_ms = at_ms.saturating_sub(true_ms);
        self.lead_ms = if lead_ms > FOLLOW_MS { lead_ms } else { 0 };
        true
    }

    /// The time that follows from a trusted source, the machine's clock and the till's own time `at_ms`.
    /// `None` if the source contradicts both of the others.
    fn true_time(&self, clocks: Clocks, source_ms: i64, at_ms: i64) -> Option<i64> {
        let system_ms = clocks.system_ms;
        let latest_ms = self.marks.latest().map_or(i64::MIN, |latest| latest.utc_ms);
        if source_ms < PLAUSIBLE_MS && latest_ms >= PLAUSIBLE_MS {
            // The source's battery is empty: the till has already seen a later time.
            return None;
        }
        let ahead_ms = system_ms.saturating_sub(source_ms);
        if !self.confirmed {
            let agreed = if self.started_anew {
                -FOLLOW_MS..=AHEAD_MS
            } else {
                -ZONE_MS..=ZONE_MS
            };
            return Some(if agreed.contains(&ahead_ms) {
                system_ms
            } else {
                source_ms
            });
        }
        let differs = |one: i64, other: i64, by_ms: i64| one.abs_diff(other) > by_ms.unsigned_abs();
        if !differs(system_ms, at_ms, FOLLOW_MS) {
            // The machine's clock and the till's time agree. They are believed, whatever the source's time is.
            return (!differs(source_ms, at_ms, ZONE_MS)).then_some(at_ms);
        }
        // The machine's clock was set. It is believed if the source confirms it.
        (!differs(system_ms, source_ms, AHEAD_MS)).then_some(system_ms)
    }

    /// A caller whose signature is valid has given its time.
    ///
    /// A caller is a weak source: its clock may be wrong, or may be the clock of this very machine.
    /// The caller's time is used only after a start of the machine and until a trusted source has given the time.
    /// Without the caller's time, the till would give documents a time that is long past.
    /// Callers can only move time forward, which spends budget and never gives budget back.
    /// All callers together move the time by a week at most.
    /// If the machine's clock has gone on too, callers move the time no further than the machine's clock.
    /// A recorded call that is sent again contains the time when it was signed, which has passed.
    ///
    /// A caller's time confirms nothing: a trusted source is still needed, and if it shows that time is ahead, time runs slower.
    pub fn observe_caller_time(&mut self, clocks: Clocks, caller_ms: i64) -> CallerTimeOutcome {
        let at_ms = self.look(clocks).0;
        let ahead_ms = caller_ms.saturating_sub(at_ms);
        if self.confirmed || !self.started_anew || ahead_ms <= FOLLOW_MS {
            return CallerTimeOutcome::NothingNew;
        }
        let expected_ms = self.expected_ms(clocks.since_boot_ms);
        let off_ms = clocks.system_ms.saturating_sub(expected_ms);
        let agreed_ms = if off_ms > FOLLOW_MS {
            // Both clocks have gone on. At least the smaller of both times has passed.
            caller_ms.min(clocks.system_ms)
        } else if self.moved_by_callers_ms > 0 && off_ms >= -FOLLOW_MS {
            // The machine's clock agrees with the time of an earlier caller.
            at_ms
        } else {
            // The machine's clock was reset, or stood still while the power was off.
            caller_ms
        };
        let by_ms = agreed_ms.saturating_sub(at_ms);
        if by_ms <= 0 || ahead_ms > CALLER_MS.saturating_sub(self.moved_by_callers_ms) {
            return CallerTimeOutcome::NotBelieved;
        }
        (self.anchor_ms, self.anchored_ms) = (agreed_ms, clocks.since_boot_ms);
        self.moved_by_callers_ms = self.moved_by_callers_ms.saturating_add(by_ms);
        self.marks = self.marks.refund_unsure(by_ms);
        CallerTimeOutcome::Believed
    }

    /// Whether a signed caller's time is near enough to the till's time, to the time of the trusted sources, or to the machine's clock.
    /// "Near" means at most `window_ms` away.
    ///
    /// After a power cut the till knows only that it is later than before.
    /// Until a trusted source has given the time, any caller's time after the last known moment is accepted.
    /// The times of other callers do not change this.
    #[must_use]
    pub fn accepts(&self, clocks: Clocks, given_ms: i64, window_ms: i64) -> bool {
        let at_ms = self.look(clocks).0;
        let near = |now: i64| now.abs_diff(given_ms) <= window_ms.unsigned_abs();
        let lost = !self.confirmed && (self.started_anew || at_ms < PLAUSIBLE_MS);
        let confirmed_ms = at_ms.saturating_sub(self.lead_left_ms(clocks.since_boot_ms));
        near(at_ms)
            || near(confirmed_ms)
            || near(clocks.system_ms)
            || (lost && given_ms > at_ms.saturating_sub(self.moved_by_callers_ms))
    }

    /// The latest moment, and what is spent of the budgets.
    #[must_use]
    pub const fn marks(&self) -> &ClockState {
        &self.marks
    }

    /// Whether a trusted source has given the time since the machine's start.
    #[must_use]
    pub const fn is_sure(&self) -> bool {
        self.confirmed
    }

    /// The time without the machine's clock: the anchor plus the kernel's count since then.
    fn expected_ms(&self, since_boot_ms: i64) -> i64 {
        let passed_ms = since_boot_ms.saturating_sub(self.anchored_ms).max(0);
        let slowed_ms = self.lead_ms.min(passed_ms / SLOWER);
        self.anchor_ms
            .saturating_add(passed_ms)
            .saturating_sub(slowed_ms)
    }

    /// How far the till's time is still ahead of the trusted sources.
    fn lead_left_ms(&self, since_boot_ms: i64) -> i64 {
        let passed_ms = since_boot_ms.saturating_sub(self.anchored_ms).max(0);
        self.lead_ms.saturating_sub(passed_ms / SLOWER).max(0)
    }
}

#[cfg(test)]
mod tests;

//! The guarded clock: what time the agent believes it is, and how much of the offline budgets is spent.
//!
//! A machine without a battery clock may start with any time, and anybody can set a machine's clock. So these rules hold:
//!
//! - **The time is confirmed when two clocks agree on it within ten minutes**: the machine's, the printer's, the office's (the
//!   `Date` of its answers) and that of a caller whose signature is valid ([`witness`]).
//!   A printer's clock has no time zone, so a difference of hours is not believed over the others.
//! - While the machine runs, a confirmed time follows the kernel's count since the machine's start, which nobody can set.
//!   Small differences of the machine's clock, up to five minutes, are followed.
//!   A larger jump of the machine's clock only causes a warning, and the agent's time goes on.
//! - After a start of the machine it is unknown how long the power was off.
//!   Time goes on from the latest moment that was seen, until another clock gives the time. One clock alone is used until two agree,
//!   a caller alone by a week at most.
//! - **Until two clocks agree, only a document binds the time**: if the clocks that agree then show an earlier time, the till's
//!   time goes back to it, but never before a document in the journal.
//! - A confirmed time never goes back. If two clocks show that it is ahead, it runs slower until they agree, or until an operator
//!   corrects it ([`TimeGuard::set`]).
//! - [`ferrotill_core::budget`] counts what is spent of a budget from these moments, and every commit stores it.
//!   So neither a rollback nor a new start of the agent or of the machine gives back spent budget.
//!   What may have passed between the last stored clock and a power cut is charged at the next start ([`STORED_EVERY_MS`]).
//!
//! [`TimeGuard`] is pure; [`GuardedClock`](super::guarded_clock::GuardedClock) reads the clocks for it.

pub mod witness;

use std::ops::Range;

use ferrotill_core::clock_guard::{ClockGuard, ClockReading, ClockState, ClockTrouble};
use ferrotill_core::time::Moment;
use ferrotill_store::StoredClock;
use uuid::Uuid;
use witness::{Heard, ShownTimes, Witness, agree};

/// The readings of the machine's clocks at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The machine's time of day in milliseconds since the epoch. It may be wrong.
    pub system_ms: i64,
    /// Milliseconds since the machine was started.
    pub since_boot_ms: i64,
}

/// What the time of a witness has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockEffect {
    /// The till's time stays, and the witness does not contradict it.
    None,
    /// The till's time has changed by more than five minutes.
    Moved,
    /// The time of the witness is not used.
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
    /// How far the anchor is ahead of the confirmed time, in milliseconds.
    lead_ms: i64,
    /// True if two clocks have agreed on the time since the machine's start.
    confirmed: bool,
    /// True if two clocks have ever agreed: then the true time is not before the latest moment.
    established: bool,
    /// True if the machine was started at least once since the till saw its first moment.
    started_anew: bool,
    /// True if the stored clock is of an earlier start of the machine.
    must_be_stored: bool,
    /// True if the time comes from a witness, so that the machine's clock cannot move it by hours.
    shown: bool,
    /// How far witnesses have moved the time since the machine's start while it was not confirmed, in milliseconds.
    moved_ms: i64,
    /// How far callers alone have moved time forward since the machine's start, in milliseconds.
    moved_by_callers_ms: i64,
    /// The latest moment of a document in the journal, in milliseconds since the epoch.
    documents_ms: Option<i64>,
    heard: Heard,
    /// The last reading of the kernel's count, in milliseconds since the machine's start.
    read_ms: i64,
}

/// Until a witness has given the time, the machine's clock is believed if it is ahead by at most this many milliseconds.
/// The guard in core uses the same limit between two moments.
const LEAP_MS: i64 = 2 * HOUR_MS;
/// The machine's clock is followed while it differs from the expected time by at most this many milliseconds.
pub(super) const FOLLOW_MS: i64 = 5 * 60_000;
/// From one start of the machine to the next, callers alone move time by at most this many milliseconds.
/// A week is longer than a weekend with holidays.
/// A caller's clock that is set to a wrong month or year exceeds a week, and must not bring that time into the journal.
const CALLER_MS: i64 = 7 * 24 * HOUR_MS;
/// At the first start a caller alone moves the time by at most this many milliseconds in either direction: no power was off, so the
/// machine's clock is wrong by a time zone rather than by days.
const CALLER_FIRST_MS: i64 = 24 * HOUR_MS;
/// The till's time runs slower while it is ahead: it loses one millisecond in this many milliseconds.
const SLOWER: i64 = 8;
/// The format of a printer's clock.
pub(super) const PRINTER_CLOCK: &str = "DD-MM-YY HH:MM:SS";
/// The times that a clock may show, in milliseconds since the epoch: 2026-01-01, before which no till with this program has sold
/// anything, up to 2100-01-01, from which on the two digits of a printer's year no longer tell it.
pub(super) const PLAUSIBLE_MS: Range<i64> = 1_767_225_600_000..4_102_444_800_000;
const HOUR_MS: i64 = 3_600_000;
/// While an offline limit runs the clock is stored at least this often, in milliseconds, and at each start of the machine. A power cut
/// loses at most this much of the clock's progress. So each start of the machine charges this time to the offline limits, until printer
/// or office shows how much it really was.
pub const STORED_EVERY_MS: i64 = 60_000;
/// While no offline limit runs the clock is stored at least this often, in milliseconds. What a power cut loses then counts for no limit.
pub const STORED_AT_REST_EVERY_MS: i64 = 15 * 60_000;
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
            established: false,
            started_anew: false,
            must_be_stored: false,
            shown: false,
            moved_ms: 0,
            moved_by_callers_ms: 0,
            documents_ms: None,
            heard: Heard::default(),
            read_ms: clocks.since_boot_ms,
        };
        // A time that no document has and no two clocks have agreed on binds nobody.
        let Some((kept, latest)) = remembered
            .filter(|kept| kept.established || kept.documents_ms.is_some())
            .and_then(|kept| kept.marks.latest().map(|latest| (kept, latest)))
        else {
            return start;
        };
        if kept.boot == boot && kept.since_boot_ms <= clocks.since_boot_ms {
            return Self {
                marks: kept.marks,
                anchor_ms: kept.anchor_ms,
                anchored_ms: kept.anchored_ms,
                lead_ms: kept.lead_ms,
                confirmed: kept.sure,
                established: kept.established,
                started_anew: kept.started_anew,
                shown: kept.shown,
                moved_ms: kept.moved_ms,
                moved_by_callers_ms: kept.told_ms,
                documents_ms: kept.documents_ms,
                ..start
            };
        }
        Self {
            marks: kept.marks.charge_further(STORED_EVERY_MS),
            anchor_ms: latest.utc_ms,
            established: kept.established,
            started_anew: true,
            must_be_stored: true,
            documents_ms: kept.documents_ms,
            ..start
        }
    }

    /// Whether the clock must be stored at this start, because the machine was started since the clock was stored last: then a
    /// further power cut loses no more than [`STORED_EVERY_MS`] either.
    #[must_use]
    pub const fn must_be_stored(&self) -> bool {
        self.must_be_stored
    }

    /// The state of the guarded clock that is stored with the next commit, without what is known of the printers.
    #[must_use]
    pub fn remembered(&self) -> StoredClock {
        StoredClock {
            marks: self.marks,
            boot: self.boot,
            since_boot_ms: self.read_ms,
            anchor_ms: self.anchor_ms,
            anchored_ms: self.anchored_ms,
            sure: self.confirmed,
            established: self.established,
            started_anew: self.started_anew,
            shown: self.shown,
            lead_ms: self.lead_ms,
            moved_ms: self.moved_ms,
            told_ms: self.moved_by_callers_ms,
            documents_ms: self.documents_ms,
            printers: Vec::new(),
        }
    }

    /// The journal contains a document of this moment. If the agent's time was before it, the time goes on from this moment.
    pub fn not_before(&mut self, at: Moment) {
        self.written(at.utc_ms);
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

    /// A document with this moment was written, in milliseconds since the epoch. No later document gets an earlier moment.
    pub fn written(&mut self, at_ms: i64) {
        self.documents_ms = self.documents_ms.max(Some(at_ms));
    }

    /// The time now in milliseconds since the epoch, and what is wrong with the machine's clock. Changes nothing.
    #[must_use]
    pub fn look(&self, clocks: Clocks) -> (i64, Option<ClockTrouble>) {
        let expected_ms = self.expected_ms(clocks.since_boot_ms);
        let off_ms = clocks.system_ms.saturating_sub(expected_ms);
        let followed = if self.confirmed || self.shown {
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
        let latest_ms = self.marks.latest().map(|latest| latest.utc_ms);
        (
            latest_ms
                .max(self.documents_ms)
                .max(Some(at_ms))
                .unwrap_or(at_ms),
            trouble,
        )
    }

    /// The time now. The time since the last step is charged to the budgets if the authority is offline.
    ///
    /// Once the time is confirmed, no later call returns an earlier time.
    pub fn step(&mut self, clocks: Clocks, moment: impl Fn(i64) -> Moment) -> Moment {
        self.set_offline(clocks, moment, self.marks.spent().is_offline())
    }

    /// The time of a document that is sold.
    /// If the time is not confirmed since the machine's start, and the machine's clock is ahead, this difference may have passed
    /// while the power was off. The difference is charged to the budgets, although the till's time does not follow
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
        // While the till's time is ahead it runs slower than the true time, which is what the budgets count.
        let reading = ClockReading {
            clock: moment(self.true_ms(clocks)),
            reference: Some(at),
        };
        let step = GUARD.read(self.marks, reading, offline);
        self.marks = step.state;
        self.read_ms = clocks.since_boot_ms;
        step.at
    }

    /// A witness has given its time, in milliseconds since the epoch.
    ///
    /// A caller counts only if its signature is valid and it orders a document.
    /// Callers are a weak witness: a caller's clock may be wrong, or may be the clock of this very machine.
    /// So a caller alone moves time by a week at most (at the first start by a day), and never a time that is confirmed.
    pub fn hear(&mut self, clocks: Clocks, witness: Witness, given_ms: i64) -> ClockEffect {
        if !PLAUSIBLE_MS.contains(&given_ms) {
            // The battery of this clock is empty, or its time is in another unit than milliseconds.
            return ClockEffect::NotBelieved;
        }
        self.heard.keep(clocks, witness, given_ms);
        let effect = self.judge(clocks, witness, given_ms);
        let true_ms = self.true_ms(clocks);
        if self.confirmed && self.times(clocks).printer_or_office_shows(true_ms) {
            // What may have passed without power is known now. A caller and the machine may be one clock, which anybody can set.
            self.marks = self.marks.refund_all_unsure();
        }
        effect
    }

    fn judge(&mut self, clocks: Clocks, witness: Witness, given_ms: i64) -> ClockEffect {
        let times = self.times(clocks);
        if !self.confirmed {
            return match times.agreed(self.least_ms(clocks)) {
                Some(agreed_ms) => self.confirm(clocks, agreed_ms),
                None => self.use_one(clocks, witness, &times),
            };
        }
        let true_ms = self.true_ms(clocks);
        if agree(given_ms, true_ms) {
            return ClockEffect::None;
        }
        match times.agreed_against_the_till() {
            Some(agreed_ms) if !agree(agreed_ms, true_ms) => self.confirm(clocks, agreed_ms),
            _ if matches!(witness, Witness::Caller) => ClockEffect::None,
            _ => ClockEffect::NotBelieved,
        }
    }

    /// The simulator has moved the clocks of everything, so the machine's clock is right.
    pub fn trust_machine(&mut self, clocks: Clocks) {
        self.heard = Heard::default();
        self.confirm(clocks, clocks.system_ms);
    }

    /// Whether some clock shows this time, within ten minutes. Only such a time can be set.
    #[must_use]
    pub fn is_shown(&self, clocks: Clocks, at_ms: i64) -> bool {
        self.times(clocks).any_shows(at_ms)
    }

    /// An operator has corrected the time. It may be before the last document.
    pub fn set(&mut self, clocks: Clocks, at: Moment) {
        self.marks = self.marks.corrected(at);
        (self.anchor_ms, self.anchored_ms) = (at.utc_ms, clocks.since_boot_ms);
        self.lead_ms = 0;
        self.confirmed = true;
        self.established = true;
        self.moved_ms = 0;
        self.documents_ms = Some(at.utc_ms);
        self.read_ms = clocks.since_boot_ms;
    }

    /// Two clocks have agreed on this time.
    fn confirm(&mut self, clocks: Clocks, true_ms: i64) -> ClockEffect {
        let at_ms = self.look(clocks).0;
        let ahead_ms = at_ms.saturating_sub(true_ms);
        let new_ms = if self.confirmed || (0..=FOLLOW_MS).contains(&ahead_ms) {
            true_ms.max(at_ms)
        } else {
            true_ms.max(self.documents_ms.unwrap_or(true_ms))
        };
        if !self.confirmed {
            self.confirmed = true;
            self.established = true;
            self.moved_ms = 0;
            // The next step charges this time.
            self.marks = self
                .marks
                .refund_unsure(new_ms.saturating_sub(at_ms).max(0));
        }
        self.go_on_from(clocks, new_ms);
        let lead_ms = new_ms.saturating_sub(true_ms);
        self.lead_ms = if lead_ms > FOLLOW_MS { lead_ms } else { 0 };
        effect(at_ms, new_ms)
    }

    /// No two clocks agree. The time of one of them is used until two do.
    fn use_one(&mut self, clocks: Clocks, witness: Witness, times: &ShownTimes) -> ClockEffect {
        let least_ms = self.least_ms(clocks);
        if let Some(office_ms) = times.office.filter(|ms| *ms >= least_ms) {
            return match witness {
                Witness::Office => self.move_to(clocks, office_ms),
                _ => ClockEffect::NotBelieved,
            };
        }
        match witness {
            Witness::Printer { .. } => match self.with_printer(times, least_ms) {
                Some(shown_ms) => self.move_to(clocks, shown_ms),
                None => ClockEffect::NotBelieved,
            },
            Witness::Office => ClockEffect::NotBelieved,
            Witness::Caller => match times.caller {
                Some(caller_ms) if !times.printer_denies(caller_ms) => {
                    self.use_caller(clocks, times, caller_ms)
                }
                _ => ClockEffect::NotBelieved,
            },
        }
    }

    /// The time by the printer, or by the machine or a caller where the printer's hours are not believed over theirs.
    fn with_printer(&self, times: &ShownTimes, least_ms: i64) -> Option<i64> {
        let printer_ms = times.printer?;
        let possible = |ms: &i64| *ms >= least_ms;
        let other = times.machine.filter(possible);
        let used_ms = match other.or_else(|| times.caller.filter(possible)) {
            Some(other_ms) if times.printer_differs_by_a_zone(other_ms) => {
                // With an unknown zone, the printer says nothing about the hours of the other clock.
                times.printers_zone_known().then_some(other_ms)?
            }
            // Before two clocks have ever agreed, the earlier time is used: a time that is behind can be corrected later.
            Some(other_ms) if !self.established => printer_ms.min(other_ms),
            _ => printer_ms,
        };
        Some(used_ms).filter(possible)
    }

    /// A caller is the only witness, or the printer does not deny its time.
    ///
    /// If the machine's clock has gone on too, the caller moves the time no further than the machine's clock.
    /// A recorded call that is sent again contains the time when it was signed, which has passed.
    fn use_caller(&mut self, clocks: Clocks, times: &ShownTimes, caller_ms: i64) -> ClockEffect {
        let at_ms = self.look(clocks).0;
        if !self.started_anew {
            let near =
                |machine_ms: i64| machine_ms.abs_diff(caller_ms) <= CALLER_FIRST_MS.unsigned_abs();
            return match times.machine {
                Some(machine_ms) if !near(machine_ms) => ClockEffect::NotBelieved,
                Some(_) => self.move_to(clocks, caller_ms),
                None => self.use_caller_beside_a_reset_clock(clocks, caller_ms),
            };
        }
        let ahead_ms = caller_ms.saturating_sub(at_ms);
        if ahead_ms < -FOLLOW_MS && self.shown && self.is_possible(clocks, caller_ms) {
            // Another witness has moved the time further, and no two agree: the earlier time is used, which can be corrected later.
            return self.move_to(clocks, caller_ms);
        }
        if ahead_ms <= FOLLOW_MS {
            return ClockEffect::None;
        }
        let off_ms = clocks
            .system_ms
            .saturating_sub(self.expected_ms(clocks.since_boot_ms));
        let agreed_ms = if off_ms > FOLLOW_MS {
            // Both clocks have gone on. At least the smaller of both times has passed.
            caller_ms.min(clocks.system_ms)
        } else if self.shown && off_ms >= -FOLLOW_MS {
            // The machine's clock agrees with the time of an earlier witness.
            at_ms
        } else {
            // The machine's clock was reset, or stood still while the power was off.
            caller_ms
        };
        let by_ms = agreed_ms.saturating_sub(at_ms);
        if by_ms <= 0 || ahead_ms > CALLER_MS.saturating_sub(self.moved_by_callers_ms) {
            return ClockEffect::NotBelieved;
        }
        self.moved_by_callers_ms = self.moved_by_callers_ms.saturating_add(by_ms);
        self.move_to(clocks, agreed_ms)
    }

    /// The machine's clock has no plausible time at the first start. The first caller gives the time, because the first document needs
    /// one; an earlier one of another caller is used too. Later callers move it ahead by a day at most, all together.
    fn use_caller_beside_a_reset_clock(&mut self, clocks: Clocks, caller_ms: i64) -> ClockEffect {
        let ahead_ms = caller_ms.saturating_sub(self.look(clocks).0);
        if self.shown && ahead_ms > FOLLOW_MS {
            if ahead_ms > CALLER_FIRST_MS.saturating_sub(self.moved_by_callers_ms) {
                return ClockEffect::NotBelieved;
            }
            self.moved_by_callers_ms = self.moved_by_callers_ms.saturating_add(ahead_ms);
        }
        self.move_to(clocks, caller_ms)
    }

    /// Uses the time of a witness until two clocks agree.
    fn move_to(&mut self, clocks: Clocks, shown_ms: i64) -> ClockEffect {
        let at_ms = self.look(clocks).0;
        let new_ms = shown_ms.max(self.documents_ms.unwrap_or(shown_ms));
        if effect(at_ms, new_ms) == ClockEffect::None {
            return ClockEffect::None;
        }
        let by_ms = new_ms.saturating_sub(at_ms);
        self.moved_ms = self.moved_ms.saturating_add(by_ms);
        self.marks = self.marks.refund_unsure(by_ms.max(0));
        self.shown = true;
        self.lead_ms = 0;
        self.go_on_from(clocks, new_ms);
        ClockEffect::Moved
    }

    /// Time goes on from `new_ms`. What was read of a later time, and was not confirmed, is forgotten.
    fn go_on_from(&mut self, clocks: Clocks, new_ms: i64) {
        (self.anchor_ms, self.anchored_ms) = (new_ms, clocks.since_boot_ms);
        if let Some(latest) = self.marks.latest().filter(|latest| latest.utc_ms > new_ms) {
            self.marks = self.marks.corrected(Moment {
                utc_ms: new_ms,
                ..latest
            });
        }
    }

    /// Whether a signed caller's time is near enough to the till's time, to the confirmed time, to the office's or to the machine's
    /// clock. "Near" means at most `window_ms` away.
    ///
    /// Until the time is confirmed, the till does not know the time better than its callers.
    /// After a power cut it knows only that it is later than before, so any caller's time after the last known moment is accepted.
    /// If no two clocks have ever agreed, any plausible time is accepted.
    #[must_use]
    pub fn accepts(&self, clocks: Clocks, given_ms: i64, window_ms: i64) -> bool {
        let at_ms = self.look(clocks).0;
        let near = |now: i64| now.abs_diff(given_ms) <= window_ms.unsigned_abs();
        let known_ms = if self.established {
            at_ms.saturating_sub(self.moved_ms)
        } else {
            PLAUSIBLE_MS.start
        };
        near(at_ms)
            || near(self.true_ms(clocks))
            || near(clocks.system_ms)
            || self.times(clocks).office.is_some_and(near)
            || (!self.confirmed && given_ms > known_ms && given_ms < PLAUSIBLE_MS.end)
    }

    /// What every clock shows now.
    #[must_use]
    pub fn times(&self, clocks: Clocks) -> ShownTimes {
        self.heard.times(clocks)
    }

    /// The latest moment, and what is spent of the budgets.
    #[must_use]
    pub const fn marks(&self) -> &ClockState {
        &self.marks
    }

    /// Whether two clocks have agreed on the time since the machine's start.
    #[must_use]
    pub const fn is_sure(&self) -> bool {
        self.confirmed
    }

    /// Whether two clocks have ever agreed on the time.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        self.established
    }

    /// How far the till's time is ahead of the confirmed time, in milliseconds.
    #[must_use]
    pub fn ahead_ms(&self, clocks: Clocks) -> i64 {
        self.lead_left_ms(clocks.since_boot_ms)
    }

    /// The time now without the lead, in milliseconds since the epoch.
    fn true_ms(&self, clocks: Clocks) -> i64 {
        let lead_ms = self.lead_left_ms(clocks.since_boot_ms);
        self.look(clocks).0.saturating_sub(lead_ms)
    }

    /// A time before this one cannot be the true time, in milliseconds since the epoch.
    fn least_ms(&self, clocks: Clocks) -> i64 {
        if self.established {
            self.expected_ms(clocks.since_boot_ms)
                .saturating_sub(self.moved_ms)
                .saturating_sub(FOLLOW_MS)
        } else {
            i64::MIN
        }
    }

    /// Whether a time can be the true one: it is not before what is known, and no document is later.
    fn is_possible(&self, clocks: Clocks, ms: i64) -> bool {
        let document_ms = self.documents_ms.unwrap_or(i64::MIN);
        ms >= self
            .least_ms(clocks)
            .max(document_ms.saturating_sub(FOLLOW_MS))
    }

    /// The time without the machine's clock: the anchor plus the kernel's count since then.
    fn expected_ms(&self, since_boot_ms: i64) -> i64 {
        let passed_ms = since_boot_ms.saturating_sub(self.anchored_ms).max(0);
        let slowed_ms = self.lead_ms.min(passed_ms / SLOWER);
        self.anchor_ms
            .saturating_add(passed_ms)
            .saturating_sub(slowed_ms)
    }

    /// How far the till's time is still ahead of the confirmed time.
    fn lead_left_ms(&self, since_boot_ms: i64) -> i64 {
        let passed_ms = since_boot_ms.saturating_sub(self.anchored_ms).max(0);
        self.lead_ms.saturating_sub(passed_ms / SLOWER).max(0)
    }
}

/// The till's time was `before_ms` and is `after_ms` now.
fn effect(before_ms: i64, after_ms: i64) -> ClockEffect {
    if before_ms.abs_diff(after_ms) > FOLLOW_MS.unsigned_abs() {
        ClockEffect::Moved
    } else {
        ClockEffect::None
    }
}

#[cfg(test)]
mod tests;

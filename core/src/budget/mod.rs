//! How long the law lets the till sell without the tax office, and what the clock may and may not do meanwhile.
//!
//! Everything is a pure function of durable [`Marks`] and one [`Reading`] of the clocks; the caller stores the marks that come back.
//!
//! - **Time never goes back**: the moment that a reading gives is never before the last one, so that no clock reorders a chain.
//! - **A clock that went back extends no budget**: what is spent is never given back, and the progress of the clock
//!   is counted from where it stands now, not from the highest time that was seen.
//! - **A jump forward is believed only with a witness** (the printer's clock, a server's `Date`); until then time stands still
//!   for documents, and the whole jump is charged to the budget. So no jump opens a new month's budget either.

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::time::{Day, Moment};

/// A country's budgets for selling without the tax office.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// At a stretch, in milliseconds.
    pub stretch_ms: Option<i64>,
    /// In one calendar month, in milliseconds.
    pub month_ms: Option<i64>,
    /// How old the oldest document may be that the office has not acknowledged, in milliseconds.
    pub unsent_ms: Option<i64>,
    /// How many documents may be kept that the office has not acknowledged.
    pub unsent_documents: Option<u32>,
    /// What happens at the end.
    pub at_the_end: AtTheEnd,
}

/// What the law wants at the end of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTheEnd {
    /// No more sales.
    Stop,
    /// A report to the office; sales go on.
    Report,
}

/// What is left of a budget, never below zero; none where no limit is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Of the stretch, in milliseconds.
    pub stretch_ms: Option<i64>,
    /// Of the month, in milliseconds.
    pub month_ms: Option<i64>,
    /// Until the oldest unsent document is too old, in milliseconds.
    pub unsent_ms: Option<i64>,
    /// Documents that may still be kept unsent.
    pub documents: Option<u32>,
}

impl Left {
    /// The smallest of the times that are left.
    #[must_use]
    pub fn least_ms(self) -> Option<i64> {
        [self.stretch_ms, self.month_ms, self.unsent_ms]
            .into_iter()
            .flatten()
            .min()
    }

    /// What counts while the office can be reached: hours without it are spent by nobody then, unsent documents still wait.
    #[must_use]
    pub const fn while_online(self) -> Self {
        Self {
            stretch_ms: None,
            month_ms: None,
            ..self
        }
    }

    /// One of the limits is reached.
    #[must_use]
    pub fn is_used_up(self) -> bool {
        self.least_ms().is_some_and(|left| left <= 0) || self.documents == Some(0)
    }
}

/// What waits to be told to the office.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// Documents.
    pub documents: u32,
    /// When the oldest of them was made, in milliseconds since the epoch.
    pub oldest_ms: Option<i64>,
}

impl Budget {
    /// No limit.
    pub const UNLIMITED: Self = Self {
        stretch_ms: None,
        month_ms: None,
        unsent_ms: None,
        unsent_documents: None,
        at_the_end: AtTheEnd::Report,
    };

    /// What is left after what the marks have counted and what waits to be told, at the moment of the marks.
    #[must_use]
    pub fn left(&self, marks: &Marks, unsent: Unsent) -> Left {
        let rest =
            |limit: Option<i64>, spent: i64| limit.map(|limit| limit.saturating_sub(spent).max(0));
        let age_ms = match (unsent.oldest_ms, marks.latest) {
            (Some(oldest), Some(latest)) => latest.utc_ms.saturating_sub(oldest).max(0),
            _ => 0,
        };
        Left {
            stretch_ms: rest(self.stretch_ms, marks.stretch_ms),
            month_ms: rest(self.month_ms, marks.month_ms),
            unsent_ms: rest(self.unsent_ms, age_ms),
            documents: self
                .unsent_documents
                .map(|limit| limit.saturating_sub(unsent.documents)),
        }
    }

    /// Lets a sale pass while there is time left or the law only wants a report.
    ///
    /// # Errors
    ///
    /// [`Refusal::OfflineBudgetUsedUp`].
    pub fn admit(&self, left: Left) -> Result<(), Refusal> {
        match self.at_the_end {
            AtTheEnd::Stop if left.is_used_up() => Err(Refusal::OfflineBudgetUsedUp),
            AtTheEnd::Stop | AtTheEnd::Report => Ok(()),
        }
    }
}

/// What the clocks say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The machine's own clock, which may be anything.
    pub clock: Moment,
    /// A clock that a change of the machine's clock does not move, where one could be asked.
    pub witness: Option<Moment>,
}

/// What was wrong with the machine's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrouble {
    /// It is behind the last moment; time stands still until it has caught up.
    Behind {
        /// By so much.
        by_ms: i64,
    },
    /// It jumped forward without a witness; time stands still until a witness speaks.
    Leapt {
        /// By so much.
        by_ms: i64,
    },
}

/// What must survive a power cut: the last moment, and what is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    latest: Option<Moment>,
    clock_ms: i64,
    offline: bool,
    stretch_ms: i64,
    month: i64,
    month_ms: i64,
    /// Charged for time that may have passed and that no witness has seen.
    ahead_ms: i64,
    /// The part of it that this month was charged.
    ahead_month_ms: i64,
}

impl Marks {
    /// The last moment.
    #[must_use]
    pub const fn latest(&self) -> Option<Moment> {
        self.latest
    }

    /// The office could not be reached at the last moment.
    #[must_use]
    pub const fn is_offline(&self) -> bool {
        self.offline
    }

    /// Time without the office in this stretch, in milliseconds.
    #[must_use]
    pub const fn stretch_ms(&self) -> i64 {
        self.stretch_ms
    }

    /// Time without the office in this month, in milliseconds.
    #[must_use]
    pub const fn month_ms(&self) -> i64 {
        self.month_ms
    }

    /// A moment that a document has already: no later one may be before it.
    #[must_use]
    pub fn not_before(self, at: Moment) -> Self {
        match self.latest {
            Some(latest) => Self {
                latest: Some(latest.later(at)),
                ..self
            },
            None => Self {
                latest: Some(at),
                clock_ms: at.utc_ms,
                month: month_of(at),
                ..self
            },
        }
    }

    /// So much time may have passed that nobody has seen (a power cut, and a clock that is borne out by nobody): it is charged, once,
    /// until a witness says how much it was.
    #[must_use]
    pub fn charge_unseen(self, by_ms: i64) -> Self {
        let more_ms = if self.offline {
            by_ms.saturating_sub(self.ahead_ms).max(0)
        } else {
            0
        };
        Self {
            stretch_ms: self.stretch_ms.saturating_add(more_ms),
            month_ms: self.month_ms.saturating_add(more_ms),
            ahead_ms: self.ahead_ms.saturating_add(more_ms),
            ahead_month_ms: self.ahead_month_ms.saturating_add(more_ms),
            ..self
        }
    }

    /// A witness has spoken: what was charged for time that nobody had seen makes room for what the next moment shows.
    #[must_use]
    pub fn witnessed(self) -> Self {
        self.seen(i64::MAX)
    }

    /// So much of the time that nobody had seen shows in the next moment, which charges it: it makes room for that, and the rest stays
    /// charged.
    #[must_use]
    pub fn seen(self, by_ms: i64) -> Self {
        let stretch_ms = self.ahead_ms.min(by_ms);
        let month_ms = self.ahead_month_ms.min(by_ms);
        Self {
            stretch_ms: self.stretch_ms.saturating_sub(stretch_ms).max(0),
            month_ms: self.month_ms.saturating_sub(month_ms).max(0),
            ahead_ms: self.ahead_ms.saturating_sub(stretch_ms),
            ahead_month_ms: self.ahead_month_ms.saturating_sub(month_ms),
            ..self
        }
    }
}

/// What a reading leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// The marks to store.
    pub marks: Marks,
    /// The moment that documents have now; never before an earlier one.
    pub at: Moment,
    /// What was wrong with the clock.
    pub trouble: Option<ClockTrouble>,
}

/// How the machine's clock is guarded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guard {
    /// Progress between two readings that is believed without a witness.
    pub leap_ms_max: i64,
}

impl Guard {
    /// Takes a reading; `offline` says whether the office cannot be reached from now on.
    ///
    /// The time since the last reading counts as offline if the office could not be reached then.
    #[must_use]
    pub fn read(self, marks: Marks, reading: Reading, offline: bool) -> Step {
        let Some(latest) = marks.latest else {
            let at = reading.witness.unwrap_or(reading.clock);
            let marks = Marks {
                latest: Some(at),
                clock_ms: reading.clock.utc_ms,
                offline,
                stretch_ms: 0,
                month: month_of(at),
                month_ms: 0,
                ahead_ms: 0,
                ahead_month_ms: 0,
            };
            return Step {
                marks,
                at,
                trouble: None,
            };
        };
        let (at, trouble) = self.believe(latest, reading);
        let progress_ms = at.utc_ms.saturating_sub(latest.utc_ms);
        let clock_ms = reading.clock.utc_ms.saturating_sub(marks.clock_ms).max(0);
        let counted_ms = match reading.witness {
            // A jump that a witness denies is not charged.
            Some(_) => clock_ms.min(self.leap_ms_max),
            None => clock_ms,
        };
        let spent_ms = if marks.offline {
            progress_ms.max(counted_ms)
        } else {
            0
        };
        let month = month_of(at).max(marks.month);
        let another_month = month > marks.month;
        let (month_before_ms, month_spent_ms) = if another_month {
            (0, spent_ms.min(since_month_began_ms(at)))
        } else {
            (marks.month_ms, spent_ms)
        };
        let marks = Marks {
            latest: Some(at),
            clock_ms: reading.clock.utc_ms,
            offline,
            stretch_ms: if offline {
                marks.stretch_ms.saturating_add(spent_ms)
            } else {
                0
            },
            month,
            month_ms: month_before_ms.saturating_add(month_spent_ms),
            ahead_ms: if offline { marks.ahead_ms } else { 0 },
            ahead_month_ms: if offline && !another_month {
                marks.ahead_month_ms
            } else {
                0
            },
        };
        Step { marks, at, trouble }
    }

    fn believe(self, latest: Moment, reading: Reading) -> (Moment, Option<ClockTrouble>) {
        let Reading { clock, witness } = reading;
        let by_ms = clock.utc_ms.saturating_sub(latest.utc_ms);
        let trouble = if by_ms < 0 {
            let by_ms = by_ms.saturating_neg();
            Some(ClockTrouble::Behind { by_ms })
        } else if by_ms > self.leap_ms_max && witness.is_none() {
            Some(ClockTrouble::Leapt { by_ms })
        } else {
            None
        };
        let at = match (witness, trouble) {
            (Some(witness), _) => latest.later(witness),
            (None, Some(_)) => latest,
            (None, None) => latest.later(clock),
        };
        (at, trouble)
    }
}

fn month_of(at: Moment) -> i64 {
    let (year, month) = at.local_day().year_and_month();
    year.saturating_mul(12).saturating_add(month)
}

fn since_month_began_ms(at: Moment) -> i64 {
    let (year, month) = at.local_day().year_and_month();
    let first = match (u16::try_from(year), u8::try_from(month)) {
        (Ok(year), Ok(month)) => Day::of_date(year, month, 1),
        // Before the year 0 and after 65535 nothing is cut off.
        _ => return i64::MAX,
    };
    let local_ms = at
        .utc_ms
        .saturating_add(i64::from(at.offset_minutes).saturating_mul(60_000));
    local_ms.saturating_sub(first.since_epoch().saturating_mul(86_400_000))
}

#[cfg(test)]
mod tests {
    use super::{AtTheEnd, Budget, ClockTrouble, Guard, Left, Marks, Reading, Unsent};
    use crate::Refusal;
    use crate::time::{Day, Moment};

    const HOUR: i64 = 3_600_000;
    const GUARD: Guard = Guard {
        leap_ms_max: 2 * HOUR,
    };
    const BUDGET: Budget = Budget {
        stretch_ms: Some(36 * HOUR),
        month_ms: Some(168 * HOUR),
        unsent_ms: None,
        unsent_documents: None,
        at_the_end: AtTheEnd::Stop,
    };

    /// What is left while nothing waits to be told.
    fn left(marks: &Marks) -> Left {
        BUDGET.left(marks, Unsent::default())
    }

    /// Noon of a day in March.
    fn noon() -> i64 {
        Day::of_date(2026, 3, 10).since_epoch() * 24 * HOUR + 12 * HOUR
    }

    fn at(utc_ms: i64) -> Moment {
        Moment {
            utc_ms,
            offset_minutes: 120,
        }
    }

    fn clock(utc_ms: i64) -> Reading {
        Reading {
            clock: at(utc_ms),
            witness: None,
        }
    }

    #[test]
    fn a_moment_of_the_books_is_where_time_begins() {
        let begun = Marks::default().not_before(at(noon()));
        assert_eq!(begun.latest(), Some(at(noon())));
        assert_eq!(begun.not_before(at(noon() - 1)).latest(), Some(at(noon())));
        let later = begun.not_before(at(noon() + 1));
        assert_eq!(later.latest(), Some(at(noon() + 1)));
        // The same moment again is no trouble.
        let again = GUARD.read(begun, clock(noon()), true);
        assert_eq!((again.at, again.trouble), (at(noon()), None));
    }

    #[test]
    fn a_charge_for_unseen_time_outlives_readings_and_no_month() {
        let start = GUARD.read(Marks::default(), clock(noon()), true).marks;
        let charged = start.charge_unseen(5 * HOUR);
        let later = GUARD.read(charged, clock(noon() + HOUR), true).marks;
        assert_eq!((later.stretch_ms(), later.month_ms()), (6 * HOUR, 6 * HOUR));
        let given = later.witnessed();
        assert_eq!((given.stretch_ms(), given.month_ms()), (HOUR, HOUR));
        // In another month there is nothing of it to give back.
        let evening = Day::of_date(2026, 3, 31).since_epoch() * 24 * HOUR + 21 * HOUR;
        let march = GUARD.read(Marks::default(), clock(evening), true).marks;
        let april = GUARD
            .read(march.charge_unseen(HOUR), clock(evening + 2 * HOUR), true)
            .marks;
        let month_ms = april.month_ms();
        assert_eq!(april.witnessed().month_ms(), month_ms);
    }

    /// Reads the clock every hour for so many hours.
    fn hours(mut marks: Marks, from: i64, count: i64, offline: bool) -> Marks {
        for hour in 1..=count {
            marks = GUARD.read(marks, clock(from + hour * HOUR), offline).marks;
        }
        marks
    }

    #[test]
    fn offline_time_is_counted_and_the_way_back_ends_the_stretch() {
        let start = GUARD.read(Marks::default(), clock(noon()), true).marks;
        let marks = hours(start, noon(), 30, true);
        let expected = Left {
            stretch_ms: Some(6 * HOUR),
            month_ms: Some(138 * HOUR),
            ..Left::default()
        };
        assert_eq!(left(&marks), expected);
        let back = GUARD.read(marks, clock(noon() + 31 * HOUR), false).marks;
        let expected = Left {
            stretch_ms: Some(36 * HOUR),
            month_ms: Some(137 * HOUR),
            ..Left::default()
        };
        assert_eq!(left(&back), expected);
        let online = hours(back, noon() + 31 * HOUR, 10, false);
        assert_eq!(left(&online), expected, "online time costs nothing");
    }

    #[test]
    fn the_end_stops_sales_or_asks_for_a_report() {
        let start = GUARD.read(Marks::default(), clock(noon()), true).marks;
        assert_eq!(BUDGET.admit(left(&hours(start, noon(), 35, true))), Ok(()));
        let spent = hours(start, noon(), 36, true);
        let refused = Err(Refusal::OfflineBudgetUsedUp);
        assert_eq!(BUDGET.admit(left(&spent)), refused);
        let report = Budget {
            at_the_end: AtTheEnd::Report,
            ..BUDGET
        };
        assert_eq!(report.admit(report.left(&spent, Unsent::default())), Ok(()));
        let unlimited = Budget::UNLIMITED;
        assert_eq!(
            unlimited.admit(unlimited.left(&spent, Unsent::default())),
            Ok(())
        );
    }

    #[test]
    fn a_clock_that_went_back_gives_no_time_and_counts_on() {
        let start = GUARD.read(Marks::default(), clock(noon()), true).marks;
        let marks = hours(start, noon(), 30, true);
        let rolled = GUARD.read(marks, clock(noon()), true);
        assert_eq!(rolled.at, at(noon() + 30 * HOUR), "time stands still");
        let by_ms = 30 * HOUR;
        assert_eq!(rolled.trouble, Some(ClockTrouble::Behind { by_ms }));
        assert_eq!(left(&rolled.marks), left(&marks));
        // Six more hours on the clock that was put back are six more hours without the office.
        let spent = hours(rolled.marks, noon(), 6, true);
        assert_eq!(
            BUDGET.admit(left(&spent)),
            Err(Refusal::OfflineBudgetUsedUp)
        );
    }

    #[test]
    fn a_jump_forward_needs_a_witness_and_opens_no_new_month() {
        let start = GUARD.read(Marks::default(), clock(noon()), true).marks;
        let month = 30 * 24 * HOUR;
        let leapt = GUARD.read(start, clock(noon() + month), true);
        let by_ms = month;
        assert_eq!(leapt.trouble, Some(ClockTrouble::Leapt { by_ms }));
        assert_eq!(leapt.at, at(noon()));
        assert_eq!(left(&leapt.marks).month_ms, Some(0));
        // The witness denies the jump: nothing but what the guard believes by itself is charged.
        let denied = Reading {
            clock: at(noon() + month),
            witness: Some(at(noon() + HOUR)),
        };
        let step = GUARD.read(start, denied, true);
        assert_eq!((step.at, step.trouble), (at(noon() + HOUR), None));
        assert_eq!(left(&step.marks).month_ms, Some(166 * HOUR));
        // The witness confirms it: the till was off for a month, and April has a budget of its own.
        let confirmed = Reading {
            clock: at(noon() + month),
            witness: Some(at(noon() + month)),
        };
        let step = GUARD.read(start, confirmed, true);
        assert_eq!(step.at, at(noon() + month));
        assert_eq!(left(&step.marks).stretch_ms, Some(0));
        assert_eq!(left(&step.marks).month_ms, Some(0));
        let next_day = GUARD.read(step.marks, clock(noon() + month + HOUR), false);
        assert_eq!(left(&next_day.marks).stretch_ms, Some(36 * HOUR));
    }

    #[test]
    fn a_new_month_is_charged_with_its_own_part_only() {
        let end_of_march = Day::of_date(2026, 4, 1).since_epoch() * 24 * HOUR - 3 * HOUR;
        // 23:00 local time on 31 March, and two hours later.
        let start = GUARD
            .read(Marks::default(), clock(end_of_march), true)
            .marks;
        let marks = GUARD
            .read(start, clock(end_of_march + 2 * HOUR), true)
            .marks;
        assert_eq!(
            left(&marks),
            Left {
                stretch_ms: Some(34 * HOUR),
                month_ms: Some(167 * HOUR),
                ..Left::default()
            }
        );
    }

    #[test]
    fn unsent_documents_have_budgets_of_their_own() {
        let budget = Budget {
            unsent_ms: Some(72 * HOUR),
            unsent_documents: Some(100),
            ..BUDGET
        };
        let start = GUARD.read(Marks::default(), clock(noon()), false).marks;
        let marks = hours(start, noon(), 70, false);
        let unsent = |documents| Unsent {
            documents,
            oldest_ms: Some(noon()),
        };
        let left = budget.left(&marks, unsent(99)).while_online();
        assert_eq!((left.unsent_ms, left.documents), (Some(2 * HOUR), Some(1)));
        assert_eq!(left.least_ms(), Some(2 * HOUR));
        assert_eq!(budget.admit(left), Ok(()));
        let refused = Err(Refusal::OfflineBudgetUsedUp);
        let full = budget.left(&marks, unsent(100)).while_online();
        assert_eq!(budget.admit(full), refused, "too many, though it is online");
        let later = hours(marks, noon() + 70 * HOUR, 2, false);
        let old = budget.left(&later, unsent(1)).while_online();
        assert_eq!(budget.admit(old), refused, "too old");
        let told = budget.left(&later, Unsent::default()).while_online();
        assert_eq!(budget.admit(told), Ok(()));
    }

    #[test]
    fn time_that_nobody_saw_is_charged_once() {
        let start = GUARD.read(Marks::default(), clock(noon()), true).marks;
        let charged = start.charge_unseen(25 * HOUR).charge_unseen(25 * HOUR);
        assert_eq!(left(&charged).stretch_ms, Some(11 * HOUR));
        let on = hours(charged, noon(), 1, true);
        assert_eq!(left(&on).stretch_ms, Some(10 * HOUR), "and it counts on");
        // A witness shows how much it was.
        let shown = Reading {
            clock: at(noon() + 21 * HOUR),
            witness: Some(at(noon() + 21 * HOUR)),
        };
        let seen = GUARD.read(on.witnessed(), shown, true);
        assert_eq!(seen.at, at(noon() + 21 * HOUR));
        assert_eq!(left(&seen.marks).stretch_ms, Some(15 * HOUR));
        let online = GUARD.read(Marks::default(), clock(noon()), false).marks;
        assert_eq!(online.charge_unseen(25 * HOUR), online);
    }

    #[test]
    fn a_witness_gives_this_month_back_only_what_this_month_was_charged() {
        let last_evening = Day::of_date(2026, 3, 31).since_epoch() * 24 * HOUR + 20 * HOUR;
        let start = GUARD
            .read(Marks::default(), clock(last_evening), true)
            .marks;
        // Midnight is at 22:00 UTC; ten of twelve hours are of April.
        let april = hours(start.charge_unseen(10 * HOUR), last_evening, 12, true);
        assert_eq!(
            (april.stretch_ms(), april.month_ms()),
            (22 * HOUR, 10 * HOUR)
        );
        let seen = april.witnessed();
        assert_eq!((seen.stretch_ms(), seen.month_ms()), (12 * HOUR, 10 * HOUR));
        let again = april.charge_unseen(13 * HOUR).witnessed();
        assert_eq!(
            (again.stretch_ms(), again.month_ms()),
            (12 * HOUR, 10 * HOUR)
        );
    }

    #[test]
    fn what_is_seen_of_a_charge_is_charged_once_and_the_rest_stays_charged() {
        let start = GUARD.read(Marks::default(), clock(noon()), true).marks;
        let charged = start.charge_unseen(20 * HOUR);
        let shown = |hours: i64| Reading {
            witness: Some(at(noon() + hours * HOUR)),
            ..clock(noon())
        };
        let mut marks = charged;
        for hours in [4, 9, 20] {
            let so_far = marks.latest().map_or(0, |latest| latest.utc_ms);
            let by_ms = noon() + hours * HOUR - so_far;
            marks = GUARD.read(marks.seen(by_ms), shown(hours), true).marks;
            assert_eq!(marks.stretch_ms(), 20 * HOUR, "after {hours} hours");
            assert_eq!(marks.month_ms(), 20 * HOUR, "after {hours} hours");
        }
        let later = GUARD.read(marks.seen(HOUR), shown(21), true).marks;
        assert_eq!(later.stretch_ms(), 21 * HOUR, "nothing is left to give");
        assert_eq!(later.month_ms(), 21 * HOUR);
        // The midnight of a month lies between: the new one is charged what is its own.
        let evening = Day::of_date(2026, 3, 31).since_epoch() * 24 * HOUR + 20 * HOUR;
        let march = GUARD.read(Marks::default(), clock(evening), true).marks;
        let morning = Reading {
            witness: Some(at(evening + 12 * HOUR)),
            ..clock(evening)
        };
        let april = GUARD
            .read(
                march.charge_unseen(12 * HOUR).seen(12 * HOUR),
                morning,
                true,
            )
            .marks;
        assert_eq!(
            (april.stretch_ms(), april.month_ms()),
            (12 * HOUR, 10 * HOUR)
        );
    }
}

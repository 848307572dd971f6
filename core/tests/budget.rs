//! Offline budgets, and the clock that they are counted with.
#![allow(clippy::unwrap_used, clippy::arithmetic_side_effects)]

use ferrotill_core::Refusal;
use ferrotill_core::budget::{AtTheEnd, Budget, Left, Unsent};
use ferrotill_core::clock_guard::{ClockGuard, ClockReading, ClockState, ClockTrouble};
use ferrotill_core::time::{Day, Moment};

const HOUR: i64 = 3_600_000;
const GUARD: ClockGuard = ClockGuard {
    jump_ms_max: 2 * HOUR,
};
const BUDGET: Budget = Budget {
    stretch_ms: Some(36 * HOUR),
    month_ms: Some(168 * HOUR),
    unsent_ms: None,
    unsent_documents: None,
    at_the_end: AtTheEnd::Stop,
};

/// What is left while nothing waits to be told.
fn left(state: &ClockState) -> Left {
    BUDGET.left(state.spent(), state.latest(), Unsent::default())
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

fn clock(utc_ms: i64) -> ClockReading {
    ClockReading {
        clock: at(utc_ms),
        reference: None,
    }
}

#[test]
fn a_moment_of_the_books_is_where_time_begins() {
    let begun = ClockState::default().not_before(at(noon()));
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
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let charged = start.charge_unsure(5 * HOUR);
    let later = GUARD.read(charged, clock(noon() + HOUR), true).state;
    assert_eq!(
        (later.spent().stretch_ms(), later.spent().month_ms()),
        (6 * HOUR, 6 * HOUR)
    );
    let given = later.refund_all_unsure();
    assert_eq!(
        (given.spent().stretch_ms(), given.spent().month_ms()),
        (HOUR, HOUR)
    );
    // In another month there is nothing of it to give back.
    let evening = Day::of_date(2026, 3, 31).since_epoch() * 24 * HOUR + 21 * HOUR;
    let march = GUARD
        .read(ClockState::default(), clock(evening), true)
        .state;
    let april = GUARD
        .read(march.charge_unsure(HOUR), clock(evening + 2 * HOUR), true)
        .state;
    let month_ms = april.spent().month_ms();
    assert_eq!(april.refund_all_unsure().spent().month_ms(), month_ms);
}

/// Reads the clock every hour for so many hours.
fn hours(mut state: ClockState, from: i64, count: i64, offline: bool) -> ClockState {
    for hour in 1..=count {
        state = GUARD.read(state, clock(from + hour * HOUR), offline).state;
    }
    state
}

#[test]
fn offline_time_is_counted_and_the_way_back_ends_the_stretch() {
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let state = hours(start, noon(), 30, true);
    let expected = Left {
        stretch_ms: Some(6 * HOUR),
        month_ms: Some(138 * HOUR),
        ..Left::default()
    };
    assert_eq!(left(&state), expected);
    let back = GUARD.read(state, clock(noon() + 31 * HOUR), false).state;
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
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    assert_eq!(BUDGET.admit(left(&hours(start, noon(), 35, true))), Ok(()));
    let spent = hours(start, noon(), 36, true);
    let refused = Err(Refusal::OfflineBudgetUsedUp);
    assert_eq!(BUDGET.admit(left(&spent)), refused);
    let report = Budget {
        at_the_end: AtTheEnd::Report,
        ..BUDGET
    };
    assert_eq!(
        report.admit(report.left(spent.spent(), spent.latest(), Unsent::default())),
        Ok(())
    );
    let unlimited = Budget::UNLIMITED;
    assert_eq!(
        unlimited.admit(unlimited.left(spent.spent(), spent.latest(), Unsent::default())),
        Ok(())
    );
}

#[test]
fn a_clock_that_went_back_gives_no_time_and_counts_on() {
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let state = hours(start, noon(), 30, true);
    let rolled = GUARD.read(state, clock(noon()), true);
    assert_eq!(rolled.at, at(noon() + 30 * HOUR), "time stands still");
    let by_ms = 30 * HOUR;
    assert_eq!(rolled.trouble, Some(ClockTrouble::Behind { by_ms }));
    assert_eq!(left(&rolled.state), left(&state));
    // Six more hours on the clock that was put back are six more hours without the office.
    let spent = hours(rolled.state, noon(), 6, true);
    assert_eq!(
        BUDGET.admit(left(&spent)),
        Err(Refusal::OfflineBudgetUsedUp)
    );
}

#[test]
fn a_jump_forward_needs_a_witness_and_opens_no_new_month() {
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let month = 30 * 24 * HOUR;
    let leapt = GUARD.read(start, clock(noon() + month), true);
    let by_ms = month;
    assert_eq!(leapt.trouble, Some(ClockTrouble::JumpedAhead { by_ms }));
    assert_eq!(leapt.at, at(noon()));
    assert_eq!(left(&leapt.state).month_ms, Some(0));
    // The witness denies the jump: nothing but what the guard believes by itself is charged.
    let denied = ClockReading {
        clock: at(noon() + month),
        reference: Some(at(noon() + HOUR)),
    };
    let step = GUARD.read(start, denied, true);
    assert_eq!((step.at, step.trouble), (at(noon() + HOUR), None));
    assert_eq!(left(&step.state).month_ms, Some(166 * HOUR));
    // The witness confirms it: the till was off for a month, and April has a budget of its own.
    let confirmed = ClockReading {
        clock: at(noon() + month),
        reference: Some(at(noon() + month)),
    };
    let step = GUARD.read(start, confirmed, true);
    assert_eq!(step.at, at(noon() + month));
    assert_eq!(left(&step.state).stretch_ms, Some(0));
    assert_eq!(left(&step.state).month_ms, Some(0));
    let next_day = GUARD.read(step.state, clock(noon() + month + HOUR), false);
    assert_eq!(left(&next_day.state).stretch_ms, Some(36 * HOUR));
}

#[test]
fn a_new_month_is_charged_with_its_own_part_only() {
    let end_of_march = Day::of_date(2026, 4, 1).since_epoch() * 24 * HOUR - 3 * HOUR;
    // 23:00 local time on 31 March, and two hours later.
    let start = GUARD
        .read(ClockState::default(), clock(end_of_march), true)
        .state;
    let state = GUARD
        .read(start, clock(end_of_march + 2 * HOUR), true)
        .state;
    assert_eq!(
        left(&state),
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
    let start = GUARD
        .read(ClockState::default(), clock(noon()), false)
        .state;
    let state = hours(start, noon(), 70, false);
    let unsent = |documents| Unsent {
        documents,
        oldest_ms: Some(noon()),
    };
    let left = budget
        .left(state.spent(), state.latest(), unsent(99))
        .while_online();
    assert_eq!((left.unsent_ms, left.documents), (Some(2 * HOUR), Some(1)));
    assert_eq!(left.least_ms(), Some(2 * HOUR));
    assert_eq!(budget.admit(left), Ok(()));
    let refused = Err(Refusal::OfflineBudgetUsedUp);
    let full = budget
        .left(state.spent(), state.latest(), unsent(100))
        .while_online();
    assert_eq!(budget.admit(full), refused, "too many, though it is online");
    let later = hours(state, noon() + 70 * HOUR, 2, false);
    let old = budget
        .left(later.spent(), later.latest(), unsent(1))
        .while_online();
    assert_eq!(budget.admit(old), refused, "too old");
    let told = budget
        .left(later.spent(), later.latest(), Unsent::default())
        .while_online();
    assert_eq!(budget.admit(told), Ok(()));
}

#[test]
fn time_that_nobody_saw_is_charged_once() {
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let charged = start.charge_unsure(25 * HOUR).charge_unsure(25 * HOUR);
    assert_eq!(left(&charged).stretch_ms, Some(11 * HOUR));
    let on = hours(charged, noon(), 1, true);
    assert_eq!(left(&on).stretch_ms, Some(10 * HOUR), "and it counts on");
    // A witness shows how much it was.
    let shown = ClockReading {
        clock: at(noon() + 21 * HOUR),
        reference: Some(at(noon() + 21 * HOUR)),
    };
    let seen = GUARD.read(on.refund_all_unsure(), shown, true);
    assert_eq!(seen.at, at(noon() + 21 * HOUR));
    assert_eq!(left(&seen.state).stretch_ms, Some(15 * HOUR));
    let online = GUARD
        .read(ClockState::default(), clock(noon()), false)
        .state;
    assert_eq!(online.charge_unsure(25 * HOUR), online);
}

#[test]
fn a_witness_gives_this_month_back_only_what_this_month_was_charged() {
    let last_evening = Day::of_date(2026, 3, 31).since_epoch() * 24 * HOUR + 20 * HOUR;
    let start = GUARD
        .read(ClockState::default(), clock(last_evening), true)
        .state;
    // Midnight is at 22:00 UTC; ten of twelve hours are of April.
    let april = hours(start.charge_unsure(10 * HOUR), last_evening, 12, true);
    assert_eq!(
        (april.spent().stretch_ms(), april.spent().month_ms()),
        (22 * HOUR, 10 * HOUR)
    );
    let seen = april.refund_all_unsure();
    assert_eq!(
        (seen.spent().stretch_ms(), seen.spent().month_ms()),
        (12 * HOUR, 10 * HOUR)
    );
    let again = april.charge_unsure(13 * HOUR).refund_all_unsure();
    assert_eq!(
        (again.spent().stretch_ms(), again.spent().month_ms()),
        (12 * HOUR, 10 * HOUR)
    );
}

#[test]
fn what_is_seen_of_a_charge_is_charged_once_and_the_rest_stays_charged() {
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let charged = start.charge_unsure(20 * HOUR);
    let shown = |hours: i64| ClockReading {
        reference: Some(at(noon() + hours * HOUR)),
        ..clock(noon())
    };
    let mut state = charged;
    for hours in [4, 9, 20] {
        let so_far = state.latest().map_or(0, |latest| latest.utc_ms);
        let by_ms = noon() + hours * HOUR - so_far;
        state = GUARD
            .read(state.refund_unsure(by_ms), shown(hours), true)
            .state;
        assert_eq!(state.spent().stretch_ms(), 20 * HOUR, "after {hours} hours");
        assert_eq!(state.spent().month_ms(), 20 * HOUR, "after {hours} hours");
    }
    let later = GUARD.read(state.refund_unsure(HOUR), shown(21), true).state;
    assert_eq!(
        later.spent().stretch_ms(),
        21 * HOUR,
        "nothing is left to give"
    );
    assert_eq!(later.spent().month_ms(), 21 * HOUR);
    // The midnight of a month lies between: the new one is charged what is its own.
    let evening = Day::of_date(2026, 3, 31).since_epoch() * 24 * HOUR + 20 * HOUR;
    let march = GUARD
        .read(ClockState::default(), clock(evening), true)
        .state;
    let morning = ClockReading {
        reference: Some(at(evening + 12 * HOUR)),
        ..clock(evening)
    };
    let april = GUARD
        .read(
            march.charge_unsure(12 * HOUR).refund_unsure(12 * HOUR),
            morning,
            true,
        )
        .state;
    assert_eq!(
        (april.spent().stretch_ms(), april.spent().month_ms()),
        (12 * HOUR, 10 * HOUR)
    );
}

/// A stored state outlives an update of the program, so its bytes are frozen: its fields in this order, with no frame around them.
#[test]
fn the_bytes_of_a_stored_clock_state_are_frozen() {
    let start = GUARD
        .read(ClockState::default(), clock(noon()), true)
        .state
        .charge_unsure(5 * HOUR);
    let state = GUARD.read(start, clock(noon() + HOUR), true).state;
    let latest = Some(at(noon() + HOUR));
    let (clock_ms, offline, month) = (noon() + HOUR, true, 2026 * 12 + 3);
    let (spent_ms, unsure_ms) = (6 * HOUR, 5 * HOUR);
    let flat = (
        latest, clock_ms, offline, spent_ms, month, spent_ms, unsure_ms, unsure_ms,
    );
    let (mut stored, mut expected) = ([0; 96], [0; 96]);
    assert_eq!(
        postcard::to_slice(&state, &mut stored).unwrap(),
        postcard::to_slice(&flat, &mut expected).unwrap()
    );
}

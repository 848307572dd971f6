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

/// The part of the budget that is left if no document is unsent.
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
fn time_begins_at_a_moment_of_the_journal() {
    let begun = ClockState::default().not_before(at(noon()));
    assert_eq!(begun.latest(), Some(at(noon())));
    assert_eq!(begun.not_before(at(noon() - 1)).latest(), Some(at(noon())));
    let later = begun.not_before(at(noon() + 1));
    assert_eq!(later.latest(), Some(at(noon() + 1)));
    // A second reading at the same moment is accepted.
    let again = GUARD.read(begun, clock(noon()), true);
    assert_eq!((again.at, again.trouble), (at(noon()), None));
}

#[test]
fn a_charge_for_unsure_time_can_be_refunded_later_but_not_in_another_month() {
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
    // In another month none of the charged time can be given back.
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

/// Reads the clock once an hour, `count` times.
fn hours(mut state: ClockState, from: i64, count: i64, offline: bool) -> ClockState {
    for hour in 1..=count {
        state = GUARD.read(state, clock(from + hour * HOUR), offline).state;
    }
    state
}

#[test]
fn offline_time_is_counted_and_going_online_ends_the_stretch() {
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
fn a_used_up_budget_stops_sales_or_demands_a_report() {
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
fn a_clock_that_was_set_back_gives_no_time_back() {
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let state = hours(start, noon(), 30, true);
    let rolled = GUARD.read(state, clock(noon()), true);
    assert_eq!(
        rolled.at,
        at(noon() + 30 * HOUR),
        "documents keep the latest moment"
    );
    let by_ms = 30 * HOUR;
    assert_eq!(rolled.trouble, Some(ClockTrouble::Behind { by_ms }));
    assert_eq!(left(&rolled.state), left(&state));
    // Six more hours on the machine's clock are charged as six more hours offline.
    let spent = hours(rolled.state, noon(), 6, true);
    assert_eq!(
        BUDGET.admit(left(&spent)),
        Err(Refusal::OfflineBudgetUsedUp)
    );
}

#[test]
fn a_jump_forward_needs_a_reference_clock_and_opens_no_new_month() {
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let month = 30 * 24 * HOUR;
    let leapt = GUARD.read(start, clock(noon() + month), true);
    let by_ms = month;
    assert_eq!(leapt.trouble, Some(ClockTrouble::JumpedAhead { by_ms }));
    assert_eq!(leapt.at, at(noon()));
    assert_eq!(left(&leapt.state).month_ms, Some(0));
    // A reference clock denies the jump: only the progress that is believed without one is charged.
    let denied = ClockReading {
        clock: at(noon() + month),
        reference: Some(at(noon() + HOUR)),
    };
    let step = GUARD.read(start, denied, true);
    assert_eq!((step.at, step.trouble), (at(noon() + HOUR), None));
    assert_eq!(left(&step.state).month_ms, Some(166 * HOUR));
    // A reference clock confirms the jump: the till was off for a month, and April has a budget of its own.
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
fn a_new_month_is_charged_only_for_its_own_time() {
    let end_of_march = Day::of_date(2026, 4, 1).since_epoch() * 24 * HOUR - 3 * HOUR;
    // The two readings are at 23:00 local time on 31 March and two hours later.
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
fn unsent_documents_have_limits_of_their_own() {
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
    assert_eq!(
        budget.admit(full),
        refused,
        "too many, although the till is online"
    );
    let later = hours(state, noon() + 70 * HOUR, 2, false);
    let old = budget
        .left(later.spent(), later.latest(), unsent(1))
        .while_online();
    assert_eq!(budget.admit(old), refused, "too old");
    let sent = budget
        .left(later.spent(), later.latest(), Unsent::default())
        .while_online();
    assert_eq!(budget.admit(sent), Ok(()));
}

#[test]
fn unsure_time_is_charged_once() {
    let start = GUARD.read(ClockState::default(), clock(noon()), true).state;
    let charged = start.charge_unsure(25 * HOUR).charge_unsure(25 * HOUR);
    assert_eq!(left(&charged).stretch_ms, Some(11 * HOUR));
    let on = hours(charged, noon(), 1, true);
    assert_eq!(
        left(&on).stretch_ms,
        Some(10 * HOUR),
        "later time is charged too"
    );
    // A reference clock shows how long the till was off.
    let shown = ClockReading {
        clock: at(noon() + 21 * HOUR),
        reference: Some(at(noon() + 21 * HOUR)),
    };
    let shown_state = GUARD.read(on.refund_all_unsure(), shown, true);
    assert_eq!(shown_state.at, at(noon() + 21 * HOUR));
    assert_eq!(left(&shown_state.state).stretch_ms, Some(15 * HOUR));
    let online = GUARD
        .read(ClockState::default(), clock(noon()), false)
        .state;
    assert_eq!(online.charge_unsure(25 * HOUR), online);
}

#[test]
fn a_month_is_refunded_only_what_it_was_charged() {
    let last_evening = Day::of_date(2026, 3, 31).since_epoch() * 24 * HOUR + 20 * HOUR;
    let start = GUARD
        .read(ClockState::default(), clock(last_evening), true)
        .state;
    // The local midnight is at 22:00 UTC, so ten of the twelve hours are in April.
    let april = hours(start.charge_unsure(10 * HOUR), last_evening, 12, true);
    assert_eq!(
        (april.spent().stretch_ms(), april.spent().month_ms()),
        (22 * HOUR, 10 * HOUR)
    );
    let shown_state = april.refund_all_unsure();
    assert_eq!(
        (
            shown_state.spent().stretch_ms(),
            shown_state.spent().month_ms()
        ),
        (12 * HOUR, 10 * HOUR)
    );
    let again = april.charge_unsure(13 * HOUR).refund_all_unsure();
    assert_eq!(
        (again.spent().stretch_ms(), again.spent().month_ms()),
        (12 * HOUR, 10 * HOUR)
    );
}

#[test]
fn the_refunded_part_of_a_charge_is_charged_again_from_the_real_clock() {
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
        "nothing is left to refund"
    );
    assert_eq!(later.spent().month_ms(), 21 * HOUR);
    // A new month begins between the readings, and only its own hours are charged to it.
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

/// A stored state outlives an update of the program, so its bytes are frozen: its fields are encoded in this order and nothing
/// else.
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

//! When the time of a signed caller is believed, and what it costs.

use super::super::CALLER_FIRST_MS;
use super::super::witness::AGREE_MS;
use super::*;

#[test]
fn after_a_night_without_power_a_callers_time_is_believed() {
    // The machine's clock is right, stood still without power, is in 1970, is wrong by half a day, or is ahead by a day.
    for off_ms in [0, -NIGHT, -NOON, -12 * HOUR_MS - NIGHT, 24 * HOUR_MS] {
        let mut till = Till::after_a_night(off_ms);
        assert_eq!(
            till.now(),
            NOON + HOUR_MS,
            "off {off_ms}: the till has last night's time"
        );
        let morning = till.real_ms;
        assert_eq!(till.caller(morning), ClockEffect::Moved);
        assert_eq!(till.sell(), morning, "off {off_ms}");
        let two_agree = off_ms == 0;
        assert_eq!(till.time_guard.is_sure(), two_agree, "off {off_ms}");
        assert_eq!(
            till.wait(HOUR_MS),
            till.real_ms,
            "off {off_ms}: time goes on"
        );
        // After a restart of the agent, without a new start of the machine, the till still has this time.
        till.restart();
        assert_eq!(till.wait(HOUR_MS), till.real_ms, "off {off_ms}");
        // The printer is connected.
        assert!(till.two_agree(till.real_ms));
        assert_eq!(till.now(), till.real_ms, "off {off_ms}");
        assert!(till.time_guard.is_sure());
    }
}

#[test]
fn where_both_clocks_have_gone_on_the_smaller_time_is_believed() {
    let morning = NOON + HOUR_MS + NIGHT;
    // How far the machine's clock and the caller's clock are wrong, and the time that is then believed.
    for (system, caller, expected) in [
        (0, 0, Some(0)),
        // The machine's clock and the caller agree: the machine's clock is followed.
        (2 * MINUTE, 0, Some(2 * MINUTE)),
        (-2 * MINUTE, 0, Some(-2 * MINUTE)),
        (AGREE_MS, 0, Some(AGREE_MS)),
        (AGREE_MS + 1, 0, Some(0)),
        // The machine's clock and the caller do not agree.
        (30 * HOUR_MS, 0, Some(0)),
        (90 * MINUTE, 0, Some(0)),
        (0, 48 * HOUR_MS, Some(0)),
        (-6 * HOUR_MS, 0, Some(-6 * HOUR_MS)),
        // The machine's clock is ahead by so little that it is believed without confirmation, so the caller's time changes
        // nothing.
        (LEAP_MS - NIGHT, 0, None),
        (LEAP_MS - NIGHT + 1, 0, Some(LEAP_MS - NIGHT + 1)),
        // The machine's clock stood still without power, or went back.
        (-NIGHT, 0, Some(0)),
        (FOLLOW_MS - NIGHT, 0, Some(0)),
        (FOLLOW_MS - NIGHT + 1, 0, None),
    ] {
        let mut till = Till::after_a_night(system);
        let before = till.now();
        let outcome = till.caller(morning + caller);
        let now = expected.map_or(before, |expected| morning + expected);
        assert_eq!(till.now(), now, "machine {system}, caller {caller}");
        let expected = match expected {
            Some(_) => ClockEffect::Moved,
            None => ClockEffect::NotBelieved,
        };
        assert_eq!(outcome, expected, "machine {system}, caller {caller}");
    }
}

#[test]
fn callers_move_time_by_a_week_at_most_until_the_next_start_of_the_machine() {
    for (by_ms, expected) in [
        // The machine's clock, which has stopped, and the caller agree.
        (AGREE_MS, ClockEffect::None),
        (AGREE_MS + 1, ClockEffect::Moved),
        (CALLER_MS, ClockEffect::Moved),
        (CALLER_MS + 1, ClockEffect::NotBelieved),
        (i64::MAX - NOON, ClockEffect::NotBelieved),
        (-HOUR_MS, ClockEffect::None),
        (i64::MIN, ClockEffect::NotBelieved),
    ] {
        let mut till = Till::after_a_night(-NIGHT);
        let before = till.now();
        assert_eq!(till.caller(before.saturating_add(by_ms)), expected);
        let moved = if expected == ClockEffect::Moved {
            by_ms
        } else {
            0
        };
        assert_eq!(till.now(), before + moved, "by {by_ms}");
    }
    // Several callers move time no further than one, and a restart of the agent does not change that.
    let mut till = Till::after_a_night(-NIGHT);
    let before = till.now();
    for day in 1..=7 {
        let at = before + day * 24 * HOUR_MS;
        assert_eq!(till.caller(at), ClockEffect::Moved, "day {day}");
        assert_eq!(till.now(), at);
        till.restart();
    }
    let last = before + CALLER_MS;
    assert_eq!(till.caller(last + FOLLOW_MS + 1), ClockEffect::NotBelieved);
    assert_eq!(till.now(), last);
    // After a new start of the machine it is unknown again how long the power was off.
    till.power_cut(NIGHT);
    assert_eq!(till.caller(last + NIGHT), ClockEffect::Moved);
    assert_eq!(till.now(), last + NIGHT);
}

#[test]
fn a_callers_time_is_not_used_where_the_tills_time_is_confirmed() {
    // At the first start, a caller alone moves the time by a day at most.
    for (by_ms, expected) in [
        (AGREE_MS, ClockEffect::None),
        (NIGHT, ClockEffect::Moved),
        (-NIGHT, ClockEffect::Moved),
        (CALLER_FIRST_MS + 1, ClockEffect::NotBelieved),
        (-CALLER_FIRST_MS - 1, ClockEffect::NotBelieved),
    ] {
        let mut till = Till::new();
        till.now();
        assert_eq!(till.caller(NOON + by_ms), expected, "by {by_ms}");
    }
    // Two clocks have agreed.
    let mut till = Till::after_a_night(0);
    till.two_agree(till.real_ms);
    till.now();
    assert_eq!(till.caller(till.real_ms + NIGHT), ClockEffect::None);
    assert_eq!(till.now(), till.real_ms);
    // A first caller has confirmed the machine's clock. A second caller contradicts both.
    let mut till = Till::after_a_night(0);
    let morning = till.real_ms;
    assert_eq!(till.caller(morning), ClockEffect::Moved);
    assert_eq!(till.caller(morning + NIGHT), ClockEffect::None);
    assert_eq!(till.caller(NOON), ClockEffect::None);
    assert_eq!(till.now(), morning, "neither forward nor back");
}

/// At the first start the machine's clock is in 1970.
#[test]
fn beside_a_reset_clock_the_first_caller_gives_the_time_and_no_other_moves_it_by_more_than_a_day() {
    let mut till = Till::new();
    till.off_ms = -NOON;
    till.time_guard = TimeGuard::new(None, till.boot, till.clocks());
    for nonsense_ms in [PLAUSIBLE_MS.start - 1, PLAUSIBLE_MS.end, i64::MAX] {
        assert_eq!(till.caller(nonsense_ms), ClockEffect::NotBelieved);
        assert!(!till.time_guard.accepts(till.clocks(), nonsense_ms, WINDOW));
    }
    // Before the first document an earlier caller takes the time back.
    assert_eq!(till.caller(NOON + 400 * 24 * HOUR_MS), ClockEffect::Moved);
    assert_eq!(till.caller(NOON), ClockEffect::Moved);
    assert_eq!(till.sell(), NOON);
    let mut ahead_ms = 0;
    for by_ms in [
        400 * 24 * HOUR_MS,
        16 * HOUR_MS,
        9 * HOUR_MS,
        8 * HOUR_MS,
        HOUR_MS,
    ] {
        let expected = if ahead_ms + by_ms <= CALLER_FIRST_MS {
            ahead_ms += by_ms;
            ClockEffect::Moved
        } else {
            ClockEffect::NotBelieved
        };
        assert_eq!(till.caller(till.look() + by_ms), expected, "by {by_ms}");
        till.restart();
        assert_eq!(till.sell(), NOON + ahead_ms, "by {by_ms}");
    }
    assert_eq!(ahead_ms, CALLER_FIRST_MS);
    assert!(!till.time_guard.is_sure());
}

#[test]
fn a_caller_that_was_ahead_spends_budget_and_locks_out_no_other_caller() {
    let mut till = Till::after_a_night(-NOON);
    till.offline();
    let left = till.stretch_left();
    let ahead = till.real_ms + 48 * HOUR_MS;
    assert_eq!(till.caller(ahead), ClockEffect::Moved);
    assert_eq!(till.sell(), ahead);
    assert_eq!(
        left - till.stretch_left(),
        36 * HOUR_MS,
        "everything that was left"
    );
    let accepts = |till: &Till, given_ms| till.time_guard.accepts(till.clocks(), given_ms, WINDOW);
    assert!(
        accepts(&till, till.real_ms),
        "a caller's time does not change what is accepted from others"
    );
    assert!(!accepts(&till, NOON));
    // The printer shows the true time. The till's time does not go back, but runs slower.
    till.two_agree(till.real_ms);
    assert!(till.time_guard.is_sure());
    assert_eq!(till.now(), ahead, "never back");
    assert!(accepts(&till, till.real_ms) && accepts(&till, ahead));
    assert!(!accepts(&till, till.real_ms + WINDOW + 1));
    let after = till.wait(8 * HOUR_MS);
    assert_eq!(after, ahead + 7 * HOUR_MS);
    assert!(accepts(&till, till.real_ms - WINDOW) && !accepts(&till, till.real_ms - WINDOW - 1));
}

#[test]
fn time_that_a_caller_has_shown_is_charged_once() {
    for off_ms in [0, -NIGHT, 6 * HOUR_MS] {
        let mut till = Till::new();
        till.two_agree(NOON);
        till.offline();
        till.wait(HOUR_MS);
        till.off_ms = off_ms;
        till.power_cut(NIGHT);
        // A sale before any caller has given a time: the machine's clock decides what is charged.
        till.sell();
        let unseen = if off_ms < 0 {
            STORED_EVERY_MS
        } else {
            NIGHT + off_ms
        };
        assert_eq!(till.stretch_left(), 35 * HOUR_MS - unseen, "off {off_ms}");
        assert_eq!(till.caller(till.real_ms), ClockEffect::Moved);
        for _ in 0..2 {
            assert_eq!(till.sell(), till.real_ms);
            let spent = NIGHT + off_ms.max(0);
            assert_eq!(till.stretch_left(), 35 * HOUR_MS - spent, "off {off_ms}");
        }
        till.restart();
        assert_eq!(till.caller(till.real_ms), ClockEffect::None);
        till.wait(HOUR_MS);
        // The trusted source gives back the time that only the machine's clock has shown.
        till.two_agree(till.real_ms);
        till.now();
        assert_eq!(till.stretch_left(), 34 * HOUR_MS - NIGHT, "off {off_ms}");
    }
}

#[test]
fn a_callers_time_in_a_new_month_charges_that_month_only_with_its_own_hours() {
    // 2026-11-30 at 20:00; the power is off until 10:00.
    let evening = NOON + 9 * 24 * HOUR_MS + 6 * HOUR_MS;
    let mut till = Till::new();
    till.two_agree(NOON);
    till.wait(evening - NOON);
    till.offline();
    till.wait(HOUR_MS);
    till.off_ms = -NIGHT;
    till.power_cut(NIGHT);
    let month = |till: &Till| till.time_guard.marks().spent().month_ms();
    assert_eq!(month(&till), HOUR_MS + STORED_EVERY_MS);
    assert_eq!(till.caller(till.real_ms), ClockEffect::Moved);
    till.sell();
    let midnight = till.real_ms - till.real_ms.rem_euclid(24 * HOUR_MS) - 2 * HOUR_MS;
    assert_eq!(month(&till), till.real_ms - midnight);
    assert_eq!(
        till.time_guard.marks().spent().stretch_ms(),
        HOUR_MS + NIGHT
    );
}

//! Which clocks are believed when they differ, at the first start and after a night without power.

use super::super::witness::AGREE_MS;
use super::*;

const DAY: i64 = 24 * HOUR_MS;

/// How far a clock is wrong in milliseconds; `None` for a clock that gives no time.
type Off = Option<i64>;

/// A till at its first start. The machine's clock is wrong by `off_ms`.
fn first_start(off_ms: i64) -> Till {
    let mut till = Till::new();
    till.off_ms = off_ms;
    till.time_guard = TimeGuard::new(None, till.boot, till.clocks());
    till.now();
    till
}

/// All clocks but the machine's give their time. Returns how far the next document's time is wrong, and whether it is confirmed.
fn document_after(mut till: Till, printer: Off, office: Off, caller: Off) -> (i64, bool) {
    let real_ms = till.real_ms;
    if let Some(off_ms) = printer {
        till.printer(real_ms + off_ms);
    }
    if let Some(off_ms) = office {
        till.office(real_ms + off_ms);
    }
    if let Some(off_ms) = caller {
        till.caller(real_ms + off_ms);
    }
    (till.sell() - real_ms, till.time_guard.is_sure())
}

#[test]
fn at_the_first_start_two_clocks_that_agree_give_the_time() {
    const NONE: Off = None;
    const RIGHT: Off = Some(0);
    for (machine, printer, office, caller, expected, sure) in [
        // The machine's clock alone.
        (0, NONE, NONE, NONE, 0, false),
        (400 * DAY, NONE, NONE, NONE, 400 * DAY, false),
        // The machine's clock is 400 days ahead, and any two others agree.
        (400 * DAY, RIGHT, NONE, RIGHT, 0, true),
        (400 * DAY, NONE, RIGHT, RIGHT, 0, true),
        (400 * DAY, RIGHT, RIGHT, NONE, 0, true),
        // Only one other clock: the earlier of two is used, and a caller alone does not move the time by more than a day.
        (400 * DAY, RIGHT, NONE, NONE, 0, false),
        (400 * DAY, NONE, RIGHT, NONE, 0, false),
        (400 * DAY, NONE, NONE, RIGHT, 400 * DAY, false),
        (0, Some(400 * DAY), NONE, NONE, 0, false),
        (0, NONE, NONE, Some(400 * DAY), 0, false),
        (0, NONE, NONE, Some(-300 * DAY), 0, false),
        // A caller on this very machine signs with its wrong clock: the printer denies it.
        (400 * DAY, RIGHT, NONE, Some(400 * DAY), 0, false),
        (400 * DAY, NONE, RIGHT, Some(400 * DAY), 0, false),
        // The machine's clock is hours off.
        (3 * HOUR_MS, RIGHT, NONE, RIGHT, 0, true),
        (-3 * HOUR_MS, RIGHT, NONE, RIGHT, 0, true),
        (10 * HOUR_MS, NONE, RIGHT, RIGHT, 0, true),
        (-10 * HOUR_MS, NONE, NONE, RIGHT, 0, false),
        (10 * HOUR_MS, NONE, NONE, RIGHT, 0, false),
        // The printer is in another time zone, or without summer time; its clock is some minutes off.
        (0, Some(2 * HOUR_MS), NONE, NONE, 0, false),
        (0, Some(2 * HOUR_MS), NONE, RIGHT, 0, true),
        (0, Some(-3 * HOUR_MS), RIGHT, NONE, 0, true),
        (0, Some(HOUR_MS + 4 * MINUTE), NONE, RIGHT, 0, true),
        (0, Some(5 * HOUR_MS + 45 * MINUTE), NONE, RIGHT, 0, true),
        (0, Some(-14 * HOUR_MS), NONE, RIGHT, 0, true),
        (400 * DAY, Some(2 * HOUR_MS), RIGHT, RIGHT, 0, true),
        // The machine's clock has no battery.
        (-NOON, RIGHT, NONE, NONE, 0, false),
        (-NOON, NONE, RIGHT, NONE, 0, false),
        (-NOON, NONE, NONE, RIGHT, 0, false),
        (-NOON, Some(2 * HOUR_MS), RIGHT, RIGHT, 0, true),
    ] {
        let found = document_after(first_start(machine), printer, office, caller);
        assert_eq!(
            found,
            (expected, sure),
            "machine {machine}, printer {printer:?}, office {office:?}, caller {caller:?}"
        );
    }
}

#[test]
fn after_a_start_of_the_machine_a_printers_hours_are_not_believed_over_the_others() {
    for printer in [1, 2, 3, -1, -2, -3, 10, -10].map(|hours| hours * HOUR_MS) {
        for drift in [0, 3 * MINUTE, -3 * MINUTE] {
            // The machine was started again, and its clock is right.
            let mut till = Till::after_a_night(0);
            let real_ms = till.real_ms;
            till.printer(real_ms + printer + drift);
            till.caller(real_ms);
            assert_eq!(till.sell(), real_ms, "{printer} {drift}");
            assert!(till.time_guard.is_sure());
            // The machine's clock stood still, and the office answers.
            let mut till = Till::after_a_night(-NIGHT);
            till.printer(real_ms + printer + drift);
            till.office(real_ms);
            assert_eq!(till.sell(), real_ms, "{printer} {drift}");
        }
    }
}

#[test]
fn where_machine_printer_and_caller_all_differ_the_earlier_time_is_used() {
    // The machine's clock is ten hours ahead, the printer is in another zone, and the caller is right.
    for established in [true, false] {
        let mut till = if established {
            Till::after_a_night(10 * HOUR_MS)
        } else {
            let mut till = first_start(10 * HOUR_MS);
            till.caller(till.real_ms);
            till.sell();
            till.power_cut(NIGHT);
            till
        };
        let real_ms = till.real_ms;
        till.printer(real_ms + 5 * HOUR_MS);
        till.caller(real_ms);
        assert_eq!(till.sell(), real_ms, "established: {established}");
        assert!(!till.time_guard.is_sure());
    }
}

#[test]
fn a_printer_whose_zone_is_known_gives_the_time_after_a_night_with_a_stopped_clock() {
    // The caller runs on the till's own machine, whose clock has stopped.
    let mut till = Till::after_a_night(-NIGHT);
    let (real_ms, stopped_ms) = (till.real_ms, till.real_ms - NIGHT);
    till.known_printer(real_ms);
    till.caller(stopped_ms);
    assert_eq!(till.sell(), real_ms);
    // Summer time has begun in the night, and the printer does not know it.
    let mut till = Till::after_a_night(0);
    till.known_printer(real_ms - HOUR_MS);
    assert_eq!(till.sell(), real_ms);
}

#[test]
fn with_one_wrong_clock_of_four_the_time_is_right_in_whatever_order_they_are_heard() {
    let wrong = [
        HOUR_MS,
        -2 * HOUR_MS,
        3 * HOUR_MS,
        -10 * HOUR_MS,
        2 * HOUR_MS + 7 * MINUTE,
        25 * HOUR_MS,
        -25 * HOUR_MS,
        400 * DAY,
        -300 * DAY,
    ];
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for off_ms in wrong {
        for liar in 0..4 {
            for order in orders {
                let off = |clock: usize| if clock == liar { off_ms } else { 0 };
                for mut till in [first_start(off(3)), Till::after_a_night(off(3))] {
                    let real_ms = till.real_ms;
                    for clock in order {
                        let given_ms = real_ms + off(clock);
                        match clock {
                            0 => till.printer(given_ms),
                            1 => till.office(given_ms),
                            _ => till.caller(given_ms),
                        };
                    }
                    let sold_ms = till.sell();
                    let what = format!("clock {liar} is off by {off_ms}, heard as {order:?}");
                    assert!(till.time_guard.is_sure(), "{what}");
                    assert!(sold_ms.abs_diff(real_ms) <= 600_000, "{what}: {sold_ms}");
                }
            }
        }
    }
}

#[test]
fn until_two_clocks_agree_only_a_document_binds_the_time() {
    let mut till = first_start(400 * DAY);
    let real_ms = till.real_ms;
    assert_eq!(till.now(), real_ms + 400 * DAY);
    till.wait(HOUR_MS);
    // The agent is started again before it has sold anything.
    till.restart();
    till.two_agree(till.real_ms);
    assert_eq!(till.now(), till.real_ms, "nothing was bound");

    let mut till = first_start(400 * DAY);
    let sold_ms = till.sell();
    till.two_agree(till.real_ms);
    assert!(till.time_guard.is_sure());
    assert_eq!(till.now(), sold_ms, "never before a document");
    let ahead_ms = till.time_guard.ahead_ms(till.clocks());
    assert_eq!(ahead_ms, 400 * DAY, "health says so");
    // Nobody is locked out meanwhile.
    assert!(till.time_guard.accepts(till.clocks(), real_ms, WINDOW));
    // An operator corrects it.
    let clocks = till.clocks();
    assert!(till.time_guard.is_shown(clocks, real_ms));
    assert!(!till.time_guard.is_shown(clocks, real_ms + 20 * MINUTE));
    till.time_guard.set(clocks, moment(real_ms));
    assert_eq!(till.sell(), real_ms);
    till.restart();
    assert_eq!(till.wait(HOUR_MS), till.real_ms);
    assert_eq!(till.time_guard.ahead_ms(till.clocks()), 0);
}

#[test]
fn at_the_first_start_no_signed_caller_is_locked_out() {
    for off_ms in [2, -2, 10, -10, 400 * 24].map(|hours| hours * HOUR_MS) {
        let mut till = first_start(off_ms);
        for _ in 0..2 {
            assert!(till.time_guard.accepts(till.clocks(), till.real_ms, WINDOW));
            till.caller(till.real_ms);
            till.sell();
        }
        // Once two clocks agree, the window is narrow.
        till.office(till.real_ms);
        assert!(till.time_guard.is_sure());
        let accepts = |ms| till.time_guard.accepts(till.clocks(), ms, WINDOW);
        assert!(accepts(till.real_ms) && !accepts(till.real_ms - AGREE_MS - MINUTE));
    }
}

#[test]
fn an_answer_of_the_office_that_agrees_is_no_surprise_whatever_the_machine_shows() {
    for off_ms in [3 * HOUR_MS, -3 * HOUR_MS, 400 * DAY, -NOON] {
        let mut till = first_start(off_ms);
        till.printer(till.real_ms);
        till.caller(till.real_ms);
        for _ in 0..5 {
            till.wait(MINUTE);
            let real_ms = till.real_ms;
            assert_eq!(till.office(real_ms), ClockEffect::None, "off {off_ms}");
            assert_eq!(till.now(), real_ms);
        }
    }
}

#[test]
fn a_correction_gives_no_budget_back() {
    let mut till = Till::new();
    till.two_agree(NOON);
    till.offline();
    till.wait(10 * HOUR_MS);
    for at_ms in [NOON - 40 * DAY, NOON + 40 * DAY, till.real_ms] {
        let clocks = till.clocks();
        till.time_guard.set(clocks, moment(at_ms));
        till.now();
        assert_eq!(till.stretch_left(), 26 * HOUR_MS);
        let month = till.time_guard.marks().spent().month_ms();
        assert!(month >= 10 * HOUR_MS, "{month}");
    }
}

//! What time the till believes when its clock jumps, its power fails, and other clocks give the time or do not.

use ferrotill_core::budget::{AtTheEnd, Budget, Unsent};
use ferrotill_core::clock_guard::ClockTrouble;
use ferrotill_core::time::Moment;
use uuid::Uuid;

use super::witness::Witness;
use super::{
    CALLER_MS, ClockEffect, Clocks, FOLLOW_MS, HOUR_MS, LEAP_MS, PLAUSIBLE_MS, STORED_EVERY_MS,
    StoredClock, TimeGuard,
};

mod callers;
mod witnesses;

const NOON: i64 = 1_795_262_400_000;
const MINUTE: i64 = 60_000;
const NIGHT: i64 = 14 * HOUR_MS;
const WINDOW: i64 = 10 * MINUTE;
const BUDGET: Budget = Budget {
    stretch_ms: Some(36 * HOUR_MS),
    month_ms: Some(168 * HOUR_MS),
    unsent_ms: None,
    unsent_documents: None,
    at_the_end: AtTheEnd::Stop,
};

fn moment(utc_ms: i64) -> Moment {
    Moment {
        utc_ms,
        offset_minutes: 120,
    }
}

/// A till and its machine. The machine's clock differs from the real time by `off_ms`.
struct Till {
    time_guard: TimeGuard,
    boot: Uuid,
    real_ms: i64,
    booted_ms: i64,
    off_ms: i64,
}

impl Till {
    fn new() -> Self {
        let clocks = Clocks {
            system_ms: NOON,
            since_boot_ms: 0,
        };
        let boot = Uuid::from_u128(1);
        Self {
            time_guard: TimeGuard::new(None, boot, clocks),
            boot,
            real_ms: NOON,
            booted_ms: NOON,
            off_ms: 0,
        }
    }

    fn clocks(&self) -> Clocks {
        Clocks {
            system_ms: self.real_ms + self.off_ms,
            since_boot_ms: self.real_ms - self.booted_ms,
        }
    }

    fn wait(&mut self, ms: i64) -> i64 {
        self.real_ms += ms;
        self.now()
    }

    fn now(&mut self) -> i64 {
        self.time_guard.step(self.clocks(), moment).utc_ms
    }

    fn look(&self) -> i64 {
        self.time_guard.look(self.clocks()).0
    }

    fn trouble(&self) -> Option<ClockTrouble> {
        self.time_guard.look(self.clocks()).1
    }

    /// The office and a caller give the same time. True if it is the till's time now.
    fn two_agree(&mut self, given_ms: i64) -> bool {
        self.office(given_ms);
        self.caller(given_ms);
        self.time_guard.is_sure() && self.look().abs_diff(given_ms) <= FOLLOW_MS.unsigned_abs()
    }

    fn hear(&mut self, witness: Witness, given_ms: i64) -> ClockEffect {
        self.time_guard.hear(self.clocks(), witness, given_ms)
    }

    fn office(&mut self, given_ms: i64) -> ClockEffect {
        self.hear(Witness::Office, given_ms)
    }

    fn caller(&mut self, given_ms: i64) -> ClockEffect {
        self.hear(Witness::Caller, given_ms)
    }

    /// A printer that this till has not seen before.
    fn printer(&mut self, given_ms: i64) -> ClockEffect {
        let zone_known = false;
        self.hear(Witness::Printer { zone_known }, given_ms)
    }

    /// A printer whose clock was compared with the till's time before.
    fn known_printer(&mut self, given_ms: i64) -> ClockEffect {
        let zone_known = true;
        self.hear(Witness::Printer { zone_known }, given_ms)
    }

    fn sell(&mut self) -> i64 {
        let at_ms = self.time_guard.step_selling(self.clocks(), moment).utc_ms;
        self.time_guard.written(at_ms);
        at_ms
    }

    fn offline(&mut self) {
        self.time_guard.set_offline(self.clocks(), moment, true);
    }

    fn stretch_left(&self) -> i64 {
        BUDGET
            .left(
                self.time_guard.marks().spent(),
                self.time_guard.marks().latest(),
                Unsent::default(),
            )
            .stretch_ms
            .unwrap()
    }

    /// The agent ends and starts again, while the machine keeps running.
    fn restart(&mut self) {
        let kept: StoredClock =
            postcard::from_bytes(&postcard::to_stdvec(&self.time_guard.remembered()).unwrap())
                .unwrap();
        self.time_guard = TimeGuard::new(Some(kept), self.boot, self.clocks());
    }

    /// A till that knew the time, after a night without power. In the morning the machine's clock is wrong by `off_ms`.
    fn after_a_night(off_ms: i64) -> Self {
        let mut till = Self::new();
        till.two_agree(NOON);
        till.wait(HOUR_MS);
        till.off_ms = off_ms;
        till.power_cut(NIGHT);
        till
    }

    /// The power is off for this many milliseconds.
    fn power_cut(&mut self, ms: i64) {
        self.real_ms += ms;
        self.booted_ms = self.real_ms;
        self.boot = Uuid::from_u128(self.boot.as_u128() + 1);
        self.restart();
    }
}

#[test]
fn a_clock_that_jumps_while_the_machine_runs_only_causes_a_warning() {
    for off_ms in [25 * HOUR_MS, 12 * HOUR_MS, -12 * HOUR_MS, -NOON] {
        for offline in [false, true] {
            let mut till = Till::new();
            assert!(till.two_agree(NOON));
            if offline {
                till.offline();
            }
            till.off_ms = off_ms;
            for hour in 1..=30 {
                assert_eq!(till.wait(HOUR_MS), NOON + hour * HOUR_MS, "off {off_ms}");
                if hour == 15 {
                    till.restart();
                }
            }
            let by_ms = off_ms.abs();
            let trouble = if off_ms < 0 {
                ClockTrouble::Behind { by_ms }
            } else {
                ClockTrouble::JumpedAhead { by_ms }
            };
            assert_eq!(till.trouble(), Some(trouble));
            let spent = if offline { 30 } else { 0 };
            assert_eq!(till.stretch_left(), (36 - spent) * HOUR_MS, "off {off_ms}");
            till.off_ms = 0;
            assert_eq!(
                till.wait(0),
                till.real_ms,
                "the clock is right again, and nothing is left of the jump"
            );
            assert_eq!(till.trouble(), None);
        }
    }
}

#[test]
fn a_clock_that_is_set_by_minutes_is_followed() {
    let mut till = Till::new();
    till.two_agree(NOON);
    till.off_ms = 2 * MINUTE;
    assert_eq!(till.wait(HOUR_MS), NOON + HOUR_MS + 2 * MINUTE);
    till.off_ms = -2 * MINUTE;
    assert_eq!(till.now(), NOON + HOUR_MS + 2 * MINUTE, "never back");
    assert_eq!(till.wait(HOUR_MS), NOON + 2 * HOUR_MS - 2 * MINUTE);
}

#[test]
fn after_a_power_cut_with_a_reset_clock_time_goes_on_until_the_printer_corrects_it() {
    let mut till = Till::new();
    till.two_agree(NOON);
    till.wait(HOUR_MS);
    till.off_ms = -NOON;
    till.power_cut(10 * HOUR_MS);
    let lost = till.now();
    assert_eq!(lost, NOON + HOUR_MS, "not before the latest moment");
    assert_eq!(till.wait(MINUTE), lost + MINUTE, "time goes on");
    let real_ms = till.real_ms;
    assert!(till.two_agree(real_ms));
    assert_eq!(till.now(), real_ms);
    till.restart();
    assert_eq!(till.wait(MINUTE), real_ms + MINUTE);
}

#[test]
fn a_clock_that_jumped_during_a_power_cut_needs_another_clock() {
    // The cut was short and the clock is a day ahead.
    let mut till = Till::new();
    till.two_agree(NOON);
    till.wait(HOUR_MS);
    till.off_ms = 25 * HOUR_MS;
    till.power_cut(MINUTE);
    assert_eq!(till.now(), NOON + HOUR_MS);
    let real_ms = till.real_ms;
    till.known_printer(real_ms);
    assert_eq!(
        till.now(),
        real_ms - MINUTE,
        "the machine's clock is not believed"
    );
    // The machine's clock is right, and the power was off for a weekend.
    till.off_ms = 0;
    till.power_cut(60 * HOUR_MS);
    assert!(till.now() < till.real_ms - 59 * HOUR_MS);
    // The printer has no summer time.
    till.known_printer(till.real_ms - HOUR_MS);
    assert_eq!(till.now(), till.real_ms);
    // The machine's clock stood still while the power was off, and the printer's clock went on.
    till.off_ms = -12 * HOUR_MS;
    till.power_cut(12 * HOUR_MS);
    till.known_printer(till.real_ms - 30_000);
    assert_eq!(till.now(), till.real_ms - 30_000);
    // A caller confirms it.
    assert!(!till.time_guard.is_sure());
    till.caller(till.real_ms);
    assert!(till.time_guard.is_sure());
}

#[test]
fn one_clock_that_contradicts_a_confirmed_time_is_not_believed() {
    let mut till = Till::new();
    till.two_agree(NOON);
    till.wait(HOUR_MS);
    for off_ms in [1_000 * HOUR_MS, -1_000 * HOUR_MS] {
        for witness in [Till::office, Till::printer, Till::known_printer] {
            let given_ms = till.real_ms + off_ms;
            assert_eq!(witness(&mut till, given_ms), ClockEffect::NotBelieved);
            assert_eq!(till.now(), till.real_ms);
            let real_ms = till.real_ms;
            assert_eq!(witness(&mut till, real_ms), ClockEffect::None);
        }
    }
}

#[test]
fn a_confirmed_time_that_is_ahead_runs_slower_until_the_clocks_agree() {
    let mut till = Till::new();
    // The till's time is a day ahead: the simulator has moved it, or a printer and the machine's clock were both set wrong.
    till.off_ms = 25 * HOUR_MS;
    till.printer(NOON + 25 * HOUR_MS);
    assert!(till.time_guard.is_sure());
    assert_eq!(till.now(), NOON + 25 * HOUR_MS);
    till.off_ms = 0;
    till.two_agree(till.real_ms);
    let mut before = till.now();
    assert_eq!(before, NOON + 25 * HOUR_MS, "never back");
    for hour in 1..=200 {
        if hour % 7 == 0 {
            till.restart();
        }
        if hour % 11 == 0 {
            till.two_agree(till.real_ms);
        }
        let now = till.wait(HOUR_MS);
        assert!(now > before, "time stands still in hour {hour}");
        before = now;
    }
    assert!((before - till.real_ms).abs() <= FOLLOW_MS);
    assert_eq!(till.wait(HOUR_MS), till.real_ms);
}

#[test]
fn no_power_cut_gives_a_budget_back() {
    for off_ms in [25 * HOUR_MS, -12 * HOUR_MS, -NOON] {
        let mut till = Till::new();
        till.two_agree(NOON);
        till.offline();
        till.wait(10 * HOUR_MS);
        let mut left = till.stretch_left();
        assert_eq!(left, 26 * HOUR_MS);
        till.off_ms = off_ms;
        for cut in 0..4 {
            till.power_cut(5 * MINUTE);
            till.now();
            assert!(till.stretch_left() <= left, "off {off_ms}, cut {cut}");
            if cut == 3 {
                till.two_agree(till.real_ms);
                assert!(till.look() >= till.real_ms);
            }
            till.wait(HOUR_MS);
            assert!(
                till.stretch_left() <= left - HOUR_MS,
                "off {off_ms}, cut {cut}"
            );
            left = till.stretch_left();
        }
        // The budget has lost ten hours, four more, and the minutes without power, which the trusted source has shown.
        assert_eq!(left, 22 * HOUR_MS - 20 * MINUTE, "off {off_ms}");
    }
}

/// Each power cut comes just before the clock is stored again, so that the till never knows the time since its last start.
#[test]
fn a_till_that_is_cut_off_again_and_again_charges_all_its_time_with_power() {
    let mut till = Till::new();
    till.two_agree(NOON);
    till.offline();
    till.wait(HOUR_MS);
    for cut in 1..=120 {
        let stored = till.time_guard.remembered();
        till.wait(STORED_EVERY_MS - 1);
        till.booted_ms = till.real_ms;
        till.boot = Uuid::from_u128(till.boot.as_u128() + 1);
        till.time_guard = TimeGuard::new(Some(stored), till.boot, till.clocks());
        assert!(till.time_guard.must_be_stored());
        assert_eq!(
            till.stretch_left(),
            35 * HOUR_MS - cut * STORED_EVERY_MS,
            "cut {cut}"
        );
    }
    till.restart();
    assert!(
        !till.time_guard.must_be_stored(),
        "the machine was not started"
    );
    // Two clocks show how long it was.
    till.two_agree(till.real_ms);
    till.now();
    assert_eq!(till.stretch_left(), 36 * HOUR_MS - (till.real_ms - NOON));
}

#[test]
fn while_the_tills_time_runs_slower_the_budget_is_charged_in_full() {
    let mut till = Till::new();
    till.off_ms = 25 * HOUR_MS;
    till.printer(NOON + 25 * HOUR_MS);
    till.now();
    till.off_ms = 0;
    till.two_agree(till.real_ms);
    till.offline();
    for _ in 0..8 {
        till.wait(HOUR_MS);
    }
    assert_eq!(
        till.time_guard.ahead_ms(till.clocks()),
        24 * HOUR_MS,
        "an hour less"
    );
    assert_eq!(till.stretch_left(), 28 * HOUR_MS);
}

#[test]
fn a_sale_without_a_trusted_time_is_charged_what_the_clock_shows_once() {
    let mut till = Till::new();
    till.two_agree(NOON);
    till.offline();
    till.wait(HOUR_MS);
    till.power_cut(20 * HOUR_MS);
    till.now();
    assert_eq!(
        till.stretch_left(),
        35 * HOUR_MS - STORED_EVERY_MS,
        "the start costs a minute, and reading the time costs nothing"
    );
    for _ in 0..3 {
        let at = till.time_guard.step_selling(till.clocks(), moment);
        assert_eq!(
            at.utc_ms,
            NOON + HOUR_MS,
            "no other clock confirms the machine's clock"
        );
        assert_eq!(till.stretch_left(), 15 * HOUR_MS);
    }
    till.two_agree(till.real_ms);
    till.now();
    assert_eq!(
        till.stretch_left(),
        15 * HOUR_MS,
        "the trusted source shows the same time, so nothing is given back"
    );
    till.wait(HOUR_MS);
    assert_eq!(till.stretch_left(), 14 * HOUR_MS);
    // The clock jumped. The printer shows that almost no time has passed.
    till.off_ms = 13 * HOUR_MS;
    till.power_cut(0);
    till.sell();
    assert_eq!(till.stretch_left(), HOUR_MS);
    till.wait(MINUTE);
    till.two_agree(till.real_ms);
    till.now();
    assert_eq!(till.stretch_left(), 14 * HOUR_MS - MINUTE);
}

#[test]
fn a_reset_clock_does_not_lock_out_callers() {
    let mut till = Till::new();
    till.two_agree(NOON);
    let accepts = |till: &Till, given_ms| till.time_guard.accepts(till.clocks(), given_ms, WINDOW);
    for off_ms in [-WINDOW, 0, WINDOW] {
        assert!(accepts(&till, NOON + off_ms));
    }
    assert!(!accepts(&till, NOON + WINDOW + 1) && !accepts(&till, NOON - WINDOW - 1));
    till.wait(HOUR_MS);
    // The clock is wrong and the machine runs: callers' times are compared with the guarded clock.
    till.off_ms = -NOON;
    assert!(accepts(&till, till.real_ms));
    assert!(!accepts(&till, till.real_ms + WINDOW + 1));
    // The power was off for an unknown time, so any time after the latest moment is accepted.
    till.power_cut(9 * HOUR_MS);
    assert!(accepts(&till, till.real_ms));
    assert!(
        !accepts(&till, NOON),
        "a call that was signed yesterday is refused"
    );
    // A trusted source gives the time, and the window is narrow again.
    till.two_agree(till.real_ms);
    assert!(accepts(&till, till.real_ms));
    assert!(!accepts(&till, till.real_ms + WINDOW + 1));
}

#[test]
fn a_first_start_in_1970_gets_its_time_from_the_printer() {
    let mut till = Till::new();
    till.off_ms = -NOON;
    till.time_guard = TimeGuard::new(None, till.boot, till.clocks());
    assert!(till.time_guard.accepts(till.clocks(), till.real_ms, WINDOW));
    assert!(till.two_agree(till.real_ms));
    assert_eq!(till.now(), till.real_ms);
}

#[test]
fn time_is_never_before_a_moment_in_the_journal() {
    let mut till = Till::new();
    till.time_guard.not_before(moment(NOON + HOUR_MS));
    assert_eq!(till.now(), NOON + HOUR_MS);
    assert_eq!(till.wait(MINUTE), NOON + HOUR_MS + MINUTE);
}

/// A small random generator. The same seed gives the same run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> i64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % sides).unwrap()
    }
}

/// In any random history of an offline till, neither documents nor a confirmed time go back, and every hour with power is charged to
/// the budget.
#[test]
fn in_any_history_time_goes_forward_and_every_hour_is_charged() {
    for seed in 0..3_000 {
        let mut dice = Dice(seed);
        let mut till = Till::new();
        till.two_agree(NOON);
        till.offline();
        let (mut latest, mut document, mut running_ms) = (NOON, NOON, 0);
        for step in 0..60 {
            let was_sure = till.time_guard.is_sure();
            match dice.roll(9) {
                0..=2 => {
                    let ms = dice.roll(3 * 3_600_000);
                    running_ms += ms;
                    till.wait(ms);
                }
                3 => {
                    let wrong = [0, 25 * HOUR_MS, -12 * HOUR_MS, HOUR_MS, -till.real_ms];
                    till.off_ms = wrong[usize::try_from(dice.roll(5)).unwrap()];
                }
                4 => till.restart(),
                5 => till.power_cut(dice.roll(2 * 3_600_000)),
                6 => {
                    let truth = till.real_ms + dice.roll(60_000) - 30_000;
                    till.two_agree(truth);
                }
                7 => {
                    let (before, spent) =
                        (till.look(), till.time_guard.marks().spent().stretch_ms());
                    till.caller(till.real_ms);
                    assert!(
                        till.now() <= before.max(till.real_ms + FOLLOW_MS),
                        "seed {seed}, step {step}: a caller's true time moves the till beyond it"
                    );
                    let now_spent = till.time_guard.marks().spent().stretch_ms();
                    assert!(
                        now_spent >= spent,
                        "seed {seed}, step {step}: budget was given back"
                    );
                }
                _ => {
                    let sold = till.sell();
                    assert!(
                        sold >= document,
                        "seed {seed}, step {step}: a document is earlier"
                    );
                    document = sold;
                }
            }
            let now = till.now();
            assert!(
                now >= document,
                "seed {seed}, step {step}: before a document"
            );
            if was_sure {
                assert!(now >= latest, "seed {seed}, step {step}: time went back");
            }
            latest = now;
            let spent_ms = till.time_guard.marks().spent().stretch_ms();
            assert!(
                spent_ms >= running_ms - 2 * FOLLOW_MS,
                "seed {seed}, step {step}: {spent_ms} ms spent in {running_ms} ms"
            );
        }
    }
}

#[test]
fn a_printer_with_an_empty_battery_is_not_believed() {
    let mut till = Till::new();
    till.two_agree(NOON);
    till.now();
    // Ten hours without power; the machine's clock is right again.
    let remembered: StoredClock = till.time_guard.remembered();
    till.real_ms += 10 * HOUR_MS;
    till.booted_ms = till.real_ms;
    till.boot = Uuid::from_u128(2);
    till.time_guard = TimeGuard::new(Some(remembered), till.boot, till.clocks());
    // 2000-01-01, years before the highest moment that the till has seen.
    assert!(!till.two_agree(946_684_800_000));
}

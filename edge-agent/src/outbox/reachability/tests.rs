//! How the state changes while the authority can and cannot be reached.

use super::Progress::{Acknowledged, Refused};
use super::{
    DWELL_MS_MAX, DeliveryFailure, Progress, RETURN_MS_MAX, Reachability, Reason, State, Switch,
    Thresholds,
};

const FAILED: Progress = Progress::Failed(DeliveryFailure::Broken);
const THRESHOLDS: Thresholds = Thresholds {
    failures: 3,
    failing_ms: 3_000,
    dwell_ms: 10_000,
};

fn machine() -> Reachability {
    Reachability::new(THRESHOLDS, 7)
}

/// Plays steps of `(time, progress, pending, state after)`. A failure names the step whose state differs.
fn play(machine: &mut Reachability, steps: &[(u64, Progress, bool, State)]) {
    for (index, (now, progress, pending, state)) in steps.iter().enumerate() {
        machine.started(*now);
        machine.observe(*now, *progress, *pending);
        assert_eq!(machine.state(), *state, "step {index} at {now}");
    }
}

#[test]
fn enough_failures_or_enough_time_without_an_answer_go_offline() {
    play(
        &mut machine(),
        &[
            (0, FAILED, true, State::Suspect),
            (100, FAILED, true, State::Suspect),
            (200, FAILED, true, State::Offline),
        ],
    );
    play(
        &mut machine(),
        &[
            (0, FAILED, true, State::Suspect),
            (2_999, FAILED, true, State::Suspect),
        ],
    );
    play(
        &mut machine(),
        &[
            (0, FAILED, true, State::Suspect),
            (3_000, FAILED, true, State::Offline),
        ],
    );
}

#[test]
fn one_failure_without_any_later_attempt_goes_offline_after_the_time() {
    let mut machine = machine();
    play(&mut machine, &[(500, FAILED, true, State::Suspect)]);
    assert_eq!(machine.tick_at(500), Some(3_500));
    assert_eq!(machine.tick(3_499), None);
    let switch = machine.tick(3_500).unwrap();
    assert_eq!(
        (switch.to, switch.reason),
        (
            State::Offline,
            Reason::NoAnswerSince(DeliveryFailure::Broken)
        )
    );
    assert!(machine.sells_alternative());
    // An answer within that time keeps the state online.
    let mut machine = self::machine();
    play(
        &mut machine,
        &[
            (500, FAILED, true, State::Suspect),
            (3_400, Refused, true, State::Online),
        ],
    );
    assert_eq!(machine.tick_at(3_400), None);
    assert_eq!(machine.tick(9_000), None);
}

#[test]
fn one_answer_ends_suspect_even_if_it_is_a_refusal() {
    for answer in [Acknowledged, Refused] {
        play(
            &mut machine(),
            &[
                (0, FAILED, true, State::Suspect),
                (2_000, FAILED, true, State::Suspect),
                (2_500, answer, true, State::Online),
                (2_600, FAILED, true, State::Suspect),
                (5_599, FAILED, true, State::Suspect),
                (5_600, FAILED, true, State::Offline),
            ],
        );
    }
}

/// A state machine that went offline at three seconds.
fn offline() -> Reachability {
    let mut machine = machine();
    play(
        &mut machine,
        &[
            (0, FAILED, true, State::Suspect),
            (1_000, FAILED, true, State::Suspect),
            (3_000, FAILED, true, State::Offline),
        ],
    );
    assert!(machine.sells_alternative());
    machine
}

#[test]
fn two_answers_after_the_dwell_time_bring_fiscal_receipts_back() {
    let mut machine = offline();
    assert_eq!(machine.attempt_at(3_000), 13_000);
    play(
        &mut machine,
        &[(13_000, Acknowledged, true, State::Recovering)],
    );
    assert!(machine.sells_alternative());
    assert_eq!(machine.attempt_at(13_000), 13_000);
    let switch = machine.observe(13_010, Acknowledged, true);
    assert_eq!(
        switch,
        Some(Switch {
            from: State::Recovering,
            to: State::Online,
            reason: Reason::Answered
        })
    );
    assert!(!machine.sells_alternative());
}

#[test]
fn one_answer_is_enough_if_no_document_is_left() {
    play(
        &mut offline(),
        &[(13_000, Acknowledged, false, State::Online)],
    );
}

#[test]
fn answers_during_the_dwell_time_count_when_it_ends() {
    let mut machine = offline();
    play(
        &mut machine,
        &[(8_000, Acknowledged, false, State::Offline)],
    );
    assert_eq!(machine.tick_at(8_000), Some(13_000));
    assert_eq!(machine.tick(12_999), None);
    let switch = machine.tick(13_000);
    assert_eq!(switch.map(|switch| switch.to), Some(State::Online));
    assert_eq!(switch.map(|switch| switch.reason), Some(Reason::DwellOver));
    assert_eq!(machine.tick_at(13_000), None);
}

#[test]
fn while_offline_a_new_document_waits_for_the_schedule() {
    let mut machine = offline();
    machine.document_added(4_000);
    assert_eq!(machine.attempt_at(4_000), 13_000);
    play(&mut machine, &[(13_000, FAILED, true, State::Offline)]);
    assert_eq!(machine.attempt_at(13_000), 18_000);
    // An attempt that takes long does not delay the schedule.
    machine.started(18_000);
    machine.observe(22_000, FAILED, true);
    assert_eq!(machine.attempt_at(22_000), 23_000);
}

#[test]
fn while_not_offline_a_new_document_is_sent_at_once() {
    let mut machine = machine();
    play(&mut machine, &[(0, FAILED, true, State::Suspect)]);
    assert!(machine.attempt_at(10) > 10);
    machine.document_added(20);
    assert_eq!(machine.attempt_at(20), 20);
}

#[test]
fn a_refusal_delays_no_other_document() {
    let mut machine = machine();
    for _ in 0..20 {
        machine.observe(0, Refused, true);
    }
    assert_eq!(machine.state(), State::Online);
    assert_eq!(machine.attempt_at(0), 0);
}

#[test]
fn repeated_outages_make_the_dwell_time_longer_up_to_a_limit() {
    let mut machine = offline();
    let mut now = 3_000;
    for dwell in [10_000, 20_000, 40_000, DWELL_MS_MAX, DWELL_MS_MAX] {
        play(
            &mut machine,
            &[
                (now + dwell - 1, Acknowledged, true, State::Offline),
                (now + dwell, FAILED, true, State::Offline),
                (now + dwell, Acknowledged, true, State::Recovering),
                (now + dwell, FAILED, true, State::Offline),
            ],
        );
        now += dwell;
    }
}

#[test]
fn an_outage_long_after_the_last_one_has_the_configured_dwell_time() {
    let mut machine = offline();
    play(
        &mut machine,
        &[
            (13_000, Acknowledged, false, State::Online),
            (900_000, FAILED, true, State::Suspect),
            (902_000, FAILED, true, State::Suspect),
            (904_000, FAILED, true, State::Offline),
            (914_000, Acknowledged, false, State::Online),
        ],
    );
}

#[test]
fn a_clock_that_goes_back_does_no_harm() {
    let patient = Thresholds {
        failures: 100,
        ..THRESHOLDS
    };
    let mut machine = Reachability::new(patient, 7);
    let start = 1_000_000_000;
    play(
        &mut machine,
        &[
            (start, FAILED, true, State::Suspect),
            (start + 1_000, FAILED, true, State::Suspect),
            (5, FAILED, true, State::Suspect),
            (2_005, FAILED, true, State::Offline),
            (0, FAILED, true, State::Offline),
        ],
    );
    assert!(machine.attempt_at(0) <= 10_000);
    play(
        &mut machine,
        &[(10_000, Acknowledged, false, State::Online)],
    );
}

#[test]
fn retry_after_is_obeyed_up_to_the_limit() {
    let mut machine = machine();
    machine.observe(0, Progress::Failed(DeliveryFailure::Unable(503)), true);
    machine.retry_after(0, 4_000);
    assert_eq!(machine.attempt_at(0), 4_000);
    machine.retry_after(0, 86_400_000);
    assert_eq!(machine.attempt_at(0), 10_000);
}

/// A small random generator. The same seed gives the same run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A random history of attempts, new documents, slow requests and clock steps. After it the authority answers every attempt.
/// Fiscal receipts must return within [`RETURN_MS_MAX`]: with a backlog, with one document, and without any.
#[test]
fn from_any_history_fiscal_receipts_return_in_time() {
    for seed in 0..3_000_u64 {
        let mut dice = Dice(seed);
        let thresholds = Thresholds {
            failures: u32::try_from(dice.roll(5) + 1).unwrap(),
            failing_ms: dice.roll(6_000),
            dwell_ms: dice.roll(31_000),
        };
        let mut machine = Reachability::new(thresholds, seed);
        let mut now = dice.roll(1_000_000);
        let mut unsent = 0_u64;
        for _ in 0..dice.roll(200) {
            match dice.roll(10) {
                0 => now = now.saturating_sub(dice.roll(100_000)),
                1 | 2 => {
                    unsent += 1;
                    machine.document_added(now);
                }
                3 => now += dice.roll(30_000),
                _ if unsent > 0 => {
                    let due = machine.attempt_at(now);
                    assert!(
                        due - now <= 10_000,
                        "seed {seed}: next attempt in {}",
                        due - now
                    );
                    now = due;
                    machine.started(now);
                    let progress = [FAILED, FAILED, Acknowledged, Refused]
                        [usize::try_from(dice.roll(4)).unwrap()];
                    now += if progress == FAILED {
                        dice.roll(10_000)
                    } else {
                        dice.roll(100)
                    };
                    unsent -= u64::from(progress == Acknowledged);
                    machine.observe(now, progress, unsent > 0);
                }
                _ => now += dice.roll(1_000),
            }
            machine.tick(now);
        }
        // From here on either one sale per second, or no more sales.
        let sales = dice.roll(2) == 0;
        if sales || !machine.sells_alternative() {
            unsent += 1;
            machine.document_added(now);
        }
        let answering_since = now;
        while machine.sells_alternative() {
            assert!(
                now - answering_since <= RETURN_MS_MAX,
                "seed {seed}: {machine:?}"
            );
            if unsent > 0 && machine.attempt_at(now) <= now {
                machine.started(now);
                unsent -= 1;
                machine.observe(now, Acknowledged, unsent > 0);
            }
            machine.tick(now);
            now += 100;
            if sales && now % 1_000 < 100 {
                unsent += 1;
                machine.document_added(now);
            }
        }
    }
}

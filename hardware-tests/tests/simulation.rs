//! A few dozen shops in each test run; the long run is `--bin simulate`.

use ferrotill_disk::Syncs;
use ferrotill_hardware_tests::simulation::{
    Tally, simulate, simulate_modules, simulate_modules_on, simulate_on, simulate_signed,
    simulate_signed_on,
};

#[test]
fn every_answer_is_true_and_all_totals_agree_whatever_goes_wrong() {
    let mut sum = Tally::default();
    for seed in 1..=24 {
        let tally = simulate(seed, 1).unwrap_or_else(|violation| panic!("{violation}"));
        sum.registered += tally.registered;
        sum.crashes += tally.crashes;
        sum.troubles += tally.troubles;
    }
    assert!(sum.registered > 200, "{sum:?}");
    assert!(sum.crashes > 50 && sum.troubles > 500, "{sum:?}");
}

/// Seeds with which the simulation once found a fault; `docs/PROOF.md` describes the faults.
#[test]
fn what_was_found_once_does_not_come_back() {
    for (seed, days) in [
        (5, 3),
        (34, 1),
        (35, 2),
        (60, 2),
        (60, 4),
        (101, 1),
        (122, 1),
        (124, 3),
        (235, 1),
        (894, 3),
        (1098, 3),
        (1423, 3),
        (1645, 3),
    ] {
        let played = simulate(seed, days);
        played.unwrap_or_else(|violation| panic!("{violation}"));
    }
}

#[test]
fn the_same_seed_plays_the_same_shop() {
    let played: Vec<Tally> = [7, 7, 8]
        .map(|seed| simulate(seed, 2).unwrap_or_else(|violation| panic!("{violation}")))
        .into();
    assert_eq!(played[0], played[1]);
    assert_ne!(played[0].trace, played[2].trace);
}

/// The control: on a disk that ignores its syncs a violation must be found, and the same seed must give the same violation again.
#[test]
fn a_disk_that_ignores_its_syncs_is_found_at_the_same_step_again() {
    let found = (1..=12).find_map(|seed| simulate_on(Syncs::Ignored, seed, 1).err());
    let found = found.expect("a violation in one of twelve shops");
    let again = simulate_on(Syncs::Ignored, found.seed, 1).unwrap_err();
    assert_eq!((found.day, found.step), (again.day, again.step));
}

#[test]
fn every_protocol_of_signed_receipts_passes_its_check_whatever_goes_wrong() {
    let mut sum = Tally::default();
    for seed in 1..=24 {
        let tally = simulate_signed(seed, 2).unwrap_or_else(|violation| panic!("{violation}"));
        sum.registered += tally.registered;
        sum.crashes += tally.crashes;
        sum.troubles += tally.troubles;
    }
    assert!(sum.registered > 500, "{sum:?}");
    assert!(sum.crashes > 100 && sum.troubles > 500, "{sum:?}");
}

#[test]
fn the_same_seed_plays_the_same_shop_with_signed_receipts() {
    let played: Vec<Tally> = [7, 7, 8]
        .map(|seed| simulate_signed(seed, 1).unwrap_or_else(|violation| panic!("{violation}")))
        .into();
    assert_eq!(played[0], played[1]);
    assert_ne!(played[0].trace, played[2].trace);
}

/// The control: on a disk that ignores its syncs a receipt id gets a second turnover counter, or a receipt is lost.
#[test]
fn a_disk_that_ignores_its_syncs_is_found_in_signed_receipts() {
    let found = (1..=12).find_map(|seed| simulate_signed_on(Syncs::Ignored, seed, 1).err());
    assert!(found.is_some(), "a violation in one of twelve shops");
}

#[test]
fn module_journal_and_providers_have_the_same_whatever_goes_wrong() {
    let mut sum = Tally::default();
    for seed in 1..=24 {
        let tally = simulate_modules(seed, 1).unwrap_or_else(|violation| panic!("{violation}"));
        sum.registered += tally.registered;
        sum.crashes += tally.crashes;
        sum.troubles += tally.troubles;
        sum.declared += tally.declared;
    }
    assert!(sum.registered > 400 && sum.declared > 0, "{sum:?}");
    assert!(sum.crashes > 100 && sum.troubles > 500, "{sum:?}");
}

/// Seeds with which the simulation of fiscal modules once found a fault; `docs/PROOF.md` describes the faults.
#[test]
fn what_was_found_once_with_fiscal_modules_does_not_come_back() {
    for (seed, days) in [(2, 2), (58, 2), (96, 2), (115, 2), (517, 1), (1864, 3)] {
        let played = simulate_modules(seed, days);
        played.unwrap_or_else(|violation| panic!("{violation}"));
    }
}

#[test]
fn the_same_seed_plays_the_same_shop_with_fiscal_modules() {
    let played: Vec<Tally> = [7, 7, 8]
        .map(|seed| simulate_modules(seed, 2).unwrap_or_else(|violation| panic!("{violation}")))
        .into();
    assert_eq!(played[0], played[1]);
    assert_ne!(played[0].trace, played[2].trace);
}

/// The control: on a disk that ignores its syncs a receipt or a payment is lost from the journal.
#[test]
fn a_disk_that_ignores_its_syncs_is_found_with_fiscal_modules() {
    let found = (1..=12).find_map(|seed| simulate_modules_on(Syncs::Ignored, seed, 1).err());
    assert!(found.is_some(), "a violation in one of twelve shops");
}

//! A few hundred power cuts, and every failing disk call of a short shift. The long run is `--bin powercut`.

use ferrotill_disk::Syncs;
use ferrotill_hardware_tests::powercut::signed::{self, Planted};
use ferrotill_hardware_tests::powercut::{cut_power, cut_power_on, fail_every_call, wear};

#[test]
fn what_was_acknowledged_survives_every_power_cut() {
    let tally = cut_power(7, 250, 12).unwrap();
    assert_eq!(tally.states, 250);
    assert!(tally.commits >= 10, "{tally:?}");
}

#[test]
fn no_failing_call_loses_what_was_acknowledged() {
    let tally = fail_every_call(11, 12).unwrap();
    assert!(tally.states > 60, "{tally:?}");
}

/// The control: on a disk that ignores syncs the suite must find a violation.
#[test]
fn a_disk_that_ignores_its_syncs_is_found() {
    let violation = cut_power_on(Syncs::Ignored, 7, 250, 12).unwrap_err();
    assert!(violation.starts_with("seed 7, moment "), "{violation}");
}

/// An SD card wears out by writing, so a sale of ten lines has a limit of 2.1 syncs and 90 KiB.
#[test]
fn a_sale_stays_below_the_limits_of_syncs_and_bytes() {
    let worn = wear(10).unwrap();
    assert!(worn.syncs <= 210, "{worn:?}");
    assert!(worn.bytes <= 90 * 1_024 * 100, "{worn:?}");
}

#[test]
fn every_power_cut_of_a_till_with_signed_receipts_leaves_whole_protocols() {
    let tally = signed::cut_power(Planted::Nothing, 7, 120, 30).unwrap();
    assert_eq!(tally.states, 120);
    assert!(tally.commits >= 10, "{tally:?}");
}

/// The control: on a disk that ignores syncs the suite must find a violation.
#[test]
fn a_disk_that_ignores_its_syncs_is_found_by_the_protocols() {
    let violation = signed::cut_power(Planted::IgnoredSyncs, 7, 250, 30).unwrap_err();
    assert!(violation.starts_with("seed 7, moment "), "{violation}");
}

/// The control: a receipt id that a unit has got with two turnover counters must be found.
#[test]
fn a_second_turnover_counter_is_found() {
    let violation = signed::cut_power(Planted::SecondCounter, 7, 250, 30).unwrap_err();
    assert!(violation.contains("has two payloads"), "{violation}");
}

//! A few thousand power cuts and every failing call of a short shift, in each test run; the long run is `--bin powercut`.

use ferrotill_disk::Syncs;
use ferrotill_hardware_tests::powercut::{cut_power, cut_power_on, fail_every_call, wear};

#[test]
fn what_was_acknowledged_survives_every_power_cut() {
    let tally = cut_power(7, 250, 12).unwrap();
    assert_eq!(tally.states, 250);
    assert!(tally.promises >= 10, "{tally:?}");
}

#[test]
fn no_failing_call_loses_what_was_acknowledged() {
    let tally = fail_every_call(11, 12).unwrap();
    assert!(tally.states > 60, "{tally:?}");
}

/// The control: without the syncs the suite must fail.
#[test]
fn a_disk_that_lies_about_its_syncs_is_found_out() {
    let violation = cut_power_on(Syncs::Ignored, 7, 250, 12).unwrap_err();
    assert!(violation.starts_with("seed 7, moment "), "{violation}");
}

/// An SD card wears out by this: 2.1 flushes and 90 KiB for a sale of ten lines at most.
#[test]
fn a_sale_costs_the_card_little() {
    let worn = wear(10).unwrap();
    assert!(worn.syncs <= 210, "{worn:?}");
    assert!(worn.bytes <= 90 * 1_024 * 100, "{worn:?}");
}

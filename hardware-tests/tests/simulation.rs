//! A few dozen shops in each test run; the long run is `--bin simulate`.

use ferrotill_hardware_tests::simulation::{Bug, Tally, simulate};

#[test]
fn every_answer_is_true_and_all_books_agree_whatever_goes_wrong() {
    let mut sum = Tally::default();
    for seed in 1..=24 {
        let tally = simulate(seed, 1, None).unwrap_or_else(|violation| panic!("{violation}"));
        sum.registered += tally.registered;
        sum.crashes += tally.crashes;
        sum.troubles += tally.troubles;
    }
    assert!(sum.registered > 200, "{sum:?}");
    assert!(sum.crashes > 50 && sum.troubles > 500, "{sum:?}");
}

/// Seeds that once found something: what it was stands in `docs/PROOF.md`.
#[test]
fn what_was_found_once_does_not_come_back() {
    for (seed, days) in [(5, 3), (34, 1), (35, 2), (60, 2), (122, 1)] {
        let played = simulate(seed, days, None);
        played.unwrap_or_else(|violation| panic!("{violation}"));
    }
}

#[test]
fn the_same_seed_plays_the_same_shop() {
    let played: Vec<Tally> = [7, 7, 8]
        .map(|seed| simulate(seed, 2, None).unwrap_or_else(|violation| panic!("{violation}")))
        .into();
    assert_eq!(played[0], played[1]);
    assert_ne!(played[0].trace, played[2].trace);
}

/// The control: with a mistake in a seam the same shops must fail, and the same seed must tell the same.
#[test]
fn mistakes_are_found_and_played_again() {
    for bug in [
        Bug::PrintAgain,
        Bug::SilenceIsYes,
        Bug::AcknowledgeOnSend,
        Bug::NewKeyEachTime,
        Bug::OlderBooks,
    ] {
        let found = (1..=12).find_map(|seed| simulate(seed, 1, Some(bug)).err());
        let found = found.unwrap_or_else(|| panic!("{bug:?} is not found"));
        let again = simulate(found.seed, 1, Some(bug)).unwrap_err();
        assert_eq!((found.day, found.step), (again.day, again.step), "{bug:?}");
    }
}

//! Ranges of numbers for alternative receipts from outside: none gives a number twice.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::event::NumberRange;
use ferrotill_core::id::DocumentId;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Wish};

use shop::{SEED, Shop, configuration};

#[test]
fn a_number_of_one_range_leaves_the_others_alone() {
    let mut shop = Shop::open();
    let range = |series: &str| NumberRange {
        series: series.try_into().unwrap(),
        start: 1,
        end: 2,
        number_length: 8,
    };
    let mut two = configuration();
    two.ranges = [range("ABC"), range("XYZ")].into_iter().collect();
    shop.run(Command::Adopt(&two), Known::default()).unwrap();
    for (id, series, number) in [(1, "ABC", 1), (2, "XYZ", 1), (3, "ABC", 2), (4, "XYZ", 2)] {
        let wish = Wish::AlternativeSale(SEED, Some((series, number)));
        shop.reserve(id, wish, Known::default()).unwrap();
        let seal = Seal::Range {
            series,
            number,
            number_length: 8,
        };
        let settle = Command::Settle(DocumentId([id; 16]), seal);
        shop.run(settle, Known::default()).unwrap();
    }
}

#[test]
fn ranges_that_could_give_a_number_twice_are_no_configuration() {
    type Ranges = &'static [(&'static str, u32, u32)];
    let cases: [(Ranges, bool); 14] = [
        (&[("ABC", 1, 9)], true),
        (&[("ABC", 9, 9)], true),
        (&[("ABC", 9, 8)], false),
        (&[("ABC", 1, u32::MAX - 1)], true),
        (&[("ABC", 1, u32::MAX)], false),
        // Two ranges of one series may touch and not overlap, whichever stands first.
        (&[("ABC", 1, 9), ("ABC", 10, 19)], true),
        (&[("ABC", 10, 19), ("ABC", 1, 9)], true),
        (&[("ABC", 1, 9), ("ABC", 9, 19)], false),
        (&[("ABC", 9, 19), ("ABC", 1, 9)], false),
        (&[("ABC", 1, 19), ("ABC", 5, 6)], false),
        (&[("ABC", 5, 6), ("ABC", 1, 19)], false),
        (&[("ABC", 1, 9), ("ABC", 1, 9)], false),
        // Other series have their own numbers.
        (&[("ABC", 1, 9), ("XYZ", 1, 9)], true),
        (&[("ABC", 1, 9), ("XYZ", 1, 9), ("ABC", 2, 3)], false),
    ];
    for (ranges, valid) in cases {
        let mut shop = Shop::open();
        let mut changed = configuration();
        changed.ranges = ranges
            .iter()
            .map(|(series, start, end)| NumberRange {
                series: (*series).try_into().unwrap(),
                start: *start,
                end: *end,
                number_length: 8,
            })
            .collect();
        let adopted = shop.run(Command::Adopt(&changed), Known::default());
        let expected = if valid {
            Ok(())
        } else {
            Err(Refusal::ConfigurationInvalid)
        };
        assert_eq!(adopted, expected, "{ranges:?}");
    }
}

#[test]
fn a_till_remembers_so_many_ranges_and_takes_back_what_it_knows() {
    // A range that was used is never forgotten, or its numbers could be given again.
    let mut shop = Shop::open();
    let with = |series: &str| {
        let mut changed = configuration();
        changed.ranges = [NumberRange {
            series: series.try_into().unwrap(),
            start: 1,
            end: 2,
            number_length: 8,
        }]
        .into_iter()
        .collect();
        changed
    };
    let full = (0..200).find(|place| {
        let changed = with(&format!("N{place}"));
        let adopted = shop.run(Command::Adopt(&changed), Known::default());
        assert!(matches!(
            adopted,
            Ok(()) | Err(Refusal::ConfigurationInvalid)
        ));
        adopted.is_err()
    });
    assert!(full.is_some_and(|taken| taken > 1), "{full:?}");
    for known in ["N0", "ABC"] {
        shop.run(Command::Adopt(&with(known)), Known::default())
            .unwrap();
    }
}

//! Ranges of numbers for alternative receipts: no number is used twice or left out.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::event::NumberRange;
use ferrotill_core::id::DocumentId;
use ferrotill_core::numbers::Supply;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::{PrintedNumber, Seal};
use ferrotill_core::till::{Command, Known, Wish};

use shop::{SALE, Shop, chosen, configuration};

#[test]
fn each_range_counts_its_own_numbers() {
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
        let wish = Wish::AlternativeSale(SALE, Some(chosen(series, number)));
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
fn a_configuration_whose_ranges_could_use_a_number_twice_is_refused() {
    type Ranges = &'static [(&'static str, u32, u32)];
    let cases: [(Ranges, bool); 14] = [
        (&[("ABC", 1, 9)], true),
        (&[("ABC", 9, 9)], true),
        (&[("ABC", 9, 8)], false),
        (&[("ABC", 1, u32::MAX - 1)], true),
        (&[("ABC", 1, u32::MAX)], false),
        // Two ranges of one series may touch but not overlap, in any order.
        (&[("ABC", 1, 9), ("ABC", 10, 19)], true),
        (&[("ABC", 10, 19), ("ABC", 1, 9)], true),
        (&[("ABC", 1, 9), ("ABC", 9, 19)], false),
        (&[("ABC", 9, 19), ("ABC", 1, 9)], false),
        (&[("ABC", 1, 19), ("ABC", 5, 6)], false),
        (&[("ABC", 5, 6), ("ABC", 1, 19)], false),
        (&[("ABC", 1, 9), ("ABC", 1, 9)], false),
        // Each series has its own numbers, so ranges of other series may overlap.
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
fn a_till_adopts_new_ranges_without_end() {
    let mut shop = Shop::open();
    let range = |series: &str| NumberRange {
        series: series.try_into().unwrap(),
        start: 1,
        end: 2,
        number_length: 8,
    };
    let mut changed = configuration();
    for place in 0..300 {
        changed.ranges = [range(&format!("N{place}X"))].into_iter().collect();
        shop.run(Command::Adopt(&changed), Known::default())
            .unwrap();
        assert_eq!(shop.till.range_uses().len(), 1, "only the range in force");
    }
    // The till no longer remembers the first range. The data folder says that one of its numbers was used.
    changed.ranges = [range("N0X")].into_iter().collect();
    let known = Known {
        range_next: Some(&[2]),
        ..Known::default()
    };
    shop.run(Command::Adopt(&changed), known).unwrap();
    assert_eq!(
        shop.till.next_alternative(None),
        Ok(Seal::Range {
            series: "N0X",
            number: 2,
            number_length: 8
        })
    );
    // A range that another device has used up gives no number.
    let known = Known {
        range_next: Some(&[3]),
        ..Known::default()
    };
    shop.run(Command::Adopt(&changed), known).unwrap();
    assert_eq!(shop.till.next_alternative(None), Err(Refusal::RangesUsedUp));
}

#[test]
fn two_ranges_share_a_number_by_their_series_or_by_their_printed_text() {
    let range = |series: &str, start, end, number_length| NumberRange {
        series: series.try_into().unwrap(),
        start,
        end,
        number_length,
    };
    let printed = |range: &NumberRange| -> Vec<String> {
        (range.start..=range.end)
            .map(|number| {
                PrintedNumber {
                    series: &range.series,
                    number,
                    number_length: range.number_length,
                }
                .to_string()
            })
            .collect()
    };
    let ranges = [
        range("ABC", 10_000_001, 10_000_009, 8),
        range("ABC1", 1, 5, 7),
        range("ABC1", 6, 20, 7),
        range("ABC1", 1, 5, 8),
        range("ABC10", 1, 5, 6),
        range("ABC10", 1, 5, 7),
        range("ABC2", 1, 5, 7),
        range("ABC", 1, 9, 8),
        range("ABC", 9, 9, 8),
        range("ABC", 10, 12, 8),
        range("ABCD", 1, 9, 7),
        range("ABC0", 5, 9, 7),
        range("ABC00", 1, 3, 6),
        range("1", 1, 9, 3),
        range("10", 1, 9, 2),
        range("100", 5, 5, 1),
        range("AB", 1, 9, 9),
    ];
    for one in &ranges {
        for other in &ranges {
            let same_text = printed(one)
                .iter()
                .any(|text| printed(other).contains(text));
            let same_number = one.series == other.series
                && (one.start..=one.end).any(|number| (other.start..=other.end).contains(&number));
            let expected = same_text || same_number;
            assert_eq!(
                one.shares_a_number_with(other),
                expected,
                "{one:?} {other:?}"
            );
        }
    }
}

#[test]
fn a_new_range_may_begin_after_the_last_used_number() {
    let with = |start| {
        let mut changed = configuration();
        changed.ranges = [NumberRange {
            series: "NEW".try_into().unwrap(),
            start,
            end: 9,
            number_length: 8,
        }]
        .into_iter()
        .collect();
        changed
    };
    let mut shop = Shop::open();
    shop.run(Command::Adopt(&with(1)), Known::default())
        .unwrap();
    for number in [1, 2] {
        let id = u8::try_from(number).unwrap();
        let wish = Wish::AlternativeSale(SALE, None);
        shop.reserve(id, wish, Known::default()).unwrap();
        let seal = Seal::Range {
            series: "NEW",
            number,
            number_length: 8,
        };
        let settle = Command::Settle(DocumentId([id; 16]), seal);
        shop.run(settle, Known::default()).unwrap();
    }
    let again = shop.run(Command::Adopt(&with(2)), Known::default());
    assert_eq!(again, Err(Refusal::ConfigurationInvalid));
    shop.run(Command::Adopt(&with(3)), Known::default())
        .unwrap();
}

#[test]
fn alternative_receipts_use_the_numbers_of_a_range_without_a_gap() {
    let mut shop = Shop::open();
    let seal = |number| Seal::Range {
        series: "ABC",
        number,
        number_length: 8,
    };
    shop.reserve(9, Wish::Sale(SALE), Known::default()).unwrap();
    assert_eq!(
        shop.run(
            Command::Settle(DocumentId([9; 16]), seal(1)),
            Known::default()
        ),
        Err(Refusal::SealMismatch),
        "a number of a range is for alternative receipts only"
    );
    shop.run(
        Command::Void(DocumentId([9; 16]), 1, "no answer"),
        Known::default(),
    )
    .unwrap();
    let wanted = Some(chosen("ABC", 2));
    let refused = shop.reserve(1, Wish::AlternativeSale(SALE, wanted), Known::default());
    assert_eq!(refused, Err(Refusal::NumberNotNext { next: 1 }));
    let too_long = Some(chosen("ABCDEFGHIJK", 1));
    let refused = shop.reserve(1, Wish::AlternativeSale(SALE, too_long), Known::default());
    assert_eq!(refused, Err(Refusal::NumberNotInRange));
    for number in 1..=2 {
        let id = u8::try_from(number).unwrap();
        shop.reserve(id, Wish::AlternativeSale(SALE, None), Known::default())
            .unwrap();
        assert_eq!(shop.till.next_alternative(None), Ok(seal(number)));
        assert_eq!(
            shop.settle(id),
            Err(Refusal::SealMismatch),
            "an alternative receipt has no other seal"
        );
        shop.run(
            Command::Settle(DocumentId([id; 16]), seal(number)),
            Known::default(),
        )
        .unwrap();
    }
    assert_eq!(
        shop.reserve(3, Wish::AlternativeSale(SALE, None), Known::default()),
        Err(Refusal::RangesUsedUp)
    );
    let shift = shop.till.shift().unwrap();
    assert_eq!(
        (shift.alternative.count, shift.alternative.amount.minor()),
        (2, 3716)
    );
    assert_eq!(
        (shift.sales.receipts.count, shop.till.cash().minor()),
        (0, 0),
        "the fiscal counters do not include them"
    );
}

#[test]
fn a_changed_range_cannot_give_a_number_twice() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::AlternativeSale(SALE, None), Known::default())
        .unwrap();
    let seal = Seal::Range {
        series: "ABC",
        number: 1,
        number_length: 8,
    };
    shop.run(Command::Settle(DocumentId([1; 16]), seal), Known::default())
        .unwrap();
    let mut changed = configuration();
    changed.ranges[0].start = 0;
    assert_eq!(
        shop.run(Command::Adopt(&changed), Known::default()),
        Err(Refusal::ConfigurationInvalid)
    );
    changed.ranges[0] = NumberRange {
        end: 500,
        ..configuration().ranges[0].clone()
    };
    shop.run(Command::Adopt(&changed), Known::default())
        .unwrap();
    assert_eq!(
        shop.till.next_alternative(None),
        Ok(Seal::Range {
            series: "ABC",
            number: 2,
            number_length: 8
        })
    );
}

#[test]
fn a_supply_of_numbers_is_low_before_it_is_used_up() {
    let mut shop = Shop::open();
    assert_eq!(shop.till.alternative_supply(1), Supply::Plenty);
    for (id, supply) in [(1, Supply::SoonUsedUp), (2, Supply::UsedUp)] {
        shop.reserve(id, Wish::AlternativeSale(SALE, None), Known::default())
            .unwrap();
        let seal = shop.till.next_alternative(None).unwrap();
        let Seal::Range { number, .. } = seal else {
            panic!()
        };
        let seal = Seal::Range {
            series: "ABC",
            number,
            number_length: 8,
        };
        shop.run(
            Command::Settle(DocumentId([id; 16]), seal),
            Known::default(),
        )
        .unwrap();
        assert_eq!(shop.till.alternative_supply(1), supply);
        assert_eq!(shop.till.range_uses()[0].supply(1), supply);
    }
    let mut more = configuration();
    more.ranges[0].end = 50;
    shop.run(Command::Adopt(&more), Known::default()).unwrap();
    assert_eq!(shop.till.alternative_numbers_left(), 48);
    // A range that the configuration no longer has gives no numbers.
    more.ranges.clear();
    shop.run(Command::Adopt(&more), Known::default()).unwrap();
    assert_eq!(shop.till.alternative_supply(1), Supply::UsedUp);
}

#[test]
fn a_chosen_number_is_the_next_of_its_range_or_outside_of_every_range() {
    let mut shop = Shop::open();
    let sell = |shop: &mut Shop, id: u8, wanted: PrintedNumber<'_>, known: Known<'_>| {
        shop.reserve(id, Wish::AlternativeSale(SALE, Some(wanted)), known)?;
        let settle = Command::Settle(
            DocumentId([id; 16]),
            Seal::Range {
                series: wanted.series,
                number: wanted.number,
                number_length: wanted.number_length,
            },
        );
        shop.run(settle, Known::default())
    };
    let none = Known::default();
    let next = Err(Refusal::NumberNotNext { next: 1 });
    // The same number with other digits is no number outside of the range.
    let short = PrintedNumber {
        number_length: 2,
        ..chosen("ABC", 1)
    };
    assert_eq!(sell(&mut shop, 1, short, none), next);
    assert_eq!(sell(&mut shop, 1, chosen("ABC", 2), none), next);
    // `ABC0` 1 with seven digits is printed as `ABC` 1 with eight.
    let same_text = PrintedNumber {
        number_length: 7,
        ..chosen("ABC0", 1)
    };
    assert_eq!(sell(&mut shop, 1, same_text, none), next);
    for (id, outside) in [
        (1, chosen("XYZ", 7)),
        (2, chosen("ABC", 3)),
        (3, chosen("", 5)),
    ] {
        sell(&mut shop, id, outside, none).unwrap();
    }
    let taken = Known {
        number_taken: true,
        ..none
    };
    let again = sell(&mut shop, 4, chosen("XYZ", 7), taken);
    assert_eq!(again, Err(Refusal::NumberTaken));
    sell(&mut shop, 4, chosen("ABC", 1), none).unwrap();
    assert_eq!(shop.till.alternative_numbers_left(), 1);
}

//! Examples of returns: which line of the original is meant, and what is refused.

use ferrotill_core::profile::ALL;
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{CopiedLine, Draft, DraftLine, Modifier, Original, OriginalLine};
use ferrotill_core::refusal::{Field, Place, Refusal};
use ferrotill_core::{Amount, Quantity};

use crate::shop::{CollectFaults, pay};
use crate::sold::{CARD, Sold, compute, minor};

/// A sale in Moldova, or in Ukraine if a line has two taxes.
fn till(country: &str, lines: &[DraftLine<'_>], modifiers: &[Modifier]) -> Sold {
    let country = ALL
        .iter()
        .position(|profile| profile.facts().code == country)
        .unwrap();
    let draft = Draft {
        lines,
        modifiers,
        ..Draft::default()
    };
    Sold::sell(country, draft).unwrap()
}

fn loaf(price: i64) -> DraftLine<'static> {
    DraftLine {
        name: "loaf",
        quantity: Quantity::ONE,
        price: minor(price),
        tax_group: Some("A"),
        ..DraftLine::default()
    }
}

/// Returns lines and says which lines of the original they were.
fn places(sold: &mut Sold, back: &[DraftLine<'_>]) -> Result<Vec<u16>, Refusal> {
    let ((lines, ..), _) = sold
        .give_back(back, i64::MAX)
        .map_err(|(refusal, _)| refusal)?;
    Ok(lines
        .iter()
        .map(|line| line.original_line.unwrap())
        .collect())
}

#[test]
fn a_line_is_found_by_its_amount() {
    // 9.66, 9.67 and 9.67.
    let three = [loaf(1_000); 3];
    let less = [Modifier::Amount(minor(-100))];
    let of = |amount| DraftLine {
        final_amount: Some(minor(amount)),
        ..loaf(1_000)
    };
    let mut sold = till("MD", &three, &less);
    assert_eq!(places(&mut sold, &[of(967)]), Ok(vec![1]));
    assert_eq!(places(&mut sold, &[of(967)]), Ok(vec![2]));
    let Err(Refusal::ReturnExceedsAmount { left }) = places(&mut sold, &[of(967)]) else {
        panic!()
    };
    assert_eq!(left.to_string(), "9.66");
    assert_eq!(places(&mut sold, &[of(966)]), Ok(vec![0]));
    let Err(Refusal::ReturnExceedsQuantity { left }) = places(&mut sold, &[of(966)]) else {
        panic!()
    };
    assert_eq!(left.to_string(), "0.000");
}

#[test]
fn a_line_is_found_by_its_discount() {
    let half = DraftLine {
        modifier: Some(Modifier::Percent(-5_000)),
        ..loaf(1_000)
    };
    let full = loaf(1_000);
    let of = |amount, line| DraftLine {
        final_amount: Some(minor(amount)),
        ..line
    };
    let mut sold = till("MD", &[full, half], &[]);
    assert_eq!(places(&mut sold, &[half]), Ok(vec![1]));
    assert!(
        places(&mut sold, &[half]).is_err(),
        "the line without a discount is another one"
    );
    assert_eq!(places(&mut sold, &[full]), Ok(vec![0]));
    // Without the discount the amount tells the lines apart, and without both the line without a discount is taken.
    for order in [[full, half], [half, full]] {
        let plain = u16::from(order[0].modifier.is_some());
        let mut sold = till("MD", &order, &[]);
        assert_eq!(places(&mut sold, &[of(500, full)]), Ok(vec![1 - plain]));
        assert_eq!(places(&mut sold, &[of(1_000, full)]), Ok(vec![plain]));
        let mut sold = till("MD", &order, &[]);
        assert_eq!(places(&mut sold, &[full]), Ok(vec![plain]));
        assert_eq!(places(&mut sold, &[full]), Ok(vec![1 - plain]));
    }
    // A discount in money may be given for the line or for the returned quantity.
    let two = DraftLine {
        quantity: Quantity::from_thousandths(2_000),
        modifier: Some(Modifier::Amount(minor(-100))),
        ..loaf(1_000)
    };
    for given in [-100, -50] {
        let mut sold = till(
            "MD",
            &[
                DraftLine {
                    modifier: None,
                    ..two
                },
                two,
            ],
            &[],
        );
        let back = DraftLine {
            modifier: Some(Modifier::Amount(minor(given))),
            ..loaf(1_000)
        };
        assert_eq!(places(&mut sold, &[back]), Ok(vec![1]));
    }
}

#[test]
fn a_line_is_found_by_its_good_and_by_its_row() {
    let of_good = |good| DraftLine {
        copied: CopiedLine {
            good: Some([good; 16]),
            ..CopiedLine::NONE
        },
        ..loaf(1_000)
    };
    let mut sold = till("MD", &[of_good(1), of_good(2), of_good(1)], &[]);
    assert_eq!(places(&mut sold, &[of_good(2)]), Ok(vec![1]));
    assert_eq!(places(&mut sold, &[of_good(1), of_good(1)]), Ok(vec![0, 2]));
    let of_row = |row| DraftLine {
        copied: CopiedLine {
            position: Some(row),
            ..CopiedLine::NONE
        },
        ..loaf(1_000)
    };
    // 9.66, 9.67 and 9.67: the row tells apart what the name does not.
    let mut sold = till("MD", &[loaf(1_000); 3], &[Modifier::Amount(minor(-100))]);
    assert_eq!(places(&mut sold, &[of_row(2)]), Ok(vec![2]));
    // A row that has nothing left is no reason to refuse: the lines are alike.
    assert_eq!(places(&mut sold, &[of_row(2)]), Ok(vec![0]));
    assert_eq!(places(&mut sold, &[of_row(7)]), Ok(vec![1]));
}

#[test]
fn a_line_with_two_taxes_is_found_by_both_in_any_order_or_by_the_first() {
    let with = |group| DraftLine {
        tax_group: Some(group),
        ..loaf(12_500)
    };
    let mut sold = till("UA", &[with("AF"), with("A")], &[]);
    // Of two lines the one with this group alone is taken, unless the tax says otherwise.
    let of_tax = |tax| DraftLine {
        copied: CopiedLine {
            tax: Some(minor(tax)),
            ..CopiedLine::NONE
        },
        ..with("A")
    };
    assert_eq!(places(&mut sold, &[of_tax(2_579)]), Ok(vec![0]));
    assert_eq!(places(&mut sold, &[with("A")]), Ok(vec![1]));
    for (group, found) in [
        ("A", true),
        ("AF", true),
        ("FA", true),
        ("F", false),
        ("AA", false),
        ("AB", false),
        ("AFB", false),
        ("", false),
    ] {
        let mut sold = till("UA", &[with("AF")], &[]);
        let expected = if found {
            Ok(vec![0])
        } else {
            Err(Refusal::ReturnLineUnknown)
        };
        assert_eq!(places(&mut sold, &[with(group)]), expected, "{group:?}");
    }
}

#[test]
fn two_lines_of_one_return_share_what_is_left() {
    let three = DraftLine {
        quantity: Quantity::from_thousandths(3_000),
        ..loaf(333)
    };
    let part = |thousandths| DraftLine {
        quantity: Quantity::from_thousandths(thousandths),
        ..loaf(333)
    };
    let mut sold = till("MD", &[three], &[]);
    let too_much = sold.give_back(&[part(2_000), part(1_001)], i64::MAX);
    let (refusal, faults) = too_much.unwrap_err();
    let place = Place::Line(1, Field::Quantity);
    assert_eq!(faults, [(place, refusal)]);
    assert!(
        matches!(refusal, Refusal::ReturnExceedsQuantity { left } if left.to_string() == "1.000")
    );
    assert_eq!(
        places(&mut sold, &[part(1_500), part(1_500)]),
        Ok(vec![0, 0])
    );
    assert_eq!(sold.returned, [(3_000, 999)]);
}

#[test]
fn a_sale_without_the_printers_number_is_not_returned() {
    let sold = till("MD", &[loaf(1_000)], &[]);
    let lines = [OriginalLine {
        line: sold.lines[0].clone(),
        returned_quantity: Quantity::ZERO,
        returned_amount: Amount::ZERO,
        good: None,
    }];
    for (kind, refusal) in [
        (OriginalKind::Fiscal, Refusal::OriginalWithoutNumber),
        (OriginalKind::Alternative, Refusal::OriginalAlternative),
        (OriginalKind::Other, Refusal::OriginalNotASale),
    ] {
        let original = Original {
            kind,
            number_unknown: true,
            lines: &lines,
        };
        let draft = Draft {
            lines: &[loaf(1_000)],
            payments: &[pay(CARD, 1_000)],
            ..Draft::default()
        };
        let mut faults = CollectFaults::default();
        let outcome = compute(sold.country, draft, Some(&original), &mut faults, |_| ());
        assert_eq!(outcome, Err(refusal));
        assert_eq!(faults.0, [(Place::Original, refusal)]);
    }
}

/// In Austria the tax is rounded once for each group, and the rounding is taken from single lines: of two lines of 0.10 one has a tax of
/// 0.02 and the other of 0.01. Nine tenths of the latter alone would have a tax of 0.02, and the last tenth a tax of -0.01.
#[test]
fn the_last_part_has_no_negative_tax_where_tax_is_rounded_by_group() {
    let line = |name, thousandths| DraftLine {
        name,
        quantity: Quantity::from_thousandths(thousandths),
        ..loaf(1)
    };
    let both = [line("loaf", 10_000), line("milk", 10_000)];
    for name in ["loaf", "milk"] {
        let mut sold = till("AT", &both, &[]);
        let of_the_sale = sold.lines.iter().find(|line| line.name == name).unwrap();
        let whole = of_the_sale.final_tax.minor();
        let mut taxes = Vec::new();
        for part in [9_000, 1_000] {
            let ((lines, ..), _) = sold.give_back(&[line(name, part)], i64::MAX).unwrap();
            taxes.push(lines[0].final_tax.minor());
        }
        assert!(taxes.iter().all(|tax| *tax >= 0), "{name}: {taxes:?}");
        assert_eq!(taxes.iter().sum::<i64>(), whole, "{name}: {taxes:?}");
    }
}

/// Of two like lines that are worth 0.01 and 0.03 after the discounts, half of the first one is worth all of its 0.01. The caller has
/// copied half of its other figures.
#[test]
fn half_of_a_cheap_line_is_found_by_its_share() {
    let line = |name, thousandths, price| DraftLine {
        name,
        quantity: Quantity::from_thousandths(thousandths),
        ..loaf(price)
    };
    let lines = [
        line("milk", 500, 42),
        line("loaf", 1_000, 10),
        line("milk", 5_155, 42),
    ];
    let discounts = [Modifier::Amount(minor(-243)), Modifier::Percent(-1_945)];
    let mut sold = till("MD", &lines, &discounts);
    let back = [sold.copy(0, 250), sold.copy(2, 5_155)];
    assert_eq!(places(&mut sold, &back), Ok(vec![0, 2]));
}

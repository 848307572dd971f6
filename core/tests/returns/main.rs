//! Returns: which line of the original is meant, how much of it may be given back, and that the parts of any division add up to
//! the sale, per line, tax group and payment, in every country's rounding.
//!
//! `FERROTILL_RETURNS=1000000 cargo test --release -p ferrotill-core --test returns` divides a million receipts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod examples;
#[path = "../shop/mod.rs"]
mod shop;
mod sold;

use std::env;

use ferrotill_core::Quantity;
use ferrotill_core::profile::ALL;
use ferrotill_core::receipt::{CopiedLine, Draft, DraftLine, Line, Modifier, Prices};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::scale;
use proptest::prelude::*;

use sold::{NAMES, Sold, facts, figures, minor};

/// Generates a line of a sale. There are few different names, prices and modifiers, so that many lines are alike.
fn line(country: usize) -> impl Strategy<Value = DraftLine<'static>> {
    let groups = match facts(country).code {
        "UA" => vec!["A", "B", "D", "AF", "BF"],
        "MD" => vec!["A", "B"],
        _ => vec!["A", "B", "D", "F"],
    };
    let prices = prop_oneof![
        prop::sample::select(vec![1, 10, 42, 333, 1000]),
        1..50_000_i64
    ];
    let quantities = prop_oneof![prop::sample::select(vec![1_000, 3_000, 500]), 1..10_000_i64];
    let modifiers = prop_oneof![
        3 => Just(None),
        1 => prop::sample::select(vec![-5_000, -1_000, 0, 700])
            .prop_map(|percent| Some(Modifier::Percent(percent))),
        1 => (-9..9_i64).prop_map(|change| Some(Modifier::Amount(minor(change)))),
    ];
    let good = prop_oneof![3 => Just(None), 1 => (0..2_u8).prop_map(|good| Some([good; 16]))];
    let texts = (
        prop::sample::select(NAMES.to_vec()),
        prop::sample::select(groups),
    );
    (
        texts,
        quantities,
        prices,
        modifiers,
        good,
        prop::bool::weighted(0.05),
    )
        .prop_map(
            |((name, group), quantity, price, modifier, good, voided)| DraftLine {
                name,
                quantity: Quantity::from_thousandths(quantity),
                price: minor(price),
                modifier,
                tax_group: Some(group),
                voided,
                copied: CopiedLine {
                    good,
                    ..CopiedLine::NONE
                },
                ..DraftLine::default()
            },
        )
}

fn sale() -> impl Strategy<Value = (usize, Vec<DraftLine<'static>>, Vec<Modifier>, Prices)> {
    let modifier = prop_oneof![
        (-5_000..3_000_i32).prop_map(Modifier::Percent),
        (-300..300_i64).prop_map(|change| Modifier::Amount(minor(change))),
    ];
    let prices = prop::sample::select(vec![Prices::TaxIncluded, Prices::TaxExcluded]);
    (0..ALL.len(), prop::collection::vec(modifier, 0..3), prices).prop_flat_map(
        |(country, modifiers, prices)| {
            let lines = prop::collection::vec(line(country), 1..6);
            (Just(country), lines, Just(modifiers), Just(prices))
        },
    )
}

fn sold(
    (country, lines, modifiers, prices): &(usize, Vec<DraftLine<'_>>, Vec<Modifier>, Prices),
) -> Option<Sold> {
    let draft = Draft {
        lines,
        modifiers,
        prices: *prices,
        ..Draft::default()
    };
    Sold::sell(*country, draft)
}

/// What the caller of a return leaves out of a copied line, as bits of a number.
fn leave_out(mut line: DraftLine<'_>, what: u8) -> DraftLine<'_> {
    if what & 1 != 0 {
        line.copied.position = None;
    }
    if what & 2 != 0 {
        line.copied.good = None;
    }
    if what & 4 != 0 {
        line.modifier = None;
    }
    if what & 8 != 0 {
        (line.copied.amount, line.copied.tax) = (None, None);
    }
    if what & 16 != 0 {
        line.copied.final_tax = None;
        line.tax_group = line.tax_group.map(|group| &group[..1]);
    }
    if what & 32 != 0 {
        line.tax_group = None;
    }
    line
}

fn cases() -> u32 {
    let given = env::var("FERROTILL_RETURNS").ok();
    given.map_or(400, |text| text.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if cfg!(miri) { 4 } else { cases() },
        max_global_rejects: u32::MAX,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Whatever parts a receipt is returned in and whatever the caller leaves out of the copied lines, the parts add up to the
    /// receipt: each line in each figure, each tax group, and each payment type.
    #[test]
    fn the_parts_of_any_division_add_up_to_the_receipt(
        sale in sale(),
        cuts in prop::collection::vec((1..=100_i64, 0..6_u8), 1..24),
        what in (0..32_u8).prop_map(|what| what * 2),
        card in 0..=100_i64,
    ) {
        let Some(mut sold) = sold(&sale) else { return Ok(()) };
        let mut sums = vec![[0; 8]; sold.lines.len()];
        let (mut card_left, mut in_cash) = (sold.total * card / 100, 0);
        let paid_by_card = card_left;
        let mut card_paid = 0;
        let mut cuts = cuts.into_iter().peekable();
        loop {
            // Each return gives back a part of one line after another; the last return gives back everything.
            let last = cuts.peek().is_none();
            let mut back = Vec::new();
            let (_, left_out) = cuts.peek().copied().unwrap_or_default();
            for place in 0..sold.lines.len() {
                let left = sold.quantity_left(place);
                let (cut, _) = if last { (100, 0) } else { cuts.next().unwrap_or((100, 0)) };
                let part = if cut > 90 { left } else { left * cut / 100 };
                if part > 0 && (last || usize::from(left_out) != place) {
                    back.push(leave_out(sold.copy(place, part), what));
                }
            }
            if back.is_empty() {
                if last { break } else { continue }
            }
            match sold.give_back(&back, card_left) {
                Ok(((lines, total, rounding), by_card)) => {
                    card_left = (card_left - by_card).max(0);
                    card_paid += by_card;
                    in_cash += total - by_card;
                    prop_assert!(rounding.unsigned_abs() <= 25);
                    for line in &lines {
                        let part = figures(line);
                        prop_assert!(part.iter().all(|figure| *figure >= 0), "{:?}", line);
                        prop_assert!(line.final_tax <= line.final_amount, "{:?}", line);
                        let sum = &mut sums[usize::from(line.original_line.unwrap())];
                        sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
                    }
                }
                // Parts that are worth nothing cannot be paid out alone; they go back with the next ones.
                Err((Refusal::NothingToPay, _)) => {}
                Err((refusal, faults)) => panic!("{refusal} {faults:?} of {back:#?}"),
            }
            if last { break }
        }
        for (place, line) in sold.lines.iter().enumerate() {
            let whole = if line.voided { [0; 8] } else { figures(line) };
            let final_figures = |figures: [i64; 8]| [figures[1], figures[5], figures[6], figures[7]];
            prop_assert_eq!(final_figures(sums[place]), final_figures(whole), "line {}", place);
            // Of a line that is worth nothing after the modifiers, a rest cannot be paid out alone; its own amount may be above zero.
            if line.final_amount.is_positive() || sold.quantity_left(place) == 0 {
                prop_assert_eq!(sums[place], whole, "line {}", place);
            }
        }
        prop_assert_eq!(card_paid + in_cash, sold.total);
        // A part in cash that is too small for the coins was paid to the card.
        let smallest = facts(sold.country).cash_rounding.map_or(0, |_| 24 * 24);
        prop_assert!((paid_by_card..=paid_by_card + smallest).contains(&card_paid));
    }

    /// A line that is copied with everything that the answer says (with or without its row) is the line that is given back, or one
    /// that equals it in every figure, in whatever order the lines are returned.
    #[test]
    fn a_copied_line_is_found(sale in sale(), order in any::<u64>(), what in 0..2_u8) {
        let Some(mut sold) = sold(&sale) else { return Ok(()) };
        let mut places: Vec<usize> =
            (0..sold.lines.len()).filter(|place| sold.quantity_left(*place) > 0).collect();
        places.sort_by_key(|place| order.rotate_left(u32::try_from(place * 7).unwrap()) & 0xff);
        let copy = |place: &usize| {
            let line = &sold.lines[*place];
            let copied = sold.copy(*place, line.quantity.thousandths());
            let given = Some(line.final_amount).filter(|amount| amount.is_positive());
            leave_out(DraftLine { final_amount: given, ..copied }, what)
        };
        let back: Vec<DraftLine<'_>> = places.iter().map(copy).collect();
        if back.is_empty() { return Ok(()) }
        let ((lines, ..), _) = sold.give_back(&back, i64::MAX).unwrap();
        for (place, line) in places.iter().zip(&lines) {
            prop_assert_eq!(figures(line), figures(&sold.lines[*place]));
        }
    }

    /// No sequence of returns gives back more than the line, no part more than its share, and what is left can always be given
    /// back at once.
    #[test]
    fn no_part_exceeds_its_share(
        sale in sale(),
        wishes in prop::collection::vec((1..=1_000_i64, 0..=1_100_i64), 1..8),
    ) {
        let Some(mut sold) = sold(&sale) else { return Ok(()) };
        let mut alike = (0..sold.lines.len()).filter(|place| sold.quantity_left(*place) > 0);
        let Some(place) = alike.next() else { return Ok(()) };
        // One line alone, so that no line like it is found.
        sold.lines.swap(0, place);
        sold.goods.swap(0, place);
        sold.lines.truncate(1);
        let line = sold.lines[0].clone();
        let (whole, quantity) = (line.final_amount.minor(), line.quantity.thousandths());
        let mut sum = [0; 8];
        for (part, of_share) in wishes {
            let part = (quantity * part / 1_000).max(1);
            let share = (i128::from(whole) * i128::from(part) + i128::from(quantity) - 1) / i128::from(quantity);
            let share = i64::try_from(share).unwrap();
            let given = share * of_share / 1_000;
            let back = [DraftLine {
                final_amount: (given > 0).then_some(minor(given)),
                ..sold.copy(0, part)
            }];
            let before = sold.returned[0];
            if let Ok(((lines, ..), _)) = sold.give_back(&back, i64::MAX) {
                let back = lines[0].final_amount.minor();
                prop_assert!(given == 0 || back == given);
                add(&mut sum, &lines[0])?;
                prop_assert!(back <= share + rounding_left(&line, before.0), "{} of {}", back, share);
            } else {
                prop_assert_eq!(sold.returned[0], before);
            }
            let whole = figures(&line);
            prop_assert!(sum.iter().zip(whole).all(|(sum, whole)| *sum <= whole), "{:?} {:?}", sum, whole);
        }
        let left = whole - sold.returned[0].1;
        // More than everything is refused with what is left.
        let rest = sold.give_back(&[sold.copy(0, quantity)], i64::MAX);
        let rest = match rest {
            Err((Refusal::ReturnExceedsQuantity { left: rest }, _)) => {
                let rest = scale::parse(&rest.to_string(), 3).unwrap();
                sold.give_back(&[sold.copy(0, rest)], i64::MAX)
            }
            rest => rest,
        };
        let rest = match rest {
            Ok(((lines, ..), _)) => {
                add(&mut sum, &lines[0])?;
                lines[0].final_amount.minor()
            }
            Err(_) => 0,
        };
        prop_assert_eq!(rest, left);
        if left > 0 {
            prop_assert_eq!(sum, figures(&line));
        }
    }

    /// However a line of cheap pieces is given back for too little, no piece pays back more than its share and the rounding of one
    /// piece, and all of the amount can be given back in the end.
    #[test]
    fn no_piece_pays_for_the_others(
        price in 1..60_i64,
        pieces in 2..150_i64,
        percent in -6_000..1_000_i32,
        wishes in prop::collection::vec((1..12_i64, -3..=1_i64), 1..60),
    ) {
        let line = DraftLine {
            name: "loaf",
            quantity: Quantity::from_thousandths(pieces * 1_000),
            price: minor(price),
            modifier: Some(Modifier::Percent(percent)),
            tax_group: Some("A"),
            ..DraftLine::default()
        };
        let Some(mut sold) = Sold::sell(0, Draft { lines: &[line], ..Draft::default() }) else { return Ok(()) };
        let line = sold.lines[0].clone();
        let whole = line.final_amount.minor();
        let (mut sum, mut wishes) = ([0; 8], wishes.into_iter().cycle());
        for _ in 0..4_000 {
            let (part, more) = wishes.next().unwrap();
            let left = whole - sold.returned[0].1;
            if left == 0 { break }
            // The caller wants all that is left, or the share and some minor units more or less.
            let share = |part: i64| (whole * part + pieces - 1) / pieces;
            let near = |part| (share(part) + more).min(left).max(1);
            for (part, given) in [(part, left), (part, near(part)), (1, left), (1, near(1)), (1, share(1).min(left))] {
                let before = sold.returned[0].0;
                let back = [DraftLine { final_amount: Some(minor(given)), ..sold.copy(0, part * 1_000) }];
                if let Ok(((lines, ..), _)) = sold.give_back(&back, i64::MAX) {
                    add(&mut sum, &lines[0])?;
                    let most = share(part) + rounding_left(&line, before);
                    prop_assert!(given <= most, "{} of {}", given, most);
                    break;
                }
            }
        }
        prop_assert_eq!(sold.returned[0].1, whole);
        prop_assert_eq!(sum, figures(&line));
    }
}

/// What a part may give back above its share, rounded up: what rounding left over of the pieces before it.
fn rounding_left(line: &Line<'_>, returned: i64) -> i64 {
    let half = line.final_amount.minor() * 500 / line.quantity.thousandths();
    // A quantity has thousandths, and one of them may be worth more than a minor unit.
    let thousandth = line.final_amount.minor() / line.quantity.thousandths() + 1;
    (returned.div_euclid(1_000) + 1).min(half).max(1) + thousandth
}

/// Adds the figures of a part to the sum of the earlier parts.
fn add(sum: &mut [i64; 8], part: &Line<'_>) -> Result<(), TestCaseError> {
    let figures = figures(part);
    prop_assert!(figures.iter().all(|figure| *figure >= 0), "{:?}", part);
    prop_assert!(part.final_tax <= part.final_amount, "{:?}", part);
    sum.iter_mut()
        .zip(figures)
        .for_each(|(sum, figure)| *sum += figure);
    Ok(())
}

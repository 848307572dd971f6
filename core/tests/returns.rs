//! Returns: which line of the original is meant, how much of it may be given back, and that the parts of any division add up to
//! the sale, per line, tax group and payment, in every country's rounding.
//!
//! `FERROTILL_RETURNS=1000000 cargo test --release -p ferrotill-core --test returns` divides a million receipts.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use std::env;

use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::{ALL, Facts};
use ferrotill_core::receipt::{
    CopiedLine, Draft, DraftLine, DraftPayment, Line, LineTotals, Modifier, Original, OriginalLine,
    Prices, Receipt, ReceiptKind, Rules, Scratch,
};
use ferrotill_core::refusal::{Faults, Field, Place, Refusal};
use ferrotill_core::scale;
use ferrotill_core::time::Day;
use ferrotill_core::{Amount, Quantity};
use proptest::prelude::*;

use shop::{CollectFaults, configuration, pay};

const DAY: Day = Day::of_date(2026, 11, 21);
const CASH: i32 = 0;
const CARD: i32 = 1;

fn minor(minor: i64) -> Amount {
    Amount::from_minor(minor)
}

/// A sale, and what its returns have taken of each line so far.
struct Sold {
    country: usize,
    /// The texts and lists of the receipt are kept for the whole test, so that its lines can be used beside it.
    lines: Vec<Line<'static>>,
    goods: Vec<Option<[u8; 16]>>,
    total: i64,
    returned: Vec<(i64, i64)>,
}

/// What a return has given back: for each line the place in the original and its amounts, and the cash rounding.
type Back = (Vec<Line<'static>>, i64, i64);

fn facts(country: usize) -> &'static Facts {
    ALL[country].facts()
}

fn compute<T>(
    country: usize,
    draft: Draft<'_>,
    original: Option<&Original<'_>>,
    faults: &mut dyn Faults,
    look: impl FnOnce(&Receipt<'_>) -> T,
) -> Result<T, Refusal> {
    let (taxes, payments) = (facts(country).tax_table(), configuration().payments);
    let rules = Rules {
        facts: facts(country),
        taxes: &taxes,
        payments: &payments,
        day: DAY,
    };
    let (mut lines, mut bytes) = ([LineTotals::default(); 16], [0; 4096]);
    let scratch = Scratch {
        lines: &mut lines,
        bytes: &mut bytes,
    };
    let kind = match original {
        None => ReceiptKind::Sale,
        Some(_) => ReceiptKind::Refund {
            original: DocumentId([0; 16]),
        },
    };
    draft
        .compute(kind, original, rules, scratch, faults)
        .map(|receipt| look(&receipt))
}

/// The lines of a receipt, with names that live longer than it.
fn lines_of(receipt: &Receipt<'_>) -> Vec<Line<'static>> {
    let lines = receipt.lines.iter();
    lines
        .map(|line| Line {
            name: NAMES.into_iter().find(|name| *name == line.name).unwrap(),
            comment: "",
            more_taxes: line.more_taxes.clone(),
            ..line
        })
        .collect()
}

const NAMES: [&str; 2] = ["loaf", "milk"];

impl Sold {
    /// Sells for the exact total by card; `None` if the sale is refused.
    fn sell(country: usize, draft: Draft<'_>) -> Option<Self> {
        let sell = |total| {
            let draft = Draft {
                payments: &[pay(CARD, total)],
                ..draft
            };
            compute(
                country,
                draft,
                None,
                &mut CollectFaults::default(),
                |receipt| (lines_of(receipt), receipt.total.minor()),
            )
        };
        let (lines, total) = match sell(1) {
            Err(Refusal::Underpaid { total, .. }) => {
                sell(scale::parse(&total.to_string(), 2).unwrap()).unwrap()
            }
            sold => sold.ok()?,
        };
        let goods = draft.lines.iter().map(|line| line.copied.good).collect();
        let returned = vec![(0, 0); lines.len()];
        Some(Self {
            country,
            lines,
            goods,
            total,
            returned,
        })
    }

    fn quantity_left(&self, place: usize) -> i64 {
        let line = &self.lines[place];
        if line.voided {
            0
        } else {
            line.quantity.thousandths() - self.returned[place].0
        }
    }

    fn try_return(
        &self,
        lines: &[DraftLine<'_>],
        payments: &[DraftPayment],
        faults: &mut dyn Faults,
    ) -> Result<Back, Refusal> {
        let lines_left: Vec<OriginalLine<'_>> = self
            .lines
            .iter()
            .zip(&self.returned)
            .zip(&self.goods)
            .map(|((line, (quantity, amount)), good)| OriginalLine {
                line: line.clone(),
                returned_quantity: Quantity::from_thousandths(*quantity),
                returned_amount: minor(*amount),
                good: *good,
            })
            .collect();
        let original = Original {
            fiscal_sale: true,
            number_unknown: false,
            lines: &lines_left,
        };
        let draft = Draft {
            lines,
            payments,
            ..Draft::default()
        };
        compute(self.country, draft, Some(&original), faults, |receipt| {
            assert_eq!(
                receipt.paid.minor(),
                receipt.total.minor() + receipt.rounded_by().minor()
            );
            (
                lines_of(receipt),
                receipt.total.minor(),
                receipt.rounded_by().minor(),
            )
        })
    }

    /// Returns lines, of which a card gets at most `by_card` and the drawer pays the rest. The returned parts are booked as the
    /// store books them. Gives the refusal and all its faults if the return is refused for anything but its payments.
    fn give_back(
        &mut self,
        lines: &[DraftLine<'_>],
        by_card: i64,
    ) -> Result<(Back, i64), (Refusal, Vec<(Place, Refusal)>)> {
        let mut faults = CollectFaults::default();
        let first = self.try_return(lines, &[pay(CARD, 1)], &mut faults);
        let total = match first {
            Ok((_, total, _)) => total,
            Err(Refusal::RefundUneven { total, .. }) => {
                scale::parse(&total.to_string(), 2).unwrap()
            }
            Err(refusal) => return Err((refusal, faults.0)),
        };
        let card = by_card.min(total);
        let in_cash = total - card;
        let coins = facts(self.country).cash_rounding;
        let cash = coins.map_or(in_cash, |law| {
            law.rule.round(minor(in_cash)).unwrap().minor()
        });
        let payments = [(CARD, card), (CASH, cash)];
        let payments = payments.into_iter().filter(|(_, amount)| *amount > 0);
        let payments: Vec<_> = payments.map(|(code, amount)| pay(code, amount)).collect();
        // An amount in cash below half of the smallest coin cannot be paid out; the card gets it.
        let (card, payments) = if cash == 0 && in_cash > 0 {
            (total, vec![pay(CARD, total)])
        } else {
            (card, payments)
        };
        let back = self.try_return(lines, &payments, &mut CollectFaults::default());
        let back = back.unwrap();
        for line in &back.0 {
            let taken = &mut self.returned[usize::from(line.original_line.unwrap())];
            taken.0 += line.quantity.thousandths();
            taken.1 += line.final_amount.minor();
        }
        Ok((back, card))
    }

    /// A draft of a part of a line, with everything that the caller can copy of the line in proportion to the quantity.
    fn copy(&self, place: usize, thousandths: i64) -> DraftLine<'static> {
        let line = &self.lines[place];
        let share = |amount: Amount| {
            facts(self.country)
                .rounding
                .multiply_divide(amount.minor(), thousandths, line.quantity.thousandths())
                .map(minor)
        };
        DraftLine {
            name: line.name,
            quantity: Quantity::from_thousandths(thousandths),
            price: line.price,
            modifier: line.modifier,
            tax_group: Some(letters(line)),
            copied: CopiedLine {
                good: self.goods[place],
                position: u16::try_from(place).ok(),
                amount: share(line.amount),
                tax: share(line.tax),
                final_tax: share(line.final_tax),
            },
            ..DraftLine::default()
        }
    }
}

/// The letters of a line's tax groups.
fn letters(line: &Line<'_>) -> &'static str {
    const ALL: [&str; 11] = ["A", "B", "C", "D", "E", "F", "G", "H", "AF", "BF", "CF"];
    let letters = line.taxes().map(|tax| tax.group.code.letter());
    let text = String::from_utf8(letters.collect()).unwrap();
    ALL.into_iter().find(|known| *known == text).unwrap()
}

/// The figures of a line that the parts must add up to: own amount and tax, final amount and tax, and both taxes by group.
fn figures(line: &Line<'_>) -> [i64; 8] {
    let mut figures = [0; 8];
    figures[..2].copy_from_slice(&[line.amount.minor(), line.final_amount.minor()]);
    for (index, tax) in line.taxes().enumerate() {
        figures[2 + index] = tax.tax.minor();
        figures[5 + index] = tax.final_tax.minor();
    }
    figures
}

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
            // A rest that is worth nothing could not be paid out alone; its own amount before the modifiers may be above zero.
            if sold.quantity_left(place) == 0 {
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
                let pieces = before.0.div_euclid(1_000) + 1;
                let ends = before.0 + part >= quantity;
                prop_assert!(back <= share + if ends { pieces } else { 0 }, "{} of {}", back, share);
            } else {
                prop_assert_eq!(sold.returned[0], before);
            }
            prop_assert!(sold.returned[0].1 <= whole);
        }
        let left = whole - sold.returned[0].1;
        // More than everything is refused with what is left.
        let rest = match sold.give_back(&[sold.copy(0, quantity)], i64::MAX) {
            Ok(((lines, ..), _)) => lines[0].final_amount.minor(),
            Err((Refusal::ReturnExceedsQuantity { left: rest }, _)) => {
                let rest = scale::parse(&rest.to_string(), 3).unwrap();
                if rest == 0 {
                    0
                } else {
                    match sold.give_back(&[sold.copy(0, rest)], i64::MAX) {
                        Ok(((lines, ..), _)) => lines[0].final_amount.minor(),
                        Err(_) => 0,
                    }
                }
            }
            Err(_) => 0,
        };
        prop_assert_eq!(rest, left);
    }
}

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
fn a_line_with_two_taxes_is_found_by_the_first_of_them() {
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
    assert_eq!(places(&mut sold, &[of_tax(2_500)]), Ok(vec![0]));
    assert_eq!(places(&mut sold, &[with("A")]), Ok(vec![1]));
    for (group, found) in [
        ("A", true),
        ("AF", true),
        ("F", false),
        ("FA", false),
        ("AB", false),
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
    for (fiscal_sale, refusal) in [
        (true, Refusal::OriginalWithoutNumber),
        (false, Refusal::OriginalNotASale),
    ] {
        let original = Original {
            fiscal_sale,
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

//! Every paper adds up: what a customer reads and computes again is true, for every receipt that the core makes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::ALL;
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{
    Draft, DraftLine, Line, Modifier, Original, Prices, Receipt, ReceiptKind,
};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::scale::parse;
use ferrotill_core::{Amount, Quantity};
use ferrotill_render::{PaperRow, PrintedSeller};
use proptest::prelude::*;

use shop::{Law, line, originals, pay};

/// No country rounds cash to more than this, in minor units.
const CASH_STEP_MAX: i64 = 50;

/// One line of a receipt, without its tax group.
#[derive(Clone, Debug)]
struct Item {
    quantity: i64,
    price: i64,
    modifier: Option<Modifier>,
    group: usize,
    voided: bool,
}

fn modifier() -> impl Strategy<Value = Option<Modifier>> {
    prop_oneof![
        2 => Just(None),
        1 => (-10_000..=5_000_i32).prop_map(|percent| Some(Modifier::Percent(percent))),
        1 => (-900..=900_i64).prop_map(|minor| Some(Modifier::Amount(Amount::from_minor(minor)))),
    ]
}

fn item() -> impl Strategy<Value = Item> {
    (
        1..=50_000_i64,
        1..=50_000_i64,
        modifier(),
        0..8_usize,
        0..10_u8,
    )
        .prop_map(|(quantity, price, modifier, group, voided)| Item {
            quantity,
            price,
            modifier,
            group,
            voided: voided == 0,
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_adds_up(
        country in 0..ALL.len(),
        items in proptest::collection::vec(item(), 1..6),
        modifiers in proptest::collection::vec(modifier(), 0..3),
        excluded in any::<bool>(),
        card_percent in prop_oneof![Just(0_i64), Just(100), 1..100_i64],
        more_cash in 0..10_000_i64,
        columns in 16..=64_usize,
    ) {
        let law = Law::new(ALL[country].facts(), ["Cash", "Card"]);
        let groups: Vec<String> =
            law.facts.groups.iter().map(|group| group.code.to_string()).collect();
        let lines: Vec<DraftLine<'_>> = items
            .iter()
            .map(|item| DraftLine {
                voided: item.voided,
                ..line("Bread", item.quantity, item.price, &groups[item.group % groups.len()], item.modifier)
            })
            .collect();
        let modifiers: Vec<Modifier> = modifiers.into_iter().flatten().collect();
        let prices = if excluded { Prices::TaxExcluded } else { Prices::TaxIncluded };
        let draft = Draft { lines: &lines, prices, modifiers: &modifiers, ..Draft::default() };
        let Some(total) = total_of(&law, draft) else { return Ok(()) };
        let card = total * card_percent / 100;
        let cash = if card_percent == 100 { 0 } else { total - card + more_cash + CASH_STEP_MAX };
        let payments: Vec<_> = [pay(1, card), pay(0, cash)]
            .into_iter()
            .filter(|payment| payment.amount.is_positive())
            .collect();
        let draft = Draft { payments: &payments, ..draft };
        let checked = law.compute(draft, ReceiptKind::Sale, None, |receipt| {
            check(&law, receipt, columns);
            check_return(&law, receipt, columns);
        });
        prop_assert!(checked.is_ok(), "{checked:?}");
    }
}

/// What a draft costs; `None` if it cannot be sold.
fn total_of(law: &Law, draft: Draft<'_>) -> Option<i64> {
    let draft = Draft {
        payments: &[pay(1, 1)],
        ..draft
    };
    let total = law.compute(draft, ReceiptKind::Sale, None, |receipt| {
        receipt.total.minor()
    });
    match total {
        Ok(total) => Some(total),
        Err(Refusal::Underpaid { total, .. }) => Some(parse(&total.to_string(), 2).unwrap()),
        Err(_) => None,
    }
}

/// Returns a part of each line of a sale.
fn check_return(law: &Law, sold: &Receipt<'_>, columns: usize) {
    let lines: Vec<Line<'_>> = sold.lines.iter().collect();
    let originals = originals(&lines);
    let original = Original {
        kind: OriginalKind::Fiscal,
        number_unknown: false,
        lines: &originals,
    };
    let back: Vec<DraftLine<'_>> = lines
        .iter()
        .filter(|line| !line.voided)
        .map(|line| DraftLine {
            name: line.name,
            price: line.price,
            quantity: Quantity::from_thousandths((line.quantity.thousandths() / 2).max(1)),
            ..DraftLine::default()
        })
        .collect();
    let draft = Draft {
        lines: &back,
        payments: &[pay(1, 1)],
        ..Draft::default()
    };
    let kind = ReceiptKind::Refund {
        original: DocumentId([1; 16]),
    };
    let total = match law.compute(draft, kind, Some(&original), |_| ()) {
        Ok(()) => 1,
        Err(Refusal::RefundUneven { total, .. }) => parse(&total.to_string(), 2).unwrap(),
        Err(_) => return,
    };
    let draft = Draft {
        payments: &[pay(1, total)],
        ..draft
    };
    let checked = law.compute(draft, kind, Some(&original), |receipt| {
        check(law, receipt, columns);
    });
    assert!(checked.is_ok(), "{checked:?}");
}

/// Reads the paper as a customer does, and computes every sum again.
fn check(law: &Law, receipt: &Receipt<'_>, columns: usize) {
    let rows = law.paper(receipt, "", &PrintedSeller::default(), columns);
    let shown = || {
        rows.iter()
            .map(|row| row.text.as_str())
            .collect::<Vec<_>>()
            .join("\n")
    };
    for row in &rows {
        assert!(row.text.chars().count() <= columns, "{}", shown());
    }
    let sections = sections(&rows, columns);
    let [_, lines, sums, taxes] = sections.as_slice() else {
        panic!("{}", shown())
    };
    let of_lines = sum_of_lines(law, lines);
    let rounding_name = law
        .facts
        .cash_rounding
        .map_or("no rounding", |law| law.name);
    let mut running = 0;
    let mut sub_total = None;
    let (mut total, mut to_pay, mut paid) = (None, None, 0);
    for (name, amount) in figures(sums) {
        match name.as_str() {
            name if name.starts_with(words(law).sub_total) => {
                sub_total = Some(amount);
                running = amount;
            }
            name if total.is_none() && name.starts_with(words(law).total) => {
                if sub_total.is_none() {
                    running = of_lines;
                }
                assert_eq!(running, amount, "the total\n{}", shown());
                total = Some(amount);
                to_pay = Some(amount);
            }
            name if name == rounding_name => running = total.unwrap() + amount,
            name if name.starts_with(words(law).to_pay) => {
                assert_eq!(running, amount, "after the rounding\n{}", shown());
                to_pay = Some(amount);
            }
            "Cash" | "Card" => paid += amount,
            name if name == words(law).change => paid -= amount,
            _ => {
                assert!(total.is_none() && sub_total.is_some(), "{}", shown());
                running += amount;
            }
        }
    }
    assert_eq!(
        sub_total.unwrap_or(of_lines),
        of_lines,
        "the lines\n{}",
        shown()
    );
    assert_eq!(total, Some(receipt.total.minor()), "{}", shown());
    assert_eq!(to_pay, Some(paid), "the payments\n{}", shown());
    let tax: i64 = figures(taxes).iter().map(|(_, tax)| tax).sum();
    assert_eq!(tax, receipt.tax.minor(), "the tax\n{}", shown());
}

fn words(law: &Law) -> &'static ferrotill_render::Words {
    ferrotill_render::Words::of(law.facts.language)
}

/// The words between the rules.
fn sections(rows: &[PaperRow], columns: usize) -> Vec<Vec<String>> {
    let mut sections = vec![Vec::new()];
    for row in rows {
        if row.text == "-".repeat(columns) {
            sections.push(Vec::new());
        } else {
            let words = row.text.split_whitespace().map(str::to_owned);
            sections.last_mut().unwrap().extend(words);
        }
    }
    sections
}

/// An amount in minor units, if the word is one: it has two decimals.
fn amount(word: &str) -> Option<i64> {
    let (_, decimals) = word.split_once('.')?;
    (decimals.len() == 2).then(|| parse(word, 2).ok()).flatten()
}

/// Each amount with the words before it. In a row of a tax the amount that contains the tax is not the figure.
fn figures(section: &[String]) -> Vec<(String, i64)> {
    let mut figures = Vec::new();
    let mut name: Vec<&str> = Vec::new();
    for word in section {
        let contains_tax = name.iter().any(|word| word.ends_with('%'))
            && name.last().is_some_and(|word| !word.ends_with('%'));
        match amount(word) {
            Some(amount)
                if !(contains_tax && name.iter().all(|word| self::amount(word).is_none())) =>
            {
                figures.push((name.join(" "), amount));
                name.clear();
            }
            _ => name.push(word),
        }
    }
    figures
}

/// Computes each line again, and gives the sum of all lines with their changes.
fn sum_of_lines(law: &Law, section: &[String]) -> i64 {
    let mut sum = 0;
    let mut place = 0;
    while let Some(word) = section.get(place) {
        if word == "x" {
            let quantity = parse(&section[place - 1], 3).unwrap();
            let price = amount(&section[place + 1]).unwrap();
            let shown = amount(&section[place + 2]).unwrap();
            let product = law.facts.rounding.multiply_divide(price, quantity, 1_000);
            assert_eq!(product, Some(shown), "{section:?}");
            place += 1;
        } else if let Some(amount) = amount(word) {
            sum += amount;
        }
        place += 1;
    }
    sum
}

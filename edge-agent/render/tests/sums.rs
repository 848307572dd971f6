//! Every paper adds up: what a customer reads and computes again is true, for every receipt that the core makes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use std::collections::BTreeMap;

use ferrotill_core::facts::DefaultGroup;
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::ALL;
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{
    Draft, DraftLine, Line, Modifier, Original, Prices, Receipt, ReceiptKind,
};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::scale::parse;
use ferrotill_core::tax::Bucket;
use ferrotill_core::{Amount, Quantity};
use ferrotill_render::{PrintedSeller, html};
use ferrotill_testkit::paper::{
    BookedLine, BookedReceipt, BookedTax, PaperWords, ReadReceipt, html_lines,
};
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
        let groups = groups(&law);
        let lines: Vec<DraftLine<'_>> = items
            .iter()
            .map(|item| DraftLine {
                voided: item.voided,
                comment: if item.voided { "" } else { "țărănească, 3 €" },
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

/// Each tax group of a country, and each together with each levy.
fn groups(law: &Law) -> Vec<String> {
    let (levies, taxes): (Vec<_>, Vec<_>) = law
        .facts
        .groups
        .iter()
        .partition(|group| group.bucket == Bucket::Special);
    let both = taxes
        .iter()
        .filter(|_: &&DefaultGroup| law.facts.taxes_per_line_max > 1)
        .flat_map(|tax| {
            levies
                .iter()
                .map(move |levy| format!("{}{}", tax.code, levy.code))
        });
    let alone = law.facts.groups.iter().map(|group| group.code.to_string());
    alone.chain(both).collect()
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

/// Reads every paper of a receipt as a customer does, computes every sum again, and compares the paper with the receipt.
fn check(law: &Law, receipt: &Receipt<'_>, columns: usize) {
    let seller = PrintedSeller::default();
    let rows = law.paper(receipt, "", &seller, columns);
    let rows: Vec<String> = rows.into_iter().map(|row| row.text).collect();
    for row in &rows {
        assert!(row.chars().count() <= columns, "{rows:#?}");
    }
    let page = html(&law.blocks(receipt, "", &seller), law.facts.language);
    let words = PaperWords::of(law.facts.language, law.facts.currency);
    let books = booked(receipt);
    for lines in [rows, html_lines(&page)] {
        let read = ReadReceipt::of(lines.iter().map(String::as_str), &words);
        let wrong = [
            read.faults(),
            read.differences(&books),
            read.details_unlike(&books.lines),
        ]
        .concat();
        assert!(wrong.is_empty(), "{wrong:#?}\n{}", lines.join("\n"));
    }
}

/// A receipt as the parser's books.
fn booked(receipt: &Receipt<'_>) -> BookedReceipt {
    let payments = receipt.payments.iter();
    let payments = payments.filter(|payment| payment.amount.is_positive());
    let percents = receipt.modifiers.iter();
    let percents = percents.filter(|modifier| !modifier.amount.is_zero());
    BookedReceipt {
        number: String::from("ABC00000001"),
        date: String::from("28.11.2026"),
        time: String::from("13:52:30"),
        lines: receipt
            .lines
            .iter()
            .map(|line| booked_line(&line))
            .collect(),
        sub_total: receipt.sub_total.minor(),
        percents: percents
            .filter_map(|modifier| percent(modifier.modifier))
            .collect(),
        modification: receipt.modification.minor(),
        total: receipt.total.minor(),
        rounding: receipt.rounding.map_or(0, |line| line.amount.minor()),
        payments: payments
            .map(|payment| (payment.name.to_owned(), payment.amount.minor()))
            .collect(),
        change: receipt.change.minor(),
        tax: receipt.tax.minor(),
        taxes: taxes(receipt),
    }
}

fn booked_line(line: &Line<'_>) -> BookedLine {
    let is_changed = line.amount != line.before_modification && !line.voided;
    let letters = line.taxes().map(|tax| tax.group.code.to_string());
    BookedLine {
        name: line.name.to_owned(),
        quantity: line.quantity.thousandths(),
        price: line.price.minor(),
        before: line.before_modification.minor(),
        amount: line.amount.minor(),
        percent: line
            .modifier
            .filter(|_| {
                is_changed
                    && line.amount.minor() - line.tax.minor() != line.before_modification.minor()
            })
            .and_then(percent),
        letters: letters.collect(),
        comment: line.comment.to_owned(),
    }
}

/// The percentage of a modifier as a paper shows it; `None` if the modifier is an amount.
fn percent(modifier: Modifier) -> Option<String> {
    let Modifier::Percent(hundredths) = modifier else {
        return None;
    };
    let sign = if hundredths < 0 { "-" } else { "" };
    let (whole, part) = (hundredths.abs() / 100, hundredths.abs() % 100);
    let decimals = format!(".{part:02}");
    let decimals = decimals.trim_end_matches('0').trim_end_matches('.');
    Some(format!("{sign}{whole}{decimals}%"))
}

/// The tax of each group.
fn taxes(receipt: &Receipt<'_>) -> Vec<BookedTax> {
    let mut taxes: BTreeMap<char, (i64, i64)> = BTreeMap::new();
    for line in receipt.lines.iter().filter(|line| !line.voided) {
        for tax in line.taxes() {
            let (gross, sum) = taxes
                .entry(char::from(tax.group.code.letter()))
                .or_default();
            *gross += line.final_amount.minor();
            *sum += tax.final_tax.minor();
        }
    }
    let taxes = taxes.into_iter();
    taxes
        .map(|(letter, (gross, tax))| BookedTax {
            letter,
            gross,
            tax: Some(tax),
        })
        .collect()
}

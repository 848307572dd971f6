//! Edges that nothing else comes to: exactly as many as are allowed, and what is written of a line that takes nothing back.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::document::Body;
use ferrotill_core::event::Event;
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::by_code;
use ferrotill_core::receipt::{Draft, DraftLine, Original, OriginalLine};
use ferrotill_core::refusal::{Field, Place, Refusal};
use ferrotill_core::till::{Known, Wish};
use ferrotill_core::{Amount, Currency, Quantity};

use shop::{SEED, SEED_LINES, Shop, pay};

#[test]
fn as_many_lines_as_are_allowed_are_not_too_many() {
    let mut shop = Shop::open();
    let lines = [SEED_LINES[1]; 512];
    // 512 times 11.00.
    let payments = [pay(0, 563_200)];
    let draft = Draft {
        lines: &lines,
        payments: &payments,
        ..Draft::default()
    };
    shop.reserve(1, Wish::Sale(draft), Known::default())
        .unwrap();
    shop.settle(1).unwrap();
    let lines = [SEED_LINES[1]; 513];
    let draft = Draft {
        lines: &lines,
        ..draft
    };
    let refused = shop.reserve(2, Wish::Sale(draft), Known::default());
    assert!(matches!(
        refused,
        Err(Refusal::TooManyLines { given: 513, .. })
    ));
}

#[test]
fn every_text_has_its_limit_and_each_fault_its_place() {
    let limit = by_code("MD").unwrap().facts().text_bytes_max;
    let (fits, given) = ("x".repeat(limit), limit + 1);
    let long = "x".repeat(given);
    let draft = |text| {
        let line = DraftLine {
            name: text,
            comment: text,
            ..SEED_LINES[1]
        };
        ([line], [pay(0, 1_100)])
    };
    let mut shop = Shop::open();
    let (lines, payments) = draft(&fits);
    let whole = Draft {
        lines: &lines,
        payments: &payments,
        header: &fits,
        footer: &fits,
        ..Draft::default()
    };
    shop.reserve(1, Wish::Sale(whole), Known::default())
        .unwrap();
    shop.settle(1).unwrap();
    let (lines, payments) = draft(&long);
    let too_long = Draft {
        lines: &lines,
        payments: &payments,
        header: &long,
        footer: &long,
        ..Draft::default()
    };
    let fault = Refusal::TextTooLong { given, limit };
    let refused = shop.reserve(2, Wish::Sale(too_long), Known::default());
    assert_eq!(refused, Err(fault));
    let mut places = [Field::Name, Field::Comment]
        .map(|field| Place::Line(0, field))
        .to_vec();
    places.extend([Place::Text, Place::Text]);
    for place in &places {
        assert!(shop.faults.contains(&(*place, fault)), "{place:?}");
    }
    assert_eq!(shop.faults.len(), places.len());
}

#[test]
fn a_line_that_takes_nothing_back_has_the_tax_group_of_its_line() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SEED), Known::default()).unwrap();
    let sold = shop.journal.last().unwrap().clone();
    shop.settle(1).unwrap();
    let Event::Reserved(reserved) = Event::decode(sold.0, Event::VERSION, &sold.1).unwrap() else {
        panic!()
    };
    let Body::Receipt(receipt) = reserved.body else {
        panic!()
    };
    let lines: Vec<_> = receipt.lines.iter().collect();
    let left: Vec<OriginalLine<'_>> = lines
        .iter()
        .map(|line| OriginalLine {
            line: line.clone(),
            returned_quantity: Quantity::ZERO,
            returned_amount: Amount::ZERO,
        })
        .collect();
    let original = Original {
        fiscal_sale: true,
        lines: &left,
    };
    let back = [
        DraftLine {
            modifier: None,
            ..SEED_LINES[1]
        },
        DraftLine {
            modifier: None,
            voided: true,
            ..SEED_LINES[0]
        },
    ];
    let due = lines[1].final_amount.minor();
    let payments = [pay(1, due)];
    let draft = Draft {
        lines: &back,
        payments: &payments,
        ..Draft::default()
    };
    let known = Known {
        original: Some(&original),
        ..Known::default()
    };
    let wish = Wish::Refund(DocumentId([1; 16]), draft);
    shop.reserve(2, wish, known).unwrap();
    let Event::Reserved(returned) = shop.last() else {
        panic!()
    };
    let Body::Receipt(returned) = returned.body else {
        panic!()
    };
    let returned: Vec<_> = returned.lines.iter().collect();
    assert!(returned[1].voided && returned[1].final_amount.is_zero());
    assert_eq!(
        [returned[0].group, returned[1].group],
        [lines[1].group, lines[0].group]
    );
}

#[test]
fn currencies_have_the_numbers_of_their_standard() {
    // ISO 4217.
    for (currency, code, number) in [
        (Currency::MDL, "MDL", 498),
        (Currency::EUR, "EUR", 978),
        (Currency::UAH, "UAH", 980),
    ] {
        assert_eq!((currency.code(), currency.number()), (code, number));
    }
}

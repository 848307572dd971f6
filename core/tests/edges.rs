//! Limits that are just reached, voided lines of a return, and the numbers of currencies.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::Currency;
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::by_code;
use ferrotill_core::receipt::OriginalKind;
use ferrotill_core::receipt::{Draft, DraftLine, Original};
use ferrotill_core::refusal::{Field, Place, Refusal};
use ferrotill_core::till::{Known, Wish};

use shop::{SALE, SALE_LINES, Shop, not_returned, pay, receipt_of};

#[test]
fn the_largest_allowed_number_of_lines_is_accepted() {
    let mut shop = Shop::open();
    let lines = [SALE_LINES[1]; 512];
    // The total is that of 512 lines of 11.00.
    let payments = [pay(0, 563_200)];
    let draft = Draft {
        lines: &lines,
        payments: &payments,
        ..Draft::default()
    };
    shop.reserve(1, Wish::Sale(draft), Known::default())
        .unwrap();
    shop.settle(1).unwrap();
    let lines = [SALE_LINES[1]; 513];
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
fn every_text_has_a_limit_and_each_fault_its_place() {
    let limit = by_code("MD").unwrap().facts().text_bytes_max;
    let (fits, given) = ("x".repeat(limit), limit + 1);
    let long = "x".repeat(given);
    let draft = |text| {
        let line = DraftLine {
            name: text,
            comment: text,
            ..SALE_LINES[1]
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
    places.extend([Place::Header, Place::Footer]);
    for place in &places {
        assert!(shop.faults.contains(&(*place, fault)), "{place:?}");
    }
    assert_eq!(shop.faults.len(), places.len());
}

#[test]
fn a_voided_line_of_a_return_keeps_the_tax_group_of_the_original() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    let sold = shop.journal.last().unwrap().clone();
    shop.settle(1).unwrap();
    let receipt = receipt_of(&sold);
    let lines: Vec<_> = receipt.lines.iter().collect();
    let left = not_returned(&receipt);
    let original = Original {
        kind: OriginalKind::Fiscal,
        number_unknown: false,
        lines: &left,
    };
    let back = [
        DraftLine {
            modifier: None,
            ..SALE_LINES[1]
        },
        DraftLine {
            modifier: None,
            voided: true,
            ..SALE_LINES[0]
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
    let row = shop.journal.last().unwrap();
    let returned: Vec<_> = receipt_of(row).lines.iter().collect();
    assert!(returned[1].voided && returned[1].final_amount.is_zero());
    assert_eq!(
        [returned[0].group, returned[1].group],
        [lines[1].group, lines[0].group]
    );
}

#[test]
fn currencies_have_the_numbers_of_iso_4217() {
    for (currency, code, number) in [
        (Currency::MDL, "MDL", 498),
        (Currency::EUR, "EUR", 978),
        (Currency::UAH, "UAH", 980),
    ] {
        assert_eq!((currency.code(), currency.number()), (code, number));
    }
}

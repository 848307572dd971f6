//! An operator's declaration of a document that the printer cannot prove: when it is accepted, what it changes, and its row in the
//! journal.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use std::num::NonZeroU32;

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{Declared, Event, PaperSays};
use ferrotill_core::id::DocumentId;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Till, Wish};

use shop::{NOON, SALE, Shop, moment};

/// The rows of declarations as version 1 writes them. Never edit these rows; see `golden.rs`.
const ROWS: [&str; 2] = [
    "9 010101010101010101010101010101018098d2dfbf68f0010001080d4d6172696120506f70657363754d14636f756e7465727320666974206e6f7468696e67",
    "9 010101010101010101010101010101018098d2dfbf68f001010d4d6172696120506f70657363754d14636f756e7465727320666974206e6f7468696e67",
];

/// The operator's declaration that the paper shows the document with the number 8.
const EIGHT: PaperSays = PaperSays::Registered {
    document: NonZeroU32::new(8),
};

fn declared(id: u8, paper: PaperSays) -> Declared<'static> {
    Declared {
        id: DocumentId([id; 16]),
        at: moment(0),
        paper,
        by: "Maria Popescu",
        fault: 77,
        why: "counters fit nothing",
    }
}

fn seal(document: u32) -> Seal<'static> {
    Seal::Printer {
        document,
        fiscal_receipt: None,
        counters: None,
        printed_at: None,
    }
}

#[test]
fn a_declaration_alone_changes_nothing() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.reserve(1, Wish::Sale(SALE), none).unwrap();
    let before = shop.till.clone();
    shop.run(Command::Declare(declared(1, EIGHT)), none)
        .unwrap();
    assert_eq!(
        shop.last(),
        Event::Declared(Declared {
            at: moment(NOON),
            ..declared(1, EIGHT)
        })
    );
    assert_eq!(
        (shop.till.outstanding(), shop.till.shift(), shop.till.cash()),
        (before.outstanding(), before.shift(), before.cash()),
        "the document is outstanding until it is sealed"
    );
    shop.run(Command::Settle(DocumentId([1; 16]), seal(8)), none)
        .unwrap();
    assert_eq!(shop.till.last_number(), 1);
    assert_eq!(shop.till.outstanding(), None);
}

#[test]
fn a_document_declared_as_not_printed_is_voided_and_takes_no_number() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.reserve(1, Wish::Cash(Amount::from_minor(500)), none)
        .unwrap();
    let declaration = declared(1, PaperSays::NotRegistered);
    shop.run(Command::Declare(declaration), none).unwrap();
    shop.run(
        Command::Void(declaration.id, declaration.fault, "not on the paper"),
        none,
    )
    .unwrap();
    assert_eq!(
        (shop.till.last_number(), shop.till.cash()),
        (0, Amount::ZERO)
    );
    shop.reserve(2, Wish::Sale(SALE), none).unwrap();
}

#[test]
fn a_report_is_declared_like_a_receipt() {
    for kind in [ReportKind::X, ReportKind::Z] {
        let mut shop = Shop::open();
        let none = Known::default();
        shop.reserve(1, Wish::Sale(SALE), none).unwrap();
        shop.settle(1).unwrap();
        shop.reserve(2, Wish::Report(kind), none).unwrap();
        let paper = PaperSays::Registered { document: None };
        shop.run(Command::Declare(declared(2, paper)), none)
            .unwrap();
        shop.run(Command::Settle(DocumentId([2; 16]), seal(0)), none)
            .unwrap();
        let Event::Sealed(sealed) = shop.last() else {
            panic!()
        };
        assert_eq!(
            sealed.report.unwrap().reconciliation,
            None,
            "the printer reported no figures"
        );
        assert_eq!(shop.till.last_z(), u32::from(kind == ReportKind::Z));
    }
}

#[test]
fn a_declaration_is_refused_without_its_outstanding_document_or_without_a_name() {
    let mut shop = Shop::open();
    let none = Known::default();
    let declare = |shop: &mut Shop, declaration| shop.run(Command::Declare(declaration), none);
    assert_eq!(
        declare(&mut shop, declared(1, EIGHT)),
        Err(Refusal::NotOutstanding),
        "nothing is outstanding"
    );
    shop.reserve(1, Wish::Sale(SALE), none).unwrap();
    assert_eq!(
        declare(&mut shop, declared(2, EIGHT)),
        Err(Refusal::NotOutstanding),
        "another document is outstanding"
    );
    let too_long = "x".repeat(101);
    for (by, refusal) in [
        ("", Refusal::DeclarationUnsigned),
        (" \t", Refusal::DeclarationUnsigned),
        (
            &too_long,
            Refusal::TextTooLong {
                given: 101,
                limit: 100,
            },
        ),
    ] {
        let declaration = Declared {
            by,
            ..declared(1, EIGHT)
        };
        assert_eq!(declare(&mut shop, declaration), Err(refusal), "{by:?}");
    }
    let longest = "x".repeat(100);
    let declaration = Declared {
        by: &longest,
        ..declared(1, EIGHT)
    };
    declare(&mut shop, declaration).unwrap();
    shop.settle(1).unwrap();
    assert_eq!(
        declare(&mut shop, declared(1, EIGHT)),
        Err(Refusal::NotOutstanding),
        "the document is settled"
    );
    // An alternative receipt is legal by its number, whether it is printed or not.
    shop.reserve(3, Wish::AlternativeSale(SALE, None), none)
        .unwrap();
    assert_eq!(
        declare(&mut shop, declared(3, EIGHT)),
        Err(Refusal::SealMismatch)
    );
}

#[test]
fn a_declaration_is_never_dated_before_its_document() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.reserve(1, Wish::Sale(SALE), none).unwrap();
    shop.now = NOON - 5_000;
    shop.run(Command::Declare(declared(1, EIGHT)), none)
        .unwrap();
    let Event::Declared(declaration) = shop.last() else {
        panic!()
    };
    assert_eq!(declaration.at, moment(NOON));
}

#[test]
fn the_rows_have_the_bytes_of_version_1() {
    for (paper, row) in [EIGHT, PaperSays::NotRegistered].into_iter().zip(ROWS) {
        let event = Event::Declared(Declared {
            at: moment(NOON),
            ..declared(1, paper)
        });
        let mut room = [0; 256];
        let payload = event.encode(&mut room).unwrap();
        let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(format!("{} {hex}", event.kind()), row);
        assert_eq!(Event::decode(9, 1, payload).unwrap(), event);
        for length in 0..payload.len() {
            assert!(Event::decode(9, 1, &payload[..length]).is_err(), "{length}");
        }
        let mut till = Till::default();
        till.apply(&event);
        assert_eq!(till.last_number(), 0);
    }
}

#[test]
fn a_row_with_a_document_number_of_zero_is_refused() {
    let event = Event::Declared(Declared {
        at: moment(NOON),
        ..declared(1, EIGHT)
    });
    let mut room = [0; 256];
    let mut payload = event.encode(&mut room).unwrap().to_vec();
    let place = payload.iter().rposition(|byte| *byte == 8).unwrap();
    payload[place] = 0;
    assert!(Event::decode(9, 1, &payload).is_err());
}

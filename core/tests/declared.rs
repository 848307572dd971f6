//! A person's word on a document that its printer cannot prove: when it is heard, what it changes, and the row that it leaves.
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

use shop::{NOON, SEED, Shop, moment};

/// The rows that version 1 writes of a declaration. Never edit them; see `golden.rs`.
const ROWS: [&str; 2] = [
    "9 010101010101010101010101010101018098d2dfbf68f0010001080d4d6172696120506f70657363754d14636f756e7465727320666974206e6f7468696e67",
    "9 010101010101010101010101010101018098d2dfbf68f001010d4d6172696120506f70657363754d14636f756e7465727320666974206e6f7468696e67",
];

/// The document's number on the paper.
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
    }
}

#[test]
fn it_speaks_for_the_outstanding_document_and_changes_nothing_by_itself() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.reserve(1, Wish::Sale(SEED), none).unwrap();
    let books = shop.till.clone();
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
        (books.outstanding(), books.shift(), books.cash()),
        "it is outstanding until its seal"
    );
    shop.run(Command::Settle(DocumentId([1; 16]), seal(8)), none)
        .unwrap();
    assert_eq!(shop.till.last_number(), 1);
    assert_eq!(shop.till.outstanding(), None);
}

#[test]
fn what_was_not_printed_is_void_and_takes_no_number() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.reserve(1, Wish::Cash(Amount::from_minor(500)), none)
        .unwrap();
    let word = declared(1, PaperSays::NotRegistered);
    shop.run(Command::Declare(word), none).unwrap();
    shop.run(Command::Void(word.id, word.fault, "not on the paper"), none)
        .unwrap();
    assert_eq!(
        (shop.till.last_number(), shop.till.cash()),
        (0, Amount::ZERO)
    );
    shop.reserve(2, Wish::Sale(SEED), none).unwrap();
}

#[test]
fn a_report_is_declared_like_a_receipt() {
    for kind in [ReportKind::X, ReportKind::Z] {
        let mut shop = Shop::open();
        let none = Known::default();
        shop.reserve(1, Wish::Sale(SEED), none).unwrap();
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
            "the printer told no figures"
        );
        assert_eq!(shop.till.last_z(), u32::from(kind == ReportKind::Z));
    }
}

#[test]
fn it_is_refused_where_it_speaks_of_nothing_or_for_nobody() {
    let mut shop = Shop::open();
    let none = Known::default();
    let declare = |shop: &mut Shop, word| shop.run(Command::Declare(word), none);
    assert_eq!(
        declare(&mut shop, declared(1, EIGHT)),
        Err(Refusal::NotOutstanding),
        "nothing is outstanding"
    );
    shop.reserve(1, Wish::Sale(SEED), none).unwrap();
    assert_eq!(
        declare(&mut shop, declared(2, EIGHT)),
        Err(Refusal::NotOutstanding),
        "something else is"
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
        let word = Declared {
            by,
            ..declared(1, EIGHT)
        };
        assert_eq!(declare(&mut shop, word), Err(refusal), "{by:?}");
    }
    let longest = "x".repeat(100);
    let word = Declared {
        by: &longest,
        ..declared(1, EIGHT)
    };
    declare(&mut shop, word).unwrap();
    shop.settle(1).unwrap();
    assert_eq!(
        declare(&mut shop, declared(1, EIGHT)),
        Err(Refusal::NotOutstanding),
        "it is settled"
    );
    // An alternative receipt is legal with its number, whatever became of its paper.
    shop.reserve(3, Wish::AlternativeSale(SEED, None), none)
        .unwrap();
    assert_eq!(
        declare(&mut shop, declared(3, EIGHT)),
        Err(Refusal::SealMismatch)
    );
}

#[test]
fn no_clock_dates_it_before_its_document() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.reserve(1, Wish::Sale(SEED), none).unwrap();
    shop.now = NOON - 5_000;
    shop.run(Command::Declare(declared(1, EIGHT)), none)
        .unwrap();
    let Event::Declared(word) = shop.last() else {
        panic!()
    };
    assert_eq!(word.at, moment(NOON));
}

#[test]
fn the_rows_are_what_version_1_writes() {
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
fn a_document_number_of_nought_is_no_row() {
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

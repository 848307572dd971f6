//! Fiscal receipts of the printer that the till has not made: what the till refuses until a person has decided, and the rows of the journal.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{Event, LossAccepted, OthersStep, ReceiptsOfOthers};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::StoredBaseline;
use ferrotill_core::till::{Command, Known, Wish};

use shop::{NOON, PRINTER, SALE, Shop, moment};

/// The rows as version 1 writes them. Never edit them; see `golden.rs`.
const ROWS: [&str; 2] = [
    "8098d2dfbf68f001000306646174656373084454303030303031083530303030303031070301000000",
    "8098d2dfbf68f001010d4d6172696120506f706573637506646174656373084454303030303031083530303030303031070301000000",
];

const FOUND: OthersStep<'static> = OthersStep::Found { receipts: 3 };
const ACCEPTED: OthersStep<'static> = OthersStep::Accepted {
    by: "Maria Popescu",
};

fn noted(step: OthersStep<'static>, last_document: u32) -> ReceiptsOfOthers<'static> {
    ReceiptsOfOthers {
        at: moment(NOON),
        step,
        now: StoredBaseline {
            last_document,
            ..PRINTER
        },
    }
}

#[test]
fn the_rows_are_written_as_in_version_1() {
    for (step, row) in [(FOUND, ROWS[0]), (ACCEPTED, ROWS[1])] {
        let event = Event::ReceiptsOfOthers(noted(step, 7));
        let mut room = [0; 256];
        let bytes = event.encode(&mut room).unwrap();
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((event.kind(), event.version()), (44, 1));
        assert_eq!(Event::decode(44, 1, bytes), Ok(event.clone()));
        assert_eq!(hex, row);
        for length in 0..bytes.len() {
            assert!(Event::decode(44, 1, &bytes[..length]).is_err());
        }
    }
}

#[test]
fn the_till_makes_reports_only_until_a_person_has_decided() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.reserve(1, Wish::Sale(SALE), none).unwrap();
    shop.settle(1).unwrap();
    // Nothing was found, so nothing can be accepted.
    let accept = || Command::NoteOthers(noted(ACCEPTED, 9));
    assert_eq!(shop.run(accept(), none), Err(Refusal::NotOutstanding));
    shop.run(Command::NoteOthers(noted(FOUND, 9)), none)
        .unwrap();
    assert!(shop.till.has_receipts_of_others());
    assert!(!shop.till.accepts_others_until(9));
    for wish in [
        Wish::Sale(SALE),
        Wish::AlternativeSale(SALE, None),
        Wish::Cash(Amount::from_minor(1)),
        Wish::Nonfiscal("text"),
    ] {
        assert_eq!(
            shop.reserve(2, wish, none),
            Err(Refusal::ReceiptsOfOthers),
            "{wish:?}"
        );
    }
    for (id, kind) in [(2, ReportKind::X), (3, ReportKind::Z)] {
        shop.reserve(id, Wish::Report(kind), none).unwrap();
        shop.settle(id).unwrap();
    }
    assert!(
        shop.till.has_receipts_of_others(),
        "a Z-report decides nothing"
    );
    let unnamed = noted(OthersStep::Accepted { by: " " }, 9);
    assert_eq!(
        shop.run(Command::NoteOthers(unnamed), none),
        Err(Refusal::DeclarationUnsigned)
    );
    shop.run(accept(), none).unwrap();
    assert!(!shop.till.has_receipts_of_others());
    assert!(shop.till.accepts_others_until(9) && !shop.till.accepts_others_until(10));
    shop.reserve(4, Wish::Sale(SALE), none).unwrap();
    assert!(
        !shop.till.accepts_others_until(9),
        "the counters before the document are in the journal now"
    );
}

#[test]
fn a_person_who_accepts_a_loss_accepts_the_receipts_of_the_lost_machine() {
    let mut shop = Shop::open();
    let none = Known::default();
    shop.run(Command::NoteOthers(noted(FOUND, 9)), none)
        .unwrap();
    shop.till.apply(&Event::LossAccepted(LossAccepted {
        at: moment(NOON),
        by: "Maria",
        number: 40,
        z_number: 3,
        printer_known: 7,
        printer_has: 9,
    }));
    assert!(!shop.till.has_receipts_of_others());
    assert!(shop.till.accepts_others_until(9) && !shop.till.accepts_others_until(10));
}

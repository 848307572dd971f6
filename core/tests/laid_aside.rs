//! A sealed document that an operator lays aside: when the till accepts it, what it changes, and its row in the journal.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::event::{Event, LaidAside};
use ferrotill_core::id::DocumentId;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::till::{Command, Known};

use shop::{NOON, Shop, moment};

/// The row as version 1 writes it. Never edit it; see `golden.rs`.
const ROW: &str = "010101010101010101010101010101018098d2dfbf68f00109617574686f7269747922746865206f666669636520646f6573206e6f74206b6e6f772074686520676f6f64730d4d6172696120506f706573637507636f6465203137";

fn aside() -> LaidAside<'static> {
    LaidAside {
        id: DocumentId([1; 16]),
        at: moment(0),
        recipient: "authority",
        reason: "the office does not know the goods",
        by: "Maria Popescu",
        refusal: "code 17",
    }
}

#[test]
fn a_document_that_is_laid_aside_changes_no_till_and_is_written_as_in_version_1() {
    let mut shop = Shop::open();
    let before = shop.till.clone();
    shop.run(Command::LayAside(aside()), Known::default())
        .unwrap();
    assert_eq!(shop.till, before);
    let expected = Event::LaidAside(LaidAside {
        at: moment(NOON),
        ..aside()
    });
    assert_eq!(shop.last(), expected);
    let mut room = [0; 256];
    let bytes = expected.encode(&mut room).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((expected.kind(), expected.version()), (14, 1));
    assert_eq!(hex, ROW);
    assert_eq!(Event::decode(14, 1, bytes), Ok(expected.clone()));
}

#[test]
fn a_name_and_a_reason_that_fit_are_needed() {
    let mut shop = Shop::open();
    let long = "x".repeat(401);
    for (changed, refusal) in [
        (
            LaidAside { by: " ", ..aside() },
            Refusal::DeclarationUnsigned,
        ),
        (
            LaidAside {
                reason: "\u{200b}",
                ..aside()
            },
            Refusal::ReasonMissing,
        ),
        (
            LaidAside {
                reason: &long,
                ..aside()
            },
            Refusal::TextTooLong {
                given: 401,
                limit: 400,
            },
        ),
        (
            LaidAside {
                by: &long[..101],
                ..aside()
            },
            Refusal::TextTooLong {
                given: 101,
                limit: 100,
            },
        ),
    ] {
        assert_eq!(
            shop.run(Command::LayAside(changed), Known::default()),
            Err(refusal)
        );
    }
}

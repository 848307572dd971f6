//! A restored till whose lost documents a person has accepted: where its numbers go on, and the row of the journal.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::event::{Event, LossAccepted};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::till::{Known, Wish};

use shop::{NOON, SALE, Shop, moment};

/// The row as version 1 writes it. Never edit it; see `golden.rs`.
const ROW: &str = "8098d2dfbf68f0010d4d6172696120506f706573637528030709";

fn accepted() -> LossAccepted<'static> {
    LossAccepted {
        at: moment(NOON),
        by: "Maria Popescu",
        number: 40,
        z_number: 3,
        printer_known: 7,
        printer_has: 9,
    }
}

#[test]
fn the_row_of_an_accepted_loss_is_written_as_in_version_1() {
    let event = Event::LossAccepted(accepted());
    let mut room = [0; 64];
    let bytes = event.encode(&mut room).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!((event.kind(), event.version()), (31, 1));
    assert_eq!(Event::decode(31, 1, bytes), Ok(event.clone()));
    assert_eq!(hex, ROW);
}

#[test]
fn numbers_go_on_above_those_of_lost_documents_and_old_ranges_give_no_number() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    shop.settle(1).unwrap();
    shop.till.apply(&Event::LossAccepted(accepted()));
    assert_eq!(shop.till.last_number(), 40);
    assert_eq!(shop.till.last_z(), 3);
    assert_eq!(shop.till.shift().unwrap().z_number, 4);
    assert_eq!(shop.till.alternative_numbers_left(), 0);
    assert_eq!(shop.till.next_alternative(None), Err(Refusal::RangesUsedUp));
    shop.reserve(2, Wish::Sale(SALE), Known::default()).unwrap();
    shop.settle(2).unwrap();
    assert_eq!(shop.till.last_number(), 41);
    // An event with lower numbers takes nothing back.
    let lower = LossAccepted {
        number: 1,
        z_number: 1,
        ..accepted()
    };
    shop.till.apply(&Event::LossAccepted(lower));
    assert_eq!((shop.till.last_number(), shop.till.last_z()), (41, 3));
}

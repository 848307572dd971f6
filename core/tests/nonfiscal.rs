//! Non-fiscal receipts: they have the till's numbers, and no part in a shift, a report or the drawer.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::Amount;
use ferrotill_core::document::{NONFISCAL_BYTES_MAX, ReportKind};
use ferrotill_core::event::{Event, EventError, Sealed};
use ferrotill_core::id::DocumentId;
use ferrotill_core::refusal::{Place, Refusal};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Command, Known, Wish};

use shop::{SALE, Shop};

const NONE: Known<'static> = Known {
    request: None,
    original: None,
    offline: None,
    printer_swapped: false,
    printer_rates: None,
    number_taken: false,
    range_next: None,
};

impl Shop {
    /// Prints a text, and gives its number and its number within the shift.
    fn says(&mut self, id: u8, text: &str) -> (u32, u32) {
        self.reserve_without_printer(id, Wish::Nonfiscal(text), NONE)
            .unwrap();
        self.seal(id, Seal::Journal).unwrap();
        self.numbers()
    }

    fn sells(&mut self, id: u8, wish: Wish<'_>) -> (u32, u32) {
        self.reserve(id, wish, NONE).unwrap();
        self.settle(id).unwrap();
        self.numbers()
    }

    fn seal(&mut self, id: u8, seal: Seal<'_>) -> Result<(), Refusal> {
        self.run(Command::Settle(DocumentId([id; 16]), seal), NONE)
    }

    fn numbers(&self) -> (u32, u32) {
        match self.last() {
            Event::Sealed(Sealed {
                number,
                current_number,
                ..
            }) => (number, current_number),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn the_numbers_have_no_gap_and_a_text_opens_no_shift() {
    let mut shop = Shop::open();
    assert_eq!(shop.says(1, "Bun venit!"), (1, 1));
    assert!(shop.till.shift().is_none(), "no shift is open");
    let z = Wish::Report(ReportKind::Z);
    assert_eq!(shop.reserve(2, z, NONE), Err(Refusal::ShiftNotOpen));
    assert_eq!(shop.sells(2, Wish::Sale(SALE)), (2, 2));
    let shift = shop.till.shift().unwrap().clone();
    assert_eq!((shift.documents, shift.first_number), (1, 2));
    assert_eq!(shop.says(3, ""), (3, 3));
    assert_eq!(shop.till.shift(), Some(&shift), "the shift is as it was");
    assert_eq!(shop.sells(4, z), (4, 4));
    assert_eq!(shop.says(5, "Pe mâine!"), (5, 1));
    assert_eq!(shop.sells(6, Wish::Cash(Amount::from_minor(100))), (6, 2));
}

#[test]
fn only_the_journal_seals_a_text_and_a_text_takes_no_other_seal() {
    let mut shop = Shop::open();
    shop.reserve_without_printer(1, Wish::Nonfiscal("a"), NONE)
        .unwrap();
    assert_eq!(shop.settle(1), Err(Refusal::SealMismatch));
    let number = Seal::FiscalNumber {
        number: 1,
        reserved: true,
    };
    assert_eq!(shop.seal(1, number), Err(Refusal::SealMismatch));
    shop.seal(1, Seal::Journal).unwrap();
    shop.reserve(2, Wish::Sale(SALE), NONE).unwrap();
    assert_eq!(shop.seal(2, Seal::Journal), Err(Refusal::SealMismatch));
    // A text waits for the document of the printer, because numbers are given in the order of the seals.
    let text = Wish::Nonfiscal("b");
    assert_eq!(shop.reserve(3, text, NONE), Err(Refusal::DeviceUnsettled));
}

#[test]
fn a_shift_of_alternative_receipts_and_texts_is_closed_by_the_books() {
    let mut shop = Shop::open();
    shop.reserve_without_printer(1, Wish::AlternativeSale(SALE, None), NONE)
        .unwrap();
    let seal = Seal::Range {
        series: "ABC",
        number: 1,
        number_length: 8,
    };
    shop.seal(1, seal).unwrap();
    assert_eq!(shop.says(2, "a"), (2, 2));
    shop.reserve_without_printer(3, Wish::Report(ReportKind::Z), NONE)
        .unwrap();
    shop.seal(3, Seal::Journal).unwrap();
    assert_eq!(shop.numbers(), (3, 3));
    assert!(shop.till.shift().is_none());
}

#[test]
fn a_text_has_a_limit_and_sells_also_at_the_end_of_the_legal_limit_of_a_shift() {
    let mut shop = Shop::open();
    let longest = "ă".repeat(NONFISCAL_BYTES_MAX / 2);
    shop.says(1, &longest);
    let given = NONFISCAL_BYTES_MAX + 1;
    let refusal = Refusal::TextTooLong {
        given,
        limit: NONFISCAL_BYTES_MAX,
    };
    let longer = format!("{longest}a");
    let refused = shop.reserve_without_printer(2, Wish::Nonfiscal(&longer), NONE);
    assert_eq!(refused, Err(refusal));
    assert_eq!(shop.faults, [(Place::Text, refusal)]);
    shop.sells(3, Wish::Sale(SALE));
    shop.now += 25 * 3_600_000;
    assert!(shop.reserve(4, Wish::Sale(SALE), NONE).is_err());
    assert_eq!(shop.says(5, "Închis"), (3, 3));
}

/// The row of a text, as it is stored. It is never edited: what stands in shops must stay readable.
const ROW: &str = "01010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101010101008098d2dfbf68f001000000000000000000000000000000000103056275c4836e00027b7d";

#[test]
fn the_row_of_a_text_has_a_version_of_its_own() {
    let mut shop = Shop::open();
    shop.reserve_without_printer(1, Wish::Nonfiscal("buăn"), NONE)
        .unwrap();
    let event = shop.last();
    assert_eq!((event.kind(), event.version()), (2, 3));
    let (_, payload) = shop.journal.last().unwrap();
    let hex: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, ROW);
    assert_eq!(Event::decode(2, 3, payload).as_ref(), Ok(&event));
    // Of the other documents no such version exists.
    let mut other = Shop::open();
    other.reserve(1, Wish::Sale(SALE), NONE).unwrap();
    let (_, payload) = other.journal.last().unwrap();
    assert_eq!(Event::decode(2, 3, payload), Err(EventError::Malformed));
}

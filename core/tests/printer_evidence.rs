//! What the journal proves about a printer: whether all documents of the shift went to it, and whether its Z-report takes a document
//! number.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{Declared, PaperSays};
use ferrotill_core::id::DocumentId;
use ferrotill_core::seal::{PrinterCounters, Seal, StoredBaseline};
use ferrotill_core::till::{Command, Known, Wish};

use shop::{PRINTER, Shop, moment};

/// A printer with the same serial number and another fiscal memory, which the law regards as another printer.
const OTHER: StoredBaseline<'static> = StoredBaseline {
    fiscal_memory: "50000002",
    ..PRINTER
};

const COUNTERS: PrinterCounters = PrinterCounters {
    z_number: 2,
    sales: [Amount::ZERO; 8],
    refunds: None,
    cash: None,
    cash_in: None,
    cash_out: None,
    receipts: None,
};

fn cash(shop: &mut Shop, id: u8, printer: StoredBaseline<'_>) {
    let wish = Wish::Cash(Amount::from_minor(500));
    shop.reserve_on(printer, id, wish, Known::default())
        .unwrap();
    shop.settle(id).unwrap();
}

fn declare(shop: &mut Shop, id: u8, paper: PaperSays) {
    let declared = Declared {
        id: DocumentId([id; 16]),
        at: moment(0),
        paper,
        by: "Maria",
        fault: 77,
        why: "counters fit nothing",
    };
    shop.run(Command::Declare(declared), Known::default())
        .unwrap();
}

/// Makes a Z-report with these counters that has this number among the printer's documents.
fn z_report(
    shop: &mut Shop,
    id: u8,
    (document, counters): (u32, Option<PrinterCounters>),
    declared: bool,
) {
    let none = Known::default();
    shop.reserve(id, Wish::Report(ReportKind::Z), none).unwrap();
    if declared {
        declare(shop, id, PaperSays::Registered { document: None });
    }
    let seal = Seal::Printer {
        document,
        fiscal_receipt: None,
        counters,
        printed_at: None,
    };
    shop.run(Command::Settle(DocumentId([id; 16]), seal), none)
        .unwrap();
}

#[test]
fn day_sums_prove_something_if_all_documents_went_to_one_printer() {
    let mut shop = Shop::open();
    assert!(shop.till.sums_are_of(&PRINTER), "there is no document yet");
    cash(&mut shop, 1, PRINTER);
    assert!(shop.till.sums_are_of(&PRINTER));
    assert!(!shop.till.sums_are_of(&OTHER));
    cash(&mut shop, 6, PRINTER);
    assert!(shop.till.sums_are_of(&PRINTER), "it is the same printer");
    // Another printer is used in the middle of the shift, then the first printer again.
    cash(&mut shop, 2, OTHER);
    assert!(!shop.till.sums_are_of(&OTHER));
    cash(&mut shop, 3, PRINTER);
    assert!(!shop.till.sums_are_of(&PRINTER));
    z_report(&mut shop, 4, (8, Some(COUNTERS)), false);
    assert!(
        shop.till.sums_are_of(&OTHER),
        "a new day may begin on any printer"
    );
    cash(&mut shop, 5, OTHER);
    assert!(shop.till.sums_are_of(&OTHER));
}

#[test]
fn a_fiscal_memory_that_some_documents_lack_is_no_other_printer() {
    // With other software the printer reports its fiscal memory, or does not report it any more.
    let without = StoredBaseline {
        fiscal_memory: "",
        ..PRINTER
    };
    for (first, second) in [(PRINTER, without), (without, PRINTER)] {
        let mut shop = Shop::open();
        cash(&mut shop, 1, first);
        cash(&mut shop, 2, second);
        assert!(shop.till.sums_are_of(&first));
        assert!(shop.till.sums_are_of(&second));
        assert!(
            !shop.till.sums_are_of(&OTHER),
            "the memory was reported once"
        );
        // A document on the other memory is one of another printer, also if the memory was not reported in between.
        cash(&mut shop, 3, without);
        cash(&mut shop, 4, OTHER);
        for printer in [PRINTER, without, OTHER] {
            assert!(!shop.till.sums_are_of(&printer), "{printer:?}");
        }
        z_report(&mut shop, 5, (8, Some(COUNTERS)), false);
        cash(&mut shop, 6, first);
        assert!(shop.till.z_takes_a_number_on(&second));
    }
}

#[test]
fn no_other_printer_is_mistaken_for_it() {
    let mut shop = Shop::open();
    cash(&mut shop, 1, PRINTER);
    for number in 2..5_000 {
        let (serial, memory) = (format!("DT{number:06}"), format!("5{number:07}"));
        for other in [
            StoredBaseline {
                serial: &serial,
                ..PRINTER
            },
            StoredBaseline {
                fiscal_memory: &memory,
                ..PRINTER
            },
        ] {
            assert!(!shop.till.sums_are_of(&other), "{other:?}");
        }
    }
    // If the same digits are divided differently between serial number and fiscal memory, it is a different printer.
    let shifted = StoredBaseline {
        serial: "DT0000015",
        fiscal_memory: "0000001",
        ..PRINTER
    };
    assert!(!shop.till.sums_are_of(&shifted));
}

#[test]
fn day_sums_prove_nothing_after_an_operators_declaration() {
    let mut shop = Shop::open();
    cash(&mut shop, 1, PRINTER);
    shop.reserve(2, Wish::Cash(Amount::from_minor(700)), Known::default())
        .unwrap();
    declare(&mut shop, 2, PaperSays::NotRegistered);
    let void = Command::Void(DocumentId([2; 16]), 77, "not on the paper");
    shop.run(void, Known::default()).unwrap();
    assert!(
        !shop.till.sums_are_of(&PRINTER),
        "the declaration may be wrong"
    );
    cash(&mut shop, 3, PRINTER);
    assert!(!shop.till.sums_are_of(&PRINTER));
    z_report(&mut shop, 4, (8, Some(COUNTERS)), false);
    assert!(
        shop.till.sums_are_of(&PRINTER),
        "the printer counts from zero again"
    );

    // If the Z-report itself was declared, it is not certain that the printer counts from zero again.
    cash(&mut shop, 5, PRINTER);
    z_report(&mut shop, 6, (8, None), true);
    assert!(!shop.till.sums_are_of(&PRINTER));
    cash(&mut shop, 7, PRINTER);
    assert!(!shop.till.sums_are_of(&PRINTER));
    z_report(&mut shop, 8, (8, Some(COUNTERS)), false);
    assert!(shop.till.sums_are_of(&PRINTER));
}

#[test]
fn the_last_z_report_shows_whether_it_takes_one_document_number() {
    let skipped = PrinterCounters {
        z_number: 3,
        ..COUNTERS
    };
    let mut shop = Shop::open();
    assert!(
        !shop.till.z_takes_a_number_on(&PRINTER),
        "there was no Z-report yet"
    );
    let mut id = 0;
    // Only the last Z-report counts; a document of the next day changes nothing.
    for (document, counters, declared, takes) in [
        (8, Some(COUNTERS), false, true),
        (7, Some(COUNTERS), false, false),
        (8, Some(COUNTERS), false, true),
        (9, Some(COUNTERS), false, false),
        (8, Some(COUNTERS), false, true),
        (8, Some(skipped), false, false),
        (8, Some(COUNTERS), false, true),
        (8, None, true, false),
    ] {
        cash(&mut shop, id + 1, PRINTER);
        z_report(&mut shop, id + 2, (document, counters), declared);
        cash(&mut shop, id + 3, PRINTER);
        let case = (
            document,
            counters.map(|counters| counters.z_number),
            declared,
        );
        assert_eq!(shop.till.z_takes_a_number_on(&PRINTER), takes, "{case:?}");
        assert!(!shop.till.z_takes_a_number_on(&OTHER), "{case:?}");
        id += 3;
    }
}

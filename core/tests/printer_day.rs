//! A Z-report that the printer makes by itself: how the till notices such a report, and what the till records.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod shop;

use ferrotill_core::Amount;
use ferrotill_core::document::ReportKind;
use ferrotill_core::event::{ClosedByPrinter, Event};
use ferrotill_core::id::DocumentId;
use ferrotill_core::refusal::{Field, Place, Refusal};
use ferrotill_core::seal::{PrinterDay, StoredBaseline};
use ferrotill_core::till::{Command, Known, Till, Wish};

use shop::{NOON, SALE, Shop, moment};

const EARLIER: StoredBaseline<'static> = StoredBaseline {
    family: "datecs",
    serial: "DT000001",
    fiscal_memory: "50000001",
    last_document: 7,
    next_fiscal_receipt: 3,
    z_number: 1,
    cash: Amount::from_minor(1_858),
    cash_in: Amount::from_minor(500),
    cash_out: Amount::from_minor(20),
};

/// The row of a printer's own Z-report as version 1 writes it. Never edit this row; see `golden.rs`.
const ROW: &str = "8 d0a7d2dfbf68f00101090909090909090909090909090909090106323131313236\
08445430303030303108353030303030303108010200\
0000";

fn noted(document: Option<u8>) -> ClosedByPrinter<'static> {
    ClosedByPrinter {
        at: moment(0),
        document: document.map(|id| DocumentId([id; 16])),
        z_number_known: 1,
        day: "211126",
        now: StoredBaseline {
            last_document: 8,
            next_fiscal_receipt: 1,
            z_number: 2,
            cash: Amount::ZERO,
            cash_in: Amount::ZERO,
            cash_out: Amount::ZERO,
            ..EARLIER
        },
    }
}

type Case = (&'static str, StoredBaseline<'static>, PrinterDay);

/// Reported counters of a printer that reports the number of its Z-reports, and what they mean.
fn days_with_z_numbers() -> Vec<Case> {
    vec![
        ("nothing happened", EARLIER, PrinterDay::Open),
        (
            "a sale, a refund, cash in and out",
            StoredBaseline {
                last_document: 11,
                next_fiscal_receipt: 5,
                cash: Amount::ZERO,
                cash_in: Amount::from_minor(501),
                cash_out: Amount::from_minor(21),
                ..EARLIER
            },
            PrinterDay::Open,
        ),
        (
            "a counter that is not reported any more",
            StoredBaseline {
                next_fiscal_receipt: 0,
                ..EARLIER
            },
            PrinterDay::Open,
        ),
        ("one Z-report", noted(None).now, PrinterDay::Closed),
        (
            "two Z-reports, and sales of a new day",
            StoredBaseline {
                z_number: 3,
                last_document: 90,
                next_fiscal_receipt: 60,
                ..EARLIER
            },
            PrinterDay::Closed,
        ),
        (
            "a lost fiscal memory",
            StoredBaseline {
                last_document: 0,
                next_fiscal_receipt: 1,
                z_number: 1,
                cash_in: Amount::ZERO,
                ..EARLIER
            },
            PrinterDay::Lost,
        ),
        (
            "a Z-report number that went back",
            StoredBaseline {
                z_number: 0,
                last_document: 90,
                ..EARLIER
            },
            PrinterDay::Lost,
        ),
        (
            "cash that went away without a document",
            StoredBaseline {
                cash_in: Amount::ZERO,
                ..EARLIER
            },
            PrinterDay::Lost,
        ),
        (
            "another fiscal memory in the same printer",
            StoredBaseline {
                fiscal_memory: "50000002",
                z_number: 9,
                ..EARLIER
            },
            PrinterDay::Another,
        ),
        (
            "the same printer with software that does not report its fiscal memory",
            StoredBaseline {
                fiscal_memory: "",
                ..EARLIER
            },
            PrinterDay::Open,
        ),
        (
            "another printer",
            StoredBaseline {
                serial: "DT000002",
                ..EARLIER
            },
            PrinterDay::Another,
        ),
    ]
}

#[test]
fn a_closed_day_is_distinguished_from_an_open_one() {
    let mut cases = days_with_z_numbers();
    // A printer that does not report the number of its Z-reports: counters that begin again each day show the new day.
    for began_again in [
        StoredBaseline {
            next_fiscal_receipt: 1,
            ..EARLIER
        },
        StoredBaseline {
            cash_in: Amount::ZERO,
            ..EARLIER
        },
        StoredBaseline {
            cash_out: Amount::ZERO,
            ..EARLIER
        },
    ] {
        let unreported = StoredBaseline {
            last_document: 8,
            ..began_again
        };
        cases.push((
            "a Z-report that is not reported",
            unreported,
            PrinterDay::Closed,
        ));
    }
    for (what, now, day) in cases {
        assert_eq!(now.day_since(&EARLIER), day, "{what}");
    }
}

#[test]
fn the_printers_z_report_is_noted_after_the_z_report_that_closes_the_shift() {
    let mut shop = Shop::open();
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    shop.settle(1).unwrap();
    shop.now = NOON + 1_000;
    shop.reserve(9, Wish::Report(ReportKind::Z), Known::default())
        .unwrap();
    assert_eq!(
        shop.run(Command::NoteClosed(noted(Some(9))), Known::default())
            .unwrap_err(),
        Refusal::DeviceUnsettled,
        "an outstanding document is settled first: it may be this very report"
    );
    shop.settle(9).unwrap();
    let before = shop.till.clone();
    shop.run(Command::NoteClosed(noted(Some(9))), Known::default())
        .unwrap();
    let Event::ClosedByPrinter(closed) = shop.last() else {
        panic!()
    };
    assert_eq!(
        closed,
        ClosedByPrinter {
            at: moment(NOON + 1_000),
            ..noted(Some(9))
        }
    );
    assert_eq!(shop.till, before, "the shift is already closed");
    assert_eq!((shop.till.last_z(), shop.till.shift()), (1, None));
}

#[test]
fn a_printers_z_report_without_an_open_shift_changes_no_number() {
    let mut shop = Shop::open();
    shop.run(Command::NoteClosed(noted(None)), Known::default())
        .unwrap();
    assert_eq!((shop.till.last_number(), shop.till.last_z()), (0, 0));
    // A later document has a later moment.
    shop.now = NOON - 5_000;
    shop.reserve(1, Wish::Sale(SALE), Known::default()).unwrap();
    let Event::Reserved(reserved) = shop.last() else {
        panic!()
    };
    assert_eq!((reserved.at, reserved.z_number), (moment(NOON + 1), 1));
}

#[test]
fn another_printer_cannot_continue_an_open_shift() {
    let mut shop = Shop::open();
    let swapped = Known {
        printer_swapped: true,
        ..Known::default()
    };
    // Without an open shift another printer may be used.
    shop.reserve(1, Wish::Sale(SALE), swapped).unwrap();
    shop.settle(1).unwrap();
    for wish in [
        Wish::Sale(SALE),
        Wish::Cash(Amount::from_minor(1)),
        Wish::Report(ReportKind::Z),
    ] {
        assert_eq!(
            shop.reserve(2, wish, swapped),
            Err(Refusal::PrinterSwapped),
            "{wish:?}"
        );
    }
    shop.reserve(2, Wish::AlternativeSale(SALE, None), swapped)
        .unwrap();
}

#[test]
fn a_receipt_with_other_rates_than_the_printer_is_refused() {
    let mut shop = Shop::open();
    let mut rates = [None; 8];
    let sell = |shop: &mut Shop, rates: &[Option<u32>; 8], wish| {
        let known = Known {
            printer_rates: Some(rates),
            ..Known::default()
        };
        shop.reserve(1, wish, known)
    };
    // The sale is in the groups A (20 %) and B (8 %).
    rates[0] = Some(200_000);
    rates[1] = Some(90_000);
    rates[2] = Some(1);
    let refused = sell(&mut shop, &rates, Wish::Sale(SALE)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the printer has 9.00 percent for the tax group B, and the receipt 8.00"
    );
    assert_eq!(
        shop.faults,
        [(Place::Line(0, Field::TaxGroup), refused)],
        "only the line of that group"
    );
    sell(&mut shop, &rates, Wish::AlternativeSale(SALE, None)).unwrap();
    let seal = ferrotill_core::seal::Seal::Range {
        series: "ABC",
        number: 1,
        number_length: 8,
    };
    shop.run(Command::Settle(DocumentId([1; 16]), seal), Known::default())
        .unwrap();
    // A group whose rate the printer does not report is not checked: the printer itself refuses to sell in it.
    rates[1] = None;
    sell(&mut shop, &rates, Wish::Sale(SALE)).unwrap();
}

#[test]
fn a_row_of_version_1_still_means_the_same() {
    let event = Event::ClosedByPrinter(ClosedByPrinter {
        at: moment(NOON + 1_000),
        ..noted(Some(9))
    });
    let payload: Vec<u8> = (2..ROW.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&ROW[at..at + 2], 16).unwrap())
        .collect();
    let Event::ClosedByPrinter(read) = Event::decode(8, 1, &payload).unwrap() else {
        panic!("a row of another kind");
    };
    assert_eq!(read.now.family, StoredBaseline::FAMILY_UNKNOWN);
    let now = StoredBaseline {
        family: EARLIER.family,
        ..read.now
    };
    assert_eq!(
        Event::ClosedByPrinter(ClosedByPrinter { now, ..read }),
        event
    );
    let mut till = Till::default();
    till.apply(&event);
    assert_eq!(till.last_number(), 0);
}

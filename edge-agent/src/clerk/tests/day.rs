//! What people do at the printer: its own Z-report, another printer, other tax rates.

use std::sync::atomic::Ordering;

use ferrotill_core::event::{ClosedByPrinter, Event};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::{Amount, id::DocumentId};
use ferrotill_device::Fault;
use ferrotill_device::printer::{
    Baseline, ClosedDay, DaySums, Job, Outcome, PrinterReport, Registered,
};

use super::stage::*;
use crate::clerk::{Answer, FiscalState};
use crate::order::ReceiptMode;

/// The journal's number of the printer's own Z-report.
pub(super) const CLOSED_BY_PRINTER: u16 = 8;

/// The counters after a Z-report as this document, and the next day's receipts up to the last document.
pub(super) fn next_day(z_number: u32, z_document: u32, last_document: u32) -> Baseline {
    Baseline {
        z_number: Some(z_number),
        last_document,
        next_fiscal_receipt: last_document - z_document + 1,
        ..baseline(0)
    }
}

/// What the fiscal memory tells of the day: so much in group B.
pub(super) fn closed(z_number: u32, sold: i64) -> ClosedDay {
    let mut groups = [Amount::ZERO; 8];
    groups[1] = Amount::from_minor(sold);
    ClosedDay {
        z_number,
        groups,
        day: "211126".to_owned(),
    }
}

fn note(stage: &Stage) -> (Option<DocumentId>, u32, String, Baseline) {
    let rows = Stage::payloads_of(stage.path(), CLOSED_BY_PRINTER);
    let Ok(Event::ClosedByPrinter(ClosedByPrinter {
        document,
        z_number_known,
        day,
        now,
        ..
    })) = Event::decode(CLOSED_BY_PRINTER, Event::VERSION, rows.last().unwrap())
    else {
        panic!("{rows:?}");
    };
    let now = crate::seal::printer::job::baseline_of(&now);
    (document, z_number_known, day.to_owned(), now)
}

#[test]
fn a_z_report_at_the_keyboard_closes_the_shift_and_the_next_sale_opens_another() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!first.replayed());

    let second = stage.order(sale(2, 900), PATIENT);
    assert_eq!(stage.printer().call().baseline, baseline(1));
    stage
        .printer()
        .remember(|memory| memory.last_z = Some(closed(1, 700)));
    stage.printer().reply(moved(next_day(1, 2, 2)));
    // Nothing was begun: the sale is given to the printer again, in its new day.
    let call = stage.printer().call();
    assert_eq!(
        (total_of(&call), &call.baseline),
        (Some(900), &next_day(1, 2, 2))
    );
    stage.printer().reply(registered_at(next_day(1, 2, 3)));
    assert!(!second.replayed());

    assert_eq!(stage.sealed(1).0, 1);
    let z = stage.newest_z();
    let sealed = z.sealed().unwrap();
    assert_eq!((sealed.number, sealed.current_number), (2, 2));
    let Seal::Printer {
        document: 2,
        counters: Some(counters),
        ..
    } = sealed.seal
    else {
        panic!("{:?}", sealed.seal);
    };
    assert_eq!((counters.z_number, counters.sales[1].minor()), (1, 700));
    let figures = sealed.report.clone().unwrap();
    assert_eq!(figures.shift.z_number, 1);
    assert_eq!(figures.shift.sales.receipts.amount.minor(), 810);
    let reconciliation = figures.reconciliation.unwrap();
    assert_eq!(
        reconciliation.sales[1].minor(),
        110,
        "where the printer's day was another than ours, the report says so"
    );
    assert_eq!(
        note(&stage),
        (
            Some(DocumentId(*z.row.id.as_bytes())),
            0,
            "211126".to_owned(),
            next_day(1, 2, 2)
        )
    );
    let next = stage.find(2).unwrap();
    let next = next.sealed().unwrap();
    assert_eq!((next.number, next.current_number), (3, 1), "a new shift");
    assert_eq!(
        stage.letters(),
        3,
        "the office hears of it like of any Z-report"
    );
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 1);
}

#[test]
fn one_that_was_made_while_the_agent_was_away_is_booked_once() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    // Two reports, and a receipt in between that nobody here knows.
    stage.printer().remember(|memory| {
        memory.baseline = next_day(2, 4, 4);
        memory.last_z = Some(closed(2, 5));
    });
    let stage = stage.restart();
    stage.until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    let z = stage.newest_z();
    assert_eq!(
        z.sealed().unwrap().seal,
        Seal::Printer {
            document: 0,
            fiscal_receipt: None,
            counters: None
        },
        "what is not known of the report is not made up"
    );
    let stage = stage.restart();
    let next = stage.order(sale(2, 900), PATIENT);
    let call = stage.printer().call();
    assert_eq!(call.baseline, next_day(2, 4, 4));
    stage.printer().reply(registered_at(next_day(2, 4, 5)));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(2).0, 3);
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 1);
}

#[test]
fn one_from_before_a_shift_of_alternative_receipts_does_not_close_it() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!first.replayed());
    let z = stage.order(z_report(2), PATIENT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(registered_at(next_day(1, 2, 2)));
    assert!(!z.replayed());

    // In the night somebody asks for another one, and the till opens before its printer is there.
    stage.printer().remember(|memory| {
        memory.baseline = next_day(2, 3, 3);
        memory.last_z = Some(closed(2, 0));
    });
    let stage = stage.restart_with(false);
    let alternative = stage.order(
        sale_as(3, 500, ReceiptMode::AlternativeOnly, false),
        PATIENT,
    );
    assert!(!alternative.replayed());
    stage.printer().present.store(true, Ordering::Release);
    stage.until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    assert_eq!(note(&stage).0, None, "it closes nothing of ours");
    let second = stage.order(sale(4, 900), PATIENT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(2, 3, 4)));
    assert!(!second.replayed());
    let sealed = stage.find(4).unwrap();
    assert_eq!(
        sealed.sealed().unwrap().current_number,
        2,
        "in the same shift"
    );
}

#[test]
fn one_without_a_shift_of_ours_is_noted_and_takes_no_number() {
    let stage = Stage::new();
    stage.printer().remember(|memory| {
        memory.baseline = next_day(1, 3, 3);
        memory.last_z = Some(closed(1, 0));
    });
    // The first counters ever: there is nothing that they could be held against.
    let stage = stage.restart();
    let first = stage.order(sale(1, 810), PATIENT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(1, 3, 4)));
    assert!(!first.replayed());
    let closing = stage.order(z_report(2), PATIENT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(registered_at(next_day(2, 5, 5)));
    assert!(!closing.replayed());
    assert_eq!(
        Stage::rows_of(stage.path(), CLOSED_BY_PRINTER),
        0,
        "that was ours"
    );

    stage.printer().remember(|memory| {
        memory.baseline = next_day(3, 6, 6);
        memory.last_z = Some(closed(3, 0));
    });
    let stage = stage.restart();
    stage.until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    assert_eq!(
        note(&stage),
        (None, 2, "211126".to_owned(), next_day(3, 6, 6))
    );
    let stage = stage.restart();
    let next = stage.order(sale(3, 900), PATIENT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(3, 6, 7)));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(3).0, 3, "no number was taken");
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 1);
}

#[test]
fn our_own_report_that_a_crash_interrupted_is_booked_once() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    let closing = stage.order(z_report(2), PATIENT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    // The printer has made it, and the host goes down before it hears of it.
    stage.printer().remember(|memory| {
        memory.baseline = next_day(1, 2, 2);
        memory.last_z = Some(closed(1, 810));
    });
    stage.printer().reply(Outcome::Unknown(Fault::NoAnswer));
    assert!(stage.printer().call().recover);
    let stage = stage.restart();
    drop(closing);
    let asked = stage.printer().call();
    assert!(asked.recover && asked.job == Job::ZReport);
    assert_eq!(asked.baseline, baseline(1));
    stage.printer().reply(registered_at(next_day(1, 2, 2)));
    let next = stage.order(sale(3, 900), PATIENT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(1, 2, 3)));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(2), (2, "z_report".to_owned()));
    assert_eq!(stage.sealed(3).0, 3);
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);
}

#[test]
fn a_report_whose_booking_could_not_be_written_is_booked_when_the_disk_is_back() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    let second = stage.order(sale(2, 900), PATIENT);
    stage.printer().call();
    stage.break_disk(Trouble::Commit);
    stage.printer().reply(moved(next_day(1, 2, 2)));
    assert!(second.nobody_knows());
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);
    stage.mend_disk();
    stage.until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    let second = stage.order(sale(2, 900), PATIENT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(1, 2, 3)));
    assert!(!second.replayed());
    assert_eq!(stage.sealed(2).0, 3);
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 1);
}

#[test]
fn another_printer_gets_nothing_of_an_open_shift() {
    let other = Baseline {
        serial: "SC000002".to_owned(),
        z_number: Some(40),
        ..baseline(900)
    };
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    stage
        .printer()
        .remember(|memory| memory.baseline = other.clone());
    let stage = stage.restart();
    stage.until_ready(0);
    for form in [sale(2, 900), z_report(2)] {
        let answer = stage.order(form, PATIENT).answer();
        assert!(
            matches!(
                answer,
                Answer::Refused {
                    refusal: Refusal::PrinterSwapped,
                    state: FiscalState::NotRegistered,
                    ..
                }
            ),
            "{answer:?}"
        );
    }
    assert!(stage.printer().is_quiet());
    let objections = stage.live_status.printer(device(0)).objections;
    assert!(objections[0].contains("another printer"), "{objections:?}");
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);

    // The shift's own printer is back.
    stage
        .printer()
        .remember(|memory| memory.baseline = baseline(1));
    let stage = stage.restart();
    let closing = stage.order(z_report(2), PATIENT);
    assert_eq!(stage.printer().call().baseline, baseline(1));
    stage.printer().reply(registered_at(next_day(1, 2, 2)));
    assert!(!closing.replayed());
    // Between two shifts another one is welcome.
    stage
        .printer()
        .remember(|memory| memory.baseline = other.clone());
    let stage = stage.restart();
    let next = stage.order(sale(3, 900), PATIENT);
    assert_eq!(stage.printer().call().baseline, other);
    stage.printer().reply(registered_at(Baseline {
        last_document: 901,
        next_fiscal_receipt: 902,
        ..other
    }));
    assert!(!next.replayed());
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);
}

#[test]
fn a_receipt_that_the_printer_would_print_with_other_rates_is_refused() {
    let mut groups = [None; 8];
    groups[1] = Some(90_000);
    let stage = Stage::new();
    stage.printer().remember(|memory| memory.groups = groups);
    let stage = stage.restart();
    stage.until_ready(0);
    let answer = stage.order(sale(1, 810), PATIENT).answer();
    let Answer::Refused {
        refusal: refusal @ Refusal::PrinterRateDiffers { .. },
        faults,
        state: FiscalState::NotRegistered,
    } = answer
    else {
        panic!("{answer:?}");
    };
    assert_eq!(faults.len(), 1);
    assert_eq!(
        refusal.to_string(),
        "the printer has 9.00 percent for the tax group B, and the receipt 8.00"
    );
    assert!(stage.printer().is_quiet());
    let objections = stage.live_status.printer(device(0)).objections;
    assert_eq!(
        objections,
        ["group B: 8.0000 percent configured, 9.0000 in the printer"]
    );
    // Put right, it sells.
    groups[1] = Some(80_000);
    stage.printer().remember(|memory| memory.groups = groups);
    let stage = stage.restart();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    assert!(stage.live_status.printer(device(0)).objections.is_empty());
}

#[test]
fn what_the_books_know_of_the_day_goes_along_with_a_document() {
    // The books come along whenever the printer is asked what became of a document.
    let asked_again = |stage: &Stage| {
        stage.printer().call();
        stage.printer().reply(Outcome::Unknown(Fault::NoAnswer));
        let asked = stage.printer().call();
        assert!(asked.recover);
        asked.books
    };
    let of_b = |minor| {
        let mut groups = [Amount::ZERO; 8];
        groups[1] = Amount::from_minor(minor);
        groups
    };
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), PATIENT);
    let books = asked_again(&stage);
    assert_eq!(
        books.day,
        Some(DaySums::default()),
        "its own sum is no part of it"
    );
    assert!(!books.z_takes_a_number, "no Z-report was seen");
    stage.printer().reply(registered(1));
    assert!(!first.replayed());

    let second = stage.order(sale(2, 900), PATIENT);
    let books = asked_again(&stage);
    assert_eq!(books.day.unwrap().sales, of_b(810));
    stage.printer().reply(registered(2));
    assert!(!second.replayed());

    // Its own Z-report took one number: from now on that is known of this printer, in the next process too.
    let z = stage.order(z_report(3), PATIENT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    let after = next_day(1, 3, 3);
    stage
        .printer()
        .remember(|memory| memory.baseline = after.clone());
    stage.printer().reply(closed_at(after.clone(), of_b(1_710)));
    assert!(!z.replayed());
    let stage = stage.restart();
    stage.until_ready(0);
    let third = stage.order(sale(4, 100), PATIENT);
    let books = asked_again(&stage);
    assert_eq!(books.day, Some(DaySums::default()));
    assert!(books.z_takes_a_number);
    stage.printer().reply(registered_at(next_day(1, 3, 4)));
    assert!(!third.replayed());
}

/// The printer has closed its day on our order.
fn closed_at(after: Baseline, sales: [Amount; 8]) -> Outcome {
    let Outcome::Registered(registered) = registered_at(after) else {
        unreachable!();
    };
    let report = PrinterReport {
        z_number: registered.after.z_number,
        groups: sales,
        refunds: None,
        payments: None,
        cash: None,
        cash_in: None,
        cash_out: None,
        fiscal_receipts: None,
    };
    Outcome::Registered(Registered {
        report: Some(report),
        ..registered
    })
}

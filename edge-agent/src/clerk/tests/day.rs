//! Changes at the printer that did not come from the agent: its own Z-report, another printer, other tax rates.

use std::sync::atomic::Ordering;

use ferrotill_core::event::{ClosedByPrinter, Event};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::{Amount, id::DocumentId};
use ferrotill_device::Fault;
use ferrotill_device::printer::{
    Baseline, ClosedDay, DaySums, Job, Performed, PrinterReport, Registered,
};

use super::others::go_on;
use super::stage::*;
use crate::clerk::{Answer, FiscalState, ResourceOutcome};
use crate::order::ReceiptMode;

/// The number of the event `ClosedByPrinter` in the journal.
pub(super) const CLOSED_BY_PRINTER: u16 = 8;

/// The counters after a Z-report with the document number `z_document`, and after the next day's receipts up to `last_document`.
pub(super) fn next_day(z_number: u32, z_document: u32, last_document: u32) -> Baseline {
    Baseline {
        z_number: Some(z_number),
        last_document,
        next_fiscal_receipt: last_document - z_document + 1,
        ..baseline(0)
    }
}

/// The day that the fiscal memory reports for a Z-report, with this amount sold in group B.
pub(super) fn closed(z_number: u32, sold: i64) -> ClosedDay {
    let mut groups = [Amount::ZERO; 8];
    groups[1] = Amount::from_minor(sold);
    ClosedDay {
        z_number,
        groups,
        day: "211126".to_owned(),
    }
}

fn last_note(stage: &Stage) -> (Option<DocumentId>, u32, String, Baseline) {
    let rows = Stage::payloads_of(stage.path(), CLOSED_BY_PRINTER);
    let Ok(Event::ClosedByPrinter(ClosedByPrinter {
        document,
        z_number_known,
        day,
        now,
        ..
    })) = Event::decode(
        CLOSED_BY_PRINTER,
        Event::version_of(CLOSED_BY_PRINTER),
        rows.last().unwrap(),
    )
    else {
        panic!("{rows:?}");
    };
    let now = crate::seal::printer::job::baseline_of(&now);
    (document, z_number_known, day.to_owned(), now)
}

#[test]
fn a_z_report_at_the_keyboard_closes_the_shift_and_the_next_sale_opens_another() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!first.replayed());

    let second = stage.order(sale(2, 900), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().baseline, baseline(1));
    stage
        .printer()
        .remember(|memory| memory.last_z = Some(closed(1, 700)));
    stage.printer().reply(moved(next_day(1, 2, 2)));
    // The printer has not begun the sale, so the sale is sent to the printer again, in the printer's new day.
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
        "the report shows where the printer's sums differ from the till's"
    );
    assert_eq!(
        last_note(&stage),
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
        stage.outbox_entries(),
        3,
        "the Z-report is sent to the authority like any other"
    );
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 1);
}

#[test]
fn a_z_report_made_while_the_agent_was_stopped_is_recorded_once() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    // The printer made two Z-reports, and between them a receipt that the journal does not contain.
    stage.printer().remember(|memory| {
        memory.baseline = next_day(2, 4, 4);
        memory.last_z = Some(closed(2, 5));
    });
    let stage = stage.restart();
    stage.wait_until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    let z = stage.newest_z();
    assert_eq!(
        z.sealed().unwrap().seal,
        Seal::Printer {
            document: 0,
            fiscal_receipt: None,
            counters: None,
            printed_at: None,
        },
        "unknown figures of the Z-report stay empty"
    );
    let stage = stage.restart();
    assert_eq!(go_on(&stage, device(0)), ResourceOutcome::Done);
    let next = stage.order(sale(2, 900), LONG_TIMEOUT);
    let call = stage.printer().call();
    assert_eq!(call.baseline, next_day(2, 4, 4));
    stage.printer().reply(registered_at(next_day(2, 4, 5)));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(2).0, 3);
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 1);
}

#[test]
fn an_earlier_z_report_does_not_close_a_shift_of_alternative_receipts() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!first.replayed());
    let z = stage.order(z_report(2), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(registered_at(next_day(1, 2, 2)));
    assert!(!z.replayed());

    // In the night the printer makes another Z-report. In the morning the till opens before its printer is connected.
    stage.printer().remember(|memory| {
        memory.baseline = next_day(2, 3, 3);
        memory.last_z = Some(closed(2, 0));
    });
    let stage = stage.restart_with(false);
    let alternative = stage.order(
        sale_as(3, 500, ReceiptMode::AlternativeOnly, false),
        LONG_TIMEOUT,
    );
    assert!(!alternative.replayed());
    stage.printer().present.store(true, Ordering::Release);
    stage.wait_until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    assert_eq!(last_note(&stage).0, None, "it closes no shift of the till");
    let second = stage.order(sale(4, 900), LONG_TIMEOUT);
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
fn a_z_report_without_an_open_shift_is_noted_and_uses_no_number() {
    let stage = Stage::new();
    stage.printer().remember(|memory| {
        memory.baseline = next_day(1, 3, 3);
        memory.last_z = Some(closed(1, 0));
    });
    // These are the first counters that the till reads, so that it cannot compare them with earlier ones.
    let stage = stage.restart();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(1, 3, 4)));
    assert!(!first.replayed());
    let closing = stage.order(z_report(2), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(registered_at(next_day(2, 5, 5)));
    assert!(!closing.replayed());
    assert_eq!(
        Stage::rows_of(stage.path(), CLOSED_BY_PRINTER),
        0,
        "the till itself ordered this Z-report"
    );

    stage.printer().remember(|memory| {
        memory.baseline = next_day(3, 6, 6);
        memory.last_z = Some(closed(3, 0));
    });
    let stage = stage.restart();
    stage.wait_until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    assert_eq!(
        last_note(&stage),
        (None, 2, "211126".to_owned(), next_day(3, 6, 6))
    );
    let stage = stage.restart();
    let next = stage.order(sale(3, 900), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(3, 6, 7)));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(3).0, 3, "the note used no number");
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 1);
}

#[test]
fn a_z_report_of_the_till_that_a_crash_interrupted_is_recorded_once() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    let closing = stage.order(z_report(2), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    // The printer has made the Z-report, and the agent stops before it gets the answer.
    stage.printer().remember(|memory| {
        memory.baseline = next_day(1, 2, 2);
        memory.last_z = Some(closed(1, 810));
    });
    stage.printer().reply(Performed::Unknown(Fault::NoAnswer));
    assert!(stage.printer().call().recover);
    let stage = stage.restart();
    drop(closing);
    let asked = stage.printer().call();
    assert!(asked.recover && asked.job == Job::ZReport);
    assert_eq!(asked.baseline, baseline(1));
    stage.printer().reply(registered_at(next_day(1, 2, 2)));
    let next = stage.order(sale(3, 900), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(1, 2, 3)));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(2), (2, "z_report".to_owned()));
    assert_eq!(stage.sealed(3).0, 3);
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);
}

#[test]
fn a_printers_z_report_that_could_not_be_written_is_recorded_when_the_disk_works_again() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    let second = stage.order(sale(2, 900), LONG_TIMEOUT);
    stage.printer().call();
    stage.break_disk(WriteFailure::Commit);
    stage.printer().reply(moved(next_day(1, 2, 2)));
    assert!(second.outcome_unknown());
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);
    stage.repair_disk();
    stage.wait_until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    let second = stage.order(sale(2, 900), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(1, 2, 3)));
    assert!(!second.replayed());
    assert_eq!(stage.sealed(2).0, 3);
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 1);
}

#[test]
fn another_printer_gets_no_document_of_an_open_shift() {
    let other = Baseline {
        serial: "SC000002".to_owned(),
        z_number: Some(40),
        ..baseline(900)
    };
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    stage
        .printer()
        .remember(|memory| memory.baseline = other.clone());
    let stage = stage.restart();
    stage.wait_until_ready(0);
    for form in [sale(2, 900), z_report(2)] {
        let answer = stage.order(form, LONG_TIMEOUT).answer();
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
    assert!(
        objections[0]
            .text
            .contains("not the printer of the open shift"),
        "{objections:?}"
    );
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);

    // The printer of the shift is connected again.
    stage
        .printer()
        .remember(|memory| memory.baseline = baseline(1));
    let stage = stage.restart();
    let closing = stage.order(z_report(2), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().baseline, baseline(1));
    stage.printer().reply(registered_at(next_day(1, 2, 2)));
    assert!(!closing.replayed());
    // Between two shifts another printer is accepted.
    stage
        .printer()
        .remember(|memory| memory.baseline = other.clone());
    let stage = stage.restart();
    let next = stage.order(sale(3, 900), LONG_TIMEOUT);
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
    stage.wait_until_ready(0);
    let answer = stage.order(sale(1, 810), LONG_TIMEOUT).answer();
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
        objections
            .iter()
            .map(|it| it.text.as_str())
            .collect::<Vec<_>>(),
        [
            "the printer has 9.00 percent for the tax group B, and the receipt 8.00; set the same rate in the printer and in the configuration"
        ]
    );
    // With the right rate in the printer, the sale is accepted.
    groups[1] = Some(80_000);
    stage.printer().remember(|memory| memory.groups = groups);
    let stage = stage.restart();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    assert!(stage.live_status.printer(device(0)).objections.is_empty());
}

#[test]
fn a_recovery_task_carries_the_day_sums_of_the_journal() {
    // The journal's evidence in the task that asks the printer what became of a document.
    let asked_again = |stage: &Stage| {
        stage.printer().call();
        stage.printer().reply(Performed::Unknown(Fault::NoAnswer));
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
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    let evidence = asked_again(&stage);
    assert_eq!(
        evidence.day,
        Some(DaySums::default()),
        "the document's own amount is not in the sums"
    );
    assert!(!evidence.z_takes_a_number, "no Z-report was seen");
    stage.printer().reply(registered(1));
    assert!(!first.replayed());

    let second = stage.order(sale(2, 900), LONG_TIMEOUT);
    let evidence = asked_again(&stage);
    assert_eq!(evidence.day.unwrap().sales, of_b(810));
    stage.printer().reply(registered(2));
    assert!(!second.replayed());

    // The till's Z-report used one document number of the printer. The journal contains this number from now on, also after a
    // restart.
    let z = stage.order(z_report(3), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    let after = next_day(1, 3, 3);
    stage
        .printer()
        .remember(|memory| memory.baseline = after.clone());
    stage.printer().reply(closed_at(after.clone(), of_b(1_710)));
    assert!(!z.replayed());
    let stage = stage.restart();
    stage.wait_until_ready(0);
    let third = stage.order(sale(4, 100), LONG_TIMEOUT);
    let evidence = asked_again(&stage);
    assert_eq!(evidence.day, Some(DaySums::default()));
    assert!(evidence.z_takes_a_number);
    stage.printer().reply(registered_at(next_day(1, 3, 4)));
    assert!(!third.replayed());
}

/// The outcome of a Z-report that the till ordered.
fn closed_at(after: Baseline, sales: [Amount; 8]) -> Performed {
    let Performed::Registered(registered) = registered_at(after) else {
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
    Performed::Registered(Registered {
        report: Some(report),
        ..registered
    })
}

//! The jobs of one device: turns between documents, slips and the drawer, and nothing that is carried out behind an answer.

use std::sync::atomic::Ordering;
use std::time::Duration;

use ferrotill_core::seal::Seal;
use ferrotill_device::Fault;
use ferrotill_device::printer::{Job, Performed};

use super::stage::*;
use crate::clerk::{Answer, DrawerOutcome};
use crate::order::ReceiptMode;

/// An alternative receipt whose slip is printed.
fn with_slip(id: u128) -> crate::order::OrderForm {
    sale_as(id, 100, ReceiptMode::AlternativeOnly, true)
}

fn pulses(stage: &Stage) -> u32 {
    stage.printer().pulses.load(Ordering::Acquire)
}

#[test]
fn no_drawer_request_that_was_refused_is_carried_out_later() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(Performed::Unknown(Fault::NoAnswer));
    stage.printer().call();
    let requests: Vec<_> = (0..20)
        .map(|_| stage.request_drawer(0, SHORT_TIMEOUT))
        .collect();
    for request in requests {
        let outcome = wait(request);
        assert!(
            matches!(&outcome, DrawerOutcome::NotOpened(reason) if reason.contains("not opened later")),
            "{outcome:?}"
        );
    }
    stage.printer().reply(registered(1));
    assert!(!sold.replayed());
    let next = stage.order(sale(2, 200), LONG_TIMEOUT);
    stage.printer().sells(200, 2);
    assert!(!next.replayed());
    assert_eq!(pulses(&stage), 0);
    assert_eq!(stage.open_drawer(0), DrawerOutcome::Opened);
    assert_eq!(pulses(&stage), 1);
}

#[test]
fn a_drawer_request_whose_caller_has_disconnected_is_not_carried_out() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
    stage.printer().call();
    drop(stage.request_drawer(0, LONG_TIMEOUT));
    stage.printer().reply(registered(1));
    assert!(!sold.replayed());
    let next = stage.order(sale(2, 200), LONG_TIMEOUT);
    stage.printer().sells(200, 2);
    assert!(!next.replayed());
    assert_eq!(pulses(&stage), 0);
}

#[test]
fn slips_documents_and_the_drawer_take_turns() {
    let stage = Stage::new();
    let mut pending = vec![stage.order(with_slip(1), LONG_TIMEOUT)];
    assert!(matches!(stage.printer().call().job, Job::Text(_)));
    pending.extend((2..=4).map(|id| stage.order(with_slip(id), LONG_TIMEOUT)));
    pending.push(stage.order(sale(5, 500), LONG_TIMEOUT));
    pending.push(stage.order(z_report(6), LONG_TIMEOUT));
    let opened = stage.request_drawer(0, LONG_TIMEOUT);
    assert!(stage.waits(5) && stage.waits(6));
    stage.printer().reply(registered(1));
    // The slip had its turn. The drawer follows, then the oldest document, then a slip, and so on.
    assert_eq!(total_of(&stage.printer().call()), Some(500));
    // The first slip has opened the drawer too, because its receipt is paid in cash.
    assert_eq!(pulses(&stage), 2);
    stage.printer().reply(registered(2));
    assert!(matches!(stage.printer().call().job, Job::Text(_)));
    stage.printer().reply(registered(3));
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(registered(4));
    for document in 5..=6 {
        assert!(matches!(stage.printer().call().job, Job::Text(_)));
        stage.printer().reply(registered(document));
    }
    assert_eq!(wait(opened), DrawerOutcome::Opened);
    assert!(pending.into_iter().all(|pending| !pending.replayed()));
}

#[test]
fn a_caller_behind_slips_is_told_that_slips_were_before_it() {
    let stage = Stage::new();
    let _slips: Vec<_> = (1..=3)
        .map(|id| stage.order(with_slip(id), LONG_TIMEOUT))
        .collect();
    stage.printer().call();
    let answer = stage.order(sale(4, 400), SHORT_TIMEOUT).answer();
    assert!(
        matches!(&answer, Answer::Unknown { message } if message.contains("3 slips and 0 orders")),
        "{answer:?}"
    );
    assert!(!stage.waits(4));
    // The order has left the queue: after the slip comes the next slip.
    stage.printer().reply(registered(1));
    assert!(matches!(stage.printer().call().job, Job::Text(_)));
    assert!(stage.find(4).is_none());
}

#[test]
fn the_slip_that_has_no_room_in_the_queue_is_reported_at_once() {
    let stage = Stage::new();
    let mut pending = vec![stage.order(with_slip(1), LONG_TIMEOUT)];
    stage.printer().call();
    // One slip is at the printer, and 20 wait.
    pending.extend((2..=21).map(|id| stage.order(with_slip(id), LONG_TIMEOUT)));
    assert!(!stage.order(with_slip(22), LONG_TIMEOUT).replayed());
    let note = |id: u128| stage.find(id).unwrap().row.print_error.unwrap();
    assert!(note(22).contains("20 slips already wait"), "{}", note(22));
    assert!(note(21).contains("not printed yet"), "{}", note(21));
    assert!(pending.iter_mut().all(Pending::is_open));
    stage.printer().reply(registered(1));
    for document in 2..=21 {
        stage.printer().call();
        stage.printer().reply(registered(document));
    }
    assert!(pending.into_iter().all(|pending| !pending.replayed()));
    assert!(stage.find(21).unwrap().row.print_error.is_none());
    assert!(stage.printer().is_quiet());
}

#[test]
fn after_trouble_with_the_journal_no_job_that_waited_is_carried_out() {
    let stage = Stage::new();
    let slip = stage.order(with_slip(1), LONG_TIMEOUT);
    stage.printer().call();
    let fiscal = stage.order(sale(2, 200), LONG_TIMEOUT);
    let opened = stage.request_drawer(0, LONG_TIMEOUT);
    let second = stage.order(with_slip(3), LONG_TIMEOUT);
    assert!(stage.waits(2));
    stage.break_disk(WriteFailure::Insert);
    let lost = stage.order(with_slip(4), LONG_TIMEOUT);
    assert!(lost.outcome_unknown() && fiscal.outcome_unknown() && second.outcome_unknown());
    assert!(matches!(wait(opened), DrawerOutcome::NotOpened(_)));
    stage.repair_disk();
    // The slip that the printer has already is finished, and its document loses its note.
    stage.printer().reply(registered(1));
    assert!(!slip.replayed());
    assert!(stage.find(1).unwrap().row.print_error.is_none());
    let note = stage.find(3).unwrap().row.print_error;
    assert!(note.unwrap().contains("not printed yet"));
    let next = stage.order(sale(5, 500), LONG_TIMEOUT);
    stage.printer().sells(500, 2);
    assert!(!next.replayed());
    // The slip has opened the drawer for its payment in cash; the request has not.
    assert_eq!(pulses(&stage), 1);
    assert!(stage.find(2).is_none() && stage.printer().is_quiet());
}

#[test]
fn a_slip_that_was_printed_loses_its_note_although_the_journal_had_trouble() {
    let stage = Stage::new();
    let slip = stage.order(with_slip(1), LONG_TIMEOUT);
    stage.printer().call();
    stage.break_disk(WriteFailure::Commit);
    // The news of the slip is in one batch with an order that cannot be written, or follows it.
    let lost = stage.order(with_slip(2), LONG_TIMEOUT);
    stage.printer().reply(registered(1));
    assert!(lost.outcome_unknown());
    drop(slip);
    stage.repair_disk();
    stage.wait_until(|| stage.find(1).unwrap().row.print_error.is_none());
}

#[test]
fn a_shift_of_alternative_receipts_alone_is_closed_while_the_printer_is_gone() {
    let stage = Stage::with(&[false]);
    for id in 1..=2 {
        assert!(!stage.order(with_slip(id), LONG_TIMEOUT).replayed());
    }
    assert!(!stage.order(z_report(3), LONG_TIMEOUT).replayed());
    assert!(stage.order(z_report(3), LONG_TIMEOUT).replayed());
    assert_eq!(stage.sealed(3), (3, "z_report".to_owned()));
    let z = stage.newest_z();
    assert_eq!(z.sealed().unwrap().seal, Seal::Journal);
    assert!(z.reserved().unwrap().baseline.is_none());
    assert!(!stage.order(with_slip(4), LONG_TIMEOUT).replayed());

    // The printer is back. Its day is open, and the next Z-report is printed there.
    let stage = stage.restart();
    stage.wait_until_ready(0);
    let closed = stage.order(z_report(5), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(registered(1));
    assert!(!closed.replayed());
}

#[test]
fn a_shift_with_a_document_of_the_printer_waits_for_the_printer() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
    stage.printer().sells(100, 1);
    assert!(!sold.replayed());
    let stage = stage.restart_with(false);
    assert!(!stage.order(with_slip(2), LONG_TIMEOUT).replayed());
    let answer = stage
        .order(z_report(3), Duration::from_millis(600))
        .answer();
    assert!(
        matches!(&answer, Answer::Unknown { message } if message.contains("the printer cannot be used: ")),
        "{answer:?}"
    );
    assert!(stage.find(3).is_none());
}

#[test]
fn the_counters_of_the_printer_are_remembered_behind_a_z_report_of_the_journal() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
    stage.printer().sells(100, 1);
    let closed = stage.order(z_report(2), LONG_TIMEOUT);
    stage.printer().call();
    let after = super::day::next_day(1, 2, 2);
    stage.printer().reply(registered_at(after.clone()));
    assert!(!sold.replayed() && !closed.replayed());
    let stage = stage.restart_with(false);
    for (id, form) in [(3, with_slip(3)), (4, z_report(4))] {
        assert!(!stage.order(form, LONG_TIMEOUT).replayed(), "{id}");
    }
    let stage = stage.restart_with(false);
    // The printer has closed another day meanwhile, at its keyboard. The journal notes it, although its own last Z-report knows no printer.
    let keyboard = super::day::next_day(2, 3, 3);
    stage
        .printer()
        .remember(|memory| memory.baseline = keyboard);
    stage.printer().present.store(true, Ordering::Release);
    stage.wait_until(|| Stage::rows_of(stage.path(), super::day::CLOSED_BY_PRINTER) == 1);
}

#[test]
fn a_shift_of_alternative_receipts_alone_may_go_on_with_another_printer() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
    stage.printer().sells(100, 1);
    let closed = stage.order(z_report(2), LONG_TIMEOUT);
    stage.printer().call();
    let after = super::day::next_day(1, 2, 2);
    stage.printer().reply(registered_at(after));
    assert!(!sold.replayed() && !closed.replayed());
    let stage = stage.restart_with(false);
    assert!(!stage.order(with_slip(3), LONG_TIMEOUT).replayed());
    stage
        .printer()
        .remember(|memory| memory.baseline.serial = "SC000002".to_owned());
    stage.printer().present.store(true, Ordering::Release);
    stage.wait_until_ready(0);
    let next = stage.order(sale(4, 400), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(registered(1));
    assert!(!next.replayed());
}

//! The clerk with scripted printers: what callers hear, what is in the books, and what the printer was asked, in that order of importance.

mod day;
mod offline;
mod operator;
mod stage;

use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_device::Fault;
use ferrotill_device::printer::{Job, Outcome};

use super::{Answer, FiscalState};
use crate::order::ReceiptMode;
use ferrotill_store::RequestState;
use stage::*;

/// The journal's number of the decision to cancel.
const CANCEL_DECIDED: u16 = 3;

#[test]
fn a_sale_is_registered_and_its_repeat_prints_nothing() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), PATIENT);
    let call = stage.printer().sells(810, 1);
    assert_eq!(call.baseline, baseline(0));
    assert!(!first.replayed());
    assert_eq!(stage.sealed(1), (1, "sale".to_owned()));

    assert!(stage.order(sale(1, 810), PATIENT).replayed());
    let next = stage.order(sale(2, 900), PATIENT);
    // The next call is the next sale's: nothing came between, and it begins where the last one ended.
    let call = stage.printer().sells(900, 2);
    assert_eq!(call.baseline, baseline(1));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(2).0, 2);
}

#[test]
fn the_drawer_opens_once_for_each_order_and_for_nothing_else() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    // For a payment the printer opens the drawer itself, by its own option.
    assert_eq!(stage.open_drawer(0), Ok(()));
    assert_eq!(stage.printer().pulses.load(Ordering::Acquire), 1);
    assert!(stage.order(sale(1, 810), PATIENT).replayed());
    assert_eq!(stage.open_drawer(0), Ok(()));
    assert_eq!(stage.printer().pulses.load(Ordering::Acquire), 2);
}

#[test]
fn a_sale_that_the_printer_refused_is_void_and_its_id_is_free() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), PATIENT);
    stage.printer().call();
    stage.printer().reply(refused(Fault::PaperOut, 0));
    match first.answer() {
        Answer::NotRegistered { error, message } => {
            assert_eq!(error, "PaperOut");
            assert!(message.contains("paper"), "{message}");
        }
        other => panic!("{other:?}"),
    }
    let row = stage.find(1).unwrap().row;
    assert_eq!((row.state, row.number), (RequestState::Voided, None));

    // The same id may even mean something else now.
    let second = stage.order(sale(1, 500), PATIENT);
    stage.printer().sells(500, 1);
    assert!(!second.replayed());
    assert_eq!(
        stage.sealed(1).0,
        1,
        "what did not come about has taken no number"
    );
}

#[test]
fn a_second_caller_with_the_same_id_waits_for_the_same_document() {
    let stage = Stage::new();
    let mut first = stage.order(sale(1, 810), PATIENT);
    let begun = stage.printer().call();
    stage.printer().reply(Outcome::Unknown(Fault::NoAnswer));
    let asked = stage.printer().call();
    assert!(asked.recover && !asked.books.cancel_decided);
    assert_eq!((&asked.job, &asked.baseline), (&begun.job, &begun.baseline));
    let mut second = stage.order(sale(1, 810), PATIENT);
    assert!(stage.waits(1));
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Reserved);

    stage.printer().reply(Outcome::Unknown(Fault::NoAnswer));
    assert!(stage.printer().call().recover, "asked, never begun again");
    assert!(first.is_open() && second.is_open());
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    assert!(
        second.replayed(),
        "the one who joined hears that it is a repeat"
    );
    assert_eq!(stage.sealed(1).0, 1);
    assert!(!stage.waits(1));
}

#[test]
fn another_body_under_the_same_id_clashes_with_the_state_of_the_first() {
    let stage = Stage::new();
    let clash = |state| {
        let answer = stage.order(sale(1, 999), PATIENT).answer();
        assert!(
            matches!(
                answer,
                Answer::Refused { refusal: Refusal::RequestIdClash, state: found, .. } if found == state
            ),
            "{answer:?}"
        );
    };
    let first = stage.order(sale(1, 810), PATIENT);
    stage.printer().call();
    clash(FiscalState::Unknown);
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    clash(FiscalState::Registered);
    assert!(stage.printer().is_quiet());
    assert_eq!(stage.sealed(1).0, 1);
}

#[test]
fn other_sales_wait_for_an_unsettled_one_and_are_told_so_in_time() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 100), PATIENT);
    stage.printer().call();
    stage.printer().reply(Outcome::Unknown(Fault::NoAnswer));
    stage.printer().call();
    let patient = stage.order(sale(3, 300), PATIENT);
    let hasty = stage.order(sale(2, 200), HASTY).answer();
    assert!(
        matches!(
            hasty,
            Answer::Refused {
                refusal: Refusal::DeviceUnsettled,
                state: FiscalState::NotRegistered,
                ..
            }
        ),
        "{hasty:?}"
    );
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    // The one who still waits gets it; the one who was told otherwise is not sold behind its back.
    stage.printer().sells(300, 2);
    assert!(!patient.replayed());
    assert!(stage.find(2).is_none());
    let later = stage.order(sale(4, 400), PATIENT);
    stage.printer().sells(400, 3);
    assert!(!later.replayed());
}

#[test]
fn nothing_is_sold_for_a_caller_whose_patience_ended_while_the_printer_was_away() {
    let stage = Stage::with(&[false]);
    let hasty = stage.order(sale(1, 100), HASTY).answer();
    assert!(matches!(hasty, Answer::Unknown { .. }), "{hasty:?}");
    assert!(!stage.waits(1));
    // A caller who has gone without waiting for the end.
    drop(stage.order(sale(2, 200), PATIENT));
    let patient = stage.order(sale(3, 300), PATIENT);
    stage.printer().present.store(true, Ordering::Release);
    stage.printer().sells(300, 1);
    assert!(!patient.replayed());
    assert!(stage.find(1).is_none());
    assert!(stage.find(2).is_none());
    assert!(stage.printer().is_quiet());
}

#[test]
fn a_settled_refusal_becomes_an_alternative_receipt_where_that_was_asked_for() {
    let stage = Stage::new();
    let mode = ReceiptMode::FiscalThenAlternative;
    let sold = stage.order(sale_as(1, 810, mode, true), PATIENT);
    assert_eq!(total_of(&stage.printer().call()), Some(810));
    stage.printer().reply(refused(Fault::CoverOpen, 0));
    let slip = stage.printer().call();
    let Job::Text(lines) = &slip.job else {
        panic!("{slip:?}");
    };
    assert!(
        lines.iter().any(|line| line.contains("ABC00000001")),
        "{lines:?}"
    );
    assert!(lines.iter().any(|line| line.contains("8.10")), "{lines:?}");
    stage.printer().reply(registered(1));
    assert!(!sold.replayed());
    assert_eq!(stage.sealed(1), (1, "alternative_receipt".to_owned()));
    assert!(stage.order(sale_as(1, 810, mode, true), PATIENT).replayed());
}

#[test]
fn an_unsettled_sale_never_becomes_an_alternative_receipt() {
    let stage = Stage::new();
    let mode = ReceiptMode::FiscalThenAlternative;
    let mut sold = stage.order(sale_as(1, 810, mode, false), PATIENT);
    stage.printer().call();
    stage.printer().reply(Outcome::Unknown(Fault::PortLost));
    assert!(stage.printer().call().recover);
    // Not even when the office is away meanwhile.
    stage
        .live_status
        .authority_switched("offline", "test", true);
    assert!(stage.waits(1) && sold.is_open());
    stage.printer().reply(registered(1));
    assert!(!sold.replayed());
    assert_eq!(stage.sealed(1), (1, "sale".to_owned()));
}

#[test]
fn the_mode_and_the_office_choose_the_receipt() {
    use ReceiptMode::{AlternativeOnly, Automatic, FiscalOnly, FiscalThenAlternative};
    let stage = Stage::new();
    let mut printed = 0;
    for (id, offline, mode, fiscal) in [
        (1, false, Automatic, true),
        (2, false, FiscalOnly, true),
        (3, false, FiscalThenAlternative, true),
        (4, false, AlternativeOnly, false),
        (5, true, Automatic, false),
        (6, true, FiscalThenAlternative, false),
        (7, true, AlternativeOnly, false),
        (8, true, FiscalOnly, true),
        (9, false, Automatic, true),
    ] {
        stage.live_status.authority_switched("x", "test", offline);
        let sold = stage.order(sale_as(id, 100, mode, false), PATIENT);
        if fiscal {
            printed += 1;
            stage.printer().sells(100, printed);
        }
        assert!(!sold.replayed(), "{mode:?}, offline {offline}");
        let kind = if fiscal {
            "sale"
        } else {
            "alternative_receipt"
        };
        let number = u32::try_from(id).unwrap();
        assert_eq!(
            stage.sealed(id),
            (number, kind.to_owned()),
            "{mode:?}, offline {offline}"
        );
    }
    assert!(stage.printer().is_quiet());
}

#[test]
fn a_printer_fault_is_no_reason_for_an_alternative_receipt() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().call();
    stage.printer().reply(refused(Fault::PaperOut, 0));
    assert!(matches!(sold.answer(), Answer::NotRegistered { .. }));
    assert!(stage.printer().is_quiet());
}

#[test]
fn trouble_with_the_paper_of_an_alternative_receipt_is_a_print_error() {
    let stage = Stage::new();
    let mode = ReceiptMode::AlternativeOnly;
    let sold = stage.order(sale_as(1, 810, mode, true), PATIENT);
    assert!(matches!(stage.printer().call().job, Job::Text(_)));
    stage.printer().reply(refused(Fault::PaperOut, 0));
    assert!(!sold.replayed(), "its number is out: it is legal");
    let row = stage.find(1).unwrap().row;
    assert_eq!(row.state, RequestState::Sealed);
    let words = row.print_error.unwrap();
    assert!(words.contains("out of paper"), "{words}");

    let away = Stage::with(&[false]);
    let sold = away.order(sale_as(1, 810, mode, true), PATIENT);
    assert!(!sold.replayed(), "a printer that is away holds nobody up");
    let words = away.find(1).unwrap().row.print_error.unwrap();
    assert!(words.contains("cannot be reached"), "{words}");
}

#[test]
fn after_a_restart_the_printer_is_asked_about_what_was_outstanding() {
    for decided in [false, true] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 100), PATIENT);
        stage.printer().sells(100, 7);
        assert!(!sold.replayed());
        let lost = stage.order(sale(2, 200), PATIENT);
        let begun = stage.printer().call();
        stage.printer().act(move |watch| {
            if decided {
                assert!(watch.about_to_cancel());
            }
            Outcome::Unknown(Fault::PortLost)
        });
        assert!(stage.printer().call().recover);
        let stage = stage.restart();
        drop(lost);

        let asked = stage.printer().call();
        assert!(asked.recover, "never printed again on hope");
        assert_eq!((asked.job, asked.baseline), (begun.job, begun.baseline));
        assert_eq!(asked.books.cancel_decided, decided);
        let repeated = stage.order(sale(2, 200), PATIENT);
        assert!(stage.waits(2));
        if decided {
            stage.printer().reply(refused(Fault::Cancelled, 8));
            assert!(matches!(repeated.answer(), Answer::NotRegistered { .. }));
            assert_eq!(stage.find(2).unwrap().row.state, RequestState::Voided);
        } else {
            stage.printer().reply(registered(8));
            assert!(repeated.replayed());
            assert_eq!(stage.sealed(2).0, 2);
        }
    }
}

#[test]
fn a_decision_to_cancel_is_in_the_journal_before_the_printer_hears_of_it() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), PATIENT);
    stage.printer().call();
    let (tell, told) = channel();
    let path = stage.path().to_owned();
    stage.printer().act(move |watch| {
        let before = Stage::rows_of(&path, CANCEL_DECIDED);
        let decided = watch.about_to_cancel();
        let after = Stage::rows_of(&path, CANCEL_DECIDED);
        // A second question about the same document needs no second decision.
        let again = watch.about_to_cancel();
        tell.send((before, decided, after, again)).unwrap();
        refused(Fault::TotalsDiffer, 1)
    });
    let answer = sold.answer();
    assert!(matches!(answer, Answer::NotRegistered { .. }), "{answer:?}");
    assert_eq!(told.recv().unwrap(), (0, true, 1, true));
    assert_eq!(Stage::rows_of(stage.path(), CANCEL_DECIDED), 1);
}

#[test]
fn a_decision_that_cannot_be_written_is_no_decision() {
    for trouble in [Trouble::Insert, Trouble::Commit] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 100), PATIENT);
        stage.printer().call();
        stage.break_disk(trouble);
        let (tell, told) = channel();
        stage.printer().act(move |watch| {
            tell.send(watch.about_to_cancel()).unwrap();
            Outcome::Unknown(Fault::CancelNotDecided)
        });
        assert!(!told.recv().unwrap(), "{trouble:?}");
        assert_eq!(Stage::rows_of(stage.path(), CANCEL_DECIDED), 0);
        stage.mend_disk();
        let asked = stage.printer().call();
        assert!(asked.recover && !asked.books.cancel_decided);
        stage.printer().reply(registered(1));
        // Its caller was told that nobody knows; the repeat gets the document.
        assert!(sold.nobody_knows());
        let repeated = stage.order(sale(1, 100), PATIENT);
        assert!(repeated.replayed());
    }
}

#[test]
fn what_the_printer_has_settled_is_kept_until_it_can_be_written() {
    for trouble in [Trouble::Insert, Trouble::Commit] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 100), PATIENT);
        stage.printer().call();
        stage.break_disk(trouble);
        stage.printer().reply(registered(1));
        assert!(sold.nobody_knows());
        let other = stage.order(
            sale_as(2, 200, ReceiptMode::AlternativeOnly, false),
            PATIENT,
        );
        assert!(other.nobody_knows(), "what is not on disk is not said");
        assert!(stage.find(2).is_none());
        stage.mend_disk();
        // The next sale's turn comes once the first one is written down; the printer is not asked about it again.
        let next = stage.order(sale(3, 300), PATIENT);
        let call = stage.printer().sells(300, 2);
        assert_eq!(call.baseline, baseline(1));
        assert!(!next.replayed());
        assert!(stage.order(sale(1, 100), PATIENT).replayed());
        assert_eq!((stage.sealed(1).0, stage.sealed(3).0), (1, 2));
    }
}

#[test]
fn a_z_report_without_a_shift_is_refused_and_the_printer_not_touched() {
    let stage = Stage::new();
    let answer = stage.order(z_report(1), PATIENT).answer();
    assert!(
        matches!(
            answer,
            Answer::Refused {
                refusal: Refusal::ShiftNotOpen,
                state: FiscalState::NotRegistered,
                ..
            }
        ),
        "{answer:?}"
    );
    assert!(stage.printer().is_quiet());
    assert!(stage.find(1).is_none());
}

#[test]
fn the_repeat_of_a_z_report_is_the_first_one() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), PATIENT);
    stage.printer().sells(100, 1);
    assert!(!sold.replayed());
    let closed = stage.order(z_report(2), PATIENT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(registered(2));
    assert!(!closed.replayed());
    assert!(stage.order(z_report(2), PATIENT).replayed());
    assert_eq!(stage.sealed(2), (2, "z_report".to_owned()));
    let another = stage.order(z_report(3), PATIENT).answer();
    assert!(matches!(another, Answer::Refused { .. }), "{another:?}");
    assert!(stage.printer().is_quiet());
}

#[test]
fn callers_at_the_same_time_get_numbers_without_gap_and_repeat() {
    let stage = Stage::new();
    let pending: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let clerk_handle = stage.clerk_handle();
                scope.spawn(move || {
                    let ids = 1 + caller * 8..=8 + caller * 8;
                    ids.map(|id| {
                        let form = sale_as(id, 100, ReceiptMode::AlternativeOnly, false);
                        order_through(&clerk_handle, 0, form, PATIENT)
                    })
                    .collect::<Vec<_>>()
                })
            })
            .collect();
        callers
            .into_iter()
            .flat_map(|caller| caller.join().unwrap())
            .collect()
    });
    assert!(pending.into_iter().all(|pending| !pending.replayed()));
    let mut numbers = Vec::new();
    let mut alternative = Vec::new();
    for id in 1..=64 {
        let document = stage.find(id).unwrap();
        numbers.push(document.row.number.unwrap());
        match document.sealed().unwrap().seal {
            Seal::Range { series, number, .. } => {
                assert_eq!(series, "ABC");
                alternative.push(number);
            }
            other => panic!("{other:?}"),
        }
    }
    numbers.sort_unstable();
    alternative.sort_unstable();
    let all: Vec<u32> = (1..=64).collect();
    assert_eq!(numbers, all);
    assert_eq!(alternative, all);
}

#[test]
fn one_devices_trouble_is_not_the_others() {
    let stage = Stage::with(&[true, true]);
    let mut stuck = stage.order_at(0, sale(1, 100), PATIENT);
    stage.printers[0].call();
    stage.printers[0].reply(Outcome::Unknown(Fault::NoAnswer));
    assert!(stage.printers[0].call().recover);
    // But a request id has one document, on whatever device: nothing is fiscalised twice for it.
    let clash = stage.order_at(1, sale(1, 100), PATIENT).answer();
    let Answer::Refused { refusal, state, .. } = clash else {
        panic!("{clash:?}")
    };
    assert_eq!(
        (refusal, state),
        (Refusal::RequestIdClash, FiscalState::Unknown)
    );
    for (id, price, number) in [(2, 700, 1), (3, 800, 2)] {
        let sold = stage.order_at(1, sale(id, price), PATIENT);
        stage.printers[1].sells(price, number);
        assert!(!sold.replayed());
        let row = stage.find_at(1, id).unwrap().row;
        assert_eq!(row.number, Some(number));
    }
    assert!(stuck.is_open());
    stage.printers[0].reply(registered(1));
    assert!(!stuck.replayed());
    assert_eq!(stage.sealed(1).0, 1, "numbers are each device's own");
}

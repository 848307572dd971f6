//! The clerk with scripted printers. The tests check the answers to callers first, then the journal, then what the printer was asked.

mod day;
mod drawer;
mod nobody;
mod offline;
mod operator;
mod others;
mod paid;
mod signing;
mod stage;
mod time;
mod turns;

use std::sync::atomic::Ordering;
use std::sync::mpsc::channel;

use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_device::Fault;
use ferrotill_device::printer::{Job, Performed};

use super::{Answer, DrawerOutcome, FiscalState};
use crate::order::ReceiptMode;
use ferrotill_store::RequestState;
use stage::*;

/// The number of the event `CancelDecided` in the journal.
const CANCEL_DECIDED: u16 = 3;

#[test]
fn a_sale_is_registered_and_its_repeat_prints_nothing() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    let call = stage.printer().sells(810, 1);
    assert_eq!(call.baseline, baseline(0));
    assert!(!first.replayed());
    assert_eq!(stage.sealed(1), (1, "sale".to_owned()));

    assert!(stage.order(sale(1, 810), LONG_TIMEOUT).replayed());
    let next = stage.order(sale(2, 900), LONG_TIMEOUT);
    // The repeated order caused no task for the printer: the next task is the next sale, which begins with the counters after
    // the first one.
    let call = stage.printer().sells(900, 2);
    assert_eq!(call.baseline, baseline(1));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(2).0, 2);
}

#[test]
fn the_drawer_opens_once_for_each_order_and_for_nothing_else() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    // After a payment the printer opens the drawer by itself, so that the agent sends no request.
    assert_eq!(stage.open_drawer(0), DrawerOutcome::Opened);
    assert_eq!(stage.printer().pulses.load(Ordering::Acquire), 1);
    assert!(stage.order(sale(1, 810), LONG_TIMEOUT).replayed());
    assert_eq!(stage.open_drawer(0), DrawerOutcome::Opened);
    assert_eq!(stage.printer().pulses.load(Ordering::Acquire), 2);
}

#[test]
fn a_sale_that_the_printer_refused_is_void_and_its_id_is_free() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
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

    // The same id may now be used for another order.
    let second = stage.order(sale(1, 500), LONG_TIMEOUT);
    stage.printer().sells(500, 1);
    assert!(!second.replayed());
    assert_eq!(stage.sealed(1).0, 1, "a voided document has used no number");
}

#[test]
fn a_second_caller_with_the_same_id_waits_for_the_same_document() {
    let stage = Stage::new();
    let mut first = stage.order(sale(1, 810), LONG_TIMEOUT);
    let begun = stage.printer().call();
    stage.printer().reply(Performed::Unknown(Fault::NoAnswer));
    let asked = stage.printer().call();
    assert!(asked.recover && !asked.books.cancel_decided);
    assert_eq!((&asked.job, &asked.baseline), (&begun.job, &begun.baseline));
    let mut second = stage.order(sale(1, 810), LONG_TIMEOUT);
    assert!(stage.waits(1));
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Reserved);

    stage.printer().reply(Performed::Unknown(Fault::NoAnswer));
    assert!(stage.printer().call().recover, "asked, never begun again");
    assert!(first.is_open() && second.is_open());
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    assert!(
        second.replayed(),
        "the caller that joined gets the answer of a repeat"
    );
    assert_eq!(stage.sealed(1).0, 1);
    assert!(!stage.waits(1));
}

#[test]
fn another_body_under_the_same_id_clashes_with_the_state_of_the_first() {
    let stage = Stage::new();
    let clash = |state| {
        let answer = stage.order(sale(1, 999), LONG_TIMEOUT).answer();
        assert!(
            matches!(
                answer,
                Answer::Refused { refusal: Refusal::RequestIdClash, state: found, .. } if found == state
            ),
            "{answer:?}"
        );
    };
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().call();
    clash(FiscalState::Unknown);
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    clash(FiscalState::Registered);
    assert!(stage.printer().is_quiet());
    assert_eq!(stage.sealed(1).0, 1);
}

#[test]
fn sales_wait_for_an_unsettled_document_and_are_refused_before_their_timeout() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 100), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(Performed::Unknown(Fault::NoAnswer));
    stage.printer().call();
    let patient = stage.order(sale(3, 300), LONG_TIMEOUT);
    let impatient = stage.order(sale(2, 200), SHORT_TIMEOUT).answer();
    assert!(
        matches!(
            impatient,
            Answer::Refused {
                refusal: Refusal::DeviceUnsettled,
                state: FiscalState::NotRegistered,
                ..
            }
        ),
        "{impatient:?}"
    );
    stage.printer().reply(registered(1));
    assert!(!first.replayed());
    // The caller that still waits gets its document. The caller that was refused gets none.
    stage.printer().sells(300, 2);
    assert!(!patient.replayed());
    assert!(stage.find(2).is_none());
    let later = stage.order(sale(4, 400), LONG_TIMEOUT);
    stage.printer().sells(400, 3);
    assert!(!later.replayed());
}

#[test]
fn nothing_is_sold_for_a_caller_that_timed_out_while_the_printer_was_unreachable() {
    let stage = Stage::with(&[false]);
    let impatient = stage.order(sale(1, 100), SHORT_TIMEOUT).answer();
    assert!(matches!(impatient, Answer::Unknown { .. }), "{impatient:?}");
    assert!(!stage.waits(1));
    // This caller disconnects before its timeout.
    drop(stage.order(sale(2, 200), LONG_TIMEOUT));
    let patient = stage.order(sale(3, 300), LONG_TIMEOUT);
    stage.printer().present.store(true, Ordering::Release);
    stage.printer().sells(300, 1);
    assert!(!patient.replayed());
    assert!(stage.find(1).is_none());
    assert!(stage.find(2).is_none());
    assert!(stage.printer().is_quiet());
}

#[test]
fn a_sale_that_the_printer_refused_becomes_an_alternative_receipt_if_its_mode_asks_for_it() {
    let stage = Stage::new();
    let mode = ReceiptMode::FiscalThenAlternative;
    let sold = stage.order(sale_as(1, 810, mode, true), LONG_TIMEOUT);
    assert_eq!(total_of(&stage.printer().call()), Some(810));
    stage.printer().reply(refused(Fault::CoverOpen, 0));
    let slip = stage.printer().call();
    let Job::Text(lines) = &slip.job else {
        panic!("{slip:?}");
    };
    assert!(
        lines.iter().any(|line| line.text.contains("ABC00000001")),
        "{lines:?}"
    );
    assert!(
        lines.iter().any(|line| line.text.contains("8.10")),
        "{lines:?}"
    );
    stage.printer().reply(registered(1));
    assert!(!sold.replayed());
    assert_eq!(stage.sealed(1), (1, "alternative_receipt".to_owned()));
    assert!(
        stage
            .order(sale_as(1, 810, mode, true), LONG_TIMEOUT)
            .replayed()
    );
}

#[test]
fn an_unsettled_sale_never_becomes_an_alternative_receipt() {
    let stage = Stage::new();
    let mode = ReceiptMode::FiscalThenAlternative;
    let mut sold = stage.order(sale_as(1, 810, mode, false), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(Performed::Unknown(Fault::PortLost));
    assert!(stage.printer().call().recover);
    // The sale stays fiscal even if the authority goes offline meanwhile.
    stage
        .live_status
        .authority_switched("offline", "test", true, None);
    assert!(stage.waits(1) && sold.is_open());
    stage.printer().reply(registered(1));
    assert!(!sold.replayed());
    assert_eq!(stage.sealed(1), (1, "sale".to_owned()));
}

#[test]
fn the_mode_and_the_state_of_the_authority_choose_the_receipt() {
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
        stage
            .live_status
            .authority_switched("x", "test", offline, None);
        let sold = stage.order(sale_as(id, 100, mode, false), LONG_TIMEOUT);
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
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(refused(Fault::PaperOut, 0));
    assert!(matches!(sold.answer(), Answer::NotRegistered { .. }));
    assert!(stage.printer().is_quiet());
}

#[test]
fn an_alternative_receipt_whose_slip_cannot_be_printed_is_sealed_with_a_print_error() {
    let stage = Stage::new();
    let mode = ReceiptMode::AlternativeOnly;
    let sold = stage.order(sale_as(1, 810, mode, true), LONG_TIMEOUT);
    assert!(matches!(stage.printer().call().job, Job::Text(_)));
    stage.printer().reply(refused(Fault::PaperOut, 0));
    assert!(
        !sold.replayed(),
        "the document has its number, so it is legal"
    );
    let row = stage.find(1).unwrap().row;
    assert_eq!(row.state, RequestState::Sealed);
    let words = row.print_error.unwrap();
    assert!(words.contains("out of paper"), "{words}");

    let unreachable = Stage::with(&[false]);
    let sold = unreachable.order(sale_as(1, 810, mode, true), LONG_TIMEOUT);
    assert!(
        !sold.replayed(),
        "a printer that cannot be reached delays no alternative receipt"
    );
    let words = unreachable.find(1).unwrap().row.print_error.unwrap();
    assert!(words.contains("cannot be reached"), "{words}");
}

#[test]
fn after_a_restart_the_printer_is_asked_about_what_was_outstanding() {
    for decided in [false, true] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
        stage.printer().sells(100, 7);
        assert!(!sold.replayed());
        let lost = stage.order(sale(2, 200), LONG_TIMEOUT);
        let begun = stage.printer().call();
        stage.printer().act(move |watch| {
            if decided {
                assert!(watch.about_to_cancel());
            }
            Performed::Unknown(Fault::PortLost)
        });
        assert!(stage.printer().call().recover);
        let stage = stage.restart();
        drop(lost);

        let asked = stage.printer().call();
        assert!(asked.recover, "the document is not printed a second time");
        assert_eq!((asked.job, asked.baseline), (begun.job, begun.baseline));
        assert_eq!(asked.books.cancel_decided, decided);
        let repeated = stage.order(sale(2, 200), LONG_TIMEOUT);
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
fn a_decision_to_cancel_is_in_the_journal_before_the_printer_gets_the_command() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
    stage.printer().call();
    let (sender, receiver) = channel();
    let path = stage.path().to_owned();
    stage.printer().act(move |watch| {
        let before = Stage::rows_of(&path, CANCEL_DECIDED);
        let decided = watch.about_to_cancel();
        let after = Stage::rows_of(&path, CANCEL_DECIDED);
        // A second question about the same document needs no second decision.
        let again = watch.about_to_cancel();
        sender.send((before, decided, after, again)).unwrap();
        refused(Fault::TotalsDiffer, 1)
    });
    let answer = sold.answer();
    assert!(matches!(answer, Answer::NotRegistered { .. }), "{answer:?}");
    assert_eq!(receiver.recv().unwrap(), (0, true, 1, true));
    assert_eq!(Stage::rows_of(stage.path(), CANCEL_DECIDED), 1);
}

#[test]
fn a_decision_that_cannot_be_written_does_not_cancel_the_document() {
    for failure in [WriteFailure::Insert, WriteFailure::Commit] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
        stage.printer().call();
        stage.break_disk(failure);
        let (sender, receiver) = channel();
        stage.printer().act(move |watch| {
            sender.send(watch.about_to_cancel()).unwrap();
            Performed::Unknown(Fault::CancelNotDecided)
        });
        assert!(!receiver.recv().unwrap(), "{failure:?}");
        assert_eq!(Stage::rows_of(stage.path(), CANCEL_DECIDED), 0);
        stage.repair_disk();
        let asked = stage.printer().call();
        assert!(asked.recover && !asked.books.cancel_decided);
        stage.printer().reply(registered(1));
        // The caller has got the answer that the outcome is unknown. The repeated request gets the document.
        assert!(sold.outcome_unknown());
        let repeated = stage.order(sale(1, 100), LONG_TIMEOUT);
        assert!(repeated.replayed());
    }
}

#[test]
fn an_outcome_from_the_printer_is_kept_until_it_can_be_written() {
    for failure in [WriteFailure::Insert, WriteFailure::Commit] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
        stage.printer().call();
        stage.break_disk(failure);
        stage.printer().reply(registered(1));
        assert!(sold.outcome_unknown());
        let other = stage.order(
            sale_as(2, 200, ReceiptMode::AlternativeOnly, false),
            LONG_TIMEOUT,
        );
        assert!(
            other.outcome_unknown(),
            "an answer is given only after the commit"
        );
        assert!(stage.find(2).is_none());
        stage.repair_disk();
        // The next sale begins when the outcome of the first one is written. The printer is not asked about the first one again.
        let next = stage.order(sale(3, 300), LONG_TIMEOUT);
        let call = stage.printer().sells(300, 2);
        assert_eq!(call.baseline, baseline(1));
        assert!(!next.replayed());
        assert!(stage.order(sale(1, 100), LONG_TIMEOUT).replayed());
        assert_eq!((stage.sealed(1).0, stage.sealed(3).0), (1, 2));
    }
}

#[test]
fn a_z_report_without_a_shift_is_refused_and_the_printer_gets_no_task() {
    let stage = Stage::new();
    let answer = stage.order(z_report(1), LONG_TIMEOUT).answer();
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
fn a_repeated_z_report_returns_the_first_one() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 100), LONG_TIMEOUT);
    stage.printer().sells(100, 1);
    assert!(!sold.replayed());
    let closed = stage.order(z_report(2), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(registered(2));
    assert!(!closed.replayed());
    assert!(stage.order(z_report(2), LONG_TIMEOUT).replayed());
    assert_eq!(stage.sealed(2), (2, "z_report".to_owned()));
    let another = stage.order(z_report(3), LONG_TIMEOUT).answer();
    assert!(matches!(another, Answer::Refused { .. }), "{another:?}");
    assert!(stage.printer().is_quiet());
}

#[test]
fn concurrent_callers_get_numbers_without_gaps_and_duplicates() {
    let stage = Stage::new();
    let pending: Vec<_> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|caller| {
                let clerk_handle = stage.clerk_handle();
                scope.spawn(move || {
                    let ids = 1 + caller * 8..=8 + caller * 8;
                    ids.map(|id| {
                        let form = sale_as(id, 100, ReceiptMode::AlternativeOnly, false);
                        order_through(&clerk_handle, 0, form, LONG_TIMEOUT)
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
fn an_unsettled_document_on_one_device_does_not_stop_another_device() {
    let stage = Stage::with(&[true, true]);
    let mut stuck = stage.order_at(0, sale(1, 100), LONG_TIMEOUT);
    stage.printers[0].call();
    stage.printers[0].reply(Performed::Unknown(Fault::NoAnswer));
    assert!(stage.printers[0].call().recover);
    // A request id has at most one document, on all devices together.
    let clash = stage.order_at(1, sale(1, 100), LONG_TIMEOUT).answer();
    let Answer::Refused { refusal, state, .. } = clash else {
        panic!("{clash:?}")
    };
    assert_eq!(
        (refusal, state),
        (Refusal::RequestIdClash, FiscalState::Unknown)
    );
    for (id, price, number) in [(2, 700, 1), (3, 800, 2)] {
        let sold = stage.order_at(1, sale(id, price), LONG_TIMEOUT);
        stage.printers[1].sells(price, number);
        assert!(!sold.replayed());
        let row = stage.find_at(1, id).unwrap().row;
        assert_eq!(row.number, Some(number));
    }
    assert!(stuck.is_open());
    stage.printers[0].reply(registered(1));
    assert!(!stuck.replayed());
    assert_eq!(stage.sealed(1).0, 1, "each device has its own numbers");
}

/// The status of a printer does not show that it refuses every document, so that its last refusal has to be remembered.
#[test]
fn a_refused_password_is_a_condition_of_the_printer_until_a_document_is_made() {
    let stage = Stage::new();
    let condition = || stage.live_status.printer(device(0)).condition;
    let refused_sale = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(refused(Fault::Password, 0));
    assert!(matches!(
        refused_sale.answer(),
        Answer::NotRegistered { .. }
    ));
    stage.wait_until(|| condition().is_some());
    let words = Fault::Password.to_string();
    assert!(condition().unwrap().contains(&words), "{:?}", condition());
    let sold = stage.order(sale(2, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    stage.wait_until(|| condition().is_none());
}

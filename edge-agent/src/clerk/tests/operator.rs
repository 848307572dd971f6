//! Operator's declarations of documents that the printer cannot prove: when a declaration is accepted, what has priority over it, and
//! what a crash leaves.

use std::num::NonZeroU32;

use ferrotill_core::event::PaperSays;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_device::Fault;
use ferrotill_device::printer::{Baseline, Job, Performed};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::day::{CLOSED_BY_PRINTER, closed, next_day};
use super::stage::*;
use crate::clerk::{Answer, DeclarationOutcome, Message};
use crate::order::{Declaration, ReceiptMode};
use ferrotill_store::{OperatorDeclaration, Reader, RequestState};

/// The number of the event `Declared` in the journal.
const DECLARED: u16 = 9;
const PRINTED: PaperSays = PaperSays::Registered { document: None };
const PRINTED_AS_5: PaperSays = PaperSays::Registered {
    document: NonZeroU32::new(5),
};
const NOT_PRINTED: PaperSays = PaperSays::NotRegistered;

/// A declaration that was sent to the clerk.
struct SentDeclaration(oneshot::Receiver<DeclarationOutcome>);

impl SentDeclaration {
    fn is_open(&mut self) -> bool {
        matches!(self.0.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    /// The answer to the declaration, while the printer answers every question with this outcome.
    fn outcome(mut self, stage: &Stage, outcome: impl Fn() -> Performed) -> DeclarationOutcome {
        let begun = std::time::Instant::now();
        loop {
            match self.0.try_recv() {
                Ok(outcome) => return outcome,
                Err(oneshot::error::TryRecvError::Closed) => panic!("the clerk has ended"),
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            assert!(
                begun.elapsed() < LONG_TIMEOUT,
                "the declaration got no answer in time"
            );
            match stage.printer().asked_about_an_outcome() {
                true => stage.printer().reply(outcome()),
                false => std::thread::yield_now(),
            }
        }
    }
}

fn declare(stage: &Stage, id: u128, paper: PaperSays) -> SentDeclaration {
    let (reply, answer) = oneshot::channel();
    stage.clerk_handle().send(Message::Declare {
        declaration: Box::new(Declaration {
            id: Uuid::from_u128(id),
            paper,
            by: "Maria".to_owned(),
        }),
        reply,
    });
    SentDeclaration(answer)
}

fn unclear() -> Performed {
    Performed::Unknown(Fault::Unclear)
}

/// The printer's answer about the document proves nothing, and the live status asks for an operator.
fn leave_unproven(stage: &Stage, id: u128, fault: Fault) {
    stage.printer().call();
    stage.printer().reply(Performed::Unknown(fault));
    let id = Uuid::from_u128(id);
    stage.wait_until(|| stage.live_status.needs_a_person(id).is_some());
    let trouble = stage.live_status.printer(device(0)).trouble.unwrap();
    assert!(trouble.contains(&id.to_string()), "{trouble}");
    assert!(
        trouble.contains(&format!("ferrotill settle {id}")),
        "{trouble}"
    );
}

fn declaration_on(stage: &Stage, id: u128) -> Option<OperatorDeclaration> {
    let row = stage.find(id).unwrap().row;
    Reader::new(stage.path()).declaration_of(&row).unwrap()
}

#[test]
fn a_document_that_nothing_proves_is_sealed_by_a_declaration_and_the_till_sells_again() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    leave_unproven(&stage, 1, Fault::Unclear);
    let next = stage.order(sale(2, 900), LONG_TIMEOUT);
    assert!(stage.waits(2), "the till is blocked");
    // The counters are read again before the next document is printed.
    stage
        .printer()
        .remember(|memory| memory.baseline = baseline(6));
    let declaration = declare(&stage, 1, PRINTED_AS_5);
    assert_eq!(
        declaration.outcome(&stage, unclear),
        DeclarationOutcome::Booked
    );
    assert!(!first.replayed(), "the caller gets its answer");
    let call = stage.printer().sells(900, 7);
    assert_eq!(call.baseline, baseline(6));
    assert!(!next.replayed());

    assert_eq!(stage.sealed(1), (1, "sale".to_owned()));
    assert_eq!(stage.sealed(2).0, 2);
    let first = stage.find(1).unwrap();
    assert_eq!(
        first.sealed().unwrap().seal,
        Seal::Printer {
            document: 5,
            fiscal_receipt: None,
            counters: None,
            printed_at: None,
        }
    );
    let declared = declaration_on(&stage, 1).unwrap();
    assert_eq!((declared.paper, &*declared.by), (PRINTED_AS_5, "Maria"));
    assert_eq!(declared.why, Fault::Unclear.to_string());
    assert_eq!(declaration_on(&stage, 2), None);
    assert!(
        stage
            .live_status
            .needs_a_person(Uuid::from_u128(1))
            .is_none()
    );
    assert_eq!(
        stage.outbox_entries(),
        2,
        "both documents are sent to the authority"
    );
    assert!(stage.order(sale(1, 810), LONG_TIMEOUT).replayed());
}

#[test]
fn a_document_declared_as_not_printed_is_void_and_its_id_is_free() {
    let stage = Stage::new();
    let mode = ReceiptMode::FiscalThenAlternative;
    let first = stage.order(sale_as(1, 810, mode, true), LONG_TIMEOUT);
    leave_unproven(&stage, 1, Fault::Unclear);
    let declaration = declare(&stage, 1, NOT_PRINTED);
    assert_eq!(
        declaration.outcome(&stage, unclear),
        DeclarationOutcome::Booked
    );
    match first.answer() {
        Answer::NotRegistered { error, message } => {
            assert_eq!(error, "Unclear");
            assert!(
                message.starts_with("Maria has declared that the document was not printed"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
    // The sale does not become an alternative receipt either: the buyer has left long ago.
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Voided);
    assert_eq!(declaration_on(&stage, 1).unwrap().paper, NOT_PRINTED);
    assert_eq!(stage.outbox_entries(), 0);
    let again = stage.order(sale(1, 500), LONG_TIMEOUT);
    stage.printer().sells(500, 1);
    assert!(!again.replayed());
    assert_eq!(stage.sealed(1).0, 1);
}

#[test]
fn a_declaration_is_refused_while_the_printer_may_still_prove_the_outcome() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().call();
    for (fault, open, words) in [
        (Fault::NoAnswer, false, "does not answer"),
        (Fault::PortUnavailable, false, "cannot be opened"),
        (Fault::CancelNotDecided, false, "could not be stored"),
        (Fault::PaymentDiffers, false, "in another way"),
        // People finish the open receipt at the printer, and then the printer can prove the outcome.
        (Fault::Unclear, true, "a receipt is open"),
    ] {
        stage.printer().remember(|memory| memory.open = open);
        let declaration = declare(&stage, 1, PRINTED);
        if fault == Fault::NoAnswer {
            // The printer's first answer, to the print job itself, is that the outcome is unknown.
            stage.printer().reply(Performed::Unknown(fault));
        }
        match declaration.outcome(&stage, || Performed::Unknown(fault)) {
            DeclarationOutcome::CanStillSay(why) => assert!(why.contains(words), "{why}"),
            other => panic!("{fault:?}: {other:?}"),
        }
        assert_eq!(stage.live_status.needs_a_person(Uuid::from_u128(1)), None);
        let trouble = stage.live_status.printer(device(0)).trouble.unwrap();
        assert!(trouble.contains(words), "{trouble}");
    }
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Reserved);
    assert_eq!(Stage::rows_of(stage.path(), DECLARED), 0);
    assert!(stage.printer().call().recover);
    stage.printer().reply(registered(1));
    assert!(!sold.replayed());
    assert_eq!(declaration_on(&stage, 1), None);
}

#[test]
fn an_outcome_that_the_printer_proves_at_the_same_time_has_priority() {
    for (paper, outcome) in [
        (NOT_PRINTED, registered(1)),
        (PRINTED, refused(Fault::NotExecuted, 0)),
    ] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
        leave_unproven(&stage, 1, Fault::Unclear);
        assert!(stage.printer().call().recover);
        let mut declaration = declare(&stage, 1, paper);
        assert!(stage.waits(1), "the clerk has handled the declaration");
        assert!(declaration.is_open());
        // The printer answers the question that was asked before the declaration.
        stage.printer().reply(outcome.clone());
        let outcome = declaration.outcome(&stage, || outcome.clone());
        assert_eq!(outcome, DeclarationOutcome::NotOutstanding);
        let state = stage.find(1).unwrap().row.state;
        let answer = sold.answer();
        if paper == NOT_PRINTED {
            assert!(matches!(answer, Answer::Registered { .. }), "{answer:?}");
            assert_eq!(state, RequestState::Sealed);
        } else {
            assert!(matches!(answer, Answer::NotRegistered { .. }), "{answer:?}");
            assert_eq!(state, RequestState::Voided);
        }
        assert_eq!(Stage::rows_of(stage.path(), DECLARED), 0);
        // The declaration has no effect on the next document.
        let next = stage.order(sale(2, 900), LONG_TIMEOUT);
        stage.printer().sells(900, 2);
        assert!(!next.replayed());
    }
}

#[test]
fn the_printer_is_asked_once_more_before_a_document_is_released() {
    let silent = Performed::Unknown(Fault::NoAnswer);
    for (outcome, settled) in [(silent, false), (registered(1), true)] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
        leave_unproven(&stage, 1, Fault::Unclear);
        let declaration = declare(&stage, 1, NOT_PRINTED);
        let outcome = declaration.outcome(&stage, || outcome.clone());
        if settled {
            assert_eq!(outcome, DeclarationOutcome::NotOutstanding);
            assert!(!sold.replayed());
        } else {
            let still =
                matches!(&outcome, DeclarationOutcome::CanStillSay(why) if why.contains("answer"));
            assert!(still, "{outcome:?}");
            assert!(
                stage
                    .live_status
                    .needs_a_person(Uuid::from_u128(1))
                    .is_none()
            );
        }
        assert_eq!(Stage::rows_of(stage.path(), DECLARED), 0);
    }
}

#[test]
fn each_document_that_nothing_proves_is_reported() {
    let stage = Stage::new();
    for id in 1..4 {
        let sold = stage.order(sale(id, 810), LONG_TIMEOUT);
        leave_unproven(&stage, id, Fault::Unclear);
        let declaration = declare(&stage, id, PRINTED);
        assert_eq!(
            declaration.outcome(&stage, unclear),
            DeclarationOutcome::Booked
        );
        assert!(!sold.replayed());
        let number = u32::try_from(id).unwrap();
        assert_eq!(stage.sealed(id), (number, "sale".to_owned()));
    }
}

#[test]
fn day_sums_with_a_declared_document_are_not_compared_with_the_printer() {
    // The journal's day sums that are sent along when the printer is asked what became of a document.
    let day_of = |stage: &Stage| {
        stage.printer().call();
        stage.printer().reply(Performed::Unknown(Fault::NoAnswer));
        stage.printer().call().books.day
    };
    for (paper, second) in [(PRINTED, 2), (NOT_PRINTED, 1)] {
        let stage = Stage::new();
        let first = stage.order(sale(1, 810), LONG_TIMEOUT);
        leave_unproven(&stage, 1, Fault::Unclear);
        let declaration = declare(&stage, 1, paper);
        assert_eq!(
            declaration.outcome(&stage, unclear),
            DeclarationOutcome::Booked
        );
        drop(first);
        let sold = stage.order(sale(2, 810), LONG_TIMEOUT);
        assert_eq!(day_of(&stage), None);
        stage.printer().reply(registered(second));
        assert!(!sold.replayed());
        // After a restart the day sums are still left out, until the shift is closed.
        let stage = stage.restart();
        let sold = stage.order(sale(3, 900), LONG_TIMEOUT);
        assert_eq!(day_of(&stage), None);
        stage.printer().reply(registered(second + 1));
        assert!(!sold.replayed());
        let closing = stage.order(z_report(4), LONG_TIMEOUT);
        assert_eq!(stage.printer().call().job, Job::ZReport);
        let after = next_day(1, second + 2, second + 2);
        stage
            .printer()
            .remember(|memory| memory.baseline = after.clone());
        stage.printer().reply(registered_at(after));
        assert!(!closing.replayed());
        let sold = stage.order(sale(5, 100), LONG_TIMEOUT);
        assert!(day_of(&stage).is_some());
        stage
            .printer()
            .reply(registered_at(next_day(1, second + 2, second + 3)));
        assert!(!sold.replayed());
    }
}

#[test]
fn two_equal_declarations_at_once_are_accepted_and_a_different_one_is_refused() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    leave_unproven(&stage, 1, Fault::Unclear);
    assert!(stage.printer().call().recover);
    let mut first = declare(&stage, 1, PRINTED);
    let same = declare(&stage, 1, PRINTED);
    let other = declare(&stage, 1, NOT_PRINTED);
    assert!(stage.waits(1));
    assert!(first.is_open());
    assert_eq!(
        other.outcome(&stage, unclear),
        DeclarationOutcome::Contradicted
    );
    stage.printer().reply(unclear());
    assert_eq!(first.outcome(&stage, unclear), DeclarationOutcome::Booked);
    assert_eq!(same.outcome(&stage, unclear), DeclarationOutcome::Booked);
    assert!(!sold.replayed());
    assert_eq!(Stage::rows_of(stage.path(), DECLARED), 1);
    let late = declare(&stage, 1, PRINTED);
    assert_eq!(
        late.outcome(&stage, unclear),
        DeclarationOutcome::NotOutstanding
    );
}

#[test]
fn a_document_that_is_not_outstanding_cannot_be_declared() {
    let stage = Stage::new();
    assert_eq!(
        declare(&stage, 9, PRINTED).outcome(&stage, unclear),
        DeclarationOutcome::NotOutstanding
    );
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    for id in [1, 9] {
        let declaration = declare(&stage, id, NOT_PRINTED);
        assert_eq!(
            declaration.outcome(&stage, unclear),
            DeclarationOutcome::NotOutstanding
        );
    }
    // One document is outstanding, and another order waits in the queue.
    let first = stage.order(sale(2, 100), LONG_TIMEOUT);
    leave_unproven(&stage, 2, Fault::Unclear);
    let second = stage.order(sale(3, 100), LONG_TIMEOUT);
    assert!(stage.waits(3));
    let declaration = declare(&stage, 3, NOT_PRINTED);
    assert_eq!(
        declaration.outcome(&stage, unclear),
        DeclarationOutcome::NotOutstanding
    );
    assert!(stage.waits(2) && stage.waits(3));
    drop((first, second));
}

#[test]
fn a_declaration_that_could_not_be_written_is_written_when_the_disk_works_again() {
    for failure in [WriteFailure::Insert, WriteFailure::Commit] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
        leave_unproven(&stage, 1, Fault::Unclear);
        stage.break_disk(failure);
        let declaration = declare(&stage, 1, PRINTED);
        let outcome = declaration.outcome(&stage, unclear);
        assert!(
            matches!(outcome, DeclarationOutcome::Unknown(_)),
            "{outcome:?}"
        );
        assert_eq!(Stage::rows_of(stage.path(), DECLARED), 0);
        assert!(sold.outcome_unknown());
        stage.repair_disk();
        stage.wait_until(|| Stage::rows_of(stage.path(), DECLARED) == 1);
        assert_eq!(stage.sealed(1).0, 1);
        let next = stage.order(sale(2, 900), LONG_TIMEOUT);
        stage.printer().sells(900, 2);
        assert!(!next.replayed());
        assert_eq!(Stage::rows_of(stage.path(), DECLARED), 1, "once");
    }
}

#[test]
fn after_a_crash_before_the_commit_the_document_can_be_declared_differently() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    leave_unproven(&stage, 1, Fault::Unclear);
    stage.break_disk(WriteFailure::Commit);
    let declaration = declare(&stage, 1, PRINTED);
    assert!(matches!(
        declaration.outcome(&stage, unclear),
        DeclarationOutcome::Unknown(_)
    ));
    let stage = stage.restart();
    stage.repair_disk();
    drop(sold);
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Reserved);
    leave_unproven(&stage, 1, Fault::Unclear);
    let declaration = declare(&stage, 1, NOT_PRINTED);
    assert_eq!(
        declaration.outcome(&stage, unclear),
        DeclarationOutcome::Booked
    );
    assert_eq!(Stage::rows_of(stage.path(), DECLARED), 1);
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Voided);
    // After the next start no document is outstanding.
    let stage = stage.restart();
    let next = stage.order(sale(2, 900), LONG_TIMEOUT);
    stage.printer().sells(900, 1);
    assert!(!next.replayed());
}

#[test]
fn a_z_report_made_at_the_keyboard_meanwhile_is_recorded_after_the_declaration() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!first.replayed());
    let second = stage.order(sale(2, 900), LONG_TIMEOUT);
    stage.printer().remember(|memory| {
        memory.baseline = next_day(1, 3, 3);
        memory.last_z = Some(closed(1, 1_710));
    });
    leave_unproven(&stage, 2, Fault::Unclear);
    let declaration = declare(&stage, 2, PRINTED);
    assert_eq!(
        declaration.outcome(&stage, unclear),
        DeclarationOutcome::Booked
    );
    assert!(!second.replayed());
    stage.wait_until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    let z = stage.newest_z();
    assert_eq!(z.row.number, Some(3), "the Z-report comes after both sales");
    assert!(z.reconciliation.unwrap().agrees());
    let third = stage.order(sale(3, 100), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().baseline, next_day(1, 3, 3));
    stage.printer().reply(registered_at(next_day(1, 3, 4)));
    assert!(!third.replayed());
}

#[test]
fn a_declared_z_report_of_the_till_is_not_recorded_a_second_time() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    let closing = stage.order(z_report(2), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(unclear());
    stage.wait_until(|| {
        stage
            .live_status
            .needs_a_person(Uuid::from_u128(2))
            .is_some()
    });
    stage
        .printer()
        .remember(|memory| memory.baseline = next_day(1, 2, 2));
    let declaration = declare(&stage, 2, PRINTED);
    assert_eq!(
        declaration.outcome(&stage, unclear),
        DeclarationOutcome::Booked
    );
    assert!(!closing.replayed());
    let stage = stage.restart();
    let next = stage.order(sale(3, 900), LONG_TIMEOUT);
    assert_eq!(stage.printer().call().baseline, next_day(1, 2, 2));
    stage.printer().reply(registered_at(next_day(1, 2, 3)));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(2), (2, "z_report".to_owned()));
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);
}

#[test]
fn a_document_of_a_lost_printer_can_be_declared_and_its_shift_still_needs_that_printer() {
    let other = Baseline {
        serial: "SC000002".to_owned(),
        ..baseline(40)
    };
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), LONG_TIMEOUT);
    stage.printer().remember(|memory| memory.baseline = other);
    leave_unproven(&stage, 1, Fault::PrinterSwapped);
    let swapped = || Performed::Unknown(Fault::PrinterSwapped);
    let declaration = declare(&stage, 1, PRINTED);
    assert_eq!(
        declaration.outcome(&stage, swapped),
        DeclarationOutcome::Booked
    );
    assert!(!sold.replayed());
    assert_eq!(
        declaration_on(&stage, 1).unwrap().why,
        Fault::PrinterSwapped.to_string()
    );
    // The open shift still refuses another printer (decision 0006).
    let answer = stage.order(sale(2, 900), LONG_TIMEOUT).answer();
    assert!(
        matches!(
            answer,
            Answer::Refused {
                refusal: Refusal::PrinterSwapped,
                ..
            }
        ),
        "{answer:?}"
    );
    assert!(stage.printer().is_quiet());
}

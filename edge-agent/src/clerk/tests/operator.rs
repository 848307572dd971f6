//! A person's word on a document that its printer cannot prove: when it is heard, what wins over it, and what a crash leaves of it.

use std::num::NonZeroU32;

use ferrotill_core::event::PaperSays;
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_device::Fault;
use ferrotill_device::printer::{Baseline, Job, Outcome};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::day::{CLOSED_BY_PRINTER, closed, next_day};
use super::stage::*;
use crate::clerk::{Answer, DeclarationOutcome, Message};
use crate::order::{Declaration, ReceiptMode};
use ferrotill_store::{OperatorDeclaration, Reader, RequestState};

/// The journal's number of a person's word.
const DECLARED: u16 = 9;
const PRINTED: PaperSays = PaperSays::Registered { document: None };
const PRINTED_AS_5: PaperSays = PaperSays::Registered {
    document: NonZeroU32::new(5),
};
const NOT_PRINTED: PaperSays = PaperSays::NotRegistered;

/// A person's word on its way.
struct Said(oneshot::Receiver<DeclarationOutcome>);

impl Said {
    fn is_open(&mut self) -> bool {
        matches!(self.0.try_recv(), Err(oneshot::error::TryRecvError::Empty))
    }

    /// What becomes of it while the printer answers every question like this.
    fn outcome(mut self, stage: &Stage, outcome: impl Fn() -> Outcome) -> DeclarationOutcome {
        let begun = std::time::Instant::now();
        loop {
            match self.0.try_recv() {
                Ok(hearing) => return hearing,
                Err(oneshot::error::TryRecvError::Closed) => panic!("the clerk lives"),
                Err(oneshot::error::TryRecvError::Empty) => {}
            }
            assert!(begun.elapsed() < PATIENT, "nobody hears it");
            match stage.printer().asked() {
                Some(call) => {
                    assert!(call.recover, "asked, never printed again: {call:?}");
                    stage.printer().reply(outcome());
                }
                None => std::thread::yield_now(),
            }
        }
    }
}

fn say(stage: &Stage, id: u128, paper: PaperSays) -> Said {
    let (reply, answer) = oneshot::channel();
    stage.clerk_handle().send(Message::Declare {
        declaration: Box::new(Declaration {
            id: Uuid::from_u128(id),
            paper,
            by: "Maria".to_owned(),
        }),
        reply,
    });
    Said(answer)
}

fn unclear() -> Outcome {
    Outcome::Unknown(Fault::Unclear)
}

/// The printer has the document, and says something that proves nothing; people are told to look.
fn blocked(stage: &Stage, id: u128, fault: Fault) {
    stage.printer().call();
    stage.printer().reply(Outcome::Unknown(fault));
    let id = Uuid::from_u128(id);
    stage.until(|| stage.live_status.needs_a_person(id).is_some());
    let trouble = stage.live_status.printer(device(0)).trouble.unwrap();
    assert!(trouble.contains(&id.to_string()), "{trouble}");
    assert!(
        trouble.contains(&format!("ferrotill settle {id}")),
        "{trouble}"
    );
}

fn word_on(stage: &Stage, id: u128) -> Option<OperatorDeclaration> {
    let row = stage.find(id).unwrap().row;
    Reader::new(stage.path()).declaration_of(&row).unwrap()
}

#[test]
fn a_document_that_nothing_proves_is_sealed_on_a_persons_word_and_the_till_sells_again() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), PATIENT);
    blocked(&stage, 1, Fault::Unclear);
    let next = stage.order(sale(2, 900), PATIENT);
    assert!(stage.waits(2), "the till is blocked");
    // What the counters have come to meanwhile is read before anything else is printed.
    stage
        .printer()
        .remember(|memory| memory.baseline = baseline(6));
    let said = say(&stage, 1, PRINTED_AS_5);
    assert_eq!(said.outcome(&stage, unclear), DeclarationOutcome::Booked);
    assert!(!first.replayed(), "its caller hears of it");
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
            counters: None
        }
    );
    let word = word_on(&stage, 1).unwrap();
    assert_eq!((word.paper, &*word.by), (PRINTED_AS_5, "Maria"));
    assert_eq!(word.why, Fault::Unclear.to_string());
    assert_eq!(word_on(&stage, 2), None);
    assert!(
        stage
            .live_status
            .needs_a_person(Uuid::from_u128(1))
            .is_none()
    );
    assert_eq!(stage.letters(), 2, "the office hears of both");
    assert!(stage.order(sale(1, 810), PATIENT).replayed());
}

#[test]
fn what_is_not_on_the_paper_is_void_and_its_id_is_free() {
    let stage = Stage::new();
    let mode = ReceiptMode::FiscalThenAlternative;
    let first = stage.order(sale_as(1, 810, mode, true), PATIENT);
    blocked(&stage, 1, Fault::Unclear);
    let said = say(&stage, 1, NOT_PRINTED);
    assert_eq!(said.outcome(&stage, unclear), DeclarationOutcome::Booked);
    match first.answer() {
        Answer::NotRegistered { error, message } => {
            assert_eq!(error, "Unclear");
            assert!(
                message.starts_with("Maria has read that it was not printed"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
    // No alternative receipt either: the buyer went long ago.
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Voided);
    assert_eq!(word_on(&stage, 1).unwrap().paper, NOT_PRINTED);
    assert_eq!(stage.letters(), 0);
    let again = stage.order(sale(1, 500), PATIENT);
    stage.printer().sells(500, 1);
    assert!(!again.replayed());
    assert_eq!(stage.sealed(1).0, 1);
}

#[test]
fn while_the_printer_can_still_say_it_nobody_speaks_for_it() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().call();
    for (fault, open, words) in [
        (Fault::NoAnswer, false, "does not answer"),
        (Fault::PortUnavailable, false, "cannot be opened"),
        (Fault::CancelNotDecided, false, "could not be stored"),
        (Fault::PaymentDiffers, false, "in another way"),
        // People finish it at the printer, and then it can say.
        (Fault::Unclear, true, "a receipt is open"),
    ] {
        stage.printer().remember(|memory| memory.open = open);
        let said = say(&stage, 1, PRINTED);
        if fault == Fault::NoAnswer {
            // The job's own first outcome.
            stage.printer().reply(Outcome::Unknown(fault));
        }
        match said.outcome(&stage, || Outcome::Unknown(fault)) {
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
    assert_eq!(word_on(&stage, 1), None);
}

#[test]
fn what_the_printer_says_in_the_same_instant_wins() {
    for (paper, outcome) in [
        (NOT_PRINTED, registered(1)),
        (PRINTED, refused(Fault::NotExecuted, 0)),
    ] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 810), PATIENT);
        blocked(&stage, 1, Fault::Unclear);
        assert!(stage.printer().call().recover);
        let mut said = say(&stage, 1, paper);
        assert!(stage.waits(1), "the clerk has heard it");
        assert!(said.is_open());
        // The answer to the question that was on its way.
        stage.printer().reply(outcome.clone());
        let hearing = said.outcome(&stage, || outcome.clone());
        assert_eq!(hearing, DeclarationOutcome::NotOutstanding);
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
        // Nothing is left over of the word: the next document is asked about as ever.
        let next = stage.order(sale(2, 900), PATIENT);
        stage.printer().sells(900, 2);
        assert!(!next.replayed());
    }
}

#[test]
fn what_was_unclear_a_moment_ago_is_asked_once_more() {
    let silent = Outcome::Unknown(Fault::NoAnswer);
    for (outcome, settled) in [(silent, false), (registered(1), true)] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 810), PATIENT);
        blocked(&stage, 1, Fault::Unclear);
        let said = say(&stage, 1, NOT_PRINTED);
        let hearing = said.outcome(&stage, || outcome.clone());
        if settled {
            assert_eq!(hearing, DeclarationOutcome::NotOutstanding);
            assert!(!sold.replayed());
        } else {
            let still =
                matches!(&hearing, DeclarationOutcome::CanStillSay(why) if why.contains("answer"));
            assert!(still, "{hearing:?}");
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
fn each_document_that_nothing_proves_is_told_of() {
    let stage = Stage::new();
    for id in 1..4 {
        let sold = stage.order(sale(id, 810), PATIENT);
        blocked(&stage, id, Fault::Unclear);
        let said = say(&stage, id, PRINTED);
        assert_eq!(said.outcome(&stage, unclear), DeclarationOutcome::Booked);
        assert!(!sold.replayed());
        let number = u32::try_from(id).unwrap();
        assert_eq!(stage.sealed(id), (number, "sale".to_owned()));
    }
}

#[test]
fn sums_that_rest_on_a_word_are_held_against_no_printer() {
    // What the books say of the day, when the printer is asked what became of a document.
    let day_of = |stage: &Stage| {
        stage.printer().call();
        stage.printer().reply(Outcome::Unknown(Fault::NoAnswer));
        stage.printer().call().books.day
    };
    for (paper, second) in [(PRINTED, 2), (NOT_PRINTED, 1)] {
        let stage = Stage::new();
        let first = stage.order(sale(1, 810), PATIENT);
        blocked(&stage, 1, Fault::Unclear);
        let said = say(&stage, 1, paper);
        assert_eq!(said.outcome(&stage, unclear), DeclarationOutcome::Booked);
        drop(first);
        let sold = stage.order(sale(2, 810), PATIENT);
        assert_eq!(day_of(&stage), None);
        stage.printer().reply(registered(second));
        assert!(!sold.replayed());
        // Also after a start, until the shift is closed.
        let stage = stage.restart();
        let sold = stage.order(sale(3, 900), PATIENT);
        assert_eq!(day_of(&stage), None);
        stage.printer().reply(registered(second + 1));
        assert!(!sold.replayed());
        let closing = stage.order(z_report(4), PATIENT);
        assert_eq!(stage.printer().call().job, Job::ZReport);
        let after = next_day(1, second + 2, second + 2);
        stage
            .printer()
            .remember(|memory| memory.baseline = after.clone());
        stage.printer().reply(registered_at(after));
        assert!(!closing.replayed());
        let sold = stage.order(sale(5, 100), PATIENT);
        assert!(day_of(&stage).is_some());
        stage
            .printer()
            .reply(registered_at(next_day(1, second + 2, second + 3)));
        assert!(!sold.replayed());
    }
}

#[test]
fn two_people_at_once_are_heard_if_they_say_the_same() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    blocked(&stage, 1, Fault::Unclear);
    assert!(stage.printer().call().recover);
    let mut first = say(&stage, 1, PRINTED);
    let same = say(&stage, 1, PRINTED);
    let other = say(&stage, 1, NOT_PRINTED);
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
    let late = say(&stage, 1, PRINTED);
    assert_eq!(
        late.outcome(&stage, unclear),
        DeclarationOutcome::NotOutstanding
    );
}

#[test]
fn nobody_speaks_for_what_is_not_outstanding() {
    let stage = Stage::new();
    assert_eq!(
        say(&stage, 9, PRINTED).outcome(&stage, unclear),
        DeclarationOutcome::NotOutstanding
    );
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    for id in [1, 9] {
        let said = say(&stage, id, NOT_PRINTED);
        assert_eq!(
            said.outcome(&stage, unclear),
            DeclarationOutcome::NotOutstanding
        );
    }
    // One is outstanding; another one waits for its turn.
    let first = stage.order(sale(2, 100), PATIENT);
    blocked(&stage, 2, Fault::Unclear);
    let second = stage.order(sale(3, 100), PATIENT);
    assert!(stage.waits(3));
    let said = say(&stage, 3, NOT_PRINTED);
    assert_eq!(
        said.outcome(&stage, unclear),
        DeclarationOutcome::NotOutstanding
    );
    assert!(stage.waits(2) && stage.waits(3));
    drop((first, second));
}

#[test]
fn a_word_that_could_not_be_written_is_none_until_the_disk_is_back() {
    for trouble in [Trouble::Insert, Trouble::Commit] {
        let stage = Stage::new();
        let sold = stage.order(sale(1, 810), PATIENT);
        blocked(&stage, 1, Fault::Unclear);
        stage.break_disk(trouble);
        let said = say(&stage, 1, PRINTED);
        let heard = said.outcome(&stage, unclear);
        assert!(matches!(heard, DeclarationOutcome::Unknown(_)), "{heard:?}");
        assert_eq!(Stage::rows_of(stage.path(), DECLARED), 0);
        assert!(sold.nobody_knows());
        stage.mend_disk();
        stage.until(|| Stage::rows_of(stage.path(), DECLARED) == 1);
        assert_eq!(stage.sealed(1).0, 1);
        let next = stage.order(sale(2, 900), PATIENT);
        stage.printer().sells(900, 2);
        assert!(!next.replayed());
        assert_eq!(Stage::rows_of(stage.path(), DECLARED), 1, "once");
    }
}

#[test]
fn a_crash_before_the_commit_leaves_the_document_outstanding_and_free_to_be_declared_otherwise() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    blocked(&stage, 1, Fault::Unclear);
    stage.break_disk(Trouble::Commit);
    let said = say(&stage, 1, PRINTED);
    assert!(matches!(
        said.outcome(&stage, unclear),
        DeclarationOutcome::Unknown(_)
    ));
    let stage = stage.restart();
    stage.mend_disk();
    drop(sold);
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Reserved);
    blocked(&stage, 1, Fault::Unclear);
    let said = say(&stage, 1, NOT_PRINTED);
    assert_eq!(said.outcome(&stage, unclear), DeclarationOutcome::Booked);
    assert_eq!(Stage::rows_of(stage.path(), DECLARED), 1);
    assert_eq!(stage.find(1).unwrap().row.state, RequestState::Voided);
    // The next start finds nothing to ask about.
    let stage = stage.restart();
    let next = stage.order(sale(2, 900), PATIENT);
    stage.printer().sells(900, 1);
    assert!(!next.replayed());
}

#[test]
fn a_day_that_was_closed_at_the_keyboard_meanwhile_is_booked_behind_the_word() {
    let stage = Stage::new();
    let first = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!first.replayed());
    let second = stage.order(sale(2, 900), PATIENT);
    stage.printer().remember(|memory| {
        memory.baseline = next_day(1, 3, 3);
        memory.last_z = Some(closed(1, 1_710));
    });
    blocked(&stage, 2, Fault::Unclear);
    let said = say(&stage, 2, PRINTED);
    assert_eq!(said.outcome(&stage, unclear), DeclarationOutcome::Booked);
    assert!(!second.replayed());
    stage.until(|| Stage::rows_of(stage.path(), CLOSED_BY_PRINTER) == 1);
    let z = stage.newest_z();
    assert_eq!(z.row.number, Some(3), "behind both sales");
    assert!(z.reconciliation.unwrap().agrees());
    let third = stage.order(sale(3, 100), PATIENT);
    assert_eq!(stage.printer().call().baseline, next_day(1, 3, 3));
    stage.printer().reply(registered_at(next_day(1, 3, 4)));
    assert!(!third.replayed());
}

#[test]
fn a_report_of_ours_that_a_person_has_read_is_not_booked_a_second_time() {
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().sells(810, 1);
    assert!(!sold.replayed());
    let closing = stage.order(z_report(2), PATIENT);
    assert_eq!(stage.printer().call().job, Job::ZReport);
    stage.printer().reply(unclear());
    stage.until(|| {
        stage
            .live_status
            .needs_a_person(Uuid::from_u128(2))
            .is_some()
    });
    stage
        .printer()
        .remember(|memory| memory.baseline = next_day(1, 2, 2));
    let said = say(&stage, 2, PRINTED);
    assert_eq!(said.outcome(&stage, unclear), DeclarationOutcome::Booked);
    assert!(!closing.replayed());
    let stage = stage.restart();
    let next = stage.order(sale(3, 900), PATIENT);
    assert_eq!(stage.printer().call().baseline, next_day(1, 2, 2));
    stage.printer().reply(registered_at(next_day(1, 2, 3)));
    assert!(!next.replayed());
    assert_eq!(stage.sealed(2), (2, "z_report".to_owned()));
    assert_eq!(Stage::rows_of(stage.path(), CLOSED_BY_PRINTER), 0);
}

#[test]
fn a_printer_that_is_gone_for_good_is_spoken_for_and_its_shift_still_waits_for_it() {
    let other = Baseline {
        serial: "SC000002".to_owned(),
        ..baseline(40)
    };
    let stage = Stage::new();
    let sold = stage.order(sale(1, 810), PATIENT);
    stage.printer().remember(|memory| memory.baseline = other);
    blocked(&stage, 1, Fault::PrinterSwapped);
    let swapped = || Outcome::Unknown(Fault::PrinterSwapped);
    let said = say(&stage, 1, PRINTED);
    assert_eq!(said.outcome(&stage, swapped), DeclarationOutcome::Booked);
    assert!(!sold.replayed());
    assert_eq!(
        word_on(&stage, 1).unwrap().why,
        Fault::PrinterSwapped.to_string()
    );
    // That is another question, with an answer of its own (decision 0006).
    let answer = stage.order(sale(2, 900), PATIENT).answer();
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

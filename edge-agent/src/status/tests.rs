//! Tests that each problem that the live status notes itself ends.

use std::time::Instant;

use ferrotill_core::Amount;
use ferrotill_device::printer::{Baseline, Condition, Connected};
use ferrotill_store::{StoreError, StoreFigures};
use ferrotill_testkit::health_page::check_says;
use uuid::Uuid;

use super::objections::ObjectionKind;
use super::problems::{HealthProblem, ProblemKind};
use super::{LiveStatus, UnsendableDocument};
use crate::explanation::Explanation;

fn explained() -> Explanation {
    Explanation::new("it does not work", "here", "it is broken", "repair it")
}

const DEVICE: Uuid = Uuid::from_u128(7);

fn figures(refused: u32, newest_differing: u32) -> StoreFigures {
    let mut figures = StoreFigures::default();
    figures.unsent.refused = refused;
    figures.z_reports.newest_differing = newest_differing;
    // Z-reports of earlier days stay different for ever.
    figures.z_reports.differing = 3;
    figures
}

fn clock(kind: ProblemKind) -> Option<(ProblemKind, String, String)> {
    Some((kind, "wrong".to_owned(), "set it".to_owned()))
}

fn disk_full() -> StoreError {
    StoreError::Database {
        context: "commit",
        path: "ferrotill.db".into(),
        source: rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(13), None),
    }
}

fn connected(serial: &str) -> Connected {
    Connected {
        baseline: Baseline {
            family: "datecs".to_owned(),
            serial: serial.to_owned(),
            fiscal_memory: serial.to_owned(),
            last_document: 0,
            next_fiscal_receipt: 1,
            z_number: None,
            cash: Amount::ZERO,
            cash_in: Amount::ZERO,
            cash_out: Amount::ZERO,
        },
        model: "M".to_owned(),
        firmware: "1".to_owned(),
        address: "port".to_owned(),
        clock: None,
        condition: Condition::default(),
        receipt_open: false,
        groups: [None; 8],
        missing: Vec::new(),
        country: "",
        training: false,
    }
}

fn unsendable(number: u32) -> UnsendableDocument {
    UnsendableDocument {
        device: DEVICE,
        number,
        id: Uuid::from_u128(u128::from(number)),
        recipient: "library",
        reason: "the library has no place for it".to_owned(),
    }
}

const HOUR_MS: i64 = 3_600_000;

/// The law ends the shift of the device at this time, and it is 0 now.
fn shift(live_status: &LiveStatus, ends_ms: Option<i64>) {
    live_status.shift_ends_at(DEVICE, ends_ms);
    live_status.note_shift(DEVICE, "Till 1", 0, |at_ms| at_ms.to_string());
}

#[test]
fn a_clerk_that_does_not_answer_ten_questions_is_silent() {
    let live_status = LiveStatus::default();
    for asked in 0..11 {
        assert_eq!(live_status.why_not_ready(Instant::now()), None, "{asked}");
        live_status.clerk_asked(true);
    }
    let why = live_status.why_not_ready(Instant::now());
    check_says("clerk_silent", &why.unwrap());
    live_status.clerk_answered();
    assert_eq!(live_status.why_not_ready(Instant::now()), None);
}

#[test]
fn each_problem_of_the_live_status_ends_with_its_reason() {
    type Step = fn(&LiveStatus);
    // Each row: the problem, what raises it, what ends it.
    let rows: &[(ProblemKind, Step, Step)] = &[
        (
            ProblemKind::JOURNAL_UNWRITABLE,
            |it| it.transaction_failed(&StoreError::TooLarge, &explained()),
            |it| it.transaction_committed(StoreFigures::default(), true),
        ),
        (
            ProblemKind::DISK_FULL,
            |it| it.transaction_failed(&disk_full(), &explained()),
            |it| it.transaction_committed(StoreFigures::default(), true),
        ),
        (
            ProblemKind::CHAIN_BROKEN,
            |it| it.transaction_failed(&StoreError::ChainBroken { seq: 1 }, &explained()),
            |it| it.transaction_committed(StoreFigures::default(), true),
        ),
        (
            ProblemKind::PRINTER,
            |it| it.printer_lost(DEVICE, &explained()),
            |it| it.printer_answers(DEVICE),
        ),
        (
            ProblemKind::DOCUMENT_WAITS,
            |it| it.printer_unproven(DEVICE, Uuid::nil(), "declare it".to_owned(), true),
            |it| it.person_settled(DEVICE, true),
        ),
        (
            ProblemKind::PRINTER_CONDITION,
            |it| it.printer_condition(DEVICE, Some(explained())),
            |it| it.printer_condition(DEVICE, None),
        ),
        (
            ProblemKind::OBJECTIONS,
            |it| {
                it.printer_objections(DEVICE, vec![ObjectionKind::TaxRate.because("another rate")])
            },
            |it| it.printer_objections(DEVICE, Vec::new()),
        ),
        (
            ProblemKind::OFFICE_OFFLINE,
            |it| it.authority_switched("offline", "", false, Some(&explained())),
            |it| it.authority_switched("online", "", false, None),
        ),
        (
            ProblemKind::DOCUMENTS_REFUSED,
            |it| it.transaction_committed(figures(1, 0), true),
            |it| it.transaction_committed(figures(0, 0), true),
        ),
        (
            ProblemKind::Z_REPORT_DIFFERS,
            |it| it.transaction_committed(figures(0, 1), true),
            |it| it.transaction_committed(figures(0, 0), true),
        ),
        (
            ProblemKind::ALTERNATIVE_NUMBERS,
            |it| it.numbers_counted(DEVICE, 0),
            |it| it.numbers_counted(DEVICE, 1_000),
        ),
        (
            ProblemKind::CLOCK_UNCONFIRMED,
            |it| it.clock_problem(clock(ProblemKind::CLOCK_UNCONFIRMED)),
            |it| it.clock_problem(None),
        ),
        (
            ProblemKind::CLOCK_AHEAD,
            |it| it.clock_problem(clock(ProblemKind::CLOCK_AHEAD)),
            |it| it.clock_problem(None),
        ),
        (
            ProblemKind::CLERK_SILENT,
            |it| it.clerk_asked(false),
            LiveStatus::clerk_answered,
        ),
        (
            ProblemKind::DISK_NEARLY_FULL,
            |it| it.disk_measured(1_000, 1_000_000),
            |it| it.disk_measured(110_000, 1_000_000),
        ),
        (
            ProblemKind::FOLDER_NOT_PRIVATE,
            |it| it.folder_seen("/books".as_ref(), false),
            |it| it.folder_seen("/books".as_ref(), true),
        ),
        (
            ProblemKind::DOCUMENT_UNTOLD,
            |it| {
                it.unsendable(unsendable(1));
                it.transaction_committed(StoreFigures::default(), true);
            },
            |it| it.laid_aside(Uuid::from_u128(1), "library"),
        ),
        (
            ProblemKind::PRINTER_ANSWER_UNKNOWN,
            |it| {
                it.printer_ready(DEVICE, &connected("1"), None);
                it.printer_answers_unknown(DEVICE, &[]);
            },
            |it| it.printer_ready(DEVICE, &connected("2"), None),
        ),
        (
            ProblemKind::OFFLINE_LIMIT,
            |it| it.offline_limits_reached(&["the law's limit"]),
            |it| it.offline_limits_reached(&[]),
        ),
        (
            ProblemKind::SHIFT_ENDS,
            |it| shift(it, Some(2 * HOUR_MS)),
            |it| shift(it, Some(2 * HOUR_MS + 1)),
        ),
        (
            ProblemKind::SHIFT_TOO_LONG,
            |it| shift(it, Some(0)),
            |it| shift(it, None),
        ),
        (
            ProblemKind::CALLS_NOT_KEPT,
            |it| it.calls_not_kept("the disk is full"),
            LiveStatus::calls_kept,
        ),
    ];
    for (kind, raises, ends) in rows {
        let live_status = LiveStatus::default();
        live_status.transaction_begins(Instant::now(), 1);
        raises(&live_status);
        let listed = live_status.problems().list();
        let kinds: Vec<&str> = listed.iter().map(|problem| problem.kind.id()).collect();
        assert_eq!(kinds, [kind.id()]);
        ends(&live_status);
        assert_eq!(live_status.problems().list(), [], "{}", kind.id());
    }
}

fn listed(live_status: &LiveStatus) -> Vec<(&'static str, i64)> {
    let problems = live_status.problems().list();
    let of = |problem: &HealthProblem| (problem.kind.id(), problem.since_ms);
    problems.iter().map(of).collect()
}

/// A document that a person must declare waits on while its printer is silent, and after it is connected again.
#[test]
fn a_document_waits_for_a_person_until_its_outcome_is_known() {
    let document = Uuid::from_u128(9);
    let live_status = LiveStatus::default();
    live_status.noticed_at(1);
    live_status.printer_unproven(DEVICE, document, "declare it".to_owned(), true);
    live_status.noticed_at(2);
    live_status.printer_lost(DEVICE, &explained());
    assert_eq!(
        listed(&live_status),
        [("document_waits", 1), ("printer", 2)]
    );
    // A silent printer may still prove it, so that a declaration is refused for now.
    assert_eq!(live_status.needs_a_person(document), None);
    live_status.printer_ready(DEVICE, &connected("1"), Some(document));
    assert_eq!(listed(&live_status), [("document_waits", 1)]);
    live_status.outcome_known(DEVICE, Uuid::nil());
    assert_eq!(listed(&live_status), [("document_waits", 1)]);
    live_status.outcome_known(DEVICE, document);
    assert_eq!(listed(&live_status), []);
    assert_eq!(live_status.needs_a_person(document), None);
    // A connection after which no document is outstanding ends it too.
    live_status.printer_unproven(DEVICE, document, "declare it".to_owned(), true);
    live_status.printer_ready(DEVICE, &connected("1"), None);
    assert_eq!(listed(&live_status), []);
}

/// What is said again after each connection keeps its time.
#[test]
fn a_new_connection_does_not_begin_a_problem_again() {
    let live_status = LiveStatus::default();
    live_status.noticed_at(1);
    let objections = || vec![ObjectionKind::Clock.because("the clock is wrong")];
    live_status.printer_ready(DEVICE, &connected("1"), None);
    live_status.printer_condition(DEVICE, Some(explained()));
    live_status.printer_objections(DEVICE, objections());
    live_status.noticed_at(2);
    live_status.printer_ready(DEVICE, &connected("1"), None);
    let printer = live_status.printer(DEVICE);
    assert_eq!(printer.objections, objections());
    assert!(!printer.refuses_receipts, "a wrong clock stops no sale");
    live_status.printer_condition(DEVICE, Some(explained()));
    live_status.printer_objections(DEVICE, objections());
    assert_eq!(
        listed(&live_status),
        [("printer_condition", 1), ("printer_objections", 1)]
    );
}

/// A document that cannot be sent is a problem from the commit on, and each is named until it was laid aside.
#[test]
fn documents_that_cannot_be_sent_are_named_one_after_the_other() {
    let live_status = LiveStatus::default();
    live_status.unsendable(unsendable(1));
    assert_eq!(listed(&live_status), []);
    live_status.transaction_failed(&StoreError::TooLarge, &explained());
    live_status.transaction_committed(StoreFigures::default(), true);
    assert_eq!(listed(&live_status), [], "the document does not exist");
    for number in [1, 2] {
        live_status.unsendable(unsendable(number));
        live_status.transaction_committed(StoreFigures::default(), true);
    }
    let says = || live_status.problems().list().pop().map(|it| it.says);
    let both = says().unwrap();
    assert!(both.starts_with("document 2 ("), "{both}");
    assert!(both.ends_with("(and 1 documents before it)"), "{both}");
    live_status.laid_aside(Uuid::from_u128(2), "authority");
    assert_eq!(says(), Some(both), "laid aside for another recipient");
    live_status.laid_aside(Uuid::from_u128(2), "library");
    let first = says().unwrap();
    assert!(first.starts_with("document 1 ("), "{first}");
    assert!(first.ends_with("no place for it"), "{first}");
    live_status.laid_aside(Uuid::from_u128(1), "library");
    assert_eq!(says(), None);
}

/// A disk at the limit does not begin and end the problem with each file.
#[test]
fn a_disk_has_room_again_only_with_a_tenth_more() {
    let live_status = LiveStatus::default();
    for (free, is_nearly_full) in [
        (100_000, false),
        (99_999, true),
        (100_001, true),
        (109_999, true),
        (110_000, false),
        (100_001, false),
    ] {
        live_status.disk_measured(free, 1_000_000);
        assert_eq!(!listed(&live_status).is_empty(), is_nearly_full, "{free}");
    }
}

//! Tests that each problem that the live status notes itself ends.

use std::time::Instant;

use ferrotill_store::StoreFigures;
use uuid::Uuid;

use super::LiveStatus;
use super::problems::ProblemKind;
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

#[test]
fn each_problem_of_the_live_status_ends_with_its_reason() {
    type Step = fn(&LiveStatus);
    // Each row: the problem, what raises it, what ends it.
    let rows: &[(ProblemKind, Step, Step)] = &[
        (
            ProblemKind::JOURNAL_UNWRITABLE,
            |it| it.transaction_failed(&explained()),
            |it| it.transaction_committed(StoreFigures::default(), true),
        ),
        (
            ProblemKind::PRINTER,
            |it| it.printer_lost(DEVICE, &explained()),
            |it| it.printer_answers(DEVICE),
        ),
        (
            ProblemKind::PRINTER,
            |it| it.printer_unproven(DEVICE, Uuid::nil(), "declare it".to_owned()),
            |it| it.person_settled(DEVICE, true),
        ),
        (
            ProblemKind::PRINTER_CONDITION,
            |it| it.printer_condition(DEVICE, Some(explained())),
            |it| it.printer_condition(DEVICE, None),
        ),
        (
            ProblemKind::OBJECTIONS,
            |it| it.printer_objections(DEVICE, vec!["another rate".to_owned()]),
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

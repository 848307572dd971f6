//! Fiscal receipts of the printer that the till has not made, found when the clerk meets the printer after a start.

use ferrotill_core::event::{Event, OthersStep, ReceiptsOfOthers};
use ferrotill_core::refusal::Refusal;
use ferrotill_device::printer::Baseline;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::day::{closed, next_day};
use super::stage::*;
use crate::clerk::{Answer, Message, ResourceOutcome};
use crate::order::{OrderForm, ReceiptMode};
use crate::status::problems::ProblemKind;

/// The number of the event `ReceiptsOfOthers` in the journal.
const OTHERS: u16 = 44;

pub(super) fn go_on(stage: &Stage, device: Uuid) -> ResourceOutcome {
    let (reply, answer) = oneshot::channel();
    stage.clerk_handle().send(Message::GoOn {
        device,
        by: "Maria".to_owned(),
        reply,
    });
    wait(answer)
}

fn is_refused(stage: &Stage, form: OrderForm) {
    let answer = stage.order(form, LONG_TIMEOUT).answer();
    assert!(
        matches!(
            answer,
            Answer::Refused {
                refusal: Refusal::ReceiptsOfOthers,
                ..
            }
        ),
        "{answer:?}"
    );
}

fn has_problem(stage: &Stage) -> bool {
    let problems = stage.live_status.problems().list();
    problems
        .iter()
        .any(|problem| problem.kind == ProblemKind::RECEIPTS_OF_OTHERS)
}

fn sells(stage: &Stage, id: u128, after: Baseline) {
    let sold = stage.order(sale(id, 810), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(registered_at(after));
    assert!(!sold.replayed());
}

fn meets(stage: Stage, now: Baseline) -> Stage {
    stage.printer().remember(|memory| memory.baseline = now);
    let stage = stage.restart();
    stage.wait_until_ready(0);
    stage
}

#[test]
fn a_printer_that_is_ahead_at_a_start_stops_the_device_until_a_person_has_decided() {
    let stage = Stage::new();
    sells(&stage, 1, baseline(1));
    assert_eq!(
        go_on(&stage, device(0)),
        ResourceOutcome::Failed(
            "the printer of this device has no fiscal receipts that wait for a person".to_owned()
        )
    );
    let stage = meets(stage, baseline(1));
    assert!(!has_problem(&stage), "the journal has this receipt");
    // One receipt is enough.
    let stage = meets(stage, baseline(2));
    is_refused(&stage, sale(2, 810));
    is_refused(&stage, sale_as(3, 810, ReceiptMode::AlternativeOnly, false));
    assert!(has_problem(&stage) && stage.printer().is_quiet());
    // It is found once, and not forgotten at the next start.
    let stage = meets(stage, baseline(2));
    is_refused(&stage, sale(2, 810));
    assert!(has_problem(&stage));
    let rows = Stage::payloads_of(stage.path(), OTHERS);
    let found = Event::decode(OTHERS, 1, rows.first().unwrap());
    assert!(
        matches!(
            found,
            Ok(Event::ReceiptsOfOthers(ReceiptsOfOthers {
                step: OthersStep::Found { receipts: 1 },
                ..
            }))
        ),
        "{found:?}"
    );
    assert_eq!(rows.len(), 1);
    assert_eq!(go_on(&stage, Uuid::from_u128(77)), ResourceOutcome::Unknown);
    assert_eq!(go_on(&stage, device(0)), ResourceOutcome::Done);
    assert!(!has_problem(&stage));
    // What was accepted is no news at the next start; one receipt more is.
    let stage = meets(stage, baseline(2));
    assert!(!has_problem(&stage));
    sells(&stage, 2, baseline(3));
    let stage = meets(stage, baseline(5));
    is_refused(&stage, sale(4, 810));
    assert_eq!(Stage::rows_of(stage.path(), OTHERS), 3);
}

#[test]
fn the_day_is_closed_while_a_person_must_decide_and_that_decides_nothing() {
    let stage = Stage::new();
    sells(&stage, 1, baseline(1));
    let stage = meets(stage, baseline(4));
    let closing = stage.order(z_report(2), LONG_TIMEOUT);
    stage.printer().call();
    stage.printer().reply(registered_at(next_day(1, 5, 5)));
    assert!(!closing.replayed());
    let stage = meets(stage, next_day(1, 5, 5));
    is_refused(&stage, sale(3, 810));
    assert_eq!(go_on(&stage, device(0)), ResourceOutcome::Done);
    sells(&stage, 3, next_day(1, 5, 6));
}

#[test]
fn receipts_at_the_keys_while_the_till_runs_stop_nothing() {
    let stage = Stage::new();
    sells(&stage, 1, baseline(1));
    let stage = meets(stage, baseline(1));
    let sold = stage.order(sale(2, 810), LONG_TIMEOUT);
    stage.printer().call();
    // The printer says before the sale that it has four receipts more.
    stage.printer().reply(moved(baseline(5)));
    assert_eq!(stage.printer().call().baseline, baseline(5));
    stage.printer().reply(registered_at(baseline(6)));
    assert!(!sold.replayed());
    assert_eq!(Stage::rows_of(stage.path(), OTHERS), 0);
    let problems = stage.live_status.problems().list();
    assert_eq!(
        problems.iter().map(|it| it.kind).collect::<Vec<_>>(),
        [ProblemKind::PRINTER_AHEAD]
    );
    let stage = meets(stage, baseline(6));
    assert!(!has_problem(&stage), "the journal has these counters");
}

#[test]
fn a_day_that_the_printer_has_closed_by_itself_is_compared_with_the_journal() {
    // The counters at the start, the sales of the printer's last Z-report, and whether they prove receipts of others.
    let cases = [
        (next_day(1, 2, 2), Some(closed(1, 810)), false),
        (next_day(1, 2, 2), None, false),
        (next_day(1, 3, 3), Some(closed(1, 1_620)), true),
        // Receipts of the next day.
        (next_day(1, 2, 4), Some(closed(1, 810)), true),
        // Two Z-reports, the second one over nothing.
        (next_day(2, 3, 3), Some(closed(2, 0)), false),
        (next_day(2, 9, 9), Some(closed(2, 700)), true),
    ];
    for (now, last_z, found) in cases {
        let stage = Stage::new();
        sells(&stage, 1, baseline(1));
        stage
            .printer()
            .remember(|memory| memory.last_z = last_z.clone());
        let stage = meets(stage, now.clone());
        stage.wait_until(|| Stage::rows_of(stage.path(), super::day::CLOSED_BY_PRINTER) == 1);
        assert_eq!(has_problem(&stage), found, "{now:?} {last_z:?}");
        // After the till's own Z-report the counter of receipts begins again.
        if !found {
            let next = Baseline {
                last_document: now.last_document + 1,
                next_fiscal_receipt: now.next_fiscal_receipt + 1,
                ..now
            };
            let stage = meets(stage, next);
            stage.wait_until(|| has_problem(&stage));
        }
    }
}

#[test]
fn a_counter_that_the_tills_own_z_report_does_not_clear_proves_nothing() {
    let stage = Stage::new();
    sells(&stage, 1, baseline(1));
    let closing = stage.order(z_report(2), LONG_TIMEOUT);
    stage.printer().call();
    // The printer counts its receipts for ever.
    let closed = Baseline {
        next_fiscal_receipt: baseline(1).next_fiscal_receipt,
        ..next_day(1, 2, 2)
    };
    stage.printer().reply(registered_at(closed.clone()));
    assert!(!closing.replayed());
    let stage = meets(stage, closed.clone());
    assert!(!has_problem(&stage));
    sells(
        &stage,
        3,
        Baseline {
            last_document: closed.last_document + 1,
            next_fiscal_receipt: closed.next_fiscal_receipt + 1,
            ..closed.clone()
        },
    );
    let stage = meets(
        stage,
        Baseline {
            last_document: closed.last_document + 2,
            next_fiscal_receipt: closed.next_fiscal_receipt + 2,
            ..closed
        },
    );
    is_refused(&stage, sale(4, 810));
}

#[test]
fn a_used_printer_beside_an_empty_journal_is_a_warning() {
    let stage = meets(Stage::new(), baseline(7));
    assert!(!has_problem(&stage));
    sells(&stage, 1, baseline(8));
}

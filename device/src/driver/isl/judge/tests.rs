//! The table of recovery, row by row.

mod documents;

use super::super::state::DayTotals;
use super::*;
use crate::family::datecs;
use crate::printer::{Condition, LineJob, PaymentJob, ReceiptJob};
use crate::wire::isl_report::Transaction;
use ferrotill_core::Quantity;

/// A verdict without its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Unpaid { items: u32, matches: bool },
    Paid { payments: usize },
    Issued,
    NotIssued,
    Unclear(Fault),
}

/// Judges, and checks that "not issued" bears the counters of the state as its evidence.
fn judge(
    plan: &Plan,
    baseline: &Baseline,
    evidence: &JournalEvidence,
    state: &PrinterState,
) -> (Verdict, &'static str) {
    let (verdict, says) = super::judge(plan, baseline, evidence, state);
    let verdict = match verdict {
        judge::Verdict::Unpaid { items, matches } => Verdict::Unpaid { items, matches },
        judge::Verdict::Paid { payments } => Verdict::Paid { payments },
        judge::Verdict::Issued => Verdict::Issued,
        judge::Verdict::NotIssued(evidence) => {
            assert_eq!(evidence.counters(), &state.counters);
            assert_eq!(evidence.proof(), says);
            Verdict::NotIssued
        }
        judge::Verdict::Unclear(fault) => Verdict::Unclear(fault),
    };
    (verdict, says)
}

fn line(price: i64, adjustment: i64) -> LineJob {
    LineJob {
        name: "x".to_owned(),
        group: 0,
        price: Amount::from_minor(price),
        quantity: Quantity::ONE,
        adjustment: Amount::from_minor(adjustment),
        notes: vec![],
    }
}

fn plan() -> Plan {
    Plan::of(&datecs::PROTOCOL, "", &job()).unwrap()
}

fn job() -> ReceiptJob {
    let payment = |letter, cash, amount| PaymentJob {
        letter,
        cash,
        amount: Amount::from_minor(amount),
    };
    ReceiptJob {
        refund_of: None,
        header: vec![],
        lines: vec![line(1000, 0), line(858, 0)],
        footer: vec![],
        total: Amount::from_minor(1858),
        payments: vec![payment('P', true, 1500), payment('D', false, 1000)],
        change: Amount::from_minor(642),
    }
}

fn baseline() -> Baseline {
    Baseline {
        family: "datecs".to_owned(),
        serial: "S".to_owned(),
        fiscal_memory: "F".to_owned(),
        last_document: 10,
        next_fiscal_receipt: 4,
        z_number: Some(2),
        cash: Amount::ZERO,
        cash_in: Amount::ZERO,
        cash_out: Amount::ZERO,
    }
}

/// The state of a printer from `open document fiscal items amount tender group_a`.
fn state_of(case: [i64; 7]) -> PrinterState {
    let [open, document, fiscal, items, amount, tender, group] = case;
    let mut groups = [0; 8];
    groups[0] = group;
    PrinterState {
        counters: Baseline {
            last_document: u32::try_from(document).unwrap(),
            next_fiscal_receipt: u32::try_from(fiscal).unwrap(),
            ..baseline()
        },
        condition: Condition {
            fiscal_receipt_open: open == 1,
            ..Condition::default()
        },
        transaction: Some(Transaction {
            open: open == 1,
            items: u32::try_from(items).unwrap(),
            amount,
            tender: Some(tender),
            document: None,
            refund: false,
            slip: false,
            fiscal: None,
        }),
        groups: (open == 1).then_some(groups),
        proof: None,
        documents: Vec::new(),
        sums: None,
    }
}

#[test]
fn the_table_of_recovery() {
    let unpaid = |items, matches| Verdict::Unpaid { items, matches };
    let unclear = Verdict::Unclear(Fault::Unclear);
    for (case, cancel_decided, verdict) in [
        // These receipts are open and unpaid.
        ([1, 10, 4, 0, 0, 0, 0], false, unpaid(0, true)),
        ([1, 10, 4, 1, 1000, 0, 1000], false, unpaid(1, true)),
        ([1, 11, 4, 2, 1858, 0, 1858], false, unpaid(2, true)),
        ([1, 10, 4, 1, 999, 0, 999], false, unpaid(1, false)),
        ([1, 12, 4, 0, 0, 0, 0], false, unclear),
        // These receipts are open and paid, first by card, then in cash.
        (
            [1, 10, 4, 2, 1858, 1000, 1858],
            false,
            Verdict::Paid { payments: 1 },
        ),
        (
            [1, 10, 4, 2, 1858, 2500, 1858],
            false,
            Verdict::Paid { payments: 2 },
        ),
        (
            [1, 10, 4, 2, -1858, -2500, -1858],
            false,
            Verdict::Paid { payments: 2 },
        ),
        ([1, 10, 4, 2, 1858, 1500, 1858], false, unclear),
        ([1, 10, 4, 1, 1000, 1000, 1000], false, unclear),
        // These receipts are closed.
        ([0, 10, 4, 2, 1858, 2500, 0], false, Verdict::NotIssued),
        ([0, 11, 5, 2, 1858, 2500, 0], false, Verdict::Issued),
        ([0, 11, 4, 2, 1858, 0, 0], false, Verdict::NotIssued),
        ([0, 13, 4, 0, 0, 0, 0], false, Verdict::NotIssued),
        ([0, 11, 5, 2, 1857, 2500, 0], false, unclear),
        ([0, 11, 5, 1, 1858, 2500, 0], false, unclear),
        ([0, 11, 5, 2, 1858, 0, 0], false, unclear),
        ([0, 12, 5, 2, 1858, 2500, 0], false, unclear),
        ([0, 9, 4, 2, 1858, 2500, 0], false, unclear),
        // With firmware that does not report the fiscal counter, only the last receipt can prove that our receipt was issued.
        ([0, 10, 0, 2, 1858, 2500, 0], false, Verdict::NotIssued),
        ([0, 11, 0, 2, 1858, 2500, 0], false, Verdict::Issued),
        ([0, 11, 0, 2, 1858, 0, 0], false, unclear),
        ([0, 12, 0, 2, 1858, 2500, 0], false, unclear),
        // These receipts were closed after the cancellation was decided: the tender decides, with the fiscal counter and without.
        ([0, 10, 4, 2, 1858, 2500, 0], true, Verdict::NotIssued),
        ([0, 11, 4, 2, 1858, 0, 0], true, Verdict::NotIssued),
        ([0, 13, 4, 0, 0, 0, 0], true, Verdict::NotIssued),
        ([0, 11, 5, 2, 1858, 2500, 0], true, Verdict::Issued),
        ([0, 11, 5, 2, -1858, -2500, 0], true, Verdict::Issued),
        ([0, 11, 5, 2, 1858, 1858, 0], true, unclear),
        ([0, 11, 5, 2, 1858, 0, 0], true, Verdict::NotIssued),
        ([0, 11, 5, 2, 1857, 2500, 0], true, unclear),
        ([0, 12, 5, 2, 1858, 2500, 0], true, unclear),
        ([0, 11, 0, 0, 0, 0, 0], true, Verdict::NotIssued),
        ([0, 11, 0, 1, 1000, 0, 0], true, Verdict::NotIssued),
        ([0, 11, 0, 2, 1858, 0, 0], true, Verdict::NotIssued),
        ([0, 11, 0, 2, 1858, 2500, 0], true, Verdict::Issued),
        ([0, 11, 0, 2, 1858, 2000, 0], true, unclear),
        ([0, 11, 0, 1, 1000, 2500, 0], true, unclear),
        ([0, 12, 0, 2, 1858, 0, 0], true, unclear),
    ] {
        assert_eq!(
            judge(
                &plan(),
                &baseline(),
                &JournalEvidence::of_decision(cancel_decided),
                &state_of(case)
            )
            .0,
            verdict,
            "{case:?} {cancel_decided}"
        );
    }
}

#[test]
fn only_the_fiscal_counter_distinguishes_a_receipt_with_total_0_from_a_cancelled_one() {
    let job = ReceiptJob {
        refund_of: None,
        header: vec![],
        lines: vec![line(1000, -1000)],
        footer: vec![],
        total: Amount::ZERO,
        payments: vec![PaymentJob {
            letter: 'P',
            cash: true,
            amount: Amount::ZERO,
        }],
        change: Amount::ZERO,
    };
    let plan = Plan::of(&datecs::PROTOCOL, "", &job).unwrap();
    for (fiscal, cancel_decided, verdict) in [
        (4, false, Verdict::NotIssued),
        (4, true, Verdict::NotIssued),
        (5, false, Verdict::Issued),
        (5, true, Verdict::Issued),
        (0, false, Verdict::Issued),
        (0, true, Verdict::Unclear(Fault::Unclear)),
    ] {
        let state = state_of([0, 11, fiscal, 1, 0, 0, 0]);
        assert_eq!(
            judge(
                &plan,
                &baseline(),
                &JournalEvidence::of_decision(cancel_decided),
                &state
            )
            .0,
            verdict,
            "{fiscal} {cancel_decided}"
        );
    }
}

#[test]
fn another_printer_and_another_day_prove_nothing() {
    let mut swapped = state_of([0, 10, 4, 0, 0, 0, 0]);
    swapped.counters.fiscal_memory = "G".to_owned();
    assert_eq!(
        judge(&plan(), &baseline(), &JournalEvidence::default(), &swapped).0,
        Verdict::Unclear(Fault::PrinterSwapped)
    );
    let mut closed = state_of([0, 11, 1, 2, 1858, 2500, 0]);
    closed.counters.z_number = Some(3);
    assert_eq!(
        judge(&plan(), &baseline(), &JournalEvidence::default(), &closed).0,
        Verdict::Unclear(Fault::Unclear)
    );
}

/// The state after two days, of which the first was closed at the keyboard: the numbers of further documents and Z-reports, and
/// the sums of group A.
fn days(documents: u32, z_reports: u32, last_z: i64, today: i64) -> PrinterState {
    let of_a = |amount| {
        let mut groups = [0; 8];
        groups[0] = amount;
        groups
    };
    let mut state = state_of([0, 10, 1, 0, 0, 0, 0]);
    state.counters.last_document += documents;
    state.counters.z_number = Some(2 + z_reports);
    state.sums = Some(PrinterSums {
        today: DayTotals {
            sales: of_a(today),
            refunds: Some(of_a(today)),
        },
        last_z: Some(of_a(last_z)),
    });
    state
}

/// Evidence that the till has sold for 5.00 before.
fn evidence(z_takes_a_number: bool) -> JournalEvidence {
    let mut day = DaySums::default();
    day.sales[0] = Amount::from_minor(500);
    day.refunds[0] = Amount::from_minor(500);
    JournalEvidence {
        cancel_decided: false,
        day: Some(day),
        z_takes_a_number,
    }
}

#[test]
fn if_document_numbers_prove_nothing_the_sums_of_the_days_decide() {
    let unclear = Verdict::Unclear(Fault::Unclear);
    for (documents, z_reports, last_z, today, verdict) in [
        // X-reports were printed at the keyboard.
        (1, 0, 0, 500, Verdict::NotIssued),
        (2, 0, 0, 2358, Verdict::Issued),
        (2, 0, 0, 2357, unclear),
        // Without a new document the sums prove nothing, but the unchanged document number proves that nothing was issued.
        (0, 0, 0, 2358, Verdict::NotIssued),
        // The day was closed.
        (2, 1, 500, 0, Verdict::NotIssued),
        (2, 1, 2358, 0, Verdict::Issued),
        (2, 1, 2358, 9999, Verdict::Issued),
        (2, 1, 501, 0, unclear),
        // In one case the sales since the Z-report are less than the receipt; in the other they may include the receipt.
        (3, 1, 500, 1857, Verdict::NotIssued),
        (3, 1, 500, 1858, unclear),
        // Two days were closed, and the fiscal memory reports only the last one.
        (3, 2, 500, 0, unclear),
        (3, 2, 2358, 0, unclear),
    ] {
        let mut state = days(documents, z_reports, last_z, today);
        if z_reports == 0 {
            // The counter of fiscal receipts is not reported, as with some firmware.
            state.counters.next_fiscal_receipt = 0;
        }
        let judged = judge(&plan(), &baseline(), &evidence(false), &state).0;
        let case = (documents, z_reports, last_z, today);
        assert_eq!(judged, verdict, "{case:?}");
        let without_evidence = judge(&plan(), &baseline(), &JournalEvidence::default(), &state).0;
        let without = if documents == 0 {
            Verdict::NotIssued
        } else {
            unclear
        };
        assert_eq!(without_evidence, without, "{case:?}");
    }
}

#[test]
fn as_many_new_documents_as_z_reports_prove_that_nothing_else_was_printed() {
    let unclear = Verdict::Unclear(Fault::Unclear);
    for (documents, z_reports, known, verdict) in [
        (1, 1, true, Verdict::NotIssued),
        (3, 3, true, Verdict::NotIssued),
        (2, 1, true, unclear),
        // It is not known whether a Z-report uses a document number, so the one new document may be our receipt.
        (1, 1, false, unclear),
    ] {
        let state = days(documents, z_reports, 77, 0);
        assert_eq!(
            judge(&plan(), &baseline(), &evidence(known), &state).0,
            verdict,
            "{documents} {z_reports} {known}"
        );
    }
    let mut open = days(1, 1, 77, 0);
    open.condition.fiscal_receipt_open = true;
    assert_eq!(
        judge(&plan(), &baseline(), &evidence(true), &open).0,
        unclear
    );
}

#[test]
fn refunds_are_proved_by_the_sums_of_the_day_and_not_by_a_z_report() {
    let mut refund = plan();
    refund.refund = true;
    for (z_reports, today, verdict) in [
        (0, 500, Verdict::NotIssued),
        (0, 2358, Verdict::Issued),
        (1, 0, Verdict::Unclear(Fault::Unclear)),
    ] {
        let mut state = days(2, z_reports, 500, today);
        state.counters.next_fiscal_receipt = 0;
        assert_eq!(
            judge(&refund, &baseline(), &evidence(false), &state).0,
            verdict,
            "{z_reports} {today}"
        );
        state.sums.as_mut().unwrap().today.refunds = None;
        assert_eq!(
            judge(&refund, &baseline(), &evidence(false), &state).0,
            Verdict::Unclear(Fault::Unclear)
        );
    }
}

#[test]
fn a_counter_that_is_never_cleared_proves_across_days() {
    let job_of_x = Plan::of(&crate::family::datecs_x::PROTOCOL, "", &job()).unwrap();
    let mut state = days(3, 2, 0, 0);
    for (fiscal, verdict) in [
        (4, Verdict::NotIssued),
        (5, Verdict::Unclear(Fault::Unclear)),
    ] {
        state.counters.next_fiscal_receipt = fiscal;
        let judged = judge(&job_of_x, &baseline(), &JournalEvidence::default(), &state).0;
        assert_eq!(judged, verdict, "{fiscal}");
        // A counter that a Z-report clears proves nothing about another day.
        let judged = judge(&plan(), &baseline(), &JournalEvidence::default(), &state).0;
        assert_eq!(judged, Verdict::Unclear(Fault::Unclear));
    }
}

/// What was printed since the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Printed {
    Ours,
    OursCancelled,
    ReceiptOfOthers,
    XReport,
    ZReport,
    /// A Z-report of firmware that gives it no document number.
    ZReportWithoutNumber,
}

/// The state of a printer after these documents; `next_fiscal` is the counter of the baseline.
fn after(printed: &[Printed], next_fiscal: i64, counted_for_ever: bool) -> PrinterState {
    let (mut document, mut fiscal, mut z_number) = (10, next_fiscal, 2);
    let mut last = [2, 1858, 2500];
    for one in printed {
        document += i64::from(*one != Printed::ZReportWithoutNumber);
        match one {
            Printed::Ours => (fiscal, last) = (fiscal + 1, [2, 1858, 2500]),
            Printed::OursCancelled => last = [1, 1000, 0],
            Printed::ReceiptOfOthers => (fiscal, last) = (fiscal + 1, [1, 500, 500]),
            Printed::XReport => last = [0, 0, 0],
            Printed::ZReport | Printed::ZReportWithoutNumber => {
                z_number += 1;
                last = [0, 0, 0];
                if !counted_for_ever {
                    fiscal = 1;
                }
            }
        }
    }
    let [items, amount, tender] = last;
    let mut state = state_of([0, document, fiscal, items, amount, tender, 0]);
    state.counters.z_number = Some(z_number);
    state
}

/// Everything that can have been printed: our receipt first, or cancelled, or never opened; then up to two other documents.
fn histories() -> Vec<Vec<Printed>> {
    let others = [
        Printed::ReceiptOfOthers,
        Printed::XReport,
        Printed::ZReport,
        Printed::ZReportWithoutNumber,
    ];
    let mut all = Vec::new();
    for ours in [None, Some(Printed::Ours), Some(Printed::OursCancelled)] {
        let begun: Vec<Printed> = ours.into_iter().collect();
        all.push(begun.clone());
        for one in others {
            all.push([begun.clone(), vec![one]].concat());
            for two in others {
                all.push([begun.clone(), vec![one, two]].concat());
            }
        }
    }
    all
}

/// The baseline and the state without some witnesses; each bit of `missing` leaves one out, before or after.
fn without(missing: u32, before: &mut Baseline, state: &mut PrinterState) {
    let lacks = |bit: u32| missing & (1 << bit) != 0;
    if lacks(0) {
        before.z_number = None;
    }
    if lacks(1) {
        state.counters.z_number = None;
    }
    if lacks(2) {
        before.next_fiscal_receipt = 0;
    }
    if lacks(3) {
        state.counters.next_fiscal_receipt = 0;
    }
    if lacks(4) {
        state.transaction = None;
    }
    if lacks(5)
        && let Some(transaction) = &mut state.transaction
    {
        transaction.tender = None;
    }
    if lacks(6) {
        before.fiscal_memory.clear();
        state.counters.fiscal_memory.clear();
    }
}

#[test]
fn with_any_witnesses_missing_no_verdict_is_wrong() {
    let (mut judged, mut settled) = (0, 0);
    for family in [
        &datecs::PROTOCOL,
        &crate::family::datecs_x::PROTOCOL,
        &crate::family::datecs_mx::PROTOCOL,
    ] {
        let plan = Plan::of(family, "", &job()).unwrap();
        for history in histories() {
            for next_fiscal in [1, 4] {
                for cancel_decided in [false, true] {
                    // The decision to cancel is made while our receipt is open.
                    let is_begun = matches!(
                        history.first(),
                        Some(Printed::Ours | Printed::OursCancelled)
                    );
                    if cancel_decided && !is_begun {
                        continue;
                    }
                    for missing in 0..128 {
                        let mut before = baseline();
                        before.next_fiscal_receipt = u32::try_from(next_fiscal).unwrap();
                        let counted = plan.is_counted_for_ever();
                        let mut state = after(&history, next_fiscal, counted);
                        without(missing, &mut before, &mut state);
                        let evidence = JournalEvidence::of_decision(cancel_decided);
                        let (verdict, says) = judge(&plan, &before, &evidence, &state);
                        let is_issued = history.first() == Some(&Printed::Ours);
                        let case = format!(
                            "{history:?} {next_fiscal} {cancel_decided} {missing:07b}: {says}"
                        );
                        match verdict {
                            Verdict::NotIssued => assert!(!is_issued, "{case}"),
                            Verdict::Issued => assert!(is_issued, "{case}"),
                            _ => {}
                        }
                        judged += 1;
                        settled += u32::from(!matches!(verdict, Verdict::Unclear(_)));
                    }
                }
            }
        }
    }
    assert!(
        judged > 10_000 && settled > judged / 20,
        "{settled} of {judged}"
    );
}

#[test]
fn an_open_receipt_without_its_groups_is_compared_by_items_and_amount() {
    for (case, verdict) in [
        (
            [1, 10, 4, 1, 1000, 0, 0],
            Verdict::Unpaid {
                items: 1,
                matches: true,
            },
        ),
        (
            [1, 10, 4, 1, 999, 0, 0],
            Verdict::Unpaid {
                items: 1,
                matches: false,
            },
        ),
        ([1, 10, 4, 2, 1858, 2500, 0], Verdict::Paid { payments: 2 }),
        (
            [1, 10, 4, 2, 1857, 2500, 0],
            Verdict::Unclear(Fault::Unclear),
        ),
    ] {
        let mut state = state_of(case);
        state.groups = None;
        let evidence = JournalEvidence::default();
        let judged = judge(&plan(), &baseline(), &evidence, &state).0;
        assert_eq!(judged, verdict, "{case:?}");
        state.transaction = None;
        let judged = judge(&plan(), &baseline(), &evidence, &state).0;
        assert_eq!(
            judged,
            Verdict::Unclear(Fault::AnswerUnreadable),
            "{case:?}"
        );
    }
}

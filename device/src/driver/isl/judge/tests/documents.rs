//! The rows of the table of recovery about a printer that reports its documents one by one, and counts no fiscal receipts.

use super::*;
use crate::family::daisy;
use crate::wire::isl_counters::{IssuedCode, IssuedDocument};

/// A document as the printer reports it, with its number.
fn document(one: Printed, number: u32) -> IssuedDocument {
    let (fiscal, kind, sum) = match one {
        Printed::Ours => (true, 0, 1_858),
        Printed::OursCancelled => (true, 0, 0),
        Printed::ReceiptOfOthers => (true, 0, 500),
        Printed::XReport => (false, 13, 0),
        Printed::ZReport | Printed::ZReportWithoutNumber => {
            return IssuedDocument {
                fiscal: true,
                code: None,
            };
        }
    };
    IssuedDocument {
        fiscal,
        code: Some(IssuedCode {
            kind,
            memory: "F".to_owned(),
            number,
            at: ("2026-11-28".to_owned(), "04:37:30".to_owned()),
            sum,
        }),
    }
}

/// The state of a Daisy printer after these documents: it counts no fiscal receipts, and reports each document.
fn after_on_daisy(printed: &[Printed]) -> PrinterState {
    let mut state = after(printed, 0, false);
    state.counters.next_fiscal_receipt = 0;
    if printed.last() == Some(&Printed::OursCancelled)
        && let Some(last) = &mut state.transaction
    {
        (last.items, last.amount, last.tender) = (2, 0, Some(0));
    }
    if let Some(last) = &mut state.transaction {
        // The change is not part of the tender.
        last.tender = last.tender.map(|tender| tender.min(last.amount));
    }
    let numbered = printed
        .iter()
        .filter(|one| **one != Printed::ZReportWithoutNumber);
    state.documents = (11..)
        .zip(numbered)
        .map(|(number, one)| Some(document(*one, number)))
        .collect();
    state
}

fn daisy_baseline() -> Baseline {
    Baseline {
        next_fiscal_receipt: 0,
        ..baseline()
    }
}

#[test]
fn the_documents_that_a_printer_reports_settle_a_receipt() {
    let plan = Plan::of(&daisy::PROTOCOL, "", &job()).unwrap();
    let ours = "closed, the document after the baseline has our kind and our sum: issued";
    let others =
        "closed, no document since the baseline has our kind and our sum: not in the fiscal memory";
    use Printed::{Ours, OursCancelled, ReceiptOfOthers, XReport, ZReport};
    for (history, expected, rule) in [
        (&[Ours][..], Verdict::Issued, ours),
        // Other documents followed, and the day was closed: the question by number finds ours.
        (&[Ours, XReport], Verdict::Issued, ours),
        (&[Ours, ZReport], Verdict::Issued, ours),
        (&[Ours, ZReport, ReceiptOfOthers], Verdict::Issued, ours),
        // A cancelled receipt takes a number of a fiscal receipt, and has the sum 0.
        (&[OursCancelled], Verdict::NotIssued, others),
        (&[OursCancelled, XReport], Verdict::NotIssued, others),
        (&[XReport], Verdict::NotIssued, others),
        (&[ReceiptOfOthers], Verdict::NotIssued, others),
        (&[ReceiptOfOthers, XReport], Verdict::NotIssued, others),
    ] {
        for decided in [false, true] {
            let state = after_on_daisy(history);
            let evidence = JournalEvidence::of_decision(decided);
            let judged = judge(&plan, &daisy_baseline(), &evidence, &state);
            assert_eq!(judged, (expected, rule), "{history:?}");
        }
    }
    // A Z-report has no code, so not every document is told.
    let (verdict, says) = judge(
        &plan,
        &daisy_baseline(),
        &JournalEvidence::default(),
        &after_on_daisy(&[XReport, ZReport]),
    );
    assert_eq!(verdict, Verdict::Unclear(Fault::Unclear), "{says}");
}

#[test]
fn a_document_of_our_sum_is_ours_only_if_everything_else_agrees() {
    type Change = fn(&mut PrinterState);
    let changes: [(&str, Change); 5] = [
        ("a refund of the same sum", |state| code(state).kind = 1),
        ("another sum", |state| code(state).sum = 1_857),
        ("another fiscal memory", |state| {
            code(state).memory = "G".to_owned();
        }),
        ("other sales with the same sum", |state| {
            if let Some(last) = &mut state.transaction {
                last.items = 1;
            }
        }),
        ("a document that is not told", |state| {
            state.documents = vec![None];
        }),
    ];
    let plan = Plan::of(&daisy::PROTOCOL, "", &job()).unwrap();
    let evidence = JournalEvidence::default();
    for (name, change) in changes {
        let mut state = after_on_daisy(&[Printed::Ours]);
        change(&mut state);
        let (_, says) = judge(&plan, &daisy_baseline(), &evidence, &state);
        assert!(
            !says.contains("has our kind and our sum: issued"),
            "{name}: {says}"
        );
    }
    // A receipt whose total is 0 looks like a cancelled one.
    let mut state = after_on_daisy(&[Printed::OursCancelled]);
    code(&mut state).sum = 1_858;
    state.condition.fiscal_receipt_open = true;
    let (verdict, _) = judge(&plan, &daisy_baseline(), &evidence, &state);
    assert_ne!(verdict, Verdict::Issued, "the receipt is open");
}

fn code(state: &mut PrinterState) -> &mut IssuedCode {
    let first = state.documents.first_mut().unwrap().as_mut().unwrap();
    first.code.as_mut().unwrap()
}

#[test]
fn with_any_document_or_witness_missing_no_verdict_about_daisy_is_wrong() {
    let plan = Plan::of(&daisy::PROTOCOL, "", &job()).unwrap();
    let mut settled = 0;
    for history in histories() {
        let is_begun = matches!(
            history.first(),
            Some(Printed::Ours | Printed::OursCancelled)
        );
        for decided in [false, true] {
            if decided && !is_begun {
                continue;
            }
            for missing in 0..128 {
                for hidden in 0..8_u32 {
                    let mut before = daisy_baseline();
                    let mut state = after_on_daisy(&history);
                    without(missing, &mut before, &mut state);
                    for (place, document) in (0..).zip(&mut state.documents) {
                        if hidden & (1 << place) != 0 {
                            *document = None;
                        }
                    }
                    let evidence = JournalEvidence::of_decision(decided);
                    let (verdict, says) = judge(&plan, &before, &evidence, &state);
                    let is_issued = history.first() == Some(&Printed::Ours);
                    let case = format!("{history:?} {decided} {missing:07b} {hidden:03b}: {says}");
                    match verdict {
                        Verdict::NotIssued => assert!(!is_issued, "{case}"),
                        Verdict::Issued => assert!(is_issued, "{case}"),
                        _ => {}
                    }
                    settled += u32::from(!matches!(verdict, Verdict::Unclear(_)));
                }
            }
        }
    }
    assert!(settled > 10_000, "{settled}");
}

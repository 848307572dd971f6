//! The table of recovery for a printer that reports the number, the sum and the payments of its last fiscal receipt.

use ferrotill_core::{Amount, Quantity};

use super::super::super::plan::Plan;
use super::super::super::state::{PrinterState, ReceiptProof};
use super::super::{Verdict, judge};
use crate::family::tremol;
use crate::fault::Fault;
use crate::printer::{
    Baseline, Condition, JournalEvidence, LineJob, PaymentJob, ReceiptJob, RefundOf,
};
use crate::wire::isl_report::Transaction;

/// A receipt of 18.58, paid by card (type 7) with 10.00 and in cash with 15.00; the change is 6.42.
fn plan(refund: bool) -> Plan {
    let payment = |letter, cash, amount| PaymentJob {
        letter,
        cash,
        amount: Amount::from_minor(amount),
    };
    let job = ReceiptJob {
        refund_of: refund.then(|| RefundOf {
            document: 3,
            at: "281126163107".to_owned(),
            fiscal_memory: "F".to_owned(),
            withdraw: false,
            slip: vec![],
        }),
        header: vec![],
        lines: vec![LineJob {
            name: "x".to_owned(),
            group: 0,
            price: Amount::from_minor(1_858),
            quantity: Quantity::ONE,
            adjustment: Amount::ZERO,
            notes: vec![],
        }],
        footer: vec![],
        total: Amount::from_minor(1_858),
        payments: vec![payment('P', true, 1_500), payment('D', false, 1_000)],
        change: Amount::from_minor(642),
    };
    Plan::of(&tremol::PROTOCOL, "", &job).unwrap()
}

fn baseline() -> Baseline {
    Baseline {
        family: "tremol".to_owned(),
        serial: "S".to_owned(),
        fiscal_memory: "F".to_owned(),
        last_document: 10,
        next_fiscal_receipt: 0,
        z_number: Some(2),
        cash: Amount::ZERO,
        cash_in: Amount::ZERO,
        cash_out: Amount::ZERO,
    }
}

/// The printer with this last document and this last Z-report, and no open receipt.
fn closed(document: u32, z_number: u32, proof: Option<ReceiptProof>) -> PrinterState {
    PrinterState {
        counters: Baseline {
            last_document: document,
            z_number: Some(z_number),
            ..baseline()
        },
        condition: Condition::default(),
        // The older machines answer `0`.
        transaction: Some(Transaction {
            open: false,
            items: 0,
            amount: 0,
            tender: None,
            document: None,
            refund: false,
            slip: false,
            fiscal: None,
        }),
        groups: None,
        proof,
        documents: Vec::new(),
        sums: None,
    }
}

const fn proof(number: u32, sum: i64, cash: i64, card: i64) -> Option<ReceiptProof> {
    Some(ReceiptProof {
        number,
        sum,
        payments: [cash, 0, 0, 0, 0, 0, 0, card],
        refund: Some(false),
    })
}

fn of_kind(proof: Option<ReceiptProof>, refund: Option<bool>) -> Option<ReceiptProof> {
    proof.map(|proof| ReceiptProof { refund, ..proof })
}

/// The verdict in short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Short {
    Issued,
    NotIssued,
    Unclear,
}

fn short(plan: &Plan, decided: bool, state: &PrinterState) -> Short {
    let evidence = JournalEvidence::of_decision(decided);
    match judge(plan, &baseline(), &evidence, state).0 {
        Verdict::Issued => Short::Issued,
        Verdict::NotIssued(_) => Short::NotIssued,
        Verdict::Unclear(_) => Short::Unclear,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_last_fiscal_receipt_proves_what_became_of_ours() {
    use Short::{Issued, NotIssued, Unclear};
    let before = proof(9, 1_858, 1_500, 1_000);
    for (document, z_number, proof, decided, expected) in [
        // No document was made.
        (10, 2, before, false, NotIssued),
        (10, 2, None, false, NotIssued),
        // Ours: number, sum and payments, with the change and without it.
        (11, 2, proof(11, 1_858, 1_500, 1_000), false, Issued),
        (11, 2, proof(11, 1_858, 858, 1_000), false, Issued),
        (11, 2, proof(11, 1_858, 1_500, 1_000), true, Issued),
        (
            11,
            2,
            of_kind(proof(11, 1_858, 1_500, 1_000), None),
            false,
            Issued,
        ),
        (
            11,
            2,
            of_kind(proof(11, -1_858, -1_500, -1_000), None),
            false,
            Issued,
        ),
        // A receipt of this number with another sum, other payments or of another kind.
        (11, 2, proof(11, 1_857, 1_500, 1_000), false, Unclear),
        (11, 2, proof(11, 1_858, 1_858, 0), false, Unclear),
        (11, 2, proof(11, 1_858, 1_858, 0), true, Unclear),
        (
            11,
            2,
            of_kind(proof(11, 1_858, 1_500, 1_000), Some(true)),
            false,
            Unclear,
        ),
        // Another receipt is newer than ours.
        (12, 2, proof(12, 1_858, 1_500, 1_000), false, Unclear),
        // Only documents that are not fiscal were made: ours is not in the fiscal memory.
        (11, 2, before, false, NotIssued),
        (13, 2, before, false, NotIssued),
        (13, 2, before, true, NotIssued),
        // The day was closed. The numbers of receipts do not begin again.
        (12, 3, before, false, NotIssued),
        (11, 3, before, false, NotIssued),
        (12, 3, proof(11, 1_858, 1_500, 1_000), false, Unclear),
        // A cancelled receipt with a number and the sum 0.
        (11, 2, proof(11, 0, 0, 0), true, NotIssued),
        (11, 2, proof(11, 0, 0, 0), false, Unclear),
        (12, 2, proof(12, 0, 0, 0), true, Unclear),
        // Without the proof nothing is known of a document that was made.
        (11, 2, None, false, Unclear),
        (11, 2, None, true, Unclear),
        // A counter went back.
        (9, 2, before, false, Unclear),
        (11, 1, before, false, Unclear),
    ] {
        let state = closed(document, z_number, proof);
        assert_eq!(
            short(&plan(false), decided, &state),
            expected,
            "{document} {z_number} {proof:?} {decided}"
        );
    }
}

#[test]
fn a_sale_of_the_same_sum_does_not_prove_a_refund() {
    let ours = proof(11, 1_858, 1_500, 1_000);
    let judged = |kind| short(&plan(true), false, &closed(11, 2, of_kind(ours, kind)));
    assert_eq!(judged(Some(true)), Short::Issued);
    assert_eq!(judged(Some(false)), Short::Unclear);
}

#[test]
fn an_open_receipt_is_cancelled_only_while_no_payment_was_begun() {
    let open = |tender: Option<i64>| PrinterState {
        condition: Condition {
            fiscal_receipt_open: true,
            ..Condition::default()
        },
        transaction: Some(Transaction {
            open: true,
            items: 1,
            amount: 1_858,
            tender,
            document: None,
            refund: false,
            slip: false,
            fiscal: None,
        }),
        groups: Some([1_858, 0, 0, 0, 0, 0, 0, 0]),
        ..closed(10, 2, None)
    };
    let judged = |tender| {
        judge(
            &plan(false),
            &baseline(),
            &JournalEvidence::default(),
            &open(tender),
        )
        .0
    };
    assert_eq!(
        judged(Some(0)),
        Verdict::Unpaid {
            items: 1,
            matches: true
        }
    );
    assert_eq!(judged(Some(1_000)), Verdict::Paid { payments: 1 });
    // With the change and without it everything is paid.
    assert_eq!(judged(Some(2_500)), Verdict::Paid { payments: 2 });
    assert_eq!(judged(Some(1_858)), Verdict::Paid { payments: 2 });
    assert_eq!(judged(Some(1_200)), Verdict::Unclear(Fault::Unclear));
    // A payment was begun, and its sum is not known: 39h would make the receipt fiscal.
    assert_eq!(judged(None), Verdict::Unclear(Fault::AnswerUnreadable));
}

//! The last fiscal receipt by its number, sum and payments, as evidence of what became of a receipt.

use super::super::plan::Plan;
use super::super::state::ReceiptProof;
use crate::judge::ReceiptFacts;
use crate::printer::Baseline;

/// The facts of a receipt that is closed, on a printer that reports the number, the sum and the payments of its last fiscal receipt.
pub(super) fn proved(
    told: ReceiptFacts,
    plan: &Plan,
    baseline: &Baseline,
    proof: &ReceiptProof,
) -> ReceiptFacts {
    let is_next = baseline.last_document.checked_add(1) == Some(proof.number);
    let same_kind = proof.refund.is_none_or(|refund| refund == plan.refund);
    let same_sales = is_next && same_kind && proof.sum.checked_abs() == Some(plan.total);
    let paid = proof.payments.map(i64::saturating_abs);
    let paid_as_planned = plan.are_payments(&paid);
    ReceiptFacts {
        last_fiscal: Some(proof.number),
        // Payments with and without change are one tender.
        tender: Some(if paid_as_planned {
            plan.tender()
        } else {
            paid.iter()
                .fold(0, |sum, one| i64::saturating_add(sum, *one))
        }),
        same_sales,
        last_is_ours: same_sales && paid_as_planned,
        ..told
    }
}

#[cfg(test)]
mod tests;

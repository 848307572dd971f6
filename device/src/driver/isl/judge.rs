//! What the table of recovery needs to know of a receipt: the plan compared with the state of the device.

mod proof;

use ferrotill_core::Amount;

use super::plan::Plan;
use super::state::{PrinterState, PrinterSums};
use crate::fault::Fault;
use crate::judge::{self, DayMatch, DocumentMatch, ReceiptFacts, SamePrinter, Verdict, ZReports};
use crate::printer::{Baseline, DaySums, JournalEvidence, ReceiptJob};
use crate::wire::isl_counters::IssuedCode;

pub(super) const UNCLEAR: Verdict = Verdict::Unclear(Fault::Unclear);

/// Compares the state of the device with the baseline and the plan, and judges it. The text of the rule that decided is returned
/// too.
pub(super) fn judge(
    plan: &Plan,
    baseline: &Baseline,
    evidence: &JournalEvidence,
    state: &PrinterState,
) -> (Verdict, &'static str) {
    let facts = facts(plan, baseline, evidence, state);
    judge_facts(baseline, evidence, state, &facts)
}

/// Judges a receipt for which no plan can be made: it is never taken for issued, because nothing of it can be compared.
pub(super) fn judge_without_plan(
    (job, counted_for_ever): (&ReceiptJob, bool),
    baseline: &Baseline,
    evidence: &JournalEvidence,
    state: &PrinterState,
) -> (Verdict, &'static str) {
    let refund = job.refund_of.is_some();
    let z_reports = ZReports::between(baseline.z_number, state.counters.z_number);
    let sums = match (evidence.day.as_ref(), state.sums.as_ref()) {
        // A receipt with total 0 does not change the sums.
        (Some(evidence), Some(sums)) if !job.total.is_zero() => {
            let (before, reported, is_elsewhere) =
                day_of(refund, evidence, sums, z_reports, |today| today != [0; 8]);
            match reported {
                Some(reported) if reported == before && !is_elsewhere => DayMatch::Before,
                _ => DayMatch::Silent,
            }
        }
        _ => DayMatch::Silent,
    };
    let facts = ReceiptFacts {
        planned_tender: 0,
        counted_for_ever,
        last_fiscal: state.proof.map(|proof| proof.number),
        open: state.condition.fiscal_receipt_open,
        items: 0,
        sales_match: false,
        complete: false,
        tender: None,
        payments: None,
        same_sales: false,
        last_is_ours: false,
        documents: documents((refund, job.total.minor()), baseline, state, false),
        sums,
    };
    judge_facts(baseline, evidence, state, &facts)
}

fn judge_facts(
    baseline: &Baseline,
    evidence: &JournalEvidence,
    state: &PrinterState,
    facts: &ReceiptFacts,
) -> (Verdict, &'static str) {
    match SamePrinter::compare(baseline, &state.counters) {
        Ok(same) => judge::receipt(same, evidence, facts),
        Err(fault) => (
            Verdict::Unclear(fault),
            "another family, serial number or fiscal memory: the printer was swapped",
        ),
    }
}

fn facts(
    plan: &Plan,
    baseline: &Baseline,
    evidence: &JournalEvidence,
    state: &PrinterState,
) -> ReceiptFacts {
    let receipt = state.transaction;
    let items = receipt.map_or(0, |receipt| receipt.items);
    let amount = receipt.and_then(|receipt| receipt.amount.checked_abs());
    let tender = receipt
        .and_then(|receipt| receipt.tender)
        .and_then(i64::checked_abs);
    let planned = plan.groups_after(items);
    let total = |groups: [i64; 8]| {
        let mut groups = groups.iter();
        groups.try_fold(0_i64, |sum, group| sum.checked_add(*group))
    };
    // Some firmware counts refunds with the other sign. Without the sums by tax group, items and amount are compared.
    let same_groups = match state.groups.map(|groups| groups.map(i64::saturating_abs)) {
        Some(groups) => planned == Some(groups),
        None => planned.is_some(),
    };
    let sales_match = same_groups && amount.is_some() && amount == planned.and_then(total);
    let z_reports = ZReports::between(baseline.z_number, state.counters.z_number);
    let same_sales = items == plan.items() && amount == Some(plan.total);
    let told = ReceiptFacts {
        planned_tender: plan.tender(),
        counted_for_ever: plan.is_counted_for_ever(),
        last_fiscal: None,
        open: state.condition.fiscal_receipt_open,
        items,
        sales_match,
        complete: sales_match && items == plan.items(),
        tender,
        payments: tender.and_then(|tender| plan.payments_at(tender)),
        same_sales,
        last_is_ours: same_sales && tender.is_some_and(|tender| tender >= plan.total),
        documents: documents((plan.refund, plan.total), baseline, state, same_sales),
        sums: days(plan, evidence.day.as_ref(), state.sums.as_ref(), z_reports),
    };
    match &state.proof {
        Some(proof) => proof::proved(told, plan, baseline, proof),
        None => told,
    }
}

/// Compares the documents since the baseline with the plan. Our receipt is the first of them, because nothing can be printed while it
/// is open.
///
/// If the first one is the only one, the answer about the last receipt must agree. Another host may have sold for the same sum, so a
/// document of our kind and sum in a later place proves nothing.
fn documents(
    (refund, total): (bool, i64),
    baseline: &Baseline,
    state: &PrinterState,
    same_sales: bool,
) -> DocumentMatch {
    let told: Option<Vec<&IssuedCode>> = state
        .documents
        .iter()
        .map(|document| {
            let code = document.as_ref()?.code.as_ref()?;
            (code.memory == baseline.fiscal_memory).then_some(code)
        })
        .collect();
    let is_ours = |code: &IssuedCode| {
        let is_kind = if refund {
            code.is_refund()
        } else {
            code.is_sale()
        };
        is_kind && code.sum.checked_abs() == Some(total)
    };
    let first = state.documents.first().and_then(|first| {
        let code = first.as_ref()?.code.as_ref()?;
        (code.memory == baseline.fiscal_memory).then_some(code)
    });
    let is_only = state.documents.len() == 1;
    let agrees = !is_only || state.transaction.is_none() || same_sales;
    match (first, told) {
        // A cancelled receipt has the sum 0 as well.
        _ if total == 0 => DocumentMatch::Silent,
        (Some(first), _) if is_ours(first) && agrees => DocumentMatch::Ours,
        (Some(_), Some(all)) if !all.iter().any(|code| is_ours(code)) => DocumentMatch::Others,
        _ => DocumentMatch::Silent,
    }
}

/// Compares the device's sums of the day in which the receipt was begun with the evidence.
fn days(
    plan: &Plan,
    evidence: Option<&DaySums>,
    sums: Option<&PrinterSums>,
    z_reports: ZReports,
) -> DayMatch {
    let (Some(evidence), Some(sums)) = (evidence, sums) else {
        return DayMatch::Silent;
    };
    let (before, reported, is_elsewhere) =
        day_of(plan.refund, evidence, sums, z_reports, |today| {
            covers(&today, &plan.all_groups())
        });
    let Some(reported) = reported else {
        return DayMatch::Silent;
    };
    // A receipt with total 0 does not change the sums.
    if plan.all_groups() == [0; 8] {
        DayMatch::Silent
    } else if reported == before && !is_elsewhere {
        DayMatch::Before
    } else if Some(reported) == sum(&before, &plan.all_groups()) {
        DayMatch::WithOurs
    } else {
        DayMatch::Silent
    }
}

/// The sums before the receipt, the device's sums of the day in which the receipt was begun, and whether the receipt may be in those of
/// a later day instead.
fn day_of(
    refund: bool,
    evidence: &DaySums,
    sums: &PrinterSums,
    z_reports: ZReports,
    may_include: impl Fn([i64; 8]) -> bool,
) -> ([i64; 8], Option<[i64; 8]>, bool) {
    let known = if refund {
        evidence.refunds
    } else {
        evidence.sales
    };
    let today = if refund {
        sums.today.refunds
    } else {
        Some(sums.today.sales)
    };
    let (reported, is_elsewhere) = match z_reports {
        ZReports::Made(0) => (today, false),
        // A Z-report in the fiscal memory has sales only and no refunds.
        ZReports::Made(1) if !refund => (sums.last_z, today.is_some_and(may_include)),
        _ => (None, false),
    };
    (known.map(Amount::minor), reported, is_elsewhere)
}

/// Whether the sums are large enough to include the receipt.
fn covers(sums: &[i64; 8], receipt: &[i64; 8]) -> bool {
    sums.iter().zip(receipt).all(|(sum, group)| sum >= group)
}

fn sum(one: &[i64; 8], other: &[i64; 8]) -> Option<[i64; 8]> {
    let mut sum = *one;
    for (sum, more) in sum.iter_mut().zip(other) {
        *sum = sum.checked_add(*more)?;
    }
    Some(sum)
}

#[cfg(test)]
mod tests;

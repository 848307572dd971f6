//! The outcome of a receipt whose answers were lost: the table of recovery as a pure function.
//!
//! Document numbers decide. If a report was printed at the printer's keyboard before the device could be asked, the document
//! numbers prove nothing. In that case the device's sums are compared with the caller's evidence. If they equal neither the day
//! without the receipt nor the day with it, the outcome stays unclear.

use ferrotill_core::Amount;

use super::plan::Plan;
use super::state::{PrinterState, PrinterSums, is_same_printer};
use crate::fault::Fault;
use crate::printer::{Baseline, DaySums, JournalEvidence};

/// The state of a receipt, determined from the device's counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The receipt is open and nothing is paid.
    Unpaid {
        /// The number of sales that the device has booked.
        items: u32,
        /// Whether the booked sales are the plan's first sales, to the last minor unit.
        matches: bool,
    },
    /// The receipt is open, has all its sales, and is paid in part or in full.
    Paid {
        /// The number of payments that the device has booked.
        payments: usize,
    },
    /// The receipt is closed and in the fiscal memory.
    Issued,
    /// Nothing fiscal was issued since the baseline.
    NotIssued,
    /// The counters fit no outcome, or another printer answers.
    Unclear(Fault),
}

/// Compares the state of the device with the baseline and the plan: the first row of the [`TABLE`] that fits decides. The text of
/// that row is returned too.
pub(super) fn judge(
    plan: &Plan,
    baseline: &Baseline,
    evidence: &JournalEvidence,
    state: &PrinterState,
) -> (Verdict, &'static str) {
    let facts = Facts::of(plan, baseline, evidence, state);
    TABLE
        .iter()
        .find(|row| (row.fits)(&facts))
        .map_or((UNCLEAR, ""), |row| ((row.verdict)(&facts), row.says))
}

/// One row of the table.
struct Rule {
    /// The facts of the row and their meaning, for the reader and the trace.
    says: &'static str,
    fits: fn(&Facts) -> bool,
    verdict: fn(&Facts) -> Verdict,
}

/// The rows, in the order in which they are tried.
///
/// No row is needed for an open non-fiscal slip, because the driver closes the slip when it connects, before anything is judged.
/// No row is needed for unreadable counters either: without an answer the outcome stays unknown.
const TABLE: &[Rule] = &[
    Rule {
        says: "another serial number or fiscal memory: the printer was swapped",
        fits: |facts| !facts.same_printer,
        verdict: |_| Verdict::Unclear(Fault::PrinterSwapped),
    },
    Rule {
        says: "a counter went back",
        fits: |facts| facts.documents.is_none() || facts.z_reports == ZReports::Fewer,
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "closed, another day, as many documents more as Z-reports: nothing else was printed",
        fits: |facts| {
            !facts.open
                && facts.another_day()
                && facts.documents == facts.z_reports.number()
                && facts.z_takes_a_number
        },
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        says: "closed, another day, the counter of fiscal receipts that is never cleared is unchanged: nothing fiscal was issued",
        fits: |facts| !facts.open && facts.another_day() && facts.fiscal == Counter::Stands,
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        // If the day was closed meanwhile, the sums are those of its Z-report in the fiscal memory.
        says: "closed, documents advanced, the sums of the day are those before the receipt: not in the fiscal memory",
        fits: |facts| !facts.open && facts.sums == Day::Before,
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        says: "closed, documents advanced, the sums of the day are those before the receipt plus the receipt: issued",
        fits: |facts| !facts.open && facts.documents > Some(0) && facts.sums == Day::WithOurs,
        verdict: |_| Verdict::Issued,
    },
    Rule {
        says: "another day: the day was closed by somebody else, the counter of fiscal receipts was cleared and proves nothing",
        fits: |facts| facts.another_day(),
        verdict: |_| UNCLEAR,
    },
    Rule {
        // Depending on the firmware a document gets its number when it is opened or when it is closed.
        says: "open, document = base + 2 or more: not our receipt",
        fits: |facts| facts.open && facts.documents > Some(1),
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "open, and the tender is not reported",
        fits: |facts| facts.open && facts.tender.is_none(),
        verdict: |_| Verdict::Unclear(Fault::AnswerUnreadable),
    },
    Rule {
        // The caller continues at the doubtful sale (the device has booked it or not), or cancels.
        says: "open, nothing tendered: interrupted before payment",
        fits: |facts| facts.open && facts.tender == Some(0),
        verdict: |facts| Verdict::Unpaid {
            items: facts.items,
            matches: facts.sales_match,
        },
    },
    Rule {
        // A paid receipt cannot be cancelled: the rest is paid exactly as planned, or only the close is missing.
        says: "open, our sales, and the tender is the sum of our first payments",
        fits: |facts| facts.open && facts.complete && facts.payments.is_some(),
        verdict: |facts| match facts.payments {
            Some(payments) => Verdict::Paid { payments },
            None => UNCLEAR,
        },
    },
    Rule {
        says: "open, and paid in another way",
        fits: |facts| facts.open,
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "closed, document = base: nothing was issued",
        fits: |facts| facts.documents == Some(0),
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        // A cancelled receipt, a slip and a report take a document number and no number of a fiscal receipt.
        says: "closed, documents advanced, the fiscal counter is unchanged: nothing fiscal was issued",
        fits: |facts| facts.fiscal == Counter::Stands,
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        // The receipt that was open at the decision is the one that was closed since then, and only a cancelled receipt has no
        // tender.
        says: "closed, document = base + 1, cancellation decided, nothing tendered: cancelled",
        fits: |facts| {
            facts.cancel_decided
                && facts.documents == Some(1)
                && facts.is_unpaid()
                // An unreported Z-report may use no number and clear the last receipt, so that no sale of it is left.
                && (facts.same_day() || facts.items > 0)
        },
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        // A payment that was on the line at the time of the decision was booked later, so the receipt could only be completed.
        says: "closed, document = base + 1, cancellation decided, items, amount and tender are ours: issued in spite of the decision",
        fits: |facts| {
            facts.cancel_decided && facts.documents == Some(1) && facts.is_paid_as_planned()
        },
        verdict: |_| Verdict::Issued,
    },
    Rule {
        says: "closed, documents advanced, cancellation decided, neither unpaid nor paid as planned: another host or person printed the receipt",
        fits: |facts| facts.cancel_decided,
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "closed, document = base + 1, items and amount are ours, tender at least the amount: issued, the answer was lost",
        fits: |facts| facts.documents == Some(1) && facts.last_is_ours,
        verdict: |_| Verdict::Issued,
    },
    Rule {
        says: "closed, documents advanced, and the last receipt is not ours: it was printed at the keyboard or by another host",
        fits: |_| true,
        verdict: |_| UNCLEAR,
    },
];

pub(super) const UNCLEAR: Verdict = Verdict::Unclear(Fault::Unclear);

/// The number of Z-reports since the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ZReports {
    /// The printer has made this many Z-reports.
    Made(u32),
    /// The number of the last Z-report went back.
    Fewer,
    /// This firmware does not report the number of its last Z-report.
    NotTold,
}

impl ZReports {
    fn between(before: Option<u32>, now: Option<u32>) -> Self {
        match before.zip(now) {
            Some((before, now)) => now.checked_sub(before).map_or(Self::Fewer, Self::Made),
            None => Self::NotTold,
        }
    }

    /// The number of Z-reports, if it is known.
    const fn number(self) -> Option<u32> {
        match self {
            Self::Made(number) => Some(number),
            Self::Fewer | Self::NotTold => None,
        }
    }
}

/// What became of a counter since the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counter {
    /// The counter has not changed.
    Stands,
    /// The counter has changed.
    Moved,
    /// This firmware does not report the counter.
    NotTold,
}

/// The comparison of the device's sums of the day in which the receipt was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// The sums were not asked for, or are not reported, or fit neither case.
    Silent,
    /// The sums equal the evidence from before the receipt.
    Before,
    /// The sums equal the evidence from before the receipt plus the receipt.
    WithOurs,
}

impl Day {
    fn of(
        plan: &Plan,
        evidence: Option<&DaySums>,
        sums: Option<&PrinterSums>,
        z_reports: ZReports,
    ) -> Self {
        let (Some(evidence), Some(sums)) = (evidence, sums) else {
            return Self::Silent;
        };
        let known = if plan.refund {
            evidence.refunds
        } else {
            evidence.sales
        };
        let before = known.map(Amount::minor);
        let today = if plan.refund {
            sums.today.refunds
        } else {
            Some(sums.today.sales)
        };
        let (reported, is_elsewhere) = match z_reports {
            ZReports::Made(0) => (today, false),
            // A Z-report in the fiscal memory has sales only and no refunds.
            ZReports::Made(1) if !plan.refund => (
                sums.last_z,
                today.is_some_and(|today| covers(&today, &plan.all_groups())),
            ),
            _ => (None, false),
        };
        let Some(reported) = reported else {
            return Self::Silent;
        };
        // A receipt with total 0 does not change the sums.
        if plan.all_groups() == [0; 8] {
            Self::Silent
        } else if reported == before && !is_elsewhere {
            Self::Before
        } else if Some(reported) == sum(&before, &plan.all_groups()) {
            Self::WithOurs
        } else {
            Self::Silent
        }
    }
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

/// The facts on which the table decides.
#[derive(Clone, Copy, Debug)]
struct Facts {
    same_printer: bool,
    /// The Z-reports since the baseline.
    z_reports: ZReports,
    /// Whether a Z-report uses one document number.
    z_takes_a_number: bool,
    cancel_decided: bool,
    /// The tender of the plan in minor units; 0 only for a receipt with total 0.
    planned_tender: i64,
    /// Whether a fiscal receipt is open.
    open: bool,
    /// The number of documents since the baseline; `None` if the document number went back.
    documents: Option<u32>,
    /// The change of the counter of fiscal receipts.
    fiscal: Counter,
    /// The number of sales that the device has booked.
    items: u32,
    /// Whether these sales equal the plan's first sales, to the last minor unit.
    sales_match: bool,
    /// Whether these sales are all sales of the plan.
    complete: bool,
    /// The tendered sum in minor units, without its sign; `None` if the device does not report it.
    tender: Option<i64>,
    /// The number of the plan's payments whose sum is this tender.
    payments: Option<usize>,
    /// Whether the items and the amount of the last receipt equal the plan's.
    same_sales: bool,
    /// Whether the last receipt equals the plan and its tender is at least that amount.
    last_is_ours: bool,
    /// The comparison of the device's sums with the evidence.
    sums: Day,
}

impl Facts {
    /// Whether there was no Z-report since the baseline.
    fn same_day(&self) -> bool {
        self.z_reports == ZReports::Made(0)
    }

    /// Whether there was a Z-report since the baseline. If the device does not report its Z-reports, this is false, as `same_day`
    /// is.
    fn another_day(&self) -> bool {
        matches!(self.z_reports, ZReports::Made(1..))
    }

    /// Whether nothing was tendered, although the plan has a tender.
    fn is_unpaid(&self) -> bool {
        self.tender == Some(0) && self.planned_tender != 0
    }

    /// Whether the last receipt has the plan's sales and the plan's tender. A receipt with total 0 has no tender: only the
    /// counter of fiscal receipts distinguishes it from a cancelled one.
    fn is_paid_as_planned(&self) -> bool {
        self.same_sales
            && self.tender == Some(self.planned_tender)
            && (self.planned_tender != 0 || self.fiscal == Counter::Moved)
    }

    fn of(
        plan: &Plan,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        state: &PrinterState,
    ) -> Self {
        let now = &state.counters;
        let receipt = state.transaction;
        // Some firmware counts refunds with the other sign.
        let groups = state.groups.map(i64::saturating_abs);
        let booked: i64 = groups
            .iter()
            .fold(0, |sum, group| sum.saturating_add(*group));
        let amount = receipt.amount.checked_abs();
        let tender = receipt.tender.and_then(i64::checked_abs);
        let sales_match =
            plan.groups_after(receipt.items) == Some(groups) && amount == Some(booked);
        let z_reports = ZReports::between(baseline.z_number, now.z_number);
        let documents = now.last_document.checked_sub(baseline.last_document);
        // A counter that a Z-report clears is 1 after the Z-report, and rises only with further documents.
        let is_of_this_day = z_reports == ZReports::Made(0)
            || plan.is_counted_for_ever()
            || (z_reports == ZReports::NotTold
                && documents <= Some(1)
                && baseline.next_fiscal_receipt > 1);
        let same_sales = receipt.items == plan.items() && amount == Some(plan.total);
        Self {
            same_printer: is_same_printer(now, baseline),
            z_reports,
            z_takes_a_number: evidence.z_takes_a_number,
            cancel_decided: evidence.cancel_decided,
            planned_tender: plan.tender(),
            open: state.condition.fiscal_receipt_open,
            documents,
            fiscal: match (baseline.next_fiscal_receipt, now.next_fiscal_receipt) {
                (0, _) | (_, 0) => Counter::NotTold,
                _ if !is_of_this_day => Counter::NotTold,
                (before, after) if before == after => Counter::Stands,
                _ => Counter::Moved,
            },
            items: receipt.items,
            sales_match,
            complete: sales_match && receipt.items == plan.items(),
            tender,
            payments: tender.and_then(|tender| plan.payments_at(tender)),
            same_sales,
            last_is_ours: same_sales && tender.is_some_and(|tender| tender >= plan.total),
            sums: Day::of(plan, evidence.day.as_ref(), state.sums.as_ref(), z_reports),
        }
    }
}

#[cfg(test)]
mod tests;

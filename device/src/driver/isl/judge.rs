//! What became of a receipt whose end is not known: the table of spec 7.2 as a pure function.
//!
//! The numbers of documents decide. People who ask for a report at the keyboard before anybody could ask the device blur them;
//! then the device's sums are held against the caller's books, and what fits neither the day without the receipt nor the day with it
//! stays unclear.

use ferrotill_core::Amount;

use super::plan::Plan;
use super::state::{PrinterState, PrinterSums, is_same_printer};
use crate::fault::Fault;
use crate::printer::{Baseline, DaySums, JournalEvidence};

/// What the device's counters say of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is open and nothing is paid; so many of its sales are booked.
    Unpaid {
        /// Sales booked.
        items: u32,
        /// They are the plan's first sales, to the last minor unit.
        matches: bool,
    },
    /// It is open, complete, and so many of its payments are booked.
    Paid {
        /// Payments booked.
        payments: usize,
    },
    /// It is closed and in the fiscal memory.
    Issued,
    /// Nothing fiscal was issued since the baseline.
    NotIssued,
    /// The counters fit nothing, or another printer.
    Unclear(Fault),
}

/// Compares where the device stands with the baseline and the plan: the first row of the [`TABLE`] that fits decides.
/// Gives its words too.
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

/// One row of the table of spec 7.2.
struct Rule {
    /// What the device says and what it means, for the reader and the trace.
    says: &'static str,
    fits: fn(&Facts) -> bool,
    verdict: fn(&Facts) -> Verdict,
}

/// Spec 7.2, "Receipt level", in the order in which the rows are tried.
///
/// "Non-fiscal open" is not here: a slip is closed when hands are shaken, before anything is judged.
/// Nor is "counters unreadable": without an answer there is nothing to judge, and the outcome stays unknown.
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
        says: "closed, another day, a counter of fiscal receipts that never begins again stands still: nothing fiscal was issued",
        fits: |facts| !facts.open && facts.another_day() && facts.fiscal == Counter::Stands,
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        // Of a day that was closed meanwhile its Z-report tells, as the fiscal memory has it.
        says: "closed, documents advanced, the day has come to what it was before: not in the fiscal memory",
        fits: |facts| !facts.open && facts.sums == Day::Before,
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        says: "closed, documents advanced, the day has come to what it was before and this receipt: issued",
        fits: |facts| !facts.open && facts.documents > Some(0) && facts.sums == Day::WithOurs,
        verdict: |_| Verdict::Issued,
    },
    Rule {
        says: "another day: it was closed behind our back, the fiscal counter began again and proves nothing",
        fits: |facts| facts.another_day(),
        verdict: |_| UNCLEAR,
    },
    Rule {
        // The number may be given at opening or at closing, depending on firmware.
        says: "open, two numbers on: not our receipt",
        fits: |facts| facts.open && facts.documents > Some(1),
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "open, and the tender is not told",
        fits: |facts| facts.open && facts.tender.is_none(),
        verdict: |_| Verdict::Unclear(Fault::AnswerUnreadable),
    },
    Rule {
        // The caller goes on at the doubtful sale (k or k + 1 of them booked), or cancels.
        says: "open, nothing tendered: interrupted before payment",
        fits: |facts| facts.open && facts.tender == Some(0),
        verdict: |facts| Verdict::Unpaid {
            items: facts.items,
            matches: facts.sales_match,
        },
    },
    Rule {
        // It cannot be cancelled: the rest is paid exactly as planned, or only the close is missing.
        says: "open, our sales, and as much tendered as after so many of our payments",
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
        // A cancelled receipt, a slip and a report take a document number and no fiscal one.
        says: "closed, documents advanced, the fiscal counter stands still: nothing fiscal was issued",
        fits: |facts| facts.fiscal == Counter::Stands,
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        // The receipt that was open when that was decided is the one that was closed since, and only a cancelled one has no tender.
        says: "closed, document = base + 1, cancellation decided, nothing tendered: cancelled",
        fits: |facts| {
            facts.cancel_decided
                && facts.documents == Some(1)
                && facts.is_unpaid()
                // A Z-report that is not told may take no number and clear the last receipt, of which then no sale is left.
                && (facts.same_day() || facts.items > 0)
        },
        verdict: |_| Verdict::NotIssued,
    },
    Rule {
        // A payment that was on its way when that was decided was booked after all; then it could only be completed.
        says: "closed, document = base + 1, cancellation decided, items, amount and tender are ours: issued all the same",
        fits: |facts| {
            facts.cancel_decided && facts.documents == Some(1) && facts.is_paid_as_planned()
        },
        verdict: |_| Verdict::Issued,
    },
    Rule {
        says: "closed, documents advanced, cancellation decided, neither unpaid nor paid as planned: somebody else's doing",
        fits: |facts| facts.cancel_decided,
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "closed, document = base + 1, items and amount are ours, tender at least the amount: issued, the answer was lost",
        fits: |facts| facts.documents == Some(1) && facts.last_is_ours,
        verdict: |_| Verdict::Issued,
    },
    Rule {
        says: "closed, documents advanced, and the last receipt is not ours: keyboard or another host",
        fits: |_| true,
        verdict: |_| UNCLEAR,
    },
];

pub(super) const UNCLEAR: Verdict = Verdict::Unclear(Fault::Unclear);

/// Z-reports since the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ZReports {
    /// So many.
    Made(u32),
    /// The number went back.
    Fewer,
    /// This firmware does not tell the number.
    NotTold,
}

impl ZReports {
    fn between(before: Option<u32>, now: Option<u32>) -> Self {
        match before.zip(now) {
            Some((before, now)) => now.checked_sub(before).map_or(Self::Fewer, Self::Made),
            None => Self::NotTold,
        }
    }

    /// How many, where it is known.
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
    /// It stands still.
    Stands,
    /// It moved.
    Moved,
    /// This firmware does not tell it.
    NotTold,
}

/// What the device's sums say of the day in which the receipt was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Day {
    /// They were not asked for, or are not told, or fit nothing.
    Silent,
    /// What the books had before the receipt.
    Before,
    /// That and the receipt.
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
        let (told, is_elsewhere) = match z_reports {
            ZReports::Made(0) => (today, false),
            // A Z-report in the fiscal memory tells its sales alone.
            ZReports::Made(1) if !plan.refund => (
                sums.last_z,
                today.is_some_and(|today| covers(&today, &plan.all_groups())),
            ),
            _ => (None, false),
        };
        let Some(told) = told else {
            return Self::Silent;
        };
        // A receipt of nothing leaves no trace here.
        if plan.all_groups() == [0; 8] {
            Self::Silent
        } else if told == before && !is_elsewhere {
            Self::Before
        } else if Some(told) == sum(&before, &plan.all_groups()) {
            Self::WithOurs
        } else {
            Self::Silent
        }
    }
}

/// The receipt may be among these.
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

/// What the table asks.
#[derive(Clone, Copy, Debug)]
struct Facts {
    same_printer: bool,
    /// Z-reports since the baseline.
    z_reports: ZReports,
    /// A Z-report takes one document number.
    z_takes_a_number: bool,
    cancel_decided: bool,
    /// What the plan tenders; 0 only for a receipt of nothing.
    planned_tender: i64,
    /// A fiscal receipt is open.
    open: bool,
    /// Documents since the baseline; `None` if there are fewer than before.
    documents: Option<u32>,
    /// The counter of fiscal receipts.
    fiscal: Counter,
    /// Sales booked.
    items: u32,
    /// They are the plan's first ones, to the last minor unit.
    sales_match: bool,
    /// They are all of the plan's.
    complete: bool,
    /// What was tendered, without its sign.
    tender: Option<i64>,
    /// How many of the plan's payments make this tender.
    payments: Option<usize>,
    /// Items and amount of the last receipt are the plan's.
    same_sales: bool,
    /// And its tender is at least that amount.
    last_is_ours: bool,
    /// What the sums say.
    sums: Day,
}

impl Facts {
    /// No Z-report since the baseline.
    fn same_day(&self) -> bool {
        self.z_reports == ZReports::Made(0)
    }

    /// A Z-report since the baseline. Where the device does not tell, neither this nor the opposite is known.
    fn another_day(&self) -> bool {
        matches!(self.z_reports, ZReports::Made(1..))
    }

    /// Nothing was tendered where the plan would have tendered something.
    fn is_unpaid(&self) -> bool {
        self.tender == Some(0) && self.planned_tender != 0
    }

    /// The plan's sales and the plan's tender.
    /// A receipt of nothing has no tender to be known by: only the counter of fiscal receipts tells it from a cancelled one.
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
        // A refund may be counted with the other sign.
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
        // A counter that a Z-report begins again is 1 after it, and takes further documents to come to more.
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

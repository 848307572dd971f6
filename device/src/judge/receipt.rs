//! The outcome of a receipt whose answers were lost: the table of recovery.
//!
//! Document numbers decide. If a report was printed at the printer's keyboard before the device could be asked, the document
//! numbers prove nothing. In that case the device's sums are compared with the caller's evidence. If they equal neither the day
//! without the receipt nor the day with it, the outcome stays unclear.

use super::{AbsenceEvidence, SamePrinter};
use crate::baseline::JournalEvidence;
use crate::fault::Fault;

/// The state of a receipt, determined from the device's counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
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
    /// Nothing fiscal was issued since the baseline, and this is the evidence.
    NotIssued(AbsenceEvidence),
    /// The counters fit no outcome, or another printer answers.
    Unclear(Fault),
}

/// What a driver tells of a receipt: its plan compared with what the printer booked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReceiptFacts {
    /// The tender of the plan in minor units; 0 only for a receipt with total 0.
    pub(crate) planned_tender: i64,
    /// Whether the counter of fiscal receipts is never cleared on this printer.
    pub(crate) counted_for_ever: bool,
    /// The number of the last fiscal receipt among all documents, if no receipt is open and the printer reports the number.
    pub(crate) last_fiscal: Option<u32>,
    /// Whether a fiscal receipt is open.
    pub(crate) open: bool,
    /// The number of sales that the device has booked.
    pub(crate) items: u32,
    /// Whether these sales equal the plan's first sales, to the last minor unit.
    pub(crate) sales_match: bool,
    /// Whether these sales are all sales of the plan.
    pub(crate) complete: bool,
    /// The tendered sum in minor units, without its sign; `None` if the device does not report it.
    pub(crate) tender: Option<i64>,
    /// The number of the plan's payments whose sum is this tender.
    pub(crate) payments: Option<usize>,
    /// Whether the items and the amount of the last receipt equal the plan's.
    pub(crate) same_sales: bool,
    /// Whether the last receipt equals the plan and its tender is at least that amount.
    pub(crate) last_is_ours: bool,
    /// The comparison of the documents since the baseline with the plan.
    pub(crate) documents: DocumentMatch,
    /// The comparison of the device's sums with the evidence.
    pub(crate) sums: DayMatch,
}

/// Judges a receipt: the first row of the [`TABLE`] that fits decides. The text of that row is returned too.
pub(crate) fn receipt(
    same: SamePrinter<'_>,
    evidence: &JournalEvidence,
    told: &ReceiptFacts,
) -> (Verdict, &'static str) {
    let facts = Facts::of(same, evidence, told);
    let Some(row) = TABLE.iter().find(|row| (row.fits)(&facts)) else {
        return (Verdict::Unclear(Fault::Unclear), "");
    };
    let verdict = match (row.verdict)(&facts) {
        Ruling::Unpaid { items, matches } => Verdict::Unpaid { items, matches },
        Ruling::Paid { payments } => Verdict::Paid { payments },
        Ruling::Issued => Verdict::Issued,
        Ruling::NotIssued => Verdict::NotIssued(same.absent(row.says)),
        Ruling::Unclear(fault) => Verdict::Unclear(fault),
    };
    (verdict, row.says)
}

/// What a row of the table says: a verdict without its evidence.
enum Ruling {
    Unpaid { items: u32, matches: bool },
    Paid { payments: usize },
    Issued,
    NotIssued,
    Unclear(Fault),
}

/// One row of the table.
struct Rule {
    /// The facts of the row and their meaning, for the reader and the trace.
    says: &'static str,
    fits: fn(&Facts<'_>) -> bool,
    verdict: fn(&Facts<'_>) -> Ruling,
}

/// The rows, in the order in which they are tried.
///
/// No row is needed for an open non-fiscal slip, because the driver closes the slip when it connects, before anything is judged.
/// No row is needed for unreadable counters either: without an answer the outcome stays unknown.
const TABLE: &[Rule] = &[
    Rule {
        says: "a counter went back",
        fits: |facts| facts.documents.is_none() || facts.z_reports == ZReports::Fewer,
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "closed, the document after the baseline has our kind and our sum: issued",
        fits: |facts| {
            !facts.told.open
                && facts.documents > Some(0)
                && facts.told.documents == DocumentMatch::Ours
        },
        verdict: |_| Ruling::Issued,
    },
    Rule {
        // A cancelled receipt of some families is a document with the sum 0.
        says: "closed, no document since the baseline has our kind and our sum: not in the fiscal memory",
        fits: |facts| {
            !facts.told.open
                && facts.documents > Some(0)
                && facts.told.documents == DocumentMatch::Others
        },
        verdict: |_| Ruling::NotIssued,
    },
    Rule {
        says: "closed, another day, as many documents more as Z-reports: nothing else was printed",
        fits: |facts| {
            !facts.told.open
                && facts.another_day()
                && facts.documents == facts.z_reports.number()
                && facts.z_takes_a_number
        },
        verdict: |_| Ruling::NotIssued,
    },
    Rule {
        says: "closed, another day, the counter of fiscal receipts that is never cleared is unchanged: nothing fiscal was issued",
        fits: |facts| !facts.told.open && facts.another_day() && facts.fiscal == Counter::Stands,
        verdict: |_| Ruling::NotIssued,
    },
    Rule {
        // If the day was closed meanwhile, the sums are those of its Z-report in the fiscal memory.
        says: "closed, documents advanced, the sums of the day are those before the receipt: not in the fiscal memory",
        fits: |facts| !facts.told.open && facts.told.sums == DayMatch::Before,
        verdict: |_| Ruling::NotIssued,
    },
    Rule {
        says: "closed, documents advanced, the sums of the day are those before the receipt plus the receipt: issued",
        fits: |facts| {
            !facts.told.open && facts.documents > Some(0) && facts.told.sums == DayMatch::WithOurs
        },
        verdict: |_| Ruling::Issued,
    },
    Rule {
        says: "another day: the day was closed meanwhile, the counter of fiscal receipts was cleared and proves nothing",
        fits: |facts| facts.another_day(),
        verdict: |_| UNCLEAR,
    },
    Rule {
        // Depending on the firmware a document gets its number when it is opened or when it is closed.
        says: "open, document = base + 2 or more: not our receipt",
        fits: |facts| facts.told.open && facts.documents > Some(1),
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "open, and the tender is not reported",
        fits: |facts| facts.told.open && facts.told.tender.is_none(),
        verdict: |_| Ruling::Unclear(Fault::AnswerUnreadable),
    },
    Rule {
        // The caller continues at the doubtful sale (the device has booked it or not), or cancels.
        says: "open, nothing tendered: interrupted before payment",
        fits: |facts| facts.told.open && facts.told.tender == Some(0),
        verdict: |facts| Ruling::Unpaid {
            items: facts.told.items,
            matches: facts.told.sales_match,
        },
    },
    Rule {
        // A paid receipt cannot be cancelled: the rest is paid exactly as planned, or only the close is missing.
        says: "open, our sales, and the tender is the sum of our first payments",
        fits: |facts| facts.told.open && facts.told.complete && facts.told.payments.is_some(),
        verdict: |facts| match facts.told.payments {
            Some(payments) => Ruling::Paid { payments },
            None => UNCLEAR,
        },
    },
    Rule {
        says: "open, and paid in another way",
        fits: |facts| facts.told.open,
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "closed, document = base: nothing was issued",
        fits: |facts| facts.documents == Some(0),
        verdict: |_| Ruling::NotIssued,
    },
    Rule {
        // A cancelled receipt, a slip and a report take a document number and no number of a fiscal receipt.
        says: "closed, documents advanced, the fiscal counter is unchanged: nothing fiscal was issued",
        fits: |facts| facts.fiscal == Counter::Stands,
        verdict: |_| Ruling::NotIssued,
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
                && (facts.same_day() || facts.told.items > 0)
        },
        verdict: |_| Ruling::NotIssued,
    },
    Rule {
        // A payment that was on the line at the time of the decision was booked later, so the receipt could only be completed.
        says: "closed, document = base + 1, cancellation decided, items, amount and tender are ours: issued in spite of the decision",
        fits: |facts| {
            facts.cancel_decided && facts.documents == Some(1) && facts.is_paid_as_planned()
        },
        verdict: |_| Ruling::Issued,
    },
    Rule {
        says: "closed, documents advanced, cancellation decided, neither unpaid nor paid as planned: another host or person printed the receipt",
        fits: |facts| facts.cancel_decided,
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "closed, document = base + 1, items and amount are ours, tender at least the amount: issued, the answer was lost",
        fits: |facts| facts.documents == Some(1) && facts.told.last_is_ours,
        verdict: |_| Ruling::Issued,
    },
    Rule {
        says: "closed, documents advanced, and the last receipt is not ours: it was printed at the keyboard or by another host",
        fits: |_| true,
        verdict: |_| UNCLEAR,
    },
];

const UNCLEAR: Ruling = Ruling::Unclear(Fault::Unclear);

/// The number of Z-reports since the baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ZReports {
    /// The printer has made this many Z-reports.
    Made(u32),
    /// The number of the last Z-report went back.
    Fewer,
    /// This firmware does not report the number of its last Z-report.
    NotTold,
}

impl ZReports {
    pub(crate) fn between(before: Option<u32>, now: Option<u32>) -> Self {
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
pub(crate) enum DayMatch {
    /// The sums were not asked for, or are not reported, or fit neither case.
    Silent,
    /// The sums equal the evidence from before the receipt.
    Before,
    /// The sums equal the evidence from before the receipt plus the receipt.
    WithOurs,
}

/// The comparison of the documents that a device reports one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DocumentMatch {
    /// The device does not report its documents, or not all of them, or they do not decide.
    Silent,
    /// The document after the baseline has our kind and our sum.
    Ours,
    /// Every document since the baseline is reported, and none has our kind and our sum.
    Others,
}

/// The facts on which the table decides.
struct Facts<'a> {
    told: &'a ReceiptFacts,
    /// The Z-reports since the baseline.
    z_reports: ZReports,
    /// Whether a Z-report uses one document number.
    z_takes_a_number: bool,
    cancel_decided: bool,
    /// The number of documents since the baseline; `None` if the document number went back.
    documents: Option<u32>,
    /// The change of the counter of fiscal receipts.
    fiscal: Counter,
}

impl<'a> Facts<'a> {
    fn of(same: SamePrinter<'_>, evidence: &JournalEvidence, told: &'a ReceiptFacts) -> Self {
        let SamePrinter { before, now } = same;
        let z_reports = ZReports::between(before.z_number, now.z_number);
        let documents = now.last_document.checked_sub(before.last_document);
        // A counter that a Z-report clears is 1 after the Z-report, and rises only with further documents.
        let is_of_this_day = z_reports == ZReports::Made(0)
            || told.counted_for_ever
            || (z_reports == ZReports::NotTold
                && documents <= Some(1)
                && before.next_fiscal_receipt > 1);
        let facts = Self {
            told,
            z_reports,
            z_takes_a_number: evidence.z_takes_a_number,
            cancel_decided: evidence.cancel_decided,
            documents,
            fiscal: match (before.next_fiscal_receipt, now.next_fiscal_receipt) {
                (0, _) | (_, 0) => Counter::NotTold,
                _ if !is_of_this_day => Counter::NotTold,
                (before, after) if before == after => Counter::Stands,
                _ => Counter::Moved,
            },
        };
        // Documents are counted since fiscalisation, so that a Z-report does not clear the number of the last fiscal receipt.
        match told.last_fiscal {
            None => facts,
            Some(number) if number > before.last_document => Self {
                fiscal: Counter::Moved,
                ..facts
            },
            Some(_) => Self {
                fiscal: Counter::Stands,
                ..facts
            },
        }
    }

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
        self.told.tender == Some(0) && self.told.planned_tender != 0
    }

    /// Whether the last receipt has the plan's sales and the plan's tender. A receipt with total 0 has no tender: only the
    /// counter of fiscal receipts distinguishes it from a cancelled one.
    fn is_paid_as_planned(&self) -> bool {
        self.told.same_sales
            && self.told.tender == Some(self.told.planned_tender)
            && (self.told.planned_tender != 0 || self.fiscal == Counter::Moved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_its_own_text_and_the_last_one_always_fits() {
        let mut said: Vec<&str> = TABLE.iter().map(|row| row.says).collect();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), TABLE.len());
        let told = ReceiptFacts {
            planned_tender: 1_858,
            counted_for_ever: false,
            last_fiscal: None,
            open: false,
            items: 0,
            sales_match: true,
            complete: false,
            tender: Some(0),
            payments: Some(0),
            same_sales: false,
            last_is_ours: false,
            documents: DocumentMatch::Silent,
            sums: DayMatch::Silent,
        };
        let facts = Facts {
            told: &told,
            z_reports: ZReports::Made(0),
            z_takes_a_number: false,
            cancel_decided: false,
            documents: Some(2),
            fiscal: Counter::Moved,
        };
        assert!((TABLE.last().unwrap().fits)(&facts));
    }
}

//! What became of a receipt whose end is not known: the table of spec 7.2 as a pure function.

use super::device::Standing;
use super::jobs::is_same_printer;
use super::plan::Plan;
use crate::fault::Fault;
use crate::printer::Baseline;

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
    cancel_decided: bool,
    standing: &Standing,
) -> (Verdict, &'static str) {
    let facts = Facts::of(plan, baseline, cancel_decided, standing);
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
        says: "another day: it was closed behind our back, the fiscal counter began again and proves nothing",
        fits: |facts| !facts.same_day,
        verdict: |_| UNCLEAR,
    },
    Rule {
        says: "a counter went back",
        fits: |facts| facts.documents.is_none(),
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
        fits: |facts| facts.cancel_decided && facts.documents == Some(1) && facts.is_unpaid(),
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

const UNCLEAR: Verdict = Verdict::Unclear(Fault::Unclear);

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

/// What the table asks.
#[derive(Clone, Copy, Debug)]
struct Facts {
    same_printer: bool,
    same_day: bool,
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
}

impl Facts {
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

    fn of(plan: &Plan, baseline: &Baseline, cancel_decided: bool, standing: &Standing) -> Self {
        let now = &standing.counters;
        let receipt = standing.transaction;
        // A refund may be counted with the other sign.
        let groups = standing.groups.map(i64::saturating_abs);
        let booked: i64 = groups
            .iter()
            .fold(0, |sum, group| sum.saturating_add(*group));
        let amount = receipt.amount.checked_abs();
        let tender = receipt.tender.and_then(i64::checked_abs);
        let sales_match =
            plan.groups_after(receipt.items) == Some(groups) && amount == Some(booked);
        let same_sales = receipt.items == plan.items() && amount == Some(plan.total);
        Self {
            same_printer: is_same_printer(now, baseline),
            same_day: now.z_number == baseline.z_number,
            cancel_decided,
            planned_tender: plan.tender(),
            open: standing.condition.fiscal_receipt_open,
            documents: now.last_document.checked_sub(baseline.last_document),
            fiscal: match (baseline.next_fiscal_receipt, now.next_fiscal_receipt) {
                (0, _) | (_, 0) => Counter::NotTold,
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
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::datecs;
    use crate::printer::{Condition, LineJob, PaymentJob, ReceiptJob};
    use crate::wire::isl_report::Transaction;
    use ferrotill_core::{Amount, Quantity};

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
        let payment = |letter, cash, amount| PaymentJob {
            letter,
            cash,
            amount: Amount::from_minor(amount),
        };
        let job = ReceiptJob {
            refund_of: None,
            header: vec![],
            lines: vec![line(1000, 0), line(858, 0)],
            footer: vec![],
            total: Amount::from_minor(1858),
            payments: vec![payment('P', true, 1500), payment('D', false, 1000)],
            change: Amount::from_minor(642),
        };
        Plan::of(&datecs::PROTOCOL, "", &job).unwrap()
    }

    fn baseline() -> Baseline {
        Baseline {
            serial: "S".to_owned(),
            fiscal_memory: "F".to_owned(),
            last_document: 10,
            next_fiscal_receipt: 4,
            z_number: 2,
            cash: Amount::ZERO,
            cash_in: Amount::ZERO,
            cash_out: Amount::ZERO,
        }
    }

    /// `open document fiscal items amount tender group_a`.
    fn standing(case: [i64; 7]) -> Standing {
        let [open, document, fiscal, items, amount, tender, group] = case;
        let mut groups = [0; 8];
        groups[0] = group;
        Standing {
            counters: Baseline {
                last_document: u32::try_from(document).unwrap(),
                next_fiscal_receipt: u32::try_from(fiscal).unwrap(),
                ..baseline()
            },
            condition: Condition {
                fiscal_receipt_open: open == 1,
                ..Condition::default()
            },
            transaction: Transaction {
                open: open == 1,
                items: u32::try_from(items).unwrap(),
                amount,
                tender: Some(tender),
                document: None,
                refund: false,
                slip: false,
            },
            groups,
        }
    }

    #[test]
    fn the_table_of_recovery() {
        let unpaid = |items, matches| Verdict::Unpaid { items, matches };
        let unclear = Verdict::Unclear(Fault::Unclear);
        for (case, cancel_decided, verdict) in [
            // Open and unpaid.
            ([1, 10, 4, 0, 0, 0, 0], false, unpaid(0, true)),
            ([1, 10, 4, 1, 1000, 0, 1000], false, unpaid(1, true)),
            ([1, 11, 4, 2, 1858, 0, 1858], false, unpaid(2, true)),
            ([1, 10, 4, 1, 999, 0, 999], false, unpaid(1, false)),
            ([1, 12, 4, 0, 0, 0, 0], false, unclear),
            // Open and paid: card first, then cash.
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
            // Closed.
            ([0, 10, 4, 2, 1858, 2500, 0], false, Verdict::NotIssued),
            ([0, 11, 5, 2, 1858, 2500, 0], false, Verdict::Issued),
            ([0, 11, 4, 2, 1858, 0, 0], false, Verdict::NotIssued),
            ([0, 13, 4, 0, 0, 0, 0], false, Verdict::NotIssued),
            ([0, 11, 5, 2, 1857, 2500, 0], false, unclear),
            ([0, 11, 5, 1, 1858, 2500, 0], false, unclear),
            ([0, 11, 5, 2, 1858, 0, 0], false, unclear),
            ([0, 12, 5, 2, 1858, 2500, 0], false, unclear),
            ([0, 9, 4, 2, 1858, 2500, 0], false, unclear),
            // Firmware that does not tell the fiscal counter: only the last receipt can speak for ours.
            ([0, 10, 0, 2, 1858, 2500, 0], false, Verdict::NotIssued),
            ([0, 11, 0, 2, 1858, 2500, 0], false, Verdict::Issued),
            ([0, 11, 0, 2, 1858, 0, 0], false, unclear),
            ([0, 12, 0, 2, 1858, 2500, 0], false, unclear),
            // Closed after the cancellation was decided: the tender decides, with the fiscal counter and without.
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
                judge(&plan(), &baseline(), cancel_decided, &standing(case)).0,
                verdict,
                "{case:?} {cancel_decided}"
            );
        }
    }

    #[test]
    fn a_receipt_of_nothing_is_told_from_a_cancelled_one_by_the_fiscal_counter_alone() {
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
            let standing = standing([0, 11, fiscal, 1, 0, 0, 0]);
            assert_eq!(
                judge(&plan, &baseline(), cancel_decided, &standing).0,
                verdict,
                "{fiscal} {cancel_decided}"
            );
        }
    }

    #[test]
    fn another_printer_and_another_day_prove_nothing() {
        let mut swapped = standing([0, 10, 4, 0, 0, 0, 0]);
        swapped.counters.fiscal_memory = "G".to_owned();
        assert_eq!(
            judge(&plan(), &baseline(), false, &swapped).0,
            Verdict::Unclear(Fault::PrinterSwapped)
        );
        let mut closed = standing([0, 11, 1, 2, 1858, 2500, 0]);
        closed.counters.z_number = 3;
        assert_eq!(
            judge(&plan(), &baseline(), false, &closed).0,
            Verdict::Unclear(Fault::Unclear)
        );
    }

    #[test]
    fn every_row_says_something_of_its_own_and_the_last_one_always_fits() {
        let mut said: Vec<&str> = TABLE.iter().map(|row| row.says).collect();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), TABLE.len());
        let facts = Facts::of(
            &plan(),
            &baseline(),
            false,
            &standing([0, 12, 5, 0, 0, 0, 0]),
        );
        assert!((TABLE.last().unwrap().fits)(&facts));
    }
}

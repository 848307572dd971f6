//! What became of a receipt whose end is not known: the table of spec 7.2 as a pure function.

use super::device::Standing;
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

/// Compares where the device stands with the baseline and the plan.
pub(super) fn judge(
    plan: &Plan,
    baseline: &Baseline,
    cancel_decided: bool,
    standing: &Standing,
) -> Verdict {
    let now = &standing.counters;
    if now.serial != baseline.serial || now.fiscal_memory != baseline.fiscal_memory {
        return Verdict::Unclear(Fault::PrinterSwapped);
    }
    if now.z_number != baseline.z_number {
        // The day was closed behind our back: the fiscal counter began again and proves nothing.
        return Verdict::Unclear(Fault::Unclear);
    }
    if standing.condition.fiscal_receipt_open {
        return judge_open(plan, baseline, standing);
    }
    let Some(documents) = now.last_document.checked_sub(baseline.last_document) else {
        return Verdict::Unclear(Fault::Unclear);
    };
    // A cancelled receipt, a slip and a report take a document number and no fiscal one:
    // while the fiscal counter stands still, nothing fiscal can have been issued.
    if documents == 0 || now.next_fiscal_receipt == baseline.next_fiscal_receipt {
        return Verdict::NotIssued;
    }
    if cancel_decided && plan.total != 0 {
        // After that decision no payment is ever sent, so the document that was issued is the cancelled one.
        // Only a receipt of nothing can be paid without showing it, and is closed when its cancellation is refused.
        return Verdict::NotIssued;
    }
    let last = standing.transaction;
    let ours = documents == 1
        && last.items == plan.items()
        && last.amount.checked_abs() == Some(plan.total)
        && last
            .tender
            .and_then(i64::checked_abs)
            .is_some_and(|tender| tender >= plan.total);
    if ours {
        Verdict::Issued
    } else {
        Verdict::Unclear(Fault::Unclear)
    }
}

fn judge_open(plan: &Plan, baseline: &Baseline, standing: &Standing) -> Verdict {
    // The number may be given at opening or at closing, depending on firmware; a receipt two numbers on is not ours.
    let documents = standing
        .counters
        .last_document
        .checked_sub(baseline.last_document);
    if documents.is_none_or(|documents| documents > 1) {
        return Verdict::Unclear(Fault::Unclear);
    }
    let open = standing.transaction;
    // A refund may be counted with the other sign.
    let groups = standing.groups.map(i64::saturating_abs);
    let booked: i64 = groups
        .iter()
        .fold(0, |sum, group| sum.saturating_add(*group));
    let matches =
        plan.groups_after(open.items) == Some(groups) && open.amount.checked_abs() == Some(booked);
    let tender = open.tender.and_then(i64::checked_abs);
    match tender {
        None => Verdict::Unclear(Fault::AnswerUnreadable),
        Some(0) => Verdict::Unpaid {
            items: open.items,
            matches,
        },
        Some(tender) => match plan.payments_at(tender) {
            Some(payments) if matches && open.items == plan.items() => Verdict::Paid { payments },
            _ => Verdict::Unclear(Fault::Unclear),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::printer::{Condition, LineJob, PaymentJob, ReceiptJob};
    use crate::wire::isl_report::Transaction;
    use ferrotill_core::{Amount, Quantity};

    fn plan() -> Plan {
        let line = |price| LineJob {
            name: "x".to_owned(),
            group: 0,
            price: Amount::from_minor(price),
            quantity: Quantity::ONE,
            adjustment: Amount::ZERO,
            notes: vec![],
        };
        let payment = |letter, cash, amount| PaymentJob {
            letter,
            cash,
            amount: Amount::from_minor(amount),
        };
        Plan::of(&ReceiptJob {
            refund_of: None,
            header: vec![],
            lines: vec![line(1000), line(858)],
            footer: vec![],
            total: Amount::from_minor(1858),
            payments: vec![payment('P', true, 1500), payment('D', false, 1000)],
            change: Amount::from_minor(642),
        })
        .unwrap()
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
            ([0, 11, 5, 2, 1858, 2500, 0], true, Verdict::NotIssued),
            ([0, 11, 4, 2, 1858, 0, 0], false, Verdict::NotIssued),
            ([0, 13, 4, 0, 0, 0, 0], false, Verdict::NotIssued),
            ([0, 11, 5, 2, 1857, 2500, 0], false, unclear),
            ([0, 11, 5, 1, 1858, 2500, 0], false, unclear),
            ([0, 11, 5, 2, 1858, 0, 0], false, unclear),
            ([0, 12, 5, 2, 1858, 2500, 0], false, unclear),
            ([0, 9, 4, 2, 1858, 2500, 0], false, unclear),
        ] {
            assert_eq!(
                judge(&plan(), &baseline(), cancel_decided, &standing(case)),
                verdict,
                "{case:?} {cancel_decided}"
            );
        }
    }

    #[test]
    fn another_printer_and_another_day_prove_nothing() {
        let mut swapped = standing([0, 10, 4, 0, 0, 0, 0]);
        swapped.counters.fiscal_memory = "G".to_owned();
        assert_eq!(
            judge(&plan(), &baseline(), false, &swapped),
            Verdict::Unclear(Fault::PrinterSwapped)
        );
        let mut closed = standing([0, 11, 1, 2, 1858, 2500, 0]);
        closed.counters.z_number = 3;
        assert_eq!(
            judge(&plan(), &baseline(), false, &closed),
            Verdict::Unclear(Fault::Unclear)
        );
    }
}

//! The counters of a shift compared with a printer's.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::seal::{ModuleCounters, PrinterCounters};
use crate::shift::Shift;
use crate::totals::TaxTotals;

/// The journal's counters of a shift less the printer's: by tax group, in cash and in receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// The difference of the gross sales, by tax group `A` to `H`.
    pub sales: [Amount; 8],
    /// The difference of the refunds by tax group, if the printer counts refunds separately.
    pub refunds: Option<[Amount; 8]>,
    /// Difference of the cash in the drawer, if the printer reported it.
    pub cash: Option<Amount>,
    /// Difference of the cash put in, if the printer reported it.
    pub cash_in: Option<Amount>,
    /// Difference of the cash taken out, if the printer reported it.
    pub cash_out: Option<Amount>,
    /// Difference of the number of receipts, if the printer reported it.
    pub receipts: Option<i64>,
}

impl Reconciliation {
    /// Compares a shift with the printer's counters.
    #[must_use]
    pub fn of(shift: &Shift, cash: Amount, printer: &PrinterCounters) -> Self {
        let less = |ours: Amount, theirs: Amount| ours.checked_sub(theirs).unwrap_or(Amount::ZERO);
        let by_group = |ours: &TaxTotals, theirs: &[Amount; 8]| {
            let mut differences = ours.by_letter();
            for (difference, theirs) in differences.iter_mut().zip(theirs) {
                *difference = less(*difference, *theirs);
            }
            differences
        };
        Self {
            sales: by_group(&shift.sales.groups, &printer.sales),
            refunds: printer
                .refunds
                .as_ref()
                .map(|refunds| by_group(&shift.refunds.groups, refunds)),
            cash: printer.cash.map(|theirs| less(cash, theirs)),
            cash_in: printer
                .cash_in
                .map(|theirs| less(shift.cash_in.amount, theirs)),
            cash_out: printer
                .cash_out
                .map(|theirs| less(shift.cash_out.amount, theirs)),
            receipts: printer.receipts.map(|theirs| {
                i64::from(shift.sales.receipts.count)
                    .saturating_add(i64::from(shift.refunds.receipts.count))
                    .saturating_sub(i64::from(theirs))
            }),
        }
    }

    /// Compares a shift with the counters of a fiscal module. A module counts no tax groups: the difference of all groups together stands at
    /// group `A`, and those of the other groups are zero.
    #[must_use]
    pub fn with_module(shift: &Shift, module: &ModuleCounters) -> Self {
        let at_a = |ours: Amount, theirs: Amount| {
            let mut differences = [Amount::ZERO; 8];
            if let Some(first) = differences.first_mut() {
                *first = ours.checked_sub(theirs).unwrap_or(Amount::ZERO);
            }
            differences
        };
        let ours = i64::from(shift.sales.receipts.count)
            .saturating_add(i64::from(shift.refunds.receipts.count));
        let theirs = i64::from(module.sales).saturating_add(i64::from(module.refunds));
        Self {
            sales: at_a(shift.sales.receipts.amount, module.gross_sales()),
            refunds: Some(at_a(shift.refunds.receipts.amount, module.gross_refunds())),
            cash: None,
            cash_in: None,
            cash_out: None,
            receipts: Some(ours.saturating_sub(theirs)),
        }
    }

    /// Whether there is no difference in anything that the printer reported.
    #[must_use]
    pub fn agrees(&self) -> bool {
        let by_group = self.sales.iter().chain(self.refunds.iter().flatten());
        let in_cash = [self.cash, self.cash_in, self.cash_out];
        by_group
            .chain(in_cash.iter().flatten())
            .all(|difference| difference.is_zero())
            && self.receipts.is_none_or(|difference| difference == 0)
    }
}

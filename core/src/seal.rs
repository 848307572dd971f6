//! What made a document legal.

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::shift::Shift;

/// What a fiscal printer said of itself before a document: recovery compares with it, and never prints on hope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline<'a> {
    /// Serial number of the printer.
    pub serial: &'a str,
    /// Number of its fiscal memory.
    pub fiscal_memory: &'a str,
    /// Its last document, all kinds.
    pub last_document: u32,
    /// The number its next fiscal receipt will have.
    pub next_fiscal_receipt: u32,
    /// Its last Z-report; [`Baseline::Z_NUMBER_UNKNOWN`] where it does not tell the number.
    pub z_number: u32,
    /// Cash in its drawer.
    pub cash: Amount,
    /// Cash put in since its last Z-report.
    pub cash_in: Amount,
    /// Cash taken out since its last Z-report.
    pub cash_out: Amount,
}

/// What became of a printer's day since its counters were read the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrinterDay {
    /// It goes on.
    Open,
    /// It was closed, once or more, and perhaps another one was begun.
    Closed,
    /// Its counters went back, which those of a fiscal memory never do: the memory was lost or exchanged.
    Lost,
    /// It is another printer.
    Another,
}

impl Baseline<'_> {
    /// [`Baseline::z_number`] of a printer that does not tell the number of its last Z-report.
    pub const Z_NUMBER_UNKNOWN: u32 = u32::MAX;

    /// What these counters say of the day in which the earlier ones were read.
    ///
    /// The number of the last Z-report decides. Where a printer does not tell it, counters that begin again with each day do:
    /// a Z-report takes a document number, so they mean nothing while that number stands still.
    #[must_use]
    pub fn day_since(&self, earlier: &Baseline<'_>) -> PrinterDay {
        if self.serial != earlier.serial || self.fiscal_memory != earlier.fiscal_memory {
            return PrinterDay::Another;
        }
        let began_again = (self.next_fiscal_receipt != 0
            && self.next_fiscal_receipt < earlier.next_fiscal_receipt)
            || self.cash_in < earlier.cash_in
            || self.cash_out < earlier.cash_out;
        let unknown = [self.z_number, earlier.z_number].contains(&Self::Z_NUMBER_UNKNOWN);
        let z_numbers = if unknown {
            Ordering::Equal
        } else {
            self.z_number.cmp(&earlier.z_number)
        };
        match z_numbers {
            Ordering::Greater => PrinterDay::Closed,
            Ordering::Less => PrinterDay::Lost,
            Ordering::Equal if self.last_document < earlier.last_document => PrinterDay::Lost,
            Ordering::Equal if !began_again => PrinterDay::Open,
            Ordering::Equal if self.last_document > earlier.last_document => PrinterDay::Closed,
            Ordering::Equal => PrinterDay::Lost,
        }
    }
}

/// What a fiscal printer counted for the day, read right before its Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrinterCounters {
    /// The number of its Z-report (for an X-report: of its last one).
    pub z_number: u32,
    /// Gross sales by group, `A` to `H`.
    pub sales: [Amount; 8],
    /// Refunds by group, where the printer tells them apart.
    pub refunds: Option<[Amount; 8]>,
    /// Cash in the drawer, where it is known: a Z-report whose answer was lost with the host has wiped it.
    pub cash: Option<Amount>,
    /// Cash put in, where it is known.
    pub cash_in: Option<Amount>,
    /// Cash taken out, where it is known.
    pub cash_out: Option<Amount>,
    /// Fiscal receipts of the day, refunds included, where it is known.
    pub receipts: Option<u32>,
}

/// What made a document legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seal<'a> {
    /// A fiscal printer printed it.
    Printer {
        /// The printer's own number of the document, all kinds;
        /// 0 for a Z-report of the printer's own whose number cannot be told from those of its other documents.
        document: u32,
        /// The printer's own number of the fiscal receipt, where it is one.
        fiscal_receipt: Option<u32>,
        /// What it had counted, where it is a report.
        counters: Option<PrinterCounters>,
    },
    /// A number of a preloaded range.
    Range {
        /// The series.
        #[serde(borrow)]
        series: &'a str,
        /// The number.
        number: u32,
        /// Digits that the number is printed with.
        number_length: u8,
    },
    /// A fiscal number.
    FiscalNumber {
        /// The number.
        number: u64,
        /// It was the next one of the reserved ranges, because the office could not be reached; else the office gave it.
        reserved: bool,
    },
    /// The books alone: a report that nobody outside is told of, where no printer takes part.
    Books,
}

/// Our books against the printer's, group by group and in cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// Ours less the printer's gross sales, by group `A` to `H`.
    pub sales: [Amount; 8],
    /// Ours less the printer's refunds, where it tells them.
    pub refunds: Option<[Amount; 8]>,
    /// Ours less the printer's cash in the drawer, where the printer told it.
    pub cash: Option<Amount>,
    /// Ours less the printer's cash put in, where the printer told it.
    pub cash_in: Option<Amount>,
    /// Ours less the printer's cash taken out, where the printer told it.
    pub cash_out: Option<Amount>,
    /// Ours less the printer's count of receipts, where the printer told it.
    pub receipts: Option<i64>,
}

impl Reconciliation {
    /// Holds the books of a shift against the printer's counters.
    #[must_use]
    pub fn of(shift: &Shift, cash: Amount, printer: &PrinterCounters) -> Self {
        let less = |ours: Amount, theirs: Amount| ours.checked_sub(theirs).unwrap_or(Amount::ZERO);
        let by_group = |ours: &crate::tax::TaxTotals, theirs: &[Amount; 8]| {
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

    /// No difference anywhere, as far as the printer told.
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

//! What made a document legal.

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
    /// Its last Z-report.
    pub z_number: u32,
    /// Cash in its drawer.
    pub cash: Amount,
    /// Cash put in since its last Z-report.
    pub cash_in: Amount,
    /// Cash taken out since its last Z-report.
    pub cash_out: Amount,
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
    /// Cash in the drawer.
    pub cash: Amount,
    /// Cash put in.
    pub cash_in: Amount,
    /// Cash taken out.
    pub cash_out: Amount,
}

/// What made a document legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seal<'a> {
    /// A fiscal printer printed it.
    Printer {
        /// The printer's own number of the document, all kinds.
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
}

/// Our books against the printer's, group by group and in cash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciliation {
    /// Ours less the printer's gross sales, by group `A` to `H`.
    pub sales: [Amount; 8],
    /// Ours less the printer's refunds, where it tells them.
    pub refunds: Option<[Amount; 8]>,
    /// Ours less the printer's cash in the drawer.
    pub cash: Amount,
    /// Ours less the printer's cash put in.
    pub cash_in: Amount,
    /// Ours less the printer's cash taken out.
    pub cash_out: Amount,
}

impl Reconciliation {
    /// Holds the books of a shift against the printer's counters.
    #[must_use]
    pub fn of(shift: &Shift, cash: Amount, printer: &PrinterCounters) -> Self {
        let less = |ours: Amount, theirs: Amount| ours.checked_sub(theirs).unwrap_or(Amount::ZERO);
        let by_group = |ours: &crate::tax::TaxTotals, theirs: &[Amount; 8]| {
            let mut differences = *theirs;
            for (letter, difference) in (b'A'..=b'H').zip(differences.iter_mut()) {
                let gross = crate::tax::TaxCode::new(letter)
                    .map_or(Amount::ZERO, |code| ours.gross_of(code));
                *difference = less(gross, *difference);
            }
            differences
        };
        Self {
            sales: by_group(&shift.sales.groups, &printer.sales),
            refunds: printer
                .refunds
                .as_ref()
                .map(|refunds| by_group(&shift.refunds.groups, refunds)),
            cash: less(cash, printer.cash),
            cash_in: less(shift.cash_in.amount, printer.cash_in),
            cash_out: less(shift.cash_out.amount, printer.cash_out),
        }
    }

    /// No difference anywhere.
    #[must_use]
    pub fn agrees(&self) -> bool {
        self.sales
            .iter()
            .chain(self.refunds.iter().flatten())
            .all(|difference| difference.is_zero())
            && self.cash.is_zero()
            && self.cash_in.is_zero()
            && self.cash_out.is_zero()
    }
}

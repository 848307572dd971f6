//! What made a document legal.

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;

/// What a fiscal printer answered about itself before a document. Recovery compares the printer's later counters with it
/// and never prints the document a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBaseline<'a> {
    /// Serial number of the printer.
    pub serial: &'a str,
    /// Number of its fiscal memory.
    pub fiscal_memory: &'a str,
    /// Its last document, all kinds.
    pub last_document: u32,
    /// The number its next fiscal receipt will have.
    pub next_fiscal_receipt: u32,
    /// Its last Z-report; [`StoredBaseline::Z_NUMBER_UNKNOWN`] if the printer does not report the number.
    pub z_number: u32,
    /// Cash in its drawer.
    pub cash: Amount,
    /// Cash put in since its last Z-report.
    pub cash_in: Amount,
    /// Cash taken out since its last Z-report.
    pub cash_out: Amount,
}

/// What became of a printer's day since its counters were last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrinterDay {
    /// The day is still open.
    Open,
    /// The day was closed, once or more often. The next day may have begun.
    Closed,
    /// The counters went back. Those of a fiscal memory never do, so the memory was lost or exchanged.
    Lost,
    /// It is another printer.
    Another,
}

impl StoredBaseline<'_> {
    /// [`StoredBaseline::z_number`] of a printer that does not report the number of its last Z-report.
    pub const Z_NUMBER_UNKNOWN: u32 = u32::MAX;

    /// Compares these counters with earlier ones and says what became of the day in which the earlier ones were read.
    ///
    /// The number of the last Z-report decides. If it did not change (or the printer does not report it), counters that begin again
    /// each day show a closed day, but only together with a new document number: a Z-report always uses one.
    #[must_use]
    pub fn day_since(&self, earlier: &StoredBaseline<'_>) -> PrinterDay {
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
    /// The number of its Z-report; for an X-report, the number of its last Z-report.
    pub z_number: u32,
    /// Gross sales by group, `A` to `H`.
    pub sales: [Amount; 8],
    /// Refunds by group, if the printer counts them separately.
    pub refunds: Option<[Amount; 8]>,
    /// Cash in the drawer, if it is known. It is lost if the printer made its Z-report and the answer never arrived.
    pub cash: Option<Amount>,
    /// Cash put in, if it is known.
    pub cash_in: Option<Amount>,
    /// Cash taken out, if it is known.
    pub cash_out: Option<Amount>,
    /// Fiscal receipts of the day, refunds included, if the number is known.
    pub receipts: Option<u32>,
}

/// What made a document legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seal<'a> {
    /// A fiscal printer printed it.
    Printer {
        /// The printer's own number of the document, all kinds;
        /// 0 for a Z-report that the printer made by itself and whose number among its other documents is not known.
        document: u32,
        /// The printer's own number of the fiscal receipt, if the document is one.
        fiscal_receipt: Option<u32>,
        /// What the printer had counted, if the document is a report.
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
        /// True: the next number of the reserved ones, because the authority could not be reached. False: the authority gave it.
        reserved: bool,
    },
    /// No outside seal: an X-report on a till without a printer.
    Journal,
}

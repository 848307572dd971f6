//! The seal of a document: what made the document legal.

use core::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::printer_time::PrinterTime;
use crate::profile::signed;

/// What a fiscal printer answered about itself before a document. Recovery compares the printer's later counters with this
/// baseline and never prints the document a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredBaseline<'a> {
    /// The name of the printer's family, as its driver gives it; [`StoredBaseline::FAMILY_UNKNOWN`] if it is not known.
    pub family: &'a str,
    /// The serial number of the printer.
    pub serial: &'a str,
    /// The number of the printer's fiscal memory.
    pub fiscal_memory: &'a str,
    /// The number of the printer's last document of any kind.
    pub last_document: u32,
    /// The number that the printer's next fiscal receipt will have.
    pub next_fiscal_receipt: u32,
    /// The number of the printer's last Z-report; [`StoredBaseline::Z_NUMBER_UNKNOWN`] if the printer does not report it.
    pub z_number: u32,
    /// The cash in the printer's drawer.
    pub cash: Amount,
    /// The cash put in since the printer's last Z-report.
    pub cash_in: Amount,
    /// The cash taken out since the printer's last Z-report.
    pub cash_out: Amount,
}

/// The numbers by which a printer is recognised.
#[derive(Clone, Copy, Debug)]
pub struct PrinterNumbers<'a> {
    /// The serial number of the printer.
    pub serial: &'a str,
    /// The number of the printer's fiscal memory; empty if the printer did not report it.
    pub fiscal_memory: &'a str,
}

impl PrinterNumbers<'_> {
    /// Whether two readings are of one printer: their serial numbers are the same, and their fiscal memories do not differ.
    ///
    /// A fiscal memory that one reading lacks is no difference: with other software a printer begins to report it, or does not
    /// report it any more.
    #[must_use]
    pub fn are_of_one_printer(self, other: PrinterNumbers<'_>) -> bool {
        let one_is_missing = self.fiscal_memory.is_empty() || other.fiscal_memory.is_empty();
        let same_memory = one_is_missing || self.fiscal_memory == other.fiscal_memory;
        self.serial == other.serial && same_memory
    }
}

/// What became of a printer's day since its counters were last read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrinterDay {
    /// The printer's day is still open.
    Open,
    /// The printer's day was closed, once or more often. The printer's next day may have begun.
    Closed,
    /// The counters went back. The counters of a fiscal memory never go back, so the memory was lost or exchanged.
    Lost,
    /// The counters are those of another printer.
    Another,
}

impl StoredBaseline<'_> {
    /// [`StoredBaseline::z_number`] of a printer that does not report the number of its last Z-report.
    pub const Z_NUMBER_UNKNOWN: u32 = u32::MAX;
    /// [`StoredBaseline::family`] of a row that was written before families were stored.
    pub const FAMILY_UNKNOWN: &'static str = "";

    /// The numbers by which the printer is recognised.
    #[must_use]
    pub const fn numbers(&self) -> PrinterNumbers<'_> {
        PrinterNumbers {
            serial: self.serial,
            fiscal_memory: self.fiscal_memory,
        }
    }

    /// Compares these counters with earlier ones and says what became of the day in which the earlier ones were read.
    ///
    /// The number of the last Z-report decides. If that number did not change (or the printer does not report it), counters that
    /// begin again each day show a closed day, but only together with a new document number: a Z-report always uses one.
    #[must_use]
    pub fn day_since(&self, earlier: &StoredBaseline<'_>) -> PrinterDay {
        if !self.numbers().are_of_one_printer(earlier.numbers()) {
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

/// The figures that a fiscal printer counted for the day, read right before its Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrinterCounters {
    /// The number of the printer's Z-report; for an X-report, the number of the printer's last Z-report.
    pub z_number: u32,
    /// The gross sales by tax group, `A` to `H`.
    pub sales: [Amount; 8],
    /// The refunds by tax group, if the printer counts refunds separately.
    pub refunds: Option<[Amount; 8]>,
    /// The cash in the drawer, if it is known. The amount is lost if the printer made its Z-report and the answer never arrived.
    pub cash: Option<Amount>,
    /// The cash put in, if it is known.
    pub cash_in: Option<Amount>,
    /// The cash taken out, if it is known.
    pub cash_out: Option<Amount>,
    /// The number of fiscal receipts of the day, refunds included, if the number is known.
    pub receipts: Option<u32>,
}

/// The figures that a fiscal module counted in its shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleCounters {
    /// The module's number of the shift that the report closes; for an X-report, of the open shift.
    pub z_number: u32,
    /// The number of sales.
    pub sales: u32,
    /// The cash received for sales.
    pub sale_cash: Amount,
    /// The other payments received for sales.
    pub sale_card: Amount,
    /// The value added tax of the sales.
    pub sale_vat: Amount,
    /// The number of refunds.
    pub refunds: u32,
    /// The cash given back.
    pub refund_cash: Amount,
    /// The other payments given back.
    pub refund_card: Amount,
    /// The value added tax of the refunds.
    pub refund_vat: Amount,
}

impl ModuleCounters {
    /// The gross sales.
    #[must_use]
    pub fn gross_sales(&self) -> Amount {
        self.sale_cash
            .checked_add(self.sale_card)
            .unwrap_or(Amount::ZERO)
    }

    /// The gross refunds.
    #[must_use]
    pub fn gross_refunds(&self) -> Amount {
        self.refund_cash
            .checked_add(self.refund_card)
            .unwrap_or(Amount::ZERO)
    }
}

/// What a fiscal module answered about a document that it has registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModuleSeal<'a> {
    /// The number of the module.
    pub terminal: &'a str,
    /// The module's number of the receipt; 0 for a report.
    pub receipt: u32,
    /// The module's time of the receipt, `YYYYMMDDHHMMSS`; empty for a report.
    pub at: &'a str,
    /// The fiscal sign of the receipt: digits, which may begin with 0; empty for a report.
    pub sign: &'a str,
    /// The version of the module's program.
    pub applet: &'a str,
    /// The address at which a buyer checks the receipt, as the module gave it; empty for a report.
    pub link: &'a str,
    /// The figures that the module had counted, if the document is a report.
    pub counters: Option<ModuleCounters>,
}

/// The number of an alternative receipt as it is printed: the series and the digits, with zeros in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PrintedNumber<'a> {
    /// The series of the number.
    pub series: &'a str,
    /// The number in the series.
    pub number: u32,
    /// The number of digits with which the number is printed.
    pub number_length: u8,
}

impl core::fmt::Display for PrintedNumber<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(
            f,
            "{}{:0width$}",
            self.series,
            self.number,
            width = usize::from(self.number_length)
        )
    }
}

/// The kinds of seals that make a document legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seal<'a> {
    /// A fiscal printer printed the document.
    Printer {
        /// The printer's own number of the document, in one sequence of all kinds; 0 for a Z-report that the printer made by
        /// itself and whose number among its other documents is not known.
        document: u32,
        /// The printer's own number of the fiscal receipt, if the document is one.
        fiscal_receipt: Option<u32>,
        /// The figures that the printer had counted, if the document is a report.
        counters: Option<PrinterCounters>,
        /// The printer's own date and time of the document, read right after it was printed; `None` if the printer was not asked, or
        /// did not tell. A refund names this time of its sale, because the printer's memory has no other.
        printed_at: Option<PrinterTime>,
    },
    /// The document has a number of a preloaded range.
    Range {
        /// The series of the number.
        #[serde(borrow)]
        series: &'a str,
        /// The number in the series.
        number: u32,
        /// The number of digits with which the number is printed.
        number_length: u8,
    },
    /// The document has a fiscal number of the authority.
    FiscalNumber {
        /// The fiscal number.
        number: u64,
        /// True: the fiscal number is the next one of the reserved numbers, because the authority could not be reached. False:
        /// the authority gave the number for this document.
        reserved: bool,
    },
    /// The document has no seal from outside: it is an X-report on a till without a printer, or the Z-report of a shift that has
    /// alternative receipts only, made while the printer could not be reached.
    Journal,
    /// A signature unit signed the document, or failed to: then the receipt says so.
    Signature {
        /// The kind of the receipt.
        kind: signed::Kind,
        /// The receipt in its compact form.
        compact: &'a str,
    },
    /// A fiscal module registered the document.
    Module(ModuleSeal<'a>),
}

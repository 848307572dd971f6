//! The state of a printer when a job is settled: counters, condition, receipt, sums of its days.

use ferrotill_core::printer_time::PrinterTime;

use crate::printer::{Baseline, Condition};
use crate::wire::isl_counters::IssuedDocument;
use crate::wire::isl_report::Transaction;

/// The state of a device, as far as recovery needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PrinterState {
    /// The counters and the identity of the printer.
    pub(super) counters: Baseline,
    /// The condition of the printer, with the kind of receipt that is open.
    pub(super) condition: Condition,
    /// The current receipt, or the last one if none is open; `None` if the firmware does not report it.
    pub(super) transaction: Option<Transaction>,
    /// The sums of the open receipt by tax group, in minor units; `None` if none is open, or if the firmware does not report them.
    pub(super) groups: Option<[i64; 8]>,
    /// The last fiscal receipt, if no receipt is open and the family reports it by number, sum and payments.
    pub(super) proof: Option<ReceiptProof>,
    /// The documents since the baseline, in the order of their numbers; `None` for a document of which the printer reports nothing.
    /// Empty if none was asked for.
    pub(super) documents: Vec<Option<IssuedDocument>>,
    /// The sums of the printer's days; `None` unless the document numbers prove nothing and the sums were asked for.
    pub(super) sums: Option<PrinterSums>,
}

/// What a printer reports of its last fiscal receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReceiptProof {
    /// The number of the receipt among all documents.
    pub(super) number: u32,
    /// The sum of the receipt in minor units, with the sign that the printer gives it.
    pub(super) sum: i64,
    /// The payments in minor units, in the order of the family's letters; with or without the change.
    pub(super) payments: [i64; 8],
    /// Whether the receipt is a refund; `None` if the printer does not tell.
    pub(super) refund: Option<bool>,
}

/// When a receipt was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The printer has just answered the close, and nothing was sent since.
    Now,
    /// The answer to the close was lost, or another process has sent the close.
    Earlier,
}

/// The printer's own time of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiptTime {
    /// The printer has told the time of the document by its number.
    OfDocument(PrinterTime),
    /// The printer has told the time of the document by its number, and that no document followed.
    LastDocument(PrinterTime),
    /// The time is that of the printer's last receipt, whichever that is.
    OfLast(PrinterTime),
    /// The printer's clock has shown the time within a second after it answered the close.
    OnClock(PrinterTime),
}

/// Gross sums per tax group, in minor units, of the day since the last Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DayTotals {
    /// The sales of the day by tax group.
    pub(super) sales: [i64; 8],
    /// The refunds of the day by tax group, if the firmware reports them.
    pub(super) refunds: Option<[i64; 8]>,
}

/// A device's sums of its day and of its last Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PrinterSums {
    /// The sums of the day since the last Z-report.
    pub(super) today: DayTotals,
    /// The sales of the last Z-report in the fiscal memory, if the device reports them.
    pub(super) last_z: Option<[i64; 8]>,
}

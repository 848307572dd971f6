//! The state of a printer when a job is settled: counters, condition, receipt, sums of its days.

use crate::printer::{Baseline, Condition};
use crate::wire::isl_report::Transaction;

/// The state of a device, as far as recovery needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PrinterState {
    /// Counters and identity.
    pub(super) counters: Baseline,
    /// Condition, with the kind of receipt that is open.
    pub(super) condition: Condition,
    /// The current or last receipt.
    pub(super) transaction: Transaction,
    /// Sums of the current receipt.
    pub(super) groups: [i64; 8],
    /// The sums of its days: asked for only if the numbers prove nothing.
    pub(super) sums: Option<PrinterSums>,
}

/// Gross sums per tax group, in minor units, of the day since the last Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DayTotals {
    /// Sales.
    pub(super) sales: [i64; 8],
    /// Refunds, if the firmware reports them.
    pub(super) refunds: Option<[i64; 8]>,
}

/// A device's sums of its day and of its last Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PrinterSums {
    /// The day since the last Z-report.
    pub(super) today: DayTotals,
    /// The sales of the last Z-report in the fiscal memory, if it is reported.
    pub(super) last_z: Option<[i64; 8]>,
}

/// Same device, same fiscal memory.
pub(super) fn is_same_printer(one: &Baseline, other: &Baseline) -> bool {
    one.serial == other.serial && one.fiscal_memory == other.fiscal_memory
}

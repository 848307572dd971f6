//! What a printer says of itself when a job is settled: counters, condition, receipt, sums of its days.

use crate::printer::{Baseline, Condition};
use crate::wire::isl_report::Transaction;

/// Where a device stands: what recovery needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PrinterState {
    /// Counters and identity.
    pub(super) counters: Baseline,
    /// Condition, with the kind of receipt that is open.
    pub(super) condition: Condition,
    /// The current or last receipt.
    pub(super) transaction: Transaction,
    /// PrinterSums of the current receipt.
    pub(super) groups: [i64; 8],
    /// What its days have come to: asked for where the numbers prove nothing.
    pub(super) sums: Option<PrinterSums>,
}

/// Gross sums per tax group, in minor units, of the day since the last Z-report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct DayTotals {
    /// Sales.
    pub(super) sales: [i64; 8],
    /// Refunds, where the firmware tells them.
    pub(super) refunds: Option<[i64; 8]>,
}

/// What a device says of its day, and of the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PrinterSums {
    /// The day since the last Z-report.
    pub(super) today: DayTotals,
    /// The sales that the last Z-report put into the fiscal memory, where it is told.
    pub(super) last_z: Option<[i64; 8]>,
}

/// Same device, same fiscal memory.
pub(super) fn is_same_printer(one: &Baseline, other: &Baseline) -> bool {
    one.serial == other.serial && one.fiscal_memory == other.fiscal_memory
}

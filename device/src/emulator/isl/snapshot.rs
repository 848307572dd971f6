//! The snapshot of a fiscal printer.

use super::memory::{FiscalReceipt, OpenKind};
use super::printer::Printer;
use crate::emulator::snapshot::{ReceiptSnapshot, Snapshot};
use crate::printer::Paper;
use crate::wire::fields::decimal;

/// The number of receipts in a snapshot, unless all are asked for.
const NEWEST: usize = 1_000;

impl Snapshot {
    /// The state of a printer, with all its receipts or the newest thousand.
    #[must_use]
    pub fn of(printer: &Printer, all_receipts: bool) -> Self {
        let memory = printer.memory();
        let receipts = printer.receipts();
        let skipped = if all_receipts {
            0
        } else {
            receipts.len().saturating_sub(NEWEST)
        };
        Self {
            power: if printer.is_on() { "on" } else { "off" },
            paper: match printer.paper_state() {
                Paper::Ok => "ok",
                Paper::Low => "low",
                Paper::Out => "out",
            },
            cover: if printer.is_cover_open() {
                "open"
            } else {
                "closed"
            },
            receipt_open: memory
                .open
                .as_ref()
                .is_some_and(|open| open.kind != OpenKind::Slip),
            last_document: memory.last_document,
            z_number: memory.z_number(),
            cash: decimal(memory.day.cash, 2),
            drawer_pulses: memory.drawer_pulses,
            commands: printer.commands(),
            fiscal_receipts: receipts.iter().skip(skipped).map(receipt).collect(),
        }
    }
}

fn receipt(receipt: &FiscalReceipt) -> ReceiptSnapshot {
    ReceiptSnapshot {
        document: receipt.document,
        total: decimal(receipt.total, 2),
        items: receipt.items,
        kind: if receipt.refund { "refund" } else { "sale" },
    }
}

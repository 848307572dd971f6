//! What the emulated printer shows of itself.

use serde::Serialize;

use super::memory::{FiscalReceipt, Kind};
use super::printer::Printer;
use crate::printer::Paper;
use crate::wire::fields::decimal;

/// The state of the emulated printer, as `GET /sim/printer` answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// `on` or `off`.
    pub power: &'static str,
    /// `ok`, `low` or `out`.
    pub paper: &'static str,
    /// `closed` or `open`.
    pub cover: &'static str,
    /// A fiscal receipt is open.
    pub receipt_open: bool,
    /// Number of the last document of any kind.
    pub last_document: u32,
    /// Z-reports printed.
    pub z_number: u32,
    /// Cash in the drawer, two decimals.
    pub cash: String,
    /// Pulses sent to the drawer.
    pub drawer_pulses: u32,
    /// Commands executed since it was started.
    pub commands: u64,
    /// The fiscal receipts, oldest first.
    pub fiscal_receipts: Vec<ReceiptSnapshot>,
}

/// One fiscal receipt of the emulated printer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptSnapshot {
    /// Its document number.
    pub document: u32,
    /// Its total, two decimals.
    pub total: String,
    /// Its sale lines.
    pub items: u32,
    /// `sale` or `refund`.
    pub kind: &'static str,
}

/// Receipts that are shown unless all are asked for.
const NEWEST: usize = 1_000;

impl Snapshot {
    /// The state of a printer; all its receipts, or the newest thousand.
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
                .is_some_and(|open| open.kind != Kind::Slip),
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

//! The state of an emulated printer for tests and operators.

use serde::Serialize;

/// The state of the emulated printer, as `GET /sim/printer` answers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    /// The power: `on` or `off`.
    pub power: &'static str,
    /// The paper: `ok`, `low` or `out`.
    pub paper: &'static str,
    /// The cover: `closed` or `open`.
    pub cover: &'static str,
    /// Whether a fiscal receipt is open.
    pub receipt_open: bool,
    /// The number of the last document of any kind.
    pub last_document: u32,
    /// The number of Z-reports that were printed.
    pub z_number: u32,
    /// The cash in the drawer, with two decimals.
    pub cash: String,
    /// The number of pulses that were sent to the drawer.
    pub drawer_pulses: u32,
    /// The number of commands that were executed since the printer was started.
    pub commands: u64,
    /// The fiscal receipts, oldest first.
    pub fiscal_receipts: Vec<ReceiptSnapshot>,
}

/// One fiscal receipt of the emulated printer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptSnapshot {
    /// The document number of the receipt.
    pub document: u32,
    /// The total of the receipt, with two decimals.
    pub total: String,
    /// The number of sale lines of the receipt.
    pub items: u32,
    /// The kind of the receipt: `sale` or `refund`.
    pub kind: &'static str,
}

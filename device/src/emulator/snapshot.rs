//! The state of an emulated printer for tests and operators.

use serde::Serialize;

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

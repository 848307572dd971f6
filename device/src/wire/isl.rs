//! The frames and commands of Datecs classic printers.
//!
//! Manual: Datecs group A, v1.00BG, "Low-level protocol"; group B, v2.04BG.

pub use super::decoder::{Decoder, Token};
pub use super::framing::{
    Answer, FrameError, Framing, NAK, Repeat, Request, SEQ_FIRST, SYN, Width,
};
pub use super::isl_status::{Flag, Status};

/// The frames of groups A and B.
///
/// LEN is one byte: an answer has at most `0xFF - 0x20 - 11` bytes of data, although the manual says 218.
pub const FRAMING: Framing = Framing {
    width: Width::Byte,
    status_len: 6,
    seq_last: 0x7F,
    request_data_max: 213,
    answer_data_max: 212,
    repeat: Repeat::SameNumber,
    busy_every_ms: 60,
};

/// The commands of Datecs classic.
pub mod command {
    /// Last error (group A, new firmware).
    pub const LAST_ERROR: u8 = 0x20;
    /// Open a non-fiscal slip.
    pub const SLIP_OPEN: u8 = 0x26;
    /// Close a non-fiscal slip.
    pub const SLIP_CLOSE: u8 = 0x27;
    /// Text on a non-fiscal slip.
    pub const SLIP_TEXT: u8 = 0x2A;
    /// Header, footer and options.
    pub const OPTIONS: u8 = 0x2B;
    /// Feed paper.
    pub const FEED: u8 = 0x2C;
    /// Cut paper.
    pub const CUT: u8 = 0x2D;
    /// Open a refund ("storno") receipt.
    pub const REFUND_OPEN: u8 = 0x2E;
    /// Open a fiscal receipt.
    pub const RECEIPT_OPEN: u8 = 0x30;
    /// Register a sale.
    pub const SALE: u8 = 0x31;
    /// Subtotal.
    pub const SUBTOTAL: u8 = 0x33;
    /// Register a sale and show it on the display.
    pub const SALE_SHOWN: u8 = 0x34;
    /// Pay.
    pub const PAYMENT: u8 = 0x35;
    /// Text on a fiscal receipt.
    pub const RECEIPT_TEXT: u8 = 0x36;
    /// Close a fiscal receipt.
    pub const RECEIPT_CLOSE: u8 = 0x38;
    /// Cancel a fiscal receipt.
    pub const RECEIPT_CANCEL: u8 = 0x3C;
    /// Set the clock.
    pub const CLOCK_SET: u8 = 0x3D;
    /// Read the clock.
    pub const CLOCK: u8 = 0x3E;
    /// The last Z-report.
    pub const LAST_Z: u8 = 0x40;
    /// The day's totals by tax group.
    pub const DAY_TOTALS: u8 = 0x41;
    /// Daily report: X or Z.
    pub const DAILY_REPORT: u8 = 0x45;
    /// Cash in and out.
    pub const CASH: u8 = 0x46;
    /// Fiscal memory in detail, by number of Z-report.
    pub const NUMBERS_DETAILED: u8 = 0x49;
    /// Status.
    pub const STATUS: u8 = 0x4A;
    /// Print what is buffered.
    pub const FLUSH: u8 = 0x4B;
    /// The current or last receipt.
    pub const TRANSACTION: u8 = 0x4C;
    /// Fiscal memory in short, by date.
    pub const DATES_SHORT: u8 = 0x4F;
    /// Tax rates, read and set.
    pub const RATES: u8 = 0x53;
    /// A barcode.
    pub const BARCODE: u8 = 0x54;
    /// Identity of the device.
    pub const DEVICE_INFO: u8 = 0x5A;
    /// A separating line.
    pub const LINE: u8 = 0x5C;
    /// Fiscal memory in detail, by date.
    pub const DATES_DETAILED: u8 = 0x5E;
    /// Fiscal memory in short, by number of Z-report.
    pub const NUMBERS_SHORT: u8 = 0x5F;
    /// Tax rates, read only.
    pub const RATES_READ: u8 = 0x61;
    /// Sums of the current receipt by tax group.
    pub const RECEIPT_SUMS: u8 = 0x67;
    /// Pulse to the drawer.
    pub const DRAWER: u8 = 0x6A;
    /// Duplicate of the last receipt.
    pub const DUPLICATE: u8 = 0x6D;
    /// The day's payments.
    pub const DAY_PAYMENTS: u8 = 0x6E;
    /// Number of the last document.
    pub const LAST_DOCUMENT: u8 = 0x71;
}

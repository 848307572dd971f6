//! The questions of a family whose answers to commands have no status bytes and no figures.

use super::protocol::CommandRow;
use crate::wire::isl_receipt::Open;
use crate::wire::zfp_report::{
    CurrentReceipt, DayGroups, LastNumbers, PaymentSums, PaymentTypes, ReceiptCode, Version,
};

/// What a device of ZFP is asked, because it answers a command by an acknowledgement only; and the commands that need an operator
/// there.
#[derive(Clone, Copy)]
pub struct Asked {
    /// Opens a non-fiscal slip.
    pub slip_open: CommandRow<Open>,
    /// Puts cash in (positive) or takes it out (negative), in minor units.
    pub cash: CommandRow<(Open, i64)>,
    /// Asks for the model and the firmware.
    pub version: CommandRow<(), Version>,
    /// Asks for the payment types. The letters of the family are the kinds 0 to 7, whatever their numbers are on the machine.
    pub payment_types: CommandRow<(), PaymentTypes>,
    /// Asks for the numbers of the last document and of the last Z-report.
    pub last: CommandRow<(), LastNumbers>,
    /// Asks for the open receipt.
    pub receipt: CommandRow<(), CurrentReceipt>,
    /// Asks for the payments of the current receipt, or of the last one.
    pub receipt_payments: CommandRow<(), PaymentSums>,
    /// Asks for the number and the sum of the last fiscal receipt.
    pub receipt_code: CommandRow<(), ReceiptCode>,
    /// Asks for the day's sales and refunds by tax group.
    pub day: CommandRow<(), DayGroups>,
    /// Asks for the day's registers by payment type: the drawer, cash in, cash out, received from sales, change.
    pub registers: [CommandRow<(), PaymentSums>; 5],
}

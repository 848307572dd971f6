//! Further openings of a family that opens sales and refunds with one command.

use crate::emulator::isl::printer::{Answered, Printer};
use crate::wire::codepage;
use crate::wire::isl_receipt::Open;

/// 90h with the name of the operator alone, with an empty field at the end, or with one before `I`.
pub(in crate::emulator::isl) fn open(printer: &mut Printer, data: &[u8]) -> Option<Answered> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(',').collect();
    let invoice = match fields.as_slice() {
        [name] | [name, _, ""] if !name.is_empty() => false,
        [name, _, "", "I"] if !name.is_empty() => true,
        _ => return None,
    };
    let seller = printer.protocol.seller;
    let open = Open {
        operator: seller.operator,
        password: String::new(),
        till: seller.till,
        invoice,
        unique: String::new(),
    };
    let reply = printer.receipt_open(&open);
    Some(printer.written_by(&printer.protocol.open, reply))
}

//! What a device of Tremol is asked, because it answers a command by an acknowledgement only.

use super::super::codec::{Codec, NO_DATA};
use super::super::protocol::{Asked, CommandRow};
use super::{CASH, RECEIPT, REGISTERS, SLIP_OPEN};
use crate::wire::fields::decimal;
use crate::wire::isl_counters::DayPayments;
use crate::wire::isl_receipt::Open;
use crate::wire::zfp_payments::{PaymentSums, PaymentTypes};
use crate::wire::zfp_receipt::{parse_cash, parse_seller};
use crate::wire::zfp_report::{CurrentReceipt, DayGroups, LastNumbers, ReceiptCode, Version};

pub(super) const ASKED: Asked = Asked {
    slip_open: CommandRow::new(
        SLIP_OPEN,
        Codec {
            emit: |open| format!("{};{};0;0", open.operator, open.password).into_bytes(),
            parse: parse_seller,
        },
        NO_DATA,
    ),
    cash: CommandRow::new(
        CASH,
        Codec {
            emit: |(open, amount)| {
                let Open {
                    operator, password, ..
                } = open;
                format!("{operator};{password};0;{}", decimal(*amount, 2)).into_bytes()
            },
            parse: parse_cash,
        },
        NO_DATA,
    ),
    version: CommandRow::new(
        0x21,
        NO_DATA,
        Codec {
            emit: Version::emit,
            parse: Version::parse,
        },
    ),
    payment_types: CommandRow::new(
        0x64,
        NO_DATA,
        Codec {
            emit: PaymentTypes::emit,
            parse: PaymentTypes::parse,
        },
    ),
    last: CommandRow::new(
        0x73,
        NO_DATA,
        Codec {
            emit: LastNumbers::emit,
            parse: LastNumbers::parse,
        },
    ),
    receipt: CommandRow::new(
        RECEIPT,
        letter!(b""),
        Codec {
            emit: CurrentReceipt::emit,
            parse: CurrentReceipt::parse,
        },
    ),
    receipt_payments: CommandRow::new(
        RECEIPT,
        letter!(b"P"),
        Codec {
            emit: PaymentSums::emit,
            parse: PaymentSums::parse_receipt,
        },
    ),
    receipt_code: CommandRow::new(
        RECEIPT,
        letter!(b"B"),
        Codec {
            emit: ReceiptCode::emit,
            parse: ReceiptCode::parse,
        },
    ),
    day: CommandRow::new(
        0x6D,
        NO_DATA,
        Codec {
            emit: DayGroups::emit,
            parse: DayGroups::parse,
        },
    ),
    registers: [
        register(letter!(b"0"), PaymentSums::parse_on_hand),
        register(letter!(b"2"), PaymentSums::parse_paid_in),
        register(letter!(b"3"), PaymentSums::parse_taken_out),
        register(letter!(b"4"), PaymentSums::parse_received),
        register(letter!(b"6"), PaymentSums::parse_change),
    ],
};

const fn register(
    ask: Codec<()>,
    parse: fn(&[u8]) -> Option<PaymentSums>,
) -> CommandRow<(), PaymentSums> {
    CommandRow::new(
        REGISTERS,
        ask,
        Codec {
            emit: PaymentSums::emit,
            parse,
        },
    )
}

/// The payments received from sales; 6Eh `4`.
pub(super) const DAY_PAYMENTS: CommandRow<(), DayPayments> = CommandRow::new(
    REGISTERS,
    letter!(b"4"),
    Codec {
        emit: |_| Vec::new(),
        parse: |data| Some(day_payments(&PaymentSums::parse_received(data)?)),
    },
);

pub(super) const DAY_SALES: CommandRow<(), [i64; 8]> = CommandRow::new(
    0x6D,
    NO_DATA,
    Codec {
        emit: |_| Vec::new(),
        parse: |data| Some(DayGroups::parse(data)?.sales),
    },
);

pub(super) const DAY_REFUNDS: CommandRow<(), [i64; 8]> = CommandRow::new(
    0x6D,
    NO_DATA,
    Codec {
        emit: |_| Vec::new(),
        parse: |data| Some(DayGroups::parse(data)?.refunds),
    },
);

/// What was received from sales, in the order of the letters; change is not taken off.
fn day_payments(received: &PaymentSums) -> DayPayments {
    let mut payments = [0; 8];
    payments
        .iter_mut()
        .zip(received.sums)
        .for_each(|(sum, read)| *sum = read);
    DayPayments {
        payments,
        closure: 0,
        next_receipt: None,
    }
}

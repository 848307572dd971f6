//! Tremol: the protocol ZFP. Frames of another kind, acknowledgements with two digits, and questions for every figure.
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1903211145; see `docs/protocols/zfp.md`.

use super::codec::{Codec, NO_DATA};
use super::datecs;
use super::forms::Firmware;
use super::payments::{PaymentMeaning, Payments};
use super::protocol::{
    CommandRow, Errors, FamilyLimits, LineWidth, Model, Optional, Protocol, Seller, TextWidths,
};
use crate::wire::cause::Cause;
use crate::wire::codepage;
use crate::wire::fields::{decimal, parse_count, parse_decimal, parse_minor};
use crate::wire::isl_counters::DeviceInfo;
use crate::wire::isl_payment::{Paid, PaidCode, PaymentRequest, ReceiptCounters};
use crate::wire::isl_receipt::SubtotalSums;
use crate::wire::isl_report::{DailyReport, JournalDocument, Rates, ReceiptSums, Transaction};
use crate::wire::isl_status::{Flag, FlagPlace, Layout, Status};
use crate::wire::zfp;
use crate::wire::zfp_receipt::{
    emit_open, emit_refund, emit_sale, parse_open, parse_sale, printable,
};
use crate::wire::zfp_report::{CurrentReceipt, ReceiptCode};

/// The data of a question: this letter, or nothing.
macro_rules! letter {
    ($letter:literal) => {
        Codec {
            emit: |()| $letter.to_vec(),
            parse: |data| (data == $letter).then_some(()),
        }
    };
}

mod questions;

use self::questions::{ASKED, DAY_PAYMENTS, DAY_REFUNDS, DAY_SALES};

/// The table of Tremol.
pub const PROTOCOL: Protocol = Protocol {
    name: "tremol",
    title: "Tremol (protocol ZFP)",
    framing: zfp::FRAMING,
    status: Layout {
        len: 7,
        places: &[PLACES],
        general: &[],
        memory: &[],
    },
    errors: Errors::Acknowledged,
    codes: CODES,
    limits: FamilyLimits {
        widths: TextWidths {
            // Manual: 34 of 36 characters are printed. ErpNet.FP cuts names at 32.
            name: LineWidth {
                sent: 32,
                printed: 34,
            },
            name_lines: 1,
            // Manual: the length of a line less 2, which depends on the model. ErpNet.FP cuts texts at 30.
            receipt: LineWidth::of(30),
            slip: LineWidth::of(30),
        },
        sales: 200,
        price_max: 9_999_999,
        records_low: 50,
    },
    seller: Seller {
        operator_max: 20,
        password_digits: Some((4, 6)),
        has_unique_number: true,
        ..Seller::USUAL
    },
    payments: Payments {
        // Each letter is a kind of payment of the Bulgarian tax office, in the order of their numbers: cash is 0.
        letters: &[
            ('P', PaymentMeaning::Cash),
            ('Q', PaymentMeaning::Cheque),
            ('T', PaymentMeaning::Coupon),
            ('E', PaymentMeaning::ExternalCoupon),
            ('K', PaymentMeaning::Packaging),
            ('I', PaymentMeaning::InternalUse),
            ('M', PaymentMeaning::Damage),
            ('D', PaymentMeaning::Card),
        ],
        day: &LETTERS,
    },
    model: Model {
        name: "TREMOL FP15",
        firmware: "Ver. 1.00 TRA20 C.S. 2EB3",
        owner: Some(("BGN", "131123456")),
    },
    firmware: FIRMWARE,

    open: CommandRow::new(
        OPEN,
        Codec {
            emit: emit_open,
            parse: |data| {
                parse_open(data)
                    .filter(|(_, refund)| refund.is_none())
                    .map(|(open, _)| open)
            },
        },
        NO_COUNTERS,
    ),
    refund: Some(CommandRow::new(
        OPEN,
        Codec {
            emit: emit_refund,
            parse: |data| parse_open(data)?.1,
        },
        NO_COUNTERS,
    )),
    sale: CommandRow::new(
        0x31,
        Codec {
            emit: emit_sale,
            parse: parse_sale,
        },
        NO_COUNTERS,
    ),
    // 33h has no sums by tax group: 72h reports them.
    subtotal: CommandRow::new(
        0x33,
        Codec {
            emit: |_| b"0;0".to_vec(),
            parse: |_| None,
        },
        Codec {
            emit: |_| Vec::new(),
            parse: |data| {
                Some(SubtotalSums {
                    total: parse_minor(&codepage::decode(data))?,
                    groups: [0; 8],
                    document: None,
                })
            },
        },
    ),
    payment: CommandRow::new(
        0x35,
        Codec {
            emit: emit_payment,
            parse: parse_payment,
        },
        // An acknowledgement says that the payment is registered, and not how much is left.
        Codec {
            emit: |_| Vec::new(),
            parse: |_| {
                Some(Paid {
                    code: PaidCode::Rest,
                    amount: 0,
                })
            },
        },
    ),
    text: CommandRow::new(0x37, TEXT, NO_DATA),
    close: CommandRow::new(0x38, NO_DATA, NO_COUNTERS),
    cancel: CommandRow::new(0x39, NO_DATA, NO_DATA),

    slip_open: CommandRow::new(SLIP_OPEN, unwritten(), NO_COUNTERS),
    slip_text: CommandRow::new(0x37, TEXT, NO_DATA),
    slip_close: CommandRow::new(0x2F, NO_DATA, NO_COUNTERS),
    duplicate: Some(CommandRow::new(0x3A, NO_DATA, NO_DATA)),

    x_report: CommandRow::new(DAILY, letter!(b"X"), NO_FIGURES),
    z_report: CommandRow::new(DAILY, letter!(b"Z"), NO_FIGURES),
    by_number: [
        CommandRow::new(0x79, NUMBERS, NO_DATA),
        CommandRow::new(0x78, NUMBERS, NO_DATA),
    ],
    by_date: [
        CommandRow::new(0x7B, DATES, NO_DATA),
        CommandRow::new(0x7A, DATES, NO_DATA),
    ],
    // The driver sends `Asked::cash`, which has an operator.
    cash: CommandRow::new(CASH, unwritten(), unwritten()),
    drawer: CommandRow::new(
        0x2A,
        Codec {
            emit: |_| Vec::new(),
            parse: |_| Some(None),
        },
        NO_DATA,
    ),

    state: CommandRow::new(
        0x20,
        NO_DATA,
        Codec {
            emit: |status: &Status| status.bytes().to_vec(),
            parse: |data| Status::from_slice(data).filter(|_| data.len() == 7),
        },
    ),
    transaction: CommandRow::new(
        RECEIPT,
        unwritten(),
        Codec {
            emit: |_| Vec::new(),
            parse: |data| Some(transaction(&CurrentReceipt::parse(data)?)),
        },
    ),
    receipt_sums: CommandRow::new(
        RECEIPT,
        unwritten(),
        Codec {
            emit: |_| Vec::new(),
            parse: |data| {
                let receipt = CurrentReceipt::parse(data)?;
                Some(ReceiptSums {
                    can_void: receipt.open && !receipt.payment_begun,
                    groups: receipt.groups,
                    invoice: receipt.kind % 2 == 1,
                    refund: receipt.is_refund(),
                })
            },
        },
    ),
    last_document: CommandRow::new(
        0x71,
        NO_DATA,
        Codec {
            emit: |number| format!("{number:06}").into_bytes(),
            parse: |data| parse_count(&codepage::decode(data)),
        },
    ),
    next_fiscal: None,
    counts_for_ever: false,
    day_receipts: None,
    day_payments: DAY_PAYMENTS,
    day_sales: [DAY_SALES, DAY_SALES],
    day_refunds: Some([DAY_REFUNDS, DAY_REFUNDS]),
    // 73h has the number of the last Z-report, and no command has its sums.
    last_z: None,
    device_info: CommandRow::new(
        0x60,
        NO_DATA,
        Codec {
            emit: |info| format!("{};{}", info.serial, info.fiscal_memory).into_bytes(),
            parse: parse_numbers_of_device,
        },
    ),
    rates: CommandRow::new(
        0x62,
        NO_DATA,
        Codec {
            emit: emit_rates,
            parse: parse_rates,
        },
    ),
    clock_tells_seconds: false,
    clock: CommandRow::new(
        0x68,
        NO_DATA,
        Codec {
            emit: |stamp| long_stamp(stamp).into_bytes(),
            parse: |data| short_stamp(&codepage::decode(data)),
        },
    ),
    // 72h `B` has the number and the time of the last fiscal receipt.
    journal_document: Some(CommandRow::new(
        RECEIPT,
        Codec {
            emit: |_| b"B".to_vec(),
            parse: |_| None,
        },
        Codec {
            emit: |_| Vec::new(),
            parse: |data| {
                let code = ReceiptCode::parse(data)?;
                Some(JournalDocument {
                    document: code.number,
                    at: day_first(&code.at)?,
                    kind: 0,
                    z_number: 0,
                })
            },
        },
    )),
    clock_set: CommandRow::new(0x48, STAMP, NO_DATA),
    asked: Some(ASKED),
    others: Optional {
        rates_set: None,
        rates_read: None,
        sales: &[],
        feed: None,
        cut: &[CommandRow::new(0x29, NO_DATA, NO_DATA)],
        ornament: &[],
        options: None,
        daily: &[],
        device_info_bare: None,
        services: &[],
    },
    ..datecs::PROTOCOL
};

/// The machines that the emulated printer is like.
const FIRMWARE: &[Firmware] = &[
    Firmware {
        name: "zfp-2019",
        title: "Tremol, protocol 1903211145",
    },
    Firmware {
        name: KL_V2,
        title: "Tremol, protocol 1903211145, the questions of KL machines, version 2",
    },
];

/// The older machines, which have five payment types with numbers of their own.
pub const KL_V2: &str = "kl-v2";

const OPEN: u8 = 0x30;
const SLIP_OPEN: u8 = 0x2E;
const CASH: u8 = 0x3B;
const REGISTERS: u8 = 0x6E;
const RECEIPT: u8 = 0x72;
const DAILY: u8 = 0x7C;

/// The letters of the payment types 0 to 7.
const LETTERS: [char; 8] = ['P', 'Q', 'T', 'E', 'K', 'I', 'M', 'D'];

/// The side of a row that this family has in another row: nothing is written, and nothing is read.
const fn unwritten<T>() -> Codec<T> {
    Codec {
        emit: |_| Vec::new(),
        parse: |_| None,
    }
}

/// An acknowledgement has no counters.
const NO_COUNTERS: Codec<ReceiptCounters> = unwritten();
/// An acknowledgement has no figures of the day.
const NO_FIGURES: Codec<DailyReport> = unwritten();

/// A line of text; a control byte would end or begin a frame.
const TEXT: Codec<Vec<u8>> = Codec {
    emit: |text| text.iter().map(|byte| printable(*byte)).collect(),
    parse: |data| Some(data.to_vec()),
};

const STAMP: Codec<String> = Codec {
    emit: |text| text.clone().into_bytes(),
    parse: |data| Some(codepage::decode(data)),
};

const NUMBERS: Codec<(u32, u32)> = Codec {
    emit: |(first, last)| format!("{first:04};{last:04}").into_bytes(),
    parse: |data| {
        let text = codepage::decode(data);
        let (first, last) = text.split_once(';')?;
        Some((parse_count(first)?, parse_count(last)?))
    },
};

const DATES: Codec<(String, String)> = Codec {
    emit: |(first, last)| format!("{first};{last}").into_bytes(),
    parse: |data| {
        let text = codepage::decode(data);
        let (first, last) = text.split_once(';')?;
        Some((first.to_owned(), last.to_owned()))
    },
};

/// The digits of an acknowledgement: a device's error is 16 times its digit, a command's error its digit.
const CODES: &[(i64, Cause)] = &[
    (0x02, Cause::NotPermitted),
    (0x10, Cause::PaperOut),
    (0x10, Cause::CoverOpen),
    (0x20, Cause::Overflow),
    (0x30, Cause::ClockNotSet),
    (0x40, Cause::ReceiptOpen),
    (0x40, Cause::RefundOpen),
    (0x50, Cause::PaymentStarted),
    (0x50, Cause::NotPaid),
    (0x60, Cause::SlipOpen),
    (0x70, Cause::AlreadyPaid),
    (0x80, Cause::FiscalMemory),
    (0x80, Cause::FiscalMemoryFull),
    (0x90, Cause::Password),
    // No customer's display; the head is too hot; the power failed in a receipt; a condition is missing.
    (0xA0, Cause::NotPermitted),
    (0xB0, Cause::DayTooLong),
    (0xB0, Cause::ZNeeded),
    (0xC0, Cause::PaperOut),
    (0xD0, Cause::NotPermitted),
    (0xE0, Cause::JournalFull),
    (0xF0, Cause::NotPermitted),
    (0x01, Cause::UnknownCommand),
    (0x03, Cause::ReceiptsAfterZ),
    (0x04, Cause::Syntax),
    (0x05, Cause::Overflow),
    (0x06, Cause::Zero),
    (0x07, Cause::VoidOfNothing),
    (0x08, Cause::NotEnoughCash),
];

/// The bits of the answer to 20h.
const PLACES: &[FlagPlace] = &[
    (Flag::FiscalMemoryReadOnly, 0, 0x01),
    (Flag::Overheated, 0, 0x04),
    // Not set, or wrong.
    (Flag::ClockNotSet, 0, 0x18),
    (Flag::MemoryReset, 0, 0x20),
    (Flag::PaperOut, 1, 0x01),
    (Flag::SlipOpen, 2, 0x01),
    // Open, detailed, with VAT; an invoice has a bit of its own.
    (Flag::ReceiptOpen, 2, 0x1E),
    (Flag::JournalLow, 2, 0x20),
    (Flag::JournalFull, 2, 0x40),
    // Without a fiscal memory, or with a failed one.
    (Flag::FiscalMemoryError, 3, 0x03),
    (Flag::FiscalMemoryWrite, 3, 0x02),
    (Flag::FiscalMemoryFull, 3, 0x04),
    (Flag::FiscalMemoryLow, 3, 0x08),
    (Flag::Fiscalised, 3, 0x20),
    (Flag::Formatted, 3, 0x40),
    (Flag::PaperLow, 6, 0x10),
];

/// `Type;0;Amount`: with change, which is given in cash.
fn emit_payment(payment: &PaymentRequest) -> Vec<u8> {
    let letter = payment.mode.unwrap_or('P');
    let number = LETTERS.iter().position(|known| *known == letter);
    let amount = match payment.amount {
        Some(amount) => decimal(amount, 2),
        // A quotation mark pays exactly what is left.
        None => "\"".to_owned(),
    };
    // The plan has refused a letter that the family does not have; the device refuses the type 99.
    format!("{};0;{amount}", number.unwrap_or(99)).into_bytes()
}

fn parse_payment(data: &[u8]) -> Option<PaymentRequest> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(';').collect();
    let ([number, "0" | "1", amount] | [number, "0" | "1", amount, "0" | "1" | "2"]) =
        fields.as_slice()
    else {
        return None;
    };
    let number = usize::try_from(parse_count(number)?).ok()?;
    // A driver of others ends the amount with a star, as older devices wanted it.
    let amount = match amount.trim_end_matches('*') {
        "\"" => None,
        amount => Some(parse_decimal(amount, 2)?),
    };
    Some(PaymentRequest {
        text: Vec::new(),
        // The emulated device has the types 0 to 7.
        mode: Some(LETTERS.get(number).copied().unwrap_or('?')),
        amount,
    })
}

/// The open receipt as other families report it. The sum of its payments is asked for by 72h `P`; before the first payment it is 0.
fn transaction(receipt: &CurrentReceipt) -> Transaction {
    let amount = receipt
        .groups
        .iter()
        .fold(0, |sum, group| i64::saturating_add(sum, *group));
    Transaction {
        open: receipt.open,
        items: receipt.sales,
        amount,
        tender: (receipt.open && !receipt.payment_begun).then_some(0),
        document: None,
        refund: receipt.is_refund(),
        slip: false,
        fiscal: None,
    }
}

/// `Serial;FM`.
fn parse_numbers_of_device(data: &[u8]) -> Option<DeviceInfo> {
    let text = codepage::decode(data);
    let (serial, memory) = text.split_once(';')?;
    let [serial, memory] = [serial, memory].map(|number| number.trim().to_owned());
    (!serial.is_empty() && !memory.contains(';')).then_some(DeviceInfo {
        name: String::new(),
        firmware: String::new(),
        checksum: String::new(),
        switches: String::new(),
        serial,
        fiscal_memory: memory,
    })
}

/// `20.00%` for each group; a negative rate is a disabled group.
fn emit_rates(rates: &Rates) -> Vec<u8> {
    let rates = rates.rates.map(|rate| match rate {
        Some(hundredths) => format!("{:0>5}%", decimal(hundredths, 2)),
        None => "-1.00%".to_owned(),
    });
    rates.join(";").into_bytes()
}

fn parse_rates(data: &[u8]) -> Option<Rates> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(';').filter(|field| !field.is_empty()).collect();
    let mut rates = [None; 8];
    if fields.len() != rates.len() {
        return None;
    }
    for (rate, field) in rates.iter_mut().zip(fields) {
        let percent = field.trim().trim_end_matches('%').trim();
        *rate = Some(parse_decimal(percent, 2)?).filter(|rate| *rate >= 0);
    }
    Some(Rates {
        rates,
        currency: String::new(),
    })
}

/// `YYYY-MM-DD HH:MM:SS` as `DD-MM-YYYY HH:MM:SS`.
fn day_first(at: &str) -> Option<String> {
    let (date, time) = at.split_once(' ')?;
    let mut parts = date.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("{day}-{month}-{year} {time}"))
}

/// `DD-MM-YY HH:MM:SS` as `DD-MM-YYYY HH:MM`.
fn long_stamp(stamp: &str) -> String {
    let part = |from: usize, to: usize| stamp.get(from..to).unwrap_or("");
    format!("{}20{}", part(0, 6), part(6, 14))
}

/// `DD-MM-YYYY HH:MM` as `DD-MM-YY HH:MM:00`: the device does not tell its seconds.
fn short_stamp(text: &str) -> Option<String> {
    let text = text.trim();
    let (day, century, rest) = (text.get(..6)?, text.get(6..8)?, text.get(8..)?);
    let digits = rest.bytes().filter(u8::is_ascii_digit).count();
    (century == "20" && rest.len() == 8 && digits == 6).then(|| format!("{day}{rest}:00"))
}

#[cfg(test)]
mod tests;

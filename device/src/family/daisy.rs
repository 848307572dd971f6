//! Daisy: Compact S and M, eXpert, Perfect S and M, MICRO C, FX 1200C, FX 1300, FX 21 (Bulgaria).
//!
//! Frames are those of Datecs group A with at most 200 bytes of data, and a repeat is recognised by its sequence number and its
//! command together. Every receipt has a unique sale number; a refund is opened by 30h and is paid in cash; a cancelled receipt
//! (82h) is issued with the sum 0.00.
//! Manuals: Daisy Tech, "Protocol for communication between fiscal devices and personal computer", V1.8.1, 2023, and the Bulgarian
//! edition V1.0, 2019. See `docs/protocols/isl.md`.

use super::codec::{Codec, NO_DATA};
use super::datecs;
use super::forms::{AnswerForm, Firmware, Source};
use super::payments::{PaymentMeaning, Payments};
use super::protocol::{
    CommandRow, Errors, FamilyLimits, LineWidth, Model, Optional, Protocol, ReceiptRules, Seller,
    TextWidths, service,
};
use crate::wire::cause::Cause;
use crate::wire::framing::{Framing, Repeat};
use crate::wire::isl::{self, command};
use crate::wire::isl_counters::DeviceInfo;
use crate::wire::isl_daisy as daisy;
use crate::wire::isl_daisy_report as daisy_report;
use crate::wire::isl_payment::{Paid, ReceiptCounters};
use crate::wire::isl_receipt::{Sale, SubtotalSums};
use crate::wire::isl_report::{Cash, DailyReport, Rates};
use crate::wire::isl_service::{Service, ServiceAnswer};
use crate::wire::isl_status::{Flag, FlagPlace, Layout};

/// The table of Daisy.
pub const PROTOCOL: Protocol = Protocol {
    name: "daisy",
    title: "Daisy (Compact, eXpert, Perfect, MICRO C, FX 1200C, FX 1300, FX 21)",
    framing: Framing {
        seq_last: 0xFF,
        request_data_max: 200,
        answer_data_max: 200,
        repeat: Repeat::SameNumberAndCommand,
        busy_every_ms: 100,
        ..isl::FRAMING
    },
    status: Layout {
        len: 6,
        places: &[PLACES],
        general: GENERAL,
        memory: MEMORY,
    },
    errors: Errors::InStatus(3),
    codes: CODES,
    limits: FamilyLimits {
        widths: TextWidths {
            // 80h tells the lengths of the connected model; without it, what every model prints. The emulated printer has 32 columns.
            name: LineWidth::differing(20, 22),
            // The first of two lines would be printed as a comment, between two `#`.
            name_lines: 1,
            receipt: LineWidth::differing(20, 28),
            slip: LineWidth::differing(20, 28),
        },
        sales: 100,
        // A price has at most eight significant digits.
        price_max: 99_999_999,
        records_low: 50,
    },
    seller: Seller {
        operator: 1,
        operator_max: 20,
        password: "1",
        password_of_model: &[],
        password_digits: Some((1, 6)),
        // The opening has no till.
        till: 1,
        refund: Some((20, "9999")),
        has_unique_number: true,
    },
    payments: Payments {
        // Payments 1 to 4 are named by the owner; the meanings of the first two are those of ErpNet.FP.
        letters: &[
            ('P', PaymentMeaning::Cash),
            ('N', PaymentMeaning::Cheque),
            ('C', PaymentMeaning::Card),
            ('D', PaymentMeaning::Other),
            ('B', PaymentMeaning::Other),
        ],
        day: &['P', 'N', 'C', 'D', 'B'],
    },
    receipts: ReceiptRules {
        refund_in_cash: true,
        refund_needs_origin: true,
        tender_without_change: true,
        cancelled_is_issued: true,
        voids_whole_sale: true,
    },
    model: Model {
        name: "Daisy",
        firmware: "4.01BG 01-12-2022 10:30",
        owner: Some(("BGN", "123456789")),
    },
    firmware: &[NEW, OLD],
    open: CommandRow::new(
        command::RECEIPT_OPEN,
        Codec {
            emit: daisy::emit_open,
            parse: daisy::parse_open,
        },
        OPENED,
    ),
    refund: Some(CommandRow::new(
        command::RECEIPT_OPEN,
        Codec {
            emit: daisy::emit_refund,
            parse: daisy::parse_refund,
        },
        OPENED,
    )),
    sale: CommandRow::new(command::SALE, SALE, NO_COUNTERS),
    subtotal: CommandRow::new(
        command::SUBTOTAL,
        Codec {
            emit: daisy::emit_subtotal,
            parse: daisy::parse_subtotal,
        },
        Codec {
            emit: |sums: &SubtotalSums| {
                let groups = sums.groups.map(|group| format!("{group:010}")).join(",");
                format!("{:010},{groups}", sums.total).into_bytes()
            },
            parse: SubtotalSums::parse,
        },
    ),
    payment: CommandRow::new(
        command::PAYMENT,
        Codec {
            emit: datecs::PROTOCOL.payment.ask.emit,
            parse: daisy::parse_payment,
        },
        Codec {
            emit: daisy::emit_paid,
            parse: Paid::parse,
        },
    ),
    close: CommandRow::new(
        command::RECEIPT_CLOSE,
        NO_DATA,
        Codec {
            emit: daisy::emit_closed,
            parse: ReceiptCounters::parse,
        },
    ),
    cancel: CommandRow::new(CANCEL, NO_DATA, NO_DATA),
    slip_open: CommandRow::new(command::SLIP_OPEN, NO_DATA, SIX_DIGITS),
    slip_close: CommandRow::new(command::SLIP_CLOSE, NO_DATA, SIX_DIGITS),
    x_report: CommandRow::new(
        command::DAILY_REPORT,
        Codec {
            emit: |()| b"2".to_vec(),
            parse: |data| matches!(data, b"2" | b"3" | b"2N" | b"3N").then_some(()),
        },
        DAILY,
    ),
    z_report: CommandRow::new(
        command::DAILY_REPORT,
        Codec {
            emit: |()| b"0".to_vec(),
            parse: |data| {
                matches!(data, b"" | b"0" | b"1" | b"6" | b"N" | b"0N" | b"1N").then_some(())
            },
        },
        DAILY,
    ),
    cash: CommandRow::new(
        command::CASH,
        datecs::PROTOCOL.cash.ask,
        Codec {
            emit: daisy_report::emit_cash,
            parse: Cash::parse,
        },
    ),
    transaction: CommandRow::new(
        command::TRANSACTION,
        datecs::PROTOCOL.transaction.ask,
        Codec {
            emit: daisy::emit_transaction,
            parse: daisy::parse_transaction,
        },
    ),
    last_document: CommandRow::new(
        command::LAST_DOCUMENT,
        NO_DATA,
        Codec {
            emit: |number| daisy_report::emit_document(*number),
            parse: crate::wire::isl_report::parse_document,
        },
    ),
    day_payments: CommandRow::new(
        command::DAY_PAYMENTS,
        NO_DATA,
        Codec {
            emit: daisy_report::emit_day_payments,
            parse: daisy_report::parse_day_payments,
        },
    ),
    // 41h `T`: sales and refunds with tax, in one answer. `N` is without tax, so nothing asks for the tax alone.
    day_sales: [
        CommandRow::new(command::DAY_TOTALS, GROSS, SALES),
        NEVER_ASKED,
    ],
    day_refunds: Some([
        CommandRow::new(command::DAY_TOTALS, GROSS, REFUNDS),
        NEVER_ASKED,
    ]),
    last_z: Some(CommandRow::new(
        command::LAST_Z,
        GROSS,
        Codec {
            emit: daisy_report::emit_last_z,
            parse: daisy_report::parse_last_z,
        },
    )),
    issued_document: Some(CommandRow::new(
        0x74,
        Codec {
            emit: |number| daisy_report::emit_issued_question(*number),
            parse: daisy_report::parse_issued_question,
        },
        Codec {
            emit: daisy_report::emit_issued,
            parse: daisy_report::parse_issued,
        },
    )),
    device_info: CommandRow::with_forms(
        command::DEVICE_INFO,
        datecs::PROTOCOL.device_info.ask,
        DEVICE_INFO,
    ),
    rates: CommandRow::new(command::RATES_READ, NO_DATA, RATES),
    clock: CommandRow::with_forms(command::CLOCK, NO_DATA, CLOCK),
    line_lengths: Some(CommandRow::new(
        0x80,
        NO_DATA,
        Codec {
            emit: |lengths| daisy_report::emit_constants(*lengths),
            parse: daisy_report::parse_constants,
        },
    )),
    // 9600 on FX 1200C (system parameter 21); other hosts use 115200.
    usual_speed: None,
    others: Optional {
        rates_set: Some(CommandRow::new(
            0x60,
            RATES,
            Codec {
                emit: |_: &Rates| b"P".to_vec(),
                parse: |_| None,
            },
        )),
        rates_read: None,
        sales: &[CommandRow::new(command::SALE_SHOWN, SALE, NO_COUNTERS)],
        cut: &[CommandRow::new(
            command::CUT,
            NO_DATA,
            Codec {
                emit: |()| b"P".to_vec(),
                parse: |_| Some(()),
            },
        )],
        ornament: &[CommandRow::new(command::BARCODE, datecs::RAW, NO_DATA)],
        daily: &[CommandRow::new(0x6C, datecs::CLOSES, DAILY)],
        services: &[
            datecs::COMMON_SERVICES[1],
            datecs::COMMON_SERVICES[2],
            datecs::COMMON_SERVICES[8],
            service(0x63, |_| Some(Service::TaxId), first),
            service(
                0x6F,
                |_| Some(Service::Report("RAPORT ARTICOLE")),
                |_| b"P".to_vec(),
            ),
        ],
        ..datecs::PROTOCOL.others
    },
    ..datecs::PROTOCOL
};

const NEW: Firmware = Firmware {
    name: "daisy-1.8",
    title: "Daisy V1.8.1, 2023",
};
const OLD: Firmware = Firmware {
    name: "daisy-1.0",
    title: "Daisy V1.0, 2019",
};

/// Cancels a receipt: all sales are corrected, 0.00 is paid in cash, and the receipt is closed.
const CANCEL: u8 = 0x82;

/// The forms of 5Ah.
const DEVICE_INFO: &[AnswerForm<DeviceInfo>] = &[
    AnswerForm {
        shape: "FwRev DD-MM-YYYY HH:MM,Chk,Sw,Country,Serial,FM",
        source: Source::Manual("Daisy V1.8.1, 5Ah (90)"),
        firmware: &[NEW.name],
        codec: Codec {
            emit: daisy_report::emit_device_info,
            parse: daisy_report::parse_device_info,
        },
    },
    AnswerForm {
        shape: "FwRev DDMMYY HHMM,Chk,Sw,Country,Serial,FM",
        source: Source::Manual("Daisy V1.0, 5Ah (90)"),
        firmware: &[OLD.name],
        codec: Codec {
            emit: daisy_report::emit_device_info_in_digits,
            parse: daisy_report::parse_device_info_in_digits,
        },
    },
    AnswerForm {
        shape: "Model FwRev FwDate FwTime,Chk,Sw,Country,Serial,FM",
        source: Source::Trace("a Compact M, quoted in edabg/fpgate, DeviceDaisyV1"),
        firmware: &[],
        codec: Codec {
            emit: daisy_report::emit_device_info_with_model,
            parse: daisy_report::parse_device_info_with_model,
        },
    },
];

/// The forms of 3Eh.
const CLOCK: &[AnswerForm<String>] = &[
    AnswerForm {
        shape: "DD.MM.YY HH:MM:SS",
        source: Source::Manual("Daisy V1.8.1, 3Eh (62)"),
        firmware: &[NEW.name],
        codec: Codec {
            emit: |clock: &String| daisy_report::emit_clock_with_points(clock),
            parse: daisy_report::parse_clock_with_points,
        },
    },
    AnswerForm {
        shape: "DD-MM-YY HH:MM:SS",
        source: Source::Manual("Daisy V1.0, 3Eh (62)"),
        firmware: &[OLD.name],
        codec: Codec {
            emit: |clock: &String| clock.clone().into_bytes(),
            parse: daisy_report::parse_clock,
        },
    },
];

const SALE: Codec<Sale> = Codec {
    emit: daisy::emit_sale,
    parse: daisy::parse_sale,
};

const OPENED: Codec<ReceiptCounters> = Codec {
    emit: daisy::emit_opened,
    parse: ReceiptCounters::parse,
};

/// The answers of 26h and 27h: the number of receipts of the day.
const SIX_DIGITS: Codec<ReceiptCounters> = Codec {
    emit: |counters| format!("{:06}", counters.all).into_bytes(),
    parse: datecs::ALL_RECEIPTS.parse,
};

/// The codec of an empty answer, where other families return a number.
const NO_COUNTERS: Codec<ReceiptCounters> = datecs::NO_COUNTERS;

const DAILY: Codec<DailyReport> = Codec {
    emit: daisy_report::emit_daily,
    parse: daisy_report::parse_daily,
};

const RATES: Codec<Rates> = Codec {
    emit: daisy_report::emit_rates,
    parse: daisy_report::parse_rates,
};

/// `T` asks for sums with tax; without it the device answers without tax.
const GROSS: Codec<()> = Codec {
    emit: |()| b"T".to_vec(),
    parse: |data| (data == b"T").then_some(()),
};

const SALES: Codec<[i64; 8]> = Codec {
    emit: daisy_report::emit_day_sales,
    parse: daisy_report::parse_day_sales,
};

const REFUNDS: Codec<[i64; 8]> = Codec {
    emit: daisy_report::emit_day_refunds,
    parse: daisy_report::parse_day_refunds,
};

/// A question that neither the driver sends nor the device knows.
const NEVER_ASKED: CommandRow<(), [i64; 8]> = CommandRow::new(
    command::DAY_TOTALS,
    Codec {
        emit: |()| Vec::new(),
        parse: |_| None,
    },
    SALES,
);

/// The device returns one value where groups A and B return two.
fn first(reported: &ServiceAnswer) -> Vec<u8> {
    match reported {
        ServiceAnswer::Fields(fields) => fields
            .first()
            .map_or_else(Vec::new, |field| field.clone().into_bytes()),
        other => other.emit(),
    }
}

/// The seventh bit of no byte has a meaning. No bit reports an open cover. The bits 3.0 to 3.6 are the number of an error.
const PLACES: &[FlagPlace] = &[
    (Flag::GeneralError, 0, 0x20),
    (Flag::Mechanism, 0, 0x10),
    (Flag::ClockNotSet, 0, 0x04),
    (Flag::UnknownCommand, 0, 0x02),
    (Flag::Syntax, 0, 0x01),
    (Flag::WrongPassword, 1, 0x40),
    (Flag::MemoryReset, 1, 0x04),
    (Flag::NotAllowed, 1, 0x02),
    (Flag::Overflow, 1, 0x01),
    (Flag::PrintingEnabled, 2, 0x40),
    (Flag::SlipOpen, 2, 0x20),
    (Flag::JournalLow, 2, 0x10),
    (Flag::ReceiptOpen, 2, 0x08),
    (Flag::JournalFull, 2, 0x04),
    (Flag::PaperLow, 2, 0x02),
    (Flag::PaperOut, 2, 0x01),
    (Flag::FiscalMemoryError, 4, 0x20),
    (Flag::FiscalMemoryFull, 4, 0x10),
    (Flag::FiscalMemoryLow, 4, 0x08),
    (Flag::FiscalMemoryRead, 4, 0x04),
    (Flag::TaxTerminal, 4, 0x02),
    (Flag::FiscalMemoryWrite, 4, 0x01),
    (Flag::Numbered, 5, 0x20),
    (Flag::RatesSet, 5, 0x10),
    (Flag::Fiscalised, 5, 0x08),
    (Flag::FiscalMemoryReadOnly, 5, 0x01),
];

/// The errors of the bytes 0 to 2 that the manual marks with an asterisk.
const GENERAL: &[Flag] = &[
    Flag::Mechanism,
    Flag::UnknownCommand,
    Flag::Syntax,
    Flag::MemoryReset,
    Flag::NotAllowed,
    Flag::PaperOut,
];

/// The errors of the bytes 4 and 5 that the manual marks with an asterisk.
const MEMORY: &[Flag] = &[
    Flag::FiscalMemoryFull,
    Flag::FiscalMemoryWrite,
    Flag::FiscalMemoryReadOnly,
];

/// The error numbers of the third status byte, from the user's manual of FX 1200C.
const CODES: &[(i64, Cause)] = &[
    (7, Cause::NotPermitted),
    (1, Cause::Overflow),
    (81, Cause::Overflow),
    (83, Cause::Overflow),
    (84, Cause::Overflow),
    (85, Cause::Overflow),
    (3, Cause::TooManySales),
    (4, Cause::PaymentType),
    (5, Cause::Zero),
    (21, Cause::Zero),
    (6, Cause::PaymentStarted),
    (8, Cause::GroupDisabled),
    (10, Cause::ClockNotSet),
    (14, Cause::Syntax),
    (15, Cause::Syntax),
    (16, Cause::Syntax),
    (19, Cause::ReceiptOpen),
    (19, Cause::RefundOpen),
    (19, Cause::SlipOpen),
    (23, Cause::VoidOfNothing),
    (24, Cause::VoidOfNothing),
    (25, Cause::NotPaid),
    (28, Cause::NotEnoughCash),
    (30, Cause::FiscalMemoryFull),
    (61, Cause::JournalFull),
    (70, Cause::FiscalMemory),
    (71, Cause::FiscalMemory),
    (72, Cause::FiscalMemory),
    (76, Cause::TaxTerminal),
    (98, Cause::TaxTerminal),
    (117, Cause::TaxTerminal),
    (82, Cause::DayTooLong),
    (90, Cause::ReceiptsAfterZ),
    (91, Cause::ReceiptsAfterZ),
    (92, Cause::ReceiptsAfterZ),
    (93, Cause::ReceiptsAfterZ),
    (97, Cause::NoChange),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::isl_status::Status;

    #[test]
    fn the_status_of_a_printer_with_an_open_receipt_is_that_of_the_manual() {
        // The answer of 30h in the manual V1.8.1: no display, a receipt is open, the memory is numbered and fiscalised.
        let status = Status::from_slice(&[0x88, 0x80, 0x88, 0x80, 0x80, 0xB8]).unwrap();
        let layout = PROTOCOL.status;
        for flag in [
            Flag::ReceiptOpen,
            Flag::Numbered,
            Flag::RatesSet,
            Flag::Fiscalised,
        ] {
            assert!(layout.has(status, flag), "{flag:?}");
        }
        for flag in [Flag::GeneralError, Flag::PaperOut, Flag::PrintingEnabled] {
            assert!(!layout.has(status, flag), "{flag:?}");
        }
    }

    #[test]
    fn error_numbers_stand_in_the_status() {
        let status = Status::empty(6).with_number_in(3, 82);
        assert_eq!(status.bytes(), [0x80, 0x80, 0x80, 0xD2, 0x80, 0x80]);
        assert_eq!(
            PROTOCOL.cause_of(i64::from(status.number_in(3))),
            Some(Cause::DayTooLong)
        );
        assert_eq!(PROTOCOL.code_of(Cause::Password).0, 7);
    }
}

//! Datecs classic, group A: FP-650, FP-700, FP-800, FP-2000, FMP-10, SK1-21F.
//!
//! Manual: group A, v1.00BG. See `docs/protocols/isl.md`.

use super::classic_forms::{DAY_PAYMENTS_A, DEVICE_INFO, FIRMWARE_A, LAST_Z};
use super::codec::{Codec, NO_DATA};
use super::payments::{PaymentMeaning, Payments};
use super::protocol::{
    CommandRow, Errors, FamilyLimits, LineWidth, Model, Optional, Protocol, ReceiptRules, Seller,
    TextWidths, service,
};
use crate::wire::cause::Cause;
use crate::wire::fields::{decimal, parse_count};
use crate::wire::isl::{self, command};
use crate::wire::isl_counters::DAY_PAYMENT_LETTERS;
use crate::wire::isl_payment::{Paid, PaymentRequest, ReceiptCounters};
use crate::wire::isl_receipt::{Open, RefundOpen, Sale, Subtotal, SubtotalSums, TAB};
use crate::wire::isl_report::{
    Cash, DailyReport, LastError, Rates, ReceiptSums, Transaction, emit_document, emit_groups,
    parse_document, parse_groups,
};
use crate::wire::isl_service::{self, Service, ServiceAnswer};
use crate::wire::isl_status::{Flag, FlagPlace, GENERAL, Layout, MEMORY, Status};

/// The table of group A.
pub const PROTOCOL: Protocol = Protocol {
    name: "datecs",
    title: "Datecs classic, group A (FP-650/700/800/2000, FMP-10, SK1-21F)",
    framing: isl::FRAMING,
    status: Layout {
        len: 6,
        places: &[PLACES],
        general: GENERAL,
        memory: MEMORY,
    },
    errors: Errors::Asked(CommandRow::new(
        command::LAST_ERROR,
        Codec {
            emit: |clear| {
                if *clear {
                    b"CLEAR".to_vec()
                } else {
                    Vec::new()
                }
            },
            parse: |data| Some(data == b"CLEAR"),
        },
        Codec {
            emit: LastError::emit,
            parse: LastError::parse,
        },
    )),
    codes: CODES,
    limits: FamilyLimits {
        widths: TextWidths {
            // Manual: 42. ErpNet.FP cuts names at 34.
            name: LineWidth::differing(34, 42),
            name_lines: 2,
            // Manual: what fits the line, with `#` at both ends; FP-800 has 48 columns. fpgate breaks lines at 36.
            receipt: LineWidth::differing(36, 46),
            slip: LineWidth::differing(36, 46),
        },
        sales: 512,
        // A price has at most eight significant digits.
        price_max: 99_999_999,
        records_low: 50,
    },
    seller: Seller {
        operator_max: 16,
        password_digits: Some((4, 8)),
        ..Seller::USUAL
    },
    payments: Payments {
        letters: &[
            ('P', PaymentMeaning::Cash),
            ('N', PaymentMeaning::Credit),
            ('C', PaymentMeaning::Cheque),
            ('D', PaymentMeaning::Card),
            ('I', PaymentMeaning::Other),
            ('J', PaymentMeaning::Other),
            ('K', PaymentMeaning::Other),
            ('L', PaymentMeaning::Other),
            ('i', PaymentMeaning::Other),
            ('j', PaymentMeaning::Other),
            ('k', PaymentMeaning::Other),
            ('l', PaymentMeaning::Other),
            ('m', PaymentMeaning::Other),
            ('n', PaymentMeaning::Other),
            ('o', PaymentMeaning::Other),
            ('p', PaymentMeaning::Other),
            ('q', PaymentMeaning::Other),
            ('r', PaymentMeaning::Other),
            ('s', PaymentMeaning::Other),
        ],
        day: &DAY_PAYMENT_LETTERS,
    },
    receipts: ReceiptRules::USUAL,
    model: Model {
        name: "FP-700",
        firmware: "1.00BG 21NOV26 1000",
        owner: None,
    },
    firmware: FIRMWARE_A,

    open: CommandRow::new(
        command::RECEIPT_OPEN,
        Codec {
            emit: Open::emit,
            parse: Open::parse,
        },
        COUNTERS,
    ),
    refund: Some(CommandRow::new(
        command::REFUND_OPEN,
        Codec {
            emit: RefundOpen::emit,
            parse: RefundOpen::parse,
        },
        COUNTERS,
    )),
    sale: CommandRow::new(command::SALE, SALE, NO_COUNTERS),
    subtotal: CommandRow::new(
        command::SUBTOTAL,
        Codec {
            emit: Subtotal::emit,
            parse: Subtotal::parse,
        },
        Codec {
            emit: SubtotalSums::emit,
            parse: SubtotalSums::parse,
        },
    ),
    payment: CommandRow::new(
        command::PAYMENT,
        Codec {
            emit: PaymentRequest::emit,
            parse: PaymentRequest::parse,
        },
        Codec {
            emit: Paid::emit,
            parse: Paid::parse,
        },
    ),
    text: CommandRow::new(command::RECEIPT_TEXT, TEXT, NO_DATA),
    close: CommandRow::new(command::RECEIPT_CLOSE, NO_DATA, COUNTERS),
    cancel: CommandRow::new(command::RECEIPT_CANCEL, NO_DATA, NO_DATA),

    slip_open: CommandRow::new(command::SLIP_OPEN, NO_DATA, ALL_RECEIPTS),
    slip_text: CommandRow::new(command::SLIP_TEXT, TEXT, NO_DATA),
    slip_close: CommandRow::new(command::SLIP_CLOSE, NO_DATA, ALL_RECEIPTS),
    duplicate: Some(CommandRow::new(
        command::DUPLICATE,
        Codec {
            emit: |()| b"1".to_vec(),
            parse: |_| Some(()),
        },
        NO_DATA,
    )),

    // 45h: `0` or nothing is Z, `2` is X; a suffix `N` keeps the operators' totals. Other firmware numbers them otherwise.
    x_report: CommandRow::new(
        command::DAILY_REPORT,
        Codec {
            emit: |()| b"2".to_vec(),
            parse: |data| matches!(data, b"2" | b"2N").then_some(()),
        },
        DAILY,
    ),
    z_report: CommandRow::new(
        command::DAILY_REPORT,
        Codec {
            emit: |()| b"0".to_vec(),
            parse: |data| matches!(data, b"" | b"0" | b"N" | b"0N").then_some(()),
        },
        DAILY,
    ),
    by_number: [
        CommandRow::new(command::NUMBERS_SHORT, NUMBERS, NO_DATA),
        CommandRow::new(command::NUMBERS_DETAILED, NUMBERS, NO_DATA),
    ],
    by_date: [
        CommandRow::new(command::DATES_SHORT, DATES, NO_DATA),
        CommandRow::new(command::DATES_DETAILED, DATES, NO_DATA),
    ],
    cash: CommandRow::new(
        command::CASH,
        Codec {
            // The question is sent without data, because with `0` some FP-700 print a slip.
            emit: |amount| Cash::request(*amount),
            parse: Cash::parse_request,
        },
        Codec {
            emit: Cash::emit,
            parse: Cash::parse,
        },
    ),
    drawer: CommandRow::new(command::DRAWER, MILLISECONDS, NO_DATA),
    // 2Bh `X`.
    drawer_option: true,

    state: CommandRow::new(
        command::STATUS,
        NO_DATA,
        Codec {
            emit: |status: &Status| status.bytes().to_vec(),
            parse: Status::from_slice,
        },
    ),
    transaction: CommandRow::new(
        command::TRANSACTION,
        Codec {
            emit: |tender| if *tender { b"T".to_vec() } else { Vec::new() },
            parse: |data| match data {
                b"" => Some(false),
                b"T" => Some(true),
                _ => None,
            },
        },
        Codec {
            emit: Transaction::emit,
            parse: Transaction::parse,
        },
    ),
    receipt_sums: CommandRow::new(
        command::RECEIPT_SUMS,
        NO_DATA,
        Codec {
            emit: ReceiptSums::emit,
            parse: ReceiptSums::parse,
        },
    ),
    last_document: CommandRow::new(
        command::LAST_DOCUMENT,
        NO_DATA,
        Codec {
            emit: |number| emit_document(*number),
            parse: parse_document,
        },
    ),
    next_fiscal: None,
    counts_for_ever: false,
    day_receipts: None,
    day_payments: CommandRow::with_forms(command::DAY_PAYMENTS, NO_DATA, DAY_PAYMENTS_A),
    day_sales: [
        day_totals(Codec {
            emit: |()| b"0".to_vec(),
            parse: |data| matches!(data, b"" | b"0").then_some(()),
        }),
        day_totals(Codec {
            emit: |()| b"1".to_vec(),
            parse: |data| (data == b"1").then_some(()),
        }),
    ],
    // The manual has the kinds 0 and 1 only.
    day_refunds: None,
    last_z: Some(CommandRow::with_forms(command::LAST_Z, NO_DATA, LAST_Z)),
    issued_document: None,
    device_info: CommandRow::with_forms(
        command::DEVICE_INFO,
        // "1" asks for the checksum too; the answer has the checksum field in either case.
        Codec {
            emit: |()| b"1".to_vec(),
            parse: |_| Some(()),
        },
        DEVICE_INFO,
    ),
    rates: CommandRow::new(
        command::RATES,
        Codec {
            emit: |()| Vec::new(),
            parse: |data| data.is_empty().then_some(()),
        },
        RATES,
    ),
    clock: CommandRow::new(command::CLOCK, NO_DATA, STAMP),
    clock_tells_seconds: true,
    // The journal (77h) tells the time of a document only among the document's lines.
    journal_document: None,
    last_receipt: None,
    clock_set: CommandRow::new(command::CLOCK_SET, STAMP, NO_DATA),

    line_lengths: None,
    usual_speed: Some(115_200),
    groups_by_rate: false,
    tcp_port: None,
    mode: None,
    country: "",
    is_of_country: |_| false,
    countries: &[],
    country_questions: None,
    asked: None,

    others: Optional {
        rates_set: Some(CommandRow::new(command::RATES, RATES, RATES)),
        rates_read: Some(CommandRow::new(
            command::RATES_READ,
            NO_DATA,
            Codec {
                emit: |rates: &Rates| {
                    rates
                        .rates
                        .map(|rate| decimal(rate.unwrap_or(0), 2))
                        .join(",")
                        .into_bytes()
                },
                parse: |_| None,
            },
        )),
        sales: &[CommandRow::new(command::SALE_SHOWN, SALE, NO_COUNTERS)],
        feed: Some(CommandRow::new(command::FEED, LINES, NO_DATA)),
        cut: &[
            CommandRow::new(command::CUT, NO_DATA, NO_DATA),
            CommandRow::new(command::FLUSH, NO_DATA, NO_DATA),
        ],
        ornament: &[
            CommandRow::new(command::BARCODE, RAW, NO_DATA),
            CommandRow::new(command::LINE, RAW, NO_DATA),
        ],
        options: Some(CommandRow::new(command::OPTIONS, RAW, RAW)),
        daily: &[
            CommandRow::new(0x6C, CLOSES, DAILY),
            CommandRow::new(0x75, CLOSES, DAILY),
            CommandRow::new(0x76, CLOSES, DAILY),
        ],
        device_info_bare: None,
        services: &[
            COMMON_SERVICES[0],
            COMMON_SERVICES[1],
            COMMON_SERVICES[2],
            COMMON_SERVICES[3],
            COMMON_SERVICES[4],
            COMMON_SERVICES[5],
            COMMON_SERVICES[6],
            COMMON_SERVICES[7],
            COMMON_SERVICES[8],
            COMMON_SERVICES[9],
            service(0x77, isl_service::journal, ServiceAnswer::emit),
        ],
    },
};

/// Commands of groups A and B; the electronic journal of group B is read by other commands.
pub(super) const COMMON_SERVICES: &[CommandRow<Service, ServiceAnswer>; 10] = &[
    service(0x32, |_| Some(Service::RatesReport), ServiceAnswer::emit),
    service(0x39, isl_service::buyer, ServiceAnswer::emit),
    service(0x44, |_| Some(Service::MemoryLeft), ServiceAnswer::emit),
    service(0x48, |_| Some(Service::Fiscalising), ServiceAnswer::emit),
    service(0x56, |_| Some(Service::LastRecord), ServiceAnswer::emit),
    service(0x5B, |_| Some(Service::Fiscalising), ServiceAnswer::emit),
    service(0x62, |_| Some(Service::Fiscalising), ServiceAnswer::emit),
    service(0x63, |_| Some(Service::TaxId), ServiceAnswer::emit),
    service(
        0x69,
        |_| Some(Service::Report("RAPORT OPERATORI")),
        ServiceAnswer::emit,
    ),
    service(
        0x6F,
        |_| Some(Service::Report("RAPORT ARTICOLE")),
        ServiceAnswer::emit,
    ),
];

pub(super) const PLACES: &[FlagPlace] = &[
    (Flag::CoverOpen, 0, 0x40),
    (Flag::GeneralError, 0, 0x20),
    (Flag::Mechanism, 0, 0x10),
    (Flag::ClockNotSet, 0, 0x04),
    (Flag::UnknownCommand, 0, 0x02),
    (Flag::Syntax, 0, 0x01),
    (Flag::TaxTerminal, 1, 0x40),
    (Flag::RefundOpen, 1, 0x10),
    (Flag::MemoryReset, 1, 0x04),
    (Flag::NotAllowed, 1, 0x02),
    (Flag::Overflow, 1, 0x01),
    (Flag::SlipOpen, 2, 0x20),
    (Flag::JournalLow, 2, 0x10),
    (Flag::ReceiptOpen, 2, 0x08),
    (Flag::JournalFull, 2, 0x04),
    (Flag::PaperLow, 2, 0x02),
    (Flag::PaperOut, 2, 0x01),
    (Flag::Overheated, 4, 0x40),
    (Flag::FiscalMemoryError, 4, 0x20),
    (Flag::FiscalMemoryFull, 4, 0x10),
    (Flag::FiscalMemoryLow, 4, 0x08),
    (Flag::Numbered, 4, 0x04),
    (Flag::TaxIdSet, 4, 0x02),
    (Flag::FiscalMemoryWrite, 4, 0x01),
    (Flag::FiscalMemoryRead, 5, 0x40),
    (Flag::RatesSet, 5, 0x10),
    (Flag::Fiscalised, 5, 0x08),
    (Flag::LastWriteFailed, 5, 0x04),
    (Flag::Formatted, 5, 0x02),
    (Flag::FiscalMemoryReadOnly, 5, 0x01),
];

/// The error codes of 20h that can occur with a till.
const CODES: &[(i64, Cause)] = &[
    (-150_001, Cause::Syntax),
    (-150_002, Cause::UnknownCommand),
    (-150_003, Cause::NotPermitted),
    (-150_010, Cause::Blocked),
    (-150_010, Cause::Locked),
    (-150_100, Cause::ClockNotSet),
    (-150_101, Cause::PaperOut),
    (-150_102, Cause::JournalFull),
    (-150_103, Cause::Overflow),
    (-150_104, Cause::Password),
    (-150_200, Cause::ReceiptOpen),
    (-150_200, Cause::RefundOpen),
    (-150_200, Cause::SlipOpen),
    (-150_201, Cause::NoReceiptOpen),
    (-150_202, Cause::ReceiptsAfterZ),
    (-150_204, Cause::DayTooLong),
    (-150_205, Cause::DateBeforeLast),
    (-150_206, Cause::DateBeforeLast),
    (-150_300, Cause::NotFiscalised),
    (-150_308, Cause::FiscalMemory),
    (-150_301, Cause::FiscalMemory),
    (-150_302, Cause::FiscalMemory),
    (-150_303, Cause::FiscalMemory),
    (-150_304, Cause::FiscalMemory),
    (-150_305, Cause::FiscalMemory),
    (-150_306, Cause::FiscalMemory),
    (-150_307, Cause::FiscalMemory),
    (-150_309, Cause::FiscalMemory),
    (-150_310, Cause::FiscalMemory),
    (-150_311, Cause::FiscalMemory),
    (-150_312, Cause::FiscalMemory),
    (-150_313, Cause::FiscalMemory),
    (-150_314, Cause::FiscalMemory),
    (-150_403, Cause::GroupDisabled),
    (-150_402, Cause::GroupDisabled),
    (-150_404, Cause::TooManySales),
    (-150_420, Cause::TooManySales),
    (-150_406, Cause::Negative),
    (-150_408, Cause::VoidOfNothing),
    (-150_409, Cause::PaymentStarted),
    (-150_405, Cause::PaymentStarted),
    (-150_410, Cause::PaymentType),
    (-150_411, Cause::AlreadyPaid),
    (-150_412, Cause::NotPaid),
    (-150_413, Cause::NotEnoughCash),
    (-150_415, Cause::NoChange),
    (-150_414, Cause::NoChange),
    (-150_431, Cause::Zero),
    (-150_434, Cause::CardRefused),
    (-150_800, Cause::NotFiscalised),
    (-150_807, Cause::TaxTerminal),
    (-150_808, Cause::TaxTerminal),
    (-150_809, Cause::TaxTerminal),
    (-150_810, Cause::TaxTerminal),
    (-150_811, Cause::TaxTerminal),
];

const SALE: Codec<Sale> = Codec {
    emit: Sale::emit,
    parse: Sale::parse,
};

pub(super) const COUNTERS: Codec<ReceiptCounters> = Codec {
    emit: ReceiptCounters::emit,
    parse: ReceiptCounters::parse,
};

/// The codec of an empty answer, where other families return a number.
pub(super) const NO_COUNTERS: Codec<ReceiptCounters> = Codec {
    emit: |_| Vec::new(),
    parse: |_| {
        Some(ReceiptCounters {
            all: 0,
            fiscal: 0,
            document: None,
            z_number: None,
        })
    },
};

/// The codec of an answer with `AllReceipt` alone.
pub(super) const ALL_RECEIPTS: Codec<ReceiptCounters> = Codec {
    emit: |counters| format!("{:04}", counters.all).into_bytes(),
    parse: |data| {
        Some(ReceiptCounters {
            all: parse_count(core::str::from_utf8(data).ok()?)?,
            fiscal: 0,
            document: None,
            z_number: None,
        })
    },
};

/// The codec of a text; its font (`TAB Font[BHI]`) is not read.
const TEXT: Codec<Vec<u8>> = Codec {
    emit: Vec::clone,
    parse: |data| {
        Some(match data {
            [TAB, _, rest @ ..] => {
                let marks = rest
                    .iter()
                    .take_while(|byte| matches!(byte, b'B' | b'H' | b'I'))
                    .count();
                rest.get(marks..).unwrap_or_default().to_vec()
            }
            all => all.to_vec(),
        })
    },
};

const DAILY: Codec<DailyReport> = Codec {
    emit: DailyReport::emit,
    parse: DailyReport::parse,
};

/// The codec of the kind of report, as of 45h: `0` or no data closes the day, `2` does not.
pub(super) const CLOSES: Codec<bool> = Codec {
    emit: |closes| {
        if *closes {
            b"0".to_vec()
        } else {
            b"2".to_vec()
        }
    },
    parse: |data| match data {
        b"" | b"0" | b"N" | b"0N" => Some(true),
        b"2" | b"2N" => Some(false),
        _ => None,
    },
};

/// A row of 41h: the sums of the day by tax group, of one kind.
pub(super) const fn day_totals(kind: Codec<()>) -> CommandRow<(), [i64; 8]> {
    CommandRow::new(command::DAY_TOTALS, kind, GROUPS)
}

pub(super) const GROUPS: Codec<[i64; 8]> = Codec {
    emit: |groups| emit_groups(*groups),
    parse: parse_groups,
};

const RATES: Codec<Rates> = Codec {
    emit: Rates::emit,
    parse: Rates::parse,
};

/// The codec of two Z-report numbers: `[#][*]S,E`.
const NUMBERS: Codec<(u32, u32)> = Codec {
    emit: |(first, last)| format!("{first},{last}").into_bytes(),
    parse: |data| {
        let (first, last) = marked(data)?.split_once(',')?;
        Some((parse_count(first)?, parse_count(last)?))
    },
};

/// The codec of two dates: `[#][*]DDMMYY[,DDMMYY]`; months and years alone are not read.
const DATES: Codec<(String, String)> = Codec {
    emit: |(first, last)| format!("{first},{last}").into_bytes(),
    parse: |data| {
        let text = marked(data)?;
        let (first, last) = text.split_once(',').unwrap_or((text, text));
        let date = |text: &str| {
            (text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| text.to_owned())
        };
        Some((date(first)?, date(last)?))
    },
};

fn marked(data: &[u8]) -> Option<&str> {
    let text = core::str::from_utf8(data).ok()?;
    Some(text.trim_start_matches(['#', '*']))
}

const STAMP: Codec<String> = Codec {
    emit: |stamp: &String| stamp.clone().into_bytes(),
    parse: |data| {
        String::from_utf8(data.to_vec())
            .ok()
            .filter(|text| !text.is_empty())
    },
};

/// The codec of a pulse of 5 to 100 ms; without data the last length is used again.
const MILLISECONDS: Codec<Option<u32>> = Codec {
    emit: emit_optional,
    parse: |data| parse_optional(data, 5, 100),
};

/// The codec of 1 to 99 lines; without data one line.
const LINES: Codec<Option<u32>> = Codec {
    emit: emit_optional,
    parse: |data| parse_optional(data, 1, 99),
};

fn emit_optional(number: &Option<u32>) -> Vec<u8> {
    number.map_or_else(Vec::new, |number| number.to_string().into_bytes())
}

fn parse_optional(data: &[u8], least: u32, most: u32) -> Option<Option<u32>> {
    if data.is_empty() {
        return Some(None);
    }
    let number = parse_count(core::str::from_utf8(data).ok()?)?;
    (least..=most).contains(&number).then_some(Some(number))
}

pub(super) const RAW: Codec<Vec<u8>> = Codec {
    emit: Vec::clone,
    parse: |data| Some(data.to_vec()),
};

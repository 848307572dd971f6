//! Datecs X (group C): FP-700X/XE, FMP-350X, FMP-55X, DP-25X, DP-150X, DP-05C, WP-50X, WP-500X, WP-25X. FP-700MX, DP-150MX and others of their kind are `datecs-mx`.
//!
//! Manual: X, v2.08. See `docs/protocols/isl.md`.

use super::codec::{Codec, NO_DATA};
use super::error_codes;
use super::forms::{AnswerForm, Firmware, Source};
use super::payments::{PaymentMeaning, Payments};
use super::protocol::{
    CommandRow, Errors, FamilyLimits, LineWidth, Model, Optional, Protocol, ReceiptRules, Seller,
    TextWidths, service,
};
use crate::wire::fields::parse_count;
use crate::wire::isl_counters::DeviceInfo;
use crate::wire::isl_payment::ReceiptCounters;
use crate::wire::isl_report::{DailyReport, Rates, Transaction};
use crate::wire::isl_service::{self, Service, ServiceAnswer};
use crate::wire::isl_status::{Flag, FlagPlace, GENERAL, Layout, MEMORY};
use crate::wire::isl_x::{self, emit, parse};
use crate::wire::{isl_x_receipt as receipt, isl_x_report as report};

/// The table of X.
pub const PROTOCOL: Protocol = Protocol {
    name: "datecs-x",
    title: "Datecs X (FP-700X, FMP-350X/55X, DP-25X/150X/05C, WP-50X/500X/25X)",
    framing: isl_x::FRAMING,
    status: Layout {
        len: 8,
        places: &[PLACES],
        general: GENERAL,
        memory: MEMORY,
    },
    errors: Errors::First,
    codes: error_codes::X,
    limits: FamilyLimits {
        widths: TextWidths {
            name: LineWidth::of(receipt::NAME_MAX),
            name_lines: 1,
            // The line of text has two characters less than the paper has columns: 32 on FMP-55X, 42 and more on all others.
            receipt: LineWidth::differing(30, 40),
            slip: LineWidth::differing(30, 40),
        },
        sales: 512,
        price_max: 999_999_999,
        records_low: 60,
    },
    seller: Seller {
        // The password of new registers is the operator's number, that of new printers four zeros (manual, note to command 48).
        password: "1",
        password_of_model: &[("FP-", "0000"), ("FMP-", "0000")],
        ..Seller::USUAL
    },
    payments: Payments {
        letters: &[
            ('P', PaymentMeaning::Cash),
            ('N', PaymentMeaning::Card),
            ('D', PaymentMeaning::Pinpad),
            ('I', PaymentMeaning::Other),
            ('J', PaymentMeaning::Other),
            ('K', PaymentMeaning::Other),
        ],
        day: &['P', 'N', 'D', 'I', 'J', 'K'],
    },
    receipts: ReceiptRules::USUAL,
    model: Model {
        name: "FP-700X",
        firmware: "2.08BG 21NOV26 1000",
        owner: None,
    },
    firmware: FIRMWARE,

    open: CommandRow::new(
        0x30,
        Codec {
            emit: receipt::emit_open,
            parse: receipt::parse_open,
        },
        SLIP,
    ),
    refund: Some(CommandRow::new(
        0x2B,
        Codec {
            emit: receipt::emit_refund,
            parse: receipt::parse_refund,
        },
        SLIP,
    )),
    sale: CommandRow::new(
        0x31,
        Codec {
            emit: receipt::emit_sale,
            parse: receipt::parse_sale,
        },
        SLIP,
    ),
    subtotal: CommandRow::new(
        0x33,
        Codec {
            emit: receipt::emit_subtotal,
            parse: receipt::parse_subtotal,
        },
        Codec {
            emit: receipt::emit_sums,
            parse: receipt::parse_sums,
        },
    ),
    payment: CommandRow::new(
        0x35,
        Codec {
            emit: receipt::emit_payment,
            parse: receipt::parse_payment,
        },
        Codec {
            emit: receipt::emit_paid,
            parse: receipt::parse_paid,
        },
    ),
    text: CommandRow::new(0x36, TEXT, NO_DATA),
    close: CommandRow::new(0x38, NO_DATA, SLIP),
    cancel: CommandRow::new(0x3C, NO_DATA, NO_DATA),

    slip_open: CommandRow::new(0x26, NO_DATA, SLIP),
    slip_text: CommandRow::new(0x2A, SLIP_TEXT, NO_DATA),
    slip_close: CommandRow::new(0x27, NO_DATA, SLIP),
    duplicate: Some(CommandRow::new(0x6D, NO_DATA, NO_DATA)),

    x_report: CommandRow::new(
        0x45,
        Codec {
            emit: |()| emit(&["X"]),
            parse: |data| is(data, &["X"]),
        },
        DAILY,
    ),
    z_report: CommandRow::new(
        0x45,
        Codec {
            emit: |()| emit(&["Z"]),
            parse: |data| is(data, &["Z"]),
        },
        DAILY,
    ),
    by_number: [
        CommandRow::new(
            0x5F,
            Codec {
                emit: |numbers| emit_numbers("0", *numbers),
                parse: |data| parse_numbers("0", data),
            },
            NO_DATA,
        ),
        CommandRow::new(
            0x5F,
            Codec {
                emit: |numbers| emit_numbers("1", *numbers),
                parse: |data| parse_numbers("1", data),
            },
            NO_DATA,
        ),
    ],
    by_date: [
        CommandRow::new(
            0x5E,
            Codec {
                emit: |dates| emit_dates("0", dates),
                parse: |data| parse_dates("0", data),
            },
            NO_DATA,
        ),
        CommandRow::new(
            0x5E,
            Codec {
                emit: |dates| emit_dates("1", dates),
                parse: |data| parse_dates("1", data),
            },
            NO_DATA,
        ),
    ],
    cash: CommandRow::new(
        0x46,
        Codec {
            emit: report::emit_cash_request,
            parse: report::parse_cash_request,
        },
        Codec {
            emit: report::emit_cash,
            parse: report::parse_cash,
        },
    ),
    drawer: CommandRow::new(0x6A, OPTIONAL, NO_DATA),
    // FFh `EcrSafeOpening`.
    drawer_option: true,

    state: CommandRow::new(
        0x4A,
        NO_DATA,
        Codec {
            emit: report::emit_status,
            parse: report::parse_status,
        },
    ),
    transaction: CommandRow::with_forms(
        0x4C,
        // The answer of X always contains the tender.
        Codec {
            emit: |_| Vec::new(),
            parse: |data| data.is_empty().then_some(true),
        },
        TRANSACTION,
    ),
    receipt_sums: CommandRow::new(
        0x67,
        NO_DATA,
        Codec {
            emit: report::emit_receipt_sums,
            parse: report::parse_receipt_sums,
        },
    ),
    // "Global number of receipts" and "global number of fiscal receipts": neither is ever cleared.
    last_document: CommandRow::new(
        VARIABLE,
        Codec {
            emit: |()| emit(&["nBon", "", ""]),
            parse: |data| is(data, &["nBon", "", ""]),
        },
        NUMBER,
    ),
    next_fiscal: Some(CommandRow::new(
        VARIABLE,
        Codec {
            emit: |()| emit(&["nFBon", "", ""]),
            parse: |data| is(data, &["nFBon", "", ""]),
        },
        // The variable is the number of the last fiscal receipt.
        Codec {
            emit: |next| report::emit_number(&next.saturating_sub(1)),
            parse: |data| report::parse_number(data)?.checked_add(1),
        },
    )),
    counts_for_ever: true,
    day_receipts: Some(CommandRow::new(
        VARIABLE,
        Codec {
            emit: |()| emit(&["nFBonDailyCount", "", ""]),
            parse: |data| is(data, &["nFBonDailyCount", "", ""]),
        },
        NUMBER,
    )),
    day_payments: CommandRow::new(
        0x6E,
        Codec {
            emit: |()| emit(&["0"]),
            parse: |data| is(data, &["0"]).or_else(|| data.is_empty().then_some(())),
        },
        Codec {
            emit: report::emit_day_payments,
            parse: report::parse_day_payments,
        },
    ),
    day_sales: [
        CommandRow::new(
            0x41,
            Codec {
                emit: |()| emit(&["0"]),
                parse: |data| is(data, &["0"]).or_else(|| data.is_empty().then_some(())),
            },
            DAY_GROUPS,
        ),
        CommandRow::new(
            0x41,
            Codec {
                emit: |()| emit(&["1"]),
                parse: |data| is(data, &["1"]),
            },
            DAY_GROUPS,
        ),
    ],
    day_refunds: Some([
        CommandRow::new(
            0x41,
            Codec {
                emit: |()| emit(&["2"]),
                parse: |data| is(data, &["2"]),
            },
            DAY_GROUPS,
        ),
        CommandRow::new(
            0x41,
            Codec {
                emit: |()| emit(&["3"]),
                parse: |data| is(data, &["3"]),
            },
            DAY_GROUPS,
        ),
    ]),
    last_z: Some(CommandRow::new(
        0x40,
        Codec {
            emit: |()| emit(&["0"]),
            parse: |data| is(data, &["0"]).or_else(|| data.is_empty().then_some(())),
        },
        Codec {
            emit: report::emit_last_z,
            parse: report::parse_last_z,
        },
    )),
    issued_document: None,
    device_info: CommandRow::with_forms(
        0x5A,
        // The parameter is sent with its TAB: without a TAB the answer has the old form (manual, command 90).
        Codec {
            emit: |()| emit(&["1"]),
            parse: |data| data.ends_with(&[isl_x::TAB]).then_some(()),
        },
        DEVICE_INFO,
    ),
    rates: CommandRow::new(
        0x32,
        NO_DATA,
        Codec {
            emit: report::emit_rates,
            parse: report::parse_rates,
        },
    ),
    clock_tells_seconds: true,
    clock: CommandRow::new(
        0x3E,
        NO_DATA,
        Codec {
            emit: report::emit_one,
            parse: report::parse_clock,
        },
    ),
    journal_document: None,
    last_receipt: Some(CommandRow::new(
        0x7B,
        Codec {
            emit: |()| emit(&["3"]),
            parse: |data| (data == emit(&["3"])).then_some(()),
        },
        Codec {
            emit: report::emit_last_receipt,
            parse: report::parse_last_receipt,
        },
    )),
    clock_set: CommandRow::new(
        0x3D,
        Codec {
            emit: report::emit_one,
            parse: report::parse_clock,
        },
        NO_DATA,
    ),

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
        rates_set: Some(CommandRow::new(
            0x53,
            Codec {
                emit: report::emit_rates_set,
                parse: report::parse_rates_set,
            },
            // The answer contains the number of changes of rates that are left.
            Codec {
                emit: |_: &Rates| emit(&["29"]),
                parse: |_| None,
            },
        )),
        rates_read: None,
        sales: &[],
        feed: Some(CommandRow::new(0x2C, OPTIONAL, NO_DATA)),
        cut: &[
            CommandRow::new(0x2D, NO_DATA, NO_DATA),
            CommandRow::new(0x2E, NO_DATA, NO_DATA),
        ],
        ornament: &[
            CommandRow::new(0x54, ANY, NO_DATA),
            CommandRow::new(0x5C, ANY, NO_DATA),
        ],
        options: None,
        daily: &[CommandRow::new(
            0x45,
            // These are reports by departments and by groups of articles, which do not close the day.
            Codec {
                emit: |_| emit(&["D"]),
                parse: |data| {
                    is(data, &["D"])
                        .or_else(|| is(data, &["G"]))
                        .map(|()| false)
                },
            },
            DAILY,
        )],
        // "If sent without TAB, the answer comes in the old form" (manual, command 90).
        device_info_bare: Some(CommandRow::new(
            0x5A,
            Codec {
                emit: |()| Vec::new(),
                parse: |data| (!data.ends_with(&[isl_x::TAB])).then_some(()),
            },
            super::classic_forms::SIX_FIELDS,
        )),
        services: &[
            service(0x39, isl_service::buyer_x, ServiceAnswer::emit_x),
            service(0x44, |_| Some(Service::MemoryLeft), emit_first),
            service(0x48, |_| Some(Service::Fiscalising), ServiceAnswer::emit_x),
            service(0x56, |_| Some(Service::LastRecord), ServiceAnswer::emit_x),
            service(0x5B, |_| Some(Service::Fiscalising), ServiceAnswer::emit_x),
            service(0x62, |_| Some(Service::Fiscalising), ServiceAnswer::emit_x),
            service(0x63, |_| Some(Service::TaxId), emit_first),
            service(0x64, isl_service::error_text_x, ServiceAnswer::emit_x),
            service(0x6E, isl_service::refund_payments_x, ServiceAnswer::emit_x),
            service(0x7B, isl_service::device_x, ServiceAnswer::emit_x),
            service(0x7C, isl_service::search_x, ServiceAnswer::emit_x),
            service(0x7D, isl_service::journal_x, ServiceAnswer::emit_x),
            service(VARIABLE, isl_service::variable_x, ServiceAnswer::emit_x),
        ],
    },
};

/// The firmware of X whose answers are known to differ.
const FIRMWARE: &[Firmware] = &[Firmware {
    name: MANUAL,
    title: "X v2.08",
}];

const MANUAL: &str = "x-2.08";

/// The forms of 4Ch.
const TRANSACTION: &[AnswerForm<Transaction>] = &[
    AnswerForm {
        shape: "IsOpen,Number,Items,Amount,Payed",
        source: Source::Manual("X v2.08, 4Ch (76)"),
        firmware: &[MANUAL],
        codec: Codec {
            emit: report::emit_transaction,
            parse: report::parse_transaction,
        },
    },
    AnswerForm {
        shape: "IsOpen,Number,FnumberRep,FNumber,Items,Amount,Payed",
        source: Source::Manual("Datecs Romania, 27.11.2017, 4Ch (76)"),
        firmware: &[],
        codec: Codec {
            emit: report::emit_transaction_with_numbers,
            parse: report::parse_transaction_with_numbers,
        },
    },
];

/// The forms of 5Ah.
const DEVICE_INFO: &[AnswerForm<DeviceInfo>] = &[
    AnswerForm {
        shape: "Name,FwRev,FwDate,FwTime,Chk,Sw,Serial,FM, each with its TAB",
        source: Source::Manual("X v2.08, 5Ah (90)"),
        firmware: &[MANUAL],
        codec: Codec {
            emit: report::emit_device_info,
            parse: report::parse_device_info,
        },
    },
    AnswerForm {
        shape: "Name,FwRev,FwDate,FwTime,Chk,Sw,Serial, each with its TAB",
        source: Source::Manual("Datecs Romania, 27.11.2017, 5Ah (90)"),
        firmware: &[],
        codec: Codec {
            emit: report::emit_device_info_without_memory,
            parse: report::parse_device_info_without_memory,
        },
    },
    AnswerForm {
        shape: "Name,FwRev FwDate FwTime,Chk,Sw,Serial,FM, without an error code",
        source: Source::Trace("DP-25MX with firmware 3.00, bulgariamitko/datecs-fprint-macos"),
        firmware: &[],
        codec: super::classic_forms::SIX_FIELDS,
    },
    super::classic_forms::NO_MEMORY,
];

/// X returns one value where groups A and B return two.
fn emit_first(reported: &ServiceAnswer) -> Vec<u8> {
    match reported {
        ServiceAnswer::Fields(fields) => emit(fields.get(..1).unwrap_or_default()),
        other => other.emit_x(),
    }
}

/// 255: a variable is read by its name, an index and an empty value.
const VARIABLE: u8 = 0xFF;

pub(super) const PLACES: &[FlagPlace] = &[
    (Flag::CoverOpen, 0, 0x40),
    (Flag::GeneralError, 0, 0x20),
    (Flag::Mechanism, 0, 0x10),
    (Flag::ClockNotSet, 0, 0x04),
    (Flag::UnknownCommand, 0, 0x02),
    (Flag::Syntax, 0, 0x01),
    (Flag::NotAllowed, 1, 0x02),
    (Flag::Overflow, 1, 0x01),
    (Flag::SlipOpen, 2, 0x20),
    (Flag::JournalLow, 2, 0x10),
    (Flag::ReceiptOpen, 2, 0x08),
    (Flag::JournalFull, 2, 0x04),
    (Flag::PaperLow, 2, 0x02),
    (Flag::PaperOut, 2, 0x01),
    (Flag::FiscalMemoryRead, 4, 0x40),
    (Flag::FiscalMemoryError, 4, 0x20),
    (Flag::FiscalMemoryFull, 4, 0x10),
    (Flag::FiscalMemoryLow, 4, 0x08),
    (Flag::Numbered, 4, 0x04),
    (Flag::TaxIdSet, 4, 0x02),
    (Flag::FiscalMemoryWrite, 4, 0x01),
    (Flag::RatesSet, 5, 0x10),
    (Flag::Fiscalised, 5, 0x08),
    (Flag::Formatted, 5, 0x02),
];

const SLIP: Codec<ReceiptCounters> = Codec {
    emit: receipt::emit_slip,
    parse: receipt::parse_slip,
};

const TEXT: Codec<Vec<u8>> = Codec {
    emit: |text| receipt::emit_text(text),
    parse: receipt::parse_text,
};

/// The data of 2Ah have the same attributes as those of 36h, which may be missing.
const SLIP_TEXT: Codec<Vec<u8>> = Codec {
    emit: |text| {
        let mut data = text.clone();
        data.push(isl_x::TAB);
        data
    },
    parse: receipt::parse_text,
};

const DAILY: Codec<DailyReport> = Codec {
    emit: report::emit_daily,
    parse: report::parse_daily,
};

const DAY_GROUPS: Codec<[i64; 8]> = Codec {
    emit: report::emit_day_groups,
    parse: report::parse_day_groups,
};

const NUMBER: Codec<u32> = Codec {
    emit: report::emit_number,
    parse: report::parse_number,
};

const ANY: Codec<Vec<u8>> = Codec {
    emit: Vec::clone,
    parse: |data| parse(data).map(|_| data.to_vec()),
};

const OPTIONAL: Codec<Option<u32>> = Codec {
    emit: |number| emit(&[number.map_or_else(String::new, |number| number.to_string())]),
    parse: |data| match parse(data)?.as_slice() {
        [] => Some(None),
        [number] if number.is_empty() => Some(None),
        [number] => parse_count(number).map(Some),
        _ => None,
    },
};

/// Whether the data are these parameters.
fn is(data: &[u8], parameters: &[&str]) -> Option<()> {
    (data == emit(parameters)).then_some(())
}

fn emit_numbers(kind: &str, (first, last): (u32, u32)) -> Vec<u8> {
    emit(&[kind, &first.to_string(), &last.to_string()])
}

fn parse_numbers(kind: &str, data: &[u8]) -> Option<(u32, u32)> {
    match parse(data)?.as_slice() {
        [given, first, last] if given == kind => Some((parse_count(first)?, parse_count(last)?)),
        _ => None,
    }
}

fn emit_dates(kind: &str, (first, last): &(String, String)) -> Vec<u8> {
    emit(&[kind, &report::dashed(first), &report::dashed(last)])
}

fn parse_dates(kind: &str, data: &[u8]) -> Option<(String, String)> {
    let date = |text: &str| {
        let digits = text.replace('-', "");
        (report::dashed(&digits) == text && text.len() == 8).then_some(digits)
    };
    match parse(data)?.as_slice() {
        [given, first, last] if given == kind => Some((date(first)?, date(last)?)),
        _ => None,
    }
}

//! Datecs MX: FP-700MX, FP-650, FP-800, FMP-350, DP-25MX, DP-35MX, DP-150MX, WP-50, WP-500.
//!
//! The machines of one name differ by country, so the table has three forms, and the driver finds the country when it connects:
//! - Romania: the maker's manual, "FP protocol", Bucharest, 27.11.2017;
//! - Moldova: no manual is known; the maker's samples for FPrintWIN (`MX_samples.txt`) open a receipt with three fields and the
//!   password 1, and everything else is as in Romania;
//! - Bulgaria: the table of X.
//!
//! A Romanian or Moldovan machine has no refund receipts, and its command 2Bh sets the lines of the header: a refund in the form of
//! X would overwrite them. A machine whose country is not found is used in the Romanian form, which sends no such command.

use super::classic_forms::{NO_MEMORY, SIX_FIELDS};
use super::codec::{Codec, NO_DATA};
use super::datecs_x;
use super::error_codes;
use super::forms::{AnswerForm, Firmware, Source};
use super::payments::{PaymentMeaning, Payments};
use super::protocol::{
    CommandRow, CountryFacts, CountryQuestions, FamilyLimits, LineWidth, Model, Optional, Protocol,
    Seller, TextWidths, service,
};
use crate::wire::isl_counters::DeviceInfo;
use crate::wire::isl_payment::ReceiptCounters;
use crate::wire::isl_report::{DailyReport, Rates, Transaction};
use crate::wire::isl_service::{self, ServiceAnswer};
use crate::wire::isl_status::{GENERAL, Layout, MEMORY};
use crate::wire::isl_x::{self, emit};
use crate::wire::{isl_mx as mx, isl_x_receipt, isl_x_report};

/// The table of MX: that of the Romanian machines, with the other countries behind it.
pub const PROTOCOL: Protocol = Protocol {
    firmware: &[RO, MD, BG],
    countries: &[&ROMANIA, &MOLDOVA, &BULGARIA],
    ..ROMANIA
};

const RO: Firmware = Firmware {
    name: "mx-ro",
    title: "MX Romania, 27.11.2017",
};
const MD: Firmware = Firmware {
    name: "mx-md",
    title: "MX Moldova, samples of FPrintWIN",
};
const BG: Firmware = Firmware {
    name: "mx-bg",
    title: "MX Bulgaria, 2.11.4",
};

/// The Romanian form.
const ROMANIA: Protocol = Protocol {
    name: NAME,
    title: "Datecs MX (FP-700MX, FP-650/800, FMP-350, DP-25/35/150MX, WP-50/500)",
    status: Layout {
        len: 8,
        // Two bits that X does not have are not used: a display that is missing (S0.3), and a day of more than 24 hours (S1.2).
        places: &[datecs_x::PLACES],
        general: GENERAL,
        memory: MEMORY,
    },
    codes: error_codes::MX,
    limits: FamilyLimits {
        widths: TextWidths {
            name: LineWidth::of(isl_x_receipt::NAME_MAX),
            name_lines: 1,
            // Manual: 42 on the narrowest models. On X a line of text has two characters less than the paper has columns.
            receipt: LineWidth::differing(40, 42),
            slip: LineWidth::differing(40, 42),
        },
        sales: 512,
        price_max: 999_999_999,
        records_low: 60,
    },
    seller: Seller {
        password: "0001",
        // A Moldovan password has one digit.
        password_digits: Some((1, 8)),
        ..Seller::USUAL
    },
    payments: PAYMENTS,
    model: Model {
        name: "FP-700MX",
        firmware: "1.00RO 27NOV17 1000",
        owner: Some(("LEI", "CIF: RO18547290")),
    },
    firmware: &[RO],
    open: CommandRow::new(
        0x30,
        Codec {
            emit: mx::emit_open,
            parse: mx::parse_open,
        },
        NUMBERS,
    ),
    refund: None,
    sale: CommandRow::new(
        0x31,
        Codec {
            emit: mx::emit_sale,
            parse: mx::parse_sale,
        },
        NUMBERS,
    ),
    subtotal: CommandRow::new(
        0x33,
        Codec {
            emit: isl_x_receipt::emit_subtotal,
            parse: isl_x_receipt::parse_subtotal,
        },
        Codec {
            emit: mx::emit_sums,
            parse: mx::parse_sums,
        },
    ),
    payment: CommandRow::new(
        0x35,
        Codec {
            emit: mx::emit_payment,
            parse: mx::parse_payment,
        },
        Codec {
            emit: isl_x_receipt::emit_paid,
            parse: isl_x_receipt::parse_paid,
        },
    ),
    text: CommandRow::new(0x36, TEXT, NO_DATA),
    close: CommandRow::new(0x38, NO_DATA, NUMBERS),
    slip_text: CommandRow::new(0x2A, TEXT, NO_DATA),
    duplicate: None,
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
    transaction: CommandRow::with_forms(
        0x4C,
        // The answer always contains the tender.
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
            emit: mx::emit_receipt_sums,
            parse: mx::parse_receipt_sums,
        },
    ),
    // "Number of next document": the number of the last one is one less.
    last_document: CommandRow::new(
        VARIABLE,
        Codec {
            emit: |()| emit(&["nBon", "", ""]),
            parse: |data| is(data, &["nBon", "", ""]),
        },
        Codec {
            emit: mx::emit_next,
            parse: mx::parse_next,
        },
    ),
    // "Number of sales receipts for current Z-report". The manual does not say whether a Z-report clears `nFBon`, the number of the
    // next sales receipt, so that number proves nothing.
    next_fiscal: Some(CommandRow::new(
        VARIABLE,
        DAY_COUNT,
        Codec {
            emit: |next| isl_x_report::emit_number(&next.saturating_sub(1)),
            parse: |data| isl_x_report::parse_number(data)?.checked_add(1),
        },
    )),
    counts_for_ever: false,
    day_receipts: Some(CommandRow::new(
        VARIABLE,
        DAY_COUNT,
        Codec {
            emit: isl_x_report::emit_number,
            parse: isl_x_report::parse_number,
        },
    )),
    day_payments: CommandRow::new(
        0x6E,
        Codec {
            emit: |()| emit(&["0"]),
            parse: |data| is(data, &["0"]).or_else(|| data.is_empty().then_some(())),
        },
        Codec {
            emit: mx::emit_day_payments,
            parse: mx::parse_day_payments,
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
    // The types 2 and 3 are the sums of simplified invoices, which are sales.
    day_refunds: None,
    last_z: Some(CommandRow::new(
        0x40,
        Codec {
            emit: |()| emit(&["0"]),
            parse: |data| is(data, &["0"]).or_else(|| data.is_empty().then_some(())),
        },
        Codec {
            emit: mx::emit_last_z,
            parse: mx::parse_last_z,
        },
    )),
    device_info: CommandRow::with_forms(
        0x5A,
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
            emit: mx::emit_rates,
            parse: mx::parse_rates,
        },
    ),
    groups_by_rate: true,
    tcp_port: Some(TCP_PORT),
    mode: Some(CommandRow::new(
        0x95,
        // An empty parameter asks, and a number would set the mode.
        Codec {
            emit: |()| emit(&[""]),
            parse: |data| is(data, &[""]),
        },
        Codec {
            emit: isl_x_report::emit_number,
            parse: isl_x_report::parse_number,
        },
    )),
    country: "RO",
    is_of_country: |facts| is_romanian(facts) || facts.is_currency(&["RON"]),
    countries: &[],
    country_questions: Some(COUNTRY_QUESTIONS),
    others: Optional {
        rates_set: Some(CommandRow::new(
            0x53,
            Codec {
                emit: mx::emit_rates_set,
                parse: mx::parse_rates_set,
            },
            // The answer contains the number of changes of rates that are left.
            Codec {
                emit: |_: &Rates| emit(&["50"]),
                parse: |_| None,
            },
        )),
        daily: &[],
        device_info_bare: Some(CommandRow::new(
            0x5A,
            Codec {
                emit: |()| Vec::new(),
                parse: |data| (!data.ends_with(&[isl_x::TAB])).then_some(()),
            },
            NO_MEMORY.codec,
        )),
        services: &[
            service(0x44, |_| Some(isl_service::Service::MemoryLeft), first),
            service(0x56, |_| Some(isl_service::Service::LastRecord), first),
            service(0x63, |_| Some(isl_service::Service::TaxId), first),
            service(0x64, isl_service::error_text_x, ServiceAnswer::emit_x),
            service(0x7C, isl_service::search_x, ServiceAnswer::emit_x),
            service(0x7D, isl_service::journal_x, ServiceAnswer::emit_x),
        ],
        ..datecs_x::PROTOCOL.others
    },
    ..datecs_x::PROTOCOL
};

/// The Moldovan form.
const MOLDOVA: Protocol = Protocol {
    firmware: &[MD],
    seller: Seller {
        password: "1",
        ..ROMANIA.seller
    },
    open: CommandRow::new(
        0x30,
        Codec {
            emit: mx::emit_short_open,
            parse: mx::parse_open,
        },
        NUMBERS,
    ),
    country: "MD",
    model: Model {
        owner: Some(("LEI", "1003600012346")),
        ..ROMANIA.model
    },
    // The number of a taxpayer has thirteen digits.
    is_of_country: |facts| {
        let number = facts.tax_number.as_deref().unwrap_or_default();
        let digits = number.bytes().filter(u8::is_ascii_digit).count();
        facts.is_currency(&["MDL"]) || (digits == 13 && !is_romanian(facts))
    },
    ..ROMANIA
};

/// The Bulgarian form: that of X, whose forms of 4Ch and 5Ah it has.
const BULGARIA: Protocol = Protocol {
    name: NAME,
    title: ROMANIA.title,
    model: Model {
        owner: Some(("BGN", "BG123456789")),
        ..ROMANIA.model
    },
    firmware: &[BG],
    payments: PAYMENTS_OF_BULGARIA,
    transaction: CommandRow::with_forms(0x4C, datecs_x::PROTOCOL.transaction.ask, TRANSACTION),
    device_info: CommandRow::with_forms(0x5A, datecs_x::PROTOCOL.device_info.ask, DEVICE_INFO),
    groups_by_rate: true,
    tcp_port: Some(TCP_PORT),
    country: "BG",
    // The euro is the currency of other countries too, so it needs the fiscal memory in 5Ah beside it.
    is_of_country: |facts| {
        let number = facts.last_fiscal.as_deref().unwrap_or_default();
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        is_number || (facts.memory && facts.is_currency(&["BGN", "ЛВ", "EUR"]))
    },
    country_questions: Some(COUNTRY_QUESTIONS),
    ..datecs_x::PROTOCOL
};

/// "LANport_fpCommands … default: 3999" (manual, command 255).
const TCP_PORT: u16 = 3_999;
const NAME: &str = "datecs-mx";

/// The payment modes 0 to 6 and 8 of Romania.
const PAYMENTS: Payments = Payments {
    letters: &[
        ('P', PaymentMeaning::Cash),
        ('N', PaymentMeaning::Card),
        ('D', PaymentMeaning::Credit),
        ('I', PaymentMeaning::Coupon),
        ('J', PaymentMeaning::Coupon),
        ('K', PaymentMeaning::Voucher),
        ('L', PaymentMeaning::Other),
        ('M', PaymentMeaning::Other),
    ],
    day: &['P', 'N', 'D', 'I', 'J', 'K', 'L', 'M'],
};

/// The payment modes of Bulgaria, which are those of X. The configuration is read before the country is known, and then `D` is credit:
/// it is not taken, because mode 2 of X charges a card through the printer's pinpad.
const PAYMENTS_OF_BULGARIA: Payments = Payments {
    letters: &[
        ('P', PaymentMeaning::Cash),
        ('N', PaymentMeaning::Card),
        ('I', PaymentMeaning::Other),
        ('J', PaymentMeaning::Other),
        ('K', PaymentMeaning::Other),
    ],
    ..datecs_x::PROTOCOL.payments
};

/// The questions that show a machine's country.
const COUNTRY_QUESTIONS: CountryQuestions = CountryQuestions {
    registration: CommandRow::new(
        0x7B,
        Codec {
            emit: |()| emit(&["1"]),
            parse: |data| is(data, &["1"]),
        },
        Codec {
            emit: mx::emit_registration,
            parse: mx::parse_registration,
        },
    ),
    currency: CommandRow::new(
        VARIABLE,
        Codec {
            emit: |()| emit(&["CurrNameLocal", "", ""]),
            parse: |data| is(data, &["CurrNameLocal", "", ""]),
        },
        VALUE,
    ),
    // A variable of X v2.08 that the Romanian manual does not have.
    last_fiscal: CommandRow::new(
        VARIABLE,
        Codec {
            emit: |()| emit(&["nLastFiscalDoc", "", ""]),
            parse: |data| is(data, &["nLastFiscalDoc", "", ""]),
        },
        VALUE,
    ),
};

/// The forms of 4Ch.
const TRANSACTION: &[AnswerForm<Transaction>] = &[
    AnswerForm {
        shape: "IsOpen,Number,FnumberRep,FNumber,Items,Amount,Payed",
        source: Source::Manual("Datecs Romania, 27.11.2017, 4Ch (76)"),
        firmware: &[RO.name, MD.name],
        codec: Codec {
            emit: isl_x_report::emit_transaction_with_numbers,
            parse: isl_x_report::parse_transaction_with_numbers,
        },
    },
    AnswerForm {
        shape: "IsOpen,Number,Items,Amount,Payed",
        source: Source::Manual("X v2.08, 4Ch (76)"),
        firmware: &[BG.name],
        codec: Codec {
            emit: isl_x_report::emit_transaction,
            parse: isl_x_report::parse_transaction,
        },
    },
];

/// The forms of 5Ah.
const DEVICE_INFO: &[AnswerForm<DeviceInfo>] = &[
    AnswerForm {
        shape: "Name,FwRev,FwDate,FwTime,Chk,Sw,Serial, each with its TAB",
        source: Source::Manual("Datecs Romania, 27.11.2017, 5Ah (90)"),
        firmware: &[RO.name, MD.name],
        codec: Codec {
            emit: isl_x_report::emit_device_info_without_memory,
            parse: isl_x_report::parse_device_info_without_memory,
        },
    },
    AnswerForm {
        shape: "Name,FwRev,FwDate,FwTime,Chk,Sw,Serial,FM, each with its TAB",
        source: Source::Manual("X v2.08, 5Ah (90)"),
        firmware: &[BG.name],
        codec: Codec {
            emit: isl_x_report::emit_device_info,
            parse: isl_x_report::parse_device_info,
        },
    },
    AnswerForm {
        shape: "Name,FwRev FwDate FwTime,Chk,Sw,Serial,FM, without an error code",
        source: Source::Trace("DP-25MX with firmware 3.00, bulgariamitko/datecs-fprint-macos"),
        firmware: &[],
        codec: SIX_FIELDS,
    },
    NO_MEMORY,
];

/// 255: a variable is read by its name, an index and an empty value.
const VARIABLE: u8 = 0xFF;

const NUMBERS: Codec<ReceiptCounters> = Codec {
    emit: mx::emit_numbers,
    parse: mx::parse_numbers,
};

const TEXT: Codec<Vec<u8>> = Codec {
    emit: |text| mx::emit_text(text),
    parse: mx::parse_text,
};

const DAILY: Codec<DailyReport> = Codec {
    emit: mx::emit_daily,
    parse: mx::parse_daily,
};

const DAY_GROUPS: Codec<[i64; 8]> = Codec {
    emit: mx::emit_day_groups,
    parse: mx::parse_day_groups,
};

const DAY_COUNT: Codec<()> = Codec {
    emit: |()| emit(&["nFBonDailyCount", "", ""]),
    parse: |data| is(data, &["nFBonDailyCount", "", ""]),
};

const VALUE: Codec<String> = Codec {
    emit: mx::emit_value,
    parse: mx::parse_value,
};

/// Whether the taxpayer's number is written as in Romania: `CIF: RO12345678`.
fn is_romanian(facts: &CountryFacts) -> bool {
    let number = facts.tax_number.as_deref().unwrap_or_default();
    number.contains("RO") || number.contains("CIF")
}

/// The machine returns one value where groups A and B return two.
fn first(reported: &ServiceAnswer) -> Vec<u8> {
    match reported {
        ServiceAnswer::Fields(fields) => emit(fields.get(..1).unwrap_or_default()),
        other => other.emit_x(),
    }
}

/// Whether the data are these parameters.
fn is(data: &[u8], parameters: &[&str]) -> Option<()> {
    (data == emit(parameters)).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(
        memory: bool,
        tax_number: &str,
        currency: &str,
        last_fiscal: Option<&str>,
    ) -> CountryFacts {
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        CountryFacts {
            memory,
            tax_number: text(tax_number),
            currency: text(currency),
            last_fiscal: last_fiscal.map(str::to_owned),
        }
    }

    #[test]
    fn one_witness_is_enough_and_witnesses_of_two_countries_are_not() {
        for (facts, country) in [
            (facts(false, "CIF: RO18547290", "LEI", None), Some("RO")),
            (facts(false, "", "RON", None), Some("RO")),
            (facts(false, "RO18547290", "", None), Some("RO")),
            (facts(false, "1003600012346", "LEI", None), Some("MD")),
            (facts(false, "", "MDL", None), Some("MD")),
            (facts(true, "BG123456789", "", Some("17")), Some("BG")),
            (facts(true, "", "лв.", None), Some("BG")),
            (facts(true, "", "EUR", None), Some("BG")),
            // The leu is the currency of two countries, and a fiscal memory alone shows none.
            (facts(false, "", "LEI", None), None),
            (facts(true, "", "", None), None),
            (facts(false, "", "EUR", None), None),
            (facts(false, "", "", Some("")), None),
            (facts(true, "CIF: RO18547290", "", Some("17")), None),
            (facts(false, "1003600012346", "RON", None), None),
        ] {
            assert_eq!(PROTOCOL.country_of(&facts), country, "{facts:?}");
        }
    }
}

//! Datecs classic, group B: the cash registers DP-05, DP-15, DP-25, DP-35, DP-150 and WP-50.
//!
//! Frames and most commands are those of group A. The opening, the refund, the sums of the open receipt, the status bits
//! and the limits differ, and no command reports why another one was refused.
//! Manual: group B, v2.04BG. See `docs/protocols/isl.md`.

use super::classic_forms::{FIRMWARE_B, MANUAL_B, SDK_B};
use super::codec::{Codec, NO_DATA};
use super::datecs;
use super::forms::{AnswerForm, Source};
use super::payments::{PaymentMeaning, Payments};
use super::protocol::{
    CommandRow, Errors, FamilyLimits, LineWidth, Model, Optional, Protocol, Seller, TextWidths,
};
use crate::wire::codepage;
use crate::wire::fields::{parse_count, parse_minor};
use crate::wire::isl::command;
use crate::wire::isl_counters::DayPayments;
use crate::wire::isl_receipt::{Open, RefundKind, RefundOpen};
use crate::wire::isl_report::{JournalDocument, ReceiptSums};
use crate::wire::isl_status::{Flag, FlagPlace, GENERAL, Layout, MEMORY};

/// The table of group B.
pub const PROTOCOL: Protocol = Protocol {
    name: "datecs-b",
    title: "Datecs classic, group B (DP-05/15/25/35/150, WP-50)",
    status: Layout {
        len: 6,
        places: &[PLACES],
        general: GENERAL,
        memory: MEMORY,
    },
    errors: Errors::Silent,
    codes: &[],
    limits: FamilyLimits {
        widths: TextWidths {
            name: LineWidth::of(22),
            name_lines: 2,
            // Manual: letters after the 36th are cut.
            receipt: LineWidth::of(36),
            // Manual: 40. ErpNet.FP and fpgate use the 36 of the receipt.
            slip: LineWidth::differing(36, 40),
        },
        sales: 120,
        price_max: 99_999_999,
        records_low: 50,
    },
    seller: Seller {
        // The password of a new device is the operator's number.
        password: "1",
        ..Seller::USUAL
    },
    payments: Payments {
        letters: &[
            ('P', PaymentMeaning::Cash),
            ('N', PaymentMeaning::Credit),
            ('C', PaymentMeaning::Card),
            ('D', PaymentMeaning::HealthFund),
            ('I', PaymentMeaning::Voucher),
            ('J', PaymentMeaning::Coupon),
        ],
        day: &['P', 'N', 'C', 'D', 'I', 'J'],
    },
    model: Model {
        name: "DP-25",
        firmware: "2.04BG 21NOV26 1000",
        owner: None,
    },
    firmware: FIRMWARE_B,
    open: CommandRow::new(
        command::RECEIPT_OPEN,
        Codec {
            emit: Open::emit,
            parse: parse_open,
        },
        datecs::COUNTERS,
    ),
    refund: Some(CommandRow::new(
        command::REFUND_OPEN,
        Codec {
            emit: emit_refund,
            parse: parse_refund,
        },
        datecs::COUNTERS,
    )),
    receipt_sums: CommandRow::with_forms(command::RECEIPT_SUMS, NO_DATA, RECEIPT_SUMS),
    day_payments: CommandRow::with_forms(command::DAY_PAYMENTS, NO_DATA, DAY_PAYMENTS),
    // 41h: `2` is the counters of the day, `5` the refunds, `6` their tax, `7` the payments.
    day_refunds: Some([
        datecs::day_totals(Codec {
            emit: |()| b"5".to_vec(),
            parse: |data| (data == b"5").then_some(()),
        }),
        datecs::day_totals(Codec {
            emit: |()| b"6".to_vec(),
            parse: |data| (data == b"6").then_some(()),
        }),
    ]),
    journal_document: Some(CommandRow::new(
        0x7D,
        Codec {
            emit: |document| format!("0,{document},0").into_bytes(),
            parse: parse_chosen_document,
        },
        Codec {
            emit: JournalDocument::emit,
            parse: JournalDocument::parse,
        },
    )),
    others: Optional {
        services: datecs::COMMON_SERVICES,
        ..datecs::PROTOCOL.others
    },
    ..datecs::PROTOCOL
};

/// The forms of 67h.
const RECEIPT_SUMS: &[AnswerForm<ReceiptSums>] = &[
    AnswerForm {
        shape: "P,CanVd,TaxA…TaxH,Inv,InvNo,Type",
        source: Source::Manual("group B v2.04BG, 67h (103)"),
        firmware: &[MANUAL_B],
        codec: Codec {
            emit: |sums| [b"P,", emit_sums(sums).as_slice()].concat(),
            parse: |data| parse_sums(data.strip_prefix(b"P,")?),
        },
    },
    AnswerForm {
        shape: "CanVd,TaxA…TaxH,Inv,InvNo,Type",
        source: Source::MakersCode("Datecs Java SDK 2020, class DP25_BGR"),
        firmware: &[SDK_B],
        codec: Codec {
            emit: emit_sums,
            parse: parse_sums,
        },
    },
];

/// The forms of 6Eh.
const DAY_PAYMENTS: &[AnswerForm<DayPayments>] = &[
    AnswerForm {
        shape: "P,Cash,Credit,Debit,Pay4,Pay5,Pay6,0,0,Closure,Receipt",
        source: Source::Manual("group B v2.04BG, 6Eh (110)"),
        firmware: &[MANUAL_B],
        codec: Codec {
            emit: DayPayments::emit_field,
            parse: DayPayments::parse_field,
        },
    },
    AnswerForm {
        shape: "Cash,Credit,Debit,Pay4,Pay5,Pay6,0,0,Closure,Receipt",
        source: Source::MakersCode("Datecs Java SDK 2020, DP25_BGR.command110"),
        firmware: &[SDK_B],
        codec: Codec {
            emit: DayPayments::emit,
            parse: DayPayments::parse,
        },
    },
    AnswerForm {
        shape: "PCash,Credit,Debit,Pay4,Pay5,Pay6,0,0,Closure,Receipt",
        source: Source::Inference("DP25ROU writes the result code of 40h so"),
        firmware: &[],
        codec: Codec {
            emit: DayPayments::emit_glued,
            parse: DayPayments::parse_glued,
        },
    },
];

/// These registers do not report cover, mechanism, low paper and memory reset.
const PLACES: &[FlagPlace] = &[
    (Flag::GeneralError, 0, 0x20),
    (Flag::ClockNotSet, 0, 0x04),
    (Flag::UnknownCommand, 0, 0x02),
    (Flag::Syntax, 0, 0x01),
    (Flag::TaxTerminal, 1, 0x40),
    (Flag::NotAllowed, 1, 0x02),
    (Flag::Overflow, 1, 0x01),
    (Flag::SlipOpen, 2, 0x20),
    (Flag::JournalLow, 2, 0x10),
    (Flag::ReceiptOpen, 2, 0x08),
    (Flag::JournalFull, 2, 0x04),
    (Flag::PaperOut, 2, 0x01),
    (Flag::FiscalMemoryError, 4, 0x20),
    (Flag::FiscalMemoryFull, 4, 0x10),
    (Flag::FiscalMemoryLow, 4, 0x08),
    (Flag::Numbered, 4, 0x04),
    (Flag::TaxIdSet, 4, 0x02),
    (Flag::FiscalMemoryWrite, 4, 0x01),
    (Flag::RatesSet, 5, 0x10),
    (Flag::Fiscalised, 5, 0x08),
    (Flag::Formatted, 5, 0x02),
    (Flag::FiscalMemoryReadOnly, 5, 0x01),
];

/// `Op,Pwd,[UNP,]Till[,I]`; the unique sale number is missing outside Bulgaria.
fn parse_open(data: &[u8]) -> Option<Open> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(',').collect();
    let (fields, invoice) = match fields.as_slice() {
        [fields @ .., "I"] => (fields, true),
        fields => (fields, false),
    };
    match fields {
        [operator, password, till] => seller(operator, password, till, invoice),
        [operator, password, unique, till] if unique.is_empty() || unique.contains('-') => {
            seller(operator, password, till, invoice)
        }
        _ => None,
    }
}

fn seller(operator: &str, password: &str, till: &str, invoice: bool) -> Option<Open> {
    Some(Open {
        operator: parse_count(operator).filter(|number| (1..=30).contains(number))?,
        password: Some(password)
            .filter(|text| (1..=8).contains(&text.len()))?
            .to_owned(),
        till: parse_count(till).filter(|number| (1..=99_999).contains(number))?,
        invoice,
        unique: String::new(),
    })
}

/// The number in the data of 7Dh `0,Doc,Type` that chooses a document of any kind.
fn parse_chosen_document(data: &[u8]) -> Option<u32> {
    let text = core::str::from_utf8(data).ok()?;
    parse_count(text.strip_prefix("0,")?.strip_suffix(",0")?)
}

/// `Op,Pwd,UNP,Till,Type,DocNo,DT,FM`. The unique sale number stays empty outside Bulgaria [inference].
fn emit_refund(refund: &RefundOpen) -> Vec<u8> {
    let (at, memory) = match &refund.origin {
        Some((at, memory)) => (at.as_str(), memory.as_str()),
        None => ("", ""),
    };
    let open = &refund.open;
    codepage::encode(&format!(
        "{},{},,{},{},{},{at},{memory}",
        open.operator,
        open.password,
        open.till,
        refund.kind.number(),
        refund.document
    ))
}

/// Reads `Op,Pwd,UNP,Till,Type,DocNo,DT,FM[,I,InvNo,Reason]`.
fn parse_refund(data: &[u8]) -> Option<RefundOpen> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(',').collect();
    let [
        operator,
        password,
        _,
        till,
        kind,
        document,
        at,
        memory,
        invoice @ ..,
    ] = fields.as_slice()
    else {
        return None;
    };
    let invoice = match invoice {
        [] => false,
        ["I", ..] => true,
        _ => return None,
    };
    Some(RefundOpen {
        open: seller(operator, password, till, invoice)?,
        kind: RefundKind::of_number(kind)?,
        document: parse_count(document)?,
        origin: match (at.len(), memory.len()) {
            (0, 0) => None,
            (10 | 12, 1..) => Some(((*at).to_owned(), (*memory).to_owned())),
            _ => return None,
        },
    })
}

/// `CanVd,TaxA…TaxH,Inv,InvNo,Type`; type 0 is a sale, 1 to 3 are refunds.
fn emit_sums(sums: &ReceiptSums) -> Vec<u8> {
    let groups = sums.groups.map(|group| group.to_string()).join(",");
    format!(
        "{},{groups},{},0000000000,{}",
        u8::from(sums.can_void),
        u8::from(sums.invoice),
        if sums.refund { 2 } else { 0 }
    )
    .into_bytes()
}

fn parse_sums(data: &[u8]) -> Option<ReceiptSums> {
    let text = core::str::from_utf8(data).ok()?;
    let fields: Vec<&str> = text.split(',').collect();
    let [can_void, sums @ .., invoice, _, kind] = fields.as_slice() else {
        return None;
    };
    let mut groups = [0; 8];
    if sums.len() != groups.len() {
        return None;
    }
    for (group, field) in groups.iter_mut().zip(sums) {
        *group = parse_minor(field)?;
    }
    Some(ReceiptSums {
        can_void: *can_void == "1",
        groups,
        invoice: *invoice == "1",
        refund: matches!(*kind, "1" | "2" | "3"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_opening_with_and_without_the_unique_number() {
        let open = parse_open(b"1,1,1").unwrap();
        assert_eq!(open.emit(), b"1,1,1");
        assert_eq!(
            parse_open(b"1,1,DT000001-0001-0000001,1"),
            Some(open.clone())
        );
        assert_eq!(parse_open(b"1,1,,1"), Some(open.clone()));
        assert!(parse_open(b"30,12345678,1,I").unwrap().invoice);
        for wrong in [&b"31,1,1"[..], b"1,,1", b"1,1", b"1,1,x,1", b"1,1,0"] {
            assert_eq!(parse_open(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_document_of_the_journal_has_its_time() {
        let row = PROTOCOL.journal_document.unwrap();
        assert_eq!((row.ask.emit)(&6), b"0,6,0");
        assert_eq!((row.ask.parse)(b"0,6,0"), Some(6));
        assert_eq!((row.ask.parse)(b"1"), None);
        // Published with another driver.
        let answer = b"P,6,14-02-19 16:14:37,8,1";
        let document = row.answer.read(answer).unwrap();
        assert_eq!((document.document, &*document.at), (6, "14-02-19 16:14:37"));
        assert_eq!(document.emit(), answer);
        for wrong in [
            &b"F"[..],
            b"P,6,14-02-19 16:14:37,8",
            b"6,14-02-19 16:14:37,8,1",
        ] {
            assert_eq!(row.answer.read(wrong), None);
        }
    }

    #[test]
    fn a_refund_in_both_directions() {
        let refund = RefundOpen {
            open: parse_open(b"1,1,1").unwrap(),
            kind: RefundKind::Return,
            document: 12,
            origin: Some(("211126103000".to_owned(), "02700001".to_owned())),
        };
        assert_eq!(emit_refund(&refund), b"1,1,,1,1,12,211126103000,02700001");
        assert_eq!(parse_refund(&emit_refund(&refund)), Some(refund.clone()));
        let near = RefundOpen {
            origin: None,
            ..refund
        };
        assert_eq!(parse_refund(&emit_refund(&near)), Some(near));
    }

    #[test]
    fn sums_are_read_with_a_result_code_and_without() {
        let sums = ReceiptSums {
            can_void: true,
            groups: [825, 1033, 0, 0, 0, 0, 0, 0],
            invoice: false,
            refund: true,
        };
        let row = &PROTOCOL.receipt_sums.answer;
        for (firmware, answer) in [
            (MANUAL_B, &b"P,1,825,1033,0,0,0,0,0,0,0,0000000000,2"[..]),
            (SDK_B, b"1,825,1033,0,0,0,0,0,0,0,0000000000,2"),
        ] {
            assert_eq!(row.write(firmware, &sums).unwrap(), answer);
            assert_eq!(row.read(answer), Some(sums));
        }
        assert_eq!(row.read(b"F"), None);
    }
}

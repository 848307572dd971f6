//! Eltrade: frames and commands of Datecs group A, with another opening, more payment types and another status bit for the cover.
//!
//! Manuals: Eltrade 1.0.9, 1.1.1, 1.1.6, 1.1.7; see `docs/protocols/isl.md`. Facts about Eltrade that are not known are taken from group A (an
//! inference).

use super::codec::{Codec, NO_DATA};
use super::datecs;
use super::forms::{AnswerForm, Firmware, Source};
use super::payments::{PaymentMeaning, Payments};
use super::protocol::{
    CommandRow, Errors, FamilyLimits, LineWidth, Model, Protocol, Seller, TextWidths,
};
use crate::wire::codepage;
use crate::wire::fields::parse_count;
use crate::wire::isl::command;
use crate::wire::isl_counters::{DayPayments, DeviceInfo};
use crate::wire::isl_receipt::{Open, RefundKind, RefundOpen};
use crate::wire::isl_status::{Flag, FlagPlace, GENERAL, Layout, MEMORY};
use crate::wire::{framing::Framing, isl};

/// The table of Eltrade.
pub const PROTOCOL: Protocol = Protocol {
    name: "eltrade",
    title: "Eltrade",
    framing: Framing {
        seq_last: 0xFF,
        ..isl::FRAMING
    },
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
            name: LineWidth::of(30),
            name_lines: 2,
            // Manual: letters after the 46th are cut.
            receipt: LineWidth::of(46),
            slip: LineWidth::of(46),
        },
        ..datecs::PROTOCOL.limits
    },
    seller: Seller {
        // The opening of Eltrade has no password.
        password: "",
        password_digits: None,
        ..Seller::USUAL
    },
    payments: Payments {
        // The meanings are those of the drivers of others; the manual names the card's.
        letters: &[
            ('P', PaymentMeaning::Cash),
            ('N', PaymentMeaning::Cheque),
            ('C', PaymentMeaning::Coupon),
            ('D', PaymentMeaning::ExternalCoupon),
            ('I', PaymentMeaning::Packaging),
            ('J', PaymentMeaning::InternalUse),
            ('K', PaymentMeaning::Damage),
            ('L', PaymentMeaning::Card),
            ('M', PaymentMeaning::BankTransfer),
            ('Q', PaymentMeaning::Other),
            ('R', PaymentMeaning::Other),
        ],
        day: &['P', 'N', 'C', 'D', 'I', 'J', 'K', 'L'],
    },
    model: Model {
        name: "A1",
        firmware: "KL5101.1811.0.3 21NOV26 1000",
        owner: None,
    },
    firmware: FIRMWARE,
    open: CommandRow::new(
        OPEN,
        Codec {
            emit: |open| head(open).into_bytes(),
            parse: |data| {
                parse_open(data)
                    .filter(|(_, refund)| refund.is_none())
                    .map(|(open, _)| open)
            },
        },
        datecs::COUNTERS,
    ),
    refund: Some(CommandRow::new(
        OPEN,
        Codec {
            emit: emit_refund,
            parse: |data| parse_open(data)?.1,
        },
        datecs::COUNTERS,
    )),
    day_payments: CommandRow::with_forms(command::DAY_PAYMENTS, NO_DATA, DAY_PAYMENTS),
    // No manual of Eltrade lists 40h.
    last_z: None,
    device_info: CommandRow::with_forms(
        command::DEVICE_INFO,
        datecs::PROTOCOL.device_info.ask,
        DEVICE_INFO,
    ),
    ..datecs::PROTOCOL
};

/// The firmware of Eltrade whose answers are known to differ.
const FIRMWARE: &[Firmware] = &[Firmware {
    name: MANUAL,
    title: "Eltrade 1.1.7",
}];

const MANUAL: &str = "eltrade-1.1.7";

/// The form of 5Ah.
const DEVICE_INFO: &[AnswerForm<DeviceInfo>] = &[AnswerForm {
    shape: "Model,Type,Firmware,Chk,Sw,Serial,FM",
    source: Source::Manual("Eltrade 1.1.2 and later, 5Ah (90)"),
    firmware: &[MANUAL],
    codec: Codec {
        emit: DeviceInfo::emit_seven,
        parse: DeviceInfo::parse_seven,
    },
}];

/// The form of 6Eh.
const DAY_PAYMENTS: &[AnswerForm<DayPayments>] = &[AnswerForm {
    shape: "Cash,Credit,Debit,Cheque,P1…P4,Closure,Receipt",
    source: Source::Manual("Eltrade 1.1.6, 6Eh (110)"),
    firmware: &[MANUAL],
    codec: Codec {
        emit: DayPayments::emit,
        parse: DayPayments::parse,
    },
}];

/// The bits of group A without those of the second byte, in which Eltrade has the cover and a failure of the working memory. No bit
/// marks a refund.
const PLACES: &[FlagPlace] = &[
    (Flag::CoverOpen, 1, 0x20),
    (Flag::MemoryReset, 1, 0x10),
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
    (Flag::FiscalMemoryError, 4, 0x20),
    (Flag::FiscalMemoryFull, 4, 0x10),
    (Flag::FiscalMemoryLow, 4, 0x08),
    (Flag::Numbered, 4, 0x04),
    (Flag::TaxIdSet, 4, 0x02),
    (Flag::FiscalMemoryWrite, 4, 0x01),
    (Flag::RatesSet, 5, 0x10),
    (Flag::Fiscalised, 5, 0x08),
    (Flag::LastWriteFailed, 5, 0x04),
    (Flag::Formatted, 5, 0x02),
    (Flag::FiscalMemoryReadOnly, 5, 0x01),
];

/// The command 90h opens sales and refunds.
const OPEN: u8 = 0x90;

/// `OperName,UNP`. The unique sale number stays empty outside Bulgaria [inference].
fn head(open: &Open) -> String {
    format!("{},", open.operator)
}

/// The data of the opening of a refund: `OperName,UNP,S,FM,Reason,No[,ISO time]`.
fn emit_refund(refund: &RefundOpen) -> Vec<u8> {
    let head = head(&refund.open);
    // Eltrade's letter for a refund because of an operator's error is O.
    let kind = match refund.kind {
        RefundKind::Error => 'O',
        other => other.letter(),
    };
    codepage::encode(&match &refund.origin {
        Some((at, memory)) => {
            format!("{head},S,{memory},{kind},{},{}", refund.document, iso(at))
        }
        None => format!("{head},S,,{kind},{}", refund.document),
    })
}

fn parse_open(data: &[u8]) -> Option<(Open, Option<RefundOpen>)> {
    let text = codepage::decode(data);
    let mut fields = text.split(',');
    let operator = fields.next().filter(|name| !name.is_empty())?;
    fields.next()?;
    let mut open = Open {
        // The emulated device has no names of operators.
        operator: parse_count(operator).unwrap_or(1),
        password: String::new(),
        till: 1,
        invoice: false,
        unique: String::new(),
    };
    match fields.next() {
        None => return Some((open, None)),
        Some("I") => {
            open.invoice = true;
            return Some((open, None));
        }
        Some("S") => {}
        Some(_) => return None,
    }
    let memory = fields.next()?;
    let kind = match fields.next()? {
        "O" => RefundKind::Error,
        "R" => RefundKind::Return,
        "T" => RefundKind::TaxBase,
        _ => return None,
    };
    let document = parse_count(fields.next()?)?;
    let origin = match fields.next() {
        None => None,
        Some(at) => Some((unwritten(at)?, memory.to_owned())),
    };
    let refund = RefundOpen {
        open: open.clone(),
        kind,
        document,
        origin,
    };
    Some((open, Some(refund)))
}

/// `DDMMYYhhmmss` as `20YY-MM-DDThh:mm:ss`; any other text is sent unchanged, and the device refuses it.
fn iso(at: &str) -> String {
    let pair = |from: usize| at.get(from..from.saturating_add(2)).unwrap_or("");
    if at.len() != 12 {
        return at.to_owned();
    }
    format!(
        "20{}-{}-{}T{}:{}:{}",
        pair(4),
        pair(2),
        pair(0),
        pair(6),
        pair(8),
        pair(10)
    )
}

fn unwritten(text: &str) -> Option<String> {
    let pair = |from: usize| text.get(from..from.saturating_add(2)).unwrap_or("");
    let at = [pair(8), pair(5), pair(2), pair(11), pair(14), pair(17)].concat();
    (iso(&at) == text).then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_command_opens_both() {
        let open = (PROTOCOL.open.ask.parse)(b"1,").unwrap();
        assert_eq!((PROTOCOL.open.ask.emit)(&open), b"1,");
        let refund = RefundOpen {
            open,
            kind: RefundKind::Return,
            document: 12,
            origin: Some(("211126103000".to_owned(), "44123456".to_owned())),
        };
        let data = (PROTOCOL.refund.unwrap().ask.emit)(&refund);
        assert_eq!(data, b"1,,S,44123456,R,12,2026-11-21T10:30:00");
        assert_eq!((PROTOCOL.refund.unwrap().ask.parse)(&data), Some(refund));
        assert_eq!((PROTOCOL.open.ask.parse)(&data), None);
        assert_eq!((PROTOCOL.refund.unwrap().ask.parse)(b"1,"), None);
        for wrong in [&b"1"[..], b",", b"1,,X", b"1,,S,44123456,R,12,21.11.2026"] {
            assert!(parse_open(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn a_failure_of_the_working_memory_is_not_taken_for_a_refund() {
        // The answer of 90h in the manual's error list: S1.4 is set.
        let answer =
            crate::wire::isl_status::Status::from_slice(&[0x80, 0x90, 0x88, 0x80, 0x86, 0x9A]);
        let status = answer.unwrap();
        assert!(PROTOCOL.status.has(status, Flag::MemoryReset));
        assert!(!PROTOCOL.status.has(status, Flag::RefundOpen));
    }

    #[test]
    fn the_cover_is_a_bit_of_the_second_byte() {
        let layout = PROTOCOL.status;
        let open = layout.with(crate::wire::isl_status::Status::empty(6), Flag::CoverOpen);
        assert_eq!(open.bytes(), [0x80, 0xA0, 0x80, 0x80, 0x80, 0x80]);
        assert!(layout.has(open, Flag::CoverOpen) && !layout.has(open, Flag::GeneralError));
    }
}

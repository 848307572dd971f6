//! Eltrade: frames and commands of Datecs group A, with another opening, more payment types and another status bit for the cover.
//!
//! Manual: Eltrade 1.0.9; see `docs/protocols/isl.md`. Facts about Eltrade that are not known are taken from group A (an
//! inference).

use super::datecs;
use super::protocol::{Codec, CommandRow, Errors, Model, Payments, Protocol, Seller};
use crate::wire::codepage;
use crate::wire::fields::parse_count;
use crate::wire::isl_receipt::{Open, RefundKind, RefundOpen};
use crate::wire::isl_status::{Flag, GENERAL, Layout, MEMORY};
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
        places: &[&[(Flag::CoverOpen, 1, 0x20)], datecs::PLACES],
        general: GENERAL,
        memory: MEMORY,
    },
    errors: Errors::Silent,
    codes: &[],
    seller: Seller {
        operator: 1,
        operator_max: 30,
        // The opening of Eltrade has no password.
        password: "",
        password_of_model: &[],
        password_digits: None,
        till: 1,
    },
    payments: Payments {
        letters: &['P', 'N', 'C', 'D', 'I', 'J', 'K', 'L', 'M', 'Q', 'R'],
        day: &['P', 'N', 'C', 'D', 'I', 'J', 'K', 'L'],
    },
    model: Model {
        name: "A1",
        firmware: "KL5101.1811.0.3 21NOV26 1000",
    },
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
    refund: CommandRow::new(
        OPEN,
        Codec {
            emit: emit_refund,
            parse: |data| parse_open(data)?.1,
        },
        datecs::COUNTERS,
    ),
    ..datecs::PROTOCOL
};

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
        let data = (PROTOCOL.refund.ask.emit)(&refund);
        assert_eq!(data, b"1,,S,44123456,R,12,2026-11-21T10:30:00");
        assert_eq!((PROTOCOL.refund.ask.parse)(&data), Some(refund));
        assert_eq!((PROTOCOL.open.ask.parse)(&data), None);
        assert_eq!((PROTOCOL.refund.ask.parse)(b"1,"), None);
        for wrong in [&b"1"[..], b",", b"1,,X", b"1,,S,44123456,R,12,21.11.2026"] {
            assert!(parse_open(wrong).is_none(), "{wrong:?}");
        }
    }

    #[test]
    fn the_cover_is_a_bit_of_the_second_byte() {
        let layout = PROTOCOL.status;
        let open = layout.with(crate::wire::isl_status::Status::empty(6), Flag::CoverOpen);
        assert_eq!(open.bytes(), [0x80, 0xA0, 0x80, 0x80, 0x80, 0x80]);
        assert!(layout.has(open, Flag::CoverOpen) && !layout.has(open, Flag::GeneralError));
    }
}

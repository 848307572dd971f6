//! The data of ZFP's commands that make receipts. Fields are separated by `;`.
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1903211145, chapter 2.6.

use super::codepage;
use super::fields::{decimal, parse_count, parse_decimal};
use super::isl_receipt::{Open, RefundKind, RefundOpen, Sale, SaleModifier};

/// The byte, or a space in place of a control byte, which would end or begin a frame.
#[must_use]
pub const fn printable(byte: u8) -> u8 {
    if byte.is_ascii_control() { b' ' } else { byte }
}

/// `Operator;Password;Format;VAT`: the receipt is detailed and has its VAT.
#[must_use]
pub fn head(open: &Open) -> String {
    format!("{};{};1;1", open.operator, open.password)
}

/// `head;@;Reason;Number;DD-MM-YY HH:MM:SS;FM`: `@` is a refund that is printed step by step.
#[must_use]
pub fn emit_refund(refund: &RefundOpen) -> Vec<u8> {
    let reason = match refund.kind {
        RefundKind::Error => 0,
        RefundKind::Return => 1,
        RefundKind::TaxBase => 2,
    };
    let (at, memory) = match &refund.origin {
        Some((at, memory)) => (stamp_of(at), memory.as_str()),
        // The device refuses a refund without the time of its original.
        None => (String::new(), ""),
    };
    let head = head(&refund.open);
    let number = refund.document;
    codepage::encode(&format!("{head};@;{reason};{number};{at};{memory}"))
}

/// `DDMMYYhhmmss` as `DD-MM-YY hh:mm:ss`; any other text stays as it is, and the device refuses it.
fn stamp_of(at: &str) -> String {
    let pair = |from: usize| at.get(from..from.saturating_add(2)).unwrap_or("");
    if at.len() != 12 {
        return at.to_owned();
    }
    format!(
        "{}-{}-{} {}:{}:{}",
        pair(0),
        pair(2),
        pair(4),
        pair(6),
        pair(8),
        pair(10)
    )
}

/// The opening of a sale, or of a refund with its original.
#[must_use]
pub fn parse_open(data: &[u8]) -> Option<(Open, Option<RefundOpen>)> {
    let text = codepage::decode(data);
    // The unique sale number follows at the end.
    let (text, _) = text.split_once('$').unwrap_or((&text, ""));
    let fields: Vec<&str> = text.split(';').collect();
    let (seller, rest) = fields.split_at_checked(2)?;
    let [format, vat, kind, rest @ ..] = rest else {
        return None;
    };
    let are_flags = [format, vat].iter().all(|flag| matches!(**flag, "0" | "1"));
    let mut open = seller_of(seller)?;
    match (*kind, rest) {
        ("0" | "2" | "4", []) if are_flags => Some((open, None)),
        ("1" | "3" | "5", [_, _, _, _, _, _]) if are_flags => {
            open.invoice = true;
            Some((open, None))
        }
        ("@" | "B" | "D", [reason, number, at, memory, ..]) if are_flags => {
            let at: String = at.chars().filter(char::is_ascii_digit).collect();
            let refund = RefundOpen {
                open: open.clone(),
                kind: match *reason {
                    "0" => RefundKind::Error,
                    "1" => RefundKind::Return,
                    "2" => RefundKind::TaxBase,
                    _ => return None,
                },
                document: parse_count(number)?,
                origin: (at.len() == 12 && !memory.is_empty()).then(|| (at, (*memory).to_owned())),
            };
            refund.origin.is_some().then_some((open, Some(refund)))
        }
        _ => None,
    }
}

/// The operator and the password, which may be filled with spaces to six characters.
fn seller_of(fields: &[&str]) -> Option<Open> {
    let [operator, password, ..] = fields else {
        return None;
    };
    Some(Open {
        operator: parse_count(operator)?,
        password: password.trim().to_owned(),
        till: 1,
        invoice: false,
        unique: String::new(),
    })
}

/// `Operator;Password[;0;0|1]`.
#[must_use]
pub fn parse_seller(data: &[u8]) -> Option<Open> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(';').collect();
    match fields.as_slice() {
        [_, _] | [_, _, "0", "0" | "1"] => seller_of(&fields),
        _ => None,
    }
}

/// `Operator;Password;0;Amount[$Print][;Text]`.
#[must_use]
pub fn parse_cash(data: &[u8]) -> Option<(Open, i64)> {
    let text = codepage::decode(data);
    let fields: Vec<&str> = text.split(';').collect();
    let ([_, _, "0", amount] | [_, _, "0", amount, _]) = fields.as_slice() else {
        return None;
    };
    let amount = amount.split_once('$').map_or(*amount, |(amount, _)| amount);
    Some((seller_of(&fields)?, parse_decimal(amount, 2)?))
}

/// The number of characters of the name of a sale on the line.
const NAME: usize = 36;
/// The first letter of the tax groups, `А` in Windows-1251.
const FIRST_GROUP: u8 = 0xC0;

/// `Name;Group;Price*Quantity[:Change]`: the name is filled with spaces. `|` would break the line, and `;` ends a field.
#[must_use]
pub fn emit_sale(sale: &Sale) -> Vec<u8> {
    let mut data: Vec<u8> = sale
        .text
        .iter()
        .map(|byte| match byte {
            b'|' => b'/',
            b';' => b',',
            other => printable(*other),
        })
        .collect();
    data.resize(NAME, b' ');
    data.extend([b';', FIRST_GROUP.saturating_add(sale.group), b';']);
    data.extend_from_slice(decimal(sale.price, 2).as_bytes());
    if let Some(quantity) = sale.quantity {
        data.extend_from_slice(format!("*{}", decimal(quantity, 3)).as_bytes());
    }
    match sale.modifier {
        None => {}
        Some(SaleModifier::Percent(hundredths)) => {
            data.extend_from_slice(format!(",{}", decimal(hundredths, 2)).as_bytes());
        }
        Some(SaleModifier::Absolute(minor)) => {
            data.extend_from_slice(format!(":{}", decimal(minor, 2)).as_bytes());
        }
    }
    data
}

/// The sale of a line; `None` if the name does not have 36 bytes.
#[must_use]
pub fn parse_sale(data: &[u8]) -> Option<Sale> {
    let (name, rest) = data.split_at_checked(NAME)?;
    let [b';', group, b';', figures @ ..] = rest else {
        return None;
    };
    let group = group.checked_sub(FIRST_GROUP).filter(|group| *group < 8)?;
    let figures = core::str::from_utf8(figures).ok()?;
    let (figures, change) = cut(figures, ':');
    let (figures, percent) = cut(figures, ',');
    let (price, quantity) = cut(figures, '*');
    let number = |text: Option<&str>, places| match text {
        Some(text) => parse_decimal(text, places).map(Some),
        None => Some(None),
    };
    // A driver of others sends both, one of them as 0.
    let change = number(change, 2)?.filter(|minor| *minor != 0);
    let percent = number(percent, 2)?.filter(|hundredths| *hundredths != 0);
    Some(Sale {
        text: name.trim_ascii_end().to_vec(),
        second: Vec::new(),
        group,
        price: parse_decimal(price, 2)?,
        quantity: number(quantity, 3)?,
        modifier: match (change, percent) {
            (None, None) => None,
            (Some(minor), None) => Some(SaleModifier::Absolute(minor)),
            (None, Some(hundredths)) => Some(SaleModifier::Percent(hundredths)),
            (Some(_), Some(_)) => return None,
        },
    })
}

/// Cuts the part after a letter off the end of a text.
fn cut(text: &str, letter: char) -> (&str, Option<&str>) {
    match text.split_once(letter) {
        Some((head, tail)) => (head, Some(tail)),
        None => (text, None),
    }
}

//! The data of ZFP's commands that make receipts. Fields are separated by `;`.
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1903211145, chapter 2.6.

use super::codepage;
use super::fields::{dashed, decimal, parse_count, parse_decimal};
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

/// `head;0[$UNP]`: a sale that is printed step by step. What stands after `$` is the unique sale number.
#[must_use]
pub fn emit_open(open: &Open) -> Vec<u8> {
    let mark = if open.unique.is_empty() { "" } else { "$" };
    codepage::encode(&format!("{};0{mark}{}", head(open), open.unique))
}

/// `head;@;Reason;Number;DD-MM-YY HH:MM:SS;FM`: `@` is a refund that is printed step by step. The unique sale number that may follow is that of the
/// original, which a refund does not know.
#[must_use]
pub fn emit_refund(refund: &RefundOpen) -> Vec<u8> {
    let reason = match refund.kind {
        RefundKind::Error => 0,
        RefundKind::Return => 1,
        RefundKind::TaxBase => 2,
    };
    let (at, memory) = match &refund.origin {
        Some((at, memory)) => (dashed(at), memory.as_str()),
        // The device refuses a refund without the time of its original.
        None => (String::new(), ""),
    };
    let head = head(&refund.open);
    let number = refund.document;
    codepage::encode(&format!("{head};@;{reason};{number};{at};{memory}"))
}

/// The largest number of characters of a unique sale number.
const UNIQUE_MAX: usize = 24;

/// When a receipt is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZfpPrinting {
    /// Line by line.
    StepByStep,
    /// When it is closed.
    Postponed,
    /// Line by line, from a buffer.
    Buffered,
    /// Not on paper: the buyer gets it as data.
    Electronic,
}

/// A receipt as a host opens it (30h).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZfpOpening {
    /// The operator, the password, and whether it is an invoice or a credit note.
    pub open: Open,
    /// The original, if it is a refund or a credit note.
    pub refund: Option<RefundOpen>,
    /// Whether the receipt is detailed.
    pub detailed: bool,
    /// Whether the VAT is printed on it.
    pub vat: bool,
    /// When it is printed.
    pub printing: ZfpPrinting,
}

/// Reads the opening of a sale, an invoice, a refund or a credit note.
#[must_use]
pub fn parse_opening(data: &[u8]) -> Option<ZfpOpening> {
    let text = codepage::decode(data);
    // The unique sale number follows at the end.
    let (text, unique) = text.split_once('$').unwrap_or((&text, ""));
    if unique.chars().count() > UNIQUE_MAX {
        return None;
    }
    let fields: Vec<&str> = text.split(';').collect();
    let (seller, rest) = fields.split_at_checked(2)?;
    let [format @ ("0" | "1"), vat @ ("0" | "1"), kind, rest @ ..] = rest else {
        return None;
    };
    let mut open = seller_of(seller)?;
    open.unique = unique.to_owned();
    let printing = match *kind {
        "0" | "1" | "@" | "A" => ZfpPrinting::StepByStep,
        "2" | "3" | "B" | "C" => ZfpPrinting::Postponed,
        "4" | "5" | "D" | "E" => ZfpPrinting::Buffered,
        "8" | "9" => ZfpPrinting::Electronic,
        _ => return None,
    };
    open.invoice = matches!(*kind, "1" | "3" | "5" | "9" | "A" | "C" | "E");
    let is_refund = matches!(*kind, "@" | "A" | "B" | "C" | "D" | "E");
    // Recipient, buyer, VAT number, identification code, address, kind of the code.
    let (buyer, rest) = rest.split_at_checked(if open.invoice { 6 } else { 0 })?;
    if !buyer
        .last()
        .is_none_or(|kind| matches!(*kind, "0" | "1" | "2" | "3"))
    {
        return None;
    }
    let refund = match rest {
        [] if !is_refund => None,
        // A credit note names the number of the invoice first.
        [reason, _invoice, at, number, memory] | [reason, _invoice, at, number, memory, _]
            if is_refund && open.invoice =>
        {
            Some(refund_of(&open, reason, number, at, memory)?)
        }
        [reason, number, at, memory] | [reason, number, at, memory, _]
            if is_refund && !open.invoice =>
        {
            Some(refund_of(&open, reason, number, at, memory)?)
        }
        _ => return None,
    };
    Some(ZfpOpening {
        open,
        refund,
        detailed: *format == "1",
        vat: *vat == "1",
        printing,
    })
}

/// A refund with its reason and its original, which must be whole.
fn refund_of(
    open: &Open,
    reason: &str,
    number: &str,
    at: &str,
    memory: &str,
) -> Option<RefundOpen> {
    let at: String = at.chars().filter(char::is_ascii_digit).collect();
    let is_whole = at.len() == 12 && !memory.is_empty();
    is_whole.then_some(())?;
    Some(RefundOpen {
        open: open.clone(),
        kind: match reason {
            "0" => RefundKind::Error,
            "1" => RefundKind::Return,
            "2" => RefundKind::TaxBase,
            _ => return None,
        },
        document: parse_count(number)?,
        origin: Some((at, memory.to_owned())),
    })
}

/// The opening of a sale, or of a refund with its original.
#[must_use]
pub fn parse_open(data: &[u8]) -> Option<(Open, Option<RefundOpen>)> {
    let opening = parse_opening(data)?;
    Some((opening.open, opening.refund))
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

/// The number that is added to that of a department in a byte.
const DEPARTMENT: u8 = 0x80;
/// The number of departments of a device.
pub const DEPARTMENTS: u8 = 19;
/// The number of departments of a new device that have a tax group: the departments 1 to 8 belong to the groups А to З.
const GROUPS: u8 = 8;

/// The sale of a line by its tax group; `None` if the name does not have 36 bytes.
#[must_use]
pub fn parse_sale(data: &[u8]) -> Option<Sale> {
    let (sale, department) = parse_line(data)?;
    department.is_none().then_some(sale)
}

/// The sale of a line (31h and 34h) and the number of its department, which gives the tax group where the line has none.
///
/// The line has the group in front and the department after `!`, or the department in front and the group after `!`.
#[must_use]
pub fn parse_line(data: &[u8]) -> Option<(Sale, Option<u8>)> {
    let (name, rest) = data.split_at_checked(NAME)?;
    let [b';', first, b';', figures @ ..] = rest else {
        return None;
    };
    let (figures, last) = match figures {
        [figures @ .., b'!', last] => (figures, Some(*last)),
        figures => (figures, None),
    };
    let of = |byte: u8| {
        let group = byte
            .checked_sub(FIRST_GROUP)
            .filter(|group| *group < GROUPS);
        let department = byte.checked_sub(DEPARTMENT);
        let known = 1..=DEPARTMENTS;
        (group, department.filter(|number| known.contains(number)))
    };
    let (group, department) = match (*first, of(*first), last.map(of)) {
        (b' ', _, Some((_, department @ Some(_)))) => (None, department),
        (_, (group @ Some(_), _), None) => (group, None),
        (_, (group @ Some(_), _), Some((_, department @ Some(_))))
        | (_, (_, department @ Some(_)), Some((group @ Some(_), _))) => (group, department),
        (_, (_, department @ Some(_)), None) => (None, department),
        _ => return None,
    };
    let group = group.or_else(|| department?.checked_sub(1).filter(|group| *group < GROUPS))?;
    Some((parse_figures(name, group, figures)?, department))
}

/// `Price[*Quantity][,Percent][:Change]`.
fn parse_figures(name: &[u8], group: u8, figures: &[u8]) -> Option<Sale> {
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

//! The data of Daisy commands of a receipt, as far as they differ from those of Datecs classic, and their answers. Reports and
//! questions are in `isl_daisy_report`.
//!
//! Manuals: Daisy Tech, "Protocol for communication between fiscal devices and personal computer", V1.8.1, 2023, commands 48, 49, 51,
//! 53, 56, 76; the Bulgarian edition V1.0, 2019.
//! Amounts are minor units here. On the line they are decimals in commands, and decimals or minor units in answers: the manuals do not
//! say which, and the driver OposDaisy reads 40h, 41h, 45h and 46h as decimals and 33h, 67h and 6Eh as minor units.

use super::codepage;
use super::fields::{dashed, decimal, parse_count, parse_decimal, parse_minor};
use super::isl_payment::{Paid, PaidCode, PaymentRequest, ReceiptCounters};
use super::isl_receipt::{
    LINE_FEED, Open, RefundKind, RefundOpen, Sale, SaleModifier, Subtotal, TAB, split_text,
};
use super::isl_report::Transaction;

/// The largest number of digits of a password.
const PASSWORD_MAX: usize = 6;
/// The largest number of an operator.
const OPERATOR_MAX: u32 = 20;
/// The code of the tax group А in Windows-1251; the other seven follow.
pub(super) const FIRST_GROUP: u8 = 0xC0;
/// The code of the tax group З.
const LAST_GROUP: u8 = 0xC7;

/// Writes the data of 30h: `Op,Pwd,UNP[TAB I]`.
#[must_use]
pub fn emit_open(open: &Open) -> Vec<u8> {
    let mut parts = vec![head(open)];
    if open.invoice {
        parts.push("I".to_owned());
    }
    with_tabs(&parts)
}

/// Reads the data of 30h that open a sale; the unique sale number is mandatory.
#[must_use]
pub fn parse_open(data: &[u8]) -> Option<Open> {
    let text = codepage::decode(data);
    match text.split_once('\t') {
        None => parse_head(&text),
        Some((head, "I")) => Some(Open {
            invoice: true,
            ..parse_head(head)?
        }),
        Some(_) => None,
    }
}

/// Writes the data of 30h that open a refund: `Op,Pwd,UNP TAB R Reason,Doc,DD-MM-YY HH:MM:SS TAB FM`.
#[must_use]
pub fn emit_refund(refund: &RefundOpen) -> Vec<u8> {
    let (at, memory) = match &refund.origin {
        Some((at, memory)) => (at.as_str(), memory.as_str()),
        None => ("", ""),
    };
    let original = format!(
        "R{},{},{}",
        reason(refund.kind),
        refund.document,
        dashed(at)
    );
    with_tabs(&[head(&refund.open), original, memory.to_owned()])
}

/// Reads the data of 30h that open a refund, or a credit note (`C Invoice,Reason,Doc,DT TAB FM`).
#[must_use]
pub fn parse_refund(data: &[u8]) -> Option<RefundOpen> {
    let text = codepage::decode(data);
    let parts: Vec<&str> = text.split('\t').collect();
    let [head, original, memory] = parts.as_slice() else {
        return None;
    };
    let (fields, invoice) = match original.split_at_checked(1)? {
        ("R", fields) => (fields, false),
        ("C", fields) => (fields.split_once(',')?.1, true),
        _ => return None,
    };
    let fields: Vec<&str> = fields.split(',').collect();
    let [kind, document, at] = fields.as_slice() else {
        return None;
    };
    if memory.is_empty() {
        return None;
    }
    Some(RefundOpen {
        open: Open {
            invoice,
            ..parse_head(head)?
        },
        kind: kind_of(kind)?,
        document: parse_count(document)?,
        origin: Some((undashed(at)?, (*memory).to_owned())),
    })
}

/// The parts with a TAB between them.
fn with_tabs(parts: &[String]) -> Vec<u8> {
    let parts: Vec<Vec<u8>> = parts.iter().map(|part| codepage::encode(part)).collect();
    parts.join(&TAB)
}

fn head(open: &Open) -> String {
    format!("{},{},{}", open.operator, open.password, open.unique)
}

fn parse_head(text: &str) -> Option<Open> {
    let fields: Vec<&str> = text.split(',').collect();
    let [operator, password, unique] = fields.as_slice() else {
        return None;
    };
    let is_password = (1..=PASSWORD_MAX).contains(&password.len())
        && password.bytes().all(|byte| byte.is_ascii_digit());
    (is_password && is_unique(unique)).then_some(Open {
        operator: parse_count(operator).filter(|number| (1..=OPERATOR_MAX).contains(number))?,
        password: (*password).to_owned(),
        till: 1,
        invoice: false,
        unique: (*unique).to_owned(),
    })
}

/// Whether the text is a unique sale number: serial number of the printer (two letters, six digits), operator (four capital letters or
/// digits), number of the sale (seven digits).
fn is_unique(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [serial, operator, number] = parts.as_slice() else {
        return false;
    };
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_serial = serial.split_at_checked(2).is_some_and(|(letters, digits)| {
        letters.bytes().all(|byte| byte.is_ascii_uppercase())
            && digits.len() == 6
            && are_digits(digits)
    });
    let is_operator = operator.len() == 4
        && operator
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_serial && is_operator && number.len() == 7 && are_digits(number)
}

/// The number of a refund's reason: 0 return, 1 error of the operator, 2 lower tax base.
const fn reason(kind: RefundKind) -> u8 {
    match kind {
        RefundKind::Return => 0,
        RefundKind::Error => 1,
        RefundKind::TaxBase => 2,
    }
}

fn kind_of(reason: &str) -> Option<RefundKind> {
    match reason {
        "0" => Some(RefundKind::Return),
        "1" => Some(RefundKind::Error),
        "2" => Some(RefundKind::TaxBase),
        _ => None,
    }
}

/// Reads `DD-MM-YY hh:mm[:ss]` as `DDMMYYhhmm[ss]`.
fn undashed(text: &str) -> Option<String> {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let whole = format!("{digits}{}", if digits.len() == 10 { "00" } else { "" });
    let written = dashed(&whole);
    let is_written_so = written == text || written.strip_suffix(":00") == Some(text);
    is_written_so.then_some(digits)
}

/// Writes the data of 31h: `[T1][LF T2] TAB Group Price*Qty[$Net]`.
#[must_use]
pub fn emit_sale(sale: &Sale) -> Vec<u8> {
    let mut data = sale.text.clone();
    if !sale.second.is_empty() {
        data.push(LINE_FEED);
        data.extend_from_slice(&sale.second);
    }
    data.push(TAB);
    data.push(FIRST_GROUP.saturating_add(sale.group));
    data.extend_from_slice(decimal(sale.price, 2).as_bytes());
    if let Some(quantity) = sale.quantity {
        data.extend_from_slice(format!("*{}", decimal(quantity, 3)).as_bytes());
    }
    data.extend_from_slice(modifier_text(sale.modifier).as_bytes());
    data
}

/// Reads the data of 31h. Groups are the capital letters А to З of Windows-1251.
#[must_use]
pub fn parse_sale(data: &[u8]) -> Option<Sale> {
    let (text, second, rest) = split_text(data)?;
    let (group, figures) = match rest {
        [letter @ FIRST_GROUP..=LAST_GROUP, figures @ ..] => {
            (letter.wrapping_sub(FIRST_GROUP), figures)
        }
        _ => return None,
    };
    let (price, quantity, modifier) = parse_figures(figures)?;
    Some(Sale {
        text: text.to_vec(),
        second: second.to_vec(),
        group,
        price,
        quantity,
        modifier,
    })
}

/// Reads `Price[*Qty][,Perc|$Net]`: price, quantity, and the change of the amount.
#[must_use]
pub fn parse_figures(figures: &[u8]) -> Option<(i64, Option<i64>, Option<SaleModifier>)> {
    let (figures, modifier) = cut_modifier(core::str::from_utf8(figures).ok()?)?;
    let (price, quantity) = match figures.split_once('*') {
        Some((price, quantity)) => (price, Some(parse_decimal(quantity, 3)?)),
        None => (figures, None),
    };
    Some((parse_decimal(price, 2)?, quantity, modifier))
}

/// Writes the data of 33h: `Print Display [$Net]`.
#[must_use]
pub fn emit_subtotal(subtotal: &Subtotal) -> Vec<u8> {
    let flag = |on| if on { '1' } else { '0' };
    format!(
        "{}{}{}",
        flag(subtotal.print),
        flag(subtotal.display),
        modifier_text(subtotal.modifier)
    )
    .into_bytes()
}

/// Reads the data of 33h: `Print Display [,Perc|$Net]`.
#[must_use]
pub fn parse_subtotal(data: &[u8]) -> Option<Subtotal> {
    let (flags, modifier) = cut_modifier(core::str::from_utf8(data).ok()?)?;
    Some(Subtotal {
        modifier,
        ..Subtotal::parse(flags.as_bytes())?
    })
}

fn modifier_text(modifier: Option<SaleModifier>) -> String {
    match modifier {
        None => String::new(),
        Some(SaleModifier::Percent(hundredths)) => format!(",{}", decimal(hundredths, 2)),
        Some(SaleModifier::Absolute(minor)) => format!("${}", decimal(minor, 2)),
    }
}

/// Splits a percentage or a sum off the end; both together are an error.
fn cut_modifier(text: &str) -> Option<(&str, Option<SaleModifier>)> {
    match (text.split_once(','), text.split_once('$')) {
        (Some(_), Some(_)) => None,
        (Some((head, percent)), None) => {
            let hundredths = parse_decimal(percent, 2)?;
            (-10_000..=9_999)
                .contains(&hundredths)
                .then_some((head, Some(SaleModifier::Percent(hundredths))))
        }
        (None, Some((head, sum))) => {
            Some((head, Some(SaleModifier::Absolute(parse_decimal(sum, 2)?))))
        }
        (None, None) => Some((text, None)),
    }
}

/// Reads the data of 35h; `U` and `E` are other letters of the payments `D` and `B`.
#[must_use]
pub fn parse_payment(data: &[u8]) -> Option<PaymentRequest> {
    let payment = PaymentRequest::parse(data)?;
    let mode = payment.mode.map(|letter| match letter {
        'U' => 'D',
        'E' => 'B',
        other => other,
    });
    Some(PaymentRequest { mode, ..payment })
}

/// Writes the answer of 35h: a letter and a decimal. An exact payment is `D0.00` ("less or equal", V1.0).
#[must_use]
pub fn emit_paid(paid: &Paid) -> Vec<u8> {
    let letter = match paid.code {
        PaidCode::Rest => 'D',
        PaidCode::Change if paid.amount == 0 => 'D',
        PaidCode::Change => 'R',
        PaidCode::NegativeSubtotal => 'E',
        PaidCode::NegativeGroup => 'I',
        PaidCode::Failed => return b"F".to_vec(),
    };
    format!("{letter}{}", decimal(paid.amount, 2)).into_bytes()
}

/// Writes the answer of 30h: the counters before this receipt is closed, of all receipts with it, of fiscal ones without it.
#[must_use]
pub fn emit_opened(counters: &ReceiptCounters) -> Vec<u8> {
    format!(
        "{:06},{:06}",
        counters.all,
        counters.fiscal.saturating_sub(1)
    )
    .into_bytes()
}

/// Writes the answer of 38h and 82h.
#[must_use]
pub fn emit_closed(counters: &ReceiptCounters) -> Vec<u8> {
    format!("{:06},{:06}", counters.all, counters.fiscal).into_bytes()
}

/// Writes the answer of 4Ch: `Open,Items,Amount[,Tender,Remainder]`, with the whole tender as the last payment.
#[must_use]
pub fn emit_transaction(state: &Transaction) -> Vec<u8> {
    let mut text = format!(
        "{},{:04},{:010}",
        u8::from(state.open),
        state.items,
        state.amount
    );
    if let Some(tender) = state.tender {
        let left = state.amount.saturating_sub(tender).max(0);
        text.push_str(&format!(",{tender:010},{left:010}"));
    }
    text.into_bytes()
}

/// Reads the answer of 4Ch. The device reports the last payment and what is left to pay, so that the tender is the amount less the
/// rest: without the change, and 0 as long as the last payment is 0.
#[must_use]
pub fn parse_transaction(data: &[u8]) -> Option<Transaction> {
    let text = core::str::from_utf8(data).ok()?;
    let fields: Vec<&str> = text.split(',').collect();
    let [open, items, amount, paid @ ..] = fields.as_slice() else {
        return None;
    };
    let amount = parse_minor(amount)?;
    let tender = match paid {
        [] => None,
        [last, left] => match parse_minor(last)? {
            0 => Some(0),
            _ => Some(amount.checked_sub(parse_minor(left)?.max(0))?.max(0)),
        },
        _ => return None,
    };
    Some(Transaction {
        open: match *open {
            "0" => false,
            "1" => true,
            _ => return None,
        },
        items: parse_count(items)?,
        amount,
        tender,
        document: None,
        refund: false,
        slip: false,
        fiscal: None,
    })
}

#[cfg(test)]
mod tests;

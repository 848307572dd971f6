//! The parameters of Datecs X commands that make a receipt, and their answers after the error code.
//!
//! Manual: Datecs X (group C), v2.08, commands 43, 48, 49, 51, 53, 54, 56.
//! Amounts are minor units here and decimals on the line, quantities thousandths.

use super::codepage;
use super::fields::{decimal, parse_count, parse_decimal};
use super::isl_payment::{Paid, PaidCode, PaymentRequest, ReceiptCounters};
use super::isl_receipt::{
    Open, RefundKind, RefundOpen, Sale, SaleModifier, Subtotal, SubtotalSums,
};
use super::isl_x::{TAB, emit, parse};

/// Writes the parameters of 30h: `Op,Pwd,Till,Invoice`.
#[must_use]
pub fn emit_open(open: &Open) -> Vec<u8> {
    let invoice = if open.invoice { "I" } else { "" };
    emit(&[
        &open.operator.to_string(),
        &open.password,
        &open.till.to_string(),
        invoice,
    ])
}

/// Reads the parameters of 30h in both syntaxes; the unique sale number of the longer one (Bulgaria) is ignored.
#[must_use]
pub fn parse_open(data: &[u8]) -> Option<Open> {
    let fields = parse(data)?;
    match fields.as_slice() {
        [operator, password, till, invoice] | [operator, password, _, till, invoice] => {
            head(operator, password, till, invoice)
        }
        _ => None,
    }
}

fn head(operator: &str, password: &str, till: &str, invoice: &str) -> Option<Open> {
    Some(Open {
        operator: parse_count(operator).filter(|number| (1..=30).contains(number))?,
        password: Some(password)
            .filter(|text| (1..=8).contains(&text.len()))?
            .to_owned(),
        till: parse_count(till).filter(|number| (1..=99_999).contains(number))?,
        unique: String::new(),
        invoice: match invoice {
            "" => false,
            "I" => true,
            _ => return None,
        },
    })
}

/// Writes the parameters of 2Bh: `Op,Pwd,Till,Storno,DocNum,DateTime,FMNumber,Invoice,ToInvoice,Reason,NSale`.
#[must_use]
pub fn emit_refund(refund: &RefundOpen) -> Vec<u8> {
    let (at, memory) = match &refund.origin {
        Some((at, memory)) => (stamp(at), memory.as_str()),
        None => (String::new(), ""),
    };
    let invoice = if refund.open.invoice { "I" } else { "" };
    emit(&[
        &refund.open.operator.to_string(),
        &refund.open.password,
        &refund.open.till.to_string(),
        &refund.kind.number().to_string(),
        &refund.document.to_string(),
        &at,
        memory,
        invoice,
        "",
        "",
        // The sale's unique number stays empty outside Bulgaria [inference].
        "",
    ])
}

/// Reads the parameters of 2Bh.
#[must_use]
pub fn parse_refund(data: &[u8]) -> Option<RefundOpen> {
    let fields = parse(data)?;
    let [
        operator,
        password,
        till,
        kind,
        document,
        at,
        memory,
        invoice,
        _,
        _,
        _,
    ] = fields.as_slice()
    else {
        return None;
    };
    Some(RefundOpen {
        open: head(operator, password, till, invoice)?,
        kind: RefundKind::of_number(kind)?,
        document: parse_count(document)?,
        origin: match (at.as_str(), memory.as_str()) {
            ("", "") => None,
            (at, memory) => Some((unstamped(at)?, memory.to_owned())),
        },
    })
}

/// Writes the time `DDMMYYhhmmss` as `DD-MM-YY hh:mm:ss`; any other text is sent unchanged, and the device refuses it.
fn stamp(at: &str) -> String {
    let pair = |from: usize| at.get(from..from.saturating_add(2));
    let whole = [pair(0), pair(2), pair(4), pair(6), pair(8), pair(10)];
    match whole {
        [
            Some(day),
            Some(month),
            Some(year),
            Some(hour),
            Some(minute),
            Some(second),
        ] if at.len() == 12 => {
            format!("{day}-{month}-{year} {hour}:{minute}:{second}")
        }
        _ => at.to_owned(),
    }
}

fn unstamped(text: &str) -> Option<String> {
    let text = text.strip_suffix(" DST").unwrap_or(text);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 12 && stamp(&digits) == text).then_some(digits)
}

/// Writes the parameters of 31h: `Name,TaxCd,Price,Qty,DiscType,DiscValue,Dept`. The name may have 72 characters.
#[must_use]
pub fn emit_sale(sale: &Sale) -> Vec<u8> {
    let mut data = sale.text.clone();
    data.extend_from_slice(&sale.second);
    data.push(TAB);
    let (kind, value) = modifier(sale.modifier);
    data.extend_from_slice(&emit(&[
        &sale.group.saturating_add(1).to_string(),
        &decimal(sale.price, 2),
        &sale
            .quantity
            .map_or_else(String::new, |quantity| decimal(quantity, 3)),
        kind,
        &value,
        "0",
    ]));
    data
}

/// Reads the parameters of 31h in both syntaxes; department and unit are ignored.
#[must_use]
pub fn parse_sale(data: &[u8]) -> Option<Sale> {
    let fields = parse(data)?;
    let (name, group, price, quantity, kind, value) = match fields.as_slice() {
        [name, group, price, quantity, kind, value, _]
        | [name, group, price, quantity, kind, value, _, _] => {
            (name, group, price, quantity, kind, value)
        }
        _ => return None,
    };
    if name.is_empty() || name.chars().count() > NAME_MAX {
        return None;
    }
    Some(Sale {
        text: codepage::encode(name),
        second: Vec::new(),
        group: tax_group(group)?,
        price: parse_decimal(price, 2)?,
        quantity: match quantity.as_str() {
            "" => None,
            figure => Some(parse_decimal(figure, 3)?),
        },
        modifier: parse_modifier(kind, value)?,
    })
}

/// The tax group of a TaxCd: `1` to `8`; hosts of newer firmware (PM 2.11.4) write a letter, `A` to `H` or `А` to `З`.
fn tax_group(code: &str) -> Option<u8> {
    match codepage::encode(code).as_slice() {
        [digit @ b'1'..=b'8'] => digit.checked_sub(b'1'),
        [letter @ b'A'..=b'H'] => letter.checked_sub(b'A'),
        [letter @ 0xC0..=0xC7] => letter.checked_sub(0xC0),
        _ => None,
    }
}

/// The largest number of characters of a sale's name.
pub const NAME_MAX: usize = 72;

/// Writes DiscType and DiscValue: 1 is a surcharge and 2 a discount by percent, 3 a surcharge and 4 a discount by sum; without a
/// modifier both are empty.
fn modifier(modifier: Option<SaleModifier>) -> (&'static str, String) {
    let (kinds, value) = match modifier {
        None | Some(SaleModifier::Absolute(0) | SaleModifier::Percent(0)) => {
            return ("0", String::new());
        }
        Some(SaleModifier::Percent(value)) => (["1", "2"], value),
        Some(SaleModifier::Absolute(value)) => (["3", "4"], value),
    };
    let [surcharge, discount] = kinds;
    let kind = if value < 0 { discount } else { surcharge };
    (kind, decimal(value.saturating_abs(), 2))
}

fn parse_modifier(kind: &str, value: &str) -> Option<Option<SaleModifier>> {
    if matches!(kind, "" | "0") {
        return value.is_empty().then_some(None);
    }
    let value = parse_decimal(value, 2).filter(|value| *value > 0)?;
    Some(Some(match kind {
        "1" => SaleModifier::Percent(value),
        "2" => SaleModifier::Percent(value.checked_neg()?),
        "3" => SaleModifier::Absolute(value),
        "4" => SaleModifier::Absolute(value.checked_neg()?),
        _ => return None,
    }))
}

/// Writes the parameters of 33h: `Print,Display,DiscType,DiscValue`.
#[must_use]
pub fn emit_subtotal(subtotal: &Subtotal) -> Vec<u8> {
    let flag = |on| if on { "1" } else { "0" };
    let (kind, value) = match subtotal.modifier {
        None => ("", String::new()),
        some => modifier(some),
    };
    emit(&[flag(subtotal.print), flag(subtotal.display), kind, &value])
}

/// Reads the parameters of 33h.
#[must_use]
pub fn parse_subtotal(data: &[u8]) -> Option<Subtotal> {
    let fields = parse(data)?;
    // Hosts for newer firmware omit the last two parameters, with their TABs.
    let (print, display, kind, value) = match fields.as_slice() {
        [print, display] => (print, display, "", ""),
        [print, display, kind, value] => (print, display, kind.as_str(), value.as_str()),
        _ => return None,
    };
    let flag = |field: &str| match field {
        "" | "0" => Some(false),
        "1" => Some(true),
        _ => None,
    };
    Some(Subtotal {
        print: flag(print)?,
        display: flag(display)?,
        modifier: parse_modifier(kind, value)?,
    })
}

/// Writes the answer of 33h: `Slip,Subtotal,TaxA..H`.
#[must_use]
pub fn emit_sums(sums: &SubtotalSums) -> Vec<u8> {
    let mut fields = vec![
        sums.document.unwrap_or(0).to_string(),
        decimal(sums.total, 2),
    ];
    fields.extend(sums.groups.map(|group| decimal(group, 2)));
    emit(&fields)
}

/// Reads the answer of 33h.
#[must_use]
pub fn parse_sums(data: &[u8]) -> Option<SubtotalSums> {
    let fields = parse(data)?;
    let mut fields = fields.iter().map(String::as_str);
    Some(SubtotalSums {
        document: parse_count(fields.next()?),
        total: parse_decimal(fields.next()?, 2)?,
        groups: decimals(&mut fields)?,
    })
}

/// Reads up to eight decimal amounts; missing amounts are 0.
pub(super) fn decimals<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<[i64; 8]> {
    let mut amounts = [0; 8];
    for amount in &mut amounts {
        match fields.next() {
            Some(field) => *amount = parse_decimal(field, 2)?,
            None => break,
        }
    }
    Some(amounts)
}

/// The letters for X's payment modes 0 to 5: cash, credit card, debit card, and three others.
///
/// Mode 2 uses a pinpad if one is connected.
pub const MODES: [(char, &str); 6] = [
    ('P', "0"),
    ('N', "1"),
    ('D', "2"),
    ('I', "3"),
    ('J', "4"),
    ('K', "5"),
];

/// Writes the parameters of 35h: `Mode,Amount,Type`.
#[must_use]
pub fn emit_payment(payment: &PaymentRequest) -> Vec<u8> {
    let (mode, amount) = mode_and_amount(&MODES, payment);
    emit(&[mode, &amount, ""])
}

/// The first two parameters of 35h, by this table of letters and modes: a payment without a letter is in cash, one without an amount
/// pays the rest.
pub(super) fn mode_and_amount(
    modes: &[(char, &'static str)],
    payment: &PaymentRequest,
) -> (&'static str, String) {
    let letter = payment.mode.unwrap_or('P');
    let mode = modes.iter().find(|(known, _)| *known == letter);
    let amount = payment.amount.map(|amount| decimal(amount, 2));
    (
        mode.map_or("", |(_, mode)| mode),
        amount.unwrap_or_default(),
    )
}

/// The payment with these parameters, by this table of letters and modes.
pub(super) fn payment_of(
    modes: &[(char, &'static str)],
    mode: &str,
    amount: &str,
) -> Option<PaymentRequest> {
    let (letter, _) = modes.iter().find(|(_, known)| *known == mode)?;
    Some(PaymentRequest {
        text: Vec::new(),
        mode: Some(*letter),
        amount: Some(parse_decimal(amount, 2)?),
    })
}

/// Reads the parameters of 35h; foreign currency is not supported.
#[must_use]
pub fn parse_payment(data: &[u8]) -> Option<PaymentRequest> {
    let fields = parse(data)?;
    // Hosts for newer firmware omit the last parameter, with its TAB.
    let ([mode, amount] | [mode, amount, _]) = fields.as_slice() else {
        return None;
    };
    payment_of(&MODES, mode, amount)
}

/// Writes the answer of 35h: `D` or `R`, and the amount.
#[must_use]
pub fn emit_paid(paid: &Paid) -> Vec<u8> {
    let letter = match paid.code {
        PaidCode::Change => "R",
        _ => "D",
    };
    emit(&[letter, &decimal(paid.amount, 2)])
}

/// Reads the answer of 35h.
#[must_use]
pub fn parse_paid(data: &[u8]) -> Option<Paid> {
    let fields = parse(data)?;
    let [letter, amount] = fields.as_slice() else {
        return None;
    };
    Some(Paid {
        code: match letter.as_str() {
            "D" => PaidCode::Rest,
            "R" => PaidCode::Change,
            _ => return None,
        },
        amount: parse_decimal(amount, 2)?,
    })
}

/// Writes the parameters of 36h: a line of text without any of its five attributes.
#[must_use]
pub fn emit_text(text: &[u8]) -> Vec<u8> {
    let mut data = text.to_vec();
    data.extend_from_slice(&[TAB; 6]);
    data
}

/// Reads the parameters of 36h, and of 2Ah, which has one attribute more.
#[must_use]
pub fn parse_text(data: &[u8]) -> Option<Vec<u8>> {
    let fields = parse(data)?;
    let text = fields.first()?;
    (1..=7)
        .contains(&fields.len())
        .then(|| codepage::encode(text))
}

/// Writes the answer of every command of a receipt: the document number.
#[must_use]
pub fn emit_slip(counters: &ReceiptCounters) -> Vec<u8> {
    emit(&[counters.document.unwrap_or(0).to_string()])
}

/// Reads an answer that contains only the document number.
#[must_use]
pub fn parse_slip(data: &[u8]) -> Option<ReceiptCounters> {
    let fields = parse(data)?;
    Some(ReceiptCounters {
        all: 0,
        fiscal: 0,
        document: Some(parse_count(fields.first()?)?),
        z_number: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sale_in_both_directions() {
        let mut sale = Sale {
            text: b"Paine".to_vec(),
            second: vec![],
            group: 0,
            price: 950,
            quantity: Some(2_000),
            modifier: None,
        };
        assert_eq!(emit_sale(&sale), b"Paine\t1\t9.50\t2.000\t0\t\t0\t");
        assert_eq!(parse_sale(&emit_sale(&sale)), Some(sale.clone()));
        for (modifier, written) in [
            (SaleModifier::Absolute(-587), &b"\t4\t5.87\t0\t"[..]),
            (SaleModifier::Absolute(1), b"\t3\t0.01\t0\t"),
            (SaleModifier::Percent(-1_500), b"\t2\t15.00\t0\t"),
            (SaleModifier::Percent(50), b"\t1\t0.50\t0\t"),
        ] {
            sale.modifier = Some(modifier);
            assert!(emit_sale(&sale).ends_with(written));
            assert_eq!(parse_sale(&emit_sale(&sale)), Some(sale.clone()));
        }
        for wrong in [
            &b"x\t9\t1.00\t1.000\t0\t\t0\t"[..],
            b"x\t1\t1.00\t1.000\t0\t1.00\t0\t",
            b"x\t1\t1.00\t1.000\t2\t\t0\t",
            b"\t1\t1.00\t1.000\t0\t\t0\t",
            b"x\t1\t1.00\t1.000\t0\t\t0",
        ] {
            assert_eq!(parse_sale(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_refund_contains_its_original() {
        let refund = RefundOpen {
            open: parse_open(b"1\t0000\t1\t\t").unwrap(),
            kind: RefundKind::Return,
            document: 12,
            origin: Some(("211126103000".to_owned(), "02700001".to_owned())),
        };
        let data = emit_refund(&refund);
        assert_eq!(
            data,
            b"1\t0000\t1\t1\t12\t21-11-26 10:30:00\t02700001\t\t\t\t\t"
        );
        assert_eq!(parse_refund(&data), Some(refund));
        assert_eq!(unstamped("21-11-26 10:30:00 DST").unwrap(), "211126103000");
        assert_eq!(unstamped("21.11.26 10:30:00"), None);
    }

    #[test]
    fn both_syntaxes_of_an_opening_are_read() {
        let short = parse_open(b"1\t1\t24\tI\t").unwrap();
        assert_eq!((short.till, short.invoice), (24, true));
        let long = parse_open(b"1\t1\tDT000001-0001-0000001\t24\tI\t").unwrap();
        assert_eq!(long, short);
        for wrong in [
            &b""[..],
            b"1\t1\t24\t",
            b"31\t1\t1\t\t",
            b"1\t\t1\t\t",
            b"1\t1\t1\tx\t",
        ] {
            assert_eq!(parse_open(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn payments_and_their_answers() {
        let cash = PaymentRequest {
            text: vec![],
            mode: Some('P'),
            amount: Some(5_000),
        };
        assert_eq!(emit_payment(&cash), b"0\t50.00\t\t");
        assert_eq!(parse_payment(b"0\t50.00\t\t"), Some(cash));
        assert_eq!(parse_payment(b"6\t50.00\t\t"), None);
        let paid = Paid {
            code: PaidCode::Change,
            amount: 3_100,
        };
        assert_eq!(emit_paid(&paid), b"R\t31.00\t");
        assert_eq!(parse_paid(b"R\t31.00\t"), Some(paid));
        let sums = SubtotalSums {
            total: 1_900,
            groups: [1_900, 0, 0, 0, 0, 0, 0, 0],
            document: Some(101),
        };
        assert_eq!(parse_sums(&emit_sums(&sums)), Some(sums));
    }
}

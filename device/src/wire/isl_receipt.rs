//! The data of Datecs classic commands that begin and fill a receipt: open, refund, sale, subtotal.
//!
//! Manual: Datecs group A, v1.00BG, commands 48, 46, 49, 51.
//! Amounts are minor units, quantities thousandths, percents hundredths.

use super::codepage;
use super::fields::{decimal, parse_count, parse_decimal, parse_minor};

/// The byte that separates the text of a line from its figures.
pub const TAB: u8 = 0x09;
/// The byte that separates the two lines of text.
pub const LINE_FEED: u8 = 0x0A;

/// 30h: operator, password and till for the opening of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The number of the operator, 1 to 16.
    pub operator: u32,
    /// The password, 4 to 8 digits.
    pub password: String,
    /// The number of the till, 1 to 99999.
    pub till: u32,
    /// Whether an invoice is asked for.
    pub invoice: bool,
    /// The unique sale number of Bulgaria, if the family's opening has one; otherwise empty.
    pub unique: String,
}

impl Open {
    /// Writes an `Open` as fields, such as `1,0000,1`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let invoice = if self.invoice { ",I" } else { "" };
        codepage::encode(&format!(
            "{},{},{}{invoice}",
            self.operator, self.password, self.till
        ))
    }

    /// Reads an `Open` from its fields; a unique sale number (Bulgaria) is accepted and ignored.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = codepage::decode(data);
        let mut fields = text.split(',');
        let mut open = Self::parse_head(&mut fields)?;
        for field in fields {
            match field {
                "I" if !open.invoice => open.invoice = true,
                number if number.contains('-') => {}
                _ => return None,
            }
        }
        Some(open)
    }

    fn parse_head<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        Some(Self {
            operator: parse_count(fields.next()?).filter(|number| (1..=16).contains(number))?,
            password: fields
                .next()
                .filter(|text| (4..=8).contains(&text.len()))?
                .to_owned(),
            till: parse_count(fields.next()?).filter(|number| (1..=99_999).contains(number))?,
            invoice: false,
            unique: String::new(),
        })
    }
}

/// Why a sale is refunded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundKind {
    /// `E`: an operator's error.
    Error,
    /// `R`: goods returned or a claim.
    Return,
    /// `T`: the tax base is reduced.
    TaxBase,
}

impl RefundKind {
    /// The letter of the reason.
    #[must_use]
    pub const fn letter(self) -> char {
        match self {
            Self::Error => 'E',
            Self::Return => 'R',
            Self::TaxBase => 'T',
        }
    }

    /// The reason with this letter.
    #[must_use]
    pub const fn of(letter: char) -> Option<Self> {
        Some(match letter {
            'E' => Self::Error,
            'R' => Self::Return,
            'T' => Self::TaxBase,
            _ => return None,
        })
    }
}

impl RefundKind {
    /// The number of the reason, as group B and X write it.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Error => 0,
            Self::Return => 1,
            Self::TaxBase => 2,
        }
    }

    /// The reason with this number.
    #[must_use]
    pub fn of_number(field: &str) -> Option<Self> {
        Some(match field {
            "0" => Self::Error,
            "1" => Self::Return,
            "2" => Self::TaxBase,
            _ => return None,
        })
    }
}

/// 2Eh: opens a refund receipt, in the form of group A:
/// `Op,Pwd,Till[,I InvNo][,UNP],Type DocNo[,StUNP,StDT,StFM][#Reason]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundOpen {
    /// The operator, password and till with which the receipt is opened.
    pub open: Open,
    /// The reason of the refund.
    pub kind: RefundKind,
    /// The number of the document that is refunded.
    pub document: u32,
    /// The time when the document was printed (`DDMMYYhhmmss`) and the number of its fiscal memory; without them the device
    /// searches its own journal.
    pub origin: Option<(String, String)>,
}

impl RefundOpen {
    /// Writes a `RefundOpen` as fields, such as `1,0000,1,R0000012,,211126103000,50123456`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut data = self.open.emit();
        data.extend_from_slice(format!(",{}{}", self.kind.letter(), self.document).as_bytes());
        if let Some((at, memory)) = &self.origin {
            // The sale's unique number stays empty outside Bulgaria [inference].
            data.extend_from_slice(&codepage::encode(&format!(",,{at},{memory}")));
        }
        data
    }

    /// Reads a `RefundOpen` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = codepage::decode(data);
        let text = text.split_once('#').map_or(text.as_str(), |(head, _)| head);
        let mut fields = text.split(',');
        let mut open = Open::parse_head(&mut fields)?;
        let (kind, document) = loop {
            let field = fields.next()?;
            let mut letters = field.chars();
            let first = letters.next()?;
            match RefundKind::of(first) {
                Some(kind) => break (kind, parse_count(letters.as_str())?),
                None if first == 'I' => open.invoice = true,
                None if field.contains('-') => {}
                None => return None,
            }
        };
        let origin = match (fields.next(), fields.next(), fields.next()) {
            (None, _, _) => None,
            (Some(_), Some(at), Some(memory)) if matches!(at.len(), 10 | 12) => {
                Some((at.to_owned(), memory.to_owned()))
            }
            _ => return None,
        };
        Some(Self {
            open,
            kind,
            document,
            origin,
        })
    }
}

/// A change of a price or a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SaleModifier {
    /// `,Perc`: a part of the amount in hundredths of a percent, −99.00 to 99.00 %.
    Percent(i64),
    /// `;Abs`: an absolute amount in minor units.
    Absolute(i64),
}

impl SaleModifier {
    fn emit(self) -> String {
        match self {
            Self::Percent(hundredths) => format!(",{}", decimal(hundredths, 2)),
            Self::Absolute(minor) => format!(";{}", decimal(minor, 2)),
        }
    }

    /// Splits a modifier off the end of `text`. `Err` if there is a modifier that cannot be read.
    fn cut(text: &str) -> Result<(&str, Option<Self>), ()> {
        if let Some((head, percent)) = text.split_once(',') {
            let hundredths = parse_decimal(percent, 2).ok_or(())?;
            if !(-9_900..=9_900).contains(&hundredths) {
                return Err(());
            }
            return Ok((head, Some(Self::Percent(hundredths))));
        }
        match text.split_once(';') {
            Some((head, sum)) => Ok((head, Some(Self::Absolute(parse_decimal(sum, 2).ok_or(())?)))),
            None => Ok((text, None)),
        }
    }
}

/// 31h: one line of a receipt, `[L1][LF L2] TAB Tax [-]Price[*Qty[#Unit]][,Perc|;Abs]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The first line of text, as the device's bytes.
    pub text: Vec<u8>,
    /// The second line of text.
    pub second: Vec<u8>,
    /// The tax group: 0 is A.
    pub group: u8,
    /// The price in minor units; negative voids an earlier sale.
    pub price: i64,
    /// The quantity in thousandths; `None` means 1.
    pub quantity: Option<i64>,
    /// A discount (negative) or surcharge.
    pub modifier: Option<SaleModifier>,
}

impl Sale {
    /// Writes a `Sale` as fields, such as `Paine TAB A8.10*2.000;-5.87`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut data = self.text.clone();
        if !self.second.is_empty() {
            data.push(LINE_FEED);
            data.extend_from_slice(&self.second);
        }
        data.push(TAB);
        data.push(b'A'.saturating_add(self.group));
        data.extend_from_slice(decimal(self.price, 2).as_bytes());
        if let Some(quantity) = self.quantity {
            data.extend_from_slice(format!("*{}", decimal(quantity, 3)).as_bytes());
        }
        if let Some(modifier) = self.modifier {
            data.extend_from_slice(modifier.emit().as_bytes());
        }
        data
    }

    /// Reads a `Sale` from its fields. Tax groups are Latin `A` to `H` or Cyrillic `А` to `З` (C0h to C7h).
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let (text, second, rest) = split_text(data)?;
        let (group, figures) = match rest {
            [letter @ b'A'..=b'H', figures @ ..] => (letter.wrapping_sub(b'A'), figures),
            [letter @ 0xC0..=0xC7, figures @ ..] => (letter.wrapping_sub(0xC0), figures),
            // `Dept TAB Price`: departments 1 to 8 belong to the tax groups A to H, unless they are programmed otherwise
            // [inference].
            [department @ b'1'..=b'8', TAB, figures @ ..] => {
                (department.wrapping_sub(b'1'), figures)
            }
            _ => return None,
        };
        let figures = core::str::from_utf8(figures).ok()?;
        let (figures, modifier) = SaleModifier::cut(figures).ok()?;
        let (price, quantity) = match figures.split_once('*') {
            Some((price, quantity)) => {
                let quantity = quantity.split_once('#').map_or(quantity, |(head, _)| head);
                (price, Some(parse_decimal(quantity, 3)?))
            }
            None => (figures, None),
        };
        Some(Self {
            text: text.to_vec(),
            second: second.to_vec(),
            group,
            price: parse_decimal(price, 2)?,
            quantity,
            modifier,
        })
    }
}

/// 33h: asks for the subtotal, `Print Display [,Perc|;Abs]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtotal {
    /// Whether the subtotal is printed.
    pub print: bool,
    /// Whether the subtotal is shown on the display.
    pub display: bool,
    /// The discount or surcharge of the subtotal.
    pub modifier: Option<SaleModifier>,
}

impl Subtotal {
    /// Writes a `Subtotal` as fields, such as `11`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let flag = |on| if on { '1' } else { '0' };
        let modifier = self.modifier.map(SaleModifier::emit).unwrap_or_default();
        format!("{}{}{modifier}", flag(self.print), flag(self.display)).into_bytes()
    }

    /// Reads a `Subtotal` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(data).ok()?;
        let (flags, modifier) = SaleModifier::cut(text).ok()?;
        let flag = |byte| match byte {
            b'0' => Some(false),
            b'1' => Some(true),
            _ => None,
        };
        match flags.as_bytes() {
            [print, display] => Some(Self {
                print: flag(*print)?,
                display: flag(*display)?,
                modifier,
            }),
            _ => None,
        }
    }
}

/// The answer of 33h, and, with another first field, of 67h: a sum and its parts by tax group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubtotalSums {
    /// The sum, in minor units.
    pub total: i64,
    /// The parts of the sum by tax group A to H, in minor units.
    pub groups: [i64; 8],
    /// The receipt's document number, if the family reports it here.
    pub document: Option<u32>,
}

impl SubtotalSums {
    /// Writes a `SubtotalSums` as fields, such as `1858,1033,825,0,0,0,0,0,0`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut text = self.total.to_string();
        for group in self.groups {
            text.push(',');
            text.push_str(&group.to_string());
        }
        text.into_bytes()
    }

    /// Reads a `SubtotalSums` from its fields; a device with fewer groups sends fewer.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let text = core::str::from_utf8(data).ok()?;
        let mut fields = text.split(',');
        let total = parse_minor(fields.next()?)?;
        Some(Self {
            total,
            groups: groups(&mut fields)?,
            document: None,
        })
    }
}

/// Reads up to eight amounts; missing amounts are 0.
pub(crate) fn groups<'a>(fields: &mut impl Iterator<Item = &'a str>) -> Option<[i64; 8]> {
    let mut groups = [0; 8];
    for group in &mut groups {
        match fields.next() {
            Some(field) => *group = parse_minor(field)?,
            None => break,
        }
    }
    Some(groups)
}

/// Splits data into the text lines before the tab and the bytes after it.
pub(crate) fn split_text(data: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let tab = data.iter().position(|byte| *byte == TAB)?;
    let (text, rest) = data.split_at_checked(tab)?;
    let rest = rest.get(1..)?;
    let mut lines = text.splitn(2, |byte| *byte == LINE_FEED);
    Some((
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(group: u8, price: i64) -> Sale {
        Sale {
            text: vec![],
            second: vec![],
            group,
            price,
            quantity: None,
            modifier: None,
        }
    }

    #[test]
    fn a_sale_in_both_directions() {
        let line = Sale {
            text: b"Paine".to_vec(),
            second: b"alba".to_vec(),
            group: 1,
            price: 810,
            quantity: Some(2000),
            modifier: Some(SaleModifier::Absolute(-587)),
        };
        assert_eq!(line.emit(), b"Paine\nalba\tB8.10*2.000;-5.87");
        assert_eq!(Sale::parse(&line.emit()), Some(line));
    }

    #[test]
    fn sales_of_other_hosts_are_read() {
        assert_eq!(Sale::parse(b"\tA12.50"), Some(sale(0, 1250)));
        assert_eq!(
            Sale::parse(b"\t\xC112.00*1,-10.00"),
            Some(Sale {
                quantity: Some(1000),
                modifier: Some(SaleModifier::Percent(-1000)),
                ..sale(1, 1200)
            })
        );
        assert_eq!(
            Sale::parse(b"\tH1*0.5#kg"),
            Some(Sale {
                quantity: Some(500),
                ..sale(7, 100)
            })
        );
        for wrong in [
            &b"A12.50"[..],
            b"\tI1.00",
            b"\tA",
            b"\tA1.005",
            b"\tA1,100",
            b"\tA 1",
        ] {
            assert_eq!(Sale::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_refund_is_opened_in_the_form_of_group_a() {
        let refund = RefundOpen {
            open: Open {
                operator: 1,
                password: "0000".to_owned(),
                till: 1,
                invoice: false,
                unique: String::new(),
            },
            kind: RefundKind::Return,
            document: 12,
            origin: Some(("211126103000".to_owned(), "50123456".to_owned())),
        };
        assert_eq!(refund.emit(), b"1,0000,1,R12,,211126103000,50123456");
        assert_eq!(RefundOpen::parse(&refund.emit()), Some(refund));
        assert!(RefundOpen::parse(b"1,0000,1,I5,DT000001-0001-0000001,T12#reason").is_some());
        assert_eq!(RefundOpen::parse(b"1,0000,1"), None);
    }

    #[test]
    fn opening_asks_for_its_fields() {
        assert!(Open::parse(b"1,0000,1").is_some());
        assert!(Open::parse(b"1,0000,1,I").is_some_and(|open| open.invoice));
        for wrong in [
            &b""[..],
            b"1",
            b"1,0000",
            b"17,0000,1",
            b"1,000,1",
            b"1,0000,1,X",
        ] {
            assert_eq!(Open::parse(wrong), None, "{wrong:?}");
        }
    }
}

//! The data of Datecs classic commands that pay and close a receipt, and their answers.
//!
//! Manual: Datecs group A, v1.00BG, commands 53, 56.
//! Amounts are minor units.

use super::codepage;
use super::fields::{decimal, parse_count, parse_decimal, parse_minor};
use super::isl_receipt::{TAB, split_text};

/// 35h: a payment, `[L1][LF L2] TAB [[Mode][+]Amount][*Type]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRequest {
    /// The text, as the device's bytes.
    pub text: Vec<u8>,
    /// The payment type's letter; `None` means cash.
    pub mode: Option<char>,
    /// The amount in minor units; `None` means everything that is left to pay.
    pub amount: Option<i64>,
}

impl PaymentRequest {
    /// Writes a `PaymentRequest` as fields, such as `TAB P20.00`. The manual's optional plus is not sent.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let mut data = self.text.clone();
        data.push(TAB);
        if let Some(mode) = self.mode {
            data.extend_from_slice(&codepage::encode(mode.encode_utf8(&mut [0; 4])));
        }
        if let Some(amount) = self.amount {
            data.extend_from_slice(decimal(amount, 2).as_bytes());
        }
        data
    }

    /// Reads a `PaymentRequest` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let (text, _, rest) = split_text(data)?;
        let rest = core::str::from_utf8(rest).ok()?;
        let rest = rest.split_once('*').map_or(rest, |(head, _)| head);
        let mut letters = rest.chars();
        let (mode, amount) = match letters.next() {
            Some(first) if first.is_ascii_alphabetic() => (Some(first), letters.as_str()),
            _ => (None, rest),
        };
        let amount = match amount {
            "" => None,
            figure => Some(parse_decimal(figure, 2)?),
        };
        Some(Self {
            text: text.to_vec(),
            mode,
            amount,
        })
    }
}

/// The first letter of the answer of 35h.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaidCode {
    /// `D`: less is paid than is to be paid; the amount is the rest. Daisy printers answer `D` with 0 also for exact payment.
    Rest,
    /// `R`: enough is paid; the amount is the change.
    Change,
    /// `E`: the subtotal is negative.
    NegativeSubtotal,
    /// `I`: the sum of a tax group is negative.
    NegativeGroup,
    /// `F`: an error.
    Failed,
}

/// The answer of 35h: a letter directly followed by an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// The letter of the answer.
    pub code: PaidCode,
    /// The amount of the answer, in minor units.
    pub amount: i64,
}

impl Paid {
    /// Writes a `Paid` as fields, such as `R000002020`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        let letter = match self.code {
            PaidCode::Rest => 'D',
            PaidCode::Change => 'R',
            PaidCode::NegativeSubtotal => 'E',
            PaidCode::NegativeGroup => 'I',
            PaidCode::Failed => return vec![b'F'],
        };
        format!("{letter}{:09}", self.amount).into_bytes()
    }

    /// Reads the letter and the amount of the answer of 35h.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let (letter, amount) = data.split_first()?;
        let code = match letter {
            b'D' => PaidCode::Rest,
            b'R' => PaidCode::Change,
            b'E' => PaidCode::NegativeSubtotal,
            b'I' => PaidCode::NegativeGroup,
            b'F' => PaidCode::Failed,
            _ => return None,
        };
        let amount = match core::str::from_utf8(amount).ok()? {
            "" => 0,
            figure => match code {
                PaidCode::Failed => 0,
                _ => parse_minor(figure)?,
            },
        };
        Some(Self { code, amount })
    }
}

/// The answer when a receipt is opened and closed: counters since the last Z-report, or the document's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptCounters {
    /// The number of all receipts.
    pub all: u32,
    /// The number of fiscal receipts.
    pub fiscal: u32,
    /// The number of the document, if the family reports it.
    pub document: Option<u32>,
    /// The number that the next Z-report will have, if the family reports it here.
    pub z_number: Option<u32>,
}

impl ReceiptCounters {
    /// Writes a `ReceiptCounters` as fields, such as `0001,0041`.
    #[must_use]
    pub fn emit(&self) -> Vec<u8> {
        format!("{:04},{:04}", self.all, self.fiscal).into_bytes()
    }

    /// Reads a `ReceiptCounters` from its fields.
    #[must_use]
    pub fn parse(data: &[u8]) -> Option<Self> {
        let (all, fiscal) = core::str::from_utf8(data).ok()?.split_once(',')?;
        Some(Self {
            all: parse_count(all)?,
            fiscal: parse_count(fiscal)?,
            document: None,
            z_number: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payments_and_their_answers() {
        assert_eq!(
            PaymentRequest::parse(b"\tP+20.00"),
            Some(PaymentRequest {
                text: vec![],
                mode: Some('P'),
                amount: Some(2000)
            })
        );
        assert_eq!(
            PaymentRequest::parse(b"\t"),
            Some(PaymentRequest {
                text: vec![],
                mode: None,
                amount: None
            })
        );
        assert_eq!(
            Paid::parse(b"R000002020"),
            Some(Paid {
                code: PaidCode::Change,
                amount: 2020
            })
        );
        assert_eq!(
            Paid::parse(b"F").map(|paid| paid.code),
            Some(PaidCode::Failed)
        );
        assert_eq!(Paid::parse(b""), None);
    }
}

//! The five amounts of a receipt (§ 9 Abs. 2 Z 4, Anlage Z 4).

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::tax::Bucket;

/// Gross amounts by element of the code, in minor units, signed. Several rates may share an element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketSums {
    /// "Betrag-Satz-Normal": the standard rate.
    pub normal: Amount,
    /// "Betrag-Satz-Ermaessigt-1": the first reduced rate.
    pub ermaessigt1: Amount,
    /// "Betrag-Satz-Ermaessigt-2": the second reduced rate.
    pub ermaessigt2: Amount,
    /// "Betrag-Satz-Null": rate zero, exempt and not taxable.
    pub null: Amount,
    /// "Betrag-Satz-Besonders": every other rate, in one sum.
    pub besonders: Amount,
}

impl BucketSums {
    /// Adds an amount to the element of its legal bucket (Anlage Z 4). If the sum does not fit, the result is `None` and nothing is changed.
    ///
    /// Zero-rated, exempt and out of scope share "Null", as the README of the official sample code says.
    #[must_use]
    pub fn add(&mut self, bucket: Bucket, amount: Amount) -> Option<()> {
        let sum = match bucket {
            Bucket::Standard => &mut self.normal,
            Bucket::Reduced => &mut self.ermaessigt1,
            Bucket::SecondReduced => &mut self.ermaessigt2,
            Bucket::Zero | Bucket::Exempt | Bucket::OutOfScope => &mut self.null,
            Bucket::Special => &mut self.besonders,
        };
        *sum = sum.checked_add(amount)?;
        Some(())
    }

    /// The amount that is added to the turnover counter: the sum of all five amounts, or `None` if it does not fit.
    #[must_use]
    pub fn total(&self) -> Option<Amount> {
        self.elements()
            .iter()
            .try_fold(Amount::ZERO, |sum, amount| sum.checked_add(*amount))
    }

    /// Whether all five amounts are zero, as on a Nullbeleg.
    #[must_use]
    pub fn all_zero(&self) -> bool {
        *self == Self::default()
    }

    /// The five amounts in the order of the code.
    #[must_use]
    pub const fn elements(&self) -> [Amount; 5] {
        [
            self.normal,
            self.ermaessigt1,
            self.ermaessigt2,
            self.null,
            self.besonders,
        ]
    }
}

/// An amount as it is written in the code: a comma, two decimals, no grouping of digits (A-SIT, issue 415 of the sample code).
pub(super) struct CommaAmount(pub(super) Amount);

impl fmt::Display for CommaAmount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.minor().unsigned_abs();
        let sign = if self.0.is_negative() { "-" } else { "" };
        let whole = magnitude.wrapping_div(100);
        let cents = magnitude.wrapping_rem(100);
        write!(f, "{sign}{whole},{cents:02}")
    }
}

/// Reads an amount of the code; `None` for a text that [`CommaAmount`] never writes.
pub(super) fn comma_amount(text: &str) -> Option<Amount> {
    let (whole, cents) = text.split_once(',')?;
    if cents.len() != 2 || !cents.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let starts_well = digits == "0" || digits.starts_with(|digit| matches!(digit, '1'..='9'));
    if !starts_well || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let minor = whole
        .bytes()
        .chain(cents.bytes())
        .filter(u8::is_ascii_digit)
        .try_fold(0_i64, |minor, digit| {
            minor
                .checked_mul(10)?
                .checked_sub(i64::from(digit.wrapping_sub(b'0')))
        })?;
    match whole.starts_with('-') {
        true if minor == 0 => None,
        true => Some(Amount::from_minor(minor)),
        false => Amount::from_minor(minor).checked_neg(),
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Write as _;

    use super::{BucketSums, CommaAmount, comma_amount};
    use crate::amount::Amount;
    use crate::tax::Bucket;

    #[test]
    fn amounts_have_a_comma_two_decimals_and_no_grouping() {
        for (minor, text) in [
            (0, "0,00"),
            (5, "0,05"),
            (-5, "-0,05"),
            (-3_711, "-37,11"),
            (123_456_789, "1234567,89"),
            (i64::MAX, "92233720368547758,07"),
            (i64::MIN, "-92233720368547758,08"),
        ] {
            let mut out = heapless::String::<21>::new();
            write!(out, "{}", CommaAmount(Amount::from_minor(minor))).unwrap();
            assert_eq!(out, text);
            assert_eq!(comma_amount(text), Some(Amount::from_minor(minor)));
        }
        for text in [
            "",
            ",",
            "0",
            "0,0",
            "0,000",
            "0.00",
            "1.234,56",
            "1234.56",
            "-0,00",
            "+1,00",
            "05,00",
            " 5,00",
            ",50",
            "-,50",
            "5,-1",
            "--5,00",
            "5-,00",
            "5,00 ",
            "92233720368547758,08",
        ] {
            assert_eq!(comma_amount(text), None, "{text}");
        }
    }

    #[test]
    fn a_sum_that_does_not_fit_changes_nothing() {
        let mut sums = BucketSums::default();
        sums.add(Bucket::Zero, Amount::from_minor(i64::MAX))
            .unwrap();
        let before = sums;
        assert_eq!(sums.add(Bucket::Zero, Amount::from_minor(1)), None);
        assert_eq!(sums, before);
        sums.add(Bucket::Standard, Amount::from_minor(1)).unwrap();
        assert_eq!(sums.total(), None);
    }
}

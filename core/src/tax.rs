//! Tax groups, their rates, and what was turned over in each.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::rounding::Rounding;
use crate::scale::Decimal;

/// The letter of a tax group, `A` to `H`: what a caller names and what stands on paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct TaxCode(u8);

impl TaxCode {
    /// The code of a letter, or `None` outside of `A` to `H`.
    #[must_use]
    pub const fn new(letter: u8) -> Option<Self> {
        if matches!(letter, b'A'..=b'H') {
            Some(Self(letter))
        } else {
            None
        }
    }

    /// The code in a text of exactly one letter.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [letter] => Self::new(*letter),
            _ => None,
        }
    }

    /// The letter.
    #[must_use]
    pub const fn letter(self) -> u8 {
        self.0
    }

    /// 0 for `A` to 7 for `H`: the place of the group in a fiscal printer's own table.
    #[must_use]
    pub const fn place(self) -> u8 {
        self.0.wrapping_sub(b'A')
    }
}

impl TryFrom<u8> for TaxCode {
    type Error = &'static str;

    fn try_from(letter: u8) -> Result<Self, Self::Error> {
        Self::new(letter).ok_or("a tax code is a letter from A to H")
    }
}

impl From<TaxCode> for u8 {
    fn from(code: TaxCode) -> Self {
        code.0
    }
}

impl fmt::Display for TaxCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", char::from(self.0))
    }
}

/// A tax rate in ten-thousandths of a percent: `200_000` is 20 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxRate(u32);

impl TaxRate {
    /// 100 %.
    const WHOLE: u32 = 1_000_000;

    /// The rate, or `None` above 100 %.
    #[must_use]
    pub const fn from_ten_thousandths(rate: u32) -> Option<Self> {
        if rate <= Self::WHOLE {
            Some(Self(rate))
        } else {
            None
        }
    }

    /// Ten-thousandths of a percent.
    #[must_use]
    pub const fn ten_thousandths(self) -> u32 {
        self.0
    }

    /// The tax inside a gross amount: `gross × rate / (100 % + rate)` (spec/fiscalcloud.md, A.7).
    #[must_use]
    pub fn included_in(self, gross: Amount, rounding: Rounding) -> Option<Amount> {
        let whole = i64::from(Self::WHOLE).checked_add(i64::from(self.0))?;
        rounding
            .multiply_divide(gross.minor(), i64::from(self.0), whole)
            .map(Amount::from_minor)
    }

    /// The rate as decimal text in percent with two decimals: `8.00`. Further decimals are cut.
    #[must_use]
    pub fn display(self) -> Decimal {
        Decimal::new(i64::from(self.0).checked_div(100).unwrap_or(0), 2)
    }
}

/// A tax group of the table in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxGroup {
    /// Its letter.
    pub code: TaxCode,
    /// Its rate.
    pub rate: TaxRate,
}

/// The tax groups in force, at most eight: as many as a fiscal printer has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxTable(heapless::Vec<TaxGroup, 8>);

impl TaxTable {
    /// A table, or `None` with more than eight groups or the same letter twice.
    #[must_use]
    pub fn new(groups: &[TaxGroup]) -> Option<Self> {
        let mut table = heapless::Vec::<TaxGroup, 8>::new();
        for group in groups {
            if table.iter().any(|present| present.code == group.code) {
                return None;
            }
            table.push(*group).ok()?;
        }
        Some(Self(table))
    }

    /// The group of a letter.
    #[must_use]
    pub fn group(&self, code: TaxCode) -> Option<TaxGroup> {
        self.0.iter().copied().find(|group| group.code == code)
    }

    /// The groups in their order.
    pub fn groups(&self) -> impl Iterator<Item = TaxGroup> + '_ {
        self.0.iter().copied()
    }
}

/// What was turned over in one group at one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTotal {
    /// The group as it was at the sale.
    pub group: TaxGroup,
    /// Gross turnover.
    pub amount: Amount,
    /// The tax inside it, as the sum of the receipts' lines.
    pub tax: Amount,
}

/// Turnover by group and rate. A rate that changes within a shift gets an entry of its own, so there is room for both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxTotals(heapless::Vec<GroupTotal, 16>);

impl TaxTotals {
    /// Adds a line's turnover; `None` where the sum or the number of entries does not fit, and then nothing has changed.
    #[must_use]
    pub fn add(&mut self, group: TaxGroup, amount: Amount, tax: Amount) -> Option<()> {
        match self.0.iter_mut().find(|total| total.group == group) {
            Some(total) => {
                let amount = total.amount.checked_add(amount)?;
                let tax = total.tax.checked_add(tax)?;
                *total = GroupTotal { group, amount, tax };
                Some(())
            }
            None => self.0.push(GroupTotal { group, amount, tax }).ok(),
        }
    }

    /// The entries, in the order of their first turnover.
    pub fn entries(&self) -> impl Iterator<Item = &GroupTotal> {
        self.0.iter()
    }

    /// Gross turnover of a letter, over all its rates.
    #[must_use]
    pub fn gross_of(&self, code: TaxCode) -> Amount {
        self.0
            .iter()
            .filter(|total| total.group.code == code)
            .try_fold(Amount::ZERO, |sum, total| sum.checked_add(total.amount))
            .unwrap_or(Amount::ZERO)
    }
}

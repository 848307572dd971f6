//! Tax groups and their rates.
//!
//! A *group* (a letter of the till), its *rate* (dated) and its *bucket* (what the law calls it) are three different things.

mod line;
mod rate;
mod table;

use core::fmt;

use serde::{Deserialize, Serialize};

pub(crate) use line::{LineGroups, LineTaxSums, TaxShares, is_levy};
pub use line::{LineTax, TAXES_PER_LINE_MAX};
pub use rate::TaxRate;
pub use table::{DatedRate, RATES_MAX, TAX_GROUPS_MAX, TaxEntry, TaxTable};

/// The letter of a tax group, `A` to `H`, as callers give it and as it is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
pub struct TaxCode(u8);

impl TaxCode {
    /// The letter `A`.
    pub const A: Self = Self(b'A');

    /// The code of a letter, or `None` outside of `A` to `H`.
    #[must_use]
    pub const fn new(letter: u8) -> Option<Self> {
        if matches!(letter, b'A'..=b'H') {
            Some(Self(letter))
        } else {
            None
        }
    }

    /// The code of a text that is exactly one letter.
    #[must_use]
    pub const fn from_text(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [letter] => Self::new(*letter),
            _ => None,
        }
    }

    /// The letter of the tax group.
    #[must_use]
    pub const fn letter(self) -> u8 {
        self.0
    }

    /// The index of the group in a fiscal printer's own table: 0 for `A` to 7 for `H`.
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

/// The legal category of a tax group: where the law wants its turnover reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Bucket {
    /// The standard rate.
    Standard,
    /// The reduced rate, or the first one of several reduced rates.
    Reduced,
    /// The second reduced rate.
    SecondReduced,
    /// A special rate of the country.
    Special,
    /// Taxed at zero: the tax of the purchases can be claimed.
    Zero,
    /// Exempt from the tax.
    Exempt,
    /// Outside of the tax's scope: vouchers, deposits, money of third parties.
    OutOfScope,
}

impl Bucket {
    /// Every bucket, in the order of its place.
    pub const ALL: [Self; 7] = [
        Self::Standard,
        Self::Reduced,
        Self::SecondReduced,
        Self::Special,
        Self::Zero,
        Self::Exempt,
        Self::OutOfScope,
    ];

    /// The index of the bucket in [`Bucket::ALL`].
    #[must_use]
    pub const fn place(self) -> usize {
        match self {
            Self::Standard => 0,
            Self::Reduced => 1,
            Self::SecondReduced => 2,
            Self::Special => 3,
            Self::Zero => 4,
            Self::Exempt => 5,
            Self::OutOfScope => 6,
        }
    }

    /// Whether the rate of a group in this bucket may be above zero.
    #[must_use]
    pub const fn is_taxed(self) -> bool {
        !matches!(self, Self::Zero | Self::Exempt | Self::OutOfScope)
    }

    /// The bucket of a group of which only the rate is known: zero-rated if the rate is zero, else standard.
    #[must_use]
    pub const fn of_rate(rate: TaxRate) -> Self {
        if rate.is_zero() {
            Self::Zero
        } else {
            Self::Standard
        }
    }
}

/// Whether the prices of a receipt's lines include the tax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prices {
    /// The prices include the tax: they are what the buyer pays.
    #[default]
    TaxIncluded,
    /// The prices exclude the tax: the tax is added to them.
    TaxExcluded,
}

/// A tax group with the rate of a day, as it is stored in each line of a receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxGroup {
    /// The letter of the tax group.
    pub code: TaxCode,
    /// The rate of the tax group on that day.
    pub rate: TaxRate,
    /// The legal bucket of the tax group.
    pub bucket: Bucket,
}

impl TaxGroup {
    /// A group of which only letter and rate are known.
    #[must_use]
    pub const fn new(code: TaxCode, rate: TaxRate) -> Self {
        Self {
            code,
            rate,
            bucket: Bucket::of_rate(rate),
        }
    }
}

/// Where the tax of a receipt is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaxRounding {
    /// Each line's tax is rounded; the tax of a group is the sum.
    PerLine,
    /// The tax of a group is rounded once; the lines share it by largest remainder.
    PerGroup,
}

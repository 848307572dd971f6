//! Money as whole minor units of one currency.

use core::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in minor units (bani, cents, kopecks): `1858` is 18.58 in a currency with two decimals.
///
/// Signed: a discount, a change of the drawer downwards and a refund in a netted sum are negative.
/// All arithmetic is checked; there is no way to an amount that has wrapped or been rounded unseen.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The amount of so many minor units.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum, or `None` where it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(minor) => Some(Self(minor)),
            None => None,
        }
    }

    /// The difference, or `None` where it does not fit.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(minor) => Some(Self(minor)),
            None => None,
        }
    }

    /// The amount with the other sign, or `None` for the one value that has none.
    #[must_use]
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(minor) => Some(Self(minor)),
            None => None,
        }
    }

    /// Less than nothing.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// More than nothing.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Exactly nothing.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount as decimal text with the currency's decimals: `18.58`, `-0.05`.
    #[must_use]
    pub const fn display(self, currency: Currency) -> crate::scale::Decimal {
        crate::scale::Decimal::new(self.0, currency.exponent())
    }
}

/// An ISO 4217 currency: its letters, its number and the decimals of its minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency {
    code: &'static str,
    number: u16,
    exponent: u8,
}

impl Currency {
    /// Moldovan leu, 498, two decimals.
    pub const MDL: Self = Self {
        code: "MDL",
        number: 498,
        exponent: 2,
    };

    /// Letters, as in ISO 4217.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// Number, as in ISO 4217.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.number
    }

    /// Decimals of the minor unit.
    #[must_use]
    pub const fn exponent(self) -> u8 {
        self.exponent
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

//! Money as whole minor units of one currency.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::scale::{ScaleFault, Unit};

/// An amount of money in minor units (bani, cents, kopecks): `1858` is 18.58 in a currency with two decimals.
///
/// An amount is signed: a discount and cash out of the drawer are negative. All arithmetic is checked, so an amount never
/// overflows or is rounded without notice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Amount(i64);

impl Amount {
    /// The amount zero.
    pub const ZERO: Self = Self(0);

    /// The amount that has this number of minor units.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// The sum of two amounts, or `None` if it does not fit into 64 bits.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(minor) => Some(Self(minor)),
            None => None,
        }
    }

    /// The difference of two amounts, or `None` if it does not fit into 64 bits.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(minor) => Some(Self(minor)),
            None => None,
        }
    }

    /// The amount with the opposite sign, or `None` for the smallest value, which has no opposite.
    #[must_use]
    pub const fn checked_neg(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(minor) => Some(Self(minor)),
            None => None,
        }
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether the amount is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether the amount is exactly zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The amount as decimal text with the currency's decimals: `18.58`, `-0.05`.
    #[must_use]
    pub const fn display(self, currency: Currency) -> crate::scale::Decimal {
        crate::scale::Decimal::new(self.0, currency.exponent())
    }

    /// The amount as an integer scaled by ten to the power of `places`: 18.58 is `1858` with two and `18580` with three.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] if digits would be lost or the integer does not fit.
    pub fn scaled(self, currency: Currency, places: u8) -> Result<i64, ScaleFault<'static>> {
        currency.unit().write_scaled(self.0, places)
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
    /// The Moldovan leu: ISO number 498, two decimals.
    pub const MDL: Self = Self {
        code: "MDL",
        number: 498,
        exponent: 2,
    };

    /// The euro: ISO number 978, two decimals.
    pub const EUR: Self = Self {
        code: "EUR",
        number: 978,
        exponent: 2,
    };
    /// The Ukrainian hryvnia: ISO number 980, two decimals.
    pub const UAH: Self = Self {
        code: "UAH",
        number: 980,
        exponent: 2,
    };
    /// The Uzbek som: ISO number 860, two decimals (tiyin).
    pub const UZS: Self = Self {
        code: "UZS",
        number: 860,
        exponent: 2,
    };

    /// Reads decimal text as an amount of this currency, exactly: `8.1` and `8.10` are the same.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] names the given value and the allowed range or decimals.
    pub fn read(self, text: &str) -> Result<Amount, ScaleFault<'_>> {
        self.unit().read(text).map(Amount::from_minor)
    }

    /// Converts an integer that is scaled by ten to the power of `places`: `(8100, 3)` is 8.10.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] names the given value and the allowed range or decimals.
    pub fn amount_of(self, value: i64, places: u8) -> Result<Amount, ScaleFault<'static>> {
        self.unit()
            .read_scaled(value, places)
            .map(Amount::from_minor)
    }

    const fn unit(self) -> Unit {
        Unit {
            name: self.code,
            places: self.exponent,
            min: i64::MIN,
            max: i64::MAX,
        }
    }

    /// The three letters of the currency in ISO 4217.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// The number of the currency in ISO 4217.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.number
    }

    /// The number of decimals of the currency's minor unit.
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

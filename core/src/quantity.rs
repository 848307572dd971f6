//! Quantities of what was sold.

use serde::{Deserialize, Serialize};

use crate::scale::{Decimal, ScaleFault, Unit};

/// A quantity in thousandths of its unit: `2000` is 2.000 pieces or kilograms.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Quantity(i64);

impl Quantity {
    /// The quantity zero.
    pub const ZERO: Self = Self(0);
    /// One whole unit.
    pub const ONE: Self = Self(1_000);
    /// The number of decimals of a quantity.
    pub const DECIMALS: u8 = 3;

    /// The quantity that has this number of thousandths.
    #[must_use]
    pub const fn from_thousandths(thousandths: i64) -> Self {
        Self(thousandths)
    }

    /// The quantity in thousandths.
    #[must_use]
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// Reads decimal text, exactly: `2` and `2.000` are the same.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] names the given value and the allowed range or decimals.
    pub fn read(text: &str) -> Result<Self, ScaleFault<'_>> {
        UNIT.read(text).map(Self)
    }

    /// Converts an integer that is scaled by ten to the power of `places`: `(2, 0)` is two whole units.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] names the given value and the allowed range or decimals.
    pub fn from_scaled(value: i64, places: u8) -> Result<Self, ScaleFault<'static>> {
        UNIT.read_scaled(value, places).map(Self)
    }

    /// The quantity as an integer scaled by ten to the power of `places`.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] if digits would be lost or the integer does not fit.
    pub fn scaled(self, places: u8) -> Result<i64, ScaleFault<'static>> {
        UNIT.write_scaled(self.0, places)
    }

    /// Whether the quantity is above zero.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The sum of two quantities, or `None` if it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(thousandths) => Some(Self(thousandths)),
            None => None,
        }
    }

    /// The difference of two quantities, or `None` if it does not fit.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(thousandths) => Some(Self(thousandths)),
            None => None,
        }
    }

    /// The quantity as decimal text with three decimals: `2.000`.
    #[must_use]
    pub const fn display(self) -> Decimal {
        Decimal::new(self.0, Self::DECIMALS)
    }
}

const UNIT: Unit = Unit {
    name: "a quantity",
    places: Quantity::DECIMALS,
    min: i64::MIN,
    max: i64::MAX,
};

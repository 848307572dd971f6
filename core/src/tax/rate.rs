//! A tax rate, and the tax of an amount at that rate.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::rounding::Rounding;
use crate::scale::{Decimal, ScaleFault, Unit};

/// A tax rate in ten-thousandths of a percent: `200_000` is 20 %.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxRate(u32);

impl TaxRate {
    /// The rate 0 %.
    pub const ZERO: Self = Self(0);
    /// The rate 100 %, in ten-thousandths of a percent.
    const WHOLE: u32 = 1_000_000;

    /// The rate of this many ten-thousandths of a percent, or `None` above 100 %.
    #[must_use]
    pub const fn from_ten_thousandths(rate: u32) -> Option<Self> {
        if rate <= Self::WHOLE {
            Some(Self(rate))
        } else {
            None
        }
    }

    /// The rate in ten-thousandths of a percent.
    #[must_use]
    pub const fn ten_thousandths(self) -> u32 {
        self.0
    }

    /// Reads decimal text in percent with at most four decimals: `20`, `4.90`, `5.5555`.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] names the given value and the allowed range or decimals.
    pub fn read(text: &str) -> Result<Self, ScaleFault<'_>> {
        UNIT.read(text).map(Self::from_checked)
    }

    /// Converts an integer that is scaled by ten to the power of `places`: `(2000, 2)` is 20 %.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] names the given value and the allowed range or decimals.
    pub fn from_scaled(value: i64, places: u8) -> Result<Self, ScaleFault<'static>> {
        UNIT.read_scaled(value, places).map(Self::from_checked)
    }

    /// The rate as an integer scaled by ten to the power of `places`: 20 % is `2000` with two.
    ///
    /// # Errors
    ///
    /// [`ScaleFault`] if digits would be lost.
    pub fn scaled(self, places: u8) -> Result<i64, ScaleFault<'static>> {
        UNIT.write_scaled(i64::from(self.0), places)
    }

    /// Whether the rate is zero.
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The tax inside a gross amount: `gross × rate / (100 % + rate)` (`docs/api/fiscalcloud.md`).
    #[must_use]
    pub fn included_in(self, gross: Amount, rounding: Rounding) -> Option<Amount> {
        let whole = i64::from(Self::WHOLE).checked_add(i64::from(self.0))?;
        rounding
            .multiply_divide(gross.minor(), i64::from(self.0), whole)
            .map(Amount::from_minor)
    }

    /// The tax on top of a net amount: `net × rate / 100 %`.
    ///
    /// With a rounding step of one minor unit, [`Self::included_in`] of net plus tax gives the same tax again.
    #[must_use]
    pub fn added_to(self, net: Amount, rounding: Rounding) -> Option<Amount> {
        rounding
            .multiply_divide(net.minor(), i64::from(self.0), i64::from(Self::WHOLE))
            .map(Amount::from_minor)
    }

    /// The sum of two rates: several taxes on the same base, as one rate.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// The rate as decimal text in percent: with two decimals if they are enough (`8.00`), else with four (`5.5555`).
    #[must_use]
    pub fn display(self) -> Decimal {
        match self.scaled(2) {
            Ok(hundredths) => Decimal::new(hundredths, 2),
            Err(_) => Decimal::new(i64::from(self.0), 4),
        }
    }

    /// The rate of a value that [`UNIT`] has checked.
    fn from_checked(rate: i64) -> Self {
        Self(u32::try_from(rate).unwrap_or(Self::WHOLE))
    }
}

const UNIT: Unit = Unit {
    name: "a rate",
    places: 4,
    min: 0,
    max: 1_000_000,
};

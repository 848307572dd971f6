//! Decimal numbers as scaled integers: read, converted and printed exactly, without floating point.

mod text;
mod unit;

use core::fmt;

pub use text::{parse, parse_double};
pub use unit::ScaleFault;
pub(crate) use unit::Unit;

/// A decimal number for printing, stored as an integer and the number of its decimals: `Decimal::new(-615, 2)` prints `-6.15`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    value: i64,
    places: u8,
}

impl Decimal {
    /// `value` divided by ten to the power of `places`.
    #[must_use]
    pub const fn new(value: i64, places: u8) -> Self {
        Self { value, places }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.value.unsigned_abs();
        if self.places <= PLACES_AT_ONCE {
            return self.written_at_once(f, magnitude);
        }
        if self.value < 0 {
            f.write_str("-")?;
        }
        let (whole, part) = match 10_u64.checked_pow(u32::from(self.places)) {
            Some(unit) => (
                magnitude.checked_div(unit).unwrap_or(0),
                magnitude.checked_rem(unit).unwrap_or(0),
            ),
            None => (0, magnitude),
        };
        if self.places == 0 {
            write!(f, "{whole}")
        } else {
            write!(
                f,
                "{whole}.{part:0width$}",
                width = usize::from(self.places)
            )
        }
    }
}

/// The largest number of decimals that are written in one piece: every unit up to it fits the integer.
const PLACES_AT_ONCE: u8 = 19;

impl Decimal {
    /// Writes the number in one piece: a document has some hundred numbers, and the formatter costs more than their digits.
    fn written_at_once(&self, f: &mut fmt::Formatter<'_>, magnitude: u64) -> fmt::Result {
        // A sign, a point, and the twenty digits of the largest integer.
        let mut text = [0_u8; 22];
        let mut start = text.len();
        let mut rest = magnitude;
        let mut digits = 0_u8;
        let mut point_is_due = false;
        let mut sign_is_due = self.value < 0;
        for place in text.iter_mut().rev() {
            *place = if point_is_due {
                point_is_due = false;
                b'.'
            } else if digits <= self.places || rest > 0 {
                let digit = u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
                digits = digits.saturating_add(1);
                point_is_due = digits == self.places;
                b'0'.saturating_add(digit)
            } else if sign_is_due {
                sign_is_due = false;
                b'-'
            } else {
                break;
            };
            start = start.saturating_sub(1);
        }
        let written = text.get(start..).unwrap_or_default();
        f.write_str(core::str::from_utf8(written).unwrap_or_default())
    }
}

/// Why a decimal text could not become a scaled integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleError {
    /// The text is not a decimal number.
    NotANumber,
    /// The number has more decimals than the scale allows, and these are not only zeros.
    TooManyDecimals {
        /// The number of decimals that were given, trailing zeros not counted.
        given: u8,
        /// The number of decimals that are allowed.
        allowed: u8,
    },
    /// The number is outside of the range of the scaled integer.
    TooLarge,
}

impl fmt::Display for ScaleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotANumber => f.write_str("is not a decimal number"),
            Self::TooManyDecimals { given, allowed } => {
                write!(f, "has {given} decimals; {allowed} are allowed")
            }
            Self::TooLarge => f.write_str("is too large"),
        }
    }
}

impl core::error::Error for ScaleError {}

/// Converts an integer scaled by ten to the power of `from` to one scaled by ten to the power of `to`, exactly: `(8100, 3, 2)` is `810`.
///
/// # Errors
///
/// [`ScaleError::TooManyDecimals`] if digits would be lost, [`ScaleError::TooLarge`] if the result does not fit.
pub fn rescale(value: i64, from: u8, to: u8) -> Result<i64, ScaleError> {
    if value == 0 {
        return Ok(0);
    }
    let (mut value, mut places) = (value, from);
    while places > to {
        // Trailing zeros of the value are removed first, so `given` is the number of decimals that the value needs.
        if value.checked_rem(10) != Some(0) {
            return Err(ScaleError::TooManyDecimals {
                given: places,
                allowed: to,
            });
        }
        value = value.checked_div(10).ok_or(ScaleError::TooLarge)?;
        places = places.saturating_sub(1);
    }
    while places < to {
        value = value.checked_mul(10).ok_or(ScaleError::TooLarge)?;
        places = places.saturating_add(1);
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::{Decimal, ScaleError, rescale};

    extern crate std;
    use std::string::ToString;

    #[test]
    fn an_integer_becomes_text_with_all_its_decimals() {
        for (value, places, text) in [
            (1858, 2, "18.58"),
            (-5, 2, "-0.05"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (2000, 3, "2.000"),
            (i64::MIN, 2, "-92233720368547758.08"),
            (i64::MIN, 0, "-9223372036854775808"),
            (i64::MAX, 18, "9.223372036854775807"),
            (i64::MIN, 19, "-0.9223372036854775808"),
            (1, 19, "0.0000000000000000001"),
            (-1, 21, "-0.000000000000000000001"),
        ] {
            assert_eq!(Decimal::new(value, places).to_string(), text);
        }
    }

    #[test]
    fn a_scale_becomes_another_without_loss_or_is_refused() {
        let decimals = |given, allowed| Err(ScaleError::TooManyDecimals { given, allowed });
        for (value, from, to, verdict) in [
            (8100, 3, 2, Ok(810)),
            (810, 2, 3, Ok(8100)),
            (-810, 2, 1, Ok(-81)),
            (8105, 3, 2, decimals(3, 2)),
            (81_050, 4, 2, decimals(3, 2)),
            (0, 200, 2, Ok(0)),
            (i64::MAX, 2, 3, Err(ScaleError::TooLarge)),
            (i64::MIN, 2, 2, Ok(i64::MIN)),
        ] {
            assert_eq!(rescale(value, from, to), verdict, "{value} {from} {to}");
        }
    }
}

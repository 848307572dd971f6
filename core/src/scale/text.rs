//! Decimal text read as a scaled integer.

use super::ScaleError;

/// Reads decimal text as an integer scaled by ten to the power of `places`: `("8.1", 2)` is `810`.
///
/// The syntax is that of a JSON number, exponent included (`8.1e0`, `810E-2`), because callers send such numbers.
/// The value is exact. Decimals beyond `places` are refused unless they are zeros.
///
/// # Errors
///
/// [`ScaleError`] says why the text does not fit.
pub fn parse(text: &str, places: u8) -> Result<i64, ScaleError> {
    let number = Number::split(text).ok_or(ScaleError::NotANumber)?;
    number.scaled(places)
}

/// Reads decimal text that was computed with floating point as an integer scaled by ten to the power of `places`:
/// `("24.299999999999997", 2)` is `2430`.
///
/// A number that is less than a millionth of its last place away from an integer of this scale is read as this integer.
/// All other numbers are read as [`parse`] reads them, so that a real third decimal is refused.
///
/// # Errors
///
/// [`ScaleError`] says why the text does not fit.
pub fn parse_double(text: &str, places: u8) -> Result<i64, ScaleError> {
    let number = Number::split(text).ok_or(ScaleError::NotANumber)?;
    match number.scaled(places) {
        Err(refused @ ScaleError::TooManyDecimals { .. }) => {
            number.nearest(places).unwrap_or(Err(refused))
        }
        read => read,
    }
}

/// A millionth is this number of decimals.
const NOISE_DECIMALS: usize = 6;

/// The parts of a JSON number.
struct Number<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i32,
}

impl<'a> Number<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent_of(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !digits(whole) || !digits(fraction) {
            return None;
        }
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        Some(Self {
            negative,
            whole,
            fraction,
            exponent,
        })
    }

    fn scaled(&self, places: u8) -> Result<i64, ScaleError> {
        let digits = || self.whole.bytes().chain(self.fraction.bytes());
        let fraction_len = i64::try_from(self.fraction.len()).map_err(|_| ScaleError::TooLarge)?;
        let trailing_zeros =
            i64::try_from(digits().rev().take_while(|digit| *digit == b'0').count())
                .map_err(|_| ScaleError::TooLarge)?;
        let count = i64::try_from(digits().count()).map_err(|_| ScaleError::TooLarge)?;
        if trailing_zeros == count {
            return Ok(0);
        }
        let minus = |a: i64, b: i64| a.checked_sub(b).ok_or(ScaleError::TooLarge);
        // The decimals of the value without trailing zeros; negative if the whole part ends in zeros.
        let decimals = minus(
            minus(fraction_len, trailing_zeros)?,
            i64::from(self.exponent),
        )?;
        if decimals > i64::from(places) {
            return Err(ScaleError::TooManyDecimals {
                given: u8::try_from(decimals).unwrap_or(u8::MAX),
                allowed: places,
            });
        }
        let significant =
            usize::try_from(minus(count, trailing_zeros)?).map_err(|_| ScaleError::TooLarge)?;
        let mut value = self.first_digits(significant).ok_or(ScaleError::TooLarge)?;
        for _ in 0..minus(i64::from(places), decimals)? {
            value = push_digit(value, 0).ok_or(ScaleError::TooLarge)?;
        }
        Ok(value)
    }

    /// The integer of this scale that is less than a millionth away; `None` if there is none.
    fn nearest(&self, places: u8) -> Option<Result<i64, ScaleError>> {
        let digits = || self.whole.bytes().chain(self.fraction.bytes());
        let whole_len = i64::try_from(self.whole.len()).ok()?;
        // How many of the digits are not behind the last place. A negative number means zeros between the last place and the first digit.
        let kept = whole_len
            .checked_add(i64::from(self.exponent))?
            .checked_add(i64::from(places))?;
        let zeros = usize::try_from(kept.checked_neg()?).unwrap_or(0);
        let kept = usize::try_from(kept).unwrap_or(0);
        let excess = || core::iter::repeat_n(b'0', zeros).chain(digits().skip(kept));
        let first = |digit| {
            let same = excess().take_while(|found| *found == digit);
            same.take(NOISE_DECIMALS).count() == NOISE_DECIMALS
        };
        if first(b'0') {
            Some(self.first_digits(kept).ok_or(ScaleError::TooLarge))
        } else if first(b'9') && excess().skip(NOISE_DECIMALS).any(|digit| digit != b'0') {
            let one_more = if self.negative { -1 } else { 1 };
            let value = self.first_digits(kept);
            let value = value.and_then(|value| value.checked_add(one_more));
            Some(value.ok_or(ScaleError::TooLarge))
        } else {
            None
        }
    }

    /// The number that the first digits make, with the sign; `None` if it is too large.
    fn first_digits(&self, count: usize) -> Option<i64> {
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        digits.take(count).try_fold(0, |value, digit| {
            let digit = i64::from(digit.wrapping_sub(b'0'));
            // A negative number is built from negative digits, because the smallest value has no positive counterpart.
            push_digit(
                value,
                if self.negative {
                    digit.wrapping_neg()
                } else {
                    digit
                },
            )
        })
    }
}

fn push_digit(value: i64, digit: i64) -> Option<i64> {
    value.checked_mul(10)?.checked_add(digit)
}

fn exponent_of(text: &str) -> Option<i32> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // An exponent with more digits gives the same error as this value.
    let magnitude = digits.parse::<i32>().unwrap_or(1_000_000).min(1_000_000);
    if text.starts_with('-') {
        magnitude.checked_neg()
    } else {
        Some(magnitude)
    }
}

#[cfg(test)]
mod tests {
    use super::{ScaleError, parse, parse_double};

    #[test]
    fn text_becomes_an_exact_integer() {
        for (text, places, value) in [
            ("8.10", 2, 810),
            ("8.1", 2, 810),
            ("8", 2, 800),
            ("-15.00", 2, -1500),
            ("0.000", 2, 0),
            ("-0", 2, 0),
            ("2", 3, 2000),
            ("1e2", 2, 10_000),
            ("810E-2", 2, 810),
            ("8.1000000", 2, 810),
            ("0e999999999999", 2, 0),
            ("92233720368547758.07", 2, i64::MAX),
        ] {
            assert_eq!(parse(text, places), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_its_reason() {
        let decimals = |given, allowed| Err(ScaleError::TooManyDecimals { given, allowed });
        for (text, places, verdict) in [
            ("8.105", 2, decimals(3, 2)),
            ("1e-3", 2, decimals(3, 2)),
            ("92233720368547758.08", 2, Err(ScaleError::TooLarge)),
            ("1e30", 2, Err(ScaleError::TooLarge)),
            ("", 2, Err(ScaleError::NotANumber)),
            ("-", 2, Err(ScaleError::NotANumber)),
            ("1.", 2, Err(ScaleError::NotANumber)),
            (".5", 2, Err(ScaleError::NotANumber)),
            ("01", 2, Err(ScaleError::NotANumber)),
            ("1,5", 2, Err(ScaleError::NotANumber)),
            ("+1", 2, Err(ScaleError::NotANumber)),
            ("1e", 2, Err(ScaleError::NotANumber)),
            ("NaN", 2, Err(ScaleError::NotANumber)),
        ] {
            assert_eq!(parse(text, places), verdict, "{text}");
        }
    }

    #[test]
    fn the_noise_of_floating_point_is_read_as_the_number_that_was_meant() {
        for (text, places, value) in [
            ("24.299999999999997", 2, 2430),
            ("-24.299999999999997", 2, -2430),
            ("8.100000000000001", 2, 810),
            ("0.30000000000000004", 2, 30),
            ("2.4299999999999997e1", 2, 2430),
            ("0.0000000000000001", 2, 0),
            ("1e-17", 2, 0),
            ("-1.4210854715202004e-14", 2, 0),
            ("5e-324", 2, 0),
            ("0.9999999999999999", 0, 1),
            ("9.9999999999999995", 2, 1000),
            ("0.12300000099", 3, 123),
            ("0.12299999901", 3, 123),
            ("8.10", 2, 810),
            ("92233720368547758.0699999999", 2, i64::MAX),
        ] {
            assert_eq!(parse_double(text, places), Ok(value), "{text}");
        }
    }

    #[test]
    fn a_real_decimal_too_many_is_no_noise() {
        let decimals = |given, allowed| Err(ScaleError::TooManyDecimals { given, allowed });
        for (text, places, verdict) in [
            ("8.105", 2, decimals(3, 2)),
            ("8.109", 2, decimals(3, 2)),
            // Exactly a millionth of the last place, from both sides.
            ("8.10000001", 2, decimals(8, 2)),
            ("8.10999999", 2, decimals(8, 2)),
            ("1e-8", 2, decimals(8, 2)),
            ("8.10999998999999", 2, decimals(14, 2)),
            ("92233720368547758.0799999999", 2, Err(ScaleError::TooLarge)),
            ("-", 2, Err(ScaleError::NotANumber)),
        ] {
            assert_eq!(parse_double(text, places), verdict, "{text}");
        }
    }
}

//! Scaled decimals in and out: exact, total, and never a float.

use core::fmt;

/// A decimal number as an integer and the count of its decimals, for printing: `Decimal::new(-615, 2)` prints `-6.15`.
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
        if self.value < 0 {
            f.write_str("-")?;
        }
        let magnitude = self.value.unsigned_abs();
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

/// Why a decimal text could not become a scaled integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleError {
    /// Not a decimal number.
    NotANumber,
    /// More decimals than the scale holds, and not only zeros.
    TooManyDecimals {
        /// Decimals given, trailing zeros not counted.
        given: u8,
        /// Decimals that fit.
        allowed: u8,
    },
    /// Outside of what the scaled integer can hold.
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

/// What did not fit, who was to take it, and what would fit: `8.105 has three decimals; MDL allows two`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleFault<'t> {
    given: Given<'t>,
    unit: Unit,
    error: ScaleError,
}

/// What was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given<'t> {
    Text(&'t str),
    Scaled(Decimal),
}

/// Who was to take it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// Its name in a sentence: `MDL`, `a quantity`.
    pub(crate) name: &'static str,
    /// Decimals that it takes.
    pub(crate) places: u8,
    /// The smallest value that it takes.
    pub(crate) min: i64,
    /// The largest value that it takes.
    pub(crate) max: i64,
}

impl ScaleFault<'_> {
    /// Why, without the words.
    #[must_use]
    pub const fn error(&self) -> ScaleError {
        self.error
    }
}

impl Unit {
    /// Reads decimal text.
    pub(crate) fn read(self, text: &str) -> Result<i64, ScaleFault<'_>> {
        self.hold(parse(text, self.places), Given::Text(text))
    }

    /// Takes an integer that is scaled by ten to the power of `places`.
    pub(crate) fn take(self, value: i64, places: u8) -> Result<i64, ScaleFault<'static>> {
        let given = Given::Scaled(Decimal::new(value, places));
        self.hold(rescale(value, places, self.places), given)
    }

    /// Gives its integer in another scale.
    pub(crate) fn give(self, value: i64, places: u8) -> Result<i64, ScaleFault<'static>> {
        rescale(value, self.places, places).map_err(|error| ScaleFault {
            given: Given::Scaled(Decimal::new(value, self.places)),
            unit: Self {
                name: "the scale asked for",
                places,
                min: i64::MIN,
                max: i64::MAX,
            },
            error,
        })
    }

    fn hold(self, value: Result<i64, ScaleError>, given: Given<'_>) -> Result<i64, ScaleFault<'_>> {
        let in_range = |value: i64| {
            if (self.min..=self.max).contains(&value) {
                Ok(value)
            } else {
                Err(ScaleError::TooLarge)
            }
        };
        value.and_then(in_range).map_err(|error| ScaleFault {
            given,
            unit: self,
            error,
        })
    }
}

impl fmt::Display for ScaleFault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.given {
            Given::Text("") => f.write_str("an empty text")?,
            Given::Text(text) => match text.char_indices().nth(GIVEN_SHOWN_MAX) {
                // A text of a megabyte is named, not repeated.
                Some((end, _)) => write!(f, "{}…", text.get(..end).unwrap_or_default())?,
                None => f.write_str(text)?,
            },
            Given::Scaled(decimal) => write!(f, "{decimal}")?,
        }
        let Unit {
            name,
            places,
            min,
            max,
        } = self.unit;
        match self.error {
            ScaleError::NotANumber => write!(
                f,
                " is not a decimal number; {name} is written like {}",
                Decimal::new(example(places), places)
            ),
            ScaleError::TooManyDecimals { given, allowed } => {
                let noun = if given == 1 { "decimal" } else { "decimals" };
                let allowed = Count(Some(allowed).filter(|allowed| *allowed > 0));
                let given = Count(Some(given));
                write!(f, " has {given} {noun}; {name} allows {allowed}")
            }
            ScaleError::TooLarge => write!(
                f,
                " is out of range; {name} goes from {} to {}",
                Decimal::new(min, places),
                Decimal::new(max, places)
            ),
        }
    }
}

impl core::error::Error for ScaleFault<'_> {}

/// A count in words up to nine, as a sentence has it.
struct Count(Option<u8>);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const WORDS: [&str; 10] = [
            "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
        ];
        match self.0 {
            None => f.write_str("none"),
            Some(count) => match WORDS.get(usize::from(count)) {
                Some(word) => f.write_str(word),
                None => write!(f, "{count}"),
            },
        }
    }
}

/// Characters of a given text that a message repeats.
const GIVEN_SHOWN_MAX: usize = 40;

/// A number to show how one is written: `8.10`, `8.100`.
fn example(places: u8) -> i64 {
    rescale(81, 1, places.max(1))
        .ok()
        .filter(|_| places > 0)
        .unwrap_or(8)
}

/// An integer scaled by ten to the power of `from` as one scaled by ten to the power of `to`, exactly: `(8100, 3, 2)` is `810`.
///
/// # Errors
///
/// [`ScaleError::TooManyDecimals`] where digits would be lost, [`ScaleError::TooLarge`] where the result does not fit.
pub fn rescale(value: i64, from: u8, to: u8) -> Result<i64, ScaleError> {
    if value == 0 {
        return Ok(0);
    }
    let (mut value, mut places) = (value, from);
    while places > to {
        // Trailing zeros are gone by the time that a digit is in the way, so that the count is what the number needs.
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

/// Reads decimal text as an integer scaled by ten to the power of `places`: `("8.1", 2)` is `810`.
///
/// The syntax is that of a JSON number, exponent included (`8.1e0`, `810E-2`), because callers write numbers that way;
/// the value is exact, and decimals beyond `places` are refused unless they are zeros.
///
/// # Errors
///
/// [`ScaleError`] says what was given and what would fit.
pub fn parse(text: &str, places: u8) -> Result<i64, ScaleError> {
    let number = Number::split(text).ok_or(ScaleError::NotANumber)?;
    number.scaled(places)
}

/// A JSON number taken apart.
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
        // Decimals of the value, trailing zeros not counted; negative where the number ends in zeros before the point.
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
        let mut value: i64 = 0;
        for digit in digits().take(significant) {
            let digit = i64::from(digit.wrapping_sub(b'0'));
            // Built on its own side of zero, because the smallest value has no opposite.
            let digit = if self.negative {
                digit.wrapping_neg()
            } else {
                digit
            };
            value = push_digit(value, digit).ok_or(ScaleError::TooLarge)?;
        }
        for _ in 0..minus(i64::from(places), decimals)? {
            value = push_digit(value, 0).ok_or(ScaleError::TooLarge)?;
        }
        Ok(value)
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
    // An exponent this long is out of range either way; saturating keeps the sign of the verdict.
    let magnitude = digits.parse::<i32>().unwrap_or(1_000_000).min(1_000_000);
    if text.starts_with('-') {
        magnitude.checked_neg()
    } else {
        Some(magnitude)
    }
}

#[cfg(test)]
mod tests {
    use super::{Decimal, ScaleError, parse, rescale};
    use crate::{Currency, Quantity, tax::TaxRate};

    extern crate std;
    use std::string::ToString;

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
    fn an_integer_becomes_text_with_all_its_decimals() {
        for (value, places, text) in [
            (1858, 2, "18.58"),
            (-5, 2, "-0.05"),
            (0, 2, "0.00"),
            (7, 0, "7"),
            (2000, 3, "2.000"),
            (i64::MIN, 2, "-92233720368547758.08"),
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

    #[test]
    fn a_scale_fault_names_what_was_given_and_what_would_fit() {
        let said = |fault: super::ScaleFault<'_>| fault.to_string();
        let long = "9".repeat(100);
        for (sentence, words) in [
            (
                Currency::MDL.read("8.105").map_err(said).unwrap_err(),
                "8.105 has three decimals; MDL allows two",
            ),
            (
                Currency::MDL.amount_of(8105, 3).map_err(said).unwrap_err(),
                "8.105 has three decimals; MDL allows two",
            ),
            (
                Currency::EUR.read("8,10").map_err(said).unwrap_err(),
                "8,10 is not a decimal number; EUR is written like 8.10",
            ),
            (
                Currency::UAH.read("").map_err(said).unwrap_err(),
                "an empty text is not a decimal number; UAH is written like 8.10",
            ),
            (
                Quantity::read("0.12345").map_err(said).unwrap_err(),
                "0.12345 has five decimals; a quantity allows three",
            ),
            (
                TaxRate::read("-1").map_err(said).unwrap_err(),
                "-1 is out of range; a rate goes from 0.0000 to 100.0000",
            ),
            (
                TaxRate::read("4.90001").map_err(said).unwrap_err(),
                "4.90001 has five decimals; a rate allows four",
            ),
            (
                Quantity::from_thousandths(1)
                    .scaled(2)
                    .map_err(said)
                    .unwrap_err(),
                "0.001 has three decimals; the scale asked for allows two",
            ),
            (
                Currency::MDL.read(&long).map_err(said).unwrap_err(),
                "9999999999999999999999999999999999999999… is out of range; \
                 MDL goes from -92233720368547758.08 to 92233720368547758.07",
            ),
        ] {
            assert_eq!(sentence, words);
        }
    }

    #[test]
    fn in_and_out_comes_round() {
        for minor in [0, 1, -1, 99, 810, -1500, i64::MAX, i64::MIN] {
            let amount = crate::Amount::from_minor(minor);
            let text = amount.display(Currency::MDL).to_string();
            assert_eq!(Currency::MDL.read(&text), Ok(amount));
            if let Ok(wide) = amount.scaled(Currency::MDL, 3) {
                assert_eq!(Currency::MDL.amount_of(wide, 3), Ok(amount));
            }
        }
        for rate in [0, 1, 49_000, 200_000, 1_000_000] {
            let rate = TaxRate::from_ten_thousandths(rate).unwrap();
            assert_eq!(TaxRate::read(&rate.display().to_string()), Ok(rate));
        }
        assert_eq!(TaxRate::from_scaled(2000, 2), TaxRate::read("20.00"));
        assert_eq!(TaxRate::read("20").unwrap().scaled(2), Ok(2000));
    }
}

//! A currency, a quantity or a rate as a unit of numbers, with its decimals and range, and the message for a number that does not fit.

use core::fmt;

use super::text::parse;
use super::{Decimal, ScaleError, rescale};

/// A unit that numbers are read in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit {
    /// The name of the unit in a sentence: `MDL`, `a quantity`.
    pub(crate) name: &'static str,
    /// The number of decimals of the unit.
    pub(crate) places: u8,
    /// The smallest value in this unit.
    pub(crate) min: i64,
    /// The largest value in this unit.
    pub(crate) max: i64,
}

impl Unit {
    /// Reads decimal text as a value of this unit.
    pub(crate) fn read(self, text: &str) -> Result<i64, ScaleFault<'_>> {
        self.check(parse(text, self.places), Given::Text(text))
    }

    /// Converts an integer that is scaled by ten to the power of `places` to a value of this unit.
    pub(crate) fn read_scaled(self, value: i64, places: u8) -> Result<i64, ScaleFault<'static>> {
        let given = Given::Scaled(Decimal::new(value, places));
        self.check(rescale(value, places, self.places), given)
    }

    /// Converts a value of this unit to an integer that is scaled by ten to the power of `places`.
    pub(crate) fn write_scaled(self, value: i64, places: u8) -> Result<i64, ScaleFault<'static>> {
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

    fn check(
        self,
        value: Result<i64, ScaleError>,
        given: Given<'_>,
    ) -> Result<i64, ScaleFault<'_>> {
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

/// The message for a number that does not fit: the given number and the reason, such as `8.105 has three decimals; MDL allows
/// two`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScaleFault<'t> {
    given: Given<'t>,
    unit: Unit,
    error: ScaleError,
}

/// The number that was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Given<'t> {
    Text(&'t str),
    Scaled(Decimal),
}

impl ScaleFault<'_> {
    /// The cause of the fault, without the given number.
    #[must_use]
    pub const fn error(&self) -> ScaleError {
        self.error
    }
}

impl fmt::Display for ScaleFault<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.given {
            Given::Text("") => f.write_str("an empty text")?,
            Given::Text(text) => match text.char_indices().nth(GIVEN_SHOWN_MAX) {
                // Only the beginning of a long given text is repeated.
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

/// A count for a message, written as a word up to nine.
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

/// How many characters of the given text a message repeats at most.
const GIVEN_SHOWN_MAX: usize = 40;

/// The value whose text is the example of how a number is written: `8.10`, `8.100`.
fn example(places: u8) -> i64 {
    rescale(81, 1, places.max(1))
        .ok()
        .filter(|_| places > 0)
        .unwrap_or(8)
}

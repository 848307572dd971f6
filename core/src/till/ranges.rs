//! The ranges of numbers for alternative receipts: which number comes next, and which ranges a configuration may have.

use serde::{Deserialize, Serialize};

use super::Till;
use crate::event::{Adopted, Configuration, NumberRange, RANGES_MAX};
use crate::numbers::{FiscalNumbers, Supply};
use crate::refusal::Refusal;
use crate::seal::{PrintedNumber, Seal};

/// A range of numbers, and how far it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeUse {
    /// The range of numbers.
    pub range: NumberRange,
    /// The number that comes next; one more than the last number once the range is used up.
    pub next: u32,
}

impl RangeUse {
    /// The count of numbers that are left in the range.
    #[must_use]
    pub fn left(&self) -> u64 {
        u64::from(self.range.end)
            .saturating_add(1)
            .saturating_sub(u64::from(self.next))
    }

    /// Whether few or no numbers are left; `threshold` is where "few" begins.
    #[must_use]
    pub fn supply(&self, threshold: u64) -> Supply {
        Supply::of(self.left(), threshold)
    }
}

impl Till {
    /// The count of numbers for alternative receipts that are left in the ranges of the configuration in force.
    #[must_use]
    pub fn alternative_numbers_left(&self) -> u64 {
        self.range_uses
            .iter()
            .filter(|range_use| self.configuration.ranges.contains(&range_use.range))
            .fold(0, |sum: u64, range_use| {
                sum.saturating_add(range_use.left())
            })
    }

    /// Whether few or no numbers for alternative receipts are left; `threshold` is where "few" begins.
    #[must_use]
    pub fn alternative_supply(&self, threshold: u64) -> Supply {
        Supply::of(self.alternative_numbers_left(), threshold)
    }

    /// The fiscal numbers that the authority has reserved for the number under which it knows the device.
    #[must_use]
    pub const fn fiscal_numbers(&self) -> &FiscalNumbers {
        self.fiscal_numbers.numbers()
    }

    /// Counts the pools of fiscal numbers of this till, from 0: another number of the device towards the authority has another pool. A
    /// request for numbers is made for one pool.
    #[must_use]
    pub const fn fiscal_number_pool(&self) -> u32 {
        self.fiscal_numbers.ordinal()
    }

    /// The seal of the next alternative receipt: with the next number of the first range that has one, or with the wanted number.
    ///
    /// A wanted number must be the next one of its range, or lie outside of every range of the till. Whether a number outside was used
    /// before only the data folder knows ([`Known::number_taken`](super::Known::number_taken)).
    ///
    /// # Errors
    ///
    /// [`Refusal::RangesUsedUp`], [`Refusal::NumberNotInRange`], [`Refusal::NumberNotNext`], [`Refusal::NoAlternativeReceipts`].
    pub fn next_alternative<'a>(
        &'a self,
        wanted: Option<PrintedNumber<'a>>,
    ) -> Result<Seal<'a>, Refusal> {
        if !self.configuration.alternative_receipts {
            return Err(Refusal::NoAlternativeReceipts);
        }
        let mut in_force = self
            .range_uses
            .iter()
            .filter(|range_use| self.configuration.ranges.contains(&range_use.range));
        let Some(wanted) = wanted else {
            let free = in_force
                .find(|range_use| range_use.left() > 0)
                .ok_or(Refusal::RangesUsedUp)?;
            return Ok(Seal::Range {
                series: &free.range.series,
                number: free.next,
                number_length: free.range.number_length,
            });
        };
        let alone = NumberRange::of(&wanted).ok_or(Refusal::NumberNotInRange)?;
        if let Some(range_use) = in_force.find(|known| known.range.shares_a_number_with(&alone)) {
            let NumberRange {
                series,
                number_length,
                ..
            } = &range_use.range;
            if range_use.left() == 0 {
                return Err(Refusal::NumberNotInRange);
            }
            let next = range_use.next;
            if (series, next, *number_length) != (&alone.series, alone.start, alone.number_length) {
                return Err(Refusal::NumberNotNext { next });
            }
        }
        Ok(Seal::Range {
            series: wanted.series,
            number: wanted.number,
            number_length: wanted.number_length,
        })
    }

    /// The number that comes next in each range of a configuration.
    ///
    /// `folder_next` is what the data folder knows, over all its devices. Without it, the till's own memory decides.
    ///
    /// # Errors
    ///
    /// [`Refusal::ConfigurationInvalid`] if a number could be given out twice: two ranges have numbers in common, a range that is in
    /// force begins elsewhere among its used numbers (without `folder_next`), or a range has no last number.
    pub(super) fn next_of_ranges(
        &self,
        configuration: &Configuration,
        folder_next: Option<&[u32]>,
    ) -> Result<heapless::Vec<u32, RANGES_MAX>, Refusal> {
        let ranges = &configuration.ranges;
        let mut next = heapless::Vec::new();
        for (index, range) in ranges.iter().enumerate() {
            // A range is used up when the next number is one more than its last, so that number must be representable.
            let twice = ranges
                .iter()
                .take(index)
                .any(|earlier| earlier.shares_a_number_with(range));
            if range.start > range.end || range.end == u32::MAX || twice {
                return Err(Refusal::ConfigurationInvalid);
            }
            let number = match folder_next {
                None => self.remembered_next(range)?,
                Some(next) => *next.get(index).ok_or(Refusal::ConfigurationInvalid)?,
            };
            // The number may lie behind a range that has become shorter than what is used of it. Such a range is used up.
            next.push(number)
                .map_err(|_| Refusal::ConfigurationInvalid)?;
        }
        Ok(next)
    }

    /// The next number of a range as far as the till remembers it; the first number for a range that it does not know.
    ///
    /// A range is identified by its series and first number, and its end may change. A different range with numbers that are used
    /// could give a used number again.
    fn remembered_next(&self, range: &NumberRange) -> Result<u32, Refusal> {
        let mut next = range.start;
        for known in &self.range_uses {
            if known.range.series == range.series && known.range.start == range.start {
                next = next.max(known.next);
                continue;
            }
            let used = NumberRange {
                end: known.next.saturating_sub(1),
                ..known.range.clone()
            };
            if known.next > known.range.start && used.shares_a_number_with(range) {
                return Err(Refusal::ConfigurationInvalid);
            }
        }
        Ok(next)
    }

    pub(super) fn adopt(&mut self, adopted: &Adopted) {
        let Adopted {
            configuration,
            next,
        } = adopted;
        if next.len() == configuration.ranges.len() {
            let before = core::mem::take(&mut self.range_uses);
            for (range, next) in configuration.ranges.iter().zip(next) {
                // A range of which numbers may be lost stays used up, although the folder knows of no document with its last number.
                let used_up = before.iter().find(|known| {
                    let same = |one: &NumberRange| (one.series.clone(), one.start);
                    same(&known.range) == same(range) && known.next > known.range.end
                });
                let next = used_up.map_or(*next, |known| known.next.max(*next));
                // The list has more places than a configuration has ranges.
                self.range_uses
                    .push(RangeUse {
                        range: range.clone(),
                        next,
                    })
                    .unwrap_or(());
            }
        } else {
            self.adopt_version_1(configuration);
        }
        self.configuration = configuration.clone();
    }

    /// Adopts a configuration as version 1 did: the till remembers every range that it ever had.
    fn adopt_version_1(&mut self, configuration: &Configuration) {
        for range in &configuration.ranges {
            let known = self.range_uses.iter_mut().find(|range_use| {
                range_use.range.series == range.series && range_use.range.start == range.start
            });
            match known {
                Some(range_use) => range_use.range = range.clone(),
                // A till of version 1 adopted no range for which this list had no place.
                None => self
                    .range_uses
                    .push(RangeUse {
                        range: range.clone(),
                        next: range.start,
                    })
                    .unwrap_or(()),
            }
        }
    }
}

impl NumberRange {
    /// The range that has this number alone; `None` if its series is longer than that of a range can be.
    #[must_use]
    pub fn of(number: &PrintedNumber<'_>) -> Option<Self> {
        Some(Self {
            series: number.series.parse().ok()?,
            start: number.number,
            end: number.number,
            number_length: number.number_length,
        })
    }

    /// Whether a number of this range is also a number of another range, or is printed with the same text as one.
    ///
    /// A number is printed as its series and its digits, with zeros in front up to `number_length`. So `ABC` 10000001 with eight
    /// digits and `ABC1` 1 with seven digits have the same text.
    #[must_use]
    pub fn shares_a_number_with(&self, other: &Self) -> bool {
        let (short, long) = if self.series.len() <= other.series.len() {
            (self, other)
        } else {
            (other, self)
        };
        let Some(digits) = long.series.strip_prefix(short.series.as_str()) else {
            return false;
        };
        if digits.is_empty() {
            return short.start <= long.end && long.start <= short.end;
        }
        let printed_length = |range: &Self| {
            range
                .series
                .len()
                .saturating_add(usize::from(range.number_length))
        };
        if printed_length(short) != printed_length(long) {
            return false;
        }
        // The first digits of the longer series, as a number of the shorter one.
        let Ok(leading) = digits.parse::<u64>() else {
            return false;
        };
        let base = 10_u64
            .checked_pow(u32::from(long.number_length))
            .and_then(|power| power.checked_mul(leading));
        let Some(base) = base else {
            return false;
        };
        let of_short = (u64::from(short.start), u64::from(short.end));
        let of_long = (
            base.saturating_add(u64::from(long.start)),
            base.saturating_add(u64::from(long.end)),
        );
        of_short.0 <= of_long.1 && of_long.0 <= of_short.1
    }
}

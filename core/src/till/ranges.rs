//! The ranges of numbers for alternative receipts: which number comes next, and which ranges a configuration may have.

use serde::{Deserialize, Serialize};

use super::Till;
use crate::event::{Configuration, NumberRange};
use crate::numbers::{FiscalNumbers, Supply};
use crate::refusal::Refusal;
use crate::seal::Seal;

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

    /// The fiscal numbers that the authority has reserved for this till.
    #[must_use]
    pub const fn fiscal_numbers(&self) -> &FiscalNumbers {
        &self.fiscal_numbers
    }

    /// The seal of the next alternative receipt: with the next number of the first range that has one, or with the wanted series and number.
    ///
    /// # Errors
    ///
    /// [`Refusal::RangesUsedUp`], [`Refusal::NumberNotInRange`], [`Refusal::NumberNotNext`], [`Refusal::NoAlternativeReceipts`].
    pub fn next_alternative(&self, wanted: Option<(&str, u32)>) -> Result<Seal<'_>, Refusal> {
        if !self.configuration.alternative_receipts {
            return Err(Refusal::NoAlternativeReceipts);
        }
        let mut free = self.range_uses.iter().filter(|range_use| {
            range_use.next <= range_use.range.end
                && self.configuration.ranges.contains(&range_use.range)
        });
        let range_use = match wanted {
            None => free.next().ok_or(Refusal::RangesUsedUp)?,
            Some((series, number)) => {
                let range_use = free
                    .find(|range_use| {
                        range_use.range.series == series
                            && (range_use.range.start..=range_use.range.end).contains(&number)
                    })
                    .ok_or(Refusal::NumberNotInRange)?;
                if range_use.next != number {
                    return Err(Refusal::NumberNotNext {
                        next: range_use.next,
                    });
                }
                range_use
            }
        };
        Ok(Seal::Range {
            series: &range_use.range.series,
            number: range_use.next,
            number_length: range_use.range.number_length,
        })
    }

    pub(super) fn check_configuration(&self, configuration: &Configuration) -> Result<(), Refusal> {
        let overlaps = configuration
            .ranges
            .iter()
            .enumerate()
            .any(|(index, range)| {
                // A range is used up when `next` is one more than its last number, so that number must be representable.
                range.start > range.end
                    || range.end == u32::MAX
                    || configuration.ranges.iter().take(index).any(|earlier| {
                        earlier.series == range.series
                            && earlier.start <= range.end
                            && range.start <= earlier.end
                    })
            });
        let same = |range: &NumberRange, range_use: &RangeUse| {
            range_use.range.series == range.series && range_use.range.start == range.start
        };
        let is_new = |range: &NumberRange| {
            !self
                .range_uses
                .iter()
                .any(|range_use| same(range, range_use))
        };
        let new_ranges = configuration
            .ranges
            .iter()
            .filter(|range| is_new(range))
            .count();
        let room = self
            .range_uses
            .capacity()
            .saturating_sub(self.range_uses.len());
        let cut = configuration.ranges.iter().any(|range| {
            self.range_uses.iter().any(|range_use| {
                let used = range_use.range.start..range_use.next;
                range_use.range.series == range.series
                    && !same(range, range_use)
                    && !used.is_empty()
                    && range.start < used.end
                    && used.start <= range.end
            })
        });
        // A range is identified by its series and first number, and its end may change. A different range that contains used
        // numbers could give a used number again.
        if overlaps || cut || new_ranges > room {
            Err(Refusal::ConfigurationInvalid)
        } else {
            Ok(())
        }
    }

    pub(super) fn adopt(&mut self, configuration: &Configuration) {
        for range in &configuration.ranges {
            let known = self.range_uses.iter_mut().find(|range_use| {
                range_use.range.series == range.series && range_use.range.start == range.start
            });
            match known {
                Some(range_use) => range_use.range = range.clone(),
                // `check_configuration` has checked that the list has room for the range.
                None => self
                    .range_uses
                    .push(RangeUse {
                        range: range.clone(),
                        next: range.start,
                    })
                    .unwrap_or(()),
            }
        }
        self.configuration = configuration.clone();
    }
}

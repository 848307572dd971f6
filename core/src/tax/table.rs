//! The table of the tax groups in force, with dated rates.

use serde::{Deserialize, Serialize};

use super::{Bucket, TaxCode, TaxGroup, TaxRate};
use crate::time::Day;

/// The largest number of tax groups of a device.
pub const TAX_GROUPS_MAX: usize = 8;
/// The largest number of dated rates of a tax group.
pub const RATES_MAX: usize = 4;

/// A rate and the first day on which it applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedRate {
    /// The first day on which the rate applies.
    pub from: Day,
    /// The tax rate.
    pub rate: TaxRate,
}

/// A tax group of the table: a letter, its legal bucket, and its rates in the order of their days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxEntry {
    code: TaxCode,
    bucket: Bucket,
    rates: heapless::Vec<DatedRate, RATES_MAX>,
}

impl TaxEntry {
    /// An entry, or `None` if there are no rates or more than four, if the days do not ascend,
    /// or if a rate is above zero in a bucket without tax.
    #[must_use]
    pub fn new(code: TaxCode, bucket: Bucket, rates: &[DatedRate]) -> Option<Self> {
        let ascend = rates
            .iter()
            .zip(rates.iter().skip(1))
            .all(|(earlier, later)| earlier.from < later.from);
        let fits = bucket.is_taxed() || rates.iter().all(|dated| dated.rate.is_zero());
        if rates.is_empty() || !ascend || !fits {
            return None;
        }
        let rates = heapless::Vec::from_slice(rates).ok()?;
        Some(Self {
            code,
            bucket,
            rates,
        })
    }

    /// The letter of the tax group.
    #[must_use]
    pub const fn code(&self) -> TaxCode {
        self.code
    }

    /// The legal bucket of the tax group.
    #[must_use]
    pub const fn bucket(&self) -> Bucket {
        self.bucket
    }

    /// The rates of the tax group, in the order of their days.
    #[must_use]
    pub fn rates(&self) -> &[DatedRate] {
        &self.rates
    }

    /// The tax group with the rate of a day; `None` before the day of the first rate.
    #[must_use]
    pub fn on(&self, day: Day) -> Option<TaxGroup> {
        let in_force = self.rates.iter().rev().find(|dated| dated.from <= day)?;
        Some(TaxGroup {
            code: self.code,
            rate: in_force.rate,
            bucket: self.bucket,
        })
    }
}

/// The tax groups in force, at most eight, because a fiscal printer has eight.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxTable(heapless::Vec<TaxEntry, TAX_GROUPS_MAX>);

impl TaxTable {
    /// A table of groups whose rates apply on every day, or `None` if there are more than eight groups, a letter is used twice,
    /// or a rate is above zero in a bucket without tax.
    #[must_use]
    pub fn new(groups: &[TaxGroup]) -> Option<Self> {
        Self::dated(groups.iter().map(|group| {
            let always = DatedRate {
                from: Day::FIRST,
                rate: group.rate,
            };
            TaxEntry::new(group.code, group.bucket, &[always])
        }))
    }

    /// A table, or `None` if there are more than eight entries, a letter is used twice, or an entry is `None`.
    pub fn dated(entries: impl Iterator<Item = Option<TaxEntry>>) -> Option<Self> {
        let mut table = heapless::Vec::<TaxEntry, TAX_GROUPS_MAX>::new();
        for entry in entries {
            let entry = entry?;
            if table.iter().any(|present| present.code == entry.code) {
                return None;
            }
            table.push(entry).ok()?;
        }
        Some(Self(table))
    }

    /// The entry of this letter in the table.
    #[must_use]
    pub fn entry(&self, code: TaxCode) -> Option<&TaxEntry> {
        self.0.iter().find(|entry| entry.code == code)
    }

    /// The only entry of the table; `None` if it has more than one, or none.
    #[must_use]
    pub fn only(&self) -> Option<&TaxEntry> {
        match self.0.as_slice() {
            [entry] => Some(entry),
            _ => None,
        }
    }

    /// The tax group of a letter, with the rate of a day.
    #[must_use]
    pub fn group(&self, code: TaxCode, day: Day) -> Option<TaxGroup> {
        self.entry(code)?.on(day)
    }

    /// The entries in the order of the table.
    pub fn entries(&self) -> impl Iterator<Item = &TaxEntry> {
        self.0.iter()
    }
}

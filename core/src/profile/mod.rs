//! The country seam: what a country's law allows, demands and seals.
//!
//! A country is one file here, listed in [`by_code`]. Countries are named nowhere else in the core.

pub mod at;
mod md;
mod ua;

use crate::amount::{Amount, Currency};
use crate::budget::Budget;
use crate::quantity::Quantity;
use crate::refusal::Refusal;
use crate::rounding::Rounding;
use crate::tax::{Bucket, DatedRate, TaxCode, TaxEntry, TaxRate, TaxRounding, TaxTable};
use crate::time::Day;

pub use at::AUSTRIA;
pub use md::MOLDOVA;
pub use ua::UKRAINE;

/// Who makes a receipt legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealPlan {
    /// A fiscal printer, with its fiscal memory.
    Printer,
    /// A signature over the receipt's text, chained to the one before.
    Signature,
    /// A fiscal number: the office's answer, or the next one of a reserved range while it cannot be reached.
    FiscalNumber,
}

/// A tax group that a country's law knows, as a default: the table in force comes from the configuration.
#[derive(Clone, Copy, Debug)]
pub struct DefaultGroup {
    /// The letter that it usually has.
    pub code: TaxCode,
    /// Its legal bucket.
    pub bucket: Bucket,
    /// Its rates, in the order of their days.
    pub rates: &'static [DatedRate],
}

/// How a sum in cash is rounded where the smallest coins are gone, and what the line of the difference is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CashRounding {
    /// The rule; its step is the smallest sum that cash can pay.
    pub rule: Rounding,
    /// The name of the line.
    pub name: &'static str,
    /// The first day that it is the law.
    pub from: Day,
}

/// What of a country is data: limits, rounding and defaults.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// ISO 3166 code.
    pub code: &'static str,
    /// The currency of its receipts.
    pub currency: Currency,
    /// How a product, a percentage and a tax are rounded.
    pub rounding: Rounding,
    /// What the rounding of a tax is done on.
    pub tax_rounding: TaxRounding,
    /// How a sum in cash is rounded.
    pub cash_rounding: Option<CashRounding>,
    /// The tax groups that its law knows.
    pub groups: &'static [DefaultGroup],
    /// Taxes on one line, at most [`TAXES_PER_LINE_MAX`](crate::tax::TAXES_PER_LINE_MAX).
    pub taxes_per_line_max: usize,
    /// Who makes a receipt legal.
    pub seal_plan: SealPlan,
    /// Lines of a receipt.
    pub lines_max: usize,
    /// Bytes of a line's name, of a comment, and of header and footer each.
    pub text_bytes_max: usize,
    /// Payments of a receipt.
    pub payments_max: usize,
    /// Receipt-level modifiers.
    pub modifiers_max: usize,
    /// Price of a line's unit.
    pub price_max: Amount,
    /// Quantity of a line.
    pub quantity_max: Quantity,
    /// Total of a receipt, and any amount on the way to it.
    pub amount_max: Amount,
    /// What stands above an alternative receipt.
    pub alternative_receipt_title: &'static str,
    /// How long a shift may be open, in milliseconds, where the law limits it.
    pub shift_ms_max: Option<i64>,
    /// How long the till may sell without the tax office.
    pub offline: Budget,
}

impl Facts {
    /// The default groups as a table; empty where they contradict each other, which a test rules out.
    #[must_use]
    pub fn tax_table(&self) -> TaxTable {
        let entries = self
            .groups
            .iter()
            .map(|group| TaxEntry::new(group.code, group.bucket, group.rates));
        TaxTable::dated(entries).unwrap_or_default()
    }

    pub(crate) const fn too_large(&self) -> Refusal {
        Refusal::AmountTooLarge {
            limit: self.amount_max.display(self.currency),
        }
    }
}

/// A country's law, as far as it is not the same everywhere.
pub trait Profile: Sync + core::fmt::Debug {
    /// What of it is data.
    fn facts(&self) -> &'static Facts;
}

/// Every profile.
pub static ALL: [&dyn Profile; 3] = [&AUSTRIA, &MOLDOVA, &UKRAINE];

/// The profile of an ISO 3166 code.
#[must_use]
pub fn by_code(code: &str) -> Option<&'static dyn Profile> {
    ALL.into_iter().find(|profile| profile.facts().code == code)
}

/// A rate in hundredths of a percent that holds since ever.
const fn always(hundredths: u32) -> DatedRate {
    from(Day::FIRST, hundredths)
}

/// A rate in hundredths of a percent that holds from a day on.
const fn from(day: Day, hundredths: u32) -> DatedRate {
    DatedRate {
        from: day,
        rate: match TaxRate::from_ten_thousandths(hundredths.saturating_mul(100)) {
            Some(rate) => rate,
            None => TaxRate::ZERO,
        },
    }
}

/// The code of a letter that a profile writes down; `A` for anything else, which a test would find twice.
const fn letter(letter: u8) -> TaxCode {
    match TaxCode::new(letter) {
        Some(code) => code,
        None => TaxCode::A,
    }
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::tax::TAXES_PER_LINE_MAX;

    #[test]
    fn the_facts_of_every_country_are_consistent() {
        for profile in ALL {
            let facts = profile.facts();
            assert_eq!(
                facts.tax_table().entries().count(),
                facts.groups.len(),
                "{}: the groups contradict each other",
                facts.code
            );
            assert!((1..=TAXES_PER_LINE_MAX).contains(&facts.taxes_per_line_max));
            assert!(facts.lines_max <= usize::from(u16::MAX));
            assert!(facts.price_max.is_positive() && facts.amount_max.is_positive());
        }
    }
}

//! The tax of each line: included in a gross amount or added to a net amount, rounded by line or by group.

use super::compute::Work;
use super::spread::spread;
use super::{LineTotals, Prices};
use crate::amount::Amount;
use crate::rounding::Rounding;
use crate::tax::{TaxRate, TaxRounding};

/// The pair of a line's amounts that is computed.
#[derive(Clone, Copy)]
enum Stage {
    /// The pair `amount` and `tax`.
    Own,
    /// The pair `final_amount` and `final_tax`.
    Final,
}

impl Work<'_, '_, '_> {
    /// Computes the tax after the lines' own modifiers, and the amounts with that tax. `None` if an amount does not fit.
    pub(super) fn tax_lines(&self, totals: &mut [LineTotals]) -> Option<()> {
        self.tax_stage(totals, Stage::Own, self.draft.prices)?;
        for line in totals {
            if self.draft.prices == Prices::TaxExcluded {
                line.amount = line.amount.checked_add(line.tax)?;
            }
            line.final_amount = line.amount;
            line.final_tax = line.tax;
        }
        Some(())
    }

    /// Computes the tax that is included in the final amounts, after the receipt's modifiers.
    pub(super) fn tax_final_lines(&self, totals: &mut [LineTotals]) -> Option<()> {
        self.tax_stage(totals, Stage::Final, Prices::TaxIncluded)
    }

    fn tax_stage(&self, totals: &mut [LineTotals], stage: Stage, prices: Prices) -> Option<()> {
        let rounding = self.rules.facts.rounding;
        match self.rules.facts.tax_rounding {
            TaxRounding::PerLine => {
                for line in totals {
                    let tax = tax_of(stage.amount(line), line.groups.rate(), prices, rounding)?;
                    stage.set_tax(line, tax);
                }
                Some(())
            }
            TaxRounding::PerGroup => tax_groups(totals, stage, prices, rounding),
        }
    }
}

/// Computes one tax for all lines with the same groups and divides it over them.
fn tax_groups(
    totals: &mut [LineTotals],
    stage: Stage,
    prices: Prices,
    rounding: Rounding,
) -> Option<()> {
    for line in totals.iter_mut() {
        stage.set_tax(line, Amount::ZERO);
    }
    for index in 0..totals.len() {
        let (earlier, rest) = totals.split_at_mut_checked(index)?;
        let groups = rest.first()?.groups;
        if earlier.iter().any(|line| line.groups == groups) {
            continue;
        }
        let weight = |line: &LineTotals| {
            if line.groups == groups {
                stage.amount(line)
            } else {
                Amount::ZERO
            }
        };
        let sum = rest
            .iter()
            .try_fold(Amount::ZERO, |sum, line| sum.checked_add(weight(line)))?;
        let tax = tax_of(sum, groups.rate(), prices, rounding)?;
        spread(rest, tax, sum, weight, |line, part| {
            let tax = stage.tax(line).checked_add(part)?;
            stage.set_tax(line, tax);
            Some(())
        })?;
    }
    Some(())
}

fn tax_of(amount: Amount, rate: TaxRate, prices: Prices, rounding: Rounding) -> Option<Amount> {
    if rate.is_zero() {
        return Some(Amount::ZERO);
    }
    match prices {
        Prices::TaxIncluded => rate.included_in(amount, rounding),
        Prices::TaxExcluded => rate.added_to(amount, rounding),
    }
}

impl Stage {
    const fn amount(self, line: &LineTotals) -> Amount {
        match self {
            Self::Own => line.amount,
            Self::Final => line.final_amount,
        }
    }

    const fn tax(self, line: &LineTotals) -> Amount {
        match self {
            Self::Own => line.tax,
            Self::Final => line.final_tax,
        }
    }

    const fn set_tax(self, line: &mut LineTotals, tax: Amount) {
        match self {
            Self::Own => line.tax = tax,
            Self::Final => line.final_tax = tax,
        }
    }
}

//! The tax of each line: included in a gross amount or added to a net amount, rounded by line or by group.

use super::compute::Work;
use super::spread::spread;
use super::{LineTotals, Prices};
use crate::amount::Amount;
use crate::tax::{LineGroups, LineTaxSums, TaxRounding};

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
        self.tax_stage(totals, Stage::Own)?;
        for line in totals {
            if self.draft.prices == Prices::TaxExcluded {
                line.amount = line.amount.checked_add(line.tax)?;
            }
            line.final_amount = line.amount;
            line.final_tax = line.tax;
            line.final_levies = line.levies;
        }
        Some(())
    }

    /// Computes the tax that is included in the final amounts, after the receipt's modifiers.
    pub(super) fn tax_final_lines(&self, totals: &mut [LineTotals]) -> Option<()> {
        self.tax_stage(totals, Stage::Final)
    }

    fn tax_stage(&self, totals: &mut [LineTotals], stage: Stage) -> Option<()> {
        let rounding = self.rules.facts.rounding;
        let taxes_of = |groups: LineGroups, amount: Amount| match (stage, self.draft.prices) {
            (Stage::Own, Prices::TaxExcluded) => groups.added_to(amount, rounding),
            (_, prices) => groups.included_in(amount, prices, rounding),
        };
        match self.rules.facts.tax_rounding {
            TaxRounding::PerLine => {
                for line in totals {
                    let taxes = taxes_of(line.groups, stage.amount(line))?;
                    stage.set_taxes(line, taxes)?;
                }
                Some(())
            }
            TaxRounding::PerGroup => tax_groups(totals, stage, taxes_of),
        }
    }
}

/// Computes one sum of each tax for all lines with the same groups and divides it over them.
fn tax_groups(
    totals: &mut [LineTotals],
    stage: Stage,
    taxes_of: impl Fn(LineGroups, Amount) -> Option<LineTaxSums>,
) -> Option<()> {
    for line in totals.iter_mut() {
        stage.set_taxes(line, LineTaxSums::default())?;
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
        let LineTaxSums { levies, others } = taxes_of(groups, sum)?;
        spread(rest, levies, sum, weight, |line, part| {
            stage.add(line, part, part)
        })?;
        spread(rest, others, sum, weight, |line, part| {
            stage.add(line, part, Amount::ZERO)
        })?;
    }
    Some(())
}

impl Stage {
    const fn amount(self, line: &LineTotals) -> Amount {
        match self {
            Self::Own => line.amount,
            Self::Final => line.final_amount,
        }
    }

    /// The tax of the line, and the part of it that is levies.
    const fn tax(self, line: &mut LineTotals) -> (&mut Amount, &mut Amount) {
        match self {
            Self::Own => (&mut line.tax, &mut line.levies),
            Self::Final => (&mut line.final_tax, &mut line.final_levies),
        }
    }

    fn set_taxes(self, line: &mut LineTotals, taxes: LineTaxSums) -> Option<()> {
        let (tax, levies) = self.tax(line);
        (*tax, *levies) = (taxes.total()?, taxes.levies);
        Some(())
    }

    /// Adds to the tax of a line, and to the part of it that is levies.
    fn add(self, line: &mut LineTotals, more: Amount, more_levies: Amount) -> Option<()> {
        let (tax, levies) = self.tax(line);
        *tax = tax.checked_add(more)?;
        *levies = levies.checked_add(more_levies)?;
        Some(())
    }
}

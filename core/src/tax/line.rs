//! The taxes on one line.

use serde::{Deserialize, Serialize};

use super::{Bucket, Prices, TaxGroup, TaxRate};
use crate::amount::Amount;
use crate::rounding::Rounding;

/// One of the taxes on a line: its share of the line's whole tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// The tax group of this tax.
    pub group: TaxGroup,
    /// The share of the tax that is included in the line's amount.
    pub tax: Amount,
    /// The share of the tax that is included in the line's final amount.
    pub final_tax: Amount,
}

/// The largest number of taxes on one line.
pub const TAXES_PER_LINE_MAX: usize = 3;

/// One amount for each tax group of a line, in the order of the groups; zero without a group.
pub(crate) type TaxShares = [Amount; TAXES_PER_LINE_MAX];

/// The tax groups of a line. A fiscal printer gets only the first group.
///
/// A group in the bucket [`Bucket::Special`] beside a group in another bucket is a *levy*: it is charged first, on the whole price, and
/// the other taxes are charged on the rest (`docs/countries/ua.md`). The taxes that are no levies have the same base.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineGroups {
    groups: [Option<TaxGroup>; TAXES_PER_LINE_MAX],
}

/// The tax of a line: its levies, and its other taxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineTaxSums {
    pub(crate) levies: Amount,
    pub(crate) others: Amount,
}

impl LineTaxSums {
    /// All taxes of the line.
    pub(crate) fn total(self) -> Option<Amount> {
        self.levies.checked_add(self.others)
    }
}

impl LineGroups {
    /// Adds a group; `None` if the line has the letter already or the list of groups is full.
    pub(crate) fn push(&mut self, group: TaxGroup) -> Option<()> {
        if self.iter().any(|present| present.code == group.code) {
            return None;
        }
        let free = self.groups.iter_mut().find(|place| place.is_none())?;
        *free = Some(group);
        Some(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = TaxGroup> + '_ {
        self.groups.iter().flatten().copied()
    }

    /// Whether the group is a levy on this line.
    fn is_levy(&self, group: TaxGroup) -> bool {
        is_levy(group, self.iter())
    }

    /// The sum of the rates of the levies, or of the other taxes.
    fn rate(&self, levies: bool) -> TaxRate {
        self.iter()
            .filter(|group| self.is_levy(*group) == levies)
            .fold(TaxRate::default(), |sum, group| sum.plus(group.rate))
    }

    /// The taxes inside an amount. `prices` says how the line was priced: a levy on a price with tax is charged on the whole of it, and
    /// a levy on a price without tax was charged before the other taxes.
    pub(crate) fn included_in(
        &self,
        amount: Amount,
        prices: Prices,
        rounding: Rounding,
    ) -> Option<LineTaxSums> {
        let levies_first = prices == Prices::TaxIncluded;
        let first = self.rate(levies_first).included_in(amount, rounding)?;
        let rest = amount.checked_sub(first)?;
        let second = self.rate(!levies_first).included_in(rest, rounding)?;
        let (levies, others) = if levies_first {
            (first, second)
        } else {
            (second, first)
        };
        Some(LineTaxSums { levies, others })
    }

    /// The taxes on top of an amount: the levies on the amount, and the other taxes on the amount with the levies.
    pub(crate) fn added_to(&self, amount: Amount, rounding: Rounding) -> Option<LineTaxSums> {
        let levies = self.rate(true).added_to(amount, rounding)?;
        let others = self
            .rate(false)
            .added_to(amount.checked_add(levies)?, rounding)?;
        Some(LineTaxSums { levies, others })
    }

    /// Divides the tax of a line among its groups: the levies among the levies, and the rest among the others.
    pub(crate) fn share(&self, taxes: LineTaxSums) -> TaxShares {
        let mut shares = [Amount::ZERO; TAXES_PER_LINE_MAX];
        self.divide(taxes.levies, true, &mut shares);
        self.divide(taxes.others, false, &mut shares);
        shares
    }

    /// Divides a tax in proportion to the rates. Minor units that are left over go one each to the earlier groups.
    fn divide(&self, whole: Amount, levies: bool, shares: &mut TaxShares) {
        let all = i64::from(self.rate(levies).ten_thousandths());
        let down = Rounding::DOWN;
        let mut left = whole;
        let chosen = |(group, _): &(TaxGroup, &mut Amount)| self.is_levy(*group) == levies;
        for (group, share) in self.iter().zip(&mut *shares).filter(chosen) {
            let part = down
                .multiply_divide(whole.minor(), i64::from(group.rate.ten_thousandths()), all)
                .map_or(Amount::ZERO, Amount::from_minor);
            *share = part;
            left = left.checked_sub(part).unwrap_or(left);
        }
        let unit = Amount::from_minor(left.minor().signum());
        for (_, share) in self.iter().zip(shares).filter(chosen) {
            if left.is_zero() {
                break;
            }
            *share = share.checked_add(unit).unwrap_or(*share);
            left = left.checked_sub(unit).unwrap_or(Amount::ZERO);
        }
    }
}

/// Whether a group is a levy on a line with these groups.
pub(crate) fn is_levy(group: TaxGroup, mut all: impl Iterator<Item = TaxGroup>) -> bool {
    group.bucket == Bucket::Special && all.any(|other| other.bucket != Bucket::Special)
}

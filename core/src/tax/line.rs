//! The taxes on one line.

use serde::{Deserialize, Serialize};

use super::{TaxGroup, TaxRate};
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineGroups {
    groups: [Option<TaxGroup>; TAXES_PER_LINE_MAX],
    /// The sum of all rates of the line; all its taxes have the same base.
    rate: TaxRate,
}

impl LineGroups {
    /// Adds a group; `None` if the line has the letter already or the list of groups is full.
    pub(crate) fn push(&mut self, group: TaxGroup) -> Option<()> {
        if self.iter().any(|present| present.code == group.code) {
            return None;
        }
        let free = self.groups.iter_mut().find(|place| place.is_none())?;
        *free = Some(group);
        self.rate = self.rate.plus(group.rate);
        Some(())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = TaxGroup> + '_ {
        self.groups.iter().flatten().copied()
    }

    /// The sum of all rates of the line; all its taxes have the same base.
    pub(crate) const fn rate(&self) -> TaxRate {
        self.rate
    }

    /// Divides a whole tax in proportion to the rates. Minor units that are left over go one each to the earlier groups.
    pub(crate) fn share(&self, whole: Amount) -> TaxShares {
        let mut shares = [Amount::ZERO; TAXES_PER_LINE_MAX];
        let all = i64::from(self.rate().ten_thousandths());
        let down = Rounding::DOWN;
        let mut left = whole;
        for (group, share) in self.iter().zip(&mut shares) {
            let part = down
                .multiply_divide(whole.minor(), i64::from(group.rate.ten_thousandths()), all)
                .map_or(Amount::ZERO, Amount::from_minor);
            *share = part;
            left = left.checked_sub(part).unwrap_or(left);
        }
        let unit = Amount::from_minor(left.minor().signum());
        for share in shares.iter_mut().take(self.iter().count()) {
            if left.is_zero() {
                break;
            }
            *share = share.checked_add(unit).unwrap_or(*share);
            left = left.checked_sub(unit).unwrap_or(Amount::ZERO);
        }
        shares
    }
}

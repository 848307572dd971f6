//! The taxes on one line.

use serde::{Deserialize, Serialize};

use super::{TaxGroup, TaxRate};
use crate::amount::Amount;
use crate::rounding::Rounding;

/// One of the taxes on a line: its share of the line's whole tax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTax {
    /// The group.
    pub group: TaxGroup,
    /// Its share of the tax inside the line's amount.
    pub tax: Amount,
    /// Its share of the tax inside the line's final amount.
    pub final_tax: Amount,
}

/// Taxes on one line at most.
pub const TAXES_PER_LINE_MAX: usize = 3;

/// The groups that a line is in; the first is the one that a fiscal printer is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LineGroups {
    groups: [Option<TaxGroup>; TAXES_PER_LINE_MAX],
    /// All rates on the same base, as one.
    rate: TaxRate,
}

impl LineGroups {
    /// Adds a group; `None` where there is no room or the letter is there already.
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

    /// All its rates on the same base, as one.
    pub(crate) const fn rate(&self) -> TaxRate {
        self.rate
    }

    /// Shares of a whole tax in proportion to the rates: whole units by rate, and what is left to the earlier groups.
    pub(crate) fn share(&self, whole: Amount) -> [Amount; TAXES_PER_LINE_MAX] {
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

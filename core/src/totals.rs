//! Turnover by tax group, and amounts by payment type.

use serde::{Deserialize, Serialize};

use crate::amount::Amount;
use crate::packed::Packed;
use crate::receipt::{Payment, Receipt};
use crate::tax::{TaxCode, TaxGroup};

/// The turnover of one tax group at one rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupTotal {
    /// The tax group as it was at the sale.
    pub group: TaxGroup,
    /// The gross turnover of the group. The whole amount of a line with several taxes counts in each of its groups.
    pub amount: Amount,
    /// The tax included in this turnover, as the sum of the receipts' lines.
    pub tax: Amount,
}

/// Turnover by group and rate. If a rate changes within a shift, the old and the new rate have an entry each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaxTotals(heapless::Vec<GroupTotal, 16>);

impl TaxTotals {
    /// Adds the turnover of a line. If a sum or a new entry does not fit, the result is `None` and nothing is changed.
    #[must_use]
    pub fn add(&mut self, group: TaxGroup, amount: Amount, tax: Amount) -> Option<()> {
        match self.0.iter_mut().find(|total| total.group == group) {
            Some(total) => {
                let amount = total.amount.checked_add(amount)?;
                let tax = total.tax.checked_add(tax)?;
                *total = GroupTotal { group, amount, tax };
                Some(())
            }
            None => self.0.push(GroupTotal { group, amount, tax }).ok(),
        }
    }

    /// Whether there is room for every tax group of the receipt's lines.
    pub(crate) fn have_room_for(&self, receipt: &Receipt<'_>) -> bool {
        let mut new = heapless::Vec::<TaxGroup, 16>::new();
        receipt
            .lines
            .iter()
            .filter(|line| !line.voided)
            .all(|line| {
                line.taxes().all(|tax| {
                    let group = tax.group;
                    new.contains(&group)
                        || self.0.iter().any(|total| total.group == group)
                        || (self.0.len().saturating_add(new.len()) < self.0.capacity()
                            && new.push(group).is_ok())
                })
            })
    }

    /// The entries, in the order of their first turnover.
    pub fn entries(&self) -> impl Iterator<Item = &GroupTotal> {
        self.0.iter()
    }

    /// Gross turnover of the letters `A` to `H`, which are the tax groups of a printer.
    #[must_use]
    pub fn by_letter(&self) -> [Amount; 8] {
        let mut groups = [Amount::ZERO; 8];
        for (letter, group) in (b'A'..=b'H').zip(groups.iter_mut()) {
            *group = TaxCode::new(letter).map_or(Amount::ZERO, |code| self.gross_of(code));
        }
        groups
    }

    /// Gross turnover of a letter, over all its rates.
    #[must_use]
    pub fn gross_of(&self, code: TaxCode) -> Amount {
        self.0
            .iter()
            .filter(|total| total.group.code == code)
            .try_fold(Amount::ZERO, |sum, total| sum.checked_add(total.amount))
            .unwrap_or(Amount::ZERO)
    }
}

/// The sum of one payment type: the payments less change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentTotal {
    /// The code of the payment type.
    pub code: i32,
    /// Whether the payment type is cash.
    pub cash: bool,
    /// The sum of the payments less change.
    pub amount: Amount,
}

/// Amounts by payment type.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PaymentTotals(heapless::Vec<PaymentTotal, 16>);

impl PaymentTotals {
    /// Adds an amount. If it does not fit, the result is `None` and nothing is changed.
    #[must_use]
    pub fn add(&mut self, code: i32, cash: bool, amount: Amount) -> Option<()> {
        match self
            .0
            .iter_mut()
            .find(|total| total.code == code && total.cash == cash)
        {
            Some(total) => {
                total.amount = total.amount.checked_add(amount)?;
                Some(())
            }
            None => self.0.push(PaymentTotal { code, cash, amount }).ok(),
        }
    }

    /// Whether there is room for every type of the receipt's payments.
    pub(crate) fn have_room_for(&self, payments: Packed<'_, Payment<'_>>) -> bool {
        let mut new = heapless::Vec::<(i32, bool), 16>::new();
        payments.iter().all(|payment| {
            let key = (payment.code, payment.cash);
            new.contains(&key)
                || self.0.iter().any(|total| (total.code, total.cash) == key)
                || (self.0.len().saturating_add(new.len()) < self.0.capacity()
                    && new.push(key).is_ok())
        })
    }

    /// The entries, in the order of their first payment.
    pub fn entries(&self) -> impl Iterator<Item = &PaymentTotal> {
        self.0.iter()
    }
}

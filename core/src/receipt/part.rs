//! The arithmetic of parts: what a line of a sale has given back until a moment, and what one return adds to that.
//!
//! Each figure of a part is the figure after the part less the figure before it. The figures start with zero, never fall, and end
//! with those of the line, so that the parts of any division add up to the line, and no part is below zero.

use super::{Line, LineTotals, Prices};
use crate::amount::Amount;
use crate::quantity::Quantity;
use crate::rounding::Rounding;
use crate::tax::{LineGroups, TAXES_PER_LINE_MAX, TaxRate, TaxShares};

/// A line of a sale that is given back in parts.
pub(super) struct SoldLine<'l> {
    line: &'l Line<'l>,
    groups: LineGroups,
    taxes: TaxShares,
    final_taxes: TaxShares,
    rounding: Rounding,
}

/// What was returned of a line, and what is left of it.
#[derive(Clone, Copy)]
pub(super) struct Left {
    /// The quantity that can be returned. After a part that gave back less than its share it is what the rest of the amount is worth.
    pub(super) quantity: Quantity,
    /// The amount that can be returned.
    pub(super) amount: Amount,
    /// Whether earlier returns gave back less than their share.
    pub(super) reduced: bool,
    /// The quantity of the earlier returns as their callers gave it.
    returned: Quantity,
}

/// The figures of a line until a moment.
struct Until {
    amount: Amount,
    taxes: TaxShares,
    final_taxes: TaxShares,
}

impl<'l> SoldLine<'l> {
    /// `None` if the line has more taxes than a line may have.
    pub(super) fn new(line: &'l Line<'l>, rounding: Rounding) -> Option<Self> {
        let mut groups = LineGroups::default();
        let (mut taxes, mut final_taxes) = (TaxShares::default(), TaxShares::default());
        for ((tax, own), last) in line.taxes().zip(&mut taxes).zip(&mut final_taxes) {
            groups.push(tax.group)?;
            (*own, *last) = (tax.tax, tax.final_tax);
        }
        Some(Self {
            line,
            groups,
            taxes,
            final_taxes,
            rounding,
        })
    }

    pub(super) const fn quantity(&self) -> Quantity {
        self.line.quantity
    }

    /// The rate of the line's tax; `None` if it has several.
    pub(super) fn only_rate(&self) -> Option<TaxRate> {
        let mut taxes = self.line.taxes();
        let only = taxes.next()?;
        taxes.next().is_none().then_some(only.group.rate)
    }

    pub(super) const fn groups(&self) -> LineGroups {
        self.groups
    }

    /// What is left after earlier returns of this quantity and this amount.
    ///
    /// A part that was given back for less than its share takes only the quantity that its amount is worth, so that the rest of
    /// the amount has a quantity too. What rounding explains is no such reduction: it goes back with the pieces that are left.
    pub(super) fn left(&self, quantity: Quantity, amount: Amount) -> Option<Left> {
        let sold = self.line.quantity;
        let amount_left = self
            .line
            .final_amount
            .checked_sub(amount)?
            .max(Amount::ZERO);
        let paid = self.quantity_paid(quantity, amount)?;
        let (quantity_left, reduced) = if quantity < sold {
            (sold.checked_sub(paid)?, paid < quantity)
        } else {
            // No piece is left that could take what rounding left over.
            let whole = self.line.final_amount.minor();
            let worth = rounded_up(amount_left.minor(), sold.thousandths(), whole);
            let worth = worth.map_or(Quantity::ZERO, Quantity::from_thousandths);
            (worth, amount_left.is_positive())
        };
        Some(Left {
            quantity: quantity_left,
            amount: amount_left,
            reduced,
            returned: quantity,
        })
    }

    /// The quantity for which an amount has paid, until this quantity and this amount were returned: the quantity itself, unless
    /// the amount is smaller than its share and rounding does not explain that.
    ///
    /// The quantity never falls when more is returned.
    fn quantity_paid(&self, returned: Quantity, amount: Amount) -> Option<Quantity> {
        let (sold, whole) = (self.line.quantity, self.line.final_amount);
        let returned = returned.min(sold);
        if !whole.is_positive() {
            return Some(returned);
        }
        let amount = amount.checked_add(self.shortfall(returned)?)?;
        let paid =
            Rounding::DOWN.multiply_divide(amount.minor(), sold.thousandths(), whole.minor());
        // An amount whose quantity does not fit is larger than the line.
        Some(paid.map_or(returned, |paid| {
            returned.min(Quantity::from_thousandths(paid))
        }))
    }

    /// The amount by which rounding alone may leave the amount of a returned quantity below its share.
    ///
    /// Callers round their amounts piece by piece, so it is one minor unit for each returned piece, but not more than half of
    /// what one piece costs. Without this limit, the last piece of a cheap line could pay back many times its share.
    fn shortfall(&self, returned: Quantity) -> Option<Amount> {
        let one = Quantity::ONE.thousandths();
        let pieces = rounded_up(returned.thousandths(), 1, one)?;
        let half = Rounding::DOWN.multiply_divide(
            self.line.final_amount.minor(),
            one,
            self.line.quantity.thousandths().checked_mul(2)?,
        )?;
        Some(Amount::from_minor(pieces.min(half).max(1)))
    }

    /// The amount that a quantity gives back if the caller gives no amount: its share, and with the whole rest all that is left.
    pub(super) fn due(&self, left: Left, quantity: Quantity) -> Option<Amount> {
        if quantity == left.quantity {
            return Some(left.amount);
        }
        let (before, after) = self.span(left, quantity)?;
        let whole = self.line.final_amount;
        let share = self
            .share(whole, after)?
            .checked_sub(self.share(whole, before)?)?;
        Some(share.min(left.amount))
    }

    /// The largest amount that a quantity may give back: its share, rounded up because a caller may round the share of this
    /// quantity alone, and with the whole rest all that is left.
    pub(super) fn most(&self, left: Left, quantity: Quantity) -> Option<Amount> {
        let due = self.due(left, quantity)?;
        let share = rounded_up(
            self.line.final_amount.minor(),
            quantity.thousandths(),
            self.line.quantity.thousandths(),
        )?;
        Some(due.max(Amount::from_minor(share)).min(left.amount))
    }

    /// The figures of a part: this quantity and this amount of what is left.
    pub(super) fn part(
        &self,
        left: Left,
        quantity: Quantity,
        final_amount: Amount,
    ) -> Option<LineTotals> {
        let amount_before = self.line.final_amount.checked_sub(left.amount)?;
        let amount_after = amount_before.checked_add(final_amount)?;
        let (before, after) = (
            self.until(left.returned, amount_before)?,
            self.until(left.returned.checked_add(quantity)?, amount_after)?,
        );
        let taxes = difference(&after.taxes, &before.taxes)?;
        let final_taxes = difference(&after.final_taxes, &before.final_taxes)?;
        Some(LineTotals {
            amount: after.amount.checked_sub(before.amount)?,
            tax: sum(&taxes)?,
            final_amount,
            final_tax: sum(&final_taxes)?,
            groups: self.groups,
            part: Some([taxes, final_taxes]),
            ..LineTotals::default()
        })
    }

    /// The quantities that were returned before and after a part. The part ends with the line if more is returned than is left.
    fn span(&self, left: Left, quantity: Quantity) -> Option<(Quantity, Quantity)> {
        let sold = self.line.quantity;
        let before = sold.checked_sub(left.quantity.max(quantity))?;
        Some((before, before.checked_add(quantity)?))
    }

    fn until(&self, returned: Quantity, final_amount: Amount) -> Option<Until> {
        let whole = self.line.final_amount;
        let quantity = if whole.is_positive() && final_amount >= whole {
            // What is left of the quantity, if anything, is worth nothing.
            self.line.quantity
        } else {
            self.quantity_paid(returned, final_amount)?
        };
        let tax = self.share(self.line.tax, quantity)?;
        let final_tax = self.final_tax_until(final_amount)?;
        Some(Until {
            amount: self.share(self.line.amount, quantity)?,
            taxes: divide(tax, &self.taxes)?,
            final_taxes: divide(final_tax, &self.final_taxes)?,
        })
    }

    /// The tax inside an amount, as the law rounds it, but never more than the line's tax, and never so little that the tax of
    /// the rest would be larger than the rest.
    ///
    /// The line's own tax may differ from the tax inside its amount by rounding, where tax is rounded by group.
    fn final_tax_until(&self, amount: Amount) -> Option<Amount> {
        let (whole, tax) = (self.line.final_amount, self.line.final_tax);
        let inside = self
            .groups
            .included_in(amount, Prices::TaxIncluded, self.rounding)?
            .total()?;
        let least = tax.checked_sub(whole.checked_sub(amount)?)?;
        Some(inside.max(least).min(tax))
    }

    /// The part of an amount of the line that belongs to a quantity of it, rounded.
    fn share(&self, of: Amount, quantity: Quantity) -> Option<Amount> {
        self.rounding
            .multiply_divide(
                of.minor(),
                quantity.thousandths(),
                self.line.quantity.thousandths(),
            )
            .map(Amount::from_minor)
    }

    /// The shares of the line's figures that belong to a quantity, each rounded alone.
    pub(super) fn shares(&self, quantity: Quantity) -> Option<LineTotals> {
        Some(LineTotals {
            amount: self.share(self.line.amount, quantity)?,
            tax: self.share(self.line.tax, quantity)?,
            final_tax: self.share(self.line.final_tax, quantity)?,
            ..LineTotals::default()
        })
    }

    /// The share of a signed amount of the line, such as a discount, that belongs to a quantity.
    pub(super) fn is_share(&self, given: Amount, of: Amount, quantity: Quantity) -> bool {
        given == of || self.share(of, quantity) == Some(given)
    }
}

/// Divides a tax in proportion to the shares of the whole tax. No share falls when the tax rises: the tax is divided into the first
/// share and the rest, and the rest is divided in the same way.
fn divide(tax: Amount, whole: &TaxShares) -> Option<TaxShares> {
    let mut shares = TaxShares::default();
    let (mut left, mut of) = (tax, sum(whole)?);
    for (share, own) in shares.iter_mut().zip(whole) {
        let of_rest = of.checked_sub(*own)?;
        let rest = if of.is_zero() {
            Amount::ZERO
        } else {
            Rounding::DOWN
                .multiply_divide(left.minor(), of_rest.minor(), of.minor())
                .map(Amount::from_minor)?
        };
        *share = left.checked_sub(rest)?;
        (left, of) = (rest, of_rest);
    }
    Some(shares)
}

fn sum(shares: &TaxShares) -> Option<Amount> {
    shares
        .iter()
        .try_fold(Amount::ZERO, |sum, share| sum.checked_add(*share))
}

fn difference(after: &TaxShares, before: &TaxShares) -> Option<TaxShares> {
    let mut parts = [Amount::ZERO; TAXES_PER_LINE_MAX];
    for (part, (after, before)) in parts.iter_mut().zip(after.iter().zip(before)) {
        *part = after.checked_sub(*before)?;
    }
    Some(parts)
}

/// `a × b / denominator` of numbers that are not below zero, rounded up.
fn rounded_up(a: i64, b: i64, denominator: i64) -> Option<i64> {
    let denominator = i128::from(denominator);
    let product = i128::from(a).checked_mul(i128::from(b))?;
    let steps = product
        .checked_add(denominator.checked_sub(1)?)?
        .checked_div(denominator)?;
    i64::try_from(steps).ok()
}

#[cfg(test)]
mod tests {
    use super::{divide, rounded_up};
    use crate::amount::Amount;

    #[test]
    fn no_share_of_a_tax_falls_when_the_tax_rises() {
        for whole in [[45, 10, 45], [1, 1, 1], [80, 20, 0], [5, 0, 3], [7, 0, 0]] {
            let total: i64 = whole.iter().sum();
            let whole = whole.map(Amount::from_minor);
            let mut before = [Amount::ZERO; 3];
            for tax in 0..=total {
                let shares = divide(Amount::from_minor(tax), &whole).unwrap();
                assert!(
                    shares
                        .iter()
                        .zip(&before)
                        .all(|(share, before)| share >= before)
                );
                let sum: i64 = shares.iter().map(|share| share.minor()).sum();
                assert_eq!(sum, tax);
                before = shares;
            }
            assert_eq!(before, whole);
        }
    }

    #[test]
    fn a_quotient_is_rounded_up() {
        assert_eq!(rounded_up(10, 1, 3), Some(4));
        assert_eq!(rounded_up(9, 1, 3), Some(3));
        assert_eq!(rounded_up(0, 5, 3), Some(0));
        assert_eq!(rounded_up(i64::MAX, 2, 2), Some(i64::MAX));
        assert_eq!(rounded_up(1, 1, 0), None);
    }
}

//! A return: each returned line is compared with what is left of the original's line, and its amounts are computed from the
//! original's in proportion.

use super::compute::Work;
use super::{Draft, DraftLine, Line, LineTotals, Original, OriginalLine};
use crate::amount::Amount;
use crate::quantity::Quantity;
use crate::refusal::{Field, Place, Refusal};
use crate::tax::LineGroups;

impl Work<'_, '_, '_> {
    /// Computes the lines of a return.
    pub(super) fn return_lines(&mut self, totals: &mut [LineTotals], original: &Original<'_>) {
        if !original.fiscal_sale {
            self.amounts_known = false;
            self.faults
                .report(Place::Original, Refusal::OriginalNotASale);
            return;
        }
        let draft = self.draft;
        for (index, line) in draft.lines.iter().enumerate() {
            let computed = match self.check_line(index, line) {
                Some(before) => self.return_line(
                    index,
                    line,
                    before,
                    original,
                    totals.get(..index).unwrap_or(&[]),
                ),
                None => None,
            };
            if computed.is_none() {
                self.amounts_known = false;
            }
            if let Some(slot) = totals.get_mut(index) {
                *slot = computed.unwrap_or_default();
            }
        }
    }

    /// Computes one line of a return; `None` after a fault.
    fn return_line(
        &mut self,
        index: usize,
        line: &DraftLine<'_>,
        before: Amount,
        original: &Original<'_>,
        earlier: &[LineTotals],
    ) -> Option<LineTotals> {
        let Some((place, sold, left)) = find_original(self.draft, line, original, earlier) else {
            self.line_fault(index, Field::Name, Refusal::ReturnLineUnknown);
            return None;
        };
        let mut groups = LineGroups::default();
        for tax in sold.taxes() {
            groups.push(tax.group)?;
        }
        if line.voided {
            // The returned line is voided and returns nothing, so it refers to no line of the original either.
            return Some(LineTotals {
                before,
                groups,
                ..LineTotals::default()
            });
        }
        if line.quantity > left.quantity {
            let refusal = Refusal::ReturnExceedsQuantity {
                left: left.quantity.display(),
            };
            self.line_fault(index, Field::Quantity, refusal);
            return None;
        }
        let final_amount = self.returned_amount(index, line, sold, &left)?;
        // The amount of this return is the sum of all returns with this one, less the sum of all returns before it, so that the
        // parts add up to the whole.
        let quantity_before = sold.quantity.checked_sub(left.quantity)?;
        let quantity_after = quantity_before.checked_add(line.quantity)?;
        let between = |of: Amount| {
            let after = self.share_of(of, sold, quantity_after)?;
            after.checked_sub(self.share_of(of, sold, quantity_before)?)
        };
        let tax_until = |amount: Amount| {
            if amount == sold.final_amount {
                Some(sold.final_tax)
            } else {
                self.tax_inside(amount, groups.rate())
            }
        };
        let amount_before = sold.final_amount.checked_sub(left.amount)?;
        let amount_after = amount_before.checked_add(final_amount)?;
        let final_tax = tax_until(amount_after)?.checked_sub(tax_until(amount_before)?)?;
        Some(LineTotals {
            before,
            amount: between(sold.amount)?,
            tax: between(sold.tax)?,
            final_amount,
            final_tax,
            groups,
            original: u16::try_from(place).ok(),
            ..LineTotals::default()
        })
    }

    /// The amount that a line gives back: the amount that the caller gave, or an amount in proportion to the quantity. An amount
    /// that is too large is reported as a fault.
    fn returned_amount(
        &mut self,
        index: usize,
        line: &DraftLine<'_>,
        sold: &Line<'_>,
        left: &Left,
    ) -> Option<Amount> {
        // The last return of a line gives back what is left, so that a return of everything comes to zero.
        let due = if line.quantity == left.quantity {
            left.amount
        } else {
            self.share_of(sold.final_amount, sold, line.quantity)?
                .min(left.amount)
        };
        let final_amount = line.final_amount.unwrap_or(due);
        if final_amount > left.amount || final_amount.is_negative() {
            let refusal = Refusal::ReturnExceedsAmount {
                left: self.money(left.amount),
            };
            self.line_fault(index, Field::FinalAmount, refusal);
            return None;
        }
        Some(final_amount)
    }

    /// The part of an amount of the sold line that belongs to a quantity of it, rounded.
    fn share_of(&self, of: Amount, sold: &Line<'_>, quantity: Quantity) -> Option<Amount> {
        self.rules
            .facts
            .rounding
            .multiply_divide(
                of.minor(),
                quantity.thousandths(),
                sold.quantity.thousandths(),
            )
            .map(Amount::from_minor)
    }
}

/// What is left to return of a line of the original.
struct Left {
    quantity: Quantity,
    amount: Amount,
}

/// The original's line that a returned line means: the first with the same name, price and group that has enough left. If no such
/// line has enough left, the first matching line is given, so that the refusal can state how much is left.
fn find_original<'o>(
    draft: &Draft<'_>,
    line: &DraftLine<'_>,
    original: &'o Original<'_>,
    earlier: &[LineTotals],
) -> Option<(usize, &'o Line<'o>, Left)> {
    let matching = || {
        original.lines.iter().enumerate().filter(|(_, candidate)| {
            candidate.line.name == line.name
                && candidate.line.price == line.price
                && !candidate.line.voided
                && line
                    .tax_group
                    .is_none_or(|text| same_groups(text, &candidate.line))
        })
    };
    let left_of = |(place, candidate): (usize, &'o OriginalLine<'o>)| {
        let mut quantity = candidate
            .line
            .quantity
            .checked_sub(candidate.returned_quantity)?;
        let mut amount = candidate
            .line
            .final_amount
            .checked_sub(candidate.returned_amount)?;
        for (taken, computed) in draft
            .lines
            .iter()
            .zip(earlier)
            .filter(|(_, computed)| computed.original.map(usize::from) == Some(place))
        {
            quantity = quantity.checked_sub(taken.quantity)?;
            amount = amount.checked_sub(computed.final_amount)?;
        }
        Some((place, &candidate.line, Left { quantity, amount }))
    };
    matching()
        .filter_map(left_of)
        .find(|(_, _, left)| left.quantity >= line.quantity)
        .or_else(|| matching().find_map(left_of))
}

/// Whether the text is the letters of the line's tax groups, in their order.
fn same_groups(text: &str, line: &Line<'_>) -> bool {
    text.bytes()
        .eq(line.taxes().map(|tax| tax.group.code.letter()))
}

//! A return: each line is held against what is left of the original's line, and scaled from it.

use super::compute::Work;
use super::{Draft, DraftLine, Line, LineTotals, Original, OriginalLine};
use crate::amount::Amount;
use crate::quantity::Quantity;
use crate::refusal::{Field, Place, Refusal};
use crate::tax::LineGroups;

impl Work<'_, '_, '_> {
    /// A return: each line is held against what is left of the original's line, and scaled from it.
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
            // It takes nothing back, so that it refers to no line either.
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
        let rounding = self.rules.facts.rounding;
        let share = |of: Amount, quantity: Quantity| {
            rounding
                .multiply_divide(
                    of.minor(),
                    quantity.thousandths(),
                    sold.quantity.thousandths(),
                )
                .map(Amount::from_minor)
        };
        // The last of a line takes what is left, so that a return of everything comes to zero.
        let due = if line.quantity == left.quantity {
            left.amount
        } else {
            share(sold.final_amount, line.quantity)?.min(left.amount)
        };
        let final_amount = line.final_amount.unwrap_or(due);
        if final_amount > left.amount || final_amount.is_negative() {
            let refusal = Refusal::ReturnExceedsAmount {
                left: self.money(left.amount),
            };
            self.line_fault(index, Field::FinalAmount, refusal);
            return None;
        }
        // What all returns come to with this one, less what they came to without it: so the parts sum up to the whole.
        let quantity_before = sold.quantity.checked_sub(left.quantity)?;
        let quantity_after = quantity_before.checked_add(line.quantity)?;
        let amount = share(sold.amount, quantity_after)?
            .checked_sub(share(sold.amount, quantity_before)?)?;
        let tax =
            share(sold.tax, quantity_after)?.checked_sub(share(sold.tax, quantity_before)?)?;
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
            amount,
            tax,
            final_amount,
            final_tax,
            groups,
            original: u16::try_from(place).ok(),
            ..LineTotals::default()
        })
    }
}

struct Left {
    quantity: Quantity,
    amount: Amount,
}

/// The original's line that a returned line means: same name, price and group, the first with enough left,
/// else the first that matches at all (so that the refusal can say what is left).
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

/// The text has the letters of the line's groups, in their order.
fn same_groups(text: &str, line: &Line<'_>) -> bool {
    text.bytes()
        .eq(line.taxes().map(|tax| tax.group.code.letter()))
}

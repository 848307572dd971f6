//! The largest remainder: a change of the total in whole minor units, one part for each line.

use super::LineTotals;
use crate::amount::Amount;

/// Spreads a change of the total over the lines in proportion to their final amounts: largest remainder first,
/// ties to the earlier line (contract.md, "Numbers and Z"). The parts sum up exactly.
pub(super) fn spread(totals: &mut [LineTotals], base: Amount, change: Amount) -> Option<()> {
    if change.is_zero() {
        return Some(());
    }
    let magnitude = i128::from(change.minor().checked_abs()?);
    let base = i128::from(base.minor());
    let mut left = change.minor().checked_abs()?;
    for line in totals.iter_mut() {
        let product = magnitude.checked_mul(i128::from(line.final_amount.minor()))?;
        let part = i64::try_from(product.checked_div(base)?).ok()?;
        line.remainder = i64::try_from(product.checked_rem(base)?).ok()?;
        line.topped_up = false;
        left = left.checked_sub(part)?;
        line.final_amount = moved(line.final_amount, part, change)?;
    }
    while left > 0 {
        let line = totals
            .iter_mut()
            .filter(|line| !line.topped_up && line.remainder > 0)
            .reduce(|best, line| {
                if line.remainder > best.remainder {
                    line
                } else {
                    best
                }
            })?;
        line.topped_up = true;
        line.final_amount = moved(line.final_amount, 1, change)?;
        left = left.checked_sub(1)?;
    }
    Some(())
}

fn moved(amount: Amount, part: i64, change: Amount) -> Option<Amount> {
    let part = Amount::from_minor(part);
    if change.is_negative() {
        amount.checked_sub(part)
    } else {
        amount.checked_add(part)
    }
}

//! The largest remainder: a sum in whole minor units, given out in parts that are in proportion to weights.

use super::LineTotals;
use crate::amount::Amount;

/// Gives a sum out over the lines in proportion to their weights: largest remainder first, ties to the earlier line
/// (contract.md, "Numbers and Z"). The parts sum up exactly. `None` where a number does not fit.
///
/// `base` is the sum of the weights; `give` gets a line and its part, at most twice.
pub(super) fn spread(
    lines: &mut [LineTotals],
    sum: Amount,
    base: Amount,
    weight: impl Fn(&LineTotals) -> Amount,
    mut give: impl FnMut(&mut LineTotals, Amount) -> Option<()>,
) -> Option<()> {
    if sum.is_zero() {
        return Some(());
    }
    let magnitude = sum.minor().checked_abs()?;
    let signed = |part: i64| {
        Amount::from_minor(if sum.is_negative() {
            part.saturating_neg()
        } else {
            part
        })
    };
    let mut left = magnitude;
    for line in lines.iter_mut() {
        let (part, remainder) = share(magnitude, weight(line).minor(), base.minor())?;
        line.remainder = remainder;
        left = left.checked_sub(part)?;
        give(line, signed(part))?;
    }
    while left > 0 {
        // A line that has had its unit has no remainder any more.
        let line = lines.iter_mut().reduce(|best, line| {
            if line.remainder > best.remainder {
                line
            } else {
                best
            }
        })?;
        if line.remainder == 0 {
            return None;
        }
        line.remainder = 0;
        give(line, signed(1))?;
        left = left.checked_sub(1)?;
    }
    Some(())
}

/// `sum × weight / base` in whole units, and the remainder; the product may need more than 64 bits.
fn share(sum: i64, weight: i64, base: i64) -> Option<(i64, i64)> {
    match sum.checked_mul(weight) {
        Some(product) => Some((product.checked_div(base)?, product.checked_rem(base)?)),
        None => {
            let product = i128::from(sum).checked_mul(i128::from(weight))?;
            let base = i128::from(base);
            let part = i64::try_from(product.checked_div(base)?).ok()?;
            Some((part, i64::try_from(product.checked_rem(base)?).ok()?))
        }
    }
}

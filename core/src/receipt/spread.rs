//! The largest remainder method: a sum in whole minor units is divided into parts in proportion to weights.

use super::LineTotals;
use crate::amount::Amount;

/// Divides a sum over the lines in proportion to their weights. Units that are left over go to the largest remainders, with equal
/// remainders to the earlier line. The parts add up exactly to the sum. `None` if a number does not fit.
///
/// `base` is the sum of the weights. `give` is called with a line and its part, at most twice for each line.
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
        // A line that got a unit has a remainder of zero now, so the line gets no second unit.
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

/// `sum × weight / base` in whole units, and the remainder. The product may need more than 64 bits.
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

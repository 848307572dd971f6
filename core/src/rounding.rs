//! Rounding as a value: each legal rule is one [`Rounding`].

use serde::{Deserialize, Serialize};

use crate::amount::Amount;

/// How a remainder is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RoundingMode {
    /// Rounds to the nearest multiple; a half goes away from zero (0.005 to 0.01, -0.005 to -0.01).
    HalfAwayFromZero,
    /// Rounds to the nearest multiple; a half goes to the even neighbour.
    HalfEven,
    /// Drops the remainder.
    TowardZero,
}

/// A rounding rule: a mode and a step. Results are multiples of the step, in minor units (1, or 5 for cash in steps of 0.05).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rounding {
    mode: RoundingMode,
    step: i64,
}

impl Rounding {
    /// Rounds to whole minor units, half away from zero (`docs/api/fiscalcloud.md`).
    pub const COMMERCIAL: Self = Self {
        mode: RoundingMode::HalfAwayFromZero,
        step: 1,
    };

    /// Rounds down to whole minor units, for shares whose remainders are distributed afterwards.
    pub(crate) const DOWN: Self = Self {
        mode: RoundingMode::TowardZero,
        step: 1,
    };

    /// A rounding rule, or `None` if the step is not positive.
    #[must_use]
    pub const fn new(mode: RoundingMode, step: i64) -> Option<Self> {
        if step > 0 {
            Some(Self { mode, step })
        } else {
            None
        }
    }

    /// `numerator / denominator` rounded to a multiple of the step.
    ///
    /// `None` if the denominator is not positive or the result does not fit.
    #[must_use]
    #[inline]
    pub fn divide(self, numerator: i64, denominator: i64) -> Option<i64> {
        if denominator <= 0 {
            return None;
        }
        if self.step == 1 {
            // This case has a branch of its own, so that the compiler turns a constant denominator into a multiplication.
            return self.divide_to_steps(numerator, denominator.unsigned_abs());
        }
        match denominator.checked_mul(self.step) {
            Some(unit) => self
                .divide_to_steps(numerator, unit.unsigned_abs())?
                .checked_mul(self.step),
            None => self.divide_wide(i128::from(numerator), i128::from(denominator)),
        }
    }

    /// `numerator / unit`, rounded to a whole number.
    #[inline]
    fn divide_to_steps(self, numerator: i64, unit: u64) -> Option<i64> {
        let magnitude = numerator.unsigned_abs();
        let quotient = magnitude.checked_div(unit)?;
        let remainder = magnitude.checked_rem(unit)?;
        // Exactly half means that the remainder equals what is missing to the next step. The subtraction of the remainder from
        // the step cannot overflow.
        let missing = unit.wrapping_sub(remainder);
        let away = remainder != 0 && self.goes_away(remainder.cmp(&missing), quotient % 2 != 0);
        let steps = quotient.checked_add(u64::from(away))?;
        if numerator < 0 {
            0_i64.checked_sub_unsigned(steps)
        } else {
            i64::try_from(steps).ok()
        }
    }

    /// `a × b / denominator`, rounded; the product may need more than 64 bits.
    #[must_use]
    #[inline]
    pub fn multiply_divide(self, a: i64, b: i64, denominator: i64) -> Option<i64> {
        match a.checked_mul(b) {
            Some(product) => self.divide(product, denominator),
            None => self.divide_wide(
                i128::from(a).checked_mul(i128::from(b))?,
                i128::from(denominator),
            ),
        }
    }

    /// An amount rounded to the step, for countries that have no smallest coins any more.
    #[must_use]
    pub fn round(self, amount: Amount) -> Option<Amount> {
        self.divide(amount.minor(), 1).map(Amount::from_minor)
    }

    #[cold]
    fn divide_wide(self, numerator: i128, denominator: i128) -> Option<i64> {
        if denominator <= 0 {
            return None;
        }
        let unit = denominator.checked_mul(i128::from(self.step))?;
        let quotient = numerator.checked_div(unit)?;
        let remainder = numerator.checked_rem(unit)?.unsigned_abs();
        let twice = remainder.checked_mul(2)?;
        let away = self.goes_away(
            twice.cmp(&unit.unsigned_abs()),
            quotient.checked_rem(2)? != 0,
        );
        let steps = step_away(i64::try_from(quotient).ok()?, away, numerator < 0)?;
        steps.checked_mul(self.step)
    }

    fn goes_away(self, against_half: core::cmp::Ordering, odd: bool) -> bool {
        use core::cmp::Ordering::{Equal, Greater, Less};
        match (self.mode, against_half) {
            (RoundingMode::TowardZero, _) | (_, Less) => false,
            (_, Greater) | (RoundingMode::HalfAwayFromZero, Equal) => true,
            (RoundingMode::HalfEven, Equal) => odd,
        }
    }
}

fn step_away(quotient: i64, away: bool, negative: bool) -> Option<i64> {
    match (away, negative) {
        (false, _) => Some(quotient),
        (true, false) => quotient.checked_add(1),
        (true, true) => quotient.checked_sub(1),
    }
}

#[cfg(test)]
mod tests {
    use super::{Rounding, RoundingMode};
    use crate::amount::Amount;

    #[test]
    fn a_product_of_more_than_64_bits_is_rounded_by_the_same_rule() {
        let rule = Rounding::COMMERCIAL;
        // 5,000,000,000,000,000,001 times 3 does not fit 64 bits; half of the product does.
        let wide = 5_000_000_000_000_000_001;
        for (a, expected) in [
            (wide, 7_500_000_000_000_000_002),
            (-wide, -7_500_000_000_000_000_002),
        ] {
            assert_eq!(rule.multiply_divide(a, 3, 2), Some(expected));
        }
        assert_eq!(
            rule.multiply_divide(wide, 3, 1),
            None,
            "the result does not fit"
        );
        assert_eq!(rule.multiply_divide(wide, 3, 0), None);
    }

    #[test]
    fn a_half_goes_away_from_zero_on_both_sides() {
        let rule = Rounding::COMMERCIAL;
        for (numerator, denominator, expected) in [
            (5, 10, 1),
            (-5, 10, -1),
            (4, 10, 0),
            (-4, 10, 0),
            (15, 10, 2),
            (-15, 10, -2),
            (i64::MAX, 1, i64::MAX),
        ] {
            assert_eq!(
                rule.divide(numerator, denominator),
                Some(expected),
                "{numerator}/{denominator}"
            );
        }
        assert_eq!(rule.divide(1, 0), None);
        assert_eq!(rule.divide(1, -1), None);
    }

    #[test]
    fn other_modes_and_steps() {
        let even = Rounding::new(RoundingMode::HalfEven, 1).unwrap();
        assert_eq!(
            (even.divide(25, 10), even.divide(35, 10)),
            (Some(2), Some(4))
        );
        let down = Rounding::new(RoundingMode::TowardZero, 1).unwrap();
        assert_eq!(
            (down.divide(19, 10), down.divide(-19, 10)),
            (Some(1), Some(-1))
        );
        let cash = Rounding::new(RoundingMode::HalfAwayFromZero, 5).unwrap();
        assert_eq!(
            cash.round(Amount::from_minor(1858)),
            Some(Amount::from_minor(1860))
        );
        assert_eq!(
            cash.round(Amount::from_minor(1857)),
            Some(Amount::from_minor(1855))
        );
        assert_eq!(Rounding::new(RoundingMode::HalfEven, 0), None);
    }

    #[test]
    fn a_product_may_be_wider_than_the_result() {
        assert_eq!(
            Rounding::COMMERCIAL.multiply_divide(i64::MAX, 3, 3),
            Some(i64::MAX)
        );
        assert_eq!(
            Rounding::COMMERCIAL.multiply_divide(i64::MIN, 3, 3),
            Some(i64::MIN)
        );
        assert_eq!(Rounding::COMMERCIAL.multiply_divide(i64::MAX, 2, 1), None);
    }
}

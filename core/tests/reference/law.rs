//! The law's arithmetic in fractions: rates, taxes, modifiers and the largest remainder.

use ferrotill_core::receipt::{Modifier, Prices};
use ferrotill_core::tax::{Bucket, TaxRounding};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{Signed as _, ToPrimitive as _, Zero as _};

use super::{Case, Law};

/// The rates of a line, as fractions: the sum of its levies, and the sum of its other taxes.
pub(super) struct Rates {
    pub(super) levies: BigRational,
    pub(super) others: BigRational,
}

/// A special tax beside another tax is a levy.
pub(super) fn rates_of(law: &Law, case: &Case) -> Vec<Rates> {
    let group_of = |letter: u8| {
        let group = law.facts.groups.iter().find(|g| g.code.letter() == letter);
        let in_force = group.unwrap().rates.iter().rfind(|r| r.from <= law.day);
        let rate = in_force.unwrap().rate.ten_thousandths();
        (group.unwrap().bucket == Bucket::Special, rate)
    };
    let lines = case.lines.iter();
    lines
        .map(|line| {
            let groups: Vec<(bool, u32)> = line.tax_group.unwrap().bytes().map(group_of).collect();
            let any_other = groups.iter().any(|(special, _)| !special);
            let sum = |levies: bool| {
                let chosen = groups.iter();
                let chosen = chosen.filter(|(special, _)| (*special && any_other) == levies);
                let rate: u32 = chosen.map(|(_, rate)| rate).sum();
                ratio(i64::from(rate), 1_000_000)
            };
            Rates {
                levies: sum(true),
                others: sum(false),
            }
        })
        .collect()
}

/// How a tax is charged.
#[derive(Clone, Copy)]
pub(super) enum Charge {
    /// Inside an amount of a line that was priced so.
    Inside(Prices),
    /// On top of an amount.
    OnTop,
}

/// The levies and the other taxes of a sum.
pub(super) fn taxes_of_sum(sum: &BigInt, rates: &Rates, charge: Charge) -> [BigInt; 2] {
    let inside = |sum: &BigInt, rate: &BigRational| {
        half_away(&(BigRational::from(sum.clone()) * rate / (ratio(1, 1) + rate)))
    };
    let on_top =
        |sum: &BigInt, rate: &BigRational| half_away(&(BigRational::from(sum.clone()) * rate));
    match charge {
        // 259.90 with a levy of 5 % and a tax of 20 %: 259.90 × 5/105 and (259.90 - levy) × 20/120.
        Charge::Inside(Prices::TaxIncluded) => {
            let levies = inside(sum, &rates.levies);
            let others = inside(&(sum - &levies), &rates.others);
            [levies, others]
        }
        // 126.00, of which 100.00 were the price: 126.00 × 20/120 and (126.00 - tax) × 5/105.
        Charge::Inside(Prices::TaxExcluded) => {
            let others = inside(sum, &rates.others);
            [inside(&(sum - &others), &rates.levies), others]
        }
        Charge::OnTop => {
            let levies = on_top(sum, &rates.levies);
            let others = on_top(&(sum + &levies), &rates.others);
            [levies, others]
        }
    }
}

pub(super) fn both([levies, others]: [BigInt; 2]) -> BigInt {
    levies + others
}

/// The tax of each line, rounded as the law says.
pub(super) fn taxes_of(
    law: &Law,
    case: &Case,
    rates: &[Rates],
    amounts: &[BigInt],
    charge: Charge,
) -> Vec<BigInt> {
    if law.facts.tax_rounding == TaxRounding::PerLine {
        let pairs = amounts.iter().zip(rates);
        return pairs
            .map(|(amount, rates)| both(taxes_of_sum(amount, rates, charge)))
            .collect();
    }
    let mut taxes = vec![BigInt::zero(); amounts.len()];
    let group = |place: usize| case.lines[place].tax_group;
    for (first, rates) in rates.iter().enumerate() {
        if (0..first).any(|earlier| group(earlier) == group(first)) {
            continue;
        }
        let members: Vec<usize> = (first..amounts.len())
            .filter(|place| group(*place) == group(first))
            .collect();
        let of_group: Vec<BigInt> = members.iter().map(|m| amounts[*m].clone()).collect();
        let sum: BigInt = of_group.iter().sum();
        for tax in taxes_of_sum(&sum, rates, charge) {
            for (member, part) in members.iter().zip(largest_remainder(&tax, &of_group)) {
                taxes[*member] += part;
            }
        }
    }
    taxes
}

pub(super) fn ratio(numerator: i64, denominator: i64) -> BigRational {
    BigRational::new(numerator.into(), denominator.into())
}

/// `BigRational::round` rounds a half away from zero.
pub(super) fn half_away(value: &BigRational) -> BigInt {
    value.round().to_integer()
}

pub(super) fn change_of(modifier: Option<Modifier>, base: &BigInt) -> BigInt {
    match modifier {
        None => BigInt::zero(),
        Some(Modifier::Amount(amount)) => amount.minor().into(),
        Some(Modifier::Percent(hundredths)) => {
            half_away(&(BigRational::from(base.clone()) * ratio(i64::from(hundredths), 10_000)))
        }
    }
}

/// Whether a percentage makes an amount negative before it is rounded.
pub(super) fn below_zero(modifier: Option<Modifier>, base: &BigInt) -> bool {
    matches!(modifier, Some(Modifier::Percent(hundredths)) if hundredths < -10_000)
        && base.is_positive()
}

/// Divides by sorting the remainders; the core searches for the largest one each time.
pub(super) fn largest_remainder(sum: &BigInt, weights: &[BigInt]) -> Vec<BigInt> {
    let base: BigInt = weights.iter().sum();
    if sum.is_zero() || base.is_zero() {
        return vec![BigInt::zero(); weights.len()];
    }
    let exact: Vec<BigRational> = weights
        .iter()
        .map(|weight| BigRational::new(sum.abs() * weight, base.clone()))
        .collect();
    let mut parts: Vec<BigInt> = exact.iter().map(BigRational::to_integer).collect();
    let left = (sum.abs() - parts.iter().sum::<BigInt>())
        .to_usize()
        .unwrap();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|place| (-exact[*place].fract(), *place));
    for place in &order[..left] {
        parts[*place] += 1;
    }
    parts.iter().map(|part| part * sum.signum()).collect()
}

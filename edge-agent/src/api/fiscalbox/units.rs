//! The units of the API: every conversion of money and quantity, and nothing else converts them.
//!
//! Money is in tiyin (hundredths of a som), a quantity in thousandths of its unit. Payments with UzQR are texts in soms.

use ferrotill_core::scale::Decimal;
use ferrotill_core::{Amount, Quantity, Rounding};

/// By so much payments and lines may differ, in tiyin (100 soms): the tolerance of the fiscal module.
pub(super) const SUM_TOLERANCE: u64 = 10_000;
/// By so much a line may differ from price times quantity, and a tax from its rule, in tiyin: one som.
pub(super) const LINE_TOLERANCE: u64 = 100;

/// Money from tiyin.
pub(super) const fn money(tiyin: i64) -> Amount {
    Amount::from_minor(tiyin)
}

/// A quantity from thousandths.
pub(super) const fn quantity(thousandths: i64) -> Quantity {
    Quantity::from_thousandths(thousandths)
}

/// Tiyin as soms with two decimals, for sentences: `115000` is `1150.00`.
pub(super) fn soms(tiyin: i64) -> String {
    Decimal::new(tiyin, 2).to_string()
}

/// The amount of a line in tiyin: the price of one unit times the thousandths, divided by 1000 and rounded half away from zero. `None` if it
/// is too large.
pub(super) fn line_amount(product_price: i64, thousandths: i64) -> Option<i64> {
    Rounding::COMMERCIAL.multiply_divide(product_price, thousandths, 1_000)
}

/// The value added tax inside an amount in tiyin.
pub(super) fn tax_inside(tiyin: i64, percent: i64) -> Option<i64> {
    let whole = percent.checked_add(100)?;
    Rounding::COMMERCIAL.multiply_divide(tiyin, percent, whole)
}

/// The value added tax on top of an amount in tiyin, as the examples of the public documents have it.
pub(super) fn tax_on_top(tiyin: i64, percent: i64) -> Option<i64> {
    Rounding::COMMERCIAL.multiply_divide(tiyin, percent, 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_of_the_api_is_converted_exactly() {
        // One piece at 150000.00 soms, a quarter of a kilogram at 40000.00, and a price that must be rounded.
        for (price, thousandths, amount) in [
            (15_000_000, 1_000, 15_000_000),
            (4_000_000, 250, 1_000_000),
            (333, 1_500, 500),
            (1, 499, 0),
            (1, 500, 1),
        ] {
            assert_eq!(line_amount(price, thousandths), Some(amount));
        }
        // 12 percent inside 1120.00 are 120.00; on top of 500.00 they are 60.00.
        for (tiyin, percent, inside) in [(112_000, 12, 12_000), (50_000, 12, 5_357), (7, 0, 0)] {
            assert_eq!(tax_inside(tiyin, percent), Some(inside));
        }
        assert_eq!(tax_on_top(50_000, 12), Some(6_000));
        assert_eq!(soms(115_000), "1150.00");
        assert_eq!(soms(-5), "-0.05");
        assert_eq!(money(115_000).minor(), 115_000);
        assert_eq!(quantity(250).thousandths(), 250);
    }
}

//! Reads the products of an order, and checks each by the rules of the catalogue and of the tax.

use ferrotill_core::Amount;
use ferrotill_core::facts::Facts;
use ferrotill_core::receipt::{CopiedLine, Modifier};
use ferrotill_core::time::Day;

use super::Members;
use crate::api::fiscalbox::faults::{FaultKind, Faults};
use crate::api::fiscalbox::units;
use crate::api::json::JsonValue;
use crate::config::{Device, TaxGroupConfig};
use crate::order::OrderLine;

/// What a product is read with.
#[derive(Clone, Copy)]
pub(super) struct ProductContext<'c> {
    pub(super) device: &'c Device,
    pub(super) facts: &'c Facts,
    pub(super) today: Day,
    pub(super) refund: bool,
}

/// The longest name of a product, in characters.
const NAME_MAX: usize = 63;
/// The most marking codes of a product, and the longest one.
const LABELS_MAX: usize = 300;
const LABEL_MAX: usize = 200;

/// The line of a product, and its amount in tiyin after discounts.
pub(super) fn product(
    node: &JsonValue,
    path: &str,
    context: ProductContext<'_>,
    faults: &mut Faults,
) -> (OrderLine, i64) {
    let mut fields = Members::of(node, path, faults);
    let name = fields.needed_text("name", NAME_MAX).unwrap_or("-");
    barcode(&mut fields);
    fields.needed_text("unit_name", NAME_MAX);
    class_code(&mut fields);
    package_code(&mut fields);
    owner_type(&mut fields);
    commission(&mut fields);
    let amount = fields.needed_whole("amount");
    labels(&mut fields, amount);
    let product_price = fields.needed_whole("product_price");
    let price = fields.needed_whole("price");
    let computed = amount
        .zip(product_price)
        .and_then(|(amount, product_price)| units::line_amount(product_price, amount));
    if let Some((price, computed)) = price.zip(computed)
        && price.abs_diff(computed) > units::LINE_TOLERANCE
    {
        let values = [units::soms(price), units::soms(computed)];
        fields.fault("price", FaultKind::LineAmount, &values);
    }
    let price = price.unwrap_or(0);
    let discount = fields.whole("discount").unwrap_or(0);
    let other = fields.whole("other").unwrap_or(0);
    let less = discount.saturating_add(other);
    if less > price {
        fields.fault("discount", FaultKind::DiscountTooLarge, &[]);
    }
    let left = price.saturating_sub(less).max(0);
    let percent = vat_percent(&mut fields);
    vat(
        &mut fields,
        (price, price.saturating_sub(discount)),
        percent.flatten(),
    );
    let group = percent.map(|percent| tax_group(percent, context));
    if let Some((percent, None)) = percent.zip(group) {
        let shown = percent.map_or_else(|| "null".to_owned(), |percent| percent.to_string());
        fields.fault("vat_percent", FaultKind::TaxGroup, &[shown]);
    }
    let difference = left.saturating_sub(computed.unwrap_or(left));
    let line = OrderLine {
        name: name.into(),
        quantity: units::quantity(amount.unwrap_or(1_000)),
        price: units::money(product_price.unwrap_or(1)),
        modifier: (difference != 0 && !context.refund)
            .then_some(Modifier::Amount(Amount::from_minor(difference))),
        tax_group: group.flatten().map(String::from),
        comment: "".into(),
        final_amount: context.refund.then(|| units::money(left)),
        copied: CopiedLine::NONE,
    };
    (line, left)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn barcode(fields: &mut Members<'_, '_>) {
    let Some(code) = fields.text_or_number("barcode") else {
        return;
    };
    // Programs send the empty text, and 0, for goods without a barcode.
    let is_right = match code.len() {
        0 => true,
        8 | 13 => check_digit_fits(code),
        _ => code == "0",
    };
    if !is_right {
        fields.fault("barcode", FaultKind::Barcode, &[]);
    }
}

/// True if the last digit of a barcode is the check digit of the others (GS1).
fn check_digit_fits(code: &str) -> bool {
    if !is_digits(code) {
        return false;
    }
    let digits = code.bytes().rev().map(|byte| byte.saturating_sub(b'0'));
    let sum = digits.enumerate().fold(0_u32, |sum, (place, digit)| {
        let weight = if place.is_multiple_of(2) { 1 } else { 3 };
        sum.saturating_add(u32::from(digit).saturating_mul(weight))
    });
    sum.is_multiple_of(10)
}

fn class_code(fields: &mut Members<'_, '_>) {
    match fields.needed_text_or_number("class_code") {
        Some(code) if code.len() == 17 && is_digits(code) => {}
        None => {}
        Some(_) => fields.fault("class_code", FaultKind::ClassCode, &[]),
    }
}

fn package_code(fields: &mut Members<'_, '_>) {
    match fields.needed_text_or_number("package_code") {
        Some(code) if code.len() <= 20 && is_digits(code) => {}
        None => {}
        Some(_) => fields.fault("package_code", FaultKind::PackageCode, &[]),
    }
}

fn owner_type(fields: &mut Members<'_, '_>) {
    if let Some(owner) = fields.needed_whole("owner_type")
        && owner > 2
    {
        fields.fault("owner_type", FaultKind::OwnerType, &[]);
    }
}

/// The owner of goods that are sold on commission. Programs send empty texts if the shop owns the goods.
fn commission(fields: &mut Members<'_, '_>) {
    let Some(node) = fields.get("comission_info") else {
        return;
    };
    let path = fields.path("comission_info");
    let mut info = Members::of(node, &path, fields.faults());
    // Numbers with 12 digits occur as an INN too.
    for (name, lengths) in [("inn", [9, 12]), ("pinfl", [14, 14])] {
        if let Some(number) = info.text_or_number(name)
            && !number.is_empty()
            && !(lengths.contains(&number.len()) && is_digits(number))
        {
            info.fault(name, FaultKind::Commission, &[]);
        }
    }
}

/// Marked goods have a code for each piece.
fn labels(fields: &mut Members<'_, '_>, amount: Option<i64>) {
    let labels = fields.list("labels", LABELS_MAX);
    let mut given = 0_i64;
    for (place, label) in labels.iter().enumerate() {
        match label {
            JsonValue::Text(label) if label.is_empty() => {}
            JsonValue::Text(label) if label.chars().count() <= LABEL_MAX => {
                given = given.saturating_add(1);
            }
            JsonValue::Text(_) => {
                let limit = LABEL_MAX.to_string();
                fields.fault(&format!("labels[{place}]"), FaultKind::TooLong, &[limit]);
            }
            _ => {
                let needed = "\"…\"".to_owned();
                fields.fault(&format!("labels[{place}]"), FaultKind::WrongType, &[needed]);
            }
        }
    }
    if let Some(amount) = amount
        && given > 0
        && amount != given.saturating_mul(1_000)
    {
        let values = [given.to_string(), amount.to_string()];
        fields.fault("labels", FaultKind::LabelAmount, &values);
    }
}

/// The percent of value added tax; `Some(None)` for goods without it, and `None` after a fault. A member that is left out is null.
#[expect(clippy::option_option, reason = "null is a value of its own")]
fn vat_percent(fields: &mut Members<'_, '_>) -> Option<Option<i64>> {
    let Some(node) = fields.get("vat_percent") else {
        return Some(None);
    };
    let percent = match node {
        JsonValue::Number(text) => text.strip_suffix(".0").unwrap_or(text).parse().ok(),
        _ => None,
    };
    let percent = percent.filter(|percent| (0..=100).contains(percent));
    if percent.is_none() {
        fields.fault("vat_percent", FaultKind::VatPercent, &[]);
    }
    percent.map(Some)
}

/// The tax must be that of the rate: inside the amount before or after the discount, or on top of it, as the public examples have it.
fn vat(fields: &mut Members<'_, '_>, (price, reduced): (i64, i64), percent: Option<i64>) {
    let Some(vat) = fields.whole("vat") else {
        return;
    };
    let percent = percent.unwrap_or(0);
    let expected = units::tax_inside(reduced, percent);
    let rules = [
        expected,
        units::tax_inside(price, percent),
        units::tax_on_top(price, percent),
        units::tax_on_top(reduced, percent),
    ];
    let fits = |rule: &i64| vat.abs_diff(*rule) <= units::LINE_TOLERANCE;
    if !rules.iter().flatten().any(fits) {
        let values = [units::soms(vat), units::soms(expected.unwrap_or(0))];
        fields.fault("vat", FaultKind::VatAmount, &values);
    }
}

/// The letter of the tax group with a rate; goods without tax have the exempt group.
fn tax_group(percent: Option<i64>, context: ProductContext<'_>) -> Option<char> {
    let is_exempt = |group: &TaxGroupConfig| group.is_exempt(context.facts);
    let mut groups = context.device.tax_groups.iter();
    let group = match percent {
        None => groups.find(|group| is_exempt(group)),
        Some(percent) => groups.find(|group| {
            let rate = group.rate_on(context.today);
            let rate = rate.map(|rate| i64::from(rate.ten_thousandths()));
            rate == percent.checked_mul(10_000) && !is_exempt(group)
        }),
    };
    group.map(|group| group.code)
}

#[cfg(test)]
mod tests {
    use super::check_digit_fits;

    #[test]
    fn the_check_digit_of_a_barcode_is_that_of_gs1() {
        for (code, fits) in [
            ("4006381333931", true),
            ("4006381333932", false),
            ("73513537", true),
            ("73513538", false),
            ("400638133393a", false),
        ] {
            assert_eq!(check_digit_fits(code), fits, "{code}");
        }
    }
}

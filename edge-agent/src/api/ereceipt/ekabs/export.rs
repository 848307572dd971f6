//! A receipt of this till as EKaBS v0.

use std::borrow::Cow;

use ferrotill_core::document::Body;
use ferrotill_core::receipt::{Line, Receipt, ReceiptKind};
use ferrotill_core::scale::Decimal;
use ferrotill_core::seal::Seal;
use ferrotill_core::{Amount, Currency};
use ferrotill_render::PrintedSeller;
use ferrotill_store::StoredDocument;

use crate::api::json::JsonValue;
use crate::object;
use crate::paper::printed_number;

/// A sealed receipt as `ekabs_v0`; `None` if the document is no receipt. `device` is the name of the cash register.
///
/// Every amount is one that the journal has. A quantity with three decimals stands in `additional_text`, because EKaBS has two.
#[must_use]
pub fn of_document(
    stored: &StoredDocument,
    seller: &PrintedSeller,
    (currency, device): (Currency, &str),
) -> Option<JsonValue> {
    let (reserved, sealed) = (stored.reserved()?, stored.sealed()?);
    let Body::Receipt(receipt) = &reserved.body else {
        return None;
    };
    let number = printed_number(&sealed.seal).unwrap_or_else(|| sealed.number.to_string());
    let mut head = vec![
        ("id".into(), stored.row.id.into()),
        ("number".into(), number.into()),
        ("date".into(), reserved.at.utc_ms.div_euclid(1_000).into()),
        ("cash_register_number".into(), device.into()),
    ];
    head.push((
        "seller".into(),
        object! {
            "name" => seller.name.as_deref().unwrap_or(""),
            "tax_number" => seller.number.as_deref().unwrap_or(""),
            "address" => object! { "street" => seller.address.as_deref().unwrap_or("") },
        },
    ));
    if let ReceiptKind::Refund { .. } = receipt.kind {
        head.push(("buyer_text".into(), "refund".into()));
    }
    let security = match sealed.seal {
        Seal::Signature { compact, .. } => {
            object! { "rksv" => object! { "qr_code_data" => compact } }
        }
        _ => JsonValue::Object(Vec::new()),
    };
    let lines = receipt.lines.iter().filter(|line| !line.voided);
    let lines = lines.map(|line| line_of(&line, currency)).collect();
    let mut data = vec![
        ("currency".into(), currency.to_string().into()),
        (
            "full_amount_incl_vat".into(),
            two_decimals(receipt.total, currency).into(),
        ),
        ("payment_types".into(), payments_of(receipt, currency)),
        (
            "vat_amounts".into(),
            JsonValue::Array(taxes(receipt, currency)),
        ),
        ("lines".into(), JsonValue::Array(lines)),
    ];
    data.extend(discount(receipt, currency));
    Some(object! {
        "head" => JsonValue::Object(head),
        "data" => JsonValue::Object(data),
        "security" => security,
    })
}

/// What was paid, with the change that was given back.
fn payments_of(receipt: &Receipt<'_>, currency: Currency) -> JsonValue {
    let payments = receipt.payments.iter();
    let payments = payments
        .filter(|payment| payment.amount.is_positive())
        .map(|payment| {
            let mut shown = vec![
                (
                    "name".into(),
                    if payment.cash { "CASH" } else { "NON_CASH" }.into(),
                ),
                ("display_name".into(), payment.name.into()),
                (
                    "amount".into(),
                    two_decimals(payment.amount, currency).into(),
                ),
            ];
            if payment.change.is_positive() {
                shown.push((
                    "change".into(),
                    two_decimals(payment.change, currency).into(),
                ));
            }
            JsonValue::Object(shown)
        })
        .collect();
    JsonValue::Array(payments)
}

fn line_of(line: &Line<'_>, currency: Currency) -> JsonValue {
    let money = |amount: Amount| two_decimals(amount, currency);
    let vat = line.taxes().map(|share| {
        object! {
            "percentage" => fraction(share.group.rate.ten_thousandths()),
            "incl_vat" => money(line.amount),
        }
    });
    let thousandths = line.quantity.thousandths();
    let (quantity, price, more) = if thousandths % 10 == 0 {
        let quantity = Decimal::new(thousandths.div_euclid(10), 2).to_string();
        (quantity, line.price, String::new())
    } else {
        let price = line.price.display(currency);
        let more = format!("{} × {price}", line.quantity.display());
        ("1.00".to_owned(), line.before_modification, more)
    };
    let change = line.amount.checked_sub(line.before_modification);
    let change = change.filter(|change| change.is_negative());
    let discounts =
        change.map(|change| object! { "name" => "", "discount_value" => money(change) });
    object! {
        "text" => line.name,
        "additional_text" => more,
        "vat_amounts" => JsonValue::Array(vat.collect()),
        "item" => object! {
            "quantity" => quantity,
            "price_per_unit" => money(price),
            "full_amount" => money(line.before_modification),
        },
        "discounts" => JsonValue::Array(discounts.into_iter().collect()),
    }
}

/// The members about a discount on the whole receipt, if it has one.
fn discount(receipt: &Receipt<'_>, currency: Currency) -> Vec<(Cow<'static, str>, JsonValue)> {
    let lower = receipt.modification;
    if !lower.is_negative() {
        return Vec::new();
    }
    let money = |amount: Amount| JsonValue::from(two_decimals(amount, currency));
    let value = receipt.sub_total.checked_sub(receipt.total);
    vec![
        (
            "full_amount_incl_vat_before_discount".into(),
            money(receipt.sub_total),
        ),
        (
            "total_discount_value".into(),
            money(value.unwrap_or_default()),
        ),
        (
            "discounts".into(),
            JsonValue::Array(vec![
                object! { "name" => "", "discount_value" => money(lower) },
            ]),
        ),
    ]
}

/// The sums of the rates.
fn taxes(receipt: &Receipt<'_>, currency: Currency) -> Vec<JsonValue> {
    let mut sums: Vec<(u32, Amount, Amount)> = Vec::new();
    for line in receipt.lines.iter().filter(|line| !line.voided) {
        for share in line.taxes() {
            let rate = share.group.rate.ten_thousandths();
            let place = sums.iter().position(|(known, ..)| *known == rate);
            match place.and_then(|place| sums.get_mut(place)) {
                Some((_, gross, tax)) => {
                    *gross = gross.checked_add(line.final_amount).unwrap_or(*gross);
                    *tax = tax.checked_add(share.final_tax).unwrap_or(*tax);
                }
                None => sums.push((rate, line.final_amount, share.final_tax)),
            }
        }
    }
    sums.into_iter()
        .map(|(rate, gross, tax)| {
            let net = gross.checked_sub(tax).unwrap_or(gross);
            object! {
                "percentage" => fraction(rate),
                "incl_vat" => two_decimals(gross, currency),
                "excl_vat" => two_decimals(net, currency),
                "vat" => two_decimals(tax, currency),
            }
        })
        .collect()
}

/// An amount with two decimals.
fn two_decimals(amount: Amount, currency: Currency) -> String {
    let text = amount.display(currency).to_string();
    match text.split_once('.') {
        Some((_, decimals)) if decimals.len() == 2 => text,
        Some(_) => text,
        None => format!("{text}.00"),
    }
}

/// A rate in ten-thousandths of a percent as a fraction with two decimals, or with four if two would lose digits.
fn fraction(ten_thousandths: u32) -> String {
    let exact = i64::from(ten_thousandths);
    match exact % 10_000 {
        0 => Decimal::new(exact.div_euclid(10_000), 2).to_string(),
        _ => Decimal::new(exact.div_euclid(100), 4).to_string(),
    }
}

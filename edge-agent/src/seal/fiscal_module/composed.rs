//! Makes the request for a module of a receipt whose caller has not given it in the form of the module.
//!
//! Every figure is that of the receipt, so that the module and the journal count the same. Money is in hundredths of the currency and
//! quantities are in thousandths, both in the receipt and for the module.

use ferrotill_core::event::Reserved;
use ferrotill_core::receipt::{Line, Receipt, ReceiptKind};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::tax::{Bucket, TaxGroup};
use ferrotill_core::{Amount, Rounding};
use ferrotill_store::StoredDocument;
use serde_json::{Map, Value, json};

use super::units::number_of;
use crate::order::goods::GoodFacts;
use crate::order::{ModuleRequest, OrderForm, OrderKind, user_of};

/// The longest name of a product, in letters. The journal and the till's papers have the whole name.
const NAME_MAX: usize = 63;
/// The longest number of a card payment at the bank (RRN).
const PAYMENT_NUMBER_MAX: usize = 12;
/// One unit, in the thousandths of a quantity.
const ONE_UNIT: i64 = 1_000;

/// The request for a receipt with the facts of its goods, line by line, and the sale that it gives back if it is a refund. The time and
/// the id are put in when the request is sent.
///
/// # Errors
///
/// A line has no facts, an amount has no form that the module takes, or no module has sealed the original.
pub(super) fn composed(
    receipt: &Receipt<'_>,
    (reserved, original): (&Reserved<'_>, Option<&StoredDocument>),
    goods: &[GoodFacts],
) -> Result<Value, Refusal> {
    if goods.len() != receipt.lines.len() {
        return Err(Refusal::SealMismatch);
    }
    let lines = receipt.lines.iter().zip(goods);
    let products: Result<Vec<Value>, Refusal> =
        lines.map(|(line, good)| product(&line, good)).collect();
    let (mut cash, mut card) = (Amount::ZERO, Amount::ZERO);
    for payment in receipt.payments.iter() {
        let kept = payment.amount.checked_sub(payment.change);
        let sum = if payment.cash { &mut cash } else { &mut card };
        let added = kept.and_then(|kept| sum.checked_add(kept));
        *sum = added.ok_or(Refusal::NumberTooLarge)?;
    }
    let mut request = Map::new();
    let mut put = |name: &str, value: Value| request.insert(name.to_owned(), value);
    match receipt.kind {
        ReceiptKind::Refund { .. } => {
            let (number, link) = original
                .and_then(sold_as)
                .ok_or(Refusal::OriginalNotPrinted)?;
            put("number", number.into());
            put("qr_code", link.into());
        }
        ReceiptKind::Sale | ReceiptKind::AlternativeSale => {
            put("receipt_type", "order".into());
        }
    }
    put("products", products?.into());
    put("time", "".into());
    put(
        "cashier",
        user_of(reserved.annex).unwrap_or_default().into(),
    );
    put("received_cash", cash.minor().into());
    put("change", receipt.change.minor().into());
    put("received_card", card.minor().into());
    // The till opens the drawer itself.
    put("open_cashbox", false.into());
    if let Some(number) = payment_number(reserved.annex) {
        put("ppt_id", number.into());
    }
    put("banners", banners(receipt));
    Ok(Value::Object(request))
}

/// The number and the link of a sale that a module has sealed.
fn sold_as(original: &StoredDocument) -> Option<(u32, String)> {
    match original.sealed()?.seal {
        Seal::Module(seal) if seal.receipt > 0 => Some((seal.receipt, seal.link.to_owned())),
        _ => None,
    }
}

/// A line as a product. Its price less its discount is what the buyer owes for the line, after all modifiers of the receipt.
fn product(line: &Line<'_>, good: &GoodFacts) -> Result<Value, Refusal> {
    let (before, owed) = (line.before_modification, line.final_amount);
    let (unit_price, price, discount) = match before.checked_sub(owed) {
        Some(less) if !less.is_negative() => (line.price, before, less),
        // A module knows no surcharge: the price of one unit contains it.
        _ => (price_of_one(line)?, owed, Amount::ZERO),
    };
    let name: String = line.name.chars().take(NAME_MAX).collect();
    let mut product = json!({
        "name": name,
        "barcode": "",
        "amount": line.quantity.thousandths(),
        "unit_name": &*good.unit,
        "price": price.minor(),
        "product_price": unit_price.minor(),
        "vat": line.final_tax.minor(),
        "vat_percent": percent(line.group)?,
        "discount": discount.minor(),
        "other": 0,
        "labels": [],
        "class_code": good.class_digits(),
        "package_code": &*good.package_code,
        "owner_type": good.owner_type,
    });
    if let Some(number) = number_of(&good.unit)
        && let Some(members) = product.as_object_mut()
    {
        members.insert("units".to_owned(), number.into());
    }
    Ok(product)
}

/// What one unit costs if the line costs what the buyer owes for it.
fn price_of_one(line: &Line<'_>) -> Result<Amount, Refusal> {
    let owed = line.final_amount.minor();
    Rounding::COMMERCIAL
        .multiply_divide(owed, ONE_UNIT, line.quantity.thousandths())
        .map(Amount::from_minor)
        .ok_or(Refusal::NumberTooLarge)
}

/// The rate in percent; null for goods without value added tax.
fn percent(group: TaxGroup) -> Result<Value, Refusal> {
    if group.bucket == Bucket::Exempt {
        return Ok(Value::Null);
    }
    // The text has decimals only if the rate has some.
    let text = group.rate.display().to_string();
    let text = match text.split_once('.') {
        Some((whole, decimals)) if decimals.bytes().all(|digit| digit == b'0') => whole,
        _ => &text,
    };
    serde_json::from_str(text).map_err(|_| Refusal::SealMismatch)
}

/// The number of the first card payment at the bank, as its terminal or the caller gave it.
fn payment_number(annex: &[u8]) -> Option<String> {
    let annex: Value = serde_json::from_slice(annex).ok()?;
    let part = |place: usize| annex.get(place).unwrap_or(&Value::Null);
    let of_terminal = first_number(part(1), "terminals", "rrn");
    of_terminal.or_else(|| number_of_caller(part(0)))
}

/// The first number of a payment that a caller has given, in what its API returns with the document.
fn number_of_caller(echo: &Value) -> Option<String> {
    first_number(echo, "payments", "bankTerminalRRN")
}

/// The first number that a module takes, among the members with a name in the items of a list.
fn first_number(node: &Value, list: &str, name: &str) -> Option<String> {
    let items = node.get(list).and_then(Value::as_array);
    let mut numbers = items
        .into_iter()
        .flatten()
        .filter_map(|item| item.get(name)?.as_str());
    let fits = |number: &&str| {
        (1..=PAYMENT_NUMBER_MAX).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    numbers.find(fits).map(str::to_owned)
}

/// The part of the module's request that names the payment of a sale, if its caller has given a number and the till's own bank terminals
/// take no part in it.
#[must_use]
pub fn payment_named_by(form: &OrderForm) -> Option<Value> {
    let is_composed = matches!(form.said.module_request, Some(ModuleRequest::OfReceipt(_)));
    let is_sale = matches!(form.kind, OrderKind::Sale { .. });
    if !is_composed || !is_sale || !form.terminals.payments.is_empty() {
        return None;
    }
    let echo = serde_json::from_str(&form.echo).ok()?;
    Some(json!({ "ppt_id": number_of_caller(&echo)? }))
}

/// The texts above and below the lines, which the device prints.
fn banners(receipt: &Receipt<'_>) -> Value {
    let texts = [receipt.header, receipt.footer];
    let lines = texts.iter().flat_map(|text| text.lines());
    lines
        .filter(|line| !line.trim().is_empty())
        .map(|line| json!({ "type": "text", "data": line, "cut": false }))
        .collect()
}

#[cfg(test)]
mod tests {
    use ferrotill_core::tax::{Bucket, TaxCode, TaxGroup, TaxRate};

    use super::{payment_number, percent};

    #[test]
    fn a_rate_is_a_number_and_a_group_without_tax_has_none() {
        for (bucket, rate, shown) in [
            (Bucket::Standard, 120_000, "12"),
            (Bucket::Zero, 0, "0"),
            (Bucket::Special, 125_000, "12.5"),
            (Bucket::Exempt, 0, "null"),
        ] {
            let rate = TaxRate::from_ten_thousandths(rate).unwrap();
            let code = TaxCode::new(b'C').unwrap();
            let value = percent(TaxGroup { code, rate, bucket }).unwrap();
            assert_eq!(value.to_string(), shown);
        }
    }

    #[test]
    fn the_number_of_a_card_payment_is_that_of_the_terminal_before_that_of_the_caller() {
        for (annex, number) in [
            (
                r#"[{"payments":[null,{"bankTerminalRRN":"77"}]},{"terminals":[null,{"rrn":"12"}]}]"#,
                Some("12"),
            ),
            (
                r#"[{"payments":[{"bankTerminalRRN":"1234567890123"},{"bankTerminalRRN":"77"}]},null]"#,
                Some("77"),
            ),
            (
                r#"[{"payments":[{"bankTerminalRRN":"a7"},{"bankTerminalRRN":""}]},null]"#,
                None,
            ),
            ("[null,null]", None),
        ] {
            assert_eq!(
                payment_number(annex.as_bytes()).as_deref(),
                number,
                "{annex}"
            );
        }
    }
}

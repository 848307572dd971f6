//! Makes the request for a module of a receipt whose caller has not given it in the form of the module.
//!
//! Every figure is that of the receipt, so that the module and the journal count the same. Money is in hundredths of the currency and
//! quantities are in thousandths, both in the receipt and for the module.

use ferrotill_core::event::Reserved;
use ferrotill_core::receipt::{Line, Receipt, ReceiptKind};
use ferrotill_core::refusal::Refusal;
use ferrotill_core::seal::Seal;
use ferrotill_core::tax::TaxGroup;
use ferrotill_core::{Amount, Rounding};
use ferrotill_store::StoredDocument;
use serde_json::{Map, Value, json};

use super::units::number_of;
use crate::order::goods::GoodFacts;
use crate::order::user_of;

/// The longest name of a product, in letters. The journal and the till's papers have the whole name.
const NAME_MAX: usize = 63;
/// The longest number of a card payment at the bank (RRN).
const PAYMENT_NUMBER_MAX: usize = 12;
/// One unit, in the thousandths of a quantity.
const ONE_UNIT: i64 = 1_000;

/// The request for a receipt with the facts of its goods, line by line, the letters of the tax groups without tax, and the sale that it gives back if it is a refund. The time and the
/// id are put in when the request is sent.
///
/// # Errors
///
/// A line has no facts, an amount has no form that the module takes, or no module has sealed the original.
pub(super) fn composed(
    receipt: &Receipt<'_>,
    (reserved, original): (&Reserved<'_>, Option<&StoredDocument>),
    (goods, exempt): (&[GoodFacts], &str),
) -> Result<Value, Refusal> {
    if goods.len() != receipt.lines.len() {
        return Err(Refusal::SealMismatch);
    }
    let lines = receipt.lines.iter().zip(goods);
    let products: Result<Vec<Value>, Refusal> = lines
        .map(|(line, good)| product(&line, good, exempt))
        .collect();
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
fn product(line: &Line<'_>, good: &GoodFacts, exempt: &str) -> Result<Value, Refusal> {
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
        "vat_percent": percent(line.group, exempt)?,
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
fn percent(group: TaxGroup, exempt: &str) -> Result<Value, Refusal> {
    if exempt.contains(char::from(group.code.letter())) {
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
    let list = |place: usize, name: &str| {
        let list = annex.get(place).and_then(|part| part.get(name));
        list.and_then(Value::as_array).into_iter().flatten()
    };
    let of_terminals = list(1, "terminals").filter_map(|it| it.get("rrn"));
    let given = list(0, "payments").filter_map(|it| it.get("bankTerminalRRN"));
    let mut numbers = of_terminals.chain(given).filter_map(Value::as_str);
    let fits = |number: &&str| {
        (1..=PAYMENT_NUMBER_MAX).contains(&number.len())
            && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    numbers.find(fits).map(str::to_owned)
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

//! What a simulated module reads of an order, as strictly as a device does.

use serde_json::Value;

use super::ModuleError;

/// The sums of an order, in tiyin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ModuleOrder {
    /// `sale`, `refund`, `prepaid` or `credit`.
    pub(super) kind: &'static str,
    /// The time of the order, `YYYYMMDDHHMMSS`.
    pub(super) time: String,
    /// The cash.
    pub(super) cash: i64,
    /// The other payments.
    pub(super) card: i64,
    /// The value added tax of all lines.
    pub(super) vat: i64,
    /// The id that the caller gave.
    pub(super) uuid: Option<String>,
}

/// By so much the payments may differ from the lines, in tiyin.
const TOLERANCE: u64 = 10_000;

/// A wrong argument.
fn wrong(text: impl Into<String>) -> ModuleError {
    ModuleError::new(104, text)
}

fn whole(node: &Value, name: &str) -> Result<i64, ModuleError> {
    let value = node.get(name).and_then(Value::as_i64);
    value
        .filter(|value| *value >= 0)
        .ok_or_else(|| wrong(format!("INVALID_ARGUMENT: {name}")))
}

fn optional(node: &Value, name: &str) -> Result<i64, ModuleError> {
    match node.get(name) {
        None | Some(Value::Null) => Ok(0),
        Some(_) => whole(node, name),
    }
}

fn text<'v>(node: &'v Value, name: &str) -> Result<&'v str, ModuleError> {
    let value = node.get(name).and_then(Value::as_str);
    value.ok_or_else(|| wrong(format!("INVALID_ARGUMENT: {name}")))
}

impl ModuleOrder {
    /// Reads an order or a refund.
    ///
    /// # Errors
    ///
    /// What the module refuses.
    pub(super) fn read(body: &Value, refund: bool) -> Result<Self, ModuleError> {
        let kind = match body.get("receipt_type").and_then(Value::as_str) {
            _ if refund => "refund",
            Some("order") => "sale",
            Some("prepaid") => "prepaid",
            Some("credit") => "credit",
            _ => return Err(wrong("INVALID_ARGUMENT: receipt_type")),
        };
        if refund {
            if body.get("number").is_none_or(Value::is_null) {
                return Err(wrong("INVALID_ARGUMENT: number"));
            }
            let original = body.get("qr_code").and_then(Value::as_str);
            if !original.is_some_and(|link| link.contains("&s=")) {
                return Err(ModuleError {
                    data: Some("refund info is not valid".to_owned()),
                    ..ModuleError::new(65_275, "not valid refund info")
                });
            }
        }
        let products = body.get("products").and_then(Value::as_array);
        let products = products.filter(|products| !products.is_empty());
        let products = products.ok_or_else(|| wrong("INVALID_ARGUMENT: products"))?;
        let (mut lines, mut vat) = (0_i64, 0_i64);
        for product in products {
            lines = lines.saturating_add(line(product)?);
            vat = vat.saturating_add(optional(product, "vat")?);
        }
        let (cash, card) = (whole(body, "received_cash")?, whole(body, "received_card")?);
        whole(body, "change")?;
        text(body, "cashier")?;
        let paid = cash.saturating_add(card);
        if paid.abs_diff(lines) > TOLERANCE {
            let difference = paid.abs_diff(lines);
            let data = format!(
                "difference {difference} between {paid} and {lines} is larger than {TOLERANCE}; math error"
            );
            return Err(ModuleError {
                data: Some(data),
                ..ModuleError::new(65_531, "failed to make total block")
            });
        }
        Ok(Self {
            kind,
            time: compact_time(text(body, "time")?)?,
            cash,
            card,
            vat,
            uuid: body.get("uuid").and_then(Value::as_str).map(str::to_owned),
        })
    }
}

/// The amount of a line, in tiyin.
fn line(product: &Value) -> Result<i64, ModuleError> {
    text(product, "name")?;
    text(product, "unit_name")?;
    whole(product, "amount")?;
    whole(product, "product_price")?;
    whole(product, "owner_type")?;
    let class_code = product.get("class_code").and_then(Value::as_str);
    let is_code = |code: &str| code.len() == 17 && code.bytes().all(|byte| byte.is_ascii_digit());
    if !class_code.is_some_and(is_code) {
        return Err(ModuleError::new(401, "INVALID_CLASS_CODE"));
    }
    if product.get("package_code").is_none_or(Value::is_null) {
        return Err(ModuleError::new(402, "INVALID_PACKAGE_CODE"));
    }
    let less = optional(product, "discount")?.saturating_add(optional(product, "other")?);
    Ok(whole(product, "price")?.saturating_sub(less))
}

/// A time `yyyy-MM-dd HH:mm:ss` as 14 digits.
pub(super) fn compact_time(text: &str) -> Result<String, ModuleError> {
    let parsed: Result<jiff::civil::DateTime, _> = text.trim().parse();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match parsed {
        Ok(_) if digits.len() == 14 => Ok(digits),
        _ => Err(wrong(format!(
            "Invalid time, time should be yyyy-MM-dd HH:mm:ss: {text}"
        ))),
    }
}

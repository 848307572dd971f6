//! Marking codes: how a code is cut, and what a simulated office of marking answers about codes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::ModuleError;

/// The first characters that every code of the newer kind has: `01`, a number of 14 digits, and `21`.
const PREFIX: usize = 18;

/// A marking code without the separator and without its signature: the part by which the state knows a piece.
#[must_use]
pub fn cut(code: &str) -> String {
    let plain: String = code.chars().filter(|letter| *letter != '\u{1d}').collect();
    let is_new = plain.starts_with("01") && plain.get(16..PREFIX) == Some("21") && plain.is_ascii();
    if !is_new {
        return plain.chars().take(21).collect();
    }
    // The serial is followed by the signature, which begins with 91 or 93 after 7 to 20 characters.
    let serial = plain.get(PREFIX..).unwrap_or_default();
    let ends = (7..=20).rev().find(|end| {
        let tail = serial.get(*end..).unwrap_or_default();
        tail.starts_with("91") || tail.starts_with("93")
    });
    let end = ends.unwrap_or_else(|| serial.len().min(20));
    let kept = PREFIX.saturating_add(end);
    plain.get(..kept).unwrap_or(&plain).to_owned()
}

/// The marking codes of an order.
#[must_use]
pub fn codes_of(order: &Value) -> Vec<String> {
    let products = order.get("products").and_then(Value::as_array);
    let labels = products
        .into_iter()
        .flatten()
        .filter_map(|product| product.get("labels").and_then(Value::as_array));
    labels
        .flatten()
        .filter_map(Value::as_str)
        .filter(|label| !label.is_empty())
        .map(cut)
        .collect()
}

/// Notes which codes are sold, or come back.
pub(super) fn note(marks: &mut BTreeSet<String>, order: &Value, refund: bool) {
    for code in codes_of(order) {
        if refund {
            marks.remove(&code);
        } else {
            marks.insert(code);
        }
    }
}

/// What the simulated office answers about codes. Its answer is no envelope of the API.
pub(super) fn check(marks: &BTreeSet<String>, body: &Value) -> Result<Value, ModuleError> {
    let products = body.get("products").and_then(Value::as_array);
    let products = products.ok_or_else(|| ModuleError::new(104, "INVALID_ARGUMENT: products"))?;
    let mut seen = BTreeSet::new();
    for product in products {
        let codes: Vec<String> = texts(product, "kmIds").map(cut).collect();
        let amount = product.get("amount").and_then(Value::as_u64);
        if amount != u64::try_from(codes.len()).ok() {
            return Ok(answer("1003", "the number of codes differs"));
        }
        let class = product.get("productCode").and_then(Value::as_str);
        if class.is_none_or(|code| code.len() != 17) {
            return Ok(answer("1004", "the code is not of these goods"));
        }
        for code in codes {
            if code.chars().count() < 14 {
                return Ok(answer("1001", "the code is invalid"));
            }
            if marks.contains(&code) {
                return Ok(answer("1016", "the code is sold already"));
            }
            if !seen.insert(code) {
                return Ok(answer("1008", "the code is there twice"));
            }
        }
    }
    Ok(
        json!({ "success": true, "message": "", "messageRu": "", "messageLat": "", "code": "0", "data": null }),
    )
}

fn texts<'v>(node: &'v Value, name: &str) -> impl Iterator<Item = &'v str> {
    let items = node.get(name).and_then(Value::as_array);
    items.into_iter().flatten().filter_map(Value::as_str)
}

fn answer(code: &str, words: &str) -> Value {
    json!({ "success": false, "message": words, "messageRu": words, "messageLat": words, "code": code, "data": null })
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_marking_code_is_cut_before_its_signature() {
        let code = "0104600000000015211234567\u{1d}93abcd";
        assert_eq!(cut(code), "0104600000000015211234567");
        assert_eq!(
            cut("0104600000000015211234567891011121391"),
            "01046000000000152112345678910111213"
        );
        assert_eq!(cut("00000046198488X!Mq2tAAAAAAA"), "00000046198488X!Mq2tA");
    }
}

//! Card numbers in uploaded receipts: they are hidden before a receipt is stored, compared or shown.

use std::borrow::Cow;

use ferrotill_store::UploadedReceipt;
use uuid::Uuid;

use crate::api::json::{FaultList, JsonValue, RequestFault};
use crate::order::ReceiptText;

/// The fewest digits of a card number.
const CARD_DIGITS_MIN: usize = 13;
/// The members of `head` in which the shop has numbers of its own.
const NUMBERS_OF_THE_SHOP: [&str; 5] = [
    "id",
    "number",
    "store_number",
    "cash_register_number",
    "tax_number",
];

/// Which texts stand at a place of a receipt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Area {
    /// Every text may have a card number.
    Any,
    /// `head`: long numbers of the shop are usually no card numbers.
    Head,
    /// `security`: a word of letters and digits is a serial number or a signature, and must stay as it is.
    Security,
}

/// The body of a stored receipt. Older programs have stored receipts with card numbers.
pub(super) fn body_of(receipt: &UploadedReceipt) -> JsonValue {
    let mut body = JsonValue::parse(receipt.body.as_bytes()).unwrap_or(JsonValue::Null);
    hide(&mut body);
    body
}

/// Hides the middle digits of every card number of a receipt.
pub(super) fn hide(body: &mut JsonValue) {
    hide_in(body, "", Area::Any, 0);
}

fn hide_in(value: &mut JsonValue, name: &str, area: Area, depth: usize) {
    match value {
        JsonValue::Text(text) => {
            if let Some(hidden) = hidden(text, name, area) {
                *text = hidden;
            }
        }
        JsonValue::Number(number) => {
            if let Some(hidden) = hidden(number, name, area) {
                *value = JsonValue::Text(hidden);
            }
        }
        JsonValue::Array(items) => {
            for item in items {
                hide_in(item, name, area, depth);
            }
        }
        JsonValue::Object(members) => {
            for (name, member) in members {
                let inner = match (depth, name.as_ref()) {
                    // `schema.ekabs_v0.head` and `schema.ekabs_v0.security`.
                    (2, "head") => Area::Head,
                    (2, "security") => Area::Security,
                    _ => area,
                };
                hide_in(member, name, inner, depth.saturating_add(1));
                if let Some(hidden) = hidden(name, "", Area::Any) {
                    *name = Cow::Owned(hidden);
                }
            }
        }
        JsonValue::Null | JsonValue::Bool(_) => {}
    }
}

/// A text without its card numbers; `None` if it has none.
fn hidden(text: &str, name: &str, area: Area) -> Option<String> {
    if text.bytes().filter(u8::is_ascii_digit).count() < CARD_DIGITS_MIN {
        return None;
    }
    let is_word = || {
        let has_letters = text.bytes().any(|byte| byte.is_ascii_alphabetic());
        let is_one = !text.contains(char::is_whitespace);
        has_letters && (is_one || name == "qr_code_data")
    };
    let is_left = match area {
        Area::Any => Uuid::try_parse(text).is_ok(),
        Area::Head => {
            Uuid::try_parse(text).is_ok()
                || (NUMBERS_OF_THE_SHOP.contains(&name) && !begins_like_a_card(text))
        }
        Area::Security => is_word(),
    };
    if is_left {
        return None;
    }
    let shown = ReceiptText::from(text);
    (shown.as_str() != text).then(|| shown.as_str().to_owned())
}

/// Whether a text has a number of 15 or 16 digits that begins like the cards that most buyers have.
fn begins_like_a_card(text: &str) -> bool {
    let joined = text.replace([' ', '-'], "");
    let mut runs = joined.split(|c: char| !c.is_ascii_digit());
    runs.any(|run| matches!(run.len(), 15 | 16) && run.starts_with(['3', '4', '5', '6']))
}

/// Adds a fault for each code of a receipt that has a card number: a code with stars in it would be wrong.
pub(super) fn check_codes(body: &JsonValue, faults: &mut FaultList) {
    let ekabs = body.get("schema").and_then(|schema| schema.get("ekabs_v0"));
    let elements = ekabs.and_then(|ekabs| ekabs.get("custom_elements"));
    let Some(JsonValue::Array(elements)) = elements else {
        return;
    };
    for (index, element) in elements.iter().enumerate() {
        let content = element.get("content");
        if let Some(content) = content
            && let Some(JsonValue::Text(data)) = content.get("data")
            && is_code(content)
            && begins_like_a_card(data)
            && hidden(data, "data", Area::Any).is_some()
        {
            faults.push(RequestFault {
                path: format!("schema.ekabs_v0.custom_elements[{index}].content.data"),
                code: "Value",
                sentence: "has a whole card number; leave it out".to_owned(),
            });
        }
    }
}

/// Whether a content is shown as a code.
fn is_code(content: &JsonValue) -> bool {
    matches!(content.get("type"), Some(JsonValue::Text(kind)) if kind == "BAR_CODE" || kind == "QR_CODE")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut body = JsonValue::parse(text.as_bytes()).unwrap();
        hide(&mut body);
        body.to_string()
    }

    fn receipt(inner: &str) -> String {
        format!(r#"{{"schema":{{"ekabs_v0":{inner}}}}}"#)
    }

    #[test]
    fn card_numbers_are_hidden_wherever_they_stand() {
        const CARD: &str = "4111111111111111";
        const HIDDEN: &str = "411111******1111";
        for place in [
            r#"{"data":{"payment_types":[{"payment_identifier":"CARD"}]}}"#,
            r#"{"data":{"payment_types":[{"transaction_details":{"id":"CARD"}}]}}"#,
            r#"{"data":{"lines":[{"text":"Karte CARD, danke","additional_text":"CARD"}]}}"#,
            r#"{"head":{"number":"CARD","buyer":{"name":"CARD"}}}"#,
            r#"{"security":{"tse":{"legal_text":["Karte CARD"],"client_serial_number":"CARD"}}}"#,
            r#"{"misc":{"footer_text":"CARD"},"x":[{"CARD":"CARD"}]}"#,
            r#"{"custom_elements":[{"content":{"type":"TEXT","data":"CARD"}}]}"#,
        ] {
            let given = receipt(place).replace("CARD", CARD);
            assert_eq!(shown(&given), receipt(place).replace("CARD", HIDDEN));
        }
        let blanks = receipt(r#"{"misc":{"footer_text":"4111 1111 1111 1111"}}"#);
        assert!(shown(&blanks).contains("4111 11** **** 1111"));
        let number = receipt(r#"{"x":4111111111111111}"#);
        assert_eq!(shown(&number), receipt(r#"{"x":"411111******1111"}"#));
        let user = r#"{"user_association":{"card":"4111111111111111"}}"#;
        assert_eq!(shown(user), user.replace(CARD, HIDDEN));
    }

    #[test]
    fn other_numbers_stay_as_they_are() {
        for place in [
            // A receipt number with a right check digit, a GTIN, an id, and what a security module has made.
            r#"{"head":{"number":"2026112900000012","seller":{"tax_number":"2026112900000012"}}}"#,
            r#"{"data":{"lines":[{"item":{"number":"4006381333931"}}]}}"#,
            r#"{"x":"41111111-1111-4111-8111-111111111111"}"#,
            r#"{"security":{"tse":{"tss_serial_number":"ab4111111111111111cd","qr_code_data":"V0;Kasse 1;4111111111111111"}}}"#,
        ] {
            let given = receipt(place);
            assert_eq!(shown(&given), given);
        }
    }

    #[test]
    fn a_code_with_a_card_number_is_refused() {
        let faults_of = |kind: &str, data: &str| {
            let element = format!(r#"{{"content":{{"type":"{kind}","data":"{data}"}}}}"#);
            let body = receipt(&format!(r#"{{"custom_elements":[{element}]}}"#));
            let mut faults = FaultList::default();
            check_codes(&JsonValue::parse(body.as_bytes()).unwrap(), &mut faults);
            faults.message()
        };
        let refused = "schema.ekabs_v0.custom_elements[0].content.data: has a whole card number; leave it out";
        assert_eq!(faults_of("QR_CODE", "4111111111111111"), refused);
        assert_eq!(faults_of("BAR_CODE", "4111111111111111"), refused);
        assert_eq!(faults_of("TEXT", "4111111111111111"), "");
        assert_eq!(faults_of("BAR_CODE", "2026112900000012"), "");
    }
}

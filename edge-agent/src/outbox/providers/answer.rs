//! What the answers of payment providers say, and what of them the journal may keep.

use serde_json::Value;

use super::text_of;
use crate::order::storable;
use crate::seal::fiscal_module::ModuleError;
use crate::seal::fiscal_module::provider::Provider;

/// The members of answers that the journal does not keep: contacts and cards of buyers.
const NOT_KEPT: [&str; 6] = [
    "client_phone_number",
    "phone_number",
    "payer_phone",
    "card_number",
    "card_no",
    "qr_code",
];

/// The number under which a provider has a payment.
pub(super) fn number_of(provider: Provider, data: &Value, body: &Value) -> String {
    let name = match provider {
        Provider::Xumo | Provider::Uzcard => "ppt_id",
        Provider::UzQr => "invoice_id",
        Provider::Scan2Pay => return text_of(body, "order_id"),
        _ => "payment_id",
    };
    text_of(data, name)
}

/// True if one of the numbers in a stored answer is this one.
pub(super) fn names(answer: &str, number: &str) -> bool {
    let answer: Value = serde_json::from_str(answer).unwrap_or_default();
    let all = ["payment_id", "transaction_id", "pay_id", "ppt_id", "uuid"];
    let of_data = answer.get("data").cloned().unwrap_or_default();
    all.iter()
        .any(|name| text_of(&answer, name) == number || text_of(&of_data, name) == number)
}

/// An answer as the journal keeps it.
pub(super) fn without_contacts(data: &Value) -> String {
    let mut data = data.clone();
    if let Some(members) = data.as_object_mut() {
        members.retain(|name, _| !NOT_KEPT.contains(&name.as_str()));
        // The slip of a pinpad may have the number of the card.
        if let Some(Value::String(text)) = members.get_mut("message") {
            let safe = storable(&Value::String(text.clone()).to_string(), None);
            *text = serde_json::from_str(&safe).unwrap_or_default();
        }
    }
    data.to_string()
}

/// True for an error that does not say that nothing was done.
pub(super) fn proves_nothing(error: &ModuleError) -> bool {
    // A pinpad names the answer of the bank: time over, in progress, busy.
    let of_bank = ["912", "923", "984"];
    let mut words = error.message.split(|letter: char| !letter.is_ascii_digit());
    matches!(error.code, 2 | 103 | 122 | 303)
        || (matches!(error.code, 108 | 109) && words.any(|word| of_bank.contains(&word)))
}

#[cfg(test)]
mod tests {
    use super::{names, proves_nothing, without_contacts};
    use crate::seal::fiscal_module::ModuleError;
    use serde_json::json;

    #[test]
    fn the_journal_keeps_numbers_and_no_contact() {
        let data = json!({ "payment_id": 17, "transaction_id": "t-1", "phone_number": "998901112233", "card_number": "8600" });
        let kept = without_contacts(&data);
        assert!(names(&kept, "17") && names(&kept, "t-1"));
        assert!(!kept.contains("99890") && !kept.contains("8600"), "{kept}");
    }

    #[test]
    fn an_error_without_a_cause_proves_nothing() {
        for (code, text, nothing) in [
            (2, "Read timed out", true),
            (103, "INTERNAL_ERROR", true),
            (106, "PAYMENT_ERROR", false),
            (108, "116 insufficient funds", false),
            (108, "912 timeout", true),
        ] {
            assert_eq!(
                proves_nothing(&ModuleError::new(code, text)),
                nothing,
                "{code} {text}"
            );
        }
    }
}

//! What an answer of an Online-ECR server means. The fields of answers are not published, so all usual signs of success and failure are checked.

use serde_json::Value;

/// The sign of success or failure in an answer. The HTTP status is no such sign, because the server also refuses with status 200
/// ("Answers" in `docs/protocols/online-ecr.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Success,
    Failure,
    None,
}

/// The JSON object of an answer. The case of its field names does not matter.
pub(super) struct Answer<'a>(pub(super) &'a serde_json::Map<String, Value>);

impl<'a> Answer<'a> {
    pub(super) fn field(&self, name: &str) -> Option<&'a Value> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Whether the answer is a success or a failure. If `success_field` is given, only that field counts.
    pub(super) fn sign(&self, success_field: Option<&str>) -> Sign {
        let status = self.field("status").and_then(Value::as_str);
        let is_of =
            |text: &str, words: &[&str]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
        let status_is = |words: &[&str]| status.is_some_and(|status| is_of(status, words));
        if let Some(name) = success_field {
            return match self.field(name) {
                Some(Value::Bool(true)) => Sign::Success,
                Some(Value::String(text)) if is_of(text, SUCCESS_WORDS) => Sign::Success,
                Some(Value::Number(code)) if code.as_i64() == Some(0) => Sign::Success,
                Some(_) => Sign::Failure,
                None => Sign::None,
            };
        }
        let errors = ["error", "errors"];
        let mut errors = errors.iter().filter_map(|name| self.field(name));
        if status_is(FAILURE_WORDS) || self.has_success_field(false) || errors.any(has_content) {
            return Sign::Failure;
        }
        if status_is(SUCCESS_WORDS) || self.has_success_field(true) {
            return Sign::Success;
        }
        // Servers of this family give refusals a number. Zero and HTTP's numbers of success are not numbers of refusals.
        let number = |name: &&str| self.field(name).and_then(Value::as_i64);
        match ["code", "status"].iter().find_map(number) {
            Some(code) if code == 0 || (200..300).contains(&code) => return Sign::Success,
            Some(_) => return Sign::Failure,
            None => {}
        }
        // If one of the usual fields has a value that is not understood, nothing else in the answer counts as success.
        let unclear = |name: &&str| self.field(name).is_some_and(|sign| !sign.is_null());
        if SIGN_FIELDS.iter().chain(SUCCESS_FIELDS).any(unclear) {
            return Sign::None;
        }
        // The published description of a success: object, shop, device and tax information.
        let is_object = |name: &&str| self.field(name).is_some_and(Value::is_object);
        if SUCCESS_OBJECTS.iter().any(is_object) {
            Sign::Success
        } else {
            Sign::None
        }
    }

    /// Whether one of the usual fields of success has this value.
    fn has_success_field(&self, value: bool) -> bool {
        SUCCESS_FIELDS
            .iter()
            .any(|name| self.field(name) == Some(&Value::Bool(value)))
    }

    /// The error text of the answer in one line, or a replacement.
    pub(super) fn message(&self, status: u16) -> String {
        let found = ["message", "error", "errors"]
            .iter()
            .filter_map(|name| self.field(name))
            .find(|value| has_content(value));
        let text = match found {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => format!("refused without a reason (HTTP {status})"),
        };
        text.chars()
            .map(|character| {
                if character.is_control() {
                    ' '
                } else {
                    character
                }
            })
            .take(MESSAGE_LENGTH_MAX)
            .collect()
    }
}

/// Whether a field's value is more than empty, zero or false.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Bool(true) => true,
        Value::Number(number) => number.as_i64() != Some(0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

const FAILURE_WORDS: &[&str] = &[
    "error", "fail", "failed", "failure", "refused", "rejected", "invalid",
];
const SUCCESS_WORDS: &[&str] = &["success", "ok", "accepted", "done"];
const SUCCESS_FIELDS: &[&str] = &["success", "ok", "accepted", "acknowledged"];
const SIGN_FIELDS: &[&str] = &["status", "result", "code"];
const SUCCESS_OBJECTS: &[&str] = &["object", "shop", "device", "taxes", "data"];
const MESSAGE_LENGTH_MAX: usize = 500;

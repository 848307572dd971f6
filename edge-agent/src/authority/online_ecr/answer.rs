//! What an answer of an Online-ECR server means. Its fields are not published, so that each usual sign of success or failure is read.

use serde_json::Value;

/// What an answer says of itself. The office answers HTTP 200 also when it refuses (spec/online-ecr.md, C.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Success,
    Failure,
    None,
}

/// An answer's JSON object, whose fields are looked for whatever their case.
pub(super) struct Answer<'a>(pub(super) &'a serde_json::Map<String, Value>);

impl<'a> Answer<'a> {
    pub(super) fn field(&self, name: &str) -> Option<&'a Value> {
        self.0
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

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
        if status_is(FAILURE_WORDS) || self.says(false) || errors.any(says_something) {
            return Sign::Failure;
        }
        if status_is(SUCCESS_WORDS) || self.says(true) {
            return Sign::Success;
        }
        // Servers of this family number their refusals; nought and HTTP's own successes are not among them.
        let number = |name: &&str| self.field(name).and_then(Value::as_i64);
        match ["code", "status"].iter().find_map(number) {
            Some(code) if code == 0 || (200..300).contains(&code) => return Sign::Success,
            Some(_) => return Sign::Failure,
            None => {}
        }
        // A sign in a form that nobody has described is no yes: neither is what stands beside it.
        let unclear = |name: &&str| self.field(name).is_some_and(|sign| !sign.is_null());
        if SIGN_FIELDS.iter().chain(SUCCESS_FIELDS).any(unclear) {
            return Sign::None;
        }
        // The published description of a success: object, shop, device and tax information (C.6).
        let tells = |name: &&str| self.field(name).is_some_and(Value::is_object);
        if SUCCESS_OBJECTS.iter().any(tells) {
            Sign::Success
        } else {
            Sign::None
        }
    }

    /// One of the usual fields of a yes or no says this.
    fn says(&self, yes: bool) -> bool {
        SUCCESS_FIELDS
            .iter()
            .any(|name| self.field(name) == Some(&Value::Bool(yes)))
    }

    pub(super) fn message(&self, status: u16) -> String {
        let spoken = ["message", "error", "errors"]
            .iter()
            .filter_map(|name| self.field(name))
            .find(|value| says_something(value));
        let text = match spoken {
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
            None => format!("refused without a reason (HTTP {status})"),
        };
        text.chars()
            .map(|letter| if letter.is_control() { ' ' } else { letter })
            .take(MESSAGE_LENGTH_MAX)
            .collect()
    }
}

fn says_something(value: &Value) -> bool {
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

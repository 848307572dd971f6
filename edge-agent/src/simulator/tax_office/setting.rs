//! The body of `PUT /sim/authority`.

use serde_json::{Map, Value};

use super::AuthorityCondition;

/// What `PUT /sim/authority` asks for.
#[derive(Debug)]
pub(super) struct Setting {
    /// The condition from now on.
    pub(super) state: AuthorityCondition,
    /// The delay of each answer in milliseconds.
    pub(super) ms: u64,
    /// The error text for `refuse`.
    pub(super) message: Option<String>,
    /// With `refuse`: only the document under this `Idempotency-Key` is refused.
    pub(super) key: Option<String>,
    /// True: documents are checked by the rules of the form from now on. False: every JSON object is accepted.
    pub(super) strict: Option<bool>,
}

/// The conditions by their names.
const CONDITIONS: [(&str, AuthorityCondition); 8] = [
    ("up", AuthorityCondition::Up),
    ("down", AuthorityCondition::Down),
    ("slow", AuthorityCondition::Slow),
    ("refuse", AuthorityCondition::Refuse),
    ("error", AuthorityCondition::Error),
    ("drip", AuthorityCondition::Trickle),
    ("lie", AuthorityCondition::CaptivePortal),
    ("hollow", AuthorityCondition::EmptyObject),
];
/// The fields of the body.
const FIELDS: [&str; 5] = ["state", "ms", "message", "key", "strict"];

impl Setting {
    /// Reads the body. Every fault is a line with its path and a sentence.
    pub(super) fn read(body: &[u8]) -> Result<Self, String> {
        let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
        let body: Value = serde_json::from_slice(body).map_err(|error| {
            format!(
                "body: is not JSON at line {}, column {}; send {EXAMPLE}",
                error.line(),
                error.column()
            )
        })?;
        let Value::Object(fields) = body else {
            return Err(format!("body: is no object; send {EXAMPLE}"));
        };
        let mut faults: Vec<String> = fields
            .keys()
            .filter(|name| !FIELDS.contains(&name.as_str()))
            .map(|name| {
                format!(
                    "{name}: is no field here; the fields are {}",
                    FIELDS.join(", ")
                )
            })
            .collect();
        let read = Self {
            state: state(&fields, &mut faults).unwrap_or(AuthorityCondition::Up),
            ms: field(
                &fields,
                "ms",
                "a whole number from 0",
                Value::as_u64,
                &mut faults,
            )
            .unwrap_or_default(),
            message: field(&fields, "message", "a text", text, &mut faults),
            key: field(&fields, "key", "a text", text, &mut faults),
            strict: field(
                &fields,
                "strict",
                "true or false",
                Value::as_bool,
                &mut faults,
            ),
        };
        if faults.is_empty() {
            Ok(read)
        } else {
            Err(faults.join("\n"))
        }
    }
}

/// Some programs write it before a text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
const EXAMPLE: &str = r#"{"state":"down","ms":0}"#;

fn state(fields: &Map<String, Value>, faults: &mut Vec<String>) -> Option<AuthorityCondition> {
    let names = CONDITIONS.map(|(name, _)| name).join(", ");
    let Some(given) = fields.get("state") else {
        faults.push(format!("state: is needed; it is one of {names}"));
        return None;
    };
    let found = CONDITIONS
        .iter()
        .find(|(name, _)| given.as_str() == Some(name));
    if found.is_none() {
        faults.push(format!("state: is {given}; it must be one of {names}"));
    }
    found.map(|(_, condition)| *condition)
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A field that may be missing or null.
fn field<T>(
    fields: &Map<String, Value>,
    name: &str,
    needed: &str,
    read: impl FnOnce(&Value) -> Option<T>,
    faults: &mut Vec<String>,
) -> Option<T> {
    let given = fields.get(name).filter(|value| !value.is_null())?;
    let value = read(given);
    if value.is_none() {
        faults.push(format!("{name}: is {given}; it must be {needed}"));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::Setting;

    #[test]
    fn every_fault_of_a_body_is_named_in_plain_words() {
        let faults = Setting::read(br#"{"state":"away","ms":-1,"massage":"a","strict":"no"}"#);
        assert_eq!(
            faults.unwrap_err(),
            "massage: is no field here; the fields are state, ms, message, key, strict\n\
             state: is \"away\"; it must be one of up, down, slow, refuse, error, drip, lie, hollow\n\
             ms: is -1; it must be a whole number from 0\n\
             strict: is \"no\"; it must be true or false"
        );
        for (body, words) in [
            (
                "{",
                "body: is not JSON at line 1, column 1; send {\"state\":\"down\",\"ms\":0}",
            ),
            (
                "[]",
                "body: is no object; send {\"state\":\"down\",\"ms\":0}",
            ),
            (
                "{}",
                "state: is needed; it is one of up, down, slow, refuse, error, drip, lie, hollow",
            ),
        ] {
            assert_eq!(Setting::read(body.as_bytes()).unwrap_err(), words);
        }
        let marked = "\u{feff}{\"state\":\"drip\",\"ms\":5,\"key\":null}";
        let read = Setting::read(marked.as_bytes()).unwrap();
        assert_eq!((read.ms, read.key), (5, None));
    }
}

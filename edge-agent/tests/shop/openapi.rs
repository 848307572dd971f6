//! Checks answers against the till's own OpenAPI document: that the status is described, the headers that must be there, the schema, and
//! that the error type is explained.

use std::sync::LazyLock;

use ferrotill::api::DIALECTS;
use ferrotill::api::described::DescribedOperation;
use ferrotill::api::error_types;
use ferrotill::api::json::JsonValue;
use ferrotill::api::reference::ApiReference;
use uuid::Uuid;

static REFERENCE: LazyLock<ApiReference> = LazyLock::new(|| {
    let all: Vec<_> = DIALECTS.iter().collect();
    ApiReference::new(&all, true)
});
static DOCUMENT: LazyLock<JsonValue> =
    LazyLock::new(|| JsonValue::parse(REFERENCE.openapi().as_bytes()).unwrap());

/// An answer that is checked.
pub struct Answer<'a> {
    pub method: &'a str,
    pub path: &'a str,
    pub status: u16,
    pub body: &'a JsonValue,
    /// The names of the headers, in lower case.
    pub headers: Vec<String>,
}

/// The differences between an answer and the document, each with its path. A call of no operation has none.
pub fn differences(answer: &Answer<'_>) -> Vec<String> {
    let mut found = Vec::new();
    // Where an answer has a code, its error is the reason phrase of the status.
    let names: &[&str] = match answer.body.get("code") {
        Some(_) => &["code"],
        None => &["errorType", "error"],
    };
    for name in names {
        if let Some(JsonValue::Text(code)) = answer.body.get(name)
            && error_types::find(code).is_empty()
        {
            found.push(format!("{name}: {code} is not explained"));
        }
    }
    let path = answer.path.split('?').next().unwrap_or_default();
    let Some(operation) = operation(answer.method, path) else {
        return found;
    };
    let keys = [
        "paths",
        operation.path,
        &operation.method.to_lowercase(),
        "responses",
    ];
    let responses = follow(&DOCUMENT, &keys);
    let Some(response) = responses.get(&answer.status.to_string()) else {
        found.push(format!("the status {} is not described", answer.status));
        return found;
    };
    let response = resolved(response);
    if operation.states == ferrotill::api::described::States::OfTheDocument
        && !answer.headers.iter().any(|name| name == "x-fiscal-state")
    {
        found.push("X-Fiscal-State is missing".to_owned());
    }
    let json = response
        .get("content")
        .and_then(|content| content.get("application/json"));
    if let Some(schema) = json.and_then(|json| json.get("schema")) {
        compare("", answer.body, schema, &mut found);
    }
    found
}

/// The operation of a call. A path without parameters wins: `receipts/full` is no receipt.
fn operation(method: &str, path: &str) -> Option<&'static DescribedOperation> {
    let operations = REFERENCE.operations().into_iter();
    operations
        .filter(|operation| operation.method == method && operation.has_path(path))
        .min_by_key(|operation| operation.path.matches('{').count())
}

fn follow<'n>(node: &'n JsonValue, keys: &[&str]) -> &'n JsonValue {
    keys.iter().fold(node, |node, key| {
        node.get(key)
            .unwrap_or_else(|| panic!("no {key} of {keys:?}"))
    })
}

/// What a reference refers to, or the node itself.
pub fn resolved(node: &'static JsonValue) -> &'static JsonValue {
    match node.get("$ref") {
        Some(JsonValue::Text(name)) => {
            let keys: Vec<&str> = name.trim_start_matches("#/").split('/').collect();
            follow(&DOCUMENT, &keys)
        }
        _ => node,
    }
}

/// The document as every test uses it.
pub fn document() -> &'static JsonValue {
    &DOCUMENT
}

/// Adds the differences between a value and a schema.
pub fn compare(path: &str, value: &JsonValue, schema: &'static JsonValue, found: &mut Vec<String>) {
    let schema = resolved(schema);
    if let Some(JsonValue::Array(choices)) = schema.get("anyOf") {
        let mut least: Option<Vec<String>> = None;
        for choice in choices {
            let mut inside = Vec::new();
            compare(path, value, choice, &mut inside);
            if least
                .as_ref()
                .is_none_or(|least| inside.len() < least.len())
            {
                least = Some(inside);
            }
        }
        found.extend(least.unwrap_or_default());
        return;
    }
    let types: Vec<&str> = match schema.get("type") {
        None => return,
        Some(JsonValue::Array(types)) => types.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
    };
    let fits = types.iter().any(|name| has_type(value, name))
        && match (schema.get("enum"), value) {
            (Some(JsonValue::Array(names)), _) => names.contains(value),
            (_, JsonValue::Text(given)) => has_format(given, schema.get("format").and_then(text)),
            _ => true,
        };
    if !fits {
        found.push(format!("{path}: {value} does not fit {schema}"));
        return;
    }
    match value {
        JsonValue::Array(items) => {
            let schema = schema.get("items").expect("items");
            for (index, item) in items.iter().enumerate() {
                compare(&format!("{path}[{index}]"), item, schema, found);
            }
        }
        JsonValue::Object(members) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                match schema.get("properties").and_then(|known| known.get(name)) {
                    Some(schema) => compare(&path, value, schema, found),
                    None => match schema.get("additionalProperties") {
                        None | Some(JsonValue::Bool(true)) => {}
                        Some(others @ JsonValue::Object(_)) => {
                            compare(&path, value, others, found);
                        }
                        Some(_) => found.push(format!("{path}: is not in the schema")),
                    },
                }
            }
            if let Some(JsonValue::Array(needed)) = schema.get("required") {
                for name in needed.iter().filter_map(text) {
                    if value.get(name).is_none() {
                        found.push(format!("{path}.{name}: is missing"));
                    }
                }
            }
        }
        _ => {}
    }
}

fn text(node: &JsonValue) -> Option<&str> {
    match node {
        JsonValue::Text(text) => Some(text),
        _ => None,
    }
}

fn has_type(value: &JsonValue, name: &str) -> bool {
    match (name, value) {
        ("null", JsonValue::Null)
        | ("boolean", JsonValue::Bool(_))
        | ("string", JsonValue::Text(_))
        | ("number", JsonValue::Number(_))
        | ("array", JsonValue::Array(_))
        | ("object", JsonValue::Object(_)) => true,
        ("integer", JsonValue::Number(digits)) => digits.parse::<i64>().is_ok(),
        _ => false,
    }
}

fn has_format(given: &str, format: Option<&str>) -> bool {
    match format {
        Some("uuid") => Uuid::try_parse(given).is_ok(),
        Some("date-time") => given.parse::<jiff::Timestamp>().is_ok(),
        _ => true,
    }
}

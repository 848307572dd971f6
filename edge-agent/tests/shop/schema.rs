//! Checks answers against the vendor's OpenAPI document: names, types, which values may be null, and that objects are closed.

use std::sync::LazyLock;

use ferrotill::api::json::JsonValue;
use uuid::Uuid;

/// Names, types and nullability of FiscalCloud API v1.
static DOCUMENT: LazyLock<JsonValue> = LazyLock::new(|| {
    JsonValue::parse(include_bytes!("../fixtures/fiscalcloud-openapi.json")).unwrap()
});

/// The differences between an answer and the schema of its operation, each with its path. Answers other than 200 have the schema
/// of the answer 422.
pub fn differences(method: &str, path: &str, status: u16, body: &JsonValue) -> Vec<String> {
    let path = path.split('?').next().unwrap_or_default();
    let operation = if status == 200 {
        Some(
            operation(method, path)
                .unwrap_or_else(|| panic!("{method} {path} is not in the vendor's document")),
        )
    } else {
        None
    };
    let envelope = reference("#/components/schemas/ApiResponse");
    let schema = operation.map_or(envelope, |operation| {
        let response = ["responses", "200", "content", "application/json", "schema"];
        response.iter().fold(operation, |node, name| {
            node.get(name)
                .unwrap_or_else(|| panic!("{method} {path}: no {name}"))
        })
    });
    let mut found = Vec::new();
    compare("", body, schema, &mut found);
    found
}

/// Method and path of every operation of the document.
pub fn operations() -> Vec<(String, String)> {
    let paths = members(DOCUMENT.get("paths").unwrap());
    let all = paths.iter().flat_map(|(path, methods)| {
        members(methods)
            .iter()
            .map(|(method, _)| (method.to_ascii_uppercase(), path.clone().into_owned()))
    });
    all.collect()
}

/// The schema of the body of an operation; `None` if it has no body.
pub fn request(method: &str, path: &str) -> Option<&'static JsonValue> {
    let path = ["requestBody", "content", "application/json", "schema"]
        .iter()
        .try_fold(operation(method, path)?, |node, name| node.get(name));
    path.map(resolved)
}

/// The schema that a schema refers to, or itself.
pub fn resolved(schema: &'static JsonValue) -> &'static JsonValue {
    if let Some(JsonValue::Array(all)) = schema.get("allOf") {
        return resolved(&all[0]);
    }
    match schema.get("$ref").and_then(text) {
        Some(name) => resolved(reference(name)),
        None => schema,
    }
}

/// The name of the operation that has this method and path: the method and the path as the document writes it.
pub fn operation_name(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let found = template(path).unwrap_or_else(|| panic!("{path} is not in the vendor's document"));
    let name = method.to_ascii_lowercase();
    assert!(found.1.get(&name).is_some(), "{method} {path}");
    format!("{method} {}", found.0)
}

/// The operation of the document that has this method and path.
fn operation(method: &str, path: &str) -> Option<&'static JsonValue> {
    template(path)?.1.get(&method.to_ascii_lowercase())
}

/// The path of the document that a path matches, with its operations. Paths match in any case, as at the vendor's server.
fn template(path: &str) -> Option<(&'static str, &'static JsonValue)> {
    let path = path.trim_end_matches('/').to_ascii_lowercase();
    let given: Vec<&str> = path.split('/').collect();
    let paths = members(DOCUMENT.get("paths")?);
    let matching = paths.iter().filter(|(template, _)| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == given.len()
            && parts
                .iter()
                .zip(&given)
                .all(|(part, given)| part.starts_with('{') || part == given)
    });
    // A path without parameters wins: `receipts/full` is no receipt.
    let best = matching.min_by_key(|(template, _)| template.matches('{').count())?;
    Some((&best.0, &best.1))
}

/// The members of an object; none if it is something else.
pub fn members(node: &JsonValue) -> &[(std::borrow::Cow<'static, str>, JsonValue)] {
    match node {
        JsonValue::Object(members) => members,
        _ => &[],
    }
}

fn reference(name: &str) -> &'static JsonValue {
    name.trim_start_matches("#/")
        .split('/')
        .fold(&*DOCUMENT, |node, part| node.get(part).unwrap())
}

fn text(node: &JsonValue) -> Option<&str> {
    match node {
        JsonValue::Text(text) => Some(text),
        _ => None,
    }
}

fn compare(path: &str, value: &JsonValue, schema: &'static JsonValue, found: &mut Vec<String>) {
    if let Some(name) = schema.get("$ref").and_then(text) {
        return compare(path, value, reference(name), found);
    }
    if *value == JsonValue::Null {
        if schema.get("nullable") != Some(&JsonValue::Bool(true)) {
            found.push(format!("{path}: null is not allowed"));
        }
        return;
    }
    if let Some(JsonValue::Array(all)) = schema.get("allOf") {
        return all.iter().for_each(|one| compare(path, value, one, found));
    }
    let wrong = match (schema.get("type").and_then(text), value) {
        // A member without a type may have any value.
        (None, _) | (Some("boolean"), JsonValue::Bool(_)) => false,
        (Some("string"), JsonValue::Text(given)) => !is_text_of(schema, given),
        (Some("number"), JsonValue::Number(_)) => false,
        (Some("integer"), JsonValue::Number(given)) => given.parse::<i32>().is_err(),
        (Some("array"), JsonValue::Array(items)) => {
            let schema = schema.get("items").unwrap();
            for (index, item) in items.iter().enumerate() {
                compare(&format!("{path}[{index}]"), item, schema, found);
            }
            false
        }
        (Some("object"), JsonValue::Object(given)) => {
            for (name, value) in given {
                let path = format!("{path}.{name}");
                match schema.get("properties").and_then(|known| known.get(name)) {
                    Some(schema) => compare(&path, value, schema, found),
                    None => found.push(format!("{path}: is not in the schema")),
                }
            }
            false
        }
        _ => true,
    };
    if wrong {
        found.push(format!("{path}: {value} does not fit {schema}"));
    }
}

/// True if a text has the format of its schema and is one of its names, if it has names.
fn is_text_of(schema: &JsonValue, given: &str) -> bool {
    let named = match schema.get("enum") {
        Some(JsonValue::Array(names)) => names.iter().any(|name| text(name) == Some(given)),
        _ => true,
    };
    named
        && match schema.get("format").and_then(text) {
            Some("uuid") => Uuid::try_parse(given).is_ok(),
            Some("date-time") => given.parse::<jiff::Timestamp>().is_ok(),
            _ => true,
        }
}

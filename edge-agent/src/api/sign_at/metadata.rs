//! The data that a caller keeps with a resource: pairs of names and texts.

use super::problem::Failure;
use crate::api::json::JsonValue;
use crate::order::storable;

/// The largest number of pairs.
const PAIRS_MAX: usize = 20;
/// The largest number of letters of a name.
const NAME_LETTERS_MAX: usize = 40;
/// The largest number of letters of a value.
const VALUE_LETTERS_MAX: usize = 500;

/// Reads `metadata` of a body: an object of texts; `None` if it is absent.
pub(super) fn of_body(body: &JsonValue) -> Result<Option<JsonValue>, Failure> {
    match body.get("metadata") {
        None | Some(JsonValue::Null) => Ok(None),
        Some(value) => checked(value, "metadata").map(Some),
    }
}

/// The metadata of a value, which must hold the limits.
pub(super) fn checked(value: &JsonValue, path: &str) -> Result<JsonValue, Failure> {
    let JsonValue::Object(members) = value else {
        return Err(Failure::invalid(format!("body.{path} should be object")));
    };
    let mut faults = Vec::new();
    if members.len() > PAIRS_MAX {
        faults.push(format!(
            "body.{path} should NOT have more than {PAIRS_MAX} properties"
        ));
    }
    let mut kept = Vec::new();
    for (name, value) in members {
        if name.chars().count() > NAME_LETTERS_MAX {
            faults.push(format!(
                "body.{path} property name should NOT be longer than {NAME_LETTERS_MAX} characters"
            ));
        }
        let JsonValue::Text(text) = value else {
            faults.push(format!("body.{path}.{name} should be string"));
            continue;
        };
        if text.chars().count() > VALUE_LETTERS_MAX {
            faults.push(format!(
                "body.{path}.{name} should NOT be longer than {VALUE_LETTERS_MAX} characters"
            ));
        }
        kept.push((name.clone(), value.clone()));
    }
    if faults.is_empty() {
        Ok(JsonValue::Object(kept))
    } else {
        Err(Failure::invalid(faults.join("\n")))
    }
}

/// The metadata with the pairs that a caller gives anew; a pair is replaced by its name.
pub(super) fn merged(old: Option<&JsonValue>, new: &JsonValue) -> JsonValue {
    let (JsonValue::Object(new), Some(JsonValue::Object(old))) = (new, old) else {
        return new.clone();
    };
    let mut all = old.clone();
    for (name, value) in new {
        match all.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = value.clone(),
            None => all.push((name.clone(), value.clone())),
        }
    }
    JsonValue::Object(all)
}

/// The details of a resource with other metadata.
pub(super) fn details_with(details: &str, metadata: &JsonValue) -> Result<String, Failure> {
    let details = JsonValue::parse(details.as_bytes()).unwrap_or(JsonValue::Null);
    let mut members = match details {
        JsonValue::Object(members) => members,
        _ => Vec::new(),
    };
    let all = merged(
        members
            .iter()
            .find(|(name, _)| name == "metadata")
            .map(|(_, value)| value),
        metadata,
    );
    let all = checked(&all, "metadata")?;
    members.retain(|(name, _)| name != "metadata");
    members.push(("metadata".into(), all));
    Ok(storable(&JsonValue::Object(members).to_string(), None))
}

/// The metadata in the details of a resource.
pub(super) fn of_details(details: &str) -> JsonValue {
    let details = JsonValue::parse(details.as_bytes()).unwrap_or(JsonValue::Null);
    details
        .get("metadata")
        .cloned()
        .unwrap_or_else(|| JsonValue::Object(Vec::new()))
}

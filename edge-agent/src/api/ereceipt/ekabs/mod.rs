//! EKaBS v0, the form of an uploaded receipt: what it must have, and what is read of it.
//!
//! A receipt is checked as strictly as the vendor's service checks it, and as loosely as shipped clients need it: members that are not
//! known here are kept, an optional member may be empty or null, and a percentage may be a fraction (`"0.19"`) or whole (`"19.00"`).

mod export;
mod form;
mod view;

pub use export::of_document;
pub(super) use form::check;
#[cfg(test)]
pub(super) use form::documented_members;
pub(super) use view::{Shown, shown};

use crate::api::json::JsonValue;

/// The languages of the API.
pub(super) const LANGUAGES: [&str; 5] = ["de", "fr", "en", "es", "it"];

/// The text of a member; empty if it is absent.
fn text<'v>(value: &'v JsonValue, name: &str) -> &'v str {
    match value.get(name) {
        Some(JsonValue::Text(text)) => text,
        _ => "",
    }
}

/// A whole number of a member.
fn whole(value: &JsonValue, name: &str) -> Option<i64> {
    match value.get(name) {
        Some(JsonValue::Number(text) | JsonValue::Text(text)) => text.parse().ok(),
        _ => None,
    }
}

/// The items of a list, in the order of their `sort_order`, if they have one.
fn items<'v>(value: &'v JsonValue, name: &str) -> Vec<&'v JsonValue> {
    let mut items: Vec<&JsonValue> = match value.get(name) {
        Some(JsonValue::Array(items)) => items.iter().collect(),
        _ => Vec::new(),
    };
    items.sort_by_key(|item| whole(item, "sort_order").unwrap_or(i64::MAX));
    items
}

/// An object of another one; null if it is absent.
fn part<'v>(value: &'v JsonValue, name: &str) -> &'v JsonValue {
    value.get(name).unwrap_or(&JsonValue::Null)
}

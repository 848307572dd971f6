//! Resources in the form of the API.

use axum::http::request::Parts;
use ferrotill_store::UploadedReceipt;

use super::cards;
use super::configuration::Configuration;
use super::ekabs::LANGUAGES;
use super::links::public_link;
use super::resource::envelope;
use crate::api::json::JsonValue;
use crate::api::service::Service;
use crate::object;

/// An uploaded receipt. `configuration` is the one that it is shown with; with `read`, the answer has what reading adds.
pub(super) fn receipt(
    service: &Service,
    parts: &Parts,
    receipt: &UploadedReceipt,
    read: Option<Option<&Configuration>>,
) -> JsonValue {
    let body = cards::body_of(receipt);
    let link = public_link(service, parts, receipt.id);
    let mut members = envelope(service, "RECEIPT");
    members.insert(1, ("_id".into(), receipt.id.into()));
    let pdf = object! { "pdf_link" => format!("{link}/pdf") };
    members.push(("assets".into(), pdf));
    if let Some(configuration) = read {
        let language = language_of(&body, configuration);
        let labels = match configuration {
            Some(configuration) => configuration.labels(language),
            None => super::configuration::labels_of(language),
        };
        let dictionary = object! { "language" => language, "receipt" => labels };
        members.push(("dictionary".into(), dictionary));
        let hospitality = object! { "href" => format!("{link}#hospitality") };
        members.push(("hospitality_link".into(), hospitality));
    }
    members.push(("public_link".into(), object! { "href" => link }));
    for name in ["schema", "user_association"] {
        let value = body.get(name).filter(|value| **value != JsonValue::Null);
        let value = value
            .cloned()
            .unwrap_or_else(|| JsonValue::Object(Vec::new()));
        members.push((name.into(), value));
    }
    JsonValue::Object(members)
}

/// The language of a receipt: its own, else that of its configuration.
pub(super) fn language_of(body: &JsonValue, configuration: Option<&Configuration>) -> &'static str {
    let ekabs = body.get("schema").and_then(|schema| schema.get("ekabs_v0"));
    let own = ekabs.and_then(|ekabs| ekabs.get("language"));
    let known = |wanted: &str| LANGUAGES.into_iter().find(|known| *known == wanted);
    let own = match own {
        Some(JsonValue::Text(text)) => known(text),
        _ => None,
    };
    let configured = configuration.and_then(|configuration| known(configuration.language()));
    own.or(configured)
        .unwrap_or(super::configuration::FIRST_LANGUAGE)
}

//! Custom sections: texts, images and codes that stand between the parts of a receipt.

use std::sync::Arc;

use ferrotill_core::event::LookKind;
use ferrotill_render::Barcode;
use ferrotill_store::{EReceiptChange, LookPart};
use uuid::Uuid;

use super::VERSION;
use super::bounds::TEXT_LETTERS_MAX;
use super::problem::Failure;
use super::route::version_4;
use crate::api::json::{FaultList, JsonValue, RequestFault, shortened};
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::object;

pub(super) const ALIGNMENTS: &[&str] = &["LEFT", "CENTER", "RIGHT"];
pub(super) const ORIENTATIONS: &[&str] = &["BEFORE", "AFTER"];
pub(super) const POSITIONS: &[&str] = &[
    "LINES",
    "VAT_AMOUNTS",
    "PAYMENT_TYPES",
    "HEAD",
    "MISC",
    "SECURITY",
    "ISSUING_INFORMATION",
    "HOSPITALITY",
    "FOOTER",
];
pub(super) const TYPES: [&str; 4] = ["IMAGE", "BAR_CODE", "QR_CODE", "TEXT"];
/// The most bytes of a QR code.
const QR_BYTES_MAX: usize = 1_500;

/// Checks the content of a custom element; `custom_type` is the type that a section says beside it.
pub(super) fn check_content(
    content: &JsonValue,
    custom_type: Option<&str>,
    path: &str,
    faults: &mut FaultList,
) {
    let own = text_of(content, "type");
    let kind = match (own, custom_type) {
        (Some(kind), _) | (None, Some(kind)) => kind,
        (None, None) if text_of(content, "media_id").is_some() => "IMAGE",
        (None, None) => "TEXT",
    };
    let fault = match custom_type {
        Some(custom_type) if kind != custom_type => {
            Some(("type", format!("should be {custom_type}, as custom_type")))
        }
        _ => content_fault(content, kind),
    };
    faults_of(faults, path, fault);
}

fn faults_of(faults: &mut FaultList, path: &str, fault: Option<(&str, String)>) {
    if let Some((name, sentence)) = fault {
        faults.push(RequestFault {
            path: format!("{path}.{name}"),
            code: "Value",
            sentence,
        });
    }
}

fn text_of<'v>(content: &'v JsonValue, name: &str) -> Option<&'v str> {
    match content.get(name) {
        Some(JsonValue::Text(text)) => Some(text.as_str()),
        _ => None,
    }
}

/// What is wrong with a content: the member, and why.
fn content_fault(content: &JsonValue, kind: &str) -> Option<(&'static str, String)> {
    let text = |name: &str| text_of(content, name);
    let fault = |name: &'static str, sentence: &str| Some((name, sentence.to_owned()));
    match (kind, text("data")) {
        ("TEXT" | "BAR_CODE", None) | ("QR_CODE", None | Some("")) => fault("data", "is required"),
        ("TEXT", Some(data)) if data.chars().count() > TEXT_LETTERS_MAX => {
            let sentence = format!("should NOT be longer than {TEXT_LETTERS_MAX} characters");
            fault("data", &sentence)
        }
        ("QR_CODE", Some(data)) if data.len() > QR_BYTES_MAX => fault(
            "data",
            &format!("should NOT be longer than {QR_BYTES_MAX} bytes"),
        ),
        ("TEXT" | "QR_CODE", _) => None,
        ("BAR_CODE", Some(data)) => match text("encoding").map(|name| (name, Barcode::named(name)))
        {
            None => fault("encoding", "is required"),
            Some((name, None)) => {
                let names = Barcode::ALL.map(Barcode::name).join(", ");
                let name = shortened(name);
                let sentence =
                    format!("{name:?} should be equal to one of the allowed values: {names}");
                fault("encoding", &sentence)
            }
            Some((_, Some(barcode))) => {
                let wrong = barcode.bars(data).err()?;
                fault("data", &format!("{:?} {wrong}", shortened(data)))
            }
        },
        ("IMAGE", _) if text("media_id").and_then(version_4).is_none() => {
            fault("media_id", "should be the id of an uploaded image")
        }
        ("IMAGE", _) => {
            let link = text("media_link").filter(|link| !link.is_empty());
            let is_wrong = link.is_some_and(|link| !is_web_address(link));
            is_wrong.then(|| ("media_link", "should be an https address".to_owned()))
        }
        (other, _) => {
            let (other, names) = (shortened(other), TYPES.join(", "));
            let sentence =
                format!("{other:?} should be equal to one of the allowed values: {names}");
            fault("type", &sentence)
        }
    }
}

/// Whether a link may stand on a page: an address of the web, and nothing that a browser would carry out.
pub(super) fn is_web_address(link: &str) -> bool {
    link.len() <= 2_000
        && (link.starts_with("https://") || link.starts_with("http://"))
        && link
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\`".contains(&byte))
}

/// Above the latest time that the vendor's form has.
const TIME_AFTER: i64 = 9_007_199_254_740_992;

/// Checks the members that say where and when a section is shown, as far as they are there.
pub(super) fn check_placement(section: &JsonValue, mut fault: impl FnMut(&str, &str)) {
    for (name, values) in [("orientation", ORIENTATIONS), ("position", POSITIONS)] {
        match section.get(name) {
            None | Some(JsonValue::Null) => {}
            Some(JsonValue::Text(text)) if values.contains(&text.as_str()) => {}
            Some(_) => fault(name, &format!("should be one of {}", values.join(", "))),
        }
    }
    for name in ["sort_order", "valid_from", "valid_until"] {
        match section.get(name) {
            None | Some(JsonValue::Null) => {}
            Some(JsonValue::Number(text)) => match text.parse::<i64>() {
                Err(_) => fault(name, "should be integer"),
                Ok(..0 | TIME_AFTER..) if name != "sort_order" => {
                    fault(name, "should be seconds since the epoch");
                }
                Ok(_) => {}
            },
            Some(_) => fault(name, "should be integer"),
        }
    }
}

/// `PUT /custom-section/{id}`.
pub(super) async fn put(
    service: &Arc<Service>,
    id: Uuid,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let mut faults = FaultList::default();
    let mut wrong = |path: &str, sentence: &str| {
        faults.push(RequestFault {
            path: path.to_owned(),
            code: "Value",
            sentence: sentence.to_owned(),
        });
    };
    check_placement(body, &mut wrong);
    let content = body.get("custom_content");
    let custom_type = match body.get("custom_type") {
        Some(JsonValue::Text(text)) if TYPES.contains(&text.as_str()) => Some(text.as_str()),
        _ => {
            wrong("custom_type", "should be IMAGE, BAR_CODE, QR_CODE or TEXT");
            None
        }
    };
    match body.get("label") {
        None | Some(JsonValue::Null) => {}
        Some(JsonValue::Text(text)) if text.chars().count() <= 200 => {}
        Some(_) => wrong("label", "should be string of at most 200 characters"),
    }
    let alignment = content.and_then(|content| content.get("alignment"));
    match alignment {
        None | Some(JsonValue::Null) => {}
        Some(JsonValue::Text(text)) if ALIGNMENTS.contains(&text.as_str()) => {}
        Some(_) => wrong(
            "custom_content.alignment",
            "should be LEFT, CENTER or RIGHT",
        ),
    }
    match content {
        Some(content @ JsonValue::Object(_)) if custom_type.is_some() => {
            // The content stands in the element, or in a member of its own.
            let (inner, path) = match content.get("content") {
                Some(inner) => (inner, "custom_content.content"),
                None => (content, "custom_content"),
            };
            check_content(inner, custom_type, path, &mut faults);
        }
        Some(JsonValue::Object(_)) => {}
        _ => wrong("custom_content", "should be object"),
    }
    if !faults.is_empty() {
        return Err(Failure::of_faults(&faults));
    }
    let change = EReceiptChange::Look {
        kind: LookKind::Section,
        id,
        after: None,
        details: body.to_string(),
        data: None,
    };
    Failure::of_outcome(service.change_ereceipt(change).await, "the custom section")?;
    get(service, id).await
}

/// `GET /custom-section/{id}`.
pub(super) async fn get(service: &Arc<Service>, id: Uuid) -> Result<JsonValue, Failure> {
    let found = service
        .read(Lane::Lists, move |reader| {
            reader.look(LookKind::Section, id, None)
        })
        .await?;
    found.as_ref().map(answer).ok_or_else(|| {
        Failure::missing("E_RESOURCE_NOT_FOUND", "the custom section does not exist")
    })
}

/// `GET /custom-section`.
pub(super) async fn list(service: &Arc<Service>) -> Result<JsonValue, Failure> {
    let all = service
        .read(Lane::Lists, |reader| reader.looks(LookKind::Section))
        .await?;
    let data: Vec<JsonValue> = all.iter().map(answer).collect();
    Ok(object! {
        "_type" => "CUSTOM_SECTION_LIST",
        "_version" => VERSION,
        "count" => data.len(),
        "data" => JsonValue::Array(data),
    })
}

/// A section with its id in front.
fn answer(section: &LookPart) -> JsonValue {
    let mut members = match JsonValue::parse(section.details.as_bytes()) {
        Ok(JsonValue::Object(members)) => members,
        _ => Vec::new(),
    };
    members.retain(|(name, _)| name != "id");
    members.insert(0, ("id".into(), section.id.into()));
    JsonValue::Object(members)
}

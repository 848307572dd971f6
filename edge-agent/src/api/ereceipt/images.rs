//! Images: the logo and the media of custom sections. The type of an image is the one that its bytes have, whatever a caller says.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use ferrotill_core::event::LookKind;
use ferrotill_render::{Bitmap, PageItem};
use ferrotill_store::{EReceiptChange, LookPart};
use uuid::Uuid;

use super::IMAGE_BYTES_MAX;
use super::links::image_link;
use super::multipart::{self, Part};
use super::problem::Failure;
use super::resource::envelope;
use super::route::Operation;
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::object;

/// The type of an image by its bytes.
pub(super) fn type_of(data: &[u8]) -> Option<&'static str> {
    let is = |magic: &[u8]| data.starts_with(magic);
    if is(b"\x89PNG\r\n\x1a\n") {
        Some("image/png")
    } else if is(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if is(b"GIF87a") || is(b"GIF89a") {
        Some("image/gif")
    } else if is(b"RIFF") && data.get(8..12) == Some(&b"WEBP"[..]) {
        Some("image/webp")
    } else {
        None
    }
}

/// Keeps an image, and returns its id.
async fn keep(
    service: &Arc<Service>,
    data: &[u8],
    alt_text: Option<&str>,
    operation: Operation,
) -> Result<Uuid, Failure> {
    if data.len() > IMAGE_BYTES_MAX {
        return Err(operation.too_large());
    }
    let Some(kind) = type_of(data) else {
        let path = match operation {
            Operation::UploadMedia => "body.data",
            _ => "body",
        };
        return Err(Failure::invalid(format!(
            "{path}: is no image; PNG, JPEG, WEBP and GIF are taken"
        )));
    };
    let id = Uuid::new_v4();
    let details = object! { "type" => kind, "alt_text" => alt_text.unwrap_or("") };
    let change = EReceiptChange::Look {
        kind: LookKind::Media,
        id,
        after: None,
        details: details.to_string(),
        data: Some(data.to_vec()),
    };
    Failure::of_outcome(service.change_ereceipt(change).await, "the image")?;
    Ok(id)
}

fn content_type(parts: &Parts) -> &str {
    let header = parts.headers.get(header::CONTENT_TYPE);
    header.and_then(|value| value.to_str().ok()).unwrap_or("")
}

fn form<'b>(parts: &Parts, body: &'b [u8]) -> Result<Option<Vec<Part<'b>>>, Failure> {
    let kind = content_type(parts);
    if !kind.to_ascii_lowercase().starts_with("multipart/form-data") {
        return Ok(None);
    }
    multipart::parts(kind, body)
        .map(Some)
        .map_err(|why| Failure::invalid(format!("body: {why}")))
}

/// The image of the body, or of the only part of a form.
pub(super) async fn keep_logo(
    service: &Arc<Service>,
    parts: &Parts,
    body: Bytes,
) -> Result<Uuid, Failure> {
    let form = form(parts, &body)?;
    let data = match &form {
        None => &body[..],
        Some(form) => form
            .iter()
            .find(|part| type_of(part.data).is_some())
            .or(form.first())
            .map_or(&[][..], |part| part.data),
    };
    keep(service, data, None, Operation::AddLogo).await
}

/// `POST /media`.
pub(super) async fn upload(
    service: &Arc<Service>,
    parts: &Parts,
    body: Bytes,
) -> Result<JsonValue, Failure> {
    let Some(form) = form(parts, &body)? else {
        return Err(Failure::invalid(
            "Content-Type: should be multipart/form-data",
        ));
    };
    let part = |name: &str| form.iter().find(|part| part.name == name);
    let text = |name: &str| part(name).and_then(|part| std::str::from_utf8(part.data).ok());
    let mut faults = Vec::new();
    if text("media_type") != Some("image") {
        faults.push("body.media_type: should be image");
    }
    if part("data").is_none() {
        faults.push("body.data: is required");
    }
    let alt_text = text("alt_text");
    if part("alt_text").is_some() && alt_text.is_none_or(|text| text.chars().count() > 500) {
        faults.push("body.alt_text: should be string of at most 500 characters");
    }
    if !faults.is_empty() {
        return Err(Failure::invalid(faults.join("\n")));
    }
    let data = part("data").map_or(&[][..], |part| part.data);
    let id = keep(service, data, alt_text, Operation::UploadMedia).await?;
    let mut members = envelope(service, "MEDIA");
    members.extend([
        ("alt_text".into(), alt_text.unwrap_or("").into()),
        ("id".into(), id.into()),
        ("mediaType".into(), "image".into()),
        (
            "media_location".into(),
            image_link(service, parts, id).into(),
        ),
    ]);
    Ok(JsonValue::Object(members))
}

/// The answer with the image of a logo.
pub(super) async fn logo(service: &Arc<Service>, id: Option<Uuid>) -> Result<Response, Failure> {
    let no_logo = || {
        Failure::missing(
            "E_LOGO_NOT_FOUND",
            "there is no logo; add one with Add Logo",
        )
    };
    let id = id.ok_or_else(no_logo)?;
    let found = image(service, id).await?;
    found.as_ref().and_then(response).ok_or_else(no_logo)
}

/// An image by its id.
pub(super) async fn image(service: &Arc<Service>, id: Uuid) -> Result<Option<LookPart>, Failure> {
    let read = move |reader: &ferrotill_store::Reader| reader.look(LookKind::Media, id, None);
    Ok(service.read(Lane::Lists, read).await?)
}

/// The answer with an image.
pub(super) fn response(image: &LookPart) -> Option<Response> {
    let data = image.data.clone()?;
    let kind = type_of(&data)?;
    Some(file_response(data, kind))
}

/// The answer with a file.
pub(super) fn file_response(data: Vec<u8>, kind: &'static str) -> Response {
    let mut response = Response::new(Body::from(data));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

/// An image on a page. A PNG of at most the size of a logo stands on paper too.
pub(super) fn page_item(
    service: &Service,
    image: &LookPart,
    (says, link): (Option<String>, Option<String>),
) -> PageItem {
    let details = JsonValue::parse(image.details.as_bytes()).unwrap_or(JsonValue::Null);
    let own = match details.get("alt_text") {
        Some(JsonValue::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let paper = image
        .data
        .as_deref()
        .and_then(|data| Bitmap::of_png(data).ok());
    PageItem::Image {
        source: format!("/r/i/{}", service.links.token_of_image(image.id)),
        says: says.filter(|says| !says.is_empty()).unwrap_or(own),
        link,
        paper: paper.map(Arc::new),
    }
}

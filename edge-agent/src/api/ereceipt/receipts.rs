//! Uploaded receipts: creates, reads and lists them, with their PDF and their logo.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use ferrotill_core::event::LookKind;
use ferrotill_store::{EReceiptChange, EReceiptOutcome, Reader, UploadedPage, UploadedReceipt};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::answer;
use super::configuration::Configuration;
use super::links::public_link;
use super::problem::Failure;
use super::request::Window;
use super::resource::envelope;
use super::route::version_4;
use super::{bounds, cards, ekabs, images, show};
use crate::api::deliveries::receipt_delivery;
use crate::api::json::{FaultList, JsonValue};
use crate::api::lanes::Lane;
use crate::api::outcome::{Outcome, Told};
use crate::api::response::{json_response, with_operation};
use crate::api::service::Service;
use crate::clerk::FiscalState;
use crate::object;

/// `PUT /receipt/{id}`. The same id with the same receipt gives the first answer again.
pub(super) async fn put(service: &Arc<Service>, parts: &Parts, id: Uuid, body: Bytes) -> Response {
    match upload(service, parts, id, body).await {
        Ok((replayed, receipt)) => {
            let response = json_response(StatusCode::OK, &receipt);
            Outcome::new(id, Told::Document { replayed }).with_headers(response)
        }
        Err(failure) => {
            let state = match failure.status {
                StatusCode::SERVICE_UNAVAILABLE => FiscalState::Unknown,
                _ => state_of(service, id).await,
            };
            with_operation(failure.response(), Some(id), state)
        }
    }
}

/// The state of an id: `registered` if the till has an uploaded receipt or a document with it.
async fn state_of(service: &Arc<Service>, id: Uuid) -> FiscalState {
    let uploaded = service.read(Lane::Lists, move |reader| reader.uploaded_receipt(id));
    match uploaded.await {
        Ok(Some(_)) => FiscalState::Registered,
        Ok(None) => service.state_of(id).await,
        Err(_) => FiscalState::Unknown,
    }
}

/// The receipt, and whether an earlier call had uploaded it.
async fn upload(
    service: &Arc<Service>,
    parts: &Parts,
    id: Uuid,
    body: Bytes,
) -> Result<(bool, JsonValue), Failure> {
    let deadline = service.deadline(service.settings.answer_timeout);
    let reading = service.work(Lane::Lists, move |service, thread| {
        let mut body =
            JsonValue::of_body(&body, thread).map_err(|fault| Failure::of_faults(&fault.into()))?;
        let mut faults = FaultList::default();
        bounds::check_lists(&body, &mut faults);
        ekabs::check(&body, &mut faults);
        bounds::check_texts(&body, &mut faults);
        cards::check_codes(&body, &mut faults);
        if !faults.is_empty() {
            return Err(Failure::of_faults(&faults));
        }
        missing_images(&service.reader, &body)?;
        cards::hide(&mut body);
        Ok((body.to_string(), fingerprint(&body)))
    });
    let read = service.within(deadline, reading).await;
    let (body, fingerprint) =
        read.unwrap_or_else(|| Err(Failure::busy("the till has too many calls")))?;
    let change = EReceiptChange::Upload {
        id,
        body,
        fingerprint,
    };
    let mut outcome = service.change_ereceipt(change).await;
    // An older program stored the receipt, and its fingerprint, with a card number.
    if outcome == EReceiptOutcome::Other
        && let Ok((known, _)) = find(service, id).await
        && self::fingerprint(&cards::body_of(&known)) == fingerprint
    {
        outcome = EReceiptOutcome::Same;
    }
    let replayed = outcome == EReceiptOutcome::Same;
    // The id of a document of another API is taken, too, and there is no receipt to read.
    if outcome == EReceiptOutcome::Other && find(service, id).await.is_err() {
        return Err(Failure::new(
            StatusCode::CONFLICT,
            "E_RESOURCE_ALREADY_EXISTS",
            "the id belongs to a document of another API; generate a new one",
        ));
    }
    Failure::of_outcome(outcome, "the receipt")?;
    let (receipt, _) = find(service, id).await?;
    Ok((replayed, answer::receipt(service, parts, &receipt, None)))
}

/// The digest of a receipt with its members in the order of their names, so that a repetition is the same in any order.
fn fingerprint(body: &JsonValue) -> [u8; 32] {
    fn sorted(value: &JsonValue) -> JsonValue {
        match value {
            JsonValue::Object(members) => {
                let mut members: Vec<_> = members
                    .iter()
                    .map(|(name, value)| (name.clone(), sorted(value)))
                    .collect();
                members.sort_by(|one, other| one.0.cmp(&other.0));
                JsonValue::Object(members)
            }
            JsonValue::Array(items) => JsonValue::Array(items.iter().map(sorted).collect()),
            other => other.clone(),
        }
    }
    Sha256::digest(sorted(body).to_string().as_bytes()).into()
}

/// Refuses a receipt whose custom elements name an image that was not uploaded.
fn missing_images(reader: &Reader, body: &JsonValue) -> Result<(), Failure> {
    let ekabs = body.get("schema").and_then(|schema| schema.get("ekabs_v0"));
    let Some(JsonValue::Array(elements)) = ekabs.and_then(|ekabs| ekabs.get("custom_elements"))
    else {
        return Ok(());
    };
    let mut lines = Vec::new();
    for (index, element) in elements.iter().enumerate() {
        let id = element
            .get("content")
            .and_then(|content| content.get("media_id"));
        let Some(JsonValue::Text(id)) = id else {
            continue;
        };
        let Some(id) = version_4(id) else { continue };
        if reader.look(LookKind::Media, id, None)?.is_none() {
            lines.push(format!(
                "body.schema.ekabs_v0.custom_elements[{index}].content.media_id: is not the id of an uploaded image"
            ));
        }
    }
    match lines.is_empty() {
        true => Ok(()),
        false => Err(Failure::invalid(lines.join("\n"))),
    }
}

/// A receipt with the configuration that it is shown with.
pub(super) async fn find(
    service: &Arc<Service>,
    id: Uuid,
) -> Result<(UploadedReceipt, Option<Configuration>), Failure> {
    let found = service
        .read(Lane::Lists, move |reader| {
            let Some(receipt) = reader.uploaded_receipt(id)? else {
                return Ok(None);
            };
            let configuration = Configuration::read(reader, Some(receipt.revision))?;
            Ok(Some((receipt, configuration)))
        })
        .await?;
    found.ok_or_else(Failure::no_receipt)
}

/// `GET /receipt/{id}`.
pub(super) async fn get(
    service: &Arc<Service>,
    parts: &Parts,
    id: Uuid,
) -> Result<JsonValue, Failure> {
    let (receipt, configuration) = find(service, id).await?;
    let read = Some(configuration.as_ref());
    let mut answer = answer::receipt(service, parts, &receipt, read);
    let published = service
        .read(Lane::Lists, move |reader| reader.publications(id))
        .await?;
    // Clients of the vendor know no such member, so that it is there only if something is published.
    if let (JsonValue::Object(members), false) = (&mut answer, published.is_empty()) {
        let published = published.iter().map(receipt_delivery).collect();
        members.push(("deliveries".into(), JsonValue::Array(published)));
    }
    Ok(answer)
}

/// `GET /receipt`.
pub(super) async fn list(
    service: &Arc<Service>,
    parts: &Parts,
    query: &str,
) -> Result<JsonValue, Failure> {
    let window = Window::of_query(query)?;
    let (count, found) = service
        .read(Lane::Lists, move |reader| {
            let page = UploadedPage {
                descending: window.descending,
                offset: window.offset,
                limit: window.limit,
            };
            let (count, receipts) = reader.uploaded_receipts(page)?;
            let mut found = Vec::new();
            for receipt in receipts {
                let configuration = Configuration::read(reader, Some(receipt.revision))?;
                found.push((receipt, configuration));
            }
            Ok((count, found))
        })
        .await?;
    let data = found
        .iter()
        .map(|(receipt, configuration)| {
            answer::receipt(service, parts, receipt, Some(configuration.as_ref()))
        })
        .collect();
    let mut members = envelope(service, "RECEIPT_LIST");
    members.push(("count".into(), count.into()));
    members.push(("data".into(), JsonValue::Array(data)));
    Ok(JsonValue::Object(members))
}

/// `GET /receipt/{id}/pdf`: at once.
pub(super) async fn pdf(service: &Arc<Service>, id: Uuid) -> Result<Response, Failure> {
    find(service, id).await?;
    let made = service.work(Lane::Lists, move |service, _| {
        show::uploaded(service, id).map(|shown| shown.and_then(|shown| shown.pdf().ok()))
    });
    let made = made.await?;
    let pdf = made.ok_or_else(|| {
        Failure::missing("E_PDF_NOT_FOUND", "the receipt cannot be made as a PDF")
    })?;
    Ok(images::file_response(pdf, "application/pdf"))
}

/// `GET /receipt/{id}/logo`.
pub(super) async fn logo(service: &Arc<Service>, id: Uuid) -> Result<Response, Failure> {
    let (_, configuration) = find(service, id).await?;
    let configuration = configuration.ok_or_else(|| {
        Failure::missing(
            "E_CONFIGURATION_NOT_FOUND",
            "there was no configuration when the receipt was created",
        )
    })?;
    images::logo(service, configuration.logo()).await
}

/// `POST /static-link`: the public address of a receipt, which never changes. The vendor's form of body and answer is not public.
pub(super) async fn static_link(
    service: &Arc<Service>,
    parts: &Parts,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let id = match body.get("receipt_id") {
        Some(JsonValue::Text(text)) => version_4(text),
        _ => None,
    };
    let id = id.ok_or_else(|| {
        Failure::bad(
            "E_RECEIPT_ID_INVALID",
            "body.receipt_id: is not a UUID of version 4",
        )
    })?;
    find(service, id).await?;
    let link = public_link(service, parts, id);
    Ok(object! { "receipt_id" => id, "href" => link })
}

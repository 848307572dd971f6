//! What published receipts look like: static files for a bucket, and the body with which the eReceipt API creates a receipt.

use std::sync::{Arc, Weak};

use ferrotill_core::event::LookKind;
use ferrotill_render::{PageItem, PageSection, PublicPage};
use ferrotill_store::StoreError;
use uuid::Uuid;

use super::cards;
use super::ekabs::of_document;
use super::images;
use super::limits::is_expired;
use super::public::page_policy;
use super::show::{self, ShownReceipt};
use crate::api::json::JsonValue;
use crate::api::service::Service;
use crate::deliver::{NoForm, PublishedFile, ReceiptSource};
use crate::object;
use crate::paper::printed_seller;

/// The receipts of a till, for the places that publish them.
#[derive(Debug)]
pub struct PublishedReceipts(pub Weak<Service>);

impl PublishedReceipts {
    fn service(&self) -> Result<Arc<Service>, NoForm> {
        let service = self.0.upgrade();
        service.ok_or_else(|| NoForm::Now("the till is ending".to_owned()))
    }
}

impl ReceiptSource for PublishedReceipts {
    fn files(&self, receipt: Uuid) -> Result<Vec<PublishedFile>, NoForm> {
        let service = self.service()?;
        let (token, shown) = match show::uploaded(&service, receipt).map_err(unread)? {
            Some(shown) => (service.links.token_of_upload(receipt), Some(shown)),
            None => (
                service.links.token_of_document(receipt),
                show::of_till(&service, receipt).map_err(unread)?,
            ),
        };
        let mut shown = shown.ok_or_else(missing)?;
        if is_expired(&service, shown.at_ms) {
            return Err(NoForm::Never(
                "the receipt is not public any more".to_owned(),
            ));
        }
        let mut files = images_of(&service, &mut shown)?;
        let pdf = shown.pdf();
        let links = pdf
            .is_ok()
            .then(|| (format!("{token}/pdf"), shown.label("pdf"), true));
        files.extend(pdf.ok().map(|data| PublishedFile {
            path: format!("r/{token}/pdf"),
            kind: "application/pdf",
            data,
        }));
        let (title, check) = (shown.label("receipt"), shown.label("check"));
        let links: Vec<_> = links.into_iter().collect();
        let page = PublicPage {
            policy: Some(page_policy(true)),
            ..shown.page(&title, &links, &check)
        };
        files.push(PublishedFile {
            path: format!("r/{token}"),
            kind: "text/html; charset=utf-8",
            data: page.html().into_bytes(),
        });
        Ok(files)
    }

    fn ekabs(&self, receipt: Uuid) -> Result<String, NoForm> {
        let service = self.service()?;
        if let Some(uploaded) = service.reader.uploaded_receipt(receipt).map_err(unread)? {
            let body = cards::body_of(&uploaded);
            return match has_image(&body) {
                true => Err(NoForm::Never(
                    "the receipt shows an image of this till, which the service does not have"
                        .to_owned(),
                )),
                false => Ok(body.to_string()),
            };
        }
        let stored = service.reader.find(None, receipt).map_err(unread)?;
        let stored = stored.ok_or_else(missing)?;
        let seller = printed_seller(&service.settings.owner);
        let currency = service.profile.facts().currency;
        let device = stored.row.device.to_string();
        let ekabs = of_document(&stored, &seller, (currency, &device)).ok_or_else(missing)?;
        let body = object! {
            "schema" => object! { "ekabs_v0" => ekabs },
            "user_association" => JsonValue::Object(Vec::new()),
        };
        Ok(body.to_string())
    }
}

fn unread(error: StoreError) -> NoForm {
    NoForm::Now(error.to_string())
}

fn missing() -> NoForm {
    NoForm::Never("the receipt cannot be read; run `ferrotill verify`".to_owned())
}

/// The images of a page as files. The page then names them by their place beside it, because a bucket may be below any path.
fn images_of(service: &Service, shown: &mut ShownReceipt) -> Result<Vec<PublishedFile>, NoForm> {
    let mut files = Vec::new();
    for PageSection { items, .. } in shown.sections_mut() {
        for item in items {
            let PageItem::Image { source, .. } = item else {
                continue;
            };
            let Some(token) = source.strip_prefix("/r/i/") else {
                continue;
            };
            let image = match service.links.read_image(token) {
                Some(id) => service
                    .reader
                    .look(LookKind::Media, id, None)
                    .map_err(unread)?,
                None => None,
            };
            let path = format!("r/i/{token}");
            *source = format!("i/{token}");
            let data = image.and_then(|image| image.data);
            if let Some(data) = data
                && let Some(kind) = images::type_of(&data)
                && files.iter().all(|file: &PublishedFile| file.path != path)
            {
                files.push(PublishedFile { path, kind, data });
            }
        }
    }
    Ok(files)
}

/// Whether a custom element of a receipt shows an image of this till.
fn has_image(body: &JsonValue) -> bool {
    let ekabs = body.get("schema").and_then(|schema| schema.get("ekabs_v0"));
    let Some(JsonValue::Array(elements)) = ekabs.and_then(|ekabs| ekabs.get("custom_elements"))
    else {
        return false;
    };
    elements.iter().any(|element| {
        let content = element.get("content");
        let media = content.and_then(|content| content.get("media_id"));
        matches!(media, Some(JsonValue::Text(id)) if !id.is_empty())
    })
}

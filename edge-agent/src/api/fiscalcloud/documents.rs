//! Lists and reads documents.

use std::sync::Arc;

use axum::response::Response;
use uuid::Uuid;

use super::answer::{self, AnswerContext, Form};
use super::problem::{faulty, not_found, success, unreadable};
use super::route::Kinds;
use crate::api::json::{FaultList, JsonValue, RequestFault};
use crate::api::service::Service;
use crate::config::Device;
use crate::object;
use ferrotill_store::StoreError;

/// `GET receipts` and the lists of the other kinds of documents, newest first.
pub(super) async fn list(
    service: &Arc<Service>,
    device: &Device,
    kinds: Kinds,
    full: bool,
    query: &str,
) -> Response {
    let (start, count) = match page_of(query) {
        Ok(page) => page,
        Err(faults) => return faulty(&faults),
    };
    let device_id = device.id;
    let page = service
        .read(move |reader| {
            let page = reader.page(device_id, kinds, start, count.min(PAGE_MAX))?;
            let total = page.total;
            let documents = page
                .documents
                .into_iter()
                .map(|stored| {
                    let z_report = reader.z_report(device_id, stored.row.z_number)?;
                    Ok((stored, z_report))
                })
                .collect::<Result<Vec<_>, StoreError>>()?;
            Ok((documents, total))
        })
        .await;
    match page {
        Ok((documents, total)) => {
            let items = documents.iter().filter_map(|(stored, z_report)| {
                let context = answer_context(service, device, *z_report);
                if full {
                    answer::document(stored, Form::Own, context)
                } else {
                    answer::short(stored, context)
                }
            });
            let data = JsonValue::Array(items.collect());
            success(object! { "data" => data, "totalCount" => total })
        }
        Err(error) => unreadable(error),
    }
}

/// The number of documents on a page if the caller gives no count.
const PAGE_DEFAULT: u32 = 100;
/// The largest number of documents on a page.
const PAGE_MAX: u32 = 1_000;

/// The index of the first document of a page, and the number of documents on it.
fn page_of(query: &str) -> Result<(u32, u32), FaultList> {
    let mut faults = FaultList::default();
    let (mut start, mut count) = (0, PAGE_DEFAULT);
    for (name, value) in query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    {
        let target = match name.to_ascii_lowercase().as_str() {
            "startindex" => &mut start,
            "count" => &mut count,
            _ => {
                faults.push(RequestFault {
                    path: name.to_owned(),
                    code: "UnknownField",
                    sentence: "is not a parameter of this list; give startIndex and count"
                        .to_owned(),
                });
                continue;
            }
        };
        match value.parse::<u32>() {
            Ok(number) => *target = number,
            Err(_) => faults.push(RequestFault {
                path: name.to_owned(),
                code: "NotANumber",
                sentence: "is not a whole number from 0".to_owned(),
            }),
        }
    }
    if faults.is_empty() {
        Ok((start, count.min(PAGE_MAX)))
    } else {
        Err(faults)
    }
}

/// `GET receipts/{id}`, and the same for the other kinds of documents.
pub(super) async fn get(
    service: &Arc<Service>,
    device: &Device,
    kinds: Kinds,
    id: Uuid,
) -> Response {
    match service.find(device.id, id).await {
        Ok(Some((stored, z_report))) if kinds.contains(&stored.row.kind) => {
            match answer::document(
                &stored,
                Form::Own,
                answer_context(service, device, z_report),
            ) {
                Some(data) => success(data),
                None => not_found(id),
            }
        }
        Ok(_) => not_found(id),
        Err(error) => unreadable(error),
    }
}

/// What the JSON form of a document needs besides the document.
pub(super) fn answer_context<'s>(
    service: &'s Service,
    device: &'s Device,
    z_report: Option<Uuid>,
) -> AnswerContext<'s> {
    AnswerContext {
        device,
        owner: &service.settings.owner,
        currency: service.profile.facts().currency,
        z_report,
    }
}

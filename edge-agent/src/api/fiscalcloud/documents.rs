//! Lists and reads documents.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::sync::Arc;

use axum::response::Response;
use uuid::Uuid;

use super::answer::{self, AnswerContext, Form};
use super::problem::{SUCCESS, faulty, not_found, success, unprocessable, unreadable};
use super::route::Kinds;
use crate::api::json::{FaultList, RequestFault};
use crate::api::lanes::Lane;
use crate::api::problem::Problem;
use crate::api::response::{long_json_response, with_retry_after};
use crate::api::service::Service;
use crate::clerk::FiscalState;
use crate::config::Device;
use ferrotill_store::{StoreError, StoredDocument};

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
    let device = device.clone();
    let place = service.lanes.enter(Lane::Lists).await;
    let service = Arc::clone(service);
    let answer = place.work_and_keep(move |_, place| {
        match page(&service, &device, kinds, full, (start, count)) {
            Ok(text) => long_json_response(text, place),
            Err(error) => unreadable(error),
        }
    });
    answer.await
}

/// The JSON of an answer with a page of documents. The page ends early when its JSON has more than [`PAGE_BYTES_MAX`] bytes. Each document is
/// written as it is read, so that only one is in memory.
fn page(
    service: &Service,
    device: &Device,
    kinds: Kinds,
    full: bool,
    page: (u32, u32),
) -> Result<String, StoreError> {
    let mut text = format!("{SUCCESS}{{\"data\":[");
    let mut separator = "";
    let total = service
        .reader
        .each_on_page(device.id, kinds, page, |stored, z_report| {
            let context = answer_context(service, device, z_report);
            let item = if full {
                answer::document(&stored, Form::Own, context)
            } else {
                answer::short(&stored, context)
            };
            if let Some(item) = item {
                // Writing to a string cannot fail.
                let _ = write!(text, "{separator}{item}");
                separator = ",";
            }
            if text.len() < PAGE_BYTES_MAX {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
    let _ = write!(text, "],\"totalCount\":{total}}}}}");
    Ok(text)
}

/// The number of documents on a page if the caller gives no count.
const PAGE_DEFAULT: u32 = 100;
/// The largest number of documents on a page.
const PAGE_MAX: u32 = 1_000;
/// A page ends with the document that makes its JSON longer than this. 1,000 receipts of ten lines fit; of receipts with 512
/// long lines, about ten do.
const PAGE_BYTES_MAX: usize = 8 * 1_024 * 1_024;

/// The index of the first document of a page, and the number of documents on it.
pub(super) fn page_of(query: &str) -> Result<(u32, u32), FaultList> {
    let mut faults = FaultList::default();
    let (mut start, mut count) = (None, None);
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
            Ok(_) if target.is_some() => faults.push(RequestFault {
                path: name.to_owned(),
                code: "GivenTwice",
                sentence: "is given twice; give it once".to_owned(),
            }),
            Ok(number) => *target = Some(number),
            Err(_) => faults.push(RequestFault {
                path: name.to_owned(),
                // No amount is wrong, which the line for the cashier would say of what is not a number.
                code: "UnknownValue",
                sentence: "is not a whole number from 0".to_owned(),
            }),
        }
    }
    if faults.is_empty() {
        let count = count.unwrap_or(PAGE_DEFAULT);
        Ok((start.unwrap_or(0), count.min(PAGE_MAX)))
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
    let device = device.clone();
    let work = service.work(Lane::Lists, move |service, _| {
        let Some((stored, context)) = find(service, &device, id)? else {
            return Ok(None);
        };
        let is_meant = kinds.contains(&stored.row.kind);
        let data = is_meant.then(|| answer::document(&stored, Form::Own, context));
        Ok(data.flatten())
    });
    match work.await {
        Ok(Some(data)) => success(data),
        Ok(None) => without_document(service, id).await,
        Err(error) => unreadable(error),
    }
}

/// The answer about an id without a registered document. A document that waits, is being sealed or has an unknown outcome may still be
/// registered, and a caller that took it for missing would sell again.
pub(super) async fn without_document(service: &Arc<Service>, id: Uuid) -> Response {
    match service.state_of(id).await {
        FiscalState::Unknown => {
            let message = format!(
                "id: it is not known yet whether the document {id} is registered; ask again, or repeat the request with the same id"
            );
            with_retry_after(unprocessable(&Problem::new("OutcomeUnknown", message)))
        }
        FiscalState::Registered | FiscalState::NotRegistered => not_found(id),
    }
}

/// A document of the device, and what its JSON form needs besides it. Reads the store, so it is done on a thread for long work.
pub(super) fn find<'s>(
    service: &'s Service,
    device: &'s Device,
    id: Uuid,
) -> Result<Option<(StoredDocument, AnswerContext<'s>)>, StoreError> {
    let Some(stored) = service.reader.find(Some(device.id), id)? else {
        return Ok(None);
    };
    let z_report = service.reader.z_report(device.id, stored.row.z_number)?;
    let context = answer_context(service, device, z_report);
    Ok(Some((stored, context)))
}

/// What the JSON form of a document needs besides the document.
fn answer_context<'s>(
    service: &'s Service,
    device: &'s Device,
    z_report: Option<Uuid>,
) -> AnswerContext<'s> {
    AnswerContext {
        device,
        owner: &service.settings.owner,
        currency: service.profile.facts().currency,
        cash_rounding: service.profile.facts().cash_rounding.map(|law| law.name),
        z_report,
        print_form: None,
    }
}

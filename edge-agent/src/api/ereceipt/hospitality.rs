//! The particulars of a business meal beside an uploaded receipt. Everybody who knows the id of the receipt may read and write them.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::http::request::Parts;
use ferrotill_store::{EReceiptChange, EReceiptOutcome, HOSPITALITY_CHANGES_MAX, Hospitality};
use uuid::Uuid;

use super::problem::Failure;
use super::resource::envelope;
use super::route::Found;
use super::{answer, limits, receipts};
use crate::api::json::JsonValue;
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::object;
use crate::order::storable;

/// The largest particulars in bytes.
const PARTICULARS_BYTES_MAX: usize = 8 * 1_024;
/// The latest time.
const TIME_MAX: i64 = 9_007_199_254_740_991;
/// How far the clock of a caller may be ahead, in seconds.
const CLOCK_DIFFERENCE_S_MAX: i64 = 5 * 60;

/// The receipt that a public path names, if it is still public.
async fn public_id(service: &Arc<Service>, parts: &Parts, found: &Found) -> Result<Uuid, Failure> {
    found.check_environment(service.settings.mode)?;
    let id = found.receipt()?;
    match receipts::find(service, id).await {
        Ok((receipt, _)) if limits::is_expired(service, receipt.at_ms) => Err(expired()),
        Ok(_) => Ok(id),
        Err(failure) => {
            let is_missing = failure.status == StatusCode::NOT_FOUND;
            Err(if is_missing {
                limits::missed(service, parts)
            } else {
                failure
            })
        }
    }
}

pub(super) fn expired() -> Failure {
    Failure::missing(
        "E_PUBLIC_ACCESS_EXPIRED",
        "the public access of the receipt has expired",
    )
}

/// `GET /public/{env}/receipt/{id}`.
pub(super) async fn public_receipt(
    service: &Arc<Service>,
    parts: &Parts,
    found: &Found,
) -> Result<JsonValue, Failure> {
    let id = public_id(service, parts, found).await?;
    let (receipt, configuration) = receipts::find(service, id).await?;
    let mut answer = answer::receipt(service, parts, &receipt, Some(configuration.as_ref()));
    if let JsonValue::Object(members) = &mut answer {
        // It may name the buyer, and only the merchant has written it.
        members.retain(|(name, _)| name != "user_association");
    }
    Ok(answer)
}

/// `GET …/hospitality`.
pub(super) async fn get(
    service: &Arc<Service>,
    parts: &Parts,
    found: &Found,
) -> Result<JsonValue, Failure> {
    let id = public_id(service, parts, found).await?;
    let hospitality = read(service, id).await?;
    let hospitality = hospitality.as_ref();
    let answer = hospitality.map(|hospitality| answer_of(service, hospitality));
    answer.ok_or_else(|| {
        Failure::missing(
            "E_RECEIPT_NOT_FOUND",
            "the receipt has no hospitality information yet",
        )
    })
}

pub(super) async fn read(service: &Arc<Service>, id: Uuid) -> Result<Option<Hospitality>, Failure> {
    let read = move |reader: &ferrotill_store::Reader| reader.hospitality(id);
    Ok(service.read(Lane::Lists, read).await?)
}

/// `PUT …/hospitality`.
pub(super) async fn put(
    service: &Arc<Service>,
    parts: &Parts,
    found: &Found,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let id = public_id(service, parts, found).await?;
    let mut faults = Vec::new();
    let schema = body.get("schema");
    match schema {
        Some(JsonValue::Object(_)) => {}
        _ => faults.push("body.schema: should be object".to_owned()),
    }
    let finalized_s = match body.get("finalized_at") {
        None | Some(JsonValue::Null) => None,
        Some(JsonValue::Number(text)) => {
            let time = text.parse::<i64>().ok();
            let time = time.filter(|time| (0..=TIME_MAX).contains(time));
            match time {
                None => {
                    faults.push("body.finalized_at: should be seconds since the epoch".to_owned());
                }
                Some(time) if time > latest_s(service) => {
                    faults.push("body.finalized_at: should NOT be in the future".to_owned());
                }
                Some(_) => {}
            }
            time
        }
        Some(_) => {
            faults.push("body.finalized_at: should be integer".to_owned());
            None
        }
    };
    match schema.and_then(|schema| schema.get("tip")) {
        None | Some(JsonValue::Null) => {}
        Some(JsonValue::Text(tip)) if is_amount(tip) => {}
        Some(_) => {
            faults.push("body.schema.tip: should match ^\\d+\\.\\d{2}$".to_owned());
        }
    }
    if !faults.is_empty() {
        return Err(Failure::invalid(faults.join("\n")));
    }
    let particulars = schema.map(ToString::to_string).unwrap_or_default();
    let outcome = keep(service, id, particulars, finalized_s).await?;
    if outcome == EReceiptOutcome::TooMany {
        let message = format!(
            "the hospitality information was changed {HOSPITALITY_CHANGES_MAX} times; it can only be finalised now, with finalized_at"
        );
        return Err(Failure::new(StatusCode::CONFLICT, "E_CONFLICT", message));
    }
    Failure::of_outcome(outcome, "the hospitality information")?;
    let kept = read(service, id).await?;
    let kept = kept.as_ref().map(|kept| answer_of(service, kept));
    kept.ok_or_else(Failure::no_receipt)
}

/// The latest time that a caller may name: clocks differ by minutes.
fn latest_s(service: &Service) -> i64 {
    let now_s = service.guard.now().utc_ms.div_euclid(1_000);
    now_s.saturating_add(CLOCK_DIFFERENCE_S_MAX)
}

/// Stores particulars.
pub(super) async fn keep(
    service: &Arc<Service>,
    receipt: Uuid,
    particulars: String,
    finalized_s: Option<i64>,
) -> Result<EReceiptOutcome, Failure> {
    if !service.settings.ereceipt.hospitality {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            "E_ACCESS_DENIED",
            "the shop takes no hospitality information",
        ));
    }
    if particulars.len() > PARTICULARS_BYTES_MAX {
        return Err(Failure::invalid(format!(
            "body.schema: should NOT be larger than {PARTICULARS_BYTES_MAX} bytes"
        )));
    }
    let mut salt = [0; 16];
    if let Err(error) = getrandom::fill(&mut salt) {
        return Err(Failure::busy(format!("no random numbers: {error}")));
    }
    let change = EReceiptChange::Hospitality {
        receipt,
        particulars: storable(&particulars, None),
        finalized_s,
        salt,
    };
    Ok(service.change_ereceipt(change).await)
}

/// An amount that is not below zero, with two decimals.
pub(super) fn is_amount(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('.').is_some_and(|(whole, decimals)| {
        digits(whole) && whole.len() <= 12 && digits(decimals) && decimals.len() == 2
    })
}

fn answer_of(service: &Service, hospitality: &Hospitality) -> JsonValue {
    let particulars = hospitality.particulars.as_deref().unwrap_or("{}");
    let schema = JsonValue::parse(particulars.as_bytes());
    let seconds = |ms: i64| ms.div_euclid(1_000);
    let mut members = envelope(service, "HOSPITALITY");
    members.push(("created_at".into(), seconds(hospitality.created_ms).into()));
    if let Some(finalized_s) = hospitality.finalized_s {
        members.push(("finalized_at".into(), finalized_s.into()));
    }
    members.push((
        "modified_at".into(),
        seconds(hospitality.modified_ms).into(),
    ));
    let schema = schema.unwrap_or_else(|_| object! {});
    members.push(("schema".into(), schema));
    JsonValue::Object(members)
}

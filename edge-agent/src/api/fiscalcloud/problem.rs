//! The envelope of every answer, and refusals in this API's form.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::refusal::{Place, Refusal};
use uuid::Uuid;

use super::paths::path_of;
use crate::api::cashier::cashier_line;
use crate::api::json::{FaultList, JsonValue, RequestFault};
use crate::api::problem::Problem;
use crate::api::response::json_response;
use crate::config::{Device, RangeConfig};
use ferrotill_store::StoreError;

/// The envelope of every answer. The vendor's schema lets neither text be null, and an answer without data has no member for it.
pub(super) fn envelope(
    success: bool,
    (message, full): (&str, &str),
    error: Option<&str>,
    data: Option<JsonValue>,
) -> JsonValue {
    let mut members = vec![
        ("success".into(), success.into()),
        ("message".into(), message.into()),
        ("fullExceptionMessage".into(), full.into()),
        ("errorType".into(), error.into()),
    ];
    members.extend(data.map(|data| ("data".into(), data)));
    JsonValue::Object(members)
}

/// An answer with status 200 and data.
pub(super) fn success(data: JsonValue) -> Response {
    json_response(StatusCode::OK, &envelope(true, ("", ""), None, Some(data)))
}

/// An answer with status 200 of an operation whose answer has no data.
pub(super) fn done() -> Response {
    json_response(StatusCode::OK, &envelope(true, ("", ""), None, None))
}

/// The envelope of [`success`] up to its data, for data that is written as text because it may be long. A brace ends it.
pub(super) const SUCCESS: &str =
    r#"{"success":true,"message":"","fullExceptionMessage":"","errorType":null,"data":"#;

/// A refusal, which is an answer without data.
pub(super) fn failure(status: StatusCode, problem: &Problem) -> Response {
    let texts = (problem.message.as_str(), problem.message.as_str());
    let body = envelope(false, texts, Some(&problem.code), None);
    let response = json_response(status, &body);
    noting_refusal(response, problem.clone(), problem.message.clone())
}

/// The same response, with a note for [`for_the_cashier`] of what it refuses, and of its full message.
pub(super) fn noting_refusal(mut response: Response, problem: Problem, full: String) -> Response {
    response.extensions_mut().insert(Refused { problem, full });
    response
}

/// What an answer refuses, for [`for_the_cashier`].
#[derive(Clone, Debug)]
struct Refused {
    problem: Problem,
    full: String,
}

/// Puts the line for the cashier before the full message of a refusal. Every answer of this API goes through here, because the language is
/// that of the till.
pub(super) async fn for_the_cashier(
    State(language): State<&'static str>,
    mut response: Response,
) -> Response {
    let Some(Refused { problem, full }) = response.extensions_mut().remove() else {
        return response;
    };
    let full = format!("{}\n{full}", cashier_line(&problem.code, language));
    let texts = (problem.message.as_str(), full.as_str());
    let body = envelope(false, texts, Some(&problem.code), None);
    *response.body_mut() = Body::from(body.to_string());
    response
}

/// An answer with status 422: the request was read and is not carried out.
pub(super) fn unprocessable(problem: &Problem) -> Response {
    failure(StatusCode::UNPROCESSABLE_ENTITY, problem)
}

/// An answer with status 422 that lists the faults of the request, one on each line.
pub(super) fn faulty(faults: &FaultList) -> Response {
    unprocessable(&faults.into())
}

/// An answer with status 422: the store cannot be read.
pub(super) fn unreadable(error: StoreError) -> Response {
    unprocessable(&error.into())
}

/// An answer with status 422: the device has no document with this id.
pub(super) fn not_found(id: Uuid) -> Response {
    let message = format!("id: there is no such document {id} on this device");
    unprocessable(&Problem::new("NotFound", message))
}

/// A refusal of the core and its faults; `number_path` is the field with the number of an alternative receipt. `id` is the request id.
pub(super) fn refused(
    (refusal, faults): (&Refusal, &[(Place, Refusal)]),
    id: Uuid,
    (number_path, device): (&str, &Device),
) -> Problem {
    if *refusal == Refusal::DeviceUnsettled {
        let message = format!(
            "device: {refusal}; repeat the request later with the id {id}; `ferrotill status` says whether a person must settle the \
             earlier document first"
        );
        return Problem::new(refusal.name(), message);
    }
    if faults.is_empty() {
        let path = match refusal {
            Refusal::RequestIdClash | Refusal::Repeated => "id",
            Refusal::ShiftNotOpen | Refusal::ShiftTooLong { .. } => "shift",
            _ => "body",
        };
        return Problem::from(&fault_of(path, refusal, device));
    }
    let mut list = FaultList::default();
    for (place, refusal) in faults {
        list.push(fault_of(&path_of(*place, number_path), refusal, device));
    }
    Problem::from(&list)
}

/// The code of a number that the caller chose for an alternative receipt, and that the till cannot take.
pub(super) const NUMBER_NOT_NEXT: &str = "AlternativeNumberNotNext";

/// The code of a refusal: its name, or this API's own name for it.
const fn code_of(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NumberNotInRange | Refusal::NumberNotNext { .. } | Refusal::NumberTaken => {
            NUMBER_NOT_NEXT
        }
        _ => refusal.name(),
    }
}

/// Converts a refusal of the core to a fault of a request, which names what the device would take.
pub(super) fn fault_of(path: &str, refusal: &Refusal, device: &Device) -> RequestFault {
    let allowed = allowed(refusal, device);
    let allowed = allowed.map_or_else(String::new, |allowed| format!(" ({allowed})"));
    RequestFault {
        path: path.to_owned(),
        code: code_of(refusal),
        sentence: format!("{refusal}; {}{allowed}", refusal.hint()),
    }
}

/// What the device would take instead, if the refusal is about something that its configuration lists.
fn allowed(refusal: &Refusal, device: &Device) -> Option<String> {
    let (what, names): (_, Vec<String>) = match refusal {
        Refusal::TaxGroupMissing | Refusal::TaxGroupUnknown => {
            let groups = device.tax_groups.iter();
            (
                "tax groups",
                groups.map(|group| group.code.to_string()).collect(),
            )
        }
        Refusal::PaymentTypeUnknown { .. } => {
            let types = device.payment_types.iter();
            let types = types.map(|kind| format!("{} {}", kind.code, kind.name));
            ("payment types", types.collect())
        }
        Refusal::NumberNotInRange | Refusal::NumberNotNext { .. } | Refusal::NumberTaken => {
            let ranges = device.alternative_receipts_ranges.iter().map(|range| {
                let width = usize::from(range.number_length);
                let RangeConfig {
                    series, start, end, ..
                } = range;
                format!("{series}{start:0width$} to {series}{end:0width$}")
            });
            ("ranges", ranges.collect())
        }
        _ => ("", Vec::new()),
    };
    (!names.is_empty()).then(|| format!("{what} of the device: {}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::{SUCCESS, envelope};
    use crate::api::json::JsonValue;

    #[test]
    fn the_envelope_around_json_text_is_the_envelope_of_every_answer() {
        let whole = envelope(true, ("", ""), None, Some(JsonValue::Null)).to_string();
        assert_eq!(format!("{SUCCESS}null}}"), whole);
    }
}

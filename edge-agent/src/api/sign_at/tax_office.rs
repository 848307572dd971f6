//! What the API has to do with the tax office: its user, the checks of receipts, and the settings of the checks.

use std::sync::Arc;

use axum::http::StatusCode;
use ferrotill_core::event::ResourceKind;
use ferrotill_store::{SignedReceipt, StoreError, StoredResource};
use uuid::Uuid;

use super::problem::Failure;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::service::Service;
use crate::config::Mode;
use crate::object;
use crate::order::resource::{ResourceChange, ResourceWish};
use crate::order::storable;
use crate::secret_file::write_secret;

/// The file of the PIN in the data folder.
const PIN_FILE: &str = "finanzonline.pin";

/// The user at the tax office, if a caller has given one.
fn user(service: &Service) -> Option<StoredResource> {
    let book = service.live_status.resources();
    book.get(ResourceKind::TaxOfficeUser, Uuid::nil()).cloned()
}

/// Refuses a step that needs the tax office before its user is known.
pub(super) fn needs_user(service: &Service) -> Result<(), Failure> {
    match user(service) {
        Some(_) => Ok(()),
        None => Err(Failure::conflict(
            "E_FON_AUTHENTICATION",
            "the user of FinanzOnline is not known; send PUT /fon/auth first",
        )),
    }
}

pub(super) fn get_user(service: &Service) -> Result<JsonValue, Failure> {
    user(service)
        .map(|user| user_answer(&user))
        .ok_or_else(|| Failure::not_found("the user of FinanzOnline is not known"))
}

fn user_answer(user: &StoredResource) -> JsonValue {
    let details = JsonValue::parse(user.details.as_bytes()).unwrap_or(JsonValue::Null);
    let text = |name: &str| details.get(name).cloned().unwrap_or(JsonValue::Null);
    object! {
        "fon_participant_id" => text("fon_participant_id"),
        "fon_user_id" => text("fon_user_id"),
        "authentication_status" => "AUTHENTICATED",
        "time_authentication" => text("time_authentication"),
    }
}

pub(super) async fn put_user(
    service: &Arc<Service>,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let names = ["fon_participant_id", "fon_user_id", "fon_user_pin"];
    let given = names.map(|name| fields.text(name).filter(|text| !text.trim().is_empty()));
    for (name, given) in names.iter().zip(&given) {
        if given.is_none() {
            fields.fault(name, "Missing", "is a required property");
        }
    }
    let [Some(participant), Some(user_id), Some(pin)] = given else {
        return Err(Failure::of_faults(&faults));
    };
    if service.settings.mode == Mode::Live {
        // No adapter of this build calls FinanzOnline.
        return Err(no_answer());
    }
    write_secret(&service.settings.data_dir.join(PIN_FILE), pin.as_bytes()).map_err(|error| {
        let message = format!("the PIN cannot be stored: {error}");
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "E_INTERNAL", message)
    })?;
    let details = object! {
        "fon_participant_id" => participant,
        "fon_user_id" => user_id,
        "time_authentication" => service.guard.now().utc_ms.div_euclid(1_000),
    };
    keep(service, ResourceKind::TaxOfficeUser, &details).await?;
    get_user(service)
}

/// The tax office has not answered.
pub(super) fn no_answer() -> Failure {
    Failure::new(
        StatusCode::GATEWAY_TIMEOUT,
        "E_FON_REQUEST_TIMEOUT",
        "FinanzOnline has not answered; send the same request again later",
    )
}

/// Creates or replaces a resource that a folder has once.
async fn keep(
    service: &Arc<Service>,
    kind: ResourceKind,
    details: &JsonValue,
) -> Result<(), Failure> {
    let details = storable(&details.to_string(), None);
    let book = service.live_status.resources();
    let change = match book.get(kind, Uuid::nil()) {
        Some(_) => ResourceChange::Replace(details),
        None => ResourceChange::Create(details),
    };
    let wish = ResourceWish {
        kind,
        id: Uuid::nil(),
        change,
    };
    let deadline = service.deadline(service.settings.answer_timeout);
    Failure::of_outcome(
        service.change_resource(wish, deadline).await,
        "the resource",
    )
}

/// What the tax office has said of a receipt, oldest first.
pub(super) fn validations(
    _service: &Service,
    _register: Uuid,
    _receipt: &SignedReceipt,
) -> Result<Vec<JsonValue>, StoreError> {
    Ok(Vec::new())
}

const SWITCHES: [&str; 2] = [
    "monthly_receipt_validation_enabled",
    "yearly_receipt_validation_enabled",
];

pub(super) fn settings(service: &Service) -> JsonValue {
    let book = service.live_status.resources();
    let known = book.get(ResourceKind::Settings, Uuid::nil());
    let details = known.and_then(|known| JsonValue::parse(known.details.as_bytes()).ok());
    let members = SWITCHES.map(|name| {
        let value = details.as_ref().and_then(|details| details.get(name));
        (
            name.into(),
            value.cloned().unwrap_or(JsonValue::Bool(false)),
        )
    });
    let mut members: Vec<_> = members.into_iter().collect();
    members.push(("_env".into(), service.settings.mode.to_string().into()));
    JsonValue::Object(members)
}

pub(super) async fn patch_settings(
    service: &Arc<Service>,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let given = SWITCHES.map(|name| (name, fields.boolean(name)));
    if !faults.is_empty() {
        return Err(Failure::of_faults(&faults));
    }
    let old = settings(service);
    let members = given.map(|(name, value)| {
        let value = value.map(JsonValue::Bool);
        let value = value.or_else(|| old.get(name).cloned());
        (name.into(), value.unwrap_or(JsonValue::Bool(false)))
    });
    let details = JsonValue::Object(members.into_iter().collect());
    keep(service, ResourceKind::Settings, &details).await?;
    Ok(settings(service))
}

//! Signature creation units: the signature unit of the till, under the id that a caller gives it.

use std::sync::Arc;

use ferrotill_core::event::{ResourceKind, ResourceState};
use ferrotill_store::StoredResource;
use uuid::Uuid;

use super::metadata;
use super::problem::{Failure, UNIT};
use super::request::{Window, state_of};
use super::resource::{derived_id, envelope, time_of};
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::service::Service;
use crate::order::resource::{ResourceChange, ResourceWish};
use crate::order::storable;

/// The unit with an id.
pub(super) fn unit(service: &Service, id: Uuid) -> Result<StoredResource, Failure> {
    let book = service.live_status.resources();
    let found = book.get(ResourceKind::SignatureUnit, id).cloned();
    found.ok_or_else(|| Failure::not_found("the signature creation unit does not exist"))
}

pub(super) fn get(service: &Service, id: Uuid) -> Result<JsonValue, Failure> {
    match unit(service, id) {
        Ok(unit) => Ok(answer(service, &unit)),
        Err(failure) => match unit_without_caller(service) {
            Some(unit) if unit.id == id => Ok(answer(service, &unit)),
            _ => Err(failure),
        },
    }
}

/// The till's unit under the id that receipts name while no caller has created one. It is in no list, because a caller who looks there
/// whether he must create a unit must do so.
fn unit_without_caller(service: &Service) -> Option<StoredResource> {
    let serial = service.live_status.unit_serial()?;
    let book = service.live_status.resources();
    if book.of(ResourceKind::SignatureUnit).next().is_some() {
        return None;
    }
    // The till has used its unit since it has its first register.
    let register = book.of(ResourceKind::CashRegister).next()?;
    let since = *register.times.get(&ResourceState::Created)?;
    let states = [ResourceState::Created, ResourceState::Initialized];
    let owner = &service.settings.owner;
    let mut details = Vec::new();
    if let Some(number) = &owner.idnx {
        let kinds = ["vat_id", "gln", "tax_id"];
        let mut kinds = kinds.into_iter().filter(|kind| is_legal_id(kind, number));
        if let Some(kind) = kinds.next() {
            let entity = vec![(kind.into(), number.as_str().into())];
            details.push(("legal_entity_id".into(), JsonValue::Object(entity)));
        }
    }
    if let Some(name) = &owner.organization_name {
        details.push(("legal_entity_name".into(), name.as_str().into()));
    }
    Some(StoredResource {
        kind: ResourceKind::SignatureUnit,
        id: unit_of_receipt(service, &serial),
        state: ResourceState::Initialized,
        details: JsonValue::Object(details).to_string(),
        created_with: String::new(),
        times: states.map(|state| (state, since)).into_iter().collect(),
    })
}

pub(super) fn list(service: &Service, query: &str) -> Result<JsonValue, Failure> {
    let window = Window::of_query(query)?;
    let book = service.live_status.resources();
    let all = book.of(ResourceKind::SignatureUnit);
    let data: Vec<JsonValue> = all.map(|unit| answer(service, unit)).collect();
    Ok(window.list(service, "SIGNATURE_CREATION_UNIT_LIST", data))
}

pub(super) async fn put(
    service: &Arc<Service>,
    id: Uuid,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let details = details_of(body)?;
    let wish = ResourceWish {
        kind: ResourceKind::SignatureUnit,
        id,
        change: ResourceChange::Create(details),
    };
    change(service, wish).await
}

pub(super) async fn patch(
    service: &Arc<Service>,
    id: Uuid,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let known = unit(service, id)?;
    let (state, metadata) = (state_of(body)?, metadata::of_body(body)?);
    let details = match metadata {
        Some(metadata) => Some(metadata::details_with(&known.details, &metadata)?),
        None => None,
    };
    let allowed = matches!(
        state,
        None | Some(ResourceState::Initialized | ResourceState::Decommissioned)
    );
    if !allowed {
        return Err(Failure::invalid(
            "body.state should be equal to one of the allowed values: INITIALIZED, DECOMMISSIONED",
        ));
    }
    let change_wanted = match (state, details) {
        (Some(state), details) => ResourceChange::Become(state, details),
        (None, Some(details)) => ResourceChange::Replace(details),
        (None, None) => return get(service, id),
    };
    if state == Some(ResourceState::Initialized) && known.state != ResourceState::Initialized {
        super::tax_office::needs_user(service)?;
    }
    let wish = ResourceWish {
        kind: ResourceKind::SignatureUnit,
        id,
        change: change_wanted,
    };
    change(service, wish).await
}

async fn change(service: &Arc<Service>, wish: ResourceWish) -> Result<JsonValue, Failure> {
    let id = wish.id;
    let deadline = service.deadline(service.settings.answer_timeout);
    Failure::of_outcome(service.change_resource(wish, deadline).await, UNIT)?;
    get(service, id)
}

/// What is kept of a unit: the legal entity, its name, and the metadata.
fn details_of(body: &JsonValue) -> Result<String, Failure> {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let mut members = Vec::new();
    match fields.member("legal_entity_id") {
        None => fields.fault("legal_entity_id", "Missing", "is a required property"),
        Some(entity) => {
            let mut entity = Fields::of(entity, "legal_entity_id", fields.faults());
            let ids: Vec<(&str, String)> = ["vat_id", "tax_id", "gln"]
                .into_iter()
                .filter_map(|name| entity.text(name).map(|text| (name, text)))
                .collect();
            match ids.as_slice() {
                [(name, text)] => {
                    if !is_legal_id(name, text) {
                        entity.fault(
                            name,
                            "UnknownValue",
                            "should match the pattern of such a number",
                        );
                    }
                    members.push((
                        "legal_entity_id".into(),
                        JsonValue::Object(vec![((*name).into(), text.as_str().into())]),
                    ));
                }
                _ => entity.fault(
                    "vat_id",
                    "Missing",
                    "one of vat_id, tax_id and gln is needed",
                ),
            }
        }
    }
    if let Some(name) = fields.text("legal_entity_name") {
        members.push(("legal_entity_name".into(), name.into()));
    }
    if !faults.is_empty() {
        return Err(Failure::of_faults(&faults));
    }
    if let Some(metadata) = metadata::of_body(body)? {
        members.push(("metadata".into(), metadata));
    }
    Ok(storable(&JsonValue::Object(members).to_string(), None))
}

fn is_legal_id(name: &str, text: &str) -> bool {
    let digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    match name {
        "vat_id" => text.strip_prefix("ATU").is_some_and(|rest| digits(rest, 8)),
        "gln" => digits(text, 13),
        _ => !text.is_empty() && text.len() <= 20,
    }
}

/// A unit in the form of the API. While no unit of the till works, a unit in use is OUTAGE.
fn answer(service: &Service, unit: &StoredResource) -> JsonValue {
    let details = JsonValue::parse(unit.details.as_bytes()).unwrap_or(JsonValue::Null);
    let outage = service.live_status.outage_since_ms();
    let outage = outage.filter(|_| unit.state == ResourceState::Initialized);
    let state = match outage {
        Some(_) => ResourceState::Outage,
        None => unit.state,
    };
    let mut members = envelope(service, Some(unit.id), "SIGNATURE_CREATION_UNIT");
    members.push(("state".into(), state.name().into()));
    for name in ["legal_entity_id", "legal_entity_name"] {
        if let Some(value) = details.get(name) {
            members.push((name.into(), value.clone()));
        }
    }
    if let Some(serial) = service.live_status.unit_serial() {
        members.push(("certificate_serial_number".into(), serial.into()));
    }
    members.extend(time_of(unit, ResourceState::Created, "time_pending"));
    members.extend(time_of(unit, ResourceState::Created, "time_creation"));
    members.extend(time_of(
        unit,
        ResourceState::Initialized,
        "time_initialization",
    ));
    members.extend(time_of(
        unit,
        ResourceState::Decommissioned,
        "time_decommission",
    ));
    if let Some(since) = outage {
        members.push(("time_outage".into(), since.div_euclid(1_000).into()));
    }
    members.push(("metadata".into(), metadata::of_details(&unit.details)));
    JsonValue::Object(members)
}

/// The id of the unit that a receipt names: that of the caller's unit, or, without one, an id that follows from the serial.
pub(super) fn unit_of_receipt(service: &Service, serial: &str) -> Uuid {
    let book = service.live_status.resources();
    let unit = book.of(ResourceKind::SignatureUnit).next();
    unit.map_or_else(
        || derived_id("signature unit", serial.as_bytes()),
        |unit| unit.id,
    )
}

/// Refuses receipts of a till whose unit is out of use.
pub(super) fn refuse_decommissioned(service: &Service) -> Result<(), Failure> {
    let book = service.live_status.resources();
    let gone = book
        .of(ResourceKind::SignatureUnit)
        .any(|unit| unit.state == ResourceState::Decommissioned);
    if gone {
        let message = "the signature creation unit is DECOMMISSIONED";
        return Err(Failure::conflict("E_SCU_DEACTIVATED", message));
    }
    Ok(())
}

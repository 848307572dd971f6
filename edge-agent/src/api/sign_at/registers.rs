//! Cash registers: devices of the till, with or without a line of configuration.

use std::ops::ControlFlow;
use std::sync::Arc;

use ferrotill_core::event::{ResourceKind, ResourceState};
use ferrotill_core::profile::signed::Kind;
use ferrotill_store::{SignedPage, StoredResource};
use uuid::Uuid;

use super::metadata;
use super::problem::{Failure, REGISTER};
use super::request::{Window, state_of};
use super::resource::{envelope, receipt_id, time_of};
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::order::resource::{ResourceChange, ResourceWish};
use crate::order::storable;

/// The register with an id.
pub(super) fn register(service: &Service, id: Uuid) -> Result<StoredResource, Failure> {
    let book = service.live_status.resources();
    let found = book.get(ResourceKind::CashRegister, id).cloned();
    found.ok_or_else(|| Failure::not_found("the cash register does not exist"))
}

pub(super) async fn get(service: &Arc<Service>, id: Uuid) -> Result<JsonValue, Failure> {
    let known = register(service, id)?;
    answers(service, vec![known])
        .await?
        .pop()
        .ok_or_else(|| Failure::not_found("the cash register does not exist"))
}

pub(super) async fn list(service: &Arc<Service>, query: &str) -> Result<JsonValue, Failure> {
    let window = Window::of_query(query)?;
    let book = service.live_status.resources();
    let all: Vec<StoredResource> = book.of(ResourceKind::CashRegister).cloned().collect();
    let data = answers(service, all).await?;
    Ok(window.list(service, "CASH_REGISTER_LIST", data))
}

pub(super) async fn put(
    service: &Arc<Service>,
    id: Uuid,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let details = details_of(body)?;
    let book = service.live_status.resources();
    // A device of the configuration is there already, and its caller may give it a description.
    let configured = book
        .get(ResourceKind::CashRegister, id)
        .is_some_and(|known| known.is_configured() && known.details == known.created_with);
    let change_wanted = if configured {
        ResourceChange::Replace(details)
    } else {
        ResourceChange::Create(details)
    };
    change(service, id, change_wanted).await
}

pub(super) async fn patch(
    service: &Arc<Service>,
    id: Uuid,
    body: &JsonValue,
) -> Result<JsonValue, Failure> {
    let known = register(service, id)?;
    let (state, metadata) = (state_of(body)?, metadata::of_body(body)?);
    let mut details = None;
    if let Some(metadata) = metadata {
        details = Some(metadata::details_with(&known.details, &metadata)?);
    }
    if let Some(description) = description_of(body)? {
        let old = details.as_deref().unwrap_or(&known.details);
        details = Some(described(old, &description));
    }
    let change_wanted = match (state, details) {
        (Some(state), details) => ResourceChange::Become(state, details),
        (None, Some(details)) => ResourceChange::Replace(details),
        (None, None) => return get(service, id).await,
    };
    if state == Some(ResourceState::Registered) && known.state == ResourceState::Created {
        super::tax_office::needs_user(service)?;
    }
    change(service, id, change_wanted).await
}

async fn change(
    service: &Arc<Service>,
    id: Uuid,
    change: ResourceChange,
) -> Result<JsonValue, Failure> {
    let wish = ResourceWish {
        kind: ResourceKind::CashRegister,
        id,
        change,
    };
    let deadline = service.deadline(service.settings.answer_timeout);
    Failure::of_outcome(service.change_resource(wish, deadline).await, REGISTER)?;
    get(service, id).await
}

/// What is kept of a register: the description and the metadata.
fn details_of(body: &JsonValue) -> Result<String, Failure> {
    let mut members = Vec::new();
    if let Some(description) = description_of(body)? {
        members.push(("description".into(), description.into()));
    }
    if let Some(metadata) = metadata::of_body(body)? {
        members.push(("metadata".into(), metadata));
    }
    Ok(storable(&JsonValue::Object(members).to_string(), None))
}

fn description_of(body: &JsonValue) -> Result<Option<String>, Failure> {
    let mut faults = FaultList::default();
    let mut fields = Fields::of(body, "", &mut faults);
    let description = fields.text("description");
    if description
        .as_ref()
        .is_some_and(|text| text.chars().count() > DESCRIPTION_LETTERS_MAX)
    {
        let sentence = format!("should NOT be longer than {DESCRIPTION_LETTERS_MAX} characters");
        fields.fault("description", "TextTooLong", sentence);
    }
    match faults.is_empty() {
        true => Ok(description),
        false => Err(Failure::of_faults(&faults)),
    }
}

const DESCRIPTION_LETTERS_MAX: usize = 500;

/// The details of a register with another description.
fn described(details: &str, description: &str) -> String {
    let mut members = match JsonValue::parse(details.as_bytes()) {
        Ok(JsonValue::Object(members)) => members,
        _ => Vec::new(),
    };
    members.retain(|(name, _)| name != "description");
    members.push(("description".into(), description.into()));
    storable(&JsonValue::Object(members).to_string(), None)
}

/// What the journal has of a register beside its events.
struct Facts {
    serial: String,
    start: Option<Uuid>,
    closing: Option<Uuid>,
}

/// Registers in the form of the API.
async fn answers(
    service: &Arc<Service>,
    registers: Vec<StoredResource>,
) -> Result<Vec<JsonValue>, Failure> {
    let ids: Vec<(Uuid, ResourceState)> = registers.iter().map(|it| (it.id, it.state)).collect();
    let facts = service.read(Lane::Lists, move |reader| {
        let each = ids.into_iter().map(|(id, state)| {
            let identity = reader.device_identity(id)?;
            let newest = SignedPage {
                kinds: &[Kind::Schluss],
                descending: true,
                offset: 0,
                limit: 1,
            };
            let mut closing = None;
            if state == ResourceState::Decommissioned {
                reader.each_signed_on_page(id, newest, |receipt| {
                    closing = receipt_id(id, &receipt);
                    ControlFlow::Break(())
                })?;
            }
            let start = reader.signed_receipt(id, 1)?;
            Ok(Facts {
                serial: identity.map_or_else(String::new, |it| it.fiscal_number),
                start: start.and_then(|receipt| receipt_id(id, &receipt)),
                closing,
            })
        });
        each.collect::<Result<Vec<Facts>, ferrotill_store::StoreError>>()
    });
    let facts = facts.await?;
    let all = registers.iter().zip(facts);
    Ok(all
        .map(|(known, facts)| answer(service, known, &facts))
        .collect())
}

fn answer(service: &Service, known: &StoredResource, facts: &Facts) -> JsonValue {
    let details = JsonValue::parse(known.details.as_bytes()).unwrap_or(JsonValue::Null);
    let counter = service.live_status.turnover(known.id);
    let mut members = envelope(service, Some(known.id), "CASH_REGISTER");
    members.push(("state".into(), known.state.name().into()));
    members.push(("serial_number".into(), facts.serial.as_str().into()));
    members.push((
        "turnover_counter".into(),
        counter
            .map_or(0, |counter| counter.minor())
            .to_string()
            .into(),
    ));
    members.push((
        "description".into(),
        details
            .get("description")
            .cloned()
            .unwrap_or_else(|| "".into()),
    ));
    members.extend(time_of(known, ResourceState::Created, "time_creation"));
    members.extend(time_of(
        known,
        ResourceState::Registered,
        "time_registration",
    ));
    members.extend(time_of(
        known,
        ResourceState::Initialized,
        "time_initialization",
    ));
    if let Some(start) = facts.start {
        members.push(("initialization_receipt_id".into(), start.into()));
    }
    members.extend(time_of(known, ResourceState::Outage, "time_outage"));
    members.extend(time_of(known, ResourceState::Defective, "time_defect"));
    members.extend(time_of(
        known,
        ResourceState::Decommissioned,
        "time_decommission",
    ));
    if let Some(closing) = facts.closing {
        members.push(("decommission_receipt_id".into(), closing.into()));
    }
    members.push(("metadata".into(), metadata::of_details(&known.details)));
    JsonValue::Object(members)
}

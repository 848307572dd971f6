//! What the API has to do with the tax office: its user, the checks of receipts, and the settings of the checks.

use std::sync::Arc;

use axum::http::StatusCode;
use ferrotill_core::event::{RegistrationStep, ResourceKind};
use ferrotill_core::profile::signed::{Code, PAYLOAD_BYTES_MAX};
use ferrotill_store::{SignedReceipt, StoreError, StoredAnswer, StoredResource};
use uuid::Uuid;

use super::problem::Failure;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::lanes::Lane;
use crate::api::service::Service;
use crate::api::tax_office::TaxOfficeFault;
use crate::authority::finanz_online::answer::Answered;
use crate::config::{FinanzOnlineUser, Secret};
use crate::object;
use crate::order::resource::{MONTHLY_SWITCH, ResourceChange, ResourceWish};
use crate::order::storable;

/// The user at the tax office, if a caller has given one.
fn user(service: &Service) -> Option<StoredResource> {
    let book = service.live_status.resources();
    book.get(ResourceKind::TaxOfficeUser, Uuid::nil()).cloned()
}

/// Refuses a step that needs the tax office before its user is known.
pub(super) fn needs_user(service: &Service) -> Result<(), Failure> {
    if let Some(answered) = service.tax_office_refusal() {
        return Err(refused(&answered));
    }
    match user(service).is_some() || service.tax_office_user().is_some() {
        true => Ok(()),
        false => Err(Failure::conflict(
            "E_FON_AUTHENTICATION",
            "the user of FinanzOnline is not known; send PUT /fon/auth first",
        )),
    }
}

/// FinanzOnline refuses the user.
fn refused(answered: &Answered) -> Failure {
    let Answered { code, message } = answered;
    Failure::conflict(
        "E_FON_AUTHENTICATION",
        format!(
            "FinanzOnline refuses the user: code {code}, {message}; correct fon_participant_id, fon_user_id or fon_user_pin. The same values \
             are not sent to FinanzOnline again, because it locks a user after several wrong PINs"
        ),
    )
}

/// The user that is used: from the configuration, or as a caller has given it.
pub(super) async fn get_user(service: &Arc<Service>) -> Result<JsonValue, Failure> {
    let given = user(service).and_then(|user| JsonValue::parse(user.details.as_bytes()).ok());
    let text = |name: &str| match given.as_ref().and_then(|given| given.get(name)) {
        Some(JsonValue::Text(text)) => Some(text.clone()),
        _ => None,
    };
    let of_caller = text("fon_participant_id").zip(text("fon_user_id"));
    let used = service.tax_office_user().or_else(|| of_caller.clone());
    let Some((participant, name)) = used.clone() else {
        return Err(Failure::not_found("the user of FinanzOnline is not known"));
    };
    let authenticated = match used == of_caller {
        true => given
            .and_then(|given| given.get("time_authentication").cloned())
            .unwrap_or(JsonValue::Null),
        // The till logs in by itself: what FinanzOnline has accepted shows that it has accepted the user.
        false => {
            let read = service.read(Lane::Lists, |reader| reader.last_registration_accepted());
            read.await?
                .map_or(JsonValue::Null, |at_ms| at_ms.div_euclid(1_000).into())
        }
    };
    let is_accepted = service.tax_office_refusal().is_none() && authenticated != JsonValue::Null;
    let status = if is_accepted {
        "AUTHENTICATED"
    } else {
        "UNAUTHENTICATED"
    };
    let mut members = vec![
        ("fon_participant_id".into(), participant.into()),
        ("fon_user_id".into(), name.into()),
        ("authentication_status".into(), status.into()),
    ];
    if authenticated != JsonValue::Null {
        members.push(("time_authentication".into(), authenticated));
    }
    Ok(JsonValue::Object(members))
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
    let user = FinanzOnlineUser {
        participant_id: participant.clone(),
        user_id: user_id.clone(),
        pin: Secret::new(pin),
    };
    log_in(service, user).await?;
    let details = object! {
        "fon_participant_id" => participant,
        "fon_user_id" => user_id,
        "time_authentication" => service.guard.now().utc_ms.div_euclid(1_000),
    };
    keep(service, ResourceKind::TaxOfficeUser, &details).await?;
    get_user(service).await
}

/// Tries a user at FinanzOnline. Nothing is created if FinanzOnline does not answer in time, or refuses the user.
async fn log_in(service: &Arc<Service>, user: FinanzOnlineUser) -> Result<(), Failure> {
    let faults = FinanzOnlineUser::faults(&user.participant_id, &user.user_id, user.pin.as_text());
    if service.asks_tax_office() && !faults.is_empty() {
        let faults = faults.iter();
        let lines = faults.map(|(name, needed)| format!("body.fon_{} {needed}", body_name(name)));
        return Err(Failure::invalid(lines.collect::<Vec<_>>().join("\n")));
    }
    let outcome = service.log_in_at_tax_office(user).await;
    outcome.map_err(|fault| match fault {
        TaxOfficeFault::NoAnswer => no_answer(),
        TaxOfficeFault::Refused(answered) => refused(&answered),
        TaxOfficeFault::NotConfigured => Failure::conflict(
            "E_FON_AUTHENTICATION",
            "the configuration of the till has no [finanzonline], so that FinanzOnline cannot be asked",
        ),
        TaxOfficeFault::Busy(why) => Failure::busy(why),
        TaxOfficeFault::NotStored(why) => Failure::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "E_INTERNAL",
            format!("the user of FinanzOnline cannot be stored: {why}"),
        ),
    })
}

/// The name of a value of the user in a body, without its beginning.
fn body_name(name: &str) -> &str {
    if name == "pin" { "user_pin" } else { name }
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
    service: &Service,
    receipt: &SignedReceipt,
) -> Result<Vec<JsonValue>, StoreError> {
    let Some(subject) = subject_of(receipt) else {
        return Ok(Vec::new());
    };
    let step = RegistrationStep::Receipt;
    let answers = service.reader.registration_answers(step, &subject)?;
    Ok(answers.iter().map(validation).collect())
}

fn validation(answer: &StoredAnswer) -> JsonValue {
    object! {
        "validation_result" => if answer.done { "SUCCESS" } else { "ERROR_UNSPECIFIED" },
        "time_validation" => answer.at_ms.div_euclid(1_000),
    }
}

/// What the check of a receipt is about: its cash box and its number.
fn subject_of(receipt: &SignedReceipt) -> Option<String> {
    let mut room = [0; PAYLOAD_BYTES_MAX];
    let code = Code::parse_compact(&receipt.compact, &mut room).ok()?;
    let payload = &code.payload;
    Some(format!(
        "{}_{}",
        payload.cash_box.as_str(),
        payload.receipt.as_str()
    ))
}

/// Has FinanzOnline check a receipt, and waits for its answer.
pub(super) async fn validate(
    service: &Arc<Service>,
    receipt: SignedReceipt,
) -> Result<JsonValue, Failure> {
    let subject = subject_of(&receipt).filter(|_| service.asks_tax_office());
    let Some(subject) = subject else {
        return Err(no_answer());
    };
    needs_user(service)?;
    let about = (subject.as_str(), receipt.signed_seq);
    let answer = service.check_receipt(about).await?;
    answer
        .map(|answer| validation(&answer))
        .ok_or_else(no_answer)
}

const SWITCHES: [&str; 2] = [MONTHLY_SWITCH, "yearly_receipt_validation_enabled"];

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

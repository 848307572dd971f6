//! Receipts: signs them, reads them, lists them.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use ferrotill_core::event::ResourceState;
use ferrotill_core::refusal::Refusal;
use ferrotill_store::{Reader, SignedPage, SignedReceipt, StoreError};
use uuid::Uuid;

use super::answer::{self, ECHO, ReceiptParts, kinds_of};
use super::metadata;
use super::problem::Failure;
use super::registers::register;
use super::request::{Window, list as list_of, pairs};
use super::resource::{number_of_id, receipt_id};
use super::schema::{self, WantedReceipt};
use super::units::refuse_decommissioned;
use super::{ok, tax_office};
use crate::api::json::{FaultList, JsonValue};
use crate::api::lanes::Lane;
use crate::api::outcome::{Outcome, Told};
use crate::api::response::with_operation;
use crate::api::service::Service;
use crate::config::register::register_point_of_sale;
use crate::object;
use crate::order::{OrderForm, OrderKind, Said, TerminalUse};

/// Signs a receipt. The same id with the same content gives the first receipt again.
pub(super) async fn sign(
    service: &Arc<Service>,
    (register_id, id): (Uuid, Uuid),
    user: String,
    body: &Bytes,
) -> Result<Response, Failure> {
    let known = register(service, register_id)?;
    let deadline = service.deadline(service.settings.answer_timeout);
    let body = body.clone();
    let reading = service.work(Lane::Sales, move |_, thread| {
        let body =
            JsonValue::of_body(&body, thread).map_err(|fault| Failure::of_faults(&fault.into()))?;
        read(&body)
    });
    let read = service.within(deadline, reading).await;
    let read = read.unwrap_or_else(|| Err(Failure::busy("the till has too many calls")));
    let (wanted, metadata) = match read {
        Ok(read) => read,
        Err(failure) => return Ok(refused(service, id, &failure).await),
    };
    let form = form(service, (register_id, id), (wanted, metadata), user);
    let refusal = match known.state {
        ResourceState::Initialized => refuse_decommissioned(service).err(),
        state => Some(Failure::of_register_state(state)),
    };
    let outcome = match refusal {
        None => service.submit(register_id, form, deadline).await,
        // What was signed before is answered again, whatever the state of the register is now.
        Some(failure) => match service.repeated(register_id, &form).await {
            Some(outcome) => outcome,
            None => return Ok(refused(service, id, &failure).await),
        },
    };
    Ok(respond(service, register_id, outcome).await)
}

/// The answer to a call that has changed nothing. Its id may belong to an earlier receipt.
async fn refused(service: &Arc<Service>, id: Uuid, failure: &Failure) -> Response {
    let state = service.state_of(id).await;
    with_operation(failure.response(), Some(id), state)
}

fn read(body: &JsonValue) -> Result<(WantedReceipt, Option<JsonValue>), Failure> {
    let mut faults = FaultList::default();
    let wanted = schema::receipt(body, &mut faults);
    match wanted {
        Some(wanted) => Ok((wanted, metadata::of_body(body)?)),
        None => Err(Failure::of_faults(&faults)),
    }
}

fn form(
    service: &Service,
    (register, id): (Uuid, Uuid),
    (wanted, metadata): (WantedReceipt, Option<JsonValue>),
    user: String,
) -> OrderForm {
    let WantedReceipt {
        amounts,
        schema,
        said,
    } = wanted;
    let device = service.settings.devices.iter().find(|it| it.id == register);
    let point = device.and_then(|device| device.points_of_sale.first());
    let kept = object! {
        "schema" => schema,
        "metadata" => metadata.unwrap_or_else(|| JsonValue::Object(Vec::new())),
    };
    OrderForm {
        id,
        point_of_sale: point.map_or_else(|| register_point_of_sale(register), |point| point.id),
        kind: OrderKind::Amounts(amounts),
        echo: JsonValue::Object(vec![(ECHO.into(), kept)]).to_string(),
        found: object! { "user" => user }.to_string(),
        // The caller prints its receipts itself.
        on_paper: false,
        terminals: TerminalUse::default(),
        contact: None,
        said: Said {
            more: vec![("schema".to_owned(), said)],
            ..Said::default()
        },
    }
}

async fn respond(service: &Arc<Service>, register: Uuid, outcome: Outcome) -> Response {
    let id = outcome.id;
    let failure = match &outcome.told {
        Told::Document { .. } => match get(service, register, &id.to_string()).await {
            Ok(receipt) => return outcome.with_headers(ok(&receipt)),
            // The id belongs to a document of another register or kind.
            Err(failure) if failure.status == StatusCode::NOT_FOUND => Failure::conflict(
                "E_RESOURCE_ALREADY_EXISTS",
                "the id belongs to another document",
            ),
            Err(failure) => failure,
        },
        Told::Refused { refusal, .. } => of_refusal(refusal),
        Told::NotAsked { problem, .. } => Failure::invalid(problem.message.clone()),
        Told::NotRegistered(problem) => Failure::conflict("E_CONFLICT", problem.message.clone()),
        Told::Unknown(problem) | Told::Busy(problem) => Failure::busy(problem.message.clone()),
    };
    outcome.with_headers(failure.response())
}

fn of_refusal(refusal: &Refusal) -> Failure {
    let says = format!("{refusal}; {}", refusal.hint());
    match refusal {
        Refusal::RequestIdClash => Failure::conflict(
            "E_RESOURCE_ALREADY_EXISTS",
            "the receipt exists with other content",
        ),
        Refusal::RegisterNotStarted => Failure::conflict("E_CASH_REGISTER_NOT_INITIALIZED", says),
        Refusal::RegisterOutOfUse => Failure::conflict("E_CASH_REGISTER_DEACTIVATED", says),
        Refusal::AmountTooLarge { .. } => Failure::invalid(format!("body.schema: {says}")),
        Refusal::DeviceUnsettled => Failure::busy(says),
        _ => Failure::conflict("E_CONFLICT", says),
    }
}

/// A receipt by its id or its number.
pub(super) async fn get(
    service: &Arc<Service>,
    register_id: Uuid,
    receipt: &str,
) -> Result<JsonValue, Failure> {
    register(service, register_id)?;
    let found = found(service, register_id, receipt).await?;
    let work = service.work(Lane::Lists, move |service, _| {
        let parts = parts(service, register_id, found)?;
        Ok::<_, StoreError>(answer::receipt(service, &parts))
    });
    let deadline = service.deadline(service.settings.answer_timeout);
    let answer = service.within(deadline, work).await;
    let answer = answer.ok_or_else(|| Failure::busy("the till has too many calls"))??;
    answer.ok_or_else(|| Failure::not_found("the receipt does not exist"))
}

/// Finds a receipt by its id or its number, in a lane.
async fn found(
    service: &Arc<Service>,
    register_id: Uuid,
    receipt: &str,
) -> Result<SignedReceipt, Failure> {
    let named = receipt.to_owned();
    let work = service.work(Lane::Lists, move |service, _| {
        find(&service.reader, register_id, &named)
    });
    let deadline = service.deadline(service.settings.answer_timeout);
    let found = service.within(deadline, work).await;
    let found = found.ok_or_else(|| Failure::busy("the till has too many calls"))??;
    found.ok_or_else(|| Failure::not_found("the receipt does not exist"))
}

/// Has the tax office check a receipt.
pub(super) async fn validate(
    service: &Arc<Service>,
    register_id: Uuid,
    receipt: &str,
) -> Result<JsonValue, Failure> {
    register(service, register_id)?;
    let found = found(service, register_id, receipt).await?;
    tax_office::validate(service, found).await
}

/// The id and the metadata of a receipt.
pub(super) async fn metadata_of(
    service: &Arc<Service>,
    register: Uuid,
    receipt: &str,
) -> Result<(Uuid, JsonValue), Failure> {
    let found = get(service, register, receipt).await?;
    let id = match found.get("_id") {
        Some(JsonValue::Text(text)) => Uuid::try_parse(text).ok(),
        _ => None,
    };
    let metadata = found.get("metadata").cloned();
    id.zip(metadata)
        .ok_or_else(|| Failure::not_found("the receipt does not exist"))
}

/// Finds a receipt by its id or its number.
fn find(reader: &Reader, register: Uuid, named: &str) -> Result<Option<SignedReceipt>, StoreError> {
    if let Some(number) = number_of(named) {
        return reader.signed_receipt(register, number);
    }
    let Ok(id) = Uuid::try_parse(named) else {
        return Ok(None);
    };
    match number_of_id(register, id) {
        Some(number) => {
            let found = reader.signed_receipt(register, number)?;
            Ok(found.filter(|receipt| receipt.document.is_none()))
        }
        None => reader.signed_document(register, id),
    }
}

/// The number of a receipt, as a caller writes it in place of an id.
fn number_of(named: &str) -> Option<u64> {
    let is_number = named.len() < 20 && named.bytes().all(|byte| byte.is_ascii_digit());
    named.parse().ok().filter(|_| is_number)
}

fn parts(
    service: &Service,
    register: Uuid,
    receipt: SignedReceipt,
) -> Result<ReceiptParts, StoreError> {
    let id = receipt_id(register, &receipt).unwrap_or_default();
    Ok(ReceiptParts {
        register,
        note: service.reader.note_of(register, id)?,
        validations: tax_office::validations(service, &receipt)?,
        receipt,
    })
}

/// A page of the receipts of a register.
pub(super) async fn list(
    service: &Arc<Service>,
    register_id: Uuid,
    query: &str,
) -> Result<Response, Failure> {
    register(service, register_id)?;
    let window = Window::of_query(query)?;
    let pairs = pairs(query);
    let value = |name: &str| pairs.iter().find(|(known, _)| known == name);
    let descending = match value("order").map(|(_, value)| value.as_str()) {
        None | Some("ASC") => false,
        Some("DESC") => true,
        Some(_) => {
            return Err(Failure::invalid(
                "query.order should be equal to one of the allowed values: ASC, DESC",
            ));
        }
    };
    if value("order_by")
        .is_some_and(|(_, by)| !["receipt_number", "time_signature"].contains(&by.as_str()))
    {
        return Err(Failure::invalid(
            "query.order_by should be equal to one of the allowed values: receipt_number, time_signature",
        ));
    }
    let mut kinds = Vec::new();
    for (_, names) in pairs
        .iter()
        .filter(|(name, _)| ["receipt_types", "receipt_types[]"].contains(&name.as_str()))
    {
        for name in names.split(',') {
            let of_name = kinds_of(name);
            if of_name.is_empty() {
                return Err(Failure::invalid(format!(
                    "query.receipt_types should not be {name:?}"
                )));
            }
            kinds.extend(of_name);
        }
    }
    let work = service.work(Lane::Lists, move |service, _| {
        let page = SignedPage {
            kinds: &kinds,
            descending,
            offset: window.offset,
            limit: window.limit,
        };
        page_of(service, register_id, page)
    });
    Ok(ok(&work.await?))
}

fn page_of(
    service: &Service,
    register: Uuid,
    page: SignedPage<'_>,
) -> Result<JsonValue, StoreError> {
    let (mut data, mut failed) = (Vec::new(), None);
    let count = service
        .reader
        .each_signed_on_page(register, page, |receipt| {
            match parts(service, register, receipt) {
                Ok(parts) => {
                    data.extend(answer::receipt(service, &parts));
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failed = Some(error);
                    ControlFlow::Break(())
                }
            }
        })?;
    match failed {
        Some(error) => Err(error),
        None => Ok(list_of(service, "RECEIPT_LIST", data, count)),
    }
}

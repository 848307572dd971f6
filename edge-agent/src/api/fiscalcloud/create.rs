//! Creating operations: reads the body, gives the order to the clerk, and answers with the outcome.

use std::sync::Arc;

use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use ferrotill_core::profile::Profile;
use ferrotill_core::refusal::Refusal;
use uuid::Uuid;

use super::answer::{self, Form};
use super::context::{PointOfSaleChoice, RequestContext, point_of_sale};
use super::documents;
use super::problem::{failure, faulty, refused, success, unprocessable, unreadable};
use super::request::{self, GivenId, Parsed};
use super::route::{Creation, Operation, SaleRoute, route};
use crate::api::auth::SignatureInfo;
use crate::api::json::{FaultList, JsonValue, without_byte_order_mark};
use crate::api::outcome::{Outcome, Told};
use crate::api::problem::Problem;
use crate::api::response::with_operation;
use crate::api::service::{Service, SignedOrder};
use crate::clerk::FiscalState;
use crate::config::{Config, Device};
use ferrotill_store::StoreError;

/// Carries out a creating operation.
pub(super) async fn create(
    service: &Arc<Service>,
    (device, signature): (&Device, SignatureInfo),
    creation: Creation,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let mut faults = FaultList::default();
    let context = RequestContext {
        device,
        mode: service.settings.mode,
        profile: service.profile,
        point_of_sale: point_of_sale(device, headers, &mut faults),
        own_id: signature.request_id(),
    };
    let body = match (creation, without_byte_order_mark(body).is_empty()) {
        (Creation::Report(Some(_)), true) => None,
        _ => match JsonValue::of_body(body) {
            Ok(body) => Some(body),
            // The id in this body may be the id of an existing document.
            Err(fault) => {
                return with_operation(faulty(&fault.into()), None, FiscalState::Unknown);
            }
        },
    };
    let Parsed {
        form,
        given_id,
        faults: read_faults,
    } = read(creation, body.as_ref(), context);
    faults.append(read_faults);
    let id = form.id;
    if given_id == GivenId::Unreadable {
        return with_operation(faulty(&faults), None, FiscalState::Unknown);
    }
    if faults.is_empty() {
        let call = SignedOrder {
            signature,
            has_id: given_id != GivenId::None,
        };
        let outcome = service.submit_signed(device, form, call).await;
        return respond(service, device, creation, outcome).await;
    }
    // The configuration may have changed since the document was made. That does not make a repeated request another one.
    if given_id != GivenId::None
        && !faults.is_cut()
        && faults
            .iter()
            .all(|fault| OF_THE_CONFIGURATION.contains(&fault.code))
        && let Some(outcome) = service.repeated(device, &form).await
    {
        return respond(service, device, creation, outcome).await;
    }
    with_operation(faulty(&faults), Some(id), service.state_of(id).await)
}

/// The faults of a request that was right under another configuration.
const OF_THE_CONFIGURATION: [&str; 4] = [
    "NoBankTerminal",
    "NumberNotInRange",
    "PointOfSaleMissing",
    "UnknownPointOfSale",
];

/// Reads the body of a creating operation.
pub(super) fn read(
    creation: Creation,
    body: Option<&JsonValue>,
    context: RequestContext<'_>,
) -> Parsed {
    let empty = JsonValue::Object(Vec::new());
    let some = body.unwrap_or(&empty);
    match creation {
        Creation::Sale(route) => request::sale(some, route, context),
        Creation::Refund { .. } => request::refund(some, context),
        Creation::Cash => request::cash(some, context),
        Creation::Report(z) => request::report(some, z, context),
    }
}

/// The faults of a body that is posted to a path, checked for the first device. The order is not carried out.
///
/// Returns `None` if the path makes no document, or if the body is not JSON.
#[must_use]
pub fn faults_of(
    config: &Config,
    profile: &'static dyn Profile,
    path: &str,
    body: &[u8],
) -> Option<FaultList> {
    let Some(Operation::Create(creation)) = route(&Method::POST, path) else {
        return None;
    };
    let context = RequestContext {
        device: config.devices.first()?,
        mode: config.till.mode,
        profile,
        point_of_sale: PointOfSaleChoice::default(),
        own_id: Uuid::nil(),
    };
    let body = JsonValue::of_body(body).ok()?;
    Some(read(creation, Some(&body), context).faults)
}

/// Converts an outcome to an answer of the FiscalCloud API.
async fn respond(
    service: &Arc<Service>,
    device: &Device,
    creation: Creation,
    outcome: Outcome,
) -> Response {
    let id = outcome.id;
    let response = match &outcome.told {
        Told::Document { .. } => match document(service, device, creation, id).await {
            Ok(Some(data)) => success(data),
            Ok(None) => unprocessable(&Problem::new(
                "RequestIdClash",
                "id: belongs to a document of another kind; use a new id for a new request",
            )),
            Err(error) => unreadable(error),
        },
        Told::Refused {
            refusal, faults, ..
        } => {
            let mut problem = refused(refusal, faults, creation.number_path());
            if *refusal == Refusal::DeviceUnsettled {
                problem.message =
                    format!("{}; repeat the request with the id {id}", problem.message);
            }
            unprocessable(&problem)
        }
        Told::SignatureUsed { problem, .. }
        | Told::NotRegistered(problem)
        | Told::Unknown(problem) => unprocessable(problem),
        Told::Busy(problem) => failure(StatusCode::SERVICE_UNAVAILABLE, problem),
    };
    outcome.with_headers(response)
}

/// The document in the form in which the operation answers; `None` if the operation does not make documents of this kind.
async fn document(
    service: &Arc<Service>,
    device: &Device,
    creation: Creation,
    id: Uuid,
) -> Result<Option<JsonValue>, StoreError> {
    let Some((stored, z_report)) = service.find(device.id, id).await? else {
        return Ok(None);
    };
    let context = documents::answer_context(service, device, z_report);
    Ok(match creation {
        Creation::Sale(SaleRoute::Sale) => answer::sale(&stored, context),
        Creation::Refund { as_receipt: true } => answer::document(&stored, Form::Receipt, context),
        _ => answer::document(&stored, Form::Own, context),
    })
}

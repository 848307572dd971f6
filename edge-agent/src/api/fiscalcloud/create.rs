//! Creating operations: reads the body, gives the order to the clerk, and answers with the outcome.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use ferrotill_core::profile::Profile;
use uuid::Uuid;

use super::answer::{self, AnswerContext, Form};
use super::context::{PointOfSaleChoice, RequestContext, point_of_sale};
use super::documents;
use super::print_form::{PaperWish, PrintForm};
use super::problem::{failure, faulty, refused, success};
use super::request::{self, BodyHead, CLASS_CODE_MISSING, GivenId, Parsed, complete_goods};
use super::route::{Creation, Operation, SaleRoute, route};
use crate::api::auth::SignatureInfo;
use crate::api::json::{FaultList, JsonValue, RequestFault, without_byte_order_mark};
use crate::api::lanes::{Lane, WorkThread};
use crate::api::outcome::{Outcome, Told};
use crate::api::problem::Problem;
use crate::api::response::{with_operation, with_retry_after};
use crate::api::service::{Service, SignedOrder};
use crate::clerk::FiscalState;
use crate::config::{Config, Device};
use crate::order::OrderForm;

/// Carries out a creating operation.
pub(super) async fn create(
    service: &Arc<Service>,
    (device, signature, user): (&Device, SignatureInfo, &str),
    creation: Creation,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let deadline = service.deadline(device.answer_timeout);
    let mut faults = FaultList::default();
    let request = UnreadRequest {
        device: device.clone(),
        point_of_sale: point_of_sale(device, headers, &mut faults),
        own_id: signature.request_id(),
        user: user.to_owned(),
        creation,
        body: body.clone(),
    };
    let reading = service.work(Lane::Sales, move |service, thread| {
        request.read(service, thread)
    });
    // The id in a body that was not read may be the id of an existing document.
    let unread = |response| with_operation(response, None, FiscalState::Unknown);
    let Parsed {
        mut form,
        head,
        faults: read_faults,
        ..
    } = match service.within(deadline, reading).await {
        Some(Ok(parsed)) => parsed,
        Some(Err(fault)) => return unread(faulty(&fault.into())),
        None => return unread(overloaded()),
    };
    faults.append(read_faults);
    let given_id = head.given_id;
    if given_id == GivenId::Unreadable {
        return unread(faulty(&faults));
    }
    let outcome = if !faults.is_empty() {
        faulty_outcome(service, device, &form, (given_id, &faults)).await
    } else if let Err(told) = service.name_payment_of(device.id, &mut form).await {
        Outcome::new(form.id, told)
    } else {
        let call = SignedOrder {
            signature,
            has_id: given_id != GivenId::None,
        };
        service.submit_signed(device, form, call, deadline).await
    };
    let call = ReadCall {
        device,
        creation,
        head,
        deadline,
    };
    call.respond(service, outcome).await
}

/// The outcome of a request whose body has faults.
async fn faulty_outcome(
    service: &Arc<Service>,
    device: &Device,
    form: &OrderForm,
    (given_id, faults): (GivenId, &FaultList),
) -> Outcome {
    // The configuration may have changed since the document was made. That does not make a repeated request another one.
    if given_id != GivenId::None
        && !faults.is_cut()
        && faults
            .iter()
            .all(|fault| OF_THE_CONFIGURATION.contains(&fault.code))
        && let Some(outcome) = service.repeated(device.id, form).await
    {
        return outcome;
    }
    let id = form.id;
    let state = service.state_of(id).await;
    let problem = Problem::from(faults);
    Outcome::new(id, Told::NotAsked { problem, state })
}

/// A request whose body was not read yet.
struct UnreadRequest {
    device: Device,
    point_of_sale: PointOfSaleChoice,
    own_id: Uuid,
    user: String,
    creation: Creation,
    body: Bytes,
}

impl UnreadRequest {
    /// Reads the body. A body that is no JSON has one fault.
    fn read(&self, service: &Service, thread: &WorkThread) -> Result<Parsed, RequestFault> {
        let is_empty = without_byte_order_mark(&self.body).is_empty();
        let body = match self.creation {
            Creation::Report(Some(_)) if is_empty => None,
            // A generated client writes a body that was left out as null.
            Creation::Report(Some(_)) => Some(JsonValue::of_body(&self.body, thread)?)
                .filter(|body| *body != JsonValue::Null),
            _ => Some(JsonValue::of_body(&self.body, thread)?),
        };
        let context = RequestContext {
            device: &self.device,
            bank_terminals: &service.settings.bank_terminals,
            goods: &service.settings.goods,
            mode: service.settings.mode,
            profile: service.profile,
            point_of_sale: self.point_of_sale,
            own_id: self.own_id,
            user: &self.user,
        };
        let mut parsed = read(self.creation, body.as_ref(), context);
        if context.module_goods().is_some() {
            complete_goods(&mut parsed, |sale| {
                service.reader.find(Some(self.device.id), sale)
            });
        }
        Ok(parsed)
    }
}

/// The faults of a request that was right under another configuration.
const OF_THE_CONFIGURATION: [&str; 7] = [
    CLASS_CODE_MISSING,
    "NoBankTerminal",
    "BankTerminalMissing",
    "BankTerminalForCash",
    "UnknownBankTerminal",
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
        // Only `operations/return` gives money back on the bank terminal.
        Creation::Refund { as_receipt } => request::refund(some, as_receipt, context),
        Creation::Cash => request::cash(some, context),
        Creation::Report(z) => request::report(some, z, context),
        Creation::Nonfiscal => request::nonfiscal(some, context),
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
    let Ok(Operation::Create(creation)) = route(&Method::POST, path) else {
        return None;
    };
    let context = RequestContext {
        device: config.devices.first()?,
        bank_terminals: &config.bank_terminals,
        goods: &config.goods,
        mode: config.till.mode,
        profile,
        point_of_sale: PointOfSaleChoice::default(),
        own_id: Uuid::nil(),
        user: "",
    };
    let body = JsonValue::of_body(body, &WorkThread::without_connections()).ok()?;
    Some(read(creation, Some(&body), context).faults)
}

/// A call whose body was read, and which is answered with an outcome.
struct ReadCall<'c> {
    device: &'c Device,
    creation: Creation,
    head: BodyHead,
    deadline: Instant,
}

impl ReadCall<'_> {
    /// Converts an outcome to an answer of the FiscalCloud API. A refusal names the request id if the agent has given it.
    async fn respond(&self, service: &Arc<Service>, outcome: Outcome) -> Response {
        let id = outcome.id;
        let (status, problem) = match &outcome.told {
            Told::Document { .. } => match self.document(service, id).await {
                Ok(data) => return outcome.with_headers(success(data)),
                Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, problem),
            },
            Told::Refused {
                refusal, faults, ..
            } => {
                let place = (self.creation.number_path(), self.device);
                let problem = refused((refusal, faults), id, place);
                (StatusCode::UNPROCESSABLE_ENTITY, problem)
            }
            Told::NotAsked { problem, .. }
            | Told::NotRegistered(problem)
            | Told::Unknown(problem) => (StatusCode::UNPROCESSABLE_ENTITY, problem.clone()),
            Told::Busy(problem) => (StatusCode::SERVICE_UNAVAILABLE, problem.clone()),
        };
        let problem = match self.head.given_id {
            GivenId::None => problem.naming(id),
            GivenId::Read(_) | GivenId::Unreadable => problem,
        };
        let response = failure(status, &problem);
        outcome.with_headers(if problem.code == DOCUMENT_NOT_READ {
            with_retry_after(response)
        } else {
            response
        })
    }

    /// The document in the form of the operation. Reads the store, so it is done on a thread for long work.
    async fn document(&self, service: &Arc<Service>, id: Uuid) -> Result<JsonValue, Problem> {
        let (device, creation, paper) = (self.device.clone(), self.creation, self.head.paper);
        let document = service.work(Lane::Sales, move |service, _| {
            document_of(service, &device, (creation, paper), id)
        });
        let document = service.within(self.deadline, document).await;
        document.unwrap_or_else(|| Err(not_read_in_time(id)))
    }
}

fn document_of(
    service: &Service,
    device: &Device,
    (creation, paper): (Creation, PaperWish),
    id: Uuid,
) -> Result<JsonValue, Problem> {
    let found = documents::find(service, device, id)?;
    let data = found.and_then(|(stored, context)| {
        let form = PrintForm::of(&stored, (paper, false), service, device);
        let context = AnswerContext {
            print_form: form.as_ref(),
            ..context
        };
        match creation {
            Creation::Sale(SaleRoute::Sale) => answer::sale(&stored, context),
            Creation::Refund { as_receipt: true } => {
                answer::document(&stored, Form::Receipt, context)
            }
            _ => answer::document(&stored, Form::Own, context),
        }
    });
    data.ok_or_else(another_kind)
}

fn another_kind() -> Problem {
    Problem::new(
        "RequestIdClash",
        "id: belongs to a document of another kind; use a new id for a new request",
    )
}

/// The problem if the document is registered, and reading it takes longer than the caller waits.
fn not_read_in_time(id: Uuid) -> Problem {
    let message = format!(
        "document: is registered, and could not be read in time; to get it, repeat the request with the id {id}"
    );
    Problem::new(DOCUMENT_NOT_READ, message)
}

const DOCUMENT_NOT_READ: &str = "DocumentNotRead";

/// The answer if nothing could be read in the time that the caller waits, because other calls have all places.
pub(super) fn overloaded() -> Response {
    let message = "agent: has too many calls; send the request with the same id again";
    let problem = Problem::new("Overloaded", message);
    with_retry_after(failure(StatusCode::SERVICE_UNAVAILABLE, &problem))
}

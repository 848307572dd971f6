//! The FiscalCloud-compatible API under `/api/v1`, HMAC-signed (spec/fiscalcloud.md).
//!
//! Names are read in any case and written in camelCase. Every answer has the envelope
//! `{success, message, fullExceptionMessage, errorType, data}`, and every creating operation the header `X-Fiscal-State`.

mod answer;
mod devices;
mod request;
mod route;
mod rules;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use ferrotill_core::profile::Profile;
use ferrotill_core::refusal::{Place, Refusal};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::auth::{self, Call, Signed, Unauthorized};
use super::json::{FaultList, JsonValue, RequestFault, without_byte_order_mark};
use super::replay::Outcome;
use super::{App, with_state};
use crate::clerk::{Answer, FiscalState, Message};
use crate::config::{Config, Device, Mode};
use crate::object;
use crate::store::{StoreError, StoredDocument};
use answer::Form;
use request::{GivenId, Parsed, Shop};
use route::{Creation, Operation, route};

/// The routes.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/api/v1/{*operation}", axum::routing::any(handle))
        .with_state(app)
}

/// Bytes of a body; the listener has its own limit, and this one holds where there is no listener.
const BODY_BYTES_MAX: usize = 1024 * 1024;

async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let operation = route(&parts.method, parts.uri.path());
    let creating = matches!(operation, Some(Operation::Create(_)));
    let unseen = |response| {
        if creating {
            with_state(response, FiscalState::Unknown)
        } else {
            response
        }
    };
    let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
        return unseen(failure(
            StatusCode::PAYLOAD_TOO_LARGE,
            "BodyTooLarge",
            "body: is too large; split the request",
        ));
    };
    let call = Call {
        method: parts.method.as_str(),
        path_and_query: parts
            .uri
            .path_and_query()
            .map_or(parts.uri.path(), |path| path.as_str()),
        headers: &parts.headers,
        body: &body,
    };
    let caller = match auth::check(&app.config, &app.guard, &call) {
        Ok(caller) => caller,
        Err(unauthorized) => return unseen(turned_away(app.config.till.mode, unauthorized)),
    };
    let Some(operation) = operation else {
        let message = format!(
            "{} {}: is not an operation of this agent",
            parts.method,
            parts.uri.path()
        );
        return failure(StatusCode::NOT_FOUND, "UnknownOperation", &message);
    };
    match operation {
        Operation::Devices => devices::list(&app),
        Operation::Device(id) => devices::one(&app, id).await,
        bound => match caller.device {
            Some(device) => {
                if creating {
                    // Its signature holds, and its document needs a time. Whoever only asks tells nothing.
                    app.guard.caller_says(caller.key, caller.signed.at_ms);
                }
                serve(
                    &app,
                    (device, caller.signed),
                    bound,
                    &parts.headers,
                    parts.uri.query(),
                    &body,
                )
                .await
            }
            None => {
                let unauthorized = Unauthorized {
                    code: "UnknownDevice",
                    message: "the header Api-DeviceId is missing; this operation needs it"
                        .to_owned(),
                    signed: None,
                };
                unseen(turned_away(app.config.till.mode, unauthorized))
            }
        },
    }
}

/// An operation on a device.
async fn serve(
    app: &Arc<App>,
    (device, signed): (&Device, Signed),
    operation: Operation,
    headers: &HeaderMap,
    query: Option<&str>,
    body: &Bytes,
) -> Response {
    match operation {
        Operation::Create(creation) => create(app, (device, signed), creation, headers, body).await,
        Operation::List { kinds, full } => {
            list(app, device, kinds, full, query.unwrap_or_default()).await
        }
        Operation::Get { kinds, id } => get(app, device, kinds, id).await,
        Operation::OpenDrawer => open_drawer(app, device, signed).await,
        Operation::Devices | Operation::Device(_) => devices::list(app),
    }
}

/// A creating operation: read the body, hand the order to the clerk, wait for what became of it.
async fn create(
    app: &Arc<App>,
    (device, signed): (&Device, Signed),
    creation: Creation,
    headers: &HeaderMap,
    body: &Bytes,
) -> Response {
    let mut faults = FaultList::default();
    let point_of_sale = point_of_sale(device, headers, &mut faults);
    let shop = Shop {
        device,
        mode: app.config.till.mode,
        profile: app.profile,
        point_of_sale,
        own_id: signed.request_id(),
    };
    let node = match (creation, without_byte_order_mark(body).is_empty()) {
        (Creation::Report(Some(_)), true) => None,
        _ => match JsonValue::of_body(body) {
            Ok(node) => Some(node),
            Err(fault) => return with_state(faulty(&fault.into()), FiscalState::Unknown),
        },
    };
    let mut parsed = read(creation, node.as_ref(), shop);
    faults.append(std::mem::take(&mut parsed.faults));
    if !faults.is_empty() {
        let state = state_of(app, parsed.given_id).await;
        return with_state(faulty(&faults), state);
    }
    let look = match app.replays.look(signed) {
        Ok(look) => look,
        Err(_) => return repeated(app, device, creation, (signed, parsed.form.id)).await,
    };
    let answer = submit(app, device, parsed).await;
    look.end(match &answer {
        // The document answers for itself from now on, or nobody has looked at the request.
        Answer::Registered { .. } | Answer::Unavailable { .. } => Outcome::Forget,
        _ => Outcome::Keep,
    });
    told(app, device, creation, answer).await
}

/// Reads the body of a creating operation.
fn read(creation: Creation, body: Option<&JsonValue>, shop: Shop<'_>) -> Parsed {
    let empty = JsonValue::Object(Vec::new());
    let some = body.unwrap_or(&empty);
    match creation {
        Creation::Sale(route) => request::sale(some, route, shop),
        Creation::Refund { .. } => request::refund(some, shop),
        Creation::Cash => request::cash(some, shop),
        Creation::Report(z) => request::report(body, z, shop),
    }
}

/// The faults of a body that is posted to a path, for the first device. Nothing is carried out.
///
/// `None` where the path makes no document, or the body is not JSON.
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
    let shop = Shop {
        device: config.devices.first()?,
        mode: config.till.mode,
        profile,
        point_of_sale: Uuid::nil(),
        own_id: Uuid::nil(),
    };
    let body = JsonValue::of_body(body).ok()?;
    Some(read(creation, Some(&body), shop).faults)
}

/// The same bytes as an earlier call: it gets the document of that call, and starts nothing.
async fn repeated(
    app: &Arc<App>,
    device: &Device,
    creation: Creation,
    (signed, id): (Signed, Uuid),
) -> Response {
    let deadline = app.deadline(device.answer_timeout);
    while app.replays.is_looked_at(signed) || app.waits(id).await == Some(true) {
        if app.clock.monotonic() >= deadline {
            break;
        }
        tokio::time::sleep(REPEAT_PAUSE).await;
    }
    let answer = match app.state_of(id).await {
        FiscalState::Registered => Answer::Registered { id, replayed: true },
        FiscalState::Unknown => Answer::Unknown {
            message: "the first call with these bytes is not settled yet; repeat the request with the same id"
                .to_owned(),
        },
        FiscalState::NotRegistered => {
            return with_state(replay_refused(), FiscalState::NotRegistered);
        }
    };
    told(app, device, creation, answer).await
}

fn replay_refused() -> Response {
    failure(
        StatusCode::UNPROCESSABLE_ENTITY,
        "SignatureReplayed",
        "Api-Signature: was used before, by a call that has ended; to try again, sign the request with the time of now",
    )
}

/// Gives the order to the clerk and waits as long as a caller waits at most.
async fn submit(app: &Arc<App>, device: &Device, parsed: Parsed) -> Answer {
    let (reply, answer) = oneshot::channel();
    let patience = device.answer_timeout;
    app.door.tell(Message::Order {
        device: device.id,
        form: Box::new(parsed.form),
        deadline: app.deadline(patience),
        reply,
    });
    match tokio::time::timeout(patience, answer).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Answer::Unknown { message: "the agent is stopping".to_owned() },
        Err(_) => Answer::Unknown {
            message: "the printer has not said yet what became of it; the agent asks on, and repeating the request with the same id waits for the same outcome"
                .to_owned(),
        },
    }
}

/// The clerk's answer in this API's words.
async fn told(app: &Arc<App>, device: &Device, creation: Creation, answer: Answer) -> Response {
    match answer {
        Answer::Registered { id, replayed } => {
            let mut response = match document(app, device, creation, id).await {
                Ok(Some(data)) => success(data),
                Ok(None) => {
                    let words =
                        "id: belongs to a document of another kind; use a new id for a new request";
                    failure(StatusCode::UNPROCESSABLE_ENTITY, "RequestIdClash", words)
                }
                Err(error) => failure(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    "BooksUnreadable",
                    &format!("books: {error}"),
                ),
            };
            if replayed {
                response
                    .headers_mut()
                    .insert("Idempotent-Replayed", HeaderValue::from_static("true"));
            }
            with_state(response, FiscalState::Registered)
        }
        Answer::Refused {
            refusal,
            faults,
            state,
        } => with_state(refused(refusal, &faults, creation), state),
        Answer::NotRegistered { error, message } => {
            let response = failure(
                StatusCode::UNPROCESSABLE_ENTITY,
                &error,
                &format!("printer: {message}"),
            );
            with_state(response, FiscalState::NotRegistered)
        }
        Answer::Unknown { message } => {
            let response = failure(
                StatusCode::UNPROCESSABLE_ENTITY,
                "OutcomeUnknown",
                &format!("outcome: {message}"),
            );
            with_state(again_later(response), FiscalState::Unknown)
        }
        Answer::Unavailable { message } => {
            let response = failure(
                StatusCode::SERVICE_UNAVAILABLE,
                "Busy",
                &format!("agent: {message}"),
            );
            with_state(again_later(response), FiscalState::Unknown)
        }
    }
}

/// The document as the operation answers it.
async fn document(
    app: &Arc<App>,
    device: &Device,
    creation: Creation,
    id: Uuid,
) -> Result<Option<JsonValue>, StoreError> {
    let device_id = device.id;
    let found = app
        .read(move |reader| with_z(reader, device_id, reader.find(Some(device_id), id)?))
        .await?;
    let Some((stored, z_report)) = found else {
        return Ok(None);
    };
    let setting = setting(app, device, z_report);
    Ok(match creation {
        Creation::Sale(request::SaleRoute::Sale) => answer::sale(&stored, setting),
        Creation::Refund { as_receipt: true } => answer::document(&stored, Form::Receipt, setting),
        _ => answer::document(&stored, Form::Own, setting),
    })
}

fn with_z(
    reader: &crate::store::Reader,
    device: Uuid,
    stored: Option<StoredDocument>,
) -> Result<Option<(StoredDocument, Option<Uuid>)>, StoreError> {
    stored
        .map(|stored| {
            let z_report = reader.z_report(device, stored.row.z_number)?;
            Ok((stored, z_report))
        })
        .transpose()
}

fn setting<'s>(app: &'s App, device: &'s Device, z_report: Option<Uuid>) -> answer::Setting<'s> {
    answer::Setting {
        device,
        owner: &app.config.till.owner,
        currency: app.profile.facts().currency,
        z_report,
    }
}

async fn list(
    app: &Arc<App>,
    device: &Device,
    kinds: &'static [&'static str],
    full: bool,
    query: &str,
) -> Response {
    let mut faults = FaultList::default();
    let (mut start, mut count) = (0, PAGE_DEFAULT);
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
            Ok(number) => *target = number,
            Err(_) => faults.push(RequestFault {
                path: name.to_owned(),
                code: "NotANumber",
                sentence: "is not a whole number from 0".to_owned(),
            }),
        }
    }
    if !faults.is_empty() {
        return faulty(&faults);
    }
    let device_id = device.id;
    let page = app
        .read(move |reader| {
            let page = reader.page(device_id, kinds, start, count.min(PAGE_MAX))?;
            let total = page.total;
            let documents = page
                .documents
                .into_iter()
                .map(|stored| {
                    let z_report = reader.z_report(device_id, stored.row.z_number)?;
                    Ok((stored, z_report))
                })
                .collect::<Result<Vec<_>, StoreError>>()?;
            Ok((documents, total))
        })
        .await;
    match page {
        Ok((documents, total)) => {
            let items = documents.iter().filter_map(|(stored, z_report)| {
                let setting = setting(app, device, *z_report);
                if full {
                    answer::document(stored, Form::Own, setting)
                } else {
                    answer::short(stored, setting)
                }
            });
            success(object! { "data" => JsonValue::Array(items.collect()), "totalCount" => total })
        }
        Err(error) => failure(
            StatusCode::UNPROCESSABLE_ENTITY,
            "BooksUnreadable",
            &format!("books: {error}"),
        ),
    }
}

/// Documents of a page unless the caller says otherwise, and at most.
const PAGE_DEFAULT: u32 = 100;
const PAGE_MAX: u32 = 1_000;

async fn get(
    app: &Arc<App>,
    device: &Device,
    kinds: &'static [&'static str],
    id: Uuid,
) -> Response {
    let device_id = device.id;
    match app
        .read(move |reader| with_z(reader, device_id, reader.find(Some(device_id), id)?))
        .await
    {
        Ok(Some((stored, z_report))) if kinds.contains(&stored.row.kind.as_str()) => {
            match answer::document(&stored, Form::Own, setting(app, device, z_report)) {
                Some(data) => success(data),
                None => not_found(id),
            }
        }
        Ok(_) => not_found(id),
        Err(error) => failure(
            StatusCode::UNPROCESSABLE_ENTITY,
            "BooksUnreadable",
            &format!("books: {error}"),
        ),
    }
}

async fn open_drawer(app: &Arc<App>, device: &Device, signed: Signed) -> Response {
    match app.replays.look(signed) {
        Ok(look) => look.end(Outcome::Keep),
        Err(_) => return replay_refused(),
    }
    let (reply, answer) = oneshot::channel();
    app.door.tell(Message::Drawer {
        device: device.id,
        reply,
    });
    let outcome = match tokio::time::timeout(device.answer_timeout, answer).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err("the agent is stopping".to_owned()),
        Err(_) => Err("the printer has not answered in time".to_owned()),
    };
    match outcome {
        Ok(()) => success(JsonValue::Null),
        Err(words) => failure(
            StatusCode::UNPROCESSABLE_ENTITY,
            "DrawerNotOpened",
            &format!("printer: {words}"),
        ),
    }
}

/// The point of sale that is named, or the only one.
fn point_of_sale(device: &Device, headers: &HeaderMap, faults: &mut FaultList) -> Uuid {
    let mut fault = |code, sentence: &str| {
        faults.push(RequestFault {
            path: "Api-PointOfSaleId".to_owned(),
            code,
            sentence: sentence.to_owned(),
        });
        Uuid::nil()
    };
    match headers
        .get("Api-PointOfSaleId")
        .map(|value| value.to_str().unwrap_or_default())
        .filter(|text| !text.is_empty())
    {
        Some(text) => Uuid::try_parse(text)
            .ok()
            .filter(|id| device.points_of_sale.iter().any(|point| point.id == *id))
            .unwrap_or_else(|| {
                fault(
                    "UnknownPointOfSale",
                    "is not a point of sale of this device",
                )
            }),
        None => match device.points_of_sale.as_slice() {
            [only] => only.id,
            _ => fault(
                "PointOfSaleMissing",
                "is needed, because this device has several points of sale",
            ),
        },
    }
}

/// What is known of the id of a request with faults. An id that could not be read may be that of a document.
async fn state_of(app: &Arc<App>, id: GivenId) -> FiscalState {
    match id {
        GivenId::Read(id) => app.state_of(id).await,
        GivenId::None => FiscalState::NotRegistered,
        GivenId::Unread => FiscalState::Unknown,
    }
}

fn envelope(
    success: bool,
    message: Option<&str>,
    error: Option<&str>,
    data: JsonValue,
) -> JsonValue {
    object! {
        "success" => success,
        "message" => message,
        "fullExceptionMessage" => JsonValue::Null,
        "errorType" => error,
        "data" => data,
    }
}

fn success(data: JsonValue) -> Response {
    super::answer(StatusCode::OK, &envelope(true, None, None, data))
}

fn failure(status: StatusCode, error: &str, message: &str) -> Response {
    super::answer(
        status,
        &envelope(false, Some(message), Some(error), JsonValue::Null),
    )
}

fn not_found(id: Uuid) -> Response {
    let message = format!("id: there is no such document {id} on this device");
    failure(StatusCode::UNPROCESSABLE_ENTITY, "NotFound", &message)
}

/// 401. In LIVE mode its body is always the same: which part does not hold is for the log, not for a stranger.
pub(super) fn turned_away(mode: Mode, unauthorized: Unauthorized) -> Response {
    let Unauthorized {
        code,
        message,
        signed,
    } = heard_by_a_stranger(mode, unauthorized);
    let mut body = envelope(false, Some(&message), Some(code), JsonValue::Null);
    if let (JsonValue::Object(members), Some(signed)) = (&mut body, signed) {
        members.push(("signedString".into(), signed.into()));
    }
    super::answer(StatusCode::UNAUTHORIZED, &body)
}

/// What whoever does not sign as expected is told: in LIVE mode always the same.
pub(super) fn heard_by_a_stranger(mode: Mode, unauthorized: Unauthorized) -> Unauthorized {
    match mode {
        Mode::Test => unauthorized,
        Mode::Live => {
            let Unauthorized { code, message, .. } = unauthorized;
            tracing::warn!(code, "a call was turned away: {message}");
            Unauthorized {
                code: "Unauthorized",
                message: UNAUTHORIZED.to_owned(),
                signed: None,
            }
        }
    }
}

/// The faults of a request, one to a line.
fn faulty(faults: &FaultList) -> Response {
    failure(
        StatusCode::UNPROCESSABLE_ENTITY,
        faults.code(),
        &faults.message(),
    )
}

fn refused(refusal: Refusal, faults: &[(Place, Refusal)], creation: Creation) -> Response {
    if faults.is_empty() {
        let place = match refusal {
            Refusal::RequestIdClash | Refusal::Repeated => "id",
            Refusal::ShiftNotOpen | Refusal::ShiftTooLong { .. } => "shift",
            Refusal::DeviceUnsettled => "device",
            _ => "body",
        };
        return faulty(&rules::fault_of(place, &refusal).into());
    }
    let number = creation.number_path();
    let mut list = FaultList::default();
    for (place, refusal) in faults {
        list.push(rules::fault_of(&request::path_of(*place, number), refusal));
    }
    faulty(&list)
}

fn again_later(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert("Retry-After", HeaderValue::from(RETRY_AFTER.as_secs()));
    response
}

/// What everybody is told who is turned away in LIVE mode.
const UNAUTHORIZED: &str =
    "the call is not signed as this agent expects; the agent's log says what does not hold";
/// How often the repeat of a call that is being worked on looks for its end.
const REPEAT_PAUSE: Duration = Duration::from_millis(10);
/// When a caller may ask again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use axum::body::to_bytes;

    use super::{Mode, Unauthorized, turned_away};

    #[tokio::test]
    async fn a_stranger_to_a_live_till_hears_the_same_whatever_is_wrong() {
        let mut bodies = Vec::new();
        for code in ["UnknownApiKey", "SignatureMismatch", "TimestampOutOfWindow"] {
            for mode in [Mode::Test, Mode::Live] {
                let unauthorized = Unauthorized {
                    code,
                    message: format!("about {code}"),
                    signed: None,
                };
                let response = turned_away(mode, unauthorized);
                assert_eq!(response.status(), 401);
                let body = to_bytes(response.into_body(), 1_000).await.unwrap();
                let text = String::from_utf8(body.to_vec()).unwrap();
                assert_eq!(text.contains(code), mode == Mode::Test, "{text}");
                if mode == Mode::Live {
                    bodies.push(text);
                }
            }
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1, "{bodies:?}");
    }
}

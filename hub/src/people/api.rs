//! The same as JSON, and the export, for programs of head office.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::PeopleRoutes;
use super::export::{ExportError, Form};
use super::query::{Parameters, Written};
use super::visitor::{SignIn, who};
use super::words::{day_number, day_of};
use crate::clock::{DAY_MS, MINUTE_MS, now_ms};
use crate::store::{RefusedBatch, Selection, StoreError, TillSummary, ZDay, export};

/// A till that has not reported for so long is silent. Tills report each minute.
pub(super) const SILENT_MS: i64 = 5 * MINUTE_MS;
/// The most tills of one answer.
const TILLS_MAX: i64 = 1_000;
/// The most Z-reports of one answer.
const Z_MAX: i64 = 1_000;

/// `GET /healthz`: for a load balancer.
pub(super) async fn health(State(routes): State<Arc<PeopleRoutes>>) -> Response {
    match routes.store.ping().await {
        Ok(()) => json_response(StatusCode::OK, &json!({"status": "ok"})),
        Err(error) => unavailable(&error),
    }
}

/// `GET /openapi.json`.
pub(super) async fn document() -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "max-age=3600"),
    ];
    let text = include_str!("assets/openapi.json");
    (StatusCode::OK, headers, text).into_response()
}

/// `GET /api/v1/overview`.
pub(super) async fn overview(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    written: Written,
) -> Response {
    let work = async {
        admitted(&routes, &headers).await?;
        Parameters::of(written, &[]).faults()?;
        let totals = routes.store.totals(now_ms() - SILENT_MS).await?;
        Ok(totals)
    };
    answer(work.await)
}

/// `GET /api/v1/tills`.
pub(super) async fn tills(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    written: Written,
) -> Response {
    let work = async {
        admitted(&routes, &headers).await?;
        let mut parameters = Parameters::of(written, &["after", "limit", "trouble"]);
        let limit = parameters.number("limit", 100, TILLS_MAX);
        let after: Option<Uuid> = parameters.value("after", "the id of a till");
        let trouble: Option<bool> = parameters.value("trouble", "true or false");
        parameters.faults()?;
        let after = match after {
            None => None,
            Some(id) => match routes.store.till(id).await? {
                Some(till) => Some(till),
                None => {
                    return Err(ApiError::Faults(vec![
                        "after: there is no such till".to_owned(),
                    ]));
                }
            },
        };
        let behind = after.as_ref().map(|till| (till.shop.as_str(), till.id));
        let now = now_ms();
        let silent = (trouble == Some(true)).then_some(now - SILENT_MS);
        let tills = routes.store.tills(behind, silent, limit).await?;
        let is_full = i64::try_from(tills.len()) == Ok(limit);
        let next = tills.last().filter(|_| is_full).map(|till| till.id);
        let tills: Vec<Value> = tills.iter().map(|till| till_json(till, now)).collect();
        Ok(json!({"tills": tills, "next": next}))
    };
    answer(work.await)
}

/// `GET /api/v1/tills/{id}`.
pub(super) async fn till(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    written: Written,
) -> Response {
    let work = async {
        admitted(&routes, &headers).await?;
        Parameters::of(written, &[]).faults()?;
        let id = path.ok().and_then(|Path(id)| Uuid::try_parse(&id).ok());
        let id = id.ok_or_else(|| ApiError::Faults(vec!["id: must be a UUID".to_owned()]))?;
        let till = routes.store.till(id).await?.ok_or(ApiError::NotFound)?;
        let refused = routes.store.refused(id).await?;
        let mut found = till_json(&till, now_ms());
        if let Some(members) = found.as_object_mut() {
            let refused: Vec<Value> = refused.iter().map(refused_json).collect();
            members.insert("refused_batches".to_owned(), Value::Array(refused));
        }
        Ok(found)
    };
    answer(work.await)
}

/// `GET /api/v1/z`.
pub(super) async fn z_reports(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    written: Written,
) -> Response {
    let work = async {
        admitted(&routes, &headers).await?;
        let mut parameters = Parameters::of(written, &["from", "to", "till", "limit"]);
        let limit = parameters.number("limit", 200, Z_MAX);
        let (selection, _) = selection_of(&mut parameters);
        parameters.faults()?;
        let today = day_of(now_ms());
        let until = selection.until.unwrap_or_else(|| day_of(now_ms() + DAY_MS));
        let from = selection.from.unwrap_or(today).min(until);
        let from = if selection.from.is_none() {
            day_number(from).saturating_sub(7)
        } else {
            day_number(from)
        };
        let days = routes
            .store
            .z_days(selection.till, from, day_number(until), limit)
            .await?;
        let reports: Vec<Value> = days.iter().map(z_json).collect();
        Ok(json!({"z_reports": reports}))
    };
    answer(work.await)
}

/// `GET /api/v1/documents`: the export, as a stream.
pub(super) async fn documents(
    State(routes): State<Arc<PeopleRoutes>>,
    headers: HeaderMap,
    written: Written,
) -> Response {
    let prepared = async {
        admitted(&routes, &headers).await?;
        let mut parameters = Parameters::of(written, &["from", "to", "till", "as"]);
        let (selection, form) = selection_of(&mut parameters);
        parameters.faults()?;
        let slot = Arc::clone(&routes.exports).try_acquire_owned();
        let slot = slot.map_err(|_| ApiError::Busy)?;
        Ok::<_, ApiError>((selection, form, slot))
    };
    let (selection, form, slot) = match prepared.await {
        Ok(prepared) => prepared,
        Err(error) => return error.response(),
    };
    let (send, receive) = mpsc::channel::<Result<String, ExportError>>(4);
    tokio::spawn(async move {
        let _slot = slot;
        if let Err(error) = stream_documents(&routes, form, &selection, &send).await {
            tracing::error!(%error, "an export has ended too early");
            // The connection breaks, so that a half export is not taken for a whole one.
            let _ = send.send(Err(error)).await;
        }
    });
    let chunks = futures_util::stream::unfold(receive, |mut receive| async {
        receive.recv().await.map(|chunk| (chunk, receive))
    });
    let headers = [
        (header::CONTENT_TYPE, form.content_type()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (StatusCode::OK, headers, Body::from_stream(chunks)).into_response()
}

async fn stream_documents(
    routes: &PeopleRoutes,
    form: Form,
    selection: &Selection,
    send: &mpsc::Sender<Result<String, ExportError>>,
) -> Result<(), ExportError> {
    let lease = routes.store.pool().lease().await?;
    let mut chunk = form.head().to_owned();
    {
        let documents = export(&lease, selection).await?;
        let mut documents = std::pin::pin!(documents);
        while let Some(document) = documents.next().await {
            chunk.push_str(&form.line(&document?));
            if chunk.len() > CHUNK_BYTES && send.send(Ok(std::mem::take(&mut chunk))).await.is_err()
            {
                // The caller has gone. The connection to the database is closed with the lease.
                return Ok(());
            }
        }
    }
    lease.done();
    let _ = send.send(Ok(chunk)).await;
    Ok(())
}

fn selection_of(parameters: &mut Parameters) -> (Selection, Form) {
    let day = "a day, such as 2026-05-31";
    let selection = Selection {
        till: parameters.value("till", "the id of a till"),
        from: parameters.value("from", day),
        until: parameters.value("to", day),
    };
    let form = parameters.text("as").unwrap_or("json").to_owned();
    let form = Form::named(&form).unwrap_or_else(|| {
        parameters.fault("as: must be csv or json");
        Form::Json
    });
    let years = jiff::civil::date(1970, 1, 1)..jiff::civil::date(2200, 1, 1);
    let days = [selection.from, selection.until];
    if days.into_iter().flatten().any(|day| !years.contains(&day)) {
        parameters.fault("from and to: must be in the years 1970 to 2199");
    }
    (selection, form)
}

/// Everything else.
pub(super) async fn not_found() -> Response {
    ApiError::NotFound.response()
}

/// A known path with another method.
pub(super) async fn wrong_method() -> Response {
    problem(
        StatusCode::METHOD_NOT_ALLOWED,
        "This path has another method",
        &[],
    )
}

/// Why a request has no answer.
#[derive(Debug)]
enum ApiError {
    NotSignedIn,
    Locked,
    Busy,
    NotFound,
    Faults(Vec<String>),
    Store(StoreError),
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Vec<String>> for ApiError {
    fn from(faults: Vec<String>) -> Self {
        Self::Faults(faults)
    }
}

impl ApiError {
    fn response(&self) -> Response {
        match self {
            Self::NotSignedIn => {
                let mut response = problem(
                    StatusCode::UNAUTHORIZED,
                    "Sign in, or send a name and a password (HTTP Basic)",
                    &[],
                );
                response.headers_mut().insert(
                    header::WWW_AUTHENTICATE,
                    HeaderValue::from_static("Basic realm=\"Ferrotill hub\", charset=\"UTF-8\""),
                );
                response
            }
            Self::Locked => problem(
                StatusCode::TOO_MANY_REQUESTS,
                "There were five wrong passwords; the name is locked for a quarter of an hour",
                &[],
            ),
            Self::Busy => retry_later("Two exports are running; try again later"),
            Self::NotFound => problem(StatusCode::NOT_FOUND, "There is nothing here", &[]),
            Self::Faults(faults) => problem(
                StatusCode::BAD_REQUEST,
                "The parameters have faults",
                faults,
            ),
            Self::Store(error) => unavailable(error),
        }
    }
}

async fn admitted(routes: &Arc<PeopleRoutes>, headers: &HeaderMap) -> Result<(), ApiError> {
    match who(routes, headers).await? {
        SignIn::Right(_) => Ok(()),
        SignIn::Wrong => Err(ApiError::NotSignedIn),
        SignIn::Locked { .. } => Err(ApiError::Locked),
        SignIn::Busy => Err(ApiError::Busy),
    }
}

fn answer(work: Result<Value, ApiError>) -> Response {
    match work {
        Ok(value) => json_response(StatusCode::OK, &value),
        Err(error) => error.response(),
    }
}

fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "a request of a person has no answer");
    retry_later("The hub cannot use its database at present")
}

fn retry_later(title: &str) -> Response {
    let mut response = problem(StatusCode::SERVICE_UNAVAILABLE, title, &[]);
    response
        .headers_mut()
        .insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

fn problem(status: StatusCode, title: &str, faults: &[String]) -> Response {
    let body = json!({"title": title, "status": status.as_u16(), "faults": faults});
    let mut response = json_response(status, &body);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    response
}

fn json_response(status: StatusCode, value: &Value) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, value.to_string()).into_response()
}

fn till_json(till: &TillSummary, now_ms: i64) -> Value {
    let health = till.health.as_ref().map(|health| {
        json!({
            "received_ms": health.received_ms,
            "version": health.version,
            "ready": health.ready,
            "waiting": health.waiting,
            "last_sale_ms": health.last_sale_ms,
            "offline_since_ms": health.offline_since_ms,
            "unsent": health.unsent,
            "problems": health.problems,
        })
    });
    let reported = till.health.as_ref().map_or(0, |health| health.received_ms);
    json!({
        "id": till.id,
        "shop": till.shop,
        "made_ms": till.made_ms,
        "revoked_ms": till.revoked_ms,
        "enrolled": till.is_enrolled,
        "silent": now_ms - reported > SILENT_MS,
        "epoch": till.epoch,
        "documents": till.last_sequence,
        "last_batch_ms": till.last_batch_ms,
        "refused": till.refused,
        "health": health,
    })
}

fn refused_json(refused: &RefusedBatch) -> Value {
    json!({
        "why": refused.why,
        "epoch": refused.epoch,
        "first": refused.first,
        "last": refused.last,
        "received_ms": refused.received_ms,
    })
}

fn z_json(day: &ZDay) -> Value {
    json!({
        "till": day.till,
        "shop": day.shop,
        "device": day.device,
        "business_day": day.business_day,
        "z_number": day.z_number,
        "missing_before": day.missing_before(),
        "currency": day.currency,
        "total": day.total,
        "report": day.report,
    })
}

const CHUNK_BYTES: usize = 16 * 1024;

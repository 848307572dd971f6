//! The listener's routes for tills.

mod admission;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use ferrotill_hub_protocol::{
    Answer, ByteString, EnrolRequest, Enrolled, Fault, HealthReport, Message, PositionRequest,
    RenewRequest, SignedBatch, limits, path,
};
use http_body_util::{BodyExt as _, Limited};
use tokio::time::timeout;
use uuid::Uuid;

use crate::authority::{Authority, AuthorityError, TILL_VALID_MS, TillCertificate};
use crate::clock::now_ms;
use crate::config::Limits;
use crate::listener::Caller;
use crate::store::{CodeState, Store, StoreError};
use admission::{Admission, Place};

/// What the routes work with.
#[derive(Debug)]
pub struct TillRoutes {
    store: Arc<Store>,
    authority: Arc<Authority>,
    admission: Admission,
}

/// The routes for tills.
pub fn router(store: Arc<Store>, authority: Arc<Authority>, limits: Limits) -> Router {
    let routes = Arc::new(TillRoutes {
        store,
        authority,
        admission: Admission::new(limits),
    });
    Router::new()
        .route(path::BATCHES, post(batches))
        .route(path::HEALTH, post(health))
        .route(path::POSITION, post(position))
        .route(path::ENROL, post(enrol))
        .route(path::RENEW, post(renew))
        .with_state(routes)
}

/// Takes a batch. The work goes on when the till hangs up: the till will send the batch again, and it is stored then.
async fn batches(State(routes): State<Arc<TillRoutes>>, request: Request) -> Response {
    let Some(certificate) = certificate_of(&request) else {
        return response(&Answer::NotEnrolled);
    };
    let (bytes, place) = match body(&routes, request, limits::BATCH_BYTES_MAX).await {
        Ok(body) => body,
        Err(answer) => return response(&answer),
    };
    let work = tokio::spawn(async move {
        let _place = place;
        let batch = match SignedBatch::from_bytes(&bytes) {
            Ok(batch) => batch,
            Err(fault) => return invalid(&fault),
        };
        let stored = routes
            .store
            .ingest(&certificate, &batch, &bytes, now_ms())
            .await;
        match stored {
            Ok(stored) => stored.answer,
            Err(error) => unavailable(&error),
        }
    });
    response(&work.await.unwrap_or(Answer::Unavailable {
        retry_after_s: RETRY_AFTER_S,
    }))
}

async fn health(State(routes): State<Arc<TillRoutes>>, request: Request) -> Response {
    let Some(certificate) = certificate_of(&request) else {
        return response(&Answer::NotEnrolled);
    };
    let (report, _place): (HealthReport, _) = match message(&routes, request).await {
        Ok(report) => report,
        Err(answer) => return response(&answer),
    };
    let taken = routes
        .store
        .take_health(&certificate, &report, now_ms())
        .await;
    response(&taken.unwrap_or_else(|error| unavailable(&error)))
}

async fn position(State(routes): State<Arc<TillRoutes>>, request: Request) -> Response {
    let Some(certificate) = certificate_of(&request) else {
        return response(&Answer::NotEnrolled);
    };
    let (request, _place): (PositionRequest, _) = match message(&routes, request).await {
        Ok(request) => request,
        Err(answer) => return response(&answer),
    };
    let found = routes
        .store
        .position(&certificate, &request, now_ms())
        .await;
    response(&found.unwrap_or_else(|error| unavailable(&error)))
}

async fn enrol(State(routes): State<Arc<TillRoutes>>, request: Request) -> Response {
    let now = now_ms();
    if !routes.admission.may_try_code(now) {
        return response(&Answer::TooBusy { retry_after_s: 60 });
    }
    let (request, _place): (EnrolRequest, _) = match message(&routes, request).await {
        Ok(request) => request,
        Err(answer) => return response(&answer),
    };
    let make = || {
        let made = routes
            .authority
            .sign_till(request.till, &request.certificate_request.0, now);
        made.map_err(EnrolError::Authority)
    };
    let enrolled = routes
        .store
        .enrol(request.till, &request.secret, now, make)
        .await;
    let answer = match enrolled {
        Ok((CodeState::Accepted { shop }, Some(certificate))) => {
            enrolled_answer(&routes, request.till, shop, certificate, now)
        }
        Ok((CodeState::Refused(refusal), _)) => {
            routes.admission.wrong_code(now);
            tracing::warn!(till = %request.till, %refusal, "a one-time code was not accepted");
            Answer::CodeRefused(refusal)
        }
        Ok((CodeState::Accepted { .. }, None)) => Answer::Unavailable {
            retry_after_s: RETRY_AFTER_S,
        },
        Err(EnrolError::Store(error)) => unavailable(&error),
        Err(EnrolError::Authority(error)) => not_signed(&error),
    };
    response(&answer)
}

async fn renew(State(routes): State<Arc<TillRoutes>>, request: Request) -> Response {
    let Some(certificate) = certificate_of(&request) else {
        return response(&Answer::NotEnrolled);
    };
    let (request, _place): (RenewRequest, _) = match message(&routes, request).await {
        Ok(request) => request,
        Err(answer) => return response(&answer),
    };
    let answer = renewed(&routes, &certificate, &request).await;
    response(&answer.unwrap_or_else(|error| unavailable(&error)))
}

async fn renewed(
    routes: &TillRoutes,
    certificate: &[u8; 32],
    request: &RenewRequest,
) -> Result<Answer, StoreError> {
    let now = now_ms();
    let Some(known) = routes.store.certificate(certificate).await? else {
        return Ok(Answer::NotEnrolled);
    };
    if known.till != request.till {
        return Ok(Answer::OtherTill {
            certificate: known.till,
        });
    }
    if known.is_revoked {
        return Ok(Answer::Revoked);
    }
    if known.ends_ms < now {
        return Ok(Answer::NotEnrolled);
    }
    let made = routes
        .authority
        .sign_till(known.till, &request.certificate_request.0, now);
    match made {
        Err(error) => Ok(not_signed(&error)),
        Ok(made) => {
            routes.store.renew(known.till, &made, now).await?;
            Ok(enrolled_answer(routes, known.till, known.shop, made, now))
        }
    }
}

#[derive(Debug)]
enum EnrolError {
    Store(StoreError),
    Authority(AuthorityError),
}

impl From<StoreError> for EnrolError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn enrolled_answer(
    routes: &TillRoutes,
    till: Uuid,
    shop: String,
    certificate: TillCertificate,
    now_ms: i64,
) -> Answer {
    Answer::Enrolled(Enrolled {
        till,
        shop,
        certificate: ByteString(certificate.der),
        authority: ByteString(routes.authority.certificate().to_vec()),
        ends_ms: certificate.ends_ms,
        renew_from_ms: now_ms.saturating_add(TILL_VALID_MS / 3 * 2),
    })
}

fn not_signed(error: &AuthorityError) -> Answer {
    tracing::warn!(%error, "a certificate was not made");
    Answer::Invalid {
        fault: format!("certificate_request: {error}"),
    }
}

fn invalid(fault: &Fault) -> Answer {
    let mut text = fault.to_string();
    while text.len() > limits::TEXT_BYTES_MAX {
        text.pop();
    }
    Answer::Invalid { fault: text }
}

fn unavailable(error: &StoreError) -> Answer {
    tracing::error!(%error, "a till is asked to come again, because the database has failed");
    Answer::Unavailable {
        retry_after_s: RETRY_AFTER_S,
    }
}

fn certificate_of(request: &Request) -> Option<[u8; 32]> {
    request
        .extensions()
        .get::<Caller>()
        .and_then(|caller| caller.certificate)
}

async fn message<M: Message>(routes: &TillRoutes, request: Request) -> Result<(M, Place), Answer> {
    let (bytes, place) = body(routes, request, limits::MESSAGE_BYTES_MAX).await?;
    let message = M::from_bytes(&bytes).map_err(|fault| invalid(&fault))?;
    Ok((message, place))
}

/// The body of a request, and its place in memory.
async fn body(
    routes: &TillRoutes,
    request: Request,
    bytes_max: usize,
) -> Result<(Bytes, Place), Answer> {
    let length = request.headers().get(CONTENT_LENGTH);
    let length: Option<usize> = length
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok());
    if let Some(length) = length
        && length > bytes_max
    {
        return Err(invalid(&Fault::TooLong {
            path: "bytes".to_owned(),
            size: length,
            max: bytes_max,
        }));
    }
    let place = routes.admission.place(length.unwrap_or(bytes_max)).await;
    let place = place.ok_or(Answer::TooBusy {
        retry_after_s: RETRY_AFTER_S,
    })?;
    let collected = Limited::new(request.into_body(), bytes_max).collect();
    match timeout(BODY_TIMEOUT, collected).await {
        Ok(Ok(body)) => Ok((body.to_bytes(), place)),
        Ok(Err(_)) => Err(Answer::Invalid {
            fault: format!("bytes: the body did not end, or is longer than {bytes_max} bytes"),
        }),
        Err(_) => Err(Answer::Invalid {
            fault: "bytes: the body did not arrive in time".to_owned(),
        }),
    }
}

fn response(answer: &Answer) -> Response {
    let bytes = answer.to_bytes().unwrap_or_default();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() =
        StatusCode::from_u16(answer.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static(ferrotill_hub_protocol::CONTENT_TYPE),
    );
    if let Answer::TooBusy { retry_after_s } | Answer::Unavailable { retry_after_s } = answer {
        headers.insert(RETRY_AFTER, HeaderValue::from(*retry_after_s));
    }
    response
}

/// How long a body may take: a batch of a megabyte on a slow line.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);
const RETRY_AFTER_S: u32 = 2;

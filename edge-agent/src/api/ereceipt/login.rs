//! `POST /auth`: tokens for key and secret, or for a refresh token.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::NAME;
use super::problem::Failure;
use crate::api::admission::TokenCaller;
use crate::api::json::{FaultList, Fields, JsonValue};
use crate::api::lanes::Lane;
use crate::api::response::json_response;
use crate::api::service::Service;
use crate::api::token::{TokenScope, TokenUse};
use crate::object;

/// What a caller sends to get tokens.
enum Credentials {
    Secret(String, String),
    Refresh(String),
}

pub(super) async fn log_in(
    service: &Arc<Service>,
    parts: &Parts,
    body: &Bytes,
) -> Result<Response, Failure> {
    let read = body.clone();
    let credentials = service
        .work(Lane::Unsigned, move |_, _| credentials(&read))
        .await?;
    let caller = match &credentials {
        Credentials::Secret(key, secret) => service.log_in(NAME, parts, (key, secret)),
        Credentials::Refresh(token) => service
            .admit_sender(parts)
            .and_then(|()| service.token_caller(NAME, TokenUse::Refresh, token)),
    };
    let caller = caller.map_err(|error| Failure::of_unauthorized(&error))?;
    let tokens = tokens(service, caller).map_err(|error| {
        let message = format!("the key of the tokens cannot be used: {error}");
        Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "E_INTERNAL", message)
    })?;
    Ok(json_response(StatusCode::OK, &tokens))
}

fn credentials(body: &[u8]) -> Result<Credentials, Failure> {
    let body = JsonValue::of_short_body(body).map_err(|fault| Failure::of_faults(&fault.into()))?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let refresh = fields.text("refresh_token");
    let (key, secret) = (fields.text("api_key"), fields.text("api_secret"));
    match (refresh, key, secret) {
        (Some(token), ..) if !token.is_empty() => Ok(Credentials::Refresh(token)),
        (_, Some(key), Some(secret)) => Ok(Credentials::Secret(key, secret)),
        (_, key, _) => {
            let missing = if key.is_none() {
                "api_key"
            } else {
                "api_secret"
            };
            fields.fault(missing, "Missing", "is needed");
            Err(Failure::of_faults(&faults))
        }
    }
}

fn tokens(service: &Service, caller: TokenCaller<'_>) -> std::io::Result<JsonValue> {
    let now_s = service.guard.now().utc_ms.div_euclid(1_000);
    let mode = service.settings.mode;
    let issue = |used_for| {
        let scope = TokenScope {
            api: NAME,
            mode,
            used_for,
        };
        let key = &caller.client.key;
        service.tokens.issue(key, caller.secret, scope, now_s)
    };
    let (access, refresh) = (
        TokenUse::Access.lifetime_s(),
        TokenUse::Refresh.lifetime_s(),
    );
    Ok(object! {
        "access_token" => issue(TokenUse::Access)?,
        "access_token_claims" => object! {
            "env" => mode.to_string(),
            "organization_id" => service.tokens.organization()?,
        },
        "access_token_expires_in" => access,
        "access_token_expires_at" => now_s.saturating_add(access),
        "refresh_token" => issue(TokenUse::Refresh)?,
        "refresh_token_expires_in" => refresh,
        "refresh_token_expires_at" => now_s.saturating_add(refresh),
    })
}

//! `POST /auth` of the APIs with tokens: tokens for key and secret, or for a refresh token.

use std::io;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::request::Parts;

use super::admission::TokenCaller;
use super::auth::Unauthorized;
use super::json::{FaultList, Fields, JsonValue};
use super::lanes::Lane;
use super::service::Service;
use super::token::{TokenScope, TokenUse};
use crate::object;

/// Why a caller gets no tokens.
pub(super) enum NoTokens {
    /// The body has these faults.
    Faults(FaultList),
    /// Key, secret or refresh token are not accepted.
    Unauthorized(Unauthorized),
    /// The key of the tokens cannot be used.
    Key(io::Error),
}

impl NoTokens {
    /// What people read about a key that cannot be used.
    pub(super) fn of_key(error: &io::Error) -> String {
        format!("the key of the tokens cannot be used: {error}")
    }
}

/// What a caller sends to get tokens.
enum Credentials {
    Secret(String, String),
    Refresh(String),
}

/// The answer with the tokens of an API.
pub(super) async fn log_in(
    service: &Arc<Service>,
    api: &'static str,
    parts: &Parts,
    body: &Bytes,
) -> Result<JsonValue, NoTokens> {
    let read = body.clone();
    let reading = service.work(Lane::Unsigned, move |_, _| credentials(&read));
    let caller = match reading.await.map_err(NoTokens::Faults)? {
        Credentials::Secret(key, secret) => service.log_in(api, parts, (&key, &secret)),
        Credentials::Refresh(token) => service
            .admit_sender(parts)
            .and_then(|()| service.token_caller(api, TokenUse::Refresh, &token)),
    };
    tokens(service, api, caller.map_err(NoTokens::Unauthorized)?).map_err(NoTokens::Key)
}

fn credentials(body: &[u8]) -> Result<Credentials, FaultList> {
    let body = JsonValue::of_short_body(body).map_err(FaultList::from)?;
    let mut faults = FaultList::default();
    let mut fields = Fields::of(&body, "", &mut faults);
    let refresh = fields.text("refresh_token");
    let (key, secret) = (fields.text("api_key"), fields.text("api_secret"));
    match (refresh, key, secret) {
        (Some(token), ..) if !token.is_empty() => Ok(Credentials::Refresh(token)),
        (_, Some(key), Some(secret)) => Ok(Credentials::Secret(key, secret)),
        _ => {
            for name in ["api_key", "api_secret"] {
                if fields.member(name).is_none() {
                    fields.fault(name, "Missing", "is needed");
                }
            }
            Err(faults)
        }
    }
}

fn tokens(service: &Service, api: &'static str, caller: TokenCaller<'_>) -> io::Result<JsonValue> {
    let now_s = service.guard.now().utc_ms.div_euclid(1_000);
    let mode = service.settings.mode;
    let issue = |used_for| {
        let scope = TokenScope {
            api,
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

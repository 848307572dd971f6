//! The one place that decides whether a call is carried out: its signature, its client's permission, and the limit on wrong
//! signatures.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::http::request::Parts;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::auth::{
    AuthorizedClient, Call, SIGNATURE_MISMATCH_CODE, UNKNOWN_KEY, Unauthorized, check,
};
use super::service::Service;
use super::token::{TokenScope, TokenUse};
use super::wrong_signatures::{KeyAtAddress, WRONG_MAX};
use crate::config::{Client, Mode, Permission, Secret};
use crate::limited_log::LimitedLog;

impl Service {
    /// Decides whether a call is carried out. `api` is `None` for the agent's own routes, and `needed` is `None` for an operation
    /// that only reads.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`]: 401 if the signature is not accepted, 403 if the client may not do this, 429 if there were too many wrong
    /// signatures for the client's key from the caller's address.
    pub(super) fn admit(
        &self,
        (api, needed): (Option<&str>, Option<Permission>),
        parts: &Parts,
        body: &[u8],
    ) -> Result<AuthorizedClient<'_>, Unauthorized> {
        let call = Call::of(parts, body);
        let key = call.headers.get("Api-Key");
        let key = key.map_or("", |key| key.to_str().unwrap_or_default());
        let is_known = self.settings.clients.find(key).is_some();
        let caller = KeyAtAddress::new(key, is_known, address_of(parts));
        if let Some(wait) = self.wrong_signatures.wait(&caller, self.clock.monotonic()) {
            return Err(too_many(wait));
        }
        let client = check(&self.settings, api, &self.guard, &call).inspect_err(|error| {
            if ![SIGNATURE_MISMATCH_CODE, UNKNOWN_KEY].contains(&error.code) {
                return;
            }
            let address = caller.address;
            if self.wrong_signatures.note(&caller, self.clock.monotonic()) {
                let whose = if is_known { key } else { "that no client has" };
                LOCKED_OUT.warn("TooManyWrongSignatures", || {
                    format!(
                        "{WRONG_MAX} calls from {address} with the Api-Key {whose} were signed wrongly within a minute; calls with this \
                         key from this address are refused for a minute"
                    )
                });
            }
        })?;
        match needed {
            Some(needed) if !client.permissions.contains(&needed) => Err(not_permitted(needed)),
            _ => Ok(client),
        }
    }
}

/// A caller with a token.
#[derive(Clone, Copy, Debug)]
pub struct TokenCaller<'c> {
    /// The client of the token.
    pub client: &'c Client,
    /// The secret with which it has logged in.
    pub secret: &'c Secret,
}

impl Service {
    /// Decides whether a call with a token in the header `Authorization` is carried out. `needed` is `None` for an operation that only
    /// reads.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`]: 401 if the token is not valid, 403 if the client may not do this.
    pub(super) fn admit_token(
        &self,
        (api, needed): (&str, Option<Permission>),
        parts: &Parts,
    ) -> Result<TokenCaller<'_>, Unauthorized> {
        self.admit_sender(parts)?;
        let header = parts.headers.get("Authorization");
        let header = header.and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let Some(token) = token else {
            let message = "Authorization: is missing; send \"Bearer \" and the access token";
            return Err(Unauthorized::new("TokenInvalid", message));
        };
        let caller = self.token_caller(api, TokenUse::Access, token)?;
        match needed {
            Some(needed) if !caller.client.permissions.contains(&needed) => {
                Err(not_permitted(needed))
            }
            _ => Ok(caller),
        }
    }

    /// The client of a token.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`]: the token is not valid, or the client may not use the API any more.
    pub(super) fn token_caller(
        &self,
        api: &str,
        used_for: TokenUse,
        token: &str,
    ) -> Result<TokenCaller<'_>, Unauthorized> {
        let scope = TokenScope {
            api,
            mode: self.settings.mode,
            used_for,
        };
        let now_s = self.guard.now().utc_ms.div_euclid(1_000);
        let found = self
            .tokens
            .client_of(token, scope, now_s, self.settings.clients.current());
        let found = found.map_err(|error| {
            let message = format!("tokens.key: cannot be read: {error}");
            Unauthorized::new("TokenInvalid", message)
        })?;
        let Some((client, secret)) = found else {
            let message = "Authorization: the token is not valid or its time is over; log in again";
            return Err(Unauthorized::new("TokenInvalid", message));
        };
        may_use(client, api)?;
        Ok(TokenCaller { client, secret })
    }

    /// The client with this key and secret, which wants a token.
    ///
    /// # Errors
    ///
    /// [`Unauthorized`]: 401 if key or secret is wrong, 403 if the client may not use the API, 429 after too many wrong secrets.
    pub(super) fn log_in(
        &self,
        api: &str,
        parts: &Parts,
        (key, secret): (&str, &str),
    ) -> Result<TokenCaller<'_>, Unauthorized> {
        self.admit_sender(parts)?;
        let known = self.settings.clients.find(key);
        let caller = KeyAtAddress::new(key, known.is_some(), address_of(parts));
        let now = self.clock.monotonic();
        if let Some(wait) = self.wrong_signatures.wait(&caller, now) {
            return Err(too_many(wait));
        }
        let mode = self.settings.mode;
        let right = known.and_then(|client| {
            let given = Sha256::digest(secret.as_bytes());
            // All secrets are compared, so that the time of an answer does not show which one is right.
            let mut right = None;
            for own in client.login_secrets(mode) {
                if bool::from(
                    Sha256::digest(own.as_bytes())
                        .as_slice()
                        .ct_eq(given.as_slice()),
                ) {
                    right = Some(TokenCaller {
                        client,
                        secret: own,
                    });
                }
            }
            right
        });
        let Some(right) = right else {
            self.wrong_signatures.note(&caller, now);
            let mut message = "api_key, api_secret: are not those of a client".to_owned();
            if mode == Mode::Live {
                message.push_str("; a LIVE till takes the token_secret of [[api.clients]] alone");
            }
            return Err(Unauthorized::new("TokenInvalid", message));
        };
        may_use(right.client, api)?;
        Ok(right)
    }

    /// Refuses secrets and tokens over plain HTTP from other machines on a LIVE till. With TLS, the listener has refused such callers.
    pub(super) fn admit_sender(&self, parts: &Parts) -> Result<(), Unauthorized> {
        let is_here = address_of(parts).to_canonical().is_loopback();
        if self.settings.mode == Mode::Test || self.settings.has_tls || is_here {
            return Ok(());
        }
        let message = "this address: sends secrets over plain HTTP from another machine; give the till a certificate ([api] tls_certificate), and call it with https";
        Err(Unauthorized::new("TlsNeeded", message).with_status(StatusCode::FORBIDDEN, None))
    }
}

fn may_use(client: &Client, api: &str) -> Result<(), Unauthorized> {
    if client.apis.iter().any(|name| name == api) {
        return Ok(());
    }
    let message = format!(
        "api_key: belongs to a client that may not use the API {api}; write it into the apis of the client in [[api.clients]]"
    );
    Err(Unauthorized::new("ApiNotAllowed", message).with_status(StatusCode::FORBIDDEN, None))
}

fn not_permitted(needed: Permission) -> Unauthorized {
    let message = format!(
        "Api-Key: belongs to a client without the permission {:?}; write it into the permissions of the client in [[api.clients]]",
        needed.name()
    );
    Unauthorized::new("PermissionMissing", message).with_status(StatusCode::FORBIDDEN, None)
}

fn too_many(wait: Duration) -> Unauthorized {
    let message = format!(
        "Api-Signature: was wrong {WRONG_MAX} times within a minute for this key and from this address; correct the secret of the \
         caller, and try again when the time in Retry-After has passed"
    );
    Unauthorized::new("TooManyWrongSignatures", message)
        .with_status(StatusCode::TOO_MANY_REQUESTS, Some(wait))
}

/// The address of the caller. A call that came over no connection has none.
fn address_of(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip())
}

static LOCKED_OUT: LimitedLog = LimitedLog::new();

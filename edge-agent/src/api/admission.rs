//! The one place that decides whether a call is carried out: its signature, its client's permission, and the limit on wrong
//! signatures.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::auth::{
    AuthorizedClient, Call, SIGNATURE_MISMATCH_CODE, UNKNOWN_KEY, Unauthorized, check,
};
use super::service::Service;
use super::wrong_signatures::{KeyAtAddress, WRONG_MAX};
use crate::config::Permission;
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
        let is_known = self.settings.clients.iter().any(|client| client.key == key);
        let caller = KeyAtAddress::new(key, is_known, address_of(parts));
        if let Some(wait) = self.wrong_signatures.wait(&caller, self.clock.monotonic()) {
            return Err(too_many(wait));
        }
        let client = check(&self.settings, api, &self.guard, &call).inspect_err(|error| {
            if ![SIGNATURE_MISMATCH_CODE, UNKNOWN_KEY].contains(&error.code) {
                return;
            }
            let address = caller.address;
            if self.wrong_signatures.note(caller, self.clock.monotonic()) {
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

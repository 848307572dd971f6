//! Who may call: this machine, the addresses that the configuration names, and callers with a token. A call through a proxy needs a
//! token. Pages of other sites are refused before, as on every route ([`crate::api::origin`]).

use std::net::{IpAddr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use subtle::ConstantTimeEq as _;

use super::faults::ApiError;
use super::{NOT_ALLOWED, NOT_ALLOWED_NAME};
use crate::api::dialect::forwarding_header;
use crate::api::service::Service;
use crate::api::settings::ApiSettings;

/// Decides whether a call is carried out.
///
/// # Errors
///
/// The error with the code 444.
pub(super) fn admit(service: &Service, parts: &Parts) -> Result<(), ApiError> {
    let settings: &ApiSettings = &service.settings;
    let headers = &parts.headers;
    let has_token = has_token(service, headers);
    let refuse = |message: &str| {
        Err(ApiError {
            code: NOT_ALLOWED,
            message: format!("{NOT_ALLOWED_NAME}: {message}"),
            data: Some("CallerNotAllowed".to_owned()),
        })
    };
    if forwarding_header(headers).is_some() && !has_token {
        return refuse("the request came through a proxy");
    }
    // A call that came over no connection is a call of this program.
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|peer| peer.0.ip().to_canonical());
    let may_call = |address: IpAddr| {
        let mut networks = settings.fiscalbox_networks.iter();
        address.is_loopback() || networks.any(|network| network.has(address))
    };
    if has_token || address.is_none_or(may_call) {
        Ok(())
    } else {
        refuse("write the caller's network into [api.fiscalbox] allow")
    }
}

/// True if the call has the token of a client that may use this API: `Authorization: Token` and the secret with which the client gets tokens.
fn has_token(service: &Service, headers: &HeaderMap) -> bool {
    let value = text(headers, header::AUTHORIZATION.as_str());
    let Some(token) = value.and_then(|value| value.strip_prefix("Token ")) else {
        return false;
    };
    let mut clients = service.settings.clients.current().iter();
    clients.any(|client| {
        let is_of_api = client.apis.iter().any(|api| api == super::NAME);
        let mut secrets = client.login_secrets(service.settings.mode);
        is_of_api
            && secrets.any(|secret| bool::from(secret.as_bytes().ct_eq(token.trim().as_bytes())))
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("?"))
}

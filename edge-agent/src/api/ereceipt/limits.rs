//! How long receipts are public, and how many that do not exist one address may ask for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::http::request::Parts;

use super::problem::Failure;
use crate::api::link_misses::MISSES_MAX;
use crate::api::service::Service;

/// Whether the public access to a receipt of this time has ended.
pub(super) fn is_expired(service: &Service, at_ms: i64) -> bool {
    let days = i64::from(service.settings.ereceipt.public_days);
    let ends_ms = at_ms.saturating_add(days.saturating_mul(86_400_000));
    service.guard.now().utc_ms >= ends_ms
}

/// Refuses a caller who has tried many wrong ids.
pub(super) fn admit(service: &Service, parts: &Parts) -> Result<(), Failure> {
    match service
        .link_misses
        .is_refused(address_of(parts), service.clock.monotonic())
    {
        false => Ok(()),
        true => Err(Failure::new(
            StatusCode::TOO_MANY_REQUESTS,
            "E_TOO_MANY_REQUESTS",
            format!("{MISSES_MAX} receipts within a minute do not exist; try again in a minute"),
        )),
    }
}

/// Notes that a caller has asked for a receipt that does not exist.
pub(super) fn note_miss(service: &Service, parts: &Parts) {
    service
        .link_misses
        .note(address_of(parts), service.clock.monotonic());
}

pub(super) fn address_of(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip())
}

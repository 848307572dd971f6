//! How long receipts are public, and how many that do not exist one address may ask for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

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

/// Notes that a caller has asked for a receipt that does not exist. The result says how long the caller should wait, if there were many.
pub(super) fn note_miss(service: &Service, address: IpAddr) -> Option<Duration> {
    let now = service.clock.monotonic();
    let wait = service.link_misses.wait(address, now);
    if wait.is_none() {
        service.link_misses.note(address, now);
    }
    wait
}

/// The refusal of a receipt that does not exist: 404, and 429 after many of them.
pub(super) fn missed(service: &Service, parts: &Parts) -> Failure {
    match note_miss(service, address_of(parts)) {
        None => Failure::no_receipt(),
        Some(wait) => Failure::new(
            StatusCode::TOO_MANY_REQUESTS,
            "E_TOO_MANY_REQUESTS",
            format!(
                "{MISSES_MAX} receipts that were asked for from this address within a minute do not exist; try again when the time in Retry-After has passed"
            ),
        )
        .after(wait),
    }
}

pub(super) fn address_of(parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
    peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |peer| peer.0.ip())
}

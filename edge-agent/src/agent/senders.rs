//! The threads that send: to the authority, to the payment providers, and for numbers, registrations and the time.

use std::sync::Arc;

use ferrotill_core::duty::Recipient;
use ferrotill_core::profile::SealPlan;
use tokio::sync::Notify;

use super::{StartError, hub, outbox_seed, providers, registrations};
use crate::api::service::Service;
use crate::authority::by_country;
use crate::config::Config;
use crate::outbox::hub::HubThread;
use crate::outbox::number_supply::NumberSupply;
use crate::outbox::office_time::OfficeTime;
use crate::outbox::providers::ProviderThread;
use crate::outbox::registrations::RegistrationThread;
use crate::outbox::{OutboxParts, OutboxThread};
use crate::seal::signature::Signatures;
use crate::time::guarded_clock::GuardedClock;

/// The threads. They stop in this order when the value is dropped.
#[derive(Debug)]
pub(super) struct Senders {
    _authority: Option<OutboxThread>,
    _numbers: Option<NumberSupply>,
    _registrations: Option<RegistrationThread>,
    _payments: Option<ProviderThread>,
    _office_time: Option<OfficeTime>,
    _hub: Option<HubThread>,
}

impl Senders {
    /// Starts the threads for which the configuration and the law have work.
    pub(super) fn start(
        config: &Config,
        service: &Arc<Service>,
        wake: Arc<Notify>,
        signatures: Option<&Arc<Signatures>>,
    ) -> Result<Self, StartError> {
        Ok(Self {
            _numbers: start_numbers(config, service)?,
            _authority: start_authority(config, service, wake)?,
            _registrations: registrations::start(config, service, signatures)?,
            _payments: providers::start(config, service)?,
            _office_time: start_office_time(config, &service.guard)?,
            _hub: hub::start(config, service)?,
        })
    }
}

/// Starts the question for the authority's time if the configuration names an authority.
fn start_office_time(
    config: &Config,
    guard: &Arc<GuardedClock>,
) -> Result<Option<OfficeTime>, StartError> {
    let Some(upstream) = &config.upstream else {
        return Ok(None);
    };
    OfficeTime::start(upstream, Arc::clone(guard))
        .map(Some)
        .map_err(|source| StartError::Thread {
            name: "office time".to_owned(),
            source,
        })
}

/// Starts the sender of the outbox if the configuration names an authority.
fn start_authority(
    config: &Config,
    service: &Service,
    wake: Arc<Notify>,
) -> Result<Option<OutboxThread>, StartError> {
    let Some(upstream) = &config.upstream else {
        return Ok(None);
    };
    let Some(authority) = by_country(&config.till.country, &upstream.online_ecr) else {
        return Ok(None);
    };
    let parts = OutboxParts {
        recipient: Recipient::AUTHORITY,
        environment: config.till.mode.to_string(),
        seed: outbox_seed(config),
        reader: service.reader.clone(),
        clerk_handle: service.clerk_handle.clone(),
        live_status: Arc::clone(&service.live_status),
        wake,
        clock: Arc::clone(&service.clock),
        guard: Arc::clone(&service.guard),
    };
    OutboxThread::start(parts, upstream, authority)
        .map(Some)
        .map_err(|source| StartError::Thread {
            name: "sender".to_owned(),
            source,
        })
}

/// Starts the thread that requests fiscal numbers if the law requires them and the configuration names an authority.
fn start_numbers(config: &Config, service: &Service) -> Result<Option<NumberSupply>, StartError> {
    let plan = service.profile.facts().seal_plan;
    let (Some(upstream), SealPlan::FiscalNumber) = (&config.upstream, plan) else {
        return Ok(None);
    };
    NumberSupply::start(
        config.devices.iter().map(|device| device.id).collect(),
        service.reader.clone(),
        upstream,
        Arc::clone(&service.live_status),
        service.clerk_handle.clone(),
    )
    .map(Some)
    .map_err(|source| StartError::Thread {
        name: "fiscal numbers".to_owned(),
        source,
    })
}

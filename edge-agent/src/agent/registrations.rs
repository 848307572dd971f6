//! The worker that registers signature units and cash boxes, and what callers may ask for, if the configuration names the web services.

use std::sync::Arc;

use ferrotill_store::Reader;

use super::{StartError, outbox_seed};
use crate::api::service::Service;
use crate::clerk::ClerkHandle;
use crate::config::{Config, Mode};
use crate::outbox::registrations::{RegistrationParts, RegistrationThread, Registrations};
use crate::seal::signature::Signatures;

/// What callers may ask of the registrations.
pub(super) fn for_callers(
    config: &Config,
    reader: &Reader,
    clerk_handle: &ClerkHandle,
    signatures: Option<&Arc<Signatures>>,
) -> Option<Arc<Registrations>> {
    let finanz_online = config.finanz_online.as_ref()?;
    let registrations = Registrations::new(
        finanz_online,
        &config.till.data_dir,
        reader.clone(),
        clerk_handle.clone(),
        Arc::clone(signatures?),
    );
    Some(Arc::new(registrations))
}

/// Starts the worker.
pub(super) fn start(
    config: &Config,
    service: &Service,
    signatures: Option<&Arc<Signatures>>,
) -> Result<Option<RegistrationThread>, StartError> {
    let (Some(finanz_online), Some(registrations), Some(signatures)) =
        (&config.finanz_online, &service.registrations, signatures)
    else {
        return Ok(None);
    };
    let parts = RegistrationParts {
        config: finanz_online.clone(),
        test: config.till.mode == Mode::Test,
        seed: outbox_seed(config),
        reader: service.reader.clone(),
        clerk_handle: service.clerk_handle.clone(),
        live_status: Arc::clone(&service.live_status),
        signatures: Arc::clone(signatures),
        clock: Arc::clone(&service.clock),
        guard: Arc::clone(&service.guard),
    };
    RegistrationThread::start(parts, registrations)
        .map(Some)
        .map_err(|source| StartError::Thread {
            name: "registrations".to_owned(),
            source,
        })
}

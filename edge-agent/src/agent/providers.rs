//! The payment providers behind fiscal modules: what callers may ask for, and the worker.

use std::sync::Arc;

use ferrotill_core::profile::{Profile, SealPlan};
use ferrotill_store::Reader;

use super::StartError;
use crate::api::service::Service;
use crate::clerk::ClerkHandle;
use crate::config::Config;
use crate::outbox::module_limits::ModuleLimits;
use crate::outbox::providers::{ProviderParts, ProviderThread, Providers};
use crate::seal::fiscal_module::Modules;

/// What callers may ask of payment providers, where the law asks for a fiscal module.
pub(super) fn for_callers(
    config: &Config,
    profile: &dyn Profile,
    modules: &Modules,
    (reader, clerk_handle): (&Reader, &ClerkHandle),
) -> Option<Arc<Providers>> {
    (profile.facts().seal_plan == SealPlan::FiscalModule).then(|| {
        Arc::new(Providers::new(
            modules.clone(),
            reader.clone(),
            Box::new(clerk_handle.clone()),
            config.fiscalbox.clone(),
        ))
    })
}

/// Starts the worker.
pub(super) fn start(
    config: &Config,
    service: &Service,
) -> Result<Option<ProviderThread>, StartError> {
    let Some(providers) = &service.providers else {
        return Ok(None);
    };
    let parts = ProviderParts {
        providers: Arc::clone(providers),
        reader: service.reader.clone(),
        config: config.fiscalbox.clone(),
        live_status: Arc::clone(&service.live_status),
        guard: Arc::clone(&service.guard),
    };
    let devices = config.devices.iter();
    let limits = ModuleLimits::new(
        service.modules.clone(),
        devices
            .map(|device| (device.id, device.name.clone()))
            .collect(),
        config.fiscalbox.stored_max,
        Arc::clone(&service.live_status),
        Arc::clone(&service.clock),
    );
    ProviderThread::start(parts, limits)
        .map(Some)
        .map_err(|source| StartError::Thread {
            name: "payments".to_owned(),
            source,
        })
}

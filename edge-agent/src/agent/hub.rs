//! The thread of the hub, on a till that has one.

use std::sync::Arc;

use ferrotill_store::Reader;

use super::{StartError, outbox_seed};
use crate::api::readiness::part_of;
use crate::api::service::Service;
use crate::config::Config;
use crate::outbox::hub::{HubParts, HubPlace, HubThread};

/// Starts the thread if the configuration names a hub. A till that another machine has taken over learns it from its folder.
pub(super) fn start(
    config: &Config,
    service: &Arc<Service>,
) -> Result<Option<HubThread>, StartError> {
    let folder = &config.till.data_dir;
    let place = HubPlace::read(folder).ok().flatten();
    if let Some(newer) = place.and_then(|place| place.taken_over)
        && newer > epoch_of(&service.reader)?
    {
        let now_ms = service.guard.now().utc_ms;
        service.live_status.taken_over(now_ms, newer);
    }
    let Some(hub) = &config.hub else {
        return Ok(None);
    };
    let parts = HubParts {
        config: hub.clone(),
        folder: folder.clone(),
        profile: service.profile,
        devices: config.devices.iter().map(|device| device.id).collect(),
        seed: outbox_seed(config),
        reader: service.reader.clone(),
        live_status: Arc::clone(&service.live_status),
        clock: Arc::clone(&service.clock),
        guard: Arc::clone(&service.guard),
        part_of,
    };
    HubThread::start(parts)
        .map(Some)
        .map_err(|source| StartError::Thread {
            name: "hub".to_owned(),
            source,
        })
}

/// How often the folder was restored, plus 1.
fn epoch_of(reader: &Reader) -> Result<u32, StartError> {
    let restores = reader.restores()?;
    let count = u32::try_from(restores.len()).unwrap_or(u32::MAX);
    Ok(count.saturating_add(1))
}

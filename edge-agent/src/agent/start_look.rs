//! Whether the agent would start with a configuration and its data folder: the refusals of a start, found without changing anything.

use std::collections::BTreeSet;

use ferrotill_core::profile::Profile;
use ferrotill_store::{FolderLook, Founding, KnownDevices, look_at_folder};

use super::{
    StartError, add_registers, check, refuse_number_twice, refuse_unassigned_number, zone_clock,
};
use crate::config::Config;
use crate::config::adopt;

/// Looks whether the agent would start, while one may run. Returns what was seen in the data folder.
///
/// # Errors
///
/// The [`StartError`] with which a start would be refused.
pub fn look_at_start(config: &Config) -> Result<FolderLook, StartError> {
    let profile = check(config)?;
    let clock = zone_clock(config, profile)?;
    let folder = &config.till.data_dir;
    let mut look = FolderLook::default();
    if folder.is_dir() {
        let founding = Founding::new(profile.facts(), config.till.mode, clock.now());
        look = look_at_folder(folder, &founding)?;
    }
    if let Some(epoch) = look.unaccepted_restore {
        return Err(StartError::LossNotAccepted { epoch });
    }
    let unknown = KnownDevices::default();
    let known = look.devices.as_ref();
    look_at_devices(config, profile, known.unwrap_or(&unknown), known.is_some())?;
    Ok(look)
}

fn look_at_devices(
    config: &Config,
    profile: &dyn Profile,
    known: &KnownDevices,
    is_known: bool,
) -> Result<(), StartError> {
    let mut config = config.clone();
    add_registers(&mut config, &known.resources);
    for device in &config.devices {
        adopt::configuration(device, profile.facts())?;
    }
    let identities = adopt::identities(&config, &known.identities);
    refuse_number_twice(&config, &identities)?;
    if is_known {
        let with_documents: BTreeSet<_> = known.with_documents.iter().copied().collect();
        let known = (known.identities.as_slice(), &with_documents);
        refuse_unassigned_number(&config, known, &identities)?;
    }
    Ok(())
}

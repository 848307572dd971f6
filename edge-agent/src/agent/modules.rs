//! The fiscal modules of a start: one for each device whose address names one.

use std::sync::Arc;
use std::time::Duration;

use ferrotill_core::profile::{Profile, SealPlan};

use super::StartError;
use crate::config::{Config, Device, Mode};
use crate::explanation::Explanation;
use crate::seal::fiscal_module::Modules;
use crate::seal::fiscal_module::http::HttpModule;
use crate::seal::fiscal_module::software::{SoftwareModule, SoftwareOptions};
use crate::seal::fiscal_module::statuses::Generation;
use crate::time::clock::Clock;

/// The address of the module in software.
const SOFTWARE: &str = "module:software";
/// What the address of a FiscalBox device begins with.
const FISCALBOX: &str = "fiscalbox+";
/// How long an answer of a device is waited for.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Checks the address of a device whose law asks for a fiscal module.
pub(super) fn check_uri(uri: &str, mode: Mode) -> Result<(), String> {
    match (uri, mode) {
        (SOFTWARE, Mode::Test) => Ok(()),
        (SOFTWARE, Mode::Live) => {
            Err("the module in software is for TEST tills only; its receipts are worth nothing".to_owned())
        }
        _ => match uri.strip_prefix(FISCALBOX) {
            Some(url) if url.starts_with("http://") => Ok(()),
            _ => Err(
                "the law asks for a fiscal module: write fiscalbox+http://host:port, or module:software on a TEST till"
                    .to_owned(),
            ),
        },
    }
}

/// Opens the modules of all devices.
pub(super) fn open(
    config: &Config,
    profile: &dyn Profile,
    clock: &Arc<Clock>,
) -> Result<Modules, StartError> {
    let mut modules = Modules::default();
    if profile.facts().seal_plan != SealPlan::FiscalModule {
        return Ok(modules);
    }
    for device in &config.devices {
        match device.uri.strip_prefix(FISCALBOX) {
            Some(url) => modules.add(device.id, Arc::new(HttpModule::new(url, TIMEOUT))),
            None => modules.add_simulated(device.id, Arc::new(software(config, device, clock)?)),
        }
    }
    Ok(modules)
}

/// The module in software of a device. Its memory is a file of the data folder.
fn software(
    config: &Config,
    device: &Device,
    clock: &Arc<Clock>,
) -> Result<SoftwareModule, StartError> {
    let file = config
        .till
        .data_dir
        .join(format!("module-{}.json", device.id));
    let digits = device
        .id
        .as_u128()
        .checked_rem(1_000_000_000_000)
        .unwrap_or(0);
    let options = SoftwareOptions {
        terminal: format!("UZ{digits:012}"),
        generation: Generation::Decimal,
        stored_max: config.fiscalbox.stored_max,
        file: Some(file.clone()),
    };
    SoftwareModule::open(options, Arc::clone(clock)).map_err(|error| {
        StartError::Module(Box::new(Explanation::new(
            "the memory of the fiscal module in software cannot be read",
            file.display().to_string(),
            error.to_string(),
            "put a copy of the file back, or remove it and begin with a new data folder",
        )))
    })
}

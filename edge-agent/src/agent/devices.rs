//! The devices of a start: what the clerk knows of each, and the threads of their printers and fiscal modules.

use std::sync::Arc;

use ferrotill_core::profile::Profile;
use ferrotill_device::driver::{self, DriverUri};
use ferrotill_device::printer::FiscalPrinter;
use ferrotill_store::DeviceIdentity;
use uuid::Uuid;

use super::StartError;
use crate::clerk::{ClerkHandle, DevicePlan};
use crate::config::adopt;
use crate::config::{Config, Device, Mode};
use crate::seal::fiscal_module::{ModuleDriver, Modules};
use crate::seal::printer::PrinterTask;
use crate::time::clock::Clock;

/// What the clerk needs to know about each device; the printers' threads are started here.
pub(super) fn device_plans(
    config: &Config,
    profile: &dyn Profile,
    identities: Vec<DeviceIdentity>,
    (clerk_handle, clock): (&ClerkHandle, &Arc<Clock>),
    modules: &Modules,
) -> Result<Vec<DevicePlan>, StartError> {
    let plan = |(device, identity): (&Device, DeviceIdentity)| {
        let uri = DriverUri::parse(&device.uri).ok();
        Ok(DevicePlan {
            device: device.id,
            configuration: adopt::configuration(device, profile.facts())?,
            identity,
            printer: match modules.of(device.id) {
                Some(module) => {
                    let driver = ModuleDriver::new(Arc::clone(module), Arc::clone(clock));
                    start_thread(device, Box::new(driver), clerk_handle, clock)?
                }
                None => start_printer(device, config.till.mode, clerk_handle, clock)?,
            },
            point_of_sale: device
                .points_of_sale
                .first()
                .map_or_else(Uuid::nil, |point| point.id),
            serial: uri.and_then(|uri| uri.serial().map(str::to_owned)),
        })
    };
    config.devices.iter().zip(identities).map(plan).collect()
}

/// Starts the printer's thread of a device. A device without a printer gets a task that does nothing.
fn start_printer(
    device: &Device,
    mode: Mode,
    clerk_handle: &ClerkHandle,
    clock: &Arc<Clock>,
) -> Result<PrinterTask, StartError> {
    // `check` has already refused printer addresses that cannot be parsed, so the only other value is `none`.
    let Ok(uri) = DriverUri::parse(&device.uri) else {
        return Ok(PrinterTask::none());
    };
    let printer = match mode {
        Mode::Live => driver::open_fiscal_only(&uri),
        Mode::Test => driver::open(&uri),
    };
    start_thread(device, printer, clerk_handle, clock)
}

/// Starts the thread of a printer or of a fiscal module.
fn start_thread(
    device: &Device,
    printer: Box<dyn FiscalPrinter>,
    clerk_handle: &ClerkHandle,
    clock: &Arc<Clock>,
) -> Result<PrinterTask, StartError> {
    PrinterTask::start(
        &device.name,
        printer,
        clerk_handle.listener(device.id),
        Arc::clone(clock),
    )
    .map_err(|source| StartError::Thread {
        name: format!("printer {}", device.name),
        source,
    })
}

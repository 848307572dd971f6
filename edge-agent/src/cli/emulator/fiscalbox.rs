//! A FiscalBox device over HTTP: its API at the root, and the switches of its module under `/sim`.

use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use super::EmulatorArguments;
use crate::api::origin::with_guarded_switches;
use crate::api::sim;
use crate::cli::{CliFailure, CliOutput, Exit, listen, runtime, stopped};
use crate::explanation::Explanation;
use crate::object;
use crate::seal::fiscal_module::software::{STORED_HOURS_MAX, SoftwareModule, SoftwareOptions};
use crate::seal::fiscal_module::statuses::Generation;
use crate::simulator::fiscalbox::router;
use crate::simulator::tax_office::serve_router;
use crate::time::clock::Clock;

/// The name of the family.
pub(super) const FAMILY: &str = "fiscalbox";
/// The number of the emulated module.
const TERMINAL: &str = "UZ170703100189";
/// The programs of modules, by the names of `--firmware`; the first one is used without it.
const FIRMWARE: [(&str, Generation); 2] = [
    ("applet-3", Generation::Decimal),
    ("applet-4", Generation::Text),
];
/// The time zone of the device's clock, without `--time-zone`.
const TIME_ZONE: &str = "Asia/Tashkent";

pub(super) fn run(arguments: &EmulatorArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let module = Arc::new(open(arguments)?);
    let Some(address) = arguments.listen else {
        return Err(usage(
            "--listen: is needed and missing; write the address at which the device listens, such as 127.0.0.1:8080",
        ));
    };
    runtime()?.block_on(async {
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(CliFailure::failed)?;
        let url = format!("http://{address}");
        output.text(&format!("an emulated FiscalBox device is at {url}"));
        output.json(&object! {
            "ready" => true,
            "printer" => format!("{FAMILY}+{url}"),
            "url" => url.as_str(),
        });
        let switches = sim::module::router(Some(Arc::clone(&module)))
            .merge(sim::providers::router(Some(Arc::clone(&module))));
        let routes = with_guarded_switches(switches.merge(router(module)));
        serve_router(listener, routes, stopped()).await;
        Ok(Exit::Done)
    })
}

fn usage(text: &str) -> CliFailure {
    CliFailure::new(Exit::Usage, anyhow!("{text}"))
}

fn open(arguments: &EmulatorArguments) -> Result<SoftwareModule, CliFailure> {
    if arguments.link.is_some() || arguments.tcp.is_some() || arguments.baud.is_some() {
        return Err(usage(
            "--family fiscalbox: the device is reached over HTTP alone; leave --link, --tcp and --baud out",
        ));
    }
    let name = arguments.firmware.as_deref().unwrap_or(FIRMWARE[0].0);
    let known = FIRMWARE.iter().find(|(known, _)| *known == name);
    let Some((_, generation)) = known else {
        let names = FIRMWARE.map(|(known, _)| known).join(", ");
        return Err(usage(&format!(
            "--firmware {name}: fiscalbox has no such firmware; allowed: {names}"
        )));
    };
    let zone = arguments.time_zone.as_deref().unwrap_or(TIME_ZONE);
    let clock = Clock::new(Some(zone)).map_err(|error| {
        usage(&format!(
            "--time-zone: {error}; give a name such as {TIME_ZONE}"
        ))
    })?;
    let options = SoftwareOptions {
        terminal: TERMINAL.to_owned(),
        generation: *generation,
        stored_max: Duration::from_secs(STORED_HOURS_MAX.saturating_mul(3_600)),
        file: arguments.memory.clone(),
    };
    SoftwareModule::open(options, Arc::new(clock)).map_err(|error| {
        let place = arguments
            .memory
            .as_deref()
            .map_or_else(String::new, |path| path.display().to_string());
        let explained = Explanation::new(
            "the memory of the emulated device cannot be read",
            place,
            error.to_string(),
            "give --memory the file of an earlier run, or a file that does not exist",
        );
        CliFailure::failed(anyhow!("{explained}"))
    })
}

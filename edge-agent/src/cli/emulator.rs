//! `emulator`: an emulated printer, or an emulated device with a fiscal module, in a process of its own.

mod fiscalbox;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use ferrotill_device::emulator::{Family, INVERSIONS, Rig, RigOptions};

use super::{CliFailure, CliOutput, Exit, listen, log, runtime, stopped};
use crate::api::json::JsonValue;
use crate::api::origin::with_guarded_switches;
use crate::api::sim;
use crate::explanation::Explanation;
use crate::listener::{ConnectionLimits, serve};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `emulator`.
#[derive(Debug, Args)]
pub struct EmulatorArguments {
    /// The printer's family.
    #[arg(long)]
    family: String,
    /// The firmware whose forms the printer answers in; without it, those of the maker's newest manual.
    #[arg(long, value_name = "NAME")]
    firmware: Option<String>,
    /// The path at which the printer's pseudo-terminal appears. A device with a fiscal module needs none.
    #[arg(long)]
    link: Option<PathBuf>,
    /// The address on which the printer listens for its host, instead of a pseudo-terminal.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "link")]
    tcp: Option<SocketAddr>,
    /// The address of the simulator's switches; without it there are none. A device with a fiscal module has its API there too.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// The file that keeps the fiscal memory over restarts.
    #[arg(long)]
    memory: Option<PathBuf>,
    /// The time zone of the printer's clock, an IANA name such as `Europe/Chisinau`; without it the machine's own.
    #[arg(long, value_name = "NAME")]
    time_zone: Option<String>,
    /// The printer reports that it is not fiscalised, as `printer certify` needs it.
    #[arg(long)]
    not_fiscalised: bool,
    /// Names of inferences that the printer turns round, for tests of `printer certify`.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', hide = true)]
    inverted: Vec<String>,
    /// Sends and receives bytes as slowly as a serial line of this speed.
    #[arg(long)]
    baud: Option<u32>,
}

impl EmulatorArguments {
    /// The path or the address at which the printer is asked to appear.
    fn place(&self) -> String {
        match (&self.link, self.tcp) {
            (Some(link), _) => link.display().to_string(),
            (None, Some(address)) => address.to_string(),
            (None, None) => String::new(),
        }
    }
}

pub(super) fn run(arguments: &EmulatorArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::INFO);
    if arguments.family == fiscalbox::FAMILY {
        return fiscalbox::run(arguments, output);
    }
    if arguments.link.is_none() && arguments.tcp.is_none() {
        let text = anyhow!(
            "--link: is needed and missing; write the path at which the printer appears, or --tcp with an address"
        );
        return Err(CliFailure::new(Exit::Usage, text));
    }
    let rig = Arc::new(start_rig(arguments)?);
    let place = match rig.address() {
        Some(address) => address.to_string(),
        None => arguments.place(),
    };
    runtime()?.block_on(async {
        let listener = match arguments.listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let url = match &listener {
            Some(listener) => JsonValue::from(format!(
                "http://{}",
                listener.local_addr().map_err(CliFailure::failed)?
            )),
            None => JsonValue::Null,
        };
        output.text(&format!(
            "an emulated {} printer is at {place}",
            arguments.family
        ));
        output.json(&object! { "ready" => true, "printer" => place, "url" => url });
        match listener {
            Some(listener) => {
                serve(
                    listener,
                    with_guarded_switches(sim::printer::router(rig)),
                    ConnectionLimits::default(),
                    stopped(),
                )
                .await
            }
            None => stopped().await,
        }
        Ok(Exit::Done)
    })
}

fn start_rig(arguments: &EmulatorArguments) -> Result<Rig, CliFailure> {
    let Some(family) = Family::parse(&arguments.family) else {
        let text = anyhow!(
            "--family {}: this build has no such family; allowed: {}, {}",
            arguments.family,
            Family::NAMES.join(", "),
            fiscalbox::FAMILY
        );
        return Err(CliFailure::new(Exit::Usage, text));
    };
    if arguments.baud == Some(0) {
        let text = anyhow!("--baud 0: a speed is at least 1; leave --baud out for full speed");
        return Err(CliFailure::new(Exit::Usage, text));
    }
    if let Some(firmware) = &arguments.firmware
        && !family.firmware().contains(&firmware.as_str())
    {
        let text = anyhow!(
            "--firmware {firmware}: {} has no such firmware; allowed: {}",
            arguments.family,
            family.firmware().join(", ")
        );
        return Err(CliFailure::new(Exit::Usage, text));
    }
    let mut inverted = arguments.inverted.iter();
    if let Some(unknown) = inverted.find(|name| !INVERSIONS.contains(&name.as_str())) {
        let text = anyhow!(
            "--inverted {unknown}: no inference has this name; allowed: {}",
            INVERSIONS.join(", ")
        );
        return Err(CliFailure::new(Exit::Usage, text));
    }
    let clock = Clock::new(arguments.time_zone.as_deref()).map_err(|error| {
        let text = anyhow!("--time-zone: {error}; give a name such as Europe/Chisinau");
        CliFailure::new(Exit::Usage, text)
    })?;
    let options = RigOptions {
        family,
        firmware: arguments.firmware.clone(),
        memory: arguments.memory.clone(),
        baud: arguments.baud,
        clock: Some(Arc::new(move || clock.local_s())),
        tcp: arguments.tcp,
        fiscalised: !arguments.not_fiscalised,
        inverted: arguments.inverted.clone(),
        ..RigOptions::new(arguments.link.clone().unwrap_or_default())
    };
    Rig::start(options).map_err(|error| {
        let fix = if arguments.link.is_some() {
            "give --link a path in a folder that exists, at which nothing is"
        } else {
            "give --tcp an address of this machine at which nothing listens"
        };
        let what = "the emulated printer cannot appear";
        let explained = Explanation::new(what, arguments.place(), error.to_string(), fix);
        CliFailure::failed(anyhow!("{explained}"))
    })
}

//! `emulator`: a stand-alone emulated printer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ferrotill_device::emulator::{Family, Rig, RigOptions};

use super::{CliFailure, Exit, Voice, listen, log, runtime, stopped};
use crate::api::json::JsonValue;
use crate::api::sim;
use crate::listener::{ConnectionLimits, serve};
use crate::object;
use crate::time::clock::Clock;

/// What `emulator` takes.
#[derive(Debug, Args)]
pub struct EmulatorArguments {
    /// The printer's family.
    #[arg(long)]
    family: String,
    /// Where the port appears.
    #[arg(long, required_unless_present = "tcp")]
    link: Option<PathBuf>,
    /// Listens here for the host, instead of a port.
    #[arg(long, value_name = "ADDRESS", conflicts_with = "link")]
    tcp: Option<SocketAddr>,
    /// Serves the simulator's switches here.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Keeps its fiscal memory in this file over restarts.
    #[arg(long)]
    memory: Option<PathBuf>,
    /// Paces bytes as a real line of this speed does.
    #[arg(long)]
    baud: Option<u32>,
}

pub(super) fn run(arguments: &EmulatorArguments, voice: Voice) -> Result<Exit, CliFailure> {
    log(tracing::Level::INFO);
    let Some(family) = Family::parse(&arguments.family) else {
        let words = format!(
            "--family {}: is not a family of this build; allowed: {}",
            arguments.family,
            Family::NAMES.join(", ")
        );
        return Err(CliFailure::new(Exit::Usage, anyhow::anyhow!(words)));
    };
    if arguments.baud == Some(0) {
        return Err(CliFailure::new(
            Exit::Usage,
            anyhow::anyhow!("--baud 0: is not a speed; leave it out for no pacing"),
        ));
    }
    let clock = Clock::new(None).map_err(CliFailure::failed)?;
    let options = RigOptions {
        family,
        memory: arguments.memory.clone(),
        baud: arguments.baud,
        clock: Some(Arc::new(move || clock.local_s())),
        tcp: arguments.tcp,
        ..RigOptions::new(arguments.link.clone().unwrap_or_default())
    };
    let rig = Rig::start(options).map_err(|error| {
        let place = match (&arguments.link, arguments.tcp) {
            (Some(link), _) => link.display().to_string(),
            (None, address) => address
                .map(|address| address.to_string())
                .unwrap_or_default(),
        };
        let words = format!("the emulated printer cannot appear at {place}");
        CliFailure::failed(anyhow::Error::new(error).context(words))
    })?;
    let place = match rig.address() {
        Some(address) => address.to_string(),
        None => arguments
            .link
            .clone()
            .unwrap_or_default()
            .display()
            .to_string(),
    };
    let rig = Arc::new(rig);
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
        voice.say(&format!(
            "an emulated {} printer is at {place}",
            arguments.family
        ));
        voice.json(&object! { "ready" => true, "printer" => place, "url" => url });
        match listener {
            Some(listener) => {
                serve(
                    listener,
                    sim::printer::router(rig),
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

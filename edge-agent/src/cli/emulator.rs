//! `emulator`: a stand-alone emulated printer.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use ferrotill_device::emulator::{Family, Rig, RigOptions};

use super::{Exit, Failure, Voice, listen, log, runtime, stopped};
use crate::api::json::JsonValue;
use crate::api::sim;
use crate::listener::{Limits, serve};
use crate::object;
use crate::time::clock::Clock;

/// What `emulator` takes.
#[derive(Debug, Args)]
pub struct EmulatorArguments {
    /// The printer's family.
    #[arg(long)]
    family: String,
    /// Where the port appears.
    #[arg(long)]
    link: PathBuf,
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

pub(super) fn run(arguments: &EmulatorArguments, voice: Voice) -> Result<Exit, Failure> {
    log(tracing::Level::INFO);
    let Some(family) = Family::parse(&arguments.family) else {
        let words = format!(
            "--family {}: is not a family of this build; allowed: {}",
            arguments.family,
            Family::NAMES.join(", ")
        );
        return Err(Failure::new(Exit::Usage, anyhow::anyhow!(words)));
    };
    if arguments.baud == Some(0) {
        return Err(Failure::new(
            Exit::Usage,
            anyhow::anyhow!("--baud 0: is not a speed; leave it out for no pacing"),
        ));
    }
    let clock = Clock::new(None).map_err(Failure::failed)?;
    let options = RigOptions {
        family,
        memory: arguments.memory.clone(),
        baud: arguments.baud,
        clock: Some(Arc::new(move || clock.local_s())),
        ..RigOptions::new(arguments.link.clone())
    };
    let rig = Rig::start(options).map_err(|error| {
        let words = format!(
            "the emulated printer cannot appear at {}",
            arguments.link.display()
        );
        Failure::failed(anyhow::Error::new(error).context(words))
    })?;
    let rig = Arc::new(rig);
    runtime()?.block_on(async {
        let listener = match arguments.listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let url = match &listener {
            Some(listener) => JsonValue::from(format!(
                "http://{}",
                listener.local_addr().map_err(Failure::failed)?
            )),
            None => JsonValue::Null,
        };
        let link = arguments.link.display().to_string();
        voice.say(&format!(
            "an emulated {} printer is at {link}",
            arguments.family
        ));
        voice.json(&object! { "ready" => true, "printer" => link, "url" => url });
        match listener {
            Some(listener) => {
                serve(
                    listener,
                    sim::printer::router(rig),
                    Limits::default(),
                    stopped(),
                )
                .await
            }
            None => stopped().await,
        }
        Ok(Exit::Done)
    })
}

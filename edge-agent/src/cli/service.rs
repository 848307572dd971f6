//! `run`: the service.

use std::path::PathBuf;

use clap::Args;

use super::{CliFailure, Exit, Voice, default_config, listen, log, runtime, stopped};
use crate::agent::Agent;
use crate::config::{Config, Overrides};
use crate::listener::{ConnectionLimits, serve};
use crate::object;

/// What `run` takes.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// Listens here instead of at the configured address.
    #[arg(long)]
    listen: Option<String>,
    /// Keeps the books here instead of in the configured folder.
    #[arg(long)]
    data: Option<PathBuf>,
}

pub(super) fn run(arguments: &RunArguments, voice: Voice) -> Result<Exit, CliFailure> {
    log(tracing::Level::INFO);
    if let Err(error) = keep_memory_private() {
        tracing::warn!(
            "core dumps cannot be switched off ({error}); see to it that they are kept private"
        );
    }
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: arguments.data.clone(),
    };
    let config = Config::load(&arguments.config, &overrides)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let address = config.api.listen;
    let runtime = runtime()?;
    runtime.block_on(async {
        // The address first: a second agent must not touch the books.
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(CliFailure::failed)?;
        let agent = Agent::start(config, None)?;
        voice.say(&format!("ferrotill serves http://{address}"));
        voice.json(&object! { "ready" => true, "url" => format!("http://{address}") });
        serve(
            listener,
            agent.router(),
            ConnectionLimits::default(),
            stopped(),
        )
        .await;
        Ok(Exit::Done)
    })
}

/// The memory holds the callers' secrets and the key of the journal: no core file is written of it, and no other process of this
/// user looks into it. The limit alone would not do where cores go to a program.
fn keep_memory_private() -> nix::Result<()> {
    nix::sys::prctl::set_dumpable(false)?;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn nobody_looks_into_the_memory() {
        super::keep_memory_private().unwrap();
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}

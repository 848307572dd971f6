//! `run`: the service.

use std::path::PathBuf;

use clap::Args;

use super::{CliFailure, CliOutput, Exit, default_config, listen, log, runtime, stopped};
use crate::agent::{Agent, StartDecisions};
use crate::config::{Config, Overrides};
use crate::listener::{ConnectionLimits, serve};
use crate::object;

/// The arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address to listen on, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
    /// The data folder, instead of the configured one.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Confirms, once, that a data folder which an older program has written is for the country, the currency and the mode of the
    /// configuration.
    #[arg(long)]
    take_over: bool,
    /// Begins new books in a data folder whose database or key is lost; what is left of the old ones is kept beside.
    #[arg(long)]
    new_books: bool,
}

pub(super) fn run(arguments: &RunArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::INFO);
    if let Err(error) = keep_memory_private() {
        tracing::warn!(
            "core dumps cannot be switched off ({error}); make sure that only root can read them"
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
    let decisions = StartDecisions {
        take_over: arguments.take_over,
        new_books: arguments.new_books,
    };
    let address = config.api.listen;
    let runtime = runtime()?;
    runtime.block_on(async {
        // The address comes first: a second agent fails here, before it opens the store.
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(CliFailure::failed)?;
        let agent = Agent::start_with(config, None, decisions)?;
        output.text(&format!("ferrotill serves http://{address}"));
        output.json(&object! { "ready" => true, "url" => format!("http://{address}") });
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

/// Forbids core dumps, and access to this process's memory by other processes of the same user: the memory contains the callers'
/// secrets and the journal's key. The limit of core files alone is not enough, because the system may pass core dumps to a program.
fn keep_memory_private() -> nix::Result<()> {
    nix::sys::prctl::set_dumpable(false)?;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_process_cannot_be_dumped() {
        super::keep_memory_private().unwrap();
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}

//! `run`: the service.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use axum::Router;
use clap::Args;
use zeroize::Zeroizing;

use super::person::{FIRST_PERSON, first_person};
use super::reload::{self, ReloadSource};
use super::{CliFailure, CliOutput, Exit, default_config, listen, log, runtime, stopped};
use crate::agent::{Agent, StartDecisions, service_manager};
use crate::api::json::JsonValue;
use crate::config::{Config, ExplainedConfig, Overrides, WrittenKeys};
use crate::people::People;

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
    let explained = Config::explain(&arguments.config, &overrides, std::env::vars_os())?;
    let source = ReloadSource {
        file: arguments.config.clone(),
        overrides,
        written: WrittenKeys::of(&explained.keys),
    };
    let ExplainedConfig { config, keys } = explained;
    drop(keys);
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let decisions = StartDecisions {
        take_over: arguments.take_over,
        new_books: arguments.new_books,
    };
    let address = config.api.listen;
    let pin = first_pin(&config);
    let runtime = runtime()?;
    runtime.block_on(async {
        let hangups = reload::signals();
        // The address comes first: a second agent fails here, before it opens the store.
        let listener = listen(address).await?;
        let address = listener.local_addr().map_err(CliFailure::failed)?;
        let agent = Agent::start_with(config, None, decisions)?;
        let tls_url = agent.has_tls().then(|| format!("https://{address}"));
        output.text(&match &tls_url {
            Some(tls_url) => {
                format!("ferrotill serves {tls_url}, and http://{address} to this machine")
            }
            None => format!("ferrotill serves http://{address}"),
        });
        if let Some(pin) = &pin {
            output.text(&format!(
                "the dashboard is at http://{address}/; sign in as {FIRST_PERSON} with the PIN {}, and change it",
                &**pin
            ));
        }
        let mut ready = vec![
            ("ready".into(), true.into()),
            ("url".into(), format!("http://{address}").into()),
        ];
        ready.extend(tls_url.map(|tls_url| ("tls_url".into(), tls_url.into())));
        output.json(&JsonValue::Object(ready));
        service_manager::ready();
        let stopped = async {
            stopped().await;
            service_manager::stopping();
        };
        tokio::select! {
            () = agent.serve(listener, Router::new(), stopped) => {}
            () = reload::at_each_signal(hangups, &agent, source) => {}
        }
        Ok(Exit::Done)
    })
}

/// The PIN of the first person, if this start makes one: only where a person reads it, and never in the journal of the system.
fn first_pin(config: &Config) -> Option<Zeroizing<String>> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    first_person(&People::new(config.ui.people_file.clone()))
        .inspect_err(|error| tracing::warn!("no person can sign in at the dashboard yet: {error}"))
        .ok()?
}

/// Forbids core dumps, and access to this process's memory by other processes of the same user: the memory contains the callers'
/// secrets and the journal's key. The limit of core files alone is not enough, because the system may pass core dumps to a program.
fn keep_memory_private() -> nix::Result<()> {
    nix::sys::prctl::set_dumpable(false)?;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0)
}

#[cfg(test)]
mod tests {
    use crate::cli::Exit;

    const UNIT: &str = include_str!("../../packaging/ferrotill.service");

    #[test]
    fn the_unit_restarts_for_ever_but_not_with_a_faulty_configuration() {
        let settings: Vec<&str> = UNIT.lines().map(str::trim).collect();
        for setting in [
            "Restart=always",
            "StartLimitIntervalSec=0",
            "RestartPreventExitStatus=3 9",
        ] {
            assert!(settings.contains(&setting), "{setting}");
        }
        assert_eq!(
            std::process::ExitCode::from(Exit::Configuration),
            std::process::ExitCode::from(3)
        );
        // The limit of starts belongs to the unit, the others to the service.
        let (unit, service) = UNIT.split_once("[Service]").unwrap();
        assert!(unit.contains("StartLimitIntervalSec=0"));
        assert!(service.contains("RestartPreventExitStatus=3 9"));
    }

    /// The exposure that the first comment of the unit names is the one that systemd computes.
    #[test]
    fn the_comment_on_exposure_is_true() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/packaging/ferrotill.service");
        let arguments = ["security", "--no-pager", "--offline=true", file];
        let Ok(output) = std::process::Command::new("systemd-analyze")
            .args(arguments)
            .output()
        else {
            // Nothing to compare with: there is no systemd here.
            return;
        };
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().unwrap_or_default();
        let (_, exposure) = last
            .split_once("ferrotill.service: ")
            .unwrap_or_else(|| panic!("{text}"));
        let exposure = exposure.split_whitespace().next().unwrap();
        let claimed = format!("its exposure is at most {exposure}.");
        assert!(UNIT.contains(&claimed), "{last}: {claimed}");
    }

    #[test]
    fn the_process_cannot_be_dumped() {
        super::keep_memory_private().unwrap();
        assert!(!nix::sys::prctl::get_dumpable().unwrap());
    }
}

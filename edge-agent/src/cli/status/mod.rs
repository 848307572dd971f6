//! `status`: whether the till can sell, part by part, and what to do if it cannot.
//!
//! The running agent is asked first. Where none runs, the data folder says how far the till has come.

mod of_folder;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::client::{Client, no_answer, url_of};
use super::{CliFailure, CliOutput, Exit, default_config, log, shop_clock};
use crate::api::json::JsonValue;
use crate::api::readiness::{TillPart, TillState};
use crate::config::{Config, Overrides, Secret};
use crate::object;
use crate::time::clock::Clock;
use ferrotill_store::Reader;

/// The arguments of `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
    /// The data folder, instead of the configured one.
    #[arg(long)]
    data: Option<PathBuf>,
}

fn exit(state: &TillState) -> Exit {
    match (state.runs, state.hindrance()) {
        (false, _) => Exit::NotRunning,
        (true, None) => Exit::Done,
        (true, Some(_)) => Exit::Failed,
    }
}

fn print(state: &TillState, output: CliOutput) {
    output.json(&object! {
        "ready" => state.hindrance().is_none(),
        "says" => state.first_line(),
        "running" => state.runs,
        "mode" => state.mode.clone(),
        "parts" => JsonValue::Array(state.parts.iter().map(TillPart::json).collect()),
    });
    if output.json {
        return;
    }
    output.text(&state.first_line());
    for part in &state.parts {
        let mark = if part.ok { "ok" } else { "!!" };
        output.text(&format!("  {mark}  {:<12} {}", part.part, part.says));
        if let Some(fix) = &part.fix {
            output.text(&format!("                   what to do: {fix}"));
        }
    }
}

pub(super) fn run(arguments: &StatusArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::ERROR);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: arguments.data.clone(),
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    // No question of this command needs a signature.
    let client = Client::new(url.clone(), "", Secret::new(String::new()), None, clock).hurried();
    let shop_clock = shop_clock(&config)?;
    let state = match of_agent(&client, &config, &url, &shop_clock) {
        Ok(state) => state,
        Err(error) => {
            let failure = no_answer(&url, error, "ask again");
            if failure.code != Exit::NotRunning {
                return Err(failure);
            }
            of_folder::state(&config, &url, &shop_clock)
        }
    };
    print(&state, output);
    Ok(exit(&state))
}

/// The state of the till whose agent answers this client.
fn of_agent(
    client: &Client,
    config: &Config,
    url: &str,
    shop_clock: &Clock,
) -> anyhow::Result<TillState> {
    let (ready, reason) = client.line("/readyz")?;
    let health = client.look("/healthz")?.body;
    let not_ready = (ready != 200).then_some(reason);
    let reader = Reader::new(&config.till.data_dir);
    Ok(TillState::of_health(
        url,
        not_ready,
        &health,
        &config.devices,
        &reader,
        shop_clock,
    ))
}

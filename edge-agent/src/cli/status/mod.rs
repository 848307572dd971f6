//! `status`: whether the till can sell, part by part, and what to do if it cannot.
//!
//! The running agent is asked first. Where none runs, the data folder says how far the till has come.

mod of_agent;
mod of_folder;

pub(super) use of_agent::parts_of_health;
pub(super) use of_folder::shift as shift_in_words;

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use uuid::Uuid;

use super::client::{Client, no_answer, url_of};
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides, Secret};
use crate::object;
use crate::time::clock::Clock;

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

/// One part of the till.
#[derive(Debug)]
pub(super) struct TillPart {
    /// The part's name.
    pub(super) part: &'static str,
    /// The device that the part belongs to; `None` if it belongs to the whole till.
    device: Option<Uuid>,
    /// False if a person has to do something about the part.
    ok: bool,
    /// The state of the part.
    pub(super) says: String,
    /// What a person should do.
    pub(super) fix: Option<String>,
    /// Why the till, or a device of it, cannot sell; `None` if this part does not hinder it.
    stops: Option<Hindrance>,
}

/// Why a till cannot sell, and what to do.
#[derive(Clone, Debug)]
struct Hindrance {
    why: String,
    fix: String,
}

impl TillPart {
    /// A part that is in order.
    fn good(part: &'static str, device: Option<Uuid>, says: impl Into<String>) -> Self {
        Self {
            part,
            device,
            ok: true,
            says: says.into(),
            fix: None,
            stops: None,
        }
    }

    /// A part because of which the till sells nothing.
    fn stopped(part: &'static str, why: impl Into<String>, fix: impl Into<String>) -> Self {
        let (why, fix) = (why.into(), fix.into());
        Self {
            ok: false,
            says: why.clone(),
            fix: Some(fix.clone()),
            stops: Some(Hindrance { why, fix }),
            ..Self::good(part, None, "")
        }
    }

    fn json(&self) -> JsonValue {
        object! {
            "part" => self.part,
            "device_id" => self.device,
            "ok" => self.ok,
            "says" => self.says.clone(),
            "fix" => self.fix.clone(),
        }
    }
}

/// The state of a till.
#[derive(Debug)]
struct TillState {
    /// The name of the till's mode, such as `TEST`.
    mode: String,
    /// Whether an agent runs.
    runs: bool,
    parts: Vec<TillPart>,
}

impl TillState {
    fn hindrance(&self) -> Option<&Hindrance> {
        self.parts.iter().find_map(|part| part.stops.as_ref())
    }

    /// The sentence for a person who wants to sell.
    fn first_line(&self) -> String {
        match self.hindrance() {
            None => "READY TO SELL".to_owned(),
            Some(Hindrance { why, fix }) => format!("NOT READY: {why}; {fix}"),
        }
    }

    fn exit(&self) -> Exit {
        match (self.runs, self.hindrance()) {
            (false, _) => Exit::NotRunning,
            (true, None) => Exit::Done,
            (true, Some(_)) => Exit::Failed,
        }
    }

    fn print(&self, output: CliOutput) {
        output.json(&object! {
            "ready" => self.hindrance().is_none(),
            "says" => self.first_line(),
            "running" => self.runs,
            "mode" => self.mode.clone(),
            "parts" => JsonValue::Array(self.parts.iter().map(TillPart::json).collect()),
        });
        if output.json {
            return;
        }
        output.text(&self.first_line());
        for part in &self.parts {
            let mark = if part.ok { "ok" } else { "!!" };
            output.text(&format!("  {mark}  {:<12} {}", part.part, part.says));
            if let Some(fix) = &part.fix {
                output.text(&format!("                   what to do: {fix}"));
            }
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
    let state = match of_agent::state(&client, &config, &url) {
        Ok(state) => state,
        Err(error) => {
            let failure = no_answer(&url, error, "ask again");
            if failure.code != Exit::NotRunning {
                return Err(failure);
            }
            of_folder::state(&config, &url)
        }
    };
    state.print(output);
    Ok(state.exit())
}

//! `clock set`: sends an operator's correction of the time to the running agent.

use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::client::{Client, Reply, exit_of, no_answer, url_of};
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides, Permission};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `clock`.
#[derive(Debug, Args)]
pub struct ClockArguments {
    #[command(subcommand)]
    command: ClockCommand,
}

/// What is done with the till's time.
#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Sets the time of the till. One of its clocks must show this time; the time goes back only between two shifts.
    Set(SetArguments),
}

#[derive(Debug, Args)]
struct SetArguments {
    /// The time with its zone, such as `2026-03-02T17:35:21+02:00`.
    #[arg(long, value_name = "TIME")]
    at: String,
    /// The name of the person who sets the time; it is stored in the journal and never deleted.
    #[arg(long)]
    by: String,
    /// The configuration file of the running agent.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
}

pub(super) fn run(arguments: &ClockArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let ClockCommand::Set(arguments) = &arguments.command;
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let client = Client::of_config(&config, Permission::Settings, url.clone(), clock)?;
    let body = object! { "at" => arguments.at.clone(), "by" => arguments.by.clone() };
    match client.post_own("/clock", &body.to_string()) {
        Ok(reply) => report(arguments, &reply, output),
        Err(error) => {
            let again = "read the time in /healthz before you send the correction again";
            Err(no_answer(&url, error, again))
        }
    }
}

/// Prints the agent's answer, and gives its exit code.
fn report(arguments: &SetArguments, reply: &Reply, output: CliOutput) -> Result<Exit, CliFailure> {
    let field = |name| reply.body.get(name).map_or("", JsonValue::scalar);
    if reply.status == 200 {
        output.json(&reply.body);
        output.text(&format!(
            "the time of the till is {}, as {} has set it",
            field("now"),
            arguments.by.trim()
        ));
        return Ok(Exit::Done);
    }
    let code = match field("error") {
        "NoClockAgrees" => Exit::Refused,
        error => exit_of(reply.status, error),
    };
    let (name, message) = (field("error"), field("message"));
    Err(CliFailure::refused_by_agent(code, name, message))
}

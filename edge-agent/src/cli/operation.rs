//! `op`: what became of a request id.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use uuid::Uuid;

use super::client::{Client, no_answer, url_of};
use super::ordering::field;
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides, Secret};
use crate::time::clock::Clock;

/// The arguments of `op`.
#[derive(Debug, Args)]
pub struct OperationArguments {
    /// The request id.
    id: Uuid,
    /// The configuration file of the running agent.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
}

pub(super) fn run(arguments: &OperationArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    // This question needs no signature.
    let client = Client::new(url.clone(), "", Secret::new(String::new()), None, clock);
    let reply = client
        .look(&format!("/operations/{}", arguments.id))
        .map_err(|error| no_answer(&url, error, "ask again"))?;
    let state = field(&reply.body, "state");
    let (error, message) = (field(&reply.body, "error"), field(&reply.body, "message"));
    let code = match (reply.status, state) {
        (200, "registered" | "not_registered") => Exit::Done,
        (_, "waiting" | "in_progress" | "unknown") => Exit::Unknown,
        (404, _) => {
            let text = format!(
                "nothing with the id {} was begun at this till: no document has it, and none waits; check the id, or send the request with it",
                arguments.id
            );
            return Err(CliFailure::refused_by_agent(
                Exit::Refused,
                "UnknownId",
                &text,
            ));
        }
        _ => return Err(CliFailure::refused_by_agent(Exit::Failed, error, message)),
    };
    output.json(&reply.body);
    if !output.json {
        print(arguments.id, &reply.body, output);
    }
    Ok(code)
}

/// Prints the operation for a person.
fn print(id: Uuid, body: &JsonValue, output: CliOutput) {
    let text = |path| field(body, path);
    output.text(&format!(
        "request {id}: {}",
        text("state").replace('_', " ")
    ));
    if !text("document.kind").is_empty() {
        let number = match text("document.number") {
            "" => String::new(),
            number => format!(" {number}"),
        };
        let kind = text("document.kind").replace('_', " ");
        output.text(&format!("  {kind}{number}: {}", text("document.amount")));
    }
    for member in ["reason", "what_to_do"] {
        if !text(member).is_empty() {
            output.text(&format!("  {}", text(member)));
        }
    }
    let list = |name| match body.get(name) {
        Some(JsonValue::Array(entries)) => entries.as_slice(),
        _ => &[],
    };
    for delivery in list("deliveries") {
        let refusal = match field(delivery, "refusal") {
            "" => String::new(),
            refusal => format!(": {refusal}"),
        };
        output.text(&format!(
            "  {}: {}{refusal}",
            field(delivery, "recipient"),
            field(delivery, "state").replace('_', " ")
        ));
    }
    for step in list("timeline") {
        output.text(&format!("  {} {}", field(step, "at"), field(step, "event")));
    }
}

//! `x` and `z`: order a report from the running agent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use uuid::Uuid;

use super::client::{Client, Reply, exit_of, no_answer, url_of};
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides, Permission};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `x` and `z`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// How many seconds to wait until the authority has acknowledged the report; by default the command does not wait.
    #[arg(long, default_value_t = 0, value_name = "SECONDS")]
    wait: u32,
    /// The id of the request, if an earlier command with this id is repeated.
    #[arg(long)]
    id: Option<Uuid>,
    /// The id of the device, instead of the first one of the configuration.
    #[arg(long, value_name = "ID")]
    device: Option<Uuid>,
    /// The configuration file of the running agent.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
}

/// A kind of report.
#[derive(Clone, Copy, Debug)]
pub(super) enum Report {
    X,
    Z,
}

pub(super) fn run(
    report: Report,
    arguments: &ReportArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let first = config.devices.first().map(|device| device.id);
    let client = Client::of_config(&config, Permission::Report, url.clone(), Arc::clone(&clock))?
        .on(arguments.device.or(first));
    let id = arguments.id.unwrap_or_else(Uuid::new_v4);
    let operation = match report {
        Report::X => "operations/intermediatetotals",
        Report::Z => "operations/closeday",
    };
    let failed = |error| {
        let again = format!("repeat the command with --id {id}, which is always safe");
        no_answer(&url, error, &again)
    };
    let body = object! { "id" => id }.to_string();
    let reply = client.post(operation, &body).map_err(failed)?;
    if reply.status != 200 {
        return Err(refused(id, &reply));
    }
    let data = reply.body.get("data").cloned().unwrap_or(JsonValue::Null);
    let field = |path| data.path(path).map_or("", JsonValue::scalar);
    output.text(&match report {
        Report::X => format!("X-report: {}", field("totalAmount")),
        Report::Z => format!(
            "Z-report {}: {}",
            field("additionalData.zNumber"),
            field("totalAmount")
        ),
    });
    if arguments.wait > 0 {
        let wait = Duration::from_secs(arguments.wait.into());
        if let Some(why) = not_acknowledged(&client, id, (&clock, wait)) {
            let text = anyhow!(
                "the report is sealed, and the authority has not acknowledged it within {} s: {why}; the till goes on sending it by itself",
                arguments.wait
            );
            return Err(CliFailure::new(Exit::NotAcknowledged, text));
        }
    }
    output.json(&data);
    Ok(Exit::Done)
}

/// The error when the agent has made no report.
fn refused(id: Uuid, reply: &Reply) -> CliFailure {
    let field = |name| reply.body.get(name).map_or("", JsonValue::scalar);
    let message = field("message");
    let code = match reply.state.as_str() {
        _ if matches!(reply.status, 401 | 403) => Exit::Configuration,
        "unknown" => Exit::Unknown,
        // A fault of the printer is told under this path, and every other refusal under the path of a field or a rule.
        "not_registered" if message.starts_with("printer: ") => Exit::NotPrinted,
        "" => exit_of(reply.status, field("errorType")),
        _ => Exit::Refused,
    };
    let message = match code {
        Exit::Unknown => format!("{message}; repeat the command with --id {id}"),
        _ => message.to_owned(),
    };
    CliFailure::refused_by_agent(code, field("errorType"), &message)
}

/// Asks until every recipient of the report has acknowledged it. After the wait returns why it is not acknowledged; `None` if it is.
fn not_acknowledged(
    client: &Client,
    id: Uuid,
    (clock, wait): (&Clock, Duration),
) -> Option<String> {
    let begun = clock.monotonic();
    loop {
        let why = missing_acknowledgement(client, id)?;
        let waited = clock.monotonic().saturating_duration_since(begun);
        if waited >= wait || why == LAID_ASIDE {
            return Some(why);
        }
        std::thread::sleep(PAUSE.min(wait.saturating_sub(waited)));
    }
}

/// Why not every recipient has acknowledged the report yet; `None` if each has. An answer that does not show the report is no
/// acknowledgement.
fn missing_acknowledgement(client: &Client, id: Uuid) -> Option<String> {
    let reply = match client.look(&format!("/operations/{id}")) {
        Ok(reply) => reply,
        Err(error) => return Some(format!("the agent does not answer: {error}")),
    };
    let deliveries = match reply.body.get("deliveries") {
        Some(JsonValue::Array(deliveries))
            if reply.status == 200 && reply.state == "registered" =>
        {
            deliveries
        }
        _ => return Some(format!("the agent does not show it: HTTP {}", reply.status)),
    };
    let text = |delivery: &JsonValue, member| {
        let value = delivery.get(member);
        value.map_or("", JsonValue::scalar).to_owned()
    };
    let missing = deliveries
        .iter()
        .find(|delivery| text(delivery, "state") != "acknowledged")?;
    let refusal = text(missing, "refusal");
    Some(if text(missing, "state") == "laid_aside" {
        LAID_ASIDE.to_owned()
    } else if refusal.is_empty() {
        "it has not answered".to_owned()
    } else {
        refusal
    })
}

/// Why a report that a person has laid aside is never acknowledged.
const LAID_ASIDE: &str = "a person has laid it aside, so it is not sent";
/// The pause between two questions whether the report is acknowledged.
const PAUSE: Duration = Duration::from_millis(100);

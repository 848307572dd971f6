//! `support bundle`: one file for the support, without secrets and without what buyers have bought.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::client::{Client, url_of};
use super::config::{error_document, value_document};
use super::doctor;
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{
    Config, ExplainedConfig, KeyInForce, Overrides, Secret, ShownValue, without_secrets,
};
use crate::object;
use crate::time::clock::{Clock, iso_utc, system_ms};

/// The arguments of `support`.
#[derive(Debug, Args)]
pub struct SupportArguments {
    #[command(subcommand)]
    task: SupportTask,
}

/// The commands of `support`.
#[derive(Debug, Subcommand)]
enum SupportTask {
    /// Writes what a helper needs into one JSON file: version, checks, health, metrics and the configuration without its secrets.
    Bundle(BundleArguments),
}

/// The arguments of `support bundle`.
#[derive(Debug, Args)]
struct BundleArguments {
    /// The new file.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
}

pub(super) fn run(arguments: &SupportArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::ERROR);
    let SupportTask::Bundle(arguments) = &arguments.task;
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let explained = Config::explain(&arguments.config, &overrides, std::env::vars_os());
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let url = url_of(listens_at(arguments, explained.as_ref().ok()));
    let client = Client::new(url, "", Secret::new(String::new()), None, clock).hurried();
    let health = client.look("/healthz").map(|reply| reply.body);
    let metrics = client.line("/metrics").map(|(_, text)| text);
    let (keys, faults) = match &explained {
        Ok(explained) => (
            explained.keys.iter().map(key_document).collect(),
            JsonValue::Null,
        ),
        Err(error) => (Vec::new(), error_document(error)),
    };
    let bundle = object! {
        "made_at" => iso_utc(system_ms()),
        "program" => env!("CARGO_PKG_VERSION"),
        "machine" => std::fs::read_to_string("/proc/version").unwrap_or_default().trim(),
        "checks" => doctor::as_json(&arguments.config, &explained),
        "health" => health.unwrap_or(JsonValue::Null),
        "metrics" => metrics.ok(),
        "configuration" => JsonValue::Array(keys),
        "configuration_error" => faults,
    };
    write(&arguments.out, &format!("{}\n", masked(bundle)))?;
    output.json(&object! {
        "file" => arguments.out.display().to_string(),
        "configuration_ok" => explained.is_ok(),
    });
    output.text(&format!(
        "{}: read it before you send it; it has no secret, no receipt and no name of a buyer",
        arguments.out.display()
    ));
    if explained.is_err() {
        output.text(
            "the configuration cannot be used: its faults are in the file, and its keys are not",
        );
    }
    Ok(Exit::Done)
}

/// Where the agent is asked: the configuration may have faults, and an agent may run all the same.
fn listens_at(arguments: &BundleArguments, explained: Option<&ExplainedConfig>) -> SocketAddr {
    let named = arguments.listen.as_ref().and_then(|text| text.parse().ok());
    let configured = explained.map(|explained| explained.config.api.listen);
    configured.or(named).unwrap_or(USUAL_ADDRESS)
}

/// The address at which a till listens whose configuration names no other.
const USUAL_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 50_700);

fn key_document(key: &KeyInForce) -> JsonValue {
    object! {
        "key" => key.path.clone(),
        "value" => value_document(&key.value),
        "masked" => key.value == ShownValue::Masked,
    }
}

/// The same value with no secret in any of its texts.
fn masked(value: JsonValue) -> JsonValue {
    match value {
        JsonValue::Text(text) => JsonValue::Text(without_secrets(&text)),
        JsonValue::Array(items) => JsonValue::Array(items.into_iter().map(masked).collect()),
        JsonValue::Object(members) => {
            let members = members.into_iter();
            JsonValue::Object(members.map(|(name, value)| (name, masked(value))).collect())
        }
        other => other,
    }
}

fn write(path: &Path, text: &str) -> Result<(), CliFailure> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| {
            let text = anyhow!(
                "{} cannot be written: {error}; give a new file",
                path.display()
            );
            CliFailure::new(Exit::Usage, text)
        })
}

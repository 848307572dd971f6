//! `support bundle`: one file for the support, without secrets and without what buyers have bought.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use clap::{Args, Subcommand};

use super::client::{Client, url_of};
use super::doctor;
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides, Secret, ShownValue};
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
    let explained = Config::explain(&arguments.config, &overrides, std::env::vars_os())?;
    let config = &explained.config;
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let client = Client::new(url, "", Secret::new(String::new()), None, clock).hurried();
    let health = client.look("/healthz").map(|reply| reply.body);
    let metrics = client.line("/metrics").map(|(_, text)| text);
    let keys = explained.keys.iter().map(|key| {
        let value = match &key.value {
            // An address may have a user and a password in it.
            ShownValue::Text(text) => JsonValue::Text(without_password(text)),
            value => JsonValue::Text(format!("{value:?}")),
        };
        object! { "key" => key.path.clone(), "value" => value }
    });
    let bundle = object! {
        "made_at" => iso_utc(system_ms()),
        "program" => env!("CARGO_PKG_VERSION"),
        "machine" => std::fs::read_to_string("/proc/version").unwrap_or_default().trim(),
        "checks" => doctor::as_json(&arguments.config, &explained),
        "health" => health.unwrap_or(JsonValue::Null),
        "metrics" => metrics.ok(),
        "configuration" => JsonValue::Array(keys.collect()),
    };
    write(&arguments.out, &format!("{bundle}\n"))?;
    output.json(&object! { "file" => arguments.out.display().to_string() });
    output.text(&format!(
        "{}: read it before you send it; it has no secret, no receipt and no name of a buyer",
        arguments.out.display()
    ));
    Ok(Exit::Done)
}

/// A text without what stands between `//` and `@` in an address.
fn without_password(text: &str) -> String {
    match text.split_once("//") {
        Some((scheme, rest)) => match rest.split_once('@') {
            Some((user, place)) if !user.contains('/') => format!("{scheme}//…@{place}"),
            _ => text.to_owned(),
        },
        None => text.to_owned(),
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

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn a_password_in_an_address_is_left_out() {
        for (text, shown) in [
            (
                "https://till:geheim@office.example/x",
                "https://…@office.example/x",
            ),
            ("https://office.example/a@b", "https://office.example/a@b"),
            ("Till 1", "Till 1"),
        ] {
            assert_eq!(without_password(text), shown);
        }
    }
}

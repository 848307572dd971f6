//! `settle`: a person tells the running agent what became of a document that its printer cannot prove.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::{ArgGroup, Args};
use uuid::Uuid;

use super::client::{Client, Reply};
use super::{CliFailure, Exit, Voice, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides};
use crate::object;
use crate::time::clock::Clock;

/// What `settle` takes.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("paper").required(true)))]
pub struct SettleArguments {
    /// The document's id, as `/healthz` and the log name it.
    id: Uuid,
    /// It stands on the paper, or in the printer's own journal.
    #[arg(long, group = "paper")]
    registered: bool,
    /// It stands nowhere, or as cancelled.
    #[arg(long, group = "paper")]
    not_registered: bool,
    /// The printer's number of the document, as the paper has it; a return of the sale needs it.
    #[arg(long, requires = "registered", conflicts_with = "not_registered")]
    document: Option<NonZeroU32>,
    /// The name of the person who has read the paper; it stands in the journal for ever.
    #[arg(long)]
    by: String,
    /// The configuration file of the agent that runs.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// Asks the agent here instead of at the configured address.
    #[arg(long)]
    listen: Option<String>,
}

pub(super) fn run(arguments: &SettleArguments, voice: Voice) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let url = url_of(config.api.listen);
    // A configuration has one at least.
    let caller = config.api.clients.first().cloned().ok_or_else(|| {
        let words = anyhow!("the configuration has no [[api.clients]] to sign the call with");
        CliFailure::new(Exit::Configuration, words)
    })?;
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let client = Client::new(url.clone(), &caller.key, caller.secret, None, clock);
    let path = format!("/operations/{}/settlement", arguments.id);
    match client.post_own(&path, &body(arguments)) {
        Ok(reply) => told(arguments, &reply, voice),
        Err(error) => Err(not_heard(&url, error, voice)),
    }
}

/// Where the agent is reached from its own machine.
fn url_of(listen: SocketAddr) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, listen.port()))
}

fn body(arguments: &SettleArguments) -> String {
    object! {
        "registered" => arguments.registered,
        "document" => arguments.document.map(u32::from),
        "by" => arguments.by.clone(),
    }
    .to_string()
}

/// The agent's answer, in words and as an exit code.
fn told(arguments: &SettleArguments, reply: &Reply, voice: Voice) -> Result<Exit, CliFailure> {
    voice.json(&reply.body);
    let words = |name| reply.body.get(name).map_or("", JsonValue::words);
    if reply.status == 200 {
        let number = match reply.body.path("document.number").map(JsonValue::words) {
            Some(number) if !number.is_empty() => format!("; its number is {number}"),
            _ => String::new(),
        };
        voice.say(&format!(
            "document {} is settled as {} on the word of {}{number}",
            arguments.id,
            words("fiscal_state"),
            arguments.by.trim()
        ));
        return Ok(Exit::Done);
    }
    let code = exit_of(reply.status, words("error"));
    let error = anyhow!("{}", words("message"));
    let error = match code {
        Exit::Configuration => error.context(
            "the agent does not take a call of this configuration's first client; name the configuration that it runs with",
        ),
        _ => error,
    };
    Err(CliFailure::new(code, error))
}

/// The contract's exit code for an answer that is not yes.
fn exit_of(status: u16, error: &str) -> Exit {
    match (status, error) {
        (400, _) => Exit::Usage,
        (401 | 403, _) => Exit::Configuration,
        (404 | 409, _) => Exit::Refused,
        // Whatever was not booked yet may still be.
        (422 | 429, _) | (503, "BooksUnwritable" | "Stopping" | "Busy") => Exit::Unknown,
        _ => Exit::Failed,
    }
}

/// The agent was not asked, or was not heard.
fn not_heard(url: &str, error: anyhow::Error, voice: Voice) -> CliFailure {
    let (code, name, words) = match error.downcast_ref() {
        Some(ureq::Error::Io(source)) if source.kind() == ErrorKind::ConnectionRefused => (
            Exit::NotRunning,
            "AgentNotRunning",
            format!("no agent answers at {url}; start it, or name its address with --listen"),
        ),
        Some(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound) => (
            Exit::NotRunning,
            "AgentNotRunning",
            format!("no agent can be reached at {url}; name its address with --listen"),
        ),
        Some(_) => (
            Exit::Unknown,
            "OutcomeUnknown",
            format!(
                "the agent at {url} was not heard to the end; say it again, which is always safe"
            ),
        ),
        None => (
            Exit::Failed,
            "NotAnAgent",
            format!("what answers at {url} is no agent; name the agent's address with --listen"),
        ),
    };
    voice.json(&object! { "error" => name, "message" => format!("{words}: {error:#}") });
    CliFailure::new(code, error.context(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agent_is_asked_on_its_own_machine() {
        for (listen, url) in [
            ("127.0.0.1:50700", "http://127.0.0.1:50700"),
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
            ("192.0.2.7:80", "http://192.0.2.7:80"),
        ] {
            assert_eq!(url_of(listen.parse().unwrap()), url);
        }
    }

    #[test]
    fn every_answer_has_its_exit_code() {
        for (status, error, code) in [
            (400, "Missing", Exit::Usage),
            (401, "UnknownApiKey", Exit::Configuration),
            (403, "HostNotAllowed", Exit::Configuration),
            (404, "UnknownId", Exit::Refused),
            (409, "AlreadySettled", Exit::Refused),
            (422, "PrinterCanStillSay", Exit::Unknown),
            (422, "OutcomeUnknown", Exit::Unknown),
            (503, "BooksUnwritable", Exit::Unknown),
            (503, "BooksUnreadable", Exit::Failed),
            (500, "", Exit::Failed),
        ] {
            assert_eq!(exit_of(status, error), code, "{status} {error}");
        }
    }
}

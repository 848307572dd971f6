//! `settle`: sends an operator's declaration about a document that the printer cannot prove to the running agent.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::anyhow;
use clap::{ArgGroup, Args};
use uuid::Uuid;

use super::client::{Client, Reply};
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `settle`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("paper").required(true)))]
pub struct SettleArguments {
    /// The document's id, from `/healthz` or the log.
    id: Uuid,
    /// The document is on the paper or in the printer's electronic journal.
    #[arg(long, group = "paper")]
    registered: bool,
    /// The document was not printed, or was printed as cancelled.
    #[arg(long, group = "paper")]
    not_registered: bool,
    /// The document's number on the paper; a later return of the sale needs it.
    #[arg(long, requires = "registered", conflicts_with = "not_registered")]
    document: Option<NonZeroU32>,
    /// The name of the person who has read the paper; it is stored in the journal and never deleted.
    #[arg(long)]
    by: String,
    /// The configuration file of the running agent.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
}

pub(super) fn run(arguments: &SettleArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let url = url_of(config.api.listen);
    // A configuration without a client has a fault, so this error is never seen.
    let caller = config.api.clients.first().cloned().ok_or_else(|| {
        let text =
            anyhow!("the configuration has no [[api.clients]], and the request needs a signature");
        CliFailure::new(Exit::Configuration, text)
    })?;
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let client = Client::new(url.clone(), &caller.key, caller.secret, None, clock);
    let path = format!("/operations/{}/settlement", arguments.id);
    match client.post_own(&path, &body(arguments)) {
        Ok(reply) => report(arguments, &reply, output),
        Err(error) => Err(no_answer(&url, error, output)),
    }
}

/// The URL of the agent, as its own machine reaches it.
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

/// Prints the agent's answer, and gives its exit code.
fn report(
    arguments: &SettleArguments,
    reply: &Reply,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    output.json(&reply.body);
    let field = |name| reply.body.get(name).map_or("", JsonValue::scalar);
    if reply.status == 200 {
        let number = match reply.body.path("document.number").map(JsonValue::scalar) {
            Some(number) if !number.is_empty() => format!("; its number is {number}"),
            _ => String::new(),
        };
        output.text(&format!(
            "document {} is settled as {}, as {} has declared{number}",
            arguments.id,
            field("fiscal_state"),
            arguments.by.trim()
        ));
        return Ok(Exit::Done);
    }
    let code = exit_of(reply.status, field("error"));
    let error = anyhow!("{}", field("message"));
    let error = match code {
        Exit::Configuration => error.context(
            "the agent refuses the first client of this configuration; give the configuration that the agent runs with",
        ),
        _ => error,
    };
    Err(CliFailure::new(code, error))
}

/// The exit code of an answer that does not settle the document.
fn exit_of(status: u16, error: &str) -> Exit {
    match (status, error) {
        (400, _) => Exit::Usage,
        (401 | 403, _) => Exit::Configuration,
        (404 | 409, _) => Exit::Refused,
        // The document may still be settled in another way.
        (422 | 429, _) | (503, "BooksUnwritable" | "Stopping" | "Busy") => Exit::Unknown,
        _ => Exit::Failed,
    }
}

/// The error when no agent answered, or when its answer did not arrive complete.
fn no_answer(url: &str, error: anyhow::Error, output: CliOutput) -> CliFailure {
    let (code, name, text) = match error.downcast_ref() {
        Some(ureq::Error::Io(source)) if source.kind() == ErrorKind::ConnectionRefused => (
            Exit::NotRunning,
            "AgentNotRunning",
            format!("no agent answers at {url}; start it, or give its address with --listen"),
        ),
        Some(ureq::Error::ConnectionFailed | ureq::Error::HostNotFound) => (
            Exit::NotRunning,
            "AgentNotRunning",
            format!("no agent can be reached at {url}; give its address with --listen"),
        ),
        Some(_) => (
            Exit::Unknown,
            "OutcomeUnknown",
            format!(
                "the answer of the agent at {url} did not arrive; send the declaration again, which is always safe"
            ),
        ),
        None => (
            Exit::Failed,
            "NotAnAgent",
            format!(
                "the program that answers at {url} is no agent; give the agent's address with --listen"
            ),
        ),
    };
    output.json(&object! { "error" => name, "message" => format!("{text}: {error:#}") });
    CliFailure::new(code, error.context(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unspecified_listen_address_becomes_loopback() {
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
    fn each_answer_has_its_exit_code() {
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

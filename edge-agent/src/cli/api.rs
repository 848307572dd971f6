//! `api sign` and `api curl`: a call of the HTTP API, signed with a key of the configuration, as headers, as a command of `curl`, or
//! sent at once.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use clap::{Args, Subcommand};
use uuid::Uuid;

use super::client::{Client, SignedCall, exit_of, no_answer, url_of};
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `api`.
#[derive(Debug, Args)]
pub struct ApiArguments {
    #[command(subcommand)]
    command: ApiCommand,
}

/// What is done with a signed call.
#[derive(Debug, Subcommand)]
enum ApiCommand {
    /// Prints the headers of a signed call, one on a line, as `curl -H @-` reads them. They are valid for ten minutes.
    Sign(CallArguments),
    /// Prints a signed call as a command of `curl`, or sends it.
    Curl(CurlArguments),
}

#[derive(Debug, Args)]
struct CallArguments {
    /// The method: GET, POST, PUT or DELETE.
    method: String,
    /// The path with its query, such as `/api/v1/operations/sale`.
    path: String,
    /// The file with the body; `-` reads standard input.
    #[arg(long, value_name = "FILE")]
    body: Option<PathBuf>,
    /// The configuration file of the agent.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The key of the client that signs, instead of the first one of the configuration.
    #[arg(long)]
    key: Option<String>,
    /// The id of the device, instead of the first one of the configuration.
    #[arg(long, value_name = "ID")]
    device: Option<Uuid>,
    /// The address of the agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
}

#[derive(Debug, Args)]
struct CurlArguments {
    #[command(flatten)]
    call: CallArguments,
    /// Sends the call and prints the answer. The exit code says what became of it.
    #[arg(long)]
    run: bool,
}

pub(super) fn run(arguments: &ApiArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::WARN);
    match &arguments.command {
        ApiCommand::Sign(arguments) => sign(&Prepared::new(arguments)?, output),
        ApiCommand::Curl(arguments) => {
            let prepared = Prepared::new(&arguments.call)?;
            if arguments.run {
                send(&prepared, output)
            } else {
                print_curl(&prepared, output)
            }
        }
    }
}

/// A signed call, and what is needed to send it.
struct Prepared {
    client: Client,
    agent_url: String,
    call: SignedCall,
    body: Option<Vec<u8>>,
}

impl Prepared {
    fn new(arguments: &CallArguments) -> Result<Self, CliFailure> {
        let method = arguments.method.to_ascii_uppercase();
        if !["GET", "POST", "PUT", "DELETE"].contains(&method.as_str()) {
            return Err(usage(anyhow!(
                "{}: is no method of the API; write GET, POST, PUT or DELETE",
                arguments.method
            )));
        }
        if !arguments.path.starts_with('/')
            || !arguments.path.bytes().all(|byte| byte.is_ascii_graphic())
        {
            return Err(usage(anyhow!(
                "{}: is no path; write it from its first slash, such as /api/v1/operations/sale",
                arguments.path
            )));
        }
        let body = arguments.body.as_deref().map(read_body).transpose()?;
        if body.is_some() && method != "POST" && method != "PUT" {
            return Err(usage(anyhow!(
                "--body: {method} has no body; leave it out, or write POST"
            )));
        }
        let (client, agent_url) = client(arguments)?;
        let call = client.sign(
            &method,
            &arguments.path,
            body.as_deref().unwrap_or_default(),
        );
        Ok(Self {
            client,
            agent_url,
            call,
            body,
        })
    }

    /// The headers of the signature, and that of the body's form.
    fn headers(&self) -> Vec<(&'static str, String)> {
        let mut headers = self.call.headers.clone();
        if self.body.is_some() {
            headers.push(("Content-Type", "application/json".to_owned()));
        }
        headers
    }

    fn header_members(&self) -> JsonValue {
        let headers = self.headers().into_iter();
        JsonValue::Object(
            headers
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }
}

/// The client of the configuration that signs, and the URL of the agent.
fn client(arguments: &CallArguments) -> Result<(Client, String), CliFailure> {
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: None,
    };
    let config = Config::load(&arguments.config, &overrides)?;
    let mut clients = config.api.clients.iter();
    let caller = match &arguments.key {
        Some(key) => clients.find(|client| client.key == *key),
        None => clients.next(),
    };
    let caller = caller.ok_or_else(|| {
        let text = anyhow!(
            "--key: the configuration has no [[api.clients]] with this key; write one of its keys"
        );
        CliFailure::new(Exit::Configuration, text)
    })?;
    if let Some(id) = arguments.device
        && !config.devices.iter().any(|device| device.id == id)
    {
        let text = anyhow!(
            "--device {id}: the configuration has no [[device]] with this id; write one of its ids"
        );
        return Err(CliFailure::new(Exit::Configuration, text));
    }
    let device = arguments
        .device
        .or_else(|| config.devices.first().map(|device| device.id));
    let url = url_of(config.api.listen);
    let clock = Arc::new(Clock::new(None).map_err(CliFailure::failed)?);
    let client = Client::new(
        url.clone(),
        &caller.key,
        caller.secret.clone(),
        device,
        clock,
    );
    Ok((client, url))
}

fn read_body(file: &Path) -> Result<Vec<u8>, CliFailure> {
    let mut body = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().lock().read_to_end(&mut body).map(drop)
    } else {
        std::fs::read(file).map(|read| body = read)
    };
    read.with_context(|| {
        format!(
            "--body {}: the file cannot be read; write the path of a file that exists, or `-`",
            file.display()
        )
    })
    .map_err(usage)?;
    Ok(body)
}

fn usage(error: anyhow::Error) -> CliFailure {
    CliFailure::new(Exit::Usage, error)
}

fn sign(prepared: &Prepared, output: CliOutput) -> Result<Exit, CliFailure> {
    if output.json {
        output.json(&object! { "headers" => prepared.header_members() });
    } else {
        for (name, value) in prepared.headers() {
            output.text(&format!("{name}: {value}"));
        }
    }
    Ok(Exit::Done)
}

fn print_curl(prepared: &Prepared, output: CliOutput) -> Result<Exit, CliFailure> {
    let command = curl_command(prepared)?;
    if output.json {
        output.json(&object! {
            "method" => prepared.call.method.clone(),
            "url" => prepared.call.url.clone(),
            "headers" => prepared.header_members(),
            "body" => prepared.body.as_deref().map(|body| String::from_utf8_lossy(body).into_owned()),
            "command" => command,
        });
    } else {
        output.text(&command);
    }
    Ok(Exit::Done)
}

/// The call as one command of a shell.
fn curl_command(prepared: &Prepared) -> Result<String, CliFailure> {
    let mut words = vec![
        "curl".to_owned(),
        "-sS".to_owned(),
        "-X".to_owned(),
        prepared.call.method.clone(),
        quoted(&prepared.call.url),
    ];
    for (name, value) in prepared.headers() {
        words.extend(["-H".to_owned(), quoted(&format!("{name}: {value}"))]);
    }
    if let Some(body) = &prepared.body {
        let body = std::str::from_utf8(body)
            .ok()
            .filter(|body| !body.contains('\0'));
        let body = body.ok_or_else(|| {
            usage(anyhow!(
                "--body: a shell cannot hold these bytes; send them with --run, or write the body in UTF-8"
            ))
        })?;
        words.extend(["--data-raw".to_owned(), quoted(body)]);
    }
    Ok(words.join(" "))
}

/// A text as one word of a POSIX shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Sends the call, and prints the answer.
fn send(prepared: &Prepared, output: CliOutput) -> Result<Exit, CliFailure> {
    let again = "send it again with the same id in its body, which is always safe";
    let failed = |error| no_answer(&prepared.agent_url, error, again);
    let mut response = prepared
        .client
        .send(&prepared.call, prepared.body.as_deref())
        .map_err(failed)?;
    let header = |name: &str| {
        let value = response.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let state = header("X-Fiscal-State");
    let operation = header("X-Operation-Id");
    let status = response.status().as_u16();
    let text = response
        .body_mut()
        .read_to_vec()
        .map_err(|error| failed(error.into()))?;
    let body = JsonValue::parse(&text)
        .unwrap_or_else(|_| String::from_utf8_lossy(&text).into_owned().into());
    let field = |name| body.get(name).map_or("", JsonValue::scalar);
    let error = [field("errorType"), field("error")].concat();
    let exit = exit_of_call(status, state.as_deref(), &error);
    let mut members = vec![
        ("status".into(), u64::from(status).into()),
        ("fiscal_state".into(), state.clone().into()),
        ("operation_id".into(), operation.into()),
        ("body".into(), body.clone()),
    ];
    if exit == Exit::Done {
        print_answer(status, state.as_deref(), &text, output);
        output.json(&JsonValue::Object(members));
        return Ok(Exit::Done);
    }
    print_answer(status, state.as_deref(), &text, output);
    let failure = CliFailure::new(
        exit,
        anyhow!("the agent answers HTTP {status}: {}", field("message")),
    );
    let failure = if error.is_empty() {
        failure
    } else {
        failure.named(&error)
    };
    if let Some(error) = failure.document.get("error") {
        members.insert(0, ("error".into(), error.clone()));
    }
    Err(failure.with_document(JsonValue::Object(members)))
}

/// Prints the answer for people: status and state on standard error, the body on standard output.
fn print_answer(status: u16, state: Option<&str>, body: &[u8], output: CliOutput) {
    if output.json {
        return;
    }
    let state = state.map_or(String::new(), |state| format!(", {state}"));
    // A closed pipe does not end the command.
    let _ = writeln!(std::io::stderr(), "HTTP {status}{state}");
    output.text(&String::from_utf8_lossy(body));
}

/// The exit code of an answer to any call.
fn exit_of_call(status: u16, state: Option<&str>, error: &str) -> Exit {
    match (status, state) {
        (200..=299, _) => Exit::Done,
        (401 | 403, _) => Exit::Configuration,
        (_, Some("unknown")) => Exit::Unknown,
        (_, Some(_)) => Exit::Refused,
        (status, None) => exit_of(status, error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_a_quoted_text_as_it_was() {
        for text in ["", "plain", "it's", "$HOME `x` \"y\" \\ \n end", "'"] {
            let script = format!("printf %s {}", quoted(text));
            let shell = std::process::Command::new("sh")
                .args(["-c", &script])
                .output();
            assert_eq!(shell.unwrap().stdout, text.as_bytes(), "{script}");
        }
    }

    #[test]
    fn the_exit_code_says_what_became_of_a_call() {
        for (status, state, exit) in [
            (200, Some("registered"), Exit::Done),
            (200, None, Exit::Done),
            (401, Some("unknown"), Exit::Configuration),
            (422, Some("unknown"), Exit::Unknown),
            (503, Some("unknown"), Exit::Unknown),
            (422, Some("not_registered"), Exit::Refused),
            (422, Some("registered"), Exit::Refused),
            (404, None, Exit::Refused),
            (500, None, Exit::Failed),
        ] {
            assert_eq!(exit_of_call(status, state, ""), exit, "{status} {state:?}");
        }
    }
}

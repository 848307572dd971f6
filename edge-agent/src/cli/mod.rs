//! The commands, one file each, and what they share: arguments, exit codes, and the output for people and for programs.

mod authority;
mod client;
mod clock;
mod config;
mod day;
mod demo;
mod emulator;
mod rksv;
mod service;
mod settle;
mod verify;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::agent::StartError;
use crate::api::json::JsonValue;
use crate::api::lanes::WORK_THREADS_MAX;
use crate::config::ConfigError;
use crate::object;
use ferrotill_store::StoreError;

/// The offline-first fiscal core for tills.
#[derive(Debug, Parser)]
#[command(name = "ferrotill", version, about)]
pub struct Arguments {
    /// Prints one JSON document or JSON lines on standard output, and texts for people on standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// The command.
    #[command(subcommand)]
    pub command: CliCommand,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum CliCommand {
    /// Runs the service.
    Run(service::RunArguments),
    /// Plays a trading day on an emulated fiscal printer, with and without the authority, and then serves.
    Demo(demo::DemoArguments),
    /// Runs an emulated printer alone.
    Emulator(emulator::EmulatorArguments),
    /// Runs the authority simulator alone.
    Authority(authority::AuthorityArguments),
    /// Checks the whole store: chain, numbers, tables and Z-reports. An agent may run meanwhile.
    Verify(verify::VerifyArguments),
    /// Declares what became of a document that its printer cannot prove, as a person has read it on the paper.
    Settle(settle::SettleArguments),
    /// Corrects the time of the till.
    Clock(clock::ClockArguments),
    /// Signed receipts of the RKSV: checks a protocol (DEP), and replays a scenario file.
    Rksv(rksv::RksvArguments),
    /// Checks and prints the configuration, and prints the pages about its keys.
    Config(config::ConfigArguments),
}

/// The exit codes; a released number never gets another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The command has done its work.
    Done,
    /// The command has failed.
    Failed,
    /// The arguments are wrong.
    Usage,
    /// The configuration is wrong or does not fit the data folder, or a file of the data folder is missing.
    Configuration,
    /// The outcome of a document is not known yet.
    Unknown,
    /// A rule of the till refuses the request.
    Refused,
    /// No agent runs at the address.
    NotRunning,
    /// The system denies permission.
    Permission,
    /// A signal has ended the command before its work was done.
    Interrupted,
}

impl Exit {
    /// The name of the exit code in the document of an error.
    const fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "usage",
            Self::Configuration => "configuration",
            Self::Unknown => "outcome_unknown",
            Self::Refused => "refused",
            Self::NotRunning => "not_running",
            Self::Permission => "no_permission",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Configuration => 3,
            Exit::Unknown => 6,
            Exit::Refused => 7,
            Exit::NotRunning => 8,
            Exit::Permission => 9,
            Exit::Interrupted => 130,
        })
    }
}

/// The error of a command, with its exit code.
#[derive(Debug)]
pub struct CliFailure {
    /// The exit code.
    pub code: Exit,
    error: anyhow::Error,
    /// What `--json` prints.
    document: JsonValue,
}

impl CliFailure {
    fn new(code: Exit, error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        Self {
            code,
            document: document_of(code.name(), &error),
            error,
        }
    }

    /// The same error with another code in its document.
    fn named(mut self, code: &str) -> Self {
        self.document = document_of(code, &self.error);
        self
    }

    /// The same error with a document of the command's own form.
    fn with_document(mut self, document: JsonValue) -> Self {
        self.document = document;
        self
    }

    /// The agent has refused a request of an operator; `name` and `message` are the agent's.
    fn refused_by_agent(code: Exit, name: &str, message: &str) -> Self {
        let error = anyhow::anyhow!("{message}");
        let error = match code {
            Exit::Configuration => error.context(
                "the agent refuses the first client of this configuration; give the configuration that the agent runs with",
            ),
            _ => error,
        };
        Self::new(code, error).named(name)
    }

    fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Failed, error)
    }

    /// Prints the error on standard error, and with `--json` its document on standard output.
    pub fn print(&self, json: bool) {
        // If standard error is closed, the exit code alone must do.
        let _ = writeln!(std::io::stderr(), "ferrotill: {:#}", self.error);
        CliOutput { json }.json(&self.document);
    }
}

/// The document of an error: its code, its text, and what to do, which is the part of the text after its first semicolon.
fn document_of(code: &str, error: &anyhow::Error) -> JsonValue {
    let (outer, whole) = (error.to_string(), format!("{error:#}"));
    let fix = [&outer, &whole]
        .iter()
        .find_map(|text| Some(text.split_once("; ")?.1.to_owned()));
    object! {
        "error" => object! {
            "code" => code,
            "message" => whole,
            "fix" => fix,
        }
    }
}

/// Reads the arguments of the process. Faults in them are printed as other errors are.
///
/// # Errors
///
/// The exit code, if the arguments are faulty or ask for help.
pub fn arguments() -> Result<Arguments, ExitCode> {
    Arguments::try_parse().map_err(|error| {
        // If the output is closed, the exit code alone must do.
        let _ = error.print();
        if !error.use_stderr() {
            return Exit::Done.into();
        }
        let output = CliOutput {
            json: std::env::args_os().any(|argument| argument == "--json"),
        };
        output.json(&object! {
            "error" => object! {
                "code" => Exit::Usage.name(),
                "message" => error.to_string(),
                "fix" => "`ferrotill help` lists the commands and their arguments",
            }
        });
        Exit::Usage.into()
    })
}

impl From<ConfigError> for CliFailure {
    fn from(error: ConfigError) -> Self {
        let document = config::error_document(&error);
        Self::new(Exit::Configuration, error).with_document(document)
    }
}

impl From<StartError> for CliFailure {
    fn from(error: StartError) -> Self {
        let error = match error {
            StartError::Config(error) => return error.into(),
            error => error,
        };
        let code = match &error {
            StartError::TimeZone { .. }
            | StartError::NumberTwice { .. }
            | StartError::NumberUnassigned(_) => Exit::Configuration,
            StartError::DataFolder { source, .. }
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                Exit::Permission
            }
            StartError::Store(
                StoreError::Configuration { .. }
                | StoreError::FileMissing { .. }
                | StoreError::FoundedOtherwise { .. }
                | StoreError::Unconfirmed { .. }
                | StoreError::NotLost { .. },
            ) => Exit::Configuration,
            _ => Exit::Failed,
        };
        Self::new(code, error)
    }
}

/// Carries out a command.
///
/// # Errors
///
/// [`CliFailure`] with its exit code.
pub fn run(arguments: Arguments) -> Result<Exit, CliFailure> {
    let output = CliOutput {
        json: arguments.json,
    };
    match arguments.command {
        CliCommand::Run(arguments) => service::run(&arguments, output),
        CliCommand::Verify(arguments) => verify::run(&arguments, output),
        CliCommand::Settle(arguments) => settle::run(&arguments, output),
        CliCommand::Clock(arguments) => clock::run(&arguments, output),
        CliCommand::Rksv(arguments) => rksv::run(&arguments, output),
        CliCommand::Config(arguments) => config::run(&arguments, output),
        CliCommand::Demo(arguments) => demo::run(&arguments, output),
        CliCommand::Emulator(arguments) => emulator::run(&arguments, output),
        CliCommand::Authority(arguments) => authority::run(&arguments, output),
    }
}

/// Where the output of a command goes: texts to people, JSON to programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CliOutput {
    json: bool,
}

impl CliOutput {
    /// Prints a text for people: on standard output, or with `--json` on standard error.
    fn text(self, text: &str) {
        // A closed pipe does not end the command.
        let _ = if self.json {
            writeln!(std::io::stderr(), "{text}")
        } else {
            writeln!(std::io::stdout(), "{text}")
        };
    }

    /// Prints a JSON line with `--json`, and nothing without it.
    fn json(self, line: &JsonValue) {
        if self.json {
            let mut stdout = std::io::stdout().lock();
            let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        }
    }
}

/// Sends the log to standard error. The level is fixed for each command.
fn log(level: tracing::Level) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .finish();
    // A second command in the same process, as in tests, keeps the log of the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// A runtime with one thread for all connections, which is enough for a till and needs less memory, and a few threads for long
/// work.
fn runtime() -> Result<tokio::runtime::Runtime, CliFailure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(WORK_THREADS_MAX)
        .build()
        .map_err(CliFailure::failed)
}

/// Listens on an address; the error says what is usually wrong.
async fn listen(address: SocketAddr) -> Result<tokio::net::TcpListener, CliFailure> {
    tokio::net::TcpListener::bind(address).await.map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Failed,
        };
        let text = format!("cannot listen on {address}; check that no other program uses it, and that the address belongs to this machine");
        CliFailure::new(code, anyhow::Error::new(error).context(text))
    })
}

/// Waits for SIGINT or SIGTERM.
async fn stopped() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// The default configuration file.
fn default_config() -> PathBuf {
    PathBuf::from("/etc/ferrotill/ferrotill.toml")
}

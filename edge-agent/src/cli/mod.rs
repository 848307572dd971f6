//! The verbs, one file each, and what they share: arguments, exit codes, and how one speaks to people and to programs.

mod authority;
mod client;
mod config;
mod day;
mod demo;
mod emulator;
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
use crate::config::ConfigError;

/// The offline-first fiscal core for tills.
#[derive(Debug, Parser)]
#[command(name = "ferrotill", version, about)]
pub struct Arguments {
    /// One JSON document or JSON lines on standard output; talk goes to standard error.
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// The service.
    Run(service::RunArguments),
    /// A trading day on an emulated fiscal printer, offline and back; then it keeps serving.
    Demo(demo::DemoArguments),
    /// A stand-alone emulated printer.
    Emulator(emulator::EmulatorArguments),
    /// A stand-alone stand-in for the tax office's server.
    Authority(authority::AuthorityArguments),
    /// Checks the books: the chain, the numbers, the tables, every Z-report; beside a running agent.
    Verify(verify::VerifyArguments),
    /// Says what became of a document that its printer cannot prove: what a person has read on the paper.
    Settle(settle::SettleArguments),
    /// Checks and prints the configuration, and the pages about its keys.
    Config(config::ConfigArguments),
}

/// Exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Used wrongly.
    Usage,
    /// Something is wrong with the configuration.
    Configuration,
    /// What became of a document cannot be said yet.
    Unknown,
    /// A rule says no.
    Refused,
    /// No agent runs where one should.
    NotRunning,
    /// The system does not permit it.
    Permission,
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
        })
    }
}

/// A verb that did not end well.
#[derive(Debug)]
pub struct CliFailure {
    /// The exit code.
    pub code: Exit,
    error: anyhow::Error,
}

impl CliFailure {
    fn new(code: Exit, error: impl Into<anyhow::Error>) -> Self {
        Self {
            code,
            error: error.into(),
        }
    }

    fn failed(error: impl Into<anyhow::Error>) -> Self {
        Self::new(Exit::Failed, error)
    }

    /// Tells people on standard error.
    pub fn tell(&self) {
        // Without a standard error there is nobody to tell.
        let _ = writeln!(std::io::stderr(), "ferrotill: {:#}", self.error);
    }
}

impl From<ConfigError> for CliFailure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Configuration, error)
    }
}

impl From<StartError> for CliFailure {
    fn from(error: StartError) -> Self {
        let code = match &error {
            StartError::Config(_) | StartError::TimeZone { .. } => Exit::Configuration,
            StartError::DataFolder { source, .. }
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                Exit::Permission
            }
            StartError::Store(ferrotill_store::StoreError::Configuration { .. }) => {
                Exit::Configuration
            }
            _ => Exit::Failed,
        };
        Self::new(code, error)
    }
}

/// Carries out a verb.
///
/// # Errors
///
/// [`CliFailure`] with its exit code.
pub fn run(arguments: Arguments) -> Result<Exit, CliFailure> {
    let voice = Voice {
        json: arguments.json,
    };
    match arguments.verb {
        Verb::Run(arguments) => service::run(&arguments, voice),
        Verb::Verify(arguments) => verify::run(&arguments, voice),
        Verb::Settle(arguments) => settle::run(&arguments, voice),
        Verb::Config(arguments) => config::run(&arguments, voice),
        Verb::Demo(arguments) => demo::run(&arguments, voice),
        Verb::Emulator(arguments) => emulator::run(&arguments, voice),
        Verb::Authority(arguments) => authority::run(&arguments, voice),
    }
}

/// How one speaks: words to people, JSON to programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    json: bool,
}

impl Voice {
    /// Words: on standard output for people, on standard error beside JSON.
    fn say(self, words: &str) {
        // A closed pipe ends the talk, not the work.
        let _ = if self.json {
            writeln!(std::io::stderr(), "{words}")
        } else {
            writeln!(std::io::stdout(), "{words}")
        };
    }

    /// A JSON line, for programs only.
    fn json(self, line: &JsonValue) {
        if self.json {
            let mut stdout = std::io::stdout().lock();
            let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        }
    }
}

/// Logs on standard error; `FERROTILL_LOG`'s place is the service manager's, so the level is fixed per verb.
fn log(level: tracing::Level) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .finish();
    // A second verb in the same process, as in tests, keeps the first one's.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Threads that read the books for callers; the others wait for their turn, and memory has a bound.
const READERS_MAX: usize = 4;

/// A runtime on one thread: enough for a till, and smaller.
fn runtime() -> Result<tokio::runtime::Runtime, CliFailure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(READERS_MAX)
        .build()
        .map_err(CliFailure::failed)
}

/// Listens, with words for the usual trouble.
async fn listen(address: SocketAddr) -> Result<tokio::net::TcpListener, CliFailure> {
    tokio::net::TcpListener::bind(address).await.map_err(|error| {
        let code = match error.kind() {
            std::io::ErrorKind::PermissionDenied => Exit::Permission,
            _ => Exit::Failed,
        };
        let words = format!("cannot listen on {address}; is another program there, or is the address not this machine's?");
        CliFailure::new(code, anyhow::Error::new(error).context(words))
    })
}

/// Ends with the first of SIGINT and SIGTERM.
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

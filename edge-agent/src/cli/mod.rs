//! The commands, one file each, and what they share: arguments, exit codes, and the output for people and for programs.

mod api;
mod authority;
mod backup;
mod client;
mod clock;
mod config;
mod data_folder;
mod day;
mod demo;
mod doctor;
mod emulator;
mod explain;
mod export;
mod fiscalbox;
mod hub;
mod init;
mod interruption;
mod operation;
mod ordering;
mod period;
mod person;
mod ports;
mod print;
mod printer;
mod queue;
mod receipt_form;
mod receipts;
mod reload;
mod report;
mod restore;
mod rksv;
mod sell;
mod service;
mod settle;
mod status;
mod support;
mod usage;
mod verify;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use crate::agent::StartError;
use crate::api::error_types;
use crate::api::json::JsonValue;
use crate::api::lanes::WORK_THREADS_MAX;
use crate::api::words;
use crate::config::{Config, ConfigError};
use crate::explanation::Explanation;
use crate::log_levels;
use crate::object;
use crate::time::clock::Clock;
use ferrotill_core::profile;
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
    /// Writes a configuration that works: by questions, from flags, or from the FiscalCloud that the shop uses today.
    Init(init::InitArguments),
    /// Takes the provisioning file of a new till, once, and erases it.
    Provision(init::provision::ProvisionArguments),
    /// Runs the service.
    Run(service::RunArguments),
    /// Plays a trading day on an emulated fiscal printer, with and without the authority, and then serves.
    Demo(demo::DemoArguments),
    /// Runs an emulated printer alone.
    Emulator(emulator::EmulatorArguments),
    /// Runs the authority simulator alone.
    Authority(authority::AuthorityArguments),
    /// Says whether the till can sell, and what to do if it cannot.
    Status(status::StatusArguments),
    /// Checks configuration, data folder, ports, printers, authority and agent, with one thing to do for each fault.
    Doctor(doctor::DoctorArguments),
    /// Lists the serial ports, and asks which printer answers at which speed.
    Ports(ports::PortsArguments),
    /// Writes one file for the support, without secrets.
    Support(support::SupportArguments),
    /// Checks the whole store: chain, numbers, tables and Z-reports. An agent may run meanwhile.
    Verify(verify::VerifyArguments),
    /// Sells: a few lines of goods, or a body in a file.
    Sale(sell::SaleArguments),
    /// Takes goods back: a whole receipt, or what a body in a file says.
    Return(sell::ReturnArguments),
    /// Puts cash into the drawer, or takes cash out of it.
    Cash(sell::CashArguments),
    /// Shows what became of a request id.
    Op(operation::OperationArguments),
    /// Lists the receipts and the other documents of the till, or writes the paper of one of them.
    Receipts(receipts::ReceiptsArguments),
    /// Prints an X-report, which closes nothing.
    X(report::ReportArguments),
    /// Prints a Z-report, which closes the day.
    Z(report::ReportArguments),
    /// Declares what became of a document that its printer cannot prove, as a person has read it on the paper.
    Settle(settle::SettleArguments),
    /// Lists the documents that wait to be sent, and lays one aside that its recipient refuses for ever.
    Queue(queue::QueueArguments),
    /// Copies the data folder into one file while the till sells, checks such a file, and lists the files of a folder.
    Backup(backup::BackupArguments),
    /// Makes the data folder again from a backup, and names what the printer has and the backup has not.
    Restore(restore::RestoreArguments),
    /// Writes the documents of a time as tables for an accountant, and checks that none is missing.
    Export(export::ExportArguments),
    /// Corrects the time of the till.
    Clock(clock::ClockArguments),
    /// The people who may use the dashboard: adds and removes them, and gives them PINs.
    Person(person::PersonArguments),
    /// Signs calls of the HTTP API with the key of the configuration, prints them or sends them.
    Api(api::ApiArguments),
    /// Signed receipts of the RKSV: checks a protocol (DEP), and replays a scenario file.
    Rksv(rksv::RksvArguments),
    /// Prints a paper for an installer: a test paper, or the letters of the printer's code page.
    Print(print::PrintArguments),
    /// Tries what is inferred about a printer or a fiscal module, against one that is not in use.
    Printer(printer::PrinterArguments),
    /// FiscalBox (Uzbekistan): asks its billing for another token.
    Fiscalbox(fiscalbox::FiscalBoxArguments),
    /// The hub of a head office: enrols this till there, says what the hub has, and starts the hub's own commands.
    Hub(hub::HubArguments),
    /// Explains an error type: what is wrong, and what to do.
    Explain(explain::ExplainArguments),
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
    /// The printer did not do it.
    NotPrinted,
    /// The document is sealed, and the authority has not acknowledged it in time.
    NotAcknowledged,
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
            Self::NotPrinted => "not_printed",
            Self::NotAcknowledged => "not_acknowledged",
            Self::Unknown => "outcome_unknown",
            Self::Refused => "refused",
            Self::NotRunning => "not_running",
            Self::Permission => "no_permission",
            Self::Interrupted => "interrupted",
        }
    }

    /// The number that the process ends with.
    const fn number(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::NotPrinted => 4,
            Self::NotAcknowledged => 5,
            Self::Unknown => 6,
            Self::Refused => 7,
            Self::NotRunning => 8,
            Self::Permission => 9,
            Self::Interrupted => 130,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.number())
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

    /// The same error after a sentence that says what it means for the command.
    fn after(self, sentence: &'static str) -> Self {
        let error = self.error.context(sentence);
        Self {
            code: self.code,
            document: document_of(self.code.name(), &error),
            error,
        }
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
        let mut failure = Self::new(code, error).named(name);
        let explained = error_types::find(name).into_iter().next();
        if let (JsonValue::Object(members), Some(explained)) = (&mut failure.document, explained)
            && let Some((_, JsonValue::Object(error))) = members.first_mut()
            && let Some((_, fix)) = error.iter_mut().find(|(name, _)| &**name == "fix")
            && *fix == JsonValue::Null
        {
            *fix = explained.fix.into();
        }
        failure
    }

    /// An error that has no exit code of its own. Where the system has denied this user a file, that is the cause.
    fn failed(error: impl Into<anyhow::Error>) -> Self {
        let error = error.into();
        let is_denied = error.chain().any(|cause| {
            let cause = cause.downcast_ref::<std::io::Error>();
            cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::PermissionDenied)
        });
        let code = match is_denied {
            true => Exit::Permission,
            false => Exit::Failed,
        };
        Self::new(code, error)
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
    if let Some(arguments) = arguments_of_service() {
        return Ok(arguments);
    }
    Arguments::try_parse().map_err(|error| {
        if !error.use_stderr() {
            // If the output is closed, the exit code alone must do.
            let _ = error.print();
            return Exit::Done.into();
        }
        let arguments: Vec<String> = std::env::args_os()
            .map(|argument| argument.to_string_lossy().into_owned())
            .collect();
        let json = arguments.iter().any(|argument| argument == "--json");
        let failure = usage::failure(&error, &arguments);
        if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !json {
            // Who writes the program's name alone wants to see what it can do.
            let _ = error.print();
        } else {
            failure.print(json);
        }
        failure.code.into()
    })
}

/// The service is started with every power cut, and its start is waited for. So its arguments are read without the descriptions of all
/// other commands; whatever is wrong with them is left to the parser of all commands.
fn arguments_of_service() -> Option<Arguments> {
    #[derive(Debug, Parser)]
    struct ServiceArguments {
        #[arg(long, global = true)]
        json: bool,
        #[command(subcommand)]
        command: ServiceCommand,
    }
    #[derive(Debug, Subcommand)]
    enum ServiceCommand {
        Run(service::RunArguments),
    }
    let first = std::env::args_os().skip(1).find(|first| first != "--json");
    first.filter(|first| first == "run")?;
    let ServiceArguments {
        json,
        command: ServiceCommand::Run(run),
    } = ServiceArguments::try_parse().ok()?;
    Some(Arguments {
        json,
        command: CliCommand::Run(run),
    })
}

impl From<ConfigError> for CliFailure {
    fn from(error: ConfigError) -> Self {
        let document = config::error_document(&error);
        let code = match error.is_denied() {
            true => Exit::Permission,
            false => Exit::Configuration,
        };
        Self::new(code, error).with_document(document)
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
            | StartError::PageListener { .. }
            | StartError::NumberTwice { .. }
            | StartError::Signatures(_)
            | StartError::Module(_)
            | StartError::NumberUnassigned(_)
            | StartError::LossNotAccepted { .. }
            | StartError::Certificate(_) => Exit::Configuration,
            StartError::DataFolder {
                is_denied: true, ..
            } => Exit::Permission,
            StartError::Store(
                StoreError::Configuration { .. }
                | StoreError::FileMissing { .. }
                | StoreError::FoundedOtherwise { .. }
                | StoreError::Unconfirmed { .. }
                | StoreError::NotLost { .. },
            ) => Exit::Configuration,
            _ => return Self::failed(error),
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
        CliCommand::Init(arguments) => init::run(&arguments, output),
        CliCommand::Provision(arguments) => init::provision::run(&arguments, output),
        CliCommand::Run(arguments) => service::run(&arguments, output),
        CliCommand::Status(arguments) => status::run(&arguments, output),
        CliCommand::Doctor(arguments) => doctor::run(&arguments, output),
        CliCommand::Ports(arguments) => ports::run(&arguments, output),
        CliCommand::Support(arguments) => support::run(&arguments, output),
        CliCommand::Verify(arguments) => verify::run(&arguments, output),
        CliCommand::Sale(arguments) => sell::sale(&arguments, output),
        CliCommand::Return(arguments) => sell::give_back(&arguments, output),
        CliCommand::Cash(arguments) => sell::cash(&arguments, output),
        CliCommand::Op(arguments) => operation::run(&arguments, output),
        CliCommand::Receipts(arguments) => receipts::run(&arguments, output),
        CliCommand::X(arguments) => report::run(report::Report::X, &arguments, output),
        CliCommand::Z(arguments) => report::run(report::Report::Z, &arguments, output),
        CliCommand::Settle(arguments) => settle::run(&arguments, output),
        CliCommand::Queue(arguments) => queue::run(&arguments, output),
        CliCommand::Backup(arguments) => backup::run(&arguments, output),
        CliCommand::Restore(arguments) => restore::run(&arguments, output),
        CliCommand::Export(arguments) => export::run(&arguments, output),
        CliCommand::Clock(arguments) => clock::run(&arguments, output),
        CliCommand::Person(arguments) => person::run(&arguments, output),
        CliCommand::Api(arguments) => api::run(&arguments, output),
        CliCommand::Rksv(arguments) => rksv::run(&arguments, output),
        CliCommand::Print(arguments) => print::run(&arguments, output),
        CliCommand::Printer(arguments) => printer::run(&arguments, output),
        CliCommand::Fiscalbox(arguments) => fiscalbox::run(&arguments, output),
        CliCommand::Hub(arguments) => hub::run(&arguments, output),
        CliCommand::Explain(arguments) => explain::run(&arguments, output),
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

    /// Prints a question for a person, without the end of the line.
    fn prompt(self, text: &str) {
        // A closed pipe does not end the command: the answer cannot be read either.
        let _ = if self.json {
            let mut stderr = std::io::stderr();
            write!(stderr, "{text}").and_then(|()| stderr.flush())
        } else {
            let mut stdout = std::io::stdout().lock();
            write!(stdout, "{text}").and_then(|()| stdout.flush())
        };
    }

    /// Prints a warning on standard error.
    fn warning(self, text: &str) {
        // A closed pipe does not end the command.
        let _ = writeln!(std::io::stderr(), "warning: {text}");
    }

    /// Prints a JSON line with `--json`, and nothing without it.
    fn json(self, line: &JsonValue) {
        if self.json {
            let mut stdout = std::io::stdout().lock();
            let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
        }
    }
}

/// Sends the log to standard error, at first with this level.
fn log(level: tracing::Level) {
    log_levels::start(level.into());
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
    tokio::net::TcpListener::bind(address)
        .await
        .map_err(|error| {
            let code = match error.kind() {
                std::io::ErrorKind::PermissionDenied => Exit::Permission,
                _ => Exit::Failed,
            };
            let (why, fix) = match error.kind() {
                std::io::ErrorKind::AddrInUse => (
                    "another program uses the address".to_owned(),
                    "end that program, or write another port into api.listen",
                ),
                std::io::ErrorKind::AddrNotAvailable => (
                    "the address does not belong to this machine".to_owned(),
                    "write an address of this machine into api.listen",
                ),
                std::io::ErrorKind::PermissionDenied => (
                    "a port below 1024 needs a permission that this program does not have"
                        .to_owned(),
                    "write a port above 1023 into api.listen",
                ),
                _ => (error.to_string(), "correct api.listen"),
            };
            let what = "the program cannot listen for callers";
            let explained = Explanation::new(what, address.to_string(), why, fix);
            CliFailure::new(code, anyhow::anyhow!("{explained}"))
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

/// A clock in the zone of the till: the one that is configured, or that of the country.
fn shop_clock(config: &Config) -> Result<Clock, CliFailure> {
    let till = &config.till;
    let zone = match profile::by_code(&till.country) {
        Some(profile) => Some(till.zone(profile.facts())),
        None => till.time_zone.as_deref(),
    };
    Clock::new(zone).map_err(CliFailure::failed)
}

/// The default configuration file.
fn default_config() -> PathBuf {
    PathBuf::from("/etc/ferrotill/ferrotill.toml")
}

#[cfg(test)]
mod tests {
    use super::{CliFailure, ConfigError, Exit, error_types};

    /// A program shows `fix` to a person: where the agent's message has no remedy, the page of the error type has one.
    #[test]
    fn a_refusal_without_a_remedy_gets_that_of_its_error_type() {
        let fix = |name, message| {
            let failure = CliFailure::refused_by_agent(Exit::Refused, name, message);
            let fix = failure.document.path("error.fix").cloned();
            fix.map_or_else(String::new, |fix| fix.scalar().to_owned())
        };
        let settled = "id: is settled already, as registered";
        assert!(fix("AlreadySettled", settled).contains("/operations"));
        assert_eq!(fix("AlreadySettled", "no; look at it"), "look at it");
    }

    /// Every code that a document of an error can have where the agent has given none.
    #[test]
    fn every_code_of_the_command_line_is_explained() {
        let failures = [
            Exit::Failed,
            Exit::Usage,
            Exit::Configuration,
            Exit::NotPrinted,
            Exit::NotAcknowledged,
            Exit::Unknown,
            Exit::Refused,
            Exit::NotRunning,
            Exit::Permission,
            Exit::Interrupted,
        ];
        let mut codes: Vec<String> = failures.map(|exit| exit.name().to_owned()).into();
        for error in [
            ConfigError::Faulty { faults: Vec::new() },
            ConfigError::Unreadable {
                path: "ferrotill.toml".into(),
                source: std::io::ErrorKind::NotFound.into(),
            },
        ] {
            let document = CliFailure::from(error).document;
            let code = document.path("error.code").unwrap();
            codes.push(code.scalar().to_owned());
        }
        // Those that stand in documents of a command's own form.
        for source in [include_str!("verify.rs"), include_str!("rksv.rs")] {
            let written = source.split("\"code\" => \"").skip(1);
            codes.extend(written.map(|rest| rest.split('"').next().unwrap().to_owned()));
        }
        for code in codes {
            assert!(
                !error_types::find(&code).is_empty(),
                "{code} is not explained; add it to api/error_types/of_commands.rs"
            );
        }
    }

    /// The codes of the page `docs/EXIT-CODES.md` are those of the program.
    #[test]
    fn the_page_of_exit_codes_has_every_code() {
        let page = include_str!("../../../docs/EXIT-CODES.md");
        let rows = page.lines().filter_map(|line| {
            let mut cells = line.strip_prefix("| ")?.split(" | ");
            let number: u8 = cells.next()?.parse().ok()?;
            Some((number, cells.next()?.trim_matches('`').to_owned()))
        });
        let codes = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::Configuration,
            Exit::NotPrinted,
            Exit::NotAcknowledged,
            Exit::Unknown,
            Exit::Refused,
            Exit::NotRunning,
            Exit::Permission,
            Exit::Interrupted,
        ];
        let codes = codes.map(|exit| (exit.number(), exit.name().to_owned()));
        assert_eq!(rows.collect::<Vec<_>>(), codes);
    }
}

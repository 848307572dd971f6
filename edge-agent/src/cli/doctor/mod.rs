//! `doctor`: checks everything that an installer can act on, with one thing to do for each fault.

mod agent;
mod configuration;
mod folder;
mod installation;
mod office;
mod ports;

pub(super) use ports::{by_id_of, serial_path, serial_ports, user_of};

use std::path::{Path, PathBuf};

use clap::Args;

use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, ConfigError, ExplainedConfig, Overrides};
use crate::object;
use ferrotill_store::give_path_to_owner;

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Repairs what can be repaired without a question: permissions, missing folders, files that were left behind.
    #[arg(long)]
    fix: bool,
    /// The configuration file.
    #[arg(long, default_value_os_t = default_config())]
    config: PathBuf,
    /// The address of the running agent, instead of the configured one.
    #[arg(long)]
    listen: Option<String>,
    /// The data folder, instead of the configured one.
    #[arg(long)]
    data: Option<PathBuf>,
}

/// What a check is about; a fault of a printer, and a data folder that this user may not use, have exit codes of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Printer,
    Permission,
    Other,
}

/// The result of a check.
#[derive(Debug)]
struct Finding {
    id: &'static str,
    subject: Subject,
    /// What was found.
    says: String,
    /// What to do, if something is wrong.
    fix: Option<String>,
    /// How `--fix` repairs it.
    repair: Option<Repair>,
    /// True once `--fix` has repaired it.
    repaired: bool,
}

/// A repair that loses nothing.
#[derive(Clone, Debug)]
enum Repair {
    /// Gives a file or a folder this mode.
    Mode(PathBuf, u32),
    /// Makes a folder that only its owner may read.
    MakeFolder(PathBuf),
    /// Gives files to the owner of the folder that they are in.
    Owner(Vec<PathBuf>),
    /// Removes a folder that an interrupted command of this program has left.
    Remove(PathBuf),
}

impl Finding {
    fn good(id: &'static str, says: impl Into<String>) -> Self {
        Self {
            id,
            subject: Subject::Other,
            says: says.into(),
            fix: None,
            repair: None,
            repaired: false,
        }
    }

    fn bad(id: &'static str, says: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            fix: Some(fix.into()),
            ..Self::good(id, says)
        }
    }

    fn on_printer(self) -> Self {
        Self {
            subject: Subject::Printer,
            ..self
        }
    }

    fn on_permission(self) -> Self {
        Self {
            subject: Subject::Permission,
            ..self
        }
    }

    fn with_repair(self, repair: Repair) -> Self {
        Self {
            repair: Some(repair),
            ..self
        }
    }

    const fn ok(&self) -> bool {
        self.fix.is_none() || self.repaired
    }

    fn json(&self) -> JsonValue {
        object! {
            "id" => self.id,
            "ok" => self.ok(),
            "says" => self.says.clone(),
            "fix" => self.fix.clone(),
            "fixable" => self.repair.is_some(),
            "repaired" => self.repaired,
        }
    }

    /// Repairs the fault, if it can be repaired.
    fn repair(&mut self) {
        let Some(repair) = &self.repair else { return };
        match repair.carry_out() {
            Ok(()) => {
                self.repaired = true;
                self.says.push_str(" (repaired)");
            }
            Err(error) => {
                let why = format!("; it could not be repaired: {error}");
                self.says.push_str(&why);
            }
        }
    }
}

impl Repair {
    fn carry_out(&self) -> std::io::Result<()> {
        use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
        match self {
            Self::Mode(path, mode) => {
                std::fs::set_permissions(path, std::fs::Permissions::from_mode(*mode))
            }
            Self::MakeFolder(path) => {
                let mut builder = std::fs::DirBuilder::new();
                builder.recursive(true).mode(0o700).create(path)?;
                give_path_to_owner(path)
            }
            Self::Owner(paths) => paths.iter().try_for_each(|path| give_path_to_owner(path)),
            Self::Remove(path) => std::fs::remove_dir_all(path),
        }
    }
}

pub(super) fn run(arguments: &DoctorArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::ERROR);
    let overrides = Overrides {
        listen: arguments.listen.clone(),
        data_dir: arguments.data.clone(),
    };
    let explain = || Config::explain(&arguments.config, &overrides, std::env::vars_os());
    let mut explained = explain();
    let mut repaired = Vec::new();
    if arguments.fix
        && let Err(error) = &explained
    {
        // A file that other users may read can be a fault of the configuration, which then is read again.
        repaired = configuration::of_error(error);
        repaired.retain_mut(|finding| {
            finding.repair();
            finding.repaired
        });
        if !repaired.is_empty() {
            explained = explain();
        }
    }
    let explained = match explained {
        Ok(explained) => explained,
        Err(error) => {
            repaired.extend(of_faulty(&arguments.config, &error));
            if arguments.fix {
                repair_all(&mut repaired);
            }
            report(&repaired, output);
            return Ok(CliFailure::from(error).code);
        }
    };
    let mut findings = repaired;
    findings.extend(findings_of(&arguments.config, &explained));
    if arguments.fix {
        repair_all(&mut findings);
    }
    report(&findings, output);
    let mut faults = findings.iter().filter(|finding| !finding.ok());
    let mut others = faults.clone();
    if others.any(|fault| fault.subject == Subject::Permission) {
        // What is in the folder was not checked.
        return Ok(Exit::Permission);
    }
    Ok(match faults.next() {
        None => Exit::Done,
        Some(first)
            if first.subject == Subject::Printer
                && faults.all(|fault| fault.subject == Subject::Printer) =>
        {
            Exit::NotPrinted
        }
        Some(_) => Exit::Failed,
    })
}

/// Every check of a till as JSON, or the checks that are possible without a configuration. Nothing is repaired.
pub(super) fn as_json(file: &Path, explained: &Result<ExplainedConfig, ConfigError>) -> JsonValue {
    let findings = match explained {
        Ok(explained) => findings_of(file, explained),
        Err(error) => of_faulty(file, error),
    };
    JsonValue::Array(findings.iter().map(Finding::json).collect())
}

/// The checks that are possible without a configuration.
fn of_faulty(file: &Path, error: &ConfigError) -> Vec<Finding> {
    let mut findings = configuration::of_error(error);
    findings.push(installation::private_configuration(file));
    findings.push(installation::machine_clock());
    findings
}

fn repair_all(findings: &mut [Finding]) {
    for finding in findings.iter_mut().filter(|finding| !finding.ok()) {
        finding.repair();
    }
}

fn report(findings: &[Finding], output: CliOutput) {
    output.json(&object! {
        "ok" => findings.iter().all(Finding::ok),
        "checks" => JsonValue::Array(findings.iter().map(Finding::json).collect()),
    });
    if !output.json {
        print(findings, output);
    }
}

fn findings_of(file: &Path, explained: &ExplainedConfig) -> Vec<Finding> {
    let config = &explained.config;
    // What waits for others is done at the same time.
    std::thread::scope(|scope| {
        let office = scope.spawn(|| office::checks(config));
        let agent = scope.spawn(|| agent::checks(config));
        let mut findings = installation::checks(file, explained);
        findings.extend(folder::checks(config));
        let (runs, of_agent) = agent.join().unwrap_or_default();
        findings.extend(ports::checks(config, runs));
        findings.extend(of_agent);
        findings.extend(office.join().unwrap_or_default());
        findings
    })
}

fn print(findings: &[Finding], output: CliOutput) {
    for finding in findings {
        let mark = if finding.ok() { "ok" } else { "!!" };
        output.text(&format!("{mark}  {:<22} {}", finding.id, finding.says));
        if let (false, Some(fix)) = (finding.ok(), &finding.fix) {
            let by_itself = match finding.repair {
                Some(_) => ", or let `ferrotill doctor --fix` do it",
                None => "",
            };
            output.text(&format!("{:27}what to do: {fix}{by_itself}", ""));
        }
    }
    let faults = findings.iter().filter(|finding| !finding.ok()).count();
    output.text(&match faults {
        0 => format!("{} checks, nothing is wrong", findings.len()),
        1 => format!("{} checks, one fault", findings.len()),
        faults => format!("{} checks, {faults} faults", findings.len()),
    });
}

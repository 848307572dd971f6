//! `hub`: enrols the till at the hub of a head office, and says what the hub has. The hub's own commands are those of `ferrotill-hub`,
//! which this command starts.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use ferrotill_hub_protocol::OneTimeCode;
use ferrotill_store::Reader;

use super::{CliFailure, CliOutput, Exit, default_config, log, shop_clock};
use crate::config::{Config, HubConfig, Overrides, default_ca_file};
use crate::object;
use crate::outbox::hub::enrolment::{EnrolError, enrol};
use crate::outbox::hub::{HubIdentity, HubPlace, IdentityFault};
use crate::time::clock::iso_utc;

/// The arguments of `hub`.
#[derive(Debug, Args)]
pub struct HubArguments {
    #[command(subcommand)]
    command: HubCommand,
    /// The configuration file.
    #[arg(long, global = true, default_value_os_t = default_config())]
    config: PathBuf,
}

#[derive(Debug, Subcommand)]
enum HubCommand {
    /// Enrols this till at the hub with a one-time code. With `--shop`, makes such a code at the hub (`ferrotill-hub enrol`).
    Enrol(EnrolArguments),
    /// Says at which hub the till is enrolled, what the hub has acknowledged, and what waits.
    Status,
    /// The hub's own commands (run, init, migrate, revoke, tills, export): they are carried out by `ferrotill-hub`.
    #[command(external_subcommand)]
    Server(Vec<OsString>),
}

/// The arguments of `hub enrol`.
#[derive(Debug, Args)]
struct EnrolArguments {
    /// The code as the head office has given it; with spaces between its groups it may be several arguments. `-` reads it from standard
    /// input.
    #[arg(required_unless_present = "shop")]
    code: Vec<String>,
    /// The https address at which the hub listens for tills, instead of the configured one.
    #[arg(long)]
    url: Option<String>,
    /// The name of a shop: the command is one of the hub.
    #[arg(long, hide = true, conflicts_with = "url")]
    shop: Option<String>,
    /// The id of a till: the command is one of the hub.
    #[arg(long, hide = true, requires = "shop")]
    till: Option<String>,
}

pub(super) fn run(arguments: &HubArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    match &arguments.command {
        HubCommand::Enrol(EnrolArguments { shop: Some(_), .. }) => {
            let written: Vec<OsString> = std::env::args_os()
                .skip_while(|argument| argument != "hub")
                .skip(1)
                .collect();
            serve(&written)
        }
        HubCommand::Enrol(enrolment) => {
            log(tracing::Level::WARN);
            enrol_till(&arguments.config, enrolment, output)
        }
        HubCommand::Status => {
            log(tracing::Level::WARN);
            let config = Config::load(&arguments.config, &Overrides::default())?;
            status(&config, output)
        }
        HubCommand::Server(written) => serve(written),
    }
}

/// Hands over to the program of the hub. Returns only if it cannot be started.
fn serve(arguments: &[OsString]) -> Result<Exit, CliFailure> {
    let program = program();
    let error = Command::new(&program).args(arguments).exec();
    let code = match error.kind() {
        std::io::ErrorKind::PermissionDenied => Exit::Permission,
        _ => Exit::Failed,
    };
    let text = match error.kind() {
        std::io::ErrorKind::NotFound => anyhow!(
            "the hub is not installed on this machine: there is no {PROGRAM} beside this program and none on the PATH; install the package {PROGRAM}, or use the commands of a till: `ferrotill hub enrol CODE`, `ferrotill hub status`"
        ),
        _ => anyhow!(
            "{} cannot be started ({error}); check its permissions",
            program.display()
        ),
    };
    Err(CliFailure::new(code, text).named("HubNotInstalled"))
}

/// The program of the hub: beside this one, otherwise on the PATH.
fn program() -> PathBuf {
    let beside = std::env::current_exe().map(|own| own.with_file_name(PROGRAM));
    beside
        .ok()
        .filter(|beside| beside.is_file())
        .unwrap_or_else(|| PathBuf::from(PROGRAM))
}

fn enrol_till(
    file: &Path,
    arguments: &EnrolArguments,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let config = Config::load(file, &Overrides::default())?;
    let usage = |text: String| CliFailure::new(Exit::Usage, anyhow!(text));
    let code = OneTimeCode::parse(&typed(&arguments.code)?)
        .map_err(|error| usage(format!("{error}; type the code again")))?;
    let configured = config.hub.as_ref();
    let url = match (&arguments.url, configured) {
        (Some(url), _) => HubConfig::url_of(url).ok_or_else(|| {
            usage(format!(
                "--url is {url:?}; write an https url without user, query and fragment, such as \"https://hub.example:8443\""
            ))
        })?,
        (None, Some(hub)) => hub.url.clone(),
        (None, None) => {
            return Err(usage(
                "the configuration has no [hub]; give the address of the hub with --url".to_owned(),
            ));
        }
    };
    let folder = &config.till.data_dir;
    let hub = HubConfig {
        ca_file: configured.map_or_else(|| default_ca_file(folder), |hub| hub.ca_file.clone()),
        url,
    };
    let enrolled = enrol(&code, &hub, folder).map_err(|error| {
        let (exit, name) = match &error {
            EnrolError::Unreachable { .. } => (Exit::Failed, "HubUnreachable"),
            EnrolError::OtherHub { .. } => (Exit::Refused, "OtherHub"),
            EnrolError::Code(_) => (Exit::Refused, "CodeRefused"),
            EnrolError::Refused(_) => (Exit::Refused, "EnrolmentRefused"),
            EnrolError::OtherTill { .. } => (Exit::Refused, "OtherTill"),
            EnrolError::File { .. } => (Exit::Permission, "FileUnusable"),
            EnrolError::Key(_) => (Exit::Failed, "NoKey"),
        };
        CliFailure::new(exit, error).named(name)
    })?;
    let next = match configured {
        Some(configured) if configured.url == hub.url => {
            "the agent begins to send within ten seconds".to_owned()
        }
        _ => write_section(file, &hub),
    };
    output.json(&object! {
        "enrolled" => true,
        "till" => enrolled.till,
        "shop" => enrolled.shop.clone(),
        "url" => hub.url.clone(),
        "certificate_ends" => iso_utc(enrolled.ends_ms),
        "next" => next.clone(),
    });
    output.text(&format!(
        "the till is enrolled as {} ({}) at {}; {next}",
        enrolled.shop, enrolled.till, hub.url
    ));
    Ok(Exit::Done)
}

/// The code of the arguments, or from standard input.
fn typed(code: &[String]) -> Result<String, CliFailure> {
    if code != ["-"] {
        return Ok(code.join(" "));
    }
    let mut text = String::new();
    std::io::stdin()
        .take(CODE_BYTES_MAX)
        .read_to_string(&mut text)
        .map_err(CliFailure::failed)?;
    Ok(text)
}

/// Adds the section to the configuration, in a file of its own. Returns the next step of the person.
fn write_section(config: &Path, hub: &HubConfig) -> String {
    let text = format!("[hub]\nurl = \"{}\"\n", hub.url);
    let folder = config
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
        .join("conf.d");
    let file = folder.join("hub.toml");
    let written = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, &text));
    match written {
        Ok(()) => format!(
            "{} names the hub; restart the agent, which then sends",
            file.display()
        ),
        Err(_) => format!(
            "add these two lines to {}, and restart the agent: [hub] and url = \"{}\"",
            config.display(),
            hub.url
        ),
    }
}

fn status(config: &Config, output: CliOutput) -> Result<Exit, CliFailure> {
    let folder = &config.till.data_dir;
    let Some(hub) = &config.hub else {
        let text = anyhow!(
            "the configuration has no [hub]; enrol the till with `ferrotill hub enrol CODE --url URL`"
        );
        return Err(CliFailure::new(Exit::Failed, text).named("NoHub"));
    };
    let identity = match HubIdentity::read(folder) {
        Ok(identity) => Some(identity),
        Err(IdentityFault::Missing) => None,
        Err(error @ IdentityFault::Unreadable { .. }) => {
            return Err(CliFailure::new(Exit::Permission, error));
        }
        Err(error) => return Err(CliFailure::failed(error)),
    };
    let place = HubPlace::read(folder).map_err(CliFailure::failed)?;
    let reader = Reader::new(folder);
    let after = place.as_ref().map_or(0, |place| place.row);
    let waiting = reader
        .hub_backlog(after, u32::MAX)
        .map_err(CliFailure::failed)?;
    let taken_over = place.as_ref().and_then(|place| place.taken_over);
    let acknowledged = place.as_ref().map_or(0, |place| place.sequence);
    let acknowledged_at = place.as_ref().and_then(|place| place.acknowledged_ms);
    output.json(&object! {
        "url" => hub.url.clone(),
        "enrolled" => identity.is_some(),
        "till" => identity.as_ref().map(|identity| identity.till),
        "shop" => identity.as_ref().map(|identity| identity.shop.clone()),
        "certificate_ends" => identity.as_ref().map(|identity| iso_utc(identity.ends_ms)),
        "acknowledged" => acknowledged,
        "acknowledged_at" => acknowledged_at.map(iso_utc),
        "waiting" => waiting,
        "taken_over" => taken_over.is_some(),
    });
    let shop_clock = shop_clock(config)?;
    output.text(&format!("hub: {}", hub.url));
    output.text(&match &identity {
        Some(identity) => format!(
            "enrolled as {} ({}); the certificate ends {}",
            identity.shop,
            identity.till,
            shop_clock.shown(identity.ends_ms)
        ),
        None => "not enrolled; ask the head office for a code, and use `ferrotill hub enrol CODE`"
            .to_owned(),
    });
    output.text(&match acknowledged_at {
        Some(at) => format!(
            "the hub has {acknowledged} documents, the last since {}; {waiting} wait",
            shop_clock.shown(at)
        ),
        None => format!("the hub has acknowledged nothing yet; {waiting} documents wait"),
    });
    if taken_over.is_some() {
        output.text("another machine has taken over this till; this one sells nothing more");
    }
    let is_well = identity.is_some() && taken_over.is_none();
    Ok(if is_well { Exit::Done } else { Exit::Failed })
}

/// The program of the hub.
const PROGRAM: &str = "ferrotill-hub";
/// The longest text that is read as a code.
const CODE_BYTES_MAX: u64 = 1_000;

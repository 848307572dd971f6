//! `ports`: what is plugged in, which printer answers at which speed, and which device of the configuration has which port.

mod assign;
mod names;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use clap::{Args, Subcommand};
use ferrotill_device::driver::{self, DriverUri};

use self::assign::{AssignArguments, assign};
use self::names::NameFolders;
use super::doctor::{by_id_of, serial_path, serial_ports, user_of};
use super::words::counted;
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides};
use crate::object;
use crate::time::clock::Clock;

/// The arguments of `ports`.
#[derive(Debug, Args)]
pub struct PortsArguments {
    #[command(subcommand)]
    task: PortsTask,
    /// The configuration file; `list` and `probe` need none.
    #[arg(long, global = true, default_value_os_t = default_config())]
    config: PathBuf,
}

/// The commands of `ports`.
#[derive(Debug, Subcommand)]
enum PortsTask {
    /// Lists the serial ports: product, ids, serial number, the name that stays the same, and who uses each.
    List,
    /// Asks at each port which printer answers, at which speed. It stops after ten seconds and says what was not tried.
    Probe(ProbeArguments),
    /// Writes the port of a device's printer into the configuration, by the name that stays the same if there is one.
    Assign(AssignArguments),
}

/// The arguments of `ports probe`.
#[derive(Debug, Args)]
struct ProbeArguments {
    /// A port, such as `/dev/ttyUSB0`; without it, every free port of this machine is tried. May be given several times.
    #[arg(long, value_name = "PATH")]
    port: Vec<PathBuf>,
    /// A family of printers, such as `datecs`; without it, every family is tried. May be given several times.
    #[arg(long, value_name = "FAMILY")]
    family: Vec<String>,
}

pub(super) fn run(arguments: &PortsArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::ERROR);
    let configured = configured_ports(&arguments.config);
    match &arguments.task {
        PortsTask::List => {
            list(&configured, output);
            Ok(Exit::Done)
        }
        PortsTask::Probe(wanted) => probe(wanted, output),
        PortsTask::Assign(wanted) => assign(wanted, &arguments.config, output),
    }
}

/// The ports of the configuration, if there is one.
fn configured_ports(file: &Path) -> BTreeSet<PathBuf> {
    let config = Config::load(file, &Overrides::default());
    let devices = config.map_or_else(|_| Vec::new(), |config| config.devices);
    let paths = devices.iter().filter_map(|device| serial_path(&device.uri));
    paths.map(PathBuf::from).collect()
}

/// A serial port with what the system knows of it.
struct SerialPort {
    path: PathBuf,
    by_id: Option<PathBuf>,
    product: Option<String>,
    ids: Option<String>,
    serial: Option<String>,
    used_by: Option<String>,
    /// The names that stay the same, the best one first.
    names: Vec<PathBuf>,
}

impl SerialPort {
    fn at(path: &Path) -> Self {
        let usb = usb_folder(path);
        let read = |name: &str| {
            let text = fs::read_to_string(usb.as_ref()?.join(name)).ok()?;
            Some(text.trim().to_owned()).filter(|text| !text.is_empty())
        };
        let ids = read("idVendor").zip(read("idProduct"));
        let serial = read("serial");
        let names = NameFolders::of_machine().names_of(path, serial.is_some());
        Self {
            names: names.into_iter().map(|name| name.path).collect(),
            path: path.to_owned(),
            by_id: by_id_of(path),
            product: read("product"),
            ids: ids.map(|(vendor, product)| format!("{vendor}:{product}")),
            serial,
            used_by: user_of(path),
        }
    }

    fn json(&self, configured: bool) -> JsonValue {
        object! {
            "path" => self.path.display().to_string(),
            "by_id" => self.by_id.as_ref().map(|path| path.display().to_string()),
            "product" => self.product.clone(),
            "usb" => self.ids.clone(),
            "serial_number" => self.serial.clone(),
            "used_by" => self.used_by.clone(),
            "names" => JsonValue::Array(self.names.iter().map(|name| name.display().to_string().into()).collect()),
            "configured" => configured,
        }
    }
}

/// The folder of the system with the descriptors of the USB device behind a port.
fn usb_folder(path: &Path) -> Option<PathBuf> {
    let name = fs::canonicalize(path).ok()?;
    let device = Path::new("/sys/class/tty")
        .join(name.file_name()?)
        .join("device");
    let device = fs::canonicalize(device).ok()?;
    let mut folders = device.ancestors();
    folders
        .find(|folder| folder.join("idVendor").exists())
        .map(Path::to_owned)
}

fn list(configured: &BTreeSet<PathBuf>, output: CliOutput) {
    let mut paths: BTreeSet<PathBuf> = serial_ports().into_iter().map(PathBuf::from).collect();
    paths.extend(configured.iter().filter(|path| path.exists()).cloned());
    let ports: Vec<SerialPort> = paths.iter().map(|path| SerialPort::at(path)).collect();
    let is_configured = |port: &SerialPort| {
        configured.contains(&port.path) || port.names.iter().any(|name| configured.contains(name))
    };
    let listed = ports.iter().map(|port| port.json(is_configured(port)));
    output.json(&object! { "ports" => JsonValue::Array(listed.collect()) });
    if output.json {
        return;
    }
    for port in &ports {
        let or =
            |text: &Option<String>, none: &str| text.clone().unwrap_or_else(|| none.to_owned());
        output.text(&format!(
            "{}: {} ({}), serial number {}",
            port.path.display(),
            or(&port.product, "product not known"),
            or(&port.ids, "no USB"),
            or(&port.serial, "not known")
        ));
        for name in &port.names {
            output.text(&format!("  stays the same: {}", name.display()));
        }
        if let Some(user) = &port.used_by {
            output.text(&format!("  used by: {user}"));
        }
        if is_configured(port) {
            output.text("  in the configuration");
        }
    }
    output.text(&counted(ports.len(), "serial port"));
}

/// The families that are tried, the common ones first, each at the speed that its driver searches for itself.
const FAMILIES: [&str; 6] = [
    "datecs",
    "datecs-x",
    "datecs-mx",
    "daisy",
    "eltrade",
    "tremol",
];
/// How long all tries together last.
const PROBE_TIME: Duration = Duration::from_secs(10);
/// How long one family has to answer at one port.
const TRY_TIME: Duration = Duration::from_secs(4);

/// What a port has answered.
enum Answered {
    Printer {
        uri: String,
        model: String,
        serial: String,
    },
    Silent,
    NotTried(&'static str),
}

/// A printer that has answered at a serial port.
pub(super) struct FoundPrinter {
    /// Its address, as `uri` of `[[device]]` has it.
    pub(super) uri: String,
    model: String,
    serial: String,
}

#[cfg(test)]
impl FoundPrinter {
    /// A printer with this address.
    pub(super) fn example(uri: &str) -> Self {
        Self {
            uri: uri.to_owned(),
            model: "FP-700".to_owned(),
            serial: "DT000001".to_owned(),
        }
    }
}

impl std::fmt::Display for FoundPrinter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.model, self.serial)
    }
}

/// The printers that answer at the free serial ports of this machine. The search stops after ten seconds. A printer is named by the
/// port's name that stays the same, if there is one.
pub(super) fn found_printers() -> Result<Vec<FoundPrinter>, CliFailure> {
    let ports: Vec<PathBuf> = serial_ports()
        .into_iter()
        .map(PathBuf::from)
        .map(|port| by_id_of(&port).unwrap_or(port))
        .collect();
    let tries = tries(&ports, &FAMILIES)?.into_iter();
    let printers = tries.filter_map(|(.., answered)| match answered {
        Answered::Printer { uri, model, serial } => Some(FoundPrinter { uri, model, serial }),
        Answered::Silent | Answered::NotTried(_) => None,
    });
    Ok(printers.collect())
}

fn probe(wanted: &ProbeArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    let ports: Vec<PathBuf> = match wanted.port.as_slice() {
        [] => serial_ports().into_iter().map(PathBuf::from).collect(),
        given => given.to_vec(),
    };
    let families: Vec<&str> = match wanted.family.as_slice() {
        [] => FAMILIES.to_vec(),
        given => given.iter().map(String::as_str).collect(),
    };
    let tries = tries(&ports, &families)?;
    report(&tries, output);
    let any = tries
        .iter()
        .any(|(.., answered)| matches!(answered, Answered::Printer { .. }));
    Ok(if any { Exit::Done } else { Exit::NotPrinted })
}

/// Asks at each port for each family: port, family and answer.
fn tries(
    ports: &[PathBuf],
    families: &[&str],
) -> Result<Vec<(String, String, Answered)>, CliFailure> {
    let clock = Clock::new(None).map_err(CliFailure::failed)?;
    let begun = clock.monotonic();
    let passed = || clock.monotonic().saturating_duration_since(begun);
    let mut tries = Vec::new();
    for port in ports {
        let user = user_of(port);
        let mut found = false;
        for family in families {
            let answered = if found {
                Answered::NotTried("a printer has answered at this port")
            } else if user.is_some() {
                Answered::NotTried("another program uses the port")
            } else if passed() >= PROBE_TIME {
                Answered::NotTried("the ten seconds are over")
            } else {
                ask(port, family, PROBE_TIME.saturating_sub(passed()))?
            };
            found |= matches!(answered, Answered::Printer { .. });
            tries.push((port.display().to_string(), (*family).to_owned(), answered));
        }
    }
    Ok(tries)
}

/// Asks whether a printer of a family answers at a port. An answer that comes too late is dropped.
fn ask(port: &Path, family: &str, left: Duration) -> Result<Answered, CliFailure> {
    let text = format!("{family}+serial://{}?baud=auto", port.display());
    let uri = DriverUri::parse(&text).map_err(|error| {
        let text = anyhow::anyhow!("{text}: {error}");
        CliFailure::new(Exit::Usage, text)
    })?;
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        // Nobody may listen any more.
        let _ = tell.send(driver::open(&uri).connect());
    });
    Ok(match told.recv_timeout(TRY_TIME.min(left)) {
        Ok(Ok(connected)) => {
            let speed = connected.address.rsplit(" at ").next().unwrap_or_default();
            let baud = speed.split(' ').next().unwrap_or_default();
            Answered::Printer {
                uri: format!("{family}+serial://{}?baud={baud}", port.display()),
                model: connected.model,
                serial: connected.baseline.serial,
            }
        }
        Ok(Err(_)) => Answered::Silent,
        Err(_) => Answered::NotTried("the port did not answer in time"),
    })
}

fn report(tries: &[(String, String, Answered)], output: CliOutput) {
    let listed = tries.iter().map(|(port, family, answered)| {
        let (state, uri, model, serial, why) = match answered {
            Answered::Printer { uri, model, serial } => {
                ("printer", Some(uri), Some(model), Some(serial), None)
            }
            Answered::Silent => ("silent", None, None, None, None),
            Answered::NotTried(why) => ("not_tried", None, None, None, Some(*why)),
        };
        object! {
            "path" => port.clone(),
            "family" => family.clone(),
            "state" => state,
            "uri" => uri.cloned(),
            "model" => model.cloned(),
            "serial_number" => serial.cloned(),
            "why" => why,
        }
    });
    output.json(&object! { "tries" => JsonValue::Array(listed.collect()) });
    if output.json {
        return;
    }
    for (port, family, answered) in tries {
        output.text(&match answered {
            Answered::Printer { uri, model, serial } => {
                format!(
                    "{port}: {model} {serial}; write uri = \"{uri}\" into [[device]], or: ferrotill ports assign '{uri}'"
                )
            }
            Answered::Silent => format!("{port}: no printer of the family {family} answers"),
            Answered::NotTried(why) => format!("{port}: {family} not tried: {why}"),
        });
    }
    if tries.is_empty() {
        output.text("no serial port is there; plug the printer in, or give a port with --port");
    }
}

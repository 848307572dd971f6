//! `ports`: what is plugged in, which printer answers at which speed, and which device of the configuration has which port.

mod assign;
mod names;
mod probe;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use self::assign::{AssignArguments, assign};
use self::names::NameFolders;
pub(super) use self::probe::{FoundPrinter, found_printers};
use self::probe::{ProbeArguments, probe};
use super::doctor::{by_id_of, serial_path, serial_ports, user_of};
use super::words::counted;
use super::{CliFailure, CliOutput, Exit, default_config, log};
use crate::api::json::JsonValue;
use crate::config::{Config, Overrides};
use crate::object;

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

pub(super) fn run(arguments: &PortsArguments, output: CliOutput) -> Result<Exit, CliFailure> {
    log(tracing::Level::ERROR);
    let configured = configured_ports(&arguments.config);
    match &arguments.task {
        PortsTask::List => {
            list(&configured, output);
            Ok(Exit::Done)
        }
        PortsTask::Probe(wanted) => probe(wanted, &configured, output),
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

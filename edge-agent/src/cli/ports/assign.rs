//! `ports assign`: writes the port of a device's printer into the configuration.

use std::fs;
use std::io;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::Args;
use ferrotill_device::driver::DriverUri;

use super::names::{LastingName, NameFolders};
use super::{SerialPort, serial_path, serial_ports};
use crate::agent::check;
use crate::cli::{CliFailure, CliOutput, Exit, default_config};
use crate::config::{
    ChangedFile, Config, Device, ExplainedConfig, Overrides, SourcePlace, with_text_at,
    without_password,
};
use crate::explanation::{Explanation, why_of};
use crate::object;
use crate::secret_file::replace_file;

/// The arguments of `ports assign`.
#[derive(Debug, Args)]
pub(super) struct AssignArguments {
    /// The port, such as `/dev/ttyUSB0`, or the whole `uri` that `ports probe` has printed.
    #[arg(value_name = "PORT")]
    port: String,
    /// The device: its name, its id, or its number in the configuration, 1 for the first. A configuration with one device needs none.
    #[arg(value_name = "DEVICE")]
    device: Option<String>,
    /// The family of the printer, such as `datecs`, if it is not the one of the configuration.
    #[arg(long, value_name = "FAMILY")]
    family: Option<String>,
    /// Writes a port that is not plugged in now.
    #[arg(long)]
    force: bool,
    /// Says what would be written, and writes nothing.
    #[arg(long)]
    dry_run: bool,
}

/// The name of the port that is written, and what is to be said about it.
struct ChosenPort {
    /// The path of a serial port or the address of a printer on the network.
    place: String,
    /// Whether the name leads to the same printer after a restart.
    lasts: bool,
    says: Option<String>,
}

pub(super) fn assign(
    arguments: &AssignArguments,
    file: &Path,
    output: CliOutput,
) -> Result<Exit, CliFailure> {
    let before = explained(file, None)?;
    let devices = &before.config.devices;
    let index = device_of(devices, arguments.device.as_deref())?;
    let device = devices
        .get(index)
        .ok_or_else(|| usage("the configuration has no device; add a [[device]]"))?;
    let wanted = Wanted::read(arguments)?;
    let port = match &wanted.path {
        Some(path) => chosen_port(path, arguments.force)?,
        None => ChosenPort {
            place: wanted.place.clone(),
            lasts: true,
            says: None,
        },
    };
    refuse_port_of_another(devices, index, &wanted, &port.place)?;
    let uri = wanted.uri(device, &port.place)?;
    DriverUri::parse(&uri)
        .map_err(|error| usage(format!("{}: {error}", without_password(&uri))))?;
    let place = place_of_uri(&before, index)?;
    let is_new = uri != device.uri;
    if is_new {
        let text = fs::read_to_string(place.file)
            .map_err(|error| unusable("the configuration cannot be read", place.file, &error))?;
        let changed = with_text_at(&text, place.line, place.column, &uri).ok_or_else(|| {
            let what = "the configuration has changed while the command has read it";
            CliFailure::failed(anyhow!("{what}: {}; try again", place.file.display()))
        })?;
        let changed_file = ChangedFile {
            path: place.file,
            text: &changed,
        };
        let after = explained(file, Some(changed_file))?;
        check(&after.config)?;
        if !arguments.dry_run {
            replace_file(place.file, changed.as_bytes()).map_err(|error| {
                unusable("the configuration cannot be written", place.file, &error)
            })?;
        }
    }
    let written = is_new && !arguments.dry_run;
    let next = next_command(file);
    say(
        device,
        &place,
        &uri,
        &port,
        (is_new, written),
        &next,
        output,
    );
    output.json(&object! {
        "device" => object! { "id" => device.id, "name" => device.name.as_str() },
        "file" => place.file.display().to_string(),
        "line" => place.line,
        "before" => without_password(&device.uri),
        "uri" => without_password(&uri),
        "stays_the_same" => port.lasts,
        "written" => written,
        "next" => next,
    });
    Ok(Exit::Done)
}

fn say(
    device: &Device,
    place: &UriPlace<'_>,
    uri: &str,
    port: &ChosenPort,
    (is_new, written): (bool, bool),
    next: &str,
    output: CliOutput,
) {
    if let Some(says) = &port.says {
        output.text(says);
    }
    let name = &device.name;
    let at = format!("{}:{}", place.file.display(), place.line);
    let uri = without_password(uri);
    if !is_new {
        output.text(&format!(
            "{name} has this port already: uri = \"{uri}\" ({at}). Nothing is written."
        ));
    } else if written {
        let before = without_password(&device.uri);
        output.text(&format!(
            "{name}: uri = \"{uri}\" ({at}), before \"{before}\""
        ));
    } else {
        output.text(&format!(
            "{name}: would write uri = \"{uri}\" ({at}), now \"{}\". Nothing is written.",
            without_password(&device.uri)
        ));
        return;
    }
    output.text(&format!("Next: {next}"));
    if written {
        output.text(
            "A till that runs uses the port after its restart: sudo systemctl restart ferrotill",
        );
    }
}

fn next_command(file: &Path) -> String {
    if file == default_config() {
        return "ferrotill doctor".to_owned();
    }
    format!("ferrotill doctor --config {}", file.display())
}

fn usage(text: impl Into<String>) -> CliFailure {
    CliFailure::new(Exit::Usage, anyhow!("{}", text.into()))
}

fn unusable(what: &'static str, file: &Path, error: &io::Error) -> CliFailure {
    let (code, fix) = match error.kind() {
        io::ErrorKind::PermissionDenied => (Exit::Permission, "run the command with sudo"),
        _ => (Exit::Failed, "look at the file and at the disk"),
    };
    let explained = Explanation::new(what, file.display().to_string(), why_of(error), fix);
    CliFailure::new(code, anyhow!("{explained}"))
}

/// The configuration, as it is or as it would be.
fn explained(file: &Path, changed: Option<ChangedFile<'_>>) -> Result<ExplainedConfig, CliFailure> {
    let overrides = Overrides::default();
    Ok(Config::explain_changed(
        file,
        changed,
        &overrides,
        std::env::vars_os(),
    )?)
}

/// The device that a person means.
fn device_of(devices: &[Device], given: Option<&str>) -> Result<usize, CliFailure> {
    let listed = || {
        let rows = devices.iter().enumerate().map(|(index, device)| {
            let number = index.saturating_add(1);
            format!("{number} is \"{}\" with the id {}", device.name, device.id)
        });
        rows.collect::<Vec<_>>().join(", ")
    };
    let Some(given) = given else {
        return match devices.len() {
            1 => Ok(0),
            _ => Err(usage(format!(
                "DEVICE: is missing, and the configuration has several; give one: {}",
                listed()
            ))),
        };
    };
    let found = |is_meant: &dyn Fn(&Device) -> bool| -> Vec<usize> {
        let meant = devices.iter().enumerate();
        meant
            .filter(|(_, device)| is_meant(device))
            .map(|(index, _)| index)
            .collect()
    };
    let lower = given.trim().to_lowercase();
    for meant in [
        found(&|device| device.id.to_string() == lower),
        found(&|device| device.name == given),
        found(&|device| device.name.to_lowercase() == lower),
    ] {
        match meant.as_slice() {
            [] => {}
            [only] => return Ok(*only),
            _ => {
                return Err(usage(format!(
                    "DEVICE \"{given}\": several devices have this name; give the id or the number of one: {}",
                    listed()
                )));
            }
        }
    }
    let number = given.trim().parse::<usize>().ok();
    number
        .and_then(|number| number.checked_sub(1))
        .filter(|index| *index < devices.len())
        .ok_or_else(|| {
            usage(format!(
                "DEVICE \"{given}\": the configuration has no such device; give one of these: {}",
                listed()
            ))
        })
}

/// What the arguments say of the new address.
struct Wanted {
    /// `serial` or `tcp`.
    transport: &'static str,
    place: String,
    /// The path, if it is a serial port.
    path: Option<PathBuf>,
    family: Option<String>,
    /// The options of the address that was given.
    options: Vec<String>,
}

impl Wanted {
    fn read(arguments: &AssignArguments) -> Result<Self, CliFailure> {
        let given = arguments.port.trim();
        let wanted = match given.split_once("://") {
            Some((scheme, rest)) => Self::of_uri(given, scheme, rest)?,
            None => Self {
                transport: "serial",
                place: given.to_owned(),
                path: Some(PathBuf::from(given)),
                family: None,
                options: Vec::new(),
            },
        };
        if wanted.path.is_some() && !wanted.place.starts_with('/') {
            return Err(usage(format!(
                "PORT \"{given}\": is not the path of a serial port; {}",
                ports_that_are_there()
            )));
        }
        if wanted.place.contains(['*', '?']) {
            return Err(usage(format!(
                "PORT \"{given}\": is a pattern; give the name of one port"
            )));
        }
        let family = match (&arguments.family, wanted.family) {
            (Some(flag), Some(of_uri)) if *flag != of_uri => {
                return Err(usage(format!(
                    "--family {flag}: PORT names the family {of_uri}; leave one of them out"
                )));
            }
            (Some(family), _) => Some(family.clone()),
            (None, of_uri) => of_uri,
        };
        Ok(Self { family, ..wanted })
    }

    fn of_uri(given: &str, scheme: &str, rest: &str) -> Result<Self, CliFailure> {
        DriverUri::parse(given)
            .map_err(|error| usage(format!("PORT {}: {error}", without_password(given))))?;
        let (family, transport) = scheme.split_once('+').unwrap_or((scheme, ""));
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let is_serial = transport == "serial";
        Ok(Self {
            transport: if is_serial { "serial" } else { "tcp" },
            place: place.to_owned(),
            path: is_serial.then(|| PathBuf::from(place)),
            family: Some(family.to_owned()),
            options: options_of(query),
        })
    }

    /// The new address of a device. The options that the device has now stay, if it is the same family: an operator's password is not
    /// lost because a cable is in another socket.
    fn uri(&self, device: &Device, place: &str) -> Result<String, CliFailure> {
        let (scheme, rest) = device.uri.split_once("://").unwrap_or(("", ""));
        let (old_family, old_transport) = scheme.split_once('+').unwrap_or(("", ""));
        let family = match &self.family {
            Some(family) => family.as_str(),
            None if old_family.is_empty() => {
                return Err(usage(format!(
                    "--family: is missing, and {} has no printer in the configuration; `ferrotill ports probe` shows which family answers",
                    device.name
                )));
            }
            None => old_family,
        };
        let mut options = self.options.clone();
        if family == old_family {
            let query = rest.split_once('?').map_or("", |(_, query)| query);
            for old in options_of(query) {
                let is_line = name_of(&old) == "baud" && old_transport != self.transport;
                let is_given = options.iter().any(|new| name_of(new) == name_of(&old));
                if !is_line && !is_given {
                    options.push(old);
                }
            }
        }
        let query = match options.is_empty() {
            true => String::new(),
            false => format!("?{}", options.join("&")),
        };
        Ok(format!("{family}+{}://{place}{query}", self.transport))
    }
}

fn options_of(query: &str) -> Vec<String> {
    let options = query.split('&').filter(|option| !option.is_empty());
    options.map(str::to_owned).collect()
}

fn name_of(option: &str) -> &str {
    option.split('=').next().unwrap_or(option)
}

/// The name that is written for a serial port: one that stays the same, if there is one.
fn chosen_port(path: &Path, force: bool) -> Result<ChosenPort, CliFailure> {
    let shown = path.display();
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && force => {
            return Ok(ChosenPort {
                place: shown.to_string(),
                lasts: !may_change(path),
                says: Some(format!(
                    "There is no port {shown} now; it is written because of --force."
                )),
            });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(usage(format!(
                "PORT {shown}: there is no such port; {}, or add --force to write it all the same",
                ports_that_are_there()
            )));
        }
        Err(error) => return Err(unusable("the port cannot be looked at", path, &error)),
        Ok(found) if !found.file_type().is_char_device() => {
            return Err(usage(format!(
                "PORT {shown}: is no serial port; {}",
                ports_that_are_there()
            )));
        }
        Ok(_) => {}
    }
    if !may_change(path) {
        return Ok(ChosenPort {
            place: shown.to_string(),
            lasts: true,
            says: None,
        });
    }
    let serial_number = SerialPort::at(path).serial;
    let names = NameFolders::of_machine().names_of(path, serial_number.is_some());
    Ok(match names.into_iter().next() {
        Some(LastingName { path: name, holds }) => ChosenPort {
            says: Some(format!(
                "{shown} may be another printer after a restart, so its lasting name {} is written. It leads to this printer {holds}.",
                name.display()
            )),
            place: name.display().to_string(),
            lasts: true,
        },
        None => ChosenPort {
            place: shown.to_string(),
            lasts: false,
            says: Some(format!(
                "{shown} may be another printer after a restart, and this machine has no lasting name for it. The package `ferrotill` installs the rules that make one."
            )),
        },
    })
}

/// Whether the system may give the name to another port when it starts again.
fn may_change(path: &Path) -> bool {
    let text = path.to_string_lossy();
    ["/dev/ttyUSB", "/dev/ttyACM"]
        .iter()
        .any(|begin| text.starts_with(begin))
}

fn ports_that_are_there() -> String {
    match serial_ports().as_slice() {
        [] => "plug the printer in, no serial port is there".to_owned(),
        ports => format!("give one of those that are there: {}", ports.join(", ")),
    }
}

/// Refuses a port that another device of the configuration has, under whatever name.
fn refuse_port_of_another(
    devices: &[Device],
    index: usize,
    wanted: &Wanted,
    place: &str,
) -> Result<(), CliFailure> {
    let is_same = |other: &Device| match serial_path(&other.uri) {
        Some(path) if wanted.path.is_some() => is_same_port(Path::new(path), Path::new(place)),
        Some(_) => false,
        None => {
            let address = other.uri.split_once("+tcp://").map(|(_, rest)| rest);
            let address = address.and_then(|rest| rest.split('?').next());
            wanted.path.is_none() && address == Some(place)
        }
    };
    let mut others = devices.iter().enumerate();
    let taken = others.find(|(other, device)| *other != index && is_same(device));
    match taken {
        None => Ok(()),
        Some((_, other)) => Err(usage(format!(
            "PORT {}: the device \"{}\" has this port already (uri = \"{}\"); give that device another port first",
            wanted.place,
            other.name,
            without_password(&other.uri)
        ))),
    }
}

fn is_same_port(one: &Path, other: &Path) -> bool {
    if one == other {
        return true;
    }
    match (fs::canonicalize(one), fs::canonicalize(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

/// Where the address of a device is written.
struct UriPlace<'a> {
    file: &'a Path,
    line: usize,
    column: usize,
}

fn place_of_uri(explained: &ExplainedConfig, index: usize) -> Result<UriPlace<'_>, CliFailure> {
    let path = format!("device[{index}].uri");
    let key = explained.keys.iter().find(|key| key.path == path);
    match key.and_then(|key| key.place.as_ref()) {
        Some(SourcePlace::File { file, line, column }) => Ok(UriPlace {
            file,
            line: *line,
            column: *column,
        }),
        _ => Err(CliFailure::failed(anyhow!(
            "{path} is not written in a file; write it into the configuration file"
        ))),
    }
}

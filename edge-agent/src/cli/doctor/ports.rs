//! The checks of the printers' ports, and of the printers where no agent has them.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use ferrotill_device::driver::{self, DriverUri};
use nix::unistd::{AccessFlags, access};

use super::Finding;
use crate::config::{Config, Device};

/// `agent_runs` says whether a running agent has the printers; then the agent itself is asked about them.
pub(super) fn checks(config: &Config, agent_runs: bool) -> Vec<Finding> {
    let mut findings = vec![modem_manager(config)];
    for device in &config.devices {
        let Ok(uri) = DriverUri::parse(&device.uri) else {
            findings.push(Finding::good(
                "printer_port",
                format!("{}: sells without a printer", device.name),
            ));
            continue;
        };
        match serial_path(&device.uri) {
            Some(path) => findings.extend(port(device, Path::new(path), agent_runs)),
            None => findings.push(Finding::good(
                "printer_port",
                format!("{}: on the network", device.name),
            )),
        }
        if !agent_runs {
            findings.push(answers(device, &uri));
        }
    }
    findings.into_iter().map(Finding::on_printer).collect()
}

fn port(device: &Device, path: &Path, agent_runs: bool) -> Vec<Finding> {
    let name = &device.name;
    let shown = path.display();
    if !path.exists() {
        let others = serial_ports();
        let fix = match others.as_slice() {
            [] => "plug the printer in, and look at its cable; no serial port is there".to_owned(),
            others => format!(
                "write one of the ports that are there into device.uri: {}",
                others.join(", ")
            ),
        };
        return vec![Finding::bad(
            "printer_port",
            format!("{name}: there is no port {shown}"),
            fix,
        )];
    }
    let mut findings = vec![Finding::good(
        "printer_port",
        format!("{name}: {shown} is there"),
    )];
    findings.push(match access(path, AccessFlags::R_OK | AccessFlags::W_OK) {
        Ok(()) => Finding::good("port_permission", format!("{name}: this user may use {shown}")),
        Err(_) => Finding::bad(
            "port_permission",
            format!("{name}: this user may not use {shown}"),
            "add the user to the group of the port, and log in again: sudo usermod -aG dialout ferrotill",
        ),
    });
    let text = path.to_str().unwrap_or_default();
    findings.push(
        if text.starts_with("/dev/ttyUSB") || text.starts_with("/dev/ttyACM") {
            let by_id = by_id_of(path);
            let fix = match by_id {
                Some(by_id) => format!("write {} into device.uri", by_id.display()),
                None => "write its name below /dev/serial/by-id into device.uri".to_owned(),
            };
            let says = format!("{name}: {shown} may be another printer after a restart");
            Finding::bad("port_name", says, fix)
        } else {
            Finding::good("port_name", format!("{name}: {shown} stays the same"))
        },
    );
    if !agent_runs {
        findings.push(match user_of(path) {
            None => Finding::good(
                "port_in_use",
                format!("{name}: no other program uses {shown}"),
            ),
            Some(user) if user == env!("CARGO_PKG_NAME") => Finding::bad(
                "port_in_use",
                format!("{name}: an agent of Ferrotill uses {shown}, and does not answer at the address of this configuration"),
                "look whether the service runs with another configuration (systemctl status ferrotill), or name its address with --listen",
            ),
            Some(user) => Finding::bad(
                "port_in_use",
                format!("{name}: the program {user} uses {shown}"),
                format!("end {user}, and keep it from starting"),
            ),
        });
    }
    findings
}

/// Whether the printer answers, at a port that no agent has.
fn answers(device: &Device, uri: &DriverUri) -> Finding {
    let id = "printer_answers";
    let name = &device.name;
    let (tell, told) = mpsc::channel();
    let uri = uri.clone();
    // A printer that does not answer is not waited for to its last try.
    std::thread::spawn(move || {
        let connected = driver::open(&uri).connect();
        // Nobody may listen any more.
        let _ = tell.send(connected.map(|it| (it.model, it.address)));
    });
    match told.recv_timeout(ANSWER_WAIT) {
        Ok(Ok((model, address))) => Finding::good(id, format!("{name}: {model} at {address}")),
        Ok(Err(fault)) => Finding::bad(
            id,
            format!("{name}: {fault}"),
            "switch the printer on, look at its cable, and at the family and the speed in device.uri",
        ),
        Err(_) => Finding::bad(
            id,
            format!(
                "{name}: the printer has not answered in {} seconds",
                ANSWER_WAIT.as_secs()
            ),
            "switch the printer on, look at its cable, and at the family and the speed in device.uri",
        ),
    }
}

/// The path of the serial port in the address of a printer; `None` for another address, and for a pattern, which is searched.
pub(in crate::cli) fn serial_path(uri: &str) -> Option<&str> {
    let (_, place) = uri.split_once("+serial://")?;
    let path = place.split('?').next()?;
    (!path.contains('*')).then_some(path)
}

/// How long a printer has to answer, so that all checks together take less than ten seconds.
const ANSWER_WAIT: Duration = Duration::from_secs(5);

/// The serial ports of this machine.
pub(in crate::cli) fn serial_ports() -> Vec<String> {
    let entries = fs::read_dir("/dev").into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let is_port = name.starts_with("ttyUSB") || name.starts_with("ttyACM");
        is_port.then(|| format!("/dev/{name}"))
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The name below `/dev/serial/by-id` of a port.
pub(in crate::cli) fn by_id_of(path: &Path) -> Option<PathBuf> {
    let device = fs::canonicalize(path).ok()?;
    let entries = fs::read_dir("/dev/serial/by-id").ok()?.flatten();
    let mut names = entries.map(|entry| entry.path());
    names.find(|name| fs::canonicalize(name).is_ok_and(|other| other == device))
}

/// The name of another program that has a port open, as far as this user may see. The program at the other end of a
/// pseudo-terminal, which stands for a printer, is none.
pub(in crate::cli) fn user_of(path: &Path) -> Option<String> {
    let device = fs::metadata(path).ok()?.rdev();
    let pseudo = fs::canonicalize(path).ok();
    let pseudo = pseudo.and_then(|path| Some(path.strip_prefix("/dev/pts").ok()?.to_owned()));
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").ok()?.flatten();
    for process in processes {
        let id = process.file_name().into_string().unwrap_or_default();
        if id == own || !id.bytes().all(|byte| byte.is_ascii_digit()) {
            continue;
        }
        let files = fs::read_dir(process.path().join("fd"))
            .into_iter()
            .flatten();
        let uses = files.flatten().filter(|file| {
            let is_device = fs::read_link(file.path()).is_ok_and(|to| to.starts_with("/dev"));
            is_device && fs::metadata(file.path()).is_ok_and(|found| found.rdev() == device)
        });
        let uses = uses.count();
        // The emulated printer keeps the port open too, so that it stays when no host is there.
        let is_printer = |number: &PathBuf| is_other_end(&process.path(), number);
        let of_printer = usize::from(uses > 0 && pseudo.as_ref().is_some_and(is_printer));
        if uses > of_printer {
            return Some(name_of(&process.path()));
        }
    }
    None
}

/// Whether a process has the other end of the pseudo-terminal with this number.
fn is_other_end(process: &Path, number: &Path) -> bool {
    let files = fs::read_dir(process.join("fdinfo")).into_iter().flatten();
    files.flatten().any(|file| {
        let text = fs::read_to_string(file.path()).unwrap_or_default();
        let mut lines = text.lines();
        lines.any(|line| {
            let index = line.strip_prefix("tty-index:").map(str::trim);
            index.is_some_and(|index| Path::new(index) == number)
        })
    })
}

fn name_of(process: &Path) -> String {
    let name = fs::read_to_string(process.join("comm"));
    name.map_or_else(
        |_| "of another user".to_owned(),
        |name| name.trim().to_owned(),
    )
}

/// ModemManager sends commands of modems to every new serial port.
fn modem_manager(config: &Config) -> Finding {
    let id = "modem_manager";
    let serial = config
        .devices
        .iter()
        .any(|device| serial_path(&device.uri).is_some());
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let runs = serial
        && processes
            .map(|process| name_of(&process.path()))
            .any(|name| name.starts_with("ModemManager"));
    if runs && !is_kept_off() {
        return Finding::bad(
            id,
            "ModemManager runs, and writes to serial ports when they are plugged in",
            "remove it: sudo apt remove modemmanager; or keep it off by a rule with ID_MM_DEVICE_IGNORE in /etc/udev/rules.d",
        );
    }
    Finding::good(id, "ModemManager keeps off the printers")
}

/// Whether a rule of this machine's administrator keeps ModemManager off some port.
fn is_kept_off() -> bool {
    let rules = fs::read_dir("/etc/udev/rules.d").into_iter().flatten();
    rules.flatten().any(|rule| {
        let text = fs::read_to_string(rule.path());
        text.is_ok_and(|text| text.contains("ID_MM_DEVICE_IGNORE"))
    })
}

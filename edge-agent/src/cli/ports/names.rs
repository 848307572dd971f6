//! The names of a serial port that stay the same when the system starts again.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders in which the system keeps such names.
pub(super) struct NameFolders<'a> {
    /// The names by product and serial number that every Linux makes.
    pub(super) by_id: &'a Path,
    /// The names by serial number and by socket that the rules of the package make.
    pub(super) own: &'a Path,
}

impl NameFolders<'static> {
    /// The folders of this machine.
    pub(super) fn of_machine() -> Self {
        Self {
            by_id: Path::new("/dev/serial/by-id"),
            own: Path::new("/dev/ferrotill"),
        }
    }
}

/// A name of a port that stays the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LastingName {
    pub(super) path: PathBuf,
    /// What must stay as it is, so that the name leads to the same printer.
    pub(super) holds: &'static str,
}

impl NameFolders<'_> {
    /// The names of a port, the best one first. Adapters without a serial number share one name below `by-id`, so the name of their
    /// socket is better.
    pub(super) fn names_of(&self, port: &Path, has_serial_number: bool) -> Vec<LastingName> {
        let by_id = links_to(self.by_id, port);
        let (of_socket, of_adapter): (Vec<_>, Vec<_>) = links_to(self.own, port)
            .into_iter()
            .partition(|name| begins_with(name, "port-"));
        let named = |holds: &'static str| move |path| LastingName { path, holds };
        if has_serial_number {
            let of_adapter = by_id.into_iter().chain(of_adapter);
            let of_adapter = of_adapter.map(named("in whatever socket the adapter is"));
            let of_socket = of_socket.into_iter().map(named(SOCKET));
            of_adapter.chain(of_socket).collect()
        } else {
            let of_adapter = by_id.into_iter().chain(of_adapter);
            let of_adapter = of_adapter.map(named(
                "as long as no second adapter of this kind is plugged in",
            ));
            let of_socket = of_socket.into_iter().map(named(SOCKET));
            of_socket.chain(of_adapter).collect()
        }
    }
}

const SOCKET: &str = "as long as the adapter stays in its socket";

fn begins_with(path: &Path, begin: &str) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with(begin))
}

/// The links of a folder that lead to a port, in the order of their names.
fn links_to(folder: &Path, port: &Path) -> Vec<PathBuf> {
    let Ok(device) = fs::canonicalize(port) else {
        return Vec::new();
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries.map(|entry| entry.path());
    let leads_there = |link: &PathBuf| fs::canonicalize(link).is_ok_and(|other| other == device);
    let mut links: Vec<PathBuf> = links.filter(leads_there).collect();
    links.sort();
    links
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::NameFolders;

    /// The file names of a port's lasting names.
    fn names(has_serial_number: bool) -> Vec<String> {
        let machine = tempfile::tempdir().unwrap();
        let folder = |name: &str| {
            let folder = machine.path().join(name);
            std::fs::create_dir(&folder).unwrap();
            folder
        };
        let (by_id, own) = (folder("by-id"), folder("ferrotill"));
        for port in ["ttyUSB0", "ttyUSB1"] {
            std::fs::write(machine.path().join(port), "").unwrap();
        }
        for (folder, name, port) in [
            (&by_id, "usb-FTDI_A1-if00-port0", "ttyUSB0"),
            (&by_id, "usb-FTDI_A2-if00-port0", "ttyUSB1"),
            (&own, "port-usb-0:1.2:1.0", "ttyUSB0"),
            (&own, "serial-A1", "ttyUSB0"),
            (&own, "serial-A2", "ttyUSB1"),
        ] {
            symlink(machine.path().join(port), folder.join(name)).unwrap();
        }
        let folders = NameFolders {
            by_id: &by_id,
            own: &own,
        };
        let names = folders.names_of(&machine.path().join("ttyUSB0"), has_serial_number);
        let file_name =
            |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let nothing = folders.names_of(&machine.path().join("ttyUSB7"), has_serial_number);
        assert_eq!(nothing, []);
        names.iter().map(|name| file_name(&name.path)).collect()
    }

    #[test]
    fn an_adapter_with_a_serial_number_is_named_by_it() {
        let expected = ["usb-FTDI_A1-if00-port0", "serial-A1", "port-usb-0:1.2:1.0"];
        assert_eq!(names(true), expected);
    }

    #[test]
    fn an_adapter_without_a_serial_number_is_named_by_its_socket() {
        let expected = ["port-usb-0:1.2:1.0", "usb-FTDI_A1-if00-port0", "serial-A1"];
        assert_eq!(names(false), expected);
    }
}

//! The serial ports of this machine, with the identity of USB converters.

use core::fmt;
use std::io;
use std::path::Path;

use serialport::{SerialPortType, available_ports};

/// A serial port of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialPortEntry {
    /// The path of the port's device file.
    pub path: String,
    /// The identity of the port's converter if it is on USB.
    pub usb: Option<UsbIdentity>,
}

/// The identity of a device on USB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsbIdentity {
    /// The number of the vendor.
    pub vendor: u16,
    /// The number of the product.
    pub product: u16,
    /// The serial number of the device, if it has one.
    pub serial: Option<String>,
    /// The name of the device, if it has one.
    pub name: Option<String>,
}

/// The serial ports of this machine, by path. For a machine that does not list its ports (no `/sys/class/tty`) the result is
/// empty.
///
/// # Errors
///
/// The list cannot be read.
pub fn ports() -> io::Result<Vec<SerialPortEntry>> {
    ports_of(Path::new("/sys/class/tty"))
}

/// `available_ports` panics if this folder cannot be read.
fn ports_of(listed_in: &Path) -> io::Result<Vec<SerialPortEntry>> {
    match std::fs::read_dir(listed_in) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    }
    let mut ports: Vec<SerialPortEntry> = available_ports()?
        .into_iter()
        .map(|port| SerialPortEntry {
            path: port.port_name,
            usb: match port.port_type {
                SerialPortType::UsbPort(usb) => Some(UsbIdentity {
                    vendor: usb.vid,
                    product: usb.pid,
                    serial: usb.serial_number,
                    name: usb.product,
                }),
                _ => None,
            },
        })
        .collect();
    ports.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(ports)
}

impl fmt::Display for SerialPortEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        let Some(usb) = &self.usb else {
            return Ok(());
        };
        write!(f, " (USB {:04x}:{:04x}", usb.vendor, usb.product)?;
        if let Some(name) = &usb.name {
            write!(f, " {name}")?;
        }
        if let Some(serial) = &usb.serial {
            write!(f, ", serial number {serial}")?;
        }
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_lists_no_ports_has_none() {
        let folder = Path::new("/no/such/folder");
        assert_eq!(ports_of(folder).unwrap(), []);
        // The list can be read on this machine, whatever ports the machine has.
        assert!(ports().is_ok());
    }

    #[test]
    fn a_port_is_shown_with_its_usb_identity() {
        let mut port = SerialPortEntry {
            path: "/dev/ttyUSB0".to_owned(),
            usb: None,
        };
        assert_eq!(port.to_string(), "/dev/ttyUSB0");
        port.usb = Some(UsbIdentity {
            vendor: 0x0403,
            product: 0x6001,
            serial: Some("A1".to_owned()),
            name: Some("FT232R".to_owned()),
        });
        assert_eq!(
            port.to_string(),
            "/dev/ttyUSB0 (USB 0403:6001 FT232R, serial number A1)"
        );
    }
}

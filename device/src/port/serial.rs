//! A serial line: 8 data bits, no parity, one stop bit, no flow control.
//!
//! The crate `serialport` opens the line for exclusive use. The crate does not notice a cable that was pulled and plugged in:
//! this module opens the line again, and looks up the path again each time.

use std::io::{self, Read, Write};
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::time::Duration;

use serialport::{
    ClearBuffer, DataBits, ErrorKind, FlowControl, Parity, SerialPort as _, StopBits, TTYPort,
};

use super::listing;
use super::place::resolve;
use super::speed::{SPEEDS, SpeedSearch};
use super::{NotOpened, Port, PortOpener, Stopwatch};

/// Opens a serial line: the device file to which the path leads at that moment, so that a converter with a new name is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialOpener {
    path: String,
    speed: Speed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Speed {
    Given(u32),
    Searched(SpeedSearch),
}

impl SerialOpener {
    /// The device file at `path` with `baud` bits per second.
    #[must_use]
    pub fn new(path: impl Into<String>, baud: u32) -> Self {
        Self {
            path: path.into(),
            speed: Speed::Given(baud),
        }
    }

    /// The device file at `path` with the speed at which a device answers ([`SPEEDS`]).
    #[must_use]
    pub fn searching(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            speed: Speed::Searched(SpeedSearch::among(SPEEDS)),
        }
    }

    fn baud(&self) -> u32 {
        match &self.speed {
            Speed::Given(baud) => *baud,
            Speed::Searched(search) => search.current().unwrap_or(0),
        }
    }
}

impl PortOpener for SerialOpener {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        let path = resolve(&self.path)?;
        refuse_other_files(&path)?;
        // The line is opened for exclusive use, because two programs on one line would read each other's answers. Neither DTR nor
        // RTS is changed: no printer needs them.
        let line = serialport::new(path.to_string_lossy(), self.baud())
            .data_bits(DataBits::Eight)
            .parity(Parity::None)
            .stop_bits(StopBits::One)
            .flow_control(FlowControl::None)
            .exclusive(true)
            .open_native()
            .map_err(|error| unopened(&self.path, error))?;
        line.clear(ClearBuffer::All)?;
        Ok(Box::new(Serial {
            line,
            clock: Stopwatch::start(),
        }))
    }

    fn address(&self) -> String {
        format!("{} at {} baud", self.path, self.baud())
    }

    fn ways(&self) -> usize {
        match &self.speed {
            Speed::Given(_) => 1,
            Speed::Searched(search) => search.goes(),
        }
    }

    fn answered(&mut self) {
        if let Speed::Searched(search) = &mut self.speed {
            search.answered();
        }
    }

    fn pass(&mut self) {
        if let Speed::Searched(search) = &mut self.speed {
            search.pass();
        }
    }
}

/// Refuses a path that leads to a regular file, a folder or a pipe. A path that cannot be looked at is left to the opening.
fn refuse_other_files(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(found) if !found.file_type().is_char_device() => Err(NotOpened::NotAPort.into()),
        _ => Ok(()),
    }
}

/// The reason why the line at this path cannot be opened; if the path does not exist, the text lists the serial ports of this
/// machine.
fn unopened(path: &str, error: serialport::Error) -> io::Error {
    match error.kind() {
        ErrorKind::NoDevice => io::Error::new(
            io::ErrorKind::ResourceBusy,
            format!("another program uses {path}: {error}"),
        ),
        ErrorKind::Io(kind @ io::ErrorKind::NotFound) => {
            let ports = listing::ports().unwrap_or_default();
            let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
            let found = if ports.is_empty() {
                "this machine has no serial port".to_owned()
            } else {
                format!("serial ports of this machine: {}", ports.join(", "))
            };
            io::Error::new(kind, format!("{path}: {error}; {found}"))
        }
        _ => error.into(),
    }
}

struct Serial {
    line: TTYPort,
    clock: Stopwatch,
}

impl Port for Serial {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line.set_timeout(WRITE_TIMEOUT)?;
        for part in bytes.chunks(WRITE_BYTES_MAX) {
            self.line.write_all(part)?;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.line.set_timeout(Duration::from_millis(timeout_ms))?;
        match self.line.read(buffer) {
            // A line that is readable and empty was hung up.
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(count),
            Err(error) => match error.kind() {
                io::ErrorKind::TimedOut
                | io::ErrorKind::WouldBlock
                | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(error),
            },
        }
    }

    fn now(&self) -> u64 {
        self.clock.now()
    }
}

/// A line that accepts nothing for this time is lost.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// A line that is ready for writing usually has room for this many bytes: writing more at once could block.
const WRITE_BYTES_MAX: usize = 256;

//! A serial line: 8 data bits, no parity, one stop bit, no flow control.

use std::io;
use std::path::Path;
use std::time::Duration;

use serialport::{DataBits, FlowControl, Parity, SerialPort as _, StopBits, TTYPort};

use super::{Port, PortOpener, Stopwatch};

/// Opens a serial line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SerialOpener {
    path: String,
    baud: u32,
}

impl SerialOpener {
    /// The device file at `path` with `baud` bits per second.
    #[must_use]
    pub fn new(path: impl Into<String>, baud: u32) -> Self {
        Self {
            path: path.into(),
            baud,
        }
    }
}

impl PortOpener for SerialOpener {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        // Neither DTR nor RTS is touched: a pty answers ENOTTY, and a printer needs none of them.
        let mut line = serialport::new(&self.path, self.baud)
            .data_bits(DataBits::Eight)
            .parity(Parity::None)
            .stop_bits(StopBits::One)
            .flow_control(FlowControl::None)
            .timeout(Duration::from_millis(100))
            .open_native()?;
        // The exclusive mark of a real line goes with its last close.
        // A pty's does not, because the emulator keeps it open: after a crash of ours nobody but root could open it again.
        let is_pty = Path::new(&self.path)
            .canonicalize()
            .is_ok_and(|path| path.starts_with("/dev/pts"));
        if is_pty {
            line.set_exclusive(false)?;
        }
        Ok(Box::new(Serial {
            line,
            clock: Stopwatch::start(),
        }))
    }

    fn address(&self) -> String {
        format!("{} at {} baud", self.path, self.baud)
    }
}

struct Serial {
    line: TTYPort,
    clock: Stopwatch,
}

impl Port for Serial {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line.set_timeout(WRITE_TIMEOUT)?;
        io::Write::write_all(&mut self.line, bytes)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.line.set_timeout(Duration::from_millis(timeout_ms))?;
        match io::Read::read(&mut self.line, buffer) {
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

const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

//! A serial line: 8 data bits, no parity, one stop bit, no flow control.
//!
//! It uses what POSIX has (termios, poll, an advisory lock) and nothing else, so that a pty and a program under
//! user-mode emulation are lines like any other.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::termios::{
    BaudRate, ControlFlags, FlushArg, SetArg, cfmakeraw, cfsetspeed, tcflush, tcgetattr, tcsetattr,
};

use super::place::resolve;
use super::speed::{SPEEDS, SpeedSearch};
use super::{Port, PortOpener, Stopwatch};

/// Opens a serial line: the device file that its path leads to at that moment, so that another name of it is found.
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

    /// The device file at `path` with the speed that a device answers at ([`SPEEDS`]).
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
        let baud = self.baud();
        let speed = speed_of(baud).ok_or_else(|| {
            let words = format!("{baud} is not a speed of a serial line");
            io::Error::new(io::ErrorKind::InvalidInput, words)
        })?;
        let flags = OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
        let line = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags.bits())
            .open(resolve(&self.path)?)?;
        // Two programs on one line would read each other's answers. The lock goes with the last close, also in a crash.
        line.try_lock()
            .map_err(|error| io::Error::new(io::ErrorKind::ResourceBusy, error.to_string()))?;
        let mut settings = tcgetattr(&line)?;
        cfmakeraw(&mut settings);
        settings.control_flags |= ControlFlags::CREAD | ControlFlags::CLOCAL;
        settings
            .control_flags
            .remove(ControlFlags::CSTOPB | ControlFlags::PARENB | ControlFlags::CRTSCTS);
        cfsetspeed(&mut settings, speed)?;
        // Neither DTR nor RTS is touched: a pty answers ENOTTY, and a printer needs none of them.
        tcsetattr(&line, SetArg::TCSANOW, &settings)?;
        tcflush(&line, FlushArg::TCIOFLUSH)?;
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

/// The speeds that POSIX and Linux name.
const fn speed_of(baud: u32) -> Option<BaudRate> {
    Some(match baud {
        1_200 => BaudRate::B1200,
        2_400 => BaudRate::B2400,
        4_800 => BaudRate::B4800,
        9_600 => BaudRate::B9600,
        19_200 => BaudRate::B19200,
        38_400 => BaudRate::B38400,
        57_600 => BaudRate::B57600,
        115_200 => BaudRate::B115200,
        230_400 => BaudRate::B230400,
        460_800 => BaudRate::B460800,
        921_600 => BaudRate::B921600,
        _ => return None,
    })
}

struct Serial {
    line: File,
    clock: Stopwatch,
}

impl Serial {
    /// Waits until the line is ready; false when the time is over.
    fn ready(&self, events: PollFlags, timeout_ms: u64) -> io::Result<bool> {
        let timeout = i32::try_from(timeout_ms).unwrap_or(i32::MAX);
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        let mut lines = [PollFd::new(self.line.as_fd(), events)];
        match poll(&mut lines, timeout) {
            Ok(count) => Ok(count > 0),
            Err(nix::errno::Errno::EINTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl Port for Serial {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.line.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if !self.ready(PollFlags::POLLOUT, WRITE_TIMEOUT_MS)? {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        if !self.ready(PollFlags::POLLIN, timeout_ms)? {
            return Ok(0);
        }
        match self.line.read(buffer) {
            // A line that is readable and empty was hung up.
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => Ok(count),
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(0),
                _ => Err(error),
            },
        }
    }

    fn now(&self) -> u64 {
        self.clock.now()
    }
}

/// A line that takes nothing for so long is gone.
const WRITE_TIMEOUT_MS: u64 = 5_000;

//! Ports: the bytes to and from a device, and the time they take.
//!
//! A port has its own clock, so that a driver and an emulated printer can run in one thread on a simulated clock.

pub mod fault;
#[cfg(feature = "serial")]
pub mod listing;
pub mod loopback;
pub mod place;
pub mod replay;
#[cfg(feature = "serial")]
pub mod serial;
pub mod speed;
pub mod tcp;
pub mod tracer;

use core::fmt;
use std::io;

use self::place::Ambiguous;
use crate::fault::Fault;

/// A line to a device.
pub trait Port: Send {
    /// Sends all bytes.
    ///
    /// # Errors
    ///
    /// The error means that the line was lost.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Waits up to `timeout_ms` for bytes; 0 bytes mean that none came.
    ///
    /// # Errors
    ///
    /// The error means that the line was lost.
    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize>;

    /// The milliseconds on the port's clock, which began before the port was opened and never goes back.
    fn now(&self) -> u64;
}

/// Opens a port, and opens it again after the cable was out.
pub trait PortOpener: Send {
    /// Opens the port.
    ///
    /// # Errors
    ///
    /// The reason why the port cannot be opened.
    fn open(&mut self) -> io::Result<Box<dyn Port>>;

    /// The address of the port, for people.
    fn address(&self) -> String;

    /// The number of ways of opening the port (speeds) that are tried in one connection; 1 if there is only one way.
    fn ways(&self) -> usize {
        1
    }

    /// A device answered on the port that was opened last: this way is tried first from now on.
    fn answered(&mut self) {}

    /// No device answered on the port that was opened last: the next way is tried.
    fn pass(&mut self) {}
}

/// The fault for a port that cannot be opened.
pub(crate) fn fault_of(error: &io::Error) -> Fault {
    if let Some(inner) = error.get_ref() {
        if inner.is::<Ambiguous>() {
            return Fault::PortAmbiguous;
        }
        if let Some(cause) = inner.downcast_ref::<NotOpened>() {
            return match cause {
                NotOpened::NotAPort => Fault::NotAPort,
                NotOpened::HostUnknown(_) => Fault::HostUnknown,
            };
        }
    }
    match error.kind() {
        io::ErrorKind::NotFound => Fault::PortMissing,
        io::ErrorKind::PermissionDenied => Fault::PortForbidden,
        io::ErrorKind::ResourceBusy => Fault::PortTaken,
        io::ErrorKind::ConnectionRefused => Fault::ConnectionRefused,
        io::ErrorKind::TimedOut
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown => Fault::HostUnreachable,
        _ => Fault::PortUnavailable,
    }
}

/// Why a port is not opened, where the operating system has no kind of error for it.
#[derive(Debug)]
pub(crate) enum NotOpened {
    /// The path leads to a file that is not a serial port.
    NotAPort,
    /// The host name does not resolve, for this reason.
    HostUnknown(io::Error),
}

impl fmt::Display for NotOpened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPort => f.write_str("the file is not a serial port"),
            Self::HostUnknown(reason) => write!(f, "the host name does not resolve: {reason}"),
        }
    }
}

impl core::error::Error for NotOpened {}

impl From<NotOpened> for io::Error {
    fn from(cause: NotOpened) -> Self {
        Self::other(cause)
    }
}

impl PortOpener for Box<dyn PortOpener> {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        self.as_mut().open()
    }

    fn address(&self) -> String {
        self.as_ref().address()
    }

    fn ways(&self) -> usize {
        self.as_ref().ways()
    }

    fn answered(&mut self) {
        self.as_mut().answered();
    }

    fn pass(&mut self) {
        self.as_mut().pass();
    }
}

impl Port for Box<dyn Port> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.as_mut().write_all(bytes)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.as_mut().read(buffer, timeout_ms)
    }

    fn now(&self) -> u64 {
        self.as_ref().now()
    }
}

/// A monotonic clock in milliseconds for the ports of real lines.
#[derive(Clone, Copy, Debug)]
struct Stopwatch(std::time::Instant);

impl Stopwatch {
    fn start() -> Self {
        Self(std::time::Instant::now())
    }

    fn now(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

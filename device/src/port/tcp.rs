//! The same frames over TCP, for printers with a network card and for serial-to-network converters.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use super::{NotOpened, Port, PortOpener, Stopwatch};

/// Opens a TCP line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TcpOpener {
    address: String,
}

impl TcpOpener {
    /// The device at `host:port`.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self {
            address: address.into(),
        }
    }
}

impl PortOpener for TcpOpener {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        let addresses = self.address.to_socket_addrs();
        for address in addresses.map_err(NotOpened::HostUnknown)? {
            match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
                Ok(line) => {
                    line.set_nodelay(true)?;
                    line.set_write_timeout(Some(WRITE_TIMEOUT))?;
                    return Ok(Box::new(Tcp {
                        line,
                        clock: Stopwatch::start(),
                    }));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn address(&self) -> String {
        self.address.clone()
    }
}

struct Tcp {
    line: TcpStream,
    clock: Stopwatch,
}

impl Port for Tcp {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.line.write_all(bytes)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        // A timeout of zero would mean "for ever".
        self.line
            .set_read_timeout(Some(Duration::from_millis(timeout_ms.max(1))))?;
        match self.line.read(buffer) {
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

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

//! The printer's end of a TCP connection, for hosts that have no pseudo-terminals.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd as _;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// A listener for one host at a time, because a cable has only one other end.
#[derive(Debug)]
pub(super) struct TcpEnd {
    listener: TcpListener,
    host: Option<TcpStream>,
}

impl TcpEnd {
    /// Listens at this address.
    pub(super) fn open(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self {
            listener,
            host: None,
        })
    }

    /// The address at which the printer listens.
    pub(super) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Waits up to `timeout_ms` for bytes of the host, or for a host to connect.
    pub(super) fn read(&mut self, buffer: &mut [u8], timeout_ms: u16) -> io::Result<usize> {
        let Some(host) = &mut self.host else {
            self.accept(timeout_ms)?;
            return Ok(0);
        };
        // A timeout of zero would mean "for ever".
        host.set_read_timeout(Some(Duration::from_millis(u64::from(timeout_ms.max(1)))))?;
        match host.read(buffer) {
            Err(error) if is_idle(&error) => Ok(0),
            // The host has closed the connection or lost it, so another host may connect.
            Ok(0) | Err(_) => {
                self.host = None;
                Ok(0)
            }
            Ok(count) => Ok(count),
        }
    }

    /// Sends bytes to the host; without a host the bytes are lost, as on a cable.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(host) = &mut self.host
            && host.write_all(bytes).is_err()
        {
            self.host = None;
        }
        Ok(())
    }

    fn accept(&mut self, timeout_ms: u16) -> io::Result<()> {
        let mut waiting = [PollFd::new(self.listener.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, PollTimeout::from(timeout_ms)) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => return Ok(()),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        match self.listener.accept() {
            Ok((host, _)) => {
                host.set_nonblocking(false)?;
                host.set_nodelay(true)?;
                host.set_write_timeout(Some(WRITE_TIMEOUT))?;
                self.host = Some(host);
                Ok(())
            }
            // The host has already closed the connection.
            Err(error) if is_idle(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn is_idle(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted
    )
}

/// A host that reads nothing for this time is treated as disconnected.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

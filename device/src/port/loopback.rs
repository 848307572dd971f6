//! A line inside one thread: the device runs when the host reads, on a clock that jumps forward instead of waiting.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Port, PortOpener};

/// A device at the far end of a loopback.
pub trait Peer: Send {
    /// Whether the cable is plugged in.
    fn is_plugged(&self) -> bool;

    /// Handles the host's bytes.
    fn handle_bytes(&mut self, bytes: &[u8], now: u64);

    /// The bytes for the host that are due by now.
    fn poll_transmit(&mut self, now: u64) -> Option<Vec<u8>>;

    /// The moment when the next bytes are due.
    fn poll_timeout(&self) -> Option<u64>;
}

/// A device and the clock that it shares with every port opened to it.
#[derive(Debug)]
pub struct Loopback<P> {
    shared: Arc<Mutex<Shared<P>>>,
}

#[derive(Debug)]
struct Shared<P> {
    peer: P,
    now: u64,
}

impl<P: Peer> Loopback<P> {
    /// A line to `peer`; the clock begins at 0.
    #[must_use]
    pub fn new(peer: P) -> Self {
        Self {
            shared: Arc::new(Mutex::new(Shared { peer, now: 0 })),
        }
    }

    /// Gives access to the device between two bytes.
    pub fn with<R>(&self, action: impl FnOnce(&mut P) -> R) -> R {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        action(&mut shared.peer)
    }

    /// The milliseconds on the shared clock.
    #[must_use]
    pub fn now(&self) -> u64 {
        let shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        shared.now
    }
}

impl<P> Clone for Loopback<P> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<P: Peer + 'static> PortOpener for Loopback<P> {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        if !self.with(|peer| peer.is_plugged()) {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Box::new(LoopbackPort {
            line: self.clone(),
            unread: Vec::new(),
        }))
    }

    fn address(&self) -> String {
        "loopback".to_owned()
    }
}

struct LoopbackPort<P> {
    line: Loopback<P>,
    unread: Vec<u8>,
}

impl<P: Peer> Port for LoopbackPort<P> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut shared = self
            .line
            .shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !shared.peer.is_plugged() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let now = shared.now;
        shared.peer.handle_bytes(bytes, now);
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        if self.unread.is_empty() {
            let mut shared = self
                .line
                .shared
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if !shared.peer.is_plugged() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            let until = shared.now.saturating_add(timeout_ms);
            let due = shared.peer.poll_timeout().unwrap_or(u64::MAX);
            shared.now = shared.now.max(due.min(until));
            let now = shared.now;
            match shared.peer.poll_transmit(now) {
                Some(bytes) => self.unread = bytes,
                None => shared.now = until,
            }
        }
        let count = buffer.len().min(self.unread.len());
        for (place, byte) in buffer.iter_mut().zip(self.unread.drain(..count)) {
            *place = byte;
        }
        Ok(count)
    }

    fn now(&self) -> u64 {
        self.line.now()
    }
}

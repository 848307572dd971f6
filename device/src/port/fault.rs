//! A port that damages another port's line, from one seed.

use std::io;

use super::Port;

/// The faults of a bad line: each field is the number of reads or writes of which one has the fault; 0 means never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Damage {
    /// One of this many writes is lost.
    pub lost_write_in: u64,
    /// One of this many reads is lost.
    pub lost_read_in: u64,
    /// One bit is flipped in one of this many reads.
    pub turned_bit_in: u64,
}

/// A port with a bad line. The same seed damages the same bytes.
#[derive(Debug)]
pub struct FaultPort<P> {
    port: P,
    damage: Damage,
    state: u64,
}

impl<P: Port> FaultPort<P> {
    /// Wraps a port.
    pub fn new(port: P, damage: Damage, seed: u64) -> Self {
        Self {
            port,
            damage,
            state: seed | 1,
        }
    }

    /// The next number of the random generator Xorshift, which is random enough for a test.
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn happens(&mut self, one_in: u64) -> bool {
        self.next().checked_rem(one_in) == Some(0)
    }
}

impl<P: Port> Port for FaultPort<P> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.happens(self.damage.lost_write_in) {
            return Ok(());
        }
        self.port.write_all(bytes)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        let count = self.port.read(buffer, timeout_ms)?;
        if count == 0 {
            return Ok(0);
        }
        if self.happens(self.damage.lost_read_in) {
            return Ok(0);
        }
        if self.happens(self.damage.turned_bit_in) {
            let place = u64::try_from(count)
                .ok()
                .and_then(|count| self.next().checked_rem(count))
                .and_then(|place| usize::try_from(place).ok())
                .unwrap_or(0);
            let bit = u32::try_from(self.next() & 7).unwrap_or(0);
            if let Some(byte) = buffer.get_mut(place) {
                *byte ^= 1_u8.wrapping_shl(bit);
            }
        }
        Ok(count)
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

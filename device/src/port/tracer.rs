//! A port that writes down what passes through another port.

use std::io::{self, Write};

use super::Port;

/// Writes a transcript in the form of `tests/transcripts`: `>` to the device, `<` from it, bytes in hexadecimal.
#[derive(Debug)]
pub struct Tracer<P, W> {
    port: P,
    transcript: W,
}

impl<P: Port, W: Write + Send> Tracer<P, W> {
    /// Wraps a port.
    pub fn new(port: P, transcript: W) -> Self {
        Self { port, transcript }
    }

    fn note(&mut self, direction: char, bytes: &[u8]) -> io::Result<()> {
        writeln!(self.transcript, "{direction} {}", hexadecimal(bytes))
    }
}

impl<P: Port, W: Write + Send> Port for Tracer<P, W> {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.note('>', bytes)?;
        self.port.write_all(bytes)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        let count = self.port.read(buffer, timeout_ms)?;
        if count > 0 {
            self.note('<', buffer.get(..count).unwrap_or_default())?;
        }
        Ok(count)
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

/// Bytes as `01 24 20`.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    digits.join(" ")
}

//! The line to a receipt printer: bytes out, answers in. Other bytes may arrive between a question and its answer.

use std::collections::VecDeque;

use crate::fault::Fault;
use crate::port::tracer::hexadecimal;
use crate::port::{self, Port, PortOpener};
use crate::printer::Watch;
use crate::wire::escpos_answer::{AnswerDecoder, EscposAnswer};

/// The largest number of reads while old bytes are discarded. A line that never becomes silent is noise.
const DRAIN_READS_MAX: usize = 64;
/// The largest number of bytes that a line of the transcript shows, because images are long.
const TRACE_BYTES_MAX: usize = 48;

/// The host's end.
pub(super) struct Line {
    opener: Box<dyn PortOpener>,
    port: Option<Box<dyn Port>>,
    decoder: AnswerDecoder,
    answers: VecDeque<EscposAnswer>,
}

impl Line {
    pub(super) fn new(opener: Box<dyn PortOpener>) -> Self {
        Self {
            opener,
            port: None,
            decoder: AnswerDecoder::default(),
            answers: VecDeque::new(),
        }
    }

    /// Whether the port is open, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        self.port.is_some()
    }

    /// The address of the port.
    pub(super) fn address(&self) -> String {
        self.opener.address()
    }

    /// Closes the port.
    pub(super) fn close(&mut self) {
        self.port = None;
        self.decoder.clear();
        self.answers.clear();
    }

    /// Opens the port unless it is open.
    pub(super) fn open(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        if self.port.is_none() {
            match self.opener.open() {
                Ok(port) => self.port = Some(port),
                Err(error) => {
                    watch.trace(&format!("! {}: {error}", self.opener.address()));
                    return Err(port::fault_of(&error));
                }
            }
        }
        Ok(())
    }

    /// The milliseconds on the port's clock; 0 without a port.
    pub(super) fn now(&self) -> u64 {
        self.port.as_ref().map_or(0, |port| port.now())
    }

    /// Sends whole commands.
    pub(super) fn send(&mut self, bytes: &[u8], watch: &mut dyn Watch) -> Result<(), Fault> {
        if watch.is_traced() {
            watch.trace(&format!("> {}", shortened(bytes)));
        }
        let port = self.port.as_mut().ok_or(Fault::PortLost)?;
        let sent = port.write_all(bytes);
        sent.map_err(|error| self.lost(&error, watch))
    }

    /// The next answer within `timeout_ms`; `None` if no answer arrived.
    pub(super) fn next(
        &mut self,
        timeout_ms: u64,
        watch: &mut dyn Watch,
    ) -> Result<Option<EscposAnswer>, Fault> {
        let until = self.now().saturating_add(timeout_ms);
        loop {
            if let Some(answer) = self.answers.pop_front() {
                return Ok(Some(answer));
            }
            let left = until.saturating_sub(self.now());
            if self.read(left, watch)? == 0 && self.now() >= until {
                return Ok(None);
            }
        }
    }

    /// All answers that have arrived by now.
    pub(super) fn arrived(&mut self, watch: &mut dyn Watch) -> Result<Vec<EscposAnswer>, Fault> {
        for _ in 0..DRAIN_READS_MAX {
            if self.read(0, watch)? == 0 {
                break;
            }
        }
        Ok(self.answers.drain(..).collect())
    }

    fn read(&mut self, timeout_ms: u64, watch: &mut dyn Watch) -> Result<usize, Fault> {
        let mut buffer = [0; 256];
        let port = self.port.as_mut().ok_or(Fault::PortLost)?;
        let count = match port.read(&mut buffer, timeout_ms) {
            Ok(count) => count,
            Err(error) => return Err(self.lost(&error, watch)),
        };
        let bytes = buffer.get(..count).unwrap_or_default();
        if !bytes.is_empty() && watch.is_traced() {
            watch.trace(&format!("< {}", shortened(bytes)));
        }
        for byte in bytes {
            self.answers.extend(self.decoder.push(*byte));
        }
        Ok(count)
    }

    fn lost(&mut self, error: &std::io::Error, watch: &mut dyn Watch) -> Fault {
        watch.trace(&format!("! {}: {error}", self.opener.address()));
        self.close();
        Fault::PortLost
    }
}

fn shortened(bytes: &[u8]) -> String {
    match bytes.get(..TRACE_BYTES_MAX) {
        Some(head) if bytes.len() > TRACE_BYTES_MAX => {
            format!("{} … ({} bytes)", hexadecimal(head), bytes.len())
        }
        _ => hexadecimal(bytes),
    }
}

//! A relay on the line: it rewrites the answers to one command, and passes everything else.

use std::sync::Arc;

use ferrotill_device::emulator::IslEmulator;
use ferrotill_device::family::Protocol;
use ferrotill_device::port::loopback::Peer;
use ferrotill_device::wire::framing::{Answer, Framing};
use ferrotill_device::wire::isl_status::{Flag, Status};

/// What an answer becomes; the function gets the data of the answer.
pub type Rewrite = Arc<dyn Fn(&[u8]) -> Rewritten + Send + Sync>;

/// An answer after the relay.
pub enum Rewritten {
    /// These data, as they are on the line.
    Data(Vec<u8>),
    /// The refusal of a command that the printer does not know.
    UnknownCommand,
}

/// The emulated printer behind a relay.
pub struct Relay {
    pub emulator: IslEmulator,
    family: &'static Protocol,
    /// The command whose answers are rewritten.
    command: u8,
    rewrite: Rewrite,
    /// How many answers were rewritten.
    pub rewritten: usize,
}

impl Relay {
    pub fn new(
        emulator: IslEmulator,
        family: &'static Protocol,
        command: u8,
        rewrite: Rewrite,
    ) -> Self {
        Self {
            emulator,
            family,
            command,
            rewrite,
            rewritten: 0,
        }
    }

    fn framing(&self) -> &'static Framing {
        &self.family.framing
    }

    fn pass(&mut self, frame: Vec<u8>) -> Vec<u8> {
        let Ok(answer) = Answer::parse(self.framing(), &frame) else {
            return frame;
        };
        let layout = &self.family.status;
        if answer.command != self.command
            || answer.data.is_empty()
            || layout.has(answer.status, Flag::GeneralError)
        {
            return frame;
        }
        self.rewritten += 1;
        let (data, status) = match (self.rewrite)(&answer.data) {
            Rewritten::Data(mut data) => {
                if !self.framing().replays() {
                    data.retain(|byte| !byte.is_ascii_control());
                }
                (data, answer.status)
            }
            Rewritten::UnknownCommand if !self.framing().replays() => {
                (Vec::new(), Status::from_slice(b"01").unwrap())
            }
            Rewritten::UnknownCommand => {
                let data = if self.family.status.len == 8 {
                    b"-112001\t".to_vec()
                } else {
                    Vec::new()
                };
                let status: Status = layout.with(answer.status, Flag::UnknownCommand);
                (data, status)
            }
        };
        let answer = Answer {
            data,
            status,
            ..answer
        };
        answer.emit(self.framing()).unwrap()
    }
}

impl Peer for Relay {
    fn is_plugged(&self) -> bool {
        self.emulator.is_plugged()
    }

    fn handle_bytes(&mut self, bytes: &[u8], now: u64) {
        self.emulator.handle_bytes(bytes, now);
    }

    fn poll_transmit(&mut self, now: u64) -> Option<Vec<u8>> {
        let frame = self.emulator.poll_transmit(now)?;
        Some(self.pass(frame))
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.emulator.poll_timeout()
    }
}

//! A relay on the line of an emulated printer: it rewrites the answers to one command, and passes everything else.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ferrotill_device::emulator::IslEmulator;
use ferrotill_device::family::Protocol;
use ferrotill_device::port::loopback::Peer;
use ferrotill_device::wire::framing::Answer;
use ferrotill_device::wire::isl_status::{Flag, Status};

/// What an answer becomes; the function gets the data of the answer.
pub type Rewrite = Arc<dyn Fn(&[u8]) -> Rewritten + Send + Sync>;

/// An answer after the relay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rewritten {
    /// These data, as they are on the line.
    Data(Vec<u8>),
    /// The refusal of a command that the printer does not know.
    UnknownCommand,
}

/// Rewrites the answers to one command of a family.
#[derive(Clone)]
pub struct AnswerRewriter {
    family: &'static Protocol,
    /// The command whose answers are rewritten.
    command: u8,
    rewrite: Rewrite,
}

impl AnswerRewriter {
    /// Rewrites the answers to `command`.
    #[must_use]
    pub const fn new(family: &'static Protocol, command: u8, rewrite: Rewrite) -> Self {
        Self {
            family,
            command,
            rewrite,
        }
    }

    /// The bytes of the printer after the relay: each answer among them is rewritten. Other bytes stay, and an answer that is empty or a
    /// refusal is not changed.
    #[must_use]
    pub fn pass(&self, bytes: &[u8]) -> Vec<u8> {
        bytes
            .split_inclusive(|byte| *byte == self.end())
            .flat_map(|part| self.pass_part(part))
            .collect()
    }

    /// The same for bytes with one answer at their end, or with none.
    fn pass_part(&self, part: &[u8]) -> Vec<u8> {
        let answer = (0..part.len()).find_map(|place| {
            let (before, frame) = part.split_at_checked(place)?;
            let answer = Answer::parse(&self.family.framing, frame).ok()?;
            Some([before, &self.rewritten(answer)?].concat())
        });
        answer.unwrap_or_else(|| part.to_vec())
    }

    /// The last byte of an answer, which is nowhere else in it.
    fn end(&self) -> u8 {
        if self.family.framing.replays() {
            0x03
        } else {
            b'\n'
        }
    }

    /// The frame of the answer in its other form; none if the relay does not change it.
    fn rewritten(&self, answer: Answer) -> Option<Vec<u8>> {
        let layout = &self.family.status;
        if answer.command != self.command
            || answer.data.is_empty()
            || layout.has(answer.status, Flag::GeneralError)
        {
            return None;
        }
        let (data, status) = match (self.rewrite)(&answer.data) {
            Rewritten::Data(mut data) => {
                if !self.family.framing.replays() {
                    // A control byte would end the frame.
                    data.retain(|byte| !byte.is_ascii_control());
                }
                (data, answer.status)
            }
            // An acknowledgement: invalid command.
            Rewritten::UnknownCommand if !self.family.framing.replays() => {
                (Vec::new(), Status::from_slice(b"01")?)
            }
            Rewritten::UnknownCommand => {
                let data = if layout.len == 8 {
                    b"-112001\t".to_vec()
                } else {
                    Vec::new()
                };
                (data, layout.with(answer.status, Flag::UnknownCommand))
            }
        };
        let answer = Answer {
            data,
            status,
            ..answer
        };
        answer.emit(&self.family.framing).ok()
    }
}

/// An emulated printer behind a relay.
pub struct Relay {
    emulator: IslEmulator,
    rewriter: Option<AnswerRewriter>,
    /// The first bytes of an answer that comes byte by byte. It is rewritten as a whole, or the printer would be another one now and
    /// then.
    held: Vec<u8>,
}

/// The first bytes of an answer: SOH, and STX or ACK of ZFP.
const FIRST: [u8; 3] = [0x01, 0x02, 0x06];
/// The most bytes that are held; no answer is longer.
const HELD_MAX: usize = 1_024;

impl Relay {
    /// A printer whose answers pass the relay; without a rewriter none is changed.
    #[must_use]
    pub const fn new(emulator: IslEmulator, rewriter: Option<AnswerRewriter>) -> Self {
        Self {
            emulator,
            rewriter,
            held: Vec::new(),
        }
    }

    /// Rewrites other answers from now on.
    pub fn rewrite(&mut self, rewriter: Option<AnswerRewriter>) {
        self.rewriter = rewriter;
    }
}

impl Deref for Relay {
    type Target = IslEmulator;

    fn deref(&self) -> &IslEmulator {
        &self.emulator
    }
}

impl DerefMut for Relay {
    fn deref_mut(&mut self) -> &mut IslEmulator {
        &mut self.emulator
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
        loop {
            let bytes = self.emulator.poll_transmit(now)?;
            let Some(rewriter) = &self.rewriter else {
                return Some(bytes);
            };
            let is_part = bytes.len() == 1 && (!self.held.is_empty() || FIRST.contains(&bytes[0]));
            let is_end = bytes.ends_with(&[rewriter.end()]);
            self.held.extend(bytes);
            if !is_part || is_end || self.held.len() >= HELD_MAX {
                return Some(rewriter.pass(&std::mem::take(&mut self.held)));
            }
        }
    }

    fn poll_timeout(&self) -> Option<u64> {
        self.emulator.poll_timeout()
    }
}

#[cfg(test)]
mod tests {
    use ferrotill_device::emulator::Printer;
    use ferrotill_device::emulator::memory::Memory;
    use ferrotill_device::family::datecs;
    use ferrotill_device::wire::framing::Request;

    use super::*;

    fn rewriter() -> AnswerRewriter {
        let rewrite = |_: &[u8]| Rewritten::Data(b"OTHER".to_vec());
        AnswerRewriter::new(&datecs::PROTOCOL, 0x5A, Arc::new(rewrite))
    }

    /// The answer of an emulated printer to a question.
    fn answer(command: u8, seq: u8) -> Vec<u8> {
        let printer = Printer::new(Memory::new([None; 8]), Arc::new(|| 0));
        let mut emulator = IslEmulator::new(printer.of_family(&datecs::PROTOCOL), None);
        let data = b"1".to_vec();
        let request = Request { seq, command, data };
        let frame = request.emit(&datecs::PROTOCOL.framing).unwrap();
        emulator.handle_bytes(&frame, 0);
        emulator.poll_transmit(u64::MAX).unwrap()
    }

    #[test]
    fn each_answer_is_rewritten_also_behind_another_one() {
        let (identity, status) = (answer(0x5A, 0x21), answer(0x4A, 0x22));
        let rewritten = rewriter().pass(&identity);
        assert_ne!(rewritten, identity);
        assert_eq!(rewriter().pass(&status), status);
        for before in [&status[..], b"\x16\x16", &status[..7]] {
            let both = [before, &identity, &status].concat();
            let expected = [before, &rewritten, &status].concat();
            assert_eq!(rewriter().pass(&both), expected);
        }
    }
}

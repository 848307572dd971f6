//! Finds frames in a stream of bytes, on both sides of the line.

use super::framing::{Framing, NAK, PREAMBLE, SYN, TERMINATOR, Width};
use super::isl_status::STATUS_LEN_MAX;
use super::zfp_frame::{self as zfp, Found};

/// What a receiver finds in the stream of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A frame whose length and checksum are correct, preamble and terminator included.
    Frame(Vec<u8>),
    /// [`NAK`].
    Nak,
    /// [`SYN`], or what says the same in ZFP: the device is busy.
    Syn,
    /// The answer of a device of ZFP that it is ready for a command.
    Ready,
    /// The question of a host of ZFP that is no frame: one byte, or the letter after 1Dh.
    Ping(u8),
    /// Bytes that begin like a frame and are not one.
    Damaged,
}

/// Finds frames in a stream of bytes, however it is split, and recovers after noise.
#[derive(Clone, Debug)]
pub struct Decoder {
    framing: Framing,
    frame: Vec<u8>,
}

impl Decoder {
    /// A decoder for the frames of one family.
    #[must_use]
    pub const fn new(framing: Framing) -> Self {
        Self {
            framing,
            frame: Vec::new(),
        }
    }

    /// Takes one byte; returns what it completes.
    pub fn push(&mut self, byte: u8) -> Option<Token> {
        if self.framing.width == Width::Zfp {
            let frame_max = self.frame_max();
            return zfp::push(&mut self.frame, byte, frame_max).map(Token::from);
        }
        if byte == PREAMBLE {
            // A preamble cannot occur inside a frame, so the incomplete frame is lost.
            self.frame.clear();
            self.frame.push(byte);
            return None;
        }
        if self.frame.is_empty() {
            return match byte {
                NAK => Some(Token::Nak),
                SYN => Some(Token::Syn),
                _ => None,
            };
        }
        if matches!(byte, NAK | SYN) || self.frame.len() >= self.frame_max() {
            self.frame.clear();
            return Some(Token::Damaged);
        }
        self.frame.push(byte);
        if byte != TERMINATOR {
            return None;
        }
        let frame = core::mem::take(&mut self.frame);
        Some(match self.framing.body(&frame) {
            Ok(_) => Token::Frame(frame),
            Err(_) => Token::Damaged,
        })
    }

    /// Discards an incomplete frame.
    pub fn clear(&mut self) {
        self.frame.clear();
    }

    /// The memory that the decoder uses on the heap, in bytes.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.frame.capacity()
    }

    /// The largest number of bytes of a frame; a longer one is noise.
    fn frame_max(&self) -> usize {
        self.framing
            .request_data_max
            .max(self.framing.answer_data_max)
            .saturating_add(FIXED_MAX)
    }
}

impl From<Found> for Token {
    fn from(found: Found) -> Self {
        match found {
            Found::Frame(frame) => Self::Frame(frame),
            Found::Nack => Self::Nak,
            Found::Busy => Self::Syn,
            Found::Ready => Self::Ready,
            Found::Ping(byte) => Self::Ping(byte),
            Found::Damaged => Self::Damaged,
        }
    }
}

/// The largest number of bytes of a frame without its data: 01, LEN and CMD of four, SEQ, 04, the status, 05, the sum, 03.
const FIXED_MAX: usize = 16 + STATUS_LEN_MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::framing::{FrameError, Request};
    use crate::wire::{isl, isl_x};

    const BOTH: [Framing; 2] = [isl::FRAMING, isl_x::FRAMING];

    fn tokens(framing: Framing, bytes: &[u8]) -> Vec<Token> {
        let mut decoder = Decoder::new(framing);
        bytes
            .iter()
            .filter_map(|byte| decoder.push(*byte))
            .collect()
    }

    fn with(data: Vec<u8>) -> Request {
        Request {
            seq: 0x20,
            command: 0x4A,
            data,
        }
    }

    #[test]
    fn a_frame_is_found_between_noise() {
        for framing in BOTH {
            let frame = with(vec![]).emit(&framing).unwrap();
            let mut stream = vec![0x41, NAK, 0x01, 0x24, 0x99];
            stream.extend(&frame);
            stream.extend([SYN, 0x03]);
            assert_eq!(
                tokens(framing, &stream),
                [Token::Nak, Token::Frame(frame), Token::Syn]
            );
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        for framing in BOTH {
            let frame = with(b"1\t".to_vec()).emit(&framing).unwrap();
            for place in 0..frame.len() {
                let mut damaged = frame.clone();
                damaged[place] ^= 0x08;
                assert!(
                    !tokens(framing, &damaged)
                        .iter()
                        .any(|token| matches!(token, Token::Frame(_))),
                    "byte {place}"
                );
            }
        }
    }

    #[test]
    fn more_data_than_a_frame_holds_is_refused() {
        for framing in BOTH {
            let most = framing.request_data_max;
            let frame = with(vec![0x41; most]).emit(&framing).unwrap();
            assert_eq!(
                tokens(framing, &frame),
                [Token::Frame(frame.clone())],
                "the largest frame is taken"
            );
            assert_eq!(
                with(vec![0x41; most + 1]).emit(&framing),
                Err(FrameError::TooMuchData)
            );
        }
    }
}

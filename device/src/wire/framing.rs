//! Frames of the ISL protocol in both directions, with the two widths of their numbers. The frames of ZFP are in [`super::zfp`].
//!
//! ```text
//! host → device : 01 LEN SEQ CMD DATA…          05 B1 B2 B3 B4 03
//! device → host : 01 LEN SEQ CMD DATA… 04 S0…   05 B1 B2 B3 B4 03     (or one byte: 15 NAK, 16 SYN)
//! ```
//!
//! What differs between families is data: a [`Framing`].
//! None of the framing bytes can occur inside a field, so a receiver that is out of step drops bytes until the next preamble.

use core::fmt;

use super::isl_status::Status;
use super::zfp_frame::{self as zfp, Wrong};

/// The byte that begins a frame.
pub const PREAMBLE: u8 = 0x01;
/// The byte that ends a frame.
pub const TERMINATOR: u8 = 0x03;
/// The byte before the status bytes of an answer.
pub const SEPARATOR: u8 = 0x04;
/// The byte before the checksum.
pub const POSTAMBLE: u8 = 0x05;
/// The device found the frame damaged and did not execute it.
pub const NAK: u8 = 0x15;
/// The device is still executing; sent each [`Framing::busy_every_ms`].
pub const SYN: u8 = 0x16;
/// The byte that precedes a control byte in data; 40h is added to that control byte.
pub const ESCAPE: u8 = 0x10;
/// The smallest sequence number.
pub const SEQ_FIRST: u8 = 0x20;

/// The form of LEN and CMD in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// LEN and CMD are one byte each.
    Byte,
    /// LEN and CMD are four bytes of 30h plus one nibble each, high nibble first.
    Nibbles,
    /// The frames are those of ZFP, in which LEN and CMD are one byte each.
    Zfp,
}

/// One family's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Framing {
    /// The form of LEN and CMD.
    pub width: Width,
    /// The number of status bytes of an answer.
    pub status_len: usize,
    /// The largest sequence number.
    pub seq_last: u8,
    /// The number of escaped data bytes that a request may have.
    pub request_data_max: usize,
    /// The number of escaped data bytes that an answer may have.
    pub answer_data_max: usize,
    /// How the device recognises that a request is a repeat.
    pub repeat: Repeat,
    /// The time between two SYN of a busy device, in milliseconds.
    pub busy_every_ms: u64,
}

/// How a device recognises that a request is the last one again. It does not execute a repeat, and sends its last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// The sequence number is that of the last request, whatever the command is.
    SameNumber,
    /// The sequence number and the command are those of the last request.
    SameNumberAndCommand,
    /// The device executes every request.
    Never,
}

impl Framing {
    /// The sequence number after this one.
    #[must_use]
    pub const fn seq_after(&self, seq: u8) -> u8 {
        if seq >= self.seq_last || seq < SEQ_FIRST {
            SEQ_FIRST
        } else {
            seq.wrapping_add(1)
        }
    }

    /// Whether a device answers a request with the last sequence number by its last answer, and does not execute it.
    #[must_use]
    pub const fn replays(&self) -> bool {
        !matches!(self.repeat, Repeat::Never)
    }

    /// Whether an answer is that to a command: it names the command, or it is an acknowledgement, which names none.
    #[must_use]
    pub const fn is_answer_to(&self, answer: &Answer, command: u8) -> bool {
        let names_none = !self.replays() && answer.command == zfp::ACKNOWLEDGED;
        answer.command == command || names_none
    }

    /// Whether a device takes `request` for a repeat of `last`.
    #[must_use]
    pub const fn is_repeat(&self, last: &Request, request: &Request) -> bool {
        last.seq == request.seq
            && match self.repeat {
                Repeat::Never => false,
                Repeat::SameNumber => true,
                Repeat::SameNumberAndCommand => last.command == request.command,
            }
    }

    fn emit(&self, seq: u8, command: u8, body: &[u8]) -> Result<Vec<u8>, FrameError> {
        let mut inner = vec![seq];
        self.width.push(u16::from(command), &mut inner)?;
        inner.extend_from_slice(body);
        inner.push(POSTAMBLE);
        let len = inner
            .len()
            .checked_add(self.width.bytes())
            .and_then(|count| count.checked_add(LEN_OFFSET))
            .and_then(|len| u16::try_from(len).ok())
            .ok_or(FrameError::TooMuchData)?;
        let mut frame = vec![PREAMBLE];
        self.width.push(len, &mut frame)?;
        frame.extend_from_slice(&inner);
        let sum = checksum(frame.get(1..).unwrap_or_default());
        frame.extend_from_slice(&sum);
        frame.push(TERMINATOR);
        Ok(frame)
    }

    /// Checks a frame and returns its SEQ, its CMD, and the bytes between CMD and the postamble.
    pub(super) fn body<'a>(&self, frame: &'a [u8]) -> Result<(u8, u8, &'a [u8]), FrameError> {
        let inner = match frame {
            [PREAMBLE, inner @ .., TERMINATOR] => inner,
            _ => return Err(FrameError::Shape),
        };
        let (summed, sum) = inner.split_last_chunk::<4>().ok_or(FrameError::Shape)?;
        let (len, rest) = self.width.cut(summed)?;
        let (seq, rest) = rest.split_first().ok_or(FrameError::Shape)?;
        let (command, rest) = self.width.cut(rest)?;
        let data = match rest {
            [data @ .., POSTAMBLE] => data,
            _ => return Err(FrameError::Shape),
        };
        if usize::from(len).checked_sub(LEN_OFFSET) != Some(summed.len()) {
            return Err(FrameError::Length);
        }
        if *sum != checksum(summed) {
            return Err(FrameError::Checksum);
        }
        let command = u8::try_from(command).map_err(|_| FrameError::Shape)?;
        Ok((*seq, command, data))
    }
}

impl Width {
    const fn bytes(self) -> usize {
        match self {
            Self::Byte | Self::Zfp => 1,
            Self::Nibbles => 4,
        }
    }

    fn push(self, number: u16, out: &mut Vec<u8>) -> Result<(), FrameError> {
        match self {
            Self::Byte | Self::Zfp => {
                out.push(u8::try_from(number).map_err(|_| FrameError::TooMuchData)?)
            }
            Self::Nibbles => out.extend_from_slice(&nibbles(number)),
        }
        Ok(())
    }

    fn cut(self, bytes: &[u8]) -> Result<(u16, &[u8]), FrameError> {
        match self {
            Self::Byte | Self::Zfp => bytes
                .split_first()
                .map(|(byte, rest)| (u16::from(*byte), rest)),
            Self::Nibbles => bytes.split_first_chunk::<4>().and_then(|(digits, rest)| {
                let number = digits.iter().try_fold(0_u16, |number, digit| {
                    let nibble = digit.checked_sub(0x30).filter(|nibble| *nibble < 0x10)?;
                    Some(number.wrapping_shl(4) | u16::from(nibble))
                })?;
                Some((number, rest))
            }),
        }
        .ok_or(FrameError::Shape)
    }
}

/// The fault of the bytes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The bytes are fewer or more than in any frame, or a framing byte is missing.
    Shape,
    /// LEN is not the number of bytes of the frame.
    Length,
    /// The checksum is not the sum of the bytes.
    Checksum,
    /// There are more data than a frame can contain.
    TooMuchData,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "is not a frame",
            Self::Length => "has a wrong length",
            Self::Checksum => "has a wrong checksum",
            Self::TooMuchData => "carries more data than a frame can hold",
        })
    }
}

impl core::error::Error for FrameError {}

impl From<Wrong> for FrameError {
    fn from(wrong: Wrong) -> Self {
        match wrong {
            Wrong::Shape => Self::Shape,
            Wrong::Length => Self::Length,
            Wrong::Checksum => Self::Checksum,
            Wrong::TooMuchData => Self::TooMuchData,
        }
    }
}

/// A request to the device. `data` is not escaped; control bytes are escaped when the frame is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The sequence number, from [`SEQ_FIRST`] to [`Framing::seq_last`].
    pub seq: u8,
    /// The number of the command.
    pub command: u8,
    /// The data of the command.
    pub data: Vec<u8>,
}

impl Request {
    /// The frame's bytes.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooMuchData`] beyond [`Framing::request_data_max`] escaped bytes.
    pub fn emit(&self, framing: &Framing) -> Result<Vec<u8>, FrameError> {
        if framing.width == Width::Zfp {
            let data_max = framing.request_data_max;
            return Ok(zfp::emit(self.seq, self.command, &self.data, data_max)?);
        }
        let data = escaped(&self.data);
        if data.len() > framing.request_data_max {
            return Err(FrameError::TooMuchData);
        }
        framing.emit(self.seq, self.command, &data)
    }

    /// Reads a request from the bytes of one frame, preamble and terminator included.
    ///
    /// # Errors
    ///
    /// The error is the fault of the frame.
    pub fn parse(framing: &Framing, frame: &[u8]) -> Result<Self, FrameError> {
        if framing.width == Width::Zfp {
            return match zfp::parse(frame)? {
                zfp::Content::Message { seq, command, data } => Ok(Self {
                    seq,
                    command,
                    data: data.to_vec(),
                }),
                zfp::Content::Acknowledgement { .. } => Err(FrameError::Shape),
            };
        }
        let (seq, command, data) = framing.body(frame)?;
        Ok(Self {
            seq,
            command,
            data: unescaped(data),
        })
    }
}

/// An answer of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The sequence number of the request.
    pub seq: u8,
    /// The command of the request.
    pub command: u8,
    /// The data of the answer.
    pub data: Vec<u8>,
    /// The state of the device after the command.
    pub status: Status,
}

impl Answer {
    /// The frame's bytes.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooMuchData`] beyond [`Framing::answer_data_max`] escaped bytes, [`FrameError::Shape`] if the number of
    /// status bytes is not that of the family.
    pub fn emit(&self, framing: &Framing) -> Result<Vec<u8>, FrameError> {
        if framing.width == Width::Zfp {
            let data_max = framing.answer_data_max;
            return Ok(if self.data.is_empty() {
                zfp::acknowledge(self.seq, self.status.bytes())?
            } else {
                zfp::emit(self.seq, self.command, &self.data, data_max)?
            });
        }
        let mut body = escaped(&self.data);
        if body.len() > framing.answer_data_max {
            return Err(FrameError::TooMuchData);
        }
        if self.status.bytes().len() != framing.status_len {
            return Err(FrameError::Shape);
        }
        body.push(SEPARATOR);
        body.extend_from_slice(self.status.bytes());
        framing.emit(self.seq, self.command, &body)
    }

    /// Reads an answer from the bytes of one frame, preamble and terminator included.
    ///
    /// # Errors
    ///
    /// The error is the fault of the frame.
    pub fn parse(framing: &Framing, frame: &[u8]) -> Result<Self, FrameError> {
        if framing.width == Width::Zfp {
            return Self::parse_zfp(frame);
        }
        let (seq, command, rest) = framing.body(frame)?;
        let (head, status) = rest
            .len()
            .checked_sub(framing.status_len)
            .and_then(|place| rest.split_at_checked(place))
            .ok_or(FrameError::Shape)?;
        let (separator, data) = head.split_last().ok_or(FrameError::Shape)?;
        if *separator != SEPARATOR {
            return Err(FrameError::Shape);
        }
        Ok(Self {
            seq,
            command,
            data: unescaped(data),
            status: Status::from_slice(status).ok_or(FrameError::Shape)?,
        })
    }

    /// Reads an answer of ZFP: an acknowledgement has a status and no data, the answer to a question has data and no status.
    fn parse_zfp(frame: &[u8]) -> Result<Self, FrameError> {
        Ok(match zfp::parse(frame)? {
            zfp::Content::Message { seq, command, data } => Self {
                seq,
                command,
                data: data.to_vec(),
                status: Status::empty(0),
            },
            zfp::Content::Acknowledgement { seq, digits } => Self {
                seq,
                command: zfp::ACKNOWLEDGED,
                data: Vec::new(),
                status: Status::from_slice(&digits).ok_or(FrameError::Shape)?,
            },
        })
    }
}

/// The number that is added to LEN.
const LEN_OFFSET: usize = 0x20;
/// The 16-bit sum as four bytes of 30h plus one nibble each, high first: not ASCII hexadecimal, `A` is `:`.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    nibbles(
        bytes
            .iter()
            .fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte))),
    )
}

fn nibbles(number: u16) -> [u8; 4] {
    let [high, low] = number.to_be_bytes();
    [high >> 4, high & 0x0F, low >> 4, low & 0x0F].map(|nibble| nibble | 0x30)
}

const TAB: u8 = 0x09;
const LINE_FEED: u8 = 0x0A;
const ESCAPE_OFFSET: u8 = 0x40;

fn escaped(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    for byte in data {
        if *byte < 0x20 && !matches!(*byte, TAB | LINE_FEED) {
            out.push(ESCAPE);
            out.push(byte | ESCAPE_OFFSET);
        } else {
            out.push(*byte);
        }
    }
    out
}

fn unescaped(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len());
    let mut bytes = data.iter();
    while let Some(byte) = bytes.next() {
        match (*byte, bytes.as_slice().first()) {
            (ESCAPE, Some(next)) => {
                out.push(next & !ESCAPE_OFFSET);
                bytes.next();
            }
            (plain, _) => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{isl, isl_x};

    const BOTH: [Framing; 2] = [isl::FRAMING, isl_x::FRAMING];

    fn with(data: Vec<u8>) -> Request {
        Request {
            seq: 0x20,
            command: 0x4A,
            data,
        }
    }

    #[test]
    fn control_bytes_are_escaped() {
        for framing in BOTH {
            let request = with(vec![0x1B, 0x41, TAB, 0x03, LINE_FEED, 0x10]);
            let frame = request.emit(&framing).unwrap();
            assert!(
                frame[1..frame.len() - 1]
                    .iter()
                    .all(|byte| *byte != TERMINATOR)
            );
            assert_eq!(Request::parse(&framing, &frame), Ok(request));
        }
    }

    #[test]
    fn an_answer_has_its_familys_status() {
        for framing in BOTH {
            let answer = Answer {
                seq: 0x21,
                command: 0x71,
                data: b"0000101".to_vec(),
                status: Status::empty(framing.status_len),
            };
            let frame = answer.emit(&framing).unwrap();
            assert_eq!(Answer::parse(&framing, &frame), Ok(answer.clone()));
            let other = Answer {
                status: Status::empty(14 - framing.status_len),
                ..answer
            };
            assert_eq!(other.emit(&framing), Err(FrameError::Shape));
        }
    }

    #[test]
    fn sequence_numbers_wrap_around() {
        assert_eq!(isl::FRAMING.seq_after(0x20), 0x21);
        assert_eq!(isl::FRAMING.seq_after(0x7F), SEQ_FIRST);
        assert_eq!(isl::FRAMING.seq_after(0xFF), SEQ_FIRST);
        assert_eq!(isl_x::FRAMING.seq_after(0x7F), 0x80);
        assert_eq!(isl_x::FRAMING.seq_after(0xFF), SEQ_FIRST);
    }
}

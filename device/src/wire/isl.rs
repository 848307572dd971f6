//! The ISL frame of Datecs classic printers, both directions.
//!
//! ```text
//! host → device : 01 LEN SEQ CMD DATA…            05 B1 B2 B3 B4 03
//! device → host : 01 LEN SEQ CMD DATA… 04 S0..S5  05 B1 B2 B3 B4 03     (or one byte: 15 NAK, 16 SYN)
//! ```
//!
//! Manual: Datecs group A, v1.00BG, "Low-level protocol".
//! None of the framing bytes can stand inside a field, so a receiver that lost its place drops bytes until the next preamble.

use core::fmt;

pub use super::isl_status::{Flag, STATUS_LEN, Status};

/// Begins a frame.
pub const PREAMBLE: u8 = 0x01;
/// Ends a frame.
pub const TERMINATOR: u8 = 0x03;
/// Stands before the status bytes of an answer.
pub const SEPARATOR: u8 = 0x04;
/// Stands before the checksum.
pub const POSTAMBLE: u8 = 0x05;
/// The device found the frame damaged and did not execute it.
pub const NAK: u8 = 0x15;
/// The device is still executing; sent every 60 ms.
pub const SYN: u8 = 0x16;
/// Precedes a control byte in data, which then has 40h added.
pub const ESCAPE: u8 = 0x10;
/// The least sequence number.
pub const SEQ_FIRST: u8 = 0x20;
/// The greatest sequence number of groups A and B.
pub const SEQ_LAST: u8 = 0x7F;
/// Data bytes a request may carry.
pub const REQUEST_DATA_MAX: usize = 213;
/// Data bytes an answer may carry: LEN is one byte, `0xFF - 0x20 - 11`; the manual's 218 would not fit.
pub const ANSWER_DATA_MAX: usize = 212;

/// A frame longer than this is noise: the greatest LEN, with preamble, checksum and terminator.
const FRAME_MAX: usize = 0xFF - 0x20 + 6;
/// What LEN has added, and the bytes of a request beside its data: LEN SEQ CMD 05.
const LEN_OFFSET: usize = 0x20;
const REQUEST_FIXED: usize = 4;
/// The same of an answer, with separator and status.
const ANSWER_FIXED: usize = 11;

/// The commands of Datecs classic.
pub mod command {
    /// Last error (group A, new firmware).
    pub const LAST_ERROR: u8 = 0x20;
    /// Open a non-fiscal slip.
    pub const SLIP_OPEN: u8 = 0x26;
    /// Close a non-fiscal slip.
    pub const SLIP_CLOSE: u8 = 0x27;
    /// Text on a non-fiscal slip.
    pub const SLIP_TEXT: u8 = 0x2A;
    /// Header, footer and options.
    pub const OPTIONS: u8 = 0x2B;
    /// Feed paper.
    pub const FEED: u8 = 0x2C;
    /// Cut paper.
    pub const CUT: u8 = 0x2D;
    /// Open a refund ("storno") receipt.
    pub const REFUND_OPEN: u8 = 0x2E;
    /// Open a fiscal receipt.
    pub const RECEIPT_OPEN: u8 = 0x30;
    /// Register a sale.
    pub const SALE: u8 = 0x31;
    /// Subtotal.
    pub const SUBTOTAL: u8 = 0x33;
    /// Register a sale and show it on the display.
    pub const SALE_SHOWN: u8 = 0x34;
    /// Pay.
    pub const PAYMENT: u8 = 0x35;
    /// Text on a fiscal receipt.
    pub const RECEIPT_TEXT: u8 = 0x36;
    /// Close a fiscal receipt.
    pub const RECEIPT_CLOSE: u8 = 0x38;
    /// Cancel a fiscal receipt.
    pub const RECEIPT_CANCEL: u8 = 0x3C;
    /// Set the clock.
    pub const CLOCK_SET: u8 = 0x3D;
    /// Read the clock.
    pub const CLOCK: u8 = 0x3E;
    /// The last Z-report.
    pub const LAST_Z: u8 = 0x40;
    /// The day's totals by tax group.
    pub const DAY_TOTALS: u8 = 0x41;
    /// Daily report: X or Z.
    pub const DAILY_REPORT: u8 = 0x45;
    /// Cash in and out.
    pub const CASH: u8 = 0x46;
    /// Status.
    pub const STATUS: u8 = 0x4A;
    /// Print what is buffered.
    pub const FLUSH: u8 = 0x4B;
    /// The current or last receipt.
    pub const TRANSACTION: u8 = 0x4C;
    /// Tax rates, read and set.
    pub const RATES: u8 = 0x53;
    /// A barcode.
    pub const BARCODE: u8 = 0x54;
    /// Identity of the device.
    pub const DEVICE_INFO: u8 = 0x5A;
    /// A separating line.
    pub const LINE: u8 = 0x5C;
    /// Tax rates, read only.
    pub const RATES_READ: u8 = 0x61;
    /// Sums of the current receipt by tax group.
    pub const RECEIPT_SUMS: u8 = 0x67;
    /// Pulse to the drawer.
    pub const DRAWER: u8 = 0x6A;
    /// Duplicate of the last receipt.
    pub const DUPLICATE: u8 = 0x6D;
    /// The day's payments.
    pub const DAY_PAYMENTS: u8 = 0x6E;
    /// Number of the last document.
    pub const LAST_DOCUMENT: u8 = 0x71;
}

/// What is wrong with the bytes of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Shorter or longer than any frame, or a framing byte is missing.
    Shape,
    /// LEN is not the number of bytes.
    Length,
    /// The checksum is not the sum.
    Checksum,
    /// More data than LEN can express.
    TooMuchData,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shape => "is not a frame",
            Self::Length => "has a wrong length byte",
            Self::Checksum => "has a wrong checksum",
            Self::TooMuchData => "carries more data than a frame can hold",
        })
    }
}

impl core::error::Error for FrameError {}

/// A command on its way to the device. `data` is plain; escaping is the frame's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Sequence number, `0x20..=0x7F`.
    pub seq: u8,
    /// Command, one of [`command`].
    pub command: u8,
    /// Data.
    pub data: Vec<u8>,
}

impl Request {
    /// The frame's bytes.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooMuchData`] beyond [`REQUEST_DATA_MAX`] escaped bytes.
    pub fn emit(&self) -> Result<Vec<u8>, FrameError> {
        let data = escaped(&self.data);
        if data.len() > REQUEST_DATA_MAX {
            return Err(FrameError::TooMuchData);
        }
        emit(self.seq, self.command, REQUEST_FIXED, &data, &[])
    }

    /// Reads a request from the bytes of one frame, preamble and terminator included.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(frame: &[u8]) -> Result<Self, FrameError> {
        let (seq, command, data) = body(frame)?;
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
    /// The request's sequence number.
    pub seq: u8,
    /// The request's command.
    pub command: u8,
    /// Data.
    pub data: Vec<u8>,
    /// The state of the device after the command.
    pub status: Status,
}

impl Answer {
    /// The frame's bytes.
    ///
    /// # Errors
    ///
    /// [`FrameError::TooMuchData`] beyond [`ANSWER_DATA_MAX`] escaped bytes.
    pub fn emit(&self) -> Result<Vec<u8>, FrameError> {
        let data = escaped(&self.data);
        if data.len() > ANSWER_DATA_MAX {
            return Err(FrameError::TooMuchData);
        }
        let mut tail = vec![SEPARATOR];
        tail.extend_from_slice(&self.status.bytes());
        emit(self.seq, self.command, ANSWER_FIXED, &data, &tail)
    }

    /// Reads an answer from the bytes of one frame, preamble and terminator included.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(frame: &[u8]) -> Result<Self, FrameError> {
        let (seq, command, rest) = body(frame)?;
        let (head, status) = rest
            .split_last_chunk::<STATUS_LEN>()
            .ok_or(FrameError::Shape)?;
        let (separator, data) = head.split_last().ok_or(FrameError::Shape)?;
        if *separator != SEPARATOR {
            return Err(FrameError::Shape);
        }
        Ok(Self {
            seq,
            command,
            data: unescaped(data),
            status: Status::from_bytes(*status),
        })
    }
}

/// What a receiver finds in the stream of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// A frame whose length and checksum hold, preamble and terminator included.
    Frame(Vec<u8>),
    /// [`NAK`].
    Nak,
    /// [`SYN`].
    Syn,
    /// Something that began as a frame and is none.
    Damaged,
}

/// Finds frames in a stream of bytes, however they are cut, and finds its place again after noise.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    frame: Vec<u8>,
}

impl Decoder {
    /// Takes one byte.
    pub fn push(&mut self, byte: u8) -> Option<Token> {
        if byte == PREAMBLE {
            // Cannot stand inside a frame: whatever was begun is lost.
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
        if matches!(byte, NAK | SYN) || self.frame.len() >= FRAME_MAX {
            self.frame.clear();
            return Some(Token::Damaged);
        }
        self.frame.push(byte);
        if byte != TERMINATOR {
            return None;
        }
        let frame = core::mem::take(&mut self.frame);
        Some(match body(&frame) {
            Ok(_) => Token::Frame(frame),
            Err(_) => Token::Damaged,
        })
    }

    /// Forgets what was begun.
    pub fn clear(&mut self) {
        self.frame.clear();
    }
}

/// The sequence number after this one.
#[must_use]
pub const fn seq_after(seq: u8) -> u8 {
    if seq >= SEQ_LAST || seq < SEQ_FIRST {
        SEQ_FIRST
    } else {
        seq.wrapping_add(1)
    }
}

fn emit(
    seq: u8,
    command: u8,
    fixed: usize,
    data: &[u8],
    tail: &[u8],
) -> Result<Vec<u8>, FrameError> {
    let len = data
        .len()
        .checked_add(fixed)
        .and_then(|count| count.checked_add(LEN_OFFSET))
        .and_then(|len| u8::try_from(len).ok())
        .ok_or(FrameError::TooMuchData)?;
    let mut frame = vec![PREAMBLE, len, seq, command];
    frame.extend_from_slice(data);
    frame.extend_from_slice(tail);
    frame.push(POSTAMBLE);
    let sum = checksum(frame.get(1..).unwrap_or_default());
    frame.extend_from_slice(&sum);
    frame.push(TERMINATOR);
    Ok(frame)
}

/// Checks a frame and gives its SEQ, its CMD, and what stands between CMD and the postamble.
fn body(frame: &[u8]) -> Result<(u8, u8, &[u8]), FrameError> {
    let inner = match frame {
        [PREAMBLE, inner @ .., TERMINATOR] => inner,
        _ => return Err(FrameError::Shape),
    };
    let (summed, sum) = inner.split_last_chunk::<4>().ok_or(FrameError::Shape)?;
    let (len, seq, command, data) = match summed {
        [len, seq, command, data @ .., POSTAMBLE] => (*len, *seq, *command, data),
        _ => return Err(FrameError::Shape),
    };
    if usize::from(len).checked_sub(LEN_OFFSET) != Some(summed.len()) {
        return Err(FrameError::Length);
    }
    if *sum != checksum(summed) {
        return Err(FrameError::Checksum);
    }
    Ok((seq, command, data))
}

/// The 16-bit sum as four bytes of 30h plus one nibble each, high first: not ASCII hexadecimal, `A` is `:`.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let sum = bytes
        .iter()
        .fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    let [high, low] = sum.to_be_bytes();
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

    fn tokens(bytes: &[u8]) -> Vec<Token> {
        let mut decoder = Decoder::default();
        bytes
            .iter()
            .filter_map(|byte| decoder.push(*byte))
            .collect()
    }

    fn status_request() -> Vec<u8> {
        Request {
            seq: 0x20,
            command: command::STATUS,
            data: vec![],
        }
        .emit()
        .unwrap()
    }

    #[test]
    fn a_frame_is_found_between_noise() {
        let frame = status_request();
        let mut stream = vec![0x41, NAK, 0x01, 0x24, 0x99];
        stream.extend(&frame);
        stream.extend([SYN, 0x03]);
        assert_eq!(
            tokens(&stream),
            [Token::Nak, Token::Frame(frame), Token::Syn]
        );
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let frame = status_request();
        for place in 0..frame.len() {
            let mut damaged = frame.clone();
            damaged[place] ^= 0x08;
            assert!(
                !tokens(&damaged)
                    .iter()
                    .any(|token| matches!(token, Token::Frame(_))),
                "byte {place}"
            );
        }
    }

    #[test]
    fn control_bytes_travel_escaped() {
        let request = Request {
            seq: 0x21,
            command: 0x36,
            data: vec![0x1B, 0x41, TAB, 0x03, LINE_FEED, 0x10],
        };
        let frame = request.emit().unwrap();
        assert!(
            frame[1..frame.len() - 1]
                .iter()
                .all(|byte| *byte != TERMINATOR)
        );
        assert_eq!(Request::parse(&frame), Ok(request));
    }

    #[test]
    fn more_data_than_a_frame_holds_is_refused() {
        let with = |count| Request {
            seq: 0x20,
            command: 0x36,
            data: vec![0x41; count],
        };
        assert!(with(REQUEST_DATA_MAX).emit().is_ok());
        assert_eq!(
            with(REQUEST_DATA_MAX + 1).emit(),
            Err(FrameError::TooMuchData)
        );
    }

    #[test]
    fn sequence_numbers_go_round() {
        assert_eq!(seq_after(0x20), 0x21);
        assert_eq!(seq_after(SEQ_LAST), SEQ_FIRST);
        assert_eq!(seq_after(0xFF), SEQ_FIRST);
    }
}

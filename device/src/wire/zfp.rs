//! The frames of ZFP, the protocol of Tremol printers, in both directions.
//!
//! ```text
//! host → device : 02 LEN NBL CMD DATA… CS CS 0A        (or one byte: 09 "are you ready?", 04 "are you switched on?")
//! device → host : 06 NBL STE STE       CS CS 0A        the acknowledgement of a command: 30 30 is "done"
//!                 02 LEN NBL CMD DATA… CS CS 0A        the answer to a question
//!                 15 a damaged frame, 0E still busy, 40…4F the answer to 09: an odd byte is "busy"
//! ```
//!
//! LEN is 20h plus the number of bytes from LEN to the last one of DATA; NBL is 20h to 9Fh and must differ from the one before.
//! CS is the exclusive or of the bytes before it, without the first one, as two bytes of 30h plus one nibble each.
//! An acknowledgement does not name its command. Nothing is said of a repeated NBL, so a repeated frame may be executed again.
//!
//! Manual: Tremol, communication protocol for fiscal devices (Bulgaria), version 1903211145, chapter 1.

use super::framing::{FrameError, Framing, NAK, Repeat, Token, Width};

/// The byte that begins a command and the answer to a question.
pub const STX: u8 = 0x02;
/// The byte that begins an acknowledgement.
pub const ACK: u8 = 0x06;
/// The byte that ends a frame.
pub const ETX: u8 = 0x0A;
/// The device is busy with the former command.
pub const RETRY: u8 = 0x0E;
/// Asks whether the device is switched on; it answers with the same byte.
pub const ALIVE: u8 = 0x04;
/// Asks whether the device is ready; it answers with 40h plus [`BUSY`], [`NO_PAPER`] and other bits.
pub const PING: u8 = 0x09;
/// The answer to [`PING`] of a device that is ready.
pub const READY: u8 = 0x40;
/// The bit of the answer to [`PING`] for a device that executes a command.
pub const BUSY: u8 = 0x01;
/// The bit of the answer to [`PING`] for a device without paper.
pub const NO_PAPER: u8 = 0x02;
/// The number of the command in the content of an acknowledgement, which names none.
pub const ACKNOWLEDGED: u8 = 0x00;
/// The digits of an acknowledgement without an error.
pub const DONE: [u8; 2] = [0x30, 0x30];

/// The frames of ZFP.
///
/// LEN ends at 9Fh in a request. In answers it may be larger: the answer about the open receipt alone has up to 160 bytes.
pub const FRAMING: Framing = Framing {
    width: Width::Zfp,
    status_len: 2,
    seq_last: 0x9F,
    request_data_max: 124,
    answer_data_max: 220,
    repeat: Repeat::Never,
    busy_every_ms: 60,
};

/// The number that is added to LEN.
const LEN_OFFSET: usize = 0x20;
/// The number of bytes that LEN counts beside the data: LEN, NBL, CMD.
const COUNTED: usize = 3;

/// The bytes of a command, or of the answer to a question.
pub(super) fn emit(
    seq: u8,
    command: u8,
    data: &[u8],
    data_max: usize,
) -> Result<Vec<u8>, FrameError> {
    if data.len() > data_max {
        return Err(FrameError::TooMuchData);
    }
    // A control byte inside a frame would end or begin one.
    if data.iter().any(u8::is_ascii_control) {
        return Err(FrameError::Shape);
    }
    let len = data
        .len()
        .checked_add(COUNTED)
        .and_then(|count| count.checked_add(LEN_OFFSET))
        .and_then(|len| u8::try_from(len).ok())
        .ok_or(FrameError::TooMuchData)?;
    let mut frame = vec![STX, len, seq, command];
    frame.extend_from_slice(data);
    Ok(closed(frame))
}

/// The bytes of an acknowledgement with these two digits.
pub(super) fn acknowledge(seq: u8, digits: &[u8]) -> Result<Vec<u8>, FrameError> {
    let [device, command] = digits else {
        return Err(FrameError::Shape);
    };
    Ok(closed(vec![ACK, seq, *device, *command]))
}

fn closed(mut frame: Vec<u8>) -> Vec<u8> {
    let sum = checksum(frame.get(1..).unwrap_or_default());
    frame.extend_from_slice(&sum);
    frame.push(ETX);
    frame
}

/// The content of a frame.
pub(super) enum Content<'a> {
    /// A command, or the answer to a question.
    Message {
        /// The number of the message.
        seq: u8,
        /// The number of the command.
        command: u8,
        /// The data.
        data: &'a [u8],
    },
    /// An acknowledgement.
    Acknowledgement {
        /// The number of the message that is acknowledged.
        seq: u8,
        /// The digits of its errors.
        digits: [u8; 2],
    },
}

/// Checks a frame and returns its content.
pub(super) fn parse(frame: &[u8]) -> Result<Content<'_>, FrameError> {
    let (begin, inner) = match frame {
        [begin @ (STX | ACK), inner @ .., ETX] => (*begin, inner),
        _ => return Err(FrameError::Shape),
    };
    let (summed, sum) = inner.split_last_chunk::<2>().ok_or(FrameError::Shape)?;
    let content = match (begin, summed) {
        (ACK, [seq, device, command]) => Content::Acknowledgement {
            seq: *seq,
            digits: [*device, *command],
        },
        (STX, [len, seq, command, data @ ..]) => {
            if usize::from(*len).checked_sub(LEN_OFFSET) != Some(summed.len()) {
                return Err(FrameError::Length);
            }
            Content::Message {
                seq: *seq,
                command: *command,
                data,
            }
        }
        _ => return Err(FrameError::Shape),
    };
    if *sum != checksum(summed) {
        return Err(FrameError::Checksum);
    }
    Ok(content)
}

/// Takes one byte into the incomplete `frame`; returns what it completes. A frame of more than `frame_max` bytes is noise.
pub(super) fn push(frame: &mut Vec<u8>, byte: u8, frame_max: usize) -> Option<Token> {
    if matches!(byte, STX | ACK) {
        // Neither byte can occur inside a frame, so the incomplete frame is lost.
        frame.clear();
        frame.push(byte);
        return None;
    }
    if frame.is_empty() {
        return match byte {
            NAK => Some(Token::Nak),
            RETRY => Some(Token::Syn),
            PING | ALIVE => Some(Token::Ping(byte)),
            // The other bits are the paper, the printing head and the customer's display.
            READY..=0x4F if byte & BUSY == 0 => Some(Token::Ready),
            READY..=0x4F => Some(Token::Syn),
            _ => None,
        };
    }
    if (byte < 0x20 && byte != ETX) || frame.len() >= frame_max {
        frame.clear();
        return Some(Token::Damaged);
    }
    frame.push(byte);
    if byte != ETX {
        return None;
    }
    let whole = core::mem::take(frame);
    Some(match parse(&whole) {
        Ok(_) => Token::Frame(whole),
        Err(_) => Token::Damaged,
    })
}

/// The exclusive or of the bytes as two bytes of 30h plus one nibble each, high first.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let sum = bytes.iter().fold(0_u8, |sum, byte| sum ^ byte);
    [sum >> 4, sum & 0x0F].map(|nibble| nibble | 0x30)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::framing::{Answer, Decoder, Request};
    use crate::wire::isl_status::Status;

    fn tokens(bytes: &[u8]) -> Vec<Token> {
        let mut decoder = Decoder::new(FRAMING);
        bytes
            .iter()
            .filter_map(|byte| decoder.push(*byte))
            .collect()
    }

    fn request(data: &[u8]) -> Request {
        Request {
            seq: 0x23,
            command: 0x30,
            data: data.to_vec(),
        }
    }

    fn done(seq: u8) -> Vec<u8> {
        let answer = Answer {
            seq,
            command: ACKNOWLEDGED,
            data: Vec::new(),
            status: Status::from_slice(&DONE).unwrap(),
        };
        answer.emit(&FRAMING).unwrap()
    }

    #[test]
    fn a_frame_is_found_between_noise() {
        let frame = done(0x21);
        assert_eq!(frame, [0x06, 0x21, 0x30, 0x30, 0x32, 0x31, 0x0A]);
        let mut stream = vec![0x31, NAK, 0x02, 0x24, 0x99];
        stream.extend(&frame);
        stream.extend([RETRY, 0x40, 0x41, 0x42, 0x60, 0x0A]);
        assert_eq!(
            tokens(&stream),
            [
                Token::Nak,
                Token::Frame(frame),
                Token::Syn,
                Token::Ready,
                Token::Syn,
                Token::Ready
            ]
        );
        assert_eq!(
            tokens(&[PING, ALIVE]),
            [Token::Ping(PING), Token::Ping(ALIVE)]
        );
    }

    #[test]
    fn any_changed_bit_is_noticed() {
        for frame in [request(b"1;0000;1;1;0").emit(&FRAMING).unwrap(), done(0x23)] {
            for place in 0..frame.len() {
                for bit in 0..8 {
                    let mut damaged = frame.clone();
                    damaged[place] ^= 1 << bit;
                    // An acknowledgement of 23h whose first byte becomes 02 reads as a message with another number.
                    let request = Request::parse(&FRAMING, &damaged).map(|read| read.seq);
                    let answer = Answer::parse(&FRAMING, &damaged).map(|read| read.seq);
                    assert!(
                        request != Ok(0x23) && answer != Ok(0x23),
                        "byte {place}, bit {bit}"
                    );
                }
            }
        }
    }

    #[test]
    fn control_bytes_and_more_data_than_a_frame_holds_are_refused() {
        assert_eq!(
            request(b"a\nb").emit(&FRAMING),
            Err(FrameError::Shape),
            "0Ah would end the frame"
        );
        let most = vec![0x41; FRAMING.request_data_max];
        let frame = request(&most).emit(&FRAMING).unwrap();
        assert_eq!(frame[1], 0x9F);
        assert_eq!(Request::parse(&FRAMING, &frame), Ok(request(&most)));
        let more = vec![0x41; FRAMING.request_data_max + 1];
        assert_eq!(request(&more).emit(&FRAMING), Err(FrameError::TooMuchData));
    }
}

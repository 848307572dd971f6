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

use super::framing::{Framing, Repeat, Width};
pub use super::zfp_frame::{
    ACK, ACKNOWLEDGED, ALIVE, BUSY, DONE, ETX, GS, INFORMATION, MODEL, NO_PAPER, PING, READY,
    RETRY, STX,
};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decoder::{Decoder, Token};
    use crate::wire::framing::{Answer, FrameError, NAK, Request};
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

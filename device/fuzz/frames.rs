//! Checks for the frames of every family.

use ferrotill_device::wire::decoder::{Decoder, Token};
use ferrotill_device::wire::framing::{Answer, Framing, Request};

/// Splits the bytes into frames, reads them in both directions, and appends a frame of our own, which must be found.
pub fn check(framing: Framing, bytes: &[u8]) {
    let mut decoder = Decoder::new(framing);
    for byte in bytes {
        if let Some(Token::Frame(frame)) = decoder.push(*byte) {
            if let Ok(request) = Request::parse(&framing, &frame) {
                again(&framing, request);
            }
            if let Ok(answer) = Answer::parse(&framing, &frame) {
                // A plain 10h in data in the data of a frame is read unchanged and written escaped, so only the written form is
                // compared.
                if let Ok(written) = answer.emit(&framing) {
                    assert_eq!(Answer::parse(&framing, &written), Ok(answer));
                }
            }
        }
    }
    let ours = Request {
        seq: 0x20,
        command: 0x4A,
        data: bytes.iter().copied().take(100).collect(),
    };
    let frame = ours
        .emit(&framing)
        .expect("a hundred bytes fit, escaped too");
    let found = frame.iter().filter_map(|byte| decoder.push(*byte)).last();
    assert_eq!(found, Some(Token::Frame(frame.clone())));
    assert_eq!(Request::parse(&framing, &frame), Ok(ours));
}

fn again(framing: &Framing, request: Request) {
    if let Ok(written) = request.emit(framing) {
        assert_eq!(Request::parse(framing, &written), Ok(request));
    }
}

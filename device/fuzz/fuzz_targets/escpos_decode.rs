//! Feeds any bytes to the decoder of a receipt printer: the commands are the same however the bytes are split, and a command that
//! was written is read as the same command.
#![no_main]

use ferrotill_device::wire::escpos::EscposCommand;
use ferrotill_device::wire::escpos_decode::{EscposDecoder, RealTimeDecoder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = written(&EscposDecoder::default().feed(bytes));
    let mut decoder = EscposDecoder::default();
    let mut pieces = Vec::new();
    let mut rest = bytes;
    // The fuzzed bytes also determine how they are split.
    while let Some(first) = rest.first() {
        let (piece, tail) = rest.split_at(rest.len().min(usize::from(*first % 9) + 1));
        pieces.extend(decoder.feed(piece));
        rest = tail;
    }
    assert_eq!(written(&pieces), whole);

    let again = EscposDecoder::default().feed(&whole);
    assert_eq!(written(&again), whole);

    let mut ear = RealTimeDecoder::default();
    for byte in bytes {
        if let Some(request) = ear.push(*byte) {
            let heard: Vec<_> = {
                let mut other = RealTimeDecoder::default();
                request
                    .emit()
                    .into_iter()
                    .filter_map(|byte| other.push(byte))
                    .collect()
            };
            assert_eq!(heard, [request]);
        }
    }
});

fn written(commands: &[EscposCommand]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for command in commands {
        command.emit_into(&mut bytes);
    }
    bytes
}

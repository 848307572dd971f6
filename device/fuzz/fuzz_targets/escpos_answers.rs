//! Feeds any bytes as those of a receipt printer: answers are assembled in bounded memory, and the next complete block is found.
#![no_main]

use ferrotill_device::wire::escpos_answer::{EscposAnswer, AnswerDecoder, EscposStatus};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut decoder = AnswerDecoder::default();
    for byte in bytes {
        match decoder.push(*byte) {
            Some(EscposAnswer::Block(_, body)) => {
                assert!(body.len() <= 256 && body.iter().all(|byte| *byte >= b' '));
            }
            Some(EscposAnswer::Status(byte)) => assert_eq!(byte & 0x93, 0x12),
            _ => {}
        }
    }
    // A NUL ends a block that noise has begun.
    let _ = decoder.push(0);
    let processed = EscposAnswer::emit_processed(*b"0042");
    let found = processed
        .iter()
        .filter_map(|byte| decoder.push(*byte))
        .last();
    assert_eq!(found.and_then(|answer| answer.processed()), Some(*b"0042"));

    if let Some(told) = bytes.first_chunk::<4>() {
        // A status that was read is written as the same bytes.
        let read = EscposStatus::of(*told);
        let written = [1, 2, 3, 4].map(|which| read.byte(which).expect("four bytes are known"));
        let again = EscposStatus::of(written);
        assert_eq!(again.paper_out, read.paper_out);
        assert_eq!(again.cover_open, read.cover_open);
        assert_eq!(again.drawer_pin_high, read.drawer_pin_high);
        assert_eq!(again.is_error(), read.is_error());
        assert_eq!(
            EscposStatus::of([1, 2, 3, 4].map(|which| again.byte(which).expect("known"))),
            again
        );
    }
});

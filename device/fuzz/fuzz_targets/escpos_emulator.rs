//! Sends any bytes to the emulated receipt printer: its answers can be read, and it prints after a power cut.
#![no_main]

use ferrotill_device::emulator::EscposEmulator;
use ferrotill_device::port::loopback::Peer as _;
use ferrotill_device::wire::escpos_answer::{EscposAnswer, AnswerDecoder};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut printer = EscposEmulator::new(None);
    let mut now = 0;
    for piece in bytes.chunks(64) {
        now += 10;
        printer.handle_bytes(piece, now);
        printer.set_cover_open(piece.first().is_some_and(|byte| byte & 0x81 == 0x81));
    }
    while printer.poll_transmit(now).is_some() {}
    printer.set_cover_open(false);
    printer.set_power(false);
    printer.set_power(true);
    printer.handle_bytes(b"\x1B@it prints\n\x1DrI\x1D(H\x06\x0000~~~~", now);
    let mut decoder = AnswerDecoder::default();
    let mut found = false;
    while let Some(told) = printer.poll_transmit(now) {
        for byte in told {
            found |= decoder
                .push(byte)
                .and_then(|answer: EscposAnswer| answer.processed())
                == Some(*b"~~~~");
        }
    }
    assert!(found, "it says what it has processed");
    assert!(printer.paper_text().contains("it prints"));
});

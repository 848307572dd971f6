//! Tests of the memory of a session and a driver, whatever a device sends.
#![cfg(feature = "emulator")]

use ferrotill_device::driver::DRIVER_BYTES_MAX;
use ferrotill_device::driver::escpos::Escpos;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::family::FAMILIES;
use ferrotill_device::session::{Again, Ask, SESSION_BYTES_MAX, Session, Timing};
use ferrotill_device::wire::escpos_answer::AnswerDecoder;
use ferrotill_device::wire::framing::{Answer, NAK, SYN};
use ferrotill_device::wire::isl_status::Status;

/// The number of texts that a driver keeps: six of the printer's identity and two of the baseline, each from one answer.
const KEPT: usize = 8;

#[test]
fn a_driver_has_its_stated_size() {
    let mut most = 0;
    for family in FAMILIES {
        most = most.max(family.framing.answer_data_max);
    }
    let isl = size_of::<IslPrinter>() + SESSION_BYTES_MAX - size_of::<Session>() + KEPT * most;
    assert!(isl <= DRIVER_BYTES_MAX, "{isl}");
    assert!(size_of::<Escpos>() <= DRIVER_BYTES_MAX);
    assert!(size_of::<Session>() <= 512);
    let printer = size_of::<IslPrinter>();
    assert!(printer <= 1_280, "{printer}");
    assert!(size_of::<Escpos>() <= 1_024);
}

#[test]
fn a_session_keeps_its_bounds_whatever_it_receives() {
    for family in FAMILIES {
        let framing = family.framing;
        let mut session = Session::new(framing, Timing::default(), 7);
        let longest = Answer {
            seq: 0x27,
            command: 0x4A,
            data: vec![b'x'; framing.answer_data_max],
            status: Status::empty(framing.status_len),
        }
        .emit(&framing)
        .unwrap();
        let noises: [Vec<u8>; 5] = [
            vec![NAK; 4_096],
            vec![SYN; 4_096],
            vec![0x01; 4_096],
            [vec![0x01], vec![0x41; 100_000]].concat(),
            longest,
        ];
        let mut most = 0;
        for round in 0..20 {
            for noise in &noises {
                let ask = Ask {
                    command: 0x4A,
                    data: vec![b'x'; framing.request_data_max],
                    limit_ms: 1_000,
                    any_command: true,
                    again: Again::Ask(0x4A, vec![b'x'; framing.request_data_max]),
                };
                session.start(ask, round).unwrap();
                session.handle_bytes(noise, round);
                most = most.max(session.bytes());
            }
        }
        assert!(most <= SESSION_BYTES_MAX, "{}: {most}", family.name);
        // The limit is not too high: a request and a few repeats use a good part of the allowed memory.
        assert!(
            most >= 3 * framing.request_data_max,
            "{}: {most}",
            family.name
        );
    }
}

#[test]
fn a_receipt_printer_that_never_ends_a_block_uses_no_memory() {
    let mut decoder = AnswerDecoder::default();
    for round in 0..100_000_u32 {
        let byte = if round % 3_000 == 0 { 0x37 } else { b'x' };
        let _ = decoder.push(byte);
    }
    assert!(decoder.bytes() <= 1_024, "{}", decoder.bytes());
}

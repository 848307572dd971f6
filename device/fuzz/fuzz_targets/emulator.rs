//! Any requests to the emulated printers: each gets an answer, and the counters never contradict each other.
#![no_main]

use std::sync::Arc;

use ferrotill_device::emulator::Printer;
use ferrotill_device::emulator::memory::Memory;
use ferrotill_device::family::FAMILIES;
use ferrotill_device::wire::framing::{Answer, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for family in FAMILIES {
        let mut rates = [None; 8];
        rates[0] = Some(2_000);
        let clock = Arc::new(|| 1_795_221_330);
        let mut printer = Printer::new(Memory::new(rates), clock).of_family(family);
        let mut seq = 0x20;
        // Requests are separated by a zero; the first byte of each is its command.
        for request in bytes.split(|byte| *byte == 0) {
            let Some((command, data)) = request.split_first() else {
                continue;
            };
            seq = family.framing.seq_after(seq);
            let frame = printer.answer(&Request {
                seq,
                command: *command,
                data: data.to_vec(),
            });
            let answer = Answer::parse(&family.framing, &frame).expect("an answer is a frame");
            assert_eq!((answer.seq, answer.command), (seq, *command));
        }
        for receipt in printer.receipts() {
            assert_eq!(receipt.groups.iter().sum::<i64>(), receipt.total);
            let tendered: i64 = receipt.payments.iter().map(|(_, sum)| sum).sum();
            assert_eq!(tendered - receipt.change, receipt.total);
        }
    }
});

//! The bytes of a receipt on the line: the commands of the receipt, one question before it, one for its time, and one for
//! its number if neither the answer to the close nor that about the time has it.
#![cfg(feature = "emulator")]

mod bench;

use std::io;
use std::sync::{Arc, Mutex};

use bench::*;
use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::IslEmulator;
use ferrotill_device::family::FAMILIES;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::{Port, PortOpener};
use ferrotill_device::wire::decoder::{Decoder, Token};
use ferrotill_device::wire::framing::Request;
use ferrotill_device::{FiscalPrinter as _, Job};

/// The number of bytes of each exchange, with its command.
type Exchanges = Arc<Mutex<Vec<(u8, usize)>>>;

struct Counting {
    line: Loopback<IslEmulator>,
    exchanges: Exchanges,
    framing: ferrotill_device::wire::framing::Framing,
}

struct CountingPort {
    port: Box<dyn Port>,
    exchanges: Exchanges,
    framing: ferrotill_device::wire::framing::Framing,
}

impl PortOpener for Counting {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        Ok(Box::new(CountingPort {
            port: self.line.open()?,
            exchanges: Arc::clone(&self.exchanges),
            framing: self.framing,
        }))
    }

    fn address(&self) -> String {
        self.line.address()
    }
}

impl Port for CountingPort {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut decoder = Decoder::new(self.framing);
        let frame = bytes.iter().find_map(|byte| match decoder.push(*byte) {
            Some(Token::Frame(frame)) => Some(frame),
            _ => None,
        });
        let command = Request::parse(&self.framing, &frame.unwrap())
            .unwrap()
            .command;
        self.exchanges.lock().unwrap().push((command, bytes.len()));
        self.port.write_all(bytes)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        let count = self.port.read(buffer, timeout_ms)?;
        if let Some((_, bytes)) = self.exchanges.lock().unwrap().last_mut() {
            *bytes += count;
        }
        Ok(count)
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

#[test]
fn a_receipt_of_ten_lines_costs_a_ninth_more_than_its_own_bytes_at_most() {
    for family in FAMILIES {
        let bench = Bench::of(family);
        let exchanges = Exchanges::default();
        let opener = Counting {
            line: bench.line.clone(),
            exchanges: Arc::clone(&exchanges),
            framing: family.framing,
        };
        let mut driver = IslPrinter::new(family, Box::new(opener), 1);
        let baseline = driver.connect().unwrap().baseline;
        let Job::Receipt(mut receipt) = sale() else {
            unreachable!()
        };
        let line = receipt.lines[0].clone();
        receipt.lines = vec![line; 10];
        receipt.total = ferrotill_core::Amount::from_minor(10 * 1_033);
        receipt.payments.retain(|payment| payment.cash);
        receipt.payments[0].amount = receipt.total;
        receipt.change = ferrotill_core::Amount::ZERO;
        let job = Job::Receipt(receipt);
        let first = registered(driver.perform(&job, &baseline, &mut Notes::new()));
        exchanges.lock().unwrap().clear();
        let before = bench.line.now();
        let _ = registered(driver.perform(&job, &first.after, &mut Notes::new()));
        assert_eq!(
            bench.line.now(),
            before,
            "{}: nobody waits for anything but the line",
            family.name
        );
        let exchanges = exchanges.lock().unwrap().clone();
        let making = [
            family.open.command,
            family.sale.command,
            family.text.command,
            family.subtotal.command,
            family.payment.command,
            family.close.command,
        ];
        let sum = |making_only: bool| -> usize {
            let counted = exchanges
                .iter()
                .filter(|(command, _)| !making_only || making.contains(command));
            counted.map(|(_, bytes)| bytes).sum()
        };
        let beside: Vec<u8> = exchanges
            .iter()
            .map(|(command, _)| *command)
            .filter(|command| !making.contains(command))
            .collect();
        let question = family.last_document.command;
        // Only a family with refunds needs the time of a sale.
        let last = family.last_receipt.map(|row| row.command);
        let by_number = family.journal_document.map(|row| row.command);
        let issued = family.issued_document.map(|row| row.command);
        let time = last
            .or(by_number)
            .or(issued)
            .unwrap_or(family.clock.command);
        let (expected, parts) = match (&family.asked, family.refund) {
            // A printer that acknowledges has its condition and its numbers in two answers, and the tax groups in one more.
            (Some(asked), _) => {
                let glance = [family.state.command, asked.last.command];
                (
                    [&glance[..], &[asked.receipt.command, time], &glance].concat(),
                    13,
                )
            }
            // The answer about the last document has its number and its time.
            (None, Some(_)) if issued.is_some() => (vec![question, time], 9),
            // The number shows that the time is that of this receipt.
            (None, Some(_)) if last.is_some() => (vec![question, time, question], 9),
            // The answer to the close has shown the number.
            (None, Some(_)) => (vec![question, time], 9),
            (None, None) => (vec![question], 9),
        };
        assert_eq!(beside, expected, "{}", family.name);
        assert!(
            match parts {
                9 => sum(false) * 9 <= sum(true) * 10,
                more => sum(false) * 10 <= sum(true) * more,
            },
            "{}: {} bytes, {} of them its own",
            family.name,
            sum(false),
            sum(true)
        );
    }
}

//! A host that sends raw commands to an emulated printer, without our driver.

use std::sync::Arc;

use ferrotill_device::emulator::Printer;
use ferrotill_device::emulator::memory::Memory;
use ferrotill_device::family::{Errors, Protocol};
use ferrotill_device::wire::codepage;
use ferrotill_device::wire::framing::{Answer, Request};
use ferrotill_device::wire::isl_status::Flag;

pub struct Host {
    pub printer: Printer,
    seq: u8,
}

impl Host {
    pub fn of(family: &'static Protocol) -> Self {
        Self::with(Printer::new(memory(), clock()).of_family(family))
    }

    pub fn with(printer: Printer) -> Self {
        Self { printer, seq: 0x20 }
    }

    /// Sends a command with a new number as the bytes of a frame, and reads the bytes of the answer.
    pub fn send(&mut self, command: u8, data: &str) -> Answer {
        let framing = self.printer.family().framing;
        self.seq = framing.seq_after(self.seq);
        let fields = |line: &str| {
            let fields: Vec<Vec<u8>> = line.split('\t').map(codepage::encode).collect();
            fields.join(&b'\t')
        };
        let lines: Vec<Vec<u8>> = data.split('\n').map(fields).collect();
        let request = Request {
            seq: self.seq,
            command,
            data: lines.join(&b'\n'),
        };
        let frame = request.emit(&framing).unwrap();
        let heard = Request::parse(&framing, &frame).unwrap();
        Answer::parse(&framing, &self.printer.answer(&heard)).unwrap()
    }

    pub fn text(&mut self, command: u8, data: &str) -> String {
        codepage::decode(&self.send(command, data).data)
    }

    /// Sends a command that must not be refused, and returns the data of its answer.
    pub fn ok(&mut self, command: u8, data: &str) -> String {
        let answer = self.send(command, data);
        let layout = &self.printer.family().status;
        let refused = layout.has(answer.status, Flag::GeneralError);
        assert!(!refused, "{command:02X} {data}: {answer:?}");
        if matches!(self.printer.family().errors, Errors::First) {
            assert!(
                answer.data.starts_with(b"0\t"),
                "{command:02X} {data}: {answer:?}"
            );
        }
        codepage::decode(&answer.data)
    }

    /// Whether the status has this flag.
    pub fn has(&mut self, flag: Flag) -> bool {
        let status = self.send(self.printer.family().state.command, "").status;
        self.printer.family().status.has(status, flag)
    }

    /// Sends a command that must be refused with this status bit.
    pub fn no(&mut self, command: u8, data: &str, flag: Flag) {
        let status = self.send(command, data).status;
        let layout = &self.printer.family().status;
        assert!(
            layout.has(status, flag),
            "{command:02X} {data:?}: {status:?}"
        );
        assert!(layout.has(status, Flag::GeneralError), "{command:02X}");
    }
}

/// A new printer's memory: A is 20 %, B is 8 %.
pub fn memory() -> Memory {
    let mut rates = [None; 8];
    rates[0] = Some(2_000);
    rates[1] = Some(800);
    Memory::new(rates)
}

/// A clock that always shows the same time.
pub fn clock() -> Arc<dyn Fn() -> i64 + Send + Sync> {
    Arc::new(|| 1_795_221_330)
}

//! The line to an emulated printer: the agent may die while it uses it, and a fault may happen at a chosen moment of a receipt.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ferrotill_device::emulator::IslEmulator;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::{Port, PortOpener};

/// The life of an agent: it may end while it talks to a printer, before or after any write or read.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    /// Calls of a port until the end; negative for no end.
    fuse: Arc<AtomicI64>,
    over: Arc<AtomicBool>,
}

impl Life {
    pub(super) fn new() -> Self {
        let life = Self::default();
        life.ends_after(-1);
        life
    }

    /// It ends after so many calls of a port.
    pub(super) fn ends_after(&self, calls: i64) {
        self.fuse.store(calls, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn spend(&self) -> io::Result<()> {
        if self.fuse.load(Ordering::Relaxed) >= 0 && self.fuse.fetch_sub(1, Ordering::Relaxed) == 0
        {
            self.over.store(true, Ordering::Relaxed);
        }
        if self.is_over() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(())
    }
}

/// A moment of a receipt, as the printer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiptMoment {
    /// It is open, and nothing is on it.
    Opened,
    /// Something is on it.
    Sold,
    /// A payment was taken.
    Paid,
    /// It is closed.
    Closed,
    /// It was cancelled.
    Cancelled,
    /// Cash was put in or taken out.
    CashMoved,
    /// The day is closed.
    DayClosed,
}

impl ReceiptMoment {
    pub(super) const ALL: [Self; 7] = [
        Self::Opened,
        Self::Sold,
        Self::Paid,
        Self::Closed,
        Self::Cancelled,
        Self::CashMoved,
        Self::DayClosed,
    ];
}

/// A fault of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineFault {
    /// The answers to so many frames are lost.
    AnswersLost(u32),
    /// So many frames are lost.
    FramesLost(u32),
    /// The agent dies after so many more calls of a port.
    AgentDies(i64),
    /// The printer loses its power before its answer arrives, and is on again at once; it has forgotten the last command.
    PowerBlink,
}

/// What matters of the state of a printer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct PrinterSnapshot {
    open: bool,
    sales: usize,
    paid: bool,
    receipts: usize,
    moved: i64,
    z_number: u32,
}

impl PrinterSnapshot {
    fn of(line: &Loopback<IslEmulator>) -> Self {
        line.with(|emulator| {
            let memory = emulator.printer().memory();
            let open = memory.open.as_ref();
            Self {
                open: open.is_some(),
                sales: open.map_or(0, |open| open.sales.len()),
                paid: open.is_some_and(|open| open.payment_started),
                receipts: emulator.printer().receipts().len(),
                moved: memory.day.cash_in + memory.day.cash_out,
                z_number: memory.z_number(),
            }
        })
    }

    fn is_then(self, before: Self, moment: ReceiptMoment) -> bool {
        let gone = before.open && !self.open;
        match moment {
            ReceiptMoment::Opened => !before.open && self.open,
            ReceiptMoment::Sold => self.sales > before.sales,
            ReceiptMoment::Paid => self.paid && !before.paid,
            ReceiptMoment::Closed => gone && self.receipts > before.receipts,
            ReceiptMoment::Cancelled => gone && self.receipts == before.receipts,
            ReceiptMoment::CashMoved => {
                self.z_number == before.z_number && self.moved > before.moved
            }
            ReceiptMoment::DayClosed => self.z_number > before.z_number,
        }
    }
}

/// The faults that are planned, and what is left of one that has begun.
#[derive(Debug, Default)]
struct PlannedFaults {
    faults: Vec<(ReceiptMoment, LineFault)>,
    silent: u32,
    deaf: u32,
    /// Everything from the printer is lost until the next frame is sent.
    lossy: bool,
}

/// A line to the emulated printer. A clone is the same line.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) line: Loopback<IslEmulator>,
    planned: Arc<Mutex<PlannedFaults>>,
}

impl Line {
    pub(super) fn to(line: Loopback<IslEmulator>) -> Self {
        Self {
            line,
            planned: Arc::default(),
        }
    }

    /// Plans a fault for the next such moment.
    pub(super) fn plan(&self, moment: ReceiptMoment, line_fault: LineFault) {
        let mut planned = self.planned();
        planned.faults.retain(|(faults, _)| *faults != moment);
        planned.faults.push((moment, line_fault));
    }

    /// Removes all planned faults.
    pub(super) fn clear(&self) {
        *self.planned() = PlannedFaults::default();
    }

    /// The line for an agent; it breaks when the agent dies.
    pub(super) fn until_the_end_of(&self, life: &Life) -> MortalLine {
        MortalLine {
            line: self.clone(),
            life: life.clone(),
        }
    }

    fn planned(&self) -> std::sync::MutexGuard<'_, PlannedFaults> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a frame; the fault that is planned for this moment begins after the printer has executed it.
    fn write(&self, port: &mut dyn Port, bytes: &[u8], life: &Life) -> io::Result<()> {
        {
            let mut planned = self.planned();
            planned.lossy = planned.silent > 0;
            planned.silent = planned.silent.saturating_sub(1);
            if planned.deaf > 0 {
                planned.deaf -= 1;
                return Ok(());
            }
        }
        let before = PrinterSnapshot::of(&self.line);
        port.write_all(bytes)?;
        let after = PrinterSnapshot::of(&self.line);
        let mut planned = self.planned();
        let mut faults = planned.faults.iter();
        let due = faults.position(|(moment, _)| after.is_then(before, *moment));
        let due = due.map(|place| planned.faults.swap_remove(place));
        match due {
            None => {}
            Some((_, LineFault::AnswersLost(frames))) => {
                planned.lossy = true;
                planned.silent = frames.saturating_sub(1);
            }
            Some((_, LineFault::FramesLost(frames))) => planned.deaf = frames,
            Some((_, LineFault::AgentDies(calls))) => life.ends_after(calls),
            Some((_, LineFault::PowerBlink)) => {
                planned.lossy = true;
                self.line.with(|emulator| {
                    emulator.set_power(false);
                    emulator.set_power(true);
                });
            }
        }
        Ok(())
    }
}

/// A line that breaks when its agent dies.
pub(super) struct MortalLine {
    line: Line,
    life: Life,
}

impl PortOpener for MortalLine {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        self.life.spend()?;
        Ok(Box::new(MortalPort {
            port: self.line.line.open()?,
            line: self.line.clone(),
            life: self.life.clone(),
        }))
    }

    fn address(&self) -> String {
        self.line.line.address()
    }
}

struct MortalPort {
    port: Box<dyn Port>,
    line: Line,
    life: Life,
}

impl Port for MortalPort {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.life.spend()?;
        self.line.write(&mut *self.port, bytes, &self.life)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.life.spend()?;
        let count = self.port.read(buffer, timeout_ms)?;
        let lossy = self.line.planned().lossy;
        Ok(if lossy { 0 } else { count })
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

//! The serial line between the simulated agent and an emulated printer: the agent may be killed while it uses the line, and a fault
//! may happen at a chosen moment of a receipt.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ferrotill_device::port::{Port, PortOpener};

use super::printers::PrinterLine;

/// The life of a simulated agent: the agent may be killed before or after any write to a printer or read from one.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    /// How many calls of a port remain until the agent is killed; negative if it is not going to be killed.
    fuse: Arc<AtomicI64>,
    over: Arc<AtomicBool>,
}

impl Life {
    pub(super) fn new() -> Self {
        let life = Self::default();
        life.ends_after(-1);
        life
    }

    /// Kills the agent after this number of calls of a port; a negative number means never.
    pub(super) fn ends_after(&self, calls: i64) {
        self.fuse.store(calls, Ordering::Relaxed);
    }

    /// Kills the agent now.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    pub(super) fn spend(&self) -> io::Result<()> {
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

/// A moment of a receipt, as the printer's memory shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReceiptMoment {
    /// A receipt was opened and has no line yet.
    Opened,
    /// A line was added to the receipt.
    Sold,
    /// The first payment of the receipt was accepted.
    Paid,
    /// The receipt was closed.
    Closed,
    /// The receipt was cancelled.
    Cancelled,
    /// Cash was put into or taken out of the drawer.
    CashMoved,
    /// The day was closed.
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

/// A fault of the serial line, of the agent or of the printer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineFault {
    /// The answers to this number of frames are lost.
    AnswersLost(u32),
    /// This number of frames to the printer is lost.
    FramesLost(u32),
    /// The agent is killed after this number of further calls of a port.
    AgentDies(i64),
    /// The printer loses its power before its answer arrives and is on again at once; it has forgotten the last command.
    PowerBlink,
}

/// The part of a printer's state by which the moments of a receipt are recognised.
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
    fn of(line: &PrinterLine) -> Self {
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

/// The planned faults of a line, and what remains of a fault that has begun.
#[derive(Debug, Default)]
struct PlannedFaults {
    faults: Vec<(ReceiptMoment, LineFault)>,
    silent: u32,
    deaf: u32,
    /// True while everything from the printer is lost, until the next frame is sent.
    lossy: bool,
}

/// The serial line to an emulated printer. A clone is the same line.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) line: PrinterLine,
    planned: Arc<Mutex<PlannedFaults>>,
}

impl Line {
    pub(super) fn to(line: PrinterLine) -> Self {
        Self {
            line,
            planned: Arc::default(),
        }
    }

    /// Plans a fault for the next moment of this kind.
    pub(super) fn plan(&self, moment: ReceiptMoment, line_fault: LineFault) {
        let mut planned = self.planned();
        planned.faults.retain(|(faults, _)| *faults != moment);
        planned.faults.push((moment, line_fault));
    }

    /// Removes all planned faults of the line.
    pub(super) fn clear(&self) {
        *self.planned() = PlannedFaults::default();
    }

    /// A copy of the line for an agent; the copy is cut when the agent is killed.
    pub(super) fn until_the_end_of(&self, life: &Life) -> MortalLine {
        MortalLine {
            line: self.clone(),
            life: life.clone(),
        }
    }

    fn planned(&self) -> std::sync::MutexGuard<'_, PlannedFaults> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a frame. A fault that is planned for the moment that this frame causes begins after the printer has executed the
    /// frame.
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

/// A serial line of the simulation that is cut when the simulated agent is killed.
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

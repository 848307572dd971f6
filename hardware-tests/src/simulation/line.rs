//! The line to an emulated printer: the agent may die on it, and it may go wrong at a chosen moment of a receipt.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ferrotill_device::emulator::IslEmulator;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::{Port, PortOpener};

/// The agent's life: it may end in the middle of a conversation, before or after any write or read.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    /// Calls of the port until the end; none while it is negative.
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
pub(super) enum Moment {
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
    /// The drawer has more or less in it.
    CashMoved,
    /// The day is closed.
    DayClosed,
}

impl Moment {
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

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// The answers to so many frames are lost.
    Silence(u32),
    /// So many frames are lost.
    Deafness(u32),
    /// The agent dies after so many more calls of a port.
    Death(i64),
    /// The printer loses its power before its answer is heard, and is back at once; it has forgotten what it was asked last.
    Blink,
}

/// Where a printer stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    open: bool,
    sales: usize,
    paid: bool,
    receipts: usize,
    moved: i64,
    z_number: u32,
}

impl Place {
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

    fn is_then(self, before: Self, moment: Moment) -> bool {
        let gone = before.open && !self.open;
        match moment {
            Moment::Opened => !before.open && self.open,
            Moment::Sold => self.sales > before.sales,
            Moment::Paid => self.paid && !before.paid,
            Moment::Closed => gone && self.receipts > before.receipts,
            Moment::Cancelled => gone && self.receipts == before.receipts,
            Moment::CashMoved => self.z_number == before.z_number && self.moved > before.moved,
            Moment::DayClosed => self.z_number > before.z_number,
        }
    }
}

/// What is laid for the line: mishaps, and how much is left of one that has come.
#[derive(Debug, Default)]
struct Snare {
    laid: Vec<(Moment, Mishap)>,
    silent: u32,
    deaf: u32,
    /// What comes from the printer is lost until the next frame goes out.
    lossy: bool,
}

/// A line to the emulated printer. A clone is the same line.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) line: Loopback<IslEmulator>,
    snare: Arc<Mutex<Snare>>,
}

impl Line {
    pub(super) fn to(line: Loopback<IslEmulator>) -> Self {
        Self {
            line,
            snare: Arc::default(),
        }
    }

    /// At the next such moment this happens.
    pub(super) fn lay(&self, moment: Moment, mishap: Mishap) {
        let mut snare = self.snare();
        snare.laid.retain(|(laid, _)| *laid != moment);
        snare.laid.push((moment, mishap));
    }

    /// Nothing happens any more.
    pub(super) fn clear(&self) {
        *self.snare() = Snare::default();
    }

    /// The line for an agent, that dies with it.
    pub(super) fn until_the_end_of(&self, life: &Life) -> MortalLine {
        MortalLine {
            line: self.clone(),
            life: life.clone(),
        }
    }

    fn snare(&self) -> std::sync::MutexGuard<'_, Snare> {
        self.snare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a frame; what is laid for this moment comes after the printer has executed it.
    fn write(&self, port: &mut dyn Port, bytes: &[u8], life: &Life) -> io::Result<()> {
        {
            let mut snare = self.snare();
            snare.lossy = snare.silent > 0;
            snare.silent = snare.silent.saturating_sub(1);
            if snare.deaf > 0 {
                snare.deaf -= 1;
                return Ok(());
            }
        }
        let before = Place::of(&self.line);
        port.write_all(bytes)?;
        let after = Place::of(&self.line);
        let mut snare = self.snare();
        let mut laid = snare.laid.iter();
        let due = laid.position(|(moment, _)| after.is_then(before, *moment));
        let due = due.map(|place| snare.laid.swap_remove(place));
        match due {
            None => {}
            Some((_, Mishap::Silence(frames))) => {
                snare.lossy = true;
                snare.silent = frames.saturating_sub(1);
            }
            Some((_, Mishap::Deafness(frames))) => snare.deaf = frames,
            Some((_, Mishap::Death(calls))) => life.ends_after(calls),
            Some((_, Mishap::Blink)) => {
                snare.lossy = true;
                self.line.with(|emulator| {
                    emulator.set_power(false);
                    emulator.set_power(true);
                });
            }
        }
        Ok(())
    }
}

/// A line that dies with its agent.
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
        let lossy = self.line.snare().lossy;
        Ok(if lossy { 0 } else { count })
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

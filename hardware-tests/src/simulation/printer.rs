//! The printer's side: a line that the agent's end can break, and a driver with a deliberate bug.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use ferrotill_device::driver::isl::IslPrinter;
use ferrotill_device::emulator::Emulator;
use ferrotill_device::port::loopback::Loopback;
use ferrotill_device::port::{Port, PortOpener};
use ferrotill_device::printer::{
    Baseline, ClosedDay, Condition, Connected, Job, NotRegistered, Outcome, Registered, Watch,
};
use ferrotill_device::{Fault, FiscalPrinter};

use super::Bug;

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
        life.fuse.store(-1, Ordering::Relaxed);
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

/// A line to the emulated printer that dies with its agent.
pub(super) struct Line {
    pub(super) line: Loopback<Emulator>,
    pub(super) life: Life,
}

impl PortOpener for Line {
    fn open(&mut self) -> io::Result<Box<dyn Port>> {
        self.life.spend()?;
        Ok(Box::new(MortalPort {
            port: self.line.open()?,
            life: self.life.clone(),
        }))
    }

    fn address(&self) -> String {
        self.line.address()
    }
}

struct MortalPort {
    port: Box<dyn Port>,
    life: Life,
}

impl Port for MortalPort {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.life.spend()?;
        self.port.write_all(bytes)
    }

    fn read(&mut self, buffer: &mut [u8], timeout_ms: u64) -> io::Result<usize> {
        self.life.spend()?;
        self.port.read(buffer, timeout_ms)
    }

    fn now(&self) -> u64 {
        self.port.now()
    }
}

/// The real driver, and the bug that a run may be about.
pub(super) struct Driver {
    pub(super) real: IslPrinter,
    pub(super) bug: Option<Bug>,
}

impl Driver {
    fn spoilt(&self, outcome: Outcome, baseline: &Baseline) -> Outcome {
        match (self.bug, outcome) {
            (Some(Bug::SilenceIsNo), Outcome::Unknown(fault)) => {
                Outcome::NotRegistered(NotRegistered {
                    fault,
                    detail: String::new(),
                    after: None,
                })
            }
            (Some(Bug::SilenceIsYes), Outcome::Unknown(_)) => {
                let mut after = baseline.clone();
                after.last_document = after.last_document.saturating_add(1);
                Outcome::Registered(Registered {
                    document: after.last_document,
                    fiscal_receipt: None,
                    after,
                    report: None,
                })
            }
            (_, outcome) => outcome,
        }
    }
}

impl FiscalPrinter for Driver {
    fn connect(&mut self) -> Result<Connected, Fault> {
        self.real.connect()
    }

    fn perform(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Outcome {
        let outcome = self.real.perform(job, baseline, watch);
        if self.bug == Some(Bug::PrintAgainAtOnce)
            && matches!(outcome, Outcome::Unknown(_))
            && let Ok(now) = self.real.counters()
        {
            return self.real.perform(job, &now, watch);
        }
        self.spoilt(outcome, baseline)
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        cancel_decided: bool,
        watch: &mut dyn Watch,
    ) -> Outcome {
        match self.bug {
            Some(Bug::PrintAgain) => match self.real.connect() {
                Ok(now) => self.real.perform(job, &now.baseline, watch),
                Err(fault) => Outcome::Unknown(fault),
            },
            Some(Bug::BaselineOfNow) => match self.real.connect() {
                Ok(now) => self.real.recover(job, &now.baseline, cancel_decided, watch),
                Err(fault) => Outcome::Unknown(fault),
            },
            Some(Bug::RecoveryGivesUp) => match self.real.connect() {
                Ok(now) => Outcome::NotRegistered(NotRegistered {
                    fault: Fault::PortLost,
                    detail: String::new(),
                    after: Some(now.baseline),
                }),
                Err(fault) => Outcome::Unknown(fault),
            },
            Some(Bug::RecoveryForgetsDecision) => self.real.recover(job, baseline, false, watch),
            _ => {
                let outcome = self.real.recover(job, baseline, cancel_decided, watch);
                self.spoilt(outcome, baseline)
            }
        }
    }

    fn clear_leftover(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        self.real.clear_leftover(watch)
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        self.real.status()
    }

    fn counters(&mut self) -> Result<Baseline, Fault> {
        self.real.counters()
    }

    fn last_z(&self) -> Option<ClosedDay> {
        self.real.last_z()
    }
}

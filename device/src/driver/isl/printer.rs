//! The printer of a family: what every job needs of it before it begins.

use super::command::{Command, CommandFault};
use super::device::Device;
use super::options::Options;
use super::outcome::not_registered;
use super::state::is_same_printer;
use crate::driver::line::COMMAND_LIMIT_MS;
use crate::family::Protocol;
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::printer::{Baseline, Condition, Outcome, Watch};

/// How often a job goes on at one place after lost requests and answers before its outcome is unknown.
pub(super) const RESUMES_MAX: u32 = 5;

/// A printer of one of the families.
pub struct IslPrinter {
    pub(super) device: Device,
    /// The counters as of the last settled answer.
    pub(super) settled: Option<Baseline>,
}

impl IslPrinter {
    /// A printer of this family behind this port; nothing is opened yet.
    ///
    /// `first_seq` chooses the first sequence number: give another one each time the program starts.
    #[must_use]
    pub fn new(protocol: &'static Protocol, opener: Box<dyn PortOpener>, first_seq: u8) -> Self {
        Self::with_options(protocol, opener, Options::default(), first_seq)
    }

    /// The same, with what its address says of it.
    pub(in crate::driver) fn with_options(
        protocol: &'static Protocol,
        opener: Box<dyn PortOpener>,
        options: Options,
        first_seq: u8,
    ) -> Self {
        Self {
            device: Device::new(protocol, opener, options, first_seq),
            settled: None,
        }
    }

    /// Shakes hands again after an answer was lost.
    pub(super) fn reattach(&mut self, watch: &mut dyn Watch) -> Result<Condition, Fault> {
        self.settled = None;
        self.device.attach(watch)
    }

    /// Closes a leftover slip; gives the condition after.
    pub(super) fn clear_slip(
        &mut self,
        mut condition: Condition,
        watch: &mut dyn Watch,
    ) -> Result<Condition, Fault> {
        let close = Command::of(&self.device.protocol().slip_close, &());
        let mut fault = Fault::NoAnswer;
        for _ in 0..=RESUMES_MAX {
            if !condition.slip_open {
                return Ok(condition);
            }
            match self.device.execute(&close, COMMAND_LIMIT_MS, watch) {
                Ok(_) => return self.device.status(watch),
                Err(CommandFault::Lost(lost)) => {
                    fault = lost;
                    condition = self.reattach(watch)?;
                }
                // Without paper it stays open; that does not keep the printer from being asked.
                Err(CommandFault::Refused(_, _)) => return Ok(condition),
            }
        }
        Err(fault)
    }

    /// Makes sure that the device is there, fit to print, and where the baseline says. Nothing that prints was sent if it is not.
    pub(super) fn prepare(
        &mut self,
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Result<(), Box<Outcome>> {
        let refuse = |fault: Fault| Box::new(not_registered(fault, String::new(), None));
        let mut asked = None;
        if self.device.is_attached() {
            // An answer proves that the line is still the one on which the counters were settled,
            // and the number in it that nobody has printed anything since: no Z-report at the keyboard, no receipt of another host.
            asked = self
                .device
                .glance(watch)
                .ok()
                .map(|(condition, last_document)| {
                    if last_document.is_some_and(|number| number != baseline.last_document) {
                        self.settled = None;
                    }
                    condition
                });
        }
        let condition = match asked {
            Some(condition) => condition,
            None => {
                self.device.detach();
                self.reattach(watch).map_err(refuse)?
            }
        };
        if condition.slip_open {
            // A slip that could not be closed for want of paper; closing it takes a number.
            self.settled = None;
        }
        let condition = self.clear_slip(condition, watch).map_err(refuse)?;
        if condition.fiscal_receipt_open || condition.slip_open {
            self.settled = None;
            return Err(refuse(Fault::ReceiptOpen));
        }
        if self.settled.as_ref() != Some(baseline) {
            let counters = self.device.counters(watch).map_err(refuse)?;
            self.settled = Some(counters);
        }
        match &self.settled {
            Some(settled) if settled == baseline => {}
            Some(settled) if !is_same_printer(settled, baseline) => {
                return Err(refuse(Fault::PrinterSwapped));
            }
            settled => {
                let detail = format!("printer {settled:?}, till {baseline:?}");
                return Err(Box::new(not_registered(
                    Fault::BaselineDiffers,
                    detail,
                    settled.as_ref(),
                )));
            }
        }
        match condition.fault() {
            Some(fault) => Err(Box::new(not_registered(
                fault,
                String::new(),
                Some(baseline),
            ))),
            None => Ok(()),
        }
    }

    /// An answer proves that the line is alive; a line that gives none is opened anew.
    pub(super) fn be_attached(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        if self.device.is_attached() && self.device.status(watch).is_ok() {
            return Ok(());
        }
        self.device.detach();
        self.reattach(watch).map(|_| ())
    }
}

/// For questions that are nobody's job.
pub(super) struct Unwatched;

impl Watch for Unwatched {
    fn about_to_cancel(&mut self) -> bool {
        false
    }
}

//! The printer of a family, and what every job needs before it begins.

use super::command::{Command, CommandFault};
use super::device::Device;
use super::options::Options;
use super::outcome::no_document;
use crate::driver::line::{COMMAND_LIMIT_MS, Line};
use crate::family::Protocol;
use crate::fault::Fault;
use crate::judge::SamePrinter;
use crate::port::PortOpener;
use crate::printer::{Baseline, Condition, NoDocument, Watch};

/// How often a job continues at one step after lost requests and answers before its outcome is unknown.
pub(super) const RESUMES_MAX: u32 = 5;

/// A printer of one of the families.
pub struct IslPrinter {
    pub(super) device: Device,
    /// The printer's counters as of the last settled answer; `None` after any doubt.
    pub(super) settled: Option<Baseline>,
    /// Whether a connection to a printer in its service or training mode is refused.
    pub(super) refuses_training: bool,
    /// Whether the printer was in its service or training mode when it was connected.
    pub(super) training: bool,
}

impl IslPrinter {
    /// A printer of this family that is reached by this port; the port is not opened yet.
    ///
    /// `first_seq` chooses the first sequence number: give another number each time the program starts.
    #[must_use]
    pub fn new(protocol: &'static Protocol, opener: Box<dyn PortOpener>, first_seq: u8) -> Self {
        Self::with_options(protocol, opener, Options::default(), first_seq)
    }

    /// A printer of this family with the options of its address.
    pub(in crate::driver) fn with_options(
        protocol: &'static Protocol,
        opener: Box<dyn PortOpener>,
        options: Options,
        first_seq: u8,
    ) -> Self {
        Self {
            device: Device::new(protocol, opener, options, first_seq),
            settled: None,
            refuses_training: false,
            training: false,
        }
    }

    /// The same printer, which is not connected while it is in its service or training mode.
    #[must_use]
    pub fn fiscal_only(mut self) -> Self {
        self.refuses_training = true;
        self
    }

    /// Connects again after an answer was lost.
    pub(super) fn reattach(&mut self, watch: &mut dyn Watch) -> Result<Condition, Fault> {
        self.settled = None;
        self.device.attach(watch)
    }

    /// Closes a slip that was left open; returns the printer's condition after that.
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
                // Without paper the slip stays open, but the printer still answers questions.
                Err(CommandFault::Refused(_, _)) => return Ok(condition),
            }
        }
        Err(fault)
    }

    /// Makes sure that the device answers, can print, and has the counters of the baseline. If it returns a fault, no printing
    /// command was sent.
    pub(super) fn prepare(
        &mut self,
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Result<(), Box<NoDocument>> {
        let refuse = |fault: Fault| Box::new(no_document(fault, String::new(), None));
        let mut asked = None;
        if self.device.is_attached() {
            // An answer proves that the line still works. The document number in the answer shows whether anything was printed
            // since the counters were settled: a Z-report at the keyboard, a receipt of another host.
            asked = self
                .device
                .glance(watch)
                .ok()
                .map(|(condition, last_document)| {
                    let is_unchanged = match last_document {
                        Some(number) => number == baseline.last_document,
                        // Where a Z-report may have no number, it was noticed by its own number.
                        None => self.device.protocol().asked.is_none(),
                    };
                    if !is_unchanged {
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
            // The printer may have a slip that could not be closed without paper; closing the slip uses a document number.
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
            Some(settled) if SamePrinter::compare(baseline, settled).is_err() => {
                return Err(refuse(Fault::PrinterSwapped));
            }
            settled => {
                let detail = format!("printer {settled:?}, till {baseline:?}");
                return Err(Box::new(no_document(
                    Fault::BaselineDiffers,
                    detail,
                    settled.as_ref(),
                )));
            }
        }
        match condition.fault() {
            Some(fault) => Err(Box::new(no_document(fault, String::new(), Some(baseline)))),
            None => Ok(()),
        }
    }

    /// Makes sure that the device answers; a line without an answer is opened again.
    pub(super) fn be_attached(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        if self.device.is_attached() && self.device.status(watch).is_ok() {
            return Ok(());
        }
        self.device.detach();
        self.reattach(watch).map(|_| ())
    }
}

/// A watch for questions outside a job.
pub(super) struct Unwatched;

impl Watch for Unwatched {
    fn about_to_cancel(&mut self) -> bool {
        false
    }

    fn is_traced(&self) -> bool {
        false
    }
}

/// Asks for the status once; the answer shows that a printer with the frames of this family is there.
pub(in crate::driver) fn answers(
    protocol: &'static Protocol,
    opener: Box<dyn PortOpener>,
    first_seq: u8,
    silence_ms: u64,
) -> Result<(), Fault> {
    let mut line = Line::new(opener, protocol.framing, first_seq);
    let question = Command::of(&protocol.state, &());
    let question = (question.number, question.data);
    line.ask_once(question, silence_ms, &mut Unwatched)
        .map(drop)
}

//! Documents that their printer cannot prove: the reason is reported, and an operator's declaration ends the repeated questions.

use ferrotill_core::event::PaperSays;
use ferrotill_device::Fault;

use super::worker::{PAUSE_MIN, PrinterWorker, WorkerState, recover_job};
use super::{News, SealingJob, Settled};
use crate::order::Declaration;

impl PrinterWorker {
    /// Reports why the outcome of a document is still unknown, unless the same reason was reported before. Returns the reported
    /// reason.
    pub(super) fn report_unknown(&mut self, document: &SealingJob, fault: Fault) -> Fault {
        let fault = match fault {
            // If a receipt is open, people can finish it at the printer, and afterwards the printer can prove the outcome.
            Fault::Unclear => match self.printer.status() {
                Ok(condition) if condition.fiscal_receipt_open => Fault::ReceiptOpen,
                Ok(_) => fault,
                Err(connection_fault) => connection_fault,
            },
            fault => fault,
        };
        let fault = if fault.is_silence() && self.clock.monotonic() >= document.given_up_at {
            Fault::PrinterGone
        } else {
            fault
        };
        self.connected = false;
        if self.reported_fault != Some(fault) {
            self.reported_fault = Some(fault);
            self.loss_reported = None;
            if fault.is_beyond_proof() {
                self.listener.send(News::Unproven(document.id, fault));
            } else {
                self.report_lost(fault);
            }
        }
        fault
    }

    /// An operator has declared what became of the document. The printer is asked once more, and an outcome that it proves has
    /// priority over the declaration.
    ///
    /// If the printer cannot prove the outcome, the document is released: the thread asks and prints nothing more for it, and reads
    /// the counters again with the next connection.
    pub(super) fn release(&mut self, mut document: SealingJob, declaration: Box<Declaration>) {
        let outcome = Settled::of_recovered(self.attempt(&mut document, recover_job));
        let Err(fault) = outcome else {
            self.settle(document, outcome);
            return;
        };
        let fault = self.report_unknown(&document, fault);
        if !fault.is_beyond_proof() {
            self.listener
                .send(News::ReleaseRefused(document.id, fault.to_string()));
            self.state = WorkerState::Settling(Box::new(document));
            return;
        }
        if let Some(last) = self.printed_less_than(&document, &declaration, fault) {
            self.listener
                .send(News::NumberNotPrinted(document.id, last));
            self.state = WorkerState::Settling(Box::new(document));
            return;
        }
        self.reported_fault = None;
        self.baseline = None;
        self.pause = PAUSE_MIN;
        self.tell_outcome(document.id, News::Released(declaration, fault));
    }

    /// The printer's last number, if the printer at which the document was begun answers and has not reached the number that a person has
    /// read: such a number is misread or mistyped.
    fn printed_less_than(
        &mut self,
        document: &SealingJob,
        declaration: &Declaration,
        fault: Fault,
    ) -> Option<u32> {
        let PaperSays::Registered {
            document: Some(given),
        } = declaration.paper
        else {
            return None;
        };
        if fault != Fault::Unclear {
            return None;
        }
        let now = self.printer.counters().ok()?;
        let (before, last) = (&document.baseline, now.last_document);
        let is_the_same = !now.serial.is_empty()
            && (&now.serial, &now.fiscal_memory) == (&before.serial, &before.fiscal_memory)
            && last >= before.last_document;
        (is_the_same && given.get() > last).then_some(last)
    }
}

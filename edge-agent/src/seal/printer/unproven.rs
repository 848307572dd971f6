//! A document that its printer cannot prove: people are told, and a person's word ends the asking.

use ferrotill_device::Fault;
use ferrotill_device::printer::Outcome;
use uuid::Uuid;

use super::worker::{PAUSE_MIN, PrinterWorker, WorkerState, ask_again};
use super::{News, SealingJob};
use crate::order::Declaration;

impl PrinterWorker {
    /// The outcome of a document is unknown still. People hear of it when the reason is another one than before.
    /// Gives the reason back, as people hear it.
    pub(super) fn unknown(&mut self, id: Uuid, fault: Fault) -> Fault {
        let fault = match fault {
            // An open receipt is finished at the printer, which can say then what became of it.
            Fault::Unclear => match self.printer.status() {
                Ok(condition) if condition.fiscal_receipt_open => Fault::ReceiptOpen,
                Ok(_) => fault,
                Err(lost) => lost,
            },
            fault => fault,
        };
        self.connected = false;
        if self.unsettled != Some(fault) {
            self.unsettled = Some(fault);
            self.loss_reported = false;
            if fault.is_beyond_proof() {
                self.listener.send(News::Unproven(id, fault));
            } else {
                self.lost(&fault.to_string());
            }
        }
        fault
    }

    /// A person has read on the paper what became of the document. The device is asked once more, now: its own word wins.
    ///
    /// Where it cannot prove anything, the document is let go of: nothing of it is asked or printed any more, and the next
    /// connection reads the counters anew.
    pub(super) fn release(&mut self, mut document: SealingJob, declaration: Box<Declaration>) {
        let outcome = self.attempt(&mut document, ask_again);
        let Outcome::Unknown(fault) = outcome else {
            self.settle(document, outcome);
            return;
        };
        let fault = self.unknown(document.id, fault);
        if !fault.is_beyond_proof() {
            self.listener
                .send(News::ReleaseRefused(document.id, fault.to_string()));
            self.state = WorkerState::Settling(Box::new(document));
            return;
        }
        self.unsettled = None;
        self.baseline = None;
        self.pause = PAUSE_MIN;
        self.listener.send(News::Released(declaration, fault));
    }
}

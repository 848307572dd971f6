//! Datecs classic, group A: FP-650, FP-700, FP-800, FP-2000, FMP-10, SK1-21F.
//!
//! - `device`: its questions and commands, and its refusals in our words;
//! - `plan`: a receipt taken apart into commands, with what must be answered;
//! - `receipt`: carrying out a receipt and settling one;
//! - `judge`: the table of recovery (spec 7.2), pure;
//! - `jobs`: cash, reports, slips, the drawer.
//!
//! The driver keeps the counters of its last settled answer; while they equal the caller's baseline, a job begins with one status question
//! and nothing else. Anything doubtful drops them, and the next job reads them again.

mod device;
mod jobs;
mod judge;
mod plan;
mod receipt;

use self::device::{Device, Trouble, condition};
use self::jobs::is_same_printer;
use self::receipt::not_registered;
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::printer::{Baseline, Condition, Connected, FiscalPrinter, Job, Outcome, Watch};
use crate::wire::isl::{Status, command};
use crate::wire::isl_payment::Payment;

use super::line::COMMAND_LIMIT_MS;

/// How often one job goes on after lost answers before its outcome is unknown.
const RESUMES_MAX: u32 = 3;

/// A Datecs classic printer.
pub struct Datecs {
    device: Device,
    settled: Option<Baseline>,
}

impl Datecs {
    /// A printer behind this port; nothing is opened yet.
    ///
    /// `first_seq` chooses the first sequence number: give another one each time the program starts.
    #[must_use]
    pub fn new(opener: Box<dyn PortOpener>, first_seq: u8) -> Self {
        Self {
            device: Device::new(opener, first_seq),
            settled: None,
        }
    }

    /// Shakes hands again after an answer was lost.
    fn reattach(&mut self, watch: &mut dyn Watch) -> Result<Status, Fault> {
        self.settled = None;
        self.device.attach(watch)
    }

    /// Closes a leftover slip; gives the status after.
    fn clear_slip(&mut self, status: Status, watch: &mut dyn Watch) -> Result<Status, Fault> {
        if condition(status).slip_open {
            match self
                .device
                .execute(command::SLIP_CLOSE, Vec::new(), COMMAND_LIMIT_MS, watch)
            {
                Ok(answer) => return Ok(answer.status),
                Err(Trouble::Lost(fault)) => return Err(fault),
                // Without paper it stays open; that does not keep the printer from being asked.
                Err(Trouble::Refused(_, _)) => {}
            }
        }
        Ok(status)
    }

    /// Makes sure that the device is there, fit to print, and where the baseline says. Nothing that prints was sent if it is not.
    fn prepare(&mut self, baseline: &Baseline, watch: &mut dyn Watch) -> Result<(), Box<Outcome>> {
        let refuse = |fault: Fault| Box::new(not_registered(fault, String::new(), None));
        let mut status = None;
        if self.device.is_attached() {
            // An answer proves that the line is still the one on which the counters were settled.
            status = self.device.status(watch).ok();
        }
        let status = match status {
            Some(status) => status,
            None => {
                self.device.detach();
                self.reattach(watch).map_err(refuse)?
            }
        };
        if condition(status).slip_open {
            // A slip that could not be closed for want of paper; closing it takes a number.
            self.settled = None;
        }
        let status = self.clear_slip(status, watch).map_err(refuse)?;
        let condition = condition(status);
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

    fn recover_other(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Outcome {
        let status = match self.reattach(watch) {
            Ok(status) => status,
            Err(fault) => return Outcome::Unknown(fault),
        };
        let condition = condition(status);
        if condition.fiscal_receipt_open {
            // None of these jobs opens one: someone else is at work.
            return Outcome::Unknown(Fault::ReceiptOpen);
        }
        let fault = Fault::NotExecuted;
        let detail = String::new();
        match job {
            Job::Cash(amount) => self.settle_cash(*amount, baseline, fault, detail, watch),
            Job::ZReport => self.settle_z(baseline, None, fault, detail, watch),
            Job::XReport => self.settle_x(baseline, fault, detail, watch),
            Job::Text(_) => self.settle_slip(baseline, fault, detail, watch),
            Job::Drawer | Job::Receipt(_) => not_registered(fault, detail, None),
        }
    }
}

impl FiscalPrinter for Datecs {
    fn connect(&mut self) -> Result<Connected, Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        let status = self.reattach(watch)?;
        let status = self.clear_slip(status, watch)?;
        let baseline = self.device.counters(watch)?;
        let condition = condition(status);
        let groups = self.device.rates(watch);
        let clock = self.device.clock(watch);
        let identity = self.device.identity().ok_or(Fault::PortLost)?;
        if !condition.fiscal_receipt_open {
            self.settled = Some(baseline.clone());
        }
        Ok(Connected {
            baseline,
            model: identity.name.clone(),
            firmware: identity.firmware.clone(),
            clock,
            condition,
            receipt_open: condition.fiscal_receipt_open,
            groups,
        })
    }

    fn perform(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Outcome {
        if matches!(job, Job::Drawer) {
            if !self.device.is_attached()
                && let Err(fault) = self.reattach(watch)
            {
                return not_registered(fault, String::new(), None);
            }
            return self.drawer(baseline, watch);
        }
        if let Err(outcome) = self.prepare(baseline, watch) {
            return *outcome;
        }
        match job {
            Job::Receipt(receipt) => self.receipt(receipt, baseline, watch),
            Job::Cash(amount) if amount.is_zero() => not_registered(
                Fault::JobNotPrintable,
                "nothing is put in or taken out".to_owned(),
                Some(baseline),
            ),
            Job::Cash(amount) => self.cash(*amount, baseline, watch),
            Job::XReport => self.x_report(baseline, watch),
            Job::ZReport => self.z_report(baseline, watch),
            Job::Text(lines) => self.slip(lines, baseline, watch),
            Job::Drawer => self.drawer(baseline, watch),
        }
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        cancel_decided: bool,
        watch: &mut dyn Watch,
    ) -> Outcome {
        match job {
            Job::Receipt(receipt) => self.recover_receipt(receipt, baseline, cancel_decided, watch),
            other => self.recover_other(other, baseline, watch),
        }
    }

    fn clear_leftover(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        let status = self.reattach(watch)?;
        self.clear_slip(status, watch)?;
        let standing = self.device.standing(watch)?;
        if standing.condition.fiscal_receipt_open {
            if standing.transaction.tender == Some(0) && !watch.about_to_cancel() {
                return Err(Fault::CancelNotDecided);
            }
            let cancelled = match standing.transaction.tender {
                Some(0) => self.send(command::RECEIPT_CANCEL, Vec::new(), watch),
                _ => Err(Fault::PaymentStarted),
            };
            match cancelled {
                Ok(()) => {}
                Err(Fault::PaymentStarted) => self.complete_in_cash(&standing, watch)?,
                Err(fault) => return Err(fault),
            }
        }
        let baseline = self.device.counters(watch)?;
        self.settled = Some(baseline.clone());
        Ok(baseline)
    }

    fn status(&mut self) -> Result<Condition, Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        let asked = if self.device.is_attached() {
            self.device.status(watch)
        } else {
            Err(Fault::PortLost)
        };
        match asked {
            Ok(status) => Ok(condition(status)),
            Err(_) => {
                self.device.detach();
                Ok(condition(self.reattach(watch)?))
            }
        }
    }
}

impl Datecs {
    fn send(&mut self, number: u8, data: Vec<u8>, watch: &mut dyn Watch) -> Result<(), Fault> {
        self.device
            .execute(number, data, COMMAND_LIMIT_MS, watch)
            .map(|_| ())
            .map_err(Fault::from)
    }

    /// A leftover that can no longer be cancelled and that nobody planned: the rest is paid in cash, and it is closed.
    fn complete_in_cash(
        &mut self,
        standing: &device::Standing,
        watch: &mut dyn Watch,
    ) -> Result<(), Fault> {
        let transaction = standing.transaction;
        let tender = transaction.tender.and_then(i64::checked_abs).unwrap_or(0);
        if transaction
            .amount
            .checked_abs()
            .is_none_or(|amount| tender < amount)
        {
            // TAB alone pays everything that is left in cash.
            let rest = Payment {
                text: Vec::new(),
                mode: None,
                amount: None,
            };
            self.send(command::PAYMENT, rest.emit(), watch)?;
        }
        self.send(command::RECEIPT_CLOSE, Vec::new(), watch)
    }
}

/// For questions that are nobody's job.
struct Unwatched;

impl Watch for Unwatched {
    fn about_to_cancel(&mut self) -> bool {
        false
    }
}

//! Printers that speak frames of the ISL kind, by the table of their family ([`crate::family`]).
//!
//! - `device`: its questions and commands, and its refusals in our words;
//! - `plan`: a receipt taken apart into commands, with what must be answered;
//! - `receipt`: carrying out a receipt and settling one;
//! - `judge`: the table of recovery (spec 7.2), pure;
//! - `jobs`: cash, reports, slips, the drawer;
//! - `options`: what an address says of the printer: who sells, and which one it must be.
//!
//! The driver keeps the counters of its last settled answer; while they equal the caller's baseline, a job begins with one question,
//! for the number of the last document, and nothing else. Anything doubtful drops them, and the next job reads them again.

mod device;
mod jobs;
mod judge;
mod options;
mod plan;
mod receipt;

use ferrotill_core::Amount;

use self::device::{Device, Trouble, Wire};
use self::jobs::is_same_printer;
pub(super) use self::options::{HIDDEN, Options};
use self::receipt::not_registered;
use crate::family::Protocol;
use crate::fault::Fault;
use crate::port::PortOpener;
use crate::printer::{
    Baseline, Books, ClosedDay, Condition, Connected, FiscalPrinter, Job, Outcome, Watch,
};

use super::line::COMMAND_LIMIT_MS;

/// How often a job goes on at one place after lost requests and answers before its outcome is unknown.
const RESUMES_MAX: u32 = 5;

/// A printer of one of the families.
pub struct IslPrinter {
    device: Device,
    settled: Option<Baseline>,
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
    pub(super) fn with_options(
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
    fn reattach(&mut self, watch: &mut dyn Watch) -> Result<Condition, Fault> {
        self.settled = None;
        self.device.attach(watch)
    }

    /// Closes a leftover slip; gives the condition after.
    fn clear_slip(
        &mut self,
        mut condition: Condition,
        watch: &mut dyn Watch,
    ) -> Result<Condition, Fault> {
        let close = Wire::of(&self.device.protocol().slip_close, &());
        let mut fault = Fault::NoAnswer;
        for _ in 0..=RESUMES_MAX {
            if !condition.slip_open {
                return Ok(condition);
            }
            match self.device.execute(&close, COMMAND_LIMIT_MS, watch) {
                Ok(_) => return self.device.status(watch),
                Err(Trouble::Lost(lost)) => {
                    fault = lost;
                    condition = self.reattach(watch)?;
                }
                // Without paper it stays open; that does not keep the printer from being asked.
                Err(Trouble::Refused(_, _)) => return Ok(condition),
            }
        }
        Err(fault)
    }

    /// Makes sure that the device is there, fit to print, and where the baseline says. Nothing that prints was sent if it is not.
    fn prepare(&mut self, baseline: &Baseline, watch: &mut dyn Watch) -> Result<(), Box<Outcome>> {
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

    fn recover_other(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        books: &Books,
        watch: &mut dyn Watch,
    ) -> Outcome {
        let condition = match self.reattach(watch) {
            Ok(condition) => condition,
            Err(fault) => return Outcome::Unknown(fault),
        };
        if !self.device.is_that_of(baseline) {
            return Outcome::Unknown(Fault::PrinterSwapped);
        }
        if condition.fiscal_receipt_open {
            // None of these jobs opens one: someone else is at work.
            return Outcome::Unknown(Fault::ReceiptOpen);
        }
        let fault = Fault::NotExecuted;
        let detail = String::new();
        match job {
            Job::Cash(amount) => self.settle_cash(*amount, baseline, books, (fault, detail), watch),
            Job::ZReport => self.settle_z(baseline, None, Err(Trouble::Lost(fault)), watch),
            Job::XReport => self.settle_x(baseline, books, Err(Trouble::Lost(fault)), watch),
            Job::Text(_) => self.settle_slip(baseline, books, Err(Trouble::Lost(fault)), watch),
            Job::Duplicate | Job::ByNumber { .. } | Job::ByDate { .. } => {
                self.settle_paper(baseline, books, Err(Trouble::Lost(fault)), watch)
            }
            // A pulse leaves no document.
            Job::Drawer => not_registered(fault, detail, None),
            Job::Receipt(receipt) => self.recover_receipt(receipt, baseline, books, watch),
        }
    }
}

impl FiscalPrinter for IslPrinter {
    fn connect(&mut self) -> Result<Connected, Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        let condition = self.reattach(watch)?;
        let condition = self.clear_slip(condition, watch)?;
        let baseline = self.device.counters(watch)?;
        let groups = self.device.rates(watch).unwrap_or_default();
        let clock = self.device.clock(watch).ok();
        let identity = self.device.identity().ok_or(Fault::PortLost)?;
        if !condition.fiscal_receipt_open {
            self.settled = Some(baseline.clone());
        }
        Ok(Connected {
            baseline,
            model: identity.name.clone(),
            firmware: identity.firmware.clone(),
            address: self.device.address(),
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
            Job::Duplicate => {
                let wire = Wire::of(&self.device.protocol().duplicate, &());
                self.paper(&wire, baseline, watch)
            }
            Job::ByNumber {
                first,
                last,
                detailed,
            } => {
                let [short, full] = &self.device.protocol().by_number;
                let row = if *detailed { full } else { short };
                self.paper(&Wire::of(row, &(*first, *last)), baseline, watch)
            }
            Job::ByDate {
                first,
                last,
                detailed,
            } => {
                let [short, full] = &self.device.protocol().by_date;
                let row = if *detailed { full } else { short };
                let wire = Wire::of(row, &(first.clone(), last.clone()));
                self.paper(&wire, baseline, watch)
            }
            Job::Drawer => self.drawer(baseline, watch),
        }
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        books: &Books,
        watch: &mut dyn Watch,
    ) -> Outcome {
        match job {
            Job::Receipt(receipt) => self.recover_receipt(receipt, baseline, books, watch),
            other => self.recover_other(other, baseline, books, watch),
        }
    }

    fn clear_leftover(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        let condition = self.reattach(watch)?;
        self.clear_slip(condition, watch)?;
        for attempt in 0..=RESUMES_MAX {
            let standing = self.device.standing(watch)?;
            if !standing.condition.fiscal_receipt_open {
                break;
            }
            match self.end_leftover(&standing, watch) {
                Ok(()) => break,
                Err(Trouble::Lost(_)) if attempt < RESUMES_MAX => {
                    self.reattach(watch)?;
                }
                Err(trouble) => return Err(trouble.fault()),
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
            Ok(condition) => Ok(condition),
            Err(_) => {
                self.device.detach();
                self.reattach(watch)
            }
        }
    }

    fn counters(&mut self) -> Result<Baseline, Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        self.settled = None;
        self.be_attached(watch)?;
        let counters = self.device.counters(watch)?;
        self.settled = Some(counters.clone());
        Ok(counters)
    }

    fn last_z(&self) -> Option<ClosedDay> {
        self.device.last_z_read().map(|last| ClosedDay {
            z_number: last.closure,
            groups: last.groups.map(Amount::from_minor),
            day: last.date.clone(),
        })
    }

    fn clock(&mut self) -> Result<String, Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        self.be_attached(watch)?;
        self.device.clock(watch)
    }

    fn set_clock(&mut self, at: &str) -> Result<(), Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        self.be_attached(watch)?;
        // Half a second later the same time is as good.
        let wire = Wire::of(&self.device.protocol().clock_set, &at.to_owned());
        let set = self.device.execute_freely(&wire, watch);
        set.map(|_| ()).map_err(Fault::from)
    }

    fn tax_groups(&mut self) -> Result<[Option<u32>; 8], Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        self.be_attached(watch)?;
        self.device.rates(watch)
    }
}

impl IslPrinter {
    /// An answer proves that the line is alive; a line that gives none is opened anew.
    fn be_attached(&mut self, watch: &mut dyn Watch) -> Result<(), Fault> {
        if self.device.is_attached() && self.device.status(watch).is_ok() {
            return Ok(());
        }
        self.device.detach();
        self.reattach(watch).map(|_| ())
    }

    /// Cancels an open receipt that is not paid, or closes one that is.
    fn end_leftover(
        &mut self,
        standing: &device::Standing,
        watch: &mut dyn Watch,
    ) -> Result<(), Trouble> {
        let refuse = |fault| Trouble::Refused(fault, String::new());
        if standing.transaction.tender == Some(0) {
            if !watch.about_to_cancel() {
                return Err(refuse(Fault::CancelNotDecided));
            }
            let cancel = Wire::of(&self.device.protocol().cancel, &());
            match self.device.execute(&cancel, COMMAND_LIMIT_MS, watch) {
                // A payment that does not show in the tender.
                Err(Trouble::Refused(Fault::PaymentStarted, _)) => {}
                ended => return ended.map(|_| ()),
            }
        }
        // What is paid in full is closed. Who was to pay the rest, and with what, nobody here knows (spec 7.2),
        // so that is left to the people at the printer.
        let transaction = standing.transaction;
        let tender = transaction.tender.and_then(i64::checked_abs);
        let paid = tender.zip(transaction.amount.checked_abs());
        if paid.is_none_or(|(tender, amount)| tender < amount) {
            return Err(refuse(Fault::PaymentStarted));
        }
        let close = Wire::of(&self.device.protocol().close, &());
        let ended = self.device.execute(&close, COMMAND_LIMIT_MS, watch);
        ended.map(|_| ())
    }
}

/// For questions that are nobody's job.
struct Unwatched;

impl Watch for Unwatched {
    fn about_to_cancel(&mut self) -> bool {
        false
    }
}

//! Fiscal printers with frames of the ISL protocol, each by the table of its family ([`crate::family`]).
//!
//! - `command`: a command in the form of a family, and the reasons why a command fails;
//! - `device`: the connection: commands, questions, refusals;
//! - `printer`: the printer, and what every job needs before it begins;
//! - `plan`: a receipt as commands, with the answers that must come;
//! - `receipt`: carrying out a receipt and settling one; `unplanned`: settling one that cannot be planned;
//! - `judge`: what the table of recovery ([`crate::judge`]) needs to know of a receipt;
//! - `returns`: a return on a printer without refund receipts;
//! - `jobs`: cash, reports, slips, the drawer;
//! - `state` and `outcome`: what is known of the device, and how a job ended;
//! - [`certify`]: what the manuals leave open, tried at a printer;
//! - `options`: the options of an address: who sells, and which printer it must be.
//!
//! The driver keeps the counters of its last settled answer. While they equal the caller's baseline, a job begins with one
//! question only, for the number of the last document. After any doubt the driver discards these counters, and the next job reads
//! them again.

pub mod certify;
mod command;
mod device;
mod groups;
mod jobs;
mod judge;
mod options;
mod outcome;
mod plan;
mod printer;
mod receipt;
mod returns;
mod state;
mod text;
mod unplanned;

use ferrotill_core::Amount;

use self::command::{Command, CommandFault};
pub(super) use self::options::Options;
use self::outcome::not_begun;
pub use self::printer::IslPrinter;
pub(super) use self::printer::answers;
use self::printer::{RESUMES_MAX, Unwatched};
use self::state::PrinterState;
use super::line::COMMAND_LIMIT_MS;
use crate::fault::Fault;
use crate::printer::{
    Baseline, ClosedDay, Condition, Connected, FiscalPrinter, Job, JournalEvidence, Performed,
    Recovered, TextPaper, UnknownAnswer, Watch,
};
use crate::wire::codepage;

impl IslPrinter {
    fn recover_other(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let condition = match self.reattach(watch) {
            Ok(condition) => condition,
            Err(fault) => return Recovered::Unknown(fault),
        };
        if !self.device.is_that_of(baseline) {
            return Recovered::Unknown(Fault::PrinterSwapped);
        }
        if condition.fiscal_receipt_open {
            // None of these jobs opens a fiscal receipt, so a receipt that is open belongs to another program or person.
            return Recovered::Unknown(Fault::ReceiptOpen);
        }
        let fault = Fault::NotExecuted;
        let detail = String::new();
        match job {
            Job::Cash(amount) => {
                self.settle_cash((*amount, false), baseline, evidence, (fault, detail), watch)
            }
            Job::ZReport => self.settle_z(baseline, None, Err(CommandFault::Lost(fault)), watch),
            Job::XReport => {
                self.settle_x(baseline, evidence, Err(CommandFault::Lost(fault)), watch)
            }
            Job::Text(_) => {
                self.settle_slip(baseline, evidence, Err(CommandFault::Lost(fault)), watch)
            }
            Job::Duplicate | Job::ByNumber { .. } | Job::ByDate { .. } => {
                self.settle_paper(baseline, evidence, Err(CommandFault::Lost(fault)), watch)
            }
            // A pulse leaves no document and moves no counter, so nothing shows whether it was sent.
            Job::Drawer => Recovered::Unknown(Fault::Unclear),
            Job::Receipt(receipt) => self.recover_return(receipt, baseline, evidence, watch),
            // A printer is no fiscal module.
            Job::Module(_) => Recovered::Unknown(Fault::PrinterSwapped),
        }
    }
}

impl FiscalPrinter for IslPrinter {
    fn family(&self) -> &'static str {
        self.device.protocol().name
    }

    fn address(&self) -> String {
        self.device.address()
    }

    fn families_of_model(&self) -> &'static [&'static str] {
        self.device.other_families()
    }

    fn text_paper(&self) -> TextPaper {
        TextPaper {
            columns: self.device.widths().slip.sent,
            large: false,
            code_bytes_max: 0,
            picture_dots: 0,
        }
    }

    fn letters(&self, text: &str) -> usize {
        codepage::encode(text).len()
    }

    fn connect(&mut self) -> Result<Connected, Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        let before = self.device.identity().map(|known| known.serial.clone());
        let condition = self.reattach(watch)?;
        let now = self.device.identity().map(|known| &known.serial);
        if before.is_some() && before.as_ref() != now {
            self.device.forget_unknown_answers();
        }
        let condition = self.clear_slip(condition, watch)?;
        let baseline = self.device.counters(watch)?;
        self.device.try_witnesses(watch)?;
        let groups = self.device.rates(watch).unwrap_or_default();
        let clock = self.device.clock(watch).ok();
        let training = self.device.is_training(watch)?;
        self.training = training;
        if training && self.refuses_training {
            return Err(Fault::Training);
        }
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
            missing: self.device.missing().to_vec(),
            country: self.device.country(),
            training,
        })
    }

    fn perform(&mut self, job: &Job, baseline: &Baseline, watch: &mut dyn Watch) -> Performed {
        if matches!(job, Job::Drawer) {
            if !self.device.is_attached()
                && let Err(fault) = self.reattach(watch)
            {
                return not_begun(fault, String::new(), None);
            }
            return self.drawer(baseline, watch);
        }
        if let Err(refused) = self.prepare(baseline, watch) {
            return Performed::NotBegun(*refused);
        }
        match job {
            Job::Receipt(receipt) if self.is_slip_return(receipt) => {
                self.give_back(receipt, baseline, watch)
            }
            Job::Receipt(receipt) => self.receipt(receipt, baseline, watch),
            Job::Cash(amount) if amount.is_zero() => not_begun(
                Fault::JobNotPrintable,
                "nothing is put in or taken out".to_owned(),
                Some(baseline),
            ),
            Job::Cash(amount) => self.cash(*amount, baseline, watch),
            Job::XReport => self.x_report(baseline, watch),
            Job::ZReport => self.z_report(baseline, watch),
            Job::Text(lines) => self.slip(lines, baseline, watch),
            Job::Duplicate => match &self.device.protocol().duplicate {
                Some(row) => self.paper(&Command::of(row, &()), baseline, watch),
                None => not_begun(
                    Fault::JobNotPrintable,
                    "this printer has no command for a duplicate".to_owned(),
                    Some(baseline),
                ),
            },
            Job::ByNumber {
                first,
                last,
                detailed,
            } => {
                let [short, full] = &self.device.protocol().by_number;
                let row = if *detailed { full } else { short };
                self.paper(&Command::of(row, &(*first, *last)), baseline, watch)
            }
            Job::ByDate {
                first,
                last,
                detailed,
            } => {
                let [short, full] = &self.device.protocol().by_date;
                let row = if *detailed { full } else { short };
                let command = Command::of(row, &(first.clone(), last.clone()));
                self.paper(&command, baseline, watch)
            }
            Job::Drawer => self.drawer(baseline, watch),
            Job::Module(_) => not_begun(
                Fault::JobNotPrintable,
                "a printer is no fiscal module".to_owned(),
                Some(baseline),
            ),
        }
    }

    fn recover(
        &mut self,
        job: &Job,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Recovered {
        if !baseline.family.is_empty() && baseline.family != self.family() {
            return Recovered::Unknown(Fault::PrinterSwapped);
        }
        // A baseline that was stored before families were is judged by serial number, memory and counters alone.
        let baseline = &Baseline {
            family: self.family().to_owned(),
            ..baseline.clone()
        };
        if !self.device.is_attached()
            && self.device.protocol().country_questions.is_some()
            && let Err(fault) = self.reattach(watch)
        {
            // The commands depend on the country of the machine, which is found when it is connected.
            return Recovered::Unknown(fault);
        }
        match job {
            Job::Receipt(receipt) if !self.is_slip_return(receipt) => {
                self.recover_receipt(receipt, baseline, evidence, watch)
            }
            other => self.recover_other(other, baseline, evidence, watch),
        }
    }

    fn clear_leftover(&mut self, watch: &mut dyn Watch) -> Result<Baseline, Fault> {
        let condition = self.reattach(watch)?;
        self.clear_slip(condition, watch)?;
        for attempt in 0..=RESUMES_MAX {
            let state = self.device.state(watch)?;
            if !state.condition.fiscal_receipt_open {
                break;
            }
            match self.end_leftover(&state, watch) {
                Ok(()) => break,
                Err(CommandFault::Lost(_)) if attempt < RESUMES_MAX => {
                    self.reattach(watch)?;
                }
                Err(failure) => return Err(failure.fault()),
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

    fn unknown_answers(&self) -> &[UnknownAnswer] {
        self.device.unknown_answers()
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
        // Setting the clock to the same time again a little later does no harm.
        let command = Command::of(&self.device.protocol().clock_set, &at.to_owned());
        let set = self.device.execute_freely(&command, watch);
        set.map(|_| ()).map_err(Fault::from)
    }

    fn doubts(&self) -> Vec<String> {
        let training = self.training.then_some(
            "the printer is in its service or training mode, in which nothing that it prints is fiscal; the till is in test mode, so \
             it sells nevertheless",
        );
        let country = self.device.country_doubt();
        let mode = self.device.is_printing_disabled().then_some(
            "the printer reports that a till cannot print; choose its mode \"fiscal printer\" at its keyboard",
        );
        training
            .into_iter()
            .chain(country)
            .chain(mode)
            .map(str::to_owned)
            .collect()
    }

    fn opens_drawer_itself(&self) -> bool {
        self.device.protocol().drawer_option
    }

    fn use_tax_rates(&mut self, rates: &[Option<u32>; 8]) -> bool {
        self.device.use_tax_rates(rates)
    }

    fn tax_groups(&mut self) -> Result<[Option<u32>; 8], Fault> {
        let watch: &mut dyn Watch = &mut Unwatched;
        self.be_attached(watch)?;
        self.device.rates(watch)
    }
}

impl IslPrinter {
    /// Cancels an open receipt that is not paid, or closes one that is.
    fn end_leftover(
        &mut self,
        state: &PrinterState,
        watch: &mut dyn Watch,
    ) -> Result<(), CommandFault> {
        let refuse = |fault| CommandFault::Refused(fault, String::new());
        let Some(transaction) = state.transaction else {
            return Err(refuse(Fault::AnswerUnreadable));
        };
        if transaction.tender == Some(0) {
            if !watch.about_to_cancel() {
                return Err(refuse(Fault::CancelNotDecided));
            }
            let cancel = Command::of(&self.device.protocol().cancel, &());
            match self.device.execute(&cancel, COMMAND_LIMIT_MS, watch) {
                // The receipt may have a payment of 0, which the tender does not show.
                Err(CommandFault::Refused(Fault::PaymentStarted, _)) => {}
                ended => return ended.map(|_| ()),
            }
        }
        // A receipt that is paid in full is closed. How the rest of a partly paid receipt was to be paid is not known here, so
        // that receipt is left to the people at the printer.
        let tender = transaction.tender.and_then(i64::checked_abs);
        let paid = tender.zip(transaction.amount.checked_abs());
        if paid.is_none_or(|(tender, amount)| tender < amount) {
            return Err(refuse(Fault::PaymentStarted));
        }
        let close = Command::of(&self.device.protocol().close, &());
        let ended = self.device.execute(&close, COMMAND_LIMIT_MS, watch);
        ended.map(|_| ())
    }
}

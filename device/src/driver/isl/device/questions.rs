//! The questions to a printer: condition, counters, sums. None of them changes or prints anything.

use ferrotill_core::Amount;

use super::Device;
use super::meaning::condition;
use crate::driver::isl::command::Command;
use crate::driver::isl::state::{DayTotals, PrinterState, PrinterSums};
use crate::driver::line::COMMAND_LIMIT_MS;
use crate::fault::Fault;
use crate::printer::{Baseline, Condition, Watch};
use crate::wire::isl_report::{Cash, DayPayments, LastZ};

impl Device {
    /// The printer's condition and the number of its last document, in one question. If that number is unchanged, nothing was
    /// printed. The number is `None` if the firmware does not support the question.
    pub(in crate::driver::isl) fn glance(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<(Condition, Option<u32>), Fault> {
        if !self.no_last_document {
            let row = &self.protocol.last_document;
            match self.ask_with_status(row, &(), watch) {
                Ok((number, status)) => {
                    return Ok((condition(&self.protocol.status, status), Some(number)));
                }
                Err(fault) if is_silence(fault) => return Err(fault),
                Err(_) => {}
            }
        }
        let row = &self.protocol.transaction;
        match self.ask_with_status(row, &true, watch) {
            Ok((transaction, status)) => Ok((
                condition(&self.protocol.status, status),
                transaction.document,
            )),
            Err(fault) if is_silence(fault) => Err(fault),
            Err(_) => self.status(watch).map(|condition| (condition, None)),
        }
    }

    /// The printer's condition.
    pub(in crate::driver::isl) fn status(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Condition, Fault> {
        let command = Command::of(&self.protocol.state, &());
        let answer = self
            .line
            .ask(command.number, command.data, COMMAND_LIMIT_MS, watch)?;
        Ok(condition(&self.protocol.status, answer.status))
    }

    /// The day's payments, if this firmware reports them.
    pub(in crate::driver::isl) fn day_payments(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<DayPayments>, Fault> {
        optional(self.ask(&self.protocol.day_payments, &(), watch))
    }

    /// The last Z-report, if this firmware reports it. A device that has printed no Z-report may refuse the question.
    fn last_z(&mut self, watch: &mut dyn Watch) -> Result<Option<LastZ>, Fault> {
        optional(self.ask(&self.protocol.last_z, &(), watch))
    }

    /// The cash in the drawer.
    pub(in crate::driver::isl) fn cash(&mut self, watch: &mut dyn Watch) -> Result<Cash, Fault> {
        self.ask(&self.protocol.cash, &None, watch)
    }

    /// The tax rates of the printer in ten-thousandths of a percent.
    pub(in crate::driver::isl) fn rates(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<[Option<u32>; 8], Fault> {
        let rates = self.ask(&self.protocol.rates, &(), watch)?;
        Ok(rates.rates.map(|rate| {
            let hundredths = u32::try_from(rate?).ok()?;
            hundredths.checked_mul(100)
        }))
    }

    /// The time of the printer's clock.
    pub(in crate::driver::isl) fn clock(&mut self, watch: &mut dyn Watch) -> Result<String, Fault> {
        self.ask(&self.protocol.clock, &(), watch)
    }

    /// The counters of a baseline.
    pub(in crate::driver::isl) fn counters(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Baseline, Fault> {
        let (serial, fiscal_memory) = self
            .identity
            .as_ref()
            .map(|identity| (identity.serial.clone(), identity.fiscal_memory.clone()))
            .ok_or(Fault::PortLost)?;
        let last_document = self.last_document(watch)?;
        let next_fiscal_receipt = self.next_fiscal(watch)?;
        // 6Eh has a closure number too, but the manuals do not say whether this is the number of the last report or of the next
        // one.
        self.last_z = self.last_z(watch)?;
        let z_number = self.last_z.as_ref().map(|last_z| last_z.closure);
        let cash = self.cash(watch)?;
        Ok(Baseline {
            family: self.protocol.name.to_owned(),
            serial,
            fiscal_memory,
            last_document,
            next_fiscal_receipt,
            z_number,
            cash: Amount::from_minor(cash.cash),
            cash_in: Amount::from_minor(cash.paid_in),
            cash_out: Amount::from_minor(cash.taken_out),
        })
    }

    fn last_document(&mut self, watch: &mut dyn Watch) -> Result<u32, Fault> {
        match self.ask(&self.protocol.last_document, &(), watch) {
            // This firmware does not support the question; the answer about the last transaction may contain the number too.
            Err(refused) if !refused.is_line() => {
                self.no_last_document = true;
                let transaction = self.ask(&self.protocol.transaction, &true, watch)?;
                transaction.document.ok_or(refused)
            }
            reported => reported,
        }
    }

    /// The number of the next fiscal receipt; 0 if the firmware does not report it.
    fn next_fiscal(&mut self, watch: &mut dyn Watch) -> Result<u32, Fault> {
        let reported = match &self.protocol.next_fiscal {
            None => self.day_payments(watch)?.and_then(|day| day.next_receipt),
            Some(question) => optional(self.ask(question, &(), watch))?,
        };
        Ok(reported.unwrap_or(0))
    }

    /// The sums of the printer's day.
    pub(in crate::driver::isl) fn today(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<DayTotals, Fault> {
        let [sales, _, refunds, _] = &self.protocol.day_groups;
        let sales = self.ask(sales, &(), watch)?;
        // Not every firmware reports refunds, so a refusal of this question is no fault.
        let refunds = optional(self.ask(refunds, &(), watch))?;
        Ok(DayTotals { sales, refunds })
    }

    /// The sums of the day and of the last Z-report, if this firmware reports them: they are evidence of a receipt. The counters
    /// were read just before.
    pub(in crate::driver::isl) fn sums(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<PrinterSums>, Fault> {
        let today = optional(self.today(watch))?;
        Ok(today.map(|today| PrinterSums {
            today,
            last_z: self.last_z.as_ref().map(|last_z| last_z.groups),
        }))
    }

    /// All facts about the printer that recovery needs.
    pub(in crate::driver::isl) fn state(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<PrinterState, Fault> {
        let condition = self.status(watch)?;
        let transaction = self.ask(&self.protocol.transaction, &true, watch)?;
        let groups = if condition.fiscal_receipt_open {
            self.ask(&self.protocol.receipt_sums, &(), watch)?.groups
        } else {
            [0; 8]
        };
        Ok(PrinterState {
            counters: self.counters(watch)?,
            condition,
            transaction,
            groups,
            sums: None,
        })
    }
}

/// Whether the fault means that the device did not answer. An answer that cannot be understood is not silence.
fn is_silence(fault: Fault) -> bool {
    fault.is_line() && fault != Fault::AnswerUnreadable
}

/// Reads a value that not every firmware reports: a refusal of the question, or an answer in an unknown form, is no fault.
fn optional<T>(reported: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match reported {
        Ok(reported) => Ok(Some(reported)),
        Err(fault) if is_silence(fault) => Err(fault),
        Err(_) => Ok(None),
    }
}

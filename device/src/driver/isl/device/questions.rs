//! The questions to a printer: condition, counters, sums. None of them changes or prints anything.

use ferrotill_core::Amount;
use ferrotill_core::printer_time::PrinterTime;

use super::Device;
use super::meaning::condition;
use crate::driver::isl::command::Command;
use crate::driver::isl::state::{Closed, DayTotals, PrinterState, PrinterSums, ReceiptTime};
use crate::driver::line::COMMAND_LIMIT_MS;
use crate::family::{Asked, CommandRow};
use crate::fault::Fault;
use crate::printer::{Baseline, Condition, PrinterFigure, Watch};
use crate::wire::isl_counters::{DayPayments, IssuedDocument, LastZ};
use crate::wire::isl_report::{Cash, Transaction};

impl Device {
    /// The printer's condition and the number of its last document, in one question. If that number is unchanged, nothing was
    /// printed. The number is `None` if the firmware does not support the question.
    pub(in crate::driver::isl) fn glance(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<(Condition, Option<u32>), Fault> {
        if let Some(asked) = &self.protocol.asked {
            let condition = self.status(watch)?;
            return Ok((condition, self.glance_at_number(asked, watch)?));
        }
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

    /// The number of the last document, or `None` if a Z-report was made since the counters were read: nothing says that a
    /// Z-report has a number of a document.
    fn glance_at_number(
        &mut self,
        asked: &Asked,
        watch: &mut dyn Watch,
    ) -> Result<Option<u32>, Fault> {
        let last = self.last_numbers(asked, watch)?;
        Ok(last
            .filter(|last| Some(last.z_number) == self.asked.z_number)
            .map(|last| last.document))
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
        let status = self.status_in(&answer)?;
        Ok(condition(&self.protocol.status, status))
    }

    /// Asks for a figure that not every firmware reports, and notes whether it does.
    fn witness<A>(
        &mut self,
        witness: PrinterFigure,
        row: &CommandRow<(), A>,
        watch: &mut dyn Watch,
    ) -> Result<Option<A>, Fault> {
        let reported = optional(self.ask(row, &(), watch))?;
        self.note(witness, reported.is_some());
        Ok(reported)
    }

    fn note(&mut self, witness: PrinterFigure, is_reported: bool) {
        self.missing.retain(|missing| *missing != witness);
        if !is_reported {
            self.missing.push(witness);
            self.missing.sort_unstable();
        }
    }

    /// The figures that this firmware does not report, or reports in an unknown form.
    pub(in crate::driver::isl) fn missing(&self) -> &[PrinterFigure] {
        &self.missing
    }

    /// Asks the questions that are needed only after a lost answer, so that a form that cannot be read is known before.
    pub(in crate::driver::isl) fn try_witnesses(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<(), Fault> {
        self.transaction(watch)?;
        self.open_groups(watch)?;
        self.today(watch)?;
        self.last_issued(watch)?;
        if self.protocol.next_fiscal.is_some() || self.protocol.asked.is_some() {
            // The counters are read without this question.
            self.day_payments(watch)?;
        }
        Ok(())
    }

    /// The current receipt or the last one, if this firmware reports it.
    pub(in crate::driver::isl) fn transaction(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<Transaction>, Fault> {
        let reported = optional(self.ask(&self.protocol.transaction, &true, watch))?;
        self.note(PrinterFigure::LastReceipt, reported.is_some());
        match reported {
            Some(reported) => self.with_payments(reported, watch).map(Some),
            None => Ok(None),
        }
    }

    /// The sums of the open receipt by tax group, if this firmware reports them. A refusal is no answer in another form: some
    /// firmware refuses the question while no receipt is open.
    pub(in crate::driver::isl) fn open_groups(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<[i64; 8]>, Fault> {
        let asked = self.ask(&self.protocol.receipt_sums, &(), watch);
        let is_refused = asked == Err(Fault::NotAllowed);
        let reported = optional(asked)?.map(|sums| self.groups().of_till(sums.groups));
        self.note(
            PrinterFigure::OpenReceiptGroups,
            reported.is_some() || is_refused,
        );
        Ok(reported)
    }

    /// The day's payments, if this firmware reports them.
    pub(in crate::driver::isl) fn day_payments(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<DayPayments>, Fault> {
        let received = self.witness(
            PrinterFigure::DayPayments,
            &self.protocol.day_payments,
            watch,
        )?;
        self.without_change(received, watch)
    }

    /// The number of the last Z-report, if this firmware reports it; `payments` is the answer about the day's payments, if it was
    /// asked for.
    ///
    /// A printer before its first Z-report refuses the question, or answers `F`. The answer about the day's payments then has 1 as
    /// the number of the Z-report. Every Z-report changes that number, so a refusal together with 1 proves that none was made.
    fn z_number(
        &mut self,
        payments: Option<&DayPayments>,
        watch: &mut dyn Watch,
    ) -> Result<Option<u32>, Fault> {
        let next = payments.map(|day| day.closure);
        let number = match &self.protocol.last_z {
            None if self.protocol.asked.is_some() => {
                let last = match &self.protocol.asked {
                    Some(asked) => self.last_numbers(asked, watch)?,
                    None => None,
                };
                last.map(|last| last.z_number)
            }
            None => next.and_then(|next| next.checked_sub(1)),
            Some(row) => {
                let asked = self.ask(row, &(), watch);
                let is_refused = asked == Err(Fault::NotAllowed);
                self.last_z = optional(asked)?.map(|last| LastZ {
                    groups: self.groups().of_till(last.groups),
                    ..last
                });
                let next = match next {
                    None if is_refused => self.day_payments(watch)?.map(|day| day.closure),
                    asked => asked,
                };
                match &self.last_z {
                    Some(last) => Some(last.closure),
                    None => (is_refused && next == Some(1)).then_some(0),
                }
            }
        };
        self.note(PrinterFigure::LastZReport, number.is_some());
        self.asked.z_number = number;
        Ok(number)
    }

    /// The cash in the drawer, if this firmware reports it.
    pub(in crate::driver::isl) fn cash(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<Cash>, Fault> {
        let reported = match &self.protocol.asked {
            Some(asked) => self.cash_registers(asked, watch)?,
            None => optional(self.ask(&self.protocol.cash, &None, watch))?,
        };
        self.note(PrinterFigure::Cash, reported.is_some());
        Ok(reported)
    }

    /// The tax rates of the printer for the till's groups, in ten-thousandths of a percent.
    pub(in crate::driver::isl) fn rates(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<[Option<u32>; 8], Fault> {
        let rates = self.machine_rates(watch)?;
        Ok(self.groups().rates(rates))
    }

    /// The tax rates of the printer in its own order, in ten-thousandths of a percent.
    pub(in crate::driver::isl) fn machine_rates(
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

    /// The printer's own date and time of a receipt: of the document with this number, or of the receipt that was closed last. `None`
    /// if the printer does not tell it, if the answer was lost, or if the printer has no refund receipts: only they name the time of
    /// another receipt.
    ///
    /// Where no command tells the time of a receipt, the clock has it, but only right after the close.
    pub(in crate::driver::isl) fn receipt_time(
        &mut self,
        document: u32,
        closed: Closed,
        watch: &mut dyn Watch,
    ) -> Option<ReceiptTime> {
        let _has_refunds = self.protocol.refund.as_ref()?;
        if self.protocol.issued_document.is_some() && !self.no_receipt_time {
            let is_last = closed == Closed::Now;
            let issued = self.issued(document, is_last, watch).ok()?;
            if let Some(code) = issued.and_then(|issued| issued.code) {
                return PrinterTime::read(&code.stamp()).map(if is_last {
                    ReceiptTime::LastDocument
                } else {
                    ReceiptTime::OfDocument
                });
            }
            self.no_receipt_time = self.missing.contains(&PrinterFigure::IssuedDocument);
        }
        if let Some(row) = self
            .protocol
            .journal_document
            .as_ref()
            .filter(|_| !self.no_receipt_time)
        {
            match self.ask(row, &document, watch) {
                Ok(told) if told.document == document => {
                    return PrinterTime::read(&told.at).map(ReceiptTime::OfDocument);
                }
                Ok(_) => return None,
                Err(fault) if is_silence(fault) => return None,
                // This firmware does not support the question.
                Err(_) => self.no_receipt_time = true,
            }
        }
        if let Some(row) = self
            .protocol
            .last_receipt
            .as_ref()
            .filter(|_| !self.no_receipt_time)
        {
            match self.ask(row, &(), watch) {
                Ok(last) => return PrinterTime::read(&last.at).map(ReceiptTime::OfLast),
                Err(fault) if is_silence(fault) => return None,
                // This firmware does not support the question.
                Err(_) => self.no_receipt_time = true,
            }
        }
        match closed {
            Closed::Now if self.protocol.clock_tells_seconds => {
                let time = PrinterTime::read(&self.clock(watch).ok()?);
                time.map(if self.closings.are_just_answered(self.line.now()) {
                    ReceiptTime::OnClock
                } else {
                    ReceiptTime::OfLast
                })
            }
            Closed::Now | Closed::Earlier => None,
        }
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
        let payments = match self.protocol.next_fiscal {
            None if self.protocol.asked.is_none() => self.day_payments(watch)?,
            _ => None,
        };
        let next_fiscal_receipt = match &self.protocol.next_fiscal {
            None => payments.as_ref().and_then(|day| day.next_receipt),
            Some(question) => optional(self.ask(question, &(), watch))?,
        };
        // A family that reports each document, or the last fiscal one by its number, has no such counter, and needs none.
        let needs_none = self.protocol.issued_document.is_some() || self.protocol.asked.is_some();
        let is_told = next_fiscal_receipt.is_some() || needs_none;
        self.note(PrinterFigure::NextFiscalReceipt, is_told);
        self.note(PrinterFigure::FiscalMemory, !fiscal_memory.is_empty());
        let z_number = self.z_number(payments.as_ref(), watch)?;
        let cash = self.cash(watch)?;
        let amount = |of: fn(&Cash) -> i64| Amount::from_minor(cash.as_ref().map_or(0, of));
        Ok(Baseline {
            family: self.protocol.name.to_owned(),
            serial,
            fiscal_memory,
            last_document,
            next_fiscal_receipt: next_fiscal_receipt.unwrap_or(0),
            z_number,
            cash: amount(|cash| cash.cash),
            cash_in: amount(|cash| cash.paid_in),
            cash_out: amount(|cash| cash.taken_out),
        })
    }

    fn last_document(&mut self, watch: &mut dyn Watch) -> Result<u32, Fault> {
        match optional(self.ask(&self.protocol.last_document, &(), watch))? {
            Some(number) => Ok(number),
            // This firmware does not support the question; the answer about the last transaction may contain the number too.
            None => {
                self.no_last_document = true;
                let transaction = self.transaction(watch)?;
                transaction
                    .and_then(|transaction| transaction.document)
                    .ok_or(Fault::NoDocumentNumber)
            }
        }
    }

    /// The sums of the printer's day, if this firmware reports them. Refunds may be missing.
    pub(in crate::driver::isl) fn today(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<DayTotals>, Fault> {
        let [sales, _] = &self.protocol.day_sales;
        let Some(sales) = self.witness(PrinterFigure::DaySales, sales, watch)? else {
            return Ok(None);
        };
        let refunds = match &self.protocol.day_refunds {
            Some([refunds, _]) => optional(self.ask(refunds, &(), watch))?,
            None => None,
        };
        let order = self.groups();
        Ok(Some(DayTotals {
            sales: order.of_till(sales),
            refunds: refunds.map(|refunds| order.of_till(refunds)),
        }))
    }

    /// The sums of the day and of the last Z-report, if this firmware reports them: they are evidence of a receipt. The counters
    /// were read just before.
    pub(in crate::driver::isl) fn sums(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<Option<PrinterSums>, Fault> {
        Ok(self.today(watch)?.map(|today| PrinterSums {
            today,
            last_z: self.last_z.as_ref().map(|last_z| last_z.groups),
        }))
    }

    /// The last document, if this firmware reports it. A printer without any document refuses the question.
    fn last_issued(&mut self, watch: &mut dyn Watch) -> Result<Option<IssuedDocument>, Fault> {
        let Some(row) = &self.protocol.issued_document else {
            return Ok(None);
        };
        let asked = self.ask(row, &None, watch);
        let is_refused = asked == Err(Fault::NotAllowed);
        let reported = optional(asked)?;
        self.note(
            PrinterFigure::IssuedDocument,
            reported.is_some() || is_refused,
        );
        Ok(reported)
    }

    /// The documents that were issued since the baseline, at most [`DOCUMENTS_MAX`]; none if this firmware does not report them.
    pub(in crate::driver::isl) fn documents_between(
        &mut self,
        before: &Baseline,
        now: &Baseline,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Option<IssuedDocument>>, Fault> {
        let new = now.last_document.saturating_sub(before.last_document);
        let mut documents = Vec::new();
        if self.protocol.issued_document.is_none() || new > DOCUMENTS_MAX {
            return Ok(documents);
        }
        for further in 1..=new {
            let number = before.last_document.saturating_add(further);
            documents.push(self.issued(number, number == now.last_document, watch)?);
        }
        Ok(documents)
    }

    /// The document of this number, if the printer reports it. The manual of Daisy says that the number of the question is one less
    /// than that of the document and gives an example against it, so both are asked, and the number in the answer decides.
    fn issued(
        &mut self,
        number: u32,
        is_last: bool,
        watch: &mut dyn Watch,
    ) -> Result<Option<IssuedDocument>, Fault> {
        let is_that = |document: &IssuedDocument| {
            let code = document.code.as_ref();
            code.is_some_and(|code| code.number == number)
        };
        if is_last {
            return Ok(self.last_issued(watch)?.filter(is_that));
        }
        let Some(row) = &self.protocol.issued_document else {
            return Ok(None);
        };
        for asked in [number.saturating_sub(1), number] {
            let reported = optional(self.ask(row, &Some(asked), watch))?;
            if let Some(document) = reported.filter(is_that) {
                return Ok(Some(document));
            }
        }
        Ok(None)
    }

    /// All facts about the printer that recovery needs.
    pub(in crate::driver::isl) fn state(
        &mut self,
        watch: &mut dyn Watch,
    ) -> Result<PrinterState, Fault> {
        let condition = self.status(watch)?;
        let transaction = self.transaction(watch)?;
        let groups = if condition.fiscal_receipt_open {
            self.open_groups(watch)?
        } else {
            None
        };
        let proof = if condition.fiscal_receipt_open {
            None
        } else {
            self.receipt_proof(watch)?
        };
        Ok(PrinterState {
            counters: self.counters(watch)?,
            condition,
            transaction,
            groups,
            proof,
            documents: Vec::new(),
            sums: None,
        })
    }
}

/// The largest number of documents that are asked for, one by one.
const DOCUMENTS_MAX: u32 = 16;

/// Whether the fault means that the device did not answer. An answer that cannot be understood is not silence.
fn is_silence(fault: Fault) -> bool {
    fault.is_line() && fault != Fault::AnswerUnreadable
}

/// Reads a value that not every firmware reports: a refusal of the question, or an answer in an unknown form, is no fault.
pub(in crate::driver::isl) fn optional<T>(reported: Result<T, Fault>) -> Result<Option<T>, Fault> {
    match reported {
        Ok(reported) => Ok(Some(reported)),
        Err(fault) if is_silence(fault) => Err(fault),
        Err(_) => Ok(None),
    }
}

//! The jobs other than fiscal receipts: cash, reports, slips, duplicates, the drawer.

use ferrotill_core::Amount;

use super::command::{Command, CommandFault};
use super::outcome::{no_document, not_begun, registered};
use super::printer::{IslPrinter, RESUMES_MAX};
use super::text;
use crate::driver::line::{COMMAND_LIMIT_MS, REPORT_LIMIT_MS};
use crate::fault::Fault;
use crate::judge::{self, CashTotals, Closing, Finding, SamePrinter, ZAnswer};
use crate::printer::{
    Baseline, JournalEvidence, Performed, PrinterFigure, PrinterPayment, PrinterReport, Recovered,
    Registered, TextLine, Watch,
};
use crate::wire::isl_report::Cash;

/// The figures of the device's day, as far as it reports them.
struct DayFigures {
    /// The sales by tax group.
    sales: Option<[Amount; 8]>,
    /// Everything else; its sales are not used.
    rest: PrinterReport,
}

impl DayFigures {
    /// The report; `None` if neither the questions nor the report itself told the sales.
    fn complete(self) -> Option<PrinterReport> {
        Some(PrinterReport {
            groups: self.sales?,
            ..self.rest
        })
    }
}

impl IslPrinter {
    /// Puts cash in or takes it out. The device's totals In and Out decide the outcome.
    pub(super) fn cash(
        &mut self,
        amount: Amount,
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Performed {
        let row = &self.device.protocol().cash;
        let acknowledges = self.device.protocol().asked.is_some();
        let command = self.device.cash_command(amount.minor());
        let sent = match self.order(&command, COMMAND_LIMIT_MS, baseline, true, watch) {
            Ok(sent) => sent,
            Err(fault) => return Performed::Unknown(fault),
        };
        let accepted = sent.is_ok();
        let reason = match sent {
            Ok(_) if acknowledges => (Fault::NotExecuted, String::new()),
            Ok(data) => match row.answer.read(&data) {
                Some(cash) if cash.done => (Fault::NotExecuted, String::new()),
                Some(_) => (Fault::NotEnoughCash, String::new()),
                None => (Fault::AnswerUnreadable, String::new()),
            },
            Err(failure) => failure.into_parts(),
        };
        let evidence = JournalEvidence::default();
        self.settle_cash((amount, accepted), baseline, &evidence, reason, watch)
            .into()
    }

    /// Compares the device's totals In and Out with the baseline; `accepted` is true if the device answered the command without a
    /// refusal.
    pub(super) fn settle_cash(
        &mut self,
        (amount, accepted): (Amount, bool),
        baseline: &Baseline,
        evidence: &JournalEvidence,
        (fault, detail): (Fault, String),
        watch: &mut dyn Watch,
    ) -> Recovered {
        let after = match self.counters_after(baseline, watch) {
            Ok(after) => after,
            Err(fault) => return Recovered::Unknown(fault),
        };
        let totals = if self.device.missing().contains(&PrinterFigure::Cash) {
            CashTotals::NotReported { accepted }
        } else {
            CashTotals::Reported
        };
        let finding = SamePrinter::compare(baseline, &after)
            .map(|same| judge::cash(same, amount, totals, evidence));
        self.concluded(finding, (fault, detail), after)
    }

    /// The outcome for a finding about the counters after a job.
    fn concluded(
        &mut self,
        finding: Result<Finding, Fault>,
        (fault, detail): (Fault, String),
        after: Baseline,
    ) -> Recovered {
        match finding {
            Ok(Finding::Done) => registered(after, None),
            Ok(Finding::Absent(evidence)) => {
                Recovered::Absent(evidence, no_document(fault, detail, Some(&after)))
            }
            Ok(Finding::Unclear) => {
                self.settled = None;
                Recovered::Unknown(Fault::Unclear)
            }
            Err(fault) => Recovered::Unknown(fault),
        }
    }

    /// Prints the report that closes the day. The number of the Z-report decides the outcome, and the command is sent again only
    /// while no counter has changed.
    pub(super) fn z_report(&mut self, baseline: &Baseline, watch: &mut dyn Watch) -> Performed {
        let mut report = match self.day(baseline, watch) {
            Ok(report) => report,
            Err(fault) => return not_begun(fault, String::new(), None),
        };
        let row = &self.device.protocol().z_report;
        let command = Command::of(row, &());
        // Without the number of the last Z-report, unchanged counters do not prove that the new Z-report was not made.
        let may_repeat = baseline.z_number.is_some();
        let sent = match self.order(&command, REPORT_LIMIT_MS, baseline, may_repeat, watch) {
            Ok(sent) => sent,
            Err(fault) => return Performed::Unknown(fault),
        };
        let order = self.device.groups();
        let sent = sent.map(|data| {
            let reported = row.answer.read(&data)?;
            report.sales = Some(order.of_till(reported.groups).map(Amount::from_minor));
            if let Some(refunds) = reported.refunds {
                report.rest.refunds = Some(order.of_till(refunds).map(Amount::from_minor));
            }
            Some(reported.closure)
        });
        self.settle_z(baseline, report.complete(), sent, watch)
            .into()
    }

    /// Compares the number of the last Z-report with the baseline. If the device does not report that number, the answer to the
    /// report itself decides: `sent` contains the number in that answer.
    pub(super) fn settle_z(
        &mut self,
        baseline: &Baseline,
        report: Option<PrinterReport>,
        sent: Result<Option<u32>, CommandFault>,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let after = match self.counters_after(baseline, watch) {
            Ok(after) => after,
            Err(fault) => return Recovered::Unknown(fault),
        };
        let answer = match &sent {
            Ok(Some(number)) => ZAnswer::Number(*number),
            Err(CommandFault::Refused(..)) => ZAnswer::Refused,
            Ok(None) | Err(CommandFault::Lost(_)) => ZAnswer::Nothing,
        };
        let same = match SamePrinter::compare(baseline, &after) {
            Ok(same) => same,
            Err(fault) => return Recovered::Unknown(fault),
        };
        let closing = match judge::z_report(same, answer) {
            Closing::Closed(closing) => closing,
            Closing::Open(evidence) => {
                let (fault, detail) = sent.err().map_or(
                    (Fault::NotExecuted, String::new()),
                    CommandFault::into_parts,
                );
                return Recovered::Absent(evidence, no_document(fault, detail, Some(&after)));
            }
            Closing::Unclear => {
                self.settled = None;
                return Recovered::Unknown(Fault::Unclear);
            }
        };
        let report = match report {
            Some(report) => Some(PrinterReport {
                z_number: Some(closing),
                ..report
            }),
            // The host was restarted meanwhile, and the device has begun a new day. Only the fiscal memory still has the report,
            // and the device reports only the last Z-report of that memory.
            None => self
                .device
                .last_z_read()
                .filter(|last| last.closure == closing)
                .map(|last| PrinterReport {
                    z_number: Some(last.closure),
                    groups: last.groups.map(Amount::from_minor),
                    refunds: None,
                    payments: None,
                    cash: None,
                    cash_in: None,
                    cash_out: None,
                    fiscal_receipts: None,
                }),
        };
        registered(after, report)
    }

    /// Prints the report of the day so far. The X-report changes no sums, so only its paper can be lost.
    pub(super) fn x_report(&mut self, baseline: &Baseline, watch: &mut dyn Watch) -> Performed {
        let command = Command::of(&self.device.protocol().x_report, &());
        match self.order(&command, REPORT_LIMIT_MS, baseline, true, watch) {
            Err(fault) => Performed::Unknown(fault),
            Ok(printed) => self
                .settle_x(baseline, &JournalEvidence::default(), printed, watch)
                .into(),
        }
    }

    /// Finds out whether the X-report was printed; its figures can be read at any time.
    pub(super) fn settle_x(
        &mut self,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        printed: Result<Vec<u8>, CommandFault>,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let row = &self.device.protocol().x_report;
        let reported = printed.as_ref().ok().and_then(|data| row.answer.read(data));
        match self.settle_paper(baseline, evidence, printed, watch) {
            Recovered::Registered(registered) => match self.day(baseline, watch) {
                Ok(mut day) => {
                    if let Some(reported) = reported {
                        day.rest.z_number = day.rest.z_number.or(Some(reported.closure));
                        let sales = self.device.groups().of_till(reported.groups);
                        day.sales = day.sales.or(Some(sales.map(Amount::from_minor)));
                    }
                    Recovered::Registered(Registered {
                        report: day.complete(),
                        ..registered
                    })
                }
                Err(fault) => Recovered::Unknown(fault),
            },
            other => other,
        }
    }

    /// Prints a document that registers nothing: a duplicate, a report of the fiscal memory.
    pub(super) fn paper(
        &mut self,
        command: &Command,
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Performed {
        match self.order(command, REPORT_LIMIT_MS, baseline, true, watch) {
            Err(fault) => Performed::Unknown(fault),
            Ok(printed) => self
                .settle_paper(baseline, &JournalEvidence::default(), printed, watch)
                .into(),
        }
    }

    /// Sends a command that prints a document of its own. While all counters of the device are unchanged, the command was not
    /// executed, and it is sent again as a new command, so that a lost frame has no effect.
    ///
    /// After a lost answer the function connects again. The error means that the device cannot be asked.
    fn order(
        &mut self,
        command: &Command,
        limit_ms: u64,
        baseline: &Baseline,
        may_repeat: bool,
        watch: &mut dyn Watch,
    ) -> Result<Result<Vec<u8>, CommandFault>, Fault> {
        let mut sent = self.device.execute(command, limit_ms, watch);
        for _ in 0..RESUMES_MAX {
            let Err(CommandFault::Lost(fault)) = sent else {
                return Ok(sent);
            };
            self.reattach(watch)?;
            // A broken line may still deliver accepted bytes to the device at any later time.
            if fault == Fault::PortLost
                || !may_repeat
                || self.counters_after(baseline, watch)? != *baseline
            {
                return Ok(sent);
            }
            sent = self.device.execute(command, limit_ms, watch);
        }
        if matches!(sent, Err(CommandFault::Lost(_))) {
            self.reattach(watch)?;
        }
        Ok(sent)
    }

    /// Determines the outcome of a printed document: the answer decides, and after a lost answer the document number.
    pub(super) fn settle_paper(
        &mut self,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        printed: Result<Vec<u8>, CommandFault>,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let after = match self.counters_after(baseline, watch) {
            Ok(after) => after,
            Err(fault) => return Recovered::Unknown(fault),
        };
        let finding = SamePrinter::compare(baseline, &after)
            .map(|same| judge::paper(same, evidence, printed.is_ok()));
        let reason = printed.err().map_or(
            (Fault::NotExecuted, String::new()),
            CommandFault::into_parts,
        );
        self.concluded(finding, reason, after)
    }

    /// The figures of the device's day, read before the report.
    fn day(&mut self, baseline: &Baseline, watch: &mut dyn Watch) -> Result<DayFigures, Fault> {
        let payments = self.device.day_payments(watch)?;
        let today = self.device.today(watch)?;
        let protocol = self.device.protocol();
        let cash = self.device.cash(watch)?;
        let fiscal_receipts = match &protocol.day_receipts {
            None => payments
                .and_then(|day| day.next_receipt)
                .and_then(|next| next.checked_sub(1)),
            Some(question) => match self.device.ask(question, &(), watch) {
                Err(fault) if fault.is_line() => return Err(fault),
                reported => reported.ok(),
            },
        };
        let sum = |of: fn(&Cash) -> i64| cash.as_ref().map(of).map(Amount::from_minor);
        let rest = PrinterReport {
            z_number: baseline.z_number.and_then(|last| last.checked_add(1)),
            groups: [Amount::ZERO; 8],
            refunds: today
                .and_then(|today| today.refunds)
                .map(|groups| groups.map(Amount::from_minor)),
            payments: payments.map(|day| {
                let letters = protocol.payments.day.iter();
                letters
                    .zip(day.payments)
                    .map(|(letter, minor)| PrinterPayment {
                        letter: *letter,
                        amount: Amount::from_minor(minor),
                    })
                    .collect()
            }),
            cash: sum(|cash| cash.cash),
            cash_in: sum(|cash| cash.paid_in),
            // A printer without refund receipts counts no returns, and counts their cash as taken out.
            cash_out: sum(|cash| cash.taken_out).filter(|_| protocol.refund.is_some()),
            fiscal_receipts: fiscal_receipts.filter(|_| protocol.refund.is_some()),
        };
        Ok(DayFigures {
            sales: today.map(|today| today.sales.map(Amount::from_minor)),
            rest,
        })
    }

    /// Prints a non-fiscal slip. After lost answers printing continues as long as the slip is open on the device.
    pub(super) fn slip(
        &mut self,
        lines: &[TextLine],
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Performed {
        let protocol = self.device.protocol();
        let mut steps = vec![self.device.slip_opening()];
        for line in lines {
            steps.extend(text::on_slip(protocol, self.device.widths(), &line.text));
        }
        steps.push(Command::of(&protocol.slip_close, &()));
        let mut place = 0;
        let mut fault = Fault::NoAnswer;
        let mut resumes = 0;
        while let Some(command) = steps.get(place) {
            match self.device.execute(command, COMMAND_LIMIT_MS, watch) {
                Ok(_) => {
                    place = place.saturating_add(1);
                    resumes = 0;
                }
                Err(CommandFault::Lost(lost)) => {
                    fault = lost;
                    resumes = u32::saturating_add(resumes, 1);
                    if resumes > RESUMES_MAX {
                        break;
                    }
                    match self.resume_slip(place, baseline, watch) {
                        Ok(Some(next)) => {
                            if next > place {
                                resumes = 0;
                            }
                            place = next;
                        }
                        Ok(None) => break,
                        Err(fault) => return Performed::Unknown(fault),
                    }
                }
                refused => {
                    return self
                        .settle_slip(baseline, &JournalEvidence::default(), refused, watch)
                        .into();
                }
            }
        }
        let printed = if place >= steps.len() {
            Ok(Vec::new())
        } else {
            Err(CommandFault::Lost(fault))
        };
        self.settle_slip(baseline, &JournalEvidence::default(), printed, watch)
            .into()
    }

    /// The step at which a slip continues; `None` if the slip is not open any more.
    fn resume_slip(
        &mut self,
        place: usize,
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Result<Option<usize>, Fault> {
        let open = self.reattach(watch)?.slip_open;
        Ok(match (open, place) {
            (true, 0) => Some(1),
            // The line may be printed twice in this case; otherwise it could be missing.
            (true, place) => Some(place),
            // The slip was never opened.
            (false, 0) if self.counters_after(baseline, watch)? == *baseline => Some(0),
            (false, _) => None,
        })
    }

    /// Determines the outcome of a slip: the document number decides, and a slip that is still open is closed and counts as not
    /// printed.
    pub(super) fn settle_slip(
        &mut self,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        printed: Result<Vec<u8>, CommandFault>,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let interrupted = match self.device.status(watch) {
            Ok(condition) => condition.slip_open,
            Err(fault) => return Recovered::Unknown(fault),
        };
        if !interrupted {
            let printed = match printed {
                // An interrupted slip may have been closed meanwhile, with the lines that were printed until then.
                Err(CommandFault::Refused(fault, _)) => Err(CommandFault::Lost(fault)),
                other => other,
            };
            return self.settle_paper(baseline, evidence, printed, watch);
        }
        self.settled = None;
        let (fault, detail) = match printed {
            Ok(_) => (Fault::ReceiptOpen, String::new()),
            Err(failure) => failure.into_parts(),
        };
        let close = Command::of(&self.device.protocol().slip_close, &());
        let (reason, closed) = match self.device.execute(&close, COMMAND_LIMIT_MS, watch) {
            Ok(_) => ((fault, detail), true),
            // If the printer is out of paper, the open slip is closed at the next connection.
            Err(CommandFault::Refused(refusal, _)) => ((refusal, detail), false),
            Err(CommandFault::Lost(fault)) => return Recovered::Unknown(fault),
        };
        let after = match self.counters_after(baseline, watch) {
            Ok(after) => after,
            Err(fault) => return Recovered::Unknown(fault),
        };
        if !closed {
            // The close that is still to come uses a document number.
            self.settled = None;
        }
        match SamePrinter::compare(baseline, &after) {
            Ok(same) => Recovered::Absent(
                judge::unfinished_slip(same),
                no_document(reason.0, reason.1, Some(&after).filter(|_| closed)),
            ),
            Err(fault) => Recovered::Unknown(fault),
        }
    }

    /// Sends the pulse to the drawer. No counter shows whether a lost command was executed, and a second pulse does no harm,
    /// because an open drawer does not open again.
    pub(super) fn drawer(&mut self, baseline: &Baseline, watch: &mut dyn Watch) -> Performed {
        let command = Command::of(&self.device.protocol().drawer, &None);
        match self.device.execute_freely(&command, watch) {
            Ok(_) => registered(baseline.clone(), None).into(),
            // The drawer opens even if the printer is out of paper.
            Err(CommandFault::Refused(Fault::PaperOut, _)) => {
                registered(baseline.clone(), None).into()
            }
            Err(CommandFault::Refused(fault, detail)) => not_begun(fault, detail, Some(baseline)),
            // The printer may have opened the drawer before its answer was lost.
            Err(CommandFault::Lost(fault)) => {
                self.settled = None;
                Performed::Unknown(fault)
            }
        }
    }

    /// The counters after a job; a fault if another printer answers.
    fn counters_after(
        &mut self,
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Result<Baseline, Fault> {
        self.settled = None;
        let mut fault = Fault::NoAnswer;
        for attempt in 0..=RESUMES_MAX {
            if attempt > 0 {
                self.reattach(watch)?;
            }
            match self.device.counters(watch) {
                Ok(after) => {
                    SamePrinter::compare(baseline, &after)?;
                    self.settled = Some(after.clone());
                    return Ok(after);
                }
                Err(lost) => fault = lost,
            }
        }
        Err(fault)
    }
}

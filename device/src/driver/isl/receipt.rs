//! Carrying out a receipt, and settling one whose outcome is unknown.

use super::command::{Command, CommandFault};
use super::judge::{UNCLEAR, judge};
use super::outcome::{no_document, not_begun};
use super::plan::{Plan, Step};
use super::printer::{IslPrinter, RESUMES_MAX};
use super::state::{Closed, ReceiptTime};
use crate::driver::line::COMMAND_LIMIT_MS;
use crate::family::Errors;
use crate::fault::Fault;
use crate::judge::{AbsenceEvidence, SamePrinter, Verdict, opening_refused};
use crate::printer::{
    Baseline, JournalEvidence, Performed, ReceiptJob, Recovered, Registered, Watch,
};
use crate::wire::fields::decimal;
use crate::wire::isl_payment::{Paid, PaidCode};

/// The reason why a plan did not run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stop {
    /// A command was lost or refused.
    CommandFault(CommandFault),
    /// The device computed other sums than we did.
    TotalsDiffer(String),
    /// The device booked a payment in another way.
    PaymentDiffers,
}

/// The receipt that is carried out or settled: its plan, its baseline, and the evidence about it.
#[derive(Clone, Copy)]
struct Case<'a> {
    plan: &'a Plan,
    baseline: &'a Baseline,
    evidence: JournalEvidence,
}

impl Case<'_> {
    /// The number of the receipt's document: the receipt was begun directly after the baseline, and nothing else can be printed while
    /// it is open.
    const fn document(&self) -> u32 {
        self.baseline.last_document.saturating_add(1)
    }
}

impl IslPrinter {
    /// Carries out a receipt from its start; the device's counters equal the baseline.
    pub(super) fn receipt(
        &mut self,
        job: &ReceiptJob,
        baseline: &Baseline,
        watch: &mut dyn Watch,
    ) -> Performed {
        let plan = match self.plan(job, baseline) {
            Ok(plan) => plan,
            Err(detail) => return not_begun(Fault::JobNotPrintable, detail, Some(baseline)),
        };
        let case = Case {
            plan: &plan,
            baseline,
            evidence: JournalEvidence::default(),
        };
        self.continue_at(case, 0, watch).into()
    }

    fn plan(&self, job: &ReceiptJob, baseline: &Baseline) -> Result<Plan, String> {
        let device = &self.device;
        let seller = device.seller(job.refund_of.is_some(), baseline);
        Plan::new(
            device.protocol(),
            device.widths(),
            seller,
            (device.groups(), device.payment_numbers()),
            job,
        )
    }

    /// Settles a receipt that was begun earlier. The receipt is never printed again.
    pub(super) fn recover_receipt(
        &mut self,
        job: &ReceiptJob,
        baseline: &Baseline,
        evidence: &JournalEvidence,
        watch: &mut dyn Watch,
    ) -> Recovered {
        let plan = match self.plan(job, baseline) {
            Ok(plan) => plan,
            Err(reason) => {
                return self.recover_without_plan(job, baseline, evidence, reason, watch);
            }
        };
        let case = Case {
            plan: &plan,
            baseline,
            evidence: *evidence,
        };
        let verdict = match self.verdict(case, watch) {
            Ok((verdict, _)) => verdict,
            Err(fault) => return Recovered::Unknown(fault),
        };
        match verdict {
            Verdict::Unpaid { .. } => self.cancel(case, Fault::Cancelled, String::new(), watch),
            Verdict::Paid { payments } => match plan.step_of_payment(payments) {
                Some(place) => self.continue_at(case, place, watch),
                None => Recovered::Unknown(Fault::Unclear),
            },
            settled => self.conclude(case, settled, Fault::NotExecuted, String::new(), watch),
        }
    }

    /// Runs the plan from this step on; after a lost answer it continues where the device has stopped.
    fn continue_at(&mut self, case: Case<'_>, from: usize, watch: &mut dyn Watch) -> Recovered {
        let mut place = from;
        let mut furthest = from;
        let mut resumes = 0;
        while resumes <= RESUMES_MAX {
            let stop = match self.run(case.plan, place, watch) {
                Ok(()) => return self.registered(case, Closed::Now, watch),
                Err((at, stop)) => {
                    place = at;
                    stop
                }
            };
            match stop {
                Stop::CommandFault(CommandFault::Lost(fault)) => {
                    match self.resume(case, place, fault, watch) {
                        Ok(next) => place = next,
                        Err(outcome) => return *outcome,
                    }
                    if place > furthest {
                        furthest = place;
                        resumes = 0;
                    } else {
                        resumes = u32::saturating_add(resumes, 1);
                    }
                }
                Stop::CommandFault(CommandFault::Refused(fault, detail)) => {
                    return self.refused(case, place, fault, detail, watch);
                }
                Stop::TotalsDiffer(detail) => {
                    return self.cancel(case, Fault::TotalsDiffer, detail, watch);
                }
                Stop::PaymentDiffers => {
                    // If a payment is already booked, the receipt is not cancelled, and no payment is added that was not planned.
                    self.settled = None;
                    return Recovered::Unknown(Fault::PaymentDiffers);
                }
            }
        }
        self.settled = None;
        Recovered::Unknown(Fault::NoAnswer)
    }

    /// Sends the steps from `from` on; the error contains the step at which the plan stopped.
    fn run(
        &mut self,
        plan: &Plan,
        from: usize,
        watch: &mut dyn Watch,
    ) -> Result<(), (usize, Stop)> {
        for (place, step) in plan.steps.iter().enumerate().skip(from) {
            self.step(plan, step, watch).map_err(|stop| (place, stop))?;
        }
        Ok(())
    }

    fn step(&mut self, plan: &Plan, step: &Step, watch: &mut dyn Watch) -> Result<(), Stop> {
        let data = self
            .device
            .execute(step.command(), COMMAND_LIMIT_MS, watch)
            .map_err(Stop::CommandFault)?;
        let protocol = self.device.protocol();
        match step {
            // Group B may refuse an opening only in the data.
            Step::Open(_) if data == b"F" => Err(Stop::CommandFault(CommandFault::Refused(
                Fault::NotAllowed,
                String::new(),
            ))),
            // An acknowledgement does not say how much is left to pay.
            Step::Pay { .. } if protocol.asked.is_some() => Ok(()),
            Step::Subtotal(_) => {
                let sums = protocol.subtotal.answer.read(&data);
                let groups = match protocol.asked {
                    None => sums.as_ref().map(|sums| sums.groups),
                    // The answer has the total alone.
                    Some(_) => self
                        .device
                        .open_groups(watch)
                        .map_err(|fault| Stop::CommandFault(CommandFault::Lost(fault)))?,
                };
                compare(plan, sums.map(|sums| sums.total), groups)
            }
            Step::Pay { left, .. } => check_paid(*left, protocol.payment.answer.read(&data), &data),
            Step::Close(_) => {
                self.device.closed(&data);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The step at which to continue after a lost answer, or the outcome.
    fn resume(
        &mut self,
        case: Case<'_>,
        place: usize,
        fault: Fault,
        watch: &mut dyn Watch,
    ) -> Result<usize, Box<Recovered>> {
        let unknown = |fault| Box::new(Recovered::Unknown(fault));
        let (verdict, _) = self.verdict(case, watch).map_err(unknown)?;
        match verdict {
            Verdict::Unpaid { items, matches } => {
                let before = case.plan.items_before(place);
                match case.plan.steps.get(place) {
                    // The receipt is open and empty: continue after the opening.
                    Some(Step::Open(_)) if items == 0 => Ok(place.saturating_add(1)),
                    // The counters show whether the doubtful sale was booked.
                    Some(Step::Sale(_)) if matches && items == before.saturating_add(1) => {
                        Ok(place.saturating_add(1))
                    }
                    // The text may be printed twice in this case; otherwise it could be missing.
                    Some(Step::Sale(_) | Step::Text(_) | Step::Subtotal(_) | Step::Pay { .. })
                        if matches && items == before =>
                    {
                        Ok(place)
                    }
                    // The tender of a receipt with total 0 does not show its payment.
                    Some(Step::Close(_)) if matches && case.plan.total == 0 => Ok(place),
                    _ => Err(Box::new(self.cancel(case, fault, String::new(), watch))),
                }
            }
            Verdict::Paid { payments } => case
                .plan
                .step_of_payment(payments)
                .ok_or_else(|| unknown(Fault::Unclear)),
            // The device has confirmed that no receipt was begun, so the opening may be sent again.
            Verdict::NotIssued(evidence) if place == 0 => {
                self.at_baseline(case, evidence, fault, watch)?;
                Ok(0)
            }
            settled => Err(Box::new(self.conclude(
                case,
                settled,
                fault,
                String::new(),
                watch,
            ))),
        }
    }

    /// The device's counters must still equal the baseline before a receipt is opened again.
    fn at_baseline(
        &mut self,
        case: Case<'_>,
        evidence: AbsenceEvidence,
        fault: Fault,
        watch: &mut dyn Watch,
    ) -> Result<(), Box<Recovered>> {
        match self.device.counters(watch) {
            Ok(counters) if counters == *case.baseline => Ok(()),
            Ok(counters) => {
                self.settled = Some(counters.clone());
                Err(Box::new(Recovered::Absent(
                    evidence,
                    no_document(fault, String::new(), Some(&counters)),
                )))
            }
            Err(fault) => Err(Box::new(Recovered::Unknown(fault))),
        }
    }

    /// Connects again and judges the state of the device. Returns the counters that were judged too.
    fn verdict(
        &mut self,
        case: Case<'_>,
        watch: &mut dyn Watch,
    ) -> Result<(Verdict, Baseline), Fault> {
        self.settled = None;
        self.device.attach(watch)?;
        let mut state = self.device.state(watch)?;
        let is_open = state.condition.fiscal_receipt_open;
        if !is_open {
            state.documents =
                self.device
                    .documents_between(case.baseline, &state.counters, watch)?;
        }
        let (mut verdict, mut says) = judge(case.plan, case.baseline, &case.evidence, &state);
        if verdict == UNCLEAR && !is_open && case.evidence.day.is_some() {
            state.sums = self.device.sums(watch)?;
            (verdict, says) = judge(case.plan, case.baseline, &case.evidence, &state);
        }
        watch.trace(&format!("= {}: {says}", name_of(&verdict)));
        let missing: Vec<&str> = self.device.missing().iter().map(|one| one.name()).collect();
        if !missing.is_empty() {
            watch.trace(&format!("= without {}", missing.join(", ")));
        }
        Ok((verdict, state.counters))
    }

    /// Continues after a refusal. Before the first payment the receipt is cancelled; after the first payment only the device's
    /// counters show the outcome.
    fn refused(
        &mut self,
        case: Case<'_>,
        place: usize,
        fault: Fault,
        detail: String,
        watch: &mut dyn Watch,
    ) -> Recovered {
        // "Out of paper" may be the answer to a command that was executed with the last paper, so the device is asked.
        let (verdict, now) = match self.verdict(case, watch) {
            Ok(judged) => judged,
            Err(fault) => return Recovered::Unknown(fault),
        };
        match verdict {
            // The opening was refused because a receipt is open already. The open receipt is not ours, so it is not cancelled.
            Verdict::Unpaid { .. } if place == 0 && fault != Fault::PaperOut => {
                match SamePrinter::compare(case.baseline, &now) {
                    Ok(same) => Recovered::Absent(
                        opening_refused(same),
                        no_document(Fault::ReceiptOpen, detail, None),
                    ),
                    Err(fault) => Recovered::Unknown(fault),
                }
            }
            // This is a receipt with total 0 whose payment was booked before the answer was lost.
            Verdict::Unpaid { matches: true, .. }
                if case.plan.total == 0 && fault == Fault::PaymentStarted =>
            {
                self.close_only(case, watch)
            }
            Verdict::Unpaid { .. } => self.cancel(case, fault, detail, watch),
            Verdict::Paid { .. } => Recovered::Unknown(fault),
            settled => self.conclude(case, settled, fault, detail, watch),
        }
    }

    /// Cancels the open, unpaid receipt. The decision is stored durably before the command is sent.
    fn cancel(
        &mut self,
        case: Case<'_>,
        fault: Fault,
        detail: String,
        watch: &mut dyn Watch,
    ) -> Recovered {
        self.settled = None;
        if !case.evidence.cancel_decided && !watch.about_to_cancel() {
            return Recovered::Unknown(Fault::CancelNotDecided);
        }
        let decided = Case {
            evidence: JournalEvidence {
                cancel_decided: true,
                ..case.evidence
            },
            ..case
        };
        let cancel = Command::of(&self.device.protocol().cancel, &());
        for _ in 0..=RESUMES_MAX {
            let sent = self.device.execute(&cancel, COMMAND_LIMIT_MS, watch);
            let verdict = match self.verdict(decided, watch) {
                Ok((verdict, _)) => verdict,
                Err(fault) => return Recovered::Unknown(fault),
            };
            match (verdict, sent) {
                (Verdict::Unpaid { matches: true, .. }, Err(CommandFault::Refused(refusal, _)))
                    if case.plan.total == 0 && self.may_mean_paid(refusal) =>
                {
                    // A receipt with total 0 whose payment is booked can only be closed. If the receipt is not paid, the device
                    // refuses the close too.
                    return self.close_only(case, watch);
                }
                (Verdict::Unpaid { .. }, Err(CommandFault::Refused(refusal, _))) => {
                    return Recovered::Unknown(refusal);
                }
                (Verdict::Unpaid { .. }, _) => {}
                (Verdict::Paid { .. }, _) => return Recovered::Unknown(Fault::PaymentStarted),
                (settled, _) => return self.conclude(decided, settled, fault, detail, watch),
            }
        }
        Recovered::Unknown(Fault::NoAnswer)
    }

    /// Whether the refusal means, or may mean, that a payment was booked: some families do not report why they refuse.
    fn may_mean_paid(&self, refusal: Fault) -> bool {
        let silent = matches!(self.device.protocol().errors, Errors::Silent);
        refusal == Fault::PaymentStarted || (silent && refusal == Fault::NotAllowed)
    }

    /// Sends only the last step, the close.
    fn close_only(&mut self, case: Case<'_>, watch: &mut dyn Watch) -> Recovered {
        let close = case.plan.steps.len().saturating_sub(1);
        let mut fault = Fault::Unclear;
        for _ in 0..=RESUMES_MAX {
            match self.run(case.plan, close, watch) {
                Ok(()) => return self.registered(case, Closed::Now, watch),
                Err((_, Stop::CommandFault(CommandFault::Lost(lost)))) => fault = lost,
                Err((_, Stop::CommandFault(failure))) => {
                    return Recovered::Unknown(failure.fault());
                }
                Err(_) => return Recovered::Unknown(Fault::Unclear),
            }
            match self.verdict(case, watch) {
                Ok((Verdict::Unpaid { matches: true, .. }, _)) => {}
                Ok((Verdict::Issued, _)) => {
                    return self.registered(case, Closed::Earlier, watch);
                }
                Ok(_) => return Recovered::Unknown(Fault::Unclear),
                Err(fault) => return Recovered::Unknown(fault),
            }
        }
        Recovered::Unknown(fault)
    }

    /// The outcome for a verdict on a closed receipt.
    fn conclude(
        &mut self,
        case: Case<'_>,
        verdict: Verdict,
        fault: Fault,
        detail: String,
        watch: &mut dyn Watch,
    ) -> Recovered {
        match verdict {
            Verdict::Issued => self.registered(case, Closed::Earlier, watch),
            Verdict::NotIssued(evidence) => {
                let fault = if case.evidence.cancel_decided && fault == Fault::NotExecuted {
                    Fault::Cancelled
                } else {
                    fault
                };
                let after = self.device.counters(watch).ok();
                self.settled.clone_from(&after);
                Recovered::Absent(evidence, no_document(fault, detail, after.as_ref()))
            }
            Verdict::Unclear(fault) => Recovered::Unknown(fault),
            Verdict::Unpaid { .. } | Verdict::Paid { .. } => Recovered::Unknown(Fault::Unclear),
        }
    }

    /// Determines, after the receipt was closed, the printer's time of a sale and the baseline of the next job.
    ///
    /// All counters are read, unless a receipt of this kind has already moved this device's counters as predicted. If one has,
    /// the document number is enough: everything that changes a counter uses a document number too.
    ///
    /// The printer is not asked for that number if its answer to the close shows it: the question before the opening has shown that
    /// nothing was printed since the baseline, and nothing else can be printed while the receipt is open.
    /// The number is asked where the time is that of the last receipt, whichever that is: the number is then the evidence that the time
    /// is that of this receipt.
    fn registered(&mut self, case: Case<'_>, closed: Closed, watch: &mut dyn Watch) -> Recovered {
        self.settled = None;
        if closed == Closed::Earlier {
            self.device.closings.forget_answer();
        }
        // A refund is never refunded itself.
        let printed_at = if case.plan.refund {
            None
        } else {
            self.device.receipt_time(case.document(), closed, watch)
        };
        let predicted = case.plan.predict(case.baseline);
        let is_last = matches!(printed_at, Some(ReceiptTime::LastDocument(_)));
        let is_of_last = matches!(printed_at, Some(ReceiptTime::OfLast(_)));
        if self.device.counters_are_predictable(case.plan.refund)
            && let Some(predicted) = &predicted
            && (is_last
                || (!is_of_last && self.device.closings.show(predicted.last_document))
                || self.is_last_document(predicted.last_document, watch))
        {
            self.settled = Some(predicted.clone());
            return receipt_of(case, predicted.clone(), printed_at);
        }
        let mut fault = Fault::NoAnswer;
        for attempt in 0..=RESUMES_MAX {
            if attempt > 0
                && let Err(lost) = self.device.attach(watch)
            {
                return Recovered::Unknown(lost);
            }
            match self.device.counters(watch) {
                Ok(after) => {
                    self.device.closings.learn(after.last_document);
                    let as_predicted = predicted.as_ref() == Some(&after);
                    self.device
                        .remember_prediction(case.plan.refund, as_predicted);
                    self.settled = Some(after.clone());
                    return receipt_of(case, after, printed_at);
                }
                Err(lost) => fault = lost,
            }
        }
        // The receipt is registered, but its number is not known. Recovery will find the number.
        Recovered::Unknown(fault)
    }

    /// Whether the printer answers that the document with this number is its last one.
    fn is_last_document(&mut self, document: u32, watch: &mut dyn Watch) -> bool {
        let Ok((_, Some(last))) = self.device.glance(watch) else {
            return false;
        };
        self.device.closings.learn(last);
        last == document
    }
}

/// A verdict in short, for the trace: the evidence is left out, because its rule follows.
fn name_of(verdict: &Verdict) -> String {
    match verdict {
        Verdict::NotIssued(_) => "NotIssued".to_owned(),
        other => format!("{other:?}"),
    }
}

/// The outcome of a receipt that is in the fiscal memory.
fn receipt_of(case: Case<'_>, after: Baseline, printed_at: Option<ReceiptTime>) -> Recovered {
    // If the day was closed meanwhile, the number of the last fiscal receipt belongs to the old day.
    let same_day = after.z_number == case.baseline.z_number;
    let document = case.document();
    // The counters were read after the time: if the receipt is still the last document, the time is not that of a later one.
    let is_last = after.last_document == document;
    Recovered::Registered(Registered {
        document,
        fiscal_receipt: Some(case.baseline.next_fiscal_receipt)
            .filter(|number| *number > 0 && same_day),
        after,
        report: None,
        printed_at: printed_at.and_then(|printed_at| match printed_at {
            ReceiptTime::OfDocument(at)
            | ReceiptTime::LastDocument(at)
            | ReceiptTime::OnClock(at) => Some(at),
            ReceiptTime::OfLast(at) => is_last.then_some(at),
        }),
        module: None,
    })
}

/// Compares the subtotal with the plan: the sum, and every tax group if the printer reports them.
fn compare(plan: &Plan, total: Option<i64>, groups: Option<[i64; 8]>) -> Result<(), Stop> {
    let unreadable = || Stop::TotalsDiffer("the subtotal cannot be read".to_owned());
    let total = total.ok_or_else(unreadable)?;
    let mut differences = Vec::new();
    let mut compare = |name: &str, theirs: i64, ours: i64| {
        if theirs.checked_abs() != Some(ours) {
            differences.push(format!(
                "{name}: printer {}, till {}",
                decimal(theirs, 2),
                decimal(ours, 2)
            ));
        }
    };
    compare("total", total, plan.total);
    let groups = groups.map_or_else(|| plan.all_groups(), |groups| plan.order().of_till(groups));
    for ((letter, theirs), ours) in ('A'..='H').zip(groups).zip(plan.all_groups()) {
        compare(&format!("group {letter}"), theirs, ours);
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(Stop::TotalsDiffer(differences.join("; ")))
    }
}

/// Checks the answer to a payment. For an exact payment some firmware answers `D` with 0 and some `R` with 0.
fn check_paid(left: i64, paid: Option<Paid>, data: &[u8]) -> Result<(), Stop> {
    let refused = || {
        Stop::CommandFault(CommandFault::Refused(
            Fault::PaymentRefused,
            String::from_utf8_lossy(data).into_owned(),
        ))
    };
    let paid = paid.ok_or_else(refused)?;
    match paid.code {
        PaidCode::Rest if paid.amount.checked_abs() == Some(left) => Ok(()),
        PaidCode::Change if paid.amount.checked_abs() == left.checked_neg() => Ok(()),
        PaidCode::Rest | PaidCode::Change => Err(Stop::PaymentDiffers),
        PaidCode::NegativeSubtotal | PaidCode::NegativeGroup | PaidCode::Failed => Err(refused()),
    }
}

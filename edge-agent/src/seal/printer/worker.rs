//! The worker of the printer's thread: it owns the port, does one task at a time, and asks again until a document is settled.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use ferrotill_core::printer_time::PrinterTime;
use ferrotill_device::Fault;
use ferrotill_device::printer::{Baseline, FiscalPrinter, Job, Performed, Recovered, Watch};
use uuid::Uuid;

use super::watch::{JournalingWatch, LoggingWatch};
use super::{
    DocumentSlip, DrawerOutcome, Listener, News, Permit, Remark, SealingJob, Settled, Task,
};
use crate::explanation::Explanation;
use crate::status::at_work::Part;
use crate::time::clock::{Clock, seconds_apart};

/// The state of a worker.
#[derive(Debug)]
pub(super) enum WorkerState {
    /// No task has arrived yet. Until the clerk has read the journal, an open receipt at the printer may belong to an outstanding
    /// document.
    NotStarted,
    /// No document is unsettled.
    Idle,
    /// The worker asks the printer again and again what became of this document.
    Settling(Box<SealingJob>),
}

/// Carries out the tasks of one printer, one at a time. It alone owns the printer's port.
pub struct PrinterWorker {
    pub(super) printer: Box<dyn FiscalPrinter>,
    pub(super) listener: Box<dyn Listener>,
    inbox: Receiver<Task>,
    pub(super) state: WorkerState,
    /// The time at which the worker acts without a new task; `None` before the first task.
    next_check_at: Option<Instant>,
    /// The pause until the next attempt to reach the printer.
    pub(super) pause: Duration,
    pub(super) connected: bool,
    /// The printer's counters as last read; `None` if they are not known any more.
    pub(super) baseline: Option<Baseline>,
    last_used_at: Instant,
    /// The reason that was last reported for a printer that cannot be used; `None` while it can.
    pub(super) loss_reported: Option<Fault>,
    /// How many answers in unknown forms were reported.
    unknown_answers: usize,
    /// Why the connected printer cannot print, as its status showed last; `None` while it can.
    cannot_print: Option<Fault>,
    /// Why the printer refuses every document although its status does not show it; `None` after a document was made.
    refuses: Option<Fault>,
    /// The reason that was last reported for a connected printer that does not print.
    /// `None` if nothing was reported since the connection.
    condition_reported: Option<Option<Fault>>,
    /// What was last reported to be doubtful about the connected printer.
    doubts: Vec<String>,
    /// How many seconds the printer's clock was ahead of the machine's when it was reported last.
    clock_ahead_s: Option<i64>,
    /// The last reported reason why the document is not settled.
    pub(super) reported_fault: Option<Fault>,
    /// The last outcome of a document, until the clerk confirms that it is in the journal.
    kept: Option<(Uuid, News)>,
    pub(super) clock: Arc<Clock>,
    /// When the counters of the idle printer were read last.
    counters_read_at: Instant,
    idle_check: Duration,
}

/// After this idle time the counters are read before a slip is printed or the drawer is opened.
const IDLE_BEFORE_CHECK: Duration = Duration::from_secs(5);
/// How often the counters of an idle printer are read, to notice a Z-report that it made by itself.
pub(super) const IDLE_CHECK_EVERY: Duration = Duration::from_secs(30);
/// How often an idle printer is asked whether it can print, so that `/healthz` knows within five seconds that it cannot. That
/// it does not answer is known after the time that its driver waits for an answer besides.
const CONDITION_CHECK_EVERY: Duration = Duration::from_secs(2);
const _: () = assert!(CONDITION_CHECK_EVERY.as_millis() < 5_000, "docs/api/own.md");
/// A printer's clock that has moved by more than this number of seconds beside the machine's was set.
const CLOCK_SET_S: u64 = 60;
/// The first pause between two attempts to reach a printer.
pub(super) const PAUSE_MIN: Duration = Duration::from_millis(200);
/// The longest pause between two attempts to reach a printer.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(2);

impl PrinterWorker {
    pub(super) fn new(
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        inbox: Receiver<Task>,
        clock: Arc<Clock>,
        idle_check: Duration,
    ) -> Self {
        Self {
            printer,
            listener,
            inbox,
            state: WorkerState::NotStarted,
            next_check_at: None,
            pause: PAUSE_MIN,
            connected: false,
            baseline: None,
            last_used_at: clock.monotonic(),
            counters_read_at: clock.monotonic(),
            loss_reported: None,
            unknown_answers: 0,
            cannot_print: None,
            refuses: None,
            condition_reported: None,
            doubts: Vec::new(),
            clock_ahead_s: None,
            reported_fault: None,
            kept: None,
            clock,
            idle_check,
        }
    }

    pub(super) fn run(mut self, part: &Part) {
        loop {
            let received = match self.next_check_at {
                None => self
                    .inbox
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => {
                    let wait = at.saturating_duration_since(self.clock.monotonic());
                    self.inbox.recv_timeout(wait)
                }
            };
            if part.at_work(|| self.step(received)).is_break() {
                return;
            }
        }
    }

    /// Handles one task, or what is due now, without waiting. Returns `Break` after [`Task::Stop`].
    pub fn turn(&mut self) -> ControlFlow<()> {
        match self.inbox.try_recv() {
            Ok(Task::Confirm(id)) => {
                self.confirm(id);
                self.turn()
            }
            Ok(task @ Task::Rates(_)) => {
                let done = self.step(Ok(task));
                if done.is_break() { done } else { self.turn() }
            }
            Ok(task) => self.step(Ok(task)),
            Err(TryRecvError::Disconnected) => ControlFlow::Break(()),
            Err(TryRecvError::Empty) => {
                let due = self
                    .next_check_at
                    .is_some_and(|at| at <= self.clock.monotonic());
                if due {
                    self.step(Err(RecvTimeoutError::Timeout))
                } else {
                    ControlFlow::Continue(())
                }
            }
        }
    }

    /// Handles one task, or what is due when no task arrived in time.
    fn step(&mut self, received: Result<Task, RecvTimeoutError>) -> ControlFlow<()> {
        match (
            std::mem::replace(&mut self.state, WorkerState::Idle),
            received,
        ) {
            (_, Ok(Task::Stop) | Err(RecvTimeoutError::Disconnected)) => {
                return ControlFlow::Break(());
            }
            (state, Ok(Task::Confirm(id))) => {
                self.confirm(id);
                self.state = state;
                return ControlFlow::Continue(());
            }
            (state, Ok(Task::Rates(rates))) => {
                let connect_again = self.printer.use_tax_rates(&rates);
                let is_idle = matches!(state, WorkerState::Idle);
                self.state = state;
                if !connect_again || !is_idle {
                    return ControlFlow::Continue(());
                }
                self.connected = false;
            }
            (WorkerState::Settling(document), Ok(Task::Release(declaration)))
                if document.id == declaration.id =>
            {
                self.release(*document, declaration);
            }
            (WorkerState::Settling(document), Ok(task)) => {
                self.reject(&task);
                // The pause that has already begun is not restarted.
                self.state = WorkerState::Settling(document);
                return ControlFlow::Continue(());
            }
            (WorkerState::Settling(mut document), Err(RecvTimeoutError::Timeout)) => {
                self.pause = longer_pause(self.pause);
                let outcome = self.attempt(&mut document, recover_job);
                self.settle(*document, Settled::of_recovered(outcome));
            }
            (_, Ok(Task::Perform(document))) => self.perform(document),
            (_, Ok(Task::Recover(document))) if self.tell_again(document.id) => {}
            (_, Ok(Task::Recover(document))) => self.recover(document),
            (state, Ok(task @ Task::Release(_))) => {
                self.reject(&task);
                self.state = state;
                return ControlFlow::Continue(());
            }
            (WorkerState::NotStarted, Ok(_)) | (WorkerState::Idle, Ok(Task::Begin)) => {}
            (WorkerState::Idle, Ok(Task::Slip(id, slip))) => self.slip(id, &slip),
            (WorkerState::Idle, Ok(Task::Drawer(permit))) => self.drawer(&permit),
            (_, Err(RecvTimeoutError::Timeout)) if self.connected => {
                let since = self.clock.monotonic().duration_since(self.counters_read_at);
                if self.cannot_print.is_none() && since >= self.idle_check {
                    self.check_counters();
                }
                self.check_condition();
            }
            (_, Err(RecvTimeoutError::Timeout)) => self.pause = longer_pause(self.pause),
        }
        if matches!(self.state, WorkerState::Idle) && !self.connected && self.connect() {
            self.pause = PAUSE_MIN;
        }
        self.report_unknown_answers();
        self.report_doubts();
        let wait = match self.state {
            WorkerState::Idle if self.connected => CONDITION_CHECK_EVERY.min(self.idle_check),
            _ => self.pause,
        };
        self.next_check_at = self.clock.monotonic().checked_add(wait);
        ControlFlow::Continue(())
    }

    /// Refuses a task: slips and drawer requests while a document is unsettled, and the release of a document that this worker is not
    /// asking about.
    fn reject(&self, task: &Task) {
        match task {
            Task::Slip(id, _) => {
                let reason = Some(UNSETTLED.to_owned());
                self.listener.send(News::SlipDone(*id, reason, None));
            }
            Task::Drawer(_) => {
                let outcome = DrawerOutcome::NotOpened(UNSETTLED.to_owned());
                self.listener.send(News::DrawerDone(outcome, None));
            }
            Task::Release(declaration) => {
                let reason = "the printer is not being asked about this document".to_owned();
                self.listener
                    .send(News::ReleaseRefused(declaration.id, reason));
            }
            // The clerk sends each outstanding document once, and only one at a time, so that these tasks need no answer.
            Task::Rates(_)
            | Task::Begin
            | Task::Perform(_)
            | Task::Recover(_)
            | Task::Confirm(_)
            | Task::Stop => {}
        }
    }

    /// Connects to the printer and ends a leftover receipt. Returns true if the printer is connected.
    fn connect(&mut self) -> bool {
        let connected = self.printer.connect().and_then(|mut connected| {
            if connected.receipt_open {
                // The open receipt belongs to no document of the agent: an outstanding document is recovered before, which ends it.
                connected.baseline = self.printer.clear_leftover(&mut LoggingWatch)?;
                connected.receipt_open = false;
            }
            Ok(connected)
        });
        match connected {
            Ok(connected) => {
                self.connected = true;
                self.set_counters(Some(connected.baseline.clone()));
                self.loss_reported = None;
                self.last_used_at = self.clock.monotonic();
                self.cannot_print = connected.condition.fault();
                self.condition_reported = None;
                let clock = connected.clock.as_deref().and_then(PrinterTime::read);
                self.clock_ahead_s = clock.and_then(|shown| self.seconds_ahead(shown));
                self.listener.send(News::Ready(Box::new(connected)));
                self.report_condition(self.cannot_print);
            }
            Err(fault) => self.report_lost(fault),
        }
        self.connected
    }

    /// Reports answers in unknown forms, once.
    fn report_unknown_answers(&mut self) {
        let answers = self.printer.unknown_answers();
        if answers.len() != self.unknown_answers {
            self.unknown_answers = answers.len();
            if answers.is_empty() {
                // Another printer is connected.
                return;
            }
            let remark = Remark::UnknownAnswers(answers.to_vec());
            self.listener.send(News::Remark(remark));
        }
    }

    /// Reports what is doubtful about the connected printer, if that has changed.
    fn report_doubts(&mut self) {
        let doubts = self.printer.doubts();
        if doubts != self.doubts {
            self.doubts.clone_from(&doubts);
            self.listener.send(News::Remark(Remark::Doubts(doubts)));
        }
    }

    /// Asks a connected printer whether it can print, and reports it if that has changed.
    fn check_condition(&mut self) {
        if !self.connected {
            return;
        }
        match self.printer.status() {
            Ok(condition) => self.report_condition(condition.fault()),
            Err(fault) => self.report_lost(fault),
        }
    }

    /// Reports why the connected printer does not print, if that has changed: what its status shows, or else why it refuses every
    /// document.
    fn report_condition(&mut self, status: Option<Fault>) {
        self.cannot_print = status;
        let fault = status.or(self.refuses);
        if self.condition_reported != Some(fault) {
            self.condition_reported = Some(fault);
            let explained = fault.map(|fault| explain(CANNOT_PRINT, fault, &*self.printer));
            self.listener
                .send(News::Remark(Remark::Condition(explained)));
        }
    }

    pub(super) fn report_lost(&mut self, fault: Fault) {
        self.connected = false;
        if self.loss_reported != Some(fault) {
            self.loss_reported = Some(fault);
            let lost = explain(CANNOT_BE_REACHED, fault, &*self.printer);
            self.listener.send(News::Lost(lost));
        }
    }

    /// Stores the printer's counters; `None` means that they are not known any more. Reports a changed last Z-report.
    fn set_counters(&mut self, counters: Option<Baseline>) {
        let z_number =
            |counters: &Option<Baseline>| counters.as_ref().and_then(|known| known.z_number);
        if counters.is_some()
            && z_number(&counters) != z_number(&self.baseline)
            && let Some(day) = self.printer.last_z()
        {
            self.listener.send(News::LastZ(Box::new(day)));
        }
        self.baseline = counters;
    }

    /// Reads the counters of an idle printer, and reports them if they have changed.
    fn check_counters(&mut self) {
        self.counters_read_at = self.clock.monotonic();
        match self.printer.counters() {
            Ok(counters) => {
                self.last_used_at = self.clock.monotonic();
                if self.baseline.as_ref() != Some(&counters) {
                    self.set_counters(Some(counters.clone()));
                    self.listener.send(News::Counters(Box::new(counters)));
                }
                self.report_clock();
            }
            Err(fault) => self.report_lost(fault),
        }
    }

    /// Reports what the printer's clock shows. A printer without a clock, or whose clock is not answered now, reports nothing.
    fn report_clock(&mut self) {
        let shown = self.printer.clock().ok();
        if let Some(shown) = shown.as_deref().and_then(PrinterTime::read) {
            self.clock_ahead_s = self.seconds_ahead(shown);
            self.listener.send(News::Remark(Remark::Clock(shown)));
        }
    }

    /// Reports what the printer's clock showed after a sale, if the clock was set since it was reported last.
    fn report_changed_clock(&mut self, shown: PrinterTime) {
        let ahead_s = self.seconds_ahead(shown);
        let apart = ahead_s.zip(self.clock_ahead_s);
        if apart.is_none_or(|(now, then)| now.abs_diff(then) > CLOCK_SET_S) {
            self.clock_ahead_s = ahead_s;
            self.listener.send(News::Remark(Remark::Clock(shown)));
        }
    }

    /// How many seconds the printer's clock is ahead of the machine's.
    fn seconds_ahead(&self, shown: PrinterTime) -> Option<i64> {
        seconds_apart(self.clock.now(), shown)
    }

    /// Reads the counters again after an idle time, because the connection may be dead or people may have used the printer.
    /// A slip must begin with the printer's present counters.
    fn check_idle_connection(&mut self) {
        if self.clock.monotonic().duration_since(self.last_used_at) <= IDLE_BEFORE_CHECK {
            return;
        }
        match self.printer.counters() {
            Ok(counters) => self.set_counters(Some(counters)),
            // If this connection fails too, the job itself finds that out and begins nothing.
            Err(_) => {
                let _ = self.printer.connect();
            }
        }
    }

    fn perform(&mut self, mut document: SealingJob) {
        self.kept = None;
        // The job's first question to the printer finds a dead connection, or counters that people have changed.
        self.pause = PAUSE_MIN;
        let outcome = self.attempt(&mut document, |printer, document, watch| {
            printer.perform(&document.job, &document.baseline, watch)
        });
        if let Performed::Registered(registered) = &outcome
            && let Some(shown) = registered.printed_at
        {
            self.report_changed_clock(shown);
        }
        // A receipt that is settled later may be settled after the seller has left the drawer.
        let opens_drawer = document.opens_drawer
            && !self.printer.opens_drawer_itself()
            && matches!(outcome, Performed::Registered(_));
        let id = document.id;
        self.settle(document, Settled::of_performed(outcome));
        if opens_drawer {
            self.pulse(id);
        }
    }

    /// Opens the drawer for a payment. The pulse is tried once: a drawer that stays closed is opened by hand.
    fn pulse(&mut self, id: Uuid) {
        match self.try_once(&Job::Drawer, |_| true).0 {
            Attempt::Done => {}
            Attempt::NotDone(reason) | Attempt::Unknown(reason) => {
                tracing::warn!(%id, %reason, "the drawer was not opened for a payment");
            }
        }
    }

    fn recover(&mut self, mut document: SealingJob) {
        self.pause = PAUSE_MIN;
        let outcome = self.attempt(&mut document, recover_job);
        self.settle(document, Settled::of_recovered(outcome));
    }

    /// One attempt to settle a document. A decision to cancel is kept in the document's evidence for the next attempt.
    pub(super) fn attempt<Outcome>(
        &mut self,
        document: &mut SealingJob,
        ask: impl FnOnce(&mut dyn FiscalPrinter, &SealingJob, &mut dyn Watch) -> Outcome,
    ) -> Outcome {
        if let Job::Receipt(receipt) = &mut document.job
            && let Some(refund) = &mut receipt.refund_of
            && let Some(slip) = &document.return_slip
        {
            refund.slip = slip.lines(&*self.printer);
        }
        let mut watch = JournalingWatch {
            listener: &*self.listener,
            id: document.id,
            decided: document.evidence.cancel_decided,
        };
        let outcome = ask(&mut *self.printer, document, &mut watch);
        document.evidence.cancel_decided = watch.decided;
        outcome
    }

    /// Reports the outcome of a document. If it is unknown, the worker asks again after a pause, and prints nothing meanwhile.
    pub(super) fn settle(&mut self, document: SealingJob, outcome: Result<Settled, Fault>) {
        let settled = match outcome {
            Ok(settled) => settled,
            Err(fault) => {
                self.report_unknown(&document, fault);
                self.state = WorkerState::Settling(Box::new(document));
                return;
            }
        };
        if let Settled::Absent(evidence, _) = &settled {
            tracing::info!(
                target: "ferrotill::seal::printer",
                id = %document.id,
                "no document was made: {} ({:?})", evidence.proof(), evidence.counters()
            );
        }
        self.reported_fault = None;
        self.pause = PAUSE_MIN;
        self.last_used_at = self.clock.monotonic();
        self.loss_reported = None;
        if let Settled::NotBegun(no_document) | Settled::Absent(_, no_document) = &settled
            && no_document.fault.refuses_every_document()
        {
            self.refuses = Some(no_document.fault);
        }
        self.set_counters(match &settled {
            Settled::Registered(registered) => Some(registered.after.clone()),
            Settled::NotBegun(no_document) | Settled::Absent(_, no_document) => {
                no_document.after.clone()
            }
        });
        // If the counters could not be read, the connection counts as lost, and the next connection reads them.
        self.connected = self.baseline.is_some();
        let is_made = matches!(settled, Settled::Registered(_));
        self.tell_outcome(document.id, News::Settled(document.id, Box::new(settled)));
        self.check_condition_after(is_made);
    }

    /// After a job: a printer that has printed can print, and one that has not is asked why.
    fn check_condition_after(&mut self, is_made: bool) {
        if is_made {
            self.refuses = None;
            self.report_condition(None);
        } else {
            self.check_condition();
        }
    }

    /// Reports the outcome of a document, and keeps it until it is confirmed.
    pub(super) fn tell_outcome(&mut self, id: Uuid, outcome: News) {
        self.kept = Some((id, outcome.clone()));
        self.listener.send(outcome);
    }

    /// The clerk asks about a document that is outstanding in the journal. Reports its outcome again if the clerk could not write it.
    fn tell_again(&self, id: Uuid) -> bool {
        let kept = self.kept.as_ref().filter(|(kept_id, _)| *kept_id == id);
        let Some((_, outcome)) = kept else {
            return false;
        };
        self.listener.send(outcome.clone());
        // The counters may have been read after the outcome, and the clerk takes the counters of the outcome.
        if let Some(counters) = self.baseline.clone() {
            self.listener.send(News::Counters(Box::new(counters)));
        }
        true
    }

    fn confirm(&mut self, id: Uuid) {
        self.kept.take_if(|(kept_id, _)| *kept_id == id);
    }

    fn slip(&mut self, id: Uuid, slip: &DocumentSlip) {
        if slip.opens_drawer() {
            // The drawer is opened first: the change is given while the slip is printed. A drawer that stays closed is no reason to
            // keep the slip.
            self.pulse(id);
        }
        let job = slip.job(&*self.printer);
        let (attempt, after) = self.try_once(&job, |_| true);
        let reason = match attempt {
            Attempt::Done => None,
            Attempt::NotDone(reason) | Attempt::Unknown(reason) => Some(reason),
        };
        let is_made = reason.is_none();
        self.listener.send(News::SlipDone(id, reason, after));
        self.check_condition_after(is_made);
    }

    fn drawer(&mut self, permit: &Permit) {
        let (attempt, after) = self.try_once(&Job::Drawer, |now| permit.take(now));
        let outcome = match attempt {
            Attempt::Done => DrawerOutcome::Opened,
            Attempt::NotDone(reason) => DrawerOutcome::NotOpened(reason),
            Attempt::Unknown(reason) => DrawerOutcome::Unknown(reason),
        };
        self.listener.send(News::DrawerDone(outcome, after));
    }

    /// Carries out a job that is not in the journal. The job is tried once, if `may_begin` says so at the moment at which it would begin.
    /// Returns the result of the attempt, and the counters afterwards.
    fn try_once(
        &mut self,
        job: &Job,
        may_begin: impl FnOnce(Instant) -> bool,
    ) -> (Attempt, Option<Baseline>) {
        if !self.connected && !self.connect() {
            return (Attempt::NotDone(UNREACHABLE.to_owned()), None);
        }
        self.check_idle_connection();
        let Some(before) = self.baseline.clone() else {
            return (Attempt::NotDone(UNREACHABLE.to_owned()), None);
        };
        if !may_begin(self.clock.monotonic()) {
            return (Attempt::NotDone(TOO_LATE.to_owned()), Some(before));
        }
        let outcome = self.printer.perform(job, &before, &mut LoggingWatch);
        self.last_used_at = self.clock.monotonic();
        match outcome {
            Performed::Registered(registered) => {
                self.set_counters(Some(registered.after.clone()));
                (Attempt::Done, Some(registered.after))
            }
            Performed::NotBegun(no_document) | Performed::Absent(_, no_document) => {
                self.connected = no_document.after.is_some();
                self.set_counters(no_document.after.clone());
                let reason = no_document.fault.to_string();
                (Attempt::NotDone(reason), no_document.after)
            }
            Performed::Unknown(fault) => {
                self.report_lost(fault);
                (Attempt::Unknown(fault.to_string()), None)
            }
        }
    }
}

/// What became of a job that was tried once.
enum Attempt {
    /// The job is done.
    Done,
    /// The job is not done, for this reason.
    NotDone(String),
    /// Whether the job is done is not known, for this reason.
    Unknown(String),
}

/// A fault of the printer as a message to people, with the printer's port as its place.
fn explain(what: &'static str, fault: Fault, printer: &dyn FiscalPrinter) -> Explanation {
    let (why, fix) = fault.words();
    let families = printer.families_of_model();
    let fix = if fault == Fault::WrongFamily && !families.is_empty() {
        format!(
            "write {} before the + of its address, instead of {}",
            families.join(" or "),
            printer.family()
        )
    } else {
        fix.to_owned()
    };
    Explanation::new(what, printer.address(), why, fix)
}

/// The next pause between two attempts: twice as long, up to [`PAUSE_MAX`].
pub(super) fn longer_pause(pause: Duration) -> Duration {
    pause.saturating_mul(2).min(PAUSE_MAX)
}

const CANNOT_PRINT: &str = "the printer cannot print";
const CANNOT_BE_REACHED: &str = "the printer cannot be used";
/// Why a job was not begun although the printer was free.
const TOO_LATE: &str = "the waiting time of the caller was over before the printer was free";
/// Why a job was not begun.
const UNREACHABLE: &str = "the printer cannot be reached";
/// Why a slip or a drawer request is refused while a document is unsettled.
const UNSETTLED: &str = "the printer has a document that is not settled yet";

/// Asks the printer what became of a document that was begun.
pub(super) fn recover_job(
    printer: &mut dyn FiscalPrinter,
    document: &SealingJob,
    watch: &mut dyn Watch,
) -> Recovered {
    printer.recover(&document.job, &document.baseline, &document.evidence, watch)
}

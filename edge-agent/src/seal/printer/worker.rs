//! The worker that owns a printer's port: one task at a time, and it asks on until a document is settled.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::time::{Duration, Instant};

use ferrotill_device::Fault;
use ferrotill_device::printer::{Baseline, FiscalPrinter, Job, Outcome, Watch};
use uuid::Uuid;

use super::watch::{JournalingWatch, Silent};
use super::{Listener, News, SealingJob, Settled, Task};
use crate::time::clock::Clock;

/// What a worker is at.
#[derive(Debug)]
pub(super) enum WorkerState {
    /// Until the books have been read nobody knows whose receipt is open: it may be the one to be settled.
    NotStarted,
    /// It has nothing to settle.
    Idle,
    /// It asks on until the device says what became of a document.
    Settling(Box<SealingJob>),
}

/// The printer's task from inside: it owns the port, and does one thing at a time.
pub struct PrinterWorker {
    pub(super) printer: Box<dyn FiscalPrinter>,
    pub(super) listener: Box<dyn Listener>,
    inbox: Receiver<Task>,
    pub(super) state: WorkerState,
    /// When it works without being told to; never before its first task.
    wake_at: Option<Instant>,
    /// The pause until the next attempt to reach the printer.
    pub(super) pause: Duration,
    pub(super) connected: bool,
    /// The counters as of the last settled answer.
    pub(super) baseline: Option<Baseline>,
    last_use: Instant,
    pub(super) loss_reported: bool,
    /// Why the document is not settled, as people were told.
    pub(super) unsettled: Option<Fault>,
    clock: Arc<Clock>,
    idle_check: Duration,
}

/// A connection that has been idle for so long is asked where it stands, before a slip is begun or the drawer opened.
const IDLE_BEFORE_CHECK: Duration = Duration::from_secs(5);
/// A printer with nothing to do is looked at so often: its own Z-report and a pulled cable are noticed by then.
pub(super) const IDLE_CHECK_EVERY: Duration = Duration::from_secs(30);
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
            wake_at: None,
            pause: PAUSE_MIN,
            connected: false,
            baseline: None,
            last_use: clock.monotonic(),
            loss_reported: false,
            unsettled: None,
            clock,
            idle_check,
        }
    }

    pub(super) fn run(mut self) {
        loop {
            let heard = match self.wake_at {
                None => self
                    .inbox
                    .recv()
                    .map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => {
                    let wait = at.saturating_duration_since(self.clock.monotonic());
                    self.inbox.recv_timeout(wait)
                }
            };
            if self.step(heard).is_break() {
                return;
            }
        }
    }

    /// Does the next thing if there is one now, and waits for nothing. It breaks off once it is told to stop.
    pub fn turn(&mut self) -> ControlFlow<()> {
        match self.inbox.try_recv() {
            Ok(task) => self.step(Ok(task)),
            Err(TryRecvError::Disconnected) => ControlFlow::Break(()),
            Err(TryRecvError::Empty) => {
                let due = self.wake_at.is_some_and(|at| at <= self.clock.monotonic());
                if due {
                    self.step(Err(RecvTimeoutError::Timeout))
                } else {
                    ControlFlow::Continue(())
                }
            }
        }
    }

    /// One thing: a task, or what is due when none came in time.
    fn step(&mut self, heard: Result<Task, RecvTimeoutError>) -> ControlFlow<()> {
        match (std::mem::replace(&mut self.state, WorkerState::Idle), heard) {
            (_, Ok(Task::Stop) | Err(RecvTimeoutError::Disconnected)) => {
                return ControlFlow::Break(());
            }
            (WorkerState::Settling(document), Ok(Task::Release(declaration)))
                if document.id == declaration.id =>
            {
                self.release(*document, declaration);
            }
            (WorkerState::Settling(document), Ok(task)) => {
                self.reject(&task);
                // The pause goes on.
                self.state = WorkerState::Settling(document);
                return ControlFlow::Continue(());
            }
            (WorkerState::Settling(mut document), Err(RecvTimeoutError::Timeout)) => {
                self.pause = longer(self.pause);
                let outcome = self.attempt(&mut document, ask_again);
                self.settle(*document, outcome);
            }
            (_, Ok(Task::Perform(document))) => self.perform(document),
            (_, Ok(Task::Recover(document))) => self.recover(document),
            (state, Ok(task @ Task::Release(_))) => {
                self.reject(&task);
                self.state = state;
                return ControlFlow::Continue(());
            }
            (WorkerState::NotStarted, Ok(_)) | (WorkerState::Idle, Ok(Task::Begin)) => {}
            (WorkerState::Idle, Ok(Task::Slip(id, job))) => self.slip(id, &job),
            (WorkerState::Idle, Ok(Task::Drawer)) => self.drawer(),
            (_, Err(RecvTimeoutError::Timeout)) if self.connected => self.look(),
            (_, Err(RecvTimeoutError::Timeout)) => self.pause = longer(self.pause),
        }
        if matches!(self.state, WorkerState::Idle) && !self.connected && self.connect() {
            self.pause = PAUSE_MIN;
        }
        let wait = match self.state {
            WorkerState::Idle if self.connected => self.idle_check,
            _ => self.pause,
        };
        self.wake_at = Some(self.clock.monotonic() + wait);
        ControlFlow::Continue(())
    }

    /// While a document is unsettled, slips and pulses are turned down; and nobody speaks for a document that is not.
    fn reject(&self, task: &Task) {
        match task {
            Task::Slip(id, _) => {
                let words = Some(UNSETTLED.to_owned());
                self.listener.send(News::SlipDone(*id, words, None));
            }
            Task::Drawer => {
                let words = Some(UNSETTLED.to_owned());
                self.listener.send(News::DrawerDone(words, None));
            }
            Task::Release(declaration) => {
                let words = "the printer is not being asked about this document".to_owned();
                self.listener
                    .send(News::ReleaseRefused(declaration.id, words));
            }
            // The clerk has one document outstanding at a time and asks for it once.
            Task::Begin | Task::Perform(_) | Task::Recover(_) | Task::Stop => {}
        }
    }

    /// Connects and clears what is left over. True if the printer is there.
    fn connect(&mut self) -> bool {
        let connected = self.printer.connect().and_then(|mut connected| {
            if connected.receipt_open {
                // No document of ours is being printed: one that was would be recovered, and recovery ends it.
                connected.baseline = self.printer.clear_leftover(&mut Silent)?;
                connected.receipt_open = false;
            }
            Ok(connected)
        });
        match connected {
            Ok(connected) => {
                self.connected = true;
                self.take_counters(Some(connected.baseline.clone()));
                self.loss_reported = false;
                self.last_use = self.clock.monotonic();
                self.listener.send(News::Ready(Box::new(connected)));
            }
            Err(fault) => self.lost(&fault.to_string()),
        }
        self.connected
    }

    pub(super) fn lost(&mut self, words: &str) {
        self.connected = false;
        if !self.loss_reported {
            self.loss_reported = true;
            self.listener.send(News::Lost(words.to_owned()));
        }
    }

    /// The counters are known now, or are not known any more. A Z-report that nobody here asked for shows in them.
    fn take_counters(&mut self, counters: Option<Baseline>) {
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

    /// Reads the counters of a printer that has nothing to do, and tells them where they are others than they were.
    fn look(&mut self) {
        match self.printer.counters() {
            Ok(counters) => {
                self.last_use = self.clock.monotonic();
                if self.baseline.as_ref() != Some(&counters) {
                    self.take_counters(Some(counters.clone()));
                    self.listener.send(News::Counters(Box::new(counters)));
                }
            }
            Err(fault) => self.lost(&fault.to_string()),
        }
    }

    /// A connection that was idle may be dead, and people may have been at the printer: a slip begins where the printer stands.
    fn wake(&mut self) {
        if self.clock.monotonic().duration_since(self.last_use) <= IDLE_BEFORE_CHECK {
            return;
        }
        match self.printer.counters() {
            Ok(counters) => self.take_counters(Some(counters)),
            // A failed reconnection is found by the job itself, which then has begun nothing.
            Err(_) => {
                let _ = self.printer.connect();
            }
        }
    }

    fn perform(&mut self, mut document: SealingJob) {
        // A line that died while it was idle, and people who were at the printer, are found by the job's own first question.
        self.pause = PAUSE_MIN;
        let outcome = self.attempt(&mut document, |printer, document, watch| {
            printer.perform(&document.job, &document.baseline, watch)
        });
        self.settle(document, outcome);
    }

    fn recover(&mut self, mut document: SealingJob) {
        self.pause = PAUSE_MIN;
        let outcome = self.attempt(&mut document, ask_again);
        self.settle(document, outcome);
    }

    /// One attempt; a decision to cancel that it makes is remembered for the next one.
    pub(super) fn attempt(
        &mut self,
        document: &mut SealingJob,
        ask: impl FnOnce(&mut dyn FiscalPrinter, &SealingJob, &mut dyn Watch) -> Outcome,
    ) -> Outcome {
        let mut watch = JournalingWatch {
            listener: &*self.listener,
            id: document.id,
            decided: document.books.cancel_decided,
        };
        let outcome = ask(&mut *self.printer, document, &mut watch);
        document.books.cancel_decided = watch.decided;
        outcome
    }

    /// A document is settled, or is asked for again after a pause until the device says what became of it.
    /// Nothing is printed on hope.
    pub(super) fn settle(&mut self, document: SealingJob, outcome: Outcome) {
        let settled = match outcome {
            Outcome::Registered(registered) => Settled::Registered(Box::new(registered)),
            Outcome::NotRegistered(not_registered) => Settled::NotRegistered(not_registered),
            Outcome::Unknown(fault) => {
                self.unknown(document.id, fault);
                self.state = WorkerState::Settling(Box::new(document));
                return;
            }
        };
        self.unsettled = None;
        self.pause = PAUSE_MIN;
        self.last_use = self.clock.monotonic();
        self.loss_reported = false;
        self.take_counters(match &settled {
            Settled::Registered(registered) => Some(registered.after.clone()),
            Settled::NotRegistered(not_registered) => not_registered.after.clone(),
        });
        // Counters that were not read mean a connection that cannot be trusted: the next one reads them again.
        self.connected = self.baseline.is_some();
        self.listener.send(News::Settled(document.id, settled));
    }

    fn slip(&mut self, id: Uuid, job: &Job) {
        let (words, after) = self.unimportant(job);
        self.listener.send(News::SlipDone(id, words, after));
    }

    fn drawer(&mut self) {
        let (words, after) = self.unimportant(&Job::Drawer);
        self.listener.send(News::DrawerDone(words, after));
    }

    /// Something that is tried once, and that no book depends on.
    fn unimportant(&mut self, job: &Job) -> (Option<String>, Option<Baseline>) {
        if !self.connected && !self.connect() {
            return (Some("the printer cannot be reached".to_owned()), None);
        }
        self.wake();
        let Some(before) = self.baseline.clone() else {
            return (Some("the printer cannot be reached".to_owned()), None);
        };
        let outcome = self.printer.perform(job, &before, &mut Silent);
        self.last_use = self.clock.monotonic();
        match outcome {
            Outcome::Registered(registered) => {
                self.take_counters(Some(registered.after.clone()));
                (None, Some(registered.after))
            }
            Outcome::NotRegistered(not_registered) => {
                self.connected = not_registered.after.is_some();
                self.take_counters(not_registered.after.clone());
                (Some(not_registered.fault.to_string()), not_registered.after)
            }
            Outcome::Unknown(fault) => {
                self.lost(&fault.to_string());
                (Some(fault.to_string()), None)
            }
        }
    }
}

/// The pause after a pause: twice as long, up to a limit, for ever.
pub(super) fn longer(pause: Duration) -> Duration {
    pause.saturating_mul(2).min(PAUSE_MAX)
}

/// What is said of a slip while a document is unsettled.
const UNSETTLED: &str = "the printer has a document that is not settled yet";

/// Finds out what became of a document that was begun.
pub(super) fn ask_again(
    printer: &mut dyn FiscalPrinter,
    document: &SealingJob,
    watch: &mut dyn Watch,
) -> Outcome {
    printer.recover(&document.job, &document.baseline, &document.books, watch)
}

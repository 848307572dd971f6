//! The printer's task: one thread for each device, which alone owns its port.
//!
//! It connects, and connects again for ever; it carries out one thing after another, and it does not let go of a document
//! before the device has settled it, or a person has said what the device cannot.
//! The clerk never waits for it: what became of a thing comes back as a message.

mod unproven;
mod watch;

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::time::{Duration, Instant};

use ferrotill_device::Fault;
use ferrotill_device::printer::{
    Baseline, ClosedDay, Connected, FiscalPrinter, Job, JournalEvidence, NotRegistered, Outcome,
    Registered, Watch,
};
use uuid::Uuid;

use crate::clock::Clock;
use crate::order::Declaration;
use watch::{DurableWatch, Silent};

/// What the printer is asked for.
#[derive(Debug)]
pub enum Task {
    /// Nothing is outstanding: connect, and clear what is left over.
    Begin,
    /// Carry out a document from its start.
    Perform(Document),
    /// Find out what became of a document that was begun earlier.
    Recover(Document),
    /// Let go of a document that the printer cannot prove: a person says what became of it.
    Leave(Box<Declaration>),
    /// Print a slip that nothing depends on.
    Slip(Uuid, Job),
    /// Open the drawer.
    Drawer,
    /// End the thread.
    Stop,
}

/// A document for the printer.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its id.
    pub id: Uuid,
    /// What is to be printed.
    pub job: Job,
    /// What the printer said before.
    pub baseline: Baseline,
    /// What else the books say of it.
    pub books: JournalEvidence,
}

/// What the printer's task tells.
#[derive(Debug, Clone)]
pub enum News {
    /// The printer is there.
    Ready(Box<Connected>),
    /// The printer is not there, or not any more; the words are for people.
    Lost(String),
    /// The printer's counters are others than they were: somebody was at work there.
    Counters(Box<Baseline>),
    /// The last Z-report in its memory is another one; told before the news that bring its counters.
    LastZ(Box<ClosedDay>),
    /// A document is settled.
    Settled(Uuid, Settled),
    /// What became of a document cannot be proved by the printer; it is asked on, and a person may say it.
    Unproven(Uuid, Fault),
    /// The document was let go of: the printer cannot prove what a person says.
    Left(Box<Declaration>, Fault),
    /// A document was not let go of; the words say why the printer can still speak for it.
    Kept(Uuid, String),
    /// A slip is done; the words are what went wrong.
    SlipDone(Uuid, Option<String>, Option<Baseline>),
    /// The drawer was opened, or why not.
    DrawerDone(Option<String>, Option<Baseline>),
}

/// How a document ended.
#[derive(Debug, Clone)]
pub enum Settled {
    /// In the printer's memory, once.
    Registered(Box<Registered>),
    /// Not in the printer's memory.
    NotRegistered(NotRegistered),
}

/// Who hears the news of a printer, and makes a decision durable.
pub trait Listener: Send {
    /// Something happened.
    fn tell(&self, news: News);
    /// The decision to cancel a document is to be made durable; true once it is.
    fn decide_cancel(&self, id: Uuid) -> bool;
}

/// The printer's task, seen from outside.
#[derive(Debug)]
pub struct PrinterTask {
    /// None where the device has no printer.
    tasks: Option<Sender<Task>>,
}

impl PrinterTask {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The system cannot make a thread.
    pub fn start(
        name: &str,
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
    ) -> std::io::Result<Self> {
        Self::start_looking(name, printer, listener, clock, IDLE_LOOK)
    }

    /// The same, with the time after which a printer with nothing to do is looked at.
    fn start_looking(
        name: &str,
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
        idle_look: Duration,
    ) -> std::io::Result<Self> {
        let (task, worker) = Self::stepped(printer, listener, clock, idle_look);
        std::thread::Builder::new()
            .name(format!("printer {name}"))
            .spawn(move || worker.run())?;
        Ok(task)
    }

    /// The task, and the worker behind it that [`start`](Self::start) gives a thread: whoever has it decides when it works.
    #[must_use]
    pub fn by_hand(
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
    ) -> (Self, Worker) {
        Self::stepped(printer, listener, clock, IDLE_LOOK)
    }

    fn stepped(
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
        idle_look: Duration,
    ) -> (Self, Worker) {
        let (tasks, inbox) = channel();
        let worker = Worker {
            printer,
            listener,
            inbox,
            doing: Doing::Nothing,
            wake_at: None,
            pause: PAUSE_MIN,
            connected: false,
            baseline: None,
            last_use: clock.monotonic(),
            told_lost: false,
            unsettled: None,
            clock,
            idle_look,
        };
        (Self { tasks: Some(tasks) }, worker)
    }

    /// The task of a device without a printer, where the law does not ask for one.
    #[must_use]
    pub const fn none() -> Self {
        Self { tasks: None }
    }

    /// The device has a printer, reachable or not.
    #[must_use]
    pub const fn is_there(&self) -> bool {
        self.tasks.is_some()
    }

    /// Asks for something. A thread that has ended hears nothing, and the document is settled after the next start.
    pub fn ask(&self, task: Task) {
        if let Some(tasks) = &self.tasks
            && tasks.send(task).is_err()
        {
            tracing::warn!("the printer's thread has ended");
        }
    }
}

impl Drop for PrinterTask {
    fn drop(&mut self) {
        // The thread ends by itself. A document that the device does not settle is left to the next start: it is in the journal.
        if let Some(tasks) = &self.tasks {
            let _ = tasks.send(Task::Stop);
        }
    }
}

/// What a worker is at.
#[derive(Debug)]
enum Doing {
    /// Until the books have been read nobody knows whose receipt is open: it may be the one to be settled.
    Nothing,
    /// It has nothing to settle.
    Resting,
    /// It asks on until the device says what became of a document.
    Settling(Box<Document>),
}

/// The printer's task from inside: it owns the port, and does one thing at a time.
pub struct Worker {
    printer: Box<dyn FiscalPrinter>,
    listener: Box<dyn Listener>,
    inbox: Receiver<Task>,
    doing: Doing,
    /// When it works without being told to; never before its first task.
    wake_at: Option<Instant>,
    /// The pause until the next attempt to reach the printer.
    pause: Duration,
    connected: bool,
    /// The counters as of the last settled answer.
    baseline: Option<Baseline>,
    last_use: Instant,
    told_lost: bool,
    /// Why the document is not settled, as people were told.
    unsettled: Option<Fault>,
    clock: Arc<Clock>,
    idle_look: Duration,
}

/// A connection that has been idle for so long is asked where it stands, before a slip is begun or the drawer opened.
const IDLE_BEFORE_CHECK: Duration = Duration::from_secs(5);
/// A printer with nothing to do is looked at so often: its own Z-report and a pulled cable are noticed by then.
const IDLE_LOOK: Duration = Duration::from_secs(30);
/// The first pause between two attempts to reach a printer.
const PAUSE_MIN: Duration = Duration::from_millis(200);
/// The longest pause between two attempts to reach a printer.
const PAUSE_MAX: Duration = Duration::from_secs(2);

impl Worker {
    fn run(mut self) {
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
        match (std::mem::replace(&mut self.doing, Doing::Resting), heard) {
            (_, Ok(Task::Stop) | Err(RecvTimeoutError::Disconnected)) => {
                return ControlFlow::Break(());
            }
            (Doing::Settling(document), Ok(Task::Leave(declaration)))
                if document.id == declaration.id =>
            {
                self.leave(*document, declaration);
            }
            (Doing::Settling(document), Ok(task)) => {
                self.turn_down(&task);
                // The pause goes on.
                self.doing = Doing::Settling(document);
                return ControlFlow::Continue(());
            }
            (Doing::Settling(mut document), Err(RecvTimeoutError::Timeout)) => {
                self.pause = longer(self.pause);
                let outcome = self.attempt(&mut document, ask_again);
                self.settle(*document, outcome);
            }
            (_, Ok(Task::Perform(document))) => self.perform(document),
            (_, Ok(Task::Recover(document))) => self.recover(document),
            (doing, Ok(task @ Task::Leave(_))) => {
                self.turn_down(&task);
                self.doing = doing;
                return ControlFlow::Continue(());
            }
            (Doing::Nothing, Ok(_)) | (Doing::Resting, Ok(Task::Begin)) => {}
            (Doing::Resting, Ok(Task::Slip(id, job))) => self.slip(id, &job),
            (Doing::Resting, Ok(Task::Drawer)) => self.drawer(),
            (_, Err(RecvTimeoutError::Timeout)) if self.connected => self.look(),
            (_, Err(RecvTimeoutError::Timeout)) => self.pause = longer(self.pause),
        }
        if matches!(self.doing, Doing::Resting) && !self.connected && self.connect() {
            self.pause = PAUSE_MIN;
        }
        let wait = match self.doing {
            Doing::Resting if self.connected => self.idle_look,
            _ => self.pause,
        };
        self.wake_at = Some(self.clock.monotonic() + wait);
        ControlFlow::Continue(())
    }

    /// While a document is unsettled, slips and pulses are turned down; and nobody speaks for a document that is not.
    fn turn_down(&self, task: &Task) {
        match task {
            Task::Slip(id, _) => {
                let words = Some(UNSETTLED.to_owned());
                self.listener.tell(News::SlipDone(*id, words, None));
            }
            Task::Drawer => {
                let words = Some(UNSETTLED.to_owned());
                self.listener.tell(News::DrawerDone(words, None));
            }
            Task::Leave(declaration) => {
                let words = "the printer is not being asked about this document".to_owned();
                self.listener.tell(News::Kept(declaration.id, words));
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
                self.told_lost = false;
                self.last_use = self.clock.monotonic();
                self.listener.tell(News::Ready(Box::new(connected)));
            }
            Err(fault) => self.lost(&fault.to_string()),
        }
        self.connected
    }

    fn lost(&mut self, words: &str) {
        self.connected = false;
        if !self.told_lost {
            self.told_lost = true;
            self.listener.tell(News::Lost(words.to_owned()));
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
            self.listener.tell(News::LastZ(Box::new(day)));
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
                    self.listener.tell(News::Counters(Box::new(counters)));
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

    fn perform(&mut self, mut document: Document) {
        // A line that died while it was idle, and people who were at the printer, are found by the job's own first question.
        self.pause = PAUSE_MIN;
        let outcome = self.attempt(&mut document, |printer, document, watch| {
            printer.perform(&document.job, &document.baseline, watch)
        });
        self.settle(document, outcome);
    }

    fn recover(&mut self, mut document: Document) {
        self.pause = PAUSE_MIN;
        let outcome = self.attempt(&mut document, ask_again);
        self.settle(document, outcome);
    }

    /// One attempt; a decision to cancel that it makes is remembered for the next one.
    fn attempt(
        &mut self,
        document: &mut Document,
        ask: impl FnOnce(&mut dyn FiscalPrinter, &Document, &mut dyn Watch) -> Outcome,
    ) -> Outcome {
        let mut watch = DurableWatch {
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
    fn settle(&mut self, document: Document, outcome: Outcome) {
        let settled = match outcome {
            Outcome::Registered(registered) => Settled::Registered(Box::new(registered)),
            Outcome::NotRegistered(not_registered) => Settled::NotRegistered(not_registered),
            Outcome::Unknown(fault) => {
                self.unknown(document.id, fault);
                self.doing = Doing::Settling(Box::new(document));
                return;
            }
        };
        self.unsettled = None;
        self.pause = PAUSE_MIN;
        self.last_use = self.clock.monotonic();
        self.told_lost = false;
        self.take_counters(match &settled {
            Settled::Registered(registered) => Some(registered.after.clone()),
            Settled::NotRegistered(not_registered) => not_registered.after.clone(),
        });
        // Counters that were not read mean a connection that cannot be trusted: the next one reads them again.
        self.connected = self.baseline.is_some();
        self.listener.tell(News::Settled(document.id, settled));
    }

    fn slip(&mut self, id: Uuid, job: &Job) {
        let (words, after) = self.unimportant(job);
        self.listener.tell(News::SlipDone(id, words, after));
    }

    fn drawer(&mut self) {
        let (words, after) = self.unimportant(&Job::Drawer);
        self.listener.tell(News::DrawerDone(words, after));
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
fn longer(pause: Duration) -> Duration {
    pause.saturating_mul(2).min(PAUSE_MAX)
}

/// What is said of a slip while a document is unsettled.
const UNSETTLED: &str = "the printer has a document that is not settled yet";

/// Finds out what became of a document that was begun.
fn ask_again(
    printer: &mut dyn FiscalPrinter,
    document: &Document,
    watch: &mut dyn Watch,
) -> Outcome {
    printer.recover(&document.job, &document.baseline, &document.books, watch)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Sender, channel};
    use std::sync::{Arc, Mutex};

    use ferrotill_core::Amount;
    use ferrotill_device::Fault;
    use ferrotill_device::printer::{
        Baseline, ClosedDay, Condition, Connected, FiscalPrinter, Job, JournalEvidence, Outcome,
        Watch,
    };
    use uuid::Uuid;

    use super::{Clock, Duration, Listener, News, PAUSE_MAX, PAUSE_MIN, PrinterTask, Task, longer};

    /// A printer whose counters somebody changes, or that somebody pulls out (none).
    struct Idle {
        counters: Arc<Mutex<Option<Baseline>>>,
        read: Option<Baseline>,
    }

    impl FiscalPrinter for Idle {
        fn connect(&mut self) -> Result<Connected, Fault> {
            self.read.clone_from(&self.counters.lock().unwrap());
            Ok(Connected {
                baseline: self.read.clone().ok_or(Fault::PortUnavailable)?,
                model: String::new(),
                firmware: String::new(),
                address: String::new(),
                clock: None,
                condition: Condition::default(),
                receipt_open: false,
                groups: [None; 8],
            })
        }

        fn last_z(&self) -> Option<ClosedDay> {
            let z_number = self.read.as_ref()?.z_number.filter(|z| *z > 0)?;
            Some(ClosedDay {
                z_number,
                groups: [Amount::ZERO; 8],
                day: String::new(),
            })
        }

        fn perform(&mut self, _: &Job, _: &Baseline, _: &mut dyn Watch) -> Outcome {
            Outcome::Unknown(Fault::PortLost)
        }

        fn recover(
            &mut self,
            _: &Job,
            _: &Baseline,
            _: &JournalEvidence,
            _: &mut dyn Watch,
        ) -> Outcome {
            Outcome::Unknown(Fault::PortLost)
        }

        fn clear_leftover(&mut self, _: &mut dyn Watch) -> Result<Baseline, Fault> {
            Err(Fault::Unclear)
        }

        fn status(&mut self) -> Result<Condition, Fault> {
            Ok(Condition::default())
        }
    }

    struct Ear(Sender<News>);

    impl Listener for Ear {
        fn tell(&self, news: News) {
            // A test that has ended hears nothing.
            let _ = self.0.send(news);
        }

        fn decide_cancel(&self, _: Uuid) -> bool {
            false
        }
    }

    #[test]
    fn what_happens_to_an_idle_printer_is_noticed_without_a_document() {
        let begun = Baseline {
            serial: "SC000001".to_owned(),
            fiscal_memory: "90000001".to_owned(),
            last_document: 7,
            next_fiscal_receipt: 7,
            z_number: Some(0),
            cash: Amount::ZERO,
            cash_in: Amount::ZERO,
            cash_out: Amount::ZERO,
        };
        let counters = Arc::new(Mutex::new(Some(begun.clone())));
        let printer = Idle {
            counters: Arc::clone(&counters),
            read: None,
        };
        let (ear, news) = channel();
        let clock = Arc::new(Clock::new(None).unwrap());
        let look = Duration::from_millis(5);
        let printer: Box<dyn FiscalPrinter> = Box::new(printer);
        let task =
            PrinterTask::start_looking("idle", printer, Box::new(Ear(ear)), clock, look).unwrap();
        task.ask(Task::Begin);
        let next = || news.recv_timeout(Duration::from_secs(20)).expect("news");
        assert!(matches!(next(), News::Ready(_)));
        let closed = Baseline {
            last_document: 8,
            next_fiscal_receipt: 1,
            z_number: Some(1),
            ..begun
        };
        *counters.lock().unwrap() = Some(closed.clone());
        let day = next();
        assert!(
            matches!(&day, News::LastZ(day) if day.z_number == 1),
            "{day:?}"
        );
        let told = next();
        assert!(
            matches!(&told, News::Counters(told) if **told == closed),
            "{told:?}"
        );
        // Nothing is told twice: the next news is that the cable was pulled, and then that it is back.
        *counters.lock().unwrap() = None;
        let lost = next();
        assert!(matches!(lost, News::Lost(_)), "{lost:?}");
        *counters.lock().unwrap() = Some(closed);
        let back = next();
        assert!(matches!(back, News::Ready(_)), "{back:?}");
    }

    #[test]
    fn a_printer_that_is_away_is_looked_for_for_ever_and_never_in_a_loop() {
        let mut pause = PAUSE_MIN;
        let (mut attempts, mut waited) = (1_u32, Duration::ZERO);
        // An hour on a clock that nobody waits for.
        while waited < Duration::from_secs(3_600) {
            assert!(pause >= PAUSE_MIN && pause <= PAUSE_MAX);
            waited += pause;
            attempts += 1;
            pause = longer(pause);
        }
        assert_eq!(pause, PAUSE_MAX);
        assert!(
            attempts <= 1_810,
            "{attempts}: twice in {PAUSE_MAX:?} is too often"
        );
        // It is found again within seconds, however long it was away.
        assert!(PAUSE_MAX <= Duration::from_secs(2));
    }
}

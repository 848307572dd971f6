//! The fiscal printer: one thread for each device, which alone owns the printer's port.
//!
//! The thread connects to the printer, and reconnects without end. It carries out one task after another.
//! It keeps a document until the printer has proved the outcome, or until an operator has declared what the printer cannot prove.
//! It keeps the outcome until the clerk confirms that the outcome is in the journal.
//! The clerk never waits for the thread: results come back as messages ([`News`]).

pub mod job;
mod permit;
mod sealer;
mod slip;
#[cfg(test)]
mod tests;
mod unproven;
mod watch;
mod worker;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use ferrotill_core::printer_time::PrinterTime;
use ferrotill_device::Fault;
use ferrotill_device::printer::{
    AbsenceEvidence, Baseline, ClosedDay, Connected, FiscalPrinter, Job, JournalEvidence,
    NoDocument, Performed, Recovered, Registered, UnknownAnswer,
};
use uuid::Uuid;

use crate::explanation::Explanation;
use crate::order::Declaration;
use crate::status::at_work::Part;
use crate::time::clock::Clock;
use worker::IDLE_CHECK_EVERY;

pub use permit::Permit;
pub use sealer::FiscalPrinterSealer;
pub use slip::DocumentSlip;
pub use worker::PrinterWorker;

/// A task for the printer's thread.
#[derive(Debug)]
pub enum Task {
    /// These are the configured rates of the till's tax groups A to H, in ten-thousandths of a percent.
    Rates([Option<u32>; 8]),
    /// Connect to the printer. If a receipt is open that belongs to no document of the agent, end it.
    Begin,
    /// Print a document from its beginning.
    Perform(SealingJob),
    /// Find out what became of a document that was begun earlier. The document is never printed a second time.
    Recover(SealingJob),
    /// Release a document that the printer cannot prove, because an operator has declared what became of it.
    Release(Box<Declaration>),
    /// The outcome of the document with this id is in the journal, so that the thread need not keep it any more.
    Confirm(Uuid),
    /// Print the slip of the document with this id, and open the drawer if a payment asks for it. Both are tried once.
    Slip(Uuid, DocumentSlip),
    /// Open the cash drawer, if the permit can still be taken.
    Drawer(Permit),
    /// End the thread.
    Stop,
}

/// A document that the printer seals.
#[derive(Debug, Clone)]
pub struct SealingJob {
    /// The document's request id.
    pub id: Uuid,
    /// What the printer has to do.
    pub job: Job,
    /// Whether a payment of the document opens the drawer.
    pub opens_drawer: bool,
    /// For a return: the slip that a printer without refund receipts prints. The printer's thread lays it out for its printer.
    pub return_slip: Option<DocumentSlip>,
    /// The printer's counters before the document.
    pub baseline: Baseline,
    /// What else the journal can prove about the document.
    pub evidence: JournalEvidence,
    /// From this moment on a person may settle the document if the printer does not answer.
    pub given_up_at: Instant,
}

/// News from the printer's thread.
#[derive(Debug, Clone)]
pub enum News {
    /// The printer was connected.
    Ready(Box<Connected>),
    /// The printer cannot be reached.
    Lost(Explanation),
    /// Something that people should know about the connected printer.
    Remark(Remark),
    /// The printer's counters have changed without a task from the agent: a person used the printer at its keyboard.
    Counters(Box<Baseline>),
    /// The printer's memory has a new last Z-report. This is sent before the news with the counters after that report.
    LastZ(Box<ClosedDay>),
    /// The printer has settled the document with this id.
    Settled(Uuid, Box<Settled>),
    /// The printer cannot prove what became of a document, for this reason. The printer is asked again and again until it can
    /// prove the outcome, or until an
    /// operator declares the outcome.
    Unproven(Uuid, Fault),
    /// The thread has released the declared document, because the printer cannot prove the outcome for this reason.
    Released(Box<Declaration>, Fault),
    /// The thread has not released a document; the text says why the printer may still prove the outcome.
    ReleaseRefused(Uuid, String),
    /// The number that an operator has read is larger than this last number of the printer of the document.
    NumberNotPrinted(Uuid, u32),
    /// A slip was printed, or failed with the text as reason; the counters afterwards, if they are known.
    SlipDone(Uuid, Option<String>, Option<Baseline>),
    /// What became of the drawer; the counters afterwards, if they are known.
    DrawerDone(DrawerOutcome, Option<Baseline>),
}

/// What people should know about a connected printer.
#[derive(Debug, Clone)]
pub enum Remark {
    /// The printer has answered in forms that are not known; all of them since it was connected.
    UnknownAnswers(Vec<UnknownAnswer>),
    /// The connected printer cannot print now, or refuses every document; `None` if it prints again.
    Condition(Option<Explanation>),
    /// What is doubtful about the connected printer ([`FiscalPrinter::doubts`]); empty if nothing any more.
    Doubts(Vec<String>),
    /// What the clock of the idle printer shows now.
    Clock(PrinterTime),
}

/// What became of a request to open the drawer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DrawerOutcome {
    /// The printer was told to open the drawer, and has confirmed it.
    Opened,
    /// The printer was not told to open the drawer and will not be, or it has refused; the text says why.
    NotOpened(String),
    /// The printer was told to open the drawer, and whether it did so is not known; the text says why.
    Unknown(String),
}

/// The proved outcome of a document.
#[derive(Debug, Clone)]
pub enum Settled {
    /// The document is in the printer's memory, once.
    Registered(Box<Registered>),
    /// No command that can make the document was sent.
    NotBegun(NoDocument),
    /// The document was begun, and the printer's counters prove that it is not in the printer's memory and never will be.
    Absent(AbsenceEvidence, NoDocument),
}

impl Settled {
    /// The proved outcome of a document that was just given to the printer, or the reason why it is unknown.
    fn of_performed(performed: Performed) -> Result<Self, Fault> {
        match performed {
            Performed::Registered(registered) => Ok(Self::Registered(Box::new(registered))),
            Performed::NotBegun(no_document) => Ok(Self::NotBegun(no_document)),
            Performed::Absent(evidence, no_document) => Ok(Self::Absent(evidence, no_document)),
            Performed::Unknown(fault) => Err(fault),
        }
    }

    /// The proved outcome of a document that was begun earlier, or the reason why it is unknown. It is never "not begun".
    fn of_recovered(recovered: Recovered) -> Result<Self, Fault> {
        match recovered {
            Recovered::Registered(registered) => Ok(Self::Registered(Box::new(registered))),
            Recovered::Absent(evidence, no_document) => Ok(Self::Absent(evidence, no_document)),
            Recovered::Unknown(fault) => Err(fault),
        }
    }
}

/// Receives the news of a printer, and stores decisions to cancel.
pub trait Listener: Send {
    /// Receives one piece of news.
    fn send(&self, news: News);
    /// Stores the decision to cancel a document. Returns true once the decision is on disk, and false if it could not be stored.
    fn decide_cancel(&self, id: Uuid) -> bool;
}

/// How long one task of a printer may take. A receipt of 512 lines at the slowest speed, with its repetitions, is ready long before.
const WORK_MAX: Duration = Duration::from_secs(30 * 60);

/// Sends tasks to the printer's thread.
#[derive(Debug)]
pub struct PrinterTask {
    /// The channel for tasks; `None` if the device has no printer.
    tasks: Option<Sender<Task>>,
}

impl PrinterTask {
    /// Starts the printer's thread.
    ///
    /// # Errors
    ///
    /// The operating system cannot create a thread.
    pub fn start(
        name: &str,
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
    ) -> std::io::Result<Self> {
        Self::start_with_idle_check(name, printer, listener, clock, IDLE_CHECK_EVERY)
    }

    /// [`start`](Self::start) with another interval for reading the counters of an idle printer.
    fn start_with_idle_check(
        name: &str,
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
        idle_check: Duration,
    ) -> std::io::Result<Self> {
        let (task, worker) = Self::without_thread(printer, listener, clock, idle_check);
        let name = format!("printer {name}");
        let part = Part::new(&name, WORK_MAX);
        std::thread::Builder::new()
            .name(name)
            .spawn(move || worker.run(&part))?;
        Ok(task)
    }

    /// Creates the worker without a thread. The caller runs it with [`PrinterWorker::turn`].
    #[must_use]
    pub fn by_hand(
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
    ) -> (Self, PrinterWorker) {
        Self::without_thread(printer, listener, clock, IDLE_CHECK_EVERY)
    }

    fn without_thread(
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
        idle_check: Duration,
    ) -> (Self, PrinterWorker) {
        let (tasks, inbox) = channel();
        let worker = PrinterWorker::new(printer, listener, inbox, clock, idle_check);
        (Self { tasks: Some(tasks) }, worker)
    }

    /// Makes the value for a device without a printer, in a country whose law does not require one. Tasks are dropped.
    #[must_use]
    pub const fn none() -> Self {
        Self { tasks: None }
    }

    /// True if the device has a printer, whether it can be reached or not.
    #[must_use]
    pub const fn has_printer(&self) -> bool {
        self.tasks.is_some()
    }

    /// Sends a task to the printer's thread. If the thread has ended, the task is dropped, and a document is settled after the next
    /// start.
    pub fn ask(&self, task: Task) {
        if let Some(tasks) = &self.tasks
            && tasks.send(task).is_err()
        {
            tracing::warn!("a task was dropped because the printer's thread has ended");
        }
    }
}

impl Drop for PrinterTask {
    fn drop(&mut self) {
        // The thread ends by itself. A document that is not settled is in the journal, and the next start recovers it.
        if let Some(tasks) = &self.tasks {
            let _ = tasks.send(Task::Stop);
        }
    }
}

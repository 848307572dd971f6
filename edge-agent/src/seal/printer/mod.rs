//! The printer's task: one thread for each device, which alone owns its port.
//!
//! It connects, and connects again for ever; it carries out one thing after another, and it does not let go of a document
//! before the device has settled it, or a person has said what the device cannot.
//! The clerk never waits for it: what became of a thing comes back as a message.

pub mod job;
#[cfg(test)]
mod tests;
mod unproven;
mod watch;
mod worker;

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use ferrotill_device::Fault;
use ferrotill_device::printer::{
    Baseline, ClosedDay, Connected, FiscalPrinter, Job, JournalEvidence, NotRegistered, Registered,
};
use uuid::Uuid;

use crate::order::Declaration;
use crate::time::clock::Clock;
use worker::IDLE_CHECK_EVERY;

pub use worker::PrinterWorker;

/// What the printer is asked for.
#[derive(Debug)]
pub enum Task {
    /// Nothing is outstanding: connect, and clear what is left over.
    Begin,
    /// Carry out a document from its start.
    Perform(SealingJob),
    /// Find out what became of a document that was begun earlier.
    Recover(SealingJob),
    /// Let go of a document that the printer cannot prove: a person says what became of it.
    Release(Box<Declaration>),
    /// Print a slip that nothing depends on.
    Slip(Uuid, Job),
    /// Open the drawer.
    Drawer,
    /// End the thread.
    Stop,
}

/// A document for the printer.
#[derive(Debug, Clone)]
pub struct SealingJob {
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
    Released(Box<Declaration>, Fault),
    /// A document was not let go of; the words say why the printer can still speak for it.
    ReleaseRefused(Uuid, String),
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
    fn send(&self, news: News);
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
        Self::start_with_idle_check(name, printer, listener, clock, IDLE_CHECK_EVERY)
    }

    /// The same, with the time after which a printer with nothing to do is looked at.
    fn start_with_idle_check(
        name: &str,
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
        idle_check: Duration,
    ) -> std::io::Result<Self> {
        let (task, worker) = Self::stepped(printer, listener, clock, idle_check);
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
    ) -> (Self, PrinterWorker) {
        Self::stepped(printer, listener, clock, IDLE_CHECK_EVERY)
    }

    fn stepped(
        printer: Box<dyn FiscalPrinter>,
        listener: Box<dyn Listener>,
        clock: Arc<Clock>,
        idle_check: Duration,
    ) -> (Self, PrinterWorker) {
        let (tasks, inbox) = channel();
        let worker = PrinterWorker::new(printer, listener, inbox, clock, idle_check);
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

//! The terminals of a till. The thread of a terminal is started with its first task.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use uuid::Uuid;

use super::{NoMoney, Terminal, TerminalListener, TerminalNews, TerminalTask, TerminalWorker};
use crate::locked::Locked;

/// A terminal, and how it is reached.
pub struct TerminalPlan {
    /// The terminal's id.
    pub id: Uuid,
    /// Its name, for people.
    pub name: String,
    /// How long the money of a card is kept for a document that is not registered and that no caller waits for.
    pub void_after: Duration,
    /// Whether the terminal is settled at each closeday. If not, it is settled only after it was used.
    pub always_settled: bool,
    /// Opens the connection.
    pub open: Box<dyn Fn() -> Box<dyn Terminal> + Send + Sync>,
}

/// The terminals of a till.
#[derive(Default)]
pub struct Terminals {
    entries: Vec<Entry>,
}

struct Entry {
    plan: TerminalPlan,
    listener: Arc<dyn TerminalListener>,
    tasks: Locked<Option<Sender<TerminalTask>>>,
}

impl std::fmt::Debug for Terminals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids = self.entries.iter().map(|entry| entry.plan.id);
        f.debug_list().entries(ids).finish()
    }
}

impl Terminals {
    /// The terminals of these plans, whose news go to the listener.
    #[must_use]
    pub fn new(plans: Vec<TerminalPlan>, listener: &Arc<dyn TerminalListener>) -> Self {
        let entry = |plan| Entry {
            plan,
            listener: Arc::clone(listener),
            tasks: Locked::default(),
        };
        Self {
            entries: plans.into_iter().map(entry).collect(),
        }
    }

    /// Creates the worker of a terminal without a thread. The caller runs it with [`TerminalWorker::turn`].
    #[must_use]
    pub fn worker_by_hand(&self, terminal: Uuid) -> Option<TerminalWorker> {
        let entry = self.entry(terminal)?;
        let (tasks, worker) = entry.worker();
        *entry.tasks.lock() = Some(tasks);
        Some(worker)
    }

    /// The ids of the terminals that a closeday settles.
    #[must_use]
    pub fn settled_at_closeday(&self) -> Vec<Uuid> {
        let entries = self.entries.iter();
        let entries = entries.filter(|entry| entry.plan.always_settled || entry.is_used());
        entries.map(|entry| entry.plan.id).collect()
    }

    /// The name of a terminal; `None` if there is no such terminal.
    #[must_use]
    pub fn name(&self, terminal: Uuid) -> Option<&str> {
        self.entry(terminal).map(|entry| entry.plan.name.as_str())
    }

    /// How long the money of a card is kept for a document that is not registered and that no caller waits for.
    #[must_use]
    pub fn void_after(&self, terminal: Uuid) -> Duration {
        let entry = self.entry(terminal);
        entry.map_or(Duration::ZERO, |entry| entry.plan.void_after)
    }

    /// Sends a task to the thread of a terminal, and starts the thread with the first task.
    pub fn ask(&self, terminal: Uuid, task: TerminalTask) {
        match self.entry(terminal) {
            Some(entry) => entry.ask(task),
            None => {
                tracing::error!(%terminal, "the configuration does not have a bank terminal that has something left to do")
            }
        }
    }

    fn entry(&self, terminal: Uuid) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.plan.id == terminal)
    }
}

impl Entry {
    /// True if the terminal has got a task since the start.
    fn is_used(&self) -> bool {
        self.tasks.lock().is_some()
    }

    fn worker(&self) -> (Sender<TerminalTask>, TerminalWorker) {
        let (tasks, inbox) = channel();
        let terminal = (self.plan.open)();
        let listener = Arc::clone(&self.listener);
        (
            tasks,
            TerminalWorker::new(self.plan.id, terminal, listener, inbox),
        )
    }

    fn ask(&self, task: TerminalTask) {
        let mut tasks = self.tasks.lock();
        if tasks.is_none() {
            let (sender, worker) = self.worker();
            let name = format!("terminal {}", self.plan.name);
            match std::thread::Builder::new()
                .name(name)
                .spawn(move || worker.run())
            {
                Ok(_) => *tasks = Some(sender),
                Err(error) => {
                    let reason =
                        format!("the system cannot start the thread of the terminal: {error}");
                    drop(tasks);
                    return self.listener.send(not_asked(self.plan.id, task, reason));
                }
            }
        }
        if let Some(tasks) = &*tasks {
            // The thread ends with the clerk only.
            let _ = tasks.send(task);
        }
    }
}

/// The news of a task that no thread got.
fn not_asked(terminal: Uuid, task: TerminalTask, reason: String) -> TerminalNews {
    match task {
        TerminalTask::Perform(job) => {
            TerminalNews::Answered(job.reference, Err(NoMoney::not_begun(&reason)))
        }
        TerminalTask::Recover(job) => TerminalNews::Unknown(job.reference, reason),
        TerminalTask::Settle(report) | TerminalTask::Totals(report) => TerminalNews::Day {
            report,
            terminal,
            totals: Err(reason),
        },
    }
}

//! Bank terminals: they take the money of card payments and give it back.
//!
//! A terminal is a seam like the sealers: the clerk stores a question before the terminal gets it, and stores the answer before anything
//! else follows from it (decision 0041). What a terminal has done is known from its own answer only, so only this folder makes an
//! [`Approval`] and a [`NoMoney`]. Anything else is unknown, and the terminal is asked what became of the operation.

pub mod simulated;
mod terminals;
mod worker;

use ferrotill_core::Amount;
use ferrotill_core::event::TerminalOperation;
use uuid::Uuid;

use crate::order::TerminalTotals;

pub use terminals::{TerminalPlan, Terminals};
pub use worker::TerminalWorker;

/// An operation that a terminal is to carry out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalJob {
    /// The reference under which the terminal keeps the operation.
    pub reference: Uuid,
    /// What is to be done.
    pub operation: TerminalOperation,
    /// The amount; above zero.
    pub amount: Amount,
}

/// That a terminal has carried out an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    number: String,
    operation: String,
    slip: Vec<String>,
}

impl Approval {
    /// What the terminal has answered. The texts are bounded.
    fn of_answer(number: &str, operation: &str, slip: Vec<String>) -> Self {
        Self {
            number: bounded(number),
            operation: bounded(operation),
            slip,
        }
    }

    /// The number of the transaction at the bank; may be empty.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The number of the operation at the terminal; may be empty.
    #[must_use]
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// The lines of the terminal's slip.
    #[must_use]
    pub fn slip(&self) -> &[String] {
        &self.slip
    }
}

/// That an operation has moved no money: the terminal has refused it, or it was never begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoMoney {
    is_declined: bool,
    reason: String,
}

impl NoMoney {
    /// The terminal or the bank has refused the operation.
    fn declined(reason: &str) -> Self {
        Self {
            is_declined: true,
            reason: bounded(reason),
        }
    }

    /// Nothing was sent to the terminal, or the terminal says that it does not know the operation.
    fn not_begun(reason: &str) -> Self {
        Self {
            is_declined: false,
            reason: bounded(reason),
        }
    }

    /// True if the terminal or the bank has refused the operation; false if it was never begun.
    #[must_use]
    pub const fn is_declined(&self) -> bool {
        self.is_declined
    }

    /// Why no money has moved.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// The longest text of a terminal that the journal keeps, in letters.
const TEXT_MAX: usize = 200;

fn bounded(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// What is known of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardOutcome {
    /// It is done.
    Approved(Approval),
    /// It has moved no money.
    NotMoved(NoMoney),
    /// It is not known; the text says why.
    Unknown(String),
}

/// A bank terminal. It is used by one thread.
pub trait Terminal: Send {
    /// Carries out an operation that was never begun before.
    fn perform(&mut self, job: &TerminalJob) -> CardOutcome;
    /// What became of an operation that may have been begun. Nothing is carried out.
    fn find(&mut self, job: &TerminalJob) -> CardOutcome;
    /// Closes the terminal's own day, and returns what it has moved since the last time.
    ///
    /// # Errors
    ///
    /// Why the day is not closed, or why that is not known.
    fn settle(&mut self) -> Result<TerminalTotals, String>;
    /// What the terminal has moved since it was last settled.
    ///
    /// # Errors
    ///
    /// Why that is not known.
    fn totals(&mut self) -> Result<TerminalTotals, String>;
}

/// What a terminal's thread is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalTask {
    /// Carry out an operation whose question was just stored.
    Perform(TerminalJob),
    /// Find out what became of an operation whose question was stored earlier. A void that was never begun is carried out.
    Recover(TerminalJob),
    /// Close the terminal's day, for the report with this request id.
    Settle(Uuid),
    /// Give the totals, for the report with this request id.
    Totals(Uuid),
}

/// What a terminal's thread reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalNews {
    /// The operation with this reference is done, or has moved no money.
    Answered(Uuid, Result<Approval, NoMoney>),
    /// It is not known what became of the operation with this reference; the text says why. The thread goes on asking.
    Unknown(Uuid, String),
    /// The answer to [`TerminalTask::Settle`] or [`TerminalTask::Totals`] for the report with this request id.
    Day {
        /// The request id of the report.
        report: Uuid,
        /// The terminal.
        terminal: Uuid,
        /// Its totals, or why they are not known.
        totals: Result<TerminalTotals, String>,
    },
}

/// Receives the news of terminals.
pub trait TerminalListener: Send + Sync {
    /// Receives one piece of news.
    fn send(&self, news: TerminalNews);
}

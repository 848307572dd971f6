//! How long the law lets the till sell while the authority cannot be reached, and what is left of that.

mod spent;

pub use spent::Spent;

use crate::refusal::Refusal;
use crate::time::Moment;

/// A country's limits on selling while the authority cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How long without a break, in milliseconds.
    pub stretch_ms: Option<i64>,
    /// How long in one calendar month, in milliseconds.
    pub month_ms: Option<i64>,
    /// How old the oldest document may be that the authority has not acknowledged, in milliseconds.
    pub unsent_ms: Option<i64>,
    /// How many documents there may be that the authority has not acknowledged.
    pub unsent_documents: Option<u32>,
    /// What happens when a limit is reached.
    pub at_the_end: AtTheEnd,
}

/// What the law demands when a limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTheEnd {
    /// No more sales.
    Stop,
    /// A report to the authority; sales go on.
    Report,
}

/// What is left of a budget, never below zero; `None` where no limit is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Time that is left without a break, in milliseconds.
    pub stretch_ms: Option<i64>,
    /// Time that is left in this calendar month, in milliseconds.
    pub month_ms: Option<i64>,
    /// Time until the oldest unsent document is too old, in milliseconds.
    pub unsent_ms: Option<i64>,
    /// How many more documents may be unsent.
    pub documents: Option<u32>,
}

impl Left {
    /// The shortest time that is left.
    #[must_use]
    pub fn least_ms(self) -> Option<i64> {
        [self.stretch_ms, self.month_ms, self.unsent_ms]
            .into_iter()
            .flatten()
            .min()
    }

    /// What counts while the authority can be reached: only the limits on unsent documents.
    #[must_use]
    pub const fn while_online(self) -> Self {
        Self {
            stretch_ms: None,
            month_ms: None,
            ..self
        }
    }

    /// At least one limit is reached.
    #[must_use]
    pub fn is_used_up(self) -> bool {
        self.least_ms().is_some_and(|left| left <= 0) || self.documents == Some(0)
    }
}

/// The documents that the authority has not acknowledged yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// How many.
    pub documents: u32,
    /// When the oldest was made, in milliseconds since 1970-01-01 UTC.
    pub oldest_ms: Option<i64>,
}

impl Budget {
    /// No limit.
    pub const UNLIMITED: Self = Self {
        stretch_ms: None,
        month_ms: None,
        unsent_ms: None,
        unsent_documents: None,
        at_the_end: AtTheEnd::Report,
    };

    /// What is left at the moment `now`, after the time that is spent and with the documents that are unsent.
    #[must_use]
    pub fn left(&self, spent: &Spent, now: Option<Moment>, unsent: Unsent) -> Left {
        let rest =
            |limit: Option<i64>, spent: i64| limit.map(|limit| limit.saturating_sub(spent).max(0));
        let age_ms = match (unsent.oldest_ms, now) {
            (Some(oldest), Some(now)) => now.utc_ms.saturating_sub(oldest).max(0),
            _ => 0,
        };
        Left {
            stretch_ms: rest(self.stretch_ms, spent.stretch_ms()),
            month_ms: rest(self.month_ms, spent.month_ms()),
            unsent_ms: rest(self.unsent_ms, age_ms),
            documents: self
                .unsent_documents
                .map(|limit| limit.saturating_sub(unsent.documents)),
        }
    }

    /// Allows a sale while something is left of every limit, or if the law only demands a report.
    ///
    /// # Errors
    ///
    /// [`Refusal::OfflineBudgetUsedUp`].
    pub fn admit(&self, left: Left) -> Result<(), Refusal> {
        match self.at_the_end {
            AtTheEnd::Stop if left.is_used_up() => Err(Refusal::OfflineBudgetUsedUp),
            AtTheEnd::Stop | AtTheEnd::Report => Ok(()),
        }
    }
}

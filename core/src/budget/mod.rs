//! How long the law lets the till sell while the authority cannot be reached, and what is left of that.

mod spent;

pub use spent::Spent;

use crate::refusal::Refusal;
use crate::time::Moment;

/// A country's limits on selling while the authority cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The longest time without the authority in one stretch, in milliseconds; `None` if the law sets no limit.
    pub stretch_ms: Option<i64>,
    /// The longest time without the authority in one calendar month, in milliseconds; `None` if the law sets no limit.
    pub month_ms: Option<i64>,
    /// The largest age of the oldest document that the authority has not acknowledged, in milliseconds; `None` if the law sets no
    /// limit.
    pub unsent_ms: Option<i64>,
    /// The largest number of documents that the authority has not acknowledged; `None` if the law sets no limit.
    pub unsent_documents: Option<u32>,
    /// What happens when a limit is reached.
    pub at_the_end: AtTheEnd,
}

/// What the law demands when a limit is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtTheEnd {
    /// No more sales are allowed.
    Stop,
    /// The outage must be reported to the authority; sales go on.
    Report,
}

/// What is left of an offline budget, never below zero; a field is `None` if the country sets no such limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The time that is left of the longest stretch without the authority, in milliseconds.
    pub stretch_ms: Option<i64>,
    /// The time without the authority that is left in this calendar month, in milliseconds.
    pub month_ms: Option<i64>,
    /// The time until the oldest unsent document is too old, in milliseconds.
    pub unsent_ms: Option<i64>,
    /// The number of further documents that may be unsent.
    pub documents: Option<u32>,
}

impl Left {
    /// The shortest of the times that are left, in milliseconds.
    #[must_use]
    pub fn least_ms(self) -> Option<i64> {
        [self.stretch_ms, self.month_ms, self.unsent_ms]
            .into_iter()
            .flatten()
            .min()
    }

    /// The part of the budget that applies while the authority can be reached: only the limits on unsent documents.
    #[must_use]
    pub const fn while_online(self) -> Self {
        Self {
            stretch_ms: None,
            month_ms: None,
            ..self
        }
    }

    /// Whether at least one limit of the budget is reached.
    #[must_use]
    pub fn is_used_up(self) -> bool {
        self.least_ms().is_some_and(|left| left <= 0) || self.documents == Some(0)
    }
}

/// The documents that the authority has not acknowledged yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// The number of documents that the authority has not acknowledged.
    pub documents: u32,
    /// The moment when the oldest of these documents was made, in milliseconds since 1970-01-01 UTC.
    pub oldest_ms: Option<i64>,
}

impl Budget {
    /// A budget without any limit.
    pub const UNLIMITED: Self = Self {
        stretch_ms: None,
        month_ms: None,
        unsent_ms: None,
        unsent_documents: None,
        at_the_end: AtTheEnd::Report,
    };

    /// The part of the budget that is left at the moment `now`, after the time that is spent and with the documents that are
    /// unsent.
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

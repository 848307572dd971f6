//! What a person has ordered at the pages of the till.

use serde::{Deserialize, Serialize};

use crate::id::DocumentId;
use crate::time::Moment;

/// What a person orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PersonAct {
    /// An X-report.
    Report,
    /// A Z-report, which closes the day.
    CloseDay,
    /// A copy of the paper of a document.
    Copy,
    /// Another list of the people who may use the pages.
    People,
}

/// A person who has signed in orders something at the pages of the till. The event is stored before the order is carried out.
///
/// What is ordered has events of its own, if it has any: this one says only who wanted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonActed<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// What the person orders.
    pub act: PersonAct,
    /// The document that is made or copied, if the order is about one.
    pub document: Option<DocumentId>,
    /// The name of the person whom the order is about; empty if it is about a document.
    pub subject: &'a str,
    /// The name of the person who orders; never empty.
    pub by: &'a str,
}

impl PersonActed<'_> {
    /// The largest length of a name in bytes.
    pub const NAME_BYTES_MAX: usize = 100;
}

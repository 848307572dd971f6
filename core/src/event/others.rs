//! Fiscal receipts of a printer that this till has not made.

use serde::{Deserialize, Serialize};

use crate::seal::StoredBaseline;
use crate::time::Moment;

/// What the journal notes about fiscal receipts that its till has not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OthersStep<'a> {
    /// They were found when the agent met the printer after a start. The device sells nothing from this event on.
    Found {
        /// How many receipts the counters prove; never 0. There may be more.
        receipts: u32,
    },
    /// A person has said that the till goes on. The device sells again.
    Accepted {
        /// The person's name; never empty.
        by: &'a str,
    },
}

/// A printer has fiscal receipts that this till has not made, or a person has accepted them.
///
/// Another machine may sell with the printer from a copy of this journal, and two copies must not sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptsOfOthers<'a> {
    /// The moment of the event.
    pub at: Moment,
    /// What is noted.
    #[serde(borrow)]
    pub step: OthersStep<'a>,
    /// The printer's identity and counters, as they were read last.
    #[serde(borrow)]
    pub now: StoredBaseline<'a>,
}

impl ReceiptsOfOthers<'_> {
    /// The largest length of the name in bytes.
    pub const BY_BYTES_MAX: usize = 100;
}

//! The figures that the writer keeps in memory, so that health and metrics need no query.

use rusqlite::{Connection, OptionalExtension, params};

use super::query::UnsentCount;
use super::reconcile::ReconciliationCount;

/// What the writer knows about the whole store after its last commit.
///
/// The writer changes the figures with each batch. It counts them in the tables only when it is opened and after an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreFigures {
    /// The documents that the authority has not acknowledged.
    pub unsent: UnsentCount,
    /// The Z-reports that do not reconcile yet.
    pub z_reports: ReconciliationCount,
}

/// What new outbox entries for the authority add to the figures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct NewEntries {
    /// The number of new entries.
    pub(super) documents: u32,
    /// The number of new entries that cannot be sent, which count as refused.
    pub(super) refused: u32,
    /// The gross amount of the sales among them, in minor units.
    pub(super) sold: i64,
    /// When their document was reserved, in milliseconds since the epoch.
    pub(super) at_ms: i64,
}

/// A waiting outbox entry of the authority, as far as the figures need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WaitingEntry {
    /// True if the authority's last answer was a refusal.
    pub(super) is_refused: bool,
    /// The gross amount if the document is a sale, in minor units; otherwise 0.
    sold: i64,
}

impl WaitingEntry {
    /// The entry of a journal row; `None` if no entry of this row waits.
    pub(super) fn of(
        connection: &Connection,
        sealed_seq: i64,
    ) -> Result<Option<Self>, rusqlite::Error> {
        connection
            .prepare_cached(
                "SELECT outbox.refusal IS NOT NULL, iif(outbox.duty IN ('sale', 'alternative_receipt'), document.amount, 0) \
                 FROM outbox JOIN document ON document.reserved_seq = outbox.reserved_seq \
                 WHERE outbox.sealed_seq = ?1 AND outbox.recipient = 'authority' AND outbox.state = 'waiting'",
            )?
            .query_row(params![sealed_seq], |row| {
                Ok(Self {
                    is_refused: row.get(0)?,
                    sold: row.get(1)?,
                })
            })
            .optional()
    }
}

impl UnsentCount {
    pub(super) fn add(&mut self, new: NewEntries) {
        self.documents = self.documents.saturating_add(new.documents);
        self.refused = self.refused.saturating_add(new.refused);
        self.sold = self.sold.saturating_add(new.sold);
    }

    pub(super) fn refuse(&mut self, entry: WaitingEntry) {
        if !entry.is_refused {
            self.refused = self.refused.saturating_add(1);
        }
    }

    pub(super) fn acknowledge(&mut self, entry: WaitingEntry, at: i64) {
        self.remove(entry);
        self.last_acknowledged_ms = Some(at);
    }

    pub(super) fn lay_aside(&mut self, entry: WaitingEntry) {
        self.remove(entry);
        self.laid_aside = self.laid_aside.saturating_add(1);
    }

    fn remove(&mut self, entry: WaitingEntry) {
        self.documents = self.documents.saturating_sub(1);
        self.sold = self.sold.saturating_sub(entry.sold);
        if entry.is_refused {
            self.refused = self.refused.saturating_sub(1);
        }
    }
}

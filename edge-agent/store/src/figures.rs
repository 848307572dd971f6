//! The figures that the writer keeps in memory, so that health and metrics need no query.

use rusqlite::{Connection, OptionalExtension, params};

use super::query::{self, UnsentCount};
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

/// The count of unsent documents that is kept in the row of the clock, so that a start need not count a long outbox.
///
/// It stands in that row because every sale writes it anyway. A short outbox is counted at a start, and its acknowledgements, which do
/// not write the row otherwise, cost nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeptCount {
    documents: u32,
    refused: u32,
    sold: i64,
    last_acknowledged_ms: Option<i64>,
}

/// The largest number of unsent documents that a start counts.
const COUNTED_MAX: u32 = 256;

impl KeptCount {
    /// What is kept of a count; `None` if the documents are few.
    pub(super) fn of(count: &UnsentCount) -> Option<Self> {
        (count.documents > COUNTED_MAX).then_some(Self {
            documents: count.documents,
            refused: count.refused,
            sold: count.sold,
            last_acknowledged_ms: count.last_acknowledged_ms,
        })
    }

    /// The values of the columns: the number of documents, of refused ones, the sum of the sales; and the newest acknowledgement.
    pub(super) fn columns(kept: Option<Self>) -> ([Option<i64>; 3], Option<i64>) {
        let figures = [
            kept.map(|kept| i64::from(kept.documents)),
            kept.map(|kept| i64::from(kept.refused)),
            kept.map(|kept| kept.sold),
        ];
        (figures, kept.and_then(|kept| kept.last_acknowledged_ms))
    }

    /// The kept count; `None` if there is none.
    pub(super) fn read(connection: &Connection) -> Result<Option<Self>, rusqlite::Error> {
        let row = connection
            .query_row(
                "SELECT unsent_documents, unsent_refused, unsent_sold, unsent_acknowledged_at FROM clock WHERE id = 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .optional()?;
        let Some((Some(documents), Some(refused), Some(sold), last_acknowledged_ms)) = row else {
            return Ok(None);
        };
        Ok(Some(Self {
            documents,
            refused,
            sold,
            last_acknowledged_ms,
        }))
    }

    /// Writes the kept count into the row of the clock. Without that row nothing is kept, and the next start counts.
    pub(super) fn write(
        kept: Option<Self>,
        connection: &Connection,
    ) -> Result<(), rusqlite::Error> {
        let ([documents, refused, sold], acknowledged_ms) = Self::columns(kept);
        connection
            .prepare_cached(
                "UPDATE clock SET unsent_documents = ?1, unsent_refused = ?2, unsent_sold = ?3, unsent_acknowledged_at = ?4 WHERE id = 1",
            )?
            .execute(params![documents, refused, sold, acknowledged_ms])
            .map(drop)
    }

    /// The whole count. The time of the oldest document is read when it is needed.
    pub(super) const fn count(self, laid_aside: u32) -> UnsentCount {
        UnsentCount {
            documents: self.documents,
            refused: self.refused,
            oldest_ms: None,
            sold: self.sold,
            last_acknowledged_ms: self.last_acknowledged_ms,
            laid_aside,
        }
    }

    /// What differs between the kept count and the outbox, as text; `None` if nothing does, or if nothing is kept.
    pub(super) fn difference(connection: &Connection) -> Result<Option<String>, rusqlite::Error> {
        let Some(kept) = Self::read(connection)? else {
            return Ok(None);
        };
        let counted = query::count_unsent(connection)?;
        let figures = [
            (
                "documents",
                i64::from(kept.documents),
                i64::from(counted.documents),
            ),
            (
                "refused",
                i64::from(kept.refused),
                i64::from(counted.refused),
            ),
            ("sold", kept.sold, counted.sold),
        ];
        let differing = figures.iter().find(|(_, kept, counted)| kept != counted);
        Ok(differing.map(|(name, kept, counted)| format!("{name}: {kept} instead of {counted}")))
    }
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

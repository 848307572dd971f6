//! The row `clock`: what the guarded clock knows, stored with every commit.

use ferrotill_core::clock_guard::ClockState;
use ferrotill_core::time::Moment;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::journal::{Batch, Store};
use super::{Context, StoreError};

/// What the guarded clock must know again after a power cut. Its encoding is positional: another order of fields is another
/// `VERSION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredClock {
    /// The latest moment, and what is spent of the offline budgets.
    pub marks: ClockState,
    /// The start of the machine in which the latest moment was seen.
    pub boot: Uuid,
    /// When it was seen, in milliseconds since that start.
    pub since_boot_ms: i64,
    /// Since that start a printer or the authority has confirmed the time.
    pub sure: bool,
    /// A moment was seen in an earlier start of the machine already.
    pub started_anew: bool,
    /// How far the till's time is ahead of the confirmed time, in milliseconds.
    pub lead_ms: i64,
    /// How far callers have moved the till's time forward since that start, in milliseconds.
    pub told_ms: i64,
}

/// The version of the row's encoding.
const VERSION: u16 = 3;
/// The latest moment is looked for in so many rows: the last row is nearly always the latest, but devices take turns.
const LAST_ROWS: u32 = 256;

impl Store {
    /// The clock as it was at the last commit. A row that cannot be read is logged and ignored: [`Self::latest_moment`] still holds.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn stored_clock(&self) -> Result<Option<StoredClock>, StoreError> {
        let row: Option<(u16, Vec<u8>)> = self
            .connection()
            .query_row(
                "SELECT version, remembered FROM clock WHERE id = 1",
                [],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()
            .context(self.path(), "clock")?;
        Ok(row.and_then(|(version, bytes)| {
            let stored = (version == VERSION)
                .then(|| postcard::from_bytes(&bytes).ok())
                .flatten();
            if stored.is_none() {
                tracing::error!(
                    "the stored clock cannot be read: the offline budgets start again from zero"
                );
            }
            stored
        }))
    }

    /// The latest moment of the journal's last rows, in UTC.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn latest_moment(&self) -> Result<Option<Moment>, StoreError> {
        let latest: Option<i64> = self
            .connection()
            .query_row(
                "SELECT max(at) FROM (SELECT at FROM journal ORDER BY seq DESC LIMIT ?1)",
                [LAST_ROWS],
                |row| row.get(0),
            )
            .context(self.path(), "latest moment")?;
        Ok(latest.map(|utc_ms| Moment {
            utc_ms,
            offset_minutes: 0,
        }))
    }
}

impl Batch<'_> {
    /// Stores the clock.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn store_clock(&mut self, clock: &StoredClock) -> Result<(), StoreError> {
        let bytes = postcard::to_stdvec(clock).map_err(|_| StoreError::TooLarge)?;
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO clock (id, version, remembered) VALUES (1, ?1, ?2)",
            )
            .and_then(|mut statement| statement.execute(params![VERSION, bytes]))
            .map(drop)
            .context(self.path(), "clock")
    }
}

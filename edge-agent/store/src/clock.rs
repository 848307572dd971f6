//! The table row `clock`: the state of the guarded clock, stored with every commit.

use ferrotill_core::clock_guard::ClockState;
use ferrotill_core::time::Moment;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::journal::{Batch, Store};
use super::{Context, StoreError};

/// The state of the guarded clock that must survive a power cut. The encoding depends on the order of the fields, so a
/// different order needs a new `VERSION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredClock {
    /// The latest moment, and the used part of the offline budgets.
    pub marks: ClockState,
    /// The id of the machine's start in which the latest moment was seen.
    pub boot: Uuid,
    /// The time from that start of the machine to the latest moment, in milliseconds.
    pub since_boot_ms: i64,
    /// True if a printer or the authority has confirmed the time since that start of the machine.
    pub sure: bool,
    /// True if the till had already seen a moment in an earlier start of the machine.
    pub started_anew: bool,
    /// How far the till's time is ahead of the confirmed time, in milliseconds.
    pub lead_ms: i64,
    /// How far callers have moved the till's time forward since that start of the machine, in milliseconds.
    pub told_ms: i64,
}

/// The version of the encoding of the stored clock.
const VERSION: u16 = 3;
/// The number of last journal rows in which the latest moment is searched. The last row nearly always has the latest moment,
/// but the rows of several devices alternate.
const LAST_ROWS: u32 = 256;

impl Store {
    /// The clock as the last commit stored it. A stored clock that cannot be read is logged and ignored, because
    /// [`Self::latest_moment`] still prevents that time goes back.
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

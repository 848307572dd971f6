//! The table row `clock`: the state of the guarded clock, stored with every commit.

use ferrotill_core::clock_guard::ClockState;
use ferrotill_core::time::Moment;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::figures::KeptCount;
use super::journal::{Batch, Store};
use super::{Context, StoreError};

/// The state of the guarded clock that must survive a power cut. The encoding depends on the order of the fields, so a
/// different order needs a new `VERSION`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredClock {
    /// The latest moment, and the used part of the offline budgets.
    pub marks: ClockState,
    /// The id of the machine's start in which the clock was stored.
    pub boot: Uuid,
    /// The time from that start of the machine to the last reading, in milliseconds.
    pub since_boot_ms: i64,
    /// The moment from which the till's time is counted, in milliseconds since the epoch.
    pub anchor_ms: i64,
    /// The time from that start of the machine to the anchor, in milliseconds.
    pub anchored_ms: i64,
    /// True if two clocks have agreed on the time since that start of the machine.
    pub sure: bool,
    /// True if two clocks have ever agreed on the time.
    pub established: bool,
    /// True if the till had already seen a moment in an earlier start of the machine.
    pub started_anew: bool,
    /// True if the time comes from another clock than the machine's.
    pub shown: bool,
    /// How far the anchor is ahead of the confirmed time, in milliseconds.
    pub lead_ms: i64,
    /// How far other clocks have moved the till's time since that start of the machine while it was not confirmed, in milliseconds.
    pub moved_ms: i64,
    /// How far callers alone have moved the till's time forward since that start of the machine, in milliseconds.
    pub told_ms: i64,
    /// The latest moment of a document, in milliseconds since the epoch.
    pub documents_ms: Option<i64>,
    /// What is known of the printers' clocks.
    pub printers: Vec<StoredPrinterClock>,
}

/// What is known of the clock of a printer, which has no time zone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredPrinterClock {
    /// The serial number of the printer.
    pub serial: String,
    /// How far its clock was ahead of the confirmed time, in milliseconds, if it shows the till's time zone.
    pub ahead_ms: i64,
}

/// Version 3 of [`StoredClock`].
#[derive(Deserialize)]
struct ClockVersion3 {
    marks: ClockState,
    boot: Uuid,
    since_boot_ms: i64,
    sure: bool,
    started_anew: bool,
    lead_ms: i64,
    told_ms: i64,
}

impl From<ClockVersion3> for StoredClock {
    fn from(old: ClockVersion3) -> Self {
        // Every moment that was seen counted as if a document had it.
        let latest_ms = old.marks.latest().map(|latest| latest.utc_ms);
        Self {
            marks: old.marks,
            boot: old.boot,
            since_boot_ms: old.since_boot_ms,
            anchor_ms: latest_ms.unwrap_or_default(),
            anchored_ms: old.since_boot_ms,
            sure: old.sure,
            established: old.sure,
            started_anew: old.started_anew,
            shown: old.sure || old.told_ms > 0,
            lead_ms: old.lead_ms,
            moved_ms: old.told_ms,
            told_ms: old.told_ms,
            documents_ms: latest_ms,
            printers: Vec::new(),
        }
    }
}

/// Reads a stored clock; `None` if it cannot be read.
fn decoded(version: u16, bytes: &[u8]) -> Option<StoredClock> {
    match version {
        VERSION => postcard::from_bytes(bytes).ok(),
        3 => postcard::from_bytes::<ClockVersion3>(bytes)
            .ok()
            .map(StoredClock::from),
        _ => None,
    }
}

/// The version of the encoding of the stored clock.
const VERSION: u16 = 4;
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
            let stored = decoded(version, &bytes);
            if stored.is_none() {
                tracing::error!(
                    "the stored clock cannot be read: the offline budgets start again from zero"
                );
            }
            stored
        }))
    }

    /// The latest moment of a document in the journal's last rows, in UTC. After a correction of the clock, only later rows count.
    ///
    /// The rows of the folder, of the connection and of granted numbers do not count: their times bind no document.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn latest_moment(&self) -> Result<Option<Moment>, StoreError> {
        let mut statement = self
            .connection()
            .prepare_cached("SELECT kind, at FROM journal ORDER BY seq DESC LIMIT ?1")
            .context(self.path(), "latest moment")?;
        let rows = statement
            .query_map([LAST_ROWS], |row| Ok((row.get(0)?, row.get(1)?)))
            .context(self.path(), "latest moment")?;
        let mut latest: Option<i64> = None;
        // A correction writes one row for each device, all with one time.
        let mut corrected = false;
        for row in rows {
            let (kind, at): (u16, i64) = row.context(self.path(), "latest moment")?;
            if corrected && kind != CLOCK_SET {
                break;
            }
            corrected = kind == CLOCK_SET;
            if !UNBOUND_KINDS.contains(&kind) {
                latest = latest.max(Some(at));
            }
        }
        Ok(latest.map(|utc_ms| Moment {
            utc_ms,
            offset_minutes: 0,
        }))
    }
}

/// The kind of [`Event::ClockSet`](ferrotill_core::event::Event::ClockSet).
const CLOCK_SET: u16 = 13;
/// The kinds of events that are no part of a shift: configuration, connection, granted numbers, folder, identity, restore.
const UNBOUND_KINDS: [u16; 6] = [1, 6, 7, 10, 11, 12];

impl Batch<'_> {
    /// Stores the clock.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    pub fn store_clock(&mut self, clock: &StoredClock) -> Result<(), StoreError> {
        let bytes = postcard::to_stdvec(clock).map_err(|_| StoreError::TooLarge)?;
        let kept = self.kept_count();
        let ([documents, refused, sold], acknowledged_ms) = KeptCount::columns(kept);
        self.connection()
            .prepare_cached(
                "INSERT OR REPLACE INTO clock (id, version, remembered, unsent_documents, unsent_refused, unsent_sold, unsent_acknowledged_at) \
                 VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)",
            )
            .and_then(|mut statement| {
                statement.execute(params![VERSION, bytes, documents, refused, sold, acknowledged_ms])
            })
            .context(self.path(), "clock")?;
        self.count_is_kept(kept);
        Ok(())
    }
}

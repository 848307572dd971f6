//! What the clerk does beside the documents: the clock, snapshots, contacts whose time is over, and the figures of the live status.

use std::time::Duration;

use ferrotill_core::till::Till;
use uuid::Uuid;

use super::{ClerkSettings, Tills};
use crate::explanation::Explanation;
use crate::status::problems::{HealthProblem, ProblemKind};
use crate::time::guard::{STORED_AT_REST_EVERY_MS, STORED_EVERY_MS};
use ferrotill_store::{Batch, Store, StoreError, StoreFigures};

/// Rows of the journal between two snapshots of a till.
const SNAPSHOT_EVERY: i64 = 256;
/// How often the clock is stored while nothing else is written to the store and an offline limit runs. A power cut loses at most this
/// much of the clock's progress. The clerk wakes this often in any case.
pub(super) const CLOCK_STORED_EVERY: Duration =
    Duration::from_millis(STORED_EVERY_MS.unsigned_abs());
/// How often the clock is stored while nothing else is written to the store and no offline limit runs.
const CLOCK_STORED_AT_REST_EVERY: Duration =
    Duration::from_millis(STORED_AT_REST_EVERY_MS.unsigned_abs());
/// How often it is checked whether the contacts of buyers must be erased.
const CONTACTS_ERASED_EVERY: Duration = Duration::from_secs(3_600);

impl Tills {
    /// Says in the live status which snapshots were not believed.
    pub(in crate::clerk) fn note_distrusted_snapshots(&self, store: &Store) {
        for device in store.snapshots_not_believed() {
            self.settings.live_status.problems().raise(HealthProblem {
                kind: ProblemKind::SNAPSHOT_CHANGED,
                device: Some(device),
                since_ms: self.settings.guard.now().utc_ms,
                says: "the stored snapshot of the till was changed by somebody else; the till was made again from the journal".to_owned(),
                fix: "run `ferrotill verify`, and find out who can write the data folder".to_owned(),
            });
        }
    }

    /// Counts the documents that the authority has not acknowledged yet. The next batch starts from this count.
    pub(in crate::clerk) fn count_unsent(
        &mut self,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        self.unsent = batch.unsent()?;
        Ok(())
    }

    /// Notes in the live status that a transaction begins.
    pub(in crate::clerk) fn transaction_begins(&self) {
        let utc_ms = self.settings.guard.now().utc_ms;
        let now = self.monotonic();
        self.settings.live_status.transaction_begins(now, utc_ms);
    }

    /// Notes in the live status what the store contains after a commit.
    pub(in crate::clerk) fn committed(&self, figures: StoreFigures, written: bool) {
        self.settings
            .live_status
            .transaction_committed(figures, written);
    }

    /// Notes in the live status that a transaction could not be written, and why.
    pub(in crate::clerk) fn write_failed(&self, error: &StoreError, explained: &Explanation) {
        let live_status = &self.settings.live_status;
        live_status.transaction_failed(error, explained);
    }

    /// Notes in the live status that the clerk handles its messages.
    pub(in crate::clerk) fn answer_health_check(&self) {
        self.settings.live_status.clerk_answered();
    }

    /// Notes in the live status how many anchors were set aside.
    pub(in crate::clerk) fn anchors_counted(&self, set_aside: usize) {
        self.settings.live_status.anchors_counted(set_aside);
    }

    /// How often the clock is stored while nothing else is written.
    ///
    /// The hours without the authority run while it cannot be reached, and the age of unsent documents, where it has a limit, while there
    /// is one. A minute of them that a power cut takes away must be charged, so it must be bounded. Without them, each byte is saved.
    pub(super) fn clock_stored_every(&self) -> Duration {
        let ClerkSettings {
            profile,
            owner_budget,
            ..
        } = &*self.settings;
        let budgets = [&profile.facts().offline, owner_budget];
        let age_is_limited = budgets.iter().any(|budget| budget.unsent_ms.is_some());
        let limit_runs =
            self.settings.guard.is_offline() || (age_is_limited && self.unsent.documents > 0);
        if limit_runs {
            CLOCK_STORED_EVERY
        } else {
            CLOCK_STORED_AT_REST_EVERY
        }
    }

    /// Stores the guarded clock if the batch writes something else (`written`), if it was not stored for a minute (at rest, for a quarter
    /// of an hour), or if two clocks have agreed on the time for the first time: after a power cut the till would begin again with the
    /// machine's clock, which may be wrong.
    pub(in crate::clerk) fn store_clock(
        &mut self,
        batch: &mut Batch<'_>,
        written: bool,
    ) -> Result<(), StoreError> {
        let now = self.monotonic();
        let is_due =
            now.saturating_duration_since(self.clock_stored_at) >= self.clock_stored_every();
        let is_established = self.settings.guard.is_established();
        if written || is_due || is_established != self.established_is_stored {
            self.clock_stored_at = now;
            self.established_is_stored = is_established;
            // Reading the guarded clock adds the time until now to the used offline limits.
            self.settings.guard.now();
            batch.store_clock(&self.settings.guard.remembered())?;
        }
        Ok(())
    }

    /// Erases the contacts of buyers whose time is over, some in each transaction and at most once an hour if none is left.
    pub(in crate::clerk) fn erase_contacts(
        &mut self,
        batch: &mut Batch<'_>,
    ) -> Result<(), StoreError> {
        let now = self.monotonic();
        if self.contacts_erased_at.is_some_and(|erased_at| {
            now.saturating_duration_since(erased_at) < CONTACTS_ERASED_EVERY
        }) {
            return Ok(());
        }
        let utc_ms = self.settings.guard.now().utc_ms;
        let before = utc_ms.saturating_sub(self.settings.contact_ms);
        if batch.erase_contacts(before)? {
            self.contacts_erased_at = Some(now);
        }
        Ok(())
    }

    /// Stores a snapshot of each till after 256 journal rows of any device.
    /// So a start never replays many rows for a device with few documents beside a busy device.
    pub(in crate::clerk) fn snapshot(&mut self, batch: &mut Batch<'_>) -> Result<(), StoreError> {
        let seq = batch.seq();
        for device_state in &mut self.devices {
            if seq.saturating_sub(device_state.snapshot_seq) >= SNAPSHOT_EVERY {
                device_state.snapshot_seq = seq;
                batch.snapshot(
                    device_state.device,
                    device_state
                        .uncommitted
                        .as_ref()
                        .unwrap_or(&device_state.till),
                )?;
            }
        }
        Ok(())
    }
}

/// Notes in the live status when the law ends the open shift of a device.
pub(super) fn publish_shift(settings: &ClerkSettings, device: Uuid, till: &Till) {
    let limit_ms = settings.profile.facts().shift_ms_max;
    let ends_ms = till
        .first_receipt()
        .zip(limit_ms)
        .map(|(first, limit_ms)| first.utc_ms.saturating_add(limit_ms));
    settings.live_status.shift_ends_at(device, ends_ms);
}

//! A transaction of the writer: events and the table changes that follow from them, committed together.

use std::path::Path;

use ferrotill_core::duty::{self, Recipient};
use ferrotill_core::event::{Event, Founded, Switched};
use ferrotill_core::id::DocumentId;
use ferrotill_core::till::Till;
use ferrotill_core::time::Moment;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::super::chain::{ChainKey, Link, Mac};
use super::super::channel::{DeliveryChannel, DeliveryEnd};
use super::super::contact::{self, BuyerContact};
use super::super::delivery;
use super::super::figures::{KeptCount, StoreFigures, WaitingEntry};
use super::super::founding::Founding;
use super::super::frozen::{self, Binding, Freeze, Freezing};
use super::super::projection::Telling;
use super::super::query::{self, UnsentCount};
use super::super::rows::{self, DeviceIdentity, DocumentRow, StoredDocument};
use super::super::{
    Context, StoreError, ereceipt_rows, laid_aside, projection, publication, reconcile,
};
use super::{Head, Store};

/// The result of [`Batch::append`].
#[derive(Clone, Debug)]
pub struct Appended {
    /// The number of the journal row that was written.
    pub seq: i64,
    /// The reserved document if the event reserves one; it equals the document that [`Batch::document`] would read.
    pub reserved: Option<StoredDocument>,
}

/// A transaction of the writer.
#[derive(Debug)]
pub struct Batch<'s> {
    store: &'s mut Store,
    head: Head,
    figures: StoreFigures,
    /// The count of unsent documents in the row of the clock.
    kept_count: Option<KeptCount>,
    /// True if a row of the table of reconciliations may have changed.
    z_reports_changed: bool,
    /// True if the time of the oldest unsent document in the figures is known.
    oldest_is_known: bool,
    /// The document that the last row has reserved.
    reserved: Option<StoredDocument>,
    /// True if a receipt of this batch is to be published.
    has_published: bool,
    open: bool,
    /// How many rows the connection had changed when this batch began.
    changes_before: u64,
}

impl<'s> Batch<'s> {
    pub(super) fn begun(store: &'s mut Store) -> Self {
        let (head, figures, oldest_is_known) = (store.head, store.figures, store.oldest_is_known);
        let kept_count = store.kept_count;
        let changes_before = store.connection.total_changes();
        Self {
            store,
            head,
            figures,
            kept_count,
            z_reports_changed: false,
            oldest_is_known,
            reserved: None,
            has_published: false,
            open: true,
            changes_before,
        }
    }
}

impl Batch<'_> {
    /// Appends the row that founds the folder. Its time is not earlier than that of the last row.
    pub(super) fn found(&mut self, founding: &Founding) -> Result<(), StoreError> {
        let latest: i64 = self
            .connection()
            .query_row(
                "SELECT coalesce((SELECT at FROM journal ORDER BY seq DESC LIMIT 1), ?1)",
                [founding.now.utc_ms],
                |row| row.get(0),
            )
            .context(&self.store.path, "latest row")?;
        let at = Moment {
            utc_ms: founding.now.utc_ms.max(latest),
            ..founding.now
        };
        let purpose = &founding.purpose;
        let event = Event::Founded(Founded {
            at,
            country: &purpose.country,
            currency: &purpose.currency,
            mode: purpose.mode,
            confirmed: founding.confirmed,
        });
        let mut buffer = [0; 64];
        let payload = event
            .encode(&mut buffer)
            .map_err(|_| StoreError::TooLarge)?;
        self.write(Uuid::nil(), at.utc_ms, &event, payload)?;
        tracing::info!("this data folder is from now on for {purpose}");
        Ok(())
    }

    /// Appends an event of a device, given with its encoding, makes the table changes that follow from it, and applies it to the till of
    /// the device. Returns the written row.
    ///
    /// No event of a device is written without its till, so that a till never differs from what its journal says.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch and the till must then be dropped.
    pub fn append(
        &mut self,
        (device, till): (Uuid, &mut Till),
        at: i64,
        event: &Event<'_>,
        payload: &[u8],
    ) -> Result<Appended, StoreError> {
        let appended = self.write(device, at, event, payload)?;
        till.apply(event);
        Ok(appended)
    }

    /// Appends that the authority can be reached now or cannot be reached any more. All devices share one authority, so that the event
    /// belongs to no till.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; the batch must then be dropped.
    pub fn append_switch(&mut self, switched: Switched<'_>) -> Result<(), StoreError> {
        let event = Event::Switched(switched);
        let texts = [switched.from, switched.to, switched.reason];
        let room = texts
            .iter()
            .fold(64_usize, |room, text| room.saturating_add(text.len()));
        let mut buffer = vec![0; room];
        let payload = event
            .encode(&mut buffer)
            .map_err(|_| StoreError::TooLarge)?;
        self.write(Uuid::nil(), switched.at.utc_ms, &event, payload)
            .map(drop)
    }

    /// Appends an event, and makes the table changes that follow from it. No till is changed.
    pub(crate) fn write(
        &mut self,
        device: Uuid,
        at: i64,
        event: &Event<'_>,
        payload: &[u8],
    ) -> Result<Appended, StoreError> {
        let seq = self.head.seq.saturating_add(1);
        let link = Link {
            seq,
            device: device.as_bytes(),
            at,
            kind: event.kind(),
            version: event.version(),
            payload,
        };
        let mac = self.store.key.mac(&self.head.mac, &link);
        self.connection()
            .prepare_cached("INSERT INTO journal (seq, device, at, kind, version, payload, mac) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")
            .and_then(|mut statement| {
                statement.execute(params![seq, device.as_bytes(), at, event.kind(), event.version(), payload, mac])
            })
            .context(&self.store.path, "append to the journal")?;
        self.head = Head { seq, mac };
        if let Event::Sealed(sealed) = event
            && (sealed.report.is_some() || sealed.current_number == 1)
        {
            self.store.anchor_soon = true;
            self.z_reports_changed |= sealed.report.is_some();
        }
        let last = self.reserved.take();
        let identity = self.identity_for(device, event)?;
        let telling = match (&self.store.freeze, &identity) {
            (Some(freeze), Some(identity)) => Telling::Frozen(Freezing {
                freeze: &**freeze,
                identity,
                binding: Binding {
                    key: &self.store.key,
                    sealed_seq: seq,
                    row_mac: mac,
                },
            }),
            _ => Telling::Unfrozen(&duty::to_the_authority),
        };
        let reserved = last.filter(|last| is_sealed_by(last, device, event));
        let aside = self.entry_laid_aside(event)?;
        let (connection, place) = (self.connection(), (device, seq));
        let entries = projection::project(connection, telling, place, event, reserved.as_ref())
            .context(&self.store.path, "projection")?;
        self.take_aside(aside, at)?;
        self.publish(seq, at, event)?;
        if entries.documents > 0 && self.figures.unsent.documents == 0 {
            self.figures.unsent.oldest_ms = Some(entries.at_ms);
            self.oldest_is_known = true;
        }
        self.figures.unsent.add(entries);
        let reserved = match event {
            Event::Reserved(reserved) => {
                let row = (event.kind(), event.version(), payload.to_vec());
                let document = StoredDocument::just_reserved(seq, device, reserved, row);
                Some(document)
            }
            _ => None,
        };
        self.reserved.clone_from(&reserved);
        Ok(Appended { seq, reserved })
    }

    /// Has what an event makes public published.
    fn publish(&mut self, seq: i64, at: i64, event: &Event<'_>) -> Result<(), StoreError> {
        let places = &self.store.published_at;
        if places.is_empty() {
            return Ok(());
        }
        let is_new = match event {
            Event::Sealed(sealed) => {
                publication::of_document(self.connection(), places, sealed.id, seq)
            }
            Event::ReceiptUploaded(uploaded) => {
                let receipt = Uuid::from_bytes(uploaded.id);
                publication::of_upload(self.connection(), places, (seq, receipt, at))
            }
            _ => Ok(false),
        };
        self.has_published |= is_new.context(&self.store.path, "publications")?;
        Ok(())
    }

    /// The places at which receipts of this batch are to be published.
    #[must_use]
    pub fn published_at(&self) -> Vec<DeliveryChannel> {
        match self.has_published {
            true => self.store.published_at.clone(),
            false => Vec::new(),
        }
    }

    /// The identity that a sealed document is told under; `None` for other events. It is read once, and then kept in memory.
    fn identity_for(
        &mut self,
        device: Uuid,
        event: &Event<'_>,
    ) -> Result<Option<DeviceIdentity>, StoreError> {
        if matches!(event, Event::DeviceIdentified(_)) {
            self.store.identities.remove(&device);
        }
        if !matches!(event, Event::Sealed(_)) {
            return Ok(None);
        }
        if let Some(known) = self.store.identities.get(&device) {
            return Ok(Some(known.clone()));
        }
        let identity = frozen::identity_of(self.connection(), device)
            .context(&self.store.path, "identity of a device")?;
        self.store.identities.insert(device, identity.clone());
        Ok(Some(identity))
    }

    /// The newest document of a request id on a device, if any.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn request(&self, device: Uuid, id: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
        rows::request(self.connection(), Some(device), Uuid::from_bytes(id.0))
            .context(&self.store.path, "request id")
    }

    /// The newest document of a request id on any device.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn request_anywhere(&self, id: DocumentId) -> Result<Option<DocumentRow>, StoreError> {
        rows::request(self.connection(), None, Uuid::from_bytes(id.0))
            .context(&self.store.path, "request id")
    }

    /// Whether an uploaded receipt has an id. Ids are of one namespace over all APIs.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn is_uploaded(&self, id: DocumentId) -> Result<bool, StoreError> {
        let read = || -> rusqlite::Result<bool> {
            let has_uploads = match self.store.has_uploads.get() {
                Some(known) => known,
                None => ereceipt_rows::has_uploads(self.connection())?,
            };
            self.store.has_uploads.set(Some(has_uploads));
            Ok(has_uploads
                && ereceipt_rows::is_uploaded(self.connection(), Uuid::from_bytes(id.0))?)
        };
        read().context(&self.store.path, "uploaded receipts")
    }

    /// A receipt is uploaded in this batch.
    pub(crate) fn note_upload(&self) {
        self.store.has_uploads.set(Some(true));
    }

    /// A document with its journal rows.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn document(&self, row: DocumentRow) -> Result<StoredDocument, StoreError> {
        rows::document(self.connection(), row).context(&self.store.path, "document")
    }

    /// The parts of a sale that were returned already, as a list of line (counted from 0), quantity in thousandths, amount in
    /// minor units.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn returned(&self, original_seq: i64) -> Result<Vec<(u16, i64, i64)>, StoreError> {
        rows::returned(self.connection(), original_seq).context(&self.store.path, "returns")
    }

    /// Stores why the paper of a document is missing; `None` means that the paper was printed. The document is legal without
    /// its paper.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn note_print_error(
        &mut self,
        reserved_seq: i64,
        reason: Option<&str>,
    ) -> Result<(), StoreError> {
        self.connection()
            .execute(
                "UPDATE document SET print_error = ?2 WHERE reserved_seq = ?1",
                params![reserved_seq, reason],
            )
            .map(drop)
            .context(&self.store.path, "print error")
    }

    /// Stores that a recipient has acknowledged a document; `at` in milliseconds since the epoch. `environment` names who
    /// acknowledged it: `TEST` or `LIVE`. The request is cleared. A second acknowledgement of the same document changes nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn acknowledge(
        &mut self,
        recipient: Recipient,
        sealed_seq: i64,
        environment: &str,
        at: i64,
    ) -> Result<(), StoreError> {
        let entry = match recipient {
            Recipient::AUTHORITY => WaitingEntry::of(self.connection(), sealed_seq)
                .context(&self.store.path, "acknowledgement")?,
            _ => None,
        };
        let acknowledge = || {
            let digest: Option<[u8; 32]> = self
                .connection()
                .prepare_cached(
                    "DELETE FROM outbox_request WHERE id = \
                     (SELECT request FROM outbox WHERE sealed_seq = ?1 AND recipient = ?2 AND state = 'waiting') RETURNING digest",
                )?
                .query_row(params![sealed_seq, recipient.name()], |row| row.get(0))
                .optional()?;
            self.connection()
                .prepare_cached(
                    "UPDATE outbox SET state = 'acknowledged', acknowledged_at = ?3, environment = ?4, digest = ?5, request = NULL, \
                     refusal = NULL, again_at = NULL, attempts = attempts + 1 \
                     WHERE sealed_seq = ?1 AND recipient = ?2 AND state = 'waiting'",
                )?
                .execute(params![sealed_seq, recipient.name(), at, environment, digest])?;
            // The answer to an attempt that was under way when an operator laid the document aside.
            self.connection()
                .prepare_cached(
                    "UPDATE outbox SET acknowledged_at = ?3, environment = ?4 \
                     WHERE sealed_seq = ?1 AND recipient = ?2 AND state = 'laid_aside' AND acknowledged_at IS NULL",
                )?
                .execute(params![sealed_seq, recipient.name(), at, environment])?;
            match entry {
                Some(_) => reconcile::no_longer_waits(self.connection(), sealed_seq, at),
                None => Ok(()),
            }
        };
        acknowledge().context(&self.store.path, "acknowledgement")?;
        if let Some(entry) = entry {
            self.figures.unsent.acknowledge(entry, at);
            self.no_longer_waits();
        }
        Ok(())
    }

    /// One document less waits for the authority: it may have been the oldest, or the last one of a shift.
    fn no_longer_waits(&mut self) {
        self.z_reports_changed = true;
        self.oldest_is_known = self.figures.unsent.documents == 0;
        self.figures.unsent.oldest_ms = None;
    }

    /// The entry of the document that an event lays aside, if the authority is the recipient.
    fn entry_laid_aside(
        &self,
        event: &Event<'_>,
    ) -> Result<Option<(i64, WaitingEntry)>, StoreError> {
        let Event::LaidAside(aside) = event else {
            return Ok(None);
        };
        let authority = Recipient::AUTHORITY.name();
        if aside.recipient != authority {
            return Ok(None);
        }
        let find = || {
            let (connection, id) = (self.connection(), Uuid::from_bytes(aside.id.0));
            let waiting = laid_aside::waiting_document(connection, authority, id)?;
            let Some(sealed_seq) = waiting.map(|waiting| waiting.sealed_seq) else {
                return Ok(None);
            };
            let entry = WaitingEntry::of(connection, sealed_seq)?;
            Ok(entry.map(|entry| (sealed_seq, entry)))
        };
        find().context(&self.store.path, "outbox")
    }

    /// The entry does not wait for the authority any more.
    fn take_aside(
        &mut self,
        aside: Option<(i64, WaitingEntry)>,
        at: i64,
    ) -> Result<(), StoreError> {
        let Some((sealed_seq, entry)) = aside else {
            return Ok(());
        };
        reconcile::no_longer_waits(self.connection(), sealed_seq, at)
            .context(&self.store.path, "reconciliation")?;
        self.figures.unsent.lay_aside(entry);
        self.no_longer_waits();
        Ok(())
    }

    /// The documents that the authority has not acknowledged, including those of this batch.
    pub(crate) const fn unsent_mut(&mut self) -> &mut UnsentCount {
        &mut self.figures.unsent
    }

    /// The count of unsent documents as the row of the clock must have it.
    pub(crate) fn kept_count(&self) -> Option<KeptCount> {
        KeptCount::of(&self.figures.unsent)
    }

    /// The row of the clock has this count now.
    pub(crate) const fn count_is_kept(&mut self, kept: Option<KeptCount>) {
        self.kept_count = kept;
    }

    /// True if the time of the oldest unsent document need not be read.
    pub(crate) const fn oldest_is_known(&self) -> bool {
        self.oldest_is_known
    }

    /// Stores the time of the oldest unsent document, which was read.
    pub(crate) const fn set_oldest(&mut self, oldest_ms: Option<i64>) {
        self.figures.unsent.oldest_ms = oldest_ms;
        self.oldest_is_known = true;
    }

    /// What makes the requests of sealed documents.
    pub(crate) fn freeze(&self) -> Option<&dyn Freeze> {
        self.store.freeze.as_deref()
    }

    /// Stores why a recipient has refused a document, which stays in the outbox, and when it is sent again, in milliseconds since
    /// the epoch.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn note_refusal(
        &mut self,
        recipient: Recipient,
        sealed_seq: i64,
        reason: &str,
        again_at: i64,
    ) -> Result<(), StoreError> {
        let entry = match recipient {
            Recipient::AUTHORITY => WaitingEntry::of(self.connection(), sealed_seq)
                .context(&self.store.path, "refusal")?,
            _ => None,
        };
        self.connection()
            .prepare_cached(
                "UPDATE outbox SET refusal = ?3, again_at = ?4, attempts = attempts + 1 \
                 WHERE sealed_seq = ?1 AND recipient = ?2 AND state = 'waiting'",
            )
            .and_then(|mut statement| {
                statement.execute(params![sealed_seq, recipient.name(), reason, again_at])
            })
            .context(&self.store.path, "refusal")?;
        if let Some(entry) = entry {
            self.figures.unsent.refuse(entry);
        }
        Ok(())
    }

    /// Stores the contact of the buyer beside a reserved document, and orders what is sent to it; `at` in milliseconds since the epoch.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn keep_contact(
        &mut self,
        reserved_seq: i64,
        at: i64,
        contact: &BuyerContact,
    ) -> Result<(), StoreError> {
        let connection = self.connection();
        contact::keep(connection, reserved_seq, at, contact)
            .and_then(|()| delivery::order(connection, reserved_seq, at, contact, false))
            .context(&self.store.path, "contact of a buyer")
    }

    /// Erases contacts of documents that were reserved before `before`, in milliseconds since the epoch: some hundred at most, so
    /// that no sale waits long. Their bytes are overwritten in the file. Returns true if none of them is left.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn erase_contacts(&mut self, before: i64) -> Result<bool, StoreError> {
        let connection = self.connection();
        delivery::give_up(connection, before)
            .and_then(|()| contact::erase(connection, before))
            .context(&self.store.path, "contacts of buyers")
    }

    /// Orders copies of a sealed document for a buyer; `at` in milliseconds since the epoch. False if there is no such document.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn order_copy(
        &mut self,
        document: Uuid,
        at: i64,
        contact: &BuyerContact,
    ) -> Result<bool, StoreError> {
        delivery::order_copy(self.connection(), document, at, contact)
            .context(&self.store.path, "copy for a buyer")
    }

    /// Stores what an attempt to send or to publish a receipt has ended with; `at` in milliseconds since the epoch. The contact of a
    /// delivery that has ended is erased.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn end_delivery(
        &mut self,
        delivery: (DeliveryChannel, i64),
        end: &DeliveryEnd,
        at: i64,
    ) -> Result<(), StoreError> {
        delivery::end(self.connection(), delivery, end, at)
            .context(&self.store.path, "delivery to a buyer")
    }

    /// The number of the last journal row, including the rows of this batch.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.head.seq
    }

    /// Makes the batch durable.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`]: it is then unknown whether the batch is durable, and the caller reads everything again.
    pub fn commit(mut self) -> Result<(), StoreError> {
        if self.z_reports_changed {
            self.figures.z_reports = query::count_z_reports(self.connection())
                .context(&self.store.path, "reconciliations")?;
        }
        let kept = self.kept_count();
        if kept != self.kept_count {
            KeptCount::write(kept, self.connection()).context(&self.store.path, "clock")?;
            self.kept_count = kept;
        }
        self.open = false;
        let has_written = self.connection().total_changes() != self.changes_before;
        let outcome = self
            .store
            .connection
            .execute_batch("COMMIT")
            .context(&self.store.path, "commit");
        match outcome {
            Ok(()) => {
                let rows = self.head.seq.saturating_sub(self.store.head.seq);
                self.store.head = self.head;
                self.store.figures = self.figures;
                self.store.kept_count = self.kept_count;
                self.store.oldest_is_known = self.oldest_is_known;
                // The first batch of an unfounded folder begins with the row that founds it.
                self.store.unfounded = None;
                if has_written && let Some(maintenance) = &mut self.store.maintenance {
                    maintenance.committed(rows);
                }
                Ok(())
            }
            Err(error) => {
                self.store.identities.clear();
                // The transaction may still be open after a failed COMMIT. If it is not open, ROLLBACK fails, which changes
                // nothing.
                let _ = self.store.connection.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.store.connection
    }

    pub(crate) fn path(&self) -> &Path {
        &self.store.path
    }

    pub(crate) fn key(&self) -> &ChainKey {
        &self.store.key
    }

    /// The last row of this batch or, before the first, of the journal, with its MAC.
    pub(crate) const fn head(&self) -> (i64, Mac) {
        (self.head.seq, self.head.mac)
    }
}

/// Whether an event seals this document.
fn is_sealed_by(document: &StoredDocument, device: Uuid, event: &Event<'_>) -> bool {
    matches!(event, Event::Sealed(sealed) if document.row.device == device && document.row.id.as_bytes() == &sealed.id.0)
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if self.open {
            // The batch may have changed identities.
            self.store.identities.clear();
            // SQLite may have rolled the transaction back already. In that case ROLLBACK fails, which changes nothing.
            let _ = self.store.connection.execute_batch("ROLLBACK");
        }
    }
}

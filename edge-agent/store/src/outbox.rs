//! The outbox: one entry for each document and each recipient that must be told of it.

use ferrotill_core::budget::Unsent;
use ferrotill_core::duty::{DutyKind, Recipient};
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::Context;
use super::StoreError;
use super::chain::ChainKey;
use super::frozen::{self, Binding, Freeze, Freezing, FrozenRequest};
use super::journal::Batch;
use super::laid_aside::{self, AsideDocument, AsideNote, WaitingDocument};
use super::query::{self, Reader, UnsentCount};
use super::rows::{self, COLUMNS};

/// A message to a recipient that waits for its acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The entry's place in the order of sending: the journal row that sealed the document.
    pub sealed_seq: i64,
    /// What the recipient is told.
    pub kind: DutyKind,
    /// The idempotency key: the document's own id, which is unique over all tills.
    pub key: Uuid,
    /// The number of the message, which is the document's number.
    pub message_number: u32,
    /// The number of answers that the recipient has given about the document.
    pub attempts: u32,
    /// The request; `None` if the document has none, because it could not be put into the recipient's form.
    pub request: Option<FrozenRequest>,
}

/// An entry that its recipient has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefusedEntry {
    /// The entry's place in the order of sending: the journal row that sealed the document.
    pub sealed_seq: i64,
    /// The number of answers that the recipient has given about the document.
    pub attempts: u32,
    /// When the document is sent again, in milliseconds since the epoch.
    pub again_at_ms: Option<i64>,
}

/// The state of the delivery of a document to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryState {
    /// The name of the recipient ([`Recipient::name`]).
    pub recipient: String,
    /// The number of answers that the recipient has given about the document.
    pub attempts: u32,
    /// The text of the recipient's refusal, if its last answer was a refusal; or why the document cannot be sent.
    pub refusal: Option<String>,
    /// When a refused document is sent again, in milliseconds since the epoch.
    pub again_at_ms: Option<i64>,
    /// When the recipient acknowledged the document, in milliseconds since the epoch.
    pub acknowledged_ms: Option<i64>,
    /// The environment that acknowledged the document: `TEST` or `LIVE`. `None` if an older program stored the acknowledgement.
    pub environment: Option<String>,
    /// That an operator has laid the document aside: it is not sent to this recipient any more.
    pub laid_aside: Option<AsideNote>,
}

impl Reader {
    /// The oldest entries of a recipient that wait, after a place in the order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn outbox_entries(
        &self,
        recipient: Recipient,
        after: i64,
        count: u32,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        self.entries(recipient, "outbox.sealed_seq > ?2", after, count)
    }

    /// The oldest entries of a recipient that can be sent and were never answered, after a place in the order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn unanswered_entries(
        &self,
        recipient: Recipient,
        after: i64,
        count: u32,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        let unanswered =
            "outbox.sealed_seq > ?2 AND outbox.attempts = 0 AND outbox.request NOT NULL";
        self.entries(recipient, unanswered, after, count)
    }

    /// The entry of a journal row, if it waits and can be sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn outbox_entry(
        &self,
        recipient: Recipient,
        sealed_seq: i64,
    ) -> Result<Option<OutboxEntry>, StoreError> {
        let this = "outbox.sealed_seq = ?2 AND outbox.request NOT NULL";
        let mut entries = self.entries(recipient, this, sealed_seq, 1)?;
        Ok(entries.pop())
    }

    fn entries(
        &self,
        recipient: Recipient,
        which: &'static str,
        place: i64,
        count: u32,
    ) -> Result<Vec<OutboxEntry>, StoreError> {
        self.with("outbox", |connection| {
            connection
                .prepare_cached(&format!(
                    "SELECT sealed_seq, duty, message_number, attempts, content_type, body, unique_id FROM outbox JOIN document USING (reserved_seq) \
                     LEFT JOIN outbox_request ON outbox_request.id = outbox.request \
                     WHERE outbox.state = 'waiting' AND outbox.recipient = ?1 AND {which} ORDER BY sealed_seq LIMIT ?3"
                ))?
                .query_map(params![recipient.name(), place, count], outbox_entry)?
                .filter_map(Result::transpose)
                .collect()
        })
    }

    /// The entries that a recipient has refused, after a place in the order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn refused_entries(
        &self,
        recipient: Recipient,
        after: i64,
        count: u32,
    ) -> Result<Vec<RefusedEntry>, StoreError> {
        self.with("outbox", |connection| {
            connection
                .prepare_cached(
                    "SELECT sealed_seq, attempts, again_at FROM outbox WHERE state = 'waiting' AND recipient = ?1 \
                     AND sealed_seq > ?2 AND attempts > 0 AND request NOT NULL ORDER BY sealed_seq LIMIT ?3",
                )?
                .query_map(params![recipient.name(), after, count], |row| {
                    Ok(RefusedEntry {
                        sealed_seq: row.get(0)?,
                        attempts: row.get(1)?,
                        again_at_ms: row.get(2)?,
                    })
                })?
                .collect()
        })
    }

    /// The journal row of the oldest entry of a recipient that cannot be sent, because it has no request.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn oldest_without_request(&self, recipient: Recipient) -> Result<Option<i64>, StoreError> {
        self.with("outbox", |connection| {
            connection
                .prepare_cached(
                    "SELECT min(sealed_seq) FROM outbox WHERE state = 'waiting' AND request IS NULL AND recipient = ?1",
                )?
                .query_row([recipient.name()], |row| row.get(0))
        })
    }

    /// The journal row of the newest waiting entry of a recipient.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn newest_outbox_entry(&self, recipient: Recipient) -> Result<Option<i64>, StoreError> {
        self.with("outbox", |connection| {
            connection
                .prepare_cached(
                    "SELECT max(sealed_seq) FROM outbox WHERE state = 'waiting' AND recipient = ?1",
                )?
                .query_row([recipient.name()], |row| row.get(0))
        })
    }

    /// The number and the sums of the documents that the authority has not acknowledged yet.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn unsent(&self) -> Result<UnsentCount, StoreError> {
        self.with("outbox", query::count_unsent)
    }

    /// The delivery of a sealed document to each of its recipients, in the order of their names. Empty if nobody is told of the
    /// document.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn deliveries(&self, reserved_seq: i64) -> Result<Vec<DeliveryState>, StoreError> {
        self.with("outbox", |connection| {
            connection
                .prepare_cached(
                    "SELECT recipient, attempts, refusal, again_at, acknowledged_at, environment, aside_seq FROM outbox WHERE sealed_seq = \
                     (SELECT settled_seq FROM document WHERE reserved_seq = ?1) ORDER BY recipient",
                )?
                .query_map([reserved_seq], |row| {
                    Ok(DeliveryState {
                        recipient: row.get(0)?,
                        attempts: row.get(1)?,
                        refusal: row.get(2)?,
                        again_at_ms: row.get(3)?,
                        acknowledged_ms: row.get(4)?,
                        environment: row.get(5)?,
                        laid_aside: laid_aside::note(connection, row.get(6)?)?,
                    })
                })?
                .collect()
        })
    }
}

impl Reader {
    /// The oldest documents that a recipient has not acknowledged.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn waiting(
        &self,
        recipient: Recipient,
        count: u32,
    ) -> Result<Vec<WaitingDocument>, StoreError> {
        self.with("outbox", |connection| {
            laid_aside::waiting(connection, recipient.name(), count)
        })
    }

    /// The documents of the authority that an operator has laid aside.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn laid_aside(&self) -> Result<Vec<AsideDocument>, StoreError> {
        self.with("outbox", |connection| {
            laid_aside::of_authority(connection, None)
        })
    }
}

impl Batch<'_> {
    /// The document with this request id, if it waits for a recipient.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn waiting_document(
        &self,
        recipient: &str,
        id: Uuid,
    ) -> Result<Option<WaitingDocument>, StoreError> {
        laid_aside::waiting_document(self.connection(), recipient, id)
            .context(self.path(), "outbox")
    }

    /// The documents that the authority has not acknowledged yet, as the offline budgets count them.
    ///
    /// The writer keeps count and oldest time in memory: if the authority has not answered for a year, counting all entries with
    /// every sale would make the till slow.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn unsent(&mut self) -> Result<Unsent, StoreError> {
        if !self.oldest_is_known() {
            let oldest_ms = self
                .connection()
                .prepare_cached(OLDEST_WAITING)
                .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
                .context(self.path(), "outbox")?;
            self.set_oldest(oldest_ms);
        }
        let unsent = self.unsent_mut();
        Ok(Unsent {
            documents: unsent.documents,
            oldest_ms: unsent.oldest_ms,
        })
    }

    /// Freezes the requests of documents that wait without one: documents of an older program, which has made each request anew at
    /// every attempt, and documents for which no request could be made when they were sealed. Returns their number.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn freeze_waiting(&mut self) -> Result<u32, StoreError> {
        let Some(freeze) = self.freeze() else {
            return Ok(0);
        };
        let mut count = 0_u32;
        let mut after = (i64::MIN, String::new());
        loop {
            let entry =
                without_request(self.connection(), &after).context(self.path(), "outbox")?;
            let Some(entry) = entry else {
                if count > 0 {
                    let unsent =
                        query::count_unsent(self.connection()).context(self.path(), "outbox")?;
                    *self.unsent_mut() = unsent;
                }
                return Ok(count);
            };
            freeze_again(self.connection(), (freeze, self.key()), &entry)
                .context(self.path(), "outbox")?;
            after = (entry.sealed_seq, entry.recipient);
            count = count.saturating_add(1);
        }
    }
}

/// An entry that waits without a request.
struct WithoutRequest {
    sealed_seq: i64,
    recipient: String,
    duty: String,
    reserved_seq: i64,
}

/// The first entry after a place that waits without a request.
fn without_request(
    connection: &Connection,
    (sealed_seq, recipient): &(i64, String),
) -> Result<Option<WithoutRequest>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT sealed_seq, recipient, duty, reserved_seq FROM outbox WHERE state = 'waiting' AND request IS NULL \
             AND sealed_seq >= ?1 AND (sealed_seq > ?1 OR recipient > ?2) ORDER BY sealed_seq, recipient LIMIT 1",
        )?
        .query_row(params![sealed_seq, recipient], |row| {
            Ok(WithoutRequest {
                sealed_seq: row.get(0)?,
                recipient: row.get(1)?,
                duty: row.get(2)?,
                reserved_seq: row.get(3)?,
            })
        })
        .optional()
}

fn freeze_again(
    connection: &Connection,
    (freeze, key): (&dyn Freeze, &ChainKey),
    entry: &WithoutRequest,
) -> Result<(), rusqlite::Error> {
    let row = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM document WHERE reserved_seq = ?1"
        ))?
        .query_row([entry.reserved_seq], rows::document_row)?;
    let document = rows::document(connection, row)?;
    let duty = freeze
        .duties(document.row.kind)
        .iter()
        .find(|duty| duty.recipient.name() == entry.recipient && duty.kind.name() == entry.duty);
    // The document keeps the identity of its seal: the recipient may know the device by another one today.
    let identity = frozen::identity_at(connection, document.row.device, entry.sealed_seq)?;
    let binding = Binding {
        key,
        sealed_seq: entry.sealed_seq,
        row_mac: connection
            .prepare_cached("SELECT mac FROM journal WHERE seq = ?1")?
            .query_row([entry.sealed_seq], |row| row.get(0))?,
    };
    let freezing = Freezing {
        freeze,
        identity: &identity,
        binding,
    };
    let request = match (duty, document.sealed()) {
        (Some(duty), Some(sealed)) => frozen::freeze_one(
            connection,
            freezing,
            *duty,
            (&document, entry.sealed_seq),
            &sealed,
        )?,
        (None, _) => Err(NO_DUTY.to_owned()),
        (_, None) => Err(frozen::UNREADABLE.to_owned()),
    };
    let (request, fault) = frozen::enter_request(connection, binding, &entry.recipient, request)?;
    // A refusal of the recipient stays; `attempts` counts the recipient's answers.
    connection
        .prepare_cached(
            "UPDATE outbox SET request = ?3, refusal = iif(attempts = 0, ?4, coalesce(?4, refusal)) \
             WHERE sealed_seq = ?1 AND recipient = ?2",
        )?
        .execute(params![
            entry.sealed_seq,
            entry.recipient,
            request,
            fault
        ])
        .map(drop)
}

/// The text in place of a request whose document has another duty in this program.
const NO_DUTY: &str = "this program has no such duty; use the program that sealed the document";
fn outbox_entry(row: &Row<'_>) -> Result<Option<OutboxEntry>, rusqlite::Error> {
    let duty: String = row.get(1)?;
    // Only kinds of this program are ever written. A kind of a newer program waits for that program.
    let Some(kind) = DutyKind::from_name(&duty) else {
        return Ok(None);
    };
    let content_type: Option<String> = row.get(4)?;
    let request = match content_type {
        Some(content_type) => Some(FrozenRequest {
            content_type,
            body: row.get(5)?,
        }),
        None => None,
    };
    Ok(Some(OutboxEntry {
        sealed_seq: row.get(0)?,
        kind,
        key: Uuid::from_bytes(row.get(6)?),
        message_number: row.get(2)?,
        attempts: row.get(3)?,
        request,
    }))
}

/// The query for the time at which the document of the oldest waiting entry was reserved.
pub(super) const OLDEST_WAITING: &str = "SELECT document.at FROM outbox JOIN document ON document.reserved_seq = outbox.reserved_seq \
     WHERE outbox.state = 'waiting' AND outbox.recipient = 'authority' ORDER BY outbox.sealed_seq LIMIT 1";

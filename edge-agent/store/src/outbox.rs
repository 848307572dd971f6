//! The outbox: one entry for each document and each recipient that must be told of it.
//!
//! What a recipient is told is frozen in the transaction that seals the document ([`Freeze`]): the store calls it whenever a
//! `Sealed` event is appended, so that no document can be sealed without it. The bytes stay in the database until the recipient
//! has acknowledged them, and are sent as they are at every attempt.

use std::fmt;

use ferrotill_core::budget::Unsent;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::duty::{Duty, DutyKind, Recipient};
use ferrotill_core::event::{Reserved, Sealed};
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::Context;
use super::StoreError;
use super::identity::{self, DeviceIdentity};
use super::journal::Batch;
use super::query::{Reader, UnsentCount};
use super::rows::{self, COLUMNS, DocumentRow, StoredDocument};

/// Gives the duties of a document, and the request in which a recipient is told of it. Pure: a call reads nothing but its
/// arguments and what the value was made with.
pub trait Freeze: fmt::Debug + Send + Sync {
    /// Who must be told what of a document of this kind.
    fn duties(&self, kind: DocumentKind) -> &'static [Duty];

    /// The request for one duty of a document, exactly as it is sent at every attempt.
    ///
    /// # Errors
    ///
    /// Why the document cannot be told, as a text for an operator. The document is sealed nevertheless, and the text stands in
    /// the outbox in place of the request.
    fn freeze(&self, duty: Duty, document: &SealedDocument<'_>) -> Result<FrozenRequest, String>;
}

/// A document at the moment of its seal.
#[derive(Clone, Debug)]
pub struct SealedDocument<'d> {
    /// The id of the document's device.
    pub device: Uuid,
    /// The device's identity towards the recipients, as the journal knows it at the seal.
    pub identity: DeviceIdentity,
    /// The event that reserved the document.
    pub reserved: Reserved<'d>,
    /// The event that seals the document.
    pub sealed: Sealed<'d>,
    /// For a refund, the number of the original sale: its fiscal number, or else its document number.
    pub original_number: Option<u64>,
}

/// What a recipient is told of a document. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenRequest {
    /// The media type of the body.
    pub content_type: String,
    /// The idempotency key.
    pub key: Uuid,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// A message to a recipient that waits for its acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutboxEntry {
    /// The entry's place in the order of sending: the journal row that sealed the document.
    pub sealed_seq: i64,
    /// The id of the document's device.
    pub device: Uuid,
    /// What the recipient is told.
    pub kind: DutyKind,
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

/// The state of the delivery of a document to the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryState {
    /// The number of answers that the authority has given about the document.
    pub attempts: u32,
    /// The text of the authority's refusal, if its last answer was a refusal; or why the document cannot be sent.
    pub refusal: Option<String>,
    /// When the authority acknowledged the document, in milliseconds since the epoch.
    pub acknowledged_ms: Option<i64>,
    /// The environment that acknowledged the document: `TEST` or `LIVE`. `None` if an older program stored the acknowledgement.
    pub environment: Option<String>,
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
                    "SELECT sealed_seq, device, duty, message_number, attempts, content_type, key, body FROM outbox \
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
        self.with("outbox", |connection| {
            connection
                .prepare_cached(
                    "SELECT count(*), count(outbox.refusal), min(document.at), \
                     coalesce(sum(document.amount) FILTER (WHERE outbox.duty IN ('sale', 'alternative_receipt')), 0), \
                     (SELECT acknowledged_at FROM outbox WHERE state = 'acknowledged' AND recipient = 'authority' ORDER BY sealed_seq DESC LIMIT 1) \
                     FROM outbox JOIN document ON document.reserved_seq = outbox.reserved_seq \
                     WHERE outbox.state = 'waiting' AND outbox.recipient = 'authority'",
                )?
                .query_row([], |row| {
                    Ok(UnsentCount {
                        documents: row.get(0)?,
                        refused: row.get(1)?,
                        oldest_ms: row.get(2)?,
                        sold: row.get(3)?,
                        last_acknowledged_ms: row.get(4)?,
                    })
                })
        })
    }

    /// The delivery state of a document that waits or was acknowledged; `None` if the document need not be sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn delivery_state(&self, reserved_seq: i64) -> Result<Option<DeliveryState>, StoreError> {
        self.with("outbox", |connection| {
            connection
                .prepare_cached(
                    "SELECT attempts, refusal, acknowledged_at, environment FROM outbox WHERE recipient = 'authority' AND sealed_seq = \
                     (SELECT settled_seq FROM document WHERE reserved_seq = ?1)",
                )?
                .query_row([reserved_seq], |row| {
                    Ok(DeliveryState {
                        attempts: row.get(0)?,
                        refusal: row.get(1)?,
                        acknowledged_ms: row.get(2)?,
                        environment: row.get(3)?,
                    })
                })
                .optional()
        })
    }
}

impl Batch<'_> {
    /// The documents that the authority has not acknowledged yet, as the offline budgets count them.
    ///
    /// The writer keeps count and oldest time in memory: if the authority has not answered for a year, counting all entries with
    /// every sale would make the till slow.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn unsent(&mut self) -> Result<Unsent, StoreError> {
        let oldest_ms = match self.oldest() {
            Some(oldest) => oldest,
            None => {
                let oldest = self
                    .connection()
                    .prepare_cached(OLDEST_WAITING)
                    .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
                    .context(self.path(), "outbox")?;
                self.set_oldest(oldest);
                oldest
            }
        };
        Ok(Unsent {
            documents: self.waiting(),
            oldest_ms,
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
                return Ok(count);
            };
            freeze_again(self.connection(), freeze, &entry).context(self.path(), "outbox")?;
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
    /// The digest of a request that was there and is lost.
    digest: Option<[u8; 32]>,
}

/// The first entry after a place that waits without a request.
fn without_request(
    connection: &Connection,
    (sealed_seq, recipient): &(i64, String),
) -> Result<Option<WithoutRequest>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT sealed_seq, recipient, duty, reserved_seq, digest FROM outbox WHERE state = 'waiting' AND request IS NULL \
             AND sealed_seq >= ?1 AND (sealed_seq > ?1 OR recipient > ?2) ORDER BY sealed_seq, recipient LIMIT 1",
        )?
        .query_row(params![sealed_seq, recipient], |row| {
            Ok(WithoutRequest {
                sealed_seq: row.get(0)?,
                recipient: row.get(1)?,
                duty: row.get(2)?,
                reserved_seq: row.get(3)?,
                digest: row.get(4)?,
            })
        })
        .optional()
}

fn freeze_again(
    connection: &Connection,
    freeze: &dyn Freeze,
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
    let identity = identity_of(connection, document.row.device)?;
    let freezing = (freeze, &identity);
    let request = match (duty, document.sealed()) {
        (Some(duty), Some(sealed)) => freeze_one(connection, freezing, *duty, &document, &sealed)?,
        (None, _) => Err(NO_DUTY.to_owned()),
        (_, None) => Err(UNREADABLE.to_owned()),
    };
    let request = request.and_then(|request| match entry.digest {
        Some(digest) if digest != digest_of(&request.body) => Err(LOST.to_owned()),
        _ => Ok(request),
    });
    let entered = enter_request(connection, request)?;
    // A refusal of the recipient stays; `attempts` counts the recipient's answers.
    connection
        .prepare_cached(
            "UPDATE outbox SET request = ?3, digest = coalesce(?4, digest), refusal = iif(attempts = 0, ?5, coalesce(?5, refusal)) \
             WHERE sealed_seq = ?1 AND recipient = ?2",
        )?
        .execute(params![
            entry.sealed_seq,
            entry.recipient,
            entered.request,
            entered.digest,
            entered.fault
        ])
        .map(drop)
}

/// The text in place of a request whose document has another duty in this program.
const NO_DUTY: &str = "this program has no such duty; use the program that sealed the document";
/// The text in place of a request whose document cannot be read.
const UNREADABLE: &str = "the document cannot be read in the journal; run `ferrotill verify`";

/// The text in place of a request that the database has lost and that cannot be made again byte for byte.
const LOST: &str = "the request was lost from the database, and can no longer be made byte for byte; restore a backup, or report the document by hand";

/// The outbox rows of a document that is sealed with this event. Without `freeze` the rows have no requests.
/// Returns the number of new entries for the authority.
pub(super) fn enter(
    connection: &Connection,
    (duties, freeze): (&[Duty], Option<(Freezing<'_>, &StoredDocument)>),
    sealed_seq: i64,
    row: &DocumentRow,
    sealed: &Sealed<'_>,
) -> Result<u32, rusqlite::Error> {
    let mut for_the_authority = 0;
    for duty in duties {
        let entered = match freeze {
            None => EnteredRequest::default(),
            Some((freeze, document)) => {
                let request = freeze_one(connection, freeze, *duty, document, sealed)?;
                enter_request(connection, request)?
            }
        };
        connection
            .prepare_cached(
                "INSERT INTO outbox (sealed_seq, recipient, reserved_seq, device, duty, message_number, state, request, digest, refusal) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting', ?7, ?8, ?9)",
            )?
            .execute(params![
                sealed_seq,
                duty.recipient.name(),
                row.reserved_seq,
                row.device.as_bytes(),
                duty.kind.name(),
                sealed.number,
                entered.request,
                entered.digest,
                entered.fault
            ])?;
        for_the_authority += u32::from(duty.recipient == Recipient::AUTHORITY);
    }
    Ok(for_the_authority)
}

/// The request for one duty of a document, or why there is none.
fn freeze_one(
    connection: &Connection,
    (freeze, identity): (&dyn Freeze, &DeviceIdentity),
    duty: Duty,
    document: &StoredDocument,
    sealed: &Sealed<'_>,
) -> Result<Result<FrozenRequest, String>, rusqlite::Error> {
    let Some(reserved) = document.reserved() else {
        return Ok(Err(UNREADABLE.to_owned()));
    };
    let device = document.row.device;
    let original_number = original_number(connection, device, &reserved)?;
    let sealed = SealedDocument {
        device,
        identity: identity.clone(),
        reserved,
        sealed: sealed.clone(),
        original_number,
    };
    Ok(freeze.freeze(duty, &sealed))
}

/// What freezes a request, and the identity of the document's device.
pub(super) type Freezing<'f> = (&'f dyn Freeze, &'f DeviceIdentity);

/// The identity of a device. A device has one before its first document; only a store without a clerk may have none.
pub(super) fn identity_of(
    connection: &Connection,
    device: Uuid,
) -> Result<DeviceIdentity, rusqlite::Error> {
    Ok(identity::identity(connection, device)?.unwrap_or_default())
}

/// The columns of an entry that come from its request.
#[derive(Debug, Default)]
struct EnteredRequest {
    /// The row of the request.
    request: Option<i64>,
    digest: Option<[u8; 32]>,
    /// Why there is no request.
    fault: Option<String>,
}

/// Stores a request.
fn enter_request(
    connection: &Connection,
    request: Result<FrozenRequest, String>,
) -> Result<EnteredRequest, rusqlite::Error> {
    let request = match request {
        Ok(request) => request,
        Err(fault) => {
            return Ok(EnteredRequest {
                fault: Some(fault),
                ..EnteredRequest::default()
            });
        }
    };
    connection
        .prepare_cached("INSERT INTO outbox_request (content_type, key, body) VALUES (?1, ?2, ?3)")?
        .execute(params![
            request.content_type,
            request.key.as_bytes(),
            request.body
        ])?;
    Ok(EnteredRequest {
        request: Some(connection.last_insert_rowid()),
        digest: Some(digest_of(&request.body)),
        fault: None,
    })
}

/// The digest of a body, as the outbox stores it.
pub(super) fn digest_of(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

fn outbox_entry(row: &Row<'_>) -> Result<Option<OutboxEntry>, rusqlite::Error> {
    let duty: String = row.get(2)?;
    // Only kinds of this program are ever written. A kind of a newer program waits for that program.
    let Some(kind) = DutyKind::from_name(&duty) else {
        return Ok(None);
    };
    let content_type: Option<String> = row.get(5)?;
    let request = match content_type {
        Some(content_type) => Some(FrozenRequest {
            content_type,
            key: Uuid::from_bytes(row.get(6)?),
            body: row.get(7)?,
        }),
        None => None,
    };
    Ok(Some(OutboxEntry {
        sealed_seq: row.get(0)?,
        device: Uuid::from_bytes(row.get(1)?),
        kind,
        message_number: row.get(3)?,
        attempts: row.get(4)?,
        request,
    }))
}

/// The query for the time at which the document of the oldest waiting entry was reserved.
pub(super) const OLDEST_WAITING: &str = "SELECT document.at FROM outbox JOIN document ON document.reserved_seq = outbox.reserved_seq \
     WHERE outbox.state = 'waiting' AND outbox.recipient = 'authority' ORDER BY outbox.sealed_seq LIMIT 1";

/// For a refund, the number of the original sale: its fiscal number, or else its document number.
fn original_number(
    connection: &Connection,
    device: Uuid,
    reserved: &Reserved<'_>,
) -> Result<Option<u64>, rusqlite::Error> {
    let Body::Receipt(Receipt {
        kind: ReceiptKind::Refund { original },
        ..
    }) = reserved.body
    else {
        return Ok(None);
    };
    let sale = rows::request(connection, Some(device), Uuid::from_bytes(original.0))?;
    let Some(sale) = sale else { return Ok(None) };
    let sale = rows::document(connection, sale)?;
    Ok(match sale.sealed().map(|sealed| sealed.seal) {
        Some(Seal::FiscalNumber { number, .. }) => Some(number),
        _ => sale.row.number.map(u64::from),
    })
}

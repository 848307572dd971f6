//! The outbox: one entry for each document that must be sent to the authority.

use ferrotill_core::budget::Unsent;
use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::Context;
use super::StoreError;
use super::journal::Batch;
use super::query::{self, Reader, UnsentCount};
use super::rows::{self, COLUMNS, StoredDocument};

/// A document that must be sent to the authority, with what its request needs.
#[derive(Debug)]
pub struct OutboxEntry {
    /// The entry's place in the order of sending: the journal row that sealed the document.
    pub sealed_seq: i64,
    /// The id of the document's device.
    pub device: Uuid,
    /// The duty, which names the kind of message: `sale`, `refund`, `deposit`, `withdraw`, `alternative_receipt` or `z_report`.
    pub duty: String,
    /// The number of the message, which is the document's number.
    pub message_number: u32,
    /// The document with its journal rows.
    pub document: StoredDocument,
    /// For a refund, the number of the original sale: its fiscal number, or else its document number.
    pub original_number: Option<u64>,
}

/// The state of the delivery of a document to the authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryState {
    /// The number of answers that the authority has given about the document.
    pub attempts: u32,
    /// The text of the authority's refusal, if its last answer was a refusal.
    pub refusal: Option<String>,
    /// When the authority acknowledged the document, in milliseconds since the epoch.
    pub acknowledged_ms: Option<i64>,
}

impl Reader {
    /// The oldest waiting entries after a place in the order.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn outbox_entries(&self, after: i64, count: u32) -> Result<Vec<OutboxEntry>, StoreError> {
        self.with("outbox", |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT sealed_seq, reserved_seq, device, duty, message_number FROM outbox \
                 WHERE state = 'waiting' AND sealed_seq > ?1 ORDER BY sealed_seq LIMIT ?2",
            )?;
            let waiting = statement
                .query_map(params![after, count], |row| {
                    Ok((
                        row.get(0)?,
                        row.get(1)?,
                        row.get(2)?,
                        row.get(3)?,
                        row.get(4)?,
                    ))
                })?
                .collect::<Result<Vec<(i64, i64, [u8; 16], String, u32)>, _>>()?;
            let mut entries = Vec::with_capacity(waiting.len());
            for (sealed_seq, reserved_seq, device, duty, message_number) in waiting {
                let row = connection
                    .prepare_cached(&format!(
                        "SELECT {COLUMNS} FROM document WHERE reserved_seq = ?1"
                    ))?
                    .query_row([reserved_seq], rows::document_row)?;
                let document = rows::document(connection, row)?;
                let original_number = original_number(connection, &document)?;
                entries.push(OutboxEntry {
                    sealed_seq,
                    device: Uuid::from_bytes(device),
                    duty,
                    message_number,
                    document,
                    original_number,
                });
            }
            Ok(entries)
        })
    }

    /// The journal row of the newest waiting entry.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn newest_outbox_entry(&self) -> Result<Option<i64>, StoreError> {
        self.with("outbox", |connection| {
            connection
                .prepare_cached("SELECT max(sealed_seq) FROM outbox WHERE state = 'waiting'")?
                .query_row([], |row| row.get(0))
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

    /// The delivery state of a document that waits or was acknowledged; `None` if the document need not be sent.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn delivery_state(&self, reserved_seq: i64) -> Result<Option<DeliveryState>, StoreError> {
        self.with("outbox", |connection| {
            connection
                .prepare_cached(
                    "SELECT attempts, refusal, acknowledged_at FROM outbox WHERE reserved_seq = ?1 AND sealed_seq = \
                     (SELECT settled_seq FROM document WHERE reserved_seq = ?1)",
                )?
                .query_row([reserved_seq], |row| {
                    Ok(DeliveryState {
                        attempts: row.get(0)?,
                        refusal: row.get(1)?,
                        acknowledged_ms: row.get(2)?,
                    })
                })
                .optional()
        })
    }
}

impl Batch<'_> {
    /// The documents that the authority has not acknowledged yet, as the offline budgets count them.
    ///
    /// The writer keeps the count in memory: if the authority has not answered for a year, counting all entries with every sale
    /// would make the till slow.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn unsent(&mut self) -> Result<Unsent, StoreError> {
        let oldest_ms = self
            .connection()
            .prepare_cached(OLDEST_WAITING)
            .and_then(|mut statement| statement.query_row([], |row| row.get(0)).optional())
            .context(self.path(), "outbox")?;
        let unsent = self.unsent_mut();
        unsent.oldest_ms = oldest_ms;
        Ok(Unsent {
            documents: unsent.documents,
            oldest_ms,
        })
    }
}

/// The query for the time at which the document of the oldest waiting entry was reserved.
pub(super) const OLDEST_WAITING: &str = "SELECT document.at FROM outbox JOIN document ON document.reserved_seq = outbox.reserved_seq \
     WHERE outbox.state = 'waiting' ORDER BY outbox.sealed_seq LIMIT 1";

fn original_number(
    connection: &Connection,
    document: &StoredDocument,
) -> Result<Option<u64>, rusqlite::Error> {
    if document.row.kind != DocumentKind::Refund {
        return Ok(None);
    }
    let Some(Body::Receipt(Receipt {
        kind: ReceiptKind::Refund { original },
        ..
    })) = document.reserved().map(|reserved| reserved.body)
    else {
        return Ok(None);
    };
    let sale = rows::request(
        connection,
        Some(document.row.device),
        Uuid::from_bytes(original.0),
    )?;
    let Some(sale) = sale else { return Ok(None) };
    let sale = rows::document(connection, sale)?;
    Ok(match sale.sealed().map(|sealed| sealed.seal) {
        Some(Seal::FiscalNumber { number, .. }) => Some(number),
        _ => sale.row.number.map(u64::from),
    })
}

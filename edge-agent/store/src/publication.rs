//! Receipts that are published: in a bucket, and at an eReceipt service. They stand beside the journal, like what is sent to buyers.

use ferrotill_core::document::DocumentKind;
use ferrotill_core::id::DocumentId;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::channel::{
    DeliveryChannel, DeliveryEnd, DueDeliveries, ReceiptDelivery, WaitingDelivery,
};

/// The kinds of documents whose paper has the address of a page.
const PUBLISHED: [DocumentKind; 3] = [
    DocumentKind::Sale,
    DocumentKind::AlternativeSale,
    DocumentKind::Refund,
];

/// Has the document that a row seals published at these places. Returns whether there is something to publish.
pub(super) fn of_document(
    connection: &Connection,
    places: &[DeliveryChannel],
    document: DocumentId,
    sealed_seq: i64,
) -> Result<bool, rusqlite::Error> {
    let mut is_new = false;
    for place in places {
        let [sale, alternative, refund] = PUBLISHED.map(DocumentKind::name);
        let added = connection
            .prepare_cached(
                "INSERT OR IGNORE INTO publication (recipient, seq, receipt, state, at, again_at) \
                 SELECT ?1, settled_seq, id, 'waiting', at, at FROM document \
                 WHERE reserved_seq = (SELECT reserved_seq FROM request WHERE id = ?6) \
                 AND settled_seq = ?2 AND state = 'sealed' AND kind IN (?3, ?4, ?5)",
            )?
            .execute(params![
                place.name(),
                sealed_seq,
                sale,
                alternative,
                refund,
                document.0
            ])?;
        is_new |= added > 0;
    }
    Ok(is_new)
}

/// Has an uploaded receipt published at these places.
pub(super) fn of_upload(
    connection: &Connection,
    places: &[DeliveryChannel],
    (seq, receipt, at): (i64, Uuid, i64),
) -> Result<bool, rusqlite::Error> {
    for place in places {
        connection
            .prepare_cached(
                "INSERT INTO publication (recipient, seq, receipt, state, at, again_at) VALUES (?1, ?2, ?3, 'waiting', ?4, ?4)",
            )?
            .execute(params![place.name(), seq, receipt.as_bytes(), at])?;
    }
    Ok(!places.is_empty())
}

/// Stores what an attempt has ended with.
pub(super) fn end(
    connection: &Connection,
    id: i64,
    end: &DeliveryEnd,
    at: i64,
) -> Result<(), rusqlite::Error> {
    let (state, error, again_at, link) = match end {
        DeliveryEnd::Sent { link } => ("sent", None, None, link.as_ref()),
        DeliveryEnd::Failed { error } => ("failed", Some(error), None, None),
        DeliveryEnd::Later { error, again_at_ms } => {
            ("waiting", Some(error), Some(*again_at_ms), None)
        }
    };
    connection
        .prepare_cached(
            "UPDATE publication SET state = ?2, attempts = attempts + 1, last_error = ?3, again_at = coalesce(?4, again_at), \
             link = ?5, ended_at = CASE WHEN ?2 = 'waiting' THEN NULL ELSE ?6 END WHERE id = ?1 AND state = 'waiting'",
        )?
        .execute(params![id, state, error, again_at, link, at])
        .map(drop)
}

/// True if a receipt waits to be published at a place.
pub(super) fn has_waiting(
    connection: &Connection,
    place: DeliveryChannel,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM publication WHERE recipient = ?1 AND state = 'waiting')",
        )?
        .query_row([place.name()], |row| row.get(0))
}

/// The receipts that can be published now, sixteen at most, and when the next one can.
pub(super) fn due(
    connection: &Connection,
    place: DeliveryChannel,
    (now_ms, latest_ms): (i64, i64),
) -> Result<DueDeliveries, rusqlite::Error> {
    let mut due = connection.prepare_cached(
        "SELECT id, receipt, attempts, at FROM publication \
         WHERE recipient = ?1 AND state = 'waiting' AND (again_at <= ?2 OR again_at > ?3) ORDER BY again_at, id LIMIT 16",
    )?;
    let due = due.query_map(params![place.name(), now_ms, latest_ms], waiting)?;
    let next_ms = connection
        .prepare_cached(
            "SELECT MIN(again_at) FROM publication WHERE recipient = ?1 AND state = 'waiting' AND again_at > ?2",
        )?
        .query_row(params![place.name(), now_ms], |row| row.get(0))?;
    Ok(DueDeliveries {
        due: due.collect::<Result<_, _>>()?,
        next_ms,
        unsettled_ms: None,
    })
}

/// What became of the publications of a receipt, oldest first.
pub(super) fn of_receipt(
    connection: &Connection,
    receipt: Uuid,
) -> Result<Vec<ReceiptDelivery>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT recipient, state, attempts, again_at, ended_at, last_error, link FROM publication \
             WHERE receipt = ?1 ORDER BY id LIMIT 100",
        )?
        .query_map([receipt.as_bytes()], |row| {
            Ok(ReceiptDelivery {
                recipient: row.get(0)?,
                shown: String::new(),
                is_copy: false,
                state: row.get(1)?,
                attempts: row.get(2)?,
                again_at_ms: row.get(3)?,
                ended_at_ms: row.get(4)?,
                last_error: row.get(5)?,
                link: row.get(6)?,
            })
        })?
        .collect()
}

fn waiting(row: &Row<'_>) -> Result<WaitingDelivery, rusqlite::Error> {
    Ok(WaitingDelivery {
        id: row.get(0)?,
        document: Uuid::from_bytes(row.get(1)?),
        device: Uuid::nil(),
        is_sealed: true,
        is_copy: false,
        address: String::new(),
        shown: String::new(),
        attempts: row.get(2)?,
        at_ms: row.get(3)?,
    })
}

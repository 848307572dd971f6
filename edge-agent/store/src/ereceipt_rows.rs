//! The rows of uploaded receipts and of their look, as they follow from the journal, and their digests.

use ferrotill_core::event::{HospitalityChanged, LookChanged, ReceiptUploaded};
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Whether there are uploaded receipts.
pub(super) fn has_uploads(connection: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM uploaded_receipt)";
    connection.query_row(sql, [], |row| row.get(0))
}

/// Whether an uploaded receipt has an id.
pub(super) fn is_uploaded(connection: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM uploaded_receipt WHERE id = ?1)";
    connection.query_row(sql, [id.as_bytes()], |row| row.get(0))
}

/// The digest of a part: its text, and its bytes after a zero byte.
pub(super) fn digest_of(text: &str, data: Option<&[u8]>) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(text.as_bytes());
    if let Some(data) = data {
        digest.update([0]);
        digest.update(data);
    }
    digest.finalize().into()
}

/// Writes the row of an uploaded receipt, without its text, which the journal does not have.
pub(super) fn uploaded(
    connection: &Connection,
    seq: i64,
    event: &ReceiptUploaded,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO uploaded_receipt (id, seq, at, revision, digest) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            event.id,
            seq,
            event.at.utc_ms,
            event.revision,
            event.digest
        ])
        .map(drop)
}

/// Writes the row of a part of the look, without its text.
pub(super) fn look_changed(
    connection: &Connection,
    seq: i64,
    event: &LookChanged,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO receipt_look (kind, id, revision, seq, at, digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            event.kind.name(),
            event.id,
            event.revision,
            seq,
            event.at.utc_ms,
            event.digest
        ])
        .map(drop)
}

/// Writes the row of the particulars of a meal, without what they say.
pub(super) fn hospitality_changed(
    connection: &Connection,
    seq: i64,
    event: &HospitalityChanged,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO hospitality (receipt, seq, created_at, modified_at, finalized_s, changes, digest) \
             VALUES (?1, ?2, ?3, ?3, ?4, 1, ?5) ON CONFLICT (receipt) DO UPDATE SET seq = excluded.seq, \
             modified_at = excluded.modified_at, finalized_s = excluded.finalized_s, changes = changes + 1, digest = excluded.digest",
        )?
        .execute(params![
            event.receipt,
            seq,
            event.at.utc_ms,
            event.finalized_s,
            event.digest
        ])
        .map(drop)
}

/// The rows whose text is not that of their digest: journal row, table and key.
pub(super) fn changed(
    connection: &Connection,
) -> Result<Vec<(i64, &'static str, String)>, rusqlite::Error> {
    let mut found = Vec::new();
    for (table, query) in [
        (
            "uploaded_receipt",
            "SELECT seq, digest, body, NULL, hex(id) FROM main.uploaded_receipt ORDER BY seq",
        ),
        (
            "receipt_look",
            "SELECT seq, digest, details, data, concat_ws(' ', kind, hex(id), revision) FROM main.receipt_look ORDER BY seq",
        ),
    ] {
        let mut statement = connection.prepare(query)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (digest, text): ([u8; 32], Option<String>) = (row.get(1)?, row.get(2)?);
            let data = row.get_ref(3)?.as_blob_or_null()?;
            if text.is_none_or(|text| digest_of(&text, data) != digest) {
                found.push((row.get(0)?, table, row.get(4)?));
            }
        }
    }
    Ok(found)
}

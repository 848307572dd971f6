//! Documents that an operator has laid aside, because a recipient refuses them or they do not fit its form: they are not sent any more.
//!
//! The journal keeps who has done it and why. The frozen request stays in the store, as evidence of what would have been sent.

use ferrotill_core::event::{Event, LaidAside};
use ferrotill_core::time::Moment;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

/// That an operator has laid a document or the money of a card aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideNote {
    /// When, in milliseconds since the epoch; `None` if the row of the journal cannot be read.
    pub at_ms: Option<i64>,
    /// The operator's name.
    pub by: String,
    /// The operator's reason.
    pub reason: String,
    /// What the recipient had last said of the document or the terminal of the money, or why the document could not be sent.
    pub refusal: String,
}

impl AsideNote {
    fn new(at: Moment, by: &str, reason: &str, refusal: &str) -> Self {
        Self {
            at_ms: Some(at.utc_ms),
            by: by.to_owned(),
            reason: reason.to_owned(),
            refusal: refusal.to_owned(),
        }
    }
}

/// A document that is not sent to a recipient, because an operator has laid it aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsideDocument {
    /// The document's number.
    pub number: u32,
    /// The document's request id.
    pub id: Uuid,
    /// The kind of message that is not sent.
    pub duty: String,
    /// Who has laid it aside, and why.
    pub note: AsideNote,
    /// When the recipient acknowledged it nevertheless, in milliseconds since the epoch: an attempt was under way.
    pub acknowledged_ms: Option<i64>,
}

/// A document that a recipient has not acknowledged, as an operator finds it in the queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingDocument {
    /// The journal row that sealed the document: its place in the order of sending.
    pub sealed_seq: i64,
    /// The document's number.
    pub number: u32,
    /// The document's request id.
    pub id: Uuid,
    /// The device.
    pub device: Uuid,
    /// The kind of message.
    pub duty: String,
    /// When the document was made, in milliseconds since the epoch.
    pub at_ms: i64,
    /// How often the recipient has answered.
    pub attempts: u32,
    /// The text of its last refusal, or why the document cannot be sent.
    pub refusal: Option<String>,
}

/// Changes the outbox as the event says. The entry must wait.
pub(super) fn enter(
    connection: &Connection,
    device: Uuid,
    seq: i64,
    aside: &LaidAside<'_>,
) -> Result<(), rusqlite::Error> {
    let changed = connection
        .prepare_cached(
            "UPDATE outbox SET state = 'laid_aside', aside_seq = ?1, again_at = NULL WHERE recipient = ?2 AND state = 'waiting' AND \
             sealed_seq = (SELECT settled_seq FROM request JOIN document USING (reserved_seq) \
             WHERE request.id = ?3 AND document.device = ?4 AND document.state = 'sealed')",
        )?
        .execute(params![
            seq,
            aside.recipient,
            aside.id.0,
            device.as_bytes()
        ])?;
    match changed {
        0 => Err(rusqlite::Error::QueryReturnedNoRows),
        _ => Ok(()),
    }
}

/// The documents of the authority that were laid aside, with numbers of a device in a range, or all with `None`.
pub(super) fn of_authority(
    connection: &Connection,
    range: Option<(Uuid, u32, u32)>,
) -> Result<Vec<AsideDocument>, rusqlite::Error> {
    let (device, first, last) = range.map_or((None, 0, u32::MAX), |(device, first, last)| {
        (Some(*device.as_bytes()), first, last)
    });
    connection
        .prepare_cached(
            "SELECT document.number, document.id, outbox.duty, outbox.aside_seq, outbox.acknowledged_at \
             FROM outbox JOIN document USING (reserved_seq) \
             WHERE outbox.state = 'laid_aside' AND outbox.recipient = 'authority' AND document.number BETWEEN ?2 AND ?3 \
             AND (?1 IS NULL OR document.device = ?1) ORDER BY outbox.sealed_seq",
        )?
        .query_map(params![device, first, last], |row| {
            Ok(AsideDocument {
                number: row.get(0)?,
                id: Uuid::from_bytes(row.get(1)?),
                duty: row.get(2)?,
                note: note_of(connection, row.get(3)?)?,
                acknowledged_ms: row.get(4)?,
            })
        })?
        .collect()
}

/// True if the authority does not get at least one document. Most tills have none, and need not look for more.
pub(super) fn is_any(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM outbox WHERE state = 'laid_aside' AND recipient = 'authority')",
        )?
        .query_row([], |row| row.get(0))
}

/// What stands in place of the name if the row of the journal cannot be read.
const NAME_UNREADABLE: &str = "a person whose name cannot be read";
/// What stands in place of the reason if the row of the journal cannot be read.
const REASON_UNREADABLE: &str = "the reason cannot be read in the journal; run `ferrotill verify`";

/// The note of the journal row in which a document was laid aside. A row that cannot be read hides no document: the note says so.
fn note_of(connection: &Connection, aside_seq: i64) -> Result<AsideNote, rusqlite::Error> {
    let read = connection
        .prepare_cached("SELECT kind, version, payload FROM journal WHERE seq = ?1")?
        .query_row([aside_seq], |row| {
            let payload = row.get_ref(2)?.as_blob()?;
            Ok(match Event::decode(row.get(0)?, row.get(1)?, payload) {
                Ok(Event::LaidAside(aside)) => Some(AsideNote::new(
                    aside.at,
                    aside.by,
                    aside.reason,
                    aside.refusal,
                )),
                Ok(Event::CardLaidAside(aside)) => Some(AsideNote::new(
                    aside.at,
                    aside.by,
                    aside.reason,
                    aside.refusal,
                )),
                _ => None,
            })
        })
        .optional()?;
    Ok(read.flatten().unwrap_or_else(|| AsideNote {
        at_ms: None,
        by: NAME_UNREADABLE.to_owned(),
        reason: REASON_UNREADABLE.to_owned(),
        refusal: String::new(),
    }))
}

/// The note of the journal row in which a document, or the money of a card, was laid aside; `None` if it was not laid aside.
pub(super) fn note(
    connection: &Connection,
    aside_seq: Option<i64>,
) -> Result<Option<AsideNote>, rusqlite::Error> {
    aside_seq
        .map(|aside_seq| note_of(connection, aside_seq))
        .transpose()
}

const WAITING: &str = "SELECT outbox.sealed_seq, document.number, document.id, document.device, outbox.duty, document.at, outbox.attempts, \
     outbox.refusal FROM outbox JOIN document USING (reserved_seq) WHERE outbox.state = 'waiting' AND outbox.recipient = ?1";

fn waiting_row(row: &rusqlite::Row<'_>) -> Result<WaitingDocument, rusqlite::Error> {
    Ok(WaitingDocument {
        sealed_seq: row.get(0)?,
        number: row.get(1)?,
        id: Uuid::from_bytes(row.get(2)?),
        device: Uuid::from_bytes(row.get(3)?),
        duty: row.get(4)?,
        at_ms: row.get(5)?,
        attempts: row.get(6)?,
        refusal: row.get(7)?,
    })
}

/// The oldest documents that wait for a recipient.
pub(super) fn waiting(
    connection: &Connection,
    recipient: &str,
    count: u32,
) -> Result<Vec<WaitingDocument>, rusqlite::Error> {
    connection
        .prepare_cached(&format!("{WAITING} ORDER BY outbox.sealed_seq LIMIT ?2"))?
        .query_map(params![recipient, count], waiting_row)?
        .collect()
}

/// The document with this request id, if it waits for a recipient.
pub(super) fn waiting_document(
    connection: &Connection,
    recipient: &str,
    id: Uuid,
) -> Result<Option<WaitingDocument>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "{WAITING} AND outbox.sealed_seq = (SELECT settled_seq FROM request JOIN document USING (reserved_seq) WHERE request.id = ?2)"
        ))?
        .query_row(params![recipient, id.as_bytes()], waiting_row)
        .optional()
}

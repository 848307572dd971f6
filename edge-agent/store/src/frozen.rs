//! What recipients are told of a document, frozen in the transaction that seals the document.
//!
//! The writer calls [`Freeze`] whenever a `Sealed` event is appended, so that no document can be sealed without it. The bytes stay
//! in the database until the recipient has acknowledged them.

use std::fmt;

use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::duty::{Duty, Recipient};
use ferrotill_core::event::{Event, Reserved, Sealed};
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use ferrotill_core::time::Moment;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::chain::{ChainKey, Mac};
use super::rows::{self, DeviceIdentity, DocumentRow, StoredDocument};

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
    /// How many documents of the shift, up to this one, are not sent: X-reports.
    pub untold: u32,
    /// Who has declared what became of the document, if its printer could not prove it.
    pub declared_by: Option<String>,
    /// The time that recipients are told: that of the reservation, or a millisecond after the last alternative receipt that was sealed
    /// while the document was outstanding. A recipient may refuse a document that is not later than the one before it.
    pub told_at: Moment,
}

/// What a recipient is told of a document. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrozenRequest {
    /// The media type of the body.
    pub content_type: String,
    /// The body, byte for byte.
    pub body: Vec<u8>,
}

/// What binds a request to its document: the key of the journal, and the number and the MAC of the `Sealed` row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Binding<'b> {
    pub(super) key: &'b ChainKey,
    pub(super) sealed_seq: i64,
    pub(super) row_mac: Mac,
}

impl Binding<'_> {
    /// The MAC of a request for a recipient. It fits no other document, no other recipient and no other bytes.
    pub(super) fn mac(&self, recipient: &str, content_type: &str, body: &[u8]) -> Mac {
        let mut text = b"ferrotill request, version 1\n".to_vec();
        text.extend_from_slice(&self.sealed_seq.to_be_bytes());
        text.extend_from_slice(&self.row_mac);
        for part in [recipient, content_type] {
            text.extend_from_slice(part.as_bytes());
            text.push(0);
        }
        text.extend_from_slice(body);
        self.key.proof(&text)
    }
}

/// Binds the requests of an older program, which has stored them without a MAC, to the documents whose requests they are.
pub(super) fn bind_all(connection: &Connection, key: &ChainKey) -> Result<(), rusqlite::Error> {
    let mut bind = connection.prepare("UPDATE outbox_request SET mac = ?2 WHERE id = ?1")?;
    let mut waiting = connection.prepare(
        "SELECT outbox_request.id, outbox.sealed_seq, journal.mac, outbox.recipient, content_type, body FROM outbox \
         JOIN outbox_request ON outbox_request.id = outbox.request JOIN journal ON journal.seq = outbox.sealed_seq \
         WHERE outbox.state = 'waiting' AND outbox_request.id > ?1 ORDER BY outbox_request.id LIMIT 1",
    )?;
    // One row is read at a time, because rows are changed meanwhile.
    let mut last = i64::MIN;
    loop {
        let bound = waiting
            .query_row([last], |row| {
                let binding = Binding {
                    key,
                    sealed_seq: row.get(1)?,
                    row_mac: row.get(2)?,
                };
                let (recipient, content_type): (String, String) = (row.get(3)?, row.get(4)?);
                let body: Vec<u8> = row.get(5)?;
                Ok((row.get(0)?, binding.mac(&recipient, &content_type, &body)))
            })
            .optional()?;
        let Some((id, mac)) = bound else {
            return Ok(());
        };
        bind.execute(params![id, mac])?;
        last = id;
    }
}

/// The outbox rows of a document that is sealed with this event. Without `freeze` the rows have no requests.
/// Returns the number of new entries for the authority, and how many of them cannot be sent.
pub(super) fn enter(
    connection: &Connection,
    (duties, freeze): (&[Duty], Option<(Freezing<'_>, &StoredDocument)>),
    sealed_seq: i64,
    row: &DocumentRow,
    sealed: &Sealed<'_>,
) -> Result<(u32, u32), rusqlite::Error> {
    let (mut for_the_authority, mut without_form) = (0_u32, 0_u32);
    for duty in duties {
        let (request, fault) = match freeze {
            None => (None, None),
            Some((freeze, document)) => {
                let place = (document, sealed_seq);
                let request = freeze_one(connection, freeze, *duty, place, sealed)?;
                enter_request(connection, freeze.binding, duty.recipient.name(), request)?
            }
        };
        let has_no_form = fault.is_some();
        connection
            .prepare_cached(
                "INSERT INTO outbox (sealed_seq, recipient, reserved_seq, duty, message_number, state, request, refusal) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 'waiting', ?6, ?7)",
            )?
            .execute(params![
                sealed_seq,
                duty.recipient.name(),
                row.reserved_seq,
                duty.kind.name(),
                sealed.number,
                request,
                fault
            ])?;
        if duty.recipient == Recipient::AUTHORITY {
            for_the_authority = for_the_authority.saturating_add(1);
            without_form = without_form.saturating_add(u32::from(has_no_form));
        }
    }
    Ok((for_the_authority, without_form))
}

/// The request for one duty of a document, or why there is none.
pub(super) fn freeze_one(
    connection: &Connection,
    freezing: Freezing<'_>,
    duty: Duty,
    (document, sealed_seq): (&StoredDocument, i64),
    sealed: &Sealed<'_>,
) -> Result<Result<FrozenRequest, String>, rusqlite::Error> {
    let Some(reserved) = document.reserved() else {
        return Ok(Err(UNREADABLE.to_owned()));
    };
    let device = document.row.device;
    let original_number = original_number(connection, device, &reserved)?;
    let told_at = told_at(
        connection,
        document,
        sealed_seq,
        (reserved.at, sealed.number),
    )?;
    let untold = untold(connection, device, sealed)?;
    let declared_by = if sealed_seq > document.row.reserved_seq.saturating_add(1) {
        rows::declared_by(connection, document.row.id, sealed_seq.saturating_sub(1))?
    } else {
        None
    };
    let sealed = SealedDocument {
        device,
        identity: freezing.identity.clone(),
        reserved,
        sealed: sealed.clone(),
        original_number,
        untold,
        declared_by,
        told_at,
    };
    Ok(freezing.freeze.freeze(duty, &sealed))
}

/// How many documents that are not sent stand between the last Z-report and this document: X-reports and non-fiscal receipts.
fn untold(
    connection: &Connection,
    device: Uuid,
    sealed: &Sealed<'_>,
) -> Result<u32, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT COUNT(*) FROM document WHERE device = ?1 AND kind IN (?2, ?5, ?6) AND number > ?3 AND number < ?4",
        )?
        .query_row(
            params![
                device.as_bytes(),
                DocumentKind::XReport.name(),
                sealed.number.saturating_sub(sealed.current_number),
                sealed.number,
                DocumentKind::NonfiscalReceipt.name(),
                DocumentKind::AmountsReceipt.name()
            ],
            |row| row.get(0),
        )
}

/// What freezes the requests of one document.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freezing<'f> {
    pub(super) freeze: &'f dyn Freeze,
    /// The identity of the document's device at the seal.
    pub(super) identity: &'f DeviceIdentity,
    pub(super) binding: Binding<'f>,
}

/// The time that recipients are told of a document with this time and number.
fn told_at(
    connection: &Connection,
    document: &StoredDocument,
    sealed_seq: i64,
    (at, number): (Moment, u32),
) -> Result<Moment, rusqlite::Error> {
    let reserved_seq = document.row.reserved_seq;
    if sealed_seq == reserved_seq.saturating_add(1) {
        // Nothing was written while the document was outstanding.
        return Ok(at);
    }
    let before: Option<i64> = connection
        .prepare_cached(
            "SELECT at FROM document WHERE device = ?1 AND number = ?2 - 1 AND reserved_seq > ?3",
        )?
        .query_row(
            params![document.row.device.as_bytes(), number, reserved_seq],
            |row| row.get(0),
        )
        .optional()?;
    Ok(match before {
        Some(before) => Moment {
            utc_ms: at.utc_ms.max(before.saturating_add(1)),
            ..at
        },
        None => at,
    })
}

/// The identity of a device. A device has one before its first document; only a store without a clerk may have none.
pub(super) fn identity_of(
    connection: &Connection,
    device: Uuid,
) -> Result<DeviceIdentity, rusqlite::Error> {
    Ok(rows::identity(connection, device)?.unwrap_or_default())
}

/// The identity that a device had when a journal row was written: what the journal said last before that row. A document of an older
/// program may be older than the first identity in the journal; then that first one is its identity.
pub(super) fn identity_at(
    connection: &Connection,
    device: Uuid,
    seq: i64,
) -> Result<DeviceIdentity, rusqlite::Error> {
    let query = format!(
        "SELECT version, payload FROM ( \
           SELECT seq, version, payload FROM (SELECT * FROM journal WHERE device = ?1 AND kind = {IDENTIFIED} AND seq <= ?2 ORDER BY seq DESC LIMIT 1) \
           UNION ALL SELECT seq, version, payload FROM (SELECT * FROM journal WHERE device = ?1 AND kind = {IDENTIFIED} AND seq > ?2 ORDER BY seq LIMIT 1) \
         ) ORDER BY seq LIMIT 1"
    );
    let row = connection
        .prepare_cached(&query)?
        .query_row(params![device.as_bytes(), seq], |row| {
            Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?))
        })
        .optional()?;
    let event = row
        .as_ref()
        .map(|(version, payload)| Event::decode(IDENTIFIED, *version, payload));
    match event {
        Some(Ok(Event::DeviceIdentified(identified))) => Ok(DeviceIdentity {
            fiscal_number: identified.fiscal_number.to_owned(),
            owner: identified.owner.to_owned(),
            owner_number: identified.owner_number.to_owned(),
            address: identified.address.to_owned(),
        }),
        _ => identity_of(connection, device),
    }
}

/// The kind of the event that says the identity of a device.
const IDENTIFIED: u16 = 11;

/// Stores a request. Returns its row, or the text in its place.
pub(super) fn enter_request(
    connection: &Connection,
    binding: Binding<'_>,
    recipient: &str,
    request: Result<FrozenRequest, String>,
) -> Result<(Option<i64>, Option<String>), rusqlite::Error> {
    let request = match request {
        Ok(request) => request,
        Err(fault) => return Ok((None, Some(fault))),
    };
    connection
        .prepare_cached(
            "INSERT INTO outbox_request (content_type, digest, body, mac) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            request.content_type,
            digest_of(&request.body),
            request.body,
            binding.mac(recipient, &request.content_type, &request.body)
        ])?;
    Ok((Some(connection.last_insert_rowid()), None))
}

/// The digest of a body, as the outbox stores it.
pub(super) fn digest_of(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

/// The text in place of a request whose document cannot be read.
pub(super) const UNREADABLE: &str =
    "the document cannot be read in the journal; run `ferrotill verify`";

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

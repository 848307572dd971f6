//! Documents as their table rows contain them, and queries that the writer, the readers and `verify` share.

use ferrotill_core::document::DocumentKind;
use ferrotill_core::event::{Event, Reserved, Sealed, Voided};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::contact::BuyerContact;
use super::reconcile::{self, ZReconciliation};

/// The state of the document of a request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestState {
    /// The document is reserved, and is neither sealed nor voided yet.
    Reserved,
    /// The document is sealed, which makes it legal.
    Sealed,
    /// The document was voided, and its request id is free again.
    Voided,
}

/// A document's row in the table of documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRow {
    /// The journal row that reserved the document.
    pub reserved_seq: i64,
    /// The journal row that sealed or voided the document.
    pub settled_seq: Option<i64>,
    /// The id of the document's device.
    pub device: Uuid,
    /// The document's request id.
    pub id: Uuid,
    /// The document's own id, which is unique over all tills.
    pub unique_id: Uuid,
    /// The digest of the request that ordered the document.
    pub fingerprint: [u8; 32],
    /// The form of the text that the digest was made of ([`Reserved::fingerprint_form`]).
    pub fingerprint_form: u8,
    /// The point of sale of the document.
    pub point_of_sale: Uuid,
    /// The kind of the document.
    pub kind: DocumentKind,
    /// Whether the document is reserved, sealed or voided.
    pub state: RequestState,
    /// When the document was reserved, in milliseconds since the epoch.
    pub at: i64,
    /// The number of the Z-report of the document's shift.
    pub z_number: u32,
    /// The document's number; `None` until it is sealed.
    pub number: Option<u32>,
    /// Why the document's paper is missing; `None` if it is not missing.
    pub print_error: Option<String>,
}

/// A document with its journal rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDocument {
    /// The document's table row.
    pub row: DocumentRow,
    /// The reconciliation, if the document is a sealed Z-report.
    pub reconciliation: Option<ZReconciliation>,
    /// The contact of the buyer; `None` if there was none, or if it is erased.
    pub contact: Option<BuyerContact>,
    /// For a sealed report, the number of the last receipt of the device before it; `None` if there was none.
    pub last_receipt: Option<u32>,
    /// Who has declared what became of the document; `None` if its printer or its number has settled it.
    pub declared_by: Option<String>,
    reserved: (u16, u16, Vec<u8>),
    settled: Option<(u16, u16, Vec<u8>)>,
}

impl StoredDocument {
    /// Makes a document from the reservation that was just written, without reading it from the database.
    pub(super) fn just_reserved(
        seq: i64,
        device: Uuid,
        reserved: &Reserved<'_>,
        journal_row: (u16, u16, Vec<u8>),
    ) -> Self {
        Self {
            row: DocumentRow {
                reserved_seq: seq,
                settled_seq: None,
                device,
                id: Uuid::from_bytes(reserved.id.0),
                unique_id: Uuid::from_bytes(reserved.unique.0),
                fingerprint: reserved.fingerprint.0,
                fingerprint_form: reserved.fingerprint_form,
                point_of_sale: Uuid::from_bytes(reserved.point_of_sale.0),
                kind: reserved.body.kind(),
                state: RequestState::Reserved,
                at: reserved.at.utc_ms,
                z_number: reserved.z_number,
                number: None,
                print_error: None,
            },
            reconciliation: None,
            contact: None,
            last_receipt: None,
            declared_by: None,
            reserved: journal_row,
            settled: None,
        }
    }

    /// The event that reserved the document.
    #[must_use]
    pub fn reserved(&self) -> Option<Reserved<'_>> {
        match Event::decode(self.reserved.0, self.reserved.1, &self.reserved.2) {
            Ok(Event::Reserved(reserved)) => Some(reserved),
            _ => None,
        }
    }

    /// The journal's encoding of the event that reserved the document, with its version.
    #[must_use]
    pub fn reserved_bytes(&self) -> (u16, &[u8]) {
        (self.reserved.1, &self.reserved.2)
    }

    /// The journal's encoding of the event that sealed the document, with its version; `None` if it is not sealed.
    #[must_use]
    pub fn sealed_bytes(&self) -> Option<(u16, &[u8])> {
        let (kind, version, payload) = self.settled.as_ref()?;
        (*kind == SEALED).then_some((*version, payload))
    }

    /// The event that sealed the document.
    #[must_use]
    pub fn sealed(&self) -> Option<Sealed<'_>> {
        let (kind, version, payload) = self.settled.as_ref()?;
        match Event::decode(*kind, *version, payload) {
            Ok(Event::Sealed(sealed)) => Some(sealed),
            _ => None,
        }
    }

    /// The event that voided the document.
    #[must_use]
    pub fn voided(&self) -> Option<Voided<'_>> {
        let (kind, version, payload) = self.settled.as_ref()?;
        match Event::decode(*kind, *version, payload) {
            Ok(Event::Voided(voided)) => Some(voided),
            _ => None,
        }
    }
}

/// The names of the columns of a [`DocumentRow`].
pub(super) const COLUMNS: &str = "reserved_seq, settled_seq, device, id, unique_id, fingerprint, kind, state, at, z_number, number, print_error, fingerprint_form, point_of_sale";

pub(super) fn document_row(row: &Row<'_>) -> Result<DocumentRow, rusqlite::Error> {
    let state: String = row.get(7)?;
    Ok(DocumentRow {
        reserved_seq: row.get(0)?,
        settled_seq: row.get(1)?,
        device: Uuid::from_bytes(row.get(2)?),
        id: Uuid::from_bytes(row.get(3)?),
        unique_id: Uuid::from_bytes(row.get(4)?),
        fingerprint: row.get(5)?,
        fingerprint_form: row.get(12)?,
        point_of_sale: Uuid::from_bytes(row.get(13)?),
        kind: kind_of(row, 6)?,
        state: match state.as_str() {
            "sealed" => RequestState::Sealed,
            "voided" => RequestState::Voided,
            _ => RequestState::Reserved,
        },
        at: row.get(8)?,
        z_number: row.get(9)?,
        number: row.get(10)?,
        print_error: row.get(11)?,
    })
}

/// The kind of document whose name a column contains.
fn kind_of(row: &Row<'_>, column: usize) -> Result<DocumentKind, rusqlite::Error> {
    let name = row.get_ref(column)?.as_str()?;
    let kind = DocumentKind::ALL
        .into_iter()
        .find(|kind| kind.name() == name);
    kind.ok_or_else(|| {
        let unknown = format!("{name} is no kind of document");
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, unknown.into())
    })
}

/// The newest document of a request id.
pub(super) fn request(
    connection: &Connection,
    device: Option<Uuid>,
    id: Uuid,
) -> Result<Option<DocumentRow>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM document WHERE reserved_seq = \
             (SELECT reserved_seq FROM request WHERE id = ?1) AND (?2 IS NULL OR device = ?2)"
        ))?
        .query_row(
            params![id.as_bytes(), device.as_ref().map(Uuid::as_bytes)],
            document_row,
        )
        .optional()
}

/// A document with its journal rows.
pub(super) fn document(
    connection: &Connection,
    row: DocumentRow,
) -> Result<StoredDocument, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, version, payload, salt, email, phone FROM journal \
         LEFT JOIN contact ON contact.reserved_seq = journal.seq WHERE seq = ?1",
    )?;
    let journal_row = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
    let (reserved, contact) = statement.query_row([row.reserved_seq], |row| {
        Ok((journal_row(row)?, buyer_contact(row)?))
    })?;
    let settled = row
        .settled_seq
        .map(|seq| statement.query_row([seq], journal_row))
        .transpose()?;
    let reconciliation = match row.kind {
        DocumentKind::ZReport if row.state == RequestState::Sealed => {
            reconcile::of_report(connection, row.device, row.z_number)?
        }
        _ => None,
    };
    let last_receipt = match (row.kind, row.number) {
        (DocumentKind::XReport | DocumentKind::ZReport, Some(number)) => {
            last_receipt(connection, row.device, number)?
        }
        _ => None,
    };
    let declared_by = match row.settled_seq {
        // A declaration stands right before the seal of its document.
        Some(seq) if seq > row.reserved_seq.saturating_add(1) => {
            declared_by(connection, row.id, seq.saturating_sub(1))?
        }
        _ => None,
    };
    Ok(StoredDocument {
        row,
        reconciliation,
        contact,
        last_receipt,
        declared_by,
        reserved,
        settled,
    })
}

/// The number of the last receipt of a device before the document with this number.
fn last_receipt(
    connection: &Connection,
    device: Uuid,
    number: u32,
) -> Result<Option<u32>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT MAX(number) FROM document WHERE device = ?1 AND kind = ?2 AND number < ?3",
    )?;
    let mut last = None;
    for kind in [
        DocumentKind::Sale,
        DocumentKind::Refund,
        DocumentKind::AlternativeSale,
    ] {
        let of_kind = statement
            .query_row(params![device.as_bytes(), kind.name(), number], |row| {
                row.get(0)
            })?;
        last = last.max(of_kind);
    }
    Ok(last)
}

/// Who has declared a document, if the journal row with this number is its declaration.
pub(super) fn declared_by(
    connection: &Connection,
    document: Uuid,
    seq: i64,
) -> Result<Option<String>, rusqlite::Error> {
    let row: Option<(u16, u16, Vec<u8>)> = connection
        .prepare_cached("SELECT kind, version, payload FROM journal WHERE seq = ?1")?
        .query_row([seq], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(row.and_then(
        |(kind, version, payload)| match Event::decode(kind, version, &payload) {
            Ok(Event::Declared(declared)) if declared.id.0 == *document.as_bytes() => {
                Some(declared.by.to_owned())
            }
            _ => None,
        },
    ))
}

/// The contact in the columns `salt`, `email` and `phone` from the fourth on.
fn buyer_contact(row: &Row<'_>) -> Result<Option<BuyerContact>, rusqlite::Error> {
    let Some(salt) = row.get(3)? else {
        return Ok(None);
    };
    Ok(Some(BuyerContact {
        salt,
        email: row.get(4)?,
        phone: row.get(5)?,
        ..BuyerContact::default()
    }))
}

/// The parts of a sale that were returned already: line, quantity in thousandths, amount in minor units.
pub(super) fn returned(
    connection: &Connection,
    original_seq: i64,
) -> Result<Vec<(u16, i64, i64)>, rusqlite::Error> {
    connection
        .prepare_cached("SELECT line, quantity, amount FROM returned WHERE original_seq = ?1")?
        .query_map([original_seq], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?
        .collect()
}

/// The identity of a device towards the authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeviceIdentity {
    /// The number under which the authority knows the device: its registration number, or its own id as text.
    pub fiscal_number: String,
    /// The name of the owner; may be empty.
    pub owner: String,
    /// The tax number of the owner; may be empty.
    pub owner_number: String,
    /// The address of the shop; may be empty.
    pub address: String,
}

/// The columns of a [`DeviceIdentity`].
pub(super) const IDENTITY_COLUMNS: &str = "fiscal_number, owner, owner_number, address";

/// The identity of a device as the table has it; `None` if the journal does not know the device.
pub(super) fn identity(
    connection: &Connection,
    device: Uuid,
) -> Result<Option<DeviceIdentity>, rusqlite::Error> {
    connection
        .prepare_cached(&format!(
            "SELECT {IDENTITY_COLUMNS} FROM device_identity WHERE device = ?1"
        ))?
        .query_row([device.as_bytes()], identity_of_row)
        .optional()
}

/// The identity in a row that begins with [`IDENTITY_COLUMNS`].
pub(super) fn identity_of_row(row: &Row<'_>) -> Result<DeviceIdentity, rusqlite::Error> {
    Ok(DeviceIdentity {
        fiscal_number: row.get(0)?,
        owner: row.get(1)?,
        owner_number: row.get(2)?,
        address: row.get(3)?,
    })
}

/// The number of the event [`Event::Reserved`] in the journal.
pub(super) const RESERVED: u16 = 2;
/// The number of the event [`Event::Sealed`] in the journal.
pub(super) const SEALED: u16 = 4;

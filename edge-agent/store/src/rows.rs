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
    Ok(StoredDocument {
        row,
        reconciliation,
        contact,
        reserved,
        settled,
    })
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

/// The duty for a kind of document, which is the kind of message that the authority must get; the outbox stores its name.
pub(super) const fn duty(kind: DocumentKind) -> Option<&'static str> {
    match kind {
        DocumentKind::Sale => Some("sale"),
        DocumentKind::Refund => Some("refund"),
        DocumentKind::CashIn => Some("deposit"),
        DocumentKind::CashOut => Some("withdraw"),
        DocumentKind::AlternativeSale => Some("alternative_receipt"),
        DocumentKind::ZReport => Some("z_report"),
        DocumentKind::XReport => None,
    }
}

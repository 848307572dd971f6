//! The rows that follow from the journal in the tables that grow with each document. They are not written but only summed up into
//! digests ([`RowsDigest`]), because writing them takes much longer than reading the journal.
//!
//! What is unusual in any way is not judged here: then the writer's own functions rebuild the tables, and the differences are named.

use std::collections::HashMap;

use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::event::{Event, LaidAside, Reserved, Sealed, Voided};
use ferrotill_core::id::DocumentId;
use ferrotill_core::profile::Profile;
use ferrotill_core::receipt::ReceiptKind;
use ferrotill_core::seal::Seal;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params};
use uuid::Uuid;

use super::super::projection::{self, Telling};
use super::super::reconcile::{self, Subject, Sums};
use super::super::{card_operation, registration, rows, used_numbers};
use super::digest::{RowDigest, RowHasher, RowsDigest};

/// The digests of the tables that grow with each document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TableDigests {
    pub(super) documents: RowsDigest,
    pub(super) requests: RowsDigest,
    pub(super) outbox: RowsDigest,
    pub(super) alternative_numbers: RowsDigest,
    pub(super) repeated_numbers: RowsDigest,
}

/// What the journal says so far.
pub(super) struct ExpectedRows {
    hasher: RowHasher,
    digests: TableDigests,
    /// The documents that are reserved and neither sealed nor voided.
    outstanding: HashMap<DocumentId, Outstanding>,
    /// The documents since the last Z-report of each device.
    shifts: HashMap<Uuid, ShiftDocuments>,
    /// True once a bank terminal was asked.
    has_cards: bool,
}

/// The largest number of documents that are held in memory. A journal without a flaw has at most two outstanding documents of a device.
const OUTSTANDING_MAX: usize = 1_000;

/// A document that is reserved.
struct Outstanding {
    seq: i64,
    device: Uuid,
    unique: [u8; 16],
    fingerprint: [u8; 32],
    fingerprint_form: u8,
    kind: DocumentKind,
    point_of_sale: [u8; 16],
    at: i64,
    z_number: u32,
    amount: i64,
    tax: i64,
    /// What the document adds to the figures of its shift.
    figures: Vec<(Subject, i64)>,
    /// For a refund, its journal row: version and payload.
    refund: Option<(u16, Vec<u8>)>,
}

/// How a document has ended.
#[derive(Clone, Copy, Default)]
struct Settled {
    seq: Option<i64>,
    number: Option<u32>,
    current_number: Option<u32>,
}

/// The figures of the documents since the last Z-report of a device.
#[derive(Default)]
struct ShiftDocuments {
    figures: Sums,
    /// The number of the first document with a figure.
    first: Option<u32>,
    /// The number of the last Z-report.
    closed: u32,
}

/// Whether a row was usual, so that its rows are in the digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Summed {
    /// All rows that follow from it are in the digests, or in the rebuilt tables.
    All,
    /// The tables must be rebuilt.
    Unusual,
}

impl ExpectedRows {
    pub(super) fn new(hasher: RowHasher) -> Self {
        Self {
            hasher,
            digests: TableDigests::default(),
            outstanding: HashMap::new(),
            shifts: HashMap::new(),
            has_cards: false,
        }
    }

    /// The digests of the tables, once the whole journal was entered.
    pub(super) fn finish(mut self) -> TableDigests {
        for (id, document) in std::mem::take(&mut self.outstanding) {
            self.document(id, &document, "reserved", Settled::default());
        }
        self.digests
    }

    /// Enters the rows that follow from an event. `row` is the event's version and payload.
    pub(super) fn enter(
        &mut self,
        connection: &Connection,
        profile: &dyn Profile,
        (device, seq): (Uuid, i64),
        event: &Event<'_>,
        row: (u16, &[u8]),
    ) -> Result<Summed, rusqlite::Error> {
        match event {
            Event::Reserved(reserved) => Ok(self.reserved((device, seq), reserved, row)),
            Event::Sealed(sealed) => self.sealed(connection, profile, (device, seq), sealed),
            Event::Voided(voided) => self.voided(connection, (device, seq), voided),
            Event::LaidAside(aside) => self.laid_aside(connection, (device, seq), aside),
            other => {
                self.has_cards |= matches!(other, Event::TerminalAsked(_));
                let telling = Telling::Unfrozen(&|kind| profile.duties(kind));
                projection::project(connection, telling, (device, seq), other, None)?;
                Ok(Summed::All)
            }
        }
    }

    fn reserved(
        &mut self,
        (device, seq): (Uuid, i64),
        reserved: &Reserved<'_>,
        (version, payload): (u16, &[u8]),
    ) -> Summed {
        let (amount, tax) = projection::amount_and_tax(&reserved.body);
        let kind = reserved.body.kind();
        let mut figures = Vec::new();
        reconcile::figures_of(&reserved.body, &mut |subject, amount| {
            figures.push((subject, amount));
        });
        let document = Outstanding {
            seq,
            device,
            unique: reserved.unique.0,
            fingerprint: reserved.fingerprint.0,
            fingerprint_form: reserved.fingerprint_form,
            kind,
            point_of_sale: reserved.point_of_sale.0,
            at: reserved.at.utc_ms,
            z_number: reserved.z_number,
            amount,
            tax,
            figures,
            refund: (kind == DocumentKind::Refund).then(|| (version, payload.to_vec())),
        };
        let request = self.request(reserved.id, seq);
        self.digests.requests.add(request);
        let before = self.outstanding.insert(reserved.id, document);
        if before.is_some() || self.outstanding.len() > OUTSTANDING_MAX {
            return Summed::Unusual;
        }
        Summed::All
    }

    fn sealed(
        &mut self,
        connection: &Connection,
        profile: &dyn Profile,
        (device, seq): (Uuid, i64),
        sealed: &Sealed<'_>,
    ) -> Result<Summed, rusqlite::Error> {
        let Some(mut document) = self.taken(sealed.id, device) else {
            return Ok(Summed::Unusual);
        };
        if let Some(figures) = &sealed.report {
            document.amount = figures.shift.sales.receipts.amount.minor();
        }
        let settled = Settled {
            seq: Some(seq),
            number: Some(sealed.number),
            current_number: Some(sealed.current_number),
        };
        self.document(sealed.id, &document, "sealed", settled);
        for duty in profile.duties(document.kind) {
            let (recipient, duty) = (duty.recipient.name(), duty.kind.name());
            let row = (seq, recipient, document.seq, duty, sealed.number);
            let row = self.outbox_row(row, None);
            self.digests.outbox.add(row);
        }
        self.used_number(device, document.seq, &sealed.seal);
        if self.has_cards {
            card_operation::document_sealed(connection, &sealed.id.0)?;
        }
        registration::document_sealed(connection, (device, seq, sealed.at), &sealed.seal)?;
        let shift = self.shifts.entry(device).or_default();
        if !document.figures.is_empty() {
            shift.first.get_or_insert(sealed.number);
        }
        shift.figures.add_all(&document.figures);
        if document.kind == DocumentKind::ZReport
            && z_report(connection, device, document.seq, sealed, shift)? == Summed::Unusual
        {
            return Ok(Summed::Unusual);
        }
        match &document.refund {
            Some((version, payload)) => {
                refund(connection, (device, document.seq), *version, payload)
            }
            None => Ok(Summed::All),
        }
    }

    fn voided(
        &mut self,
        connection: &Connection,
        (device, seq): (Uuid, i64),
        voided: &Voided<'_>,
    ) -> Result<Summed, rusqlite::Error> {
        let Some(document) = self.taken(voided.id, device) else {
            return Ok(Summed::Unusual);
        };
        let settled = Settled {
            seq: Some(seq),
            ..Settled::default()
        };
        self.document(voided.id, &document, "voided", settled);
        // The id is free again. If a later document has it, the table has only that one.
        let newest: Option<i64> = connection
            .prepare_cached("SELECT reserved_seq FROM main.request WHERE id = ?1")?
            .query_row([voided.id.0], |row| row.get(0))
            .optional()?;
        if newest.is_some_and(|newest| newest != document.seq) {
            let request = self.request(voided.id, document.seq);
            self.digests.requests.remove(request);
        }
        Ok(Summed::All)
    }

    /// The stored row says whether the document was waiting: only one journal row can be its `aside_seq`.
    fn laid_aside(
        &mut self,
        connection: &Connection,
        (device, seq): (Uuid, i64),
        aside: &LaidAside<'_>,
    ) -> Result<Summed, rusqlite::Error> {
        let found: Option<(i64, i64, String, u32)> = connection
            .prepare_cached(
                "SELECT sealed_seq, reserved_seq, duty, message_number FROM main.outbox WHERE recipient = ?1 AND aside_seq = ?2 AND \
                 sealed_seq < ?2 AND sealed_seq = (SELECT settled_seq FROM main.request JOIN main.document USING (reserved_seq) \
                 WHERE request.id = ?3 AND document.device = ?4 AND document.state = 'sealed')",
            )?
            .query_row(
                params![aside.recipient, seq, aside.id.0, device.as_bytes()],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )
            .optional()?;
        let Some((sealed_seq, reserved_seq, duty, number)) = found else {
            return Ok(Summed::Unusual);
        };
        let row = (
            sealed_seq,
            aside.recipient,
            reserved_seq,
            duty.as_str(),
            number,
        );
        let waiting = self.outbox_row(row, None);
        self.digests.outbox.remove(waiting);
        let laid_aside = self.outbox_row(row, Some(seq));
        self.digests.outbox.add(laid_aside);
        Ok(Summed::All)
    }

    /// The outstanding document of an id, which is settled now.
    fn taken(&mut self, id: DocumentId, device: Uuid) -> Option<Outstanding> {
        self.outstanding
            .remove(&id)
            .filter(|document| document.device == device)
    }

    fn document(&mut self, id: DocumentId, document: &Outstanding, state: &str, settled: Settled) {
        // In the order of the columns that are compared.
        let row = self.hasher.row([
            ValueRef::Integer(document.seq),
            optional(settled.seq),
            ValueRef::Blob(document.device.as_bytes()),
            ValueRef::Blob(&id.0),
            ValueRef::Blob(&document.unique),
            ValueRef::Blob(&document.fingerprint),
            ValueRef::Text(document.kind.name().as_bytes()),
            ValueRef::Text(state.as_bytes()),
            ValueRef::Blob(&document.point_of_sale),
            ValueRef::Integer(document.at),
            ValueRef::Integer(document.z_number.into()),
            optional(settled.number.map(i64::from)),
            optional(settled.current_number.map(i64::from)),
            ValueRef::Integer(document.amount),
            ValueRef::Integer(document.tax),
            ValueRef::Integer(document.fingerprint_form.into()),
        ]);
        self.digests.documents.add(row);
    }

    fn request(&mut self, id: DocumentId, seq: i64) -> RowDigest {
        self.hasher
            .row([ValueRef::Blob(&id.0), ValueRef::Integer(seq)])
    }

    fn outbox_row(
        &mut self,
        (sealed_seq, recipient, reserved_seq, duty, number): (i64, &str, i64, &str, u32),
        aside_seq: Option<i64>,
    ) -> RowDigest {
        self.hasher.row([
            ValueRef::Integer(sealed_seq),
            ValueRef::Text(recipient.as_bytes()),
            ValueRef::Integer(reserved_seq),
            ValueRef::Text(duty.as_bytes()),
            ValueRef::Integer(number.into()),
            optional(aside_seq),
        ])
    }

    fn used_number(&mut self, device: Uuid, reserved_seq: i64, seal: &Seal<'_>) {
        let Seal::Range {
            series,
            number,
            number_length,
        } = *seal
        else {
            return;
        };
        let printed = used_numbers::printed_number(series, number, number_length);
        let row = self.hasher.row([
            ValueRef::Text(printed.as_bytes()),
            ValueRef::Blob(device.as_bytes()),
            ValueRef::Text(series.as_bytes()),
            ValueRef::Integer(number.into()),
            ValueRef::Integer(reserved_seq),
        ]);
        self.digests.alternative_numbers.add(row);
    }
}

fn optional(number: Option<i64>) -> ValueRef<'static> {
    number.map_or(ValueRef::Null, ValueRef::Integer)
}

/// Enters the reconciliation of a Z-report into the rebuilt tables.
fn z_report(
    connection: &Connection,
    device: Uuid,
    reserved_seq: i64,
    sealed: &Sealed<'_>,
    shift: &mut ShiftDocuments,
) -> Result<Summed, rusqlite::Error> {
    let documents = std::mem::replace(
        shift,
        ShiftDocuments {
            closed: sealed.number,
            ..ShiftDocuments::default()
        },
    );
    let Some(figures) = &sealed.report else {
        return Ok(Summed::All);
    };
    // The report must be about all documents that were counted, and about no others.
    let first = figures.shift.first_number;
    if first <= documents.closed || documents.first.is_some_and(|counted| counted < first) {
        return Ok(Summed::Unusual);
    }
    let place = (device, reserved_seq);
    // How many documents wait does not follow from the journal, and is not compared.
    reconcile::enter_figures(connection, place, sealed, figures, (&documents.figures, 0))?;
    Ok(Summed::All)
}

/// Enters what a refund takes back from its sale into the rebuilt table.
fn refund(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    version: u16,
    payload: &[u8],
) -> Result<Summed, rusqlite::Error> {
    let Ok(Event::Reserved(reserved)) = Event::decode(rows::RESERVED, version, payload) else {
        return Ok(Summed::Unusual);
    };
    let Body::Receipt(receipt) = reserved.body else {
        return Ok(Summed::Unusual);
    };
    let ReceiptKind::Refund { original } = receipt.kind else {
        return Ok(Summed::Unusual);
    };
    // The stored tables have the sale, if it is in the journal before the refund.
    let sale = rows::request(connection, Some(device), Uuid::from_bytes(original.0))?;
    if sale.is_none_or(|sale| sale.reserved_seq > seq) {
        return Ok(Summed::Unusual);
    }
    projection::returned_lines(connection, device, &receipt)?;
    Ok(Summed::All)
}

//! Makes the table changes that follow from each event of the journal.
//!
//! The writer and `verify` call the same functions. `verify` builds temporary tables with the same names and compares them with
//! the stored ones. The SQL does not name the schema, so SQLite uses the temporary tables first.

use ferrotill_core::document::{Body, DocumentKind};
use ferrotill_core::duty::Duty;
use ferrotill_core::event::{DeviceIdentified, Event, Founded, Reserved, Restored, Sealed, Voided};
use ferrotill_core::receipt::{Receipt, ReceiptKind};
use ferrotill_core::seal::Seal;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::figures::NewEntries;
use super::frozen::{self, Freezing};
use super::rows::StoredDocument;
use super::{
    card_operation, ereceipt_rows, laid_aside, protocol_backup, provider_payment, reconcile,
    registration, rows, used_numbers,
};

/// How the outbox entries of a sealed document are made.
#[derive(Clone, Copy)]
pub(super) enum Telling<'t> {
    /// The entries with their frozen requests.
    Frozen(Freezing<'t>),
    /// The entries without requests: `verify` cannot rebuild requests, because they do not follow from the journal alone.
    Unfrozen(&'t dyn Fn(DocumentKind) -> &'static [Duty]),
}

/// Writes the table rows that follow from an event. Returns the new outbox entries.
///
/// `reserved` is the document that a [`Event::Sealed`] seals, if it was reserved in the same transaction.
pub(super) fn project(
    connection: &Connection,
    telling: Telling<'_>,
    (device, seq): (Uuid, i64),
    event: &Event<'_>,
    reserved: Option<&StoredDocument>,
) -> Result<NewEntries, rusqlite::Error> {
    let place = (device, seq);
    match event {
        Event::Sealed(sealed) => return sealed_row(connection, telling, place, sealed, reserved),
        Event::Reserved(reserved) => reserved_row(connection, device, seq, reserved),
        Event::Voided(voided) => voided_row(connection, place, voided),
        Event::Founded(founded) => founded_row(connection, seq, founded),
        Event::DeviceIdentified(identified) => identity_row(connection, device, seq, identified),
        Event::Restored(restored) => next_epoch(connection, *restored),
        Event::LaidAside(aside) => laid_aside::enter(connection, device, seq, aside),
        Event::TerminalAsked(asked) => card_operation::asked(connection, place, asked),
        Event::TerminalAnswered(answered) => card_operation::answered(connection, seq, answered),
        Event::CardLaidAside(aside) => card_operation::aside(connection, place, aside),
        Event::UnitAdopted(unit) => registration::unit_adopted(connection, place, unit),
        Event::ReceiptSigned(receipt) => registration::receipt_signed(connection, place, receipt),
        Event::RegistrationWanted(wanted) => registration::wanted(connection, place, wanted),
        Event::RegistrationAnswered(answered) => registration::answered(connection, seq, answered),
        Event::ProtocolBackedUp(backup) => protocol_backup::made(connection, place, backup),
        Event::RegisterRetired(retired) => protocol_backup::retired(connection, place, retired),
        Event::ProviderAsked(asked) => provider_payment::asked(connection, seq, asked),
        Event::ProviderAnswered(answered) => provider_payment::answered(connection, answered),
        Event::ProviderUsed(used) => provider_payment::used(connection, used),
        Event::ReceiptUploaded(uploaded) => ereceipt_rows::uploaded(connection, seq, uploaded),
        Event::LookChanged(changed) => ereceipt_rows::look_changed(connection, seq, changed),
        Event::HospitalityChanged(changed) => {
            ereceipt_rows::hospitality_changed(connection, seq, changed)
        }
        Event::ConfigurationAdopted(_)
        | Event::CancelDecided(_)
        | Event::LossAccepted(_)
        | Event::PersonActed(_)
        | Event::ReceiptsOfOthers(_)
        | Event::Switched(_)
        | Event::NumbersGranted(_)
        | Event::ClosedByPrinter(_)
        | Event::Declared(_)
        | Event::ClockSet(_)
        | Event::ReceiptPrepared(_)
        | Event::ResourceChanged(_)
        | Event::ReceiptNoted(_) => Ok(()),
    }?;
    Ok(NewEntries::default())
}

fn voided_row(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    voided: &Voided,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "UPDATE document SET state = 'voided', settled_seq = ?1 WHERE reserved_seq = \
             (SELECT reserved_seq FROM request WHERE id = ?2) AND device = ?3",
        )?
        .execute(params![seq, voided.id.0, device.as_bytes()])?;
    Ok(())
}

/// The table has room for one row, so a folder cannot be founded twice.
fn founded_row(
    connection: &Connection,
    seq: i64,
    founded: &Founded<'_>,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO founded (id, founded_seq, country, currency, mode, epoch) VALUES (1, ?1, ?2, ?3, ?4, 0)",
        )?
        .execute(params![
            seq,
            founded.country,
            founded.currency,
            founded.mode.name()
        ])
        .map(drop)
}

fn identity_row(
    connection: &Connection,
    device: Uuid,
    seq: i64,
    identified: &DeviceIdentified<'_>,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO device_identity (device, identified_seq, fiscal_number, owner, owner_number, address) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            device.as_bytes(),
            seq,
            identified.fiscal_number,
            identified.owner,
            identified.owner_number,
            identified.address
        ])
        .map(drop)
}

/// Each restore counts one epoch more than the one before it.
fn next_epoch(connection: &Connection, restored: Restored) -> Result<(), rusqlite::Error> {
    let changed = connection
        .prepare_cached("UPDATE founded SET epoch = ?1 WHERE epoch = ?1 - 1")?
        .execute([restored.epoch])?;
    match changed {
        0 => Err(rusqlite::Error::QueryReturnedNoRows),
        _ => Ok(()),
    }
}

/// The amount and the tax in the row of a document, until a report gets its amount with its seal.
pub(super) fn amount_and_tax(body: &Body<'_>) -> (i64, i64) {
    match body {
        Body::Receipt(receipt) => (receipt.total.minor(), receipt.tax.minor()),
        Body::Cash(amount) => (amount.minor(), 0),
        // A total that does not fit was refused.
        Body::Amounts(receipt) => (receipt.total().map_or(0, |total| total.minor()), 0),
        Body::Report(_) | Body::Nonfiscal(_) => (0, 0),
    }
}

fn reserved_row(
    connection: &Connection,
    device: Uuid,
    seq: i64,
    reserved: &Reserved<'_>,
) -> Result<(), rusqlite::Error> {
    let (amount, tax) = amount_and_tax(&reserved.body);
    connection
            .prepare_cached(
                "INSERT INTO document (reserved_seq, device, id, unique_id, fingerprint, kind, state, point_of_sale, at, z_number, amount, tax, fingerprint_form) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'reserved', ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                seq,
                device.as_bytes(),
                reserved.id.0,
                reserved.unique.0,
                reserved.fingerprint.0,
                reserved.body.kind().name(),
                reserved.point_of_sale.0,
                reserved.at.utc_ms,
                reserved.z_number,
                amount,
                tax,
                reserved.fingerprint_form
            ])?;
    // The id of a voided document is free again, so the id leads to its newest document.
    connection
        .prepare_cached("INSERT OR REPLACE INTO request (id, reserved_seq) VALUES (?1, ?2)")?
        .execute(params![reserved.id.0, seq])?;
    Ok(())
}

fn sealed_row(
    connection: &Connection,
    telling: Telling<'_>,
    (device, seq): (Uuid, i64),
    sealed: &Sealed<'_>,
    reserved: Option<&StoredDocument>,
) -> Result<NewEntries, rusqlite::Error> {
    let row = match reserved {
        Some(document) => document.row.clone(),
        None => rows::request(connection, Some(device), Uuid::from_bytes(sealed.id.0))?
            .ok_or(rusqlite::Error::QueryReturnedNoRows)?,
    };
    let (duties, freeze) = match telling {
        Telling::Frozen(freezing) => (freezing.freeze.duties(row.kind), Some(freezing)),
        Telling::Unfrozen(duties) => (duties(row.kind), None),
    };
    // Only returns and requests need the content of the document.
    let is_refund = row.kind == DocumentKind::Refund;
    let needed = is_refund || (freeze.is_some() && !duties.is_empty());
    let read = match reserved {
        None if needed => Some(rows::document(connection, row.clone())?),
        _ => None,
    };
    let document = reserved.or(read.as_ref());
    let amount = sealed
        .report
        .as_ref()
        .map(|figures| figures.shift.sales.receipts.amount.minor());
    let amount: i64 = connection
            .prepare_cached(
                "UPDATE document SET state = 'sealed', settled_seq = ?2, number = ?3, current_number = ?4, amount = coalesce(?5, amount) \
                 WHERE reserved_seq = ?1 RETURNING amount",
            )?
            .query_row(
                params![row.reserved_seq, seq, sealed.number, sealed.current_number, amount],
                |row| row.get(0),
            )?;
    let freeze = freeze.zip(document);
    let (documents, refused) = frozen::enter(connection, (duties, freeze), seq, &row, sealed)?;
    used_number(connection, device, sealed, (row.reserved_seq, seq))?;
    card_operation::document_sealed(connection, &sealed.id.0)?;
    registration::document_sealed(connection, (device, seq, sealed.at), &sealed.seal)?;
    if row.kind == DocumentKind::ZReport {
        reconcile::enter(connection, device, row.reserved_seq, sealed)?;
    }
    if is_refund
        && let Some(reserved) = document.and_then(StoredDocument::reserved)
        && let Body::Receipt(receipt) = reserved.body
    {
        returned_lines(connection, device, &receipt)?;
    }
    Ok(NewEntries {
        documents,
        refused,
        sold: match row.kind {
            DocumentKind::Sale | DocumentKind::AlternativeSale if documents > 0 => amount,
            _ => 0,
        },
        at_ms: row.at,
    })
}

/// The number of an alternative receipt is used now.
fn used_number(
    connection: &Connection,
    device: Uuid,
    sealed: &Sealed<'_>,
    seqs: (i64, i64),
) -> Result<(), rusqlite::Error> {
    let Seal::Range {
        series,
        number,
        number_length,
    } = sealed.seal
    else {
        return Ok(());
    };
    let printed = used_numbers::printed_number(series, number, number_length);
    used_numbers::used(connection, &printed, (device, series, number), seqs)
}

/// Adds the lines of a refund to what was returned of its sale.
pub(super) fn returned_lines(
    connection: &Connection,
    device: Uuid,
    receipt: &Receipt<'_>,
) -> Result<(), rusqlite::Error> {
    let ReceiptKind::Refund { original } = receipt.kind else {
        return Ok(());
    };
    let Some(sale) = rows::request(connection, Some(device), Uuid::from_bytes(original.0))? else {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    };
    for line in receipt.lines.iter() {
        connection
                .prepare_cached(
                    "INSERT INTO returned (original_seq, line, quantity, amount) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (original_seq, line) DO UPDATE SET quantity = quantity + excluded.quantity, amount = amount + excluded.amount",
                )?
                .execute(params![
                    sale.reserved_seq,
                    line.original_line,
                    line.quantity.thousandths(),
                    line.final_amount.minor()
                ])?;
    }
    Ok(())
}

//! The registration of signature units, cash boxes and their receipts at the tax authority, and the outages of the units.

use ferrotill_core::event::{
    Event, ReceiptSigned, RegistrationAnswered, RegistrationStep, RegistrationWanted, UnitAdopted,
};
use ferrotill_core::profile::signed::{Code, Kind, PAYLOAD_BYTES_MAX, Signature};
use ferrotill_core::seal::Seal;
use ferrotill_core::time::Moment;
use rusqlite::{Connection, params};
use uuid::Uuid;

/// How far a step is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistrationState {
    /// The authority has not answered about it.
    Waiting,
    /// The authority has accepted it.
    Done,
    /// The authority refuses it.
    Refused,
}

impl RegistrationState {
    /// The name of the state in the store and in lists.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }
}

/// Fills the tables of a folder whose journal is older than they are.
pub(super) fn fill(connection: &Connection) -> Result<(), rusqlite::Error> {
    let signs: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM journal WHERE kind = 15)",
        [],
        |row| row.get(0),
    )?;
    if !signs {
        return Ok(());
    }
    let mut statement = connection.prepare(
        "SELECT device, seq, kind, version, payload FROM journal WHERE kind IN (4, 15, 17) ORDER BY seq",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let place = (Uuid::from_bytes(row.get(0)?), row.get(1)?);
        let payload: Vec<u8> = row.get(4)?;
        // A row that cannot be read is found when the chain is checked.
        match Event::decode(row.get(2)?, row.get(3)?, &payload) {
            Ok(Event::UnitAdopted(unit)) => unit_adopted(connection, place, &unit)?,
            Ok(Event::ReceiptSigned(receipt)) => receipt_signed(connection, place, &receipt)?,
            Ok(Event::Sealed(sealed)) => {
                document_sealed(connection, (place.0, place.1, sealed.at), &sealed.seal)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// A unit signs from now on, so that it must be registered.
pub(super) fn unit_adopted(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    unit: &UnitAdopted<'_>,
) -> Result<(), rusqlite::Error> {
    due(
        connection,
        (device, seq, unit.at),
        RegistrationStep::Unit,
        unit.serial,
    )
}

/// A receipt without a document is sealed.
pub(super) fn receipt_signed(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    receipt: &ReceiptSigned<'_>,
) -> Result<(), rusqlite::Error> {
    let place = (device, seq, receipt.at);
    sealed(connection, place, (receipt.kind, receipt.compact))
}

/// A document has its seal. An ordinary receipt with a signature ends the outage of its unit, and changes nothing else here.
pub(super) fn document_sealed(
    connection: &Connection,
    place: (Uuid, i64, Moment),
    seal: &Seal<'_>,
) -> Result<(), rusqlite::Error> {
    match *seal {
        Seal::Signature { kind, compact }
            if compact.ends_with(UNIT_FAILED_SEGMENT)
                || matches!(kind, Kind::Start | Kind::Jahres | Kind::Schluss) =>
        {
            sealed(connection, place, (kind, compact))
        }
        Seal::Signature { compact, .. } if has_outage(connection)? => {
            outage_ends(connection, place, compact)
        }
        _ => Ok(()),
    }
}

/// Whether an outage of a unit has not ended.
fn has_outage(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM unit_outage WHERE ended_seq IS NULL)")?
        .query_row([], |row| row.get(0))
}

/// A unit has signed: its outage is over.
fn outage_ends(
    connection: &Connection,
    (_, seq, at): (Uuid, i64, Moment),
    compact: &str,
) -> Result<(), rusqlite::Error> {
    let mut room = [0; PAYLOAD_BYTES_MAX];
    // The till has read the receipt when it decided.
    let Ok(code) = Code::parse_compact(compact, &mut room) else {
        return Ok(());
    };
    connection
        .prepare_cached("UPDATE unit_outage SET ended_seq = ?2, ended_at = ?3 WHERE serial = ?1 AND ended_seq IS NULL")?
        .execute(params![code.payload.unit.serial(), seq, at.utc_ms])
        .map(drop)
}

/// What follows from a sealed receipt: an outage begins, goes on or ends, and the authority is to be told.
fn sealed(
    connection: &Connection,
    (device, seq, at): (Uuid, i64, Moment),
    (kind, compact): (Kind, &str),
) -> Result<(), rusqlite::Error> {
    let mut room = [0; PAYLOAD_BYTES_MAX];
    // The till has read the receipt when it decided.
    let Ok(code) = Code::parse_compact(compact, &mut room) else {
        return Ok(());
    };
    let serial = code.payload.unit.serial();
    if code.signature == Signature::Failed {
        outage_goes_on(connection, seq, at, serial)?;
    } else {
        outage_ends(connection, (device, seq, at), compact)?;
    }
    let cash_box = code.payload.cash_box.as_str();
    let place = (device, seq, at);
    if kind == Kind::Start {
        due(connection, place, RegistrationStep::CashBox, cash_box)?;
    }
    if matches!(kind, Kind::Start | Kind::Jahres | Kind::Schluss) {
        let subject = format!("{cash_box}_{}", code.payload.receipt.as_str());
        due(connection, place, RegistrationStep::Receipt, &subject)?;
    }
    if kind == Kind::Schluss {
        due(connection, place, RegistrationStep::CashBoxEnds, cash_box)?;
    }
    Ok(())
}

/// The last part of a receipt without a signature, in its compact form.
const UNIT_FAILED_SEGMENT: &str = ".U2ljaGVyaGVpdHNlaW5yaWNodHVuZyBhdXNnZWZhbGxlbg";

fn outage_goes_on(
    connection: &Connection,
    seq: i64,
    at: Moment,
    serial: &str,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO unit_outage (serial, began_seq, began_at) SELECT ?1, ?2, ?3 \
             WHERE NOT EXISTS (SELECT 1 FROM unit_outage WHERE serial = ?1 AND ended_seq IS NULL)",
        )?
        .execute(params![serial, seq, at.utc_ms])
        .map(drop)
}

/// A step is due now, if it was not due before.
pub(super) fn due(
    connection: &Connection,
    (device, seq, at): (Uuid, i64, Moment),
    step: RegistrationStep,
    subject: &str,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO registration (step, subject, device, due_seq, due_at, subject_seq, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?4, 'waiting')",
        )?
        .execute(params![
            step.name(),
            subject,
            device.as_bytes(),
            seq,
            at.utc_ms
        ])
        .map(drop)
}

/// A step is wanted, perhaps again.
pub(super) fn wanted(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    wanted: &RegistrationWanted<'_>,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT INTO registration (step, subject, device, due_seq, due_at, subject_seq, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting') \
             ON CONFLICT (step, subject) DO UPDATE SET due_seq = excluded.due_seq, due_at = excluded.due_at, state = 'waiting', \
             subject_seq = iif(excluded.subject_seq = 0, subject_seq, excluded.subject_seq)",
        )?
        .execute(params![
            wanted.step.name(),
            wanted.subject,
            device.as_bytes(),
            seq,
            wanted.at.utc_ms,
            wanted.row
        ])
        .map(drop)
}

/// The authority has answered about a step.
pub(super) fn answered(
    connection: &Connection,
    seq: i64,
    answered: &RegistrationAnswered<'_>,
) -> Result<(), rusqlite::Error> {
    let state = if answered.done {
        RegistrationState::Done
    } else {
        RegistrationState::Refused
    };
    let step = answered.step.name();
    let changed = connection
        .prepare_cached("UPDATE registration SET state = ?3 WHERE step = ?1 AND subject = ?2")?
        .execute(params![step, answered.subject, state.name()])?;
    if changed == 0 {
        return Err(rusqlite::Error::QueryReturnedNoRows);
    }
    connection
        .prepare_cached(
            "INSERT INTO registration_answer (answered_seq, step, subject, at, done, code, message) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            seq,
            step,
            answered.subject,
            answered.at.utc_ms,
            answered.done,
            answered.code,
            answered.message
        ])
        .map(drop)
}

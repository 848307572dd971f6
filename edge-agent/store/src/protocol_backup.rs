//! What follows in the tables from a copy of a protocol of signed receipts, and from a register that is out of use after a restore.

use ferrotill_core::event::{ProtocolBackedUp, RegisterRetired, RegistrationStep};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::registration;

/// The protocol of a register was copied.
pub(super) fn made(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    backup: &ProtocolBackedUp,
) -> Result<(), rusqlite::Error> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO protocol_backup (device, made_seq, made_at, receipts, sha256) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            device.as_bytes(),
            seq,
            backup.at.utc_ms,
            i64::try_from(backup.receipts).unwrap_or(i64::MAX),
            backup.sha256
        ])
        .map(drop)
}

/// A register is out of use: the authority must be told that its cash box ends, if it knows the cash box.
pub(super) fn retired(
    connection: &Connection,
    (device, seq): (Uuid, i64),
    retired: &RegisterRetired<'_>,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT subject FROM registration WHERE step = 'cash_box' AND device = ?1",
    )?;
    let boxes = statement
        .query_map([device.as_bytes()], |row| row.get::<_, String>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    for cash_box in boxes {
        let place = (device, seq, retired.at);
        registration::due(connection, place, RegistrationStep::CashBoxEnds, &cash_box)?;
    }
    Ok(())
}

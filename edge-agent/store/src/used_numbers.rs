//! The used numbers of alternative receipts. They belong to the data folder: a number is used once, whatever device used it.

use ferrotill_core::event::{Event, NumberRange};
use ferrotill_core::seal::{PrintedNumber, Seal};
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

/// A number that two receipts of an older program have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedNumber {
    /// The number as printed.
    pub printed: String,
    /// The id of the receipt that had the number first.
    pub first: Uuid,
    /// The id of the later receipt.
    pub second: Uuid,
}

/// A number of a range that a receipt has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsedNumber {
    /// The number.
    pub number: u32,
    /// When the receipt was decided, in milliseconds since the epoch.
    pub at_ms: i64,
}

/// The last used number of a range, found by one seek in an index.
pub(super) fn last(
    connection: &Connection,
    range: &NumberRange,
) -> Result<Option<UsedNumber>, rusqlite::Error> {
    connection
        .prepare_cached(
            "SELECT CAST(substr(printed, length(?3) + 1) AS INTEGER), coalesce((SELECT at FROM journal WHERE seq = reserved_seq), 0) \
             FROM alternative_number WHERE printed BETWEEN ?1 AND ?2 AND length(printed) = length(?1) ORDER BY printed DESC LIMIT 1",
        )?
        .query_row(
            params![
                printed_number(&range.series, range.start, range.number_length),
                printed_number(&range.series, range.end, range.number_length),
                range.series.as_str()
            ],
            |row| {
                Ok(UsedNumber {
                    number: row.get(0)?,
                    at_ms: row.get(1)?,
                })
            },
        )
        .optional()
}

/// The number of a range as it is printed.
pub(super) fn printed_number(series: &str, number: u32, number_length: u8) -> String {
    PrintedNumber {
        series,
        number,
        number_length,
    }
    .to_string()
}

/// Writes that a receipt has used a number. `rows` are the journal rows with which the receipt was reserved and sealed.
///
/// A number that is used already is an error, and the receipt is not sealed. Only rows that were written before the folder had a
/// [`Event::Founded`] may repeat a number: an older program kept the numbers of each device apart.
pub(super) fn used(
    connection: &Connection,
    printed: &str,
    (device, series, number): (Uuid, &str, u32),
    (reserved_seq, sealed_seq): (i64, i64),
) -> Result<(), rusqlite::Error> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO alternative_number (printed, device, series, number, reserved_seq) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![printed, device.as_bytes(), series, number, reserved_seq]);
    match inserted {
        Err(rusqlite::Error::SqliteFailure(error, _))
            if error.code == rusqlite::ErrorCode::ConstraintViolation
                && !is_founded_before(connection, sealed_seq)? =>
        {
            connection.execute(
                "INSERT INTO repeated_number (reserved_seq, printed) VALUES (?1, ?2)",
                params![reserved_seq, printed],
            )
        }
        inserted => inserted,
    }
    .map(drop)
}

fn is_founded_before(connection: &Connection, seq: i64) -> Result<bool, rusqlite::Error> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM founded WHERE founded_seq < ?1)",
        [seq],
        |row| row.get(0),
    )
}

/// Fills the table of used numbers from the journal, after it was created anew.
pub(super) fn fill(connection: &Connection) -> Result<(), rusqlite::Error> {
    let mut rows = connection.prepare(
        "SELECT document.device, document.reserved_seq, journal.seq, journal.kind, journal.version, journal.payload \
         FROM document JOIN journal ON journal.seq = document.settled_seq \
         WHERE document.kind = 'alternative_receipt' AND document.state = 'sealed' ORDER BY journal.seq",
    )?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let payload: Vec<u8> = row.get(5)?;
        // A row that cannot be read is found when the chain is checked.
        let Ok(Event::Sealed(sealed)) = Event::decode(row.get(3)?, row.get(4)?, &payload) else {
            continue;
        };
        if let Seal::Range {
            series,
            number,
            number_length,
        } = sealed.seal
        {
            let printed = printed_number(series, number, number_length);
            let device = Uuid::from_bytes(row.get(0)?);
            used(
                connection,
                &printed,
                (device, series, number),
                (row.get(1)?, row.get(2)?),
            )?;
        }
    }
    Ok(())
}

/// The numbers that two receipts of an older program have, oldest first.
pub(super) fn repeated(connection: &Connection) -> Result<Vec<RepeatedNumber>, rusqlite::Error> {
    connection
        .prepare(
            "SELECT repeated_number.printed, first.id, second.id FROM repeated_number \
             JOIN alternative_number USING (printed) \
             JOIN document AS first ON first.reserved_seq = alternative_number.reserved_seq \
             JOIN document AS second ON second.reserved_seq = repeated_number.reserved_seq \
             ORDER BY repeated_number.reserved_seq LIMIT 100",
        )?
        .query_map([], |row| {
            Ok(RepeatedNumber {
                printed: row.get(0)?,
                first: Uuid::from_bytes(row.get(1)?),
                second: Uuid::from_bytes(row.get(2)?),
            })
        })?
        .collect()
}

//! What is read of the stored tables beside the walk over the journal, on a thread and a connection of its own.

use std::path::Path;

use rusqlite::Connection;

use super::super::{Context as _, StoreError, folder};
use super::digest::RowHasher;
use super::expected::TableDigests;
use super::{VerifyRange, check_version, configure, tables};

/// What the stored tables contain.
#[derive(Debug)]
pub(super) struct StoredTables {
    /// What SQLite's own check of the file has found.
    pub(super) damage: Vec<String>,
    /// The digests of the tables that grow with each document.
    pub(super) digests: TableDigests,
}

/// Opens two connections that see the same state of the database, whatever the agent writes meanwhile. There is no second connection if
/// the agent has always written something between the two beginnings.
pub(super) fn open(path: &Path) -> Result<(Connection, Option<Connection>), StoreError> {
    const TRIES: u32 = 20;
    let connection = begin(path)?;
    check_version(&connection, path)?;
    let other = begin(path)?;
    // Every change of the tables that are compared has its row in the journal.
    let head = |connection: &Connection| {
        connection
            .query_row("SELECT max(seq) FROM journal", [], |row| {
                row.get::<_, Option<i64>>(0)
            })
            .context(path, "journal")
    };
    for _ in 0..TRIES {
        if head(&connection)? == head(&other)? {
            return Ok((connection, Some(other)));
        }
        for one in [&connection, &other] {
            one.execute_batch("COMMIT; BEGIN").context(path, "begin")?;
        }
    }
    Ok((connection, None))
}

/// Opens a connection in whose transaction the database does not change.
fn begin(path: &Path) -> Result<Connection, StoreError> {
    let connection = folder::open_for_reading(path)?;
    configure(&connection).context(path, "settings")?;
    connection.execute_batch("BEGIN").context(path, "begin")?;
    Ok(connection)
}

/// Reads the stored tables.
pub(super) fn read(
    connection: &Connection,
    path: &Path,
    mut hasher: RowHasher,
    range: VerifyRange,
) -> Result<StoredTables, StoreError> {
    let damage = damage(connection, range).context(path, "integrity check")?;
    let mut digest = |table| tables::digest(connection, &mut hasher, table);
    let mut digests = || -> Result<TableDigests, rusqlite::Error> {
        Ok(TableDigests {
            documents: digest("document")?,
            requests: digest("request")?,
            outbox: digest("outbox")?,
            alternative_numbers: digest("alternative_number")?,
            repeated_numbers: digest("repeated_number")?,
        })
    };
    let digests = digests().context(path, "digests of the tables")?;
    Ok(StoredTables { damage, digests })
}

/// SQLite's own check of the file: pages, indexes, constraints. This check takes long on large files and is left out if only a range is
/// verified.
fn damage(connection: &Connection, range: VerifyRange) -> Result<Vec<String>, rusqlite::Error> {
    if range != VerifyRange::ALL {
        return Ok(Vec::new());
    }
    connection
        .prepare("PRAGMA main.integrity_check(20)")?
        .query_map([], |row| row.get::<_, String>(0))?
        .filter(|words| words.as_ref().map_or(true, |words| words != "ok"))
        .collect()
}

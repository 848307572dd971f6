//! The migrations: the steps from an empty file to this program's tables.

use std::path::Path;

use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::chain::ChainKey;
use super::{Context, StoreError, frozen, registration, used_numbers};

/// Every migration in its order. A migration that was released is never edited. All missing steps and the name of this program are
/// written in one transaction.
///
/// `key` is the key of the journal; a folder without a key has no requests to bind.
fn steps(key: Option<ChainKey>) -> Migrations<'static> {
    Migrations::new(vec![
        M::up(include_str!("../../../migrations/01-journal/up.sql")),
        M::up_with_hook(
            include_str!("../../../migrations/02-truth/up.sql"),
            |transaction| Ok(used_numbers::fill(transaction)?),
        ),
        M::up_with_hook(
            include_str!("../../../migrations/03-bound/up.sql"),
            move |transaction| {
                if let Some(key) = &key {
                    frozen::bind_all(transaction, key)?;
                }
                Ok(sign(transaction)?)
            },
        ),
        signed(include_str!("../../../migrations/04-aside/up.sql")),
        signed(include_str!("../../../migrations/05-terminal/up.sql")),
        signed(include_str!("../../../migrations/06-card-aside/up.sql")),
        signed(include_str!("../../../migrations/07-resource/up.sql")),
        signed(include_str!("../../../migrations/08-delivery/up.sql")),
        M::up_with_hook(
            include_str!("../../../migrations/09-registration/up.sql"),
            |transaction| {
                registration::fill(transaction)?;
                Ok(sign(transaction)?)
            },
        ),
        signed(include_str!(
            "../../../migrations/10-cash-box-outage/up.sql"
        )),
        signed(include_str!("../../../migrations/11-provider/up.sql")),
        signed(include_str!("../../../migrations/12-person/up.sql")),
        signed(include_str!(
            "../../../migrations/13-protocol-backup/up.sql"
        )),
        signed(include_str!("../../../migrations/14-ereceipt/up.sql")),
        signed(include_str!("../../../migrations/17-publication/up.sql")),
        signed(include_str!("../../../migrations/18-unsent/up.sql")),
    ])
}

/// A step that only creates tables and writes the name of this program.
fn signed(step: &'static str) -> M<'static> {
    M::up_with_hook(step, |transaction| Ok(sign(transaction)?))
}

/// The number of steps.
const STEPS: i64 = 16;

/// Writes the name of this program. The last step does it, in its transaction: tables of this version always have this name.
fn sign(connection: &Connection) -> Result<(), rusqlite::Error> {
    connection
        .execute(
            "INSERT OR REPLACE INTO written_by (id, program) VALUES (1, ?1)",
            [PROGRAM],
        )
        .map(drop)
}

/// Migrates the database to this program's version. A newer database is refused. `key` is the key of the journal, if there is one.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    key: Option<&ChainKey>,
) -> Result<(), StoreError> {
    refuse_newer(connection, path)?;
    if stored_version(connection).context(path, "version")? == version() {
        return Ok(());
    }
    steps(key.cloned())
        .to_latest(connection)
        .map_err(|source| StoreError::Migration {
            path: path.to_owned(),
            source,
        })
}

/// Refuses a database that a newer program has written. Nothing is changed.
///
/// # Errors
///
/// [`StoreError::Newer`] names the program that reads the database.
pub(super) fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let (found, expected) = (
        stored_version(connection).context(path, "version")?,
        version(),
    );
    if found <= expected {
        return Ok(());
    }
    Err(StoreError::Newer {
        path: path.to_owned(),
        found,
        expected,
        // The table may have another form in the newer program. The refusal is the same without its content.
        program: program_of(connection).map_or_else(
            |_| "the program that wrote it".to_owned(),
            |program| format!("{program} or a newer one"),
        ),
    })
}

/// The same error, or that an older program has written the database, if that is why a part of it cannot be read.
pub(super) fn older_instead(connection: &Connection, path: &Path, error: StoreError) -> StoreError {
    match stored_version(connection) {
        Ok(found) if found < version() => StoreError::Version {
            path: path.to_owned(),
            found,
            expected: version(),
        },
        _ => error,
    }
}

fn program_of(connection: &Connection) -> Result<String, rusqlite::Error> {
    connection.query_row("SELECT program FROM written_by", [], |row| row.get(0))
}

/// The version of a database's tables.
pub(super) fn stored_version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// True if a database has a table.
pub(super) fn has_table(connection: &Connection, name: &str) -> Result<bool, rusqlite::Error> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1)",
        [name],
        |row| row.get(0),
    )
}

/// The name and the version of this program.
const PROGRAM: &str = concat!("ferrotill ", env!("CARGO_PKG_VERSION"));

/// The version of this program's tables: the number of steps.
pub(super) const fn version() -> i64 {
    STEPS
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    fn tables(connection: &Connection) -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT type || ' ' || name || ' ' || sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY 1").unwrap();
        statement
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }

    #[test]
    fn the_steps_fold_to_the_full_schema() {
        let mut stepped = Connection::open_in_memory().unwrap();
        super::migrate(&mut stepped, std::path::Path::new(":memory:"), None).unwrap();
        let folded = Connection::open_in_memory().unwrap();
        folded
            .execute_batch(include_str!("../../../migrations/schema.sql"))
            .unwrap();
        assert_eq!(tables(&stepped), tables(&folded));
    }

    #[test]
    fn the_outbox_of_the_first_version_keeps_its_entries() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::steps(None).to_version(&mut connection, 1).unwrap();
        connection
            .execute_batch(
                "INSERT INTO outbox VALUES (3, 2, x'D1', 'sale', 1, 'acknowledged', 2, NULL, 77); \
                 INSERT INTO outbox VALUES (5, 4, x'D1', 'refund', 2, 'waiting', 1, 'no', NULL)",
            )
            .unwrap();
        super::migrate(&mut connection, std::path::Path::new(":memory:"), None).unwrap();
        let entries: Vec<String> = connection
            .prepare(
                "SELECT concat_ws('|', sealed_seq, recipient, reserved_seq, duty, message_number, state, attempts, \
                 coalesce(refusal, '-'), coalesce(acknowledged_at, '-'), request IS NULL, digest IS NULL) FROM outbox ORDER BY sealed_seq",
            )
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert_eq!(
            entries,
            [
                "3|authority|2|sale|1|acknowledged|2|-|77|1|1",
                "5|authority|4|refund|2|waiting|1|no|-|1|1"
            ]
        );
    }

    /// A power cut between the tables and the name would leave a newer database that no older program can name the reader of.
    #[test]
    fn the_name_of_the_program_is_written_with_the_last_step() {
        for before in [0, 1, 2, 3, 4, 5, 6] {
            let mut connection = Connection::open_in_memory().unwrap();
            super::steps(None)
                .to_version(&mut connection, before)
                .unwrap();
            super::steps(None).to_latest(&mut connection).unwrap();
            assert_eq!(super::program_of(&connection).unwrap(), super::PROGRAM);
        }
    }

    #[test]
    fn the_version_is_the_number_of_steps() {
        let mut connection = Connection::open_in_memory().unwrap();
        super::migrate(&mut connection, std::path::Path::new(":memory:"), None).unwrap();
        let version: i64 = connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .unwrap();
        assert_eq!(version, super::version());
    }

    #[test]
    fn a_newer_file_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let path = std::path::Path::new(":memory:");
        let refused = super::migrate(&mut connection, path, None).unwrap_err();
        assert!(
            refused
                .to_string()
                .ends_with("use the program that wrote it"),
            "{refused}"
        );
    }

    #[test]
    fn the_refusal_of_a_newer_file_names_the_program_that_reads_it() {
        let mut connection = Connection::open_in_memory().unwrap();
        let path = std::path::Path::new(":memory:");
        super::migrate(&mut connection, path, None).unwrap();
        connection
            .execute("UPDATE written_by SET program = 'ferrotill 9.1.0'", [])
            .unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = super::migrate(&mut connection, path, None).unwrap_err();
        let end = format!(
            "has version 99, and this program reads version {} at most; use ferrotill 9.1.0 or a newer one",
            super::version()
        );
        assert!(refused.to_string().ends_with(&end), "{refused}");
    }
}

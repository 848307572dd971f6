//! What the baseline programs and the benchmarks share.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use sha2::{Digest as _, Sha256};

/// Reads every row of every table of a database, and hashes each row with the hash of the row before it: what no check of a whole store
/// can leave out. Returns the number of rows.
///
/// # Errors
///
/// The database cannot be read.
pub fn hash_every_row(file: &Path) -> rusqlite::Result<u64> {
    let database = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let tables: Vec<String> = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let (mut last, mut hashed) = ([0; 32], 0_u64);
    for table in tables {
        let mut statement = database.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns = statement.column_count();
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut hash = Sha256::new_with_prefix(last);
            for column in 0..columns {
                match row.get_ref(column)? {
                    ValueRef::Null => {}
                    ValueRef::Integer(number) => hash.update(number.to_le_bytes()),
                    ValueRef::Real(number) => hash.update(number.to_le_bytes()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => hash.update(bytes),
                }
            }
            last = hash.finalize().into();
            hashed = hashed.saturating_add(1);
        }
    }
    std::hint::black_box(last);
    Ok(hashed)
}

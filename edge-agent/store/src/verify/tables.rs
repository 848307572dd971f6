//! Compares the stored tables with the journal: the writer's own functions rebuild them as temporary tables.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params};

use super::super::migrate;
use super::digest::{RowHasher, RowsDigest};
use super::{Flaw, Flaws, VerifyRange};

/// A table that follows from the journal.
struct Table {
    name: &'static str,
    /// The number of columns, counted from the first, that form the key of the table.
    key: usize,
    /// The columns that follow from the journal. Columns about paper, attempts and acknowledgements do not follow from it and
    /// are left out.
    columns: &'static [&'static str],
    /// The column that contains the number of the journal row from which a table row follows.
    row: &'static str,
}

const TABLES: &[Table] = &[
    Table {
        name: "uploaded_receipt",
        key: 1,
        columns: &["id", "seq", "at", "revision", "digest"],
        row: "seq",
    },
    Table {
        name: "receipt_look",
        key: 3,
        columns: &["kind", "id", "revision", "seq", "at", "digest"],
        row: "seq",
    },
    Table {
        name: "hospitality",
        key: 1,
        columns: &[
            "receipt",
            "seq",
            "created_at",
            "modified_at",
            "finalized_s",
            "changes",
            "digest",
        ],
        row: "seq",
    },
    Table {
        name: "document",
        key: 1,
        columns: &[
            "reserved_seq",
            "settled_seq",
            "device",
            "id",
            "unique_id",
            "fingerprint",
            "kind",
            "state",
            "point_of_sale",
            "at",
            "z_number",
            "number",
            "current_number",
            "amount",
            "tax",
            "fingerprint_form",
        ],
        row: "reserved_seq",
    },
    Table {
        name: "request",
        key: 1,
        columns: &["id", "reserved_seq"],
        row: "reserved_seq",
    },
    Table {
        name: "returned",
        key: 2,
        columns: &["original_seq", "line", "quantity", "amount"],
        row: "original_seq",
    },
    Table {
        name: "alternative_number",
        key: 1,
        columns: &["printed", "device", "series", "number", "reserved_seq"],
        row: "reserved_seq",
    },
    Table {
        name: "repeated_number",
        key: 1,
        columns: &["reserved_seq", "printed"],
        row: "reserved_seq",
    },
    Table {
        name: "outbox",
        key: 2,
        columns: &[
            "sealed_seq",
            "recipient",
            "reserved_seq",
            "duty",
            "message_number",
            "aside_seq",
        ],
        row: "sealed_seq",
    },
    Table {
        name: "reconciliation",
        key: 2,
        columns: &[
            "device",
            "z_number",
            "report_seq",
            "first_number",
            "last_number",
        ],
        row: "report_seq",
    },
    Table {
        name: "reconciliation_figure",
        key: 3,
        columns: &[
            "device",
            "z_number",
            "subject",
            "documents",
            "report",
            "printer",
        ],
        row: "",
    },
    Table {
        name: "card_operation",
        key: 1,
        columns: &[
            "reference",
            "asked_seq",
            "answered_seq",
            "device",
            "id",
            "fingerprint",
            "fingerprint_form",
            "terminal",
            "position",
            "amount",
            "kind",
            "voids",
            "state",
            "number",
            "operation_number",
            "reason",
            "asked_at",
            "answered_at",
            "is_open",
            "aside_seq",
        ],
        row: "asked_seq",
    },
    Table {
        name: "registration",
        key: 2,
        columns: &[
            "step",
            "subject",
            "device",
            "due_seq",
            "due_at",
            "subject_seq",
            "state",
        ],
        row: "due_seq",
    },
    Table {
        name: "registration_answer",
        key: 1,
        columns: &[
            "answered_seq",
            "step",
            "subject",
            "at",
            "done",
            "code",
            "message",
        ],
        row: "answered_seq",
    },
    Table {
        name: "protocol_backup",
        key: 1,
        columns: &["device", "made_seq", "made_at", "receipts", "sha256"],
        row: "made_seq",
    },
    Table {
        name: "unit_outage",
        key: 2,
        columns: &["serial", "began_seq", "began_at", "ended_seq", "ended_at"],
        row: "began_seq",
    },
    Table {
        name: "provider_payment",
        key: 1,
        columns: &[
            "reference",
            "asked_seq",
            "asked_at",
            "device",
            "provider",
            "amount",
            "fingerprint",
            "state",
            "number",
            "answer",
            "reason",
            "document",
            "is_ended",
            "step",
            "step_amount",
            "given_back",
            "changed_at",
        ],
        row: "asked_seq",
    },
    Table {
        name: "founded",
        key: 1,
        columns: &["id", "founded_seq", "country", "currency", "mode", "epoch"],
        row: "founded_seq",
    },
    Table {
        name: "device_identity",
        key: 1,
        columns: &[
            "device",
            "identified_seq",
            "fiscal_number",
            "owner",
            "owner_number",
            "address",
        ],
        row: "identified_seq",
    },
];

/// The tables that are rebuilt from the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rebuilt {
    /// All of them.
    All,
    /// All but those that grow with each document, of which only the digests are compared.
    Rare,
}

/// The tables that grow with each document.
const GROWING: [&str; 5] = [
    "document",
    "request",
    "alternative_number",
    "repeated_number",
    "outbox",
];

impl Rebuilt {
    fn tables(self) -> impl Iterator<Item = &'static Table> {
        TABLES
            .iter()
            .filter(move |table| self == Self::All || !GROWING.contains(&table.name))
    }
}

/// The digest of the columns of a stored table that follow from the journal.
pub(super) fn digest(
    connection: &Connection,
    hasher: &mut RowHasher,
    table: &'static str,
) -> Result<RowsDigest, rusqlite::Error> {
    let columns = TABLES
        .iter()
        .find(|known| known.name == table)
        .map_or(&[] as &[&str], |table| table.columns);
    let query = format!("SELECT {} FROM main.{table}", columns.join(", "));
    let mut statement = connection.prepare(&query)?;
    let mut rows = statement.query([])?;
    let mut digest = RowsDigest::default();
    let count = columns.len();
    while let Some(row) = rows.next()? {
        // The statement has all these columns.
        let values = (0..count).map(|column| row.get_ref(column).unwrap_or(ValueRef::Null));
        digest.add(hasher.row(values));
    }
    Ok(digest)
}

/// The largest number of differing rows of one table that are reported.
const DIFFERENCES_MAX: usize = 50;

/// The objects of a schema that were created by an SQL statement: kind, name, statement.
type SchemaObjects = Vec<(String, String, String)>;

fn objects(connection: &Connection) -> Result<SchemaObjects, rusqlite::Error> {
    connection
        .prepare(
            "SELECT type, name, sql FROM main.sqlite_schema WHERE sql NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, name",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
        .collect()
}

/// The schema as this program creates it.
pub(super) struct ExpectedSchema(SchemaObjects);

impl ExpectedSchema {
    pub(super) fn new() -> Result<Self, rusqlite::Error> {
        let mut fresh = Connection::open_in_memory()?;
        // Migrating a new database cannot fail, because a test runs every migration.
        migrate::migrate(&mut fresh, std::path::Path::new(":memory:"), None).unwrap_or(());
        objects(&fresh).map(Self)
    }
}

/// Checks that tables, indexes and triggers are those that this program creates.
pub(super) fn compare_schema(
    connection: &Connection,
    ExpectedSchema(expected): &ExpectedSchema,
    flaws: &mut Flaws,
) -> Result<(), rusqlite::Error> {
    let found = objects(connection)?;
    for (kind, name, statement) in expected {
        let what = match found.iter().find(|(_, found, _)| found == name) {
            None => "missing",
            Some((_, _, found)) if found != statement => "was changed",
            Some(_) => continue,
        };
        let name = format!("{kind} {name}");
        flaws.report(Flaw::SchemaChanged { name, what });
    }
    for (kind, name, _) in found {
        if !expected.iter().any(|(_, expected, _)| *expected == name) {
            let name = format!("{kind} {name}");
            let what = "is not one of this program's";
            flaws.report(Flaw::SchemaChanged { name, what });
        }
    }
    Ok(())
}

/// Creates the tables that follow from the journal again, empty and temporary. SQLite uses the temporary tables before stored
/// tables of the same name.
pub(super) fn create_temporary(
    connection: &Connection,
    ExpectedSchema(objects): &ExpectedSchema,
    rebuilt: Rebuilt,
) -> Result<(), rusqlite::Error> {
    for table in TABLES {
        connection.execute_batch(&format!("DROP TABLE IF EXISTS temp.{}", table.name))?;
    }
    for table in rebuilt.tables() {
        for (kind, name, statement) in objects {
            let statement = match kind.as_str() {
                "table" if name == table.name => {
                    statement.replacen("CREATE TABLE", "CREATE TEMP TABLE", 1)
                }
                "index" if statement.contains(&format!(" ON {} (", table.name)) => {
                    statement.replacen(name.as_str(), &format!("temp.{name}"), 1)
                }
                _ => continue,
            };
            connection.execute_batch(&statement)?;
        }
    }
    Ok(())
}

/// Compares the rebuilt tables with the stored ones, reports the differences, and drops the rebuilt tables.
pub(super) fn compare(
    connection: &Connection,
    rebuilt: Rebuilt,
    range: VerifyRange,
    flaws: &mut Flaws,
) -> Result<(), rusqlite::Error> {
    for table in rebuilt.tables() {
        let expected = rows_only_in(connection, table, range, "temp", "main")?;
        let mut stored = rows_only_in(connection, table, range, "main", "temp")?;
        for (key, row) in expected {
            let words = match stored.remove(&key) {
                None => "is missing, and the journal has it".to_owned(),
                Some(found) => changes(table, &found, &row),
            };
            flaws.report(differs(table, key, words));
        }
        for key in stored.into_keys() {
            let words = "does not follow from the journal".to_owned();
            flaws.report(differs(table, key, words));
        }
        connection.execute_batch(&format!("DROP TABLE temp.{}", table.name))?;
    }
    Ok(())
}

fn differs(table: &Table, key: String, words: String) -> Flaw {
    Flaw::TableDiffers {
        table: table.name,
        key,
        words,
    }
}

/// The rows that one schema has and the other schema does not have, by their keys.
fn rows_only_in(
    connection: &Connection,
    table: &Table,
    range: VerifyRange,
    one: &str,
    other: &str,
) -> Result<BTreeMap<String, Vec<Value>>, rusqlite::Error> {
    let columns = table.columns.join(", ");
    let name = table.name;
    // The figures of a Z-report follow from the same journal row as its reconciliation, which contains the row's number.
    let within = match table.row {
        "" => "?1 <= ?2".to_owned(),
        row => format!("{row} BETWEEN ?1 AND ?2"),
    };
    let mut statement = connection.prepare(&format!(
        "SELECT {columns} FROM {one}.{name} WHERE {within} EXCEPT SELECT {columns} FROM {other}.{name} LIMIT {DIFFERENCES_MAX}"
    ))?;
    let count = table.columns.len();
    statement
        .query_map(params![range.first, range.last], |row| {
            let values = (0..count)
                .map(|index| row.get(index))
                .collect::<Result<Vec<Value>, _>>()?;
            Ok((key_of(table, &values), values))
        })?
        .collect()
}

fn key_of(table: &Table, values: &[Value]) -> String {
    let parts = table.columns.iter().zip(values).take(table.key);
    let mut key = String::new();
    for (column, value) in parts {
        let separator = if key.is_empty() { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(key, "{separator}{column} {}", shown(value));
    }
    key
}

fn changes(table: &Table, found: &[Value], expected: &[Value]) -> String {
    let changed = table
        .columns
        .iter()
        .zip(found.iter().zip(expected))
        .filter(|(_, (found, expected))| found != expected)
        .map(|(column, (found, expected))| {
            format!(
                "{column} is {}, and the journal says {}",
                shown(found),
                shown(expected)
            )
        });
    changed.collect::<Vec<_>>().join("; ")
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(_) => "a fraction".to_owned(),
        Value::Text(text) => text.clone(),
        Value::Blob(bytes) => match uuid::Uuid::from_slice(bytes) {
            Ok(id) => id.to_string(),
            Err(_) => bytes.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }),
        },
    }
}

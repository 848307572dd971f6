//! Tests that `verify` finds any single changed cell of the database.

use ferrotill_core::event::Mode;
use ferrotill_core::profile::MOLDOVA;
use rusqlite::types::Value;

use super::shop::*;
use super::verified::{two_days, verified};
use crate::verify::{VerifyRange, Wanted, verify};

/// The cells that follow from the journal, or that `verify` compares with such cells.
const CELLS: &[(&str, &[&str])] = &[
    ("journal", &COLUMNS_OF_JOURNAL),
    (
        "document",
        &[
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
    ),
    ("request", &["id", "reserved_seq"]),
    ("returned", &["original_seq", "line", "quantity", "amount"]),
    (
        "alternative_number",
        &["device", "series", "number", "reserved_seq"],
    ),
    (
        "outbox",
        &[
            "sealed_seq",
            "recipient",
            "reserved_seq",
            "duty",
            "message_number",
            "request",
            "aside_seq",
        ],
    ),
    (
        "outbox_request",
        &["id", "content_type", "digest", "body", "mac"],
    ),
    (
        "reconciliation",
        &[
            "device",
            "z_number",
            "report_seq",
            "first_number",
            "last_number",
            "agrees",
            "unacknowledged",
            "acknowledged_at",
        ],
    ),
    (
        "reconciliation_figure",
        &[
            "device",
            "z_number",
            "subject",
            "documents",
            "report",
            "printer",
        ],
    ),
    ("snapshot", &["device", "seq", "till"]),
];

/// Changes one cell after the other: `verify` reports each change, and reports no flaw once the old value is restored.
#[test]
fn any_one_changed_cell_is_found() {
    const SEED: u64 = 0x5EED_CE11;
    let shop = two_days();
    let raw = shop.unlocked();
    raw.execute_batch(
        "PRAGMA ignore_check_constraints = ON; DROP INDEX document_number; DROP INDEX document_kind; DROP INDEX document_printed; DROP INDEX reconciliation_differs",
    )
    .unwrap();
    let before = verified(&shop).flaws;
    let mut state = SEED;
    let mut below = |end: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % end
    };
    let mut tried = 0;
    for _ in 0..400 {
        let (table, columns) = CELLS[below(CELLS.len())];
        let column = columns[below(columns.len())];
        let key = columns[..columns.len().min(3)].join(", ");
        let rows: u32 = raw
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .unwrap();
        let row = below(usize::try_from(rows).unwrap());
        let value: Value = raw
            .query_row(
                &format!("SELECT {column} FROM {table} ORDER BY {key} LIMIT 1 OFFSET {row}"),
                [],
                |row| row.get(0),
            )
            .unwrap();
        let changed = match &value {
            Value::Integer(number) => Value::Integer(number ^ (1 << below(16))),
            Value::Blob(bytes) => {
                let mut bytes = bytes.clone();
                let place = below(bytes.len());
                bytes[place] ^= 1 << below(8);
                Value::Blob(bytes)
            }
            Value::Text(text) => Value::Text(format!("{text}x")),
            Value::Null => Value::Integer(7),
            other => panic!("{other:?}"),
        };
        let copy = format!(
            "CREATE TEMP TABLE kept AS SELECT * FROM main.{table}; \
             CREATE TEMP TABLE one AS SELECT * FROM main.{table} ORDER BY {key} LIMIT 1 OFFSET {row}"
        );
        raw.execute_batch(&copy).unwrap();
        let same = columns
            .iter()
            .map(|column| format!("{column} IS (SELECT {column} FROM one)"))
            .collect::<Vec<_>>()
            .join(" AND ");
        let edited = raw.execute(
            &format!("UPDATE main.{table} SET {column} = ?1 WHERE {same}"),
            [&changed],
        );
        if let Ok(count) = edited {
            assert_eq!(count, 1, "{table}.{column}");
            let found = verify(&Wanted {
                folder: shop.folder.path(),
                profile: &MOLDOVA,
                mode: Mode::Test,
                devices: &[DEVICE],
                range: VerifyRange::ALL,
            });
            tried += 1;
            // A cell that cannot even be read is found, too.
            assert!(
                found.is_err() || found.is_ok_and(|found| found.flaws != before),
                "seed {SEED:#x}: {table}.{column} of row {row}: {value:?} became {changed:?}"
            );
        }
        raw.execute_batch(&format!(
            "DELETE FROM main.{table}; INSERT INTO main.{table} SELECT * FROM kept; DROP TABLE kept; DROP TABLE one"
        ))
        .unwrap();
    }
    assert_eq!(verified(&shop).flaws, before, "everything was put back");
    assert!(tried > 300, "{tried}");
}

//! Tests of the store: crashes, edits of the database by hand, and files of newer programs.

mod cells;
mod contact;
mod flat;
mod folder;
mod founding;
mod journal;
mod kept_count;
mod operator;
mod outbox;
mod plans;
mod provider_payments;
mod ranges;
mod reconciled;
mod registrations;
mod rows;
mod shop;
mod verified;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::*;
use shop::*;

#[test]
fn a_first_start_creates_a_key_for_its_owner_only_and_all_tables() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let key = folder.path().join("journal.key");
    assert_eq!(
        fs::metadata(&key).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let first = fs::read(&key).unwrap();
    assert_eq!(first.len(), 32);
    assert_ne!(first, [0; 32]);
    drop(open(folder.path()).unwrap());
    assert_eq!(
        fs::read(&key).unwrap(),
        first,
        "the key is created once: a second one would break the chain"
    );
    let expected = [
        "alternative_number",
        "card_operation",
        "clock",
        "configured_device",
        "contact",
        "delivery",
        "device_identity",
        "document",
        "founded",
        "hospitality",
        "journal",
        "outbox",
        "outbox_request",
        "protocol_backup",
        "provider_payment",
        "publication",
        "receipt_look",
        "reconciliation",
        "reconciliation_figure",
        "registration",
        "registration_answer",
        "repeated_number",
        "request",
        "returned",
        "snapshot",
        "unit_outage",
        "uploaded_receipt",
        "written_by",
    ];
    assert_eq!(tables(&raw(folder.path())), expected);
}

#[test]
fn a_key_of_the_wrong_length_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let key = folder.path().join("journal.key");
    fs::write(&key, [7; 31]).unwrap();
    match open(folder.path()) {
        Err(StoreError::Key { path, .. }) => assert_eq!(path, key),
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_column_accepts_a_fraction() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    let raw = raw(folder.path());
    for table in tables(&raw) {
        let strict: i64 = raw
            .query_row(
                "SELECT strict FROM pragma_table_list WHERE name = ?1",
                [&table],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(strict, 1, "{table} accepts values of other types");
        let columns: Vec<(String, String)> = raw
            .prepare("SELECT name, type FROM pragma_table_info(?1)")
            .unwrap()
            .query_map([&table], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        assert!(!columns.is_empty());
        for (name, kind) in columns {
            assert!(
                ["INTEGER", "TEXT", "BLOB"].contains(&kind.as_str()),
                "{table}.{name} is {kind}"
            );
        }
    }
    let half = raw.execute("INSERT INTO returned VALUES (1, 0, 1000, 12.5)", []);
    assert!(half.is_err(), "half a minor unit was stored");
}

#[test]
fn a_newer_schema_is_refused_and_left_unchanged() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    raw(folder.path())
        .pragma_update(None, "user_version", migrate::version() + 1)
        .unwrap();
    assert!(matches!(open(folder.path()), Err(StoreError::Newer { .. })));
    let version: i64 = raw(folder.path())
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, migrate::version() + 1);
}

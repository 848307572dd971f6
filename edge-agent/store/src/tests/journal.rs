//! Tests of the journal: appended events are replayed, and every change in the journal is found.

use ferrotill_core::duty::Recipient;
use ferrotill_core::event::{Event, Sealed};
use ferrotill_core::seal::Seal;
use ferrotill_core::till::{Till, Wish};
use rusqlite::types::Value;

use super::shop::*;
use crate::*;

#[test]
fn a_replay_gives_the_same_till() {
    let mut shop = Shop::new();
    shop.trading_day();
    let Shop { folder, till, .. } = shop;
    let store = open(folder.path()).unwrap();
    let replayed = store.load_till(DEVICE).unwrap();
    assert_eq!(replayed, till);
    assert_eq!((replayed.last_number(), replayed.last_z()), (6, 1));
    assert_eq!(
        store.load_till(OTHER_DEVICE).unwrap(),
        Till::default(),
        "a till's events are its own"
    );
}

#[test]
fn a_snapshot_and_the_later_events_equal_the_whole_replay() {
    let mut shop = Shop::new();
    shop.sale(1);
    let mut batch = shop.store.batch().unwrap();
    batch.snapshot(DEVICE, &shop.till).unwrap();
    batch.commit().unwrap();
    let at_snapshot = shop.rows();
    shop.trading_day();
    assert_eq!(shop.store.load_till(DEVICE).unwrap(), shop.till);

    assert!(shop.store.snapshots_not_believed().is_empty());

    // The snapshot is used: nothing is read of the rows before it.
    let raw = shop.unlocked();
    let seq: i64 = raw
        .query_row("SELECT seq FROM snapshot", [], |row| row.get(0))
        .unwrap();
    assert_eq!(seq, at_snapshot);
    raw.execute("UPDATE journal SET at = at + 1 WHERE seq = 3", [])
        .unwrap();
    assert_eq!(shop.store.load_till(DEVICE).unwrap(), shop.till);
    raw.execute("UPDATE journal SET at = at - 1 WHERE seq = 3", [])
        .unwrap();

    // If the snapshot is missing or has another version, the whole journal is replayed.
    raw.execute("UPDATE snapshot SET version = 99", []).unwrap();
    assert_eq!(shop.store.load_till(DEVICE).unwrap(), shop.till);
    raw.execute("DELETE FROM snapshot", []).unwrap();
    assert_eq!(shop.store.load_till(DEVICE).unwrap(), shop.till);
    assert!(shop.store.snapshots_not_believed().is_empty());
}

/// A snapshot that was changed by hand, or that belongs to another row, another device or another journal.
#[test]
fn a_snapshot_is_believed_only_as_this_till_wrote_it() {
    let edits: [(&str, &str); 6] = [
        (
            "other totals",
            "UPDATE snapshot SET till = (SELECT till FROM other.snapshot WHERE device = x'000000000000000000000000000000D2')",
        ),
        (
            "another journal's",
            "UPDATE snapshot SET (seq, till, mac) = (SELECT seq, till, mac FROM other.snapshot WHERE device = x'000000000000000000000000000000D1')",
        ),
        ("another row", "UPDATE snapshot SET seq = seq - 1"),
        ("no till", "UPDATE snapshot SET till = x'FF'"),
        ("no MAC", "UPDATE snapshot SET mac = x''"),
        ("a row beyond the end", "UPDATE snapshot SET seq = 999"),
    ];
    let mut other = Shop::new();
    other.cash(1, 100);
    let mut batch = other.store.batch().unwrap();
    batch.snapshot(DEVICE, &other.till).unwrap();
    batch.snapshot(OTHER_DEVICE, &Till::default()).unwrap();
    batch.commit().unwrap();
    for (what, edit) in edits {
        let mut shop = Shop::new();
        shop.sale(1);
        let mut batch = shop.store.batch().unwrap();
        batch.snapshot(DEVICE, &shop.till).unwrap();
        batch.commit().unwrap();
        shop.cash(2, 700);
        let raw = raw(shop.folder.path());
        raw.execute("ATTACH ?1 AS other", [other.store.path().to_str().unwrap()])
            .unwrap();
        assert_eq!(raw.execute(edit, []).unwrap(), 1, "{what}");
        assert_eq!(shop.store.load_till(DEVICE).unwrap(), shop.till, "{what}");
        assert_eq!(shop.store.snapshots_not_believed(), [DEVICE], "{what}");
    }
}

#[test]
fn every_flipped_bit_of_a_row_is_found() {
    let mut shop = Shop::new();
    shop.cash(1, 5_000);
    shop.void(2);
    let raw = shop.unlocked();
    let rows = shop.rows();
    // A change of the last row's number to a number below 1 is not found here: the journal then looks cut (see below). In the
    // middle of the journal the same change leaves a gap.
    let out_of_sight = |row: i64, column: &str, bit: u32| {
        row == rows && column == "seq" && (row ^ 1_i64.wrapping_shl(bit)) < 1
    };
    let mut flipped = 0;
    for row in 1..=rows {
        for column in COLUMNS_OF_JOURNAL {
            let kept = cell(&raw, row, column);
            let bits = match &kept {
                Value::Blob(bytes) => u32::try_from(bytes.len()).unwrap() * 8,
                _ => 64,
            };
            for bit in 0..bits {
                if out_of_sight(row, column, bit) {
                    continue;
                }
                let changed = flip(&kept, bit);
                // The database itself refuses a number that another row has.
                if !put(&raw, row, column, &changed) {
                    assert_eq!(column, "seq");
                    continue;
                }
                let now = if let (true, Value::Integer(seq)) = (column == "seq", &changed) {
                    *seq
                } else {
                    row
                };
                assert!(shop.verify().is_err(), "row {row}, {column}, bit {bit}");
                assert!(put(&raw, now, column, &kept));
                flipped += 1;
            }
        }
    }
    assert!(flipped > 5_000, "{flipped}");
    assert_eq!(
        shop.verify().unwrap(),
        rows,
        "the untouched chain is correct"
    );
}

#[test]
fn removed_swapped_and_foreign_rows_are_found() {
    let edits: [(&str, &str, i64); 6] = [
        ("removed", "DELETE FROM journal WHERE seq = 3", 3),
        (
            "removed, and the rest moved up",
            "DELETE FROM journal WHERE seq = 3; UPDATE journal SET seq = -seq WHERE seq > 3; UPDATE journal SET seq = -seq - 1 WHERE seq < 0",
            3,
        ),
        (
            "the first one removed",
            "DELETE FROM journal WHERE seq = 1",
            1,
        ),
        (
            "swapped",
            "UPDATE journal SET seq = 99 WHERE seq = 3; UPDATE journal SET seq = 3 WHERE seq = 4; UPDATE journal SET seq = 4 WHERE seq = 99",
            3,
        ),
        (
            "given twice",
            "INSERT INTO journal SELECT 10, device, at, kind, version, payload, mac FROM journal WHERE seq = 9",
            10,
        ),
        (
            "of another journal",
            "UPDATE journal SET (device, at, kind, version, payload, mac) = (SELECT device, at, kind, version, payload, mac FROM other.journal WHERE seq = 2) WHERE seq = 2",
            2,
        ),
    ];
    for (what, edit, found_at) in edits {
        let mut shop = Shop::new();
        let mut other = Shop::new();
        for id in 1..=2 {
            shop.cash(id, 100);
            other.cash(id, 100);
        }
        shop.void(3);
        shop.alternative(4);
        let raw = shop.unlocked();
        raw.execute("ATTACH ?1 AS other", [other.store.path().to_str().unwrap()])
            .unwrap();
        assert_eq!(shop.rows(), 10, "{what}");
        raw.execute("DELETE FROM journal WHERE seq = 10", [])
            .unwrap();
        raw.execute_batch(edit).unwrap();
        match shop.verify() {
            Err(StoreError::ChainBroken { seq }) => assert_eq!(seq, found_at, "{what}"),
            outcome => panic!("{what}: {outcome:?}"),
        }
    }
}

#[test]
fn a_row_with_another_device_is_found() {
    let mut shop = Shop::new();
    shop.cash(1, 100);
    shop.unlocked()
        .execute(
            "UPDATE journal SET device = ?1 WHERE seq = 2",
            [OTHER_DEVICE.as_bytes()],
        )
        .unwrap();
    assert!(matches!(
        shop.verify(),
        Err(StoreError::ChainBroken { seq: 2 })
    ));
    assert!(matches!(
        shop.store.load_till(DEVICE),
        Err(StoreError::ChainBroken { seq: 2 })
    ));
}

/// The chain does not show that the end of the journal was cut. Only the anchor shows it (`verified.rs`).
#[test]
fn the_chain_alone_does_not_find_a_cut_end() {
    let mut shop = Shop::new();
    shop.cash(1, 100);
    shop.cash(2, 200);
    let whole = shop.verify().unwrap();
    shop.unlocked()
        .execute("DELETE FROM journal WHERE seq = ?1", [whole])
        .unwrap();
    assert_eq!(shop.verify().unwrap(), whole - 1);
    let Shop { folder, .. } = shop;
    let till = open(folder.path()).unwrap().load_till(DEVICE).unwrap();
    assert!(
        till.outstanding().is_some(),
        "the printer would be asked for the document whose seal was cut off"
    );
}

#[test]
fn the_database_forbids_changing_or_removing_a_row() {
    let mut shop = Shop::new();
    shop.cash(1, 100);
    let raw = raw(shop.folder.path());
    for (statement, words) in [
        ("UPDATE journal SET at = at + 1", "never updated"),
        (
            "UPDATE journal SET mac = mac WHERE seq = 1",
            "never updated",
        ),
        ("DELETE FROM journal", "never deleted"),
        ("DELETE FROM journal WHERE seq = 2", "never deleted"),
    ] {
        let error = raw.execute(statement, []).unwrap_err().to_string();
        assert!(error.contains(words), "{statement}: {error}");
    }
    assert_eq!(shop.verify().unwrap(), 4);
}

#[test]
fn a_dropped_batch_leaves_nothing() {
    let mut shop = Shop::new();
    shop.cash(1, 100);
    let before = shop.whole();
    let till = shop.till.clone();
    {
        let mut batch = shop.store.batch().unwrap();
        let mut lost = till.clone();
        let now = shop.now;
        reserve(&mut batch, &mut lost, now, id(2), Wish::Cash(minor(500)));
        settle(&mut batch, &mut lost, now, id(2), printed(2));
        batch
            .acknowledge(Recipient::AUTHORITY, 4, "TEST", 1)
            .unwrap();
        batch.note_print_error(3, Some("no paper")).unwrap();
        batch.snapshot(DEVICE, &lost).unwrap();
        assert_eq!(batch.seq(), 6);
    }
    assert_eq!(shop.whole(), before);
    assert_eq!(shop.store.load_till(DEVICE).unwrap(), till);
    // After the dropped batch the head is unchanged: the next row continues the chain.
    shop.cash(2, 700);
    assert_eq!(shop.verify().unwrap(), 6);
}

#[test]
fn a_failed_projection_rolls_its_event_back() {
    let mut shop = Shop::new();
    let at = moment(shop.now);
    shop.alternative(1);
    let before = shop.whole();
    // The number of the alternative receipt is used a second time, which an index forbids.
    let seal = Seal::Range {
        series: "ABC",
        number: 1,
        number_length: 8,
    };
    let sealed = |document, number, seal| {
        Event::Sealed(Sealed {
            id: document,
            at,
            number,
            current_number: number,
            seal,
            report: None,
        })
    };
    let reservation = bare_reservation(id(2), at);
    for (what, last) in [
        ("a repeated series and number", sealed(id(2), 2, seal)),
        ("a repeated number", sealed(id(2), 1, printed(9))),
        ("a document that nobody reserved", sealed(id(77), 2, seal)),
    ] {
        {
            let mut batch = shop.store.batch().unwrap();
            append(&mut batch, &reservation);
            let payload = encoded(&last);
            let outcome = batch.write(DEVICE, at.utc_ms, &last, &payload);
            assert!(
                matches!(outcome, Err(StoreError::Database { context, .. }) if context == "projection"),
                "{what}: {outcome:?}"
            );
        }
        assert_eq!(shop.whole(), before, "{what}");
    }
    shop.cash(2, 300);
    assert_eq!(shop.verify().unwrap(), 6);
    assert_eq!(shop.till.last_number(), 2, "and its number is free");
}

#[test]
fn an_event_of_a_newer_program_is_refused() {
    let mut shop = Shop::new();
    shop.cash(1, 100);
    let key = ChainKey::load(&shop.folder.path().join("journal.key")).unwrap();
    let raw = raw(shop.folder.path());
    let head: Mac = raw
        .query_row("SELECT mac FROM journal WHERE seq = 4", [], |row| {
            row.get(0)
        })
        .unwrap();
    let link = chain::Link {
        seq: 5,
        device: DEVICE.as_bytes(),
        at: 0,
        kind: 900,
        version: 1,
        payload: &[1, 2, 3],
    };
    raw.execute(
        "INSERT INTO journal VALUES (5, ?1, 0, 900, 1, x'010203', ?2)",
        rusqlite::params![DEVICE.as_bytes(), key.mac(&head, &link)],
    )
    .unwrap();
    assert!(matches!(
        shop.store.load_till(DEVICE),
        Err(StoreError::Unreadable { seq: 5, .. })
    ));
}

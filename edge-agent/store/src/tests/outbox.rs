//! Tests of the outbox: which documents wait for the authority, in which order, and which are acknowledged.

use super::shop::*;
use crate::{Batch, UnsentCount};

#[test]
fn outbox_entries_come_in_the_order_of_sealing() {
    let mut shop = Shop::new();
    shop.trading_day();
    let reader = shop.reader();
    let entries = reader.outbox_entries(0, 100).unwrap();
    let duties: Vec<(&str, u32)> = entries
        .iter()
        .map(|entry| (entry.duty.as_str(), entry.message_number))
        .collect();
    // The X-report has number 5, and is not sent to the authority.
    assert_eq!(
        duties,
        [
            ("deposit", 1),
            ("sale", 2),
            ("alternative_receipt", 3),
            ("refund", 4),
            ("z_report", 6)
        ]
    );
    assert!(
        entries
            .windows(2)
            .all(|pair| pair[0].sealed_seq < pair[1].sealed_seq)
    );
    assert_eq!(
        entries[3].original_number,
        Some(2),
        "a refund names its sale by its number"
    );
    let tail = reader.outbox_entries(entries[1].sealed_seq, 2).unwrap();
    let duties: Vec<&str> = tail.iter().map(|entry| entry.duty.as_str()).collect();
    assert_eq!(duties, ["alternative_receipt", "refund"]);
}

/// Checks the figures that the writer keeps against the tables.
fn check_figures(shop: &mut Shop) {
    shop.store.batch().unwrap().unsent().unwrap();
    let (kept, reader) = (shop.store.figures(), shop.reader());
    let unsent = reader.unsent().unwrap();
    // The time of the oldest document is asked for with each batch.
    let kept_unsent = UnsentCount {
        oldest_ms: unsent.oldest_ms,
        ..kept.unsent
    };
    assert_eq!(kept_unsent, unsent);
    assert_eq!(kept.z_reports, reader.reconciliation_count().unwrap());
}

#[test]
fn the_writers_figures_follow_the_tables() {
    let mut shop = Shop::new();
    check_figures(&mut shop);
    shop.trading_day();
    check_figures(&mut shop);
    assert_eq!(shop.store.figures().z_reports.unacknowledged, 1);
    let entries = shop.reader().outbox_entries(0, 100).unwrap();
    for (at, entry) in entries.iter().enumerate() {
        let mut batch = shop.store.batch().unwrap();
        // An entry is refused twice, once or never before it is acknowledged.
        for _ in 0..at % 3 {
            batch.note_refusal(entry.sealed_seq, "closed").unwrap();
        }
        batch.commit().unwrap();
        check_figures(&mut shop);
        let mut batch = shop.store.batch().unwrap();
        batch.acknowledge(entry.sealed_seq, shop.now).unwrap();
        batch.acknowledge(entry.sealed_seq, shop.now).unwrap();
        batch.note_refusal(entry.sealed_seq, "late").unwrap();
        batch.commit().unwrap();
        check_figures(&mut shop);
    }
    let last = shop.store.figures();
    assert_eq!((last.unsent.documents, last.unsent.sold), (0, 0));
    shop.store.reload_head().unwrap();
    assert_eq!(shop.store.figures(), last);
}

#[test]
fn a_document_is_acknowledged_once() {
    let mut shop = Shop::new();
    shop.cash(1, 100);
    shop.cash(2, 100);
    let reader = shop.reader();
    let first = reader.outbox_entries(0, 1).unwrap()[0].sealed_seq;
    let change = |shop: &mut Shop, change: &dyn Fn(&mut Batch<'_>)| {
        let mut batch = shop.store.batch().unwrap();
        change(&mut batch);
        batch.commit().unwrap();
    };
    change(&mut shop, &|batch| {
        batch.note_refusal(first, "closed").unwrap();
    });
    let unsent = reader.unsent().unwrap();
    assert_eq!(
        (unsent.documents, unsent.refused),
        (2, 1),
        "a refused document stays"
    );
    change(&mut shop, &|batch| batch.acknowledge(first, 7).unwrap());
    change(&mut shop, &|batch| batch.acknowledge(first, 8).unwrap());
    change(&mut shop, &|batch| {
        batch.note_refusal(first, "late").unwrap();
    });
    let unsent = reader.unsent().unwrap();
    assert_eq!((unsent.documents, unsent.refused), (1, 0));
    let row: (String, i64, i64, Option<String>) = raw(shop.folder.path())
        .query_row(
            "SELECT state, attempts, acknowledged_at, refusal FROM outbox WHERE sealed_seq = ?1",
            [first],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    assert_eq!(row, ("acknowledged".to_owned(), 2, 7, None));
}

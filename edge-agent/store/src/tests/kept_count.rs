//! The count of a long outbox, which is kept in the row of the clock, so that a start need not count.

use ferrotill_core::clock_guard::ClockState;
use ferrotill_core::duty::Recipient;

use super::shop::*;
use super::verified::{codes, verified};
use super::*;
use crate::{StoredClock, UnsentCount};

/// More documents than a start counts.
const MANY: u128 = 260;

fn store_clock(shop: &mut Shop) {
    let mut batch = shop.store.batch().unwrap();
    batch
        .store_clock(&StoredClock {
            marks: ClockState::default(),
            boot: uuid(1),
            since_boot_ms: 0,
            anchor_ms: 0,
            anchored_ms: 0,
            sure: false,
            established: false,
            started_anew: false,
            shown: false,
            lead_ms: 0,
            moved_ms: 0,
            told_ms: 0,
            documents_ms: None,
            printers: Vec::new(),
        })
        .unwrap();
    batch.commit().unwrap();
}

fn kept(shop: &Shop) -> Option<i64> {
    raw(shop.folder.path())
        .query_row("SELECT unsent_documents FROM clock", [], |row| row.get(0))
        .unwrap()
}

/// The figures as a new start has them; the time of the oldest document is read as a batch reads it.
fn started_again(shop: &mut Shop) -> UnsentCount {
    shop.store.reload_head().unwrap();
    let mut batch = shop.store.batch().unwrap();
    batch.unsent().unwrap();
    batch.commit().unwrap();
    shop.store.figures().unsent
}

#[test]
fn the_kept_count_is_that_of_the_outbox_after_every_change() {
    let mut shop = Shop::new();
    store_clock(&mut shop);
    shop.trading_day();
    assert_eq!(kept(&shop), None, "a short outbox is counted");
    for document in 0..MANY {
        shop.alternative(10_000 + document);
    }
    let counted = |shop: &Shop| query::count_unsent(&raw(shop.folder.path())).unwrap();
    let check = |shop: &mut Shop| {
        let expected = counted(shop);
        assert_eq!(started_again(shop), expected);
        let documents = i64::from(expected.documents);
        assert_eq!(kept(shop), (documents > 256).then_some(documents));
        shop.store.anchor();
        assert_eq!(codes(&verified(shop)), [""; 0]);
    };
    check(&mut shop);
    let entries = shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 300)
        .unwrap();
    let authority = Recipient::AUTHORITY;
    // Each of these batches writes no row of the journal, and does not store the clock.
    let mut batch = shop.store.batch().unwrap();
    batch
        .note_refusal(authority, entries[1].sealed_seq, "no", shop.now)
        .unwrap();
    batch.commit().unwrap();
    check(&mut shop);
    for entry in &entries[..20] {
        let mut batch = shop.store.batch().unwrap();
        batch
            .acknowledge(authority, entry.sealed_seq, "TEST", shop.now)
            .unwrap();
        batch.commit().unwrap();
        check(&mut shop);
    }
    assert_eq!(kept(&shop), None, "the outbox is short again");
    store_clock(&mut shop);
    check(&mut shop);
}

#[test]
fn a_kept_count_that_was_changed_is_found() {
    let mut shop = Shop::new();
    for document in 0..MANY {
        shop.alternative(10_000 + document);
    }
    // The outbox has grown before the clock was stored first.
    store_clock(&mut shop);
    assert!(kept(&shop).is_some());
    shop.store.anchor();
    assert_eq!(codes(&verified(&shop)), [""; 0]);
    raw(shop.folder.path())
        .execute("UPDATE clock SET unsent_documents = 257", [])
        .unwrap();
    assert_eq!(codes(&verified(&shop)), ["table_differs"]);
}

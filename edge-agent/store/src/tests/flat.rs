//! What a sale and a start ask of the books does not grow with them. Steps of SQLite's machine are counted, and pages of the log;
//! never a time.

use rusqlite::{Params, StatementStatus};

use super::*;
use crate::maintenance::{PAGES_MAX, PAGES_WANTED};
use crate::{counters, outbox};

/// Steps of a question's machine until its first row.
fn steps(shop: &Shop, question: &str, params: impl Params) -> i32 {
    let raw = raw(shop.folder.path());
    let mut statement = raw.prepare(question).unwrap();
    let mut rows = statement.query(params).unwrap();
    rows.next().unwrap();
    drop(rows);
    statement.get_status(StatementStatus::VmStep)
}

/// Sold once on the printer, and then for long on alternative receipts that no office has heard of.
fn long_offline(receipts: u128) -> Shop {
    let mut shop = Shop::new();
    shop.sale(1);
    for document in 0..receipts {
        shop.alternative(1_000 + document);
    }
    shop
}

#[test]
fn a_long_stretch_without_office_and_printer_costs_a_sale_and_a_start_nothing() {
    let device = DEVICE.into_bytes();
    let asked = |shop: &Shop| {
        [
            steps(shop, outbox::OLDEST_WAITING, []),
            steps(shop, &counters::last_on_printer(), [&device[..]]),
            steps(
                shop,
                &counters::closed_by_printer(),
                rusqlite::params![&device[..], 0],
            ),
        ]
    };
    assert_eq!(asked(&long_offline(3)), asked(&long_offline(60)));
}

#[test]
fn what_waits_is_counted_as_it_comes_and_goes() {
    let mut shop = long_offline(3);
    shop.trading_day();
    let counted = |shop: &Shop| query::count_waiting(&raw(shop.folder.path())).unwrap();
    let kept = |shop: &mut Shop| shop.store.batch().unwrap().unsent().unwrap().documents;
    // Cash in, two sales, five alternative receipts, a return and a Z-report; an X-report concerns nobody.
    assert_eq!((kept(&mut shop), counted(&shop)), (9, 9));

    let letters = shop.reader().outbox_entries(0, 2).unwrap();
    let mut batch = shop.store.batch().unwrap();
    for letter in &letters {
        batch.acknowledge(letter.sealed_seq, shop.now).unwrap();
        // Once more counts for nothing.
        batch.acknowledge(letter.sealed_seq, shop.now).unwrap();
    }
    assert_eq!(batch.unsent().unwrap().documents, 7);
    drop(batch);
    assert_eq!(kept(&mut shop), 9, "a batch that was given up");

    let mut batch = shop.store.batch().unwrap();
    batch.acknowledge(letters[0].sealed_seq, shop.now).unwrap();
    batch.commit().unwrap();
    assert_eq!((kept(&mut shop), counted(&shop)), (8, 8));
    shop.store.reload_head().unwrap();
    assert_eq!(kept(&mut shop), 8, "read again after trouble");
}

/// Pages of the log: its file never shrinks while it is open.
fn log_pages(shop: &Shop) -> u64 {
    let log = shop.folder.path().join(format!("{FILE_NAME}-wal"));
    fs::metadata(log).unwrap().len() / 4_120
}

/// Pages of the database itself.
fn database_pages(shop: &Shop) -> u64 {
    let database = shop.folder.path().join(FILE_NAME);
    fs::metadata(database).unwrap().len() / 4_096
}

#[test]
fn the_database_is_brought_up_beside_the_writer() {
    let mut shop = Shop::new();
    shop.store.start_maintenance().unwrap();
    let before = database_pages(&shop);
    let mut document = 0;
    // No commit of these makes a checkpoint; the thread is woken, and the database grows.
    while log_pages(&shop) < u64::from(PAGES_WANTED) * 2 {
        document += 1;
        shop.sale(document);
    }
    let begun = std::time::Instant::now();
    while database_pages(&shop) == before {
        assert!(begun.elapsed().as_secs() < 60, "no checkpoint came");
        std::thread::yield_now();
    }
}

#[test]
fn the_log_of_a_writer_that_never_pauses_is_bounded() {
    let mut shop = Shop::new();
    shop.store.start_maintenance().unwrap();
    let raw = shop.store.connection();
    let setting: u32 = raw
        .pragma_query_value(None, "wal_autocheckpoint", |row| row.get(0))
        .unwrap();
    assert_eq!(setting, PAGES_MAX);
    for document in 1..=1_500 {
        shop.sale(document);
    }
    // The writer's own checkpoint waits for one that the thread is at; without it there were 18,000 pages.
    let pages = log_pages(&shop);
    assert!(pages < u64::from(PAGES_MAX) * 2, "{pages}");
}

#[test]
fn a_long_log_of_a_killed_writer_is_cut_off_at_the_next_start_and_loses_nothing() {
    let mut shop = Shop::new();
    shop.store
        .connection()
        .pragma_update(None, "wal_autocheckpoint", 0)
        .unwrap();
    let mut document = 0;
    while log_pages(&shop) * 4_096 < 9 * 1_024 * 1_024 {
        document += 1;
        shop.sale(document);
    }
    let rows = shop.rows();
    // A writer that is killed closes nothing; its log is left as it is.
    let killed = tempfile::tempdir().unwrap();
    for file in [FILE_NAME, "ferrotill.db-wal", "journal.key"] {
        fs::copy(shop.folder.path().join(file), killed.path().join(file)).unwrap();
    }
    let mut store = Store::open(killed.path()).unwrap();
    let log = killed.path().join("ferrotill.db-wal");
    assert_eq!(fs::metadata(log).unwrap().len(), 0);
    assert_eq!(store.batch().unwrap().seq(), rows);
}

#[test]
fn an_anchor_beside_the_writer_is_durable_when_the_books_close_and_never_gives_way_to_an_older_one()
{
    let mut shop = Shop::new();
    shop.store.start_maintenance().unwrap();
    for document in 1..=20 {
        shop.sale(document);
        shop.store.anchor_in_background();
        if document % 3 == 0 {
            shop.store.anchor();
        }
    }
    // As the clerk does at its end; what found no room beside is written now.
    shop.store.anchor();
    let rows = shop.rows();
    let Shop { folder, store, .. } = shop;
    drop(store);
    let key = ChainKey::load(&folder.path().join("journal.key")).unwrap();
    let found = crate::anchor::found(folder.path(), &key).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.map(|anchor| anchor.seq), Some(rows));
}

//! Tests that the cost of a sale and of a start does not grow with the store. They count steps of SQLite's virtual machine and
//! pages of the log and do not measure time.

use ferrotill_core::document::DocumentKind;
use ferrotill_core::duty::{Duty, Recipient};
use ferrotill_core::profile::{MOLDOVA, Profile as _};
use rusqlite::{Params, StatementStatus, params};
use uuid::Uuid;

use super::shop::*;
use super::*;
use crate::maintenance::{PAGES_MAX, PAGES_WANTED};
use crate::{Freeze, FrozenRequest, SealedDocument, counters, outbox};
use ferrotill_core::till::Wish;

/// The number of steps of SQLite's virtual machine until a query returns its first row.
fn steps(shop: &Shop, query: &str, params: impl Params) -> i32 {
    let raw = raw(shop.folder.path());
    let mut statement = raw.prepare(query).unwrap();
    let mut rows = statement.query(params).unwrap();
    rows.next().unwrap();
    drop(rows);
    statement.get_status(StatementStatus::VmStep)
}

/// A shop with one sale on the printer, and after it only alternative receipts that the authority has not acknowledged.
fn long_offline(receipts: u128) -> Shop {
    let mut shop = Shop::new();
    shop.sale(1);
    for document in 0..receipts {
        shop.alternative(1_000 + document);
    }
    shop
}

#[test]
fn a_sale_and_a_start_cost_the_same_after_a_long_time_offline() {
    let device = DEVICE.into_bytes();
    let cost = |shop: &Shop| {
        [
            steps(shop, outbox::OLDEST_WAITING, []),
            steps(
                shop,
                &counters::last_on_printer(),
                params![&device[..], i64::MAX],
            ),
            steps(
                shop,
                &counters::closed_by_printer(),
                rusqlite::params![&device[..], 0],
            ),
        ]
    };
    assert_eq!(cost(&long_offline(3)), cost(&long_offline(60)));
}

#[test]
fn the_count_of_waiting_entries_follows_the_outbox() {
    let mut shop = long_offline(3);
    shop.trading_day();
    let counted = |shop: &Shop| {
        let counted = query::count_unsent(&raw(shop.folder.path()));
        counted.unwrap().documents
    };
    let kept = |shop: &mut Shop| shop.store.batch().unwrap().unsent().unwrap().documents;
    // Cash in, two sales, five alternative receipts, a return and a Z-report; an X-report is not sent.
    assert_eq!((kept(&mut shop), counted(&shop)), (9, 9));

    let entries = shop
        .reader()
        .outbox_entries(Recipient::AUTHORITY, 0, 2)
        .unwrap();
    let mut batch = shop.store.batch().unwrap();
    for entry in &entries {
        batch
            .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", shop.now)
            .unwrap();
        // A second acknowledgement of the same document changes nothing.
        batch
            .acknowledge(Recipient::AUTHORITY, entry.sealed_seq, "TEST", shop.now)
            .unwrap();
    }
    assert_eq!(batch.unsent().unwrap().documents, 7, "in the batch");
    drop(batch);
    assert_eq!(kept(&mut shop), 9, "the batch was dropped");

    let mut batch = shop.store.batch().unwrap();
    batch
        .acknowledge(
            Recipient::AUTHORITY,
            entries[0].sealed_seq,
            "TEST",
            shop.now,
        )
        .unwrap();
    batch.commit().unwrap();
    assert_eq!((kept(&mut shop), counted(&shop)), (8, 8));
    shop.store.reload_head().unwrap();
    assert_eq!(kept(&mut shop), 8, "read again after an error");
}

/// Looks at every page of a list, and compares it with all documents in their order. Returns how many there are.
fn look_at_pages(shop: &Shop, reader: &Reader, kinds: &[DocumentKind]) -> usize {
    let names: Vec<String> = kinds
        .iter()
        .map(|kind| format!("'{}'", kind.name()))
        .collect();
    let raw = raw(shop.folder.path());
    let mut sorted = raw
        .prepare(&format!(
            "SELECT id FROM document WHERE kind IN ({}) AND number IS NOT NULL ORDER BY number DESC",
            names.join(", ")
        ))
        .unwrap();
    let ids = sorted.query_map([], |row| row.get(0).map(Uuid::from_bytes));
    let all: Vec<Uuid> = ids.unwrap().collect::<Result<_, _>>().unwrap();
    for start in 0..=all.len() {
        for count in [1, 3, 50] {
            let page = reader.page(DEVICE, kinds, u32::try_from(start).unwrap(), count);
            let page = page.unwrap();
            let found: Vec<Uuid> = page.documents.iter().map(|one| one.row.id).collect();
            let expected = all.iter().skip(start).take(count as usize);
            assert_eq!(found, expected.copied().collect::<Vec<_>>());
            assert_eq!(page.total as usize, all.len());
        }
    }
    all.len()
}

#[test]
fn a_page_merges_the_lists_of_its_kinds_and_counts_what_came_later() {
    let mut shop = Shop::new();
    let reader = shop.reader();
    let receipts = [DocumentKind::Sale, DocumentKind::Refund];
    shop.trading_day();
    // Enough for several marks, of kinds that are rare and of kinds that are not.
    for document in 0..24 {
        shop.sale(8_000 + document);
        match document % 7 {
            0 => shop.cash(9_000 + document, 100),
            1 | 2 => shop.refund(9_000 + document, 8_000 + document, 1_000),
            _ => {}
        }
    }
    let before =
        [&DocumentKind::ALL[..], &receipts].map(|kinds| look_at_pages(&shop, &reader, kinds));
    shop.sale(7_001);
    shop.sale(7_002);
    let after =
        [&DocumentKind::ALL[..], &receipts].map(|kinds| look_at_pages(&shop, &reader, kinds));
    assert_eq!(after, before.map(|count| count + 2));
}

/// The number of pages in the log: the file of the log never shrinks while it is open.
fn log_pages(shop: &Shop) -> u64 {
    let log = shop.folder.path().join(format!("{FILE_NAME}-wal"));
    fs::metadata(log).unwrap().len() / 4_120
}

/// The number of pages in the database file, without the log.
fn database_pages(shop: &Shop) -> u64 {
    let database = shop.folder.path().join(FILE_NAME);
    fs::metadata(database).unwrap().len() / 4_096
}

/// How often the log was begun from its start (SQLite's file format, the header of the log).
fn beginnings_of_log(shop: &Shop) -> u32 {
    let log = shop.folder.path().join(format!("{FILE_NAME}-wal"));
    let header = fs::read(log).unwrap();
    u32::from_be_bytes(header[12..16].try_into().unwrap())
}

#[test]
fn a_checkpoint_that_something_held_up_is_repeated() {
    let mut shop = Shop::new();
    shop.store.start_maintenance().unwrap();
    shop.sale(1);
    // A reader holds the log at this place: no checkpoint comes further.
    let reader = raw(shop.folder.path());
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM document")
        .unwrap();
    let (begun, mut document) = (beginnings_of_log(&shop), 1);
    while log_pages(&shop) < u64::from(PAGES_WANTED) * 2 {
        document += 1;
        shop.sale(document);
    }
    reader.execute_batch("COMMIT").unwrap();
    // These few sales request no checkpoint.
    for _ in 0..6 {
        if beginnings_of_log(&shop) > begun {
            return;
        }
        std::thread::sleep(std::time::Duration::from_secs(2));
        document += 1;
        shop.sale(document);
    }
    panic!("the log still grows");
}

#[test]
fn a_commit_that_writes_nothing_does_not_count_for_a_checkpoint() {
    let mut shop = Shop::new();
    shop.store.start_maintenance().unwrap();
    shop.sale(1);
    let grown = shop.store.log_growth();
    assert!(grown > 0);
    // A till at rest looks at its clock once a minute and mostly has nothing to write.
    for _ in 0..PAGES_WANTED {
        shop.store.batch().unwrap().commit().unwrap();
    }
    assert_eq!(shop.store.log_growth(), grown);
    shop.sale(2);
    assert!(shop.store.log_growth() > grown);
}

#[test]
fn the_maintenance_thread_makes_checkpoints() {
    let mut shop = Shop::new();
    shop.store.start_maintenance().unwrap();
    let before = database_pages(&shop);
    let mut document = 0;
    // The commits of the loop make no checkpoint. The maintenance thread makes one, and the database grows.
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
    // The writer's own checkpoint waits for a running checkpoint of the thread. Without the writer's checkpoint the log would
    // have 18,000 pages.
    let pages = log_pages(&shop);
    assert!(pages < u64::from(PAGES_MAX) * 2, "{pages}");
}

#[test]
fn a_long_log_of_a_killed_writer_is_truncated_at_the_next_start() {
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
    // A killed writer closes no file, so its log keeps its size.
    let killed = tempfile::tempdir().unwrap();
    for file in [FILE_NAME, "ferrotill.db-wal", "journal.key"] {
        fs::copy(shop.folder.path().join(file), killed.path().join(file)).unwrap();
    }
    let mut store = open(killed.path()).unwrap();
    let log = killed.path().join("ferrotill.db-wal");
    assert_eq!(fs::metadata(log).unwrap().len(), 0);
    assert_eq!(store.batch().unwrap().seq(), rows);
}

#[test]
fn anchors_of_the_maintenance_thread_are_durable_and_never_replaced_by_older_ones() {
    let mut shop = Shop::new();
    shop.store.start_maintenance().unwrap();
    for document in 1..=20 {
        shop.sale(document);
        shop.store.anchor_in_background();
        if document % 3 == 0 {
            shop.store.anchor();
        }
    }
    // An anchor for which the thread had no room is written now. The clerk does the same when it ends.
    shop.store.anchor();
    let rows = shop.rows();
    let Shop { folder, store, .. } = shop;
    drop(store);
    let key = ChainKey::load(&folder.path().join("journal.key")).unwrap();
    let found = crate::anchor::found(folder.path(), &key).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].1.map(|anchor| anchor.seq), Some(rows));
}

/// The pages that are written for sales whose frozen request has this many bytes. Each sale is acknowledged before the next one,
/// if `told`.
fn pages_of_sales(body_bytes: usize, told: bool) -> u64 {
    let mut shop = Shop::new();
    shop.store
        .freeze_with(std::sync::Arc::new(LongForm { body_bytes }));
    let connection = shop.store.connection();
    connection
        .pragma_update(None, "wal_autocheckpoint", 0)
        .unwrap();
    let mut before = 0;
    for document in 0..SALES + 40 {
        if document == 40 {
            before = log_pages(&shop);
        }
        let reserved = ten_lines(&mut shop, u128::from(document) + 1);
        if told {
            let mut batch = shop.store.batch().unwrap();
            let sealed = reserved + 1;
            batch
                .acknowledge(Recipient::AUTHORITY, sealed, "TEST", shop.now)
                .unwrap();
            batch.commit().unwrap();
        }
    }
    log_pages(&shop) - before
}

/// A form whose bodies have a length.
#[derive(Debug)]
struct LongForm {
    body_bytes: usize,
}

impl Freeze for LongForm {
    fn duties(&self, kind: DocumentKind) -> &'static [Duty] {
        MOLDOVA.duties(kind)
    }

    fn freeze(&self, _duty: Duty, _document: &SealedDocument<'_>) -> Result<FrozenRequest, String> {
        Ok(FrozenRequest {
            content_type: "application/json".to_owned(),
            body: vec![b' '; self.body_bytes],
        })
    }
}

/// The number of sales that are measured.
const SALES: u64 = 200;

#[test]
fn a_frozen_request_costs_at_most_three_pages_a_sale() {
    // A sale of ten lines has a request of about 2,030 bytes.
    for told in [true, false] {
        let with_request = pages_of_sales(2_030, told);
        let empty = pages_of_sales(0, told);
        assert!(with_request <= empty + 3 * SALES, "{with_request} {empty}");
    }
}

/// Sells ten lines on the printer, in two transactions. Returns the journal row of the reservation.
fn ten_lines(shop: &mut Shop, document: u128) -> i64 {
    let (lines, payments) = ([loaf(1_000); 10], [paid(8_100)]);
    let wish = Wish::Sale(draft(&lines, &payments));
    shop.now += 1_000;
    let mut batch = shop.store.batch().unwrap();
    let seq = reserve(&mut batch, &mut shop.till, shop.now, id(document), wish);
    batch.commit().unwrap();
    let mut batch = shop.store.batch().unwrap();
    settle(
        &mut batch,
        &mut shop.till,
        shop.now,
        id(document),
        printed(2),
    );
    batch.commit().unwrap();
    seq
}

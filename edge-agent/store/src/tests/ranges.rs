//! Tests of the used numbers: they belong to the folder, and an older program's numbers are kept as they are.

use ferrotill_core::event::{Event, Mode, NumberRange, Reserved, Sealed};
use ferrotill_core::seal::Seal;

use super::shop::*;
use crate::*;

/// The tables of step 1 that later steps replace.
const STEP_1: &str = "DROP INDEX reconciliation_waits; ALTER TABLE clock DROP COLUMN unsent_documents; ALTER TABLE clock DROP COLUMN unsent_refused; \
    ALTER TABLE clock DROP COLUMN unsent_sold; ALTER TABLE clock DROP COLUMN unsent_acknowledged_at; \
    DROP TABLE publication; DROP TABLE hospitality; DROP TABLE receipt_look; DROP TABLE uploaded_receipt; DROP TABLE protocol_backup; \
    DROP TABLE provider_payment; DROP TABLE registration; DROP TABLE registration_answer; DROP TABLE unit_outage; DROP TABLE delivery; DROP TABLE card_operation; DROP TABLE configured_device; DROP INDEX journal_identified; DROP INDEX journal_resource; DROP INDEX journal_prepared; DROP INDEX journal_person; DROP TABLE contact; DROP TABLE repeated_number; DROP TABLE alternative_number; \
    CREATE TABLE alternative_number (device BLOB NOT NULL, series TEXT NOT NULL, number INTEGER NOT NULL, reserved_seq INTEGER NOT NULL, \
    PRIMARY KEY (device, series, number)) STRICT, WITHOUT ROWID; \
    ALTER TABLE document DROP COLUMN fingerprint_form; \
    DROP TABLE founded; DROP TABLE device_identity; DROP TABLE written_by; \
    ALTER TABLE outbox RENAME TO outbox_of_02; DROP INDEX outbox_waiting; DROP TABLE outbox_request; \
    CREATE TABLE outbox (sealed_seq INTEGER PRIMARY KEY, reserved_seq INTEGER NOT NULL, device BLOB NOT NULL, duty TEXT NOT NULL, \
    message_number INTEGER NOT NULL, state TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, refusal TEXT, acknowledged_at INTEGER) STRICT; \
    INSERT INTO outbox SELECT sealed_seq, reserved_seq, x'00', duty, message_number, state, attempts, refusal, acknowledged_at FROM outbox_of_02; \
    DROP TABLE outbox_of_02; CREATE INDEX outbox_waiting ON outbox (sealed_seq) WHERE state = 'waiting'; PRAGMA user_version = 1;";

fn range(series: &str, start: u32, end: u32, number_length: u8) -> NumberRange {
    NumberRange {
        series: series.try_into().unwrap(),
        start,
        end,
        number_length,
    }
}

fn next(shop: &mut Shop, range: &NumberRange) -> Result<u32, String> {
    let batch = shop.store.batch().unwrap();
    batch
        .next_of_range(range)
        .map_err(|error| error.to_string())
}

/// Gives the number 1 of the series ABC to a second device, as an older program did.
fn sell_on_the_other_device(shop: &mut Shop) {
    let at = moment(shop.now);
    let sealed = Event::Sealed(Sealed {
        id: id(2),
        at,
        number: 1,
        current_number: 1,
        seal: Seal::Range {
            series: "ABC",
            number: 1,
            number_length: 8,
        },
        report: None,
    });
    let first = shop.reader().find(Some(DEVICE), uuid(1)).unwrap().unwrap();
    let reserved = Event::Reserved(Reserved {
        id: id(2),
        ..first.reserved().unwrap()
    });
    let mut batch = shop.store.batch().unwrap();
    for event in [reserved, sealed] {
        let payload = encoded(&event);
        batch
            .write(OTHER_DEVICE, at.utc_ms, &event, &payload)
            .unwrap();
    }
    batch.commit().unwrap();
}

#[test]
fn the_next_number_of_a_range_counts_what_any_device_has_used() {
    let mut shop = Shop::new();
    let abc = range("ABC", 1, 500, 8);
    assert_eq!(next(&mut shop, &abc), Ok(1));
    shop.alternative(1);
    shop.alternative(2);
    assert_eq!(next(&mut shop, &abc), Ok(3));
    // The same printed text in another series.
    assert_eq!(next(&mut shop, &range("ABC0", 1, 9, 7)), Ok(3));
    assert_eq!(next(&mut shop, &range("ABC0000000", 1, 2, 1)), Ok(3));
    // The same number with fewer digits.
    assert_eq!(next(&mut shop, &range("ABC", 2, 9, 1)), Ok(3));
    assert_eq!(next(&mut shop, &range("ABC", 3, 9, 8)), Ok(3));
    for other in [
        range("ABC0", 1, 9, 8),
        range("ABD", 1, 9, 8),
        range("AB", 1, 9, 9),
    ] {
        assert_eq!(next(&mut shop, &other), Ok(other.start), "{other:?}");
    }
    // The unused number 0 is left out: the numbers after it are used.
    assert_eq!(next(&mut shop, &range("ABC", 0, 9, 8)), Ok(3));
}

#[test]
fn an_older_folder_gets_its_used_numbers_and_a_repeated_number_is_named() {
    let mut shop = Shop::unfounded();
    shop.alternative(1);
    sell_on_the_other_device(&mut shop);
    let Shop { folder, store, .. } = shop;
    drop(store);
    let numbers = |folder: &std::path::Path| -> Vec<(String, i64)> {
        raw(folder)
            .prepare("SELECT printed, reserved_seq FROM alternative_number UNION ALL SELECT printed, reserved_seq FROM repeated_number")
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    };
    let before = numbers(folder.path());
    assert_eq!(
        before,
        [("ABC00000001".to_owned(), 2), ("ABC00000001".to_owned(), 4)]
    );
    raw(folder.path()).execute_batch(STEP_1).unwrap();
    let confirmed = Founding {
        confirmed: true,
        ..founding(Mode::Test)
    };
    let mut store = Store::open(folder.path(), &confirmed).unwrap();
    store.batch().unwrap().commit().unwrap();
    assert_eq!(numbers(folder.path()), before);
    drop(store);
    let verified = verify::verify(&verify::Wanted {
        folder: folder.path(),
        profile: &ferrotill_core::profile::MOLDOVA,
        mode: Mode::Test,
        devices: &[],
        range: verify::VerifyRange::ALL,
    })
    .unwrap();
    assert_eq!(
        verified.repeated_numbers,
        [RepeatedNumber {
            printed: "ABC00000001".to_owned(),
            first: uuid(1),
            second: uuid(2),
        }]
    );
}

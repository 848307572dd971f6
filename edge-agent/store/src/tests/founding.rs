//! Tests of what a data folder is for, and of the identities of its devices.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use ferrotill_core::event::{Configuration, Event, Founded, Mode, Restored};
use ferrotill_core::profile::{Profile, UKRAINE};
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::shop::*;
use super::verified::{codes, verified};
use crate::chain::{GENESIS, Link, Mac};
use crate::{
    ChainKey, FILE_NAME, FolderPurpose, Founding, Reader, Store, StoreError, set_lost_journal_aside,
};

/// The kinds of the journal's rows.
fn kinds(folder: &Path) -> Vec<u16> {
    raw(folder)
        .prepare("SELECT kind FROM journal ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

fn version(folder: &Path) -> i64 {
    raw(folder)
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

/// A folder as the program before this one has left it: the tables of step 1, a key, and one row.
fn older_folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let database = Connection::open(folder.path().join(FILE_NAME)).unwrap();
    database
        .execute_batch(include_str!("../../../../migrations/01-journal/up.sql"))
        .unwrap();
    database.pragma_update(None, "user_version", 1).unwrap();
    let key = ChainKey::create(&folder.path().join("journal.key")).unwrap();
    let payload = postcard::to_stdvec(&Configuration::default()).unwrap();
    let link = Link {
        seq: 1,
        device: DEVICE.as_bytes(),
        at: NOON + 60_000,
        kind: 1,
        version: 1,
        payload: &payload,
    };
    let mac: Mac = key.mac(&GENESIS, &link);
    database
        .execute(
            "INSERT INTO journal VALUES (1, ?1, ?2, 1, 1, ?3, ?4)",
            params![DEVICE.as_bytes(), NOON + 60_000, payload, mac],
        )
        .unwrap();
    folder
}

fn confirmed() -> Founding {
    Founding {
        confirmed: true,
        ..founding(Mode::Test)
    }
}

/// The event that founded a folder.
fn founded(folder: &Path) -> (i64, bool, String) {
    let (seq, payload): (i64, Vec<u8>) = raw(folder)
        .query_row(
            "SELECT seq, payload FROM journal WHERE kind = 10",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    let Ok(Event::Founded(founded)) = Event::decode(10, 1, &payload) else {
        panic!("row {seq}");
    };
    let words = format!(
        "{} {} {:?}",
        founded.country, founded.currency, founded.mode
    );
    (seq, founded.confirmed, words)
}

#[test]
fn the_first_row_of_a_new_folder_says_what_it_is_for() {
    let shop = Shop::new();
    assert_eq!(kinds(shop.folder.path()), [10, 1]);
    assert_eq!(
        founded(shop.folder.path()),
        (1, false, "MD MDL Test".to_owned())
    );
    assert_eq!(verified(&shop).flaws, []);
}

#[test]
fn a_folder_that_is_for_something_else_is_refused_and_not_changed() {
    let mut shop = Shop::new();
    shop.cash(1, 100);
    let Shop { folder, store, .. } = shop;
    drop(store);
    let before = fs::read(folder.path().join(FILE_NAME)).unwrap();
    let another_country = Founding {
        purpose: FolderPurpose::new(UKRAINE.facts(), Mode::Test),
        ..confirmed()
    };
    let another_mode = Founding {
        confirmed: true,
        ..founding(Mode::Live)
    };
    for (wanted, words) in [
        (
            another_country,
            "is for country MD, currency MDL, mode TEST, and the configuration says country UA, currency UAH, mode TEST;",
        ),
        (
            another_mode,
            "is for country MD, currency MDL, mode TEST, and the configuration says country MD, currency MDL, mode LIVE;",
        ),
    ] {
        let refused = Store::open(folder.path(), &wanted).unwrap_err().to_string();
        assert!(refused.contains(words), "{refused}");
        assert_eq!(fs::read(folder.path().join(FILE_NAME)).unwrap(), before);
    }
    drop(open(folder.path()).unwrap());
}

#[test]
fn a_table_that_was_changed_by_hand_does_not_change_what_a_folder_is_for() {
    for edit in ["UPDATE founded SET mode = 'LIVE'", "DELETE FROM founded"] {
        let Shop { folder, store, .. } = Shop::new();
        drop(store);
        raw(folder.path()).execute(edit, []).unwrap();
        let live = founding(Mode::Live);
        assert!(
            matches!(
                Store::open(folder.path(), &live),
                Err(StoreError::FoundedOtherwise { .. })
            ),
            "{edit}"
        );
    }
}

#[test]
fn a_folder_cannot_be_founded_twice() {
    let mut shop = Shop::new();
    let event = Event::Founded(Founded {
        at: moment(NOON),
        country: "UA",
        currency: "UAH",
        mode: Mode::Live,
        confirmed: true,
    });
    let mut batch = shop.store.batch().unwrap();
    let outcome = batch.write(Uuid::nil(), NOON, &event, &encoded(&event));
    assert!(outcome.is_err(), "{outcome:?}");
    drop(batch);
    assert_eq!(shop.rows(), 2);
}

#[test]
fn no_row_is_written_before_the_folder_is_founded() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).unwrap();
    // The first batch is lost, so the next one founds the folder.
    drop(store.batch().unwrap());
    assert_eq!(kinds(folder.path()), Vec::<u16>::new());
    let mut batch = store.batch().unwrap();
    append(&mut batch, &bare_reservation(id(1), moment(NOON)));
    batch.commit().unwrap();
    store.batch().unwrap().commit().unwrap();
    assert_eq!(kinds(folder.path()), [10, 2]);
}

#[test]
fn an_older_folder_on_which_nothing_depends_is_founded_as_the_next_row() {
    let folder = older_folder();
    let mut store = open(folder.path()).unwrap();
    store.batch().unwrap().commit().unwrap();
    drop(store);
    assert_eq!(kinds(folder.path()), [1, 10]);
    assert_eq!(founded(folder.path()), (2, false, "MD MDL Test".to_owned()));
    // The row is not older than the row before it.
    let at: i64 = raw(folder.path())
        .query_row("SELECT at FROM journal WHERE seq = 2", [], |row| row.get(0))
        .unwrap();
    assert_eq!(at, NOON + 60_000);
    let key = ChainKey::load(&folder.path().join("journal.key")).unwrap();
    assert_eq!(Reader::new(folder.path()).verify(&key).unwrap(), 2);
    assert!(matches!(
        Store::open(folder.path(), &founding(Mode::Live)),
        Err(StoreError::FoundedOtherwise { .. })
    ));
}

#[test]
fn an_older_folder_on_which_documents_depend_is_founded_only_when_a_person_confirms_it() {
    let waiting = "INSERT INTO outbox VALUES (3, 2, x'01', 'sale', 1, 'waiting', 0, NULL, NULL)";
    let outstanding = "INSERT INTO document VALUES (2, NULL, x'01', x'02', x'03', x'04', 'sale', 'reserved', x'05', 0, 1, NULL, NULL, 0, 0, NULL)";
    for (edit, words) in [
        (waiting, "1 wait to be sent, 0 are outstanding"),
        (outstanding, "0 wait to be sent, 1 are outstanding"),
    ] {
        let folder = older_folder();
        raw(folder.path()).execute(edit, []).unwrap();
        for _ in 0..2 {
            let refused = open(folder.path()).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
            assert!(
                refused.contains("if it is for country MD, currency MDL, mode TEST, confirm it once with `ferrotill run --take-over`"),
                "{refused}"
            );
            assert_eq!(
                version(folder.path()),
                1,
                "the older program can still be used"
            );
        }
        let mut store = Store::open(folder.path(), &confirmed()).unwrap();
        store.batch().unwrap().commit().unwrap();
        drop(store);
        assert_eq!(founded(folder.path()), (2, true, "MD MDL Test".to_owned()));
        drop(open(folder.path()).unwrap());
    }
}

#[test]
fn each_restore_counts_one_epoch_more() {
    let mut shop = Shop::new();
    let restored = |epoch| {
        Event::Restored(Restored {
            at: moment(NOON),
            epoch,
        })
    };
    for epoch in [1, 2] {
        let event = restored(epoch);
        let mut batch = shop.store.batch().unwrap();
        batch
            .write(Uuid::nil(), NOON, &event, &encoded(&event))
            .unwrap();
        batch.commit().unwrap();
    }
    for epoch in [0, 2, 4] {
        let event = restored(epoch);
        let mut batch = shop.store.batch().unwrap();
        let outcome = batch.write(Uuid::nil(), NOON, &event, &encoded(&event));
        assert!(outcome.is_err(), "{epoch}");
    }
    assert_eq!(verified(&shop).flaws, []);
}

#[test]
fn the_last_event_says_the_identity_of_a_device() {
    let mut shop = Shop::new();
    for number in ["J1", "J2", "J1"] {
        shop.identify(DEVICE, number);
        assert_eq!(
            shop.reader().device_identity(DEVICE).unwrap(),
            Some(identity(number))
        );
    }
    assert_eq!(
        shop.store.device_identities().unwrap(),
        [(DEVICE, identity("J1"))]
    );
    assert_eq!(shop.reader().device_identity(OTHER_DEVICE).unwrap(), None);
    assert_eq!(verified(&shop).flaws, []);
}

#[test]
fn a_journal_without_the_row_is_a_flaw() {
    let folder = older_folder();
    let mut store = open(folder.path()).unwrap();
    // The tables are of this version, and the program ended before its first commit.
    drop(store.batch().unwrap());
    drop(store);
    let shop = Shop {
        folder,
        ..Shop::new()
    };
    assert_eq!(codes(&verified(&shop)), ["not_founded"]);
}

#[test]
fn the_folder_and_its_files_are_private_whatever_they_were() {
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut store = open(folder.path()).unwrap();
    store.batch().unwrap().commit().unwrap();
    store.anchor();
    let files = || {
        fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
    };
    for file in files() {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
    assert_eq!(
        files().count(),
        5,
        "database, log, index of the log, key, anchor"
    );
    assert_eq!(mode(folder.path()), 0o700);
    drop(store);

    // An older program left them open.
    for file in files() {
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    }
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let _store = open(folder.path()).unwrap();
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&folder.path().join(FILE_NAME)), 0o600);

    // A folder with other files may belong to others, too.
    let shared = tempfile::tempdir().unwrap();
    fs::set_permissions(shared.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(shared.path().join("letter.txt"), "hello").unwrap();
    let _store = open(shared.path()).unwrap();
    assert_eq!(mode(shared.path()), 0o755);
    assert_eq!(mode(&shared.path().join(FILE_NAME)), 0o600);
}

#[test]
fn a_lost_journal_is_set_aside_and_a_whole_one_is_not() {
    let Shop {
        folder, mut store, ..
    } = Shop::new();
    store.anchor();
    drop(store);
    assert!(matches!(
        set_lost_journal_aside(folder.path()),
        Err(StoreError::NotLost { .. })
    ));
    for (lost, number) in [(FILE_NAME, 1), ("journal.key", 2)] {
        fs::remove_file(folder.path().join(lost)).unwrap();
        assert!(matches!(
            open(folder.path()),
            Err(StoreError::FileMissing { .. })
        ));
        let aside = folder.path().join(format!("lost-{number}"));
        assert_eq!(
            set_lost_journal_aside(folder.path()).unwrap(),
            Some(aside.clone())
        );
        assert!(aside.join("journal.anchor").exists());
        assert_eq!(set_lost_journal_aside(folder.path()).unwrap(), None);
        let mut store = open(folder.path()).unwrap();
        store.batch().unwrap().commit().unwrap();
        store.anchor();
    }
}

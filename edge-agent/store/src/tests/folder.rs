//! Tests of a first start that ended at each of its steps, and of folders from which a file was removed.

use std::fs;
use std::path::Path;

use super::shop::*;
use crate::folder::is_in_use;
use crate::{ChainKey, FILE_NAME, Reader, StoreError, migrate};

fn key_file(folder: &Path) -> std::path::PathBuf {
    folder.join("journal.key")
}

/// Checks that the first row can be written, and that it exists at the next start.
fn goes_on(after: &str, folder: &Path) {
    let mut store = open(folder).unwrap_or_else(|error| panic!("{after}: {error}"));
    let mut batch = store.batch().unwrap();
    append(&mut batch, &bare_reservation(id(1), moment(NOON)));
    batch.commit().unwrap();
    drop(store);
    drop(open(folder).unwrap());
    let key = ChainKey::load(&key_file(folder)).unwrap();
    assert_eq!(
        Reader::new(folder).verify(&key).unwrap(),
        2,
        "the folder is founded, too"
    );
}

#[test]
fn a_first_start_that_was_cut_off_goes_on() {
    type Step = fn(&Path);
    let steps: [(&str, Step); 5] = [
        ("an empty folder", |_| {}),
        ("an empty database", |folder| {
            fs::write(folder.join(FILE_NAME), b"").unwrap();
        }),
        ("a database that is only in WAL mode", |folder| {
            raw(folder)
                .pragma_update(None, "journal_mode", "WAL")
                .unwrap();
        }),
        ("tables, but no key", |folder| {
            migrate::migrate(&mut raw(folder), folder, None).unwrap();
        }),
        ("half of a key under its temporary name", |folder| {
            migrate::migrate(&mut raw(folder), folder, None).unwrap();
            fs::write(folder.join("journal.new"), [7; 16]).unwrap();
        }),
    ];
    for (name, step) in steps {
        let folder = tempfile::tempdir().unwrap();
        step(folder.path());
        goes_on(name, folder.path());
    }
    let folder = tempfile::tempdir().unwrap();
    drop(open(folder.path()).unwrap());
    goes_on("all is made, and no row was written", folder.path());
}

#[test]
fn the_first_start_makes_the_database_before_the_key() {
    // The key cannot be created, but the tables exist. A later start goes on from there.
    let folder = tempfile::tempdir().unwrap();
    let obstacle = folder.path().join("journal.new");
    fs::create_dir(&obstacle).unwrap();
    assert!(matches!(open(folder.path()), Err(StoreError::Key { .. })));
    assert!(tables(&raw(folder.path())).contains(&"journal".to_owned()));
    fs::remove_dir(obstacle).unwrap();
    goes_on("no key could be made", folder.path());

    // The database cannot be created. In this case no key is created either.
    let folder = tempfile::tempdir().unwrap();
    let obstacle = folder.path().join(FILE_NAME);
    fs::create_dir(&obstacle).unwrap();
    assert!(matches!(
        open(folder.path()),
        Err(StoreError::Database { .. })
    ));
    assert!(!key_file(folder.path()).exists());
    fs::remove_dir(obstacle).unwrap();
    goes_on("no database could be made", folder.path());
}

fn missing(folder: &Path) -> String {
    match open(folder) {
        Err(StoreError::FileMissing { path, lack, .. }) => {
            let name = path.file_name().unwrap().to_str().unwrap();
            format!("{name} {lack}")
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_database_without_rows_beside_an_anchor_has_lost_them() {
    let mut shop = Shop::new();
    shop.store.anchor();
    let Shop { folder, store, .. } = shop;
    drop(store);
    let anchor = fs::read(folder.path().join("journal.anchor")).unwrap();
    let fresh = tempfile::tempdir().unwrap();
    drop(open(fresh.path()).unwrap());
    // An anchor that was set aside also shows that a journal existed.
    for name in ["journal.anchor", "journal.anchor.1"] {
        fs::write(fresh.path().join(name), &anchor).unwrap();
        assert_eq!(missing(fresh.path()), "ferrotill.db has lost its journal");
        fs::remove_file(fresh.path().join(name)).unwrap();
    }
    drop(open(fresh.path()).unwrap());
}

/// If the log is lost in the first hours of a till or of a shift, the loss must be noticed.
#[test]
fn an_anchor_is_due_with_the_first_document_of_a_shift_and_after_a_start() {
    let mut shop = Shop::new();
    assert!(!shop.store.anchor_is_due());
    shop.sale(1);
    assert!(shop.store.anchor_is_due(), "the shift's first document");
    shop.store.anchor();
    shop.sale(2);
    assert!(!shop.store.anchor_is_due(), "its second document");

    let Shop { folder, store, .. } = shop;
    drop(store);
    let mut store = open(folder.path()).unwrap();
    store.batch().unwrap().commit().unwrap();
    assert!(store.anchor_is_due(), "rows of the last run have no anchor");
    store.anchor();
    drop(store);
    let mut store = open(folder.path()).unwrap();
    store.batch().unwrap().commit().unwrap();
    assert!(!store.anchor_is_due(), "all rows are anchored");
}

#[test]
fn a_log_without_its_database_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("ferrotill.db-wal");
    fs::write(&log, [7; 4_096]).unwrap();
    assert_eq!(missing(folder.path()), "ferrotill.db is missing");
    fs::write(folder.path().join(FILE_NAME), b"").unwrap();
    assert_eq!(missing(folder.path()), "ferrotill.db has lost its journal");
    assert_eq!(fs::read(&log).unwrap(), [7; 4_096]);
}

#[test]
fn a_reader_says_that_the_database_is_missing_and_makes_none() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!is_in_use(folder.path()));
    let found = Reader::new(folder.path()).find(None, uuid(1));
    let words = found.unwrap_err().to_string();
    assert!(
        words.contains("ferrotill.db is missing") && words.contains("put it back from the backup"),
        "{words}"
    );
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(open(folder.path()).unwrap());
    assert!(is_in_use(folder.path()));
}

#[test]
fn a_checkpoint_of_a_removed_database_makes_no_new_one() {
    let mut shop = Shop::new();
    shop.store.start_maintenance().unwrap();
    fs::remove_file(shop.folder.path().join(FILE_NAME)).unwrap();
    // There are enough rows for a checkpoint by the maintenance thread. Dropping the store waits for the checkpoint.
    for document in 0..200 {
        shop.cash(document, 100);
    }
    let Shop { folder, store, .. } = shop;
    drop(store);
    assert!(!folder.path().join(FILE_NAME).exists());
}

//! Tests of a data folder from which a file was removed: the service refuses to start, says which file must be restored, and
//! creates nothing.

mod shop;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use shop::configuration;
use shop::folder;
use shop::outside::{Process, finished, program};
use shop::value;

const DATABASE: &str = "ferrotill.db";
const KEY: &str = "journal.key";
const ANCHOR: &str = "journal.anchor";

/// A till without a printer and without an authority, because a start needs neither of them.
struct Till {
    _folder: tempfile::TempDir,
    data: PathBuf,
    file: PathBuf,
}

impl Till {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, file) = (
            folder.path().join("data"),
            folder.path().join("ferrotill.toml"),
        );
        let printer = folder.path().join("printer");
        let uri = format!("datecs+serial://{}?baud=115200", printer.display());
        let text = configuration(data.to_str().unwrap(), &uri, "http://127.0.0.1:9");
        fs::write(&file, text).unwrap();
        Self {
            _folder: folder,
            data,
            file,
        }
    }

    /// A till that was started once: the journal has its first row, and the anchor contains the number of that row.
    fn started() -> Self {
        let till = Self::new();
        till.starts();
        let there = till.files();
        for name in [DATABASE, KEY, ANCHOR] {
            assert!(there.contains(name), "{name} is not among {there:?}");
        }
        till
    }

    /// Starts the service and ends it with SIGTERM, as the service manager does.
    fn starts(&self) {
        let mut agent = Process::agent(&self.file);
        agent.stop();
    }

    fn remove(&self, name: &str) {
        fs::remove_file(self.data.join(name)).unwrap();
    }

    fn files(&self) -> BTreeSet<String> {
        let names = fs::read_dir(&self.data).unwrap();
        names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// Checks that the service does not start and does not change the folder. Returns the text on standard error.
    fn refuses(&self) -> String {
        let before = self.files();
        let words = folder::refuses(&self.file, &[]);
        let after = self.files();
        assert!(
            after.is_subset(&before),
            "a refused start creates nothing: {before:?}, {after:?}"
        );
        words
    }

    fn verify(&self) -> (Option<i32>, JsonValue) {
        finished(&["verify", "--config", self.file.to_str().unwrap()])
    }

    /// Checks that `verify` names the file and says what to do.
    fn verify_names(&self, path: &Path) {
        let (code, said) = self.verify();
        assert_eq!(code, Some(1), "{said:?}");
        let JsonValue::Array(faults) = value(&said, "faults") else {
            panic!("{said:?}");
        };
        assert_eq!(faults.len(), 1, "{said:?}");
        assert_eq!(text(&faults[0], "place"), path.display().to_string());
        assert_eq!(
            text(&faults[0], "remedy"),
            "put the file back from the backup"
        );
    }
}

fn text<'n>(node: &'n JsonValue, name: &str) -> &'n str {
    match value(node, name) {
        JsonValue::Text(text) => text,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn a_missing_key_is_not_made_anew() {
    let till = Till::started();
    let key = till.data.join(KEY);
    let kept = fs::read(&key).unwrap();
    till.remove(KEY);
    for _ in 0..2 {
        let words = till.refuses();
        let expected = format!(
            "{} is missing, but the journal in ferrotill.db was written with it; put it back from the backup",
            key.display()
        );
        assert!(words.contains(&expected), "{words}");
        till.verify_names(&key);
    }
    fs::write(&key, kept).unwrap();
    till.starts();
    assert_eq!(till.verify().0, Some(0));
}

#[test]
fn a_missing_key_is_not_made_anew_where_the_anchor_is_gone_too() {
    let till = Till::started();
    till.remove(KEY);
    till.remove(ANCHOR);
    assert!(till.refuses().contains("journal.key is missing"));
}

#[test]
fn a_missing_database_is_not_made_anew_beside_key_and_anchor() {
    let till = Till::started();
    let database = till.data.join(DATABASE);
    let kept = fs::read(&database).unwrap();
    till.remove(DATABASE);
    for _ in 0..2 {
        let words = till.refuses();
        let expected = format!(
            "{} is missing, but journal.anchor was written for its rows; put it back from the backup",
            database.display()
        );
        assert!(words.contains(&expected), "{words}");
        till.verify_names(&database);
    }
    fs::write(&database, kept).unwrap();
    till.starts();
    assert_eq!(till.verify().0, Some(0));
}

#[test]
fn a_missing_database_is_not_made_anew_beside_a_key_alone_or_an_anchor_alone() {
    let till = Till::started();
    till.remove(DATABASE);
    let kept = fs::read(till.data.join(ANCHOR)).unwrap();
    till.remove(ANCHOR);
    let words = till.refuses();
    assert!(
        words.contains("ferrotill.db is missing, but journal.key is there;"),
        "{words}"
    );
    till.remove(KEY);
    fs::write(till.data.join(ANCHOR), kept).unwrap();
    let words = till.refuses();
    assert!(
        words.contains("ferrotill.db is missing, but journal.anchor"),
        "{words}"
    );
}

/// A database without a journal: a copy that ran out of disk space, or a log that was removed before SQLite had copied it into
/// the database.
#[test]
fn a_database_that_has_lost_its_journal_is_not_filled_anew() {
    let till = Till::started();
    fs::write(till.data.join(DATABASE), b"").unwrap();
    let words = till.refuses();
    assert!(
        words.contains("ferrotill.db has lost its journal, but"),
        "{words}"
    );

    let till = Till::new();
    let mut agent = Process::agent(&till.file);
    agent.kill();
    for name in ["ferrotill.db-wal", "ferrotill.db-shm"] {
        till.remove(name);
    }
    let words = till.refuses();
    assert!(
        words.contains("ferrotill.db has lost its journal, but"),
        "{words}"
    );
}

#[test]
fn a_folder_in_which_nothing_was_stored_yet_is_a_first_start() {
    let till = Till::new();
    fs::create_dir(&till.data).unwrap();
    let output = program()
        .args(["verify", "--config"])
        .arg(&till.file)
        .output()
        .unwrap();
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(words.contains("start the till once"), "{words}");
    assert_eq!(output.status.code(), Some(1));
    till.starts();
    till.starts();
    assert_eq!(till.verify().0, Some(0));
}

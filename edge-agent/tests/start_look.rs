//! `doctor` and `status` say of a stopped till what `run` would refuse, and change nothing.

mod shop;

use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill::time::clock::Clock;
use ferrotill_core::event::Mode;
use ferrotill_core::profile::{MOLDOVA, Profile as _};
use ferrotill_store::{Founding, Store};
use ferrotill_testkit::config::text;
use rusqlite::Connection;
use shop::outside::{Process, finished, program};
use shop::till::SALE;
use shop::{config, value};

/// A stopped till with a few sales.
struct StoppedTill {
    _printer: Process,
    _authority: Process,
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl StoppedTill {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
        let printer = Process::emulator(&link, &memory, "115200");
        let authority = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let config = config(&folder.path().join("books"), &uri, &authority.client.url).set(
            "api",
            "listen",
            text("127.0.0.1:1"),
        );
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        let till = Self {
            _printer: printer,
            _authority: authority,
            file,
            folder,
        };
        till.sell(3);
        till
    }

    fn sell(&self, sales: usize) {
        let file = self.file.to_str().unwrap();
        let arguments = ["run", "--config", file, "--listen", "127.0.0.1:0"];
        let mut agent = Process::start(&arguments);
        for _ in 0..sales {
            assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
        }
        agent.stop();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn database(&self) -> PathBuf {
        self.path("books/ferrotill.db")
    }

    /// Copies the database with its log over that of another folder.
    fn copy_database(&self, from: &Path, to: &Path) {
        for end in ["", "-wal", "-shm"] {
            let name = format!("ferrotill.db{end}");
            if to.join(&name).exists() {
                fs::remove_file(to.join(&name)).unwrap();
            }
            // The index of the log is made again.
            if end != "-shm" && from.join(&name).exists() {
                fs::copy(from.join(&name), to.join(&name)).unwrap();
            }
        }
    }

    fn verb(&self, arguments: &[&str]) -> (i32, JsonValue) {
        let (code, said) = finished(&[arguments, &["--config", name(&self.file)]].concat());
        (code.unwrap(), said)
    }

    /// A check of `doctor`: whether it is passed, and what it says.
    fn check(&self, id: &str) -> (bool, String) {
        let (_, told) = self.verb(&["doctor"]);
        let JsonValue::Array(checks) = value(&told, "checks") else {
            panic!("{told}");
        };
        let is_it = |check: &&JsonValue| value(check, "id").scalar() == id;
        let check = checks
            .iter()
            .find(is_it)
            .unwrap_or_else(|| panic!("{told}"));
        (
            value(check, "ok") == &JsonValue::Bool(true),
            value(check, "says").scalar().to_owned(),
        )
    }

    /// Whether `status` finds the store in order, and what it says.
    fn store_of_status(&self) -> (bool, String) {
        let (code, told) = self.verb(&["status"]);
        assert_eq!(code, 8, "{told}");
        let JsonValue::Array(parts) = value(&told, "parts") else {
            panic!("{told}");
        };
        let is_it = |part: &&JsonValue| value(part, "part").scalar() == "store";
        let part = parts.iter().find(is_it).unwrap();
        (
            value(part, "ok") == &JsonValue::Bool(true),
            value(part, "says").scalar().to_owned(),
        )
    }

    /// `run` refuses the folder with a text that has these words, and so do the check and `status`. The data folder stays as it is.
    fn refuses(&self, words: &str) {
        let before = fs::read(self.database()).unwrap();
        let (passed, says) = self.check("service_start");
        assert!(!passed && says.contains(words), "doctor: {says}");
        let (passed, says) = self.store_of_status();
        assert!(!passed && says.contains(words), "status: {says}");
        assert_eq!(fs::read(self.database()).unwrap(), before);
        let run = [
            "run",
            "--listen",
            "127.0.0.1:0",
            "--config",
            name(&self.file),
        ];
        let output = program().args(run).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(words), "{said}");
    }

    fn is_in_order(&self) {
        let check = self.check("service_start");
        assert!(check.0, "{}", check.1);
        assert!(self.check("journal").0);
        assert!(self.check("journal_end").0);
        let store = self.store_of_status();
        assert!(store.0, "{}", store.1);
    }
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn what_a_start_refuses_is_a_finding_of_doctor_and_status() {
    let till = StoppedTill::new();
    till.is_in_order();

    // The folder of another mode.
    fs::rename(till.path("books"), till.path("own")).unwrap();
    fs::create_dir(till.path("books")).unwrap();
    let now = Clock::new(None).unwrap().now();
    let founding = Founding::new(MOLDOVA.facts(), Mode::Live, now);
    let mut store = Store::open(&till.path("books"), &founding).unwrap();
    store.batch().unwrap().commit().unwrap();
    drop(store);
    till.refuses("is for country MD, currency MDL, mode LIVE");
    fs::remove_dir_all(till.path("books")).unwrap();
    fs::rename(till.path("own"), till.path("books")).unwrap();
    till.is_in_order();

    // The key of another till.
    let key = till.path("books/journal.key");
    let own = fs::read(&key).unwrap();
    fs::write(&key, [7; 32]).unwrap();
    till.refuses("journal row 1 does not fit the chain");
    fs::write(&key, own).unwrap();
    till.is_in_order();

    // A newer program has written the folder.
    let tables = Connection::open(till.database()).unwrap();
    let version: i64 = tables
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    tables.pragma_update(None, "user_version", 99).unwrap();
    drop(tables);
    till.refuses("has version 99");
    let out = till.path("export");
    for reading in [
        &["receipts"][..],
        &["queue"],
        &["export", "--out", name(&out)],
    ] {
        let (code, refused) = till.verb(reading);
        assert_ne!(code, 0, "{reading:?}: {refused}");
        let message = value(&refused, "error.message").scalar();
        assert!(message.contains("has version 99"), "{reading:?}: {message}");
    }
    let tables = Connection::open(till.database()).unwrap();
    tables.pragma_update(None, "user_version", version).unwrap();
    drop(tables);
    till.is_in_order();

    // Pages of the database are overwritten.
    let whole = fs::read(till.database()).unwrap();
    let mut broken = whole.clone();
    let from = broken.len() / 4;
    broken[from..].fill(0x5A);
    fs::write(till.database(), &broken).unwrap();
    let (passed, says) = till.check("journal");
    assert!(!passed && says.contains("is damaged"), "{says}");
    assert!(!till.check("service_start").0);
    let (passed, says) = till.store_of_status();
    assert!(!passed && says.contains("is damaged"), "{says}");
    fs::write(till.database(), &whole).unwrap();
    till.is_in_order();

    // An older copy of the database is put back.
    let older = till.path("older");
    fs::create_dir(&older).unwrap();
    till.copy_database(&till.path("books"), &older);
    till.sell(2);
    till.copy_database(&older, &till.path("books"));
    let (passed, says) = till.check("journal_end");
    assert!(!passed && says.contains("older copy"), "{says}");
    let (passed, says) = till.store_of_status();
    assert!(!passed && says.contains("older copy"), "{says}");
}

#[test]
fn a_restore_that_no_person_has_accepted_is_found() {
    let till = StoppedTill::new();
    let backup = till.path("b.tar");
    let (code, made) = till.verb(&["backup", "create", name(&backup)]);
    assert_eq!(code, 0, "{made}");
    fs::rename(till.path("books"), till.path("lost")).unwrap();
    let (code, restored) = till.verb(&["restore", name(&backup)]);
    assert_eq!(code, 0, "{restored}");
    till.refuses("was restored from a backup");
    let (code, accepted) = till.verb(&["restore", name(&backup), "--accept-loss"]);
    assert_eq!(code, 0, "{accepted}");
    till.is_in_order();
}

#[test]
fn a_row_of_the_last_shift_that_was_changed_is_found() {
    let till = StoppedTill::new();
    let tables = Connection::open(till.database()).unwrap();
    let find =
        "SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = 'journal'";
    let triggers: Vec<(String, String)> = tables
        .prepare(find)
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for (name, _) in &triggers {
        tables
            .execute_batch(&format!("DROP TRIGGER {name}"))
            .unwrap();
    }
    let change = "UPDATE journal SET at = at + 1 WHERE seq = (SELECT max(seq) - 1 FROM journal)";
    assert_eq!(tables.execute(change, []).unwrap(), 1);
    for (_, made) in &triggers {
        tables.execute_batch(made).unwrap();
    }
    drop(tables);
    till.refuses("does not fit the chain");
}

#[test]
fn a_registration_number_of_two_devices_is_found() {
    let till = StoppedTill::new();
    let before = fs::read_to_string(&till.file).unwrap();
    let numbered = before.replacen("[till]\n", "[till]\nregistration_number = \"J1\"\n", 1);
    assert_ne!(numbered, before);
    fs::write(&till.file, numbered).unwrap();
    till.sell(1);
    // Now the number is written at a second device.
    let second = r#"
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d28a"
name = "Bar"
uri = "datecs+tcp://127.0.0.1:9"
registration_number = "J1"
tax_groups = [ { code = "A", rate = "20.00" } ]
payment_types = [ { code = 0, name = "Numerar", cash = true } ]
"#;
    fs::write(&till.file, format!("{before}{second}")).unwrap();
    till.refuses("have the registration number \"J1\"");
    fs::write(&till.file, &before).unwrap();
    till.is_in_order();
}

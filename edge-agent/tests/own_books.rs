//! Tests of what the data folder owns: its country, its currency and its mode, and the identity of its devices; and of what a start
//! finds missing or unusual although the till can sell.

mod shop;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_testkit::config::{ConfigText, Device, text};
use ferrotill_testkit::health_page::check_says_of;
use ferrotill_testkit::program;
use shop::folder::{self, SECOND_DEVICE};
use shop::outside::{Process, finished, program_path, until};
use shop::till::SALE;
use shop::{Client, DEVICE, POINT_OF_SALE, count, value};

const THIRD_DEVICE: &str = "1f0c2a51-7d0e-4c7e-9f57-0d5c55a10003";
/// No authority answers here.
const NOBODY: &str = "http://127.0.0.1:9";

/// A till with its printer. Its office is gone, unless a test says otherwise.
struct Books {
    folder: tempfile::TempDir,
    printer: Option<Rig>,
}

impl Books {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut books = Self {
            folder,
            printer: None,
        };
        books.new_printer();
        books.configure(|config| config);
        books
    }

    /// Puts a printer with an empty memory in the place of the present one. Its serial number is the same.
    fn new_printer(&mut self) {
        self.printer = None;
        let link = self.folder.path().join("printer");
        self.printer = Some(Rig::start(RigOptions::new(link)).unwrap());
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ferrotill.toml")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The device with the printer, under any id.
    fn device(&self, id: &str) -> Device {
        let link = self.folder.path().join("printer");
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        Device::new(id, "Till 1", &uri)
            .tax_group("A", "20.00")
            .tax_group("B", "8.00")
            .range("ABC", 1, 500, 8)
            .point_of_sale(POINT_OF_SALE, "1")
    }

    fn config(&self) -> ConfigText {
        ConfigText::new("MD", self.data())
            .owner("Test SRL", "1003600000001")
            .set("till", "time_zone", text("UTC"))
    }

    fn configure(&self, change: impl FnOnce(ConfigText) -> ConfigText) {
        let config = self.config().device(self.device(DEVICE)).upstream(NOBODY);
        self.write(&change(config).to_string());
    }

    fn write(&self, config: &str) {
        fs::write(self.file(), config).unwrap();
    }

    /// Writes a configuration in LIVE mode: the secret of the client is in a file.
    fn configure_live(&self, change: impl FnOnce(ConfigText) -> ConfigText) {
        self.configure_live_with(self.device(DEVICE), change);
    }

    fn configure_live_with(&self, device: Device, change: impl FnOnce(ConfigText) -> ConfigText) {
        let secret = self.folder.path().join("secret");
        fs::write(&secret, shop::SECRET).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let config = self.config().device(device);
        let config = change(config.set("till", "mode", text("LIVE"))).to_string();
        let in_file = format!("secret_file = {:?}", secret.display().to_string());
        self.write(&config.replace(&format!("secret = {:?}", shop::SECRET), &in_file));
    }

    fn agent(&self) -> Process {
        Process::agent(&self.file())
    }

    /// Checks that the service does not start. Returns the text on standard error.
    fn refuses(&self, arguments: &[&str]) -> String {
        folder::refuses(&self.file(), arguments)
    }

    fn database(&self) -> rusqlite::Connection {
        folder::database(&self.data())
    }

    /// The number under which the journal knows a device.
    fn fiscal_number(&self, device: &str) -> String {
        folder::identity(&self.data(), device).0
    }

    fn verify(&self) -> (Option<i32>, JsonValue) {
        finished(&["verify", "--config", self.file().to_str().unwrap()])
    }
}

fn sells(client: &Client) {
    let sold = client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
}

/// Sells and closes the day.
fn closes(client: &Client) {
    sells(client);
    let closed = client.post("operations/closeday", "");
    assert_eq!(closed.status, 200, "{}", closed.text);
}

/// The ids of the problems in `/healthz`. Those of the clock are left out: they depend on the machine.
fn problems(client: &Client) -> Vec<String> {
    let health = client.open("/healthz").body;
    if program::other().is_some() && health.get("problems").is_none() {
        // The health of an older program has no list of problems: it names none.
        return Vec::new();
    }
    let JsonValue::Array(problems) = value(&health, "problems") else {
        panic!("{health:?}");
    };
    let of = |problem: &JsonValue, name: &str| match value(problem, name) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{name}: {other:?}"),
    };
    for problem in problems {
        assert!(!of(problem, "fix").is_empty());
        if program::other().is_none() {
            check_says_of(
                "tests/own_books.rs",
                &of(problem, "id"),
                &of(problem, "says"),
            );
        }
    }
    let ids = problems.iter().map(|problem| of(problem, "id"));
    ids.filter(|id| !id.starts_with("clock")).collect()
}

/// The waiting sale of a test would reach the real office, in the name of the owner.
#[test]
fn a_till_with_documents_of_a_test_does_not_start_as_live() {
    let books = Books::new();
    let office = Process::authority();
    let agent = books.agent();
    sells(&agent.client);
    assert_eq!(
        count(&agent.client.open("/healthz").body, "unsent.documents"),
        1
    );
    drop(agent);
    books.configure_live(|config| config.upstream(&office.client.url));
    for arguments in [&[][..], &["--take-over"], &["--new-books"]] {
        let words = books.refuses(arguments);
        let expected = if arguments == ["--new-books"] {
            "has its journal, and `--new-books` is only for a data folder whose database or key is lost"
        } else {
            "is for country MD, currency MDL, mode TEST, and the configuration says country MD, currency MDL, mode LIVE"
        };
        assert!(words.contains(expected), "{words}");
    }
    let received = office.client.look("/sim/authority/received");
    assert_eq!(received, JsonValue::Array(Vec::new()));
    let (code, told) = books.verify();
    assert_eq!(code, Some(3));
    let JsonValue::Array(faults) = value(&told, "faults") else {
        panic!("{told:?}");
    };
    assert_eq!(
        value(&faults[0], "code"),
        &JsonValue::Text("founded_otherwise".to_owned())
    );
    books.configure(|config| config);
    assert_eq!(books.verify().0, Some(0));
}

/// The waiting sale would be acknowledged by an authority for tests, and the real office would never get it.
#[test]
fn a_till_with_documents_of_a_live_shop_does_not_start_as_test() {
    let books = Books::new();
    books.configure_live(|config| {
        config
            .upstream(NOBODY)
            .set("upstream", "environment", text("LIVE"))
    });
    let agent = books.agent();
    sells(&agent.client);
    drop(agent);
    let stand_in = Process::authority();
    books.configure(|config| config.upstream(&stand_in.client.url));
    let words = books.refuses(&[]);
    assert!(
        words.contains("mode LIVE, and the configuration says country MD, currency MDL, mode TEST"),
        "{words}"
    );
    let received = stand_in.client.look("/sim/authority/received");
    assert_eq!(received, JsonValue::Array(Vec::new()));
}

/// A waiting sale of 10.00 MDL would be told as 10.00 UAH.
#[test]
fn a_till_with_documents_of_one_country_does_not_start_in_another() {
    let books = Books::new();
    let agent = books.agent();
    sells(&agent.client);
    drop(agent);
    books.configure(|config| config.set("till", "country", text("UA")));
    let words = books.refuses(&[]);
    assert!(
        words.contains("is for country MD, currency MDL, mode TEST, and the configuration says country UA, currency UAH, mode TEST"),
        "{words}"
    );
}

#[test]
fn a_live_till_without_an_authority_does_not_start_and_a_test_till_says_so() {
    let books = Books::new();
    books.configure_live(|config| config);
    let words = books.refuses(&[]);
    assert!(
        words.contains("upstream: is missing, and the till is LIVE"),
        "{words}"
    );
    assert!(!books.data().exists(), "nothing is created");
    let config = books.config().device(books.device(DEVICE));
    books.write(&config.to_string());
    let agent = books.agent();
    sells(&agent.client);
    assert_eq!(problems(&agent.client), ["no_recipient"]);
}

#[test]
fn a_test_till_reaches_an_address_beyond_the_machine_only_if_the_file_says_that_it_is_for_tests() {
    let books = Books::new();
    let office = "https://office.example";
    books.configure(|config| config.upstream(office));
    let words = books.refuses(&[]);
    assert!(
        words.contains(r#"upstream.url: is "https://office.example", beyond this machine, and the till is TEST"#),
        "{words}"
    );
    books.configure(|config| {
        config
            .upstream(office)
            .set("upstream", "environment", text("LIVE"))
    });
    let words = books.refuses(&[]);
    assert!(words.contains("is LIVE and the till is TEST"), "{words}");
    books.configure(|config| {
        config
            .upstream(office)
            .set("upstream", "environment", text("TEST"))
    });
    let mut agent = books.agent();
    agent.stop();
}

#[test]
fn a_device_with_another_id_is_told_until_the_old_id_is_back() {
    let books = Books::new();
    let mut agent = books.agent();
    sells(&agent.client);
    assert_eq!(problems(&agent.client), Vec::<String>::new());
    agent.stop();
    let renamed = books.config().device(books.device(SECOND_DEVICE));
    books.write(&renamed.upstream(NOBODY).to_string());
    for _ in 0..2 {
        let mut agent = books.agent();
        assert!(
            problems(&agent.client).contains(&"device_unknown".to_owned()),
            "{:?}",
            problems(&agent.client)
        );
        agent.stop();
    }
    books.configure(|config| config);
    let agent = books.agent();
    assert!(!problems(&agent.client).contains(&"device_unknown".to_owned()));
    assert_eq!(books.verify().0, Some(0));
}

#[test]
fn a_device_that_is_added_beside_the_others_is_no_device_with_another_id() {
    let books = Books::new();
    let mut agent = books.agent();
    sells(&agent.client);
    agent.stop();
    two_of(&books, DEVICE, SECOND_DEVICE);
    for _ in 0..2 {
        let mut agent = books.agent();
        let found = problems(&agent.client);
        assert!(!found.contains(&"device_unknown".to_owned()), "{found:?}");
        agent.stop();
    }
    // A device that left the configuration at an earlier start makes no later device suspicious.
    let only = |id: &str| {
        let config = books.config().device(books.device(id));
        books.write(&config.upstream(NOBODY).to_string());
    };
    only(SECOND_DEVICE);
    let mut agent = books.agent();
    sells(&agent.client.on(SECOND_DEVICE));
    agent.stop();
    only(SECOND_DEVICE);
    books.agent().stop();
    two_of(&books, SECOND_DEVICE, THIRD_DEVICE);
    let agent = books.agent();
    let found = problems(&agent.client);
    assert!(!found.contains(&"device_unknown".to_owned()), "{found:?}");
}

/// The printer is that of the first device; the second device has none that answers.
fn two_of(books: &Books, first: &str, second: &str) {
    let second = Device::new(second, "Till 2", "datecs+tcp://127.0.0.1:9");
    let second = second.tax_group("A", "20.00");
    let config = books.config().device(books.device(first)).device(second);
    books.write(&config.upstream(NOBODY).to_string());
}

#[test]
fn a_new_device_is_no_longer_unknown_once_it_has_sold() {
    let books = Books::new();
    let mut agent = books.agent();
    sells(&agent.client);
    agent.stop();
    let renamed = books.config().device(books.device(SECOND_DEVICE));
    books.write(&renamed.upstream(NOBODY).to_string());
    let agent = books.agent();
    let is_unknown = || problems(&agent.client).contains(&"device_unknown".to_owned());
    assert!(is_unknown());
    sells(&agent.client.on(SECOND_DEVICE));
    assert!(!is_unknown());
}

#[test]
fn a_device_that_left_the_configuration_is_told_until_its_documents_are_acknowledged() {
    let books = Books::new();
    let mut agent = books.agent();
    closes(&agent.client);
    agent.stop();
    let office = Process::authority();
    let second = |office: &str| {
        let config = books.config().device(books.device(SECOND_DEVICE));
        books.write(&config.upstream(office).to_string());
    };
    let is_left_behind =
        |client: &Client| problems(client).contains(&"device_left_behind".to_owned());
    second(NOBODY);
    let mut agent = books.agent();
    assert!(is_left_behind(&agent.client));
    agent.stop();
    second(&office.client.url);
    let agent = books.agent();
    until("the documents are acknowledged", || {
        !is_left_behind(&agent.client)
    });
    until("the count says so too", || {
        count(&agent.client.open("/healthz").body, "unsent.documents") == 0
    });
}

/// The number of the only device stays its number when a second device is added, and when the first one is removed.
#[test]
fn the_number_of_a_device_does_not_depend_on_the_other_devices() {
    let books = Books::new();
    let number = text("J105002238");
    let numbered = || books.config().set("till", "registration_number", &number);
    let second =
        || Device::new(SECOND_DEVICE, "Till 2", "datecs+tcp://127.0.0.1:9").tax_group("A", "20.00");
    let first = || books.device(DEVICE);
    let configurations = [
        numbered().device(first()),
        numbered().device(first()).device(second()),
        numbered().device(second()).device(first()),
        numbered().device(second()),
        numbered().device(first()),
        books.config().device(first()).device(second()),
    ];
    for (place, config) in configurations.into_iter().enumerate() {
        books.write(&config.upstream(NOBODY).to_string());
        let mut agent = books.agent();
        agent.stop();
        assert_eq!(books.fiscal_number(DEVICE), "J105002238", "{place}");
        if place > 0 {
            assert_eq!(books.fiscal_number(SECOND_DEVICE), SECOND_DEVICE, "{place}");
        }
    }
    // What is written at a device is its number.
    let moved = second().set("registration_number", text("J7"));
    let config = numbered().device(first()).device(moved).upstream(NOBODY);
    books.write(&config.to_string());
    let mut agent = books.agent();
    agent.stop();
    assert_eq!(books.fiscal_number(SECOND_DEVICE), "J7");
    let twice = second().set("registration_number", &number);
    let config = books
        .config()
        .device(first())
        .device(twice)
        .upstream(NOBODY);
    books.write(&config.to_string());
    let words = books.refuses(&[]);
    assert!(
        words.contains("have the registration number \"J105002238\"; write the registration_number of each at its [[device]]"),
        "{words}"
    );
    assert_eq!(books.verify().0, Some(0));
}

/// The new id would be the till's number in the register of the authority, for ever.
#[test]
fn a_live_till_does_not_start_while_its_registration_number_belongs_to_no_device() {
    let books = Books::new();
    let number = text("J105002238");
    let live = |device: Device| {
        books.configure_live_with(device, |config| {
            config
                .upstream(NOBODY)
                .set("till", "registration_number", &number)
        });
    };
    let is_that_of = |device: &str| {
        let mut agent = books.agent();
        agent.stop();
        assert_eq!(books.fiscal_number(device), "J105002238");
    };
    live(books.device(DEVICE));
    is_that_of(DEVICE);
    live(books.device(SECOND_DEVICE));
    let words = books.refuses(&[]);
    let known = format!(
        "the data folder knows the till.registration_number \"J105002238\" as that of device {DEVICE}, which is not in the configuration"
    );
    let write = "write registration_number = \"J105002238\", or the number that the authority gave to it, at its [[device]]";
    let or = format!("put the old id {DEVICE} back");
    for part in [&known, write, &or] {
        assert!(words.contains(part), "{part}: {words}");
    }
    // Each of the two ways that the refusal names leads on.
    live(books.device(DEVICE));
    is_that_of(DEVICE);
    live(
        books
            .device(SECOND_DEVICE)
            .set("registration_number", &number),
    );
    is_that_of(SECOND_DEVICE);
    assert_eq!(books.verify().0, Some(0));
}

#[test]
fn a_snapshot_that_somebody_else_has_written_is_not_believed() {
    let books = Books::new();
    let mut agent = books.agent();
    let sells_without_printer = |client: &Client| {
        let id = uuid::Uuid::new_v4();
        let members =
            format!(r#"{{"id":"{id}","receiptMode":"AlternativeReceiptOnly","print":false,"#);
        let sold = client.post("operations/sale", &SALE.replacen('{', &members, 1));
        assert_eq!(sold.status, 200, "{}", sold.text);
    };
    let snapshots = || -> i64 {
        let count = "SELECT count(*) FROM snapshot";
        let database = books.database();
        database.query_row(count, [], |row| row.get(0)).unwrap()
    };
    let mut sold = 0;
    while snapshots() == 0 {
        sells_without_printer(&agent.client);
        sold += 1;
        assert!(sold < 300, "a snapshot is stored after 256 rows");
    }
    sells_without_printer(&agent.client);
    agent.stop();
    // Somebody says that the last sale is in the snapshot already.
    let changed = books.database().execute(
        "UPDATE snapshot SET seq = (SELECT max(seq) FROM journal)",
        [],
    );
    assert_eq!(changed, Ok(1));
    assert_eq!(books.verify().0, Some(1));
    let agent = books.agent();
    sells_without_printer(&agent.client);
    let numbers: Vec<u32> = books
        .database()
        .prepare("SELECT number FROM document ORDER BY reserved_seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let expected: Vec<u32> = (1..=sold + 2).collect();
    assert_eq!(numbers, expected, "the numbers of the journal go on");
    assert_eq!(problems(&agent.client), ["snapshot_changed"]);
}

#[test]
fn new_books_begin_only_where_the_old_ones_are_lost_and_a_person_says_so() {
    let books = Books::new();
    let mut agent = books.agent();
    sells(&agent.client);
    agent.stop();
    fs::remove_file(books.data().join("ferrotill.db")).unwrap();
    let words = books.refuses(&[]);
    assert!(
        words.contains("begin new books with `ferrotill run --new-books`"),
        "{words}"
    );
    let file = books.file();
    let begin = ["run", "--config", file.to_str().unwrap(), "--new-books"];
    let mut agent = Process::start(&begin);
    assert!(books.data().join("lost-1/journal.key").exists());
    until("the printer is connected", || {
        problems(&agent.client) == ["printer_ahead"]
    });
    agent.stop();
    assert!(books.refuses(&["--new-books"]).contains("start without it"));
    let agent = books.agent();
    assert_eq!(books.verify().0, Some(0));
    until("the printer is connected", || {
        problems(&agent.client) == ["printer_ahead"]
    });
    closes(&agent.client);
    // The Z-report has what is different from the printer.
    let found = problems(&agent.client);
    assert!(!found.contains(&"printer_ahead".to_owned()), "{found:?}");
    assert!(found.contains(&"z_report_differs".to_owned()), "{found:?}");
}

#[test]
fn the_data_of_a_newer_program_is_refused_with_the_program_that_reads_it() {
    let books = Books::new();
    let mut agent = books.agent();
    agent.stop();
    books
        .database()
        .execute_batch(
            "UPDATE written_by SET program = 'ferrotill 9.1.0'; PRAGMA user_version = 99;",
        )
        .unwrap();
    let (code, words) = folder::refused_start(&books.file(), &[]);
    assert_eq!(code, Some(1), "{words}");
    assert!(
        words.contains("has version 99, and this program reads version 16 at most; use ferrotill 9.1.0 or a newer one"),
        "{words}"
    );
}

/// The fiscal memory was lost or exchanged. Less than that stops a printer from getting receipts, and this must be told.
#[test]
fn a_printer_whose_counters_went_back_is_told_until_the_day_is_closed() {
    let mut books = Books::new();
    let mut agent = books.agent();
    sells(&agent.client);
    sells(&agent.client);
    assert_eq!(problems(&agent.client), Vec::<String>::new());
    agent.stop();
    books.new_printer();
    let agent = books.agent();
    until("the printer is connected", || {
        problems(&agent.client) == ["printer_counters_back"]
    });
    closes(&agent.client);
    // The Z-report has what is different from the printer, until the next one agrees.
    let has = |id: &str| problems(&agent.client).contains(&id.to_owned());
    assert!(!has("printer_counters_back") && has("z_report_differs"));
    closes(&agent.client);
    assert!(!has("z_report_differs"));
}

/// A database whose log was removed is an older copy: the last documents are gone.
#[test]
fn a_log_that_was_removed_early_is_told() {
    let books = Books::new();
    let mut agent = books.agent();
    agent.stop();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    books
        .database()
        .query_row(checkpoint, [], |_| Ok(()))
        .unwrap();
    let anchor = || fs::read(books.data().join("journal.anchor")).unwrap();
    let before = anchor();
    let mut agent = books.agent();
    sells(&agent.client);
    until("the first document of the shift is anchored", || {
        anchor() != before
    });
    agent.kill();
    for name in ["ferrotill.db-wal", "ferrotill.db-shm"] {
        fs::remove_file(books.data().join(name)).unwrap();
    }
    let agent = books.agent();
    until("the printer is connected", || {
        problems(&agent.client) == ["journal_cut", "printer_ahead"]
    });
    assert_eq!(books.verify().0, Some(1));
}

#[test]
fn the_data_folder_is_private_whatever_the_umask() {
    let books = Books::new();
    let file = books.file();
    let agent = format!(
        "umask 000; exec {} --json run --config {}",
        program_path().display(),
        file.display()
    );
    let agent = Process::shell(&agent);
    sells(&agent.client);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&books.data()), 0o700);
    for entry in fs::read_dir(books.data()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    assert_eq!(problems(&agent.client), Vec::<String>::new());
}

/// A full disk, or a file that somebody else has made: the till sells without it, and says so until a call could be written.
#[test]
fn a_till_that_cannot_keep_its_ended_calls_sells_and_says_so() {
    let books = Books::new();
    let mut agent = books.agent();
    agent.stop();
    let file = books.data().join("calls.ended");
    let _ = fs::remove_file(&file);
    fs::create_dir(&file).unwrap();
    let agent = books.agent();
    assert_eq!(problems(&agent.client), ["calls_not_kept"]);
    sells(&agent.client);
    assert_eq!(problems(&agent.client), ["calls_not_kept"]);
    fs::remove_dir(&file).unwrap();
    sells(&agent.client);
    until("the call is written to the file", || {
        problems(&agent.client).is_empty()
    });
}

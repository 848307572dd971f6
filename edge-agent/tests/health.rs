//! Each problem of `/healthz`: what causes it, what a caller, the log, health and the metrics say of it, and when it ends. The table of
//! `docs/HEALTH.md` is compared with what these tests see.

mod shop;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ferrotill::status::problems::{ProblemKind, Severity};
use ferrotill_device::emulator::{FaultKind, FaultOrder, Power, Rig, RigOptions};
use ferrotill_device::printer::Paper;
use ferrotill_testkit::config::ConfigText;
use ferrotill_testkit::health_page::{PAGE, cells, check_says, masked, row};
use shop::outside::{Process, run_agent_process, until};
use shop::{Client, DEVICE, Reply, config};

/// A problem that is not in health after this time does not appear. How soon it must be there on a machine with nothing else to do
/// follows from the periods of the agent's looks, which their own tests and assertions check: a busy machine proves no time.
const APPEARS_WITHIN: Duration = Duration::from_secs(30);

/// The process of [`Process::skippable_agent`].
#[test]
fn agent_process() {
    run_agent_process();
}

struct Shop {
    rig: Rig,
    office: Process,
    agent: Option<Process>,
    folder: tempfile::TempDir,
    log: PathBuf,
}

impl Shop {
    /// A shop whose agent is not started yet.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rig = Rig::start(RigOptions::new(folder.path().join("printer"))).unwrap();
        Self {
            rig,
            office: Process::authority(),
            agent: None,
            log: folder.path().join("log"),
            folder,
        }
    }

    fn open(change: impl FnOnce(ConfigText) -> ConfigText) -> Self {
        let mut shop = Self::new();
        shop.start(change);
        shop.wait_for_the_printer();
        shop
    }

    fn books(&self) -> PathBuf {
        self.folder.path().join("books")
    }

    /// Writes the configuration, and returns the path of its file.
    fn configure(&self, change: impl FnOnce(ConfigText) -> ConfigText) -> PathBuf {
        let link = self.folder.path().join("printer");
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let text = config(&self.books(), &uri, &self.office.client.url)
            // The clock of the emulated printer shows UTC.
            .set("till", "time_zone", "\"UTC\"");
        let file = self.folder.path().join("ferrotill.toml");
        fs::write(&file, change(text).to_string()).unwrap();
        file
    }

    /// Starts the agent, instead of one that runs.
    fn start(&mut self, change: impl FnOnce(ConfigText) -> ConfigText) {
        self.agent = None;
        let file = self.configure(change);
        let log = File::options().append(true).create(true).open(&self.log);
        self.agent = Some(Process::agent_with_log(&file, log.unwrap()));
    }

    fn wait_for_the_printer(&self) {
        until("the printer is connected", || {
            self.health().at("printers.0.connected") == "true"
        });
    }

    fn client(&self) -> &Client {
        &self.agent.as_ref().unwrap().client
    }

    fn health(&self) -> Reply {
        self.client().open("/healthz")
    }

    fn office(&self, state: &str) {
        let url = format!("{}/sim/authority", self.office.client.url);
        let body = format!(r#"{{"state":"{state}"}}"#);
        let answer = ureq::put(url).content_type("application/json").send(body);
        assert_eq!(answer.unwrap().status(), 200);
    }

    fn sells(&self) -> Reply {
        self.client().post("operations/sale", &sale("", ""))
    }

    fn printer_fault(&self, kind: FaultKind, command: u8) {
        self.rig.add_fault(FaultOrder {
            kind,
            command: Some(command),
            times: 1,
            ms: 0,
        });
    }
}

fn sale(id: &str, more: &str) -> String {
    let id = if id.is_empty() {
        uuid::Uuid::new_v4().to_string()
    } else {
        id.to_owned()
    };
    format!(
        r#"{{"id":"{id}",{more}"items":[{{"name":"Piine","quantity":1,"price":1.00,"taxGroupCode":"B"}}],"payments":[{{"typeCode":0,"amount":1.00}}]}}"#
    )
}

/// A problem as `/healthz` lists it.
struct Listed {
    says: String,
    severity: String,
}

fn listed(health: &Reply, id: &str) -> Option<Listed> {
    (0..health.list("problems")).find_map(|place| {
        let of = |name: &str| health.at(&format!("problems.{place}.{name}"));
        (of("id") == id).then(|| {
            assert!(!of("fix").is_empty() && of("since").ends_with('Z'));
            Listed {
                says: of("says"),
                severity: of("severity"),
            }
        })
    })
}

/// What was seen of a problem.
struct Seen<'s> {
    shop: &'s Shop,
    id: &'static str,
    says: String,
}

/// Waits until the problem is in health, and compares health, log and metrics.
fn appears<'s>(shop: &'s Shop, id: &'static str) -> Seen<'s> {
    let begun = Instant::now();
    let (health, problem) = loop {
        let health = shop.health();
        if let Some(problem) = listed(&health, id) {
            break (health, problem);
        }
        let late = begun.elapsed() > APPEARS_WITHIN;
        assert!(!late, "{id} does not appear: {}", health.text);
        std::thread::yield_now();
    };
    let kind = ProblemKind::ALL.iter().find(|kind| kind.id() == id);
    assert_eq!(
        Some(&*problem.severity),
        kind.map(|kind| kind.severity.name())
    );
    check_says(id, &problem.says);
    let (status, code) = (health.at("status"), health.status);
    match &*problem.severity {
        "failing" => assert_eq!((&*status, code), ("failing", 503)),
        "degraded" => assert_ne!(status, "ok"),
        _ => assert!(matches!(code, 200 | 503)),
    }
    let metrics = metrics(shop.client());
    let gauge = gauge_of(id, &problem.severity);
    let line = metrics.lines().find(|line| line.starts_with(&gauge));
    assert!(line.is_some_and(|line| !line.ends_with(" 0")), "{line:?}");
    let log = fs::read_to_string(&shop.log).unwrap();
    // The line has the text of the problem, its fix, or both.
    let level = cells(id)[5].trim_matches('`');
    let field = format!("problem=\"{id}\"");
    let begins =
        |line: &str| line.contains(level) && line.contains(&problem.says) && line.contains(&field);
    assert!(log.lines().any(begins), "{id} ({}): {log}", problem.says);
    Seen {
        shop,
        id,
        says: problem.says,
    }
}

/// The line of a problem in the metrics, up to the number.
fn gauge_of(id: &str, severity: &str) -> String {
    format!("ferrotill_problem{{id=\"{id}\",severity=\"{severity}\"}} ")
}

fn metrics(client: &Client) -> String {
    let mut answer = ureq::get(format!("{}/metrics", client.url)).call().unwrap();
    answer.body_mut().read_to_string().unwrap()
}

/// The status of `/readyz`.
fn ready(client: &Client) -> u16 {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    let agent = config.build().new_agent();
    let answer = agent.get(format!("{}/readyz", client.url)).call();
    answer.unwrap().status().as_u16()
}

impl Seen<'_> {
    /// Compares the answer that a caller got, and what health says, with the row of the page.
    #[must_use]
    fn answered(self, caller: Option<&Reply>) -> Self {
        let caller = caller.map_or_else(
            || "nothing".to_owned(),
            |reply| match (reply.status, reply.at("errorType")) {
                (200, _) => format!("200 {}", reply.at("data.receiptType")),
                (status, error) => format!("{status} {error}"),
            },
        );
        let expected = format!("{caller} | {}", masked(&self.says));
        let row = row(self.id);
        assert!(
            row.contains(&expected),
            "docs/HEALTH.md needs for {}:\n{expected}",
            self.id
        );
        self
    }

    /// Waits until the problem is no longer in health, and looks for its end in the log.
    fn ends(self) {
        let Self { shop, id, .. } = self;
        until("the problem is over", || {
            listed(&shop.health(), id).is_none()
        });
        let log = fs::read_to_string(&shop.log).unwrap();
        let ends = |line: &str| line.contains(id) && line.contains("the problem is over");
        assert!(log.lines().any(ends), "{id}: {log}");
        let gauge = format!("ferrotill_problem{{id=\"{id}\"");
        let metrics = metrics(shop.client());
        let line = metrics.lines().find(|line| line.starts_with(&gauge));
        assert!(line.is_some_and(|line| line.ends_with(" 0")), "{line:?}");
    }
}

#[test]
fn a_printer_that_is_switched_off() {
    let shop = Shop::open(|config| config);
    shop.rig.set_power(Power::Off);
    let seen = appears(&shop, "printer");
    let refused = shop.client().post(
        "operations/sale",
        &sale("", r#""receiptMode":"FiscalReceiptOnly","#),
    );
    let seen = seen.answered(Some(&refused));
    assert_eq!(ready(shop.client()), 200);
    shop.rig.set_power(Power::On);
    seen.ends();
}

#[test]
fn a_printer_without_paper() {
    let shop = Shop::open(|config| config);
    shop.rig.set_paper(Paper::Out);
    let seen = appears(&shop, "printer_condition");
    let seen = seen.answered(Some(&shop.sells()));
    shop.rig.set_paper(Paper::Ok);
    seen.ends();
}

#[test]
fn a_printer_with_other_tax_rates() {
    let mut shop = Shop::open(|config| {
        config.change_device(0, |device| {
            device
                .without_tax_groups()
                .tax_group("A", "20.00")
                .tax_group("B", "9.00")
        })
    });
    let seen = appears(&shop, "printer_objections");
    let _ = seen.answered(Some(&shop.sells()));
    shop.start(|config| config);
    shop.wait_for_the_printer();
    assert!(listed(&shop.health(), "printer_objections").is_none());
}

#[test]
fn a_document_that_waits_for_a_person_on_a_device_that_has_left_the_configuration() {
    const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0093";
    let mut shop = Shop::open(|config| config);
    shop.printer_fault(FaultKind::PowerCut, 0x38);
    let caller = std::thread::spawn({
        let client = shop.client().clone();
        move || client.call("POST", "operations/sale", &sale(ID, ""), |_| ())
    });
    until("the close is executed", || {
        shop.rig.snapshot(false).power != "on"
    });
    shop.agent.as_mut().unwrap().kill();
    drop(caller.join().unwrap());
    // Another device: the one that made the document is not asked any more.
    shop.start(|config| {
        let other = ferrotill_testkit::config::Device::new(
            "0875b8a5-0668-41a3-a3fa-8eeccf66d290",
            "Till 2",
            "escpos+tcp://127.0.0.1:9",
        )
        .tax_group("B", "8.00")
        .point_of_sale(shop::POINT_OF_SALE, "1");
        config.change_device(0, |_| other)
    });
    let shown = shop.client().open(&format!("/operations/{ID}"));
    assert_eq!(shown.at("needs_a_person"), "true", "{}", shown.text);
    let waits = appears(&shop, "document_waits").answered(None);
    let left = appears(&shop, "device_left_behind").answered(None);
    let declared = shop
        .client()
        .on("0875b8a5-0668-41a3-a3fa-8eeccf66d290")
        .declare(ID, r#"{"registered":false,"by":"Maria Popescu"}"#);
    assert_eq!(declared.status, 200, "{}", declared.text);
    waits.ends();
    left.ends();
}

#[test]
fn an_office_that_refuses() {
    let shop = Shop::open(|config| config);
    shop.office("refuse");
    let sold = shop.sells();
    let seen = appears(&shop, "documents_refused").answered(Some(&sold));
    shop.office("up");
    seen.ends();
}

#[test]
fn an_office_that_cannot_be_reached_and_an_owner_whose_limit_is_reached() {
    let shop = Shop::open(|config| {
        config
            .set("offline", "documents_unsent", 1)
            .set("offline", "at_the_end", r#""warn""#)
    });
    shop.office("down");
    let mut sold = shop.sells();
    until("sales get alternative receipts", || {
        if sold.at("data.receiptType") == "FiscalReceipt" && sold.status == 200 {
            sold = shop.sells();
        }
        sold.at("data.receiptType") != "FiscalReceipt"
    });
    let offline = appears(&shop, "office_offline");
    let limit = appears(&shop, "offline_limit").answered(Some(&shop.sells()));
    let offline = offline.answered(Some(&sold));
    shop.office("up");
    offline.ends();
    limit.ends();
}

#[test]
fn few_numbers_for_alternative_receipts() {
    let mut shop = Shop::open(|config| {
        config.change_device(0, |device| device.without_ranges().range("ABC", 1, 10, 8))
    });
    let _ = appears(&shop, "alternative_numbers").answered(Some(&shop.sells()));
    shop.start(|config| {
        config.change_device(0, |device| device.without_ranges().range("ABC", 1, 500, 8))
    });
    assert!(listed(&shop.health(), "alternative_numbers").is_none());
}

#[test]
fn what_a_start_finds_in_configuration_and_folder() {
    let mut shop = Shop::new();
    fs::create_dir(shop.books()).unwrap();
    fs::write(shop.books().join("notes.txt"), "of another program").unwrap();
    fs::set_permissions(shop.books(), fs::Permissions::from_mode(0o755)).unwrap();
    shop.start(|config| {
        config
            .set("till", "registration_number", r#""1234567""#)
            .change_device(0, |device| {
                device.set("registration_number", r#""7654321""#)
            })
    });
    let _ = appears(&shop, "registration_number_unused").answered(None);
    let open_folder = appears(&shop, "folder_not_private").answered(None);
    fs::set_permissions(shop.books(), fs::Permissions::from_mode(0o700)).unwrap();
    open_folder.ends();
    shop.start(|config| {
        config.change_device(0, |device| {
            device.set("registration_number", r#""7654321""#)
        })
    });
    for id in ["folder_not_private", "registration_number_unused"] {
        assert!(listed(&shop.health(), id).is_none(), "{id}");
    }
}

/// Another program holds the database, and changes a row of the journal.
#[test]
fn a_store_that_cannot_be_written_and_a_journal_that_was_changed() {
    let shop = Shop::open(|config| config);
    assert_eq!(shop.sells().status, 200);
    let database = rusqlite::Connection::open(shop.books().join("ferrotill.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = shop.sells();
    // A call that no transaction could begin for is not told that the agent is stopping.
    assert!(!refused.text.contains("stopping"), "{}", refused.text);
    let seen = appears(&shop, "journal_unwritable").answered(Some(&refused));
    assert_eq!(ready(shop.client()), 503);
    database.execute_batch("ROLLBACK").unwrap();
    seen.ends();
    assert_eq!(ready(shop.client()), 200);
    assert_eq!(shop.sells().status, 200);
    let triggers: Vec<(String, String)> = database
        .prepare(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'journal'",
        )
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let _ = shop.sells();
    for (name, _) in &triggers {
        database
            .execute_batch(&format!("DROP TRIGGER {name}"))
            .unwrap();
    }
    let change = |to: &str| {
        database
            .execute_batch(&format!(
                "UPDATE journal SET mac = {to} WHERE seq = (SELECT max(seq) FROM journal)"
            ))
            .unwrap()
    };
    let mac: Vec<u8> = database
        .query_row(
            "SELECT mac FROM journal ORDER BY seq DESC LIMIT 1",
            [],
            |row| row.get(0),
        )
        .unwrap();
    change("zeroblob(32)");
    // The agent, which waits for the lock, reads the journal again before it waits the next time.
    database.execute_batch("COMMIT; BEGIN IMMEDIATE").unwrap();
    let seen = appears(&shop, "chain_broken");
    let seen = seen.answered(Some(&shop.sells()));
    database.execute_batch("ROLLBACK").unwrap();
    let mac: String = mac.iter().map(|byte| format!("{byte:02x}")).collect();
    change(&format!("x'{mac}'"));
    for (_, sql) in &triggers {
        database.execute_batch(sql).unwrap();
    }
    seen.ends();
    assert_eq!(shop.sells().status, 200);
}

/// A file system in memory. Dropping this value removes it.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` if this user may not mount a file system.
    fn mount(folder: &Path) -> Option<Self> {
        fs::create_dir(folder).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=12m,mode=0700", "tmpfs"])
            .arg(folder)
            .output();
        let mounted = mounted.is_ok_and(|mounted| mounted.status.success());
        mounted.then(|| Self(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn a_disk_that_is_nearly_full_and_one_that_is_full() {
    let mut shop = Shop::new();
    let Some(_disk) = SmallDisk::mount(&shop.books()) else {
        eprintln!("this user may not mount a file system: the test is skipped");
        return;
    };
    shop.start(|config| config);
    shop.wait_for_the_printer();
    assert_eq!(shop.sells().status, 200);
    let ballast = shop.books().join("ballast");
    let fill = |kib: usize| {
        let mut file = File::create(&ballast).unwrap();
        let block = [0_u8; 4_096];
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(u64::try_from(kib * 1_024).unwrap()))
            .unwrap();
    };
    fill(900);
    let nearly = appears(&shop, "disk_nearly_full");
    assert_eq!(shop.sells().status, 200);
    fill(0);
    let mut refused = shop.sells();
    until("a sale is refused", || {
        if refused.status == 200 {
            refused = shop.sells();
        }
        refused.status != 200
    });
    let full = appears(&shop, "disk_full").answered(Some(&refused));
    assert_eq!(ready(shop.client()), 503);
    fs::remove_file(&ballast).unwrap();
    full.ends();
    nearly.ends();
    assert_eq!(ready(shop.client()), 200);
    assert_eq!(shop.sells().status, 200);
}

#[test]
fn a_shift_that_ends_soon_and_one_that_is_over() {
    let till = shop::till::Till::open();
    let answer = |path: &str| {
        let answer = ureq::get(format!("{}{path}", till.client().url))
            .call()
            .unwrap();
        answer
            .headers()
            .get("x-shift-ends")
            .map(|ends| ends.to_str().unwrap().to_owned())
    };
    assert!(till.sells());
    let pass_to = |hours: i64| {
        till.printer_ahead_s
            .store(hours * 3_600 + 60, Ordering::Release);
        till.clock.set_offset(hours * 3_600 + 60);
    };
    pass_to(21);
    assert!(listed(&till.health(), "shift_ends").is_none());
    assert_eq!(answer("/livez"), None);
    pass_to(23);
    let health = till.health();
    let soon = listed(&health, "shift_ends").expect("the shift ends soon");
    check_says("shift_ends", &soon.says);
    let ends = answer("/livez").expect("a header");
    assert!(soon.says.contains(&ends), "{ends}");
    pass_to(24);
    let over = listed(&till.health(), "shift_too_long").expect("the shift is over");
    check_says("shift_too_long", &over.says);
    assert!(listed(&till.health(), "shift_ends").is_none());
    let refused = till.client().post("operations/sale", &sale("", ""));
    let told = format!("{} {}", refused.status, refused.at("errorType"));
    assert!(row("shift_too_long").contains(&told), "{told}");
    let closed = till.client().post("operations/closeday", "");
    assert_eq!(closed.status, 200, "{}", closed.text);
    assert!(listed(&till.health(), "shift_too_long").is_none());
    assert_eq!(answer("/livez"), None);
}

/// A kind of problem without a row fails, and so does a row whose test does not exist.
#[test]
fn the_page_has_a_row_for_each_problem_and_each_row_names_a_test() {
    let agent = Path::new(env!("CARGO_MANIFEST_DIR"));
    for kind in ProblemKind::ALL {
        let (row, cells) = (row(kind.id()), cells(kind.id()));
        assert_eq!(cells.len(), 8, "{row}");
        assert!(matches!(cells[5], "`WARN`" | "`ERROR`"), "{row}");
        let gauge = gauge_of(kind.id(), kind.severity.name());
        assert_eq!(cells[6], format!("`{gauge}1`"), "{row}");
        let named = cells[1].trim_matches('`');
        let (file, test) = named.split_once(' ').unwrap_or_else(|| panic!("{named}"));
        let source =
            fs::read_to_string(agent.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(source.contains(&format!("fn {test}()")), "{named}");
        assert!(cells.iter().all(|cell| !cell.is_empty()), "{row}");
        if !named.starts_with("tests/health.rs") {
            // One function logs these problems, with the level of their severity.
            let level = match kind.severity {
                Severity::Warning => "`WARN`",
                Severity::Degraded | Severity::Failing => "`ERROR`",
            };
            assert_eq!(cells[5], level, "{row}");
        }
        // The test compares what health says with the page, which must say something.
        assert!(source.contains("check_says"), "{named}");
        let words = cells[4].split_whitespace().filter(|word| *word != "…");
        assert!(words.count() >= 5, "{row}");
    }
    let rows = PAGE.lines().filter(|line| line.starts_with("| `"));
    assert_eq!(rows.count(), ProblemKind::ALL.len());
    // The first device of the shop, which health names.
    assert!(!PAGE.contains(DEVICE));
}

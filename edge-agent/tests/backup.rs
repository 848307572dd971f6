//! `backup` and `restore`: a copy made while the till sells, a machine that is lost, and a new one that goes on with higher numbers.

mod shop;

use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use ferrotill_testkit::health_page::check_says;
use shop::outside::{Process, finished, program, until};
use shop::till::SALE;
use shop::{config, value};

/// A till whose printer and authority are processes with switches.
struct BackupShop {
    printer: Process,
    authority: Process,
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl BackupShop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
        let printer = Process::emulator(&link, &memory, "115200");
        let authority = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let config = config(&folder.path().join("books"), &uri, &authority.client.url).set(
            "api",
            "listen",
            text(free_address()),
        );
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        Self {
            printer,
            authority,
            file,
            folder,
        }
    }

    fn books(&self) -> PathBuf {
        self.folder.path().join("books")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn verb(&self, arguments: &[&str]) -> (i32, JsonValue) {
        let file = self.file.to_str().unwrap();
        let (code, told) = finished(&[arguments, &["--config", file]].concat());
        (code.unwrap(), told)
    }

    fn done(&self, arguments: &[&str]) -> JsonValue {
        let (code, told) = self.verb(arguments);
        assert_eq!(code, 0, "{arguments:?}: {told}");
        told
    }

    fn authority_state(&self) -> JsonValue {
        let url = format!("{}/sim/authority", self.authority.client.url);
        let text = ureq::get(url).call().unwrap().into_body().read_to_vec();
        JsonValue::parse(&text.unwrap()).unwrap()
    }

    /// The kinds, ids and numbers of all documents in the data folder.
    fn documents(&self) -> Vec<(String, String, u32)> {
        let listed = self.done(&["receipts", "--kind", "all"]);
        let JsonValue::Array(list) = value(&listed, "receipts") else {
            panic!("{listed}");
        };
        let text = |node: &JsonValue, name| told(value(node, name));
        list.iter()
            .map(|it| {
                let number = text(it, "number").parse().unwrap();
                (text(it, "kind"), text(it, "id"), number)
            })
            .collect()
    }
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn told(value: &JsonValue) -> String {
    match value {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        other => other.to_string(),
    }
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn what_was_sold_after_the_backup_is_named_and_no_number_comes_twice() {
    let shop = BackupShop::new();
    let backup = shop.path("till.backup");
    let mut agent = Process::agent(&shop.file);
    for _ in 0..5 {
        assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    }
    // The copy is made while the till sells.
    let seller = std::thread::spawn({
        let client = agent.client.clone();
        move || {
            for _ in 0..5 {
                assert_eq!(client.post("operations/sale", SALE).status, 200);
            }
        }
    });
    let made = shop.done(&["backup", "create", name(&backup)]);
    seller.join().unwrap();
    let copied: u32 = told(value(&made, "backup.documents")).parse().unwrap();
    assert!((5..=10).contains(&copied), "{made}");
    shop.done(&["backup", "verify", name(&backup)]);
    let listed = shop.done(&["backup", "list", name(shop.folder.path())]);
    assert_eq!(told(value(&listed, "backups.0.file")), name(&backup));
    // A file is never written over.
    assert_eq!(shop.verb(&["backup", "create", name(&backup)]).0, 2);

    for _ in 0..20 {
        assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    }
    until("the authority has everything", || {
        let received = shop.authority_state();
        told(value(&received, "received")) == "30"
    });
    let before = shop.documents();
    assert_eq!(before.len(), 30);
    // A folder that has its journal is not restored, also while its agent runs.
    let (code, refused) = shop.verb(&["restore", name(&backup)]);
    assert_eq!(code, 1, "{refused}");
    agent.kill();
    drop(agent);

    // The machine is lost.
    fs::rename(shop.books(), shop.path("lost")).unwrap();
    let restored = shop.done(&["restore", name(&backup)]);
    let lost = 30 - copied;
    assert_eq!(
        told(value(&restored, "devices.0.printer_documents.count")),
        lost.to_string(),
        "{restored}"
    );
    assert_eq!(
        told(value(&restored, "devices.0.last_number")),
        copied.to_string()
    );
    // Nothing is sold before a person has accepted that.
    let output = program()
        .args(["run", "--config", name(&shop.file)])
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{words}");
    assert!(words.contains("--accept-loss"), "{words}");
    let accepted = shop.done(&["restore", name(&backup), "--accept-loss", "--by", "Maria"]);
    assert_eq!(value(&accepted, "accepted"), &JsonValue::Bool(true));
    shop.done(&["verify"]);
    // It is accepted once: the till may have sold meanwhile.
    let (code, refused) = shop.verb(&["restore", name(&backup), "--accept-loss"]);
    assert_eq!(
        (code, told(value(&refused, "error.code"))),
        (7, "RestoredBefore".to_owned())
    );

    let agent = Process::agent(&shop.file);
    // The copy may have a document that was at the printer: the counters are too far ahead to prove it, so a person says what became
    // of it.
    until("the till sells", || {
        let health = agent.client.open("/healthz").body;
        if let JsonValue::Text(id) = value(&health, "printers.0.needs_a_person") {
            shop.done(&["settle", id, "--registered", "--by", "Maria"]);
        }
        agent.client.post("operations/sale", SALE).status == 200
    });
    let after = shop.documents();
    let (kept, new) = after.split_at(usize::try_from(copied).unwrap());
    assert_eq!(
        kept,
        &before[..kept.len()],
        "what was in the backup is there"
    );
    let highest = before.iter().map(|it| it.2).max().unwrap();
    assert!(new.iter().all(|it| it.2 > highest), "{new:?}");
    // What the backup had is sent once: the authority recognises it.
    until("the authority has the new sale", || {
        let received = shop.authority_state();
        told(value(&received, "received")) == "31"
    });
    shop.done(&["verify"]);
    // The printer counts the lost documents too, so the Z-report of this shift differs by them, and nothing else does.
    let z = agent.client.post("operations/closeday", "{}");
    assert_eq!(z.status, 200, "{}", z.text);
    let (_, verified) = shop.verb(&["verify"]);
    let JsonValue::Array(faults) = value(&verified, "faults") else {
        panic!("{verified}");
    };
    let codes: Vec<String> = faults.iter().map(|it| told(value(it, "code"))).collect();
    assert!(codes.iter().all(|code| code == "unreconciled"), "{codes:?}");
    // The next day reconciles again.
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    let z = agent.client.post("operations/closeday", "{}");
    assert_eq!(z.status, 200, "{}", z.text);
    let (_, verified) = shop.verb(&["verify"]);
    assert_eq!(
        value(&verified, "z_reports.1.agrees"),
        &JsonValue::Bool(true),
        "{verified}"
    );
    // The gap in the numbers is known to an export.
    let out = shop.path("month");
    let (_, manifest) = shop.verb(&["export", "--out", name(&out)]);
    let gaps = value(&manifest, "gaps").to_string();
    assert!(gaps.contains("accepted_loss"), "{gaps}");
    assert!(!gaps.contains("numbers_missing"), "{gaps}");
    drop(shop.printer);
}

/// The shift of the backup goes on, and its next Z-report has a number above the lost one.
#[test]
fn documents_whose_z_report_is_lost_are_counted_by_the_next_one() {
    let shop = BackupShop::new();
    let backup = shop.path("till.backup");
    let mut agent = Process::agent(&shop.file);
    for _ in 0..3 {
        assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    }
    shop.done(&["backup", "create", name(&backup)]);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    let z = agent.client.post("operations/closeday", "{}");
    assert_eq!(z.status, 200, "{}", z.text);
    agent.kill();
    drop(agent);
    fs::rename(shop.books(), shop.path("lost")).unwrap();
    shop.done(&["restore", name(&backup)]);
    shop.done(&["restore", name(&backup), "--accept-loss", "--by", "Maria"]);
    let agent = Process::agent(&shop.file);
    until("the till sells", || {
        agent.client.post("operations/sale", SALE).status == 200
    });
    let z = agent.client.post("operations/closeday", "{}");
    assert_eq!(z.status, 200, "{}", z.text);
    let out = shop.path("month");
    let (_, manifest) = shop.verb(&["export", "--out", name(&out)]);
    let gaps = value(&manifest, "gaps").to_string();
    assert!(gaps.contains("counted by Z-report 2"), "{gaps}");
    assert!(!gaps.contains("shift_without_z_report"), "{gaps}");
    drop(shop.printer);
}

/// Until the agent has met the printer, a sale is answered with its state; then it is refused with the problem.
fn is_stopped(shop: &BackupShop, agent: &Process) {
    let listed = || {
        let health = agent.client.open("/healthz").body;
        let JsonValue::Array(problems) = value(&health, "problems").clone() else {
            panic!("{health}");
        };
        let mut found = problems.into_iter();
        found.find(|it| told(value(it, "id")) == "receipts_of_others")
    };
    until("the till meets the printer", || listed().is_some());
    let problem = listed().unwrap();
    let says = told(value(&problem, "says"));
    check_says("receipts_of_others", &says);
    let fix = told(value(&problem, "fix"));
    assert!(
        fix.contains("ferrotill settle ") && fix.contains("--go-on"),
        "{fix}"
    );
    let before = shop.documents().len();
    for mode in ["FiscalReceiptOnly", "AlternativeReceiptOnly"] {
        let body = SALE.replacen(
            '{',
            &format!(r#"{{"receiptMode":"{mode}","print":false,"#),
            1,
        );
        let refused = agent.client.post("operations/sale", &body);
        assert_eq!(
            told(value(&refused.body, "errorType")),
            "ReceiptsOfOthers",
            "{}",
            refused.text
        );
    }
    assert_eq!(shop.documents().len(), before);
    let (code, _) = shop.verb(&["status"]);
    assert_ne!(code, 0, "the till does not sell");
}

#[test]
fn the_old_machine_of_a_restored_till_sells_nothing_once_it_meets_the_printer() {
    let shop = BackupShop::new();
    let backup = shop.path("till.backup");
    let sell = |agent: &Process, count: usize| {
        for _ in 0..count {
            let sold = agent.client.post("operations/sale", SALE);
            assert_eq!(sold.status, 200, "{}", sold.text);
        }
    };
    let mut agent = Process::agent(&shop.file);
    sell(&agent, 3);
    shop.done(&["backup", "create", name(&backup)]);
    sell(&agent, 20);
    agent.kill();
    drop(agent);

    // Another machine sells from the backup. It is not stopped by what a person has accepted.
    fs::rename(shop.books(), shop.path("old")).unwrap();
    shop.done(&["restore", name(&backup)]);
    shop.done(&["restore", name(&backup), "--accept-loss", "--by", "Maria"]);
    let mut agent = Process::agent(&shop.file);
    sell(&agent, 2);
    agent.stop();
    drop(agent);
    fs::rename(shop.books(), shop.path("new")).unwrap();

    // The old machine meets the printer, also after a restart.
    fs::rename(shop.path("old"), shop.books()).unwrap();
    let mut agent = Process::agent(&shop.file);
    is_stopped(&shop, &agent);
    let report = agent.client.post("operations/intermediatetotals", "{}");
    assert_eq!(report.status, 200, "{}", report.text);
    agent.stop();
    let mut agent = Process::agent(&shop.file);
    is_stopped(&shop, &agent);

    // A person lets it go on, and that is in its journal.
    let device = agent.client.device;
    let (code, refused) = shop.verb(&["settle", NIL, "--go-on", "--by", "Maria"]);
    assert_eq!(
        (code, told(value(&refused, "error.code"))),
        (7, "UnknownId".to_owned()),
        "{refused}"
    );
    shop.done(&["settle", device, "--go-on", "--by", "Maria"]);
    sell(&agent, 1);
    let (code, refused) = shop.verb(&["settle", device, "--go-on", "--by", "Maria"]);
    assert_eq!(
        (code, told(value(&refused, "error.code"))),
        (7, "NoReceiptsOfOthers".to_owned()),
        "{refused}"
    );
    agent.stop();
    let agent = Process::agent(&shop.file);
    until("the till sells", || {
        agent.client.post("operations/sale", SALE).status == 200
    });
    shop.done(&["verify"]);
}

const NIL: &str = "00000000-0000-0000-0000-000000000000";

#[test]
fn a_backup_with_one_changed_byte_is_not_restored() {
    let shop = BackupShop::new();
    let backup = shop.path("till.backup");
    let agent = Process::agent(&shop.file);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    shop.done(&["backup", "create", name(&backup)]);
    drop(agent);
    fs::rename(shop.books(), shop.path("lost")).unwrap();
    let whole = fs::read(&backup).unwrap();
    let damaged = shop.path("damaged.backup");
    for place in [0, 600, 5_000, whole.len() / 2] {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&damaged, &bytes).unwrap();
        for verb in ["verify", "restore"] {
            let damaged = name(&damaged);
            let (code, refused) = match verb {
                "verify" => shop.verb(&["backup", "verify", damaged]),
                _ => shop.verb(&["restore", damaged]),
            };
            assert_eq!(
                (code, told(value(&refused, "error.code"))),
                (1, "BackupDamaged".to_owned()),
                "byte {place}: {refused}"
            );
        }
    }
    fs::write(&damaged, &whole[..whole.len() / 2]).unwrap();
    assert_eq!(shop.verb(&["backup", "verify", name(&damaged)]).0, 1);
    // Nothing is left behind, and the whole backup is restored.
    shop.done(&["restore", name(&backup)]);
    let left: Vec<_> = fs::read_dir(shop.books())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with(".ferrotill"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn without_its_printer_a_restored_till_is_not_accepted_and_another_journal_is_kept() {
    let shop = BackupShop::new();
    let backup = shop.path("till.backup");
    let agent = Process::agent(&shop.file);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    shop.done(&["backup", "create", name(&backup)]);
    drop(agent);
    fs::rename(shop.books(), shop.path("lost")).unwrap();
    ureq::put(format!("{}/sim/printer", shop.printer.client.url))
        .send(r#"{"power":"off"}"#)
        .unwrap();
    let (code, refused) = shop.verb(&["restore", name(&backup), "--accept-loss"]);
    assert_eq!(
        (code, told(value(&refused, "error.code"))),
        (4, "PrinterNotCompared".to_owned()),
        "{refused}"
    );
    ureq::put(format!("{}/sim/printer", shop.printer.client.url))
        .send(r#"{"power":"on"}"#)
        .unwrap();
    shop.done(&["restore", name(&backup), "--accept-loss"]);
    // Another journal in the folder is not lost by a restore.
    fs::rename(shop.books(), shop.path("restored")).unwrap();
    let agent = Process::agent(&shop.file);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    drop(agent);
    let (code, refused) = shop.verb(&["restore", name(&backup)]);
    assert_eq!(
        (code, told(value(&refused, "error.code"))),
        (7, "FolderInUse".to_owned()),
        "{refused}"
    );
    assert_eq!(shop.documents().len(), 1);
}

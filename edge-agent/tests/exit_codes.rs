//! Exit codes of commands about a running till, with their reasons. The page `docs/EXIT-CODES.md` is compared with the program in
//! `src/cli/mod.rs`; wrong arguments and configurations are in `process.rs`, and an interrupted demo is in `first_day.rs`.

mod shop;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use shop::outside::{Process, finished, program, until};
use shop::till::SALE;
use shop::{config, value};

/// A till whose printer and authority are processes with switches.
struct Shop {
    folder: tempfile::TempDir,
    printer: Process,
    authority: Process,
    file: PathBuf,
}

impl Shop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
        let printer = Process::emulator(&link, &memory, "115200");
        let authority = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let address = free_address();
        let config = config(&folder.path().join("books"), &uri, &authority.client.url)
            .set("till", "answer_timeout_ms", 1_500)
            .set("api", "listen", text(address));
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        Self {
            folder,
            printer,
            authority,
            file,
        }
    }

    fn verb(&self, arguments: &[&str]) -> (i32, JsonValue) {
        let file = self.file.to_str().unwrap();
        let (code, told) = finished(&[arguments, &["--config", file]].concat());
        (code.unwrap(), told)
    }
}

/// An address that is free now, for every process of the agent in turn.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn switch(server: &Process, path: &str, body: &str) {
    ureq::put(format!("{}{path}", server.client.url))
        .send(body)
        .unwrap();
}

fn fault(printer: &Process, body: &str) {
    ureq::post(format!("{}/sim/printer/faults", printer.client.url))
        .send(body)
        .unwrap();
}

fn error(told: &JsonValue) -> &JsonValue {
    value(told, "error.code")
}

#[test]
fn reports_end_with_the_code_of_their_outcome() {
    let shop = Shop::new();
    assert_eq!(shop.verb(&["z"]).0, 8, "no agent runs");
    let agent = Process::agent(&shop.file);
    let (code, told) = shop.verb(&["z"]);
    assert_eq!(
        (code, error(&told)),
        (7, &JsonValue::from("ShiftNotOpen")),
        "{told}"
    );
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    let (code, told) = shop.verb(&["x"]);
    assert_eq!(code, 0, "{told}");

    // Without paper the printer refuses, and nothing is registered.
    switch(&shop.printer, "/sim/printer", r#"{"paper":"out"}"#);
    let (code, told) = shop.verb(&["z"]);
    assert_eq!(code, 4, "{told}");
    switch(&shop.printer, "/sim/printer", r#"{"paper":"ok"}"#);

    // The printer loses its power after it has printed: the outcome is unknown until it can be asked.
    fault(&shop.printer, r#"{"kind":"power_cut","command":"0x45"}"#);
    let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0002";
    let (code, told) = shop.verb(&["z", "--id", id]);
    assert_eq!(
        (code, error(&told)),
        (6, &JsonValue::from("OutcomeUnknown")),
        "{told}"
    );
    let message = value(&told, "error.message").to_string();
    assert!(message.contains(&format!("--id {id}")), "{message}");
    switch(&shop.printer, "/sim/printer", r#"{"power":"on"}"#);
    let mut last = String::new();
    until("the same command has the report", || {
        let (code, told) = shop.verb(&["z", "--id", id, "--wait", "20"]);
        last = told.to_string();
        assert!(matches!(code, 0 | 6), "{last}");
        code == 0
    });
    assert!(last.contains(r#""zNumber":1"#), "{last}");

    // The report is sealed without the authority, too.
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    switch(&shop.authority, "/sim/authority", r#"{"state":"down"}"#);
    let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0003";
    let (code, told) = shop.verb(&["z", "--id", id, "--wait", "1"]);
    assert_eq!(
        (code, error(&told)),
        (5, &JsonValue::from("not_acknowledged")),
        "{told}"
    );
    // A program has the document all the same.
    assert!(
        value(&told, "document")
            .to_string()
            .contains("\"zNumber\":2"),
        "{told}"
    );
    // Without `--wait` the sealed report is enough, and with it the authority's word is waited for.
    assert_eq!(shop.verb(&["z", "--id", id]).0, 0);
    switch(&shop.authority, "/sim/authority", r#"{"state":"up"}"#);
    let (code, told) = shop.verb(&["z", "--id", id, "--wait", "60"]);
    assert_eq!(code, 0, "{told}");
    // An X-report is told to nobody, so there is nothing to wait for.
    assert_eq!(shop.verb(&["x", "--wait", "60"]).0, 0);
}

/// A command that a user without rights starts.
fn without_rights(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = program();
    command.arg("--json").args(arguments);
    if is_root() {
        // The user `nobody` of Linux.
        command.uid(65_534).gid(65_534);
    }
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), told)
}

fn is_root() -> bool {
    fs::metadata("/proc/self").unwrap().uid() == 0
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_belongs_to_another_user_is_a_lack_of_permission() {
    let shop = Shop::new();
    let text = fs::read_to_string(&shop.file).unwrap();
    let books = shop.folder.path().join("books");
    let text = text.replace(books.to_str().unwrap(), "/ferrotill-of-nobody/books");
    fs::write(&shop.file, text).unwrap();
    mode(shop.folder.path(), 0o755);
    mode(&shop.file, 0o644);
    let run = ["run", "--config", shop.file.to_str().unwrap()];
    assert_eq!(without_rights(&run).0, Some(9));
}

#[test]
fn what_another_user_may_not_read_or_write_is_a_lack_of_permission() {
    let shop = Shop::new();
    let agent = Process::agent(&shop.file);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    drop(agent);
    let books = shop.folder.path().join("books");
    let open = shop.folder.path().join("open");
    let closed = shop.folder.path().join("closed");
    for folder in [&open, &closed] {
        fs::create_dir(folder).unwrap();
    }
    mode(shop.folder.path(), 0o755);
    mode(&shop.file, 0o644);
    mode(&open, 0o777);
    mode(&closed, 0o555);
    if !is_root() {
        mode(&books, 0o000);
    }
    let file = shop.file.to_str().unwrap();
    let path = |folder: &Path, name: &str| folder.join(name).display().to_string();
    let (backup, tables) = (path(&open, "backup"), path(&open, "tables"));
    let refused = path(&closed, "tables");
    let good_backup = path(shop.folder.path(), "good-backup");
    assert_eq!(shop.verb(&["backup", "create", &good_backup]).0, 0);
    mode(Path::new(&good_backup), 0o644);
    for arguments in [
        &["receipts"][..],
        &["receipts", "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0009"],
        &["backup", "create", &backup],
        &["export", "--out", &tables],
        &["export", "--out", &refused],
        &["doctor"],
        &["verify"],
        &["queue"],
        &["x", "--dry-run"],
        &["z", "--dry-run"],
        &["restore", &good_backup],
        &["person", "list"],
        &["person", "add", "Ana"],
    ] {
        let (code, told) = without_rights(&[arguments, &["--config", file]].concat());
        assert_eq!(code, Some(9), "{arguments:?}: {told}");
    }
    mode(&books, 0o700);
    mode(&closed, 0o755);
    // The file of a secret is closed, and the configuration open.
    let open_configuration = fs::read_to_string(&shop.file).unwrap();
    let secret = path(&open, "secret");
    fs::write(&secret, "a secret of forty-two characters, not more").unwrap();
    mode(Path::new(&secret), if is_root() { 0o600 } else { 0o000 });
    let with_file = open_configuration.replace(
        "secret = \"a-secret-of-some-length\"",
        &format!("secret_file = {secret:?}"),
    );
    assert_ne!(with_file, open_configuration);
    fs::write(&shop.file, with_file).unwrap();
    for arguments in [&["config", "check"][..], &["queue"], &["doctor"]] {
        let (code, told) = without_rights(&[arguments, &["--config", file]].concat());
        assert_eq!(code, Some(9), "{arguments:?}: {told}");
        assert!(told.contains("with sudo"), "{told}");
    }
    mode(&shop.file, if is_root() { 0o600 } else { 0o000 });
    for arguments in [&["config", "check"][..], &["receipts"], &["doctor"]] {
        let (code, told) = without_rights(&[arguments, &["--config", file]].concat());
        assert_eq!(code, Some(9), "{arguments:?}: {told}");
    }
}

/// A person presses Ctrl-C while the agent does not answer: the command says how it can be repeated.
#[test]
fn an_interrupted_sale_says_with_which_id_it_can_be_repeated() {
    let shop = Shop::new();
    let agent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = agent.local_addr().unwrap().to_string();
    let sale = program()
        .args([
            "--json",
            "sale",
            "--item",
            "Ceai:5:1:A",
            "--listen",
            &address,
        ])
        .args(["--config", shop.file.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The call has come in, and is never answered.
    let caller = agent.accept().unwrap();
    let id = sale.id().to_string();
    let killed = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(killed.success());
    let ended = sale.wait_with_output().unwrap();
    drop(caller);
    let told = JsonValue::parse(&ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert_eq!(error(&told), &JsonValue::from("interrupted"));
    let said = String::from_utf8(ended.stderr).unwrap();
    let id = said.split_once("--id ").unwrap().1;
    let id = id.split_whitespace().next().unwrap();
    let fix = value(&told, "error.fix").to_string();
    assert!(fix.contains(&format!("--id {id}")), "{fix}: {said}");
}

/// A command that finds nothing says whether there is something to find.
#[test]
fn a_text_says_what_is_so() {
    let shop = Shop::new();
    let agent = Process::agent(&shop.file);
    let unknown = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0009";
    let message = |told: &JsonValue| value(told, "error.message").to_string();
    let (code, told) = shop.verb(&["receipts", "--device", unknown]);
    assert_eq!(code, 2, "{told}");
    assert!(message(&told).contains(shop::DEVICE), "{told}");

    let sold = agent.client.post("alternativereceipts", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let id = sold.at("data.id");
    let (code, told) = shop.verb(&["return", &id]);
    assert_eq!(
        (code, error(&told)),
        (7, &JsonValue::from("OriginalAlternative")),
        "{told}"
    );
    assert!(!value(&told, "error.fix").to_string().is_empty());

    let demo = program()
        .args(["demo", "--once", "--serve"])
        .output()
        .unwrap();
    let said = String::from_utf8(demo.stderr).unwrap();
    assert!(said.contains("leave one of them out"), "{said}");
    let demo = program()
        .args(["demo", "--country", "XX"])
        .output()
        .unwrap();
    let said = String::from_utf8(demo.stderr).unwrap();
    assert!(said.contains("MD") && said.contains("AT"), "{said}");
}

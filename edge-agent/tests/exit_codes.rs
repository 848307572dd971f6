//! Exit codes of commands about a running till, with their reasons. The page `docs/EXIT-CODES.md` is compared with the program in
//! `src/cli/mod.rs`; wrong arguments and configurations are in `process.rs`, and an interrupted demo is in `first_day.rs`.

mod shop;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

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
    // Without `--wait` the sealed report is enough, and with it the authority's word is waited for.
    assert_eq!(shop.verb(&["z", "--id", id]).0, 0);
    switch(&shop.authority, "/sim/authority", r#"{"state":"up"}"#);
    let (code, told) = shop.verb(&["z", "--id", id, "--wait", "60"]);
    assert_eq!(code, 0, "{told}");
    // An X-report is told to nobody, so there is nothing to wait for.
    assert_eq!(shop.verb(&["x", "--wait", "60"]).0, 0);
}

/// A command that a user without rights starts.
fn without_rights(file: &Path) -> Option<i32> {
    let mut command = program();
    command.args(["--json", "run", "--config"]).arg(file);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        // The user `nobody` of Linux.
        command.uid(65_534).gid(65_534);
    }
    command.output().unwrap().status.code()
}

#[test]
fn a_folder_that_belongs_to_another_user_is_a_lack_of_permission() {
    let shop = Shop::new();
    let text = fs::read_to_string(&shop.file).unwrap();
    let books = shop.folder.path().join("books");
    let text = text.replace(books.to_str().unwrap(), "/ferrotill-of-nobody/books");
    fs::write(&shop.file, text).unwrap();
    for (path, mode) in [(shop.folder.path(), 0o755), (&shop.file, 0o644)] {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
    assert_eq!(without_rights(&shop.file), Some(9));
}

//! The commands with which a person works at a running till: `sale`, `return`, `cash`, `x`, `z`, `op` and `receipts`.

mod shop;

use std::fs;
use std::path::PathBuf;

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use shop::outside::{Process, finished, program, until};
use shop::{DEVICE, config, value};

/// A till whose printer and authority are processes with switches.
struct VerbShop {
    printer: Process,
    authority: Process,
    agent: Option<Process>,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl VerbShop {
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
            agent: Some(Process::agent(&file)),
            printer,
            authority,
            file,
            _folder: folder,
        }
    }

    fn verb(&self, arguments: &[&str]) -> (i32, JsonValue) {
        let file = self.file.to_str().unwrap();
        let (code, told) = finished(&[arguments, &["--config", file]].concat());
        (code.unwrap(), told)
    }

    /// The answer of a command that must end with 0.
    fn done(&self, arguments: &[&str]) -> JsonValue {
        let (code, told) = self.verb(arguments);
        assert_eq!(code, 0, "{arguments:?}: {told}");
        told
    }

    /// The number of commands that the printer has executed.
    fn printer_commands(&self) -> String {
        value(
            &self.printer.client.open("/sim/printer").body,
            "fiscal_receipts",
        )
        .to_string()
    }
}

/// An address that is free now.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn switch(server: &Process, path: &str, body: &str) {
    ureq::put(format!("{}{path}", server.client.url))
        .send(body)
        .unwrap();
}

fn told(value: &JsonValue) -> String {
    match value {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        other => other.to_string(),
    }
}

#[test]
fn a_person_sells_returns_moves_cash_and_closes_the_day_on_the_command_line() {
    let shop = VerbShop::new();
    let goods = [
        "sale",
        "--item",
        "Coffee:18.50:2:A",
        "--item",
        "Bread:7.25:1:B",
    ];

    // A dry run shows the paper and the total, and orders nothing.
    let before = shop.printer_commands();
    let shown = shop.done(&[&goods[..], &["--dry-run"]].concat());
    assert_eq!(told(value(&shown, "total")), "44.25", "{shown}");
    assert!(
        value(&shown, "preview").to_string().contains("Coffee"),
        "{shown}"
    );
    assert_eq!(told(value(&shown, "body.payments.0.amount")), "44.25");
    assert_eq!(shop.printer_commands(), before);
    assert_eq!(told(value(&shop.done(&["receipts"]), "count")), "0");

    shop.done(&["cash", "in", "100.00"]);
    let sold = shop.done(&goods);
    assert_eq!(
        told(value(&sold, "fiscalReceipt.totalAmount")),
        "44.25",
        "{sold}"
    );
    let id = told(value(&sold, "fiscalReceipt.id"));
    // Two payments: the card pays ten, and cash the rest.
    let paid = shop.done(&[&goods[..], &["--pay", "1:10.00", "--pay", "0"]].concat());
    assert_eq!(
        told(value(&paid, "fiscalReceipt.payments.1.amount")),
        "34.25",
        "{paid}"
    );

    // The same id again is the same sale.
    let again = shop.done(&[&goods[..], &["--id", &id]].concat());
    assert_eq!(told(value(&again, "fiscalReceipt.id")), id);

    // A whole receipt is taken back once.
    let shown = shop.done(&["return", &id, "--dry-run"]);
    assert_eq!(
        told(value(&shown, "body.payments.0.amount")),
        "44.25",
        "{shown}"
    );
    let back = shop.done(&["return", &id]);
    assert_eq!(told(value(&back, "totalAmount")), "44.25", "{back}");
    let (code, refused) = shop.verb(&["return", &id]);
    assert_eq!(code, 7, "{refused}");
    shop.done(&["cash", "out", "50.00"]);

    let shown = shop.done(&["z", "--dry-run"]);
    assert!(
        told(value(&shown, "says")).contains("with 5 documents"),
        "{shown}"
    );
    let z = shop.done(&["z", "--wait", "30"]);
    assert_eq!(told(value(&z, "additionalData.zNumber")), "1", "{z}");

    // The list has the receipts, and with a kind the others.
    let list = shop.done(&["receipts"]);
    assert_eq!(told(value(&list, "count")), "3", "{list}");
    assert_eq!(told(value(&list, "receipts.0.id")), id);
    assert_eq!(told(value(&list, "receipts.2.kind")), "refund");
    let all = shop.done(&["receipts", "--kind", "all", "--device", DEVICE]);
    assert_eq!(told(value(&all, "count")), "6", "{all}");
    assert_eq!(told(value(&all, "receipts.4.amount")), "-50.00", "{all}");
    let none = shop.done(&["receipts", "--to", "2020-12-31"]);
    assert_eq!(told(value(&none, "count")), "0");
    assert_eq!(shop.verb(&["receipts", "--kind", "bill"]).0, 2);
    assert_eq!(shop.verb(&["receipts", "--from", "today"]).0, 2);

    // What became of a request.
    let op = shop.done(&["op", &id]);
    assert_eq!(told(value(&op, "state")), "registered", "{op}");
    let (code, unknown) = shop.verb(&["op", "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001"]);
    assert_eq!(
        (code, told(value(&unknown, "error.code"))),
        (7, "UnknownId".into())
    );
}

#[test]
fn a_body_in_a_file_is_sold_and_its_faults_are_named_before_anything_is_ordered() {
    let shop = VerbShop::new();
    let file = shop.file.with_file_name("sale.json");
    let body = r#"{"items":[{"name":"Tea","quantity":1,"price":5.00,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":10}]}"#;
    fs::write(&file, body).unwrap();
    let name = file.to_str().unwrap();
    let shown = shop.done(&["sale", "--body", name, "--dry-run"]);
    assert_eq!(told(value(&shown, "total")), "5.00", "{shown}");
    let sold = shop.done(&["sale", "--body", name, "--wait", "30"]);
    assert_eq!(
        told(value(&sold, "fiscalReceipt.totalChange")),
        "5.00",
        "{sold}"
    );
    for (faulty, exit, word) in [
        (r#"{"items":[]}"#, 7, "items"),
        (&body.replace("\"A\"", "\"Q\""), 7, "items[0].taxGroupCode"),
        ("[]", 2, "no JSON object"),
        ("{", 2, "no JSON object"),
    ] {
        fs::write(&file, faulty).unwrap();
        let (code, refused) = shop.verb(&["sale", "--body", name, "--dry-run"]);
        let message = told(value(&refused, "error.message"));
        assert_eq!(code, exit, "{faulty}: {refused}");
        assert!(message.contains(word), "{faulty}: {message}");
    }
    assert_eq!(told(value(&shop.done(&["receipts"]), "count")), "1");
    for (wrong, needed) in [
        (
            &["sale", "--item", "Tea:5.00"][..],
            "write it such as 'Tea:5.00:1:A'",
        ),
        (
            &["sale", "--item", "Tea:5.00:1:A", "--pay", "x"],
            "0 (Numerar)",
        ),
    ] {
        let (code, refused) = shop.verb(wrong);
        let message = told(value(&refused, "error.message"));
        assert_eq!(code, 2, "{wrong:?}: {refused}");
        assert!(message.contains(needed), "{wrong:?}: {message}");
    }
    let by_name = [
        "sale",
        "--item",
        "Tea:5.00:1:A",
        "--pay",
        "numerar",
        "--dry-run",
    ];
    assert_eq!(told(value(&shop.done(&by_name), "total")), "5.00");
    for wrong in [
        &["sale", "--item", "Tea"][..],
        &["sale"],
        &["cash", "in", "-5"],
        &["cash", "in", "5.001"],
        &[
            "cash",
            "in",
            "5",
            "--device",
            "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001",
        ],
    ] {
        let (code, told) = shop.verb(wrong);
        assert_eq!(code, 2, "{wrong:?}: {told}");
    }
}

#[test]
fn a_sale_ends_with_the_code_of_its_outcome() {
    let mut shop = VerbShop::new();
    let sale = ["sale", "--item", "Tea:5.00:1:A"];
    switch(&shop.printer, "/sim/printer", r#"{"paper":"out"}"#);
    let (code, refused) = shop.verb(&sale);
    assert_eq!(code, 4, "{refused}");
    switch(&shop.printer, "/sim/printer", r#"{"paper":"ok"}"#);
    switch(&shop.printer, "/sim/printer", r#"{"power":"off"}"#);
    let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0009";
    let (code, unknown) = shop.verb(&[&sale[..], &["--id", id]].concat());
    assert_eq!(code, 6, "{unknown}");
    assert!(told(value(&unknown, "error.message")).contains(&format!("--id {id}")));
    assert_eq!(shop.verb(&["op", id]).0, 6);
    // The text for a person is one line for a sale.
    switch(&shop.printer, "/sim/printer", r#"{"power":"on"}"#);
    let mut words = String::new();
    until("the sale is made", || {
        let mut command = program();
        command
            .args(sale)
            .args(["--id", id, "--config"])
            .arg(&shop.file);
        let output = command.output().unwrap();
        words = String::from_utf8(output.stdout).unwrap();
        output.status.success()
    });
    assert!(words.contains(&format!("5.00; its id is {id}")), "{words}");
    switch(&shop.authority, "/sim/authority", r#"{"state":"down"}"#);
    until("the authority does not acknowledge", || {
        let (code, told) = shop.verb(&[&sale[..], &["--wait", "1"]].concat());
        assert!(matches!(code, 4..=6), "{told}");
        code == 5
    });
    // Without an agent nothing is sold, and the list and a dry run are still there.
    shop.agent = None;
    assert_eq!(shop.verb(&sale).0, 8);
    assert_eq!(shop.verb(&["op", id]).0, 8);
    shop.done(&[&sale[..], &["--dry-run"]].concat());
    shop.done(&["receipts"]);
}

/// An installer sees on one paper whether width and letters are right.
#[test]
fn an_installer_prints_a_test_paper_and_the_letters_of_the_code_page() {
    let shop = VerbShop::new();
    let paper = || {
        let url = format!("{}/sim/printer/paper", shop.printer.client.url);
        let mut answer = ureq::get(url).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    };
    let before = shop.printer_commands();
    let shown = shop.done(&["print", "test", "--dry-run"]);
    let rows = value(&shown, "preview").to_string();
    for row in [
        "\"TEST PAPER\"",
        "\"RO: a a i s t  A A I S T\"",
        "....:....1....:....2....:....3",
    ] {
        assert!(rows.contains(row), "{row}: {rows}");
    }
    assert!(!paper().contains("TEST PAPER"));
    assert_eq!(shop.printer_commands(), before);

    until("the printer is connected", || {
        let health = shop.agent.as_ref().unwrap().client.open("/healthz");
        health.at("printers.0.connected") == "true"
    });
    let printed = shop.done(&["print", "test"]);
    assert_eq!(told(value(&printed, "number")), "1", "{printed}");
    let JsonValue::Array(rows) = value(&shown, "preview").clone() else {
        panic!("{shown}");
    };
    let on_paper = paper();
    for row in rows.iter().map(told).filter(|row| !row.is_empty()) {
        assert!(
            on_paper.contains(row.trim_end()),
            "{row} is missing:\n{on_paper}"
        );
    }
    shop.done(&["print", "codepage"]);
    let on_paper = paper();
    for row in [
        "CODE PAGE CP1251",
        "C0 А Б В Г Д Е Ж З",
        "80 Ђ Ѓ ‚ ѓ „ … † ‡",
    ] {
        assert!(on_paper.contains(row), "{row} is missing:\n{on_paper}");
    }

    switch(&shop.printer, "/sim/printer", r#"{"paper":"out"}"#);
    let (code, refused) = shop.verb(&["print", "test"]);
    assert_eq!(code, 4, "{refused}");
    let message = told(value(&refused, "error.message"));
    assert!(
        message.starts_with("the paper is not printed: "),
        "{message}"
    );
}

#[test]
fn a_paper_for_a_device_that_prints_no_text_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    for (uri, code, reason) in [
        ("none", 4, "has no printer"),
        (
            "module:software",
            7,
            "has a fiscal module, which prints its own receipts and no other text",
        ),
    ] {
        let config = config(&folder.path().join("books"), uri, "http://127.0.0.1:1");
        fs::write(&file, config.to_string()).unwrap();
        let (ended, refused) = finished(&[
            "print",
            "test",
            "--dry-run",
            "--config",
            file.to_str().unwrap(),
        ]);
        assert_eq!(ended, Some(code), "{refused}");
        let message = told(value(&refused, "error.message"));
        assert!(message.contains(reason), "{message}");
    }
}

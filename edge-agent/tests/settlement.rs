//! A document that the printer cannot prove: cash was put in, the printer's answer was lost, and a person closed the day at the
//! printer's keyboard before the agent could ask the printer. An operator reads the paper and declares the outcome, over HTTP
//! and from the command line.

mod shop;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use ferrotill::api::json::JsonValue;
use ferrotill_device::emulator::{FaultKind, FaultOrder, Power};
use shop::inside::Shop;
use shop::outside::{Process, finished, program, until};
use shop::till::SALE;
use shop::{Client, KEY, Reply, SECRET, configuration, value};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0046";
const OTHER_ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0047";
const PRINTED: &str = r#"{"registered":true,"document":2,"by":"Maria Popescu"}"#;
const NOT_PRINTED: &str = r#"{"registered":false,"by":"Maria Popescu"}"#;
/// The printer's command that puts cash into the drawer.
const CASH: u8 = 0x46;

fn cash_in() -> String {
    format!(r#"{{"id":"{ID}","amount":5.00}}"#)
}

/// Status, state and error of an answer of our own routes.
fn verdict(reply: &Reply) -> (u16, &str, String) {
    let state = reply.state.as_deref().unwrap_or_default();
    (reply.status, state, reply.at("error"))
}

fn sold(client: &Client) -> String {
    let sold = client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    sold.receipt("id")
}

fn needs_a_person(client: &Client) -> bool {
    let answer = client.open(&format!("/operations/{ID}"));
    assert_eq!(answer.at("fiscal_state"), "unknown", "{}", answer.text);
    answer.at("needs_a_person") == "true"
}

/// Closes the day at the printer's keyboard before the agent can ask the printer.
fn close_the_day_unseen(shop: &Shop) {
    shop.rig.add_fault(FaultOrder {
        kind: FaultKind::DropRequest,
        command: None,
        times: u32::MAX,
        ms: 0,
    });
    shop.rig.set_power(Power::On);
    assert!(shop.rig.keyboard_z());
    shop.rig.clear_faults();
}

#[test]
fn an_operator_declares_over_http_what_the_printer_cannot_prove() {
    let shop = Shop::open();
    let sold_id = sold(&shop.client);
    shop.rig.add_fault(FaultOrder {
        kind: FaultKind::PowerCut,
        command: Some(CASH),
        times: 1,
        ms: 0,
    });
    let caller = std::thread::spawn({
        let client = shop.client.clone();
        move || client.post("cashoperations", &cash_in())
    });
    let begun = Instant::now();
    while shop.rig.snapshot(false).power == "on" {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
    // The printer is switched off, so the outcome can still be read from it later.
    let early = shop.client.declare(ID, PRINTED);
    let still = (422, "unknown", "PrinterCanStillSay".to_owned());
    assert_eq!(verdict(&early), still, "{}", early.text);
    assert!(
        early.at("message").contains("switched on"),
        "{}",
        early.text
    );
    assert!(!needs_a_person(&shop.client));

    close_the_day_unseen(&shop);
    until("a person is needed", || needs_a_person(&shop.client));
    let asked = shop.client.open(&format!("/operations/{ID}"));
    let command = format!("ferrotill settle {ID} --registered");
    assert!(asked.at("what_to_do").contains(&command), "{}", asked.text);
    assert_eq!(asked.at("declaration"), "null");
    let health = shop.client.open("/healthz");
    assert!(health.at("printers.0.trouble").contains(&command));
    assert_eq!(health.at("printers.0.needs_a_person"), ID);

    bad_declarations_are_refused(&shop.client, &sold_id);
    assert!(needs_a_person(&shop.client));

    let declared = shop.client.declare(ID, PRINTED);
    assert_eq!(
        (declared.status, declared.state.as_deref()),
        (200, Some("registered")),
        "{}",
        declared.text
    );
    for (member, value) in [
        ("state", "registered"),
        ("needs_a_person", "false"),
        ("what_to_do", "null"),
        ("declaration.by", "Maria Popescu"),
        ("declaration.registered", "true"),
        ("declaration.document", "2"),
        ("document.kind", "cash_in"),
        ("document.number", "2"),
        ("timeline.1.event", "declared"),
        ("timeline.2.event", "sealed"),
    ] {
        assert_eq!(declared.at(member), value, "{member}");
    }
    // The same declaration gets the same answer when it is repeated, and a different declaration is refused.
    let again = shop.client.declare(ID, PRINTED);
    assert_eq!(
        (again.status, again.at("declaration.at")),
        (200, declared.at("declaration.at"))
    );
    let settled = (409, "registered", "AlreadySettled".to_owned());
    for other in [
        NOT_PRINTED,
        &PRINTED.replace('2', "3"),
        &PRINTED.replace("Maria", "Ana"),
    ] {
        let late = shop.client.declare(ID, other);
        assert_eq!(verdict(&late), settled, "{other}");
        assert!(late.at("message").contains("Maria Popescu declared it at"));
    }
    let repeated = shop.client.post("cashoperations", &cash_in());
    assert_eq!(
        (repeated.status, repeated.replayed),
        (200, true),
        "{}",
        repeated.text
    );
    // The caller may have disconnected before it got an answer. If it got one, the answer was correct.
    let first = caller.join().unwrap();
    assert!(
        matches!(first.state.as_deref(), Some("registered" | "unknown")),
        "{}",
        first.text
    );

    // The till sells again. The journal contains the Z-report from the keyboard, after the cash operation.
    sold(&shop.client);
    let reports = shop.client.get("reports/full");
    assert_eq!(reports.list("data.data"), 1, "{}", reports.text);
    assert_eq!(reports.at("data.data.0.number"), "3");
    assert_eq!(shop.receipts().len(), 2, "printed once each");
}

/// Sends declarations without a signature, with faults, and about another document. All are refused, and no document changes.
fn bad_declarations_are_refused(client: &Client, sold_id: &str) {
    let path = format!("/operations/{ID}/settlement");
    let unsigned = client.signed("POST", &path, PRINTED, |headers| {
        headers.retain(|(name, _)| *name != "Api-Signature");
    });
    let unsigned = unsigned.unwrap();
    let missing = (401, "unknown", "SignatureMissing".to_owned());
    assert_eq!(verdict(&unsigned), missing);
    let forged = client.signed("POST", &path, PRINTED, |headers| {
        headers.iter_mut().for_each(|(name, value)| {
            if *name == "Api-Signature" {
                *value = value.replace('0', "1").replace('a', "0");
            }
        });
    });
    assert_eq!(forged.unwrap().status, 401);
    let bad = client.declare(ID, r#"{"document":0,"name":"Maria"}"#);
    assert_eq!(verdict(&bad), (400, "unknown", "Missing".to_owned()));
    let mut paths = bad.paths();
    paths.sort();
    assert_eq!(paths, ["by", "document", "name", "registered"]);
    // The receipt that was sold before has the printer's number 1.
    let taken = client.declare(ID, &PRINTED.replace('2', "1"));
    let of_another = (400, "unknown", "UnknownValue".to_owned());
    assert_eq!(verdict(&taken), of_another, "{}", taken.text);
    assert!(taken.at("message").contains("earlier document"));
    // The printer has not printed that many documents.
    let mistyped = client.declare(ID, &PRINTED.replace('2', "99"));
    assert_eq!(
        verdict(&mistyped),
        (400, "unknown", "UnknownValue".to_owned()),
        "{}",
        mistyped.text
    );
    let says = mistyped.at("message");
    assert!(says.contains("last document has the number"), "{says}");
    let no_id = client.declare("mine", PRINTED);
    assert_eq!(
        (no_id.status, no_id.at("error")),
        (400, "NotAUuid".to_owned())
    );
    let other_id = client.declare(OTHER_ID, PRINTED);
    let unknown_id = (404, "not_registered", "UnknownId".to_owned());
    assert_eq!(verdict(&other_id), unknown_id);
    let other = client.declare(sold_id, NOT_PRINTED);
    let settled = (409, "registered", "AlreadySettled".to_owned());
    assert_eq!(verdict(&other), settled, "{}", other.text);
    assert!(other.at("message").contains("the printer's own answer"));
}

/// The exit code of a command that prints no JSON.
fn code_of(arguments: &[&str]) -> Option<i32> {
    let output = program().args(arguments).output().unwrap();
    assert!(!output.stderr.is_empty(), "{arguments:?} writes nothing");
    output.status.code()
}

fn settle(file: &Path, agent: &str, id: &str, word: &[&str]) -> (Option<i32>, JsonValue) {
    let file = file.to_str().unwrap();
    let mut arguments = vec!["settle", id, "--config", file, "--listen", agent];
    arguments.extend(word);
    finished(&arguments)
}

#[test]
fn the_verb_settles_a_document_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
    let printer = Process::emulator(&link, &memory, "115200");
    let authority = Process::authority();
    let store = folder.path().join("books");
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let text = configuration(store.to_str().unwrap(), &uri, &authority.client.url);
    let file = folder.path().join("ferrotill.toml");
    fs::write(&file, &text).unwrap();
    let turn = |body: &str| {
        let answer = printer.client.signed("PUT", "/sim/printer", body, |_| ());
        assert_eq!(answer.unwrap().status, 200, "{body}");
    };

    let mut agent = Process::agent(&file);
    let sold_id = sold(&agent.client);
    let fault = r#"{"kind":"power_cut","command":"0x46"}"#;
    let ordered = printer
        .client
        .signed("POST", "/sim/printer/faults", fault, |_| ());
    assert_eq!(ordered.unwrap().status, 200);
    let caller = std::thread::spawn({
        let client = agent.client.clone();
        // The agent is killed before it answers.
        move || drop(client.call("POST", "cashoperations", &cash_in(), |_| ()))
    });
    until("the printer loses its power", || {
        *value(&printer.client.look("/sim/printer"), "power") == JsonValue::Text("off".to_owned())
    });
    agent.kill();
    caller.join().unwrap();

    let printed = ["--registered", "--document", "2", "--by", "Maria"];
    let not_printed = ["--not-registered", "--by", "Maria"];
    let stopped = agent.client.url.replace("http://", "");
    let (code, answer) = settle(&file, &stopped, ID, &printed);
    let not_running = JsonValue::Text("AgentNotRunning".to_owned());
    assert_eq!(
        (code, value(&answer, "error.code")),
        (Some(8), &not_running)
    );

    // The printer is off, so the outcome can still be read from it later.
    let agent = Process::agent(&file);
    let address = agent.client.url.replace("http://", "");
    let (code, answer) = settle(&file, &address, ID, &printed);
    let still = JsonValue::Text("PrinterCanStillSay".to_owned());
    assert_eq!((code, value(&answer, "error.code")), (Some(6), &still));
    drop(agent);
    turn(r#"{"power":"on"}"#);
    turn(r#"{"keyboard":"z"}"#);
    let agent = Process::agent(&file);
    let address = agent.client.url.replace("http://", "");
    until("a person is needed", || needs_a_person(&agent.client));

    let config = file.to_str().unwrap();
    for wrong in [
        &["settle", ID, "--config", config, "--by", "Maria"][..],
        &["settle", ID, "--config", config, "--registered"],
        &[
            "settle",
            "mine",
            "--config",
            config,
            "--registered",
            "--by",
            "Maria",
        ],
        &[
            "settle",
            ID,
            "--registered",
            "--not-registered",
            "--by",
            "Maria",
        ],
        &[
            "settle",
            ID,
            "--not-registered",
            "--document",
            "2",
            "--by",
            "Maria",
        ],
        &[
            "settle",
            ID,
            "--registered",
            "--document",
            "0",
            "--by",
            "Maria",
        ],
    ] {
        assert_eq!(code_of(wrong), Some(2), "{wrong:?}");
    }
    // The document is shown before anything is declared, and with --dry-run nothing is.
    let dry = ["--registered", "--by", "Maria", "--dry-run"];
    let (code, answer) = settle(&file, &address, ID, &dry);
    let shown = value(&answer, "document").to_string();
    assert_eq!(code, Some(0), "{answer}");
    assert!(shown.contains("cash in of 5.00 in MDL"), "{shown}");
    let dry = ["--registered", "--by", "Maria", "--dry-run"];
    let (_, answer) = settle(&file, &address, &sold_id, &dry);
    let shown = value(&answer, "document").to_string();
    assert!(
        shown.contains("sale of ") && shown.contains(" x "),
        "{shown}"
    );
    assert!(needs_a_person(&agent.client));
    let (_, status) = finished(&["status", "--config", config, "--listen", &address]);
    let says = status.to_string();
    assert!(
        says.contains(&format!("the outcome of the document {ID} (cash_in)")),
        "{says}"
    );
    let JsonValue::Array(parts) = value(&status, "parts") else {
        panic!("{says}");
    };
    let is_document = |part: &&JsonValue| value(part, "part").scalar() == "document";
    let part = parts.iter().find(is_document).unwrap();
    assert_eq!(value(part, "ok"), &JsonValue::Bool(false), "{part}");
    assert!(
        value(part, "fix").scalar().contains("ferrotill settle "),
        "{part}"
    );
    // An export without the document is not complete.
    let tables = folder.path().join("tables");
    let tables = tables.to_str().unwrap();
    let (code, manifest) = finished(&["export", "--out", tables, "--config", config]);
    assert_eq!(code, Some(1), "{manifest}");
    assert_eq!(value(&manifest, "complete"), &JsonValue::Bool(false));
    let JsonValue::Array(gaps) = value(&manifest, "gaps") else {
        panic!("{manifest}");
    };
    let unknown = |gap: &&JsonValue| value(gap, "code").scalar() == "outcome_unknown";
    let gap = gaps.iter().find(unknown).unwrap();
    let members = ["id", "kind", "amount"].map(|name| value(value(gap, "document"), name).scalar());
    assert_eq!(members, [ID, "cash_in", "5.00"], "{gap}");
    let (code, answer) = settle(&file, &address, ID, &["--registered", "--by", " "]);
    assert_eq!(
        (code, value(&answer, "error.code")),
        (Some(2), &JsonValue::Text("Empty".to_owned()))
    );
    let elsewhere = folder.path().join("none.toml");
    let word = [
        "--registered",
        "--by",
        "Maria",
        "--config",
        elsewhere.to_str().unwrap(),
    ];
    assert_eq!(code_of(&[&["settle", ID][..], &word].concat()), Some(3));
    let other_file = folder.path().join("other.toml");
    for (from, to) in [
        (SECRET, "another-secret-of-some-length"),
        (KEY, "another-key"),
    ] {
        fs::write(&other_file, text.replace(from, to)).unwrap();
        assert_eq!(settle(&other_file, &address, ID, &printed).0, Some(3));
    }
    for id in [OTHER_ID, &sold_id] {
        assert_eq!(settle(&file, &address, id, &not_printed).0, Some(7), "{id}");
    }
    assert!(needs_a_person(&agent.client), "none of these was accepted");

    for _ in 0..2 {
        let (code, answer) = settle(&file, &address, ID, &printed);
        assert_eq!(code, Some(0), "{answer}");
        assert_eq!(
            value(&answer, "declaration.by"),
            &JsonValue::Text("Maria".to_owned())
        );
    }
    assert_eq!(settle(&file, &address, ID, &not_printed).0, Some(7));

    sold(&agent.client);
    let reports = agent.client.get("reports/full");
    assert_eq!(reports.list("data.data"), 1, "{}", reports.text);
    let closed = agent.client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{}", closed.text);
    let (code, answer) = finished(&["verify", "--config", config]);
    assert_eq!(code, Some(0), "{answer}");
    assert_eq!(value(&answer, "ok"), &JsonValue::Bool(true));
    assert_eq!(
        value(&answer, "declared"),
        &JsonValue::Number("1".to_owned())
    );
}

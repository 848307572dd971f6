//! Tests of the log: one line with stable fields for each sale, refusal, switch, repair and objection, and levels that change while the
//! till runs.

mod shop;

use std::fs;
use std::path::PathBuf;

use shop::configuration;
use shop::outside::{Process, until};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f000";

struct Counter {
    agent: Process,
    printer: Process,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Counter {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let printer = Process::emulator(&at("printer"), &at("memory"), "115200");
        let uri = format!("datecs+serial://{}?baud=115200", at("printer").display());
        let text = configuration(at("books").to_str().unwrap(), &uri, "http://127.0.0.1:9");
        let (file, log) = (at("ferrotill.toml"), at("log"));
        fs::write(&file, text).unwrap();
        let agent = Process::agent_with_log(&file, fs::File::create(&log).unwrap());
        Self {
            agent,
            printer,
            log,
            _folder: folder,
        }
    }

    /// The lines of the log with this text.
    fn lines(&self, text: &str) -> Vec<String> {
        let log = fs::read_to_string(&self.log).unwrap();
        let lines = log.lines().filter(|line| line.contains(text));
        lines.map(str::to_owned).collect()
    }

    /// A sale under an id that ends in this digit, in this tax group. Returns the status of the answer.
    fn sells(&self, id: u8, group: &str, mode: &str) -> u16 {
        let body = format!(
            r#"{{"id":"{ID}{id}","receiptMode":"{mode}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"{group}"}}],"payments":[{{"typeCode":0,"amount":30}}]}}"#
        );
        self.agent.client.post("operations/sale", &body).status
    }

    fn set_levels(&self, body: &str) -> (u16, String) {
        let reply = self
            .agent
            .client
            .signed("POST", "/log", body, |_| ())
            .unwrap();
        (reply.status, reply.text)
    }
}

#[test]
fn each_sale_refusal_and_switch_has_one_line_with_its_request_id() {
    let counter = Counter::open();
    assert_eq!(counter.sells(1, "A", "FiscalReceiptOnly"), 200);
    assert_eq!(counter.sells(1, "A", "FiscalReceiptOnly"), 200, "a repeat");
    assert_eq!(counter.sells(2, "A", "AlternativeReceiptOnly"), 200);
    // A tax group that is not configured, and an amount that is no number.
    assert_eq!(counter.sells(3, "C", "FiscalReceiptOnly"), 422);
    assert_eq!(counter.sells(4, "A", "Nonsense"), 422);
    for (id, fields) in [
        (1, r#"event="registered" kind="sale" id="#),
        (2, r#"event="registered" kind="alternative_receipt" id="#),
        (3, r#"event="refused" id="#),
        (4, r#"event="refused" id="#),
    ] {
        let lines = counter.lines(&format!("{ID}{id}"));
        let lines: Vec<&String> = lines
            .iter()
            .filter(|line| line.contains("event="))
            .collect();
        assert_eq!(lines.len(), 1, "{id}: {lines:?}");
        assert!(lines[0].contains(&format!("{fields}{ID}{id}")), "{lines:?}");
    }
    assert!(counter.lines(r#"event="registered""#)[0].contains("number=1"));
    let paper = counter
        .printer
        .client
        .signed("PUT", "/sim/printer", r#"{"paper":"out"}"#, |_| ());
    assert_eq!(paper.unwrap().status, 200);
    assert_eq!(counter.sells(5, "A", "FiscalReceiptOnly"), 422);
    let voided = counter.lines(r#"event="not_registered" kind="sale""#);
    assert_eq!(voided.len(), 1, "{voided:?}");
    assert!(voided[0].contains("the printer is out of paper; load a roll"));
    until("the condition", || {
        counter.lines(r#"event="condition""#).len() >= 2
    });
    until("the switch", || {
        let switches = counter.lines(r#"event="switch""#);
        switches.iter().any(|line| line.contains("to=offline"))
    });
}

#[test]
fn the_level_of_each_part_changes_while_the_till_runs() {
    let counter = Counter::open();
    let told = counter.agent.client.open("/log");
    assert_eq!(told.at("printer"), "info", "{}", told.text);
    assert_eq!(counter.sells(1, "A", "FiscalReceiptOnly"), 200);
    let commands = |counter: &Counter| counter.lines("DEBUG ferrotill::seal").len();
    assert_eq!(commands(&counter), 0);
    let (status, text) = counter.set_levels(r#"{"printer":"debug","till":"error"}"#);
    assert_eq!(status, 200, "{text}");
    assert!(text.contains(r#""printer":"debug""#), "{text}");
    assert_eq!(counter.sells(2, "A", "FiscalReceiptOnly"), 200);
    assert!(commands(&counter) > 3, "each command to the printer");
    assert!(
        counter.lines(&format!("id={ID}2 device=")).is_empty(),
        "the part till is silent"
    );
    assert_eq!(
        counter.set_levels(r#"{"printer":"info","till":"info"}"#).0,
        200
    );
    let before = commands(&counter);
    assert_eq!(counter.sells(3, "A", "FiscalReceiptOnly"), 200);
    assert_eq!(commands(&counter), before);

    let (status, text) = counter.set_levels(r#"{"printer":"loud","prnter":"info"}"#);
    assert_eq!(status, 400, "{text}");
    assert!(
        text.contains("printer: is no level") && text.contains("prnter: "),
        "{text}"
    );
    let unsigned = counter
        .agent
        .client
        .signed("POST", "/log", "{}", |headers| headers.clear());
    assert_eq!(unsigned.unwrap().status, 401);
}

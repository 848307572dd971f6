//! Tests of the log: one line with stable fields for each sale, refusal, switch, repair, objection and problem, and levels that change
//! while the till runs.

mod shop;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use shop::outside::{Process, until};
use shop::{Headers, config};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f000";

struct Counter {
    agent: Process,
    printer: Process,
    file: PathBuf,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Counter {
    fn open() -> Self {
        Self::with_rate("20.00")
    }

    /// A till whose configuration has this rate in its first tax group.
    fn with_rate(rate: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let printer = Process::emulator(&at("printer"), &at("memory"), "115200");
        let uri = format!("datecs+serial://{}?baud=115200", at("printer").display());
        let config = config(&at("books"), &uri, "http://127.0.0.1:9");
        let config = config.set("till", "answer_timeout_ms", 3_000).to_string();
        let (file, log) = (at("ferrotill.toml"), at("log"));
        fs::write(&file, config.replacen("20.00", rate, 1)).unwrap();
        let agent = Process::agent_with_log(&file, fs::File::create(&log).unwrap());
        Self {
            agent,
            printer,
            file,
            log,
            _folder: folder,
        }
    }

    /// Kills the agent and starts it again, with the same log.
    fn restart(&mut self) {
        self.agent.kill();
        let log = fs::File::options().append(true).open(&self.log).unwrap();
        self.agent = Process::agent_with_log(&self.file, log);
    }

    /// Changes something in the printer.
    fn printer(&self, method: &str, path: &str, body: &str) {
        let reply = self.printer.client.signed(method, path, body, |_| ());
        assert_eq!(reply.unwrap().status, 200, "{body}");
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
    counter.printer("PUT", "/sim/printer", r#"{"paper":"out"}"#);
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
fn the_begin_and_the_end_of_a_problem_have_one_line_each() {
    let counter = Counter::open();
    until("a problem", || {
        let begun = counter.lines(r#"event="problem" problem="clock_unconfirmed""#);
        begun.len() == 1
    });
    counter.printer("PUT", "/sim/printer", r#"{"paper":"out"}"#);
    assert_eq!(counter.sells(1, "A", "FiscalReceiptOnly"), 422);
    counter.printer("PUT", "/sim/printer", r#"{"paper":"ok"}"#);
    until("its end", || {
        let ended = counter.lines(r#"event="problem_over" problem="printer_condition" device="#);
        ended.len() == 1
    });
}

#[test]
fn an_objection_to_a_printer_has_a_line() {
    let counter = Counter::with_rate("19.00");
    until("the objection", || {
        !counter
            .lines(r#"event="objection" problem="printer_objections" device="#)
            .is_empty()
    });
    let lines = counter.lines(r#"event="objection""#);
    assert!(
        lines[0].contains("20.00 percent for the tax group A"),
        "{lines:?}"
    );
}

#[test]
fn an_outcome_that_is_not_known_and_its_repair_have_a_line() {
    let mut counter = Counter::open();
    assert_eq!(counter.sells(1, "A", "FiscalReceiptOnly"), 200);
    let cut = r#"{"kind":"power_cut","command":"0x38"}"#;
    counter.printer("POST", "/sim/printer/faults", cut);
    assert_ne!(counter.sells(2, "A", "FiscalReceiptOnly"), 200);
    let lines = counter.lines(r#"event="unknown""#);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains(&format!(r#"id={ID}2 state="unknown" error="#)),
        "{lines:?}"
    );
    assert!(counter.lines(r#"event="repair""#).is_empty());
    counter.restart();
    until("the repair", || {
        counter.lines(&format!(r#"event="repair" id={ID}2"#)).len() == 1
    });
    counter.printer("PUT", "/sim/printer", r#"{"power":"on"}"#);
    until("the outcome", || {
        let registered = format!(r#"event="registered" kind="sale" id={ID}2"#);
        counter.lines(&registered).len() == 1
    });
}

#[test]
fn a_change_of_a_level_has_a_line_whatever_the_levels_are_and_is_made_once() {
    let counter = Counter::open();
    let silent = r#"{"till":"off","printer":"off","office":"off","callers":"off","clock":"off","store":"off"}"#;
    assert_eq!(counter.set_levels(silent).0, 200);
    let changes = || counter.lines(r#"event="log_level" client="#);
    assert_eq!(changes().len(), 6);
    assert!(
        changes()[3].contains(r#"part="callers" level=off"#),
        "{:?}",
        changes()
    );

    let body = r#"{"callers":"error"}"#;
    let mut sent = Headers::new();
    let set = |headers: &mut dyn FnMut(&mut Headers)| {
        let client = &counter.agent.client;
        let reply = client.signed("POST", "/log", body, |own| headers(own));
        (reply.as_ref().unwrap().status, reply.unwrap().text)
    };
    assert_eq!(set(&mut |own| sent.clone_from(own)).0, 200);
    assert_eq!(changes().len(), 7);
    assert_eq!(counter.set_levels(r#"{"callers":"debug"}"#).0, 200);
    let (status, text) = set(&mut |own| own.clone_from(&sent));
    assert_eq!(status, 409, "{text}");
    assert!(text.contains("SignatureReplayed"), "{text}");
    assert_eq!(counter.agent.client.open("/log").at("callers"), "debug");
    assert_eq!(changes().len(), 8);
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

/// The events of the lines that the files of this folder write.
fn events_of(folder: &Path, events: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            events_of(&path, events);
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let named = text.split("event = \"").skip(1);
        events.extend(named.map(|rest| rest.split('"').next().unwrap().to_owned()));
    }
}

#[test]
fn the_page_has_every_event_of_the_program_and_no_other() {
    let mut written = BTreeSet::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    events_of(&sources, &mut written);
    let page = include_str!("../../docs/TROUBLESHOOTING.md");
    let (_, table) = page.split_once("| `event` |").unwrap();
    let rows = table.lines().take_while(|line| !line.is_empty());
    let rows = rows.filter_map(|line| Some(line.strip_prefix("| `")?.split_once('`')?.0));
    let named: BTreeSet<String> = rows.map(str::to_owned).collect();
    assert_eq!(named, written);
}

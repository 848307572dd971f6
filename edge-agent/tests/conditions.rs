//! Tests that a printer's condition is told in the same words to the caller, under `/operations/{id}`, in the log and in health, for as
//! long as it lasts.

mod shop;

use std::fs;
use std::path::PathBuf;

use shop::config;
use shop::outside::{Process, until};
use shop::{Client, Reply};

struct Counter {
    agent: Process,
    printer: Process,
    log: PathBuf,
    _folder: tempfile::TempDir,
}

impl Counter {
    /// A till with an emulated printer; its address has these options, and its first tax group this rate.
    fn open(options: &str, rate: &str) -> Self {
        let counter = Self::start("datecs", options, rate);
        until("the printer is connected", || {
            counter.client().open("/healthz").at("printers.0.connected") == "true"
        });
        counter
    }

    /// A till whose address names this family; the printer is of the family `datecs`.
    fn start(family: &str, options: &str, rate: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let printer = Process::emulator(&at("printer"), &at("memory"), "115200");
        let uri = format!(
            "{family}+serial://{}?baud=115200{options}",
            at("printer").display()
        );
        let config = config(&at("books"), &uri, "http://127.0.0.1:9").set(
            "till",
            "answer_timeout_ms",
            3_000,
        );
        let config = config.to_string().replacen("20.00", rate, 1);
        let (file, log) = (at("ferrotill.toml"), at("log"));
        fs::write(&file, config).unwrap();
        let agent = Process::agent_with_log(&file, fs::File::create(&log).unwrap());
        Self {
            agent,
            printer,
            log,
            _folder: folder,
        }
    }

    fn client(&self) -> &Client {
        &self.agent.client
    }

    fn turn(&self, body: &str) {
        let reply = self
            .printer
            .client
            .signed("PUT", "/sim/printer", body, |_| ());
        assert_eq!(reply.unwrap().status, 200);
    }

    /// A fiscal sale in tax group A under an id that ends in this digit.
    fn sells(&self, id: u8) -> Reply {
        let body = format!(
            r#"{{"id":"{}","receiptMode":"FiscalReceiptOnly","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":30}}]}}"#,
            id_of(id)
        );
        self.client().post("operations/sale", &body)
    }

    /// What health says of the problem with this id; empty if it is not there.
    fn problem(&self, id: &str) -> String {
        let health = self.client().open("/healthz");
        let mut places = 0..health.list("problems");
        let place = places.find(|place| health.at(&format!("problems.{place}.id")) == id);
        place.map_or_else(String::new, |place| {
            let of = |name| health.at(&format!("problems.{place}.{name}"));
            format!("{}; {}", of("says"), of("fix"))
        })
    }
}

fn id_of(id: u8) -> String {
    format!("7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f000{id}")
}

/// After a refused sale every surface has these words, and they last until the printer sells again.
fn same_words(counter: &Counter, id: u8, problem: &str, words: &str) {
    let sold = counter.sells(id);
    assert_eq!(
        sold.state.as_deref(),
        Some("not_registered"),
        "{}",
        sold.text
    );
    assert!(sold.at("message").contains(words), "{}", sold.text);
    until("health says so", || {
        counter.problem(problem).contains(words)
    });
    let operation = counter.client().open(&format!("/operations/{}", id_of(id)));
    assert!(operation.at("reason").contains(words), "{}", operation.text);
    let log = fs::read_to_string(&counter.log).unwrap();
    assert!(log.contains(words), "{log}");
}

#[test]
fn no_paper_and_an_open_cover_are_told_in_the_same_words_until_they_are_over() {
    let counter = Counter::open("", "20.00");
    for (id, broken, whole, words) in [
        (
            1,
            r#"{"paper":"out"}"#,
            r#"{"paper":"ok"}"#,
            "the printer is out of paper; load a roll",
        ),
        (
            2,
            r#"{"cover":"open"}"#,
            r#"{"cover":"closed"}"#,
            "the printer's cover is open; close it",
        ),
    ] {
        counter.turn(broken);
        same_words(&counter, id, "printer_condition", words);
        counter.turn(whole);
        until("it is over", || {
            counter.problem("printer_condition").is_empty()
        });
    }
    assert_eq!(counter.sells(3).status, 200);
}

#[test]
fn a_wrong_password_is_told_in_the_same_words_after_every_refused_sale() {
    let counter = Counter::open("&password=9999", "20.00");
    let words = "the printer refused the operator's password; write the right operator and password into its address";
    for id in [1, 2] {
        same_words(&counter, id, "printer_condition", words);
    }
}

#[test]
fn other_tax_rates_are_told_in_the_same_words() {
    let counter = Counter::open("", "19.00");
    let words = "the printer has 20.00 percent for the tax group A, and the receipt 19.00; set the same rate in the printer and in the configuration";
    let refused = counter.sells(1);
    assert_eq!(refused.state.as_deref(), Some("not_registered"));
    assert!(refused.at("message").contains(words), "{}", refused.text);
    assert_eq!(counter.problem("printer_objections"), words);
    let log = fs::read_to_string(&counter.log).unwrap();
    assert!(log.contains(words), "{log}");
}

#[test]
fn a_wrong_family_is_told_in_the_same_words_to_everybody() {
    let counter = Counter::start("datecs-b", "", "20.00");
    let words = "the printer is of another family than its address says; write datecs before the + of its address, instead of datecs-b";
    until("health says so", || !counter.problem("printer").is_empty());
    let sold = counter.sells(1);
    assert!(sold.at("message").contains(words), "{}", sold.text);
    assert!(counter.problem("printer").contains(words));
    let log = fs::read_to_string(&counter.log).unwrap();
    assert!(log.contains(words), "{log}");
}

//! Tests that a printer's condition is told in the same words to the caller, under `/operations/{id}`, in the log and in health, for as
//! long as it lasts.

mod shop;

use std::fs;
use std::path::{Path, PathBuf};

use shop::config;
use shop::outside::{Process, until};
use shop::{Client, Reply};

struct Counter {
    agent: Process,
    printer: Process,
    log: PathBuf,
    folder: tempfile::TempDir,
}

/// What the configuration says of the printer: its family, options of its address, and the rate of the first tax group.
type Wrong = (&'static str, &'static str, &'static str);

/// What is right.
const RIGHT: Wrong = ("datecs", "", "20.00");

impl Counter {
    /// A till with an emulated printer of the family `datecs`, whose configuration says this.
    fn open(wrong: Wrong) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let printer = Process::emulator(&at("printer"), &at("memory"), "115200");
        let log = fs::File::create(at("log")).unwrap();
        let agent = Self::start(folder.path(), wrong, log);
        Self {
            agent,
            printer,
            log: at("log"),
            folder,
        }
    }

    /// Stops the agent, makes the configuration right, and starts it again: the printer sells, and health has no such problem.
    fn is_over_once_right(&mut self, problem: &str, id: u8) {
        self.agent.stop();
        let log = fs::File::options().append(true).open(&self.log).unwrap();
        self.agent = Self::start(self.folder.path(), RIGHT, log);
        self.is_connected();
        let sold = self.sells(id);
        assert_eq!(sold.status, 200, "{}", sold.text);
        assert_eq!(self.problem(problem), "");
    }

    fn is_connected(&self) {
        until("the printer is connected", || {
            self.client().open("/healthz").at("printers.0.connected") == "true"
        });
    }

    fn start(folder: &Path, (family, options, rate): Wrong, log: fs::File) -> Process {
        let at = |name: &str| folder.join(name);
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
        let file = at("ferrotill.toml");
        fs::write(&file, config).unwrap();
        Process::agent_with_log(&file, log)
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

/// After a sale with this outcome every surface has these words, and they last until the printer sells again. What `/operations/{id}`
/// says is returned.
fn same_words(counter: &Counter, id: u8, outcome: &str, problem: &str, words: &str) -> Reply {
    let sold = counter.sells(id);
    assert_eq!(sold.state.as_deref(), Some(outcome), "{}", sold.text);
    assert!(sold.at("message").contains(words), "{}", sold.text);
    until("health says so", || {
        counter.problem(problem).contains(words)
    });
    let log = fs::read_to_string(&counter.log).unwrap();
    assert!(log.contains(words), "{log}");
    counter.client().open(&format!("/operations/{}", id_of(id)))
}

#[test]
fn no_paper_and_an_open_cover_are_told_in_the_same_words_until_they_are_over() {
    let counter = Counter::open(RIGHT);
    counter.is_connected();
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
        let operation = same_words(&counter, id, "not_registered", "printer_condition", words);
        assert!(operation.at("reason").contains(words), "{}", operation.text);
        counter.turn(whole);
        until("it is over", || {
            counter.problem("printer_condition").is_empty()
        });
    }
    assert_eq!(counter.sells(3).status, 200);
}

#[test]
fn a_wrong_password_is_told_in_the_same_words_after_every_refused_sale() {
    let mut counter = Counter::open(("datecs", "&password=9999", "20.00"));
    counter.is_connected();
    let words = "the printer refused the operator's password; write the right operator and password into its address";
    for id in [1, 2] {
        let operation = same_words(&counter, id, "not_registered", "printer_condition", words);
        assert!(operation.at("reason").contains(words), "{}", operation.text);
    }
    counter.is_over_once_right("printer_condition", 3);
}

#[test]
fn other_tax_rates_are_told_in_the_same_words() {
    let mut counter = Counter::open(("datecs", "", "19.00"));
    counter.is_connected();
    let words = "the printer has 20.00 percent for the tax group A, and the receipt 19.00; set the same rate in the printer and in the configuration";
    let operation = same_words(&counter, 1, "not_registered", "printer_objections", words);
    // The sale is refused before a document is begun, so nothing is stored of it.
    assert_eq!(operation.at("state"), "unknown_id", "{}", operation.text);
    counter.is_over_once_right("printer_objections", 2);
}

#[test]
fn a_wrong_family_is_told_in_the_same_words_to_everybody() {
    let mut counter = Counter::open(("datecs-b", "", "20.00"));
    let words = "the printer is of another family than its address says; write datecs before the + of its address, instead of datecs-b";
    until("health says so", || !counter.problem("printer").is_empty());
    let operation = same_words(&counter, 1, "unknown", "printer", words);
    assert_eq!(operation.at("state"), "waiting", "{}", operation.text);
    assert!(operation.at("reason").contains(words), "{}", operation.text);
    counter.is_over_once_right("printer", 2);
}

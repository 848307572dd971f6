//! The promises of the till, each tried with every way in which documents become legal, under every trouble.
//!
//! `docs/PROMISES.md` is made from the table of this file. `WRITE_PROMISES=1 cargo test -p ferrotill --test promises page` writes it anew.

mod page;
#[path = "../shop/mod.rs"]
mod shop;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::{ConfigText, Device, text};
use shop::outside::{Process, finished, until};
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, count, value};
use uuid::Uuid;

/// How a document becomes legal.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sealer {
    /// The fiscal printer prints it.
    Printer,
    /// It has a number of a range: an alternative receipt, with a slip.
    Range,
    /// It has a fiscal number that the authority has reserved, and a slip.
    Number,
}

/// What goes wrong in a sale.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trouble {
    Nothing,
    PrintersAnswerLost,
    PrinterWithoutPower,
    AgentKilled,
    AgentKilledAndPrinterWithoutPower,
    AuthorityAway,
    CallRepeated,
}

/// What the till promises. Every test below checks all of them.
const PROMISES: &[(&str, &str)] = &[
    (
        "A sale answered `registered` is in the journal, is legal, and reaches the authority.",
        "registered_is_everywhere",
    ),
    (
        "A sale answered `not_registered` is in the journal, in the printer and at the authority nowhere.",
        "not_registered_is_nowhere",
    ),
    (
        "Nothing is made twice for one request id.",
        "nothing_is_made_twice",
    ),
    ("Numbers have no gap and no repeat.", "numbers_have_no_gap"),
    (
        "The Z-report agrees with the documents, with the printer and with what the authority has, to the smallest unit.",
        "z_agrees",
    ),
    (
        "Bad input gets a refusal that names every fault with its path, and changes nothing.",
        "bad_input_changes_nothing",
    ),
];

/// One test for each cell: its name, the sealer, the trouble.
macro_rules! cells {
    ($($name:ident: $sealer:ident, $trouble:ident;)*) => {
        const CELLS: &[(&str, Sealer, Trouble)] = &[$((stringify!($name), Sealer::$sealer, Trouble::$trouble)),*];
        $(#[test] fn $name() { keeps_its_promises(Sealer::$sealer, Trouble::$trouble); })*
    };
}

cells! {
    a_printed_receipt_on_a_good_day: Printer, Nothing;
    a_printed_receipt_whose_answer_is_lost: Printer, PrintersAnswerLost;
    a_printed_receipt_in_a_power_cut_of_the_printer: Printer, PrinterWithoutPower;
    a_printed_receipt_of_a_killed_agent: Printer, AgentKilled;
    a_printed_receipt_when_everything_loses_its_power: Printer, AgentKilledAndPrinterWithoutPower;
    a_printed_receipt_without_the_authority: Printer, AuthorityAway;
    a_printed_receipt_that_is_asked_for_again: Printer, CallRepeated;
    an_alternative_receipt_on_a_good_day: Range, Nothing;
    an_alternative_receipt_whose_slip_has_no_answer: Range, PrintersAnswerLost;
    an_alternative_receipt_in_a_power_cut_of_the_printer: Range, PrinterWithoutPower;
    an_alternative_receipt_of_a_killed_agent: Range, AgentKilled;
    an_alternative_receipt_when_everything_loses_its_power: Range, AgentKilledAndPrinterWithoutPower;
    an_alternative_receipt_without_the_authority: Range, AuthorityAway;
    an_alternative_receipt_that_is_asked_for_again: Range, CallRepeated;
    a_numbered_receipt_on_a_good_day: Number, Nothing;
    a_numbered_receipt_whose_slip_has_no_answer: Number, PrintersAnswerLost;
    a_numbered_receipt_in_a_power_cut_of_the_printer: Number, PrinterWithoutPower;
    a_numbered_receipt_of_a_killed_agent: Number, AgentKilled;
    a_numbered_receipt_when_everything_loses_its_power: Number, AgentKilledAndPrinterWithoutPower;
    a_numbered_receipt_without_the_authority: Number, AuthorityAway;
    a_numbered_receipt_that_is_asked_for_again: Number, CallRepeated;
}

impl Sealer {
    const ALL: [(Self, &'static str); 3] = [
        (Self::Printer, "fiscal printer"),
        (Self::Range, "number of a range"),
        (Self::Number, "reserved fiscal number"),
    ];

    /// The list of the API that has its documents, and the name of the receipt in an answer.
    const fn list(self) -> (&'static str, &'static str) {
        match self {
            Self::Printer | Self::Number => ("receipts/full?count=1000", "fiscalReceipt"),
            Self::Range => ("alternativereceipts/full?count=1000", "alternativeReceipt"),
        }
    }

    const fn mode(self) -> &'static str {
        match self {
            Self::Printer | Self::Number => "FiscalReceiptOnly",
            Self::Range => "AlternativeReceiptOnly",
        }
    }

    /// The command of the printer that ends the receipt or the slip.
    const fn last_command(self) -> &'static str {
        match self {
            Self::Printer => "0x38",
            Self::Range | Self::Number => "0x27",
        }
    }
}

impl Trouble {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Nothing, "nothing goes wrong"),
        (Self::PrintersAnswerLost, "an answer of the printer is lost"),
        (
            Self::PrinterWithoutPower,
            "the printer loses its power in the receipt",
        ),
        (Self::AgentKilled, "the agent is killed in the receipt"),
        (
            Self::AgentKilledAndPrinterWithoutPower,
            "the agent is killed and the printer loses its power",
        ),
        (Self::AuthorityAway, "the authority cannot be reached"),
        (
            Self::CallRepeated,
            "the caller repeats the call, also at once",
        ),
    ];
}

/// A till with its printer and its authority, each a process.
struct Stage {
    _folder: tempfile::TempDir,
    file: PathBuf,
    sealer: Sealer,
    printer: Process,
    authority: Process,
    agent: Process,
    /// What was answered `registered`: id, and the price in minor units.
    sold: Vec<(Uuid, u64)>,
}

impl Stage {
    fn new(sealer: Sealer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
        let printer = Process::emulator(&link, &memory, "115200");
        let authority = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let listen = listener.local_addr().unwrap().to_string();
        drop(listener);
        let config = config(
            sealer,
            &folder.path().join("books"),
            &uri,
            &authority.client.url,
        )
        .set("api", "listen", text(listen));
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        let agent = Process::agent(&file);
        let mut stage = Self {
            _folder: folder,
            file,
            sealer,
            printer,
            authority,
            agent,
            sold: Vec::new(),
        };
        stage.wait_for_the_printer();
        stage.sell(Uuid::new_v4(), 1_000);
        stage
    }

    fn wait_for_the_printer(&self) {
        until("the printer is there", || {
            let health = self.agent.client.open("/healthz").body;
            value(&health, "printers.0.connected") == &JsonValue::Bool(true)
        });
    }

    fn fault(&self, kind: &str, ms: u32) {
        let body = format!(
            r#"{{"kind":"{kind}","command":"{}","ms":{ms}}}"#,
            self.sealer.last_command()
        );
        let url = format!("{}/sim/printer/faults", self.printer.client.url);
        ureq::post(url).send(&body).unwrap();
    }

    fn switch(server: &Process, path: &str, body: &str) {
        ureq::put(format!("{}{path}", server.client.url))
            .send(body)
            .unwrap();
    }

    fn printers_power(&self, state: &str) {
        Self::switch(
            &self.printer,
            "/sim/printer",
            &format!(r#"{{"power":"{state}"}}"#),
        );
    }

    fn authority_is(&self, state: &str) {
        Self::switch(
            &self.authority,
            "/sim/authority",
            &format!(r#"{{"state":"{state}"}}"#),
        );
    }

    /// Repeats a sale until it is registered, as a caller does.
    fn sell(&mut self, id: Uuid, minor: u64) -> Reply {
        let body = body(self.sealer, id, minor);
        let mut registered = None;
        until("the sale is registered", || {
            let reply = self
                .agent
                .client
                .call("POST", "operations/sale", &body, |_| ());
            registered = reply
                .ok()
                .filter(|reply| reply.state.as_deref() == Some("registered"));
            registered.is_some()
        });
        self.sold.push((id, minor));
        registered.unwrap()
    }

    /// Kills the agent when the journal has the document, or at the latest when the sale was answered.
    fn kill_in_a_sale(&mut self, id: Uuid, minor: u64) {
        let (client, body) = (self.agent.client.clone(), body(self.sealer, id, minor));
        let caller = thread::spawn({
            let client = client.clone();
            // The caller of a killed agent gets no answer, or its last one.
            move || drop(client.call("POST", "operations/sale", &body, |_| ()))
        });
        until("the document is in the journal", || {
            let operation = client.open(&format!("/operations/{id}"));
            ["in_progress", "registered"].contains(&operation.at("state").as_str())
        });
        self.agent.kill();
        caller.join().unwrap();
    }

    fn start_again(&mut self) {
        self.agent = Process::agent(&self.file);
        self.wait_for_the_printer();
    }

    /// The documents that the API lists, newest first.
    fn listed(&self) -> Vec<JsonValue> {
        let listed = self.agent.client.get(self.sealer.list().0);
        let JsonValue::Array(documents) = value(&listed.body, "data.data") else {
            panic!("{}", listed.text);
        };
        documents.clone()
    }

    /// The receipts in the printer's fiscal memory.
    fn printed(&self) -> Vec<JsonValue> {
        let printer = self.printer.client.look("/sim/printer?receipts=all");
        let JsonValue::Array(receipts) = value(&printer, "fiscal_receipts") else {
            panic!("{printer}");
        };
        receipts.clone()
    }

    /// The documents that the authority has, of one kind.
    fn received(&self, kind: &str) -> Vec<JsonValue> {
        let received = self
            .authority
            .client
            .look(&format!("/sim/authority/received?kind={kind}"));
        let JsonValue::Array(documents) = received else {
            panic!("{received}");
        };
        documents
    }

    fn client(&self) -> &Client {
        &self.agent.client
    }
}

fn config(sealer: Sealer, books: &Path, uri: &str, authority: &str) -> ConfigText {
    let device = Device::new(DEVICE, "Till 1", uri)
        .tax_group("A", "20.00")
        .point_of_sale(POINT_OF_SALE, "1");
    let (country, device) = match sealer {
        Sealer::Printer | Sealer::Range => {
            ("MD", device.tax_group("B", "8.00").range("ABC", 1, 500, 8))
        }
        Sealer::Number => ("UA", device),
    };
    ConfigText::new(country, books)
        .owner("Test SRL", "1003600000001")
        .device(device)
        .upstream(authority)
        .set("upstream", "timeout_ms", 1_000)
        .set("upstream", "offline_after_failures", 2)
        .set("upstream", "offline_after_ms", 500)
        .set("upstream", "dwell_s", 1)
}

/// A sale, paid by card, so that no coins are rounded.
fn body(sealer: Sealer, id: Uuid, minor: u64) -> String {
    format!(
        r#"{{"id":"{id}","receiptMode":"{}","items":[{{"name":"Paine","quantity":1,"price":{},"taxGroupCode":"A"}}],"payments":[{{"typeCode":1,"amount":{1}}}]}}"#,
        sealer.mode(),
        amount(minor)
    )
}

fn amount(minor: u64) -> String {
    format!("{}.{:02}", minor / 100, minor % 100)
}

fn keeps_its_promises(sealer: Sealer, trouble: Trouble) {
    let mut stage = Stage::new(sealer);
    let id = Uuid::new_v4();
    match trouble {
        Trouble::Nothing => {}
        Trouble::PrintersAnswerLost => stage.fault("drop_answer", 0),
        Trouble::PrinterWithoutPower => stage.fault("power_cut", 0),
        Trouble::AgentKilled => {
            stage.fault("delay", 400);
            stage.kill_in_a_sale(id, 1_234);
            stage.start_again();
        }
        Trouble::AgentKilledAndPrinterWithoutPower => {
            stage.fault("delay", 400);
            stage.kill_in_a_sale(id, 1_234);
            stage.printers_power("off");
            let url = format!("{}/sim/printer/faults", stage.printer.client.url);
            ureq::delete(url).call().unwrap();
            stage.printers_power("on");
            stage.start_again();
        }
        Trouble::AuthorityAway => stage.authority_is("down"),
        Trouble::CallRepeated => {
            let repeated = body(sealer, id, 1_234);
            thread::scope(|threads| {
                for _ in 0..4 {
                    threads.spawn(|| drop(stage.client().post("operations/sale", &repeated)));
                }
            });
        }
    }
    if trouble == Trouble::PrinterWithoutPower {
        // The power is off from the last command on, and comes back when somebody has noticed.
        let printer = stage.printer.client.clone();
        let notice = thread::spawn(move || {
            until("the printer has no power", || {
                value(&printer.look("/sim/printer"), "power") == &JsonValue::from("off")
            });
            let url = format!("{}/sim/printer", printer.url);
            ureq::put(url).send(r#"{"power":"on"}"#).unwrap();
        });
        stage.sell(id, 1_234);
        notice.join().unwrap();
    } else {
        stage.sell(id, 1_234);
    }
    bad_input_changes_nothing(&stage);
    let refused = not_registered(&stage);
    stage.sell(Uuid::new_v4(), 777);
    stage.authority_is("up");
    let z = stage.client().post("operations/closeday", "{}");
    assert_eq!(z.status, 200, "{}", z.text);
    until("the authority has every document", || {
        count(&stage.client().open("/healthz").body, "unsent.documents") == 0
    });
    registered_is_everywhere(&stage);
    not_registered_is_nowhere(&stage, refused);
    nothing_is_made_twice(&stage);
    numbers_have_no_gap(&stage);
    z_agrees(&stage, &z);
}

fn registered_is_everywhere(stage: &Stage) {
    let listed = stage.listed();
    let kind = match stage.sealer {
        Sealer::Printer | Sealer::Number => "sale",
        Sealer::Range => "alternative_receipt",
    };
    let received = stage.received(kind);
    for (id, minor) in &stage.sold {
        let mut documents = listed.iter();
        let document =
            documents.find(|document| value(document, "id") == &JsonValue::from(id.to_string()));
        let document = document.unwrap_or_else(|| panic!("{id} is not in the journal"));
        assert_eq!(value(document, "totalAmount").to_string(), amount(*minor));
        let key = value(document, "uniqueId");
        let mut told = received.iter().filter(|told| value(told, "key") == key);
        assert_eq!(
            count(
                told.next().expect("the authority has it"),
                "body.totalAmount"
            ),
            *minor
        );
        let operation = stage.client().open(&format!("/operations/{id}"));
        assert_eq!(operation.at("fiscal_state"), "registered");
        assert_eq!(operation.at("deliveries.0.state"), "acknowledged");
    }
    if stage.sealer == Sealer::Printer {
        let totals: BTreeSet<String> = stage
            .printed()
            .iter()
            .map(|receipt| value(receipt, "total").to_string())
            .collect();
        let sold: BTreeSet<String> = stage
            .sold
            .iter()
            .map(|(_, minor)| format!("\"{}\"", amount(*minor)))
            .collect();
        assert_eq!(totals, sold);
    }
}

/// Makes a sale that is answered `not_registered`, and returns its id.
fn not_registered(stage: &Stage) -> Uuid {
    let id = Uuid::new_v4();
    let body = if stage.sealer == Sealer::Printer {
        // The printer refuses for want of paper.
        Stage::switch(&stage.printer, "/sim/printer", r#"{"paper":"out"}"#);
        body(stage.sealer, id, 555)
    } else {
        // No fault of a printer refuses a document that needs no printer; a payment that is too small does.
        body(stage.sealer, id, 555).replace(r#""amount":5.55"#, r#""amount":5.54"#)
    };
    let reply = stage.client().post("operations/sale", &body);
    assert_eq!(
        reply.state.as_deref(),
        Some("not_registered"),
        "{}",
        reply.text
    );
    Stage::switch(&stage.printer, "/sim/printer", r#"{"paper":"ok"}"#);
    id
}

fn not_registered_is_nowhere(stage: &Stage, id: Uuid) {
    let text = id.to_string();
    assert!(
        !stage
            .listed()
            .iter()
            .any(|document| document.to_string().contains(&text))
    );
    assert!(
        !stage
            .printed()
            .iter()
            .any(|receipt| value(receipt, "total") == &JsonValue::from("5.55"))
    );
    let received = stage.authority.client.look("/sim/authority/received");
    assert!(
        !received.to_string().contains(r#""totalAmount":555"#),
        "{received}"
    );
    let operation = stage.client().open(&format!("/operations/{id}"));
    assert_eq!(
        operation.at("fiscal_state"),
        "not_registered",
        "{}",
        operation.text
    );
}

fn nothing_is_made_twice(stage: &Stage) {
    assert_eq!(stage.listed().len(), stage.sold.len());
    let printed = if stage.sealer == Sealer::Printer {
        stage.sold.len()
    } else {
        0
    };
    assert_eq!(stage.printed().len(), printed);
    let received = stage.authority.client.look("/sim/authority/received");
    let JsonValue::Array(documents) = &received else {
        panic!("{received}");
    };
    let keys: BTreeSet<String> = documents
        .iter()
        .map(|told| value(told, "key").to_string())
        .collect();
    assert_eq!(
        (documents.len(), keys.len()),
        (stage.sold.len() + 1, stage.sold.len() + 1),
        "the sales and the Z-report"
    );
    for (id, minor) in &stage.sold {
        let again = stage
            .client()
            .post("operations/sale", &body(stage.sealer, *id, *minor));
        assert!(again.replayed, "{}", again.text);
    }
    assert_eq!(stage.listed().len(), stage.sold.len());
}

fn numbers_have_no_gap(stage: &Stage) {
    let listed = stage.listed();
    let mut numbers: Vec<u64> = listed
        .iter()
        .map(|document| count(document, "number"))
        .collect();
    numbers.sort_unstable();
    assert!(
        numbers
            .iter()
            .copied()
            .eq(1..=u64::try_from(numbers.len()).unwrap()),
        "{numbers:?}"
    );
    let mut own: Vec<u64> = match stage.sealer {
        Sealer::Printer => return,
        Sealer::Range => {
            let numbers = listed
                .iter()
                .map(|document| value(document, "seriesAndNumber").to_string());
            numbers
                .map(|number| number.trim_matches(['"', 'A', 'B', 'C']).parse().unwrap())
                .collect()
        }
        Sealer::Number => {
            let received = stage.authority.client.look("/sim/authority/received");
            let JsonValue::Array(documents) = &received else {
                panic!("{received}");
            };
            documents
                .iter()
                .map(|told| count(told, "body.fiscalNum"))
                .collect()
        }
    };
    own.sort_unstable();
    assert!(own.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{own:?}");
}

fn z_agrees(stage: &Stage, z: &Reply) {
    let sum: u64 = stage.sold.iter().map(|(_, minor)| minor).sum();
    let (fiscal, alternative) = match stage.sealer {
        Sealer::Printer | Sealer::Number => (sum, 0),
        Sealer::Range => (0, sum),
    };
    assert_eq!(z.at("data.totalAmount"), amount(fiscal));
    assert_eq!(
        z.at("data.additionalData.alternative.amount"),
        amount(alternative)
    );
    let reports = stage.received("z_report");
    assert_eq!(reports.len(), 1);
    let told = reports[0].to_string();
    assert_eq!(
        told.contains(&format!(
            r#""sale":{{"count":{},"amount":{fiscal}}}"#,
            stage.sold.len()
        )),
        fiscal > 0,
        "{told}"
    );
    let (code, books) = finished(&["verify", "--config", stage.file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{books}");
    assert_eq!(
        value(&books, "z_reports.0.agrees"),
        &JsonValue::Bool(true),
        "{books}"
    );
}

fn bad_input_changes_nothing(stage: &Stage) {
    let before = (stage.listed(), stage.printed());
    let bad = r#"{"receiptMode":"Nothing","items":[{"name":" ","quantity":0,"price":1.001,"taxGroupCode":"Z"}],"payments":[{"typeCode":77,"amount":-1}],"more":1}"#;
    let refused = stage.client().post("operations/sale", bad);
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(
        refused.state.as_deref(),
        Some("not_registered"),
        "{}",
        refused.text
    );
    let mut paths = refused.paths();
    paths.sort_unstable();
    let faults = [
        "items[0].name",
        "items[0].price",
        "items[0].quantity",
        "items[0].taxGroupCode",
        "more",
        "payments[0].amount",
        "payments[0].typeCode",
        "receiptMode",
    ];
    assert_eq!(paths, faults, "{}", refused.text);
    assert_eq!(before, (stage.listed(), stage.printed()));
}

//! Documents about which no printer can be asked any more: the device or its printer has left the configuration, another family
//! answers, or the printer has not answered for a day. Each of them is told, and a person can settle it.

mod shop;

use std::fs;
use std::path::PathBuf;

use ferrotill::hmac::signature_of;
use ferrotill::time::clock::system_ms;
use ferrotill_device::emulator::{FaultKind, FaultOrder, Power, Rig, RigOptions};
use ferrotill_testkit::config::Device;
use shop::outside::{Process, finished, run_agent_process, until};
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, SECRET, config, count};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0091";
const OTHER_DEVICE: &str = "0875b8a5-0668-41a3-a3fa-8eeccf66d290";
const PRINTED: &str = r#"{"registered":true,"document":1,"by":"Maria Popescu"}"#;
/// Closes a fiscal receipt.
const CLOSE: u8 = 0x38;

/// The process of [`Process::skippable_agent`].
#[test]
fn agent_process() {
    run_agent_process();
}

fn sale(id: &str, mode: &str) -> String {
    format!(
        r#"{{"id":"{id}","receiptMode":"{mode}","items":[{{"name":"Piine","quantity":1,"price":1.00,"taxGroupCode":"B"}}],"payments":[{{"typeCode":0,"amount":1.00}}]}}"#
    )
}

/// A till whose printer has executed the close of a sale; the answer was lost, and the agent was killed.
struct LostClose {
    rig: Rig,
    office: Process,
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl LostClose {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rig = Rig::start(RigOptions::new(folder.path().join("printer"))).unwrap();
        let office = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
        let file = folder.path().join("ferrotill.toml");
        let lost = Self {
            rig,
            office,
            folder,
            file,
        };
        lost.configure(|device| device);
        let mut agent = Process::agent(&lost.file);
        lost.rig.add_fault(FaultOrder {
            kind: FaultKind::PowerCut,
            command: Some(CLOSE),
            times: 1,
            ms: 0,
        });
        let caller = std::thread::spawn({
            let client = agent.client.clone();
            let body = sale(ID, "FiscalReceiptOnly");
            move || client.call("POST", "operations/sale", &body, |_| ())
        });
        until("the close is executed", || {
            lost.rig.snapshot(false).power != "on"
        });
        agent.kill();
        if let Ok(reply) = caller.join().unwrap() {
            assert_ne!(reply.status, 200, "{}", reply.text);
        }
        lost
    }

    fn uri(&self, family: &str) -> String {
        let link = self.folder.path().join("printer");
        format!("{family}+serial://{}?baud=115200", link.display())
    }

    /// Writes the configuration with another device in the place of the first.
    fn configure(&self, change: impl FnOnce(Device) -> Device) {
        let books = self.folder.path().join("books");
        let text =
            config(&books, &self.uri("datecs"), &self.office.client.url).change_device(0, change);
        fs::write(&self.file, text.to_string()).unwrap();
    }

    /// Starts the agent again with the first configuration: the printer itself proves the sale, which is printed once.
    fn ends_well(&self) {
        self.rig.set_power(Power::On);
        self.configure(|device| device);
        let agent = Process::agent(&self.file);
        until("the sale is registered", || {
            state(&agent.client).0 == "registered"
        });
        let again = agent
            .client
            .post("operations/sale", &sale(ID, "FiscalReceiptOnly"));
        assert_eq!(again.status, 200, "{}", again.text);
        assert!(again.replayed, "{}", again.text);
        assert_eq!(self.rig.snapshot(true).fiscal_receipts.len(), 1);
    }
}

/// The state of the sale, and whether a person may settle it.
fn state(client: &Client) -> (String, String) {
    let told = client.open(&format!("/operations/{ID}"));
    (told.at("fiscal_state"), told.at("needs_a_person"))
}

fn wait_for_a_person(client: &Client) {
    until("a person may settle it", || {
        let (state, needs_a_person) = state(client);
        assert_eq!(state, "unknown");
        needs_a_person == "true"
    });
}

/// Sends a declaration that is signed for another device of the agent.
fn declare_as(client: &Client, device: &str, body: &str) -> Reply {
    let path = format!("/operations/{ID}/settlement");
    let change = |headers: &mut shop::Headers| {
        let timestamp = system_ms().to_string();
        let signed = [device, &timestamp, "POST", &path, body].map(str::as_bytes);
        for (name, value) in headers {
            match *name {
                "Api-DeviceId" => *value = device.to_owned(),
                "Api-Timestamp" => value.clone_from(&timestamp),
                "Api-Signature" => *value = signature_of(SECRET.as_bytes(), &signed),
                _ => {}
            }
        }
    };
    client.signed("POST", &path, body, change).unwrap()
}

fn other_device(uri: &str) -> Device {
    Device::new(OTHER_DEVICE, "Till 2", uri)
        .tax_group("B", "8.00")
        .point_of_sale(POINT_OF_SALE, "1")
}

#[test]
fn the_document_of_a_removed_device_is_told_and_can_be_settled() {
    let lost = LostClose::new();
    lost.configure(|_| other_device(&lost.uri("escpos")));
    let agent = Process::agent(&lost.file);
    // Nobody is asked, so the document needs a person as soon as the agent serves.
    assert_eq!(
        state(&agent.client),
        ("unknown".to_owned(), "true".to_owned())
    );
    let health = agent.client.open("/healthz").text;
    assert!(health.contains(DEVICE), "{health}");
    assert!(
        health.contains("a document whose outcome is not known"),
        "{health}"
    );
    let declared = declare_as(&agent.client, OTHER_DEVICE, PRINTED);
    assert_eq!(declared.status, 200, "{}", declared.text);
    assert_eq!(state(&agent.client).0, "registered");
    // The shift of the removed device is still open.
    let health = agent.client.open("/healthz").text;
    assert!(!health.contains("a document whose outcome"), "{health}");
    assert!(health.contains("an open shift"), "{health}");
    drop(agent);
    lost.ends_well();
}

#[test]
fn a_removed_device_that_is_put_back_asks_its_printer() {
    let lost = LostClose::new();
    lost.configure(|_| other_device(&lost.uri("escpos")));
    drop(Process::agent(&lost.file));
    lost.ends_well();
}

#[test]
fn another_family_never_settles_a_document() {
    let lost = LostClose::new();
    lost.rig.set_power(Power::On);
    for family in ["datecs-b", "eltrade", "datecs-x", "escpos"] {
        let uri = lost.uri(family);
        lost.configure(|device| device.set("uri", ferrotill_testkit::config::text(uri)));
        let agent = Process::agent(&lost.file);
        wait_for_a_person(&agent.client);
    }
    lost.ends_well();
}

#[test]
fn a_printer_that_is_gone_for_a_day_keeps_no_document_for_ever() {
    let lost = LostClose::new();
    let mut agent = Process::skippable_agent(&lost.file);
    until("the printer is missed", || {
        let health = agent.client.open("/healthz").text;
        health.contains("the printer")
    });
    let early = agent.client.declare(ID, PRINTED);
    assert_eq!(early.status, 422, "{}", early.text);
    assert_eq!(state(&agent.client).1, "false");
    agent.skip(24 * 3_600_000);
    wait_for_a_person(&agent.client);
    let declared = agent.client.declare(ID, PRINTED);
    assert_eq!(declared.status, 200, "{}", declared.text);
    assert_eq!(state(&agent.client).0, "registered");
}

const ALTERNATIVE: &str = "AlternativeReceiptOnly";

/// Sells on an alternative receipt, and checks its number.
fn sells_alternative(client: &Client, number: u32) {
    let id = uuid::Uuid::new_v4().to_string();
    let sold = client.post("operations/sale", &sale(&id, ALTERNATIVE));
    assert_eq!(sold.status, 200, "{}", sold.text);
    let receipt = |member: &str| sold.at(&format!("data.alternativeReceipt.{member}"));
    assert_eq!(receipt("seriesAndNumber"), format!("ABC{number:08}"));
    assert!(
        receipt("printErrorMessage").contains("not settled yet"),
        "{}",
        sold.text
    );
}

/// The printer may come back, or it may never be found: in both cases the day is closed, and the office has taken every document.
#[test]
fn alternative_receipts_do_not_wait_for_a_document_whose_printer_is_gone() {
    for comes_back in [true, false] {
        let lost = LostClose::new();
        let mut agent = Process::skippable_agent(&lost.file);
        sells_alternative(&agent.client, 1);
        for (operation, body) in [
            (
                "operations/sale",
                &*sale("7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0092", "FiscalReceiptOnly"),
            ),
            ("operations/closeday", "{}"),
        ] {
            let refused = agent.client.post(operation, body);
            let waited = (422, "not_registered", "DeviceUnsettled".to_owned());
            assert_eq!(refused.verdict(), waited, "{}", refused.text);
        }
        agent.kill();
        agent = Process::skippable_agent(&lost.file);
        sells_alternative(&agent.client, 2);
        let again = agent.client.post("operations/sale", &sale(ID, ALTERNATIVE));
        assert_ne!(again.status, 200, "one id has one receipt: {}", again.text);

        if comes_back {
            lost.rig.set_power(Power::On);
            until("the sale is registered", || {
                state(&agent.client).0 == "registered"
            });
            // The next alternative receipt is printed.
            let id = uuid::Uuid::new_v4().to_string();
            let sold = agent
                .client
                .post("operations/sale", &sale(&id, ALTERNATIVE));
            assert_eq!(
                sold.at("data.alternativeReceipt.printErrorMessage"),
                "null",
                "{}",
                sold.text
            );
        } else {
            agent.skip(24 * 3_600_000);
            wait_for_a_person(&agent.client);
            let not_printed = r#"{"registered":false,"by":"Maria Popescu"}"#;
            let declared = agent.client.declare(ID, not_printed);
            assert_eq!(declared.status, 200, "{}", declared.text);
        }
        let closed = agent.client.post("operations/closeday", "{}");
        assert_eq!(closed.status, 200, "{}", closed.text);
        let alternative = closed.at("data.additionalData.alternative.count");
        assert_eq!(alternative, if comes_back { "3" } else { "2" });
        until("the office has every document", || {
            count(&agent.client.open("/healthz").body, "unsent.documents") == 0
        });
        drop(agent);
        let (code, books) = finished(&["verify", "--config", lost.file.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{books}");
    }
}

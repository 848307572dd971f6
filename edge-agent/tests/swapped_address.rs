//! Tests of a sale whose outcome is not known while the printer's configured address is wrong after a restart: the sale is
//! never reported as unprinted, and once the address is right again, nothing is printed twice.

mod shop;

use std::fs;

use ferrotill_device::emulator::{FaultKind, FaultOrder, Power, Rig, RigOptions};
use shop::outside::{Process, until};
use shop::{Client, configuration};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0072";
/// The printer's command that closes a fiscal receipt.
const CLOSE: u8 = 0x38;

/// The body of a sale with this many lines, paid with one payment.
fn sale(lines: usize, payment: u32) -> String {
    let line = r#"{"name":"Piine","quantity":1,"price":1.00,"taxGroupCode":"B"}"#;
    let items = vec![line; lines].join(",");
    format!(
        r#"{{"id":"{ID}","receiptMode":"FiscalReceiptOnly","items":[{items}],"payments":[{{"typeCode":{payment},"amount":{lines}.00}}]}}"#
    )
}

/// The state of the sale, and whether an operator may declare its outcome, as `/operations/{id}` shows both.
fn state(client: &Client) -> (String, String) {
    let told = client.open(&format!("/operations/{ID}"));
    (told.at("fiscal_state"), told.at("needs_a_person"))
}

/// The printer executes the close command and its answer is lost; then the agent is killed, the address is changed, and later
/// corrected. `settle` is called while the address is wrong.
fn with_the_address_changed_to(wrong: &str, body: &str, settle: impl FnOnce(&Client) -> bool) {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("printer");
    let rig = Rig::start(RigOptions::new(link.clone())).unwrap();
    let office = Process::authority();
    let file = folder.path().join("ferrotill.toml");
    let configure = |family: &str| {
        let uri = format!("{family}+serial://{}?baud=115200", link.display());
        let books = folder.path().join("books");
        let text = configuration(books.to_str().unwrap(), &uri, &office.client.url)
            .replace(r#"name = "Card""#, r#"name = "Cec", printer = "C""#);
        fs::write(&file, text).unwrap();
    };
    configure("datecs");
    let mut agent = Process::agent(&file);
    rig.add_fault(FaultOrder {
        kind: FaultKind::PowerCut,
        command: Some(CLOSE),
        times: 1,
        ms: 0,
    });
    let caller = std::thread::spawn({
        let (client, body) = (agent.client.clone(), body.to_owned());
        move || client.call("POST", "operations/sale", &body, |_| ())
    });
    until("the close is executed", || {
        rig.snapshot(false).power != "on"
    });
    agent.kill();
    // The caller may have got an answer or none, but the answer was not "registered".
    if let Ok(reply) = caller.join().unwrap() {
        assert_ne!(reply.status, 200, "{}", reply.text);
    }
    rig.set_power(Power::On);

    configure(wrong);
    agent = Process::agent(&file);
    until("a person may say what became of it", || {
        let (state, needs_a_person) = state(&agent.client);
        assert_eq!(state, "unknown", "{wrong}");
        needs_a_person == "true"
    });
    let settled = settle(&agent.client);
    agent.kill();

    configure("datecs");
    agent = Process::agent(&file);
    until("the printer says what became of it", || {
        state(&agent.client).0 == "registered"
    });
    let again = agent.client.post("operations/sale", body);
    assert_eq!(again.status, 200, "{wrong}: {}", again.text);
    assert!(again.replayed, "{wrong}: {}", again.text);
    let printed = rig.snapshot(true).fiscal_receipts;
    assert_eq!(printed.len(), 1, "{wrong}, settled {settled}: {printed:?}");
}

#[test]
fn a_receipt_printer_under_the_address_never_calls_a_printed_sale_unprinted() {
    with_the_address_changed_to("escpos", &sale(1, 0), |_| false);
}

#[test]
fn a_family_that_takes_fewer_lines_never_calls_a_printed_sale_unprinted() {
    with_the_address_changed_to("datecs-b", &sale(121, 0), |_| false);
}

#[test]
fn a_family_without_the_type_of_payment_never_calls_a_printed_sale_unprinted() {
    with_the_address_changed_to("datecs-x", &sale(1, 1), |_| false);
}

#[test]
fn a_person_may_settle_the_sale_while_another_printer_is_under_the_address() {
    with_the_address_changed_to("escpos", &sale(1, 0), |client| {
        let said = client.declare(
            ID,
            r#"{"registered":true,"document":1,"by":"Maria Popescu"}"#,
        );
        assert_eq!(said.status, 200, "{}", said.text);
        assert_eq!(state(client).0, "registered");
        true
    });
}

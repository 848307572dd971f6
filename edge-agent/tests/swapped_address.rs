//! A sale whose outcome is unknown, and an address of another printer after the restart: the sale is not reported as unprinted,
//! and it is not printed twice when the address is correct again.

mod shop;

use std::fs;
use std::process::Command;

use ferrotill_device::emulator::{FaultKind, FaultOrder, Power, Rig, RigOptions};
use shop::outside::{Process, until};
use shop::{Client, configuration};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0072";
/// Closes a fiscal receipt.
const CLOSE: u8 = 0x38;

/// A sale of so many lines, paid with one payment.
fn sale(lines: usize, payment: u32) -> String {
    let line = r#"{"name":"Piine","quantity":1,"price":1.00,"taxGroupCode":"B"}"#;
    let items = vec![line; lines].join(",");
    format!(
        r#"{{"id":"{ID}","receiptMode":"FiscalReceiptOnly","items":[{items}],"payments":[{{"typeCode":{payment},"amount":{lines}.00}}]}}"#
    )
}

/// The state of the sale, and whether a person may settle it.
fn state(client: &Client) -> (String, String) {
    let told = client.open(&format!("/operations/{ID}"));
    (told.at("fiscal_state"), told.at("needs_a_person"))
}

/// A family that does not have the payment letter of the tests.
const WITHOUT_THE_LETTER: &str = "datecs-x";

/// The close is executed and its answer lost, the agent is killed, the address is changed, and later corrected.
/// `settle` runs while the address is wrong.
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
    // The caller got no answer, or one other than "registered".
    if let Ok(reply) = caller.join().unwrap() {
        assert_ne!(reply.status, 200, "{}", reply.text);
    }
    rig.set_power(Power::On);

    configure(wrong);
    let settled = if wrong == WITHOUT_THE_LETTER {
        // The configuration is refused before the journal is opened.
        let refused = Command::new(env!("CARGO_BIN_EXE_ferrotill"))
            .args(["run", "--config", file.to_str().unwrap()])
            .output()
            .unwrap();
        let says = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{says}");
        assert!(
            says.contains("which a datecs-x printer does not have"),
            "{says}"
        );
        false
    } else {
        agent = Process::agent(&file);
        until("a person may settle it", || {
            let (state, needs_a_person) = state(&agent.client);
            assert_eq!(state, "unknown", "{wrong}");
            needs_a_person == "true"
        });
        let settled = settle(&agent.client);
        agent.kill();
        settled
    };

    configure("datecs");
    agent = Process::agent(&file);
    until("the printer settles it", || {
        state(&agent.client).0 == "registered"
    });
    let again = agent.client.post("operations/sale", body);
    assert_eq!(again.status, 200, "{wrong}: {}", again.text);
    assert!(again.replayed, "{wrong}: {}", again.text);
    let printed = rig.snapshot(true).fiscal_receipts;
    assert_eq!(printed.len(), 1, "{wrong}, settled {settled}: {printed:?}");
}

#[test]
fn an_escpos_address_never_makes_a_printed_sale_unprinted() {
    with_the_address_changed_to("escpos", &sale(1, 0), |_| false);
}

#[test]
fn a_family_with_fewer_lines_never_makes_a_printed_sale_unprinted() {
    with_the_address_changed_to("datecs-b", &sale(121, 0), |_| false);
}

#[test]
fn a_family_without_the_payment_type_never_makes_a_printed_sale_unprinted() {
    with_the_address_changed_to(WITHOUT_THE_LETTER, &sale(1, 1), |_| false);
}

#[test]
fn a_person_may_settle_the_sale_while_the_address_is_wrong() {
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

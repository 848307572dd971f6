//! Non-fiscal receipts: a text with the till's numbers, printed once, and no part of a shift, a report or the tax authority's documents.

mod shop;

use ferrotill_device::printer::Paper;
use shop::inside::Shop;
use shop::machine::MachineShop;
use shop::outside::{Process, finished, until};
use shop::{Client, POINT_OF_SALE, Reply};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0a01";

fn text(id: &str, more: &str) -> String {
    format!(r#"{{"id":"{id}",{more}"text":"Masa 7\nBrânză & țări\n\nPoftă bună!"}}"#)
}

fn sale() -> &'static str {
    r#"{"items":[{"name":"Ceai","quantity":1,"price":5.00,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":5.00}]}"#
}

fn connected(client: &Client) {
    until("the printer is connected", || {
        client.open("/healthz").at("printers.0.connected") == "true"
    });
}

fn numbers(reply: &Reply, of: &str) -> (String, String) {
    assert_eq!(reply.state.as_deref(), Some("registered"), "{}", reply.text);
    let at = |name| reply.at(&format!("data.{of}{name}"));
    (at("number"), at("currentNumber"))
}

fn pair(number: u32, current: u32) -> (String, String) {
    (number.to_string(), current.to_string())
}

#[test]
fn a_text_takes_numbers_and_has_no_part_in_the_shift_or_at_the_office() {
    let shop = Shop::open();
    let client = &shop.client;
    connected(client);
    let said = client.post("nonfiscalreceipts", &text(ID, ""));
    assert_eq!(numbers(&said, ""), pair(1, 1));
    for (name, expected) in [
        ("id", ID),
        ("pointOfSaleId", POINT_OF_SALE),
        ("text", "Masa 7\nBrânză & țări\n\nPoftă bună!"),
        ("print", "true"),
        ("sendToEmail", "false"),
        ("emailAddress", "null"),
        ("printErrorMessage", "null"),
    ] {
        assert_eq!(said.at(&format!("data.{name}")), expected, "{name}");
    }
    let paper = shop.rig.paper();
    for row in ["BON NEFISCAL", "Masa 7", "Branza & tari", "Pofta buna!"] {
        assert!(paper.contains(row), "{row} is missing:\n{paper}");
    }
    let refused = client.post("operations/closeday", "");
    assert_eq!(refused.at("errorType"), "ShiftNotOpen", "{}", refused.text);
    let sold = client.post("operations/sale", sale());
    assert_eq!(numbers(&sold, "fiscalReceipt."), pair(2, 2));
    let silent = client.post("nonfiscalreceipts", r#"{"print":false,"text":""}"#);
    assert_eq!(numbers(&silent, ""), pair(3, 3));
    let closed = client.post("operations/closeday", "");
    assert_eq!(numbers(&closed, ""), pair(4, 4));
    assert_eq!(closed.at("data.receiptCount"), "1");
    assert_eq!(closed.at("data.lastReceiptNumber"), "2");
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true"
    );
    let next = client.post("nonfiscalreceipts", r#"{"print":false,"text":"a"}"#);
    assert_eq!(numbers(&next, ""), pair(5, 1));
    until("the office has every document", || {
        client.open("/healthz").at("unsent.documents") == "0"
    });
    let received = shop.office.received();
    let kinds: Vec<&str> = received.iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["sale", "z_report"]);
    // The API has no list of them and no way to read one.
    for path in [
        format!("nonfiscalreceipts/{ID}"),
        "nonfiscalreceipts/full".to_owned(),
    ] {
        assert_eq!(client.get(&path).status, 404, "{path}");
    }
    assert_eq!(client.get("nonfiscalreceipts").status, 405);
    let operation = client.open(&format!("/operations/{ID}"));
    assert_eq!(
        operation.at("fiscal_state"),
        "registered",
        "{}",
        operation.text
    );
}

#[test]
fn a_repeated_text_is_printed_once_and_another_text_with_its_id_is_refused() {
    let shop = Shop::open();
    let client = &shop.client;
    connected(client);
    let first = client.post("nonfiscalreceipts", &text(ID, ""));
    assert_eq!(first.status, 200, "{}", first.text);
    let printed = shop.rig.paper().matches("Masa 7").count();
    let again = client.post("nonfiscalreceipts", &text(ID, ""));
    assert!(again.replayed, "{}", again.text);
    assert_eq!(again.text, first.text);
    assert_eq!(shop.rig.paper().matches("Masa 7").count(), printed);
    let other = client.post(
        "nonfiscalreceipts",
        &text(ID, "").replace("Masa 7", "Masa 8"),
    );
    let clash = (422, "registered", "RequestIdClash".to_owned());
    assert_eq!(other.verdict(), clash, "{}", other.text);
    let sold = client.post(
        "operations/sale",
        &sale().replacen('{', &format!(r#"{{"id":"{ID}","#), 1),
    );
    assert_eq!(sold.verdict(), clash, "{}", sold.text);
}

#[test]
fn a_wanted_form_is_in_the_answer_and_nothing_is_printed() {
    let shop = Shop::open();
    let client = &shop.client;
    connected(client);
    let form = client.post("nonfiscalreceipts", &text(ID, r#""printOnServer":false,"#));
    assert_eq!(form.at("data.printFormMediaType"), "Json", "{}", form.text);
    let rows: Vec<String> = (0..form.list("data.printFormContent"))
        .filter(|row| form.at(&format!("data.printFormContent.{row}.type")) == "Text")
        .map(|row| form.at(&format!("data.printFormContent.{row}.text")))
        .collect();
    let place = rows.iter().position(|row| row == "Masa 7").unwrap();
    assert_eq!(
        rows[place..],
        ["Masa 7", "Brânză & țări", "", "Poftă bună!"]
    );
    assert!(rows.contains(&"BON NEFISCAL".to_owned()), "{rows:?}");
    assert!(!shop.rig.paper().contains("Masa 7"), "nothing is printed");
    assert_eq!(form.at("data.printErrorMessage"), "null");
    let more = r#""printOnServer":false,"printFormMediaType":"Html","#;
    let page = client.post("nonfiscalreceipts", &text(ID, more));
    assert!(page.replayed, "{}", page.text);
    let content = page.at("data.printFormContent");
    assert!(content.contains("<p>Brânză &amp; țări</p>"), "{content}");
    let more = r#""printOnServer":false,"print":false,"#;
    let none = client.post(
        "nonfiscalreceipts",
        &text("7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0a02", more),
    );
    assert_eq!(none.at("data.printFormContent"), "null", "{}", none.text);
}

#[test]
fn bad_input_names_every_fault_and_takes_no_number() {
    let shop = Shop::open();
    let client = &shop.client;
    let body = format!(
        r#"{{"id":"{ID}","text":"{}","sendToEmail":true,"emailAddress":"a","phoneNumber":"079000001"}}"#,
        "a\\n".repeat(101)
    );
    let refused = client.post("nonfiscalreceipts", &body);
    assert_eq!(refused.verdict().1, "not_registered", "{}", refused.text);
    let mut paths = refused.paths();
    paths.sort();
    assert_eq!(paths, ["emailAddress", "phoneNumber", "text"]);
    let long = format!(r#"{{"id":"{ID}","text":"{}"}}"#, "a".repeat(4_001));
    let refused = client.post("nonfiscalreceipts", &long);
    let too_long = (422, "not_registered", "TextTooLong".to_owned());
    assert_eq!(refused.verdict(), too_long, "{}", refused.text);
    assert_eq!(refused.paths(), ["text"]);
    let card = client.post(
        "nonfiscalreceipts",
        r#"{"print":false,"text":"Card 4111111111111111"}"#,
    );
    assert_eq!(numbers(&card, ""), pair(1, 1));
    assert_eq!(card.at("data.text"), "Card 411111******1111");
}

#[test]
fn a_text_is_registered_without_paper_and_the_answer_says_why() {
    let till = MachineShop::open("escpos", None);
    let client = &till.agent.client;
    connected(client);
    till.rig.set_paper(Paper::Out);
    let said = client.post("nonfiscalreceipts", &text(ID, ""));
    assert_eq!(numbers(&said, ""), pair(1, 1));
    let note = said.at("data.printErrorMessage");
    assert!(note.contains("paper"), "{note}");
}

#[test]
fn a_killed_agent_has_the_text_once_and_its_books_are_in_order() {
    let mut till = MachineShop::open("datecs", None);
    connected(&till.agent.client);
    let first = till.agent.client.post("nonfiscalreceipts", &text(ID, ""));
    assert_eq!(numbers(&first, ""), pair(1, 1));
    till.agent.kill();
    till.agent = Process::agent(&till.file);
    let again = till.agent.client.post("nonfiscalreceipts", &text(ID, ""));
    assert!(again.replayed, "{}", again.text);
    assert_eq!(numbers(&again, ""), pair(1, 1));
    connected(&till.agent.client);
    // The printer's counters are those that the till knows, although the last document has none.
    let sold = till.agent.client.post("operations/sale", sale());
    assert_eq!(numbers(&sold, "fiscalReceipt."), pair(2, 2));
    let closed = till.agent.client.post("operations/closeday", "");
    assert_eq!(numbers(&closed, ""), pair(3, 3));
    let (code, books) = finished(&["verify", "--config", till.file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{books}");
}

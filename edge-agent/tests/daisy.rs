//! A Daisy printer at a running agent: a day with cash, a card and a return, a close that is lost, and what the printer cannot print.

mod shop;

use shop::machine::MachineShop;
use shop::till::SALE;
use uuid::Uuid;

fn back(id: &str, payment: u32) -> String {
    format!(
        r#"{{"originalReceiptId":"{id}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":{payment},"amount":25.50}}]}}"#
    )
}

const BY_CARD: &str = r#"{"items":[{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}],"payments":[{"typeCode":1,"amount":25.50}]}"#;

#[test]
fn a_day_is_sold_returned_and_closed_and_agrees_with_the_printer() {
    for firmware in ["daisy-1.8", "daisy-1.0"] {
        let shop = MachineShop::open("daisy", Some(firmware));
        let sold = shop.agent.client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{firmware}: {}", sold.text);
        let by_card = shop.agent.client.post("operations/sale", BY_CARD);
        assert_eq!(by_card.status, 200, "{firmware}: {}", by_card.text);
        let returned = shop
            .agent
            .client
            .post("operations/return", &back(&sold.receipt("id"), 0));
        assert_eq!(returned.status, 200, "{firmware}: {}", returned.text);
        let printed = shop.rig.snapshot(true);
        assert_eq!(printed.fiscal_receipts.len(), 3, "{firmware}");
        let document = returned.at("data.additionalData.printer.document");
        assert_eq!(document, printed.last_document.to_string(), "{firmware}");
        let health = shop.agent.client.open("/healthz").text;
        assert!(health.contains("\"missing\":[]"), "{firmware}: {health}");
        let closed = shop.agent.client.post("operations/closeday", "{}");
        assert_eq!(closed.status, 200, "{firmware}: {}", closed.text);
        let agrees = closed.at("data.additionalData.reconciliation.agrees");
        assert_eq!(agrees, "true", "{firmware}: {}", closed.text);
    }
}

#[test]
fn a_close_that_a_power_cut_divides_from_its_answer_is_registered_once() {
    const CLOSE: u8 = 0x38;
    let mut shop = MachineShop::open("daisy", Some("daisy-1.8"));
    let id = Uuid::new_v4();
    let body = SALE.replacen('{', &format!(r#"{{"id":"{id}","#), 1);
    shop.crash_at(CLOSE, "operations/sale", &body);
    let again = shop.agent.client.post("operations/sale", &body);
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(again.receipt("id"), id.to_string());
    assert_eq!(shop.rig.snapshot(true).fiscal_receipts.len(), 1);
    let closed = shop.agent.client.post("operations/closeday", "{}");
    let agrees = closed.at("data.additionalData.reconciliation.agrees");
    assert_eq!(agrees, "true", "{}", closed.text);
}

#[test]
fn a_return_that_cannot_be_printed_needs_no_person_after_a_crash_before_its_refusal() {
    const LAST_DOCUMENT: u8 = 0x71;
    let mut shop = MachineShop::open("daisy", Some("daisy-1.8"));
    let sold = shop.agent.client.post("operations/sale", BY_CARD);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let id = Uuid::new_v4();
    let body = back(&sold.receipt("id"), 1).replacen('{', &format!(r#"{{"id":"{id}","#), 1);
    // The printer loses its power at the first question of the job, so the job is reserved and not yet refused.
    shop.crash_at(LAST_DOCUMENT, "operations/return", &body);
    let again = shop.agent.client.post("operations/return", &body);
    assert!(again.text.contains("paid in cash only"), "{}", again.text);
    let next = shop.agent.client.post("operations/sale", SALE);
    assert_eq!(next.status, 200, "{}", next.text);
    assert_eq!(shop.rig.snapshot(true).fiscal_receipts.len(), 2);
}

#[test]
fn a_return_to_a_card_is_refused_with_the_reason_and_the_till_sells_on() {
    let shop = MachineShop::open("daisy", Some("daisy-1.8"));
    let sold = shop.agent.client.post("operations/sale", BY_CARD);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let refused = shop
        .agent
        .client
        .post("operations/return", &back(&sold.receipt("id"), 1));
    assert_ne!(refused.status, 200, "{}", refused.text);
    assert!(
        refused.text.contains("paid in cash only"),
        "{}",
        refused.text
    );
    let again = shop.agent.client.post("operations/sale", SALE);
    assert_eq!(again.status, 200, "{}", again.text);
    assert_eq!(shop.rig.snapshot(true).fiscal_receipts.len(), 2);
}

//! A Tremol printer at a running agent: a day with a sale, a return, cash and reports, and a close whose answer is lost.

mod shop;

use std::thread;

use ferrotill_device::emulator::{FaultKind, FaultOrder, Power};
use shop::machine::MachineShop;
use shop::outside::{finished, until};
use shop::till::SALE;

const CLOSE: u8 = 0x38;
const SELL: u8 = 0x31;

#[test]
fn a_day_with_a_return_and_cash_agrees_with_the_printer() {
    let shop = MachineShop::open("tremol", None);
    let client = &shop.agent.client;
    let cash = client.post("cashoperations", r#"{"amount":100.00}"#);
    assert_eq!(cash.status, 200, "{}", cash.text);
    let sold = client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let id = sold.receipt("id");
    let back = format!(
        r#"{{"originalReceiptId":"{id}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":25.50}}]}}"#
    );
    let returned = client.post("operations/return", &back);
    assert_eq!(returned.status, 200, "{}", returned.text);
    let kinds: Vec<&str> = shop
        .rig
        .snapshot(true)
        .fiscal_receipts
        .iter()
        .map(|receipt| receipt.kind)
        .collect();
    assert_eq!(kinds, ["sale", "refund"]);
    let report = client.post("operations/intermediatetotals", "{}");
    assert_eq!(report.status, 200, "{}", report.text);
    let closed = client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{}", closed.text);
    let agrees = closed.at("data.additionalData.reconciliation.agrees");
    assert_eq!(agrees, "true", "{}", closed.text);
    let health = client.open("/healthz").text;
    assert!(health.contains("TREMOL FP15"), "{health}");
    assert!(!health.contains("printer_answer_unknown"), "{health}");
    drop(shop.agent);
    let (code, told) = finished(&["verify", "--config", shop.file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{told}");
}

#[test]
fn a_sale_whose_command_or_close_was_executed_without_an_answer_is_printed_once() {
    for command in [SELL, CLOSE] {
        let shop = MachineShop::open("tremol", None);
        let first = shop.agent.client.post("operations/sale", SALE);
        assert_eq!(first.status, 200, "{}", first.text);
        shop.rig.add_fault(FaultOrder {
            kind: FaultKind::PowerCut,
            command: Some(command),
            times: 1,
            ms: 0,
        });
        let caller = thread::spawn({
            let client = shop.agent.client.clone();
            move || client.post("operations/sale", SALE)
        });
        until("the command is executed", || {
            shop.rig.snapshot(false).power != "on"
        });
        shop.rig.set_power(Power::On);
        let sold = caller.join().unwrap();
        let printed = shop.rig.snapshot(true);
        assert!(!printed.receipt_open, "{command:02X}");
        let registered = usize::from(sold.status == 200);
        assert_eq!(
            printed.fiscal_receipts.len(),
            1 + registered,
            "{command:02X}: {}",
            sold.text
        );
        // An interrupted receipt is continued or cancelled; one whose close was executed is found.
        assert!(registered == 1 || command == SELL, "{}", sold.text);
    }
}

//! A Datecs MX printer at a running agent: its country in `/healthz`, its training mode, and a return, which it cannot print.

mod shop;

use std::io::{Read, Write};
use std::net::TcpStream;

use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_device::family::datecs_mx;
use ferrotill_device::wire::framing::Request;
use shop::machine::MachineShop;
use shop::till::SALE;
use uuid::Uuid;

/// A shop with a printer of this firmware; `before` is done to the printer before the agent starts.
fn shop(firmware: &str, lacks: &[u8], before: impl FnOnce(&Rig)) -> MachineShop {
    shop_of(
        |options| RigOptions {
            firmware: Some(firmware.to_owned()),
            lacks: lacks.to_vec(),
            ..options
        },
        before,
    )
}

fn shop_of(
    machine: impl FnOnce(RigOptions) -> RigOptions,
    before: impl FnOnce(&Rig),
) -> MachineShop {
    MachineShop::open_with("datecs-mx", machine, before)
}

#[test]
fn health_names_the_country_of_the_machine() {
    for (firmware, country) in [("mx-ro", "RO"), ("mx-md", "MD"), ("mx-bg", "BG")] {
        let shop = shop(firmware, &[], |_| {});
        let sold = shop.agent.client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{firmware}: {}", sold.text);
        // `nBon` is the number of the next document.
        let document = sold.receipt("additionalData.printer.document");
        let printed = shop.rig.snapshot(true).last_document;
        assert_eq!(document, printed.to_string(), "{firmware}");
        let health = shop.agent.client.open("/healthz").text;
        let named = format!("\"country\":\"{country}\"");
        assert!(health.contains(&named), "{named}\n{health}");
    }
}

/// A shop whose machine has these rates, in ten-thousandths of a percent.
fn shop_with_rates(rates: [Option<u32>; 3]) -> MachineShop {
    let mut groups = [None; 8];
    groups[..3].copy_from_slice(&rates);
    shop_of(|options| RigOptions { groups, ..options }, |_| {})
}

#[test]
fn a_machine_whose_groups_are_in_another_order_sells_by_the_rates_and_its_day_agrees() {
    // The till has A 20 % and B 8 %.
    let shop = shop_with_rates([Some(80_000), None, Some(200_000)]);
    let client = &shop.agent.client;
    let sold = client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let health = client.open("/healthz").text;
    assert!(!health.contains("percent for the tax group"), "{health}");
    let closed = client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{}", closed.text);
    let agrees = closed.at("data.additionalData.reconciliation.agrees");
    assert_eq!(agrees, "true", "{}", closed.text);
    let paper = shop.rig.paper();
    assert!(paper.contains("25.50 C"), "{paper}");
}

#[test]
fn a_rate_that_the_machine_does_not_have_is_an_objection_and_is_not_sold() {
    let shop = shop_with_rates([Some(80_000), Some(90_000), None]);
    let client = &shop.agent.client;
    let refused = client.post("operations/sale", SALE);
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.text.contains("tax group A"), "{}", refused.text);
    let health = client.open("/healthz").text;
    let objection = "percent for the tax group A, and the receipt 20.00; set the same rate";
    assert!(health.contains(objection), "{health}");
    assert_eq!(shop.rig.snapshot(true).last_document, 0);
}

#[test]
fn a_machine_that_shows_no_country_sells_and_health_says_what_to_write() {
    // The commands 7Bh and FFh.
    let shop = shop("mx-ro", &[0x7B, 0xFF], |_| {});
    let sold = shop.agent.client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let health = shop.agent.client.open("/healthz").text;
    for words in [
        "\"country\":\"?\"",
        "write country=ro, country=md or country=bg",
    ] {
        assert!(health.contains(words), "{words}\n{health}");
    }
}

#[test]
fn a_machine_in_its_training_mode_is_an_objection_for_a_till_in_test_mode() {
    let shop = shop("mx-ro", &[], |rig| {
        // Another host sets the mode.
        let request = Request {
            seq: 0x20,
            command: 0x95,
            data: b"3\t".to_vec(),
        };
        let mut line = TcpStream::connect(rig.address().unwrap()).unwrap();
        let frame = request.emit(&datecs_mx::PROTOCOL.framing).unwrap();
        line.write_all(&frame).unwrap();
        let mut end = [0];
        while end != [3] {
            line.read_exact(&mut end).unwrap();
        }
    });
    let sold = shop.agent.client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let health = shop.agent.client.open("/healthz").text;
    assert!(health.contains("service or training mode"), "{health}");
}

fn back(id: &str, more: &str) -> String {
    format!(
        r#"{{"originalReceiptId":"{id}","items":[{{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":25.50}}]{more}}}"#
    )
}

#[test]
fn a_return_takes_the_cash_out_unless_the_caller_does_so_and_the_day_agrees() {
    for (more, documents, cash) in [
        ("", 2, "0.00"),
        (r#","issueCashOperationWhenNecessary":true"#, 2, "0.00"),
        (r#","issueCashOperationWhenNecessary":false"#, 1, "25.50"),
    ] {
        let shop = shop("mx-ro", &[], |_| {});
        let sold = shop.agent.client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
        let before = shop.rig.snapshot(true);
        assert_eq!(before.cash, "25.50");
        let given = shop
            .agent
            .client
            .post("operations/return", &back(&sold.receipt("id"), more));
        assert_eq!(given.status, 200, "{more}: {}", given.text);
        let after = shop.rig.snapshot(true);
        assert_eq!(
            after.last_document - before.last_document,
            documents,
            "{more}"
        );
        assert_eq!(after.cash, cash, "{more}");
        assert_eq!(after.fiscal_receipts.len(), 1, "{more}");
        let paper = shop.rig.paper();
        let slip = paper.rsplit("RETUR").next().unwrap();
        assert_eq!(paper.matches("RETUR").count(), 1, "{more}\n{paper}");
        for words in ["Bonul 1", "Cafea", "1.000 x 25.50", "TOTAL MDL", "Numerar"] {
            assert!(slip.contains(words), "{more} {words}\n{paper}");
        }
        // The amounts stand at the right edge of the 40 columns.
        assert!(slip.lines().any(|line| line.len() == 40), "{more}\n{paper}");
        if documents == 1 {
            continue;
        }
        let closed = shop.agent.client.post("operations/closeday", "{}");
        assert_eq!(closed.status, 200, "{more}: {}", closed.text);
        let agrees = closed.at("data.additionalData.reconciliation.agrees");
        assert_eq!(agrees, "true", "{more}: {}", closed.text);
    }
}

#[test]
fn a_return_that_a_power_cut_divides_from_its_slip_is_registered_once() {
    const CASH: u8 = 0x46;
    const SLIP: u8 = 0x26;
    for command in [CASH, SLIP] {
        let mut shop = shop("mx-ro", &[], |_| {});
        let sold = shop.agent.client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{}", sold.text);
        // There is cash for a second withdrawal, which must not be made.
        let other = shop.agent.client.post("operations/sale", SALE);
        assert_eq!(other.status, 200, "{}", other.text);
        let id = Uuid::new_v4();
        let body = back(&sold.receipt("id"), &format!(r#","id":"{id}""#));
        shop.crash_at(command, "operations/return", &body);
        let again = shop.agent.client.post("operations/return", &body);
        assert_eq!(again.status, 200, "{command:02X}: {}", again.text);
        assert_eq!(again.at("data.id"), id.to_string(), "{command:02X}");
        assert_eq!(shop.rig.snapshot(true).cash, "25.50", "{command:02X}");
        let closed = shop.agent.client.post("operations/closeday", "{}");
        let agrees = closed.at("data.additionalData.reconciliation.agrees");
        assert_eq!(agrees, "true", "{command:02X}: {}", closed.text);
    }
}

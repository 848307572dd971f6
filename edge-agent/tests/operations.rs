//! Tests of `/operations/{id}`: the document of a request id from the queue to the authority.

mod shop;

use std::thread;

use ferrotill_device::emulator::{FaultKind, FaultOrder};
use ferrotill_device::printer::Paper;
use shop::inside::Shop;
use shop::outside::until;
use shop::till::{SALE, Till};
use shop::{Client, DEVICE, Reply};

const FIRST: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
const SECOND: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0002";
const THIRD: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0003";
const FOURTH: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0004";
/// The command with which the printer closes a receipt.
const CLOSE: u8 = 0x38;

fn with_id(body: &str, id: &str) -> String {
    body.replacen('{', &format!("{{\"id\":\"{id}\","), 1)
}

/// What is known of a request id, without its times.
fn shown(client: &Client, id: &str) -> Reply {
    client.open(&format!("/operations/{id}"))
}

fn is(reply: &Reply, expected: &[(&str, &str)]) {
    for (path, value) in expected {
        assert_eq!(reply.at(path), *value, "{path} in {}", reply.text);
    }
}

/// A cashier who sees that a sale hangs must be able to tell which sale it is.
#[test]
fn a_document_is_shown_with_kind_and_amount_while_it_waits() {
    let till = Till::open();
    let cash_in = r#"{"amount":50.00}"#;
    assert_eq!(till.client().post("cashoperations", cash_in).status, 200);
    till.rig.add_fault(FaultOrder {
        kind: FaultKind::PaperOut,
        command: Some(CLOSE),
        times: 1,
        ms: 0,
    });
    let orders = [
        ("operations/sale", with_id(SALE, FIRST)),
        (
            "operations/sale",
            with_id(&SALE.replacen("25.50", "11.20", 1), SECOND),
        ),
        (
            "cashoperations",
            format!(r#"{{"id":"{THIRD}","amount":-4.00}}"#),
        ),
        ("operations/closeday", format!(r#"{{"id":"{FOURTH}"}}"#)),
    ];
    let expected = [
        (FIRST, "in_progress", "sale", "25.50"),
        (SECOND, "waiting", "sale", "11.20"),
        (THIRD, "waiting", "cash_out", "-4.00"),
        (FOURTH, "waiting", "z_report", "null"),
    ];
    thread::scope(|scope| {
        for ((operation, body), (id, state, kind, amount)) in orders.iter().zip(expected) {
            let client = till.client().clone();
            // The caller may be answered before the document is sealed.
            scope.spawn(move || client.post(operation, body));
            until("the order is known", || {
                shown(till.client(), id).at("state") == state
            });
            let reply = shown(till.client(), id);
            assert_eq!(reply.state.as_deref(), Some("unknown"));
            is(
                &reply,
                &[
                    ("document.id", id),
                    ("document.device_id", DEVICE),
                    ("document.kind", kind),
                    ("document.amount", amount),
                    ("document.number", "null"),
                ],
            );
        }
        till.rig.set_paper(Paper::Ok);
        for (operation, body) in &orders {
            till.until("the order is carried out", |till| {
                till.client().post(operation, body).status == 200
            });
        }
    });
    for (id, amount, number) in [
        (FIRST, "25.50", "2"),
        (SECOND, "11.20", "3"),
        (THIRD, "-4.00", "4"),
        (FOURTH, "36.70", "5"),
    ] {
        let reply = shown(till.client(), id);
        assert_eq!(reply.state.as_deref(), Some("registered"));
        is(
            &reply,
            &[
                ("state", "registered"),
                ("document.amount", amount),
                ("document.number", number),
                ("deliveries.0.recipient", "authority"),
            ],
        );
    }
    let nothing = shown(till.client(), "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f9999");
    assert_eq!(
        (nothing.status, nothing.state.as_deref()),
        (404, Some("not_registered"))
    );
    is(&nothing, &[("state", "unknown_id"), ("document", "null")]);
}

#[test]
fn a_path_without_a_uuid_is_refused_with_its_name() {
    let shop = Shop::open();
    for id in ["none", "%FF", "7a0b9f0e"] {
        let reply = shown(&shop.client, id);
        assert_eq!(reply.status, 400, "{id}: {}", reply.text);
        is(&reply, &[("error", "NotAUuid")]);
        let declared = shop.client.declare(id, "{}");
        assert_eq!(declared.status, 400, "{id}: {}", declared.text);
        is(&declared, &[("error", "NotAUuid")]);
    }
}

//! Tests of a Z-report that is made at the printer's own keyboard while the shop is selling.

mod shop;

use std::time::{Duration, Instant};

use shop::inside::Shop;

/// The body of a sale of one loaf for ten lei.
const LOAF: &str = r#"{"items":[{"name":"Piine","quantity":1.000,"price":8.10,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":10.00}]}"#;

#[test]
fn a_z_report_at_the_printers_keyboard_closes_the_shift_and_is_sent() {
    let shop = Shop::open();
    assert_eq!(shop.client.post("operations/sale", LOAF).status, 200);
    // The next sale begins at once: only the printer's counters show that its day has changed.
    assert!(shop.rig.keyboard_z());
    let second = shop.client.post("operations/sale", LOAF);
    assert_eq!(second.status, 200, "{}", second.text);
    assert_eq!(second.receipt("currentNumber"), "1", "a new shift");
    assert_eq!(shop.receipts().len(), 2, "printed once each");
    let reports = shop.client.get("reports/full");
    assert_eq!(reports.list("data.data"), 1, "{}", reports.text);
    let report = |member: &str| reports.at(&format!("data.data.0.{member}"));
    assert_eq!(
        (report("number"), report("totalAmount")),
        ("2".to_owned(), "8.10".to_owned())
    );
    assert_eq!(report("additionalData.reconciliation.agrees"), "true");
    assert_eq!(
        report("additionalData.printer.zNumber"),
        "1",
        "{}",
        reports.text
    );
    // The till's own Z-report comes after the one from the keyboard.
    let closed = shop.client.post("operations/closeday", "{}");
    assert_eq!(closed.at("data.totalAmount"), "8.10", "{}", closed.text);
    let begun = Instant::now();
    while shop.office.received().len() < 4 {
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "the authority gets every document"
        );
        std::thread::yield_now();
    }
    let received = shop.office.received();
    let kinds: Vec<&str> = received.iter().map(|document| document.kind).collect();
    assert_eq!(kinds, ["sale", "z_report", "sale", "z_report"]);

    // A Z-report at the keyboard between two days is only noted, because no shift is open.
    assert!(shop.rig.keyboard_z());
    assert_eq!(
        shop.client
            .post("operations/sale", LOAF)
            .receipt("currentNumber"),
        "1"
    );
    assert_eq!(shop.client.get("reports").list("data.data"), 2);
}

//! What clients send that were generated from the vendor's document, or that build their bodies from texts. Every answer of every test
//! is compared with that document (`shop::schema`).

mod shop;

use ferrotill_testkit::config::{ConfigText, Device};
use shop::inside::Shop;
use shop::till::Till;
use shop::{Client, DEVICE, Headers};

/// The configuration with one tax group, and with the card before the cash.
fn one_tax_group(config: ConfigText) -> ConfigText {
    config.change_device(0, |device: Device| {
        device
            .without_tax_groups()
            .tax_group("B", "8.00")
            .payment_types([
                r#"{ code = 7, name = "Card" }"#.to_owned(),
                r#"{ code = 3, name = "Numerar", cash = true }"#.to_owned(),
            ])
    })
}

fn sale(item: &str, payment: &str, more: &str) -> String {
    format!(r#"{{"items":[{{{item}}}],"payments":[{{{payment}}}]{more}}}"#)
}

const ITEM: &str = r#""name":"Piine","quantity":1,"price":8.10,"taxGroupCode":"B""#;
const CASH: &str = r#""typeCode":0,"amount":10.00"#;

#[test]
fn numbers_are_read_from_texts_and_enumerations_from_positions() {
    let shop = Shop::open();
    let texts = sale(
        r#""name":"Piine","quantity":"2.000","price":"8.10","taxGroupCode":"B","modifierMode":0,"modifierValue":"-10""#,
        r#""typeCode":"0","amount":"20.00""#,
        r#","receiptMode":0,"alternativeReceiptSeriesAndNumber":"","emailAddress":"","phoneNumber":"","additionalHeaderText":"","printFormMediaType":0"#,
    );
    let sold = shop.client.post("operations/sale", &texts);
    assert_eq!(sold.receipt("totalAmount"), "14.58", "{}", sold.text);
    assert_eq!(sold.receipt("items.0.modifierMode"), "ByPercent");
    let alternative = sale(ITEM, CASH, r#","receiptMode":1"#);
    let sold = shop.client.post("operations/sale", &alternative);
    assert_eq!(sold.at("data.receiptType"), "AlternativeReceipt");
}

#[test]
fn texts_that_are_no_numbers_and_positions_that_do_not_exist_are_refused() {
    let shop = Shop::open();
    for (item, payment, more, path, code) in [
        (
            r#""name":"Piine","quantity":"","price":1,"taxGroupCode":"B""#,
            CASH,
            "",
            "items[0].quantity",
            "NotANumber",
        ),
        (
            r#""name":"Piine","quantity":" 1","price":1,"taxGroupCode":"B""#,
            CASH,
            "",
            "items[0].quantity",
            "NotANumber",
        ),
        (
            r#""name":"Piine","quantity":1,"price":"1,50","taxGroupCode":"B""#,
            CASH,
            "",
            "items[0].price",
            "NotANumber",
        ),
        (
            ITEM,
            r#""typeCode":"cash","amount":10"#,
            "",
            "payments[0].typeCode",
            "NotANumber",
        ),
        (
            ITEM,
            CASH,
            r#","receiptMode":3"#,
            "receiptMode",
            "WrongType",
        ),
        (
            ITEM,
            CASH,
            r#","receiptMode":-1"#,
            "receiptMode",
            "WrongType",
        ),
        (
            ITEM,
            CASH,
            r#","receiptMode":"Fiscal""#,
            "receiptMode",
            "UnknownValue",
        ),
    ] {
        let refused = shop
            .client
            .post("operations/sale", &sale(item, payment, more));
        assert_eq!(
            refused.verdict(),
            (422, "not_registered", code.to_owned()),
            "{}",
            refused.text
        );
        assert_eq!(refused.paths(), [path], "{}", refused.text);
    }
    // The default of a client that fills in positions would close the day.
    for body in [r"{}", r#"{"type":0}"#, r#"{"type":""}"#, r#"{"type":null}"#] {
        let refused = shop.client.post("reports", body);
        assert_eq!(
            (refused.status, refused.paths()),
            (422, vec!["type".to_owned()]),
            "{body}"
        );
    }
}

#[test]
fn a_payment_without_a_type_is_cash_and_a_line_without_a_group_has_the_only_one() {
    let mut till = Till::open_with(one_tax_group);
    let id = "6e1f0a4e-5d0a-4d28-9f0e-3f3c7f6a9b01";
    let body = sale(
        r#""name":"Piine","quantity":1,"price":8.10,"taxGroupCode":null"#,
        r#""typeCode":null,"amount":10"#,
        &format!(r#","id":"{id}","receiptMode":null"#),
    );
    let sold = till.client().post("operations/sale", &body);
    assert_eq!(sold.receipt("items.0.taxGroupCode"), "B");
    assert_eq!(sold.receipt("payments.0.typeCode"), "3");
    assert_eq!(sold.receipt("totalChange"), "1.90");
    // The configuration changes. That makes the repeat no other request.
    till.restart_with(|config| {
        config.change_device(0, |device| {
            device.payment_types([
                r#"{ code = 5, name = "Cash", cash = true }"#.to_owned(),
                r#"{ code = 3, name = "Numerar", cash = true }"#.to_owned(),
            ])
        })
    });
    let repeated = till.client().post("operations/sale", &body);
    assert_eq!(
        repeated.receipt("payments.0.typeCode"),
        "3",
        "{}",
        repeated.text
    );
    assert!(repeated.replayed);
}

#[test]
fn a_line_without_a_group_is_refused_where_there_are_several() {
    let shop = Shop::open();
    let body = sale(r#""name":"Piine","quantity":1,"price":8.10"#, CASH, "");
    let refused = shop.client.post("operations/sale", &body);
    assert_eq!(
        refused.verdict(),
        (422, "not_registered", "TaxGroupMissing".to_owned())
    );
    assert_eq!(refused.paths(), ["items[0].taxGroupCode"]);
}

/// A call as a generated client sends it: with the secret that the document declares, and without the device.
fn undeclared(headers: &mut Headers) {
    headers.push(("Api-Secret", "as the document declares it".to_owned()));
}

#[test]
fn the_secret_of_the_document_is_ignored_and_headers_have_their_usual_names() {
    let shop = Shop::open();
    let sold = shop
        .client
        .call("POST", "operations/sale", &sale(ITEM, CASH, ""), undeclared)
        .unwrap();
    assert_eq!(sold.receipt("totalAmount"), "8.10");
    let raw = raw_get(&shop.client, "/livez");
    assert!(raw.contains("\r\nContent-Type: "), "{raw}");
    assert!(raw.contains("\r\nX-Request-Id: "), "{raw}");
}

/// An answer byte for byte.
fn raw_get(client: &Client, path: &str) -> String {
    use std::io::{Read as _, Write as _};
    let address = client.url.trim_start_matches("http://");
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_body_that_may_be_left_out_may_be_null() {
    let shop = Shop::open();
    let sold = shop.client.post("operations/sale", &sale(ITEM, CASH, ""));
    assert_eq!(sold.status, 200, "{}", sold.text);
    let copy = format!("receipts/{}/duplicate", sold.receipt("id"));
    for (operation, status) in [
        ("operations/intermediatetotals", 200),
        (&*copy, 200),
        ("operations/closeday", 200),
    ] {
        let reply = shop.client.post(operation, "null");
        assert_eq!(reply.status, status, "{operation}: {}", reply.text);
    }
    let refused = shop.client.post("operations/sale", "null");
    assert_eq!(refused.verdict().2, "WrongType");
}

#[test]
fn the_drawer_of_the_only_device_opens_without_a_header() {
    let shop = Shop::open();
    // The printer is connected once it has sold.
    assert_eq!(
        shop.client
            .post("operations/sale", &sale(ITEM, CASH, ""))
            .status,
        200
    );
    let opened = shop
        .client
        .on("")
        .call("POST", "misc/opencashdrawer", "{}", |headers| {
            headers.retain(|(name, _)| *name != "Api-DeviceId");
        });
    let opened = opened.unwrap();
    assert_eq!(opened.status, 200, "{}", opened.text);
    assert!(opened.body.get("data").is_none(), "{}", opened.text);
}

#[test]
fn a_day_is_assured_for_24_hours_from_its_first_receipt() {
    let till = Till::open();
    let assured = || {
        let reply = till.client().get("devices/assureno24h");
        assert_eq!(reply.status, 200, "{}", reply.text);
        (reply.at("success"), reply.at("errorType"))
    };
    let yes = || ("true".to_owned(), "null".to_owned());
    assert_eq!(assured(), yes(), "no shift is open");
    let body = r#"{"amount":50.00}"#;
    assert_eq!(till.client().post("cashoperations", body).status, 200);
    till.clock.set_offset(2 * HOUR);
    let sold = till.client().post("operations/sale", &sale(ITEM, CASH, ""));
    assert_eq!(sold.receipt("number"), "2");
    till.clock.set_offset((2 + 23) * HOUR);
    assert_eq!(assured(), yes(), "cash does not begin the 24 hours");
    till.clock.set_offset((2 + 24) * HOUR + 60);
    assert_eq!(assured(), ("false".to_owned(), "ShiftTooLong".to_owned()));
    assert_eq!(till.client().post("operations/closeday", "{}").status, 200);
    assert_eq!(assured(), yes(), "the day is closed");
    let other = till
        .client()
        .call("GET", "devices/assureno24h", "", |headers| {
            headers.push(("Api-PointOfSaleId", DEVICE.to_owned()));
        });
    assert_eq!(
        other.unwrap().status,
        401,
        "the signature does not cover this point of sale"
    );
}

/// In seconds.
const HOUR: i64 = 3_600;

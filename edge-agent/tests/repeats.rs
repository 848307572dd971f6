//! Tests of repeated requests over real HTTP: the same id gets the same document, and the reported state of an id is always
//! proved.

mod shop;

use ferrotill::hmac::signature_of;
use ferrotill::time::clock::system_ms;
use ferrotill_device::emulator::Cover;
use ferrotill_device::printer::Paper;
use shop::inside::Shop;
use shop::till::{SALE, Till};
use shop::{DEVICE, Headers, KEY, POINT_OF_SALE, SECRET};

/// The body of a sale of one loaf for ten lei.
const LOAF: &str = r#"{"items":[{"name":"Piine","quantity":1.000,"price":8.10,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":10.00}]}"#;
const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
const OTHER_ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0047";

fn with_id(body: &str) -> String {
    body.replacen('{', &format!("{{\"id\":\"{ID}\","), 1)
}

#[test]
fn a_repeated_request_gets_the_first_answer_however_it_is_written() {
    let shop = Shop::open();
    let first = shop.client.post("operations/sale", &with_id(LOAF));
    assert!(!first.replayed);
    assert_eq!(first.receipt("id"), ID);
    for (what, body) in [
        ("as it was", with_id(LOAF)),
        ("8.1 is 8.10", with_id(&LOAF.replace("8.10", "8.1"))),
        ("an exponent", with_id(&LOAF.replace("8.10", "810e-2"))),
        (
            "names in another case",
            with_id(&LOAF.replace("name", "NAME")),
        ),
        (
            "an absent value as null",
            with_id(&LOAF.replace("\"payments\"", "\"print\":null,\"payments\"")),
        ),
        (
            "the id in capitals",
            with_id(LOAF).replace(ID, &ID.to_uppercase()),
        ),
        ("white space", with_id(&LOAF.replace(':', " : "))),
    ] {
        let again = shop.client.post("operations/sale", &body);
        assert!(again.replayed, "{what}: {}", again.text);
        assert_eq!(again.text, first.text, "{what}");
        assert_eq!(again.state.as_deref(), Some("registered"), "{what}");
    }
    assert_eq!(shop.receipts().len(), 1);
}

#[test]
fn another_request_with_the_id_of_a_document_is_refused() {
    let shop = Shop::open();
    let first = shop.client.post("operations/sale", &with_id(LOAF));
    assert_eq!(first.receipt("id"), ID);
    for (what, body) in [
        ("price", LOAF.replace("8.10", "8.11")),
        ("quantity", LOAF.replace("1.000", "1.001")),
        ("name", LOAF.replace("Piine", "Paine")),
        ("tax group", LOAF.replace("\"B\"", "\"A\"")),
        ("payment", LOAF.replace("10.00", "9.00")),
        (
            "mode",
            LOAF.replace(
                "\"payments\"",
                "\"receiptMode\":\"FiscalReceiptOnly\",\"payments\"",
            ),
        ),
        (
            "address",
            LOAF.replace("\"payments\"", "\"emailAddress\":\"a@b.md\",\"payments\""),
        ),
    ] {
        let reply = shop.client.post("operations/sale", &with_id(&body));
        let expected = (422, "registered", "RequestIdClash".to_owned());
        assert_eq!(reply.verdict(), expected, "{what}");
    }
    // The state in the answer is that of the document with this id, even if the rest of the body has a fault.
    let unread = with_id(&LOAF.replace("8.10", "8.105"));
    let reply = shop.client.post("operations/sale", &unread);
    assert_eq!(reply.verdict().1, "registered");
    assert_eq!(shop.receipts().len(), 1);
}

#[test]
fn the_state_is_unknown_if_the_id_cannot_be_read() {
    let shop = Shop::open();
    let first = shop.client.post("operations/sale", &with_id(LOAF));
    assert_eq!(first.receipt("id"), ID);
    let hex = ID.replace('-', "");
    for (error, body) in [
        (
            "MalformedJson",
            with_id(LOAF).replace(ID, &format!("{{{ID}}}")) + "x",
        ),
        ("MalformedJson", with_id(LOAF).replace(ID, &hex) + "x"),
        (
            "MalformedJson",
            with_id(LOAF).replace(ID, &format!("urn:uuid:{ID}")) + "x",
        ),
        (
            "MalformedJson",
            with_id(LOAF).replace("\"id\"", "\"\\u0069d\"") + "x",
        ),
        (
            "MalformedJson",
            format!(r#"{{"x":{{"id":"{OTHER_ID}"}},"id":"{ID}""#),
        ),
        (
            "MalformedJson",
            format!(r#"{{"id":"{OTHER_ID}","id":"{ID}"}}}}"#),
        ),
        ("MalformedJson", with_id(LOAF)[..LOAF.len()].to_owned()),
        (
            "GivenTwice",
            with_id(&format!(r#"{{"id":"{OTHER_ID}",{}"#, &LOAF[1..])),
        ),
        ("NotAUuid", with_id(LOAF).replace(ID, &format!("{ID} "))),
        (
            "WrongType",
            with_id(LOAF).replace(&format!("\"{ID}\""), "7"),
        ),
        ("WrongType", format!("[{}]", with_id(LOAF))),
    ] {
        let reply = shop.client.post("operations/sale", &body);
        let expected = (422, "unknown", error.to_owned());
        assert_eq!(reply.verdict(), expected, "{body}");
    }
    // An id is accepted in braces and without hyphens.
    for id in [format!("{{{ID}}}"), hex] {
        let again = shop
            .client
            .post("operations/sale", &with_id(LOAF).replace(ID, &id));
        assert!(again.replayed, "{id}: {}", again.text);
    }
    assert_eq!(shop.receipts().len(), 1);
}

#[test]
fn a_repeated_closing_of_the_day_makes_no_second_report() {
    let shop = Shop::open();
    let sold = shop.client.post("operations/sale", LOAF);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let close = format!("{{\"id\":\"{}\"}}", ID.replace("0001", "0002"));
    let closed = shop.client.post("operations/closeday", &close);
    let again = shop.client.post("operations/closeday", &close);
    assert_eq!(
        (closed.status, again.replayed),
        (200, true),
        "{}",
        closed.text
    );
    assert_eq!(closed.text, again.text);
    let without_shift = shop.client.post("operations/closeday", "");
    let expected = (422, "not_registered", "ShiftNotOpen".to_owned());
    assert_eq!(without_shift.verdict(), expected);
    assert_eq!(shop.rig.snapshot(false).z_number, 1);
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_body() {
    const MARK: &str = "\u{feff}";
    let shop = Shop::open();
    // The headers of a request. The signed text may differ from the body.
    let signed = |operation: &str, text: &str, timestamp: i64| -> Headers {
        let timestamp = timestamp.to_string();
        let path = format!("/api/v1/{operation}");
        let parts = [DEVICE, &timestamp, "POST", &path, text].map(str::as_bytes);
        vec![
            ("Api-Key", KEY.to_owned()),
            ("Api-DeviceId", DEVICE.to_owned()),
            ("Api-Signature", signature_of(SECRET.as_bytes(), &parts)),
            ("Api-Timestamp", timestamp),
        ]
    };
    let send = |operation: &str, body: &str, headers: &Headers| {
        let put = |own: &mut Headers| own.clone_from(headers);
        shop.client.call("POST", operation, body, put).unwrap()
    };
    let marked = format!("{MARK}{LOAF}");
    let now = system_ms();
    for (what, text, timestamp) in [("signed without", LOAF, now), ("with", &marked, now + 1)] {
        let headers = signed("operations/sale", text, timestamp);
        let sold = send("operations/sale", &marked, &headers);
        assert_eq!(
            (sold.status, sold.replayed),
            (200, false),
            "{what}: {}",
            sold.text
        );
        // A byte order mark makes no other request, whether it is in the signed text, in the body, or in both.
        for (signed_text, sent) in [(LOAF, LOAF), (LOAF, &marked), (&marked, &marked)] {
            let headers = signed("operations/sale", signed_text, timestamp);
            let again = send("operations/sale", sent, &headers);
            let expected = (422, "registered", "SignatureReplayed".to_owned());
            assert_eq!(again.verdict(), expected, "{what}: {}", again.text);
            assert_eq!(again.operation, sold.operation, "{what}");
        }
    }
    // A byte order mark that was signed must also be sent. A second mark is part of the text.
    let headers = signed("operations/sale", &marked, now + 2);
    assert_eq!(send("operations/sale", LOAF, &headers).status, 401);
    let twice = format!("{MARK}{marked}");
    let reply = shop.client.post("operations/sale", &twice);
    assert_eq!(reply.verdict().2, "MalformedJson");

    let with_id = with_id(LOAF);
    let sold = shop.client.post("receipts", &format!("{MARK}{with_id}"));
    let again = shop.client.post("receipts", &with_id);
    assert!(again.replayed, "{}", again.text);
    assert_eq!(again.text, sold.text);
    assert_eq!(shop.receipts().len(), 3);

    for operation in [
        "cashoperations",
        "reports",
        "returnreceipts",
        "alternativereceipts",
    ] {
        let reply = shop.client.post(operation, &format!("{MARK}{{}}"));
        assert!(
            reply.paths().iter().all(|path| path != "body"),
            "{}",
            reply.text
        );
    }
    let declared = format!(r#"{MARK}{{"registered":false,"by":"Maria"}}"#);
    assert_eq!(
        shop.client.declare(OTHER_ID, &declared).at("error"),
        "UnknownId"
    );
    for operation in ["operations/intermediatetotals", "operations/closeday"] {
        assert_eq!(shop.client.post(operation, MARK).status, 200, "{operation}");
    }
}

#[test]
fn the_id_of_a_refused_sale_can_be_used_again() {
    let shop = Shop::open();
    let body = with_id(LOAF);
    for (error, spoil) in [("PaperOut", true), ("CoverOpen", false)] {
        if spoil {
            shop.rig.set_paper(Paper::Out);
        } else {
            shop.rig.set_paper(Paper::Ok);
            shop.rig.set_cover(Cover::Open);
        }
        let refused = shop.client.post("operations/sale", &body);
        let expected = (422, "not_registered", error.to_owned());
        assert_eq!(refused.verdict(), expected, "{}", refused.text);
        let operation = shop.client.open(&format!("/operations/{ID}"));
        assert_eq!(operation.at("state"), "not_registered");
        assert_eq!(operation.at("fiscal_state"), "not_registered");
        assert_eq!(operation.at("document"), "null");
        assert_eq!(operation.list("timeline"), 2);
    }
    shop.rig.set_cover(Cover::Closed);
    let sold = shop.client.post("operations/sale", &body);
    assert_eq!(sold.receipt("number"), "1");
    assert!(!sold.replayed);
    let operation = shop.client.open(&format!("/operations/{ID}"));
    for (member, value) in [
        ("state", "registered"),
        ("fiscal_state", "registered"),
        ("document.kind", "sale"),
        ("document.number", "1"),
        ("timeline.0.event", "reserved"),
        ("timeline.1.event", "sealed"),
    ] {
        assert_eq!(operation.at(member), value, "{member}");
    }
    assert_eq!(operation.state.as_deref(), Some("registered"));
    assert_eq!(shop.receipts().len(), 1);

    let never = shop
        .client
        .open(&format!("/operations/{}", ID.replace("0001", "0009")));
    assert_eq!(
        (never.status, never.at("fiscal_state").as_str()),
        (404, "not_registered")
    );
    assert_eq!(shop.client.open("/operations/seven").status, 400);
}

#[test]
fn a_repeated_request_is_known_whatever_the_configuration_says_today() {
    const OTHER_POINT: &str = "feca3a50-34a7-4dc9-84ac-d4bffc76a923";
    let mut till =
        Till::open_with(|config| config.change_device(0, |device| device.without_points_of_sale()));
    let number = ID.replace("0001", "0002");
    let chosen = with_id(SALE).replacen(
        '{',
        r#"{"receiptMode":"AlternativeReceiptOnly","alternativeReceiptSeriesAndNumber":"ABC00000001","#,
        1,
    );
    let bodies = [with_id(SALE), chosen.replace(ID, &number)];
    let sold = bodies.each_ref().map(|body| {
        let sold = till.client().post("operations/sale", body);
        assert_eq!((sold.status, sold.replayed), (200, false), "{}", sold.text);
        sold.text
    });
    type Change = fn(ferrotill_testkit::config::Device) -> ferrotill_testkit::config::Device;
    let mut headers = Headers::new();
    let unnamed = till
        .client()
        .call("POST", "operations/sale", SALE, |signed| {
            headers = signed.clone()
        })
        .unwrap();
    let changes: [(&str, Change); 4] = [
        ("a point of sale", |device| {
            device.point_of_sale(POINT_OF_SALE, "1")
        }),
        ("two points of sale", |device| {
            device.point_of_sale(OTHER_POINT, "2")
        }),
        ("another range", |device| {
            device
                .without_ranges()
                .range("ABC", 1, 400, 8)
                .range("XYZ", 1, 9, 8)
        }),
        ("another name", |device| device.set("name", "\"Casa 2\"")),
    ];
    for (what, change) in changes {
        till.restart_with(|config| config.change_device(0, change));
        for (body, sold) in bodies.iter().zip(&sold) {
            let again = till.client().post("operations/sale", body);
            assert!(again.replayed, "{what}: {}", again.text);
            assert_eq!(again.at("success"), "true");
            assert!(sold.contains(&again.operation.unwrap()), "{what}");
        }
    }
    // A call without an id is known by its signature. Its document exists, although today's configuration refuses the call.
    let same = |signed: &mut Headers| signed.clone_from(&headers);
    let reply = till
        .client()
        .call("POST", "operations/sale", SALE, same)
        .unwrap();
    let expected = (422, "registered", "PointOfSaleMissing".to_owned());
    assert_eq!(reply.verdict(), expected, "{}", reply.text);
    assert_eq!(reply.operation, unnamed.operation);
    // A new request is read by today's configuration.
    let new = with_id(SALE).replace(ID, OTHER_ID);
    let reply = till.client().post("operations/sale", &new);
    let expected = (422, "not_registered", "PointOfSaleMissing".to_owned());
    assert_eq!(reply.verdict(), expected, "{}", reply.text);
    // A request that says something else is another request, also if the configuration has a fault with it.
    let other = with_id(&SALE.replace("25.50", "25.51"));
    let reply = till.client().post("operations/sale", &other);
    let expected = (422, "registered", "PointOfSaleMissing".to_owned());
    assert_eq!(reply.verdict(), expected, "{}", reply.text);
}

#[test]
fn a_recorded_request_under_the_id_of_another_document_is_refused_again() {
    let shop = Shop::open();
    let first = shop.client.post("operations/sale", &with_id(LOAF));
    assert_eq!(first.receipt("id"), ID);
    let other = with_id(&LOAF.replace("8.10", "8.20"));
    let mut seen = Headers::new();
    let clash = shop
        .client
        .call("POST", "operations/sale", &other, |headers| {
            seen = headers.clone()
        })
        .unwrap();
    let expected = (422, "registered", "RequestIdClash".to_owned());
    assert_eq!(clash.verdict(), expected);
    let same = |headers: &mut Headers| headers.clone_from(&seen);
    let again = shop.client.call("POST", "operations/sale", &other, same);
    assert_eq!(again.unwrap().verdict(), expected);
}

/// The paths of all routes that take a POST, read from the tables of the program.
fn paths_with_a_body() -> Vec<String> {
    let own = include_str!("../src/api/own/mod.rs").lines();
    let own = own.filter(|line| line.contains("post("));
    let mut paths: Vec<String> = own
        .filter_map(|line| Some(line.split_once(".route(\"")?.1.split_once('"')?.0))
        .map(|path| path.replace("{id}", ID))
        .collect();
    assert_eq!(paths.len(), 6, "{paths:?}");
    let table = include_str!("../src/api/fiscalcloud/route.rs");
    let (_, table) = table.split_once("match (post, parts) {").unwrap();
    // A row with one path each.
    let rows = table
        .lines()
        .filter_map(|line| line.trim().strip_prefix("(true, ["));
    let rows = rows.filter_map(|row| Some(row.split_once(']')?.0.replace(", ", "/")));
    paths.extend(rows.map(|row| format!("/api/v1/{}", row.replace('"', ""))));
    // The row of several paths.
    let groups = table.split_once("group @ (").unwrap().1;
    let groups = groups.split_once(')').unwrap().0.split(" | ");
    paths.extend(groups.map(|group| {
        let group = group.trim_matches('"');
        format!("/api/v1/{group}/{ID}/duplicate")
    }));
    let posts = table
        .split("=> ")
        .filter(|row| row.contains("true,"))
        .count();
    assert_eq!(paths.len(), 6 + posts - 1 + 4, "{paths:?}");
    paths
}

/// Every route that reads a body, of the API and of our own, takes a body with a byte order mark as the same body without it, whether
/// the mark was signed or not.
#[test]
fn a_byte_order_mark_changes_no_answer_of_any_route_with_a_body() {
    const MARK: &str = "\u{feff}";
    let shop = Shop::open();
    let call = |path: &str, signed_text: &str, body: &str| {
        let timestamp = system_ms().to_string();
        let parts = [DEVICE, &timestamp, "POST", path, signed_text].map(str::as_bytes);
        let signature = signature_of(SECRET.as_bytes(), &parts);
        let put = |own: &mut Headers| {
            *own = vec![
                ("Api-Key", KEY.to_owned()),
                ("Api-DeviceId", DEVICE.to_owned()),
                ("Api-Signature", signature),
                ("Api-Timestamp", timestamp),
            ];
        };
        let reply = shop.client.signed("POST", path, body, put).unwrap();
        let error =
            ["errorType", "error"].map(|name| reply.body.get(name).map(ToString::to_string));
        (reply.status, error)
    };
    // The body has a fault that is found only after it was read, so that no call makes a document.
    let body = r#"{"nothing":1}"#;
    for path in &paths_with_a_body() {
        let plain = call(path, body, body);
        assert!(![401, 405].contains(&plain.0), "{path}: {plain:?}");
        let marked = format!("{MARK}{body}");
        for (what, signed) in [
            ("signed with it", marked.as_str()),
            ("signed without", body),
        ] {
            assert_eq!(call(path, signed, &marked), plain, "{path}, {what}");
        }
    }
}

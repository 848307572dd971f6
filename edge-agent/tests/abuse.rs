//! Tests with hostile callers over real HTTP: recorded requests, pages of other sites, tricks with paths, extreme numbers,
//! endless lists.

mod shop;

use std::collections::BTreeSet;
use std::io::{Read as _, Seek as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use ferrotill::hmac::signature_of;
use ferrotill::time::clock::system_ms;
use ferrotill_device::printer::Paper;
use shop::inside::Shop;
use shop::outside::Process;
use shop::{DEVICE, Headers, KEY, Reply, SECRET};

const LOAF: &str = r#"{"items":[{"name":"Piine","quantity":1.000,"price":8.10,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":10.00}]}"#;
const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";

/// Sends a request. Returns its answer and its headers, as an attacker on the network could record them.
fn recorded(shop: &Shop, operation: &str, body: &str) -> (Reply, Headers) {
    let mut seen = Headers::new();
    let reply = shop
        .client
        .call("POST", operation, body, |headers| seen = headers.clone());
    (reply.unwrap(), seen)
}

fn again(shop: &Shop, operation: &str, body: &str, seen: &Headers) -> Reply {
    let call = |headers: &mut Headers| headers.clone_from(seen);
    shop.client.call("POST", operation, body, call).unwrap()
}

#[test]
fn a_recorded_request_makes_no_second_document() {
    let shop = Shop::open();
    let with_id = LOAF.replacen('{', &format!("{{\"id\":\"{ID}\","), 1);
    for (operation, body) in [
        ("operations/sale", LOAF),
        ("operations/sale", &with_id),
        ("receipts", LOAF),
        ("cashoperations", r#"{"amount":5.00}"#),
        ("operations/closeday", ""),
    ] {
        let (first, seen) = recorded(&shop, operation, body);
        assert_eq!(first.status, 200, "{operation}: {}", first.text);
        for _ in 0..20 {
            let reply = again(&shop, operation, body, &seen);
            if body == with_id {
                assert!(reply.replayed, "{operation}: {}", reply.text);
                assert_eq!(reply.text, first.text, "{operation}");
            } else {
                let expected = (422, "registered", "SignatureReplayed".to_owned());
                assert_eq!(reply.verdict(), expected, "{operation}: {}", reply.text);
            }
        }
    }
    assert_eq!(shop.receipts().len(), 3);
    assert_eq!(shop.rig.snapshot(false).z_number, 1);
    // The same body with a new signature is a new sale.
    for _ in 0..2 {
        let now = system_ms();
        while system_ms() == now {
            std::thread::yield_now();
        }
        let sold = shop.client.post("operations/sale", LOAF);
        assert!(!sold.replayed, "{}", sold.text);
    }
    assert_eq!(shop.receipts().len(), 5);
}

#[test]
fn copies_of_a_request_that_arrive_together_are_all_told_of_its_document() {
    let shop = Shop::open();
    let mut documents = 0;
    for round in 0..20 {
        let seen = shop
            .client
            .signature("POST", "/api/v1/operations/sale", LOAF);
        let copies: Vec<Reply> = std::thread::scope(|scope| {
            let copy = || again(&shop, "operations/sale", LOAF, &seen);
            let callers: Vec<_> = (0..20).map(|_| scope.spawn(copy)).collect();
            callers
                .into_iter()
                .map(|copy| copy.join().unwrap())
                .collect()
        });
        let first = copies
            .iter()
            .find(|copy| !copy.replayed && copy.status == 200);
        let first = first.unwrap_or_else(|| panic!("round {round}: no copy made the document"));
        for copy in &copies {
            if copy.status == 200 {
                assert_eq!(copy.text, first.text, "round {round}");
            } else {
                let expected = (422, "registered", "SignatureReplayed".to_owned());
                assert_eq!(copy.verdict(), expected, "round {round}: {}", copy.text);
            }
        }
        documents += 1;
        assert_eq!(shop.receipts().len(), documents, "round {round}");
    }
}

#[test]
fn a_recorded_request_that_was_refused_is_refused_again() {
    let shop = Shop::open();
    let with_id = LOAF.replacen('{', &format!("{{\"id\":\"{ID}\","), 1);
    let fiscal = |body: &str| body.replacen('{', "{\"receiptMode\":\"FiscalReceiptOnly\",", 1);
    shop.rig.set_paper(Paper::Out);
    for body in [fiscal(LOAF), fiscal(&with_id)] {
        let (refused, seen) = recorded(&shop, "operations/sale", &body);
        assert_eq!(
            (refused.status, refused.verdict().1),
            (422, "not_registered")
        );
        shop.rig.set_paper(Paper::Ok);
        let expected = (422, "not_registered", "SignatureReplayed".to_owned());
        assert_eq!(
            again(&shop, "operations/sale", &body, &seen).verdict(),
            expected
        );
        assert!(shop.receipts().is_empty());
        shop.rig.set_paper(Paper::Out);
    }
    shop.rig.set_paper(Paper::Ok);
    // A caller who can sign the request may use the same id for a new attempt.
    let sold = shop.client.post("operations/sale", &fiscal(&with_id));
    assert_eq!((sold.status, sold.replayed), (200, false), "{}", sold.text);

    let (opened, seen) = recorded(&shop, "misc/opencashdrawer", "");
    assert_eq!(opened.status, 200, "{}", opened.text);
    let pulses = shop.rig.snapshot(false).drawer_pulses;
    let refused = again(&shop, "misc/opencashdrawer", "", &seen);
    assert_eq!(
        (refused.status, refused.at("errorType").as_str()),
        (422, "SignatureReplayed")
    );
    assert_eq!(shop.rig.snapshot(false).drawer_pulses, pulses);
}

#[test]
fn the_signature_covers_every_letter_of_a_request() {
    let shop = Shop::open();
    let headers = |headers: &Headers, name| -> String {
        let found = headers.iter().find(|(header, _)| *header == name);
        found.unwrap().1.clone()
    };
    let mut good = Headers::new();
    let _ = shop
        .client
        .call("POST", "operations/nothing", LOAF, |all| good = all.clone());
    let signature = headers(&good, "Api-Signature");
    let flipped = |text: &str, at: usize| {
        let mut bytes = text.as_bytes().to_vec();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        String::from_utf8(bytes).unwrap()
    };
    let refused = |operation: &str, body: &str, change: &dyn Fn(&mut Headers)| {
        let reply = shop.client.call("POST", operation, body, change).unwrap();
        assert_eq!(reply.status, 401, "{}", reply.text);
    };
    let put = |all: &mut Headers, name: &'static str, value: String| {
        all.retain(|(header, _)| *header != name);
        all.push((name, value));
    };
    // Ten wrong signatures within a minute would refuse the right ones too.
    let later = || shop.service.clock.skip(61_000);
    for at in 0..signature.len() {
        later();
        refused("operations/sale", LOAF, &|all| {
            let wrong = flipped(&headers(all, "Api-Signature"), at);
            put(all, "Api-Signature", wrong);
        });
    }
    for at in 0..DEVICE.len() {
        later();
        refused("operations/sale", LOAF, &|all| {
            put(all, "Api-DeviceId", flipped(DEVICE, at))
        });
    }
    // Changes each byte of the body, and the path, and keeps the signature of the original request.
    let (sold, seen) = recorded(&shop, "operations/sale", LOAF);
    assert_eq!(sold.status, 200);
    for at in 0..LOAF.len() {
        let body = flipped(LOAF, at);
        if body.as_str() != LOAF {
            later();
            let reply = again(&shop, "operations/sale", &body, &seen);
            assert_eq!(
                reply.verdict(),
                (401, "unknown", "SignatureMismatch".to_owned())
            );
        }
    }
    for path in [
        "receipts",
        "operations/Sale",
        "operations/sale/",
        "operations/sale?",
        "operations//sale",
        "operations/sale?x=1",
    ] {
        later();
        let reply = again(&shop, path, LOAF, &seen);
        assert_eq!(reply.status, 401, "{path}: {}", reply.text);
    }
    later();
    // The signature in capital letters is a different text and is refused.
    let upper = signature.to_uppercase();
    refused("operations/sale", LOAF, &|all| {
        put(all, "Api-Signature", upper.clone())
    });
    assert_eq!(shop.receipts().len(), 1);
}

#[test]
fn a_recorded_get_cannot_be_used_for_another_path() {
    let shop = Shop::open();
    let id = shop.client.post("operations/sale", LOAF).receipt("id");
    let operation = format!("receipts/{id}");
    let mut seen = Headers::new();
    let first = shop
        .client
        .call("GET", &operation, "", |headers| seen = headers.clone());
    assert_eq!(first.unwrap().status, 200);
    // Divides the same signed text into path and body at another letter.
    for end in ["receipts".len(), "receipts/full".len(), operation.len() - 1] {
        let (path, body) = operation.split_at(end);
        let path = format!("/api/v1/{path}");
        let length = body.len();
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in &seen {
            request += &format!("{name}: {value}\r\n");
        }
        request += &format!("Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        let said = raw(&shop, &request);
        assert!(said.starts_with("HTTP/1.1 401 "), "{said}");
        assert!(said.contains("BodyNotAllowed"), "{said}");
    }
    // The recorded request can be sent again to its own path.
    let call = |headers: &mut Headers| headers.clone_from(&seen);
    let again = shop.client.call("GET", &operation, "", call).unwrap();
    assert_eq!(again.status, 200);
}

/// Sends a request as text, and reads until the agent closes the connection.
fn raw(shop: &Shop, request: &str) -> String {
    let address = shop.client.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_page_of_another_site_reaches_no_route() {
    let shop = Shop::open();
    let get = |lines: &str| {
        raw(
            &shop,
            &format!("GET /livez HTTP/1.1\r\n{lines}Connection: close\r\n\r\n"),
        )
    };
    for (lines, status) in [
        ("Host: 127.0.0.1\r\n", 200),
        ("Host: localhost:50700\r\n", 200),
        ("Host: localhost\r\nOrigin: http://localhost\r\n", 200),
        ("Host: rebound.example\r\n", 403),
        ("Host: localhost\r\nHost: rebound.example\r\n", 403),
        ("Host: localhost\r\nOrigin: http://evil.example\r\n", 403),
        ("Host: localhost\r\nOrigin: null\r\n", 403),
        ("Host: evil.example\r\nOrigin: http://evil.example\r\n", 403),
    ] {
        let said = get(lines);
        assert!(
            said.starts_with(&format!("HTTP/1.1 {status} ")),
            "{lines}: {said}"
        );
        assert!(said.to_lowercase().contains("x-request-id: "), "{said}");
        assert!(
            !said.to_lowercase().contains("access-control-allow-origin"),
            "{said}"
        );
    }
    let absolute = raw(
        &shop,
        "GET http://evil.example/livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert!(absolute.starts_with("HTTP/1.1 403 "), "{absolute}");
    let post = raw(
        &shop,
        "POST /api/v1/operations/sale HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}",
    );
    assert!(post.starts_with("HTTP/1.1 403 "), "{post}");
    assert!(
        post.to_lowercase().contains("x-fiscal-state: unknown"),
        "{post}"
    );
    assert!(post.contains("HostNotAllowed"), "{post}");
}

#[test]
fn no_path_avoids_the_signature() {
    let shop = Shop::open();
    for target in [
        "/api/v1/operations/sale",
        "/api/v1/../v1/operations/sale",
        "/api/v1/operations/../operations/sale",
        "/livez/../api/v1/operations/sale",
        "/api/v1/%2e%2e/v1/operations/sale",
        "/api/v1/operations%2fsale",
        "/api/v1/operations%2Fsale",
        "//api/v1/operations/sale",
        "/api//v1/operations/sale",
        "/api/v1//operations/sale",
        "/api/v1/operations//sale",
        "/API/V1/operations/sale",
        "/api/v1/operations/sale;x=y",
        "/api/v1/operations/sale%00",
        "/api/v1/operations/sale?..%2f..%2flivez",
        "/api/v1/",
        "/api/v1",
        "http://127.0.0.1/api/v1/operations/sale",
        "http://user:secret@127.0.0.1/api/v1/operations/sale",
        "/operations/../../../../etc/passwd",
        "/operations/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "*",
        "\\api\\v1\\operations\\sale",
    ] {
        let length = LOAF.len();
        let said = raw(
            &shop,
            &format!(
                "POST {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nApi-Key: {KEY}\r\nApi-DeviceId: {DEVICE}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{LOAF}"
            ),
        );
        let status = said.get(9..12).unwrap_or_default();
        assert!(
            ["400", "401", "403", "404", "405"].contains(&status),
            "{target}: {said}"
        );
        assert!(
            !said.contains("root:") && !said.contains(SECRET),
            "{target}: {said}"
        );
    }
    assert!(shop.receipts().is_empty());
    assert_eq!(shop.client.get("receipts").at("data.totalCount"), "0");
}

/// The smallest and the largest value of each integer type, and the first values that do not fit into it.
fn edges() -> BTreeSet<i128> {
    [8, 16, 32, 64]
        .into_iter()
        .flat_map(|bits| {
            let (min, max, unsigned_max) =
                (-(1 << (bits - 1)), (1 << (bits - 1)) - 1, (1 << bits) - 1);
            [min - 1, min, max, max + 1, unsigned_max, unsigned_max + 1]
        })
        .chain([-1, 0, 1])
        .collect()
}

/// A number whose last digits are decimals: 127 at scale 2 is `1.27`.
fn at_scale(value: i128, places: u32) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let unit = 10_u128.pow(places);
    let (whole, part) = (value.unsigned_abs() / unit, value.unsigned_abs() % unit);
    match places {
        0 => format!("{sign}{whole}"),
        places => format!("{sign}{whole}.{part:0width$}", width = places as usize),
    }
}

/// An operation and a body in which `@` stands for the number.
type NumericField = (&'static str, String);

/// Every numeric field of every operation that reads a body.
fn numeric_fields() -> Vec<NumericField> {
    let item = |item: &str| {
        let fields = r#""name":"Piine","quantity":1,"price":8.10,"taxGroupCode":"B""#;
        let name = item.split(':').next().unwrap();
        let others: Vec<&str> = fields
            .split(',')
            .filter(|field| !field.starts_with(name))
            .collect();
        format!("{{{},{item}}}", others.join(","))
    };
    // A payment of one hundredth never covers a price, so a request with an acceptable number sells nothing.
    let sale = |item: &str, more: &str| {
        format!(r#"{{"items":[{item}],"payments":[{{"typeCode":0,"amount":0.01}}]{more}}}"#)
    };
    let refund = |item: &str| {
        format!(
            r#"{{"originalReceiptId":"{ID}","items":[{item}],"payments":[{{"typeCode":0,"amount":8.10}}]}}"#
        )
    };
    let payment = |payment: &str| {
        format!(
            r#"{{"originalReceiptId":"{ID}","items":[{}],"payments":[{payment}]}}"#,
            item(r#""quantity":1"#)
        )
    };
    let mut fields = Vec::new();
    for field in [
        r#""quantity":@"#,
        r#""price":@"#,
        r#""modifierMode":"ByPercent","modifierValue":@"#,
        r#""modifierMode":"ByAmount","modifierValue":@"#,
        r#""modifierValue":@"#,
    ] {
        fields.push(("operations/sale", sale(&item(field), "")));
        fields.push(("alternativereceipts", sale(&item(field), "")));
        fields.push(("returnreceipts", refund(&item(field))));
    }
    for name in [
        "finalAmount",
        "amountBeforeModification",
        "amount",
        "taxRate",
        "taxAmount",
        "finalTaxAmount",
    ] {
        let field = format!(r#""{name}":@"#);
        fields.push(("operations/return", refund(&item(&field))));
    }
    for mode in ["ByPercent", "ByAmount"] {
        let more = format!(r#","amountModifications":[{{"mode":"{mode}","value":@}}]"#);
        let body = sale(&item(r#""quantity":1"#), &more);
        fields.push(("receipts", body));
    }
    for field in [
        r#"{"typeCode":@,"amount":8.10}"#,
        r#"{"typeCode":0,"amount":@}"#,
    ] {
        fields.push(("operations/return", payment(field)));
        let body = payment(field).replace(&format!(r#""originalReceiptId":"{ID}","#), "");
        fields.push((
            "operations/sale",
            body.replace(r#""quantity":1"#, r#""quantity":1000"#),
        ));
    }
    fields.push(("cashoperations", r#"{"amount":@}"#.to_owned()));
    for name in [
        "contentWidth",
        "horizontalMargin",
        "verticalMargin",
        "fontSize",
        "width",
    ] {
        let settings = format!(
            r#"{{"printOnServer":false,"printFormMediaType":"Image","imagePrintFormSettings":{{"{name}":@}},"type":"None"}}"#
        );
        fields.push(("reports", settings));
    }
    fields
}

#[test]
fn no_number_in_a_request_ends_the_process() {
    let shop = Shop::open();
    // The printer has no paper, so a cash operation with an acceptable number is not printed.
    shop.rig.set_paper(Paper::Out);
    let numbers: BTreeSet<String> = edges()
        .into_iter()
        .flat_map(|edge| (0..=4).map(move |places| at_scale(edge, places)))
        .collect();
    let call = |method: &str, path: &str, body: &str| {
        let reply = shop.client.signed(method, path, body, |_| ());
        let reply = reply.unwrap_or_else(|error| panic!("{method} {path} {body}: {error}"));
        assert!(
            [200, 400, 404, 422].contains(&reply.status),
            "{path} {body}: {}",
            reply.text
        );
    };
    for (operation, body) in numeric_fields() {
        for number in &numbers {
            let path = format!("/api/v1/{operation}");
            call("POST", &path, &body.replace('@', number));
        }
    }
    let settlement = format!("/operations/{ID}/settlement");
    for number in &numbers {
        let body = format!(r#"{{"registered":true,"document":{number},"by":"Maria"}}"#);
        call("POST", &settlement, &body);
    }
    for edge in edges() {
        let path = format!("/api/v1/receipts/full?startIndex={edge}&count={edge}");
        call("GET", &path, "");
        // The extreme number is refused as a timestamp.
        let timed = shop
            .client
            .call("POST", "operations/sale", LOAF, |headers| {
                let timestamp = edge.to_string();
                let path = "/api/v1/operations/sale";
                let parts = [DEVICE, &timestamp, "POST", path, LOAF].map(str::as_bytes);
                let signature = signature_of(SECRET.as_bytes(), &parts);
                headers.retain(|(name, _)| !["Api-Timestamp", "Api-Signature"].contains(name));
                headers.extend([("Api-Timestamp", timestamp), ("Api-Signature", signature)]);
            });
        assert_eq!(timed.unwrap().status, 401, "{edge}");
    }
    assert!(shop.receipts().is_empty());
    shop.rig.set_paper(Paper::Ok);
    assert_eq!(shop.client.post("operations/sale", LOAF).status, 200);
}

#[test]
fn a_body_with_endless_lists_gets_a_short_answer() {
    let shop = Shop::open();
    let many = vec!["{}"; 80_000].join(",");
    let data = vec!["1"; 80_000].join(",");
    let lines = |operation: &str, body: &str| -> Vec<String> {
        let reply = shop.client.post(operation, body);
        assert_eq!(reply.status, 422, "{}", reply.text);
        assert!(reply.text.len() < 20_000, "{} bytes", reply.text.len());
        let named = format!(
            "; this request has the id {}",
            reply.operation.clone().unwrap()
        );
        let message = reply.at("message");
        let message = message.strip_suffix(&named).unwrap();
        message.lines().map(str::to_owned).collect()
    };
    // The first 512 lines are read. Each has two faults, because quantity and price are missing, and the list has one: together
    // 1,025 faults.
    for operation in ["operations/sale", "operations/return"] {
        let body = format!(r#"{{"originalReceiptId":"{ID}","items":[{many}]}}"#);
        let body = match operation {
            "operations/sale" => body.replacen(&format!(r#""originalReceiptId":"{ID}","#), "", 1),
            _ => body,
        };
        let message = lines(operation, &body);
        assert_eq!(message.len(), 101, "{operation}");
        assert!(message[0].starts_with("items: has more than 512 "));
        assert_eq!(message[100], "body: has 925 more faults");
    }
    for (list, limit) in [("payments", 10), ("amountModifications", 10)] {
        let found = lines("operations/sale", &format!(r#"{{"{list}":[{many}]}}"#));
        let too_many = format!("{list}: has more than {limit} ");
        assert!(
            found.iter().any(|line| line.starts_with(&too_many)),
            "{found:?}"
        );
        assert!(found.len() <= 2 * limit + 3, "{found:?}");
    }
    let print_data = LOAF.replace(
        r#""typeCode":0"#,
        &format!(r#""typeCode":0,"bankTerminalPrintData":{{"rows":[[{data}]]}}"#),
    );
    let found = lines("operations/sale", &print_data);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("payments[0].bankTerminalPrintData: "));
    let unknown: Vec<String> = (0..20_000)
        .map(|index| format!(r#""a{index}":1"#))
        .collect();
    let found = lines("cashoperations", &format!("{{{}}}", unknown.join(",")));
    assert_eq!(found[100], "body: has 19901 more faults");
    assert!(shop.receipts().is_empty());
}

#[test]
fn a_page_of_large_receipts_ends_at_a_number_of_bytes() {
    let shop = Shop::open();
    let item = format!(
        r#"{{"name":"{}","quantity":1,"price":0.01,"taxGroupCode":"B"}}"#,
        "x".repeat(390)
    );
    let items = vec![item; 512].join(",");
    let large = format!(
        r#"{{"receiptMode":"AlternativeReceiptOnly","print":false,"items":[{items}],"payments":[{{"typeCode":0,"amount":5.12}}]}}"#
    );
    let sold = 32;
    for _ in 0..sold {
        let reply = shop.client.post("operations/sale", &large);
        assert_eq!(reply.status, 200, "{}", reply.at("message"));
    }
    let mut seen = BTreeSet::new();
    let mut pages = 0;
    while seen.len() < sold {
        let path = format!(
            "alternativereceipts/full?startIndex={}&count=1000",
            seen.len()
        );
        let page = shop.client.get(&path);
        assert_eq!(page.at("data.totalCount"), sold.to_string());
        let documents = page.list("data.data");
        assert!(documents > 0, "every page has a document");
        // A page is at most one document longer than 8 MiB.
        assert!(page.text.len() < 9 * 1_024 * 1_024, "{}", page.text.len());
        seen.extend((0..documents).map(|at| page.at(&format!("data.data.{at}.id"))));
        pages += 1;
    }
    assert!(pages > 1, "{pages}: {}", seen.len());
    assert_eq!(seen.len(), sold);
}

#[test]
fn refused_unsigned_calls_write_few_lines_to_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    std::fs::write(&secret, SECRET).unwrap();
    let for_its_owner = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(&secret, for_its_owner).unwrap();
    let mut log = tempfile::tempfile().unwrap();
    let config = shop::config(
        &folder.path().join("books"),
        "datecs+tcp://127.0.0.1:1",
        "http://127.0.0.1:1",
    )
    .set("till", "mode", "\"LIVE\"")
    .set("upstream", "environment", "\"LIVE\"")
    .client_with_file(KEY, &secret);
    let file = folder.path().join("ferrotill.toml");
    std::fs::write(&file, config.to_string()).unwrap();
    let agent = Process::agent_with_log(&file, log.try_clone().unwrap());
    let call = |headers: &mut Headers| headers.retain(|(name, _)| *name != "Api-Signature");
    for _ in 0..2_000 {
        let reply = agent.client.call("POST", "operations/sale", LOAF, call);
        assert_eq!(reply.unwrap().status, 401);
    }
    let metrics = ureq::get(format!("{}/metrics", agent.client.url)).call();
    let metrics = metrics.unwrap().body_mut().read_to_string().unwrap();
    assert!(
        metrics.contains("\nferrotill_refused_calls_total 2000\n"),
        "{metrics}"
    );
    drop(agent);
    let mut text = String::new();
    log.seek(std::io::SeekFrom::Start(0)).unwrap();
    log.read_to_string(&mut text).unwrap();
    let lines = text
        .lines()
        .filter(|line| line.contains("SignatureMissing"));
    // One at once, one at the end of each minute, and one at the end of the program.
    assert!((1..10).contains(&lines.count()), "{text}");
}

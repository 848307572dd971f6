//! Tests of what all refusals have in common: the form of their API, the state, and the request id.

mod shop;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use ferrotill_device::printer::Paper;
use shop::inside::Shop;
use shop::till::SALE;
use shop::{Client, Headers};

/// A developer who gives no id must be able to do what the answers advise: to repeat the request with its id.
#[test]
fn a_refusal_of_a_request_without_an_id_names_the_id_that_the_agent_gave() {
    let shop = Shop::open();
    let unknown = r#"{"originalReceiptId":"7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0009","items":[{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":25.50}]}"#;
    let mut ids = Vec::new();
    let mut refused = |operation: &str, body: &str, state: &str, lines: usize| {
        let reply = shop.client.post(operation, body);
        assert_eq!(
            (reply.status, reply.state.as_deref()),
            (422, Some(state)),
            "{}",
            reply.text
        );
        let id = reply.operation.clone().unwrap();
        let message = reply.at("message");
        assert!(message.contains(&id), "{id} in {message}");
        assert_eq!(message.lines().count(), lines, "{message}");
        assert_eq!(reply.paths().len(), lines, "{message}");
        ids.push(id.clone());
        id
    };
    let nothing = "not_registered";
    refused("operations/sale", "{}", nothing, 2);
    refused(
        "operations/sale",
        &SALE.replace("\"A\"", "\"Z\""),
        nothing,
        1,
    );
    refused("operations/sale", &SALE.replace("30", "3"), nothing, 1);
    refused("operations/return", unknown, nothing, 1);
    refused("operations/closeday", "", nothing, 1);
    refused("cashoperations", r#"{"amount":-1}"#, nothing, 1);
    shop.rig.set_paper(Paper::Out);
    let id = refused("operations/sale", SALE, nothing, 1);
    shop.rig.set_paper(Paper::Ok);
    let with_id = SALE.replacen('{', &format!("{{\"id\":\"{id}\","), 1);
    let sold = shop.client.post("operations/sale", &with_id);
    assert_eq!(sold.status, 200, "{}", sold.text);
    assert_eq!(shop.receipts().len(), 1);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7, "each request has an id of its own");
}

#[test]
fn a_refusal_does_not_name_the_id_that_the_caller_gave() {
    let shop = Shop::open();
    let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
    let reply = shop
        .client
        .post("operations/sale", &format!("{{\"id\":\"{id}\"}}"));
    assert_eq!((reply.status, reply.operation.as_deref()), (422, Some(id)));
    assert!(!reply.at("message").contains(id), "{}", reply.text);
}

#[test]
fn a_call_that_is_no_operation_is_answered_in_the_form_of_its_api() {
    let shop = Shop::open();
    let call = |method: &str, operation: &str| {
        let (method, with_body) = match method.split_once(' ') {
            Some((method, _)) => (method, true),
            None => (method, method == "POST"),
        };
        let body = if with_body { "{}" } else { "" };
        let reply = shop.client.call(method, operation, body, |_| ()).unwrap();
        let state = reply.state.clone().unwrap_or_default();
        (reply.status, reply.at("errorType"), state)
    };
    let is = |status: u16, error: &str, state: &str| (status, error.to_owned(), state.to_owned());
    // The id of a call with the wrong method may be that of a sale, so nothing is said of it.
    for (method, operation) in [
        ("PUT", "operations/sale"),
        ("PUT with a body", "operations/sale"),
        ("GET", "operations/sale"),
        ("DELETE", "receipts"),
        ("PATCH", "Receipts/"),
    ] {
        assert_eq!(
            call(method, operation),
            is(405, "MethodNotAllowed", "unknown"),
            "{method} {operation}"
        );
    }
    for (method, operation) in [("POST", "devices"), ("GET", "misc/opencashdrawer")] {
        assert_eq!(
            call(method, operation),
            is(405, "MethodNotAllowed", ""),
            "{method} {operation}"
        );
    }
    assert_eq!(
        call("POST", "operations/sail"),
        is(404, "UnknownOperation", "unknown")
    );
    assert_eq!(call("GET", "operation"), is(404, "UnknownOperation", ""));
    // A call with a wrong signature is refused for that.
    let changed = |headers: &mut Headers| headers.retain(|(name, _)| *name != "Api-Signature");
    let unsigned = shop.client.call("GET", "operations/sale", "", changed);
    let expected = (401, "unknown", "SignatureMissing".to_owned());
    assert_eq!(unsigned.unwrap().verdict(), expected);
    for path in ["receipts/none", "devices/none", "reports/7a0b9f0e"] {
        assert_eq!(call("GET", path), is(422, "NotAUuid", ""), "{path}");
    }
    assert_eq!(call("POST", ""), is(404, "NotFound", "unknown"));
    assert!(shop.receipts().is_empty());
}

#[test]
fn a_wrong_path_or_method_of_the_agent_is_refused_with_a_reason() {
    let shop = Shop::open();
    let call = |client: &Client, method: &str, path: &str| {
        let reply = client.signed(method, path, "", |_| ()).unwrap();
        (reply.status, reply.at("error"))
    };
    for (method, path, status, error) in [
        ("POST", "/healthz", 405, "MethodNotAllowed"),
        ("DELETE", "/metrics", 405, "MethodNotAllowed"),
        ("PUT", "/operations/none", 405, "MethodNotAllowed"),
        (
            "GET",
            "/operations/none/settlement",
            405,
            "MethodNotAllowed",
        ),
        ("GET", "/clock", 405, "MethodNotAllowed"),
        ("GET", "/nothing", 404, "NotFound"),
        ("GET", "/apis/v1/devices", 404, "NotFound"),
    ] {
        assert_eq!(
            call(&shop.client, method, path),
            (status, error.to_owned()),
            "{method} {path}"
        );
    }
}

#[test]
fn every_line_of_a_message_begins_with_the_path_of_its_fault() {
    let shop = Shop::open();
    let large = "x".repeat(300_000);
    let call = |body: &str, change: &dyn Fn(&mut Headers)| {
        let reply = shop
            .client
            .call("POST", "operations/sale", body, |headers| change(headers))
            .unwrap();
        assert_eq!(reply.state.as_deref(), Some("unknown"), "{}", reply.text);
        (reply.status, reply.paths())
    };
    let without = |name: &'static str| {
        move |headers: &mut Headers| headers.retain(|(header, _)| *header != name)
    };
    let with = |name: &'static str, value: &'static str| {
        move |headers: &mut Headers| {
            headers.retain(|(header, _)| *header != name);
            headers.push((name, value.to_owned()));
        }
    };
    let is = |status: u16, path: &str| (status, vec![path.to_owned()]);
    for name in ["Api-Key", "Api-Timestamp", "Api-Signature"] {
        assert_eq!(call(SALE, &without(name)), is(401, name));
        assert_eq!(call(SALE, &with(name, "1")), is(401, name));
    }
    assert_eq!(
        call(SALE, &without("Api-DeviceId")),
        is(401, "Api-Signature")
    );
    assert_eq!(call(SALE, &with("Host", "evil.example")), is(403, "Host"));
    assert_eq!(
        call(SALE, &with("Origin", "http://evil.example")),
        is(403, "Origin")
    );
    assert_eq!(call(&large, &|_| ()), is(413, "body"));
    assert_eq!(call("{", &|_| ()), is(422, "body"));
}

#[test]
fn an_empty_return_names_everything_that_it_lacks() {
    let shop = Shop::open();
    let lacks = ["originalReceiptId", "items", "payments"];
    for operation in ["operations/return", "returnreceipts"] {
        let reply = shop.client.post(operation, "{}");
        assert_eq!(reply.paths(), lacks, "{operation}: {}", reply.text);
    }
    let reply = shop.client.post("operations/sale", r#"{"unknown":1}"#);
    assert_eq!(reply.paths(), ["unknown", "items", "payments"]);
}

/// The id of no receipt.
const RECEIPT: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";

/// A browser sends no `Origin` with a simple request; it then says in another header that a page of another site asks.
#[test]
fn a_page_of_another_site_changes_nothing() {
    let shop = Shop::open();
    let foreign = [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Referer", "https://evil.example/page"),
    ];
    let settlement = format!("/operations/{RECEIPT}/settlement");
    for (method, path, body) in [
        ("POST", "/api/v1/operations/sale", SALE),
        ("POST", "/api/v1/misc/opencashdrawer", ""),
        ("POST", &settlement, r#"{"registered":false,"by":"M"}"#),
        (
            "POST",
            "/clock",
            r#"{"at":"2027-01-01T00:00:00Z","by":"M"}"#,
        ),
        ("POST", "/log", r#"{"level":"debug"}"#),
        ("PUT", "/sim/printer", r#"{"power":"off"}"#),
        ("POST", "/sign-out", ""),
    ] {
        for (name, value) in foreign {
            let reply = shop.client.signed(method, path, body, |headers| {
                headers.push((name, value.to_owned()));
            });
            let reply = reply.unwrap();
            assert_eq!(reply.status, 403, "{path}, {name}: {}", reply.text);
            assert!(reply.text.contains("OriginNotAllowed"), "{}", reply.text);
        }
    }
    assert_eq!(shop.receipts().len(), 0);
    // What a person opens, what reads, and what a proxy passes on with a signature is carried out.
    for (name, value) in [
        ("Sec-Fetch-Site", "none"),
        ("Sec-Fetch-Site", "same-origin"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("Forwarded", "for=10.0.0.1"),
    ] {
        let sold = shop
            .client
            .call("POST", "operations/sale", SALE, |headers| {
                headers.push((name, value.to_owned()));
            });
        assert_eq!(sold.unwrap().status, 200, "{name}");
    }
    let headers = vec![("Sec-Fetch-Site", "cross-site".to_owned())];
    let health = shop.client.unsigned("GET", "/healthz", "", &headers);
    assert_eq!(health.status, 200, "{}", health.text);
    // The switches of a simulator authenticate no caller.
    let headers = vec![("X-Forwarded-For", "10.0.0.1".to_owned())];
    let body = r#"{"power":"off"}"#;
    let switched = shop.client.unsigned("PUT", "/sim/printer", body, &headers);
    assert_eq!(
        (switched.status, switched.at("error")),
        (403, "CallerNotAllowed".to_owned())
    );
}

#[test]
fn a_page_of_an_allowed_origin_sells() {
    let page = "https://shop.example";
    let shop = Shop::open_with(|config| {
        config.set("api", "allowed_origins", r#"["https://shop.example"]"#)
    });
    let sold = shop
        .client
        .call("POST", "operations/sale", SALE, |headers| {
            headers.push(("Origin", page.to_owned()));
            headers.push(("Referer", format!("{page}/till")));
            headers.push(("Sec-Fetch-Site", "cross-site".to_owned()));
        });
    let sold = sold.unwrap();
    assert_eq!(sold.status, 200, "{}", sold.text);
    // A page asks before it sends; every method and header of the compatible APIs is named.
    let (asked, _) = answer_to(
        &shop.client.url,
        format!(
            "OPTIONS /ereceipt/api/v1/receipt/{RECEIPT} HTTP/1.1\r\nHost: localhost\r\nOrigin: {page}\r\nAccess-Control-Request-Method: PUT\r\nConnection: close\r\n\r\n"
        )
        .as_bytes(),
    );
    for (name, value) in [("methods", "put, patch"), ("headers", "authorization")] {
        let line = asked
            .lines()
            .find(|line| line.starts_with(&format!("access-control-allow-{name}:")));
        assert!(line.unwrap_or("").contains(value), "{asked}");
    }
}

/// A newcomer who has made a mistake sees the value that came, and what would be right.
#[test]
fn a_refusal_says_what_came_and_what_would_be_right() {
    let shop = Shop::open();
    let client = &shop.client;
    let message = |body: &str| client.post("operations/sale", body).at("message");
    let priced = |more: &str| SALE.replacen('{', &format!("{{{more}"), 1);
    for (body, words) in [
        (
            SALE.replace("\"A\"", "\"Z\""),
            "items[0].taxGroupCode: the device has no such tax group; give one of the device's tax groups (tax groups of the device: A, B)",
        ),
        (
            SALE.replace("\"typeCode\":0", "\"typeCode\":7"),
            "payments[0].typeCode: the device has no payment type 7; give one of the device's payment types (payment types of the device: 0 Numerar, 1 Card)",
        ),
        (
            priced(
                "\"alternativeReceiptSeriesAndNumber\":\"ABC00000007\",\"receiptMode\":\"AlternativeReceiptOnly\",",
            ),
            "(ranges of the device: ABC00000001 to ABC00000500)",
        ),
        (
            SALE.replace("\"price\"", "price"),
            "the name of a field is needed here, in double quotes",
        ),
        (
            String::from("{'id':1}"),
            "body: is not JSON: line 1, column 2: ",
        ),
        (
            SALE.replace("\"items\"", "\"receiptMode\":\"Fiscal\",\"items\""),
            "receiptMode: is \"Fiscal\"; allowed are ",
        ),
    ] {
        let said = message(&body);
        assert!(said.contains(words), "{words}\n{said}");
        // The words of the parser's own messages.
        for foreign in ["expected", "EOF", "serde", "line 1 column"] {
            assert!(!said.contains(foreign), "{said}");
        }
    }
    let wrong_key = client.call("GET", "receipts", "", |headers| {
        headers.retain(|(name, _)| *name != "Api-Key");
        headers.push(("Api-Key", String::from("anothers-key")));
    });
    assert_eq!(
        wrong_key.unwrap().at("message"),
        "Api-Key: is \"anothers-key\", which no client of this agent has; compare it with `key` of `[[api.clients]]` in the configuration"
    );
    let stranger = "11111111-1111-4111-8111-111111111111";
    assert_eq!(
        client.on(stranger).get("receipts").at("message"),
        format!(
            "Api-DeviceId: is \"{stranger}\", which this agent does not have; its devices are {} (Till 1)",
            client.device
        )
    );
    assert_eq!(
        client.on("").get("receipts").at("message"),
        format!(
            "Api-DeviceId: is missing; this operation needs the id of a device; this agent has {} (Till 1)",
            client.device
        )
    );
}

#[test]
fn a_path_that_does_not_exist_names_a_similar_one() {
    let shop = Shop::open();
    let client = &shop.client;
    for (operation, similar) in [
        ("receipt", "/api/v1/receipts is similar"),
        ("operation/sale", "/api/v1/operations/sale is similar"),
        ("nonsense", "/docs lists the operations"),
    ] {
        let reply = client.get(operation);
        assert_eq!(reply.verdict().2, "UnknownOperation", "{}", reply.text);
        let message = reply.at("message");
        assert!(message.ends_with(similar), "{message}");
    }
    let message = client.open("/health").at("message");
    assert!(message.ends_with("(/healthz is similar)"), "{message}");
}

/// Sends bytes and returns the head in small letters and the body of the answer.
fn answer_to(url: &str, bytes: &[u8]) -> (String, String) {
    let host = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_lowercase(), body.to_owned())
}

/// The form of each API: a path, what its refusal of a body that is too large has, and what that of a body that breaks off has.
const FORMS: [(&str, &str, &str, &str); 5] = [
    (
        "POST",
        "/api/v1/operations/sale",
        r#""errorType":"BodyTooLarge""#,
        r#""errorType":"BodyIncomplete""#,
    ),
    (
        "PUT",
        "/sign-at/api/v1/cash-register/1/receipt/2",
        r#""code":"E_PAYLOAD_TOO_LARGE""#,
        r#""code":"E_FAILED_SCHEMA_VALIDATION""#,
    ),
    (
        "POST",
        "/fiscalbox/order/create",
        r#""code":104"#,
        r#""data":"BodyIncomplete""#,
    ),
    (
        "PUT",
        "/ereceipt/api/v1/receipt/1",
        r#""code":"E_PAYLOAD_TOO_LARGE""#,
        r#""code":"E_REQUEST_INVALID""#,
    ),
    (
        "POST",
        "/clock",
        r#""errorType":"BodyTooLarge""#,
        r#""errorType":"BodyIncomplete""#,
    ),
];

#[test]
fn a_body_that_is_not_read_is_refused_in_the_form_of_its_api() {
    let shop = Shop::open();
    let url = &shop.client.url;
    let large = "x".repeat(300_000);
    for (method, path, of_large, of_broken) in FORMS {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        let announced = format!("{head}Content-Length: {}\r\n\r\n{large}", large.len());
        let chunked = format!(
            "{head}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{large}\r\n0\r\n\r\n",
            large.len()
        );
        let broken = format!("{head}Transfer-Encoding: chunked\r\n\r\nno length\r\n");
        for (request, status, form) in [
            (&announced, "413 ", of_large),
            (&chunked, "413 ", of_large),
            (&broken, "400 ", of_broken),
        ] {
            let (head, body) = answer_to(url, request.as_bytes());
            assert!(
                head.starts_with(&format!("http/1.1 {status}")),
                "{path}: {head}"
            );
            assert!(body.contains(form), "{path}: {body}");
            assert!(body.contains("body: "), "{path}: {body}");
            assert!(head.contains("x-fiscal-state: unknown"), "{path}: {head}");
            assert!(head.contains("x-request-id: "), "{path}: {head}");
            let names_both = path.starts_with("/sign-at") || path.starts_with("/ereceipt");
            assert_eq!(
                head.contains("\r\nrequest-id: "),
                names_both,
                "{path}: {head}"
            );
        }
    }
    let (method, path) = ("POST", "/ereceipt/api/v1/configuration/logo");
    let length = 5 * 1024 * 1024;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    );
    let (head, body) = answer_to(url, head.as_bytes());
    assert!(head.starts_with("http/1.1 413 "), "{head}");
    assert!(body.contains("E_LOGO_BODY_LIMIT_EXCEEDED"), "{body}");
}

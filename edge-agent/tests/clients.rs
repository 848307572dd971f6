//! The clients of the API: what each may do, its two secrets, and the limit on wrong signatures.

mod shop;

use std::collections::BTreeSet;

use ferrotill::hmac::signature_of;
use ferrotill::time::clock::system_ms;
use ferrotill_testkit::config::text;
use shop::inside::Shop;
use shop::till::SALE;
use shop::{Client, DEVICE, KEY, SECRET, schema};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
const OTHER_SECRET: &str = "another-secret-of-some-length";
const PERMISSIONS: [&str; 5] = ["sell", "return", "report", "settle", "settings"];

/// The operations that need a permission.
const NEEDED: &[(&str, &str)] = &[
    ("/api/v1/operations/sale", "sell"),
    ("/api/v1/operations/return", "return"),
    ("/api/v1/operations/closeday", "report"),
    ("/api/v1/operations/intermediatetotals", "report"),
    ("/api/v1/receipts", "sell"),
    ("/api/v1/alternativereceipts", "sell"),
    ("/api/v1/returnreceipts", "return"),
    ("/api/v1/cashoperations", "sell"),
    ("/api/v1/nonfiscalreceipts", "sell"),
    ("/api/v1/reports", "report"),
    ("/api/v1/misc/opencashdrawer", "sell"),
    ("/api/v1/receipts/ID/duplicate", "sell"),
    ("/api/v1/alternativereceipts/ID/duplicate", "sell"),
    ("/api/v1/reports/ID/duplicate", "sell"),
    ("/api/v1/cashoperations/ID/duplicate", "sell"),
    ("/operations/ID/settlement", "settle"),
    ("/operations/ID/aside", "settle"),
    ("/devices/ID/go-on", "settle"),
    ("/clock", "settings"),
    ("/log", "settings"),
];

fn with_id(path: &str) -> String {
    path.replace("ID", ID)
}

#[test]
fn each_operation_needs_its_permission() {
    let shop = Shop::open_with(|config| {
        PERMISSIONS.iter().fold(config, |config, permission| {
            config
                .another_client(permission, SECRET)
                .set_client("permissions", format!("[{}]", text(permission)))
        })
    });
    for (path, needed) in NEEDED {
        for permission in PERMISSIONS {
            let client = shop.client.signing_as(permission, SECRET);
            let reply = client.signed("POST", &with_id(path), "{}", |_| ()).unwrap();
            let is_missing = reply.status == 403;
            assert_eq!(
                is_missing,
                permission != *needed,
                "{path} {permission}: {}",
                reply.text
            );
            if !is_missing {
                continue;
            }
            let name = if path.starts_with("/api/v1") {
                "errorType"
            } else {
                "error"
            };
            assert_eq!(reply.at(name), "PermissionMissing", "{path}");
            assert!(
                reply.at("message").contains(&format!("{needed:?}")),
                "{}",
                reply.text
            );
            // Nothing was looked at, so nothing is known of the id.
            let creates = !path.contains("misc/") && !path.contains("duplicate");
            if path.starts_with("/api/v1") && creates {
                assert_eq!(reply.state.as_deref(), Some("unknown"), "{path}");
            }
        }
    }
}

/// The list above must not forget an operation: a client without any permission gets 403 for each POST of the vendor's document that
/// this build has, and reads with each GET.
#[test]
fn a_client_without_permissions_only_reads() {
    let shop = Shop::open_with(|config| {
        config
            .another_client("reader", SECRET)
            .set_client("permissions", "[]")
    });
    let reader = shop.client.signing_as("reader", SECRET);
    let mut posts = BTreeSet::new();
    for (method, path) in schema::operations() {
        let path = path
            .split('/')
            .map(|part| if part.starts_with('{') { "ID" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let body = if method == "POST" { "{}" } else { "" };
        let reply = reader
            .signed(&method, &with_id(&path), body, |_| ())
            .unwrap();
        match (method.as_str(), reply.status) {
            ("POST", 403) => drop(posts.insert(path)),
            // An operation that this build does not have.
            ("POST", 404) => {}
            ("POST", status) => panic!("{path}: {status} {}", reply.text),
            (_, status) => assert_ne!(status, 403, "{path}: {}", reply.text),
        }
    }
    for (path, _) in NEEDED
        .iter()
        .filter(|(path, _)| path.starts_with("/api/v1"))
    {
        assert!(posts.contains(*path), "{path} is not in {posts:?}");
    }
}

#[test]
fn a_client_without_a_list_of_permissions_sells_returns_and_reports() {
    let usual = |config: ferrotill_testkit::config::ConfigText| {
        config.set_client("permissions", r#"["return", "report", "sell", "sell"]"#)
    };
    let shop = Shop::open_with(usual);
    assert_eq!(shop.client.post("operations/sale", SALE).status, 200);
    assert_eq!(
        shop.client
            .post("operations/intermediatetotals", "{}")
            .status,
        200
    );
    let refused = shop
        .client
        .declare(ID, r#"{"registered":false,"by":"Maria"}"#);
    assert_eq!(
        (refused.status, refused.at("error").as_str()),
        (403, "PermissionMissing")
    );
}

/// A shop changes a secret while its callers work: for a time, both are right.
#[test]
fn two_secrets_of_a_client_are_right() {
    let shop = Shop::open_with(|config| config.set_client("second_secret", text(OTHER_SECRET)));
    for (secret, status) in [(SECRET, 200), (OTHER_SECRET, 200), ("a-third-secret", 401)] {
        let client = shop.client.signing_as(KEY, secret);
        let reply = client.post("operations/sale", SALE);
        assert_eq!(reply.status, status, "{secret}: {}", reply.text);
    }
    assert_eq!(shop.receipts().len(), 2);
}

/// The status, the text and the header `Retry-After` of a sale that is sent from this address.
fn sale_from(shop: &Client, address: &str, key: &str, secret: &str) -> (u16, String, Option<u64>) {
    let to = shop.url.strip_prefix("http://").unwrap().parse().unwrap();
    let timestamp = system_ms().to_string();
    let path = "/api/v1/operations/sale";
    let signed = [DEVICE, &timestamp, "POST", path, SALE].map(str::as_bytes);
    let signature = signature_of(secret.as_bytes(), &signed);
    let call = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nApi-Key: {key}\r\nApi-DeviceId: {DEVICE}\r\n\
         Api-Timestamp: {timestamp}\r\nApi-Signature: {signature}\r\nContent-Length: {}\r\n\r\n{SALE}",
        SALE.len()
    );
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let answer = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket
            .bind(format!("{address}:0").parse().unwrap())
            .unwrap();
        let mut stream = socket.connect(to).await.unwrap();
        stream.write_all(call.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    });
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    let retry = answer
        .lines()
        .find_map(|line| line.strip_prefix("Retry-After: "));
    (
        status,
        answer.clone(),
        retry.map(|seconds| seconds.parse().unwrap()),
    )
}

#[test]
fn ten_wrong_signatures_refuse_a_key_from_their_address_only() {
    let shop = Shop::open();
    let sale = |address, key, secret| sale_from(&shop.client, address, key, secret);
    for key in [KEY, "no-such-key"] {
        for _ in 0..10 {
            let (status, text, _) = sale("127.0.0.2", key, "wrong");
            assert_eq!(status, 401, "{text}");
        }
        let (status, text, retry) = sale("127.0.0.2", key, SECRET);
        assert_eq!(status, 429, "{text}");
        assert!(text.contains("X-Fiscal-State: unknown"), "{text}");
        assert!(text.contains("TooManyWrongSignatures"), "{text}");
        assert!((1..=60).contains(&retry.unwrap()), "{text}");
    }
    // Another key from there, and the same key from elsewhere, are not concerned.
    assert_eq!(sale("127.0.0.2", "another", "wrong").0, 401);
    assert_eq!(sale("127.0.0.3", KEY, SECRET).0, 200);
    shop.service.clock.skip(59_000);
    assert_eq!(sale("127.0.0.2", KEY, SECRET).0, 429);
    shop.service.clock.skip(1_500);
    assert_eq!(sale("127.0.0.2", KEY, SECRET).0, 200);
    assert_eq!(shop.receipts().len(), 2);
}

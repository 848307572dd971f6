//! `ferrotill init`: the configuration that it writes works, and what a FiscalCloud has answered stands in it.

mod shop;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::thread;

use ferrotill::api::json::JsonValue;
use ferrotill::config::{Config, Overrides};
use ferrotill_testkit::config::{KEY, SECRET};
use shop::machine::MachineShop;
use shop::outside::{finished, until};
use shop::{DEVICE, POINT_OF_SALE, value};

const UPSTREAM: &str = "http://127.0.0.1:9";

fn load(file: &Path) -> Config {
    Config::load_with(file, &Overrides::default(), []).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs `init` for a folder, with more arguments. Returns the exit code and the document.
fn init(folder: &Path, more: &[&str]) -> (Option<i32>, JsonValue) {
    let (data, out) = (folder.join("books"), folder.join("ferrotill.toml"));
    let mut arguments = vec!["init", "--no-input"];
    if !more.contains(&"--country") {
        arguments.extend(["--country", "md"]);
    }
    arguments.extend([
        "--data",
        data.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    arguments.extend([
        "--device",
        "datecs+tcp://127.0.0.1:9",
        "--upstream",
        UPSTREAM,
    ]);
    arguments.extend(more);
    finished(&arguments)
}

#[test]
fn the_written_configuration_has_the_tables_of_the_law_and_a_secret_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (code, document) = init(folder.path(), &[]);
    assert_eq!(code, Some(0), "{document}");
    let file = folder.path().join("ferrotill.toml");
    let config = load(&file);
    assert_eq!(config.till.country, "MD");
    let device = &config.devices[0];
    assert_eq!(device.tax_groups.len(), 2);
    assert_eq!(device.payment_types.len(), 2);
    assert_eq!(device.points_of_sale.len(), 1);
    assert!(!device.use_alternative_receipts);
    let secret = folder.path().join("api.secret");
    for file in [&file, &secret] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    assert_eq!(fs::read_to_string(&secret).unwrap().len(), 64);
    let before = fs::read_to_string(&file).unwrap();
    let (code, document) = init(folder.path(), &[]);
    assert_eq!(
        code,
        Some(1),
        "another file is never written over: {document}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    let other = tempfile::tempdir().unwrap();
    let (code, _) = init(other.path(), &["--country", "xx"]);
    assert_eq!(code, Some(2));
    let (code, document) = init(other.path(), &["--mode", "PLAY"]);
    assert_eq!(code, Some(3), "{document}");
    assert_eq!(
        fs::read_dir(other.path()).unwrap().count(),
        0,
        "nothing is written"
    );
}

#[test]
fn a_till_takes_over_the_tables_and_the_next_free_numbers_of_a_fiscal_cloud() {
    // Our own till answers as FiscalCloud does.
    let cloud = MachineShop::open("datecs", None);
    let client = &cloud.agent.client;
    until("the printer is connected", || {
        client.open("/healthz").at("printers.0.connected") == "true"
    });
    let sale = r#"{"items":[{"name":"Ceai","quantity":1,"price":5,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":5}]}"#;
    for _ in 0..3 {
        let sold = client.post("alternativereceipts", sale);
        assert_eq!(sold.status, 200, "{}", sold.text);
    }
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let secret = secret.to_str().unwrap();
    let url = format!("{}/api/v1/", client.url);
    let from = [
        "--from-fiscalcloud",
        &url,
        "--key",
        KEY,
        "--secret-file",
        secret,
    ];
    let (code, document) = init(folder.path(), &from);
    assert_eq!(code, Some(0), "{document}");
    let config = load(&folder.path().join("ferrotill.toml"));
    assert_eq!(
        config.till.owner.organization_name.as_deref(),
        Some("Test SRL")
    );
    assert_eq!(config.api.clients[0].key, KEY);
    let device = &config.devices[0];
    assert_eq!(device.id.to_string(), DEVICE);
    assert_eq!(device.name, "Till 1");
    let groups: Vec<String> = device
        .tax_groups
        .iter()
        .map(|group| group.code.to_string())
        .collect();
    assert_eq!(groups, ["A", "B"]);
    let types: Vec<(i32, &str, bool, bool)> = device
        .payment_types
        .iter()
        .map(|payment| {
            (
                payment.code,
                payment.name.as_str(),
                payment.cash,
                payment.open_cash_drawer,
            )
        })
        .collect();
    assert_eq!(
        types,
        [(0, "Numerar", true, true), (1, "Card", false, false)]
    );
    assert_eq!(device.points_of_sale[0].id.to_string(), POINT_OF_SALE);
    assert!(device.use_alternative_receipts);
    let ranges: Vec<String> = device
        .alternative_receipts_ranges
        .iter()
        .map(|range| {
            format!(
                "{} {} {} {}",
                range.series, range.start, range.end, range.number_length
            )
        })
        .collect();
    assert_eq!(ranges, ["ABC 4 500 8"], "numbers 1 to 3 are used");
    // A wrong key is refused there, and nothing is written.
    let other = tempfile::tempdir().unwrap();
    let wrong = [
        "--from-fiscalcloud",
        &url,
        "--key",
        "nobody",
        "--secret-file",
        secret,
    ];
    let (code, document) = init(other.path(), &wrong);
    assert_eq!(code, Some(3), "{document}");
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
}

/// A server that gives one answer to every request.
fn answering(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    thread::spawn(move || {
        for caller in listener.incoming() {
            let Ok(mut caller) = caller else { return };
            let mut head = [0; 4_096];
            let _ = caller.read(&mut head);
            let _ = caller.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn a_bad_answer_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    let device = |tables: &str| format!(r#"{{"success":true,"data":{{"name":"a",{tables}}}}}"#);
    let no_rows = device(
        r#""taxGroups":[],"paymentTypes":[],"pointsOfSale":[],"alternativeReceiptsRanges":[]"#,
    );
    let wrong = device(
        r#""taxGroups":[{"code":"VAT","rate":"x"}],"paymentTypes":{},"pointsOfSale":[{"id":"1"}],"alternativeReceiptsRanges":[{"series":"A","startNumber":1.5}]"#,
    );
    for (status, body, code, says) in [
        ("200 OK", "<html>", 8, &["no FiscalCloud answers"][..]),
        ("500 Oops", "{}", 1, &["answered with 500"]),
        (
            "200 OK",
            r#"{"success":false,"message":"no licence"}"#,
            1,
            &["no licence"],
        ),
        ("200 OK", r#"{"success":true}"#, 1, &["has no data"]),
        (
            "401 No",
            r#"{"success":false,"message":"wrong time"}"#,
            3,
            &["--secret-file", "wrong time"],
        ),
        ("200 OK", &no_rows, 1, &["taxGroups: has no row"]),
        (
            "200 OK",
            &wrong,
            1,
            &[
                "taxGroups[0].code",
                "taxGroups[0].rate",
                "paymentTypes: is no list",
                "pointsOfSale[0].id",
                "alternativeReceiptsRanges[0].startNumber",
                "alternativeReceiptsRanges[0].endNumber",
            ],
        ),
    ] {
        let url = answering(status, body);
        let (data, out) = (folder.path().join("books"), folder.path().join("out.toml"));
        let (found, document) = finished(&[
            "init",
            "--no-input",
            "--country",
            "MD",
            "--data",
            data.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            "--from-fiscalcloud",
            &url,
            "--key",
            KEY,
            "--secret-file",
            secret.to_str().unwrap(),
            "--fiscalcloud-device",
            DEVICE,
        ]);
        assert_eq!(found, Some(code), "{body}: {document}");
        let JsonValue::Text(message) = value(&document, "error.message") else {
            panic!("{document}");
        };
        for part in says {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(!out.exists(), "{body}");
    }
}

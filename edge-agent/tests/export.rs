//! `export`: tables for an accountant, whose sums equal the Z-reports, and what is missing.

mod shop;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use shop::outside::{Process, finished};
use shop::{config, value};

struct ExportShop {
    agent: Process,
    _printer: Process,
    _authority: Process,
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl ExportShop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
        let printer = Process::emulator(&link, &memory, "115200");
        let authority = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let config = config(&folder.path().join("books"), &uri, &authority.client.url).set(
            "api",
            "listen",
            text("127.0.0.1:0"),
        );
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        Self {
            agent: Process::agent(&file),
            _printer: printer,
            _authority: authority,
            file,
            folder,
        }
    }

    fn export(&self, name: &str, arguments: &[&str]) -> (i32, JsonValue, PathBuf) {
        let out = self.folder.path().join(name);
        let place = [
            "--out",
            out.to_str().unwrap(),
            "--config",
            self.file.to_str().unwrap(),
        ];
        let (code, told) = finished(&[&["export"], arguments, &place].concat());
        (code.unwrap(), told, out)
    }

    fn sell(&self, name: &str, price: &str, group: &str, payment: u8) -> String {
        let body = format!(
            r#"{{"items":[{{"name":"{name}","quantity":3,"price":{price},"taxGroupCode":"{group}"}}],"payments":[{{"typeCode":{payment},"amount":1000}}]}}"#
        );
        let body = match payment {
            0 => body,
            _ => body.replace(
                "1000",
                &format!("{:.2}", price.parse::<f64>().unwrap() * 3.0),
            ),
        };
        let reply = self.agent.client.post("operations/sale", &body);
        assert_eq!(reply.status, 200, "{}", reply.text);
        told(value(&reply.body, "data.fiscalReceipt.id"))
    }

    fn close(&self) {
        let reply = self.agent.client.post("operations/closeday", "{}");
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
}

fn told(value: &JsonValue) -> String {
    match value {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The rows of a CSV file by the rules of a locale: each row by the names of its columns.
fn rows(file: &Path, separator: char) -> Vec<BTreeMap<String, String>> {
    let text = fs::read_to_string(file).unwrap();
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let mut records: Vec<Vec<String>> = vec![vec![String::new()]];
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        let record = records.last_mut().unwrap();
        let cell = record.last_mut().unwrap();
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                cell.push('"');
                letters.next();
            }
            '"' => quoted = !quoted,
            '\r' if !quoted => assert_eq!(letters.peek(), Some(&'\n')),
            '\n' if !quoted => records.push(vec![String::new()]),
            letter if letter == separator && !quoted => record.push(String::new()),
            letter => cell.push(letter),
        }
    }
    assert_eq!(records.pop().unwrap(), [""], "the last row ends");
    let names = records.remove(0);
    records
        .into_iter()
        .map(|record| {
            assert_eq!(record.len(), names.len());
            names.iter().cloned().zip(record).collect()
        })
        .collect()
}

/// A sum in hundredths of a column with decimal commas or points.
fn sum(rows: &[BTreeMap<String, String>], column: &str, kind: &str) -> i64 {
    let rows = rows.iter().filter(|row| row["kind"] == kind);
    rows.map(|row| {
        let (whole, part) = row[column].split_once([',', '.']).unwrap();
        assert_eq!(part.len(), 2);
        format!("{whole}{part}").parse::<i64>().unwrap()
    })
    .sum()
}

#[test]
fn the_sums_of_an_export_are_those_of_the_z_reports() {
    let shop = ExportShop::new();
    let first = shop.sell("Cafea; \\\"tare\\\"", "18.50", "A", 0);
    shop.sell("=1+1", "7.25", "B", 1);
    let cash = shop
        .agent
        .client
        .post("cashoperations", r#"{"amount":100}"#);
    assert_eq!(cash.status, 200, "{}", cash.text);
    let refund = format!(
        r#"{{"originalReceiptId":"{first}","items":[{{"name":"Cafea; \"tare\"","quantity":1,"price":18.50,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":18.50}}]}}"#
    );
    let reply = shop.agent.client.post("operations/return", &refund);
    assert_eq!(reply.status, 200, "{}", reply.text);
    shop.close();
    shop.sell("Lapte", "10.01", "B", 0);
    shop.close();
    shop.sell("Open", "1.00", "A", 0);

    let (code, manifest, out) = shop.export("ro", &["--as", "csv", "--locale", "ro"]);
    assert_eq!(code, 0, "{manifest}");
    assert_eq!(value(&manifest, "complete"), &JsonValue::Bool(true));
    // The open shift is named and is no fault.
    assert_eq!(
        told(value(&manifest, "gaps.0.code")),
        "shift_without_z_report",
        "{manifest}"
    );
    let documents = rows(&out.join("documents.csv"), ';');
    let z_reports = rows(&out.join("z_reports.csv"), ';');
    assert_eq!((documents.len(), z_reports.len()), (8, 2));
    assert_eq!(z_reports[0]["sales"], "77,25");
    assert_eq!(z_reports[0]["refunds"], "18,50");
    assert_eq!(z_reports[1]["sales"], "30,03");
    assert!(z_reports.iter().all(|row| row["agrees"] == "yes"));
    let sales = 7_725 + 3_003 + 300;
    assert_eq!(sum(&documents, "total", "sale"), sales);
    for (table, column) in [
        ("lines", "amount"),
        ("payments", "kept"),
        ("taxes", "gross"),
        ("tax_totals", "gross"),
        ("payment_totals", "amount"),
    ] {
        let table = rows(&out.join(format!("{table}.csv")), ';');
        assert_eq!(sum(&table, column, "sale"), sales, "{table:?}");
        assert_eq!(sum(&table, column, "refund"), 1_850, "{table:?}");
    }
    let taxes = rows(&out.join("tax_totals.csv"), ';');
    assert_eq!(
        sum(&taxes, "base", "sale") + sum(&taxes, "tax", "sale"),
        sales
    );
    assert_eq!(sum(&taxes, "tax", "sale"), sum(&documents, "tax", "sale"));
    // The printer's side of each figure is that of the documents.
    let figures = rows(&out.join("reconciliation.csv"), ';');
    assert!(
        figures.iter().all(|row| row["agrees"] == "yes"),
        "{figures:?}"
    );
    let printed = figures
        .iter()
        .find(|row| row["figure"] == "sales.group.A")
        .unwrap();
    assert_eq!(printed["printer"], "55,50");
    // A text keeps its separators, and is no formula.
    let lines = rows(&out.join("lines.csv"), ';');
    assert_eq!(lines[0]["name"], "Cafea; \"tare\"");
    assert_eq!(lines[1]["name"], "'=1+1");
    assert_eq!(lines[0]["quantity"], "3,000");

    // The manifest has the SHA-256 of each file, as `sha256sum` computes it.
    let JsonValue::Array(files) = value(&manifest, "files") else {
        panic!("{manifest}");
    };
    assert_eq!(files.len(), 8);
    for file in files {
        let name = told(value(file, "file"));
        let output = std::process::Command::new("sha256sum")
            .arg(out.join(&name))
            .output()
            .unwrap();
        let digest = String::from_utf8(output.stdout).unwrap();
        assert!(digest.starts_with(&told(value(file, "sha256"))), "{name}");
    }
    let written = fs::read(out.join("manifest.json")).unwrap();
    assert_eq!(JsonValue::parse(&written).unwrap(), manifest);

    // The same as JSON, and in English form.
    let (code, _, json) = shop.export("json", &["--as", "json"]);
    assert_eq!(code, 0);
    let read = JsonValue::parse(&fs::read(json.join("documents.json")).unwrap()).unwrap();
    let JsonValue::Array(read) = read else {
        panic!()
    };
    assert_eq!(read.len(), 8);
    assert_eq!(value(&read[0], "total"), &JsonValue::Number("55.50".into()));
    let (_, _, en) = shop.export("en", &["--locale", "en"]);
    assert_eq!(
        sum(&rows(&en.join("documents.csv"), ','), "total", "sale"),
        sales
    );
    // Nothing was sold before.
    let (code, manifest, _) = shop.export("before", &["--to", "2020-12-31"]);
    assert_eq!(
        (code, told(value(&manifest, "files.0.rows"))),
        (0, "0".into())
    );
    // A month is named by its days, and a device that does not exist is no device without documents.
    let (_, manifest, _) = shop.export("february", &["--month", "2028-02"]);
    let days = ["from", "to"].map(|name| told(value(&manifest, name)));
    assert_eq!(days, ["2028-02-01", "2028-02-29"]);
    let unknown = "00000000-0000-4000-8000-000000000001";
    let (code, refused, out) = shop.export("unknown", &["--device", unknown]);
    assert_eq!(code, 2, "{refused}");
    assert!(told(value(&refused, "error.message")).contains("there is no device"));
    assert!(!out.exists());
    // A folder with files in it is not used.
    let (code, refused, _) = shop.export("en", &[]);
    assert_eq!(code, 2, "{refused}");
    let (code, ..) = shop.export("x", &["--from", "2026-02-30"]);
    assert_eq!(code, 2);
}

#[test]
fn a_z_report_and_documents_that_are_missing_are_named() {
    let shop = ExportShop::new();
    for _ in 0..3 {
        shop.sell("Cafea", "1.00", "A", 0);
        shop.close();
    }
    // Rows that are removed with force are what a damaged database looks like.
    let database =
        rusqlite::Connection::open(shop.folder.path().join("books/ferrotill.db")).unwrap();
    database
        .execute(
            "DELETE FROM document WHERE kind = 'z_report' AND z_number = 2",
            [],
        )
        .unwrap();
    let (code, manifest, _) = shop.export("month", &[]);
    assert_eq!(code, 1, "{manifest}");
    assert_eq!(value(&manifest, "complete"), &JsonValue::Bool(false));
    let gaps = value(&manifest, "gaps").to_string();
    for words in [
        "the documents 4 to 4 are missing",
        "Z-report 2 is missing",
        "the documents 3 to 3 have no Z-report",
    ] {
        assert!(gaps.contains(words), "{words}: {gaps}");
    }
}

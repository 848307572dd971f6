//! `receipts ID --as FORM`: the paper of a document as a file, in every form, read back and compared with the books.

mod shop;

use std::path::Path;

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::ConfigText;
use ferrotill_testkit::paper::{PaperWords, html_lines, pdf_lines};
use shop::books::{assert_receipt, booked};
use shop::inside::Shop;
use shop::outside::{finished, program, until};
use shop::value;

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0601";
const SALE: &str = r#"{"id":"7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0601","receiptMode":"AlternativeReceiptOnly","items":[{"name":"Brânză","quantity":0.345,"price":123.45,"taxGroupCode":"A"},{"name":"Хлеб","quantity":2,"price":8.50,"taxGroupCode":"B"}],"payments":[{"typeCode":0,"amount":100.00}]}"#;

#[test]
fn the_paper_of_a_document_is_written_in_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    let shop = Shop::open_with(|config: ConfigText| {
        std::fs::write(&file, config.to_string()).unwrap();
        config
    });
    until("the printer is connected", || {
        shop.client.open("/healthz").at("printers.0.connected") == "true"
    });
    let sold = shop.client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let books = booked(value(&sold.body, "data.alternativeReceipt"));
    let facts = ferrotill_core::profile::by_code("MD").unwrap().facts();
    let words = PaperWords::of(facts.language, facts.currency);
    let write = |form: &str| {
        let out = folder.path().join(format!("paper.{form}"));
        let (code, said) = finished(&[
            "receipts",
            ID,
            "--as",
            form,
            "--out",
            path(&out),
            "--config",
            path(&file),
        ]);
        assert_eq!(code, Some(0), "{form}: {said}");
        std::fs::read(out).unwrap()
    };
    let text = String::from_utf8(write("text")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines.iter().all(|line| line.chars().count() <= 42),
        "{text}"
    );
    let read = assert_receipt("text", &lines, &words, &books);
    assert!(read.is_copy, "{text}");
    let page = String::from_utf8(write("html")).unwrap();
    assert_receipt("html", &html_lines(&page), &words, &books);
    let file_of_pdf = write("pdf");
    assert!(file_of_pdf.starts_with(b"%PDF-1.7"));
    if let Some(lines) = pdf_lines(&file_of_pdf) {
        assert_receipt("pdf", &lines, &words, &books);
    }
    assert!(write("png").starts_with(b"\x89PNG\r\n\x1a\n"));
    let rows = JsonValue::parse(&write("json")).unwrap();
    assert!(rows.to_string().contains("TOTAL MDL"), "{rows}");

    // Without a file the paper goes to standard output.
    let arguments = ["receipts", ID, "--config", path(&file)];
    let printed = program().args(arguments).output().unwrap();
    assert_eq!(String::from_utf8(printed.stdout).unwrap(), text);
    let unknown = ID.replace("0601", "0602");
    let (code, said) = finished(&["receipts", &unknown, "--config", path(&file)]);
    assert_eq!(code, Some(7), "{said}");
    assert_eq!(value(&said, "error.code"), &JsonValue::from("UnknownId"));
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

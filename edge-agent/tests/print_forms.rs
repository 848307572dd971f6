//! Print forms: the paper of a document in the answer has the figures of the books, nothing else changes, and nothing is printed that
//! no fiscal printer has to seal.

mod shop;

use std::path::Path;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill_device::emulator::{Family, Rig, RigOptions};
use ferrotill_render::Bitmap;
use ferrotill_testkit::config::{ConfigText, Device, text};
use shop::inside::Shop;
use shop::outside::{Process, until};
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, value};

use ferrotill::api::json::JsonValue;

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0190";

/// A line with a discount, a discount of the whole receipt, two payments and change. `more` is put before the items.
fn sale(id: &str, mode: &str, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","receiptMode":"{mode}",{more}
        "items":[
          {{"name":"Brânză <b>& țări</b>","quantity":0.345,"price":123.45,"taxGroupCode":"A","modifierMode":"ByPercent","modifierValue":-10}},
          {{"name":"Хлеб 3 €","quantity":2,"price":8.50,"taxGroupCode":"B","comment":"feliată oʻ gʻ"}}],
        "amountModifications":[{{"mode":"ByAmount","value":-1.00}}],
        "payments":[{{"typeCode":1,"amount":20.00}},{{"typeCode":0,"amount":50.00}}]}}"#
    )
}

const FORM: &str = r#""printOnServer":false,"#;
const HTML: &str = r#""printOnServer":false,"printFormMediaType":"Html","#;

/// The rows of a form, with both texts of a row and a space between them. Every row has the members of its type.
fn rows(reply: &Reply, document: &str) -> Vec<String> {
    assert_eq!(
        (
            reply.status,
            reply.at(&format!("{document}.printFormMediaType"))
        ),
        (200, "Json".to_owned()),
        "{}",
        reply.text
    );
    let JsonValue::Array(rows) = value(&reply.body, &format!("{document}.printFormContent")) else {
        panic!("no rows: {}", reply.text);
    };
    let row = |row: &JsonValue| {
        let JsonValue::Object(members) = row else {
            panic!("{row}");
        };
        let names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        let text = |name| match value(row, name) {
            JsonValue::Text(text) => text.clone(),
            other => panic!("{name} is {other}"),
        };
        if text("type") == "QRCode" {
            assert_eq!(names, ["type", "text"]);
            format!("QRCode {}", text("text"))
        } else if text("type") == "Image" {
            assert_eq!(names, ["type", "image"]);
            let logo = STANDARD.decode(text("image")).unwrap();
            format!("Image {:?}", pixels(&logo))
        } else if text("type") == "Text" {
            assert_eq!(
                names,
                ["type", "text", "textRight", "align", "bold", "large"]
            );
            format!("{} {}", text("text"), text("textRight"))
                .trim_end()
                .to_owned()
        } else {
            assert_eq!(names, ["type"]);
            text("type")
        }
    };
    rows.iter().map(row).collect()
}

/// The rows have these texts in this order, with other rows between them.
fn has(rows: &[String], wanted: &[&str]) {
    let mut place = 0;
    for text in wanted {
        let found = rows[place..].iter().position(|row| row == text);
        place += found.unwrap_or_else(|| panic!("{text:?} is missing or too early: {rows:#?}")) + 1;
    }
}

/// The sums of [`sale`], as every paper of it has them.
const SUMS: [&str; 10] = [
    "Brânză <b>& țări</b>",
    "0.345 x 123.45 42.59 A",
    "Reducere -10% -4.26",
    "Хлеб 3 €",
    "SUBTOTAL 55.33",
    "TOTAL MDL 54.33",
    "Card 20.00",
    "REST 15.67",
    "TVA A 20% din 37.64 6.27",
    "TVA B 8% din 16.69 1.24",
];

#[test]
fn an_alternative_receipt_is_in_the_answer_and_on_no_paper() {
    let shop = Shop::open();
    until("the printer is connected", || {
        shop.client.open("/healthz").at("printers.0.connected") == "true"
    });
    let post = |more: &str| {
        let body = sale(ID, "AlternativeReceiptOnly", more);
        shop.client.post("operations/sale", &body)
    };
    let sold = post(FORM);
    let form = rows(&sold, "data.alternativeReceipt");
    has(
        &form,
        &["OpenCashDrawer", "Test SRL", "BON DE PLATĂ", "ABC00000001"],
    );
    has(&form, &SUMS);
    assert_eq!(sold.at("data.alternativeReceipt.printErrorMessage"), "null");
    // The form is not stored with the document.
    let read = shop.client.get(&format!("alternativereceipts/{ID}"));
    assert_eq!(read.at("data.printFormMediaType"), "null");
    assert_eq!(read.at("data.printFormContent"), "null");
    // How the form is wanted is no part of the request: the same id answers any form of the same document.
    let again = post(FORM);
    assert!(again.replayed, "{}", again.text);
    assert_eq!(rows(&again, "data.alternativeReceipt"), form);
    let page = post(HTML);
    assert!(page.replayed, "{}", page.text);
    assert_eq!(
        page.at("data.alternativeReceipt.printFormMediaType"),
        "Html"
    );
    let content = page.at("data.alternativeReceipt.printFormContent");
    assert!(
        content.starts_with("<!DOCTYPE html>\n<html lang=\"ro\">"),
        "{content}"
    );
    for part in [
        "<p>Brânză &lt;b&gt;&amp; țări&lt;/b&gt;</p>",
        "<span>TOTAL MDL</span> <span>54.33  </span>",
        "<p>feliată oʻ gʻ</p>",
    ] {
        assert!(content.contains(part), "{part}: {content}");
    }
    let without = post("");
    assert!(without.replayed, "{}", without.text);
    assert_eq!(
        without.at("data.alternativeReceipt.printFormContent"),
        "null"
    );
    let bad = r#""printOnServer":false,"printFormMediaType":"Image",
        "imagePrintFormSettings":{"contentWidth":0,"fontSize":-1,"verticalMargin":501,"width":2401},"#;
    let bad = post(bad);
    assert_eq!(
        bad.verdict(),
        (422, "registered", "FormSizeInvalid".to_owned()),
        "{}",
        bad.text
    );
    let names = ["contentWidth", "verticalMargin", "fontSize", "width"];
    assert_eq!(
        bad.paths(),
        names.map(|name| format!("imagePrintFormSettings.{name}"))
    );
    // The printer and its drawer had no part in it.
    assert_eq!(shop.rig.snapshot(false).drawer_pulses, 0);
    let paper = shop.rig.paper();
    assert!(!paper.contains("ABC00000001"), "{paper}");
}

/// The bytes of a form of this type.
fn bytes(reply: &Reply, document: &str, media_type: &str) -> Vec<u8> {
    let at = |name: &str| reply.at(&format!("{document}.{name}"));
    assert_eq!(at("printFormMediaType"), media_type, "{}", reply.text);
    STANDARD.decode(at("printFormContent")).unwrap()
}

/// The width and the height of a PNG.
fn pixels(file: &[u8]) -> (u32, u32) {
    assert!(file.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

/// The text of a PDF; `None` if there is no program here that reads one.
fn text_of(file: &[u8], folder: &Path) -> Option<String> {
    let path = folder.join("form.pdf");
    std::fs::write(&path, file).unwrap();
    let mut reader = Command::new("pdftotext");
    reader
        .args(["-layout", "-enc", "UTF-8"])
        .arg(&path)
        .arg("-");
    let Ok(read) = reader.output() else {
        eprintln!("SKIPPED: there is no pdftotext here (Debian: poppler-utils)");
        return None;
    };
    assert!(read.status.success(), "{read:?}");
    Some(String::from_utf8(read.stdout).unwrap())
}

#[test]
fn a_picture_and_a_pdf_have_the_wanted_measures_and_the_figures_of_the_rows() {
    let shop = Shop::open();
    let post = |more: &str| {
        let body = sale(ID, "AlternativeReceiptOnly", more);
        shop.client.post("operations/sale", &body)
    };
    let document = "data.alternativeReceipt";
    let form = rows(&post(FORM), document);
    let image = |settings: &str| {
        let more = format!(
            r#""printOnServer":false,"printFormMediaType":"Image","imagePrintFormSettings":{settings},"#
        );
        pixels(&bytes(&post(&more), document, "Image"))
    };
    let (width, height) = image("null");
    assert_eq!(width, 608);
    let (narrow, longer) = image(r#"{"width":384,"horizontalMargin":8,"fontSize":null}"#);
    assert_eq!(narrow, 384);
    assert!(longer > 300 && height > 300);
    let margins = |margin: u32| image(&format!(r#"{{"verticalMargin":{margin}}}"#)).1;
    assert_eq!(margins(100) - margins(0), 200);
    let file = |settings: &str| {
        let more = format!(
            r#""printOnServer":false,"printFormMediaType":"Pdf","pdfPrintFormSettings":{settings},"#
        );
        bytes(&post(&more), document, "Pdf")
    };
    let folder = tempfile::tempdir().unwrap();
    for settings in ["null", r#"{"contentWidth":400,"fontSize":12}"#] {
        let file = file(settings);
        assert!(file.starts_with(b"%PDF-1.7"));
        let Some(text) = text_of(&file, folder.path()) else {
            continue;
        };
        let shown = form
            .iter()
            .filter(|row| !["OpenCashDrawer", "Separator"].contains(&row.as_str()));
        let shown: Vec<&str> = shown.flat_map(|row| row.split_whitespace()).collect();
        assert_eq!(text.split_whitespace().collect::<Vec<_>>(), shown);
    }
    // The measures of a form that nobody wants are not compared with anything.
    let other = post(r#""printOnServer":false,"pdfPrintFormSettings":{"fontSize":0},"#);
    assert_eq!(rows(&other, document), form);
    let on_paper = post(r#""printFormMediaType":"Pdf","pdfPrintFormSettings":{"fontSize":0},"#);
    assert_eq!(on_paper.status, 200, "{}", on_paper.text);
    let no_such =
        r#""printOnServer":false,"printFormMediaType":"Pdf","pdfPrintFormSettings":{"width":300},"#;
    assert_eq!(post(no_such).paths(), ["pdfPrintFormSettings.width"]);
    let small = r#""printOnServer":false,"printFormMediaType":"Pdf","pdfPrintFormSettings":{"contentWidth":72,"fontSize":12},"#;
    assert_eq!(post(small).paths(), ["pdfPrintFormSettings.fontSize"]);
}

#[test]
fn who_wants_neither_paper_nor_form_gets_neither() {
    let shop = Shop::open();
    let more = r#""print":false,"printOnServer":false,"#;
    let body = sale(ID, "AlternativeReceiptOnly", more);
    let sold = shop.client.post("operations/sale", &body);
    assert_eq!(sold.status, 200, "{}", sold.text);
    assert_eq!(
        sold.at("data.alternativeReceipt.printFormMediaType"),
        "null"
    );
    assert_eq!(sold.at("data.alternativeReceipt.print"), "false");
}

/// The body of an order that has no other field.
fn wanted(more: &str) -> String {
    format!(
        "{{{}{more}}}",
        FORM.trim_end_matches(if more.is_empty() { "," } else { "" })
    )
}

#[test]
fn what_a_fiscal_printer_seals_is_printed_and_in_the_answer_with_the_figures_of_the_books() {
    let shop = Shop::open();
    let client = &shop.client;
    let cash = client.post("cashoperations", &wanted(r#""amount":100.00"#));
    let form = rows(&cash, "data");
    has(
        &form,
        &[
            "INTRODUCERE NUMERAR",
            "Documentul 00000001",
            "Separator",
            "TOTAL MDL 100.00",
        ],
    );
    let balance = format!(
        "Numerar în casă {}",
        cash.at("data.finalBalanceInformatory")
    );
    has(&form, &[balance.as_str()]);

    let sold = client.post("operations/sale", &sale(ID, "FiscalReceiptOnly", FORM));
    let form = rows(&sold, "data.fiscalReceipt");
    has(&form, &SUMS);
    let printer = JsonValue::parse(sold.at("data.fiscalReceipt.additionalData").as_bytes());
    let printer = printer.unwrap();
    let line = format!(
        "Imprimanta fiscală {}: {}",
        plain(value(&printer, "printer.serialNumber")),
        plain(value(&printer, "printer.fiscalReceipt")),
    );
    has(&form, &["Documentul 00000002", &line]);
    assert!(
        !form.contains(&"OpenCashDrawer".to_owned()),
        "the printer has opened it"
    );
    assert_eq!(shop.receipts().len(), 1, "the seal is on paper");

    let back = client.post(
        "operations/return",
        &format!(
            r#"{{{FORM}"originalReceiptId":"{ID}","items":[{{"name":"Хлеб 3 €","quantity":1,"price":8.50,"taxGroupCode":"B"}}],
            "payments":[{{"typeCode":0,"amount":8.35}}]}}"#
        ),
    );
    has(
        &rows(&back, "data"),
        &["RETUR", "Хлеб 3 €", "TOTAL MDL 8.35", "Numerar 8.35"],
    );

    for (operation, title) in [
        ("operations/intermediatetotals", "RAPORT X"),
        ("operations/closeday", "RAPORT Z 1"),
    ] {
        let report = client.post(operation, &wanted(""));
        let form = rows(&report, "data");
        has(&form, &[title]);
        has(&form, &figures_of(&report).each_ref().map(String::as_str));
    }
}

/// A text or number as it is shown.
fn plain(value: &JsonValue) -> String {
    match value {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The rows that a report must have, made of the other members of the same answer.
fn figures_of(report: &Reply) -> [String; 15] {
    let at = |name: &str| report.at(&format!("data.{name}"));
    let tax = |place: usize, rate: &str| {
        let at = |name: &str| at(&format!("taxItems.{place}.{name}"));
        let code = at("taxGroupCode");
        format!(
            "TVA {code} {rate}% din {} {}",
            at("amount"),
            at("taxAmount")
        )
    };
    let payment = |place: usize| {
        let at = |name: &str| at(&format!("payments.{place}.{name}"));
        format!("{} {}", at("typeName"), at("amount"))
    };
    [
        format!("VÂNZĂRI ({}) {}", at("receiptCount"), at("totalAmount")),
        tax(0, "20"),
        tax(1, "8"),
        format!("TVA {}", at("totalTaxAmount")),
        format!("Fără TVA {}", at("totalNettoAmount")),
        payment(0),
        payment(1),
        "RETURURI (1) 8.35".to_owned(),
        format!("Numerar în casă {}", at("finalBalance")),
        format!("INTRODUCERE NUMERAR (1) {}", at("cashInAmount")),
        format!("DE LA 1 IANUARIE {}", at("annualTotalAmount")),
        format!("TVA {}", at("annualTotalTaxAmount")),
        format!("DE LA PRIMUL DOCUMENT {}", at("grandTotalAmount")),
        format!("TVA {}", at("grandTotalTaxAmount")),
        format!("Fără TVA {}", at("grandTotalNettoAmount")),
    ]
}

#[test]
fn the_form_of_a_duplicate_says_that_it_is_a_copy() {
    let shop = Shop::open();
    let client = &shop.client;
    let sold = client.post("operations/sale", &sale(ID, "FiscalReceiptOnly", ""));
    assert_eq!(sold.status, 200, "{}", sold.text);
    let other = ID.replace("0190", "0191");
    let alternative = client.post(
        "operations/sale",
        &sale(&other, "AlternativeReceiptOnly", ""),
    );
    assert_eq!(alternative.status, 200, "{}", alternative.text);
    let cash = client
        .post("cashoperations", r#"{"amount":100.00}"#)
        .at("data.id");
    let report = client
        .post("operations/intermediatetotals", "")
        .at("data.id");
    let pulses = shop.rig.snapshot(false).drawer_pulses;
    let printed = shop.rig.snapshot(false).last_document;
    let total = client.get("receipts").at("data.totalCount");
    for (path, wanted) in [
        (format!("receipts/{ID}"), "TOTAL MDL 54.33"),
        (format!("alternativereceipts/{other}"), "TOTAL MDL 54.33"),
        (format!("cashoperations/{cash}"), "TOTAL MDL 100.00"),
        (format!("reports/{report}"), "VÂNZĂRI (1) 54.33"),
    ] {
        let path = format!("{path}/duplicate");
        let form = rows(&client.post(&path, r#"{"printOnServer":false}"#), "data");
        has(&form, &["(COPIE)", wanted]);
        assert!(!form.contains(&"OpenCashDrawer".to_owned()), "{form:?}");
        let page = client.post(&path, &format!("{{{}}}", HTML.trim_end_matches(',')));
        assert_eq!(page.at("data.printFormMediaType"), "Html");
        assert!(page.at("data.printFormContent").contains("(COPIE)"));
        for media_type in ["Pdf", "Image"] {
            let wanted =
                format!(r#"{{"printOnServer":false,"printFormMediaType":"{media_type}"}}"#);
            assert!(bytes(&client.post(&path, &wanted), "data", media_type).len() > 1_000);
        }
    }
    let silent = r#"{"printOnServer":false,"print":false}"#;
    let none = client.post(&format!("receipts/{ID}/duplicate"), silent);
    assert_eq!(
        (none.status, none.at("data.printFormContent")),
        (200, "null".to_owned())
    );
    let unprinted = client.post(&format!("receipts/{ID}/duplicate"), r#"{"print":false}"#);
    assert_eq!(
        (unprinted.status, unprinted.at("data.printFormContent")),
        (200, "null".to_owned()),
        "{}",
        unprinted.text
    );
    // A report and a cash operation have no field for printing and sending.
    let unknown = client.post(&format!("reports/{report}/duplicate"), silent);
    assert_eq!(
        (unknown.status, unknown.paths()),
        (422, vec!["print".to_owned()])
    );
    // Nothing was printed, and nothing is a document.
    assert_eq!(shop.rig.snapshot(false).last_document, printed);
    assert_eq!(shop.rig.snapshot(false).drawer_pulses, pulses);
    assert_eq!(client.get("receipts").at("data.totalCount"), total);
    // A document has a duplicate only under the path of its kind.
    for path in [format!("reports/{cash}"), format!("cashoperations/{ID}")] {
        let refused = client.post(&format!("{path}/duplicate"), "");
        assert_eq!(
            (refused.status, refused.at("errorType")),
            (422, "NotFound".to_owned())
        );
    }
    // What the fiscal printer has printed is printed again as a text that is not fiscal and is marked as a copy.
    for path in [
        format!("receipts/{ID}"),
        format!("reports/{report}"),
        format!("cashoperations/{cash}"),
    ] {
        let copies = shop.rig.paper().matches("(COPIE)").count();
        let copy = client.post(&format!("{path}/duplicate"), "");
        assert_eq!(copy.status, 200, "{path}: {}", copy.text);
        let paper = shop.rig.paper();
        assert_eq!(paper.matches("(COPIE)").count(), copies + 1, "{paper}");
    }
    assert_eq!(shop.rig.snapshot(false).last_document, printed + 3);
    assert_eq!(shop.rig.snapshot(false).drawer_pulses, pulses);
    assert_eq!(client.get("receipts").at("data.totalCount"), total);
}

/// A till whose law asks for fiscal numbers, with a receipt printer. `more` adds to its configuration.
fn with_a_receipt_printer(
    more: impl FnOnce(ConfigText, &Path) -> ConfigText,
    then: impl FnOnce(&Rig, &Client),
) {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("printer");
    let mut options = RigOptions::new(link.clone());
    options.family = Family::Escpos;
    let rig = Rig::start(options).unwrap();
    let office = Process::authority();
    let uri = format!("escpos+serial://{}?baud=115200", link.display());
    let device = Device::new(DEVICE, "Till 1", &uri)
        .tax_group("A", "20.00")
        .payment_names("Готівка", "Картка")
        .with_drawer()
        .point_of_sale(POINT_OF_SALE, "1");
    let config = ConfigText::new("UA", folder.path().join("books"))
        .owner("Крамниця", "1111111111")
        .set("till", "address", text("вул. Прикладна, 1"))
        .device(device)
        .upstream(&office.client.url);
    let config = more(config, folder.path());
    let file = folder.path().join("ferrotill.toml");
    std::fs::write(&file, config.to_string()).unwrap();
    let agent = Process::agent(&file);
    until("the printer is connected", || {
        agent.client.open("/healthz").at("printers.0.connected") == "true"
    });
    then(&rig, &agent.client);
}

#[test]
fn a_receipt_printer_prints_what_the_form_shows() {
    with_a_receipt_printer(
        |config, _| config,
        |rig, client| {
            let id = |last: u32| format!("7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f{last:04}");
            let order = |id: &str, more: &str| {
                format!(
                    r#"{{"id":"{id}",{more}"items":[{{"name":"Їжа на винос","quantity":1,"price":1.98,"taxGroupCode":"A"}}],
                "payments":[{{"typeCode":0,"amount":5.00}}]}}"#
                )
            };
            // The first numbers of the authority may be on their way.
            let mut sold = None;
            until("the first numbers come", || {
                let reply = client.post("operations/sale", &order(&id(1), FORM));
                let done = reply.status == 200;
                sold = Some(reply);
                done
            });
            let form = rows(&sold.unwrap(), "data.fiscalReceipt");
            assert_eq!(rig.paper(), "", "nothing is printed");
            assert_eq!(rig.snapshot(false).drawer_pulses, 0);
            assert_eq!(form[0], "OpenCashDrawer", "the caller opens the drawer");
            let cash = client.post("cashoperations", r#"{"amount":50.00}"#);
            let report = client.post("operations/intermediatetotals", "");
            for path in [
                format!("receipts/{}", id(1)),
                format!("cashoperations/{}", cash.at("data.id")),
                format!("reports/{}", report.at("data.id")),
            ] {
                let path = format!("{path}/duplicate");
                let form = rows(&client.post(&path, r#"{"printOnServer":false}"#), "data");
                let printed = client.post(&path, "");
                assert_eq!(printed.status, 200, "{}", printed.text);
                let paper = rig.paper();
                // A text that is too long for one row of the paper goes on in the next.
                let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
                let paper: Vec<&str> = paper
                    .lines()
                    .filter(|line| !line.is_empty() && !line.chars().all(|letter| letter == '-'))
                    .collect();
                let form: Vec<&String> = form.iter().filter(|row| *row != "Separator").collect();
                let form = form
                    .iter()
                    .map(|row| words(row))
                    .collect::<Vec<_>>()
                    .join(" ");
                assert!(form.contains("(КОПІЯ)"), "{form}");
                let paper = words(&paper.join(" "));
                assert!(paper.ends_with(&form), "{paper}\n{form}");
            }
            assert_eq!(
                rig.snapshot(false).drawer_pulses,
                0,
                "a copy takes no money"
            );
        },
    );
}

#[test]
fn papers_have_the_words_the_logo_and_the_link_of_the_shop() {
    let more = |config: ConfigText, folder: &Path| {
        let logo = Bitmap::of_qr("the logo").unwrap();
        std::fs::write(folder.join("logo.png"), logo.png().unwrap()).unwrap();
        let link = "https://example.org/{registration}/{total}/{number}/{date}";
        config
            .set("till", "language", text("uz-Latn"))
            .set("till", "logo", text("logo.png"))
            .set("till", "registration_number", text("J803000123"))
            .set("till", "verification_link", text(link))
    };
    with_a_receipt_printer(more, |rig, client| {
        let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
        let body = format!(
            r#"{{"id":"{id}",{FORM}"items":[{{"name":"Palov","quantity":1,"price":54.50,"taxGroupCode":"A"}}],
            "payments":[{{"typeCode":0,"amount":60.00}}]}}"#
        );
        let mut sold = None;
        until("the first numbers come", || {
            let reply = client.post("operations/sale", &body);
            let done = reply.status == 200;
            sold = Some(reply);
            done
        });
        let form = rows(&sold.unwrap(), "data.fiscalReceipt");
        assert_eq!(form[1], "Image (29, 29)", "{form:?}");
        has(&form, &["STIR 1111111111", "JAMI UAH 54.50", "QAYTIM 5.50"]);
        let number = form.iter().find_map(|row| row.strip_prefix("# ")).unwrap();
        let code = form.last().unwrap();
        let link = code.strip_prefix("QRCode ").unwrap();
        let start = format!("https://example.org/J803000123/54.50/{number}/");
        assert!(
            link.starts_with(&start) && link.len() == start.len() + 10,
            "{link}"
        );
        let page = client.post(
            &format!("receipts/{id}/duplicate"),
            &format!("{{{}}}", HTML.trim_end_matches(',')),
        );
        let page = page.at("data.printFormContent");
        assert!(
            page.contains("<html lang=\"uz-Latn\">")
                && page.contains(&format!("<title>{link}</title>")),
            "{page}"
        );
        // The printer prints the code too.
        let printed = client.post(&format!("receipts/{id}/duplicate"), "");
        assert_eq!(printed.status, 200, "{}", printed.text);
        let paper: String = rig.paper().split_whitespace().collect();
        assert!(
            paper.contains(&format!("[QRM:{link}]")) && paper.contains("(NUSXA)"),
            "{paper}"
        );
        let report = rows(
            &client.post("operations/intermediatetotals", &wanted("")),
            "data",
        );
        assert!(
            report.contains(&"X-HISOBOT".to_owned()) && report[0].starts_with("Image"),
            "{report:?}"
        );
    });
}

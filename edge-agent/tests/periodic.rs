//! Periodic reports: in the answer they have the sums of the Z-reports of the journal, and on paper a fiscal printer prints its fiscal
//! memory.

mod shop;

use jiff::tz::TimeZone;
use shop::inside::Shop;
use shop::outside::until;
use shop::{Client, Reply};

/// A shop that has closed days with these sales, in bani.
fn after_days(sales: &[u32]) -> Shop {
    let shop = Shop::open();
    for sum in sales {
        let amount = format!("{}.{:02}", sum / 100, sum % 100);
        let body = format!(
            r#"{{"items":[{{"name":"Ceai","quantity":1,"price":{amount},"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":{amount}}}]}}"#
        );
        let sold = shop.client.post("operations/sale", &body);
        assert_eq!(sold.status, 200, "{}", sold.text);
        let closed = shop.client.post("operations/closeday", "");
        assert_eq!(closed.status, 200, "{}", closed.text);
    }
    shop
}

fn form(client: &Client, settings: &str, more: &str) -> Vec<String> {
    let body = format!(r#"{{"reportSettings":{{{settings}}},"printOnServer":false{more}}}"#);
    rows(&client.post("periodicreports", &body))
}

/// The texts of the rows of a form, both texts of a row with a space between them.
fn rows(reply: &Reply) -> Vec<String> {
    assert_eq!(
        (reply.status, reply.at("data.printFormMediaType")),
        (200, "Json".to_owned()),
        "{}",
        reply.text
    );
    let text = |row: usize, name: &str| {
        let path = format!("data.printFormContent.{row}.{name}");
        if reply.at(&format!("data.printFormContent.{row}.type")) == "Text" {
            reply.at(&path)
        } else {
            String::new()
        }
    };
    (0..reply.list("data.printFormContent"))
        .map(|row| format!("{} {}", text(row, "text"), text(row, "textRight")))
        .map(|row| row.trim().to_owned())
        .collect()
}

/// The rows have these texts in this order, with other rows between them.
fn has(rows: &[String], wanted: &[&str]) {
    let mut place = 0;
    for text in wanted {
        let found = rows[place..].iter().position(|row| row == text);
        place += found.unwrap_or_else(|| panic!("{text:?} is missing or too early: {rows:#?}")) + 1;
    }
}

const FIRST_TWO: &str = r#""detailed":false,"filterType":"ByZReportNumber","firstZReportNumber":"1","lastZReportNumber":"2""#;

#[test]
fn the_form_has_the_sums_of_the_journal_and_what_the_printer_has_counted() {
    let shop = after_days(&[500, 1_200, 750]);
    let client = &shop.client;
    let papers = shop.rig.paper();
    let sums = form(client, FIRST_TWO, "");
    has(
        &sums,
        &[
            "Test SRL",
            "RAPORT PERIODIC",
            "Z 1 - 2",
            "Rapoarte Z: 2",
            "VÂNZĂRI (2) 17.00",
            "TVA A 20% din 17.00 2.83",
            "TVA 2.83",
            "Fără TVA 14.17",
            "Numerar 17.00",
            "Imprimanta fiscală 17.00",
            "INTRODUCERE NUMERAR (0) 0.00",
        ],
    );
    assert!(
        !sums.iter().any(|row| row.starts_with("RAPORT Z")),
        "{sums:?}"
    );
    let all = FIRST_TWO
        .replace("\"2\"", "\"99\"")
        .replace("false", "true");
    let today = jiff::Timestamp::now().to_zoned(TimeZone::get("Europe/Chisinau").unwrap());
    let day = today.strftime("%d.%m.%Y").to_string();
    let single = |number: u32, sum: &str| format!("RAPORT Z {number}, {day} (1) {sum}");
    let [one, two, three] = [(1, "5.00"), (2, "12.00"), (3, "7.50")].map(|(n, sum)| single(n, sum));
    let detailed = form(client, &all, "");
    has(
        &detailed,
        &[
            "Z 1 - 3",
            &one,
            "TVA A 20% din 5.00 0.83",
            &two,
            &three,
            "Rapoarte Z: 3",
        ],
    );
    has(
        &detailed,
        &["VÂNZĂRI (3) 24.50", "Imprimanta fiscală 24.50"],
    );
    let named = today.strftime("%Y-%m-%dT00:00:00").to_string();
    let dated = format!(
        r#""detailed":true,"filterType":"ByDate","startDate":"{named}","endDate":"{named}""#
    );
    let title = format!("{day} - {day}");
    has(&form(client, &dated, ""), &[&title, &one, &two, &three]);
    // The number of the document, as `numberPresentation` shows it.
    let document = client.get("reports").at("data.data.1.numberPresentation");
    let settings = format!(
        r#""detailed":false,"filterType":1,"firstZReportNumber":"{document}","lastZReportNumber":"{document}""#
    );
    has(
        &form(client, &settings, ""),
        &["Z 2 - 2", "VÂNZĂRI (1) 12.00"],
    );
    let none = FIRST_TWO
        .replace("\"1\"", "\"7\"")
        .replace("\"2\"", "\"9\"");
    has(
        &form(client, &none, ""),
        &["Z 7 - 9", "Rapoarte Z: 0", "VÂNZĂRI (0) 0.00"],
    );
    let body = format!(
        r#"{{"reportSettings":{{{FIRST_TWO}}},"printOnServer":false,"printFormMediaType":"Html"}}"#
    );
    let page = client
        .post("periodicreports", &body)
        .at("data.printFormContent");
    assert!(page.contains("RAPORT PERIODIC"), "{page}");
    assert_eq!(shop.rig.paper(), papers, "nothing is printed");
}

#[test]
fn a_fiscal_printer_prints_its_fiscal_memory() {
    let shop = after_days(&[500, 1_200]);
    let client = &shop.client;
    let flat = |settings: &str| {
        let printed = client.post("periodicreports/print", &format!("{{{settings}}}"));
        assert_eq!(printed.at("success"), "true", "{}", printed.text);
    };
    flat(FIRST_TWO);
    assert_eq!(shop.sent(0x5F), [b"1,2".to_vec()]);
    let paper = shop.rig.paper();
    assert!(paper.contains("RAPORT MEMORIE FISCALA"), "{paper}");
    flat(&FIRST_TWO.replace("false", "true"));
    assert_eq!(shop.sent(0x49), [b"1,2".to_vec()]);
    // The one public client wraps the settings.
    flat(&format!(r#""reportSettings":{{{FIRST_TWO}}}"#));
    assert_eq!(shop.sent(0x5F).len(), 2);
    let body = format!(r#"{{"reportSettings":{{{FIRST_TWO}}}}}"#);
    let printed = client.post("periodicreports", &body);
    assert_eq!(printed.status, 200, "{}", printed.text);
    assert_eq!(printed.at("data.printFormContent"), "null");
    assert_eq!(shop.sent(0x5F).len(), 3);
    let today = jiff::Timestamp::now().to_zoned(TimeZone::get("Europe/Chisinau").unwrap());
    let day = today.strftime("%Y-%m-%d");
    flat(&format!(
        r#""filterType":"ByDate","startDate":"{day}","endDate":"{day}T23:59:59+02:00""#
    ));
    let sent = today.strftime("%d%m%y,%d%m%y").to_string();
    assert_eq!(shop.sent(0x4F), [sent.into_bytes()]);
    // A report changes nothing: the next sale and the next Z-report are in order.
    let sold = client.post(
        "operations/sale",
        r#"{"items":[{"name":"Ceai","quantity":1,"price":1,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":1}]}"#,
    );
    assert_eq!(sold.status, 200, "{}", sold.text);
    let closed = client.post("operations/closeday", "");
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true",
        "{}",
        closed.text
    );
}

#[test]
fn a_period_without_z_reports_is_printed_as_a_slip() {
    let shop = Shop::open();
    let client = &shop.client;
    until("the printer is connected", || {
        client.open("/healthz").at("printers.0.connected") == "true"
    });
    let printed = client.post("periodicreports/print", &format!("{{{FIRST_TWO}}}"));
    assert_eq!(printed.at("success"), "true", "{}", printed.text);
    let paper = shop.rig.paper();
    assert!(paper.contains("RAPORT PERIODIC"), "{paper}");
    assert!(paper.contains("Rapoarte Z: 0"), "{paper}");
    let health = client.open("/healthz");
    assert_eq!(health.at("printers.0.trouble"), "null", "{}", health.text);
}

#[test]
fn bad_input_names_every_fault_and_its_path() {
    let shop = Shop::open();
    let client = &shop.client;
    for (settings, code, paths) in [
        ("", "Missing", &["filterType"][..]),
        (
            r#""filterType":"ByDate""#,
            "Missing",
            &["startDate", "endDate"],
        ),
        (
            r#""filterType":"ByZReportNumber","firstZReportNumber":"","lastZReportNumber":null"#,
            "Missing",
            &["firstZReportNumber", "lastZReportNumber"],
        ),
        (
            r#""filterType":"ByZReportNumber","firstZReportNumber":"a","lastZReportNumber":"-1""#,
            "NotANumber",
            &["firstZReportNumber", "lastZReportNumber"],
        ),
        (
            r#""filterType":"ByZReportNumber","firstZReportNumber":"3","lastZReportNumber":"2""#,
            "PeriodReversed",
            &["lastZReportNumber"],
        ),
        (
            r#""filterType":"ByDate","startDate":"28.11.2026","endDate":"2026-02-30""#,
            "NotADate",
            &["startDate", "endDate"],
        ),
        (
            r#""filterType":"ByDate","startDate":"2026-11-29","endDate":"2026-11-28","more":1"#,
            "PeriodReversed",
            &["endDate", "more"],
        ),
    ] {
        let refused = client.post("periodicreports/print", &format!("{{{settings}}}"));
        assert_eq!(
            (refused.status, refused.at("errorType").as_str()),
            (422, code),
            "{settings}: {}",
            refused.text
        );
        assert_eq!(refused.paths(), paths, "{settings}");
    }
    let refused = client.post("periodicreports", r#"{"printOnServer":false}"#);
    assert_eq!(refused.paths(), ["reportSettings"], "{}", refused.text);
}

//! A till whose law asks for fiscal numbers and not for a fiscal printer: numbers are reserved, used and reserved again, and the day
//! reconciles, with and without the tax authority.

mod shop;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::{ConfigText, Device, text};
use shop::outside::{Process, finished, until};
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, count, value};
use uuid::Uuid;

/// The number of fiscal numbers in one request. It is small, so that a day needs several requests.
const NUMBERS: u64 = 10;

fn till(folder: &Path, authority: &str, printer: &str) -> PathBuf {
    configured(folder, config(folder, authority, printer))
}

fn config(folder: &Path, authority: &str, printer: &str) -> ConfigText {
    let device = Device::new(DEVICE, "Till 1", printer)
        .tax_group("A", "20.00")
        .tax_group("F", "5.00")
        .payment_names("Готівка", "Картка")
        .point_of_sale(POINT_OF_SALE, "1");
    ConfigText::new("UA", folder.join("books"))
        .owner("Крамниця", "1111111111")
        .set("till", "address", text("вул. Прикладна, 1"))
        .device(device)
        .upstream(authority)
        .set("upstream", "timeout_ms", 1_000)
        .set("upstream", "offline_after_failures", 2)
        .set("upstream", "offline_after_ms", 500)
        .set("upstream", "dwell_s", 1)
        .set("upstream.online_ecr", "numbers", NUMBERS)
}

/// Writes the configuration to its file.
fn configured(folder: &Path, config: ConfigText) -> PathBuf {
    let file = folder.join("ferrotill.toml");
    fs::write(&file, config.to_string()).unwrap();
    file
}

fn switch(authority: &Client, body: &str) {
    let url = format!("{}/sim/authority", authority.url);
    ureq::put(url).send(body).unwrap();
}

fn sale(client: &Client, body: &str) -> Reply {
    client.post("operations/sale", body)
}

fn body(price: &str) -> String {
    format!(
        r#"{{"id":"{}","items":[{{"name":"Сидр","quantity":1,"price":{price},"taxGroupCode":"A"}}],"payments":[{{"typeCode":1,"amount":{price}}}]}}"#,
        Uuid::new_v4()
    )
}

/// Waits for the next millisecond: a repeated call within the same millisecond has the same bytes and the same signature, and
/// would sell nothing.
fn a_new_moment() {
    std::thread::sleep(std::time::Duration::from_millis(2));
}

/// Repeats the first sale with the same id, because a sale is refused until the authority has granted numbers.
fn first_sale(client: &Client, body: &str) -> Reply {
    let mut sold = None;
    until("the first numbers come", || {
        let reply = sale(client, body);
        a_new_moment();
        let done = reply.status == 200;
        if !done {
            assert_eq!(
                reply.verdict(),
                (422, "not_registered", "FiscalNumbersUsedUp".to_owned()),
                "{}",
                reply.text
            );
        }
        sold = done.then_some(reply);
        done
    });
    sold.unwrap()
}

fn numbers_of(received: &JsonValue) -> Vec<u64> {
    let JsonValue::Array(documents) = received else {
        panic!("{}", received);
    };
    documents
        .iter()
        .map(|document| count(document, "body.fiscalNum"))
        .collect()
}

/// The authority demands that each document is later than the one before.
#[test]
fn documents_of_many_callers_have_strictly_later_times() {
    const CALLERS: usize = 12;
    const SALES: usize = 4;
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let file = till(folder.path(), &authority.client.url, "none");
    let agent = Process::agent(&file);
    let client = agent.client.clone();
    first_sale(&client, &body("1.00"));
    std::thread::scope(|threads| {
        for _ in 0..CALLERS {
            threads.spawn(|| {
                for _ in 0..SALES {
                    let body = body("2.00");
                    until("the sale is made", || {
                        let reply = sale(&client, &body);
                        a_new_moment();
                        let refill =
                            reply.status != 200 && reply.at("errorType") == "FiscalNumbersUsedUp";
                        assert!(reply.status == 200 || refill, "{}", reply.text);
                        reply.status == 200
                    });
                }
            });
        }
    });
    until("the authority has every document", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });
    let received = authority.client.look("/sim/authority/received");
    let JsonValue::Array(documents) = &received else {
        panic!("{received}");
    };
    assert_eq!(documents.len(), 1 + CALLERS * SALES);
    let times = documents
        .iter()
        .map(|document| value(document, "body.dateTime").to_string());
    let times: Vec<String> = times.collect();
    let later = times.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(later, "{times:#?}");
}

#[test]
fn a_day_on_reserved_fiscal_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let file = till(folder.path(), &authority.client.url, "none");
    let mut agent = Process::agent(&file);
    let client = agent.client.clone();

    let first = first_sale(&client, &body("100.00"));
    let id = first.receipt("id");
    let number: u64 = first
        .receipt("additionalData.fiscalNumber")
        .parse()
        .unwrap();
    assert_eq!(number, 70_113, "the first number of the authority");
    assert_eq!(first.at("data.fiscalReceipt.printErrorMessage"), "null");

    // Cash in, a sale in cash whose sum is rounded, a return, and an X-report, which uses no number.
    for (operation, body) in [
        ("cashoperations", r#"{"amount":50.00}"#.to_owned()),
        (
            "operations/sale",
            r#"{"items":[{"name":"Сидр","quantity":1,"price":20.30,"taxGroupCode":"AF"}],"payments":[{"typeCode":0,"amount":21.00}]}"#.to_owned(),
        ),
        (
            "operations/return",
            format!(
                r#"{{"originalReceiptId":"{id}","items":[{{"name":"Сидр","quantity":1,"price":100.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":1,"amount":100.00}}]}}"#
            ),
        ),
        ("operations/intermediatetotals", "{}".to_owned()),
    ] {
        let reply = client.post(operation, &body);
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text);
    }

    // The authority cannot be reached. The till uses the fiscal numbers that it has already, also after the agent was killed.
    switch(&authority.client, r#"{"state":"down"}"#);
    for round in 0..3 {
        assert_eq!(sale(&client, &body("7.00")).status, 200, "round {round}");
    }
    agent.kill();
    agent = Process::agent(&file);
    let client = agent.client.clone();
    assert_eq!(sale(&client, &body("7.00")).status, 200);
    switch(&authority.client, r#"{"state":"up"}"#);
    // The loop uses more numbers than two grants contain, so numbers are requested while others are used.
    for round in 0..3 * NUMBERS {
        let body = body("3.00");
        let mut last = String::new();
        until("a refill comes", || {
            let reply = sale(&client, &body);
            last = format!("round {round}: {}", reply.text);
            a_new_moment();
            assert!(
                reply.status == 200 || reply.at("errorType") == "FiscalNumbersUsedUp",
                "{last}"
            );
            reply.status == 200
        });
    }
    let close = format!(r#"{{"id":"{}"}}"#, Uuid::new_v4());
    let closed = client.post("operations/closeday", &close);
    assert_eq!(closed.status, 200, "{}", closed.text);
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true"
    );

    until("the authority has every document", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });
    let again = client.post("operations/closeday", &close);
    assert!(again.replayed);
    assert_eq!(
        again.text, closed.text,
        "later answers of the authority are not part of the first report"
    );
    let received = authority.client.look("/sim/authority/received");
    let numbers = numbers_of(&received);
    // Cash in, 2 + 4 + 30 sales, a return and the Z-report each have their own fiscal number, in this order and without a gap.
    let expected: Vec<u64> = (70_113..70_113 + 39).collect();
    assert_eq!(numbers, expected);
    let keys: BTreeSet<String> = match &received {
        JsonValue::Array(documents) => documents
            .iter()
            .map(|document| value(document, "key").to_string())
            .collect(),
        _ => BTreeSet::new(),
    };
    assert_eq!(keys.len(), expected.len(), "each document once");
    let sales = authority.client.look("/sim/authority/received?kind=sale");
    assert_eq!(
        value(&sales, "1.body.items.0.taxes.1.taxCode"),
        &JsonValue::Text("F".to_owned()),
        "a line with two taxes tells both"
    );
    let refund = authority.client.look("/sim/authority/received?kind=refund");
    assert_eq!(count(&refund, "0.body.parentFiscalNum"), number);
    let z = authority
        .client
        .look("/sim/authority/received?kind=z_report");
    assert_eq!(
        value(&z, "0.body.currency"),
        &JsonValue::Text("UAH".to_owned())
    );
    assert_eq!(
        count(&z, "0.body.totals.sale.amount"),
        10_000 + 2_030 + 4 * 700 + 30 * 300,
        "the cash rounding is in the payment, and the total is that of the items"
    );
    assert_eq!(count(&z, "0.body.totals.refund.amount"), 10_000);

    let (code, books) = finished(&["verify", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{}", books);
    assert_eq!(value(&books, "z_reports.0.agrees"), &JsonValue::Bool(true));
    assert_eq!(count(&books, "z_reports.0.unacknowledged"), 0);
}

/// No caller waits for the authority, whatever it does. In the end the authority has each document once and in order.
#[test]
fn an_authority_with_every_fault_has_each_document_once_in_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let file = till(folder.path(), &authority.client.url, "none");
    let mut agent = Process::agent(&file);
    first_sale(&agent.client, &body("1.00"));
    // Before the faults begin, the till gets twice as many numbers as the sales below need.
    until("the pool is full", || {
        let metrics = ureq::get(format!("{}/metrics", agent.client.url))
            .call()
            .unwrap()
            .body_mut()
            .read_to_string()
            .unwrap();
        metrics.lines().any(|line| {
            line.starts_with("ferrotill_fiscal_numbers_left")
                && line.rsplit(' ').next().unwrap().parse::<u64>().unwrap() >= NUMBERS - 1
        })
    });
    let troubles = ["lie", "hollow", "drip", "error", "down", "slow"];
    for (place, state) in troubles.iter().enumerate() {
        switch(
            &authority.client,
            &format!(r#"{{"state":"{state}","ms":2000}}"#),
        );
        assert_eq!(sale(&agent.client, &body("2.00")).status, 200, "{state}");
        if place == 2 {
            agent.kill();
            agent = Process::agent(&file);
        }
    }
    let closed = agent.client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{}", closed.text);
    switch(&authority.client, r#"{"state":"up"}"#);
    until("the authority has every document", || {
        count(&agent.client.open("/healthz").body, "unsent.documents") == 0
    });
    let received = authority.client.look("/sim/authority/received");
    let expected: Vec<u64> = (70_113..70_113 + 8).collect();
    assert_eq!(numbers_of(&received), expected);
    let (code, books) = finished(&["verify", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{}", books);
    assert_eq!(count(&books, "z_reports.0.unacknowledged"), 0);
    assert_eq!(value(&books, "z_reports.0.agrees"), &JsonValue::Bool(true));
}

#[test]
fn a_printer_prints_a_document_that_has_its_number_already() {
    let folder = tempfile::tempdir().unwrap();
    let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
    let printer = Process::emulator(&link, &memory, "115200");
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let file = till(folder.path(), &authority.client.url, &uri);
    let agent = Process::agent(&file);
    until("the printer is there", || {
        value(&agent.client.open("/healthz").body, "printers.0.connected") == &JsonValue::Bool(true)
    });
    let sold = first_sale(&agent.client, &body("100.00"));
    assert_eq!(sold.receipt("printErrorMessage"), "null");
    let paper = ureq::get(format!("{}/sim/printer/paper", printer.client.url))
        .call()
        .unwrap()
        .body_mut()
        .read_to_string()
        .unwrap();
    assert!(paper.contains("# 70113"), "{paper}");
    // The fiscal memory of the printer is not used.
    let snapshot = printer.client.look("/sim/printer?receipts=all");
    assert_eq!(
        value(&snapshot, "fiscal_receipts"),
        &JsonValue::Array(Vec::new())
    );
}

/// The cash rounding of a sale has one truth in the answer, on the paper, in the reports and in what the authority is told.
#[test]
fn the_cash_rounding_is_the_same_in_answer_paper_report_and_upload() {
    let folder = tempfile::tempdir().unwrap();
    let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
    let printer = Process::emulator(&link, &memory, "115200");
    let authority = Process::start(&["authority", "--listen", "127.0.0.1:0"]);
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let config = config(folder.path(), &authority.client.url, &uri)
        .set("upstream.online_ecr", "rounding_field", text("rounding"))
        .set("upstream.online_ecr", "numbers", 50);
    let agent = Process::agent(&configured(folder.path(), config));
    until("the printer is there", || {
        value(&agent.client.open("/healthz").body, "printers.0.connected") == &JsonValue::Bool(true)
    });
    first_sale(&agent.client, &body("100.00"));
    let (mut sum, mut told) = (0, Vec::new());
    for (price, card, cash, rounding) in [
        ("1.98", "0", "5.00", 2_i64),
        ("20.30", "0", "21.00", 20),
        ("10.24", "0", "20.00", -24),
        ("10.25", "0", "20.00", 25),
        ("7.50", "0", "8.00", 0),
        ("30.13", "20.00", "10.00", -13),
        ("30.13", "30.13", "0", 0),
    ] {
        let payments: Vec<String> = [(1, card), (0, cash)]
            .into_iter()
            .filter(|(_, amount)| *amount != "0")
            .map(|(code, amount)| format!(r#"{{"typeCode":{code},"amount":{amount}}}"#))
            .collect();
        let body = format!(
            r#"{{"items":[{{"name":"Сидр","quantity":1,"price":{price},"taxGroupCode":"A"}}],"payments":[{}]}}"#,
            payments.join(",")
        );
        let sold = sale(&agent.client, &body);
        a_new_moment();
        assert_eq!(sold.receipt("printErrorMessage"), "null", "{}", sold.text);
        sum += rounding;
        told.push(rounding);
        let shown = format!(
            "{}{}.{:02}",
            if rounding < 0 { "-" } else { "" },
            rounding.abs() / 100,
            rounding.abs() % 100
        );
        let paper = paper_of(&printer);
        let receipt = paper.rsplit("Сидр").next().unwrap();
        if rounding == 0 {
            assert!(!sold.text.contains("cashRounding"), "{}", sold.text);
            assert!(!receipt.contains("Заокруглення"), "{receipt}");
            continue;
        }
        assert_eq!(
            sold.receipt("additionalData.cashRounding.name"),
            "Заокруглення"
        );
        assert_eq!(sold.receipt("additionalData.cashRounding.amount"), shown);
        let line = receipt
            .lines()
            .find(|line| line.contains("Заокруглення"))
            .unwrap();
        assert!(line.trim_end().ends_with(&shown), "{price}: {line}");
    }
    for report in ["operations/intermediatetotals", "operations/closeday"] {
        let report = agent.client.post(report, "{}");
        assert_eq!(
            report.at("data.additionalData.cashRounding.name"),
            "Заокруглення"
        );
        assert_eq!(
            report.at("data.additionalData.cashRounding.salesAmount"),
            format!("0.{sum:02}")
        );
        assert_eq!(
            report.at("data.additionalData.cashRounding.refundsAmount"),
            "0.00"
        );
    }
    until("the authority has every document", || {
        count(&agent.client.open("/healthz").body, "unsent.documents") == 0
    });
    let received = authority.client.look("/sim/authority/received?kind=sale");
    let JsonValue::Array(sales) = &received else {
        panic!("{received}");
    };
    let fields = sales.iter().skip(1).map(|sale| sale.get("body").unwrap());
    for (body, rounding) in fields.zip(told) {
        let field = body.get("rounding").map(ToString::to_string);
        assert_eq!(
            field,
            (rounding != 0).then(|| rounding.to_string()),
            "{body}"
        );
        let JsonValue::Array(payments) = value(body, "payments") else {
            panic!("{body}");
        };
        let paid: u64 = payments
            .iter()
            .map(|payment| count(payment, "amount"))
            .sum();
        assert_eq!(paid, count(body, "totalAmount"), "{body}");
    }
}

/// What the emulated printer has printed.
fn paper_of(printer: &Process) -> String {
    let url = format!("{}/sim/printer/paper", printer.client.url);
    let mut response = ureq::get(url).call().unwrap();
    response.body_mut().read_to_string().unwrap()
}

#[test]
fn a_till_that_never_reached_the_authority_refuses_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    // No server listens at this address.
    let file = till(folder.path(), "http://127.0.0.1:9", "none");
    let agent = Process::agent(&file);
    let reply = sale(&agent.client, &body("5.00"));
    assert_eq!(
        reply.verdict(),
        (422, "not_registered", "FiscalNumbersUsedUp".to_owned())
    );
    assert!(
        reply.at("message").contains("the tax authority"),
        "{}",
        reply.text
    );
    // An X-report needs no number.
    let x = agent.client.post("operations/intermediatetotals", "{}");
    assert_eq!(x.status, 200, "{}", x.text);
}

/// The documents that the authority has received, each as the number of its device and its fiscal number, after it has all of them.
fn received_of(agent: &Client, authority: &Client) -> Vec<(String, u64)> {
    until("the authority has every document", || {
        count(&agent.open("/healthz").body, "unsent.documents") == 0
    });
    let received = authority.look("/sim/authority/received");
    let JsonValue::Array(documents) = &received else {
        panic!("{received}");
    };
    let documents = documents.iter().map(|document| {
        let JsonValue::Text(device) = value(document, "body.identity.fn") else {
            panic!("{document}");
        };
        (device.clone(), count(document, "body.fiscalNum"))
    });
    documents.collect()
}

/// The authority keeps the numbers of each registration number apart, and refuses a document with a number of another one.
#[test]
fn a_device_with_another_registration_number_uses_no_numbers_of_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let plain = || config(folder.path(), &authority.client.url, "none");
    let as_number = |number: &str| {
        let config = plain().set("till", "registration_number", text(number));
        configured(folder.path(), config)
    };
    let mut sold = Vec::new();
    // The first number returns at the end: its numbers go on where they stopped, and none is granted or used twice.
    for (number, first) in [("J1", 70_113), ("J2", 70_123), ("J1", 70_115)] {
        let mut agent = Process::agent(&as_number(number));
        for place in 0..2 {
            first_sale(&agent.client, &body("5.00"));
            sold.push((number.to_owned(), first + place));
        }
        assert_eq!(received_of(&agent.client, &authority.client), sold);
        agent.kill();
    }
    // Another device changes neither the number of the first one nor its fiscal numbers.
    let other = Device::new(Uuid::from_u128(77), "Till 2", "none")
        .tax_group("A", "20.00")
        .payment_names("Готівка", "Картка")
        .point_of_sale(POINT_OF_SALE, "1");
    let file = configured(folder.path(), plain().device(other));
    let agent = Process::agent(&file);
    first_sale(&agent.client, &body("5.00"));
    sold.push(("J1".to_owned(), 70_117));
    assert_eq!(received_of(&agent.client, &authority.client), sold);
    drop(agent);
    let (code, books) = finished(&["verify", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{books}");
}

/// The state's own sample: 259.90 holds a levy of 5 %, 12.38, and in the rest a tax of 20 %, 41.25.
#[test]
fn a_levy_is_charged_before_the_tax_and_a_return_may_name_both_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let file = till(folder.path(), &authority.client.url, "none");
    let agent = Process::agent(&file);
    let client = agent.client.clone();
    first_sale(&client, &body("1.00"));
    for (letters, answered) in [("AF", "AF"), ("FA", "FA")] {
        let sold = sale(
            &client,
            &format!(
                r#"{{"items":[{{"name":"Сидр","quantity":1,"price":259.90,"taxGroupCode":"{letters}"}}],"payments":[{{"typeCode":1,"amount":259.90}}]}}"#
            ),
        );
        assert_eq!(sold.status, 200, "{}", sold.text);
        assert_eq!(sold.receipt("items.0.taxAmount"), "53.63");
        assert_eq!(sold.receipt("items.0.taxGroupCode"), answered);
        let (id, turned) = (
            sold.receipt("id"),
            answered.chars().rev().collect::<String>(),
        );
        let back = client.post(
            "operations/return",
            &format!(
                r#"{{"originalReceiptId":"{id}","items":[{{"name":"Сидр","quantity":1,"price":259.90,"taxGroupCode":"{turned}","finalAmount":259.90,"taxAmount":53.63}}],"payments":[{{"typeCode":1,"amount":259.90}}]}}"#
            ),
        );
        assert_eq!(back.status, 200, "{}", back.text);
    }
    until("the authority has every document", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });
    let received = authority.client.look("/sim/authority/received");
    let JsonValue::Array(documents) = &received else {
        panic!("{received}")
    };
    let taxes: Vec<String> = documents
        .iter()
        .skip(1)
        .map(|document| value(document, "body.items.0.taxes").to_string())
        .collect();
    let tax = r#"{"taxCode":"A","taxRate":2000,"taxBase":20627,"taxAmount":4125}"#;
    let levy = r#"{"taxCode":"F","taxRate":500,"taxBase":24752,"taxAmount":1238}"#;
    let (first, second) = (format!("[{tax},{levy}]"), format!("[{levy},{tax}]"));
    assert_eq!(taxes, [&*first, &first, &second, &second]);
}

/// Card 35.00 and cash 5.00 for 35.00: the cash goes back as it came, in the books, on the paper and at the authority.
#[test]
fn cash_beside_a_card_that_pays_all_is_no_payment() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let file = till(folder.path(), &authority.client.url, "none");
    let agent = Process::agent(&file);
    let client = agent.client.clone();
    first_sale(&client, &body("1.00"));
    let sold = sale(
        &client,
        r#"{"items":[{"name":"Сидр","quantity":1,"price":35.00,"taxGroupCode":"A"}],"payments":[{"typeCode":1,"amount":35.00},{"typeCode":0,"amount":5.00}]}"#,
    );
    for (member, value) in [
        ("totalPaid", "35.00"),
        ("totalChange", "0.00"),
        ("payments.0.amount", "35.00"),
        ("payments.1.amount", "0.00"),
        ("payments.1.change", "0.00"),
    ] {
        assert_eq!(sold.receipt(member), value, "{member}: {}", sold.text);
    }
    let closed = client.post("operations/closeday", "{}");
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true",
        "{}",
        closed.text
    );
    until("the authority has every document", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });
    let received = authority.client.look("/sim/authority/received");
    let payments = value(&received, "1.body.payments").to_string();
    assert_eq!(payments, r#"[{"type":"CARD","amount":3500,"change":0}]"#);
}

/// Each document names the seller, the unit and the place. X-reports are not sent, and make no gap in the numbers.
#[test]
fn documents_name_seller_and_place_and_their_numbers_have_no_gap() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let config = config(folder.path(), &authority.client.url, "none")
        .user("Олена")
        .change_device(0, |device| {
            device.set("unit", text("шт")).set(
                "location",
                r#"{ latitude = "6.500183676689106", longitude = "120.76210479216934", radius = 1000 }"#,
            )
        });
    let file = configured(folder.path(), config);
    let agent = Process::agent(&file);
    let client = agent.client.clone();
    let first = first_sale(&client, &body("1.00"));
    assert_eq!(first.receipt("authorUserName"), "Олена");
    let interim = client.post("operations/intermediatetotals", "{}");
    assert_eq!(
        interim.at("data.lastReceiptNumber"),
        "1",
        "{}",
        interim.text
    );
    client.post("cashoperations", r#"{"amount":5.00}"#);
    let again = client.post(
        "operations/intermediatetotals",
        r#"{"id":"3e0c2f5e-1c1a-4a9c-b8d1-58b5f4a1f001"}"#,
    );
    assert_eq!(
        again.at("data.lastReceiptNumber"),
        "1",
        "a cash operation is no receipt: {}",
        again.text
    );
    assert_eq!(sale(&client, &body("2.00")).status, 200);
    let closed = client.post("operations/closeday", "{}");
    assert_eq!(closed.at("data.lastReceiptNumber"), "5", "{}", closed.text);
    assert_eq!(closed.at("data.number"), "6");
    until("the authority has every document", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });
    let received = authority.client.look("/sim/authority/received");
    let told = |path: &str| value(&received, path).to_string();
    for document in 0..4 {
        assert_eq!(told(&format!("{document}.body.cashier")), "\"Олена\"");
        assert_eq!(
            told(&format!("{document}.body.location")),
            r#"{"latitude":6.500183676689106,"longitude":120.76210479216934,"radius":1000}"#
        );
    }
    assert_eq!(told("0.body.items.0.unit"), "\"шт\"");
    let numbers = [0, 1, 2].map(|document| told(&format!("{document}.body.receiptNumber")));
    assert_eq!(numbers, ["1", "2", "3"], "X-reports are not sent");
    assert_eq!(told("3.body.firstNumber"), "1");
    assert_eq!(told("3.body.lastNumber"), "3");
}

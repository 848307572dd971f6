//! A full day by the API alone: every operation of the vendor's document is used, and books, printer, reports and print forms agree to the
//! smallest unit. Every form of every document is read back.

mod shop;

use std::cell::RefCell;
use std::collections::BTreeSet;

use ferrotill_testkit::config::text;
use ferrotill_testkit::paper::{PaperWords, ReadReceipt};
use shop::books::{assert_cash, assert_nonfiscal, assert_receipt, assert_report, booked};
use shop::inside::Shop;
use shop::outside::until;
use shop::readback::{FormLines, read_forms};
use shop::{Client, DEVICE, Reply, schema, value};
use uuid::Uuid;

/// A client that notes which operations it has used.
struct Day {
    shop: Shop,
    used: RefCell<BTreeSet<String>>,
}

impl Day {
    fn client(&self) -> &Client {
        &self.shop.client
    }

    fn note(&self, method: &str, operation: &str) {
        let name = schema::operation_name(method, &format!("/api/v1/{operation}"));
        self.used.borrow_mut().insert(name);
    }

    /// A call that must be answered with 200. The client compares the answer with the vendor's schema.
    fn post(&self, operation: &str, body: &str) -> Reply {
        self.note("POST", operation);
        let reply = self.client().post(operation, body);
        assert_eq!(reply.status, 200, "{operation} {body}: {}", reply.text);
        assert_eq!(reply.at("success"), "true", "{operation}: {}", reply.text);
        reply
    }

    fn get(&self, operation: &str) -> Reply {
        self.note("GET", operation);
        let reply = self.client().get(operation);
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text);
        reply
    }

    /// Makes a document and reads every form of it: the same request is sent again for each type.
    fn makes(&self, operation: &str, fields: &str) -> Made {
        let body = format!(r#"{{"id":"{}",{FORM}{fields}}}"#, Uuid::new_v4());
        let reply = self.post(operation, &body);
        let member = if reply.text.contains("\"fiscalReceipt\":{") {
            "data.fiscalReceipt"
        } else {
            "data"
        };
        let is_report = reply.text.contains("\"receiptCount\"");
        let forms = read_forms(member, is_report, |media_type| {
            let again = self.post(operation, &with_form(&body, media_type));
            assert!(again.replayed, "{}", again.text);
            again
        });
        Made {
            reply,
            member,
            forms,
        }
    }

    /// Reads every form of a copy of a document.
    fn copies(&self, group: &str, made: &Made) -> Vec<FormLines> {
        let path = format!("{group}/{}/duplicate", made.at("id"));
        let body = format!("{{{FORM}}}");
        read_forms("data", group == "reports", |media_type| {
            self.post(&path, &with_form(&body, media_type))
        })
    }
}

/// The same request with a form of another type.
fn with_form(body: &str, media_type: &str) -> String {
    body.replace(
        FORM,
        &format!(r#"{FORM},"printFormMediaType":"{media_type}""#),
    )
}

/// A document that was made, with all its forms.
struct Made {
    reply: Reply,
    member: &'static str,
    forms: Vec<FormLines>,
}

impl Made {
    /// A member of the document.
    fn at(&self, name: &str) -> String {
        self.reply.at(&format!("{}.{name}", self.member))
    }

    /// Every form of the receipt has its figures, and so has every form of its copy.
    fn assert_receipt(&self, copies: &[FormLines]) {
        let books = booked(value(&self.reply.body, self.member));
        for (forms, is_copy) in [(self.forms.as_slice(), false), (copies, true)] {
            for (form, lines) in forms {
                let read: ReadReceipt = assert_receipt(form, lines, &words(), &books);
                assert_eq!(read.is_copy, is_copy, "{form}: {lines:#?}");
            }
        }
    }

    fn assert_cash(&self, copies: &[FormLines]) {
        for (form, lines) in self.forms.iter().chain(copies) {
            assert_cash(form, lines, &words(), &self.reply);
        }
    }

    fn assert_report(&self, copies: &[FormLines]) {
        for (form, lines) in self.forms.iter().chain(copies) {
            let names = ["VÂNZĂRI", "Numerar în casă"];
            assert_report(form, lines, (&words(), false), names, &self.reply);
        }
    }
}

fn words() -> PaperWords {
    let facts = ferrotill_core::profile::by_code("MD").unwrap().facts();
    PaperWords::of(facts.language, facts.currency)
}

/// An amount such as `12.34` in bani.
fn bani(amount: &str) -> i64 {
    let (whole, decimals) = amount.split_once('.').unwrap();
    assert_eq!(decimals.len(), 2, "{amount}");
    format!("{whole}{decimals}").parse().unwrap()
}

fn money(bani: i64) -> String {
    let sign = if bani < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", bani.abs() / 100, bani.abs() % 100)
}

/// The figure at the end of the first row that begins with a text.
fn figure(lines: &[String], begin: &str) -> i64 {
    let rows: Vec<String> = lines.iter().map(|line| single_spaces(line)).collect();
    let row = rows.iter().find(|row| row.starts_with(begin));
    let row = row.unwrap_or_else(|| panic!("no {begin}: {rows:#?}"));
    let last = row.split(' ').rfind(|word| word.contains('.')).unwrap();
    bani(last)
}

fn single_spaces(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

const FORM: &str = r#""printOnServer":false"#;

/// The items and payments of the n-th sale: one to three lines, discounts and surcharges, cash, card, or both with change.
fn sale(number: i64) -> String {
    let line = |index: i64| {
        let price = 100 + (number * 37 + index * 911) % 5_000;
        let group = if (number + index) % 2 == 0 { "A" } else { "B" };
        let quantity = ["1", "2", "0.345", "3.5"][usize::try_from((number + index) % 4).unwrap()];
        let modifier = match (number + index) % 5 {
            0 => r#","modifierMode":"ByPercent","modifierValue":-12.5"#,
            1 => r#","modifierMode":"ByAmount","modifierValue":0.33"#,
            _ => "",
        };
        let price = money(price);
        format!(
            r#"{{"name":"Marfa {number}/{index}","quantity":{quantity},"price":{price},"taxGroupCode":"{group}"{modifier}}}"#
        )
    };
    let items: Vec<String> = (0..=number % 3).map(line).collect();
    let gift = if number % 10 == 0 {
        r#",{"name":"Cadou","quantity":1,"price":0,"taxGroupCode":"A"}"#
    } else {
        ""
    };
    let modifications = match number % 4 {
        0 => r#","amountModifications":[{"mode":"ByPercent","value":-3}]"#,
        1 => r#","amountModifications":[{"mode":"ByAmount","value":-0.07}]"#,
        _ => "",
    };
    let payments = match number % 3 {
        0 => r#"[{"typeCode":0,"amount":1000}]"#,
        1 => r#"[{"typeCode":1,"amount":0.50},{"typeCode":0,"amount":900}]"#,
        _ => r#"[{"typeCode":1,"amount":0.01},{"typeCode":null,"amount":999.99}]"#,
    };
    format!(
        r#""items":[{}{gift}],"payments":{payments}{modifications}"#,
        items.join(",")
    )
}

/// What the day must add up to, in bani.
#[derive(Debug, Default)]
struct Expected {
    sales: i64,
    fiscal: Vec<String>,
    card: i64,
    cash: i64,
    alternative: (u32, i64),
    refunds: i64,
    tax: i64,
}

/// A shop whose receipts have the QR code with which a buyer checks them.
fn shop_with_codes() -> Shop {
    let link = "https://example.org/{registration}/{total}/{number}/{date}";
    Shop::open_with(|config| {
        config
            .set("till", "registration_number", text("J803000123"))
            .set("till", "verification_link", text(link))
    })
}

#[test]
fn a_full_day_by_the_api_alone_reconciles_and_every_form_says_the_same() {
    let day = Day {
        shop: shop_with_codes(),
        used: RefCell::default(),
    };
    until("the printer is connected", || {
        day.client().open("/healthz").at("printers.0.connected") == "true"
    });
    assert_eq!(day.get("devices").at("data.totalCount"), "1");
    day.get(&format!("devices/{DEVICE}"));
    assert_eq!(day.get("devices/assureno24h").at("success"), "true");
    day.post("misc/opencashdrawer", "");

    let put_in = day.makes("cashoperations", r#","amount":500"#);
    put_in.assert_cash(&[]);
    assert_eq!(bani(&put_in.at("amount")), 50_000);
    let mut expected = Expected {
        cash: 50_000,
        ..Expected::default()
    };
    let mut sold = Vec::new();
    for number in 0..30 {
        sold.push(sells(&day, number, &mut expected));
    }
    let returns = gives_back(&day, &sold, &mut expected);
    let text = day.makes("nonfiscalreceipts", r#","text":"Pauză""#);
    for (form, lines) in &text.forms {
        assert_nonfiscal(form, lines, &words(), &text.reply);
    }
    let taken = day.makes("cashoperations", r#","amount":-12.34"#);
    expected.cash -= 1_234;
    taken.assert_cash(&day.copies("cashoperations", &taken));
    assert_eq!(bani(&taken.at("finalBalanceInformatory")), expected.cash);

    agrees(&day.makes("operations/intermediatetotals", ""), &expected);
    let x = day.makes("reports", r#","type":"XReport""#);
    agrees(&x, &expected);
    x.assert_report(&day.copies("reports", &x));
    reads_everything(&day, &returns);

    let closed = day.makes("operations/closeday", "");
    agrees(&closed, &expected);
    closed.assert_report(&day.copies("reports", &closed));
    let agree = closed.at("additionalData.reconciliation.agrees");
    assert_eq!(agree, "true", "{}", closed.reply.text);
    let printed = day.shop.receipts();
    let of_kind = |wanted: &str| -> Vec<String> {
        let receipts = printed.iter().filter(|(_, _, kind)| *kind == wanted);
        receipts.map(|(total, ..)| total.clone()).collect()
    };
    assert_eq!(of_kind("sale"), expected.fiscal);
    let refunded: i64 = of_kind("refund").iter().map(|total| bani(total)).sum();
    assert_eq!(refunded, expected.refunds);

    reports_the_period(&day, &expected);
    let all = schema::operations().into_iter();
    let all: BTreeSet<String> = all
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    assert_eq!(all.len(), 35);
    assert_eq!(*day.used.borrow(), all);
}

/// Sells, and compares every form with the document. Every third sale is an alternative receipt.
fn sells(day: &Day, number: i64, expected: &mut Expected) -> Made {
    let (operation, group) = match number % 6 {
        0 | 3 => ("operations/sale", "receipts"),
        1 | 4 => ("receipts", "receipts"),
        _ => ("alternativereceipts", "alternativereceipts"),
    };
    let made = day.makes(operation, &format!(",{}", sale(number)));
    // A copy of every seventh sale is made, so that both kinds are among them.
    let copies = match number % 7 {
        0 => day.copies(group, &made),
        _ => Vec::new(),
    };
    made.assert_receipt(&copies);
    let document = made.member;
    let at = |name: &str| made.at(name);
    let total = bani(&at("totalAmount"));
    let items = made.reply.list(&format!("{document}.items"));
    let sum = |name: &str| -> i64 {
        (0..items)
            .map(|item| bani(&at(&format!("items.{item}.{name}"))))
            .sum()
    };
    assert_eq!(sum("finalAmount"), total);
    if group == "alternativereceipts" {
        expected.alternative.0 += 1;
        expected.alternative.1 += total;
        return made;
    }
    assert!(made.reply.text.contains(r#""type":"QRCode""#));
    expected.sales += total;
    expected.tax += sum("finalTaxAmount");
    expected.fiscal.push(at("totalAmount"));
    for payment in 0..made.reply.list(&format!("{document}.payments")) {
        let paid = |name| bani(&at(&format!("payments.{payment}.{name}")));
        let kept = paid("amount") - paid("change");
        match at(&format!("payments.{payment}.typeCode")).as_str() {
            "0" => expected.cash += kept,
            _ => expected.card += kept,
        }
    }
    made
}

/// Gives back a whole sale by each of the two operations. Returns the id of the second return.
fn gives_back(day: &Day, sold: &[Made], expected: &mut Expected) -> String {
    let mut last = String::new();
    for (operation, sold) in [
        ("operations/return", &sold[3]),
        ("returnreceipts", &sold[4]),
    ] {
        let items = value(&sold.reply.body, &format!("{}.items", sold.member));
        let (original, total) = (sold.at("id"), sold.at("totalAmount"));
        let back = day.makes(
            operation,
            &format!(
                r#","originalReceiptId":"{original}","items":{items},"payments":[{{"typeCode":0,"amount":{total}}}]"#
            ),
        );
        assert_eq!(back.at("totalAmount"), total);
        back.assert_receipt(&[]);
        for (form, lines) in &back.forms {
            let title = lines.iter().any(|line| line.trim() == "RETUR");
            assert!(title, "{form}: {lines:#?}");
        }
        expected.refunds += bani(&total);
        expected.cash -= bani(&total);
        last = back.at("id");
    }
    last
}

/// A report and its forms have the expected sums.
fn agrees(report: &Made, expected: &Expected) {
    let at = |name: &str| bani(&report.at(name));
    assert_eq!(at("totalAmount"), expected.sales);
    assert_eq!(at("totalTaxAmount"), expected.tax);
    assert_eq!(at("finalBalance"), expected.cash);
    let count = expected.fiscal.len().to_string();
    assert_eq!(report.at("receiptCount"), count);
    let alternative = bani(&report.at("additionalData.alternative.amount"));
    assert_eq!(alternative, expected.alternative.1);
    report.assert_report(&[]);
    for (_, rows) in &report.forms {
        let section = |begin: String| figure(rows, &begin);
        assert_eq!(section(format!("VÂNZĂRI ({count})")), expected.sales);
        assert_eq!(section("RETURURI (2)".to_owned()), expected.refunds);
        let (count, amount) = expected.alternative;
        assert_eq!(section(format!("BONURI DE PLATĂ ({count})")), amount);
        assert_eq!(section("Numerar în casă".to_owned()), expected.cash);
        assert_eq!(section("Card".to_owned()), expected.card);
    }
}

/// The report of the day as a period, in every form and from the printer's memory.
fn reports_the_period(day: &Day, expected: &Expected) {
    let period = r#""detailed":true,"filterType":"ByZReportNumber","firstZReportNumber":"1","lastZReportNumber":"1""#;
    let body = format!(r#"{{"reportSettings":{{{period}}},{FORM}}}"#);
    let forms = read_forms("data", true, |media_type| {
        day.post("periodicreports", &with_form(&body, media_type))
    });
    for (form, lines) in &forms {
        for begin in ["VÂNZĂRI", "RAPORT Z 1", "Imprimanta fiscală"] {
            assert_eq!(figure(lines, begin), expected.sales, "{form}: {lines:#?}");
        }
        assert_eq!(figure(lines, "RETURURI"), expected.refunds, "{form}");
    }
    day.post("periodicreports/print", &format!("{{{period}}}"));
}

/// Reads the lists and one document of each kind.
fn reads_everything(day: &Day, returned: &str) {
    for (group, count) in [
        ("receipts", "20"),
        ("alternativereceipts", "10"),
        ("returnreceipts", "2"),
        ("reports", "2"),
        ("cashoperations", "2"),
    ] {
        let list = day.get(group);
        assert_eq!(list.at("data.totalCount"), count, "{group}");
        let full = day.get(&format!("{group}/full?startIndex=0&count=1"));
        assert_eq!(full.list("data.data"), 1, "{group}");
        let id = list.at("data.data.0.id");
        let one = day.get(&format!("{group}/{id}"));
        assert_eq!(one.at("data.id"), id);
        if group == "returnreceipts" {
            assert_eq!(id, returned);
        }
    }
}

//! A full day by the API alone: every operation of the vendor's document is used, and books, printer, reports and print forms agree to the
//! smallest unit.

mod shop;

use std::cell::RefCell;
use std::collections::BTreeSet;

use shop::inside::Shop;
use shop::outside::until;
use shop::{Client, DEVICE, Reply, schema};
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

/// The rows of the form in an answer: both texts of a row with a space between them.
fn form(reply: &Reply, document: &str) -> Vec<String> {
    let media = reply.at(&format!("{document}.printFormMediaType"));
    assert_eq!(media, "Json", "{}", reply.text);
    let content = format!("{document}.printFormContent");
    (0..reply.list(&content))
        .filter(|row| reply.at(&format!("{content}.{row}.type")) == "Text")
        .map(|row| {
            let text = |name| reply.at(&format!("{content}.{row}.{name}"));
            format!("{} {}", text("text"), text("textRight"))
                .trim()
                .to_owned()
        })
        .collect()
}

/// The figure at the end of the first row that begins with a text.
fn figure(rows: &[String], begin: &str) -> i64 {
    let row = rows.iter().find(|row| row.starts_with(begin));
    let row = row.unwrap_or_else(|| panic!("no {begin}: {rows:#?}"));
    let last = row.split(' ').rfind(|word| word.contains('.')).unwrap();
    bani(last)
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

#[test]
fn a_full_day_by_the_api_alone_reconciles_and_every_form_says_the_same() {
    let day = Day {
        shop: Shop::open(),
        used: RefCell::default(),
    };
    until("the printer is connected", || {
        day.client().open("/healthz").at("printers.0.connected") == "true"
    });
    assert_eq!(day.get("devices").at("data.totalCount"), "1");
    day.get(&format!("devices/{DEVICE}"));
    assert_eq!(day.get("devices/assureno24h").at("success"), "true");
    day.post("misc/opencashdrawer", "");

    let put_in = day.post("cashoperations", &format!(r#"{{"amount":500,{FORM}}}"#));
    assert_eq!(figure(&form(&put_in, "data"), "TOTAL"), 50_000);
    let mut expected = Expected {
        cash: 50_000,
        ..Expected::default()
    };
    let mut sold = Vec::new();
    for number in 0..30 {
        sold.push(sells(&day, number, &mut expected));
    }
    let returns = gives_back(&day, &sold, &mut expected);
    let text = day.post(
        "nonfiscalreceipts",
        &format!(r#"{{"text":"Pauză",{FORM}}}"#),
    );
    assert!(form(&text, "data").contains(&"Pauză".to_owned()));
    let taken = day.post("cashoperations", &format!(r#"{{"amount":-12.34,{FORM}}}"#));
    expected.cash -= 1_234;
    assert_eq!(
        figure(&form(&taken, "data"), "Numerar în casă"),
        expected.cash
    );
    assert_eq!(
        bani(&taken.at("data.finalBalanceInformatory")),
        expected.cash
    );

    let totals = day.post("operations/intermediatetotals", &format!("{{{FORM}}}"));
    agrees(&totals, &expected);
    let x = day.post("reports", &format!(r#"{{"type":"XReport",{FORM}}}"#));
    agrees(&x, &expected);
    duplicates(&day, (&sold[0], &sold[2]), &x, &taken);
    reads_everything(&day, &returns);

    let closed = day.post("operations/closeday", &format!("{{{FORM}}}"));
    agrees(&closed, &expected);
    let agree = closed.at("data.additionalData.reconciliation.agrees");
    assert_eq!(agree, "true", "{}", closed.text);
    let printed = day.shop.receipts();
    let of_kind = |wanted: &str| -> Vec<String> {
        let receipts = printed.iter().filter(|(_, _, kind)| *kind == wanted);
        receipts.map(|(total, ..)| total.clone()).collect()
    };
    assert_eq!(of_kind("sale"), expected.fiscal);
    let refunded: i64 = of_kind("refund").iter().map(|total| bani(total)).sum();
    assert_eq!(refunded, expected.refunds);

    let period = r#""detailed":true,"filterType":"ByZReportNumber","firstZReportNumber":"1","lastZReportNumber":"1""#;
    let body = format!(r#"{{"reportSettings":{{{period}}},{FORM}}}"#);
    let rows = form(&day.post("periodicreports", &body), "data");
    for begin in ["VÂNZĂRI", "RAPORT Z 1", "Imprimanta fiscală"] {
        assert_eq!(figure(&rows, begin), expected.sales, "{rows:#?}");
    }
    assert_eq!(figure(&rows, "RETURURI"), expected.refunds);
    day.post("periodicreports/print", &format!("{{{period}}}"));
    let all = schema::operations().into_iter();
    let all: BTreeSet<String> = all
        .map(|(method, path)| format!("{method} {path}"))
        .collect();
    assert_eq!(all.len(), 35);
    assert_eq!(*day.used.borrow(), all);
}

/// Sells, and compares the form with the document. Every third sale is an alternative receipt.
fn sells(day: &Day, number: i64, expected: &mut Expected) -> Reply {
    let id = Uuid::new_v4();
    let body = format!(r#"{{"id":"{id}",{FORM},{}}}"#, sale(number));
    let (reply, document, alternative) = match number % 6 {
        0 | 3 => (
            day.post("operations/sale", &body),
            "data.fiscalReceipt",
            false,
        ),
        1 | 4 => (day.post("receipts", &body), "data", false),
        _ => (day.post("alternativereceipts", &body), "data", true),
    };
    let at = |name: &str| reply.at(&format!("{document}.{name}"));
    let total = bani(&at("totalAmount"));
    let rows = form(&reply, document);
    assert_eq!(figure(&rows, "TOTAL"), total, "{rows:#?}");
    assert_eq!(figure(&rows, "REST"), bani(&at("totalChange")));
    let taxes: i64 = rows
        .iter()
        .filter(|row| row.starts_with("TVA "))
        .map(|row| bani(row.rsplit(' ').next().unwrap()))
        .sum();
    let items = reply.list(&format!("{document}.items"));
    let sum = |name: &str| -> i64 {
        (0..items)
            .map(|item| bani(&at(&format!("items.{item}.{name}"))))
            .sum()
    };
    assert_eq!(sum("finalAmount"), total);
    assert_eq!(sum("finalTaxAmount"), taxes, "{rows:#?}");
    if alternative {
        expected.alternative.0 += 1;
        expected.alternative.1 += total;
    } else {
        expected.sales += total;
        expected.tax += taxes;
        expected.fiscal.push(at("totalAmount"));
        for payment in 0..reply.list(&format!("{document}.payments")) {
            let paid = |name| bani(&at(&format!("payments.{payment}.{name}")));
            let kept = paid("amount") - paid("change");
            match at(&format!("payments.{payment}.typeCode")).as_str() {
                "0" => expected.cash += kept,
                _ => expected.card += kept,
            }
        }
    }
    // The same request again answers the same document and the same form.
    if number % 7 == 0 {
        let path = match number % 6 {
            0 | 3 => "operations/sale",
            1 | 4 => "receipts",
            _ => "alternativereceipts",
        };
        let again = day.post(path, &body);
        assert!(again.replayed, "{}", again.text);
        assert_eq!(again.text, reply.text);
    }
    reply
}

/// Gives back a whole sale by each of the two operations. Returns the id of the second return.
fn gives_back(day: &Day, sold: &[Reply], expected: &mut Expected) -> String {
    let mut last = String::new();
    for (operation, reply, document) in [
        ("operations/return", &sold[3], "data.fiscalReceipt"),
        ("returnreceipts", &sold[4], "data"),
    ] {
        let at = |name: &str| reply.at(&format!("{document}.{name}"));
        let items = shop::value(&reply.body, &format!("{document}.items"));
        let total = at("totalAmount");
        let body = format!(
            r#"{{"id":"{}",{FORM},"originalReceiptId":"{}","items":{items},"payments":[{{"typeCode":0,"amount":{total}}}]}}"#,
            Uuid::new_v4(),
            at("id")
        );
        let back = day.post(operation, &body);
        assert_eq!(back.at("data.totalAmount"), total);
        let rows = form(&back, "data");
        assert!(rows.contains(&"RETUR".to_owned()), "{rows:#?}");
        assert_eq!(figure(&rows, "TOTAL"), bani(&total));
        expected.refunds += bani(&total);
        expected.cash -= bani(&total);
        last = back.at("data.id");
    }
    last
}

/// A report and its form have the expected sums.
fn agrees(report: &Reply, expected: &Expected) {
    let at = |name: &str| bani(&report.at(&format!("data.{name}")));
    assert_eq!(at("totalAmount"), expected.sales);
    assert_eq!(at("totalTaxAmount"), expected.tax);
    assert_eq!(at("finalBalance"), expected.cash);
    let count = expected.fiscal.len().to_string();
    assert_eq!(report.at("data.receiptCount"), count);
    let alternative = bani(&report.at("data.additionalData.alternative.amount"));
    assert_eq!(alternative, expected.alternative.1);
    let rows = form(report, "data");
    let section = |begin: String| figure(&rows, &begin);
    assert_eq!(section(format!("VÂNZĂRI ({count})")), expected.sales);
    assert_eq!(section("RETURURI (2)".to_owned()), expected.refunds);
    let (count, amount) = expected.alternative;
    assert_eq!(section(format!("BONURI DE PLATĂ ({count})")), amount);
    assert_eq!(section("Numerar în casă".to_owned()), expected.cash);
    assert_eq!(section("Card".to_owned()), expected.card);
}

/// The form of a duplicate has the rows of the first one and its mark.
fn duplicates(day: &Day, (fiscal, alternative): (&Reply, &Reply), x: &Reply, cash: &Reply) {
    for (group, reply, document) in [
        ("receipts", fiscal, "data.fiscalReceipt"),
        ("alternativereceipts", alternative, "data"),
        ("reports", x, "data"),
        ("cashoperations", cash, "data"),
    ] {
        let id = reply.at(&format!("{document}.id"));
        let copy = day.post(&format!("{group}/{id}/duplicate"), &format!("{{{FORM}}}"));
        let mut rows = form(&copy, "data");
        let mark = rows.iter().position(|row| row == "(COPIE)");
        rows.remove(mark.unwrap_or_else(|| panic!("{rows:#?}")));
        assert_eq!(rows, form(reply, document));
    }
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

//! Random receipts, with discounts, surcharges, levies, cash rounding and returns: every paper of each has the figures of the books.
//! The papers are the fiscal printer's receipt, the slip, the print forms of both types, and their copies.
//!
//! A failure prints the order; the orders are the same in every run.

mod shop;

use std::collections::HashSet;

use ferrotill_device::emulator::{Family, Rig, RigOptions};
use ferrotill_testkit::config::{ConfigText, Device, text};
use ferrotill_testkit::paper::{BookedReceipt, PaperWords, documents_of};
use shop::books::{
    assert_cash, assert_fiscal_receipt, assert_nonfiscal, assert_receipt, assert_report, booked,
    form_lines,
};
use shop::inside::Shop;
use shop::outside::{Process, until};
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, value};

use ferrotill::api::json::JsonValue;

/// Random numbers that are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    fn one_of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        let place = self.below(texts.len().try_into().unwrap());
        texts[usize::try_from(place).unwrap()]
    }

    /// A discount or surcharge: the fields of mode and value, named `mode` and `value` with these beginnings.
    fn modifier(&mut self, [mode, value]: [&str; 2]) -> String {
        let hundredths = i64::try_from(self.below(3_000)).unwrap() - 2_000;
        let amount = format!(
            "{}{}.{:02}",
            if hundredths < 0 { "-" } else { "" },
            hundredths.abs() / 100,
            hundredths.abs() % 100
        );
        match self.below(4) {
            0 => format!(r#""{mode}":"ByPercent","{value}":{amount}"#),
            1 if hundredths.abs() < 500 => {
                format!(r#""{mode}":"ByAmount","{value}":{amount}"#)
            }
            _ => String::new(),
        }
    }

    /// The items of an order, each with a name of its own.
    fn items(&mut self, groups: &[&str], modified: bool) -> Vec<String> {
        let count = 1 + self.below(4);
        let item = |place| {
            let (quantity, price) = (1_000 + self.below(20_000), 800 + self.below(50_000));
            let change = match modified {
                true => self.modifier(["modifierMode", "modifierValue"]),
                false => String::new(),
            };
            let comment = self.one_of(&["", r#""comment":"feliată subțire""#]);
            let comma = |field: &str| match field {
                "" => String::new(),
                field => format!(",{field}"),
            };
            format!(
                r#"{{"name":"Pâine № {place} la cuptor","quantity":{}.{:03},"price":{}.{:02},"taxGroupCode":"{}"{}{}}}"#,
                quantity / 1_000,
                quantity % 1_000,
                price / 100,
                price % 100,
                self.one_of(groups),
                comma(&change),
                comma(comment)
            )
        };
        (1..=count).map(item).collect()
    }

    fn payments(&mut self) -> String {
        let cash = r#"{"typeCode":0,"amount":99999.00}"#;
        match self.below(3) {
            0 => format!(r#"{{"typeCode":1,"amount":1.23}},{cash}"#),
            _ => cash.to_owned(),
        }
    }
}

fn id(number: usize) -> String {
    format!("7a0b9f0e-4a4e-4a53-9a3b-0d6f6f{number:06}")
}

/// An order with its id, and with `more` before its other fields.
fn body(id: &str, more: &str, order: &str) -> String {
    format!(r#"{{"id":"{id}",{more}{order}}}"#)
}

/// The forms of a document that was made by this order: both types, none of them a copy.
fn check_forms(
    client: &Client,
    (operation, id, order): (&str, &str, &str),
    (words, member): (&PaperWords, &str),
    books: &BookedReceipt,
) {
    for form in ["Json", "Html"] {
        let more = format!(r#""printOnServer":false,"printFormMediaType":"{form}","#);
        let again = client.post(operation, &body(id, &more, order));
        assert!(again.replayed, "{}", again.text);
        let lines = form_lines(value(&again.body, member));
        let read = assert_receipt(&format!("{form} of {order}"), &lines, words, books);
        assert!(!read.is_copy, "{lines:#?}");
    }
}

/// The forms of the copy of a receipt.
fn check_copies(client: &Client, path: &str, words: &PaperWords, books: &BookedReceipt) {
    for form in ["Json", "Html"] {
        let body = format!(r#"{{"printOnServer":false,"printFormMediaType":"{form}"}}"#);
        let copy = client.post(&format!("{path}/duplicate"), &body);
        let lines = form_lines(value(&copy.body, "data"));
        let read = assert_receipt(&format!("copy of {path}"), &lines, words, books);
        assert!(read.is_copy, "{lines:#?}");
    }
}

/// Gives back the first line of a sale, paid with a card.
fn give_back(
    client: &Client,
    id: &str,
    original: &str,
    sold: &JsonValue,
    item: &str,
) -> (String, Reply) {
    let JsonValue::Number(amount) = value(sold, "items.0.finalAmount") else {
        panic!("{sold}");
    };
    // The line is recognised by what the caller copies; its modifiers are those of the sale.
    let item = item.split(",\"modifierMode\"").next().unwrap();
    let item = item
        .split(",\"comment\"")
        .next()
        .unwrap()
        .trim_end_matches('}');
    let order = format!(
        r#""originalReceiptId":"{original}","items":[{item}}}],"payments":[{{"typeCode":1,"amount":{amount}}}]"#
    );
    let reply = client.post("operations/return", &body(id, "", &order));
    (order, reply)
}

/// Sells and gives back at random. `paper` reads what was printed last; `fiscal` says whether orders alternate between fiscal and
/// alternative receipts.
fn sell_at_random(
    client: &Client,
    words: &PaperWords,
    (groups, fiscal): (&[&str], bool),
    printed: impl Fn(&str, &BookedReceipt, bool),
) {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let mut kinds = HashSet::new();
    for turn in 0..24 {
        let is_fiscal = fiscal && turn % 2 == 0;
        let mode = match (fiscal, is_fiscal) {
            (false, _) => "",
            (_, true) => r#""receiptMode":"FiscalReceiptOnly","#,
            (_, false) => r#""receiptMode":"AlternativeReceiptOnly","#,
        };
        // A fiscal printer shows the receipt's modifiers as parts of the lines.
        let items = numbers.items(groups, true);
        let modifier = numbers.modifier(["mode", "value"]);
        let modifiers = match modifier.as_str() {
            "" => String::new(),
            modifier => format!(r#""amountModifications":[{{{modifier}}}],"#),
        };
        let order = format!(
            r#"{mode}{modifiers}"items":[{}],"payments":[{}]"#,
            items.join(","),
            numbers.payments()
        );
        let id = id(turn);
        let sold = client.post("operations/sale", &body(&id, "", &order));
        assert_eq!(sold.status, 200, "{order}: {}", sold.text);
        let alternative = sold.at("data.receiptType") == "AlternativeReceipt";
        let (member, list) = match alternative {
            true => ("data.alternativeReceipt", "alternativereceipts"),
            false => ("data.fiscalReceipt", "receipts"),
        };
        let document = value(&sold.body, member);
        let books = booked(document);
        kinds.insert((alternative, books.modification != 0, books.rounding != 0));
        printed(&order, &books, alternative);
        check_forms(
            client,
            ("operations/sale", &id, &order),
            (words, member),
            &books,
        );
        check_copies(client, &format!("{list}/{id}"), words, &books);
        if alternative {
            continue;
        }
        let back = id.replace("7a0b9f0e", "7a0b9f0f");
        let (order, reply) = give_back(client, &back, &id, document, &items[0]);
        assert_eq!(reply.status, 200, "{order}: {}", reply.text);
        let books = booked(value(&reply.body, "data"));
        printed(&order, &books, alternative);
        check_forms(
            client,
            ("operations/return", &back, &order),
            (words, "data"),
            &books,
        );
    }
    assert!(kinds.len() > 2, "{kinds:?}");
}

fn check_reports(client: &Client, (words, has_levy): (&PaperWords, bool), names: [&str; 2]) {
    for form in ["Json", "Html"] {
        let more = format!(r#"{{"printOnServer":false,"printFormMediaType":"{form}""#);
        let cash = client.post("cashoperations", &format!(r#"{more},"amount":12.30}}"#));
        assert_cash(form, &form_lines(value(&cash.body, "data")), words, &cash);
        let note = r#","text":"Masa 7, brânză\nPoftă bună"}"#;
        let text = client.post("nonfiscalreceipts", &format!("{more}{note}"));
        assert_nonfiscal(form, &form_lines(value(&text.body, "data")), words, &text);
        let out = client.post("cashoperations", &format!(r#"{more},"amount":-4.50}}"#));
        assert_cash(form, &form_lines(value(&out.body, "data")), words, &out);
        let report = client.post("operations/intermediatetotals", &format!("{more}}}"));
        let lines = form_lines(value(&report.body, "data"));
        assert_report(form, &lines, (words, has_levy), names, &report);
    }
    let report = client.post("operations/closeday", r#"{"printOnServer":false}"#);
    let lines = form_lines(value(&report.body, "data"));
    assert_report("Z", &lines, (words, has_levy), names, &report);
    let path = format!("reports/{}/duplicate", report.at("data.id"));
    let copy = client.post(&path, r#"{"printOnServer":false}"#);
    let lines = form_lines(value(&copy.body, "data"));
    assert_report("copy of Z", &lines, (words, has_levy), names, &report);
}

fn words_of(country: &str) -> PaperWords {
    let facts = ferrotill_core::profile::by_code(country).unwrap().facts();
    PaperWords::of(facts.language, facts.currency)
}

fn is_connected(client: &Client) -> bool {
    client.open("/healthz").at("printers.0.connected") == "true"
}

#[test]
fn random_receipts_of_a_fiscal_printer_have_the_figures_of_the_books_on_every_paper() {
    let shop = Shop::open();
    until("the printer is connected", || is_connected(&shop.client));
    let words = words_of("MD");
    sell_at_random(
        &shop.client,
        &words,
        (&["A", "B"], true),
        |order, books, alternative| {
            let roll = shop.rig.paper();
            let documents = documents_of(&roll);
            let last = documents.last().unwrap();
            if alternative {
                let read = assert_receipt(order, last, &words, books);
                assert!(!read.is_copy, "{last:#?}");
            } else {
                assert_fiscal_receipt(order, last, books);
            }
        },
    );
    check_reports(
        &shop.client,
        (&words, false),
        ["VÂNZĂRI", "Numerar în casă"],
    );
}

#[test]
fn random_receipts_with_a_levy_and_cash_rounding_have_the_figures_of_the_books_on_every_paper() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("printer");
    let mut options = RigOptions::new(link.clone());
    options.family = Family::Escpos;
    let rig = Rig::start(options).unwrap();
    let office = Process::authority();
    let uri = format!("escpos+serial://{}?baud=115200", link.display());
    let device = Device::new(DEVICE, "Till 1", &uri)
        .tax_group("A", "20.00")
        .tax_group("F", "5.00")
        .payment_names("Готівка", "Картка")
        .point_of_sale(POINT_OF_SALE, "1");
    let config = ConfigText::new("UA", folder.path().join("books"))
        .owner("Крамниця", "1111111111")
        .set("till", "address", text("вул. Прикладна, 1"))
        .device(device)
        .upstream(&office.client.url);
    let file = folder.path().join("ferrotill.toml");
    std::fs::write(&file, config.to_string()).unwrap();
    let agent = Process::agent(&file);
    let client = &agent.client;
    until("the printer is connected", || is_connected(client));
    let first = r#""items":[{"name":"Сидр","quantity":1,"price":2,"taxGroupCode":"A"}],"payments":[{"typeCode":1,"amount":2}]"#;
    until("the first numbers of the authority are there", || {
        client
            .post("operations/sale", &body(&id(99), "", first))
            .status
            == 200
    });
    let words = words_of("UA");
    let read = std::cell::Cell::new(rig.paper().len());
    sell_at_random(
        client,
        &words,
        (&["A", "F", "AF"], false),
        |order, books, _| {
            let roll = rig.paper();
            let last: Vec<&str> = roll[read.get()..].lines().collect();
            read.set(roll.len());
            assert_receipt(order, &last, &words, books);
        },
    );
    check_reports(client, (&words, true), ["ПРОДАЖІ", "Готівка в касі"]);
}

//! Returns over real HTTP: which line of the sale comes back, how much of it, and what its tax groups and the day show.

mod shop;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use ferrotill::api::json::JsonValue;
use ferrotill_device::emulator::{FaultKind, FaultOrder, Power};
use ferrotill_testkit::config::{ConfigText, Device};
use shop::inside::Shop;
use shop::outside::{Process, until};
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, count, value};
use uuid::Uuid;

/// The printer's command that closes a receipt.
const CLOSE: u8 = 0x38;

fn body(original: Option<&str>, items: &str, total: &str, more: &str) -> String {
    let id = Uuid::new_v4();
    let original = original.map_or(String::new(), |id| {
        format!(r#""originalReceiptId":"{id}","#)
    });
    format!(
        r#"{{"id":"{id}",{original}"items":[{items}],"payments":[{{"typeCode":1,"amount":{total}}}]{more}}}"#
    )
}

fn loaf(more: &str) -> String {
    format!(r#"{{"name":"Piine","quantity":1,"price":10.00,"taxGroupCode":"A"{more}}}"#)
}

/// Sells by card. Returns the id of the sale and its items as the answer tells them.
fn sell(client: &Client, items: &[String], total: &str, more: &str) -> (String, Vec<JsonValue>) {
    let sold = client.post(
        "operations/sale",
        &body(None, &items.join(","), total, more),
    );
    let id = sold.receipt("id");
    let JsonValue::Array(items) = value(&sold.body, "data.fiscalReceipt.items") else {
        panic!("{}", sold.text)
    };
    (id, items.clone())
}

fn give_back(client: &Client, id: &str, item: &str, total: &str) -> Reply {
    client.post("operations/return", &body(Some(id), item, total, ""))
}

/// Gives an item back. The return must be registered with this total.
fn gives(client: &Client, id: &str, item: &str, total: &str) -> Reply {
    let back = give_back(client, id, item, total);
    assert_eq!(back.status, 200, "{item}: {}", back.text);
    assert_eq!(back.at("data.totalAmount"), total, "{item}");
    back
}

/// Gives an item back. The return must be refused with this error at this path, and the message must contain a figure.
fn refuses(client: &Client, id: &str, item: &str, total: &str, wanted: [&str; 3]) {
    let back = give_back(client, id, item, total);
    let [error, path, figure] = wanted;
    assert_eq!(
        back.verdict(),
        (422, "not_registered", error.to_owned()),
        "{item}: {}",
        back.text
    );
    assert_eq!(back.paths()[0], path, "{}", back.text);
    assert!(back.at("message").contains(figure), "{}", back.text);
}

#[test]
fn the_line_with_the_given_amount_comes_back() {
    let shop = Shop::open();
    let less = r#","amountModifications":[{"mode":"ByAmount","value":-1.00}]"#;
    let three = [loaf(""), loaf(""), loaf("")];
    let (id, items) = sell(&shop.client, &three, "29.00", less);
    let amounts: Vec<String> = items
        .iter()
        .map(|item| value(item, "finalAmount").to_string())
        .collect();
    assert_eq!(amounts, ["9.66", "9.67", "9.67"]);
    gives(&shop.client, &id, &loaf(r#","finalAmount":9.67"#), "9.67");
    gives(&shop.client, &id, &loaf(r#","finalAmount":9.67"#), "9.67");
    refuses(
        &shop.client,
        &id,
        &loaf(r#","finalAmount":9.67"#),
        "9.67",
        ["ReturnExceedsAmount", "items[0].finalAmount", "9.66"],
    );
    gives(&shop.client, &id, &loaf(""), "9.66");
    refuses(
        &shop.client,
        &id,
        &loaf(""),
        "9.66",
        ["ReturnExceedsQuantity", "items[0].quantity", "0.000"],
    );
}

#[test]
fn of_two_like_lines_the_discounted_one_comes_back_for_its_own_amount() {
    let shop = Shop::open();
    let half = loaf(r#","modifierMode":"ByPercent","modifierValue":-50"#);
    let lines = [loaf(""), half.clone()];
    // Found by the amount alone, by the discount alone, and by everything that the answer says.
    for (first, second) in [
        (loaf(r#","finalAmount":5.00"#), loaf("")),
        (half.clone(), loaf(r#","finalAmount":10.00"#)),
    ] {
        let (id, _) = sell(&shop.client, &lines, "15.00", "");
        gives(&shop.client, &id, &first, "5.00");
        gives(&shop.client, &id, &second, "10.00");
    }
    let (id, items) = sell(&shop.client, &lines, "15.00", "");
    gives(&shop.client, &id, &items[1].to_string(), "5.00");
    refuses(
        &shop.client,
        &id,
        &items[1].to_string(),
        "5.00",
        ["ReturnExceedsQuantity", "items[0].quantity", "0.000"],
    );
    gives(&shop.client, &id, &items[0].to_string(), "10.00");
}

#[test]
fn a_line_is_found_by_its_good_and_its_row() {
    let shop = Shop::open();
    let goods = [Uuid::new_v4(), Uuid::new_v4()];
    let of_good = |good: Uuid, more: &str| loaf(&format!(r#","goodId":"{good}"{more}"#));
    let dear = r#","modifierMode":"ByAmount","modifierValue":1.00"#;
    let lines = [of_good(goods[0], ""), of_good(goods[1], dear)];
    let (id, _) = sell(&shop.client, &lines, "21.00", "");
    gives(&shop.client, &id, &of_good(goods[1], ""), "11.00");
    gives(&shop.client, &id, &of_good(goods[0], ""), "10.00");
    let (id, _) = sell(&shop.client, &[loaf(""), loaf(dear)], "21.00", "");
    gives(&shop.client, &id, &loaf(r#","rowNumber":2"#), "11.00");
    for row in ["0", "-1", "1.5", "70000", "null", "\"one\"", "[]"] {
        let odd = loaf(&format!(r#","rowNumber":{row}"#));
        refuses(
            &shop.client,
            &id,
            &odd,
            "11.00",
            ["RefundUneven", "payments", "10.00"],
        );
    }
}

#[test]
fn a_part_gives_back_at_most_its_share_and_leaves_the_rest() {
    let shop = Shop::open();
    let part = |quantity: &str, amount: &str| {
        format!(
            r#"{{"name":"Piine","quantity":{quantity},"price":10.00,"taxGroupCode":"A","finalAmount":{amount}}}"#
        )
    };
    let (id, _) = sell(&shop.client, &[loaf("")], "10.00", "");
    for (quantity, amount, share) in [
        ("0.001", "10.00", "0.01"),
        ("0.5", "10.00", "5.00"),
        ("0.5", "5.01", "5.00"),
        ("1", "10.01", "10.00"),
    ] {
        refuses(
            &shop.client,
            &id,
            &part(quantity, amount),
            amount,
            ["ReturnExceedsAmount", "items[0].finalAmount", share],
        );
    }
    // A part for less than its share leaves a quantity for the rest.
    gives(&shop.client, &id, &part("1", "4.00"), "4.00");
    refuses(
        &shop.client,
        &id,
        &part("0.5", "5.01"),
        "5.01",
        ["ReturnExceedsAmount", "items[0].finalAmount", "5.00"],
    );
    gives(&shop.client, &id, &part("0.5", "5.00"), "5.00");
    gives(&shop.client, &id, &part("1", "1.00"), "1.00");
    refuses(
        &shop.client,
        &id,
        &part("0.1", "0.01"),
        "0.01",
        ["ReturnExceedsQuantity", "items[0].quantity", "0.000"],
    );
}

/// A Ukrainian till without a printer, whose lines may have two taxes.
fn ukrainian(folder: &Path, authority: &str) -> Process {
    let device = Device::new(DEVICE, "Till 1", "none")
        .tax_group("A", "20.00")
        .tax_group("F", "5.00")
        .point_of_sale(POINT_OF_SALE, "1");
    let config = ConfigText::new("UA", folder.join("books"))
        .owner("Крамниця", "1111111111")
        .device(device)
        .upstream(authority);
    let file = folder.join("ferrotill.toml");
    fs::write(&file, config.to_string()).unwrap();
    Process::agent(&file)
}

#[test]
fn the_last_cheap_piece_does_not_pay_for_the_others() {
    let shop = Shop::open();
    let pieces = |quantity: &str, more: &str| {
        format!(r#"{{"name":"Punga","quantity":{quantity},"price":0.02,"taxGroupCode":"A"{more}}}"#)
    };
    let (id, _) = sell(&shop.client, &[pieces("100", "")], "2.00", "");
    // The sums of `amount` and `taxAmount` of the parts, in minor units.
    let mut sums = [0, 0];
    let mut part = |quantity: &str, amount: &str| {
        let item = pieces(quantity, &format!(r#","finalAmount":{amount}"#));
        let back = gives(&shop.client, &id, &item, amount);
        for (sum, member) in sums.iter_mut().zip(["amount", "taxAmount"]) {
            let figure = back.at(&format!("data.items.0.{member}"));
            *sum += ferrotill_core::scale::parse(&figure, 2).unwrap();
        }
    };
    part("99", "0.99");
    refuses(
        &shop.client,
        &id,
        &pieces("1", r#","finalAmount":1.01"#),
        "1.01",
        ["ReturnExceedsAmount", "items[0].finalAmount", "0.02"],
    );
    // The rest of the amount keeps a quantity.
    part("1", "0.02");
    part("49", "0.98");
    refuses(
        &shop.client,
        &id,
        &pieces("1", r#","finalAmount":0.02"#),
        "0.02",
        ["ReturnExceedsAmount", "items[0].finalAmount", "0.01"],
    );
    part("0.5", "0.01");
    assert_eq!(sums, [200, 33]);
}

#[test]
fn a_line_with_two_taxes_comes_back_in_parts_that_add_up_tax_by_tax() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let agent = ukrainian(folder.path(), &authority.client.url);
    let client = &agent.client;
    let cider = |quantity: u8, price: &str, group: &str| {
        format!(
            r#"{{"name":"Сидр","quantity":{quantity},"price":{price},"taxGroupCode":"{group}"}}"#
        )
    };
    until("the authority has granted numbers", || {
        let first = body(None, &cider(1, "105.00", "AF"), "105.00", "");
        client.post("operations/sale", &first).status == 200
    });
    // The answer names all groups of the line; a return that copies them means the line.
    let (id, items) = sell(client, &[cider(1, "105.00", "AF")], "105.00", "");
    assert_eq!(value(&items[0], "taxGroupCode").to_string(), "\"AF\"");
    assert_eq!(value(&items[0], "finalTaxAmount").to_string(), "21.67");
    let whole = gives(client, &id, &items[0].to_string(), "105.00");
    assert_eq!(whole.at("data.items.0.finalTaxAmount"), "21.67");

    // Three at 0.42 contain 0.20 and 0.06, and so do their three returns together.
    let (id, _) = sell(client, &[cider(3, "0.42", "AF")], "1.26", "");
    for group in ["AF", "A", "AF"] {
        gives(client, &id, &cider(1, "0.42", group), "0.42");
    }
    let closed = client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{}", closed.text);
    until("the authority has every document", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });
    let z = authority
        .client
        .look("/sim/authority/received?kind=z_report");
    let taxes = |direction: &str, place: usize| {
        let path = format!("0.body.taxTotals.{direction}.{place}");
        let code = value(&z, &format!("{path}.taxCode")).to_string();
        (code, count(&z, &format!("{path}.taxAmount")))
    };
    // Besides, one whole line of 105.00 has come back: 16.67 and 5.00.
    assert_eq!(taxes("refund", 0), ("\"A\"".to_owned(), 1_667 + 20));
    assert_eq!(taxes("refund", 1), ("\"F\"".to_owned(), 500 + 6));
    let (sold, back) = ([taxes("sale", 0), taxes("sale", 1)], [1_667, 500]);
    assert_eq!(
        sold.map(|(_, amount)| amount),
        [20 + 2 * back[0], 6 + 2 * back[1]]
    );
}

/// Rounded one by one, the three parts would contain 0.21 and 0.06.
#[test]
fn three_parts_of_a_line_with_two_taxes_contain_the_taxes_of_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Process::start(&["authority", "--strict", "--listen", "127.0.0.1:0"]);
    let agent = ukrainian(folder.path(), &authority.client.url);
    let client = &agent.client;
    let cider = |quantity: u8| {
        format!(r#"{{"name":"Сидр","quantity":{quantity},"price":0.42,"taxGroupCode":"AF"}}"#)
    };
    until("the authority has granted numbers", || {
        let sold = body(None, &cider(3), "1.26", "");
        client.post("operations/sale", &sold).status == 200
    });
    let (id, _) = sell(client, &[cider(3)], "1.26", "");
    for _ in 0..3 {
        gives(client, &id, &cider(1), "0.42");
    }
    let closed = client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{}", closed.text);
    until("the authority has every document", || {
        count(&client.open("/healthz").body, "unsent.documents") == 0
    });
    let reports = authority
        .client
        .look("/sim/authority/received?kind=z_report");
    let taxes = |direction: &str| {
        [0, 1].map(|place| {
            let path = format!("0.body.taxTotals.{direction}.{place}.taxAmount");
            count(&reports, &path)
        })
    };
    assert_eq!((taxes("sale"), taxes("refund")), ([40, 12], [20, 6]));
}

#[test]
fn a_sale_whose_number_is_not_known_is_not_returned() {
    let shop = Shop::open();
    let sold = body(None, &loaf(""), "10.00", "");
    let id = JsonValue::parse(sold.as_bytes()).unwrap();
    let id = value(&id, "id").to_string().replace('"', "");
    shop.rig.add_fault(FaultOrder {
        kind: FaultKind::PowerCut,
        command: Some(CLOSE),
        times: 1,
        ms: 0,
    });
    let caller = std::thread::spawn({
        let client = shop.client.clone();
        move || client.post("operations/sale", &sold)
    });
    let begun = Instant::now();
    while shop.rig.snapshot(false).power == "on" {
        assert!(begun.elapsed() < Duration::from_secs(20));
        std::thread::yield_now();
    }
    // Two days are closed at the printer before the agent can ask it.
    shop.rig.add_fault(FaultOrder {
        kind: FaultKind::DropRequest,
        command: None,
        times: u32::MAX,
        ms: 0,
    });
    shop.rig.set_power(Power::On);
    assert!(shop.rig.keyboard_z() && shop.rig.keyboard_z());
    shop.rig.clear_faults();
    let path = format!("/operations/{id}");
    until("a person is needed", || {
        shop.client.open(&path).at("needs_a_person") == "true"
    });
    let without_number = r#"{"registered":true,"by":"Maria Popescu"}"#;
    let declared = shop.client.declare(&id, without_number);
    assert_eq!(declared.status, 200, "{}", declared.text);
    drop(caller.join());
    let printed = shop.receipts().len();
    refuses(
        &shop.client,
        &id,
        &loaf(""),
        "10.00",
        ["OriginalWithoutNumber", "originalReceiptId", "number"],
    );
    assert_eq!(shop.receipts().len(), printed, "nothing was printed");
    // Other sales are returned as always.
    let (id, items) = sell(&shop.client, &[loaf("")], "10.00", "");
    gives(&shop.client, &id, &items[0].to_string(), "10.00");
}

#[test]
fn a_line_of_price_zero_is_sold_as_text_and_comes_back() {
    let shop = Shop::open();
    let gift = r#"{"name":"Cadou","quantity":2,"price":0,"taxGroupCode":"B","comment":"de ziua ta","modifierMode":0,"modifierValue":0}"#;
    let (id, items) = sell(&shop.client, &[loaf(""), gift.to_owned()], "10.00", "");
    assert_eq!(shop.receipts(), [("10.00".to_owned(), 1, "sale")]);
    let paper = shop.rig.paper();
    for text in ["Cadou", "2.000 x 0.00 = 0.00", "de ziua ta"] {
        assert!(paper.contains(text), "{text}: {paper}");
    }
    for name in [
        "price",
        "amount",
        "finalAmount",
        "taxAmount",
        "finalTaxAmount",
    ] {
        assert_eq!(value(&items[1], name).to_string(), "0.00", "{name}");
    }
    // Alone it gives nothing back.
    let alone = give_back(&shop.client, &id, gift, "0.01");
    assert_eq!(alone.status, 422, "{}", alone.text);
    let both = items
        .iter()
        .map(JsonValue::to_string)
        .collect::<Vec<_>>()
        .join(",");
    gives(&shop.client, &id, &both, "10.00");
    let closed = shop.client.post("operations/closeday", "");
    assert_eq!(
        closed.at("data.additionalData.reconciliation.agrees"),
        "true",
        "{}",
        closed.text
    );
}

#[test]
fn each_of_the_six_amounts_of_a_returned_line_is_checked_and_answered() {
    let shop = Shop::open();
    let sold = r#"{"name":"Piine","quantity":3,"price":8.10,"taxGroupCode":"B","modifierMode":"ByPercent","modifierValue":-10}"#;
    let less = r#","amountModifications":[{"mode":"ByAmount","value":-3}]"#;
    let (id, _) = sell(&shop.client, &[sold.to_owned()], "18.87", less);
    // The example of the vendor's document: two of three.
    let six = r#""amountBeforeModification":16.2,"amount":14.58,"taxRate":8,"taxAmount":1.08,"finalAmount":12.56,"finalTaxAmount":0.93"#;
    let back = sold.replace("\"quantity\":3,", &format!("\"quantity\":2,{six},"));
    for (given, wrong, path) in [
        (":16.2,", ":8.1,", "amountBeforeModification"),
        (":14.58,", ":18.45,", "amount"),
        (":8,", ":20,", "taxRate"),
        (":1.08,", ":2.43,", "taxAmount"),
        (":0.93,", ":2.09,", "finalTaxAmount"),
    ] {
        let item = back.replace(given, wrong);
        let path = format!("items[0].{path}");
        refuses(
            &shop.client,
            &id,
            &item,
            "12.56",
            ["ReturnFigureDiffers", &path, ""],
        );
    }
    let item = back.replace(":12.56,", ":12.60,");
    let wanted = ["ReturnExceedsAmount", "items[0].finalAmount", "12.58"];
    refuses(&shop.client, &id, &item, "12.60", wanted);
    let given = gives(&shop.client, &id, &back, "12.56");
    for (name, answered) in [
        ("amountBeforeModification", "16.20"),
        ("amount", "14.58"),
        ("taxRate", "8.00"),
        ("taxAmount", "1.08"),
        ("finalAmount", "12.56"),
        ("finalTaxAmount", "0.93"),
    ] {
        assert_eq!(
            given.at(&format!("data.items.0.{name}")),
            answered,
            "{name}"
        );
    }
}

//! A till with a fiscal module, through the FiscalCloud API: the configuration has the class codes of the goods.

mod shop;

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::{ConfigText, text};
use shop::module_till::{
    ModuleSealer, ModuleTill, configuration, refund, sale as order_of_fiscalbox, scalar, sold,
};
use shop::outside::{program, until};
use shop::{Reply, value};
use uuid::Uuid;

const BREAD: &str = "1b4e28ba-2fa1-41d2-883f-0016d3cca427";
const MILK: &str = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
const WATER: &str = "16fd2706-8baf-433b-82eb-8c7fada847da";
const UNKNOWN: &str = "00000000-0000-4000-8000-000000000009";

fn serving(config: ConfigText) -> ConfigText {
    config.set("api", "serve", r#"["fiscalbox", "fiscalcloud"]"#)
}

fn with_goods(config: ConfigText) -> ConfigText {
    serving(config)
        .user("Aziza")
        .good(BREAD, "01905001001000000", "1282556")
        .good(MILK, "00401001001000000", "0")
        .set_good("unit", text("litr"))
        .set_good("owner_type", 1)
        .good(WATER, "02201001001000000", "0012")
        .set_good("unit", text("shisha"))
}

const ITEMS: &str = r#"{"goodId":"1b4e28ba-2fa1-41d2-883f-0016d3cca427","name":"Non","quantity":2,"price":5000.00,"taxGroupCode":"A","modifierMode":"ByPercent","modifierValue":-10},{"goodId":"6fa459ea-ee8a-4ca4-894e-db77e160355e","name":"Sut","quantity":0.5,"price":12000.00,"taxGroupCode":"A"},{"goodId":"16fd2706-8baf-433b-82eb-8c7fada847da","name":"Suv","quantity":1,"price":1000.00,"taxGroupCode":"C"}"#;

/// A sale of 15500.00: 9000.00 and 6000.00 with tax, 1000.00 without, less 500.00.
fn sale(id: Uuid, items: &str) -> String {
    format!(
        r#"{{"id":"{id}","items":[{items}],"payments":[{{"typeCode":1,"amount":10000.00,"bankTerminalRRN":"123456789012"}},{{"typeCode":0,"amount":6000.00}}],"amountModifications":[{{"mode":"ByAmount","value":-500.00}}],"additionalFooterText":"Rahmat"}}"#
    )
}

/// A cash sale of one piece of bread.
fn bread(id: Uuid, more: &str) -> String {
    format!(
        r#"{{"id":"{id}","items":[{{"goodId":"{BREAD}","name":"Non","quantity":1,"price":5000.00,"taxGroupCode":"A"{more}}}],"payments":[{{"typeCode":0,"amount":10000.00}}]}}"#
    )
}

/// A return of that sale, whose money is given back in cash.
fn return_of_bread(sale: impl std::fmt::Display) -> String {
    format!(
        r#"{{"id":"{}","originalReceiptId":"{sale}","items":[{{"goodId":"{BREAD}","name":"Non","quantity":1,"price":5000.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":5000.00}}]}}"#,
        Uuid::new_v4()
    )
}

fn post(till: &ModuleTill, operation: &str, body: &str) -> Reply {
    till.process.client.post(operation, body)
}

/// The answer of a document, which must be registered.
fn made(till: &ModuleTill, operation: &str, body: &str) -> Reply {
    let reply = post(till, operation, body);
    assert_eq!(
        (reply.status, reply.state.as_deref()),
        (200, Some("registered")),
        "{operation}: {}",
        reply.text
    );
    reply
}

/// What the answer says of the module.
fn of_module(reply: &Reply, path: &str) -> JsonValue {
    let data = JsonValue::parse(reply.at(path).as_bytes()).unwrap();
    value(&data, "module").clone()
}

/// The last order of the module.
fn last_order(till: &ModuleTill) -> JsonValue {
    let last = till.get("order/last").body;
    let data = last.get("data").or_else(|| last.get("result"));
    let data = data.unwrap_or_else(|| panic!("{last}"));
    value(data, "order").clone()
}

fn numbers(node: &JsonValue, paths: &[&str]) -> Vec<String> {
    let shown = |path: &&str| match value(node, path) {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        other => other.to_string(),
    };
    paths.iter().map(shown).collect()
}

fn a_day(sealer: ModuleSealer, firmware: &str) {
    let till = ModuleTill::sealed_by(sealer, firmware, with_goods);
    made(&till, "cashoperations", r#"{"amount":100000.00}"#);
    let sale_id = Uuid::new_v4();
    let reply = made(&till, "operations/sale", &sale(sale_id, ITEMS));
    assert_eq!(reply.receipt("totalAmount"), "15500.00");
    assert_eq!(reply.receipt("totalChange"), "500.00");
    let module = of_module(&reply, "data.fiscalReceipt.additionalData");
    assert_eq!(numbers(&module, &["receipt"]), ["1"]);
    let order = last_order(&till);
    assert_eq!(
        numbers(
            &order,
            &[
                "receipt_type",
                "cashier",
                "received_cash",
                "change",
                "received_card",
                "ppt_id",
                "uuid",
                "banners.0.data"
            ]
        ),
        [
            "order",
            "Aziza",
            "550000",
            "50000",
            "1000000",
            "123456789012",
            &sale_id.to_string(),
            "Rahmat"
        ]
    );
    let product = [
        "name",
        "amount",
        "unit_name",
        "price",
        "product_price",
        "discount",
        "vat",
        "vat_percent",
        "class_code",
        "package_code",
        "owner_type",
    ];
    for (place, expected) in [
        [
            "Non",
            "2000",
            "dona",
            "1000000",
            "500000",
            "128125",
            "93415",
            "12",
            "01905001001000000",
            "1282556",
            "0",
        ],
        [
            "Sut",
            "500",
            "litr",
            "600000",
            "1200000",
            "18750",
            "62277",
            "12",
            "00401001001000000",
            "0",
            "1",
        ],
        [
            "Suv",
            "1000",
            "shisha",
            "100000",
            "100000",
            "3125",
            "0",
            "null",
            "02201001001000000",
            "0012",
            "0",
        ],
    ]
    .into_iter()
    .enumerate()
    {
        let told = value(&order, &format!("products.{place}"));
        assert_eq!(numbers(told, &product), expected);
        let number = told.get("units").map(JsonValue::to_string);
        assert_eq!(number.as_deref(), [Some("1"), Some("23"), None][place]);
    }

    // With the id of the good, and without it: then the name is that of one line of the sale.
    let back = |item: &str, code: u8, amount: &str| {
        format!(
            r#"{{"id":"{}","originalReceiptId":"{sale_id}","items":[{item}],"payments":[{{"typeCode":{code},"amount":{amount}}}]}}"#,
            Uuid::new_v4()
        )
    };
    let milk = format!(
        r#"{{"goodId":"{MILK}","name":"Sut","quantity":0.5,"price":12000.00,"taxGroupCode":"A","finalAmount":5812.50}}"#
    );
    made(&till, "operations/return", &back(&milk, 1, "5812.50"));
    let order = last_order(&till);
    let link = numbers(&module, &["qrUrl"]).remove(0);
    assert_eq!(
        numbers(
            &order,
            &[
                "qr_code",
                "received_card",
                "products.0.class_code",
                "products.0.vat",
                "products.0.owner_type"
            ]
        ),
        [link.as_str(), "581250", "00401001001000000", "62277", "1"]
    );
    let water =
        r#"{"name":"Suv","quantity":1,"price":1000.00,"taxGroupCode":"C","finalAmount":968.75}"#;
    made(&till, "returnreceipts", &back(water, 0, "968.75"));
    assert_eq!(
        numbers(
            &last_order(&till),
            &[
                "received_cash",
                "products.0.class_code",
                "products.0.unit_name"
            ]
        ),
        ["96875", "02201001001000000", "shisha"]
    );

    made(&till, "nonfiscalreceipts", r#"{"text":"Salom"}"#);
    let drawer = post(&till, "misc/opencashdrawer", "");
    assert_eq!(drawer.status, 200, "{}", drawer.text);
    let alternative = post(&till, "alternativereceipts", &bread(Uuid::new_v4(), ""));
    assert_eq!(alternative.verdict().1, "not_registered");
    made(&till, "cashoperations", r#"{"amount":-50000.00}"#);
    let x = made(&till, "operations/intermediatetotals", "{}");
    assert_eq!(x.at("data.finalBalance"), "54531.25");
    let compared = till.get("sverka");
    assert_eq!(
        compared.path("data.reconciled"),
        "true",
        "{}",
        compared.body
    );
    let z = made(&till, "operations/closeday", "{}");
    assert_eq!(
        numbers(&of_module(&z, "data.additionalData"), &["zNumber"]),
        ["1"]
    );
    till.verify();
}

#[test]
fn a_day_of_fiscalcloud_is_sealed_by_the_module_in_software() {
    a_day(ModuleSealer::Software, "applet-3");
}

#[test]
fn a_day_of_fiscalcloud_is_sealed_by_a_device_of_each_generation() {
    for firmware in ["applet-3", "applet-4"] {
        a_day(ModuleSealer::Device, firmware);
    }
}

#[test]
fn what_one_api_has_sold_the_other_takes_back() {
    let till = ModuleTill::open_with(with_goods);
    let reply = made(&till, "operations/sale", &bread(Uuid::new_v4(), ""));
    let module = of_module(&reply, "data.fiscalReceipt.additionalData");
    let link = numbers(&module, &["qrUrl"]).remove(0);
    let back = till.post("order/refuse/", &refund(&link, ""));
    assert_eq!(
        (back.code().as_str(), back.state()),
        ("0", "registered"),
        "{}",
        back.body
    );

    let id = sold(&till, &order_of_fiscalbox("")).operation.unwrap();
    made(&till, "operations/return", &return_of_bread(id));
    assert_eq!(
        numbers(
            &last_order(&till),
            &["products.0.class_code", "products.0.vat"]
        ),
        ["01905001001000000", "53571"]
    );
    till.verify();
}

#[test]
fn a_form_of_a_receipt_shows_where_the_buyer_checks_it() {
    let till = ModuleTill::open_with(with_goods);
    let form = r#","printOnServer":false,"printFormMediaType":"Json""#;
    let body = bread(Uuid::new_v4(), "").replacen(r#","items""#, &format!(r#"{form},"items""#), 1);
    let reply = made(&till, "operations/sale", &body);
    let module = of_module(&reply, "data.fiscalReceipt.additionalData");
    let link = numbers(&module, &["qrUrl"]).remove(0);
    let shown = reply.at("data.fiscalReceipt.printFormContent");
    assert!(shown.contains(&link), "{link} is not in {shown}");
}

#[test]
fn a_price_with_a_surcharge_stays_what_the_buyer_owes() {
    let till = ModuleTill::open_with(with_goods);
    let more = r#","modifierMode":"ByAmount","modifierValue":250.00"#;
    let reply = made(&till, "operations/sale", &bread(Uuid::new_v4(), more));
    assert_eq!(reply.receipt("totalAmount"), "5250.00");
    assert_eq!(
        numbers(
            &last_order(&till),
            &[
                "products.0.price",
                "products.0.product_price",
                "products.0.discount",
                "received_cash"
            ]
        ),
        ["525000", "525000", "0", "525000"]
    );
}

#[test]
fn each_item_without_a_class_code_is_named_and_nothing_is_begun() {
    let till = ModuleTill::open_with(with_goods);
    let before = till.rows();
    let items = format!(
        r#"{{"name":"Choy","quantity":1,"price":1.00,"taxGroupCode":"A"}},{{"goodId":"{BREAD}","name":"Non","quantity":1,"price":1.00,"taxGroupCode":"A"}},{{"goodId":"{UNKNOWN}","name":"Tuz","quantity":1,"price":1.00,"taxGroupCode":"A"}}"#
    );
    let id = Uuid::new_v4();
    let body =
        format!(r#"{{"id":"{id}","items":[{items}],"payments":[{{"typeCode":0,"amount":3.00}}]}}"#);
    for operation in ["operations/sale", "receipts"] {
        let refused = post(&till, operation, &body);
        assert_eq!(
            refused.verdict(),
            (422, "not_registered", "ClassCodeMissing".to_owned()),
            "{}",
            refused.text
        );
        assert_eq!(refused.paths(), ["items[0].goodId", "items[2].goodId"]);
        let line = refused.at("fullExceptionMessage");
        assert!(line.starts_with("Kassada tovarning MXIK kodi"), "{line}");
    }
    // Other faults are named beside it, and the place of an id that is none is named once.
    let wrong = body
        .replace(UNKNOWN, "7")
        .replace(r#""quantity":1"#, r#""quantity":0"#);
    let refused = post(&till, "operations/sale", &wrong);
    let paths = refused.paths();
    assert!(paths.contains(&"items[0].goodId".to_owned()), "{paths:?}");
    assert!(paths.contains(&"items[1].quantity".to_owned()), "{paths:?}");
    let of_id = paths.iter().filter(|path| *path == "items[2].goodId");
    assert_eq!(of_id.count(), 1, "{paths:?}");

    // Neither does a return have it, if the sale is not known.
    let back = format!(
        r#"{{"id":"{id}","originalReceiptId":"{}","items":[{{"name":"Choy","quantity":1,"price":1.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":1.00}}]}}"#,
        Uuid::new_v4()
    );
    let refused = post(&till, "operations/return", &back);
    assert_eq!(refused.verdict().2, "ClassCodeMissing", "{}", refused.text);
    assert_eq!(refused.paths(), ["items[0].goodId"]);
    assert_eq!(till.rows(), before);
    assert_eq!(till.receipts(), 0);
}

#[test]
fn without_goods_every_sale_is_refused_and_money_still_moves() {
    let till = ModuleTill::open_with(|config| config.set("api", "serve", r#"["fiscalcloud"]"#));
    let refused = post(&till, "operations/sale", &bread(Uuid::new_v4(), ""));
    assert_eq!(
        refused.verdict(),
        (422, "not_registered", "ClassCodeMissing".to_owned())
    );
    made(&till, "cashoperations", r#"{"amount":5.00}"#);
    assert_eq!(till.receipts(), 0);
}

#[test]
fn a_sale_is_found_after_a_lost_answer_and_repeated_after_its_good_is_gone() {
    let mut till = ModuleTill::open_with(with_goods);
    till.trouble(r#"{"kind":"drop_answer","operation":"create","times":1}"#);
    let id = Uuid::new_v4();
    made(&till, "operations/sale", &bread(id, ""));
    assert_eq!(till.receipts(), 1);
    let without = serving(configuration(till.folder.path(), "module:software")).user("Aziza");
    std::fs::write(&till.config, without.to_string()).unwrap();
    till.crash();
    let again = made(&till, "operations/sale", &bread(id, ""));
    assert!(again.replayed, "{}", again.text);
    // What the module was told at the sale is told at the return.
    made(&till, "operations/return", &return_of_bread(id));
    assert_eq!(
        numbers(
            &last_order(&till),
            &["products.0.class_code", "products.0.package_code"]
        ),
        ["01905001001000000", "1282556"]
    );
    till.verify();
}

#[test]
fn goods_in_a_country_without_fiscal_modules_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    let checked = |config: ConfigText| {
        std::fs::write(&file, config.to_string()).unwrap();
        let mut check = program();
        let check = check.args(["config", "check", "--config"]).arg(&file);
        let output = check.output().unwrap();
        let shown = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(shown).unwrap())
    };
    let uzbek = || configuration(folder.path(), "module:software");
    let (code, shown) = checked(with_goods(uzbek()));
    assert_eq!(code, Some(0), "{shown}");
    let (code, shown) = checked(with_goods(uzbek()).set("till", "country", text("MD")));
    assert_eq!(code, Some(3), "{shown}");
    assert!(shown.contains("goods: is written"), "{shown}");
}

/// How much of its payments a provider has given back, payment by payment.
fn given_back(till: &ModuleTill, provider: &str) -> Vec<String> {
    let url = till.switch("/sim/providers");
    let all = till.told(till.agent.get(url).call()).body;
    let JsonValue::Array(paid) = value(&all, &format!("{provider}.paid")) else {
        panic!("{all}");
    };
    let refunded = paid.iter().map(|paid| scalar(value(paid, "refunded")));
    refunded.collect()
}

/// A card sale of bread that names the number of a payment.
fn bread_by_card(id: Uuid, number: &str) -> String {
    format!(
        r#"{{"id":"{id}","items":[{{"goodId":"{BREAD}","name":"Non","quantity":1,"price":5000.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":1,"amount":5000.00,"bankTerminalRRN":"{number}"}}]}}"#
    )
}

/// The money of a pinpad behind the module pays a sale through FiscalCloud: it is not given back as money without a receipt, and pays no
/// second sale.
#[test]
fn a_payment_at_a_pinpad_of_the_module_pays_a_sale_through_fiscalcloud() {
    for sealer in [ModuleSealer::Software, ModuleSealer::Device] {
        let till = ModuleTill::sealed_by(sealer, "applet-4", |config| {
            with_goods(config)
                .set("fiscalbox", "confirm_after_s", 2)
                .set("fiscalbox", "give_back_after_s", 2)
        });
        let paid = till.post("payment/xumo", r#"{"amount":500000}"#);
        assert_eq!(paid.code(), "0", "{}", paid.body);
        let number = paid.path("data.ppt_id");
        let id = Uuid::new_v4();
        made(&till, "operations/sale", &bread_by_card(id, &number));
        let again = made(&till, "operations/sale", &bread_by_card(id, &number));
        assert!(again.replayed, "{}", again.text);
        let second = post(
            &till,
            "operations/sale",
            &bread_by_card(Uuid::new_v4(), &number),
        );
        assert_eq!(
            (second.status, second.state.as_deref()),
            (422, Some("not_registered")),
            "{}",
            second.text
        );
        assert!(second.text.contains("PaymentNotUsable"), "{}", second.text);
        // A further payment that no receipt needs shows that the till has looked at both.
        let forgotten = till.post("payment/xumo", r#"{"amount":300000}"#);
        assert_eq!(forgotten.code(), "0", "{}", forgotten.body);
        until("the forgotten payment is given back", || {
            given_back(&till, "xumo").iter().any(|sum| sum == "300000")
        });
        let mut refunded = given_back(&till, "xumo");
        refunded.sort();
        assert_eq!(refunded, ["0", "300000"]);
        till.verify();
    }
}

/// A tax group `C` with a rate is a taxed group: the law gives no tax to the letter with the rate of zero alone.
#[test]
fn a_line_of_a_taxed_group_has_its_rate_whatever_its_letter() {
    let till = ModuleTill::open_with(|config| {
        with_goods(config).change_device(0, |device| {
            device
                .without_tax_groups()
                .tax_group("A", "12.00")
                .tax_group("C", "15.00")
        })
    });
    let id = Uuid::new_v4();
    let body = bread(id, "").replace(r#""taxGroupCode":"A""#, r#""taxGroupCode":"C""#);
    made(&till, "operations/sale", &body);
    let order = last_order(&till);
    assert_eq!(
        numbers(&order, &["products.0.vat_percent", "products.0.vat"]),
        ["15", "65217"]
    );
}

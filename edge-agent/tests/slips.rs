//! The slips of alternative receipts: what is on the paper is true and complete, and a payment in cash opens the drawer.

mod shop;

use shop::inside::Shop;
use shop::outside::until;

const ID: &str = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0090";

/// A line with a discount, a discount of the whole receipt, two payments and change.
fn sale(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","receiptMode":"AlternativeReceiptOnly",
        "items":[
          {{"name":"Brânză","quantity":0.345,"price":123.45,"taxGroupCode":"A","modifierMode":"ByPercent","modifierValue":-10}},
          {{"name":"Хлеб","quantity":2,"price":8.50,"taxGroupCode":"B","comment":"feliată"}}],
        "amountModifications":[{{"mode":"ByAmount","value":-1.00}}],
        "payments":[{{"typeCode":1,"amount":20.00}},{{"typeCode":0,"amount":50.00}}]}}"#
    )
}

#[test]
fn the_slip_of_an_alternative_receipt_adds_up_and_says_who_sold_when() {
    let shop = Shop::open();
    until("the printer is connected", || {
        shop.client.open("/healthz").at("printers.0.connected") == "true"
    });
    let sold = shop.client.post("operations/sale", &sale(ID));
    assert_eq!(sold.at("success"), "true", "{}", sold.verdict().2);
    let paper = shop.rig.paper();
    let rows: Vec<String> = paper
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let mut place = 0;
    for wanted in [
        "Test SRL",
        "Cod fiscal 1003600000001",
        "BON DE PLATA",
        "ABC00000001",
        "0.345 x 123.45 42.59 A",
        "Reducere -10% -4.26",
        "2.000 x 8.50 17.00 B",
        "feliata",
        "SUBTOTAL 55.33",
        "Reducere -1.00",
        "TOTAL MDL 54.33",
        "Card 20.00",
        "Numerar 50.00",
        "REST 15.67",
        "TVA A 20% din 37.64 6.27",
        "TVA B 8% din 16.69 1.24",
    ] {
        let found = rows[place..].iter().position(|row| row == wanted);
        place += found.unwrap_or_else(|| panic!("{wanted:?} is missing:\n{paper}"));
    }
    // The time of the seal stands between the number and the lines.
    let is_time = |row: &String| {
        let parts: Vec<&str> = row.split(['.', ' ', ':']).collect();
        parts.len() == 6 && parts.iter().all(|part| part.parse::<u32>().is_ok())
    };
    assert!(rows.iter().any(is_time), "{paper}");
    assert_eq!(
        shop.rig.snapshot(false).drawer_pulses,
        1,
        "cash opens the drawer"
    );
}

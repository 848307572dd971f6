//! The slips of alternative receipts: what is on the paper is true and complete, and a payment in cash opens the drawer.

mod shop;

use ferrotill_device::emulator::{Family, Rig, RigOptions};
use ferrotill_device::printer::Paper;
use shop::inside::Shop;
use shop::outside::{Process, until};
use shop::{Client, configuration};

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

/// The paper has every figure of [`sale`], in the order of reading, and the time of the seal.
fn reads_true(paper: &str, title: &str, comment: &str) {
    let rows: Vec<String> = paper
        .lines()
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let mut place = 0;
    for wanted in [
        "Test SRL",
        "Cod fiscal 1003600000001",
        title,
        "ABC00000001",
        "0.345 x 123.45 42.59 A",
        "Reducere -10% -4.26",
        "2.000 x 8.50 17.00 B",
        comment,
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
    let is_time = |row: &String| {
        let parts: Vec<&str> = row.split(['.', ' ', ':']).collect();
        parts.len() == 6 && parts.iter().all(|part| part.parse::<u32>().is_ok())
    };
    assert!(rows.iter().any(is_time), "{paper}");
}

fn is_connected(client: &Client) -> bool {
    client.open("/healthz").at("printers.0.connected") == "true"
}

#[test]
fn the_slip_of_an_alternative_receipt_adds_up_and_says_who_sold_when() {
    let shop = Shop::open();
    until("the printer is connected", || is_connected(&shop.client));
    let sold = shop.client.post("operations/sale", &sale(ID));
    assert_eq!(sold.at("success"), "true", "{}", sold.verdict().2);
    let paper = shop.rig.paper();
    reads_true(&paper, "BON DE PLATA", "feliata");
    assert_eq!(
        shop.rig.snapshot(false).drawer_pulses,
        1,
        "cash opens the drawer"
    );
}

/// A till whose only printer is a receipt printer.
struct ReceiptPrinter {
    rig: Rig,
    agent: Process,
    _office: Process,
    _folder: tempfile::TempDir,
}

impl ReceiptPrinter {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("printer");
        let mut options = RigOptions::new(link.clone());
        options.family = Family::Escpos;
        let rig = Rig::start(options).unwrap();
        let office = Process::authority();
        let file = folder.path().join("ferrotill.toml");
        let uri = format!("escpos+serial://{}?baud=115200", link.display());
        let books = folder.path().join("books");
        let text = configuration(books.to_str().unwrap(), &uri, &office.client.url);
        std::fs::write(&file, text).unwrap();
        let agent = Process::agent(&file);
        until("the printer is connected", || is_connected(&agent.client));
        Self {
            rig,
            agent,
            _office: office,
            _folder: folder,
        }
    }
}

#[test]
fn a_receipt_printer_prints_the_same_slip_in_its_own_letters_and_opens_the_drawer() {
    let till = ReceiptPrinter::open();
    let sold = till.agent.client.post("operations/sale", &sale(ID));
    assert_eq!(sold.at("success"), "true", "{}", sold.verdict().2);
    // The code pages of the printer have cedillas and no commas below.
    reads_true(&till.rig.paper(), "BON DE PLATĂ", "feliată");
    assert_eq!(till.rig.snapshot(false).drawer_pulses, 1);
    let health = till.agent.client.open("/healthz");
    assert_eq!(health.at("printers.0.objections"), "[]", "{}", health.text);
}

#[test]
fn health_says_that_the_paper_is_out_until_there_is_paper_again() {
    let till = ReceiptPrinter::open();
    let client = &till.agent.client;
    till.rig.set_paper(Paper::Out);
    let sold = client.post("operations/sale", &sale(ID));
    assert_eq!(sold.at("success"), "true", "{}", sold.verdict().2);
    let problem = || {
        let health = client.open("/healthz");
        let problems = health.list("problems");
        let says = (0..problems).find_map(|place| {
            (health.at(&format!("problems.{place}.id")) == "printer_condition")
                .then(|| health.at(&format!("problems.{place}.says")))
        });
        (health.at("status"), health.at("printers.0.trouble"), says)
    };
    until("health says so", || problem().2.is_some());
    let (status, trouble, says) = problem();
    assert_eq!(status, "degraded");
    assert!(trouble.contains("paper"), "{trouble}");
    // The trouble says the same, and what to do.
    assert!(trouble.starts_with(&says.unwrap()), "{trouble}");
    till.rig.set_paper(Paper::Ok);
    until("health has forgotten it", || problem().2.is_none());
}

#[test]
fn a_slip_that_was_not_printed_is_printed_later_and_marked_as_a_copy() {
    let till = ReceiptPrinter::open();
    let client = &till.agent.client;
    till.rig.set_paper(Paper::Out);
    let sold = client.post("operations/sale", &sale(ID));
    assert_eq!(sold.at("success"), "true", "{}", sold.verdict().2);
    let document = || client.get(&format!("alternativereceipts/{ID}"));
    let note = document().at("data.printErrorMessage");
    assert!(note.contains("paper"), "{note}");
    let again = |body: &str| client.post(&format!("alternativereceipts/{ID}/duplicate"), body);
    let refused = again("");
    let verdict = (refused.status, refused.at("errorType"));
    assert_eq!(
        verdict,
        (422, "DuplicateNotPrinted".to_owned()),
        "{}",
        refused.text
    );
    assert!(refused.at("message").contains("paper"), "{}", refused.text);
    till.rig.set_paper(Paper::Ok);
    let pulses = till.rig.snapshot(false).drawer_pulses;
    let printed = again(r#"{"printOnServer":true,"print":true}"#);
    assert_eq!(printed.status, 200, "{}", printed.text);
    let paper = till.rig.paper();
    reads_true(&paper, "BON DE PLATĂ", "feliată");
    assert!(paper.contains("(COPIE)"), "{paper}");
    assert_eq!(
        till.rig.snapshot(false).drawer_pulses,
        pulses,
        "a copy takes no money"
    );
    // It is no document, and the note is gone.
    assert_eq!(document().at("data.printErrorMessage"), "null");
    assert_eq!(client.get("alternativereceipts").at("data.totalCount"), "1");
    let other = client.post(&format!("receipts/{ID}/duplicate"), "");
    assert_eq!(
        (other.status, other.at("errorType")),
        (422, "NotFound".to_owned())
    );
}

#[test]
fn a_copy_of_what_the_fiscal_printer_has_printed_changes_no_counter() {
    let shop = Shop::open();
    let fiscal = sale(ID).replace("AlternativeReceiptOnly", "FiscalReceiptOnly");
    let sold = shop.client.post("operations/sale", &fiscal);
    assert_eq!(sold.at("success"), "true", "{}", sold.verdict().2);
    let copy = format!("receipts/{ID}/duplicate");
    shop.rig.set_paper(Paper::Out);
    let refused = shop.client.post(&copy, "");
    assert_eq!(
        (refused.status, refused.at("errorType")),
        (422, "DuplicateNotPrinted".to_owned())
    );
    shop.rig.set_paper(Paper::Ok);
    let printed = shop.client.post(&copy, "");
    assert_eq!(printed.status, 200, "{}", printed.text);
    let paper = shop.rig.paper();
    assert!(paper.contains("(COPIE)"), "{paper}");
    // The day agrees with the printer all the same.
    let z = shop.client.post("operations/closeday", "");
    assert_eq!(z.status, 200, "{}", z.text);
    let reconciliation = z.at("data.additionalData");
    assert!(
        reconciliation.contains("\"agrees\":true"),
        "{reconciliation}"
    );
}

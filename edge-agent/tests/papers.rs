//! The paper of each family of printers: a sale, a return and the slip of an alternative receipt, in Romanian and Cyrillic letters and
//! with the euro sign, as the emulated printers print them. Each paper is read back and has the figures of the books.
//!
//! The files under `golden/papers` are for people to read. After a wanted change, `WRITE_PAPERS=1 cargo test -p ferrotill --test
//! papers` writes them anew; look at each before it is committed.

mod shop;

use std::path::Path;

use ferrotill_device::emulator::{Family, Rig, RigOptions};
use ferrotill_device::family::FAMILIES;
use ferrotill_testkit::paper::{BookedReceipt, PaperWords, documents_of};
use shop::books::{assert_fiscal_receipt, booked, read_receipt};
use shop::outside::{Process, until};
use shop::{configuration, value};

const ITEMS: &str = r#"[
    {"name":"Brânză de vaci proaspătă cu smântână și mărar, țărănească, feliată la cererea clientului","quantity":0.345,"price":123.45,"taxGroupCode":"A","modifierMode":"ByPercent","modifierValue":-10},
    {"name":"Хлеб «Бородинский» нарезной","quantity":2,"price":8.50,"taxGroupCode":"B","comment":"feliată — тонко"},
    {"name":"Cafea 3 € / pachet, ½ kg","quantity":1,"price":60,"taxGroupCode":"A"}]"#;

fn sale(mode: &str) -> String {
    format!(
        r#"{{"receiptMode":"{mode}","items":{ITEMS},"amountModifications":[{{"mode":"ByAmount","value":-1.00}}],
        "payments":[{{"typeCode":1,"amount":20.00}},{{"typeCode":0,"amount":150.00}}]}}"#
    )
}

fn back(id: &str) -> String {
    format!(
        r#"{{"originalReceiptId":"{id}","items":[{{"name":"Хлеб «Бородинский» нарезной","quantity":1,"price":8.50,"taxGroupCode":"B"}}],
        "payments":[{{"typeCode":0,"amount":8.43}}]}}"#
    )
}

/// The digits of dates and times as zeros.
fn without_times(paper: &str) -> String {
    let is_time = |word: &str| {
        let parts: Vec<&str> = word.split(['.', ':', '-']).collect();
        let digits =
            |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        parts.len() == 3 && parts.iter().all(digits)
    };
    let line = |line: &str| {
        let words = line.split(' ').map(|word| {
            if is_time(word) {
                word.replace(|letter: char| letter.is_ascii_digit(), "0")
            } else {
                word.to_owned()
            }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let mut text: String = paper.lines().map(|paper| line(paper) + "\n").collect();
    text.truncate(text.trim_end().len());
    text + "\n"
}

fn assert_paper(name: &str, paper: &str) {
    let paper = without_times(paper);
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/papers/{name}.txt"));
    if std::env::var_os("WRITE_PAPERS").is_some() {
        std::fs::write(&path, &paper).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(paper, wanted, "{}", path.display());
}

/// The receipts that were printed, as the books have them.
struct Printed {
    /// The sale and its return, if the printer makes them.
    fiscal: Option<[BookedReceipt; 2]>,
    alternative: BookedReceipt,
}

/// What this printer prints; `is_fiscal` if it makes sales and returns. The paper is read back.
fn paper_of(family: &str, firmware: Option<&str>, is_fiscal: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let rig = Rig::start(RigOptions {
        family: Family::parse(family).unwrap(),
        firmware: firmware.map(str::to_owned),
        tcp: Some("127.0.0.1:0".parse().unwrap()),
        ..RigOptions::new(folder.path().join("printer"))
    })
    .unwrap();
    let printed = print_at(
        &format!("{family}+tcp://{}", rig.address().unwrap()),
        is_fiscal,
    );
    let paper = rig.paper();
    read_back(family, &paper, printed);
    paper
}

/// Compares everything on a roll with the books.
fn read_back(family: &str, roll: &str, printed: Printed) {
    let facts = ferrotill_core::profile::by_code("MD").unwrap().facts();
    let words = PaperWords::of(facts.language, facts.currency);
    let Some([sale, back]) = printed.fiscal else {
        let lines: Vec<&str> = roll.lines().collect();
        read_receipt(family, &lines, &words, &printed.alternative);
        return;
    };
    let documents = documents_of(roll);
    let mut found = 0;
    for document in &documents {
        match document[0].trim() {
            "BON FISCAL" => assert_fiscal_receipt(family, document, &sale),
            title if title.starts_with("STORNO") => assert_fiscal_receipt(family, document, &back),
            // A printer without refund receipts takes the cash out, and prints a slip.
            title if title.starts_with("SUME IESITE") => {
                assert!(title.ends_with(" -8.43"), "{family}: {document:#?}");
                continue;
            }
            "BON NEFISCAL" if document.iter().any(|line| line.trim() == "RETUR") => {
                let slip = BookedReceipt {
                    number: String::from("Bonul 1"),
                    ..back.clone()
                };
                read_receipt(family, document, &words, &slip);
            }
            "BON NEFISCAL" => {
                read_receipt(family, document, &words, &printed.alternative);
            }
            other => panic!("{family}: {other}"),
        }
        found += 1;
    }
    assert_eq!(found, 3, "{family}: {documents:#?}");
}

/// Lets an agent print at this address.
fn print_at(uri: &str, is_fiscal: bool) -> Printed {
    let folder = tempfile::tempdir().unwrap();
    let office = Process::authority();
    let file = folder.path().join("ferrotill.toml");
    let books = folder.path().join("books");
    let mut text = configuration(books.to_str().unwrap(), uri, &office.client.url);
    if let Ok(logo) = std::env::var("PAPER_LOGO") {
        text = text.replacen("[till]", &format!("[till]\nlogo = {logo:?}"), 1);
    }
    std::fs::write(&file, text).unwrap();
    let agent = Process::agent(&file);
    let client = &agent.client;
    until("the printer is connected", || {
        client.open("/healthz").at("printers.0.connected") == "true"
    });
    let fiscal = is_fiscal.then(|| {
        let sold = client.post("operations/sale", &sale("FiscalReceiptOnly"));
        assert_eq!(sold.status, 200, "{uri}: {}", sold.text);
        let given = client.post("operations/return", &back(&sold.receipt("id")));
        assert_eq!(given.status, 200, "{uri}: {}", given.text);
        [
            booked(value(&sold.body, "data.fiscalReceipt")),
            booked(value(&given.body, "data")),
        ]
    });
    let sold = client.post("operations/sale", &sale("AlternativeReceiptOnly"));
    assert_eq!(sold.status, 200, "{uri}: {}", sold.text);
    // The slip is printed, or the answer says why not.
    assert!(
        !sold.text.contains("printErrorMessage\":\""),
        "{}",
        sold.text
    );
    Printed {
        fiscal,
        alternative: booked(value(&sold.body, "data.alternativeReceipt")),
    }
}

/// Prints the slip, below a logo if the environment has one, on a receipt printer at the address in the environment, for `hardware-tests/escpos/judge.py`.
#[test]
fn the_slip_is_printed_at_the_address_of_the_environment() {
    if let Ok(uri) = std::env::var("PAPER_URI") {
        print_at(&uri, false);
    }
}

#[test]
fn the_paper_of_each_family_is_as_it_was_looked_at() {
    for family in FAMILIES {
        let firmware = family.firmware[0].name;
        let paper = paper_of(family.name, Some(firmware), true);
        assert_paper(family.name, &paper);
    }
    assert_paper("escpos", &paper_of("escpos", None, false));
}

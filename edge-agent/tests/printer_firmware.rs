//! Printers whose firmware answers in another form, or does not report its last Z-report or its day's payments: they sell and make
//! X- and Z-reports, also after a restart of the agent.

mod shop;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use ferrotill_device::emulator::{Family, FaultKind, FaultOrder, Power, Rig, RigOptions};
use ferrotill_device::family::{FAMILIES, datecs};
use ferrotill_testkit::health_page::check_says;
use ferrotill_testkit::relay::{AnswerRewriter, Rewritten};
use shop::configuration;
use shop::forms::{FormShop, FormTill};
use shop::outside::{Process, finished, until};
use shop::till::SALE;

const LAST_Z: u8 = 0x40;
const DAY_PAYMENTS: u8 = 0x6E;
const CASH: u8 = 0x46;
const CLOSE: u8 = 0x38;
const DAY_SALES: u8 = 0x41;

fn plays_two_days(family: &str, firmware: Option<&str>, lacks: &[u8]) {
    let case = format!("{family}, {firmware:?}, without {lacks:02X?}");
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("printer");
    let rig = Rig::start(RigOptions {
        family: Family::parse(family).unwrap(),
        lacks: lacks.to_vec(),
        firmware: firmware.map(str::to_owned),
        ..RigOptions::new(link.clone())
    })
    .unwrap();
    let office = Process::authority();
    let file = folder.path().join("ferrotill.toml");
    let uri = format!("{family}+serial://{}?baud=115200", link.display());
    let books = folder.path().join("books");
    let text = configuration(books.to_str().unwrap(), &uri, &office.client.url);
    fs::write(&file, text).unwrap();
    for day in 1..=2 {
        let mut agent = Process::agent(&file);
        for operation in ["operations/sale", "operations/intermediatetotals"] {
            let body = if operation == "operations/sale" {
                SALE
            } else {
                "{}"
            };
            let done = agent.client.post(operation, body);
            assert_eq!(done.status, 200, "{case}, {operation}: {}", done.text);
        }
        // The restart must not end the day.
        agent.kill();
        agent = Process::agent(&file);
        let sold = agent.client.post("operations/sale", SALE);
        assert_eq!(sold.status, 200, "{case}: {}", sold.text);
        let closed = agent.client.post("operations/closeday", "{}");
        assert_eq!(closed.status, 200, "{case}: {}", closed.text);
        assert_eq!(closed.at("data.receiptCount"), "2", "{case}");
        let agrees = closed.at("data.additionalData.reconciliation.agrees");
        assert_eq!(agrees, "true", "{case}: {}", closed.text);
        agent.kill();
        let printed = rig.snapshot(true);
        assert_eq!(printed.z_number, day, "{case}");
        assert_eq!(printed.fiscal_receipts.len(), 2 * day as usize, "{case}");
    }
    let (code, told) = finished(&["verify", "--config", file.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{case}: {}", told);
}

#[test]
fn printers_answer_in_the_forms_of_their_manuals_and_of_their_makers_code() {
    for family in FAMILIES {
        for firmware in family.firmware {
            plays_two_days(family.name, Some(firmware.name), &[]);
        }
    }
}

#[test]
fn commands_that_the_firmware_does_not_know_do_not_stop_a_printer() {
    plays_two_days("datecs", None, &[LAST_Z, DAY_PAYMENTS]);
    plays_two_days("datecs-b", None, &[CASH, DAY_SALES]);
}

#[test]
fn a_receipt_whose_close_was_lost_is_found_without_the_counter_of_fiscal_receipts() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("printer");
    let rig = Rig::start(RigOptions {
        lacks: vec![DAY_PAYMENTS],
        ..RigOptions::new(link.clone())
    })
    .unwrap();
    let office = Process::authority();
    let file = folder.path().join("ferrotill.toml");
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let books = folder.path().join("books");
    let text = configuration(books.to_str().unwrap(), &uri, &office.client.url);
    fs::write(&file, text).unwrap();
    let agent = Process::agent(&file);
    rig.add_fault(FaultOrder {
        kind: FaultKind::PowerCut,
        command: Some(CLOSE),
        times: 1,
        ms: 0,
    });
    let caller = thread::spawn({
        let client = agent.client.clone();
        move || client.post("operations/sale", SALE)
    });
    until("the close is executed", || {
        rig.snapshot(false).power != "on"
    });
    rig.set_power(Power::On);
    let sold = caller.join().unwrap();
    assert_eq!(sold.status, 200, "{}", sold.text);
    assert_eq!(rig.snapshot(true).fiscal_receipts.len(), 1);
}

/// An agent with an emulated printer of group A behind a relay: the data of the answers to one command become `data`.
fn relayed(folder: &Path, command: u8, data: &'static [u8]) -> FormShop {
    let rewrite = Arc::new(move |_: &[u8]| Rewritten::Data(data.to_vec()));
    let rewriter = AnswerRewriter::new(&datecs::PROTOCOL, command, rewrite);
    let till = FormTill::new(&datecs::PROTOCOL, folder, |rig| rig, Some(rewriter));
    let section = |_: usize, till: &FormTill| till.section().set("answer_timeout_ms", 3_000);
    FormShop::open(folder, vec![till], section)
}

#[test]
fn an_answer_in_an_unknown_form_is_shown_in_health_and_the_shop_sells() {
    let folder = tempfile::tempdir().unwrap();
    let shop = relayed(folder.path(), LAST_Z, b"Z=1;17.50");
    let client = shop.agent.client.on(shop.tills[0].device);
    let sold = client.post("operations/sale", SALE);
    assert_eq!(sold.status, 200, "{}", sold.text);
    let health = shop.agent.client.open("/healthz");
    let unknown = (0..health.list("problems"))
        .map(|place| format!("problems.{place}"))
        .find(|problem| health.at(&format!("{problem}.id")) == "printer_answer_unknown")
        .expect("the answer is shown");
    check_says(
        "printer_answer_unknown",
        &health.at(&format!("{unknown}.says")),
    );
    let health = health.text;
    for words in [
        "printer_answer_unknown",
        "command 40h: 5A 3D 31 3B 31 37 2E 35 30",
        "send this text to us",
        "the number of the last Z-report",
    ] {
        assert!(health.contains(words), "{words}\n{health}");
    }
    let closed = client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{}", closed.text);
}

#[test]
fn a_printer_without_a_serial_number_does_not_sell_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let shop = relayed(folder.path(), 0x5A, b"FP-700");
    let client = shop.agent.client.on(shop.tills[0].device);
    let sold = client.post("operations/sale", SALE);
    assert_ne!(sold.status, 200, "{}", sold.text);
    let health = shop.agent.client.open("/healthz").text;
    assert!(health.contains("no serial number"), "{health}");
}

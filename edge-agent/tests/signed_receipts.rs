//! A till whose law has receipts signed: sales, returns and the day, outages, the ends of months, crashes, and the secrets of the folder.
//! The judge is the program's own check of the exported protocol.

mod shop;

use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ferrotill::agent::Agent;
use ferrotill::api::json::JsonValue;
use ferrotill::config::Config;
use ferrotill::time::clock::Clock;
use ferrotill_core::event::Event;
use ferrotill_core::profile::signed::{Code, PAYLOAD_BYTES_MAX};
use ferrotill_store::Reader;
use ferrotill_testkit::config::{ConfigText, Device, text};
use ferrotill_testkit::health_page::check_says;
use ferrotill_testkit::paper::{codes_of_page, codes_of_png};
use shop::agent_thread::SigningAgent;
use shop::outside::{Process, finished, program, until};
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, count, value};
use uuid::Uuid;

/// The id of the cash box.
const CASH_BOX: &str = "KASSE-1";

/// A till without a printer.
fn config(folder: &Path) -> ConfigText {
    let device = Device::new(DEVICE, "Kasse 1", "none")
        .tax_group("A", "20.00")
        .tax_group("B", "10.00")
        .tax_group("F", "4.90")
        .payment_names("Bar", "Karte")
        .set("registration_number", text(CASH_BOX))
        .point_of_sale(POINT_OF_SALE, "1");
    ConfigText::new("AT", folder.join("books"))
        .owner("Gasthaus Muster", "ATU12345678")
        .device(device)
}

/// The table of the unit.
fn unit(folder: &Path) -> String {
    let key = folder.join("unit.key").display().to_string();
    format!(
        "\n[[signature_unit]]\nkind = \"software\"\nid = \"unit-1\"\nsuite = \"R1-AT9\"\nkey_file = {key:?}\n"
    )
}

fn till(folder: &Path) -> PathBuf {
    written(folder, &format!("{}{}", config(folder), unit(folder)))
}

fn written(folder: &Path, text: &str) -> PathBuf {
    let file = folder.join("ferrotill.toml");
    fs::write(&file, text).unwrap();
    file
}

fn sale_of(id: u128, price: &str) -> String {
    let id = Uuid::from_u128(0x7a0b_9f0e_4a4e_4a53_9a3b_0000_0000_0000 + id);
    format!(
        r#"{{"id":"{id}","items":[{{"name":"Kaffee","quantity":1,"price":{price},"taxGroupCode":"A"}},{{"name":"Brot","quantity":1,"price":1.00,"taxGroupCode":"F"}}],"payments":[{{"typeCode":0,"amount":100.00}}]}}"#
    )
}

fn sell(client: &Client, id: u128, price: &str) -> Reply {
    let sold = client.post("operations/sale", &sale_of(id, price));
    assert_eq!(sold.state.as_deref(), Some("registered"), "{}", sold.text);
    sold
}

fn signature(sold: &Reply, member: &str) -> String {
    sold.receipt(&format!("additionalData.signature.{member}"))
}

/// Exports the protocol and checks it. Returns what the check says.
fn judged(file: &Path) -> JsonValue {
    let folder = file.parent().unwrap();
    let (dep, keys) = (folder.join("dep.json"), folder.join("keys.json"));
    let (dep, keys) = (dep.to_str().unwrap(), keys.to_str().unwrap());
    let config = file.to_str().unwrap();
    let export = [
        "rksv", "export", "--out", dep, "--crypto", keys, "--config", config,
    ];
    let (code, said) = finished(&export);
    assert_eq!(code, Some(0), "{said}");
    let (code, checked) = finished(&["rksv", "verify", dep, "--crypto", keys]);
    assert_eq!(code, Some(0), "{checked}");
    assert_eq!(value(&checked, "ok"), &JsonValue::Bool(true), "{checked}");
    assert_eq!(value(&checked, "cash_box"), &JsonValue::from(CASH_BOX));
    let mode = fs::metadata(keys).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the file has the key of the counter");
    let (code, books) = finished(&["verify", "--config", config]);
    assert_eq!(code, Some(0), "{books}");
    checked
}

#[test]
fn a_day_is_signed_and_its_protocol_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    let cash = agent.client.post("cashoperations", r#"{"amount":50.00}"#);
    assert_eq!(cash.state.as_deref(), Some("registered"), "{}", cash.text);
    let first = sell(&agent.client, 1, "20.00");
    assert_eq!(signature(&first, "signed"), "true");
    assert_eq!(signature(&first, "cashBoxId"), CASH_BOX);
    // The start receipt has the id 1.
    assert_eq!(signature(&first, "receiptId"), "2");
    let qr = signature(&first, "qr");
    assert!(qr.starts_with("_R1-AT9_KASSE-1_2_2"), "{qr}");
    assert!(qr.contains("_20,00_0,00_0,00_0,00_1,00_"), "{qr}");
    let again = agent.client.post("operations/sale", &sale_of(1, "20.00"));
    assert!(again.replayed);
    assert_eq!(again.text, first.text);

    let refund = format!(
        r#"{{"originalReceiptId":"{}","items":[{{"name":"Kaffee","quantity":1,"price":20.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":20.00}}]}}"#,
        first.receipt("id")
    );
    let returned = agent.client.post("operations/return", &refund);
    assert_eq!(
        returned.state.as_deref(),
        Some("registered"),
        "{}",
        returned.text
    );
    let x = agent.client.post("operations/intermediatetotals", "{}");
    assert_eq!(x.status, 200, "{}", x.text);
    let z = agent.client.post("operations/closeday", "");
    assert_eq!(z.at("data.totalAmount"), "21.00", "{}", z.text);

    let checked = judged(&file);
    assert_eq!(count(&checked, "receipts"), 3);
    assert_eq!(count(&checked, "voids"), 1);
    assert_eq!(count(&checked, "unsigned"), 0);
    assert_eq!(count(&checked, "counter_cents"), 100);

    agent.stop();
    let agent = Process::agent(&file);
    let next = sell(&agent.client, 2, "5.00");
    assert_eq!(signature(&next, "receiptId"), "4");
    let checked = judged(&file);
    assert_eq!(count(&checked, "receipts"), 4);
    assert_eq!(count(&checked, "counter_cents"), 700);
}

#[test]
fn a_killed_till_signs_each_receipt_once_and_leaves_no_gap() {
    const ROUNDS: u32 = 12;
    const SALES: u32 = 6;
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    let mut sold = 0_u32;
    for round in 0..ROUNDS {
        let client = agent.client.clone();
        let seller = std::thread::spawn(move || {
            for sale in 0..SALES {
                let body = sale_of(u128::from(round * SALES + sale), "9.90");
                if client
                    .call("POST", "operations/sale", &body, |_| ())
                    .is_err()
                {
                    return;
                }
            }
        });
        // The kill meets any step of a receipt: reserved, prepared, signed, sealed, answered.
        let moment = Instant::now() + Duration::from_micros(u64::from(round) * 1_700);
        while Instant::now() < moment && !seller.is_finished() {
            std::hint::spin_loop();
        }
        agent.kill();
        seller.join().unwrap();
        agent = Process::agent(&file);
        for sale in 0..SALES {
            let id = u128::from(round * SALES + sale);
            let body = sale_of(id, "9.90");
            until("the sale is registered", || {
                let reply = agent.client.post("operations/sale", &body);
                reply.state.as_deref() == Some("registered")
            });
            sold += 1;
        }
    }
    let checked = judged(&file);
    // The start receipt has no sale.
    assert_eq!(count(&checked, "receipts"), u64::from(sold) + 1);
    assert_eq!(count(&checked, "counter_cents"), u64::from(sold) * 1_090);
    assert_eq!(count(&checked, "unsigned"), 0);
}

#[test]
fn an_outage_is_on_the_receipts_and_ends_with_the_collective_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let agent = SigningAgent::start(&file, None);
    let client = &agent.client;
    assert_eq!(signature(&sell(client, 1, "3.00"), "signed"), "true");
    agent.units.set_down(true);
    for id in 2..5 {
        let sold = sell(client, id, "3.00");
        assert_eq!(signature(&sold, "signed"), "false");
        assert_eq!(signature(&sold, "receiptId"), (id + 1).to_string());
        let ocr = signature(&sold, "qr");
        assert!(
            ocr.ends_with("_U2ljaGVyaGVpdHNlaW5yaWNodHVuZyBhdXNnZWZhbGxlbg=="),
            "{ocr}"
        );
    }
    let health = client.open("/healthz");
    let problems = 0..health.list("problems");
    let listed = problems
        .map(|place| format!("problems.{place}"))
        .find(|path| health.at(&format!("{path}.id")) == "signature_unit");
    let path = listed.unwrap_or_else(|| panic!("{}", health.text));
    check_says("signature_unit", &health.at(&format!("{path}.says")));
    agent.units.set_down(false);
    let sold = sell(client, 5, "3.00");
    assert_eq!(signature(&sold, "signed"), "true");
    // The collective receipt has the id 6.
    assert_eq!(signature(&sold, "receiptId"), "7");
    let health = client.open("/healthz");
    assert!(
        !health.text.contains("\"signature_unit\""),
        "{}",
        health.text
    );
    let checked = judged(&file);
    assert_eq!(count(&checked, "receipts"), 7);
    assert_eq!(count(&checked, "unsigned"), 3);
}

/// The demo plays the day of the country, with a receipt printer, an outage, and the check of its protocol.
#[test]
fn the_demo_plays_the_day_and_its_protocol_is_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_str().unwrap();
    let output = program()
        .args([
            "--json",
            "demo",
            "--once",
            "--country",
            "AT",
            "--data",
            data,
        ])
        .args(["--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let last = JsonValue::parse(said.lines().last().unwrap().as_bytes()).unwrap();
    assert_eq!(
        value(&last, "day.reconciled"),
        &JsonValue::Bool(true),
        "{last}"
    );
    assert_eq!(count(&last, "day.unsigned_receipts"), 3);
    // The start receipt, five sales, the collective receipt and a return.
    assert_eq!(count(&last, "day.signed_receipts"), 8);
}

/// What the receipt printer gets: the id of the receipt and of the cash box, the amounts by rate, and the sentence of an outage.
#[test]
fn the_paper_has_what_the_law_asks_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let agent = SigningAgent::start(&file, None);
    until("the start receipt is made", || !times(&file).is_empty());
    agent.units.set_down(true);
    let body = sale_of(1, "20.00").replacen(
        '{',
        r#"{"printOnServer":false,"printFormMediaType":"Html","#,
        1,
    );
    let sold = agent.client.post("operations/sale", &body);
    let form = sold.receipt("printFormContent");
    for words in [
        "Beleg-Nr. 2",
        "Kassen-ID KASSE-1",
        "Betrag-Satz-Normal",
        "Betrag-Satz-Besonders",
        "Sicherheitseinrichtung ausgefallen",
    ] {
        assert!(form.contains(words), "{words}: {form}");
    }
    assert_eq!(codes_of_page(&form), [signature(&sold, "qr")]);
    agent.units.set_down(false);
    // The dots of the paper of 58 mm and of 80 mm, with the letters of each.
    for (id, width, margin) in [(2, 384, 8), (3, 576, 16)] {
        let form = format!(
            r#"{{"printOnServer":false,"printFormMediaType":"Image","imagePrintFormSettings":{{"width":{width},"horizontalMargin":{margin}}},"#
        );
        let body = sale_of(id, "20.00").replacen('{', &form, 1);
        let sold = agent.client.post("operations/sale", &body);
        assert_eq!(signature(&sold, "signed"), "true");
        let picture = STANDARD.decode(sold.receipt("printFormContent")).unwrap();
        assert_eq!(codes_of_png(&picture), [signature(&sold, "qr")], "{width}");
    }
}

/// A till that runs in this process until its journal has this many signed receipts without a document.
fn started(file: &Path, clock: &Arc<Clock>, receipts: usize) {
    let config = Config::parse(&fs::read_to_string(file).unwrap(), "test.toml").unwrap();
    let agent = Agent::start(config, Some(Arc::clone(clock))).unwrap();
    until("the receipts are made", || times(file).len() >= receipts);
    drop(agent);
    assert_eq!(times(file).len(), receipts, "{:?}", times(file));
}

/// The local times of the signed receipts that have no document.
fn times(file: &Path) -> Vec<String> {
    let mut times = Vec::new();
    let reader = Reader::new(&file.parent().unwrap().join("books"));
    let each = reader.each_signed(DEVICE.parse().unwrap(), |_, event| {
        if let Event::ReceiptSigned(receipt) = event {
            let mut room = [0; PAYLOAD_BYTES_MAX];
            let code = Code::parse_compact(receipt.compact, &mut room).unwrap();
            times.push(code.payload.at.to_string());
        }
        ControlFlow::Continue(())
    });
    each.unwrap();
    times
}

#[test]
fn the_ends_of_months_and_years_are_made_also_by_a_till_that_was_off() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let ms = |at: &str| at.parse::<jiff::Timestamp>().unwrap().as_millisecond();
    let mut now = ms("2026-10-10T08:00:00Z");
    let clock = Arc::new(Clock::by_hand("Europe/Vienna", now).unwrap());
    started(&file, &clock, 1);
    for (at, receipts) in [
        // A second before local midnight, and local midnight.
        ("2026-10-31T22:59:59Z", 1),
        ("2026-10-31T23:00:00Z", 2),
        // Nothing was sold in November: no receipt is due.
        ("2026-12-05T08:00:00Z", 2),
        // The year of the start receipt has ended.
        ("2027-01-02T08:00:00Z", 3),
        ("2027-01-03T08:00:00Z", 3),
    ] {
        clock.pass(u64::try_from(ms(at) - now).unwrap());
        now = ms(at);
        started(&file, &clock, receipts);
    }
    let expected = [
        "2026-10-10T10:00:00",
        "2026-11-01T00:00:00",
        "2027-01-02T09:00:00",
    ];
    assert_eq!(times(&file), expected);
    judged(&file);
}

#[test]
fn the_secrets_of_the_folder_are_private_and_are_not_made_twice() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    sell(&agent.client, 1, "3.00");
    agent.stop();
    let counter_key = folder.path().join(format!("books/turnover-{DEVICE}.key"));
    let unit_key = folder.path().join("unit.key");
    for path in [&counter_key, &unit_key, &folder.path().join("unit.key.pin")] {
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
    assert!(
        fs::read_to_string(&unit_key)
            .unwrap()
            .starts_with("ferrotill signature unit 1\n")
    );

    let refused = |words: &str| {
        let output = program()
            .args(["run", "--config", file.to_str().unwrap()])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(words), "{said}");
    };
    let aside = folder.path().join("aside");
    fs::rename(&counter_key, &aside).unwrap();
    refused("the key of the turnover counter cannot be used");
    fs::rename(&aside, &counter_key).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(CASH_BOX, "KASSE-2")).unwrap();
    refused("the cash box cannot have this id");
    fs::write(&file, &text).unwrap();
    fs::write(&unit_key, "something else").unwrap();
    refused("the key of a signature unit cannot be used");
}

#[test]
fn a_configuration_that_cannot_sign_is_refused_with_words() {
    let folder = tempfile::tempdir().unwrap();
    let (without, unit) = (config(folder.path()).to_string(), unit(folder.path()));
    let of_kind = |kind: &str| unit.replace("\"software\"", &format!("{kind:?}"));
    let live = without.replace("\"TEST\"", "\"LIVE\"");
    for (text, words) in [
        (
            without.clone(),
            "the law of the country has receipts signed",
        ),
        (
            format!("{without}{}", of_kind("http")),
            "signature_unit[0].url: is missing",
        ),
        (
            format!("{without}{}", unit.replace("R1-AT9", "R1-AT1")),
            "cannot have on a TEST till",
        ),
        (format!("{live}{unit}"), "signs for a closed system only"),
        (
            format!("{live}{}", unit.replace("R1-AT9", "R1-AT0")),
            "signature_unit[0].closed_system",
        ),
        (
            format!("{}{unit}", without.replace("\"AT\"", "\"UA\"")),
            "has no receipts signed",
        ),
    ] {
        let file = written(folder.path(), &text);
        let output = program()
            .args(["run", "--config", file.to_str().unwrap()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(3), "{words}: {said}");
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_backup_has_the_protocol_and_its_digest() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let agent = Process::agent(&file);
    sell(&agent.client, 1, "3.00");
    let out = folder.path().join("stick");
    let listen = agent.client.url.trim_start_matches("http://");
    let arguments = ["rksv", "backup", "--out", out.to_str().unwrap(), "--listen"];
    let of_till = [listen, "--config", file.to_str().unwrap()];
    let (code, said) = finished(&[&arguments[..], &of_till].concat());
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(count(&said, "files.0.receipts"), 2);
    let name = format!("dep-{DEVICE}.json");
    let sum = fs::read_to_string(out.join(format!("{name}.sha256"))).unwrap();
    let JsonValue::Text(digest) = value(&said, "files.0.sha256") else {
        panic!("{said}");
    };
    assert_eq!(sum, format!("{digest}  {name}\n"));
    assert!(out.join(name).exists());
}

#[test]
fn a_register_does_not_go_on_from_an_older_copy_of_its_journal() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let (books, copy) = (folder.path().join("books"), folder.path().join("copy"));
    let files = ["ferrotill.db", "ferrotill.db-wal", "ferrotill.db-shm"];
    fs::create_dir(&copy).unwrap();
    let mut agent = Process::agent(&file);
    sell(&agent.client, 1, "3.00");
    agent.stop();
    for name in files.iter().filter(|name| books.join(name).exists()) {
        fs::copy(books.join(name), copy.join(name)).unwrap();
    }
    let mut agent = Process::agent(&file);
    sell(&agent.client, 2, "3.00");
    agent.stop();
    for name in files {
        // A file that is not there needs no removal.
        let _ = fs::remove_file(books.join(name));
        if copy.join(name).exists() {
            fs::copy(copy.join(name), books.join(name)).unwrap();
        }
    }
    let output = program()
        .args(["run", "--config", file.to_str().unwrap()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains("the register cannot go on from this journal"),
        "{said}"
    );
}

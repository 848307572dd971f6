//! The registers of signed receipts: receipts that a person orders, the end of a register, copies of its protocol, what an inspector gets,
//! what a person must do on a day, and a folder that was restored from a copy.

mod shop;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ferrotill::api::json::JsonValue;
use ferrotill::hmac::signature_of;
use ferrotill::time::clock::{Clock, system_ms};
use ferrotill_core::event::RegistrationStep;
use ferrotill_store::Reader;
use ferrotill_testkit::config::{ConfigText, Device, text};
use ferrotill_testkit::health_page::check_says;
use shop::agent_thread::SigningAgent;
use shop::outside::{Process, finished, until};
use shop::{Client, DEVICE, POINT_OF_SALE, Reply, SECRET, count, value};
use uuid::Uuid;

const CASH_BOX: &str = "KASSE-1";
/// The device and the cash box that go on after the first ones are out of use.
const NEW_DEVICE: &str = "3f0c2c04-52d3-4a27-9a8a-5a4f2f3b8f10";
const NEW_CASH_BOX: &str = "KASSE-2";

fn device(id: &str, cash_box: &str) -> Device {
    Device::new(id, cash_box, "none")
        .tax_group("A", "20.00")
        .payment_names("Bar", "Karte")
        .set("registration_number", text(cash_box))
}

fn till(folder: &Path) -> PathBuf {
    till_with(
        folder,
        &[device(DEVICE, CASH_BOX).point_of_sale(POINT_OF_SALE, "1")],
    )
}

fn till_with(folder: &Path, devices: &[Device]) -> PathBuf {
    let config =
        ConfigText::new("AT", folder.join("books")).owner("Gasthaus Muster", "ATU12345678");
    let config = devices
        .iter()
        .fold(config, |config, device| config.device(device.clone()));
    let key = folder.join("unit.key").display().to_string();
    let unit = format!(
        "\n[[signature_unit]]\nkind = \"software\"\nid = \"unit-1\"\nsuite = \"R1-AT9\"\nkey_file = {key:?}\n"
    );
    let file = folder.join("ferrotill.toml");
    fs::write(&file, format!("{config}{unit}")).unwrap();
    file
}

fn body_of(id: u128) -> String {
    let id = Uuid::from_u128(0x7a0b_9f0e_4a4e_4a53_9a3b_0000_0000_0000 + id);
    format!(
        r#"{{"id":"{id}","items":[{{"name":"Kaffee","quantity":1,"price":3.00,"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":3.00}}]}}"#
    )
}

/// Sells on a device of a till whose clock shows this time.
fn sell_on(client: &Client, device: &str, id: u128, now_ms: i64) -> Reply {
    let (body, now) = (body_of(id), now_ms.to_string());
    let signed = [device, &now, "POST", "/api/v1/operations/sale", &body].map(str::as_bytes);
    let sold = client.call("POST", "operations/sale", &body, |headers| {
        for (name, value) in headers.iter_mut() {
            match *name {
                "Api-Timestamp" => value.clone_from(&now),
                "Api-DeviceId" => *value = device.to_owned(),
                "Api-Signature" => *value = signature_of(SECRET.as_bytes(), &signed),
                _ => {}
            }
        }
    });
    sold.unwrap()
}

fn sell(client: &Client, id: u128) -> Reply {
    let sold = sell_on(client, DEVICE, id, system_ms());
    assert_eq!(sold.state.as_deref(), Some("registered"), "{}", sold.text);
    sold
}

/// Runs a command for the till of a file whose agent has this client.
fn rksv(arguments: &[&str], file: &Path, client: &Client) -> (Option<i32>, JsonValue) {
    let listen = client.url.trim_start_matches("http://");
    let config = ["--config", file.to_str().unwrap(), "--listen", listen];
    finished(&[&["rksv"], arguments, &config].concat())
}

/// Exports the protocol of a cash box and checks it, and then the whole journal. Returns what the check of the protocol says.
fn judged(file: &Path, cash_box: &str) -> JsonValue {
    let folder = file.parent().unwrap();
    let (dep, keys) = (folder.join("dep.json"), folder.join("keys.json"));
    let (dep, keys) = (dep.to_str().unwrap(), keys.to_str().unwrap());
    let config = file.to_str().unwrap();
    let (code, said) = finished(&[
        "rksv",
        "export",
        "--register",
        cash_box,
        "--out",
        dep,
        "--crypto",
        keys,
        "--config",
        config,
    ]);
    assert_eq!(code, Some(0), "{said}");
    let (code, checked) = finished(&["rksv", "verify", dep, "--crypto", keys]);
    assert_eq!(code, Some(0), "{checked}");
    let (code, books) = finished(&["verify", "--config", config]);
    assert_eq!(code, Some(0), "{books}");
    checked
}

fn text_of(value_at: &JsonValue, path: &str) -> String {
    match value(value_at, path) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{path} is {other}"),
    }
}

#[test]
fn a_null_receipt_on_demand_and_the_closing_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let agent = Process::agent(&file);
    sell(&agent.client, 1);
    let (code, made) = rksv(&["null"], &file, &agent.client);
    assert_eq!(code, Some(0), "{made}");
    assert_eq!(text_of(&made, "receipt"), "3");
    assert_eq!(value(&made, "signed"), &JsonValue::Bool(true));
    assert!(text_of(&made, "qr").starts_with("_R1-AT9_KASSE-1_3_"));

    // No person was asked.
    let (code, refused) = rksv(&["close"], &file, &agent.client);
    assert_eq!(code, Some(2), "{refused}");
    sell(&agent.client, 2);
    let (code, made) = rksv(&["close", "--yes"], &file, &agent.client);
    assert_eq!(code, Some(0), "{made}");
    assert_eq!(text_of(&made, "receipt"), "5");

    let refused = sell_on(&agent.client, DEVICE, 3, system_ms());
    assert_eq!(refused.state.as_deref(), Some("not_registered"));
    assert!(
        refused.text.contains("RegisterOutOfUse"),
        "{}",
        refused.text
    );
    let says = problem(&agent.client, "register_out_of_use").unwrap();
    check_says("register_out_of_use", &says);
    for order in [&["null"][..], &["close", "--yes"]] {
        let (code, refused) = rksv(order, &file, &agent.client);
        assert_eq!(code, Some(7), "{refused}");
        assert!(refused.to_string().contains("out of use"), "{refused}");
    }
    let checked = judged(&file, CASH_BOX);
    assert_eq!(count(&checked, "receipts"), 5);
    assert_eq!(count(&checked, "counter_cents"), 600);
}

/// The members of a ZIP file whose members are stored as they are.
fn members(zip: &[u8]) -> Vec<(String, Vec<u8>)> {
    let number = |at: usize, bytes: usize| {
        zip[at..at + bytes]
            .iter()
            .rev()
            .fold(0, |sum, byte| sum * 256 + usize::from(*byte))
    };
    let (mut at, mut found) = (0, Vec::new());
    while zip[at..].starts_with(b"PK\x03\x04") {
        let (bytes, name_bytes) = (number(at + 22, 4), number(at + 26, 2));
        let name = String::from_utf8(zip[at + 30..at + 30 + name_bytes].to_vec()).unwrap();
        let begin = at + 30 + name_bytes;
        found.push((name, zip[begin..begin + bytes].to_vec()));
        at = begin + bytes;
    }
    assert!(zip[at..].starts_with(b"PK\x01\x02"));
    found
}

#[test]
fn an_inspector_gets_the_protocols_and_every_line_and_void() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let mut agent = Process::agent(&file);
    sell(&agent.client, 1);
    let zip = folder.path().join("inspection.zip");
    let arguments = ["inspection", "--out", zip.to_str().unwrap()];
    let (code, said) = rksv(&arguments, &file, &agent.client);
    assert_eq!(code, Some(0), "{said}");
    let found = members(&fs::read(&zip).unwrap());
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let dep = format!("dep7-{DEVICE}.json");
    let expected = [
        "manifest.json",
        &dep,
        "dep131.csv",
        "registers.csv",
        "units.csv",
        "outages.csv",
    ];
    assert_eq!(names, expected);
    let member = |name: &str| {
        let (_, bytes) = found.iter().find(|(member, _)| member == name).unwrap();
        String::from_utf8(bytes.clone()).unwrap()
    };
    let manifest = JsonValue::parse(member("manifest.json").as_bytes()).unwrap();
    assert_eq!(text_of(&manifest, "null_receipts.0.receipt"), "3");
    assert_eq!(count(&manifest, "cash_boxes.0.receipts"), 3);
    let rows = member("dep131.csv");
    for part in [
        ";line;",
        ";Kaffee;1,000;3,00;A;20,00;3,00;",
        ";sealed;",
        ";receipt;",
        ";Startbeleg;",
        ";Nullbeleg;",
    ] {
        assert!(rows.contains(part), "{part}: {rows}");
    }
    assert!(
        member("registers.csv").contains(";300;in use"),
        "{}",
        member("registers.csv")
    );
    assert!(member("units.csv").contains(";AT9;"));
    // The exported protocol passes the check.
    let (dep_file, keys) = (
        folder.path().join("dep7.json"),
        folder.path().join("keys.json"),
    );
    fs::write(&dep_file, member(&dep)).unwrap();
    judged(&file, CASH_BOX);
    let (code, checked) = finished(&[
        "rksv",
        "verify",
        dep_file.to_str().unwrap(),
        "--crypto",
        keys.to_str().unwrap(),
    ]);
    assert_eq!(code, Some(0), "{checked}");

    // The file is not written twice, and without an agent there is no Nullbeleg.
    let (code, said) = rksv(&arguments, &file, &agent.client);
    assert_eq!(code, Some(2), "{said}");
    agent.stop();
    let other = folder.path().join("other.zip");
    let arguments = ["inspection", "--out", other.to_str().unwrap()];
    let (code, said) = rksv(&arguments, &file, &agent.client);
    assert_eq!(code, Some(8), "{said}");
    assert!(!other.exists());
    let arguments = [&arguments[..], &["--without-receipt"]].concat();
    let (code, said) = rksv(&arguments, &file, &agent.client);
    assert_eq!(code, Some(0), "{said}");
    assert!(other.exists());
}

/// What a problem says in `/healthz`; `None` if it is not listed.
fn problem(client: &Client, id: &str) -> Option<String> {
    let health = client.open("/healthz");
    let listed = (0..health.list("problems")).map(|place| format!("problems.{place}"));
    let path = listed
        .into_iter()
        .find(|path| health.at(&format!("{path}.id")) == id)?;
    Some(health.at(&format!("{path}.says")))
}

fn appears(client: &Client, id: &str) -> String {
    until(&format!("{id} is listed"), || problem(client, id).is_some());
    let says = problem(client, id).unwrap();
    check_says(id, &says);
    says
}

/// A till whose clock the test moves; each start is one at another time.
struct Moved {
    folder: tempfile::TempDir,
    file: PathBuf,
    clock: Arc<Clock>,
    now_ms: i64,
}

impl Moved {
    fn at(time: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now_ms = ms(time);
        Self {
            file: till(folder.path()),
            folder,
            clock: Arc::new(Clock::by_hand("Europe/Vienna", now_ms).unwrap()),
            now_ms,
        }
    }

    /// A start at this time, which ends when the till has made the first receipt of its register.
    fn begins_at(&mut self, time: &str) {
        let agent = self.start_at(time);
        let reader = Reader::new(&self.folder.path().join("books"));
        until("the first receipt is signed", || {
            let steps = reader.registrations().unwrap();
            steps.iter().any(|it| it.step == RegistrationStep::Receipt)
        });
        drop(agent);
    }

    fn start_at(&mut self, time: &str) -> SigningAgent {
        let at = ms(time);
        self.clock.pass(u64::try_from(at - self.now_ms).unwrap());
        self.now_ms = at;
        SigningAgent::start(&self.file, Some(&self.clock))
    }
}

fn ms(time: &str) -> i64 {
    time.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

#[test]
fn a_certificate_that_ends_is_told_ninety_days_before() {
    let mut till = Moved::at("2049-09-30T10:00:00Z");
    let agent = till.start_at("2049-09-30T10:00:00Z");
    until("the start receipt is made", || {
        sell_on(&agent.client, DEVICE, 1, till.now_ms)
            .state
            .as_deref()
            == Some("registered")
    });
    // The first look is over as soon as a later problem could be listed: the unit ends on 2049-12-31.
    assert_eq!(problem(&agent.client, "unit_certificate_ends"), None);
    drop(agent);
    let agent = till.start_at("2049-10-05T10:00:00Z");
    let says = appears(&agent.client, "unit_certificate_ends");
    assert!(says.contains("2049-12-31T23:59:59.000Z"), "{says}");
}

#[test]
fn a_protocol_that_was_not_copied_for_a_quarter_is_told_until_it_is() {
    let mut till = Moved::at("2026-01-10T10:00:00Z");
    till.begins_at("2026-01-10T10:00:00Z");
    let agent = till.start_at("2026-04-20T10:00:00Z");
    let says = appears(&agent.client, "protocol_not_copied");
    assert!(says.contains("was never copied"), "{says}");
    let out = till.folder.path().join("stick");
    // The agent of this test has another time than the command, so the command finds none and waits for the folder.
    drop(agent);
    let config = till.file.to_str().unwrap();
    let (code, said) = finished(&[
        "rksv",
        "backup",
        "--out",
        out.to_str().unwrap(),
        "--config",
        config,
        "--listen",
        "127.0.0.1:9",
    ]);
    assert_eq!(code, Some(0), "{said}");
    let (code, books) = finished(&["verify", "--config", config]);
    assert_eq!(code, Some(0), "{books}");
    let agent = till.start_at("2026-04-20T11:00:00Z");
    until("the first look is over", || {
        problem(&agent.client, "protocol_not_copied").is_none()
    });
}

#[test]
fn a_copy_is_noted_by_the_running_agent() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let agent = Process::agent(&file);
    sell(&agent.client, 1);
    let out = folder.path().join("stick");
    let (code, said) = rksv(
        &["backup", "--out", out.to_str().unwrap()],
        &file,
        &agent.client,
    );
    assert_eq!(code, Some(0), "{said}");
    let reader = Reader::new(&folder.path().join("books"));
    let backups = reader.protocol_backups().unwrap();
    assert!(backups[0].made_ms.is_some(), "{backups:?}");
    judged(&file, CASH_BOX);
}

#[test]
fn the_receipt_of_the_year_is_told_until_it_is_checked() {
    let mut till = Moved::at("2026-11-10T10:00:00Z");
    till.begins_at("2026-11-10T10:00:00Z");
    let agent = till.start_at("2027-01-02T10:00:00Z");
    let says = appears(&agent.client, "yearly_receipt_unchecked");
    assert!(says.contains("until 2027-02-15"), "{says}");
    drop(agent);
    let agent = till.start_at("2027-02-16T10:00:00Z");
    let says = appears(&agent.client, "yearly_receipt_unchecked");
    assert!(says.contains("should have been checked"), "{says}");
    // A person has had it checked. The agent has another time than a command, so the call is made here.
    let body = r#"{"order":"receipt_checked","receipt":"2","by":"Maria Muster"}"#;
    let path = format!("/registers/{DEVICE}");
    let noted = order(&agent.client, &path, body, till.now_ms);
    assert_eq!(noted.status, 200, "{}", noted.text);
    let unknown = body.replace("\"2\"", "\"7\"");
    let refused = order(&agent.client, &path, &unknown, till.now_ms);
    assert_eq!(refused.status, 404, "{}", refused.text);
    drop(agent);
    let agent = till.start_at("2027-02-17T10:00:00Z");
    until("the first look is over", || {
        problem(&agent.client, "yearly_receipt_unchecked").is_none()
    });
}

/// A signed request to a route of the till's own, at a time of the till.
fn order(client: &Client, path: &str, body: &str, now_ms: i64) -> Reply {
    let now = now_ms.to_string();
    let signed = ["", &now, "POST", path, body].map(str::as_bytes);
    let headers = vec![
        ("Api-Key", shop::KEY.to_owned()),
        ("Api-Signature", signature_of(SECRET.as_bytes(), &signed)),
        ("Api-Timestamp", now.clone()),
    ];
    client.unsigned("POST", path, body, &headers)
}

#[test]
fn an_outage_of_48_hours_must_be_reported() {
    let mut till = Moved::at("2026-03-02T10:00:00Z");
    let agent = till.start_at("2026-03-02T10:00:00Z");
    until("the start receipt is made", || {
        sell_on(&agent.client, DEVICE, 1, till.now_ms)
            .state
            .as_deref()
            == Some("registered")
    });
    agent.units.set_down(true);
    sell_on(&agent.client, DEVICE, 2, till.now_ms);
    assert_eq!(problem(&agent.client, "outage_to_report"), None);
    drop(agent);
    // The first receipt after the start ends the outage, which was longer than 48 hours.
    let agent = till.start_at("2026-03-04T11:00:00Z");
    appears(&agent.client, "outage_to_report");
    drop(agent);
    let agent = till.start_at("2026-03-14T11:00:00Z");
    until("the first look is over", || {
        problem(&agent.client, "outage_to_report").is_none()
    });
}

#[test]
fn a_register_never_goes_on_from_a_restored_copy() {
    let folder = tempfile::tempdir().unwrap();
    let file = till(folder.path());
    let config = file.to_str().unwrap();
    let mut agent = Process::agent(&file);
    sell(&agent.client, 1);
    let copy = folder.path().join("till.backup");
    let (code, said) = finished(&[
        "backup",
        "create",
        copy.to_str().unwrap(),
        "--config",
        config,
    ]);
    assert_eq!(code, Some(0), "{said}");
    // The copy does not have this receipt.
    sell(&agent.client, 2);
    agent.stop();
    fs::rename(folder.path().join("books"), folder.path().join("lost")).unwrap();

    let restore = ["restore", copy.to_str().unwrap(), "--config", config];
    let (code, said) = finished(&restore);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(count(&said, "devices.0.signed_receipts"), 2);
    let (code, refused) = finished(&["run", "--config", config]);
    assert_ne!(code, Some(0), "{refused}");
    let (code, said) = finished(&[&restore[..], &["--accept-loss", "--by", "Maria"]].concat());
    assert_eq!(code, Some(0), "{said}");

    let mut agent = Process::agent(&file);
    let refused = sell_on(&agent.client, DEVICE, 3, system_ms());
    assert_eq!(refused.state.as_deref(), Some("not_registered"));
    assert!(
        refused.text.contains("RegisterOutOfUse"),
        "{}",
        refused.text
    );
    assert!(refused.text.contains("new [[device]]"), "{}", refused.text);
    assert!(problem(&agent.client, "register_out_of_use").is_some());
    agent.stop();
    // The protocol of the copy is whole, and nothing was added to it.
    let checked = judged(&file, CASH_BOX);
    assert_eq!(count(&checked, "receipts"), 2);

    // The shop goes on with a new cash box, beside the old one.
    let devices = [
        device(DEVICE, CASH_BOX).point_of_sale(POINT_OF_SALE, "1"),
        device(NEW_DEVICE, NEW_CASH_BOX).point_of_sale("a4a1b1c2-2f10-4a2a-9d3e-1a2b3c4d5e6f", "1"),
    ];
    let file = till_with(folder.path(), &devices);
    let agent = Process::agent(&file);
    until("the new register has begun", || {
        sell_on(&agent.client, NEW_DEVICE, 4, system_ms())
            .state
            .as_deref()
            == Some("registered")
    });
    let refused = sell_on(&agent.client, DEVICE, 5, system_ms());
    assert_eq!(refused.state.as_deref(), Some("not_registered"));
    let checked = judged(&file, NEW_CASH_BOX);
    assert_eq!(count(&checked, "receipts"), 2);
    let checked = judged(&file, CASH_BOX);
    assert_eq!(count(&checked, "receipts"), 2);
}

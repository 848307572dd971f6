//! `ferrotill status`: the first line for a person who wants to sell, the parts, and the exit codes.

mod shop;

use std::fs;
use std::path::PathBuf;

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use shop::outside::{Process, finished, program, until};
use shop::till::SALE;
use shop::{DEVICE, config, value};

/// A till whose printer and authority are processes with switches.
struct StatusShop {
    printer: Process,
    authority: Process,
    file: PathBuf,
    _folder: tempfile::TempDir,
}

impl StatusShop {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
        let printer = Process::emulator(&link, &memory, "115200");
        let authority = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let address = free_address();
        let config = config(&folder.path().join("books"), &uri, &authority.client.url)
            .set("till", "answer_timeout_ms", 1_500)
            .set("api", "listen", text(address));
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        Self {
            printer,
            authority,
            file,
            _folder: folder,
        }
    }

    fn status(&self) -> (i32, JsonValue) {
        let (code, told) = finished(&["status", "--config", self.file.to_str().unwrap()]);
        (code.unwrap(), told)
    }

    /// When the first receipt was made, in the time zone of the country, as people write it there.
    fn time_of_first_receipt(&self) -> String {
        let (_, listed) = finished(&["receipts", "--config", self.file.to_str().unwrap()]);
        let at = value(&listed, "receipts.0.at").scalar().to_owned();
        let at: jiff::Timestamp = at.parse().unwrap();
        let local = at.in_tz("Europe/Chisinau").unwrap();
        local.strftime("%d.%m.%Y %H:%M:%S").to_string()
    }

    /// The text for people, and the exit code.
    fn words(&self) -> (i32, String) {
        let mut command = program();
        let output = command
            .args(["status", "--config"])
            .arg(&self.file)
            .output();
        let output = output.unwrap();
        let words = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), words)
    }

    /// Waits until the first line begins so; returns the parts.
    fn wait_for(&self, code: i32, beginning: &str) -> JsonValue {
        let mut last = JsonValue::Null;
        until(beginning, || {
            let (ended, told) = self.status();
            let says = value(&told, "says").to_string();
            last = told;
            ended == code && says.starts_with(&format!("\"{beginning}"))
        });
        last
    }
}

/// An address that is free now.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn switch(server: &Process, path: &str, body: &str) {
    ureq::put(format!("{}{path}", server.client.url))
        .send(body)
        .unwrap();
}

/// A part of the answer.
fn part<'a>(told: &'a JsonValue, name: &str) -> &'a JsonValue {
    let JsonValue::Array(parts) = value(told, "parts") else {
        panic!("{told}");
    };
    let found = parts
        .iter()
        .find(|part| value(part, "part") == &JsonValue::from(name));
    found.unwrap_or_else(|| panic!("no part {name}: {told}"))
}

fn says(told: &JsonValue, name: &str) -> String {
    value(part(told, name), "says").to_string()
}

#[test]
fn status_says_whether_the_till_can_sell_and_what_hinders_it() {
    let shop = StatusShop::new();
    // Before the first start the folder is empty.
    let (code, told) = shop.status();
    assert_eq!(code, 8, "{told}");
    assert_eq!(value(&told, "ready"), &JsonValue::Bool(false));
    assert!(
        says(&told, "store").contains("nothing was sold yet"),
        "{told}"
    );

    let mut agent = Process::agent(&shop.file);
    let told = shop.wait_for(0, "READY TO SELL");
    assert_eq!(value(&told, "ready"), &JsonValue::Bool(true));
    assert_eq!(
        value(part(&told, "printer"), "device_id"),
        &JsonValue::from(DEVICE)
    );
    assert!(says(&told, "shift").contains("no shift is open"), "{told}");
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    let (code, told) = shop.status();
    assert_eq!(code, 0, "{told}");
    assert!(says(&told, "shift").contains("with 1 document"), "{told}");
    let since = format!("open since {} with", shop.time_of_first_receipt());
    assert!(says(&told, "shift").contains(&since), "{since}: {told}");

    // Without the authority the till sells, and the part says what is wrong.
    switch(&shop.authority, "/sim/authority", r#"{"state":"down"}"#);
    until("the authority is away", || {
        assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
        let (code, told) = shop.status();
        assert_eq!(code, 0, "{told}");
        value(part(&told, "office"), "ok") == &JsonValue::Bool(false)
    });
    let (code, told) = shop.status();
    assert_eq!(code, 0, "{told}");
    assert!(
        says(&told, "office").contains("cannot be reached"),
        "{told}"
    );

    // Without paper it does not sell, and the first line says why and what to do.
    switch(&shop.printer, "/sim/printer", r#"{"paper":"out"}"#);
    agent.client.post("operations/sale", SALE);
    let told = shop.wait_for(1, "NOT READY: the printer cannot print");
    assert_eq!(value(part(&told, "printer"), "ok"), &JsonValue::Bool(false));
    let (code, words) = shop.words();
    let first = words.lines().next().unwrap();
    assert_eq!(code, 1, "{words}");
    assert!(first.contains("out of paper; "), "{words}");
    assert!(words.contains("what to do: "), "{words}");
    switch(&shop.printer, "/sim/printer", r#"{"paper":"ok"}"#);
    shop.wait_for(0, "READY TO SELL");

    switch(&shop.printer, "/sim/printer", r#"{"power":"off"}"#);
    agent.client.post("operations/sale", SALE);
    shop.wait_for(1, "NOT READY: the printer cannot be used");
    switch(&shop.printer, "/sim/printer", r#"{"power":"on"}"#);
    shop.wait_for(0, "READY TO SELL");

    // Without an agent the folder says how far the till has come.
    agent.stop();
    let (code, told) = shop.status();
    assert_eq!(code, 8, "{told}");
    assert!(
        says(&told, "shift").contains("the last document has"),
        "{told}"
    );
    assert!(!says(&told, "queue").contains("\"0 documents"), "{told}");
    let (code, words) = shop.words();
    assert_eq!(code, 8, "{words}");
    let first = words.lines().next().unwrap();
    assert!(first.starts_with("NOT READY: no agent runs at"), "{words}");
    assert!(first.contains("; start it with"), "{words}");
}

#[test]
fn a_printer_with_other_tax_rates_is_no_reason_to_say_that_the_till_sells() {
    let shop = StatusShop::new();
    let text = fs::read_to_string(&shop.file).unwrap();
    let text = text.replace("\"8.00\"", "\"9.00\"");
    fs::write(&shop.file, text).unwrap();
    let _agent = Process::agent(&shop.file);
    let told = shop.wait_for(1, "NOT READY: the printer has 8.00 percent");
    assert_eq!(value(part(&told, "printer"), "ok"), &JsonValue::Bool(false));
}

#[test]
fn a_wrong_configuration_and_a_program_that_is_no_agent_have_their_own_codes() {
    let (code, told) = finished(&["status", "--config", "/nowhere.toml"]);
    assert_eq!(code, Some(3), "{told}");
    let says = told.to_string();
    assert!(says.contains("make it with `ferrotill init`"), "{says}");
    let shop = StatusShop::new();
    let (code, told) = finished(&[
        "status",
        "--config",
        shop.file.to_str().unwrap(),
        "--listen",
        shop.authority.client.url.trim_start_matches("http://"),
    ]);
    assert_eq!(
        (code, value(&told, "error.code")),
        (Some(1), &JsonValue::from("NotAnAgent")),
        "{told}"
    );
}

/// A page of another site must not switch a simulator through a browser, and devices and programs call it under any name.
#[test]
fn the_switches_of_simulators_are_for_callers_on_this_machine() {
    let shop = StatusShop::new();
    let put = |server: &Process, path: &str, body: &str, header: (&str, &str)| {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let url = format!("{}{path}", server.client.url);
        let answer = agent.put(url).header(header.0, header.1).send(body);
        answer.unwrap().status().as_u16()
    };
    for (server, path, body) in [
        (&shop.printer, "/sim/printer", r#"{"paper":"out"}"#),
        (&shop.authority, "/sim/authority", r#"{"state":"down"}"#),
    ] {
        for foreign in [
            ("Origin", "http://evil.example"),
            ("Host", "evil.example"),
            ("Sec-Fetch-Site", "cross-site"),
            ("X-Forwarded-For", "10.0.0.7"),
        ] {
            assert_eq!(put(server, path, body, foreign), 403, "{path} {foreign:?}");
        }
        let own = ("Accept", "application/json");
        assert_eq!(put(server, path, body, own), 200, "{path}");
    }
}

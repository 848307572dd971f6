//! `doctor`: planted faults that an installer meets, each with the check that finds it and what to do; `--fix` repairs what it says.

mod shop;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use shop::outside::{Process, finished, until};
use shop::till::SALE;
use shop::{config, value};

struct Clinic {
    printer: Process,
    authority: Process,
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl Clinic {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
        let printer = Process::emulator(&link, &memory, "115200");
        let authority = Process::authority();
        let uri = format!("datecs+serial://{}?baud=115200", link.display());
        let config = config(&folder.path().join("books"), &uri, &authority.client.url)
            .set("till", "answer_timeout_ms", 1_500)
            // The emulated printer shows the machine's own time.
            .set("till", "time_zone", text("UTC"))
            .set("api", "listen", text(free_address()))
            .set_client("permissions", r#"["sell", "return", "report", "settle"]"#);
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        mode(&file, 0o600);
        fs::create_dir(folder.path().join("books")).unwrap();
        mode(&folder.path().join("books"), 0o700);
        Self {
            printer,
            authority,
            file,
            folder,
        }
    }

    fn books(&self) -> PathBuf {
        self.folder.path().join("books")
    }

    fn doctor(&self, arguments: &[&str]) -> (i32, JsonValue) {
        let file = self.file.to_str().unwrap();
        let (code, told) = finished(&[&["doctor", "--config", file], arguments].concat());
        (code.unwrap(), told)
    }

    /// The faults, each as id and whether it can be repaired; every fault says what to do.
    fn faults(&self, arguments: &[&str]) -> Vec<(String, bool)> {
        let (code, told) = self.doctor(arguments);
        let JsonValue::Array(checks) = value(&told, "checks") else {
            panic!("{told}");
        };
        let faults = checks
            .iter()
            .filter(|check| value(check, "ok") == &JsonValue::Bool(false));
        let faults: Vec<(String, bool)> = faults
            .map(|check| {
                assert!(!words(value(check, "fix")).is_empty(), "{check}");
                let fixable = value(check, "fixable") == &JsonValue::Bool(true);
                (words(value(check, "id")), fixable)
            })
            .collect();
        assert_eq!(code == 0, faults.is_empty(), "{told}");
        faults
    }

    fn finds(&self, planted: &str, id: &str) {
        let faults = self.faults(&[]);
        let found = faults.iter().any(|(found, _)| found == id);
        assert!(found, "{planted}: {faults:?} has no {id}");
    }

    /// Plants a fault in the configuration, looks for it, and puts the file back.
    fn finds_in_file(&self, from: &str, to: &str, id: &str) {
        let right = fs::read_to_string(&self.file).unwrap();
        let wrong = right.replace(from, to);
        assert_ne!(right, wrong, "{from} is not in the file:\n{right}");
        fs::write(&self.file, wrong).unwrap();
        self.finds(&format!("{from} → {to}"), id);
        fs::write(&self.file, right).unwrap();
    }

    /// Looks for a fault that can be repaired, lets it be repaired, and looks again.
    fn repairs(&self, planted: &str, id: &str) {
        let is_it = |(found, fixable): &(String, bool)| found == id && *fixable;
        let faults = self.faults(&[]);
        assert!(faults.iter().any(is_it), "{planted}: {faults:?}");
        self.faults(&["--fix"]);
        let faults = self.faults(&[]);
        assert!(!faults.iter().any(is_it), "{planted}: {faults:?}");
    }
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().to_string()
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn words(value: &JsonValue) -> String {
    match value {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        other => other.to_string(),
    }
}

fn switch(server: &Process, path: &str, body: &str) {
    ureq::put(format!("{}{path}", server.client.url))
        .send(body)
        .unwrap();
}

#[test]
fn a_till_in_order_passes_more_than_twenty_checks() {
    let clinic = Clinic::new();
    let _agent = Process::agent(&clinic.file);
    let mut last = JsonValue::Null;
    until("nothing is wrong", || {
        let (code, told) = clinic.doctor(&[]);
        last = told;
        code == 0
    });
    let JsonValue::Array(checks) = value(&last, "checks") else {
        panic!("{last}");
    };
    assert!(checks.len() >= 20, "{} checks: {last}", checks.len());
    assert_eq!(value(&last, "ok"), &JsonValue::Bool(true));
}

/// The text of a configuration without one of its sections.
fn without(text: &str, section: &str) -> String {
    let begin = text.find(&format!("[{section}]\n")).unwrap();
    let rest = &text[begin + 1..];
    let end = rest
        .find("\n[")
        .map_or(text.len(), |end| begin + 1 + end + 1);
    format!("{}{}", &text[..begin], &text[end..])
}

#[test]
fn faults_of_files_and_configuration_are_found_without_an_agent() {
    let clinic = Clinic::new();
    assert_eq!(clinic.faults(&[]), [("agent".to_owned(), false)]);
    clinic.finds_in_file("\"settle\"", "\"settings\"", "client_permissions");
    clinic.finds_in_file("organization_name", "# organization_name", "owner");
    let url = &clinic.authority.client.url;
    clinic.finds_in_file(url, "http://127.0.0.1:1", "office_connection");
    clinic.finds_in_file(
        &format!("url = \"{url}\""),
        "environment = \"TEST\"\nurl = \"http://office.invalid\"",
        "office_address",
    );
    let link = clinic.folder.path().join("printer");
    let link = link.to_str().unwrap();
    clinic.finds_in_file(link, "/dev/ttyNone7", "printer_port");
    let address = url.trim_start_matches("http://");
    let text = fs::read_to_string(&clinic.file).unwrap();
    let listen = text
        .lines()
        .find(|line| line.starts_with("listen ="))
        .unwrap();
    clinic.finds_in_file(listen, &format!("listen = \"{address}\""), "agent");
    let ranges = text
        .lines()
        .find(|line| line.contains("alternative_receipts_ranges"));
    clinic.finds_in_file(ranges.unwrap(), "# no range", "alternative_ranges");
    fs::write(&clinic.file, without(&text, "upstream")).unwrap();
    clinic.finds("no [upstream]", "office_address");
    // Without a configuration there is not much to look at, and each of its faults has its own remedy.
    fs::write(&clinic.file, text.replace("[till]", "[till]\nfoo = 1")).unwrap();
    let (code, told) = clinic.doctor(&[]);
    assert_eq!((code, value(&told, "ok")), (3, &JsonValue::Bool(false)));
    assert_eq!(words(value(&told, "checks.0.id")), "configuration");
    let says = words(value(&told, "checks.0.says"));
    assert!(says.contains("till.foo"), "{says}");
    let fix = words(value(&told, "checks.0.fix"));
    assert!(!fix.contains("config check"), "{fix}");
    fs::write(&clinic.file, &text).unwrap();
    switch(&clinic.printer, "/sim/printer", r#"{"power":"off"}"#);
    clinic.finds("the printer is off", "printer_answers");
    switch(&clinic.printer, "/sim/printer", r#"{"power":"on"}"#);
}

#[test]
fn what_loses_nothing_is_repaired() {
    let clinic = Clinic::new();
    mode(&clinic.file, 0o644);
    clinic.repairs(
        "everybody may read the configuration",
        "configuration_private",
    );
    fs::remove_dir(clinic.books()).unwrap();
    clinic.repairs("there is no data folder", "data_folder");
    mode(&clinic.books(), 0o755);
    clinic.repairs("everybody may read the data folder", "data_folder_private");
    fs::create_dir(clinic.books().join(".ferrotill-left")).unwrap();
    clinic.repairs("an interrupted restore", "left_behind");
    let secret = clinic.folder.path().join("secret");
    let text = fs::read_to_string(&clinic.file).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("secret ="))
        .unwrap();
    let said = line.split('"').nth(1).unwrap();
    fs::write(&secret, said).unwrap();
    mode(&secret, 0o644);
    let with_file = text.replace(line, &format!("secret_file = \"{}\"", secret.display()));
    fs::write(&clinic.file, with_file).unwrap();
    clinic.repairs("everybody may read the secret", "secrets_private");
    assert_eq!(clinic.faults(&[]), [("agent".to_owned(), false)]);
}

/// In a LIVE till a secret that others may read is a fault of the configuration, and nothing else can be looked at before it is mended.
#[test]
fn a_secret_of_a_live_till_that_others_may_read_is_repaired() {
    let clinic = Clinic::new();
    let secret = clinic.folder.path().join("secret");
    fs::write(&secret, "a secret of forty-two characters, not more").unwrap();
    mode(&secret, 0o644);
    let text = fs::read_to_string(&clinic.file).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("secret ="))
        .unwrap();
    let with_file = text
        .replace(line, &format!("secret_file = \"{}\"", secret.display()))
        .replace("mode = \"TEST\"", "mode = \"LIVE\"");
    assert!(with_file.contains("LIVE"), "{with_file}");
    fs::write(&clinic.file, with_file).unwrap();
    let of_secret = |told: &JsonValue| {
        let JsonValue::Array(checks) = value(told, "checks") else {
            panic!("{told}");
        };
        let mut checks = checks.iter();
        let found = checks.find(|check| words(value(check, "says")).contains("secret can be read"));
        found.cloned()
    };
    let (code, told) = clinic.doctor(&[]);
    assert_eq!(code, 3, "{told}");
    let found = of_secret(&told).unwrap();
    let fix = format!("run chmod 600 {}", secret.display());
    assert_eq!(words(value(&found, "fix")), fix);
    assert_eq!(value(&found, "fixable"), &JsonValue::Bool(true));
    let (_, told) = clinic.doctor(&["--fix"]);
    let found = of_secret(&told).unwrap();
    assert_eq!(value(&found, "repaired"), &JsonValue::Bool(true), "{told}");
    let of_file = fs::metadata(&secret).unwrap().permissions().mode();
    assert_eq!(of_file & 0o777, 0o600);
    assert!(of_secret(&clinic.doctor(&[]).1).is_none());
}

#[test]
fn faults_of_the_running_till_are_found_beside_it() {
    let clinic = Clinic::new();
    let agent = Process::agent(&clinic.file);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    // The running agent has another secret than the file.
    let text = fs::read_to_string(&clinic.file).unwrap();
    let line = text
        .lines()
        .find(|line| line.starts_with("secret ="))
        .unwrap();
    clinic.finds_in_file(line, "secret = \"another one\"", "agent_configuration");
    // The file was changed after the start: the name of a shop, and a limit of time.
    clinic.finds_in_file("Test SRL", "Other SRL", "agent_configuration");
    let wait = "answer_timeout_ms = 1500";
    clinic.finds_in_file(wait, "answer_timeout_ms = 1600", "agent_configuration");
    let find = |id: &str| {
        until(id, || {
            clinic.faults(&[]).iter().any(|(found, _)| found == id)
        });
    };
    let nothing = || {
        let mut last = Vec::new();
        until("nothing is wrong", || {
            let faults = clinic.faults(&[]);
            if faults != last {
                eprintln!("{faults:?}");
            }
            last = faults;
            last.is_empty()
        });
    };
    nothing();
    // A fault of the printer alone has an exit code of its own.
    switch(&clinic.printer, "/sim/printer", r#"{"paper":"out"}"#);
    find("printer_health");
    assert_eq!(clinic.doctor(&[]).0, 4);
    switch(&clinic.printer, "/sim/printer", r#"{"paper":"ok"}"#);
    nothing();
    switch(&clinic.printer, "/sim/printer", r#"{"cover":"open"}"#);
    find("printer_health");
    switch(&clinic.printer, "/sim/printer", r#"{"cover":"closed"}"#);
    nothing();
    switch(&clinic.printer, "/sim/printer", r#"{"power":"off"}"#);
    find("printer_health");
    switch(&clinic.printer, "/sim/printer", r#"{"power":"on"}"#);
    nothing();
    switch(&clinic.authority, "/sim/authority", r#"{"state":"refuse"}"#);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    find("documents_refused");
    find("office_health");
    switch(&clinic.authority, "/sim/authority", r#"{"state":"up"}"#);
    drop(agent);
    // The people of the dashboard cannot be read.
    let people = clinic.books().join("people.toml");
    let before = fs::read(&people).ok();
    fs::write(&people, "[[person]]\nname = 1\n").unwrap();
    find("people");
    match before {
        Some(before) => fs::write(&people, before).unwrap(),
        None => fs::remove_file(&people).unwrap(),
    }
    // The folder after the machine has lost its power.
    fs::write(clinic.books().join("journal.anchor.1"), "x").unwrap();
    find("journal_end");
    fs::remove_file(clinic.books().join("journal.anchor.1")).unwrap();
    fs::rename(
        clinic.books().join("journal.key"),
        clinic.folder.path().join("key"),
    )
    .unwrap();
    find("journal");
}

#[test]
fn a_port_is_listed_and_the_printer_at_it_is_found() {
    let clinic = Clinic::new();
    let file = clinic.file.to_str().unwrap();
    let link = clinic.folder.path().join("printer");
    let link = link.to_str().unwrap();
    let (code, listed) = finished(&["ports", "list", "--config", file]);
    assert_eq!(code, Some(0), "{listed}");
    assert!(
        value(&listed, "ports").to_string().contains(link),
        "{listed}"
    );
    let probe = ["ports", "probe", "--port", link, "--family", "datecs"];
    let (code, found) = finished(&probe);
    assert_eq!(code, Some(0), "{found}");
    let uri = words(value(&found, "tries.0.uri"));
    assert_eq!(uri, format!("datecs+serial://{link}?baud=115200"));
    switch(&clinic.printer, "/sim/printer", r#"{"power":"off"}"#);
    let (code, silent) = finished(&probe);
    assert_eq!(code, Some(4), "{silent}");
    let (code, wrong) = finished(&["ports", "probe", "--port", link, "--family", "none"]);
    assert_eq!(code, Some(2), "{wrong}");
}

/// The families of this program, of which one answers at a port.
const FAMILIES: [&str; 8] = [
    "datecs",
    "datecs-b",
    "datecs-x",
    "datecs-mx",
    "eltrade",
    "daisy",
    "tremol",
    "escpos",
];

/// What `ports probe` has found at each port and of each family: path, family, state and why.
fn probed(arguments: &[&str]) -> (Option<i32>, Vec<[String; 4]>) {
    let (code, told) = finished(&[&["ports", "probe"], arguments].concat());
    let JsonValue::Array(tries) = value(&told, "tries") else {
        panic!("{told}");
    };
    let names = ["path", "family", "state", "why"];
    let row = |tried: &JsonValue| names.map(|name| words(value(tried, name)));
    (code, tries.iter().map(row).collect())
}

/// Every family is tried at every port, and a printer is named by its own family. A daisy printer answers as a datecs does, too.
#[test]
fn the_family_of_each_printer_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let printers = FAMILIES.map(|family| {
        let link = folder.path().join(family);
        (Process::emulator_of(family, &link), link)
    });
    let ports = printers
        .iter()
        .flat_map(|(_, link)| ["--port", link.to_str().unwrap()]);
    let (code, tries) = probed(&ports.collect::<Vec<_>>());
    assert_eq!(code, Some(0), "{tries:?}");
    assert_eq!(tries.len(), FAMILIES.len() * FAMILIES.len());
    for [path, family, state, why] in &tries {
        // Receipt printers are asked last, and the ten seconds of a busy machine may be over then.
        if path.ends_with("/escpos") && why.contains("ten seconds") {
            continue;
        }
        let is_own = path.ends_with(&format!("/{family}"));
        assert_eq!(is_own, state == "printer", "{path} {family}: {tries:?}");
    }
    // A receipt printer is found if only its family is asked for.
    let (_, link) = &printers[FAMILIES.len() - 1];
    let (code, tries) = probed(&["--family", "escpos", "--port", link.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{tries:?}");
}

#[test]
fn a_port_that_is_in_use_or_missing_is_said_to_be_so() {
    let clinic = Clinic::new();
    let file = clinic.file.to_str().unwrap();
    // A port of the configuration is tried without being named.
    let (code, tries) = probed(&["--config", file]);
    assert_eq!(code, Some(0), "{tries:?}");
    let agent = Process::agent(&clinic.file);
    until("the printer is connected", || {
        words(value(
            &agent.client.look("/healthz"),
            "printers.0.connected",
        )) == "true"
    });
    let (code, listed) = finished(&["ports", "list", "--config", file]);
    assert_eq!(code, Some(0), "{listed}");
    let JsonValue::Array(ports) = value(&listed, "ports") else {
        panic!("{listed}");
    };
    let configured = ports
        .iter()
        .find(|port| value(port, "configured") == &JsonValue::Bool(true));
    assert_eq!(words(value(configured.unwrap(), "used_by")), "ferrotill");
    let (code, tries) = probed(&["--config", file]);
    assert_eq!(code, Some(4), "{tries:?}");
    for [_, family, state, why] in &tries {
        assert_eq!(state, "not_tried", "{family}");
        assert!(why.contains("ferrotill uses the port"), "{family}: {why}");
    }
    let missing = clinic.folder.path().join("none");
    let (code, tries) = probed(&["--port", missing.to_str().unwrap()]);
    assert_eq!(code, Some(4), "{tries:?}");
    let [_, _, state, why] = &tries[0];
    assert_eq!(state, "not_tried");
    assert!(why.contains("does not exist"), "{why}");
}

/// Two devices; `/dev/null` and `/dev/zero` stand for serial ports.
const TWO_DEVICES: &str = r#"# The till at the door.
[till]
country = "MD"
mode = "TEST"
[[api.clients]]
key = "till"
secret = "s3cret"
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
name = "Door"
uri = 'datecs+serial:///dev/zero?baud=19200&password=4711'   # left
tax_groups = [ { code = "A", rate = "20.00" } ]
payment_types = [ { code = 0, name = "Numerar", cash = true } ]
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d28a"
name = "Bar"
uri = "datecs-x+tcp://127.0.0.1:4999"
tax_groups = [ { code = "A", rate = "20.00" } ]
payment_types = [ { code = 0, name = "Numerar", cash = true } ]
"#;

#[test]
fn a_port_is_assigned_to_a_device_and_only_its_address_is_changed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    fs::write(&file, TWO_DEVICES).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let assign = |arguments: &[&str]| {
        let config = ["--config", file.to_str().unwrap()];
        let (code, told) = finished(&[&["ports", "assign"], arguments, &config].concat());
        (code, told, fs::read_to_string(&file).unwrap())
    };
    let (code, told, text) = assign(&["/dev/null", "door", "--dry-run"]);
    assert_eq!((code, text.as_str()), (Some(0), TWO_DEVICES), "{told}");
    assert_eq!(words(value(&told, "written")), "false");

    // Speed and password of the printer stay, and the comment does.
    let (code, told, text) = assign(&["/dev/null", "door"]);
    let line = "uri = \"datecs+serial:///dev/null?baud=19200&password=4711\"   # left";
    let old = "uri = 'datecs+serial:///dev/zero?baud=19200&password=4711'   # left";
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(text, TWO_DEVICES.replace(old, line));
    assert!(!told.to_string().contains("4711"), "{told}");
    let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    assert_eq!(
        (mode, words(value(&told, "line"))),
        (0o640, "11".to_owned())
    );
    let (code, again, same) = assign(&["/dev/null", "1"]);
    assert_eq!((code, same.as_str()), (Some(0), text.as_str()), "{again}");
    assert_eq!(words(value(&again, "written")), "false");

    // What `ports probe` prints is taken as it is; a speed is no option of a printer on the network.
    let (code, told, text) = assign(&["eltrade+serial:///dev/zero?baud=9600", "2"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        text.contains("uri = \"eltrade+serial:///dev/zero?baud=9600\""),
        "{text}"
    );
    let (code, told, text) = assign(&["datecs+tcp://127.0.0.1:1", "Door"]);
    assert_eq!(code, Some(0), "{told}");
    let line = "uri = \"datecs+tcp://127.0.0.1:1?password=4711\"   # left";
    assert!(text.contains(line), "{text}");

    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 1, "only the configuration is in the folder");
}

#[test]
fn a_port_that_cannot_be_meant_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    let refused = |text: &str, arguments: &[&str], expected: Option<i32>, needed: &[&str]| {
        fs::write(&file, text).unwrap();
        let config = ["--config", file.to_str().unwrap()];
        let (code, told) = finished(&[&["ports", "assign"], arguments, &config].concat());
        assert_eq!(code, expected, "{arguments:?}: {told}");
        for needed in needed {
            let message = words(value(&told, "error.message"));
            assert!(message.contains(needed), "{arguments:?}: {message}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "{arguments:?}");
    };
    let usage = Some(2);
    for (arguments, needed) in [
        (
            &["/dev/null", "Dor"][..],
            &[
                "DEVICE \"Dor\"",
                "1 is \"Door\"",
                "2 is \"Bar\" with the id 0875b8a5",
            ][..],
        ),
        (&["/dev/null", "3"], &["no such device"]),
        (&["/dev/null"], &["DEVICE: is missing", "\"Bar\""]),
        (
            &["/dev/zero", "Bar"],
            &["\"Door\" has this port already", "password=****"],
        ),
        (
            &["/dev/ferrotill-none", "Door"],
            &["there is no such port", "--force"],
        ),
        (&["ttyUSB0", "Door"], &["is not the path of a serial port"]),
        (&["/dev/shm", "Door"], &["is no serial port"]),
        (&["/dev/serial/by-id/*", "Door"], &["is a pattern"]),
        (
            &["datex+serial:///dev/null", "Door"],
            &["`datex` is not a printer family"],
        ),
        (
            &["/dev/null", "Door", "--family", "datex"],
            &["`datex` is not a printer family"],
        ),
        (
            &["datecs+serial:///dev/null?baud=7", "Door"],
            &["`7` is not a speed"],
        ),
        (&["datecs+tcp://127.0.0.1", "Door"], &["not host:port"]),
    ] {
        refused(TWO_DEVICES, arguments, usage, needed);
    }
    let same_name = TWO_DEVICES.replace("\"Bar\"", "\"Door\"");
    refused(
        &same_name,
        &["/dev/null", "Door"],
        usage,
        &["several devices have this name"],
    );
    // The whole configuration is checked, not only what is changed.
    let faulty = TWO_DEVICES.replace("\"20.00\"", "\"20,00\"");
    refused(
        &faulty,
        &["/dev/null", "Door"],
        Some(3),
        &["device[0].tax_groups[0].rate"],
    );
    let unknown = TWO_DEVICES.replace("datecs-x+", "datex+");
    refused(
        &unknown,
        &["/dev/null", "Door"],
        Some(3),
        &["device[1].uri"],
    );

    let without = TWO_DEVICES.replace("datecs-x+tcp://127.0.0.1:4999", "none");
    refused(
        &without,
        &["/dev/null", "Bar"],
        usage,
        &["--family: is missing", "ports probe"],
    );
    fs::write(&file, TWO_DEVICES).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let later = ["ports", "assign", "/dev/ferrotill-none", "Door", "--force"];
    let (code, told) = finished(&[&later[..], &config].concat());
    assert_eq!(code, Some(0), "{told}");
    let uri = "datecs+serial:///dev/ferrotill-none?baud=19200&password=****";
    assert_eq!(words(value(&told, "uri")), uri);
}

/// Another file of the configuration may have the address; then it is changed there.
#[test]
fn a_port_is_written_into_the_file_that_has_the_address() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ferrotill.toml");
    fs::write(&file, TWO_DEVICES).unwrap();
    let companion = folder.path().join("conf.d/20-shop.toml");
    fs::create_dir(companion.parent().unwrap()).unwrap();
    let shop = "[[device]]\nid = \"0875b8a5-0668-41a3-a3fa-8eeccf66d28a\"\nuri = \"datecs-x+tcp://10.0.0.1:4999\"\n";
    fs::write(&companion, shop).unwrap();
    let config = ["--config", file.to_str().unwrap()];
    let assign = ["ports", "assign", "/dev/null", "Bar"];
    let (code, told) = finished(&[&assign[..], &config].concat());
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(words(value(&told, "file")), companion.display().to_string());
    assert_eq!(fs::read_to_string(&file).unwrap(), TWO_DEVICES);
    let changed = fs::read_to_string(&companion).unwrap();
    assert!(
        changed.contains("uri = \"datecs-x+serial:///dev/null\""),
        "{changed}"
    );
}

#[test]
fn a_bundle_for_support_has_the_checks_and_no_secret() {
    let clinic = Clinic::new();
    let agent = Process::agent(&clinic.file);
    assert_eq!(agent.client.post("operations/sale", SALE).status, 200);
    let out = clinic.folder.path().join("bundle.json");
    let bundle = [
        "support",
        "bundle",
        "--out",
        out.to_str().unwrap(),
        "--config",
    ];
    let bundle = [&bundle[..], &[clinic.file.to_str().unwrap()]].concat();
    let (code, told) = finished(&bundle);
    assert_eq!(code, Some(0), "{told}");
    let text = fs::read_to_string(&out).unwrap();
    let read = JsonValue::parse(text.as_bytes()).unwrap();
    assert!(matches!(value(&read, "checks"), JsonValue::Array(checks) if checks.len() >= 20));
    assert_eq!(words(value(&read, "health.mode")), "TEST");
    assert!(words(value(&read, "metrics")).contains("ferrotill_"));
    assert!(!text.contains(shop::SECRET), "the secret of a client");
    assert!(!text.contains("Cainarului"), "what was sold");
    assert_eq!(
        fs::metadata(&out).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // A file is never written over.
    assert_eq!(finished(&bundle).0, Some(2));
}

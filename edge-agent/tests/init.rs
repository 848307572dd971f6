//! `ferrotill init`: the configuration that it writes works, and what a FiscalCloud has answered stands in it.

mod shop;

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use ferrotill::api::json::JsonValue;
use ferrotill::config::{Config, Overrides, Permission};
use ferrotill_testkit::config::{KEY, SECRET};
use shop::machine::MachineShop;
use shop::outside::{finished, program, until};
use shop::{DEVICE, POINT_OF_SALE, value};

const UPSTREAM: &str = "http://127.0.0.1:9";

fn load(file: &Path) -> Config {
    Config::load_with(file, &Overrides::default(), []).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs `init` for a folder, with more arguments. Returns the exit code and the document.
fn init(folder: &Path, more: &[&str]) -> (Option<i32>, JsonValue) {
    let (data, out) = (folder.join("books"), folder.join("ferrotill.toml"));
    let mut arguments = vec!["init", "--no-input"];
    if !more.contains(&"--country") {
        arguments.extend(["--country", "md"]);
    }
    arguments.extend([
        "--data",
        data.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ]);
    arguments.extend([
        "--device",
        "datecs+tcp://127.0.0.1:9",
        "--upstream",
        UPSTREAM,
    ]);
    arguments.extend(more);
    finished(&arguments)
}

#[test]
fn the_written_configuration_has_the_tables_of_the_law_and_a_secret_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let (code, document) = init(folder.path(), &[]);
    assert_eq!(code, Some(0), "{document}");
    let file = folder.path().join("ferrotill.toml");
    let config = load(&file);
    assert_eq!(config.till.country, "MD");
    let device = &config.devices[0];
    assert_eq!(device.tax_groups.len(), 2);
    assert_eq!(device.payment_types.len(), 2);
    assert_eq!(device.points_of_sale.len(), 1);
    assert!(!device.use_alternative_receipts);
    let secret = folder.path().join("api.secret");
    for file in [&file, &secret] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    assert_eq!(fs::read_to_string(&secret).unwrap().len(), 64);
    // The program that sells may not settle; a person at this machine may, with another secret.
    let [sells, settles] = &config.api.clients[..] else {
        panic!("two clients");
    };
    assert!(!sells.permissions.contains(&Permission::Settle));
    assert_eq!(
        settles.permissions,
        [Permission::Settle, Permission::Settings]
    );
    assert!(folder.path().join("operator.secret").exists());
    let before = fs::read_to_string(&file).unwrap();
    let (code, document) = init(folder.path(), &[]);
    assert_eq!(
        code,
        Some(1),
        "another file is never written over: {document}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), before);
    let other = tempfile::tempdir().unwrap();
    let (code, _) = init(other.path(), &["--country", "xx"]);
    assert_eq!(code, Some(2));
    let (code, document) = init(other.path(), &["--mode", "PLAY"]);
    assert_eq!(code, Some(3), "{document}");
    let out = other.path().join("ferrotill.toml").display().to_string();
    let misspelt = [
        "init",
        "--no-input",
        "--country",
        "MD",
        "--device",
        "datec+tcp://127.0.0.1:9",
        "--out",
        &out,
    ];
    let (code, document) = finished(&misspelt);
    assert_eq!(code, Some(2), "{document}");
    let message = value(&document, "error.message").to_string();
    assert!(
        message.contains("`datec` is not a printer family"),
        "{message}"
    );
    assert_eq!(
        fs::read_dir(other.path()).unwrap().count(),
        0,
        "nothing is written"
    );
}

#[test]
fn a_till_takes_over_the_tables_and_the_next_free_numbers_of_a_fiscal_cloud() {
    // Our own till answers as FiscalCloud does.
    let cloud = MachineShop::open("datecs", None);
    let client = &cloud.agent.client;
    until("the printer is connected", || {
        client.open("/healthz").at("printers.0.connected") == "true"
    });
    let sale = r#"{"items":[{"name":"Ceai","quantity":1,"price":5,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":5}]}"#;
    for _ in 0..3 {
        let sold = client.post("alternativereceipts", sale);
        assert_eq!(sold.status, 200, "{}", sold.text);
    }
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, format!("{SECRET}\n")).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    let secret = secret.to_str().unwrap();
    let url = format!("{}/api/v1/", client.url);
    let from = [
        "--from-fiscalcloud",
        &url,
        "--key",
        KEY,
        "--secret-file",
        secret,
    ];
    let (code, document) = init(folder.path(), &from);
    assert_eq!(code, Some(0), "{document}");
    let config = load(&folder.path().join("ferrotill.toml"));
    assert_eq!(
        config.till.owner.organization_name.as_deref(),
        Some("Test SRL")
    );
    assert_eq!(config.api.clients[0].key, KEY);
    let device = &config.devices[0];
    assert_eq!(device.id.to_string(), DEVICE);
    assert_eq!(device.name, "Till 1");
    let groups: Vec<String> = device
        .tax_groups
        .iter()
        .map(|group| group.code.to_string())
        .collect();
    assert_eq!(groups, ["A", "B"]);
    let types: Vec<(i32, &str, bool, bool)> = device
        .payment_types
        .iter()
        .map(|payment| {
            (
                payment.code,
                payment.name.as_str(),
                payment.cash,
                payment.open_cash_drawer,
            )
        })
        .collect();
    assert_eq!(
        types,
        [(0, "Numerar", true, true), (1, "Card", false, false)]
    );
    assert_eq!(device.points_of_sale[0].id.to_string(), POINT_OF_SALE);
    assert!(device.use_alternative_receipts);
    let ranges: Vec<String> = device
        .alternative_receipts_ranges
        .iter()
        .map(|range| {
            format!(
                "{} {} {} {}",
                range.series, range.start, range.end, range.number_length
            )
        })
        .collect();
    assert_eq!(ranges, ["ABC 4 500 8"], "numbers 1 to 3 are used");
    // A wrong key is refused there, and nothing is written.
    let other = tempfile::tempdir().unwrap();
    let wrong = [
        "--from-fiscalcloud",
        &url,
        "--key",
        "nobody",
        "--secret-file",
        secret,
    ];
    let (code, document) = init(other.path(), &wrong);
    assert_eq!(code, Some(3), "{document}");
    assert_eq!(fs::read_dir(other.path()).unwrap().count(), 0);
}

/// A server that gives one answer to every request.
fn answering(status: &str, body: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    thread::spawn(move || {
        for caller in listener.incoming() {
            let Ok(mut caller) = caller else { return };
            let mut head = [0; 4_096];
            let _ = caller.read(&mut head);
            let _ = caller.write_all(answer.as_bytes());
        }
    });
    url
}

#[test]
fn a_bad_answer_is_named_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    let device = |tables: &str| format!(r#"{{"success":true,"data":{{"name":"a",{tables}}}}}"#);
    let no_rows = device(
        r#""taxGroups":[],"paymentTypes":[],"pointsOfSale":[],"alternativeReceiptsRanges":[]"#,
    );
    let wrong = device(
        r#""taxGroups":[{"code":"VAT","rate":"x"}],"paymentTypes":{},"pointsOfSale":[{"id":"1"}],"alternativeReceiptsRanges":[{"series":"A","startNumber":1.5}]"#,
    );
    for (status, body, code, says) in [
        ("200 OK", "<html>", 8, &["no FiscalCloud answers"][..]),
        ("500 Oops", "{}", 1, &["answered with 500"]),
        (
            "200 OK",
            r#"{"success":false,"message":"no licence"}"#,
            1,
            &["no licence"],
        ),
        ("200 OK", r#"{"success":true}"#, 1, &["has no data"]),
        (
            "401 No",
            r#"{"success":false,"message":"wrong time"}"#,
            3,
            &["--secret-file", "wrong time"],
        ),
        ("200 OK", &no_rows, 1, &["taxGroups: has no row"]),
        (
            "200 OK",
            &wrong,
            1,
            &[
                "taxGroups[0].code",
                "taxGroups[0].rate",
                "paymentTypes: is no list",
                "pointsOfSale[0].id",
                "alternativeReceiptsRanges[0].startNumber",
                "alternativeReceiptsRanges[0].endNumber",
            ],
        ),
    ] {
        let url = answering(status, body);
        let (data, out) = (folder.path().join("books"), folder.path().join("out.toml"));
        let (found, document) = finished(&[
            "init",
            "--no-input",
            "--country",
            "MD",
            "--data",
            data.to_str().unwrap(),
            "--device",
            "datecs+tcp://127.0.0.1:9",
            "--out",
            out.to_str().unwrap(),
            "--from-fiscalcloud",
            &url,
            "--key",
            KEY,
            "--secret-file",
            secret.to_str().unwrap(),
            "--fiscalcloud-device",
            DEVICE,
        ]);
        assert_eq!(found, Some(code), "{body}: {document}");
        let JsonValue::Text(message) = value(&document, "error.message") else {
            panic!("{document}");
        };
        for part in says {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(!out.exists(), "{body}");
    }
}

/// A command on a terminal, as a person has it.
struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<String>>,
    /// How much of the screen was read.
    read: usize,
}

impl Terminal {
    fn start(command: &mut Command) -> Self {
        let pair = nix::pty::openpty(None, None).unwrap();
        let slave = || Stdio::from(pair.slave.try_clone().unwrap());
        let child = command.stdin(slave()).stdout(slave()).stderr(slave());
        let child = child.spawn().unwrap();
        // The screen ends when the last program that has it open ends.
        drop(pair.slave);
        let keyboard = File::from(pair.master);
        let mut output = keyboard.try_clone().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let shown = Arc::clone(&screen);
        thread::spawn(move || {
            let mut bytes = [0; 4_096];
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                let text = String::from_utf8_lossy(&bytes[..count]);
                shown.lock().unwrap().push_str(&text);
            }
        });
        Self {
            child,
            keyboard,
            screen,
            read: 0,
        }
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Waits until the screen shows a text after what was read before.
    fn expect(&mut self, text: &str) {
        until(text, || self.screen()[self.read..].contains(text));
        let place = self.screen()[self.read..].find(text).unwrap();
        self.read += place + text.len();
    }

    /// Waits for a question and types an answer.
    fn answer(&mut self, question: &str, answer: &str) {
        self.expect(question);
        self.expect("]: ");
        self.keyboard.write_all(answer.as_bytes()).unwrap();
        self.keyboard.write_all(b"\n").unwrap();
    }

    fn end(&mut self) -> ExitStatus {
        let mut ended = None;
        until("the command ends", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        ended.unwrap()
    }
}

#[test]
fn a_person_answers_questions_and_wrong_answers_are_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(program().arg("init").current_dir(folder.path()));
    terminal.answer("Country of the shop", "xx");
    terminal.expect("\"xx\" is no country of this till");
    terminal.answer("Country of the shop", "md");
    terminal.answer("Mode", "play");
    terminal.expect("write TEST or LIVE");
    terminal.answer("Mode", "");
    terminal.expect("found.");
    terminal.answer("Printer", "ttyUSB0");
    terminal.expect("is no address of a printer");
    terminal.answer("Printer", "none");
    terminal.expect("the law needs a fiscal printer");
    terminal.answer("Printer", "datecs+tcp://127.0.0.1:9");
    terminal.answer("Name of the owner", "Brutăria \"Țăranul\" SRL");
    terminal.answer("Tax number", "1003600000001");
    terminal.answer("Address of the shop", "");
    terminal.answer("Address and port", "everywhere");
    terminal.expect("is no address and port");
    terminal.answer("Address and port", "127.0.0.1:50777");
    terminal.answer("Data folder", "books");
    terminal.answer("URL of the tax authority", "ftp://authority");
    terminal.expect("is no URL");
    terminal.answer("URL of the tax authority", UPSTREAM);
    fs::write(folder.path().join("taken.toml"), "mine").unwrap();
    terminal.answer("File to write", "taken.toml");
    terminal.expect("exists already");
    terminal.answer("File to write", "");
    terminal.answer("Write ferrotill.toml", "maybe");
    terminal.expect("write yes or no");
    terminal.answer("Write ferrotill.toml", "");
    terminal.expect("Next: ferrotill config check --config ferrotill.toml");
    assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen());

    let (file, secret) = (
        folder.path().join("ferrotill.toml"),
        folder.path().join("api.secret"),
    );
    for file in [&file, &secret] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    let config = load(&file);
    let owner = &config.till.owner;
    assert_eq!(
        owner.organization_name.as_deref(),
        Some("Brutăria \"Țăranul\" SRL")
    );
    assert_eq!(owner.idnx.as_deref(), Some("1003600000001"));
    assert_eq!(owner.address, None);
    assert_eq!(config.till.data_dir, folder.path().join("books"));
    assert_eq!(config.api.listen.to_string(), "127.0.0.1:50777");
    assert!(
        !terminal
            .screen()
            .contains(&fs::read_to_string(secret).unwrap())
    );
}

#[test]
fn the_end_of_the_input_and_a_no_write_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let flags = [
        "init",
        "--country",
        "UA",
        "--mode",
        "TEST",
        "--device",
        "none",
        "--listen",
        "127.0.0.1:50778",
        "--data",
        "books",
    ];
    let command = || {
        let mut command = program();
        command.args(flags).current_dir(folder.path());
        command
    };
    // The first question is the first thing that no flag says.
    let mut terminal = Terminal::start(&mut command());
    terminal.answer("Name of the owner", "-");
    terminal.expect("Tax number");
    terminal.keyboard.write_all(b"\x04").unwrap();
    terminal.expect("nothing is written");
    assert_eq!(terminal.end().code(), Some(1));
    assert!(
        !terminal.screen().contains("Country"),
        "{}",
        terminal.screen()
    );

    let mut terminal = Terminal::start(&mut command());
    for question in ["Name", "Tax number", "Address", "URL", "File"] {
        terminal.answer(question, "");
    }
    terminal.answer("Write", "no");
    terminal.expect("Nothing is written.");
    assert_eq!(terminal.end().code(), Some(1));

    let output = program()
        .arg("init")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn answers_that_are_no_configuration_are_asked_again_with_themselves_as_defaults() {
    let folder = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(
        program()
            .args(["init", "--country", "AT", "--device", "none"])
            .args(["--upstream", UPSTREAM, "--data", "books"])
            .current_dir(folder.path()),
    );
    terminal.answer("Mode", "LIVE");
    terminal.answer("Name of the owner", "Gasthaus");
    for question in ["Tax number", "Address of", "Address and", "File", "Write"] {
        terminal.answer(question, "");
    }
    terminal.expect("signature_unit");
    terminal.expect("nothing is written");
    terminal.answer("Mode", "TEST");
    terminal.expect("Name of the owner");
    terminal.answer("[Gasthaus", "");
    for question in ["Tax number", "Address of", "Address and", "File", "Write"] {
        terminal.answer(question, "");
    }
    terminal.expect("Next: ");
    assert_eq!(terminal.end().code(), Some(0), "{}", terminal.screen());
    let config = load(&folder.path().join("ferrotill.toml"));
    assert_eq!(config.signature_units.len(), 1);
}

/// The configuration of every country works in TEST mode: the check of the configuration finds no fault.
#[test]
fn every_country_has_a_configuration_that_works() {
    for country in ["MD", "UA", "AT", "UZ"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ferrotill.toml");
        let (data, out) = (folder.path().join("books"), file.to_str().unwrap());
        let mut arguments = vec!["init", "--no-input", "--country", country];
        arguments.extend(["--data", data.to_str().unwrap(), "--upstream", UPSTREAM]);
        arguments.extend(["--out", out]);
        if country == "MD" {
            arguments.extend(["--device", "datecs+tcp://127.0.0.1:9"]);
        }
        let (code, document) = finished(&arguments);
        assert_eq!(code, Some(0), "{country}: {document}");
        let (code, document) = finished(&["config", "check", "--config", out]);
        assert_eq!(code, Some(0), "{country}: {document}");
    }
}

/// Only the configuration was deleted: the secret beside it is used again, and is not changed.
#[test]
fn init_is_repeated_after_only_the_configuration_was_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let (out, secret) = (
        folder.path().join("ferrotill.toml"),
        folder.path().join("api.secret"),
    );
    assert_eq!(init(folder.path(), &["--mode", "TEST"]).0, Some(0));
    let before = std::fs::read_to_string(&secret).unwrap();
    // A configuration that is there is left as it is.
    let (code, refused) = init(folder.path(), &["--mode", "TEST"]);
    assert_eq!(code, Some(1), "{refused}");
    std::fs::remove_file(&out).unwrap();
    let (code, again) = init(folder.path(), &["--mode", "TEST"]);
    assert_eq!(code, Some(0), "{again}");
    assert_eq!(std::fs::read_to_string(&secret).unwrap(), before);
    let written = load(&out);
    assert_eq!(written.devices.len(), 1);
}

/// The package makes a user for the service. Its files are written by root.
#[test]
fn what_root_writes_belongs_to_the_user_of_the_data_folder() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    let folder = tempfile::tempdir().unwrap();
    let (data, out) = (
        folder.path().join("data"),
        folder.path().join("ferrotill.toml"),
    );
    std::fs::create_dir(&data).unwrap();
    let user = 65_534;
    if chown(&data, Some(user), Some(user)).is_err() {
        // Only root can give a folder away.
        return;
    }
    let status = shop::outside::program()
        .args(["init", "--no-input", "--country", "MD", "--mode", "TEST"])
        .args(["--device", "datecs+tcp://127.0.0.1:9"])
        .args(["--data", data.to_str().unwrap()])
        .args(["--out", out.to_str().unwrap()])
        .status()
        .unwrap();
    assert!(status.success());
    let mut checked = 0;
    for entry in [folder.path(), &data]
        .into_iter()
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
    {
        let entry = entry.unwrap();
        let owner = entry.metadata().unwrap();
        assert_eq!((owner.uid(), owner.gid()), (user, user), "{entry:?}");
        checked += 1;
    }
    assert!(
        checked >= 4,
        "the data folder, the configuration, the secret and the people"
    );
}

/// Where the law needs a printer, a configuration without one would not work: nothing is written.
#[test]
fn without_the_printer_that_the_law_needs_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("ferrotill.toml").display().to_string();
    let data = folder.path().join("books").display().to_string();
    let told = |more: &[&str]| {
        let arguments = ["init", "--no-input", "--out", &out, "--data", &data];
        let (code, document) = finished(&[&arguments[..], more].concat());
        (code, value(&document, "error.message").to_string())
    };
    let (code, message) = told(&["--country", "MD"]);
    assert_eq!(code, Some(4), "{message}");
    assert!(message.contains("needs a fiscal printer"), "{message}");
    let (code, message) = told(&["--country", "MD", "--device", "none"]);
    assert_eq!(code, Some(2), "{message}");
    let (code, message) = told(&["--country", "UA", "--device", "nonsense"]);
    assert_eq!(code, Some(2), "{message}");
    let left = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is written");
}

/// A path in the file is read from the file's folder, and one on the command line from the working folder.
#[test]
fn a_relative_data_folder_is_the_same_for_init_and_for_the_till() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("etc")).unwrap();
    let status = program()
        .args(["init", "--no-input", "--country", "UA", "--data", "books"])
        .args(["--out", "etc/ferrotill.toml", "--upstream", UPSTREAM])
        .current_dir(folder.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let config = load(&folder.path().join("etc/ferrotill.toml"));
    let books = fs::canonicalize(folder.path()).unwrap().join("books");
    assert_eq!(config.till.data_dir, books);
    assert!(books.join("people.toml").exists());
}

/// `config check` finds what `run` would refuse: the id of a key of a closed system stands in every receipt.
#[test]
fn the_id_of_a_key_of_a_closed_system_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(init(folder.path(), &["--country", "AT"]).0, Some(0));
    let out = folder.path().join("ferrotill.toml");
    let open = fs::read_to_string(&out).unwrap();
    let check = |id: &str| {
        let closed = open.replace("R1-AT9", "R1-AT0").replace("unit-1", id);
        fs::write(&out, closed).unwrap();
        finished(&["config", "check", "--config", out.to_str().unwrap()])
    };
    let (code, told) = check("u1");
    assert_eq!(code, Some(3), "{told}");
    assert!(told.to_string().contains("signature_unit[0].id"), "{told}");
    let (code, told) = check("U:ATU12345678-K1");
    assert_eq!(code, Some(0), "{told}");
}

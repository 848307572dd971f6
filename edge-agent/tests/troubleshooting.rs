//! Tests that make each fault of `docs/TROUBLESHOOTING.md` and compare the program's message, in all four parts, with its row.
//!
//! The tests that need a disk of their own (no permission, only readable, full) run the program behind `unshare -rm`, which gives it
//! mounts that nobody else sees, also to root. Where the system does not allow that, they say so on standard error, also without
//! `--nocapture`, and try nothing.

mod shop;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use shop::outside::{Process, finished, program_path, until};
use shop::till::{SALE, Till};
use shop::{Client, config, value};

const HOUR_MS: i64 = 3_600_000;
const PAGE: &str = include_str!("../../docs/TROUBLESHOOTING.md");
/// A sale that needs neither a printer nor an authority.
const ALTERNATIVE: &str = r#"{"receiptMode":"AlternativeReceiptOnly","print":false,"items":[{"name":"Cafea","quantity":1,"price":25.50,"taxGroupCode":"A"}],"payments":[{"typeCode":0,"amount":30}]}"#;

/// The rows of the page: number, what, where, why, what to do.
fn rows() -> Vec<(usize, [String; 4])> {
    let cells = |line: &str| -> Vec<String> {
        line.split('|').map(|cell| cell.trim().to_owned()).collect()
    };
    let lines = PAGE.lines().map(cells).filter(|cells| cells.len() == 8);
    lines
        .filter_map(|cells| {
            let number = cells[1].parse().ok()?;
            let [what, place, why, fix] = &cells[3..7] else {
                return None;
            };
            Some((
                number,
                [what.clone(), place.clone(), why.clone(), fix.clone()],
            ))
        })
        .collect()
}

/// Compares what the program says and its advice with a row of the page.
fn is_row(number: usize, says: &str, fix: &str) {
    let rows = rows();
    let row = rows.iter().find(|(row, _)| *row == number);
    let (_, [what, place, why, todo]) =
        row.unwrap_or_else(|| panic!("the page has no row {number}"));
    assert_eq!(
        (says, fix),
        (format!("{what}: {place}: {why}").as_str(), todo.as_str())
    );
}

/// Splits a message at the place at which its advice begins.
fn split(message: &str) -> (&str, &str) {
    message.split_once("; ").expect("a message with advice")
}

#[test]
fn the_page_has_twenty_rows_and_no_row_has_an_empty_part() {
    let rows = rows();
    let numbers: Vec<usize> = rows.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    for (number, parts) in rows {
        assert!(parts.iter().all(|part| !part.is_empty()), "{number}");
    }
}

/// The problem with this id in the health of an agent, once it is there: what it says, and what to do.
fn problem(client: &Client, id: &str) -> (String, String) {
    let mut found = None;
    until(id, || {
        let health = client.open("/healthz");
        let places = 0..health.list("problems");
        let place = places
            .into_iter()
            .find(|place| health.at(&format!("problems.{place}.id")) == id);
        found = place.map(|place| {
            let of = |name| health.at(&format!("problems.{place}.{name}"));
            (of("says"), of("fix"))
        });
        found.is_some()
    });
    found.unwrap()
}

/// The files of one till.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text_at(&self, name: &str) -> String {
        self.at(name).display().to_string()
    }

    /// Writes the configuration of a till.
    fn configure(&self, books: &str, printer: &str, office: &str) -> PathBuf {
        let file = self.at("ferrotill.toml");
        let config =
            config(Path::new(books), printer, office).set("till", "answer_timeout_ms", 3_000);
        fs::write(&file, config.to_string()).unwrap();
        file
    }

    /// Writes the configuration of a till with a printer and without an authority that answers.
    fn with_printer(&self, printer: &str) -> PathBuf {
        self.configure(&self.text_at("books"), printer, "http://127.0.0.1:9")
    }
}

fn serial(family: &str, path: &Path) -> String {
    format!("{family}+serial://{}?baud=115200", path.display())
}

/// Checks health, log and caller: the printer of this till cannot be used, as a row of the page says.
fn unusable_printer(number: usize, files: &Files, agent: &Process, port: &Path, log: &Path) {
    let shown = |text: &str| text.replace(port.to_str().unwrap(), "/dev/ttyUSB0");
    let (says, fix) = problem(&agent.client, "printer");
    is_row(number, &shown(&says), &fix);
    let whole = format!("{says}; {fix}");
    until("the log says the same", || {
        fs::read_to_string(log).unwrap().contains(&whole)
    });
    assert!(files.at("books").exists());
    let trouble = agent.client.open("/healthz").at("printers.0.trouble");
    assert_eq!(trouble, whole);
    let sold = agent.client.post("operations/sale", SALE);
    assert_ne!(sold.status, 200, "{}", sold.text);
    let (what, rest) = says.split_once(": ").unwrap();
    let (_, why) = rest.split_once(": ").unwrap();
    for part in [what, why, &*fix] {
        assert!(sold.at("message").contains(part), "{part}: {}", sold.text);
    }
}

/// An agent with its log, on a printer's address.
fn agent_on(files: &Files, printer: &str) -> (Process, PathBuf) {
    let (file, log) = (files.with_printer(printer), files.at("log"));
    let agent = Process::agent_with_log(&file, fs::File::create(&log).unwrap());
    (agent, log)
}

fn printer_case(number: usize, files: &Files, family: &str, port: &Path) {
    let (agent, log) = agent_on(files, &serial(family, port));
    unusable_printer(number, files, &agent, port, &log);
}

#[test]
fn a_port_that_does_not_exist() {
    let files = Files::new();
    printer_case(1, &files, "datecs", &files.at("printer"));
}

#[test]
fn a_port_that_the_user_may_not_open() {
    let files = Files::new();
    let (folder, log) = (files.at("dev"), files.at("log"));
    fs::create_dir(&folder).unwrap();
    let port = folder.join("port");
    fs::write(&port, "").unwrap();
    let file = files.with_printer(&serial("datecs", &port));
    // On a mount without devices nobody may open a device.
    let mounts = format!(
        "mount --bind /dev/null {0} && mount -o remount,bind,nodev {0}",
        port.display()
    );
    let Some(agent) = behind(&mounts, &file, &log) else {
        return;
    };
    unusable_printer(2, &files, &agent, &port, &log);
}

#[test]
fn a_port_that_another_program_uses() {
    let (first, second) = (Files::new(), Files::new());
    let port = first.at("printer");
    let _printer = Process::emulator(&port, &first.at("memory"), "115200");
    let (holder, _) = agent_on(&first, &serial("datecs", &port));
    until("the first agent has the printer", || {
        holder.client.open("/healthz").at("printers.0.connected") == "true"
    });
    printer_case(3, &second, "datecs", &port);
}

#[test]
fn a_file_in_place_of_a_port() {
    let files = Files::new();
    let port = files.at("printer");
    fs::write(&port, "no printer").unwrap();
    printer_case(4, &files, "datecs", &port);
}

/// An emulated line has no speed, so each answer gets a wrong byte, as on a line of another speed.
#[test]
fn a_port_with_the_wrong_speed() {
    let files = Files::new();
    let port = files.at("printer");
    let printer = Process::emulator(&port, &files.at("memory"), "115200");
    simulate(
        &printer,
        "POST",
        "/sim/printer/faults",
        r#"{"kind":"garble","times":100000}"#,
    );
    printer_case(5, &files, "datecs", &port);
}

#[test]
fn an_address_with_the_wrong_family() {
    let files = Files::new();
    let port = files.at("printer");
    let _printer = Process::emulator(&port, &files.at("memory"), "115200");
    printer_case(6, &files, "datecs-b", &port);
}

#[test]
fn a_printer_that_is_off() {
    let files = Files::new();
    let port = files.at("printer");
    let printer = Process::emulator(&port, &files.at("memory"), "115200");
    simulate(&printer, "PUT", "/sim/printer", r#"{"power":"off"}"#);
    printer_case(7, &files, "datecs", &port);
}

fn simulate(printer: &Process, method: &str, path: &str, body: &str) {
    let reply = printer.client.signed(method, path, body, |_| ()).unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text);
}

/// Sells until the authority at this address counts as offline, and compares the problem with a row.
fn office_case(number: usize, url: &str) {
    let files = Files::new();
    let books = files.text_at("books");
    let printer = serial("datecs", &files.at("printer"));
    let (file, log) = (files.at("ferrotill.toml"), files.at("log"));
    // A TEST till reaches other machines only if they are for tests.
    let config =
        config(Path::new(&books), &printer, url).set("upstream", "environment", text("TEST"));
    fs::write(&file, config.to_string()).unwrap();
    let agent = Process::agent_with_log(&file, fs::File::create(&log).unwrap());
    assert_eq!(
        agent.client.post("operations/sale", ALTERNATIVE).status,
        200
    );
    let (says, fix) = problem(&agent.client, "office_offline");
    is_row(number, &says.replace(url, "https://office.example"), &fix);
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.contains(&format!("{says}; {fix}")), "{log}");
}

#[test]
fn an_office_that_is_off() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    office_case(8, &url);
}

#[test]
fn an_office_whose_name_does_not_resolve() {
    office_case(9, "https://no-such-office.invalid");
}

/// Serves this answer to every request. Returns the address of the server.
fn server(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // Whether the whole request was read does not matter to the caller, as long as it gets the answer.
            let _ = stream.read(&mut [0; 65_536]);
            let _ = stream.write_all(answer);
        }
    });
    address
}

const NOT_FOUND: &[u8] =
    b"HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\nConnection: close\r\n\r\n<html></html>";

#[test]
fn an_office_without_tls() {
    office_case(10, &format!("https://{}", server(NOT_FOUND)));
}

#[test]
fn an_office_that_answers_with_another_status() {
    office_case(11, &format!("http://{}", server(NOT_FOUND)));
}

/// Runs a command that fails with this exit code. Returns its message without the advice, and the advice.
fn failed(exit: i32, arguments: &[&str]) -> (String, String) {
    let (code, told) = finished(arguments);
    assert_eq!(code, Some(exit), "{told}");
    let of = |name| match value(&told, name) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{name}: {other}"),
    };
    let message = of("error.message");
    let (says, fix) = split(&message);
    assert_eq!(fix, of("error.fix"));
    (says.to_owned(), fix.to_owned())
}

#[test]
fn an_address_that_another_program_listens_on() {
    let files = Files::new();
    let file = files.with_printer(&serial("datecs", &files.at("printer")));
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = file.to_str().unwrap();
    let (says, fix) = failed(1, &["run", "--config", file, "--listen", &address]);
    is_row(12, &says.replace(&address, "127.0.0.1:50700"), &fix);
}

#[test]
fn two_agents_with_one_data_folder() {
    let files = Files::new();
    let file = files.with_printer(&serial("datecs", &files.at("printer")));
    let _first = Process::agent(&file);
    let file = file.to_str().unwrap();
    let (says, fix) = failed(1, &["run", "--config", file, "--listen", "127.0.0.1:0"]);
    let shown = says.replace(&files.text_at("books"), "/var/lib/ferrotill");
    is_row(15, &shown, &fix);
}

/// The shell's line that makes these mounts for itself alone and becomes an agent; none where the system does not allow that.
fn line_behind(mounts: &str, file: &Path, log: &Path) -> Option<String> {
    let allowed = Command::new("unshare").args(["-rm", "true"]).status();
    if !allowed.is_ok_and(|status| status.success()) {
        // The test harness keeps what the macros print of a test that succeeds.
        let words = b"troubleshooting: a row was NOT TRIED: this system does not allow mounts of one's own (unshare -rm)\n";
        std::io::stderr().write_all(words).unwrap();
        return None;
    }
    let (program, file, log) = (program_path(), file.display(), log.display());
    let run = format!(
        "exec {} --json run --config {file} 2>{log}",
        program.display()
    );
    Some(format!("exec unshare -rm sh -c '{mounts} && {run}'"))
}

/// An agent with mounts of its own.
fn behind(mounts: &str, file: &Path, log: &Path) -> Option<Process> {
    Some(Process::shell(&line_behind(mounts, file, log)?))
}

#[test]
fn a_data_folder_on_a_disk_that_can_only_be_read() {
    let files = Files::new();
    let disk = files.at("disk");
    fs::create_dir(&disk).unwrap();
    let books = disk.join("books").display().to_string();
    let printer = serial("datecs", &files.at("printer"));
    let (file, log) = (
        files.configure(&books, &printer, "http://127.0.0.1:9"),
        files.at("log"),
    );
    let mounts = format!(
        "mount -t tmpfs none {0} && mount -o remount,ro {0}",
        disk.display()
    );
    let Some(line) = line_behind(&mounts, &file, &log) else {
        return;
    };
    let output = Command::new("sh").args(["-c", &line]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let told = JsonValue::parse(&output.stdout).unwrap();
    let JsonValue::Text(message) = value(&told, "error.message") else {
        panic!("{told}");
    };
    let (says, fix) = split(message);
    is_row(13, &says.replace(&books, "/var/lib/ferrotill"), fix);
}

#[test]
fn a_disk_that_is_full() {
    let files = Files::new();
    let disk = files.at("disk");
    fs::create_dir(&disk).unwrap();
    let books = disk.join("books").display().to_string();
    let printer = serial("datecs", &files.at("printer"));
    let (file, log) = (
        files.configure(&books, &printer, "http://127.0.0.1:9"),
        files.at("log"),
    );
    let mounts = format!("mount -t tmpfs -o size=4m none {}", disk.display());
    let Some(agent) = behind(&mounts, &file, &log) else {
        return;
    };
    assert_eq!(
        agent.client.post("operations/sale", ALTERNATIVE).status,
        200
    );
    // The disk as the agent sees it.
    let seen = format!("/proc/{}/root{}/filler", agent.id(), disk.display());
    let mut filler = fs::File::create(&seen).unwrap();
    for size in [4_096, 1] {
        while filler.write_all(&vec![0; size]).is_ok() {}
    }
    let mut refused = None;
    until("a sale is not written", || {
        let sold = agent.client.post("operations/sale", ALTERNATIVE);
        refused = (sold.status != 200).then_some(sold);
        refused.is_some()
    });
    let (says, fix) = problem(&agent.client, "disk_full");
    is_row(14, &says.replace(&books, "/var/lib/ferrotill"), &fix);
    // The caller gets the same without the path.
    let refused = refused.unwrap();
    let (_, [what, _, why, fix]) = rows().swap_remove(13);
    let expected = format!("{what}: {why}; {fix}");
    assert!(
        refused.at("message").contains(&expected),
        "{}",
        refused.text
    );
    assert!(!refused.text.contains(&books), "{}", refused.text);
    for _ in 0..3 {
        assert_ne!(
            agent.client.post("operations/sale", ALTERNATIVE).status,
            200
        );
    }
    let lines = |text: &str| {
        let log = fs::read_to_string(&log).unwrap();
        log.lines().filter(|line| line.contains(text)).count()
    };
    // Each sale that could not be written has a line of its own.
    assert_eq!(
        lines("clerk: the till cannot write its journal"),
        1,
        "one line for one trouble"
    );
    fs::remove_file(&seen).unwrap();
    drop(filler);
    until("the till sells again", || {
        agent.client.post("operations/sale", ALTERNATIVE).status == 200
    });
    let health = agent.client.open("/healthz");
    assert!(!health.text.contains("disk_full"), "{}", health.text);
    assert_eq!(lines("the till can write its journal again"), 1);
}

/// The lines of the log of the tills in this process.
static LOG: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Log;

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let mut log = LOG.lock().unwrap_or_else(PoisonError::into_inner);
        log.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Replaces times, and numbers of seconds, by the words of the page.
fn without_times(text: &str) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for place in 0..words.len() {
        let is_number = words[place].bytes().all(|byte| byte.is_ascii_digit());
        if is_number && words.get(place + 1).is_some_and(|next| next == "s") {
            words[place] = "N".to_owned();
        }
        let time = words[place].trim_matches(['(', ')', ',', ';']).to_owned();
        if time.parse::<jiff::Timestamp>().is_ok() {
            words[place] = words[place].replace(&time, "TIME");
        }
    }
    words.join(" ")
}

#[test]
fn a_machines_clock_that_is_behind_or_ahead() {
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_writer(|| Log)
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    for (number, wrong_ms) in [(16, -3 * HOUR_MS), (17, 400 * 24 * HOUR_MS)] {
        LOG.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let mut till = Till::new(|config| config);
        till.clock.set_wrong(wrong_ms);
        till.start();
        till.until("two clocks agree", |till| {
            till.health().at("clock.witnessed") == "true"
        });
        let (what, _) = ("the machine's clock is not believed: ", ());
        let mut line = String::new();
        till.until("the log says so", |_| {
            let log = LOG.lock().unwrap_or_else(PoisonError::into_inner).clone();
            String::from_utf8(log).unwrap().contains(what)
        });
        let log = LOG.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for one in String::from_utf8(log).unwrap().lines() {
            if let Some(place) = one.find(what) {
                line = without_times(&one[place..]);
            }
        }
        let (says, fix) = split(&line);
        is_row(number, says, fix);
    }
}

#[test]
fn a_time_that_no_two_clocks_confirm() {
    let files = Files::new();
    let file = files.with_printer(&serial("datecs", &files.at("printer")));
    let agent = Process::agent(&file);
    let (says, fix) = problem(&agent.client, "clock_unconfirmed");
    is_row(18, &without_times(&says), &fix);
}

#[test]
fn a_printers_clock_that_is_wrong() {
    let mut till = Till::new(|config| config.set("till", "time_zone", text("UTC")));
    till.start();
    till.sells();
    till.until("two clocks agree", |till| {
        till.health().at("clock.witnessed") == "true"
    });
    till.printer_ahead_s.store(7_200, Ordering::Release);
    till.sells();
    let (says, fix) = problem(till.client(), "printer_objections");
    let port = till.folder.path().join("printer").display().to_string();
    let says = says.replace(&port, "/dev/ttyUSB0");
    // The printer shows its time as DD-MM-YY HH:MM:SS.
    let (before, shown) = says.split_once("it shows ").unwrap();
    let (_, after) = shown.split_once(", ").unwrap();
    is_row(19, &format!("{before}it shows TIME, {after}"), &fix);
}

#[test]
fn a_time_zone_that_does_not_exist() {
    let files = Files::new();
    let books = files.at("books");
    let printer = serial("datecs", &files.at("printer"));
    let config = config(&books, &printer, "http://127.0.0.1:9");
    let file = files.at("ferrotill.toml");
    let zone = config.set("till", "time_zone", text("Europe/Nowhere"));
    fs::write(&file, zone.to_string()).unwrap();
    let file = file.to_str().unwrap();
    let (says, fix) = failed(3, &["run", "--config", file]);
    // A fault of the configuration begins with its place, as the messages of compilers do.
    let (_, [what, place, why, todo]) = rows().swap_remove(19);
    assert_eq!(
        (says.replace(file, "/etc/ferrotill/ferrotill.toml"), fix),
        (format!("{place}: {what}: {why}"), todo)
    );
}

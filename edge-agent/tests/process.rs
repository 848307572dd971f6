//! Tests of the service as a process: no other process uses its store, and its memory is private.

mod shop;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use ferrotill::api::json::JsonValue;
use shop::outside::{Process, finished, program};
use shop::till::SALE;
use shop::{configuration, value};

/// The configuration of a till with an emulated printer, in a folder of its own, and the simulators as processes.
fn till() -> (tempfile::TempDir, Process, Process, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let (link, memory) = (folder.path().join("printer"), folder.path().join("memory"));
    let printer = Process::emulator(&link, &memory, "115200");
    let authority = Process::authority();
    let books = folder.path().join("books");
    let uri = format!("datecs+serial://{}?baud=115200", link.display());
    let text = configuration(books.to_str().unwrap(), &uri, &authority.client.url);
    let file = folder.path().join("ferrotill.toml");
    fs::write(&file, text).unwrap();
    (folder, printer, authority, file)
}

#[test]
fn a_second_agent_on_the_same_store_does_not_start_and_the_first_one_keeps_selling() {
    let (_folder, _printer, _office, file) = till();
    let file_name = file.to_str().unwrap();
    let first = Process::agent(&file);
    assert_eq!(first.client.post("operations/sale", SALE).status, 200);
    // The second agent gets another address, so that only the store is in use already. The second attempt uses another path of
    // the same folder.
    let books = file.with_file_name("books");
    let other_name = file.with_file_name("the same books");
    std::os::unix::fs::symlink(&books, &other_name).unwrap();
    for data in [&books, &other_name] {
        let second = program()
            .args([
                "run",
                "--listen",
                "127.0.0.1:0",
                "--config",
                file_name,
                "--data",
            ])
            .arg(data)
            .output()
            .unwrap();
        assert_ne!(second.status.code(), Some(0));
        let words = String::from_utf8_lossy(&second.stderr);
        assert!(words.contains("another agent uses it"), "{words}");
    }
    assert_eq!(first.client.post("operations/sale", SALE).status, 200);
    let (code, told) = finished(&["verify", "--config", file_name]);
    assert_eq!(
        (code, value(&told, "ok")),
        (Some(0), &JsonValue::Bool(true))
    );

    // The lock of a killed agent is free, so the next agent can open the store.
    drop(first);
    let next = Process::agent(&file);
    assert_eq!(next.client.post("operations/sale", SALE).status, 200);
}

#[test]
fn the_demo_names_its_configuration_and_its_apis() {
    let demo = Process::start(&["demo", "--serve", "--listen", "127.0.0.1:0"]);
    let text = |path: &str| match value(&demo.ready, path) {
        JsonValue::Text(text) => text.clone(),
        other => panic!("{path} is {other}"),
    };
    let base = format!("{}/api/v1", text("url"));
    assert_eq!(text("apis.fiscalcloud"), base);
    let file = text("config");
    assert!(file.ends_with("/ferrotill.toml"), "{file}");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "the file has the secret of a client");
    for arguments in [["config", "check"].as_slice(), &["verify"]] {
        let (code, told) = finished(&[arguments, &["--config", &file]].concat());
        assert_eq!(code, Some(0), "{arguments:?}: {told}");
    }
    // The verb finds the agent at the address of the file, with the client of the file.
    let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
    let settle = [
        "settle",
        id,
        "--not-registered",
        "--by",
        "Maria",
        "--config",
        &file,
    ];
    let (_, told) = finished(&settle);
    assert_eq!(
        value(&told, "error.code"),
        &JsonValue::from("UnknownId"),
        "{told}"
    );
}

/// A program that calls the commands reads one form of errors.
#[test]
fn the_error_of_a_command_is_one_json_document() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("faulty.toml");
    fs::write(&file, "[till]\ncountry = \"MD\"\nfoo = 1\n").unwrap();
    let (file, nothing) = (file.to_str().unwrap(), "/nowhere.toml");
    let id = "7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f0001";
    let settle = ["settle", id, "--registered", "--by", "M", "--config", file];
    let faulty = "configuration_faulty";
    let unreadable = "configuration_unreadable";
    for (arguments, exit, error) in [
        (&["run", "--config", file][..], 3, faulty),
        (&["run", "--config", nothing], 3, unreadable),
        (&["verify", "--config", file], 3, faulty),
        (&["config", "check", "--config", file], 3, faulty),
        (&settle, 3, faulty),
        (&["demo", "--country", "XX"], 2, "usage"),
        (&["demo", "--listen", "192.0.2.1:1"], 1, "failed"),
        (&["authority", "--listen", "192.0.2.1:1"], 1, "failed"),
        (
            &["emulator", "--family", "none", "--link", "/x"],
            2,
            "usage",
        ),
        // The file is no link of an emulated printer.
        (
            &["emulator", "--family", "datecs", "--link", file],
            1,
            "failed",
        ),
        (&["emulator"], 2, "usage"),
        (&["nonsense"], 2, "usage"),
    ] {
        let (code, told) = finished(arguments);
        let text = |name: &str| match value(&told, name) {
            JsonValue::Text(text) => text.clone(),
            other => panic!("{arguments:?}: {name} is {other}"),
        };
        assert_eq!(
            (code, text("error.code").as_str()),
            (Some(exit), error),
            "{told}"
        );
        assert!(!text("error.message").is_empty(), "{told}");
        assert!(!text("error.fix").is_empty(), "{told}");
    }
    assert!(fs::read_to_string(file).unwrap().starts_with("[till]"));
}

#[test]
fn a_demo_that_is_interrupted_before_the_end_of_its_day_says_so() {
    let mut day = Process::start(&["demo", "--once", "--listen", "127.0.0.1:0"]);
    assert_eq!(day.interrupt(), Some(130));
    // A command that serves until it is ended has done its work.
    let mut served = Process::start(&["demo", "--serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(served.interrupt(), Some(0));
}

/// The unit has `Type=notify` and a watchdog.
#[test]
fn the_service_manager_hears_that_the_agent_is_ready_works_and_stops() {
    let (folder, _printer, _office, file) = till();
    let socket = folder.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let heard = || {
        let mut message = [0; 200];
        let length = manager.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length]).into_owned()
    };
    // The watchdog is fed with the look for problems, once a second.
    let mut agent = Process::watched_agent(&file, &socket, Duration::from_millis(300));
    assert_eq!(heard().trim(), "READY=1");
    assert_eq!(heard().trim(), "WATCHDOG=1");
    assert_eq!(heard().trim(), "WATCHDOG=1");
    agent.stop();
    let mut last = heard();
    while last.trim() == "WATCHDOG=1" {
        last = heard();
    }
    assert_eq!(last.trim(), "STOPPING=1");
}

#[test]
fn the_service_writes_no_core_file() {
    let (_folder, _printer, _office, file) = till();
    let agent = Process::agent(&file);
    let limits = fs::read_to_string(format!("/proc/{}/limits", agent.id())).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let numbers: Vec<&str> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(numbers, ["0", "0"], "{core}");
}

//! Tests of `ferrotill rksv` as a process: exit codes, texts, JSON and files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use ferrotill::api::json::JsonValue;

fn rksv(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ferrotill"));
    program.arg("rksv").args(arguments).output().unwrap()
}

fn scenario(name: &str) -> PathBuf {
    let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("rksv/tests/scenarios");
    scenarios.join(format!("{name}.json"))
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A value of the only JSON document on standard output.
fn value(output: &Output, path: &[&str]) -> String {
    let document = JsonValue::parse(&output.stdout).unwrap();
    let mut node = &document;
    for name in path {
        node = match name.parse::<usize>() {
            Ok(at) => node.at(at).unwrap(),
            Err(_) => node.get(name).unwrap(),
        };
    }
    match node {
        JsonValue::Text(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A folder with the two files of a replay.
struct Replayed {
    folder: tempfile::TempDir,
}

impl Replayed {
    fn of(name: &str, arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new").join("out");
        let file = scenario(name);
        let common = [
            "replay",
            file.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ];
        let output = rksv(&[&common[..], arguments].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let mut names: Vec<_> = fs::read_dir(&out)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(
            names,
            ["cryptographicMaterialContainer.json", "dep-export.json"]
        );
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        let path = self.folder.path().join("new/out").join(name);
        path.to_str().unwrap().to_owned()
    }

    fn verify(&self, more: &[&str]) -> Output {
        let (dep, crypto) = (
            self.path("dep-export.json"),
            self.path("cryptographicMaterialContainer.json"),
        );
        rksv(&[&["verify", &dep, "--crypto", &crypto][..], more].concat())
    }
}

#[test]
fn verify_accepts_what_replay_writes() {
    for system in ["--open", "--closed"] {
        for bytes in ["5", "8"] {
            let made = Replayed::of("kinds", &[system, "--counter-bytes", bytes]);
            let output = made.verify(&["--json"]);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            assert_eq!(value(&output, &["ok"]), "true");
            assert_eq!(value(&output, &["receipts"]), "16");
            assert_eq!(value(&output, &["cash_box"]), "KASSA-1");
            assert_eq!(value(&output, &["counter_cents"]), "1640");
            let output = made.verify(&[]);
            let text = stdout(&output);
            assert!(text.contains("turnover counter 16.40"), "{text}");
            assert!(text.ends_with("the protocol is in order\n"), "{text}");
        }
    }
}

#[test]
fn verify_ends_with_1_and_names_the_damaged_receipt() {
    let made = Replayed::of("kinds", &["--closed", "--counter-bytes", "5"]);
    let dep = made.path("dep-export.json");
    let lines: Vec<String> = fs::read_to_string(&dep)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    // The receipts stand one on a line, from the third line on: the fourth receipt is left out.
    let mut fewer = lines.clone();
    fewer.remove(5);
    fs::write(&dep, fewer.join("\n")).unwrap();
    let output = made.verify(&["--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(value(&output, &["ok"]), "false");
    assert_eq!(value(&output, &["faults", "0", "code"]), "chain_broken");
    assert_eq!(value(&output, &["faults", "0", "receipt"]), "4");
    assert_eq!(value(&output, &["faults", "0", "receipt_id"]), "R-5");
    let text = stdout(&made.verify(&[]));
    assert!(
        text.contains("FAULT receipt 4 (R-5): the chain value is"),
        "{text}"
    );
    assert!(text.ends_with("the protocol is NOT in order\n"), "{text}");

    // A protocol that is cut off.
    fs::write(&dep, lines[..4].join("\n")).unwrap();
    let output = made.verify(&["--json"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        value(&output, &["faults", "0", "code"]),
        "protocol_unreadable"
    );
    assert!(stderr(&output).contains("dep-export.json: EOF"));

    // Keys that cannot be read.
    let crypto = made.path("cryptographicMaterialContainer.json");
    let keys = fs::read_to_string(&crypto).unwrap();
    let other = keys.replace("\"id\": \"U:ATU12345678-K1\"", "\"id\": \"K1\"");
    fs::write(&crypto, other).unwrap();
    let output = made.verify(&["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let message = value(&output, &["error", "message"]);
    assert!(
        message.contains("certificateOrPublicKeyMap.U:ATU12345678-K1.id: is \"K1\""),
        "{message}"
    );
}

#[test]
fn a_missing_file_ends_with_1_and_names_it() {
    for arguments in [
        &["verify", "/none/dep.json", "--crypto", "/none/keys.json"][..],
        &["replay", "/none/scenario.json", "--out", "/none", "--open"],
    ] {
        let output = rksv(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&output).contains("/none/"), "{}", stderr(&output));
    }
}

#[test]
fn a_replay_that_is_refused_ends_with_1_and_leaves_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.json");
    let text = fs::read_to_string(scenario("kinds")).unwrap();
    fs::write(&file, text.replacen("\"R-9\"", "\"R-8\"", 1)).unwrap();
    let out = folder.path().join("out");
    let (file, to) = (file.to_str().unwrap(), out.to_str().unwrap());
    let output = rksv(&["replay", file, "--out", to, "--closed", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let message = value(&output, &["error", "message"]);
    assert!(
        message.contains("cashBoxInstructionList[8].receiptIdentifier: \"R-8\" was used"),
        "{message}"
    );
    assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
}

#[test]
fn wrong_arguments_end_with_2() {
    let file = scenario("kinds");
    let file = file.to_str().unwrap();
    for arguments in [
        &["replay", file, "--out", "/none"][..],
        &["replay", file, "--out", "/none", "--open", "--closed"],
        &[
            "replay",
            file,
            "--out",
            "/none",
            "--open",
            "--counter-bytes",
            "4",
        ],
        &[
            "replay",
            file,
            "--out",
            "/none",
            "--open",
            "--counter-bytes",
            "9",
        ],
        &["replay", file, "--open"],
        &["verify", file],
        &["forge"],
    ] {
        assert_eq!(rksv(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn receipts_that_wait_for_the_sammelbeleg_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let file = scenario("outage-with-sales-before-its-end");
    let (file, to) = (file.to_str().unwrap(), folder.path().to_str().unwrap());
    let output = rksv(&["replay", file, "--out", to, "--open", "--json"]);
    assert_eq!(value(&output, &["unsigned"]), "4");
    assert_eq!(value(&output, &["waited_for_sammelbeleg"]), "3");
    assert!(stderr(&output).contains("signs nothing before the Sammelbeleg"));
}

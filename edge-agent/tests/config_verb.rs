//! Tests of `ferrotill config` as a process: exit codes, texts and JSON.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use ferrotill::api::json::JsonValue;
use ferrotill::config::SectionForm;

const GOOD: &str = r#"[till]
country = "MD"
mode = "TEST"
[[api.clients]]
key = "till"
secret = "s3cret"
[[device]]
id = "0875b8a5-0668-41a3-a3fa-8eeccf66d289"
uri = "datecs+tcp://127.0.0.1:1"
tax_groups = [ { code = "A", rate = "20.00" } ]
payment_types = [ { code = 0, name = "Numerar", cash = true } ]
"#;

struct Folder {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

impl Folder {
    fn with(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, text).unwrap();
        Self {
            _folder: folder,
            file,
        }
    }

    /// Runs `ferrotill config` with these arguments and this file.
    fn config(&self, arguments: &[&str]) -> Output {
        program()
            .args(["config"])
            .args(arguments)
            .arg("--config")
            .arg(&self.file)
            .output()
            .unwrap()
    }
}

/// The program, without the environment variables of the test that it would read.
fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_ferrotill"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FERROTILL_") {
            program.env_remove(name);
        }
    }
    program
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The only JSON document on standard output.
fn document(output: &Output) -> JsonValue {
    JsonValue::parse(&output.stdout).unwrap()
}

fn text<'a>(node: &'a JsonValue, path: &[&str]) -> &'a str {
    let found = path.iter().fold(node, |node, name| node.get(name).unwrap());
    let JsonValue::Text(text) = found else {
        panic!("{path:?} is {found:?}")
    };
    text
}

#[test]
fn check_of_a_good_configuration_ends_with_0() {
    let folder = Folder::with(GOOD);
    let people = folder.config(&["check"]);
    assert_eq!(people.status.code(), Some(0));
    assert_eq!(stdout(&people), "the configuration has no faults\n");
    let programs = folder.config(&["check", "--json"]);
    assert_eq!(programs.status.code(), Some(0));
    assert_eq!(stdout(&programs), "{\"ok\":true,\"warnings\":[]}\n");
}

#[test]
fn check_of_a_faulty_configuration_ends_with_3_and_all_faults() {
    let text_with_faults = GOOD
        .replace("\"MD\"", "\"XX\"")
        .replace("datecs+tcp", "abacus+tcp");
    let folder = Folder::with(&text_with_faults);
    let people = folder.config(&["check"]);
    assert_eq!(people.status.code(), Some(3));
    let words = String::from_utf8(people.stderr).unwrap();
    for fault in [
        "ferrotill.toml:2:11: till.country: ",
        "ferrotill.toml:9:7: device[0].uri: ",
    ] {
        assert!(words.contains(fault), "{words}");
    }
    let programs = folder.config(&["check", "--json"]);
    assert_eq!(programs.status.code(), Some(3));
    let error = document(&programs);
    assert_eq!(text(&error, &["error", "code"]), "configuration_faulty");
    assert!(text(&error, &["error", "message"]).contains("till.country"));
    assert!(!text(&error, &["error", "fix"]).is_empty());
    let faults = error.get("error").and_then(|error| error.get("faults"));
    assert!(faults.and_then(|faults| faults.at(1)).is_some());
}

#[test]
fn a_file_that_is_missing_ends_with_3() {
    let output = program()
        .args(["config", "check", "--json", "--config", "/nowhere.toml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let code = "configuration_unreadable";
    assert_eq!(text(&document(&output), &["error", "code"]), code);
}

#[test]
fn show_prints_the_origin_of_every_value_and_masks_secrets() {
    let folder = Folder::with(GOOD);
    let companions = folder.file.with_file_name("conf.d");
    fs::create_dir(&companions).unwrap();
    fs::write(companions.join("10.toml"), "[till]\nidnx = \"10\"\n").unwrap();
    let output = program()
        .args(["config", "show", "--origin", "--listen", "127.0.0.1:3"])
        .arg("--config")
        .arg(&folder.file)
        .env("FERROTILL_TILL_ADDRESS", "Strada 1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let words = stdout(&output);
    let file = folder.file.display();
    for line in [
        format!("till.country = \"MD\"  # file {file}:2:11"),
        format!(
            "till.idnx = \"10\"  # conf.d {}:2:8",
            companions.join("10.toml").display()
        ),
        "till.address = \"Strada 1\"  # environment FERROTILL_TILL_ADDRESS".to_owned(),
        "api.listen = \"127.0.0.1:3\"  # flag --listen".to_owned(),
        "till.data_dir = \"/var/lib/ferrotill\"  # default".to_owned(),
        format!("api.clients[0].secret = (secret, not shown)  # file {file}:6:10"),
    ] {
        assert!(words.lines().any(|shown| shown == line), "{line}\n{words}");
    }
    assert!(!words.contains("s3cret"), "{words}");
}

#[test]
fn show_as_json_has_value_and_origin_of_every_key() {
    let folder = Folder::with(GOOD);
    let output = folder.config(&["show", "--json"]);
    let words = stdout(&output);
    let file = folder.file.display();
    for member in [
        format!(
            "{{\"key\":\"till.country\",\"value\":\"MD\",\"masked\":false,\"origin\":\"file\",\"source\":\"{file}\",\"line\":2,\"column\":11}}"
        ),
        "{\"key\":\"till.answer_timeout_ms\",\"value\":15000,\"masked\":false,\"origin\":\"default\",\"source\":null,\"line\":null,\"column\":null}".to_owned(),
        "{\"key\":\"api.clients[0].secret\",\"value\":null,\"masked\":true,".to_owned(),
    ] {
        assert!(words.contains(&member), "{member}\n{words}");
    }
    assert_eq!(words.lines().count(), 1);
    assert!(!words.contains("s3cret"), "{words}");
}

/// A person who looks for a key finds it, whether its section is written or not.
#[test]
fn every_key_that_can_be_written_is_shown() {
    let folder = Folder::with(GOOD);
    let output = folder.config(&["show"]);
    let words = stdout(&output);
    for (section, row) in ferrotill::config::schema::keys() {
        let shown = |line: &str| {
            let path = line.split(" = ").next().unwrap_or_default();
            path.replace("[0]", "") == format!("{}.{}", section.path, row.name)
        };
        // A list that is not written has no table, and so no key.
        let is_in_a_list = ferrotill::config::schema::SECTIONS
            .iter()
            .filter(|list| list.form != SectionForm::Table)
            .filter(|list| !["api.clients", "device"].contains(&list.path))
            .any(|list| section.path.starts_with(list.path));
        assert!(
            is_in_a_list || words.lines().any(shown),
            "{}.{} is missing:\n{words}",
            section.path,
            row.name
        );
    }
    assert!(words.contains("upstream.url = (not set)"), "{words}");
}

#[test]
fn the_pages_are_printed_as_they_are_committed() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for (page, file) in [
        ("sample", "packaging/ferrotill.toml"),
        ("man", "packaging/ferrotill.toml.5"),
        ("reference", "../docs/CONFIGURATION.md"),
    ] {
        let output = program().args(["config", page]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(
            stdout(&output),
            fs::read_to_string(root.join(file)).unwrap()
        );
    }
    let table = program()
        .args(["config", "reference", "--json"])
        .output()
        .unwrap();
    let first = document(&table);
    let first = first.get("sections").and_then(|sections| sections.at(0));
    assert_eq!(text(first.unwrap(), &["section"]), "till");
}

#[test]
fn an_api_that_this_build_does_not_have_is_a_fault_with_its_place() {
    for (text, fault) in [
        (
            GOOD.replacen(
                "[[api",
                "[api]\nserve = [\"fiscalcloud\", \"xreceipt\"]\n[[api",
                1,
            ),
            ":5:25: api.serve[1]: is \"xreceipt\", an API that this build does not have; this build has \"fiscalcloud\", \"sign_at\", \"fiscalbox\" and \"ereceipt\"",
        ),
        (
            GOOD.replacen("secret = ", "apis = [\"xreceipt\"]\nsecret = ", 1),
            ":6:9: api.clients[0].apis[0]: is \"xreceipt\", an API that this build does not have; this build has \"fiscalcloud\", \"sign_at\", \"fiscalbox\" and \"ereceipt\"",
        ),
        (
            GOOD.replacen("[[api", "[api]\nserve = []\n[[api", 1),
            ":5:9: api.serve: names no API; name at least one API, or remove the key",
        ),
    ] {
        let found = Folder::with(&text).config(&["check"]);
        let words = String::from_utf8_lossy(&found.stderr);
        assert_eq!(found.status.code(), Some(3), "{words}");
        assert!(words.contains(fault), "{words}");
    }
    let served = GOOD.replacen("[[api", "[api]\nserve = [\"fiscalcloud\"]\n[[api", 1);
    let found = Folder::with(&served).config(&["check"]);
    assert_eq!(found.status.code(), Some(0), "{found:?}");
}

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
    assert_eq!(
        stdout(&programs),
        "{\"ok\":true,\"warnings\":[],\"restart_needed\":[]}\n"
    );
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

/// The lines of standard error of a command that ended with this code.
fn refused(output: &Output, code: i32) -> String {
    let words = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{words}");
    words
}

#[test]
fn set_changes_only_the_values_and_says_what_they_were() {
    use std::os::unix::fs::PermissionsExt as _;
    let text = format!("# The till.\n{GOOD}name = \"Kassa 1\" # by the door\n");
    let folder = Folder::with(&text);
    fs::set_permissions(&folder.file, fs::Permissions::from_mode(0o640)).unwrap();
    let file = folder.file.display().to_string();
    let now = || fs::read_to_string(&folder.file).unwrap();
    let pairs = [
        "device[0].name",
        "Kassa 2",
        "till.answer_timeout_ms",
        "20000",
    ];
    let dry = folder.config(&[&["set"], &pairs[..], &["--dry-run"]].concat());
    let words = stdout(&dry);
    assert_eq!(dry.status.code(), Some(0), "{dry:?}");
    assert!(
        words.contains("device[0].name: would write \"Kassa 2\" ("),
        "{words}"
    );
    assert!(words.ends_with("Nothing is written.\n"), "{words}");
    assert_eq!(now(), text);

    let done = folder.config(&[&["set"], &pairs[..]].concat());
    let words = stdout(&done);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    assert_eq!(
        words,
        format!(
            "device[0].name = \"Kassa 2\" ({file}:14:8), before \"Kassa 1\"\n\
             till.answer_timeout_ms = 20000 ({file}:5:21), before 15000 (default)\n\
             A till that runs uses the value after its restart: sudo systemctl restart ferrotill\n"
        )
    );
    let changed = text.replace("Kassa 1", "Kassa 2").replacen(
        "mode = \"TEST\"\n",
        "mode = \"TEST\"\nanswer_timeout_ms = 20000\n",
        1,
    );
    assert_eq!(now(), changed);
    let mode = fs::metadata(&folder.file).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);

    let again = folder.config(&["set", "device[0].name", "Kassa 2", "--json"]);
    assert_eq!(
        stdout(&again),
        format!(
            "{{\"file\":\"{file}\",\"changes\":[{{\"key\":\"device[0].name\",\"before\":\"Kassa 2\",\"value\":\"Kassa 2\",\"masked\":false,\"changed\":false}}],\"written\":false,\"restart\":false,\"reload\":false}}\n"
        )
    );
    let names: Vec<_> = fs::read_dir(folder.file.parent().unwrap())
        .unwrap()
        .collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn set_shows_no_secret_and_reads_one_from_standard_input() {
    use std::io::Write as _;
    use std::process::Stdio;
    let folder = Folder::with(GOOD);
    let mut child = program()
        .args(["config", "set", "api.clients[0].secret", "-", "--config"])
        .arg(&folder.file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"n3w-\"secret\"\n")
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let words = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{words}");
    assert!(words.contains("before (secret, not shown)"), "{words}");
    assert!(
        words.ends_with("sudo systemctl reload ferrotill\n"),
        "{words}"
    );
    assert!(
        !words.contains("s3cret") && !words.contains("n3w"),
        "{words}"
    );
    let now = fs::read_to_string(&folder.file).unwrap();
    assert_eq!(now, GOOD.replace("\"s3cret\"", r#""n3w-\"secret\"""#));
}

#[test]
fn set_writes_nothing_if_the_result_has_faults() {
    let folder = Folder::with(GOOD);
    let pairs = [
        "till.answer_timeout_ms",
        "soon",
        "device[0].uri",
        "abacus+tcp://a:1",
    ];
    let words = refused(&folder.config(&[&["set"], &pairs[..]].concat()), 3);
    let fault = ":4:21: till.answer_timeout_ms: is text; it must be a whole number";
    assert!(words.contains(fault), "{words}");
    let words = refused(&folder.config(&["set", "till.country", "XX"]), 3);
    assert!(words.contains(":2:11: till.country: is \"XX\""), "{words}");
    assert_eq!(fs::read_to_string(&folder.file).unwrap(), GOOD);
}

#[test]
fn set_can_correct_a_configuration_with_faults() {
    let folder = Folder::with(&GOOD.replace("\"TEST\"", "\"SOMETIMES\""));
    let output = folder.config(&["set", "till.mode", "TEST"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(fs::read_to_string(&folder.file).unwrap(), GOOD);
}

#[test]
fn set_refuses_a_key_that_does_not_exist_with_the_nearest_one() {
    let folder = Folder::with(GOOD);
    for (arguments, fault) in [
        (
            &["till.modus", "TEST"][..],
            "till.modus: is not a key of the configuration; the nearest one is till.mode",
        ),
        (&["device[0].nam", "A"], "the nearest one is device[0].name"),
        (&["nothing", "A"], "`ferrotill config show` has all keys"),
        (
            &["device.name", "A"],
            "device.name: device is a list; write the position of its table, device[0] for the first",
        ),
        (
            &["till[0].mode", "A"],
            "till[0].mode: till is one table and no list; leave the position out",
        ),
        (
            &["device[1].name", "A"],
            "ferrotill.toml has no device[1]; add the table with an editor",
        ),
        (
            &["till.mode", "TEST", "till.idnx"],
            "till.idnx: the value is missing",
        ),
        (
            &["till.mode", "TEST", "till.mode", "LIVE"],
            "till.mode: is given twice",
        ),
    ] {
        let words = refused(&folder.config(&[&["set"], arguments].concat()), 2);
        assert!(words.contains(fault), "{words}");
    }
    assert_eq!(fs::read_to_string(&folder.file).unwrap(), GOOD);
}

#[test]
fn set_refuses_a_key_that_another_place_sets_and_names_the_place() {
    let folder = Folder::with(GOOD);
    let companions = folder.file.with_file_name("conf.d");
    fs::create_dir(&companions).unwrap();
    let other = companions.join("10.toml");
    fs::write(
        &other,
        "[till]\nidnx = \"10\"\n[[api.clients]]\nkey = \"two\"\nsecret = \"s\"\n",
    )
    .unwrap();
    let words = refused(&folder.config(&["set", "till.idnx", "11"]), 3);
    let place = format!("{}:2:8 sets the key, and wins", other.display());
    assert!(words.contains(&place), "{words}");
    let words = refused(&folder.config(&["set", "api.clients[1].secret", "11"]), 3);
    let place = format!("which is in another file ({}:4:7)", other.display());
    assert!(words.contains(&place), "{words}");
    let output = program()
        .args(["config", "set", "till.address", "Strada 2", "--config"])
        .arg(&folder.file)
        .env("FERROTILL_TILL_ADDRESS", "Strada 1")
        .output()
        .unwrap();
    let words = refused(&output, 3);
    assert!(
        words.contains("the environment variable FERROTILL_TILL_ADDRESS sets the key, and wins"),
        "{words}"
    );
    assert_eq!(fs::read_to_string(&folder.file).unwrap(), GOOD);
}

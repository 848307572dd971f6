//! `support bundle`: what it says of a configuration, and what it never says.

mod shop;

use std::fs;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_testkit::config::text;
use shop::outside::finished;
use shop::{config, value};

/// A configuration of a till that does not run.
struct Written {
    file: PathBuf,
    folder: tempfile::TempDir,
}

impl Written {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = config(
            &folder.path().join("books"),
            "datecs+tcp://127.0.0.1:9",
            UPSTREAM,
        )
        .set("till", "answer_timeout_ms", 1_500)
        .set("api", "listen", text("127.0.0.1:1"));
        let file = folder.path().join("ferrotill.toml");
        fs::write(&file, config.to_string()).unwrap();
        Self { file, folder }
    }
}

/// Nothing listens there.
const UPSTREAM: &str = "http://127.0.0.1:9";

fn words(value: &JsonValue) -> String {
    match value {
        JsonValue::Text(text) | JsonValue::Number(text) => text.clone(),
        other => other.to_string(),
    }
}

/// The bundle of a configuration, which is in order or not, with the exit code 0.
fn bundle_of(file: &Path, out: &Path) -> (String, JsonValue) {
    let (file, out) = (file.to_str().unwrap(), out.to_str().unwrap());
    let bundle = ["support", "bundle", "--out", out, "--config", file];
    let (code, told) = finished(&bundle);
    assert_eq!(code, Some(0), "{told}");
    let text = fs::read_to_string(out).unwrap();
    let read = JsonValue::parse(text.as_bytes()).unwrap();
    (text, read)
}

#[test]
fn a_bundle_has_the_values_of_the_keys_and_no_secret_of_an_address() {
    let written = Written::new();
    let text = fs::read_to_string(&written.file).unwrap();
    let sms = "[sms]\nheader = \"X-Api-Key\"\nurl = \"https://sms.example/T0K3N4711/send?apikey=geheim99&to=1\"\n";
    fs::write(&written.file, format!("{text}\n{sms}")).unwrap();
    let (text, read) = bundle_of(&written.file, &written.folder.path().join("one.json"));
    for secret in ["T0K3N4711", "geheim99", shop::SECRET] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert!(text.contains("sms.example"), "the host helps");
    let JsonValue::Array(keys) = value(&read, "configuration") else {
        panic!("{text}");
    };
    let of_key = |key: &str| {
        let mut keys = keys.iter();
        let found = keys.find(|it| words(value(it, "key")) == key);
        let found = found.unwrap_or_else(|| panic!("{key}: {text}"));
        value(found, "value").clone()
    };
    assert_eq!(
        of_key("till.answer_timeout_ms"),
        JsonValue::Number("1500".to_owned())
    );
    assert_eq!(of_key("api.clients[0].secret"), JsonValue::Null);
    assert_eq!(value(&read, "configuration_error"), &JsonValue::Null);
    let file = written.file.to_str().unwrap();
    let (_, shown) = finished(&["config", "show", "--config", file]);
    assert!(!shown.to_string().contains("geheim99"), "{shown}");
}

#[test]
fn a_bundle_of_a_faulty_configuration_has_its_faults() {
    let written = Written::new();
    let text = fs::read_to_string(&written.file).unwrap();
    let upstream = format!("url = \"{}\"", UPSTREAM);
    let wrong = text
        .replace("[till]", "[till]\nfoo = 1")
        .replace(&upstream, "url = \"http://kiosk:hunter2@127.0.0.1\"");
    assert!(wrong.contains("hunter2"), "{wrong}");
    fs::write(&written.file, wrong).unwrap();
    let (text, read) = bundle_of(&written.file, &written.folder.path().join("one.json"));
    let key = "configuration_error.error.faults.0.key";
    assert_eq!(words(value(&read, key)), "till.foo", "{text}");
    for secret in ["hunter2", "kiosk"] {
        assert!(!text.contains(secret), "{secret}: {text}");
    }
    assert_eq!(words(value(&read, "checks.0.id")), "configuration");
    let missing = written.folder.path().join("none.toml");
    let (text, read) = bundle_of(&missing, &written.folder.path().join("two.json"));
    let code = "configuration_error.error.code";
    assert_eq!(
        words(value(&read, code)),
        "configuration_unreadable",
        "{text}"
    );
}

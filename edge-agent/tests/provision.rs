//! `ferrotill provision`: the file of the boot partition is taken once and erased, and one with faults changes nothing.

mod shop;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use ferrotill::api::json::JsonValue;
use ferrotill::config::{Config, Overrides};
use shop::outside::{Process, finished};
use shop::value;

struct Card {
    folder: tempfile::TempDir,
    file: PathBuf,
    out: PathBuf,
}

impl Card {
    /// A card whose provisioning file has these lines, and the data folder of the test.
    fn with(lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ferrotill-provision.toml");
        let data = folder.path().join("books");
        fs::write(&file, format!("{lines}data = {data:?}\n")).unwrap();
        Self {
            out: folder.path().join("ferrotill.toml"),
            file,
            folder,
        }
    }

    fn provision(&self) -> (i32, JsonValue) {
        let (file, out) = (self.file.to_str().unwrap(), self.out.to_str().unwrap());
        let missing = self.folder.path().join("missing.toml");
        let (code, told) = finished(&[
            "provision",
            "--from",
            missing.to_str().unwrap(),
            "--from",
            file,
            "--out",
            out,
        ]);
        (code.unwrap(), told)
    }

    /// The names in the folder, and the bytes of the provisioning file.
    fn state(&self) -> (Vec<String>, Vec<u8>) {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.collect();
        names.sort();
        (names, fs::read(&self.file).unwrap())
    }
}

const GOOD: &str = r#"# The card of a shop.
country = "md"
device = "datecs+tcp://127.0.0.1:9"
upstream = "http://127.0.0.1:9"
listen = "127.0.0.1:0"
organization_name = "Magazin \"Ion\" SRL"
idnx = "1003600000001"
owner_pin = "481203"
"#;

#[test]
fn a_file_is_taken_once_and_erased() {
    let card = Card::with(GOOD);
    let (code, told) = card.provision();
    assert_eq!(code, 0, "{told}");
    assert!(!card.file.exists());
    let config = Config::load_with(&card.out, &Overrides::default(), []).unwrap();
    assert_eq!(config.till.country, "MD");
    assert_eq!(config.till.mode.to_string(), "TEST");
    let owner = &config.till.owner;
    assert_eq!(
        owner.organization_name.as_deref(),
        Some("Magazin \"Ion\" SRL")
    );
    for file in [&card.out, &card.folder.path().join("api.secret")] {
        let mode = fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    let people = fs::read_to_string(card.folder.path().join("books/people.toml")).unwrap();
    assert!(
        people.contains("owner") && !people.contains("481203"),
        "{people}"
    );
    assert!(!told.to_string().contains("481203"), "{told}");
    // The till works with it.
    let agent = Process::agent(&card.out);
    assert_eq!(agent.client.open("/healthz").at("mode"), "TEST");
    drop(agent);

    // Nothing is there any more.
    let (code, told) = card.provision();
    assert_eq!((code, told.to_string().as_str()), (0, "{\"taken\":false}"));
    // Another file is not taken by a till that has a configuration, or a journal.
    fs::write(&card.file, GOOD).unwrap();
    let (code, told) = card.provision();
    assert_eq!(code, 7, "{told}");
    assert!(told.to_string().contains("has the configuration"), "{told}");
    fs::remove_file(&card.out).unwrap();
    let data = card.folder.path().join("books");
    fs::write(&card.file, format!("{GOOD}data = {data:?}\n")).unwrap();
    let (code, told) = card.provision();
    assert_eq!(code, 7, "{told}");
    assert!(
        told.to_string().contains("has the journal of a till"),
        "{told}"
    );
    assert!(card.file.exists() && !card.out.exists());
}

#[test]
fn a_file_with_faults_stays_where_it_is_and_every_fault_is_named() {
    for (lines, faults) in [
        (
            "county = \"MD\"\nmode = 1\nowner_pin = \"1234\"\nkey = \"a\"\n",
            &[
                ":1:1: county: is not a key of a provisioning file; allowed are country, mode,",
                ":2:1: mode: is no text; write a text in quotes",
                ": country: is missing; write the two letters",
                ":3:1: owner_pin: ",
                ":4:1: key: is written without from_fiscalcloud",
            ][..],
        ),
        (
            "country = \"XX\"\n",
            &[":1:1: country: is \"XX\", and this program has no such country"],
        ),
        ("country = \n", &[":1:", "is not TOML: "]),
        (
            "country = \"MD\"\ndevice = \"abacus+tcp://a\"\nupstream = \"http://127.0.0.1:9\"\n",
            &[":2:1: device: is \"abacus+tcp://a\""],
        ),
        (
            "country = \"MD\"\ndevice = \"datecs+tcp://a:1\"\nmode = \"LIVE\"\nlisten = \"here\"\n",
            &[":4:1: listen: "],
        ),
        (
            "country = \"MD\"\ndevice = \"datecs+tcp://a:1\"\nmode = \"LIVE\"\n",
            &["the law has its documents told to the authority"],
        ),
    ] {
        let card = Card::with(lines);
        let before = card.state();
        let (code, told) = card.provision();
        assert_eq!(code, 3, "{lines}{told}");
        assert!(
            matches!(value(&told, "error.faults"), JsonValue::Array(_)),
            "{told}"
        );
        let JsonValue::Text(message) = value(&told, "error.message") else {
            panic!("{told}");
        };
        for fault in faults {
            assert!(message.contains(fault), "{fault} is missing:\n{message}");
        }
        assert_eq!(card.state(), before, "{lines}");
    }
}

/// The units of the package name the same files as the program's pages.
#[test]
fn the_unit_takes_the_file_before_the_service_starts() {
    let unit = include_str!("../packaging/ferrotill-provision.service");
    let service = include_str!("../packaging/ferrotill.service");
    for line in [
        "Before=ferrotill.service",
        "ConditionPathExists=!/etc/ferrotill/ferrotill.toml",
    ] {
        assert!(unit.lines().any(|it| it == line), "{line}");
    }
    assert!(
        service
            .lines()
            .any(|it| it == "Wants=ferrotill-provision.service")
    );
    let after = service
        .lines()
        .find(|line| line.starts_with("After="))
        .unwrap();
    assert!(after.contains("ferrotill-provision.service"), "{after}");
    let page = include_str!("../../docs/INSTALL.md");
    for folder in ["/boot/firmware/", "/boot/"] {
        assert!(unit.contains(&format!("--from {folder}ferrotill-provision.toml")));
        assert!(page.contains(&format!("`{folder}`")), "{folder}");
    }
}

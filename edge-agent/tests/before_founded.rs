//! Tests of the first start with a data folder that an older program has written (`fixtures/before-founded`): it goes on only for
//! what the folder is for, and nothing in it is lost or told differently.

mod shop;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use ferrotill::api::json::JsonValue;
use ferrotill_device::emulator::{Rig, RigOptions};
use ferrotill_testkit::config::{ConfigText, Device, text};
use shop::folder::{self, SECOND_DEVICE};
use shop::outside::{Process, finished, until};
use shop::{Client, DEVICE, POINT_OF_SALE, count, value};

/// The folder, its two printers, and an authority.
struct OldTill {
    folder: tempfile::TempDir,
    printers: Vec<Rig>,
    office: Process,
}

impl OldTill {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/before-founded");
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let sql = fs::read_to_string(fixture.join("ferrotill.sql")).unwrap();
        rusqlite::Connection::open(data.join("ferrotill.db"))
            .unwrap()
            .execute_batch(&sql)
            .unwrap();
        for name in ["journal.key", "journal.anchor"] {
            fs::copy(fixture.join(name), data.join(name)).unwrap();
        }
        let mut printers = Vec::new();
        for place in [1, 2] {
            let memory = folder.path().join(format!("memory{place}"));
            for end in ["", ".receipts"] {
                let name = format!("memory{place}{end}");
                fs::copy(fixture.join(&name), folder.path().join(&name)).unwrap();
            }
            let rig = Rig::start(RigOptions {
                memory: Some(memory),
                ..RigOptions::new(folder.path().join(format!("printer{place}")))
            });
            printers.push(rig.unwrap());
        }
        let till = Self {
            folder,
            printers,
            office: Process::authority(),
        };
        till.configure(|config| config);
        till
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("ferrotill.toml")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes the configuration that the older program had, with a change.
    fn configure(&self, change: impl FnOnce(ConfigText) -> ConfigText) {
        let device = |id: &str, place: usize, series: &str| {
            let link = self.folder.path().join(format!("printer{place}"));
            let uri = format!("datecs+serial://{}?baud=115200", link.display());
            Device::new(id, &format!("Till {place}"), &uri)
                .tax_group("A", "20.00")
                .tax_group("B", "8.00")
                .range(series, 1, 500, 8)
        };
        let config = ConfigText::new("MD", self.data())
            .owner("Test SRL", "1003600000001")
            .set("till", "address", text("str. Veche 1, Chisinau"))
            .set("till", "registration_number", text("J105002238"))
            .set("till", "time_zone", text("UTC"))
            .device(
                device(DEVICE, 1, "ABC")
                    .with_drawer()
                    .point_of_sale(POINT_OF_SALE, "1"),
            )
            .device(
                device(SECOND_DEVICE, 2, "DEF")
                    .point_of_sale("feca3a50-34a7-4dc9-84ac-d4bffc76a923", "2"),
            )
            .upstream(&self.office.client.url)
            .set("upstream", "timeout_ms", 2_000)
            .set("upstream", "dwell_s", 1);
        fs::write(self.file(), change(config).to_string()).unwrap();
    }

    fn agent(&self, arguments: &[&str]) -> Process {
        let file = self.file();
        let run = ["run", "--config", file.to_str().unwrap()];
        Process::start(&[&run[..], arguments].concat())
    }

    /// Starts the agent with the operator's confirmation.
    fn take_over(&self) -> Process {
        self.agent(&["--take-over"])
    }

    /// Checks that the service does not start. Returns the text on standard error.
    fn refuses(&self, arguments: &[&str]) -> String {
        folder::refuses(&self.file(), arguments)
    }

    fn database(&self) -> rusqlite::Connection {
        folder::database(&self.data())
    }

    /// The fiscal number and the address under which the journal knows a device.
    fn identity(&self, device: &str) -> (String, String) {
        folder::identity(&self.data(), device)
    }

    /// What the office has got of each kind, as the `fn` of each document.
    fn told(&self) -> Vec<String> {
        let JsonValue::Array(received) = self.office.client.look("/sim/authority/received") else {
            panic!("a list");
        };
        let of = |one: &JsonValue| {
            let identity = value(value(one, "body"), "identity");
            let JsonValue::Text(number) = value(identity, "fn") else {
                panic!("{one:?}");
            };
            number.clone()
        };
        received.iter().map(of).collect()
    }

    fn verifies(&self) {
        let (code, told) = finished(&["verify", "--config", self.file().to_str().unwrap()]);
        assert_eq!(code, Some(0), "{told:?}");
    }
}

fn id(number: u8) -> String {
    format!("7a0b9f0e-4a4e-4a53-9a3b-0d6f6f1f00{number:02x}")
}

/// The body of a sale of the fixture.
fn sale(number: u8, mode: &str) -> String {
    let price = format!("{number}0.00");
    format!(
        r#"{{"id":"{}","receiptMode":"{mode}","items":[{{"name":"Cafea {number}","quantity":1,"price":{price},"taxGroupCode":"A"}}],"payments":[{{"typeCode":0,"amount":{price}}}]}}"#,
        id(number)
    )
}

fn state(client: &Client, number: u8) -> String {
    client
        .open(&format!("/operations/{}", id(number)))
        .at("fiscal_state")
}

fn unsent(client: &Client) -> u64 {
    count(&client.open("/healthz").body, "unsent.documents")
}

#[test]
fn the_start_is_refused_until_a_person_confirms_what_the_folder_is_for() {
    let till = OldTill::new();
    let before = fs::read(till.data().join("ferrotill.db")).unwrap();
    for _ in 0..2 {
        let words = till.refuses(&[]);
        assert!(
            words.contains("(4 wait to be sent, 1 are outstanding)"),
            "{words}"
        );
        assert!(
            words.contains(
                "if it is for country MD, currency MDL, mode TEST, confirm it once with `ferrotill run --take-over`"
            ),
            "{words}"
        );
        let after = fs::read(till.data().join("ferrotill.db")).unwrap();
        assert!(before == after, "the older program can still be used");
    }
    let mut agent = till.take_over();
    agent.stop();
    // Confirmed once is confirmed for ever.
    let mut agent = till.agent(&[]);
    agent.stop();
    let (kind, seq): (u16, i64) = till
        .database()
        .query_row("SELECT kind, seq FROM journal WHERE seq = 20", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((kind, seq), (10, 20), "the next row");
    till.verifies();
    for (country, mode) in [("UA", "TEST"), ("MD", "LIVE")] {
        let secret = till.folder.path().join("secret");
        fs::write(&secret, "a-secret-of-some-length").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        till.configure(|config| {
            config
                .set("till", "country", text(country))
                .set("till", "mode", text(mode))
        });
        let config = fs::read_to_string(till.file()).unwrap();
        let config = config.replace(
            "secret = \"a-secret-of-some-length\"",
            &format!("secret_file = {:?}", secret.display().to_string()),
        );
        fs::write(till.file(), config).unwrap();
        let words = till.refuses(&["--take-over"]);
        assert!(
            words
                .contains("is for country MD, currency MDL, mode TEST, and the configuration says"),
            "{words}"
        );
    }
}

#[test]
fn the_folder_of_the_older_program_becomes_private() {
    let till = OldTill::new();
    fs::set_permissions(till.data(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut agent = till.take_over();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&till.data()), 0o700);
    assert_eq!(mode(&till.data().join("ferrotill.db")), 0o600);
    agent.stop();
}

/// The older program gave each of two devices its own id as its number. So it stays, also when one of them is removed.
#[test]
fn the_devices_keep_the_numbers_under_which_the_office_knows_them() {
    let till = OldTill::new();
    let mut agent = till.take_over();
    let known = |device: &str, address: &str| (device.to_owned(), address.to_owned());
    let old = "str. Veche 1, Chisinau";
    assert_eq!(till.identity(DEVICE), known(DEVICE, old));
    assert_eq!(till.identity(SECOND_DEVICE), known(SECOND_DEVICE, old));
    agent.stop();
    let moved = "str. Noua 2, Chisinau";
    till.configure(|config| config.set("till", "address", text(moved)));
    let mut agent = till.agent(&[]);
    assert_eq!(till.identity(DEVICE), known(DEVICE, moved));
    agent.stop();
    let config = fs::read_to_string(till.file()).unwrap();
    let (first, _) = config.rsplit_once("[[device]]").unwrap();
    fs::write(till.file(), first).unwrap();
    let mut agent = till.agent(&[]);
    assert_eq!(till.identity(DEVICE), known(DEVICE, moved));
    assert_eq!(till.identity(SECOND_DEVICE), known(SECOND_DEVICE, moved));
    agent.stop();
    till.verifies();
}

/// The ids of the older program are answered as that program has answered them.
#[test]
fn an_id_that_was_answered_is_a_replay_and_not_a_clash() {
    let till = OldTill::new();
    let agent = till.take_over();
    for number in [1, 3] {
        let again = agent
            .client
            .post("operations/sale", &sale(number, "FiscalReceiptOnly"));
        assert_eq!(again.status, 200, "{}", again.text);
        assert!(again.replayed, "{}", again.text);
    }
    let again = agent
        .client
        .post("operations/sale", &sale(5, "AlternativeReceiptOnly"));
    assert_eq!(again.status, 200, "{}", again.text);
    assert!(again.replayed, "{}", again.text);
}

/// The documents that waited are told as the older program would have told them: under the same number.
#[test]
fn what_waited_reaches_the_office_under_the_number_of_its_device() {
    let till = OldTill::new();
    let agent = till.take_over();
    until("told", || unsent(&agent.client) == 0);
    let mut told = till.told();
    told.sort();
    let of_first = told.iter().filter(|number| *number == DEVICE).count();
    let of_second = told
        .iter()
        .filter(|number| *number == SECOND_DEVICE)
        .count();
    assert!(of_first >= 2 && of_second == 2, "{told:?}");
    assert_eq!(of_first + of_second, told.len(), "{told:?}");
}

/// A reservation without a family is judged by the serial number, the memory and the counters of the printer.
#[test]
fn the_outstanding_sale_is_found_on_its_printer() {
    let till = OldTill::new();
    let agent = till.take_over();
    until("settled", || state(&agent.client, 8) == "registered");
    let again = agent
        .client
        .post("operations/sale", &sale(8, "FiscalReceiptOnly"));
    assert!(again.status == 200 && again.replayed, "{}", again.text);
    let receipts = till.printers[0].snapshot(true).fiscal_receipts;
    assert_eq!(receipts.len(), 3, "{receipts:?}");
    drop(agent);
    till.verifies();
}

#[test]
fn the_used_numbers_of_the_ranges_stay_used() {
    let till = OldTill::new();
    let agent = till.take_over();
    until("settled", || state(&agent.client, 8) == "registered");
    // The folder is older than the law lets a shift be open.
    let closed = agent.client.post("operations/closeday", "{}");
    assert_eq!(closed.status, 200, "{}", closed.text);
    let sold = agent
        .client
        .post("operations/sale", &sale(9, "AlternativeReceiptOnly"));
    assert_eq!(sold.status, 200, "{}", sold.text);
    let next: Vec<String> = till
        .database()
        .prepare("SELECT printed FROM alternative_number ORDER BY printed")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        next,
        ["ABC00000001", "ABC00000002", "ABC00000003", "DEF00000001"]
    );
}

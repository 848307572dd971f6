//! The folder of the demo and the files in it: the configuration, which every other command takes with `--config`, and a sale to send.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ferrotill_core::profile::{Facts, Profile, SealPlan};
use uuid::Uuid;

use super::{API_KEY, API_SECRET, DEVICE, POINT_OF_SALE};
use crate::api::DIALECTS;
use crate::cli::CliFailure;
use crate::config::Config;
use crate::simulator::finanz_online::SERVICES;

/// The name of the configuration in the demo's folder.
pub(super) const CONFIG_FILE: &str = "ferrotill.toml";
/// The name of the file with the body of a sale.
pub(super) const SALE_FILE: &str = "sale.json";

/// The name of the file with the PIN of the user of the simulated web services.
const PIN_FILE: &str = "finanzonline.pin";

/// What the files of the demo are made from.
pub(super) struct DemoFiles<'d> {
    pub(super) profile: &'static dyn Profile,
    pub(super) listen: SocketAddr,
    pub(super) folder: &'d Path,
    /// The printer's address, as `uri` of `[[device]]` has it.
    pub(super) printer: &'d str,
    /// The URL of the authority simulator.
    pub(super) authority: &'d str,
}

impl DemoFiles<'_> {
    /// Writes the files. Returns the configuration and its path.
    pub(super) fn write(&self) -> Result<(Config, PathBuf), CliFailure> {
        let text = self.text();
        let file = self.folder.join(CONFIG_FILE);
        let sale = self.folder.join(SALE_FILE);
        refuse_foreign(&file, &self.country_line()).map_err(CliFailure::failed)?;
        write_secret(&file, &text)
            .and_then(|()| write_secret(&self.folder.join(PIN_FILE), "demo-pin\n"))
            .and_then(|()| std::fs::write(&sale, example_sale(self.profile.facts())))
            .with_context(|| format!("the folder {} cannot be written", self.folder.display()))
            .map_err(CliFailure::failed)?;
        let config = Config::parse(&text, &file.display().to_string())?;
        Ok((config, file))
    }

    /// The line of the configuration that names the country.
    fn country_line(&self) -> String {
        format!("country = \"{}\"", self.profile.facts().code)
    }

    /// The address of the device. The module in software takes the printer's place.
    fn device_uri(&self) -> &str {
        match self.profile.facts().seal_plan {
            SealPlan::FiscalModule => "module:software",
            _ => self.printer,
        }
    }

    fn text(&self) -> String {
        let facts = self.profile.facts();
        let country = self.country_line();
        let data = self.folder.join("books").display().to_string();
        let DemoFiles {
            listen, authority, ..
        } = self;
        let printer = self.device_uri();
        let words = DemoWords::of(facts.language);
        let (cash, card) = (words.cash, words.card);
        let groups = tax_groups(facts);
        let ranges = match facts.seal_plan {
            SealPlan::Printer => {
                "use_alternative_receipts = true\n\
                 alternative_receipts_ranges = [ { series = \"ABC\", start = 1, end = 5000, number_length = 8 } ]\n"
            }
            SealPlan::FiscalNumber | SealPlan::Signature | SealPlan::FiscalModule => "",
        };
        let apis = apis_of(facts);
        let units = match facts.seal_plan {
            SealPlan::Signature => {
                let key = self.folder.join("signature-unit.key").display().to_string();
                let pin = self.folder.join(PIN_FILE).display().to_string();
                format!(
                    "[[signature_unit]]\nkind = \"software\"\nid = \"unit-1\"\nsuite = \"R1-AT9\"\nkey_file = {key:?}\n\n\
                     [finanzonline]\nurl = \"{authority}{SERVICES}\"\nparticipant_id = \"123456789\"\nuser_id = \"kassews01\"\n\
                     pin_file = {pin:?}\nmanufacturer_id = \"ATU12345678\"\n\n"
                )
            }
            SealPlan::Printer | SealPlan::FiscalNumber | SealPlan::FiscalModule => String::new(),
        };
        format!(
            r#"{MARK}
[till]
{country}
mode = "TEST"
data_dir = {data:?}
organization_name = "Demo SRL"
idnx = "1003600000001"
address = "bd. Stefan cel Mare 1"

[api]
listen = "{listen}"

[[api.clients]]
key = "{API_KEY}"
user = "Maria"
permissions = ["sell", "return", "report", "settle", "settings"]
apis = [{apis}]
secret = "{API_SECRET}"

[[device]]
id = "{DEVICE}"
name = "Till 1"
uri = {printer:?}
tax_groups = [ {groups} ]
payment_types = [ {{ code = 0, name = "{cash}", cash = true, open_cash_drawer = true }}, {{ code = 1, name = "{card}" }} ]
points_of_sale = [ {{ id = "{POINT_OF_SALE}", code = "1" }} ]
{ranges}
{units}[upstream]
url = "{authority}"
timeout_ms = 2000
offline_after_failures = 3
offline_after_ms = 1000
dwell_s = 2
"#
        )
    }
}

/// The compatible APIs of the country that this build has, as a list in TOML without its brackets.
fn apis_of(facts: &Facts) -> String {
    let apis = DIALECTS.iter().map(|api| api.name);
    let apis = apis.filter(|name| facts.apis.contains(name));
    let quoted: Vec<String> = apis.map(|name| format!("{name:?}")).collect();
    quoted.join(", ")
}

/// The tax groups of the country with their newest rates, as a list in TOML. Of several groups without tax only the first is listed.
fn tax_groups(facts: &Facts) -> String {
    let mut text = String::new();
    let mut untaxed = false;
    for group in facts.groups {
        let Some(dated) = group.rates.last() else {
            continue;
        };
        let zero = dated.rate.ten_thousandths() == 0;
        if zero && untaxed {
            continue;
        }
        untaxed |= zero;
        let separator = if text.is_empty() { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(
            text,
            "{separator}{{ code = \"{}\", rate = \"{}\" }}",
            group.code,
            dated.rate.display()
        );
    }
    text
}

/// The body of a small sale, without a receipt mode, so that the till decides which receipt it gets.
pub(super) fn example_sale(facts: &Facts) -> String {
    let coffee = DemoWords::of(facts.language).coffee;
    let group = facts
        .groups
        .first()
        .map_or('A', |group| char::from(group.code.letter()));
    format!(
        r#"{{"items":[{{"name":"{coffee}","quantity":1,"price":25.50,"taxGroupCode":"{group}"}}],"payments":[{{"typeCode":0,"amount":30}}]}}"#
    )
}

/// The names of goods and payments in a language.
pub(super) struct DemoWords {
    pub(super) coffee: &'static str,
    pub(super) wine: &'static str,
    pub(super) bread: &'static str,
    cash: &'static str,
    card: &'static str,
}

impl DemoWords {
    /// The names in the language with this code; English if there are none.
    pub(super) fn of(language: &str) -> Self {
        let [coffee, wine, bread, cash, card] = match language {
            "ro" => ["Cafea", "Vin", "Piine", "Numerar", "Card"],
            "de" => ["Kaffee", "Wein", "Brot", "Bar", "Karte"],
            "uk" => ["Кава", "Вино", "Хліб", "Готівка", "Картка"],
            "uz-Latn" => ["Qahva", "Vino", "Non", "Naqd pul", "Karta"],
            _ => ["Coffee", "Wine", "Bread", "Cash", "Card"],
        };
        Self {
            coffee,
            wine,
            bread,
            cash,
            card,
        }
    }
}

/// The first line of a configuration that a demo has written.
const MARK: &str = "# Written by `ferrotill demo`. The next demo in this folder writes it anew.";

/// Refuses a folder whose configuration no demo has written, because it may be that of a till, and the folder of a demo of another
/// country, because its books stay those of that country.
fn refuse_foreign(file: &Path, country: &str) -> anyhow::Result<()> {
    match std::fs::read_to_string(file) {
        Ok(text) if text.starts_with(MARK) && text.lines().any(|line| line == country) => Ok(()),
        Ok(text) if text.starts_with(MARK) => anyhow::bail!(
            "the demo in {} is of another country than this one, which has {country}; give another folder with --data",
            file.display()
        ),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Ok(_) => anyhow::bail!(
            "the configuration {} was not written by a demo, and a demo would replace it; give a folder of its own with --data",
            file.display()
        ),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", file.display())),
    }
}

/// Writes a file that only the user who runs the demo may read, because it contains the secret of a client.
fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(text.as_bytes())
}

/// The demo's folder. A temporary one is removed with this value.
pub(super) struct DemoFolder {
    pub(super) path: PathBuf,
    temporary: bool,
}

impl DemoFolder {
    pub(super) fn new(given: Option<&Path>) -> anyhow::Result<Self> {
        let (path, temporary) = match given {
            Some(path) => (path.to_owned(), false),
            None => (
                std::env::temp_dir().join(format!("ferrotill-demo-{}", Uuid::new_v4().simple())),
                true,
            ),
        };
        std::fs::create_dir_all(&path)
            .with_context(|| format!("the folder {} cannot be created", path.display()))?;
        let path = path.canonicalize().context("the demo's folder")?;
        Ok(Self { path, temporary })
    }
}

impl Drop for DemoFolder {
    fn drop(&mut self) {
        if self.temporary {
            // If the removal fails, the folder stays among the system's temporary files.
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

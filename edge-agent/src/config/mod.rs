//! The configuration: parsed once, strictly, into values that the rest of the program never has to check again.
//!
//! Precedence: flags, then `FERROTILL_*` environment, then `conf.d/*.toml` beside the file in the order of their names,
//! then the file, then defaults.
//! In `conf.d`, a `[[device]]` with a new id and an `[[api.clients]]` with a new key are added, one that is known is
//! changed key by key, and every other list is replaced.
//! Relative paths in a file start from that file's folder.
//!
//! **A TEST till cannot reach a LIVE authority.** `[upstream] environment` says which world the url belongs to; it is the
//! till's own mode unless written, and a configuration in which the two differ is refused. The stand-in of the tax office is
//! TEST; the url of a real one is to be written together with `environment = "LIVE"`.

use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ferrotill_core::budget::Budget;
use ferrotill_core::tax::{Bucket, DatedRate, TaxRate};
use ferrotill_core::time::Day;
use uuid::Uuid;
use zeroize::Zeroizing;


pub mod adopt;
mod device;
mod fault;
mod layers;
mod offline;
mod online_ecr;
mod reader;
mod sections;
mod taxes;
#[cfg(test)]
mod tests;
mod tree;
mod upstream;

pub use fault::{ConfigError, Fault, Place};
pub use upstream::Trust;

use reader::Reader;
use tree::Node;

/// The whole configuration in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// The till as a whole.
    pub till: Till,
    /// The HTTP side.
    pub api: Api,
    /// The fiscal devices, at least one.
    pub devices: Vec<Device>,
    /// The tax office's server; none means that documents wait.
    pub upstream: Option<Upstream>,
    /// The owner's own budget of selling without the tax office.
    pub offline: Option<Budget>,
    /// What a person should hear about although it does not stop the program.
    pub warnings: Vec<Fault>,
    places: Places,
}

/// Places of the values that only other parts of the program can judge.
#[derive(Clone, Debug)]
struct Places {
    country: Place,
    device_uris: Vec<Place>,
}

/// `[till]`: the till and its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Till {
    /// Two letters of ISO 3166-1; which countries exist is known to the core's profiles.
    pub country: String,
    /// For practice or for real.
    pub mode: Mode,
    /// The folder of the journal.
    pub data_dir: PathBuf,
    /// How long a caller waits for an outcome at most.
    pub answer_timeout: Duration,
    /// IANA name of the zone whose days the till keeps; the profile's own if absent.
    pub time_zone: Option<String>,
    /// Whose till it is.
    pub owner: Owner,
}

/// The identity of the till's owner, as printed and reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// `organization_name`.
    pub organization_name: Option<String>,
    /// `idnx`: the owner's tax number.
    pub idnx: Option<String>,
    /// `address`: where the till stands.
    pub address: Option<String>,
    /// `registration_number`: the till's number in the tax office's register.
    pub registration_number: Option<String>,
}

/// Practice or real.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Nothing is real: simulator switches exist and refusals explain themselves.
    Test,
    /// Everything counts.
    Live,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Test => "TEST",
            Self::Live => "LIVE",
        })
    }
}

/// `[api]`: who may call and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Api {
    /// The one listener.
    pub listen: SocketAddr,
    /// Origins of web pages that may call, such as `https://shop.example`.
    pub allowed_origins: Vec<String>,
    /// The callers.
    pub clients: Vec<Client>,
}

/// One caller of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The public part.
    pub key: String,
    /// What its calls are signed with.
    pub secret: Secret,
}

/// A secret that no log shows, and that is wiped from memory when it is not needed any more.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// A secret from its text.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The bytes, for signing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// `[[device]]`: one fiscal device and what it was programmed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id in the API.
    pub id: Uuid,
    /// Its name for people.
    pub name: String,
    /// Family, transport and address as written; the device crate reads it (see [`Config::check_device_uris`]).
    pub uri: String,
    /// Whether alternative receipts are sold while the tax office is offline.
    pub use_alternative_receipts: bool,
    /// How long a caller waits for this device; the till's own value unless written here.
    pub answer_timeout: Duration,
    /// Tax groups, codes unique.
    pub tax_groups: Vec<TaxGroup>,
    /// Payment types, codes unique, at least one of them cash.
    pub payment_types: Vec<PaymentType>,
    /// Numbers that the tax office has given out for alternative receipts.
    pub alternative_receipts_ranges: Vec<Range>,
    /// Points of sale, at least one.
    pub points_of_sale: Vec<PointOfSale>,
}

/// One tax group of a device: a letter, the legal bucket, and the rates are three things.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaxGroup {
    /// A letter from A to H.
    pub code: char,
    /// What the law calls it, where it was written; else the country's law or the rate tells (see [`adopt`]).
    pub bucket: Option<Bucket>,
    /// Its rates in the order of their days; one alone that begins on [`Day::FIRST`] has always been in force.
    pub rates: Vec<DatedRate>,
}

impl TaxGroup {
    /// The rate in force on a day.
    #[must_use]
    pub fn rate_on(&self, day: Day) -> Option<TaxRate> {
        let in_force = self.rates.iter().rev().find(|dated| dated.from <= day)?;
        Some(in_force.rate)
    }
}

/// One way of paying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentType {
    /// Its code in the API.
    pub code: i32,
    /// Its name for people.
    pub name: String,
    /// Whether it is cash: only cash gives change.
    pub cash: bool,
    /// Whether paying with it opens the drawer.
    pub open_cash_drawer: bool,
    /// The printer's letter for it.
    pub printer: char,
}

/// A range of numbers for alternative receipts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The series, one to ten ASCII letters and digits.
    pub series: String,
    /// First number.
    pub start: u32,
    /// Last number.
    pub end: u32,
    /// Digits that a number is printed with.
    pub number_length: u8,
}

/// Where a device stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PointOfSale {
    /// Its id in the API.
    pub id: Uuid,
    /// Its code for people.
    pub code: String,
}

/// `[upstream]`: the tax office's server and when it counts as gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    /// Its address without a slash at the end.
    pub url: String,
    /// Who must stand behind the server's certificate, where the address is an https one.
    pub trust: Trust,
    /// The longest wait for one answer.
    pub timeout: Duration,
    /// Failures in a row that make the office offline…
    pub offline_after_failures: u32,
    /// …or this time since the first of them without an answer.
    pub offline_after: Duration,
    /// How long offline lasts at least, so that a flickering line does not make receipts flicker.
    pub dwell: Duration,
    /// A refused document holds up the later ones, of every device.
    pub strict_order: bool,
    /// What the published form leaves open.
    pub online_ecr: OnlineEcr,
}

/// `[upstream.online_ecr]`: what the published description of the form leaves open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OnlineEcr {
    /// The path below `url` for each kind of message.
    pub paths: Vec<(&'static str, String)>,
    /// Headers that go with every message.
    pub headers: Vec<(String, String)>,
    /// How messages are signed; none are by default.
    pub signature: Option<Signature>,
    /// The field of an answer that alone says whether it is a success; by default every usual sign is looked for.
    pub success_field: Option<String>,
    /// The field of an answer with the reserved fiscal numbers.
    pub numbers_field: String,
    /// Fiscal numbers that are asked for at a time; more are asked for when half as many are left.
    pub numbers: u32,
}

/// HMAC-SHA256 over the body, in lower-case hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The header that carries it.
    pub header: String,
    /// Its key.
    pub secret: Secret,
}

impl Default for OnlineEcr {
    fn default() -> Self {
        Self {
            paths: online_ecr::PATHS
                .into_iter()
                .map(|name| (name, name.to_owned()))
                .collect(),
            headers: Vec::new(),
            signature: None,
            success_field: None,
            numbers_field: "fiscalNumbers".to_owned(),
            numbers: 200,
        }
    }
}

/// Values that flags of the command line put above everything else.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--listen`.
    pub listen: Option<String>,
    /// `--data`.
    pub data_dir: Option<PathBuf>,
}

impl Config {
    /// Reads the file, `conf.d` beside it, and the environment of this process.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Self, ConfigError> {
        Self::load_with(path, overrides, std::env::vars_os())
    }

    /// [`Config::load`] with an environment of the caller's choice.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place.
    pub fn load_with(
        path: &Path,
        overrides: &Overrides,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut reader = Reader::default();
        let mut tree = layers::files(path, &mut reader)?;
        layers::environment(&mut tree, environment, &mut reader);
        layers::flags(&mut tree, overrides);
        Self::read(&tree, reader)
    }

    /// Reads one text alone: no `conf.d`, no environment, no flags. For the demo and for tests.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place in `file_name`.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, ConfigError> {
        let tree =
            tree::read_file(text, Path::new(file_name)).map_err(|fault| ConfigError::Faulty {
                faults: vec![fault],
            })?;
        Self::read(&tree, Reader::default())
    }

    /// Asks the caller about every device's uri, which only the device crate can read.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of each uri that was refused and the reason given for it.
    pub fn check_device_uris(
        &self,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(), ConfigError> {
        let mut reader = Reader::default();
        let places = self.places.device_uris.iter();
        for (index, (device, place)) in self.devices.iter().zip(places).enumerate() {
            if let Err(reason) = check(&device.uri) {
                reader.fault(
                    place,
                    format!("device[{index}].uri"),
                    format!("is {:?}: {reason}", without_password(&device.uri)),
                    "write family+transport, such as datecs+serial:///dev/ttyUSB0?baud=115200",
                );
            }
        }
        reader.finish()
    }

    /// Asks the caller about the country, which only the core's profiles know.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of the country and the reason given.
    pub fn check_country(
        &self,
        check: &dyn Fn(&str) -> Result<(), String>,
    ) -> Result<(), ConfigError> {
        let mut reader = Reader::default();
        if let Err(reason) = check(&self.till.country) {
            reader.fault(
                &self.places.country,
                "till.country".to_owned(),
                format!("is {:?}", self.till.country),
                reason,
            );
        }
        reader.finish()
    }

    fn read(tree: &Node, mut reader: Reader) -> Result<Self, ConfigError> {
        let config = sections::root(&mut reader, tree);
        let warnings = std::mem::take(&mut reader.warnings);
        reader.finish()?;
        match config {
            Some(config) => Ok(Self { warnings, ..config }),
            // A reading without faults has every section; an empty list here would be our own mistake, told as such.
            None => Err(ConfigError::Faulty { faults: Vec::new() }),
        }
    }
}

impl Reader {
    /// The faults as an error, or nothing.
    fn finish(self) -> Result<(), ConfigError> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(ConfigError::Faulty {
                faults: self.faults,
            })
        }
    }
}

/// An address as people may read it.
fn without_password(uri: &str) -> String {
    let (place, query) = uri.split_once('?').unwrap_or((uri, ""));
    let pairs: Vec<&str> = query
        .split('&')
        .map(|pair| {
            if pair.starts_with("password=") {
                "password=****"
            } else {
                pair
            }
        })
        .collect();
    if query.is_empty() {
        return place.to_owned();
    }
    format!("{place}?{}", pairs.join("&"))
}

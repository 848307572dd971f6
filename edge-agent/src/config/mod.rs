//! The configuration: read once and strictly, into values that the rest of the program need not check again.
//!
//! Flags win over `FERROTILL_*` environment variables, these over `conf.d/*.toml` beside the file in the order of their names,
//! these over the file, and the file over the defaults. Relative paths in a file start from the folder of that file.
//!
//! [`schema`] is the one table of keys. [`Config`] has one struct for each part of the program; a part gets its own struct.
//!
//! **A TEST till cannot reach a LIVE authority.** `[upstream] environment` says which mode the authority's server is meant for.
//! It is the till's own mode unless it is written, and a configuration in which the two differ is refused.

use std::ffi::OsString;
use std::path::Path;

use ferrotill_core::budget::Budget;

pub mod adopt;
mod api;
mod device;
mod fault;
mod key;
mod layers;
mod offline;
mod online_ecr;

pub mod pages;
mod reader;
pub mod schema;
mod taxes;
#[cfg(test)]
mod tests;
mod till;
mod tree;
mod upstream;
mod values;

pub use api::{Api, Client};
pub use device::{Device, PaymentTypeConfig, PointOfSale, RangeConfig};
pub use fault::{ConfigError, ConfigFault, SourcePlace};
pub use key::{
    KeyRow, Preset, SampleLine, SectionForm, SectionRow, SectionSample, ShownValue, ValueKind,
    environment_name,
};
pub use layers::Overrides;
pub use online_ecr::{OnlineEcrConfig, SignatureConfig};
pub use reader::KeyInForce;
pub use taxes::TaxGroupConfig;
pub use till::{Owner, ReportingParty, TillConfig};
pub use upstream::{Trust, Upstream};
pub use values::{Mode, Secret};

use reader::{Reader, sorted};
use tree::TomlNode;
use values::MODES;

/// The whole configuration in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// The till as a whole.
    pub till: TillConfig,
    /// The HTTP API.
    pub api: Api,
    /// The fiscal devices, at least one.
    pub devices: Vec<Device>,
    /// The authority; without it documents wait in the till.
    pub upstream: Option<Upstream>,
    /// The owner's own limits for selling while the authority is offline.
    pub offline: Option<Budget>,
    /// What a person should know although it does not stop the program.
    pub warnings: Vec<ConfigFault>,
    places: Places,
}

/// Places of the values that only other parts of the program can check.
#[derive(Clone, Debug)]
struct Places {
    country: SourcePlace,
    device_uris: Vec<SourcePlace>,
}

/// A configuration together with every key in force.
#[derive(Debug)]
pub struct ExplainedConfig {
    /// The configuration.
    pub config: Config,
    /// Every key that was read, each table in the order of the table of keys.
    pub keys: Vec<KeyInForce>,
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
        Ok(Self::explain(path, overrides, environment)?.config)
    }

    /// [`Config::load_with`], with the value and the origin of every key in force.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] with all faults that were found, each with its place.
    pub fn explain(
        path: &Path,
        overrides: &Overrides,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<ExplainedConfig, ConfigError> {
        let mut reader = Reader::default();
        let mut tree = layers::files(path, &mut reader)?;
        layers::environment(&mut tree, environment, &mut reader);
        layers::flags(&mut tree, overrides);
        read(&tree, reader)
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
        Ok(read(&tree, Reader::default())?.config)
    }

    /// What reports to the authority need of the configuration.
    #[must_use]
    pub fn reporting_party(&self) -> ReportingParty {
        ReportingParty {
            owner: self.till.owner.clone(),
            devices: self.devices.iter().map(|device| device.id).collect(),
        }
    }

    /// Lets the caller check every device's uri, which only the device crate can read.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of each uri that was refused and the reason.
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
                    format!("is {:?}: {reason}", key::without_password(&device.uri)),
                    "write family+transport, such as datecs+serial:///dev/ttyUSB0?baud=115200",
                );
            }
        }
        reader.finish()
    }

    /// Lets the caller check the country, which only the profiles of the core know.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faulty`] with the place of the country and the reason.
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
}

fn read(tree: &TomlNode, mut reader: Reader) -> Result<ExplainedConfig, ConfigError> {
    let config = root(&mut reader, tree);
    let warnings = std::mem::take(&mut reader.warnings);
    let keys = std::mem::take(&mut reader.in_force);
    reader.finish()?;
    match config {
        Some(config) => Ok(ExplainedConfig {
            config: Config { warnings, ..config },
            keys: sorted(keys),
        }),
        // A reading without faults has every section; an error without faults would be a mistake of this program.
        None => Err(ConfigError::Faulty { faults: Vec::new() }),
    }
}

/// Reads the whole tree; `None` only together with a fault.
fn root(reader: &mut Reader, tree: &TomlNode) -> Option<Config> {
    let root = reader.root(tree)?;
    let till_section = reader.child(&root, "till");
    // Until the mode is known the stricter rules hold.
    let mode = reader
        .choice(&till_section, "mode", MODES)
        .unwrap_or(Mode::Live);
    let till = till::till(reader, &till_section, mode);
    let api_section = reader.child(&root, "api");
    let api = api::api(reader, &api_section, mode);
    let (devices, device_uris) = device::devices(reader, &root, mode, till.answer_timeout);
    let upstream = upstream::upstream(reader, &root, mode);
    let offline = offline::budget(reader, &root);
    Some(Config {
        places: Places {
            country: till_section.place_of("country"),
            device_uris,
        },
        till,
        api,
        devices,
        upstream,
        offline,
        warnings: Vec::new(),
    })
}
